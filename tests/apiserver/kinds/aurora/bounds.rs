//! What a generator cannot guess of AuroraServerless.

use serde_json::{Value, json};

use crate::kinds::Pattern;
use crate::kinds::shared::{backup_window, interval, maintenance_window, subnet};
use crate::lab::merged;

pub const PATTERNS: &[Pattern] = &[
    Pattern {
        at: "spec.identifier",
        make: |length| "a".repeat(length),
        good: &["orders", "a1-b2", "team-a-orders"],
        bad: &["Orders", "1a", "-a", "a-", "a--b", "a_b", "a.b"],
    },
    interval("spec.credentials.rotation.interval"),
    Pattern {
        at: "spec.customEndpoints.[].name",
        make: |length| "a".repeat(length),
        good: &["reports", "bi-1", "7"],
        bad: &["Reports", "-a", "a-", "a--b", "a_b"],
    },
    Pattern {
        at: "spec.databaseName",
        make: |length| "a".repeat(length),
        good: &["orders", "Orders_1", "_a"],
        bad: &["1a", "a-b", "a b", "a.b"],
    },
    Pattern {
        at: "spec.engineVersion",
        make: |length| "1".repeat(length),
        good: &["16", "16.4", "8.0.mysql_aurora.3", "8.0.mysql_aurora.3.08.0"],
        bad: &["v16", "latest", "16 ", ".4"],
    },
    Pattern {
        at: "spec.masterUsername",
        make: |length| "a".repeat(length),
        good: &["app", "App_1"],
        bad: &["1app", "_app", "app-1", "app user"],
    },
    backup_window("spec.preferredBackupWindow"),
    maintenance_window("spec.preferredMaintenanceWindow"),
    subnet("spec.subnetIds.[]"),
];

pub fn neighbours(path: &str, value: &Value) -> Value {
    match path.split('.').nth(1).unwrap_or_default() {
        "databaseInsightsMode" => json!({"enablePerformanceInsights": true, "performanceInsightsRetentionPeriod": 465}),
        "parameters" | "clusterParameters" => json!({"engineVersion": "16"}),
        "monitoringRoleArn" => json!({"monitoringInterval": 60}),
        "backtrackWindow" => json!({"engine": "aurora-mysql"}),
        "customEndpoints" => json!({"readers": 15}),
        // Nothing is as great as the greatest least capacity but the greatest capacity.
        "serverlessV2ScalingConfiguration" if path.ends_with("minCapacity") && value.as_f64() > Some(1.0) => {
            json!({"serverlessV2ScalingConfiguration": {"maxCapacity": value}})
        }
        "source" => merged(&source(path), &new()),
        _ if path.starts_with("spec.credentials.iam") => json!({"iamDatabaseAuthentication": true}),
        _ => json!({}),
    }
}

/// What a restore needs besides its source.
fn new() -> Value {
    json!({"engine": "aurora-postgresql", "serverlessV2ScalingConfiguration": {"minCapacity": 0.5, "maxCapacity": 2}})
}

fn source(path: &str) -> Value {
    match path {
        "spec.source.pointInTime.restoreTime" => json!({"source": {"pointInTime": {"identifier": "main"}}}),
        _ if path.starts_with("spec.source.pointInTime") => {
            json!({"source": {"pointInTime": {"useLatestRestorableTime": true}}})
        }
        _ => json!({}),
    }
}

pub const INSIDE: &[(&str, &str)] = &[
    ("spec.identifier", r#""orders""#),
    ("spec.enableCloudwatchLogsExports", r#"["postgresql"]"#),
    ("spec.enableCloudwatchLogsExports.[]", r#""postgresql""#),
];
