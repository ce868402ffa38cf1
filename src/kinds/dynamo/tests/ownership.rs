//! Whose table it is: ours, a stranger's, one that a call without tags made (aws-dynamodb-elasticache-dms.md R4, 1.5,
//! product.md section 5), and what an import says.

use super::*;
use crate::spec::Adoption;

const SOURCE: &str = "arn:aws:dynamodb:eu-central-1:123456789012:table/main/backup/01";

/// A table without tags that came up after this object had one made of a backup.
fn restored(source: Option<&str>, created: &str) -> Scene {
    let mut scene = dynamo()
        .wants(json!({ "source": { "snapshot": { "identifier": SOURCE } } }))
        .tagged(Tags::new())
        .noted(RESOURCE_ID, "")
        .noted(UNTAGGED, &format!("{SOURCE}|2026-11-25T11:55:00Z"))
        .table(|table| {
            table.created = created.parse().ok();
            table.restore = source.map(|source| RestoreState { source: source.into(), in_progress: false });
        });
    scene.inputs.recorded_arn = None;
    scene
}

#[test]
fn a_table_without_tags_is_claimed_only_if_source_and_time_match() {
    let tag = "TagResource awsdb.dev/cluster awsdb.dev/owner (none)";
    let (claimed, doubtful) = (format!("now: {tag}"), format!("held for approval: {tag}"));
    for (why, scene, expected) in [
        ("source and time", restored(Some(SOURCE), "2026-11-25T11:55:05Z"), &*claimed),
        ("clocks differ a little", restored(Some(SOURCE), "2026-11-25T11:54:30Z"), &claimed),
        ("it told its source in the making", restored(None, "2026-11-25T11:56:00Z").noted(MADE, "table-1"), &claimed),
        ("another one did", restored(None, "2026-11-25T11:56:00Z").noted(MADE, "table-0"), &doubtful),
        ("AWS tells no source any more, and the time fits", restored(None, "2026-11-25T11:56:00Z"), &doubtful),
        ("another source", restored(Some("arn:other"), "2026-11-25T11:55:05Z"), ""),
        ("made before the call", restored(Some(SOURCE), "2026-11-25T11:00:00Z"), ""),
        ("made before the call, no source", restored(None, "2026-11-25T11:00:00Z"), ""),
        ("made long after, no source", restored(None, "2026-11-25T12:30:00Z"), ""),
        ("nothing noted", restored(Some(SOURCE), "2026-11-25T11:55:05Z").noted(UNTAGGED, ""), ""),
    ] {
        assert_eq!(scene.steps().join(""), expected, "{why}");
        assert_eq!(
            scene.plan().problem.map(|problem| problem.reason),
            (expected != claimed).then_some(Reason::Conflict)
        );
        if !expected.is_empty() {
            let notes = scene.plan().steps.remove(0).notes;
            assert_eq!(notes, [(RESOURCE_ID.to_string(), "table-1".to_string())], "{why}");
        }
    }
}

#[test]
fn a_table_that_tells_no_source_any_more_is_not_claimed_by_itself() {
    let scene = restored(None, "2026-11-25T11:56:00Z");
    assert_eq!(scene.steps(), ["held for approval: TagResource awsdb.dev/cluster awsdb.dev/owner (none)"]);
    assert_eq!(scene.problem().0, Reason::Conflict);
    let making = restored(Some(SOURCE), "2026-11-25T11:56:00Z").status("CREATING").plan();
    assert_eq!(making.noted, [(MADE.to_string(), "table-1".to_string())], "it tells its source only now");
}

#[test]
fn a_restored_table_is_tagged_as_soon_as_aws_takes_tags() {
    let scene = restored(Some(SOURCE), "2026-11-25T11:55:05Z").status("CREATING");
    let plan = scene.plan();
    assert_eq!((plan.steps.len(), scene.waiting().0), (0, Reason::Creating));
    assert_eq!(plan.noted, [(MADE.to_string(), "table-1".to_string())], "later AWS tells no source");
    let tagged = restored(None, "2026-11-25T11:55:05Z")
        .noted(MADE, "table-1")
        .tagged(dynamo().inputs.owner.tags())
        .noted(RESOURCE_ID, "table-1");
    let plan = tagged.plan();
    assert_eq!((plan.end, plan.forget), (End::Settled, vec![MADE.to_string(), UNTAGGED.to_string()]));
}

#[test]
fn what_a_restore_loses_is_applied_again() {
    let scene = restored(None, "2026-11-25T11:55:05Z").tagged(dynamo().inputs.owner.tags()).wants(json!({
        "tags": { "team": "shop" }, "resourcePolicy": "{}", "timeToLive": { "enabled": true, "attributeName": "e" },
        "pointInTimeRecovery": { "enabled": true }, "contributorInsights": { "enabled": true }, "deletionProtection": true,
        "tableClass": "STANDARD_INFREQUENT_ACCESS", "stream": { "enabled": true, "viewType": "NEW_IMAGE" },
    }));
    let calls = scene.steps();
    assert_eq!(calls.len(), 8, "{calls:?}");
    assert!(calls.iter().all(|call| call.starts_with("now")), "{calls:?}");
}

#[test]
fn deletion_of_a_restored_table_that_has_no_tags_yet_knows_it_too() {
    let ours = restored(Some(SOURCE), "2026-11-25T11:55:05Z").deleting(DeletionPolicy::Delete);
    assert_eq!(ours.steps(), ["now: DeleteTable (data-loss)"]);
    let foreign = restored(Some("arn:other"), "2026-11-25T11:55:05Z").deleting(DeletionPolicy::Delete);
    assert_eq!(foreign.plan(), Plan::release());
}

#[test]
fn a_strangers_table_is_never_touched() {
    let mut other = dynamo().inputs.owner;
    other.name = "billing".into();
    for tags in [other.tags(), Tags::new()] {
        let scene = dynamo().tagged(tags).noted(RESOURCE_ID, "").wants(json!({ "deletionProtection": true }));
        let scene = scene.given(|inputs| inputs.recorded_arn = None);
        assert_eq!((scene.steps(), scene.problem().0), (vec![], Reason::Conflict));
        assert_eq!(scene.deleting(DeletionPolicy::Delete).plan(), Plan::release());
    }
}

fn adopting(scene: Scene) -> Scene {
    let mut scene = scene.tagged([(crate::aws::owner::ALLOW_TAG.into(), "prod/shop".into())].into());
    scene.object.spec.shared.adoption = Adoption::IfExists;
    scene.inputs.recorded_arn = None;
    scene.inputs.journal = Journal::default();
    scene
}

#[test]
fn taking_over_without_a_difference_is_tagging_and_with_one_it_waits_for_approval() {
    let tag = "TagResource awsdb.dev/cluster awsdb.dev/owner (none)";
    assert_eq!(adopting(dynamo()).steps(), [format!("now: {tag}")]);
    let differing = adopting(dynamo().wants(json!({ "deletionProtection": true })));
    assert_eq!(differing.steps(), [format!("held for approval: {tag}")]);
    assert_eq!(differing.changes(), ["deletionProtection: false -> true"]);
    let wrong = adopting(dynamo().wants(json!({ "hashKey": { "name": "pk", "type": "S" } })));
    assert_eq!((wrong.steps(), wrong.problem().0), (vec![format!("held for approval: {tag}")], Reason::InvalidSpec));
}

#[test]
fn nothing_is_taken_over_before_all_that_is_managed_was_looked_at() {
    let wish = json!({
        "timeToLive": { "enabled": true, "attributeName": "e" }, "pointInTimeRecovery": { "enabled": true },
    });
    let scene = adopting(dynamo().wants(wish)).seen(|observed| {
        observed.time_to_live = Seen::Present(ttl("ENABLING", Some("e")));
        observed.continuous_backups = Seen::Unread("throttled".into());
    });
    assert_eq!((scene.steps(), scene.waiting().0), (vec![], Reason::Unreadable), "a difference may be hidden there");
    let read = scene.seen(|observed| {
        let state = ContinuousBackups { is_enabled: true, ..ContinuousBackups::default() };
        observed.continuous_backups = Seen::Present(state);
    });
    assert!(read.steps()[0].starts_with("now: TagResource"), "{:?}", read.steps());
}

#[test]
fn another_table_of_the_name_is_not_ours_by_its_tags() {
    let scene = dynamo().noted(RESOURCE_ID, "table-0").wants(json!({ "deletionProtection": true }));
    assert_eq!((scene.problem().0, scene.runs()), (Reason::IdentityChanged, vec![]));
    let deleting = scene.deleting(DeletionPolicy::Delete);
    assert_eq!((deleting.problem().0, deleting.steps()), (Reason::IdentityChanged, vec![]));
}

#[test]
fn without_its_table_or_its_tags_nothing_is_concluded() {
    let unread = || Seen::Unread("throttled".to_string());
    for scene in [
        dynamo().seen(|observed| observed.table = Seen::Unread("throttled".into())),
        dynamo().seen(|observed| observed.tags = unread()),
        // For seconds AWS does not know the tags of a table.
        dynamo().seen(|observed| observed.tags = Seen::Absent),
    ] {
        let scene = scene.wants(json!({ "deletionProtection": true }));
        assert_eq!((scene.steps(), scene.waiting().0), (vec![], Reason::Unreadable));
        let deleting = scene.deleting(DeletionPolicy::Delete);
        assert_eq!((deleting.steps(), deleting.waiting().0), (vec![], Reason::Unreadable));
    }
}

#[test]
fn only_tags_that_this_object_set_are_removed_and_removal_is_a_call_of_its_own() {
    let scene = dynamo()
        .tagged(
            [("old".into(), "1".into()), ("theirs".into(), "2".into())]
                .into_iter()
                .chain(dynamo().inputs.owner.tags())
                .collect(),
        )
        .noted("tagKeys", r#"["old"]"#)
        .wants(json!({ "tags": { "new": "3" } }));
    assert_eq!(scene.steps(), ["now: TagResource new (none)", "now: UntagResource old (none)"]);
    assert_eq!(scene.runs(), ["now: TagResource new (none)"], "removals go in the next round");
    assert_eq!(scene.status("CREATING").steps(), NOTHING);
}

fn importing(import: Seen<ImportState>) -> Scene {
    dynamo()
        .wants(json!({ "source": { "importFromS3": { "bucket": "exports", "inputFormat": "ION" } } }))
        .seen(|observed| observed.import = import)
}

fn import(status: &str) -> Seen<ImportState> {
    Seen::Present(ImportState {
        arn: "arn:import".into(),
        status: status.into(),
        errors: 3,
        items: 40,
        failure: Some("ItemValidationError: bad".into()),
        log_group: Some("/aws-dynamodb/imports".into()),
        ..ImportState::default()
    })
}

fn is_ready(scene: &Scene) -> bool {
    scene.object.ready(&scene.inputs, &scene.observed) == Readiness::Yes
}

#[test]
fn a_table_is_ready_only_when_its_import_is_over() {
    for (status, ready) in
        [("IN_PROGRESS", false), ("CANCELLING", false), ("FAILED", false), ("CANCELLED", false), ("COMPLETED", true)]
    {
        assert_eq!(is_ready(&importing(import(status))), ready, "{status}: ACTIVE comes earlier");
    }
    let unread = importing(Seen::Unread("throttled".into()));
    assert!(!is_ready(&unread));
    assert_eq!((unread.plan().end, unread.waiting().0), (End::Open, Reason::Unreadable));
    assert!(is_ready(&importing(Seen::Absent)), "it was there before");
}

#[test]
fn what_came_of_an_import_is_remembered_and_not_asked_for_again() {
    let scene = importing(import("COMPLETED"));
    assert_eq!(
        scene.plan().noted,
        [("import".to_string(), "COMPLETED|arn:import|3|/aws-dynamodb/imports".to_string())]
    );
    let noted = scene
        .noted("import", "COMPLETED|arn:import|3|/aws-dynamodb/imports")
        .seen(|observed| observed.import = Seen::Absent);
    assert!(!noted.id().import && noted.settles() && is_ready(&noted));
    let facts = noted.object.facts(&noted.inputs, &noted.observed).import.unwrap();
    assert_eq!(
        (&*facts.arn, facts.errors, facts.log_group.as_deref()),
        ("arn:import", 3, Some("/aws-dynamodb/imports"))
    );
}

#[test]
fn an_import_that_failed_is_said_with_its_counts_and_nothing_is_undone_or_repeated() {
    for status in ["FAILED", "CANCELLED"] {
        let scene = importing(import(status));
        let (reason, message) = scene.problem();
        assert_eq!((reason, scene.steps()), (Reason::Broken, vec![]));
        for words in [status, "ItemValidationError: bad", "40 items", "3 did not", "/aws-dynamodb/imports"] {
            assert!(message.contains(words), "{words} in: {message}");
        }
    }
    let running = importing(import("IN_PROGRESS"));
    assert_eq!((running.steps(), running.waiting().0), (vec![], Reason::Creating));
}
