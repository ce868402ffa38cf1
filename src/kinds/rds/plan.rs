//! The plan of an RdsInstance: one verdict, then the calls in the order of aws-rds.md 1.5.

use std::collections::BTreeSet;

use crate::aws::owner::Tags;
use crate::aws::rds::{Action, Instance, Observed, Settings};
use crate::conditions::Reason;
use crate::kind::{Disruption, End, Inputs, Kind, Plan, Problem, Step, Waiting, Want, When};
use crate::life::{RESOURCE_ID, Verdict, verdict};
use crate::spec::{Change, DisruptivePolicy};

use super::changes::{self, Gate, Timetable};
use super::spec::PowerState;
use super::states::{State, state};
use super::{RdsInstance, creation, credentials, groups, removal};

/// Note with the tag keys that this object set (JSON list), so that only those are ever removed.
pub const TAGS_NOTE: &str = "tagKeys";

/// Plans.
pub fn plan(object: &RdsInstance, want: Want, inputs: &Inputs, observed: &Observed, identifier: &str) -> Plan<Action> {
    let what = format!("DB instance {identifier}");
    if let Some(cluster) = observed.instance.present().and_then(|instance| instance.cluster.as_ref()) {
        return Plan::refuse(Problem::new(
            Reason::Conflict,
            format!(
                "{what} is a member of cluster {cluster}: members are managed through their cluster (kind AuroraServerless)"
            ),
        ));
    }
    let thing = object.thing(observed);
    let verdict = verdict(want, &object.spec.shared, inputs, &thing, &what);
    match (verdict, observed.instance.present()) {
        (Verdict::Create, _) => creation::plan(object, identifier, inputs, observed),
        (Verdict::Recreate(problem), _) => recreate(creation::plan(object, identifier, inputs, observed), problem),
        (Verdict::Manage, Some(instance)) => manage(object, identifier, inputs, observed, instance),
        (Verdict::Adopt(problem), Some(instance)) => adopt(object, identifier, inputs, observed, instance, problem),
        (Verdict::Watch, Some(instance)) => watch(instance),
        (Verdict::Remove, Some(instance)) => removal::plan(object, identifier, inputs, observed, instance),
        (Verdict::Gone, _) => removal::leftovers(object, identifier, inputs, observed),
        (Verdict::Refuse(problem), _) => Plan::refuse(problem),
        (Verdict::Wait(waiting), _) => Plan::wait(waiting),
        (Verdict::LetGo, _) => Plan::release(),
        (Verdict::Manage | Verdict::Adopt(_) | Verdict::Watch | Verdict::Remove, None) => {
            Plan::wait(Waiting::new(Reason::Unreadable, format!("{what} was not read")))
        }
    }
}

/// Every step is held: an empty database in place of a lost one is the user's decision. What waits for something else goes
/// on waiting for it: an approval makes no source usable and no group complete.
fn recreate(plan: Plan<Action>, problem: Problem) -> Plan<Action> {
    let hold = |when: When| if matches!(when, When::After(_)) { when } else { When::Approval };
    let steps = plan
        .steps
        .into_iter()
        .map(|step| Step { when: hold(step.when), class: Disruption::Replacement, ..step })
        .collect();
    Plan { steps, problem: plan.problem.or(Some(problem)), ..Plan::default() }
}

fn watch(instance: &Instance) -> Plan<Action> {
    match in_progress(instance, None) {
        Some(waiting) => Plan::wait(waiting),
        None => Plan { end: End::Settled, ..Plan::default() },
    }
}

/// Taking over is tagging. The step lists what would change afterwards, so that an approval covers it and goes stale
/// with it; with nothing to change it needs none.
fn adopt(
    object: &RdsInstance,
    identifier: &str,
    inputs: &Inputs,
    observed: &Observed,
    instance: &Instance,
    problem: Option<Problem>,
) -> Plan<Action> {
    let after = manage(object, identifier, inputs, observed, instance);
    let changes: Vec<Change> = after
        .steps
        .iter()
        .flat_map(|step| {
            let call = Change {
                field: crate::aws::Action::operation(&step.action).into(),
                from: None,
                to: Some(step.because.clone()),
            };
            let listed = step.changes.clone();
            if listed.is_empty() { vec![call] } else { listed }
        })
        .filter(|change| !change.field.starts_with("tags."))
        .collect();
    let when = if problem.is_none() && changes.is_empty() { When::Now } else { When::Approval };
    let action = Action::Tag { arn: instance.arn.clone(), tags: inputs.owner.tags() };
    let step = Step::new("instance", action, "take over this DB instance by setting the owner tags")
        .changing(changes)
        .when(when)
        .noting(RESOURCE_ID, instance.resource_id.clone());
    Plan { steps: vec![step], problem, ..Plan::default() }
}

fn manage(
    object: &RdsInstance,
    identifier: &str,
    inputs: &Inputs,
    observed: &Observed,
    instance: &Instance,
) -> Plan<Action> {
    let gate = gate(instance, inputs);
    let wanted = desired(object, identifier, observed);
    let timetable = Timetable::new(object.spec.shared.change_policy.disruptive, instance, &wanted, inputs.now);
    let groups = groups::plan(object, identifier, inputs, observed);
    let allow_major = object.spec.allow_major_version_upgrade == Some(true);
    let mut changes = changes::plan(&wanted, instance, inputs, allow_major, &gate, timetable);
    after_groups(&mut changes.steps, groups.waiting.as_ref());
    let password = credentials::gated(credentials::plan(object, inputs, instance), gate.any.clone());
    let mut steps = tag_steps(object, inputs, instance);
    steps.extend(groups.steps);
    steps.extend(promotion(object, instance, &gate));
    steps.extend(changes.steps);
    steps.extend(password.step);
    steps.extend(role_steps(object, instance, &gate));
    steps.extend(reboot(object, instance, &gate, timetable));
    steps.extend(power(object, instance));
    let broken = broken(instance);
    let problem = broken.or(groups.problem).or(changes.problem).or(password.problem);
    let waiting = password.waiting.or(groups.waiting).or_else(|| unsettled(object, inputs, instance));
    let deferred = deferred(object, instance);
    let settled = steps.is_empty() && problem.is_none() && waiting.is_none();
    Plan {
        steps,
        problem,
        waiting: waiting.or(deferred),
        promote_password: password.promote,
        forget: groups.forget.into_iter().chain(credentials::served(inputs)).collect(),
        end: if settled { End::Settled } else { End::Open },
    }
}

/// A major upgrade takes the group of its new family along in the same call, so that group comes first.
fn after_groups(steps: &mut [Step<Action>], groups: Option<&Waiting>) {
    let Some(waiting) = groups else { return };
    for step in steps.iter_mut() {
        let upgrades = matches!(&step.action, Action::Modify(change) if change.allow_major_version_upgrade);
        if upgrades && !matches!(step.when, When::After(_)) {
            step.when = When::After(waiting.clone());
        }
    }
}

/// The user's settings with the groups that the object owns. A parameter group is only wanted once it has its values,
/// so that a restart never happens on half of them.
fn desired(object: &RdsInstance, identifier: &str, observed: &Observed) -> Settings {
    let mut settings = object.spec.settings.clone();
    if let Some((name, _)) = groups::parameter_group(object, identifier) {
        let wanted = object.spec.parameters.iter().flatten();
        let group = observed.parameter_groups.get(&name).and_then(|group| group.present());
        let complete =
            group.is_some_and(|group| wanted.clone().all(|(key, value)| group.values.get(key) == Some(value)));
        settings.db_parameter_group_name = complete.then_some(name);
    }
    if let Some(name) = groups::subnet_group(object, identifier) {
        settings.db_subnet_group_name = Some(name);
    }
    settings
}

fn tag_steps(object: &RdsInstance, inputs: &Inputs, instance: &Instance) -> Vec<Step<Action>> {
    let wanted = groups::tags(object, &inputs.owner);
    let missing: Tags = wanted
        .iter()
        .filter(|(key, value)| instance.tags.get(*key) != Some(value))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let spec = object.spec.shared.tags.clone();
    let keys: Vec<String> = spec.iter().flatten().map(|(key, _)| key.clone()).collect();
    let note = serde_json::to_string(&keys).unwrap_or_default();
    let noted: BTreeSet<String> =
        inputs.journal.notes.get(TAGS_NOTE).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let stale: BTreeSet<String> = noted
        .into_iter()
        .filter(|key| spec.is_some() && !keys.contains(key) && instance.tags.contains_key(key))
        .collect();
    let mut steps = Vec::new();
    let change = |key: &String, to: Option<&String>| Change {
        field: format!("tags.{key}"),
        from: instance.tags.get(key).cloned(),
        to: to.cloned(),
    };
    if !missing.is_empty() {
        let changes = missing.iter().map(|(key, value)| change(key, Some(value))).collect();
        let all: BTreeSet<&String> = keys.iter().chain(&stale).collect();
        let note_all = serde_json::to_string(&all).unwrap_or_default();
        let action = Action::Tag { arn: instance.arn.clone(), tags: missing };
        steps.push(Step::new("instance", action, "").changing(changes).noting(TAGS_NOTE, note_all));
    }
    if !stale.is_empty() {
        let changes = stale.iter().map(|key| change(key, None)).collect();
        let action = Action::Untag { arn: instance.arn.clone(), keys: stale };
        steps.push(
            Step::new("instance", action, "this object set these tags before")
                .changing(changes)
                .noting(TAGS_NOTE, note),
        );
    }
    steps
}

/// What the instance takes in its state.
pub fn gate(instance: &Instance, inputs: &Inputs) -> Gate {
    let busy = |reason: Reason| {
        Some(Waiting::new(reason, format!("the instance is {}; changes wait until it takes them", instance.status)))
    };
    let mut gate = Gate::default();
    match state(&instance.status) {
        State::Available | State::Mendable(_) => {}
        State::StorageBusy => gate.storage = busy(Reason::Busy),
        State::StorageFull => gate.only_storage = true,
        State::Stopped => gate.any = busy(Reason::Stopped),
        _ => gate.any = busy(Reason::Updating),
    }
    if gate.storage.is_none() && instance.storage_operation.is_some() {
        gate.storage = busy(Reason::Busy);
    }
    if gate.any.is_none()
        && inputs.accepted
        && inputs.since_call("instance").is_some_and(|age| age < inputs.clocks.transition_poll)
    {
        // Right after a call AWS still shows the old state: a second call now would be refused, or repeat the first.
        gate.any = Some(Waiting::new(Reason::Settling, "the last call was accepted moments ago"));
    }
    gate
}

fn promotion(object: &RdsInstance, instance: &Instance, gate: &Gate) -> Option<Step<Action>> {
    let source = instance.replica_source.as_ref().filter(|_| object.spec.promote == Some(true))?;
    let settings = &object.spec.settings;
    let action = Action::Promote {
        backup_retention_period: settings.backup_retention_period.filter(|days| *days > 0),
        preferred_backup_window: settings.preferred_backup_window.clone(),
    };
    let change =
        Change { field: "promote".into(), from: Some(format!("replica of {source}")), to: Some("independent".into()) };
    let step = Step::new("instance", action, "promotion is one-way; the instance restarts")
        .changing(vec![change])
        .class(Disruption::Reboot);
    let not_now = gate.any.clone().or_else(|| {
        (instance.status == "backing-up").then(|| Waiting::new(Reason::Busy, "a backup is running; promotion waits"))
    });
    Some(match not_now {
        Some(waiting) => step.when(When::After(waiting)),
        None => step,
    })
}

/// Roles: what is to go first, then what is to come, each until AWS shows it.
fn role_steps(object: &RdsInstance, instance: &Instance, gate: &Gate) -> Vec<Step<Action>> {
    let Some(wanted) = &object.spec.associated_roles else { return Vec::new() };
    let role_of =
        |feature: &str| wanted.iter().find(|role| role.feature_name == feature).map(|role| role.role_arn.as_str());
    let change = |feature: &str, from: Option<&String>, to: Option<&str>| {
        vec![Change { field: format!("associatedRoles.{feature}"), from: from.cloned(), to: to.map(Into::into) }]
    };
    let leaving = instance.roles.iter().filter(|(feature, (arn, _))| role_of(feature) != Some(arn.as_str()));
    let mut steps: Vec<Step<Action>> = leaving
        .map(|(feature, (arn, _))| {
            let action = Action::RemoveRole { feature: feature.clone(), role: arn.clone() };
            Step::new("instance", action, "").changing(change(feature, Some(arn), role_of(feature)))
        })
        .collect();
    for role in wanted.iter().filter(|role| !instance.roles.contains_key(&role.feature_name)) {
        let action = Action::AddRole { feature: role.feature_name.clone(), role: role.role_arn.clone() };
        steps.push(Step::new("instance", action, "").changing(change(&role.feature_name, None, Some(&role.role_arn))));
    }
    match &gate.any {
        Some(waiting) => steps.into_iter().map(|step| step.when(When::After(waiting.clone()))).collect(),
        None => steps,
    }
}

/// Static parameters of a group that the spec names take effect at a reboot.
fn reboot(object: &RdsInstance, instance: &Instance, gate: &Gate, timetable: Timetable) -> Option<Step<Action>> {
    let managed = object.spec.parameters.is_some() || object.spec.settings.db_parameter_group_name.is_some();
    let recovering = instance.status == "incompatible-parameters" && managed;
    if !(managed && instance.parameter_apply_status.as_deref() == Some("pending-reboot")) && !recovering {
        return None;
    }
    let when = match &gate.any {
        Some(waiting) => When::After(waiting.clone()),
        // An instance that cannot serve its parameters loses nothing by a reboot.
        None if recovering => When::Now,
        None => timetable.held(),
    };
    let step = Step::new("instance", Action::Reboot, "static parameters take effect at a reboot");
    Some(step.class(Disruption::Reboot).when(when))
}

fn power(object: &RdsInstance, instance: &Instance) -> Option<Step<Action>> {
    let change = |to: &str| {
        vec![Change { field: "powerState".into(), from: Some(instance.status.clone()), to: Some(to.into()) }]
    };
    match (object.spec.power_state?, state(&instance.status)) {
        (PowerState::Stopped, State::Available) => {
            let step = Step::new("instance", Action::Stop, "spec.powerState").changing(change("Stopped"));
            Some(step.class(Disruption::Failover))
        }
        (PowerState::Running, State::Stopped) => {
            Some(Step::new("instance", Action::Start, "spec.powerState").changing(change("Running")))
        }
        _ => None,
    }
}

/// States that only a person can mend.
pub fn broken(instance: &Instance) -> Option<Problem> {
    let remedy = match state(&instance.status) {
        State::Mendable(remedy) | State::External(remedy) | State::Terminal(remedy) => remedy,
        State::StorageFull => {
            return Some(Problem::new(
                Reason::StorageFull,
                "AWS reports storage-full: raise spec.allocatedStorage (all other changes wait for that)",
            ));
        }
        _ => {
            let message = instance.replication_broken.as_ref()?;
            return Some(Problem::new(
                Reason::Broken,
                format!("replication has stopped: {message}; if it does not resume, make the replica anew"),
            ));
        }
    };
    Some(Problem::new(Reason::Broken, format!("AWS reports {}: {remedy}", instance.status)))
}

/// What AWS is still working on.
fn in_progress(instance: &Instance, power_state: Option<PowerState>) -> Option<Waiting> {
    let reason = match state(&instance.status) {
        State::Available | State::StorageBusy | State::Serving => return None,
        State::Stopped if power_state == Some(PowerState::Stopped) => return None,
        State::Stopped => Reason::Stopped,
        State::Deleting => Reason::Deleting,
        State::Down if instance.status == "creating" => Reason::Creating,
        _ => Reason::Updating,
    };
    let progress = instance.progress.as_ref().map(|percent| format!(" ({percent}%)")).unwrap_or_default();
    Some(Waiting::new(reason, format!("AWS reports {}{progress}", instance.status)))
}

/// Whether AWS has really applied everything: `available` right after a change proves nothing.
fn unsettled(object: &RdsInstance, inputs: &Inputs, instance: &Instance) -> Option<Waiting> {
    if let Some(waiting) = in_progress(instance, object.spec.power_state) {
        return Some(waiting);
    }
    let updating = |text: &str| Some(Waiting::new(Reason::Updating, text));
    if instance.password_pending {
        return updating("AWS is applying the master password");
    }
    if instance.logs_pending {
        return updating("AWS is changing the log exports");
    }
    if instance.security_groups_changing {
        return updating("AWS is changing the security groups");
    }
    if let Some((name, status)) = instance.option_groups.iter().find(|(_, status)| is_moving(status)) {
        return updating(&format!("option group {name} is {status}"));
    }
    if let Some((feature, (_, status))) = instance.roles.iter().find(|(_, (_, status))| status == "PENDING") {
        return updating(&format!("role for {feature} is {status}"));
    }
    let modified = inputs.journal.calls.get("instance").is_some_and(|call| call.operation == "ModifyDBInstance");
    if modified && !inputs.has_settled("instance") {
        let since = inputs.since_call("instance").unwrap_or_default();
        let until = inputs.now + inputs.clocks.settle.saturating_sub(since);
        return Some(
            Waiting::new(Reason::Settling, "AWS may still show the state before the last change").until(until),
        );
    }
    None
}

fn is_moving(status: &str) -> bool {
    matches!(status, "pending-apply" | "applying" | "pending-removal" | "removing")
}

/// What waits for AWS's maintenance window on purpose: accepted, therefore synced, and worth saying.
fn deferred(object: &RdsInstance, instance: &Instance) -> Option<Waiting> {
    let pending = super::pending(instance);
    let by_policy = object.spec.shared.change_policy.disruptive == DisruptivePolicy::Window;
    (!pending.is_empty()).then(|| {
        let list: Vec<String> = pending.iter().map(|(field, value)| format!("{field}: {value}")).collect();
        let how = if by_policy { "; changePolicy.disruptive: Immediate applies it at once" } else { "" };
        Waiting::new(
            Reason::WaitingForWindow,
            format!("AWS applies in the maintenance window: {}{how}", list.join(", ")),
        )
    })
}
