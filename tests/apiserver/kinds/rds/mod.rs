//! RdsInstance.

mod bounds;
mod changes;
mod rows;

use awsdb::kinds::rds::{RdsInstanceFacts, RdsInstanceStatus};
use serde_json::Value;

use super::{Kind, again, shared};

pub const KIND: Kind = Kind {
    name: "RdsInstance",
    short: "rds",
    smallest: rows::postgres,
    rows: rows::rows,
    patterns: bounds::PATTERNS,
    texts: &[],
    inside: bounds::INSIDE,
    neighbours: bounds::neighbours,
    has_secret: true,
    columns: [&["Ready", "Status", "Engine", "Version", "Class", "Age"], &["Synced", "Endpoint", "Secret", "Reason"]],
    status,
    again: again::<RdsInstanceStatus>,
    explained: ("engineVersion", "is satisfied by 16.4"),
};

const SHOWN: &[&str] =
    &["available", "postgres", "16.4", "db.t4g.small", "orders.example.com", "orders-connection", "Available"];

fn status() -> (Value, &'static [&'static str]) {
    let facts = RdsInstanceFacts {
        engine: Some("postgres".into()),
        engine_version: Some("16.4".into()),
        db_instance_class: Some("db.t4g.small".into()),
        allocated_storage: Some(20),
        dbi_resource_id: Some("db-ABC".into()),
        replica_of: Some("main".into()),
        replicas: ["reports".into()].into(),
        reboot_required: Some(true),
        master_user_secret_arn: Some("arn:aws:secretsmanager:eu-central-1:123456789012:secret:x".into()),
        certificate_valid_till: Some(shared::time()),
        automatic_restart_time: Some(shared::time()),
        advisories: vec!["storage cannot shrink".into()],
    };
    let status = RdsInstanceStatus { shared: shared::full_status(), facts };
    (serde_json::to_value(status).unwrap(), SHOWN)
}
