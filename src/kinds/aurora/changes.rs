//! Differences of an existing cluster into ModifyDBCluster calls (aws-rds.md 2.1, 2.4): what cannot change, what goes alone,
//! what disturbs, and when it may be applied.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::aws::aurora::normalise::towards;
use crate::aws::aurora::{Action, Cluster, Modification, Settings};
use crate::aws::rds::LogExports;
use crate::aws::rds::version::is_major_change;
use crate::conditions::Reason;
use crate::diff::{self, fields};
use crate::kind::{Disruption, Inputs, Problem, Step, Waiting, When};
use crate::spec::{Change, DisruptivePolicy};
use crate::window::Timetable;

/// What AWS has no call to change.
const IMMUTABLE: [&str; 8] = [
    "engine",
    "databaseName",
    "masterUsername",
    "dbSubnetGroupName",
    "availabilityZones",
    "storageEncrypted",
    "kmsKeyId",
    "backtrackWindow",
];

/// The calls and what stands in the way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChangePlan {
    /// Calls in order.
    pub steps: Vec<Step<Action>>,
    /// What AWS cannot change, or needs a word for.
    pub problem: Option<Problem>,
}

type Split = diff::Split<Settings>;

/// What a plan of changes looks at.
pub struct Scene<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// Why no change is taken.
    pub gate: Option<Waiting>,
    /// Why the groups of a new family are not ready for an upgrade.
    pub upgrade_gate: Option<Waiting>,
    /// When disruptive steps run.
    pub timetable: Timetable,
    /// spec.allowMajorVersionUpgrade.
    pub allow_major: bool,
    /// The members' parameter group for a major upgrade.
    pub instance_parameter_group: Option<String>,
    /// Now.
    pub now: Timestamp,
}

/// Whether AWS applies a field at once whatever ApplyImmediately says; what else, it holds for the window.
fn waits_for_window(field: &str) -> bool {
    matches!(field, "engineVersion" | "iamDatabaseAuthentication" | "storageType" | "networkType")
}

fn class(field: &str) -> Disruption {
    match field {
        "engineVersion" => Disruption::Failover,
        "port" => Disruption::Reboot,
        "networkType" => Disruption::BriefInterruption,
        _ => Disruption::None,
    }
}

/// Plans the modifications of a cluster.
pub fn plan(wanted: Settings, inputs: &Inputs, scene: &Scene<'_>) -> ChangePlan {
    let mut plan = ChangePlan::default();
    let cluster = scene.cluster;
    if cluster.status == "creating" {
        // AWS shows ports, zones and more only late in it: what is not shown yet is no difference.
        return plan;
    }
    // The Data API has calls of its own.
    let wanted = Settings { enable_http_endpoint: None, ..wanted };
    let desired = towards(wanted, cluster);
    if let Some(mut split) = Split::of(&desired, &diff::overlay(&cluster.settings, &cluster.pending)) {
        drop_travelling_groups(&mut split, cluster);
        plan.problem = refuse_immutable(&mut split, cluster);
        call_off(&mut split, &mut plan, &desired, scene);
        let upgrade = upgrade(&mut split, &mut plan, &desired, scene);
        ordinary(&mut split, &mut plan, &desired, scene);
        plan.steps.extend(upgrade);
    }
    if plan.steps.is_empty() && plan.problem.is_none() {
        plan.steps.extend(hurry(inputs, &desired, scene));
    }
    plan
}

/// A scheduled major upgrade has the group of the new family with it; alone, that does not fit the version in force.
fn drop_travelling_groups(split: &mut Split, cluster: &Cluster) {
    let engine = cluster.settings.engine.as_deref().unwrap_or_default();
    let is_scheduled = match (&cluster.settings.engine_version, &cluster.pending.engine_version) {
        (Some(from), Some(to)) => is_major_change(engine, from, to),
        _ => false,
    };
    if is_scheduled && !split.delta.contains_key("engineVersion") {
        split.take(|field| field == "dbClusterParameterGroupName");
    }
}

fn refuse_immutable(split: &mut Split, cluster: &Cluster) -> Option<Problem> {
    let has_insights_key = cluster.settings.performance_insights_kms_key_id.is_some();
    let (_, changes) = split.take(|field| match field {
        "performanceInsightsKMSKeyId" => has_insights_key,
        // It can be changed where it was on from the beginning.
        "backtrackWindow" => cluster.settings.backtrack_window.is_none(),
        field => IMMUTABLE.contains(&field),
    })?;
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "unset".into());
    let list: Vec<String> = changes
        .iter()
        .map(|c| format!("spec.{}: {} in AWS, {} in the spec", c.field, shown(&c.from), shown(&c.to)))
        .collect();
    Some(Problem::new(
        Reason::InvalidSpec,
        format!(
            "AWS cannot change this on an existing cluster: {}; make the spec agree, or restore a snapshot into a new object",
            list.join("; ")
        ),
    ))
}

/// A scheduled change that the spec no longer wants is called off with the value in force, which disturbs nobody.
fn call_off(split: &mut Split, plan: &mut ChangePlan, desired: &Settings, scene: &Scene<'_>) {
    let (current, pending) = (fields(&scene.cluster.settings), fields(&scene.cluster.pending));
    let off: BTreeSet<String> = split
        .delta
        .iter()
        .filter(|(field, value)| pending.contains_key(*field) && current.get(*field) == Some(value))
        .map(|(field, _)| field.clone())
        .collect();
    if let Some((settings, changes)) = split.take(|field| off.contains(field)) {
        let step = scene.modify(Modification { settings, ..Modification::default() }, changes, desired);
        plan.steps.push(step.because_of("calls off what AWS holds for the window"));
    }
}

/// A version is a call of its own: a major one with the groups of its family, and never with security groups.
fn upgrade(split: &mut Split, plan: &mut ChangePlan, desired: &Settings, scene: &Scene<'_>) -> Option<Step<Action>> {
    let observed = &scene.cluster.settings;
    let engine = observed.engine.as_deref().unwrap_or_default();
    let is_major = match (&observed.engine_version, &desired.engine_version) {
        (Some(from), Some(to)) => is_major_change(engine, from, to),
        _ => false,
    };
    let travels = |field: &str| field == "engineVersion" || (is_major && field == "dbClusterParameterGroupName");
    if !split.delta.contains_key("engineVersion") {
        return None;
    }
    let (settings, changes) = split.take(travels)?;
    if is_major && !scene.allow_major {
        let [from, to] = [&observed.engine_version, &desired.engine_version].map(|v| v.clone().unwrap_or_default());
        plan.problem.get_or_insert(Problem::new(
            Reason::InvalidSpec,
            format!(
                "spec.engineVersion: {from} -> {to} is a major upgrade, which cannot be undone: set \
                 spec.allowMajorVersionUpgrade: true after testing it on a clone"
            ),
        ));
        return None;
    }
    let modification = Modification {
        settings,
        allow_major_version_upgrade: is_major,
        instance_parameter_group: scene.instance_parameter_group.clone().filter(|_| is_major),
        ..Modification::default()
    };
    let step = scene.disruptive(modification, changes, Disruption::Failover, desired);
    Some(match &scene.upgrade_gate {
        Some(waiting) if scene.gate.is_none() => step.when(When::After(waiting.clone())),
        _ => step,
    })
}

fn ordinary(split: &mut Split, plan: &mut ChangePlan, desired: &Settings, scene: &Scene<'_>) {
    let not_before = scene.cluster.storage_type_change_from.filter(|from| *from > scene.now);
    let withheld = not_before.and_then(|from| {
        let (settings, changes) = split.take(|field| field == "storageType")?;
        let waiting =
            Waiting::new(Reason::Busy, "AWS changes the storage type of a cluster once in 30 days").until(from);
        let step = scene.modify(
            Modification { settings, apply_immediately: true, ..Modification::default() },
            changes,
            desired,
        );
        Some(step.when(When::After(waiting)))
    });
    if let Some((settings, changes)) = split.take(|field| class(field) == Disruption::None) {
        plan.steps.push(scene.quiet(settings, changes, desired));
    }
    // AWS restarts every member at once for these, whatever it is told: the operator holds them itself.
    if let Some((settings, changes)) = split.take(|field| matches!(field, "port" | "networkType")) {
        let worst = fields(&settings).keys().map(|field| class(field)).max().unwrap_or(Disruption::None);
        let held = scene.held_class(&settings);
        let modification = Modification { settings, apply_immediately: true, ..Modification::default() };
        let step = scene.modify(modification, changes, desired).class(worst.max(held));
        plan.steps.push(scene.unless_gated(step, scene.timetable.held()));
    }
    plan.steps.extend(withheld);
}

impl Scene<'_> {
    /// A change that nobody notices goes at once, unless "at once" would apply something else that AWS holds.
    fn quiet(&self, settings: Settings, changes: Vec<Change>, desired: &Settings) -> Step<Action> {
        let waits = fields(&settings).keys().any(|field| waits_for_window(field));
        let held = self.held_class(&settings);
        let hurries = self.timetable.policy() == DisruptivePolicy::Immediate;
        let apply_immediately = held == Disruption::None || hurries;
        let class = if apply_immediately { held } else { Disruption::None };
        let modification = Modification { settings, apply_immediately, ..Modification::default() };
        let step = self.modify(modification, changes, desired).class(class);
        if waits && !apply_immediately {
            let step = step.because_of("applied at once it would also apply what AWS holds for the window");
            self.unless_gated(step, When::SentForWindow)
        } else {
            step
        }
    }

    fn disruptive(
        &self,
        mut modification: Modification,
        changes: Vec<Change>,
        class: Disruption,
        desired: &Settings,
    ) -> Step<Action> {
        modification.apply_immediately = self.timetable.policy() != DisruptivePolicy::Window;
        let when = match self.timetable.policy() {
            DisruptivePolicy::Window => When::SentForWindow,
            DisruptivePolicy::Immediate => When::Now,
            DisruptivePolicy::Approve => When::Approval,
        };
        let held = self.held_class(&modification.settings);
        let class = if modification.apply_immediately { class.max(held) } else { class };
        let step = self.modify(modification, changes, desired).class(class);
        self.unless_gated(step, when)
    }

    fn modify(&self, mut modification: Modification, changes: Vec<Change>, desired: &Settings) -> Step<Action> {
        complete(&mut modification, self.cluster, desired);
        let step = Step::new("cluster", Action::Modify(Box::new(modification)), "").changing(changes);
        self.unless_gated(step, When::Now)
    }

    fn unless_gated(&self, step: Step<Action>, when: When) -> Step<Action> {
        match &self.gate {
            Some(waiting) => step.when(When::After(waiting.clone())),
            None => step.when(when),
        }
    }

    /// The worst class of what AWS holds for the window, besides what is sent: whatever is applied at once applies all of
    /// it.
    fn held_class(&self, sent: &Settings) -> Disruption {
        let sent = fields(sent);
        let pending = fields(&self.cluster.pending);
        let others = pending.keys().filter(|field| !sent.contains_key(*field));
        others.map(|field| class(field)).max().unwrap_or(Disruption::None)
    }
}

/// Members that AWS wants together, and those that it wants in another form.
fn complete(modification: &mut Modification, cluster: &Cluster, desired: &Settings) {
    let (settings, observed) = (&mut modification.settings, &cluster.settings);
    if let Some(wanted) = settings.enable_cloudwatch_logs_exports.take() {
        modification.logs = Some(LogExports::towards(&wanted, observed.enable_cloudwatch_logs_exports.as_ref()));
    }
    let touched = settings.enable_performance_insights.is_some()
        || settings.performance_insights_retention_period.is_some()
        || settings.performance_insights_kms_key_id.is_some()
        || settings.database_insights_mode.is_some();
    if touched {
        settings.enable_performance_insights =
            desired.enable_performance_insights.or(observed.enable_performance_insights);
        let is_on = settings.enable_performance_insights == Some(true);
        let kept = desired.performance_insights_retention_period.or(observed.performance_insights_retention_period);
        settings.performance_insights_retention_period = kept.filter(|_| is_on);
        settings.performance_insights_kms_key_id = desired.performance_insights_kms_key_id.clone().filter(|_| is_on);
        settings.database_insights_mode =
            desired.database_insights_mode.clone().or_else(|| observed.database_insights_mode.clone());
    }
}

/// Policy Immediate also means what AWS holds for the window from before.
fn hurry(inputs: &Inputs, desired: &Settings, scene: &Scene<'_>) -> Option<Step<Action>> {
    let is_time = scene.timetable.policy() == DisruptivePolicy::Immediate && inputs.has_settled("cluster");
    if !is_time || scene.gate.is_some() {
        return None;
    }
    let (wanted, current) = (fields(desired), fields(&scene.cluster.settings));
    let ours: Map<String, Value> =
        fields(&scene.cluster.pending).into_iter().filter(|(field, value)| wanted.get(field) == Some(value)).collect();
    let changes: Vec<Change> = ours
        .iter()
        .map(|(field, value)| Change {
            field: field.clone(),
            from: current.get(field).and_then(diff::text),
            to: diff::text(value),
        })
        .collect();
    let worst = ours.keys().map(|field| class(field)).max()?;
    let settings: Settings = serde_json::from_value(Value::Object(ours)).ok()?;
    let engine = scene.cluster.settings.engine.as_deref().unwrap_or_default();
    let is_major = match (&scene.cluster.settings.engine_version, &settings.engine_version) {
        (Some(from), Some(to)) => is_major_change(engine, from, to),
        _ => false,
    };
    if is_major && !scene.allow_major {
        return None;
    }
    let mut settings = settings;
    if is_major {
        // Groups belong to a family: without them AWS refuses what it has accepted for the window.
        settings.db_cluster_parameter_group_name.clone_from(&desired.db_cluster_parameter_group_name);
    }
    let class = worst.max(scene.held_class(&settings));
    let modification = Modification {
        settings,
        apply_immediately: true,
        allow_major_version_upgrade: is_major,
        instance_parameter_group: scene.instance_parameter_group.clone().filter(|_| is_major),
        ..Modification::default()
    };
    let step = scene.modify(modification, changes, desired).class(class);
    Some(step.because_of("changePolicy is Immediate: AWS holds this for the maintenance window"))
}
