//! Lives of snapshots that nobody thought of: it is taken once for each time that somebody lost it, nothing of others is deleted,
//! and the end is as the manifest says.

use proptest::prelude::*;
use proptest::test_runner::Config;

use awsdb::aws::snapshots::Family;
use awsdb::kinds::snapshot::DbSnapshot;
use awsdb::spec::{DeletionPolicy, annotation};

use crate::sim::builder::Manifest;
use crate::sim::faults::{At, Fault, any_fault};
use crate::sim::kube::Key;
use crate::sim::snapshots::{Snapshots, of_cluster, of_instance, of_table};

/// One thing that happens.
#[derive(Clone, Debug)]
enum Event {
    Copy(u8),
    NoCopies,
    Share(u8),
    Tag(u8),
    Trouble(usize, Fault),
    Restart,
    Pause(bool),
    SourceGone(bool),
    Foreign,
    TimePasses(i64),
}

const REGIONS: [&str; 2] = ["eu-west-1", "ap-south-1"];
const ACCOUNTS: [&str; 3] = ["111111111111", "222222222222", "333333333333"];

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => (0u8..2).prop_map(Event::Copy),
        1 => Just(Event::NoCopies),
        2 => (0u8..3).prop_map(Event::Share),
        2 => (0u8..3).prop_map(Event::Tag),
        6 => (0usize..12, any_fault()).prop_map(|(call, fault)| Event::Trouble(call, fault)),
        1 => Just(Event::Restart),
        1 => any::<bool>().prop_map(Event::Pause),
        1 => any::<bool>().prop_map(Event::SourceGone),
        1 => Just(Event::Foreign),
        6 => (1i64..90).prop_map(Event::TimePasses),
    ]
}

fn source() -> impl Strategy<Value = Family> {
    prop_oneof![Just(Family::Instance), Just(Family::Cluster), Just(Family::Table)]
}

fn manifest(family: Family) -> Manifest<DbSnapshot> {
    match family {
        Family::Instance => of_instance("shop-orders"),
        Family::Cluster => of_cluster("shop-carts"),
        Family::Table => of_table("shop-users"),
    }
}

fn edit(sim: &mut Snapshots, key: &Key, change: impl FnOnce(Manifest<DbSnapshot>) -> Manifest<DbSnapshot>) {
    sim.edit(key, |object| {
        let spec = std::mem::take(&mut object.spec);
        object.spec = change(Manifest(DbSnapshot::new("x", spec))).0.spec;
    });
}

fn happen(sim: &mut Snapshots, key: &Key, family: Family, event: &Event) {
    let far = family != Family::Table;
    match event {
        Event::Copy(which) if far => edit(sim, key, |it| {
            let region = REGIONS[*which as usize];
            let has = it.0.spec.copies.iter().flatten().any(|copy| copy.region == region);
            if has { it } else { it.copied_to(region, None) }
        }),
        Event::NoCopies if far => edit(sim, key, Manifest::no_copies),
        Event::Share(which) if far => edit(sim, key, |it| it.shared_with(&[ACCOUNTS[*which as usize]])),
        Event::Copy(_) | Event::NoCopies | Event::Share(_) => {}
        Event::Tag(value) => edit(sim, key, |it| it.tag("team", &value.to_string())),
        Event::Trouble(calls, fault) => {
            let at = sim.mark() + calls;
            sim.fault(At::Call(at), *fault);
        }
        Event::Restart => sim.restart(),
        Event::Pause(paused) => sim.annotate(key, annotation::PAUSED, if *paused { "true" } else { "false" }),
        Event::SourceGone(gone) => sim.aws(|aws| {
            let status = match (gone, family) {
                (true, _) => "modifying",
                (false, Family::Table) => "active",
                (false, _) => "available",
            };
            aws.databases.values_mut().for_each(|db| db.status = status.into());
        }),
        Event::Foreign => sim.aws(|aws| {
            aws.standing(family, "theirs", |snap| snap.shown.arn = format!("{}-theirs", snap.shown.arn));
        }),
        Event::TimePasses(seconds) => sim.run(*seconds),
    }
    once(sim);
}

/// What holds at every moment.
fn once(sim: &Snapshots) {
    sim.aws(|aws| {
        let here = aws.made.iter().filter(|name| name.starts_with("us-east-1/")).count();
        assert!(here <= 1, "it was taken more than once: {:?}", aws.made);
        assert!(aws.deleted.is_empty(), "{:?}", aws.deleted);
    });
}

proptest! {
    #![proptest_config(Config { cases: 48, failure_persistence: None, max_shrink_iters: 200, ..Config::default() })]

    #[test]
    fn whatever_happens_it_is_taken_once_and_ends_as_the_manifest_says(
        family in source(),
        events in prop::collection::vec(event(), 1..25),
        deletes in any::<bool>(),
    ) {
        let mut sim = Snapshots::quick().stocked();
        let key = sim.apply(manifest(family));
        for event in &events {
            happen(&mut sim, &key, family, event);
        }
        sim.shared.lock().faults.clear();
        sim.annotate(&key, annotation::PAUSED, "false");
        happen(&mut sim, &key, family, &Event::SourceGone(false));
        sim.run(1800);
        prop_assert!(sim.is_done(&key), "{}", sim.report());
        once(&sim);
        let spec = sim.object(&key).unwrap().spec;
        for copy in spec.copies.iter().flatten() {
            prop_assert_eq!(&sim.the_copy(&key, &copy.region).shown.status, "available");
        }
        if let Some(accounts) = &spec.share_with {
            prop_assert_eq!(accounts, &sim.the_snap(&key).shares);
        }
        let policy = if deletes { DeletionPolicy::Delete } else { DeletionPolicy::Retain };
        sim.edit(&key, |object| object.spec.shared.deletion_policy = policy);
        sim.run(300);
        sim.delete(&key);
        sim.run(1800);
        prop_assert!(sim.is_gone(&key), "{}", sim.report());
        let left = sim.aws(|aws| aws.snaps.iter().filter(|snap| snap.name == "shop-monday").count());
        prop_assert_eq!(left == 0, deletes, "{}", sim.report());
        prop_assert!(sim.aws(|aws| aws.deleted.iter().all(|arn| !arn.ends_with("theirs"))));
    }
}
