//! A walk over the schema of the CRD.

use std::sync::LazyLock;

use serde_json::Value;

use crate::lab::crd;

/// One node with the path to it: property names, `[]` for items, `{}` for the values of a map.
pub struct Node {
    /// E.g. `spec.subnetIds.[]`.
    pub path: Vec<String>,
    /// Its schema.
    pub schema: Value,
}

impl Node {
    /// The path as one text.
    pub fn at(&self) -> String {
        self.path.join(".")
    }
}

/// Every node of the CRD's schema below (and with) the root.
pub fn nodes() -> &'static [Node] {
    static NODES: LazyLock<Vec<Node>> = LazyLock::new(|| {
        let mut all = Vec::new();
        walk(&crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"], Vec::new(), &mut all);
        all
    });
    &NODES
}

fn walk(schema: &Value, path: Vec<String>, all: &mut Vec<Node>) {
    let below = |name: &str| path.iter().cloned().chain([name.to_string()]).collect::<Vec<_>>();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        walk(property, below(name), all);
    }
    for (name, mark) in [("items", "[]"), ("additionalProperties", "{}")] {
        if schema[name].is_object() {
            walk(&schema[name], below(mark), all);
        }
    }
    all.push(Node { path, schema: schema.clone() });
}

/// Message of every CEL rule.
pub fn rule_messages() -> Vec<String> {
    nodes()
        .iter()
        .flat_map(|node| node.schema["x-kubernetes-validations"].as_array().cloned().unwrap_or_default())
        .map(|rule| rule["message"].as_str().expect("a rule without a message tells users nothing").to_string())
        .collect()
}
