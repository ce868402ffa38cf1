//! What a generator cannot guess of DbSnapshot.

use serde_json::{Value, json};

use crate::kinds::Pattern;
use crate::kinds::shared::{BAD_REGIONS, interval, region};

const GOOD_REGIONS: &[&str] = &["eu-west-1", "us-gov-west-1"];

pub const PATTERNS: &[Pattern] = &[
    Pattern {
        at: "spec.identifier",
        make: |length| "a".repeat(length),
        good: &["orders", "A1-b2", "team-a-orders"],
        bad: &["1a", "-a", "a-", "a--b", "a_b", "a.b", "rds:orders"],
    },
    Pattern { at: "spec.copies.[].region", make: region, good: GOOD_REGIONS, bad: BAD_REGIONS },
    Pattern { at: "spec.source.copyOf.region", make: region, good: GOOD_REGIONS, bad: BAD_REGIONS },
    Pattern {
        at: "spec.shareWith.[]",
        make: |length| "1".repeat(length),
        good: &["123456789012", "000000000001"],
        bad: &["12345678901a", "1234-5678-90", "all", "*"],
    },
    interval("spec.ttl"),
];

pub fn neighbours(path: &str, _value: &Value) -> Value {
    match path {
        "spec.ttl" => json!({"deletionPolicy": "Delete"}),
        "spec.kmsKeyId" => json!({"source": {"rdsInstance": null, "copyOf": {"identifier": "before"}}}),
        "spec.source.copyOf.region" => {
            json!({"source": {"copyOf": {"identifier": "arn:aws:rds:eu-west-1:123456789012:snapshot:before"}}})
        }
        _ => json!({}),
    }
}

pub const INSIDE: &[(&str, &str)] = &[
    ("spec.identifier", r#""orders""#),
    ("spec.deletionPolicy", r#""Delete""#),
    (
        "spec.shareWith",
        r#"["100000000001", "100000000002", "100000000003", "100000000004", "100000000005", "100000000006",
            "100000000007", "100000000008", "100000000009", "100000000010", "100000000011", "100000000012",
            "100000000013", "100000000014", "100000000015", "100000000016", "100000000017", "100000000018",
            "100000000019", "100000000020"]"#,
    ),
];
