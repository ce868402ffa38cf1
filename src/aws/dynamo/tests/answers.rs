//! What is made of DescribeTable.

use super::*;

#[tokio::test]
async fn what_aws_leaves_out_has_its_meaning() {
    let table = table_of(bare_json()).await;
    let settings = Settings {
        billing_mode: Some(BillingMode::Provisioned),
        table_class: Some(TableClass::Standard),
        stream: Some(Stream::default()),
        encryption: Some(Encryption::default()),
        deletion_protection: Some(false),
        ..Settings::default()
    };
    let expected = Table {
        arn: ARN.into(),
        id: "id-1".into(),
        status: "ACTIVE".into(),
        created: "2023-11-14T22:13:20Z".parse().ok(),
        keys: Keys { hash: attribute("customer", AttributeType::S), range: None },
        settings,
        ..Table::default()
    };
    assert_eq!(table, expected);
}

#[tokio::test]
async fn nothing_and_no_cap_read_as_absent() {
    let table = table_of(but(
        bare_json(),
        json!({
            "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
            "OnDemandThroughput": {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": -1},
        }),
    ))
    .await;
    assert_eq!((table.settings.provisioned_throughput, table.settings.on_demand_throughput), (None, None));
    let half = json!({"OnDemandThroughput": {"MaxReadRequestUnits": 7, "MaxWriteRequestUnits": -1}});
    let table = table_of(but(bare_json(), half)).await;
    assert_eq!(table.settings.on_demand_throughput, Some(cap(Some(7), None)));
}

#[tokio::test]
async fn a_stream_that_was_turned_off_has_no_arn() {
    let off = json!({"LatestStreamArn": "arn:old", "StreamSpecification": {"StreamEnabled": false}});
    let table = table_of(but(bare_json(), off)).await;
    assert_eq!((table.stream_arn, table.settings.stream), (None, Some(Stream::default())));
    assert_eq!(table_of(table_json()).await.stream_arn, Some(format!("{ARN}/stream/2026")));
}

#[tokio::test]
async fn encryption_is_awss_own_unless_kms_does_it() {
    let kms = || Encryption { type_: EncryptionType::Kms, kms_key_arn: Some(KEY.into()) };
    for (sse, expected, change) in [
        (json!({"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": KEY}), kms(), None),
        (json!({"Status": "UPDATING", "SSEType": "KMS", "KMSMasterKeyArn": KEY}), kms(), Some("UPDATING")),
        (json!({"Status": "ENABLING", "SSEType": "KMS", "KMSMasterKeyArn": KEY}), kms(), Some("ENABLING")),
        (json!({"Status": "DISABLING", "SSEType": "KMS", "KMSMasterKeyArn": KEY}), kms(), Some("DISABLING")),
        (json!({"Status": "DISABLED", "SSEType": "KMS", "KMSMasterKeyArn": KEY}), Encryption::default(), None),
        (json!({"Status": "ENABLED", "SSEType": "AES256"}), Encryption::default(), None),
    ] {
        let table = table_of(but(bare_json(), json!({"SSEDescription": sse}))).await;
        assert_eq!(table.settings.encryption, Some(expected), "{sse}");
        assert_eq!(table.encryption_change.as_deref(), change, "{sse}");
    }
}

#[tokio::test]
async fn the_words_of_each_state_are_kept() {
    let mut index = but(
        index_json(),
        json!({
            "IndexStatus": "CREATING", "Backfilling": true,
            "ProvisionedThroughput": {"ReadCapacityUnits": 3, "WriteCapacityUnits": 4},
            "WarmThroughput": {"ReadUnitsPerSecond": 1, "WriteUnitsPerSecond": 2, "Status": "UPDATING"},
        }),
    );
    merge(&mut index, json!({"OnDemandThroughput": null}));
    let table = table_of(but(table_json(), json!({
        "TableStatus": "A_NEW_STATUS",
        "GlobalSecondaryIndexes": [index],
        "WarmThroughput": {"ReadUnitsPerSecond": 1, "WriteUnitsPerSecond": 2, "Status": "UPDATING"},
        "SSEDescription": {"Status": "ENABLED", "SSEType": "KMS", "InaccessibleEncryptionDateTime": 1700000000},
        "ArchivalSummary": {"ArchivalBackupArn": "arn:archive"},
        "RestoreSummary": {"SourceBackupArn": "arn:b", "SourceTableArn": "arn:t", "RestoreDateTime": 1, "RestoreInProgress": true},
    })))
    .await;
    assert_eq!(table.status, "A_NEW_STATUS");
    assert!(table.is_warming);
    assert_eq!(table.key_lost_since, "2023-11-14T22:13:20Z".parse().ok());
    assert_eq!(table.archive.as_deref(), Some("arn:archive"));
    assert_eq!(table.restore, Some(RestoreState { source: "arn:b".into(), in_progress: true }));
    let index = &table.indexes["by-state"];
    assert_eq!((index.status.as_str(), index.is_backfilling, index.is_warming), ("CREATING", true, true));
    assert_eq!((index.index.throughput, index.index.warm), (Some(units(3, 4)), Some(warm(1, 2))));
}

#[tokio::test]
async fn replicas_are_those_of_other_regions_with_what_they_override() {
    let table = table_of(but(bare_json(), json!({
        "Replicas": [
            {"RegionName": "eu-central-1", "ReplicaStatus": "ACTIVE"},
            {
                "RegionName": "us-east-1", "ReplicaStatus": "CREATION_FAILED", "ReplicaStatusDescription": "no key",
                "KMSMasterKeyId": "arn:key", "ReplicaTableClassSummary": {"TableClass": "STANDARD"},
                "ProvisionedThroughputOverride": {"ReadCapacityUnits": 3},
                "OnDemandThroughputOverride": {"MaxReadRequestUnits": 4},
                "GlobalSecondaryIndexes": [{"IndexName": "echoed"}],
            },
            {"RegionName": "us-west-2", "ReplicaStatus": "ACTIVE", "OnDemandThroughputOverride": {"MaxReadRequestUnits": -1}},
        ],
        "MultiRegionConsistency": "STRONG",
        "GlobalTableWitnesses": [{"RegionName": "eu-west-1", "WitnessStatus": "ACTIVE"}],
    })))
    .await;
    let failed = ReplicaState {
        status: "CREATION_FAILED".into(),
        description: Some("no key".into()),
        kms_key_arn: Some("arn:key".into()),
        table_class: Some(TableClass::Standard),
        read_capacity_units: Some(3),
        max_read_request_units: Some(4),
    };
    let plain = ReplicaState { status: "ACTIVE".into(), ..ReplicaState::default() };
    assert_eq!(table.replicas, BTreeMap::from([("us-east-1".into(), failed), ("us-west-2".into(), plain)]));
    assert_eq!(table.multi_region_consistency.as_deref(), Some("STRONG"));
    assert_eq!(table.witness.as_deref(), Some("eu-west-1"));
}

#[tokio::test]
async fn a_table_without_an_id_is_told_by_when_it_was_made() {
    let table = table_of(but(bare_json(), json!({"TableId": null, "CreationDateTime": 1700000000.75}))).await;
    assert_eq!(table.id, "created-1700000000");
}

#[tokio::test]
async fn an_answer_that_lacks_what_aws_always_says_is_unreadable() {
    for (without, member) in [
        (json!({"TableArn": null}), "TableArn"),
        (json!({"TableStatus": null}), "TableStatus"),
        (json!({"KeySchema": null}), "KeySchema"),
        (json!({"AttributeDefinitions": null}), "the AttributeDefinition of a key"),
        (json!({"TableId": null, "CreationDateTime": null}), "TableId"),
        (json!({"BillingModeSummary": {"BillingMode": "BARTER"}}), "a BillingMode that this version knows"),
        (json!({"TableClassSummary": {"TableClass": "FIRST"}}), "a TableClass that this version knows"),
        (
            json!({"AttributeDefinitions": [{"AttributeName": "customer", "AttributeType": "X"}]}),
            "an AttributeType that this version knows",
        ),
        (json!({"Replicas": [{"ReplicaStatus": "ACTIVE"}]}), "RegionName"),
        (json!({"Replicas": [{"RegionName": "us-east-1"}]}), "ReplicaStatus"),
        (json!({"GlobalSecondaryIndexes": [{"IndexStatus": "ACTIVE"}]}), "IndexName"),
        (
            json!({"GlobalSecondaryIndexes": [{"IndexName": "i", "Projection": {"ProjectionType": "ALL"}}]}),
            "IndexStatus",
        ),
        (json!({"GlobalSecondaryIndexes": [{"IndexName": "i", "IndexStatus": "ACTIVE"}]}), "Projection"),
        (json!({"LocalSecondaryIndexes": [{"IndexName": "i", "Projection": {"ProjectionType": "ALL"}}]}), "KeySchema"),
    ] {
        let error = observe(&with_table(but(bare_json(), without)), &id()).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.operation), ("Unreadable", "DescribeTable"));
        assert_eq!(error.message, format!("the answer lacks {member}"));
    }
    let error = observe(&Wire::new().json("DescribeTable", json!({})), &id()).await.unwrap_err();
    assert_eq!(error.message, "the answer lacks Table");
}
