//! What a generator cannot guess of RdsInstance.

use serde_json::{Value, json};

use crate::kinds::Pattern;
use crate::kinds::shared::{backup_window, interval, maintenance_window, subnet};

pub const PATTERNS: &[Pattern] = &[
    Pattern {
        at: "spec.identifier",
        make: |length| "a".repeat(length),
        good: &["orders", "a1-b2", "team-a-orders"],
        bad: &["Orders", "1a", "-a", "a-", "a--b", "a_b", "a.b"],
    },
    interval("spec.credentials.rotation.interval"),
    Pattern {
        at: "spec.dbInstanceClass",
        make: |length| format!("db.{}", "a".repeat(length.saturating_sub(3))),
        good: &["db.t4g.micro", "db.r6i.32xlarge", "db.x2iedn.2xlarge.tpc2.mem4x", "db.m5d.large-preview"],
        bad: &["t4g.micro", "db.", "db..micro", "DB.t4g.micro", "db.t4g_micro"],
    },
    Pattern {
        at: "spec.dbName",
        make: |length| "a".repeat(length),
        good: &["orders", "Orders_1", "_a"],
        bad: &["1a", "a-b", "a b", "a.b"],
    },
    Pattern {
        at: "spec.engineVersion",
        make: |length| "1".repeat(length),
        good: &["16", "16.4", "8.0.40", "19.0.0.0.ru-2024-10.rur-2024-10.r1", "15.00.4345.5.v1"],
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

pub fn neighbours(path: &str, _value: &Value) -> Value {
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
        "parameters" => json!({"engineVersion": "16"}),
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

pub const INSIDE: &[(&str, &str)] = &[
    ("spec.identifier", r#""orders""#),
    ("spec.enableCloudwatchLogsExports", r#"["postgresql"]"#),
    ("spec.enableCloudwatchLogsExports.[]", r#""postgresql""#),
    ("spec.processorFeatures", r#"{"coreCount": "2"}"#),
];
