//! What goes wrong, as an error of ours.

use std::time::Duration;

use super::*;
use crate::aws::aurora::EndpointType;
use crate::aws::rds;
use crate::aws::{Class, CloudError};

async fn perform(wire: &Wire, action: Action) -> Result<(), CloudError> {
    wire.aurora().perform(&id(), &action, Some(&password())).await
}

fn delete() -> Action {
    Action::Delete { final_snapshot: None, delete_automated_backups: false }
}

fn http(enabled: bool) -> Action {
    Action::HttpEndpoint { arn: "arn:c".into(), enabled }
}

fn name() -> String {
    "n".into()
}

fn role() -> (String, String) {
    (name(), "arn:r".into())
}

#[tokio::test]
async fn what_holds_already_is_a_success() {
    let ((feature, role), (other, same)) = (role(), role());
    for (action, code, text) in [
        (Action::Modify(Box::default()), "InvalidParameterCombination", "No modifications were requested"),
        (delete(), "DBClusterNotFoundFault", "DBCluster orders not found"),
        (delete(), "InvalidDBClusterStateFault", "Cluster orders is already being deleted"),
        (Action::DeleteMember { name: name() }, "DBInstanceNotFound", "gone"),
        (Action::DeleteMember { name: name() }, "InvalidDBInstanceState", "Instance n is already being deleted."),
        (http(false), "InvalidParameterValue", "The Data API is not supported"),
        (http(false), "InvalidParameterCombination", "It is off"),
        (Action::DeleteClusterParameterGroup { name: name() }, "DBParameterGroupNotFound", "gone"),
        (Action::DeleteClusterParameterGroup { name: name() }, "DBClusterParameterGroupNotFound", "gone"),
        (Action::DeleteEndpoint { name: name() }, "DBClusterEndpointNotFoundFault", "gone"),
        (Action::AddRole { feature, role }, "DBClusterRoleAlreadyExists", "is there"),
        (Action::RemoveRole { feature: other, role: same }, "DBClusterRoleNotFound", "is gone"),
        (Action::Rds(rds::Action::DeleteSubnetGroup { name: name() }), "DBSubnetGroupNotFoundFault", "gone"),
        (Action::Rds(rds::Action::DeleteParameterGroup { name: name() }), "DBParameterGroupNotFound", "gone"),
    ] {
        let wire = Wire::new().refusing(action.operation(), 400, code, text);
        assert_eq!(perform(&wire, action).await, Ok(()), "{code}: {text}");
        assert_eq!(wire.told().last().unwrap().2, code, "the observer still hears it");
    }
}

#[tokio::test]
async fn what_is_missing_or_refused_for_another_call_is_an_error() {
    let endpoint = Action::ModifyEndpoint {
        name: name(),
        endpoint_type: EndpointType::Any,
        static_members: texts(&[]),
        excluded_members: texts(&[]),
    };
    for (action, code, class) in [
        (Action::Start, "DBClusterNotFoundFault", Class::Absent),
        (Action::RebootMember { name: name() }, "DBInstanceNotFound", Class::Absent),
        (endpoint, "DBClusterEndpointNotFoundFault", Class::Absent),
        (http(true), "InvalidParameterCombination", Class::Rejected),
        (http(true), "ResourceNotFoundFault", Class::Absent),
        (http(false), "ResourceNotFoundFault", Class::Absent),
        (delete(), "DBClusterSnapshotAlreadyExistsFault", Class::Exists),
        (delete(), "DBInstanceNotFound", Class::Absent),
        (create(Origin::New, full()), "DBClusterAlreadyExistsFault", Class::Exists),
        (create(Origin::New, full()), "DBClusterParameterGroupNotFound", Class::Dependency),
        (create(Origin::New, full()), "DBClusterQuotaExceededFault", Class::Quota),
    ] {
        let wire = Wire::new().refusing(action.operation(), 400, code, "as it is");
        let error = perform(&wire, action.clone()).await.unwrap_err();
        assert_eq!((error.class, error.operation), (class, action.operation()), "{code}");
    }
}

#[tokio::test]
async fn a_cluster_that_is_not_ready_is_busy() {
    for (code, text) in [
        ("InvalidDBClusterStateFault", "DBCluster orders is not currently in the available state."),
        (
            "InvalidDBClusterStateFault",
            "Cluster cannot be deleted, it still contains DB instances in non-deleting state.",
        ),
        ("InvalidParameterValue", "The cluster is not currently in the available state"),
        ("InvalidDBInstanceState", "Instance orders-0 is not available"),
    ] {
        let wire = Wire::new().refusing("DeleteDBCluster", 400, code, text);
        assert_eq!(perform(&wire, delete()).await.unwrap_err().class, Class::Busy, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_hears_nothing_is_sent_once_and_ends_before_the_lease() {
    let wire = Wire::new().silent("CreateDBCluster");
    let started = tokio::time::Instant::now();
    let error = perform(&wire, create(Origin::New, full())).await.unwrap_err();
    assert_eq!((error.class, error.code.as_str()), (Class::Transient, "Timeout"));
    assert!(started.elapsed() < Duration::from_secs(9), "{:?}", started.elapsed());
    assert_eq!(wire.asked("CreateDBCluster").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_write_is_sent_once() {
    let wire = Wire::new().refusing("FailoverDBCluster", 400, "Throttling", "Rate exceeded");
    assert_eq!(perform(&wire, Action::Failover).await.unwrap_err().class, Class::Transient);
    assert_eq!(wire.asked("FailoverDBCluster").len(), 1);
}

#[tokio::test]
async fn a_password_in_awss_words_stays_out_of_ours() {
    let text = format!("The parameter MasterUserPassword={CANARY} is not a valid password");
    for action in
        [Action::SetPassword, Action::ManagePassword { managed: false, kms_key_id: None }, create(Origin::New, full())]
    {
        let wire = Wire::new().refusing(action.operation(), 400, "InvalidParameterValue", &text);
        let error = perform(&wire, action).await.unwrap_err();
        assert_eq!(error.message, "The parameter MasterUserPassword=(password) is not a valid password");
        assert!(!format!("{error:?} {error}").contains(CANARY));
    }
}
