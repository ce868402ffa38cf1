//! Answers to observations.

use std::collections::BTreeMap;

use aws_sdk_rds::primitives::DateTime;
use aws_sdk_rds::types::builders::{DbInstanceBuilder, PendingModifiedValuesBuilder};
use aws_sdk_rds::types::{
    AdditionalStorageVolume, AdditionalStorageVolumeOutput, CertificateDetails, DatabaseInsightsMode, DbInstance,
    DbInstanceAutomatedBackup, DbInstanceRole, DbInstanceStatusInfo, DbParameterGroup, DbParameterGroupStatus,
    DbSnapshot, DbSubnetGroup, DomainMembership, Endpoint, MasterUserSecret, OptionGroupMembership, Parameter,
    PendingCloudwatchLogsExports, PendingModifiedValues, ProcessorFeature, ReplicaMode, StorageEncryptionType, Subnet,
    Tag, VpcSecurityGroupMembership,
};

use super::*;
use crate::aws::rds::{Instance, Source, read};

/// The members without which there is no instance.
fn least() -> DbInstanceBuilder {
    DbInstance::builder()
        .db_instance_arn("arn:aws:rds:eu-central-1:111122223333:db:orders")
        .dbi_resource_id("db-ABC")
        .db_instance_status("available")
}

fn endpoint(address: &str, port: i32) -> Endpoint {
    Endpoint::builder().address(address).port(port).build()
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

/// [`full`] as DescribeDBInstances spells it: upper and lower case as they come.
fn described() -> DbInstanceBuilder {
    let volume = AdditionalStorageVolumeOutput::builder().volume_name("RDSDBDATA2").allocated_storage(200);
    let volume = volume.max_allocated_storage(400).storage_type("GP3").iops(3001).storage_throughput(126).build();
    let group = |id| VpcSecurityGroupMembership::builder().vpc_security_group_id(id).status("active").build();
    let options = OptionGroupMembership::builder().option_group_name("Orders-Options").status("in-sync").build();
    let directory = DomainMembership::builder().status("joined").fqdn("corp.example.com").ou("OU=db,DC=corp");
    let directory = directory.auth_secret_arn("arn:aws:secretsmanager:eu-central-1:111122223333:secret:join");
    least()
        .engine("Oracle-EE")
        .engine_version("19.0.0.0")
        .db_instance_class("db.m6i.Large")
        .allocated_storage(100)
        .max_allocated_storage(500)
        .storage_type("IO2")
        .iops(3000)
        .storage_throughput(250)
        .dedicated_log_volume(true)
        .additional_storage_volumes(volume)
        .storage_encrypted(true)
        .kms_key_id("arn:aws:kms:eu-central-1:111122223333:key/k1")
        .master_username("dba")
        .db_name("ORDERS")
        .endpoint(endpoint("orders.x.rds.amazonaws.com", 1522))
        .db_instance_port(0)
        .multi_az(true)
        .availability_zone("eu-central-1a")
        .db_subnet_group(DbSubnetGroup::builder().db_subnet_group_name("Private").build())
        .vpc_security_groups(group("sg-2"))
        .vpc_security_groups(group("sg-1"))
        .publicly_accessible(false)
        .network_type("dual")
        .db_parameter_groups(DbParameterGroupStatus::builder().db_parameter_group_name("Orders-Params").build())
        .option_group_memberships(options)
        .backup_retention_period(7)
        .preferred_backup_window("02:00-03:00")
        .preferred_maintenance_window("Sun:04:00-Sun:05:00")
        .auto_minor_version_upgrade(true)
        .copy_tags_to_snapshot(true)
        .deletion_protection(true)
        .monitoring_interval(60)
        .monitoring_role_arn("arn:aws:iam::111122223333:role/monitoring")
        .performance_insights_enabled(true)
        .performance_insights_kms_key_id("arn:aws:kms:eu-central-1:111122223333:key/k2")
        .performance_insights_retention_period(465)
        .database_insights_mode(DatabaseInsightsMode::Advanced)
        .iam_database_authentication_enabled(true)
        .enabled_cloudwatch_logs_exports("audit")
        .enabled_cloudwatch_logs_exports("alert")
        .ca_certificate_identifier("rds-ca-rsa2048-g1")
        .license_model("bring-your-own-license")
        .processor_features(ProcessorFeature::builder().name("coreCount").value("1").build())
        .character_set_name("AL32UTF8")
        .nchar_character_set_name("AL16UTF16")
        .timezone("UTC")
        .domain_memberships(directory.dns_ips("10.0.0.1").dns_ips("10.0.0.2").build())
        .replica_mode(ReplicaMode::Mounted)
        .engine_lifecycle_support("open-source-rds-extended-support")
        .multi_tenant(true)
        .backup_target("Region")
}

#[test]
fn what_was_asked_for_reads_the_same_whatever_its_spelling() {
    let instance = read::instance(&described().build()).unwrap();
    // The one field that AWS does not tell.
    assert_eq!(instance.settings, Settings { master_user_authentication_type: None, ..full() });
    assert_eq!(instance.pending, Settings::default());
}

#[test]
fn an_instance_says_nothing_that_aws_did_not_say() {
    let instance = read::instance(&least().build()).unwrap();
    let settings = Settings {
        // Lists are whole: none of them has an entry.
        additional_storage_volumes: Some(BTreeMap::new()),
        vpc_security_group_ids: Some(BTreeSet::new()),
        enable_cloudwatch_logs_exports: Some(BTreeSet::new()),
        processor_features: Some(BTreeMap::new()),
        ..Settings::default()
    };
    let expected = Instance {
        arn: "arn:aws:rds:eu-central-1:111122223333:db:orders".into(),
        resource_id: "db-ABC".into(),
        status: "available".into(),
        settings,
        ..Instance::default()
    };
    assert_eq!(instance, expected);
}

#[test]
fn an_instance_without_identity_or_status_is_not_read() {
    let missing = |db: DbInstanceBuilder| read::instance(&db.build()).unwrap_err();
    assert_eq!(missing(least().set_db_instance_arn(None)), "DBInstanceArn");
    assert_eq!(missing(least().set_dbi_resource_id(None)), "DbiResourceId");
    assert_eq!(missing(least().set_db_instance_status(None)), "DBInstanceStatus");
}

#[test]
fn everything_around_the_settings_is_read() {
    let role = DbInstanceRole::builder().feature_name("S3_INTEGRATION").role_arn("arn:r").status("ACTIVE").build();
    let certificate = CertificateDetails::builder().valid_till(DateTime::from_secs_and_nanos(1_800_000_000, 5)).build();
    let db = described()
        .tag_list(tag("awsdb.dev/owner", "prod/RdsInstance/shop/orders"))
        .associated_roles(role)
        .read_replica_db_instance_identifiers("r1")
        .read_replica_db_cluster_identifiers("c1")
        .read_replica_source_db_instance_identifier("main")
        .db_cluster_identifier("aurora")
        .storage_operation_status("Optimizing")
        .storage_operation_percent_progress(42)
        .master_user_secret(MasterUserSecret::builder().secret_arn("arn:s").secret_status("active").build())
        .aws_backup_recovery_point_arn("arn:b")
        .certificate_details(certificate)
        .percent_progress("7")
        .automatic_restart_time(DateTime::from_secs(1_700_000_000))
        .secondary_availability_zone("eu-central-1b")
        .listener_endpoint(endpoint("listener", 1433))
        .storage_encryption_type(StorageEncryptionType::Sse)
        .build();
    let expected = Instance {
        arn: "arn:aws:rds:eu-central-1:111122223333:db:orders".into(),
        resource_id: "db-ABC".into(),
        status: "available".into(),
        endpoint: Some(("orders.x.rds.amazonaws.com".into(), 1522)),
        settings: Settings { master_user_authentication_type: None, ..full() },
        pending: Settings::default(),
        password_pending: false,
        logs_pending: false,
        tags: Tags::from([("awsdb.dev/owner".into(), "prod/RdsInstance/shop/orders".into())]),
        roles: BTreeMap::from([("S3_INTEGRATION".into(), ("arn:r".into(), "ACTIVE".into()))]),
        parameter_apply_status: None,
        option_groups: BTreeMap::from([("orders-options".into(), "in-sync".into())]),
        security_groups_changing: false,
        domains: BTreeMap::from([("corp.example.com".into(), "joined".into())]),
        replicas: texts(&["c1", "r1"]),
        replica_source: Some("main".into()),
        replication_broken: None,
        cluster: Some("aurora".into()),
        storage_operation: Some("Optimizing 42%".into()),
        master_secret: Some(("arn:s".into(), "active".into())),
        aws_backup: true,
        certificate_valid_till: Some("2027-01-15T08:00:00Z".parse().unwrap()),
        progress: Some("7".into()),
        automatic_restart: Some("2023-11-14T22:13:20Z".parse().unwrap()),
        secondary_zone: Some("eu-central-1b".into()),
        listener: Some(("listener".into(), 1433)),
        encrypted_by_aws: true,
    };
    assert_eq!(read::instance(&db).unwrap(), expected);
}

#[test]
fn each_pending_value_has_the_name_of_its_field() {
    type Set = fn(PendingModifiedValuesBuilder) -> PendingModifiedValuesBuilder;
    let feature = |new: PendingModifiedValuesBuilder| {
        new.processor_features(ProcessorFeature::builder().name("coreCount").value("1").build())
    };
    let volume = |new: PendingModifiedValuesBuilder| {
        let volume = AdditionalStorageVolume::builder().volume_name("rdsdbdata2").allocated_storage(200);
        let volume = volume.max_allocated_storage(400).storage_type("gp3").iops(3001).storage_throughput(126);
        new.additional_storage_volumes(volume.build())
    };
    let cases: [(&str, Set); 18] = [
        ("engine", |new| new.engine("Oracle-EE")),
        ("engineVersion", |new| new.engine_version("19.0.0.0")),
        ("dbInstanceClass", |new| new.db_instance_class("db.m6i.large")),
        ("allocatedStorage", |new| new.allocated_storage(100)),
        ("storageType", |new| new.storage_type("io2")),
        ("iops", |new| new.iops(3000)),
        ("storageThroughput", |new| new.storage_throughput(250)),
        ("dedicatedLogVolume", |new| new.dedicated_log_volume(true)),
        ("additionalStorageVolumes", volume),
        ("port", |new| new.port(1522)),
        ("multiAZ", |new| new.multi_az(true)),
        ("dbSubnetGroupName", |new| new.db_subnet_group_name("private")),
        ("backupRetentionPeriod", |new| new.backup_retention_period(7)),
        ("iamDatabaseAuthentication", |new| new.iam_database_authentication_enabled(true)),
        ("caCertificateIdentifier", |new| new.ca_certificate_identifier("rds-ca-rsa2048-g1")),
        ("licenseModel", |new| new.license_model("bring-your-own-license")),
        ("processorFeatures", feature),
        ("multiTenant", |new| new.multi_tenant(true)),
    ];
    let all = serde_json::to_value(full()).unwrap();
    for (field, set) in cases {
        let db = least().pending_modified_values(set(PendingModifiedValues::builder()).build()).build();
        let pending = serde_json::to_value(read::instance(&db).unwrap().pending).unwrap();
        assert_eq!(pending, serde_json::json!({ field: all[field] }));
    }
}

#[test]
fn a_pending_password_and_pending_logs_are_flags() {
    let with = |new: PendingModifiedValuesBuilder| {
        read::instance(&least().pending_modified_values(new.build()).build()).unwrap()
    };
    let password = with(PendingModifiedValues::builder().master_user_password("****"));
    assert!(password.password_pending && !password.logs_pending);
    let logs = PendingCloudwatchLogsExports::builder().log_types_to_enable("audit").build();
    let logs = with(PendingModifiedValues::builder().pending_cloudwatch_logs_exports(logs));
    assert!(logs.logs_pending && !logs.password_pending && logs.pending == Settings::default());
}

#[test]
fn zero_is_no_provisioned_storage() {
    let settings = read::instance(&least().storage_type("gp2").iops(0).storage_throughput(0).build()).unwrap().settings;
    assert_eq!((settings.iops, settings.storage_throughput), (None, None));
}

#[test]
fn the_port_is_known_before_the_endpoint_unless_it_is_zero() {
    let port = |db: DbInstanceBuilder| read::instance(&db.build()).unwrap().settings.port;
    assert_eq!(port(least().db_instance_port(0)), None);
    assert_eq!(port(least().db_instance_port(5433)), Some(5433));
    assert_eq!(port(least().db_instance_port(5433).endpoint(endpoint("h", 5432))), Some(5432));
}

#[test]
fn an_endpoint_without_a_port_is_none() {
    let db = least().endpoint(Endpoint::builder().address("h").build()).build();
    assert_eq!(read::instance(&db).unwrap().endpoint, None);
}

#[test]
fn the_option_group_that_stays_is_in_force() {
    let group = |name, status| OptionGroupMembership::builder().option_group_name(name).status(status).build();
    for (leaving, coming) in
        [("removing", "applying"), ("pending-removal", "pending-apply"), ("pending-maintenance-removal", "in-sync")]
    {
        let db = least()
            .option_group_memberships(group("default:mysql-8-0", leaving))
            .option_group_memberships(group("mine", coming))
            .build();
        let instance = read::instance(&db).unwrap();
        assert_eq!(instance.settings.option_group_name.as_deref(), Some("mine"));
        assert_eq!(instance.option_groups.len(), 2);
    }
}

#[test]
fn a_security_group_on_its_way_is_a_change_and_one_that_leaves_is_gone() {
    let group = |id, status| VpcSecurityGroupMembership::builder().vpc_security_group_id(id).status(status).build();
    let db = least().vpc_security_groups(group("sg-new", "adding")).vpc_security_groups(group("sg-old", "removing"));
    let instance = read::instance(&db.build()).unwrap();
    assert_eq!(instance.settings.vpc_security_group_ids, Some(texts(&["sg-new"])));
    assert!(instance.security_groups_changing);
}

#[test]
fn of_a_managed_directory_only_id_and_role_count() {
    let membership = DomainMembership::builder().domain("d-123").fqdn("corp.example.com").iam_role_name("join");
    let db = least().domain_memberships(membership.status("kerberos-enabled").build()).build();
    let instance = read::instance(&db).unwrap();
    let expected = Domain { id: Some("d-123".into()), iam_role_name: Some("join".into()), ..Domain::default() };
    assert_eq!(instance.settings.domain, Some(expected));
    assert_eq!(instance.domains["d-123"], "kerberos-enabled");
}

#[test]
fn broken_replication_is_told_in_awss_words() {
    let info = |normal, message: &str| {
        let info = DbInstanceStatusInfo::builder().status_type("read replication").normal(normal).status("error");
        info.message(message).build()
    };
    let broken = |db: DbInstanceBuilder| read::instance(&db.build()).unwrap().replication_broken;
    assert_eq!(broken(least().status_infos(info(true, "fine"))), None);
    assert_eq!(broken(least().status_infos(info(false, "log is full"))).as_deref(), Some("log is full"));
}

#[test]
fn groups_and_snapshots_are_read_whole_or_not_at_all() {
    let group = DbParameterGroup::builder().db_parameter_group_family("postgres16");
    assert_eq!(read::parameter_group(&group.build(), BTreeMap::new(), tags()), Err("DBParameterGroupArn"));
    let group = DbSubnetGroup::builder().subnets(Subnet::builder().subnet_identifier("subnet-1").build());
    assert_eq!(read::subnet_group(&group.clone().build(), tags()), Err("DBSubnetGroupArn"));
    let group = read::subnet_group(&group.db_subnet_group_arn("arn:g").build(), tags()).unwrap();
    assert_eq!((group.subnet_ids, group.tags), (texts(&["subnet-1"]), tags()));
    let snapshot = DbSnapshot::builder().db_snapshot_identifier("Orders-Final").db_snapshot_arn("arn:s");
    assert_eq!(read::snapshot(&snapshot.clone().build()), Err("Status"));
    let snapshot = snapshot.status("available").dbi_resource_id("db-ABC").tag_list(tag("a", "b")).build();
    assert_eq!(read::snapshot(&snapshot).unwrap().identifier, "orders-final");
}

#[test]
fn a_shared_snapshot_does_not_show_its_tags() {
    let snapshot = DbSnapshot::builder().db_snapshot_identifier("s").db_snapshot_arn("arn:s").engine("Postgres");
    let snapshot = snapshot.status("available").tag_list(tag("a", "b")).build();
    let own = read::source_snapshot(&snapshot, false).unwrap();
    assert_eq!(own.tags, Some(Tags::from([("a".into(), "b".into())])));
    assert_eq!(read::source_snapshot(&snapshot, true).unwrap(), Source { tags: None, ..own });
}

#[test]
fn retained_backups_have_their_own_arn_or_that_of_their_instance() {
    let backup = DbInstanceAutomatedBackup::builder().db_instance_arn("arn:i").status("retained").engine("postgres");
    let read = |backup: &DbInstanceAutomatedBackup| read::source_backup(backup).unwrap().arn;
    assert_eq!(read(&backup.clone().build()), "arn:i");
    assert_eq!(read(&backup.db_instance_automated_backups_arn("arn:ab").build()), "arn:ab");
}

#[test]
fn only_parameters_that_somebody_set_count() {
    let parameter = |name: &str, source: Option<&str>, value: Option<&str>| {
        let parameter = Parameter::builder().parameter_name(name).set_source(source.map(Into::into));
        parameter.set_parameter_value(value.map(Into::into)).build()
    };
    let listed = vec![
        parameter("work_mem", Some("user"), Some("64")),
        parameter("max_connections", Some("engine-default"), Some("100")),
        parameter("plain", None, Some("1")),
        parameter("unset", Some("user"), None),
    ];
    let expected = BTreeMap::from([("plain".into(), "1".into()), ("work_mem".into(), "64".into())]);
    assert_eq!(read::parameters(listed), expected);
}

#[test]
fn a_managed_password_is_read_from_json_and_never_quoted() {
    let text = format!(r#"{{"username":"dba","password":"{CANARY}"}}"#);
    assert_eq!(read::managed_password(&text).unwrap(), password());
    for text in [CANARY.to_string(), format!(r#"{{"password":["{CANARY}"]}}"#), format!(r#"["{CANARY}"]"#)] {
        let read = read::managed_password(&text);
        assert!(read.is_err() || text.starts_with('['), "{text}");
        assert!(!format!("{read:?}").contains(CANARY));
    }
}
