//! What DynamoDB and Application Auto Scaling do by themselves as time passes.

use jiff::Timestamp;

use awsdb::aws::dynamo::{
    BillingMode, Capacity, OnDemandThroughput, Replica, ReplicaState, Stream, TableIndex, Throughput, Update,
};

use super::Dynamo;
use super::table::{Away, Effect, Flight, Tab, Work};

impl Dynamo {
    /// Does everything that is due.
    pub(super) fn pass_time(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        let now = self.now;
        for copy in self.backups.iter_mut().filter(|copy| copy.is_ready(now)) {
            copy.shown.status = "AVAILABLE".into();
        }
        let names: Vec<String> = self.tables.keys().cloned().collect();
        for name in names {
            while let Some(effect) = self.tables.get_mut(&name).and_then(|tab| tab.agenda.due(now)) {
                self.happen(&name, effect);
            }
            self.scale(&name);
        }
        self.end_imports();
    }

    fn happen(&mut self, name: &str, effect: Effect) {
        let fails = self.no_rules_left;
        let Some(tab) = self.tables.get_mut(name) else { return };
        match effect {
            Effect::Gone => drop(self.tables.remove(name)),
            Effect::TimeToLive(status) => {
                tab.ttl.status = status.into();
                if status == "DISABLED" {
                    tab.ttl.attribute_name = None;
                }
            }
            Effect::Insights(index, status) => {
                let state = tab.insights.entry(index).or_default();
                state.status = if fails && status == "ENABLED" { "FAILED" } else { status }.into();
            }
            Effect::Kinesis(arn, status) => {
                if let Some(state) = tab.kinesis.get_mut(&arn) {
                    let missing = arn.contains("missing") && status == "ACTIVE";
                    state.status = if missing { "ENABLE_FAILED" } else { status }.into();
                }
            }
            Effect::Lands(number) => {
                let Some(place) = tab.flights.iter().position(|flight| flight.number == number) else { return };
                let flight = tab.flights.remove(place);
                self.land(name, flight);
            }
        }
    }

    fn land(&mut self, name: &str, flight: Flight) {
        let (serial, filled) = (self.next_serial(), self.after(self.timing.backfill));
        let Some(tab) = self.tables.get_mut(name) else { return };
        match (&flight.work, flight.update) {
            (Work::Making, _) => {
                tab.shown.indexes.values_mut().for_each(|index| index.status = "ACTIVE".into());
                // A restore tells its source only while it goes on.
                tab.shown.restore = None;
                tab.shown.stream_arn = tab.stream_arn(serial);
            }
            (Work::Allocation(index), _) => {
                if let Some(shown) = tab.shown.indexes.get_mut(index) {
                    shown.is_backfilling = true;
                    tab.begin(Work::Backfill(index.clone()), None, serial, filled);
                }
            }
            (Work::Backfill(index), _) => {
                if let Some(shown) = tab.shown.indexes.get_mut(index) {
                    shown.is_backfilling = false;
                    shown.status = "ACTIVE".into();
                }
            }
            (_, Some(update)) => apply(tab, update, serial),
            (_, None) => {}
        }
        if let Some(tab) = self.tables.get_mut(name) {
            tab.say_status();
        }
    }

    /// Application Auto Scaling brings capacity into its range.
    fn scale(&mut self, name: &str) {
        let ranges: Vec<_> = self
            .targets
            .iter()
            .filter(|((table, _), _)| table == name)
            .map(|((_, dimension), target)| (dimension.clone(), target.range))
            .collect();
        let Some(tab) = self.tables.get(name) else { return };
        if tab.mode() != BillingMode::Provisioned || tab.shown.status != "ACTIVE" {
            return;
        }
        let (mut table, mut indexes) = (None, std::collections::BTreeMap::new());
        for (dimension, (least, most)) in ranges {
            let is = match &dimension.index {
                None => tab.shown.settings.provisioned_throughput,
                Some(index) => match tab.shown.indexes.get(index) {
                    Some(TableIndex { index, status, .. }) if status == "ACTIVE" => index.throughput,
                    _ => None,
                },
            };
            let Some(is) = is else { continue };
            let slot: &mut Option<Throughput> = match &dimension.index {
                None => &mut table,
                Some(index) => indexes.entry(index.clone()).or_insert(None),
            };
            let mut wanted = slot.unwrap_or(is);
            let units = match dimension.capacity {
                Capacity::Read => &mut wanted.read_capacity_units,
                Capacity::Write => &mut wanted.write_capacity_units,
            };
            *units = (*units).clamp(least, most);
            *slot = (wanted != is).then_some(wanted).or(*slot);
        }
        let indexes: std::collections::BTreeMap<_, _> =
            indexes.into_iter().filter_map(|(name, wanted)| Some((name, wanted?))).collect();
        if table.is_some() || !indexes.is_empty() {
            let _ = self.update(name, &Update::Throughput { table, indexes });
        }
    }

    fn end_imports(&mut self) {
        let (now, seconds, end) = (self.now, self.timing.restore + self.timing.import, self.import_ends);
        for import in self.imports.values_mut().filter(|import| import.status == "IN_PROGRESS") {
            let is_over = import.started.is_some_and(|began| now.duration_since(began).as_secs() >= seconds);
            if is_over {
                import.status = end.into();
                import.failure = (end == "FAILED").then(|| "ItemValidationError: too many errors".into());
                import.items = 10;
            }
        }
    }
}

/// What a change ends in.
fn apply(tab: &mut Tab, update: Update, serial: u32) {
    let shown = &mut tab.shown;
    match update {
        Update::DeletionProtection(on) => shown.settings.deletion_protection = Some(on),
        Update::TableClass(class) => shown.settings.table_class = Some(class),
        Update::Billing { mode, throughput, cap, indexes } => {
            shown.settings.billing_mode = Some(mode);
            shown.settings.provisioned_throughput = throughput;
            shown.settings.on_demand_throughput = cap.and_then(capped);
            for (name, index) in &mut shown.indexes {
                index.index.throughput = indexes.get(name).copied();
                index.index.cap = None;
            }
        }
        Update::Throughput { table, indexes } => {
            shown.settings.provisioned_throughput = table.or(shown.settings.provisioned_throughput);
            for (name, units) in indexes {
                if let Some(index) = shown.indexes.get_mut(&name) {
                    index.index.throughput = Some(units);
                    index.status = "ACTIVE".into();
                }
            }
        }
        Update::Cap(cap) => shown.settings.on_demand_throughput = merged(shown.settings.on_demand_throughput, cap),
        Update::IndexCaps(caps) => {
            for (name, cap) in caps {
                if let Some(index) = shown.indexes.get_mut(&name) {
                    index.index.cap = merged(index.index.cap, cap);
                }
            }
        }
        Update::Stream(stream) => {
            tab.shown.settings.stream = Some(stream);
            tab.shown.stream_arn = tab.stream_arn(serial);
        }
        Update::Warm(warm) => {
            shown.settings.warm_throughput = Some(warm);
            shown.is_warming = false;
        }
        Update::IndexWarm { index, warm } => {
            if let Some(index) = shown.indexes.get_mut(&index) {
                index.index.warm = Some(warm);
                index.is_warming = false;
            }
        }
        Update::DeleteIndex { name } => drop(shown.indexes.remove(&name)),
        Update::Encryption(encryption) => shown.settings.encryption = Some(encryption),
        other => replicate(tab, other, serial),
    }
}

/// What a change of replicas ends in.
fn replicate(tab: &mut Tab, update: Update, serial: u32) {
    let shown = &mut tab.shown;
    match update {
        Update::CreateReplicas { replicas, consistency, witness } => {
            shown.multi_region_consistency = consistency.or(Some("EVENTUAL".into()));
            shown.witness = witness;
            for (region, replica) in replicas {
                shown.replicas.insert(region.clone(), replica_state(&replica, "ACTIVE"));
                tab.away.insert(region, Away::default());
            }
            tab.turn_stream_on(serial);
        }
        Update::UpdateReplica { region, replica } => {
            shown.replicas.insert(region, replica_state(&replica, "ACTIVE"));
        }
        Update::DeleteReplica { region } => {
            shown.replicas.remove(&region);
            tab.away.remove(&region);
        }
        _ => {}
    }
}

impl Tab {
    /// A global table has a stream of both images.
    fn turn_stream_on(&mut self, serial: u32) {
        if self.shown.settings.stream.as_ref().is_none_or(|stream| !stream.enabled) {
            self.shown.settings.stream = Some(Stream { enabled: true, view_type: Some("NEW_AND_OLD_IMAGES".into()) });
            self.shown.stream_arn = self.stream_arn(serial);
        }
    }
}

/// A dimension that is left out stays as it is; -1 takes its cap away.
fn merged(is: Option<OnDemandThroughput>, wanted: OnDemandThroughput) -> Option<OnDemandThroughput> {
    let is = is.unwrap_or_default();
    capped(OnDemandThroughput {
        max_read_request_units: wanted.max_read_request_units.or(is.max_read_request_units),
        max_write_request_units: wanted.max_write_request_units.or(is.max_write_request_units),
    })
}

fn capped(cap: OnDemandThroughput) -> Option<OnDemandThroughput> {
    let positive = |units: Option<i64>| units.filter(|units| *units > 0);
    let cap = OnDemandThroughput {
        max_read_request_units: positive(cap.max_read_request_units),
        max_write_request_units: positive(cap.max_write_request_units),
    };
    (cap != OnDemandThroughput::default()).then_some(cap)
}

pub(super) fn replica_state(replica: &Replica, status: &str) -> ReplicaState {
    ReplicaState {
        status: status.into(),
        description: None,
        kms_key_arn: replica.kms_key_arn.clone(),
        table_class: replica.table_class,
        read_capacity_units: replica.read_capacity_units,
        max_read_request_units: replica.max_read_request_units,
    }
}
