//! What a generator cannot guess of RdsInstance.

use serde_json::{Value, json};

use crate::kinds::Pattern;

pub const PATTERNS: &[Pattern] = &[
    Pattern {
        at: "spec.identifier",
        make: |length| "a".repeat(length),
        good: &["orders", "a1-b2", "team-a-orders"],
        bad: &["Orders", "1a", "-a", "a-", "a--b", "a_b", "a.b"],
    },
    Pattern {
        at: "spec.credentials.rotation.interval",
        make: |length| format!("{}d", "9".repeat(length.saturating_sub(1))),
        good: &["90d", "1h", "720h"],
        bad: &["90", "0d", "1w", "1.5d", "-1d", "90D"],
    },
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
    Pattern {
        at: "spec.preferredBackupWindow",
        make: |length| "01:00-01:30".chars().cycle().take(length).collect(),
        good: &["00:00-00:30", "23:30-00:30"],
        bad: &["1:00-1:30", "24:00-00:30", "01:00-01:60", "01:00", "mon:01:00-mon:01:30"],
    },
    Pattern {
        at: "spec.preferredMaintenanceWindow",
        make: |length| "sun:03:00-sun:04:00".chars().cycle().take(length).collect(),
        good: &["mon:00:00-mon:00:30", "sun:23:30-mon:00:30"],
        bad: &["Sun:03:00-Sun:04:00", "03:00-04:00", "sun:3:00-sun:4:00", "sun:24:00-mon:00:30", "xyz:03:00-xyz:04:00"],
    },
    Pattern {
        at: "spec.subnetIds.[]",
        make: |length| format!("subnet-{}", "0".repeat(length.saturating_sub(7))),
        good: &["subnet-0a1b2c3d", "subnet-6f0400f56a809f997"],
        bad: &["subnet-", "sg-0a1b2c3d", "subnet-0A1B2C3D", "subnet-0a1b 2c3d"],
    },
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
