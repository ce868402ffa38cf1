//! What all objects share: batches by id, and what may not be served from them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_rds::config::SharedCredentialsProvider;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::looks::{MEMBERS, instances};
use super::*;
use crate::aws::inventory::Ages;
use crate::aws::limits::{Turn, Whose, on_behalf};
use crate::aws::rds::RdsRemote;
use crate::aws::sweep::OnNews;
use crate::aws::wire::{Wire, credentials as wire_credentials};
use crate::aws::{Aws, Cloud, Look, Seen};

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
async fn an_idle_instance_is_known_by_its_version_and_not_after_a_write() {
    let wire = shared().answering("ModifyDBInstance", "");
    let aws = wire.aws();
    let looked = aws.observe(&id(), Look::Shared).await.unwrap();
    for _ in 0..3 {
        assert_eq!((aws.version(&id()), looked.version.is_some()), (looked.version, true));
    }
    assert_eq!(wire.asked("DescribeDBInstances").len(), 1);
    let began = Instant::now();
    let action = Action::Modify(Box::default());
    aws.perform(&id(), &action, None).await.unwrap();
    assert!(began.elapsed().as_secs() < 5);
    assert_eq!(aws.version(&id()), None);
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

#[tokio::test]
async fn what_a_sweep_cannot_tell_has_no_version() {
    let wire = shared();
    let aws = Arc::new(wire.aws());
    Cloud::<RdsRemote>::observe(&aws, &id(), Look::Shared).await.unwrap();
    assert!(Cloud::<RdsRemote>::version(&aws, &id()).is_some(), "through the shared handle too");
    for id in [Id { managed_password: true, ..id() }, Id { final_snapshots: true, ..id() }] {
        assert_eq!(Cloud::<RdsRemote>::version(&aws, &id), None, "{id:?}");
        let looked = Cloud::<RdsRemote>::observe(&aws, &id, Look::Shared).await.unwrap();
        assert_eq!(looked.version, None);
    }
}

fn page(name: &str, marker: &str) -> String {
    let marker = if marker.is_empty() { String::new() } else { format!("<Marker>{marker}</Marker>") };
    format!("{}{marker}", instances(&MEMBERS.replace("Orders", name)))
}

#[tokio::test]
async fn a_listing_that_breaks_off_or_repeats_itself_is_an_error_and_no_absence() {
    let repeats = Wire::new().answering("DescribeDBInstances", &page("users", "m"));
    let broken = Wire::new().answering("DescribeDBInstances", &page("users", "m"));
    let broken = broken.refusing("DescribeDBInstances", 400, "AccessDenied", "no");
    for (wire, code, calls) in [(repeats, "Unreadable", 2), (broken, "AccessDenied", 2)] {
        let aws = wire.aws();
        let error = aws.observe(&id(), Look::Shared).await.unwrap_err();
        assert_eq!(error.code, code);
        assert_eq!(wire.asked("DescribeDBInstances").len(), calls, "no direct look follows");
        assert_eq!(aws.version(&id()), None);
    }
}

/// Sweeps this account for so long; the objects that were made due.
async fn swept(aws: &Arc<Aws>, seconds: u64) -> Vec<String> {
    let (told, stop) = (Arc::new(Mutex::new(Vec::new())), CancellationToken::new());
    let names = told.clone();
    let tell: OnNews = Arc::new(move |news| names.lock().unwrap().push(news.whose.name.to_string()));
    let sweep = tokio::spawn(aws.clone().sweep(tell, stop.clone()));
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    stop.cancel();
    sweep.await.unwrap();
    assert_eq!(Arc::strong_count(aws), 1, "a sweep that has ended holds nothing");
    told.lock().unwrap().clone()
}

async fn asked_by_its_object(aws: &Arc<Aws>) {
    let whose = Whose { kind: "RdsInstance".into(), namespace: "shop".into(), name: "orders".into() };
    let turn = Turn { whose: Arc::new(whose), ..Turn::default() };
    on_behalf(turn, Cloud::<RdsRemote>::observe(aws, &id(), Look::Shared)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_change_is_told_to_the_object_that_asked_and_the_events_are_read_once_a_minute() {
    let changed = MEMBERS.replace("available", "stopped");
    let wire = shared().answering("DescribeDBInstances", &instances(&changed));
    let wire = wire.answering("DescribeEvents", "<Events/>");
    let aws = Arc::new(wire.clients(SharedCredentialsProvider::new(wire_credentials())));
    assert_eq!(swept(&aws, 90).await, Vec::<String>::new());
    assert_eq!(wire.asked("DescribeEvents").len(), 0, "nobody is interested in anything");
    asked_by_its_object(&aws).await;
    assert_eq!(swept(&aws, 90).await, ["orders"]);
    assert_eq!(wire.asked("DescribeEvents").len(), 1);
    let members = wire.asked("DescribeEvents")[0].members();
    assert_eq!((members["SourceType"].as_str(), members["Duration"].as_str()), ("db-instance", "5"));
    assert_eq!(aws.sweeps().len(), 1);
    assert_eq!(aws.sweeps()[0].thing, "DBInstance");
}

#[tokio::test(start_paused = true)]
async fn an_event_makes_the_sweep_read_its_instance_at_once_and_a_denial_costs_nothing() {
    let event =
        "<Events><Event><SourceIdentifier>Orders</SourceIdentifier><Message>restarted</Message></Event></Events>";
    let ages = Ages::new(Duration::from_secs(3600), Duration::from_secs(10), Duration::from_secs(60));
    for (wire, reads) in [
        (shared().answering("DescribeEvents", event), 2),
        (shared().refusing("DescribeEvents", 400, "AccessDenied", "no"), 1),
    ] {
        let aws = Arc::new(wire.clients_with(SharedCredentialsProvider::new(wire_credentials()), ages));
        asked_by_its_object(&aws).await;
        assert_eq!(swept(&aws, 200).await, Vec::<String>::new());
        assert_eq!(wire.asked("DescribeDBInstances").len(), reads);
        assert_eq!(wire.asked("DescribeEvents").len(), 3);
    }
}
