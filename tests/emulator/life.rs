//! From apply to Ready, through changes, to each way of going away.

use serde_json::json;

use crate::lab::{Lab, condition};

#[test]
fn an_applied_object_becomes_ready_with_a_complete_connection_secret() {
    let lab = Lab::new("life-create");
    let _operator = lab.operator();
    lab.apply("orders", "tags: {team: a}");
    lab.kubectl(&["wait", "--for=condition=Ready", "--timeout=60s", "rds/orders"]);

    let object = lab.wait_ready("orders");
    assert_eq!(object["status"]["identifier"], "life-create-orders");
    assert!(lab.kstatus(&object).starts_with("Current"), "{}", lab.kstatus(&object));

    let secret = lab.secret("orders-connection").unwrap();
    for key in
        ["type", "provider", "host", "port", "username", "password", "database", "uri", "jdbc-url", "region", "arn"]
    {
        assert!(secret.get(key).is_some_and(|value| !value.is_empty()), "{key} of {:?}", secret.keys());
    }
    assert_eq!(secret["type"], "postgresql");
    assert!(secret["uri"].contains(&secret["password"]));
    assert_eq!(object["status"]["binding"]["name"], "orders-connection");
    assert_eq!(object["status"]["endpoint"]["address"], json!(secret["host"]));

    let instance = lab.instance("life-create-orders").unwrap();
    let tags: Vec<_> = instance.tag_list().iter().filter_map(|tag| tag.key()).collect();
    assert!(
        tags.contains(&"awsdb.dev/owner") && tags.contains(&"awsdb.dev/cluster") && tags.contains(&"team"),
        "{tags:?}"
    );
    assert!(lab.events("orders").contains(&"CreateDBInstance".to_string()));
    let columns = lab.kubectl(&["get", "rds", "-o", "wide"]);
    assert!(columns.contains("postgres") && columns.contains("orders-connection"), "{columns}");
}

#[test]
fn a_changed_field_reaches_aws_with_an_event() {
    let lab = Lab::new("life-change");
    let _operator = lab.operator();
    lab.apply("orders", "");
    lab.wait_ready("orders");
    lab.patch("orders", json!({"spec": {"allocatedStorage": 40, "backupRetentionPeriod": 7}}));
    lab.until("AWS has 40 GiB", || {
        let instance = lab.instance("life-change-orders")?;
        (instance.allocated_storage() == Some(40) && instance.backup_retention_period() == Some(7)).then_some(())
    });
    lab.until("the object is synced", || {
        let object = lab.object("orders")?;
        (condition(&object, "Synced")?.status == "True"
            && object["status"]["observedGeneration"] == object["metadata"]["generation"])
            .then_some(())
    });
    assert!(lab.events("orders").contains(&"ModifyDBInstance".to_string()));
}

#[test]
fn the_object_owns_its_groups_and_takes_them_along() {
    let lab = Lab::new("life-groups");
    let _operator = lab.operator();
    let subnets = lab.subnet_ids();
    let spec = format!(
        "deletionPolicy: Delete\nsubnetIds: [{}, {}]\nparameters:\n  log_min_duration_statement: '500'",
        subnets[0], subnets[1]
    );
    lab.apply("orders", &spec);
    lab.wait_ready("orders");
    let instance = lab.instance("life-groups-orders").unwrap();
    let group = instance.db_parameter_groups()[0].db_parameter_group_name().unwrap();
    assert_eq!(group, "life-groups-orders-postgres16");
    assert_eq!(instance.db_subnet_group().unwrap().db_subnet_group_name(), Some("life-groups-orders"));
    let before = lab.aws_calls();
    lab.kubectl(&["delete", "rds", "orders", "--timeout=60s"]);
    let writes = lab.aws_writes_since(&before);
    for call in ["rds.DeleteDBInstance", "rds.DeleteDBParameterGroup", "rds.DeleteDBSubnetGroup"] {
        assert!(writes.iter().any(|write| write == call), "{call} in {writes:?}");
    }
}

#[test]
fn under_retain_the_database_and_its_secrets_stay_and_a_replayed_manifest_takes_them_up_again() {
    let lab = Lab::new("life-retain");
    let _operator = lab.operator();
    lab.apply("orders", "");
    lab.wait_ready("orders");
    let secret = lab.secret("orders-connection").unwrap();
    let calls = lab.aws_calls();
    lab.kubectl(&["delete", "rds", "orders", "--timeout=20s"]);
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(lab.aws_writes_since(&calls), Vec::<String>::new());
    assert!(lab.instance("life-retain-orders").is_some());
    assert_eq!(lab.secret("orders-connection").unwrap(), secret);

    lab.apply("orders", "");
    lab.wait_ready("orders");
    assert_eq!(lab.aws_writes_since(&calls), Vec::<String>::new(), "taking it up again changes nothing in AWS");
    assert_eq!(lab.secret("orders-connection").unwrap(), secret);
}

#[test]
fn under_snapshot_a_final_snapshot_is_left_and_the_secrets_go() {
    let lab = Lab::new("life-snapshot");
    let _operator = lab.operator();
    lab.apply("orders", "deletionPolicy: Snapshot");
    lab.wait_ready("orders");
    lab.kubectl(&["delete", "rds", "orders", "--timeout=60s"]);
    assert!(lab.instance("life-snapshot-orders").is_none());
    let snapshots = lab.snapshots("life-snapshot-orders");
    assert_eq!(snapshots.len(), 1, "{snapshots:?}");
    assert!(snapshots[0].starts_with("life-snapshot-orders-final-"), "{snapshots:?}");
    assert!(lab.secret("orders-connection").is_none() && lab.secret("orders-credentials").is_none());
}

#[test]
fn deletion_protection_holds_the_object_and_says_how_to_go_on() {
    let lab = Lab::new("life-protected");
    let _operator = lab.operator();
    lab.apply("orders", "deletionPolicy: Delete\ndeletionProtection: true");
    lab.wait_ready("orders");
    lab.kubectl(&["delete", "rds", "orders", "--wait=false"]);
    let stalled = lab.wait_stalled("orders", "DeletionProtected");
    assert!(stalled.message.contains("spec.deletionProtection: false"), "{}", stalled.message);
    assert!(lab.instance("life-protected-orders").is_some());
    lab.patch("orders", json!({"spec": {"deletionProtection": false}}));
    lab.until("the object is gone", || lab.object("orders").is_none().then_some(()));
    assert!(lab.instance("life-protected-orders").is_none());
}

#[test]
fn a_plan_is_shown_and_runs_only_with_its_own_hash() {
    let lab = Lab::new("life-plan");
    let _operator = lab.operator();
    lab.apply("orders", "managementPolicy: Plan");
    let held = lab
        .until("a plan is held", || lab.object("orders").filter(|object| object["status"]["plan"]["hash"].is_string()));
    assert_eq!(held["status"]["plan"]["steps"][0]["call"], "CreateDBInstance");
    assert_eq!(held["status"]["plan"]["steps"][0]["when"], "approval");
    assert!(lab.instance("life-plan-orders").is_none());
    lab.kubectl(&["annotate", "rds", "orders", "awsdb.dev/approve=00000000"]);
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert!(lab.instance("life-plan-orders").is_none(), "a stale approval runs nothing");
    let hash = held["status"]["plan"]["hash"].as_str().unwrap();
    lab.kubectl(&["annotate", "--overwrite", "rds", "orders", &format!("awsdb.dev/approve={hash}")]);
    lab.wait_ready("orders");
}

#[test]
fn an_existing_database_is_adopted_only_when_both_sides_agree() {
    let lab = Lab::new("life-adopt");
    let _operator = lab.operator();
    lab.make_foreign("legacy-forbidden", &[]);
    lab.make_foreign("legacy-allowed", &[("awsdb.dev/allow", "test/life-adopt")]);
    lab.kubectl(&["create", "secret", "generic", "known", "--from-literal=password=somebody-elses"]);
    let before = lab.aws_calls();
    let spec = |id: &str| {
        format!("identifier: {id}\nadoption: IfExists\nengine: postgres\ncredentials: {{secretRef: {{name: known}}}}")
    };
    lab.apply_spec("forbidden", &spec("legacy-forbidden"));
    let stalled = lab.wait_stalled("forbidden", "NotAllowed");
    assert!(stalled.message.contains("awsdb.dev/allow = test/life-adopt"), "{}", stalled.message);
    assert_eq!(lab.aws_writes_since(&before), Vec::<String>::new());
    assert!(lab.object("forbidden").unwrap()["status"]["endpoint"].is_null(), "what is not ours is not shown");

    lab.apply_spec("allowed", &spec("legacy-allowed"));
    lab.wait_ready("allowed");
    assert_eq!(lab.aws_writes_since(&before), ["rds.AddTagsToResource"], "an equal database is only tagged");
    assert_eq!(lab.secret("allowed-connection").unwrap()["password"], "somebody-elses");
}
