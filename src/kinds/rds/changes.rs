//! Differences of an existing instance into ModifyDBInstance calls (aws-rds.md 1.2, 1.5): what cannot change, what goes
//! together, what must go alone, what disturbs, and when it may be applied.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::aws::rds::normalise::{towards, volumes_to_come};
use crate::aws::rds::version::is_major_change;
use crate::aws::rds::{Action, Instance, Modification, Settings};
use crate::conditions::Reason;
use crate::diff::{self, fields};
use crate::kind::{Disruption, Inputs, Problem, Step, Waiting, When};
use crate::spec::{Change, DisruptivePolicy};
use crate::window::Timetable;

use super::coupling::{complete, gp3_threshold};
use super::effects::{AT_ONCE, IMMUTABLE, STORAGE, Timing, UPGRADE, effect, held_class};
use super::gate::Gate;

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
struct Scene<'a> {
    instance: &'a Instance,
    desired: &'a Settings,
    gate: &'a Gate,
    timetable: Timetable,
    allow_major: bool,
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
    let mut plan = ChangePlan::default();
    if instance.status == "creating" {
        // AWS shows zone, port and more only late in it: what is not shown yet is no difference.
        return plan;
    }
    let desired = towards(wanted.clone(), instance);
    let scene = Scene { instance, desired: &desired, gate, timetable, allow_major };
    plan.steps.extend(mend(&scene));
    if let Some(mut split) = Split::of(&desired, &overlay(&instance.settings, &instance.pending)) {
        split.take(|field| gate.remedies.contains(&field));
        drop_travelling_groups(&mut split, &scene);
        let refused = [refuse_immutable, refuse_performance, refuse_no_backups].map(|rule| rule(&mut split, &scene));
        plan.problem = refused.into_iter().flatten().next();
        plan.steps.extend(call_off(&mut split, &scene));
        upgrade(&mut split, &mut plan, &scene);
        ordinary(&mut split, &mut plan, &scene);
    }
    if plan.steps.is_empty() && plan.problem.is_none() {
        plan.steps.extend(hurry(inputs, &scene));
    }
    plan
}

/// What will be in force when AWS has applied what it holds; of the volumes AWS reports only those that change.
fn overlay(settings: &Settings, pending: &Settings) -> Settings {
    let additional_storage_volumes = volumes_to_come(settings, pending);
    Settings { additional_storage_volumes, ..diff::overlay(settings, pending) }
}

/// What mends an instance that takes nothing else. Compared with what is in force: what is merely scheduled mends nothing.
fn mend(scene: &Scene<'_>) -> Option<Step<Action>> {
    let mut split = Split::of(scene.desired, &scene.instance.settings)?;
    let (settings, changes) = split.take(|field| scene.gate.remedies.contains(&field))?;
    let fields = fields(&settings);
    let own = fields.keys().map(|field| effect(field, scene.desired, scene.instance).1).max();
    let flushed = held_class(scene.instance, &settings);
    let class = flushed.max(own.unwrap_or(Disruption::None));
    // An instance that does not serve loses nothing by its own cure; what would come along is another matter.
    let when = if flushed == Disruption::None { scene.timetable.asked() } else { scene.timetable.held() };
    let when = if class == Disruption::None { When::Now } else { when };
    let waits = fields.keys().any(|field| effect(field, scene.desired, scene.instance).0 == Timing::Window);
    let modification = Modification { settings, apply_immediately: waits, ..Modification::default() };
    let step = scene.modify(modification, changes).class(class).when(when);
    Some(match &scene.gate.settling {
        Some(waiting) => step.when(When::After(waiting.clone())),
        None => step.because_of(format!("mends {}", scene.instance.status)),
    })
}

fn refuse_immutable(split: &mut Split, scene: &Scene<'_>) -> Option<Problem> {
    let observed = &scene.instance.settings;
    let from = observed.engine.clone().unwrap_or_default();
    let converts = scene.desired.engine.as_ref().is_some_and(|to| *to == format!("{from}-cdb"));
    let has_insights_key = observed.performance_insights_kms_key_id.is_some();
    let (_, changes) = split.take(|field| match field {
        "engine" => !converts,
        "performanceInsightsKMSKeyId" => has_insights_key,
        field => IMMUTABLE.contains(&field),
    })?;
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

/// gp3 below its threshold takes no other performance than its own; AWS would refuse the whole call.
fn refuse_performance(split: &mut Split, scene: &Scene<'_>) -> Option<Problem> {
    let observed = &scene.instance.settings;
    let kind = scene.desired.storage_type.as_ref().or(observed.storage_type.as_ref())?;
    let threshold = gp3_threshold(observed.engine.as_deref().unwrap_or_default());
    let size = scene.desired.allocated_storage.max(observed.allocated_storage)?;
    if kind != "gp3" || size >= threshold {
        return None;
    }
    let (_, changes) = split.take(|field| matches!(field, "iops" | "storageThroughput"))?;
    let list: Vec<String> = changes.iter().map(|change| format!("spec.{change}")).collect();
    Some(Problem::new(
        Reason::InvalidSpec,
        format!(
            "{}: gp3 below {threshold} GiB has fixed performance; remove the field, or enlarge spec.allocatedStorage",
            list.join(", ")
        ),
    ))
}

/// Replication needs the source's backups.
fn refuse_no_backups(split: &mut Split, scene: &Scene<'_>) -> Option<Problem> {
    let replicas = &scene.instance.replicas;
    if replicas.is_empty() || scene.desired.backup_retention_period != Some(0) {
        return None;
    }
    split.take(|field| field == "backupRetentionPeriod")?;
    let names: Vec<&str> = replicas.iter().map(String::as_str).collect();
    Some(Problem::new(
        Reason::InvalidSpec,
        format!(
            "spec.backupRetentionPeriod: 0 is not possible while the instance has read replicas ({}): AWS needs its backups for \
             them; delete or promote them first",
            names.join(", ")
        ),
    ))
}

/// A scheduled upgrade has the groups of the new family with it; alone, they do not fit the version in force.
fn drop_travelling_groups(split: &mut Split, scene: &Scene<'_>) {
    let (observed, pending) = (&scene.instance.settings, &scene.instance.pending);
    let is_scheduled = pending.engine.is_some() || is_major(observed, pending);
    let stays = !split.delta.contains_key("engine") && !split.delta.contains_key("engineVersion");
    if is_scheduled && stays {
        split.take(|field| matches!(field, "dbParameterGroupName" | "optionGroupName"));
    }
}

/// A scheduled change that the spec no longer wants is called off with the value in force, which disturbs nobody.
fn call_off(split: &mut Split, scene: &Scene<'_>) -> Option<Step<Action>> {
    let (current, pending) = (fields(&scene.instance.settings), fields(&scene.instance.pending));
    let is_busy = scene.gate.storage.is_some();
    let off: BTreeSet<String> = split
        .delta
        .iter()
        .filter(|(field, value)| pending.contains_key(*field) && current.get(*field) == Some(value))
        .map(|(field, _)| field.clone())
        .filter(|field| !(is_busy && STORAGE.contains(&field.as_str())))
        .collect();
    let (settings, changes) = split.take(|field| off.contains(field))?;
    let step = scene.modify(Modification { settings, ..Modification::default() }, changes);
    Some(step.because_of("calls off what AWS holds for the window"))
}

/// A major upgrade or a conversion is a call of its own, with the groups of the new family in it.
fn upgrade(split: &mut Split, plan: &mut ChangePlan, scene: &Scene<'_>) {
    let observed = &scene.instance.settings;
    let is_major = split.delta.contains_key("engineVersion") && is_major(observed, scene.desired);
    if !is_major && !split.delta.contains_key("engine") {
        return;
    }
    let Some((settings, changes)) = split.take(|field| UPGRADE.contains(&field)) else { return };
    if is_major && !scene.allow_major {
        let (from, to) = (shown(&observed.engine_version), shown(&scene.desired.engine_version));
        plan.problem.get_or_insert(Problem::new(
            Reason::InvalidSpec,
            format!(
                "spec.engineVersion: {from} -> {to} is a major upgrade, which cannot be undone: set \
                 spec.allowMajorVersionUpgrade: true after testing it on a restored copy"
            ),
        ));
        return;
    }
    let modification = Modification { settings, allow_major_version_upgrade: is_major, ..Modification::default() };
    let step = scene.disruptive(modification, changes, Disruption::Failover);
    plan.steps.push(match &scene.gate.upgrade {
        Some(waiting) if scene.gate.any.is_none() => step.when(When::After(waiting.clone())),
        _ => step,
    });
}

fn is_major(from: &Settings, to: &Settings) -> bool {
    let engine = from.engine.as_deref().unwrap_or_default();
    match (&from.engine_version, &to.engine_version) {
        (Some(from), Some(to)) => is_major_change(engine, from, to),
        _ => false,
    }
}

fn ordinary(split: &mut Split, plan: &mut ChangePlan, scene: &Scene<'_>) {
    let (instance, desired) = (scene.instance, scene.desired);
    let class_of = |field: &str| effect(field, desired, instance).1;
    let mut withheld = Vec::new();
    if let Some(waiting) = &scene.gate.storage {
        withheld.extend(scene.withhold(split, |field| STORAGE.contains(&field), waiting));
    }
    if let Some(waiting) = backups_first(scene) {
        withheld.extend(scene.withhold(split, |field| field == "multiAZ", &waiting));
    }
    if let Some((settings, changes)) = split.take(|field| class_of(field) == Disruption::None) {
        plan.steps.push(scene.quiet(settings, changes));
    }
    if let Some((settings, changes)) = split.take(|field| AT_ONCE.contains(&field)) {
        plan.steps.push(scene.at_once(settings, changes));
    }
    let class = split.delta.keys().map(|field| class_of(field)).max();
    if let (Some(class), Some((settings, changes))) = (class, split.take(|_| true)) {
        plan.steps.push(scene.disruptive(Modification { settings, ..Modification::default() }, changes, class));
    }
    plan.steps.extend(withheld);
}

/// SQL Server mirrors only an instance that keeps backups: "Mirroring cannot be applied".
fn backups_first(scene: &Scene<'_>) -> Option<Waiting> {
    let observed = &scene.instance.settings;
    let mirrors = observed.engine.as_ref().is_some_and(|engine| engine.starts_with("sqlserver"));
    let to_come = scene.desired.backup_retention_period.is_some_and(|days| days > 0);
    (mirrors && to_come && observed.backup_retention_period == Some(0))
        .then(|| Waiting::new(Reason::Updating, "multiAZ follows when automated backups are on"))
}

impl Scene<'_> {
    fn withhold(&self, split: &mut Split, chosen: impl Fn(&str) -> bool, waiting: &Waiting) -> Option<Step<Action>> {
        let (settings, changes) = split.take(chosen)?;
        let class = fields(&settings).keys().map(|field| effect(field, self.desired, self.instance).1).max();
        let step = self.modify(Modification { settings, ..Modification::default() }, changes);
        Some(step.class(class.unwrap_or(Disruption::None)).when(When::After(waiting.clone())))
    }

    /// A change that nobody notices goes at once, unless "at once" would apply something else that AWS holds.
    fn quiet(&self, settings: Settings, changes: Vec<Change>) -> Step<Action> {
        let waits =
            fields(&settings).keys().any(|field| effect(field, self.desired, self.instance).0 == Timing::Window);
        let flushed = held_class(self.instance, &settings);
        let hurries = self.timetable.policy() == DisruptivePolicy::Immediate;
        let apply_immediately = waits && (flushed == Disruption::None || hurries);
        let class = if apply_immediately { flushed } else { Disruption::None };
        let step = self.modify(Modification { settings, apply_immediately, ..Modification::default() }, changes);
        let step = step.class(class);
        if waits && !apply_immediately {
            step.when_free(When::SentForWindow)
                .because_of("applied at once it would also apply what AWS holds for the window")
        } else {
            step
        }
    }

    /// What the operator must hold itself. A new port needs no flag, so nothing else is flushed by it.
    fn at_once(&self, settings: Settings, changes: Vec<Change>) -> Step<Action> {
        let names = fields(&settings);
        let class = names.keys().map(|field| effect(field, self.desired, self.instance).1).max();
        let apply_immediately = settings.multi_tenant.is_some() || settings.network_type.is_some();
        let flushed = if apply_immediately { held_class(self.instance, &settings) } else { Disruption::None };
        let step = self.modify(Modification { settings, apply_immediately, ..Modification::default() }, changes);
        step.class(flushed.max(class.unwrap_or(Disruption::None))).when_free(self.timetable.held())
    }

    fn disruptive(&self, mut modification: Modification, changes: Vec<Change>, class: Disruption) -> Step<Action> {
        modification.apply_immediately = self.timetable.policy() != DisruptivePolicy::Window;
        let when = match self.timetable.policy() {
            DisruptivePolicy::Window => When::SentForWindow,
            DisruptivePolicy::Immediate => When::Now,
            DisruptivePolicy::Approve => When::Approval,
        };
        let flushed = held_class(self.instance, &modification.settings);
        let class = if modification.apply_immediately { class.max(flushed) } else { class };
        self.modify(modification, changes).class(class).when_free(when)
    }

    fn modify(&self, mut modification: Modification, changes: Vec<Change>) -> Step<Action> {
        complete(&mut modification, self.instance, self.desired);
        let step = Step::new("instance", Action::Modify(Box::new(modification)), "").changing(changes);
        match &self.gate.any {
            Some(waiting) => step.when(When::After(waiting.clone())),
            None => step,
        }
    }
}

impl Step<Action> {
    /// Sets when it runs, unless it waits for the instance's state.
    fn when_free(self, when: When) -> Self {
        if matches!(self.when, When::After(_)) { self } else { self.when(when) }
    }
}

/// Policy Immediate also means what AWS holds for the window from before.
fn hurry(inputs: &Inputs, scene: &Scene<'_>) -> Option<Step<Action>> {
    let is_time = scene.timetable.policy() == DisruptivePolicy::Immediate && inputs.has_settled("instance");
    if !is_time || scene.gate.any.is_some() {
        return None;
    }
    let (settings, is_major) = scheduled(scene)?;
    let current = fields(&scene.instance.settings);
    let changes: Vec<Change> = fields(&settings)
        .iter()
        .map(|(field, value)| Change {
            field: field.clone(),
            from: current.get(field).and_then(diff::text).filter(|from| Some(from) != diff::text(value).as_ref()),
            to: diff::text(value),
        })
        .collect();
    let own = fields(&settings).keys().map(|field| effect(field, &settings, scene.instance).1).max()?;
    let class = own.max(held_class(scene.instance, &settings));
    let modification = Modification {
        settings,
        apply_immediately: true,
        allow_major_version_upgrade: is_major,
        ..Modification::default()
    };
    let step = scene.modify(modification, changes).class(class);
    Some(step.because_of("changePolicy is Immediate: AWS holds this for the maintenance window"))
}

/// What is wanted and only scheduled, in the form that sends it once more; whether a major upgrade is among it.
fn scheduled(scene: &Scene<'_>) -> Option<(Settings, bool)> {
    let (instance, desired) = (scene.instance, scene.desired);
    let wanted = fields(desired);
    let is_busy = scene.gate.storage.is_some();
    let ours: Map<String, Value> = fields(&instance.pending)
        .into_iter()
        .filter(|(field, value)| wanted.get(field) == Some(value))
        .filter(|(field, _)| !(is_busy && STORAGE.contains(&field.as_str())))
        .collect();
    let mut settings: Settings = serde_json::from_value(Value::Object(ours)).ok()?;
    let upgrades = settings.engine.is_some() || is_major(&instance.settings, &settings);
    let may = scene.allow_major && scene.gate.upgrade.is_none();
    let waits = |name: &String| instance.option_groups.get(name).is_some_and(|s| s == "pending-maintenance-apply");
    settings.option_group_name = desired.option_group_name.clone().filter(waits);
    if upgrades && may {
        settings.db_parameter_group_name = desired.db_parameter_group_name.clone();
    } else if upgrades {
        (settings.engine, settings.engine_version) = (None, None);
    }
    let is_major = is_major(&instance.settings, &settings);
    (settings != Settings::default()).then_some((settings, is_major))
}
