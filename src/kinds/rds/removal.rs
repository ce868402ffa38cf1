//! Deleting the instance, with a final snapshot unless the user said otherwise, and what belongs to it (aws-rds.md 1.7).

use crate::aws::Seen;
use crate::aws::owner::Claim;
use crate::aws::rds::{Action, Instance, Modification, Observed, Settings, Snapshot};
use crate::conditions::Reason;
use crate::kind::{Disruption, Inputs, Plan, Problem, Step, Waiting, When};
use crate::kinds::{final_name, free_name};
use crate::spec::{Change, DeletionPolicy};

use super::states::{State, state, takes_no_snapshot};
use super::{RdsInstance, groups};

/// Note with the name of the final snapshot, written before the delete call.
pub const FINAL_SNAPSHOT: &str = "finalSnapshot";

/// Plans the deletion of an instance that is there and ours.
pub fn plan(
    object: &RdsInstance,
    identifier: &str,
    inputs: &Inputs,
    observed: &Observed,
    instance: &Instance,
) -> Plan<Action> {
    if state(&instance.status) == State::Deleting {
        return Plan::wait(Waiting::new(Reason::Deleting, format!("AWS reports {}", instance.status)));
    }
    if !instance.replicas.is_empty() {
        let names: Vec<&str> = instance.replicas.iter().map(String::as_str).collect();
        return Plan::refuse(Problem::new(
            Reason::HasReplicas,
            format!("DB instance {identifier} has read replicas ({}): delete or promote them first", names.join(", ")),
        ));
    }
    if instance.settings.deletion_protection == Some(true) {
        return unprotect(object, identifier);
    }
    match object.spec.shared.deletion_policy {
        DeletionPolicy::Snapshot => with_snapshot(object, identifier, inputs, observed, instance),
        DeletionPolicy::Delete => just(delete(object, identifier, None, "deletionPolicy Delete")),
        DeletionPolicy::Retain => Plan::release(),
    }
}

fn just(step: Step<Action>) -> Plan<Action> {
    let waiting = Waiting::new(
        Reason::Deleting,
        "The database is being deleted; the object stays until AWS has twice confirmed that it is gone",
    );
    Plan { steps: vec![step], waiting: Some(waiting), ..Plan::default() }
}

/// Protection is only ever lifted by the user's own word.
fn unprotect(object: &RdsInstance, identifier: &str) -> Plan<Action> {
    if object.spec.settings.deletion_protection == Some(false) {
        let settings = Settings { deletion_protection: Some(false), ..Settings::default() };
        let change = Change { field: "deletionProtection".into(), from: Some("true".into()), to: Some("false".into()) };
        let action = Action::Modify(Box::new(Modification { settings, ..Modification::default() }));
        return just(Step::new("instance", action, "spec.deletionProtection is false").changing(vec![change]));
    }
    Plan::refuse(Problem::new(
        Reason::DeletionProtected,
        format!(
            "DB instance {identifier} has deletion protection: set spec.deletionProtection: false to let it be deleted, or \
             deletionPolicy: Retain to let the object go without it"
        ),
    ))
}

fn delete(object: &RdsInstance, identifier: &str, final_snapshot: Option<String>, because: &str) -> Step<Action> {
    let (class, how) = match &final_snapshot {
        Some(name) => (Disruption::Replacement, format!("final snapshot {name}")),
        None => (Disruption::DataLoss, "no final snapshot".into()),
    };
    let action = Action::Delete {
        final_snapshot,
        delete_automated_backups: object.spec.delete_automated_backups.unwrap_or(false),
    };
    let change = Change { field: identifier.into(), from: Some("exists".into()), to: Some(format!("deleted, {how}")) };
    Step::new("instance", action, format!("the object was deleted; {because}")).changing(vec![change]).class(class)
}

fn with_snapshot(
    object: &RdsInstance,
    identifier: &str,
    inputs: &Inputs,
    observed: &Observed,
    instance: &Instance,
) -> Plan<Action> {
    let impossible = if instance.replica_source.is_some() {
        Some("AWS takes no final snapshot of a read replica".to_string())
    } else if takes_no_snapshot(&instance.status) {
        Some(format!("AWS takes no final snapshot of an instance that is {}", instance.status))
    } else {
        None
    };
    if let Some(why) = impossible {
        let step = delete(object, identifier, None, &why).when(When::Approval);
        let problem = Problem::new(
            Reason::NoFinalSnapshot,
            format!(
                "{why}, and deletionPolicy Snapshot never falls back to none: approve the held step, or set deletionPolicy"
            ),
        );
        return Plan { steps: vec![step], problem: Some(problem), ..Plan::default() };
    }
    match &observed.snapshots {
        Seen::Unread(why) => Plan::wait(Waiting::new(
            Reason::Unreadable,
            format!(
                "the snapshots of {identifier} could not be read, and a final one must not meet an old name: {why}"
            ),
        )),
        Seen::Absent => just(delete_with(object, identifier, inputs, &[])),
        Seen::Present(taken) => {
            match taken.iter().find(|one| one.status == "creating" && is_final(one, identifier, inputs)) {
                Some(one) => {
                    Plan::wait(Waiting::new(Reason::Deleting, format!("snapshot {} is being created", one.identifier)))
                }
                None => just(delete_with(object, identifier, inputs, taken)),
            }
        }
    }
}

fn delete_with(object: &RdsInstance, identifier: &str, inputs: &Inputs, taken: &[Snapshot]) -> Step<Action> {
    let base = final_name(identifier, inputs);
    let name = free_name(&base, |name| taken.iter().any(|one| one.identifier == name));
    delete(object, identifier, Some(name.clone()), "deletionPolicy Snapshot").noting(FINAL_SNAPSHOT, name)
}

fn is_final(snapshot: &Snapshot, identifier: &str, inputs: &Inputs) -> bool {
    snapshot.identifier.starts_with(&final_name(identifier, inputs))
}

/// What is left once the instance is gone: the owner tag on the final snapshot, and the groups.
pub fn leftovers(object: &RdsInstance, identifier: &str, inputs: &Inputs, observed: &Observed) -> Plan<Action> {
    let names = groups::parameter_groups(object, identifier, &inputs.journal);
    let subnet_group = groups::subnet_group_made(object, identifier, &inputs.journal);
    let groups = groups::removal(inputs, &names, subnet_group.as_deref(), observed);
    let mut steps = groups.steps;
    let mut waiting = groups.waiting;
    if let Some(name) = inputs.journal.notes.get(FINAL_SNAPSHOT) {
        match &observed.snapshots {
            Seen::Unread(why) => {
                waiting =
                    Some(Waiting::new(Reason::Unreadable, format!("final snapshot {name} could not be read: {why}")));
            }
            Seen::Absent => {}
            // A second try may have chosen another name while AWS was at the first.
            Seen::Present(taken) => {
                let ours = taken.iter().filter(|one| is_final(one, identifier, inputs));
                steps.extend(ours.filter_map(|one| tag(one, inputs)));
            }
        }
    }
    if steps.is_empty() && waiting.is_none() {
        return Plan::release();
    }
    Plan { steps, waiting, ..Plan::default() }
}

/// AWS copies tags to a snapshot only where the instance says so.
fn tag(snapshot: &Snapshot, inputs: &Inputs) -> Option<Step<Action>> {
    (inputs.owner.claim(&snapshot.tags) != Claim::Mine).then(|| {
        let action = Action::Tag { arn: snapshot.arn.clone(), tags: inputs.owner.tags() };
        Step::new("finalSnapshot", action, "the final snapshot belongs to this object")
    })
}
