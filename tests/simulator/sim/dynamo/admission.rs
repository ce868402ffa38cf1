//! The admission matrix (1.2): what is rejected while something else is going on.

use awsdb::aws::dynamo::Update;

use super::super::desk::{Answer, refused};
use super::table::{Tab, Work};

/// What is asked of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    Delete,
    Protection,
    Class,
    Throughput,
    Cap,
    Billing,
    Stream,
    IndexCreate,
    IndexDelete(String),
    Encryption,
    Warm,
    Replica,
    /// TTL, recovery, policy, insights, Kinesis.
    Aside,
}

impl Ask {
    pub fn of(update: &Update) -> Self {
        match update {
            Update::DeletionProtection(_) => Ask::Protection,
            Update::TableClass(_) => Ask::Class,
            Update::Billing { .. } => Ask::Billing,
            Update::Throughput { .. } => Ask::Throughput,
            Update::Cap(_) | Update::IndexCaps(_) => Ask::Cap,
            Update::Stream(_) => Ask::Stream,
            Update::Warm(_) | Update::IndexWarm { .. } => Ask::Warm,
            Update::CreateIndex { .. } => Ask::IndexCreate,
            Update::DeleteIndex { name } => Ask::IndexDelete(name.clone()),
            Update::Encryption(_) => Ask::Encryption,
            Update::CreateReplicas { .. } | Update::UpdateReplica { .. } | Update::DeleteReplica { .. } => Ask::Replica,
        }
    }
}

/// Whether a table that is doing this takes that.
fn rejects(work: &Work, ask: &Ask) -> bool {
    use Ask::*;
    match work {
        Work::Making => true,
        Work::Stream => {
            matches!(ask, Delete | Class | Cap | Throughput | Stream | IndexCreate | IndexDelete(_) | Replica)
        }
        Work::Throughput => {
            matches!(ask, Throughput | Billing | Stream | IndexCreate | IndexDelete(_) | Delete | Replica)
        }
        Work::Billing(_) => matches!(ask, Delete | Throughput | Cap | Stream | Billing | Replica),
        Work::Class => matches!(ask, Class | Stream | IndexCreate | IndexDelete(_) | Cap | Delete | Replica),
        Work::Encryption => matches!(ask, Delete | Encryption),
        Work::Warm(_) => *ask == Delete,
        Work::Allocation(index) => match ask {
            IndexDelete(name) => name == index,
            _ => matches!(ask, Throughput | Stream | Cap | Delete | Replica),
        },
        Work::Backfill(_) => matches!(ask, Delete | Replica),
        Work::IndexDelete(_) => matches!(ask, Billing | Throughput | Delete | Replica),
        Work::Replica => *ask != Aside,
    }
}

/// Whether the one place for an index that is built or removed is taken. The removal of the index that is being built
/// breaks the building off.
fn takes_the_place(work: &Work, ask: &Ask) -> bool {
    match (work, ask) {
        (Work::Backfill(index), Ask::IndexDelete(name)) => index != name,
        (Work::Allocation(_) | Work::Backfill(_) | Work::IndexDelete(_), Ask::IndexCreate | Ask::IndexDelete(_)) => {
            true
        }
        _ => false,
    }
}

/// Refuses what the table does not take now.
pub fn admits(tab: &Tab, ask: &Ask) -> Answer {
    let name = &tab.shown.arn;
    if tab.is_going() && *ask != Ask::Delete {
        return refused(
            "ResourceInUseException",
            format!("Attempt to change a resource which is still in use: Table is being deleted: {name}"),
        );
    }
    if tab.shown.key_lost_since.is_some() && matches!(ask, Ask::Encryption | Ask::Aside) {
        return refused("ValidationException", "The customer master key is disabled or cannot be accessed");
    }
    if let Some(flight) = tab.flights.iter().find(|flight| rejects(&flight.work, ask)) {
        return refused(
            "ResourceInUseException",
            format!("Attempt to change a resource which is still in use: {name} is busy with {:?}", flight.work),
        );
    }
    if tab.flights.iter().any(|flight| takes_the_place(&flight.work, ask)) {
        return refused(
            "LimitExceededException",
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
        );
    }
    Ok(())
}
