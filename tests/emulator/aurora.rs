//! AuroraServerless from apply to Ready, through changes of capacity and members, to its end; and what it costs.

use std::time::Duration;

use serde_json::{Value, json};

use crate::clusters::{Clusters, calls_since};
use crate::knobs::Knob;
use crate::lab::{Lab, condition};

#[test]
fn a_cluster_becomes_ready_with_its_writer_and_a_complete_secret() {
    let lab = Lab::new("au-create");
    let (clusters, _operator) = (Clusters::of(&lab), lab.operator());
    clusters.apply("shop", "databaseName: shop\nenableHttpEndpoint: true\nbackupRetentionPeriod: 7\ntags: {team: a}");
    let object = clusters.wait_settled("aurora/shop");
    let status = &object["status"];
    assert_eq!(status["identifier"], "au-create-shop");
    assert_eq!(status["capacity"], "0.5-2 ACU");
    assert_eq!(status["members"], json!([{"name": "au-create-shop-0", "role": "writer", "status": "available"}]));
    assert_eq!(status["membersAvailable"], "1/1");
    assert_eq!(status["httpEndpointEnabled"], true);
    assert!(lab.kstatus(&object).starts_with("Current"), "{}", lab.kstatus(&object));

    let secret = lab.secret("shop-connection").unwrap();
    let cluster = clusters.cluster("au-create-shop").unwrap();
    assert_eq!(Some(secret["host"].as_str()), cluster.endpoint());
    assert_eq!(Some(secret["reader-host"].as_str()), cluster.reader_endpoint());
    assert_eq!(Some(secret["cluster-arn"].as_str()), cluster.db_cluster_arn());
    assert_eq!((secret["database"].as_str(), secret["data-api"].as_str()), ("shop", "true"));
    for key in ["password", "uri", "reader-uri", "jdbc-url", "port", "username", "resource-id"] {
        assert!(secret.get(key).is_some_and(|value| !value.is_empty()), "{key} of {:?}", secret.keys());
    }
    assert_eq!(cluster.backup_retention_period(), Some(7));
    let owners = |tags: &[aws_sdk_rds::types::Tag]| tags.iter().any(|tag| tag.key() == Some("awsdb.dev/owner"));
    assert!(owners(cluster.tag_list()) && owners(lab.instance("au-create-shop-0").unwrap().tag_list()));
    let columns = lab.kubectl(&["get", "aurora", "-o", "wide"]);
    assert!(columns.contains("0.5-2 ACU") && columns.contains("shop-connection"), "{columns}");
}

#[test]
fn what_takes_its_time_is_waited_for_in_order() {
    let lab = Lab::new("au-slow");
    let (clusters, _operator) = (Clusters::of(&lab), lab.operator());
    let _slow = Knob::create_seconds(&lab, 3);
    clusters.apply("shop", "readers: 1");
    lab.until("it waits for the writer", || {
        let ready = condition(&lab.object("aurora/shop")?, "Ready")?;
        (ready.status == "False" && ready.reason == "Creating").then_some(())
    });
    assert!(lab.secret("shop-connection").is_none(), "nobody can connect yet");
    let object = clusters.wait_settled("aurora/shop");
    assert_eq!(object["status"]["membersAvailable"], "2/2");
    assert_eq!(clusters.writer("au-slow-shop").as_deref(), Some("au-slow-shop-0"), "number 0 is made first");
}

#[test]
fn capacity_changes_by_one_call_and_pausing_is_turned_on() {
    let lab = Lab::new("au-scale");
    let (clusters, _operator) = (Clusters::of(&lab), lab.operator());
    clusters.apply("shop", "");
    clusters.wait_settled("aurora/shop");
    let before = lab.aws_calls();
    let capacity = json!({"minCapacity": 0, "maxCapacity": 8, "secondsUntilAutoPause": 600});
    lab.patch("aurora/shop", json!({"spec": {"serverlessV2ScalingConfiguration": capacity}}));
    let object = lab.until("the capacity is in status", || {
        lab.object("aurora/shop").filter(|object| object["status"]["capacity"] == "0-8 ACU")
    });
    assert!(lab.events("shop").contains(&"ModifyDBCluster".to_string()), "{object}");
    assert_eq!(lab.aws_writes_since(&before), ["rds.ModifyDBCluster"]);
    let scaling = clusters.cluster("au-scale-shop").unwrap().serverless_v2_scaling_configuration.unwrap();
    assert_eq!((scaling.min_capacity, scaling.max_capacity), (Some(0.0), Some(8.0)));
    assert_eq!(scaling.seconds_until_auto_pause, Some(600));
}

#[test]
fn what_the_engine_version_does_not_take_is_refused_before_any_call() {
    let lab = Lab::new("au-cannot");
    let (_clusters, _operator) = (Clusters::of(&lab), lab.operator());
    let before = lab.aws_calls();
    let spec = "engine: aurora-postgresql\nengineVersion: '15.4'\nmasterUsername: app\n\
                serverlessV2ScalingConfiguration: {minCapacity: 0, maxCapacity: 2}";
    lab.apply_kind("AuroraServerless", "shop", spec);
    let stalled = lab.wait_stalled("aurora/shop", "InvalidSpec");
    assert!(stalled.message.contains("minCapacity 0 is below 0.5"), "{}", stalled.message);
    assert_eq!(lab.aws_writes_since(&before), Vec::<String>::new());
}

#[test]
fn readers_come_and_go_and_the_writer_stays() {
    let lab = Lab::new("au-readers");
    let (clusters, _operator) = (Clusters::of(&lab), lab.operator());
    clusters.apply("shop", "");
    clusters.wait_settled("aurora/shop");
    lab.patch(
        "aurora/shop",
        json!({"spec": {"readers": 2, "customEndpoints": [{"name": "reports", "staticMembers": [2]}]}}),
    );
    lab.until("there are three members and the endpoint", || {
        let object = lab.object("aurora/shop")?;
        let all = object["status"]["membersAvailable"] == "3/3";
        (all && lab.secret("shop-connection")?.contains_key("endpoint-reports")).then_some(())
    });
    let host = lab.secret("shop-connection").unwrap()["host"].clone();

    lab.patch("aurora/shop", json!({"spec": {"readers": 0, "customEndpoints": []}}));
    lab.until("the writer is alone", || {
        let members = clusters.members("au-readers-shop");
        (members.len() == 1 && members["au-readers-shop-0"]).then_some(())
    });
    let secret = lab.until("the endpoint has left the Secret", || {
        lab.secret("shop-connection").filter(|secret| !secret.contains_key("endpoint-reports"))
    });
    assert_eq!(secret["host"], host);
}

#[test]
fn a_failover_is_done_once_for_each_token() {
    let lab = Lab::new("au-failover");
    let (clusters, operator) = (Clusters::of(&lab), lab.operator());
    clusters.apply("shop", "readers: 1");
    clusters.wait_settled("aurora/shop");
    let before = lab.aws_calls();
    lab.kubectl(&["annotate", "aurora", "shop", "awsdb.dev/failover=one"]);
    lab.until("the reader writes", || {
        (clusters.writer("au-failover-shop").as_deref() == Some("au-failover-shop-1")).then_some(())
    });
    lab.until("status says so", || {
        let object = lab.object("aurora/shop")?;
        let members = object["status"]["members"].as_array()?.clone();
        members.iter().any(|one| one["name"] == "au-failover-shop-1" && one["role"] == "writer").then_some(())
    });
    assert_eq!(lab.aws_writes_since(&before), ["rds.FailoverDBCluster"]);
    drop(operator);
    let _restarted = lab.operator();
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(clusters.writer("au-failover-shop").as_deref(), Some("au-failover-shop-1"), "one token, one failover");
}

#[test]
fn a_member_that_somebody_deleted_is_made_anew() {
    let lab = Lab::new("au-lost");
    let (clusters, _operator) = (Clusters::of(&lab), lab.operator());
    clusters.apply("shop", "readers: 1");
    clusters.wait_settled("aurora/shop");
    clusters.destroy_member("au-lost-shop-1");
    lab.until("it is there again", || clusters.members("au-lost-shop").contains_key("au-lost-shop-1").then_some(()));
}

#[test]
fn the_object_owns_its_groups_and_takes_them_along() {
    let lab = Lab::new("au-groups");
    let (clusters, _operator) = (Clusters::of(&lab), lab.operator());
    let subnets = lab.subnet_ids();
    let spec = format!(
        "deletionPolicy: Delete\nsubnetIds: [{}, {}]\nclusterParameters: {{log_statement: ddl}}\nparameters: {{work_mem: '65536'}}",
        subnets[0], subnets[1]
    );
    clusters.apply("shop", &spec);
    clusters.wait_settled("aurora/shop");
    let cluster = clusters.cluster("au-groups-shop").unwrap();
    assert_eq!(cluster.db_cluster_parameter_group(), Some("au-groups-shop-aurora-postgresql16"));
    assert_eq!(cluster.db_subnet_group(), Some("au-groups-shop"));
    let before = lab.aws_calls();
    lab.kubectl(&["delete", "aurora", "shop", "--timeout=60s"]);
    let writes = lab.aws_writes_since(&before);
    for call in [
        "rds.DeleteDBCluster",
        "rds.DeleteDBClusterParameterGroup",
        "rds.DeleteDBInstance",
        "rds.DeleteDBParameterGroup",
        "rds.DeleteDBSubnetGroup",
    ] {
        assert!(writes.iter().any(|write| write == call), "{call} in {writes:?}");
    }
}

#[test]
fn under_snapshot_the_final_snapshot_stays_and_no_member_does() {
    let lab = Lab::new("au-snapshot");
    let (clusters, _operator) = (Clusters::of(&lab), lab.operator());
    clusters.apply("shop", "readers: 1\ndeletionPolicy: Snapshot");
    clusters.wait_settled("aurora/shop");
    lab.kubectl(&["delete", "aurora", "shop", "--timeout=90s"]);
    assert!(clusters.cluster("au-snapshot-shop").is_none());
    assert!(lab.instance("au-snapshot-shop-0").is_none() && lab.instance("au-snapshot-shop-1").is_none());
    let snapshots = clusters.snapshots_of("au-snapshot-shop");
    assert_eq!(snapshots.len(), 1, "{snapshots:?}");
    assert!(snapshots[0].starts_with("au-snapshot-shop-final-"), "{snapshots:?}");
    assert!(lab.secret("shop-connection").is_none() && lab.secret("shop-credentials").is_none());
}

#[test]
fn deletion_protection_holds_every_member() {
    let lab = Lab::new("au-protected");
    let (clusters, _operator) = (Clusters::of(&lab), lab.operator());
    clusters.apply("shop", "readers: 1\ndeletionPolicy: Delete\ndeletionProtection: true");
    clusters.wait_settled("aurora/shop");
    lab.kubectl(&["delete", "aurora", "shop", "--wait=false"]);
    lab.wait_stalled("aurora/shop", "DeletionProtected");
    assert_eq!(clusters.members("au-protected-shop").len(), 2, "members can be deleted in spite of it, and are not");
    lab.patch("aurora/shop", json!({"spec": {"deletionProtection": false}}));
    lab.until("the object is gone", || lab.object("aurora/shop").is_none().then_some(()));
    assert!(clusters.cluster("au-protected-shop").is_none());
}

#[test]
fn under_retain_nothing_is_called_and_a_replayed_manifest_takes_it_up_again() {
    let lab = Lab::new("au-retain");
    let (clusters, _operator) = (Clusters::of(&lab), lab.operator());
    clusters.apply("shop", "readers: 1");
    clusters.wait_settled("aurora/shop");
    let (secret, calls) = (lab.secret("shop-connection").unwrap(), lab.aws_calls());
    lab.kubectl(&["delete", "aurora", "shop", "--timeout=20s"]);
    std::thread::sleep(Duration::from_secs(3));
    clusters.apply("shop", "readers: 1");
    clusters.wait_settled("aurora/shop");
    assert_eq!(lab.aws_writes_since(&calls), Vec::<String>::new());
    assert_eq!(lab.secret("shop-connection").unwrap(), secret);
}

#[test]
fn a_clone_has_its_source_s_user_and_a_password_of_its_own() {
    let lab = Lab::new("au-clone");
    let (clusters, _operator) = (Clusters::of(&lab), lab.operator());
    clusters.apply("shop", "databaseName: shop\nbackupRetentionPeriod: 7");
    clusters.wait_settled("aurora/shop");
    let spec = "engine: aurora-postgresql\nsource: {cloneOf: {identifier: au-clone-shop}}\n\
                serverlessV2ScalingConfiguration: {minCapacity: 1, maxCapacity: 4}\nenableHttpEndpoint: true";
    lab.apply_kind("AuroraServerless", "rehearsal", spec);
    let object = clusters.wait_settled("aurora/rehearsal");
    assert_eq!(object["status"]["httpEndpointEnabled"], true, "what the clone does not take is set after it");
    let [one, other] = ["shop", "rehearsal"].map(|name| lab.secret(&format!("{name}-connection")).unwrap());
    assert_eq!((&one["username"], &one["database"]), (&other["username"], &other["database"]));
    assert_ne!(one["password"], other["password"]);
    assert!(lab.events("rehearsal").contains(&"RestoreDBClusterToPointInTime".to_string()));
}

#[test]
fn a_create_that_is_ready_at_once_costs_at_most_eight_aws_calls() {
    let lab = Lab::new("au-fig-create");
    let (clusters, _operator) = (Clusters::of(&lab), lab.operator_with(&["--sweep=60s", "--secret-poll=60s"]));
    let (writes, calls) = (lab.cluster_writes().len(), lab.aws_calls());
    clusters.apply("shop", "deletionPolicy: Delete");
    lab.wait_ready("aurora/shop");
    let sent = calls_since(&lab, &calls);
    let total: u64 = sent.values().sum();
    assert!(total <= 8, "{total} AWS calls: {sent:?}");
    let made: Vec<String> = lab.cluster_writes().split_off(writes);
    assert!(made.len() <= 9, "{made:#?}");
}

#[test]
#[ignore = "issue 6: with sweeps of one second the reads of twenty clusters do not fall into one batch each; to be measured at usual clocks"]
fn twenty_idle_clusters_cost_two_calls_a_check_for_all_and_no_write() {
    let lab = Lab::new("au-fig-idle");
    let (clusters, operator) = (Clusters::of(&lab), lab.operator());
    let names: Vec<String> = (0..20).map(|number| format!("shop-{number}")).collect();
    for name in &names {
        clusters.apply(name, "enableHttpEndpoint: true");
    }
    for name in &names {
        clusters.wait_settled(&format!("aurora/{name}"));
    }
    // For a minute after a change AWS is asked more often: a process that changed nothing has no such minute.
    drop(operator);
    let _operator = lab.operator_with(&["--sweep=1s", "--secret-poll=1s"]);
    std::thread::sleep(Duration::from_secs(4));
    let (writes, calls) = (lab.cluster_writes().len(), lab.aws_calls());
    std::thread::sleep(Duration::from_secs(10));
    let mut sent = calls_since(&lab, &calls);
    // Once a minute for the region, whatever there is in it.
    sent.remove("rds.DescribeEvents");
    assert_eq!(lab.cluster_writes().split_off(writes), Vec::<String>::new());
    let expected = ["rds.DescribeDBClusters", "rds.DescribeDBInstances"];
    assert!(sent.keys().eq(expected.iter()), "{sent:?}");
    assert!(sent.values().all(|count| (5..=20).contains(count)), "{sent:?}");
}

#[test]
fn a_restart_with_healthy_clusters_writes_nothing() {
    let lab = Lab::new("au-fig-restart");
    let (clusters, operator) = (Clusters::of(&lab), lab.operator());
    clusters.apply("shop", "readers: 1\ndeletionPolicy: Snapshot");
    clusters.wait_settled("aurora/shop");
    drop(operator);
    let (writes, calls) = (lab.cluster_writes().len(), lab.aws_calls());
    let _restarted = lab.operator();
    std::thread::sleep(Duration::from_secs(6));
    assert_eq!(lab.cluster_writes().split_off(writes), Vec::<String>::new());
    assert_eq!(lab.aws_writes_since(&calls), Vec::<String>::new());
}

#[test]
fn an_observed_cluster_is_shown_without_a_single_write() {
    let lab = Lab::new("au-observe");
    let (clusters, _operator) = (Clusters::of(&lab), lab.operator());
    clusters.apply("shop", "tags: {awsdb-test: observed}");
    clusters.wait_settled("aurora/shop");
    lab.kubectl(&["delete", "aurora", "shop", "--timeout=20s"]);
    let calls = lab.aws_calls();
    let spec = "identifier: au-observe-shop\nmanagementPolicy: Observe";
    lab.apply_kind("AuroraServerless", "shop", spec);
    let object: Value = lab.until("it is shown", || {
        lab.object("aurora/shop").filter(|object| object["status"]["capacity"] == "0.5-2 ACU")
    });
    assert_eq!(object["status"]["engine"], "aurora-postgresql");
    assert_eq!(lab.aws_writes_since(&calls), Vec::<String>::new());
}
