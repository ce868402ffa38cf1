//! What a new cluster is made from.

use super::looks::{CLUSTER, clusters, gone, look, there, unread};
use super::*;
use crate::aws::Seen;
use crate::aws::aurora::SourceId;

fn from(source: SourceId) -> Id {
    Id { source: Some(source), ..id() }
}

fn snapshot(name: &str) -> String {
    format!(
        "<DBClusterSnapshots><DBClusterSnapshot><DBClusterSnapshotIdentifier>{name}</DBClusterSnapshotIdentifier>\
         <DBClusterSnapshotArn>{name}</DBClusterSnapshotArn><Status>available</Status><Engine>Aurora-MySQL</Engine>\
         <EngineVersion>8.0.mysql_aurora.3.08.0</EngineVersion>\
         <TagList><Tag><Key>a</Key><Value>b</Value></Tag></TagList></DBClusterSnapshot></DBClusterSnapshots>"
    )
}

#[tokio::test]
async fn a_source_is_of_no_interest_once_the_cluster_is_there() {
    let wire = there();
    let observed = look(&wire, &from(SourceId::Snapshot("s".into()))).await;
    assert_eq!(unread(&observed.source), "not asked for");
    assert!(wire.asked("DescribeDBClusterSnapshots").is_empty());
}

#[tokio::test]
async fn a_cluster_snapshot_is_found_by_name_kind_and_sharing() {
    let foreign = "arn:aws:rds:eu-central-1:999900001111:cluster-snapshot:theirs";
    let own = "arn:aws:rds:eu-central-1:111122223333:cluster-snapshot:rds:orders-2026";
    for (name, kind, shared) in [
        ("orders-final", None, false),
        ("rds:orders-2026", Some("automated"), false),
        ("awsbackup:job-1", Some("awsbackup"), false),
        (own, Some("automated"), false),
        (foreign, None, true),
    ] {
        let wire = gone().answering("DescribeDBClusterSnapshots", &snapshot(name));
        let observed = look(&wire, &from(SourceId::Snapshot(name.into()))).await;
        let found = observed.source.present().unwrap();
        assert_eq!((found.status.as_str(), found.engine.as_str()), ("available", "aurora-mysql"));
        assert_eq!(found.engine_version.as_deref(), Some("8.0.mysql_aurora.3.08.0"));
        assert_eq!(found.tags.is_none(), shared, "{name}");
        let asked = wire.once("DescribeDBClusterSnapshots").members();
        assert_eq!(asked.get("SnapshotType").map(String::as_str), kind, "{name}");
        assert_eq!(asked.contains_key("IncludeShared"), shared, "{name}");
        assert_eq!(asked["DBClusterSnapshotIdentifier"], name);
    }
    let wire = gone().refusing("DescribeDBClusterSnapshots", 404, "DBClusterSnapshotNotFoundFault", "gone");
    assert_eq!(look(&wire, &from(SourceId::Snapshot("s".into()))).await.source, Seen::Absent);
}

#[tokio::test]
async fn a_snapshot_of_an_instance_is_known_by_its_arn() {
    let arn = "arn:aws:rds:eu-central-1:111122223333:snapshot:mysql-final";
    let found = format!(
        "<DBSnapshots><DBSnapshot><DBSnapshotIdentifier>mysql-final</DBSnapshotIdentifier>\
         <DBSnapshotArn>{arn}</DBSnapshotArn><Status>available</Status><Engine>mysql</Engine></DBSnapshot></DBSnapshots>"
    );
    let wire = gone().answering("DescribeDBSnapshots", &found);
    let observed = look(&wire, &from(SourceId::Snapshot(arn.into()))).await;
    assert_eq!(observed.source.present().unwrap().engine, "mysql");
    assert_eq!(wire.once("DescribeDBSnapshots").members()["DBSnapshotIdentifier"], arn);
    assert!(wire.asked("DescribeDBClusterSnapshots").is_empty());
}

#[tokio::test]
async fn a_source_cluster_is_found_by_its_name() {
    let wire = gone().answering("DescribeDBClusters", &clusters(&CLUSTER.replace("Orders", "main")));
    let observed = look(&wire, &from(SourceId::Cluster("main".into()))).await;
    let found = observed.source.present().unwrap();
    assert_eq!((found.backup_retention, found.engine_version.as_deref()), (Some(7), Some("16.4")));
    assert_eq!(found.tags.as_ref().map(Tags::len), Some(1));
    assert_eq!(wire.asked("DescribeDBClusters")[1].members()["DBClusterIdentifier"], "main");
    assert_eq!(look(&gone(), &from(SourceId::Cluster("main".into()))).await.source, Seen::Absent);
    let wire = gone().refusing("DescribeDBClusters", 403, "AccessDenied", "no");
    assert!(unread(&look(&wire, &from(SourceId::Cluster("main".into()))).await.source).contains("AccessDenied"));
}

#[tokio::test]
async fn a_resource_id_is_found_as_a_cluster_or_as_what_its_deletion_left() {
    let by_id = || from(SourceId::ResourceId("cluster-ABC".into()));
    let alive = gone().answering("DescribeDBClusters", &clusters(CLUSTER));
    assert_eq!(look(&alive, &by_id()).await.source.present().unwrap().status, "available");
    let asked = alive.asked("DescribeDBClusters")[1].members();
    assert_eq!(asked["Filters.Filter.1.Name"], "db-cluster-resource-id");
    assert_eq!(asked["Filters.Filter.1.Values.Value.1"], "cluster-ABC");

    let left = "<DBClusterAutomatedBackups><DBClusterAutomatedBackup>\
        <DbClusterResourceId>cluster-ABC</DbClusterResourceId><DBClusterArn>arn:c</DBClusterArn>\
        <Status>retained</Status><Engine>aurora-postgresql</Engine></DBClusterAutomatedBackup></DBClusterAutomatedBackups>";
    let none = || gone().answering("DescribeDBClusters", "<DBClusters/>");
    let deleted = none().answering("DescribeDBClusterAutomatedBackups", left);
    let observed = look(&deleted, &by_id()).await;
    let found = observed.source.present().unwrap();
    assert_eq!((found.status.as_str(), found.arn.as_str()), ("retained", "arn:c"));
    assert_eq!(deleted.once("DescribeDBClusterAutomatedBackups").members()["DbClusterResourceId"], "cluster-ABC");

    let code = "DBClusterAutomatedBackupNotFoundFault";
    let nothing = none().refusing("DescribeDBClusterAutomatedBackups", 404, code, "gone");
    assert_eq!(look(&nothing, &by_id()).await.source, Seen::Absent);
}
