//! What may be touched: adoption, observation, and what is AWS's own.

use super::*;
use crate::aws::owner::{ALLOW_TAG, CLUSTER_TAG};

const TAKE_OVER: &str = "AddTagsToResource awsdb.dev/cluster awsdb.dev/owner (none)";

/// A snapshot that this object never saw and may take over.
fn foreign() -> Scene {
    let mut scene = of_instance().wants(json!({ "adoption": "IfExists" }));
    scene.inputs.recorded_arn = None;
    scene.inputs.journal = Journal::default();
    scene.snapshot(|snapshot| snapshot.tags = Tags::from([(ALLOW_TAG.into(), "prod/shop".into())]))
}

#[test]
fn a_foreign_snapshot_is_taken_over_by_both_sides_only() {
    assert_eq!(foreign().steps(), [format!("now: {TAKE_OVER}")]);
    assert_eq!(foreign().plan().steps[0].notes, [(RESOURCE_ID.to_string(), ID.to_string())]);
    let untagged = foreign().snapshot(|snapshot| snapshot.tags.clear());
    assert_eq!(untagged.problem().0, Reason::NotAllowed);
    assert_eq!(foreign().wants(json!({ "adoption": "Never" })).problem().0, Reason::Conflict);
    foreign().settles();
}

#[test]
fn what_would_differ_is_approved_with_the_adoption() {
    let scene = foreign().wants(json!({ "shareWith": [] })).seen(|o| o.shares = Seen::Present(names(&["all"])));
    assert_eq!(scene.steps(), [format!("held for approval: {TAKE_OVER}")]);
    let unread = foreign().wants(json!({ "shareWith": [] }));
    assert_eq!((unread.steps().as_slice(), unread.waits_for()), (&NOTHING[..], Some(Reason::Unreadable)));
}

#[test]
fn a_snapshot_of_another_database_is_not_what_the_spec_says() {
    for scene in [of_instance(), foreign()] {
        let scene = scene.snapshot(|snapshot| snapshot.source = "other".into());
        let (reason, text) = scene.problem();
        assert_eq!(reason, Reason::InvalidSpec);
        assert!(text.contains("of DB instance other, not of shop-orders"), "{text}");
        assert!(scene.steps().iter().all(|step| step.starts_with("held")), "{:?}", scene.steps());
    }
    let cased = of(json!({ "rdsInstance": { "identifier": "Shop-Orders" } }));
    assert_eq!(cased.plan().problem, None, "AWS keeps names in lower case");
    let due = of_instance().wants(json!({ "ttl": "1h" })).snapshot(|snapshot| snapshot.source = "other".into());
    assert!(!due.plan().expired, "what may be another's does not expire");
}

#[test]
fn without_a_source_a_snapshot_can_be_taken_over() {
    let mut scene = foreign();
    scene.object.spec.source = None;
    assert_eq!(scene.steps(), [format!("now: {TAKE_OVER}")]);
}

#[test]
fn what_aws_makes_is_looked_at_and_never_taken_over() {
    for kind in ["automated", "awsbackup", "shared", "public"] {
        let scene = foreign().snapshot(|snapshot| snapshot.snapshot_type = kind.into());
        let (reason, text) = scene.problem();
        assert_eq!((reason, scene.steps().as_slice()), (Reason::Conflict, &NOTHING[..]));
        assert!(text.contains(kind) && text.contains("Observe") && text.contains("copyOf"), "{text}");
        let watched = scene.clone().policy(ManagementPolicy::Observe);
        assert_eq!((watched.plan().end, watched.plan().problem), (End::Settled, None), "{kind}");
        assert_eq!(scene.deleting(DeletionPolicy::Delete).plan(), Plan::release(), "{kind} keeps no object");
    }
}

#[test]
fn observe_never_plans_a_step_and_reads_no_copies() {
    for (status, settled) in [("available", true), ("creating", false), ("failed", false), ("deleting", false)] {
        let scene = foreign()
            .wants(
                json!({ "tags": { "a": "b" }, "shareWith": ["111111111111"], "copies": [{ "region": "eu-west-1" }] }),
            )
            .policy(ManagementPolicy::Observe)
            .status(status);
        assert_eq!((scene.steps().as_slice(), scene.plan().end == End::Settled), (&NOTHING[..], settled), "{status}");
        assert!(scene.id().copies.is_empty());
    }
    let missing = foreign().policy(ManagementPolicy::Observe).seen(|observed| observed.snapshot = Seen::Absent);
    assert_eq!(missing.waits_for(), Some(Reason::NotFound));
    let forbidden = foreign().policy(ManagementPolicy::Observe).snapshot(|snapshot| snapshot.tags.clear());
    assert_eq!(forbidden.problem().0, Reason::NotAllowed);
}

#[test]
fn a_namesake_that_was_made_later_is_not_ours() {
    let scene = of_instance().snapshot(|snapshot| snapshot.resource_id = format!("{ARN} 2026-11-24T00:00:00Z"));
    assert_eq!(
        (scene.problem().0, scene.steps()),
        (Reason::IdentityChanged, vec![format!("held for approval: {TAKE_OVER}")])
    );
    assert_eq!(scene.deleting(DeletionPolicy::Delete).problem().0, Reason::IdentityChanged);
    let cluster = of_instance().snapshot(|snapshot| drop(snapshot.tags.insert(CLUSTER_TAG.into(), "cluster-2".into())));
    assert_eq!(cluster.problem().0, Reason::Conflict);
}

#[test]
fn a_snapshot_that_is_being_made_has_no_identity_yet() {
    let scene = of_instance().noted(RESOURCE_ID, "").status("creating").snapshot(|snapshot| {
        snapshot.resource_id = String::new();
    });
    assert_eq!((scene.plan().problem, scene.waits_for()), (None, Some(Reason::Creating)));
}
