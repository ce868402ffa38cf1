//! Requests that bring a table into being.

use super::*;

/// CreateTable for [`creation`].
fn full_json() -> Value {
    json!({
        "TableName": "orders",
        "KeySchema": [
            {"AttributeName": "customer", "KeyType": "HASH"}, {"AttributeName": "order", "KeyType": "RANGE"},
        ],
        "AttributeDefinitions": attributes_json(),
        "GlobalSecondaryIndexes": [index_json()],
        "LocalSecondaryIndexes": [{
            "IndexName": "by-date",
            "KeySchema": [
                {"AttributeName": "customer", "KeyType": "HASH"}, {"AttributeName": "placed", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
        }],
        "BillingMode": "PAY_PER_REQUEST",
        "OnDemandThroughput": {"MaxReadRequestUnits": 100, "MaxWriteRequestUnits": 200},
        "WarmThroughput": {"ReadUnitsPerSecond": 14000, "WriteUnitsPerSecond": 6000},
        "TableClass": "STANDARD_INFREQUENT_ACCESS",
        "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"},
        "SSESpecification": {"Enabled": true, "SSEType": "KMS", "KMSMasterKeyId": KEY},
        "DeletionProtectionEnabled": true,
        "ResourcePolicy": "{\"Statement\":[]}",
        "Tags": tags_json(),
    })
}

fn create(change: impl FnOnce(&mut Creation)) -> Action {
    let mut wanted = creation();
    change(&mut wanted);
    Action::Create(Box::new(wanted))
}

#[tokio::test]
async fn a_create_sends_everything_that_it_takes_with_exactly_the_key_attributes() {
    assert_eq!(sent(create(|_| ())).await, full_json());
}

#[tokio::test]
async fn what_is_created_reads_back_as_it_was_asked_for() {
    let (wanted, table) = (creation(), table_of(table_json()).await);
    let settings = Settings { resource_policy: None, ..wanted.settings };
    assert_eq!(table.settings, settings);
    assert_eq!(table.keys, wanted.keys);
    assert_eq!(table.local_indexes, wanted.local_indexes);
    let indexes: BTreeMap<_, _> = table.indexes.into_iter().map(|(name, index)| (name, index.index)).collect();
    assert_eq!(indexes, wanted.indexes);
}

#[tokio::test]
async fn a_create_never_sends_what_is_empty() {
    let action = Action::Create(Box::new(Creation {
        keys: Keys { hash: attribute("id", AttributeType::B), range: None },
        settings: Settings {
            billing_mode: Some(BillingMode::PayPerRequest),
            on_demand_throughput: Some(cap(Some(-1), None)),
            stream: Some(Stream::default()),
            encryption: Some(Encryption::default()),
            resource_policy: Some(String::new()),
            ..Settings::default()
        },
        ..Creation::default()
    }));
    let expected = json!({
        "TableName": "orders",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "B"}],
        "BillingMode": "PAY_PER_REQUEST",
    });
    assert_eq!(sent(action).await, expected);
}

#[tokio::test]
async fn a_provisioned_table_is_created_with_the_capacity_of_table_and_index() {
    let action = create(|wanted| {
        wanted.settings.billing_mode = Some(BillingMode::Provisioned);
        wanted.settings.provisioned_throughput = Some(units(5, 6));
        wanted.settings.on_demand_throughput = None;
        wanted.indexes.values_mut().for_each(|index| (index.throughput, index.cap) = (Some(units(7, 8)), None));
    });
    let index = but(
        index_json(),
        json!({
            "OnDemandThroughput": null, "ProvisionedThroughput": {"ReadCapacityUnits": 7, "WriteCapacityUnits": 8},
        }),
    );
    let expected = but(
        full_json(),
        json!({
            "BillingMode": "PROVISIONED",
            "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6},
            "OnDemandThroughput": null,
            "GlobalSecondaryIndexes": [index],
        }),
    );
    assert_eq!(sent(action).await, expected);
}

#[tokio::test]
async fn each_kind_of_key_is_asked_for_in_its_own_words() {
    let sse = |type_| async move {
        let action = create(|wanted| wanted.settings.encryption = Some(Encryption { type_, kms_key_arn: None }));
        sent(action).await.get("SSESpecification").cloned()
    };
    assert_eq!(sse(EncryptionType::AwsOwned).await, None);
    assert_eq!(sse(EncryptionType::AwsManaged).await, Some(json!({"Enabled": true, "SSEType": "KMS"})));
}

/// What a restore takes of [`creation`], with its indexes.
fn restored_json() -> Value {
    json!({
        "TargetTableName": "orders",
        "BillingModeOverride": "PAY_PER_REQUEST",
        "OnDemandThroughputOverride": {"MaxReadRequestUnits": 100, "MaxWriteRequestUnits": 200},
        "SSESpecificationOverride": {"Enabled": true, "SSEType": "KMS", "KMSMasterKeyId": KEY},
        "GlobalSecondaryIndexOverride": [but(index_json(), json!({"WarmThroughput": null}))],
        "LocalSecondaryIndexOverride": full_json()["LocalSecondaryIndexes"],
    })
}

fn restore(from: Restore, indexes: bool, change: impl FnOnce(&mut Creation)) -> Action {
    let mut creation = creation();
    change(&mut creation);
    Action::Restore { from, creation: Box::new(creation), indexes }
}

#[tokio::test]
async fn a_restore_from_a_backup_takes_no_tags_stream_class_protection_or_policy() {
    let backup = || Restore::Backup("arn:backup".into());
    let expected = but(restored_json(), json!({"BackupArn": "arn:backup"}));
    assert_eq!(sent(restore(backup(), true, |_| ())).await, expected);
    let all_indexes = json!({"GlobalSecondaryIndexOverride": null, "LocalSecondaryIndexOverride": null});
    assert_eq!(sent(restore(backup(), false, |_| ())).await, but(expected.clone(), all_indexes));
    let none = restore(backup(), true, |wanted| {
        (wanted.indexes, wanted.local_indexes) = Default::default();
        wanted.settings.encryption = Some(Encryption::default());
    });
    let no_global = json!({
        "GlobalSecondaryIndexOverride": [], "LocalSecondaryIndexOverride": null,
        "SSESpecificationOverride": {"Enabled": false},
    });
    assert_eq!(sent(none).await, but(expected, no_global), "an empty list means none, and local ones always stay");
}

#[tokio::test]
async fn a_restore_to_a_moment_names_its_source_by_name_or_arn() {
    let at = "2026-11-20T10:00:00Z".parse().ok();
    let from = |source: &str, at| Restore::PointInTime { source: source.into(), at };
    let expected = but(restored_json(), json!({"SourceTableName": "old", "RestoreDateTime": 1795168800}));
    assert_eq!(sent(restore(from("old", at), true, |_| ())).await, expected);
    let expected = but(restored_json(), json!({"SourceTableArn": ARN, "UseLatestRestorableTime": true}));
    assert_eq!(sent(restore(from(ARN, None), true, |_| ())).await, expected);
}

#[tokio::test]
async fn a_provisioned_restore_overrides_the_capacity() {
    let action = restore(Restore::Backup("arn:backup".into()), false, |wanted| {
        wanted.settings = Settings {
            billing_mode: Some(BillingMode::Provisioned),
            provisioned_throughput: Some(units(5, 6)),
            ..Settings::default()
        };
    });
    let expected = json!({
        "TargetTableName": "orders", "BackupArn": "arn:backup", "BillingModeOverride": "PROVISIONED",
        "ProvisionedThroughputOverride": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6},
    });
    assert_eq!(sent(action).await, expected);
}

#[tokio::test]
async fn an_import_takes_keys_indexes_billing_and_encryption_with_its_token() {
    let csv = Csv { delimiter: Some(";".into()), header_list: Some(vec!["b".into(), "a".into()]) };
    let from = ImportFromS3 {
        bucket: "exports".into(),
        bucket_owner: Some("444455556666".into()),
        key_prefix: Some("2026/".into()),
        input_format: "CSV".into(),
        input_compression_type: Some("GZIP".into()),
        csv: Some(csv),
    };
    let creation = Creation { local_indexes: BTreeMap::new(), ..creation() };
    let action = Action::Import { from: Box::new(from), creation: Box::new(creation), token: "uid-1-1".into() };
    let attributes: Vec<Value> =
        attributes_json().as_array().unwrap().iter().filter(|one| one["AttributeName"] != "placed").cloned().collect();
    let expected = json!({
        "ClientToken": "uid-1-1",
        "S3BucketSource": {"S3Bucket": "exports", "S3BucketOwner": "444455556666", "S3KeyPrefix": "2026/"},
        "InputFormat": "CSV",
        "InputCompressionType": "GZIP",
        "InputFormatOptions": {"Csv": {"Delimiter": ";", "HeaderList": ["b", "a"]}},
        "TableCreationParameters": {
            "TableName": "orders",
            "KeySchema": full_json()["KeySchema"],
            "AttributeDefinitions": attributes,
            "GlobalSecondaryIndexes": [but(index_json(), json!({"WarmThroughput": null}))],
            "BillingMode": "PAY_PER_REQUEST",
            "OnDemandThroughput": {"MaxReadRequestUnits": 100, "MaxWriteRequestUnits": 200},
            "SSESpecification": {"Enabled": true, "SSEType": "KMS", "KMSMasterKeyId": KEY},
        },
    });
    assert_eq!(sent(action).await, expected);
}
