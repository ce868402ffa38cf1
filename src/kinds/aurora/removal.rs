//! Deleting the cluster: protection first, then readers, the writer and the cluster with a final snapshot unless the user
//! said otherwise, and what belongs to it (aws-rds.md 2.5).

use std::collections::BTreeMap;

use crate::aws::Seen;
use crate::aws::aurora::{Action, Cluster, Member, Modification, Observed, Settings};
use crate::aws::owner::Claim;
use crate::conditions::Reason;
use crate::kind::{Disruption, Inputs, Plan, Problem, Step, Waiting};
use crate::kinds::finals::{self, FINAL_SNAPSHOT};
use crate::spec::{Change, DeletionPolicy};

use super::members::is_writer;
use super::states::{State, leaves, state};
use super::{AuroraServerless, groups};

/// Plans the deletion of a cluster that is there and ours.
pub fn plan(
    object: &AuroraServerless,
    identifier: &str,
    inputs: &Inputs,
    observed: &Observed,
    cluster: &Cluster,
) -> Plan<Action> {
    if state(&cluster.status) == State::Deleting {
        return Plan::wait(Waiting::new(Reason::Deleting, format!("AWS reports {}", cluster.status)));
    }
    // Members can be deleted in spite of the protection: it is asked before any of them goes.
    if cluster.settings.deletion_protection == Some(true) {
        return unprotect(object, identifier);
    }
    if let Some(problem) = entangled(identifier, cluster) {
        return Plan::refuse(problem);
    }
    let members = match &observed.members {
        Seen::Present(members) => members.clone(),
        Seen::Absent => BTreeMap::new(),
        Seen::Unread(why) => {
            let text = format!("the members of {identifier} could not be read: {why}");
            return Plan::wait(Waiting::new(Reason::Unreadable, text));
        }
    };
    if let Some(problem) = anothers(inputs, &members) {
        return Plan::refuse(problem);
    }
    let end = match object.spec.shared.deletion_policy {
        DeletionPolicy::Snapshot => match final_snapshot(identifier, inputs, observed, cluster) {
            Ok(name) => delete(object, identifier, Some(name)),
            Err(plan) => return *plan,
        },
        DeletionPolicy::Delete => delete(object, identifier, None),
        DeletionPolicy::Retain => return Plan::release(),
    };
    if state(&cluster.status) == State::Stopped && !members.is_empty() {
        let step = Step::new("cluster", Action::Start, "AWS deletes no members of a stopped cluster");
        return Plan { steps: vec![step], waiting: Some(going()), ..Plan::default() };
    }
    let mut steps = member_ends(cluster, &members);
    steps.push(end);
    Plan { steps, waiting: Some(going()), one_at_a_time: true, ..Plan::default() }
}

fn going() -> Waiting {
    Waiting::new(
        Reason::Deleting,
        "The database is being deleted; the object stays until AWS has twice confirmed that it is gone",
    )
}

fn just(step: Step<Action>) -> Plan<Action> {
    Plan { steps: vec![step], waiting: Some(going()), ..Plan::default() }
}

/// Readers, then the writer; all as calls on the cluster, since the next one must not overtake the one before.
fn member_ends(cluster: &Cluster, members: &BTreeMap<String, Member>) -> Vec<Step<Action>> {
    let mut names: Vec<&String> = members.iter().filter(|(_, member)| !leaves(member)).map(|(name, _)| name).collect();
    names.sort_by_key(|name| (is_writer(cluster, name), std::cmp::Reverse((*name).clone())));
    let end = |name: &String| {
        let change = Change { field: "members".into(), from: Some(name.clone()), to: None };
        let action = Action::DeleteMember { name: name.clone() };
        Step::new("cluster", action, "the object was deleted; members go before their cluster")
            .changing(vec![change])
            .class(Disruption::Failover)
    };
    names.into_iter().map(end).collect()
}

/// Protection is only ever lifted by the user's own word.
fn unprotect(object: &AuroraServerless, identifier: &str) -> Plan<Action> {
    if object.spec.settings.deletion_protection == Some(false) {
        let settings = Settings { deletion_protection: Some(false), ..Settings::default() };
        let change = Change { field: "deletionProtection".into(), from: Some("true".into()), to: Some("false".into()) };
        let action = Action::Modify(Box::new(Modification { settings, ..Modification::default() }));
        return just(Step::new("cluster", action, "spec.deletionProtection is false").changing(vec![change]));
    }
    Plan::refuse(Problem::new(
        Reason::DeletionProtected,
        format!(
            "DB cluster {identifier} has deletion protection: set spec.deletionProtection: false to let it be deleted, or \
             deletionPolicy: Retain to let the object go without it"
        ),
    ))
}

/// What the cluster takes part in elsewhere is not taken apart on the way.
fn entangled(identifier: &str, cluster: &Cluster) -> Option<Problem> {
    let text = if let Some(global) = &cluster.global_cluster {
        format!("DB cluster {identifier} is part of the global database {global}: remove it from that first")
    } else if let Some(source) = &cluster.replication_source {
        format!(
            "DB cluster {identifier} is a replica of {source}: promote it first, AWS keeps its last member otherwise"
        )
    } else {
        return None;
    };
    Some(Problem::new(Reason::HasReplicas, text))
}

fn anothers(inputs: &Inputs, members: &BTreeMap<String, Member>) -> Option<Problem> {
    members.iter().find_map(|(name, member)| match inputs.owner.claim(&member.tags) {
        Claim::Other(owner) => Some(Problem::new(
            Reason::Conflict,
            format!("member {name} of the cluster belongs to {owner} by its tags: nothing is deleted; remove the tag, or set deletionPolicy Retain"),
        )),
        _ => None,
    })
}

fn delete(object: &AuroraServerless, identifier: &str, final_snapshot: Option<String>) -> Step<Action> {
    let (class, how, policy) = match &final_snapshot {
        Some(name) => (Disruption::Replacement, format!("final snapshot {name}"), "Snapshot"),
        None => (Disruption::DataLoss, "no final snapshot".into(), "Delete"),
    };
    let note = final_snapshot.clone();
    let action = Action::Delete {
        final_snapshot,
        delete_automated_backups: object.spec.delete_automated_backups.unwrap_or(false),
    };
    let change = Change { field: identifier.into(), from: Some("exists".into()), to: Some(format!("deleted, {how}")) };
    let step = Step::new("cluster", action, format!("the object was deleted; deletionPolicy {policy}"))
        .changing(vec![change])
        .class(class);
    match note {
        Some(name) => step.noting(FINAL_SNAPSHOT, name),
        None => step,
    }
}

/// A free name for the final snapshot, asked for before the first member goes: what cannot be snapshotted is not taken
/// apart.
fn final_snapshot(
    identifier: &str,
    inputs: &Inputs,
    observed: &Observed,
    cluster: &Cluster,
) -> Result<String, Box<Plan<Action>>> {
    match state(&cluster.status) {
        State::Available | State::Serving | State::Stopped => {}
        State::Mendable(why) | State::External(why) | State::Terminal(why) => {
            let problem = Problem::new(
                Reason::NoFinalSnapshot,
                format!(
                    "AWS takes no final snapshot of a cluster that is {} ({why}), and deletionPolicy Snapshot never falls back to none: \
                     nothing is taken apart before; or set deletionPolicy",
                    cluster.status
                ),
            );
            return Err(Box::new(Plan::refuse(problem)));
        }
        State::Changing | State::Down | State::Unknown | State::Deleting => {
            let text = format!("the cluster is {}; the final snapshot needs it available", cluster.status);
            return Err(Box::new(Plan::wait(Waiting::new(Reason::Busy, text))));
        }
    }
    finals::name(identifier, inputs, &observed.snapshots).map_err(|waiting| Box::new(Plan::wait(waiting)))
}

/// What is left once the cluster is gone: the owner tag on the final snapshot, and the groups.
pub fn leftovers(object: &AuroraServerless, identifier: &str, inputs: &Inputs, observed: &Observed) -> Plan<Action> {
    let groups = groups::removal(object, identifier, inputs, observed);
    let (tags, unread) = finals::tags(identifier, inputs, &observed.snapshots);
    let tags = tags.into_iter().map(|step| step.map(Action::Rds));
    let steps: Vec<Step<Action>> = groups.steps.into_iter().chain(tags).collect();
    let waiting = unread.or(groups.waiting);
    if steps.is_empty() && waiting.is_none() {
        return Plan::release();
    }
    Plan { steps, waiting, ..Plan::default() }
}
