//! Rows for the rules of AuroraServerless about what cannot change.

use serde_json::json;

use crate::lab::merged;
use crate::rules::{Row, change, immutable};

use super::rows::{clone, postgres};

pub fn rows() -> Vec<Row> {
    [immutables(), transitions()].into_iter().flatten().collect()
}

fn immutables() -> Vec<Row> {
    let (some, other) = (json!("one"), json!("two"));
    vec![
        immutable(
            "spec.availabilityZones is immutable",
            postgres(),
            "availabilityZones",
            json!(["eu-west-1a"]),
            json!(["eu-west-1a", "eu-west-1b"]),
        ),
        immutable("spec.databaseName is immutable", postgres(), "databaseName", some.clone(), other.clone()),
        immutable("spec.dbSubnetGroupName is immutable", postgres(), "dbSubnetGroupName", some.clone(), other.clone()),
        immutable("spec.engine is immutable", postgres(), "engine", json!("aurora-postgresql"), json!("aurora-mysql")),
        immutable("spec.kmsKeyId is immutable", postgres(), "kmsKeyId", some.clone(), other.clone()),
        immutable("spec.masterUsername is immutable", postgres(), "masterUsername", some.clone(), other.clone()),
        immutable(
            "spec.performanceInsightsKMSKeyId is immutable",
            postgres(),
            "performanceInsightsKMSKeyId",
            some,
            other,
        ),
        immutable("spec.storageEncrypted is immutable", postgres(), "storageEncrypted", json!(true), json!(false)),
    ]
}

fn transitions() -> Vec<Row> {
    let managed = |key: &str| merged(&postgres(), &json!({"credentials": {"awsManaged": {"kmsKeyId": key}}}));
    vec![
        change(
            "spec.serverlessV2ScalingConfiguration cannot be removed",
            postgres(),
            json!({"serverlessV2ScalingConfiguration": null}),
            json!({"serverlessV2ScalingConfiguration": {"minCapacity": 1, "maxCapacity": 8}}),
        ),
        change(
            "spec.credentials.awsManaged.kmsKeyId cannot change",
            managed("one"),
            json!({"credentials": {"awsManaged": {"kmsKeyId": "two"}}}),
            json!({"credentials": {"awsManaged": null}}),
        ),
        change(
            "spec.source is write-once: it cannot be added",
            postgres(),
            json!({"source": {"cloneOf": {"identifier": "main"}}}),
            json!({"tags": {}}),
        ),
        change(
            "spec.source is write-once: a cluster is made from one source",
            clone(),
            json!({"source": {"cloneOf": {"identifier": "other"}}}),
            json!({"source": null}),
        ),
        change(
            "spec.source is write-once: a cluster is made from one source",
            clone(),
            json!({"source": {"cloneOf": null, "snapshot": {"identifier": "main"}}}),
            json!({"readers": 1}),
        ),
    ]
}
