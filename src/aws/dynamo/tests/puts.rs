//! BatchWriteItem, and what AWS leaves unprocessed.

use super::*;
use crate::aws::Class;

fn items(count: usize) -> Vec<Value> {
    (0..count).map(|number| json!({"id": {"S": format!("canary-{number}")}})).collect()
}

fn put(count: usize) -> Action {
    Action::PutItems { items: items(count) }
}

fn requests(numbers: &[usize]) -> Value {
    let put = |number: &usize| json!({"PutRequest": {"Item": {"id": {"S": format!("canary-{number}")}}}});
    json!({"orders": numbers.iter().map(put).collect::<Vec<_>>()})
}

#[tokio::test]
async fn items_are_put_into_the_table() {
    assert_eq!(sent(put(2)).await, json!({"RequestItems": requests(&[0, 1])}));
}

#[tokio::test]
async fn no_call_has_more_than_25() {
    let wire = Wire::new().json("BatchWriteItem", json!({}));
    assert_eq!(perform(&wire, put(26)).await, Ok(()));
    let sizes = wire
        .asked("BatchWriteItem")
        .into_iter()
        .map(|asked| asked.json()["RequestItems"]["orders"].as_array().unwrap().len());
    assert_eq!(sizes.collect::<Vec<_>>(), [25, 1]);
    assert_eq!(perform(&wire, put(0)).await, Ok(()));
    assert_eq!(wire.asked("BatchWriteItem").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_left_is_sent_again_after_a_growing_pause() {
    let wire = Wire::new()
        .json("BatchWriteItem", json!({"UnprocessedItems": requests(&[1, 2])}))
        .json("BatchWriteItem", json!({"UnprocessedItems": requests(&[2])}))
        .json("BatchWriteItem", json!({"UnprocessedItems": {}}));
    let began = tokio::time::Instant::now();
    assert_eq!(perform(&wire, put(3)).await, Ok(()));
    let sent: Vec<_> = wire.asked("BatchWriteItem").iter().map(|asked| asked.json()["RequestItems"].clone()).collect();
    assert_eq!(sent, [requests(&[0, 1, 2]), requests(&[1, 2]), requests(&[2])]);
    assert_eq!(began.elapsed().as_millis(), 150);
}

#[tokio::test(start_paused = true)]
async fn what_is_left_after_seven_seconds_is_an_error_to_try_again_that_quotes_no_item() {
    let wire = Wire::new().json("BatchWriteItem", json!({"UnprocessedItems": requests(&[0, 1])}));
    let began = tokio::time::Instant::now();
    let error = perform(&wire, put(2)).await.unwrap_err();
    assert!(began.elapsed().as_millis() <= 7000, "{:?}", began.elapsed());
    assert_eq!((error.class, error.code.as_str()), (Class::Transient, "Unprocessed"));
    assert_eq!(error.message, "AWS left 2 items unprocessed in the time of the call");
    assert!(!format!("{error:?}").contains("canary"));
}

#[tokio::test]
async fn what_is_no_item_is_refused_without_its_value() {
    let wire = Wire::new().json("BatchWriteItem", json!({}));
    let action = Action::PutItems { items: vec![items(1).remove(0), json!({"id": {"S": 5, "canary": true}})] };
    let error = perform(&wire, action).await.unwrap_err();
    assert_eq!((error.class, error.message.as_str()), (Class::Rejected, "item 2 of the batch is not DynamoDB JSON"));
    assert!(wire.asked("BatchWriteItem").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_throttled_put_is_sent_once_and_tried_again_later() {
    let wire = Wire::new().json_refusing("BatchWriteItem", "ProvisionedThroughputExceededException", "slow down");
    assert_eq!(perform(&wire, put(1)).await.unwrap_err().class, Class::Transient);
    assert_eq!(wire.asked("BatchWriteItem").len(), 1);
}
