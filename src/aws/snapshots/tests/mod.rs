//! Mapping tests: what is sent, whole, and what is made of answers. The SDK is real; only the wire is ours.

mod backups;
mod changes;
mod looks;
mod shared;

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::aws::wire::Wire;
use crate::aws::{Action as _, Class, Cloud, CloudError, Look, Looked};

const ARN: &str = "arn:aws:rds:eu-central-1:111122223333:snapshot:nightly";
const CLUSTER_ARN: &str = "arn:aws:rds:eu-central-1:111122223333:cluster-snapshot:nightly";
const BACKUP: &str = "arn:aws:dynamodb:eu-central-1:111122223333:table/orders/backup/01";

fn id(family: Family) -> Id {
    Id { region: "eu-central-1".into(), family, identifier: "nightly".into(), ..Id::default() }
}

fn tags() -> Tags {
    Tags::from([("awsdb.dev/cluster".into(), "uid-1".into())])
}

fn texts(items: &[&str]) -> BTreeSet<String> {
    items.iter().map(ToString::to_string).collect()
}

/// A snapshot as AWS shows it, with a value of its own for every member that is read.
fn instance_snapshot() -> String {
    format!(
        "<DBSnapshot><DBSnapshotIdentifier>nightly</DBSnapshotIdentifier><DBSnapshotArn>{ARN}</DBSnapshotArn>\
         <DBInstanceIdentifier>Orders</DBInstanceIdentifier><DbiResourceId>db-1</DbiResourceId>\
         <Status>available</Status><SnapshotType>manual</SnapshotType><PercentProgress>100</PercentProgress>\
         <SnapshotCreateTime>2026-11-20T03:00:00.250Z</SnapshotCreateTime>\
         <OriginalSnapshotCreateTime>2026-11-19T03:00:00Z</OriginalSnapshotCreateTime>\
         <SourceDBSnapshotIdentifier>arn:source</SourceDBSnapshotIdentifier>\
         <Engine>postgres</Engine><EngineVersion>16.4</EngineVersion><AllocatedStorage>100</AllocatedStorage>\
         <Encrypted>true</Encrypted><KmsKeyId>arn:key</KmsKeyId>\
         <TagList><Tag><Key>team</Key><Value>shop</Value></Tag></TagList></DBSnapshot>"
    )
}

fn cluster_snapshot() -> String {
    format!(
        "<DBClusterSnapshot><DBClusterSnapshotIdentifier>nightly</DBClusterSnapshotIdentifier>\
         <DBClusterSnapshotArn>{CLUSTER_ARN}</DBClusterSnapshotArn><DBClusterIdentifier>Orders</DBClusterIdentifier>\
         <DbClusterResourceId>cluster-1</DbClusterResourceId><Status>available</Status>\
         <SnapshotType>manual</SnapshotType><PercentProgress>100</PercentProgress>\
         <SnapshotCreateTime>2026-11-20T03:00:00Z</SnapshotCreateTime>\
         <SourceDBClusterSnapshotArn>arn:source</SourceDBClusterSnapshotArn>\
         <Engine>aurora-postgresql</Engine><EngineVersion>16.4</EngineVersion><AllocatedStorage>10</AllocatedStorage>\
         <StorageEncrypted>true</StorageEncrypted><KmsKeyId>arn:key</KmsKeyId>\
         <TagList><Tag><Key>team</Key><Value>shop</Value></Tag></TagList></DBClusterSnapshot>"
    )
}

fn instance_snapshots(each: &str) -> String {
    format!("<DBSnapshots>{each}</DBSnapshots>")
}

fn cluster_snapshots(each: &str) -> String {
    format!("<DBClusterSnapshots>{each}</DBClusterSnapshots>")
}

fn there() -> Wire {
    Wire::new()
        .answering("DescribeDBSnapshots", &instance_snapshots(&instance_snapshot()))
        .answering("DescribeDBClusterSnapshots", &cluster_snapshots(&cluster_snapshot()))
}

fn gone() -> Wire {
    Wire::new().refusing("DescribeDBSnapshots", 404, "DBSnapshotNotFound", "DBSnapshot not found: nightly").refusing(
        "DescribeDBClusterSnapshots",
        404,
        "DBClusterSnapshotNotFoundFault",
        "gone",
    )
}

async fn observe(wire: &Wire, id: &Id, look: Look) -> Result<Looked<Observed>, CloudError> {
    wire.snapshots().observe(id, look).await
}

async fn observed(wire: &Wire, id: &Id) -> Observed {
    observe(wire, id, Look::Direct).await.unwrap().observed
}

async fn perform(wire: &Wire, family: Family, call: Call) -> Result<(), CloudError> {
    wire.snapshots().perform(&id(family), &Action { family, call }, None).await
}

/// The reason why a part was not read.
fn unread<T: std::fmt::Debug>(seen: &Seen<T>) -> &str {
    match seen {
        Seen::Unread(reason) => reason,
        other => panic!("{other:?}"),
    }
}
