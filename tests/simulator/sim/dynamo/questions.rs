//! What a test asks a simulation of tables.

use serde_json::Value;

use super::super::kube::Key;
use super::{Tab, Tables};

impl Tables {
    /// The table of an object.
    pub fn tab(&self, key: &Key) -> Option<Tab> {
        let name = self.name_in_aws(key);
        self.aws(|aws| aws.tables.get(&name).cloned())
    }

    /// The table, which must be there.
    pub fn the_tab(&self, key: &Key) -> Tab {
        self.tab(key).unwrap_or_else(|| panic!("there is no table\n{}", self.report()))
    }

    /// Changes the table behind the operator's back.
    pub fn with_tab<T>(&self, name: &str, change: impl FnOnce(&mut Tab) -> T) -> T {
        self.aws(|aws| change(aws.tables.get_mut(name).expect("the table exists")))
    }

    /// Whether what workloads mount names the table.
    pub fn names_it(&self, key: &Key) -> bool {
        let Some(tab) = self.tab(key) else { return false };
        let secret = self.secret(&key.0, &format!("{}-connection", key.1)).unwrap_or_default();
        let is = |field: &str, value: &str| secret.get(field).is_some_and(|it| it.expose() == value);
        is("table", &self.name_in_aws(key)) && is("arn", &tab.shown.arn)
    }

    /// Writes a ConfigMap with items, one on each line.
    pub fn items_in(&mut self, name: &str, items: &[Value]) {
        let lines: Vec<String> = items.iter().map(Value::to_string).collect();
        let content = [("items.json".to_string(), lines.join("\n"))].into();
        self.kube(|kube| kube.config_maps.insert(("shop".into(), name.into()), content));
        let keys = self.kube(|kube| kube.keys());
        keys.iter().for_each(|key| self.touch(key));
    }

    /// Settled, and AWS has nothing left to do.
    pub fn is_at_rest(&self, key: &Key) -> bool {
        self.is_settled(key) && self.names_it(key) && !self.the_tab(key).is_busy()
    }
}
