//! Taking over what exists: only by tagging it, only with an empty difference or an approval (product.md section 5).

use super::*;
use crate::aws::owner::{ALLOW_TAG, CLUSTER_TAG, Tags};
use crate::kind::End;
use crate::spec::{Adoption, ManagementPolicy};

const TAKE_OVER: &str = "AddTagsToResource awsdb.dev/cluster awsdb.dev/owner (none)";

/// An instance that nobody owns and that this namespace may take.
fn foreign() -> Scene {
    let mut scene = rds().instance(|instance| {
        instance.tags = Tags::from([(ALLOW_TAG.into(), "prod/shop".into()), ("team".into(), "legacy".into())]);
    });
    scene.object.spec.shared.adoption = Adoption::IfExists;
    scene.given(|inputs| {
        inputs.recorded_arn = None;
        inputs.journal = Default::default();
        inputs.stored = Stored::default();
    })
}

#[test]
fn with_nothing_to_change_adoption_is_one_call() {
    let plan = foreign().plan();
    assert_eq!(foreign().steps(), [format!("now: {TAKE_OVER}")]);
    assert_eq!(plan.problem, None);
    assert_eq!(plan.steps[0].notes, [(RESOURCE_ID.to_string(), "db-1".to_string())]);
    assert_eq!(plan.end, End::Open, "it is managed from the next round on");
}

#[test]
fn tags_of_the_users_are_no_difference_that_needs_approval() {
    let scene = foreign().wants(json!({ "tags": { "team": "shop" } }));
    assert_eq!(scene.steps(), [format!("now: {TAKE_OVER}")]);
}

#[test]
fn what_would_change_is_listed_and_held() {
    let scene = foreign().class("db.m7g.large").wants(json!({ "deletionProtection": true, "powerState": "Stopped" }));
    assert_eq!(scene.steps(), [format!("held for approval: {TAKE_OVER}")]);
    assert_eq!(
        changes_of(&scene.plan().steps[0]),
        [
            "deletionProtection: false -> true",
            "dbInstanceClass: db.t4g.small -> db.m7g.large",
            "powerState: available -> Stopped",
        ]
    );
}

#[test]
fn calls_without_fields_are_listed_too() {
    let scene = foreign().given(|inputs| inputs.rotate = Some("now".into()));
    assert_eq!(scene.steps(), [format!("held for approval: {TAKE_OVER}")]);
    assert!(changes_of(&scene.plan().steps[0])[0].starts_with("ModifyDBInstance: unset -> new master password"));
}

#[test]
fn an_approval_of_one_difference_is_none_of_another() {
    let id = |scene: Scene| crate::approval::step_id(&scene.plan().steps[0]);
    assert_ne!(id(foreign().class("db.m7g.large")), id(foreign().class("db.m7g.xlarge")));
}

#[test]
fn what_cannot_be_made_equal_is_said_before_it_is_taken_over() {
    let scene = foreign().wants(json!({ "masterUsername": "root" }));
    let (reason, message) = scene.problem();
    assert_eq!(reason, Reason::InvalidSpec);
    assert!(message.contains("spec.masterUsername: admin in AWS, root in the spec"), "{message}");
    assert_eq!(scene.steps(), [format!("held for approval: {TAKE_OVER}")]);
}

#[test]
fn a_password_that_is_not_known_is_asked_for_after_the_adoption() {
    assert_eq!(foreign().plan().problem, None);
    let taken = foreign().instance(|instance| instance.tags = inputs(&rds().object).owner.tags());
    assert_eq!(taken.problem().0, Reason::CredentialsLost);
}

#[test]
fn an_identity_that_changed_is_held_and_names_both() {
    let scene = rds().instance(|instance| instance.resource_id = "db-2".into());
    assert_eq!(scene.steps(), [format!("held for approval: {TAKE_OVER}")]);
    assert_eq!(scene.problem().0, Reason::IdentityChanged);
    assert_eq!(scene.plan().steps[0].notes, [(RESOURCE_ID.to_string(), "db-2".to_string())]);
}

#[test]
fn the_same_object_of_another_cluster_is_held() {
    let scene = rds().class("db.m7g.large").instance(|i| drop(i.tags.insert(CLUSTER_TAG.into(), "cluster-2".into())));
    assert_eq!(scene.steps(), [format!("held for approval: {TAKE_OVER}")]);
    assert_eq!(scene.problem().0, Reason::Conflict);
}

#[test]
fn observe_never_plans_a_step() {
    for status in ["available", "modifying", "stopped", "failed"] {
        let mut scene = rds()
            .class("db.m7g.large")
            .wants(json!({ "masterUsername": "root", "tags": { "a": "b" }, "parameters": {} }))
            .given(|inputs| inputs.rotate = Some("x".into()))
            .status(status);
        scene.object.spec.shared.management_policy = ManagementPolicy::Observe;
        let plan = scene.plan();
        assert!(plan.steps.is_empty() && plan.problem.is_none(), "{status}: {plan:?}");
        assert_eq!(plan.end == End::Settled, status == "available", "{status}");
    }
}
