//! Rows for the rules of RdsInstance about what cannot change.

use serde_json::json;

use crate::lab::merged;
use crate::rules::{Row, change, immutable};

use super::rows::{engine, oracle, postgres, replica, sqlserver};

pub fn rows() -> Vec<Row> {
    [immutables(), transitions()].into_iter().flatten().collect()
}

fn immutables() -> Vec<Row> {
    let (some, other) = (json!("one"), json!("two"));
    vec![
        immutable(
            "spec.availabilityZone is immutable",
            postgres(),
            "availabilityZone",
            json!("eu-west-1a"),
            json!("eu-west-1b"),
        ),
        immutable("spec.backupTarget is immutable", postgres(), "backupTarget", json!("region"), json!("local")),
        immutable("spec.characterSetName is immutable", oracle(), "characterSetName", some.clone(), other.clone()),
        immutable("spec.dbName is immutable", postgres(), "dbName", some.clone(), other.clone()),
        immutable("spec.dbSubnetGroupName is immutable", postgres(), "dbSubnetGroupName", some.clone(), other.clone()),
        immutable("spec.kmsKeyId is immutable", postgres(), "kmsKeyId", some.clone(), other.clone()),
        immutable("spec.masterUsername is immutable", postgres(), "masterUsername", some.clone(), other.clone()),
        immutable(
            "spec.ncharCharacterSetName is immutable",
            oracle(),
            "ncharCharacterSetName",
            some.clone(),
            other.clone(),
        ),
        immutable(
            "spec.performanceInsightsKMSKeyId is immutable",
            postgres(),
            "performanceInsightsKMSKeyId",
            some.clone(),
            other.clone(),
        ),
        immutable("spec.storageEncrypted is immutable", postgres(), "storageEncrypted", json!(true), json!(false)),
        immutable("spec.timezone is immutable", sqlserver(), "timezone", some, other),
    ]
}

fn transitions() -> Vec<Row> {
    let managed = |key: &str| merged(&postgres(), &json!({"credentials": {"awsManaged": {"kmsKeyId": key}}}));
    vec![
        change(
            "spec.allocatedStorage cannot shrink",
            postgres(),
            json!({"allocatedStorage": 19}),
            json!({"allocatedStorage": 21}),
        ),
        change("spec.engine is immutable", postgres(), json!({"engine": "mysql"}), json!({"engine": null})),
        change(
            "spec.engine is immutable",
            oracle(),
            json!({"engine": "oracle-se2"}),
            json!({"engine": "oracle-ee-cdb"}),
        ),
        change(
            "spec.engine is immutable",
            engine("oracle-se2"),
            json!({"engine": "oracle-ee-cdb"}),
            json!({"engine": "oracle-se2-cdb"}),
        ),
        change(
            "spec.multiTenant cannot be turned off",
            merged(&engine("oracle-ee-cdb"), &json!({"multiTenant": true})),
            json!({"multiTenant": false}),
            json!({"multiTenant": true, "tags": {}}),
        ),
        change(
            "spec.credentials.awsManaged.kmsKeyId cannot change",
            managed("one"),
            json!({"credentials": {"awsManaged": {"kmsKeyId": "two"}}}),
            json!({"credentials": {"awsManaged": null}}),
        ),
        change("spec.source is write-once: it cannot be added", postgres(), replica(), json!({"tags": {}})),
        change(
            "spec.source is write-once: an instance is made from one source",
            replica(),
            json!({"source": {"replicaOf": {"identifier": "other"}}}),
            json!({"source": null}),
        ),
        change(
            "spec.source is write-once: an instance is made from one source",
            replica(),
            json!({"source": {"replicaOf": null, "snapshot": {"identifier": "main"}}}),
            json!({"promote": true}),
        ),
    ]
}
