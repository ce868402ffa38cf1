//! DbSnapshot of each kind of database: taken, copied, shared, restored from, expired, deleted; and what it costs.

use std::time::Duration;

use serde_json::json;

use crate::clusters::{Clusters, calls_since};
use crate::knobs::Knob;
use crate::lab::{Lab, condition};
use crate::tables::Tables;

#[test]
fn a_snapshot_of_an_instance_by_the_name_of_its_object_becomes_ready() {
    let lab = Lab::new("sn-instance");
    let (clusters, _operator) = (Clusters::of(&lab), lab.operator());
    lab.apply("orders", "");
    lab.wait_ready("orders");
    let slow = Knob::create_seconds(&lab, 3);
    clusters.snap("before", "source: {rdsInstance: {name: orders}}\ntags: {release: '42'}");
    let making = lab.until("it is being made", || {
        lab.object("dbsnap/before").filter(|object| object["status"]["awsStatus"] == "creating")
    });
    assert_eq!(condition(&making, "Ready").unwrap().reason, "Creating");
    let object = clusters.wait_settled("dbsnap/before");
    drop(slow);
    let status = &object["status"];
    assert_eq!(status["source"], "RdsInstance/sn-instance-orders");
    assert_eq!((&status["family"], &status["engine"]), (&json!("Instance"), &json!("postgres")));
    assert!(status["binding"].is_null() && lab.secret("before-connection").is_none(), "nobody connects to it");
    assert!(lab.kstatus(&object).starts_with("Current"), "{}", lab.kstatus(&object));
    let snapshot = clusters.instance_snapshot("sn-instance-before").unwrap();
    let tags: Vec<_> = snapshot.tag_list().iter().filter_map(|tag| tag.key()).collect();
    assert!(tags.contains(&"awsdb.dev/owner") && tags.contains(&"release"), "{tags:?}");
    assert!(lab.events("before").contains(&"CreateDBSnapshot".to_string()));
    let columns = lab.kubectl(&["get", "dbsnap"]);
    assert!(columns.contains("RdsInstance/sn-instance-orders"), "{columns}");
}

#[test]
fn a_snapshot_waits_for_its_database() {
    let lab = Lab::new("sn-waits");
    let (clusters, _operator) = (Clusters::of(&lab), lab.operator());
    clusters.snap("before", "source: {rdsInstance: {name: orders}}");
    lab.until("it says what it waits for", || {
        let synced = condition(&lab.object("dbsnap/before")?, "Synced")?;
        (synced.reason == "DependencyNotReady" && synced.message.contains("RdsInstance orders")).then_some(())
    });
    lab.apply("orders", "");
    clusters.wait_settled("dbsnap/before");
}

#[test]
fn a_cluster_is_snapshotted_and_restored_by_reference() {
    let lab = Lab::new("sn-cluster");
    let (clusters, _operator) = (Clusters::of(&lab), lab.operator());
    clusters.apply("shop", "databaseName: shop");
    clusters.wait_settled("aurora/shop");
    clusters.snap("nightly", "source: {auroraServerless: {name: shop}}");
    // The restore is applied at once: it waits for the snapshot.
    let spec = "engine: aurora-postgresql\nsource: {snapshot: {name: nightly}}\n\
                serverlessV2ScalingConfiguration: {minCapacity: 0.5, maxCapacity: 2}";
    lab.apply_kind("AuroraServerless", "restored", spec);
    let snapshot = clusters.wait_settled("dbsnap/nightly");
    assert_eq!(snapshot["status"]["family"], "Cluster");
    let made = clusters.cluster_snapshot("sn-cluster-nightly").unwrap();
    assert_eq!(made.db_cluster_identifier(), Some("sn-cluster-shop"));
    assert!(made.tag_list().iter().any(|tag| tag.key() == Some("awsdb.dev/owner")));
    clusters.wait_settled("aurora/restored");
    assert!(lab.events("restored").contains(&"RestoreDBClusterFromSnapshot".to_string()));
    let secret = lab.secret("restored-connection").unwrap();
    assert_eq!((secret["database"].as_str(), secret["username"].as_str()), ("shop", "app"));
}

#[test]
fn a_backup_of_a_table_is_taken_and_restored_by_reference() {
    let lab = Lab::new("sn-table");
    let (clusters, tables, _operator) = (Clusters::of(&lab), Tables::of(&lab), lab.operator());
    tables.apply_small("users", "");
    tables.wait_settled("users");
    tables.put("sn-table-users", "kept");
    clusters.snap("backup", "source: {dynamoTable: {name: users}}");
    let object = clusters.wait_settled("dbsnap/backup");
    assert_eq!(object["status"]["family"], "Table");
    assert_eq!(tables.backups("sn-table-users").len(), 1);
    tables.apply("restored", "source: {snapshot: {name: backup}}");
    tables.wait_settled("restored");
    assert!(tables.texts("sn-table-restored", "id").contains("kept"));
}

#[test]
fn a_copy_is_shared_and_has_a_copy_abroad() {
    let lab = Lab::new("sn-copy");
    let (clusters, abroad) = (Clusters::of(&lab), Clusters::abroad(&lab, "eu-west-1"));
    let _operator = lab.operator();
    lab.apply("orders", "storageEncrypted: false");
    lab.wait_ready("orders");
    clusters.snap("first", "source: {rdsInstance: {name: orders}}");
    clusters.wait_settled("dbsnap/first");
    let spec = "source: {copyOf: {identifier: sn-copy-first}}\nshareWith: ['210987654321']\n\
                copies: [{region: eu-west-1}]\ndeletionPolicy: Delete";
    clusters.snap("copy", spec);
    let object = clusters.wait_settled("dbsnap/copy");
    assert_eq!(object["status"]["copies"], json!({"eu-west-1": "available"}));
    assert_eq!(object["status"]["sharedWith"], json!(["210987654321"]));
    assert_eq!(clusters.shares("sn-copy-copy"), ["210987654321"]);
    assert!(abroad.instance_snapshot("sn-copy-copy").is_some());

    lab.patch("dbsnap/copy", json!({"spec": {"shareWith": []}}));
    lab.until("nobody has it any more", || clusters.shares("sn-copy-copy").is_empty().then_some(()));
    lab.kubectl(&["delete", "dbsnap", "copy", "--timeout=60s"]);
    assert!(abroad.instance_snapshot("sn-copy-copy").is_none() && clusters.instance_snapshot("sn-copy-copy").is_none());
    assert!(clusters.instance_snapshot("sn-copy-first").is_some(), "what was copied stays");
}

#[test]
fn a_snapshot_outlives_its_object_and_a_replayed_manifest_finds_it_again() {
    let lab = Lab::new("sn-retain");
    let (clusters, _operator) = (Clusters::of(&lab), lab.operator());
    lab.apply("orders", "");
    lab.wait_ready("orders");
    clusters.snap("before", "source: {rdsInstance: {name: orders}}");
    clusters.wait_settled("dbsnap/before");
    let calls = lab.aws_calls();
    lab.kubectl(&["delete", "dbsnap", "before", "--timeout=20s"]);
    std::thread::sleep(Duration::from_secs(3));
    clusters.snap("before", "source: {rdsInstance: {name: orders}}");
    clusters.wait_settled("dbsnap/before");
    assert_eq!(lab.aws_writes_since(&calls), Vec::<String>::new(), "it is taken once");
}

#[test]
fn what_has_expired_goes_with_its_object_and_nothing_else_does() {
    let lab = Lab::new("sn-ttl");
    let (clusters, _operator) = (Clusters::of(&lab), lab.operator());
    lab.apply("orders", "");
    lab.wait_ready("orders");
    let source = "source: {rdsInstance: {name: orders}}\ndeletionPolicy: Delete";
    let age = Knob::snapshot_age(&lab, 5400);
    clusters.snap("young", &format!("{source}\nttl: 2h"));
    clusters.wait_settled("dbsnap/young");
    clusters.snap("old", &format!("{source}\nttl: 1h"));
    lab.until("the old one is made and gone", || {
        let made = lab.events("old").contains(&"CreateDBSnapshot".to_string());
        (made && lab.object("dbsnap/old").is_none()).then_some(())
    });
    drop(age);
    assert!(clusters.instance_snapshot("sn-ttl-old").is_none());
    assert!(clusters.instance_snapshot("sn-ttl-young").is_some());
    assert!(lab.object("dbsnap/young").unwrap()["status"]["expires"].is_string());
}

#[test]
fn twenty_idle_snapshots_cost_a_call_a_check_for_all_and_no_write() {
    let lab = Lab::new("sn-fig-idle");
    let (clusters, operator) = (Clusters::of(&lab), lab.operator());
    lab.apply("orders", "");
    lab.wait_ready("orders");
    let names: Vec<String> = (0..20).map(|number| format!("snap-{number}")).collect();
    for name in &names {
        clusters.snap(name, "source: {rdsInstance: {name: orders}}");
    }
    for name in &names {
        clusters.wait_settled(&format!("dbsnap/{name}"));
    }
    lab.kubectl(&["delete", "rds", "orders", "--timeout=20s"]);
    drop(operator);
    let _operator = lab.operator_with(&["--sweep=1s", "--secret-poll=1s"]);
    std::thread::sleep(Duration::from_secs(4));
    let (writes, calls) = (lab.cluster_writes().len(), lab.aws_calls());
    std::thread::sleep(Duration::from_secs(10));
    let sent = calls_since(&lab, &calls);
    assert_eq!(lab.cluster_writes().split_off(writes), Vec::<String>::new());
    assert!(sent.keys().eq(["rds.DescribeDBSnapshots"].iter()), "{sent:?}");
    assert!(sent.values().all(|count| (5..=12).contains(count)), "{sent:?}");
}
