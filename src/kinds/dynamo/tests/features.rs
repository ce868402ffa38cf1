//! Stream, encryption, time to live, recovery, policy, insights and Kinesis: what is no difference, and what takes two steps
//! (aws-dynamodb-elasticache-dms.md 1.7).

use super::*;

fn stream(view: &str) -> Value {
    json!({ "stream": { "enabled": true, "viewType": view } })
}

#[test]
fn another_view_of_the_stream_is_off_and_on_again() {
    let scene = dynamo().has(stream("KEYS_ONLY")).wants(stream("NEW_IMAGE")).disruptive(DisruptivePolicy::Immediate);
    assert_eq!(scene.steps(), ["now: UpdateTable stream off (brief-interruption)"]);
    assert_eq!(scene.changes(), ["stream: KEYS_ONLY -> off"]);
    let off = scene.has(json!({ "stream": { "enabled": false } }));
    assert_eq!(off.steps(), ["now: UpdateTable stream NEW_IMAGE (none)"]);
    assert!(off.has(stream("NEW_IMAGE")).settles());
}

#[test]
fn the_stream_of_a_table_with_replicas_stays_as_it_is() {
    let on = dynamo().has_replica("us-east-1").has(stream("NEW_AND_OLD_IMAGES"));
    assert!(on.clone().wants(stream("NEW_AND_OLD_IMAGES")).settles());
    let off =
        on.wants(json!({ "stream": { "enabled": false }, "replicas": [] })).disruptive(DisruptivePolicy::Immediate);
    assert_eq!(
        off.steps(),
        [
            "later (DependencyNotReady): UpdateTable stream off (brief-interruption)",
            "now: UpdateTable -us-east-1 (data-loss)"
        ]
    );
}

#[test]
fn the_arn_of_a_stream_that_is_off_is_no_stream() {
    let scene = dynamo().wants(json!({ "stream": { "enabled": false } }));
    assert!(scene.settles());
    let facts = scene.object.facts(&scene.inputs, &scene.observed);
    assert_eq!(facts.stream_arn, None);
    let on = scene.table(|table| table.stream_arn = Some(format!("{ARN}/stream/2")));
    assert_eq!(on.object.facts(&on.inputs, &on.observed).stream_arn.as_deref(), Some(&*format!("{ARN}/stream/2")));
}

#[test]
fn the_same_key_is_never_sent_again() {
    let kms = |arn: &str| json!({ "encryption": { "type": "KMS", "kmsKeyArn": arn } });
    let managed = json!({ "encryption": { "type": "AWS_MANAGED" } });
    let owned = json!({ "encryption": { "type": "AWS_OWNED" } });
    for (why, scene, expected) in [
        ("the same key", dynamo().both(kms(KEY)), ""),
        ("AWS's own", dynamo().wants(owned.clone()), ""),
        ("AWS's own where AWS says nothing", dynamo().wants(owned).has(json!({ "encryption": null })), ""),
        ("the account's key reads like any key", dynamo().has(kms(KEY)).wants(managed.clone()), ""),
        (
            "but not like the one that this object set",
            dynamo().has(kms(KEY)).noted("kmsKeyArn", KEY).wants(managed.clone()),
            "now: UpdateTable key AwsManaged (none)",
        ),
        ("after that it is another", dynamo().has(kms(OTHER_KEY)).noted("kmsKeyArn", KEY).wants(managed.clone()), ""),
        ("none before", dynamo().wants(managed), "now: UpdateTable key AwsManaged (none)"),
    ] {
        assert_eq!(scene.steps().join(""), expected, "{why}");
    }
    let plan = dynamo().wants(kms(KEY)).plan();
    assert_eq!(plan.steps[0].notes, [("kmsKeyArn".to_string(), KEY.to_string())]);
}

fn expires(attribute: &str, enabled: bool) -> Scene {
    dynamo().wants(json!({ "timeToLive": { "enabled": enabled, "attributeName": attribute } }))
}

#[test]
fn time_to_live_by_another_attribute_is_off_and_on_again() {
    for (why, scene, now, expected) in [
        ("on", expires("e", true), ttl("DISABLED", None), "now: UpdateTimeToLive e on (none)"),
        ("as it is", expires("e", true), ttl("ENABLED", Some("e")), ""),
        ("another", expires("e", true), ttl("ENABLED", Some("old")), "now: UpdateTimeToLive old off (none)"),
        ("AWS hides the attribute of one that is off", expires("e", false), ttl("DISABLED", None), ""),
        ("off", expires("e", false), ttl("ENABLED", Some("old")), "now: UpdateTimeToLive old off (none)"),
        (
            "off, and AWS does not tell which",
            expires("e", false),
            ttl("ENABLED", None),
            "now: UpdateTimeToLive e off (none)",
        ),
        ("on its way", expires("e", true), ttl("ENABLING", Some("e")), ""),
        ("on its way out", expires("e", true), ttl("DISABLING", Some("old")), ""),
    ] {
        let scene = scene.seen(|observed| observed.time_to_live = Seen::Present(now));
        assert_eq!(scene.steps().join(""), expected, "{why}");
        assert_eq!(scene.plan().waiting.is_some(), why.contains("on its way"), "{why}");
    }
}

#[test]
fn recovery_that_gets_shorter_loses_moments_and_waits_for_approval() {
    let recovers = |days: i32| {
        let state = ContinuousBackups { is_enabled: true, recovery_period_in_days: Some(days), earliest: None };
        dynamo().seen(|observed| observed.continuous_backups = Seen::Present(state))
    };
    let wants = |scene: Scene, recovery: Value| scene.wants(json!({ "pointInTimeRecovery": recovery }));
    let on = json!({ "enabled": true });
    assert!(wants(recovers(7), on).settles(), "without days AWS's are left alone");
    let shorter = wants(recovers(35), json!({ "enabled": true, "recoveryPeriodInDays": 7 }));
    assert_eq!(
        (shorter.runs(), shorter.changes()),
        (vec![], vec!["pointInTimeRecovery: on, 35 days -> on, 7 days".into()])
    );
    let off = wants(recovers(35), json!({ "enabled": false }));
    assert_eq!((off.runs(), off.changes()), (vec![], vec!["pointInTimeRecovery: on, 35 days -> off".into()]));
    assert_eq!(wants(dynamo(), json!({ "enabled": true, "recoveryPeriodInDays": 7 })).runs().len(), 1);
    assert!(wants(dynamo(), json!({ "enabled": false })).settles());
}

#[test]
fn a_policy_in_other_words_is_the_same_policy() {
    let statement = |action: Value| json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { "AWS": "1" }, "Action": action }] });
    let wanted = statement(json!(["dynamodb:GetItem"])).to_string();
    let scene = |now: String| {
        let wanted = json!({ "resourcePolicy": wanted });
        dynamo().wants(wanted).seen(|observed| observed.resource_policy = Seen::Present(now))
    };
    let spaced = serde_json::to_string_pretty(&statement(json!(["dynamodb:GetItem"]))).unwrap();
    assert!(scene(spaced).settles(), "space and order of members");
    assert!(scene(statement(json!("dynamodb:GetItem")).to_string()).settles(), "a list of one is its member");
    let other = scene(statement(json!(["dynamodb:Query"])).to_string());
    assert_eq!(other.steps(), ["now: PutResourcePolicy (none)"]);
    let change = &other.changes()[0];
    assert!(change.contains("policy of") && !change.contains("dynamodb:"), "a policy is not printed: {change}");
    assert!(dynamo().wants(json!({ "resourcePolicy": "" })).settles(), "none, and none wanted");
}

#[test]
fn two_policies_of_one_length_are_two_steps() {
    let step =
        |text: &str| crate::approval::step_id(&dynamo().wants(json!({ "resourcePolicy": text })).plan().steps[0]);
    assert_ne!(step(r#"{"a":1}"#), step(r#"{"a":2}"#), "an approval of one is none of the other");
}

fn insights(status: &str, mode: Option<&str>) -> InsightsState {
    InsightsState { status: status.into(), mode: mode.map(String::from), failure: None }
}

#[test]
fn insights_that_have_failed_are_turned_off_and_on_again() {
    for (why, enabled, now, expected) in [
        ("unknown is off", true, "", "now: UpdateContributorInsights on (none)"),
        ("on", true, "ENABLED", ""),
        ("off", false, "DISABLED", ""),
        ("never on", false, "", ""),
        ("it does not heal by itself", true, "FAILED", "now: UpdateContributorInsights off (none)"),
        ("failed and unwanted", false, "FAILED", "now: UpdateContributorInsights off (none)"),
        ("then on", true, "DISABLED", "now: UpdateContributorInsights on (none)"),
        ("moving", true, "ENABLING", ""),
        ("moving away", true, "DISABLING", ""),
    ] {
        let scene = dynamo().wants(json!({ "contributorInsights": { "enabled": enabled } })).seen(|observed| {
            observed.contributor_insights = Seen::Present([(None, insights(now, None))].into());
        });
        assert_eq!(scene.steps().join(""), expected, "{why}");
        assert_eq!(scene.plan().waiting.is_some(), why.contains("moving"), "{why}");
    }
}

#[test]
fn the_failure_of_insights_is_the_reason_of_the_step() {
    let scene = dynamo().wants(json!({ "contributorInsights": { "enabled": true } })).seen(|observed| {
        let state = InsightsState { failure: Some("rule limit".into()), ..insights("FAILED", None) };
        observed.contributor_insights = Seen::Present([(None, state)].into());
    });
    assert_eq!(scene.plan().steps[0].because, "rule limit");
    assert_eq!(scene.changes(), ["contributorInsights: failed -> off"]);
}

#[test]
fn insights_of_an_index_are_its_own_and_wait_until_it_is_there() {
    let list = [with(by_mail(), json!({ "contributorInsights": { "enabled": true, "mode": "THROTTLED_KEYS" } }))];
    let scene = dynamo().both_indexes(&list);
    assert_eq!(scene.steps(), ["now: UpdateContributorInsights by-mail on THROTTLED_KEYS (none)"]);
    assert_eq!(scene.id().contributor_insights, [Some("by-mail".to_string())].into());
    let building = scene.index("by-mail", |index| index.status = "CREATING".into());
    assert_eq!(building.steps(), NOTHING);
}

fn kinesis(entries: &[(&str, &str)]) -> Scene {
    let entries = entries.iter().map(|(arn, status)| {
        let precision = Some("MILLISECOND".into());
        ((*arn).to_string(), KinesisState { status: (*status).into(), precision, description: Some("no right".into()) })
    });
    let entries = entries.collect();
    dynamo().seen(|observed| observed.kinesis_destinations = Seen::Present(entries))
}

#[test]
fn at_most_one_kinesis_destination_lives_and_a_failed_one_is_turned_off_first() {
    let other = STREAM.replace("changes", "another");
    let on = json!({ "kinesisDestination": { "enabled": true, "streamArn": STREAM } });
    for (why, entries, expected) in [
        ("none", vec![], "now: EnableKinesisStreamingDestination changes (none)"),
        ("old ones linger", vec![(&*other, "DISABLED")], "now: EnableKinesisStreamingDestination changes (none)"),
        ("its own was off", vec![(STREAM, "DISABLED")], "now: EnableKinesisStreamingDestination changes (none)"),
        ("on", vec![(&*other, "DISABLED"), (STREAM, "ACTIVE")], ""),
        ("another one", vec![(&*other, "ACTIVE")], "now: DisableKinesisStreamingDestination another (none)"),
        ("failed", vec![(STREAM, "ENABLE_FAILED")], "now: DisableKinesisStreamingDestination changes (none)"),
        ("moving", vec![(STREAM, "ENABLING")], ""),
        ("moving, precision", vec![(STREAM, "UPDATING")], ""),
        ("another is moving out", vec![(&*other, "DISABLING")], ""),
    ] {
        let scene = kinesis(&entries).wants(on.clone());
        assert_eq!(scene.steps().join(""), expected, "{why}");
        assert_eq!(scene.plan().waiting.is_some(), why.contains("moving"), "{why}");
    }
    assert_eq!(kinesis(&[(STREAM, "ENABLE_FAILED")]).wants(on).plan().steps[0].because, "no right");
    let off = json!({ "kinesisDestination": { "enabled": false } });
    assert!(kinesis(&[(STREAM, "DISABLED")]).wants(off.clone()).settles());
    assert_eq!(kinesis(&[(STREAM, "ENABLE_FAILED")]).wants(off).steps().len(), 1);
}

/// What is managed and could not be read.
fn unread() -> Vec<(&'static str, Scene)> {
    let why = || "throttled".to_string();
    let range = json!({ "min": 5, "max": 50 });
    vec![
        ("time to live", expires("e", true).seen(|observed| observed.time_to_live = Seen::Unread(why()))),
        (
            "point-in-time recovery",
            dynamo()
                .wants(json!({ "pointInTimeRecovery": { "enabled": true } }))
                .seen(|observed| observed.continuous_backups = Seen::Unread(why())),
        ),
        (
            "the resource policy",
            dynamo()
                .wants(json!({ "resourcePolicy": "{}" }))
                .seen(|observed| observed.resource_policy = Seen::Unread(why())),
        ),
        (
            "contributor insights",
            dynamo()
                .wants(json!({ "contributorInsights": { "enabled": true } }))
                .seen(|observed| observed.contributor_insights = Seen::Unread(why())),
        ),
        (
            "the Kinesis destination",
            kinesis(&[])
                .wants(json!({ "kinesisDestination": { "enabled": true, "streamArn": STREAM } }))
                .seen(|observed| observed.kinesis_destinations = Seen::Unread(why())),
        ),
        (
            "autoscaling",
            provisioned()
                .wants(json!({ "autoscaling": { "read": range } }))
                .seen(|observed| observed.scaling = Seen::Unread(why())),
        ),
        (
            "tags of the replica",
            dynamo()
                .has_replica("us-east-1")
                .facts("us-east-1", |facts| facts.tags = Seen::Unread(why()))
                .wants(json!({ "replicas": [{ "region": "us-east-1" }] })),
        ),
        (
            "pointInTimeRecovery of the replica",
            dynamo()
                .has_replica("us-east-1")
                .facts("us-east-1", |facts| facts.point_in_time_recovery = Seen::Unread(why()))
                .wants(json!({ "replicas": [{ "region": "us-east-1", "pointInTimeRecovery": true }] })),
        ),
        (
            "deletionProtection of the replica",
            dynamo()
                .has_replica("us-east-1")
                .facts("us-east-1", |facts| facts.deletion_protection = Seen::Unread(why()))
                .wants(json!({ "replicas": [{ "region": "us-east-1", "deletionProtection": true }] })),
        ),
    ]
}

#[test]
fn from_a_managed_fact_that_was_not_read_nothing_follows() {
    for (fact, scene) in unread() {
        let plan = scene.plan();
        assert_eq!((plan.steps.len(), plan.end, plan.problem), (0, End::Open, None), "{fact}");
        let (reason, message) = scene.waiting();
        assert_eq!(reason, Reason::Unreadable, "{fact}");
        assert!(message.contains(fact) && message.contains("throttled"), "{message}");
    }
}

#[test]
fn a_fact_that_was_not_read_holds_back_no_other_change() {
    for (fact, scene) in unread() {
        let scene = scene.wants(json!({ "deletionProtection": true }));
        assert_eq!(scene.runs(), ["now: UpdateTable deletionProtection=true (none)"], "{fact}");
    }
}
