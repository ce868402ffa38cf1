//! Answers to observations.

use std::collections::BTreeMap;

use aws_sdk_rds::primitives::DateTime;
use aws_sdk_rds::types::builders::{ClusterPendingModifiedValuesBuilder, DbClusterBuilder, DbInstanceBuilder};
use aws_sdk_rds::types::{
    ActivityStreamStatus, CertificateDetails, ClusterPendingModifiedValues, DatabaseInsightsMode, DbCluster,
    DbClusterMember, DbClusterRole, DbInstance, DbParameterGroupStatus, LocalWriteForwardingStatus, MasterUserSecret,
    PendingCloudwatchLogsExports, PendingModifiedValues, ServerlessV2ScalingConfigurationInfo, StorageEncryptionType,
    Tag, VpcSecurityGroupMembership, WriteForwardingStatus,
};

use super::*;
use crate::aws::aurora::{Cluster, Member, Membership, read};

/// The members without which there is no cluster.
fn least() -> DbClusterBuilder {
    DbCluster::builder().db_cluster_arn("arn:c").db_cluster_resource_id("cluster-ABC").status("available")
}

fn scaling(min: f64, max: f64, seconds: i32) -> ServerlessV2ScalingConfigurationInfo {
    let info = ServerlessV2ScalingConfigurationInfo::builder().min_capacity(min).max_capacity(max);
    info.seconds_until_auto_pause(seconds).build()
}

fn group(id: &str, status: &str) -> VpcSecurityGroupMembership {
    VpcSecurityGroupMembership::builder().vpc_security_group_id(id).status(status).build()
}

/// [`full`] as DescribeDBClusters spells it: upper and lower case as they come.
fn described() -> DbClusterBuilder {
    least()
        .engine("Aurora-MySQL")
        .engine_version("8.0.mysql_aurora.3.08.0")
        .engine_mode("provisioned")
        .serverless_v2_scaling_configuration(scaling(0.0, 16.5, 600))
        .database_name("orders_db")
        .master_username("dba")
        .port(3307)
        .db_subnet_group("Private")
        .vpc_security_groups(group("sg-2", "active"))
        .vpc_security_groups(group("sg-1", "active"))
        .availability_zones("eu-central-1b")
        .availability_zones("eu-central-1a")
        .db_cluster_parameter_group("Orders-Cluster")
        .backup_retention_period(7)
        .preferred_backup_window("02:00-03:00")
        .preferred_maintenance_window("Sun:04:00-Sun:05:00")
        .storage_encrypted(true)
        .kms_key_id("arn:aws:kms:eu-central-1:111122223333:key/k1")
        .storage_type("Aurora-IOPT1")
        .iam_database_authentication_enabled(true)
        .http_endpoint_enabled(true)
        .enabled_cloudwatch_logs_exports("error")
        .enabled_cloudwatch_logs_exports("audit")
        .performance_insights_enabled(true)
        .performance_insights_kms_key_id("arn:aws:kms:eu-central-1:111122223333:key/k2")
        .performance_insights_retention_period(465)
        .database_insights_mode(DatabaseInsightsMode::Advanced)
        .deletion_protection(true)
        .copy_tags_to_snapshot(false)
        .backtrack_window(3600)
        .local_write_forwarding_status(LocalWriteForwardingStatus::Enabled)
        .network_type("dual")
        .engine_lifecycle_support("open-source-rds-extended-support")
        // What Aurora shows and nobody manages.
        .allocated_storage(1)
}

fn cluster(db: DbClusterBuilder) -> Cluster {
    read::cluster(&db.build()).unwrap()
}

#[test]
fn what_was_asked_for_reads_the_same_whatever_its_spelling() {
    let read = cluster(described());
    assert_eq!((read.settings, read.pending), (full(), Settings::default()));
}

#[test]
fn a_cluster_says_nothing_that_aws_did_not_say() {
    let settings = Settings {
        // AWS leaves the ordinary storage out, and lists are whole: none of them has an entry.
        storage_type: Some("aurora".into()),
        vpc_security_group_ids: Some(texts(&[])),
        availability_zones: Some(texts(&[])),
        enable_cloudwatch_logs_exports: Some(texts(&[])),
        ..Settings::default()
    };
    let expected = Cluster {
        arn: "arn:c".into(),
        resource_id: "cluster-ABC".into(),
        status: "available".into(),
        settings,
        ..Cluster::default()
    };
    assert_eq!(cluster(least()), expected);
    let empty = least().storage_type("").global_cluster_identifier("").replication_source_identifier("").port(0);
    assert_eq!(cluster(empty.engine_mode("").serverless_v2_platform_version("")), expected);
}

#[test]
fn a_cluster_without_identity_or_status_is_not_read() {
    let missing = |db: DbClusterBuilder| read::cluster(&db.build()).unwrap_err();
    assert_eq!(missing(least().set_db_cluster_arn(None)), "DBClusterArn");
    assert_eq!(missing(least().set_db_cluster_resource_id(None)), "DbClusterResourceId");
    assert_eq!(missing(least().set_status(None)), "Status");
}

#[test]
fn everything_around_the_settings_is_read() {
    let role = |feature: Option<&str>, arn: &str| {
        let role = DbClusterRole::builder().set_feature_name(feature.map(Into::into)).role_arn(arn);
        role.status("ACTIVE").build()
    };
    let member = |name: &str, is_writer: bool, status: &str| {
        let member = DbClusterMember::builder().db_instance_identifier(name).is_cluster_writer(is_writer);
        member.db_cluster_parameter_group_status(status).build()
    };
    let db = described()
        .endpoint("orders.cluster-x")
        .reader_endpoint("orders.cluster-ro-x")
        .tag_list(Tag::builder().key("a").value("b").build())
        .associated_roles(role(Some("s3Import"), "arn:r1"))
        .associated_roles(role(None, "arn:r2"))
        .db_cluster_members(member("Orders-0", true, "in-sync"))
        .db_cluster_members(member("orders-1", false, "pending-reboot"))
        .master_user_secret(MasterUserSecret::builder().secret_arn("arn:s").secret_status("active").build())
        .global_cluster_identifier("world")
        .replication_source_identifier("arn:source")
        .aws_backup_recovery_point_arn("arn:b")
        .vpc_networking_enabled(false)
        .earliest_restorable_time(DateTime::from_secs_and_nanos(1_700_000_000, 5))
        .percent_progress("7")
        .automatic_restart_time(DateTime::from_secs(1_800_000_000))
        .io_optimized_next_allowed_modification_time(DateTime::from_secs(1_800_000_000))
        .serverless_v2_platform_version("3");
    let membership = |is_writer, status: &str| Membership { is_writer, parameter_group_status: Some(status.into()) };
    let moment = "2027-01-15T08:00:00Z".parse().ok();
    let expected = Cluster {
        arn: "arn:c".into(),
        resource_id: "cluster-ABC".into(),
        status: "available".into(),
        endpoint: Some("orders.cluster-x".into()),
        reader_endpoint: Some("orders.cluster-ro-x".into()),
        settings: full(),
        pending: Settings::default(),
        password_pending: false,
        logs_pending: false,
        tags: Tags::from([("a".into(), "b".into())]),
        roles: BTreeMap::from([
            ("s3Import".into(), ("arn:r1".into(), "ACTIVE".into())),
            (String::new(), ("arn:r2".into(), "ACTIVE".into())),
        ]),
        members: BTreeMap::from([
            ("orders-0".into(), membership(true, "in-sync")),
            ("orders-1".into(), membership(false, "pending-reboot")),
        ]),
        security_groups_changing: false,
        is_moving: false,
        master_secret: Some(("arn:s".into(), "active".into())),
        global_cluster: Some("world".into()),
        replication_source: Some("arn:source".into()),
        aws_backup: true,
        foreign_mode: None,
        without_vpc: true,
        earliest_restorable: "2023-11-14T22:13:20Z".parse().ok(),
        progress: Some("7".into()),
        automatic_restart: moment,
        storage_type_change_from: moment,
        platform_version: Some("3".into()),
    };
    assert_eq!(cluster(db), expected);
}

#[test]
fn each_pending_value_has_the_name_of_its_field() {
    type Set = fn(ClusterPendingModifiedValuesBuilder) -> ClusterPendingModifiedValuesBuilder;
    let cases: [(&str, Set); 4] = [
        ("engineVersion", |new| new.engine_version("8.0.mysql_aurora.3.08.0")),
        ("backupRetentionPeriod", |new| new.backup_retention_period(7)),
        ("storageType", |new| new.storage_type("Aurora-IOPT1")),
        ("iamDatabaseAuthentication", |new| new.iam_database_authentication_enabled(true)),
    ];
    let all = serde_json::to_value(full()).unwrap();
    for (field, set) in cases {
        let db = least().pending_modified_values(set(ClusterPendingModifiedValues::builder()).build());
        let pending = serde_json::to_value(cluster(db).pending).unwrap();
        assert_eq!(pending, serde_json::json!({ field: all[field] }));
    }
}

#[test]
fn a_pending_password_and_pending_logs_are_flags() {
    let with = |new: ClusterPendingModifiedValuesBuilder| cluster(least().pending_modified_values(new.build()));
    let password = with(ClusterPendingModifiedValues::builder().master_user_password("****"));
    assert!(password.password_pending && !password.logs_pending);
    let logs = PendingCloudwatchLogsExports::builder().log_types_to_enable("audit").build();
    let logs = with(ClusterPendingModifiedValues::builder().pending_cloudwatch_logs_exports(logs));
    assert!(logs.logs_pending && !logs.password_pending && logs.pending == Settings::default());
}

#[test]
fn a_time_to_a_pause_counts_only_where_there_can_be_one() {
    let seconds = |min| {
        let db = least().serverless_v2_scaling_configuration(scaling(min, 8.0, 300));
        cluster(db).settings.scaling.unwrap().seconds_until_auto_pause
    };
    assert_eq!((seconds(0.0), seconds(0.5)), (Some(300), None));
}

#[test]
fn a_key_of_awss_own_encrypts_too() {
    let encrypted =
        |kind| cluster(least().storage_encrypted(false).storage_encryption_type(kind)).settings.storage_encrypted;
    assert_eq!(encrypted(StorageEncryptionType::Sse), Some(true));
    assert_eq!(encrypted(StorageEncryptionType::Unencrypted), Some(false));
}

#[test]
fn another_engine_mode_is_foreign() {
    assert_eq!(cluster(least().engine_mode("serverless")).foreign_mode.as_deref(), Some("serverless"));
}

#[test]
fn what_is_on_its_way_counts_as_there_and_moves() {
    for (status, forwards, moves) in [
        (LocalWriteForwardingStatus::Enabling, Some(true), true),
        (LocalWriteForwardingStatus::Disabling, Some(false), true),
        (LocalWriteForwardingStatus::Requested, Some(true), false),
        (LocalWriteForwardingStatus::Disabled, Some(false), false),
        (LocalWriteForwardingStatus::from("unheard-of"), None, false),
    ] {
        let read = cluster(least().local_write_forwarding_status(status));
        assert_eq!((read.settings.enable_local_write_forwarding, read.is_moving), (forwards, moves));
    }
    assert!(cluster(least().global_write_forwarding_status(WriteForwardingStatus::Enabling)).is_moving);
    assert!(cluster(least().activity_stream_status(ActivityStreamStatus::Stopping)).is_moving);
    let groups =
        least().vpc_security_groups(group("sg-new", "adding")).vpc_security_groups(group("sg-old", "removing"));
    let read = cluster(groups);
    assert_eq!((read.settings.vpc_security_group_ids, read.security_groups_changing), (Some(texts(&["sg-new"])), true));
}

fn instance() -> DbInstanceBuilder {
    DbInstance::builder()
        .db_instance_identifier("Orders-0")
        .db_cluster_identifier("Orders")
        .db_instance_arn("arn:m")
        .db_instance_status("available")
        .db_instance_class("DB.Serverless")
}

fn read_member(db: DbInstanceBuilder) -> Result<Member, &'static str> {
    read::members(&[db.build()], "orders").map(|mut members| members.remove("orders-0").unwrap())
}

#[test]
fn a_member_reads_as_it_was_asked_for() {
    let group = DbParameterGroupStatus::builder().db_parameter_group_name("Orders-Members");
    let certificate = CertificateDetails::builder().valid_till(DateTime::from_secs(1_800_000_000)).build();
    let db = instance()
        .promotion_tier(2)
        .db_parameter_groups(group.parameter_apply_status("pending-reboot").build())
        .publicly_accessible(false)
        .auto_minor_version_upgrade(true)
        .monitoring_interval(60)
        .monitoring_role_arn("arn:aws:iam::111122223333:role/monitoring")
        .ca_certificate_identifier("rds-ca-rsa2048-g1")
        .certificate_details(certificate)
        .tag_list(Tag::builder().key("a").value("b").build());
    let expected = Member {
        arn: "arn:m".into(),
        status: "available".into(),
        class: "db.serverless".into(),
        promotion_tier: Some(2),
        settings: member(),
        parameter_apply_status: Some("pending-reboot".into()),
        has_pending: false,
        certificate_valid_till: "2027-01-15T08:00:00Z".parse().ok(),
        tags: Tags::from([("a".into(), "b".into())]),
    };
    assert_eq!(read_member(db), Ok(expected));
    let least =
        Member { arn: "arn:m".into(), status: "available".into(), class: "db.serverless".into(), ..Member::default() };
    assert_eq!(read_member(instance()), Ok(least));
}

#[test]
fn something_pends_where_there_is_a_value() {
    let pends = |new: PendingModifiedValues| read_member(instance().pending_modified_values(new)).unwrap().has_pending;
    assert!(!pends(PendingModifiedValues::builder().build()));
    assert!(pends(PendingModifiedValues::builder().db_instance_class("db.r6g.large").build()));
}

#[test]
fn a_member_without_identity_status_or_class_is_not_read() {
    assert_eq!(read_member(instance().set_db_instance_arn(None)), Err("DBInstanceArn"));
    assert_eq!(read_member(instance().set_db_instance_status(None)), Err("DBInstanceStatus"));
    assert_eq!(read_member(instance().set_db_instance_class(None)), Err("DBInstanceClass"));
    assert_eq!(read_member(instance().set_db_instance_identifier(None)), Err("DBInstanceIdentifier"));
}

#[test]
fn equal_clusters_have_one_digest_and_a_changed_capacity_another() {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let digest = |cluster: &Cluster| {
        let mut hasher = DefaultHasher::new();
        cluster.hash(&mut hasher);
        hasher.finish()
    };
    let changed = cluster(described().serverless_v2_scaling_configuration(scaling(0.5, 16.5, 600)));
    assert_eq!(digest(&cluster(described())), digest(&cluster(described())));
    assert_ne!(digest(&cluster(described())), digest(&changed));
}
