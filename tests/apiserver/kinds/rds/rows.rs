//! Rows for the rules of RdsInstance.

use serde_json::{Value, json};

use crate::lab::merged;
use crate::rules::{Row, row};

pub fn engine(name: &str) -> Value {
    json!({"engine": name, "dbInstanceClass": "db.m6i.large", "allocatedStorage": 20, "masterUsername": "app"})
}

pub fn postgres() -> Value {
    engine("postgres")
}

pub fn oracle() -> Value {
    engine("oracle-ee")
}

pub fn sqlserver() -> Value {
    engine("sqlserver-se")
}

pub fn replica() -> Value {
    json!({"source": {"replicaOf": {"identifier": "main"}}})
}

pub fn rows() -> Vec<Row> {
    [creation(), identifiers(), storage(), engines(), combinations(), sources_and_credentials(), super::changes::rows()]
        .into_iter()
        .flatten()
        .collect()
}

fn creation() -> Vec<Row> {
    vec![
        row(
            "spec.engine is required",
            json!({"dbInstanceClass": "db.m6i.large", "allocatedStorage": 20, "masterUsername": "app"}),
            json!({}),
            json!({"adoption": "IfExists"}),
        ),
        row("a new instance needs", postgres(), json!({"dbInstanceClass": null}), json!({"adoption": "IfExists"})),
        row(
            "a new instance needs",
            postgres(),
            json!({"allocatedStorage": null}),
            json!({"managementPolicy": "Observe"}),
        ),
        row("a new instance needs", postgres(), json!({"masterUsername": null}), json!({"masterUsername": "a"})),
        row(
            "db.serverless is for Aurora",
            postgres(),
            json!({"dbInstanceClass": "db.serverless"}),
            json!({"dbInstanceClass": "db.serverless2"}),
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
        (&"a".repeat(64), &"a".repeat(63)),
    ]
    .map(|(bad, good)| row("spec.identifier of an RDS instance has", postgres(), named(bad), named(good)))
    .into()
}

fn storage() -> Vec<Row> {
    vec![
        row(
            "io1 and io2 need spec.iops",
            postgres(),
            json!({"storageType": "io2"}),
            json!({"storageType": "io2", "iops": 1000}),
        ),
        row(
            "gp3 below 400 GiB",
            merged(&postgres(), &json!({"storageType": "gp3"})),
            json!({"allocatedStorage": 399, "iops": 12000}),
            json!({"allocatedStorage": 400, "iops": 12000}),
        ),
        row(
            "gp3 below 400 GiB",
            merged(&oracle(), &json!({"storageType": "gp3"})),
            json!({"allocatedStorage": 199, "storageThroughput": 500}),
            json!({"allocatedStorage": 200, "storageThroughput": 500}),
        ),
        row(
            "spec.storageThroughput is for",
            postgres(),
            json!({"storageType": "gp2", "storageThroughput": 500}),
            json!({"storageType": "gp3", "storageThroughput": 500, "allocatedStorage": 400}),
        ),
        row(
            "spec.maxAllocatedStorage must be at least",
            postgres(),
            json!({"maxAllocatedStorage": 19}),
            json!({"maxAllocatedStorage": 20}),
        ),
        row(
            "at most 16384 GiB for sqlserver",
            sqlserver(),
            json!({"allocatedStorage": 16385}),
            json!({"allocatedStorage": 16384}),
        ),
        row(
            "spec.kmsKeyId needs",
            postgres(),
            json!({"kmsKeyId": "alias/db", "storageEncrypted": false}),
            json!({"kmsKeyId": "alias/db", "storageEncrypted": true}),
        ),
        row(
            "spec.dedicatedLogVolume needs",
            postgres(),
            json!({"dedicatedLogVolume": true, "storageType": "gp3"}),
            json!({"dedicatedLogVolume": true, "storageType": "io2", "iops": 1000}),
        ),
        row(
            "spec.additionalStorageVolumes is for",
            postgres(),
            json!({"additionalStorageVolumes": {"rdsdbdata2": {"allocatedStorage": 20}}}),
            json!({"engine": "oracle-ee", "additionalStorageVolumes": {"rdsdbdata2": {"allocatedStorage": 20}}}),
        ),
    ]
}

fn engines() -> Vec<Row> {
    vec![
        row(
            "spec.multiAZ is not available",
            engine("sqlserver-ex"),
            json!({"multiAZ": true}),
            json!({"multiAZ": true, "engine": "sqlserver-se"}),
        ),
        row(
            "spec.iamDatabaseAuthentication is for",
            oracle(),
            json!({"iamDatabaseAuthentication": true}),
            json!({"iamDatabaseAuthentication": false}),
        ),
        row(
            "iam-db-auth is for postgres",
            engine("mysql"),
            json!({"masterUserAuthenticationType": "iam-db-auth"}),
            json!({"masterUserAuthenticationType": "iam-db-auth", "engine": "postgres"}),
        ),
        row(
            "spec.dbName must not be set for sqlserver",
            sqlserver(),
            json!({"dbName": "shop"}),
            json!({"engine": "mysql", "dbName": "shop"}),
        ),
        row(
            "spec.processorFeatures is for",
            postgres(),
            json!({"processorFeatures": {"coreCount": "2"}}),
            json!({"engine": "oracle-se2", "processorFeatures": {"coreCount": "2"}}),
        ),
        row(
            "spec.processorFeatures takes",
            oracle(),
            json!({"processorFeatures": {"cores": "2"}}),
            json!({"processorFeatures": {"coreCount": "2", "threadsPerCore": "1"}}),
        ),
        row(
            "spec.timezone is for",
            postgres(),
            json!({"timezone": "UTC"}),
            json!({"engine": "sqlserver-web", "timezone": "UTC"}),
        ),
        row(
            "spec.characterSetName is for",
            postgres(),
            json!({"characterSetName": "AL32UTF8"}),
            json!({"engine": "oracle-ee", "characterSetName": "AL32UTF8"}),
        ),
        row(
            "spec.ncharCharacterSetName and spec.replicaMode are for",
            postgres(),
            json!({"ncharCharacterSetName": "UTF8"}),
            json!({"engine": "oracle-ee", "ncharCharacterSetName": "UTF8"}),
        ),
        row(
            "spec.ncharCharacterSetName and spec.replicaMode are for",
            postgres(),
            json!({"replicaMode": "mounted"}),
            json!({"engine": "oracle-ee", "replicaMode": "mounted"}),
        ),
        row(
            "spec.multiTenant is for",
            oracle(),
            json!({"multiTenant": true}),
            json!({"engine": "oracle-ee-cdb", "multiTenant": true}),
        ),
        row("for sqlserver: RDS keeps them", sqlserver(), json!({"port": 1434}), json!({"port": 1435})),
        row("for sqlserver: RDS keeps them", sqlserver(), json!({"port": 49152}), json!({"port": 49151})),
        row("for sqlserver: RDS keeps them", sqlserver(), json!({"port": 49156}), json!({"port": 49157})),
        row(
            "spec.engineLifecycleSupport is for",
            engine("mariadb"),
            json!({"engineLifecycleSupport": "open-source-rds-extended-support"}),
            json!({"engine": "mysql", "engineLifecycleSupport": "open-source-rds-extended-support"}),
        ),
        row(
            "spec.enableCloudwatchLogsExports: postgres has",
            postgres(),
            json!({"enableCloudwatchLogsExports": ["slowquery"]}),
            json!({"enableCloudwatchLogsExports": ["postgresql", "upgrade", "iam-db-auth-error"]}),
        ),
        row(
            "spec.enableCloudwatchLogsExports: postgres has",
            engine("mariadb"),
            json!({"enableCloudwatchLogsExports": ["postgresql"]}),
            json!({"enableCloudwatchLogsExports": ["audit", "error", "general", "slowquery", "iam-db-auth-error"]}),
        ),
        row(
            "spec.enableCloudwatchLogsExports: postgres has",
            oracle(),
            json!({"enableCloudwatchLogsExports": ["error"]}),
            json!({"enableCloudwatchLogsExports": ["alert", "audit", "listener", "trace", "oemagent"]}),
        ),
        row(
            "spec.enableCloudwatchLogsExports: postgres has",
            sqlserver(),
            json!({"enableCloudwatchLogsExports": ["audit"]}),
            json!({"enableCloudwatchLogsExports": ["agent", "error"]}),
        ),
    ]
}

fn combinations() -> Vec<Row> {
    let role = "arn:aws:iam::123456789012:role/rds-monitoring";
    vec![
        row(
            "spec.multiAZ and spec.availabilityZone exclude",
            postgres(),
            json!({"multiAZ": true, "availabilityZone": "eu-central-1a"}),
            json!({"multiAZ": false, "availabilityZone": "eu-central-1a"}),
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
        row(
            "advanced needs",
            postgres(),
            json!({"databaseInsightsMode": "advanced", "enablePerformanceInsights": true, "performanceInsightsRetentionPeriod": 434}),
            json!({"databaseInsightsMode": "advanced", "enablePerformanceInsights": true, "performanceInsightsRetentionPeriod": 465}),
        ),
        row(
            "must be 7, 731 or a multiple of 31",
            postgres(),
            json!({"performanceInsightsRetentionPeriod": 30}),
            json!({"performanceInsightsRetentionPeriod": 31}),
        ),
        row(
            "give spec.parameters",
            merged(&postgres(), &json!({"engineVersion": "16", "parameters": {"work_mem": "65536"}})),
            json!({"dbParameterGroupName": "shared"}),
            json!({}),
        ),
        row(
            "spec.parameters needs",
            postgres(),
            json!({"parameters": {"work_mem": "65536"}}),
            json!({"parameters": {"work_mem": "65536"}, "engineVersion": "16"}),
        ),
        row(
            "give spec.subnetIds",
            merged(&postgres(), &json!({"subnetIds": ["subnet-0a1b2c3d", "subnet-1a2b3c4d"]})),
            json!({"dbSubnetGroupName": "shared"}),
            json!({}),
        ),
        row(
            "a read replica cannot be stopped",
            merged(&replica(), &json!({"powerState": "Stopped"})),
            json!({}),
            json!({"promote": true}),
        ),
    ]
}

fn sources_and_credentials() -> Vec<Row> {
    let pitr = |fields: Value| json!({"source": {"pointInTime": fields}});
    let with = |credentials: Value| json!({"credentials": credentials});
    vec![
        row(
            "spec.source takes exactly one",
            replica(),
            json!({"source": {"snapshot": {"identifier": "before"}}}),
            json!({"source": {"snapshot": {"identifier": "before"}, "replicaOf": null}}),
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
            pitr(json!({"dbiResourceId": "db-ABC"})),
            pitr(json!({"dbiResourceId": "db-ABC", "identifier": null})),
        ),
        row(
            "takes either restoreTime or",
            pitr(json!({"identifier": "main", "useLatestRestorableTime": true})),
            pitr(json!({"restoreTime": "2026-01-31T09:30:00Z"})),
            pitr(json!({"restoreTime": "2026-01-31T09:30:00Z", "useLatestRestorableTime": false})),
        ),
        row(
            "takes either restoreTime or",
            pitr(json!({"identifier": "main"})),
            json!({}),
            pitr(json!({"restoreTime": "2026-01-31T09:30:00Z"})),
        ),
        row(
            "a read replica has its source's credentials",
            replica(),
            with(json!({"generated": {}})),
            merged(&with(json!({"generated": {}})), &json!({"promote": true})),
        ),
        row(
            "a read replica has its source's credentials",
            merged(&replica(), &json!({"engine": "postgres"})),
            with(json!({"awsManaged": {}})),
            merged(&with(json!({"awsManaged": {}})), &json!({"engine": "sqlserver-ee"})),
        ),
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
