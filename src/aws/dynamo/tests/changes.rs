//! Requests that change a table, one test per shape.

use super::*;

async fn updated(update: Update) -> Value {
    but(sent(Action::Update(update)).await, json!({"TableName": null}))
}

fn index_units(read: i64, write: i64) -> BTreeMap<String, Throughput> {
    BTreeMap::from([("by-state".into(), units(read, write))])
}

fn index_updates(update: Value) -> Value {
    json!({"GlobalSecondaryIndexUpdates": [{"Update": but(json!({"IndexName": "by-state"}), update)}]})
}

#[tokio::test]
async fn what_aws_takes_only_alone_is_sent_alone() {
    for (update, expected) in [
        (Update::DeletionProtection(false), json!({"DeletionProtectionEnabled": false})),
        (Update::TableClass(TableClass::Standard), json!({"TableClass": "STANDARD"})),
        (
            Update::Cap(cap(Some(-1), Some(9))),
            json!({"OnDemandThroughput": {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": 9}}),
        ),
        (Update::Cap(cap(None, Some(9))), json!({"OnDemandThroughput": {"MaxWriteRequestUnits": 9}})),
        (Update::Cap(cap(None, None)), json!({})),
        (Update::Warm(warm(1, 2)), json!({"WarmThroughput": {"ReadUnitsPerSecond": 1, "WriteUnitsPerSecond": 2}})),
        (Update::Encryption(Encryption::default()), json!({"SSESpecification": {"Enabled": false}})),
        (
            Update::Encryption(Encryption { type_: EncryptionType::AwsManaged, kms_key_arn: None }),
            json!({"SSESpecification": {"Enabled": true, "SSEType": "KMS"}}),
        ),
        (
            Update::Encryption(Encryption { type_: EncryptionType::Kms, kms_key_arn: Some(KEY.into()) }),
            json!({"SSESpecification": {"Enabled": true, "SSEType": "KMS", "KMSMasterKeyId": KEY}}),
        ),
    ] {
        assert_eq!(updated(update.clone()).await, expected, "{update:?}");
    }
}

#[tokio::test]
async fn a_stream_that_is_turned_off_has_no_view_type() {
    let view = || Some("KEYS_ONLY".to_string());
    let on = updated(Update::Stream(Stream { enabled: true, view_type: view() })).await;
    assert_eq!(on, json!({"StreamSpecification": {"StreamEnabled": true, "StreamViewType": "KEYS_ONLY"}}));
    let off = updated(Update::Stream(Stream { enabled: false, view_type: view() })).await;
    assert_eq!(off, json!({"StreamSpecification": {"StreamEnabled": false}}));
}

#[tokio::test]
async fn becoming_provisioned_takes_the_capacity_of_table_and_every_index_in_one_call() {
    let update = Update::Billing {
        mode: BillingMode::Provisioned,
        throughput: Some(units(5, 6)),
        cap: Some(cap(Some(1), None)),
        indexes: index_units(7, 8),
    };
    let expected = but(
        index_updates(json!({"ProvisionedThroughput": {"ReadCapacityUnits": 7, "WriteCapacityUnits": 8}})),
        json!({
            "BillingMode": "PROVISIONED",
            "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6},
        }),
    );
    assert_eq!(updated(update).await, expected);
}

#[tokio::test]
async fn becoming_on_demand_takes_a_cap_and_no_capacity() {
    let update = |cap| Update::Billing {
        mode: BillingMode::PayPerRequest,
        throughput: Some(units(5, 6)),
        cap,
        indexes: index_units(7, 8),
    };
    let with = json!({"BillingMode": "PAY_PER_REQUEST", "OnDemandThroughput": {"MaxReadRequestUnits": 9}});
    assert_eq!(updated(update(Some(cap(Some(9), Some(-1))))).await, with);
    assert_eq!(updated(update(Some(cap(None, None)))).await, json!({"BillingMode": "PAY_PER_REQUEST"}));
}

#[tokio::test]
async fn capacity_of_table_and_indexes_goes_together_or_apart() {
    let of_table = json!({"ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}});
    let of_index = index_updates(json!({"ProvisionedThroughput": {"ReadCapacityUnits": 7, "WriteCapacityUnits": 8}}));
    for (table, indexes, expected) in [
        (Some(units(5, 6)), index_units(7, 8), but(of_index.clone(), of_table.clone())),
        (Some(units(5, 6)), BTreeMap::new(), of_table),
        (None, index_units(7, 8), of_index),
    ] {
        assert_eq!(updated(Update::Throughput { table, indexes }).await, expected);
    }
}

#[tokio::test]
async fn an_index_gets_its_cap_and_its_warm_throughput() {
    let caps = BTreeMap::from([("by-state".into(), cap(Some(4), None)), ("nothing".into(), cap(None, None))]);
    let expected = index_updates(json!({"OnDemandThroughput": {"MaxReadRequestUnits": 4}}));
    assert_eq!(updated(Update::IndexCaps(caps)).await, expected);
    let expected = index_updates(json!({"WarmThroughput": {"ReadUnitsPerSecond": 1, "WriteUnitsPerSecond": 2}}));
    assert_eq!(updated(Update::IndexWarm { index: "by-state".into(), warm: warm(1, 2) }).await, expected);
}

#[tokio::test]
async fn an_index_is_created_with_all_key_attributes_and_deleted_by_name() {
    let attributes = BTreeMap::from([("state".into(), AttributeType::S), ("order".into(), AttributeType::N)]);
    let create = Update::CreateIndex { name: "by-state".into(), index: Box::new(index()), attributes };
    let expected = json!({
        "AttributeDefinitions": [
            {"AttributeName": "order", "AttributeType": "N"}, {"AttributeName": "state", "AttributeType": "S"},
        ],
        "GlobalSecondaryIndexUpdates": [{"Create": index_json()}],
    });
    assert_eq!(updated(create).await, expected);
    let expected = json!({"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "by-state"}}]});
    assert_eq!(updated(Update::DeleteIndex { name: "by-state".into() }).await, expected);
}

fn replica() -> Replica {
    Replica {
        region: "us-east-1".into(),
        kms_key_arn: Some("arn:key".into()),
        table_class: Some(TableClass::Standard),
        read_capacity_units: Some(3),
        max_read_request_units: Some(4),
        point_in_time_recovery: Some(true),
        deletion_protection: Some(true),
        tags: Some(tags()),
    }
}

#[tokio::test]
async fn replicas_are_created_with_their_overrides_and_the_first_with_consistency_and_witness() {
    let overrides = json!({
        "RegionName": "us-east-1",
        "TableClassOverride": "STANDARD",
        "ProvisionedThroughputOverride": {"ReadCapacityUnits": 3},
        "OnDemandThroughputOverride": {"MaxReadRequestUnits": 4},
    });
    let create = but(overrides.clone(), json!({"KMSMasterKeyId": "arn:key"}));
    let replicas = BTreeMap::from([("us-east-1".into(), replica())]);
    let update = |consistency: Option<&str>, witness: Option<&str>| Update::CreateReplicas {
        replicas: replicas.clone(),
        consistency: consistency.map(Into::into),
        witness: witness.map(Into::into),
    };
    let expected = json!({"ReplicaUpdates": [{"Create": create}]});
    assert_eq!(updated(update(None, None)).await, expected);
    let strong = json!({
        "MultiRegionConsistency": "STRONG",
        "GlobalTableWitnessUpdates": [{"Create": {"RegionName": "us-west-2"}}],
    });
    assert_eq!(updated(update(Some("STRONG"), Some("us-west-2"))).await, but(expected, strong));
    let change = Update::UpdateReplica { region: "us-east-1".into(), replica: Box::new(replica()) };
    assert_eq!(updated(change).await, json!({"ReplicaUpdates": [{"Update": overrides}]}), "a key cannot be changed");
    let delete = Update::DeleteReplica { region: "us-east-1".into() };
    assert_eq!(updated(delete).await, json!({"ReplicaUpdates": [{"Delete": {"RegionName": "us-east-1"}}]}));
}

#[tokio::test]
async fn what_belongs_to_a_replica_is_sent_to_its_region() {
    let region = || Some("us-east-1".to_string());
    for (action, expected) in [
        (
            Action::Tag { region: region(), arn: "arn:there".into(), tags: tags() },
            json!({"ResourceArn": "arn:there", "Tags": tags_json()}),
        ),
        (
            Action::Untag { region: region(), arn: "arn:there".into(), keys: texts(&["b", "a"]) },
            json!({"ResourceArn": "arn:there", "TagKeys": ["a", "b"]}),
        ),
        (
            Action::PointInTimeRecovery { region: region(), enabled: true, days: Some(7) },
            json!({
                "TableName": "orders",
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true, "RecoveryPeriodInDays": 7},
            }),
        ),
        (
            Action::ReplicaProtection { region: "us-east-1".into(), enabled: true },
            json!({"TableName": "orders", "DeletionProtectionEnabled": true}),
        ),
    ] {
        assert_eq!(sent_to("dynamodb.us-east-1", action).await, expected);
    }
}

#[tokio::test]
async fn every_other_feature_has_a_call_of_its_own() {
    let kinesis = |more| but(json!({"TableName": "orders", "StreamArn": "arn:stream"}), more);
    let precise = json!({"ApproximateCreationDateTimePrecision": "MICROSECOND"});
    let stream_arn = || "arn:stream".to_string();
    for (action, expected) in [
        (Action::Tag { region: None, arn: ARN.into(), tags: tags() }, json!({"ResourceArn": ARN, "Tags": tags_json()})),
        (
            Action::Untag { region: None, arn: ARN.into(), keys: texts(&["a"]) },
            json!({"ResourceArn": ARN, "TagKeys": ["a"]}),
        ),
        (
            Action::TimeToLive { attribute_name: "expires".into(), enabled: true },
            json!({"TableName": "orders", "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": true}}),
        ),
        (
            Action::PointInTimeRecovery { region: None, enabled: false, days: Some(7) },
            json!({"TableName": "orders", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": false}}),
        ),
        (
            Action::ContributorInsights {
                index: Some("by-state".into()),
                enabled: true,
                mode: Some("THROTTLED_KEYS".into()),
            },
            json!({
                "TableName": "orders", "IndexName": "by-state", "ContributorInsightsAction": "ENABLE",
                "ContributorInsightsMode": "THROTTLED_KEYS",
            }),
        ),
        (
            Action::ContributorInsights { index: None, enabled: false, mode: Some("THROTTLED_KEYS".into()) },
            json!({"TableName": "orders", "ContributorInsightsAction": "DISABLE"}),
        ),
        (Action::PutPolicy { arn: ARN.into(), policy: "{}".into() }, json!({"ResourceArn": ARN, "Policy": "{}"})),
        (Action::DeletePolicy { arn: ARN.into() }, json!({"ResourceArn": ARN})),
        (Action::EnableKinesis { stream_arn: stream_arn(), precision: None }, kinesis(json!({}))),
        (
            Action::EnableKinesis { stream_arn: stream_arn(), precision: Some("MICROSECOND".into()) },
            kinesis(json!({"EnableKinesisStreamingConfiguration": precise})),
        ),
        (
            Action::UpdateKinesis { stream_arn: stream_arn(), precision: "MICROSECOND".into() },
            kinesis(json!({"UpdateKinesisStreamingConfiguration": precise})),
        ),
        (Action::DisableKinesis { stream_arn: stream_arn() }, kinesis(json!({}))),
        (
            Action::CreateBackup { name: "orders-final".into() },
            json!({"TableName": "orders", "BackupName": "orders-final"}),
        ),
        (Action::Delete, json!({"TableName": "orders"})),
    ] {
        // The SDK asks about an ARN at the address of its account.
        let by_arn = expected["ResourceArn"] == ARN;
        let host = if by_arn { "111122223333.ddb.eu-central-1" } else { "dynamodb.eu-central-1" };
        assert_eq!(sent_to(host, action.clone()).await, expected, "{action:?}");
    }
}

fn dimension(index: Option<&str>, capacity: Capacity) -> Dimension {
    Dimension { index: index.map(Into::into), capacity }
}

#[tokio::test]
async fn capacity_is_scaled_by_resource_and_dimension_with_a_policy_of_a_fixed_name() {
    const HOST: &str = "application-autoscaling.eu-central-1";
    let of_table = json!({
        "ServiceNamespace": "dynamodb", "ResourceId": "table/orders",
        "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
    });
    let of_index = json!({
        "ServiceNamespace": "dynamodb", "ResourceId": "table/orders/index/by-state",
        "ScalableDimension": "dynamodb:index:WriteCapacityUnits",
    });
    let (table, index) = (dimension(None, Capacity::Read), dimension(Some("by-state"), Capacity::Write));
    let register = Action::RegisterTarget { dimension: table.clone(), range: (1, 5_000_000_000) };
    let expected = but(of_table.clone(), json!({"MinCapacity": 1, "MaxCapacity": i32::MAX}));
    assert_eq!(sent_to(HOST, register).await, expected);
    let policy = ScalingPolicy { target_utilization: 70, scale_in_cooldown: Some(60), scale_out_cooldown: None };
    let put = Action::PutScalingPolicy { dimension: index.clone(), policy };
    let expected = but(
        of_index,
        json!({
            "PolicyName": "DynamoDBWriteCapacityUtilization:table/orders/index/by-state",
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": {
                "TargetValue": 70.0,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBWriteCapacityUtilization"},
                "ScaleInCooldown": 60,
            },
        }),
    );
    assert_eq!(sent_to(HOST, put).await, expected);
    assert_eq!(sent_to(HOST, Action::DeregisterTarget { dimension: table }).await, of_table);
}

#[test]
fn a_policy_name_fits_into_what_aws_takes() {
    let (table, index) = ("t".repeat(255), "i".repeat(255));
    let long = scaling::policy_name(&table, &dimension(Some(&index), Capacity::Read));
    let other = scaling::policy_name(&table, &dimension(Some(&"j".repeat(255)), Capacity::Read));
    assert!(long.len() <= 256 && long.starts_with("DynamoDBReadCapacityUtilization:"), "{long}");
    assert_ne!(long, other);
}

#[test]
fn every_operation_is_in_the_list_that_the_iam_policy_is_made_from() {
    assert!(OPERATIONS.is_sorted() && IMPLIED.is_sorted());
    assert!(IMPLIED.iter().all(|name| !OPERATIONS.contains(name)));
    let has = |operation: &str| OPERATIONS.iter().any(|name| name.split(':').nth(1) == Some(operation));
    for operation in [
        "BatchWriteItem",
        "CreateBackup",
        "CreateTable",
        "DeleteResourcePolicy",
        "DeleteTable",
        "DeregisterScalableTarget",
        "DisableKinesisStreamingDestination",
        "EnableKinesisStreamingDestination",
        "ImportTable",
        "PutResourcePolicy",
        "PutScalingPolicy",
        "RegisterScalableTarget",
        "RestoreTableFromBackup",
        "RestoreTableToPointInTime",
        "TagResource",
        "UntagResource",
        "UpdateContinuousBackups",
        "UpdateContributorInsights",
        "UpdateKinesisStreamingDestination",
        "UpdateTable",
        "UpdateTimeToLive",
    ] {
        assert!(has(operation), "{operation}");
    }
}
