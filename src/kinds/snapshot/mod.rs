//! DbSnapshot: the answers of the kind.

mod copies;
mod creation;
mod origin;
mod plan;
mod removal;
mod shares;
mod spec;
mod states;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

pub use spec::*;

use crate::aws::Seen;
use crate::aws::snapshots::{Action, Family, Id, Observed, Snapshot, SnapshotRemote};
use crate::conditions::Reason;
use crate::kind::{
    Connection, CredentialMode, Home, Inputs, Kind, Making, Plan, Readiness, Reference, Thing, View, Waiting, Want,
};
use crate::kinds::identifier;
use crate::life::RESOURCE_ID;
use crate::spec::{ManagementPolicy, SharedSpec, SharedStatus};
use states::{State, state};

impl Kind for DbSnapshot {
    type Remote = SnapshotRemote;
    type Facts = DbSnapshotFacts;
    const IDENTIFIER_MAX: usize = 63;
    const MAIN: &'static str = plan::MAIN;
    const BINDS: bool = false;

    fn shared(&self) -> &SharedSpec {
        &self.spec.shared
    }

    fn status(&self) -> Option<&SharedStatus> {
        self.status.as_ref().map(|status| &status.shared)
    }

    fn id(&self, want: Want, home: &Home, inputs: &Inputs) -> Id {
        let spec = &self.spec;
        let family = origin::family(spec);
        let observes = spec.shared.management_policy == ManagementPolicy::Observe;
        let recorded = recorded(family, inputs);
        // Made again after it was lost, it needs its source once more; the backups of a table are found by it.
        let is_open = !origin::was_made(inputs) || inputs.absent_since.is_some();
        let needs_source = want == Want::Present && is_open && !observes;
        let finds_by_source = family == Family::Table && recorded.is_none();
        let source = origin::source_id(self, &home.region, inputs).filter(|_| needs_source || finds_by_source);
        Id {
            region: home.region.clone(),
            family,
            identifier: home.identifier.clone(),
            source,
            recorded,
            copies: if observes { Default::default() } else { copies::regions(self, &inputs.journal, &home.region) },
            shares: want == Want::Present && !observes && family != Family::Table && spec.share_with.is_some(),
        }
    }

    fn credentials(&self) -> CredentialMode {
        CredentialMode::None
    }

    /// Of a snapshot that was made, the note tells the source.
    fn references(&self, inputs: &Inputs) -> Vec<Reference> {
        let is_noted = inputs.journal.notes.contains_key(origin::SOURCE) && origin::was_made(inputs);
        origin::reference(&self.spec).filter(|_| !is_noted).map(Reference::Object).into_iter().collect()
    }

    fn thing(&self, observed: &Observed) -> Seen<Thing> {
        match &observed.snapshot {
            Seen::Present(snapshot) => Seen::Present(Thing {
                arn: snapshot.arn.clone(),
                resource_id: snapshot.resource_id.clone(),
                tags: snapshot.tags.clone(),
                // Only backups are made by a call that takes no tags.
                origin: (origin::family(&self.spec) == Family::Table)
                    .then(|| Making { source: Some(snapshot.source.clone()), at: snapshot.created }),
            }),
            Seen::Absent => Seen::Absent,
            Seen::Unread(why) => Seen::Unread(why.clone()),
        }
    }

    fn plan(&self, want: Want, inputs: &Inputs, observed: &Observed) -> Plan<Action> {
        plan::plan(self, want, inputs, observed, &identifier(self, inputs))
    }

    /// It is of use once it can be restored.
    fn ready(&self, _: &Inputs, observed: &Observed) -> Readiness {
        let Some(snapshot) = observed.snapshot.present() else {
            return Readiness::No(Waiting::new(Reason::NotServing, "The snapshot does not exist."));
        };
        let waiting = |reason| Waiting::new(reason, format!("AWS reports {}.", states::shown(snapshot)));
        match state(&snapshot.status) {
            State::Available => Readiness::Yes,
            State::Making => Readiness::No(waiting(Reason::Creating)),
            State::Deleting => Readiness::No(waiting(Reason::Deleting)),
            State::Failed => Readiness::No(waiting(Reason::Broken)),
            State::Changing => Readiness::AsBefore(waiting(Reason::Updating)),
        }
    }

    fn view(&self, observed: &Observed) -> View {
        let status = observed.snapshot.present().map(|snapshot| snapshot.status.clone());
        View { aws_status: status, ..View::default() }
    }

    fn facts(&self, inputs: &Inputs, observed: &Observed) -> DbSnapshotFacts {
        let family = origin::family(&self.spec);
        let Some(snapshot) = observed.snapshot.present() else {
            let known = origin::database(&self.spec, inputs);
            return DbSnapshotFacts { source: known.map(|name| source(family, &name)), ..DbSnapshotFacts::default() };
        };
        let copies = observed.copies.iter();
        DbSnapshotFacts {
            source: Some(source(family, &snapshot.source)),
            family: Some(format!("{family:?}")),
            engine: Some(snapshot.engine.clone()),
            engine_version: snapshot.engine_version.clone(),
            snapshot_time: time(snapshot, snapshot.created),
            expires: time(snapshot, states::expires(self, snapshot)),
            progress: states::progress(snapshot),
            encrypted: Some(snapshot.encrypted),
            kms_key_id: snapshot.kms_key_id.clone(),
            copies: copies
                .filter_map(|(region, copy)| Some((region.clone(), copies::fact(self, inputs, region, copy)?)))
                .collect(),
            shared_with: self.shared_with(observed),
        }
    }

    /// Nothing connects to a snapshot.
    fn connection(&self, _: &Inputs, _: &Observed) -> Result<Connection, Waiting> {
        Err(Waiting::new(Reason::BindingIncomplete, "A snapshot has no connection Secret."))
    }
}

impl DbSnapshot {
    /// As it was said before, when the answer failed: that is no news.
    fn shared_with(&self, observed: &Observed) -> std::collections::BTreeSet<String> {
        match &observed.shares {
            Seen::Present(accounts) => accounts.clone(),
            Seen::Unread(_) if self.spec.share_with.is_some() => {
                self.status.as_ref().map(|status| status.facts.shared_with.clone()).unwrap_or_default()
            }
            Seen::Absent | Seen::Unread(_) => Default::default(),
        }
    }
}

/// The backup that this object made or took over. AWS keeps no tags on it: the object's own record stands for them.
fn recorded(family: Family, inputs: &Inputs) -> Option<(String, crate::aws::owner::Tags)> {
    let arn = inputs.journal.notes.get(RESOURCE_ID).filter(|arn| family == Family::Table && !arn.is_empty())?;
    Some((arn.clone(), inputs.owner.tags()))
}

fn source(family: Family, name: &str) -> String {
    format!("{}/{name}", origin::words(family).kind)
}

/// AWS may still change the moment of a snapshot that it is at.
fn time(snapshot: &Snapshot, at: Option<jiff::Timestamp>) -> Option<Time> {
    at.filter(|_| state(&snapshot.status) != State::Making).map(Time)
}

#[cfg(test)]
mod tests;
