//! What goes wrong, as an error of ours.

use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future::ProvideCredentials as Future};
use aws_sdk_rds::config::SharedCredentialsProvider;

use aws_sdk_sts::error::ErrorMetadata;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;

use super::wire::Wire;
use super::*;
use crate::aws::{Class, Cloud, CloudError, Look};

async fn observe(wire: &Wire) -> CloudError {
    wire.aws().observe(&id(), Look::Direct).await.unwrap_err()
}

async fn perform(wire: &Wire, action: Action) -> Result<(), CloudError> {
    wire.aws().perform(&id(), &action, Some(&password())).await
}

fn summary(error: &CloudError) -> (Class, &str, &str) {
    (error.class, error.code.as_str(), error.message.as_str())
}

const INSTANCES: &str = "DescribeDBInstances";

#[tokio::test(start_paused = true)]
async fn a_throttled_read_is_tried_three_times_and_then_told() {
    let wire = Wire::new().refusing(INSTANCES, 400, "Throttling", "Rate exceeded");
    assert_eq!(summary(&observe(&wire).await), (Class::Transient, "Throttling", "Rate exceeded"));
    assert_eq!(wire.asked(INSTANCES).len(), 3);
    let told = ("rds".into(), INSTANCES.into(), "Throttling".into());
    assert_eq!(wire.told().last(), Some(&told), "one call, however often it was tried");
}

#[tokio::test(start_paused = true)]
async fn a_throttled_write_is_sent_once() {
    let wire = Wire::new().refusing("RebootDBInstance", 400, "Throttling", "Rate exceeded");
    assert_eq!(perform(&wire, Action::Reboot).await.unwrap_err().class, Class::Transient);
    assert_eq!(wire.asked("RebootDBInstance").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_page_of_html_is_unreadable_and_is_not_quoted() {
    let wire = Wire::new().raw(INSTANCES, 500, "<html><body>moto: not implemented 2026-11-20T10:00:00Z</body></html>");
    let expected = (Class::Transient, "Unreadable", "HTTP 500 without an error code");
    assert_eq!(summary(&observe(&wire).await), expected);
}

#[tokio::test(start_paused = true)]
async fn a_success_that_does_not_parse_is_unreadable() {
    let wire = Wire::new().raw("RebootDBInstance", 200, "surprise");
    let error = perform(&wire, Action::Reboot).await.unwrap_err();
    assert_eq!((error.class, error.code.as_str()), (Class::Transient, "Unreadable"));
    assert!(!error.message.contains("surprise"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_read_that_hears_nothing_ends_after_45_seconds() {
    let wire = Wire::new().silent(INSTANCES);
    let started = tokio::time::Instant::now();
    let error = observe(&wire).await;
    assert_eq!((error.class, error.code.as_str(), error.operation), (Class::Transient, "Timeout", INSTANCES));
    assert!(started.elapsed() <= Duration::from_secs(46), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_write_that_hears_nothing_ends_before_the_lease() {
    let wire = Wire::new().silent("CreateDBInstance");
    let started = tokio::time::Instant::now();
    let error = perform(&wire, create(Origin::New, full())).await.unwrap_err();
    assert_eq!((error.class, error.code.as_str()), (Class::Transient, "Timeout"));
    assert!(started.elapsed() < Duration::from_secs(9), "{:?}", started.elapsed());
    assert_eq!(wire.asked("CreateDBInstance").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_look_before_a_write_counts_into_its_time() {
    let wire = Wire::new().silent("DescribeDBParameters");
    let action = Action::SetParameters { name: "p".into(), values: BTreeMap::from([("a".into(), "1".into())]) };
    let started = tokio::time::Instant::now();
    let error = perform(&wire, action).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.operation), ("Timeout", "ModifyDBParameterGroup"));
    assert!(started.elapsed() < Duration::from_secs(9), "{:?}", started.elapsed());
    assert!(wire.asked("ModifyDBParameterGroup").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_refused_connection_is_unreachable_with_the_systems_words() {
    let wire = Wire::new().unreachable(INSTANCES);
    let error = observe(&wire).await;
    assert_eq!(summary(&error), (Class::Transient, "Unreachable", "connection refused"));
}

#[tokio::test]
async fn error_texts_decide_where_the_code_says_too_little() {
    for (code, text, class) in [
        ("InvalidDBInstanceState", "Instance is not available", Class::Busy),
        ("DBInstanceAlreadyExists", "DB instance already exists", Class::Exists),
        ("DBInstanceAlreadyExistsFault", "DB instance already exists", Class::Exists),
        ("InstanceQuotaExceeded", "no more", Class::Quota),
        ("AccessDenied", "User is not authorized to perform rds:ModifyDBInstance", Class::Denied),
        ("InvalidParameterValue", "Invalid DB Instance class", Class::Rejected),
        (
            "InvalidParameterCombination",
            "You can't modify it while the previous storage change is being optimized",
            Class::Timed(Duration::from_secs(900)),
        ),
        ("DBInstanceNotFound", "no such thing", Class::Absent),
    ] {
        let wire = Wire::new().refusing("ModifyDBInstance", 400, code, text);
        let error = perform(&wire, Action::Modify(Box::default())).await.unwrap_err();
        assert_eq!(summary(&error), (class, code, text));
        assert_eq!(error.operation, "ModifyDBInstance");
    }
}

#[tokio::test]
async fn what_holds_already_is_a_success() {
    for (action, code, text) in [
        (Action::Modify(Box::default()), "InvalidParameterCombination", "No modifications were requested"),
        (delete(), "InvalidDBInstanceState", "Instance orders is already being deleted."),
        (delete(), "DBInstanceNotFound", "DBInstance orders not found"),
        (delete(), "DBInstanceNotFoundFault", "DBInstance orders not found"),
        (Action::DeleteSubnetGroup { name: "g".into() }, "DBSubnetGroupNotFoundFault", "gone"),
        (Action::DeleteParameterGroup { name: "g".into() }, "DBParameterGroupNotFound", "gone"),
        (Action::AddRole { feature: "f".into(), role: "r".into() }, "DBInstanceRoleAlreadyExists", "is there"),
        (Action::RemoveRole { feature: "f".into(), role: "r".into() }, "DBInstanceRoleNotFound", "is gone"),
    ] {
        let operation = crate::aws::Action::operation(&action);
        let wire = Wire::new().refusing(operation, 400, code, text);
        assert_eq!(perform(&wire, action).await, Ok(()), "{code}: {text}");
        assert_eq!(wire.told().last().unwrap().2, code, "the observer still hears it");
    }
}

fn delete() -> Action {
    Action::Delete { final_snapshot: None, delete_automated_backups: false }
}

#[tokio::test]
async fn what_is_missing_for_another_call_is_an_error() {
    let wire = Wire::new().refusing("RebootDBInstance", 404, "DBInstanceNotFound", "gone");
    assert_eq!(perform(&wire, Action::Reboot).await.unwrap_err().class, Class::Absent);
    let wire = Wire::new().refusing("DeleteDBInstance", 400, "DBSnapshotAlreadyExists", "last exists");
    assert_eq!(perform(&wire, delete()).await.unwrap_err().class, Class::Exists);
}

#[tokio::test]
async fn subnets_in_use_are_refused_not_done() {
    let text = "Some of the subnets to be deleted are currently in use: subnet-1";
    let wire = Wire::new().refusing("ModifyDBSubnetGroup", 400, "SubnetAlreadyInUse", text);
    let action = Action::ModifySubnetGroup { name: "g".into(), subnet_ids: texts(&["subnet-2"]) };
    assert_eq!(perform(&wire, action).await.unwrap_err().class, Class::Rejected);
}

#[tokio::test]
async fn a_password_in_awss_words_stays_out_of_ours() {
    let text = format!("The parameter MasterUserPassword={CANARY} is not a valid password");
    let wire = Wire::new().refusing("ModifyDBInstance", 400, "InvalidParameterValue", &text);
    let error = perform(&wire, Action::SetPassword).await.unwrap_err();
    assert_eq!(error.message, "The parameter MasterUserPassword=(password) is not a valid password");
    assert!(!format!("{error:?} {error}").contains(CANARY));
}

#[derive(Debug)]
struct Credentials(fn() -> CredentialsError);

impl ProvideCredentials for Credentials {
    fn provide_credentials<'a>(&'a self) -> Future<'a>
    where
        Self: 'a,
    {
        Future::ready(Err((self.0)()))
    }
}

#[tokio::test(start_paused = true)]
async fn missing_credentials_are_denied_and_failing_ones_are_tried_again() {
    for (cause, class) in [
        ((|| CredentialsError::not_loaded("no provider")) as fn() -> CredentialsError, Class::Denied),
        (|| CredentialsError::invalid_configuration("bad profile"), Class::Denied),
        (|| CredentialsError::provider_error("503 from the agent, request id 1-2"), Class::Transient),
        (|| CredentialsError::provider_timed_out(Duration::from_secs(5)), Class::Transient),
    ] {
        let aws = Wire::new().aws_with(SharedCredentialsProvider::new(Credentials(cause)));
        let error = aws.observe(&id(), Look::Direct).await.unwrap_err();
        assert_eq!((error.class, error.code.as_str()), (class, "NoCredentials"), "{error}");
        assert_eq!(error.operation, "GetCallerIdentity");
        assert!(!error.message.contains("1-2"), "{error}");
    }
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed_is_denied_in_awss_words() {
    let refused = || {
        let meta = ErrorMetadata::builder().code("AccessDenied").message("Not authorized to assume the role").build();
        CredentialsError::provider_error(AssumeRoleWithWebIdentityError::generic(meta))
    };
    let aws = Wire::new().aws_with(SharedCredentialsProvider::new(Credentials(refused)));
    let error = aws.observe(&id(), Look::Direct).await.unwrap_err();
    assert_eq!(summary(&error), (Class::Denied, "AccessDenied", "Not authorized to assume the role"));
    assert_eq!(error.operation, "AssumeRoleWithWebIdentity");
}
