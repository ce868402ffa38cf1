//! How groups reach the instances that use them.

use std::collections::BTreeMap;

use awsdb::aws::rds::{ParameterGroup, SubnetGroup};

use super::super::groups::{Groups, reached};
use super::{Aws, Effect};

impl Groups for Aws {
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
        self.instances.values().any(|db| db.shown.settings.db_parameter_group_name.as_deref() == Some(group))
    }

    fn knows(&self, _: &str) -> bool {
        true
    }

    fn uses_subnets(&self, group: &str) -> bool {
        self.instances.values().any(|db| db.shown.settings.db_subnet_group_name.as_deref() == Some(group))
    }

    /// Dynamic parameters reach the instances at once, static ones at their next reboot.
    fn reload(&mut self, group: &str, is_static: bool) {
        let values = self.values_of(Some(group));
        let (soon, later) = (self.now, self.after(self.timing.lag));
        for db in self.instances.values_mut() {
            if db.shown.settings.db_parameter_group_name.as_deref() != Some(group) {
                continue;
            }
            db.running = reached(&db.running, &values);
            db.plan(soon, Effect::Parameters("applying"));
            db.plan(later, Effect::Parameters(if is_static { "pending-reboot" } else { "in-sync" }));
        }
    }
}

impl Aws {
    pub(super) fn values_of(&self, group: Option<&str>) -> BTreeMap<String, String> {
        group.and_then(|name| self.parameter_groups.get(name)).map(|group| group.values.clone()).unwrap_or_default()
    }
}
