//! Databases that are made from a DbSnapshot object: it is waited for whatever its state, and nothing is made in its place.

use awsdb::kinds::snapshot::DbSnapshotFacts;
use jiff::SignedDuration;

use crate::sim::Sim;
use crate::sim::builder::{named, rds};
use crate::sim::dynamo::{Tables, table};
use crate::sim::kube::Key;
use crate::sim::scenario::{Scenario, universe};

const SNAPSHOT: &str = "arn:aws:rds:us-east-1:123456789012:snapshot:monday";

fn facts(family: &str) -> DbSnapshotFacts {
    DbSnapshotFacts { family: Some(family.into()), ..DbSnapshotFacts::default() }
}

fn monday() -> Key {
    ("shop".into(), "monday".into())
}

fn orders() -> Key {
    ("shop".into(), "orders".into())
}

/// An instance `old` of the same namespace, and its snapshot `monday` in AWS, of which no DbSnapshot tells yet.
fn with_snapshot(sim: &mut Sim) {
    let old = sim.apply(named("old").with(|spec| spec.settings.copy_tags_to_snapshot = Some(true)));
    sim.settle();
    sim.until("nothing is going on", |sim| !sim.the_db(&old).is_busy());
    let now = sim.now();
    sim.aws(|aws| aws.take_snapshot("shop-old", "monday", now));
    sim.settle();
}

#[test]
fn an_instance_waits_for_its_snapshot_and_goes_on_within_one_transition_poll() {
    let mut sim = Sim::new();
    with_snapshot(&mut sim);
    let mark = sim.mark();
    let key = sim.apply(rds().made_of_db_snapshot("monday"));
    for (state, family, says) in [
        (None, "Instance", "DbSnapshot monday does not exist (yet)"),
        (Some("creating"), "Instance", "DbSnapshot monday is not ready: AWS reports creating."),
        (
            Some("available"),
            "Table",
            "DbSnapshot monday is of family Table: RdsInstance is restored from family Instance",
        ),
        (Some("failed"), "Instance", "DbSnapshot monday is not ready: AWS reports failed."),
    ] {
        if let Some(state) = state {
            sim.kube(|kube| kube.snapshot_is(&monday(), state, facts(family), SNAPSHOT));
        }
        sim.run(600);
        assert!(sim.aws_writes(mark).is_empty(), "{state:?}: nothing is made\n{}", sim.report());
        assert!(sim.message(&key, "Synced").contains(says), "{}", sim.report());
        let shown = sim.shared_status(&key).plan.map(|plan| plan.steps);
        assert!(family != "Instance" || shown.is_some_and(|steps| steps[0].because.contains("of DbSnapshot monday")));
        assert_eq!(sim.object(&key).unwrap().spec.source, rds().made_of_db_snapshot("monday").0.spec.source);
    }
    sim.kube(|kube| kube.snapshot_is(&monday(), "available", facts("Instance"), SNAPSHOT));
    let ready = sim.now();
    sim.until("it is restored", |sim| sim.sent("RestoreDBInstanceFromDBSnapshot") == 1);
    let poll = SignedDuration::try_from(sim.setup.clocks.transition_poll).unwrap();
    assert!(sim.now().duration_since(ready) <= poll, "{} after {ready}", sim.now());
    sim.settle();
    sim.must_open(&key);
    assert_eq!(sim.aws(|aws| aws.made.clone()), ["shop-old", "shop-orders"]);
    assert_eq!(sim.sent("CreateDBInstance"), 1, "only the old one was ever made empty");
}

#[test]
fn a_snapshot_of_another_region_or_account_is_refused_and_nothing_is_made() {
    for (arn, says) in [
        (SNAPSHOT.replace("us-east-1", "eu-west-1"), "is in eu-west-1, and this object in us-east-1"),
        (SNAPSHOT.replace("123456789012", "999999999999"), "is in account 999999999999"),
    ] {
        let mut sim = Sim::quick();
        with_snapshot(&mut sim);
        sim.kube(|kube| kube.snapshot_is(&monday(), "available", facts("Instance"), &arn));
        let mark = sim.mark();
        let key = sim.apply(rds().made_of_db_snapshot("monday"));
        sim.run(600);
        assert!(sim.aws_writes(mark).is_empty());
        assert!(sim.message(&key, "Stalled").contains(says), "{}", sim.report());
    }
}

#[test]
fn a_snapshot_that_its_tags_do_not_allow_is_refused_in_spite_of_its_object() {
    let mut sim = Sim::quick();
    with_snapshot(&mut sim);
    sim.aws(|aws| aws.snapshots.get_mut("monday").unwrap().shown.tags.clear());
    sim.kube(|kube| kube.snapshot_is(&monday(), "available", facts("Instance"), SNAPSHOT));
    let mark = sim.mark();
    let key = sim.apply(rds().made_of_db_snapshot("monday"));
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty());
    assert_eq!(sim.reason(&key, "Stalled"), "NotAllowed", "{}", sim.report());
}

#[test]
fn the_snapshot_is_of_no_interest_once_the_instance_is_there() {
    let mut sim = Sim::quick();
    with_snapshot(&mut sim);
    sim.kube(|kube| kube.snapshot_is(&monday(), "available", facts("Instance"), SNAPSHOT));
    // With a finalizer the object is read anew in the round that makes the instance.
    let key = sim.apply(rds().made_of_db_snapshot("monday").destroyed_on_delete());
    sim.settle();
    sim.run(600);
    sim.kube(|kube| kube.snapshots.clear());
    let mark = sim.mark();
    sim.run(600);
    sim.edit(&key, |object| object.spec.source = None);
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty() && sim.is_settled(&key), "{}", sim.report());
    assert!(sim.calls(mark).iter().all(|call| call.operation != "referred"), "it is not even read");
    assert_eq!(sim.sent("RestoreDBInstanceFromDBSnapshot"), 1);
}

#[test]
fn restoring_by_reference_survives_every_fault_at_every_call() {
    let scenario = Scenario {
        before: universe(|sim: &mut Sim| {
            with_snapshot(sim);
            sim.kube(|kube| kube.snapshot_is(&monday(), "available", facts("Instance"), SNAPSHOT));
        }),
        act: Box::new(|sim| {
            sim.apply(rds().made_of_db_snapshot("monday").snapshot_on_delete());
        }),
        done: Box::new(|sim| {
            sim.is_settled(&orders()) && sim.opens(&orders()).is_ok() && !sim.the_db(&orders()).is_busy()
        }),
        check: Box::new(|sim| {
            sim.must_open(&orders());
            sim.aws(|aws| assert_eq!(aws.made, ["shop-old", "shop-orders"]));
            assert_eq!(sim.sent("CreateDBInstance"), 1, "only the old one was made empty");
        }),
    };
    scenario.survives_every_fault();
}

/// A table `old`, which is gone, and the backup that was taken of it.
fn with_backup() -> (Tables, String) {
    let mut sim = Tables::quick();
    let old = sim.apply(table("old").destroyed_on_delete());
    sim.until("it is at rest", |sim| sim.is_at_rest(&old));
    let now = sim.now();
    let backup = sim.aws(|aws| aws.take_backup("shop-old", "monday", now));
    sim.delete(&old);
    sim.until("it is gone", |sim| sim.is_gone(&old));
    (sim, backup)
}

#[test]
fn a_table_waits_for_its_snapshot_whose_reference_stands_for_tags_that_a_backup_has_not() {
    let (mut sim, backup) = with_backup();
    let mark = sim.mark();
    let key = sim.apply(table("users").restored_from_db_snapshot("monday"));
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty(), "{}", sim.report());
    assert!(sim.message(&key, "Synced").contains("DbSnapshot monday does not exist (yet)"), "{}", sim.report());
    sim.kube(|kube| kube.snapshot_is(&monday(), "creating", facts("Table"), &backup));
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty(), "{}", sim.report());
    sim.kube(|kube| kube.snapshot_is(&monday(), "available", facts("Table"), &backup));
    sim.until("it is at rest", |sim| sim.is_at_rest(&key));
    assert_eq!((sim.sent("RestoreTableFromBackup"), sim.sent_since(mark, "CreateTable")), (1, 0));
    assert_eq!(sim.the_tab(&key).tags["awsdb.dev/owner"], "test/DynamoTable/shop/users");
}

#[test]
fn the_same_backup_by_its_arn_has_nobody_to_vouch_for_it() {
    let (mut sim, backup) = with_backup();
    let key = sim.apply(table("users").restored_from(&backup));
    sim.run(600);
    assert_eq!(sim.sent("RestoreTableFromBackup"), 0);
    assert_eq!(sim.reason(&key, "Stalled"), "NotAllowed", "{}", sim.report());
}
