//! Builders that read aloud, `rds().wants(json!({..})).status("modifying")`, and plans as text. No test here touches
//! AWS or Kubernetes: a plan is a value.

mod adoption;
mod changes;
mod connection;
mod creation;
mod credentials;
mod fields;
mod groups;
mod removal;
mod states;
mod stories;

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::spec::*;
use crate::aws::owner::Owner;
use crate::aws::rds::{Action, Instance, Modification, Observed, Origin, SourceId};
use crate::aws::{Password, PasswordUse, Seen};
use crate::conditions::Reason;
use crate::diff;
use crate::kind::{Inputs, Kind, Plan, Step, Stored, Supplied, Want, When};
use crate::life::RESOURCE_ID;
use crate::spec::{Change, DisruptivePolicy, LastCall};

const ARN: &str = "arn:aws:rds:eu-central-1:123456789012:db:shop-orders";
const KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/1111";
/// A Wednesday; the maintenance window of [`rds`] is on Sundays.
const NOW: &str = "2026-11-25T12:00:00Z";
const IN_WINDOW: &str = "2026-11-22T03:30:00Z";

/// Everything that a plan depends on.
#[derive(Clone)]
struct Scene {
    object: RdsInstance,
    want: Want,
    inputs: Inputs,
    observed: Observed,
}

/// A postgres object whose instance is available and as the spec says.
fn rds() -> Scene {
    let spec = json!({
        "engine": "postgres", "engineVersion": "16.4", "dbInstanceClass": "db.t4g.small",
        "allocatedStorage": 100, "masterUsername": "admin",
    });
    let mut object = RdsInstance::new("orders", serde_json::from_value(spec).unwrap());
    object.metadata.namespace = Some("shop".into());
    object.metadata.uid = Some("0123ABCD-4567-89ab-cdef-0123456789ab".into());
    object.status = Some(RdsInstanceStatus::default());
    let inputs = inputs(&object);
    let observed = Observed { instance: Seen::Present(instance(&inputs.owner)), ..Observed::unread() };
    let scene = Scene { object, want: Want::Present, inputs, observed };
    scene.recorded("shop-orders", "16.4")
}

/// The same object before there is anything in AWS.
fn unmade() -> Scene {
    let mut scene = rds().absent();
    scene.object.status = None;
    scene.inputs.recorded_arn = None;
    scene.inputs.recorded_account = None;
    scene.inputs.journal = Default::default();
    scene.inputs.stored = Stored::default();
    scene
}

fn inputs(object: &RdsInstance) -> Inputs {
    Inputs {
        main: "instance",
        absent_since: None,
        now: NOW.parse().unwrap(),
        owner: Owner {
            installation: "prod".into(),
            cluster: "cluster-1".into(),
            kind: "RdsInstance".into(),
            namespace: "shop".into(),
            name: "orders".into(),
        },
        trust_account: false,
        account: "123456789012".into(),
        recorded_account: Some("123456789012".into()),
        recorded_arn: Some(ARN.into()),
        uid: object.metadata.uid.clone().unwrap_or_default(),
        journal: crate::spec::Journal {
            notes: BTreeMap::from([(RESOURCE_ID.into(), "db-1".into())]),
            ..Default::default()
        },
        accepted: false,
        stored: Stored {
            password: Some(Password::new("in-force-1")),
            rotated_at: Some("2026-11-20T12:00:00Z".parse().unwrap()),
            ..Stored::default()
        },
        supplied: Supplied::NotAsked,
        config_maps: Default::default(),
        objects: Default::default(),
        rotate: None,
        clocks: Default::default(),
    }
}

/// An instance as AWS shows it, with everything that AWS adds by itself.
fn instance(owner: &Owner) -> Instance {
    let settings = json!({
        "engine": "postgres", "engineVersion": "16.4", "dbInstanceClass": "db.t4g.small",
        "allocatedStorage": 100, "masterUsername": "admin",
        "storageType": "gp3", "iops": 3000, "storageThroughput": 125, "dedicatedLogVolume": false,
        "additionalStorageVolumes": {}, "storageEncrypted": true, "kmsKeyId": KEY, "port": 5432, "multiAZ": false,
        "availabilityZone": "eu-central-1a", "dbSubnetGroupName": "default", "vpcSecurityGroupIds": ["sg-default"],
        "publiclyAccessible": false, "networkType": "IPV4", "dbParameterGroupName": "default.postgres16",
        "optionGroupName": "default:postgres-16", "backupRetentionPeriod": 1, "preferredBackupWindow": "01:00-01:30",
        "preferredMaintenanceWindow": "sun:03:00-sun:04:00", "autoMinorVersionUpgrade": true,
        "copyTagsToSnapshot": true, "deletionProtection": false, "monitoringInterval": 0,
        "enablePerformanceInsights": false, "databaseInsightsMode": "standard", "iamDatabaseAuthentication": false,
        "enableCloudwatchLogsExports": [], "caCertificateIdentifier": "rds-ca-rsa2048-g1",
        "licenseModel": "postgresql-license", "processorFeatures": {},
        "engineLifecycleSupport": "open-source-rds-extended-support", "backupTarget": "region",
    });
    Instance {
        arn: ARN.into(),
        resource_id: "db-1".into(),
        status: "available".into(),
        endpoint: Some(("shop-orders.abc.eu-central-1.rds.amazonaws.com".into(), 5432)),
        settings: serde_json::from_value(settings).unwrap(),
        tags: owner.tags(),
        parameter_apply_status: Some("in-sync".into()),
        option_groups: BTreeMap::from([("default:postgres-16".into(), "in-sync".into())]),
        ..Instance::default()
    }
}

/// A JSON merge patch on anything that serialises: null takes a field away.
fn patched<T: Serialize + DeserializeOwned>(value: &T, patch: Value) -> T {
    let mut json = serde_json::to_value(value).unwrap();
    let (Some(map), Value::Object(patch)) = (json.as_object_mut(), patch) else { panic!("objects only") };
    for (field, value) in patch {
        if value.is_null() {
            map.remove(&field);
        } else {
            map.insert(field, value);
        }
    }
    serde_json::from_value(json).unwrap()
}

impl Scene {
    /// Fields of the spec.
    fn wants(mut self, patch: Value) -> Self {
        self.object.spec = patched(&self.object.spec, patch);
        self
    }

    /// Fields in force in AWS.
    fn has(self, patch: Value) -> Self {
        self.instance(|instance| instance.settings = patched(&instance.settings, patch))
    }

    /// Fields in the spec and in force alike.
    fn both(self, patch: Value) -> Self {
        self.wants(patch.clone()).has(patch)
    }

    /// Fields that AWS holds for the window.
    fn holds(self, patch: Value) -> Self {
        self.instance(|instance| instance.pending = patched(&instance.pending, patch))
    }

    fn instance(mut self, change: impl FnOnce(&mut Instance)) -> Self {
        let Seen::Present(instance) = &mut self.observed.instance else { panic!("there is no instance") };
        change(instance);
        self
    }

    fn given(mut self, change: impl FnOnce(&mut Inputs)) -> Self {
        change(&mut self.inputs);
        self
    }

    fn seen(mut self, change: impl FnOnce(&mut Observed)) -> Self {
        change(&mut self.observed);
        self
    }

    fn class(self, class: &str) -> Self {
        self.wants(json!({ "dbInstanceClass": class }))
    }

    fn status(self, status: &str) -> Self {
        self.instance(|instance| instance.status = status.into())
    }

    fn engine(self, engine: &str, version: &str) -> Self {
        let mut scene = self.both(json!({ "engine": engine, "engineVersion": version }));
        scene = scene.recorded("shop-orders", version);
        scene
    }

    /// What status says of an earlier round.
    fn recorded(mut self, identifier: &str, version: &str) -> Self {
        let status = self.object.status.get_or_insert_default();
        status.shared.identifier = Some(identifier.into());
        status.facts.engine_version = Some(version.into());
        self
    }

    fn disruptive(mut self, policy: DisruptivePolicy) -> Self {
        self.object.spec.shared.change_policy.disruptive = policy;
        self
    }

    fn immediate(self) -> Self {
        self.disruptive(DisruptivePolicy::Immediate)
    }

    fn by_approval(self) -> Self {
        self.disruptive(DisruptivePolicy::Approve)
    }

    fn deleting(mut self) -> Self {
        self.want = Want::Absent;
        self
    }

    /// Nothing of that name is in AWS.
    fn absent(mut self) -> Self {
        self.observed.instance = Seen::Absent;
        self
    }

    /// A call to a thing was sent this many seconds ago.
    fn called(mut self, thing: &str, operation: &str, seconds: i64, accepted: bool) -> Self {
        let at = Time(self.inputs.now - jiff::SignedDuration::from_secs(seconds));
        let call = LastCall { operation: operation.into(), at, step: String::new() };
        self.inputs.journal.calls.insert(thing.into(), call);
        self.inputs.accepted = accepted;
        self
    }

    fn noted(mut self, key: &str, value: &str) -> Self {
        self.inputs.journal.notes.insert(key.into(), value.into());
        self
    }

    fn at(mut self, now: &str) -> Self {
        self.inputs.now = now.parse().unwrap();
        self
    }

    fn plan(&self) -> Plan<Action> {
        self.object.plan(self.want, &self.inputs, &self.observed)
    }

    /// The steps as text.
    fn steps(&self) -> Vec<String> {
        self.plan().steps.iter().map(told).collect()
    }

    /// The reason of the problem and what it says.
    fn problem(&self) -> (Reason, String) {
        let plan = self.plan();
        let problem = plan.problem.unwrap_or_else(|| panic!("no problem; steps {:?}", plan.steps));
        (problem.reason, problem.message)
    }

    fn waits_for(&self) -> Option<Reason> {
        self.plan().waiting.map(|waiting| waiting.reason)
    }
}

/// A step as people say it: when, what with which members, what it does.
fn told(step: &Step<Action>) -> String {
    let when = match &step.when {
        When::Now => "now".to_string(),
        When::SentForWindow => "sent for the window".into(),
        When::Window => "held for the window".into(),
        When::Approval => "held for approval".into(),
        When::After(waiting) => format!("later ({})", waiting.reason),
    };
    let (operation, detail) = (crate::aws::Action::operation(&step.action), detail(&step.action));
    let detail = if detail.is_empty() { String::new() } else { format!(" {detail}") };
    format!("{when}: {operation}{detail} ({})", step.class.word())
}

fn detail(action: &Action) -> String {
    match action {
        Action::Modify(modification) => members(modification),
        Action::SetPassword => "the next password".into(),
        Action::ManagePassword { managed, kms_key_id } => {
            format!(
                "manageMasterUserPassword={managed}{}",
                kms_key_id.iter().map(|k| format!(" {k}")).collect::<String>()
            )
        }
        Action::Create { origin, password, managed, .. } => {
            let from = match origin {
                Origin::New => "new".to_string(),
                Origin::Snapshot(name) => format!("from {name}"),
                Origin::Replica(name) => format!("replica of {name}"),
                Origin::PointInTime { source: SourceId::Instance(id) | SourceId::ResourceId(id), at } => {
                    format!("from {id} at {}", at.map_or("latest".into(), |at| at.to_string()))
                }
                Origin::PointInTime { source, at } => format!("from {source:?} at {at:?}"),
            };
            let with = match (password, managed) {
                (PasswordUse::Current, _) => ", with password",
                (_, Some(_)) => ", password managed by AWS",
                _ => ", without password",
            };
            format!("{from}{with}")
        }
        Action::Promote { backup_retention_period, .. } => {
            backup_retention_period.map(|days| format!("keeping backups {days} days")).unwrap_or_default()
        }
        Action::AddRole { feature, role } | Action::RemoveRole { feature, role } => format!("{role} for {feature}"),
        Action::Tag { tags, .. } => tags.keys().cloned().collect::<Vec<_>>().join(" "),
        Action::Untag { keys, .. } => keys.iter().cloned().collect::<Vec<_>>().join(" "),
        Action::Delete { final_snapshot, delete_automated_backups } => {
            let snapshot = final_snapshot.clone().map_or("without snapshot".into(), |name| format!("with {name}"));
            format!("{snapshot}{}", if *delete_automated_backups { ", with backups" } else { "" })
        }
        Action::CreateSubnetGroup { name, .. }
        | Action::ModifySubnetGroup { name, .. }
        | Action::DeleteSubnetGroup { name }
        | Action::CreateParameterGroup { name, .. }
        | Action::DeleteParameterGroup { name } => name.clone(),
        Action::SetParameters { name, values } => format!("{name} {} values", values.len()),
        Action::ResetParameters { name, names } => format!("{name} {} names", names.len()),
        Action::Reboot | Action::Start | Action::Stop => String::new(),
    }
}

/// Every member that a ModifyDBInstance sends, and its flags.
fn members(modification: &Modification) -> String {
    let Modification {
        settings,
        logs,
        apply_immediately,
        allow_major_version_upgrade,
        default_processor_features,
        disable_domain,
    } = modification;
    let mut list: Vec<String> = diff::fields(settings)
        .iter()
        .map(|(field, value)| format!("{field}={}", diff::text(value).unwrap_or_default()))
        .collect();
    if let Some(logs) = logs {
        list.extend(logs.enable.iter().map(|log| format!("+{log}")));
        list.extend(logs.disable.iter().map(|log| format!("-{log}")));
    }
    for (flag, name) in [
        (default_processor_features, "default processor features"),
        (disable_domain, "leave the domain"),
        (allow_major_version_upgrade, "allowing major"),
        (apply_immediately, "immediately"),
    ] {
        if *flag {
            list.push(name.into());
        }
    }
    list.join(", ")
}

/// The changes of a step as text.
fn changes_of(step: &Step<Action>) -> Vec<String> {
    step.changes.iter().map(Change::to_string).collect()
}
