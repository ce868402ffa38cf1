//! Every field of a DB instance: at once what the user wants (flattened into the spec), what AWS reports, and what a
//! ModifyDBInstance sends (aws-rds.md 1.2). An absent field is not managed.

use std::collections::{BTreeMap, BTreeSet};

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of a DB instance. Names are AWS's API members in lowerCamelCase.
#[derive(Clone, Debug, Default, PartialEq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Engine: postgres, mysql, mariadb, oracle-ee, oracle-ee-cdb, oracle-se2, oracle-se2-cdb, sqlserver-ee, sqlserver-se,
    /// sqlserver-ex, sqlserver-web or sqlserver-dev-ee. Required unless `source` is given. Immutable, except oracle-ee to
    /// oracle-ee-cdb and oracle-se2 to oracle-se2-cdb.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20), extend("enum" = ["postgres", "mysql", "mariadb", "oracle-ee", "oracle-ee-cdb", "oracle-se2", "oracle-se2-cdb", "sqlserver-ee", "sqlserver-se", "sqlserver-ex", "sqlserver-web", "sqlserver-dev-ee", null]))]
    pub engine: Option<String>,
    /// Engine version, whole or a prefix: `16` is satisfied by 16.4. Never lowered; a higher major needs
    /// `allowMajorVersionUpgrade`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[0-9][0-9A-Za-z._-]*$"))]
    pub engine_version: Option<String>,
    /// Instance class, e.g. `db.t4g.small`. Interrupts for minutes when changed.
    #[serde(default, rename = "dbInstanceClass", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 4, max = 64), regex(pattern = r"^db\.[a-z0-9][a-z0-9.-]*$"))]
    #[x_kube(validation = Rule::new("self != 'db.serverless'").message("db.serverless is for Aurora: use kind AuroraServerless"))]
    pub db_instance_class: Option<String>,
    /// Storage in GiB. Grows only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 5, max = 65536))]
    #[x_kube(validation = Rule::new("self >= oldSelf").message("spec.allocatedStorage cannot shrink: RDS storage only grows; restore into a new object to get a smaller one"))]
    pub allocated_storage: Option<i32>,
    /// Storage autoscaling: upper limit in GiB, at least 10% above `allocatedStorage`. Equal to it: off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 5, max = 65536))]
    pub max_allocated_storage: Option<i32>,
    /// gp3, gp2, io1, io2 or standard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16), extend("enum" = ["gp2", "gp3", "io1", "io2", "standard", null]))]
    pub storage_type: Option<String>,
    /// Provisioned I/O operations per second: required for io1 and io2; for gp3 only above the threshold (400 GiB, oracle 200 GiB).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1000, max = 256000))]
    pub iops: Option<i32>,
    /// Provisioned throughput in MiB/s, gp3 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 125, max = 4000))]
    pub storage_throughput: Option<i32>,
    /// Dedicated log volume (io1, io2). Interrupts when changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedicated_log_volume: Option<bool>,
    /// Further volumes (oracle, sqlserver): name rdsdbdata2 to rdsdbdata4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 3))]
    pub additional_storage_volumes: Option<BTreeMap<String, Volume>>,
    /// Encryption at rest. Default of this operator: true. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.storageEncrypted is immutable: take a snapshot, copy it with a key, and restore the copy into a new object"))]
    pub storage_encrypted: Option<bool>,
    /// KMS key (id, ARN or alias). Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.kmsKeyId is immutable: copy a snapshot with the other key and restore it into a new object"))]
    pub kms_key_id: Option<String>,
    /// Master user name. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32), regex(pattern = r"^[A-Za-z][A-Za-z0-9_]*$"))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.masterUsername is immutable in RDS: make another user in the database instead"))]
    pub master_username: Option<String>,
    /// `password` or `iam-db-auth` (postgres). AWS does not report it, so a change made elsewhere is not seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16), extend("enum" = ["password", "iam-db-auth", null]))]
    pub master_user_authentication_type: Option<String>,
    /// Database made at creation. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[A-Za-z_][A-Za-z0-9_]*$"))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.dbName is immutable: create further databases inside the engine"))]
    pub db_name: Option<String>,
    /// TCP port. The instance restarts at once when it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1150, max = 65535))]
    pub port: Option<i32>,
    /// A standby in another availability zone.
    #[serde(default, rename = "multiAZ", skip_serializing_if = "Option::is_none")]
    pub multi_az: Option<bool>,
    /// Availability zone, for a single-AZ instance. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.availabilityZone is immutable: restore a snapshot in the other zone, or use multiAZ"))]
    pub availability_zone: Option<String>,
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
    /// Whether it gets a public address. Default of this operator: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publicly_accessible: Option<bool>,
    /// IPV4 or DUAL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8), extend("enum" = ["IPV4", "DUAL", null]))]
    pub network_type: Option<String>,
    /// An existing DB parameter group; or give `parameters` and the object owns one.
    #[serde(default, rename = "dbParameterGroupName", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub db_parameter_group_name: Option<String>,
    /// Option group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub option_group_name: Option<String>,
    /// Days that automated backups are kept, 0 to 35. From or to 0 pauses I/O.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 35))]
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
    /// Minor versions are installed in the maintenance window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_minor_version_upgrade: Option<bool>,
    /// Snapshots get the instance's tags. Default of this operator: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy_tags_to_snapshot: Option<bool>,
    /// AWS refuses to delete the instance while true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_protection: Option<bool>,
    /// Enhanced monitoring: seconds between samples (0, 1, 5, 10, 15, 30, 60).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self in [0, 1, 5, 10, 15, 30, 60]").message("spec.monitoringInterval must be 0, 1, 5, 10, 15, 30 or 60 seconds"))]
    pub monitoring_interval: Option<i32>,
    /// Role with which RDS writes the samples; required when monitoringInterval is above 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 20, max = 2048))]
    pub monitoring_role_arn: Option<String>,
    /// Database Insights (formerly Performance Insights).
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
    /// IAM database authentication (postgres, mysql, mariadb).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iam_database_authentication: Option<bool>,
    /// Log types sent to CloudWatch Logs, the whole list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16), inner(length(min = 1, max = 32)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub enable_cloudwatch_logs_exports: Option<BTreeSet<String>>,
    /// Certificate authority of the server certificate.
    #[serde(default, rename = "caCertificateIdentifier", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub ca_certificate_identifier: Option<String>,
    /// License model: license-included, bring-your-own-license, general-public-license or postgresql-license.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32), extend("enum" = ["license-included", "bring-your-own-license", "general-public-license", "postgresql-license", null]))]
    pub license_model: Option<String>,
    /// coreCount and threadsPerCore; an empty map restores the class's defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 2))]
    #[x_kube(validation = Rule::new("self.all(k, k in ['coreCount', 'threadsPerCore'])").message("spec.processorFeatures takes coreCount and threadsPerCore"))]
    pub processor_features: Option<BTreeMap<String, String>>,
    /// Character set (oracle), collation (sqlserver). Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.characterSetName is immutable"))]
    pub character_set_name: Option<String>,
    /// National character set (oracle). Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.ncharCharacterSetName is immutable"))]
    pub nchar_character_set_name: Option<String>,
    /// Time zone (sqlserver). Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.timezone is immutable"))]
    pub timezone: Option<String>,
    /// Directory to join.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<Domain>,
    /// Oracle replicas: open-read-only or mounted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16), extend("enum" = ["open-read-only", "mounted", null]))]
    pub replica_mode: Option<String>,
    /// open-source-rds-extended-support or open-source-rds-extended-support-disabled (mysql, postgres).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64), extend("enum" = ["open-source-rds-extended-support", "open-source-rds-extended-support-disabled", null]))]
    pub engine_lifecycle_support: Option<String>,
    /// Oracle multi-tenant configuration. One-way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self || !oldSelf").message("spec.multiTenant cannot be turned off again: RDS converts one way only"))]
    pub multi_tenant: Option<bool>,
    /// Where backups are kept: region, local or outposts. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16), extend("enum" = ["region", "local", "outposts", null]))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.backupTarget is immutable"))]
    pub backup_target: Option<String>,
}

/// A further storage volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Volume {
    /// Storage in GiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocated_storage: Option<i32>,
    /// Upper limit of autoscaling in GiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_allocated_storage: Option<i32>,
    /// gp3 or io2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8))]
    pub storage_type: Option<String>,
    /// Provisioned I/O operations per second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iops: Option<i32>,
    /// Provisioned throughput in MiB/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_throughput: Option<i32>,
}

/// Membership in a directory: AWS Managed Microsoft AD by id and role, or a self-managed one by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Domain {
    /// Directory id (Domain).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub id: Option<String>,
    /// DomainIAMRoleName.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub iam_role_name: Option<String>,
    /// DomainFqdn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub fqdn: Option<String>,
    /// DomainOu.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub ou: Option<String>,
    /// DomainAuthSecretArn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub auth_secret_arn: Option<String>,
    /// DomainDnsIps: two addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 2))]
    pub dns_ips: Vec<String>,
}
