//! Every bound of the specs' schemas, found in the CRDs themselves: a value one beyond it is refused in words that name
//! field and bound, a value at it is admitted. What a generator cannot guess (texts that fit a pattern, neighbours that a
//! rule wants) is in [`crate::kinds`].

use serde_json::{Map, Value, json};

use crate::kinds::{KINDS, Kind};
use crate::lab::{Refusal, lab, merged, object};
use crate::schema::{Node, nodes};

/// One bound of one field.
struct Case {
    path: String,
    /// The bound, for messages.
    bound: &'static str,
    /// Beyond it.
    wrong: Value,
    /// Words of the refusal.
    says: String,
    /// At it.
    right: Value,
}

fn cases(kind: &Kind) -> Vec<Case> {
    let spec = nodes(kind.name).iter().filter(|node| node.path.first().is_some_and(|first| first == "spec"));
    spec.filter(|node| kind.can_try(&node.at())).flat_map(|node| cases_of(kind, node)).collect()
}

fn cases_of(kind: &Kind, node: &Node) -> Vec<Case> {
    let (path, schema) = (node.at(), &node.schema);
    let number = |name: &str| schema[name].as_f64().map(|number| number as i64);
    let size = |name: &str| schema[name].as_u64().map(|size| size as usize);
    let text = |length: usize| text(kind, &path, length);
    let mut all = Vec::new();
    let mut add = |bound, wrong: Value, says: String, right: Value| {
        all.push(Case { path: path.clone(), bound, wrong, says, right });
    };
    if let Some(most) = number("maximum") {
        add("maximum", json!(most + 1), format!("less than or equal to {most}"), json!(most));
    }
    if let Some(least) = number("minimum") {
        add("minimum", json!(least - 1), format!("greater than or equal to {least}"), json!(least));
    }
    if let Some(list) = schema["enum"].as_array() {
        for word in list.iter().filter(|word| !word.is_null()) {
            add("enum", json!("no-such-word"), "Unsupported value".into(), word.clone());
        }
    } else if let Some(most) = size("maxLength") {
        add("maxLength", json!(text(most + 1)), format!("may not be more than {most}"), json!(text(most)));
    }
    if let Some(least) = size("minLength") {
        let wrong: String = text(least).chars().take(least - 1).collect();
        add("minLength", json!(wrong), format!("at least {least} chars long"), json!(text(least)));
    }
    if let Some(most) = size("maxItems") {
        add("maxItems", list(kind, node, most + 1), format!("at most {most} items"), list(kind, node, most));
    }
    if let Some(least) = size("minItems") {
        add("minItems", list(kind, node, least - 1), format!("at least {least} items"), list(kind, node, least));
    }
    if let Some(most) = size("maxProperties") {
        add("maxProperties", map(kind, node, most + 1), format!("at most {most} items"), map(kind, node, most));
    }
    for name in schema["required"].as_array().into_iter().flatten().filter(|_| path != "spec") {
        let whole = sample(kind, node, 0);
        add("required", merged(&whole, &json!({name.as_str().unwrap(): null})), "Required value".into(), whole);
    }
    if schema["x-kubernetes-list-type"].is_string() {
        let two = list(kind, node, size("minItems").unwrap_or(1));
        let mut twice = two.as_array().unwrap().clone();
        twice.push(twice[0].clone());
        add("unique", json!(twice), "Duplicate value".into(), two);
    }
    if schema["format"] == "date-time" {
        add("format", json!("yesterday"), "date-time".into(), json!("2026-01-31T09:30:00Z"));
    }
    all
}

fn text(kind: &Kind, path: &str, length: usize) -> String {
    let special = kind.texts.iter().find(|(at, _)| *at == path).map(|(_, make)| *make);
    let make = kind.pattern(path).map(|pattern| pattern.make).or(special);
    make.map_or_else(|| "x".repeat(length), |make| make(length))
}

/// The node below one.
fn below(node: &Node, step: &str, schema: &Value) -> Node {
    Node { path: node.path.iter().cloned().chain([step.to_string()]).collect(), schema: schema.clone() }
}

/// A list of different items.
fn list(kind: &Kind, node: &Node, length: usize) -> Value {
    let item = below(node, "[]", &node.schema["items"]);
    let keys: Vec<&str> =
        node.schema["x-kubernetes-list-map-keys"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let different = |index: usize| {
        let whole = sample(kind, &item, index);
        // A key with a default is not required; items that leave it out would be one and the same.
        let named = keys.iter().map(|key| {
            let field = below(&item, key, &item.schema["properties"][*key]);
            (key.to_string(), sample(kind, &field, index))
        });
        if keys.is_empty() { whole } else { replaced(&whole, &Value::Object(named.collect())) }
    };
    Value::Array((0..length).map(different).collect())
}

fn map(kind: &Kind, node: &Node, size: usize) -> Value {
    let one = sample(kind, &below(node, "{}", &node.schema["additionalProperties"]), 0);
    let entries: Map<String, Value> = (0..size).map(|index| (format!("k{index}"), one.clone())).collect();
    Value::Object(entries)
}

/// The smallest value that a schema takes; another one for each index, as far as there are texts in it.
fn sample(kind: &Kind, node: &Node, index: usize) -> Value {
    let (path, schema) = (node.at(), &node.schema);
    if let Some(first) = schema["enum"].as_array().and_then(|list| list.first()) {
        return first.clone();
    }
    match schema["type"].as_str().unwrap_or_default() {
        "string" => {
            let (least, most) = (schema["minLength"].as_u64().unwrap_or(1).max(8), schema["maxLength"].as_u64());
            let length = (least as usize + index).min(most.map_or(usize::MAX, |most| most as usize));
            json!(text(kind, &path, length))
        }
        "integer" => {
            let least = schema["minimum"].as_f64().unwrap_or(1.0) as i64;
            let most = schema["maximum"].as_f64().map_or(i64::MAX, |most| most as i64);
            json!((least + index as i64).min(most))
        }
        "number" => json!(schema["minimum"].as_f64().unwrap_or(1.0)),
        "boolean" => json!(true),
        "array" => list(kind, node, schema["minItems"].as_u64().unwrap_or(1) as usize),
        _ => {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let property = |name: &str| sample(kind, &below(node, name, &schema["properties"][name]), index);
            Value::Object(required.map(|name| (name.to_string(), property(name))).collect())
        }
    }
}

/// With these fields, as they are.
fn replaced(base: &Value, fields: &Value) -> Value {
    let all = [base, fields].into_iter().filter_map(Value::as_object).flatten();
    Value::Object(all.map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// A key of a map, which every map takes.
const KEY: &str = "rdsdbdata2";

/// An object in which the field at a path has a value, and what its neighbours require.
fn with(kind: &Kind, path: &str, value: &Value) -> Value {
    let steps: Vec<String> = path.split('.').map(Into::into).collect();
    let required = |parent: &[String]| {
        let node =
            nodes(kind.name).iter().find(|node| node.path == parent).expect("every path leads through the schema");
        sample(kind, node, 0)
    };
    let nested = (1..steps.len()).rev().fold(value.clone(), |inner, at| match steps[at].as_str() {
        "[]" => json!([inner]),
        "{}" => json!({KEY: inner}),
        name => replaced(&required(&steps[..at]), &json!({name: inner})),
    });
    let base = if path.starts_with("spec.source") { json!({}) } else { (kind.smallest)() };
    let spec = merged(&replaced(&base, &nested), &(kind.neighbours)(path, value));
    object(kind.name, &spec)
}

/// A list item needs its neighbours: the smallest list with this item in it.
fn completed(kind: &Kind, path: &str, value: &Value) -> (String, Value) {
    let Some(parent) = path.strip_suffix(".[]") else { return (path.into(), value.clone()) };
    let node = nodes(kind.name).iter().find(|node| node.at() == parent).expect("an item is in a list");
    let least = node.schema["minItems"].as_u64().unwrap_or(1);
    let item = below(node, "[]", &node.schema["items"]);
    let others = (1..least).map(|index| sample(kind, &item, 10 + index as usize));
    (parent.into(), Value::Array(std::iter::once(value.clone()).chain(others).collect()))
}

fn ask(kind: &Kind, path: &str, value: &Value) -> Result<Value, Refusal> {
    let (path, value) = completed(kind, path, value);
    lab().create(&with(kind, &path, &value), true)
}

fn objection(kind: &Kind, path: &str, value: &Value, says: &str) -> Option<String> {
    let field = path.split('.').rfind(|step| !matches!(*step, "[]" | "{}")).unwrap_or_default();
    match ask(kind, path, value) {
        Ok(_) => Some(format!("{value} is not refused")),
        Err(refusal) if refusal.says("", says) && refusal.message.contains(field) => None,
        Err(refusal) => Some(format!("{value} is refused without saying {field} and {says:?}: {}", refusal.message)),
    }
}

fn admission(kind: &Kind, path: &str, value: &Value) -> Option<String> {
    ask(kind, path, value).err().map(|refusal| format!("{value} is refused: {}", refusal.message))
}

#[test]
fn every_bound_of_the_schema_holds() {
    let mut wrong = Vec::new();
    for kind in KINDS {
        let cases = cases(kind);
        for case in &cases {
            let inside = kind.inside.iter().find(|(at, _)| *at == case.path);
            let right = inside.map_or_else(|| case.right.clone(), |(_, json)| serde_json::from_str(json).unwrap());
            let found = [objection(kind, &case.path, &case.wrong, &case.says), admission(kind, &case.path, &right)];
            let place = format!("{} {} {}", kind.name, case.path, case.bound);
            wrong.extend(found.into_iter().flatten().map(|why| format!("{place}: {why}")));
        }
        println!("{}: {} bounds", kind.name, cases.len());
    }
    assert!(wrong.is_empty(), "{} bounds:\n- {}", wrong.len(), wrong.join("\n- "));
}

#[test]
fn every_pattern_takes_what_aws_takes_and_refuses_the_rest() {
    let mut wrong = Vec::new();
    for kind in KINDS {
        let is_pattern =
            |node: &&Node| node.schema["pattern"].is_string() && node.path[0] == "spec" && kind.can_try(&node.at());
        let paths: Vec<String> = nodes(kind.name).iter().filter(is_pattern).map(Node::at).collect();
        for path in &paths {
            let Some(pattern) = kind.pattern(path) else {
                panic!("add {path} to the patterns of {} in tests/apiserver/kinds/", kind.name)
            };
            let good = pattern.good.iter().map(|text| admission(kind, path, &json!(text)));
            let all = good.chain(pattern.bad.iter().map(|text| objection(kind, path, &json!(text), "")));
            wrong.extend(all.flatten().map(|why| format!("{} {path}: {why}", kind.name)));
        }
        assert_eq!(paths.len(), kind.all_patterns().count(), "{} has a field less with a pattern", kind.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
