//! Passwords reach the database and the Secret, and nothing else.

use serde_json::json;

use crate::lab::Lab;

#[test]
fn a_rotation_on_request_changes_the_password_once() {
    let lab = Lab::new("pw-rotate");
    let operator = lab.operator();
    lab.apply("orders", "");
    lab.wait_ready("orders");
    let first = lab.secret("orders-connection").unwrap()["password"].clone();
    let before = lab.aws_calls();
    lab.kubectl(&["annotate", "rds", "orders", "awsdb.dev/rotate=one"]);
    let second = lab.until("the password changed", || {
        let password = lab.secret("orders-connection")?.get("password")?.clone();
        (password != first).then_some(password)
    });
    assert_eq!(lab.aws_writes_since(&before), ["rds.ModifyDBInstance"]);
    drop(operator);
    let _restarted = lab.operator();
    std::thread::sleep(std::time::Duration::from_secs(4));
    assert_eq!(lab.secret("orders-connection").unwrap()["password"], second, "the same token rotates once");
}

#[test]
fn the_content_of_the_users_secret_reaches_the_database_and_the_binding() {
    let lab = Lab::new("pw-own");
    let _operator = lab.operator();
    lab.kubectl(&["create", "secret", "generic", "mine", "--from-literal=password=first-password"]);
    lab.apply("orders", "credentials: {secretRef: {name: mine}}");
    lab.wait_ready("orders");
    assert_eq!(lab.secret("orders-connection").unwrap()["password"], "first-password");
    let before = lab.aws_calls();
    let patch = json!({"stringData": {"password": "second-password"}}).to_string();
    lab.kubectl(&["patch", "secret", "mine", "--type=merge", "-p", &patch]);
    lab.until("the binding has the second password", || {
        (lab.secret("orders-connection")?.get("password")? == "second-password").then_some(())
    });
    assert_eq!(lab.aws_writes_since(&before), ["rds.ModifyDBInstance"]);
}

#[test]
fn a_deleted_secret_is_made_again_without_changing_the_password() {
    let lab = Lab::new("pw-deleted");
    let _operator = lab.operator();
    lab.apply("orders", "");
    lab.wait_ready("orders");
    let before = lab.secret("orders-connection").unwrap();
    let calls = lab.aws_calls();
    for name in ["orders-connection", "orders-credentials"] {
        lab.kubectl(&["delete", "secret", name]);
        let after = lab.until("the Secret is back", || lab.secret(name));
        assert_eq!(after["password"], before["password"], "{name}");
    }
    assert_eq!(lab.aws_writes_since(&calls), Vec::<String>::new());
}

#[test]
fn no_password_is_ever_in_logs_events_status_or_metrics() {
    let lab = Lab::new("pw-canary");
    let operator = lab.operator_with(&["--log-level=trace"]);
    lab.kubectl(&["create", "secret", "generic", "mine", "--from-literal=password=canary-first-4711"]);
    lab.apply("own", "credentials: {secretRef: {name: mine}}\nconnectionSecret: {templates: {DSN: 'pw={password}'}}");
    lab.apply("drawn", "");
    lab.wait_ready("own");
    lab.wait_ready("drawn");
    let drawn = lab.secret("drawn-connection").unwrap()["password"].clone();
    lab.kubectl(&["annotate", "rds", "drawn", "awsdb.dev/rotate=one"]);
    lab.until("it is rotated", || (*lab.secret("drawn-connection")?.get("password")? != drawn).then_some(()));
    let rotated = lab.secret("drawn-connection").unwrap()["password"].clone();
    let patch = json!({"stringData": {"password": "canary/refused@4711"}}).to_string();
    lab.kubectl(&["patch", "secret", "mine", "--type=merge", "-p", &patch]);
    lab.wait_stalled("own", "InvalidCredentials");

    let places = [
        ("log", std::fs::read_to_string(lab.log()).unwrap()),
        ("events", lab.kubectl(&["get", "events.events.k8s.io", "-o", "json"])),
        ("objects", lab.kubectl(&["get", "rds", "-o", "json"])),
        ("metrics", operator.metrics()),
    ];
    for (place, text) in places {
        for canary in ["canary-first-4711", "canary/refused@4711", drawn.as_str(), rotated.as_str()] {
            assert!(!text.contains(canary), "a password is in the {place}");
        }
    }
}
