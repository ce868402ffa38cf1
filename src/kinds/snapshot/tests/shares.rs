//! Accounts that may restore the snapshot.

use super::*;

fn shared(wanted: Value, have: &[&str]) -> Scene {
    of_instance().wants(json!({ "shareWith": wanted })).seen(|observed| observed.shares = Seen::Present(names(have)))
}

#[test]
fn the_list_is_the_whole_truth_when_it_is_given() {
    for (wanted, have, expected) in [
        (json!(["111111111111"]), vec![], Some("+[111111111111] -[]")),
        (json!([]), vec!["111111111111"], Some("+[] -[111111111111]")),
        (json!(["222222222222"]), vec!["111111111111"], Some("+[222222222222] -[111111111111]")),
        (json!(["111111111111"]), vec!["111111111111", "all"], Some("+[] -[all]")),
        (json!(["111111111111"]), vec!["111111111111"], None),
        (Value::Null, vec!["111111111111", "all"], None),
    ] {
        let scene = shared(wanted.clone(), &have);
        let steps: Vec<String> =
            expected.iter().map(|call| format!("now: ModifyDBSnapshotAttribute {call} (none)")).collect();
        assert_eq!(scene.steps(), steps, "{wanted} {have:?}");
        scene.settles();
    }
}

#[test]
fn shares_are_read_only_where_they_are_managed() {
    assert!(shared(json!([]), &[]).id().shares);
    assert!(!of_instance().id().shares);
    assert!(!shared(json!([]), &[]).policy(ManagementPolicy::Observe).id().shares);
    assert!(!shared(json!([]), &[]).deleting(DeletionPolicy::Delete).id().shares);
}

#[test]
fn a_cluster_snapshot_is_shared_by_its_own_call() {
    let scene = of(json!({ "auroraServerless": { "name": "orders" } })).wants(json!({ "shareWith": ["111111111111"] }));
    let scene = scene.seen(|observed| observed.shares = Seen::Present(names(&[])));
    assert_eq!(scene.steps(), ["now: ModifyDBClusterSnapshotAttribute +[111111111111] -[] (none)"]);
}

#[test]
fn nothing_is_shared_before_it_is_available() {
    for status in ["creating", "copying", "failed"] {
        assert_eq!(shared(json!(["111111111111"]), &[]).status(status).steps(), NOTHING, "{status}");
    }
}

#[test]
fn a_key_that_no_other_account_can_use_is_said_ahead() {
    let keys = [(Some("alias/aws/rds"), true), (None, true), (Some(KEY), false)];
    for (key, refused) in keys {
        let encrypted = |scene: Scene| {
            scene.snapshot(|snapshot| (snapshot.encrypted, snapshot.kms_key_id) = (true, key.map(String::from)))
        };
        let scene = encrypted(shared(json!(["111111111111"]), &["222222222222"]));
        assert_eq!(scene.plan().problem.is_some(), refused, "{key:?}");
        let add = if refused { "" } else { "111111111111" };
        assert_eq!(
            scene.steps(),
            [format!("now: ModifyDBSnapshotAttribute +[{add}] -[222222222222] (none)")],
            "what is shared can still be taken back"
        );
        assert_eq!(encrypted(shared(json!([]), &["222222222222"])).plan().problem, None, "{key:?}");
    }
}

#[test]
fn shares_that_cannot_be_read_are_waited_for() {
    let scene = shared(json!(["111111111111"]), &[]).seen(|observed| observed.shares = Seen::Unread("denied".into()));
    assert_eq!((scene.steps().as_slice(), scene.waits_for()), (&NOTHING[..], Some(Reason::Unreadable)));
}

#[test]
fn tags_come_before_copies_and_copies_before_shares() {
    let scene = shared(json!(["111111111111"]), &[])
        .wants(json!({ "tags": { "team": "shop" }, "copies": [{ "region": "eu-west-1" }] }))
        .copied("eu-west-1", Seen::Absent);
    let things: Vec<&str> = scene.plan().steps.iter().map(|step| step.thing).collect();
    assert_eq!(things, ["tags", "copy", "shares"]);
}
