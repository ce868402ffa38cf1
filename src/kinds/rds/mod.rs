//! RdsInstance: the answers of the kind.

mod acts;
mod changes;
mod connection;
mod coupling;
mod creation;
mod credentials;
mod effects;
mod gate;
mod groups;
mod plan;
mod progress;
mod removal;
mod spec;
mod states;
mod tags;

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

pub use spec::*;

use crate::aws::Seen;
use crate::aws::rds::{Action, Id, Instance, Observed, RdsRemote};
use crate::conditions::Reason;
use crate::diff::{fields, text};
use crate::kind::{
    Connection, CredentialMode, Home, Inputs, Kind, Plan, Readiness, Reference, Thing, View, Waiting, Want,
};
use crate::kinds::identifier;
use crate::life::RESOURCE_ID;
use crate::spec::{Endpoint, SharedSpec, SharedStatus};
use credentials::mode_of;
use states::{State, state};

impl Kind for RdsInstance {
    type Remote = RdsRemote;
    type Facts = RdsInstanceFacts;
    const IDENTIFIER_MAX: usize = 63;
    const MAIN: &'static str = "instance";

    fn shared(&self) -> &SharedSpec {
        &self.spec.shared
    }

    fn status(&self) -> Option<&SharedStatus> {
        self.status.as_ref().map(|status| &status.shared)
    }

    fn id(&self, want: Want, home: &Home, inputs: &Inputs) -> Id {
        let was_made = inputs.journal.notes.get(RESOURCE_ID).is_some_and(|id| !id.is_empty());
        // Made again after it was lost, it needs its source once more, with all that is asked of one.
        let is_wanted = want == Want::Present && (!was_made || inputs.absent_since.is_some());
        Id {
            region: home.region.clone(),
            identifier: home.identifier.clone(),
            parameter_groups: groups::parameter_groups(self, &home.identifier, &inputs.journal),
            subnet_group: groups::subnet_group_made(self, &home.identifier, &inputs.journal),
            source: creation::source_id(self).filter(|_| is_wanted),
            final_snapshots: want == Want::Absent,
            managed_password: matches!(self.credentials(), CredentialMode::AwsManaged),
        }
    }

    fn credentials(&self) -> CredentialMode {
        mode_of(self, false).source()
    }

    fn references(&self, _: &Inputs) -> Vec<Reference> {
        match self.credentials() {
            CredentialMode::SecretRef(reference) => vec![Reference::Secret(reference)],
            _ => Vec::new(),
        }
    }

    fn thing(&self, observed: &Observed) -> Seen<Thing> {
        match &observed.instance {
            Seen::Present(instance) => Seen::Present(Thing {
                arn: instance.arn.clone(),
                resource_id: instance.resource_id.clone(),
                tags: instance.tags.clone(),
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

    fn ready(&self, _: &Inputs, observed: &Observed) -> Readiness {
        let Some(instance) = observed.instance.present() else {
            return Readiness::No(Waiting::new(Reason::NotServing, "The instance does not exist."));
        };
        let no = |reason: Reason| Readiness::No(Waiting::new(reason, format!("AWS reports {}.", instance.status)));
        match state(&instance.status) {
            State::Available | State::StorageBusy | State::Serving if instance.endpoint.is_none() => {
                no(Reason::Creating)
            }
            State::Available | State::StorageBusy | State::Serving => Readiness::Yes,
            State::Changing | State::Unknown => {
                Readiness::AsBefore(Waiting::new(Reason::NotServing, format!("AWS reports {}.", instance.status)))
            }
            State::Down if instance.status == "creating" => no(Reason::Creating),
            State::Down => no(Reason::NotServing),
            State::Stopped => no(Reason::Stopped),
            State::StorageFull => no(Reason::StorageFull),
            State::Mendable(_) | State::External(_) | State::Terminal(_) => no(Reason::Broken),
            State::Deleting => no(Reason::Deleting),
        }
    }

    fn view(&self, observed: &Observed) -> View {
        let Some(instance) = observed.instance.present() else { return View::default() };
        View {
            aws_status: Some(instance.status.clone()),
            endpoint: instance.endpoint.clone().map(|(address, port)| Endpoint { address, port }),
            pending: pending(instance),
        }
    }

    fn facts(&self, _: &Inputs, observed: &Observed) -> RdsInstanceFacts {
        let Some(instance) = observed.instance.present() else { return RdsInstanceFacts::default() };
        let settings = &instance.settings;
        RdsInstanceFacts {
            engine: settings.engine.clone(),
            engine_version: settings.engine_version.clone(),
            db_instance_class: settings.db_instance_class.clone(),
            allocated_storage: settings.allocated_storage,
            dbi_resource_id: Some(instance.resource_id.clone()),
            replica_of: instance.replica_source.clone(),
            replicas: instance.replicas.clone(),
            reboot_required: (instance.parameter_apply_status.as_deref() == Some("pending-reboot")).then_some(true),
            master_user_secret_arn: instance.master_secret.as_ref().map(|(arn, _)| arn.clone()),
            certificate_valid_till: instance.certificate_valid_till.map(Time),
            automatic_restart_time: instance.automatic_restart.map(Time),
            advisories: advisories(self, instance),
        }
    }

    fn connection(&self, inputs: &Inputs, observed: &Observed) -> Result<Connection, Waiting> {
        connection::connection(self, inputs, observed)
    }
}

/// What AWS holds for the window, by field.
fn pending(instance: &Instance) -> BTreeMap<String, String> {
    let mut held: BTreeMap<String, String> =
        fields(&instance.pending).iter().filter_map(|(field, value)| Some((field.clone(), text(value)?))).collect();
    let group = instance.option_groups.iter().find(|(_, status)| *status == "pending-maintenance-apply");
    held.extend(group.map(|(name, _)| ("optionGroupName".into(), name.clone())));
    held
}

/// Facts that stop nothing and that the user should know.
fn advisories(object: &RdsInstance, instance: &Instance) -> Vec<String> {
    let (wanted, is) = (&object.spec.settings, &instance.settings);
    let mut list = Vec::new();
    if let (Some(want), Some(have), None) =
        (wanted.allocated_storage, is.allocated_storage, wanted.max_allocated_storage)
        && have > want
    {
        list.push(format!(
            "spec.allocatedStorage is {want} GiB and AWS has {have}: RDS storage cannot shrink, nothing is sent"
        ));
    }
    if object.spec.source.as_ref().is_some_and(|source| source.replica_of.is_some())
        && instance.replica_source.is_none()
        && object.spec.promote != Some(true)
    {
        list.push("spec.source.replicaOf is history: the instance was promoted and stays independent".into());
    }
    if instance.aws_backup && (wanted.backup_retention_period.is_some() || wanted.preferred_backup_window.is_some()) {
        list.push("AWS Backup owns retention and backup window: spec.backupRetentionPeriod and spec.preferredBackupWindow are left to it".into());
    }
    list
}

#[cfg(test)]
mod tests;
