//! Rows for the rules of DbSnapshot.

use serde_json::{Value, json};

use crate::lab::merged;
use crate::rules::{Row, change, immutable, row};

pub fn of_instance() -> Value {
    json!({"source": {"rdsInstance": {"name": "orders"}}})
}

pub fn of_table() -> Value {
    json!({"source": {"dynamoTable": {"name": "users"}}})
}

pub fn copy() -> Value {
    json!({"source": {"copyOf": {"identifier": "rds:orders-2026-01-31-03-00"}}})
}

pub fn rows() -> Vec<Row> {
    [identifiers(), companions(), sources(), copies(), changes()].into_iter().flatten().collect()
}

fn identifiers() -> Vec<Row> {
    let says = "spec.identifier of a snapshot has";
    let named = |name: &str| json!({"identifier": name});
    let mut rows: Vec<Row> = [
        ("1a", "a1"),
        ("a-", "a-a"),
        ("a--b", "a-B"),
        ("a_b", "ab"),
        ("a.b", "A1"),
        (&"a".repeat(64), &"a".repeat(63)),
    ]
    .map(|(bad, good)| row(says, of_instance(), named(bad), named(good)))
    .into();
    for automated in ["rds:orders-2026-01-31-01-07", "a.b_c"] {
        let observed = json!({"identifier": automated, "managementPolicy": "Observe"});
        rows.push(row(says, of_instance(), named(automated), observed));
    }
    rows
}

fn companions() -> Vec<Row> {
    let secret = |fields: Value| json!({"connectionSecret": fields});
    let mut rows: Vec<Row> = [
        json!({"name": "orders"}),
        json!({"labels": {"team": "a"}}),
        json!({"annotations": {"team": "a"}}),
        json!({"templates": {"DSN": "{host}"}}),
    ]
    .map(|fields| row("a snapshot has no connection Secret", of_instance(), secret(fields), secret(json!({}))))
    .into();
    rows.push(row(
        "spec.deletionPolicy of a snapshot is",
        of_instance(),
        json!({"deletionPolicy": "Snapshot"}),
        json!({"deletionPolicy": "Delete"}),
    ));
    rows.push(row(
        "spec.ttl deletes the object",
        of_instance(),
        json!({"ttl": "30d"}),
        json!({"ttl": "30d", "deletionPolicy": "Delete"}),
    ));
    rows.push(row(
        "spec.ttl deletes the object",
        of_instance(),
        json!({"ttl": "30d", "deletionPolicy": "Retain"}),
        json!({"deletionPolicy": "Retain"}),
    ));
    rows
}

fn sources() -> Vec<Row> {
    let required = "spec.source is required unless";
    let (both, one) =
        (json!({"name": "orders", "identifier": "team-a-orders"}), json!({"identifier": "team-a-orders"}));
    let mut rows = vec![
        row(required, json!({}), json!({}), json!({"managementPolicy": "Observe", "identifier": "before"})),
        row(required, json!({}), json!({}), json!({"adoption": "IfExists", "identifier": "before"})),
        row("spec.source takes exactly one", json!({"source": {}}), json!({}), of_table()),
        row(
            "spec.source takes exactly one",
            of_instance(),
            of_table(),
            json!({"source": {"rdsInstance": null, "dynamoTable": {"name": "users"}}}),
        ),
        row(
            "copyOf.identifier is an ARN",
            copy(),
            json!({"source": {"copyOf": {"region": "eu-west-1"}}}),
            json!({"source": {"copyOf": {
                "region": "eu-west-1", "identifier": "arn:aws:rds:eu-west-1:123456789012:snapshot:before",
            }}}),
        ),
    ];
    for kind in ["rdsInstance", "auroraServerless", "dynamoTable"] {
        let of = |database: &Value| json!({"source": {kind: database}});
        rows.push(row("name an object of this namespace", json!({}), of(&both), of(&one)));
        rows.push(row("name an object of this namespace", json!({}), of(&json!({})), of(&json!({"name": "orders"}))));
    }
    rows
}

fn copies() -> Vec<Row> {
    let (abroad, shared) = (json!({"copies": [{"region": "eu-west-1"}]}), json!({"shareWith": ["210987654321"]}));
    // The same of a cluster. A patch, so its null must stay.
    let of_cluster = |mut patch: Value| {
        patch["source"] = json!({"dynamoTable": null, "auroraServerless": {"name": "users"}});
        patch
    };
    let here = merged(&of_instance(), &json!({"region": "eu-central-1"}));
    vec![
        row("DynamoDB copies and shares no backups", of_table(), abroad.clone(), of_cluster(abroad.clone())),
        row("DynamoDB copies and shares no backups", of_table(), shared.clone(), of_cluster(shared)),
        row("spec.kmsKeyId is for a copy", of_instance(), json!({"kmsKeyId": "alias/db"}), json!({})),
        row(
            "spec.kmsKeyId is for a copy",
            json!({"managementPolicy": "Observe", "identifier": "before"}),
            json!({"kmsKeyId": "alias/db"}),
            merged(&copy(), &json!({"kmsKeyId": "alias/db"})),
        ),
        row("spec.copies are for other regions", here, json!({"copies": [{"region": "eu-central-1"}]}), abroad),
    ]
}

fn changes() -> Vec<Row> {
    let says = "spec.source is immutable";
    let observed = json!({"managementPolicy": "Observe", "identifier": "before"});
    vec![
        change(says, of_instance(), json!({"source": {"rdsInstance": {"name": "other"}}}), json!({"tags": {}})),
        change(says, observed.clone(), of_instance(), json!({"tags": {}})),
        change(says, merged(&observed, &of_instance()), json!({"source": null}), json!({"managementPolicy": "Manage"})),
        immutable("spec.kmsKeyId is immutable", copy(), "kmsKeyId", json!("alias/one"), json!("alias/two")),
    ]
}
