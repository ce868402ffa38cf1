//! The CRD of DbSnapshot (aws-rds.md section 3).

use std::collections::{BTreeMap, BTreeSet};

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::{SharedSpec, SharedStatus};

/// A manual snapshot of a database, or a copy of one, with copies in other regions and shares.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "awsdb.dev",
    version = "v1alpha1",
    kind = "DbSnapshot",
    plural = "dbsnapshots",
    shortname = "dbsnap",
    category = "awsdb",
    namespaced,
    status = "DbSnapshotStatus",
    derive = "PartialEq",
    doc = "A snapshot of an RDS instance or an Aurora cluster, or a backup of a DynamoDB table, declared. Deleting the object keeps the snapshot unless spec.deletionPolicy says Delete.",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.awsStatus"),
    printcolumn(name = "Of", type_ = "string", json_path = ".status.source"),
    printcolumn(name = "Engine", type_ = "string", json_path = ".status.engine"),
    printcolumn(name = "Taken", type_ = "date", json_path = ".status.snapshotTime"),
    printcolumn(name = "Expires", type_ = "string", json_path = ".status.expires"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Progress", type_ = "string", json_path = ".status.progress", priority = 1),
    printcolumn(name = "Snapshot", type_ = "string", json_path = ".status.identifier", priority = 1),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason", priority = 1),
    validation = Rule::new("size(self.metadata.name) <= 63").message("metadata.name has at most 63 characters")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.identifier) || (size(self.identifier) <= 63 && self.identifier.matches('^[a-zA-Z][a-zA-Z0-9]*(-[a-zA-Z0-9]+)*$')) || self.managementPolicy == 'Observe'").message("spec.identifier of a snapshot has at most 63 letters, digits and single hyphens, a letter first (others only with managementPolicy: Observe)"),
    validation = Rule::new("self.deletionPolicy != 'Snapshot'").message("spec.deletionPolicy of a snapshot is Retain or Delete: there is nothing to take a snapshot of"),
    validation = Rule::new("!has(self.connectionSecret) || (!has(self.connectionSecret.name) && !has(self.connectionSecret.labels) && !has(self.connectionSecret.annotations) && !has(self.connectionSecret.templates))").message("a snapshot has no connection Secret: remove spec.connectionSecret"),
    validation = Rule::new("!has(self.ttl) || self.deletionPolicy == 'Delete'").message("spec.ttl deletes the object and its snapshot: it needs spec.deletionPolicy: Delete"),
    validation = Rule::new("has(self.source) == has(oldSelf.source)").message("spec.source is immutable: a snapshot is taken once; make a new object"),
    validation = Rule::new("oldSelf.hasValue() || has(self.source) || self.managementPolicy == 'Observe' || self.adoption == 'IfExists'").message("spec.source is required unless managementPolicy is Observe or adoption is IfExists").optional_old_self(true),
    validation = Rule::new("!has(self.source) || !has(self.source.dynamoTable) || (!has(self.copies) && !has(self.shareWith) && !has(self.kmsKeyId))").message("DynamoDB copies and shares no backups: remove spec.copies, spec.shareWith and spec.kmsKeyId, or use AWS Backup"),
    validation = Rule::new("!has(self.kmsKeyId) || (has(self.source) && has(self.source.copyOf))").message("spec.kmsKeyId is for a copy (spec.source.copyOf): a snapshot has the key of its database"),
    validation = Rule::new("!has(self.copies) || !has(self.region) || self.copies.all(c, c.region != self.region)").message("spec.copies are for other regions than spec.region")
)]
pub struct DbSnapshotSpec {
    /// Fields that every kind has.
    #[serde(flatten)]
    pub shared: SharedSpec,
    /// What the snapshot is taken of. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.source is immutable: a snapshot is taken once; make a new object"))]
    pub source: Option<Source>,
    /// KMS key of a copy, in its own region. Required where an encrypted snapshot comes from another region or account.
    /// Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.kmsKeyId is immutable: make another copy"))]
    pub kms_key_id: Option<String>,
    /// Copies in other regions, under the same identifier. A copy that is removed here stays in AWS under deletionPolicy
    /// Retain, and is deleted under Delete after approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["region".into()]))]
    pub copies: Option<Vec<Copy>>,
    /// AWS accounts (12 digits) that may restore it. An encrypted one needs a customer managed key that they may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20), inner(length(equal = 12), regex(pattern = r"^[0-9]{12}$")))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub share_with: Option<BTreeSet<String>>,
    /// Age at which the object is deleted with its snapshot and copies, in hours or days: `720h`, `30d`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 8), regex(pattern = r"^[1-9][0-9]*[hd]$"))]
    pub ttl: Option<String>,
}

/// What a snapshot is taken of: exactly one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[has(self.rdsInstance), has(self.auroraServerless), has(self.dynamoTable), has(self.copyOf)].filter(x, x).size() == 1").message("spec.source takes exactly one of rdsInstance, auroraServerless, dynamoTable and copyOf"))]
pub struct Source {
    /// An RDS instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rds_instance: Option<Database>,
    /// An Aurora cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aurora_serverless: Option<Database>,
    /// A DynamoDB table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dynamo_table: Option<Database>,
    /// A snapshot that exists: an automated one, one of another region, or one that another account shares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy_of: Option<CopyOf>,
}

/// A database, by its object in the same namespace or by its name in AWS: exactly one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.name) != has(self.identifier)").message("name an object of this namespace (name) or a database in AWS (identifier)"))]
pub struct Database {
    /// Name of an object in the same namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub name: Option<String>,
    /// Name in AWS, in the snapshot's region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub identifier: Option<String>,
}

/// A snapshot to copy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.region) || self.identifier.startsWith('arn:')").message("spec.source.copyOf.identifier is an ARN when it comes from another region"))]
pub struct CopyOf {
    /// Of what it is: `Instance` (default) or `Cluster`.
    #[serde(default)]
    pub family: CopyFamily,
    /// Snapshot identifier, or ARN.
    #[schemars(length(min = 1, max = 2048))]
    pub identifier: String,
    /// Region where it is. Default: the object's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32), regex(pattern = r"^[a-z]{2,4}(-[a-z]+)+-[0-9]$"))]
    pub region: Option<String>,
}

/// Of what a snapshot to copy is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CopyFamily {
    /// An RDS instance.
    #[default]
    Instance,
    /// An Aurora cluster.
    Cluster,
}

/// A copy in another region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Copy {
    /// Region.
    #[schemars(length(min = 1, max = 32), regex(pattern = r"^[a-z]{2,4}(-[a-z]+)+-[0-9]$"))]
    pub region: String,
    /// KMS key in that region. Required where the snapshot is encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub kms_key_id: Option<String>,
}

/// Status of a DbSnapshot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct DbSnapshotStatus {
    /// Fields that every kind has.
    #[serde(flatten)]
    pub shared: SharedStatus,
    /// What is particular to a snapshot.
    #[serde(flatten)]
    pub facts: DbSnapshotFacts,
}

/// What status tells about a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DbSnapshotFacts {
    /// The database that it was taken of, as `<kind>/<identifier>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// `Instance`, `Cluster` or `Table`: what can be restored from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// Engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Engine version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine_version: Option<String>,
    /// The moment that it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_time: Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::Time>,
    /// When the object is deleted with it (spec.ttl).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::Time>,
    /// Progress in steps of ten percent, while it is made: `40%`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<String>,
    /// Encrypted at rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<bool>,
    /// KMS key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
    /// State of each copy, by region.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub copies: BTreeMap<String, String>,
    /// Accounts that may restore it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub shared_with: BTreeSet<String>,
}
