//! How a DynamoTable comes to an existing table, is made from another one, and goes.

use std::time::Duration;

use serde_json::json;

use crate::lab::Lab;
use crate::tables::Tables;

#[test]
fn under_retain_the_table_stays_and_a_replayed_manifest_takes_it_up_again() {
    let lab = Lab::new("dyn-retain");
    let (tables, _operator) = (Tables::of(&lab), lab.operator());
    tables.apply_small("orders", "tags: {team: a}");
    tables.wait_settled("orders");
    let secret = lab.secret("orders-connection").unwrap();
    let calls = lab.aws_calls();
    lab.kubectl(&["delete", "dynamo/orders", "--timeout=20s"]);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(lab.aws_writes_since(&calls), Vec::<String>::new());
    assert!(tables.table("dyn-retain-orders").is_some());
    assert_eq!(lab.secret("orders-connection").unwrap(), secret);

    tables.apply_small("orders", "tags: {team: a}");
    tables.wait_settled("orders");
    assert_eq!(lab.aws_writes_since(&calls), Vec::<String>::new(), "taking it up again changes nothing in AWS");
}

#[test]
fn under_snapshot_a_backup_is_left_from_which_another_object_restores() {
    let lab = Lab::new("dyn-snapshot");
    let (tables, _operator) = (Tables::of(&lab), lab.operator_with(&["--trust-account"]));
    tables.apply_small("orders", "deletionPolicy: Snapshot");
    tables.wait_settled("orders");
    tables.put("dyn-snapshot-orders", "kept");
    lab.kubectl(&["delete", "dynamo/orders", "--timeout=60s"]);
    assert!(tables.table("dyn-snapshot-orders").is_none());
    assert!(lab.secret("orders-connection").is_none());
    let backups = tables.backups("dyn-snapshot-orders");
    assert_eq!(backups.len(), 1, "{backups:?}");
    let (name, arn) = backups.first_key_value().unwrap();
    assert!(name.starts_with("dyn-snapshot-orders-final-") && name.len() == 34, "{name}");

    tables.apply(
        "restored",
        &format!("source: {{snapshot: {{identifier: '{arn}'}}}}\ntimeToLive: {{enabled: true, attributeName: until}}"),
    );
    tables.wait_settled("restored");
    assert!(tables.texts("dyn-snapshot-restored", "id").contains("kept"));
    assert!(tables.tags("dyn-snapshot-restored").contains_key("awsdb.dev/owner"));
    assert_eq!(tables.expires_by("dyn-snapshot-restored").as_deref(), Some("until"));
}

#[test]
fn under_delete_the_table_goes_without_a_backup() {
    let lab = Lab::new("dyn-delete");
    let (tables, _operator) = (Tables::of(&lab), lab.operator());
    tables.apply_small("orders", "deletionPolicy: Delete");
    tables.wait_settled("orders");
    lab.kubectl(&["delete", "dynamo/orders", "--timeout=60s"]);
    assert!(tables.table("dyn-delete-orders").is_none());
    assert!(tables.backups("dyn-delete-orders").is_empty());
    assert!(lab.secret("orders-connection").is_none());
}

#[test]
fn deletion_protection_holds_the_object_and_says_how_to_go_on() {
    let lab = Lab::new("dyn-protected");
    let (tables, _operator) = (Tables::of(&lab), lab.operator());
    tables.apply_small("orders", "deletionPolicy: Delete\ndeletionProtection: true");
    tables.wait_settled("orders");
    lab.kubectl(&["delete", "dynamo/orders", "--wait=false"]);
    let stalled = lab.wait_stalled("dynamo/orders", "DeletionProtected");
    assert!(stalled.message.contains("spec.deletionProtection: false"), "{}", stalled.message);
    assert!(tables.table("dyn-protected-orders").is_some());
    lab.patch("dynamo/orders", json!({"spec": {"deletionProtection": false}}));
    lab.until("the object is gone", || lab.object("dynamo/orders").is_none().then_some(()));
    assert!(tables.table("dyn-protected-orders").is_none());
}

#[test]
fn a_replica_goes_before_its_table() {
    let lab = Lab::new("dyn-replica");
    let (tables, _operator) = (Tables::of(&lab), lab.operator());
    tables.apply_small("carts", "deletionPolicy: Delete\nreplicas: [{region: eu-west-1}]");
    tables.wait_settled("carts");
    lab.kubectl(&["delete", "dynamo/carts", "--timeout=60s"]);
    assert!(tables.table("dyn-replica-carts").is_none());
}

#[test]
fn an_existing_table_is_adopted_only_when_both_sides_agree() {
    let lab = Lab::new("dyn-adopt");
    let (tables, _operator) = (Tables::of(&lab), lab.operator());
    tables.make_foreign("legacy-forbidden", &[]);
    tables.make_foreign("legacy-allowed", &[("awsdb.dev/allow", "test/dyn-adopt")]);
    lab.kubectl(&["create", "configmap", "seed", r#"--from-literal=items.json=[{"id": "a"}]"#]);
    let before = lab.aws_calls();
    let spec = |id: &str| format!("identifier: {id}\nadoption: IfExists\nitems: {{configMapRef: {{name: seed}}}}");
    tables.apply("forbidden", &spec("legacy-forbidden"));
    let stalled = lab.wait_stalled("dynamo/forbidden", "NotAllowed");
    assert!(stalled.message.contains("awsdb.dev/allow = test/dyn-adopt"), "{}", stalled.message);
    assert_eq!(lab.aws_writes_since(&before), Vec::<String>::new());
    assert!(
        lab.object("dynamo/forbidden").unwrap()["status"]["consumerPolicy"].is_null(),
        "what is not ours is not shown"
    );

    tables.apply("allowed", &spec("legacy-allowed"));
    tables.wait_settled("allowed");
    assert_eq!(
        lab.aws_writes_since(&before),
        ["dynamodb.TagResource"],
        "an equal table is only tagged, and never seeded"
    );
}

#[test]
fn a_table_is_observed_without_a_single_write() {
    let lab = Lab::new("dyn-observe");
    let (tables, _operator) = (Tables::of(&lab), lab.operator());
    tables.make_foreign("legacy-audit", &[("awsdb.dev/allow", "test/dyn-observe")]);
    let before = lab.aws_calls();
    tables.apply("audit", "identifier: legacy-audit\nmanagementPolicy: Observe");
    lab.wait_ready("dynamo/audit");
    assert_eq!(lab.secret("audit-connection").unwrap()["table"], "legacy-audit");
    lab.kubectl(&["delete", "dynamo/audit", "--timeout=20s"]);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(lab.aws_writes_since(&before), Vec::<String>::new());
}

#[test]
fn a_table_is_restored_to_a_point_in_time_only_from_what_the_namespace_may_read() {
    let lab = Lab::new("dyn-pitr");
    let (tables, _operator) = (Tables::of(&lab), lab.operator());
    tables.apply_small("orders", "pointInTimeRecovery: {enabled: true}");
    tables.wait_settled("orders");
    tables.put("dyn-pitr-orders", "kept");
    let from = |table: &str| {
        format!(
            "deletionPolicy: Delete\nsource: {{pointInTime: {{identifier: {table}, useLatestRestorableTime: true}}}}"
        )
    };
    tables.apply("copy", &from("dyn-pitr-orders"));
    tables.wait_settled("copy");
    assert!(tables.texts("dyn-pitr-copy", "id").contains("kept"));
    assert!(tables.tags("dyn-pitr-copy").contains_key("awsdb.dev/owner"));

    tables.make_foreign("somebody-elses", &[]);
    let before = lab.aws_calls();
    tables.apply("stolen", &from("somebody-elses"));
    let stalled = lab.wait_stalled("dynamo/stolen", "NotAllowed");
    assert!(stalled.message.contains("awsdb.dev/allow"), "{}", stalled.message);
    assert_eq!(lab.aws_writes_since(&before), Vec::<String>::new());
}

#[test]
fn a_table_deleted_by_hand_is_not_made_again_by_itself() {
    let lab = Lab::new("dyn-vanished");
    let (tables, _operator) = (Tables::of(&lab), lab.operator());
    tables.apply_small("orders", "");
    tables.wait_settled("orders");
    tables.destroy("dyn-vanished-orders");
    let before = lab.aws_calls();
    let stalled = lab.wait_stalled("dynamo/orders", "ExternallyDeleted");
    assert!(stalled.message.contains("awsdb.dev/approve"), "{}", stalled.message);
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(lab.aws_writes_since(&before), Vec::<String>::new());
    let hash = lab.object("dynamo/orders").unwrap()["status"]["plan"]["hash"].as_str().unwrap().to_string();
    lab.kubectl(&["annotate", "dynamo/orders", &format!("awsdb.dev/approve={hash}")]);
    tables.wait_settled("orders");
}

#[test]
fn a_table_of_somebody_else_is_a_conflict_and_is_not_touched() {
    let lab = Lab::new("dyn-foreign");
    let (tables, _operator) = (Tables::of(&lab), lab.operator());
    tables.make_foreign("dyn-foreign-orders", &[("awsdb.dev/owner", "other/DynamoTable/x/y")]);
    let before = lab.aws_calls();
    tables.apply_small("orders", "deletionPolicy: Delete");
    let stalled = lab.wait_stalled("dynamo/orders", "Conflict");
    assert!(stalled.message.contains("other/DynamoTable/x/y"), "{}", stalled.message);
    lab.kubectl(&["delete", "dynamo/orders", "--timeout=30s"]);
    assert_eq!(lab.aws_writes_since(&before), Vec::<String>::new());
    assert!(tables.table("dyn-foreign-orders").is_some());
}

#[test]
fn an_import_from_s3_needs_an_operator_that_trusts_the_account() {
    let lab = Lab::new("dyn-import");
    let (tables, _operator) = (Tables::of(&lab), lab.operator());
    let before = lab.aws_calls();
    tables.apply_small("orders", "source: {importFromS3: {bucket: exports, inputFormat: DYNAMODB_JSON}}");
    let stalled = lab.wait_stalled("dynamo/orders", "NotAllowed");
    assert!(stalled.message.contains("--trust-account"), "{}", stalled.message);
    assert_eq!(lab.aws_writes_since(&before), Vec::<String>::new());
}
