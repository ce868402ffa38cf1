//! DeleteDBCluster and what somebody else does to a cluster.

use jiff::Timestamp;

use awsdb::aws::rds::Snapshot;

use super::super::desk::REGION;
use super::super::service::Service;
use super::{Answer, Clu, Clusters, Deleted, Effect, Snap, refused};

/// Statuses in which AWS deletes a cluster; only in the first two with a final snapshot.
const DELETABLE: [&str; 14] = [
    "available",
    "stopped",
    "failed",
    "restore-failed",
    "cloning-failed",
    "migration-failed",
    "storage-failure",
    "incompatible-restore",
    "incompatible-network",
    "incompatible-parameters",
    "insufficient-capacity",
    "insufficient-resource-limits",
    "inaccessible-encryption-credentials",
    "inaccessible-encryption-credentials-recoverable",
];

impl Clusters {
    pub(super) fn delete(&mut self, name: &str, final_snapshot: Option<&str>, drop_backups: bool) -> Answer {
        self.check_delete(name, final_snapshot)?;
        let (ready, gone) = (self.after(self.timing.snapshot), self.after(self.timing.snapshot + self.timing.delete));
        let without = self.after(self.timing.delete);
        let resource_id = self.clu(name)?.shown.resource_id.clone();
        if !drop_backups {
            let kept = self.snap_of(name, &resource_id, self.now);
            self.retained.insert(resource_id.clone(), kept);
        }
        if let Some(snapshot) = final_snapshot {
            self.take_snapshot(name, snapshot, ready);
        }
        let clu = self.clu(name)?;
        clu.agenda.clear();
        clu.thaw("deleting");
        clu.plan(if final_snapshot.is_some() { gone } else { without }, Effect::Gone);
        let at = self.now;
        let final_snapshot = final_snapshot.map(String::from);
        self.deleted.push(Deleted { identifier: name.into(), resource_id, final_snapshot, at });
        Ok(())
    }

    fn check_delete(&mut self, name: &str, final_snapshot: Option<&str>) -> Answer {
        let taken = final_snapshot.is_some_and(|snapshot| self.snapshots.contains_key(snapshot));
        let clu = self.clu(name)?;
        let status = clu.shown.status.as_str();
        if ["deleting", "deleted"].contains(&status) {
            return refused("InvalidDBClusterStateFault", format!("Cluster {name} is already being deleted."));
        }
        if clu.shown.settings.deletion_protection == Some(true) {
            return refused(
                "InvalidParameterCombination",
                "Cannot delete protected Cluster, please disable deletion protection and try again.",
            );
        }
        if clu.shown.global_cluster.is_some() {
            return refused(
                "InvalidDBClusterStateFault",
                "This cluster is a part of a global cluster, please remove it from globalcluster first",
            );
        }
        if clu.living().next().is_some() {
            return refused(
                "InvalidDBClusterStateFault",
                "Cluster cannot be deleted, it still contains DB instances in non-deleting state.",
            );
        }
        let states = if final_snapshot.is_some() { &DELETABLE[..2] } else { &DELETABLE[..] };
        if !states.contains(&status) {
            return refused(
                "InvalidDBClusterStateFault",
                format!("DB cluster {name} is not currently in the available state: it is {status}"),
            );
        }
        if taken {
            return refused("DBClusterSnapshotAlreadyExistsFault", "Cannot create the cluster snapshot: it exists.");
        }
        Ok(())
    }

    /// Takes a snapshot that is ready at a time.
    pub fn take_snapshot(&mut self, name: &str, snapshot: &str, ready_at: Timestamp) {
        let snap = self.snap_of(name, snapshot, ready_at);
        self.snapshots.insert(snapshot.into(), snap);
        self.advance(self.now);
    }

    fn snap_of(&self, name: &str, snapshot: &str, ready_at: Timestamp) -> Snap {
        let clu = &self.clusters[name];
        let copies = clu.shown.settings.copy_tags_to_snapshot == Some(true);
        let shown = Snapshot {
            identifier: snapshot.into(),
            arn: format!("arn:aws:rds:{REGION}:{}:cluster-snapshot:{snapshot}", self.account),
            status: "creating".into(),
            resource_id: clu.shown.resource_id.clone(),
            tags: if copies { clu.shown.tags.clone() } else { Default::default() },
        };
        Snap {
            shown,
            settings: clu.shown.settings.clone(),
            password: clu.password.clone(),
            data: clu.data.clone(),
            ready_at,
        }
    }

    pub(super) fn vanish(&mut self, name: &str) {
        // A cluster waits for its last members.
        let later = self.after(1);
        if let Some(clu) = self.clusters.get_mut(name).filter(|clu| !clu.members.is_empty()) {
            clu.plan(later, Effect::Gone);
            return;
        }
        self.clusters.remove(name);
    }

    /// A member goes, or somebody takes it away.
    pub fn lose_member(&mut self, cluster: &str, name: &str) {
        let Some(clu) = self.clusters.get_mut(cluster) else { return };
        clu.members.remove(name);
        clu.shown.members.remove(name);
        clu.elect();
        for endpoint in clu.endpoints.values_mut() {
            endpoint.static_members.remove(name);
            endpoint.excluded_members.remove(name);
        }
    }

    /// Somebody deletes the cluster with its members in the console, without a final snapshot.
    pub fn delete_behind_our_back(&mut self, name: &str) {
        self.clusters.remove(name);
    }
}

impl Clu {
    /// A cluster without a writer makes one of its readers the writer.
    fn elect(&mut self) {
        if self.writer().is_none()
            && let Some(heir) = self.heir("")
            && let Some(membership) = self.shown.members.get_mut(&heir)
        {
            membership.is_writer = true;
        }
    }
}
