//! What goes wrong, and what holds already.

use std::time::Duration;

use super::*;
use crate::aws::Class;

fn delete_index() -> Action {
    Action::Update(Update::DeleteIndex { name: "by-state".into() })
}

fn deregister() -> Action {
    Action::DeregisterTarget { dimension: Dimension { index: None, capacity: Capacity::Read } }
}

fn delete_replica() -> Action {
    Action::Update(Update::DeleteReplica { region: "us-east-1".into() })
}

async fn refused(action: Action, code: &str, text: &str) -> Result<(), CloudError> {
    let wire = Wire::new().json_refusing(action.operation(), code, text);
    perform(&wire, action).await
}

#[tokio::test]
async fn what_holds_already_is_a_success() {
    let ttl = || Action::TimeToLive { attribute_name: "expires".into(), enabled: true };
    let stream = |enabled| Action::Update(Update::Stream(Stream { enabled, view_type: None }));
    let precision = Action::UpdateKinesis { stream_arn: "arn:s".into(), precision: "MICROSECOND".into() };
    let invalid = "ValidationException";
    for (action, code, text) in [
        (Action::Delete, "ResourceNotFoundException", "Requested resource not found: Table: orders not found"),
        (
            Action::Delete,
            "ResourceInUseException",
            "Attempt to change a resource which is still in use: Table is being deleted: orders",
        ),
        (delete_index(), "ResourceNotFoundException", "Requested resource not found"),
        (deregister(), "ObjectNotFoundException", "No scalable target found"),
        (Action::DeletePolicy { arn: ARN.into() }, "PolicyNotFoundException", "none"),
        (delete_replica(), "ReplicaNotFoundException", "none"),
        (
            delete_replica(),
            invalid,
            "Update global table operation failed because one or more replicas were not part of the global table.",
        ),
        (ttl(), invalid, "TimeToLive is already enabled"),
        (stream(true), invalid, "Table already has an enabled stream: TableName: orders"),
        (stream(false), invalid, "Table has no stream to disable: TableName: orders"),
        (precision, invalid, "Invalid Request: Precision is already set to the desired value of MICROSECOND"),
        (
            Action::Update(Update::Encryption(Encryption::default())),
            invalid,
            "One or more parameter values were invalid: Table is already encrypted by default",
        ),
    ] {
        assert_eq!(refused(action, code, text).await, Ok(()), "{code}: {text}");
    }
}

#[tokio::test]
async fn what_is_gone_is_an_error_for_everything_else() {
    for action in [
        Action::Update(Update::Warm(warm(1, 2))),
        Action::Tag { region: None, arn: ARN.into(), tags: tags() },
        Action::CreateBackup { name: "b".into() },
    ] {
        let error = refused(action, "ResourceNotFoundException", "gone").await.unwrap_err();
        assert_eq!(error.class, Class::Absent);
    }
    assert_eq!(refused(Action::Delete, "ResourceInUseException", "busy").await.unwrap_err().class, Class::Busy);
}

#[tokio::test]
async fn an_error_keeps_awss_operation_code_and_words() {
    let text =
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.";
    let error = refused(Action::Delete, "ValidationException", text).await.unwrap_err();
    assert_eq!(
        (error.class, error.operation, error.code.as_str()),
        (Class::Rejected, "DeleteTable", "ValidationException")
    );
    assert_eq!(error.message, text);
    assert_eq!(error.remedy(), Some("set spec.deletionProtection: false first"));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_hears_nothing_ends_before_the_lease_and_is_sent_once() {
    for action in [Action::Delete, deregister()] {
        let wire = Wire::new().silent(action.operation());
        let started = tokio::time::Instant::now();
        let error = perform(&wire, action.clone()).await.unwrap_err();
        assert_eq!((error.class, error.code.as_str()), (Class::Transient, "Timeout"));
        assert!(started.elapsed() < Duration::from_secs(9), "{:?}", started.elapsed());
        assert_eq!(wire.asked(action.operation()).len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_read_is_tried_three_times_and_a_write_once() {
    let wire = Wire::new().json_refusing("DescribeTable", "ThrottlingException", "Rate exceeded");
    assert_eq!(observe(&wire, &id()).await.unwrap_err().class, Class::Transient);
    assert_eq!(wire.asked("DescribeTable").len(), 3);
    let wire = Wire::new().json_refusing("DeleteTable", "ThrottlingException", "Rate exceeded");
    assert_eq!(perform(&wire, Action::Delete).await.unwrap_err().class, Class::Transient);
    assert_eq!(wire.asked("DeleteTable").len(), 1);
}

#[tokio::test]
async fn the_observer_is_told_of_the_service() {
    let wire = Wire::new().json("DeregisterScalableTarget", json!({})).json("DeleteTable", json!({}));
    perform(&wire, deregister()).await.unwrap();
    perform(&wire, Action::Delete).await.unwrap();
    let services: Vec<_> = wire.told().into_iter().map(|(service, ..)| service).collect();
    assert_eq!(services, ["application-autoscaling", "dynamodb"]);
}
