//! What an object costs, counted at the emulator and in the API server's audit log.

use std::time::Duration;

use crate::lab::{Lab, condition};
use crate::tables::Tables;

#[test]
fn a_create_costs_at_most_seven_cluster_writes_and_four_aws_calls() {
    let lab = Lab::new("fig-create");
    let _operator = lab.operator_with(&["--sweep=60s", "--secret-poll=60s"]);
    let (writes, calls) = (lab.cluster_writes().len(), lab.aws_calls());
    lab.apply("orders", "deletionPolicy: Delete");
    lab.wait_ready("orders");
    let made: Vec<String> = lab.cluster_writes().split_off(writes);
    assert!(made.len() <= 7, "{made:#?}");
    let total: u64 = lab
        .aws_calls()
        .iter()
        .filter(|(call, _)| call.starts_with("rds."))
        .map(|(call, count)| count - calls.get(call).copied().unwrap_or_default())
        .sum();
    assert!(total <= 4, "{total} AWS calls: {:?}", lab.aws_calls());
}

#[test]
fn an_idle_object_costs_no_write_anywhere_and_one_read_a_sweep() {
    let lab = Lab::new("fig-idle");
    let _operator = lab.operator_with(&["--sweep=1s", "--secret-poll=1s"]);
    lab.apply("orders", "");
    lab.wait_ready("orders");
    lab.until("it is synced", || (condition(&lab.object("orders")?, "Synced")?.status == "True").then_some(()));
    let (writes, calls) = (lab.cluster_writes().len(), lab.aws_calls());
    std::thread::sleep(Duration::from_secs(10));
    assert_eq!(lab.cluster_writes().split_off(writes), Vec::<String>::new());
    let after = lab.aws_calls();
    let changed = calls_since(&lab, &calls);
    let reads = after["rds.DescribeDBInstances"] - calls["rds.DescribeDBInstances"];
    assert!(changed.len() == 1 && (5..=14).contains(&reads), "{changed:?}");
}

#[test]
fn a_deletion_costs_at_most_five_cluster_writes_and_none_under_retain() {
    let lab = Lab::new("fig-delete");
    let _operator = lab.operator();
    lab.apply("kept", "");
    lab.apply("destroyed", "deletionPolicy: Delete");
    lab.wait_ready("kept");
    lab.wait_ready("destroyed");
    std::thread::sleep(Duration::from_secs(8));
    let writes = lab.cluster_writes().len();
    lab.kubectl(&["delete", "rds", "kept", "--timeout=20s"]);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(lab.cluster_writes().split_off(writes), Vec::<String>::new());
    lab.kubectl(&["delete", "rds", "destroyed", "--timeout=60s"]);
    let made = lab.cluster_writes().split_off(writes);
    assert!(made.len() <= 5, "{made:#?}");
}

#[test]
fn a_restart_with_healthy_objects_writes_nothing() {
    let lab = Lab::new("fig-restart");
    let operator = lab.operator();
    let names: Vec<String> = (0..10).map(|n| format!("db-{n}")).collect();
    for name in &names {
        lab.apply(name, "deletionPolicy: Snapshot");
    }
    for name in &names {
        lab.wait_ready(name);
        lab.until("it is synced", || (condition(&lab.object(name)?, "Synced")?.status == "True").then_some(()));
    }
    assert_eq!(operator.terminate(), Some(0), "SIGTERM is a clean end");
    let (writes, calls) = (lab.cluster_writes().len(), lab.aws_calls());
    let _restarted = lab.operator();
    std::thread::sleep(Duration::from_secs(6));
    assert_eq!(lab.cluster_writes().split_off(writes), Vec::<String>::new());
    assert_eq!(lab.aws_writes_since(&calls), Vec::<String>::new());
}

/// Calls since an earlier count, without the question who we are, which is asked once in a process, and the count of
/// orphans, which comes every ten minutes and may still be under way at the start.
fn calls_since(lab: &Lab, before: &std::collections::BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let counts = lab.aws_calls().into_iter();
    let grown = counts.map(|(call, count)| (call.clone(), count - before.get(&call).copied().unwrap_or_default()));
    grown
        .filter(|(call, count)| *count > 0 && !call.starts_with("sts.") && !call.starts_with("resourcegroupstagging"))
        .collect()
}

#[test]
fn a_table_costs_at_most_seven_cluster_writes_and_four_aws_calls_to_create() {
    let lab = Lab::new("fig-dyn-create");
    let (tables, _operator) = (Tables::of(&lab), lab.operator_with(&["--sweep=60s", "--secret-poll=60s"]));
    let (writes, calls) = (lab.cluster_writes().len(), lab.aws_calls());
    tables.apply_small("orders", "deletionPolicy: Delete\ntags: {team: a}");
    tables.wait_settled("orders");
    let made: Vec<String> = lab.cluster_writes().split_off(writes);
    assert!(made.len() <= 7, "{made:#?}");
    let sent = calls_since(&lab, &calls);
    let total: u64 = sent.iter().map(|(_, count)| count).sum();
    assert!(total <= 4, "{total} AWS calls: {sent:?}");
}

/// Rounds for tables so far.
fn rounds(operator: &crate::lab::Operator) -> u64 {
    let metrics = operator.metrics();
    let of_tables =
        metrics.lines().filter(|line| line.starts_with("awsdb_reconciles_total{") && line.contains("DynamoTable"));
    of_tables.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap() as u64).sum()
}

#[test]
fn an_idle_table_costs_no_write_anywhere_and_one_call_a_check() {
    let lab = Lab::new("fig-dyn-idle");
    let (tables, operator) = (Tables::of(&lab), lab.operator());
    // Everything whose state AWS shows by calls of their own.
    let spec = "timeToLive: {enabled: true, attributeName: until}\npointInTimeRecovery: {enabled: true}\ntags: {team: a}\ncontributorInsights: {enabled: true}";
    tables.apply_small("orders", spec);
    tables.wait_settled("orders");
    // For a minute after a change AWS is asked more often: a process that changed nothing has no such minute.
    drop(operator);
    let operator = lab.operator_with(&["--sweep=1s", "--secret-poll=1s"]);
    std::thread::sleep(Duration::from_secs(4));
    let (writes, calls, before) = (lab.cluster_writes().len(), lab.aws_calls(), rounds(&operator));
    std::thread::sleep(Duration::from_secs(10));
    let sent = calls_since(&lab, &calls);
    let checks = rounds(&operator) - before;
    assert_eq!(lab.cluster_writes().split_off(writes), Vec::<String>::new());
    let total: u64 = sent.iter().map(|(_, count)| count).sum();
    assert!(checks >= 5 && total <= checks && sent.len() == 1, "{checks} checks: {sent:?}");
}
