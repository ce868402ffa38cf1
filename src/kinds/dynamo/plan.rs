//! The plan of a DynamoTable: one verdict, then the calls in the order of aws-dynamodb-elasticache-dms.md 1.6, one a
//! round.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::dynamo::{Action, KeyAttribute, LocalIndex, Observed, Table};
use crate::aws::owner::Tags;
use crate::conditions::Reason;
use crate::kind::{End, Inputs, Kind, Plan, Problem, Step, Waiting, Want};
use crate::kinds::tags;
use crate::life::{MADE, RESOURCE_ID, UNTAGGED, Verdict, recreate, take_over, verdict};
use crate::window::Timetable;

use super::indexes::{local_definition, same_projection};
use super::scene::{Part, Scene};
use super::states::{Gate, State, broken, state, unfinished};
use super::{DynamoTable, capacity, creation, features, import, indexes, removal, replicas, scaling, seed};

/// Plans.
pub fn plan(object: &DynamoTable, want: Want, inputs: &Inputs, observed: &Observed, identifier: &str) -> Plan<Action> {
    let what = format!("DynamoDB table {identifier}");
    let verdict = verdict(want, &object.spec.shared, inputs, &object.thing(observed), &what);
    let there = observed.table.present().zip(observed.tags.present());
    match (verdict, there) {
        (Verdict::Create, _) => creation::plan(object, identifier, inputs, observed),
        (Verdict::Recreate(problem), _) => recreate(creation::plan(object, identifier, inputs, observed), problem),
        (Verdict::Manage, Some((table, tags))) => manage(&scene(object, inputs, observed, table, tags)),
        (Verdict::Adopt(problem), Some((table, tags))) => {
            let after = manage(&scene(object, inputs, observed, table, tags));
            match after.waiting.clone().filter(|waiting| waiting.reason == Reason::Unreadable) {
                // Nothing differs only when everything was looked at.
                Some(waiting) => Plan { problem, ..Plan::wait(waiting) },
                None => take_over(after, problem, without_items(inputs, table, claim(inputs, table))),
            }
        }
        (Verdict::Claim, Some((table, _))) => claimed(inputs, table),
        (Verdict::Watch, Some((table, _))) => watch(table),
        (Verdict::Remove, Some((table, _))) => removal::plan(object, identifier, inputs, observed, table),
        (Verdict::Refuse(problem), _) => Plan::refuse(problem),
        (Verdict::Wait(waiting), _) => Plan::wait(waiting),
        (Verdict::LetGo | Verdict::Gone, _) => Plan::release(),
        (Verdict::Manage | Verdict::Adopt(_) | Verdict::Claim | Verdict::Watch | Verdict::Remove, None) => {
            Plan::wait(Waiting::new(Reason::Unreadable, format!("{what} was not read")))
        }
    }
}

/// Sets the owner's tags.
fn claim(inputs: &Inputs, table: &Table) -> Step<Action> {
    let action = Action::Tag { region: None, arn: table.arn.clone(), tags: inputs.owner.tags() };
    Step::new("tags", action, "take over this table by setting the owner tags").noting(RESOURCE_ID, table.id.clone())
}

/// First items are for a table that this object made: one that it takes over, whatever became of its own create, has others.
fn without_items(inputs: &Inputs, table: &Table, step: Step<Action>) -> Step<Action> {
    let notes = &inputs.journal.notes;
    let was_made = notes.get(RESOURCE_ID) == Some(&table.id);
    if was_made || !notes.contains_key(seed::ITEMS) { step } else { step.noting(seed::ITEMS, seed::NONE) }
}

/// The calls that make a table of something else take no tags: they follow as soon as AWS takes them.
fn claimed(inputs: &Inputs, table: &Table) -> Plan<Action> {
    if state(&table.status) == State::Creating {
        let waiting = Waiting::new(Reason::Creating, "AWS reports CREATING; the owner tags follow");
        // It tells its source only now.
        return Plan { noted: vec![(MADE.into(), table.id.clone())], ..Plan::wait(waiting) };
    }
    let because = "this object had the table made by a call that takes no tags";
    Plan { steps: vec![claim(inputs, table).because_of(because)], ..Plan::default() }
}

fn watch(table: &Table) -> Plan<Action> {
    match unfinished(table) {
        Some(waiting) => Plan::wait(waiting),
        None => Plan { end: End::Settled, ..Plan::default() },
    }
}

fn scene<'a>(
    object: &'a DynamoTable,
    inputs: &'a Inputs,
    observed: &'a Observed,
    table: &'a Table,
    tags: &'a Tags,
) -> Scene<'a> {
    let policy = object.spec.shared.change_policy.disruptive;
    let timetable = Timetable::new(policy, object.spec.maintenance_window.as_ref(), inputs.now);
    Scene { object, inputs, observed, table, tags, gate: Gate::of(table, inputs), timetable }
}

fn manage(scene: &Scene<'_>) -> Plan<Action> {
    if state(&scene.table.status) == State::Deleting {
        return Plan::wait(Waiting::new(Reason::Deleting, "AWS reports DELETING"));
    }
    let (seeds, mut noted) = seed_and_import(scene);
    let wrong = immutable(scene);
    let part = changes(scene).and(seeds);
    let problem = wrong.or_else(|| broken(scene.table)).or(part.problem);
    let waiting = part.waiting.or_else(|| unfinished(scene.table));
    let settled = part.steps.is_empty() && problem.is_none() && waiting.is_none();
    noted.retain(|(key, value)| scene.inputs.journal.notes.get(key) != Some(value));
    Plan {
        steps: part.steps,
        problem,
        waiting,
        noted,
        forget: scene.inputs.journal.notes.keys().filter(|key| *key == UNTAGGED || *key == MADE).cloned().collect(),
        one_at_a_time: true,
        expired: false,
        end: if settled { End::Settled } else { End::Open },
        ..Plan::default()
    }
}

fn seed_and_import(scene: &Scene<'_>) -> (Part, Vec<(String, String)>) {
    let (import, mut noted) = import::plan(scene.object, scene.inputs, scene.observed);
    let (seeds, more) = match state(&scene.table.status) {
        State::Active | State::Updating => seed::plan(scene.object, scene.inputs),
        _ => (Part::default(), Vec::new()),
    };
    noted.extend(more);
    (import.and(seeds), noted)
}

/// Everything that can change, in order of priority.
fn changes(scene: &Scene<'_>) -> Part {
    let of = |step: Option<Step<Action>>| Part { steps: step.into_iter().collect(), ..Part::default() };
    let tags = Part { steps: tag_steps(scene), ..Part::default() };
    tags.and(features::resource_policy(scene))
        .and(features::time_to_live(scene))
        .and(features::point_in_time_recovery(scene))
        .and(features::contributor_insights(scene))
        .and(features::kinesis(scene))
        .and(of(features::deletion_protection(scene)))
        .and(indexes::removals(scene))
        .and(of(features::table_class(scene)))
        .and(capacity::billing(scene))
        .and(capacity::throughput(scene))
        .and(of(features::stream(scene)))
        .and(scaling::plan(scene))
        .and(capacity::warm(scene))
        .and(indexes::creation(scene))
        .and(of(features::encryption(scene)))
        .and(replicas::plan(scene))
}

fn tag_steps(scene: &Scene<'_>) -> Vec<Step<Action>> {
    let arn = &scene.table.arn;
    let steps = tags::steps(
        &scene.spec().shared,
        scene.inputs,
        scene.tags,
        "tags",
        |tags| Action::Tag { region: None, arn: arn.clone(), tags },
        |keys| Action::Untag { region: None, arn: arn.clone(), keys },
    );
    // One set of tags a call: removals follow in the next round, when AWS has let go of its lock.
    steps.into_iter().filter(|_| state(&scene.table.status) != State::Creating).collect()
}

/// What AWS has no call to change: keys, local indexes, and the consistency of a global table.
fn immutable(scene: &Scene<'_>) -> Option<Problem> {
    let wrong: Vec<String> = wrong_keys(scene)
        .into_iter()
        .chain(wrong_local_indexes(scene))
        .chain(wrong_consistency(scene))
        .map(|(field, is, wanted)| format!("spec.{field}: {is} in AWS, {wanted} in the spec"))
        .collect();
    (!wrong.is_empty()).then(|| {
        Problem::new(
            Reason::InvalidSpec,
            format!(
                "AWS cannot change this on an existing table: {}; make the spec agree, or make a new table and copy the items (awsdb \
                 dynamo export and import)",
                wrong.join("; ")
            ),
        )
    })
}

/// A field, what it is, and what it should be.
type Wrong = (String, String, String);

fn wrong_keys(scene: &Scene<'_>) -> Vec<Wrong> {
    let (spec, keys) = (scene.spec(), &scene.table.keys);
    let Some(hash) = &spec.hash_key else { return Vec::new() };
    let text =
        |key: Option<&KeyAttribute>| key.map_or("unset".into(), |key| format!("{} ({})", key.name, key.type_.word()));
    [("hashKey", Some(&keys.hash), Some(hash)), ("rangeKey", keys.range.as_ref(), spec.range_key.as_ref())]
        .into_iter()
        .filter(|(_, is, wanted)| is != wanted)
        .map(|(field, is, wanted)| (field.into(), text(is), text(wanted)))
        .collect()
}

fn wrong_local_indexes(scene: &Scene<'_>) -> Vec<Wrong> {
    let Some(list) = &scene.spec().local_secondary_indexes else { return Vec::new() };
    let wanted: BTreeMap<&String, LocalIndex> = list
        .iter()
        .map(|index| (&index.name, LocalIndex { range: index.range_key.clone(), projection: index.projection.clone() }))
        .collect();
    let found = &scene.table.local_indexes;
    let names: BTreeSet<&String> = found.keys().chain(wanted.keys().copied()).collect();
    let text = |index: Option<&LocalIndex>| index.map_or("unset".into(), local_definition);
    let same = |one: &LocalIndex, other: &LocalIndex| {
        one.range == other.range && same_projection(&one.projection, &other.projection)
    };
    names
        .into_iter()
        .map(|name| (name, found.get(name), wanted.get(name)))
        .filter(|(_, is, wanted)| !is.zip(*wanted).is_some_and(|(is, wanted)| same(is, wanted)))
        .map(|(name, is, wanted)| (format!("localSecondaryIndexes.{name}"), text(is), text(wanted)))
        .collect()
}

/// Fixed with the first replicas, as soon as AWS tells it.
fn wrong_consistency(scene: &Scene<'_>) -> Vec<Wrong> {
    let (spec, table) = (scene.spec(), scene.table);
    if table.replicas.is_empty() || table.multi_region_consistency.is_none() {
        return Vec::new();
    }
    let text = |value: &Option<String>| value.clone().unwrap_or("unset".into());
    [
        ("multiRegionConsistency", &table.multi_region_consistency, &spec.multi_region_consistency),
        ("witnessRegion", &table.witness, &spec.witness_region),
    ]
    .into_iter()
    .filter(|(_, is, wanted)| wanted.is_some() && is != wanted)
    .map(|(field, is, wanted)| (field.into(), text(is), text(wanted)))
    .collect()
}
