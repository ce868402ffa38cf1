//! Tables end where their manifests say, through every wait, budget and answer that comes too late.

use awsdb::aws::dynamo::{BillingMode, TableClass};

use crate::sim::dynamo::{Tables, rich, table};
use crate::sim::faults::Seam;
use crate::sim::kube::Key;
use crate::sim::{settled, settled_in};

use serde_json::json;

type Manifest = crate::sim::builder::Manifest<awsdb::kinds::dynamo::DynamoTable>;

/// From one manifest to the other and to rest; the calls that the change took.
fn change(before: Manifest, after: Manifest) -> (Tables, Key, Vec<&'static str>) {
    let (mut sim, key) = settled_in(Tables::quick(), before);
    let mark = sim.mark();
    sim.apply(after);
    sim.until("the change is done", |sim| sim.is_at_rest(&key));
    sim.run(700);
    assert!(sim.is_at_rest(&key), "it came undone\n{}", sim.report());
    let calls = sim.aws_writes(mark);
    let refused: Vec<_> = sim.calls(mark).into_iter().filter(|call| call.writes && !call.took_effect).collect();
    assert!(refused.is_empty(), "refused: {refused:#?}");
    (sim, key, calls)
}

#[test]
fn a_new_object_becomes_a_table_with_a_secret_that_names_it() {
    let (sim, key) = settled(table("users"));
    assert!(sim.names_it(&key), "{}", sim.report());
    assert_eq!(sim.aws_writes(0), ["CreateTable"]);
    let tab = sim.the_tab(&key);
    assert_eq!(tab.tags["awsdb.dev/owner"], "test/DynamoTable/shop/users");
    assert_eq!(tab.mode(), BillingMode::PayPerRequest);
}

#[test]
fn everything_that_a_table_can_have_is_there_in_the_end() {
    let (mut sim, key) = settled_in(Tables::new(), rich("users"));
    sim.until("nothing is going on", |sim| sim.is_at_rest(&key));
    sim.run(3600);
    assert!(sim.is_at_rest(&key), "{}", sim.report());
    let tab = sim.the_tab(&key);
    let settings = &tab.shown.settings;
    assert_eq!(tab.shown.indexes.keys().collect::<Vec<_>>(), ["by-city", "by-email"]);
    assert_eq!(tab.shown.local_indexes.keys().collect::<Vec<_>>(), ["local-score"]);
    assert_eq!(settings.stream.as_ref().unwrap().view_type.as_deref(), Some("NEW_IMAGE"));
    assert_eq!(settings.table_class, Some(TableClass::StandardInfrequentAccess));
    assert_eq!((tab.ttl.status.as_str(), tab.ttl.attribute_name.as_deref()), ("ENABLED", Some("expires")));
    assert_eq!((tab.recovery.is_enabled, tab.recovery.recovery_period_in_days), (true, Some(7)));
    assert_eq!(tab.insights[&None].status, "ENABLED");
    assert_eq!(tab.kinesis.values().next().unwrap().status, "ACTIVE");
    assert!(tab.policy.is_some() && tab.tags["team"] == "a");
    let mut calls: Vec<_> =
        sim.calls(0).iter().filter(|c| c.seam == Seam::Aws && c.writes && c.took_effect).map(|c| c.operation).collect();
    calls.sort_unstable();
    assert_eq!(
        calls,
        [
            "CreateTable",
            "EnableKinesisStreamingDestination",
            "UpdateContinuousBackups",
            "UpdateContributorInsights",
            "UpdateTimeToLive"
        ],
        "what the create can carry, it carries"
    );
}

#[test]
fn a_round_after_every_write_of_our_own_changes_nothing() {
    let mut sim = Tables::new();
    sim.eager = true;
    let key = sim.apply(rich("users"));
    // Rounds of milliseconds: settling takes more of them than the simulator grants.
    sim.run(3600);
    sim.apply(rich("users").index("phone").streaming("KEYS_ONLY").at_once());
    sim.run(3600);
    assert!(sim.is_at_rest(&key), "{}", sim.report());
    assert_eq!((sim.sent("CreateTable"), sim.sent("UpdateTable")), (1, 3), "{}", sim.report());
}

#[test]
fn an_index_is_added_with_one_call() {
    let (sim, key, calls) = change(table("users"), table("users").index("email"));
    assert_eq!(calls, ["UpdateTable"]);
    assert_eq!(sim.the_tab(&key).shown.indexes["by-email"].status, "ACTIVE");
}

#[test]
fn several_indexes_are_added_one_after_the_other() {
    let (sim, key, calls) = change(table("users"), table("users").index("email").index("city").index("phone"));
    assert_eq!(calls, ["UpdateTable"; 3]);
    assert_eq!(sim.the_tab(&key).shown.indexes.len(), 3);
}

#[test]
fn on_demand_capacity_becomes_provisioned_with_every_index_in_one_call_and_goes_back() {
    let manifest = || table("users").index("email").index("city");
    let (sim, key, calls) = change(manifest(), manifest().provisioned(5, 6));
    assert_eq!(calls, ["UpdateTable"]);
    let tab = sim.the_tab(&key);
    assert_eq!(tab.mode(), BillingMode::Provisioned);
    assert!(tab.shown.indexes.values().all(|index| index.index.throughput.unwrap().read_capacity_units == 5));
    let (sim, key, calls) = change(manifest().provisioned(5, 6), manifest().on_demand());
    assert_eq!(calls, ["UpdateTable"]);
    assert_eq!(sim.the_tab(&key).mode(), BillingMode::PayPerRequest);
}

#[test]
fn capacity_of_table_and_indexes_changes_in_one_call() {
    let manifest = || table("users").index("email").index("city");
    let (sim, key, calls) = change(manifest().provisioned(5, 5), manifest().provisioned(9, 9));
    assert_eq!(calls, ["UpdateTable"], "{}", sim.report());
    assert!(
        sim.the_tab(&key).shown.indexes.values().all(|index| index.index.throughput.unwrap().write_capacity_units == 9)
    );
}

#[test]
fn caps_are_set_and_taken_away() {
    let (sim, key, calls) = change(table("users"), table("users").capped(100, 50));
    assert_eq!(calls, ["UpdateTable"]);
    assert_eq!(sim.the_tab(&key).shown.settings.on_demand_throughput.unwrap().max_write_request_units, Some(50));
    let (sim, key, calls) = change(table("users").capped(100, 50), table("users").capped(-1, 50));
    assert_eq!(calls, ["UpdateTable"]);
    assert_eq!(sim.the_tab(&key).shown.settings.on_demand_throughput.unwrap().max_read_request_units, None);
}

#[test]
fn caps_that_a_switch_to_provisioned_drops_come_back_with_the_switch_back() {
    let (mut sim, key) = settled(table("users").on_demand().capped(100, 50));
    sim.apply(table("users").provisioned(5, 5));
    sim.until("it is provisioned", |sim| sim.is_at_rest(&key));
    assert_eq!(sim.the_tab(&key).shown.settings.on_demand_throughput, None);
    sim.apply(table("users").on_demand().capped(100, 50));
    sim.until("it is on demand", |sim| sim.is_at_rest(&key));
    assert!(sim.the_tab(&key).shown.settings.on_demand_throughput.is_some(), "{}", sim.report());
}

#[test]
fn warm_throughput_is_a_floor_that_is_raised_once() {
    let (sim, key, calls) = change(table("users"), table("users").warm(20000, 8000));
    assert_eq!(calls, ["UpdateTable"]);
    assert_eq!(sim.the_tab(&key).shown.settings.warm_throughput.unwrap().read_units_per_second, 20000);
    let (_, _, calls) = change(table("users"), table("users").warm(1000, 1000));
    assert!(calls.is_empty(), "AWS has more already: {calls:?}");
}

#[test]
fn class_encryption_protection_policy_and_tags_take_one_call_each() {
    let changes: [(Manifest, &str); 6] = [
        (table("users").infrequent(), "UpdateTable"),
        (table("users").encrypted_with("two"), "UpdateTable"),
        (table("users").guarded(true), "UpdateTable"),
        (table("users").policy(r#"{"Version":"2012-10-17","Statement":[]}"#), "PutResourcePolicy"),
        (table("users").tag("team", "b"), "TagResource"),
        (table("users").insights(true), "UpdateContributorInsights"),
    ];
    for (after, call) in changes {
        let (_, _, calls) = change(table("users"), after);
        assert_eq!(calls, [call]);
    }
}

#[test]
fn a_stream_comes_changes_by_way_of_off_and_goes() {
    let (sim, key, calls) = change(table("users"), table("users").streaming("KEYS_ONLY"));
    assert_eq!(calls, ["UpdateTable"]);
    let first = sim.the_tab(&key).shown.stream_arn.unwrap();
    let secret = sim.secret("shop", "users-connection").unwrap();
    assert_eq!(secret["stream-arn"].expose(), first);
    let before = table("users").streaming("KEYS_ONLY").at_once();
    let (sim, key, calls) = change(before, table("users").streaming("NEW_IMAGE").at_once());
    assert_eq!(calls, ["UpdateTable"; 2], "off and on");
    let (arn, secret) = (sim.the_tab(&key).shown.stream_arn.unwrap(), sim.secret("shop", "users-connection").unwrap());
    assert_eq!(secret["stream-arn"].expose(), arn, "the Secret follows");
    let (sim, key, _) =
        change(table("users").streaming("KEYS_ONLY").at_once(), table("users").not_streaming().at_once());
    assert_eq!(sim.the_tab(&key).shown.stream_arn, None);
}

#[test]
fn time_to_live_moves_to_another_attribute_by_way_of_off_and_an_hour() {
    let (mut sim, key) = settled(table("users").expiring("expires"));
    sim.run(4000);
    let mark = sim.mark();
    sim.apply(table("users").expiring("until"));
    sim.run(3 * 3600);
    assert!(sim.is_at_rest(&key), "{}", sim.report());
    assert_eq!(sim.the_tab(&key).ttl.attribute_name.as_deref(), Some("until"));
    let sent = sim.sent_since(mark, "UpdateTimeToLive");
    assert!((2..=9).contains(&sent), "{sent} calls: off, a try every ten minutes of the hour, on");
}

#[test]
fn recovery_insights_and_kinesis_change_and_go() {
    let (sim, key, calls) = change(table("users").recoverable(7), table("users").recoverable(30));
    assert_eq!(calls, ["UpdateContinuousBackups"]);
    assert_eq!(sim.the_tab(&key).recovery.recovery_period_in_days, Some(30));
    let (sim, key, calls) = change(table("users").insights(true), table("users").insights(false));
    assert_eq!(calls, ["UpdateContributorInsights"]);
    assert_eq!(sim.the_tab(&key).insights[&None].status, "DISABLED");
    let (sim, key, calls) = change(table("users").kinesis("one"), table("users").kinesis("two"));
    assert_eq!(calls, ["DisableKinesisStreamingDestination", "EnableKinesisStreamingDestination"]);
    let states: Vec<_> = sim.the_tab(&key).kinesis.values().map(|state| state.status.clone()).collect();
    assert_eq!(states, ["DISABLED", "ACTIVE"]);
}

#[test]
fn autoscaling_is_registered_before_its_policy_and_moves_capacity_without_a_fight() {
    let manifest = || table("users").index("email").provisioned(5, 5).autoscaled(5, 50);
    let (mut sim, key) = settled(manifest());
    sim.run(300);
    assert_eq!((sim.sent("RegisterScalableTarget"), sim.sent("PutScalingPolicy")), (4, 4), "{}", sim.report());
    assert!(sim.aws(|aws| aws.targets.values().all(|target| target.policy.is_some())));
    let mark = sim.mark();
    sim.aws(|aws| {
        let dimension = aws.targets.keys().next().unwrap().1.clone();
        aws.load_moves("shop-users", dimension, 40);
    });
    sim.run(3600);
    assert!(sim.aws_writes(mark).is_empty(), "{:?}", sim.aws_writes(mark));
    assert!(sim.is_at_rest(&key));
}

#[test]
fn scalable_targets_go_before_a_switch_to_on_demand() {
    let manifest = || table("users").provisioned(5, 5);
    let after = table("users").on_demand().with(|spec| spec.autoscaling = Some(Default::default()));
    let (sim, _, calls) = change(manifest().autoscaled(5, 50), after);
    assert_eq!(calls, ["DeregisterScalableTarget", "DeregisterScalableTarget", "UpdateTable"]);
    assert!(sim.aws(|aws| aws.targets.is_empty()));
}

#[test]
fn replicas_come_last_one_region_a_call_with_their_own_tags() {
    let manifest = || table("users").tag("team", "a").expiring("expires");
    let (mut sim, key) = settled(manifest());
    let mark = sim.mark();
    sim.apply(manifest().replica("eu-west-1").replica("ap-south-1"));
    sim.until("the replicas are there", |sim| sim.is_at_rest(&key));
    assert_eq!(sim.sent_since(mark, "UpdateTable"), 2, "{}", sim.report());
    let tab = sim.the_tab(&key);
    assert!(tab.shown.replicas.values().all(|replica| replica.status == "ACTIVE"));
    assert_eq!(tab.away.len(), 2);
}

#[test]
fn replicas_of_provisioned_capacity_wait_for_its_autoscaling() {
    let manifest = table("users").index("email").provisioned(5, 5).autoscaled(5, 50).replica("eu-west-1");
    let (sim, key) = settled(manifest);
    let refused: Vec<_> = sim.calls(0).into_iter().filter(|call| call.writes && !call.took_effect).collect();
    assert!(refused.is_empty(), "{refused:#?}");
    assert_eq!(sim.the_tab(&key).shown.replicas["eu-west-1"].status, "ACTIVE");
}

#[test]
fn insights_that_fail_are_turned_off_and_on_again_three_times_and_then_named() {
    let (mut sim, key) = settled(table("users"));
    sim.aws(|aws| aws.no_rules_left = true);
    sim.apply(table("users").insights(true));
    let mark = sim.mark();
    sim.run(4 * 3600);
    let sent = sim.sent_since(mark, "UpdateContributorInsights");
    assert!(sent <= 6, "{sent} calls");
    assert_eq!(sim.reason(&key, "Stalled"), "UpdateLoop", "{}", sim.report());
    assert!(sim.message(&key, "Stalled").contains("contributorInsights"));
    sim.aws(|aws| aws.no_rules_left = false);
    sim.annotate(&key, awsdb::spec::annotation::RECONCILE, "rules-are-free");
    sim.until("they are on", |sim| sim.is_at_rest(&key));
    assert_eq!(sim.the_tab(&key).insights[&None].status, "ENABLED");
}

#[test]
fn insights_that_failed_are_healed_by_off_and_on() {
    let (mut sim, key) = settled(table("users").insights(true));
    sim.with_tab("shop-users", |tab| tab.insights.get_mut(&None).unwrap().status = "FAILED".into());
    let mark = sim.mark();
    sim.run(1500);
    assert_eq!(sim.aws_writes(mark), ["UpdateContributorInsights"; 2], "{}", sim.report());
    assert_eq!(sim.the_tab(&key).insights[&None].status, "ENABLED");
}

#[test]
fn a_kinesis_stream_that_does_not_exist_is_named_and_costs_no_storm() {
    let (mut sim, key) = settled(table("users"));
    let mark = sim.mark();
    sim.apply(table("users").kinesis("missing"));
    sim.run(3600);
    assert!(!sim.is_true(&key, "Synced"), "{}", sim.report());
    let tries = sim.aws_writes(mark).len();
    assert!(tries <= 30, "{tries} calls in an hour");
    sim.apply(table("users").kinesis("changes"));
    sim.until("the other one is on", |sim| sim.is_at_rest(&key));
}

#[test]
fn items_are_written_once_in_batches_and_the_object_is_ready_only_after_them() {
    let mut sim = Tables::new();
    let items: Vec<_> =
        (0..60).map(|n| json!({"id": {"S": format!("user-{n:03}")}, "n": {"N": n.to_string()}})).collect();
    sim.items_in("seed", &items);
    let key = sim.apply(table("users").items_from("seed"));
    sim.until("it is ready", |sim| {
        let is_ready = sim.is_true(&key, "Ready");
        assert!(!is_ready || sim.the_tab(&key).items.len() == 60, "ready before its items are in");
        is_ready
    });
    sim.settle();
    assert_eq!(sim.sent("BatchWriteItem"), 3);
    assert!(sim.the_tab(&key).items.values().all(|item| item.writes == 1));
    let facts = sim.status(&key).facts.items.unwrap();
    assert_eq!((facts.written, facts.total), (60, 60));
}

#[test]
fn items_are_never_written_again_once_the_table_is_ready() {
    let mut sim = Tables::quick();
    sim.items_in("seed", &[json!({"id": {"S": "a"}, "n": {"N": "1"}})]);
    let key = sim.apply(table("users").items_from("seed"));
    sim.settle();
    sim.with_tab("shop-users", |tab| tab.app_writes(json!({"id": {"S": "a"}, "n": {"N": "2"}})));
    let mark = sim.mark();
    sim.items_in("seed", &[json!({"id": {"S": "a"}, "n": {"N": "3"}}), json!({"id": {"S": "b"}})]);
    sim.restart();
    sim.run(600);
    sim.edit(&key, |object| object.spec.items = None);
    sim.run(600);
    sim.kube(|kube| kube.config_maps.clear());
    sim.annotate(&key, awsdb::spec::annotation::RECONCILE, "again");
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty(), "{}", sim.report());
    assert!(sim.is_settled(&key));
    let item = sim.the_tab(&key).items.into_values().next().unwrap();
    assert!(item.is_of_app && !item.was_overwritten && item.writes == 1);
}

#[test]
fn a_missing_config_map_is_waited_for_before_anything_is_made() {
    let mut sim = Tables::quick();
    let key = sim.apply(table("users").items_from("seed"));
    sim.run(600);
    assert!(sim.aws_writes(0).is_empty());
    assert!(sim.message(&key, "Synced").contains("ConfigMap seed"), "{}", sim.report());
    sim.items_in("seed", &[json!({"id": {"S": "a"}})]);
    sim.settle();
    assert_eq!(sim.the_tab(&key).items.len(), 1);
}

#[test]
fn two_items_of_one_key_are_refused_before_anything_is_made() {
    let mut sim = Tables::quick();
    sim.items_in("seed", &[json!({"id": {"S": "a"}}), json!({"id": {"S": "a"}})]);
    let key = sim.apply(table("users").items_from("seed"));
    sim.run(600);
    assert!(sim.aws_writes(0).is_empty());
    assert_eq!(sim.reason(&key, "Stalled"), "InvalidSpec", "{}", sim.report());
}

#[test]
fn a_re_applied_manifest_finds_its_table_again() {
    let (mut sim, key) = settled(rich("users"));
    sim.delete(&key);
    sim.run(60);
    assert!(sim.is_gone(&key));
    let mark = sim.mark();
    sim.apply(rich("users"));
    sim.settle();
    assert!(sim.names_it(&key));
    assert!(sim.aws_writes(mark).is_empty(), "{:?}", sim.aws_writes(mark));
}
