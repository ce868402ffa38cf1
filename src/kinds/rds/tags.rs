//! Tags: ours and the user's are set, only those that this object set are removed (aws-rds.md 1.5 a).

use std::collections::BTreeSet;

use crate::aws::owner::Tags;
use crate::aws::rds::{Action, Instance};
use crate::kind::{Inputs, Step};
use crate::spec::Change;

use super::{RdsInstance, groups};

/// Note with the tag keys that this object set (JSON list), so that only those are ever removed.
pub const TAGS_NOTE: &str = "tagKeys";

/// The tag calls of an instance.
pub fn steps(object: &RdsInstance, inputs: &Inputs, instance: &Instance) -> Vec<Step<Action>> {
    let missing: Tags = groups::tags(object, &inputs.owner)
        .into_iter()
        .filter(|(key, value)| instance.tags.get(key) != Some(value))
        .collect();
    let stale = stale(object, inputs, instance);
    // A key leaves the note only when AWS no longer has it: the call that removes it may be lost.
    let spec = object.spec.shared.tags.iter().flatten().map(|(key, _)| key);
    let note = serde_json::to_string(&spec.chain(&stale).collect::<BTreeSet<_>>()).unwrap_or_default();
    let change = |key: &String, to: Option<&String>| Change {
        field: format!("tags.{key}"),
        from: instance.tags.get(key).cloned(),
        to: to.cloned(),
    };
    let mut steps = Vec::new();
    if !missing.is_empty() {
        let changes = missing.iter().map(|(key, value)| change(key, Some(value))).collect();
        let action = Action::Tag { arn: instance.arn.clone(), tags: missing };
        steps.push(Step::new("instance", action, "").changing(changes).noting(TAGS_NOTE, note.clone()));
    }
    if !stale.is_empty() {
        let changes = stale.iter().map(|key| change(key, None)).collect();
        let action = Action::Untag { arn: instance.arn.clone(), keys: stale };
        let step = Step::new("instance", action, "this object set these tags before");
        steps.push(step.changing(changes).noting(TAGS_NOTE, note));
    }
    steps
}

/// Keys that this object set, that the spec no longer has, and that are still there. Without `spec.tags` none: what is
/// absent is not managed.
fn stale(object: &RdsInstance, inputs: &Inputs, instance: &Instance) -> BTreeSet<String> {
    let Some(wanted) = &object.spec.shared.tags else { return BTreeSet::new() };
    let noted = inputs.journal.notes.get(TAGS_NOTE);
    let noted: BTreeSet<String> = noted.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    noted.into_iter().filter(|key| !wanted.contains_key(key) && instance.tags.contains_key(key)).collect()
}
