//! Deleting the copies, and then the snapshot.

use crate::aws::snapshots::{Action, Call, Observed, Snapshot};
use crate::conditions::Reason;
use crate::kind::{Disruption, Inputs, Plan, Step, Waiting};
use crate::spec::Change;

use super::copies::{self, Part};
use super::states::{State, has_expired, shown, state};
use super::{DbSnapshot, origin, plan};

/// Plans the deletion of a snapshot that is there and ours.
pub fn plan(
    object: &DbSnapshot,
    identifier: &str,
    inputs: &Inputs,
    observed: &Observed,
    snapshot: &Snapshot,
) -> Plan<Action> {
    let expired = has_expired(object, snapshot, inputs.now);
    if let Some(plan) = copies_first(copies::removal(object, inputs, observed, expired)) {
        return plan;
    }
    match state(&snapshot.status) {
        State::Available | State::Failed => just(vec![delete(object, identifier, snapshot, expired)]),
        State::Deleting => Plan::wait(Waiting::new(Reason::Deleting, format!("AWS reports {}", snapshot.status))),
        State::Making | State::Changing => Plan::wait(Waiting::new(
            Reason::Deleting,
            format!("AWS reports {}, and deletes a snapshot only when it is available", shown(snapshot)),
        )),
    }
}

/// What is left once the snapshot is gone.
pub fn leftovers(object: &DbSnapshot, inputs: &Inputs, observed: &Observed) -> Plan<Action> {
    copies_first(copies::removal(object, inputs, observed, false)).unwrap_or_else(Plan::release)
}

fn copies_first(part: Part) -> Option<Plan<Action>> {
    let Part { steps, waiting, .. } = part;
    match (steps.is_empty(), waiting) {
        (true, None) => None,
        (true, Some(waiting)) => Some(Plan::wait(waiting)),
        (false, _) => Some(just(steps)),
    }
}

fn just(steps: Vec<Step<Action>>) -> Plan<Action> {
    let waiting = Waiting::new(
        Reason::Deleting,
        "The snapshot is being deleted with its copies; the object stays until AWS has twice confirmed that it is gone",
    );
    Plan { steps, waiting: Some(waiting), ..Plan::default() }
}

fn delete(object: &DbSnapshot, identifier: &str, snapshot: &Snapshot, expired: bool) -> Step<Action> {
    let call = Call::Delete { region: None, arn: snapshot.arn.clone(), expired };
    let why = if expired { "its spec.ttl has passed" } else { "deletionPolicy Delete" };
    let change = Change { field: identifier.into(), from: Some("exists".into()), to: Some("deleted".into()) };
    let action = Action { family: origin::family(&object.spec), call };
    Step::new(plan::MAIN, action, format!("the object was deleted; {why}"))
        .changing(vec![change])
        .class(Disruption::DataLoss)
}
