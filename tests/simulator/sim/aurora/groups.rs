//! Parameter groups of clusters and members, and how they reach the members.

use std::collections::BTreeMap;

use awsdb::aws::aurora::{Action, MemberSettings};
use awsdb::aws::rds::{ParameterGroup, SubnetGroup};

use super::super::desk::{REGION, Refused};
use super::super::groups::{Groups, need_reboot, reached};
use super::{Answer, Clusters, Effect, MemberEffect, refused};

type Values = BTreeMap<String, String>;

impl Groups for Clusters {
    fn account(&self) -> String {
        self.account.clone()
    }

    fn parameter_groups(&mut self) -> &mut BTreeMap<String, ParameterGroup> {
        &mut self.parameter_groups
    }

    fn subnet_groups(&mut self) -> &mut BTreeMap<String, SubnetGroup> {
        &mut self.subnet_groups
    }

    fn uses_parameters(&self, group: &str) -> bool {
        let mut members = self.clusters.values().flat_map(|clu| clu.members.values());
        members.any(|mem| mem.shown.settings.db_parameter_group_name.as_deref() == Some(group))
    }

    fn knows(&self, family: &str) -> bool {
        let (postgres, mysql) = (family.strip_prefix("aurora-postgresql"), family.strip_prefix("aurora-mysql"));
        postgres.is_some_and(|major| major.parse::<u32>().is_ok())
            || mysql.is_some_and(|version| ["5.7", "8.0", "8.4"].contains(&version))
    }

    fn uses_subnets(&self, group: &str) -> bool {
        self.clusters.values().any(|clu| clu.shown.settings.db_subnet_group_name.as_deref() == Some(group))
    }

    fn reload(&mut self, group: &str, is_static: bool) {
        let values = values_of(&self.parameter_groups, Some(group));
        let (soon, later) = (self.now, self.after(self.timing.lag));
        for mem in self.clusters.values_mut().flat_map(|clu| clu.members.values_mut()) {
            if mem.shown.settings.db_parameter_group_name.as_deref() != Some(group) {
                continue;
            }
            mem.running = reached(&mem.running, &values);
            mem.plan(soon, MemberEffect::Parameters("applying"));
            mem.plan(later, MemberEffect::Parameters(if is_static { "pending-reboot" } else { "in-sync" }));
        }
    }
}

impl Clusters {
    pub(super) fn cluster_group_call(&mut self, action: &Action) -> Answer {
        match action {
            Action::CreateClusterParameterGroup { name, family, tags } => {
                if self.cluster_parameter_groups.contains_key(name) {
                    return refused("DBParameterGroupAlreadyExists", format!("Parameter group {name} already exists"));
                }
                self.check_family(family)?;
                let arn = format!("arn:aws:rds:{REGION}:{}:cluster-pg:{name}", self.account);
                let group = ParameterGroup { family: family.clone(), arn, tags: tags.clone(), ..Default::default() };
                self.cluster_parameter_groups.insert(name.clone(), group);
            }
            Action::SetClusterParameters { name, values } => {
                self.cluster_parameters(name)?.values.extend(values.clone());
                self.reload_cluster(name, need_reboot(values.keys()));
            }
            Action::ResetClusterParameters { name, names } => {
                self.cluster_parameters(name)?.values.retain(|key, _| !names.contains(key));
                self.reload_cluster(name, need_reboot(names.iter()));
            }
            Action::DeleteClusterParameterGroup { name } => {
                self.cluster_parameters(name)?;
                let uses = |clu: &super::Clu| clu.shown.settings.db_cluster_parameter_group_name.as_ref() == Some(name);
                if self.clusters.values().any(uses) {
                    return refused(
                        "InvalidDBParameterGroupState",
                        "One or more database clusters are still members of this parameter group, so the group cannot be deleted",
                    );
                }
                self.cluster_parameter_groups.remove(name);
            }
            other => unreachable!("{other:?} is no call of a group"),
        }
        Ok(())
    }

    fn cluster_parameters(&mut self, name: &str) -> Result<&mut ParameterGroup, Refused> {
        let missing = ("DBParameterGroupNotFound", format!("DBClusterParameterGroup not found: {name}"));
        self.cluster_parameter_groups.get_mut(name).ok_or(missing)
    }

    /// Dynamic parameters reach every member at once, static ones at its next reboot.
    fn reload_cluster(&mut self, group: &str, is_static: bool) {
        let values = values_of(&self.cluster_parameter_groups, Some(group));
        let (soon, later) = (self.now, self.after(self.timing.lag));
        for clu in self.clusters.values_mut() {
            if clu.shown.settings.db_cluster_parameter_group_name.as_deref() != Some(group) {
                continue;
            }
            for mem in clu.members.values_mut() {
                mem.cluster_running = reached(&mem.cluster_running, &values);
            }
            clu.plan(soon, Effect::Parameters("applying"));
            clu.plan(later, Effect::Parameters(if is_static { "pending-reboot" } else { "in-sync" }));
        }
    }

    /// The values of a member's own group, and of the cluster's.
    pub(super) fn values_for(&self, cluster: &str, settings: &MemberSettings) -> (Values, Values) {
        let group = self.clusters[cluster].shown.settings.db_cluster_parameter_group_name.as_deref();
        let own = values_of(&self.parameter_groups, settings.db_parameter_group_name.as_deref());
        (own, values_of(&self.cluster_parameter_groups, group))
    }

    /// The values of both groups are in force in a member.
    pub(super) fn load_parameters(&mut self, cluster: &str, member: &str) {
        let Some(settings) = self.mem(cluster, member).ok().map(|mem| mem.shown.settings.clone()) else { return };
        let (own, clusters) = self.values_for(cluster, &settings);
        if let Ok(mem) = self.mem(cluster, member) {
            (mem.running, mem.cluster_running) = (own, clusters);
            mem.shown.parameter_apply_status = Some("in-sync".into());
        }
        let membership = self.clusters.get_mut(cluster).and_then(|clu| clu.shown.members.get_mut(member));
        if let Some(membership) = membership {
            membership.parameter_group_status = Some("in-sync".into());
        }
    }
}

fn values_of(groups: &BTreeMap<String, ParameterGroup>, group: Option<&str>) -> Values {
    group.and_then(|name| groups.get(name)).map(|group| group.values.clone()).unwrap_or_default()
}
