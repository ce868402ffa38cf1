//! Global secondary indexes: a keyed comparison, since AWS has no call that sets them all
//! (aws-dynamodb-elasticache-dms.md 1.3, 1.6). One that is not in a managed list goes only when approved.

use crate::aws::dynamo::{
    Action, BillingMode, Index, KeyAttribute, LocalIndex, Projection, ProjectionType, TableIndex, Update,
};
use crate::conditions::Reason;
use crate::kind::{Disruption, Problem, Step, Waiting, When};
use crate::spec::Change;

use super::scene::{Part, Scene, attributes, change, index_field, wanted_indexes};
use super::states::What;

/// Removals, and the first half of what must be made anew.
pub fn removals(scene: &Scene<'_>) -> Part {
    let Some(wanted) = wanted_indexes(scene.spec()) else { return Part::default() };
    let present = scene.table.indexes.iter().filter(|(_, index)| index.status != "DELETING");
    present.fold(Part::default(), |part, (name, index)| {
        part.and(match wanted.get(name) {
            None => Part::step(removal(scene, name, index)),
            Some(wanted) => recreation(scene, name, wanted, index),
        })
    })
}

fn removal(scene: &Scene<'_>, name: &str, index: &TableIndex) -> Step<Action> {
    let action = Action::Update(Update::DeleteIndex { name: name.into() });
    let changes = vec![change(index_field(name), Some(definition(&index.index)), None)];
    let step = scene.step(What::IndexDelete(name), action, changes).class(Disruption::DataLoss);
    step.because_of("the index is not in spec.globalSecondaryIndexes: whoever queries it will fail")
}

/// Keys and projection cannot change in place.
fn recreation(scene: &Scene<'_>, name: &str, wanted: &Index, index: &TableIndex) -> Part {
    let changes = definition_changes(name, wanted, &index.index);
    if changes.is_empty() {
        return Part::default();
    }
    if scene.spec().allow_index_recreation != Some(true) {
        let list: Vec<String> = changes.iter().map(|change| format!("spec.{change}")).collect();
        return Part::refuses(Problem::new(
            Reason::InvalidSpec,
            format!(
                "{}: AWS cannot change keys or projection of an index; set spec.allowIndexRecreation: true to let it be removed and \
                 built anew (readers of it fail meanwhile), or give the new one another name",
                list.join("; ")
            ),
        ));
    }
    let action = Action::Update(Update::DeleteIndex { name: name.into() });
    let step = scene.step(What::IndexDelete(name), action, changes).class(Disruption::Failover);
    let because = "the index is removed and built anew from the table (spec.allowIndexRecreation)";
    Part::step(scene.held(step).because_of(because))
}

/// Every index that is missing; AWS builds one at a time.
pub fn creation(scene: &Scene<'_>) -> Part {
    let Some(wanted) = wanted_indexes(scene.spec()) else { return Part::default() };
    let missing = wanted.into_iter().filter(|(name, _)| !scene.table.indexes.contains_key(name));
    missing.fold(Part::default(), |part, (name, index)| part.and(build(scene, name, index)))
}

fn build(scene: &Scene<'_>, name: String, index: Index) -> Part {
    let stays = scene.spec().settings.billing_mode.is_none_or(|mode| mode == scene.mode());
    if stays && scene.mode() == BillingMode::Provisioned && index.throughput.is_none() {
        let text = format!(
            "spec.{}: the table is PROVISIONED, so a new index needs provisionedThroughput",
            index_field(&name)
        );
        return Part::refuses(Problem::new(Reason::InvalidSpec, text));
    }
    let changes = vec![change(index_field(&name), None, Some(definition(&index)))];
    let attributes = attributes(keys_of_table(scene).chain(index.hash.iter()).chain(index.range.iter()));
    let action = Action::Update(Update::CreateIndex { name, index: Box::new(index), attributes });
    let step = scene.step(What::Other, action, changes);
    if stays || step.when != When::Now {
        return Part::step(step);
    }
    // It has the capacity of the mode to come.
    Part::step(step.when(When::After(Waiting::new(Reason::Updating, "the billing mode changes first"))))
}

/// Every key attribute that the table has now.
fn keys_of_table<'a>(scene: &'a Scene<'_>) -> impl Iterator<Item = &'a KeyAttribute> {
    let table = scene.table;
    let own = std::iter::once(&table.keys.hash).chain(table.keys.range.iter());
    let global = table.indexes.values().flat_map(|index| index.index.hash.iter().chain(index.index.range.iter()));
    own.chain(global).chain(table.local_indexes.values().map(|index| &index.range))
}

fn definition_changes(name: &str, wanted: &Index, observed: &Index) -> Vec<Change> {
    let mut changes = Vec::new();
    if wanted.hash != observed.hash || wanted.range != observed.range {
        changes.push(change(format!("{}.keys", index_field(name)), Some(keys(observed)), Some(keys(wanted))));
    }
    if !same_projection(&wanted.projection, &observed.projection) {
        let (from, to) = (projection(&observed.projection), projection(&wanted.projection));
        changes.push(change(format!("{}.projection", index_field(name)), Some(from), Some(to)));
    }
    changes
}

/// Whether two projections hold the same.
pub fn same_projection(one: &Projection, other: &Projection) -> bool {
    let attributes = |projection: &Projection| projection.non_key_attributes.clone().unwrap_or_default();
    one.type_ == other.type_ && (one.type_ != ProjectionType::Include || attributes(one) == attributes(other))
}

fn keys(index: &Index) -> String {
    let list = |keys: &[KeyAttribute]| {
        let texts: Vec<String> = keys.iter().map(|key| format!("{} ({})", key.name, key.type_.word())).collect();
        texts.join("+")
    };
    let range = if index.range.is_empty() { String::new() } else { format!(" by {}", list(&index.range)) };
    format!("{}{range}", list(&index.hash))
}

fn projection(projection: &Projection) -> String {
    let names: Vec<&str> = projection.non_key_attributes.iter().flatten().map(String::as_str).collect();
    let names = if names.is_empty() { String::new() } else { format!(" [{}]", names.join(", ")) };
    format!("{}{names}", projection.type_.word())
}

/// A local index as people read it.
pub fn local_definition(index: &LocalIndex) -> String {
    let LocalIndex { range, projection: held } = index;
    format!("by {} ({}), {}", range.name, range.type_.word(), projection(held))
}

fn definition(index: &Index) -> String {
    format!("{}, {}", keys(index), projection(&index.projection))
}
