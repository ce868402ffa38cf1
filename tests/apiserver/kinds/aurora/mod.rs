//! AuroraServerless.

mod bounds;
mod changes;
mod rows;

use awsdb::kinds::aurora::{AuroraServerlessFacts, AuroraServerlessStatus, MemberStatus};
use serde_json::Value;

use super::{Kind, again, shared};

pub const KIND: Kind = Kind {
    name: "AuroraServerless",
    short: "aurora",
    smallest: rows::postgres,
    rows: rows::rows,
    patterns: bounds::PATTERNS,
    texts: &[],
    inside: bounds::INSIDE,
    neighbours: bounds::neighbours,
    has_secret: true,
    columns: [
        &["Ready", "Status", "Engine", "Version", "Capacity", "Members", "Age"],
        &["Synced", "Endpoint", "Reader", "Secret", "Reason"],
    ],
    status,
    again: again::<AuroraServerlessStatus>,
    explained: ("readers", "failover."),
};

const SHOWN: &[&str] = &[
    "available",
    "aurora-postgresql",
    "16.4",
    "0.5-2",
    "1/1",
    "orders.example.com",
    "orders-ro.example.com",
    "orders-connection",
    "Available",
];

fn status() -> (Value, &'static [&'static str]) {
    let member = MemberStatus { name: "orders-0".into(), role: "writer".into(), status: "available".into() };
    let facts = AuroraServerlessFacts {
        engine: Some("aurora-postgresql".into()),
        engine_version: Some("16.4".into()),
        capacity: Some("0.5-2 ACU".into()),
        reader_endpoint: Some("orders-ro.example.com".into()),
        custom_endpoints: [("reports".into(), "orders-reports.example.com".into())].into(),
        members: vec![member],
        members_available: Some("1/1".into()),
        db_cluster_resource_id: Some("cluster-ABC".into()),
        http_endpoint_enabled: Some(true),
        earliest_restorable_time: Some(shared::time()),
        reboot_required: Some(true),
        master_user_secret_arn: Some("arn:aws:secretsmanager:eu-central-1:123456789012:secret:x".into()),
        certificate_valid_till: Some(shared::time()),
        automatic_restart_time: Some(shared::time()),
        advisories: vec!["it has one member only".into()],
    };
    let status = AuroraServerlessStatus { shared: shared::full_status(), facts };
    (serde_json::to_value(status).unwrap(), SHOWN)
}
