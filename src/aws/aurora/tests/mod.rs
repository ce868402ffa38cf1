//! Mapping tests: what is sent, byte for byte, and what is made of answers. The SDK is real; only the wire is ours.

mod answers;
mod capacities;
mod changes;
mod creations;
mod looks;
mod refusals;
mod shared;
mod sources;

use super::{Action, Id, MemberSettings, Origin, Scaling, Settings};
use crate::aws::owner::Tags;
use crate::aws::rds::tests::sent::{Members, but, members};
use crate::aws::rds::tests::{CANARY, password, texts};
use crate::aws::wire::Wire;
use crate::aws::{Action as _, Cloud, PasswordUse};

fn id() -> Id {
    Id { region: "eu-central-1".into(), identifier: "orders".into(), ..Id::default() }
}

fn tags() -> Tags {
    Tags::from([
        ("awsdb.dev/cluster".into(), "uid-1".into()),
        ("awsdb.dev/owner".into(), "prod/AuroraServerless/shop/orders".into()),
    ])
}

/// [`tags`] on the wire.
const TAGS: &[(&str, &str)] = &[
    ("Tags.Tag.1.Key", "awsdb.dev/cluster"),
    ("Tags.Tag.1.Value", "uid-1"),
    ("Tags.Tag.2.Key", "awsdb.dev/owner"),
    ("Tags.Tag.2.Value", "prod/AuroraServerless/shop/orders"),
];

/// A creating call for these settings, with a password.
fn create(origin: Origin, settings: Settings) -> Action {
    Action::Create { origin, settings: Box::new(settings), tags: tags(), password: PasswordUse::Current, managed: None }
}

/// What this action sends when it is all that happens on the wire.
async fn sent(action: Action) -> Members {
    sent_over(Wire::new(), action).await
}

async fn sent_over(wire: Wire, action: Action) -> Members {
    let operation = action.operation();
    let wire = wire.answering(operation, "");
    wire.aurora().perform(&id(), &action, Some(&password())).await.unwrap();
    let asked = wire.once(operation);
    assert_eq!(asked.host, "rds.eu-central-1.amazonaws.com");
    asked.members()
}

/// Every field, each with a value of its own.
fn full() -> Settings {
    Settings {
        engine: Some("aurora-mysql".into()),
        engine_version: Some("8.0.mysql_aurora.3.08.0".into()),
        scaling: Some(Scaling { min_capacity: 0.0, max_capacity: 16.5, seconds_until_auto_pause: Some(600) }),
        database_name: Some("orders_db".into()),
        master_username: Some("dba".into()),
        port: Some(3307),
        db_subnet_group_name: Some("private".into()),
        vpc_security_group_ids: Some(texts(&["sg-1", "sg-2"])),
        availability_zones: Some(texts(&["eu-central-1a", "eu-central-1b"])),
        db_cluster_parameter_group_name: Some("orders-cluster".into()),
        backup_retention_period: Some(7),
        preferred_backup_window: Some("02:00-03:00".into()),
        preferred_maintenance_window: Some("sun:04:00-sun:05:00".into()),
        storage_encrypted: Some(true),
        kms_key_id: Some("arn:aws:kms:eu-central-1:111122223333:key/k1".into()),
        storage_type: Some("aurora-iopt1".into()),
        iam_database_authentication: Some(true),
        enable_http_endpoint: Some(true),
        enable_cloudwatch_logs_exports: Some(texts(&["audit", "error"])),
        enable_performance_insights: Some(true),
        performance_insights_kms_key_id: Some("arn:aws:kms:eu-central-1:111122223333:key/k2".into()),
        performance_insights_retention_period: Some(465),
        database_insights_mode: Some("advanced".into()),
        deletion_protection: Some(true),
        copy_tags_to_snapshot: Some(false),
        backtrack_window: Some(3600),
        enable_local_write_forwarding: Some(true),
        network_type: Some("DUAL".into()),
        engine_lifecycle_support: Some("open-source-rds-extended-support".into()),
    }
}

/// Every member that [`full`] and [`tags`] make on the wire of CreateDBCluster, but the password.
const FULL: &[(&str, &str)] = &[
    ("AvailabilityZones.AvailabilityZone.1", "eu-central-1a"),
    ("AvailabilityZones.AvailabilityZone.2", "eu-central-1b"),
    ("BacktrackWindow", "3600"),
    ("BackupRetentionPeriod", "7"),
    ("CopyTagsToSnapshot", "false"),
    ("DBClusterIdentifier", "orders"),
    ("DBClusterParameterGroupName", "orders-cluster"),
    ("DBSubnetGroupName", "private"),
    ("DatabaseInsightsMode", "advanced"),
    ("DatabaseName", "orders_db"),
    ("DeletionProtection", "true"),
    ("EnableCloudwatchLogsExports.member.1", "audit"),
    ("EnableCloudwatchLogsExports.member.2", "error"),
    ("EnableHttpEndpoint", "true"),
    ("EnableIAMDatabaseAuthentication", "true"),
    ("EnableLocalWriteForwarding", "true"),
    ("EnablePerformanceInsights", "true"),
    ("Engine", "aurora-mysql"),
    ("EngineLifecycleSupport", "open-source-rds-extended-support"),
    ("EngineVersion", "8.0.mysql_aurora.3.08.0"),
    ("KmsKeyId", "arn:aws:kms:eu-central-1:111122223333:key/k1"),
    ("MasterUsername", "dba"),
    ("NetworkType", "DUAL"),
    ("PerformanceInsightsKMSKeyId", "arn:aws:kms:eu-central-1:111122223333:key/k2"),
    ("PerformanceInsightsRetentionPeriod", "465"),
    ("Port", "3307"),
    ("PreferredBackupWindow", "02:00-03:00"),
    ("PreferredMaintenanceWindow", "sun:04:00-sun:05:00"),
    ("ServerlessV2ScalingConfiguration.MaxCapacity", "16.5"),
    ("ServerlessV2ScalingConfiguration.MinCapacity", "0.0"),
    ("ServerlessV2ScalingConfiguration.SecondsUntilAutoPause", "600"),
    ("StorageEncrypted", "true"),
    ("StorageType", "aurora-iopt1"),
    ("VpcSecurityGroupIds.VpcSecurityGroupId.1", "sg-1"),
    ("VpcSecurityGroupIds.VpcSecurityGroupId.2", "sg-2"),
];

fn all() -> Members {
    members(&[FULL, TAGS].concat())
}

/// Every field of a member.
fn member() -> MemberSettings {
    MemberSettings {
        db_parameter_group_name: Some("orders-members".into()),
        publicly_accessible: Some(false),
        auto_minor_version_upgrade: Some(true),
        monitoring_interval: Some(60),
        monitoring_role_arn: Some("arn:aws:iam::111122223333:role/monitoring".into()),
        ca_certificate_identifier: Some("rds-ca-rsa2048-g1".into()),
    }
}

/// [`member`] on the wire.
const MEMBER: &[(&str, &str)] = &[
    ("AutoMinorVersionUpgrade", "true"),
    ("CACertificateIdentifier", "rds-ca-rsa2048-g1"),
    ("DBParameterGroupName", "orders-members"),
    ("MonitoringInterval", "60"),
    ("MonitoringRoleArn", "arn:aws:iam::111122223333:role/monitoring"),
    ("PubliclyAccessible", "false"),
];
