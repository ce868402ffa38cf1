//! The parameter groups of cluster and members, and the subnet group.

use std::collections::BTreeMap;

use crate::aws::Seen;
use crate::aws::aurora::{Action, Observed};
use crate::aws::owner::Tags;
use crate::aws::rds::{self, ParameterGroup};
use crate::kind::{Inputs, Plan};
use crate::kinds::groups::{self, GroupCall, Scope, WantedParameters, WantedSubnets};
use crate::spec::Journal;

use super::AuroraServerless;

/// What is to be done about the groups.
pub type GroupPlan = groups::GroupPlan<Action>;

const SCOPES: [Scope; 2] = [Scope::Cluster, Scope::Instance];

fn values(object: &AuroraServerless, scope: Scope) -> Option<&BTreeMap<String, String>> {
    match scope {
        Scope::Cluster => object.spec.cluster_parameters.as_ref(),
        Scope::Instance => object.spec.parameters.as_ref(),
    }
}

/// Name and family of a parameter group that the object owns, if it does.
pub fn parameter_group(object: &AuroraServerless, identifier: &str, scope: Scope) -> Option<(String, String)> {
    values(object, scope)?;
    let settings = &object.spec.settings;
    let (engine, wanted) = (settings.engine.as_deref()?, settings.engine_version.as_deref()?);
    let used = object.status.as_ref().and_then(|status| status.facts.engine_version.as_deref());
    Some(groups::name_and_family(identifier, engine, wanted, used))
}

/// The group wanted first, then those made for earlier families.
pub fn parameter_groups(object: &AuroraServerless, identifier: &str, scope: Scope, journal: &Journal) -> Vec<String> {
    let wanted = parameter_group(object, identifier, scope).map(|(name, _)| name);
    groups::of_all_families(scope, wanted, journal)
}

/// Name of the subnet group that the object owns, if it does.
pub fn subnet_group(object: &AuroraServerless, identifier: &str) -> Option<String> {
    object.spec.subnet_ids.as_ref().map(|_| identifier.to_string())
}

/// The subnet group to look at.
pub fn subnet_group_made(object: &AuroraServerless, identifier: &str, journal: &Journal) -> Option<String> {
    groups::subnet_group_made(subnet_group(object, identifier), journal)
}

fn seen(observed: &Observed, scope: Scope) -> &BTreeMap<String, Seen<ParameterGroup>> {
    match scope {
        Scope::Cluster => &observed.cluster_parameter_groups,
        Scope::Instance => &observed.parameter_groups,
    }
}

/// The parameter group that is to be used: the spec's, or our own once it has every value, so that a restart never
/// happens on half of them.
pub fn in_use(
    object: &AuroraServerless,
    identifier: &str,
    scope: Scope,
    inputs: &Inputs,
    observed: &Observed,
) -> Option<String> {
    match parameter_group(object, identifier, scope) {
        Some((name, _)) => {
            let none = BTreeMap::new();
            let values = values(object, scope).unwrap_or(&none);
            groups::is_complete(seen(observed, scope).get(&name), values, &inputs.owner).then_some(name)
        }
        None => match scope {
            Scope::Cluster => object.spec.settings.db_cluster_parameter_group_name.clone(),
            Scope::Instance => object.spec.members.db_parameter_group_name.clone(),
        },
    }
}

/// Whether the spec says which parameters hold.
pub fn manages_parameters(object: &AuroraServerless) -> bool {
    object.spec.parameters.is_some()
        || object.spec.cluster_parameters.is_some()
        || object.spec.settings.db_cluster_parameter_group_name.is_some()
        || object.spec.members.db_parameter_group_name.is_some()
}

fn form(scope: Scope) -> impl Fn(GroupCall) -> Action {
    move |call| match (scope, call) {
        (Scope::Instance, call) => Action::Rds(rds::Action::from(call)),
        (Scope::Cluster, GroupCall::Create { name, family, tags }) => {
            Action::CreateClusterParameterGroup { name, family, tags }
        }
        (Scope::Cluster, GroupCall::Set { name, values }) => Action::SetClusterParameters { name, values },
        (Scope::Cluster, GroupCall::Reset { name, names }) => Action::ResetClusterParameters { name, names },
        (Scope::Cluster, GroupCall::Delete { name }) => Action::DeleteClusterParameterGroup { name },
    }
}

/// Plans the groups, and the removal of groups of earlier families that the cluster has left.
pub fn plan(object: &AuroraServerless, identifier: &str, inputs: &Inputs, observed: &Observed) -> GroupPlan {
    let tags = object.spec.shared.tags_of(&inputs.owner);
    let mut plan = GroupPlan::default();
    if let (Some(name), Some(subnet_ids)) = (subnet_group(object, identifier), &object.spec.subnet_ids) {
        let wanted = WantedSubnets { name, subnet_ids, tags: tags.clone() };
        let has_cluster = observed.cluster.present().is_some();
        plan = plan.and(groups::subnets(wanted, inputs, &observed.subnet_group, has_cluster).map(Action::Rds));
    }
    for scope in SCOPES {
        plan = plan.and(parameters(object, identifier, inputs, observed, scope, &tags));
    }
    plan
}

fn parameters(
    object: &AuroraServerless,
    identifier: &str,
    inputs: &Inputs,
    observed: &Observed,
    scope: Scope,
    tags: &Tags,
) -> GroupPlan {
    let (Some((name, family)), Some(values)) = (parameter_group(object, identifier, scope), values(object, scope))
    else {
        return GroupPlan::default();
    };
    let is_used = uses(observed, scope, &name);
    let group = seen(observed, scope).get(&name);
    let wanted = WantedParameters { scope, name: name.clone(), family, values, tags: tags.clone(), is_used };
    let plan = groups::parameters(wanted, inputs, group).map(form(scope));
    let Some(cluster) = observed.cluster.present() else { return plan };
    let has_moved = is_used && cluster.pending.engine_version.is_none();
    plan.and(groups::leave_old(scope, inputs, seen(observed, scope), &name, has_moved).map(form(scope)))
}

/// Whether the cluster, or every member, uses a group.
fn uses(observed: &Observed, scope: Scope, name: &str) -> bool {
    match scope {
        Scope::Cluster => observed
            .cluster
            .present()
            .is_some_and(|cluster| cluster.settings.db_cluster_parameter_group_name.as_deref() == Some(name)),
        Scope::Instance => observed.members.present().is_some_and(|members| {
            let used = |name_used: &Option<String>| name_used.as_deref() == Some(name);
            !members.is_empty() && members.values().all(|member| used(&member.settings.db_parameter_group_name))
        }),
    }
}

/// After the cluster: the groups that are ours, one call each.
pub fn removal(object: &AuroraServerless, identifier: &str, inputs: &Inputs, observed: &Observed) -> GroupPlan {
    let mut plan = GroupPlan::default();
    for scope in SCOPES {
        let names = parameter_groups(object, identifier, scope, &inputs.journal);
        let removed = groups::remove_parameters(scope, inputs, &names, seen(observed, scope));
        plan = plan.and(removed.map(form(scope)));
    }
    let subnet_group = subnet_group_made(object, identifier, &inputs.journal);
    plan.and(groups::remove_subnets(inputs, subnet_group.as_deref(), &observed.subnet_group).map(Action::Rds))
}

/// A plan of the groups alone.
pub fn only(groups: GroupPlan) -> Plan<Action> {
    Plan {
        steps: groups.steps,
        problem: groups.problem,
        waiting: groups.waiting,
        forget: groups.forget,
        ..Plan::default()
    }
}
