//! The fields and the status that every kind shares (product.md sections 2 and 3), as they stand in the CRDs.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::owner::{Owner, Tags};

/// Annotations that users set on their objects.
pub mod annotation {
    /// `"true"`: nothing is called for this object until the annotation is gone.
    pub const PAUSED: &str = "awsdb.dev/paused";
    /// Any new token: look at AWS now.
    pub const RECONCILE: &str = "awsdb.dev/reconcile";
    /// The plan hash whose held steps may run.
    pub const APPROVE: &str = "awsdb.dev/approve";
    /// Any new token: set a new password now.
    pub const ROTATE: &str = "awsdb.dev/rotate";
    /// Any new token: fail over to a reader now (AuroraServerless).
    pub const FAILOVER: &str = "awsdb.dev/failover";
}

/// What the operator may do in AWS for this object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ManagementPolicy {
    /// Create, change and (as `deletionPolicy` says) delete.
    #[default]
    Manage,
    /// Never call anything that changes AWS; publish status and binding of what is there.
    Observe,
    /// Like Manage, but every step waits for approval.
    Plan,
}

/// What to do when the identifier exists in AWS and is not ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Adoption {
    /// Report a conflict and touch nothing.
    #[default]
    Never,
    /// Take it over if its `awsdb.dev/allow` tag lets this namespace, and nothing differs or the difference is approved.
    IfExists,
}

/// What deleting the object does to the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DeletionPolicy {
    /// The database, its tags and its Secrets stay.
    #[default]
    Retain,
    /// A final snapshot is taken, then the database is deleted.
    Snapshot,
    /// The database is destroyed without a final snapshot.
    Delete,
}

/// When a step that interrupts the database may run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DisruptivePolicy {
    /// In the maintenance window.
    #[default]
    Window,
    /// At once.
    Immediate,
    /// After `awsdb.dev/approve` repeats the plan's hash.
    Approve,
}

/// How changes are applied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangePolicy {
    /// For steps that restart, fail over or interrupt: `Window` (default) waits for the maintenance window, `Immediate`
    /// runs them at once, `Approve` holds them until approved. Applying one thing at once also applies everything else
    /// that AWS holds for the window.
    #[serde(default)]
    pub disruptive: DisruptivePolicy,
}

/// The Secret that workloads mount.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionSecret {
    /// Name of the Secret in the object's namespace. Default: `<name>-connection`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"))]
    pub name: Option<String>,
    /// Labels to put on the Secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 32, "additionalProperties" = {"type": "string", "maxLength": 63, "pattern": r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"}))]
    #[x_kube(validation = Rule::new("self.all(k, size(k) <= 317 && k.matches('^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$'))").message("keys of spec.connectionSecret.labels are label names: letters, digits, - _ . and at most one / after a DNS name"))]
    pub labels: BTreeMap<String, String>,
    /// Annotations to put on the Secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 32))]
    #[x_kube(validation = Rule::new("self.all(k, size(k) <= 317 && k.matches('^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$'))").message("keys of spec.connectionSecret.annotations are annotation names: letters, digits, - _ . and at most one / after a DNS name"))]
    pub annotations: BTreeMap<String, String>,
    /// Extra keys, each a text in which `{key}` stands for the value of a standard key, e.g.
    /// `DSN: "host={host} port={port} user={username} password={password} dbname={database}"`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 32))]
    #[x_kube(validation = Rule::new("self.all(k, size(k) <= 253 && k.matches('^[-._a-zA-Z0-9]+$') && !k.startsWith('..') && k != '.')").message("keys of spec.connectionSecret.templates are keys of a Secret: letters, digits, - _ and ."))]
    pub templates: BTreeMap<String, String>,
}

/// A key of a Secret in the object's own namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretKeyRef {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Key in the Secret. Default: `password`.
    #[serde(default = "default_secret_key")]
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}

fn default_secret_key() -> String {
    "password".into()
}

/// Fields that every kind has. Read through [`crate::kind::Kind::shared`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.identifier) == has(oldSelf.identifier)").message("spec.identifier is immutable: it can be neither added nor removed once the object exists; make a new object instead"),
    validation = Rule::new("has(self.region) == has(oldSelf.region)").message("spec.region is immutable: it can be neither added nor removed once the object exists; make a new object instead")
)]
pub struct SharedSpec {
    /// Name in AWS. Default: `<namespace>-<name>`, made to fit AWS's rules. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[A-Za-z0-9_.-]+$"))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.identifier is immutable: renaming would make another database; make a new object instead"))]
    pub identifier: Option<String>,
    /// AWS region. Default: the operator's `--region`. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32), regex(pattern = r"^[a-z]{2,4}(-[a-z]+)+-[0-9]$"))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.region is immutable: a database cannot move; restore a snapshot copy in the other region instead"))]
    pub region: Option<String>,
    /// `Manage` (default), `Observe` (never changes AWS) or `Plan` (every step waits for approval).
    #[serde(default)]
    pub management_policy: ManagementPolicy,
    /// What to do when the identifier exists in AWS and is not ours: `Never` (default) or `IfExists`.
    #[serde(default)]
    pub adoption: Adoption,
    /// What deleting the object does to the database: `Retain` (default), `Snapshot` or `Delete`.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
    /// How changes are applied.
    #[serde(default)]
    pub change_policy: ChangePolicy,
    /// The Secret that workloads mount.
    #[serde(default)]
    pub connection_secret: ConnectionSecret,
    /// AWS tags, besides the ownership tags. Tags that are not listed are left alone unless this object set them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 45))]
    #[x_kube(validation = Rule::new("self.all(k, size(k) >= 1 && size(k) <= 128 && !k.startsWith('aws:') && !k.startsWith('rds:') && !k.startsWith('awsdb.dev/'))").message("tag keys have 1 to 128 characters and do not begin with aws:, rds: or awsdb.dev/ (those are AWS's and the operator's)"))]
    pub tags: Option<BTreeMap<String, String>>,
}

impl SharedSpec {
    /// Tags of everything that is made for the object: the user's and the owner's.
    pub fn tags_of(&self, owner: &Owner) -> Tags {
        let mut tags = self.tags.clone().unwrap_or_default();
        tags.extend(owner.tags());
        tags
    }

    /// Whether deleting the object will call AWS, so that the object must stay until that is done.
    pub fn needs_finalizer(&self) -> bool {
        self.management_policy != ManagementPolicy::Observe && self.deletion_policy != DeletionPolicy::Retain
    }
}

/// DbSnapshots by the clock. They outlive the database; only those that this schedule made are ever pruned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotSchedule {
    /// When, as a cron expression of five fields in UTC: `0 3 * * *` is every day at three.
    #[schemars(length(min = 9, max = 128))]
    pub cron: String,
    /// How many are kept, 1 to 90: older ones are deleted with their snapshots, and only after a newer one is ready.
    #[schemars(range(min = 1, max = 90))]
    pub retain: i32,
}

/// Where the database listens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// DNS name.
    pub address: String,
    /// TCP port.
    pub port: i32,
}

/// The connection Secret, in the form of the Service Binding specification's Provisioned Service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    /// Name of the Secret in the object's namespace.
    pub name: String,
}

/// One field that a step changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Field of the spec.
    pub field: String,
    /// Value in AWS, absent when unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Value wanted, absent when it is to be removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (from, to) = (self.from.as_deref().unwrap_or("unset"), self.to.as_deref().unwrap_or("unset"));
        write!(f, "{}: {from} -> {to}", self.field)
    }
}

/// One pending AWS call, as shown in `status.plan`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedStep {
    /// Hash of thing, call, changes and class: what an approval covers.
    pub id: String,
    /// The AWS thing, e.g. `instance` or `parameterGroup`.
    pub thing: String,
    /// The AWS operation.
    pub call: String,
    /// Fields, old to new.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// What it does to the database: `none`, `brief-interruption`, `reboot`, `failover`, `replacement` or `data-loss`.
    pub class: String,
    /// `now`, `window`, `approval` or `later`.
    pub when: String,
    /// Why it is needed, and why it waits.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub because: String,
}

/// Every pending AWS call, printed before it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanStatus {
    /// Covers the held steps: what `awsdb.dev/approve` must repeat. Absent when nothing is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// The steps in order.
    pub steps: Vec<PlannedStep>,
}

/// The last mutating call to one AWS thing, noted before it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LastCall {
    /// The AWS operation.
    pub operation: String,
    /// When it was about to be sent.
    pub at: Time,
    /// Id of the step.
    pub step: String,
}

/// A step that AWS refused. It is not sent again before `until`, unless it changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rejection {
    /// Condition reason.
    pub reason: String,
    /// AWS's words and what to do.
    pub message: String,
    /// When it is tried once more.
    pub until: Time,
}

/// What must survive a crash between two calls. Written before the call that it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Journal {
    /// Facts that a kind noted ahead of a call.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<String, String>,
    /// The last mutating call by thing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub calls: BTreeMap<String, LastCall>,
    /// How often each step was sent since things were last settled: three times without effect is a loop.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("additionalProperties" = {"type": "integer", "format": "int32", "minimum": 0}))]
    pub attempts: BTreeMap<String, u32>,
    /// Steps that AWS refused, by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rejected: BTreeMap<String, Rejection>,
    /// Ids of approved steps, until they are done or changed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub approved: BTreeSet<String>,
}

impl Journal {
    /// True when nothing needs to be remembered.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Status that every kind has (product.md section 3). Nothing in it changes without news.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct SharedStatus {
    /// Generation of the spec that this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`, `Synced` and, only while true, `Reconciling` and `Stalled`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// Name in AWS, never recomputed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// AWS region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// ARN, from the first time it was seen as ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// AWS account (12 digits) in which it was made or found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// AWS's own word for its state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws_status: Option<String>,
    /// Where it listens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Endpoint>,
    /// The connection Secret, once it is complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<Binding>,
    /// Pending AWS calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanStatus>,
    /// What AWS holds for the maintenance window, by field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pending: BTreeMap<String, String>,
    /// Keyed hash of the password in the connection Secret: tells that it changed, not what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
    /// The operator's own notes.
    #[serde(default, skip_serializing_if = "Journal::is_empty")]
    pub journal: Journal,
}
