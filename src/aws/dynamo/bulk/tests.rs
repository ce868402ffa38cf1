//! What is sent and what is made of the answers, over the real SDK.

use std::collections::VecDeque;
use std::sync::Mutex;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{AsyncSleep, Credentials, SharedAsyncSleep, SharedCredentialsProvider, Sleep};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::json;

use super::super::items::Format;
use super::*;

/// AWS's end: answers in order, the last one for ever, and what was asked.
#[derive(Clone, Debug, Default)]
struct Wire {
    answers: Arc<Mutex<VecDeque<(u16, Value)>>>,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Wire {
    fn then(self, answer: Value) -> Self {
        self.answers.lock().unwrap().push_back((200, answer));
        self
    }

    fn refusing(self, code: &str, more: Value) -> Self {
        let mut body = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "no"});
        body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        self.answers.lock().unwrap().push_back((400, body));
        self
    }

    async fn open(&self, rate: Option<u32>) -> (Bulk, Facts) {
        let table = json!({"Table": {
            "TableName": "orders", "TableArn": "arn:aws:dynamodb:eu-central-1:111122223333:table/orders",
            "TableId": "id-1", "ItemCount": 7,
            "KeySchema": [{"AttributeName": "n", "KeyType": "RANGE"}, {"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}, {"AttributeName": "n", "AttributeType": "N"}],
        }});
        self.answers.lock().unwrap().push_front((200, table));
        let base = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("eu-central-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new("AKID", "key", None, None, "test")))
            .sleep_impl(SharedAsyncSleep::new(TokioTime))
            .http_client(self.clone())
            .build();
        let aws = Arc::new(Aws::new(base, Arc::new(|_| ()), crate::aws::inventory::Ages::default()));
        Bulk::open(aws, "eu-central-1", "orders", rate, false).await.unwrap()
    }

    fn asked(&self, operation: &str) -> Vec<Value> {
        self.asked.lock().unwrap().iter().filter(|one| one.0 == operation).map(|one| one.1.clone()).collect()
    }
}

#[derive(Debug)]
struct TokioTime;

impl AsyncSleep for TokioTime {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(tokio::time::sleep(duration))
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.split('.').next_back().unwrap_or_default().to_string();
        let body = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap();
        self.asked.lock().unwrap().push((operation, body));
        let mut answers = self.answers.lock().unwrap();
        let (status, answer) = if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0].clone() };
        let response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(answer.to_string()));
        HttpConnectorFuture::ready(Ok(response))
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

fn item(number: u32) -> Item {
    Item::parse(&format!("{{\"id\":\"a\",\"n\":{number}}}"), Format::Json, true).unwrap()
}

fn put(number: u32) -> Value {
    json!({"PutRequest": {"Item": {"id": {"S": "a"}, "n": {"N": number.to_string()}}}})
}

#[tokio::test]
async fn the_table_s_facts_are_read() {
    let (_, facts) = Wire::default().then(json!({})).open(None).await;
    let key = |name: &str, type_| KeyAttribute { name: name.into(), type_ };
    let keys = Keys { hash: key("id", AttributeType::S), range: Some(key("n", AttributeType::N)) };
    assert_eq!((facts.account(), facts.id.as_str(), facts.items), ("111122223333", "id-1", 7));
    assert_eq!(facts.keys, keys);
}

#[tokio::test]
async fn a_page_is_asked_for_by_segment_and_key() {
    let wire = Wire::default().then(json!({
        "Items": [{"id": {"S": "a"}, "n": {"N": "1.50"}}], "LastEvaluatedKey": {"id": {"S": "a"}, "n": {"N": "1.50"}},
        "ConsumedCapacity": {"TableName": "orders", "CapacityUnits": 2.5},
    }));
    let (bulk, _) = wire.open(None).await;
    let page = bulk.page(2, 4, Some(&json!({"id": {"S": "0"}, "n": {"N": "0"}}))).await.unwrap();
    assert_eq!(page.items[0].to_json(), json!({"id": {"S": "a"}, "n": {"N": "1.50"}}));
    assert_eq!(page.next, Some(json!({"id": {"S": "a"}, "n": {"N": "1.50"}})));
    assert!((page.units - 2.5).abs() < 1e-9);
    let expected = json!({
        "TableName": "orders", "Segment": 2, "TotalSegments": 4, "ConsistentRead": false,
        "ReturnConsumedCapacity": "TOTAL", "ExclusiveStartKey": {"id": {"S": "0"}, "n": {"N": "0"}},
    });
    assert_eq!(wire.asked("Scan"), [expected]);
}

#[tokio::test(start_paused = true)]
async fn under_a_cap_pages_are_made_to_fit_it() {
    let items: Vec<Value> = (0..20).map(|n| json!({"id": {"S": "a"}, "n": {"N": n.to_string()}})).collect();
    let wire = Wire::default().then(json!({"Items": items, "ConsumedCapacity": {"CapacityUnits": 10.0}}));
    let (bulk, _) = wire.open(Some(8)).await;
    for _ in 0..2 {
        bulk.page(0, 1, None).await.unwrap();
    }
    let limits: Vec<Value> = wire.asked("Scan").iter().map(|asked| asked["Limit"].clone()).collect();
    assert_eq!(limits, [json!(25), json!(8)], "half a unit an item, half a second of 8 units");
}

#[tokio::test(start_paused = true)]
async fn a_throttle_is_waited_for_and_a_refusal_is_not() {
    let throttle = "ProvisionedThroughputExceededException";
    let mut wire = Wire::default();
    for _ in 0..20 {
        wire = wire.refusing(throttle, json!({}));
    }
    let wire = wire.then(json!({"Items": []}));
    let (bulk, _) = wire.open(None).await;
    bulk.page(0, 1, None).await.unwrap();
    assert_eq!((wire.asked("Scan").len(), bulk.throttles()), (21, 20));

    let wire = Wire::default().refusing("AccessDeniedException", json!({}));
    let (bulk, _) = wire.open(None).await;
    let error = bulk.page(0, 1, None).await.unwrap_err();
    assert_eq!((error.code.as_str(), wire.asked("Scan").len()), ("AccessDeniedException", 1));

    let wire = Wire::default().refusing("InternalServerError", json!({}));
    let (bulk, _) = wire.open(None).await;
    assert_eq!(bulk.page(0, 1, None).await.unwrap_err().class, Class::Transient);
    assert_eq!(wire.asked("Scan").len(), ATTEMPTS as usize);
}

#[tokio::test(start_paused = true)]
async fn throttled_without_end_it_gives_up() {
    let wire = Wire::default().refusing("ProvisionedThroughputExceededException", json!({}));
    let (bulk, _) = wire.open(None).await;
    let began = tokio::time::Instant::now();
    assert!(bulk.page(0, 1, None).await.is_err());
    assert!(began.elapsed() >= STUCK && began.elapsed() < STUCK * 2, "{:?}", began.elapsed());
    let nothing = Wire::default().then(json!({"UnprocessedItems": {"orders": [put(1)]}}));
    let (bulk, _) = nothing.open(None).await;
    let error = bulk.put_all(vec![item(1)]).await.unwrap_err();
    assert!(error.sentence("").contains("no item has got through"), "{error}");
}

#[tokio::test]
async fn a_put_that_must_not_overwrite_tells_what_was_there() {
    let same = json!({"Item": {"id": {"S": "a"}, "n": {"N": "1.0"}}});
    let other = json!({"Item": {"id": {"S": "a"}, "n": {"N": "1"}, "x": {"BOOL": true}}});
    let wire = Wire::default()
        .then(json!({"ConsumedCapacity": {"CapacityUnits": 3.0}}))
        .refusing("ConditionalCheckFailedException", same)
        .refusing("ConditionalCheckFailedException", other);
    let (bulk, _) = wire.open(None).await;
    let mut outcomes = Vec::new();
    for _ in 0..3 {
        outcomes.push(bulk.put_new(&item(1)).await.unwrap());
    }
    assert_eq!(outcomes, [(Outcome::Written, 3.0), (Outcome::Same, 1.0), (Outcome::Kept, 1.0)]);
    let expected = json!({
        "TableName": "orders", "Item": {"id": {"S": "a"}, "n": {"N": "1"}}, "ReturnConsumedCapacity": "TOTAL",
        "ConditionExpression": "attribute_not_exists(#key)", "ExpressionAttributeNames": {"#key": "id"},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    });
    assert_eq!(wire.asked("PutItem")[0], expected);
}

#[tokio::test(start_paused = true)]
async fn what_a_batch_leaves_unprocessed_is_sent_again() {
    let wire = Wire::default()
        .then(json!({"UnprocessedItems": {"orders": [put(2), put(3)]}, "ConsumedCapacity": [{"CapacityUnits": 1.0}]}))
        .then(json!({"UnprocessedItems": {"orders": [put(3)]}, "ConsumedCapacity": [{"CapacityUnits": 1.0}]}))
        .then(json!({"UnprocessedItems": {}, "ConsumedCapacity": [{"CapacityUnits": 1.0}]}));
    let (bulk, _) = wire.open(None).await;
    let units = bulk.put_all(vec![item(1), item(2), item(3)]).await.unwrap();
    assert!((units - 3.0).abs() < 1e-9);
    let sent: Vec<Value> =
        wire.asked("BatchWriteItem").iter().map(|asked| asked["RequestItems"]["orders"].clone()).collect();
    assert_eq!(sent, [json!([put(1), put(2), put(3)]), json!([put(2), put(3)]), json!([put(3)])]);
    assert_eq!(bulk.throttles(), 2);
}
