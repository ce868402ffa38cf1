//! What the describes show. Whatever a look reads beside the cluster is a call of its own.

use std::collections::BTreeMap;

use awsdb::aws::aurora::{Cluster, Id, Observed, SourceId};
use awsdb::aws::rds::{ParameterGroup, Source};
use awsdb::aws::{CloudError, Look, Looked, Password, Seen};

use super::super::desk::REGION;
use super::super::service::{Read, Service};
use super::{Clu, Clusters, Snap};

impl Clusters {
    /// Answers a look.
    pub(super) fn look(&self, id: &Id, look: Look, read: &mut Read<'_>) -> Result<Looked<Observed>, CloudError> {
        assert_eq!(id.region, REGION, "the operator looked in another region");
        self.unreadable(Self::DESCRIBE)?;
        let observed = match (&self.stale, look) {
            (Some(stale), Look::Shared) => stale.clone(),
            _ => self.fresh(id, read),
        };
        if let (Seen::Present(_), Seen::Unread(why)) = (&observed.cluster, &observed.members) {
            return Err(CloudError::transport("DescribeDBInstances", "Unreachable", why));
        }
        Ok(self.answer(observed, look))
    }

    /// Everything as it is now.
    pub fn fresh(&self, id: &Id, read: &mut Read<'_>) -> Observed {
        let listed = self.clusters.get(&id.identifier).filter(|clu| clu.listed_at <= self.now);
        let mut seen = Observed::unread();
        seen.cluster = self.part("cluster", || listed.map(|clu| self.shown(clu)));
        if let Some(clu) = listed {
            seen.members = self.asked("members", "DescribeDBInstances", read, || {
                let listed = clu.members.iter().filter(|(_, mem)| mem.listed_at <= self.now);
                Some(listed.map(|(name, mem)| (name.clone(), mem.shown.clone())).collect())
            });
        }
        seen.cluster_parameter_groups = self.groups(&id.cluster_parameter_groups, CLUSTER_GROUPS, read);
        seen.parameter_groups = self.groups(&id.parameter_groups, MEMBER_GROUPS, read);
        if let Some(name) = &id.subnet_group {
            let group = || self.subnet_groups.get(name).cloned();
            seen.subnet_group = self.asked("subnetGroup", "DescribeDBSubnetGroups", read, group);
        }
        if let (Some(source), None) = (&id.source, listed) {
            seen.source = self.asked("source", "DescribeDBClusterSnapshots", read, || self.source(source));
        }
        if let (true, Some(clu)) = (id.custom_endpoints, listed) {
            let endpoints = || Some(clu.endpoints.clone());
            seen.custom_endpoints = self.asked("customEndpoints", "DescribeDBClusterEndpoints", read, endpoints);
        }
        if id.final_snapshots {
            let of = |snap: &&Snap| snap.shown.identifier.starts_with(&id.identifier);
            let all = || Some(self.snapshots.values().filter(of).map(|snap| snap.shown.clone()).collect());
            seen.snapshots = self.asked("snapshots", "DescribeDBClusterSnapshots", read, all);
        }
        if id.managed_password {
            let secret = |clu: &&Clu| clu.shown.master_secret.as_ref().is_some_and(|(_, state)| state == "active");
            let password = || listed.filter(secret).map(|clu| Password::new(clu.password.clone()));
            seen.managed_password = self.asked("managedPassword", "GetSecretValue", read, password);
        }
        if id.capacities_of.is_some() {
            let capacities = || Some(self.capacities);
            seen.capacities = self.asked("capacities", "DescribeDBEngineVersions", read, capacities);
        }
        seen
    }

    /// A member that is not listed yet is not in the cluster's list either.
    fn shown(&self, clu: &Clu) -> Cluster {
        let mut shown = clu.shown.clone();
        shown.members.retain(|name, _| clu.members.get(name).is_none_or(|mem| mem.listed_at <= self.now));
        shown
    }

    /// A part that takes a call of its own.
    fn asked<T>(
        &self,
        part: &'static str,
        operation: &'static str,
        read: &mut Read<'_>,
        find: impl FnOnce() -> Option<T>,
    ) -> Seen<T> {
        match read(operation) {
            Err(why) => Seen::Unread(why),
            Ok(()) => self.part(part, find),
        }
    }

    fn groups(
        &self,
        names: &[String],
        (part, operation, all): GroupKind,
        read: &mut Read<'_>,
    ) -> BTreeMap<String, Seen<ParameterGroup>> {
        let of = |name: &String| (name.clone(), self.asked(part, operation, read, || all(self).get(name).cloned()));
        names.iter().map(of).collect()
    }

    fn source(&self, source: &SourceId) -> Option<Source> {
        let of_snapshot = |snap: &Snap| Source {
            arn: snap.shown.arn.clone(),
            status: snap.shown.status.clone(),
            engine: snap.settings.engine.clone().unwrap_or_default(),
            engine_version: snap.settings.engine_version.clone(),
            tags: Some(snap.shown.tags.clone()),
            backup_retention: None,
        };
        let of_cluster = |clu: &Clu| Source {
            arn: clu.shown.arn.clone(),
            status: clu.shown.status.clone(),
            engine: clu.shown.settings.engine.clone().unwrap_or_default(),
            engine_version: clu.shown.settings.engine_version.clone(),
            tags: Some(clu.shown.tags.clone()),
            backup_retention: clu.shown.settings.backup_retention_period,
        };
        match source {
            SourceId::Snapshot(name) => {
                let is = |snap: &&Snap| snap.shown.identifier == *name || snap.shown.arn == *name;
                self.snapshots.values().find(is).map(of_snapshot)
            }
            SourceId::Cluster(name) => self.clusters.get(name).map(of_cluster),
            SourceId::ResourceId(id) => {
                let living = self.clusters.values().find(|clu| clu.shown.resource_id == *id).map(of_cluster);
                living.or_else(|| self.retained.get(id).map(of_snapshot))
            }
        }
    }
}

/// The name that tests use, the operation, and where the groups are.
type GroupKind = (&'static str, &'static str, fn(&Clusters) -> &BTreeMap<String, ParameterGroup>);

const CLUSTER_GROUPS: GroupKind =
    ("clusterParameterGroups", "DescribeDBClusterParameterGroups", |aws| &aws.cluster_parameter_groups);
const MEMBER_GROUPS: GroupKind = ("parameterGroups", "DescribeDBParameterGroups", |aws| &aws.parameter_groups);
