//! Rows for the rules of AuroraServerless.

use serde_json::{Value, json};

use crate::lab::merged;
use crate::rules::{Row, row};

pub fn engine(name: &str) -> Value {
    json!({
        "engine": name, "masterUsername": "app",
        "serverlessV2ScalingConfiguration": {"minCapacity": 0.5, "maxCapacity": 2},
    })
}

pub fn postgres() -> Value {
    engine("aurora-postgresql")
}

pub fn mysql() -> Value {
    engine("aurora-mysql")
}

pub fn clone() -> Value {
    merged(&postgres(), &json!({"masterUsername": null, "source": {"cloneOf": {"identifier": "main"}}}))
}

pub fn rows() -> Vec<Row> {
    [
        creation(),
        identifiers(),
        capacity(),
        engines(),
        combinations(),
        groups(),
        endpoints(),
        sources(),
        credentials(),
        super::changes::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn creation() -> Vec<Row> {
    vec![
        row(
            "spec.engine is required",
            postgres(),
            json!({"engine": null}),
            json!({"engine": null, "adoption": "IfExists"}),
        ),
        row("spec.engine is required", clone(), json!({"engine": null}), json!({"tags": {}})),
        row(
            "a new cluster needs spec.serverlessV2ScalingConfiguration",
            postgres(),
            json!({"serverlessV2ScalingConfiguration": null}),
            json!({"serverlessV2ScalingConfiguration": null, "managementPolicy": "Observe"}),
        ),
        row(
            "a new cluster needs spec.serverlessV2ScalingConfiguration",
            clone(),
            json!({"serverlessV2ScalingConfiguration": null}),
            json!({"tags": {}}),
        ),
        row(
            "a new cluster needs spec.masterUsername",
            postgres(),
            json!({"masterUsername": null}),
            json!({"masterUsername": null, "source": {"cloneOf": {"identifier": "main"}}}),
        ),
        row(
            "a new cluster needs spec.masterUsername",
            postgres(),
            json!({"masterUsername": null}),
            json!({"masterUsername": null, "adoption": "IfExists"}),
        ),
    ]
}

fn identifiers() -> Vec<Row> {
    let named = |name: &str| json!({"identifier": name});
    [
        ("Orders", "orders"),
        ("1a", "a1"),
        ("a-", "a-a"),
        ("a--b", "a-b"),
        ("a_b", "ab"),
        (&"a".repeat(49), &"a".repeat(48)),
    ]
    .map(|(bad, good)| row("spec.identifier of an Aurora cluster has", postgres(), named(bad), named(good)))
    .into()
}

fn capacity() -> Vec<Row> {
    let of = |fields: Value| json!({"serverlessV2ScalingConfiguration": fields});
    let (least, most) = ("minCapacity goes in steps", "maxCapacity goes in steps");
    let pause = "secondsUntilAutoPause needs minCapacity: 0";
    vec![
        row(
            "minCapacity must not be above",
            postgres(),
            of(json!({"minCapacity": 2.5})),
            of(json!({"minCapacity": 2})),
        ),
        row(least, postgres(), of(json!({"minCapacity": 0.25})), of(json!({"minCapacity": 0}))),
        row(least, postgres(), of(json!({"minCapacity": 1.2})), of(json!({"minCapacity": 1.5}))),
        row(most, postgres(), of(json!({"maxCapacity": 2.75})), of(json!({"maxCapacity": 2.5}))),
        row(most, postgres(), of(json!({"maxCapacity": 127.9})), of(json!({"maxCapacity": 128}))),
        row(
            pause,
            postgres(),
            of(json!({"secondsUntilAutoPause": 600})),
            of(json!({"secondsUntilAutoPause": 600, "minCapacity": 0})),
        ),
    ]
}

fn engines() -> Vec<Row> {
    let logs = |types: &[&str]| json!({"enableCloudwatchLogsExports": types});
    let says = "spec.enableCloudwatchLogsExports: aurora-postgresql has";
    vec![
        row("spec.backtrackWindow is for", postgres(), json!({"backtrackWindow": 3600}), json!({"backtrackWindow": 0})),
        row(
            "spec.backtrackWindow is for",
            postgres(),
            json!({"backtrackWindow": 1}),
            json!({"backtrackWindow": 1, "engine": "aurora-mysql"}),
        ),
        row(says, postgres(), logs(&["slowquery"]), logs(&["postgresql", "instance", "iam-db-auth-error"])),
        row(
            says,
            mysql(),
            logs(&["postgresql"]),
            logs(&["audit", "error", "general", "slowquery", "instance", "iam-db-auth-error"]),
        ),
    ]
}

fn combinations() -> Vec<Row> {
    let role = "arn:aws:iam::123456789012:role/rds-monitoring";
    let insights = |days: i32, enabled: bool| {
        json!({
            "databaseInsightsMode": "advanced", "enablePerformanceInsights": enabled,
            "performanceInsightsRetentionPeriod": days,
        })
    };
    vec![
        row(
            "spec.kmsKeyId needs",
            postgres(),
            json!({"kmsKeyId": "alias/db", "storageEncrypted": false}),
            json!({"kmsKeyId": "alias/db", "storageEncrypted": true}),
        ),
        row(
            "spec.monitoringRoleArn is required",
            postgres(),
            json!({"monitoringInterval": 60}),
            json!({"monitoringInterval": 60, "monitoringRoleArn": role}),
        ),
        row(
            "spec.monitoringRoleArn is required",
            postgres(),
            json!({"monitoringInterval": 0, "monitoringRoleArn": role}),
            json!({"monitoringInterval": 0}),
        ),
        row(
            "spec.monitoringInterval must be",
            postgres(),
            json!({"monitoringInterval": 20, "monitoringRoleArn": role}),
            json!({"monitoringInterval": 15, "monitoringRoleArn": role}),
        ),
        row("advanced needs", postgres(), insights(434, true), insights(465, true)),
        row("advanced needs", postgres(), insights(465, false), insights(731, true)),
        row(
            "must be 7, 731 or a multiple of 31",
            postgres(),
            json!({"performanceInsightsRetentionPeriod": 30}),
            json!({"performanceInsightsRetentionPeriod": 31}),
        ),
    ]
}

fn groups() -> Vec<Row> {
    let versioned = merged(&postgres(), &json!({"engineVersion": "16"}));
    let with = |field: &str| merged(&versioned, &json!({field: {"work_mem": "65536"}}));
    let needs = "spec.parameters and spec.clusterParameters need";
    vec![
        row(
            "give spec.clusterParameters",
            with("clusterParameters"),
            json!({"dbClusterParameterGroupName": "shared"}),
            json!({"dbParameterGroupName": "shared"}),
        ),
        row(
            "give spec.parameters",
            with("parameters"),
            json!({"dbParameterGroupName": "shared"}),
            json!({"dbClusterParameterGroupName": "shared"}),
        ),
        row(needs, with("parameters"), json!({"engineVersion": null}), json!({})),
        row(needs, with("clusterParameters"), json!({"engineVersion": null}), json!({})),
        row(
            needs,
            with("clusterParameters"),
            json!({"engine": null, "adoption": "IfExists"}),
            json!({"adoption": "IfExists"}),
        ),
        row(
            "give spec.subnetIds",
            merged(&postgres(), &json!({"subnetIds": ["subnet-0a1b2c3d", "subnet-1a2b3c4d"]})),
            json!({"dbSubnetGroupName": "shared"}),
            json!({}),
        ),
    ]
}

fn endpoints() -> Vec<Row> {
    let with = |readers: i32, fields: Value| json!({"readers": readers, "customEndpoints": [merged(&json!({"name": "reports"}), &fields)]});
    let numbers = "spec.customEndpoints name members by number";
    vec![
        row(
            "takes staticMembers or excludedMembers",
            postgres(),
            with(2, json!({"staticMembers": [1], "excludedMembers": [2]})),
            with(2, json!({"staticMembers": [1]})),
        ),
        row(numbers, postgres(), with(2, json!({"staticMembers": [1, 3]})), with(2, json!({"staticMembers": [0, 2]}))),
        row(numbers, postgres(), with(1, json!({"excludedMembers": [2]})), with(1, json!({"excludedMembers": [1]}))),
        // Without spec.readers there is the writer alone.
        row(
            numbers,
            postgres(),
            json!({"customEndpoints": [{"name": "all", "staticMembers": [1]}]}),
            json!({"customEndpoints": [{"name": "all", "staticMembers": [0]}]}),
        ),
    ]
}

fn sources() -> Vec<Row> {
    let pitr = |fields: Value| merged(&postgres(), &json!({"source": {"pointInTime": fields}}));
    let patch = |fields: Value| json!({"source": {"pointInTime": fields}});
    vec![
        row(
            "spec.source takes exactly one",
            clone(),
            json!({"source": {"snapshot": {"identifier": "before"}}}),
            json!({"source": {"snapshot": {"identifier": "before"}, "cloneOf": null}}),
        ),
        row("spec.source takes exactly one", postgres(), json!({"source": {}}), json!({})),
        row(
            "spec.source.snapshot names a DbSnapshot",
            postgres(),
            json!({"source": {"snapshot": {"name": "before", "identifier": "before"}}}),
            json!({"source": {"snapshot": {"name": "before"}}}),
        ),
        row(
            "spec.source.snapshot names a DbSnapshot",
            postgres(),
            json!({"source": {"snapshot": {}}}),
            json!({"source": {"snapshot": {"identifier": "before"}}}),
        ),
        row(
            "spec.source.pointInTime takes exactly one",
            pitr(json!({"identifier": "main", "useLatestRestorableTime": true})),
            patch(json!({"dbClusterResourceId": "cluster-ABC"})),
            patch(json!({"dbClusterResourceId": "cluster-ABC", "identifier": null})),
        ),
        row(
            "takes either restoreTime or",
            pitr(json!({"identifier": "main", "useLatestRestorableTime": true})),
            patch(json!({"restoreTime": "2026-01-31T09:30:00Z"})),
            patch(json!({"restoreTime": "2026-01-31T09:30:00Z", "useLatestRestorableTime": false})),
        ),
        row(
            "takes either restoreTime or",
            pitr(json!({"identifier": "main"})),
            json!({}),
            patch(json!({"restoreTime": "2026-01-31T09:30:00Z"})),
        ),
    ]
}

fn credentials() -> Vec<Row> {
    let with = |credentials: Value| json!({"credentials": credentials});
    vec![
        row(
            "spec.credentials.iam needs",
            postgres(),
            with(json!({"iam": {}})),
            merged(&with(json!({"iam": {}})), &json!({"iamDatabaseAuthentication": true})),
        ),
        row(
            "spec.credentials takes at most one",
            postgres(),
            with(json!({"generated": {}, "secretRef": {"name": "mine"}})),
            with(json!({"secretRef": {"name": "mine"}})),
        ),
        row(
            "spec.credentials.rotation is for",
            postgres(),
            with(json!({"secretRef": {"name": "mine"}, "rotation": {"interval": "90d"}})),
            with(json!({"generated": {}, "rotation": {"interval": "90d"}})),
        ),
    ]
}
