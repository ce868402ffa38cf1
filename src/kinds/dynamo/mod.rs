//! DynamoTable: the answers of the kind.

mod advice;
mod capacity;
mod connection;
mod creation;
mod features;
mod import;
mod indexes;
mod plan;
mod removal;
mod replicas;
mod scaling;
mod scene;
mod seed;
mod spec;
mod states;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

pub use spec::*;

use crate::aws::Seen;
use crate::aws::dynamo::{Action, DynamoRemote, Id, Interest, Observed};
use crate::conditions::Reason;
use crate::kind::{
    Connection, CredentialMode, Home, Inputs, Kind, Making, Objects, Plan, Readiness, Reference, Thing, View, Waiting,
    Want,
};
use crate::kinds::{identifier, restore};
use crate::spec::{DeletionPolicy, ManagementPolicy, SharedSpec, SharedStatus, SnapshotSchedule};
use states::{State, state, unfinished};

impl Kind for DynamoTable {
    type Remote = DynamoRemote;
    type Facts = DynamoTableFacts;
    const IDENTIFIER_MAX: usize = 255;
    const MAIN: &'static str = "table";

    fn shared(&self) -> &SharedSpec {
        &self.spec.shared
    }

    fn status(&self) -> Option<&SharedStatus> {
        self.status.as_ref().map(|status| &status.shared)
    }

    fn id(&self, want: Want, home: &Home, inputs: &Inputs) -> Id {
        let spec = &self.spec;
        let id = Id { region: home.region.clone(), table: home.identifier.clone(), ..Id::default() };
        if want == Want::Absent {
            let takes_backup = spec.shared.deletion_policy == DeletionPolicy::Snapshot;
            return Id {
                scaling: Interest::IfProvisioned,
                backups: takes_backup.then(|| removal::backup_name(&home.identifier, inputs)),
                // A table that is being filled tells by its import whose it is.
                import: import::is_open(self, &inputs.journal),
                ..id
            };
        }
        if spec.shared.management_policy == ManagementPolicy::Observe {
            return id;
        }
        Id {
            time_to_live: spec.time_to_live.is_some(),
            continuous_backups: spec.point_in_time_recovery.is_some(),
            resource_policy: spec.settings.resource_policy.is_some(),
            contributor_insights: insights(spec),
            kinesis_destinations: spec.kinesis_destination.is_some(),
            scaling: if scaling::is_managed(spec) { Interest::Yes } else { Interest::IfProvisioned },
            replica_facts: spec.replicas.iter().flatten().map(|replica| replica.region.clone()).collect(),
            import: import::is_open(self, &inputs.journal),
            source: creation::source_id(self).filter(|_| restore::makes(inputs)),
            ..id
        }
    }

    fn credentials(&self) -> CredentialMode {
        CredentialMode::None
    }

    fn references(&self, inputs: &Inputs) -> Vec<Reference> {
        let journal = self.status().map(|status| status.journal.clone()).unwrap_or_default();
        // A table that is lost may be made again, with its first items.
        let may_be_made = inputs.absent_since.is_some();
        let wanted = self.spec.items.as_ref().filter(|_| may_be_made || seed::is_open(self, &journal));
        let items = wanted.map(|items| Reference::ConfigMap(items.config_map_ref.name.clone()));
        let snapshot = creation::snapshot_name(self).filter(|_| restore::makes(inputs)).map(restore::reference);
        items.into_iter().chain(snapshot.map(Reference::Object)).collect()
    }

    fn resolve(&mut self, objects: &Objects) {
        creation::resolve(self, objects);
    }

    fn snapshot_schedule(&self) -> Option<&SnapshotSchedule> {
        self.spec.snapshot_schedule.as_ref()
    }

    fn thing(&self, observed: &Observed) -> Seen<Thing> {
        let table = match &observed.table {
            Seen::Present(table) => table,
            Seen::Absent => return Seen::Absent,
            Seen::Unread(why) => return Seen::Unread(why.clone()),
        };
        let tags = match &observed.tags {
            Seen::Present(tags) => tags.clone(),
            // AWS does not know the tags of a table for the first seconds.
            Seen::Absent => return Seen::Unread("AWS does not tell its tags yet".into()),
            Seen::Unread(why) => return Seen::Unread(why.clone()),
        };
        let import = observed.import.present().map(|import| import.source.clone());
        let source = table.restore.as_ref().map(|restore| restore.source.clone()).or(import);
        Seen::Present(Thing {
            arn: table.arn.clone(),
            resource_id: table.id.clone(),
            tags,
            origin: Some(Making { source, at: table.created }),
        })
    }

    fn plan(&self, want: Want, inputs: &Inputs, observed: &Observed) -> Plan<Action> {
        plan::plan(self, want, inputs, observed, &identifier(self, inputs))
    }

    fn ready(&self, inputs: &Inputs, observed: &Observed) -> Readiness {
        let Some(table) = observed.table.present() else {
            return Readiness::No(Waiting::new(Reason::NotServing, "The table does not exist."));
        };
        let no = |reason: Reason| Readiness::No(Waiting::new(reason, format!("AWS reports {}.", table.status)));
        let serves = match state(&table.status) {
            State::Creating => return no(Reason::Creating),
            State::Deleting => return no(Reason::Deleting),
            State::Broken(_) => return no(Reason::Broken),
            State::Active | State::Updating | State::Unknown => unfinished(table),
        };
        let filling = seed::unready(self, &inputs.journal).or_else(|| import::unready(self, inputs, observed));
        match (filling, serves) {
            (Some(waiting), _) => Readiness::No(waiting),
            (None, Some(waiting)) => {
                let text = format!("{}.", waiting.message);
                Readiness::AsBefore(Waiting::new(Reason::Creating, text))
            }
            (None, None) => Readiness::Yes,
        }
    }

    fn view(&self, observed: &Observed) -> View {
        let status = observed.table.present().map(|table| table.status.clone());
        View { aws_status: status, ..View::default() }
    }

    fn facts(&self, inputs: &Inputs, observed: &Observed) -> DynamoTableFacts {
        let Some(table) = observed.table.present() else { return DynamoTableFacts::default() };
        let statuses = |list: Vec<(&String, &String)>| -> BTreeMap<String, String> {
            list.into_iter().map(|(name, status)| (name.clone(), status.clone())).collect()
        };
        DynamoTableFacts {
            table_id: Some(table.id.clone()),
            billing_mode: table.settings.billing_mode.map(|mode| mode.word().into()),
            stream_arn: table.stream_arn.clone(),
            indexes: statuses(table.indexes.iter().map(|(name, index)| (name, &index.status)).collect()),
            replicas: statuses(table.replicas.iter().map(|(region, replica)| (region, &replica.status)).collect()),
            items: seed::progress(&inputs.journal),
            import: import::progress(inputs, observed),
            earliest_restorable_time: earliest_restorable(inputs, observed),
            consumer_policy: Some(connection::consumer_policy(table)),
            advisories: advice::advisories(self, observed, table),
        }
    }

    /// Workloads start when the Secret is there: not before the table has what they expect in it.
    fn connection(&self, inputs: &Inputs, observed: &Observed) -> Result<Connection, Waiting> {
        let is_new = observed.table.present().is_some_and(|table| state(&table.status) == State::Creating);
        if is_new {
            return Err(Waiting::new(Reason::BindingIncomplete, "AWS reports CREATING."));
        }
        match seed::unready(self, &inputs.journal).or_else(|| import::unready(self, inputs, observed)) {
            Some(waiting) => Err(Waiting::new(Reason::BindingIncomplete, waiting.message)),
            None => connection::connection(observed),
        }
    }
}

/// To the day, rounded up, once that day has come: AWS moves it on with every minute, which is no news.
fn earliest_restorable(inputs: &Inputs, observed: &Observed) -> Option<Time> {
    const DAY: i64 = 24 * 60 * 60;
    let recovery = observed.continuous_backups.present().filter(|recovery| recovery.is_enabled)?;
    let days = recovery.earliest?.as_second().div_euclid(DAY) + 1;
    Timestamp::from_second(days * DAY).ok().filter(|day| *day <= inputs.now).map(Time)
}

/// Whose contributor insights are managed: the table's, and those of indexes.
fn insights(spec: &DynamoTableSpec) -> BTreeSet<Option<String>> {
    let table = spec.contributor_insights.iter().map(|_| None);
    let indexes = spec.global_secondary_indexes.iter().flatten();
    table
        .chain(indexes.filter(|index| index.contributor_insights.is_some()).map(|index| Some(index.name.clone())))
        .collect()
}

#[cfg(test)]
mod tests;
