//! Whole lives: plan, do to a small model what AWS would do, plan again. Each story ends where nothing is left to do, and
//! no call is made twice. The texts are the plans as people read them.

use super::*;
use crate::approval::{Circumstances, decide};
use crate::aws::rds::{ParameterGroup, Settings, Snapshot, SubnetGroup};
use crate::kind::End;
use crate::kinds::rds::effects::{Timing, effect};
use crate::spec::DeletionPolicy;

/// Calls show their effect at once here.
static ACCEPTED: std::collections::BTreeSet<&'static str> = std::collections::BTreeSet::new();

/// A scene that lives on, with what happened in it.
struct Story {
    scene: Scene,
    told: Vec<String>,
}

/// More rounds than any story here needs.
const ROUNDS: usize = 20;

impl Story {
    fn of(scene: Scene) -> Self {
        Self { scene, told: Vec::new() }
    }

    /// Rounds until nothing runs any more; every held step is approved.
    fn live(mut self) -> Self {
        for _ in 0..ROUNDS {
            if !self.round() {
                return self;
            }
        }
        panic!("no end after {ROUNDS} rounds: {:#?}", self.told);
    }

    /// One round; whether anything happened in it.
    fn round(&mut self) -> bool {
        let plan = self.scene.plan();
        let journal = self.scene.inputs.journal.clone();
        let circumstances = |approve| Circumstances {
            want: self.scene.want,
            policy: crate::spec::ManagementPolicy::Manage,
            journal: &journal,
            approve,
            brake: None,
            accepted: &ACCEPTED,
            settle: std::time::Duration::ZERO,
            now: self.scene.inputs.now,
        };
        let first = decide(plan.clone(), &circumstances(None));
        let hash = first.plan.and_then(|plan| plan.hash);
        let decision = decide(plan.clone(), &circumstances(hash.as_deref()));
        self.scene.inputs.journal.notes.retain(|key, _| !plan.forget.contains(key));
        if plan.promote_password {
            self.promote();
        }
        if plan.end == End::Release {
            self.told.push("released".into());
            return false;
        }
        let runs = !decision.run.is_empty();
        for (id, step) in decision.run {
            let planned = plan.steps.iter().find(|one| one.action == step.action).map(told).unwrap_or_default();
            self.told.push(planned);
            self.perform(id, step);
        }
        self.scene.inputs.now += jiff::SignedDuration::from_secs(120);
        runs || plan.promote_password
    }

    fn promote(&mut self) {
        let stored = &mut self.scene.inputs.stored;
        stored.password = stored.next.take().or(stored.password.take());
        (stored.next_accepted, stored.rotated_at) = (false, Some(self.scene.inputs.now));
        self.scene.inputs.journal.notes.remove(crate::life::PASSWORD_UNSET);
        self.told.push("the next password is in force".into());
    }

    fn perform(&mut self, id: String, step: Step<Action>) {
        let attempts = self.scene.inputs.journal.attempts.entry(id.clone()).or_default();
        *attempts += 1;
        let is_password = crate::aws::Action::password(&step.action) == PasswordUse::Next;
        assert!(*attempts == 1 || is_password, "sent twice: {} {:#?}", told(&step), self.told);
        let operation = crate::aws::Action::operation(&step.action).into();
        let call = LastCall { operation, at: Time(self.scene.inputs.now), step: id };
        self.scene.inputs.journal.calls.insert(step.thing.into(), call);
        self.scene.inputs.journal.notes.extend(step.notes.clone());
        self.scene.inputs.accepted = true;
        let stored = &mut self.scene.inputs.stored;
        match crate::aws::Action::password(&step.action) {
            PasswordUse::None => {}
            PasswordUse::Current => stored.password = Some(Password::new("drawn-at-first")),
            PasswordUse::Next => {
                stored.next = Some(Password::new("drawn-later-on"));
                stored.next_accepted = true;
                stored.rotated_for.clone_from(&self.scene.inputs.rotate);
            }
        }
        apply(&mut self.scene, step.action);
    }

    /// The maintenance window passes.
    fn window(mut self) -> Self {
        self.told.push("the window passes".into());
        let Seen::Present(instance) = &mut self.scene.observed.instance else { return self };
        let pending = serde_json::to_value(std::mem::take(&mut instance.pending)).unwrap();
        instance.settings = patched(&instance.settings, pending);
        self.scene.inputs.now = "2026-11-29T03:10:00Z".parse().unwrap();
        self.seen_by_status()
    }

    /// What a round would write to status.
    fn seen_by_status(mut self) -> Self {
        if let Some(version) =
            self.scene.observed.instance.present().and_then(|instance| instance.settings.engine_version.clone())
        {
            self.scene = self.scene.recorded("shop-orders", &version);
        }
        self
    }

    fn settled(self) -> Self {
        let plan = self.scene.plan();
        let open = (plan.steps.iter().map(told).collect::<Vec<_>>(), &plan.problem, plan.end);
        assert_eq!(open, (vec![], &None, End::Settled), "waiting {:?} after {:#?}", plan.waiting, self.told);
        self
    }
}

/// What AWS would make of a call, at once and without failing.
fn apply(scene: &mut Scene, action: Action) {
    let observed = &mut scene.observed;
    match action {
        Action::Create { origin, settings, tags, .. } => {
            let mut made = instance(&scene.inputs.owner);
            made.tags = tags;
            if origin == Origin::New {
                made.settings = patched(&made.settings, serde_json::to_value(settings.as_ref()).unwrap());
                made.settings.engine_version = Some("16.4".into());
            } else {
                // As little as the least of the sources takes: the rest must follow.
                let taken = Settings { db_instance_class: settings.db_instance_class.clone(), ..Settings::default() };
                made.settings = patched(&made.settings, serde_json::to_value(taken).unwrap());
            }
            made.replica_source = matches!(origin, Origin::Replica(_)).then(|| "main".into());
            scene.inputs.recorded_arn = Some(made.arn.clone());
            scene.inputs.journal.notes.insert(RESOURCE_ID.into(), made.resource_id.clone());
            observed.instance = Seen::Present(made);
            *scene = scene.clone().recorded("shop-orders", "16.4");
        }
        Action::Delete { final_snapshot, .. } => {
            let taken = final_snapshot.map(|name| Snapshot {
                identifier: name,
                status: "available".into(),
                ..Default::default()
            });
            observed.snapshots = Seen::Present(taken.into_iter().collect());
            observed.instance = Seen::Absent;
            scene.inputs.absent_since = Some(scene.inputs.now);
        }
        Action::CreateSubnetGroup { subnet_ids, tags, .. } => {
            observed.subnet_group = Seen::Present(SubnetGroup { arn: "arn".into(), subnet_ids, tags });
        }
        Action::DeleteSubnetGroup { .. } => observed.subnet_group = Seen::Absent,
        Action::CreateParameterGroup { name, family, tags } => {
            let group = ParameterGroup { family, tags, ..Default::default() };
            observed.parameter_groups.insert(name, Seen::Present(group));
        }
        Action::DeleteParameterGroup { name } => drop(observed.parameter_groups.insert(name, Seen::Absent)),
        Action::SetParameters { name, values } => {
            group_of(observed, &name).values.extend(values);
            reboot_for(observed, &name);
        }
        Action::ResetParameters { name, names } => {
            group_of(observed, &name).values.retain(|key, _| !names.contains(key));
            reboot_for(observed, &name);
        }
        Action::Tag { tags, arn } if arn == ARN => here(observed).tags.extend(tags),
        Action::Tag { tags, .. } => {
            if let Seen::Present(taken) = &mut observed.snapshots {
                taken.iter_mut().for_each(|one| one.tags.extend(tags.clone()));
            }
        }
        Action::Untag { keys, .. } => here(observed).tags.retain(|key, _| !keys.contains(key)),
        Action::Modify(modification) => modify(here(observed), *modification),
        Action::ManagePassword { managed, .. } => {
            here(observed).master_secret = managed.then(|| ("arn:secret".into(), "active".into()));
        }
        Action::Promote { backup_retention_period, .. } => {
            here(observed).replica_source = None;
            here(observed).settings.backup_retention_period = backup_retention_period;
        }
        Action::Reboot => here(observed).parameter_apply_status = Some("in-sync".into()),
        Action::Start => here(observed).status = "available".into(),
        Action::Stop => here(observed).status = "stopped".into(),
        Action::AddRole { feature, role } => drop(here(observed).roles.insert(feature, (role, "ACTIVE".into()))),
        Action::RemoveRole { feature, .. } => drop(here(observed).roles.remove(&feature)),
        Action::SetPassword | Action::ModifySubnetGroup { .. } => {}
    }
    let version = scene.observed.instance.present().and_then(|i| i.settings.engine_version.clone());
    if let Some(version) = version {
        *scene = scene.clone().recorded("shop-orders", &version);
    }
}

fn here(observed: &mut Observed) -> &mut Instance {
    let Seen::Present(instance) = &mut observed.instance else { panic!("there is no instance") };
    instance
}

fn group_of<'a>(observed: &'a mut Observed, name: &str) -> &'a mut ParameterGroup {
    let Some(Seen::Present(group)) = observed.parameter_groups.get_mut(name) else { panic!("no group {name}") };
    group
}

/// Every parameter of the model is a static one.
fn reboot_for(observed: &mut Observed, name: &str) {
    if let Seen::Present(instance) = &mut observed.instance
        && instance.settings.db_parameter_group_name.as_deref() == Some(name)
    {
        instance.parameter_apply_status = Some("pending-reboot".into());
    }
}

fn modify(instance: &mut Instance, modification: Modification) {
    let mut fields = diff::fields(&modification.settings);
    if let Some(logs) = modification.logs {
        let kept = instance.settings.enable_cloudwatch_logs_exports.get_or_insert_default();
        kept.extend(logs.enable);
        kept.retain(|log| !logs.disable.contains(log));
    }
    if modification.default_processor_features {
        instance.settings.processor_features = Some(BTreeMap::new());
    }
    if modification.disable_domain {
        instance.settings.domain = None;
        instance.domains.clear();
    }
    if let Some(group) = fields.get("dbParameterGroupName").and_then(Value::as_str) {
        let moves = !fields.contains_key("engineVersion") && !group.starts_with("default.");
        instance.parameter_apply_status = Some(if moves { "pending-reboot" } else { "in-sync" }.into());
    }
    if let Some(group) = modification.settings.option_group_name.clone() {
        let status = if modification.apply_immediately { "in-sync" } else { "pending-maintenance-apply" };
        instance.option_groups = [(group, status.into())].into();
    }
    if instance.status == "storage-full" && fields.contains_key("allocatedStorage") {
        instance.status = "available".into();
    }
    let before = instance.clone();
    let waits = |field: &str| {
        effect(field, &modification.settings, &before).0 == Timing::Window
            && !modification.apply_immediately
            // AWS shows groups as they will be.
            && !matches!(field, "dbParameterGroupName" | "optionGroupName")
    };
    let now: serde_json::Map<String, Value> =
        fields.iter().filter(|(field, _)| !waits(field)).map(|(f, v)| (f.clone(), v.clone())).collect();
    fields.retain(|field, _| waits(field));
    let unscheduled: serde_json::Map<String, Value> = now.keys().map(|field| (field.clone(), Value::Null)).collect();
    instance.settings = patched(&instance.settings, Value::Object(now));
    instance.pending = patched(&instance.pending, Value::Object(unscheduled));
    // What is scheduled to be as it is, is not scheduled.
    let current = diff::fields(&instance.settings);
    let scheduled = fields
        .into_iter()
        .map(|(field, value)| if current.get(&field) == Some(&value) { (field, Value::Null) } else { (field, value) })
        .collect();
    instance.pending = patched(&instance.pending, Value::Object(scheduled));
    if modification.apply_immediately {
        let flushed = serde_json::to_value(std::mem::take(&mut instance.pending)).unwrap();
        instance.settings = patched(&instance.settings, flushed);
    }
}

#[test]
fn every_spec_comes_to_rest_and_stays_there() {
    let specs = [
        json!({}),
        json!({ "dbInstanceClass": "db.m7g.large" }),
        json!({ "engineVersion": "16.6", "dbInstanceClass": "db.m7g.large", "multiAZ": true, "port": 5433 }),
        json!({ "engineVersion": "17.2", "allowMajorVersionUpgrade": true, "dbParameterGroupName": "pg17", "optionGroupName": "og17" }),
        json!({ "allocatedStorage": 500, "iops": 15000, "storageThroughput": 700 }),
        json!({ "allocatedStorage": 500, "storageType": "io2", "iops": 9000, "dedicatedLogVolume": true }),
        json!({ "storageType": "gp2" }),
        json!({ "maxAllocatedStorage": 100 }),
        json!({ "backupRetentionPeriod": 0 }),
        json!({ "enablePerformanceInsights": true, "performanceInsightsRetentionPeriod": 465, "databaseInsightsMode": "advanced" }),
        json!({ "monitoringInterval": 60, "monitoringRoleArn": "arn:aws:iam::123456789012:role/m" }),
        json!({ "enableCloudwatchLogsExports": ["postgresql"], "iamDatabaseAuthentication": true }),
        json!({ "networkType": "DUAL", "publiclyAccessible": true, "vpcSecurityGroupIds": ["sg-1"] }),
        json!({ "caCertificateIdentifier": "rds-ca-ecc384-g1", "optionGroupName": "og" }),
        json!({ "tags": { "team": "shop" }, "associatedRoles": [{ "featureName": "s3Import", "roleArn": "arn:aws:iam::1:role/r" }] }),
        json!({ "credentials": { "awsManaged": {} } }),
        json!({ "credentials": { "rotation": { "interval": "1d" } } }),
        json!({ "powerState": "Stopped" }),
    ];
    for spec in specs {
        for policy in [DisruptivePolicy::Window, DisruptivePolicy::Immediate, DisruptivePolicy::Approve] {
            let scene = rds().wants(spec.clone()).disruptive(policy);
            let story = Story::of(scene).live().settled();
            let settings = diff::fields(&story.scene.object.spec.settings);
            let story = story.window().live().settled();
            let reached = diff::fields(&story.scene.observed.instance.present().unwrap().settings);
            for (field, wanted) in settings.iter().filter(|(field, _)| field.as_str() != "maxAllocatedStorage") {
                assert_eq!(reached.get(field), Some(wanted), "{field} of {spec} under {policy:?}: {:#?}", story.told);
            }
        }
    }
}

#[test]
fn every_new_object_comes_to_rest_and_stays_there() {
    let follow = json!({
        "engineVersion": "16.6", "preferredMaintenanceWindow": "mon:03:00-mon:04:00", "maxAllocatedStorage": 500,
        "backupRetentionPeriod": 7, "tags": { "team": "shop" },
    });
    let source = crate::aws::rds::Source {
        status: "available".into(),
        tags: Some(inputs(&rds().object).owner.tags()),
        backup_retention: Some(1),
        ..Default::default()
    };
    for origin in [
        json!(null),
        json!({ "snapshot": { "identifier": "s" } }),
        json!({ "pointInTime": { "identifier": "main", "useLatestRestorableTime": true } }),
        json!({ "replicaOf": { "identifier": "main" } }),
    ] {
        for more in [json!({}), json!({ "credentials": { "awsManaged": {} } }), json!({ "promote": true })] {
            let scene = unmade().wants(follow.clone()).wants(more).wants(json!({ "source": origin }));
            let scene = scene.seen(|observed| observed.source = Seen::Present(source.clone()));
            let story = Story::of(scene).live().settled().window().live().settled();
            let connection = story.scene.object.connection(&story.scene.inputs, &story.scene.observed);
            let managed = story.scene.observed.instance.present().unwrap().master_secret.is_some();
            assert!(connection.is_ok() || managed, "{origin}: {connection:?} {:#?}", story.told);
        }
    }
}

/// Compares a story with its text.
fn reads(story: &Story, text: &str) {
    let expected: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(story.told, expected, "\n{}", story.told.join("\n"));
}

#[test]
fn a_new_instance_with_groups() {
    let scene = unmade()
        .wants(json!({
            "parameters": { "work_mem": "64" }, "subnetIds": ["subnet-1234567a", "subnet-1234567b"],
        }))
        .seen(|observed| {
            observed.subnet_group = Seen::Absent;
            observed.parameter_groups.insert("shop-orders-postgres16".into(), Seen::Absent);
        });
    reads(
        &Story::of(scene).live().settled(),
        r"
            now: CreateDBSubnetGroup shop-orders (none)
            now: CreateDBParameterGroup shop-orders-postgres16 (none)
            now: ModifyDBParameterGroup shop-orders-postgres16 1 values (none)
            now: CreateDBInstance new, with password (none)
        ",
    );
}

#[test]
fn a_restored_snapshot_is_brought_up_to_the_spec() {
    let source = crate::aws::rds::Source {
        status: "available".into(),
        tags: Some(inputs(&rds().object).owner.tags()),
        ..Default::default()
    };
    let scene = unmade()
        .wants(json!({
            "source": { "snapshot": { "identifier": "before-sale" } }, "engineVersion": "16.6",
            "backupRetentionPeriod": 7, "multiAZ": true,
        }))
        .seen(|observed| observed.source = Seen::Present(source));
    reads(
        &Story::of(scene).live().settled().window().live().settled(),
        r"
            now: RestoreDBInstanceFromDBSnapshot from before-sale, without password (none)
            now: ModifyDBInstance backupRetentionPeriod=7, multiAZ=true, immediately (none)
            sent for the window: ModifyDBInstance engineVersion=16.6 (failover)
            now: ModifyDBInstance the next password (none)
            the next password is in force
            the window passes
        ",
    );
}

#[test]
fn a_class_and_a_minor_version_in_the_window() {
    let scene = rds().class("db.m7g.large").wants(json!({ "engineVersion": "16.6", "deletionProtection": true }));
    reads(
        &Story::of(scene).live().settled().window().live().settled(),
        r"
            now: ModifyDBInstance deletionProtection=true (none)
            sent for the window: ModifyDBInstance dbInstanceClass=db.m7g.large, engineVersion=16.6 (failover)
            the window passes
        ",
    );
}

#[test]
fn a_major_upgrade_with_parameters_at_once() {
    let scene = rds()
        .wants(json!({
            "engineVersion": "17.2", "allowMajorVersionUpgrade": true, "parameters": { "work_mem": "64" },
        }))
        .has(json!({ "dbParameterGroupName": "shop-orders-postgres16" }))
        .noted("parameterGroup/shop-orders-postgres16", "made")
        .seen(|observed| {
            let tags = inputs(&rds().object).owner.tags();
            let old = ParameterGroup { values: [("work_mem".into(), "64".into())].into(), tags, ..Default::default() };
            observed.parameter_groups.insert("shop-orders-postgres16".into(), Seen::Present(old));
            observed.parameter_groups.insert("shop-orders-postgres17".into(), Seen::Absent);
        })
        .immediate();
    reads(
        &Story::of(scene).live().settled(),
        r"
            now: CreateDBParameterGroup shop-orders-postgres17 (none)
            now: ModifyDBParameterGroup shop-orders-postgres17 1 values (none)
            now: ModifyDBInstance dbParameterGroupName=shop-orders-postgres17, engineVersion=17.2, allowing major, immediately (failover)
            now: DeleteDBParameterGroup shop-orders-postgres16 (none)
        ",
    );
}

#[test]
fn a_replica_that_is_promoted() {
    let scene = rds()
        .wants(json!({
            "source": { "replicaOf": { "identifier": "main" } }, "promote": true, "backupRetentionPeriod": 7,
            "credentials": { "generated": {} },
        }))
        .instance(|instance| instance.replica_source = Some("main".into()))
        .given(|inputs| inputs.stored = Stored::default());
    reads(
        &Story::of(scene).live().settled(),
        r"
            now: PromoteReadReplica keeping backups 7 days (reboot)
            now: ModifyDBInstance the next password (none)
            the next password is in force
        ",
    );
}

#[test]
fn a_password_that_is_rotated() {
    let scene = rds().given(|inputs| inputs.rotate = Some("today".into()));
    reads(
        &Story::of(scene).live().settled(),
        r"
            now: ModifyDBInstance the next password (none)
            the next password is in force
        ",
    );
}

#[test]
fn a_password_that_goes_to_secrets_manager_and_back() {
    let there = Story::of(rds().wants(json!({ "credentials": { "awsManaged": {} } }))).live().settled();
    let Story { scene, told } = there;
    let back = Story { scene: scene.wants(json!({ "credentials": null })), told };
    reads(
        &back.live().settled(),
        r"
            now: ModifyDBInstance manageMasterUserPassword=true (none)
            now: ModifyDBInstance manageMasterUserPassword=false (none)
            the next password is in force
        ",
    );
}

#[test]
fn a_deletion_with_snapshot_and_groups() {
    let mut scene = rds()
        .wants(json!({
            "parameters": { "work_mem": "64" }, "subnetIds": ["subnet-1234567a", "subnet-1234567b"],
        }))
        .seen(|observed| {
            let tags = inputs(&rds().object).owner.tags();
            let group = ParameterGroup { tags: tags.clone(), ..Default::default() };
            observed.parameter_groups.insert("shop-orders-postgres16".into(), Seen::Present(group));
            observed.subnet_group = Seen::Present(SubnetGroup { tags, ..Default::default() });
            observed.snapshots = Seen::Present(vec![]);
        })
        .deleting();
    scene.object.spec.shared.deletion_policy = DeletionPolicy::Snapshot;
    reads(
        &Story::of(scene).live(),
        r"
            now: DeleteDBInstance with shop-orders-final-0123abcd (replacement)
            now: DeleteDBParameterGroup shop-orders-postgres16 (none)
            now: DeleteDBSubnetGroup shop-orders (none)
            now: AddTagsToResource awsdb.dev/cluster awsdb.dev/owner (none)
            released
        ",
    );
}

#[test]
fn an_adoption_with_a_difference() {
    let mut scene = rds().class("db.m7g.large").by_approval().instance(|instance| {
        instance.tags = [(crate::aws::owner::ALLOW_TAG.into(), "prod/shop".into())].into();
    });
    scene.object.spec.shared.adoption = crate::spec::Adoption::IfExists;
    scene.inputs.recorded_arn = None;
    scene.inputs.journal = Default::default();
    reads(
        &Story::of(scene).live().settled(),
        r"
            held for approval: AddTagsToResource awsdb.dev/cluster awsdb.dev/owner (none)
            held for approval: ModifyDBInstance dbInstanceClass=db.m7g.large, immediately (failover)
        ",
    );
}

#[test]
fn a_storage_that_is_full() {
    let scene =
        rds().wants(json!({ "allocatedStorage": 200, "dbInstanceClass": "db.m7g.large" })).status("storage-full");
    reads(
        &Story::of(scene).live().settled(),
        r"
            now: ModifyDBInstance allocatedStorage=200, immediately (none)
            sent for the window: ModifyDBInstance dbInstanceClass=db.m7g.large (failover)
        ",
    );
}
