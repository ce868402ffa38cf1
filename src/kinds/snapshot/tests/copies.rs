//! Copies in other regions.

use super::*;
use crate::approval::{Circumstances, decide};
use crate::aws::owner::OWNER_TAG;

const REGION: &str = "eu-west-1";

fn with_copy() -> Scene {
    of_instance().wants(json!({ "copies": [{ "region": REGION }] })).copied(REGION, Seen::Absent)
}

/// The copy was made, and is there.
fn copied() -> Scene {
    with_copy().noted("copy/eu-west-1", "made").copied(REGION, Seen::Present(copy(REGION)))
}

fn encrypted(scene: Scene) -> Scene {
    scene.snapshot(|snapshot| (snapshot.encrypted, snapshot.kms_key_id) = (true, Some(KEY.into())))
}

#[test]
fn each_region_gets_its_copy_with_the_owners_tags() {
    let scene = with_copy().wants(json!({ "copies": [{ "region": REGION }, { "region": "us-east-1" }] }));
    let scene = scene.copied("us-east-1", Seen::Absent);
    assert_eq!(
        scene.steps(),
        [format!("now: CopyDBSnapshot to {REGION} (none)"), "now: CopyDBSnapshot to us-east-1 (none)".into()]
    );
    assert!(scene.plan().steps.iter().all(|step| step.thing == "copy"), "one call a round");
    let plan = scene.plan();
    let Call::CopyTo { source_arn, tags, .. } = &plan.steps[0].action.call else { panic!("{plan:?}") };
    assert_eq!((source_arn.as_str(), tags), (ARN, &owner().tags()));
    assert_eq!(plan.steps[0].notes, [("copy/eu-west-1".to_string(), "sent".to_string())]);
    let after = scene.performed().performed();
    assert_eq!(after.inputs.journal.notes["copy/eu-west-1"], "made");
    assert_eq!(after.plan().end, End::Settled);
}

#[test]
fn a_cluster_snapshot_is_copied_by_its_own_call() {
    let scene =
        of(json!({ "auroraServerless": { "name": "orders" } })).wants(json!({ "copies": [{ "region": REGION }] }));
    assert_eq!(scene.copied(REGION, Seen::Absent).steps(), [format!("now: CopyDBClusterSnapshot to {REGION} (none)")]);
}

#[test]
fn nothing_is_copied_before_the_snapshot_is_available() {
    for status in ["creating", "copying", "upgrading"] {
        assert_eq!(with_copy().status(status).steps(), NOTHING, "{status}");
    }
}

#[test]
fn an_encrypted_snapshot_needs_a_key_of_each_region() {
    let (reason, text) = encrypted(with_copy()).problem();
    assert_eq!((reason, encrypted(with_copy()).steps().as_slice()), (Reason::InvalidSpec, &NOTHING[..]));
    assert!(text.contains("spec.copies[eu-west-1].kmsKeyId"), "{text}");
    let keyed = encrypted(with_copy()).wants(json!({ "copies": [{ "region": REGION, "kmsKeyId": "alias/dr" }] }));
    assert_eq!(keyed.steps(), [format!("now: CopyDBSnapshot to {REGION} with alias/dr (none)")]);
    let own = with_copy().snapshot(|snapshot| snapshot.encrypted = true);
    assert_eq!(own.steps().len(), 1, "a key that AWS owns needs no other");
}

#[test]
fn the_own_region_takes_no_copy() {
    let scene = of_instance().wants(json!({ "copies": [{ "region": "eu-central-1" }] }));
    assert!(scene.id().copies.is_empty(), "what is there is the snapshot itself");
    assert_eq!((scene.problem().0, scene.steps().as_slice()), (Reason::InvalidSpec, &NOTHING[..]));
}

#[test]
fn a_copy_under_way_is_waited_for_and_ready_does_not_wait() {
    let copying = Snapshot { status: "copying".into(), progress: Some(47), ..copy(REGION) };
    let scene = copied().copied(REGION, Seen::Present(copying));
    let plan = scene.plan();
    assert_eq!((plan.end, scene.waits_for()), (End::Open, Some(Reason::Updating)));
    assert!(plan.waiting.unwrap().message.contains("copying 40%"));
    assert_eq!(scene.object.ready(&scene.inputs, &scene.observed), Readiness::Yes);
}

#[test]
fn a_copy_that_vanished_is_made_again_only_by_approval() {
    let scene = copied().copied(REGION, Seen::Absent);
    assert_eq!(scene.steps(), [format!("held for approval: CopyDBSnapshot to {REGION} (none)")]);
    let (reason, text) = scene.problem();
    assert_eq!(reason, Reason::ExternallyDeleted);
    assert!(text.contains("the copy in eu-west-1") && text.contains("awsdb.dev/approve"), "{text}");
    let sent = with_copy().noted("copy/eu-west-1", "sent");
    assert_eq!(
        sent.steps(),
        [format!("now: CopyDBSnapshot to {REGION} (none)")],
        "one that never came is asked for again"
    );
}

#[test]
fn a_copy_of_somebody_else_is_not_touched() {
    let others = |tags: Tags| with_copy().copied(REGION, Seen::Present(Snapshot { tags, ..copy(REGION) }));
    for tags in [Tags::new(), Tags::from([(OWNER_TAG.into(), "prod/DbSnapshot/shop/other".into())])] {
        let scene = others(tags.clone());
        assert_eq!((scene.problem().0, scene.steps().as_slice()), (Reason::Conflict, &NOTHING[..]));
        assert_eq!(scene.facts().copies[REGION], "not this object's");
        let going = scene.deleting(DeletionPolicy::Delete);
        assert_eq!(going.steps(), ["now: DeleteDBSnapshot here (data-loss)"], "nor deleted");
    }
    let fresh = others(Tags::new()).noted("copy/eu-west-1", "sent").called("copy", "CopyDBSnapshot", 5);
    assert_eq!((fresh.plan().problem, fresh.waits_for()), (None, Some(Reason::Creating)), "tags may come late");
    let late = others(Tags::new()).noted("copy/eu-west-1", "sent").called("copy", "CopyDBSnapshot", 120);
    assert_eq!(late.problem().0, Reason::Conflict);
}

#[test]
fn copies_follow_the_tags() {
    let scene = copied().wants(json!({ "tags": { "team": "shop" } }));
    assert_eq!(scene.steps(), ["now: AddTagsToResource team (none)", "now: AddTagsToResource team (none)"]);
    scene.settles();
}

#[test]
fn a_failed_copy_says_the_way_out() {
    let scene = copied().copied(REGION, Seen::Present(Snapshot { status: "failed".into(), ..copy(REGION) }));
    let (reason, text) = scene.problem();
    assert_eq!(reason, Reason::Broken);
    assert!(text.contains("remove the region from spec.copies"), "{text}");
}

#[test]
fn a_region_that_leaves_the_spec_keeps_its_copy_under_retain() {
    let scene = copied().wants(json!({ "copies": [] }));
    assert_eq!((scene.steps().as_slice(), scene.plan().end), (&NOTHING[..], End::Settled));
    assert!(scene.id().copies.contains(REGION), "it is still looked at");
    assert_eq!(scene.facts().copies[REGION], "available, left: spec.copies no longer names it");
}

#[test]
fn a_region_that_leaves_the_spec_loses_its_copy_under_delete_after_approval() {
    let mut scene = copied().wants(json!({ "copies": [] }));
    scene.object.spec.shared.deletion_policy = DeletionPolicy::Delete;
    assert_eq!(scene.steps(), [format!("now: DeleteDBSnapshot in {REGION} (data-loss)")]);
    let accepted = BTreeSet::new();
    let circumstances = Circumstances {
        want: Want::Present,
        policy: ManagementPolicy::Manage,
        journal: &scene.inputs.journal,
        approve: None,
        brake: None,
        accepted: &accepted,
        settle: scene.inputs.clocks.settle,
        now: scene.inputs.now,
    };
    let decision = decide(scene.plan(), &circumstances);
    assert_eq!((decision.run.len(), decision.waiting.map(|w| w.reason)), (0, Some(Reason::WaitingForApproval)));
    let unmanaged = scene.clone().wants(json!({ "copies": null }));
    assert_eq!(unmanaged.steps(), NOTHING, "an absent field is not managed");
    let after = scene.performed();
    assert_eq!(after.plan().forget, ["copy/eu-west-1"]);
    assert!(!after.performed().inputs.journal.notes.contains_key("copy/eu-west-1"));
}

#[test]
fn a_copy_that_is_being_made_is_not_deleted_yet() {
    let mut scene = copied().wants(json!({ "copies": [] }));
    scene.object.spec.shared.deletion_policy = DeletionPolicy::Delete;
    let scene = scene.copied(REGION, Seen::Present(Snapshot { status: "copying".into(), ..copy(REGION) }));
    assert_eq!(scene.steps(), [format!("later (Busy): DeleteDBSnapshot in {REGION} (data-loss)")]);
}

#[test]
fn a_region_that_does_not_answer_is_waited_for_and_is_no_news() {
    let mut scene = copied().copied(REGION, Seen::Unread("timeout".into()));
    scene.object.status.as_mut().unwrap().facts.copies = [(REGION.into(), "available".into())].into();
    assert_eq!((scene.steps().as_slice(), scene.waits_for()), (&NOTHING[..], Some(Reason::Unreadable)));
    assert_eq!(scene.facts().copies[REGION], "available");
}
