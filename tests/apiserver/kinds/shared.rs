//! What is the same for every kind: rows and texts for the shared fields, and the shared part of a full status.

use awsdb::spec::{Binding, Change, Endpoint, Journal, LastCall, PlanStatus, PlannedStep, Rejection, SharedStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use serde_json::{Value, json};

use super::Pattern;
use crate::lab::merged;
use crate::rules::{Row, change, immutable, row};

/// Rows for the rules of the shared fields, each on a small object of the kind.
pub fn rows(smallest: &Value) -> Vec<Row> {
    [tags(smallest), identity(smallest)].into_iter().flatten().collect()
}

fn tags(smallest: &Value) -> Vec<Row> {
    let tag = |key: &str| json!({"tags": {key: "x"}});
    let mut rows: Vec<Row> = ["aws:cost", "rds:kind", "awsdb.dev/owner", &"k".repeat(129)]
        .into_iter()
        .map(|key| row("tag keys have", smallest.clone(), tag(key), tag("team")))
        .collect();
    rows.push(row("tag keys have", smallest.clone(), tag(""), tag(&"k".repeat(128))));
    rows
}

/// Rows for the rules of the connection Secret.
pub fn secret_rows(smallest: &Value) -> Vec<Row> {
    let mut rows = Vec::new();
    let keys = |map: &str, key: &str| json!({"connectionSecret": {map: {key: "x"}}});
    for (map, says) in
        [("labels", "spec.connectionSecret.labels are"), ("annotations", "spec.connectionSecret.annotations are")]
    {
        rows.push(row(says, smallest.clone(), keys(map, "part of"), keys(map, "app.kubernetes.io/part-of")));
        rows.push(row(says, smallest.clone(), keys(map, "a/b/c"), keys(map, "A_b.c")));
    }
    for (bad, good) in [("D SN", "D_SN"), ("..data", ".data"), (".", "a"), (&"k".repeat(254), &"k".repeat(253))] {
        rows.push(row(
            "spec.connectionSecret.templates are",
            smallest.clone(),
            keys("templates", bad),
            keys("templates", good),
        ));
    }
    rows
}

fn identity(smallest: &Value) -> Vec<Row> {
    let (one, two) = (json!("one"), json!("two"));
    let (region, other) = (json!("eu-central-1"), json!("eu-west-1"));
    let named = merged(smallest, &json!({"identifier": one, "region": region}));
    let (name, place) =
        ("spec.identifier is immutable: it can be neither", "spec.region is immutable: it can be neither");
    vec![
        immutable("spec.identifier is immutable: renaming", smallest.clone(), "identifier", one.clone(), two),
        immutable("spec.region is immutable: a database", smallest.clone(), "region", region.clone(), other),
        change(name, named.clone(), json!({"identifier": null}), json!({"tags": {}})),
        change(name, smallest.clone(), json!({"identifier": one}), json!({"tags": {}})),
        change(place, named, json!({"region": null}), json!({"tags": {}})),
        change(place, smallest.clone(), json!({"region": region}), json!({"tags": {}})),
    ]
}

/// Patterns of the shared fields, but for `identifier`, where each kind has AWS's own rule.
pub const PATTERNS: &[Pattern] = &[
    Pattern {
        at: "spec.region",
        make: region,
        good: &["eu-central-1", "us-gov-west-1", "us-isob-east-1", "eusc-de-east-1"],
        bad: BAD_REGIONS,
    },
    Pattern {
        at: "spec.connectionSecret.labels.{}",
        make: |length| "a".repeat(length),
        good: &["", "billing", "A.b_c-9"],
        bad: &["-a", "a-", "a b", "a/b"],
    },
    Pattern {
        at: "spec.connectionSecret.name",
        make: |length| "a".repeat(length),
        good: &["db", "billing.db", "1-a"],
        bad: &["DB", "-db", "db-", ".db", "d_b"],
    },
];

/// What no region looks like.
pub const BAD_REGIONS: &[&str] = &["europe", "eu-central", "EU-central-1", "eu-central-12", "eu--1"];

/// A region of a length.
pub fn region(length: usize) -> String {
    format!("eu-{}-1", "a".repeat(length.saturating_sub(5).max(1)))
}

/// A time as a number of hours or days.
pub const fn interval(at: &'static str) -> Pattern {
    Pattern {
        at,
        make: |length| format!("{}d", "9".repeat(length.saturating_sub(1))),
        good: &["90d", "1h", "720h"],
        bad: &["90", "0d", "1w", "1.5d", "-1d", "90D"],
    }
}

/// A daily window.
pub const fn backup_window(at: &'static str) -> Pattern {
    Pattern {
        at,
        make: |length| "01:00-01:30".chars().cycle().take(length).collect(),
        good: &["00:00-00:30", "23:30-00:30"],
        bad: &["1:00-1:30", "24:00-00:30", "01:00-01:60", "01:00", "mon:01:00-mon:01:30"],
    }
}

/// A weekly window.
pub const fn maintenance_window(at: &'static str) -> Pattern {
    Pattern {
        at,
        make: |length| "sun:03:00-sun:04:00".chars().cycle().take(length).collect(),
        good: &["mon:00:00-mon:00:30", "sun:23:30-mon:00:30"],
        bad: &["Sun:03:00-Sun:04:00", "03:00-04:00", "sun:3:00-sun:4:00", "sun:24:00-mon:00:30", "xyz:03:00-xyz:04:00"],
    }
}

/// A subnet.
pub const fn subnet(at: &'static str) -> Pattern {
    Pattern {
        at,
        make: |length| format!("subnet-{}", "0".repeat(length.saturating_sub(7))),
        good: &["subnet-0a1b2c3d", "subnet-6f0400f56a809f997"],
        bad: &["subnet-", "sg-0a1b2c3d", "subnet-0A1B2C3D", "subnet-0a1b 2c3d"],
    }
}

/// Some moment.
pub fn time() -> Time {
    Time("2026-01-31T09:30:00Z".parse().unwrap())
}

/// A condition that is true.
pub fn condition(name: &str) -> Condition {
    Condition {
        type_: name.into(),
        status: "True".into(),
        reason: "Available".into(),
        message: "It is.".into(),
        last_transition_time: time(),
        observed_generation: Some(1),
    }
}

/// Every shared field of a status.
pub fn full_status() -> SharedStatus {
    let change = Change { field: "port".into(), from: Some("5432".into()), to: Some("5433".into()) };
    let step = PlannedStep {
        id: "0123456789ab".into(),
        thing: "instance".into(),
        call: "ModifyDBInstance".into(),
        changes: vec![change],
        class: "reboot".into(),
        when: "approval".into(),
        because: "spec.port".into(),
    };
    SharedStatus {
        observed_generation: Some(1),
        conditions: ["Ready", "Synced"].map(condition).into(),
        identifier: Some("team-a-orders".into()),
        region: Some("eu-central-1".into()),
        arn: Some("arn:aws:rds:eu-central-1:123456789012:db:team-a-orders".into()),
        account_id: Some("123456789012".into()),
        aws_status: Some("available".into()),
        endpoint: Some(Endpoint { address: "orders.example.com".into(), port: 5432 }),
        binding: Some(Binding { name: "orders-connection".into() }),
        plan: Some(PlanStatus { hash: Some("01234567".into()), steps: vec![step] }),
        pending: [("dbInstanceClass".into(), "db.m7g.large".into())].into(),
        password_hash: Some("0123456789abcdef".into()),
        journal: full_journal(),
    }
}

fn full_journal() -> Journal {
    let call = LastCall { operation: "ModifyDBInstance".into(), at: time(), step: "0123456789ab".into() };
    let rejection = Rejection { reason: "Rejected".into(), message: "AWS says no".into(), until: time() };
    Journal {
        notes: [("resourceId".into(), "db-ABC".into())].into(),
        calls: [("instance".into(), call)].into(),
        attempts: [("0123456789ab".into(), 2)].into(),
        rejected: [("0123456789ab".into(), rejection)].into(),
        approved: ["0123456789ab".into()].into(),
    }
}
