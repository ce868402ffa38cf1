//! Everything around a table that has an API of its own: tags, TTL, recovery, insights, policy, Kinesis, items.

use std::collections::BTreeSet;

use serde_json::Value;

use awsdb::aws::dynamo::{KinesisState, TimeToLiveState};
use awsdb::aws::owner::Tags;

use super::super::desk::{Answer, Refused, refused};
use super::Dynamo;
use super::admission::{Ask, admits};
use super::budgets::Budget;
use super::table::{Away, Effect, Item, Tab};

const ENABLED: &str = "ENABLED";
const DISABLED: &str = "DISABLED";

fn invalid(words: impl Into<String>) -> Answer {
    refused("ValidationException", words)
}

impl Dynamo {
    /// For the first seconds the table is not found by these.
    fn known(&mut self, name: &str) -> Result<&mut Tab, Refused> {
        let now = self.now;
        let missing = ("ResourceNotFoundException", format!("Requested resource not found: Table: {name} not found"));
        self.tab(name).and_then(|tab| if tab.facts_at > now { Err(missing) } else { Ok(tab) })
    }

    /// The same, and it takes them now.
    fn taking(&mut self, name: &str) -> Result<&mut Tab, Refused> {
        let tab = self.known(name)?;
        admits(tab, &Ask::Aside)?;
        Ok(tab)
    }

    pub(super) fn tags_of(&mut self, region: Option<&str>, arn: &str) -> Result<&mut Tags, Refused> {
        let now = self.now;
        let name = arn.rsplit('/').next().unwrap_or_default().to_string();
        if let Some(region) = region {
            return self.away(&name, region).map(|away| &mut away.tags);
        }
        let tab = self.known(&name)?;
        tab.spent.check(&Budget::Tags, now)?;
        tab.spent.spend(Budget::Tags, now);
        Ok(&mut tab.tags)
    }

    /// A replica in its own region.
    pub(super) fn away(&mut self, name: &str, region: &str) -> Result<&mut Away, Refused> {
        let missing = ("ResourceNotFoundException", format!("Requested resource not found: Table: {name} in {region}"));
        self.tab(name)?.away.get_mut(region).ok_or(missing)
    }

    pub(super) fn time_to_live(&mut self, name: &str, attribute: &str, enabled: bool) -> Answer {
        let (now, done) = (self.now, self.after(self.timing.feature));
        let tab = self.taking(name)?;
        let is_on = tab.ttl.status.starts_with("ENABL");
        let current = tab.ttl.attribute_name.clone().unwrap_or_default();
        match (is_on, enabled) {
            (true, true) if current != attribute => {
                return invalid(format!(
                    "TimeToLive is active on a different AttributeName: current AttributeName is {current}"
                ));
            }
            (true, true) => return invalid("TimeToLive is already enabled"),
            (false, false) => return invalid("TimeToLive is already disabled"),
            _ => {}
        }
        tab.spent.check(&Budget::TimeToLive, now)?;
        tab.spent.spend(Budget::TimeToLive, now);
        let (going, end) = if enabled { ("ENABLING", ENABLED) } else { ("DISABLING", DISABLED) };
        tab.ttl = TimeToLiveState { status: going.into(), attribute_name: Some(attribute.into()) };
        tab.agenda.plan(done, Effect::TimeToLive(end));
        Ok(())
    }

    pub(super) fn recovery(&mut self, name: &str, enabled: bool, days: Option<i32>) -> Answer {
        let now = self.now;
        let tab = self.taking(name)?;
        if tab.recovery_at > now {
            return refused(
                "ContinuousBackupsUnavailableException",
                "Backups are being enabled for the table. Please retry later",
            );
        }
        tab.recovery.earliest = enabled.then(|| tab.recovery.earliest.unwrap_or(now));
        tab.recovery.is_enabled = enabled;
        tab.recovery.recovery_period_in_days =
            enabled.then(|| days.or(tab.recovery.recovery_period_in_days).unwrap_or(35));
        Ok(())
    }

    /// What has failed stays so until it is turned off.
    pub(super) fn insights(&mut self, name: &str, index: &Option<String>, on: bool, mode: Option<&str>) -> Answer {
        let done = self.after(self.timing.feature);
        let tab = self.taking(name)?;
        if index.as_ref().is_some_and(|index| !tab.shown.indexes.contains_key(index)) {
            return refused("ResourceNotFoundException", format!("Requested resource not found: Index: {index:?}"));
        }
        let state = tab.insights.entry(index.clone()).or_default();
        if on && state.status == "FAILED" {
            return Ok(());
        }
        if ["ENABLING", "DISABLING"].contains(&state.status.as_str()) {
            return refused("ResourceInUseException", "Contributor insights are being changed");
        }
        state.mode = on.then(|| mode.unwrap_or("ACCESSED_AND_THROTTLED_KEYS").to_string());
        state.status = if on { "ENABLING" } else { "DISABLING" }.into();
        tab.agenda.plan(done, Effect::Insights(index.clone(), if on { ENABLED } else { DISABLED }));
        Ok(())
    }

    pub(super) fn put_policy(&mut self, arn: &str, policy: &str) -> Answer {
        self.policy(arn)?.policy = Some(policy.into());
        Ok(())
    }

    pub(super) fn delete_policy(&mut self, arn: &str) -> Answer {
        if self.tab_of(arn)?.policy.is_none() {
            return refused("PolicyNotFoundException", "Resource-based policy not found");
        }
        self.policy(arn)?.policy = None;
        Ok(())
    }

    fn policy(&mut self, arn: &str) -> Result<&mut Tab, Refused> {
        let now = self.now;
        let tab = self.tab_of(arn)?;
        admits(tab, &Ask::Aside)?;
        tab.spent.check(&Budget::Policy, now)?;
        tab.spent.spend(Budget::Policy, now);
        Ok(tab)
    }

    /// Whether the stream exists is found out later.
    pub(super) fn enable_kinesis(&mut self, name: &str, arn: &str, precision: Option<&str>) -> Answer {
        let done = self.after(self.timing.feature);
        let tab = self.taking(name)?;
        let lives = |state: &KinesisState| state.status != DISABLED;
        if tab.kinesis.values().any(lives) {
            return invalid("Table is not in a valid state to enable Kinesis Streaming Destination: one is in use");
        }
        let precision = precision.unwrap_or("MILLISECOND").to_string();
        let state = KinesisState { status: "ENABLING".into(), description: None, precision: Some(precision) };
        tab.kinesis.insert(arn.into(), state);
        tab.agenda.plan(done, Effect::Kinesis(arn.into(), "ACTIVE"));
        Ok(())
    }

    pub(super) fn update_kinesis(&mut self, name: &str, arn: &str, precision: &str) -> Answer {
        let done = self.after(self.timing.feature);
        let tab = self.taking(name)?;
        match tab.kinesis.get_mut(arn) {
            Some(state) if state.status == "ACTIVE" => {
                if state.precision.as_deref() == Some(precision) {
                    return invalid("Kinesis precision is already set");
                }
                state.precision = Some(precision.into());
                state.status = "UPDATING".into();
                tab.agenda.plan(done, Effect::Kinesis(arn.into(), "ACTIVE"));
                Ok(())
            }
            _ => invalid("Table is not in a valid state to update Kinesis Streaming Destination"),
        }
    }

    pub(super) fn disable_kinesis(&mut self, name: &str, arn: &str) -> Answer {
        let done = self.after(self.timing.feature);
        let tab = self.taking(name)?;
        match tab.kinesis.get_mut(arn) {
            Some(state) if ["ACTIVE", "ENABLE_FAILED"].contains(&state.status.as_str()) => {
                state.status = "DISABLING".into();
                tab.agenda.plan(done, Effect::Kinesis(arn.into(), DISABLED));
                Ok(())
            }
            _ => invalid("Table is not in a valid state to disable Kinesis Streaming Destination"),
        }
    }

    pub(super) fn put_items(&mut self, name: &str, items: &[Value]) -> Answer {
        let tab = self.tab(name)?;
        if !["ACTIVE", "UPDATING"].contains(&tab.shown.status.as_str()) {
            return refused("ResourceNotFoundException", format!("Requested resource not found: {name}"));
        }
        let keys: Vec<String> = items.iter().map(|item| tab.key_of(item)).collect();
        if items.len() > 25 || keys.iter().collect::<BTreeSet<_>>().len() < keys.len() {
            return invalid("Too many items requested for the BatchWriteItem call, or item keys contain duplicates");
        }
        for (key, item) in keys.into_iter().zip(items) {
            let old = tab.items.get(&key);
            let new = Item {
                value: item.clone(),
                writes: old.map_or(0, |old| old.writes) + 1,
                is_of_app: false,
                was_overwritten: old.is_some_and(|old| old.is_of_app || old.was_overwritten),
            };
            tab.items.insert(key, new);
        }
        Ok(())
    }
}

impl Tab {
    fn key_of(&self, item: &Value) -> String {
        let keys = std::iter::once(&self.shown.keys.hash).chain(&self.shown.keys.range);
        keys.map(|key| item[&key.name].to_string()).collect::<Vec<_>>().join("|")
    }

    /// An app writes an item.
    pub fn app_writes(&mut self, item: Value) {
        let key = self.key_of(&item);
        let old = self.items.get(&key);
        let (writes, was_overwritten) = old.map_or((0, false), |old| (old.writes, old.was_overwritten));
        self.items.insert(key, Item { value: item, writes, is_of_app: true, was_overwritten });
    }
}
