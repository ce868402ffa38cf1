//! Tags: ours and the user's are set, only those that this object set are removed.

use std::collections::BTreeSet;

use crate::aws::owner::Tags;
use crate::kind::{Inputs, Step};
use crate::spec::{Change, SharedSpec};

/// Note with the tag keys that this object set (JSON list), so that only those are ever removed.
pub const TAGS_NOTE: &str = "tagKeys";

/// The note of an object that is about to be made.
pub fn first_note(spec: &SharedSpec) -> String {
    let keys: Vec<&String> = spec.tags.iter().flatten().map(|(key, _)| key).collect();
    serde_json::to_string(&keys).unwrap_or_default()
}

/// The calls that bring the tags of `thing` to what is wanted: `tag` and `untag` make a kind's own actions.
pub fn steps<A>(
    spec: &SharedSpec,
    inputs: &Inputs,
    observed: &Tags,
    thing: &'static str,
    tag: impl Fn(Tags) -> A,
    untag: impl Fn(BTreeSet<String>) -> A,
) -> Vec<Step<A>> {
    let missing: Tags =
        spec.tags_of(&inputs.owner).into_iter().filter(|(key, value)| observed.get(key) != Some(value)).collect();
    let stale = stale(spec, inputs, observed);
    let note = note(spec, inputs, [observed]);
    let change = |key: &String, to: Option<&String>| Change {
        field: format!("tags.{key}"),
        from: observed.get(key).cloned(),
        to: to.cloned(),
    };
    let mut steps = Vec::new();
    if !missing.is_empty() {
        let changes = missing.iter().map(|(key, value)| change(key, Some(value))).collect();
        steps.push(Step::new(thing, tag(missing), "").changing(changes).noting(TAGS_NOTE, note.clone()));
    }
    if !stale.is_empty() {
        let changes = stale.iter().map(|key| change(key, None)).collect();
        let step = Step::new(thing, untag(stale), "this object set these tags before");
        steps.push(step.changing(changes).noting(TAGS_NOTE, note));
    }
    steps
}

/// The note of all keys that this object set, those of the spec and those that any of these tags still have: a key leaves
/// the note only when AWS no longer has it, since the call that removes it may be lost.
pub fn note<'a>(spec: &SharedSpec, inputs: &Inputs, observed: impl IntoIterator<Item = &'a Tags>) -> String {
    let kept = spec.tags.iter().flatten().map(|(key, _)| key.clone());
    let stale = observed.into_iter().flat_map(|tags| stale(spec, inputs, tags));
    serde_json::to_string(&kept.chain(stale).collect::<BTreeSet<_>>()).unwrap_or_default()
}

/// Keys that this object set, that the spec no longer has, and that are still there. Without `spec.tags` none: what is
/// absent is not managed.
fn stale(spec: &SharedSpec, inputs: &Inputs, observed: &Tags) -> BTreeSet<String> {
    let Some(wanted) = &spec.tags else { return BTreeSet::new() };
    let noted = inputs.journal.notes.get(TAGS_NOTE);
    let noted: BTreeSet<String> = noted.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    noted.into_iter().filter(|key| !wanted.contains_key(key) && observed.contains_key(key)).collect()
}
