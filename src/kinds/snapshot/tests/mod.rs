//! Builders that read aloud, `of_instance().wants(json!({..})).status("creating")`, and plans as text. No test here touches
//! AWS or Kubernetes: a plan is a value.

mod backups;
mod copies;
mod creation;
mod facts;
mod ownership;
mod removal;
mod shares;

use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};

use super::spec::{DbSnapshot, DbSnapshotFacts, DbSnapshotStatus};
use crate::aws::Seen;
use crate::aws::owner::{Owner, Tags};
use crate::aws::snapshots::*;
use crate::conditions::Reason;
use crate::kind::{End, Home, Inputs, Kind, ObjectName, Plan, Readiness, Reference, Referred, Step, Want, When};
use crate::life::{RESOURCE_ID, UNTAGGED};
use crate::spec::{DeletionPolicy, Journal, LastCall, ManagementPolicy};

const ARN: &str = "arn:aws:rds:eu-central-1:123456789012:snapshot:shop-nightly";
const DATABASE: &str = "arn:aws:rds:eu-central-1:123456789012:db:shop-orders";
const TABLE: &str = "arn:aws:dynamodb:eu-central-1:123456789012:table/shop-orders";
const BACKUP: &str = "arn:aws:dynamodb:eu-central-1:123456789012:table/shop-orders/backup/01";
const KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/1111";
const ID: &str = "arn:aws:rds:eu-central-1:123456789012:snapshot:shop-nightly 2026-11-20T03:00:00Z";
const TAKEN: &str = "2026-11-20T03:00:00Z";
const NOW: &str = "2026-11-25T12:00:00Z";
const NOTHING: [String; 0] = [];

/// Everything that a plan depends on.
#[derive(Clone)]
struct Scene {
    object: DbSnapshot,
    want: Want,
    inputs: Inputs,
    observed: Observed,
}

/// An object whose snapshot of RdsInstance `orders` is available and as the spec says.
fn of_instance() -> Scene {
    of(json!({ "rdsInstance": { "name": "orders" } }))
}

fn of(source: Value) -> Scene {
    let mut object = DbSnapshot::new("nightly", serde_json::from_value(json!({ "source": source })).unwrap());
    object.metadata.namespace = Some("shop".into());
    object.metadata.uid = Some("uid".into());
    let mut status = DbSnapshotStatus::default();
    status.shared.identifier = Some("shop-nightly".into());
    status.shared.region = Some("eu-central-1".into());
    object.status = Some(status);
    let inputs = inputs();
    let snapshot = Seen::Present(snapshot(&inputs.owner));
    let observed = Observed { snapshot, ..Observed::unread() };
    Scene { object, want: Want::Present, inputs, observed }
}

/// Nothing is in AWS yet but the database, and all objects that a source can name are there.
fn unmade(source: Value) -> Scene {
    let mut scene = of(source);
    scene.object.status = None;
    scene.object.spec.shared.region = Some("eu-central-1".into());
    scene.inputs.recorded_arn = None;
    scene.inputs.recorded_account = None;
    scene.inputs.journal = Journal::default();
    scene.observed.snapshot = Seen::Absent;
    scene.observed.source = Seen::Present(database(&scene));
    scene
}

/// The same of DynamoTable `orders`.
fn of_table() -> Scene {
    let mut scene = of(json!({ "dynamoTable": { "name": "orders" } }));
    scene.inputs.recorded_arn = Some(BACKUP.into());
    scene.inputs.journal.notes = [(RESOURCE_ID.into(), BACKUP.into()), ("source".into(), "shop-orders".into())].into();
    scene.observed.snapshot = Seen::Present(backup(scene.inputs.owner.tags()));
    scene
}

fn database(scene: &Scene) -> Source {
    let is_table = scene.object.spec.source.as_ref().is_some_and(|source| source.dynamo_table.is_some());
    let (arn, status) = if is_table { (TABLE, "active") } else { (DATABASE, "available") };
    let owner = Owner { kind: "RdsInstance".into(), name: "orders".into(), ..scene.inputs.owner.clone() };
    Source { arn: arn.into(), status: status.into(), tags: Some(owner.tags()), encrypted: false }
}

fn owner() -> Owner {
    Owner {
        installation: "prod".into(),
        cluster: "cluster-1".into(),
        kind: "DbSnapshot".into(),
        namespace: "shop".into(),
        name: "nightly".into(),
    }
}

fn inputs() -> Inputs {
    Inputs {
        main: DbSnapshot::MAIN,
        absent_since: None,
        now: NOW.parse().unwrap(),
        owner: owner(),
        trust_account: false,
        account: "123456789012".into(),
        recorded_account: Some("123456789012".into()),
        recorded_arn: Some(ARN.into()),
        uid: "uid".into(),
        region: "eu-central-1".into(),
        journal: Journal { notes: [(RESOURCE_ID.into(), ID.into())].into(), ..Journal::default() },
        accepted: false,
        stored: Default::default(),
        supplied: Default::default(),
        config_maps: Default::default(),
        objects: [
            (object("RdsInstance", "rdsinstances"), Some(referred(DATABASE))),
            (object("AuroraServerless", "auroraserverlesses"), Some(referred(DATABASE))),
            (object("DynamoTable", "dynamotables"), Some(referred(TABLE))),
        ]
        .into(),
        rotate: None,
        clocks: Default::default(),
    }
}

fn object(kind: &'static str, plural: &'static str) -> ObjectName {
    ObjectName { kind, plural, name: "orders".into() }
}

fn referred(arn: &str) -> Referred {
    Referred {
        identifier: Some("shop-orders".into()),
        arn: Some(arn.into()),
        account: Some("123456789012".into()),
        region: Some("eu-central-1".into()),
        family: None,
        is_ready: true,
        message: String::new(),
    }
}

fn snapshot(owner: &Owner) -> Snapshot {
    Snapshot {
        arn: ARN.into(),
        resource_id: ID.into(),
        status: "available".into(),
        snapshot_type: "manual".into(),
        progress: Some(100),
        created: TAKEN.parse().ok(),
        source: "shop-orders".into(),
        source_resource_id: Some("db-1".into()),
        engine: "postgres".into(),
        engine_version: Some("16.4".into()),
        size: Some(100),
        tags: owner.tags(),
        ..Snapshot::default()
    }
}

fn backup(tags: Tags) -> Snapshot {
    Snapshot {
        arn: BACKUP.into(),
        resource_id: BACKUP.into(),
        snapshot_type: "user".into(),
        engine: "dynamodb".into(),
        progress: None,
        engine_version: None,
        tags,
        ..snapshot(&owner())
    }
}

/// A copy of ours in another region.
fn copy(region: &str) -> Snapshot {
    Snapshot { arn: ARN.replace("eu-central-1", region), ..snapshot(&owner()) }
}

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(ToString::to_string).collect()
}

impl Scene {
    /// Fields of the spec; null takes one away.
    fn wants(mut self, patch: Value) -> Self {
        let mut json = serde_json::to_value(&self.object.spec).unwrap();
        let (Some(map), Value::Object(patch)) = (json.as_object_mut(), patch) else { panic!("objects only") };
        for (field, value) in patch {
            if value.is_null() { drop(map.remove(&field)) } else { drop(map.insert(field, value)) }
        }
        self.object.spec = serde_json::from_value(json).unwrap();
        self
    }

    fn snapshot(mut self, change: impl FnOnce(&mut Snapshot)) -> Self {
        let Seen::Present(snapshot) = &mut self.observed.snapshot else { panic!("there is no snapshot") };
        change(snapshot);
        self
    }

    fn source(mut self, change: impl FnOnce(&mut Source)) -> Self {
        let Seen::Present(source) = &mut self.observed.source else { panic!("there is no source") };
        change(source);
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

    fn status(self, status: &str) -> Self {
        self.snapshot(|snapshot| snapshot.status = status.into())
    }

    /// What the RdsInstance that is named says.
    fn refers(self, change: impl FnOnce(&mut Referred)) -> Self {
        self.given(|inputs| {
            let referred = inputs.objects.get_mut(&object("RdsInstance", "rdsinstances"));
            change(referred.unwrap().as_mut().unwrap());
        })
    }

    fn copied(self, region: &str, copy: Seen<Snapshot>) -> Self {
        self.seen(|observed| drop(observed.copies.insert(region.into(), copy)))
    }

    fn noted(mut self, key: &str, value: &str) -> Self {
        self.inputs.journal.notes.insert(key.into(), value.into());
        self
    }

    fn deleting(mut self, policy: DeletionPolicy) -> Self {
        self.want = Want::Absent;
        self.object.spec.shared.deletion_policy = policy;
        self
    }

    fn policy(mut self, policy: ManagementPolicy) -> Self {
        self.object.spec.shared.management_policy = policy;
        self
    }

    /// It is gone, and was already a quiet period ago.
    fn gone(self) -> Self {
        self.seen(|observed| observed.snapshot = Seen::Absent)
            .given(|inputs| inputs.absent_since = Some("2026-11-25T11:00:00Z".parse().unwrap()))
    }

    /// A call to a thing was sent this many seconds ago, and not refused.
    fn called(mut self, thing: &str, operation: &str, seconds: i64) -> Self {
        let at = Time(self.inputs.now - jiff::SignedDuration::from_secs(seconds));
        let call = LastCall { operation: operation.into(), at, step: "step".into() };
        self.inputs.journal.calls.insert(thing.into(), call);
        self
    }

    fn plan(&self) -> Plan<Action> {
        self.object.plan(self.want, &self.inputs, &self.observed)
    }

    /// The steps as text.
    fn steps(&self) -> Vec<String> {
        self.plan().steps.iter().map(told).collect()
    }

    fn problem(&self) -> (Reason, String) {
        let plan = self.plan();
        let problem = plan.problem.unwrap_or_else(|| panic!("no problem; steps {:?}", plan.steps));
        (problem.reason, problem.message)
    }

    fn waits_for(&self) -> Option<Reason> {
        self.plan().waiting.map(|waiting| waiting.reason)
    }

    fn id(&self) -> Id {
        let home =
            Home { identifier: "shop-nightly".into(), region: "eu-central-1".into(), owner: self.inputs.owner.clone() };
        self.object.id(self.want, &home, &self.inputs)
    }

    fn facts(&self) -> DbSnapshotFacts {
        self.object.facts(&self.inputs, &self.observed)
    }

    /// As AWS and the journal are after every step of the plan that may run now, approved or not.
    fn performed(mut self) -> Self {
        let plan = self.plan();
        let notes = &mut self.inputs.journal.notes;
        notes.retain(|key, _| !plan.forget.contains(key));
        notes.extend(plan.noted);
        for step in plan.steps {
            self.inputs.journal.notes.extend(step.notes.iter().cloned());
            self.perform(&step.action.call);
        }
        self
    }

    fn perform(&mut self, call: &Call) {
        let is_table = self.object.spec.source.as_ref().is_some_and(|source| source.dynamo_table.is_some());
        match call {
            Call::Create { tags, .. } if is_table => {
                let made = Snapshot { created: Some(self.inputs.now), ..backup(tags.clone()) };
                self.observed.snapshot = Seen::Present(made);
            }
            Call::Create { tags, .. } | Call::CopyFrom { tags, .. } => {
                self.observed.snapshot = Seen::Present(Snapshot { tags: tags.clone(), ..snapshot(&owner()) });
            }
            Call::CopyTo { region, tags, .. } => {
                let copy = Snapshot { tags: tags.clone(), ..copy(region) };
                self.observed.copies.insert(region.clone(), Seen::Present(copy));
            }
            Call::Share { add, remove } => {
                let Seen::Present(shares) = &mut self.observed.shares else { panic!("shares are not read") };
                shares.retain(|account| !remove.contains(account));
                shares.extend(add.iter().cloned());
            }
            Call::Tag { arn, tags } => self.tagged(arn, |have| have.extend(tags.clone())),
            Call::Untag { arn, keys } => self.tagged(arn, |have| have.retain(|key, _| !keys.contains(key))),
            Call::Delete { region: None, .. } => self.observed.snapshot = Seen::Absent,
            Call::Delete { region: Some(region), .. } => {
                self.observed.copies.insert(region.clone(), Seen::Absent);
            }
        }
    }

    fn tagged(&mut self, arn: &str, change: impl FnOnce(&mut Tags)) {
        let all = self.observed.copies.values_mut().chain([&mut self.observed.snapshot]);
        let mut found = all.filter_map(|seen| match seen {
            Seen::Present(snapshot) if snapshot.arn == arn => Some(snapshot),
            _ => None,
        });
        change(&mut found.next().unwrap().tags);
    }

    /// As a look shows it that asks for all that the id names.
    fn looked(mut self) -> Self {
        let id = self.id();
        for region in id.copies {
            self.observed.copies.entry(region).or_insert(Seen::Absent);
        }
        if id.shares && self.observed.shares.present().is_none() {
            self.observed.shares = Seen::Present(BTreeSet::new());
        }
        if let (Seen::Present(snapshot), Some((_, tags))) = (&mut self.observed.snapshot, id.recorded) {
            snapshot.tags = tags;
        }
        self
    }

    /// After its steps the plan has nothing more to do.
    fn settles(self) -> Self {
        let after = self.performed();
        let plan = after.plan();
        assert_eq!((after.steps().as_slice(), plan.end), (NOTHING.as_slice(), End::Settled), "{plan:?}");
        after
    }
}

/// A step as people say it: when, what with which members, what it does.
fn told(step: &Step<Action>) -> String {
    let when = match &step.when {
        When::Now => "now".to_string(),
        When::SentForWindow => "sent for the window".into(),
        When::Window => "held for the window".into(),
        When::Approval => "held for approval".into(),
        When::After(waiting) => format!("later ({})", waiting.reason),
    };
    let operation = crate::aws::Action::operation(&step.action);
    format!("{when}: {operation} {} ({})", detail(&step.action.call), step.class.word())
}

fn detail(call: &Call) -> String {
    let key = |key: &Option<String>| key.as_ref().map(|key| format!(" with {key}")).unwrap_or_default();
    let list = |list: &BTreeSet<String>| list.iter().cloned().collect::<Vec<_>>().join(" ");
    match call {
        Call::Create { source, .. } => format!("of {source}"),
        Call::CopyFrom { source, kms_key_id, .. } => format!("of {source}{}", key(kms_key_id)),
        Call::CopyTo { region, kms_key_id, .. } => format!("to {region}{}", key(kms_key_id)),
        Call::Share { add, remove } => format!("+[{}] -[{}]", list(add), list(remove)),
        Call::Tag { tags, .. } => tags.keys().cloned().collect::<Vec<_>>().join(" "),
        Call::Untag { keys, .. } => list(keys),
        Call::Delete { region, expired, .. } => {
            let place = region.as_ref().map_or("here".into(), |region| format!("in {region}"));
            format!("{place}{}", if *expired { ", expired" } else { "" })
        }
    }
}
