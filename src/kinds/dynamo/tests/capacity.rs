//! Billing, throughput, caps and warm throughput: what one UpdateTable carries (aws-dynamodb-elasticache-dms.md 1.3), and
//! what is no difference (1.7).

use super::*;

fn reserved(value: Value, read: i64, write: i64) -> Value {
    with(value, json!({ "provisionedThroughput": units(read, write) }))
}

fn to_provisioned() -> Scene {
    dynamo().wants(json!({ "billingMode": "PROVISIONED", "provisionedThroughput": units(5, 6) }))
}

fn to_on_demand() -> Scene {
    provisioned().wants(json!({ "billingMode": "PAY_PER_REQUEST", "provisionedThroughput": null }))
}

#[test]
fn provisioned_capacity_comes_with_that_of_every_index_in_one_call() {
    let scene = to_provisioned()
        .has_indexes(&[by_mail(), by_day()])
        .wants_indexes(&[reserved(by_mail(), 7, 8), reserved(by_day(), 9, 1)]);
    assert_eq!(scene.steps(), ["now: UpdateTable PROVISIONED, table 5/6, by-day 9/1, by-mail 7/8 (none)"]);
    assert_eq!(
        scene.changes(),
        [
            "billingMode: PAY_PER_REQUEST -> PROVISIONED",
            "provisionedThroughput: unset -> 5 read, 6 write",
            "globalSecondaryIndexes.by-day.provisionedThroughput: unset -> 9 read, 1 write",
            "globalSecondaryIndexes.by-mail.provisionedThroughput: unset -> 7 read, 8 write",
        ]
    );
}

#[test]
fn autoscaling_says_where_capacity_begins() {
    let scaling = json!({ "read": { "min": 3, "max": 9 }, "write": { "min": 4, "max": 9 } });
    let scene = dynamo()
        .has_indexes(&[by_mail()])
        .wants_indexes(&[with(by_mail(), json!({ "autoscaling": scaling }))])
        .wants(json!({ "billingMode": "PROVISIONED", "autoscaling": scaling }));
    assert_eq!(scene.steps(), ["now: UpdateTable PROVISIONED, table 3/4, by-mail 3/4 (none)"]);
}

#[test]
fn provisioned_capacity_that_is_not_given_is_asked_for() {
    let (reason, message) = dynamo().wants(json!({ "billingMode": "PROVISIONED" })).problem();
    assert_eq!(reason, Reason::InvalidSpec);
    assert!(message.contains("give spec.provisionedThroughput"), "{message}");
    let unmanaged = to_provisioned().has_indexes(&[by_mail()]);
    assert_eq!(unmanaged.steps(), NOTHING);
    assert!(unmanaged.problem().1.contains("provisionedThroughput of index by-mail"));
}

#[test]
fn an_index_that_is_to_go_needs_no_capacity_and_goes_first() {
    let scene = to_provisioned().has_indexes(&[by_mail()]).wants_indexes(&[]);
    assert_eq!(
        scene.steps(),
        ["now: UpdateTable -by-mail (data-loss)", "later (Updating): UpdateTable PROVISIONED, table 5/6 (none)"]
    );
    assert_eq!(scene.plan().problem, None);
    assert_eq!(scene.runs(), NOTHING, "the removal waits for approval, and the change for the removal");
    let going = scene.index("by-mail", |index| index.status = "DELETING".into()).status("UPDATING");
    assert_eq!(going.steps(), ["later (Updating): UpdateTable PROVISIONED, table 5/6 (none)"]);
}

#[test]
fn on_demand_takes_its_cap_along_and_no_throughput() {
    let cap = json!({ "onDemandThroughput": { "maxReadRequestUnits": 100, "maxWriteRequestUnits": -1 } });
    assert_eq!(to_on_demand().wants(cap).steps(), ["now: UpdateTable PAY_PER_REQUEST, table cap 100/- (none)"]);
    let none = json!({ "onDemandThroughput": { "maxReadRequestUnits": -1 } });
    assert_eq!(to_on_demand().wants(none).steps(), ["now: UpdateTable PAY_PER_REQUEST (none)"]);
}

#[test]
fn scalable_targets_are_taken_away_before_the_table_becomes_on_demand() {
    let scaled = to_on_demand()
        .scales(None, Capacity::Read, target(5, 50))
        .scales(None, Capacity::Write, target(5, 50))
        .has_indexes(&[reserved(by_mail(), 5, 5)])
        .scales(Some("by-mail"), Capacity::Read, target(5, 50));
    assert_eq!(
        scaled.steps(),
        [
            "later (Updating): UpdateTable PAY_PER_REQUEST (none)",
            "now: DeregisterScalableTarget table read (none)",
            "now: DeregisterScalableTarget table write (none)",
            "now: DeregisterScalableTarget by-mail read (none)",
        ]
    );
    let unread = to_on_demand().seen(|observed| observed.scaling = Seen::Unread("denied".into()));
    assert_eq!(unread.steps(), ["later (Unreadable): UpdateTable PAY_PER_REQUEST (none)"]);
    assert_eq!(to_on_demand().id().scaling, Interest::IfProvisioned, "targets are looked for even if none is managed");
}

#[test]
fn throughput_of_table_and_indexes_goes_in_one_call() {
    let now = [reserved(by_mail(), 5, 5), reserved(by_day(), 5, 5)];
    let scene = provisioned().has_indexes(&now);
    let both = scene.clone().wants_indexes(&[reserved(by_mail(), 9, 5), reserved(by_day(), 5, 5)]);
    assert_eq!(
        both.clone().wants(json!({ "provisionedThroughput": units(1, 5) })).steps(),
        ["now: UpdateTable table 1/5, by-mail 9/5 (none)"]
    );
    assert_eq!(both.steps(), ["now: UpdateTable by-mail 9/5 (none)"]);
    let building = both.index("by-mail", |index| index.status = "CREATING".into());
    assert_eq!(building.steps(), NOTHING, "an index that is being built takes none");
}

#[test]
fn capacity_that_is_autoscaled_is_never_a_difference() {
    let range = json!({ "min": 5, "max": 50 });
    let moved = provisioned()
        .has(json!({ "provisionedThroughput": units(37, 41) }))
        .scales(None, Capacity::Read, target(5, 50))
        .scales(None, Capacity::Write, target(5, 50));
    let managed = moved.clone().wants(json!({ "autoscaling": { "read": range, "write": range } }));
    assert!(managed.settles(), "{:?}", managed.steps());
    assert!(moved.settles(), "targets of somebody else: {:?}", moved.steps());
    let mut half = moved.clone().wants(json!({ "autoscaling": { "read": range } }));
    assert_eq!(half.steps()[0], "now: UpdateTable table 37/5 (none)", "only the dimension that scales is left alone");
    half.observed.scaling = Seen::Present([(dimension(None, Capacity::Read), target(5, 50))].into());
    assert_eq!(half.steps(), ["now: UpdateTable table 37/5 (none)"]);
}

#[test]
fn an_index_that_is_autoscaled_keeps_its_capacity() {
    let range = json!({ "min": 5, "max": 50 });
    let scaling = json!({ "autoscaling": { "read": range, "write": range }, "provisionedThroughput": units(5, 5) });
    let scene = provisioned()
        .has_indexes(&[reserved(by_mail(), 30, 30)])
        .wants_indexes(&[with(by_mail(), scaling)])
        .scales(Some("by-mail"), Capacity::Read, target(5, 50))
        .scales(Some("by-mail"), Capacity::Write, target(5, 50));
    assert!(scene.settles(), "{:?}", scene.steps());
}

#[test]
fn throughput_is_not_judged_while_nobody_knows_what_scales_it() {
    let scene = provisioned()
        .wants(json!({ "provisionedThroughput": units(9, 9) }))
        .seen(|observed| observed.scaling = Seen::Unread("throttled".into()));
    assert_eq!(scene.steps(), ["later (Unreadable): UpdateTable table 9/9 (none)"]);
    assert_eq!(scene.runs(), NOTHING);
}

#[test]
fn a_table_on_demand_has_no_throughput_to_differ() {
    let scene = dynamo().both(json!({ "billingMode": "PAY_PER_REQUEST" })).both_indexes(&[by_mail()]);
    assert!(scene.settles());
    let absent = provisioned().table(|table| table.settings.billing_mode = None);
    assert!(absent.settles(), "a mode that AWS does not tell is PROVISIONED");
}

#[test]
fn no_cap_and_minus_one_are_the_same() {
    let cap = |read: Value, write: Value| json!({ "maxReadRequestUnits": read, "maxWriteRequestUnits": write });
    for (why, wanted, now, expected) in [
        ("no cap and none", cap(json!(-1), json!(-1)), json!(null), ""),
        ("none and AWS says -1", cap(json!(-1), json!(null)), cap(json!(-1), json!(-1)), ""),
        ("one is not managed", cap(json!(9), json!(null)), cap(json!(9), json!(4)), ""),
        ("one differs", cap(json!(9), json!(4)), cap(json!(9), json!(5)), "now: UpdateTable table cap 9/4 (none)"),
        ("taken away", cap(json!(-1), json!(null)), cap(json!(9), json!(4)), "now: UpdateTable table cap -1/4 (none)"),
    ] {
        let scene = dynamo().wants(json!({ "onDemandThroughput": wanted })).has(json!({ "onDemandThroughput": now }));
        assert_eq!(scene.steps().join(""), expected, "{why}");
    }
}

#[test]
fn caps_of_indexes_go_in_one_call_of_their_own() {
    let capped =
        |value: Value, read: i64| with(value, json!({ "onDemandThroughput": { "maxReadRequestUnits": read } }));
    let scene = dynamo()
        .has_indexes(&[by_mail(), capped(by_day(), 7)])
        .wants_indexes(&[capped(by_mail(), 8), capped(by_day(), 9)])
        .wants(json!({ "onDemandThroughput": { "maxReadRequestUnits": 9 } }));
    assert_eq!(
        scene.steps(),
        ["now: UpdateTable table cap 9/- (none)", "now: UpdateTable by-day cap 9/-, by-mail cap 8/- (none)"]
    );
    assert_eq!(scene.changes()[1], "globalSecondaryIndexes.by-mail.onDemandThroughput.maxReadRequestUnits: unset -> 8");
}

#[test]
fn warm_throughput_is_a_floor() {
    for (why, wanted, now, expected) in [
        ("the same", warm(12000, 4000), warm(12000, 4000), ""),
        ("AWS has raised it by itself", warm(12000, 4000), warm(30000, 9000), ""),
        ("both", warm(20000, 8000), warm(12000, 4000), "now: UpdateTable table warm 20000/8000 (none)"),
        (
            "one; the other stays as high as it is",
            warm(20000, 4000),
            warm(12000, 9000),
            "now: UpdateTable table warm 20000/9000 (none)",
        ),
    ] {
        let scene = dynamo().wants(json!({ "warmThroughput": wanted })).has(json!({ "warmThroughput": now }));
        assert_eq!(scene.steps().join(""), expected, "{why}");
    }
}

#[test]
fn warm_throughput_of_each_index_is_raised_alone() {
    let warmed = |value: Value, read: i64| with(value, json!({ "warmThroughput": warm(read, 4000) }));
    let scene = dynamo()
        .has_indexes(&[warmed(by_mail(), 12000), warmed(by_day(), 12000)])
        .wants_indexes(&[warmed(by_mail(), 15000), warmed(by_day(), 16000)])
        .wants(json!({ "warmThroughput": warm(20000, 4000) }));
    assert_eq!(
        scene.steps(),
        [
            "now: UpdateTable table warm 20000/4000 (none)",
            "now: UpdateTable by-mail warm 15000/4000 (none)",
            "now: UpdateTable by-day warm 16000/4000 (none)",
        ]
    );
    assert_eq!(scene.runs().len(), 1);
}
