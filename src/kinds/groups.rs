//! The groups that an object owns so that an app team needs nothing made beforehand: parameter groups of the right family
//! (`parameters`, `clusterParameters`) and a subnet group (`subnetIds`).

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::Seen;
use crate::aws::owner::{Claim, Owner, Tags};
use crate::aws::rds::version::{family, is_above, satisfies};
use crate::aws::rds::{self, ParameterGroup, SubnetGroup};
use crate::conditions::Reason;
use crate::kind::{Inputs, Problem, Step, Waiting};
use crate::spec::{Change, Journal};

/// Thing name in plans.
pub const SUBNET_GROUP: &str = "subnetGroup";
const SUBNETS: &str = "DB subnet group";
/// Note with the subnet group of ours that was made.
const SUBNET_NOTE: &str = "subnetGroup";
/// RDS takes this many parameters in one Modify or Reset of a group.
const BATCH: usize = 20;

/// Whose parameters a group holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Of a DB instance: DBParameterGroup.
    Instance,
    /// Of a cluster: DBClusterParameterGroup.
    Cluster,
}

impl Scope {
    /// Name in plans of the group in use, and of those of earlier families.
    pub fn things(self) -> [&'static str; 2] {
        match self {
            Scope::Instance => ["parameterGroup", "oldParameterGroup"],
            Scope::Cluster => ["clusterParameterGroup", "oldClusterParameterGroup"],
        }
    }

    fn what(self) -> &'static str {
        match self {
            Scope::Instance => "DB parameter group",
            Scope::Cluster => "DB cluster parameter group",
        }
    }

    /// Beginning of the note that a group of ours was made; its name follows.
    fn note(self) -> String {
        format!("{}/", self.things()[0])
    }

    fn field(self) -> &'static str {
        match self {
            Scope::Instance => "parameters",
            Scope::Cluster => "clusterParameters",
        }
    }
}

/// A call about a parameter group, which each kind makes its own.
#[derive(Clone, Debug, PartialEq)]
pub enum GroupCall {
    /// Makes it.
    Create { name: String, family: String, tags: Tags },
    /// Sets values.
    Set { name: String, values: BTreeMap<String, String> },
    /// Back to the defaults.
    Reset { name: String, names: BTreeSet<String> },
    /// Deletes it.
    Delete { name: String },
}

impl From<GroupCall> for rds::Action {
    fn from(call: GroupCall) -> Self {
        match call {
            GroupCall::Create { name, family, tags } => rds::Action::CreateParameterGroup { name, family, tags },
            GroupCall::Set { name, values } => rds::Action::SetParameters { name, values },
            GroupCall::Reset { name, names } => rds::Action::ResetParameters { name, names },
            GroupCall::Delete { name } => rds::Action::DeleteParameterGroup { name },
        }
    }
}

/// Name and family of the parameter group that an object owns. The family follows the version in use where that is above
/// the wanted one: no downgrade exists.
pub fn name_and_family(identifier: &str, engine: &str, wanted: &str, used: Option<&str>) -> (String, String) {
    let version = used.filter(|used| satisfies(used, wanted) || is_above(used, wanted)).unwrap_or(wanted);
    let family = family(engine, version);
    (format!("{identifier}-{}", family.replace('.', "-")), family)
}

/// The group wanted first, then those made for earlier families.
pub fn of_all_families(scope: Scope, wanted: Option<String>, journal: &Journal) -> Vec<String> {
    let note = scope.note();
    let noted = journal.notes.keys().filter_map(|key| key.strip_prefix(&note)).map(String::from);
    let older = noted.filter(|name| Some(name) != wanted.as_ref()).collect::<Vec<_>>();
    wanted.into_iter().chain(older).collect()
}

/// The subnet group wanted, or the one that was made when `subnetIds` was still in the spec: it goes with the database.
pub fn subnet_group_made(wanted: Option<String>, journal: &Journal) -> Option<String> {
    wanted.or_else(|| journal.notes.get(SUBNET_NOTE).cloned())
}

/// What is to be done about groups.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupPlan<A> {
    /// Calls.
    pub steps: Vec<Step<A>>,
    /// What stands in the way.
    pub problem: Option<Problem>,
    /// Why the database cannot be made or moved yet.
    pub waiting: Option<Waiting>,
    /// Notes about groups that are gone.
    pub forget: Vec<String>,
}

impl<A> Default for GroupPlan<A> {
    fn default() -> Self {
        Self { steps: Vec::new(), problem: None, waiting: None, forget: Vec::new() }
    }
}

impl<A> GroupPlan<A> {
    /// Why an upgrade that needs the groups cannot be sent yet.
    pub fn not_ready(&self) -> Option<Waiting> {
        let problem = |problem: &Problem| Waiting::new(Reason::DependencyNotReady, problem.message.clone());
        self.problem.as_ref().map(problem).or_else(|| self.waiting.clone())
    }

    /// With another plan of groups; what stands in the way first stays.
    pub fn and(mut self, other: Self) -> Self {
        self.steps.extend(other.steps);
        self.forget.extend(other.forget);
        Self { problem: self.problem.or(other.problem), waiting: self.waiting.or(other.waiting), ..self }
    }

    /// The same plan with another form of its actions.
    pub fn map<B>(self, form: impl Fn(A) -> B) -> GroupPlan<B> {
        let steps = self.steps.into_iter().map(|step| step.map(&form)).collect();
        GroupPlan { steps, problem: self.problem, waiting: self.waiting, forget: self.forget }
    }
}

/// Whether a parameter group is there, ours, and has every value.
pub fn is_complete(group: Option<&Seen<ParameterGroup>>, values: &BTreeMap<String, String>, owner: &Owner) -> bool {
    group.and_then(|group| group.present()).is_some_and(|group| {
        owner.claim(&group.tags) == Claim::Mine
            && values.iter().all(|(key, value)| group.values.get(key) == Some(value))
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

/// A subnet group as it is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct WantedSubnets<'a> {
    /// Its name.
    pub name: String,
    /// Its subnets.
    pub subnet_ids: &'a BTreeSet<String>,
    /// Its tags.
    pub tags: Tags,
}

/// Plans the subnet group. A database that is there cannot move into one: that is said where its fields are compared.
pub fn subnets(
    wanted: WantedSubnets<'_>,
    inputs: &Inputs,
    group: &Seen<SubnetGroup>,
    has_database: bool,
) -> GroupPlan<rds::Action> {
    let mut plan = GroupPlan::default();
    let WantedSubnets { name, subnet_ids, tags } = wanted;
    let change = |from: Option<String>| vec![Change { field: "subnetIds".into(), from, to: joined(subnet_ids) }];
    match group {
        Seen::Unread(why) => plan.waiting = Some(unread(SUBNETS, &name, why)),
        Seen::Absent if has_database => {}
        Seen::Absent => {
            plan.waiting = Some(Waiting::new(Reason::Creating, format!("{SUBNETS} {name} comes first")));
            let (note, because) = (name.clone(), "the object owns its subnet group");
            let action = rds::Action::CreateSubnetGroup { name, subnet_ids: subnet_ids.clone(), tags };
            plan.steps.push(Step::new(SUBNET_GROUP, action, because).changing(change(None)).noting(SUBNET_NOTE, note));
        }
        Seen::Present(group) => {
            if let Some(problem) = foreign(SUBNETS, &name, &inputs.owner, &group.tags) {
                plan.problem = Some(problem);
            } else if group.subnet_ids != *subnet_ids {
                let action = rds::Action::ModifySubnetGroup { name, subnet_ids: subnet_ids.clone() };
                plan.steps.push(Step::new(SUBNET_GROUP, action, "").changing(change(joined(&group.subnet_ids))));
            }
        }
    }
    plan
}

/// A parameter group as it is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct WantedParameters<'a> {
    /// Whose parameters.
    pub scope: Scope,
    /// Its name.
    pub name: String,
    /// DBParameterGroupFamily.
    pub family: String,
    /// Its values.
    pub values: &'a BTreeMap<String, String>,
    /// Its tags.
    pub tags: Tags,
    /// The database uses it: what is still missing keeps nothing waiting.
    pub is_used: bool,
}

/// Plans a parameter group and its values.
pub fn parameters(
    wanted: WantedParameters<'_>,
    inputs: &Inputs,
    group: Option<&Seen<ParameterGroup>>,
) -> GroupPlan<GroupCall> {
    let mut plan = GroupPlan::default();
    let WantedParameters { scope, name, family, values, tags, is_used } = wanted;
    let what = scope.what();
    match group.unwrap_or(&Seen::Unread("not read yet".into())) {
        Seen::Unread(why) => plan.waiting = Some(unread(what, &name, why)),
        Seen::Absent => {
            plan.waiting = Some(Waiting::new(Reason::Creating, format!("{what} {name} comes first")));
            let note = format!("{}{name}", scope.note());
            let call = GroupCall::Create { name, family, tags };
            let step = Step::new(scope.things()[0], call, "the object owns its parameter group");
            plan.steps.push(step.noting(note, "made"));
        }
        Seen::Present(group) => {
            if let Some(problem) = foreign(what, &name, &inputs.owner, &group.tags) {
                plan.problem = Some(problem);
                return plan;
            }
            plan.steps.extend(set_parameters(scope, &name, values, group));
            plan.steps.extend(reset_parameters(scope, &name, values, group));
            if !plan.steps.is_empty() && !is_used {
                plan.waiting = Some(Waiting::new(Reason::Creating, format!("the values of {what} {name} come first")));
            }
        }
    }
    plan
}

fn parameter_change(scope: Scope, name: &str, from: Option<&String>, to: Option<&String>) -> Change {
    Change { field: format!("{}.{name}", scope.field()), from: from.cloned(), to: to.cloned() }
}

fn set_parameters(
    scope: Scope,
    name: &str,
    wanted: &BTreeMap<String, String>,
    group: &ParameterGroup,
) -> Option<Step<GroupCall>> {
    let values: BTreeMap<String, String> = wanted
        .iter()
        .filter(|(key, value)| group.values.get(*key) != Some(value))
        .take(BATCH)
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let changes =
        values.iter().map(|(key, value)| parameter_change(scope, key, group.values.get(key), Some(value))).collect();
    (!values.is_empty()).then(|| {
        let call = GroupCall::Set { name: name.into(), values };
        Step::new(scope.things()[0], call, "dynamic parameters apply at once, static ones at the next reboot")
            .changing(changes)
    })
}

fn reset_parameters(
    scope: Scope,
    name: &str,
    wanted: &BTreeMap<String, String>,
    group: &ParameterGroup,
) -> Option<Step<GroupCall>> {
    let names: BTreeSet<String> =
        group.values.keys().filter(|key| !wanted.contains_key(*key)).take(BATCH).cloned().collect();
    let changes = names.iter().map(|key| parameter_change(scope, key, group.values.get(key), None)).collect();
    (!names.is_empty()).then(|| {
        let call = GroupCall::Reset { name: name.into(), names };
        Step::new(scope.things()[0], call, "back to the defaults of the family").changing(changes)
    })
}

/// A group of an earlier family goes once the database has left it; `has_moved` says so.
pub fn leave_old(
    scope: Scope,
    inputs: &Inputs,
    groups: &BTreeMap<String, Seen<ParameterGroup>>,
    wanted: &str,
    has_moved: bool,
) -> GroupPlan<GroupCall> {
    let mut plan = GroupPlan::default();
    for (name, group) in groups.iter().filter(|(name, _)| name.as_str() != wanted) {
        match group {
            Seen::Absent => plan.forget.push(format!("{}{name}", scope.note())),
            Seen::Present(group) if has_moved && inputs.owner.claim(&group.tags) == Claim::Mine => {
                let call = GroupCall::Delete { name: name.clone() };
                let because = "the database has moved to the group of its new family";
                plan.steps.push(Step::new(scope.things()[1], call, because));
            }
            Seen::Present(_) | Seen::Unread(_) => {}
        }
    }
    plan
}

/// After the database: the parameter groups that are ours, one call each.
pub fn remove_parameters(
    scope: Scope,
    inputs: &Inputs,
    names: &[String],
    groups: &BTreeMap<String, Seen<ParameterGroup>>,
) -> GroupPlan<GroupCall> {
    let mut plan = GroupPlan::default();
    for name in names {
        match groups.get(name) {
            Some(Seen::Present(group)) if inputs.owner.claim(&group.tags) == Claim::Mine => {
                let call = GroupCall::Delete { name: name.clone() };
                plan.steps.push(Step::new(scope.things()[0], call, GONE));
            }
            Some(Seen::Unread(why)) => plan.waiting = Some(unread(scope.what(), name, why)),
            _ => {}
        }
    }
    plan
}

const GONE: &str = "the database is gone";

/// After the database: the subnet group, if it is ours.
pub fn remove_subnets(inputs: &Inputs, name: Option<&str>, group: &Seen<SubnetGroup>) -> GroupPlan<rds::Action> {
    let mut plan = GroupPlan::default();
    match (group, name) {
        (Seen::Present(group), Some(name)) if inputs.owner.claim(&group.tags) == Claim::Mine => {
            plan.steps.push(Step::new(SUBNET_GROUP, rds::Action::DeleteSubnetGroup { name: name.into() }, GONE));
        }
        (Seen::Unread(why), Some(name)) => plan.waiting = Some(unread(SUBNETS, name, why)),
        _ => {}
    }
    plan
}
