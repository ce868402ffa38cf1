//! What went wrong elsewhere (reliability.md, part 1), one test for each row that touches RDS. B12 (the account) has further
//! tests in `refusals`, B16 (an object that does not decode) belongs to the watch, B17 and B18 to the queue.

use awsdb::aws::owner::OWNER_TAG;
use awsdb::spec::annotation;

use crate::sim::aws::Timing;
use crate::sim::builder::{named, rds};
use crate::sim::faults::{At, Fault};
use crate::sim::kube::Key;
use crate::sim::{Ended, Sim, settled};

#[test]
fn b01_a_crash_between_the_create_and_any_note_of_it_makes_no_second_database() {
    for fault in [Fault::CrashBefore, Fault::CrashAfter, Fault::RequestLost, Fault::ReplyLost] {
        let mut sim = Sim::quick();
        let key = sim.apply(rds());
        sim.fault(At::Next("CreateDBInstance"), fault);
        sim.settle();
        assert_eq!(sim.aws(|aws| aws.made.len()), 1, "{fault:?}");
        sim.must_open(&key);
    }
}

#[test]
fn b02_a_conflict_at_any_status_write_loses_nothing_and_sends_nothing_twice() {
    for number in 0..6 {
        let mut sim = Sim::quick();
        let key = sim.apply(rds());
        // Somebody labels the object between our read and our n-th status write.
        let written = |sim: &Sim| sim.calls(0).iter().filter(|call| call.operation == "write_status").count();
        while written(&sim) < number && !sim.is_settled(&key) {
            sim.round();
        }
        let stale = sim.object(&key).unwrap();
        sim.edit(&key, |object| {
            object.metadata.labels.get_or_insert_default().insert("touched".into(), number.to_string());
        });
        sim.reconcile(&key, stale);
        sim.settle();
        assert_eq!(sim.aws(|aws| aws.made.len()), 1);
        assert_eq!(sim.sent("CreateDBInstance"), 1);
        sim.must_open(&key);
    }
}

#[test]
fn b02_two_rounds_of_one_object_at_once_send_one_call() {
    let mut sim = Sim::quick();
    let key = sim.apply(rds());
    let object = sim.object(&key).unwrap();
    sim.round();
    // Another process, with nothing in memory, still has the object as it was.
    sim.restart();
    sim.reconcile(&key, object);
    assert_eq!(sim.sent("CreateDBInstance"), 1, "the status write of the second was refused, so it sent nothing");
    sim.settle();
}

#[test]
fn b03_a_restart_at_any_moment_recognises_what_is_its_own() {
    for rounds in 0..12 {
        let mut sim = Sim::quick();
        let key = sim.apply(rds());
        (0..rounds).for_each(|_| drop(sim.round()));
        sim.restart();
        sim.settle();
        assert_eq!(sim.reason(&key, "Stalled"), "");
        // A process that lost its memory before AWS lists the new one may ask again, and is refused.
        assert_eq!(sim.aws(|aws| aws.made.len()), 1, "after {rounds} rounds");
        assert!(sim.sent("CreateDBInstance") <= 2);
    }
}

#[test]
fn b04_a_database_that_it_never_made_is_not_deleted() {
    let (mut sim, first) = settled(named("first").identifier("prod").destroyed_on_delete());
    let second = sim.apply(named("second").identifier("prod").destroyed_on_delete());
    sim.run(300);
    let mark = sim.mark();
    sim.delete(&second);
    sim.run(600);
    assert!(sim.is_gone(&second));
    assert!(sim.aws_writes(mark).is_empty());
    let db = sim.aws(|aws| aws.instances["prod"].clone());
    assert_eq!(db.shown.tags[OWNER_TAG], "test/RdsInstance/shop/first");
    let _ = first;
}

#[test]
fn b05_a_field_that_the_schema_no_longer_has_is_not_managed() {
    let full = rds().backups(9).tag("team", "a").parameter("work_mem", "8").at_once().with(|spec| {
        spec.settings.multi_az = Some(true);
        spec.settings.vpc_security_group_ids = Some(["sg-1".to_string()].into());
        spec.settings.enable_cloudwatch_logs_exports = Some(["postgresql".to_string()].into());
        spec.associated_roles = Some(Vec::new());
    });
    let (mut sim, key) = settled(full);
    sim.with_db("shop-orders", |db| {
        db.shown.roles.insert("s3Import".into(), ("arn:aws:iam::1:role/own".into(), "ACTIVE".into()));
    });
    let before = sim.the_db(&key).shown;
    let mark = sim.mark();
    // An older or newer version that knows none of these fields: they are simply gone from the spec.
    sim.apply(rds().at_once());
    sim.run(1200);
    assert!(sim.aws_writes(mark).is_empty(), "{:?}", sim.events());
    assert_eq!(sim.the_db(&key).shown, before);
}

#[test]
fn b06_the_object_is_there_as_long_as_its_database_whatever_fails_meanwhile() {
    for operation in ["DescribeDBInstances", "write_status", "delete_secret", "set_finalizers", "secret"] {
        let (mut sim, key) = settled(rds().destroyed_on_delete());
        sim.delete(&key);
        sim.fault(At::Each(operation), Fault::RequestLost);
        sim.run(1800);
        assert!(!sim.is_gone(&key), "{operation}");
        sim.restart();
        sim.shared.lock().faults.clear();
        sim.until("it is gone", |sim| sim.is_gone(&key));
        assert!(sim.aws(|aws| aws.instances.is_empty()), "{operation}: an orphan");
    }
}

#[test]
fn b07_a_stale_sweep_that_misses_the_database_makes_no_second_one() {
    let mut sim = Sim::quick();
    let empty = sim.aws(|aws| {
        let id =
            awsdb::aws::rds::Id { region: "us-east-1".into(), identifier: "shop-orders".into(), ..Default::default() };
        aws.fresh(&id)
    });
    let key = sim.apply(rds());
    sim.settle();
    let mark = sim.mark();
    sim.aws(|aws| aws.stale = Some(empty));
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty());
    assert!(sim.is_settled(&key), "{}", sim.report());
    sim.restart();
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty());
}

#[test]
fn b07_a_stale_sweep_that_still_shows_an_old_value_changes_nothing() {
    let (mut sim, key) = settled(rds().backups(7));
    let old = sim.aws(|aws| {
        let id =
            awsdb::aws::rds::Id { region: "us-east-1".into(), identifier: "shop-orders".into(), ..Default::default() };
        aws.fresh(&id)
    });
    sim.apply(rds().backups(9));
    sim.settle();
    let mark = sim.mark();
    sim.aws(|aws| aws.stale = Some(old));
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty(), "a difference is only believed from a direct look");
    let _ = key;
}

#[test]
fn b07_an_older_object_from_the_cache_does_not_undo_a_newer_one() {
    let (mut sim, key) = settled(rds().backups(7));
    let old = sim.object(&key).unwrap();
    sim.apply(rds().backups(9));
    sim.settle();
    let mark = sim.mark();
    for _ in 0..3 {
        let ended = sim.reconcile(&key, old.clone());
        assert!(matches!(ended, Ended::Round(_)), "it is read again before anything is refused: {ended:?}");
    }
    assert!(sim.aws_writes(mark).is_empty());
    sim.restart();
    let old_to_a_new_process = sim.reconcile(&key, old);
    assert!(sim.aws_writes(mark).is_empty(), "{old_to_a_new_process:?}");
    assert_eq!(sim.the_db(&key).shown.settings.backup_retention_period, Some(9));
}

#[test]
fn b07_an_object_whose_deletion_the_cache_has_not_seen_is_not_acted_upon() {
    let (mut sim, key) = settled(rds());
    let old = sim.object(&key).unwrap();
    sim.delete(&key);
    sim.aws(|aws| aws.delete_behind_our_back("shop-orders"));
    let mark = sim.mark();
    for restarted in [false, true] {
        if restarted {
            sim.restart();
        }
        for _ in 0..10 {
            sim.reconcile(&key, old.clone());
            sim.run(30);
        }
    }
    assert!(sim.aws_writes(mark).is_empty());
}

#[test]
fn b07_an_object_of_an_earlier_uid_is_not_acted_upon() {
    let (mut sim, key) = settled(rds().destroyed_on_delete().backups(7));
    let mut old = sim.object(&key).unwrap();
    sim.delete(&key);
    sim.until("it is gone", |sim| sim.is_gone(&key));
    sim.apply(rds().destroyed_on_delete().backups(9));
    sim.settle();
    old.metadata.deletion_timestamp = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(sim.now()));
    let mark = sim.mark();
    for restarted in [false, true] {
        if restarted {
            sim.restart();
        }
        for _ in 0..10 {
            sim.reconcile(&key, old.clone());
        }
    }
    assert!(sim.aws_writes(mark).is_empty(), "{}", sim.report());
    sim.must_open(&key);
}

#[test]
fn b08_secret_and_database_agree_after_a_restore() {
    let (mut sim, source) = settled(named("old"));
    let now = sim.now();
    sim.aws(|aws| aws.take_snapshot("shop-old", "monday", now));
    let key = sim.apply(rds().made_of_snapshot("monday"));
    for _ in 0..60 {
        sim.round();
        assert!(!sim.is_true(&key, "Ready") || sim.opens(&key).is_ok(), "{}", sim.report());
    }
    sim.must_open(&key);
    sim.must_open(&source);
}

#[test]
fn b08_a_deleted_connection_secret_is_written_again_with_the_same_password() {
    let (mut sim, key) = settled(rds());
    sim.kube(|kube| kube.secrets.remove(&("shop".into(), "orders-connection".into())));
    sim.run(120);
    sim.must_open(&key);
    assert_eq!(sim.aws_writes(0), ["CreateDBInstance"]);
}

#[test]
fn b08_a_connection_secret_that_somebody_edited_is_put_right() {
    let (mut sim, key) = settled(rds());
    let name = ("shop".to_string(), "orders-connection".to_string());
    sim.kube(|kube| {
        let mut secret = kube.secrets[&name].clone();
        secret.data.insert("password".into(), awsdb::aws::Password::new("edited-by-hand"));
        kube.write_secret("shop", &secret).unwrap();
    });
    sim.run(120);
    sim.must_open(&key);
    assert_eq!(sim.aws_writes(0), ["CreateDBInstance"]);
}

#[test]
fn b08_a_password_that_was_rotated_is_not_undone_by_a_restart() {
    let (mut sim, key) = settled(rds());
    sim.annotate(&key, annotation::ROTATE, "1");
    sim.until("it is being changed", |sim| sim.sent("ModifyDBInstance") == 1);
    sim.until("the change is finished", |sim| {
        !sim.secret("shop", "orders-credentials").unwrap().contains_key("password-next")
    });
    let rotated = sim.the_db(&key).password;
    (0..3).for_each(|_| {
        sim.restart();
        sim.run(600);
    });
    assert_eq!(sim.the_db(&key).password, rotated);
    assert_eq!(sim.sent("ModifyDBInstance"), 1);
    sim.must_open(&key);
}

#[test]
fn b09_a_password_is_sent_once_and_not_at_every_round() {
    for manifest in [rds(), rds().password_from("mine"), rds().aws_managed()] {
        let mut sim = Sim::quick();
        sim.user_secret("shop", "mine", "users-own-password");
        sim.apply(manifest);
        sim.settle();
        sim.run(6 * 3600);
        (0..3).for_each(|_| {
            sim.restart();
            sim.run(600);
        });
        assert_eq!(sim.sent("ModifyDBInstance"), 0);
    }
}

#[test]
fn b10_values_that_aws_chose_are_never_changed_back() {
    let (mut sim, key) = settled(rds().at_once());
    let mark = sim.mark();
    sim.with_db("shop-orders", |db| {
        let settings = &mut db.shown.settings;
        settings.engine_version = Some("16.9".into());
        settings.availability_zone = Some("us-east-1c".into());
        settings.ca_certificate_identifier = Some("rds-ca-2061".into());
        settings.iops = Some(12000);
        settings.preferred_maintenance_window = Some("mon:01:00-mon:01:30".into());
        settings.allocated_storage = Some(31);
        settings.license_model = None;
        db.shown.tags.insert("aws:cloudformation:stack".into(), "x".into());
        db.shown.option_groups.insert("default:postgres-16".into(), "in-sync".into());
    });
    sim.run(3600);
    assert!(sim.aws_writes(mark).is_empty(), "{:?}", sim.events());
    assert!(sim.is_settled(&key));
}

#[test]
fn b10_the_same_value_in_other_words_is_not_sent() {
    let manifest = rds().at_once().with(|spec| {
        let settings = &mut spec.settings;
        settings.engine_version = Some("16.4".into());
        settings.preferred_maintenance_window = Some("Sun:04:00-Sun:05:00".to_ascii_lowercase());
        settings.kms_key_id = Some("alias/db".into());
        settings.storage_type = Some("gp3".into());
        settings.max_allocated_storage = Some(20);
    });
    let (mut sim, key) = settled(manifest);
    sim.with_db("shop-orders", |db| db.shown.settings.kms_key_id = Some("arn:aws:kms:us-east-1:1:key/k".into()));
    let mark = sim.mark();
    sim.run(1800);
    assert!(sim.aws_writes(mark).is_empty(), "{:?}", sim.events());
    assert!(sim.is_settled(&key));
}

#[test]
fn b11_throttling_with_restarts_never_sends_more_than_one_change() {
    let (mut sim, key) = settled(rds().backups(7).at_once());
    sim.apply(rds().backups(9).class("db.t4g.small").at_once());
    for _ in 0..6 {
        sim.fault(At::Next("DescribeDBInstances"), Fault::Throttled);
        sim.fault(At::Next("ModifyDBInstance"), Fault::Throttled);
        sim.run(20);
        sim.restart();
    }
    sim.shared.lock().faults.clear();
    sim.run(1200);
    assert!(sim.is_settled(&key), "{}", sim.report());
    let settings = sim.the_db(&key).shown.settings;
    assert_eq!(
        (settings.backup_retention_period, settings.db_instance_class.as_deref()),
        (Some(9), Some("db.t4g.small"))
    );
}

#[test]
fn b12_a_process_with_the_wrong_credentials_makes_nothing() {
    let (mut sim, key) = settled(rds());
    sim.aws(|aws| {
        aws.account = "999999999999".into();
        aws.instances.clear();
    });
    sim.restart();
    let mark = sim.mark();
    sim.run(1200);
    assert!(sim.aws_writes(mark).is_empty());
    assert_eq!(sim.reason(&key, "Stalled"), "WrongAccount");
}

#[test]
fn b13_two_adoptions_of_one_database_have_one_winner() {
    let (mut sim, standing) = settled(named("standing"));
    sim.with_db("shop-standing", |db| {
        db.shown.tags.clear();
        db.shown.tags.insert("awsdb.dev/allow".into(), "test/*".into());
    });
    sim.kube(|kube| kube.delete(&standing, jiff::Timestamp::UNIX_EPOCH));
    let password = sim.aws(|aws| aws.instances["shop-standing"].password.clone());
    for namespace in ["one", "two"] {
        sim.user_secret(namespace, "mine", &password);
    }
    let claim = |namespace: &str| {
        named("db")
            .namespace(namespace)
            .identifier("shop-standing")
            .adopting()
            .password_from("mine")
            .destroyed_on_delete()
    };
    let (one, two) = (sim.apply(claim("one")), sim.apply(claim("two")));
    sim.run(900);
    assert_eq!(sim.sent("AddTagsToResource"), 1, "{:?}", sim.events());
    assert!(sim.is_settled(&one));
    assert_eq!(sim.reason(&two, "Stalled"), "Conflict");
    sim.delete(&two);
    sim.run(300);
    assert!(sim.aws(|aws| aws.instances.contains_key("shop-standing")), "the loser deletes nothing");
}

#[test]
fn b14_a_deleted_namespace_or_crd_takes_no_database_along_under_the_default_policy() {
    let mut sim = Sim::quick();
    let keys: Vec<Key> = ["a", "b", "c", "d"].map(|name| sim.apply(named(name))).to_vec();
    sim.settle();
    let mark = sim.mark();
    sim.kube(|kube| kube.crd_is_being_deleted = true);
    keys.iter().for_each(|key| sim.delete(key));
    assert!(keys.iter().all(|key| sim.is_gone(key)), "and nothing hangs");
    sim.run(600);
    assert!(sim.calls(mark).is_empty());
    assert_eq!(sim.aws(|aws| aws.instances.len()), 4);
}

#[test]
fn b15_a_name_that_would_be_computed_differently_today_is_still_the_one_that_was_used() {
    let (mut sim, key) = settled(rds().destroyed_on_delete());
    // As if an earlier version had named it otherwise.
    sim.aws(|aws| {
        let mut db = aws.instances.remove("shop-orders").unwrap();
        db.shown.arn = db.shown.arn.replace("shop-orders", "orders-of-v0");
        aws.instances.insert("orders-of-v0".into(), db);
    });
    sim.kube(|kube| {
        kube.edit(&key, |object| {
            let status = &mut object.status.as_mut().unwrap().shared;
            status.identifier = Some("orders-of-v0".into());
        });
    });
    sim.restart();
    sim.run(600);
    assert_eq!(sim.aws_writes(0), ["CreateDBInstance"], "no second database");
    sim.delete(&key);
    sim.until("it is gone", |sim| sim.is_gone(&key));
    assert_eq!(sim.aws(|aws| aws.deleted[0].identifier.clone()), "orders-of-v0");
}

#[test]
fn b19_nothing_is_deleted_by_default_and_never_without_saying_how() {
    let (mut sim, key) = settled(rds());
    sim.delete(&key);
    sim.run(600);
    assert!(sim.aws(|aws| aws.deleted.is_empty()));
    let (mut sim, key) = settled(rds().snapshot_on_delete());
    // AWS refuses the snapshot, however often: there is no way from there to a deletion without one.
    sim.aws(|aws| {
        aws.refuse_always("DeleteDBInstance", "SnapshotQuotaExceeded", "Cannot create more than 100 manual snapshots")
    });
    sim.delete(&key);
    sim.run(3 * 3600);
    assert!(
        sim.calls(0)
            .iter()
            .filter(|call| call.operation == "DeleteDBInstance")
            .all(|call| call.detail.contains("final_snapshot: Some"))
    );
    assert_eq!(sim.reason(&key, "Stalled"), "QuotaExceeded");
    sim.aws(|aws| aws.refusals.clear());
    sim.run(3 * 3600);
    assert!(sim.is_gone(&key));
    assert_eq!(sim.aws(|aws| aws.snapshots.len()), 1);
}

#[test]
fn b19_a_final_snapshot_never_meets_an_older_one_of_its_name() {
    let (mut sim, key) = settled(rds().snapshot_on_delete());
    let now = sim.now();
    sim.aws(|aws| aws.take_snapshot("shop-orders", "shop-orders-final-00000011", now));
    sim.delete(&key);
    sim.until("it is gone", |sim| sim.is_gone(&key));
    sim.aws(|aws| {
        assert_eq!(aws.deleted[0].final_snapshot.as_deref(), Some("shop-orders-final-00000011-2"));
        assert_eq!(aws.snapshots.len(), 2);
        assert!(aws.snapshots["shop-orders-final-00000011-2"].shown.tags.contains_key(OWNER_TAG));
    });
}

#[test]
fn b20_a_reinstalled_operator_recognises_everything_without_a_write() {
    let mut sim = Sim::with(Timing::quick(), Default::default());
    let keys: Vec<Key> = ["a", "b", "c"].map(|name| sim.apply(named(name).snapshot_on_delete())).to_vec();
    sim.settle();
    sim.run(300);
    sim.restart();
    let mark = sim.mark();
    sim.run(1800);
    assert!(sim.aws_writes(mark).is_empty());
    assert_eq!(sim.kube_writes_since(mark), 0, "not even to Kubernetes");
    assert!(keys.iter().all(|key| sim.is_settled(key)));
}
