//! Lives that nobody thought of: random edits, drift, faults, restarts and pauses; whatever came, there is one database, no
//! delete without the policy, and an end that is as the manifest says once the noise is over.

use proptest::prelude::*;
use proptest::test_runner::Config;

use awsdb::kinds::rds::PowerState;
use awsdb::spec::{DeletionPolicy, annotation};

use crate::sim::Sim;
use crate::sim::builder::{Manifest, named, rds};
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
    Rotate(u8),
    SecretContent(u8),
    ConnectionSecretGone,
    Lost,
    Refusal(u8),
    TimePasses(i64),
    StaleObject,
}

#[derive(Clone, Debug)]
enum Edit {
    Class(u8),
    Storage(i32),
    Backups(i32),
    Tag(u8, u8),
    Untag(u8),
    Parameter(u8),
    Immediate(bool),
    Credentials(bool),
    Protected(bool),
    Running(bool),
}

#[derive(Clone, Debug)]
enum Drift {
    Class(u8),
    Backups(i32),
    TagGone(u8),
    Storage(i32),
    MinorVersion,
    OwnerGone,
    Stopped,
}

fn event() -> impl Strategy<Value = Event> {
    let edit = prop_oneof![
        (0u8..3).prop_map(Edit::Class),
        (20i32..60).prop_map(Edit::Storage),
        (1i32..30).prop_map(Edit::Backups),
        (0u8..3, 0u8..3).prop_map(|(key, value)| Edit::Tag(key, value)),
        (0u8..3).prop_map(Edit::Untag),
        (0u8..3).prop_map(Edit::Parameter),
        any::<bool>().prop_map(Edit::Immediate),
        any::<bool>().prop_map(Edit::Credentials),
        any::<bool>().prop_map(Edit::Protected),
        any::<bool>().prop_map(Edit::Running),
    ];
    let drift = prop_oneof![
        (0u8..3).prop_map(Drift::Class),
        (1i32..30).prop_map(Drift::Backups),
        (0u8..3).prop_map(Drift::TagGone),
        (60i32..70).prop_map(Drift::Storage),
        Just(Drift::MinorVersion),
        Just(Drift::OwnerGone),
        Just(Drift::Stopped),
    ];
    prop_oneof![
        6 => edit.prop_map(Event::Edit),
        2 => drift.prop_map(Event::Drift),
        6 => (0usize..12, any_fault()).prop_map(|(call, fault)| Event::Trouble(call, fault)),
        1 => Just(Event::Restart),
        1 => any::<bool>().prop_map(Event::Pause),
        2 => any::<u8>().prop_map(Event::Rotate),
        2 => any::<u8>().prop_map(Event::SecretContent),
        1 => Just(Event::ConnectionSecretGone),
        1 => Just(Event::Lost),
        1 => (0u8..4).prop_map(Event::Refusal),
        6 => (1i64..90).prop_map(Event::TimePasses),
        1 => Just(Event::StaleObject),
    ]
}

const CLASSES: [&str; 3] = ["db.t4g.micro", "db.t4g.small", "db.r6g.large"];
const TEAMS: [&str; 3] = ["team", "cost", "stage"];

fn edit(sim: &mut Sim, key: &Key, edit: &Edit) {
    sim.edit(key, |object| {
        let spec = std::mem::take(&mut object.spec);
        let manifest = Manifest(awsdb::kinds::rds::RdsInstance::new("x", spec));
        let manifest = match edit {
            Edit::Class(class) => manifest.class(CLASSES[*class as usize]),
            Edit::Storage(gib) => {
                let least = manifest.0.spec.settings.allocated_storage.unwrap_or_default();
                manifest.storage(least.max(*gib))
            }
            Edit::Backups(days) => manifest.backups(*days),
            Edit::Tag(tag, value) => manifest.tag(TEAMS[*tag as usize], &value.to_string()),
            Edit::Untag(tag) => manifest.with(|spec| {
                spec.shared.tags.get_or_insert_default().remove(TEAMS[*tag as usize]);
            }),
            Edit::Parameter(value) => manifest.parameter("shared_buffers", &value.to_string()),
            Edit::Immediate(true) => manifest.at_once(),
            Edit::Immediate(false) => manifest.disruption(Default::default()),
            Edit::Protected(is) => manifest.protected(*is),
            Edit::Running(is) => manifest.powered(if *is { PowerState::Running } else { PowerState::Stopped }),
            Edit::Credentials(true) => manifest.password_from("mine"),
            Edit::Credentials(false) => manifest.with(|spec| spec.credentials = None),
        };
        object.spec = manifest.0.spec;
    });
}

fn drift(sim: &mut Sim, key: &Key, drift: &Drift) {
    // What loses its tag before it was ever seen as ours is nobody's, and rightly left alone.
    let is_known = sim.status(key).shared.journal.notes.get("resourceId").is_some_and(|id| !id.is_empty());
    sim.aws(|aws| {
        let Some(db) = aws.instances.get_mut("shop-orders") else { return };
        let is_busy = db.is_busy();
        let settings = &mut db.shown.settings;
        match drift {
            Drift::Class(class) => settings.db_instance_class = Some(CLASSES[*class as usize].into()),
            Drift::Backups(days) => settings.backup_retention_period = Some(*days),
            Drift::TagGone(tag) => drop(db.shown.tags.remove(TEAMS[*tag as usize])),
            Drift::Storage(gib) => settings.allocated_storage = settings.allocated_storage.max(Some(*gib)),
            Drift::OwnerGone if !is_known => {}
            Drift::OwnerGone => drop(db.shown.tags.remove(awsdb::aws::owner::OWNER_TAG)),
            Drift::Stopped if is_busy => {}
            Drift::Stopped => db.shown.status = "stopped".into(),
            Drift::MinorVersion => settings.engine_version = Some("16.9".into()),
        }
    });
}

const REFUSALS: [(&str, &str, &str); 4] = [
    ("ModifyDBInstance", "InvalidParameterValue", "That value is not offered."),
    ("ModifyDBInstance", "InvalidDBInstanceState", "Database instance is not in available state."),
    ("AddTagsToResource", "AccessDenied", "not authorized to perform rds:AddTagsToResource"),
    ("DescribeDBInstances", "Throttling", "Rate exceeded"),
];

fn happen(sim: &mut Sim, key: &Key, event: &Event) {
    match event {
        Event::Edit(what) => edit(sim, key, what),
        Event::Drift(what) => drift(sim, key, what),
        Event::Trouble(calls, fault) => {
            let at = sim.mark() + calls;
            sim.fault(At::Call(at), *fault);
        }
        Event::Restart => sim.restart(),
        Event::Pause(paused) => sim.annotate(key, annotation::PAUSED, if *paused { "true" } else { "false" }),
        Event::Rotate(token) => sim.annotate(key, annotation::ROTATE, &token.to_string()),
        Event::SecretContent(content) => sim.user_secret("shop", "mine", &format!("users-password-{content:03}")),
        Event::ConnectionSecretGone => {
            sim.kube(|kube| kube.secrets.remove(&("shop".to_string(), "orders-connection".to_string())));
        }
        Event::Lost => sim.aws(|aws| {
            if aws.instances.contains_key("shop-orders") {
                aws.delete_behind_our_back("shop-orders");
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
    one_database(sim);
}

/// What holds at every moment.
fn one_database(sim: &Sim) {
    sim.aws(|aws| {
        assert!(aws.made.len() <= 1 + aws.losses, "more than one database was made: {:?}", aws.made);
        assert!(aws.instances.len() <= 1);
        assert!(aws.deleted.is_empty() && aws.snapshots.is_empty(), "something was deleted: {:?}", aws.deleted);
    });
}

/// The noise is over: the user looks after the object once more.
fn calm(sim: &mut Sim, key: &Key) {
    {
        let mut universe = sim.shared.lock();
        universe.faults.clear();
        universe.aws.refusals.clear();
    }
    sim.annotate(key, annotation::PAUSED, "false");
    for last in [Edit::Immediate(true), Edit::Running(true), Edit::Protected(false)] {
        edit(sim, key, &last);
    }
    for turn in 0..12 {
        sim.annotate(key, annotation::RECONCILE, &format!("calm-{turn}"));
        sim.run(900);
        if sim.is_settled(key) && sim.opens(key).is_ok() {
            return;
        }
        if sim.held_hash(key).is_some() {
            sim.approve(key);
        }
    }
    panic!("it does not settle\n{}", sim.report());
}

fn as_the_manifest_says(sim: &Sim, key: &Key) {
    sim.must_open(key);
    let spec = sim.object(key).unwrap().spec;
    let db = sim.the_db(key);
    let (wanted, is) = (&spec.settings, &db.shown.settings);
    assert_eq!(wanted.db_instance_class, is.db_instance_class);
    assert!(is.allocated_storage >= wanted.allocated_storage);
    assert!(wanted.backup_retention_period.is_none() || wanted.backup_retention_period == is.backup_retention_period);
    for (tag, value) in spec.shared.tags.iter().flatten() {
        assert_eq!(db.shown.tags.get(tag), Some(value));
    }
    for (parameter, value) in spec.parameters.iter().flatten() {
        assert_eq!(db.running.get(parameter), Some(value), "{}", sim.report());
    }
}

fn the_end(sim: &mut Sim, key: &Key, policy: DeletionPolicy) {
    sim.edit(key, |object| object.spec.shared.deletion_policy = policy);
    sim.run(120);
    sim.delete(key);
    sim.run(1200);
    assert!(sim.is_gone(key), "{}", sim.report());
    sim.aws(|aws| {
        let kept = policy == DeletionPolicy::Retain;
        assert_eq!((aws.instances.len(), aws.deleted.len()), if kept { (1, 0) } else { (0, 1) });
        assert_eq!(aws.snapshots.len(), usize::from(policy == DeletionPolicy::Snapshot));
    });
}

fn policy() -> impl Strategy<Value = DeletionPolicy> {
    prop_oneof![Just(DeletionPolicy::Retain), Just(DeletionPolicy::Snapshot), Just(DeletionPolicy::Delete)]
}

proptest! {
    #![proptest_config(Config { cases: 48, failure_persistence: None, max_shrink_iters: 200, ..Config::default() })]

    #[test]
    fn whatever_happens_there_is_one_database_and_it_ends_as_the_manifest_says(
        events in prop::collection::vec(event(), 1..30),
        at_the_end in policy(),
    ) {
        let mut sim = Sim::quick();
        sim.user_secret("shop", "mine", "users-password-000");
        let key = sim.apply(rds());
        for event in &events {
            happen(&mut sim, &key, event);
        }
        calm(&mut sim, &key);
        one_database(&sim);
        as_the_manifest_says(&sim, &key);
        the_end(&mut sim, &key, at_the_end);
    }

    #[test]
    fn a_deletion_amid_faults_obeys_its_policy(
        before in prop::collection::vec(event(), 0..8),
        troubles in prop::collection::vec((0usize..60, any_fault()), 0..8),
        policy in policy(),
    ) {
        let mut sim = Sim::quick();
        sim.user_secret("shop", "mine", "users-password-000");
        let key = sim.apply(rds().deletion(policy));
        for event in &before {
            happen(&mut sim, &key, event);
        }
        sim.annotate(&key, annotation::PAUSED, "false");
        edit(&mut sim, &key, &Edit::Protected(false));
        let mark = sim.mark();
        for (calls, fault) in troubles {
            sim.fault(At::Call(mark + calls), fault);
        }
        sim.delete(&key);
        sim.run(3600);
        // A database that lost its owner tag is not deleted until somebody puts the tag back.
        sim.aws(|aws| {
            for db in aws.instances.values_mut() {
                db.shown.tags.insert(awsdb::aws::owner::OWNER_TAG.into(), "test/RdsInstance/shop/orders".into());
            }
        });
        sim.run(3600);
        prop_assert!(sim.is_gone(&key), "{}", sim.report());
        sim.aws(|aws| {
            if policy == DeletionPolicy::Retain {
                assert!(aws.deleted.is_empty());
                assert_eq!(aws.instances.len(), aws.made.len() - aws.losses);
            } else {
                assert!(aws.instances.is_empty(), "an orphan");
                assert_eq!(aws.deleted.len(), aws.made.len() - aws.losses);
            }
            let wanted = if policy == DeletionPolicy::Snapshot { aws.deleted.len() } else { 0 };
            assert_eq!(aws.snapshots.len(), wanted);
        });
    }

    #[test]
    fn a_rival_for_the_same_name_never_gets_it(
        events in prop::collection::vec(event().prop_filter("the name is free then", |e| !matches!(e, Event::Lost)), 1..12),
    ) {
        let mut sim = Sim::quick();
        sim.user_secret("shop", "mine", "users-password-000");
        let key = sim.apply(rds());
        sim.settle();
        let rival = sim.apply(named("rival").namespace("other").identifier("shop-orders").adopting().destroyed_on_delete());
        for event in &events {
            happen(&mut sim, &key, event);
        }
        sim.shared.lock().faults.clear();
        sim.run(600);
        sim.delete(&rival);
        sim.run(600);
        prop_assert!(sim.is_gone(&rival));
        calm(&mut sim, &key);
        one_database(&sim);
        as_the_manifest_says(&sim, &key);
    }
}
