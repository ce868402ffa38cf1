//! The kinds. CRDs and reference are derived from this list.

pub mod dynamo;
pub mod rds;
pub mod tags;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

use crate::aws::owner::default_identifier;
use crate::kind::{Inputs, Kind};

/// The CRDs of every kind.
pub fn crds() -> Vec<CustomResourceDefinition> {
    vec![rds::RdsInstance::crd(), dynamo::DynamoTable::crd()]
}

/// The identifier in use: status first, then spec, then the default.
fn identifier<K: Kind>(object: &K, inputs: &Inputs) -> String {
    let recorded = object.status().and_then(|status| status.identifier.clone());
    recorded.or_else(|| object.shared().identifier.clone()).unwrap_or_else(|| {
        let owner = &inputs.owner;
        default_identifier(&owner.kind, &owner.namespace, &owner.name, K::IDENTIFIER_MAX)
    })
}
