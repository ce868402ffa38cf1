//! What the tests of AuroraServerless and DbSnapshot ask AWS, and do there behind the operator's back.

use std::collections::BTreeMap;

use aws_sdk_rds::types::{DbCluster, DbClusterSnapshot, DbSnapshot};
use serde_json::Value;

use crate::lab::{Lab, condition};

/// Kinds of its own besides the lab's: a cluster by name, its snapshots, and AWS's own view of both.
pub struct Clusters<'a> {
    lab: &'a Lab,
    rds: aws_sdk_rds::Client,
}

impl<'a> Clusters<'a> {
    pub fn of(lab: &'a Lab) -> Self {
        Self { lab, rds: aws_sdk_rds::Client::new(lab.aws().0) }
    }

    /// In another region.
    pub fn abroad(lab: &'a Lab, region: &'static str) -> Self {
        let config = aws_sdk_rds::config::Builder::from(lab.aws().0).region(aws_config::Region::new(region)).build();
        Self { lab, rds: aws_sdk_rds::Client::from_conf(config) }
    }

    fn wait<T>(&self, answer: impl Future<Output = T>) -> T {
        self.lab.aws().1.block_on(answer)
    }

    /// The seed of a small cluster, with these lines added to it.
    pub fn apply(&self, name: &str, spec: &str) {
        let small = "engine: aurora-postgresql\nengineVersion: '16'\nmasterUsername: app\n\
                     serverlessV2ScalingConfiguration: {minCapacity: 0.5, maxCapacity: 2}";
        self.lab.apply_kind("AuroraServerless", name, &format!("{small}\n{spec}"));
    }

    /// A DbSnapshot with exactly these lines as its spec.
    pub fn snap(&self, name: &str, spec: &str) {
        self.lab.apply_kind("DbSnapshot", name, spec);
    }

    /// The object (`aurora/orders`), once it is Ready and Synced as it is now.
    pub fn wait_settled(&self, name: &str) -> Value {
        self.lab.until(&format!("{name} is Ready and Synced"), || {
            let object = self.lab.object(name)?;
            let holds = |kind| condition(&object, kind).is_some_and(|one| one.status == "True");
            let is_current = object["status"]["observedGeneration"] == object["metadata"]["generation"];
            (holds("Ready") && holds("Synced") && is_current).then_some(object)
        })
    }

    pub fn cluster(&self, identifier: &str) -> Option<DbCluster> {
        let answer = self.wait(self.rds.describe_db_clusters().db_cluster_identifier(identifier).send());
        answer.ok()?.db_clusters.unwrap_or_default().into_iter().next()
    }

    /// Members by name, with whether they write.
    pub fn members(&self, identifier: &str) -> BTreeMap<String, bool> {
        let members = self.cluster(identifier).and_then(|cluster| cluster.db_cluster_members).unwrap_or_default();
        let each = members.into_iter();
        each.filter_map(|one| Some((one.db_instance_identifier?, one.is_cluster_writer?))).collect()
    }

    pub fn writer(&self, identifier: &str) -> Option<String> {
        self.members(identifier).into_iter().find_map(|(name, writes)| writes.then_some(name))
    }

    pub fn instance_snapshot(&self, name: &str) -> Option<DbSnapshot> {
        let answer = self.wait(self.rds.describe_db_snapshots().db_snapshot_identifier(name).send());
        answer.ok()?.db_snapshots.unwrap_or_default().into_iter().next()
    }

    pub fn cluster_snapshot(&self, name: &str) -> Option<DbClusterSnapshot> {
        let answer = self.wait(self.rds.describe_db_cluster_snapshots().db_cluster_snapshot_identifier(name).send());
        answer.ok()?.db_cluster_snapshots.unwrap_or_default().into_iter().next()
    }

    /// Manual snapshots of a cluster that is there or gone.
    pub fn snapshots_of(&self, identifier: &str) -> Vec<String> {
        let request =
            self.rds.describe_db_cluster_snapshots().db_cluster_identifier(identifier).snapshot_type("manual");
        let list = self.wait(request.send()).unwrap().db_cluster_snapshots.unwrap_or_default();
        list.into_iter().filter_map(|one| one.db_cluster_snapshot_identifier).collect()
    }

    /// Accounts that may restore a snapshot of an instance.
    pub fn shares(&self, name: &str) -> Vec<String> {
        let request = self.rds.describe_db_snapshot_attributes().db_snapshot_identifier(name);
        let result = self.wait(request.send()).unwrap().db_snapshot_attributes_result.unwrap();
        let attributes = result.db_snapshot_attributes.unwrap_or_default().into_iter();
        attributes.flat_map(|one| one.attribute_values.unwrap_or_default()).collect()
    }

    /// Deletes a member as somebody with a console would.
    pub fn destroy_member(&self, name: &str) {
        let request = self.rds.delete_db_instance().db_instance_identifier(name).skip_final_snapshot(true);
        self.wait(request.send()).unwrap();
    }
}

/// Calls since an earlier count, without the question who we are, which is asked once in a process.
pub fn calls_since(lab: &Lab, before: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let counts = lab.aws_calls().into_iter();
    let grown = counts.map(|(call, count)| (call.clone(), count - before.get(&call).copied().unwrap_or_default()));
    grown.filter(|(call, count)| *count > 0 && !call.starts_with("sts.")).collect()
}
