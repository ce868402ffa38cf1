//! Order, splitting and coupling of changes (aws-rds.md 1.5), storage rules, and what AWS holds for the window.

use super::*;
use crate::kind::End;

const ROLE: &str = "arn:aws:iam::123456789012:role/s3";

#[test]
fn calls_come_in_the_order_of_the_table() {
    let scene = rds()
        .wants(json!({
            "engineVersion": "17", "allowMajorVersionUpgrade": true, "dbInstanceClass": "db.m7g.large",
            "deletionProtection": true, "port": 5433, "tags": { "team": "shop" }, "promote": true,
            "dbParameterGroupName": "pg17", "associatedRoles": [{ "featureName": "s3Import", "roleArn": ROLE }],
        }))
        .given(|inputs| inputs.rotate = Some("token".into()))
        .instance(|instance| instance.parameter_apply_status = Some("pending-reboot".into()))
        .immediate();
    assert_eq!(
        scene.steps(),
        [
            "now: AddTagsToResource team (none)",
            "now: ModifyDBInstance dbParameterGroupName=pg17, engineVersion=17, allowing major, immediately (failover)",
            "now: ModifyDBInstance deletionProtection=true (none)",
            "now: ModifyDBInstance port=5433 (reboot)",
            "now: ModifyDBInstance dbInstanceClass=db.m7g.large, immediately (failover)",
            "now: ModifyDBInstance the next password (none)",
            &format!("now: AddRoleToDBInstance {ROLE} for s3Import (none)"),
            "now: RebootDBInstance (reboot)",
        ]
    );
}

#[test]
fn a_promotion_comes_before_ordinary_changes_and_after_tags() {
    let replica = rds()
        .wants(json!({ "source": { "replicaOf": { "identifier": "main" } }, "promote": true }))
        .wants(json!({ "tags": { "team": "shop" }, "deletionProtection": true }))
        .instance(|instance| instance.replica_source = Some("main".into()));
    assert_eq!(
        replica.steps(),
        [
            "now: AddTagsToResource team (none)",
            "now: PromoteReadReplica (reboot)",
            "now: ModifyDBInstance deletionProtection=true (none)",
        ]
    );
}

#[test]
fn ordinary_differences_travel_in_one_call_by_what_they_disturb() {
    let scene = rds().wants(json!({
        "deletionProtection": true, "backupRetentionPeriod": 7, "multiAZ": true, "allocatedStorage": 200,
        "dbInstanceClass": "db.m7g.large", "engineVersion": "16.6", "caCertificateIdentifier": "rds-ca-ecc384-g1",
    }));
    assert_eq!(
        scene.steps(),
        [
            "now: ModifyDBInstance allocatedStorage=200, backupRetentionPeriod=7, deletionProtection=true, \
             multiAZ=true, immediately (none)",
            "sent for the window: ModifyDBInstance caCertificateIdentifier=rds-ca-ecc384-g1, \
             dbInstanceClass=db.m7g.large, engineVersion=16.6 (failover)",
        ]
    );
}

#[test]
fn a_major_upgrade_needs_a_word_and_says_so() {
    let scene = rds().wants(json!({ "engineVersion": "17", "dbParameterGroupName": "pg17" }));
    let (reason, message) = scene.problem();
    assert_eq!(reason, Reason::InvalidSpec);
    assert!(message.contains("16.4 -> 17") && message.contains("allowMajorVersionUpgrade"), "{message}");
    assert!(scene.steps().is_empty(), "the group of the new family would not fit the old one: {:?}", scene.steps());
}

#[test]
fn the_flag_for_major_upgrades_travels_only_with_one() {
    let allowed = || rds().wants(json!({ "allowMajorVersionUpgrade": true })).immediate();
    assert!(allowed().steps().is_empty(), "a flag is no difference");
    let minor = allowed().wants(json!({ "engineVersion": "16.6" })).steps();
    assert_eq!(minor, ["now: ModifyDBInstance engineVersion=16.6, immediately (failover)"]);
    let class = allowed().class("db.m7g.large").steps();
    assert_eq!(class, ["now: ModifyDBInstance dbInstanceClass=db.m7g.large, immediately (failover)"]);
}

#[test]
fn major_boundaries_are_those_of_the_engine() {
    for (engine, from, to, is_major) in [
        ("postgres", "15.4", "16", true),
        ("postgres", "15.4", "15.10", false),
        ("mysql", "8.0.36", "8.4", true),
        ("mysql", "8.0.36", "8.0.40", false),
        ("mariadb", "10.6.14", "10.11", true),
        ("oracle-se2", "19.0.0.0.ru-2024-01.rur-2024-01.r1", "21", true),
        ("sqlserver-se", "15.00.4345.5.v1", "16.00", true),
    ] {
        let scene = rds().engine(engine, from).wants(json!({ "engineVersion": to })).immediate();
        assert_eq!(scene.plan().problem.is_some(), is_major, "{engine} {from} -> {to}");
        let steps = scene.wants(json!({ "allowMajorVersionUpgrade": true })).steps();
        assert_eq!(steps[0].contains("allowing major"), is_major, "{engine} {from} -> {to}: {steps:?}");
    }
}

#[test]
fn no_version_is_ever_lowered() {
    for version in ["16.2", "15", "15.9", "9.6"] {
        assert!(rds().wants(json!({ "engineVersion": version })).steps().is_empty(), "{version}");
    }
}

#[test]
fn a_scheduled_upgrade_has_its_group_with_it() {
    let scheduled = rds()
        .wants(json!({ "engineVersion": "17", "allowMajorVersionUpgrade": true, "dbParameterGroupName": "pg17" }))
        .holds(json!({ "engineVersion": "17.2" }));
    assert!(scheduled.steps().is_empty(), "the group of 17 does not fit 16: {:?}", scheduled.steps());
    assert_eq!(scheduled.plan().end, End::Settled);
    assert_eq!(
        scheduled.immediate().steps(),
        ["now: ModifyDBInstance dbParameterGroupName=pg17, engineVersion=17.2, allowing major, immediately (failover)"]
    );
}

#[test]
fn a_scheduled_upgrade_that_is_no_longer_allowed_is_not_hurried() {
    let scene = rds().wants(json!({ "engineVersion": "17" })).holds(json!({ "engineVersion": "17.2" })).immediate();
    assert!(scene.steps().is_empty(), "{:?}", scene.steps());
}

#[test]
fn an_engine_conversion_is_a_call_of_its_own() {
    let scene = rds()
        .engine("oracle-se2", "19.0.0.0.ru-2024-10.rur-2024-10.r1")
        .wants(json!({ "engine": "oracle-se2-cdb", "dbParameterGroupName": "cdb", "dbInstanceClass": "db.m7g.large" }));
    assert_eq!(
        scene.steps(),
        [
            "sent for the window: ModifyDBInstance dbParameterGroupName=cdb, engine=oracle-se2-cdb (failover)",
            "sent for the window: ModifyDBInstance dbInstanceClass=db.m7g.large (failover)",
        ]
    );
}

#[test]
fn storage_is_withheld_while_aws_optimises_it_and_the_rest_is_sent() {
    let scene = rds()
        .wants(json!({ "allocatedStorage": 200, "deletionProtection": true }))
        .instance(|instance| instance.storage_operation = Some("Optimizing 40%".into()));
    assert_eq!(
        scene.steps(),
        [
            "now: ModifyDBInstance deletionProtection=true (none)",
            "later (Busy): ModifyDBInstance allocatedStorage=200 (none)",
        ]
    );
    let volume = rds().both(json!({ "storageType": "io2", "iops": 3000 })).wants(json!({ "dedicatedLogVolume": true }));
    assert_eq!(
        volume.status("storage-optimization").steps(),
        ["later (Busy): ModifyDBInstance dedicatedLogVolume=true (reboot)"],
        "with the class that it will have"
    );
}

/// Kind and size in AWS, what the spec changes, what is sent, and why.
type Storage = (&'static str, i32, Value, &'static str, &'static str);

#[test]
fn size_and_performance_go_together_where_aws_wants_it() {
    let table: &[Storage] = &[
        ("gp3", 100, json!({ "allocatedStorage": 200 }), "allocatedStorage=200", "below the threshold: size alone"),
        (
            "gp3",
            100,
            json!({ "allocatedStorage": 400 }),
            "allocatedStorage=400",
            "crossing it: the baseline moves by itself",
        ),
        (
            "gp3",
            100,
            json!({ "allocatedStorage": 400, "iops": 12000, "storageThroughput": 500 }),
            "allocatedStorage=400, iops=12000, storageThroughput=500",
            "crossing it with performance of one's own",
        ),
        (
            "gp3",
            500,
            json!({ "allocatedStorage": 600 }),
            "allocatedStorage=600, iops=13000, storageThroughput=600",
            "above it: what is in force is repeated",
        ),
        (
            "gp3",
            500,
            json!({ "allocatedStorage": 500, "storageThroughput": 700 }),
            "allocatedStorage=500, iops=13000, storageThroughput=700",
            "throughput alone takes the others along",
        ),
        ("io2", 100, json!({ "iops": 5000 }), "allocatedStorage=100, iops=5000", "io2: size and iops"),
        ("io1", 100, json!({ "allocatedStorage": 200 }), "allocatedStorage=200, iops=13000", "io1: size and iops"),
        (
            "io2",
            100,
            json!({ "storageType": "gp3", "iops": null }),
            "storageType=gp3",
            "into gp3 below the threshold: no performance",
        ),
        (
            "io2",
            500,
            json!({ "storageType": "gp3", "allocatedStorage": 500, "iops": null }),
            "allocatedStorage=500, storageType=gp3",
            "into gp3 above it: not the performance of the other kind",
        ),
        (
            "gp2",
            500,
            json!({ "storageType": "io2", "iops": 9000, "allocatedStorage": 500 }),
            "allocatedStorage=500, iops=9000, storageType=io2",
            "into io2",
        ),
        ("gp2", 100, json!({ "storageType": "gp3" }), "storageType=gp3", "gp2 to gp3, small"),
    ];
    for (kind, size, patch, members, why) in table {
        let is = json!({ "storageType": kind, "allocatedStorage": size, "iops": 13000, "storageThroughput": 600 });
        let steps = rds().has(is).wants(json!({ "storageType": kind })).wants(patch.clone()).steps();
        assert_eq!(steps, [format!("now: ModifyDBInstance {members}, immediately (none)")], "{why}");
    }
}

#[test]
fn the_threshold_of_gp3_is_the_engines() {
    for (engine, version, below, above) in [
        ("postgres", "16.4", Some(399), 400),
        ("mysql", "8.4.3", Some(399), 400),
        ("oracle-se2", "19.0.0.0.ru-2024-10.rur-2024-10.r1", Some(199), 200),
        ("sqlserver-se", "15.00.4345.5.v1", None, 20),
    ] {
        let sized = |size: i32| {
            rds().engine(engine, version).both(json!({ "allocatedStorage": size })).wants(json!({ "iops": 15000 }))
        };
        let sent = format!(
            "now: ModifyDBInstance allocatedStorage={above}, iops=15000, storageThroughput=125, immediately (none)"
        );
        assert_eq!(sized(above).steps(), [sent], "{engine}");
        let Some(below) = below else { continue };
        let (reason, message) = sized(below).problem();
        assert_eq!(reason, Reason::InvalidSpec, "{engine}");
        assert!(message.contains("spec.iops: 3000 -> 15000") && message.contains("gp3 below"), "{message}");
        assert!(sized(below).steps().is_empty(), "{engine}: AWS would refuse the call");
    }
}

#[test]
fn magnetic_storage_is_left_in_one_call_because_it_is_an_outage() {
    let scene = rds()
        .has(json!({ "storageType": "standard", "iops": null, "storageThroughput": null }))
        .wants(json!({ "storageType": "io2", "iops": 3000, "allocatedStorage": 200 }));
    assert_eq!(
        scene.steps(),
        ["sent for the window: ModifyDBInstance allocatedStorage=200, iops=3000, storageType=io2 (failover)"]
    );
}

#[test]
fn growing_does_not_undo_what_is_scheduled() {
    let scene = rds()
        .both(json!({ "storageType": "io2", "iops": 3000 }))
        .wants(json!({ "allocatedStorage": null, "iops": 6000 }))
        .holds(json!({ "allocatedStorage": 200 }));
    assert_eq!(scene.steps(), ["now: ModifyDBInstance allocatedStorage=200, iops=6000, immediately (none)"]);
}

#[test]
fn insights_that_go_off_take_nothing_with_them() {
    let scene = rds()
        .has(json!({ "enablePerformanceInsights": true, "performanceInsightsRetentionPeriod": 31 }))
        .wants(json!({ "enablePerformanceInsights": false }));
    assert_eq!(scene.steps(), ["now: ModifyDBInstance enablePerformanceInsights=false (none)"]);
}

#[test]
fn monitoring_that_goes_off_needs_no_role() {
    let scene = rds()
        .has(json!({ "monitoringInterval": 60, "monitoringRoleArn": ROLE }))
        .wants(json!({ "monitoringInterval": 0 }));
    assert_eq!(scene.steps(), ["now: ModifyDBInstance monitoringInterval=0 (none)"]);
}

#[test]
fn what_is_sent_in_another_form() {
    let oracle = || rds().engine("oracle-se2", "19.0.0.0.ru-2024-10.rur-2024-10.r1").immediate();
    let features =
        oracle().has(json!({ "processorFeatures": { "coreCount": "4" } })).wants(json!({ "processorFeatures": {} }));
    assert_eq!(features.steps(), ["now: ModifyDBInstance default processor features, immediately (reboot)"]);
    let domain = rds()
        .immediate()
        .has(json!({ "domain": { "id": "d-1" } }))
        .instance(|instance| drop(instance.domains.insert("d-1".into(), "joined".into())))
        .wants(json!({ "domain": {} }));
    assert_eq!(domain.steps(), ["now: ModifyDBInstance leave the domain, immediately (reboot)"]);
    let logs = rds()
        .has(json!({ "enableCloudwatchLogsExports": ["postgresql", "upgrade"] }))
        .wants(json!({ "enableCloudwatchLogsExports": [] }));
    assert_eq!(logs.steps(), ["now: ModifyDBInstance -postgresql, -upgrade (none)"]);
}

#[test]
fn only_the_volume_that_differs_is_sent() {
    let volumes =
        json!({ "rdsdbdata2": { "allocatedStorage": 200, "iops": 3000 }, "rdsdbdata3": { "allocatedStorage": 300 } });
    let scene = rds()
        .engine("oracle-se2", "19.0.0.0.ru-2024-10.rur-2024-10.r1")
        .has(json!({ "additionalStorageVolumes": volumes }))
        .wants(json!({ "additionalStorageVolumes": { "rdsdbdata2": { "allocatedStorage": 200 }, "rdsdbdata3": { "allocatedStorage": 400 } } }));
    let steps = scene.steps();
    assert!(steps.len() == 1 && steps[0].contains(r#"{"rdsdbdata3":{"allocatedStorage":400}}"#), "{steps:?}");
    assert!(!steps[0].contains("rdsdbdata2"), "{steps:?}");
}

#[test]
fn mirroring_follows_the_backups_of_sql_server() {
    let restored = |days: i32| {
        rds()
            .engine("sqlserver-se", "15.00.4345.5.v1")
            .has(json!({ "backupRetentionPeriod": days }))
            .wants(json!({ "backupRetentionPeriod": 7, "multiAZ": true }))
            .immediate()
    };
    assert_eq!(
        restored(0).steps(),
        [
            "now: ModifyDBInstance backupRetentionPeriod=7, immediately (brief-interruption)",
            "later (Updating): ModifyDBInstance multiAZ=true (none)",
        ]
    );
    assert_eq!(restored(7).steps(), ["now: ModifyDBInstance multiAZ=true, immediately (none)"]);
}

#[test]
fn backups_on_or_off_pause_io_and_a_longer_retention_does_not() {
    for (from, to, expected) in [
        (0, 7, "sent for the window: ModifyDBInstance backupRetentionPeriod=7 (brief-interruption)"),
        (7, 0, "sent for the window: ModifyDBInstance backupRetentionPeriod=0 (brief-interruption)"),
        (7, 14, "now: ModifyDBInstance backupRetentionPeriod=14 (none)"),
    ] {
        let scene = rds().has(json!({ "backupRetentionPeriod": from })).wants(json!({ "backupRetentionPeriod": to }));
        assert_eq!(scene.steps(), [expected]);
    }
}

#[test]
fn backups_stay_on_while_there_are_replicas() {
    let scene = rds()
        .has(json!({ "backupRetentionPeriod": 7 }))
        .wants(json!({ "backupRetentionPeriod": 0, "deletionProtection": true }))
        .instance(|instance| instance.replicas = ["copy".into()].into());
    let (reason, message) = scene.problem();
    assert_eq!(reason, Reason::InvalidSpec);
    assert!(message.contains("spec.backupRetentionPeriod: 0") && message.contains("(copy)"), "{message}");
    assert_eq!(scene.steps(), ["now: ModifyDBInstance deletionProtection=true (none)"]);
}

#[test]
fn immediate_also_means_what_was_scheduled_before() {
    let scene = rds().class("db.m7g.large").holds(json!({ "dbInstanceClass": "db.m7g.large" }));
    assert!(scene.steps().is_empty());
    let hurried = scene.immediate();
    assert_eq!(hurried.steps(), ["now: ModifyDBInstance dbInstanceClass=db.m7g.large, immediately (failover)"]);
    let fresh = hurried.called("instance", "ModifyDBInstance", 30, true);
    assert!(fresh.steps().is_empty(), "AWS may be at it already");
}

#[test]
fn immediate_does_not_hurry_what_somebody_else_scheduled() {
    let scene = rds().wants(json!({ "dbInstanceClass": null })).holds(json!({ "dbInstanceClass": "db.m7g.large" }));
    assert!(scene.immediate().steps().is_empty());
}

#[test]
fn an_option_group_that_waits_for_the_window_is_hurried_and_shown() {
    let scene = rds().wants(json!({ "optionGroupName": "og" })).has(json!({ "optionGroupName": "og" })).instance(|i| {
        i.option_groups = [
            ("default:postgres-16".into(), "pending-maintenance-removal".into()),
            ("og".into(), "pending-maintenance-apply".into()),
        ]
        .into();
    });
    assert!(scene.steps().is_empty(), "scheduled is no difference");
    assert_eq!(scene.object.view(&scene.observed).pending["optionGroupName"], "og");
    assert_eq!(
        scene.immediate().steps(),
        ["now: ModifyDBInstance optionGroupName=og, immediately (brief-interruption)"]
    );
}

#[test]
fn a_scheduled_change_that_is_no_longer_wanted_is_called_off_without_disturbing() {
    for (why, spec, pending, members) in [
        ("a class", json!({}), json!({ "dbInstanceClass": "db.m7g.large" }), "dbInstanceClass=db.t4g.small"),
        ("a minor version", json!({}), json!({ "engineVersion": "16.6" }), "engineVersion=16.4"),
        ("a major version", json!({}), json!({ "engineVersion": "17.2" }), "engineVersion=16.4"),
        ("a standby", json!({ "multiAZ": false }), json!({ "multiAZ": true }), "multiAZ=false"),
        (
            "iops",
            json!({ "storageType": "io2", "iops": 3000 }),
            json!({ "iops": 9000 }),
            "allocatedStorage=100, iops=3000",
        ),
    ] {
        for policy in [DisruptivePolicy::Window, DisruptivePolicy::Immediate, DisruptivePolicy::Approve] {
            let scene = rds().both(spec.clone()).holds(pending.clone()).disruptive(policy);
            assert_eq!(scene.steps(), [format!("now: ModifyDBInstance {members} (none)")], "{why} under {policy:?}");
        }
    }
}

#[test]
fn another_value_replaces_the_scheduled_one() {
    let scene = rds().class("db.r7g.large").holds(json!({ "dbInstanceClass": "db.m7g.large" }));
    let plan = scene.plan();
    assert_eq!(scene.steps(), ["sent for the window: ModifyDBInstance dbInstanceClass=db.r7g.large (failover)"]);
    assert_eq!(changes_of(&plan.steps[0]), ["dbInstanceClass: db.m7g.large -> db.r7g.large"]);
}

#[test]
fn at_once_has_the_worst_class_of_what_it_flushes() {
    let pending = json!({ "dbInstanceClass": "db.m7g.large" });
    let scene = |spec: Value| rds().wants(json!({ "dbInstanceClass": null })).wants(spec).holds(pending.clone());
    assert_eq!(
        scene(json!({ "multiAZ": true })).steps(),
        ["sent for the window: ModifyDBInstance multiAZ=true (none)"],
        "it waits rather than flush"
    );
    assert_eq!(
        scene(json!({ "multiAZ": true })).immediate().steps(),
        ["now: ModifyDBInstance multiAZ=true, immediately (failover)"]
    );
    assert_eq!(
        scene(json!({ "caCertificateIdentifier": "rds-ca-ecc384-g1" })).by_approval().steps(),
        ["held for approval: ModifyDBInstance caCertificateIdentifier=rds-ca-ecc384-g1, immediately (failover)"]
    );
    assert_eq!(
        scene(json!({ "networkType": "DUAL" })).steps(),
        ["held for the window: ModifyDBInstance networkType=DUAL, immediately (failover)"]
    );
    assert_eq!(
        scene(json!({ "deletionProtection": true })).immediate().steps(),
        ["now: ModifyDBInstance deletionProtection=true (none)"],
        "what needs no flag flushes nothing"
    );
}

#[test]
fn static_parameters_wait_for_a_reboot_as_the_policy_says() {
    let pending =
        |scene: Scene| scene.instance(|instance| instance.parameter_apply_status = Some("pending-reboot".into()));
    let managed = || pending(rds().both(json!({ "dbParameterGroupName": "pg" })));
    for (scene, expected) in [
        (managed(), "held for the window: RebootDBInstance (reboot)"),
        (managed().at(IN_WINDOW), "now: RebootDBInstance (reboot)"),
        (managed().immediate(), "now: RebootDBInstance (reboot)"),
        (managed().by_approval(), "held for approval: RebootDBInstance (reboot)"),
        (managed().status("backing-up"), "later (Updating): RebootDBInstance (reboot)"),
    ] {
        assert_eq!(scene.steps(), [expected]);
        assert_eq!(scene.object.facts(&scene.inputs, &scene.observed).reboot_required, Some(true));
    }
    assert!(pending(rds()).immediate().steps().is_empty(), "a group that the spec does not name is not ours to apply");
}

#[test]
fn roles_leave_before_others_come() {
    let scene = rds()
        .wants(json!({ "associatedRoles": [
            { "featureName": "s3Import", "roleArn": ROLE }, { "featureName": "Lambda", "roleArn": ROLE },
        ] }))
        .instance(|instance| {
            let is = |arn: &str| (arn.to_string(), "ACTIVE".to_string());
            instance.roles = [("s3Import".into(), is("arn:old")), ("s3Export".into(), is("arn:old"))].into();
        });
    assert_eq!(
        scene.steps(),
        [
            "now: RemoveRoleFromDBInstance arn:old for s3Export (none)",
            "now: RemoveRoleFromDBInstance arn:old for s3Import (none)",
            &format!("now: AddRoleToDBInstance {ROLE} for Lambda (none)"),
        ],
        "the other one for s3Import follows when the old one is gone"
    );
    let left_alone = rds().instance(|i| drop(i.roles.insert("s3Import".into(), ("arn:old".into(), "ACTIVE".into()))));
    assert!(left_alone.steps().is_empty(), "roles are not managed without a word in the spec");
    let none = left_alone.wants(json!({ "associatedRoles": [] }));
    assert_eq!(none.steps(), ["now: RemoveRoleFromDBInstance arn:old for s3Import (none)"]);
}

#[test]
fn a_promotion_is_one_way_and_waits_for_a_backup() {
    let replica = || {
        rds()
            .wants(json!({ "source": { "replicaOf": { "identifier": "main" } }, "backupRetentionPeriod": 7 }))
            .has(json!({ "backupRetentionPeriod": 7 }))
            .instance(|instance| instance.replica_source = Some("main".into()))
    };
    let promoted = || replica().wants(json!({ "promote": true }));
    assert!(replica().steps().is_empty());
    assert_eq!(promoted().steps(), ["now: PromoteReadReplica keeping backups 7 days (reboot)"]);
    assert_eq!(
        promoted().status("backing-up").steps(),
        ["later (Busy): PromoteReadReplica keeping backups 7 days (reboot)"]
    );
    assert_eq!(
        promoted().by_approval().steps(),
        ["held for approval: PromoteReadReplica keeping backups 7 days (reboot)"]
    );
    let off = promoted().wants(json!({ "backupRetentionPeriod": 0 }));
    assert!(off.steps()[0].starts_with("now: PromoteReadReplica (reboot)"), "{:?}", off.steps());
    let independent = replica().instance(|instance| instance.replica_source = None);
    assert!(independent.steps().is_empty(), "nothing demotes");
    assert!(independent.object.facts(&independent.inputs, &independent.observed).advisories[0].contains("history"));
}

#[test]
fn tags_that_this_object_set_and_no_longer_lists_go_and_others_stay() {
    let tagged = |spec: Value, note: &str| {
        rds().wants(json!({ "tags": spec })).noted("tagKeys", note).instance(|instance| {
            instance.tags.insert("team".into(), "shop".into());
            instance.tags.insert("cost".into(), "42".into());
        })
    };
    assert!(tagged(json!({}), "[]").steps().is_empty(), "somebody else's tags stay");
    let stale = tagged(json!({}), r#"["team"]"#);
    assert_eq!(stale.steps(), ["now: RemoveTagsFromResource team (none)"]);
    let note = &stale.plan().steps[0].notes;
    assert_eq!(note, &[("tagKeys".to_string(), r#"["team"]"#.to_string())], "still noted: the call may be lost");
    let changed = tagged(json!({ "team": "other", "new": "x" }), r#"["team"]"#);
    assert_eq!(changed.steps(), ["now: AddTagsToResource new team (none)"]);
    assert_eq!(changed.plan().steps[0].notes[0].1, r#"["new","team"]"#);
    let unmanaged = tagged(Value::Null, r#"["team"]"#);
    assert!(unmanaged.steps().is_empty(), "without spec.tags none is managed");
    let gone = tagged(json!({}), r#"["lost"]"#);
    assert!(gone.steps().is_empty(), "what is gone needs no call");
    let disowned = rds().instance(|instance| drop(instance.tags.remove("awsdb.dev/cluster")));
    assert!(disowned.steps()[0].starts_with("held for approval"), "an owner tag is not put back unasked");
}
