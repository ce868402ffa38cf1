//! The rules that make it safe to read AWS like an informer's cache (architecture.md section 5): for each the situation
//! that it prevents. The inventory is the real one; the listing behind it is open to every fault.

use std::time::Duration;

use awsdb::aws::inventory::Cause;
use awsdb::aws::owner::Tags;
use awsdb::aws::rds::{Action, Id, Instance};
use awsdb::aws::{Cloud, Look};
use awsdb::spec::annotation;

use crate::sim::builder::{Manifest, named, rds};
use crate::sim::faults::{At, Fault};
use crate::sim::kube::Key;
use crate::sim::swept::{BATCHED, Fleet, NEXT_PAGE};

const WINDOW: u64 = 60;

fn key(name: &str) -> Key {
    ("shop".into(), name.into())
}

fn many(count: usize) -> impl Iterator<Item = Manifest> {
    (0..count).map(|number| named(&format!("db{number:03}")))
}

/// Somebody changes an instance in AWS's console.
fn drift(fleet: &Fleet, name: &str, change: impl FnOnce(&mut Instance)) {
    fleet.aws(|aws| change(&mut aws.instances.get_mut(&format!("shop-{name}")).expect("it exists").shown));
}

fn unprotect(instance: &mut Instance) {
    instance.settings.deletion_protection = Some(false);
}

fn protected() -> Manifest {
    rds().protected(true)
}

#[tokio::test(start_paused = true)]
async fn an_idle_fleet_makes_a_call_a_hundred_objects_and_window_and_no_full_round() {
    let count = 250;
    let mut fleet = Fleet::of(many(count)).await;
    for number in 0..count {
        assert!(fleet.is_true(&key(&format!("db{number:03}")), "Ready"), "db{number:03}");
    }
    // Each has had its resync within ten minutes: between two of them nothing is looked at.
    let (mark, told) = (fleet.mark(), fleet.told.len());
    fleet.run(10 * WINDOW).await;
    let calls = fleet.sent(mark, BATCHED);
    let (resyncs, rounds) = (fleet.full_rounds(mark).len(), fleet.mark().1 - mark.1);
    assert_eq!(fleet.direct_looks(mark), 0);
    assert!(fleet.aws_writes(mark).is_empty());
    // Three requests read them all, in nine tenths of the window.
    assert!((30..=36).contains(&calls), "{calls} calls in ten windows");
    assert!(resyncs <= count * 2, "{resyncs} full rounds in the time of a resync");
    assert!(rounds >= count * 11, "{rounds} checks of Secrets");
    assert!(fleet.told[told..].iter().all(|(_, cause)| *cause == Cause::Resync));
}

#[tokio::test(start_paused = true)]
async fn every_object_has_a_full_round_at_least_every_ten_minutes() {
    let mut fleet = Fleet::of(many(30)).await;
    for _ in 0..3 {
        let mark = fleet.mark();
        fleet.run(600).await;
        let looked: std::collections::BTreeSet<&str> = fleet.full_rounds(mark).into_iter().collect();
        assert_eq!(looked.len(), 30, "{looked:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_in_aws_is_seen_within_the_window_without_a_round_of_the_others() {
    let mut fleet = Fleet::of(many(20).chain([protected()])).await;
    for second in [0, 17, 31, 44] {
        fleet.run(second).await;
        drift(&fleet, "orders", unprotect);
        let (mark, told) = (fleet.mark(), fleet.told.len());
        fleet.run(WINDOW).await;
        assert_eq!(fleet.aws_writes(mark), ["ModifyDBInstance"], "after {second} s");
        let others = fleet.full_rounds(mark).into_iter().filter(|name| *name != "orders").count();
        let resyncs = fleet.told[told..].iter().filter(|(_, cause)| *cause == Cause::Resync).count();
        assert!(others <= resyncs, "{others} rounds of others, {resyncs} of them their resync");
        fleet.run(200).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_costs_no_second_call_before_the_direct_look_that_an_action_needs() {
    let mut fleet = Fleet::of([rds()]).await;
    // It concerns us not: the round looks, and finds nothing to do.
    drift(&fleet, "orders", |instance| instance.secondary_zone = Some("us-east-1c".into()));
    let mark = fleet.mark();
    fleet.run(WINDOW).await;
    assert!(fleet.told.contains(&(key("orders"), Cause::Changed)));
    assert!(!fleet.full_rounds(mark).is_empty());
    let calls = (fleet.sent(mark, BATCHED), fleet.direct_looks(mark));
    assert!(calls.0 <= 2 && calls.1 == 0, "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn a_hint_is_seen_long_before_the_window() {
    let mut fleet = Fleet::of([protected()]).await;
    for _ in 0..4 {
        drift(&fleet, "orders", unprotect);
        let mark = fleet.mark();
        fleet.hint("shop-orders");
        fleet.run(3).await;
        assert_eq!(fleet.aws_writes(mark), ["ModifyDBInstance"]);
        fleet.run(213).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_older_than_our_last_write_is_not_served() {
    let fleet = Fleet::of([rds()]).await;
    // While AWS works on it, what was read is shared for some seconds.
    drift(&fleet, "orders", |instance| instance.status = "storage-optimization".into());
    let id = Id { region: "us-east-1".into(), identifier: "shop-orders".into(), ..Id::default() };
    let look =
        async || fleet.cloud().observe(&id, Look::Shared).await.unwrap().observed.instance.present().unwrap().clone();
    let before = look().await;
    let mark = fleet.mark();
    assert_eq!(look().await, before);
    assert_eq!(fleet.sent(mark, BATCHED), 0, "it is shared");
    let tags = [("team".to_string(), "a".to_string())].into();
    for fault in [None, Some(Fault::ReplyLost)] {
        if let Some(fault) = fault {
            fleet.shared.lock().faults.push((At::Next("AddTagsToResource"), fault));
        }
        let tag = Action::Tag { arn: before.arn.clone(), tags: Tags::clone(&tags) };
        assert_eq!(fleet.cloud().perform(&id, &tag, None).await.is_err(), fault.is_some());
        tokio::time::advance(Duration::from_millis(10)).await;
        assert_eq!(look().await.tags["team"], "a", "{fault:?}");
        assert_eq!(fleet.cloud().version(&id), None, "nor is nothing known to have changed");
        drift(&fleet, "orders", |instance| drop(instance.tags.insert("team".into(), "b".into())));
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(look().await.tags["team"], "b");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_listing_misses_is_looked_at_directly_and_only_two_of_these_looks_prove_an_absence() {
    let mut fleet = Fleet::of([rds(), named("other")]).await;
    let db = fleet.aws(|aws| aws.instances.remove("shop-orders").unwrap());
    let mark = fleet.mark();
    fleet.run(WINDOW).await;
    assert!(fleet.told.contains(&(key("orders"), Cause::Missing)), "{:?}", fleet.told);
    assert!(fleet.direct_looks(mark) >= 1, "a listing is a hint");
    assert_eq!(fleet.condition(&key("orders"), "Synced").unwrap().1, "ProvingAbsence");
    // It was there all along.
    fleet.aws(|aws| aws.instances.insert("shop-orders".into(), db));
    fleet.run(120).await;
    assert!(fleet.is_true(&key("orders"), "Synced"), "{:?}", fleet.condition(&key("orders"), "Synced"));
    fleet.aws(|aws| aws.instances.remove("shop-orders"));
    let mark = fleet.mark();
    fleet.run(200).await;
    assert!(fleet.direct_looks(mark) >= 2);
    assert_eq!(fleet.condition(&key("orders"), "Stalled").unwrap().1, "ExternallyDeleted");
    assert!(fleet.aws_writes(mark).is_empty(), "and nothing is made in its place");
}

#[tokio::test(start_paused = true)]
async fn a_page_that_fails_midway_changes_nothing_and_is_never_an_absence() {
    for fault in [Fault::RequestLost, Fault::ReplyLost, Fault::Throttled] {
        let mut fleet = Fleet::of(many(90)).await;
        // Of each request the first page comes and the second does not.
        let (mark, told) = (fleet.mark(), fleet.told.len());
        fleet.fault(At::Each(NEXT_PAGE), fault);
        fleet.run(80).await;
        assert!(fleet.sent(mark, NEXT_PAGE) > 0);
        assert_eq!(fleet.direct_looks(mark), 0, "{fault:?}");
        fleet.clear_faults();
        let causes: Vec<_> = fleet.told[told..].iter().filter(|(_, cause)| *cause != Cause::Resync).collect();
        assert_eq!(causes, Vec::<&(Key, Cause)>::new(), "{fault:?}");
        fleet.run(300).await;
        assert!(fleet.aws_writes(mark).is_empty(), "{fault:?}");
        for number in 0..90 {
            assert!(fleet.is_true(&key(&format!("db{number:03}")), "Synced"), "{fault:?} db{number:03}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn while_the_sweep_cannot_read_the_rounds_do_not_believe_that_nothing_has_changed() {
    let mut fleet = Fleet::of([protected()]).await;
    fleet.fault(At::Each(BATCHED), Fault::RequestLost);
    fleet.run(2 * WINDOW + 10).await;
    let mark = fleet.mark();
    fleet.run(WINDOW * 2).await;
    assert!(!fleet.full_rounds(mark).is_empty());
    assert!(fleet.rounds[mark.1..].iter().all(|ran| ran.result == "unreadable"), "{:?}", &fleet.rounds[mark.1..]);
    drift(&fleet, "orders", unprotect);
    fleet.clear_faults();
    let mark = fleet.mark();
    fleet.run(2 * WINDOW).await;
    assert_eq!(fleet.aws_writes(mark), ["ModifyDBInstance"]);
}

#[tokio::test(start_paused = true)]
async fn a_poke_that_is_lost_is_made_good_by_the_next_check_of_the_secrets() {
    let mut fleet = Fleet::of([protected()]).await;
    fleet.deaf = true;
    drift(&fleet, "orders", unprotect);
    let mark = fleet.mark();
    fleet.run(2 * WINDOW).await;
    assert_eq!(fleet.aws_writes(mark), ["ModifyDBInstance"]);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_the_listing_does_not_show_is_seen_with_the_resync() {
    let parameters = rds().parameter("work_mem", "8");
    let mut fleet = Fleet::of([parameters]).await;
    let group = fleet.aws(|aws| aws.parameter_groups.keys().next().unwrap().clone());
    fleet.aws(|aws| aws.parameter_groups.get_mut(&group).unwrap().values.insert("work_mem".into(), "9".into()));
    fleet.deaf = true;
    let mark = fleet.mark();
    fleet.run(600 + WINDOW).await;
    assert_eq!(fleet.aws_writes(mark).first(), Some(&"ModifyDBParameterGroup"));
}

#[tokio::test(start_paused = true)]
async fn a_restart_loses_what_was_to_be_told_and_the_first_round_sees_it() {
    let mut fleet = Fleet::of([protected()]).await;
    drift(&fleet, "orders", unprotect);
    fleet.restart();
    let mark = fleet.mark();
    fleet.run(20).await;
    assert_eq!(fleet.aws_writes(mark), ["ModifyDBInstance"]);
}

#[tokio::test(start_paused = true)]
async fn a_crash_in_the_middle_of_a_sweep_or_a_round_leaves_nothing_wrong() {
    for (operation, fault) in [
        (BATCHED, Fault::CrashBefore),
        (BATCHED, Fault::CrashAfter),
        ("ModifyDBInstance", Fault::CrashBefore),
        ("ModifyDBInstance", Fault::CrashAfter),
        ("secret", Fault::CrashAfter),
    ] {
        let mut fleet = Fleet::of([protected(), named("other")]).await;
        drift(&fleet, "orders", unprotect);
        fleet.fault(At::Next(operation), fault);
        fleet.run(6 * WINDOW).await;
        let orders = fleet.aws(|aws| aws.instances["shop-orders"].shown.settings.deletion_protection);
        assert_eq!(orders, Some(true), "{operation} {fault:?}");
        assert!(fleet.is_true(&key("orders"), "Synced") && fleet.is_true(&key("other"), "Synced"));
        assert_eq!(fleet.aws(|aws| aws.made.len()), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_secret_that_was_deleted_is_back_within_the_poll_of_secrets() {
    let mut fleet = Fleet::of([rds(), named("other")]).await;
    let place = ("shop".to_string(), "orders-connection".to_string());
    for _ in 0..3 {
        fleet.run(13).await;
        assert!(fleet.shared.lock().kube.secrets.remove(&place).is_some());
        let mark = fleet.mark();
        fleet.run(WINDOW).await;
        assert!(fleet.shared.lock().kube.secrets.contains_key(&place), "{:?}", &fleet.rounds[mark.1..]);
        assert!(fleet.aws_writes(mark).is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_password_that_the_user_changes_reaches_the_database_within_the_poll_of_secrets() {
    let mut fleet = Fleet::new();
    let write = |fleet: &Fleet, password: &str| {
        let mut universe = fleet.shared.lock();
        let stored = universe.kube.secrets.get(&("shop".into(), "mine".into())).cloned();
        let mut secret = stored.unwrap_or_default();
        secret.name = "mine".into();
        secret.data.insert("password".into(), awsdb::aws::Password::new(password));
        universe.kube.write_secret("shop", &secret).unwrap();
    };
    write(&fleet, "the-first-password");
    fleet.apply(rds().password_from("mine"));
    fleet.run(400).await;
    for password in ["the-second-password", "the-third-password"] {
        write(&fleet, password);
        let mark = fleet.mark();
        fleet.run(WINDOW).await;
        assert_eq!(fleet.aws_writes(mark), ["ModifyDBInstance"], "{password}");
        fleet.run(200).await;
        assert_eq!(fleet.aws(|aws| aws.instances["shop-orders"].password.clone()), password);
    }
}

#[tokio::test(start_paused = true)]
async fn an_annotation_or_an_edit_that_meets_a_round_is_not_passed_over() {
    let mut fleet = Fleet::of([rds().at_once()]).await;
    // Nothing wakes the object: it is found at its next check.
    fleet.shared.lock().kube.edit(&key("orders"), |object| {
        object.metadata.annotations.get_or_insert_default().insert(annotation::ROTATE.into(), "1".into());
    });
    let mark = fleet.mark();
    fleet.run(WINDOW).await;
    assert_eq!(fleet.aws_writes(mark), ["ModifyDBInstance"]);
    fleet.run(200).await;
    fleet.shared.lock().kube.edit(&key("orders"), |object| object.status = None);
    fleet.run(WINDOW).await;
    assert!(fleet.is_true(&key("orders"), "Ready"), "a lost status is written again");
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_looked_at_in_full_at_every_check() {
    let mut fleet = Fleet::of([rds()]).await;
    fleet.apply(rds().class("db.t4g.small"));
    fleet.run(300).await;
    let mark = fleet.mark();
    fleet.run(600).await;
    let (full, all) = (fleet.full_rounds(mark).len(), fleet.rounds.len() - mark.1);
    assert!(full == all && all >= 9, "{full} of {all}");
    assert!(fleet.aws_writes(mark).is_empty(), "it waits for the window");
}
