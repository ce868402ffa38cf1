//! Field by field (aws-dynamodb-elasticache-dms.md 1.1): what is added, changed and taken away, what is left out, and what
//! AWS cannot change.

use super::*;

/// A field of the spec that differs, and the calls that follow.
type Row = (&'static str, Scene, Vec<&'static str>);

fn row(field: &'static str, scene: Scene, steps: &[&'static str]) -> Row {
    (field, scene, steps.to_vec())
}

fn capacity_rows() -> Vec<Row> {
    let capped = || dynamo().has(json!({ "onDemandThroughput": { "maxReadRequestUnits": 50 } }));
    let cap = |read: i64| json!({ "onDemandThroughput": { "maxReadRequestUnits": read } });
    let scaling = |min, max| json!({ "autoscaling": { "read": { "min": min, "max": max } } });
    let scaled = || provisioned().scales(None, Capacity::Read, target(5, 50));
    let on_demand = json!({ "billingMode": "PAY_PER_REQUEST", "provisionedThroughput": null });
    let reserved = json!({ "billingMode": "PROVISIONED", "provisionedThroughput": units(5, 6) });
    vec![
        row("billingMode", dynamo().wants(reserved), &["now: UpdateTable PROVISIONED, table 5/6 (none)"]),
        row("billingMode", provisioned().wants(on_demand), &["now: UpdateTable PAY_PER_REQUEST (none)"]),
        row(
            "provisionedThroughput",
            provisioned().wants(json!({ "provisionedThroughput": units(10, 5) })),
            &["now: UpdateTable table 10/5 (none)"],
        ),
        row("onDemandThroughput", dynamo().wants(cap(100)), &["now: UpdateTable table cap 100/- (none)"]),
        row("onDemandThroughput", capped().wants(cap(100)), &["now: UpdateTable table cap 100/- (none)"]),
        row("onDemandThroughput", capped().wants(cap(-1)), &["now: UpdateTable table cap -1/- (none)"]),
        row(
            "warmThroughput",
            dynamo().wants(json!({ "warmThroughput": warm(20000, 4000) })),
            &["now: UpdateTable table warm 20000/4000 (none)"],
        ),
        row(
            "autoscaling",
            provisioned().wants(scaling(5, 50)),
            &["now: RegisterScalableTarget table read 5..50 (none)"],
        ),
        row("autoscaling", scaled().wants(scaling(5, 90)), &["now: RegisterScalableTarget table read 5..90 (none)"]),
        row(
            "autoscaling",
            scaled().wants(json!({ "autoscaling": {} })),
            &["now: DeregisterScalableTarget table read (none)"],
        ),
    ]
}

fn table_rows() -> Vec<Row> {
    let streams = || dynamo().has(json!({ "stream": { "enabled": true, "viewType": "KEYS_ONLY" } }));
    let stream = |view: &str| json!({ "stream": { "enabled": true, "viewType": view } });
    let kms = |arn: &str| json!({ "encryption": { "type": "KMS", "kmsKeyArn": arn } });
    let owned = json!({ "encryption": { "type": "AWS_OWNED" } });
    vec![
        row(
            "tableClass",
            dynamo().wants(json!({ "tableClass": "STANDARD_INFREQUENT_ACCESS" })),
            &["now: UpdateTable STANDARD_INFREQUENT_ACCESS (none)"],
        ),
        row(
            "tableClass",
            dynamo()
                .has(json!({ "tableClass": "STANDARD_INFREQUENT_ACCESS" }))
                .wants(json!({ "tableClass": "STANDARD" })),
            &["now: UpdateTable STANDARD (none)"],
        ),
        row("stream", dynamo().wants(stream("NEW_IMAGE")), &["now: UpdateTable stream NEW_IMAGE (none)"]),
        row(
            "stream",
            streams().wants(stream("NEW_IMAGE")),
            &["held for the window: UpdateTable stream off (brief-interruption)"],
        ),
        row(
            "stream",
            streams().wants(json!({ "stream": { "enabled": false } })),
            &["held for the window: UpdateTable stream off (brief-interruption)"],
        ),
        row("encryption", dynamo().wants(kms(KEY)), &["now: UpdateTable key 1111 (none)"]),
        row("encryption", dynamo().has(kms(KEY)).wants(kms(OTHER_KEY)), &["now: UpdateTable key 2222 (none)"]),
        row("encryption", dynamo().has(kms(KEY)).wants(owned), &["now: UpdateTable key AwsOwned (none)"]),
        row(
            "deletionProtection",
            dynamo().wants(json!({ "deletionProtection": true })),
            &["now: UpdateTable deletionProtection=true (none)"],
        ),
        row(
            "deletionProtection",
            dynamo().has(json!({ "deletionProtection": true })).wants(json!({ "deletionProtection": false })),
            &["now: UpdateTable deletionProtection=false (none)"],
        ),
    ]
}

fn aside_rows() -> Vec<Row> {
    let policy = |text: &str| json!({ "resourcePolicy": text });
    let guarded = || dynamo().seen(|observed| observed.resource_policy = Seen::Present(r#"{"a":1}"#.into()));
    let expires =
        |attribute: &str, enabled: bool| json!({ "timeToLive": { "enabled": enabled, "attributeName": attribute } });
    let expiring = || dynamo().seen(|observed| observed.time_to_live = Seen::Present(ttl("ENABLED", Some("expires"))));
    let recovery = |value: Value| json!({ "pointInTimeRecovery": value });
    let recovers = || {
        let state = ContinuousBackups { is_enabled: true, recovery_period_in_days: Some(14), earliest: None };
        dynamo().seen(|observed| observed.continuous_backups = Seen::Present(state))
    };
    let days = |days: i32| recovery(json!({ "enabled": true, "recoveryPeriodInDays": days }));
    vec![
        row("resourcePolicy", dynamo().wants(policy(r#"{"a":1}"#)), &["now: PutResourcePolicy (none)"]),
        row("resourcePolicy", guarded().wants(policy(r#"{"a":2}"#)), &["now: PutResourcePolicy (none)"]),
        row("resourcePolicy", guarded().wants(policy("")), &["now: DeleteResourcePolicy (none)"]),
        row("timeToLive", dynamo().wants(expires("expires", true)), &["now: UpdateTimeToLive expires on (none)"]),
        row("timeToLive", expiring().wants(expires("until", true)), &["now: UpdateTimeToLive expires off (none)"]),
        row("timeToLive", expiring().wants(expires("expires", false)), &["now: UpdateTimeToLive expires off (none)"]),
        row(
            "pointInTimeRecovery",
            dynamo().wants(recovery(json!({ "enabled": true }))),
            &["now: UpdateContinuousBackups on (none)"],
        ),
        row("pointInTimeRecovery", recovers().wants(days(35)), &["now: UpdateContinuousBackups on 35 days (none)"]),
        row("pointInTimeRecovery", recovers().wants(days(7)), &["now: UpdateContinuousBackups on 7 days (data-loss)"]),
        row(
            "pointInTimeRecovery",
            recovers().wants(recovery(json!({ "enabled": false }))),
            &["now: UpdateContinuousBackups off (data-loss)"],
        ),
    ]
}

fn watcher_rows() -> Vec<Row> {
    let insights = |enabled: bool, mode: Value| json!({ "contributorInsights": { "enabled": enabled, "mode": mode } });
    let watched = || {
        let state =
            InsightsState { status: "ENABLED".into(), mode: Some("THROTTLED_KEYS".into()), ..InsightsState::default() };
        dynamo().seen(|observed| observed.contributor_insights = Seen::Present([(None, state)].into()))
    };
    let kinesis = |arn: &str, precision: &str| json!({ "kinesisDestination": { "enabled": true, "streamArn": arn, "precision": precision } });
    let sends = || {
        let state = KinesisState { status: "ACTIVE".into(), precision: Some("MILLISECOND".into()), description: None };
        dynamo().seen(|observed| observed.kinesis_destinations = Seen::Present([(STREAM.into(), state)].into()))
    };
    let off = json!({ "kinesisDestination": { "enabled": false } });
    let other = STREAM.replace("changes", "other");
    vec![
        row(
            "contributorInsights",
            dynamo().wants(insights(true, json!(null))),
            &["now: UpdateContributorInsights on (none)"],
        ),
        row(
            "contributorInsights",
            watched().wants(insights(true, json!("ACCESSED_AND_THROTTLED_KEYS"))),
            &["now: UpdateContributorInsights on ACCESSED_AND_THROTTLED_KEYS (none)"],
        ),
        row(
            "contributorInsights",
            watched().wants(insights(false, json!(null))),
            &["now: UpdateContributorInsights off (none)"],
        ),
        row(
            "kinesisDestination",
            dynamo().wants(kinesis(STREAM, "MICROSECOND")),
            &["now: EnableKinesisStreamingDestination changes MICROSECOND (none)"],
        ),
        row(
            "kinesisDestination",
            sends().wants(kinesis(STREAM, "MICROSECOND")),
            &["now: UpdateKinesisStreamingDestination changes MICROSECOND (none)"],
        ),
        row(
            "kinesisDestination",
            sends().wants(kinesis(&other, "MILLISECOND")),
            &["now: DisableKinesisStreamingDestination changes (none)"],
        ),
        row("kinesisDestination", sends().wants(off), &["now: DisableKinesisStreamingDestination changes (none)"]),
    ]
}

fn list_rows() -> Vec<Row> {
    let narrow = with(by_mail(), json!({ "projection": { "type": "KEYS_ONLY" } }));
    let replicas = |list: Value| json!({ "replicas": list });
    let tagged = || {
        let mut scene = dynamo().noted("tagKeys", r#"["team"]"#);
        let Seen::Present(tags) = &mut scene.observed.tags else { panic!("no tags") };
        tags.insert("team".into(), "shop".into());
        tags.insert("cost".into(), "another tool's".into());
        scene
    };
    vec![
        row(
            "globalSecondaryIndexes",
            dynamo().wants_indexes(&[by_mail()]),
            &["now: UpdateTable +by-mail of at:N id:S mail:S (none)"],
        ),
        row(
            "globalSecondaryIndexes",
            dynamo().has_indexes(&[by_mail()]).wants_indexes(&[narrow]).wants(json!({ "allowIndexRecreation": true })),
            &["held for the window: UpdateTable -by-mail (failover)"],
        ),
        row(
            "globalSecondaryIndexes",
            dynamo().has_indexes(&[by_mail()]).wants_indexes(&[]),
            &["now: UpdateTable -by-mail (data-loss)"],
        ),
        row(
            "replicas",
            dynamo().wants(replicas(json!([{ "region": "us-east-1" }]))),
            &["now: UpdateTable +us-east-1 (none)"],
        ),
        row(
            "replicas",
            dynamo()
                .has_replica("us-east-1")
                .wants(replicas(json!([{ "region": "us-east-1", "readCapacityUnits": 9 }]))),
            &["now: UpdateTable replica us-east-1 (none)"],
        ),
        row(
            "replicas",
            dynamo().has_replica("us-east-1").wants(replicas(json!([]))),
            &["now: UpdateTable -us-east-1 (data-loss)"],
        ),
        row("tags", dynamo().wants(json!({ "tags": { "team": "shop" } })), &["now: TagResource team (none)"]),
        row("tags", tagged().wants(json!({ "tags": { "team": "mail" } })), &["now: TagResource team (none)"]),
        row("tags", tagged().wants(json!({ "tags": {} })), &["now: UntagResource team (none)"]),
    ]
}

fn changeable() -> Vec<Row> {
    [capacity_rows(), table_rows(), aside_rows(), watcher_rows(), list_rows()].concat()
}

/// Fields that AWS cannot change on an existing table: what the spec asks for, and what is said.
fn unchangeable() -> Vec<(&'static str, Scene, &'static str)> {
    let local = |name: &str, type_: &str| json!({ "name": name, "rangeKey": { "name": "n", "type": type_ }, "projection": { "type": "ALL" } });
    let has_local = || {
        let projection = Projection { type_: ProjectionType::All, non_key_attributes: None };
        let index = LocalIndex { range: key("n", AttributeType::N), projection };
        dynamo().table(|table| drop(table.local_indexes.insert("by-n".into(), index)))
    };
    let consistent =
        || dynamo().has_replica("us-east-1").table(|table| table.multi_region_consistency = Some("EVENTUAL".into()));
    vec![
        (
            "hashKey",
            dynamo().wants(json!({ "hashKey": { "name": "pk", "type": "S" } })),
            "spec.hashKey: id (S) in AWS, pk (S) in the spec",
        ),
        (
            "hashKey",
            dynamo().wants(json!({ "hashKey": { "name": "id", "type": "N" } })),
            "spec.hashKey: id (S) in AWS, id (N) in the spec",
        ),
        (
            "rangeKey",
            dynamo().wants(json!({ "rangeKey": { "name": "sk", "type": "N" } })),
            "spec.rangeKey: at (N) in AWS, sk (N) in the spec",
        ),
        (
            "rangeKey",
            dynamo().table(|table| table.keys.range = None),
            "spec.rangeKey: unset in AWS, at (N) in the spec",
        ),
        (
            "localSecondaryIndexes",
            has_local().wants(json!({ "localSecondaryIndexes": [local("by-n", "S")] })),
            "spec.localSecondaryIndexes.by-n: by n (N), ALL in AWS, by n (S), ALL in the spec",
        ),
        (
            "localSecondaryIndexes",
            dynamo().wants(json!({ "localSecondaryIndexes": [local("by-n", "N")] })),
            "spec.localSecondaryIndexes.by-n: unset in AWS, by n (N), ALL in the spec",
        ),
        (
            "localSecondaryIndexes",
            has_local().wants(json!({ "localSecondaryIndexes": [] })),
            "spec.localSecondaryIndexes.by-n: by n (N), ALL in AWS, unset in the spec",
        ),
        (
            "multiRegionConsistency",
            consistent().wants(json!({ "multiRegionConsistency": "STRONG" })),
            "spec.multiRegionConsistency: EVENTUAL in AWS, STRONG in the spec",
        ),
        (
            "witnessRegion",
            consistent().wants(json!({ "witnessRegion": "us-west-2" })),
            "spec.witnessRegion: unset in AWS, us-west-2 in the spec",
        ),
    ]
}

/// Fields of the spec that no call follows from once the table is there.
const QUIET: [&str; 5] = ["allowIndexRecreation", "items", "maintenanceWindow", "snapshotSchedule", "source"];

#[test]
fn every_field_of_the_spec_is_in_one_of_the_tables() {
    let properties = |schema: schemars::Schema| -> BTreeSet<String> {
        schema.get("properties").and_then(Value::as_object).unwrap().keys().cloned().collect()
    };
    let mut fields = properties(schemars::schema_for!(DynamoTableSpec));
    let shared = properties(schemars::schema_for!(crate::spec::SharedSpec));
    fields.retain(|field| field == "tags" || !shared.contains(field));
    let told: BTreeSet<String> = changeable()
        .iter()
        .map(|(field, ..)| *field)
        .chain(unchangeable().iter().map(|(field, ..)| *field))
        .chain(QUIET)
        .map(String::from)
        .collect();
    assert_eq!(fields.symmetric_difference(&told).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn what_is_added_changed_or_taken_away_is_one_call_that_names_the_field() {
    for (field, scene, expected) in changeable() {
        let plan = scene.plan();
        assert_eq!(scene.steps(), expected, "{field}");
        assert_eq!((plan.problem, plan.waiting, plan.end), (None, None, End::Open), "{field}");
        for step in &plan.steps {
            let changes = changes_of(step);
            assert!(
                !changes.is_empty() && changes.iter().any(|change| change.starts_with(field)),
                "{field}: {changes:?}"
            );
        }
    }
}

#[test]
fn a_field_that_is_left_out_is_never_a_difference_and_removes_nothing() {
    for (field, scene, _) in changeable().into_iter().filter(|(field, ..)| *field != "billingMode") {
        let scene = scene.wants(json!({ field: null }));
        assert_eq!(scene.steps(), NOTHING, "{field} is not managed");
        assert!(scene.settles(), "{field}");
    }
    let bare = json!({ "billingMode": null, "provisionedThroughput": null });
    assert!(provisioned().wants(bare).settles(), "billingMode is not managed");
}

#[test]
fn a_spec_of_nothing_but_keys_leaves_a_rich_table_alone_and_asks_for_no_facts() {
    let unread = |observed: &mut Observed| {
        let Observed { table, tags, .. } = observed.clone();
        *observed = Observed { table, tags, ..Observed::absent() };
    };
    let rich = provisioned()
        .has_indexes(&[with(by_mail(), json!({ "provisionedThroughput": units(5, 5) }))])
        .has_replica("us-east-1")
        .has(json!({
            "tableClass": "STANDARD_INFREQUENT_ACCESS", "stream": { "enabled": true, "viewType": "NEW_AND_OLD_IMAGES" },
            "encryption": { "type": "KMS", "kmsKeyArn": KEY }, "deletionProtection": true,
        }))
        .wants(json!({ "billingMode": null, "provisionedThroughput": null }))
        .seen(unread);
    assert!(rich.settles(), "{:?}", rich.plan());
    let id = Id {
        region: "eu-central-1".into(),
        table: "shop-orders".into(),
        scaling: Interest::IfProvisioned,
        ..Id::default()
    };
    assert_eq!(rich.id(), id);
}

#[test]
fn a_field_that_cannot_change_is_a_problem_with_both_values_and_no_call() {
    for (field, scene, words) in unchangeable() {
        let (reason, message) = scene.problem();
        assert_eq!(reason, Reason::InvalidSpec, "{field}");
        assert!(message.contains(words), "{message}");
        assert!(scene.steps().iter().all(|step| !step.contains("UpdateTable")), "{field}: {:?}", scene.steps());
    }
}

#[test]
fn a_field_that_cannot_change_does_not_hold_back_the_others() {
    let scene = dynamo().wants(json!({ "hashKey": { "name": "pk", "type": "S" }, "deletionProtection": true }));
    assert_eq!(scene.steps(), ["now: UpdateTable deletionProtection=true (none)"]);
    assert_eq!(scene.problem().0, Reason::InvalidSpec);
}

#[test]
fn what_is_managed_is_asked_for_and_nothing_else() {
    let asked = |patch: Value| dynamo().wants(patch).id();
    let bare = dynamo().id();
    let insights = json!({ "contributorInsights": { "enabled": true } });
    for (field, wish, expected) in [
        (
            "timeToLive",
            json!({ "timeToLive": { "enabled": false, "attributeName": "e" } }),
            Id { time_to_live: true, ..bare.clone() },
        ),
        (
            "pointInTimeRecovery",
            json!({ "pointInTimeRecovery": { "enabled": false } }),
            Id { continuous_backups: true, ..bare.clone() },
        ),
        ("resourcePolicy", json!({ "resourcePolicy": "" }), Id { resource_policy: true, ..bare.clone() }),
        ("contributorInsights", insights, Id { contributor_insights: [None].into(), ..bare.clone() }),
        (
            "kinesisDestination",
            json!({ "kinesisDestination": { "enabled": false } }),
            Id { kinesis_destinations: true, ..bare.clone() },
        ),
        ("autoscaling", json!({ "autoscaling": {} }), Id { scaling: Interest::Yes, ..bare.clone() }),
        (
            "replicas",
            json!({ "replicas": [{ "region": "us-east-1" }] }),
            Id { replica_facts: ["us-east-1".to_string()].into(), ..bare.clone() },
        ),
        ("tags", json!({ "tags": {} }), bare.clone()),
    ] {
        assert_eq!(asked(wish), expected, "{field}");
    }
}

#[test]
fn who_observes_asks_for_the_table_only_and_a_deletion_for_what_it_needs() {
    let all = dynamo().wants(json!({
        "timeToLive": { "enabled": true, "attributeName": "e" }, "autoscaling": {}, "resourcePolicy": "",
        "pointInTimeRecovery": { "enabled": true }, "replicas": [],
    }));
    let plain = Id { region: "eu-central-1".into(), table: "shop-orders".into(), ..Id::default() };
    assert_eq!(all.clone().managed_by(ManagementPolicy::Observe).id(), plain);
    let deleting = Id { scaling: Interest::IfProvisioned, ..plain };
    assert_eq!(all.clone().deleting(DeletionPolicy::Delete).id(), deleting);
    let backups = Some("shop-orders-final-0123abcd".to_string());
    assert_eq!(all.deleting(DeletionPolicy::Snapshot).id(), Id { backups, ..deleting });
}
