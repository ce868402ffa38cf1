//! What tables cost: at rest, at their making, at a change.

use awsdb::spec::DeletionPolicy;

use crate::sim::builder::Manifest;
use crate::sim::dynamo::{Tables, rich, table};
use crate::sim::faults::Seam;
use crate::sim::kube::Key;
use crate::sim::settled_in;

/// Settled for some minutes.
fn rested(sim: Tables, manifest: Manifest<awsdb::kinds::dynamo::DynamoTable>) -> (Tables, Key) {
    let (mut sim, key) = settled_in(sim, manifest);
    sim.run(1300);
    (sim, key)
}

#[test]
fn an_hour_of_a_settled_table_costs_one_read_a_check_no_write_and_its_facts_every_ten_minutes() {
    let replicated = table("users").replica("eu-west-1");
    let provisioned = table("users").provisioned(5, 5).autoscaled(5, 9);
    for (manifest, facts) in [(table("users"), 1), (rich("users"), 6), (replicated, 2), (provisioned, 2)] {
        let (mut sim, key) = rested(Tables::quick(), manifest);
        let (mark, rounds) = (sim.mark(), sim.rounds);
        sim.run(3600);
        let written: Vec<_> = sim.calls(mark).into_iter().filter(|call| call.writes).collect();
        assert!(written.is_empty(), "{written:?}");
        let (reads, rounds) = (sim.aws_reads(mark), sim.rounds - rounds);
        assert!((73..=77).contains(&rounds), "{rounds} checks");
        assert!(reads >= rounds && reads <= rounds + 6 * facts, "{reads} reads in {rounds} checks");
        assert!(sim.is_settled(&key));
    }
}

#[test]
fn a_check_within_ten_minutes_costs_one_call_to_aws() {
    let (mut sim, _) = rested(Tables::quick(), rich("users"));
    sim.restart();
    sim.round();
    for _ in 0..7 {
        let mark = sim.mark();
        sim.round();
        let calls: Vec<_> = sim.calls(mark).into_iter().filter(|call| call.seam == Seam::Aws).collect();
        assert_eq!(calls.len(), 1, "{calls:?}");
    }
}

#[test]
fn a_restart_with_many_settled_tables_costs_two_reads_each_and_no_write() {
    let mut sim = Tables::quick();
    for number in 0..30 {
        sim.apply(table(&format!("table{number}")));
    }
    sim.settle();
    sim.run(300);
    sim.restart();
    let mark = sim.mark();
    sim.run(10);
    assert_eq!(sim.calls(mark).iter().filter(|call| call.writes).count(), 0);
    assert_eq!(sim.aws_reads(mark), 60);
}

#[test]
fn a_create_in_a_cloud_that_is_ready_at_once_takes_at_most_seven_writes_and_four_aws_calls() {
    for (manifest, writes) in [
        (table("users"), 5),
        (table("users").index("email").streaming("KEYS_ONLY").tag("a", "b"), 5),
        (table("users").destroyed_on_delete(), 7),
        (table("users").snapshot_on_delete(), 7),
    ] {
        let mut sim = Tables::instant();
        sim.apply(manifest);
        sim.settle();
        let aws = sim.calls(0).iter().filter(|call| call.seam == Seam::Aws).count();
        assert!(aws <= 4, "{aws} AWS calls\n{}", sim.report());
        assert!(sim.kube_writes() <= writes, "{} writes\n{}", sim.kube_writes(), sim.report());
    }
}

#[test]
fn a_create_with_real_waits_writes_only_news() {
    let mut sim = Tables::new();
    sim.apply(table("users").index("email").destroyed_on_delete());
    sim.settle();
    assert!(sim.kube_writes() <= 11, "{} writes\n{}", sim.kube_writes(), sim.report());
    assert_eq!(sim.aws_writes(0), ["CreateTable"]);
}

#[test]
fn a_deletion_under_retain_takes_no_call_at_all() {
    let (mut sim, key) = rested(Tables::instant(), table("users").recoverable(7));
    let mark = sim.mark();
    sim.delete(&key);
    assert!(sim.is_gone(&key));
    sim.run(600);
    assert!(sim.calls(mark).is_empty());
    assert!(sim.aws(|aws| aws.tables.contains_key("shop-users")));
    assert!(sim.secret("shop", "users-connection").is_some(), "its Secrets stay");
}

#[test]
fn a_deletion_otherwise_takes_at_most_six_writes() {
    for policy in [DeletionPolicy::Delete, DeletionPolicy::Snapshot] {
        let (mut sim, key) = rested(Tables::instant(), table("users").deletion(policy));
        let mark = sim.mark();
        sim.delete(&key);
        sim.until("it is gone", |sim| sim.is_gone(&key));
        let writes: Vec<_> =
            sim.calls(mark).into_iter().filter(|call| call.writes && call.seam == Seam::Kubernetes).collect();
        assert!(writes.len() <= 6, "{policy:?}: {writes:#?}");
    }
}

#[test]
fn one_call_a_round_is_sent_whatever_differs() {
    let (mut sim, key) = rested(Tables::quick(), table("users"));
    sim.apply(rich("users").with(|spec| {
        spec.range_key = None;
        spec.local_secondary_indexes = None;
    }));
    for _ in 0..120 {
        let mark = sim.mark();
        sim.round();
        assert!(sim.aws_writes(mark).len() <= 1, "{:?}", sim.aws_writes(mark));
    }
    assert!(sim.is_at_rest(&key), "{}", sim.report());
}

#[test]
fn every_accepted_call_is_an_event_and_nothing_else_is() {
    let (mut sim, key) = rested(Tables::quick(), table("users").snapshot_on_delete());
    sim.apply(table("users").snapshot_on_delete().index("email").tag("a", "b"));
    sim.until("it is changed", |sim| sim.is_at_rest(&key));
    sim.delete(&key);
    sim.until("it is gone", |sim| sim.is_gone(&key));
    let told: Vec<String> = sim.events().iter().map(|text| text.split(':').next().unwrap().to_string()).collect();
    assert_eq!(told, sim.aws_writes(0));
}

#[test]
fn an_hour_of_a_table_that_waits_for_a_person_or_a_window_costs_no_write_either() {
    let indexed = || table("users").index("email");
    let waiting = [
        ("an index to remove", indexed(), indexed().no_indexes()),
        ("plan", table("users"), table("users").planned().tag("a", "b")),
        ("another key", table("users"), table("users").hash("other")),
    ];
    for (what, before, after) in waiting {
        let (mut sim, _) = rested(Tables::quick(), before);
        sim.apply(after);
        sim.run(1300);
        let (mark, rounds) = (sim.mark(), sim.rounds);
        sim.run(3600);
        let written: Vec<_> = sim.calls(mark).into_iter().filter(|call| call.writes).collect();
        assert!(written.is_empty(), "{what}: {written:?}");
        let (reads, rounds) = (sim.aws_reads(mark), sim.rounds - rounds);
        assert!(rounds <= 101 && reads <= rounds + 12, "{what}: {reads} reads in {rounds} rounds");
    }
}
