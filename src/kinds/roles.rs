//! Roles with which an engine reaches other AWS services, of an instance and of a cluster.

use std::collections::BTreeMap;

use crate::kind::Step;
use crate::spec::Change;

/// A call about a role, which each kind makes its own.
#[derive(Clone, Debug, PartialEq)]
pub enum RoleCall {
    /// Adds it.
    Add { feature: String, role: String },
    /// Removes it.
    Remove { feature: String, role: String },
}

/// What is to go first, then what is to come, each until AWS shows it. `wanted` are features with their role, `shown` the
/// same with its status.
pub fn steps<A>(
    thing: &'static str,
    wanted: &[(&str, &str)],
    shown: &BTreeMap<String, (String, String)>,
    call: impl Fn(RoleCall) -> A,
) -> Vec<Step<A>> {
    let role_of = |feature: &str| wanted.iter().find(|(of, _)| *of == feature).map(|(_, role)| *role);
    let step = |asked: RoleCall, feature: &str, from: Option<&String>, to: Option<&str>| {
        let change =
            Change { field: format!("associatedRoles.{feature}"), from: from.cloned(), to: to.map(Into::into) };
        Step::new(thing, call(asked), "").changing(vec![change])
    };
    let leaving = shown.iter().filter(|(feature, (role, _))| role_of(feature) != Some(role.as_str()));
    let leaving = leaving.map(|(feature, (role, _))| {
        step(RoleCall::Remove { feature: feature.clone(), role: role.clone() }, feature, Some(role), role_of(feature))
    });
    let coming = wanted.iter().filter(|(feature, _)| !shown.contains_key(*feature)).map(|(feature, role)| {
        step(RoleCall::Add { feature: (*feature).into(), role: (*role).into() }, feature, None, Some(role))
    });
    leaving.chain(coming).collect()
}
