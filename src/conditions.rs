//! From what happened to `Ready`, `Synced`, `Reconciling` and `Stalled`, so that kstatus, `kubectl wait`, Argo CD
//! and Flux read it without plugins (product.md section 3).

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::kind::{Problem, Waiting};

/// Why something is as it is; printed in PascalCase as the reason of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The database can be used and the binding is published.
    Available,
    /// AWS has accepted this generation and applied it.
    Settled,
    /// The database is being made.
    Creating,
    /// AWS is working on it.
    Updating,
    /// It is being deleted.
    Deleting,
    /// AWS answered that it is busy, or is in a state that takes no changes.
    Busy,
    /// AWS keeps saying what it said before the change: it is given time to show the effect.
    Settling,
    /// A change waits for the maintenance window.
    WaitingForWindow,
    /// Steps wait for approval.
    WaitingForApproval,
    /// Something that it needs is not ready.
    DependencyNotReady,
    /// The database is stopped, as wanted.
    Stopped,
    /// The database is on its way between states and cannot be reached.
    NotServing,
    /// The binding is not complete yet.
    BindingIncomplete,
    /// A password is being changed.
    RotatingPassword,
    /// The absence is being proven by a second look.
    ProvingAbsence,
    /// A call failed for reasons that pass.
    Retrying,
    /// Part of it could not be read.
    Unreadable,
    /// Nothing is done while the object is paused.
    Paused,
    /// The spec cannot be done.
    InvalidSpec,
    /// AWS refused the values.
    Rejected,
    /// A limit of the account is reached.
    QuotaExceeded,
    /// AWS has no capacity at the moment.
    InsufficientCapacity,
    /// A right or a key is missing.
    AccessDenied,
    /// The identifier belongs to someone else.
    Conflict,
    /// The AWS side does not allow this namespace to use the thing.
    NotAllowed,
    /// Nothing of that name exists.
    NotFound,
    /// The database was deleted outside of the operator.
    ExternallyDeleted,
    /// Another database took the identifier.
    IdentityChanged,
    /// The caller's account is not the recorded one.
    WrongAccount,
    /// The password is lost.
    CredentialsLost,
    /// The Secret that holds the password is missing or unusable.
    InvalidCredentials,
    /// A Secret of that name belongs to someone else.
    SecretConflict,
    /// A template of the connection Secret names an unknown key.
    InvalidTemplate,
    /// The same difference was sent three times without effect.
    UpdateLoop,
    /// Too many deletions at once.
    DeletionBrake,
    /// Deletion protection is on.
    DeletionProtected,
    /// Read replicas depend on it.
    HasReplicas,
    /// The final snapshot cannot be taken.
    NoFinalSnapshot,
    /// AWS reports a state that only a person can mend.
    Broken,
    /// Storage is full.
    StorageFull,
    /// The installed CRD or the rights of the operator do not fit this version.
    Installation,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

/// What came out of a round, as far as conditions are concerned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Whether the database can be used; `None` keeps what was said before.
    pub ready: Option<Result<(), Waiting>>,
    /// AWS is as the spec says.
    pub settled: bool,
    /// What is being waited for.
    pub waiting: Option<Waiting>,
    /// What stands in the way.
    pub problem: Option<Problem>,
    /// Of a kind without a binding, what its main thing is called.
    pub unbound: Option<&'static str>,
}

const READY: &str = "Ready";
const SYNCED: &str = "Synced";
const RECONCILING: &str = "Reconciling";
const STALLED: &str = "Stalled";

/// Condition types that are ours; others in the list are left to their owners.
pub const TYPES: [&str; 4] = [READY, SYNCED, RECONCILING, STALLED];

/// The conditions after a round. A condition whose status does not change keeps its transition time.
pub fn conditions(outcome: &Outcome, before: &[Condition], generation: Option<i64>, now: Timestamp) -> Vec<Condition> {
    let mut wanted = vec![ready(outcome, before), synced(outcome)];
    match (&outcome.problem, &outcome.waiting) {
        (Some(problem), _) => wanted.push((STALLED, true, problem.reason.to_string(), problem.message.clone())),
        (None, Some(waiting)) if !rests(waiting.reason) => {
            wanted.push((RECONCILING, true, waiting.reason.to_string(), waiting.message.clone()));
        }
        _ => {}
    }
    wanted
        .into_iter()
        .map(|(type_, status, reason, message)| {
            let status = if status { "True" } else { "False" };
            let since = before
                .iter()
                .find(|old| old.type_ == type_ && old.status == status)
                .map_or(Time(now), |old| old.last_transition_time.clone());
            Condition {
                type_: type_.into(),
                status: status.into(),
                reason,
                message,
                last_transition_time: since,
                observed_generation: generation,
            }
        })
        .collect()
}

/// What waits for a person or for a window that is days away is not "in progress" to kstatus.
fn rests(reason: Reason) -> bool {
    matches!(reason, Reason::WaitingForWindow | Reason::WaitingForApproval | Reason::Stopped | Reason::Paused)
}

type Wanted = (&'static str, bool, String, String);

fn ready(outcome: &Outcome, before: &[Condition]) -> Wanted {
    match &outcome.ready {
        Some(Ok(())) => {
            let message = match outcome.unbound {
                Some(thing) => format!("The {thing} is available."),
                None => "The database is available and its connection Secret is complete.".into(),
            };
            (READY, true, Reason::Available.to_string(), message)
        }
        Some(Err(waiting)) => (READY, false, waiting.reason.to_string(), waiting.message.clone()),
        None => match before.iter().find(|old| old.type_ == READY) {
            Some(old) => (READY, old.status == "True", old.reason.clone(), old.message.clone()),
            None => {
                let (reason, message) = obstacle(outcome);
                (READY, false, reason, message)
            }
        },
    }
}

fn synced(outcome: &Outcome) -> Wanted {
    if outcome.settled && outcome.problem.is_none() {
        return (SYNCED, true, Reason::Settled.to_string(), "AWS is as the spec says.".into());
    }
    let (reason, message) = obstacle(outcome);
    (SYNCED, false, reason, message)
}

fn obstacle(outcome: &Outcome) -> (String, String) {
    match (&outcome.problem, &outcome.waiting) {
        (Some(problem), _) => (problem.reason.to_string(), problem.message.clone()),
        (None, Some(waiting)) => (waiting.reason.to_string(), waiting.message.clone()),
        (None, None) => (Reason::Updating.to_string(), "AWS calls are pending; status.plan lists them.".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn types(conditions: &[Condition]) -> Vec<(&str, &str, &str)> {
        conditions.iter().map(|c| (c.type_.as_str(), c.status.as_str(), c.reason.as_str())).collect()
    }

    #[test]
    fn a_settled_object_is_ready_and_synced_and_nothing_else() {
        let outcome = Outcome { ready: Some(Ok(())), settled: true, ..Outcome::default() };
        let all = conditions(&outcome, &[], Some(1), at(0));
        assert_eq!(types(&all), [("Ready", "True", "Available"), ("Synced", "True", "Settled")]);
    }

    #[test]
    fn what_has_no_binding_is_available_without_one() {
        let outcome = Outcome { ready: Some(Ok(())), settled: true, unbound: Some("snapshot"), ..Outcome::default() };
        assert_eq!(conditions(&outcome, &[], Some(1), at(0))[0].message, "The snapshot is available.");
    }

    #[test]
    fn a_problem_stalls_and_does_not_take_readiness_away() {
        let outcome = Outcome {
            ready: Some(Ok(())),
            problem: Some(Problem::new(Reason::Rejected, "no such class")),
            ..Outcome::default()
        };
        let all = conditions(&outcome, &[], Some(2), at(0));
        assert_eq!(
            types(&all),
            [("Ready", "True", "Available"), ("Synced", "False", "Rejected"), ("Stalled", "True", "Rejected")]
        );
    }

    #[test]
    fn an_unknown_readiness_keeps_the_last_word() {
        let before =
            conditions(&Outcome { ready: Some(Ok(())), settled: true, ..Outcome::default() }, &[], Some(1), at(0));
        let retry = Outcome { waiting: Some(Waiting::new(Reason::Retrying, "throttled")), ..Outcome::default() };
        let all = conditions(&retry, &before, Some(1), at(60));
        assert_eq!(types(&all)[0], ("Ready", "True", "Available"));
        assert_eq!(all[0].last_transition_time, Time(at(0)));
        assert_eq!(types(&all)[2].0, "Reconciling");
    }

    #[test]
    fn waiting_for_a_person_is_not_in_progress() {
        let outcome = Outcome {
            ready: Some(Ok(())),
            waiting: Some(Waiting::new(Reason::WaitingForApproval, "a step waits")),
            ..Outcome::default()
        };
        assert_eq!(conditions(&outcome, &[], None, at(0)).len(), 2);
    }

    #[test]
    fn the_transition_time_moves_only_with_the_status() {
        let first = conditions(&Outcome::default(), &[], Some(1), at(0));
        let second = conditions(
            &Outcome { waiting: Some(Waiting::new(Reason::Creating, "x")), ..Outcome::default() },
            &first,
            Some(1),
            at(9),
        );
        assert_eq!(second[0].last_transition_time, Time(at(0)));
        let third =
            conditions(&Outcome { ready: Some(Ok(())), settled: true, ..Outcome::default() }, &second, Some(1), at(20));
        assert_eq!(third[0].last_transition_time, Time(at(20)));
    }
}
