//! The creating calls, of clusters and of members.

use super::*;
use crate::aws::aurora::SourceId;
use crate::aws::rds::Managed;

/// What a restore takes only afterwards, by Modify or by a call of its own, and what its source decides.
const NOT_AT_A_RESTORE: &[&str] = &[
    "StorageEncrypted",
    "MasterUsername",
    "PreferredMaintenanceWindow",
    "EnableHttpEndpoint",
    "DatabaseInsightsMode",
    "EnableLocalWriteForwarding",
];

/// What only a snapshot is told besides.
const OF_A_SNAPSHOT: &[&str] = &["Engine", "EngineVersion", "DatabaseName", "AvailabilityZones"];

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
async fn a_snapshot_restore_sends_what_it_may_and_its_version() {
    let expected = but(all(), NOT_AT_A_RESTORE, &[("SnapshotIdentifier", "orders-final")]);
    assert_eq!(sent(create(Origin::Snapshot("orders-final".into()), full())).await, expected);
}

#[tokio::test]
async fn a_point_in_time_restore_is_a_full_copy_of_one_source_at_one_moment() {
    for (source, at, more) in [
        (
            SourceId::Cluster("old".into()),
            Some("2026-11-20T10:00:00.9Z".parse().unwrap()),
            [("SourceDBClusterIdentifier", "old"), ("RestoreToTime", "2026-11-20T10:00:00Z")],
        ),
        (
            SourceId::ResourceId("cluster-1".into()),
            None,
            [("SourceDbClusterResourceId", "cluster-1"), ("UseLatestRestorableTime", "true")],
        ),
    ] {
        let expected = but(all(), &[NOT_AT_A_RESTORE, OF_A_SNAPSHOT].concat(), &more);
        let expected = but(expected, &[], &[("RestoreType", "full-copy")]);
        assert_eq!(sent(create(Origin::PointInTime { source, at }, full())).await, expected);
    }
}

#[tokio::test]
async fn a_clone_shares_storage_and_takes_the_latest_moment() {
    let more =
        [("RestoreType", "copy-on-write"), ("SourceDBClusterIdentifier", "main"), ("UseLatestRestorableTime", "true")];
    let expected = but(all(), &[NOT_AT_A_RESTORE, OF_A_SNAPSHOT].concat(), &more);
    assert_eq!(sent(create(Origin::Clone("main".into()), full())).await, expected);
}

#[tokio::test]
async fn nothing_but_names_and_tags_is_sent_for_what_is_not_managed() {
    let none = || Settings { enable_cloudwatch_logs_exports: Some(texts(&[])), ..Settings::default() };
    let expected =
        |more: &[(&str, &str)]| but(members(TAGS), &[], &[more, &[("DBClusterIdentifier", "orders")]].concat());
    assert_eq!(sent(create(Origin::New, none())).await, expected(&[("MasterUserPassword", CANARY)]));
    let restored = sent(create(Origin::Snapshot("s".into()), none())).await;
    assert_eq!(restored, expected(&[("SnapshotIdentifier", "s")]));
}

#[tokio::test]
async fn a_capacity_is_sent_whole_and_without_a_pause_that_was_not_asked_for() {
    let scaling = Scaling { min_capacity: 0.5, max_capacity: 128.0, seconds_until_auto_pause: None };
    let sent = sent(create(Origin::New, Settings { scaling: Some(scaling), ..Settings::default() })).await;
    assert_eq!(sent["ServerlessV2ScalingConfiguration.MinCapacity"], "0.5");
    assert_eq!(sent["ServerlessV2ScalingConfiguration.MaxCapacity"], "128.0");
    assert!(!sent.contains_key("ServerlessV2ScalingConfiguration.SecondsUntilAutoPause"));
}

#[tokio::test]
async fn a_member_is_serverless_and_has_nothing_of_the_clusters() {
    let create = |settings, promotion_tier| Action::CreateMember {
        name: "orders-0".into(),
        engine: "aurora-postgresql".into(),
        settings: Box::new(settings),
        promotion_tier,
        tags: tags(),
    };
    let names = [
        ("DBClusterIdentifier", "orders"),
        ("DBInstanceClass", "db.serverless"),
        ("DBInstanceIdentifier", "orders-0"),
        ("Engine", "aurora-postgresql"),
    ];
    let full = [MEMBER, TAGS, &names, &[("PromotionTier", "0")]].concat();
    assert_eq!(sent(create(member(), Some(0))).await, members(&full));
    assert_eq!(sent(create(MemberSettings::default(), None)).await, members(&[TAGS, &names].concat()));
}

#[tokio::test]
async fn a_password_goes_into_the_body_and_nowhere_else() {
    let action = create(Origin::New, full());
    let wire = Wire::new().answering("CreateDBCluster", "");
    wire.aurora().perform(&id(), &action, Some(&password())).await.unwrap();
    let asked = wire.once("CreateDBCluster");
    assert!(asked.body.contains(CANARY));
    assert!(!asked.head.contains(CANARY) && !format!("{action:?}").contains(CANARY));
    assert!(!format!("{:?}", wire.told()).contains(CANARY));
}
