//! Autoscaling: a target, then its policy (aws-dynamodb-elasticache-dms.md 1.4, 1.10).

use super::*;

fn range(min: i64, max: i64) -> Value {
    json!({ "min": min, "max": max })
}

fn both(value: Value) -> Value {
    json!({ "read": value, "write": value })
}

fn reserved(scaling: Value) -> Value {
    with(by_mail(), json!({ "provisionedThroughput": units(5, 5), "autoscaling": scaling }))
}

#[test]
fn each_dimension_is_registered_before_it_gets_its_policy() {
    let scene = provisioned().wants(json!({ "autoscaling": both(range(5, 50)) }));
    assert_eq!(
        scene.steps(),
        ["now: RegisterScalableTarget table read 5..50 (none)", "now: RegisterScalableTarget table write 5..50 (none)",]
    );
    let bare = Scaling { range: (5, 50), policy: None };
    let registered = scene.scales(None, Capacity::Read, bare);
    assert_eq!(
        registered.steps(),
        ["now: PutScalingPolicy table read 70% (none)", "now: RegisterScalableTarget table write 5..50 (none)",]
    );
    assert!(
        registered.scales(None, Capacity::Read, target(5, 50)).scales(None, Capacity::Write, target(5, 50)).settles()
    );
}

#[test]
fn the_table_comes_before_its_indexes_and_an_index_only_when_it_is_there() {
    let scene = provisioned()
        .wants(json!({ "autoscaling": { "write": range(5, 50) } }))
        .both_indexes(&[reserved(json!({ "write": range(5, 90) }))]);
    assert_eq!(
        scene.steps(),
        [
            "now: RegisterScalableTarget table write 5..50 (none)",
            "now: RegisterScalableTarget by-mail write 5..90 (none)",
        ]
    );
    let building = scene.index("by-mail", |index| index.status = "CREATING".into());
    assert_eq!(building.steps(), ["now: RegisterScalableTarget table write 5..50 (none)"]);
}

#[test]
fn what_the_policy_leaves_open_stays_as_it_is() {
    let policy = |target_utilization: i32, cooldown: Option<i32>| ScalingPolicy {
        target_utilization,
        scale_in_cooldown: cooldown,
        scale_out_cooldown: None,
    };
    let wish = |more: Value| with(range(5, 50), more);
    for (why, wish, now, expected) in [
        ("nothing said, nothing there", wish(json!({})), None, Some(policy(70, None))),
        ("nothing said, another target", wish(json!({})), Some(policy(55, Some(60))), None),
        (
            "another target",
            wish(json!({ "targetUtilization": 80 })),
            Some(policy(55, Some(60))),
            Some(policy(80, Some(60))),
        ),
        ("another pause", wish(json!({ "scaleInCooldown": 9 })), Some(policy(55, Some(60))), Some(policy(55, Some(9)))),
    ] {
        let scene = provisioned().wants(json!({ "autoscaling": { "read": wish } })).scales(
            None,
            Capacity::Read,
            Scaling { range: (5, 50), policy: now },
        );
        let put = scene.plan().steps.into_iter().map(|step| match step.action {
            Action::PutScalingPolicy { policy, .. } => policy,
            other => panic!("{why}: {other:?}"),
        });
        assert_eq!(put.collect::<Vec<_>>(), Vec::from_iter(expected), "{why}");
    }
}

#[test]
fn a_dimension_that_is_left_out_has_none_and_an_object_that_says_nothing_manages_none() {
    let scaled = || {
        provisioned()
            .both_indexes(&[reserved(json!(null))])
            .scales(None, Capacity::Read, target(5, 50))
            .scales(None, Capacity::Write, target(5, 50))
            .scales(Some("by-mail"), Capacity::Write, target(5, 50))
    };
    assert!(scaled().settles(), "{:?}", scaled().steps());
    let read_only = scaled().wants(json!({ "autoscaling": { "read": range(5, 50) } }));
    assert_eq!(read_only.steps(), ["now: DeregisterScalableTarget table write (none)"]);
    let index = scaled().wants_indexes(&[reserved(json!({}))]);
    assert_eq!(index.steps(), ["now: DeregisterScalableTarget by-mail write (none)"]);
}

#[test]
fn a_target_of_an_index_that_is_gone_is_taken_away() {
    let orphan = || provisioned().scales(Some("by-mail"), Capacity::Read, target(5, 50));
    assert_eq!(orphan().wants_indexes(&[]).steps(), ["now: DeregisterScalableTarget by-mail read (none)"]);
    assert!(orphan().settles(), "indexes are not managed");
}

#[test]
fn a_table_on_demand_gets_no_target() {
    let scene = dynamo().wants(json!({ "autoscaling": both(range(5, 50)) }));
    assert_eq!(scene.steps(), NOTHING);
    let left = dynamo().wants(json!({ "autoscaling": {} })).scales(None, Capacity::Read, target(5, 50));
    assert_eq!(left.steps(), ["now: DeregisterScalableTarget table read (none)"]);
}

#[test]
fn scaling_is_read_always_where_it_is_managed() {
    assert_eq!(dynamo().id().scaling, Interest::IfProvisioned);
    assert_eq!(provisioned().wants(json!({ "autoscaling": {} })).id().scaling, Interest::Yes);
    assert_eq!(provisioned().wants_indexes(&[reserved(both(range(5, 9)))]).id().scaling, Interest::Yes);
}
