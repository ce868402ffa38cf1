//! The CRD of AuroraServerless: operator fields, AWS settings, cross-field rules (aws-rds.md section 2).

use std::collections::{BTreeMap, BTreeSet};

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::aurora::{EndpointType, MemberSettings, Settings};
use crate::kinds::rds::{Credentials, PowerState, SnapshotSource};
use crate::spec::{SharedSpec, SharedStatus, SnapshotSchedule};

/// An Aurora Serverless v2 cluster: the cluster, its `db.serverless` writer and its readers, with the credentials and, if
/// `parameters`, `clusterParameters` or `subnetIds` are given, groups of its own.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "awsdb.dev",
    version = "v1alpha1",
    kind = "AuroraServerless",
    plural = "auroraserverlesses",
    shortname = "aurora",
    category = "awsdb",
    namespaced,
    status = "AuroraServerlessStatus",
    derive = "PartialEq",
    doc = "An Amazon Aurora Serverless v2 cluster with its members, declared. Deleting the object keeps the database unless spec.deletionPolicy says otherwise.",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.awsStatus"),
    printcolumn(name = "Engine", type_ = "string", json_path = ".status.engine"),
    printcolumn(name = "Version", type_ = "string", json_path = ".status.engineVersion"),
    printcolumn(name = "Capacity", type_ = "string", json_path = ".status.capacity"),
    printcolumn(name = "Members", type_ = "string", json_path = ".status.membersAvailable"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Synced", type_ = "string", json_path = ".status.conditions[?(@.type==\"Synced\")].status", priority = 1),
    printcolumn(name = "Endpoint", type_ = "string", json_path = ".status.endpoint.address", priority = 1),
    printcolumn(name = "Reader", type_ = "string", json_path = ".status.readerEndpoint", priority = 1),
    printcolumn(name = "Secret", type_ = "string", json_path = ".status.binding.name", priority = 1),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason", priority = 1),
    validation = Rule::new("size(self.metadata.name) <= 63").message("metadata.name has at most 63 characters"),
    validation = Rule::new("!has(self.spec.connectionSecret) || !has(self.spec.connectionSecret.name) || self.spec.connectionSecret.name != self.metadata.name + '-credentials'").message("spec.connectionSecret.name must not be <name>-credentials: that is the operator's own Secret")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("oldSelf.hasValue() || has(self.engine) || self.managementPolicy == 'Observe' || self.adoption == 'IfExists'").message("spec.engine is required unless managementPolicy is Observe or adoption is IfExists").optional_old_self(true),
    validation = Rule::new("oldSelf.hasValue() || has(self.serverlessV2ScalingConfiguration) || self.managementPolicy == 'Observe' || self.adoption == 'IfExists'").message("a new cluster needs spec.serverlessV2ScalingConfiguration").optional_old_self(true),
    validation = Rule::new("oldSelf.hasValue() || has(self.source) || has(self.masterUsername) || self.managementPolicy == 'Observe' || self.adoption == 'IfExists'").message("a new cluster needs spec.masterUsername").optional_old_self(true),
    validation = Rule::new("!has(oldSelf.serverlessV2ScalingConfiguration) || has(self.serverlessV2ScalingConfiguration)").message("spec.serverlessV2ScalingConfiguration cannot be removed: AWS keeps the capacity of a serverless cluster"),
    validation = Rule::new("!has(self.identifier) || (size(self.identifier) <= 48 && self.identifier.matches('^[a-z][a-z0-9]*(-[a-z0-9]+)*$'))").message("spec.identifier of an Aurora cluster has at most 48 lower-case letters, digits and single hyphens, a letter first: members and snapshots add to it"),
    validation = Rule::new("has(oldSelf.source) || !has(self.source)").message("spec.source is write-once: it cannot be added to an object that exists; make a new object to restore or clone"),
    validation = Rule::new("!has(self.credentials) || !has(self.credentials.iam) || (has(self.iamDatabaseAuthentication) && self.iamDatabaseAuthentication)").message("spec.credentials.iam needs spec.iamDatabaseAuthentication: true"),
    validation = Rule::new("(has(self.monitoringInterval) && self.monitoringInterval > 0) == has(self.monitoringRoleArn)").message("spec.monitoringRoleArn is required when spec.monitoringInterval is above 0, and only then"),
    validation = Rule::new("!has(self.databaseInsightsMode) || self.databaseInsightsMode != 'advanced' || (has(self.enablePerformanceInsights) && self.enablePerformanceInsights && has(self.performanceInsightsRetentionPeriod) && self.performanceInsightsRetentionPeriod >= 465)").message("spec.databaseInsightsMode advanced needs spec.enablePerformanceInsights: true and spec.performanceInsightsRetentionPeriod of at least 465"),
    validation = Rule::new("!has(self.kmsKeyId) || !has(self.storageEncrypted) || self.storageEncrypted").message("spec.kmsKeyId needs spec.storageEncrypted: true"),
    validation = Rule::new("!has(self.clusterParameters) || !has(self.dbClusterParameterGroupName)").message("give spec.clusterParameters (the object owns a cluster parameter group) or spec.dbClusterParameterGroupName (an existing one), not both"),
    validation = Rule::new("!has(self.parameters) || !has(self.dbParameterGroupName)").message("give spec.parameters (the object owns a parameter group) or spec.dbParameterGroupName (an existing one), not both"),
    validation = Rule::new("!(has(self.parameters) || has(self.clusterParameters)) || (has(self.engine) && has(self.engineVersion))").message("spec.parameters and spec.clusterParameters need spec.engine and spec.engineVersion, which decide the family of the groups"),
    validation = Rule::new("!has(self.subnetIds) || !has(self.dbSubnetGroupName)").message("give spec.subnetIds (the object owns a subnet group) or spec.dbSubnetGroupName (an existing one), not both"),
    validation = Rule::new("!has(self.backtrackWindow) || self.backtrackWindow == 0 || !has(self.engine) || self.engine == 'aurora-mysql'").message("spec.backtrackWindow is for aurora-mysql"),
    validation = Rule::new("!has(self.enableCloudwatchLogsExports) || !has(self.engine) || self.enableCloudwatchLogsExports.all(x, x in (self.engine == 'aurora-postgresql' ? ['postgresql', 'instance', 'iam-db-auth-error'] : ['audit', 'error', 'general', 'slowquery', 'instance', 'iam-db-auth-error']))").message("spec.enableCloudwatchLogsExports: aurora-postgresql has postgresql and instance; aurora-mysql has audit, error, general, slowquery and instance; both have iam-db-auth-error"),
    validation = Rule::new("!has(self.customEndpoints) || self.customEndpoints.all(e, (!has(e.staticMembers) || e.staticMembers.all(m, m <= (has(self.readers) ? self.readers : 0))) && (!has(e.excludedMembers) || e.excludedMembers.all(m, m <= (has(self.readers) ? self.readers : 0))))").message("spec.customEndpoints name members by number, 0 to spec.readers")
)]
pub struct AuroraServerlessSpec {
    /// Fields that every kind has.
    #[serde(flatten)]
    pub shared: SharedSpec,
    /// The cluster's settings.
    #[serde(flatten)]
    pub settings: Settings,
    /// The settings of every member.
    #[serde(flatten)]
    pub members: MemberSettings,
    /// Readers beside the writer, 0 (default) to 15. Members are named `<identifier>-0`, `-1` and so on; which of them
    /// writes is AWS's choice after a failover.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 15))]
    pub readers: Option<i32>,
    /// Promotion tier of the members 1 and up, 0 to 15: 0 and 1 scale with the writer, 2 and above alone. AWS's default: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 15))]
    pub reader_promotion_tier: Option<i32>,
    /// Further endpoints that lead to some of the members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 5))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub custom_endpoints: Option<Vec<CustomEndpoint>>,
    /// What the cluster is made from; without it, it is made empty. Write-once: removing it later changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.source is write-once: a cluster is made from one source; make a new object for another (removing spec.source is allowed and changes nothing)"))]
    pub source: Option<Source>,
    /// Where the master password comes from. Default: the operator draws a strong one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Credentials>,
    /// `Running` or `Stopped`. AWS starts a stopped cluster after seven days; it is stopped again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power_state: Option<PowerState>,
    /// Parameters of the members. The object then owns a DB parameter group of the right family; a parameter that is removed
    /// here goes back to its default; static parameters take effect at a reboot, which follows `changePolicy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 200))]
    pub parameters: Option<BTreeMap<String, String>>,
    /// Parameters of the cluster, likewise, in a cluster parameter group of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 200))]
    pub cluster_parameters: Option<BTreeMap<String, String>>,
    /// Subnets, at least two in different zones. The object then owns a DB subnet group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 20), inner(length(min = 8, max = 64), regex(pattern = r"^subnet-[0-9a-z]+$")))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub subnet_ids: Option<BTreeSet<String>>,
    /// Roles with which the engine reaches other AWS services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["featureName".into()]))]
    pub associated_roles: Option<Vec<ClusterRole>>,
    /// Lets `engineVersion` cross a major version. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_major_version_upgrade: Option<bool>,
    /// Deletes the automated backups (point-in-time history) with the cluster. Default: false, AWS keeps them for the
    /// retention period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete_automated_backups: Option<bool>,
    /// Makes DbSnapshot objects of this cluster by the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_schedule: Option<SnapshotSchedule>,
}

/// What a cluster is made from: exactly one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[has(self.snapshot), has(self.pointInTime), has(self.cloneOf)].filter(x, x).size() == 1").message("spec.source takes exactly one of snapshot, pointInTime and cloneOf"))]
pub struct Source {
    /// A cluster snapshot, or by ARN a snapshot of a DB instance of the same engine family.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotSource>,
    /// The state of a cluster at a moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point_in_time: Option<PointInTimeSource>,
    /// A cluster to clone as it is now: copy-on-write, quick whatever its size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clone_of: Option<ClusterSource>,
}

/// Names a cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterSource {
    /// Cluster identifier, in the same account and region.
    #[schemars(length(min = 1, max = 63))]
    pub identifier: String,
}

/// The state of a cluster at a moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.identifier) != has(self.dbClusterResourceId)").message("spec.source.pointInTime takes exactly one of identifier and dbClusterResourceId"),
    validation = Rule::new("has(self.restoreTime) != (has(self.useLatestRestorableTime) && self.useLatestRestorableTime)").message("spec.source.pointInTime takes either restoreTime or useLatestRestorableTime: true")
)]
pub struct PointInTimeSource {
    /// Cluster identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub identifier: Option<String>,
    /// DbClusterResourceId: works after the cluster was deleted, if its backups were kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub db_cluster_resource_id: Option<String>,
    /// The moment, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_time: Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::Time>,
    /// The latest moment that can be restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_latest_restorable_time: Option<bool>,
}

/// An endpoint that leads to some of the members.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!(has(self.staticMembers) && has(self.excludedMembers))").message("a custom endpoint takes staticMembers or excludedMembers, not both"))]
pub struct CustomEndpoint {
    /// Name; the endpoint is `<identifier>-<name>` in AWS.
    #[schemars(length(min = 1, max = 14), regex(pattern = r"^[a-z0-9]+(-[a-z0-9]+)*$"))]
    pub name: String,
    /// READER (default) or ANY.
    #[serde(default)]
    pub endpoint_type: EndpointType,
    /// Members that it leads to, by number. Without it and `excludedMembers`, to all of the type, also those to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16), inner(range(min = 0, max = 15)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub static_members: Option<BTreeSet<i32>>,
    /// Members that it does not lead to, by number; to all others, also those to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16), inner(range(min = 0, max = 15)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub excluded_members: Option<BTreeSet<i32>>,
}

/// A role for one feature of the engine, or for the cluster as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterRole {
    /// Feature, e.g. `s3Import` (SupportedFeatureNames of the engine version); empty for a role of the whole cluster
    /// (aurora-mysql).
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub feature_name: String,
    /// Role ARN.
    #[schemars(length(min = 20, max = 2048))]
    pub role_arn: String,
}

/// Status of an AuroraServerless.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuroraServerlessStatus {
    /// Fields that every kind has.
    #[serde(flatten)]
    pub shared: SharedStatus,
    /// What is particular to a cluster.
    #[serde(flatten)]
    pub facts: AuroraServerlessFacts,
}

/// What status tells about a cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuroraServerlessFacts {
    /// Engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Engine version in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine_version: Option<String>,
    /// Capacity as `<least>-<most> ACU`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<String>,
    /// DNS name that spreads over the readers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader_endpoint: Option<String>,
    /// DNS names of the custom endpoints, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub custom_endpoints: BTreeMap<String, String>,
    /// The members.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub members: Vec<MemberStatus>,
    /// Members that are available, of those that are there: `2/2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members_available: Option<String>,
    /// DbClusterResourceId: changes with a restore; IAM policies for database users name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub db_cluster_resource_id: Option<String>,
    /// The Data API answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_endpoint_enabled: Option<bool>,
    /// Since when, to the day, the cluster can be restored to any moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earliest_restorable_time: Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::Time>,
    /// Static parameters wait for a reboot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reboot_required: Option<bool>,
    /// Secrets Manager secret with the master password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub master_user_secret_arn: Option<String>,
    /// When the first server certificate of a member ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_valid_till: Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::Time>,
    /// When AWS will start a stopped cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automatic_restart_time: Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::Time>,
    /// What deserves attention and stops nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advisories: Vec<String>,
}

/// A member.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberStatus {
    /// DB instance identifier.
    pub name: String,
    /// `writer` or `reader`.
    pub role: String,
    /// AWS's word for its state.
    pub status: String,
}
