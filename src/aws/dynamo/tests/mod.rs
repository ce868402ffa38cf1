//! Mapping tests: what is sent, whole, and what is made of answers. The SDK is real; only the wire is ours.

mod answers;
mod cache;
mod changes;
mod creations;
mod looks;
mod normalised;
mod puts;
mod refusals;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::*;
use crate::aws::wire::Wire;
use crate::aws::{Action as _, Cloud, CloudError, Look, Looked};

const ARN: &str = "arn:aws:dynamodb:eu-central-1:111122223333:table/orders";
const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/k1";

fn id() -> Id {
    Id { region: "eu-central-1".into(), table: "orders".into(), ..Id::default() }
}

fn tags() -> Tags {
    Tags::from([
        ("awsdb.dev/cluster".into(), "uid-1".into()),
        ("awsdb.dev/owner".into(), "prod/DynamoTable/shop/orders".into()),
    ])
}

fn tags_json() -> Value {
    json!([
        {"Key": "awsdb.dev/cluster", "Value": "uid-1"},
        {"Key": "awsdb.dev/owner", "Value": "prod/DynamoTable/shop/orders"},
    ])
}

fn texts(items: &[&str]) -> BTreeSet<String> {
    items.iter().map(ToString::to_string).collect()
}

fn attribute(name: &str, type_: AttributeType) -> KeyAttribute {
    KeyAttribute { name: name.into(), type_ }
}

fn units(read: i64, write: i64) -> Throughput {
    Throughput { read_capacity_units: read, write_capacity_units: write }
}

fn cap(read: Option<i64>, write: Option<i64>) -> OnDemandThroughput {
    OnDemandThroughput { max_read_request_units: read, max_write_request_units: write }
}

fn warm(read: i64, write: i64) -> WarmThroughput {
    WarmThroughput { read_units_per_second: read, write_units_per_second: write }
}

fn keys() -> Keys {
    Keys { hash: attribute("customer", AttributeType::S), range: Some(attribute("order", AttributeType::N)) }
}

fn include(attributes: &[&str]) -> Projection {
    Projection { type_: ProjectionType::Include, non_key_attributes: Some(texts(attributes)) }
}

/// An index with two partition keys and two sort keys, in an order that is not the alphabet's.
fn index() -> Index {
    Index {
        hash: vec![attribute("state", AttributeType::S), attribute("area", AttributeType::S)],
        range: vec![attribute("order", AttributeType::N), attribute("hash", AttributeType::B)],
        projection: include(&["total", "currency"]),
        throughput: None,
        cap: Some(cap(Some(50), None)),
        warm: Some(warm(13000, 5000)),
    }
}

fn index_json() -> Value {
    json!({
        "IndexName": "by-state",
        "KeySchema": [
            {"AttributeName": "state", "KeyType": "HASH"},
            {"AttributeName": "area", "KeyType": "HASH"},
            {"AttributeName": "order", "KeyType": "RANGE"},
            {"AttributeName": "hash", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["currency", "total"]},
        "OnDemandThroughput": {"MaxReadRequestUnits": 50},
        "WarmThroughput": {"ReadUnitsPerSecond": 13000, "WriteUnitsPerSecond": 5000},
    })
}

/// Every setting of an on-demand table, each with a value of its own.
fn settings() -> Settings {
    Settings {
        billing_mode: Some(BillingMode::PayPerRequest),
        provisioned_throughput: None,
        on_demand_throughput: Some(cap(Some(100), Some(200))),
        warm_throughput: Some(warm(14000, 6000)),
        table_class: Some(TableClass::StandardInfrequentAccess),
        stream: Some(Stream { enabled: true, view_type: Some("NEW_IMAGE".into()) }),
        encryption: Some(Encryption { type_: EncryptionType::Kms, kms_key_arn: Some(KEY.into()) }),
        deletion_protection: Some(true),
        resource_policy: Some(r#"{"Statement":[]}"#.into()),
    }
}

fn creation() -> Creation {
    let local = LocalIndex { range: attribute("placed", AttributeType::S), projection: Projection::default() };
    Creation {
        keys: keys(),
        settings: settings(),
        indexes: BTreeMap::from([("by-state".into(), index())]),
        local_indexes: BTreeMap::from([("by-date".into(), local)]),
        tags: tags(),
    }
}

/// What DescribeTable says of a table that was made as [`creation`] asks.
fn table_json() -> Value {
    let mut index = index_json();
    merge(
        &mut index,
        json!({
            "IndexStatus": "ACTIVE",
            "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
            "OnDemandThroughput": {"MaxReadRequestUnits": 50, "MaxWriteRequestUnits": -1},
            "WarmThroughput": {"ReadUnitsPerSecond": 13000, "WriteUnitsPerSecond": 5000, "Status": "ACTIVE"},
        }),
    );
    json!({
        "TableName": "orders",
        "TableArn": ARN,
        "TableId": "id-1",
        "TableStatus": "ACTIVE",
        "CreationDateTime": 1700000000.25,
        "KeySchema": [
            {"AttributeName": "customer", "KeyType": "HASH"}, {"AttributeName": "order", "KeyType": "RANGE"},
        ],
        "AttributeDefinitions": attributes_json(),
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
        "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
        "OnDemandThroughput": {"MaxReadRequestUnits": 100, "MaxWriteRequestUnits": 200},
        "WarmThroughput": {"ReadUnitsPerSecond": 14000, "WriteUnitsPerSecond": 6000, "Status": "ACTIVE"},
        "TableClassSummary": {"TableClass": "STANDARD_INFREQUENT_ACCESS"},
        "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"},
        "LatestStreamArn": format!("{ARN}/stream/2026"),
        "SSEDescription": {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": KEY},
        "DeletionProtectionEnabled": true,
        "GlobalSecondaryIndexes": [index],
        "LocalSecondaryIndexes": [{
            "IndexName": "by-date",
            "KeySchema": [
                {"AttributeName": "customer", "KeyType": "HASH"}, {"AttributeName": "placed", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
        }],
    })
}

fn attributes_json() -> Value {
    json!([
        {"AttributeName": "area", "AttributeType": "S"},
        {"AttributeName": "customer", "AttributeType": "S"},
        {"AttributeName": "hash", "AttributeType": "B"},
        {"AttributeName": "order", "AttributeType": "N"},
        {"AttributeName": "placed", "AttributeType": "S"},
        {"AttributeName": "state", "AttributeType": "S"},
    ])
}

/// A table with nothing but what AWS always says.
fn bare_json() -> Value {
    json!({
        "TableArn": ARN, "TableId": "id-1", "TableStatus": "ACTIVE", "CreationDateTime": 1700000000,
        "KeySchema": [{"AttributeName": "customer", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "customer", "AttributeType": "S"}],
    })
}

/// Members over members; `null` takes one away.
fn merge(into: &mut Value, from: Value) {
    let (Value::Object(into), Value::Object(from)) = (into, from) else { panic!("both are objects") };
    for (key, value) in from {
        match value {
            Value::Null => into.remove(&key),
            value => into.insert(key, value),
        };
    }
}

fn but(mut all: Value, changes: Value) -> Value {
    merge(&mut all, changes);
    all
}

/// A wire with a table and its tags.
fn with_table(table: Value) -> Wire {
    Wire::new().json("DescribeTable", json!({"Table": table})).json("ListTagsOfResource", json!({"Tags": tags_json()}))
}

async fn observe(wire: &Wire, id: &Id) -> Result<Looked<Observed>, CloudError> {
    wire.dynamo().observe(id, Look::Direct).await
}

async fn observed(wire: &Wire, id: &Id) -> Observed {
    observe(wire, id).await.unwrap().observed
}

async fn table_of(json: Value) -> Table {
    match observed(&with_table(json), &id()).await.table {
        Seen::Present(table) => *table,
        other => panic!("{other:?}"),
    }
}

async fn perform(wire: &Wire, action: Action) -> Result<(), CloudError> {
    wire.dynamo().perform(&id(), &action, None).await
}

/// The body that this action sends, when it is all that happens on the wire.
async fn sent(action: Action) -> Value {
    sent_to("dynamodb.eu-central-1", action).await
}

async fn sent_to(host: &str, action: Action) -> Value {
    let operation = action.operation();
    let wire = Wire::new().json(operation, json!({"PolicyARN": "arn:p"}));
    perform(&wire, action).await.unwrap();
    assert_eq!(wire.once(operation).host, format!("{host}.amazonaws.com"));
    wire.once(operation).json()
}
