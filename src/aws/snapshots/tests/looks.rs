//! Looks: which calls they make, what is made of the answers, and what a failing one leaves.

use super::*;

#[tokio::test]
async fn a_snapshot_of_an_instance_is_read_whole() {
    let looked = observe(&there(), &id(Family::Instance), Look::Direct).await.unwrap();
    assert_eq!((looked.look, looked.account.as_str()), (Look::Direct, "111122223333"));
    let expected = Snapshot {
        arn: ARN.into(),
        resource_id: format!("{ARN} 2026-11-20T03:00:00Z"),
        status: "available".into(),
        snapshot_type: "manual".into(),
        progress: Some(100),
        created: "2026-11-19T03:00:00Z".parse().ok(),
        source: "orders".into(),
        source_resource_id: Some("db-1".into()),
        copied_from: Some("arn:source".into()),
        engine: "postgres".into(),
        engine_version: Some("16.4".into()),
        encrypted: true,
        kms_key_id: Some("arn:key".into()),
        size: Some(100),
        tags: Tags::from([("team".into(), "shop".into())]),
    };
    let seen = looked.observed;
    assert_eq!(seen, Observed { snapshot: Seen::Present(expected), ..Observed::unread() });
}

#[tokio::test]
async fn a_snapshot_of_a_cluster_is_read_whole() {
    let expected = Snapshot {
        arn: CLUSTER_ARN.into(),
        resource_id: format!("{CLUSTER_ARN} 2026-11-20T03:00:00Z"),
        status: "available".into(),
        snapshot_type: "manual".into(),
        progress: Some(100),
        created: "2026-11-20T03:00:00Z".parse().ok(),
        source: "orders".into(),
        source_resource_id: Some("cluster-1".into()),
        copied_from: Some("arn:source".into()),
        engine: "aurora-postgresql".into(),
        engine_version: Some("16.4".into()),
        encrypted: true,
        kms_key_id: Some("arn:key".into()),
        size: Some(10),
        tags: Tags::from([("team".into(), "shop".into())]),
    };
    assert_eq!(observed(&there(), &id(Family::Cluster)).await.snapshot, Seen::Present(expected));
}

#[tokio::test]
async fn while_it_is_made_a_snapshot_has_no_identity() {
    for (status, is_made) in [("creating", false), ("copying", false), ("available", true), ("failed", true)] {
        let member = format!("<Status>{status}</Status>");
        let (instance, cluster) = (instance_snapshot(), cluster_snapshot());
        let wire = Wire::new()
            .answering(
                "DescribeDBSnapshots",
                &instance_snapshots(&instance.replace("<Status>available</Status>", &member)),
            )
            .answering(
                "DescribeDBClusterSnapshots",
                &cluster_snapshots(&cluster.replace("<Status>available</Status>", &member)),
            );
        for family in [Family::Instance, Family::Cluster] {
            let seen = observed(&wire, &id(family)).await;
            assert_eq!(!seen.snapshot.present().unwrap().resource_id.is_empty(), is_made, "{status}");
        }
    }
    let untimed = instance_snapshot().replace("SnapshotCreateTime", "Other");
    let wire = Wire::new().answering("DescribeDBSnapshots", &instance_snapshots(&untimed));
    let seen = observed(&wire, &id(Family::Instance)).await;
    let snapshot = seen.snapshot.present().unwrap();
    assert_eq!((snapshot.resource_id.as_str(), snapshot.created), ("", None));
}

#[tokio::test]
async fn a_key_that_aws_owns_is_no_key_of_the_account() {
    let own = "<Encrypted>false</Encrypted><StorageEncryptionType>sse-rds</StorageEncryptionType>";
    let text = instance_snapshot().replace("<Encrypted>true</Encrypted>", own);
    let wire = Wire::new().answering("DescribeDBSnapshots", &instance_snapshots(&text));
    let seen = observed(&wire, &id(Family::Instance)).await;
    let snapshot = seen.snapshot.present().unwrap();
    assert_eq!((snapshot.encrypted, snapshot.kms_key_id.as_ref()), (true, None));
}

#[tokio::test]
async fn an_answer_without_what_is_always_there_is_unreadable() {
    for member in ["DBSnapshotArn", "Status", "SnapshotType", "DBInstanceIdentifier", "Engine"] {
        let text = instance_snapshot().replace(&format!("<{member}>"), "<X>").replace(&format!("</{member}>"), "</X>");
        let wire = Wire::new().answering("DescribeDBSnapshots", &instance_snapshots(&text));
        let error = observe(&wire, &id(Family::Instance), Look::Direct).await.unwrap_err();
        assert!(error.message.contains(member), "{error}");
    }
}

#[tokio::test]
async fn not_found_is_absent_and_the_source_is_read_then() {
    for (family, operation, answer, arn) in [
        (
            Family::Instance,
            "DescribeDBInstances",
            "<DBInstances><DBInstance><DBInstanceIdentifier>orders</DBInstanceIdentifier>\
             <DBInstanceArn>arn:db</DBInstanceArn><DBInstanceStatus>Available</DBInstanceStatus>\
             <StorageEncrypted>true</StorageEncrypted>\
             <TagList><Tag><Key>a</Key><Value>b</Value></Tag></TagList></DBInstance></DBInstances>",
            "arn:db",
        ),
        (
            Family::Cluster,
            "DescribeDBClusters",
            "<DBClusters><DBCluster><DBClusterIdentifier>orders</DBClusterIdentifier>\
             <DBClusterArn>arn:cluster</DBClusterArn><Status>available</Status>\
             <StorageEncrypted>true</StorageEncrypted>\
             <TagList><Tag><Key>a</Key><Value>b</Value></Tag></TagList></DBCluster></DBClusters>",
            "arn:cluster",
        ),
    ] {
        let wire = gone().answering(operation, answer);
        let id = Id { source: Some(SourceId::Database("orders".into())), ..id(family) };
        let seen = observed(&wire, &id).await;
        assert_eq!(seen.snapshot, Seen::Absent);
        let tags = Some(Tags::from([("a".into(), "b".into())]));
        let expected = Source { arn: arn.into(), status: "available".into(), tags, encrypted: true };
        assert_eq!(seen.source, Seen::Present(expected), "{operation}");
        let wire = there();
        assert_eq!(unread(&observed(&wire, &id).await.source), "not asked for", "of no interest any more");
        assert!(wire.asked(operation).is_empty());
    }
}

#[tokio::test]
async fn a_source_that_is_not_there_is_absent() {
    for (family, operation, code) in [
        (Family::Instance, "DescribeDBInstances", "DBInstanceNotFound"),
        (Family::Cluster, "DescribeDBClusters", "DBClusterNotFoundFault"),
    ] {
        let wire = gone().refusing(operation, 404, code, "gone");
        let id = Id { source: Some(SourceId::Database("orders".into())), ..id(family) };
        assert_eq!(observed(&wire, &id).await.source, Seen::Absent);
        let denied = gone().refusing(operation, 403, "AccessDenied", "no");
        assert!(unread(&observed(&denied, &id).await.source).contains("AccessDenied"));
    }
}

#[tokio::test]
async fn automated_snapshots_are_found_by_their_type() {
    for (name, kind) in [("rds:orders-2026", "automated"), ("awsbackup:job-1", "awsbackup")] {
        let text =
            instance_snapshot().replace("<DBSnapshotIdentifier>nightly", &format!("<DBSnapshotIdentifier>{name}"));
        let wire = Wire::new().answering("DescribeDBSnapshots", &instance_snapshots(&text));
        observed(&wire, &Id { identifier: name.into(), ..id(Family::Instance) }).await;
        assert_eq!(wire.once("DescribeDBSnapshots").members()["SnapshotType"], kind);
    }
    let wire = there();
    observed(&wire, &id(Family::Instance)).await;
    assert!(!wire.once("DescribeDBSnapshots").members().contains_key("SnapshotType"));
}

#[tokio::test]
async fn a_snapshot_to_copy_is_looked_up_in_its_region_and_a_shared_one_tells_no_tags() {
    let there = "arn:aws:rds:us-east-1:111122223333:snapshot:old";
    let theirs = "arn:aws:rds:us-east-1:999900001111:snapshot:old";
    for (name, shared) in [(there, false), (theirs, true)] {
        let text = instance_snapshot().replace(ARN, name);
        let wire = gone().answering("DescribeDBSnapshots@us-east-1", &instance_snapshots(&text));
        for region in [None, Some("us-east-1".to_string())] {
            let source = Some(SourceId::Snapshot { identifier: name.into(), region });
            let seen = observed(&wire, &Id { source, ..id(Family::Instance) }).await;
            let found = seen.source.present().unwrap();
            assert_eq!((found.arn.as_str(), found.encrypted, found.tags.is_none()), (name, true, shared));
        }
        let asked = wire.asked("DescribeDBSnapshots");
        let asked = asked.iter().find(|asked| asked.host.contains("us-east-1")).unwrap();
        assert_eq!(asked.members().contains_key("IncludeShared"), shared);
    }
    let arn = "arn:aws:rds:us-east-1:999900001111:cluster-snapshot:old";
    let text = cluster_snapshot().replace(CLUSTER_ARN, arn);
    let wire = gone().answering("DescribeDBClusterSnapshots@us-east-1", &cluster_snapshots(&text));
    let source = Some(SourceId::Snapshot { identifier: arn.into(), region: None });
    let seen = observed(&wire, &Id { source, ..id(Family::Cluster) }).await;
    assert_eq!(seen.source.present().unwrap().tags, None);
}

#[tokio::test]
async fn each_copy_is_read_in_its_region_and_a_silent_one_is_unread() {
    let text = instance_snapshot().replace("eu-central-1", "us-east-1");
    let wire = there()
        .answering("DescribeDBSnapshots@us-east-1", &instance_snapshots(&text))
        .refusing("DescribeDBSnapshots@us-west-2", 404, "DBSnapshotNotFound", "gone")
        .refusing("DescribeDBSnapshots@eu-west-1", 403, "AccessDenied", "no");
    let copies = texts(&["us-east-1", "us-west-2", "eu-west-1"]);
    let seen = observed(&wire, &Id { copies, ..id(Family::Instance) }).await;
    assert_eq!(seen.copies["us-east-1"].present().unwrap().arn, ARN.replace("eu-central-1", "us-east-1"));
    assert_eq!(seen.copies["us-west-2"], Seen::Absent);
    assert!(unread(&seen.copies["eu-west-1"]).contains("AccessDenied"));
    let alone = gone().answering("DescribeDBSnapshots@us-east-1", &instance_snapshots(&text));
    let seen = observed(&alone, &Id { copies: texts(&["us-east-1"]), ..id(Family::Instance) }).await;
    assert!(seen.copies["us-east-1"].present().is_some(), "also of a snapshot that is gone");
}

#[tokio::test]
async fn shares_are_those_who_may_restore() {
    let result = |family: &str| {
        format!(
            "<DB{family}SnapshotAttributesResult><DB{family}SnapshotAttributes>\
             <DB{family}SnapshotAttribute><AttributeName>other</AttributeName>\
             <AttributeValues><AttributeValue>x</AttributeValue></AttributeValues></DB{family}SnapshotAttribute>\
             <DB{family}SnapshotAttribute><AttributeName>restore</AttributeName><AttributeValues>\
             <AttributeValue>222233334444</AttributeValue><AttributeValue>all</AttributeValue></AttributeValues>\
             </DB{family}SnapshotAttribute></DB{family}SnapshotAttributes></DB{family}SnapshotAttributesResult>"
        )
    };
    let wire = there()
        .answering("DescribeDBSnapshotAttributes", &result(""))
        .answering("DescribeDBClusterSnapshotAttributes", &result("Cluster"));
    for family in [Family::Instance, Family::Cluster] {
        let seen = observed(&wire, &Id { shares: true, ..id(family) }).await;
        assert_eq!(seen.shares, Seen::Present(texts(&["222233334444", "all"])), "{family:?}");
    }
    assert_eq!(unread(&observed(&wire, &id(Family::Instance)).await.shares), "not asked for");
    let denied = there().refusing("DescribeDBSnapshotAttributes", 403, "AccessDenied", "no");
    assert!(
        unread(&observed(&denied, &Id { shares: true, ..id(Family::Instance) }).await.shares).contains("AccessDenied")
    );
}

#[test]
fn an_arn_tells_region_and_account() {
    assert_eq!(place_of(ARN), Some(("eu-central-1", "111122223333")));
    assert_eq!(place_of(BACKUP), Some(("eu-central-1", "111122223333")));
    for text in ["nightly", "rds:nightly", "arn:aws:rds", ""] {
        assert_eq!(place_of(text), None, "{text}");
    }
}
