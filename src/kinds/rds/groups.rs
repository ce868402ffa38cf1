//! The groups that an object owns so that an app team needs nothing made beforehand: a parameter group of the right
//! family (`parameters`) and a subnet group (`subnetIds`).

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::Seen;
use crate::aws::owner::{Claim, Owner, Tags};
use crate::aws::rds::version::{family, is_above, satisfies};
use crate::aws::rds::{Action, Instance, Observed, ParameterGroup};
use crate::conditions::Reason;
use crate::kind::{Disruption, Inputs, Problem, Step, Waiting, When};
use crate::spec::{Change, Journal};

use super::RdsInstance;

/// Thing names in plans.
pub const PARAMETER_GROUP: &str = "parameterGroup";
/// See [`PARAMETER_GROUP`].
pub const OLD_PARAMETER_GROUP: &str = "oldParameterGroup";
/// See [`PARAMETER_GROUP`].
pub const SUBNET_GROUP: &str = "subnetGroup";

/// Note that a parameter group of ours was made: `parameterGroup/<name>`.
const NOTE: &str = "parameterGroup/";
/// Note with the subnet group of ours that was made.
const SUBNET_NOTE: &str = "subnetGroup";
/// RDS takes this many parameters in one ModifyDBParameterGroup or ResetDBParameterGroup.
const BATCH: usize = 20;

/// Name and family of the parameter group that the object owns, if it does. The family follows the version in use where
/// that is above the wanted one: no downgrade exists.
pub fn parameter_group(object: &RdsInstance, identifier: &str) -> Option<(String, String)> {
    object.spec.parameters.as_ref()?;
    let settings = &object.spec.settings;
    let (engine, wanted) = (settings.engine.as_deref()?, settings.engine_version.as_deref()?);
    let used = object.status.as_ref().and_then(|status| status.facts.engine_version.as_deref());
    let version = used.filter(|used| satisfies(used, wanted) || is_above(used, wanted)).unwrap_or(wanted);
    let family = family(engine, version);
    Some((format!("{identifier}-{}", family.replace('.', "-")), family))
}

/// The group wanted first, then those made for earlier families.
pub fn parameter_groups(object: &RdsInstance, identifier: &str, journal: &Journal) -> Vec<String> {
    let wanted = parameter_group(object, identifier).map(|(name, _)| name);
    let noted = journal.notes.keys().filter_map(|key| key.strip_prefix(NOTE)).map(String::from);
    let older = noted.filter(|name| Some(name) != wanted.as_ref()).collect::<Vec<_>>();
    wanted.into_iter().chain(older).collect()
}

/// Name of the subnet group that the object owns, if it does.
pub fn subnet_group(object: &RdsInstance, identifier: &str) -> Option<String> {
    object.spec.subnet_ids.as_ref().map(|_| identifier.to_string())
}

/// The subnet group wanted, or the one that was made when `subnetIds` was still in the spec: it goes with the instance.
pub fn subnet_group_made(object: &RdsInstance, identifier: &str, journal: &Journal) -> Option<String> {
    let noted = || journal.notes.get(SUBNET_NOTE).cloned();
    subnet_group(object, identifier).or_else(noted)
}

/// What is to be done about the groups.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupPlan {
    /// Calls.
    pub steps: Vec<Step<Action>>,
    /// What stands in the way.
    pub problem: Option<Problem>,
    /// Why the instance cannot be made or moved yet.
    pub waiting: Option<Waiting>,
    /// Notes about groups that are gone.
    pub forget: Vec<String>,
}

impl GroupPlan {
    /// Why an upgrade that needs the groups cannot be sent yet.
    pub fn not_ready(&self) -> Option<Waiting> {
        let problem = |problem: &Problem| Waiting::new(Reason::DependencyNotReady, problem.message.clone());
        self.problem.as_ref().map(problem).or_else(|| self.waiting.clone())
    }
}

/// Whether the parameter group is there, ours, and has every value.
pub fn is_complete(object: &RdsInstance, inputs: &Inputs, observed: &Observed, name: &str) -> bool {
    let group = observed.parameter_groups.get(name).and_then(|group| group.present());
    group.is_some_and(|group| {
        let mut wanted = object.spec.parameters.iter().flatten();
        inputs.owner.claim(&group.tags) == Claim::Mine
            && wanted.all(|(key, value)| group.values.get(key) == Some(value))
    })
}

/// Plans both groups, and the removal of groups of earlier families that the instance has left.
pub fn plan(object: &RdsInstance, identifier: &str, inputs: &Inputs, observed: &Observed) -> GroupPlan {
    let mut plan = GroupPlan { problem: no_family(object), ..GroupPlan::default() };
    if plan.problem.is_some() {
        return plan;
    }
    if let (Some(name), Some(subnets)) = (subnet_group(object, identifier), &object.spec.subnet_ids) {
        subnet_steps(&mut plan, inputs, observed, name, subnets, &object.spec.shared.tags_of(&inputs.owner));
    }
    if let Some((name, family)) = parameter_group(object, identifier) {
        parameter_steps(&mut plan, object, inputs, observed, name, family);
    }
    let wanted = parameter_group(object, identifier).map(|(name, _)| name);
    if let Some(instance) = observed.instance.present() {
        leave_old(&mut plan, inputs, observed, wanted.as_deref(), instance);
    }
    plan
}

/// The family of mysql and mariadb has two components, which a new instance's version must give.
fn no_family(object: &RdsInstance) -> Option<Problem> {
    object.spec.parameters.as_ref()?;
    let (engine, version) = (object.spec.settings.engine.as_deref()?, object.spec.settings.engine_version.as_deref()?);
    let used = object.status.as_ref().and_then(|status| status.facts.engine_version.as_ref());
    (matches!(engine, "mysql" | "mariadb") && !version.contains('.') && used.is_none()).then(|| {
        Problem::new(
            Reason::InvalidSpec,
            format!(
                "spec.engineVersion {version} does not decide the family of a parameter group for {engine}: give two components, e.g. 8.4"
            ),
        )
    })
}

fn foreign(what: &str, name: &str, owner: &Owner, tags: &Tags) -> Option<Problem> {
    (owner.claim(tags) != Claim::Mine).then(|| {
        Problem::new(
            Reason::Conflict,
            format!("{what} {name} exists and is not this object's: nothing is touched; remove it, or choose another spec.identifier"),
        )
    })
}

fn unread(what: &str, name: &str, why: &str) -> Waiting {
    Waiting::new(Reason::Unreadable, format!("{what} {name} could not be read: {why}"))
}

fn joined(set: &BTreeSet<String>) -> Option<String> {
    Some(format!("[{}]", set.iter().cloned().collect::<Vec<_>>().join(", ")))
}

fn subnet_steps(
    plan: &mut GroupPlan,
    inputs: &Inputs,
    observed: &Observed,
    name: String,
    subnet_ids: &BTreeSet<String>,
    tags: &Tags,
) {
    let what = "DB subnet group";
    let change = |from: Option<String>| vec![Change { field: "subnetIds".into(), from, to: joined(subnet_ids) }];
    match &observed.subnet_group {
        Seen::Unread(why) => plan.waiting = Some(unread(what, &name, why)),
        // An instance cannot move into it: that is said where its fields are compared.
        Seen::Absent if observed.instance.present().is_some() => {}
        Seen::Absent => {
            plan.waiting = Some(Waiting::new(Reason::Creating, format!("{what} {name} comes first")));
            let (note, because) = (name.clone(), "the object owns its subnet group");
            let action = Action::CreateSubnetGroup { name, subnet_ids: subnet_ids.clone(), tags: tags.clone() };
            plan.steps.push(Step::new(SUBNET_GROUP, action, because).changing(change(None)).noting(SUBNET_NOTE, note));
        }
        Seen::Present(group) => {
            if let Some(problem) = foreign(what, &name, &inputs.owner, &group.tags) {
                plan.problem = Some(problem);
            } else if group.subnet_ids != *subnet_ids {
                let action = Action::ModifySubnetGroup { name, subnet_ids: subnet_ids.clone() };
                plan.steps.push(Step::new(SUBNET_GROUP, action, "").changing(change(joined(&group.subnet_ids))));
            }
        }
    }
}

fn parameter_steps(
    plan: &mut GroupPlan,
    object: &RdsInstance,
    inputs: &Inputs,
    observed: &Observed,
    name: String,
    family: String,
) {
    let what = "DB parameter group";
    let wanted = object.spec.parameters.clone().unwrap_or_default();
    match observed.parameter_groups.get(&name).unwrap_or(&Seen::Unread("not read yet".into())) {
        Seen::Unread(why) => plan.waiting = Some(unread(what, &name, why)),
        Seen::Absent => {
            plan.waiting = Some(Waiting::new(Reason::Creating, format!("{what} {name} comes first")));
            let (note, tags) = (format!("{NOTE}{name}"), object.spec.shared.tags_of(&inputs.owner));
            let action = Action::CreateParameterGroup { name, family, tags };
            plan.steps
                .push(Step::new(PARAMETER_GROUP, action, "the object owns its parameter group").noting(note, "made"));
        }
        Seen::Present(group) => {
            if let Some(problem) = foreign(what, &name, &inputs.owner, &group.tags) {
                plan.problem = Some(problem);
                return;
            }
            let differing = plan.steps.len();
            plan.steps.extend(set_parameters(&name, &wanted, group));
            plan.steps.extend(reset_parameters(&name, &wanted, group));
            let uses_it = observed.instance.present().is_some_and(|instance| uses(instance, &name));
            if plan.steps.len() > differing && !uses_it {
                plan.waiting = Some(Waiting::new(Reason::Creating, format!("the values of {what} {name} come first")));
            }
        }
    }
}

fn uses(instance: &Instance, group: &str) -> bool {
    instance.settings.db_parameter_group_name.as_deref() == Some(group)
}

fn parameter_change(name: &str, from: Option<&String>, to: Option<&String>) -> Change {
    Change { field: format!("parameters.{name}"), from: from.cloned(), to: to.cloned() }
}

fn set_parameters(name: &str, wanted: &BTreeMap<String, String>, group: &ParameterGroup) -> Option<Step<Action>> {
    let values: BTreeMap<String, String> = wanted
        .iter()
        .filter(|(key, value)| group.values.get(*key) != Some(value))
        .take(BATCH)
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let changes = values.iter().map(|(key, value)| parameter_change(key, group.values.get(key), Some(value))).collect();
    (!values.is_empty()).then(|| {
        let action = Action::SetParameters { name: name.into(), values };
        Step::new(PARAMETER_GROUP, action, "dynamic parameters apply at once, static ones at the next reboot")
            .changing(changes)
    })
}

fn reset_parameters(name: &str, wanted: &BTreeMap<String, String>, group: &ParameterGroup) -> Option<Step<Action>> {
    let names: BTreeSet<String> =
        group.values.keys().filter(|key| !wanted.contains_key(*key)).take(BATCH).cloned().collect();
    let changes = names.iter().map(|key| parameter_change(key, group.values.get(key), None)).collect();
    (!names.is_empty()).then(|| {
        let action = Action::ResetParameters { name: name.into(), names };
        Step::new(PARAMETER_GROUP, action, "back to the defaults of the family").changing(changes)
    })
}

/// A group of an earlier family goes once the instance no longer uses it.
fn leave_old(plan: &mut GroupPlan, inputs: &Inputs, observed: &Observed, wanted: Option<&str>, instance: &Instance) {
    let Some(wanted) = wanted else { return };
    for (name, group) in observed.parameter_groups.iter().filter(|(name, _)| name.as_str() != wanted) {
        match group {
            Seen::Absent => plan.forget.push(format!("{NOTE}{name}")),
            Seen::Present(group)
                if uses(instance, wanted)
                    && instance.pending.engine_version.is_none()
                    && inputs.owner.claim(&group.tags) == Claim::Mine =>
            {
                let action = Action::DeleteParameterGroup { name: name.clone() };
                plan.steps.push(Step::new(
                    OLD_PARAMETER_GROUP,
                    action,
                    "the instance has moved to the group of its new family",
                ));
            }
            Seen::Present(_) | Seen::Unread(_) => {}
        }
    }
}

/// After the instance: the groups that are ours, one call each.
pub fn removal(inputs: &Inputs, id_groups: &[String], subnet_group: Option<&str>, observed: &Observed) -> GroupPlan {
    let mut plan = GroupPlan::default();
    let because = "the instance is gone";
    for name in id_groups {
        match observed.parameter_groups.get(name) {
            Some(Seen::Present(group)) if inputs.owner.claim(&group.tags) == Claim::Mine => {
                let action = Action::DeleteParameterGroup { name: name.clone() };
                plan.steps.push(Step::new(PARAMETER_GROUP, action, because).class(Disruption::None).when(When::Now));
            }
            Some(Seen::Unread(why)) => plan.waiting = Some(unread("DB parameter group", name, why)),
            _ => {}
        }
    }
    match (&observed.subnet_group, subnet_group) {
        (Seen::Present(group), Some(name)) if inputs.owner.claim(&group.tags) == Claim::Mine => {
            plan.steps.push(Step::new(SUBNET_GROUP, Action::DeleteSubnetGroup { name: name.into() }, because));
        }
        (Seen::Unread(why), Some(name)) => plan.waiting = Some(unread("DB subnet group", name, why)),
        _ => {}
    }
    plan
}
