//! The parameter group and the subnet group of an instance.

use crate::aws::owner::Tags;
use crate::aws::rds::{Action, Instance, Observed};
use crate::conditions::Reason;
use crate::kind::{Inputs, Problem};
use crate::kinds::groups::{self, Scope, WantedParameters, WantedSubnets};
use crate::spec::Journal;

use super::RdsInstance;

/// Thing name in plans.
pub const PARAMETER_GROUP: &str = "parameterGroup";

/// What is to be done about the groups.
pub type GroupPlan = groups::GroupPlan<Action>;

/// Name and family of the parameter group that the object owns, if it does.
pub fn parameter_group(object: &RdsInstance, identifier: &str) -> Option<(String, String)> {
    object.spec.parameters.as_ref()?;
    let settings = &object.spec.settings;
    let (engine, wanted) = (settings.engine.as_deref()?, settings.engine_version.as_deref()?);
    let used = object.status.as_ref().and_then(|status| status.facts.engine_version.as_deref());
    Some(groups::name_and_family(identifier, engine, wanted, used))
}

/// The group wanted first, then those made for earlier families.
pub fn parameter_groups(object: &RdsInstance, identifier: &str, journal: &Journal) -> Vec<String> {
    let wanted = parameter_group(object, identifier).map(|(name, _)| name);
    groups::of_all_families(Scope::Instance, wanted, journal)
}

/// Name of the subnet group that the object owns, if it does.
pub fn subnet_group(object: &RdsInstance, identifier: &str) -> Option<String> {
    object.spec.subnet_ids.as_ref().map(|_| identifier.to_string())
}

/// The subnet group to look at.
pub fn subnet_group_made(object: &RdsInstance, identifier: &str, journal: &Journal) -> Option<String> {
    groups::subnet_group_made(subnet_group(object, identifier), journal)
}

/// Whether the parameter group is there, ours, and has every value.
pub fn is_complete(object: &RdsInstance, inputs: &Inputs, observed: &Observed, name: &str) -> bool {
    let values = object.spec.parameters.clone().unwrap_or_default();
    groups::is_complete(observed.parameter_groups.get(name), &values, &inputs.owner)
}

/// Plans both groups, and the removal of groups of earlier families that the instance has left.
pub fn plan(object: &RdsInstance, identifier: &str, inputs: &Inputs, observed: &Observed) -> GroupPlan {
    if let Some(problem) = no_family(object) {
        return GroupPlan { problem: Some(problem), ..GroupPlan::default() };
    }
    let tags = object.spec.shared.tags_of(&inputs.owner);
    let instance = observed.instance.present();
    let mut plan = GroupPlan::default();
    if let (Some(name), Some(subnet_ids)) = (subnet_group(object, identifier), &object.spec.subnet_ids) {
        let wanted = WantedSubnets { name, subnet_ids, tags: tags.clone() };
        plan = plan.and(groups::subnets(wanted, inputs, &observed.subnet_group, instance.is_some()));
    }
    let Some((name, family)) = parameter_group(object, identifier) else { return plan };
    plan.and(parameters(object, inputs, observed, (name, family), tags))
}

fn parameters(
    object: &RdsInstance,
    inputs: &Inputs,
    observed: &Observed,
    (name, family): (String, String),
    tags: Tags,
) -> GroupPlan {
    let instance = observed.instance.present();
    let is_used = instance.is_some_and(|instance| uses(instance, &name));
    let (group, values) = (observed.parameter_groups.get(&name), object.spec.parameters.clone().unwrap_or_default());
    let wanted =
        WantedParameters { scope: Scope::Instance, name: name.clone(), family, values: &values, tags, is_used };
    let plan = groups::parameters(wanted, inputs, group).map(Action::from);
    let Some(instance) = instance else { return plan };
    let has_moved = is_used && instance.pending.engine_version.is_none();
    let old = groups::leave_old(Scope::Instance, inputs, &observed.parameter_groups, &name, has_moved);
    plan.and(old.map(Action::from))
}

fn uses(instance: &Instance, group: &str) -> bool {
    instance.settings.db_parameter_group_name.as_deref() == Some(group)
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

/// After the instance: the groups that are ours, one call each.
pub fn removal(inputs: &Inputs, names: &[String], subnet_group: Option<&str>, observed: &Observed) -> GroupPlan {
    let parameters = groups::remove_parameters(Scope::Instance, inputs, names, &observed.parameter_groups);
    parameters.map(Action::from).and(groups::remove_subnets(inputs, subnet_group, &observed.subnet_group))
}
