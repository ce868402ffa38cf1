//! Every field of a cluster and of its members: set at the create, changed once, and removed from the manifest, which sends
//! nothing (B5, B10); and the first addition of each to a cluster that has none of it.

use awsdb::aws::owner::ALLOW_TAG;
use awsdb::kinds::aurora::{AuroraServerless, AuroraServerlessSpec};
use serde_json::{Value, json};

use crate::sim::aurora::{Auroras, aurora};
use crate::sim::builder::Manifest;
use crate::sim::kube::Key;
use crate::sim::settled;

type Cluster = Manifest<AuroraServerless>;

/// Field of the spec, what it is at first, what it becomes, and what must stand beside it.
type Row = (&'static str, Value, Value, Value);

/// Every field of a cluster that a ModifyDBCluster changes.
fn changeable() -> Vec<Row> {
    let insights = json!({ "enablePerformanceInsights": true });
    let advanced = json!({ "enablePerformanceInsights": true, "performanceInsightsRetentionPeriod": 465 });
    let scaling = |min: f64, max: f64| json!({ "minCapacity": min, "maxCapacity": max });
    vec![
        ("engineVersion", json!("16.4"), json!("16.6"), json!({})),
        ("serverlessV2ScalingConfiguration", scaling(1.0, 8.0), scaling(0.0, 16.0), json!({})),
        ("port", json!(5433), json!(5434), json!({})),
        ("vpcSecurityGroupIds", json!(["sg-one"]), json!(["sg-one", "sg-two"]), json!({})),
        ("backupRetentionPeriod", json!(7), json!(14), json!({})),
        ("preferredBackupWindow", json!("01:00-01:30"), json!("02:00-02:30"), json!({})),
        ("preferredMaintenanceWindow", json!("mon:01:00-mon:02:00"), json!("tue:01:00-tue:02:00"), json!({})),
        ("storageType", json!("aurora"), json!("aurora-iopt1"), json!({})),
        ("iamDatabaseAuthentication", json!(false), json!(true), json!({})),
        ("enableHttpEndpoint", json!(false), json!(true), json!({})),
        ("enableCloudwatchLogsExports", json!(["postgresql"]), json!(["instance"]), json!({})),
        ("enablePerformanceInsights", json!(false), json!(true), json!({})),
        ("performanceInsightsRetentionPeriod", json!(7), json!(31), insights),
        ("databaseInsightsMode", json!("standard"), json!("advanced"), advanced),
        ("deletionProtection", json!(true), json!(false), json!({})),
        ("copyTagsToSnapshot", json!(true), json!(false), json!({})),
        ("enableLocalWriteForwarding", json!(false), json!(true), json!({})),
        ("networkType", json!("IPV4"), json!("DUAL"), json!({})),
        (
            "engineLifecycleSupport",
            json!("open-source-rds-extended-support"),
            json!("open-source-rds-extended-support-disabled"),
            json!({}),
        ),
    ]
}

/// Every field of the members.
fn of_members() -> Vec<Row> {
    let role = json!({ "monitoringRoleArn": "arn:aws:iam::1:role/monitoring" });
    vec![
        ("publiclyAccessible", json!(false), json!(true), json!({})),
        ("autoMinorVersionUpgrade", json!(true), json!(false), json!({})),
        ("monitoringInterval", json!(30), json!(60), role),
        ("caCertificateIdentifier", json!("rds-ca-rsa2048-g1"), json!("rds-ca-ecc384-g1"), json!({})),
    ]
}

fn with_field(manifest: Cluster, field: &str, value: &Value, beside: &Value) -> Cluster {
    manifest.with(|spec| {
        let mut all = serde_json::to_value(&*spec).unwrap();
        let all_fields = all.as_object_mut().unwrap();
        all_fields.extend(beside.as_object().unwrap().clone());
        all_fields.insert(field.into(), value.clone());
        *spec = serde_json::from_value::<AuroraServerlessSpec>(all).unwrap();
    })
}

/// The value in AWS of a field of the cluster, or of its first member.
fn shown(sim: &Auroras, key: &Key, field: &str) -> Option<Value> {
    let clu = awsdb::diff::fields(&sim.the_clu(key).shown.settings);
    let mem = awsdb::diff::fields(&sim.the_mem(key, 0).shown.settings);
    clu.get(field).or_else(|| mem.get(field)).cloned()
}

/// AWS shows what is asked for, and perhaps more beside it.
fn holds(is: Option<&Value>, wanted: &Value) -> bool {
    match (is, wanted) {
        (Some(Value::Object(is)), Value::Object(wanted)) => wanted.iter().all(|(k, v)| is.get(k) == Some(v)),
        (is, wanted) => is == Some(wanted),
    }
}

fn changes_once_and_is_let_be(row: &Row) {
    let (field, before, after, beside) = row;
    let (mut sim, key) = settled(with_field(aurora().at_once(), field, before, beside));
    assert!(holds(shown(&sim, &key, field).as_ref(), before), "{field} at the create\n{}", sim.report());
    assert_eq!(sim.aws_writes(0), ["CreateDBCluster", "CreateDBInstance"], "{field}: nothing is sent twice");
    let mark = sim.mark();
    sim.apply(with_field(aurora().at_once(), field, after, beside));
    sim.until(&format!("{field} is changed"), |sim| holds(shown(sim, &key, field).as_ref(), after));
    sim.until("it rests", |sim| sim.rests(&key));
    sim.run(600);
    assert_eq!(sim.aws_writes(mark).len(), 1, "{field}: {:?}\n{}", sim.aws_writes(mark), sim.report());
    let mark = sim.mark();
    // A field of the engine stays; so does a capacity, which admission does not let go.
    sim.apply(aurora().at_once());
    sim.run(900);
    sim.restart();
    sim.run(300);
    if !["serverlessV2ScalingConfiguration"].contains(field) {
        assert!(sim.aws_writes(mark).is_empty(), "{field} is gone: {:?}\n{}", sim.aws_writes(mark), sim.report());
        assert!(holds(shown(&sim, &key, field).as_ref(), after), "{field}");
    }
    assert!(sim.is_settled(&key), "{field}\n{}", sim.report());
}

#[test]
fn every_field_of_a_cluster_is_set_and_changed_by_one_call_and_its_removal_sends_nothing() {
    changeable().iter().for_each(changes_once_and_is_let_be);
}

#[test]
fn every_field_of_a_member_is_set_and_changed_by_one_call_and_its_removal_sends_nothing() {
    of_members().iter().for_each(changes_once_and_is_let_be);
}

#[test]
fn no_field_of_the_settings_is_missing_from_these_tables() {
    let fixed = [
        "engine",
        "databaseName",
        "masterUsername",
        "dbSubnetGroupName",
        "availabilityZones",
        "dbClusterParameterGroupName",
        "storageEncrypted",
        "kmsKeyId",
        "performanceInsightsKMSKeyId",
        "backtrackWindow",
        "dbParameterGroupName",
        "monitoringRoleArn",
    ];
    let schema = serde_json::to_value(schemars::schema_for!(awsdb::aws::aurora::Settings)).unwrap();
    let members = serde_json::to_value(schemars::schema_for!(awsdb::aws::aurora::MemberSettings)).unwrap();
    let rows: Vec<&str> = changeable().iter().chain(&of_members()).map(|row| row.0).collect();
    for schema in [schema, members] {
        for field in schema["properties"].as_object().unwrap().keys() {
            assert!(rows.contains(&field.as_str()) || fixed.contains(&field.as_str()), "{field} has no row");
        }
    }
}

#[test]
fn what_aws_cannot_change_is_told_and_nothing_is_sent() {
    let rows = [
        ("databaseName", json!("one"), json!("two")),
        ("masterUsername", json!("one"), json!("two")),
        ("availabilityZones", json!(["us-east-1a"]), json!(["us-east-1d"])),
        ("storageEncrypted", json!(true), json!(false)),
        ("kmsKeyId", json!("arn:aws:kms:us-east-1:1:key/one"), json!("arn:aws:kms:us-east-1:1:key/two")),
    ];
    for (field, before, after) in rows {
        let (mut sim, key) = settled(with_field(aurora(), field, &before, &json!({})));
        let mark = sim.mark();
        sim.apply(with_field(aurora(), field, &after, &json!({})));
        sim.run(600);
        assert!(sim.aws_writes(mark).is_empty(), "{field}: {:?}", sim.aws_writes(mark));
        assert_eq!(sim.reason(&key, "Stalled"), "InvalidSpec", "{field}");
        assert!(sim.message(&key, "Stalled").contains(field), "{}", sim.message(&key, "Stalled"));
    }
}

#[test]
fn the_zones_that_aws_adds_to_three_are_no_difference() {
    let zoned = with_field(aurora(), "availabilityZones", &json!(["us-east-1d"]), &json!({}));
    let (mut sim, key) = settled(zoned);
    let mark = sim.mark();
    sim.run(900);
    assert_eq!(sim.the_clu(&key).shown.settings.availability_zones.unwrap().len(), 3);
    assert!(sim.aws_writes(mark).is_empty() && sim.is_settled(&key));
}

#[test]
fn backtracking_is_changed_where_it_was_on_from_the_beginning() {
    let wound = |seconds: i64| aurora().mysql().with(|spec| spec.settings.backtrack_window = Some(seconds));
    let (mut sim, key) = settled(wound(3600));
    sim.apply(wound(7200));
    sim.until("it is changed", |sim| sim.the_clu(&key).shown.settings.backtrack_window == Some(7200));
    sim.settle();
    assert_eq!(sim.sent("ModifyDBCluster"), 1);
}

#[test]
fn the_version_of_mysql_is_compared_by_its_aurora_part() {
    let (mut sim, key) = settled(aurora().mysql().version("8.0.mysql_aurora.3.04").at_once());
    assert_eq!(sim.the_clu(&key).shown.settings.engine_version.as_deref(), Some("8.0.mysql_aurora.3.04.0"));
    let mark = sim.mark();
    sim.apply(aurora().mysql().version("8.0.mysql_aurora.3").at_once());
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty(), "{}", sim.report());
    sim.apply(aurora().mysql().version("8.0.mysql_aurora.3.08.1").at_once());
    sim.until("it is upgraded", |sim| {
        sim.the_clu(&key).shown.settings.engine_version.as_deref() == Some("8.0.mysql_aurora.3.08.1")
    });
    sim.settle();
    assert_eq!(sim.sent("ModifyDBCluster"), 1, "a minor upgrade needs no word");
}

/// A cluster that somebody made in the console, which namespace `shop` may take over.
fn found(change: impl FnOnce(&mut crate::sim::aurora::Clu)) -> Auroras {
    let (mut sim, key) = settled(aurora());
    sim.delete(&key);
    sim.run(60);
    sim.with_clu("shop-orders", |clu| {
        clu.shown.tags = [(ALLOW_TAG.to_string(), "test/shop".to_string())].into();
        for mem in clu.members.values_mut() {
            mem.shown.tags.clear();
        }
        change(clu);
    });
    sim.kube(|kube| kube.secrets.clear());
    sim
}

/// An adopting object that asks for little.
fn adopter() -> Cluster {
    aurora().adopting().at_once().password_from("mine").with(|spec| spec.settings = Default::default())
}

#[test]
fn ack_3036_a_capacity_that_is_added_for_the_first_time_reaches_aws() {
    let mut sim = found(|clu| clu.shown.settings.scaling = None);
    let password = sim.aws(|aws| aws.clusters["shop-orders"].password.clone());
    sim.user_secret("shop", "mine", &password);
    let key = sim.apply(adopter());
    sim.settle();
    let mark = sim.mark();
    sim.apply(adopter().capacity(0.5, 4.0));
    sim.until("it is there", |sim| sim.the_clu(&key).shown.settings.scaling.is_some());
    sim.until("it rests", |sim| sim.rests(&key));
    assert_eq!(sim.aws_writes(mark), ["ModifyDBCluster"], "{}", sim.report());
}

#[test]
fn ack_3036_every_field_that_is_added_for_the_first_time_is_sent_once() {
    for (field, _, after, beside) in changeable().iter().chain(&of_members()) {
        let mut sim = found(|_| {});
        let password = sim.aws(|aws| aws.clusters["shop-orders"].password.clone());
        sim.user_secret("shop", "mine", &password);
        let key = sim.apply(adopter());
        sim.settle();
        let mark = sim.mark();
        sim.apply(with_field(adopter(), field, after, beside));
        sim.until(&format!("{field} is there"), |sim| holds(shown(sim, &key, field).as_ref(), after));
        sim.until("it rests", |sim| sim.rests(&key));
        sim.run(600);
        assert!(sim.aws_writes(mark).len() <= 1, "{field}: {:?}\n{}", sim.aws_writes(mark), sim.report());
    }
}

#[test]
fn ack_3047_a_capacity_that_leaves_the_manifest_changes_nothing_and_loops_for_ever_on_nothing() {
    let mut sim = found(|_| {});
    let password = sim.aws(|aws| aws.clusters["shop-orders"].password.clone());
    sim.user_secret("shop", "mine", &password);
    let key = sim.apply(adopter());
    sim.settle();
    sim.apply(adopter().capacity(1.0, 8.0));
    sim.until("it is changed", |sim| {
        sim.clu(&key).and_then(|clu| clu.shown.settings.scaling).is_some_and(|it| it.max_capacity == 8.0)
    });
    sim.settle();
    let mark = sim.mark();
    sim.apply(adopter());
    sim.run(3600);
    assert!(sim.aws_writes(mark).is_empty(), "{:?}", sim.aws_writes(mark));
    assert!(sim.is_settled(&key), "{}", sim.report());
    assert_eq!(sim.the_clu(&key).shown.settings.scaling.unwrap().max_capacity, 8.0);
}

#[test]
fn ack_3047_each_optional_block_is_added_changed_and_removed_without_a_loop() {
    type Block = (&'static str, fn(Cluster) -> Cluster, fn(Cluster) -> Cluster);
    let blocks: [Block; 7] = [
        ("parameters", |it| it.parameter("work_mem", "1"), |it| it.parameter("work_mem", "2")),
        ("clusterParameters", |it| it.cluster_parameter("work_mem", "1"), |it| it.cluster_parameter("work_mem", "2")),
        ("customEndpoints", |it| it.endpoint("all", &[]), |it| it.endpoint("all", &[0])),
        ("associatedRoles", |it| it.role("s3Import", "one"), |it| it.role("s3Import", "two")),
        ("tags", |it| it.tag("team", "a"), |it| it.tag("team", "b")),
        ("readerPromotionTier", |it| it.reader_tier(2), |it| it.reader_tier(3)),
        ("readers", |it| it.readers(1), |it| it.readers(2)),
    ];
    for (what, first, then) in blocks {
        let (mut sim, key) = settled(aurora().at_once());
        for manifest in [first(aurora().at_once()), then(aurora().at_once()), aurora().at_once()] {
            sim.apply(manifest);
            sim.until(&format!("{what} is settled"), |sim| sim.rests(&key));
            sim.run(900);
            let mark = sim.mark();
            sim.run(3600);
            assert!(sim.aws_writes(mark).is_empty(), "{what}: {:?}\n{}", sim.aws_writes(mark), sim.report());
            assert!(sim.is_settled(&key), "{what}\n{}", sim.report());
        }
    }
}

#[test]
fn a_capacity_that_others_changed_is_put_back_once() {
    let (mut sim, key) = settled(aurora().capacity(0.5, 4.0));
    sim.with_clu("shop-orders", |clu| {
        clu.shown.settings.scaling.as_mut().unwrap().max_capacity = 64.0;
    });
    sim.until("it is put back", |sim| sim.the_clu(&key).shown.settings.scaling.unwrap().max_capacity == 4.0);
    sim.settle();
    sim.run(900);
    assert_eq!(sim.sent("ModifyDBCluster"), 1, "{}", sim.report());
}

#[test]
fn log_exports_are_sent_as_a_difference_by_value() {
    let (mut sim, _) = settled(aurora().logs(&["postgresql"]));
    sim.apply(aurora().logs(&["postgresql", "instance"]));
    sim.settle();
    let sent: Vec<String> =
        sim.calls(0).into_iter().filter(|call| call.operation == "ModifyDBCluster").map(|call| call.detail).collect();
    assert_eq!(sent.len(), 1);
    assert!(sent[0].contains(r#"enable: {"instance"}, disable: {}"#), "{sent:?}");
}
