//! UpdateTable: what one call may carry (1.3), what it costs, and what begins with it.

use std::collections::BTreeMap;

use awsdb::aws::dynamo::{BillingMode, Encryption, EncryptionType, Index, Stream, Throughput, Update};

use super::super::desk::{Answer, refused};
use super::Dynamo;
use super::admission::{Ask, admits};
use super::budgets::Budget;
use super::create::new_index;
use super::table::{Tab, Work};

impl Dynamo {
    pub(super) fn update(&mut self, name: &str, update: &Update) -> Answer {
        let (now, forgets, number) = (self.now, self.forgets, self.next_serial());
        let is_autoscaled = self.writes_are_autoscaled(name);
        let tab = self.tab(name)?;
        // A switch to on-demand during one to PROVISIONED is answered with 200, and dropped.
        let to_provisioned = Work::Billing(BillingMode::Provisioned);
        let is_switching = tab.flights.iter().any(|flight| flight.work == to_provisioned);
        if is_switching && matches!(update, Update::Billing { mode: BillingMode::PayPerRequest, .. }) {
            return Ok(());
        }
        admits(tab, &Ask::of(update))?;
        check(tab, update, is_autoscaled)?;
        let costs = costs(tab, update);
        for budget in &costs {
            tab.spent.check(budget, now)?;
        }
        costs.into_iter().for_each(|budget| tab.spent.spend(budget, now));
        if forgets {
            return Ok(());
        }
        self.take_off(name, update, number);
        Ok(())
    }

    pub(super) fn protect(&mut self, name: &str, on: bool) -> Answer {
        let (now, forgets) = (self.now, self.forgets);
        let tab = self.tab(name)?;
        admits(tab, &Ask::Protection)?;
        tab.spent.check(&Budget::Protection, now)?;
        tab.spent.spend(Budget::Protection, now);
        if !forgets {
            tab.shown.settings.deletion_protection = Some(on);
        }
        Ok(())
    }

    fn take_off(&mut self, name: &str, update: &Update, number: u32) {
        let timing = self.timing;
        let tab = self.tables.get_mut(name).expect("it was checked");
        let (work, seconds) = match update {
            Update::DeletionProtection(_) | Update::TableClass(_) => (Work::Class, timing.class),
            Update::Billing { mode, .. } => {
                tab.switches += 1;
                let first = tab.switches == 1;
                (Work::Billing(*mode), if first { timing.billing } else { timing.throughput })
            }
            Update::Throughput { .. } | Update::Cap(_) | Update::IndexCaps(_) => (Work::Throughput, timing.throughput),
            Update::Stream(_) => (Work::Stream, timing.stream),
            Update::Warm(_) => (Work::Warm(None), timing.warm),
            Update::IndexWarm { index, .. } => (Work::Warm(Some(index.clone())), timing.warm),
            Update::CreateIndex { name, .. } => (Work::Allocation(name.clone()), timing.allocation),
            Update::DeleteIndex { name } => (Work::IndexDelete(name.clone()), timing.index_delete),
            Update::Encryption(_) => (Work::Encryption, timing.encryption),
            Update::CreateReplicas { .. } | Update::UpdateReplica { .. } | Update::DeleteReplica { .. } => {
                (Work::Replica, timing.replica)
            }
        };
        mark(tab, update);
        let lands = self.after(seconds);
        let tab = self.tables.get_mut(name).expect("it was checked");
        tab.begin(work, Some(update.clone()), number, lands);
    }
}

/// What is shown as soon as the call is accepted.
fn mark(tab: &mut Tab, update: &Update) {
    match update {
        Update::CreateIndex { name, index, .. } => {
            tab.shown.indexes.insert(name.clone(), new_index(index, "CREATING"));
        }
        Update::DeleteIndex { name } => {
            tab.flights.retain(|flight| flight.work != Work::Backfill(name.clone()));
            if let Some(index) = tab.shown.indexes.get_mut(name) {
                index.status = "DELETING".into();
                index.is_backfilling = false;
            }
        }
        Update::Throughput { indexes, .. } => {
            for name in indexes.keys() {
                if let Some(index) = tab.shown.indexes.get_mut(name) {
                    index.status = "UPDATING".into();
                }
            }
        }
        Update::Warm(_) => tab.shown.is_warming = true,
        Update::IndexWarm { index, .. } => {
            if let Some(index) = tab.shown.indexes.get_mut(index) {
                index.is_warming = true;
            }
        }
        // An SSE write during a change of the class makes that change vanish.
        Update::Encryption(_) => {
            tab.flights.iter_mut().filter(|flight| flight.work == Work::Class).for_each(|flight| flight.update = None);
        }
        Update::CreateReplicas { replicas, .. } => {
            for (region, replica) in replicas {
                tab.shown.replicas.insert(region.clone(), super::lifecycle::replica_state(replica, "CREATING"));
            }
        }
        Update::DeleteReplica { region } | Update::UpdateReplica { region, .. } => {
            let status = if matches!(update, Update::DeleteReplica { .. }) { "DELETING" } else { "UPDATING" };
            if let Some(replica) = tab.shown.replicas.get_mut(region) {
                replica.status = status.into();
            }
        }
        _ => {}
    }
}

fn costs(tab: &Tab, update: &Update) -> Vec<Budget> {
    let is_lower = |is: Option<Throughput>, wanted: &Throughput| {
        is.is_some_and(|is| {
            wanted.read_capacity_units < is.read_capacity_units || wanted.write_capacity_units < is.write_capacity_units
        })
    };
    match update {
        Update::TableClass(_) => vec![Budget::Class],
        Update::Encryption(_) => vec![Budget::Encryption],
        Update::Billing { mode: BillingMode::PayPerRequest, .. } => vec![Budget::OnDemand],
        Update::Throughput { table, indexes } => {
            let own = table.iter().filter(|wanted| is_lower(tab.shown.settings.provisioned_throughput, wanted));
            let of_index = |name: &String| tab.shown.indexes.get(name).and_then(|index| index.index.throughput);
            let others = indexes.iter().filter(|(name, wanted)| is_lower(of_index(name), wanted));
            own.map(|_| Budget::Decrease(None))
                .chain(others.map(|(name, _)| Budget::Decrease(Some(name.clone()))))
                .collect()
        }
        _ => Vec::new(),
    }
}

fn invalid(words: impl Into<String>) -> Answer {
    refused("ValidationException", words)
}

fn check(tab: &Tab, update: &Update, is_autoscaled: bool) -> Answer {
    let is = &tab.shown.settings;
    match update {
        Update::TableClass(class) if is.table_class == Some(*class) => invalid("The table class will not change"),
        Update::Billing { mode, throughput, cap, indexes } => {
            billing(tab, *mode, throughput.is_some(), cap.is_some(), indexes)
        }
        Update::Throughput { table, indexes } => throughput(tab, *table, indexes),
        Update::Cap(_) | Update::IndexCaps(_) if tab.mode() == BillingMode::Provisioned => {
            invalid("OnDemandThroughput cannot be set when BillingMode is PROVISIONED")
        }
        Update::Stream(wanted) => stream(tab, wanted),
        Update::Warm(warm) => {
            let is = is.warm_throughput.unwrap_or_default();
            let falls = warm.read_units_per_second < is.read_units_per_second
                || warm.write_units_per_second < is.write_units_per_second;
            if falls { invalid("WarmThroughput cannot be decreased") } else { Ok(()) }
        }
        Update::IndexWarm { index, .. } if !tab.shown.indexes.contains_key(index) => no_index(index),
        Update::CreateIndex { name, index, attributes } => {
            let keys = index.hash.iter().chain(&index.range);
            create_index(tab, name, index, keys.into_iter().all(|key| attributes.get(&key.name) == Some(&key.type_)))
        }
        Update::DeleteIndex { name } if !tab.shown.indexes.contains_key(name) => no_index(name),
        Update::Encryption(wanted) => encryption(is.encryption.as_ref(), wanted),
        Update::CreateReplicas { replicas, .. } => {
            let taken = replicas.keys().find(|region| tab.shown.replicas.contains_key(*region));
            match taken {
                Some(region) => refused("ReplicaAlreadyExistsException", format!("Replica in {region} already exists")),
                None if tab.mode() == BillingMode::Provisioned && !is_autoscaled => {
                    invalid("Table write capacity should either be Pay-Per-Request or AutoScaled.")
                }
                None => Ok(()),
            }
        }
        Update::UpdateReplica { region, .. } | Update::DeleteReplica { region }
            if !tab.shown.replicas.contains_key(region) =>
        {
            refused("ReplicaNotFoundException", format!("Replica in {region} not found"))
        }
        _ => Ok(()),
    }
}

fn no_index(name: &str) -> Answer {
    refused("ResourceNotFoundException", format!("Requested resource not found: Index: {name} not found"))
}

fn billing(
    tab: &Tab,
    mode: BillingMode,
    has_throughput: bool,
    has_cap: bool,
    indexes: &BTreeMap<String, Throughput>,
) -> Answer {
    let to_provisioned = mode == BillingMode::Provisioned;
    if has_throughput != to_provisioned || (has_cap && to_provisioned) {
        return invalid("One or more parameter values were invalid: the throughput does not fit BillingMode");
    }
    if to_provisioned && !tab.shown.indexes.keys().eq(indexes.keys()) {
        return invalid(
            "One or more parameter values were invalid: ProvisionedThroughput must be specified for each index when BillingMode \
             becomes PROVISIONED",
        );
    }
    Ok(())
}

fn throughput(tab: &Tab, table: Option<Throughput>, indexes: &BTreeMap<String, Throughput>) -> Answer {
    if tab.mode() == BillingMode::PayPerRequest {
        return invalid(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
        );
    }
    if let Some(name) = indexes.keys().find(|name| !tab.shown.indexes.contains_key(*name)) {
        return no_index(name);
    }
    let same_table = table.is_some() && table == tab.shown.settings.provisioned_throughput;
    let same_index = indexes.iter().any(|(name, wanted)| tab.shown.indexes[name].index.throughput == Some(*wanted));
    if same_table || same_index {
        return invalid("The provisioned throughput for the table will not change.");
    }
    Ok(())
}

fn stream(tab: &Tab, wanted: &Stream) -> Answer {
    let is = tab.shown.settings.stream.clone().unwrap_or_default();
    match (is.enabled, wanted.enabled) {
        _ if !tab.shown.replicas.is_empty() => invalid("The stream of a global table cannot be changed"),
        (true, true) if is.view_type == wanted.view_type => invalid("Table already has an enabled stream"),
        (true, true) => invalid("Table has another stream: disable it first"),
        (false, false) => invalid("Table has no stream to disable"),
        _ => Ok(()),
    }
}

fn create_index(tab: &Tab, name: &str, index: &Index, has_attributes: bool) -> Answer {
    let provisioned = tab.mode() == BillingMode::Provisioned;
    match () {
        () if tab.shown.indexes.contains_key(name) => {
            invalid(format!("Attempting to create an index which already exists: {name}"))
        }
        () if !has_attributes => invalid("Some index key attributes are not defined in AttributeDefinitions"),
        () if index.throughput.is_some() != provisioned => {
            invalid("ProvisionedThroughput of the index does not fit BillingMode")
        }
        () => Ok(()),
    }
}

fn encryption(is: Option<&Encryption>, wanted: &Encryption) -> Answer {
    match wanted.type_ {
        // To name the AWS managed key again encrypts again, and costs as much.
        EncryptionType::AwsManaged => Ok(()),
        EncryptionType::AwsOwned if is.is_none_or(|is| is.type_ == EncryptionType::AwsOwned) => {
            invalid("Table is already encrypted by default")
        }
        EncryptionType::Kms if is == Some(wanted) => invalid("Table is already encrypted by given KMSMasterKey"),
        _ => Ok(()),
    }
}
