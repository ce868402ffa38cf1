//! What all objects share: batches by id, and what may not be served from them.

use tokio::time::Instant;

use super::looks::{MEMBERS, instances};
use super::*;
use crate::aws::wire::Wire;
use crate::aws::{Cloud, Look, Seen};

fn shared() -> Wire {
    Wire::new().answering("DescribeDBInstances", &instances(MEMBERS))
}

#[tokio::test]
async fn a_shared_look_asks_by_filter_and_says_that_it_is_one() {
    let wire = shared();
    let looked = wire.aws().observe(&id(), Look::Shared).await.unwrap();
    assert_eq!(looked.look, Look::Shared);
    assert!(looked.observed.instance.present().is_some());
    let members = wire.once("DescribeDBInstances").members();
    assert_eq!(members["Filters.Filter.1.Name"], "db-instance-id");
    assert_eq!(members["Filters.Filter.1.Values.Value.1"], "orders");
}

#[tokio::test]
async fn what_is_missing_from_a_batch_is_looked_for_directly_before_it_is_absent() {
    let wire = Wire::new().answering("DescribeDBInstances", "<DBInstances/>");
    let looked = wire.aws().observe(&id(), Look::Shared).await.unwrap();
    assert_eq!((looked.look, looked.observed.instance), (Look::Direct, Seen::Absent));
    let asked = wire.asked("DescribeDBInstances");
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1].members()["DBInstanceIdentifier"], "orders");
}

#[tokio::test]
async fn a_batch_that_fails_is_an_error_and_no_absence() {
    let wire = Wire::new().refusing("DescribeDBInstances", 400, "AccessDenied", "no");
    let error = wire.aws().observe(&id(), Look::Shared).await.unwrap_err();
    assert_eq!(error.code, "AccessDenied");
    assert_eq!(wire.asked("DescribeDBInstances").len(), 1);
}

#[tokio::test]
async fn an_idle_instance_is_served_from_what_is_known_and_not_after_a_write() {
    let wire = shared().answering("ModifyDBInstance", "");
    let aws = wire.aws();
    for _ in 0..3 {
        aws.observe(&id(), Look::Shared).await.unwrap();
    }
    assert_eq!(wire.asked("DescribeDBInstances").len(), 1);
    let began = Instant::now();
    let action = Action::Modify(Box::default());
    aws.perform(&id(), &action, None).await.unwrap();
    assert!(began.elapsed().as_secs() < 5);
    aws.observe(&id(), Look::Shared).await.unwrap();
    assert_eq!(wire.asked("DescribeDBInstances").len(), 2);
}

#[tokio::test]
async fn a_direct_look_always_asks() {
    let wire = shared();
    let aws = wire.aws();
    for _ in 0..2 {
        let looked = aws.observe(&id(), Look::Direct).await.unwrap();
        assert_eq!(looked.look, Look::Direct);
    }
    assert_eq!(wire.asked("DescribeDBInstances").len(), 2);
}
