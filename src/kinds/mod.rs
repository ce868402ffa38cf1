//! The kinds. CRDs and reference are derived from this list.

pub mod aurora;
pub mod connection;
pub mod credentials;
pub mod dynamo;
pub mod finals;
pub mod groups;
pub mod rds;
pub mod restore;
pub mod roles;
pub mod snapshot;
pub mod tags;

use std::collections::BTreeMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

use crate::aws::owner::default_identifier;
use crate::conditions::Reason;
use crate::kind::{Inputs, Kind, Waiting};
use crate::spec::DisruptivePolicy;

/// The CRDs of every kind.
pub fn crds() -> Vec<CustomResourceDefinition> {
    vec![
        rds::RdsInstance::crd(),
        aurora::AuroraServerless::crd(),
        dynamo::DynamoTable::crd(),
        snapshot::DbSnapshot::crd(),
    ]
}

/// `<identifier>-final-<first 8 of the object's uid>`: the name of what a deletion leaves.
fn final_name(identifier: &str, inputs: &Inputs) -> String {
    let uid: String = inputs.uid.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    format!("{identifier}-final-{}", uid.to_ascii_lowercase())
}

/// The first name that nothing has: the base, or the base with a number. What has a name already is never taken for this
/// deletion's, since writes may have come after it.
fn free_name(base: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2..).map(|n| format!("{base}-{n}"));
    std::iter::once(base.to_string()).chain(numbered).find(|name| !is_taken(name)).unwrap_or_else(|| base.into())
}

/// The identifier in use: status first, then spec, then the default.
fn identifier<K: Kind>(object: &K, inputs: &Inputs) -> String {
    let recorded = object.status().and_then(|status| status.identifier.clone());
    recorded.or_else(|| object.shared().identifier.clone()).unwrap_or_else(|| {
        let owner = &inputs.owner;
        default_identifier(&owner.kind, &owner.namespace, &owner.name, K::IDENTIFIER_MAX)
    })
}

/// What waits for AWS's maintenance window on purpose: accepted, therefore synced, and worth saying.
fn deferred(policy: DisruptivePolicy, pending: &BTreeMap<String, String>) -> Option<Waiting> {
    (!pending.is_empty()).then(|| {
        let list: Vec<String> = pending.iter().map(|(field, value)| format!("{field}: {value}")).collect();
        let by_policy = policy == DisruptivePolicy::Window;
        let how = if by_policy { "; changePolicy.disruptive: Immediate applies it at once" } else { "" };
        let text = format!("AWS applies in the maintenance window: {}{how}", list.join(", "));
        Waiting::new(Reason::WaitingForWindow, text)
    })
}
