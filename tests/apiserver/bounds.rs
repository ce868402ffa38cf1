//! Every bound of the spec's schema, found in the CRD itself: a value one beyond it is refused in words that name field
//! and bound, a value at it is admitted. What a generator cannot guess (texts that fit a pattern, neighbours that a rule
//! wants) is in two tables.

use serde_json::{Map, Value, json};

use crate::lab::{Refusal, instance, lab, merged};
use crate::schema::{Node, nodes};

/// A text of a length that fits the pattern of a field.
type Make = fn(usize) -> String;

/// Fields with a pattern: how a text of any length is made, what else fits, and what does not.
const PATTERNS: &[(&str, Make, &[&str], &[&str])] = &[
    (
        "spec.identifier",
        |length| "a".repeat(length),
        &["orders", "a1-b2", "team-a-orders"],
        &["Orders", "1a", "-a", "a-", "a--b", "a_b", "a.b"],
    ),
    (
        "spec.region",
        |length| format!("eu-{}-1", "a".repeat(length.saturating_sub(5).max(1))),
        &["eu-central-1", "us-gov-west-1", "us-isob-east-1", "eusc-de-east-1"],
        &["europe", "eu-central", "EU-central-1", "eu-central-12", "eu--1"],
    ),
    (
        "spec.connectionSecret.labels.{}",
        |length| "a".repeat(length),
        &["", "billing", "A.b_c-9"],
        &["-a", "a-", "a b", "a/b"],
    ),
    (
        "spec.connectionSecret.name",
        |length| "a".repeat(length),
        &["db", "billing.db", "1-a"],
        &["DB", "-db", "db-", ".db", "d_b"],
    ),
    (
        "spec.credentials.rotation.interval",
        |length| format!("{}d", "9".repeat(length.saturating_sub(1))),
        &["90d", "1h", "720h"],
        &["90", "0d", "1w", "1.5d", "-1d", "90D"],
    ),
    (
        "spec.dbInstanceClass",
        |length| format!("db.{}", "a".repeat(length.saturating_sub(3))),
        &["db.t4g.micro", "db.r6i.32xlarge", "db.x2iedn.2xlarge.tpc2.mem4x", "db.m5d.large-preview"],
        &["t4g.micro", "db.", "db..micro", "DB.t4g.micro", "db.t4g_micro"],
    ),
    ("spec.dbName", |length| "a".repeat(length), &["orders", "Orders_1", "_a"], &["1a", "a-b", "a b", "a.b"]),
    (
        "spec.engineVersion",
        |length| "1".repeat(length),
        &["16", "16.4", "8.0.40", "19.0.0.0.ru-2024-10.rur-2024-10.r1", "15.00.4345.5.v1"],
        &["v16", "latest", "16 ", ".4"],
    ),
    ("spec.masterUsername", |length| "a".repeat(length), &["app", "App_1"], &["1app", "_app", "app-1", "app user"]),
    (
        "spec.preferredBackupWindow",
        |length| "01:00-01:30".chars().cycle().take(length).collect(),
        &["00:00-00:30", "23:30-00:30"],
        &["1:00-1:30", "24:00-00:30", "01:00-01:60", "01:00", "mon:01:00-mon:01:30"],
    ),
    (
        "spec.preferredMaintenanceWindow",
        |length| "sun:03:00-sun:04:00".chars().cycle().take(length).collect(),
        &["mon:00:00-mon:00:30", "sun:23:30-mon:00:30"],
        &["Sun:03:00-Sun:04:00", "03:00-04:00", "sun:3:00-sun:4:00", "sun:24:00-mon:00:30", "xyz:03:00-xyz:04:00"],
    ),
    (
        "spec.subnetIds.[]",
        |length| format!("subnet-{}", "0".repeat(length.saturating_sub(7))),
        &["subnet-0a1b2c3d", "subnet-6f0400f56a809f997"],
        &["subnet-", "sg-0a1b2c3d", "subnet-0A1B2C3D", "subnet-0a1b 2c3d"],
    ),
];

/// Fields whose neighbours a rule is about: what makes their values possible.
fn neighbours(path: &str) -> Value {
    let first = path.split('.').nth(1).unwrap_or_default();
    match first {
        "additionalStorageVolumes"
        | "characterSetName"
        | "ncharCharacterSetName"
        | "processorFeatures"
        | "replicaMode" => {
            json!({"engine": "oracle-ee"})
        }
        "databaseInsightsMode" => json!({"enablePerformanceInsights": true, "performanceInsightsRetentionPeriod": 465}),
        "maxAllocatedStorage" => json!({"allocatedStorage": 5}),
        "monitoringRoleArn" => json!({"monitoringInterval": 60}),
        "storageType" => json!({"allocatedStorage": 400, "iops": 12000}),
        "timezone" => json!({"engine": "sqlserver-se"}),
        _ if path == "spec.source.pointInTime.restoreTime" => {
            json!({"source": {"pointInTime": {"identifier": "main"}}})
        }
        _ if path.starts_with("spec.source.pointInTime") => {
            json!({"source": {"pointInTime": {"useLatestRestorableTime": true}}})
        }
        _ if path.starts_with("spec.credentials.iam") => json!({"iamDatabaseAuthentication": true}),
        _ => json!({}),
    }
}

/// Fields of which a rule allows only some values, so that no value lies at the bound: one that is inside.
const INSIDE: &[(&str, &str)] = &[
    ("spec.enableCloudwatchLogsExports", r#"["postgresql"]"#),
    ("spec.enableCloudwatchLogsExports.[]", r#""postgresql""#),
    ("spec.processorFeatures", r#"{"coreCount": "2"}"#),
];

/// One bound of one field.
struct Case {
    path: String,
    /// The bound, for messages.
    bound: &'static str,
    /// Beyond it.
    wrong: Value,
    /// Words of the refusal.
    says: String,
    /// At it.
    right: Value,
}

fn cases() -> Vec<Case> {
    nodes().iter().filter(|node| node.path.first().is_some_and(|first| first == "spec")).flat_map(cases_of).collect()
}

fn cases_of(node: &Node) -> Vec<Case> {
    let (path, schema) = (node.at(), &node.schema);
    let number = |name: &str| schema[name].as_f64().map(|number| number as i64);
    let size = |name: &str| schema[name].as_u64().map(|size| size as usize);
    let mut all = Vec::new();
    let mut add = |bound, wrong: Value, says: String, right: Value| {
        all.push(Case { path: path.clone(), bound, wrong, says, right });
    };
    if let Some(most) = number("maximum") {
        add("maximum", json!(most + 1), format!("less than or equal to {most}"), json!(most));
    }
    if let Some(least) = number("minimum") {
        add("minimum", json!(least - 1), format!("greater than or equal to {least}"), json!(least));
    }
    if let Some(list) = schema["enum"].as_array() {
        for word in list.iter().filter(|word| !word.is_null()) {
            add("enum", json!("no-such-word"), "Unsupported value".into(), word.clone());
        }
    } else if let Some(most) = size("maxLength") {
        add(
            "maxLength",
            json!(text(&path, most + 1)),
            format!("may not be more than {most}"),
            json!(text(&path, most)),
        );
    }
    if let Some(least) = size("minLength") {
        let wrong: String = text(&path, least).chars().take(least - 1).collect();
        add("minLength", json!(wrong), format!("at least {least} chars long"), json!(text(&path, least)));
    }
    if let Some(most) = size("maxItems") {
        add("maxItems", list(node, most + 1), format!("at most {most} items"), list(node, most));
    }
    if let Some(least) = size("minItems") {
        add("minItems", list(node, least - 1), format!("at least {least} items"), list(node, least));
    }
    if let Some(most) = size("maxProperties") {
        add("maxProperties", map(node, most + 1), format!("at most {most} items"), map(node, most));
    }
    for name in schema["required"].as_array().into_iter().flatten().filter(|_| path != "spec") {
        let whole = sample(&node.path, schema);
        add("required", merged(&whole, &json!({name.as_str().unwrap(): null})), "Required value".into(), whole);
    }
    if schema["x-kubernetes-list-type"].is_string() {
        let two = list(node, size("minItems").unwrap_or(1));
        let mut twice = two.as_array().unwrap().clone();
        twice.push(twice[0].clone());
        add("unique", json!(twice), "Duplicate value".into(), two);
    }
    if schema["format"] == "date-time" {
        add("format", json!("yesterday"), "date-time".into(), json!("2026-01-31T09:30:00Z"));
    }
    all
}

fn pattern(path: &str) -> Option<&'static (&'static str, Make, &'static [&'static str], &'static [&'static str])> {
    PATTERNS.iter().find(|(at, ..)| *at == path)
}

fn text(path: &str, length: usize) -> String {
    pattern(path).map_or_else(|| "x".repeat(length), |(_, make, ..)| make(length))
}

/// A list of different items.
fn list(node: &Node, length: usize) -> Value {
    let mut path = node.path.clone();
    path.push("[]".into());
    let one = sample(&path, &node.schema["items"]);
    let key = node.schema["x-kubernetes-list-map-keys"][0].as_str();
    let items = (0..length).map(|index| match (&one, key) {
        (Value::String(text), _) => json!(format!("{}{index:02}", text.trim_end_matches("00"))),
        (_, Some(key)) => merged(&one, &json!({key: format!("x{index}")})),
        (other, None) => other.clone(),
    });
    Value::Array(items.collect())
}

fn map(node: &Node, size: usize) -> Value {
    let mut path = node.path.clone();
    path.push("{}".into());
    let one = sample(&path, &node.schema["additionalProperties"]);
    let entries: Map<String, Value> = (0..size).map(|index| (format!("k{index}"), one.clone())).collect();
    Value::Object(entries)
}

/// The smallest value that a schema takes.
fn sample(path: &[String], schema: &Value) -> Value {
    if let Some(first) = schema["enum"].as_array().and_then(|list| list.first()) {
        return first.clone();
    }
    match schema["type"].as_str().unwrap_or_default() {
        "string" => json!(text(&path.join("."), schema["minLength"].as_u64().unwrap_or(1).max(8) as usize)),
        "integer" => json!(schema["minimum"].as_f64().unwrap_or(1.0) as i64),
        "boolean" => json!(true),
        "array" => list(
            &Node { path: path.to_vec(), schema: schema.clone() },
            schema["minItems"].as_u64().unwrap_or(1) as usize,
        ),
        _ => {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let below = |name: &str| path.iter().cloned().chain([name.to_string()]).collect::<Vec<_>>();
            let fields = required.map(|name| (name.to_string(), sample(&below(name), &schema["properties"][name])));
            Value::Object(fields.collect())
        }
    }
}

/// An object in which the field at a path has a value, and what its neighbours require.
fn with(path: &str, value: &Value) -> Value {
    let steps: Vec<String> = path.split('.').map(Into::into).collect();
    let schemas = nodes();
    let required = |parent: &[String]| {
        let node = schemas.iter().find(|node| node.path == parent).expect("every path leads through the schema");
        sample(&node.path, &node.schema)
    };
    let nested = (1..steps.len()).rev().fold(value.clone(), |inner, at| match steps[at].as_str() {
        "[]" => json!([inner]),
        "{}" => json!({"rdsdbdata2": inner}),
        name => merged(&required(&steps[..at]), &json!({name: inner})),
    });
    let base = if path.starts_with("spec.source") {
        json!({})
    } else {
        json!({"engine": "postgres", "engineVersion": "16", "dbInstanceClass": "db.m6i.large", "allocatedStorage": 20, "masterUsername": "app"})
    };
    instance(&merged(&merged(&base, &neighbours(path)), &nested))
}

/// A list item needs its neighbours: the smallest list with this item in it.
fn completed(path: &str, value: &Value) -> (String, Value) {
    match path.strip_suffix(".[]") {
        Some(parent) => {
            let least =
                nodes().iter().find(|node| node.at() == parent).and_then(|node| node.schema["minItems"].as_u64());
            let others = (1..least.unwrap_or(1)).map(|index| json!(format!("subnet-ffff{index:04}")));
            (parent.into(), Value::Array(std::iter::once(value.clone()).chain(others).collect()))
        }
        None => (path.into(), value.clone()),
    }
}

fn ask(path: &str, value: &Value) -> Result<Value, Refusal> {
    let (path, value) = completed(path, value);
    lab().create(&with(&path, &value), true)
}

fn objection(path: &str, value: &Value, says: &str) -> Option<String> {
    let field = path.split('.').rfind(|step| !matches!(*step, "[]" | "{}")).unwrap_or_default();
    match ask(path, value) {
        Ok(_) => Some(format!("{value} is not refused")),
        Err(refusal) if refusal.says("", says) && refusal.message.contains(field) => None,
        Err(refusal) => Some(format!("{value} is refused without saying {field} and {says:?}: {}", refusal.message)),
    }
}

fn admission(path: &str, value: &Value) -> Option<String> {
    ask(path, value).err().map(|refusal| format!("{value} is refused: {}", refusal.message))
}

#[test]
fn every_bound_of_the_schema_holds() {
    let cases = cases();
    let mut wrong = Vec::new();
    for case in &cases {
        let inside =
            INSIDE.iter().find(|(at, _)| *at == case.path).map(|(_, json)| serde_json::from_str(json).unwrap());
        let right = inside.unwrap_or_else(|| case.right.clone());
        let found = [objection(&case.path, &case.wrong, &case.says), admission(&case.path, &right)];
        wrong.extend(found.into_iter().flatten().map(|why| format!("{} {}: {why}", case.path, case.bound)));
    }
    println!("{} bounds", cases.len());
    assert!(wrong.is_empty(), "{} of {} bounds:\n- {}", wrong.len(), cases.len(), wrong.join("\n- "));
}

#[test]
fn every_pattern_takes_what_aws_takes_and_refuses_the_rest() {
    let patterns: Vec<String> = nodes()
        .iter()
        .filter(|node| node.schema["pattern"].is_string() && node.path[0] == "spec")
        .map(Node::at)
        .collect();
    let mut wrong = Vec::new();
    for path in &patterns {
        let Some((_, _, good, bad)) = pattern(path) else {
            panic!("add {path} to PATTERNS in tests/apiserver/bounds.rs")
        };
        let all = good.iter().map(|text| admission(path, &json!(text)));
        let all = all.chain(bad.iter().map(|text| objection(path, &json!(text), "")));
        wrong.extend(all.flatten().map(|why| format!("{path}: {why}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(patterns.len(), PATTERNS.len(), "PATTERNS has a field without a pattern");
}
