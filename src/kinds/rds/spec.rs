//! The CRD of RdsInstance: operator fields, AWS settings, cross-field rules (aws-rds.md 1.1 to 1.3).

use std::collections::{BTreeMap, BTreeSet};

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::rds::Settings;
use crate::spec::{SecretKeyRef, SharedSpec, SharedStatus, SnapshotSchedule};

/// An RDS DB instance (postgres, mysql, mariadb, oracle, sqlserver) with its credentials and, if `parameters` or
/// `subnetIds` are given, its own parameter group and subnet group.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "awsdb.dev",
    version = "v1alpha1",
    kind = "RdsInstance",
    plural = "rdsinstances",
    shortname = "rds",
    category = "awsdb",
    namespaced,
    status = "RdsInstanceStatus",
    derive = "PartialEq",
    doc = "An Amazon RDS DB instance, declared. Deleting the object keeps the database unless spec.deletionPolicy says otherwise.",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.awsStatus"),
    printcolumn(name = "Engine", type_ = "string", json_path = ".status.engine"),
    printcolumn(name = "Version", type_ = "string", json_path = ".status.engineVersion"),
    printcolumn(name = "Class", type_ = "string", json_path = ".status.dbInstanceClass"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Synced", type_ = "string", json_path = ".status.conditions[?(@.type==\"Synced\")].status", priority = 1),
    printcolumn(name = "Endpoint", type_ = "string", json_path = ".status.endpoint.address", priority = 1),
    printcolumn(name = "Secret", type_ = "string", json_path = ".status.binding.name", priority = 1),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason", priority = 1),
    validation = Rule::new("size(self.metadata.name) <= 63").message("metadata.name has at most 63 characters"),
    validation = Rule::new("!has(self.spec.connectionSecret) || !has(self.spec.connectionSecret.name) || self.spec.connectionSecret.name != self.metadata.name + '-credentials'").message("spec.connectionSecret.name must not be <name>-credentials: that is the operator's own Secret")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("oldSelf.hasValue() || has(self.engine) || has(self.source) || self.managementPolicy == 'Observe' || self.adoption == 'IfExists'").message("spec.engine is required unless spec.source is given, managementPolicy is Observe or adoption is IfExists").optional_old_self(true),
    validation = Rule::new("oldSelf.hasValue() || has(self.source) || self.managementPolicy == 'Observe' || self.adoption == 'IfExists' || (has(self.dbInstanceClass) && has(self.allocatedStorage) && has(self.masterUsername))").message("a new instance needs spec.dbInstanceClass, spec.allocatedStorage and spec.masterUsername").optional_old_self(true),
    validation = Rule::new("!has(self.identifier) || (size(self.identifier) <= 63 && self.identifier.matches('^[a-z][a-z0-9]*(-[a-z0-9]+)*$'))").message("spec.identifier of an RDS instance has at most 63 lower-case letters, digits and single hyphens, a letter first"),
    validation = Rule::new("has(oldSelf.source) || !has(self.source)").message("spec.source is write-once: it cannot be added to an object that exists; make a new object to restore or replicate"),
    validation = Rule::new("!has(self.credentials) || !has(self.source) || !has(self.source.replicaOf) || (has(self.promote) && self.promote) || (has(self.engine) && self.engine.startsWith('sqlserver') && has(self.credentials.awsManaged))").message("a read replica has its source's credentials: remove spec.credentials, or promote it with spec.promote: true"),
    validation = Rule::new("!has(self.credentials) || !has(self.credentials.iam) || (has(self.iamDatabaseAuthentication) && self.iamDatabaseAuthentication)").message("spec.credentials.iam needs spec.iamDatabaseAuthentication: true"),
    validation = Rule::new("!has(self.storageType) || !(self.storageType in ['io1', 'io2']) || has(self.iops) || has(self.source)").message("spec.storageType io1 and io2 need spec.iops"),
    validation = Rule::new("!has(self.storageType) || self.storageType != 'gp3' || !has(self.allocatedStorage) || !has(self.engine) || self.engine.startsWith('sqlserver') || self.allocatedStorage >= (self.engine.startsWith('oracle') ? 200 : 400) || (!has(self.iops) && !has(self.storageThroughput))").message("gp3 below 400 GiB (oracle: 200 GiB) has fixed performance: remove spec.iops and spec.storageThroughput, or enlarge spec.allocatedStorage"),
    validation = Rule::new("!has(self.storageThroughput) || !has(self.storageType) || self.storageType == 'gp3'").message("spec.storageThroughput is for storageType gp3 only"),
    validation = Rule::new("!has(self.multiAZ) || !self.multiAZ || !has(self.availabilityZone)").message("spec.multiAZ and spec.availabilityZone exclude each other: AWS chooses both zones"),
    validation = Rule::new("!has(self.multiAZ) || !self.multiAZ || !has(self.engine) || !(self.engine in ['sqlserver-ex', 'sqlserver-web'])").message("spec.multiAZ is not available for sqlserver-ex and sqlserver-web"),
    validation = Rule::new("!has(self.maxAllocatedStorage) || !has(self.allocatedStorage) || self.maxAllocatedStorage >= self.allocatedStorage").message("spec.maxAllocatedStorage must be at least spec.allocatedStorage (equal turns storage autoscaling off)"),
    validation = Rule::new("!has(self.allocatedStorage) || !has(self.engine) || !self.engine.startsWith('sqlserver') || self.allocatedStorage <= 16384").message("spec.allocatedStorage is at most 16384 GiB for sqlserver"),
    validation = Rule::new("(has(self.monitoringInterval) && self.monitoringInterval > 0) == has(self.monitoringRoleArn)").message("spec.monitoringRoleArn is required when spec.monitoringInterval is above 0, and only then"),
    validation = Rule::new("!has(self.databaseInsightsMode) || self.databaseInsightsMode != 'advanced' || (has(self.enablePerformanceInsights) && self.enablePerformanceInsights && has(self.performanceInsightsRetentionPeriod) && self.performanceInsightsRetentionPeriod >= 465)").message("spec.databaseInsightsMode advanced needs spec.enablePerformanceInsights: true and spec.performanceInsightsRetentionPeriod of at least 465"),
    validation = Rule::new("!has(self.kmsKeyId) || !has(self.storageEncrypted) || self.storageEncrypted").message("spec.kmsKeyId needs spec.storageEncrypted: true"),
    validation = Rule::new("!has(self.parameters) || !has(self.dbParameterGroupName)").message("give spec.parameters (the object owns a parameter group) or spec.dbParameterGroupName (an existing one), not both"),
    validation = Rule::new("!has(self.parameters) || (has(self.engine) && has(self.engineVersion))").message("spec.parameters needs spec.engine and spec.engineVersion, which decide the family of the parameter group"),
    validation = Rule::new("!has(self.subnetIds) || !has(self.dbSubnetGroupName)").message("give spec.subnetIds (the object owns a subnet group) or spec.dbSubnetGroupName (an existing one), not both"),
    validation = Rule::new("!has(self.iamDatabaseAuthentication) || !self.iamDatabaseAuthentication || !has(self.engine) || self.engine in ['postgres', 'mysql', 'mariadb']").message("spec.iamDatabaseAuthentication is for postgres, mysql and mariadb"),
    validation = Rule::new("!has(self.masterUserAuthenticationType) || self.masterUserAuthenticationType != 'iam-db-auth' || (has(self.engine) && self.engine == 'postgres')").message("spec.masterUserAuthenticationType iam-db-auth is for postgres"),
    validation = Rule::new("!has(self.dbName) || !has(self.engine) || !self.engine.startsWith('sqlserver')").message("spec.dbName must not be set for sqlserver: create databases inside the engine"),
    validation = Rule::new("!has(oldSelf.engine) || !has(self.engine) || self.engine == oldSelf.engine || (oldSelf.engine == 'oracle-ee' && self.engine == 'oracle-ee-cdb') || (oldSelf.engine == 'oracle-se2' && self.engine == 'oracle-se2-cdb')").message("spec.engine is immutable (only oracle-ee and oracle-se2 convert to their -cdb form): migrate into a new object"),
    validation = Rule::new("!has(self.processorFeatures) || !has(self.engine) || self.engine.startsWith('oracle') || self.engine.startsWith('sqlserver')").message("spec.processorFeatures is for oracle and sqlserver"),
    validation = Rule::new("!has(self.additionalStorageVolumes) || !has(self.engine) || self.engine.startsWith('oracle') || self.engine.startsWith('sqlserver')").message("spec.additionalStorageVolumes is for oracle and sqlserver"),
    validation = Rule::new("!has(self.timezone) || !has(self.engine) || self.engine.startsWith('sqlserver')").message("spec.timezone is for sqlserver"),
    validation = Rule::new("!has(self.characterSetName) || !has(self.engine) || self.engine.startsWith('oracle') || self.engine.startsWith('sqlserver')").message("spec.characterSetName is for oracle and sqlserver"),
    validation = Rule::new("(!has(self.ncharCharacterSetName) && !has(self.replicaMode)) || !has(self.engine) || self.engine.startsWith('oracle')").message("spec.ncharCharacterSetName and spec.replicaMode are for oracle"),
    validation = Rule::new("!has(self.multiTenant) || !self.multiTenant || !has(self.engine) || self.engine.endsWith('-cdb')").message("spec.multiTenant is for oracle-ee-cdb and oracle-se2-cdb"),
    validation = Rule::new("!has(self.port) || !has(self.engine) || !self.engine.startsWith('sqlserver') || !(self.port in [1234, 1434, 3260, 3343, 3389, 47001] || (self.port >= 49152 && self.port <= 49156))").message("spec.port must not be 1234, 1434, 3260, 3343, 3389, 47001 or 49152 to 49156 for sqlserver: RDS keeps them"),
    validation = Rule::new("!has(self.dedicatedLogVolume) || !self.dedicatedLogVolume || !has(self.storageType) || self.storageType in ['io1', 'io2']").message("spec.dedicatedLogVolume needs spec.storageType io1 or io2"),
    validation = Rule::new("!has(self.enableCloudwatchLogsExports) || !has(self.engine) || self.enableCloudwatchLogsExports.all(x, x in (self.engine == 'postgres' ? ['postgresql', 'upgrade', 'iam-db-auth-error'] : self.engine in ['mysql', 'mariadb'] ? ['audit', 'error', 'general', 'slowquery', 'iam-db-auth-error'] : self.engine.startsWith('oracle') ? ['alert', 'audit', 'listener', 'trace', 'oemagent'] : ['agent', 'error']))").message("spec.enableCloudwatchLogsExports: postgres has postgresql, upgrade; mysql and mariadb have audit, error, general, slowquery; oracle has alert, audit, listener, trace, oemagent; sqlserver has agent, error; iam-db-auth-error where IAM authentication exists"),
    validation = Rule::new("!has(self.engineLifecycleSupport) || !has(self.engine) || self.engine in ['postgres', 'mysql']").message("spec.engineLifecycleSupport is for postgres and mysql"),
    validation = Rule::new("!has(self.powerState) || self.powerState != 'Stopped' || !has(self.source) || !has(self.source.replicaOf) || (has(self.promote) && self.promote)").message("a read replica cannot be stopped: remove spec.powerState or promote it")
)]
pub struct RdsInstanceSpec {
    /// Fields that every kind has.
    #[serde(flatten)]
    pub shared: SharedSpec,
    /// The instance's settings.
    #[serde(flatten)]
    pub settings: Settings,
    /// What the instance is made from; without it, it is made empty. Write-once: removing it later changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.source is write-once: an instance is made from one source; make a new object for another (removing spec.source is allowed and changes nothing)"))]
    pub source: Option<Source>,
    /// Makes a read replica an instance of its own. One-way: removing it later does not demote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promote: Option<bool>,
    /// Where the master password comes from. Default: the operator draws a strong one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Credentials>,
    /// `Running` or `Stopped`. AWS starts a stopped instance after seven days; it is stopped again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power_state: Option<PowerState>,
    /// Database parameters. The object then owns a parameter group of the right family; a parameter that is removed here goes
    /// back to its default; static parameters take effect at a reboot, which follows `changePolicy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 200))]
    pub parameters: Option<BTreeMap<String, String>>,
    /// Subnets, at least two in different zones. The object then owns a DB subnet group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 20), inner(length(min = 8, max = 64), regex(pattern = r"^subnet-[0-9a-z]+$")))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub subnet_ids: Option<BTreeSet<String>>,
    /// Roles with which the engine reaches other AWS services, one for each feature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["featureName".into()]))]
    pub associated_roles: Option<Vec<AssociatedRole>>,
    /// Lets `engineVersion` cross a major version. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_major_version_upgrade: Option<bool>,
    /// Deletes the automated backups (point-in-time history) with the instance. Default: false, AWS keeps them for the
    /// retention period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete_automated_backups: Option<bool>,
    /// Makes DbSnapshot objects of this instance by the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_schedule: Option<SnapshotSchedule>,
}

/// What an instance is made from: exactly one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[has(self.snapshot), has(self.pointInTime), has(self.replicaOf)].filter(x, x).size() == 1").message("spec.source takes exactly one of snapshot, pointInTime and replicaOf"))]
pub struct Source {
    /// A DB snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotSource>,
    /// The state of an instance at a moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point_in_time: Option<PointInTimeSource>,
    /// The instance to replicate: becomes a read replica.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica_of: Option<InstanceSource>,
}

/// A snapshot, by a DbSnapshot object of the same namespace or by its name in AWS: exactly one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.name) != has(self.identifier)").message("spec.source.snapshot names a DbSnapshot of this namespace (name) or a snapshot in AWS (identifier)"))]
pub struct SnapshotSource {
    /// Name of a DbSnapshot in the same namespace; it is waited for until it is ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub name: Option<String>,
    /// Snapshot identifier, or the ARN of one that is shared from another account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub identifier: Option<String>,
}

/// Names a DB instance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstanceSource {
    /// Instance identifier, or the ARN of one in another region.
    #[schemars(length(min = 1, max = 2048))]
    pub identifier: String,
}

/// The state of an instance at a moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("[has(self.identifier), has(self.dbiResourceId), has(self.automatedBackupsArn)].filter(x, x).size() == 1").message("spec.source.pointInTime takes exactly one of identifier, dbiResourceId and automatedBackupsArn"),
    validation = Rule::new("has(self.restoreTime) != (has(self.useLatestRestorableTime) && self.useLatestRestorableTime)").message("spec.source.pointInTime takes either restoreTime or useLatestRestorableTime: true")
)]
pub struct PointInTimeSource {
    /// Instance identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub identifier: Option<String>,
    /// DbiResourceId: works after the instance was deleted, if its backups were kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub dbi_resource_id: Option<String>,
    /// ARN of retained or replicated automated backups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 20, max = 2048))]
    pub automated_backups_arn: Option<String>,
    /// The moment, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_time: Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::Time>,
    /// The latest moment that can be restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_latest_restorable_time: Option<bool>,
}

/// Where the master password comes from: at most one of the four.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("[has(self.generated), has(self.secretRef), has(self.awsManaged), has(self.iam)].filter(x, x).size() <= 1").message("spec.credentials takes at most one of generated, secretRef, awsManaged and iam"),
    validation = Rule::new("!has(self.rotation) || (!has(self.secretRef) && !has(self.awsManaged))").message("spec.credentials.rotation is for generated passwords: change the Secret of secretRef yourself, and AWS rotates its own")
)]
pub struct Credentials {
    /// The operator draws it (default).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated: Option<Generated>,
    /// A Secret of yours in the same namespace holds it; when its content changes, the database's password changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretKeyRef>,
    /// RDS keeps it in AWS Secrets Manager and rotates it; the connection Secret follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws_managed: Option<AwsManaged>,
    /// Workloads sign in with IAM tokens: the connection Secret has no password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iam: Option<Iam>,
    /// When a generated password is replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
}

/// A password that the operator draws.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Generated {
    /// Characters, 16 to 30 (the most that every engine takes). Default: 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 16, max = 30), extend("format" = "int32"))]
    pub length: Option<u8>,
}

/// A password in AWS Secrets Manager.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct AwsManaged {
    /// KMS key of the secret. Default: aws/secretsmanager.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.credentials.awsManaged.kmsKeyId cannot change while RDS manages the password: turn management off and on again"))]
    pub kms_key_id: Option<String>,
}

/// IAM database authentication.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Iam {
    /// Database user for the connection Secret. Default: the master user. Grant it rds_iam (postgres) or AWSAuthenticationPlugin (mysql).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub username: Option<String>,
}

/// When a generated password is replaced.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rotation {
    /// Age at which it is replaced, in hours or days: `720h`, `90d`.
    #[schemars(length(min = 2, max = 8), regex(pattern = r"^[1-9][0-9]*[hd]$"))]
    pub interval: String,
}

/// Whether the instance runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PowerState {
    /// It runs.
    Running,
    /// It is stopped: no compute cost, storage still costs.
    Stopped,
}

/// A role for one feature of the engine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssociatedRole {
    /// Feature, e.g. `s3Import` (SupportedFeatureNames of the engine version).
    #[schemars(length(min = 1, max = 64))]
    pub feature_name: String,
    /// Role ARN.
    #[schemars(length(min = 20, max = 2048))]
    pub role_arn: String,
}

/// Status of an RdsInstance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct RdsInstanceStatus {
    /// Fields that every kind has.
    #[serde(flatten)]
    pub shared: SharedStatus,
    /// What is particular to an instance.
    #[serde(flatten)]
    pub facts: RdsInstanceFacts,
}

/// What status tells about an instance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RdsInstanceFacts {
    /// Engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Engine version in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine_version: Option<String>,
    /// Instance class in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub db_instance_class: Option<String>,
    /// Storage in GiB, as autoscaling may have enlarged it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocated_storage: Option<i32>,
    /// DbiResourceId: changes with a restore; IAM policies for database users name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dbi_resource_id: Option<String>,
    /// The instance that it replicates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica_of: Option<String>,
    /// Its read replicas.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub replicas: BTreeSet<String>,
    /// Static parameters wait for a reboot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reboot_required: Option<bool>,
    /// Secrets Manager secret with the master password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub master_user_secret_arn: Option<String>,
    /// When the server certificate ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_valid_till: Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::Time>,
    /// When AWS will start a stopped instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automatic_restart_time: Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::Time>,
    /// What deserves attention and stops nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advisories: Vec<String>,
}
