//! The order of changes (aws-dynamodb-elasticache-dms.md 1.6): everything is shown, one call runs in a round.

use super::*;

fn everything_differs() -> Scene {
    let old = with(by_mail(), json!({ "provisionedThroughput": units(5, 5) }));
    let new = with(by_day(), json!({ "provisionedThroughput": units(5, 5) }));
    provisioned().has_indexes(&[old]).wants_indexes(&[new]).wants(json!({
        "tags": { "team": "shop" },
        "resourcePolicy": "{}",
        "timeToLive": { "enabled": true, "attributeName": "expires" },
        "pointInTimeRecovery": { "enabled": true },
        "contributorInsights": { "enabled": true },
        "kinesisDestination": { "enabled": true, "streamArn": STREAM },
        "deletionProtection": true,
        "tableClass": "STANDARD_INFREQUENT_ACCESS",
        "provisionedThroughput": units(10, 10),
        "stream": { "enabled": true, "viewType": "NEW_AND_OLD_IMAGES" },
        "autoscaling": { "write": { "min": 5, "max": 50 } },
        "warmThroughput": warm(20000, 8000),
        "encryption": { "type": "KMS", "kmsKeyArn": KEY },
        "replicas": [{ "region": "us-east-1", "kmsKeyArn": KEY.replace("eu-central-1", "us-east-1") }],
    }))
}

#[test]
fn where_everything_differs_the_calls_stand_in_the_order_of_the_specification() {
    assert_eq!(
        everything_differs().steps(),
        [
            "now: TagResource team (none)",
            "now: PutResourcePolicy (none)",
            "now: UpdateTimeToLive expires on (none)",
            "now: UpdateContinuousBackups on (none)",
            "now: UpdateContributorInsights on (none)",
            "now: EnableKinesisStreamingDestination changes (none)",
            "now: UpdateTable deletionProtection=true (none)",
            "now: UpdateTable -by-mail (data-loss)",
            "now: UpdateTable STANDARD_INFREQUENT_ACCESS (none)",
            "now: UpdateTable table 10/5 (none)",
            "now: UpdateTable stream NEW_AND_OLD_IMAGES (none)",
            "now: RegisterScalableTarget table write 5..50 (none)",
            "now: UpdateTable table warm 20000/8000 (none)",
            "now: UpdateTable +by-day of at:N day:N id:S mail:S (none)",
            "now: UpdateTable key 1111 (none)",
            "later (DependencyNotReady): UpdateTable +us-east-1 (none)",
        ]
    );
}

#[test]
fn only_one_call_runs_in_a_round_whatever_it_changes() {
    assert_eq!(everything_differs().runs(), ["now: TagResource team (none)"]);
    let rest = everything_differs().wants(json!({ "tags": null, "resourcePolicy": null }));
    assert_eq!(rest.runs(), ["now: UpdateTimeToLive expires on (none)"]);
}

#[test]
fn a_call_that_aws_has_refused_holds_back_no_other() {
    let mut scene = everything_differs();
    let first = scene.decided().run.remove(0).0;
    let rejection = crate::spec::Rejection {
        reason: "Rejected".into(),
        message: "no".into(),
        until: Time(scene.inputs.now + jiff::SignedDuration::from_secs(3600)),
    };
    scene.inputs.journal.rejected.insert(first, rejection);
    assert_eq!(scene.runs(), ["now: PutResourcePolicy (none)"]);
}

#[test]
fn what_loses_data_waits_for_approval_whatever_the_policy_says() {
    let losing = [
        dynamo().has_indexes(&[by_mail()]).wants_indexes(&[]),
        dynamo().has_replica("us-east-1").wants(json!({ "replicas": [] })),
        dynamo().wants(json!({ "pointInTimeRecovery": { "enabled": false } })).seen(|observed| {
            let state = ContinuousBackups { is_enabled: true, ..ContinuousBackups::default() };
            observed.continuous_backups = Seen::Present(state);
        }),
        dynamo()
            .has_replica("us-east-1")
            .facts("us-east-1", |facts| facts.point_in_time_recovery = Seen::Present(true))
            .wants(json!({ "replicas": [{ "region": "us-east-1", "pointInTimeRecovery": false }] })),
    ];
    for scene in losing {
        for policy in [DisruptivePolicy::Window, DisruptivePolicy::Immediate, DisruptivePolicy::Approve] {
            let scene = scene.clone().disruptive(policy).at(IN_WINDOW);
            assert_eq!(scene.plan().steps[0].class, Disruption::DataLoss, "{:?}", scene.steps());
            assert_eq!(scene.runs(), NOTHING, "{policy:?}");
            assert_eq!(scene.decided().waiting.unwrap().reason, Reason::WaitingForApproval);
        }
    }
}

#[test]
fn what_interrupts_follows_the_policy_and_the_window_of_the_object() {
    let streams = json!({ "stream": { "enabled": true, "viewType": "KEYS_ONLY" } });
    let narrow = with(by_mail(), json!({ "projection": { "type": "KEYS_ONLY" } }));
    let recreated =
        dynamo().has_indexes(&[by_mail()]).wants_indexes(&[narrow]).wants(json!({ "allowIndexRecreation": true }));
    let off = dynamo().has(streams).wants(json!({ "stream": { "enabled": false } }));
    for (scene, call) in
        [(recreated, "UpdateTable -by-mail (failover)"), (off, "UpdateTable stream off (brief-interruption)")]
    {
        for (policy, now, window, expected) in [
            (DisruptivePolicy::Window, NOW, true, "held for the window"),
            (DisruptivePolicy::Window, IN_WINDOW, true, "now"),
            (DisruptivePolicy::Window, NOW, false, "held for approval"),
            (DisruptivePolicy::Immediate, NOW, true, "now"),
            (DisruptivePolicy::Approve, IN_WINDOW, true, "held for approval"),
        ] {
            let mut scene = scene.clone().disruptive(policy).at(now);
            scene.object.spec.maintenance_window = scene.object.spec.maintenance_window.filter(|_| window);
            assert_eq!(scene.steps(), [format!("{expected}: {call}")], "{policy:?} at {now}, window {window}");
        }
    }
}

#[test]
fn policy_plan_holds_every_call() {
    let scene = everything_differs().managed_by(ManagementPolicy::Plan);
    assert_eq!(scene.runs(), NOTHING);
    let held = scene.decided().plan.unwrap();
    assert_eq!(held.steps.iter().filter(|step| step.when == "approval").count(), 15);
}

#[test]
fn observe_plans_no_call_whatever_differs() {
    let scene = everything_differs().managed_by(ManagementPolicy::Observe);
    assert_eq!(scene.steps(), NOTHING);
    assert_eq!(scene.plan().end, End::Settled);
    assert_eq!(scene.clone().status("UPDATING").waiting().0, Reason::Updating);
    assert_eq!(scene.deleting(DeletionPolicy::Delete).plan(), Plan::release());
}

#[test]
fn a_plan_is_read_as_people_write_it() {
    let scene = everything_differs().wants(json!({ "tags": { "team": "shop", "cost": "7" } }));
    let changes: Vec<String> = scene.changes();
    assert_eq!(
        changes,
        [
            "tags.cost: unset -> 7",
            "tags.team: unset -> shop",
            &*format!("resourcePolicy: unset -> policy of 2 bytes ({})", crate::aws::owner::hash(&["{}"], 8)),
            "timeToLive: off -> expires",
            "pointInTimeRecovery: off -> on",
            "contributorInsights: off -> on",
            &*format!("kinesisDestination: off -> {STREAM}"),
            "deletionProtection: false -> true",
            "globalSecondaryIndexes.by-mail: mail (S), ALL -> unset",
            "tableClass: STANDARD -> STANDARD_INFREQUENT_ACCESS",
            "provisionedThroughput: 5 read, 5 write -> 10 read, 5 write",
            "stream: off -> NEW_AND_OLD_IMAGES",
            "autoscaling.write: unset -> 5 to 50 units",
            "warmThroughput: 12000 reads, 4000 writes per second -> 20000 reads, 8000 writes per second",
            "globalSecondaryIndexes.by-day: unset -> day (N), KEYS_ONLY",
            &*format!("encryption: AWS_OWNED -> {KEY}"),
            "replicas.us-east-1: unset -> exists",
        ]
    );
}

#[test]
fn every_step_has_an_id_of_its_own() {
    let steps = everything_differs().plan().steps;
    let ids: BTreeSet<String> = steps.iter().map(crate::approval::step_id).collect();
    assert_eq!(ids.len(), steps.len());
}

#[test]
fn what_status_shows_of_a_plan_says_why_each_step_waits() {
    let shown = everything_differs().decided().plan.unwrap();
    let of = |call: &str| {
        let step = shown.steps.iter().find(|step| step.changes.iter().any(|change| change.field.starts_with(call)));
        let step = step.unwrap();
        (step.when.clone(), step.class.clone(), step.because.clone())
    };
    let (when, class, because) = of("globalSecondaryIndexes.by-mail");
    assert_eq!((&*when, &*class), ("approval", "data-loss"));
    assert!(because.contains("whoever queries it will fail"), "{because}");
    let (when, _, because) = of("replicas.us-east-1");
    assert_eq!(when, "later");
    assert!(because.contains("the stream changes first"), "{because}");
    assert_eq!(of("tableClass").0, "now");
}
