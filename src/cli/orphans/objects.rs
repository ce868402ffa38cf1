//! Which objects there are, with the rights of whoever calls.

use kube::api::{ApiResource, DynamicObject, ListParams};
use kube::{Api, Client, ResourceExt};

use crate::controller::cluster::ClusterError;
use crate::controller::kube::refusal;
use crate::kinds;
use crate::orphans::{Holder, Holders};
use crate::spec::SharedStatus;

/// Objects of a kind in one answer.
const PAGE: u32 = 500;

/// The objects of each kind that could be read, and a sentence on each kind that could not.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub holders: Holders,
    pub notes: Vec<String>,
}

/// Reads the objects of all kinds. They are read as they are stored: one that this version cannot read owns its things too.
pub(super) async fn read(client: &Client, namespace: Option<&str>) -> Read {
    let mut read = Read::default();
    for resource in resources() {
        let kind = resource.kind.clone();
        let api: Api<DynamicObject> = match namespace {
            Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
            None => Api::all_with(client.clone(), &resource),
        };
        match list(&api).await {
            Ok(holders) => drop(read.holders.insert(kind, holders)),
            Err(ClusterError::Gone(_)) => {
                read.notes.push(format!("{kind} is not installed: what carries its tags is not judged"));
            }
            Err(why) => {
                read.notes.push(format!("{kind} cannot be listed, so what carries its tags is not judged: {why}"));
            }
        }
    }
    read
}

/// Every kind that this version has.
fn resources() -> Vec<ApiResource> {
    let resource =
        |crd: k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition| {
            let version = crd.spec.versions.first()?.name.clone();
            Some(ApiResource {
                api_version: format!("{}/{version}", crd.spec.group),
                group: crd.spec.group,
                version,
                kind: crd.spec.names.kind,
                plural: crd.spec.names.plural,
            })
        };
    kinds::crds().into_iter().filter_map(resource).collect()
}

async fn list(api: &Api<DynamicObject>) -> Result<Vec<Holder>, ClusterError> {
    let (mut all, mut next) = (Vec::new(), None);
    loop {
        let page = ListParams { limit: Some(PAGE), continue_token: next.take(), ..ListParams::default() };
        let listed = api.list(&page).await.map_err(|error| refusal(&error))?;
        all.extend(listed.items.iter().map(holder));
        match listed.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => next = Some(token),
            None => return Ok(all),
        }
    }
}

fn holder(object: &DynamicObject) -> Holder {
    let status = serde_json::from_value::<SharedStatus>(object.data["status"].clone()).unwrap_or_default();
    Holder {
        namespace: object.namespace().unwrap_or_default(),
        name: object.name_any(),
        arn: status.arn,
        region: status.region,
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body as Answer;
    use axum::http::{Request, Response, StatusCode};
    use kube::client::Body;
    use serde_json::json;

    use super::*;

    /// Two pages of RdsInstances, and this answer for tables.
    fn api_server(tables: StatusCode) -> Client {
        let service = tower::service_fn(move |request: Request<Body>| {
            let (path, query) =
                (request.uri().path().to_string(), request.uri().query().unwrap_or_default().to_string());
            let object = |name: &str, status| {
                json!({ "apiVersion": "awsdb.dev/v1alpha1", "kind": "RdsInstance",
                "metadata": { "namespace": "shop", "name": name }, "spec": {}, "status": status })
            };
            let page = |token: &str, items| {
                json!({ "apiVersion": "awsdb.dev/v1alpha1", "kind": "RdsInstanceList",
                "metadata": { "continue": token }, "items": [items] })
            };
            let (code, body) = if path.ends_with("/dynamotables") {
                let status = json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": tables.as_u16(),
                    "reason": "x", "message": "no tables for you" });
                (tables, status)
            } else if !path.ends_with("/rdsinstances") || path.contains("/namespaces/") {
                (StatusCode::OK, json!({ "metadata": {}, "items": [] }))
            } else if query.contains("continue=more") {
                (StatusCode::OK, page("", object("new", json!(null))))
            } else {
                assert!(query.contains("limit=500"), "{query}");
                (StatusCode::OK, page("more", object("orders", json!({ "arn": "a", "region": "r", "conditions": [] }))))
            };
            let mut answer = Response::new(Answer::from(body.to_string()));
            *answer.status_mut() = code;
            std::future::ready(Ok::<_, std::convert::Infallible>(answer))
        });
        Client::new(service, "default")
    }

    /// Kinds that the server has no objects of.
    fn without_any() -> [(String, Vec<Holder>); 2] {
        ["AuroraServerless", "DbSnapshot"].map(|kind| (kind.to_string(), Vec::new()))
    }

    #[tokio::test]
    async fn every_page_of_a_kind_is_read_and_a_kind_that_is_not_there_is_said() {
        let read = read(&api_server(StatusCode::NOT_FOUND), None).await;
        let named = |name: &str, arn: Option<&str>, region: Option<&str>| Holder {
            namespace: "shop".into(),
            name: name.into(),
            arn: arn.map(Into::into),
            region: region.map(Into::into),
        };
        let all = vec![named("orders", Some("a"), Some("r")), named("new", None, None)];
        assert_eq!(read.holders, [("RdsInstance".to_string(), all)].into_iter().chain(without_any()).collect());
        assert_eq!(read.notes, ["DynamoTable is not installed: what carries its tags is not judged"]);
    }

    #[tokio::test]
    async fn a_kind_that_may_not_be_listed_is_said_with_the_reason_and_has_no_objects_that_seem_missing() {
        let read = read(&api_server(StatusCode::FORBIDDEN), Some("billing")).await;
        let none = [("RdsInstance".to_string(), Vec::new())].into_iter().chain(without_any());
        assert_eq!(read.holders, none.collect());
        assert!(read.notes.len() == 1 && read.notes[0].ends_with("not judged: forbidden: no tables for you"));
    }
}
