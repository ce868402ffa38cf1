//! Idle snapshots are read in batches, and never from before a write of ours.

use super::*;

#[tokio::test]
async fn a_shared_look_asks_by_filter_and_is_served_from_what_is_known() {
    for (family, operation, filter) in [
        (Family::Instance, "DescribeDBSnapshots", "db-snapshot-id"),
        (Family::Cluster, "DescribeDBClusterSnapshots", "db-cluster-snapshot-id"),
    ] {
        let wire = there();
        let aws = wire.snapshots();
        let id = Id { identifier: "Nightly".into(), ..id(family) };
        let looked = aws.observe(&id, Look::Shared).await.unwrap();
        assert_eq!(looked.look, Look::Shared);
        assert!(looked.observed.snapshot.present().is_some());
        for _ in 0..3 {
            assert_eq!((aws.version(&id), looked.version.is_some()), (looked.version, true));
        }
        let members = wire.once(operation).members();
        assert_eq!(members["Filters.Filter.1.Name"], filter);
        assert_eq!(members["Filters.Filter.1.Values.Value.1"], "nightly", "filters tell upper and lower case apart");
    }
}

#[tokio::test]
async fn what_is_missing_from_a_batch_is_looked_for_directly_before_it_is_absent() {
    let wire = Wire::new().answering("DescribeDBSnapshots", "<DBSnapshots/>");
    let looked = observe(&wire, &id(Family::Instance), Look::Shared).await.unwrap();
    assert_eq!((looked.look, looked.observed.snapshot), (Look::Direct, Seen::Absent));
    assert_eq!(wire.asked("DescribeDBSnapshots")[1].members()["DBSnapshotIdentifier"], "nightly");
}

#[tokio::test]
async fn a_write_makes_what_is_known_old_also_in_the_region_of_a_copy() {
    let text = instance_snapshot().replace("eu-central-1", "us-east-1");
    let wire = there()
        .answering("DescribeDBSnapshots@us-east-1", &instance_snapshots(&text))
        .answering("DeleteDBSnapshot", "");
    let aws = wire.snapshots();
    let id = Id { copies: texts(&["us-east-1"]), ..id(Family::Instance) };
    let asked =
        |region: &str| wire.asked("DescribeDBSnapshots").iter().filter(|asked| asked.host.contains(region)).count();
    let there = Id { region: "us-east-1".into(), copies: texts(&[]), ..id.clone() };
    aws.observe(&id, Look::Shared).await.unwrap();
    assert_eq!((asked("eu-central-1"), asked("us-east-1")), (1, 1));
    assert!(aws.version(&there).is_some());
    let call = Call::Delete { region: Some("us-east-1".into()), arn: ARN.into(), expired: false };
    aws.perform(&id, &Action { family: Family::Instance, call }, None).await.unwrap();
    assert_eq!(aws.version(&there), None, "of the region where it was written");
    aws.observe(&id, Look::Shared).await.unwrap();
    assert_eq!(asked("us-east-1"), 2);
}
