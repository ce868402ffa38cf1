//! Application Auto Scaling: a target, then its policy, for each dimension (aws-dynamodb-elasticache-dms.md 1.4, 1.10).

use std::collections::BTreeMap;

use crate::aws::Seen;
use crate::aws::dynamo::{Action, BillingMode, Capacity, Dimension, Scaling, ScalingPolicy};
use crate::conditions::Reason;
use crate::kind::{Step, Waiting};
use crate::spec::Change;

use super::scene::{Part, Scene, change, scaling_field};
use super::states::What;
use super::{Autoscaling, DynamoTableSpec, ScalingRange};

/// What AWS and Terraform use where nothing is said, in percent.
const TARGET: i32 = 70;

/// The calls that bring autoscaling to what is wanted.
pub fn plan(scene: &Scene<'_>) -> Part {
    let wishes = wishes(scene);
    let leaves = leaves_provisioned(scene);
    let targets = match &scene.observed.scaling {
        Seen::Present(targets) => targets,
        Seen::Absent => return Part::default(),
        Seen::Unread(_) if wishes.is_empty() => return Part::default(),
        Seen::Unread(why) => {
            return Part::waits(Waiting::new(Reason::Unreadable, format!("autoscaling could not be read: {why}")));
        }
    };
    let mut part = Part::default();
    for (dimension, target) in targets {
        let goes = leaves || matches!(wishes.get(dimension), Some(None)) || is_orphan(scene, dimension);
        if goes {
            part.steps.push(deregister(scene, dimension, target));
        }
    }
    if leaves {
        return part;
    }
    for (dimension, wish) in &wishes {
        let Some(range) = wish else { continue };
        part.steps.extend(bring(scene, dimension, range, targets.get(dimension)));
    }
    part
}

/// Whether the capacity mode is about to change to on demand.
pub fn leaves_provisioned(scene: &Scene<'_>) -> bool {
    scene.mode() == BillingMode::Provisioned && scene.spec().settings.billing_mode == Some(BillingMode::PayPerRequest)
}

/// Every managed dimension: `None` where it shall have no autoscaling. An index that is not there yet has none to bring.
fn wishes<'a>(scene: &'a Scene<'_>) -> BTreeMap<Dimension, Option<&'a ScalingRange>> {
    let mut wishes = BTreeMap::new();
    let mut add = |index: Option<&str>, scaling: &'a Autoscaling| {
        for (capacity, range) in [(Capacity::Read, &scaling.read), (Capacity::Write, &scaling.write)] {
            wishes.insert(Dimension { index: index.map(String::from), capacity }, range.as_ref());
        }
    };
    let spec = scene.spec();
    if let Some(scaling) = &spec.autoscaling {
        add(None, scaling);
    }
    for index in spec.global_secondary_indexes.iter().flatten() {
        let is_there = scene.table.indexes.get(&index.name).is_some_and(|found| found.status == "ACTIVE");
        if let Some(scaling) = index.autoscaling.as_ref().filter(|_| is_there) {
            add(Some(&index.name), scaling);
        }
    }
    let provisioned = scene.mode() == BillingMode::Provisioned;
    wishes.retain(|_, range| range.is_none() || provisioned);
    wishes
}

/// A target of an index that is gone would take hold of a new index of that name.
fn is_orphan(scene: &Scene<'_>, dimension: &Dimension) -> bool {
    let Some(index) = &dimension.index else { return false };
    scene.spec().global_secondary_indexes.is_some() && !scene.table.indexes.contains_key(index)
}

fn bring(
    scene: &Scene<'_>,
    dimension: &Dimension,
    wish: &ScalingRange,
    target: Option<&Scaling>,
) -> Option<Step<Action>> {
    let field = scaling_field(dimension);
    let range = (wish.min, wish.max);
    if target.is_none_or(|target| target.range != range) {
        let changes = vec![change(field, target.map(|target| span(target.range)), Some(span(range)))];
        let action = Action::RegisterTarget { dimension: dimension.clone(), range };
        return Some(scene.step(What::Aside, action, changes));
    }
    let now = target.and_then(|target| target.policy.as_ref());
    let wanted = policy(wish, now);
    if now == Some(&wanted) {
        return None;
    }
    let changes = vec![change(format!("{field}.policy"), now.map(text), Some(text(&wanted)))];
    let action = Action::PutScalingPolicy { dimension: dimension.clone(), policy: wanted };
    Some(scene.step(What::Aside, action, changes))
}

/// AWS replaces the whole policy: what is not managed stays as it is.
fn policy(wish: &ScalingRange, now: Option<&ScalingPolicy>) -> ScalingPolicy {
    let now = now.cloned().unwrap_or_default();
    let kept = if now.target_utilization == 0 { TARGET } else { now.target_utilization };
    ScalingPolicy {
        target_utilization: wish.target_utilization.unwrap_or(kept),
        scale_in_cooldown: wish.scale_in_cooldown.or(now.scale_in_cooldown),
        scale_out_cooldown: wish.scale_out_cooldown.or(now.scale_out_cooldown),
    }
}

fn deregister(scene: &Scene<'_>, dimension: &Dimension, target: &Scaling) -> Step<Action> {
    scene.step(What::Aside, Action::DeregisterTarget { dimension: dimension.clone() }, gone(dimension, target))
}

/// The change of a target that goes.
pub fn gone(dimension: &Dimension, target: &Scaling) -> Vec<Change> {
    vec![change(scaling_field(dimension), Some(span(target.range)), None)]
}

fn span(range: (i64, i64)) -> String {
    format!("{} to {} units", range.0, range.1)
}

fn text(policy: &ScalingPolicy) -> String {
    let seconds = |name: &str, cooldown: Option<i32>| {
        cooldown.map(|seconds| format!(", {name} every {seconds} s")).unwrap_or_default()
    };
    format!(
        "{}% in use{}{}",
        policy.target_utilization,
        seconds("in", policy.scale_in_cooldown),
        seconds("out", policy.scale_out_cooldown)
    )
}

/// Whether the spec says anything about autoscaling.
pub fn is_managed(spec: &DynamoTableSpec) -> bool {
    spec.autoscaling.is_some()
        || spec.global_secondary_indexes.iter().flatten().any(|index| index.autoscaling.is_some())
}
