//! First items of a new table: written once, in order, before anybody is told of the table. The note says which batch is on
//! its way; after a crash that one batch is written again, and nothing else ever is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::approval::step_id;
use crate::aws::dynamo::items::{Format, parse};
use crate::aws::dynamo::{Action, AttributeType, KeyAttribute};
use crate::aws::owner::hash;
use crate::conditions::Reason;
use crate::kind::{Inputs, Problem, Step, Waiting};
use crate::spec::Journal;

use super::scene::{Part, change};
use super::{DynamoTable, ItemsProgress};

/// Note with `<first item of the batch on its way>/<items in all>/<digest of the text>`.
pub const ITEMS: &str = "items";
/// The note of a table that gets none.
pub const NONE: &str = "0/0/";
/// AWS takes this many in one call.
const BATCH: usize = 25;
/// More than this is work for `awsdb dynamo import`.
const MOST: usize = 2000;

/// How far the writing is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Progress {
    at: usize,
    total: usize,
    digest: String,
}

impl Progress {
    fn read(journal: &Journal) -> Option<Self> {
        let mut parts = journal.notes.get(ITEMS)?.splitn(3, '/');
        let (at, total) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Self { at, total, digest: parts.next().unwrap_or_default().into() })
    }

    fn text(&self) -> String {
        format!("{}/{}/{}", self.at, self.total, self.digest)
    }

    fn is_done(&self) -> bool {
        self.at >= self.total
    }
}

/// Whether items are still to be written: the ConfigMap is of interest until then.
pub fn is_open(object: &DynamoTable, journal: &Journal) -> bool {
    let is_new = journal.notes.get(crate::life::RESOURCE_ID).is_none_or(String::is_empty);
    object.spec.items.is_some() && Progress::read(journal).map_or(is_new, |progress| !progress.is_done())
}

/// What status shows of it.
pub fn progress(journal: &Journal) -> Option<ItemsProgress> {
    let progress = Progress::read(journal)?;
    let count = |items: usize| u32::try_from(items).unwrap_or(u32::MAX);
    Some(ItemsProgress { written: count(progress.at.min(progress.total)), total: count(progress.total) })
}

/// Why the table is not ready because of its items.
pub fn unready(object: &DynamoTable, journal: &Journal) -> Option<Waiting> {
    object.spec.items.as_ref()?;
    let progress = Progress::read(journal).filter(|progress| !progress.is_done())?;
    Some(Waiting::new(
        Reason::Creating,
        format!("Its first items are being written: {} of {}.", progress.at, progress.total),
    ))
}

/// Items as the ConfigMap has them.
pub struct Items {
    list: Vec<Value>,
    digest: String,
}

/// What stands between a table and its items.
pub enum Missing {
    /// The user must mend the items.
    Problem(Problem),
    /// The ConfigMap is not there yet.
    Waiting(Waiting),
}

/// Reads and checks the items; `None` when the spec has none.
///
/// # Errors
/// Which item is wrong, or what is missing.
pub fn items(object: &DynamoTable, inputs: &Inputs) -> Result<Option<Items>, Missing> {
    let Some(wanted) = &object.spec.items else { return Ok(None) };
    let (name, key) = (&wanted.config_map_ref.name, &wanted.config_map_ref.key);
    let waits = |text: String| Missing::Waiting(Waiting::new(Reason::DependencyNotReady, text));
    let Some(content) = inputs.config_maps.get(name).and_then(Option::as_ref) else {
        return Err(waits(format!(
            "spec.items: ConfigMap {name} does not exist in this namespace; create it with key {key}"
        )));
    };
    let Some(text) = content.get(key) else {
        return Err(waits(format!("spec.items: ConfigMap {name} has no key {key}; add it")));
    };
    let format = match wanted.format.as_deref() {
        Some("DYNAMODB_JSON") => Format::DynamoDbJson,
        _ => Format::Json,
    };
    let wrong = |why: String| {
        Missing::Problem(Problem::new(Reason::InvalidSpec, format!("spec.items: {key} in ConfigMap {name}: {why}")))
    };
    let list = parse(text, format).map_err(wrong)?;
    if list.len() > MOST {
        return Err(wrong(format!(
            "{} items are too many for a ConfigMap ({MOST} at most): use awsdb dynamo import",
            list.len()
        )));
    }
    check_keys(object, &list).map_err(wrong)?;
    Ok(Some(Items { list, digest: hash(&[text], 12) }))
}

/// Each item has the keys, of the right type, and no two have the same: AWS would refuse the whole batch.
fn check_keys(object: &DynamoTable, list: &[Value]) -> Result<(), String> {
    let keys: Vec<&KeyAttribute> = object.spec.hash_key.iter().chain(&object.spec.range_key).collect();
    let mut seen = BTreeMap::new();
    for (number, item) in list.iter().enumerate().map(|(index, item)| (index + 1, item)) {
        let mut values = BTreeSet::new();
        for key in &keys {
            let letter = key.type_.word();
            let value = item.get(&key.name).and_then(|value| value.get(letter));
            let Some(value) = value else {
                let what = match key.type_ {
                    AttributeType::S => "a string",
                    AttributeType::N => "a number",
                    AttributeType::B => "binary (format DYNAMODB_JSON)",
                };
                return Err(format!("item {number} needs {} as {what}: it is a key of the table", key.name));
            };
            values.insert((key.name.clone(), value.to_string()));
        }
        if let Some(first) = seen.insert(values, number) {
            return Err(format!("items {first} and {number} have the same key"));
        }
    }
    Ok(())
}

impl Items {
    /// The note of a table that is about to be made.
    pub fn first_note(&self) -> String {
        Progress { at: 0, total: self.list.len(), digest: self.digest.clone() }.text()
    }

    fn step(&self, at: usize) -> Step<Action> {
        let end = (at + BATCH).min(self.list.len());
        let items = self.list.get(at..end).unwrap_or_default().to_vec();
        let total = self.list.len();
        // The digest tells the batches of another text of the same length from these.
        let to = format!("{end} of {total} ({})", self.digest);
        let changes = vec![change("items", Some(format!("{at} of {total}")), Some(to))];
        let note = Progress { at, total, digest: self.digest.clone() };
        Step::new("items", Action::PutItems { items }, "").changing(changes).noting(ITEMS, note.text())
    }
}

/// The next batch, and what is to be remembered: only of a table that this object made, and only until all are in.
pub fn plan(object: &DynamoTable, inputs: &Inputs) -> (Part, Vec<(String, String)>) {
    let Some(progress) = Progress::read(&inputs.journal).filter(|progress| !progress.is_done()) else {
        return (Part::default(), Vec::new());
    };
    let items = match items(object, inputs) {
        Ok(Some(items)) => items,
        Ok(None) => return (Part::default(), vec![(ITEMS.into(), NONE.into())]),
        Err(Missing::Problem(problem)) => return (Part::refuses(problem), Vec::new()),
        Err(Missing::Waiting(waiting)) => return (Part::waits(waiting), Vec::new()),
    };
    // Another text while nobody uses the table yet: from the start, so that none of it is left out.
    let at = if progress.digest == items.digest { progress.at } else { 0 };
    let was_accepted = inputs.journal.attempts.get(&step_id(&items.step(at))).is_some_and(|count| *count > 0);
    let at = if was_accepted && progress.digest == items.digest { at + BATCH } else { at };
    if at >= items.list.len() {
        let done = Progress { at: items.list.len(), total: items.list.len(), digest: items.digest };
        return (Part::default(), vec![(ITEMS.into(), done.text())]);
    }
    (Part::step(items.step(at)), Vec::new())
}
