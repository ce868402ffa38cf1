//! Builders that read aloud, `dynamo().wants(json!({..})).status("UPDATING")`, and plans as text. No test here touches AWS
//! or Kubernetes: a plan is a value.

mod advice;
mod capacity;
mod connection;
mod creation;
mod features;
mod fields;
mod indexes;
mod model;
mod model_update;
mod order;
mod ownership;
mod pairs;
mod removal;
mod replicas;
mod scaling;
mod seeds;
mod states;
mod stories;
mod told;

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::scene::wanted_indexes;
use super::spec::*;
use crate::approval::{Circumstances, Decision, decide};
use crate::aws::Seen;
use crate::aws::dynamo::*;
use crate::aws::owner::{Owner, Tags};
use crate::conditions::Reason;
use crate::kind::{Disruption, End, Home, Inputs, Kind, Plan, Readiness, Step, Supplied, Want, When};
use crate::life::{MADE, RESOURCE_ID, UNTAGGED};
use crate::spec::{Change, DeletionPolicy, DisruptivePolicy, Journal, LastCall, ManagementPolicy};
use told::{changes_of, told};

const ARN: &str = "arn:aws:dynamodb:eu-central-1:123456789012:table/shop-orders";
const KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/1111";
const OTHER_KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/2222";
const STREAM: &str = "arn:aws:kinesis:eu-central-1:123456789012:stream/changes";
/// A Wednesday; the maintenance window of [`dynamo`] is on Sundays.
const NOW: &str = "2026-11-25T12:00:00Z";
const IN_WINDOW: &str = "2026-11-22T03:30:00Z";
const NOTHING: [String; 0] = [];

/// Everything that a plan depends on.
#[derive(Clone)]
struct Scene {
    object: DynamoTable,
    want: Want,
    inputs: Inputs,
    observed: Observed,
}

/// An object whose on-demand table is ACTIVE and as the spec says.
fn dynamo() -> Scene {
    let spec = json!({
        "hashKey": { "name": "id", "type": "S" }, "rangeKey": { "name": "at", "type": "N" },
        "maintenanceWindow": "sun:03:00-sun:04:00",
    });
    let mut object = DynamoTable::new("orders", serde_json::from_value(spec).unwrap());
    object.metadata.namespace = Some("shop".into());
    object.metadata.uid = Some("0123ABCD-4567-89ab-cdef-0123456789ab".into());
    let mut status = DynamoTableStatus::default();
    status.shared.identifier = Some("shop-orders".into());
    object.status = Some(status);
    let inputs = inputs(&object);
    let observed = Observed {
        table: Seen::Present(Box::new(table())),
        tags: Seen::Present(inputs.owner.tags()),
        time_to_live: Seen::Present(ttl("DISABLED", None)),
        continuous_backups: Seen::Present(ContinuousBackups::default()),
        resource_policy: Seen::Absent,
        contributor_insights: Seen::Present(BTreeMap::new()),
        kinesis_destinations: Seen::Present(BTreeMap::new()),
        scaling: Seen::Present(BTreeMap::new()),
        replica_facts: BTreeMap::new(),
        import: Seen::Absent,
        backups: Seen::Present(Vec::new()),
        source: Seen::Absent,
    };
    Scene { object, want: Want::Present, inputs, observed }
}

/// A PROVISIONED table of 5 read and 5 write units, as the spec says.
fn provisioned() -> Scene {
    dynamo().both(json!({ "billingMode": "PROVISIONED", "provisionedThroughput": units(5, 5) }))
}

/// The same object before there is anything in AWS.
fn unmade() -> Scene {
    let mut scene = dynamo();
    scene.object.status = None;
    scene.inputs.recorded_arn = None;
    scene.inputs.recorded_account = None;
    scene.inputs.journal = Journal::default();
    scene.observed = Observed::absent();
    scene
}

fn inputs(object: &DynamoTable) -> Inputs {
    Inputs {
        main: DynamoTable::MAIN,
        absent_since: None,
        now: NOW.parse().unwrap(),
        owner: Owner {
            installation: "prod".into(),
            cluster: "cluster-1".into(),
            kind: "DynamoTable".into(),
            namespace: "shop".into(),
            name: "orders".into(),
        },
        trust_account: false,
        account: "123456789012".into(),
        recorded_account: Some("123456789012".into()),
        recorded_arn: Some(ARN.into()),
        uid: object.metadata.uid.clone().unwrap_or_default(),
        journal: Journal { notes: [(RESOURCE_ID.into(), "table-1".into())].into(), ..Journal::default() },
        accepted: false,
        stored: Default::default(),
        supplied: Supplied::NotAsked,
        config_maps: Default::default(),
        objects: Default::default(),
        rotate: None,
        clocks: Default::default(),
    }
}

/// A table as AWS shows it, with everything that AWS adds by itself.
fn table() -> Table {
    Table {
        arn: ARN.into(),
        id: "table-1".into(),
        status: "ACTIVE".into(),
        created: "2026-11-01T12:00:00Z".parse().ok(),
        keys: Keys { hash: key("id", AttributeType::S), range: Some(key("at", AttributeType::N)) },
        settings: serde_json::from_value(settings()).unwrap(),
        ..Table::default()
    }
}

/// What AWS gives a table of which nothing is asked.
fn settings() -> Value {
    json!({
        "billingMode": "PAY_PER_REQUEST", "warmThroughput": warm(12000, 4000), "tableClass": "STANDARD",
        "stream": { "enabled": false }, "encryption": { "type": "AWS_OWNED" }, "deletionProtection": false,
    })
}

fn key(name: &str, type_: AttributeType) -> KeyAttribute {
    KeyAttribute { name: name.into(), type_ }
}

fn units(read: i64, write: i64) -> Value {
    json!({ "readCapacityUnits": read, "writeCapacityUnits": write })
}

fn warm(read: i64, write: i64) -> Value {
    json!({ "readUnitsPerSecond": read, "writeUnitsPerSecond": write })
}

fn ttl(status: &str, attribute: Option<&str>) -> TimeToLiveState {
    TimeToLiveState { status: status.into(), attribute_name: attribute.map(String::from) }
}

/// An index by e-mail address with everything in it.
fn by_mail() -> Value {
    json!({ "name": "by-mail", "hashKey": { "name": "mail", "type": "S" }, "projection": { "type": "ALL" } })
}

/// An index by day with the keys only.
fn by_day() -> Value {
    json!({ "name": "by-day", "hashKey": { "name": "day", "type": "N" }, "projection": { "type": "KEYS_ONLY" } })
}

/// With more members; null takes one away.
fn with(value: Value, patch: Value) -> Value {
    let (Value::Object(mut map), Value::Object(patch)) = (value, patch) else { panic!("objects only") };
    for (field, value) in patch {
        if value.is_null() { drop(map.remove(&field)) } else { drop(map.insert(field, value)) }
    }
    Value::Object(map)
}

fn patched<T: Serialize + DeserializeOwned>(value: &T, patch: Value) -> T {
    serde_json::from_value(with(serde_json::to_value(value).unwrap(), patch)).unwrap()
}

fn dimension(index: Option<&str>, capacity: Capacity) -> Dimension {
    Dimension { index: index.map(String::from), capacity }
}

/// A target with the policy that is put where nothing is said.
fn target(min: i64, max: i64) -> Scaling {
    let policy = ScalingPolicy { target_utilization: 70, ..ScalingPolicy::default() };
    Scaling { range: (min, max), policy: Some(policy) }
}

impl Scene {
    /// Fields of the spec; null takes one away.
    fn wants(mut self, patch: Value) -> Self {
        self.object.spec = patched(&self.object.spec, patch);
        self
    }

    /// Settings in force in AWS.
    fn has(self, patch: Value) -> Self {
        self.table(|table| table.settings = patched(&table.settings, patch))
    }

    /// Settings in the spec and in force alike.
    fn both(self, patch: Value) -> Self {
        self.wants(patch.clone()).has(patch)
    }

    fn wants_indexes(self, list: &[Value]) -> Self {
        self.wants(json!({ "globalSecondaryIndexes": list }))
    }

    /// Indexes in AWS, ACTIVE, in the form of the spec.
    fn has_indexes(self, list: &[Value]) -> Self {
        let mode = self.observed.table.present().unwrap().settings.billing_mode;
        let mut spec = DynamoTableSpec {
            global_secondary_indexes: serde_json::from_value(json!(list)).unwrap(),
            ..DynamoTableSpec::default()
        };
        spec.settings.billing_mode = mode;
        self.table(|table| {
            for (name, index) in wanted_indexes(&spec).unwrap_or_default() {
                let index = TableIndex { index, status: "ACTIVE".into(), ..TableIndex::default() };
                table.indexes.insert(name, index);
            }
        })
    }

    fn both_indexes(self, list: &[Value]) -> Self {
        self.wants_indexes(list).has_indexes(list)
    }

    fn index(self, name: &str, change: impl FnOnce(&mut TableIndex)) -> Self {
        self.table(|table| change(table.indexes.get_mut(name).unwrap()))
    }

    /// A replica that is ACTIVE, and whose region shows it as ours.
    fn has_replica(mut self, region: &str) -> Self {
        let facts = ReplicaFacts {
            arn: ARN.replace("eu-central-1", region),
            tags: Seen::Present(self.inputs.owner.tags()),
            point_in_time_recovery: Seen::Present(false),
            deletion_protection: Seen::Present(false),
        };
        self.observed.replica_facts.insert(region.into(), facts);
        let state = ReplicaState { status: "ACTIVE".into(), ..ReplicaState::default() };
        self.table(|table| drop(table.replicas.insert(region.into(), state)))
    }

    fn replica(self, region: &str, change: impl FnOnce(&mut ReplicaState)) -> Self {
        self.table(|table| change(table.replicas.get_mut(region).unwrap()))
    }

    fn facts(mut self, region: &str, change: impl FnOnce(&mut ReplicaFacts)) -> Self {
        change(self.observed.replica_facts.get_mut(region).unwrap());
        self
    }

    fn scales(mut self, index: Option<&str>, capacity: Capacity, scaling: Scaling) -> Self {
        let Seen::Present(targets) = &mut self.observed.scaling else { panic!("scaling is not read") };
        targets.insert(dimension(index, capacity), scaling);
        self
    }

    fn table(mut self, change: impl FnOnce(&mut Table)) -> Self {
        let Seen::Present(table) = &mut self.observed.table else { panic!("there is no table") };
        change(table);
        self
    }

    fn given(mut self, change: impl FnOnce(&mut Inputs)) -> Self {
        change(&mut self.inputs);
        self
    }

    fn seen(mut self, change: impl FnOnce(&mut Observed)) -> Self {
        change(&mut self.observed);
        self
    }

    fn tagged(mut self, tags: Tags) -> Self {
        self.observed.tags = Seen::Present(tags);
        self
    }

    fn status(self, status: &str) -> Self {
        self.table(|table| table.status = status.into())
    }

    fn disruptive(mut self, policy: DisruptivePolicy) -> Self {
        self.object.spec.shared.change_policy.disruptive = policy;
        self
    }

    /// The object was deleted half an hour ago.
    fn deleting(mut self, policy: DeletionPolicy) -> Self {
        self.want = Want::Absent;
        self.object.spec.shared.deletion_policy = policy;
        self.object.metadata.deletion_timestamp = Some(Time("2026-11-25T11:30:00Z".parse().unwrap()));
        self
    }

    fn managed_by(mut self, policy: ManagementPolicy) -> Self {
        self.object.spec.shared.management_policy = policy;
        self
    }

    /// Nothing of that name is in AWS.
    fn absent(mut self) -> Self {
        (self.observed.table, self.observed.tags) = (Seen::Absent, Seen::Absent);
        self
    }

    /// A call to a thing was sent this many seconds ago.
    fn called(mut self, thing: &str, operation: &str, seconds: i64, accepted: bool) -> Self {
        let at = Time(self.inputs.now - jiff::SignedDuration::from_secs(seconds));
        let call = LastCall { operation: operation.into(), at, step: String::new() };
        self.inputs.journal.calls.insert(thing.into(), call);
        self.inputs.accepted = accepted;
        self
    }

    fn noted(mut self, key: &str, value: &str) -> Self {
        self.inputs.journal.notes.insert(key.into(), value.into());
        self
    }

    fn at(mut self, now: &str) -> Self {
        self.inputs.now = now.parse().unwrap();
        self
    }

    fn id(&self) -> Id {
        let home =
            Home { identifier: "shop-orders".into(), region: "eu-central-1".into(), owner: self.inputs.owner.clone() };
        self.object.id(self.want, &home, &self.inputs)
    }

    fn plan(&self) -> Plan<Action> {
        self.object.plan(self.want, &self.inputs, &self.observed)
    }

    /// The steps as text.
    fn steps(&self) -> Vec<String> {
        self.plan().steps.iter().map(told).collect()
    }

    /// The fields that change, of all steps.
    fn changes(&self) -> Vec<String> {
        self.plan().steps.iter().flat_map(changes_of).collect()
    }

    /// The reason of the problem and what it says.
    fn problem(&self) -> (Reason, String) {
        let plan = self.plan();
        let problem = plan.problem.unwrap_or_else(|| panic!("no problem; steps {:?}", plan.steps));
        (problem.reason, problem.message)
    }

    /// The reason of what is waited for and what it says.
    fn waiting(&self) -> (Reason, String) {
        let plan = self.plan();
        let waiting = plan.waiting.unwrap_or_else(|| panic!("waits for nothing; steps {:?}", plan.steps));
        (waiting.reason, waiting.message)
    }

    /// What the approval engine lets run, nothing being approved.
    fn decided(&self) -> Decision<Action> {
        static NONE: BTreeSet<&'static str> = BTreeSet::new();
        let circumstances = Circumstances {
            want: self.want,
            policy: self.object.spec.shared.management_policy,
            journal: &self.inputs.journal,
            approve: None,
            brake: None,
            accepted: &NONE,
            settle: std::time::Duration::ZERO,
            now: self.inputs.now,
        };
        decide(self.plan(), &circumstances)
    }

    /// The steps that run in this round, nothing being approved.
    fn runs(&self) -> Vec<String> {
        self.decided().run.iter().map(|(_, step)| told(step)).collect()
    }

    /// Nothing to do and nothing to wait for.
    fn settles(&self) -> bool {
        let plan = self.plan();
        plan.steps.is_empty() && plan.problem.is_none() && plan.waiting.is_none() && plan.end == End::Settled
    }
}
