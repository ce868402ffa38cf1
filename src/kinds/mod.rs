//! The kinds. CRDs and reference are derived from this list.

pub mod dynamo;
pub mod rds;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

/// The CRDs of every kind.
pub fn crds() -> Vec<CustomResourceDefinition> {
    vec![rds::RdsInstance::crd(), dynamo::DynamoTable::crd()]
}
