//! Snapshots by id, a hundred a request: thousands that are idle cost a call every few seconds.

use aws_sdk_rds::types::Filter;
use futures::future::{FutureExt, TryFutureExt};

use super::{Snapshot, read};
use crate::aws::CloudError;
use crate::aws::answer::{pages, present};
use crate::aws::clients::Caller;
use crate::aws::inventory::Source;

/// The DB snapshots of a region.
pub(in crate::aws) struct InstanceSnapshots {
    pub rds: aws_sdk_rds::Client,
    pub caller: Caller,
}

/// The DB cluster snapshots of a region.
pub(in crate::aws) struct ClusterSnapshots {
    pub rds: aws_sdk_rds::Client,
    pub caller: Caller,
}

impl Source for InstanceSnapshots {
    type Item = Snapshot;
    const THING: &'static str = "DBSnapshot";

    async fn read(&self, ids: Vec<String>) -> Result<Vec<(String, Snapshot)>, CloudError> {
        const OPERATION: &str = "DescribeDBSnapshots";
        let filter = Filter::builder().name("db-snapshot-id").set_values(Some(ids)).build();
        let request = self.rds.describe_db_snapshots().filters(filter);
        let listed = pages(OPERATION, |marker| {
            let page = self.caller.call("rds", OPERATION, request.clone().set_marker(marker).send());
            // Of ids of which none exists, an emulator may say so with an error.
            let page = page.map(|page| present(page, "DBSnapshotNotFound"));
            page.map_ok(|page| page.map_or((None, None), |page| (page.db_snapshots, page.marker))).boxed()
        });
        // One that cannot be read is missing here, and says so itself when it is looked at directly.
        let readable = listed
            .await?
            .into_iter()
            .filter_map(|db| Some((read::lower(&db.db_snapshot_identifier)?, read::instance_snapshot(&db).ok()?)));
        Ok(readable.collect())
    }

    fn is_moving(snapshot: &Snapshot) -> bool {
        is_moving(snapshot)
    }
}

impl Source for ClusterSnapshots {
    type Item = Snapshot;
    const THING: &'static str = "DBClusterSnapshot";

    async fn read(&self, ids: Vec<String>) -> Result<Vec<(String, Snapshot)>, CloudError> {
        const OPERATION: &str = "DescribeDBClusterSnapshots";
        let filter = Filter::builder().name("db-cluster-snapshot-id").set_values(Some(ids)).build();
        let request = self.rds.describe_db_cluster_snapshots().filters(filter);
        let listed = pages(OPERATION, |marker| {
            let page = self.caller.call("rds", OPERATION, request.clone().set_marker(marker).send());
            let page = page.map(|page| present(page, "DBClusterSnapshotNotFound"));
            page.map_ok(|page| page.map_or((None, None), |page| (page.db_cluster_snapshots, page.marker))).boxed()
        });
        let readable = listed.await?.into_iter().filter_map(|db| {
            Some((read::lower(&db.db_cluster_snapshot_identifier)?, read::cluster_snapshot(&db).ok()?))
        });
        Ok(readable.collect())
    }

    fn is_moving(snapshot: &Snapshot) -> bool {
        is_moving(snapshot)
    }
}

fn is_moving(snapshot: &Snapshot) -> bool {
    !matches!(snapshot.status.as_str(), "available" | "failed")
}
