//! Deleting the table (aws-dynamodb-elasticache-dms.md 1.10): what goes first, what stands in the way.

use super::*;

fn backup(name: &str, status: &str, created: &str) -> Backup {
    Backup { name: name.into(), arn: format!("arn:{name}"), status: status.into(), created: created.parse().ok() }
}

fn backups(scene: Scene, taken: Vec<Backup>) -> Scene {
    scene.seen(|observed| observed.backups = Seen::Present(taken))
}

const BEFORE: &str = "2026-11-25T11:00:00Z";
const SINCE: &str = "2026-11-25T11:40:00Z";
const FINAL: &str = "shop-orders-final-0123abcd";

#[test]
fn retain_calls_nothing_whatever_there_is() {
    let rich = dynamo().has(json!({ "deletionProtection": true })).has_replica("us-east-1").scales(
        None,
        Capacity::Read,
        target(1, 2),
    );
    assert_eq!(rich.deleting(DeletionPolicy::Retain).plan(), Plan::release());
}

#[test]
fn delete_takes_the_table_without_a_backup() {
    let scene = dynamo().deleting(DeletionPolicy::Delete);
    assert_eq!(scene.steps(), ["now: DeleteTable (data-loss)"]);
    assert_eq!(scene.runs().len(), 1, "the object's deletion under its own policy is the user's word");
    assert_eq!(scene.changes(), ["shop-orders: exists -> deleted, no backup"]);
    assert_eq!(scene.id().backups, None);
    let recovers = scene.wants(json!({ "pointInTimeRecovery": { "enabled": true } }));
    assert!(recovers.plan().steps[0].because.contains("shop-orders$DeletedTableBackup"));
}

#[test]
fn protection_is_lifted_only_by_the_users_word() {
    let protected = || dynamo().has(json!({ "deletionProtection": true })).deleting(DeletionPolicy::Delete);
    for scene in [protected(), protected().wants(json!({ "deletionProtection": true }))] {
        let (reason, message) = scene.problem();
        assert_eq!((reason, scene.steps()), (Reason::DeletionProtected, vec![]));
        assert!(message.contains("spec.deletionProtection: false") && message.contains("Retain"), "{message}");
    }
    let lifted = protected().wants(json!({ "deletionProtection": false }));
    assert_eq!(lifted.steps(), ["now: UpdateTable deletionProtection=false (none)"]);
    assert_eq!(lifted.has(json!({ "deletionProtection": false })).steps(), ["now: DeleteTable (data-loss)"]);
}

#[test]
fn replicas_that_the_spec_does_not_name_are_somebody_elses() {
    let scene = dynamo()
        .has_replica("us-east-1")
        .has_replica("eu-west-1")
        .wants(json!({ "replicas": [{ "region": "us-east-1" }] }))
        .deleting(DeletionPolicy::Delete);
    let (reason, message) = scene.problem();
    assert_eq!((reason, scene.steps()), (Reason::HasReplicas, vec![]));
    assert!(message.contains("(eu-west-1)"), "{message}");
}

#[test]
fn replicas_go_one_by_one_and_before_the_table() {
    let named = json!({ "replicas": [{ "region": "us-east-1" }, { "region": "eu-west-1" }] });
    let scene =
        dynamo().has_replica("us-east-1").has_replica("eu-west-1").wants(named).deleting(DeletionPolicy::Delete);
    assert_eq!(scene.steps(), ["now: UpdateTable -eu-west-1 (data-loss)"]);
    assert_eq!(scene.runs().len(), 1);
    let going = scene.replica("eu-west-1", |replica| replica.status = "DELETING".into());
    assert_eq!((going.steps(), going.waiting().0), (vec![], Reason::Deleting));
    let gone = going.table(|table| drop(table.replicas.remove("eu-west-1")));
    assert_eq!(gone.steps(), ["now: UpdateTable -us-east-1 (data-loss)"]);
    assert_eq!(gone.table(|table| table.replicas.clear()).steps(), ["now: DeleteTable (data-loss)"]);
}

#[test]
fn scalable_targets_go_first_since_they_would_outlive_the_table() {
    let scene = provisioned()
        .scales(None, Capacity::Read, target(5, 50))
        .scales(Some("by-mail"), Capacity::Write, target(5, 50))
        .deleting(DeletionPolicy::Delete);
    assert_eq!(scene.id().scaling, Interest::IfProvisioned);
    assert_eq!(scene.steps(), ["now: DeregisterScalableTarget table read (none)"]);
    let one = scene.seen(|observed| {
        let Seen::Present(targets) = &mut observed.scaling else { panic!("not read") };
        targets.remove(&dimension(None, Capacity::Read));
    });
    assert_eq!(one.steps(), ["now: DeregisterScalableTarget by-mail write (none)"]);
    let none = one.seen(|observed| observed.scaling = Seen::Absent);
    assert_eq!(none.steps(), ["now: DeleteTable (data-loss)"]);
}

#[test]
fn what_was_not_read_holds_the_deletion() {
    let unread = |scene: Scene| scene.seen(|observed| observed.scaling = Seen::Unread("denied".into()));
    let scaling = unread(provisioned()).deleting(DeletionPolicy::Delete);
    assert_eq!((scaling.steps(), scaling.waiting().0), (vec![], Reason::Unreadable));
    let on_demand = unread(dynamo()).deleting(DeletionPolicy::Delete);
    assert_eq!(on_demand.steps(), ["now: DeleteTable (data-loss)"], "a table on demand has no targets to read");
    let taken =
        dynamo().seen(|observed| observed.backups = Seen::Unread("denied".into())).deleting(DeletionPolicy::Snapshot);
    assert_eq!((taken.steps(), taken.waiting().0), (vec![], Reason::Unreadable));
}

#[test]
fn snapshot_makes_a_backup_waits_for_it_and_then_deletes() {
    let scene = dynamo().deleting(DeletionPolicy::Snapshot);
    assert_eq!(scene.id().backups.as_deref(), Some(FINAL));
    assert_eq!(scene.steps(), [format!("now: CreateBackup {FINAL} (none)")]);
    let making = backups(scene.clone(), vec![backup(FINAL, "CREATING", SINCE)]);
    assert_eq!((making.steps(), making.waiting().0), (vec![], Reason::Deleting));
    let made = backups(scene, vec![backup(FINAL, "AVAILABLE", SINCE)]);
    assert_eq!(made.steps(), ["now: DeleteTable (replacement)"]);
    assert_eq!(made.changes(), [format!("shop-orders: exists -> deleted, backup {FINAL}")]);
    assert_eq!(made.runs().len(), 1);
}

#[test]
fn only_a_backup_that_was_made_since_the_deletion_was_asked_for_counts() {
    for (why, taken, expected) in [
        (
            "an old one of that name",
            vec![backup(FINAL, "AVAILABLE", BEFORE)],
            format!("now: CreateBackup {FINAL}-2 (none)"),
        ),
        (
            "two old ones",
            vec![backup(FINAL, "AVAILABLE", BEFORE), backup(&format!("{FINAL}-2"), "AVAILABLE", BEFORE)],
            format!("now: CreateBackup {FINAL}-3 (none)"),
        ),
        (
            "one without a time",
            vec![Backup { created: None, ..backup(FINAL, "AVAILABLE", SINCE) }],
            format!("now: CreateBackup {FINAL}-2 (none)"),
        ),
        (
            "one that somebody deleted",
            vec![backup(FINAL, "DELETED", SINCE)],
            format!("now: CreateBackup {FINAL}-2 (none)"),
        ),
        (
            "an old one and the new one",
            vec![backup(FINAL, "AVAILABLE", BEFORE), backup(&format!("{FINAL}-2"), "AVAILABLE", SINCE)],
            "now: DeleteTable (replacement)".into(),
        ),
        (
            "one that is ready and one that is not",
            vec![backup(FINAL, "AVAILABLE", SINCE), backup(&format!("{FINAL}-2"), "CREATING", SINCE)],
            "now: DeleteTable (replacement)".into(),
        ),
    ] {
        assert_eq!(backups(dynamo().deleting(DeletionPolicy::Snapshot), taken).steps(), [expected], "{why}");
    }
}

#[test]
fn the_backup_comes_before_anything_is_taken_away() {
    let scene = dynamo()
        .has_replica("us-east-1")
        .wants(json!({ "replicas": [{ "region": "us-east-1" }] }))
        .scales(None, Capacity::Read, target(5, 50))
        .deleting(DeletionPolicy::Snapshot);
    assert_eq!(scene.steps(), [format!("now: CreateBackup {FINAL} (none)")]);
}

#[test]
fn snapshot_never_falls_back_to_none() {
    for word in ["INACCESSIBLE_ENCRYPTION_CREDENTIALS", "REPLICATION_NOT_AUTHORIZED", "ARCHIVED"] {
        let scene = dynamo().status(word).deleting(DeletionPolicy::Snapshot);
        assert_eq!((scene.problem().0, scene.steps()), (Reason::NoFinalSnapshot, vec![]), "{word}");
        let made = backups(scene, vec![backup(FINAL, "AVAILABLE", SINCE)]);
        assert_eq!(made.steps(), ["now: DeleteTable (replacement)"], "{word}: it was backed up before");
    }
}

#[test]
fn a_long_name_still_has_room_for_the_backups() {
    let mut scene = dynamo().deleting(DeletionPolicy::Snapshot);
    scene.object.status.as_mut().unwrap().shared.identifier = Some("t".repeat(255));
    assert_eq!(scene.steps(), [format!("now: CreateBackup {}-final-0123abcd (none)", "t".repeat(230))]);
}

#[test]
fn a_table_that_is_gone_is_let_go_after_a_second_look() {
    let once = dynamo().absent().deleting(DeletionPolicy::Delete);
    assert_eq!((once.steps(), once.waiting().0), (vec![], Reason::ProvingAbsence));
    let twice = once.given(|inputs| inputs.absent_since = "2026-11-25T11:50:00Z".parse().ok());
    assert_eq!(twice.plan(), Plan::release());
}

#[test]
fn the_brake_holds_the_deletion_of_the_table_only() {
    use crate::aws::Action as _;
    let deletes = |scene: &Scene| scene.plan().steps[0].action.deletes();
    assert!(deletes(&dynamo().deleting(DeletionPolicy::Delete)));
    assert!(!deletes(&dynamo().deleting(DeletionPolicy::Snapshot)));
    assert!(!deletes(&provisioned().scales(None, Capacity::Read, target(5, 9)).deleting(DeletionPolicy::Delete)));
}
