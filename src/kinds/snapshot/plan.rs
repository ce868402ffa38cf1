//! The plan of a DbSnapshot: one verdict, then tags, copies and shares, one call per thing and round.

use crate::aws::snapshots::{Action, Call, Family, Observed, Snapshot};
use crate::conditions::Reason;
use crate::kind::{End, Inputs, Kind, Plan, Problem, Step, Waiting, Want};
use crate::kinds::tags;
use crate::life::{MADE, RESOURCE_ID, UNTAGGED, Verdict, recreate, take_over, verdict};
use crate::spec::{ManagementPolicy, annotation};

use super::origin::{self, Words, words};
use super::states::{State, broken, has_expired, in_progress, is_manual, state};
use super::{DbSnapshot, copies, creation, removal, shares};

/// Name of the snapshot in plans.
pub const MAIN: &str = "snapshot";

/// Plans.
pub fn plan(object: &DbSnapshot, want: Want, inputs: &Inputs, observed: &Observed, identifier: &str) -> Plan<Action> {
    let what = format!("{} {identifier}", words(origin::family(&object.spec)).snapshot);
    let snapshot = observed.snapshot.present();
    if let Some(foreign) = snapshot.filter(|snapshot| !is_manual(snapshot))
        && let Some(plan) = of_others(object, want, &what, foreign)
    {
        return plan;
    }
    let verdict = verdict(want, &object.spec.shared, inputs, &object.thing(observed), &what);
    match (verdict, snapshot) {
        (Verdict::Create, _) => creation::plan(object, identifier, inputs, observed),
        (Verdict::Recreate(_), _) => recreate(creation::plan(object, identifier, inputs, observed), lost(&what)),
        (Verdict::Manage, Some(snapshot)) => manage(object, inputs, observed, snapshot),
        (Verdict::Adopt(problem), Some(snapshot)) => adopt(object, inputs, observed, snapshot, problem),
        (Verdict::Claim, Some(snapshot)) => record(snapshot),
        (Verdict::Watch, Some(snapshot)) => watch(snapshot),
        (Verdict::Remove, Some(snapshot)) => removal::plan(object, identifier, inputs, observed, snapshot),
        (Verdict::Gone, _) => removal::leftovers(object, inputs, observed),
        (Verdict::Refuse(problem), _) => Plan::refuse(problem),
        (Verdict::Wait(waiting), _) => Plan::wait(waiting),
        (Verdict::LetGo, _) => Plan::release(),
        (Verdict::Manage | Verdict::Adopt(_) | Verdict::Claim | Verdict::Watch | Verdict::Remove, None) => {
            Plan::wait(Waiting::new(Reason::Unreadable, format!("{what} was not read")))
        }
    }
}

/// What AWS makes and deletes by itself can be looked at and copied, never owned; nor does it keep an object that goes.
fn of_others(object: &DbSnapshot, want: Want, what: &str, snapshot: &Snapshot) -> Option<Plan<Action>> {
    if want == Want::Absent {
        return Some(Plan::release());
    }
    (object.spec.shared.management_policy != ManagementPolicy::Observe).then(|| {
        Plan::refuse(Problem::new(
            Reason::Conflict,
            format!(
                "{what} is of type {}: only AWS changes and deletes it, so it is never taken over; use managementPolicy: Observe, or copy \
                 it with spec.source.copyOf",
                snapshot.snapshot_type
            ),
        ))
    })
}

fn lost(what: &str) -> Problem {
    Problem::new(
        Reason::ExternallyDeleted,
        format!(
            "{what} was deleted outside of the operator. It is not made again by itself, since a new one would show another moment: \
             approve the held step with {} to do so, or delete this object",
            annotation::APPROVE
        ),
    )
}

fn watch(snapshot: &Snapshot) -> Plan<Action> {
    let (problem, waiting) = (broken(snapshot), in_progress(snapshot));
    let settled = problem.is_none() && waiting.is_none();
    Plan { problem, waiting, end: if settled { End::Settled } else { End::Open }, ..Plan::default() }
}

/// AWS keeps no tags on backups: the note of its ARN makes it ours.
fn record(snapshot: &Snapshot) -> Plan<Action> {
    let waiting = Waiting::new(Reason::Creating, format!("AWS reports {}", snapshot.status));
    let noted = vec![(RESOURCE_ID.into(), snapshot.resource_id.clone())];
    Plan { noted, ..Plan::wait(waiting) }
}

/// Taking over is tagging, and of a backup noting its ARN.
fn adopt(
    object: &DbSnapshot,
    inputs: &Inputs,
    observed: &Observed,
    snapshot: &Snapshot,
    problem: Option<Problem>,
) -> Plan<Action> {
    let after = manage(object, inputs, observed, snapshot);
    let family = origin::family(&object.spec);
    if family == Family::Table {
        return match problem.or(after.problem) {
            Some(problem) => Plan::refuse(problem),
            None => record(snapshot),
        };
    }
    if let Some(waiting) = after.waiting.clone().filter(|waiting| waiting.reason == Reason::Unreadable) {
        // Nothing differs only when everything was looked at.
        return Plan { problem, ..Plan::wait(waiting) };
    }
    let call = Call::Tag { arn: snapshot.arn.clone(), tags: inputs.owner.tags() };
    let step = Step::new("tags", Action { family, call }, "take over this snapshot by setting the owner tags")
        .noting(RESOURCE_ID, snapshot.resource_id.clone());
    take_over(after, problem, step)
}

fn manage(object: &DbSnapshot, inputs: &Inputs, observed: &Observed, snapshot: &Snapshot) -> Plan<Action> {
    if state(&snapshot.status) == State::Deleting {
        return Plan::wait(Waiting::new(Reason::Deleting, format!("AWS reports {}", snapshot.status)));
    }
    let wrong = mismatch(object, inputs, snapshot);
    if wrong.is_none() && has_expired(object, snapshot, inputs.now) {
        let text = "spec.ttl has passed: the object is deleted, and its snapshot and copies with it";
        return Plan { expired: true, ..Plan::wait(Waiting::new(Reason::Deleting, text)) };
    }
    let copies = copies::plan(object, inputs, observed, snapshot);
    let part = copies.and(shares::plan(object, observed, snapshot));
    let mut steps = tag_steps(object, inputs, snapshot);
    steps.extend(part.steps);
    let problem = wrong.or_else(|| broken(snapshot)).or(part.problem);
    let waiting = in_progress(snapshot).or(part.waiting);
    let settled = steps.is_empty() && problem.is_none() && waiting.is_none();
    let served = inputs.journal.notes.keys().filter(|key| *key == UNTAGGED || *key == MADE).cloned();
    Plan {
        steps,
        problem,
        waiting,
        noted: part.noted,
        forget: part.forget.into_iter().chain(served).collect(),
        end: if settled { End::Settled } else { End::Open },
        ..Plan::default()
    }
}

/// AWS keeps no tags on backups.
fn tag_steps(object: &DbSnapshot, inputs: &Inputs, snapshot: &Snapshot) -> Vec<Step<Action>> {
    let family = origin::family(&object.spec);
    if family == Family::Table {
        return Vec::new();
    }
    let arn = &snapshot.arn;
    tags::steps(
        &object.spec.shared,
        inputs,
        &snapshot.tags,
        "tags",
        |tags| Action { family, call: Call::Tag { arn: arn.clone(), tags } },
        |keys| Action { family, call: Call::Untag { arn: arn.clone(), keys } },
    )
}

/// A snapshot of this name that shows another database: a manifest that was applied again with another source, or one that
/// is to be taken over.
fn mismatch(object: &DbSnapshot, inputs: &Inputs, snapshot: &Snapshot) -> Option<Problem> {
    let family = origin::family(&object.spec);
    let wanted = origin::database(&object.spec, inputs).filter(|_| !snapshot.source.is_empty())?;
    let is_same = match family {
        Family::Table => wanted == snapshot.source,
        Family::Instance | Family::Cluster => wanted.eq_ignore_ascii_case(&snapshot.source),
    };
    let Words { database, field, .. } = words(family);
    (!is_same).then(|| {
        Problem::new(
            Reason::InvalidSpec,
            format!(
                "spec.source.{field}: the snapshot is of {database} {}, not of {wanted}: nothing is changed; make a new object with another \
                 spec.identifier",
                snapshot.source
            ),
        )
    })
}
