//! Parameter groups and subnet groups.

use std::collections::BTreeMap;

use awsdb::aws::rds::{Action, ParameterGroup, SubnetGroup};

use super::{Answer, Aws, Effect, REGION, Refused, refused};

/// Parameters that need a reboot; all others are dynamic.
const STATIC: [&str; 3] = ["shared_buffers", "max_connections", "wal_level"];

impl Aws {
    pub(super) fn group_call(&mut self, action: &Action) -> Answer {
        let account = self.account.clone();
        match action {
            Action::CreateSubnetGroup { name, subnet_ids, tags } => {
                if self.subnet_groups.contains_key(name) {
                    return refused(
                        "DBSubnetGroupAlreadyExists",
                        format!("The DB subnet group '{name}' already exists."),
                    );
                }
                let arn = format!("arn:aws:rds:{REGION}:{account}:subgrp:{name}");
                let group = SubnetGroup { arn, subnet_ids: subnet_ids.clone(), tags: tags.clone() };
                self.subnet_groups.insert(name.clone(), group);
            }
            Action::ModifySubnetGroup { name, subnet_ids } => self.subnets(name)?.subnet_ids = subnet_ids.clone(),
            Action::DeleteSubnetGroup { name } => {
                self.subnets(name)?;
                let in_use =
                    self.instances.values().any(|db| db.shown.settings.db_subnet_group_name.as_ref() == Some(name));
                if in_use {
                    return refused(
                        "InvalidDBSubnetGroupStateFault",
                        format!(
                            "Cannot delete the subnet group '{name}' because at least one database instance is still using it."
                        ),
                    );
                }
                self.subnet_groups.remove(name);
            }
            Action::CreateParameterGroup { name, family, tags } => {
                if self.parameter_groups.contains_key(name) {
                    return refused("DBParameterGroupAlreadyExists", format!("Parameter group {name} already exists"));
                }
                let arn = format!("arn:aws:rds:{REGION}:{account}:pg:{name}");
                let group = ParameterGroup { family: family.clone(), arn, tags: tags.clone(), ..Default::default() };
                self.parameter_groups.insert(name.clone(), group);
            }
            Action::SetParameters { name, values } => {
                self.parameters(name)?.values.extend(values.clone());
                self.reload(name, values.keys());
            }
            Action::ResetParameters { name, names } => {
                self.parameters(name)?.values.retain(|key, _| !names.contains(key));
                self.reload(name, names.iter());
            }
            Action::DeleteParameterGroup { name } => {
                self.parameters(name)?;
                let in_use =
                    self.instances.values().any(|db| db.shown.settings.db_parameter_group_name.as_ref() == Some(name));
                if in_use {
                    return refused(
                        "InvalidDBParameterGroupState",
                        "One or more database instances are still members of this parameter group, so the group cannot be deleted",
                    );
                }
                self.parameter_groups.remove(name);
            }
            other => unreachable!("{other:?} is no call of a group"),
        }
        Ok(())
    }

    fn subnets(&mut self, name: &str) -> Result<&mut SubnetGroup, Refused> {
        let missing = ("DBSubnetGroupNotFoundFault", format!("DB subnet group '{name}' does not exist."));
        self.subnet_groups.get_mut(name).ok_or(missing)
    }

    fn parameters(&mut self, name: &str) -> Result<&mut ParameterGroup, Refused> {
        let missing = ("DBParameterGroupNotFound", format!("DBParameterGroup not found: {name}"));
        self.parameter_groups.get_mut(name).ok_or(missing)
    }

    pub(super) fn values_of(&self, group: Option<&str>) -> BTreeMap<String, String> {
        group.and_then(|name| self.parameter_groups.get(name)).map(|group| group.values.clone()).unwrap_or_default()
    }

    /// Dynamic parameters reach the instances at once, static ones at their next reboot.
    fn reload<'a>(&mut self, group: &str, mut changed: impl Iterator<Item = &'a String>) {
        let values = self.values_of(Some(group));
        let is_static = changed.any(|key| STATIC.contains(&key.as_str()));
        let (soon, later) = (self.now, self.after(self.timing.lag));
        for db in self.instances.values_mut() {
            if db.shown.settings.db_parameter_group_name.as_deref() != Some(group) {
                continue;
            }
            let dynamic = values.iter().filter(|(key, _)| !STATIC.contains(&key.as_str()));
            let kept = db.running.iter().filter(|(key, _)| STATIC.contains(&key.as_str()));
            db.running = dynamic.chain(kept).map(|(key, value)| (key.clone(), value.clone())).collect();
            db.plan(soon, Effect::Parameters("applying"));
            db.plan(later, Effect::Parameters(if is_static { "pending-reboot" } else { "in-sync" }));
        }
    }
}
