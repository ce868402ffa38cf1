//! A row for each CEL rule of the CRDs: what it refuses and in which words, and the nearest object that it admits. The rows
//! are in [`crate::kinds`].

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::kinds::{KINDS, Kind};
use crate::lab::{Refusal, lab, merged, object};
use crate::schema::rules;

/// One rule.
pub struct Row {
    /// Words of its message that no other rule has.
    says: &'static str,
    /// A spec that is admitted.
    base: Value,
    /// What makes it wrong (a merge patch).
    wrong: Value,
    /// What makes it almost wrong.
    right: Value,
    /// The rule is about changes: the base exists, and the patches are changes of it.
    changes: bool,
}

/// A rule about new objects.
pub fn row(says: &'static str, base: Value, wrong: Value, right: Value) -> Row {
    Row { says, base, wrong, right, changes: false }
}

/// A rule about changes. `before` completes the base.
pub fn change(says: &'static str, before: Value, wrong: Value, right: Value) -> Row {
    Row { says, base: before, wrong, right, changes: true }
}

/// A field that cannot change: everything else still can.
pub fn immutable(says: &'static str, base: Value, field: &str, from: Value, to: Value) -> Row {
    let before = merged(&base, &json!({field: from}));
    change(says, before, json!({field: to}), json!({"tags": {}}))
}

#[test]
fn every_rule_refuses_with_its_words_and_admits_the_nearest_valid_object() {
    let mut wrong = Vec::new();
    for kind in KINDS {
        let mut unmet = rules(kind.name);
        // Those of the object itself have tests of their own, below.
        unmet.retain(|(at, _)| !at.is_empty() && kind.can_try(at));
        println!("{}: {} rules", kind.name, unmet.len());
        for row in kind.all_rows() {
            match check(kind, &row) {
                Ok((at, said)) => unmet.retain(|(node, message)| *node != at || !said.ends_with(message)),
                Err(why) => {
                    wrong.push(format!("{}: {}\n    {} / {}: {why}", kind.name, row.says, row.wrong, row.right))
                }
            }
        }
        // A rule of a type that stands in several places of the schema must be met in each of them.
        wrong.extend(
            unmet.into_iter().map(|(at, says)| format!("{}: no row meets the rule of {at}: {says}", kind.name)),
        );
    }
    assert!(wrong.is_empty(), "{} rows fail:\n- {}", wrong.len(), wrong.join("\n- "));
}

/// What refused: node of the schema, and words that end with the rule's message.
fn check(kind: &Kind, row: &Row) -> Result<(String, String), String> {
    if row.changes { check_change(kind, row) } else { check_creation(kind, row) }
}

fn check_creation(kind: &Kind, row: &Row) -> Result<(String, String), String> {
    let asked = |patch: &Value| lab().create(&object(kind.name, &merged(&row.base, patch)), true);
    let rule = refused_alone(asked(&row.wrong), row.says)?;
    admitted(asked(&row.right)).map(|()| rule)
}

fn check_change(kind: &Kind, row: &Row) -> Result<(String, String), String> {
    let made = lab().create(&object(kind.name, &row.base), false);
    let stored = made.map_err(|refusal| format!("base: {}", refusal.message))?;
    let changed = |patch: &Value| merged(&stored, &json!({"spec": patch}));
    let checked = refused_alone(lab().could_become(&changed(&row.wrong)), row.says)
        .and_then(|rule| admitted(lab().could_become(&changed(&row.right))).map(|()| rule));
    lab().delete(&stored);
    checked
}

/// `spec.replicas[0].tags` is at the node `spec.replicas.[].tags`, `spec.tags[team]` at `spec.tags.{}`.
fn node(field: &str) -> String {
    let mut parts = field.split('[');
    let mut node = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let (key, rest) = part.split_once(']').unwrap_or((part, ""));
        let is_index = key.parse::<u32>().is_ok();
        node.push_str(if is_index { ".[]" } else { ".{}" });
        node.push_str(rest);
    }
    node
}

/// Refused, for this one reason only: where in the schema, and in which words.
fn refused_alone(answer: Result<Value, Refusal>, says: &str) -> Result<(String, String), String> {
    match answer {
        Ok(_) => Err("is not refused".into()),
        Err(refusal) if refusal.causes.len() == 1 && refusal.says("", says) => {
            let (field, said) = &refusal.causes[0];
            Ok((node(field), said.clone()))
        }
        Err(refusal) => Err(format!("is refused otherwise: {}", refusal.message)),
    }
}

fn admitted(answer: Result<Value, Refusal>) -> Result<(), String> {
    answer.map(|_| ()).map_err(|refusal| format!("the twin is refused: {}", refusal.message))
}

#[test]
fn the_name_of_an_object_fits_into_a_label() {
    for kind in KINDS {
        let named = |length: usize| {
            merged(&object(kind.name, &(kind.smallest)()), &json!({"metadata": {"name": "n".repeat(length)}}))
        };
        refused_alone(lab().create(&named(64), true), NAME_RULE).unwrap();
        admitted(lab().create(&named(63), true)).unwrap();
    }
}

#[test]
fn the_connection_secret_cannot_be_the_operator_s_own() {
    for kind in KINDS.iter().filter(|kind| kind.has_secret) {
        let named = |secret: &str| {
            let spec = merged(&(kind.smallest)(), &json!({"connectionSecret": {"name": secret}}));
            merged(&object(kind.name, &spec), &json!({"metadata": {"name": "orders"}}))
        };
        refused_alone(lab().create(&named("orders-credentials"), true), OWN_SECRET_RULE).unwrap();
        admitted(lab().create(&named("order-credentials"), true)).unwrap();
    }
}

#[test]
fn an_object_that_only_observes_needs_nothing_but_the_name_in_aws() {
    for kind in KINDS {
        let spec = json!({"managementPolicy": "Observe", "identifier": "legacy"});
        let stored = lab().create(&object(kind.name, &spec), false).unwrap();
        admitted(lab().could_become(&merged(&stored, &json!({"spec": {"tags": {"team": "a"}}})))).unwrap();
        lab().delete(&stored);
    }
}

const OWN_SECRET_RULE: &str = "that is the operator's own Secret";
const NAME_RULE: &str = "metadata.name has at most 63 characters";

#[test]
fn every_rule_of_the_crd_has_a_row_and_every_row_a_rule() {
    for kind in KINDS {
        let tried = rules(kind.name).into_iter().filter(|(at, _)| kind.can_try(at));
        let messages: BTreeSet<String> = tried.map(|(_, message)| message).collect();
        let rows = kind.all_rows();
        let own_secret = kind.has_secret.then_some(OWN_SECRET_RULE);
        let says: Vec<&str> = rows.iter().map(|row| row.says).chain([NAME_RULE]).chain(own_secret).collect();
        let without_row: Vec<_> =
            messages.iter().filter(|message| !says.iter().any(|words| message.contains(words))).collect();
        assert!(without_row.is_empty(), "add a row to tests/apiserver/kinds/ for {}: {without_row:#?}", kind.name);
        for words in &says {
            let rules = messages.iter().filter(|message| message.contains(words)).count();
            assert_eq!(rules, 1, "{}: {words:?} must be words of exactly one rule", kind.name);
        }
        println!("{}: {} messages, {} rows", kind.name, messages.len(), says.len());
    }
}
