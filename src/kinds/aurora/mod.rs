//! AuroraServerless: the answers of the kind.

mod acts;
mod changes;
mod connection;
mod creation;
mod groups;
mod members;
mod plan;
mod removal;
mod spec;
mod states;
mod tags;

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

pub use spec::*;

use crate::aws::Seen;
use crate::aws::aurora::{Action, AuroraRemote, Cluster, EngineVersion, Id, Member, Observed, Scaling};
use crate::conditions::Reason;
use crate::diff::{fields, text};
use crate::kind::{
    Connection, CredentialMode, Home, Inputs, Kind, Objects, Plan, Readiness, Reference, Thing, View, Waiting, Want,
};
use crate::kinds::credentials::Mode;
use crate::kinds::groups::Scope;
use crate::kinds::{identifier, restore};
use crate::spec::{Endpoint, LastCall, SharedSpec, SharedStatus, SnapshotSchedule, annotation};
use members::is_writer;
use states::{State, serves, state};

impl Kind for AuroraServerless {
    type Remote = AuroraRemote;
    type Facts = AuroraServerlessFacts;
    const IDENTIFIER_MAX: usize = 48;
    const MAIN: &'static str = "cluster";

    fn shared(&self) -> &SharedSpec {
        &self.spec.shared
    }

    fn status(&self) -> Option<&SharedStatus> {
        self.status.as_ref().map(|status| &status.shared)
    }

    fn id(&self, want: Want, home: &Home, inputs: &Inputs) -> Id {
        let is_wanted = want == Want::Present && restore::makes(inputs);
        let groups = |scope| groups::parameter_groups(self, &home.identifier, scope, &inputs.journal);
        Id {
            region: home.region.clone(),
            identifier: home.identifier.clone(),
            cluster_parameter_groups: groups(Scope::Cluster),
            parameter_groups: groups(Scope::Instance),
            subnet_group: groups::subnet_group_made(self, &home.identifier, &inputs.journal),
            source: creation::source_id(self).filter(|_| is_wanted),
            custom_endpoints: acts::manages_endpoints(self, inputs),
            final_snapshots: want == Want::Absent,
            managed_password: matches!(self.credentials(), CredentialMode::AwsManaged),
            capacities_of: capacities_of(self, inputs).filter(|_| want == Want::Present),
        }
    }

    fn credentials(&self) -> CredentialMode {
        Mode::of(self.spec.credentials.as_ref()).source()
    }

    fn references(&self, inputs: &Inputs) -> Vec<Reference> {
        let secret = match self.credentials() {
            CredentialMode::SecretRef(reference) => Some(Reference::Secret(reference)),
            _ => None,
        };
        let snapshot = creation::snapshot_name(self).filter(|_| restore::makes(inputs)).map(restore::reference);
        secret.into_iter().chain(snapshot.map(Reference::Object)).collect()
    }

    fn resolve(&mut self, objects: &Objects) {
        creation::resolve(self, objects);
    }

    fn snapshot_schedule(&self) -> Option<&SnapshotSchedule> {
        self.spec.snapshot_schedule.as_ref()
    }

    fn thing(&self, observed: &Observed) -> Seen<Thing> {
        match &observed.cluster {
            Seen::Present(cluster) => Seen::Present(Thing {
                arn: cluster.arn.clone(),
                resource_id: cluster.resource_id.clone(),
                tags: cluster.tags.clone(),
                origin: None,
            }),
            Seen::Absent => Seen::Absent,
            Seen::Unread(why) => Seen::Unread(why.clone()),
        }
    }

    fn plan(&self, want: Want, inputs: &Inputs, observed: &Observed) -> Plan<Action> {
        let identifier = identifier(self, inputs);
        plan::plan(self, want, inputs, observed, &identifier)
    }

    /// The cluster says `available` long before anybody can connect: a member must write.
    fn ready(&self, _: &Inputs, observed: &Observed) -> Readiness {
        let Some(cluster) = observed.cluster.present() else {
            return Readiness::No(Waiting::new(Reason::NotServing, "The cluster does not exist."));
        };
        let no = |reason: Reason| Readiness::No(Waiting::new(reason, format!("AWS reports {}.", cluster.status)));
        match state(&cluster.status) {
            State::Available | State::Serving => writer(cluster, observed),
            State::Changing | State::Unknown => {
                Readiness::AsBefore(Waiting::new(Reason::NotServing, format!("AWS reports {}.", cluster.status)))
            }
            State::Down if cluster.status == "creating" => no(Reason::Creating),
            State::Down => no(Reason::NotServing),
            State::Stopped => no(Reason::Stopped),
            State::Mendable(_) | State::External(_) | State::Terminal(_) => no(Reason::Broken),
            State::Deleting => no(Reason::Deleting),
        }
    }

    fn view(&self, observed: &Observed) -> View {
        let Some(cluster) = observed.cluster.present() else { return View::default() };
        let endpoint = cluster.endpoint.clone().zip(cluster.settings.port);
        View {
            aws_status: Some(cluster.status.clone()),
            endpoint: endpoint.map(|(address, port)| Endpoint { address, port }),
            pending: pending(cluster),
        }
    }

    fn facts(&self, inputs: &Inputs, observed: &Observed) -> AuroraServerlessFacts {
        let Some(cluster) = observed.cluster.present() else { return AuroraServerlessFacts::default() };
        let (settings, none) = (&cluster.settings, BTreeMap::new());
        let members = observed.members.present().unwrap_or(&none);
        let endpoints = observed.custom_endpoints.present().into_iter().flatten();
        AuroraServerlessFacts {
            engine: settings.engine.clone(),
            engine_version: settings.engine_version.clone(),
            capacity: settings.scaling.map(capacity),
            reader_endpoint: cluster.reader_endpoint.clone(),
            custom_endpoints: endpoints.filter_map(|(name, one)| Some((name.clone(), one.address.clone()?))).collect(),
            members: members.iter().map(|(name, member)| member_status(cluster, name, member)).collect(),
            members_available: (!members.is_empty())
                .then(|| format!("{}/{}", members.values().filter(|member| serves(member)).count(), members.len())),
            db_cluster_resource_id: Some(cluster.resource_id.clone()),
            http_endpoint_enabled: settings.enable_http_endpoint.filter(|is_on| *is_on),
            earliest_restorable_time: cluster.earliest_restorable.and_then(day).map(Time),
            reboot_required: needs_reboot(cluster, members).then_some(true),
            master_user_secret_arn: cluster.master_secret.as_ref().map(|(arn, _)| arn.clone()),
            certificate_valid_till: members.values().filter_map(|m| m.certificate_valid_till).min().map(Time),
            automatic_restart_time: cluster.automatic_restart.map(Time),
            advisories: advisories(self, inputs, cluster, members),
        }
    }

    fn connection(&self, inputs: &Inputs, observed: &Observed) -> Result<Connection, Waiting> {
        connection::connection(self, &identifier(self, inputs), inputs, observed)
    }
}

fn writer(cluster: &Cluster, observed: &Observed) -> Readiness {
    let members = match &observed.members {
        Seen::Present(members) => members,
        Seen::Absent => &BTreeMap::new(),
        Seen::Unread(why) => {
            let text = format!("The members could not be read: {why}");
            return Readiness::AsBefore(Waiting::new(Reason::Unreadable, text));
        }
    };
    match members.iter().find(|(name, _)| is_writer(cluster, name)) {
        Some((_, member)) if serves(member) && cluster.endpoint.is_some() => Readiness::Yes,
        Some((name, member)) => {
            Readiness::No(Waiting::new(Reason::NotServing, format!("The writer {name} is {}.", member.status)))
        }
        None => Readiness::No(Waiting::new(Reason::Creating, "The cluster has no writer yet.")),
    }
}

/// Most capacity that every engine version with Serverless v2 takes.
const USUAL_MOST: f64 = 128.0;

/// Asked of AWS only while the capacity is to become one that not every engine version takes: what is in force was taken.
fn capacities_of(object: &AuroraServerless, inputs: &Inputs) -> Option<EngineVersion> {
    let shown = object.status.as_ref().and_then(|status| status.facts.capacity.clone());
    // A create carries the capacity: that it was sent means that it was judged.
    let was_made = |call: &LastCall| call.operation.starts_with("Create") || call.operation.starts_with("Restore");
    if shown.is_none() && inputs.journal.calls.get(AuroraServerless::MAIN).is_some_and(was_made) {
        return None;
    }
    let usual = |wanted: &Scaling| wanted.min_capacity > 0.0 && wanted.max_capacity <= USUAL_MOST;
    let wanted = object.spec.settings.scaling.filter(|wanted| !usual(wanted))?;
    let engine = object.spec.settings.engine.clone()?;
    (shown != Some(capacity(wanted)))
        .then(|| EngineVersion { engine, version: object.spec.settings.engine_version.clone() })
}

fn capacity(scaling: Scaling) -> String {
    format!("{}-{} ACU", scaling.min_capacity, scaling.max_capacity)
}

/// To the day: every backup moves it, and that is no news.
fn day(at: jiff::Timestamp) -> Option<jiff::Timestamp> {
    let zoned = at.to_zoned(jiff::tz::TimeZone::UTC).start_of_day().ok()?;
    Some(zoned.timestamp())
}

fn member_status(cluster: &Cluster, name: &str, member: &Member) -> MemberStatus {
    let role = if is_writer(cluster, name) { "writer" } else { "reader" };
    MemberStatus { name: name.into(), role: role.into(), status: member.status.clone() }
}

fn needs_reboot(cluster: &Cluster, members: &BTreeMap<String, Member>) -> bool {
    let pending = |status: &Option<String>| status.as_deref() == Some("pending-reboot");
    cluster.members.values().any(|member| pending(&member.parameter_group_status))
        || members.values().any(|member| pending(&member.parameter_apply_status))
}

/// What AWS holds for the window, by field.
fn pending(cluster: &Cluster) -> BTreeMap<String, String> {
    fields(&cluster.pending).iter().filter_map(|(field, value)| Some((field.clone(), text(value)?))).collect()
}

/// Facts that stop nothing and that the user should know.
fn advisories(
    object: &AuroraServerless,
    inputs: &Inputs,
    cluster: &Cluster,
    members: &BTreeMap<String, Member>,
) -> Vec<String> {
    let mut list = Vec::new();
    if acts::failover_asked(object, inputs).is_some() && !acts::has_reader(cluster, members) {
        list.push(format!("annotation {}: there is no reader to fail over to; set spec.readers", annotation::FAILOVER));
    }
    let provisioned: Vec<&str> = members
        .iter()
        .filter(|(_, member)| member.class != crate::aws::aurora::MEMBER_CLASS)
        .map(|(name, _)| name.as_str())
        .collect();
    if !provisioned.is_empty() {
        list.push(format!("members of a provisioned class, which this kind lets be: {}", provisioned.join(", ")));
    }
    if cluster.aws_backup && object.spec.settings.backup_retention_period.is_some() {
        list.push("AWS Backup owns retention and backup window: spec.backupRetentionPeriod is left to it".into());
    }
    list
}
