//! The four creating calls.

use crate::aws::rds::Managed;
use std::collections::{BTreeMap, BTreeSet};

use super::wire::Wire;
use super::*;
use crate::aws::Cloud;
use crate::aws::rds::{Modification, SourceId};

/// What a restore takes only afterwards, by Modify.
const AFTER_A_RESTORE: &[&str] = &[
    "EngineVersion",
    "MasterUserAuthenticationType",
    "PreferredMaintenanceWindow",
    "MonitoringInterval",
    "MonitoringRoleArn",
    "EnablePerformanceInsights",
    "PerformanceInsightsKMSKeyId",
    "PerformanceInsightsRetentionPeriod",
    "DatabaseInsightsMode",
];

#[tokio::test]
async fn a_create_sends_every_field_with_tags_and_password() {
    let expected = but(all(), &[], &[("MasterUserPassword", CANARY)]);
    assert_eq!(sent(create(Origin::New, full())).await, expected);
}

#[tokio::test]
async fn a_managed_password_travels_alone() {
    let action = Action::Create {
        origin: Origin::New,
        settings: Box::new(full()),
        tags: tags(),
        password: PasswordUse::None,
        managed: Some(Managed { kms_key_id: Some("key-of-the-secret".into()) }),
    };
    let added = [("ManageMasterUserPassword", "true"), ("MasterUserSecretKmsKeyId", "key-of-the-secret")];
    assert_eq!(sent(action).await, but(all(), &[], &added));
}

#[tokio::test]
async fn a_snapshot_restore_sends_what_it_may() {
    let out = [SOURCE_DECIDES, AFTER_A_RESTORE, &["KmsKeyId", "MaxAllocatedStorage"]].concat();
    let expected = but(all(), &out, &[("DBSnapshotIdentifier", "orders-final")]);
    assert_eq!(sent(create(Origin::Snapshot("orders-final".into()), full())).await, expected);
}

#[tokio::test]
async fn a_point_in_time_restore_sends_what_it_may() {
    let out = [SOURCE_DECIDES, AFTER_A_RESTORE, &["KmsKeyId", "DBInstanceIdentifier"]].concat();
    for (source, at, more) in [
        (
            SourceId::Instance("old".into()),
            Some("2026-11-20T10:00:00.9Z".parse().unwrap()),
            [("SourceDBInstanceIdentifier", "old"), ("RestoreTime", "2026-11-20T10:00:00Z")],
        ),
        (
            SourceId::ResourceId("db-1".into()),
            None,
            [("SourceDbiResourceId", "db-1"), ("UseLatestRestorableTime", "true")],
        ),
        (
            SourceId::AutomatedBackups("arn:ab".into()),
            None,
            [("SourceDBInstanceAutomatedBackupsArn", "arn:ab"), ("UseLatestRestorableTime", "true")],
        ),
    ] {
        let expected = but(but(all(), &out, &more), &[], &[("TargetDBInstanceIdentifier", "orders")]);
        assert_eq!(sent(create(Origin::PointInTime { source, at }, full())).await, expected);
    }
}

#[tokio::test]
async fn a_replica_sends_what_it_may() {
    let out = [
        SOURCE_DECIDES,
        &[
            "Engine",
            "EngineVersion",
            "DBName",
            "LicenseModel",
            "EngineLifecycleSupport",
            "MasterUserAuthenticationType",
            "BackupRetentionPeriod",
            "PreferredBackupWindow",
            "PreferredMaintenanceWindow",
            "DatabaseInsightsMode",
        ],
    ]
    .concat();
    let expected = but(all(), &out, &[("SourceDBInstanceIdentifier", "main"), ("ReplicaMode", "mounted")]);
    assert_eq!(sent(create(Origin::Replica("main".into()), full())).await, expected);
    let cluster = "arn:aws:rds:eu-central-1:111122223333:cluster:main";
    let sent = sent(create(Origin::Replica(cluster.into()), Settings::default())).await;
    assert_eq!(sent["SourceDBClusterIdentifier"], cluster);
    assert!(!sent.contains_key("SourceDBInstanceIdentifier"));
}

#[tokio::test]
async fn copies_of_other_engines_leave_out_what_those_refuse() {
    let engine = |engine: &str| Settings { engine: Some(engine.into()), ..full() };
    let restore = |engine| create(Origin::Snapshot("s".into()), engine);
    let postgres = sent(restore(engine("postgres"))).await;
    assert!(!postgres.contains_key("DBName") && postgres.contains_key("MultiAZ"), "{postgres:?}");
    let sqlserver = sent(restore(engine("sqlserver-ee"))).await;
    assert!(!sqlserver.contains_key("MultiAZ") && !sqlserver.contains_key("AllocatedStorage"), "{sqlserver:?}");
    assert!(sqlserver.contains_key("DBName"));
    let replica = sent(create(Origin::Replica("main".into()), engine("postgres"))).await;
    assert!(!replica.contains_key("DBParameterGroupName"), "{replica:?}");
}

#[tokio::test]
async fn only_an_oracle_restore_can_manage_its_password_at_once() {
    let restore = |engine: &str| Action::Create {
        origin: Origin::Snapshot("s".into()),
        settings: Box::new(Settings { engine: Some(engine.into()), ..Settings::default() }),
        tags: tags(),
        password: PasswordUse::None,
        managed: Some(Managed::default()),
    };
    assert_eq!(sent(restore("oracle-se2")).await["ManageMasterUserPassword"], "true");
    assert!(!sent(restore("mysql")).await.contains_key("ManageMasterUserPassword"));
}

#[tokio::test]
async fn nothing_but_names_and_tags_is_sent_for_what_is_not_managed() {
    let tags = [("Tags.Tag.1.Key", "awsdb.dev/cluster"), ("Tags.Tag.1.Value", "uid-1")];
    let owner = [("Tags.Tag.2.Key", "awsdb.dev/owner"), ("Tags.Tag.2.Value", "prod/RdsInstance/shop/orders")];
    let names = [("DBInstanceIdentifier", "orders"), ("DBSnapshotIdentifier", "s")];
    let expected = members(&[tags, owner, names].concat());
    assert_eq!(sent(create(Origin::Snapshot("s".into()), Settings::default())).await, expected);
}

#[tokio::test]
async fn off_and_empty_are_said_as_each_call_wants_it() {
    let empty = Settings {
        allocated_storage: Some(100),
        max_allocated_storage: Some(100),
        processor_features: Some(BTreeMap::new()),
        enable_cloudwatch_logs_exports: Some(BTreeSet::new()),
        ..Settings::default()
    };
    let created = sent(create(Origin::New, empty.clone())).await;
    for member in ["MaxAllocatedStorage", "UseDefaultProcessorFeatures", "EnableCloudwatchLogsExports"] {
        assert!(!created.contains_key(member), "{member}");
    }
    let restored = sent(create(Origin::Snapshot("s".into()), empty.clone())).await;
    assert_eq!(restored["UseDefaultProcessorFeatures"], "true");
    let modified = sent(Action::Modify(Box::new(Modification { settings: empty, ..Modification::default() }))).await;
    let expected =
        [("UseDefaultProcessorFeatures", "true"), ("AllocatedStorage", "100"), ("MaxAllocatedStorage", "100")];
    assert_eq!(
        modified,
        but(members(&expected), &[], &[("DBInstanceIdentifier", "orders"), ("ApplyImmediately", "false")])
    );
}

#[tokio::test]
async fn a_password_goes_into_the_body_and_nowhere_else() {
    let action = create(Origin::New, full());
    let wire = Wire::new().answering("CreateDBInstance", "");
    wire.aws().perform(&id(), &action, Some(&password())).await.unwrap();
    let asked = wire.once("CreateDBInstance");
    assert!(asked.body.contains(CANARY));
    assert!(!asked.head.contains(CANARY) && !format!("{action:?}").contains(CANARY));
    assert!(!format!("{:?}", wire.told()).contains(CANARY));
}
