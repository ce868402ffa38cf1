//! Deleting the table: protection, backup, scalable targets, replicas, quiescence, and only then the table
//! (aws-dynamodb-elasticache-dms.md 1.10).

use crate::aws::Seen;
use crate::aws::dynamo::{Action, Backup, BillingMode, Observed, Table, Update};
use crate::conditions::Reason;
use crate::kind::{Disruption, Inputs, Plan, Problem, Step, Waiting};
use crate::kinds::{final_name, free_name};
use crate::spec::DeletionPolicy;

use super::DynamoTable;
use super::scaling::gone;
use super::scene::change;
use super::states::{State, state, unfinished};

/// Plans the deletion of a table that is there and ours.
pub fn plan(
    object: &DynamoTable,
    identifier: &str,
    inputs: &Inputs,
    observed: &Observed,
    table: &Table,
) -> Plan<Action> {
    match state(&table.status) {
        State::Deleting => return Plan::wait(Waiting::new(Reason::Deleting, "AWS reports DELETING")),
        State::Creating => return Plan::wait(Waiting::new(Reason::Deleting, "the table is still being made")),
        _ => {}
    }
    if table.settings.deletion_protection == Some(true) {
        return unprotect(object, identifier);
    }
    if let Some(problem) = foreign_replicas(object, identifier, table) {
        return Plan::refuse(problem);
    }
    let backup = match object.spec.shared.deletion_policy {
        DeletionPolicy::Snapshot => match final_backup(object, identifier, inputs, observed, table) {
            Ok(name) => Some(name),
            Err(plan) => return *plan,
        },
        DeletionPolicy::Delete => None,
        DeletionPolicy::Retain => return Plan::release(),
    };
    match scalable_targets(observed, table) {
        Ok(None) => {}
        Ok(Some(step)) => return just(step),
        Err(waiting) => return Plan::wait(waiting),
    }
    if let Some(waiting) = unfinished(table).filter(|_| !matches!(state(&table.status), State::Broken(_))) {
        return Plan::wait(Waiting::new(
            Reason::Deleting,
            format!("{}; AWS deletes the table when that is over", waiting.message),
        ));
    }
    match table.replicas.keys().next() {
        Some(region) => just(remove_replica(region)),
        None => just(delete(object, identifier, backup)),
    }
}

fn just(step: Step<Action>) -> Plan<Action> {
    let waiting = Waiting::new(
        Reason::Deleting,
        "The table is being deleted; the object stays until AWS has twice confirmed that it is gone",
    );
    Plan { steps: vec![step], waiting: Some(waiting), one_at_a_time: true, ..Plan::default() }
}

/// Protection is only ever lifted by the user's own word.
fn unprotect(object: &DynamoTable, identifier: &str) -> Plan<Action> {
    if object.spec.settings.deletion_protection == Some(false) {
        let changes = vec![change("deletionProtection", Some("true".into()), Some("false".into()))];
        let action = Action::Update(Update::DeletionProtection(false));
        return just(Step::new("table", action, "spec.deletionProtection is false").changing(changes));
    }
    Plan::refuse(Problem::new(
        Reason::DeletionProtected,
        format!(
            "table {identifier} has deletion protection: set spec.deletionProtection: false to let it be deleted, or \
             deletionPolicy: Retain to let the object go without it"
        ),
    ))
}

/// Replicas that the spec does not name are somebody else's business.
fn foreign_replicas(object: &DynamoTable, identifier: &str, table: &Table) -> Option<Problem> {
    let named = |region: &String| object.spec.replicas.iter().flatten().any(|replica| replica.region == *region);
    let foreign: Vec<&str> = table.replicas.keys().filter(|region| !named(region)).map(String::as_str).collect();
    (!foreign.is_empty()).then(|| {
        Problem::new(
            Reason::HasReplicas,
            format!(
                "table {identifier} has replicas that spec.replicas does not name ({}): name them to have them deleted with the \
                 table, or remove them first",
                foreign.join(", ")
            ),
        )
    })
}

/// The name of a backup that was made after the deletion was asked for, or the plan that brings it about. Another backup
/// of that name is never taken for it: writes may have come after it.
fn final_backup(
    object: &DynamoTable,
    identifier: &str,
    inputs: &Inputs,
    observed: &Observed,
    table: &Table,
) -> Result<String, Box<Plan<Action>>> {
    let taken: &[Backup] = match &observed.backups {
        Seen::Present(taken) => taken,
        Seen::Absent => &[],
        Seen::Unread(why) => {
            let text = format!(
                "the backups of {identifier} could not be read, and a final one must not meet an old one: {why}"
            );
            return Err(Box::new(Plan::wait(Waiting::new(Reason::Unreadable, text))));
        }
    };
    let asked = object.metadata.deletion_timestamp.as_ref().map_or(inputs.now, |time| time.0);
    let is_new =
        |backup: &&Backup| backup.status != "DELETED" && backup.created.is_some_and(|created| created >= asked);
    match taken.iter().filter(is_new).max_by_key(|backup| backup.status == "AVAILABLE") {
        Some(backup) if backup.status == "AVAILABLE" => Ok(backup.name.clone()),
        Some(backup) => {
            let text = format!("backup {} is {}", backup.name, backup.status);
            Err(Box::new(Plan::wait(Waiting::new(Reason::Deleting, text))))
        }
        None if matches!(state(&table.status), State::Broken(_)) => Err(Box::new(Plan::refuse(Problem::new(
            Reason::NoFinalSnapshot,
            format!(
                "AWS takes no backup of a table that is {}, and deletionPolicy Snapshot never falls back to none: mend the key, or set \
                 deletionPolicy: Delete",
                table.status
            ),
        )))),
        None => Err(Box::new(just(backup(identifier, inputs, taken)))),
    }
}

fn backup(identifier: &str, inputs: &Inputs, taken: &[Backup]) -> Step<Action> {
    let base = backup_name(identifier, inputs);
    let name = free_name(&base, |name| taken.iter().any(|one| one.name == name));
    let changes = vec![change(identifier, None, Some(format!("backup {name}")))];
    Step::new("backup", Action::CreateBackup { name }, "deletionPolicy Snapshot: the table is backed up first")
        .changing(changes)
}

/// Within AWS's 255 characters.
pub fn backup_name(identifier: &str, inputs: &Inputs) -> String {
    let table: String = identifier.chars().take(230).collect();
    final_name(&table, inputs)
}

/// Targets outlive the table, and would take hold of a new one of that name.
fn scalable_targets(observed: &Observed, table: &Table) -> Result<Option<Step<Action>>, Waiting> {
    match &observed.scaling {
        // On demand there are none to read: they went before the change of the billing mode.
        Seen::Unread(_) if table.settings.billing_mode == Some(BillingMode::PayPerRequest) => Ok(None),
        Seen::Unread(why) => Err(Waiting::new(
            Reason::Unreadable,
            format!("autoscaling must be taken away first, and could not be read: {why}"),
        )),
        Seen::Absent => Ok(None),
        Seen::Present(targets) => Ok(targets.iter().next().map(|(dimension, target)| {
            let action = Action::DeregisterTarget { dimension: dimension.clone() };
            let because = "a scalable target would outlive the table";
            Step::new("scaling", action, because).changing(gone(dimension, target))
        })),
    }
}

fn remove_replica(region: &str) -> Step<Action> {
    let changes = vec![change(format!("replicas.{region}"), Some("exists".into()), None)];
    let action = Action::Update(Update::DeleteReplica { region: region.into() });
    Step::new("table", action, "the object was deleted; replicas go first")
        .changing(changes)
        .class(Disruption::DataLoss)
}

fn delete(object: &DynamoTable, identifier: &str, backup: Option<String>) -> Step<Action> {
    let (class, how) = match &backup {
        Some(name) => (Disruption::Replacement, format!("backup {name}")),
        None => (Disruption::DataLoss, "no backup".into()),
    };
    let has_history = object.spec.point_in_time_recovery.as_ref().is_some_and(|recovery| recovery.enabled);
    let kept = if has_history {
        format!("; AWS keeps its own backup {identifier}$DeletedTableBackup for 35 days")
    } else {
        String::new()
    };
    let policy = if backup.is_some() { "Snapshot" } else { "Delete" };
    let changes = vec![change(identifier, Some("exists".into()), Some(format!("deleted, {how}")))];
    Step::new("table", Action::Delete, format!("the object was deleted; deletionPolicy {policy}{kept}"))
        .changing(changes)
        .class(class)
}
