//! DynamoTable.

mod bounds;
mod parts;
mod rows;

use awsdb::kinds::dynamo::{DynamoTableFacts, DynamoTableStatus, ImportProgress, ItemsProgress};
use serde_json::Value;

use super::{Kind, again, shared};

pub const KIND: Kind = Kind {
    name: "DynamoTable",
    short: "dynamo",
    smallest: rows::users,
    rows: rows::rows,
    patterns: bounds::PATTERNS,
    texts: bounds::TEXTS,
    inside: bounds::INSIDE,
    neighbours: bounds::neighbours,
    has_secret: true,
    columns: [&["Ready", "Status", "Table", "Billing", "Age"], &["Synced", "Region", "Secret", "Reason"]],
    status,
    again: again::<DynamoTableStatus>,
    explained: ("timeToLive", "AWS takes one change an hour"),
};

const SHOWN: &[&str] =
    &["available", "team-a-orders", "PAY_PER_REQUEST", "eu-central-1", "orders-connection", "Available"];

fn status() -> (Value, &'static [&'static str]) {
    let facts = DynamoTableFacts {
        table_id: Some("0f1e2d3c-0000-4000-8000-000000000000".into()),
        billing_mode: Some("PAY_PER_REQUEST".into()),
        stream_arn: Some(
            "arn:aws:dynamodb:eu-central-1:123456789012:table/users/stream/2026-01-31T09:30:00.000".into(),
        ),
        indexes: [("email-index".into(), "ACTIVE".into())].into(),
        replicas: [("eu-west-1".into(), "ACTIVE".into())].into(),
        items: Some(ItemsProgress { written: 2, total: 3 }),
        import: Some(ImportProgress {
            arn: "arn:aws:dynamodb:eu-central-1:123456789012:table/users/import/01".into(),
            status: "COMPLETED".into(),
            errors: 0,
            log_group: Some("/aws-dynamodb/imports".into()),
        }),
        earliest_restorable_time: Some(shared::time()),
        consumer_policy: Some("{}".into()),
        advisories: vec!["it has no point-in-time recovery".into()],
    };
    let status = DynamoTableStatus { shared: shared::full_status(), facts };
    (serde_json::to_value(status).unwrap(), SHOWN)
}
