//! Tables that are made of something else: their calls take no tags, so what came of them is claimed only where source and
//! time fit.

use awsdb::aws::dynamo::RestoreState;
use awsdb::aws::owner::ALLOW_TAG;

use crate::sim::builder::Manifest;
use crate::sim::dynamo::{Tables, Timing, table};
use crate::sim::faults::{At, Fault};
use crate::sim::kube::Key;
use crate::sim::{Setup, settled_in};

type Table = Manifest<awsdb::kinds::dynamo::DynamoTable>;

/// A table `old` of the same namespace with a backup of it.
fn with_backup(old: Table) -> (Tables, Key, String) {
    let (mut sim, key) = settled_in(Tables::new(), old);
    sim.run(60);
    let now = sim.now();
    let name = sim.name_in_aws(&key);
    let backup = sim.aws(|aws| aws.take_backup(&name, "monday", now));
    (sim, key, backup)
}

#[test]
fn a_backup_becomes_a_table_of_its_own_with_everything_that_a_restore_leaves_out() {
    let (mut sim, _, backup) = with_backup(table("old").index("email").tag("secret", "of-old"));
    let wanted = table("users").index("email").restored_from(&backup).streaming("KEYS_ONLY").expiring("expires");
    let wanted = wanted.recoverable(7).guarded(true).tag("team", "a");
    let key = sim.apply(wanted);
    sim.until("it is at rest", |sim| sim.is_at_rest(&key));
    let tab = sim.the_tab(&key);
    assert_eq!(tab.tags["awsdb.dev/owner"], "test/DynamoTable/shop/users");
    assert!(!tab.tags.contains_key("secret") && tab.tags["team"] == "a", "{:?}", tab.tags);
    assert!(tab.shown.stream_arn.is_some() && tab.recovery.is_enabled && tab.ttl.status == "ENABLED");
    assert_eq!(tab.shown.settings.deletion_protection, Some(true));
    assert_eq!(sim.sent("RestoreTableFromBackup"), 1);
}

#[test]
fn a_moment_of_another_table_becomes_a_table() {
    let (mut sim, _, _) = with_backup(table("old").recoverable(7));
    let key = sim.apply(table("users").restored_at_the_latest_of("shop-old"));
    sim.until("it is at rest", |sim| sim.is_at_rest(&key));
    assert_eq!(sim.sent("RestoreTableToPointInTime"), 1);
    assert_eq!(sim.the_tab(&key).tags["awsdb.dev/owner"], "test/DynamoTable/shop/users");
}

#[test]
fn a_table_without_recovery_is_waited_for_and_nothing_is_sent() {
    let (mut sim, _, _) = with_backup(table("old"));
    let mark = sim.mark();
    let key = sim.apply(table("users").restored_at_the_latest_of("shop-old"));
    sim.run(1300);
    assert!(sim.aws_writes(mark).is_empty());
    assert!(sim.message(&key, "Synced").contains("point-in-time recovery"), "{}", sim.report());
}

#[test]
fn a_source_of_another_namespace_needs_the_word_of_the_aws_side() {
    let (mut sim, _, backup) = with_backup(table("secret").namespace("finance"));
    let mark = sim.mark();
    let key = sim.apply(table("users").restored_from(&backup));
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty());
    assert_eq!(sim.reason(&key, "Stalled"), "NotAllowed", "{}", sim.report());
    sim.with_tab("finance-secret", |tab| tab.tags.insert(ALLOW_TAG.into(), "test/shop".into()));
    sim.until("it is at rest", |sim| sim.is_at_rest(&key));
}

#[test]
fn removing_the_source_changes_nothing() {
    let (mut sim, _, backup) = with_backup(table("old"));
    let key = sim.apply(table("users").restored_from(&backup));
    sim.until("it is at rest", |sim| sim.is_at_rest(&key));
    let mark = sim.mark();
    sim.edit(&key, |object| object.spec.source = None);
    sim.run(1300);
    assert!(sim.aws_writes(mark).is_empty() && sim.is_settled(&key));
}

#[test]
fn a_strangers_table_of_that_name_is_never_claimed() {
    let (mut sim, _, backup) = with_backup(table("old"));
    // The operator's call is lost, and somebody makes a table of that very name by hand.
    sim.fault(At::Next("RestoreTableFromBackup"), Fault::RequestLost);
    let key = sim.apply(table("users").restored_from(&backup).destroyed_on_delete());
    sim.until("the call was lost", |sim| sim.calls(0).iter().any(|call| call.operation == "RestoreTableFromBackup"));
    let made = sim.now();
    sim.aws(|aws| {
        let mut tab = aws.tables["shop-old"].clone();
        tab.tags.clear();
        tab.shown.id = "table-id-STRANGER".into();
        tab.shown.arn = tab.shown.arn.replace("shop-old", "shop-users");
        tab.shown.created = Some(made - jiff::SignedDuration::from_hours(2));
        aws.tables.insert("shop-users".into(), tab);
    });
    sim.run(1800);
    assert!(sim.the_tab(&key).tags.is_empty(), "a table of two hours ago cannot have come of this call");
    assert_eq!(sim.reason(&key, "Stalled"), "Conflict", "{}", sim.report());
    sim.delete(&key);
    sim.run(1800);
    assert!(sim.aws(|aws| aws.tables.contains_key("shop-users") && aws.deleted.is_empty()));
}

/// The operator's restore is lost, and at the same time somebody else makes a table of that name, from `source` or from
/// nothing. It is claimed neither while it is being made nor when it tells no more where it comes from.
fn a_table_of_the_same_moment_is_never_claimed(source: Option<&str>) {
    let (mut sim, _, backup) = with_backup(table("old"));
    sim.fault(At::Next("RestoreTableFromBackup"), Fault::RequestLost);
    let key = sim.apply(table("users").restored_from(&backup));
    sim.until("the call was lost", |sim| sim.calls(0).iter().any(|call| call.operation == "RestoreTableFromBackup"));
    let made = sim.now();
    sim.aws(|aws| {
        let mut tab = aws.tables["shop-old"].clone();
        tab.tags.clear();
        tab.shown.id = "table-id-STRANGER".into();
        tab.shown.arn = tab.shown.arn.replace("shop-old", "shop-users");
        tab.shown.created = Some(made);
        tab.shown.status = "CREATING".into();
        let from = source.map(|source| RestoreState { source: source.into(), in_progress: true });
        tab.shown.restore = from;
        aws.tables.insert("shop-users".into(), tab);
    });
    sim.run(200);
    assert!(sim.the_tab(&key).tags.is_empty());
    sim.with_tab("shop-users", |tab| {
        tab.shown.status = "ACTIVE".into();
        tab.shown.restore = None;
    });
    sim.run(1200);
    assert!(sim.the_tab(&key).tags.is_empty(), "claimed\n{}", sim.report());
    assert_eq!(sim.reason(&key, "Stalled"), "Conflict", "{}", sim.report());
}

#[test]
fn a_strangers_restore_of_something_else_is_never_claimed() {
    a_table_of_the_same_moment_is_never_claimed(Some("arn:aws:dynamodb:us-east-1:123456789012:table/other/backup/1"));
}

#[test]
fn a_strangers_new_table_is_never_claimed_for_a_restore() {
    a_table_of_the_same_moment_is_never_claimed(None);
}

fn trusting() -> Tables {
    let mut installation = Setup::default().installation;
    installation.trust_account = true;
    Tables::with(Timing::real(), Setup { installation, ..Setup::default() })
}

#[test]
fn an_import_is_ready_when_it_is_over_and_not_when_its_table_is_active() {
    let mut sim = trusting();
    let key = sim.apply(table("users").imported("exports"));
    sim.until("the table is active", |sim| sim.tab(&key).is_some_and(|tab| tab.shown.status == "ACTIVE"));
    sim.round();
    sim.round();
    assert!(!sim.is_true(&key, "Ready"), "{}", sim.report());
    sim.until("it is at rest", |sim| sim.is_at_rest(&key));
    assert!(sim.aws(|aws| aws.imports["shop-users"].status == "COMPLETED"));
    assert_eq!(sim.status(&key).facts.import.unwrap().status, "COMPLETED");
    assert_eq!((sim.sent("ImportTable"), sim.sent("TagResource")), (1, 1), "{}", sim.report());
    let mark = sim.mark();
    sim.run(3600);
    assert_eq!(sim.aws_writes(mark).len(), 0);
}

#[test]
fn a_failed_import_is_named_and_neither_repeated_nor_undone() {
    let mut sim = trusting();
    sim.aws(|aws| aws.import_ends = "FAILED");
    let key = sim.apply(table("users").imported("exports").destroyed_on_delete());
    sim.run(2 * 3600);
    assert_eq!(sim.reason(&key, "Stalled"), "Broken", "{}", sim.report());
    assert!(sim.message(&key, "Stalled").contains("FAILED"));
    assert_eq!((sim.sent("ImportTable"), sim.sent("DeleteTable")), (1, 0));
}

#[test]
fn an_import_needs_an_operator_that_trusts_its_account() {
    let mut sim = Tables::quick();
    let key = sim.apply(table("users").imported("exports"));
    sim.run(600);
    assert!(sim.aws_writes(0).is_empty());
    assert_eq!(sim.reason(&key, "Stalled"), "NotAllowed");
}

#[test]
fn an_import_whose_answer_was_lost_is_not_begun_a_second_time() {
    for fault in [Fault::ReplyLost, Fault::CrashAfter, Fault::RequestLost, Fault::CrashBefore] {
        let mut sim = trusting();
        sim.fault(At::Next("ImportTable"), fault);
        let key = sim.apply(table("users").imported("exports"));
        sim.until("it is at rest", |sim| sim.is_at_rest(&key));
        assert_eq!(sim.aws(|aws| aws.made.clone()), ["shop-users"], "{fault:?}");
        assert_eq!(sim.the_tab(&key).tags["awsdb.dev/owner"], "test/DynamoTable/shop/users", "{fault:?}");
    }
}
