//! What waits for a person, for a window, or for nothing at all: plans, approvals, policies, adoption, the loop breaker,
//! the deletion brake.

use std::time::Duration;

use awsdb::aws::owner::ALLOW_TAG;
use awsdb::aws::rds::Instance;
use awsdb::kinds::rds::PowerState;
use awsdb::spec::{DeletionPolicy, DisruptivePolicy, annotation};

use crate::sim::aws::{Db, Timing, defaults};
use crate::sim::builder::{Manifest, named, rds};
use crate::sim::kube::Key;
use crate::sim::{Setup, Sim, settled};

fn class_of(sim: &Sim, key: &Key) -> String {
    sim.the_db(key).shown.settings.db_instance_class.unwrap()
}

// --- managementPolicy Plan ---------------------------------------------------------------------------------------------

#[test]
fn policy_plan_shows_every_call_and_makes_none_before_its_approval() {
    let mut sim = Sim::quick();
    let key = sim.apply(rds().planned());
    sim.run(600);
    assert!(sim.aws_writes(0).is_empty());
    assert_eq!(sim.reason(&key, "Synced"), "WaitingForApproval");
    let plan = sim.status(&key).shared.plan.unwrap();
    assert_eq!((plan.steps[0].call.as_str(), plan.steps[0].when.as_str()), ("CreateDBInstance", "approval"));
    assert!(sim.message(&key, "Synced").contains(&plan.hash.unwrap()));
    sim.approve(&key);
    sim.settle();
    sim.must_open(&key);
    let mark = sim.mark();
    sim.apply(rds().planned().class("db.t4g.small"));
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty(), "the approval was for the create alone");
    sim.approve(&key);
    sim.until("it is sent", |sim| !sim.aws_writes(mark).is_empty());
}

#[test]
fn policy_plan_holds_a_deletion_too() {
    let (mut sim, key) = settled(rds().destroyed_on_delete());
    sim.apply(rds().destroyed_on_delete().planned());
    sim.run(100);
    sim.delete(&key);
    sim.run(600);
    assert!(sim.aws(|aws| aws.deleted.is_empty()));
    assert_eq!(sim.reason(&key, "Synced"), "WaitingForApproval");
    sim.approve(&key);
    sim.until("it is gone", |sim| sim.is_gone(&key));
}

#[test]
fn policy_plan_holds_a_rotation_and_draws_no_password_for_it() {
    let (mut sim, key) = settled(rds());
    sim.apply(rds().planned());
    sim.annotate(&key, annotation::ROTATE, "1");
    sim.run(300);
    assert!(!sim.secret("shop", "orders-credentials").unwrap().contains_key("password-next"));
    sim.must_open(&key);
}

// --- approvals ---------------------------------------------------------------------------------------------------------

#[test]
fn policy_approve_holds_what_interrupts_and_nothing_else() {
    let manifest = || rds().disruption(DisruptivePolicy::Approve);
    let (mut sim, key) = settled(manifest());
    sim.apply(manifest().class("db.t4g.small").backups(9));
    sim.run(300);
    assert_eq!(sim.the_db(&key).shown.settings.backup_retention_period, Some(9));
    assert_eq!(class_of(&sim, &key), "db.t4g.micro");
    assert_eq!(sim.reason(&key, "Synced"), "WaitingForApproval");
    assert!(sim.is_true(&key, "Ready") && sim.reason(&key, "Stalled").is_empty());
    sim.approve(&key);
    sim.settle();
    assert_eq!(class_of(&sim, &key), "db.t4g.small");
}

#[test]
fn an_approval_of_another_change_does_nothing() {
    let manifest = || rds().disruption(DisruptivePolicy::Approve);
    let (mut sim, key) = settled(manifest());
    sim.apply(manifest().class("db.t4g.small"));
    sim.run(100);
    let stale = sim.held_hash(&key).unwrap();
    sim.apply(manifest().class("db.t4g.large"));
    sim.annotate(&key, annotation::APPROVE, &stale);
    let mark = sim.mark();
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty());
    assert_ne!(sim.held_hash(&key).unwrap(), stale);
}

#[test]
fn an_approval_is_spent_once_its_step_is_done() {
    let manifest = || rds().disruption(DisruptivePolicy::Approve);
    let (mut sim, key) = settled(manifest());
    sim.apply(manifest().class("db.t4g.small"));
    sim.run(100);
    sim.approve(&key);
    sim.settle();
    assert_eq!(class_of(&sim, &key), "db.t4g.small");
    // The same change comes up again, months later; the annotation is still there.
    sim.apply(manifest());
    sim.run(100);
    sim.approve(&key);
    sim.settle();
    sim.apply(manifest().class("db.t4g.small"));
    sim.run(300);
    sim.annotate(&key, annotation::APPROVE, "something-else");
    sim.run(300);
    assert_eq!(class_of(&sim, &key), "db.t4g.micro");
}

#[test]
fn an_annotation_that_was_used_approves_nothing_a_second_time() {
    let (mut sim, key) = settled(rds());
    for _ in 0..2 {
        sim.aws(|aws| aws.delete_behind_our_back("shop-orders"));
        sim.run(300);
        assert_eq!(sim.reason(&key, "Stalled"), "ExternallyDeleted");
        assert_eq!(sim.aws(|aws| aws.instances.len()), 0, "{}", sim.report());
        if sim.aws(|aws| aws.made.len()) == 1 {
            sim.approve(&key);
            sim.settle();
            sim.must_open(&key);
        }
    }
    assert_eq!(sim.aws(|aws| aws.made.len()), 2, "the second loss needs an approval of its own");
}

#[test]
fn a_used_approval_can_be_given_again() {
    let (mut sim, key) = settled(rds());
    for times in 1..=2 {
        sim.aws(|aws| aws.delete_behind_our_back("shop-orders"));
        sim.run(300);
        sim.edit(&key, |object| {
            object.metadata.annotations.get_or_insert_default().remove(annotation::APPROVE);
        });
        sim.run(100);
        sim.approve(&key);
        sim.settle();
        sim.must_open(&key);
        assert_eq!(sim.aws(|aws| aws.made.len()), 1 + times);
    }
}

#[test]
fn an_approval_survives_a_restart_before_its_step_is_done() {
    let manifest = || rds().disruption(DisruptivePolicy::Approve);
    let (mut sim, key) = settled(manifest());
    sim.apply(manifest().class("db.t4g.small"));
    sim.run(100);
    sim.aws(|aws| {
        aws.refuse("ModifyDBInstance", "InvalidDBInstanceState", "Database instance is not in available state.")
    });
    sim.approve(&key);
    sim.round();
    sim.restart();
    sim.settle();
    assert_eq!(class_of(&sim, &key), "db.t4g.small");
}

// --- windows -----------------------------------------------------------------------------------------------------------

#[test]
fn a_reboot_waits_for_the_window_that_aws_does_not_keep_for_it() {
    let manifest = |buffers: &str| rds().parameter("shared_buffers", buffers);
    let mut sim = Sim::patient();
    let key = sim.apply(manifest("1"));
    sim.settle();
    sim.apply(manifest("2"));
    sim.run(86400);
    assert_eq!(sim.the_db(&key).reboots, 0);
    assert_eq!(sim.reason(&key, "Synced"), "WaitingForWindow");
    assert_eq!(sim.status(&key).facts.reboot_required, Some(true));
    assert!(sim.is_true(&key, "Ready"));
    sim.run(6 * 86400);
    assert_eq!(sim.the_db(&key).reboots, 1, "{}", sim.report());
    assert!(sim.is_settled(&key));
}

#[test]
fn a_reboot_that_waits_for_the_window_can_be_approved_before_it() {
    let manifest = |buffers: &str| rds().parameter("shared_buffers", buffers);
    let (mut sim, key) = settled(manifest("1"));
    sim.apply(manifest("2"));
    sim.run(300);
    sim.approve(&key);
    sim.settle();
    assert_eq!(sim.the_db(&key).reboots, 1);
}

// --- Observe, paused, reconcile-now --------------------------------------------------------------------------------------

fn foreign(identifier: &str, tags: &[(&str, &str)]) -> (String, Db) {
    let mut settings = defaults("postgres");
    settings.db_instance_class = Some("db.t4g.micro".into());
    settings.allocated_storage = Some(20);
    settings.master_username = Some("app".into());
    settings.storage_encrypted = Some(true);
    settings.db_name = Some("prod".into());
    let shown = Instance {
        arn: format!("arn:aws:rds:us-east-1:123456789012:db:{identifier}"),
        resource_id: "db-FOREIGN".into(),
        status: "available".into(),
        endpoint: Some((format!("{identifier}.c1.us-east-1.rds.amazonaws.com"), 5432)),
        settings,
        tags: tags.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect(),
        parameter_apply_status: Some("in-sync".into()),
        ..Instance::default()
    };
    (identifier.into(), Db::standing(shown, "somebody-elses-password"))
}

fn with_foreign(tags: &[(&str, &str)], manifest: Manifest) -> (Sim, Key) {
    let mut sim = Sim::quick();
    let (name, db) = foreign("shop-orders", tags);
    sim.aws(|aws| aws.instances.insert(name, db));
    let key = sim.apply(manifest);
    (sim, key)
}

#[test]
fn observe_never_changes_anything_whatever_differs() {
    sim_observes(&[(ALLOW_TAG, "test/shop")], |sim, key| {
        sim.user_secret("shop", "mine", "somebody-elses-password");
        sim.apply(rds().observed().password_from("mine").class("db.r6g.large").storage(500).tag("a", "b"));
        sim.annotate(key, annotation::ROTATE, "1");
        sim.run(3600);
        assert!(sim.is_settled(key), "{}", sim.report());
        sim.must_open(key);
        sim.delete(key);
        sim.run(60);
        assert!(sim.is_gone(key));
    });
}

fn sim_observes(tags: &[(&str, &str)], act: impl FnOnce(&mut Sim, &Key)) {
    let (mut sim, key) = with_foreign(tags, rds().observed());
    act(&mut sim, &key);
    assert!(sim.aws_writes(0).is_empty(), "{}", sim.report());
    assert!(sim.aws(|aws| aws.instances.contains_key("shop-orders")));
}

#[test]
fn observe_shows_nothing_of_a_database_that_the_aws_side_does_not_allow() {
    for tags in [vec![], vec![(ALLOW_TAG, "test/other")], vec![("awsdb.dev/owner", "test/RdsInstance/other/orders")]] {
        sim_observes(&tags, |sim, key| {
            sim.run(600);
            assert_eq!(sim.reason(key, "Stalled"), "NotAllowed");
            let status = sim.status(key).shared;
            assert_eq!((status.arn, status.endpoint, status.aws_status), (None, None, None));
            assert!(sim.message(key, "Stalled").contains("awsdb.dev/allow = test/shop"));
        });
    }
}

#[test]
fn observe_waits_for_a_database_that_does_not_exist_and_never_makes_it() {
    let mut sim = Sim::quick();
    let key = sim.apply(rds().observed());
    sim.run(600);
    assert_eq!(sim.reason(&key, "Synced"), "NotFound");
    assert!(sim.aws_writes(0).is_empty());
}

#[test]
fn a_paused_object_is_left_alone_deletion_included() {
    let mut sim = Sim::quick();
    let key = sim.apply(rds().destroyed_on_delete().annotated(annotation::PAUSED, "true"));
    sim.run(600);
    assert!(sim.calls(0).iter().all(|call| call.seam == crate::sim::faults::Seam::Kubernetes));
    assert_eq!(sim.reason(&key, "Synced"), "Paused");
    sim.annotate(&key, annotation::PAUSED, "false");
    sim.settle();
    sim.annotate(&key, annotation::PAUSED, "true");
    let mark = sim.mark();
    sim.apply(rds().destroyed_on_delete().class("db.t4g.small").at_once());
    sim.delete(&key);
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty());
    assert!(!sim.is_gone(&key));
    assert!(sim.message(&key, "Synced").contains("deletion is held"));
    assert!(sim.kube_writes_since(mark) <= 2, "it is said once");
    sim.annotate(&key, annotation::PAUSED, "false");
    sim.until("it is gone", |sim| sim.is_gone(&key));
}

#[test]
fn a_new_reconcile_token_gives_a_refused_step_another_chance_at_once() {
    let (mut sim, key) = settled(rds().at_once());
    sim.aws(|aws| aws.refuse("ModifyDBInstance", "InvalidParameterValue", "That class is not offered."));
    sim.apply(rds().at_once().class("db.t4g.small"));
    sim.run(300);
    assert_eq!(sim.reason(&key, "Stalled"), "Rejected");
    sim.annotate(&key, annotation::RECONCILE, "now");
    sim.settle();
    assert_eq!(class_of(&sim, &key), "db.t4g.small");
    let mark = sim.mark();
    sim.run(600);
    assert_eq!(sim.kube_writes_since(mark), 0, "a token that was used is no news");
}

// --- the loop breaker, the brake, protection -------------------------------------------------------------------------

#[test]
fn a_change_that_aws_accepts_and_forgets_is_sent_three_times_and_then_named() {
    let (mut sim, key) = settled(rds().backups(7));
    sim.aws(|aws| aws.forgets = true);
    sim.apply(rds().backups(9));
    sim.run(6 * 3600);
    assert_eq!(sim.sent("ModifyDBInstance"), 3, "{}", sim.report());
    assert_eq!(sim.reason(&key, "Stalled"), "UpdateLoop");
    let message = sim.message(&key, "Stalled");
    assert!(message.contains("backupRetentionPeriod: 7 -> 9"), "{message}");
    assert!(sim.is_true(&key, "Ready"), "the database serves");
    sim.aws(|aws| aws.forgets = false);
    sim.apply(rds().backups(10));
    sim.settle();
    assert_eq!(sim.the_db(&key).shown.settings.backup_retention_period, Some(10), "another value is another chance");
}

#[test]
fn a_value_that_somebody_sets_back_again_and_again_is_a_loop_too() {
    let (mut sim, key) = settled(rds().backups(7));
    for _ in 0..12 {
        sim.with_db("shop-orders", |db| db.shown.settings.backup_retention_period = Some(1));
        sim.run(90);
    }
    let sent = sim.sent("ModifyDBInstance");
    assert!(sent <= 12, "{sent} calls");
    let _ = key;
}

#[test]
fn the_brake_holds_the_deletions_beyond_its_limit_until_its_window_has_passed() {
    let setup = Setup { brake: (2, Duration::from_secs(900)), ..Setup::default() };
    let mut sim = Sim::with(Timing::quick(), setup);
    let keys: Vec<Key> = ["a", "b", "c", "d"].map(|name| sim.apply(named(name).snapshot_on_delete())).to_vec();
    sim.settle();
    keys.iter().for_each(|key| sim.delete(key));
    sim.run(600);
    assert_eq!(sim.aws(|aws| aws.deleted.len()), 2);
    let held: Vec<&Key> = keys.iter().filter(|key| !sim.is_gone(key)).collect();
    assert_eq!(held.len(), 2);
    let plan = sim.status(held[0]).shared.plan.unwrap();
    assert!(plan.steps[0].because.contains("--deletion-brake"), "{plan:?}");
    let held: Vec<Key> = held.into_iter().cloned().collect();
    sim.approve(&held[0]);
    sim.run(200);
    assert!(sim.is_gone(&held[0]), "an approval releases one");
    sim.run(1800);
    assert!(sim.is_gone(&held[1]), "and time the other");
}

#[test]
fn deletions_are_held_while_the_crd_itself_is_being_deleted() {
    let (mut sim, key) = settled(rds().destroyed_on_delete());
    sim.kube(|kube| kube.crd_is_being_deleted = true);
    sim.delete(&key);
    sim.run(3600);
    assert!(sim.aws(|aws| aws.deleted.is_empty()));
    assert!(sim.status(&key).shared.plan.unwrap().steps[0].because.contains("CustomResourceDefinition"));
    sim.approve(&key);
    sim.until("it is gone", |sim| sim.is_gone(&key));
}

#[test]
fn deletion_protection_is_lifted_by_the_users_own_word_only() {
    let (mut sim, key) = settled(rds().destroyed_on_delete());
    sim.with_db("shop-orders", |db| db.shown.settings.deletion_protection = Some(true));
    sim.delete(&key);
    sim.run(1200);
    assert!(sim.aws(|aws| aws.deleted.is_empty()));
    assert_eq!(sim.reason(&key, "Stalled"), "DeletionProtected");
    assert!(sim.message(&key, "Stalled").contains("spec.deletionProtection: false"));
    sim.apply(rds().destroyed_on_delete().protected(false));
    sim.until("it is gone", |sim| sim.is_gone(&key));
    assert_eq!(sim.sent("ModifyDBInstance"), 1, "{}", sim.report());
}

#[test]
fn a_source_of_replicas_is_not_deleted() {
    let (mut sim, source) = settled(named("main").backups(7).destroyed_on_delete());
    let copy = sim.apply(named("copy").replica_of("shop-main").destroyed_on_delete());
    sim.settle();
    sim.delete(&source);
    sim.run(600);
    assert_eq!(sim.reason(&source, "Stalled"), "HasReplicas");
    assert!(sim.message(&source, "Stalled").contains("shop-copy"));
    sim.delete(&copy);
    sim.until("both are gone", |sim| sim.is_gone(&source) && sim.is_gone(&copy));
    assert_eq!(sim.aws(|aws| aws.deleted[0].identifier.clone()), "shop-copy");
}

#[test]
fn a_replica_is_never_deleted_without_a_snapshot_under_policy_snapshot_unless_approved() {
    let (mut sim, _) = settled(named("main").backups(7));
    let copy = sim.apply(named("copy").replica_of("shop-main").snapshot_on_delete());
    sim.settle();
    sim.delete(&copy);
    sim.run(600);
    assert_eq!(sim.reason(&copy, "Stalled"), "NoFinalSnapshot");
    sim.approve(&copy);
    sim.until("it is gone", |sim| sim.is_gone(&copy));
}

// --- adoption ----------------------------------------------------------------------------------------------------------

#[test]
fn a_database_of_nobody_is_not_touched_without_the_users_word() {
    let (mut sim, key) = with_foreign(&[(ALLOW_TAG, "test/shop")], rds().destroyed_on_delete());
    sim.run(600);
    assert_eq!(sim.reason(&key, "Stalled"), "Conflict");
    assert!(sim.message(&key, "Stalled").contains("spec.adoption: IfExists"));
    sim.delete(&key);
    sim.run(300);
    assert!(sim.is_gone(&key));
    assert!(sim.aws_writes(0).is_empty());
}

#[test]
fn a_database_of_nobody_is_not_touched_without_the_word_of_the_aws_side() {
    for tags in [vec![], vec![(ALLOW_TAG, "test/other")], vec![(ALLOW_TAG, "other/shop")]] {
        let (mut sim, key) = with_foreign(&tags, rds().adopting());
        sim.run(600);
        assert_eq!(sim.reason(&key, "Stalled"), "NotAllowed");
        assert!(sim.aws_writes(0).is_empty());
    }
}

#[test]
fn a_database_that_is_as_the_spec_says_is_taken_over_by_tagging_alone() {
    for allowed in ["test/shop", "test/*"] {
        let (mut sim, key) = with_foreign(&[(ALLOW_TAG, allowed)], rds().adopting().password_from("mine"));
        sim.user_secret("shop", "mine", "somebody-elses-password");
        sim.settle();
        sim.must_open(&key);
        sim.run(600);
        assert_eq!(sim.aws_writes(0), ["AddTagsToResource"], "{}", sim.report());
    }
}

#[test]
fn a_take_over_that_would_change_something_waits_for_its_approval() {
    let manifest = |class: &str| rds().adopting().password_from("mine").class(class).at_once();
    let (mut sim, key) = with_foreign(&[(ALLOW_TAG, "test/shop")], manifest("db.t4g.small"));
    sim.user_secret("shop", "mine", "somebody-elses-password");
    sim.run(300);
    assert!(sim.aws_writes(0).is_empty());
    assert_eq!(sim.reason(&key, "Synced"), "WaitingForApproval");
    let step = sim.status(&key).shared.plan.unwrap().steps[0].clone();
    assert!(step.changes.iter().any(|change| change.field == "dbInstanceClass"), "{step:?}");
    let stale = sim.held_hash(&key).unwrap();
    sim.apply(manifest("db.t4g.large"));
    sim.annotate(&key, annotation::APPROVE, &stale);
    sim.run(300);
    assert!(sim.aws_writes(0).is_empty(), "the approval was of another difference");
    sim.approve(&key);
    sim.settle();
    assert_eq!(class_of(&sim, &key), "db.t4g.large");
}

#[test]
fn another_owners_database_is_never_adopted() {
    let tags = [
        (ALLOW_TAG, "test/*"),
        ("awsdb.dev/owner", "test/RdsInstance/other/orders"),
        ("awsdb.dev/cluster", "cluster-1"),
    ];
    let (mut sim, key) = with_foreign(&tags, rds().adopting().destroyed_on_delete());
    sim.run(600);
    assert_eq!(sim.reason(&key, "Stalled"), "Conflict");
    assert!(sim.message(&key, "Stalled").contains("test/RdsInstance/other/orders"));
    let status = sim.status(&key).shared;
    assert_eq!((status.arn, status.endpoint), (None, None));
    sim.delete(&key);
    sim.run(300);
    assert!(sim.is_gone(&key) && sim.aws_writes(0).is_empty());
}

#[test]
fn a_database_that_lost_its_owner_tag_is_neither_changed_nor_deleted() {
    let (mut sim, key) = settled(rds().destroyed_on_delete().at_once());
    sim.with_db("shop-orders", |db| db.shown.tags.clear());
    let mark = sim.mark();
    sim.apply(rds().destroyed_on_delete().at_once().class("db.t4g.small"));
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty());
    assert_eq!(sim.reason(&key, "Stalled"), "Conflict");
    sim.delete(&key);
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty() && !sim.is_gone(&key));
    assert!(sim.message(&key, "Stalled").contains("test/RdsInstance/shop/orders"));
}

// --- promotion, sources, loss ------------------------------------------------------------------------------------------

fn promoted() -> (Sim, Key) {
    let (mut sim, _) = settled(named("main").backups(7));
    let key = sim.apply(named("copy").replica_of("shop-main"));
    sim.settle();
    sim.apply(named("copy").replica_of("shop-main").promoted());
    sim.until("it is promoted", |sim| sim.sent("PromoteReadReplica") == 1 && !sim.the_db(&key).is_busy());
    sim.run(600);
    (sim, key)
}

#[test]
fn a_promoted_replica_keeps_its_sources_password_until_the_user_says_so() {
    let (mut sim, key) = promoted();
    assert_eq!(sim.reason(&key, "Stalled"), "", "nobody gave it a password of its own, and it serves");
    assert!(sim.is_true(&key, "Ready"));
    assert_eq!(sim.sent("ModifyDBInstance"), 0);
    sim.annotate(&key, annotation::ROTATE, "1");
    sim.settle();
    sim.until("the Secret opens it", |sim| sim.opens(&key).is_ok());
}

#[test]
fn a_replica_that_is_promoted_as_soon_as_it_is_there_gets_a_password_of_its_own() {
    let (mut sim, source) = settled(named("main").backups(7));
    let key = sim.apply(named("copy").replica_of("shop-main").promoted());
    sim.until("the Secret opens it", |sim| sim.opens(&key).is_ok());
    sim.settle();
    assert_ne!(sim.the_db(&key).password, sim.the_db(&source).password);
}

#[test]
fn a_replayed_manifest_without_promote_changes_nothing_after_the_promotion() {
    let (mut sim, key) = promoted();
    sim.annotate(&key, annotation::ROTATE, "1");
    sim.settle();
    sim.until("the Secret opens it", |sim| sim.opens(&key).is_ok());
    let mark = sim.mark();
    sim.apply(named("copy").replica_of("shop-main"));
    sim.run(1200);
    assert!(sim.aws_writes(mark).is_empty());
    assert!(sim.is_settled(&key), "{}", sim.report());
    sim.must_open(&key);
    assert!(sim.status(&key).facts.advisories.iter().any(|text| text.contains("promoted")));
}

#[test]
fn a_promoted_database_whose_manifest_was_replayed_can_still_rotate_its_password() {
    let (mut sim, key) = promoted();
    sim.apply(named("copy").replica_of("shop-main"));
    sim.annotate(&key, annotation::ROTATE, "1");
    sim.run(900);
    sim.must_open(&key);
    assert!(sim.is_settled(&key), "{}", sim.report());
}

#[test]
fn removing_the_source_changes_nothing() {
    let (mut sim, _) = settled(named("main").backups(7));
    let now = sim.now();
    sim.aws(|aws| aws.take_snapshot("shop-main", "monday", now));
    let restored = sim.apply(named("restored").made_of_snapshot("monday"));
    let replica = sim.apply(named("copy").replica_of("shop-main"));
    sim.settle();
    sim.until("the password is its own", |sim| sim.opens(&restored).is_ok());
    sim.settle();
    let mark = sim.mark();
    for key in [&restored, &replica] {
        sim.edit(key, |object| object.spec.source = None);
    }
    sim.run(1200);
    assert!(sim.aws_writes(mark).is_empty(), "{}", sim.report());
    assert!(sim.is_settled(&restored) && sim.the_db(&replica).shown.replica_source.is_some());
}

#[test]
fn a_lost_database_is_not_made_again_by_itself() {
    let (mut sim, key) = settled(rds());
    sim.aws(|aws| aws.delete_behind_our_back("shop-orders"));
    let mark = sim.mark();
    sim.run(86400);
    assert!(sim.aws_writes(mark).is_empty());
    assert_eq!(sim.reason(&key, "Stalled"), "ExternallyDeleted");
    assert!(!sim.is_true(&key, "Ready"));
    let plan = sim.status(&key).shared.plan.unwrap();
    assert_eq!((plan.steps[0].class.as_str(), plan.steps[0].when.as_str()), ("replacement", "approval"));
    sim.approve(&key);
    sim.settle();
    sim.must_open(&key);
    assert_eq!(sim.aws(|aws| aws.made.len()), 2);
    assert_eq!(sim.sent("CreateDBInstance"), 2, "{}", sim.report());
}

#[test]
fn a_lost_database_with_groups_of_its_own_is_made_again_in_order() {
    let manifest = rds().parameter("shared_buffers", "1").subnets(&["subnet-aaaaaaaa", "subnet-bbbbbbbb"]);
    let (mut sim, key) = settled(manifest);
    sim.aws(|aws| {
        aws.delete_behind_our_back("shop-orders");
        aws.parameter_groups.clear();
        aws.subnet_groups.clear();
    });
    let mark = sim.mark();
    sim.run(300);
    for _ in 0..6 {
        if sim.held_hash(&key).is_some() {
            sim.approve(&key);
        }
        sim.run(120);
    }
    sim.settle();
    sim.must_open(&key);
    let db = sim.the_db(&key);
    assert_eq!((db.running["shared_buffers"].as_str(), db.reboots), ("1", 0), "{}", sim.report());
    let refused: Vec<_> = sim.calls(mark).into_iter().filter(|call| call.writes && !call.took_effect).collect();
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn a_lost_database_that_came_from_a_snapshot_gets_a_password_of_its_own_again() {
    let (mut sim, _) = settled(named("old"));
    let now = sim.now();
    sim.aws(|aws| aws.take_snapshot("shop-old", "monday", now));
    let key = sim.apply(rds().made_of_snapshot("monday"));
    sim.settle();
    sim.until("the Secret opens it", |sim| sim.opens(&key).is_ok());
    sim.aws(|aws| aws.delete_behind_our_back("shop-orders"));
    sim.run(300);
    sim.approve(&key);
    for _ in 0..60 {
        sim.round();
        if sim.is_true(&key, "Ready") {
            sim.must_open(&key);
        }
    }
    sim.must_open(&key);
    assert!(sim.is_settled(&key), "{}", sim.report());
}

#[test]
fn a_database_lost_in_the_middle_of_a_rotation_is_made_again_with_the_password_in_its_secret() {
    let (mut sim, key) = settled(rds());
    sim.annotate(&key, annotation::ROTATE, "1");
    sim.until("the new password was accepted", |sim| sim.sent("ModifyDBInstance") == 1);
    sim.aws(|aws| aws.delete_behind_our_back("shop-orders"));
    sim.run(300);
    sim.approve(&key);
    sim.run(900);
    sim.must_open(&key);
    assert!(sim.is_settled(&key), "{}", sim.report());
}

#[test]
fn a_lost_database_is_not_restored_from_a_snapshot_that_may_no_longer_be_used() {
    let (mut sim, _) = settled(named("old"));
    let now = sim.now();
    sim.aws(|aws| aws.take_snapshot("shop-old", "monday", now));
    sim.aws(|aws| {
        let tags = &mut aws.snapshots.get_mut("monday").unwrap().shown.tags;
        tags.insert(ALLOW_TAG.into(), "test/shop".into());
    });
    let key = sim.apply(rds().made_of_snapshot("monday"));
    sim.settle();
    sim.aws(|aws| {
        aws.delete_behind_our_back("shop-orders");
        aws.snapshots.get_mut("monday").unwrap().shown.tags.clear();
    });
    let mark = sim.mark();
    sim.run(300);
    if sim.held_hash(&key).is_some() {
        sim.approve(&key);
        sim.run(300);
    }
    assert!(sim.aws_writes(mark).is_empty(), "{}", sim.report());
}

#[test]
fn a_source_of_another_namespace_needs_the_word_of_the_aws_side() {
    let mut sim = Sim::quick();
    let other = sim.apply(named("secret").namespace("finance").backups(7));
    sim.settle();
    let now = sim.now();
    sim.aws(|aws| aws.take_snapshot("finance-secret", "monday", now));
    let mark = sim.mark();
    let restore = sim.apply(named("thief").made_of_snapshot("monday"));
    let copy = sim.apply(named("copy").replica_of("finance-secret"));
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty());
    for key in [&restore, &copy] {
        assert_eq!(sim.reason(key, "Stalled"), "NotAllowed");
    }
    sim.with_db("finance-secret", |db| {
        db.shown.tags.insert(ALLOW_TAG.into(), "test/shop".into());
    });
    sim.until("the replica is there", |sim| sim.is_settled(&copy));
    let _ = other;
}

#[test]
fn a_stop_is_the_users_word_and_a_reboot_on_the_way_is_not_repeated() {
    let (mut sim, key) = settled(rds());
    sim.apply(rds().powered(PowerState::Stopped));
    sim.run(300);
    let mark = sim.mark();
    sim.apply(rds().powered(PowerState::Stopped).backups(9).deletion(DeletionPolicy::Retain));
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty(), "changes wait until it runs: {}", sim.report());
    assert_eq!(sim.the_db(&key).shown.status, "stopped");
    sim.apply(rds().powered(PowerState::Running).backups(9));
    sim.settle();
    assert_eq!(sim.the_db(&key).shown.settings.backup_retention_period, Some(9));
}
