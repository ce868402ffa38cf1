//! Parameter groups and subnet groups: instances and clusters have them alike.

use std::collections::BTreeMap;

use awsdb::aws::rds::{Action, ParameterGroup, SubnetGroup};

use super::desk::{Answer, REGION, Refused, refused};

/// Parameters that need a reboot; all others are dynamic.
pub const STATIC: [&str; 4] = ["shared_buffers", "max_connections", "wal_level", "binlog_format"];

/// Whether one of these needs a reboot.
pub fn need_reboot<'a>(mut parameters: impl Iterator<Item = &'a String>) -> bool {
    parameters.any(|key| STATIC.contains(&key.as_str()))
}

/// What is in force after dynamic parameters have reached it; static ones stay until a reboot.
pub fn reached(running: &BTreeMap<String, String>, values: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let is_static = |key: &str| STATIC.contains(&key);
    let dynamic = values.iter().filter(|(key, _)| !is_static(key));
    let kept = running.iter().filter(|(key, _)| is_static(key));
    dynamic.chain(kept).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// A service that has such groups.
pub trait Groups {
    fn account(&self) -> String;
    fn parameter_groups(&mut self) -> &mut BTreeMap<String, ParameterGroup>;
    fn subnet_groups(&mut self) -> &mut BTreeMap<String, SubnetGroup>;
    fn uses_parameters(&self, group: &str) -> bool;
    /// Whether AWS knows a DBParameterGroupFamily.
    fn knows(&self, family: &str) -> bool;
    fn uses_subnets(&self, group: &str) -> bool;
    /// Brings changed values to those that use the group.
    fn reload(&mut self, group: &str, is_static: bool);

    fn group_call(&mut self, action: &Action) -> Answer {
        match action {
            Action::CreateSubnetGroup { name, subnet_ids, tags } => {
                if self.subnet_groups().contains_key(name) {
                    return refused(
                        "DBSubnetGroupAlreadyExists",
                        format!("The DB subnet group '{name}' already exists."),
                    );
                }
                let arn = format!("arn:aws:rds:{REGION}:{}:subgrp:{name}", self.account());
                let group = SubnetGroup { arn, subnet_ids: subnet_ids.clone(), tags: tags.clone() };
                self.subnet_groups().insert(name.clone(), group);
            }
            Action::ModifySubnetGroup { name, subnet_ids } => self.subnets(name)?.subnet_ids = subnet_ids.clone(),
            Action::DeleteSubnetGroup { name } => self.delete_subnets(name)?,
            Action::CreateParameterGroup { name, family, tags } => {
                if self.parameter_groups().contains_key(name) {
                    return refused("DBParameterGroupAlreadyExists", format!("Parameter group {name} already exists"));
                }
                self.check_family(family)?;
                let arn = format!("arn:aws:rds:{REGION}:{}:pg:{name}", self.account());
                let group = ParameterGroup { family: family.clone(), arn, tags: tags.clone(), ..Default::default() };
                self.parameter_groups().insert(name.clone(), group);
            }
            Action::SetParameters { name, values } => {
                self.parameters(name)?.values.extend(values.clone());
                self.reload(name, need_reboot(values.keys()));
            }
            Action::ResetParameters { name, names } => {
                self.parameters(name)?.values.retain(|key, _| !names.contains(key));
                self.reload(name, need_reboot(names.iter()));
            }
            Action::DeleteParameterGroup { name } => self.delete_parameters(name)?,
            other => unreachable!("{other:?} is no call of a group"),
        }
        Ok(())
    }

    fn check_family(&self, family: &str) -> Answer {
        if self.knows(family) {
            return Ok(());
        }
        refused("InvalidParameterValue", format!("ParameterGroupFamily {family} cannot be found"))
    }

    fn delete_subnets(&mut self, name: &str) -> Answer {
        self.subnets(name)?;
        if self.uses_subnets(name) {
            return refused(
                "InvalidDBSubnetGroupStateFault",
                format!(
                    "Cannot delete the subnet group '{name}' because at least one database instance is still using it."
                ),
            );
        }
        self.subnet_groups().remove(name);
        Ok(())
    }

    fn delete_parameters(&mut self, name: &str) -> Answer {
        self.parameters(name)?;
        if self.uses_parameters(name) {
            return refused(
                "InvalidDBParameterGroupState",
                "One or more database instances are still members of this parameter group, so the group cannot be deleted",
            );
        }
        self.parameter_groups().remove(name);
        Ok(())
    }

    fn subnets(&mut self, name: &str) -> Result<&mut SubnetGroup, Refused> {
        let missing = ("DBSubnetGroupNotFoundFault", format!("DB subnet group '{name}' does not exist."));
        self.subnet_groups().get_mut(name).ok_or(missing)
    }

    fn parameters(&mut self, name: &str) -> Result<&mut ParameterGroup, Refused> {
        let missing = ("DBParameterGroupNotFound", format!("DBParameterGroup not found: {name}"));
        self.parameter_groups().get_mut(name).ok_or(missing)
    }
}
