//! AWS throttles, is slow, loses what it is told, and answers with half of the truth: the operator's own binary behind a proxy
//! that does so by rules.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::lab::{Lab, Operator, condition};
use crate::proxy::{Call, Faults};
use crate::tables::Tables;

const CREATES: [&str; 3] = ["CreateDBInstance", "RestoreDBInstanceFromDBSnapshot", "CreateTable"];

/// Status and time of these conditions, by object: one that flipped and came back has another time.
fn moments(lab: &Lab, kinds: &[&str]) -> BTreeMap<String, String> {
    let list: Value = serde_json::from_str(&lab.kubectl(&["get", "awsdb", "-o", "json"])).unwrap();
    let mut all = BTreeMap::new();
    for object in list["items"].as_array().unwrap() {
        for one in object["status"]["conditions"].as_array().unwrap() {
            if kinds.iter().any(|kind| one["type"] == *kind) {
                let name = format!("{} {} {}", object["kind"], object["metadata"]["name"], one["type"]);
                all.insert(name, format!("{} since {}", one["status"], one["lastTransitionTime"]));
            }
        }
    }
    all
}

/// The number of a line of metrics that begins so.
fn metric(operator: &Operator, line: &str) -> f64 {
    let metrics = operator.metrics();
    let found = metrics.lines().find(|one| one.starts_with(line));
    found.map_or(0.0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
}

fn settled(lab: &Lab, name: &str) -> Value {
    lab.until(&format!("{name} is Ready and Synced as it is now"), || {
        let object = lab.object(name)?;
        let holds = |kind| condition(&object, kind).is_some_and(|one| one.status == "True");
        let is_current = object["status"]["observedGeneration"] == object["metadata"]["generation"];
        (holds("Ready") && holds("Synced") && is_current).then_some(object)
    })
}

fn gone(lab: &Lab, name: &str) {
    lab.until(&format!("{name} is gone"), || lab.object(name).is_none().then_some(()));
}

fn effects(calls: &[Call], operations: &[&str], thing: &str) -> usize {
    let ours = calls.iter().filter(|call| operations.contains(&call.operation.as_str()) && call.thing == thing);
    ours.filter(|call| call.took_effect()).count()
}

#[test]
#[ignore = "issue 5: the edit waited 29 s where 10 are allowed; the cause is not found"]
fn a_throttled_account_is_called_less_and_a_users_edit_goes_first_all_the_same() {
    let lab = Lab::new("flt-slow");
    let (tables, faults) = (Tables::of(&lab), Faults::of(&lab));
    let operator = lab.operator_behind_faults(&["--sweep=1s", "--secret-poll=1s"]);
    let names: Vec<String> = (0..15).map(|number| format!("t-{number}")).collect();
    for name in &names {
        tables.apply_small(name, "");
    }
    for name in &names {
        tables.wait_settled(name);
    }
    std::thread::sleep(Duration::from_secs(3));
    let window = Duration::from_secs(3);
    let (before, at_rest) = (faults.pace("DescribeTable", window), moments(&lab, &["Ready", "Stalled"]));
    assert!(before > 5.0, "{before} calls a second do not show a limit");

    let key = lab.fact("/aws/accessKey");
    let calls = json!({"match": {"key": key, "service": "dynamodb"}});
    faults.set("slow", calls, json!({"rate": {"perSecond": 2, "burst": 2}}));
    std::thread::sleep(Duration::from_secs(7));
    let (during, throttled) = (faults.pace("DescribeTable", window), faults.met("slow"));
    let allowed = metric(&operator, r#"awsdb_aws_calls_allowed{service="dynamodb",family="read"}"#);
    assert!(throttled > 0 && during < before / 2.0, "{before} calls a second, then {during}");
    assert!(allowed > 0.0 && allowed < 5.0, "{allowed} calls a second are allowed");

    let edited = Instant::now();
    lab.patch("dynamo/t-3", json!({"spec": {"deletionProtection": true}}));
    lab.until("the edit is in AWS", || {
        faults.calls_of("UpdateTable", "flt-slow-t-3").iter().any(Call::took_effect).then_some(())
    });
    let waited = edited.elapsed();
    assert!(waited < Duration::from_secs(10), "{waited:?}");
    assert_eq!(moments(&lab, &["Stalled"]).values().filter(|one| one.contains("True")).count(), 0);

    faults.end();
    for name in &names {
        tables.wait_settled(name);
    }
    let metrics = operator.metrics();
    assert!(metrics.contains(r#"awsdb_aws_wait_seconds_count{service="dynamodb",urgency="edit"}"#), "{metrics}");
    // The edited one waits for its effect and may say so.
    let steady = |all: BTreeMap<String, String>| -> BTreeMap<String, String> {
        all.into_iter().filter(|(name, _)| !name.contains("t-3")).collect()
    };
    assert_eq!(steady(moments(&lab, &["Ready", "Stalled"])), steady(at_rest), "a throttle changes no verdict");
    println!(
        "{before:.1} calls a second, {during:.1} under a throttle of 2, allowed {allowed:.1}; the edit took {waited:?}"
    );
}

#[test]
#[ignore = "issue 5: the rounds at once of a kind are shared by all regions, so a slow region delays edits elsewhere"]
fn a_region_that_is_slow_and_throttled_does_not_slow_another() {
    let lab = Lab::new("flt-regions");
    let (tables, faults) = (Tables::of(&lab), Faults::of(&lab));
    let _operator = lab.operator_behind_faults(&["--sweep=2s"]);
    let slow: Vec<String> = (0..30).map(|number| format!("slow-{number}")).collect();
    for name in &slow {
        tables.apply_small(name, "region: eu-west-1");
    }
    tables.apply_small("quick", "");
    for name in slow.iter().map(String::as_str).chain(["quick"]) {
        tables.wait_settled(name);
    }
    faults.set("delay", json!({"match": {"region": "eu-west-1"}}), json!({"delay": {"seconds": 3}}));
    faults.set("throttle", json!({"match": {"region": "eu-west-1"}, "share": 0.5}), json!({"throttle": {}}));
    std::thread::sleep(Duration::from_secs(4));
    assert!(faults.met("delay") > 0 && faults.met("throttle") > 0);
    let edited = Instant::now();
    lab.patch("dynamo/quick", json!({"spec": {"deletionProtection": true}}));
    lab.until("the edit is in AWS", || {
        faults.calls_of("UpdateTable", "flt-regions-quick").iter().any(Call::took_effect).then_some(())
    });
    let waited = edited.elapsed();
    assert!(waited < Duration::from_secs(3), "{waited:?}");
    println!("an edit beside a slow and throttled region took {waited:?}");
}

#[test]
fn a_create_whose_answer_or_request_is_lost_makes_exactly_one_database() {
    let lab = Lab::new("flt-create");
    let (tables, faults) = (Tables::of(&lab), Faults::of(&lab));
    let _operator = lab.operator_behind_faults(&["--trust-account"]);
    lab.apply("source", "");
    lab.wait_ready("source");
    lab.take_snapshot("flt-create-source", "flt-create-copy");
    let once =
        |thing: &str| json!({"match": {"operation": CREATES, "containing": format!("flt-create-{thing}")}, "count": 1});
    for (name, does) in [
        ("lost", json!({"lose-reply": {}})),
        ("cut", json!({"cut": {}})),
        ("broken", json!({"cut": {"transit": true}})),
        ("unheard", json!({"lose-request": {}})),
        ("unwell", json!({"error": {"status": 503, "code": "ServiceUnavailable"}})),
        ("late", json!({"delay": {"seconds": 9}})),
        ("t-lost", json!({"lose-reply": {}})),
        ("t-unwell", json!({"error": {}})),
        ("restored", json!({"lose-reply": {}})),
    ] {
        faults.set(name, once(name), does);
    }
    let instances = ["lost", "cut", "broken", "unheard", "unwell", "late"];
    for name in instances {
        lab.apply(name, "");
    }
    lab.apply_spec("restored", "source: {snapshot: {identifier: flt-create-copy}}\ndbInstanceClass: db.t4g.micro");
    for name in ["t-lost", "t-unwell"] {
        tables.apply_small(name, "");
    }
    for name in instances.into_iter().chain(["restored"]) {
        settled(&lab, name);
    }
    for name in ["t-lost", "t-unwell"] {
        tables.wait_settled(name);
    }
    let calls = faults.calls();
    for name in instances.into_iter().chain(["restored", "t-lost", "t-unwell"]) {
        assert_eq!(faults.met(name), 1, "{name}");
        let made = effects(&calls, &CREATES, &format!("flt-create-{name}"));
        assert_eq!(made, 1, "{name}: {:?}", faults.calls_of("CreateDBInstance", &format!("flt-create-{name}")));
    }
    // What AWS did is seen before anything is sent again.
    for name in ["lost", "cut", "broken", "restored", "t-lost"] {
        let thing = format!("flt-create-{name}");
        let sent = calls.iter().filter(|call| CREATES.contains(&call.operation.as_str()) && call.thing == thing);
        assert_eq!(sent.count(), 1, "{name}");
        let mut secret = lab.secret(&format!("{name}-connection")).unwrap();
        assert!(name.starts_with("t-") || !secret.remove("password").unwrap().is_empty(), "{name}");
    }
}

const PROVISIONED: &str = r#"{"spec": {"billingMode": "PROVISIONED", "provisionedThroughput": {"readCapacityUnits": 5, "writeCapacityUnits": 5}}}"#;

/// Loses the first answer to each of these operations about `lost`, and refuses the first two about `unwell`.
fn lose_and_refuse(faults: &Faults, namespace: &str, operations: &[&str]) {
    let of = |operation: &str, name: &str, count: u32| json!({"match": {"operation": operation, "containing": format!("{namespace}-{name}")}, "count": count});
    for operation in operations {
        let prefix = if operation.contains("DBInstance") { "" } else { "t-" };
        let (lost, unwell) = (format!("{prefix}lost"), format!("{prefix}unwell"));
        faults.set(&format!("{lost} {operation}"), of(operation, &lost, 1), json!({"lose-reply": {}}));
        let error = json!({"error": {"status": 503, "code": "ServiceUnavailable"}});
        faults.set(&format!("{unwell} {operation}"), of(operation, &unwell, 2), error);
    }
}

/// That each of these met its fault, and took effect once all the same.
fn assert_once(faults: &Faults, namespace: &str, name: &str, operations: &[&str]) {
    let calls = faults.calls();
    for operation in operations {
        let met = faults.met(&format!("{name} {operation}"));
        assert_eq!(met, if name.ends_with("unwell") { 2 } else { 1 }, "{name} {operation}");
        let thing = format!("{namespace}-{name}");
        let ours: Vec<&Call> = calls.iter().filter(|call| call.is(operation, &thing)).collect();
        assert_eq!(ours.iter().filter(|call| call.took_effect()).count(), 1, "{ours:?}");
    }
}

#[test]
fn a_change_or_a_deletion_whose_answer_is_lost_is_made_once_and_a_refused_one_again() {
    let lab = Lab::new("flt-change");
    let (tables, faults) = (Tables::of(&lab), Faults::of(&lab));
    let _operator = lab.operator_behind_faults(&[]);
    for name in ["lost", "unwell"] {
        lab.apply(name, "deletionPolicy: Snapshot");
        tables.apply_small(&format!("t-{name}"), "deletionPolicy: Snapshot");
    }
    let all_settled = || {
        for name in ["lost", "unwell"] {
            settled(&lab, name);
            tables.wait_settled(&format!("t-{name}"));
        }
    };
    all_settled();
    lose_and_refuse(&faults, "flt-change", &["ModifyDBInstance", "UpdateTable"]);
    for name in ["lost", "unwell"] {
        lab.patch(name, json!({"spec": {"allocatedStorage": 40}}));
        lab.patch(&format!("dynamo/t-{name}"), serde_json::from_str(PROVISIONED).unwrap());
    }
    all_settled();
    for name in ["lost", "unwell"] {
        assert_eq!(lab.instance(&format!("flt-change-{name}")).unwrap().allocated_storage(), Some(40));
        assert_once(&faults, "flt-change", name, &["ModifyDBInstance"]);
        assert_once(&faults, "flt-change", &format!("t-{name}"), &["UpdateTable"]);
    }

    faults.end();
    lose_and_refuse(&faults, "flt-change", &["DeleteDBInstance", "CreateBackup", "DeleteTable"]);
    lab.kubectl(&["delete", "rds", "--all", "--wait=false"]);
    lab.kubectl(&["delete", "dynamo", "--all", "--wait=false"]);
    for name in ["lost", "unwell"] {
        let table = format!("flt-change-t-{name}");
        gone(&lab, name);
        gone(&lab, &format!("dynamo/t-{name}"));
        assert!(lab.instance(&format!("flt-change-{name}")).is_none() && tables.table(&table).is_none());
        assert_eq!(lab.snapshots(&format!("flt-change-{name}")).len(), 1);
        assert_eq!(tables.backups(&table).len(), 1, "{:?}", tables.backups(&table));
        assert_once(&faults, "flt-change", name, &["DeleteDBInstance"]);
        assert_once(&faults, "flt-change", &format!("t-{name}"), &["CreateBackup", "DeleteTable"]);
    }
}

#[test]
fn a_listing_with_holes_is_never_taken_for_an_absence() {
    let lab = Lab::new("flt-pages");
    let faults = Faults::of(&lab);
    let operator = lab.operator_behind_faults(&["--sweep=1s", "--quiet-period=1s"]);
    // Each in a region of its own: a listing holds all objects of one.
    let cases = [
        ("fails", "eu-west-1", json!({"pages": {"failAt": 2}})),
        ("repeats", "eu-central-1", json!({"pages": {"repeat": true}})),
        ("omits", "ap-south-1", json!({"omit": {"containing": "flt-pages-omits<"}})),
    ];
    for (name, region, _) in &cases {
        lab.apply(name, &format!("region: {region}\ndeletionPolicy: Snapshot"));
    }
    lab.apply("leaving", "deletionPolicy: Snapshot");
    for name in ["fails", "repeats", "omits", "leaving"] {
        settled(&lab, name);
    }
    let verdicts = moments(&lab, &["Ready", "Stalled"]);
    for (name, region, does) in &cases {
        // Of a look by identifier only the first answer is read.
        let listing = json!({"region": region, "operation": "DescribeDBInstances", "containing": "Filters"});
        faults.set(name, json!({"match": listing}), does.clone());
    }
    let snapshots = json!({"match": {"operation": "DescribeDBSnapshots"}});
    faults.set("snapshots", snapshots, json!({"pages": {"failAt": 2}}));
    lab.kubectl(&["delete", "rds", "leaving", "--wait=false"]);
    std::thread::sleep(Duration::from_secs(6));
    for name in ["fails", "repeats", "omits", "snapshots"] {
        assert!(faults.met(name) > 2, "{name}: {}", faults.met(name));
    }
    assert!(lab.object("leaving").is_some(), "the finalizer stays until the final snapshot is seen");
    for (name, _, _) in &cases {
        assert!(!lab.events(name).contains(&"ExternallyDeleted".to_string()), "{:?}", lab.events(name));
    }
    let still = |all: BTreeMap<String, String>| -> BTreeMap<String, String> {
        all.into_iter().filter(|(name, _)| !name.contains("leaving")).collect()
    };
    assert_eq!(still(moments(&lab, &["Ready", "Stalled"])), still(verdicts), "{}", operator.metrics());
    faults.end();
    gone(&lab, "leaving");
    assert_eq!(lab.snapshots("flt-pages-leaving").len(), 1);
    for (name, _, _) in &cases {
        settled(&lab, name);
        assert_eq!(effects(&faults.calls(), &CREATES, &format!("flt-pages-{name}")), 1);
    }
    assert_eq!(faults.calls_of("CreateDBInstance", "flt-pages-omits").len(), 1);
}

#[test]
fn states_that_aws_shows_late_cause_no_second_call() {
    let lab = Lab::new("flt-late");
    let (tables, faults) = (Tables::of(&lab), Faults::of(&lab));
    let _operator = lab.operator_behind_faults(&[]);
    let changes =
        ["CreateDBInstance", "ModifyDBInstance", "DeleteDBInstance", "CreateTable", "UpdateTable", "DeleteTable"];
    faults.set("late", json!({}), json!({"old-state": {"seconds": 4, "after": changes}}));
    lab.apply("orders", "deletionPolicy: Delete");
    tables.apply_small("t-orders", "deletionPolicy: Delete");
    settled(&lab, "orders");
    tables.wait_settled("t-orders");
    lab.patch("orders", json!({"spec": {"allocatedStorage": 40}}));
    lab.patch("dynamo/t-orders", serde_json::from_str(PROVISIONED).unwrap());
    lab.until("AWS has both changes", || {
        let is_larger = lab.instance("flt-late-orders")?.allocated_storage() == Some(40);
        let throughput = tables.table("flt-late-t-orders")?.provisioned_throughput?;
        (is_larger && throughput.read_capacity_units == Some(5)).then_some(())
    });
    settled(&lab, "orders");
    tables.wait_settled("t-orders");
    lab.kubectl(&["delete", "rds/orders", "dynamo/t-orders", "--wait=false"]);
    gone(&lab, "orders");
    gone(&lab, "dynamo/t-orders");
    for change in changes {
        let thing = if change.ends_with("Table") { "flt-late-t-orders" } else { "flt-late-orders" };
        let sent = faults.calls_of(change, thing);
        assert_eq!(sent.len(), 1, "{change}: {sent:?}");
    }
    assert!(lab.instance("flt-late-orders").is_none() && tables.table("flt-late-t-orders").is_none());
}

#[test]
#[ignore = "issue 5: what is said depends on where the answer is cut; the expectation is not settled"]
fn an_answer_that_cannot_be_read_is_said_and_asked_for_again() {
    let lab = Lab::new("flt-cut");
    let (tables, faults) = (Tables::of(&lab), Faults::of(&lab));
    let operator = lab.operator_behind_faults(&["--sweep=1s"]);
    lab.apply("orders", "");
    tables.apply_small("t-orders", "");
    settled(&lab, "orders");
    tables.wait_settled("t-orders");
    let verdicts = moments(&lab, &["Ready", "Stalled"]);
    faults.set("cut", json!({"match": {"operation": "DescribeDBInstances"}}), json!({"cut": {}}));
    faults.set("broken", json!({"match": {"operation": "DescribeTable"}}), json!({"cut": {"transit": true}}));
    for (name, words) in [("orders", "DescribeDBInstances: AWS says Unreadable"), ("dynamo/t-orders", "DescribeTable")]
    {
        let said = lab.until("it says what happens", || {
            condition(&lab.object(name)?, "Reconciling").filter(|one| one.status == "True" && one.reason == "Retrying")
        });
        assert!(said.message.contains(words), "{name}: {}", said.message);
    }
    assert!(
        metric(
            &operator,
            r#"awsdb_aws_calls_total{service="rds",operation="DescribeDBInstances",result="Unreadable"}"#
        ) > 0.0
    );
    assert_eq!(moments(&lab, &["Ready", "Stalled"]), verdicts);
    faults.end();
    settled(&lab, "orders");
    tables.wait_settled("t-orders");
    assert_eq!(moments(&lab, &["Ready", "Stalled"]), verdicts);
}

#[test]
fn the_proxy_limits_each_access_key_by_itself_and_refuses_a_rule_that_it_does_not_understand() {
    let lab = Lab::new("flt-proxy");
    let faults = Faults::of(&lab);
    faults.set("rate", json!({"match": {"service": "dynamodb"}}), json!({"rate": {"perSecond": 0.01, "burst": 3}}));
    let (config, runtime) = lab.aws();
    let passed = |key: &str| {
        let credentials = aws_sdk_dynamodb::config::Credentials::new(key, "secret", None, None, "test");
        let once = aws_sdk_dynamodb::config::retry::RetryConfig::disabled();
        let settings = aws_sdk_dynamodb::config::Builder::from(config)
            .endpoint_url(lab.fact("/faults/endpoint"))
            .credentials_provider(credentials)
            .retry_config(once);
        let client = aws_sdk_dynamodb::Client::from_conf(settings.build());
        (0..5).filter(|_| runtime.block_on(client.list_tables().send()).is_ok()).count()
    };
    assert_eq!((passed("AKIAONE"), passed("AKIATWO")), (3, 3));
    assert_eq!(faults.met("rate"), 4);
    for (rule, word) in [
        (json!({"do": {"burn": {}}}), "burn"),
        (json!({"do": {"delay": {}}}), "seconds"),
        (json!({"do": {"throttle": {}}, "match": {"opration": "X"}}), "opration"),
        (json!({"do": {"throttle": {}}, "cuont": 1}), "cuont"),
    ] {
        let words = faults.refused(&rule);
        assert!(words.contains(word), "{words}");
    }
}
