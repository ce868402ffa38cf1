//! Deleting the instance and what belongs to it (aws-rds.md 1.7).

use super::*;
use crate::aws::owner::{OWNER_TAG, Tags};
use crate::aws::rds::{ParameterGroup, Snapshot, SubnetGroup};
use crate::kind::End;
use crate::spec::DeletionPolicy;

const NAME: &str = "shop-orders-final-0123abcd";

fn leaving(policy: DeletionPolicy) -> Scene {
    let mut scene = rds().deleting();
    scene.object.spec.shared.deletion_policy = policy;
    scene.seen(|observed| observed.snapshots = Seen::Present(Vec::new()))
}

fn with_snapshot() -> Scene {
    leaving(DeletionPolicy::Snapshot)
}

/// The instance is gone, twice looked for.
fn gone(policy: DeletionPolicy) -> Scene {
    let since = "2026-11-25T11:00:00Z".parse().unwrap();
    leaving(policy).absent().given(|inputs| inputs.absent_since = Some(since))
}

fn snapshot(identifier: &str, status: &str) -> Snapshot {
    Snapshot {
        identifier: identifier.into(),
        arn: format!("arn:{identifier}"),
        status: status.into(),
        resource_id: "db-1".into(),
        tags: Tags::new(),
    }
}

impl Scene {
    fn snapshots(self, list: Vec<Snapshot>) -> Self {
        self.seen(|observed| observed.snapshots = Seen::Present(list))
    }
}

#[test]
fn each_policy_does_what_it_says() {
    for (policy, expected) in [
        (DeletionPolicy::Retain, vec![]),
        (DeletionPolicy::Delete, vec!["now: DeleteDBInstance without snapshot (data-loss)".to_string()]),
        (DeletionPolicy::Snapshot, vec![format!("now: DeleteDBInstance with {NAME} (replacement)")]),
    ] {
        let scene = leaving(policy);
        assert_eq!(scene.steps(), expected, "{policy:?}");
        assert_eq!(scene.plan().end == End::Release, policy == DeletionPolicy::Retain, "{policy:?}");
    }
}

#[test]
fn automated_backups_stay_unless_the_user_says_otherwise() {
    let asked = leaving(DeletionPolicy::Delete).wants(json!({ "deleteAutomatedBackups": true }));
    assert_eq!(asked.steps(), ["now: DeleteDBInstance without snapshot, with backups (data-loss)"]);
    let kept = leaving(DeletionPolicy::Delete).wants(json!({ "deleteAutomatedBackups": false }));
    assert_eq!(kept.steps(), ["now: DeleteDBInstance without snapshot (data-loss)"]);
}

#[test]
fn the_name_of_the_snapshot_is_noted_before_the_call() {
    let plan = with_snapshot().plan();
    assert_eq!(plan.steps[0].notes, [("finalSnapshot".to_string(), NAME.to_string())]);
    assert_eq!(changes_of(&plan.steps[0]), [format!("shop-orders: exists -> deleted, final snapshot {NAME}")]);
}

#[test]
fn a_name_that_is_taken_is_never_taken_for_this_deletions() {
    for (taken, free) in [
        (vec![], NAME.to_string()),
        (vec![snapshot("another", "available")], NAME.into()),
        (vec![snapshot(NAME, "available")], format!("{NAME}-2")),
        (vec![snapshot(NAME, "available"), snapshot(&format!("{NAME}-2"), "failed")], format!("{NAME}-3")),
    ] {
        let scene = with_snapshot().snapshots(taken);
        assert_eq!(scene.steps(), [format!("now: DeleteDBInstance with {free} (replacement)")]);
    }
    let none = with_snapshot().seen(|observed| observed.snapshots = Seen::Absent);
    assert_eq!(none.steps(), [format!("now: DeleteDBInstance with {NAME} (replacement)")]);
}

#[test]
fn a_snapshot_that_is_being_taken_is_waited_for() {
    let scene = with_snapshot().snapshots(vec![snapshot(NAME, "creating")]);
    assert_eq!((scene.steps().len(), scene.waits_for()), (0, Some(Reason::Deleting)));
    let foreign = with_snapshot().snapshots(vec![snapshot("nightly", "creating")]);
    assert_eq!(foreign.steps().len(), 1, "another's snapshot is not ours to wait for");
}

#[test]
fn snapshots_that_cannot_be_read_hold_the_deletion() {
    let scene = with_snapshot().seen(|observed| observed.snapshots = Seen::Unread("denied".into()));
    assert_eq!((scene.steps().len(), scene.waits_for()), (0, Some(Reason::Unreadable)));
}

#[test]
fn policy_snapshot_never_falls_back_to_none() {
    for status in ["failed", "incompatible-restore", "incompatible-network", "incompatible-create", "restore-error"] {
        let scene = with_snapshot().status(status);
        assert_eq!(scene.steps(), ["held for approval: DeleteDBInstance without snapshot (data-loss)"], "{status}");
        assert_eq!(scene.problem().0, Reason::NoFinalSnapshot);
        let scene = leaving(DeletionPolicy::Delete).status(status);
        assert_eq!(scene.steps(), ["now: DeleteDBInstance without snapshot (data-loss)"], "{status}");
    }
    let replica = |policy| leaving(policy).instance(|instance| instance.replica_source = Some("main".into()));
    assert_eq!(
        replica(DeletionPolicy::Snapshot).steps(),
        ["held for approval: DeleteDBInstance without snapshot (data-loss)"],
        "AWS takes none of a replica"
    );
    assert_eq!(replica(DeletionPolicy::Delete).steps(), ["now: DeleteDBInstance without snapshot (data-loss)"]);
}

#[test]
fn a_source_of_replicas_is_not_deleted() {
    let scene =
        leaving(DeletionPolicy::Delete).instance(|instance| instance.replicas = ["r1".into(), "r2".into()].into());
    let (reason, message) = scene.problem();
    assert_eq!((reason, scene.steps().len()), (Reason::HasReplicas, 0));
    assert!(message.contains("r1, r2"), "{message}");
}

#[test]
fn protection_is_lifted_only_by_the_spec() {
    let protected = || leaving(DeletionPolicy::Delete).has(json!({ "deletionProtection": true }));
    for spec in [json!({}), json!({ "deletionProtection": true })] {
        let scene = protected().wants(spec);
        let (reason, message) = scene.problem();
        assert_eq!((reason, scene.steps().len()), (Reason::DeletionProtected, 0));
        assert!(message.contains("spec.deletionProtection: false") && message.contains("Retain"), "{message}");
    }
    let lifted = protected().wants(json!({ "deletionProtection": false }));
    assert_eq!(lifted.steps(), ["now: ModifyDBInstance deletionProtection=false (none)"]);
}

#[test]
fn a_deletion_under_way_is_waited_for() {
    let scene = leaving(DeletionPolicy::Delete).status("deleting");
    assert_eq!((scene.steps().len(), scene.waits_for()), (0, Some(Reason::Deleting)));
    let foreign = rds().class("db.m7g.large").status("deleting");
    assert_eq!((foreign.steps().len(), foreign.waits_for()), (0, Some(Reason::Deleting)), "also where nobody asked us");
}

/// An object with both groups, and AWS with these.
fn with_groups(scene: Scene, tags: Tags) -> Scene {
    scene
        .wants(
            json!({ "parameters": { "max_connections": "100" }, "subnetIds": ["subnet-1234567a", "subnet-1234567b"] }),
        )
        .noted("parameterGroup/shop-orders-postgres15", "made")
        .seen(|observed| {
            let group = |tags: &Tags| Seen::Present(ParameterGroup { tags: tags.clone(), ..Default::default() });
            observed.parameter_groups =
                ["shop-orders-postgres16", "shop-orders-postgres15"].map(|name| (name.into(), group(&tags))).into();
            observed.subnet_group = Seen::Present(SubnetGroup { tags: tags.clone(), ..Default::default() });
        })
}

#[test]
fn what_belongs_to_it_goes_after_the_instance() {
    let ours = inputs(&rds().object).owner.tags();
    let alive = with_groups(leaving(DeletionPolicy::Delete), ours.clone());
    assert_eq!(alive.steps(), ["now: DeleteDBInstance without snapshot (data-loss)"]);
    let scene = with_groups(gone(DeletionPolicy::Delete), ours);
    assert_eq!(
        scene.steps(),
        [
            "now: DeleteDBParameterGroup shop-orders-postgres16 (none)",
            "now: DeleteDBParameterGroup shop-orders-postgres15 (none)",
            "now: DeleteDBSubnetGroup shop-orders (none)",
        ]
    );
    assert_eq!(scene.plan().end, End::Open);
}

#[test]
fn groups_that_are_not_ours_stay() {
    let foreign = Tags::from([(OWNER_TAG.into(), "prod/RdsInstance/shop/other".into())]);
    for tags in [foreign, Tags::new()] {
        assert_eq!(with_groups(gone(DeletionPolicy::Delete), tags).plan(), Plan::release());
    }
}

#[test]
fn groups_that_cannot_be_read_keep_the_object() {
    let scene = with_groups(gone(DeletionPolicy::Delete), Tags::new());
    let unread = scene.clone().seen(|observed| observed.subnet_group = Seen::Unread("denied".into()));
    assert_eq!((unread.steps().len(), unread.waits_for()), (0, Some(Reason::Unreadable)));
    let unread = scene.seen(|observed| {
        observed.parameter_groups.insert("shop-orders-postgres16".into(), Seen::Unread("denied".into()));
    });
    assert_eq!((unread.steps().len(), unread.waits_for()), (0, Some(Reason::Unreadable)));
}

#[test]
fn the_final_snapshot_gets_the_owner_and_then_the_object_goes() {
    let scene = || gone(DeletionPolicy::Snapshot).noted("finalSnapshot", NAME);
    let untagged = scene().snapshots(vec![snapshot(NAME, "available")]);
    let plan = untagged.plan();
    assert_eq!(untagged.steps(), ["now: AddTagsToResource awsdb.dev/cluster awsdb.dev/owner (none)"]);
    assert!(matches!(&plan.steps[0].action, Action::Tag { arn, .. } if *arn == format!("arn:{NAME}")));
    let tags = inputs(&rds().object).owner.tags();
    let tagged = scene().snapshots(vec![Snapshot { tags, ..snapshot(NAME, "available") }]);
    assert_eq!(tagged.plan(), Plan::release());
    let missing = scene().seen(|observed| observed.snapshots = Seen::Absent);
    assert_eq!(missing.plan(), Plan::release());
    let unread = scene().seen(|observed| observed.snapshots = Seen::Unread("denied".into()));
    assert_eq!(unread.waits_for(), Some(Reason::Unreadable));
}

#[test]
fn a_snapshot_of_an_earlier_try_gets_the_owner_too() {
    let scene = gone(DeletionPolicy::Snapshot).noted("finalSnapshot", &format!("{NAME}-2"));
    let scene = scene.snapshots(vec![snapshot(NAME, "available"), snapshot("nightly", "available")]);
    let plan = scene.plan();
    assert_eq!(plan.steps.len(), 1, "{:?}", scene.steps());
    assert!(matches!(&plan.steps[0].action, Action::Tag { arn, .. } if *arn == format!("arn:{NAME}")));
}

#[test]
fn with_nothing_left_the_object_goes() {
    assert_eq!(gone(DeletionPolicy::Delete).plan(), Plan::release());
    assert_eq!(unmade_leaving().plan(), Plan::release(), "nothing was ever made");
    let once = gone(DeletionPolicy::Delete).given(|inputs| inputs.absent_since = Some(inputs.now));
    assert_eq!(once.waits_for(), Some(Reason::ProvingAbsence), "one look is not enough");
}

fn unmade_leaving() -> Scene {
    let mut scene = unmade().deleting();
    scene.object.spec.shared.deletion_policy = DeletionPolicy::Delete;
    scene
}

#[test]
fn a_protected_database_under_retain_is_simply_let_go() {
    let scene = leaving(DeletionPolicy::Retain).has(json!({ "deletionProtection": true }));
    assert_eq!(scene.plan(), Plan::release());
    let unread = leaving(DeletionPolicy::Retain).seen(|observed| observed.instance = Seen::Unread("down".into()));
    assert_eq!(unread.plan(), Plan::release(), "a deletion under Retain cannot hang on AWS (B14)");
}
