//! Every word of DBInstanceStatus (aws-rds.md 1.4), wanted and unwanted: what is planned, what is said.

use super::*;
use crate::kind::{End, Readiness};
use crate::kinds::rds::states::{State, state};

/// Every status of the table.
const WORDS: &[&str] = &[
    "available",
    "storage-optimization",
    "storage-initialization",
    "backing-up",
    "configuring-enhanced-monitoring",
    "configuring-iam-database-auth",
    "configuring-log-exports",
    "configuring-associated-roles",
    "configuring-activity-stream",
    "modifying",
    "resetting-master-credentials",
    "renaming",
    "maintenance",
    "moving-to-vpc",
    "converting-to-vpc",
    "storage-config-upgrade",
    "validating-configuration",
    "creating",
    "rebooting",
    "starting",
    "stopping",
    "upgrading",
    "backtracking",
    "stopped",
    "storage-full",
    "incompatible-parameters",
    "incompatible-option-group",
    "incompatible-credentials",
    "insufficient-capacity",
    "inaccessible-encryption-credentials-recoverable",
    "incompatible-network",
    "inaccessible-encryption-credentials",
    "incompatible-restore",
    "incompatible-create",
    "restore-error",
    "failed",
    "modify-failed",
    "upgrade-failed",
    "unsupported-configuration",
    "automation-paused",
    "delete-precheck",
    "deleting",
    "deleted",
    "brand-new-word",
];

const DELETION: [&str; 3] = ["delete-precheck", "deleting", "deleted"];

/// A quiet change, a change of storage and a disruptive one at once, for the states that take only some of them.
fn changing(status: &str) -> Scene {
    let patch = json!({ "deletionProtection": true, "allocatedStorage": 200, "dbInstanceClass": "db.m7g.large" });
    rds().wants(patch).immediate().status(status)
}

const QUIET: &str = "now: ModifyDBInstance allocatedStorage=200, deletionProtection=true, immediately (none)";
const CLASS: &str = "now: ModifyDBInstance dbInstanceClass=db.m7g.large, immediately (failover)";

fn readiness(status: &str) -> String {
    let scene = rds().status(status);
    match scene.object.ready(&scene.inputs, &scene.observed) {
        Readiness::Yes => "yes".into(),
        Readiness::AsBefore(waiting) => format!("as before, else {}", waiting.reason),
        Readiness::No(waiting) => format!("no, {}", waiting.reason),
    }
}

#[test]
fn readiness_follows_the_status() {
    let table: &[(&str, &[&str])] = &[
        (
            "yes",
            &[
                "available",
                "storage-optimization",
                "storage-initialization",
                "backing-up",
                "configuring-enhanced-monitoring",
                "configuring-iam-database-auth",
                "configuring-log-exports",
                "configuring-associated-roles",
                "configuring-activity-stream",
            ],
        ),
        (
            "as before, else NotServing",
            &[
                "modifying",
                "resetting-master-credentials",
                "renaming",
                "maintenance",
                "moving-to-vpc",
                "converting-to-vpc",
                "storage-config-upgrade",
                "validating-configuration",
                "brand-new-word",
            ],
        ),
        ("no, Creating", &["creating"]),
        ("no, NotServing", &["rebooting", "starting", "stopping", "upgrading", "backtracking"]),
        ("no, Stopped", &["stopped"]),
        ("no, StorageFull", &["storage-full"]),
        (
            "no, Broken",
            &[
                "incompatible-parameters",
                "incompatible-option-group",
                "incompatible-credentials",
                "insufficient-capacity",
                "inaccessible-encryption-credentials-recoverable",
                "incompatible-network",
                "inaccessible-encryption-credentials",
                "incompatible-restore",
                "incompatible-create",
                "restore-error",
                "failed",
                "modify-failed",
                "upgrade-failed",
                "unsupported-configuration",
                "automation-paused",
            ],
        ),
        ("no, Deleting", &DELETION),
    ];
    let mut told: Vec<&str> = Vec::new();
    for (expected, words) in table {
        for word in *words {
            assert_eq!(readiness(word), *expected, "{word}");
            told.push(word);
        }
    }
    let forgotten: Vec<&&str> = WORDS.iter().filter(|word| !told.contains(word)).collect();
    assert!(forgotten.is_empty(), "{forgotten:?}");
}

#[test]
fn without_an_endpoint_nothing_is_ready() {
    let scene = rds().instance(|instance| instance.endpoint = None);
    assert!(
        matches!(scene.object.ready(&scene.inputs, &scene.observed), Readiness::No(w) if w.reason == Reason::Creating)
    );
    let absent = rds().absent();
    assert!(matches!(absent.object.ready(&absent.inputs, &absent.observed), Readiness::No(_)));
}

#[test]
fn a_status_decides_which_changes_are_taken() {
    for word in WORDS {
        let steps = changing(word).steps();
        let running: Vec<&String> = steps.iter().filter(|step| step.starts_with("now")).collect();
        match *word {
            "available" => assert_eq!(running, [QUIET, CLASS], "{word}"),
            "storage-optimization" | "storage-initialization" => assert_eq!(
                steps,
                [
                    "now: ModifyDBInstance deletionProtection=true (none)",
                    CLASS,
                    "later (Busy): ModifyDBInstance allocatedStorage=200 (none)",
                ],
                "{word}: all but storage"
            ),
            "storage-full" => {
                assert_eq!(
                    running,
                    ["now: ModifyDBInstance allocatedStorage=200, immediately (none)"],
                    "storage alone"
                );
            }
            "insufficient-capacity" => assert_eq!(running, [CLASS], "the class is the cure"),
            _ => assert!(running.is_empty(), "{word} takes no change: {running:?}"),
        }
    }
}

#[test]
fn what_waits_for_the_state_is_still_shown() {
    for word in ["backing-up", "modifying", "stopped", "upgrading", "brand-new-word"] {
        let steps = changing(word).steps();
        assert_eq!(steps.len(), 2, "{word}: {steps:?}");
        assert!(steps.iter().all(|step| step.starts_with("later")), "{word}: {steps:?}");
    }
}

#[test]
fn tags_are_set_in_every_state_but_deletion() {
    for word in WORDS {
        let steps = rds().wants(json!({ "tags": { "team": "shop" } })).status(word).steps();
        let expected: &[&str] = if DELETION.contains(word) { &[] } else { &["now: AddTagsToResource team (none)"] };
        assert_eq!(steps, expected, "{word}");
    }
}

#[test]
fn what_waits_and_what_stands_in_the_way_follows_the_status() {
    for word in WORDS {
        let plan = rds().status(word).plan();
        let problem = plan.problem.as_ref().map(|problem| problem.reason);
        let waiting = plan.waiting.as_ref().map(|waiting| waiting.reason);
        let expected = match state(word) {
            State::Available | State::StorageBusy | State::Serving => (None, None),
            State::Changing | State::Unknown => (None, Some(Reason::Updating)),
            State::Down if *word == "creating" => (None, Some(Reason::Creating)),
            State::Down => (None, Some(Reason::Updating)),
            State::Stopped => (None, Some(Reason::Stopped)),
            State::StorageFull => (Some(Reason::StorageFull), Some(Reason::Updating)),
            State::Mendable(_) | State::External(_) | State::Terminal(_) => {
                (Some(Reason::Broken), Some(Reason::Updating))
            }
            State::Deleting => (None, Some(Reason::Deleting)),
        };
        assert_eq!((problem, waiting), expected, "{word}");
        let settles = expected == (None, None);
        assert_eq!(plan.end == End::Settled, settles, "{word}");
        if let Some(problem) = plan.problem {
            assert!(problem.message.contains(word), "{word}: {}", problem.message);
        }
    }
}

#[test]
fn a_deletion_is_attempted_in_every_state() {
    for word in WORDS {
        let mut scene = rds().status(word).deleting();
        scene.object.spec.shared.deletion_policy = crate::spec::DeletionPolicy::Delete;
        let plan = scene.plan();
        if DELETION.contains(word) {
            assert!(plan.steps.is_empty(), "{word}");
            assert_eq!(plan.waiting.unwrap().reason, Reason::Deleting);
        } else {
            assert_eq!(scene.steps(), ["now: DeleteDBInstance without snapshot (data-loss)"], "{word}");
        }
    }
}

#[test]
fn a_stopped_instance_that_shall_rest_is_settled() {
    let plan = rds().wants(json!({ "powerState": "Stopped" })).status("stopped").plan();
    assert_eq!((plan.end, plan.steps.len()), (End::Settled, 0));
}

#[test]
fn power_follows_the_spec_and_a_restart_by_aws_is_undone() {
    for (wanted, status, expected) in [
        ("Stopped", "available", "now: StopDBInstance (failover)"),
        ("Running", "stopped", "now: StartDBInstance (none)"),
        ("Stopped", "stopping", ""),
        ("Running", "starting", ""),
        ("Running", "available", ""),
        ("Stopped", "storage-optimization", ""),
        ("Running", "inaccessible-encryption-credentials-recoverable", ""),
    ] {
        let steps = rds().wants(json!({ "powerState": wanted })).status(status).steps();
        assert_eq!(steps.join(""), expected, "{wanted} from {status}");
    }
    let held = rds().wants(json!({ "powerState": "Stopped" })).by_approval().steps();
    assert_eq!(held, ["held for approval: StopDBInstance (failover)"]);
    assert!(rds().status("stopped").steps().is_empty(), "power is not managed without a word in the spec");
}

#[test]
fn edits_of_a_stopped_instance_queue_until_it_is_started() {
    let steps = rds().class("db.m7g.large").wants(json!({ "powerState": "Running" })).status("stopped").steps();
    assert_eq!(
        steps,
        ["later (Stopped): ModifyDBInstance dbInstanceClass=db.m7g.large (failover)", "now: StartDBInstance (none)"]
    );
}

#[test]
fn a_full_storage_comes_first_and_alone() {
    let full = || {
        rds()
            .wants(json!({
                "allocatedStorage": 200, "engineVersion": "17", "allowMajorVersionUpgrade": true,
                "deletionProtection": true, "associatedRoles": [{ "featureName": "s3Import", "roleArn": "arn:aws:iam::1:role/r" }],
            }))
            .given(|inputs| inputs.rotate = Some("token".into()))
            .immediate()
            .status("storage-full")
    };
    let steps = full().steps();
    let running: Vec<&String> = steps.iter().filter(|step| step.starts_with("now")).collect();
    assert_eq!(running, ["now: ModifyDBInstance allocatedStorage=200, immediately (none)"], "{steps:?}");
    assert_eq!(steps[0], *running[0], "and before everything that waits for it");
}

#[test]
fn storage_that_only_waits_for_the_window_does_not_mend_a_full_one() {
    let scene = rds().wants(json!({ "allocatedStorage": 200 })).holds(json!({ "allocatedStorage": 200 }));
    assert!(scene.clone().steps().is_empty(), "scheduled is no difference");
    let steps = scene.status("storage-full").steps();
    assert_eq!(steps, ["now: ModifyDBInstance allocatedStorage=200, immediately (none)"]);
}

#[test]
fn mending_a_full_storage_does_not_flush_a_disruption_unasked() {
    let scene = rds()
        .both(json!({ "dbInstanceClass": "db.t4g.small" }))
        .wants(json!({ "allocatedStorage": 200, "dbInstanceClass": null }))
        .holds(json!({ "dbInstanceClass": "db.m7g.large" }))
        .status("storage-full");
    let mend = "ModifyDBInstance allocatedStorage=200, immediately (failover)";
    assert_eq!(scene.clone().steps(), [format!("held for the window: {mend}")]);
    assert_eq!(scene.clone().at(IN_WINDOW).steps(), [format!("now: {mend}")]);
    assert_eq!(scene.clone().by_approval().steps(), [format!("held for approval: {mend}")]);
    assert_eq!(scene.immediate().steps(), [format!("now: {mend}")]);
}

#[test]
fn provisioned_storage_that_is_full_grows_with_its_performance() {
    let scene = rds().both(json!({ "storageType": "io2", "iops": 3000 })).wants(json!({ "allocatedStorage": 200 }));
    let steps = scene.status("storage-full").steps();
    assert_eq!(steps, ["now: ModifyDBInstance allocatedStorage=200, iops=3000, immediately (none)"]);
}

#[test]
fn an_attention_state_takes_only_its_remedy() {
    let patch = json!({
        "dbInstanceClass": "db.m7g.large", "optionGroupName": "og", "dbParameterGroupName": "pg",
        "deletionProtection": true,
    });
    for (status, cure) in [
        (
            "incompatible-parameters",
            "now: ModifyDBInstance dbParameterGroupName=pg (none); now: RebootDBInstance (reboot)",
        ),
        ("incompatible-option-group", "now: ModifyDBInstance optionGroupName=og, immediately (brief-interruption)"),
        ("insufficient-capacity", "now: ModifyDBInstance dbInstanceClass=db.m7g.large, immediately (failover)"),
        ("incompatible-credentials", "now: ModifyDBInstance the next password (none)"),
        ("incompatible-network", ""),
        ("inaccessible-encryption-credentials-recoverable", ""),
        ("failed", ""),
    ] {
        let scene = rds().wants(patch.clone()).given(|inputs| inputs.rotate = Some("token".into())).status(status);
        let running: Vec<String> = scene.steps().into_iter().filter(|step| step.starts_with("now")).collect();
        assert_eq!(running.join("; "), cure, "{status}");
    }
}

#[test]
fn a_cure_that_disrupts_waits_for_approval_where_the_policy_says_so() {
    let steps = rds().class("db.m7g.large").by_approval().status("insufficient-capacity").steps();
    assert_eq!(steps, ["held for approval: ModifyDBInstance dbInstanceClass=db.m7g.large, immediately (failover)"]);
}

#[test]
fn while_it_is_created_nothing_that_aws_does_not_show_yet_is_a_difference() {
    let scene = rds()
        .wants(json!({ "availabilityZone": "eu-central-1a", "port": 5433, "kmsKeyId": KEY }))
        .has(json!({ "availabilityZone": null, "port": null, "kmsKeyId": null }))
        .status("creating");
    let plan = scene.plan();
    assert!(plan.steps.is_empty() && plan.problem.is_none(), "{plan:?}");
    assert_eq!(plan.waiting.unwrap().reason, Reason::Creating);
}

#[test]
fn parts_that_aws_still_changes_are_waited_for() {
    type Part = (&'static str, fn(&mut Instance));
    let parts: &[Part] = &[
        ("password", |i| i.password_pending = true),
        ("logs", |i| i.logs_pending = true),
        ("security groups", |i| i.security_groups_changing = true),
        ("parameters", |i| i.parameter_apply_status = Some("applying".into())),
        ("option group pending", |i| drop(i.option_groups.insert("og".into(), "pending-apply".into()))),
        ("option group applying", |i| drop(i.option_groups.insert("og".into(), "applying".into()))),
        ("option group leaving", |i| drop(i.option_groups.insert("og".into(), "removing".into()))),
        ("domain", |i| drop(i.domains.insert("d-1".into(), "pending-join".into()))),
        ("role", |i| drop(i.roles.insert("s3Import".into(), ("arn".into(), "PENDING".into())))),
    ];
    for (what, change) in parts {
        let plan = rds().instance(*change).plan();
        assert_eq!(plan.waiting.map(|waiting| waiting.reason), Some(Reason::Updating), "{what}");
        assert_eq!(plan.end, End::Open, "{what}");
    }
}

#[test]
fn parts_that_have_failed_are_said() {
    type Part = (Value, &'static str, fn(&mut Instance));
    let parts: &[Part] = &[
        (json!({}), "replication has stopped: lag", |i| i.replication_broken = Some("lag".into())),
        (json!({ "dbParameterGroupName": "default.postgres16" }), "could not apply the parameters", |i| {
            i.parameter_apply_status = Some("failed-to-apply".into());
        }),
        (json!({ "optionGroupName": "default:postgres-16" }), "option group og has failed", |i| {
            i.option_groups.insert("og".into(), "failed".into());
        }),
        (json!({ "domain": { "id": "d-1" } }), "joining domain d-1 has failed", |i| {
            i.domains.insert("d-1".into(), "failed".into());
        }),
        (
            json!({ "associatedRoles": [{ "featureName": "s3Import", "roleArn": "arn" }] }),
            "role arn for s3Import is INVALID",
            |i| {
                i.roles.insert("s3Import".into(), ("arn".into(), "INVALID".into()));
            },
        ),
    ];
    for (spec, words, change) in parts {
        let (reason, message) = rds().wants(spec.clone()).instance(*change).problem();
        assert_eq!(reason, Reason::Broken);
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn available_right_after_a_change_is_not_believed() {
    let scene = |seconds| rds().called("instance", "ModifyDBInstance", seconds, true).plan();
    let fresh = scene(30);
    assert_eq!((fresh.end, fresh.waiting.unwrap().reason), (End::Open, Reason::Settling));
    assert_eq!(scene(60).end, End::Settled);
}

#[test]
fn moments_after_an_accepted_call_nothing_is_sent() {
    let scene = rds().class("db.m7g.large").called("instance", "ModifyDBInstance", 5, true);
    assert_eq!(scene.steps(), ["later (Settling): ModifyDBInstance dbInstanceClass=db.m7g.large (failover)"]);
    let lost = rds().class("db.m7g.large").called("instance", "ModifyDBInstance", 5, false);
    assert!(lost.steps()[0].starts_with("sent"), "a lost answer costs a repeat, not a wait");
}

#[test]
fn a_member_of_a_cluster_is_never_touched_and_keeps_no_object() {
    let member = || rds().class("db.m7g.large").instance(|instance| instance.cluster = Some("aurora-1".into()));
    let (reason, message) = member().problem();
    assert_eq!(reason, Reason::Conflict);
    assert!(message.contains("aurora-1") && message.contains("AuroraServerless"), "{message}");
    assert!(member().steps().is_empty());
    let mut leaving = member().deleting();
    leaving.object.spec.shared.deletion_policy = crate::spec::DeletionPolicy::Delete;
    assert_eq!(leaving.plan(), Plan::release());
}
