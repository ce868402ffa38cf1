//! What every part of a table's plan looks at, and what it answers.

use std::collections::BTreeMap;

use crate::aws::dynamo::{
    Action, AttributeType, BillingMode, Dimension, Index, KeyAttribute, Observed, Table, Throughput,
};
use crate::aws::owner::Tags;
use crate::conditions::Reason;
use crate::kind::{Inputs, Problem, Step, Waiting, When};
use crate::spec::Change;
use crate::window::Timetable;

use super::states::{Gate, What};
use super::{Autoscaling, DynamoTable, DynamoTableSpec, GlobalSecondaryIndex};

/// A table that is ours, and everything that a plan of its changes looks at.
pub struct Scene<'a> {
    /// The object.
    pub object: &'a DynamoTable,
    /// Inputs of the round.
    pub inputs: &'a Inputs,
    /// What AWS shows.
    pub observed: &'a Observed,
    /// The table in it.
    pub table: &'a Table,
    /// Its tags.
    pub tags: &'a Tags,
    /// What AWS takes now.
    pub gate: Gate,
    /// When disruptive steps may run.
    pub timetable: Timetable,
}

impl Scene<'_> {
    /// The spec.
    pub fn spec(&self) -> &DynamoTableSpec {
        &self.object.spec
    }

    /// The billing mode in force.
    pub fn mode(&self) -> BillingMode {
        self.table.settings.billing_mode.unwrap_or(BillingMode::Provisioned)
    }

    /// A step that waits as long as AWS does not take it.
    pub fn step(&self, what: What<'_>, action: Action, changes: Vec<Change>) -> Step<Action> {
        let step = Step::new(thing_of(&action), action, "").changing(changes);
        match self.gate.against(what) {
            Some(waiting) => step.when(When::After(waiting)),
            None => step,
        }
    }

    /// A step that disturbs, if AWS takes it, when the timetable says.
    pub fn held(&self, step: Step<Action>) -> Step<Action> {
        if step.when == When::Now { step.when(self.timetable.held()) } else { step }
    }
}

/// Calls to one of these go one after the other.
fn thing_of(action: &Action) -> &'static str {
    match action {
        Action::Create(_) | Action::Restore { .. } | Action::Import { .. } | Action::Update(_) | Action::Delete => {
            "table"
        }
        Action::Tag { region: Some(_), .. }
        | Action::Untag { region: Some(_), .. }
        | Action::PointInTimeRecovery { region: Some(_), .. }
        | Action::ReplicaProtection { .. } => "replica",
        Action::Tag { .. } | Action::Untag { .. } => "tags",
        Action::TimeToLive { .. } => "timeToLive",
        Action::PointInTimeRecovery { .. } => "pointInTimeRecovery",
        Action::ContributorInsights { .. } => "contributorInsights",
        Action::PutPolicy { .. } | Action::DeletePolicy { .. } => "resourcePolicy",
        Action::EnableKinesis { .. } | Action::UpdateKinesis { .. } | Action::DisableKinesis { .. } => {
            "kinesisDestination"
        }
        Action::RegisterTarget { .. } | Action::PutScalingPolicy { .. } | Action::DeregisterTarget { .. } => "scaling",
        Action::PutItems { .. } => "items",
        Action::CreateBackup { .. } => "backup",
    }
}

/// What one part of the plan answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Part {
    /// Calls in order.
    pub steps: Vec<Step<Action>>,
    /// What the user must mend.
    pub problem: Option<Problem>,
    /// What is being waited for.
    pub waiting: Option<Waiting>,
}

impl Part {
    /// With what another part says.
    pub fn and(mut self, other: Part) -> Self {
        self.steps.extend(other.steps);
        self.problem = self.problem.or(other.problem);
        // What was not read says that the rest of the plan is not known to be whole.
        let is_blind = other.waiting.as_ref().is_some_and(|waiting| waiting.reason == Reason::Unreadable);
        self.waiting = if is_blind { other.waiting } else { self.waiting.or(other.waiting) };
        self
    }

    /// Of a single step.
    pub fn step(step: Step<Action>) -> Self {
        Part { steps: vec![step], ..Part::default() }
    }

    /// Of something that waits.
    pub fn waits(waiting: Waiting) -> Self {
        Part { waiting: Some(waiting), ..Part::default() }
    }

    /// Of something that cannot be.
    pub fn refuses(problem: Problem) -> Self {
        Part { problem: Some(problem), ..Part::default() }
    }
}

/// A change of one field.
pub fn change(field: impl Into<String>, from: Option<String>, to: Option<String>) -> Change {
    Change { field: field.into(), from, to }
}

/// Capacity as people write it.
pub fn units(throughput: Throughput) -> String {
    format!("{} read, {} write", throughput.read_capacity_units, throughput.write_capacity_units)
}

/// Where capacity begins or is fixed: the given one, else the least of the autoscaling.
pub fn initial(given: Option<Throughput>, autoscaling: Option<&Autoscaling>) -> Option<Throughput> {
    given.or_else(|| {
        let (read, write) = (autoscaling?.read.as_ref()?, autoscaling?.write.as_ref()?);
        Some(Throughput { read_capacity_units: read.min, write_capacity_units: write.min })
    })
}

/// The indexes that the spec wants, by name; `None` when it manages none.
pub fn wanted_indexes(spec: &DynamoTableSpec) -> Option<BTreeMap<String, Index>> {
    let list = spec.global_secondary_indexes.as_ref()?;
    Some(list.iter().map(|index| (index.name.clone(), wanted_index(spec, index))).collect())
}

fn wanted_index(spec: &DynamoTableSpec, index: &GlobalSecondaryIndex) -> Index {
    let provisioned = spec.settings.billing_mode == Some(BillingMode::Provisioned);
    let throughput = initial(index.provisioned_throughput, index.autoscaling.as_ref());
    let range = index.range_key.iter().chain(&index.additional_range_keys).cloned().collect();
    Index {
        hash: std::iter::once(&index.hash_key).chain(&index.additional_hash_keys).cloned().collect(),
        range,
        projection: index.projection.clone(),
        throughput: throughput.filter(|_| provisioned),
        cap: index.on_demand_throughput.filter(|_| !provisioned),
        warm: index.warm_throughput,
    }
}

/// The type of every key attribute of the table and its indexes.
pub fn attributes<'a>(keys: impl Iterator<Item = &'a KeyAttribute>) -> BTreeMap<String, AttributeType> {
    keys.map(|key| (key.name.clone(), key.type_)).collect()
}

/// An index in the words of the spec.
pub fn index_field(index: &str) -> String {
    format!("globalSecondaryIndexes.{index}")
}

/// A dimension in the words of the spec: `autoscaling.read`, `globalSecondaryIndexes.email-index.autoscaling.write`.
pub fn scaling_field(dimension: &Dimension) -> String {
    let capacity = match dimension.capacity {
        crate::aws::dynamo::Capacity::Read => "read",
        crate::aws::dynamo::Capacity::Write => "write",
    };
    match &dimension.index {
        None => format!("autoscaling.{capacity}"),
        Some(index) => format!("{}.autoscaling.{capacity}", index_field(index)),
    }
}
