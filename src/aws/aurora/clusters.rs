//! Clusters by id with their members: for a hundred of them two requests.

use std::collections::BTreeMap;

use aws_sdk_rds::types::{DbCluster, DbInstance, Filter};
use futures::future::{FutureExt, TryFutureExt};

use super::{Cluster, Member, read};
use crate::aws::answer::{pages, present};
use crate::aws::clients::Caller;
use crate::aws::inventory::Source;
use crate::aws::{CloudError, Seen};

/// A cluster with its members by name.
pub(in crate::aws) type Whole = (Cluster, Seen<BTreeMap<String, Member>>);

/// The clusters of a region.
pub(in crate::aws) struct Clusters {
    pub rds: aws_sdk_rds::Client,
    pub caller: Caller,
}

impl Clusters {
    async fn clusters(&self, ids: Vec<String>) -> Result<Vec<DbCluster>, CloudError> {
        const OPERATION: &str = "DescribeDBClusters";
        let request = self.rds.describe_db_clusters().filters(by_cluster(ids));
        let listed = pages(OPERATION, |marker| {
            let page = self.caller.call("rds", OPERATION, request.clone().set_marker(marker).send());
            // Not every emulator answers with an empty list.
            let page = page.map(|page| present(page, "DBClusterNotFound"));
            page.map_ok(|page| page.map_or((None, None), |page| (page.db_clusters, page.marker))).boxed()
        });
        listed.await
    }
}

impl Source for Clusters {
    type Item = Whole;
    const THING: &'static str = "DBCluster";

    async fn read(&self, ids: Vec<String>) -> Result<Vec<(String, Whole)>, CloudError> {
        let members = instances(&self.rds, &self.caller, ids.clone());
        let (clusters, instances) = tokio::try_join!(self.clusters(ids), members)?;
        // One that cannot be read is missing here, and says so itself when it is looked at directly.
        let readable = clusters.into_iter().filter_map(|db| {
            let id = db.db_cluster_identifier.as_ref()?.to_lowercase();
            let members = read::members(&instances, &id).ok()?;
            Some((id, (read::cluster(&db).ok()?, Seen::Present(members))))
        });
        Ok(readable.collect())
    }

    fn is_moving((cluster, members): &Whole) -> bool {
        let moves = |status: &str| !matches!(status, "available" | "stopped");
        let applies = |status: &Option<String>| status.as_deref() == Some("applying");
        moves(&cluster.status)
            || cluster.is_moving
            || cluster.password_pending
            || cluster.logs_pending
            || cluster.security_groups_changing
            || cluster.members.values().any(|member| applies(&member.parameter_group_status))
            || members.present().is_none_or(|members| {
                members.values().any(|member| moves(&member.status) || applies(&member.parameter_apply_status))
            })
    }
}

/// The DB instances of these clusters.
pub(super) async fn instances(
    rds: &aws_sdk_rds::Client,
    caller: &Caller,
    clusters: Vec<String>,
) -> Result<Vec<DbInstance>, CloudError> {
    const OPERATION: &str = "DescribeDBInstances";
    let request = rds.describe_db_instances().filters(by_cluster(clusters));
    let listed = pages(OPERATION, |marker| {
        let page = caller.call("rds", OPERATION, request.clone().set_marker(marker).send());
        let page = page.map(|page| present(page, "DBInstanceNotFound"));
        page.map_ok(|page| page.map_or((None, None), |page| (page.db_instances, page.marker))).boxed()
    });
    listed.await
}

fn by_cluster(ids: Vec<String>) -> Filter {
    Filter::builder().name("db-cluster-id").set_values(Some(ids)).build()
}
