//! Lives of clusters that nobody thought of: random edits, drift, faults, restarts and pauses; whatever came, there is one
//! cluster, the writer is never taken from its readers, no delete without the policy, and an end that is as the manifest says
//! once the noise is over.

use proptest::prelude::*;
use proptest::test_runner::Config;

use awsdb::aws::owner::OWNER_TAG;
use awsdb::kinds::aurora::AuroraServerless;
use awsdb::kinds::rds::PowerState;
use awsdb::spec::{DeletionPolicy, annotation};

use crate::sim::aurora::{Auroras, aurora};
use crate::sim::builder::Manifest;
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
    Failover(u8),
    SecretContent(u8),
    ConnectionSecretGone,
    Lost,
    Refusal(u8),
    TimePasses(i64),
    StaleObject,
}

#[derive(Clone, Debug)]
enum Edit {
    Capacity(u8),
    Backups(i32),
    Readers(i32),
    Tag(u8, u8),
    Untag(u8),
    Parameter(u8),
    Logs(u8),
    DataApi(bool),
    Immediate(bool),
    Credentials(bool),
    Protected(bool),
    Running(bool),
}

#[derive(Clone, Debug)]
enum Drift {
    Capacity(u8),
    Backups(i32),
    TagGone(u8),
    MinorVersion,
    OwnerGone,
    MemberLost(u8),
}

fn event() -> impl Strategy<Value = Event> {
    let edit = prop_oneof![
        (0u8..4).prop_map(Edit::Capacity),
        (1i32..30).prop_map(Edit::Backups),
        (0i32..3).prop_map(Edit::Readers),
        (0u8..3, 0u8..3).prop_map(|(key, value)| Edit::Tag(key, value)),
        (0u8..3).prop_map(Edit::Untag),
        (0u8..3).prop_map(Edit::Parameter),
        (0u8..3).prop_map(Edit::Logs),
        any::<bool>().prop_map(Edit::DataApi),
        any::<bool>().prop_map(Edit::Immediate),
        any::<bool>().prop_map(Edit::Credentials),
        any::<bool>().prop_map(Edit::Protected),
        any::<bool>().prop_map(Edit::Running),
    ];
    let drift = prop_oneof![
        (0u8..4).prop_map(Drift::Capacity),
        (1i32..30).prop_map(Drift::Backups),
        (0u8..3).prop_map(Drift::TagGone),
        Just(Drift::MinorVersion),
        Just(Drift::OwnerGone),
        (0u8..3).prop_map(Drift::MemberLost),
    ];
    prop_oneof![
        6 => edit.prop_map(Event::Edit),
        2 => drift.prop_map(Event::Drift),
        6 => (0usize..12, any_fault()).prop_map(|(call, fault)| Event::Trouble(call, fault)),
        1 => Just(Event::Restart),
        1 => any::<bool>().prop_map(Event::Pause),
        1 => any::<u8>().prop_map(Event::Rotate),
        1 => any::<u8>().prop_map(Event::Failover),
        2 => any::<u8>().prop_map(Event::SecretContent),
        1 => Just(Event::ConnectionSecretGone),
        1 => Just(Event::Lost),
        1 => (0u8..5).prop_map(Event::Refusal),
        6 => (1i64..90).prop_map(Event::TimePasses),
        1 => Just(Event::StaleObject),
    ]
}

const CAPACITIES: [(f64, f64); 4] = [(0.0, 4.0), (0.5, 4.0), (1.0, 8.0), (0.0, 16.0)];
const LOGS: [&[&str]; 3] = [&[], &["postgresql"], &["postgresql", "instance"]];
const TAGS: [&str; 3] = ["team", "cost", "stage"];

fn edited(manifest: Manifest<AuroraServerless>, edit: &Edit) -> Manifest<AuroraServerless> {
    match edit {
        Edit::Capacity(which) => manifest.capacity(CAPACITIES[*which as usize].0, CAPACITIES[*which as usize].1),
        Edit::Backups(days) => manifest.backups(*days),
        Edit::Readers(readers) => manifest.readers(*readers),
        Edit::Tag(tag, value) => manifest.tag(TAGS[*tag as usize], &value.to_string()),
        Edit::Untag(tag) => manifest.with(|spec| {
            spec.shared.tags.get_or_insert_default().remove(TAGS[*tag as usize]);
        }),
        Edit::Parameter(value) => manifest.cluster_parameter("wal_level", &value.to_string()),
        Edit::Logs(which) => manifest.logs(LOGS[*which as usize]),
        Edit::DataApi(is) => manifest.data_api(*is),
        Edit::Immediate(true) => manifest.at_once(),
        Edit::Immediate(false) => manifest.disruption(Default::default()),
        Edit::Protected(is) => manifest.protected(*is),
        Edit::Running(is) => manifest.powered(if *is { PowerState::Running } else { PowerState::Stopped }),
        Edit::Credentials(true) => manifest.password_from("mine"),
        Edit::Credentials(false) => manifest.with(|spec| spec.credentials = None),
    }
}

fn edit(sim: &mut Auroras, key: &Key, edit: &Edit) {
    sim.edit(key, |object| {
        let spec = std::mem::take(&mut object.spec);
        object.spec = edited(Manifest(AuroraServerless::new("x", spec)), edit).0.spec;
    });
}

fn drift(sim: &mut Auroras, key: &Key, drift: &Drift) {
    // What loses its tag before it was ever seen as ours is nobody's, and rightly left alone.
    let is_known = sim.shared_status(key).journal.notes.get("resourceId").is_some_and(|id| !id.is_empty());
    sim.aws(|aws| {
        let Some(clu) = aws.clusters.get_mut("shop-orders") else { return };
        let writer = clu.writer().map(String::from);
        match drift {
            Drift::Capacity(which) => {
                if let Some(scaling) = &mut clu.shown.settings.scaling {
                    scaling.max_capacity = CAPACITIES[*which as usize].1;
                }
            }
            Drift::Backups(days) => clu.shown.settings.backup_retention_period = Some(*days),
            Drift::TagGone(tag) => drop(clu.shown.tags.remove(TAGS[*tag as usize])),
            Drift::OwnerGone if !is_known => {}
            Drift::OwnerGone => drop(clu.shown.tags.remove(OWNER_TAG)),
            Drift::MinorVersion => clu.shown.settings.engine_version = Some("16.9".into()),
            Drift::MemberLost(number) => {
                let name = format!("shop-orders-{number}");
                if writer != Some(name.clone()) && clu.members.contains_key(&name) {
                    aws.lose_member("shop-orders", &name);
                }
            }
        }
    });
}

const REFUSALS: [(&str, &str, &str); 5] = [
    ("ModifyDBCluster", "InvalidParameterValue", "That value is not offered."),
    ("ModifyDBCluster", "InvalidDBClusterStateFault", "DB cluster is not currently in the available state."),
    ("CreateDBInstance", "InvalidDBClusterStateFault", "DB cluster is not currently in the available state."),
    ("AddTagsToResource", "AccessDenied", "not authorized to perform rds:AddTagsToResource"),
    ("DescribeDBClusters", "Throttling", "Rate exceeded"),
];

fn happen(sim: &mut Auroras, key: &Key, event: &Event) {
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
        Event::Failover(token) => sim.annotate(key, annotation::FAILOVER, &token.to_string()),
        Event::SecretContent(content) => sim.user_secret("shop", "mine", &format!("users-password-{content:03}")),
        Event::ConnectionSecretGone => {
            sim.kube(|kube| kube.secrets.remove(&("shop".to_string(), "orders-connection".to_string())));
        }
        Event::Lost => sim.aws(|aws| {
            if aws.clusters.contains_key("shop-orders") {
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
    one_cluster(sim);
}

/// What holds at every moment.
fn one_cluster(sim: &Auroras) {
    sim.aws(|aws| {
        assert!(aws.made.len() <= 1 + aws.losses, "more than one cluster was made: {:?}", aws.made);
        assert!(aws.deleted.is_empty() && aws.snapshots.is_empty(), "something was deleted: {:?}", aws.deleted);
        assert!(aws.clusters.values().all(|clu| clu.writers_lost == 0 && clu.members.len() <= 3));
    });
}

/// The noise is over: the user looks after the object once more.
fn calm(sim: &mut Auroras, key: &Key) {
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
        if sim.clu(key).is_some() && sim.rests(key) {
            return;
        }
        if sim.held_hash(key).is_some() {
            sim.approve(key);
        }
    }
    panic!("it does not settle\n{}", sim.report());
}

fn as_the_manifest_says(sim: &Auroras, key: &Key) {
    sim.must_open_cluster(key);
    let spec = sim.object(key).unwrap().spec;
    let clu = sim.the_clu(key);
    let (wanted, is) = (awsdb::diff::fields(&spec.settings), awsdb::diff::fields(&clu.shown.settings));
    for field in ["backupRetentionPeriod", "enableHttpEndpoint", "enableCloudwatchLogsExports", "deletionProtection"] {
        assert!(wanted.get(field).is_none() || wanted.get(field) == is.get(field), "{field}\n{}", sim.report());
    }
    let [wanted, is] = [spec.settings.scaling.unwrap(), clu.shown.settings.scaling.unwrap()];
    assert_eq!((wanted.min_capacity, wanted.max_capacity), (is.min_capacity, is.max_capacity));
    if let Some(readers) = spec.readers {
        assert_eq!(clu.members.len(), readers as usize + 1, "{}", sim.report());
    }
    for (tag, value) in spec.shared.tags.iter().flatten() {
        assert_eq!(clu.shown.tags.get(tag), Some(value));
    }
    for (parameter, value) in spec.cluster_parameters.iter().flatten() {
        for mem in clu.members.values() {
            assert_eq!(mem.cluster_running.get(parameter), Some(value), "{}", sim.report());
        }
    }
}

fn the_end(sim: &mut Auroras, key: &Key, policy: DeletionPolicy) {
    sim.edit(key, |object| object.spec.shared.deletion_policy = policy);
    sim.run(120);
    sim.delete(key);
    sim.run(1800);
    assert!(sim.is_gone(key), "{}", sim.report());
    sim.aws(|aws| {
        let kept = policy == DeletionPolicy::Retain;
        assert_eq!((aws.clusters.len(), aws.deleted.len()), if kept { (1, 0) } else { (0, 1) });
        assert_eq!(aws.snapshots.len(), usize::from(policy == DeletionPolicy::Snapshot));
    });
}

fn policy() -> impl Strategy<Value = DeletionPolicy> {
    prop_oneof![Just(DeletionPolicy::Retain), Just(DeletionPolicy::Snapshot), Just(DeletionPolicy::Delete)]
}

proptest! {
    #![proptest_config(Config { cases: 48, failure_persistence: None, max_shrink_iters: 200, ..Config::default() })]

    #[test]
    fn whatever_happens_there_is_one_cluster_and_it_ends_as_the_manifest_says(
        events in prop::collection::vec(event(), 1..30),
        at_the_end in policy(),
    ) {
        let mut sim = Auroras::quick();
        sim.user_secret("shop", "mine", "users-password-000");
        let key = sim.apply(aurora().readers(1));
        for event in &events {
            happen(&mut sim, &key, event);
        }
        calm(&mut sim, &key);
        one_cluster(&sim);
        as_the_manifest_says(&sim, &key);
        the_end(&mut sim, &key, at_the_end);
    }

    #[test]
    fn a_deletion_amid_faults_obeys_its_policy(
        before in prop::collection::vec(event(), 0..8),
        troubles in prop::collection::vec((0usize..60, any_fault()), 0..8),
        policy in policy(),
    ) {
        let mut sim = Auroras::quick();
        sim.user_secret("shop", "mine", "users-password-000");
        let key = sim.apply(aurora().readers(1).deletion(policy));
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
        // A cluster that lost its owner tag is not deleted until somebody puts the tag back.
        sim.aws(|aws| {
            for clu in aws.clusters.values_mut() {
                clu.shown.tags.insert(OWNER_TAG.into(), "test/AuroraServerless/shop/orders".into());
            }
        });
        sim.run(3600);
        prop_assert!(sim.is_gone(&key), "{}", sim.report());
        sim.aws(|aws| {
            if policy == DeletionPolicy::Retain {
                assert!(aws.deleted.is_empty());
                assert_eq!(aws.clusters.len(), aws.made.len() - aws.losses);
            } else {
                assert!(aws.clusters.is_empty(), "an orphan");
                assert_eq!(aws.deleted.len(), aws.made.len() - aws.losses);
            }
            let wanted = if policy == DeletionPolicy::Snapshot { aws.deleted.len() } else { 0 };
            assert_eq!(aws.snapshots.len(), wanted);
        });
    }
}
