//! Replicas in other regions (aws-dynamodb-elasticache-dms.md 1.4, 1.6, 1.7).

use super::*;

fn replicas(list: Value) -> Value {
    json!({ "replicas": list })
}

#[test]
fn replicas_are_made_one_region_a_call() {
    let scene = dynamo().wants(replicas(json!([{ "region": "us-east-1" }, { "region": "eu-west-1" }])));
    assert_eq!(scene.steps(), ["now: UpdateTable +us-east-1 (none)", "now: UpdateTable +eu-west-1 (none)"]);
    assert_eq!(scene.runs().len(), 1);
    let first = scene.has_replica("us-east-1").replica("us-east-1", |replica| replica.status = "CREATING".into());
    assert_eq!(first.steps(), ["later (Updating): UpdateTable +eu-west-1 (none)"]);
}

#[test]
fn a_strongly_consistent_group_is_made_whole_in_one_call() {
    let two = replicas(json!([{ "region": "us-east-1" }, { "region": "us-west-2" }]));
    let strong = dynamo().wants(two).wants(json!({ "multiRegionConsistency": "STRONG" }));
    assert_eq!(strong.steps(), ["now: UpdateTable +us-east-1 us-west-2 STRONG (none)"]);
    let witnessed = dynamo()
        .wants(replicas(json!([{ "region": "us-east-1" }])))
        .wants(json!({ "multiRegionConsistency": "STRONG", "witnessRegion": "us-west-2" }));
    assert_eq!(witnessed.steps(), ["now: UpdateTable +us-east-1 STRONG us-west-2 (none)"]);
    let later = dynamo().has_replica("us-east-1").wants(json!({
        "replicas": [{ "region": "us-east-1" }, { "region": "us-west-2" }], "multiRegionConsistency": "EVENTUAL",
    }));
    assert_eq!(later.steps(), ["now: UpdateTable +us-west-2 (none)"], "consistency goes with the first ones only");
}

#[test]
fn a_provisioned_table_replicates_once_its_writes_are_autoscaled() {
    let reserved = with(by_mail(), json!({ "provisionedThroughput": units(5, 5) }));
    let scene = provisioned().both_indexes(&[reserved]).wants(replicas(json!([{ "region": "us-east-1" }])));
    let waits = |scene: &Scene| match &scene.plan().steps[0].when {
        When::After(waiting) => waiting.message.clone(),
        when => panic!("{when:?}"),
    };
    assert!(waits(&scene).contains("for the table"), "{}", waits(&scene));
    let table = scene.clone().scales(None, Capacity::Write, target(5, 50));
    assert!(waits(&table).contains("for index by-mail"), "{}", waits(&table));
    let all = table.scales(Some("by-mail"), Capacity::Write, target(5, 50));
    assert_eq!(all.steps(), ["now: UpdateTable +us-east-1 (none)"]);
    let unread = scene.seen(|observed| observed.scaling = Seen::Unread("denied".into()));
    assert!(waits(&unread).contains("denied"));
}

#[test]
fn the_stream_changes_before_there_is_a_replica() {
    let stream = |view: &str| json!({ "stream": { "enabled": true, "viewType": view } });
    let scene = dynamo()
        .has(stream("KEYS_ONLY"))
        .wants(stream("NEW_AND_OLD_IMAGES"))
        .wants(replicas(json!([{ "region": "us-east-1" }])));
    let later = "later (DependencyNotReady): UpdateTable +us-east-1 (none)";
    assert_eq!(scene.steps(), ["held for the window: UpdateTable stream off (brief-interruption)", later]);
    let off = scene.has(json!({ "stream": { "enabled": false } }));
    assert_eq!(off.steps(), ["now: UpdateTable stream NEW_AND_OLD_IMAGES (none)", later]);
    let on = off.has(stream("NEW_AND_OLD_IMAGES"));
    assert_eq!(on.steps(), ["now: UpdateTable +us-east-1 (none)"]);
}

#[test]
fn an_override_that_is_left_out_is_inherited() {
    let has = || {
        dynamo().has_replica("us-east-1").replica("us-east-1", |replica| {
            replica.table_class = Some(TableClass::Standard);
            replica.read_capacity_units = Some(9);
            replica.max_read_request_units = Some(90);
            replica.kms_key_arn = Some(KEY.into());
        })
    };
    assert!(has().wants(replicas(json!([{ "region": "us-east-1" }]))).settles());
    for (name, value, change) in [
        ("tableClass", json!("STANDARD_INFREQUENT_ACCESS"), "STANDARD -> STANDARD_INFREQUENT_ACCESS"),
        ("readCapacityUnits", json!(10), "9 -> 10"),
        ("maxReadRequestUnits", json!(100), "90 -> 100"),
    ] {
        let scene = has().wants(replicas(json!([{ "region": "us-east-1", name: value }])));
        assert_eq!(scene.steps(), ["now: UpdateTable replica us-east-1 (none)"], "{name}");
        assert_eq!(scene.changes(), [format!("replicas.us-east-1.{name}: {change}")]);
    }
    let same = json!([{ "region": "us-east-1", "readCapacityUnits": 9, "kmsKeyArn": KEY, "tableClass": "STANDARD" }]);
    assert!(has().wants(replicas(same)).settles());
}

#[test]
fn the_key_of_a_replica_cannot_change_in_place() {
    let scene = dynamo()
        .has_replica("us-east-1")
        .replica("us-east-1", |replica| replica.kms_key_arn = Some(KEY.into()))
        .wants(replicas(json!([{ "region": "us-east-1", "kmsKeyArn": OTHER_KEY }])));
    let (reason, message) = scene.problem();
    assert_eq!((reason, scene.steps()), (Reason::InvalidSpec, vec![]));
    assert!(message.contains("spec.replicas.us-east-1.kmsKeyArn"), "{message}");
}

#[test]
fn what_is_a_replicas_own_is_changed_in_its_region() {
    let wish = json!([{
        "region": "us-east-1", "pointInTimeRecovery": true, "deletionProtection": true, "tags": { "team": "shop" },
    }]);
    let scene = dynamo()
        .has_replica("us-east-1")
        .facts("us-east-1", |facts| facts.tags = Seen::Present(Tags::new()))
        .wants(replicas(wish));
    assert_eq!(
        scene.steps(),
        [
            "now: TagResource awsdb.dev/cluster awsdb.dev/owner team in us-east-1 (none)",
            "now: UpdateContinuousBackups on in us-east-1 (none)",
            "now: UpdateTable protection on in us-east-1 (none)",
        ]
    );
    assert_eq!(scene.runs().len(), 1);
    assert_eq!(scene.id().replica_facts, ["us-east-1".to_string()].into());
}

#[test]
fn a_replica_whose_region_does_not_show_it_yet_is_waited_for() {
    let scene = dynamo().has_replica("us-east-1").wants(replicas(json!([{ "region": "us-east-1" }])));
    assert!(scene.settles());
    let unseen = scene.seen(|observed| observed.replica_facts.clear());
    assert_eq!(unseen.steps(), NOTHING);
    assert_eq!(unseen.waiting().0, Reason::Unreadable);
}

#[test]
fn a_list_that_is_not_managed_removes_no_replica() {
    let scene = dynamo().has_replica("us-east-1");
    assert!(scene.settles());
    let going = scene.replica("us-east-1", |replica| replica.status = "DELETING".into()).wants(replicas(json!([])));
    assert_eq!(going.steps(), NOTHING, "it is on its way out");
    assert_eq!(going.waiting().0, Reason::Updating);
}

#[test]
fn a_replica_that_fell_back_is_made_again() {
    // A 200 for its creation is not durable: what counts is that it is there.
    let scene = dynamo().wants(replicas(json!([{ "region": "us-east-1" }]))).called("table", "UpdateTable", 300, true);
    assert_eq!(scene.steps(), ["now: UpdateTable +us-east-1 (none)"]);
}
