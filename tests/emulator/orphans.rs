//! What an object leaves in AWS is counted and listed, and nothing is done about it.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Output;

use serde_json::Value;

use crate::lab::Lab;
use crate::tables::Tables;

/// Counts every second.
const OFTEN: &str = "--orphan-sweep=1s";

/// `awsdb orphans` as a platform team would call it, on this test's namespace.
fn orphans(lab: &Lab, namespace: &str, more: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = lab.command();
    command.env("KUBECONFIG", lab.fact("/kubeconfig")).env("AWS_REGION", "us-east-1").envs(variables.iter().copied());
    command.args(["orphans", "--installation=test", "-n", namespace]).args(more).output().unwrap()
}

fn report(lab: &Lab, namespace: &str) -> Value {
    let output = orphans(lab, namespace, &["-o", "json"], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Type, name, reason, and whether it was looked at directly.
fn listed(report: &Value) -> BTreeSet<(String, String, String, bool)> {
    let text = |orphan: &Value, field: &str| orphan[field].as_str().unwrap().to_string();
    let all = report["orphans"].as_array().unwrap().iter();
    all.map(|one| (text(one, "type"), text(one, "name"), text(one, "why"), one["confirmed"].as_bool().unwrap()))
        .collect()
}

fn row(of_type: &str, name: &str, why: &str, confirmed: bool) -> (String, String, String, bool) {
    (of_type.into(), name.into(), why.into(), confirmed)
}

fn counted(kind: &str, of_type: &str, why: &str, number: u32) -> String {
    format!("awsdb_orphans{{kind=\"{kind}\",type=\"{of_type}\",why=\"{why}\"}} {number}\n")
}

#[test]
fn what_stays_under_retain_is_counted_and_listed_until_its_manifest_comes_back() {
    let lab = Lab::new("orph-retain");
    let (tables, operator) = (Tables::of(&lab), lab.operator_with(&[OFTEN]));
    let apply = || {
        lab.apply("orders", "parameters: {log_min_duration_statement: '500'}");
        tables.apply_small("events", "");
    };
    apply();
    lab.wait_ready("orders");
    tables.wait_settled("events");
    lab.until("none is counted", || {
        let metrics = operator.metrics();
        (metrics.contains("\nawsdb_orphans_age_seconds ") && !metrics.contains("\nawsdb_orphans{")).then_some(())
    });
    assert_eq!(listed(&report(&lab, "orph-retain")), BTreeSet::new());

    let calls = lab.aws_calls();
    lab.kubectl(&["delete", "rds/orders", "dynamo/events", "--timeout=20s"]);
    for (kind, of_type) in [("RdsInstance", "rds:db"), ("RdsInstance", "rds:pg"), ("DynamoTable", "dynamodb:table")] {
        let line = counted(kind, of_type, "no object", 1);
        lab.until(&line, || operator.metrics().contains(&line).then_some(()));
    }
    let report_of_both = report(&lab, "orph-retain");
    let both = listed(&report_of_both);
    assert!(both.contains(&row("rds:db", "orph-retain-orders", "no object", true)), "{both:?}");
    assert!(both.contains(&row("dynamodb:table", "orph-retain-events", "no object", true)), "{both:?}");
    let group = both.iter().find(|row| row.0 == "rds:pg").unwrap();
    assert!(!group.3, "{both:?}");
    // The daily snapshot carries the tags of its instance.
    let snapshot = both.iter().find(|row| row.0 == "rds:snapshot").unwrap();
    assert!(snapshot.1.starts_with("rds:orph-retain-orders-") && both.len() == 4, "{both:?}");
    assert!(
        report_of_both["orphans"].as_array().unwrap().iter().all(|one| one["confirmed"] == one["created"].is_string())
    );

    let table = orphans(&lab, "orph-retain", &[], &[]);
    let (text, said) = (String::from_utf8(table.stdout).unwrap(), String::from_utf8(table.stderr).unwrap());
    assert!(text.starts_with("TYPE ") && text.lines().count() == 5 && !text.contains('\u{1b}'), "{text}");
    assert!(said.contains("4 things of installation test") && said.contains("apply its manifest"), "{said}");

    apply();
    lab.wait_ready("orders");
    tables.wait_settled("events");
    lab.until("none is counted", || (!operator.metrics().contains("\nawsdb_orphans{")).then_some(()));
    assert_eq!(listed(&report(&lab, "orph-retain")), BTreeSet::new());
    assert_eq!(lab.aws_writes_since(&calls), Vec::<String>::new(), "nobody touches them");
}

#[test]
fn things_of_other_owners_clusters_and_names_are_told_apart() {
    let lab = Lab::new("orph-others");
    let (tables, operator) = (Tables::of(&lab), lab.operator_with(&[OFTEN]));
    lab.apply("orders", "");
    lab.wait_ready("orders");
    let cluster = lab.kubectl(&["get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}"]);
    let make = |name: &str, owner: &str, cluster: &str| {
        lab.make_foreign(name, &[("awsdb.dev/owner", owner), ("awsdb.dev/cluster", cluster)]);
    };
    make("orph-before", "test/RdsInstance/orph-others/orders", &cluster);
    make("orph-rebuilt", "test/RdsInstance/orph-others/billing", "another-uid");
    make("orph-elsewhere", "test/RdsInstance/orph-nowhere/orders", &cluster);
    make("orph-staging", "staging/RdsInstance/orph-others/gone", &cluster);
    make("orph-aurora", "test/UnknownKind/orph-others/gone", &cluster);
    make("orph-odd", "test/orders", &cluster);
    let tags = [("awsdb.dev/owner", "test/DynamoTable/orph-others/gone"), ("awsdb.dev/cluster", cluster.as_str())];
    tables.make_foreign("orph-table", &tags);
    lab.snapshot(
        "orph-staging",
        "orph-final",
        &[("awsdb.dev/owner", "test/RdsInstance/orph-others/gone"), ("awsdb.dev/cluster", &cluster)],
    );
    let calls = lab.aws_calls();

    let report = report(&lab, "orph-others");
    let expected = BTreeSet::from([
        row("rds:db", "orph-before", "object names another", true),
        row("rds:db", "orph-rebuilt", "other cluster", true),
        row("rds:snapshot", "orph-final", "no object", false),
        row("dynamodb:table", "orph-table", "no object", true),
    ]);
    assert_eq!(listed(&report), expected);
    let notes = report["notes"].to_string();
    assert!(
        notes.contains("1 tagged things of kind UnknownKind are not judged") && notes.contains("test/orders"),
        "{notes}"
    );
    for line in [
        counted("RdsInstance", "rds:db", "object names another", 1),
        counted("RdsInstance", "rds:db", "other cluster", 1),
        counted("RdsInstance", "rds:snapshot", "no object", 1),
        counted("DynamoTable", "dynamodb:table", "no object", 1),
    ] {
        lab.until(&line, || operator.metrics().contains(&line).then_some(()));
    }
    assert_eq!(operator.metrics().matches("\nawsdb_orphans{").count(), 4, "nothing of another namespace");
    assert_eq!(lab.aws_writes_since(&calls), Vec::<String>::new());
}

#[test]
fn without_the_right_to_list_tags_it_is_said_once_and_no_figure_is_shown() {
    let lab = Lab::new("orph-denied");
    let endpoint = denying();
    let variables = [("AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API", endpoint.as_str())];
    let operator = lab.operator_in(&[OFTEN], &variables);
    lab.until("it was tried several times", || {
        let metrics = operator.metrics();
        let line = metrics
            .lines()
            .find(|line| line.starts_with("awsdb_aws_calls_total{") && line.contains("operation=\"GetResources\""))?;
        assert!(line.contains("result=\"AccessDeniedException\""), "{line}");
        (line.rsplit(' ').next()?.parse::<f64>().ok()? >= 3.0).then_some(())
    });
    assert!(!operator.metrics().contains("\nawsdb_orphans"), "no figure is better than an old one");
    lab.apply("orders", "");
    lab.wait_ready("orders");
    let log = std::fs::read_to_string(lab.log()).unwrap();
    let said: Vec<&str> =
        log.lines().filter(|line| line.contains("things without an object cannot be counted")).collect();
    assert!(said.len() == 1 && said[0].contains("grant tag:GetResources"), "{said:?}");

    let output = orphans(&lab, "orph-denied", &[], &variables);
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.contains("GetResources (us-east-1): AWS says AccessDeniedException") && words.lines().count() == 1);
}

/// A tagging API that denies everything, until the process ends.
fn denying() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let words = "User: arn:aws:iam::123456789012:user/lab is not authorized to perform: tag:GetResources";
        let body = serde_json::json!({ "__type": "AccessDeniedException", "message": words }).to_string();
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let mut length = 0;
            for line in reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()) {
                if let Some(number) = line.to_lowercase().strip_prefix("content-length:") {
                    length = number.trim().parse().unwrap();
                }
            }
            let mut request = vec![0; length];
            if reader.read_exact(&mut request).is_err() {
                continue;
            }
            let head = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.1\r\nConnection: close";
            let _ = write!(reader.into_inner(), "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        }
    });
    endpoint
}
