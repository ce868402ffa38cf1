//! Differences of an existing instance into ModifyDBInstance calls (aws-rds.md 1.2, 1.5): what cannot change, what goes
//! together, what must go alone, what disturbs, and when it may be applied.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::aws::rds::normalise::towards;
use crate::aws::rds::version::is_major_change;
use crate::aws::rds::{Action, Instance, LogExports, Modification, Settings};
use crate::conditions::Reason;
use crate::diff::{self, fields};
use crate::kind::{Disruption, Inputs, Problem, Step, Waiting, When};
use crate::spec::{Change, DisruptivePolicy};
use crate::window;

/// What AWS has no call to change.
const IMMUTABLE: [&str; 11] = [
    "storageEncrypted",
    "kmsKeyId",
    "masterUsername",
    "dbName",
    "availabilityZone",
    "dbSubnetGroupName",
    "characterSetName",
    "ncharCharacterSetName",
    "timezone",
    "backupTarget",
    "engine",
];

const STORAGE: [&str; 6] =
    ["allocatedStorage", "storageType", "iops", "storageThroughput", "dedicatedLogVolume", "additionalStorageVolumes"];

/// When AWS applies a change of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Timing {
    /// As soon as it is accepted, whatever ApplyImmediately says.
    Now,
    /// In the maintenance window unless ApplyImmediately.
    Window,
}

/// Timing and disruption of each field of aws-rds.md 1.2.
fn effect(field: &str, delta: &Settings, instance: &Instance) -> (Timing, Disruption) {
    match field {
        "dbInstanceClass" | "engineVersion" | "engine" | "multiTenant" => (Timing::Window, Disruption::Failover),
        "dedicatedLogVolume" | "processorFeatures" | "domain" | "caCertificateIdentifier" => {
            (Timing::Window, Disruption::Reboot)
        }
        "port" => (Timing::Now, Disruption::Reboot),
        "optionGroupName" | "networkType" => (Timing::Window, Disruption::BriefInterruption),
        "storageType"
            if [&delta.storage_type, &instance.settings.storage_type]
                .iter()
                .any(|t| t.as_deref() == Some("standard")) =>
        {
            (Timing::Window, Disruption::Failover)
        }
        "backupRetentionPeriod"
            if [delta.backup_retention_period, instance.settings.backup_retention_period].contains(&Some(0)) =>
        {
            (Timing::Window, Disruption::BriefInterruption)
        }
        "allocatedStorage"
        | "storageType"
        | "iops"
        | "storageThroughput"
        | "additionalStorageVolumes"
        | "multiAZ"
        | "iamDatabaseAuthentication"
        | "licenseModel" => (Timing::Window, Disruption::None),
        _ => (Timing::Now, Disruption::None),
    }
}

/// What an instance in its state takes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gate {
    /// Why no change is taken.
    pub any: Option<Waiting>,
    /// Why no change of storage is taken.
    pub storage: Option<Waiting>,
    /// Storage is full: nothing but storage is taken.
    pub only_storage: bool,
}

/// The calls and what stands in the way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChangePlan {
    /// Calls in order.
    pub steps: Vec<Step<Action>>,
    /// What AWS cannot change, or needs a word for.
    pub problem: Option<Problem>,
}

/// How the user wants disruption to be timed, and whether now is the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timetable {
    policy: DisruptivePolicy,
    in_window: Option<bool>,
}

impl Timetable {
    /// From the object's policy and the maintenance window in force.
    pub fn new(policy: DisruptivePolicy, instance: &Instance, desired: &Settings, now: jiff::Timestamp) -> Self {
        let window = desired.preferred_maintenance_window.as_ref();
        let window = window.or(instance.settings.preferred_maintenance_window.as_ref());
        Self { policy, in_window: window.and_then(|window| window::is_open(window, now)) }
    }

    /// When a disruptive step may run that AWS itself would not defer.
    pub fn held(self) -> When {
        match (self.policy, self.in_window) {
            (DisruptivePolicy::Immediate, _) | (DisruptivePolicy::Window, Some(true)) => When::Now,
            (DisruptivePolicy::Window, Some(false)) => When::Window,
            (DisruptivePolicy::Window, None) | (DisruptivePolicy::Approve, _) => When::Approval,
        }
    }
}

/// A difference being split into calls.
struct Split<'a> {
    instance: &'a Instance,
    desired: &'a Settings,
    delta: Map<String, Value>,
    changes: Vec<Change>,
}

impl Split<'_> {
    /// Takes fields out of the difference; `None` when none of them differs.
    fn take(&mut self, chosen: impl Fn(&str) -> bool) -> Option<(Settings, Vec<Change>)> {
        let names: BTreeSet<String> = self.delta.keys().filter(|field| chosen(field)).cloned().collect();
        if names.is_empty() {
            return None;
        }
        let mut taken = Map::new();
        for name in &names {
            if let Some((name, value)) = self.delta.remove_entry(name) {
                taken.insert(name, value);
            }
        }
        let (mine, rest) = std::mem::take(&mut self.changes).into_iter().partition(|c| names.contains(&c.field));
        self.changes = rest;
        serde_json::from_value(Value::Object(taken)).ok().map(|settings| (settings, mine))
    }

    fn class(&self, field: &str) -> Disruption {
        effect(field, self.desired, self.instance).1
    }
}

/// Plans the modifications of an instance.
pub fn plan(
    wanted: &Settings,
    instance: &Instance,
    inputs: &Inputs,
    allow_major: bool,
    gate: &Gate,
    timetable: Timetable,
) -> ChangePlan {
    let desired = towards(wanted.clone(), instance);
    let effective = overlay(&instance.settings, &instance.pending);
    let mut plan = ChangePlan::default();
    if let Some(difference) = diff::changes(&desired, &effective) {
        let mut split =
            Split { instance, desired: &desired, delta: fields(&difference.delta), changes: difference.changes };
        leave_to_the_upgrade(&mut split);
        plan.problem = refuse_immutable(&mut split);
        major(&mut split, &mut plan, allow_major, gate, timetable);
        ordinary(&mut split, &mut plan, gate, timetable);
    }
    if plan.steps.is_empty() && plan.problem.is_none() {
        plan.steps.extend(hurry(&desired, instance, inputs, gate, timetable));
    }
    plan
}

/// What will be in force when AWS has applied what it holds: a change that is already scheduled is no difference, and
/// something else that is scheduled is one.
fn overlay(settings: &Settings, pending: &Settings) -> Settings {
    let mut all = fields(settings);
    all.extend(fields(pending));
    serde_json::from_value(Value::Object(all)).unwrap_or_else(|_| settings.clone())
}

/// A major upgrade that AWS holds brings its groups along, and no describe shows them. Sent by itself, a group of the new
/// family is refused until the upgrade is done.
fn leave_to_the_upgrade(split: &mut Split<'_>) {
    let (is, pending) = (&split.instance.settings, &split.instance.pending);
    let (Some(from), Some(to)) = (&is.engine_version, &pending.engine_version) else { return };
    if is_major_change(is.engine.as_deref().unwrap_or_default(), from, to) && !split.delta.contains_key("engineVersion") {
        split.take(|field| matches!(field, "dbParameterGroupName" | "optionGroupName"));
    }
}

fn refuse_immutable(split: &mut Split<'_>) -> Option<Problem> {
    let from = split.instance.settings.engine.clone().unwrap_or_default();
    let converts = split.desired.engine.as_ref().is_some_and(|to| *to == format!("{from}-cdb"));
    let (_, changes) = split.take(|field| IMMUTABLE.contains(&field) && !(field == "engine" && converts))?;
    let list: Vec<String> = changes
        .iter()
        .map(|c| format!("spec.{}: {} in AWS, {} in the spec", c.field, shown(&c.from), shown(&c.to)))
        .collect();
    Some(Problem::new(
        Reason::InvalidSpec,
        format!(
            "AWS cannot change this on an existing instance: {}; make the spec agree, or restore a snapshot into a new object",
            list.join("; ")
        ),
    ))
}

fn shown(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or("unset")
}

/// A major upgrade is a call of its own, with the groups of the new family in it.
fn major(split: &mut Split<'_>, plan: &mut ChangePlan, allow: bool, gate: &Gate, timetable: Timetable) {
    let engine = split.instance.settings.engine.clone().unwrap_or_default();
    let (Some(from), Some(to)) = (&split.instance.settings.engine_version, &split.desired.engine_version) else {
        return;
    };
    if !split.delta.contains_key("engineVersion") || !is_major_change(&engine, from, to) {
        return;
    }
    let (from, to) = (from.clone(), to.clone());
    let together = ["engineVersion", "dbParameterGroupName", "optionGroupName"];
    let Some((settings, changes)) = split.take(|field| together.contains(&field)) else { return };
    if !allow {
        plan.problem.get_or_insert(Problem::new(
            Reason::InvalidSpec,
            format!(
                "spec.engineVersion: {from} -> {to} is a major upgrade, which cannot be undone: set \
                 spec.allowMajorVersionUpgrade: true after testing it on a restored copy"
            ),
        ));
        return;
    }
    let modification = Modification { settings, allow_major_version_upgrade: true, ..Modification::default() };
    plan.steps.push(disruptive(modification, changes, Disruption::Failover, gate, timetable));
}

fn ordinary(split: &mut Split<'_>, plan: &mut ChangePlan, gate: &Gate, timetable: Timetable) {
    if gate.only_storage {
        let storage = split.take(|field| STORAGE.contains(&field) && field != "dedicatedLogVolume");
        plan.steps.extend(storage.map(|(settings, changes)| {
            let (instance, desired) = (split.instance, split.desired);
            quiet(settings, changes, instance, desired, &Gate::default(), timetable, true)
        }));
        return;
    }
    let (instance, desired) = (split.instance, split.desired);
    let withheld = gate.storage.as_ref().and_then(|waiting| {
        let (settings, changes) = split.take(|field| STORAGE.contains(&field))?;
        Some(quiet(settings, changes, instance, desired, gate, timetable, true).when(When::After(waiting.clone())))
    });
    if let Some((settings, changes)) = split.take(|field| effect(field, desired, instance).1 == Disruption::None) {
        plan.steps.push(quiet(settings, changes, instance, desired, gate, timetable, false));
    }
    // AWS has no window for these two: a new port restarts at once, and a conversion must be immediate.
    if let Some((settings, changes)) = split.take(|field| matches!(field, "port" | "multiTenant")) {
        let class = if settings.multi_tenant.is_some() { Disruption::Failover } else { Disruption::Reboot };
        let modification = Modification { settings, apply_immediately: true, ..Modification::default() };
        plan.steps.push(modify(modification, changes, gate).class(class).when_free(timetable.held()));
    }
    let class = split.delta.keys().map(|field| split.class(field)).max();
    if let (Some(class), Some((settings, changes))) = (class, split.take(|_| true)) {
        let mut modification = Modification { settings, ..Modification::default() };
        complete(&mut modification, instance, desired);
        plan.steps.push(disruptive(modification, changes, class, gate, timetable));
    }
    plan.steps.extend(withheld);
}

/// A change that nobody notices goes at once, unless "at once" would apply something else that AWS holds.
fn quiet(
    settings: Settings,
    changes: Vec<Change>,
    instance: &Instance,
    desired: &Settings,
    gate: &Gate,
    timetable: Timetable,
    is_storage: bool,
) -> Step<Action> {
    let waits = fields(&settings).keys().any(|field| effect(field, desired, instance).0 == Timing::Window);
    let flushed = held_class(instance);
    let apply_immediately = waits && (flushed == Disruption::None || timetable.policy == DisruptivePolicy::Immediate);
    let mut modification = Modification { settings, apply_immediately, ..Modification::default() };
    complete(&mut modification, instance, desired);
    let class = if apply_immediately { flushed } else { Disruption::None };
    let step = modify(modification, changes, gate).class(class);
    let step = if is_storage { Step { because: "storage only grows".into(), ..step } } else { step };
    if waits && !apply_immediately {
        step.when_free(When::SentForWindow)
            .explained("applied at once it would also apply what AWS holds for the window")
    } else {
        step
    }
}

/// The worst class of what AWS holds for the window.
fn held_class(instance: &Instance) -> Disruption {
    let pending = fields(&instance.pending);
    pending.keys().map(|field| effect(field, &instance.pending, instance).1).max().unwrap_or(Disruption::None)
}

fn disruptive(
    mut modification: Modification,
    changes: Vec<Change>,
    class: Disruption,
    gate: &Gate,
    timetable: Timetable,
) -> Step<Action> {
    modification.apply_immediately = timetable.policy != DisruptivePolicy::Window;
    let when = match timetable.policy {
        DisruptivePolicy::Window => When::SentForWindow,
        DisruptivePolicy::Immediate => When::Now,
        DisruptivePolicy::Approve => When::Approval,
    };
    modify(modification, changes, gate).class(class).when_free(when)
}

fn modify(modification: Modification, changes: Vec<Change>, gate: &Gate) -> Step<Action> {
    let step = Step::new("instance", Action::Modify(Box::new(modification)), "").changing(changes);
    match &gate.any {
        Some(waiting) => step.when(When::After(waiting.clone())),
        None => step,
    }
}

impl Step<Action> {
    /// Sets when it runs, unless it waits for the instance's state.
    fn when_free(self, when: When) -> Self {
        if matches!(self.when, When::After(_)) { self } else { self.when(when) }
    }

    fn explained(self, because: &str) -> Self {
        Step { because: because.into(), ..self }
    }
}

/// Policy Immediate also means what AWS holds for the window from before.
fn hurry(
    desired: &Settings,
    instance: &Instance,
    inputs: &Inputs,
    gate: &Gate,
    timetable: Timetable,
) -> Option<Step<Action>> {
    if timetable.policy != DisruptivePolicy::Immediate || !inputs.has_settled("instance") || gate.any.is_some() {
        return None;
    }
    let (pending, current, wanted) = (fields(&instance.pending), fields(&instance.settings), fields(desired));
    let ours: Map<String, Value> =
        pending.into_iter().filter(|(field, value)| wanted.get(field) == Some(value)).collect();
    let changes: Vec<Change> = ours
        .iter()
        .map(|(field, value)| Change {
            field: field.clone(),
            from: current.get(field).and_then(diff::text),
            to: diff::text(value),
        })
        .collect();
    let settings: Settings = serde_json::from_value(Value::Object(ours)).ok()?;
    if changes.is_empty() {
        return None;
    }
    let mut modification = Modification { settings, apply_immediately: true, ..Modification::default() };
    complete(&mut modification, instance, desired);
    let step = modify(modification, changes, gate).class(held_class(instance));
    Some(step.explained("changePolicy is Immediate: AWS holds this for the maintenance window"))
}

/// Members that AWS wants together, and fields that are sent in another form.
fn complete(modification: &mut Modification, instance: &Instance, desired: &Settings) {
    let observed = &instance.settings;
    let settings = &mut modification.settings;
    couple_storage(settings, desired, observed);
    if settings.enable_performance_insights.is_some()
        || settings.performance_insights_retention_period.is_some()
        || settings.performance_insights_kms_key_id.is_some()
        || settings.database_insights_mode.is_some()
    {
        let pick = |wanted: Option<bool>, is: Option<bool>| wanted.or(is);
        settings.enable_performance_insights =
            pick(desired.enable_performance_insights, observed.enable_performance_insights);
        settings.performance_insights_retention_period =
            desired.performance_insights_retention_period.or(observed.performance_insights_retention_period);
        settings.performance_insights_kms_key_id = desired.performance_insights_kms_key_id.clone();
    }
    if settings.monitoring_interval.is_some() || settings.monitoring_role_arn.is_some() {
        settings.monitoring_interval = desired.monitoring_interval;
        settings.monitoring_role_arn = desired.monitoring_role_arn.clone();
    }
    if let Some(wanted) = settings.enable_cloudwatch_logs_exports.take() {
        let is = observed.enable_cloudwatch_logs_exports.clone().unwrap_or_default();
        modification.logs = Some(LogExports {
            enable: wanted.difference(&is).cloned().collect(),
            disable: is.difference(&wanted).cloned().collect(),
        });
    }
    if settings.processor_features.as_ref().is_some_and(|features| features.is_empty()) {
        settings.processor_features = None;
        modification.default_processor_features = true;
    }
    if settings.domain == Some(Default::default()) {
        settings.domain = None;
        modification.disable_domain = true;
    }
}

/// io1, io2 and gp3 above its threshold want size and performance in one call, also when only one of them changes.
fn couple_storage(settings: &mut Settings, desired: &Settings, observed: &Settings) {
    let touched = settings.allocated_storage.is_some()
        || settings.iops.is_some()
        || settings.storage_throughput.is_some()
        || settings.storage_type.is_some();
    let kind = desired.storage_type.as_ref().or(observed.storage_type.as_ref()).map(String::as_str);
    let size = desired.allocated_storage.max(observed.allocated_storage);
    let engine = observed.engine.as_deref().unwrap_or_default();
    let threshold = match engine {
        engine if engine.starts_with("oracle") => 200,
        engine if engine.starts_with("sqlserver") => 0,
        _ => 400,
    };
    let provisioned = match kind {
        Some("io1" | "io2") => true,
        Some("gp3") => size.unwrap_or_default() >= threshold,
        _ => false,
    };
    if !touched || !provisioned {
        return;
    }
    settings.allocated_storage = size;
    settings.iops = desired.iops.or(settings.iops);
    if kind == Some("gp3") {
        settings.storage_throughput = desired.storage_throughput.or(settings.storage_throughput);
    }
}
