//! The six rules of architecture.md section 7, which a model of one object's life showed to be necessary: for each, the
//! situation that it prevents. Rule 6 (no AWS write after the lease deadline) comes with leader election.

use awsdb::aws::owner::default_identifier;

use crate::sim::Sim;
use crate::sim::aws::Timing;
use crate::sim::builder::{named, rds};
use crate::sim::faults::{At, Fault, Seam};
use std::time::Duration;

#[test]
fn rule_1_after_losing_status_the_same_name_is_found_again_since_it_is_never_drawn() {
    let mut sim = Sim::quick();
    let key = sim.apply(rds());
    sim.fault(At::Next("CreateDBInstance"), Fault::CrashAfter);
    sim.until("the operator died after the create", |sim| sim.sent("CreateDBInstance") == 1);
    sim.kube(|kube| kube.edit(&key, |object| object.status = None));
    sim.settle();
    assert_eq!(sim.aws(|aws| aws.made.clone()), ["shop-orders"]);
    sim.must_open(&key);
}

#[test]
fn rule_1_two_objects_never_meet_in_one_name() {
    let names = [("a-b", "c"), ("a", "b-c"), ("a--b", "c"), ("A-b", "c"), ("1a", "b"), ("db-1a", "b")];
    let all: std::collections::BTreeSet<String> =
        names.iter().map(|(namespace, name)| default_identifier("RdsInstance", namespace, name, 63)).collect();
    // `a-b`/`c` and `a`/`b-c` do meet: the owner tag tells them apart, as the next test shows.
    assert_eq!(all.len(), names.len() - 1, "{all:?}");
}

#[test]
fn rule_1_objects_whose_names_do_meet_are_told_apart_by_their_owner() {
    let mut sim = Sim::quick();
    let first = sim.apply(named("c").namespace("a-b"));
    sim.settle();
    let second = sim.apply(named("b-c").namespace("a").destroyed_on_delete());
    let mark = sim.mark();
    sim.run(300);
    assert_eq!(sim.reason(&second, "Stalled"), "Conflict");
    assert!(sim.message(&second, "Stalled").contains("spec.identifier"), "it says the way out");
    sim.delete(&second);
    sim.run(300);
    assert!(sim.is_gone(&second));
    assert!(sim.aws_writes(mark).is_empty(), "nothing of the first object's was touched");
    sim.must_open(&first);
}

#[test]
fn rule_2_a_database_whose_create_was_never_answered_is_recognised_by_the_owner_in_the_call() {
    let mut sim = Sim::quick();
    let key = sim.apply(rds());
    sim.fault(At::Next("CreateDBInstance"), Fault::CrashAfter);
    sim.settle();
    assert_eq!(sim.aws_writes(0), ["CreateDBInstance"], "no adoption, no tagging, no second create");
    sim.must_open(&key);
}

#[test]
fn rule_2_the_owner_is_on_everything_from_its_first_moment() {
    let mut sim = Sim::quick();
    sim.apply(rds().parameter("work_mem", "8").subnets(&["subnet-aaaaaaaa", "subnet-bbbbbbbb"]));
    sim.settle();
    sim.aws(|aws| {
        let instances = aws.instances.values().map(|db| &db.shown.tags);
        let groups = aws.parameter_groups.values().map(|group| &group.tags);
        let subnets = aws.subnet_groups.values().map(|group| &group.tags);
        for tags in instances.chain(groups).chain(subnets) {
            assert_eq!(tags["awsdb.dev/owner"], "test/RdsInstance/shop/orders");
            assert_eq!(tags["awsdb.dev/cluster"], "cluster-1");
        }
    });
    assert_eq!(sim.sent("AddTagsToResource"), 0);
}

#[test]
fn rule_3_the_password_is_stored_before_the_create_that_carries_it() {
    let mut sim = Sim::quick();
    let key = sim.apply(rds());
    // Whatever comes after the create is lost, memory included.
    sim.fault(At::Next("CreateDBInstance"), Fault::CrashAfter);
    sim.until("the operator died after the create", |sim| sim.sent("CreateDBInstance") == 1);
    let stored = sim.secret("shop", "orders-credentials").expect("stored before the call");
    assert_eq!(stored["password"].expose(), sim.the_db(&key).password);
}

#[test]
fn rule_3_no_create_is_sent_when_the_password_cannot_be_stored() {
    let mut sim = Sim::quick();
    sim.apply(rds());
    sim.fault(At::Each("write_secret"), Fault::RequestLost);
    sim.run(600);
    assert_eq!(sim.aws_writes(0), Vec::<&str>::new());
}

#[test]
fn rule_3_no_new_password_is_set_when_it_cannot_be_stored() {
    let mut sim = Sim::quick();
    let key = sim.apply(rds());
    sim.settle();
    sim.fault(At::Each("write_secret"), Fault::RequestLost);
    sim.annotate(&key, awsdb::spec::annotation::ROTATE, "1");
    sim.run(600);
    assert_eq!(sim.sent("ModifyDBInstance"), 0);
    sim.must_open(&key);
}

/// A cloud that lists a new instance only after so long.
fn listing_after(seconds: i64) -> Sim {
    let timing = Timing { listed: seconds, ..Timing::quick() };
    Sim::with(timing, Default::default())
}

#[test]
fn rule_4_a_database_that_aws_does_not_list_yet_is_not_taken_for_gone() {
    for seconds in [5, 30, 55, 90, 115] {
        let mut sim = listing_after(seconds);
        let key = sim.apply(rds().destroyed_on_delete());
        sim.until("the create is sent", |sim| sim.sent("CreateDBInstance") == 1);
        sim.delete(&key);
        sim.until("it is gone", |sim| sim.is_gone(&key));
        assert!(sim.aws(|aws| aws.instances.is_empty()), "listed after {seconds} s: the database was left behind");
    }
}

#[test]
fn rule_4_a_single_not_found_proves_nothing_on_delete() {
    let mut sim = Sim::quick();
    let key = sim.apply(rds().destroyed_on_delete());
    sim.settle();
    sim.delete(&key);
    // One answer says that it is not there; then it is there again.
    let db = sim.aws(|aws| aws.instances.remove("shop-orders").unwrap());
    sim.round();
    assert!(!sim.is_gone(&key));
    assert_eq!(sim.reason(&key, "Synced"), "ProvingAbsence");
    sim.aws(|aws| aws.instances.insert("shop-orders".into(), db));
    sim.until("it is gone", |sim| sim.is_gone(&key));
    assert_eq!(sim.aws(|aws| aws.deleted.len()), 1, "the database was deleted, not forgotten");
}

#[test]
fn rule_4_the_quiet_period_begins_anew_when_the_database_shows_up_in_between() {
    let mut sim = Sim::quick();
    let key = sim.apply(rds());
    sim.settle();
    let db = sim.aws(|aws| aws.instances.remove("shop-orders").unwrap());
    sim.run(80);
    assert_eq!(sim.reason(&key, "Synced"), "ProvingAbsence", "{}", sim.report());
    sim.aws(|aws| aws.instances.insert("shop-orders".into(), db.clone()));
    sim.run(200);
    assert!(sim.is_settled(&key));
    sim.aws(|aws| aws.instances.remove("shop-orders"));
    sim.run(55);
    assert_eq!(sim.reason(&key, "Synced"), "ProvingAbsence", "{}", sim.report());
    sim.run(150);
    assert_eq!(sim.reason(&key, "Stalled"), "ExternallyDeleted");
}

#[test]
fn rule_5_an_object_stays_until_the_absence_of_its_database_is_proven() {
    let mut sim = Sim::new();
    let key = sim.apply(rds().destroyed_on_delete());
    sim.settle();
    sim.delete(&key);
    let mut gone_at = None;
    while !sim.is_gone(&key) {
        sim.round();
        if sim.aws(|aws| aws.instances.is_empty()) {
            gone_at.get_or_insert(sim.now());
        }
    }
    let quiet = sim.now().duration_since(gone_at.expect("the database went first"));
    assert!(quiet.as_secs() >= 60 - 10, "only {quiet:?} passed between the absence and the release");
}

#[test]
fn rule_5_a_late_delete_never_meets_a_database_of_a_newer_object() {
    let mut sim = Sim::quick();
    let key = sim.apply(rds().destroyed_on_delete());
    sim.settle();
    sim.delete(&key);
    // The answer is lost, and AWS gets to the call only half a minute later.
    sim.fault(At::Next("DeleteDBInstance"), Fault::Late(Duration::from_secs(30)));
    sim.until("it is gone", |sim| sim.is_gone(&key));
    sim.apply(rds().destroyed_on_delete());
    sim.settle();
    sim.run(300);
    sim.must_open(&key);
    assert_eq!(sim.aws(|aws| (aws.made.len(), aws.deleted.len())), (2, 1));
}

#[test]
fn rule_5_the_finalizer_is_on_before_anything_is_made() {
    let mut sim = Sim::quick();
    sim.apply(rds().snapshot_on_delete());
    sim.until("the create is sent", |sim| sim.sent("CreateDBInstance") == 1);
    let calls = sim.calls(0);
    let place = |operation: &str| calls.iter().position(|call| call.operation == operation).unwrap();
    assert!(place("set_finalizers") < place("CreateDBInstance"));
}

#[test]
fn rule_5_nothing_is_made_when_the_finalizer_cannot_be_written() {
    let mut sim = Sim::quick();
    sim.apply(rds().destroyed_on_delete());
    sim.fault(At::Each("set_finalizers"), Fault::RequestLost);
    sim.run(600);
    assert!(sim.aws_writes(0).is_empty());
}

#[test]
fn every_aws_write_follows_a_status_write_that_notes_it_and_none_follows_a_refused_one() {
    let mut sim = Sim::quick();
    let key = sim.apply(rds().at_once().snapshot_on_delete());
    sim.settle();
    sim.apply(rds().at_once().class("db.t4g.small").tag("a", "b").snapshot_on_delete());
    sim.annotate(&key, awsdb::spec::annotation::ROTATE, "1");
    sim.run(900);
    sim.delete(&key);
    sim.until("it is gone", |sim| sim.is_gone(&key));
    let mut noted = false;
    for call in sim.calls(0) {
        match (call.seam, call.operation) {
            (Seam::Kubernetes, "write_status") => noted = true,
            // The reads with which every round begins.
            (Seam::Kubernetes, "secret") => noted = false,
            (Seam::Aws, operation) if call.writes => assert!(noted, "{operation} was not noted in its round"),
            _ => {}
        }
    }
    let mut refused = Sim::quick();
    refused.apply(rds());
    refused.fault(At::Each("write_status"), Fault::RequestLost);
    refused.run(600);
    assert!(refused.aws_writes(0).is_empty());
}
