//! The plan of a DynamoTable: one verdict, then the calls in the order of aws-dynamodb-elasticache-dms.md 1.6, one a
//! round.

use crate::aws::dynamo::{Action, KeyAttribute, Observed, Table};
use crate::aws::owner::Tags;
use crate::conditions::Reason;
use crate::kind::{End, Inputs, Kind, Plan, Problem, Step, Waiting, Want};
use crate::kinds::tags;
use crate::life::{RESOURCE_ID, UNTAGGED, Verdict, recreate, take_over, verdict};
use crate::window::Timetable;

use super::indexes::same_projection;
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
            take_over(after, problem, claim(inputs, table))
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

/// The calls that make a table of something else take no tags: they follow as soon as AWS takes them.
fn claimed(inputs: &Inputs, table: &Table) -> Plan<Action> {
    if state(&table.status) == State::Creating {
        return Plan::wait(Waiting::new(Reason::Creating, "AWS reports CREATING; the owner tags follow"));
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
    let part = match &wrong {
        Some(_) => Part { steps: tag_steps(scene), ..Part::default() },
        None => changes(scene),
    }
    .and(seeds);
    let problem = wrong.or_else(|| broken(scene.table)).or(part.problem);
    let waiting = part.waiting.or_else(|| unfinished(scene.table));
    let settled = part.steps.is_empty() && problem.is_none() && waiting.is_none();
    noted.retain(|(key, value)| scene.inputs.journal.notes.get(key) != Some(value));
    Plan {
        steps: part.steps,
        problem,
        waiting,
        noted,
        forget: scene.inputs.journal.notes.keys().filter(|key| *key == UNTAGGED).cloned().collect(),
        one_at_a_time: true,
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

/// What AWS has no call to change: keys and local indexes.
fn immutable(scene: &Scene<'_>) -> Option<Problem> {
    let (spec, table) = (scene.spec(), scene.table);
    let text =
        |key: &Option<&KeyAttribute>| key.map_or("unset".into(), |key| format!("{} ({})", key.name, key.type_.word()));
    let mut wrong = Vec::new();
    if let Some(hash) = &spec.hash_key {
        let pairs = [
            ("hashKey", Some(&table.keys.hash), Some(hash)),
            ("rangeKey", table.keys.range.as_ref(), spec.range_key.as_ref()),
        ];
        for (field, is, wanted) in pairs.into_iter().filter(|(_, is, wanted)| is != wanted) {
            wrong.push(format!("spec.{field}: {} in AWS, {} in the spec", text(&is), text(&wanted)));
        }
    }
    for index in spec.local_secondary_indexes.iter().flatten() {
        let same = table.local_indexes.get(&index.name).is_some_and(|found| {
            found.range == index.range_key && same_projection(&found.projection, &index.projection)
        });
        if !same {
            wrong.push(format!("spec.localSecondaryIndexes.{} is not so in AWS", index.name));
        }
    }
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
