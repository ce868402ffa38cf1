//! Deleting the object: what is kept, what goes in which order, and what a time to live does.

use super::*;
use crate::aws::Action as _;

const REGION: &str = "eu-west-1";

fn leaving() -> Scene {
    of_instance().deleting(DeletionPolicy::Delete)
}

fn with_copies() -> Scene {
    leaving()
        .wants(json!({ "copies": [{ "region": REGION }] }))
        .noted("copy/us-east-1", "made")
        .copied(REGION, Seen::Present(copy(REGION)))
        .copied("us-east-1", Seen::Present(copy("us-east-1")))
}

#[test]
fn retain_and_observe_call_nothing() {
    assert_eq!(of_instance().deleting(DeletionPolicy::Retain).plan(), Plan::release());
    assert_eq!(leaving().policy(ManagementPolicy::Observe).plan(), Plan::release());
    let unread = of_instance().deleting(DeletionPolicy::Retain).seen(|o| o.snapshot = Seen::Unread("down".into()));
    assert_eq!(unread.plan(), Plan::release(), "it cannot hang on AWS");
    assert!(!of_instance().object.spec.shared.needs_finalizer());
}

#[test]
fn copies_go_first_then_the_snapshot_then_the_object() {
    let scene = with_copies();
    assert_eq!(scene.id().copies, names(&[REGION, "us-east-1"]));
    let copies = [
        format!("now: DeleteDBSnapshot in {REGION} (data-loss)"),
        "now: DeleteDBSnapshot in us-east-1 (data-loss)".into(),
    ];
    assert_eq!(scene.steps(), copies);
    let scene = scene.performed();
    assert_eq!(scene.steps(), ["now: DeleteDBSnapshot here (data-loss)"]);
    let once = scene.performed();
    assert_eq!(once.waits_for(), Some(Reason::ProvingAbsence), "one look proves nothing");
    assert_eq!(once.gone().plan(), Plan::release());
}

#[test]
fn copies_of_a_snapshot_that_is_gone_go_too() {
    let scene = with_copies().gone();
    assert_eq!(scene.steps().len(), 2);
    assert_eq!(scene.performed().plan(), Plan::release());
}

#[test]
fn only_what_is_available_or_has_failed_is_deleted() {
    for (status, deletes) in [
        ("available", true),
        ("failed", true),
        ("creating", false),
        ("copying", false),
        ("deleting", false),
        ("upgrading", false),
    ] {
        let scene = leaving().status(status);
        assert_eq!(scene.steps().len(), usize::from(deletes), "{status}");
        assert_eq!(scene.waits_for(), Some(Reason::Deleting), "{status}");
        let copy = Snapshot { status: status.into(), ..copy(REGION) };
        let scene = leaving().wants(json!({ "copies": [{ "region": REGION }] })).copied(REGION, Seen::Present(copy));
        let steps = if deletes { vec![format!("now: DeleteDBSnapshot in {REGION} (data-loss)")] } else { Vec::new() };
        assert_eq!(scene.steps(), steps, "{status}: and the snapshot waits for its copies");
    }
}

#[test]
fn a_copy_that_cannot_be_read_keeps_the_object() {
    for scene in [with_copies(), with_copies().gone()] {
        let scene = scene.copied(REGION, Seen::Unread("down".into())).copied("us-east-1", Seen::Absent);
        assert_eq!((scene.steps().as_slice(), scene.waits_for()), (&NOTHING[..], Some(Reason::Unreadable)));
    }
}

#[test]
fn another_owners_snapshot_stays() {
    let scene = leaving().snapshot(|snapshot| snapshot.tags.clear()).given(|inputs| inputs.recorded_arn = None);
    assert_eq!(scene.given(|inputs| inputs.journal.notes.clear()).plan(), Plan::release());
    let lost = leaving().snapshot(|snapshot| snapshot.tags.clear());
    assert_eq!(lost.problem().0, Reason::Conflict, "ours without its tag is not deleted");
}

#[test]
fn a_backup_is_deleted_by_its_arn() {
    let scene = of_table().deleting(DeletionPolicy::Delete);
    assert_eq!(scene.steps(), ["now: DeleteBackup here (data-loss)"]);
    let plan = scene.plan();
    assert!(matches!(&plan.steps[0].action.call, Call::Delete { arn, .. } if arn == BACKUP), "{plan:?}");
    assert_eq!(scene.gone().plan(), Plan::release());
}

#[test]
fn a_time_to_live_expires_the_object_and_nothing_else_is_done() {
    let scene = |ttl: &str| of_instance().wants(json!({ "ttl": ttl, "deletionPolicy": "Delete" }));
    for (ttl, expired) in [("129h", true), ("130h", false), ("5d", true), ("6d", false)] {
        let plan = scene(ttl).plan();
        assert_eq!((plan.expired, plan.steps.len()), (expired, 0), "{ttl}");
        assert_eq!(plan.end == End::Settled, !expired, "{ttl}");
    }
    let due = scene("5d").wants(json!({ "tags": { "a": "b" } }));
    assert_eq!((due.plan().expired, due.steps().as_slice()), (true, &NOTHING[..]));
    assert_eq!(scene("130h").facts().expires.unwrap().0.to_string(), "2026-11-25T13:00:00Z");
    for status in ["creating", "copying", "failed"] {
        assert!(!scene("1h").status(status).plan().expired, "{status}");
    }
    assert!(!scene("1h").policy(ManagementPolicy::Observe).plan().expired, "what is only observed is not deleted");
    assert!(!scene("1h").snapshot(|snapshot| snapshot.tags.clear()).plan().expired, "nor what is not ours");
    assert!(!scene("1h").snapshot(|snapshot| snapshot.created = None).plan().expired, "nor what has no age");
}

#[test]
fn only_a_deletion_that_was_not_asked_for_ahead_counts_for_the_brake() {
    let deletes = |scene: Scene| -> Vec<(String, bool)> {
        scene.plan().steps.iter().map(|step| (detail(&step.action.call), step.action.deletes())).collect()
    };
    assert_eq!(deletes(leaving()), [("here".to_string(), true)]);
    assert_eq!(deletes(leaving().wants(json!({ "ttl": "6d" }))), [("here".to_string(), true)]);
    assert_eq!(deletes(leaving().wants(json!({ "ttl": "5d" }))), [("here, expired".to_string(), false)]);
    let copies = deletes(with_copies().wants(json!({ "ttl": "5d" })));
    assert_eq!(copies, [(format!("in {REGION}, expired"), false), ("in us-east-1, expired".into(), false)]);
}

#[test]
fn a_ttl_that_is_beyond_all_time_never_comes() {
    for ttl in ["9999999d", "h", "", "x", "5w", "-1h"] {
        let scene = of_instance().wants(json!({ "ttl": ttl, "deletionPolicy": "Delete" }));
        assert_eq!((scene.plan().expired, scene.facts().expires), (false, None), "{ttl}");
    }
}
