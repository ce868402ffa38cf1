//! DbSnapshot.

mod bounds;
mod rows;

use awsdb::kinds::snapshot::{DbSnapshotFacts, DbSnapshotStatus};
use serde_json::Value;

use super::{Kind, again, shared};

pub const KIND: Kind = Kind {
    name: "DbSnapshot",
    short: "dbsnap",
    smallest: rows::of_instance,
    rows: rows::rows,
    patterns: bounds::PATTERNS,
    texts: &[],
    inside: bounds::INSIDE,
    neighbours: bounds::neighbours,
    has_secret: false,
    columns: [
        &["Ready", "Status", "Of", "Engine", "Taken", "Expires", "Age"],
        &["Synced", "Progress", "Snapshot", "Reason"],
    ],
    status,
    again: again::<DbSnapshotStatus>,
    explained: ("ttl", "`720h`"),
};

const SHOWN: &[&str] = &[
    "available",
    "RdsInstance/team-a-orders",
    "postgres",
    "2026-01-31T09:30:00Z",
    "40%",
    "team-a-orders",
    "Available",
];

fn status() -> (Value, &'static [&'static str]) {
    let facts = DbSnapshotFacts {
        source: Some("RdsInstance/team-a-orders".into()),
        family: Some("Instance".into()),
        engine: Some("postgres".into()),
        engine_version: Some("16.4".into()),
        snapshot_time: Some(shared::time()),
        expires: Some(shared::time()),
        progress: Some("40%".into()),
        encrypted: Some(true),
        kms_key_id: Some("arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d".into()),
        copies: [("eu-west-1".into(), "available".into())].into(),
        shared_with: ["210987654321".into()].into(),
    };
    let status = DbSnapshotStatus { shared: shared::full_status(), facts };
    (serde_json::to_value(status).unwrap(), SHOWN)
}
