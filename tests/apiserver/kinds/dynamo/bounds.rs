//! What a generator cannot guess of DynamoTable.

use serde_json::{Value, json};

use crate::kinds::shared::{BAD_REGIONS, maintenance_window, region};
use crate::kinds::{Make, Pattern};

const GOOD_REGIONS: &[&str] = &["eu-central-1", "us-gov-west-1"];
const GOOD_NAMES: &[&str] = &["email-index", "By_Email.v2", "123"];
const BAD_NAMES: &[&str] = &["by email", "by/email", "by:email", "büro"];

pub const PATTERNS: &[Pattern] = &[
    Pattern {
        at: "spec.identifier",
        make: |length| "a".repeat(length),
        good: &["users", "Users_1", "team-a.users", "123"],
        bad: &["my users", "a/b", "a:b", "büro"],
    },
    Pattern { at: "spec.witnessRegion", make: region, good: GOOD_REGIONS, bad: BAD_REGIONS },
    Pattern { at: "spec.replicas.[].region", make: region, good: GOOD_REGIONS, bad: BAD_REGIONS },
    Pattern {
        at: "spec.globalSecondaryIndexes.[].name",
        make: |length| "a".repeat(length),
        good: GOOD_NAMES,
        bad: BAD_NAMES,
    },
    Pattern {
        at: "spec.localSecondaryIndexes.[].name",
        make: |length| "a".repeat(length),
        good: GOOD_NAMES,
        bad: BAD_NAMES,
    },
    Pattern { at: "spec.encryption.kmsKeyArn", make: kms_key, good: KEYS, bad: NO_KEYS },
    Pattern { at: "spec.replicas.[].kmsKeyArn", make: kms_key, good: KEYS, bad: NO_KEYS },
    Pattern {
        at: "spec.kinesisDestination.streamArn",
        make: |length| ended(STREAM, length),
        good: &[
            "arn:aws:kinesis:eu-central-1:123456789012:stream/changes",
            "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/a.b_c-d",
        ],
        bad: &[
            "changes",
            "arn:aws:kinesis:eu-central-1:1234:stream/changes-of-users",
            "arn:aws:firehose:eu-central-1:123456789012:stream/changes",
        ],
    },
    Pattern {
        at: "spec.source.snapshot.identifier",
        make: |length| ended("arn:aws:dynamodb:aa-a-1:123456789012:table/abc/backup/", length),
        good: &["arn:aws:dynamodb:eu-central-1:123456789012:table/team-a-users/backup/01700000000000-0a1b2c3d"],
        bad: &[
            "01700000000000-0a1b2c3d",
            "arn:aws:dynamodb:eu-central-1:123456789012:table/team-a-users/backup/",
            "arn:aws:dynamodb:eu-central-1:123456789012:table/team-a-users",
        ],
    },
    Pattern {
        at: "spec.source.pointInTime.identifier",
        make: |length| "a".repeat(length),
        good: &["team-a-users", "arn:aws:dynamodb:eu-west-1:123456789012:table/team-a-users"],
        bad: &[
            "team a users",
            "arn:aws:dynamodb:eu-west-1:123456789012:team-a-users",
            "arn:aws:rds:eu-west-1:123456789012:table/users",
        ],
    },
    Pattern {
        at: "spec.source.importFromS3.bucket",
        make: |length| "a".repeat(length),
        good: &["exports", "my.exports-2026", "Old_Bucket"],
        bad: &["-exports", "exports-", "s3://exports", "ex ports"],
    },
    Pattern {
        at: "spec.source.importFromS3.bucketOwner",
        make: |length| "1".repeat(length),
        good: &["123456789012"],
        bad: &["12345678901a", "1234-5678-90"],
    },
    Pattern {
        at: "spec.source.importFromS3.csv.delimiter",
        make: |length| ";".repeat(length),
        good: &[",", ";", ":", "|", "\t", " "],
        bad: &["a", "/", "\n"],
    },
    maintenance_window("spec.maintenanceWindow"),
];

const STREAM: &str = "arn:aws:kinesis:aa-a-1:123456789012:stream/";
const KEYS: &[&str] = &[
    "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000",
    "arn:aws:kms:eu-central-1:123456789012:key/mrk-0a1b2c3d",
];
const NO_KEYS: &[&str] = &[
    "0a1b2c3d-0000-4000-8000-000000000000-is-an-id",
    "arn:aws:kms:eu-central-1:123456789012:alias/users",
    "arn:aws:s3:eu-central-1:123456789012:key/0a1b2c3d",
];

pub const TEXTS: &[(&str, Make)] = &[("spec.resourcePolicy", |length| ended("{", length))];

pub const INSIDE: &[(&str, &str)] = &[("spec.identifier", r#""users""#)];

fn kms_key(length: usize) -> String {
    ended("arn:aws:kms:aa-a-1:123456789012:key/", length)
}

fn ended(start: &str, length: usize) -> String {
    format!("{start}{}", "0".repeat(length.saturating_sub(start.len())))
}

const INDEX: &str = "spec.globalSecondaryIndexes";

pub fn neighbours(path: &str, value: &Value) -> Value {
    match path.split('.').nth(1).unwrap_or_default() {
        "provisionedThroughput" => json!({"billingMode": "PROVISIONED"}),
        "billingMode" if value == "PROVISIONED" => json!({"provisionedThroughput": units()}),
        "warmThroughput" => provisioned(),
        "autoscaling" => {
            json!({"billingMode": "PROVISIONED", "provisionedThroughput": units(), "autoscaling": range(path)})
        }
        "globalSecondaryIndexes" => index(path, value),
        "localSecondaryIndexes" => local_index(path, value),
        "stream" => json!({"stream": {"viewType": value_at(path, "spec.stream.viewType", value, "KEYS_ONLY")}}),
        "encryption" => encryption(path, value),
        "kinesisDestination" if !path.ends_with("streamArn") => {
            json!({"kinesisDestination": {"streamArn": ended(STREAM, 50)}})
        }
        "replicas" => replica(path, value),
        "multiRegionConsistency" => json!({"replicas": [{"region": "eu-west-1"}, {"region": "eu-west-2"}]}),
        "witnessRegion" => json!({"replicas": [{"region": "eu-west-1"}], "multiRegionConsistency": "STRONG"}),
        "source" => source(path),
        _ => json!({}),
    }
}

/// The value that is tried, where the path is this field; otherwise something that fits.
fn value_at(path: &str, field: &str, value: &Value, usual: &str) -> Value {
    if path == field { value.clone() } else { json!(usual) }
}

fn units() -> Value {
    json!({"readCapacityUnits": 1, "writeCapacityUnits": 1})
}

fn provisioned() -> Value {
    json!({"billingMode": "PROVISIONED", "provisionedThroughput": units()})
}

/// `min` at its greatest needs a `max` as great.
fn range(path: &str) -> Value {
    match path.rsplit_once('.') {
        Some((parent, "min")) => json!({parent.rsplit('.').next().unwrap(): {"max": 1_000_000_000}}),
        _ => json!({}),
    }
}

fn index(path: &str, value: &Value) -> Value {
    let key = |name: &str| json!({"name": name, "type": "S"});
    let mut patch = json!({});
    let mut table = json!({});
    let is_without = path == INDEX && value[0]["hashKey"].is_null();
    if !is_without && !path.starts_with(&format!("{INDEX}.[].hashKey")) {
        patch["hashKey"] = key("partition");
    }
    if path.starts_with(&format!("{INDEX}.[].additionalRangeKeys")) {
        patch["rangeKey"] = key("sort");
    }
    match path.trim_start_matches(INDEX) {
        at if at.starts_with(".[].projection.nonKeyAttributes") => patch["projection"] = json!({"type": "INCLUDE"}),
        ".[].projection.type" if value == "INCLUDE" => patch["projection"] = json!({"nonKeyAttributes": ["more"]}),
        at if at.starts_with(".[].provisionedThroughput") => table = provisioned(),
        at if at.starts_with(".[].warmThroughput") => {
            table = provisioned();
            patch["provisionedThroughput"] = units();
        }
        at if at.starts_with(".[].autoscaling") => {
            table = provisioned();
            patch["provisionedThroughput"] = units();
            patch["autoscaling"] = range(path);
        }
        _ => {}
    }
    table["globalSecondaryIndexes"] = json!({"[]": patch});
    table
}

fn local_index(path: &str, value: &Value) -> Value {
    let mut patch = json!({});
    if path.contains("projection.nonKeyAttributes") {
        patch = json!({"projection": {"type": "INCLUDE"}, "rangeKey": {"name": "sort"}});
    } else if path.ends_with("projection.type") && value == "INCLUDE" {
        patch = json!({"projection": {"nonKeyAttributes": ["more"]}});
    }
    json!({"rangeKey": {"name": "range", "type": "S"}, "localSecondaryIndexes": {"[]": patch}})
}

fn encryption(path: &str, value: &Value) -> Value {
    match path {
        "spec.encryption.kmsKeyArn" => json!({"encryption": {"type": "KMS"}}),
        "spec.encryption.type" if value == "KMS" => json!({"encryption": {"kmsKeyArn": KEYS[0]}}),
        _ => json!({}),
    }
}

fn replica(path: &str, value: &Value) -> Value {
    match path.rsplit('.').next().unwrap_or_default() {
        "kmsKeyArn" => {
            let region = value.as_str().and_then(|arn| arn.split(':').nth(3)).unwrap_or_default();
            json!({"encryption": {"type": "KMS", "kmsKeyArn": KEYS[0]}, "replicas": {"[]": {"region": region}}})
        }
        "readCapacityUnits" => {
            let mut table = provisioned();
            table["autoscaling"] = json!({"write": {"min": 1, "max": 2}});
            table
        }
        _ => json!({}),
    }
}

fn source(path: &str) -> Value {
    match path {
        "spec.source.pointInTime.restoreTime" => json!({"source": {"pointInTime": {"identifier": "main"}}}),
        at if at.starts_with("spec.source.pointInTime") => {
            json!({"source": {"pointInTime": {"useLatestRestorableTime": true}}})
        }
        at if at.starts_with("spec.source.importFromS3.csv") => {
            json!({"hashKey": {"name": "id", "type": "S"}, "source": {"importFromS3": {"inputFormat": "CSV"}}})
        }
        at if at.starts_with("spec.source.importFromS3") => json!({"hashKey": {"name": "id", "type": "S"}}),
        _ => json!({}),
    }
}
