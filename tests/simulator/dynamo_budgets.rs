//! What AWS counts and does not show: a budget that is spent is waited for, named with its time, and never met with a storm.

use jiff::ToSpan;

use crate::sim::builder::Manifest;
use crate::sim::dynamo::{Tables, table};
use crate::sim::faults::Seam;
use crate::sim::kube::Key;
use crate::sim::{Simulation, settled};

type Table = Manifest<awsdb::kinds::dynamo::DynamoTable>;

/// Sends changes until AWS has enough of them, and leaves the last one waiting.
fn spent(first: Table, changes: impl IntoIterator<Item = Table>) -> (Tables, Key) {
    let (mut sim, key) = settled(first);
    for manifest in changes {
        sim.apply(manifest);
        sim.run(200);
    }
    (sim, key)
}

/// The object waits for a time and asks at most so often in a while.
fn waits(sim: &mut Tables, key: &Key, seconds: i64, most: usize) {
    assert_eq!(sim.reason(key, "Synced"), "Busy", "{}", sim.report());
    assert_eq!(sim.reason(key, "Stalled"), "", "waiting is no fault of the user");
    assert!(sim.is_true(key, "Ready"), "the table serves");
    let mark = sim.mark();
    sim.run(seconds);
    let tries = sim.aws_writes(mark).len();
    assert!(tries <= most, "{tries} calls in {seconds} s\n{}", sim.report());
}

#[test]
fn the_fifth_decrease_of_a_day_waits_for_its_hour() {
    let changes = (0..5).map(|n| table("users").provisioned(19 - n, 20));
    let (mut sim, key) = spent(table("users").provisioned(20, 20), changes);
    let units = |sim: &Tables| sim.the_tab(&key).shown.settings.provisioned_throughput.unwrap().read_capacity_units;
    assert_eq!(units(&sim), 16);
    waits(&mut sim, &key, 2400, 1);
    sim.run(2400);
    assert_eq!(units(&sim), 15, "{}", sim.report());
    assert!(sim.is_at_rest(&key));
}

#[test]
fn an_increase_is_not_kept_by_spent_decreases_and_indexes_are_counted_apart() {
    let manifest = |units: i64| table("users").index("email").provisioned(units, 20);
    let (mut sim, key) = spent(manifest(20), (0..5).map(|n| manifest(19 - n)));
    waits(&mut sim, &key, 60, 1);
    sim.apply(manifest(40));
    sim.until("it is larger", |sim| sim.is_at_rest(&key));
    assert_eq!(sim.the_tab(&key).shown.settings.provisioned_throughput.unwrap().read_capacity_units, 40);
}

#[test]
fn the_third_change_of_the_class_in_a_month_waits_and_stops_nothing_else() {
    let changes = [table("users").infrequent(), table("users").table_class(STANDARD), table("users").infrequent()];
    let (mut sim, key) = spent(table("users").table_class(STANDARD), changes);
    waits(&mut sim, &key, 6 * 3600, 7);
    sim.apply(table("users").infrequent().tag("team", "a").streaming("KEYS_ONLY"));
    sim.run(600);
    let tab = sim.the_tab(&key);
    assert!(tab.tags.contains_key("team") && tab.shown.stream_arn.is_some(), "{}", sim.report());
}

const STANDARD: awsdb::aws::dynamo::TableClass = awsdb::aws::dynamo::TableClass::Standard;

#[test]
fn the_fifth_change_of_the_key_in_a_day_waits_six_hours() {
    let changes = ["b", "c", "d", "e", "f"].map(|key| table("users").encrypted_with(key));
    let (mut sim, key) = spent(table("users").encrypted_with("a"), changes);
    waits(&mut sim, &key, 5 * 3600, 6);
    sim.run(2 * 3600);
    assert!(sim.is_at_rest(&key), "{}", sim.report());
    assert!(sim.the_tab(&key).shown.settings.encryption.unwrap().kms_key_arn.unwrap().ends_with("/f"));
}

#[test]
fn a_second_change_of_time_to_live_within_the_hour_waits() {
    let off = table("users").with(|spec| {
        spec.time_to_live = Some(awsdb::kinds::dynamo::TimeToLive { enabled: false, attribute_name: "expires".into() });
    });
    let (mut sim, key) = spent(table("users").expiring("expires"), [off]);
    waits(&mut sim, &key, 3000, 6);
    sim.run(3600);
    assert_eq!(sim.the_tab(&key).ttl.status, "DISABLED", "{}", sim.report());
    assert!(sim.is_at_rest(&key));
}

#[test]
fn protection_and_policy_that_change_twice_in_seconds_end_as_written_last() {
    let (mut sim, key) = settled(table("users").guarded(false).policy("{}"));
    for (on, policy) in [(true, r#"{"a":"1"}"#), (false, r#"{"a":"2"}"#), (true, r#"{"a":"3"}"#)] {
        sim.apply(table("users").guarded(on).policy(policy));
        sim.run(8);
    }
    let mark = sim.mark();
    sim.run(300);
    assert!(sim.is_at_rest(&key), "{}", sim.report());
    let tab = sim.the_tab(&key);
    assert_eq!((tab.shown.settings.deletion_protection, tab.policy.as_deref()), (Some(true), Some(r#"{"a":"3"}"#)));
    assert!(sim.aws_writes(mark).len() <= 8, "{:?}", sim.aws_writes(mark));
}

#[test]
fn tags_that_are_set_and_removed_take_two_calls_with_a_pause_between_them() {
    let (mut sim, key) = settled(table("users").tag("team", "a").tag("cost", "1"));
    let mark = sim.mark();
    sim.apply(table("users").tag("team", "b"));
    sim.until("the tags are there", |sim| sim.is_at_rest(&key));
    sim.run(60);
    let accepted: Vec<_> =
        sim.calls(mark).into_iter().filter(|call| call.writes && call.took_effect && call.seam == Seam::Aws).collect();
    assert_eq!(accepted.len(), 2, "{accepted:#?}");
    let tags = sim.the_tab(&key).tags;
    assert!(tags["team"] == "b" && !tags.contains_key("cost"));
}

#[test]
fn a_budget_that_is_spent_survives_a_restart_without_another_try() {
    let changes = (0..5).map(|n| table("users").provisioned(19 - n, 20));
    let (mut sim, key) = spent(table("users").provisioned(20, 20), changes);
    sim.restart();
    waits(&mut sim, &key, 2000, 1);
    sim.restart();
    waits(&mut sim, &key, 600, 1);
}

#[test]
fn decreases_begin_anew_with_the_day_in_utc() {
    let changes = (0..4).map(|n| table("users").provisioned(19 - n, 20));
    let (mut sim, key) = spent(table("users").provisioned(20, 20), changes);
    let tomorrow = sim.now() + 14.hours();
    sim.shared.lock().advance(tomorrow);
    sim.apply(table("users").provisioned(10, 20));
    let mark = sim.mark();
    sim.until("it is smaller", |sim| sim.is_at_rest(&key));
    assert_eq!(sim.sent_since(mark, "UpdateTable"), 1);
}

#[test]
fn a_limit_of_the_account_is_named_and_tried_once_an_hour() {
    let mut sim: Tables = Simulation::quick();
    let words = "Subscriber limit exceeded: The total number of tables exceeds the account maximum";
    sim.aws(|aws| aws.refuse("CreateTable", "LimitExceededException", words));
    let key = sim.apply(table("users"));
    sim.run(1800);
    assert_eq!(sim.reason(&key, "Stalled"), "QuotaExceeded", "{}", sim.report());
    assert_eq!(sim.sent("CreateTable"), 1);
    sim.run(3600);
    assert!(sim.is_at_rest(&key));
}

#[test]
fn a_throttled_account_slows_the_operator_down() {
    let mut sim = Tables::quick();
    sim.aws(|aws| aws.refuse_always("CreateTable", "ThrottlingException", "Rate exceeded"));
    let key = sim.apply(table("users"));
    sim.run(3600);
    let tries = sim.sent("CreateTable");
    assert!((6..=25).contains(&tries), "{tries} tries in an hour");
    assert_eq!(sim.reason(&key, "Stalled"), "");
    sim.aws(|aws| aws.refusals.clear());
    sim.run(900);
    assert!(sim.is_at_rest(&key));
}
