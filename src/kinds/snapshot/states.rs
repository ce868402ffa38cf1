//! What AWS says of a snapshot, and when its time is over (aws-rds.md section 3).

use jiff::{SignedDuration, Timestamp};

use crate::aws::snapshots::Snapshot;
use crate::conditions::Reason;
use crate::kind::{Problem, Waiting};

use super::DbSnapshot;

/// What a status means; an open set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It can be restored, copied, shared and deleted.
    Available,
    /// It is being made.
    Making,
    /// It goes.
    Deleting,
    /// It never will be anything.
    Failed,
    /// It is being worked on, or this version does not know the word.
    Changing,
}

/// What a status means.
pub fn state(status: &str) -> State {
    match status {
        "available" => State::Available,
        "creating" | "copying" => State::Making,
        "deleting" | "deleted" => State::Deleting,
        "failed" => State::Failed,
        _ => State::Changing,
    }
}

/// Snapshots that AWS or AWS Backup makes, or that another account shares, are never ours.
pub fn is_manual(snapshot: &Snapshot) -> bool {
    matches!(snapshot.snapshot_type.as_str(), "manual" | "user")
}

/// Progress in tens of percent, so that it is not news at every look.
pub fn progress(snapshot: &Snapshot) -> Option<String> {
    let percent = snapshot.progress.filter(|_| state(&snapshot.status) == State::Making)?;
    Some(format!("{}%", percent.clamp(0, 100) / 10 * 10))
}

/// Status with progress.
pub fn shown(snapshot: &Snapshot) -> String {
    match progress(snapshot) {
        Some(progress) => format!("{} {progress}", snapshot.status),
        None => snapshot.status.clone(),
    }
}

/// What AWS is still at.
pub fn in_progress(snapshot: &Snapshot) -> Option<Waiting> {
    let reason = match state(&snapshot.status) {
        State::Available | State::Failed => return None,
        State::Making => Reason::Creating,
        State::Deleting => Reason::Deleting,
        State::Changing => Reason::Updating,
    };
    Some(Waiting::new(reason, format!("AWS reports {}", shown(snapshot))))
}

/// What only a new object can mend.
pub fn broken(snapshot: &Snapshot) -> Option<Problem> {
    (state(&snapshot.status) == State::Failed).then(|| {
        Problem::new(
            Reason::Broken,
            "AWS reports failed: nothing can be restored from it, and AWS does not try again; make a new object",
        )
    })
}

/// When the object is deleted with its snapshot.
pub fn expires(object: &DbSnapshot, snapshot: &Snapshot) -> Option<Timestamp> {
    let ttl = object.spec.ttl.as_deref()?;
    let (number, unit) = ttl.split_at_checked(ttl.len().checked_sub(1)?)?;
    let hours = match unit {
        "h" => 1,
        "d" => 24,
        _ => return None,
    };
    let hours = i64::from(number.parse::<u32>().ok()?) * hours;
    snapshot.created?.checked_add(SignedDuration::try_from_hours(hours)?).ok()
}

/// Whether that moment has come. What is not there yet, or never will be, has no age.
pub fn has_expired(object: &DbSnapshot, snapshot: &Snapshot, now: Timestamp) -> bool {
    state(&snapshot.status) == State::Available && expires(object, snapshot).is_some_and(|at| at <= now)
}
