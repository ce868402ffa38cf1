//! Every field of an Aurora cluster and of its members: at once what the user wants (flattened into the spec), what AWS
//! reports, and what a ModifyDBCluster or ModifyDBInstance sends (aws-rds.md 2.1, 2.2). An absent field is not managed.

use std::collections::BTreeSet;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of a cluster. Names are AWS's API members in lowerCamelCase.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Engine: aurora-postgresql or aurora-mysql. Required, also with `source`: AWS wants it in every restore. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20), extend("enum" = ["aurora-postgresql", "aurora-mysql", null]))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.engine is immutable: migrate into a new object"))]
    pub engine: Option<String>,
    /// Engine version, whole or a prefix: `16` is satisfied by 16.4, `8.0.mysql_aurora.3` by
    /// 8.0.mysql_aurora.3.08.0. Never lowered; a higher major needs `allowMajorVersionUpgrade`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[0-9][0-9A-Za-z._-]*$"))]
    pub engine_version: Option<String>,
    /// Capacity of every member, in Aurora capacity units (ACU, about 2 GiB of memory each). Required: AWS keeps it when
    /// it is no longer sent, so it cannot be left out later.
    #[serde(default, rename = "serverlessV2ScalingConfiguration", skip_serializing_if = "Option::is_none")]
    pub scaling: Option<Scaling>,
    /// Database made at creation. Immutable. postgres always has the database `postgres`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[A-Za-z_][A-Za-z0-9_]*$"))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.databaseName is immutable: create further databases inside the engine"))]
    pub database_name: Option<String>,
    /// Master user name. Immutable. Required for a new cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16), regex(pattern = r"^[A-Za-z][A-Za-z0-9_]*$"))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.masterUsername is immutable in RDS: make another user in the database instead"))]
    pub master_username: Option<String>,
    /// TCP port. Every member restarts at once when it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1150, max = 65535))]
    pub port: Option<i32>,
    /// An existing DB subnet group; or give `subnetIds` and the object owns one. Immutable.
    #[serde(default, rename = "dbSubnetGroupName", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.dbSubnetGroupName is immutable: restore a snapshot into the other group instead"))]
    pub db_subnet_group_name: Option<String>,
    /// VPC security groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 20), inner(length(min = 1, max = 64)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub vpc_security_group_ids: Option<BTreeSet<String>>,
    /// Availability zones of the storage, at most three; AWS adds what is missing to three. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 3), inner(length(min = 1, max = 32)))]
    #[x_kube(merge_strategy = ListMerge::Set, validation = Rule::new("self == oldSelf").message("spec.availabilityZones is immutable: restore a snapshot into a new object"))]
    pub availability_zones: Option<BTreeSet<String>>,
    /// An existing cluster parameter group; or give `clusterParameters` and the object owns one.
    #[serde(default, rename = "dbClusterParameterGroupName", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub db_cluster_parameter_group_name: Option<String>,
    /// Days that automated backups are kept, 1 to 35: Aurora always keeps some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 35))]
    pub backup_retention_period: Option<i32>,
    /// Daily backup window, `hh:mm-hh:mm` UTC, at least 30 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 11), regex(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    pub preferred_backup_window: Option<String>,
    /// Weekly maintenance window, `ddd:hh:mm-ddd:hh:mm` UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(max = 19),
        regex(
            pattern = r"^(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):[0-5][0-9]-(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):[0-5][0-9]$"
        )
    )]
    pub preferred_maintenance_window: Option<String>,
    /// Encryption at rest. Default of this operator: true. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.storageEncrypted is immutable: restore a snapshot with a key into a new object"))]
    pub storage_encrypted: Option<bool>,
    /// KMS key (id, ARN or alias). Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.kmsKeyId is immutable: restore a snapshot with the other key into a new object"))]
    pub kms_key_id: Option<String>,
    /// aurora (pay per I/O) or aurora-iopt1 (I/O-Optimized; AWS takes this change once in 30 days).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16), extend("enum" = ["aurora", "aurora-iopt1", null]))]
    pub storage_type: Option<String>,
    /// IAM database authentication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iam_database_authentication: Option<bool>,
    /// The Data API (SQL over HTTPS).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_http_endpoint: Option<bool>,
    /// Log types sent to CloudWatch Logs, the whole list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16), inner(length(min = 1, max = 32)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub enable_cloudwatch_logs_exports: Option<BTreeSet<String>>,
    /// Database Insights (formerly Performance Insights) of the cluster and its members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_performance_insights: Option<bool>,
    /// KMS key of the insights. Immutable once set.
    #[serde(default, rename = "performanceInsightsKMSKeyId", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.performanceInsightsKMSKeyId is immutable once set: RDS cannot change it"))]
    pub performance_insights_kms_key_id: Option<String>,
    /// Days that insights are kept: 7, 731 or a multiple of 31.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 7, max = 731))]
    #[x_kube(validation = Rule::new("self == 7 || self == 731 || self % 31 == 0").message("spec.performanceInsightsRetentionPeriod must be 7, 731 or a multiple of 31 days"))]
    pub performance_insights_retention_period: Option<i32>,
    /// standard or advanced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16), extend("enum" = ["standard", "advanced", null]))]
    pub database_insights_mode: Option<String>,
    /// AWS refuses to delete the cluster while true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_protection: Option<bool>,
    /// Snapshots get the cluster's tags. Default of this operator: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy_tags_to_snapshot: Option<bool>,
    /// Seconds that the cluster can be wound back (aurora-mysql), 0 to 259200. Only useful from creation on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 259200))]
    pub backtrack_window: Option<i64>,
    /// Readers forward writes to the writer (local write forwarding).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_local_write_forwarding: Option<bool>,
    /// IPV4 or DUAL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8), extend("enum" = ["IPV4", "DUAL", null]))]
    pub network_type: Option<String>,
    /// open-source-rds-extended-support or open-source-rds-extended-support-disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64), extend("enum" = ["open-source-rds-extended-support", "open-source-rds-extended-support-disabled", null]))]
    pub engine_lifecycle_support: Option<String>,
}

/// ServerlessV2ScalingConfiguration. AWS takes it whole only: least and most together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("self.minCapacity <= self.maxCapacity").message("spec.serverlessV2ScalingConfiguration.minCapacity must not be above maxCapacity"),
    validation = Rule::new("!has(self.secondsUntilAutoPause) || self.minCapacity == 0.0").message("spec.serverlessV2ScalingConfiguration.secondsUntilAutoPause needs minCapacity: 0, which turns pausing on")
)]
pub struct Scaling {
    /// Least capacity in ACU: 0 (pauses when nobody is connected) or 0.5 to 256 in steps of 0.5.
    #[schemars(range(min = 0.0, max = 256.0))]
    #[x_kube(validation = Rule::new("double(int(self * 2.0)) == self * 2.0").message("spec.serverlessV2ScalingConfiguration.minCapacity goes in steps of 0.5"))]
    pub min_capacity: f64,
    /// Most capacity in ACU: 1 to 256 in steps of 0.5 (older platform versions: 128).
    #[schemars(range(min = 1.0, max = 256.0))]
    #[x_kube(validation = Rule::new("double(int(self * 2.0)) == self * 2.0").message("spec.serverlessV2ScalingConfiguration.maxCapacity goes in steps of 0.5"))]
    pub max_capacity: f64,
    /// Seconds without a connection until the members pause, 300 (default) to 86400. With minCapacity 0 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 300, max = 86400))]
    pub seconds_until_auto_pause: Option<i32>,
}

/// Settings of every member; the cluster has all others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberSettings {
    /// An existing DB parameter group for the members; or give `parameters` and the object owns one.
    #[serde(default, rename = "dbParameterGroupName", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub db_parameter_group_name: Option<String>,
    /// Whether members get public addresses. Default of this operator: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publicly_accessible: Option<bool>,
    /// Minor versions are installed in the maintenance window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_minor_version_upgrade: Option<bool>,
    /// Enhanced monitoring: seconds between samples (0, 1, 5, 10, 15, 30, 60).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self in [0, 1, 5, 10, 15, 30, 60]").message("spec.monitoringInterval must be 0, 1, 5, 10, 15, 30 or 60 seconds"))]
    pub monitoring_interval: Option<i32>,
    /// Role with which RDS writes the samples; required when monitoringInterval is above 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 20, max = 2048))]
    pub monitoring_role_arn: Option<String>,
    /// Certificate authority of the server certificate.
    #[serde(default, rename = "caCertificateIdentifier", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub ca_certificate_identifier: Option<String>,
}

/// Which members a custom endpoint leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum EndpointType {
    /// Readers only.
    #[default]
    #[serde(rename = "READER")]
    Reader,
    /// Any member.
    #[serde(rename = "ANY")]
    Any,
}
