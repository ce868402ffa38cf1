//! Deleting the instance, with a final snapshot unless the user said otherwise, and what belongs to it (aws-rds.md 1.7).

use crate::aws::rds::{Action, Instance, Modification, Observed, Settings};
use crate::conditions::Reason;
use crate::kind::{Disruption, Inputs, Plan, Problem, Step, Waiting, When};
use crate::kinds::finals::{self, FINAL_SNAPSHOT};
use crate::spec::{Change, DeletionPolicy};

use super::states::{State, state, takes_no_snapshot};
use super::{RdsInstance, groups};

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
    match finals::name(identifier, inputs, &observed.snapshots) {
        Err(waiting) => Plan::wait(waiting),
        Ok(name) => {
            let step = delete(object, identifier, Some(name.clone()), "deletionPolicy Snapshot");
            just(step.noting(FINAL_SNAPSHOT, name))
        }
    }
}

/// What is left once the instance is gone: the owner tag on the final snapshot, and the groups.
pub fn leftovers(object: &RdsInstance, identifier: &str, inputs: &Inputs, observed: &Observed) -> Plan<Action> {
    let names = groups::parameter_groups(object, identifier, &inputs.journal);
    let subnet_group = groups::subnet_group_made(object, identifier, &inputs.journal);
    let groups = groups::removal(inputs, &names, subnet_group.as_deref(), observed);
    let (tags, unread) = finals::tags(identifier, inputs, &observed.snapshots);
    let steps: Vec<Step<Action>> = groups.steps.into_iter().chain(tags).collect();
    let waiting = unread.or(groups.waiting);
    if steps.is_empty() && waiting.is_none() {
        return Plan::release();
    }
    Plan { steps, waiting, ..Plan::default() }
}
