//! What must change: the desired fields that differ from the observed ones. Works on any settings
//! whose fields are all optional; a field that is absent is not managed (product.md section 2).

use std::collections::BTreeSet;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::spec::Change;

/// A difference: the fields to send, and the same as text, old to new.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference<S> {
    /// Only the fields that differ, with their desired values.
    pub delta: S,
    /// For people.
    pub changes: Vec<Change>,
}

/// Compares two normalised settings. `None` when every desired field is as observed.
///
/// # Panics
/// Never on user input: settings are plain structs, which always serialise to an object.
pub fn changes<S: Serialize + DeserializeOwned>(desired: &S, observed: &S) -> Option<Difference<S>> {
    let (desired, observed) = (fields(desired), fields(observed));
    let differing: Map<String, Value> =
        desired.into_iter().filter(|(field, value)| !value.is_null() && observed.get(field) != Some(value)).collect();
    if differing.is_empty() {
        return None;
    }
    let changes = differing
        .iter()
        .map(|(field, value)| Change {
            field: field.clone(),
            from: observed.get(field).and_then(text),
            to: text(value),
        })
        .collect();
    let delta = serde_json::from_value(Value::Object(differing)).ok()?;
    Some(Difference { delta, changes })
}

/// A difference that is being split into calls.
#[derive(Clone, Debug)]
pub struct Split<S> {
    /// What is not taken yet, by field.
    pub delta: Map<String, Value>,
    changes: Vec<Change>,
    settings: PhantomData<fn() -> S>,
}

impl<S: Serialize + DeserializeOwned> Split<S> {
    /// The difference; `None` when there is none.
    pub fn of(desired: &S, observed: &S) -> Option<Self> {
        let difference = changes(desired, observed)?;
        Some(Self { delta: fields(&difference.delta), changes: difference.changes, settings: PhantomData })
    }

    /// Takes fields out of the difference; `None` when none of them differs.
    pub fn take(&mut self, chosen: impl Fn(&str) -> bool) -> Option<(S, Vec<Change>)> {
        let names: BTreeSet<String> = self.delta.keys().filter(|field| chosen(field)).cloned().collect();
        if names.is_empty() {
            return None;
        }
        let mut taken = Map::new();
        for name in &names {
            if let Some((name, value)) = self.delta.remove_entry(name) {
                taken.insert(name, value);
            }
        }
        let (mine, rest) = std::mem::take(&mut self.changes).into_iter().partition(|c| names.contains(&c.field));
        self.changes = rest;
        serde_json::from_value(Value::Object(taken)).ok().map(|settings| (settings, mine))
    }
}

/// What will be in force when AWS has applied what it holds: a change that is already scheduled is no difference, and
/// something else that is scheduled is one.
pub fn overlay<S: Serialize + DeserializeOwned + Clone>(settings: &S, pending: &S) -> S {
    let mut all = fields(settings);
    all.extend(fields(pending));
    serde_json::from_value(Value::Object(all)).unwrap_or_else(|_| settings.clone())
}

/// The fields of settings by name, in alphabetical order.
pub fn fields<S: Serialize>(settings: &S) -> Map<String, Value> {
    match serde_json::to_value(settings) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

/// A value as people write it: texts without quotes, lists with commas, null as nothing.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => Some(format!("[{}]", items.iter().filter_map(text).collect::<Vec<_>>().join(", "))),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeSet;

    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Settings {
        #[serde(skip_serializing_if = "Option::is_none")]
        class: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        storage: Option<i32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        groups: Option<BTreeSet<String>>,
    }

    #[test]
    fn an_absent_field_is_not_managed() {
        let observed = Settings { class: Some("db.t4g.small".into()), storage: Some(20), groups: None };
        assert_eq!(changes(&Settings::default(), &observed), None);
    }

    #[test]
    fn only_what_differs_is_kept_with_both_values() {
        let observed = Settings { class: Some("a".into()), storage: Some(20), groups: None };
        let desired = Settings {
            class: Some("a".into()),
            storage: Some(40),
            groups: Some(BTreeSet::from(["x".into(), "y".into()])),
        };
        let difference = changes(&desired, &observed).unwrap();
        assert_eq!(difference.delta, Settings { class: None, ..desired });
        let lines: Vec<String> = difference.changes.iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["groups: unset -> [x, y]", "storage: 20 -> 40"]);
    }
}
