//! Readiness, and what status says.

use super::*;

/// Ready, as it was, or not, and why.
fn word(scene: &Scene) -> String {
    match scene.object.ready(&scene.inputs, &scene.observed) {
        Readiness::Yes => "yes".into(),
        Readiness::AsBefore(waiting) => format!("as before: {}", waiting.reason),
        Readiness::No(waiting) => format!("no: {}", waiting.reason),
    }
}

#[test]
fn it_is_ready_once_it_can_be_restored() {
    for (status, ready, end) in [
        ("available", "yes", End::Settled),
        ("creating", "no: Creating", End::Open),
        ("copying", "no: Creating", End::Open),
        ("deleting", "no: Deleting", End::Open),
        ("failed", "no: Broken", End::Open),
        ("upgrading", "as before: Updating", End::Open),
        ("brand-new", "as before: Updating", End::Open),
    ] {
        let scene = of_instance().status(status);
        assert_eq!((word(&scene).as_str(), scene.plan().end), (ready, end), "{status}");
        assert_eq!(scene.steps(), NOTHING, "{status}");
    }
    assert_eq!(word(&of_instance().gone()), "no: NotServing");
}

#[test]
fn a_failed_snapshot_says_that_a_new_object_is_needed() {
    let (reason, text) = of_instance().status("failed").problem();
    assert_eq!(reason, Reason::Broken);
    assert!(text.contains("make a new object"), "{text}");
}

#[test]
fn progress_is_news_every_ten_percent() {
    let at = |percent| {
        let scene = of_instance().status("creating").snapshot(|snapshot| snapshot.progress = Some(percent));
        (scene.facts(), scene.plan().waiting, scene.object.ready(&scene.inputs, &scene.observed))
    };
    assert_eq!(at(41), at(49));
    assert_ne!(at(49), at(50));
    assert_eq!(at(47).0.progress.as_deref(), Some("40%"));
    assert_eq!(of_instance().facts().progress, None, "what is done has no progress");
}

#[test]
fn facts_tell_what_can_be_restored() {
    let facts = of_instance().seen(|observed| observed.shares = Seen::Present(names(&["111111111111"]))).facts();
    assert_eq!(facts.source.as_deref(), Some("RdsInstance/shop-orders"));
    assert_eq!((facts.family.as_deref(), facts.engine.as_deref()), (Some("Instance"), Some("postgres")));
    assert_eq!(facts.engine_version.as_deref(), Some("16.4"));
    assert_eq!(facts.snapshot_time.unwrap().0.to_string(), TAKEN);
    assert_eq!(facts.encrypted, Some(false));
    assert_eq!(facts.shared_with, names(&["111111111111"]));
    let facts = of_table().facts();
    assert_eq!((facts.source.as_deref(), facts.family.as_deref()), (Some("DynamoTable/shop-orders"), Some("Table")));
    let before = unmade(json!({ "auroraServerless": { "name": "orders" } })).facts();
    assert_eq!(before.source.as_deref(), Some("AuroraServerless/shop-orders"));
    let creating = of_instance().status("creating").facts();
    assert_eq!(creating.snapshot_time, None, "AWS may still change it");
}

#[test]
fn shares_that_could_not_be_read_are_no_news() {
    let mut scene = of_instance().wants(json!({ "shareWith": ["111111111111"] }));
    scene.object.status.as_mut().unwrap().facts.shared_with = names(&["111111111111"]);
    assert_eq!(scene.facts().shared_with, names(&["111111111111"]));
    assert!(scene.wants(json!({ "shareWith": null })).facts().shared_with.is_empty());
}

#[test]
fn nothing_connects_to_a_snapshot() {
    let scene = of_instance();
    const { assert!(!DbSnapshot::BINDS) };
    assert!(scene.object.connection(&scene.inputs, &scene.observed).is_err());
    let view = scene.object.view(&scene.observed);
    assert_eq!((view.aws_status.as_deref(), view.endpoint), (Some("available"), None));
}

#[test]
fn user_tags_are_set_and_only_those_that_this_object_set_are_removed() {
    let scene = of_instance().wants(json!({ "tags": { "team": "shop" } }));
    assert_eq!(scene.steps(), ["now: AddTagsToResource team (none)"]);
    let after = scene.settles().wants(json!({ "tags": {} })).snapshot(|snapshot| {
        snapshot.tags.insert("theirs".into(), "x".into());
    });
    assert_eq!(after.steps(), ["now: RemoveTagsFromResource team (none)"]);
    after.settles();
}
