//! Each advisory, and the nearest table that does not deserve it (aws-dynamodb-elasticache-dms.md 1.10, checks).

use super::*;

fn advised(scene: &Scene) -> Vec<String> {
    scene.object.facts(&scene.inputs, &scene.observed).advisories
}

/// Whether the check speaks, and only it.
fn says(id: &str, scene: &Scene) -> bool {
    advised(scene).iter().any(|text| text.starts_with(&format!("{id}: ")))
}

fn recovers(enabled: bool) -> Scene {
    let state = ContinuousBackups { is_enabled: enabled, ..ContinuousBackups::default() };
    dynamo().seen(|observed| observed.continuous_backups = Seen::Present(state))
}

fn scaled() -> Scene {
    provisioned().scales(None, Capacity::Read, target(5, 50)).scales(None, Capacity::Write, target(5, 50))
}

fn reserved(value: Value) -> Value {
    with(value, json!({ "provisionedThroughput": units(5, 5) }))
}

fn guarded(principal: Value, condition: Value) -> Scene {
    let statement = with(json!({ "Effect": "Allow", "Principal": principal }), json!({ "Condition": condition }));
    let policy = json!({ "Statement": [statement] }).to_string();
    dynamo().seen(|observed| observed.resource_policy = Seen::Present(policy))
}

fn deletes(protected: bool) -> Scene {
    let mut scene = dynamo().has(json!({ "deletionProtection": protected }));
    scene.object.spec.shared.deletion_policy = DeletionPolicy::Delete;
    scene
}

fn replicated(recovers: bool, protected: bool) -> Scene {
    dynamo()
        .has(json!({ "deletionProtection": true }))
        .has_replica("us-east-1")
        .seen(|observed| {
            observed.continuous_backups = Seen::Present(ContinuousBackups { is_enabled: true, ..Default::default() });
        })
        .facts("us-east-1", |facts| {
            facts.point_in_time_recovery = Seen::Present(recovers);
            facts.deletion_protection = Seen::Present(protected);
        })
}

fn expiring(attribute: &str) -> Scene {
    dynamo().seen(|observed| observed.time_to_live = Seen::Present(ttl("ENABLED", Some(attribute))))
}

fn insights(status: &str) -> Scene {
    let state = InsightsState { status: status.into(), failure: Some("limit".into()), mode: None };
    dynamo().seen(|observed| observed.contributor_insights = Seen::Present([(None, state)].into()))
}

/// A check, a table that deserves it, and one that nearly does.
fn checks() -> Vec<(&'static str, Scene, Scene)> {
    let named = |name: &str| with(by_mail(), json!({ "name": name }));
    let narrow = with(named("narrow"), json!({ "projection": { "type": "KEYS_ONLY" } }));
    let local = || LocalIndex { range: key("n", AttributeType::N), projection: Projection::default() };
    let of_table = json!({
        "name": "again", "hashKey": { "name": "id", "type": "S" }, "rangeKey": { "name": "at", "type": "N" },
        "projection": { "type": "ALL" },
    });
    let condition = json!({ "StringEquals": { "aws:PrincipalAccount": "123456789012" } });
    vec![
        ("DDB1", recovers(false), recovers(true)),
        ("DDB2", deletes(false), deletes(true)),
        ("DDB3", provisioned().scales(None, Capacity::Read, target(5, 50)), scaled()),
        ("DDB3", provisioned(), dynamo()),
        ("DDB4", provisioned().scales(None, Capacity::Read, target(5, 5)), scaled()),
        (
            "DDB6",
            dynamo().has_indexes(&[named("aaa"), named("bbb"), named("ccc")]),
            dynamo().has_indexes(&[named("aaa"), named("bbb"), narrow.clone()]),
        ),
        (
            "DDB7",
            scaled().has_indexes(&[reserved(by_mail())]).scales(Some("by-mail"), Capacity::Read, target(5, 50)),
            scaled().has_indexes(&[reserved(by_mail())]).scales(Some("by-mail"), Capacity::Read, target(5, 50)).scales(
                Some("by-mail"),
                Capacity::Write,
                target(5, 50),
            ),
        ),
        ("DDB8", dynamo().table(|table| drop(table.local_indexes.insert("by-n".into(), local()))), dynamo()),
        ("DDB10", guarded(json!("*"), json!(null)), guarded(json!("*"), condition)),
        ("DDB10", guarded(json!({ "AWS": "*" }), json!(null)), guarded(json!({ "AWS": "123456789012" }), json!(null))),
        (
            "DDB10",
            guarded(json!({ "AWS": ["1", "*"] }), json!(null)),
            guarded(json!({ "AWS": ["1", "2"] }), json!(null)),
        ),
        ("DDB13", replicated(false, true), replicated(true, true)),
        ("DDB13", replicated(true, false), replicated(true, true)),
        ("DDB14", insights("FAILED"), insights("ENABLED")),
        ("DDB16", expiring("id"), expiring("at")),
        (
            "DDB16",
            expiring("n").table(|table| {
                let index = LocalIndex { range: key("n", AttributeType::S), ..local() };
                table.local_indexes.insert("by-n".into(), index);
            }),
            expiring("n").table(|table| drop(table.local_indexes.insert("by-n".into(), local()))),
        ),
        ("DDB17", dynamo().has_indexes(&[by_mail(), narrow]), dynamo().has_indexes(&[by_mail(), by_day()])),
        (
            "DDB17",
            dynamo().has_indexes(std::slice::from_ref(&of_table)),
            dynamo().has_indexes(&[with(of_table, json!({ "rangeKey": null }))]),
        ),
    ]
}

#[test]
fn each_check_speaks_where_it_should_and_nowhere_else() {
    for (id, deserves, nearly) in checks() {
        assert!(says(id, &deserves), "{id}: {:?}", advised(&deserves));
        assert!(!says(id, &nearly), "{id}: {:?}", advised(&nearly));
    }
}

#[test]
fn an_advisory_stops_nothing() {
    for (id, scene, _) in checks() {
        assert!(scene.settles(), "{id}: {:?}", scene.plan());
    }
}

#[test]
fn what_was_not_read_is_not_judged() {
    let unread = provisioned().seen(|observed| {
        let Observed { table, tags, .. } = observed.clone();
        *observed = Observed { table, tags, ..Observed::absent() };
    });
    assert_eq!(advised(&unread), NOTHING);
}
