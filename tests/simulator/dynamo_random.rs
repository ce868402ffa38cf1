//! Lives of tables that nobody thought of: whatever came, there is one table, nothing of it went that the user did not let go,
//! and it ends as the manifest says once the noise is over.

use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::json;

use awsdb::aws::owner::OWNER_TAG;
use awsdb::kinds::dynamo::{DynamoTable, DynamoTableSpec};
use awsdb::spec::{DeletionPolicy, annotation};

use crate::sim::builder::Manifest;
use crate::sim::dynamo::{Tables, index_on, table};
use crate::sim::faults::{At, Fault, any_fault};
use crate::sim::kube::Key;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Event {
    Edit(Edit),
    Drift(Drift),
    /// Something happens to the n-th call from now.
    Trouble(usize, Fault),
    Restart,
    Pause(bool),
    Lost,
    Refusal(u8),
    TimePasses(i64),
    StaleObject,
}

#[derive(Clone, Debug)]
enum Edit {
    Index(u8),
    NoIndex(u8),
    Unmanaged,
    Billing(bool),
    Units(i64),
    Stream(u8),
    Class(bool),
    Expires(bool),
    Recovery(i32),
    Tag(u8, u8),
    Untag(u8),
    Key(u8),
}

#[derive(Clone, Debug)]
enum Drift {
    Stream,
    TagGone(u8),
    OwnerGone,
    Protected(bool),
    Recovery,
}

fn event() -> impl Strategy<Value = Event> {
    let edit = prop_oneof![
        (0u8..3).prop_map(Edit::Index),
        (0u8..3).prop_map(Edit::NoIndex),
        Just(Edit::Unmanaged),
        any::<bool>().prop_map(Edit::Billing),
        (5i64..30).prop_map(Edit::Units),
        (0u8..3).prop_map(Edit::Stream),
        any::<bool>().prop_map(Edit::Class),
        any::<bool>().prop_map(Edit::Expires),
        (1i32..36).prop_map(Edit::Recovery),
        (0u8..3, 0u8..3).prop_map(|(key, value)| Edit::Tag(key, value)),
        (0u8..3).prop_map(Edit::Untag),
        (0u8..3).prop_map(Edit::Key),
    ];
    let drift = prop_oneof![
        Just(Drift::Stream),
        (0u8..3).prop_map(Drift::TagGone),
        Just(Drift::OwnerGone),
        any::<bool>().prop_map(Drift::Protected),
        Just(Drift::Recovery),
    ];
    prop_oneof![
        7 => edit.prop_map(Event::Edit),
        2 => drift.prop_map(Event::Drift),
        6 => (0usize..14, any_fault()).prop_map(|(call, fault)| Event::Trouble(call, fault)),
        1 => Just(Event::Restart),
        1 => any::<bool>().prop_map(Event::Pause),
        1 => Just(Event::Lost),
        1 => (0u8..4).prop_map(Event::Refusal),
        6 => (1i64..90).prop_map(Event::TimePasses),
        1 => Just(Event::StaleObject),
    ]
}

const FIELDS: [&str; 3] = ["email", "city", "phone"];
const TEAMS: [&str; 3] = ["team", "cost", "stage"];
const VIEWS: [&str; 2] = ["KEYS_ONLY", "NEW_IMAGE"];

fn change(spec: &mut DynamoTableSpec, edit: &Edit) {
    let manifest = Manifest(DynamoTable::new("x", std::mem::take(spec)));
    let provisioned = manifest.0.spec.settings.provisioned_throughput;
    let manifest = match edit {
        Edit::Index(which) => manifest.with(|spec| {
            let index = index_on(FIELDS[*which as usize]);
            let list = spec.global_secondary_indexes.get_or_insert_default();
            list.retain(|other| other.name != index.name);
            list.push(index);
        }),
        Edit::NoIndex(which) => manifest.with(|spec| {
            let name = index_on(FIELDS[*which as usize]).name;
            spec.global_secondary_indexes.iter_mut().for_each(|list| list.retain(|index| index.name != name));
        }),
        Edit::Unmanaged => manifest.with(|spec| {
            spec.time_to_live = None;
            spec.settings.stream = None;
        }),
        Edit::Billing(true) => manifest.provisioned(5, 5),
        Edit::Billing(false) => manifest.on_demand(),
        Edit::Units(units) if provisioned.is_some() => manifest.provisioned(*units, *units),
        Edit::Units(_) => manifest,
        Edit::Stream(2) => manifest.not_streaming(),
        Edit::Stream(view) => manifest.streaming(VIEWS[*view as usize]),
        Edit::Class(true) => manifest.infrequent(),
        Edit::Class(false) => manifest.with(|spec| spec.settings.table_class = None),
        Edit::Expires(true) => manifest.expiring("expires"),
        Edit::Expires(false) => manifest.with(|spec| spec.time_to_live = None),
        Edit::Recovery(days) => manifest.recoverable(*days),
        Edit::Tag(tag, value) => manifest.tag(TEAMS[*tag as usize], &value.to_string()),
        Edit::Untag(tag) => manifest.sharing(|shared| {
            shared.tags.get_or_insert_default().remove(TEAMS[*tag as usize]);
        }),
        Edit::Key(key) => manifest.encrypted_with(&key.to_string()),
    };
    *spec = manifest.0.spec;
    // Each index of provisioned capacity names its own, as the schema demands.
    let units = spec.settings.provisioned_throughput;
    for index in spec.global_secondary_indexes.iter_mut().flatten() {
        index.provisioned_throughput = units;
    }
}

fn drift(sim: &mut Tables, key: &Key, drift: &Drift) {
    // What loses its tag before it was ever seen as ours is nobody's, and rightly left alone.
    let is_known = sim.shared_status(key).journal.notes.get("resourceId").is_some_and(|id| !id.is_empty());
    sim.aws(|aws| {
        let Some(tab) = aws.tables.get_mut("shop-users") else { return };
        match drift {
            Drift::Stream if tab.is_busy() => {}
            Drift::Stream => {
                tab.shown.settings.stream = Some(Default::default());
                tab.shown.stream_arn = None;
            }
            Drift::TagGone(tag) => drop(tab.tags.remove(TEAMS[*tag as usize])),
            Drift::OwnerGone if !is_known => {}
            Drift::OwnerGone => drop(tab.tags.remove(OWNER_TAG)),
            Drift::Protected(is) => tab.shown.settings.deletion_protection = Some(*is),
            Drift::Recovery => tab.recovery = Default::default(),
        }
    });
}

const REFUSALS: [(&str, &str, &str); 4] = [
    ("UpdateTable", "ValidationException", "That value is not offered."),
    ("UpdateTable", "ResourceInUseException", "Attempt to change a resource which is still in use"),
    ("TagResource", "AccessDeniedException", "not authorized to perform dynamodb:TagResource"),
    ("UpdateTimeToLive", "ThrottlingException", "Rate exceeded"),
];

fn happen(sim: &mut Tables, key: &Key, event: &Event) {
    match event {
        Event::Edit(what) => sim.edit(key, |object| change(&mut object.spec, what)),
        Event::Drift(what) => drift(sim, key, what),
        Event::Trouble(calls, fault) => {
            let at = sim.mark() + calls;
            sim.fault(At::Call(at), *fault);
        }
        Event::Restart => sim.restart(),
        Event::Pause(paused) => sim.annotate(key, annotation::PAUSED, if *paused { "true" } else { "false" }),
        Event::Lost => sim.aws(|aws| {
            if aws.tables.contains_key("shop-users") {
                aws.delete_behind_our_back("shop-users");
                aws.losses += 1;
            }
        }),
        Event::Refusal(which) => {
            let (operation, code, message) = REFUSALS[*which as usize];
            sim.aws(|aws| aws.refuse(operation, code, message));
        }
        Event::TimePasses(seconds) => sim.run(*seconds),
        Event::StaleObject => {
            if let Some(object) = sim.object(key) {
                sim.run(15);
                sim.reconcile(key, object);
            }
        }
    }
    one_table(sim);
}

/// What holds at every moment.
fn one_table(sim: &Tables) {
    let approved = sim.calls(0).iter().any(|call| call.detail.contains("DeleteIndex"));
    assert!(!approved, "an index was removed without a word of the user");
    sim.aws(|aws| {
        assert!(aws.made.len() <= 1 + aws.losses, "more than one table was made: {:?}", aws.made);
        assert!(aws.tables.len() <= 1 && aws.deleted.is_empty() && aws.backups.is_empty());
        assert!(aws.tables.values().all(|tab| tab.items.values().all(|item| !item.was_overwritten)));
    });
}

fn hush(sim: &mut Tables) {
    let mut universe = sim.shared.lock();
    universe.faults.clear();
    universe.aws.refusals.clear();
}

/// The noise is over: the user looks after the object once more.
fn calm(sim: &mut Tables, key: &Key) {
    hush(sim);
    sim.annotate(key, annotation::PAUSED, "false");
    sim.edit(key, |object| object.spec.shared.change_policy.disruptive = awsdb::spec::DisruptivePolicy::Immediate);
    for turn in 0..14 {
        sim.annotate(key, annotation::RECONCILE, &format!("calm-{turn}"));
        sim.run(4000);
        if sim.is_at_rest(key) {
            return;
        }
        if sim.held_hash(key).is_some() {
            sim.approve(key);
        }
    }
    panic!("it does not settle\n{}", sim.report());
}

fn as_the_manifest_says(sim: &Tables, key: &Key) {
    let spec = sim.object(key).unwrap().spec;
    let tab = sim.the_tab(key);
    let (wanted, is) = (&spec.settings, &tab.shown.settings);
    assert!(wanted.stream.is_none() || wanted.stream == is.stream, "{}", sim.report());
    assert!(wanted.table_class.is_none() || wanted.table_class == is.table_class, "{}", sim.report());
    assert!(wanted.encryption.is_none() || wanted.encryption == is.encryption, "{}", sim.report());
    assert!(wanted.billing_mode.is_none() || wanted.billing_mode == is.billing_mode, "{}", sim.report());
    let units = wanted.provisioned_throughput;
    assert!(units.is_none() || units == is.provisioned_throughput, "{}", sim.report());
    if let Some(list) = &spec.global_secondary_indexes {
        let names: Vec<_> = list.iter().map(|index| &index.name).collect();
        assert!(
            names.len() == tab.shown.indexes.len() && names.iter().all(|name| tab.shown.indexes.contains_key(*name))
        );
    }
    if spec.time_to_live.is_some() {
        assert_eq!(tab.ttl.attribute_name.as_deref(), Some("expires"));
    }
    for (tag, value) in spec.shared.tags.iter().flatten() {
        assert_eq!(tab.tags.get(tag), Some(value));
    }
}

/// Somebody puts the tag back, and takes the protection away.
fn mend(sim: &Tables) {
    sim.aws(|aws| {
        for tab in aws.tables.values_mut() {
            tab.tags.insert(OWNER_TAG.into(), "test/DynamoTable/shop/users".into());
            tab.shown.settings.deletion_protection = Some(false);
        }
    });
}

fn policy() -> impl Strategy<Value = DeletionPolicy> {
    prop_oneof![Just(DeletionPolicy::Retain), Just(DeletionPolicy::Snapshot), Just(DeletionPolicy::Delete)]
}

fn seeded() -> Tables {
    let mut sim = Tables::quick();
    let items: Vec<_> = (0..30).map(|n| json!({"id": {"S": format!("user-{n:03}")}})).collect();
    sim.items_in("seed", &items);
    sim
}

proptest! {
    #![proptest_config(Config { cases: 40, failure_persistence: None, max_shrink_iters: 150, ..Config::default() })]

    #[test]
    fn whatever_happens_there_is_one_table_and_it_ends_as_the_manifest_says(
        events in prop::collection::vec(event(), 1..25),
    ) {
        let mut sim = Tables::quick();
        let key = sim.apply(table("users"));
        for event in &events {
            happen(&mut sim, &key, event);
        }
        calm(&mut sim, &key);
        as_the_manifest_says(&sim, &key);
    }

    #[test]
    fn a_deletion_amid_faults_obeys_its_policy(
        before in prop::collection::vec(event(), 0..8),
        troubles in prop::collection::vec((0usize..60, any_fault()), 0..8),
        policy in policy(),
    ) {
        let mut sim = seeded();
        let key = sim.apply(table("users").items_from("seed").deletion(policy));
        for event in &before {
            happen(&mut sim, &key, event);
        }
        sim.annotate(&key, annotation::PAUSED, "false");
        let mark = sim.mark();
        for (calls, fault) in troubles {
            sim.fault(At::Call(mark + calls), fault);
        }
        sim.delete(&key);
        sim.run(3600);
        mend(&sim);
        sim.run(3600);
        prop_assert!(sim.is_gone(&key), "{}", sim.report());
        sim.aws(|aws| {
            if policy == DeletionPolicy::Retain {
                assert!(aws.deleted.is_empty());
                assert_eq!(aws.tables.len(), aws.made.len() - aws.losses);
                return;
            }
            assert!(aws.tables.is_empty(), "an orphan");
            assert_eq!(aws.deleted.len(), aws.made.len() - aws.losses);
            let has_copy = aws.backups.iter().any(|copy| copy.shown.status == "AVAILABLE");
            assert!(aws.deleted.is_empty() || policy == DeletionPolicy::Delete || has_copy);
        });
    }
}
