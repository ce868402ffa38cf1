//! Every field of aws-rds.md 1.2: at creation, when it differs, when it is left out, when it cannot change.

use std::collections::BTreeSet;

use super::*;
use crate::aws::rds::Settings;
use crate::kind::End;

/// What a change of a field is, as the class column has it.
#[derive(Clone, Copy)]
enum Class {
    /// Applied as soon as it is accepted.
    Now,
    /// AWS would wait for the window, and nobody notices: it goes at once.
    Quiet,
    /// It disturbs: the policy decides.
    Disruptive(&'static str),
    /// It disturbs and AWS has no window for it: the operator holds it. With ApplyImmediately or without.
    Held(&'static str, bool),
}

use Class::{Disruptive, Held, Now, Quiet};

const POLICIES: [DisruptivePolicy; 3] =
    [DisruptivePolicy::Window, DisruptivePolicy::Immediate, DisruptivePolicy::Approve];

/// The one step that is expected under a policy, with exactly these members.
fn expected(class: Class, policy: DisruptivePolicy, members: &str) -> String {
    let (deferred, held) = match policy {
        DisruptivePolicy::Window => ("sent for the window", "held for the window"),
        DisruptivePolicy::Immediate => ("now", "now"),
        DisruptivePolicy::Approve => ("held for approval", "held for approval"),
    };
    let flag = |yes: bool| if yes { ", immediately" } else { "" };
    let (when, flag, class) = match class {
        Now => ("now", "", "none"),
        Quiet => ("now", flag(true), "none"),
        Disruptive(class) => (deferred, flag(policy != DisruptivePolicy::Window), class),
        Held(class, immediately) => (held, flag(immediately), class),
    };
    format!("{when}: ModifyDBInstance {members}{flag} ({class})")
}

struct Row {
    field: &'static str,
    /// The engine of the instance.
    engine: (&'static str, &'static str),
    /// Further fields of spec and instance that the change needs.
    setting: Value,
    to: Value,
    /// Members of the call; empty: `<field>=<to>`.
    members: &'static str,
    class: Class,
}

const POSTGRES: (&str, &str) = ("postgres", "16.4");
const ORACLE: (&str, &str) = ("oracle-ee", "19.0.0.0.ru-2024-10.rur-2024-10.r1");
const ORACLE_CDB: (&str, &str) = ("oracle-ee-cdb", "19.0.0.0.ru-2024-10.rur-2024-10.r1");

fn row(field: &'static str, to: Value, class: Class) -> Row {
    Row { field, engine: POSTGRES, setting: json!({}), to, members: "", class }
}

impl Row {
    fn on(self, engine: (&'static str, &'static str)) -> Self {
        Row { engine, ..self }
    }

    fn with(self, setting: Value) -> Self {
        Row { setting, ..self }
    }

    fn sending(self, members: &'static str) -> Self {
        Row { members, ..self }
    }

    fn instance(&self) -> Scene {
        rds().engine(self.engine.0, self.engine.1).both(self.setting.clone())
    }

    fn members(&self) -> String {
        let plain = || format!("{}={}", self.field, diff::text(&self.to).unwrap_or_default());
        if self.members.is_empty() { plain() } else { self.members.into() }
    }
}

/// Every field that AWS can change.
fn changeable() -> Vec<Row> {
    let role = "arn:aws:iam::123456789012:role/monitoring";
    let large = json!({ "allocatedStorage": 500 });
    vec![
        row("engine", json!("oracle-ee-cdb"), Disruptive("failover")).on(ORACLE),
        row("engineVersion", json!("16.6"), Disruptive("failover")),
        row("dbInstanceClass", json!("db.m7g.large"), Disruptive("failover")),
        row("allocatedStorage", json!(200), Quiet),
        row("maxAllocatedStorage", json!(500), Now),
        row("storageType", json!("gp2"), Quiet),
        row("iops", json!(15000), Quiet)
            .with(large.clone())
            .sending("allocatedStorage=500, iops=15000, storageThroughput=125"),
        row("storageThroughput", json!(700), Quiet)
            .with(large)
            .sending("allocatedStorage=500, iops=3000, storageThroughput=700"),
        row("dedicatedLogVolume", json!(true), Disruptive("reboot"))
            .with(json!({ "storageType": "io2", "iops": 3000 })),
        row("additionalStorageVolumes", json!({ "rdsdbdata2": { "allocatedStorage": 200 } }), Quiet).on(ORACLE),
        row("port", json!(5433), Held("reboot", false)),
        row("multiAZ", json!(true), Quiet),
        row("vpcSecurityGroupIds", json!(["sg-1", "sg-2"]), Now),
        row("publiclyAccessible", json!(true), Now),
        row("networkType", json!("DUAL"), Held("brief-interruption", true)),
        row("dbParameterGroupName", json!("pg"), Now),
        row("optionGroupName", json!("og"), Disruptive("brief-interruption")),
        row("backupRetentionPeriod", json!(7), Now),
        row("preferredBackupWindow", json!("02:00-02:30"), Now),
        row("preferredMaintenanceWindow", json!("mon:03:00-mon:04:00"), Now),
        row("autoMinorVersionUpgrade", json!(false), Now),
        row("copyTagsToSnapshot", json!(false), Now),
        row("deletionProtection", json!(true), Now),
        row("monitoringInterval", json!(60), Now)
            .with(json!({ "monitoringRoleArn": role }))
            .sending("monitoringInterval=60, monitoringRoleArn=arn:aws:iam::123456789012:role/monitoring"),
        row("monitoringRoleArn", json!("arn:aws:iam::1:role/other"), Now)
            .with(json!({ "monitoringInterval": 60 }))
            .sending("monitoringInterval=60, monitoringRoleArn=arn:aws:iam::1:role/other"),
        row("enablePerformanceInsights", json!(true), Now),
        row("performanceInsightsKMSKeyId", json!("2222"), Now)
            .with(json!({ "enablePerformanceInsights": true, "performanceInsightsRetentionPeriod": 7 }))
            .sending("enablePerformanceInsights=true, performanceInsightsKMSKeyId=2222, performanceInsightsRetentionPeriod=7"),
        row("performanceInsightsRetentionPeriod", json!(31), Now)
            .with(json!({ "enablePerformanceInsights": true, "performanceInsightsKMSKeyId": KEY }))
            .sending(
                "enablePerformanceInsights=true, \
                 performanceInsightsKMSKeyId=arn:aws:kms:eu-central-1:123456789012:key/1111, \
                 performanceInsightsRetentionPeriod=31",
            ),
        row("databaseInsightsMode", json!("advanced"), Now)
            .with(json!({ "enablePerformanceInsights": true, "performanceInsightsRetentionPeriod": 465 }))
            .sending("databaseInsightsMode=advanced, enablePerformanceInsights=true, performanceInsightsRetentionPeriod=465"),
        row("iamDatabaseAuthentication", json!(true), Quiet),
        row("enableCloudwatchLogsExports", json!(["postgresql", "upgrade"]), Now)
            .with(json!({ "enableCloudwatchLogsExports": ["iam-db-auth-error", "upgrade"] }))
            .sending("+postgresql, -iam-db-auth-error"),
        row("caCertificateIdentifier", json!("rds-ca-ecc384-g1"), Disruptive("reboot")),
        row("licenseModel", json!("bring-your-own-license"), Quiet).on(ORACLE),
        row("processorFeatures", json!({ "coreCount": "4" }), Disruptive("reboot")).on(ORACLE),
        row("domain", json!({ "id": "d-1", "iamRoleName": "ad" }), Disruptive("reboot")),
        row("replicaMode", json!("mounted"), Now).on(ORACLE).with(json!({ "replicaMode": "open-read-only" })),
        row("engineLifecycleSupport", json!("open-source-rds-extended-support-disabled"), Now),
        row("multiTenant", json!(true), Held("failover", true)).on(ORACLE_CDB),
    ]
}

/// Every field that AWS cannot change on an existing instance, with what the instance has instead.
fn unchangeable() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("engine", json!("mysql"), "postgres"),
        ("storageEncrypted", json!(false), "true"),
        ("kmsKeyId", json!("arn:aws:kms:eu-central-1:123456789012:key/2222"), KEY),
        ("masterUsername", json!("root"), "admin"),
        ("dbName", json!("orders"), "unset"),
        ("availabilityZone", json!("eu-central-1b"), "eu-central-1a"),
        ("dbSubnetGroupName", json!("private"), "default"),
        ("characterSetName", json!("UTF8"), "unset"),
        ("ncharCharacterSetName", json!("UTF8"), "unset"),
        ("timezone", json!("UTC"), "unset"),
        ("backupTarget", json!("outposts"), "region"),
    ]
}

/// Fields of [`Settings`] that neither table can have, with the reason.
const UNOBSERVED: [&str; 1] = ["masterUserAuthenticationType"];

#[test]
fn every_field_is_in_one_of_the_tables() {
    let schema = schemars::schema_for!(Settings);
    let fields: BTreeSet<&str> =
        schema.get("properties").and_then(Value::as_object).unwrap().keys().map(String::as_str).collect();
    let told: BTreeSet<&str> = changeable()
        .iter()
        .map(|row| row.field)
        .chain(unchangeable().iter().map(|(field, ..)| *field))
        .chain(UNOBSERVED)
        .collect();
    assert_eq!(fields.symmetric_difference(&told).collect::<Vec<_>>(), Vec::<&&str>::new());
}

#[test]
fn a_field_that_differs_is_sent_alone_with_its_class_and_timing_under_each_policy() {
    for row in changeable() {
        for policy in POLICIES {
            let plan = row.instance().wants(json!({ row.field: row.to })).disruptive(policy).plan();
            let steps: Vec<String> = plan.steps.iter().map(told).collect();
            assert_eq!(steps, [expected(row.class, policy, &row.members())], "{} under {policy:?}", row.field);
            assert_eq!(plan.problem, None, "{}", row.field);
            let change = changes_of(&plan.steps[0]);
            assert!(change.len() == 1 && change[0].starts_with(row.field), "{change:?}");
            assert!(change[0].ends_with(&format!("-> {}", diff::text(&row.to).unwrap())), "{change:?}");
        }
    }
}

#[test]
fn inside_the_window_a_held_field_is_sent() {
    for row in changeable().into_iter().filter(|row| matches!(row.class, Held(..))) {
        let scene = row.instance().wants(json!({ row.field: row.to })).at(IN_WINDOW);
        assert!(scene.steps()[0].starts_with("now"), "{}", row.field);
        assert!(
            scene.clone().has(json!({ "preferredMaintenanceWindow": null })).steps()[0]
                .starts_with("held for approval")
        );
        assert!(scene.by_approval().steps()[0].starts_with("held for approval"), "{}", row.field);
    }
}

#[test]
fn a_field_that_is_left_out_is_never_a_difference() {
    for row in changeable() {
        let scene = row.instance().wants(json!({ row.field: null })).has(json!({ row.field: row.to }));
        // A version decides the family of a group, an engine the threshold of gp3: only the field itself is looked at.
        assert_eq!(scene.steps(), Vec::<String>::new(), "{} is not managed", row.field);
    }
    for (field, value, _) in unchangeable() {
        let plan = rds().wants(json!({ field: null })).has(json!({ field: value })).plan();
        assert!(plan.steps.is_empty() && plan.problem.is_none(), "{field} is not managed");
    }
}

#[test]
fn a_field_that_aws_already_holds_for_the_window_is_scheduled_and_not_a_difference() {
    for row in changeable().into_iter().filter(|row| matches!(row.class, Quiet | Disruptive(_))) {
        let scene = row.instance().wants(json!({ row.field: row.to })).holds(json!({ row.field: row.to }));
        let plan = scene.plan();
        assert!(plan.steps.is_empty(), "{}: {:?}", row.field, scene.steps());
        assert_eq!(plan.end, End::Settled, "{}: deferred on purpose is settled", row.field);
        let waiting = plan.waiting.unwrap();
        assert_eq!(waiting.reason, Reason::WaitingForWindow);
        assert!(waiting.message.contains(row.field), "{}", waiting.message);
    }
}

#[test]
fn a_field_that_cannot_change_is_a_problem_with_both_values_and_no_call() {
    for (field, value, is) in unchangeable() {
        let scene = rds().wants(json!({ field: value })).immediate();
        let (reason, message) = scene.problem();
        assert_eq!(reason, Reason::InvalidSpec, "{field}");
        let to = diff::text(&value).unwrap();
        assert!(message.contains(&format!("spec.{field}: {is} in AWS, {to} in the spec")), "{message}");
        assert!(scene.steps().is_empty(), "{field}: {:?}", scene.steps());
    }
}

#[test]
fn a_field_that_cannot_change_does_not_hold_back_the_others() {
    let scene = rds().wants(json!({ "masterUsername": "root", "deletionProtection": true }));
    assert_eq!(scene.steps(), ["now: ModifyDBInstance deletionProtection=true (none)"]);
    assert_eq!(scene.problem().0, Reason::InvalidSpec);
}

#[test]
fn the_key_of_the_insights_cannot_change_once_it_is_set() {
    let on = || rds().both(json!({ "enablePerformanceInsights": true, "performanceInsightsRetentionPeriod": 7 }));
    let scene =
        on().has(json!({ "performanceInsightsKMSKeyId": KEY })).wants(json!({ "performanceInsightsKMSKeyId": "2222" }));
    let (reason, message) = scene.problem();
    assert_eq!(reason, Reason::InvalidSpec);
    assert!(message.contains("performanceInsightsKMSKeyId") && message.contains(KEY), "{message}");
    assert!(scene.steps().is_empty());
    let same =
        on().has(json!({ "performanceInsightsKMSKeyId": KEY })).wants(json!({ "performanceInsightsKMSKeyId": "1111" }));
    assert_eq!(same.plan().problem, None, "an id and its ARN are the same key");
}

#[test]
fn a_new_object_sends_every_field_of_its_spec() {
    for row in changeable() {
        let spec = unmade().wants(json!({ "engine": row.engine.0, "engineVersion": row.engine.1 }));
        let scene = spec.wants(row.setting.clone()).wants(json!({ row.field: row.to }));
        sends(&scene, row.field, &row.to);
    }
    for (field, value, _) in unchangeable() {
        sends(&unmade().wants(json!({ field: value })), field, &value);
    }
    sends(
        &unmade().wants(json!({ "masterUserAuthenticationType": "iam-db-auth" })),
        "masterUserAuthenticationType",
        &json!("iam-db-auth"),
    );
}

fn sends(scene: &Scene, field: &str, value: &Value) {
    let plan = scene.plan();
    let Some(Action::Create { settings, .. }) = plan.steps.last().map(|step| &step.action) else {
        panic!("{field}: {plan:?}");
    };
    assert_eq!(diff::fields(settings.as_ref()).get(field), Some(value), "{field}");
}

#[test]
fn what_is_satisfied_by_other_words_is_not_sent() {
    for (why, spec, aws) in [
        ("a version prefix", json!({ "engineVersion": "16" }), json!({})),
        ("AWS upgraded the minor version", json!({ "engineVersion": "16.2" }), json!({})),
        (
            "autoscaling has grown it",
            json!({ "maxAllocatedStorage": 500 }),
            json!({ "allocatedStorage": 300, "maxAllocatedStorage": 500 }),
        ),
        ("somebody has grown it", json!({}), json!({ "allocatedStorage": 300 })),
        ("autoscaling off", json!({ "maxAllocatedStorage": 100 }), json!({})),
        (
            "order of a set",
            json!({ "vpcSecurityGroupIds": ["sg-b", "sg-a"] }),
            json!({ "vpcSecurityGroupIds": ["sg-a", "sg-b"] }),
        ),
        ("case of a window", json!({ "preferredMaintenanceWindow": "Sun:03:00-Sun:04:00" }), json!({})),
        ("case of a name", json!({ "dbSubnetGroupName": "Default" }), json!({})),
        ("a key id", json!({ "kmsKeyId": "1111" }), json!({})),
        ("a key alias", json!({ "kmsKeyId": "alias/db" }), json!({})),
        (
            "a failover swapped the zones",
            json!({ "availabilityZone": "eu-central-1b", "multiAZ": true }),
            json!({ "multiAZ": true }),
        ),
        ("no logs", json!({ "enableCloudwatchLogsExports": [] }), json!({ "enableCloudwatchLogsExports": null })),
        (
            "insights off",
            json!({ "enablePerformanceInsights": false, "performanceInsightsRetentionPeriod": 7 }),
            json!({}),
        ),
        ("the class's own features", json!({ "processorFeatures": {} }), json!({})),
        ("no directory", json!({ "domain": {} }), json!({})),
    ] {
        let plan = rds().wants(spec).has(aws).plan();
        assert_eq!((plan.steps.len(), plan.problem, plan.end), (0, None, End::Settled), "{why}");
    }
}

#[test]
fn more_storage_than_wanted_is_said_and_not_sent() {
    let scene = rds().has(json!({ "allocatedStorage": 300 }));
    let facts = scene.object.facts(&scene.inputs, &scene.observed);
    assert!(facts.advisories[0].contains("cannot shrink"), "{:?}", facts.advisories);
    let scaling = scene.both(json!({ "maxAllocatedStorage": 500 }));
    assert!(scaling.object.facts(&scaling.inputs, &scaling.observed).advisories.is_empty(), "autoscaling may grow it");
}

#[test]
fn what_aws_backup_owns_is_left_to_it_and_said() {
    let scene = rds()
        .wants(json!({ "backupRetentionPeriod": 7, "preferredBackupWindow": "05:00-05:30" }))
        .instance(|instance| instance.aws_backup = true);
    assert!(scene.steps().is_empty());
    assert!(scene.object.facts(&scene.inputs, &scene.observed).advisories[0].contains("AWS Backup"));
}
