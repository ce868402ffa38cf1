//! Backups of tables, on which AWS keeps no tags and whose names it takes twice.

use super::*;
use crate::life::Verdict;

fn unmade_backup() -> Scene {
    unmade(json!({ "dynamoTable": { "name": "orders" } }))
}

/// CreateBackup was noted and sent this many seconds ago.
fn sent(seconds: i64) -> Scene {
    let scene = unmade_backup().called(DbSnapshot::MAIN, "CreateBackup", seconds);
    let at = scene.inputs.now - jiff::SignedDuration::from_secs(seconds);
    scene.noted(RESOURCE_ID, "").noted("source", "shop-orders").noted(UNTAGGED, &format!("shop-orders|{at}"))
}

/// A backup without tags that was made this many seconds ago.
fn listed(scene: Scene, seconds: i64) -> Scene {
    let created = Some(scene.inputs.now - jiff::SignedDuration::from_secs(seconds));
    scene.seen(|observed| {
        observed.snapshot = Seen::Present(Snapshot { created, ..backup(Tags::new()) });
        observed.source = Seen::Unread("not asked for".into());
    })
}

#[test]
fn the_intent_is_noted_ahead_of_a_call_that_takes_no_tags() {
    let plan = unmade_backup().wants(json!({ "tags": { "team": "shop" } })).plan();
    let step = &plan.steps[0];
    assert_eq!(step.action.call, Call::Create { source: "shop-orders".into(), tags: Tags::new() });
    let note = |key: &str| step.notes.iter().find(|note| note.0 == key).map(|note| note.1.as_str());
    assert_eq!(note(UNTAGGED), Some("shop-orders|2026-11-25T12:00:00Z"));
    assert_eq!((note(RESOURCE_ID), note("source")), (Some(""), Some("shop-orders")));
}

#[test]
fn the_backup_of_the_noted_call_is_recorded_and_then_ours() {
    let scene = listed(sent(20), 18);
    let plan = scene.plan();
    assert_eq!(plan.noted, [(RESOURCE_ID.to_string(), BACKUP.to_string())]);
    assert_eq!((scene.steps().as_slice(), scene.waits_for()), (&NOTHING[..], Some(Reason::Creating)));
    let scene = scene.performed();
    let id = scene.id();
    assert_eq!(id.recorded, Some((BACKUP.to_string(), owner().tags())));
    assert_eq!(id.source, None, "it is looked for by ARN from now on");
    let scene = scene.snapshot(|snapshot| snapshot.tags = id.recorded.unwrap().1);
    let plan = scene.plan();
    assert_eq!((plan.end, plan.forget.as_slice()), (End::Settled, &[UNTAGGED.to_string()][..]), "{plan:?}");
}

#[test]
fn a_lost_answer_is_not_repeated_before_its_backup_would_show() {
    let at = |seconds| sent(seconds);
    assert_eq!(at(20).steps(), ["later (Creating): CreateBackup of shop-orders (none)"]);
    assert_eq!(at(119).steps(), ["later (Creating): CreateBackup of shop-orders (none)"]);
    assert_eq!(at(120).steps(), ["now: CreateBackup of shop-orders (none)"]);
    let refused = at(20).given(|inputs| {
        inputs.journal.calls.get_mut(DbSnapshot::MAIN).unwrap().step.clear();
    });
    assert_eq!(refused.steps(), ["now: CreateBackup of shop-orders (none)"], "AWS said that it made none");
    let again = at(200).plan();
    let note = again.steps[0].notes.iter().find(|note| note.0 == UNTAGGED).unwrap();
    assert_eq!(note.1, "shop-orders|2026-11-25T11:56:40Z", "the first of the tries may be the one that AWS got");
}

#[test]
fn a_namesake_is_not_taken_for_ours() {
    for (scene, why) in
        [(listed(unmade_backup(), 20), "nothing was asked for"), (listed(sent(200), 400), "it was there before")]
    {
        assert_eq!((scene.problem().0, scene.steps().as_slice()), (Reason::Conflict, &NOTHING[..]), "{why}");
    }
    let other = listed(sent(200), 190).snapshot(|snapshot| snapshot.source = "other".into());
    assert_eq!(other.problem().0, Reason::Conflict);
    let going = listed(sent(200), 400).deleting(DeletionPolicy::Delete);
    assert_eq!(going.plan(), Plan::release(), "nor deleted");
}

#[test]
fn a_backup_without_a_record_is_found_by_its_table() {
    let scene = unmade_backup();
    assert_eq!(scene.id().source, Some(SourceId::Database("shop-orders".into())));
    let lost = sent(20).given(|inputs| inputs.objects.clear());
    assert_eq!(lost.id().source, Some(SourceId::Database("shop-orders".into())), "the note tells, without the object");
    let going = lost.deleting(DeletionPolicy::Delete);
    assert_eq!(going.id().source, Some(SourceId::Database("shop-orders".into())));
}

#[test]
fn a_backup_whose_answer_was_lost_is_deleted_with_its_object() {
    let scene = listed(sent(60), 58).deleting(DeletionPolicy::Delete);
    assert_eq!(scene.steps(), ["now: DeleteBackup here (data-loss)"]);
    let unlisted = sent(60).deleting(DeletionPolicy::Delete);
    assert_eq!((unlisted.steps().as_slice(), unlisted.waits_for()), (&NOTHING[..], Some(Reason::Creating)));
}

#[test]
fn ours_settles_without_tags_copies_or_shares() {
    let scene = of_table().wants(json!({ "tags": { "team": "shop" } }));
    assert_eq!((scene.steps().as_slice(), scene.plan().end), (&NOTHING[..], End::Settled));
    let id = scene.wants(json!({ "copies": [{ "region": "us-east-1" }], "shareWith": ["111122223333"] })).id();
    assert!(id.copies.is_empty() && !id.shares, "AWS has neither for backups");
}

#[test]
fn taking_a_backup_over_is_recording_it_and_needs_a_trusted_account() {
    let foreign = |trusted: bool| {
        let scene = listed(unmade_backup(), 5000).wants(json!({ "adoption": "IfExists" }));
        scene.given(|inputs| inputs.trust_account = trusted)
    };
    assert_eq!(foreign(false).problem().0, Reason::NotAllowed);
    assert_eq!(foreign(true).plan().noted, [(RESOURCE_ID.to_string(), BACKUP.to_string())]);
    let other = foreign(true).snapshot(|snapshot| snapshot.source = "other".into());
    assert_eq!((other.problem().0, other.plan().noted.len()), (Reason::InvalidSpec, 0));
}

#[test]
fn a_backup_of_aws_backup_is_left_to_it() {
    for kind in ["aws_backup", "system"] {
        let scene = of_table().snapshot(|snapshot| snapshot.snapshot_type = kind.into());
        assert_eq!(scene.problem().0, Reason::Conflict);
        assert_eq!(scene.deleting(DeletionPolicy::Delete).plan(), Plan::release());
    }
}

#[test]
fn only_a_backup_tells_of_what_and_when_it_was_made() {
    let thing = |scene: &Scene| scene.object.thing(&scene.observed).present().unwrap().origin.clone();
    let origin = thing(&of_table()).unwrap();
    assert_eq!((origin.source.as_deref(), origin.at), (Some("shop-orders"), TAKEN.parse().ok()));
    assert_eq!(thing(&of_instance()), None);
    // With an origin, a snapshot of an instance that lost its tag could be claimed without asking.
    let scene = of_instance().snapshot(|snapshot| snapshot.tags.clear());
    let verdict = crate::life::verdict(
        Want::Present,
        &scene.object.spec.shared,
        &scene.inputs,
        &scene.object.thing(&scene.observed),
        "it",
    );
    assert!(matches!(verdict, Verdict::Adopt(Some(_))), "{verdict:?}");
}
