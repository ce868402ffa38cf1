//! Looks at what is around a table.

use super::*;

/// A table with one index and one replica.
fn large() -> Value {
    but(table_json(), json!({"Replicas": [{"RegionName": "us-east-1", "ReplicaStatus": "ACTIVE"}]}))
}

fn everything() -> Id {
    Id {
        time_to_live: true,
        continuous_backups: true,
        resource_policy: true,
        contributor_insights: BTreeSet::from([None, Some("by-state".into()), Some("gone".into())]),
        kinesis_destinations: true,
        scaling: Interest::Yes,
        replica_facts: texts(&["us-east-1", "us-west-2"]),
        import: true,
        backups: Some("orders-final".into()),
        ..id()
    }
}

fn recovery(status: &str) -> Value {
    json!({"ContinuousBackupsDescription": {
        "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": {
            "PointInTimeRecoveryStatus": status, "RecoveryPeriodInDays": 35,
            "EarliestRestorableDateTime": 1700000000, "LatestRestorableDateTime": 1700000300,
        },
    }})
}

fn scaled() -> Wire {
    let target = |resource: &str, dimension: &str| {
        json!({
            "ServiceNamespace": "dynamodb", "ResourceId": resource, "ScalableDimension": dimension,
            "MinCapacity": 5, "MaxCapacity": 50, "RoleARN": "arn:role", "CreationTime": 1,
        })
    };
    let policy = |resource: &str, dimension: &str, name: &str, metric: &str| {
        json!({
            "ServiceNamespace": "dynamodb", "ResourceId": resource, "ScalableDimension": dimension, "PolicyARN": "arn:p",
            "PolicyName": name, "PolicyType": "TargetTrackingScaling", "CreationTime": 1,
            "TargetTrackingScalingPolicyConfiguration": {
                "TargetValue": 70.0, "ScaleInCooldown": 60,
                "PredefinedMetricSpecification": {"PredefinedMetricType": metric},
            },
        })
    };
    let (table, index) = ("table/orders", "table/orders/index/by-state");
    let targets = json!({"ScalableTargets": [
        target(table, "dynamodb:table:ReadCapacityUnits"), target(table, "dynamodb:table:WriteCapacityUnits"),
        target(index, "dynamodb:index:WriteCapacityUnits"), target("table/orders2", "dynamodb:table:ReadCapacityUnits"),
    ]});
    let (read, write) = ("DynamoDBReadCapacityUtilization", "DynamoDBWriteCapacityUtilization");
    let policies = json!({"ScalingPolicies": [
        policy(table, "dynamodb:table:ReadCapacityUnits", &format!("{read}:{table}"), read),
        policy(table, "dynamodb:table:WriteCapacityUnits", &format!("{write}:{table}"), read),
        policy(index, "dynamodb:index:WriteCapacityUnits", "somebody-elses", write),
    ]});
    with_table(large()).json("DescribeScalableTargets", targets).json("DescribeScalingPolicies", policies)
}

fn full_wire() -> Wire {
    scaled()
        .json("DescribeTimeToLive", json!({"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}}))
        .json("DescribeContinuousBackups", recovery("ENABLED"))
        .json("DescribeContinuousBackups@us-east-1", recovery("DISABLED"))
        .json("GetResourcePolicy", json!({"Policy": "{}", "RevisionId": "1"}))
        .json("DescribeContributorInsights", json!({
            "ContributorInsightsStatus": "FAILED", "ContributorInsightsMode": "THROTTLED_KEYS",
            "FailureException": {"ExceptionName": "LimitExceeded", "ExceptionDescription": "100 rules"},
        }))
        .json("DescribeKinesisStreamingDestination", json!({"TableName": "orders", "KinesisDataStreamDestinations": [
            {"StreamArn": "arn:a", "DestinationStatus": "ACTIVE", "ApproximateCreationDateTimePrecision": "MICROSECOND"},
            {"StreamArn": "arn:a", "DestinationStatus": "DISABLED"},
            {"StreamArn": "arn:b", "DestinationStatus": "ENABLE_FAILED", "DestinationStatusDescription": "no such stream"},
        ]}))
        .json("DescribeTable@us-east-1", json!({"Table": but(large(), json!({
            "TableArn": "arn:aws:dynamodb:us-east-1:111122223333:table/orders", "DeletionProtectionEnabled": false,
        }))}))
        .json("ListTagsOfResource@us-east-1", json!({"Tags": [{"Key": "there", "Value": "1"}]}))
        .json("ListImports", json!({"ImportSummaryList": [
            {"ImportArn": "arn:i1", "StartTime": 1}, {"ImportArn": "arn:i3", "StartTime": 3},
            {"ImportArn": "arn:i2", "StartTime": 2},
        ]}))
        .json("DescribeImport", json!({"ImportTableDescription": {
            "ImportArn": "arn:i3", "ImportStatus": "FAILED", "StartTime": 1700000000, "ErrorCount": 4, "ImportedItemCount": 5,
            "S3BucketSource": {"S3Bucket": "exports", "S3KeyPrefix": "2026/"}, "CloudWatchLogGroupArn": "arn:log",
            "FailureCode": "ItemValidationError", "FailureMessage": "Some of the items failed",
        }}))
        .json("ListBackups", json!({"BackupSummaries": [
            {"BackupName": "orders-final-2", "BackupArn": "arn:b2", "BackupStatus": "AVAILABLE", "BackupCreationDateTime": 1700000300},
            {"BackupName": "mine", "BackupArn": "arn:b0", "BackupStatus": "AVAILABLE", "BackupCreationDateTime": 1700000000},
            {"BackupName": "orders-final-1", "BackupArn": "arn:b1", "BackupStatus": "AVAILABLE", "BackupCreationDateTime": 1700000000},
        ]}))
}

fn at(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

#[tokio::test]
async fn everything_that_was_asked_for_is_read() {
    let wire = full_wire();
    let seen = observed(&wire, &everything()).await;
    assert_eq!(seen.tags, Seen::Present(tags()));
    let time_to_live = TimeToLiveState { status: "ENABLED".into(), attribute_name: Some("expires".into()) };
    assert_eq!(seen.time_to_live, Seen::Present(time_to_live));
    let (is_enabled, earliest) = (true, at("2023-11-14T22:13:20Z"));
    let backups = ContinuousBackups { is_enabled, recovery_period_in_days: Some(35), earliest };
    assert_eq!(seen.continuous_backups, Seen::Present(backups));
    assert_eq!(seen.resource_policy, Seen::Present("{}".into()));
    let insights = InsightsState {
        status: "FAILED".into(),
        mode: Some("THROTTLED_KEYS".into()),
        failure: Some("LimitExceeded: 100 rules".into()),
    };
    let both = BTreeMap::from([(None, insights.clone()), (Some("by-state".into()), insights)]);
    assert_eq!(seen.contributor_insights, Seen::Present(both), "an index that is not there is not asked for");
    assert_eq!(wire.asked("DescribeContributorInsights").len(), 2);
    let import = ImportState {
        arn: "arn:i3".into(),
        status: "FAILED".into(),
        source: "s3://exports/2026/".into(),
        started: at("2023-11-14T22:13:20Z"),
        errors: 4,
        items: 5,
        failure: Some("ItemValidationError: Some of the items failed".into()),
        log_group: Some("arn:log".into()),
    };
    assert_eq!(seen.import, Seen::Present(import));
    let spec = ImportFromS3 { bucket: "exports".into(), key_prefix: Some("2026/".into()), ..ImportFromS3::default() };
    assert_eq!(spec.source(), "s3://exports/2026/");
    assert_eq!(wire.once("DescribeImport").json(), json!({"ImportArn": "arn:i3"}), "the newest");
    assert_eq!(wire.once("ListImports").json(), json!({"TableArn": ARN}));
    assert!(matches!(seen.source, Seen::Unread(_)));
}

#[tokio::test]
async fn kinesis_destinations_that_live_go_before_those_that_linger() {
    let seen = observed(&full_wire(), &everything()).await.kinesis_destinations;
    let live = KinesisState { status: "ACTIVE".into(), description: None, precision: Some("MICROSECOND".into()) };
    let failed =
        KinesisState { status: "ENABLE_FAILED".into(), description: Some("no such stream".into()), precision: None };
    assert_eq!(seen, Seen::Present(BTreeMap::from([("arn:a".into(), live), ("arn:b".into(), failed)])));
}

#[tokio::test]
async fn scaling_is_read_with_the_policies_of_our_name_that_track_the_use() {
    let wire = scaled();
    let seen = observed(&wire, &Id { scaling: Interest::Yes, ..id() }).await.scaling;
    let policy = ScalingPolicy { target_utilization: 70, scale_in_cooldown: Some(60), scale_out_cooldown: None };
    let of = |index: Option<&str>, capacity| Dimension { index: index.map(Into::into), capacity };
    let target = |policy| Scaling { range: (5, 50), policy };
    let expected = BTreeMap::from([
        (of(None, Capacity::Read), target(Some(policy))),
        (of(None, Capacity::Write), target(None)),
        (of(Some("by-state"), Capacity::Write), target(None)),
    ]);
    assert_eq!(seen, Seen::Present(expected));
    let asked = wire.once("DescribeScalableTargets").json();
    assert_eq!(
        asked,
        json!({
            "ServiceNamespace": "dynamodb", "ResourceIds": ["table/orders", "table/orders/index/by-state"],
        })
    );
    let asked = wire.once("DescribeScalingPolicies").json();
    assert_eq!(
        asked,
        json!({"ServiceNamespace": "dynamodb", "PolicyNames": [
            "DynamoDBReadCapacityUtilization:table/orders", "DynamoDBWriteCapacityUtilization:table/orders",
            "DynamoDBWriteCapacityUtilization:table/orders/index/by-state",
        ]})
    );
}

#[tokio::test]
async fn a_table_that_does_not_scale_costs_no_look_at_policies() {
    let wire = with_table(bare_json()).json("DescribeScalableTargets", json!({"ScalableTargets": []}));
    let look = |scaling| {
        let (wire, id) = (wire.clone(), Id { scaling, ..id() });
        async move { observed(&wire, &id).await.scaling }
    };
    assert_eq!(look(Interest::IfProvisioned).await, Seen::Present(BTreeMap::new()), "it is provisioned");
    assert!(wire.asked("DescribeScalingPolicies").is_empty());
    assert!(matches!(look(Interest::No).await, Seen::Unread(_)));
    let on_demand = with_table(table_json());
    let seen = observed(&on_demand, &Id { scaling: Interest::IfProvisioned, ..id() }).await.scaling;
    assert!(matches!(seen, Seen::Unread(_)), "{seen:?}");
}

#[tokio::test]
async fn a_replica_is_looked_at_in_its_own_region() {
    let seen = observed(&full_wire(), &everything()).await.replica_facts;
    let facts = ReplicaFacts {
        arn: "arn:aws:dynamodb:us-east-1:111122223333:table/orders".into(),
        tags: Seen::Present(Tags::from([("there".into(), "1".into())])),
        point_in_time_recovery: Seen::Present(false),
        deletion_protection: Seen::Present(false),
    };
    assert_eq!(seen, BTreeMap::from([("us-east-1".into(), facts)]), "us-west-2 has no replica");
}

#[tokio::test]
async fn a_region_that_does_not_answer_leaves_its_replica_unread_not_gone() {
    let replica = Id { replica_facts: texts(&["us-east-1"]), ..id() };
    let refusing = |code| with_table(large()).json_refusing("DescribeTable@us-east-1", code, "no");
    let seen = observed(&refusing("AccessDeniedException"), &replica).await.replica_facts;
    let facts = &seen["us-east-1"];
    assert_eq!(facts.arn, "arn:aws:dynamodb:us-east-1:111122223333:table/orders");
    assert_eq!(facts.tags, Seen::Unread("DescribeTable: AccessDeniedException: no".into()));
    assert!(matches!(facts.deletion_protection, Seen::Unread(_)));
    let seen = observed(&refusing("ResourceNotFoundException"), &replica).await.replica_facts;
    assert!(seen.is_empty());
}

#[tokio::test]
async fn backups_are_those_of_the_name_newest_last() {
    let wire = full_wire();
    let Seen::Present(backups) = observed(&wire, &everything()).await.backups else { panic!("unread") };
    let names: Vec<_> = backups.iter().map(|backup| backup.name.as_str()).collect();
    assert_eq!(names, ["orders-final-1", "orders-final-2"]);
    assert_eq!(wire.once("ListBackups").json(), json!({"TableName": "orders", "BackupType": "USER"}));
}

#[tokio::test]
async fn a_table_that_is_not_there_is_absent_and_only_backups_and_source_are_read() {
    let wire = full_wire().json_refusing("DescribeTable@eu-central-1", "ResourceNotFoundException", "not found");
    let looked = observe(&wire, &everything()).await.unwrap();
    assert_eq!((looked.look, looked.account.as_str()), (Look::Direct, "111122223333"));
    assert_eq!((looked.observed.table, looked.observed.tags), (Seen::Absent, Seen::Absent));
    assert!(matches!(looked.observed.backups, Seen::Present(backups) if backups.len() == 2));
    assert!(matches!(looked.observed.time_to_live, Seen::Unread(_)));
    let asked: Vec<_> = wire.told().into_iter().map(|(_, operation, _)| operation).collect();
    assert_eq!(asked, ["GetCallerIdentity", "DescribeTable", "ListBackups"]);
}

#[tokio::test]
async fn a_fact_that_aws_does_not_tell_is_unread_with_the_reason() {
    let all = everything();
    let wire = with_table(large()).json_refusing("GetResourcePolicy", "AccessDeniedException", "not authorized");
    let wire = wire.json_refusing("DescribeTimeToLive", "ValidationException", "while table is in CREATING state");
    let seen = observed(&wire, &all).await;
    let unread = |text: &str| Seen::<String>::Unread(text.into());
    assert_eq!(seen.resource_policy, unread("GetResourcePolicy: AccessDeniedException: not authorized"));
    assert!(matches!(&seen.time_to_live, Seen::Unread(text) if text.contains("CREATING")), "{seen:?}");
    assert!(matches!(&seen.contributor_insights, Seen::Unread(text) if text.contains("Unscripted")));
    assert!(matches!(&seen.kinesis_destinations, Seen::Unread(_)));
    assert!(matches!(&seen.scaling, Seen::Unread(_)));
    assert!(matches!(&seen.import, Seen::Unread(_)));
    assert!(matches!(&seen.backups, Seen::Unread(_)));
    assert_eq!(seen.tags, Seen::Present(tags()));
}

#[tokio::test]
async fn not_found_is_absent_only_where_that_is_what_it_means() {
    let not_found = "ResourceNotFoundException";
    let wire = with_table(large())
        .json_refusing("GetResourcePolicy", "PolicyNotFoundException", "none")
        .json_refusing("DescribeTimeToLive", not_found, "not yet")
        .json_refusing("DescribeContinuousBackups", "TableNotFoundException", "not yet")
        .json_refusing("DescribeContributorInsights", not_found, "not yet")
        .json("ListImports", json!({"ImportSummaryList": []}));
    let seen = observed(&wire, &everything()).await;
    assert_eq!(seen.resource_policy, Seen::Absent);
    assert_eq!(seen.import, Seen::Absent);
    assert!(matches!(seen.time_to_live, Seen::Unread(_)));
    assert!(matches!(seen.continuous_backups, Seen::Unread(_)));
    assert!(matches!(seen.contributor_insights, Seen::Unread(_)), "the table is there, so this says nothing");
    let of_index = Id { contributor_insights: BTreeSet::from([Some("by-state".into())]), ..id() };
    assert_eq!(observed(&wire, &of_index).await.contributor_insights, Seen::Present(BTreeMap::new()));
}

#[tokio::test]
async fn the_error_of_the_table_is_the_error_of_the_look() {
    let wire = Wire::new().json_refusing("DescribeTable", "AccessDeniedException", "not authorized");
    let error = observe(&wire, &id()).await.unwrap_err();
    assert_eq!((error.operation, error.code.as_str()), ("DescribeTable", "AccessDeniedException"));
}

#[tokio::test]
async fn listings_are_read_to_their_end_and_one_that_goes_in_circles_is_an_error() {
    let page = |key: &str, next: &str| json!({"Tags": [{"Key": key, "Value": ""}], "NextToken": next});
    let wire = Wire::new().json("DescribeTable", json!({"Table": bare_json()}));
    let wire = wire
        .json("ListTagsOfResource", page("a", "1"))
        .json("ListTagsOfResource", json!({"Tags": [{"Key": "b", "Value": ""}]}));
    let tags = observed(&wire, &id()).await.tags;
    assert_eq!(tags, Seen::Present(Tags::from([("a".into(), String::new()), ("b".into(), String::new())])));
    assert_eq!(wire.asked("ListTagsOfResource")[1].json(), json!({"ResourceArn": ARN, "NextToken": "1"}));
    for turns in [vec!["1", "1"], vec!["1", "2", "1"]] {
        let wire = Wire::new().json("DescribeTable", json!({"Table": bare_json()}));
        let wire = turns.iter().fold(wire, |wire, next| wire.json("ListTagsOfResource", page("a", next)));
        let tags = observed(&wire, &id()).await.tags;
        let expected = "ListTagsOfResource: Unreadable: the answer lacks a next page: the same marker came twice";
        assert_eq!(tags, Seen::Unread(expected.into()), "{turns:?}");
    }
}

#[tokio::test]
async fn an_answer_that_lacks_a_member_leaves_the_fact_unread() {
    let empty = ["DescribeTimeToLive", "DescribeContinuousBackups", "GetResourcePolicy", "DescribeContributorInsights"];
    let wire = empty.iter().fold(with_table(large()), |wire, operation| wire.json(operation, json!({})));
    let wire = wire
        .json("ListImports", json!({"ImportSummaryList": [{"ImportArn": "arn:i"}]}))
        .json("DescribeImport", json!({}))
        .json("ListBackups", json!({"BackupSummaries": [{"BackupName": "b"}]}));
    let seen = observed(&wire, &everything()).await;
    let lacks = |seen: String| assert!(seen.contains("Unreadable: the answer lacks"), "{seen}");
    lacks(format!("{:?}", seen.time_to_live));
    lacks(format!("{:?}", seen.continuous_backups));
    lacks(format!("{:?}", seen.resource_policy));
    lacks(format!("{:?}", seen.contributor_insights));
    lacks(format!("{:?}", seen.import));
    lacks(format!("{:?}", seen.backups));
}

const BACKUP: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/old/backup/01";

fn with_backup(table_now: Wire) -> Wire {
    table_now.json_refusing("DescribeTable@eu-central-1", "ResourceNotFoundException", "no").json(
        "DescribeBackup",
        json!({"BackupDescription": {
            "BackupDetails": {
                "BackupArn": BACKUP, "BackupName": "b", "BackupStatus": "AVAILABLE", "BackupType": "USER",
                "BackupCreationDateTime": 1,
            },
            "SourceTableDetails": {
                "TableName": "old", "TableId": "id-1", "TableArn": "arn:old", "KeySchema": [],
                "TableCreationDateTime": 1, "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
            },
        }}),
    )
}

#[tokio::test]
async fn a_backup_has_the_tags_of_its_table_only_while_that_very_table_is_there() {
    let from = Id { source: Some(SourceId::Backup(BACKUP.into())), ..id() };
    let expected =
        |tags| SourceState { status: "AVAILABLE".into(), table_arn: "arn:old".into(), tags, restorable: None };
    let there = |json: Value| {
        let wire = Wire::new().json("DescribeTable@eu-west-1", json!({"Table": json}));
        with_backup(wire.json("ListTagsOfResource", json!({"Tags": tags_json()})))
    };
    let wire = there(bare_json());
    assert_eq!(observed(&wire, &from).await.source, Seen::Present(expected(Seen::Present(tags()))));
    assert_eq!(wire.once("DescribeBackup").host, "111122223333.ddb.eu-west-1.amazonaws.com");
    let other = there(but(bare_json(), json!({"TableId": "id-2"})));
    assert_eq!(observed(&other, &from).await.source, Seen::Present(expected(Seen::Absent)));
    let gone = Wire::new().json_refusing("DescribeTable@eu-west-1", "ResourceNotFoundException", "no");
    assert_eq!(observed(&with_backup(gone), &from).await.source, Seen::Present(expected(Seen::Absent)));
    let refused = Wire::new().json_refusing("DescribeTable@eu-west-1", "AccessDeniedException", "no");
    let Seen::Present(source) = observed(&with_backup(refused), &from).await.source else { panic!("unread") };
    assert!(matches!(source.tags, Seen::Unread(_)), "{source:?}");
    let none = Wire::new().json_refusing("DescribeTable", "ResourceNotFoundException", "no").json_refusing(
        "DescribeBackup",
        "BackupNotFoundException",
        "no",
    );
    assert_eq!(observed(&none, &from).await.source, Seen::Absent);
}

#[tokio::test]
async fn a_source_table_is_found_by_name_here_or_by_arn_elsewhere_with_what_can_be_restored() {
    let source = |name: &str| Id { source: Some(SourceId::Table(name.into())), ..id() };
    let wire = |status: &str| {
        Wire::new()
            .json_refusing("DescribeTable@eu-central-1", "ResourceNotFoundException", "no")
            .json("DescribeTable@eu-central-1", json!({"Table": bare_json()}))
            .json("DescribeTable@eu-west-1", json!({"Table": bare_json()}))
            .json("ListTagsOfResource", json!({"Tags": tags_json()}))
            .json("DescribeContinuousBackups", recovery(status))
    };
    let expected = |restorable| SourceState {
        status: "ACTIVE".into(),
        table_arn: ARN.into(),
        tags: Seen::Present(tags()),
        restorable,
    };
    let span = Some((at("2023-11-14T22:13:20Z").unwrap(), at("2023-11-14T22:18:20Z").unwrap()));
    let here = wire("ENABLED");
    assert_eq!(observed(&here, &source("old")).await.source, Seen::Present(expected(span)));
    assert_eq!(here.asked("DescribeTable")[1].json(), json!({"TableName": "old"}));
    let seen = observed(&wire("DISABLED"), &source("old")).await.source;
    assert_eq!(seen, Seen::Present(expected(None)));
    let there = wire("ENABLED");
    let ours = "arn:aws:dynamodb:eu-west-1:111122223333:table/old";
    assert_eq!(observed(&there, &source(ours)).await.source, Seen::Present(expected(span)));
    let asked = &there.asked("DescribeTable")[1];
    assert_eq!((asked.host.as_str(), asked.json()), ("dynamodb.eu-west-1.amazonaws.com", json!({"TableName": "old"})));
    let foreign = "arn:aws:dynamodb:eu-west-1:999999999999:table/old";
    let there = wire("ENABLED");
    observed(&there, &source(foreign)).await;
    assert_eq!(there.asked("DescribeTable").last().unwrap().json(), json!({"TableName": foreign}));
}

#[tokio::test]
async fn a_source_is_of_no_interest_once_the_table_is_there() {
    let wire = with_table(bare_json());
    let seen = observed(&wire, &Id { source: Some(SourceId::Table("old".into())), ..id() }).await;
    assert!(matches!(seen.source, Seen::Unread(_)));
    assert_eq!(wire.asked("DescribeTable").len(), 1);
}
