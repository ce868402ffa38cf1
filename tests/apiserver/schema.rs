//! A walk over the schemas of the CRDs.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use crate::lab::crds;

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

/// Every node of a CRD's schema below (and with) the root.
pub fn nodes(kind: &str) -> &'static [Node] {
    static NODES: LazyLock<BTreeMap<String, Vec<Node>>> = LazyLock::new(|| {
        let of = |crd: &Value| {
            let mut all = Vec::new();
            walk(&crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"], Vec::new(), &mut all);
            (crd["spec"]["names"]["kind"].as_str().unwrap().to_string(), all)
        };
        crds().iter().map(of).collect()
    });
    &NODES[kind]
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

/// Every CEL rule: the node that it is on, and its message.
pub fn rules(kind: &str) -> Vec<(String, String)> {
    let message = |rule: &Value| rule["message"].as_str().expect("a rule without a message tells users nothing").into();
    nodes(kind)
        .iter()
        .flat_map(|node| {
            let rules = node.schema["x-kubernetes-validations"].as_array().into_iter().flatten();
            rules.map(|rule| (node.at(), message(rule)))
        })
        .collect()
}
