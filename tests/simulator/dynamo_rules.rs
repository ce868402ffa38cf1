//! Answers that are no effect, values that are no difference, and looks that are not fresh.

use awsdb::aws::Look;
use awsdb::aws::dynamo::{Action, BillingMode, Dimension, Encryption, EncryptionType, Id, TableClass, Update};

use crate::sim::dynamo::{Tables, rich, table};
use crate::sim::faults::{At, Fault};
use crate::sim::service::Service;
use crate::sim::{settled, settled_in};

fn sent_by_hand(sim: &Tables, update: Update) {
    let now = sim.now();
    sim.aws(|aws| aws.perform(now, &the_table(), &Action::Update(update), None)).unwrap();
}

fn the_table() -> Id {
    Id { region: "us-east-1".into(), table: "shop-users".into(), ..Id::default() }
}

#[test]
fn a_switch_that_aws_accepts_and_drops_is_seen_and_sent_again() {
    let (mut sim, key) = settled_in(Tables::new(), table("users").on_demand());
    sim.apply(table("users").provisioned(5, 5));
    sim.until("the switch is on its way", |sim| sim.the_tab(&key).shown.status == "UPDATING");
    sim.apply(table("users").on_demand());
    sim.run(1300);
    assert_eq!(sim.the_tab(&key).mode(), BillingMode::PayPerRequest, "{}", sim.report());
    assert!(sim.is_at_rest(&key));
}

#[test]
fn a_class_that_vanished_under_a_change_of_the_key_is_set_again() {
    let (mut sim, key) = settled(table("users"));
    sim.apply(table("users").infrequent());
    sim.until("the class is on its way", |sim| sim.sent("UpdateTable") == 1);
    sent_by_hand(&sim, Update::Encryption(Encryption { type_: EncryptionType::AwsManaged, kms_key_arn: None }));
    sim.run(1300);
    let class = sim.the_tab(&key).shown.settings.table_class;
    assert_eq!(class, Some(TableClass::StandardInfrequentAccess), "{}", sim.report());
}

#[test]
fn the_operator_never_sends_a_class_and_a_key_on_top_of_each_other() {
    let (mut sim, key) = settled(table("users"));
    sim.apply(table("users").infrequent().encrypted_with("two"));
    sim.until("both are there", |sim| sim.is_at_rest(&key));
    assert_eq!(sim.aws_writes(0), ["CreateTable", "UpdateTable", "UpdateTable"], "{}", sim.report());
    let settings = sim.the_tab(&key).shown.settings;
    assert_eq!(settings.table_class, Some(TableClass::StandardInfrequentAccess));
}

#[test]
fn a_change_that_aws_accepts_and_forgets_is_sent_three_times_and_then_named() {
    let (mut sim, key) = settled(table("users"));
    sim.aws(|aws| aws.forgets = true);
    sim.apply(table("users").streaming("KEYS_ONLY"));
    sim.run(6 * 3600);
    assert_eq!(sim.sent("UpdateTable"), 3, "{}", sim.report());
    assert_eq!(sim.reason(&key, "Stalled"), "UpdateLoop");
    assert!(sim.message(&key, "Stalled").contains("stream"), "{}", sim.message(&key, "Stalled"));
    assert!(sim.is_true(&key, "Ready"));
}

#[test]
fn what_somebody_else_changed_is_put_back_once_and_what_is_not_managed_is_left() {
    let (mut sim, key) = settled(table("users").streaming("KEYS_ONLY").tag("team", "a"));
    sim.with_tab("shop-users", |tab| {
        tab.shown.settings.table_class = Some(TableClass::StandardInfrequentAccess);
        tab.shown.settings.stream = Some(Default::default());
        tab.shown.stream_arn = None;
        tab.tags.insert("team".into(), "drifted".into());
        tab.tags.insert("foreign".into(), "stays".into());
    });
    let mark = sim.mark();
    sim.run(1500);
    let mut calls = sim.aws_writes(mark);
    calls.sort_unstable();
    assert_eq!(calls, ["TagResource", "UpdateTable"], "{}", sim.report());
    let tab = sim.the_tab(&key);
    assert!(tab.tags["team"] == "a" && tab.tags["foreign"] == "stays");
    assert_eq!(tab.shown.settings.table_class, Some(TableClass::StandardInfrequentAccess));
}

#[test]
fn a_fact_from_minutes_ago_leads_to_no_call_and_a_change_of_ours_is_read_at_once() {
    let (mut sim, key) = settled(table("users").expiring("expires"));
    sim.run(4000);
    sim.with_tab("shop-users", |tab| tab.ttl.attribute_name = Some("drifted".into()));
    let mark = sim.mark();
    sim.run(300);
    assert!(sim.aws_writes(mark).is_empty(), "nobody knows yet");
    sim.run(3 * 3600);
    assert_eq!(sim.the_tab(&key).ttl.attribute_name.as_deref(), Some("expires"), "{}", sim.report());
    assert!(sim.is_at_rest(&key));
}

#[test]
fn nothing_is_sent_on_the_word_of_a_stale_look() {
    let (mut sim, key) = settled(table("users").streaming("KEYS_ONLY"));
    let mut stale = sim.aws(|aws| aws.observe(&the_table(), Look::Direct, &mut |_| Ok(())).unwrap().observed);
    if let awsdb::aws::Seen::Present(table) = &mut stale.table {
        table.settings.stream = Some(Default::default());
        table.stream_arn = None;
    }
    sim.aws(|aws| aws.stale = Some(stale));
    let mark = sim.mark();
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty(), "{:?}", sim.aws_writes(mark));
    sim.aws(|aws| aws.stale = None);
    assert!(sim.is_settled(&key));
}

#[test]
fn not_found_right_after_the_create_makes_no_second_table() {
    for fault in [Fault::CrashAfter, Fault::ReplyLost] {
        let mut sim = Tables::new();
        sim.fault(At::Next("CreateTable"), fault);
        let key = sim.apply(table("users").destroyed_on_delete());
        sim.until("it is there", |sim| sim.is_at_rest(&key));
        assert_eq!(sim.aws(|aws| aws.made.clone()), ["shop-users"], "{fault:?}");
    }
}

#[test]
fn an_object_deleted_right_after_its_create_leaves_no_table_behind() {
    for fault in [Fault::CrashAfter, Fault::ReplyLost, Fault::Late(std::time::Duration::from_secs(30))] {
        let mut sim = Tables::new();
        sim.fault(At::Next("CreateTable"), fault);
        let key = sim.apply(table("users").destroyed_on_delete());
        sim.until("the create was sent", |sim| sim.sent("CreateTable") == 1);
        sim.delete(&key);
        sim.until("it is gone", |sim| sim.is_gone(&key));
        sim.run(600);
        assert!(sim.aws(|aws| aws.tables.is_empty()), "{fault:?}: an orphan\n{}", sim.report());
    }
}

#[test]
fn autoscaling_in_the_manifest_means_that_capacity_is_never_compared() {
    let manifest = || table("users").provisioned(5, 5).autoscaled(5, 50);
    let (mut sim, key) = settled(manifest());
    let read = Dimension { index: None, capacity: awsdb::aws::dynamo::Capacity::Read };
    sim.aws(|aws| aws.load_moves("shop-users", read, 33));
    let mark = sim.mark();
    sim.apply(manifest().provisioned(7, 7).autoscaled(5, 50));
    sim.run(1300);
    assert!(sim.aws_writes(mark).is_empty(), "{:?}", sim.aws_writes(mark));
    assert!(sim.is_settled(&key));
    sim.apply(table("users").provisioned(7, 7).autoscaled(10, 40));
    sim.until("the ranges are there", |sim| sim.is_at_rest(&key));
    assert_eq!(sim.sent_since(mark, "UpdateTable"), 0, "AWS brings capacity into its range");
    assert_eq!(sim.the_tab(&key).shown.settings.provisioned_throughput.unwrap().write_capacity_units, 10);
}

#[test]
fn a_table_that_serves_stays_ready_while_it_is_changed() {
    let (mut sim, key) = settled_in(Tables::new(), table("users"));
    sim.apply(table("users").index("email").infrequent().encrypted_with("two"));
    for _ in 0..80 {
        sim.round();
        assert!(sim.is_true(&key, "Ready"), "{}", sim.report());
    }
    assert!(sim.is_at_rest(&key), "{}", sim.report());
}

#[test]
fn synced_is_not_said_before_everything_is_at_rest() {
    let mut sim = Tables::new();
    let key = sim.apply(rich("users"));
    for _ in 0..80 {
        sim.round();
        if sim.is_settled(&key) {
            let tab = sim.the_tab(&key);
            assert!(tab.ttl.status == "ENABLED" && tab.recovery.is_enabled, "{}", sim.report());
            assert!(tab.kinesis.values().all(|state| state.status == "ACTIVE"), "{}", sim.report());
        }
    }
    assert!(sim.is_at_rest(&key));
}

#[test]
fn the_secret_names_what_workloads_need() {
    let (sim, key) = settled(table("users").index("email").streaming("KEYS_ONLY"));
    let secret = sim.secret("shop", "users-connection").unwrap();
    let tab = sim.the_tab(&key);
    for (field, value) in [
        ("type", "dynamodb"),
        ("table", "shop-users"),
        ("region", "us-east-1"),
        ("arn", tab.shown.arn.as_str()),
        ("stream-arn", tab.shown.stream_arn.as_deref().unwrap()),
    ] {
        assert_eq!(secret.get(field).map(|it| it.expose()), Some(value), "{field}");
    }
}
