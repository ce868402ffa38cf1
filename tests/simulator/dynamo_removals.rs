//! What is taken away, and what is not: a field that is absent removes nothing (B5), what loses data waits for approval, and a
//! table goes only by its policy, in peace, and behind its backup.

use awsdb::aws::dynamo::{Capacity, Dimension};
use awsdb::kinds::dynamo::DynamoTableSpec;
use awsdb::spec::DeletionPolicy;

use crate::sim::builder::Manifest;
use crate::sim::dynamo::{Tables, rich, table};
use crate::sim::kube::Key;
use crate::sim::{settled, settled_in};

type Table = Manifest<awsdb::kinds::dynamo::DynamoTable>;

/// The operator is handed another manifest: nothing may be sent, and the object is settled.
fn removes_nothing(before: Table, what: &str, lose: impl Fn(&mut DynamoTableSpec)) {
    let (mut sim, key) = settled(before.clone());
    let (mark, tab) = (sim.mark(), sim.the_tab(&key));
    sim.apply(before.with(&lose));
    sim.run(1300);
    sim.restart();
    sim.run(1300);
    assert!(sim.aws_writes(mark).is_empty(), "{what}: {:?}", sim.aws_writes(mark));
    assert!(sim.is_settled(&key), "{what}\n{}", sim.report());
    let is = sim.the_tab(&key);
    assert_eq!((is.shown, is.ttl, is.recovery, is.policy), (tab.shown, tab.ttl, tab.recovery, tab.policy), "{what}");
}

#[test]
fn a_field_that_leaves_the_manifest_removes_nothing() {
    type Lose = (&'static str, fn(&mut DynamoTableSpec));
    let fields: [Lose; 11] = [
        ("globalSecondaryIndexes", |spec| spec.global_secondary_indexes = None),
        ("timeToLive", |spec| spec.time_to_live = None),
        ("pointInTimeRecovery", |spec| spec.point_in_time_recovery = None),
        ("contributorInsights", |spec| spec.contributor_insights = None),
        ("kinesisDestination", |spec| spec.kinesis_destination = None),
        ("resourcePolicy", |spec| spec.settings.resource_policy = None),
        ("stream", |spec| spec.settings.stream = None),
        ("tableClass", |spec| spec.settings.table_class = None),
        ("encryption", |spec| spec.settings.encryption = None),
        ("deletionProtection", |spec| spec.settings.deletion_protection = None),
        ("every setting", |spec| spec.settings = Default::default()),
    ];
    for (what, lose) in fields {
        removes_nothing(rich("users").guarded(true), what, lose);
    }
}

#[test]
fn replicas_caps_and_autoscaling_that_leave_the_manifest_stay() {
    removes_nothing(table("users").replica("eu-west-1"), "replicas", |spec| spec.replicas = None);
    removes_nothing(table("users").capped(100, 100), "caps", |spec| spec.settings.on_demand_throughput = None);
    removes_nothing(table("users").provisioned(5, 5).autoscaled(5, 50), "autoscaling", |spec| spec.autoscaling = None);
}

#[test]
fn only_tags_that_the_object_set_itself_go_with_the_manifest() {
    let (mut sim, key) = settled(table("users").tag("team", "a"));
    sim.with_tab("shop-users", |tab| tab.tags.insert("foreign".into(), "stays".into()));
    sim.apply(table("users").with(|spec| spec.shared.tags = None));
    sim.run(1300);
    let tags = sim.the_tab(&key).tags;
    assert!(tags.contains_key("foreign") && tags.contains_key("awsdb.dev/owner"), "{tags:?}");
    assert!(sim.is_settled(&key));
}

/// The change waits for a person with this class, and is sent once after the approval.
fn waits_for_approval(before: Table, after: Table) -> (Tables, Key) {
    let (mut sim, key) = settled(before);
    let mark = sim.mark();
    sim.apply(after);
    sim.run(6 * 3600);
    assert!(sim.aws_writes(mark).is_empty(), "{:?}", sim.aws_writes(mark));
    assert_eq!(sim.reason(&key, "Synced"), "WaitingForApproval", "{}", sim.report());
    let plan = sim.shared_status(&key).plan.unwrap();
    assert_eq!((plan.steps[0].class.as_str(), plan.steps[0].when.as_str()), ("data-loss", "approval"));
    assert!(sim.is_true(&key, "Ready"));
    sim.approve(&key);
    sim.until("it is done", |sim| sim.is_at_rest(&key));
    assert_eq!(sim.aws_writes(mark), ["UpdateTable"], "{}", sim.report());
    (sim, key)
}

#[test]
fn an_index_that_leaves_the_list_goes_only_when_approved() {
    let (sim, key) = waits_for_approval(table("users").index("email").index("city"), table("users").index("city"));
    assert_eq!(sim.the_tab(&key).shown.indexes.keys().collect::<Vec<_>>(), ["by-city"]);
}

#[test]
fn an_empty_list_of_indexes_removes_them_only_when_approved() {
    let (sim, key) = waits_for_approval(table("users").index("email"), table("users").no_indexes());
    assert!(sim.the_tab(&key).shown.indexes.is_empty());
}

#[test]
fn a_replica_that_leaves_the_list_goes_only_when_approved() {
    let (sim, key) = waits_for_approval(
        table("users").replica("eu-west-1").replica("ap-south-1"),
        table("users").replica("ap-south-1"),
    );
    assert_eq!(sim.the_tab(&key).shown.replicas.keys().collect::<Vec<_>>(), ["ap-south-1"]);
}

#[test]
fn an_empty_list_of_replicas_removes_them_only_when_approved() {
    let (sim, key) = waits_for_approval(table("users").replica("eu-west-1"), table("users").no_replicas());
    assert!(sim.the_tab(&key).shown.replicas.is_empty());
}

#[test]
fn an_index_with_other_keys_is_built_anew_only_with_the_users_word() {
    let after = || table("users").index_keyed("email", "address");
    let (mut sim, key) = settled(table("users").index("email"));
    let mark = sim.mark();
    sim.apply(after());
    sim.run(3600);
    assert!(sim.aws_writes(mark).is_empty());
    assert_eq!(sim.reason(&key, "Stalled"), "InvalidSpec");
    assert!(sim.message(&key, "Stalled").contains("allowIndexRecreation"));
    sim.apply(after().recreating());
    sim.run(3600);
    assert!(sim.aws_writes(mark).is_empty(), "without a window it waits for approval");
    sim.apply(after().recreating().at_once());
    sim.until("it is another one", |sim| sim.is_at_rest(&key));
    assert_eq!(sim.aws_writes(mark), ["UpdateTable"; 2]);
    assert_eq!(sim.the_tab(&key).shown.indexes["by-email"].index.hash[0].name, "address");
}

#[test]
fn an_index_that_is_built_anew_waits_for_the_objects_window() {
    let before = || table("users").index("email").in_window("sun:04:00-sun:05:00");
    let after = table("users").index_keyed("email", "address").recreating().in_window("sun:04:00-sun:05:00");
    let (mut sim, key) = settled_in(Tables::patient(), before());
    let mark = sim.mark();
    sim.apply(after);
    sim.run(86400);
    assert!(sim.aws_writes(mark).is_empty());
    assert_eq!(sim.reason(&key, "Synced"), "WaitingForWindow");
    sim.run(6 * 86400);
    assert_eq!(sim.aws_writes(mark), ["UpdateTable"; 2], "{}", sim.report());
    assert!(sim.is_at_rest(&key));
}

#[test]
fn recovery_is_shortened_or_turned_off_only_when_approved() {
    let off = table("users").with(|spec| {
        spec.point_in_time_recovery =
            Some(awsdb::kinds::dynamo::PointInTimeRecovery { enabled: false, recovery_period_in_days: None });
    });
    for after in [table("users").recoverable(3), off] {
        let (mut sim, key) = settled(table("users").recoverable(30));
        let mark = sim.mark();
        sim.apply(after);
        sim.run(3600);
        assert!(sim.aws_writes(mark).is_empty());
        sim.approve(&key);
        sim.until("it is done", |sim| sim.is_at_rest(&key));
        assert_eq!(sim.aws_writes(mark), ["UpdateContinuousBackups"]);
    }
}

// --- deletion ----------------------------------------------------------------------------------------------------------

#[test]
fn delete_destroys_without_a_backup_and_takes_the_secrets_along() {
    let (mut sim, key) = settled(table("users").destroyed_on_delete());
    let mark = sim.mark();
    sim.delete(&key);
    sim.until("it is gone", |sim| sim.is_gone(&key));
    assert_eq!(sim.aws_writes(mark), ["DeleteTable"], "{}", sim.report());
    assert!(sim.aws(|aws| aws.tables.is_empty() && aws.backups.is_empty()));
    assert!(sim.kube(|kube| kube.secrets.is_empty()));
}

#[test]
fn snapshot_deletes_only_behind_a_backup_that_is_there_and_was_made_for_it() {
    let (mut sim, key) = settled(table("users").snapshot_on_delete());
    let long_ago = sim.now();
    sim.aws(|aws| aws.take_backup("shop-users", "shop-users-final-00000011", long_ago));
    sim.run(600);
    let mark = sim.mark();
    let asked = sim.now();
    sim.delete(&key);
    sim.until("it is gone", |sim| {
        sim.aws(|aws| {
            let is_backed_up = aws
                .backups
                .iter()
                .any(|copy| copy.shown.status == "AVAILABLE" && copy.shown.created.is_some_and(|made| made >= asked));
            assert!(aws.deleted.is_empty() || is_backed_up, "deleted without its backup");
        });
        sim.is_gone(&key)
    });
    assert_eq!(sim.aws_writes(mark), ["CreateBackup", "DeleteTable"], "{}", sim.report());
}

#[test]
fn snapshot_never_falls_back_to_none() {
    let (mut sim, key) = settled(table("users").snapshot_on_delete());
    sim.aws(|aws| aws.refuse_always("CreateBackup", "LimitExceededException", "Subscriber limit exceeded: 50 backups"));
    sim.delete(&key);
    sim.run(86400);
    assert!(sim.aws(|aws| aws.deleted.is_empty()));
    assert!(sim.sent("CreateBackup") <= 26, "{} tries in a day", sim.sent("CreateBackup"));
    sim.aws(|aws| {
        aws.refusals.clear();
        aws.unread.insert("backups", "AccessDenied".into());
    });
    sim.run(2 * 3600);
    assert!(sim.aws(|aws| aws.deleted.is_empty()), "what cannot be read is no backup");
    sim.aws(|aws| aws.unread.clear());
    sim.until("it is gone", |sim| sim.is_gone(&key));
}

#[test]
fn a_table_is_deleted_only_when_nothing_is_going_on_and_what_is_going_on_is_named() {
    let going: [(&str, Table); 4] = [
        ("by-email", table("users").index("email")),
        ("warm", table("users").warm(20000, 8000)),
        ("encryption", table("users").encrypted_with("two")),
        ("UPDATING", table("users").provisioned(5, 5)),
    ];
    for (what, after) in going {
        let (mut sim, key) = settled_in(Tables::new(), table("users").destroyed_on_delete());
        sim.apply(after.destroyed_on_delete());
        let mark = sim.mark();
        sim.until("it is begun", |sim| sim.sent_since(mark, "UpdateTable") == 1);
        sim.delete(&key);
        sim.until(&format!("{what} is named"), |sim| sim.message(&key, "Synced").contains(what));
        sim.until("it is gone", |sim| sim.is_gone(&key));
        let refused: Vec<_> = sim.calls(mark).into_iter().filter(|call| call.writes && !call.took_effect).collect();
        assert!(refused.is_empty(), "{what}: {refused:?}");
    }
}

#[test]
fn protection_is_lifted_by_the_users_own_word_only() {
    let (mut sim, key) = settled(table("users").destroyed_on_delete());
    sim.with_tab("shop-users", |tab| tab.shown.settings.deletion_protection = Some(true));
    sim.delete(&key);
    sim.run(1200);
    assert!(sim.aws(|aws| aws.deleted.is_empty()));
    assert_eq!(sim.reason(&key, "Stalled"), "DeletionProtected");
    let mark = sim.mark();
    sim.apply(table("users").destroyed_on_delete().guarded(false));
    sim.until("it is gone", |sim| sim.is_gone(&key));
    assert_eq!(sim.aws_writes(mark), ["UpdateTable", "DeleteTable"]);
}

#[test]
fn protection_in_the_manifest_holds_the_deletion() {
    let (mut sim, key) = settled(table("users").destroyed_on_delete().guarded(true));
    sim.delete(&key);
    sim.run(3600);
    assert!(sim.aws(|aws| aws.deleted.is_empty()));
    assert_eq!(sim.reason(&key, "Stalled"), "DeletionProtected");
    sim.edit(&key, |object| object.spec.shared.deletion_policy = DeletionPolicy::Retain);
    sim.until("the object is gone", |sim| sim.is_gone(&key));
    assert!(sim.aws(|aws| aws.tables.contains_key("shop-users")));
}

#[test]
fn scalable_targets_and_replicas_go_before_their_table() {
    let manifest = table("users").provisioned(5, 5).autoscaled(5, 50).replica("eu-west-1").destroyed_on_delete();
    let (mut sim, key) = settled(manifest);
    let mark = sim.mark();
    sim.delete(&key);
    sim.until("it is gone", |sim| sim.is_gone(&key));
    let calls = sim.aws_writes(mark);
    assert_eq!(
        calls,
        ["DeregisterScalableTarget", "DeregisterScalableTarget", "UpdateTable", "DeleteTable"],
        "{}",
        sim.report()
    );
    assert!(sim.aws(|aws| aws.targets.is_empty()));
}

#[test]
fn a_target_that_an_old_table_left_moves_no_capacity_of_the_new_one() {
    let manifest = table("users").provisioned(5, 5).with(|spec| spec.autoscaling = Some(Default::default()));
    let mut sim = Tables::quick();
    sim.aws(|aws| {
        let dimension = Dimension { index: None, capacity: Capacity::Read };
        let old = awsdb::aws::dynamo::Scaling { range: (30, 40), policy: None };
        aws.targets.insert(("shop-users".into(), dimension), old);
    });
    let key = sim.apply(manifest);
    sim.until("it is at rest", |sim| sim.is_at_rest(&key));
    sim.run(1300);
    assert!(sim.aws(|aws| aws.targets.is_empty()), "{}", sim.report());
    assert_eq!(sim.the_tab(&key).shown.settings.provisioned_throughput.unwrap().read_capacity_units, 5);
}

#[test]
fn an_object_deleted_while_its_table_is_being_made_takes_it_along() {
    for policy in [DeletionPolicy::Delete, DeletionPolicy::Snapshot] {
        let mut sim = Tables::new();
        let key = sim.apply(table("users").deletion(policy));
        sim.until("the create is sent", |sim| sim.sent("CreateTable") == 1);
        sim.delete(&key);
        sim.until("it is gone", |sim| sim.is_gone(&key));
        assert!(sim.aws(|aws| aws.tables.is_empty()), "{policy:?}\n{}", sim.report());
    }
}

#[test]
fn a_table_whose_key_is_lost_is_named_kept_under_snapshot_and_deleted_under_delete() {
    let (mut sim, key) = settled(table("users").encrypted_with("one").snapshot_on_delete());
    let now = sim.now();
    sim.with_tab("shop-users", |tab| tab.lose_key(now));
    let mark = sim.mark();
    sim.apply(table("users").encrypted_with("one").snapshot_on_delete().expiring("expires"));
    sim.run(1300);
    assert_eq!(sim.reason(&key, "Stalled"), "Broken", "{}", sim.report());
    assert!(sim.aws_writes(mark).is_empty(), "{:?}", sim.aws_writes(mark));
    sim.delete(&key);
    sim.run(3600);
    assert!(sim.aws(|aws| aws.deleted.is_empty()));
    assert_eq!(sim.reason(&key, "Stalled"), "NoFinalSnapshot", "{}", sim.report());
    sim.edit(&key, |object| object.spec.shared.deletion_policy = DeletionPolicy::Delete);
    sim.until("it is gone", |sim| sim.is_gone(&key));
}

#[test]
fn a_table_that_got_its_key_back_goes_on() {
    let (mut sim, key) = settled(table("users").encrypted_with("one"));
    let now = sim.now();
    sim.with_tab("shop-users", |tab| tab.lose_key(now));
    sim.run(600);
    assert!(!sim.is_true(&key, "Ready"));
    sim.with_tab("shop-users", |tab| tab.thaw());
    sim.run(120);
    assert!(sim.is_at_rest(&key), "{}", sim.report());
}
