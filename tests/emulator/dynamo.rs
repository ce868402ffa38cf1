//! A DynamoTable from apply to Ready, through changes, to each way of going away.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::knobs::Knob;
use crate::lab::{Lab, condition};
use crate::tables::{Tables, dynamo};

/// The spec of an example, without the lines around it.
fn example(name: &str) -> String {
    let text = std::fs::read_to_string(format!("{}/examples/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let spec = text.split("\nspec:\n").nth(1).unwrap();
    spec.lines().map(|line| format!("{}\n", line.strip_prefix("  ").unwrap_or(line))).collect()
}

#[test]
fn the_users_example_becomes_ready_with_a_complete_connection_secret() {
    let lab = Lab::new("dyn-create");
    let (tables, _operator) = (Tables::of(&lab), lab.operator());
    tables.apply("users", &example("dynamo-users.yaml"));
    lab.kubectl(&["wait", "--for=condition=Ready", "--timeout=60s", "dynamo/users"]);
    let object = tables.wait_settled("users");
    assert_eq!(object["status"]["identifier"], "dyn-create-users");
    assert!(lab.kstatus(&object).starts_with("Current"), "{}", lab.kstatus(&object));

    let table = tables.table("dyn-create-users").unwrap();
    let arn = table.table_arn().unwrap();
    let secret = lab.secret("users-connection").unwrap();
    let has = |key: &str| secret.get(key).map(String::as_str).unwrap_or_default();
    assert_eq!([has("type"), has("provider"), has("table")], ["dynamodb", "aws", "dyn-create-users"]);
    assert_eq!([has("arn"), has("region"), has("port")], [arn, "us-east-1", "443"]);
    assert_eq!(has("host"), "dynamodb.us-east-1.amazonaws.com");
    assert_eq!([has("uri"), has("endpoint")], ["https://dynamodb.us-east-1.amazonaws.com"; 2]);
    assert_eq!(has("stream-arn"), table.latest_stream_arn().unwrap());
    assert_eq!(has("index-names"), "created-index,email-index");
    let policy: Value = serde_json::from_str(has("iam-policy")).unwrap();
    assert!(policy["Statement"][0]["Resource"].to_string().contains(arn), "{policy}");
    assert_eq!(object["status"]["consumerPolicy"], has("iam-policy"));
    assert_eq!(object["status"]["binding"]["name"], "users-connection");
    assert!(!secret.contains_key("password") && lab.secret("users-credentials").is_none());

    let tags = tables.tags("dyn-create-users");
    assert!(tags.contains_key("awsdb.dev/owner") && tags.contains_key("awsdb.dev/cluster"), "{tags:?}");
    assert_eq!(tags["team"], "a");
    assert_eq!(tables.expires_by("dyn-create-users").as_deref(), Some("expiresAt"));
    assert_eq!(tables.recovery_days("dyn-create-users"), Some(35));
    assert!(lab.events("dynamo/users").contains(&"CreateTable".to_string()));
    let columns = lab.kubectl(&["get", "dynamo", "-o", "wide"]);
    assert!(columns.contains("PAY_PER_REQUEST") && columns.contains("users-connection"), "{columns}");
}

#[test]
fn while_aws_makes_a_table_the_object_says_so() {
    let lab = Lab::new("dyn-slow");
    let (tables, _operator) = (Tables::of(&lab), lab.operator());
    let _slow = Knob::create_seconds(&lab, 4);
    tables.apply_small("orders", "timeToLive: {enabled: true, attributeName: expiresAt}");
    let seen = lab.until("it is being created", || {
        let object = lab.object("dynamo/orders")?;
        (object["status"]["awsStatus"] == "CREATING").then_some(object)
    });
    assert_eq!(condition(&seen, "Ready").unwrap().status, "False");
    assert!(lab.kstatus(&seen).starts_with("InProgress"), "{}", lab.kstatus(&seen));
    tables.wait_settled("orders");
    assert_eq!(tables.expires_by("dyn-slow-orders").as_deref(), Some("expiresAt"));
    let index = json!([{"name": "by-a", "hashKey": {"name": "a", "type": "S"}, "projection": {"type": "ALL"}}]);
    lab.patch("dynamo/orders", json!({"spec": {"globalSecondaryIndexes": index}}));
    lab.until("the index is being built", || {
        (lab.object("dynamo/orders")?["status"]["indexes"]["by-a"] == "CREATING").then_some(())
    });
    let object = tables.wait_settled("orders");
    assert_eq!(object["status"]["indexes"], json!({"by-a": "ACTIVE"}));
}

#[test]
fn a_pod_that_waits_for_the_secret_finds_a_table_that_serves() {
    let lab = Lab::new("dyn-binding");
    let (tables, _operator) = (Tables::of(&lab), lab.operator());
    let _slow = Knob::create_seconds(&lab, 4);
    tables.apply_small("orders", "");
    lab.until("it is being created", || {
        (lab.object("dynamo/orders")?["status"]["awsStatus"] == "CREATING").then_some(())
    });
    assert!(lab.secret("orders-connection").is_none(), "there is nothing to connect to yet");
    tables.wait_settled("orders");
    assert!(lab.secret("orders-connection").is_some());
}

#[test]
fn changed_fields_reach_aws_with_events() {
    let lab = Lab::new("dyn-change");
    let (tables, _operator) = (Tables::of(&lab), lab.operator());
    tables.apply_small("orders", "tags: {team: a, old: x}\npointInTimeRecovery: {enabled: true}");
    tables.wait_settled("orders");
    let index =
        |name: &str| json!({"name": name, "hashKey": {"name": name, "type": "S"}, "projection": {"type": "ALL"}});
    lab.patch(
        "dynamo/orders",
        json!({"spec": {
            "tags": {"team": "b", "old": null},
            "timeToLive": {"enabled": true, "attributeName": "until"},
            "globalSecondaryIndexes": [index("status"), index("city")],
            "onDemandThroughput": {"maxReadRequestUnits": 100},
            "tableClass": "STANDARD_INFREQUENT_ACCESS",
            "stream": {"enabled": true, "viewType": "KEYS_ONLY"},
            "contributorInsights": {"enabled": true},
            "kinesisDestination": {"enabled": true, "streamArn": KINESIS},
            "resourcePolicy": POLICY,
        }}),
    );
    let object = tables.wait_settled("orders");
    let table = tables.table("dyn-change-orders").unwrap();
    let tags = tables.tags("dyn-change-orders");
    assert_eq!((tags.get("team").map(String::as_str), tags.get("old")), (Some("b"), None));
    assert_eq!(tables.expires_by("dyn-change-orders").as_deref(), Some("until"));
    assert_eq!(tables.index_names("dyn-change-orders"), BTreeSet::from(["status".into(), "city".into()]));
    assert_eq!(table.on_demand_throughput().unwrap().max_read_request_units(), Some(100));
    assert_eq!(table.table_class_summary().unwrap().table_class().unwrap().as_str(), "STANDARD_INFREQUENT_ACCESS");
    assert!(tables.has_insights("dyn-change-orders"));
    assert_eq!(tables.destinations("dyn-change-orders"), [KINESIS]);
    assert!(tables.policy("dyn-change-orders").is_some());
    assert_eq!(lab.secret("orders-connection").unwrap()["stream-arn"], table.latest_stream_arn().unwrap());
    assert_eq!(object["status"]["indexes"], json!({"city": "ACTIVE", "status": "ACTIVE"}));
    let events = lab.events("dynamo/orders");
    for call in ["TagResource", "UntagResource", "UpdateTimeToLive", "UpdateTable"] {
        assert!(events.contains(&call.to_string()), "{call} in {events:?}");
    }

    lab.patch(
        "dynamo/orders",
        json!({"spec": {
            "contributorInsights": {"enabled": false}, "kinesisDestination": {"enabled": false, "streamArn": null},
            "resourcePolicy": "", "timeToLive": {"enabled": false},
        }}),
    );
    tables.wait_settled("orders");
    assert!(!tables.has_insights("dyn-change-orders") && tables.policy("dyn-change-orders").is_none());
    assert_eq!(tables.destinations("dyn-change-orders"), Vec::<String>::new());
    assert_eq!(tables.expires_by("dyn-change-orders"), None);
}

const KINESIS: &str = "arn:aws:kinesis:us-east-1:123456789012:stream/changes";
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::123456789012:role/other"},"Action":"dynamodb:PutItem","Resource":"*"}]}"#;

/// The plan's hash, once this call waits for approval.
fn held(lab: &Lab, name: &str, call: &str) -> String {
    lab.until(&format!("{call} waits for approval"), || {
        let object = lab.object(&dynamo(name))?;
        let steps = object["status"]["plan"]["steps"].as_array()?.clone();
        let waits = steps.iter().any(|step| step["call"] == call && step["when"] == "approval");
        object["status"]["plan"]["hash"].as_str().filter(|_| waits).map(String::from)
    })
}

fn approve(lab: &Lab, name: &str, hash: &str) {
    lab.kubectl(&["annotate", "--overwrite", &dynamo(name), &format!("awsdb.dev/approve={hash}")]);
}

#[test]
fn an_index_that_left_the_list_goes_only_when_approved() {
    let lab = Lab::new("dyn-index");
    let (tables, _operator) = (Tables::of(&lab), lab.operator());
    tables.apply("users", &example("dynamo-users.yaml"));
    tables.wait_settled("users");
    let before = lab.aws_calls();
    lab.patch("dynamo/users", json!({"spec": {"globalSecondaryIndexes": null}}));
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(lab.aws_writes_since(&before), Vec::<String>::new(), "an absent list is not managed");
    lab.patch("dynamo/users", json!({"spec": {"globalSecondaryIndexes": []}}));
    let hash = held(&lab, "users", "UpdateTable");
    assert_eq!(tables.index_names("dyn-index-users").len(), 2);
    approve(&lab, "users", &hash);
    tables.wait_settled("users");
    assert_eq!(tables.index_names("dyn-index-users"), BTreeSet::new());
    assert!(!lab.secret("users-connection").unwrap().contains_key("index-names"));
}

#[test]
fn another_view_of_the_stream_waits_without_a_window_and_then_changes_the_secret() {
    let lab = Lab::new("dyn-stream");
    let (tables, _operator) = (Tables::of(&lab), lab.operator());
    tables.apply_small("orders", "stream: {enabled: true, viewType: NEW_IMAGE}");
    tables.wait_settled("orders");
    let first = lab.secret("orders-connection").unwrap()["stream-arn"].clone();
    lab.patch("dynamo/orders", json!({"spec": {"stream": {"viewType": "OLD_IMAGE"}}}));
    held(&lab, "orders", "UpdateTable");
    lab.patch("dynamo/orders", json!({"spec": {"changePolicy": {"disruptive": "Immediate"}}}));
    tables.wait_settled("orders");
    let table = tables.table("dyn-stream-orders").unwrap();
    assert_eq!(table.stream_specification().unwrap().stream_view_type().unwrap().as_str(), "OLD_IMAGE");
    let now = lab.secret("orders-connection").unwrap()["stream-arn"].clone();
    assert_eq!(now, table.latest_stream_arn().unwrap());
    assert_ne!(now, first);
}

#[test]
fn provisioned_capacity_scales_and_its_targets_go_with_the_table() {
    let lab = Lab::new("dyn-scaling");
    let (tables, _operator) = (Tables::of(&lab), lab.operator());
    tables.apply("readings", &example("dynamo-provisioned.yaml").replace("Snapshot", "Delete"));
    tables.wait_settled("readings");
    let table = tables.table("dyn-scaling-readings").unwrap();
    assert_eq!(table.provisioned_throughput().unwrap().read_capacity_units(), Some(5));
    let before = lab.aws_calls();
    lab.patch("dynamo/readings", json!({"spec": {"autoscaling": {"read": {"max": 200}}}}));
    tables.wait_settled("readings");
    assert_eq!(lab.aws_writes_since(&before), ["application-autoscaling.RegisterScalableTarget"]);
    lab.kubectl(&["delete", "dynamo/readings", "--timeout=60s"]);
    assert!(tables.table("dyn-scaling-readings").is_none());
    let gone = lab.aws_calls()["application-autoscaling.DeregisterScalableTarget"];
    assert!(gone >= 4, "{gone} targets were deregistered");
}

#[test]
fn a_replica_is_made_last_and_goes_only_when_approved() {
    let lab = Lab::new("dyn-global");
    let (tables, _operator) = (Tables::of(&lab), lab.operator());
    tables.apply("carts", &example("dynamo-global.yaml"));
    let object = tables.wait_settled("carts");
    assert_eq!(object["status"]["replicas"], json!({"eu-west-1": "ACTIVE"}));
    lab.patch("dynamo/carts", json!({"spec": {"replicas": []}}));
    let hash = held(&lab, "carts", "UpdateTable");
    assert_eq!(tables.table("dyn-global-carts").unwrap().replicas().len(), 1);
    approve(&lab, "carts", &hash);
    tables.wait_settled("carts");
    assert_eq!(tables.table("dyn-global-carts").unwrap().replicas().len(), 0);
}

#[test]
fn first_items_are_written_once_and_never_again() {
    let lab = Lab::new("dyn-items");
    let (tables, _operator) = (Tables::of(&lab), lab.operator());
    let before = lab.aws_calls();
    tables.apply_small("orders", "items: {configMapRef: {name: seed}}");
    lab.until("the ConfigMap is missed", || {
        let synced = condition(&lab.object("dynamo/orders")?, "Synced")?;
        (synced.reason == "DependencyNotReady" && synced.message.contains("seed")).then_some(())
    });
    assert_eq!(lab.aws_writes_since(&before), Vec::<String>::new());
    let items: Vec<Value> = (0..60).map(|number| json!({"id": format!("item-{number}"), "n": number})).collect();
    lab.kubectl(&["create", "configmap", "seed", &format!("--from-literal=items.json={}", json!(items))]);
    let object = tables.wait_settled("orders");
    assert_eq!(tables.texts("dyn-items-orders", "id").len(), 60);
    assert_eq!(object["status"]["items"], json!({"written": 60, "total": 60}));

    tables.remove("dyn-items-orders", "item-0");
    let calls = lab.aws_calls();
    let patch = json!({"data": {"items.json": r#"[{"id": "another"}]"#}}).to_string();
    lab.kubectl(&["patch", "configmap", "seed", "--type=merge", "-p", &patch]);
    lab.kubectl(&["annotate", "dynamo/orders", "awsdb.dev/reconcile=now"]);
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(lab.aws_writes_since(&calls), Vec::<String>::new(), "the items are the application's now");
    assert_eq!(tables.texts("dyn-items-orders", "id").len(), 59);
}

#[test]
fn items_that_dynamodb_would_refuse_are_named_and_nothing_is_created() {
    let lab = Lab::new("dyn-bad-items");
    let (tables, _operator) = (Tables::of(&lab), lab.operator());
    let before = lab.aws_calls();
    lab.kubectl(&["create", "configmap", "seed", r#"--from-literal=items.json=[{"id": "a"}, {"name": "b"}]"#]);
    tables.apply_small("orders", "items: {configMapRef: {name: seed}}");
    let stalled = lab.wait_stalled("dynamo/orders", "InvalidSpec");
    assert!(stalled.message.contains("item 2") && stalled.message.contains("seed"), "{}", stalled.message);
    assert_eq!(lab.aws_writes_since(&before), Vec::<String>::new());
}
