//! What AWS is working on, what it has given up on, and what it takes meanwhile: the state table and the admission matrix
//! (aws-dynamodb-elasticache-dms.md 1.2).

use crate::aws::dynamo::Table;
use crate::conditions::Reason;
use crate::kind::{Inputs, Problem, Waiting};

/// What a table status means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is being made and takes nothing.
    Creating,
    /// It serves.
    Active,
    /// It serves while AWS changes it.
    Updating,
    /// It goes.
    Deleting,
    /// Only a person can mend it: how.
    Broken(&'static str),
    /// A word that this version does not know.
    Unknown,
}

/// What a table status means.
pub fn state(status: &str) -> State {
    match status {
        "CREATING" => State::Creating,
        "ACTIVE" => State::Active,
        "UPDATING" => State::Updating,
        "DELETING" => State::Deleting,
        "INACCESSIBLE_ENCRYPTION_CREDENTIALS" => State::Broken(
            "DynamoDB cannot use the KMS key: enable the key or restore its policy; after seven days AWS archives the table",
        ),
        "REPLICATION_NOT_AUTHORIZED" => {
            State::Broken("replication lacks rights: restore the service-linked role and the resource policy")
        }
        "ARCHIVING" | "ARCHIVED" => State::Broken(
            "the KMS key was unusable for seven days and AWS archived the table: restore the archival backup into a new object",
        ),
        _ => State::Unknown,
    }
}

/// States of the table and its replicas that only a person can mend.
pub fn broken(table: &Table) -> Option<Problem> {
    if let State::Broken(remedy) = state(&table.status) {
        let archive = table.archive.as_ref().map(|arn| format!(" ({arn})")).unwrap_or_default();
        return Some(Problem::new(Reason::Broken, format!("AWS reports {}: {remedy}{archive}", table.status)));
    }
    if let Some(since) = table.key_lost_since {
        let text =
            format!("AWS cannot use the KMS key since {since}: enable the key or restore its policy within seven days");
        return Some(Problem::new(Reason::Broken, text));
    }
    let (region, replica) = table.replicas.iter().find(|(_, replica)| has_failed(&replica.status))?;
    let words = replica.description.as_ref().map(|words| format!(": {words}")).unwrap_or_default();
    Some(Problem::new(
        Reason::Broken,
        format!("the replica in {region} is {}{words}; mend its key, role or region, or remove it", replica.status),
    ))
}

/// Why a table is not quiescent: ACTIVE is not idle.
pub fn unfinished(table: &Table) -> Option<Waiting> {
    let wait = |reason, text: String| Some(Waiting::new(reason, text));
    match state(&table.status) {
        State::Active => {}
        State::Creating => return wait(Reason::Creating, "AWS reports CREATING".into()),
        State::Deleting => return wait(Reason::Deleting, "AWS reports DELETING".into()),
        _ => return wait(Reason::Updating, format!("AWS reports {}", table.status)),
    }
    if let Some((name, index)) = table.indexes.iter().find(|(_, index)| index.status != "ACTIVE") {
        let how = if index.is_backfilling { " (it is being filled from the table)" } else { "" };
        return wait(Reason::Updating, format!("index {name} is {}{how}", index.status));
    }
    if let Some((region, replica)) = table.replicas.iter().find(|(_, replica)| is_moving(&replica.status)) {
        return wait(Reason::Updating, format!("the replica in {region} is {}", replica.status));
    }
    if let Some(change) = &table.encryption_change {
        return wait(Reason::Updating, format!("encryption is {change}"));
    }
    warming(table).map(|text| Waiting::new(Reason::Updating, text))
}

/// Words for replicas that only a person can mend.
fn has_failed(status: &str) -> bool {
    matches!(
        status,
        "CREATION_FAILED"
            | "REGION_DISABLED"
            | "INACCESSIBLE_ENCRYPTION_CREDENTIALS"
            | "REPLICATION_NOT_AUTHORIZED"
            | "ARCHIVED"
    )
}

/// On its way, or in a state that this version does not know.
fn is_moving(status: &str) -> bool {
    status != "ACTIVE" && !has_failed(status)
}

fn warming(table: &Table) -> Option<String> {
    if table.is_warming {
        return Some("AWS is raising the warm throughput, which takes minutes".into());
    }
    let (name, _) = table.indexes.iter().find(|(_, index)| index.is_warming)?;
    Some(format!("AWS is raising the warm throughput of index {name}, which takes minutes"))
}

/// A kind of change, as far as AWS admits them differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What<'a> {
    /// An API of its own: tags, time to live, point-in-time recovery, policy, insights, streaming, scaling.
    Aside,
    /// Deletion protection.
    Protection,
    /// Throughput of table and indexes.
    Throughput,
    /// Removal of this index.
    IndexDelete(&'a str),
    /// Warm throughput.
    Warm,
    /// Encryption.
    Encryption,
    /// Any other UpdateTable.
    Other,
}

/// What stands between a change and the table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gate {
    /// Nothing is taken.
    all: Option<Waiting>,
    /// UpdateTable was accepted moments ago: AWS may still show the state before it.
    settling: Option<Waiting>,
    /// A replica is on its way: no UpdateTable is taken.
    replica: Option<Waiting>,
    /// The table is UPDATING.
    updating: Option<Waiting>,
    /// This index is being built or removed.
    index: Option<(String, Waiting)>,
    /// Encryption is changing.
    encryption: Option<Waiting>,
    /// Warm throughput is being raised.
    warm: Option<Waiting>,
}

impl Gate {
    /// The gate of a table.
    pub fn of(table: &Table, inputs: &Inputs) -> Self {
        let wait = |text: String| Some(Waiting::new(Reason::Updating, text));
        let mut gate = Gate::default();
        match state(&table.status) {
            State::Active => {}
            State::Updating => gate.updating = wait("the table is UPDATING; AWS takes this afterwards".into()),
            State::Creating => gate.all = Some(Waiting::new(Reason::Creating, "the table is being made")),
            State::Deleting => gate.all = Some(Waiting::new(Reason::Deleting, "the table is being deleted")),
            State::Broken(_) => {
                gate.all = Some(Waiting::new(Reason::Broken, format!("the table is {}", table.status)));
            }
            State::Unknown => gate.all = wait(format!("AWS reports {}", table.status)),
        }
        if inputs.accepted && inputs.since_call("table").is_some_and(|age| age < inputs.clocks.transition_poll) {
            gate.settling = Some(Waiting::new(Reason::Settling, "the last call was accepted moments ago"));
        }
        let replica = table.replicas.iter().find(|(_, replica)| is_moving(&replica.status));
        gate.replica = replica.and_then(|(region, replica)| {
            wait(format!("the replica in {region} is {}; AWS takes no change meanwhile", replica.status))
        });
        let index = table.indexes.iter().find(|(_, index)| matches!(index.status.as_str(), "CREATING" | "DELETING"));
        gate.index = index.and_then(|(name, index)| {
            wait(format!("index {name} is {}; AWS takes this afterwards", index.status)).map(|w| (name.clone(), w))
        });
        let change = table.encryption_change.as_ref();
        gate.encryption = change.and_then(|change| wait(format!("encryption is {change}")));
        gate.warm = warming(table).and_then(wait);
        gate
    }

    /// Why a change is not taken now.
    pub fn against(&self, what: What<'_>) -> Option<Waiting> {
        let index = self.index.as_ref().map(|(_, waiting)| waiting);
        let first = |list: &[Option<&Waiting>]| list.iter().find_map(|one| one.cloned());
        let (all, settling, replica) = (self.all.as_ref(), self.settling.as_ref(), self.replica.as_ref());
        let updating = self.updating.as_ref();
        match what {
            What::Aside => first(&[all]),
            What::Protection => first(&[all, settling, replica]),
            What::Throughput => first(&[all, settling, replica, updating]),
            What::Warm => first(&[all, settling, replica, updating, index, self.warm.as_ref()]),
            What::Encryption => first(&[all, settling, replica, updating, index, self.encryption.as_ref()]),
            What::Other => first(&[all, settling, replica, updating, index]),
            What::IndexDelete(name) => {
                // Removing the index that is being built breaks the building off.
                let other = self.index.as_ref().filter(|(busy, _)| busy != name).map(|(_, waiting)| waiting);
                first(&[all, settling, replica, updating, other])
            }
        }
    }
}
