//! Replicas in other regions: one region a call, and nothing else of the table meanwhile
//! (aws-dynamodb-elasticache-dms.md 1.4, 1.6). One that is not in a managed list goes only when approved.

use std::collections::BTreeMap;

use crate::aws::Seen;
use crate::aws::dynamo::{Action, BillingMode, Capacity, Dimension, Replica, ReplicaFacts, ReplicaState, Update};
use crate::aws::owner::Tags;
use crate::conditions::Reason;
use crate::kind::{Disruption, Problem, Step, Waiting, When};

use super::features;
use super::scene::{Part, Scene, change};
use super::states::What;

/// The calls that bring the replicas to what is wanted, with what only their own regions can change.
pub fn plan(scene: &Scene<'_>) -> Part {
    let Some(wanted) = &scene.spec().replicas else { return Part::default() };
    let mut part = Part::default();
    for (region, state) in &scene.table.replicas {
        let wish = wanted.iter().find(|replica| replica.region == *region);
        part = part.and(match wish {
            None if state.status == "DELETING" => Part::default(),
            None => Part::step(removal(scene, region)),
            Some(wish) => existing(scene, wish, state),
        });
    }
    part.and(creations(scene, wanted))
}

fn removal(scene: &Scene<'_>, region: &str) -> Step<Action> {
    let action = Action::Update(Update::DeleteReplica { region: region.into() });
    let changes = vec![change(field(region), Some("exists".into()), None)];
    let because = "the region is not in spec.replicas: whoever uses the table there loses it";
    scene.step(What::Other, action, changes).class(Disruption::DataLoss).because_of(because)
}

fn field(region: &str) -> String {
    format!("replicas.{region}")
}

fn creations(scene: &Scene<'_>, wanted: &[Replica]) -> Part {
    let missing: Vec<&Replica> =
        wanted.iter().filter(|replica| !scene.table.replicas.contains_key(&replica.region)).collect();
    if missing.is_empty() {
        return Part::default();
    }
    let is_strong = scene.spec().multi_region_consistency.as_deref() == Some("STRONG");
    let is_first = scene.table.replicas.is_empty();
    // A strongly consistent group is made whole, in one call.
    let calls: Vec<Vec<&Replica>> =
        if is_strong && is_first { vec![missing] } else { missing.into_iter().map(|one| vec![one]).collect() };
    let steps = calls.into_iter().map(|replicas| {
        let changes = replicas.iter().map(|one| change(field(&one.region), None, Some("exists".into()))).collect();
        let replicas = replicas.into_iter().map(|one| (one.region.clone(), one.clone())).collect();
        let consistency = scene.spec().multi_region_consistency.clone().filter(|_| is_first);
        let witness = scene.spec().witness_region.clone().filter(|_| is_first);
        let step =
            scene.step(What::Other, Action::Update(Update::CreateReplicas { replicas, consistency, witness }), changes);
        match pending_stream(scene).or_else(|| unscaled_writes(scene)).filter(|_| step.when == When::Now) {
            Some(waiting) => step.when(When::After(waiting)),
            None => step,
        }
    });
    Part { steps: steps.collect(), ..Part::default() }
}

/// Once there is a replica the stream cannot change any more.
fn pending_stream(scene: &Scene<'_>) -> Option<Waiting> {
    let text = "the stream changes first: a table with replicas keeps it as it is";
    features::stream(scene).map(|_| Waiting::new(Reason::DependencyNotReady, text))
}

/// A provisioned table replicates only when its write capacity, and that of each index, is autoscaled.
fn unscaled_writes(scene: &Scene<'_>) -> Option<Waiting> {
    if scene.mode() == BillingMode::PayPerRequest {
        return None;
    }
    let wait = |text: String| Some(Waiting::new(Reason::DependencyNotReady, text));
    let targets = match &scene.observed.scaling {
        Seen::Present(targets) => targets,
        Seen::Absent => return None,
        Seen::Unread(why) => return wait(format!("autoscaling could not be read, and replicas need it: {why}")),
    };
    let mut places = std::iter::once(None).chain(scene.table.indexes.keys().cloned().map(Some));
    let missing = places.find(|index| {
        let dimension = Dimension { index: index.clone(), capacity: Capacity::Write };
        !targets.contains_key(&dimension)
    })?;
    let place = missing.map_or("the table".into(), |index| format!("index {index}"));
    wait(format!(
        "replicas of a PROVISIONED table need autoscaled write capacity: set spec.autoscaling.write, or that of the index, for {place}"
    ))
}

fn existing(scene: &Scene<'_>, wish: &Replica, state: &ReplicaState) -> Part {
    if wish.kms_key_arn.is_some() && state.kms_key_arn.is_some() && wish.kms_key_arn != state.kms_key_arn {
        return Part::refuses(Problem::new(
            Reason::InvalidSpec,
            format!(
                "spec.{}.kmsKeyArn: AWS cannot change the key of a replica; remove the replica from spec.replicas, approve that, and \
                 add it again with the other key",
                field(&wish.region)
            ),
        ));
    }
    let mut part = Part::default();
    part.steps.extend(overrides(scene, wish, state));
    part.and(in_region(scene, wish, state))
}

/// Overrides that the table's own region sets.
fn overrides(scene: &Scene<'_>, wish: &Replica, state: &ReplicaState) -> Option<Step<Action>> {
    let name = |part: &str| format!("{}.{part}", field(&wish.region));
    let number = |value: Option<i64>| value.map(|value| value.to_string());
    let class = |value: Option<crate::aws::dynamo::TableClass>| value.map(|class| class.word().to_string());
    let changes: Vec<_> = [
        (name("tableClass"), class(state.table_class), class(wish.table_class)),
        (name("readCapacityUnits"), number(state.read_capacity_units), number(wish.read_capacity_units)),
        (name("maxReadRequestUnits"), number(state.max_read_request_units), number(wish.max_read_request_units)),
    ]
    .into_iter()
    .filter(|(_, from, to)| to.is_some() && to != from)
    .map(|(field, from, to)| change(field, from, to))
    .collect();
    if changes.is_empty() {
        return None;
    }
    let action = Action::Update(Update::UpdateReplica { region: wish.region.clone(), replica: Box::new(wish.clone()) });
    Some(scene.step(What::Other, action, changes))
}

/// Tags, point-in-time recovery and deletion protection are the replica's own.
fn in_region(scene: &Scene<'_>, wish: &Replica, state: &ReplicaState) -> Part {
    let unread = |name: &str, why: &str| {
        let text = format!("{name} of the replica in {} could not be read: {why}", wish.region);
        Part::waits(Waiting::new(Reason::Unreadable, text))
    };
    let Some(facts) = scene.observed.replica_facts.get(&wish.region) else {
        // Its own region does not know it before it is ACTIVE.
        let is_known = state.status == "ACTIVE";
        return if is_known { unread("the state", "its region does not show it yet") } else { Part::default() };
    };
    let mut part = match &facts.tags {
        Seen::Unread(why) => unread("tags", why),
        Seen::Absent => Part::default(),
        Seen::Present(tags) => tag(scene, wish, facts, tags),
    };
    for (name, wanted, now) in [
        ("pointInTimeRecovery", wish.point_in_time_recovery, &facts.point_in_time_recovery),
        ("deletionProtection", wish.deletion_protection, &facts.deletion_protection),
    ] {
        let Some(wanted) = wanted else { continue };
        part = part.and(match now {
            Seen::Unread(why) => unread(name, why),
            Seen::Absent => Part::default(),
            Seen::Present(now) if *now == wanted => Part::default(),
            Seen::Present(now) => Part::step(toggle(scene, &wish.region, name, *now, wanted)),
        });
    }
    part
}

fn toggle(scene: &Scene<'_>, region: &str, name: &str, now: bool, wanted: bool) -> Step<Action> {
    let changes = vec![change(format!("{}.{name}", field(region)), Some(now.to_string()), Some(wanted.to_string()))];
    if name == "pointInTimeRecovery" {
        let action = Action::PointInTimeRecovery { region: Some(region.into()), enabled: wanted, days: None };
        let step = scene.step(What::Aside, action, changes);
        return if wanted { step } else { step.class(Disruption::DataLoss) };
    }
    scene.step(What::Protection, Action::ReplicaProtection { region: region.into(), enabled: wanted }, changes)
}

fn tag(scene: &Scene<'_>, wish: &Replica, facts: &ReplicaFacts, tags: &Tags) -> Part {
    let mut wanted: BTreeMap<String, String> = wish.tags.clone().unwrap_or_default();
    wanted.extend(scene.inputs.owner.tags());
    wanted.retain(|key, value| tags.get(key) != Some(value));
    if wanted.is_empty() {
        return Part::default();
    }
    let changes = wanted
        .iter()
        .map(|(key, value)| {
            change(format!("{}.tags.{key}", field(&wish.region)), tags.get(key).cloned(), Some(value.clone()))
        })
        .collect();
    let action = Action::Tag { region: Some(wish.region.clone()), arn: facts.arn.clone(), tags: wanted };
    Part::step(scene.step(What::Aside, action, changes))
}
