//! What AWS or Kubernetes refuse: a clear sentence, no mutating call in vain, no loop.

use awsdb::kinds::rds::{Credentials, Generated};

use crate::sim::builder::{named, rds};
use crate::sim::faults::{At, Fault};
use crate::sim::kube::Key;
use crate::sim::{Sim, settled};

/// Fails unless the object is stalled for a reason, with all of these words in its message.
fn stalled(sim: &Sim, key: &Key, reason: &str, words: &[&str]) {
    assert_eq!(sim.reason(key, "Stalled"), reason, "{}", sim.report());
    let message = sim.message(key, "Stalled");
    for word in words {
        assert!(message.contains(word), "{word:?} is not in {message:?}");
    }
}

#[test]
fn a_class_that_does_not_exist_costs_one_call_an_hour_and_is_named() {
    let mut sim = Sim::quick();
    let key = sim.apply(rds().class("db.nonsense.large"));
    sim.run(3500);
    assert_eq!(sim.sent("CreateDBInstance"), 1);
    stalled(&sim, &key, "Rejected", &["CreateDBInstance", "InvalidParameterValue", "db.nonsense.large"]);
    let mark = sim.mark();
    sim.run(3 * 3600);
    assert_eq!(sim.sent_since(mark, "CreateDBInstance"), 3, "once an hour");
    sim.apply(rds());
    sim.settle();
    sim.must_open(&key);
}

#[test]
fn a_class_that_does_not_exist_stops_no_other_change() {
    let (mut sim, key) = settled(rds().at_once());
    sim.apply(rds().at_once().class("db.nonsense.large").backups(9).tag("a", "b"));
    sim.run(600);
    stalled(&sim, &key, "Rejected", &["dbInstanceClass: db.t4g.micro -> db.nonsense.large"]);
    let db = sim.the_db(&key);
    assert_eq!((db.shown.settings.backup_retention_period, db.shown.tags["a"].as_str()), (Some(9), "b"));
    assert!(sim.is_true(&key, "Ready"), "the database serves");
    assert_eq!(sim.sent("ModifyDBInstance"), 2);
}

#[test]
fn a_quota_is_waited_for_and_named() {
    let mut sim = Sim::quick();
    let words = "Requested instance count would exceed the quota.";
    sim.aws(|aws| aws.refuse("CreateDBInstance", "InstanceQuotaExceeded", words));
    let key = sim.apply(rds());
    sim.run(600);
    stalled(&sim, &key, "QuotaExceeded", &["InstanceQuotaExceeded", "raise the quota"]);
    assert_eq!(sim.sent("CreateDBInstance"), 1);
    sim.run(3600);
    assert!(sim.is_settled(&key));
}

#[test]
fn a_missing_right_is_named_and_tried_every_five_minutes() {
    let mut sim = Sim::quick();
    sim.aws(|aws| {
        aws.refuse_always("CreateDBInstance", "AccessDenied", "not authorized to perform rds:CreateDBInstance")
    });
    let key = sim.apply(rds());
    sim.run(1790);
    let sent = sim.sent("CreateDBInstance");
    assert!((4..=6).contains(&sent), "{sent} calls in half an hour");
    stalled(&sim, &key, "AccessDenied", &["rds:CreateDBInstance", "awsdb iam-policy"]);
    sim.aws(|aws| aws.refusals.clear());
    sim.run(600);
    assert!(sim.is_settled(&key));
}

#[test]
fn a_read_that_is_denied_is_named_without_a_call() {
    let mut sim = Sim::quick();
    sim.aws(|aws| aws.unreadable = Some(("AccessDenied", "not authorized to perform rds:DescribeDBInstances")));
    let key = sim.apply(rds());
    sim.run(1800);
    stalled(&sim, &key, "AccessDenied", &["rds:DescribeDBInstances"]);
    assert!(sim.aws_writes(0).is_empty());
    let (reads, writes) = (sim.aws_reads(0), sim.kube_writes());
    assert!(reads <= 8 && writes <= 2, "{reads} reads, {writes} writes in half an hour");
}

#[test]
fn no_condition_flips_at_the_first_failed_read() {
    let (mut sim, key) = settled(rds());
    let before = sim.status(&key);
    sim.fault(At::Next("DescribeDBInstances"), Fault::Throttled);
    sim.round();
    assert_eq!(sim.status(&key), before);
    sim.fault(At::Next("DescribeDBInstances"), Fault::Throttled);
    sim.fault(At::Next("DescribeDBInstances"), Fault::Throttled);
    sim.run(120);
    assert!(sim.is_true(&key, "Ready"), "a throttle says nothing about the database");
    assert!(sim.is_settled(&key));
}

#[test]
fn a_throttled_call_is_repeated_with_growing_pauses_and_costs_no_readiness() {
    let (mut sim, key) = settled(rds().backups(7));
    sim.fault(At::Each("ModifyDBInstance"), Fault::Throttled);
    sim.apply(rds().backups(9));
    let mark = sim.mark();
    sim.run(3600);
    let tries = sim.aws_writes(mark).len();
    assert!((6..=25).contains(&tries), "{tries} tries in an hour");
    assert!(sim.is_true(&key, "Ready"));
    assert_eq!(sim.reason(&key, "Stalled"), "", "{}", sim.report());
    assert_eq!(sim.reason(&key, "Synced"), "Retrying");
    sim.shared.lock().faults.clear();
    sim.run(900);
    assert!(sim.is_settled(&key), "{}", sim.report());
}

#[test]
fn a_storage_change_that_aws_is_still_optimising_is_waited_for_and_not_called_refused() {
    let (mut sim, key) = settled(rds());
    let words = "You can't currently modify the storage of this DB instance because the previous storage change is being optimized.";
    sim.aws(|aws| aws.refuse("ModifyDBInstance", "InvalidParameterCombination", words));
    sim.apply(rds().storage(40));
    sim.run(600);
    assert_eq!(sim.reason(&key, "Stalled"), "", "{}", sim.report());
    assert_eq!(sim.reason(&key, "Synced"), "Busy");
    assert_eq!(sim.sent("ModifyDBInstance"), 1, "not before the time is over");
    sim.run(1200);
    assert!(sim.is_settled(&key));
    assert_eq!(sim.the_db(&key).shown.settings.allocated_storage, Some(40));
}

#[test]
fn missing_capacity_is_named_and_tried_again() {
    let mut sim = Sim::quick();
    sim.aws(|aws| aws.refuse("CreateDBInstance", "InsufficientDBInstanceCapacity", "No capacity in us-east-1a."));
    let key = sim.apply(rds());
    sim.run(120);
    stalled(&sim, &key, "InsufficientCapacity", &["No capacity"]);
    sim.run(900);
    assert!(sim.is_settled(&key));
}

#[test]
fn credentials_of_another_account_create_nothing_and_believe_no_absence() {
    let (mut sim, key) = settled(rds().destroyed_on_delete());
    let mark = sim.mark();
    let there = sim.aws(|aws| {
        aws.account = "999999999999".into();
        std::mem::take(&mut aws.instances)
    });
    sim.run(1200);
    stalled(&sim, &key, "WrongAccount", &["999999999999", "123456789012"]);
    sim.delete(&key);
    sim.run(1200);
    assert!(!sim.is_gone(&key), "nothing is believed absent there");
    assert!(sim.aws_writes(mark).is_empty());
    sim.aws(|aws| {
        aws.account = "123456789012".into();
        aws.instances = there;
    });
    sim.until("it is gone", |sim| sim.is_gone(&key));
    assert_eq!(sim.aws(|aws| aws.deleted.len()), 1);
}

#[test]
fn the_account_of_a_create_that_was_never_answered_is_remembered() {
    let mut sim = Sim::quick();
    let key = sim.apply(rds());
    sim.fault(At::Next("CreateDBInstance"), Fault::CrashAfter);
    sim.until("the operator died after the create", |sim| sim.sent("CreateDBInstance") == 1);
    sim.aws(|aws| {
        aws.account = "999999999999".into();
        aws.instances.clear();
    });
    sim.run(600);
    assert_eq!(sim.sent("CreateDBInstance"), 1, "not a second one over there");
    assert_eq!(sim.reason(&key, "Stalled"), "WrongAccount");
}

#[test]
fn a_secret_of_somebody_else_is_neither_read_nor_overwritten() {
    for name in ["orders-credentials", "orders-connection"] {
        let mut sim = Sim::quick();
        sim.user_secret("shop", name, "somebody-elses-secret");
        let before = sim.kube(|kube| kube.secrets.clone());
        let key = sim.apply(rds());
        sim.run(600);
        stalled(&sim, &key, "SecretConflict", &[name]);
        assert!(sim.aws_writes(0).is_empty());
        assert_eq!(sim.kube(|kube| kube.secrets.clone()), before);
        sim.kube(|kube| kube.secrets.clear());
        sim.run(300);
        assert!(sim.is_settled(&key));
    }
}

#[test]
fn two_objects_that_name_one_connection_secret_do_not_share_it() {
    let shared = |name: &str| named(name).with(|spec| spec.shared.connection_secret.name = Some("db".into()));
    let (mut sim, first) = settled(shared("a"));
    let second = sim.apply(shared("b"));
    sim.run(600);
    stalled(&sim, &second, "SecretConflict", &["db"]);
    assert_eq!(sim.aws(|aws| aws.made.clone()), ["shop-a"]);
    sim.must_open(&first);
}

#[test]
fn a_missing_secret_or_key_is_waited_for_and_named() {
    let mut sim = Sim::quick();
    let key = sim.apply(rds().password_from("mine"));
    sim.run(300);
    stalled(&sim, &key, "InvalidCredentials", &["Secret mine does not exist", "key password"]);
    sim.kube(|kube| {
        let secret = awsdb::controller::cluster::SecretContent { name: "mine".into(), ..Default::default() };
        kube.write_secret("shop", &secret).unwrap();
    });
    sim.run(120);
    stalled(&sim, &key, "InvalidCredentials", &["Secret mine has no key password"]);
    assert!(sim.aws_writes(0).is_empty());
    sim.user_secret("shop", "mine", "users-own-password");
    sim.settle();
    sim.must_open(&key);
}

#[test]
fn a_password_that_the_engine_does_not_take_is_named_without_showing_it() {
    for bad in ["short", "with/a-slash-in-it", "with a space in it", "with@an-at-sign"] {
        let mut sim = Sim::quick();
        sim.user_secret("shop", "mine", bad);
        let key = sim.apply(rds().password_from("mine"));
        sim.run(300);
        stalled(&sim, &key, "InvalidCredentials", &["spec.credentials.secretRef", "postgres"]);
        assert!(sim.aws_writes(0).is_empty());
        let told = format!("{:?}{:?}", sim.status(&key), sim.events());
        assert!(!told.contains(bad), "{bad}");
    }
}

#[test]
fn a_bad_password_in_a_changed_secret_leaves_the_good_one_in_force() {
    let mut sim = Sim::quick();
    sim.user_secret("shop", "mine", "users-own-password");
    let key = sim.apply(rds().password_from("mine"));
    sim.settle();
    sim.user_secret("shop", "mine", "no/slashes/please");
    sim.run(300);
    stalled(&sim, &key, "InvalidCredentials", &[]);
    assert_eq!(sim.sent("ModifyDBInstance"), 0);
    sim.must_open(&key);
    assert!(sim.is_true(&key, "Ready"));
}

#[test]
fn a_referenced_secret_that_vanishes_takes_nothing_away() {
    let mut sim = Sim::quick();
    sim.user_secret("shop", "mine", "users-own-password");
    let key = sim.apply(rds().password_from("mine"));
    sim.settle();
    sim.kube(|kube| kube.secrets.remove(&("shop".into(), "mine".into())));
    sim.run(300);
    stalled(&sim, &key, "InvalidCredentials", &["does not exist"]);
    assert!(sim.is_true(&key, "Ready"));
    sim.must_open(&key);
}

#[test]
fn a_template_with_an_unknown_key_is_named_and_the_database_is_made_all_the_same() {
    let manifest = rds().with(|spec| {
        spec.shared.connection_secret.templates.insert("DSN".into(), "{host} {pasword}".into());
    });
    let mut sim = Sim::quick();
    let key = sim.apply(manifest);
    sim.run(300);
    assert_eq!(sim.reason(&key, "Ready"), "InvalidTemplate");
    assert!(sim.message(&key, "Ready").contains("{pasword}"));
    assert!(sim.secret("shop", "orders-connection").is_none());
    assert_eq!(sim.sent("CreateDBInstance"), 1);
}

#[test]
fn a_part_that_may_not_be_read_is_never_taken_for_absent() {
    let manifest =
        rds().parameter("work_mem", "8").subnets(&["subnet-aaaaaaaa", "subnet-bbbbbbbb"]).destroyed_on_delete();
    for part in ["instance", "parameterGroups", "subnetGroup"] {
        let mut sim = Sim::quick();
        sim.aws(|aws| aws.unread.insert(part, "AccessDenied".into()));
        let key = sim.apply(manifest.clone());
        sim.run(300);
        assert_eq!(sim.sent("CreateDBInstance"), 0, "{part}");
        sim.aws(|aws| aws.unread.clear());
        sim.settle();
        let mark = sim.mark();
        sim.aws(|aws| aws.unread.insert(part, "AccessDenied".into()));
        sim.run(300);
        assert!(sim.aws_writes(mark).is_empty(), "{part}: {:?}", sim.aws_writes(mark));
        assert!(!sim.is_true(&key, "Synced"), "{part}: nobody knows");
        sim.delete(&key);
        sim.run(600);
        assert!(!sim.is_gone(&key), "{part}: it may still be there");
        sim.aws(|aws| aws.unread.clear());
        sim.until("it is gone", |sim| sim.is_gone(&key));
        assert!(sim.aws(|aws| aws.parameter_groups.is_empty() && aws.subnet_groups.is_empty()), "{part}");
    }
}

#[test]
fn snapshots_that_may_not_be_read_hold_the_deletion() {
    let (mut sim, key) = settled(rds().snapshot_on_delete());
    sim.aws(|aws| aws.unread.insert("snapshots", "AccessDenied".into()));
    sim.delete(&key);
    sim.run(600);
    assert!(sim.aws(|aws| aws.deleted.is_empty()));
    sim.aws(|aws| aws.unread.clear());
    sim.until("it is gone", |sim| sim.is_gone(&key));
    assert_eq!(sim.aws(|aws| aws.snapshots.len()), 1);
}

#[test]
fn a_change_that_aws_cannot_make_is_named_with_both_values() {
    let (mut sim, key) = settled(rds());
    sim.with_db("shop-orders", |db| db.shown.settings.db_name = Some("other".into()));
    sim.apply(rds().with(|spec| spec.settings.db_name = Some("prod".into())).backups(9));
    sim.run(300);
    stalled(&sim, &key, "InvalidSpec", &["spec.dbName", "other in AWS", "prod in the spec"]);
    assert_eq!(sim.the_db(&key).shown.settings.backup_retention_period, Some(9), "the rest goes on");
}

#[test]
fn a_major_upgrade_without_the_users_word_is_named_and_not_sent() {
    let (mut sim, key) = settled(rds());
    sim.apply(rds().with(|spec| spec.settings.engine_version = Some("17".into())));
    sim.run(600);
    stalled(&sim, &key, "InvalidSpec", &["16.4 -> 17", "allowMajorVersionUpgrade"]);
    assert!(sim.aws_writes(0).iter().all(|call| *call == "CreateDBInstance"));
}

#[test]
fn a_group_of_somebody_else_is_not_touched() {
    let mut sim = Sim::quick();
    sim.aws(|aws| {
        let group = awsdb::aws::rds::ParameterGroup { family: "postgres16".into(), ..Default::default() };
        aws.parameter_groups.insert("shop-orders-postgres16".into(), group);
    });
    let key = sim.apply(rds().parameter("work_mem", "8").destroyed_on_delete());
    sim.run(300);
    stalled(&sim, &key, "Conflict", &["shop-orders-postgres16"]);
    sim.delete(&key);
    sim.run(300);
    assert!(sim.is_gone(&key) && sim.aws_writes(0).is_empty());
}

#[test]
fn crashes_right_before_a_call_are_not_counted_as_calls_without_effect() {
    let mut sim = Sim::quick();
    let key = sim.apply(rds());
    for _ in 0..5 {
        sim.fault(At::Next("CreateDBInstance"), Fault::CrashBefore);
    }
    sim.run(600);
    assert_eq!(sim.reason(&key, "Stalled"), "", "{}", sim.report());
    assert!(sim.is_settled(&key));
}

#[test]
fn a_throttle_before_each_restart_is_not_counted_as_a_call_without_effect() {
    let mut sim = Sim::quick();
    let key = sim.apply(rds());
    for _ in 0..5 {
        sim.fault(At::Next("CreateDBInstance"), Fault::Throttled);
        sim.until("the call was tried", |sim| sim.shared.lock().faults.is_empty());
        sim.restart();
    }
    sim.run(600);
    assert!(sim.is_settled(&key), "{}", sim.report());
}

#[test]
fn a_refused_status_write_ends_the_round_and_is_tried_again_without_a_hurry() {
    let mut sim = Sim::quick();
    sim.apply(rds());
    sim.fault(At::Each("write_status"), Fault::RequestLost);
    sim.run(600);
    assert!(sim.aws_writes(0).is_empty());
    assert!(sim.events().is_empty());
}

#[test]
fn a_length_that_is_asked_for_is_drawn() {
    let credentials = Credentials { generated: Some(Generated { length: Some(16) }), ..Credentials::default() };
    let (sim, key) = settled(rds().credentials(credentials));
    assert_eq!(sim.the_db(&key).password.len(), 16);
}
