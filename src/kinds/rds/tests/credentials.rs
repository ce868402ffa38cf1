//! The master password: its modes, the ways between them, rotation, what is lost (product.md section 4, aws-rds.md 1.5).

use super::*;
use crate::kind::{CredentialMode, End};
use crate::kinds::credentials::parse_interval;
use crate::life::PASSWORD_UNSET;

const SET: &str = "now: ModifyDBInstance the next password (none)";

fn supplying(password: &str) -> Scene {
    let supplied = Supplied::Given(Password::new(password));
    rds()
        .wants(json!({ "credentials": { "secretRef": { "name": "mine" } } }))
        .given(|inputs| inputs.supplied = supplied)
}

fn managed() -> Scene {
    rds().wants(json!({ "credentials": { "awsManaged": {} } }))
}

fn kept_by_aws(scene: Scene, status: &str) -> Scene {
    scene.instance(|instance| instance.master_secret = Some(("arn:secret".into(), status.into())))
}

fn by_iam(spec: Value) -> Scene {
    rds().both(json!({ "iamDatabaseAuthentication": true })).wants(json!({ "credentials": { "iam": {} } })).wants(spec)
}

fn replica() -> Scene {
    rds()
        .wants(json!({ "source": { "replicaOf": { "identifier": "main" } } }))
        .instance(|instance| instance.replica_source = Some("main".into()))
        .given(|inputs| inputs.stored = Stored::default())
}

impl Scene {
    fn stored(self, change: impl FnOnce(&mut Stored)) -> Self {
        self.given(|inputs| change(&mut inputs.stored))
    }

    fn next(self, accepted: bool) -> Self {
        self.stored(|stored| {
            stored.next = Some(Password::new("the-next-one"));
            stored.next_accepted = accepted;
        })
    }
}

#[test]
fn a_password_that_is_in_force_is_never_sent_again() {
    for scene in [rds(), supplying("in-force-1"), by_iam(json!({})), kept_by_aws(managed(), "active"), replica()] {
        let plan = scene.plan();
        assert_eq!((plan.steps.len(), plan.problem, plan.end), (0, None, End::Settled));
        assert!(!plan.promote_password);
    }
}

#[test]
fn the_driver_learns_where_a_password_comes_from() {
    let secret = CredentialMode::SecretRef(crate::spec::SecretKeyRef { name: "mine".into(), key: "password".into() });
    let short = rds().wants(json!({ "credentials": { "generated": { "length": 20 } } }));
    for (scene, mode) in [
        (rds(), CredentialMode::Generated(30)),
        (short, CredentialMode::Generated(20)),
        (supplying("x"), secret),
        (managed(), CredentialMode::AwsManaged),
        (by_iam(json!({})), CredentialMode::Generated(30)),
        (replica(), CredentialMode::Generated(30)),
        (replica().wants(json!({ "promote": true })), CredentialMode::Generated(30)),
    ] {
        assert_eq!(scene.object.credentials(), mode);
        let named = matches!(mode, CredentialMode::SecretRef(_));
        assert_eq!(scene.object.references(&scene.inputs).len(), usize::from(named));
    }
}

#[test]
fn a_token_rotates_once() {
    let asked = || rds().given(|inputs| inputs.rotate = Some("today".into()));
    assert_eq!(asked().steps(), [SET]);
    assert!(asked().plan().steps[0].because.contains("awsdb.dev/rotate"));
    assert!(asked().stored(|stored| stored.rotated_for = Some("today".into())).steps().is_empty());
    assert_eq!(asked().stored(|stored| stored.rotated_for = Some("yesterday".into())).steps(), [SET]);
    assert_eq!(
        asked()
            .wants(json!({ "credentials": { "iam": {} }, "iamDatabaseAuthentication": true }))
            .steps()
            .last()
            .unwrap(),
        SET,
        "the operator's own master password beside IAM"
    );
}

#[test]
fn rotation_by_interval_is_due_at_its_age() {
    let aged = |interval: &str| rds().wants(json!({ "credentials": { "rotation": { "interval": interval } } }));
    // Promoted five days ago, to the second.
    assert_eq!(aged("5d").steps(), [SET]);
    assert_eq!(aged("120h").steps(), [SET]);
    assert!(aged("6d").steps().is_empty());
    assert!(aged("121h").steps().is_empty());
    assert_eq!(aged("90d").stored(|stored| stored.rotated_at = None).steps(), [SET], "an unknown age is due");
    assert_eq!(
        aged("5d").plan().steps[0].because,
        "new master password: spec.credentials.rotation.interval has passed"
    );
}

#[test]
fn intervals_are_hours_or_days() {
    for (text, hours) in [
        ("1h", Some(1)),
        ("90d", Some(2160)),
        ("", None),
        ("d", None),
        ("5m", None),
        ("x5d", None),
        ("99999999999999999999d", None),
    ] {
        assert_eq!(parse_interval(text).map(|interval| interval.as_secs() / 3600), hours, "{text}");
    }
}

#[test]
fn a_secret_that_changes_reaches_the_database_and_a_token_does_not() {
    let changed = supplying("in-force-2");
    assert_eq!(changed.steps(), [SET]);
    assert!(changed.plan().steps[0].because.contains("secretRef changed"));
    assert!(supplying("in-force-1").given(|inputs| inputs.rotate = Some("x".into())).steps().is_empty());
}

#[test]
fn a_next_password_is_set_then_awaited_then_promoted() {
    let plan = rds().next(false).plan();
    assert_eq!((told(&plan.steps[0]).as_str(), plan.promote_password), (SET, false));
    let accepted = || rds().next(true).called("instance", "ModifyDBInstance", 20, true);
    for (why, scene) in [
        ("AWS shows the masked value", accepted().instance(|instance| instance.password_pending = true)),
        ("AWS resets it", accepted().status("resetting-master-credentials")),
        ("AWS may not show it yet", accepted().called("instance", "ModifyDBInstance", 5, true)),
    ] {
        let plan = scene.plan();
        assert!(plan.steps.is_empty() && !plan.promote_password, "{why}");
        assert_eq!(plan.waiting.unwrap().reason, Reason::RotatingPassword, "{why}");
    }
    let plan = accepted().plan();
    assert!(plan.steps.is_empty() && plan.promote_password);
}

#[test]
fn a_secret_that_changes_again_replaces_the_next_password() {
    let scene = supplying("third-one-1").next(true);
    assert_eq!(scene.steps(), [SET], "AWS has accepted another one meanwhile");
    let same = supplying("the-next-one").next(true);
    assert!(same.plan().promote_password);
    let back = supplying("in-force-1").next(true);
    assert_eq!(back.steps(), [SET], "the next one may be in force already, so the old one is set again");
}

#[test]
fn a_database_made_from_a_source_gets_its_password_once_it_is_there() {
    let restored = || rds().noted(PASSWORD_UNSET, "true").stored(|stored| *stored = Stored::default());
    assert_eq!(restored().steps(), [SET]);
    assert_eq!(restored().status("creating").steps(), ["later (Updating): ModifyDBInstance the next password (none)"]);
    let kept = rds().noted(PASSWORD_UNSET, "true");
    assert_eq!(kept.steps(), [SET], "what is stored is of the database that was lost");
    assert!(restored().next(true).plan().promote_password);
}

#[test]
fn a_promoted_replica_gets_a_password_of_its_own() {
    let silent = replica().wants(json!({ "promote": true }));
    assert!(silent.plan().steps[0].notes.is_empty(), "workloads may be using the source's password at that moment");
    let promoting = replica().wants(json!({ "promote": true, "credentials": { "generated": {} } }));
    let step = &promoting.plan().steps[0];
    assert_eq!(told(step), "now: PromoteReadReplica (reboot)");
    assert_eq!(step.notes, [(PASSWORD_UNSET.to_string(), NOW.to_string())]);
    assert_eq!(promoting.plan().steps.len(), 1, "a replica cannot differ from its source");
    let promoted = promoting.instance(|instance| instance.replica_source = None).noted(PASSWORD_UNSET, "true");
    assert_eq!(promoted.steps(), [SET]);
    let to_aws = replica().wants(json!({ "promote": true, "credentials": { "awsManaged": {} } }));
    assert!(to_aws.plan().steps[0].notes.is_empty(), "Secrets Manager draws that one");
}

#[test]
fn a_replica_that_somebody_else_promoted_keeps_its_password_until_the_spec_says_so_too() {
    let promoted = replica().instance(|instance| instance.replica_source = None);
    let plan = promoted.plan();
    assert_eq!((plan.steps.len(), plan.problem), (0, None));
    let ours = promoted.wants(json!({ "promote": true }));
    assert_eq!((ours.plan().steps.len(), ours.plan().problem), (0, None));
    assert_eq!(ours.given(|inputs| inputs.rotate = Some("now".into())).steps(), [SET]);
}

#[test]
fn a_lost_password_is_not_reset_by_itself() {
    let lost = || rds().stored(|stored| *stored = Stored::default());
    let (reason, message) = lost().problem();
    assert_eq!(reason, Reason::CredentialsLost);
    assert!(message.contains("secretRef") && message.contains("awsdb.dev/rotate"), "{message}");
    assert!(lost().steps().is_empty());
    assert_eq!(lost().given(|inputs| inputs.rotate = Some("now".into())).steps(), [SET], "the user says so");
    let told_us = lost().wants(json!({ "credentials": { "secretRef": { "name": "mine" } } }));
    let told_us = told_us.given(|inputs| inputs.supplied = Supplied::Given(Password::new("known-to-all")));
    assert_eq!(
        (told_us.steps().len(), told_us.plan().problem),
        (0, None),
        "the supplied one is taken for the one in force"
    );
}

#[test]
fn unusable_passwords_are_refused_by_the_rules_of_the_engine() {
    let long = |n: usize| "x".repeat(n);
    for (engine, version, password, usable) in [
        ("postgres", "16.4", long(7), false),
        ("postgres", "16.4", long(8), true),
        ("postgres", "16.4", long(128), true),
        ("postgres", "16.4", long(129), false),
        ("mysql", "8.4.3", long(41), true),
        ("mysql", "8.4.3", long(42), false),
        ("mariadb", "10.11.6", long(42), false),
        ("oracle-se2", "19.0.0.0.ru-2024-10.rur-2024-10.r1", long(30), true),
        ("oracle-se2", "19.0.0.0.ru-2024-10.rur-2024-10.r1", long(31), false),
        ("sqlserver-se", "15.00.4345.5.v1", long(128), true),
        ("postgres", "16.4", "with/slash".into(), false),
        ("postgres", "16.4", "with\"quote".into(), false),
        ("postgres", "16.4", "with@sign1".into(), false),
        ("postgres", "16.4", "with space".into(), false),
        ("postgres", "16.4", "with-ümlaut".into(), false),
        ("postgres", "16.4", "with\nnewline".into(), false),
        ("postgres", "16.4", "amp&apos'ok".into(), true),
        ("oracle-se2", "19.0.0.0.ru-2024-10.rur-2024-10.r1", "with&amper".into(), false),
        ("oracle-se2", "19.0.0.0.ru-2024-10.rur-2024-10.r1", "with'apos1".into(), false),
    ] {
        let scene = supplying(&password).engine(engine, version);
        let plan = scene.plan();
        assert_eq!(plan.problem.is_none(), usable, "{engine}: {password:?}");
        if !usable {
            let problem = plan.problem.unwrap();
            assert_eq!(problem.reason, Reason::InvalidCredentials);
            assert!(!problem.message.contains(&password), "a password is never shown: {}", problem.message);
            assert!(scene.steps().is_empty());
        }
    }
}

#[test]
fn a_missing_secret_is_said_and_leaves_the_database_alone() {
    let scene = supplying("x").given(|inputs| inputs.supplied = Supplied::Missing("Secret mine does not exist".into()));
    assert_eq!(scene.problem(), (Reason::InvalidCredentials, "Secret mine does not exist".into()));
    assert!(scene.steps().is_empty());
    let with_more = scene.wants(json!({ "deletionProtection": true }));
    assert_eq!(with_more.steps(), ["now: ModifyDBInstance deletionProtection=true (none)"], "it blocks nothing else");
}

#[test]
fn management_by_aws_is_turned_on_with_its_key_and_waited_for() {
    assert_eq!(managed().steps(), ["now: ModifyDBInstance manageMasterUserPassword=true (none)"]);
    let keyed = rds().wants(json!({ "credentials": { "awsManaged": { "kmsKeyId": "alias/db" } } }));
    assert_eq!(keyed.steps(), ["now: ModifyDBInstance manageMasterUserPassword=true alias/db (none)"]);
    let creating = kept_by_aws(managed(), "creating").called("instance", "ModifyDBInstance", 90, true);
    assert_eq!((creating.steps().len(), creating.waits_for()), (0, Some(Reason::RotatingPassword)));
    assert_eq!(kept_by_aws(managed(), "rotating").plan().end, End::Settled);
}

#[test]
fn an_impaired_secret_is_said() {
    let (reason, message) = kept_by_aws(managed(), "impaired").problem();
    assert_eq!(reason, Reason::InvalidCredentials);
    assert!(message.contains("impaired") && message.contains("KMS"), "{message}");
}

#[test]
fn every_way_back_from_aws_is_one_call_with_the_next_password() {
    let back = "now: ModifyDBInstance manageMasterUserPassword=false (none)";
    for scene in [rds(), supplying("in-force-2"), by_iam(json!({}))] {
        let scene = kept_by_aws(scene, "active");
        assert_eq!(scene.steps(), [back]);
        assert_eq!(crate::aws::Action::password(&scene.plan().steps[0].action), PasswordUse::Next);
        let accepted = scene.next(true).given(|inputs| {
            if let Supplied::Given(password) = &mut inputs.supplied {
                *password = Password::new("the-next-one");
            }
        });
        let waiting = accepted.clone().instance(|instance| instance.password_pending = true);
        assert_eq!((waiting.steps().len(), waiting.waits_for()), (0, Some(Reason::RotatingPassword)));
        let done = accepted.instance(|instance| instance.master_secret = None);
        assert!(done.plan().promote_password);
    }
    let short = kept_by_aws(supplying("short"), "active");
    assert_eq!((short.problem().0, short.steps().len()), (Reason::InvalidCredentials, 0));
}

#[test]
fn a_change_of_mode_sets_a_password_only_where_it_must() {
    assert_eq!(supplying("my-own-one").steps(), [SET], "generated to secretRef");
    assert!(rds().steps().is_empty(), "secretRef to generated: the known one stays until it is rotated");
    assert!(by_iam(json!({})).steps().is_empty(), "to IAM: the master password stays with the operator");
}

#[test]
fn who_signs_in_with_iam_alone_has_no_password() {
    let iam =
        by_iam(json!({ "masterUserAuthenticationType": "iam-db-auth" })).stored(|stored| *stored = Stored::default());
    let plan = iam.plan();
    assert_eq!((plan.steps.len(), plan.problem, plan.end), (0, None, End::Settled));
    let lost = by_iam(json!({})).stored(|stored| *stored = Stored::default());
    assert_eq!(lost.problem().0, Reason::CredentialsLost, "with a password, it is lost like any other");
}

#[test]
fn a_password_waits_for_a_state_that_takes_it() {
    let asked = || rds().given(|inputs| inputs.rotate = Some("today".into()));
    for (status, expected) in [
        ("modifying", "later (Updating)"),
        ("stopped", "later (Stopped)"),
        ("storage-full", "later (StorageFull)"),
        ("incompatible-credentials", "now"),
    ] {
        assert!(asked().status(status).steps()[0].starts_with(expected), "{status}");
    }
}
