//! The seam to Kubernetes on a real API server. Every write names the resourceVersion that it is based on, so that nothing
//! is written onto an object that somebody changed in between, nor onto the successor of a deleted one.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{
    ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams, PostParams,
    Preconditions,
};
use kube::core::NamespaceResourceScope;
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::cluster::{Cluster, ClusterError, Note, SecretContent};
use super::events::Events;
use super::gather::referred;
use crate::aws::Password;
use crate::kind::{ObjectName, Referred};
use crate::kinds::snapshot::DbSnapshot;

const STATUS: &str = "awsdb/status";
const SECRETS: &str = "awsdb/secrets";
const OBJECTS: &str = "awsdb/objects";
/// Annotations with this prefix are ours, and go when we no longer want them.
const OURS: &str = "awsdb.dev/";
/// An event is worth this wait and no more.
const EVENT: Duration = Duration::from_secs(5);

/// Kubernetes, for the objects of one kind.
pub struct KubeCluster<K> {
    client: Client,
    events: Events,
    may_not_read_crd: AtomicBool,
    kind: PhantomData<fn() -> K>,
}

impl<K> KubeCluster<K> {
    /// `client` has bounded timeouts and no retries of its own: a round has a deadline. Events name `pod` as the one that
    /// reports.
    pub fn new(client: Client, pod: Option<String>) -> Self {
        let events = Events::new(client.clone(), pod);
        Self { client, events, may_not_read_crd: AtomicBool::new(false), kind: PhantomData }
    }

    fn secrets(&self, namespace: &str) -> Api<Secret> {
        Api::namespaced(self.client.clone(), namespace)
    }
}

impl<K> Cluster<K> for KubeCluster<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned + Send + Sync,
{
    async fn object(&self, namespace: &str, name: &str) -> Result<Option<K>, ClusterError> {
        Api::namespaced(self.client.clone(), namespace).get_opt(name).await.map_err(|error| refusal(&error))
    }

    async fn secret(&self, namespace: &str, name: &str) -> Result<Option<SecretContent>, ClusterError> {
        Ok(self.secrets(namespace).get_opt(name).await.map_err(|error| refusal(&error))?.map(content))
    }

    async fn config_map(&self, namespace: &str, name: &str) -> Result<Option<BTreeMap<String, String>>, ClusterError> {
        let api: Api<ConfigMap> = Api::namespaced(self.client.clone(), namespace);
        let read = api.get_opt(name).await.map_err(|error| refusal(&error))?;
        Ok(read.map(|found| found.data.unwrap_or_default()))
    }

    async fn referred(&self, namespace: &str, name: &ObjectName) -> Result<Option<Referred>, ClusterError> {
        let kind = GroupVersionKind::gvk(&K::group(&()), &K::version(&()), name.kind);
        let kind = ApiResource::from_gvk_with_plural(&kind, name.plural);
        let api: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), namespace, &kind);
        let read = api.get_opt(&name.name).await.map_err(|error| refusal(&error))?;
        Ok(read.map(|object| referred(&object.metadata, &object.data["status"])))
    }

    /// Created by POST, since an apply would take over a Secret that exists. Changed by a merge patch: what a POST wrote
    /// belongs to another field manager entry than what an apply writes, so an apply could not remove a key again.
    async fn write_secret(&self, namespace: &str, secret: &SecretContent) -> Result<String, ClusterError> {
        let api = self.secrets(namespace);
        let written = match &secret.version {
            None => {
                let manager = PostParams { field_manager: Some(SECRETS.into()), ..PostParams::default() };
                api.create(&manager, &new_secret(secret)).await.map_err(|error| refusal(&error))?
            }
            Some(version) => {
                let stored = api.get_opt(&secret.name).await.map_err(|error| refusal(&error))?;
                let stored = stored.filter(|stored| stored.resource_version().as_ref() == Some(version));
                let changed = || ClusterError::Conflict(format!("Secret {} is not the one that was read", secret.name));
                let patch = Patch::Merge(secret_patch(&stored.ok_or_else(changed)?, secret));
                api.patch(&secret.name, &managed_by(SECRETS), &patch).await.map_err(|error| refusal(&error))?
            }
        };
        Ok(written.resource_version().unwrap_or_default())
    }

    async fn delete_secret(&self, namespace: &str, name: &str, version: &str) -> Result<(), ClusterError> {
        let only = Preconditions { resource_version: Some(version.into()), uid: None };
        absent_is_success(self.secrets(namespace).delete(name, &DeleteParams::default().preconditions(only)).await)
    }

    async fn write_status(&self, object: &K, status: Value) -> Result<String, ClusterError> {
        let (api, name) = self.home_of(object);
        let patch = Patch::Apply(status_body(object, status));
        let written: K = api
            .patch_status(&name, &PatchParams::apply(STATUS).force(), &patch)
            .await
            .map_err(|error| refusal(&error))?;
        Ok(written.resource_version().unwrap_or_default())
    }

    async fn set_finalizers(&self, object: &K, finalizers: Vec<String>) -> Result<K, ClusterError> {
        let (api, name) = self.home_of(object);
        let metadata = json!({ "finalizers": finalizers, "resourceVersion": object.resource_version() });
        let patch = Patch::Merge(json!({ "metadata": metadata }));
        api.patch(&name, &managed_by(OBJECTS), &patch).await.map_err(|error| refusal(&error))
    }

    async fn delete_object(&self, object: &K) -> Result<(), ClusterError> {
        let (api, name) = self.home_of(object);
        let only = Preconditions { resource_version: object.resource_version(), uid: object.uid() };
        absent_is_success(api.delete(&name, &DeleteParams::background().preconditions(only)).await)
    }

    async fn snapshots(&self, namespace: &str, label: &str, value: &str) -> Result<Vec<DbSnapshot>, ClusterError> {
        let api: Api<DbSnapshot> = Api::namespaced(self.client.clone(), namespace);
        let list = api.list(&ListParams::default().labels(&format!("{label}={value}"))).await;
        Ok(list.map_err(|error| refusal(&error))?.items)
    }

    async fn create_snapshot(&self, snapshot: &DbSnapshot) -> Result<(), ClusterError> {
        let api: Api<DbSnapshot> = Api::namespaced(self.client.clone(), &snapshot.namespace().unwrap_or_default());
        let manager = PostParams { field_manager: Some(OBJECTS.into()), ..PostParams::default() };
        api.create(&manager, snapshot).await.map(|_| ()).map_err(|error| refusal(&error))
    }

    async fn delete_snapshot(&self, snapshot: &DbSnapshot) -> Result<(), ClusterError> {
        let api: Api<DbSnapshot> = Api::namespaced(self.client.clone(), &snapshot.namespace().unwrap_or_default());
        let only = Preconditions { resource_version: None, uid: snapshot.uid() };
        absent_is_success(api.delete(&snapshot.name_any(), &DeleteParams::background().preconditions(only)).await)
    }

    async fn crd_is_being_deleted(&self) -> Result<bool, ClusterError> {
        let name = format!("{}.{}", K::plural(&()), K::group(&()));
        let crds = Api::<CustomResourceDefinition>::all(self.client.clone());
        match crds.get_metadata_opt(&name).await.map_err(|error| refusal(&error)) {
            Ok(crd) => Ok(crd.is_none_or(|crd| crd.metadata.deletion_timestamp.is_some())),
            Err(ClusterError::Forbidden(why)) => {
                if !self.may_not_read_crd.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        why,
                        "cannot tell whether CRD {name} is being deleted: deletions are not held for that"
                    );
                }
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    async fn tell(&self, object: &K, note: Note) {
        let sent = tokio::time::timeout(EVENT, self.events.publish(&object.object_ref(&()), &note)).await;
        let why = match sent {
            Ok(Ok(())) => return,
            Ok(Err(error)) => refusal(&error).to_string(),
            Err(_) => "no answer in time".into(),
        };
        tracing::warn!(reason = note.reason, why, "an event was not published: {}", note.text);
    }
}

impl<K> KubeCluster<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
{
    fn home_of(&self, object: &K) -> (Api<K>, String) {
        (Api::namespaced(self.client.clone(), &object.namespace().unwrap_or_default()), object.name_any())
    }
}

fn absent_is_success<T>(deleted: Result<T, kube::Error>) -> Result<(), ClusterError> {
    match deleted.map_err(|error| refusal(&error)) {
        Ok(_) | Err(ClusterError::Gone(_)) => Ok(()),
        Err(refusal) => Err(refusal),
    }
}

fn managed_by(manager: &str) -> PatchParams {
    PatchParams { field_manager: Some(manager.into()), ..PatchParams::default() }
}

/// An apply body. It names the resourceVersion, because a uid in it is not checked; and it holds no nulls, because those
/// are stored.
fn status_body<K: Resource<DynamicType = ()>>(object: &K, mut status: Value) -> Value {
    drop_nulls(&mut status);
    json!({
        "apiVersion": K::api_version(&()),
        "kind": K::kind(&()),
        "metadata": {
            "name": object.name_any(),
            "namespace": object.namespace(),
            "resourceVersion": object.resource_version(),
        },
        "status": status,
    })
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// Keys that are not text are left out: nothing of ours is written so, and no password is.
fn content(secret: Secret) -> SecretContent {
    let text = |(key, ByteString(bytes))| Some((key, Password::new(String::from_utf8(bytes).ok()?)));
    SecretContent {
        name: secret.name_any(),
        version: secret.resource_version(),
        secret_type: secret.type_.unwrap_or_default(),
        labels: secret.metadata.labels.unwrap_or_default(),
        annotations: secret.metadata.annotations.unwrap_or_default(),
        data: secret.data.unwrap_or_default().into_iter().filter_map(text).collect(),
    }
}

fn bytes(data: &BTreeMap<String, Password>) -> BTreeMap<String, ByteString> {
    data.iter().map(|(key, value)| (key.clone(), ByteString(value.expose().as_bytes().to_vec()))).collect()
}

fn new_secret(wanted: &SecretContent) -> Secret {
    let mut secret =
        Secret { type_: Some(wanted.secret_type.clone()), data: Some(bytes(&wanted.data)), ..Secret::default() };
    secret.metadata.name = Some(wanted.name.clone());
    secret.metadata.labels = Some(wanted.labels.clone());
    secret.metadata.annotations = Some(wanted.annotations.clone());
    secret
}

/// The data becomes exactly what is wanted; labels and annotations of others stay. The type is immutable.
fn secret_patch(stored: &Secret, wanted: &SecretContent) -> Value {
    let removed = |key: &&String| key.starts_with(OURS) && !wanted.annotations.contains_key(*key);
    let mut annotations: Map<String, Value> =
        stored.annotations().keys().filter(removed).map(|key| (key.clone(), Value::Null)).collect();
    annotations.extend(wanted.annotations.iter().map(|(key, value)| (key.clone(), json!(value))));
    let mut data: Map<String, Value> =
        stored.data.iter().flatten().map(|(key, _)| (key.clone(), Value::Null)).collect();
    data.extend(bytes(&wanted.data).into_iter().map(|(key, value)| (key, json!(value))));
    json!({
        "metadata": {
            "resourceVersion": wanted.version,
            "labels": wanted.labels,
            "annotations": annotations,
        },
        "data": data,
    })
}

/// What a kube error means to a round.
pub(crate) fn refusal(error: &kube::Error) -> ClusterError {
    let kube::Error::Api(status) = error else { return ClusterError::Other(chain(error)) };
    let words = status.message.clone();
    // By code: a 404 for a kind that is not installed has a reason of kube's own.
    match status.code {
        _ if words.contains("field not declared in schema") => ClusterError::Schema(words),
        404 => ClusterError::Gone(words),
        409 => ClusterError::Conflict(words),
        403 => ClusterError::Forbidden(words),
        code => ClusterError::Other(format!("{code} {}: {words}", status.reason)),
    }
}

/// An error with its causes: kube's own words often end before the reason.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    for cause in std::iter::successors(Some(error), |cause| cause.source()) {
        let text = cause.to_string();
        if texts.last().is_none_or(|last| !last.contains(&text)) {
            texts.push(text);
        }
    }
    texts.join(": ")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::http::{Request, Response};
    use k8s_openapi::api::core::v1::ConfigMap;
    use kube::client::Body;
    use kube::core::Status;

    use super::*;

    fn api_error(code: u16, reason: &str, message: &str) -> kube::Error {
        let status = json!({ "status": "Failure", "code": code, "reason": reason, "message": message });
        kube::Error::Api(Box::new(serde_json::from_value::<Status>(status).unwrap()))
    }

    #[test]
    fn refusals_are_told_apart() {
        use ClusterError::{Conflict, Forbidden, Gone, Other, Schema};
        for (code, reason, message, expected) in [
            (409, "Conflict", "changed", Conflict("changed".into())),
            (409, "AlreadyExists", "exists", Conflict("exists".into())),
            (404, "NotFound", "none", Gone("none".into())),
            (404, "Failed to parse error data", "404 page not found", Gone("404 page not found".into())),
            (403, "Forbidden", "no right", Forbidden("no right".into())),
            (
                500,
                "",
                ".status.new: field not declared in schema",
                Schema(".status.new: field not declared in schema".into()),
            ),
            (500, "InternalError", "etcd", Other("500 InternalError: etcd".into())),
            (429, "TooManyRequests", "later", Other("429 TooManyRequests: later".into())),
            (422, "Invalid", "type", Other("422 Invalid: type".into())),
        ] {
            assert_eq!(refusal(&api_error(code, reason, message)), expected);
        }
    }

    #[test]
    fn an_error_without_an_answer_is_told_with_its_causes() {
        let cause = std::io::Error::other("connection refused");
        let error = refusal(&kube::Error::Service(Box::new(cause)));
        assert_eq!(error, ClusterError::Other("ServiceError: connection refused".into()));
    }

    #[test]
    fn a_status_body_names_its_object_and_version_and_holds_no_nulls() {
        let mut object = ConfigMap::default();
        object.metadata.name = Some("orders".into());
        object.metadata.namespace = Some("shop".into());
        object.metadata.resource_version = Some("7".into());
        let body =
            status_body(&object, json!({ "arn": null, "plan": { "hash": null, "steps": [{ "because": null }] } }));
        assert_eq!(
            body,
            json!({
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": { "name": "orders", "namespace": "shop", "resourceVersion": "7" },
                "status": { "plan": { "steps": [{}] } },
            })
        );
    }

    fn wanted() -> SecretContent {
        SecretContent {
            name: "orders".into(),
            secret_type: "Opaque".into(),
            labels: [("app".into(), "awsdb".into())].into(),
            annotations: [("awsdb.dev/owner".into(), "me".into())].into(),
            data: [("password".into(), Password::new("new"))].into(),
            version: Some("7".into()),
        }
    }

    #[test]
    fn a_secret_patch_removes_old_keys_and_our_old_annotations_only() {
        let mut stored = new_secret(&wanted());
        stored.data.as_mut().unwrap().insert("password-next".into(), ByteString(b"x".to_vec()));
        stored.annotations_mut().insert("awsdb.dev/next-accepted".into(), "then".into());
        stored.annotations_mut().insert("backup.example/at".into(), "noon".into());
        assert_eq!(
            secret_patch(&stored, &wanted()),
            json!({
                "metadata": {
                    "resourceVersion": "7",
                    "labels": { "app": "awsdb" },
                    "annotations": { "awsdb.dev/owner": "me", "awsdb.dev/next-accepted": null },
                },
                "data": { "password": "bmV3", "password-next": null },
            })
        );
    }

    #[test]
    fn a_secret_reads_back_as_it_was_written() {
        let mut secret = new_secret(&wanted());
        secret.metadata.resource_version = Some("7".into());
        secret.data.as_mut().unwrap().insert("binary".into(), ByteString(vec![0xff]));
        assert_eq!(content(secret), wanted());
    }

    /// A cluster that answers everything with this, and what it was asked.
    fn answering(code: u16, body: Value) -> (KubeCluster<ConfigMap>, Arc<Mutex<Vec<String>>>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = asked.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let (noted, body) = (noted.clone(), body.to_string());
            async move {
                let (parts, content) = request.into_parts();
                let content = content.collect_bytes().await.unwrap();
                let line = format!("{} {} {}", parts.method, parts.uri, String::from_utf8_lossy(&content));
                noted.lock().unwrap().push(line.trim().to_string());
                let answer = Response::builder().status(code).body(axum::body::Body::from(body)).unwrap();
                Ok::<_, std::convert::Infallible>(answer)
            }
        });
        (KubeCluster::new(Client::new(service, "default"), None), asked)
    }

    fn missing() -> Value {
        json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404, "reason": "NotFound",
            "message": "none" })
    }

    #[tokio::test]
    async fn deletions_name_what_they_are_meant_for_and_an_absent_one_is_a_success() {
        let (cluster, asked) = answering(404, missing());
        let mut object = ConfigMap::default();
        object.metadata.name = Some("orders".into());
        object.metadata.namespace = Some("shop".into());
        object.metadata.uid = Some("uid-1".into());
        object.metadata.resource_version = Some("7".into());
        cluster.delete_object(&object).await.unwrap();
        let mut snapshot = DbSnapshot::new("monday", Default::default());
        snapshot.metadata.namespace = Some("shop".into());
        snapshot.metadata.uid = Some("uid-2".into());
        cluster.delete_snapshot(&snapshot).await.unwrap();
        let asked = asked.lock().unwrap();
        assert!(asked[0].starts_with("DELETE /api/v1/namespaces/shop/configmaps/orders"), "{asked:?}");
        assert!(asked[0].contains("\"resourceVersion\":\"7\"") && asked[0].contains("\"uid\":\"uid-1\""), "{asked:?}");
        let path = "DELETE /apis/awsdb.dev/v1alpha1/namespaces/shop/dbsnapshots/monday";
        assert!(asked[1].starts_with(path) && asked[1].contains("\"uid\":\"uid-2\""), "{asked:?}");
        assert!(asked.iter().all(|line| line.contains("\"propagationPolicy\":\"Background\"")), "{asked:?}");
    }

    #[tokio::test]
    async fn snapshots_are_listed_by_their_label_and_made_by_a_post_that_overwrites_nothing() {
        let list = json!({ "apiVersion": "awsdb.dev/v1alpha1", "kind": "DbSnapshotList", "metadata": {}, "items": [] });
        let (cluster, asked) = answering(200, list);
        let listed = cluster.snapshots("shop", "awsdb.dev/schedule-of", "uid-1").await.unwrap();
        assert!(listed.is_empty());
        let exists = json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 409,
            "reason": "AlreadyExists", "message": "exists" });
        let (other, also) = answering(409, exists);
        let mut snapshot = DbSnapshot::new("monday", Default::default());
        snapshot.metadata.namespace = Some("shop".into());
        let made = other.create_snapshot(&snapshot).await;
        assert_eq!(made, Err(ClusterError::Conflict("exists".into())));
        let place = "/apis/awsdb.dev/v1alpha1/namespaces/shop/dbsnapshots?";
        let asked = asked.lock().unwrap();
        assert!(asked[0].starts_with(&format!("GET {place}")), "{asked:?}");
        assert!(asked[0].contains("labelSelector=awsdb.dev%2Fschedule-of%3Duid-1"), "{asked:?}");
        assert!(also.lock().unwrap()[0].starts_with(&format!("POST {place}")), "{also:?}");
    }

    #[tokio::test]
    async fn another_object_is_read_by_its_plural_in_the_namespace() {
        let name = ObjectName { kind: "DbSnapshot", plural: "dbsnapshots", name: "monday".into() };
        let (cluster, _) = answering(404, missing());
        let read: Result<_, _> = cluster.object("shop", "monday").await;
        assert_eq!(read, Ok(None::<ConfigMap>));
        let stored = json!({
            "apiVersion": "awsdb.dev/v1alpha1", "kind": "DbSnapshot",
            "metadata": { "name": "monday", "namespace": "shop", "generation": 2 },
            "spec": {},
            "status": {
                "observedGeneration": 2, "identifier": "shop-monday", "arn": "arn", "accountId": "123456789012",
                "region": "eu-central-1", "family": "Instance",
                "conditions": [{ "type": "Ready", "status": "True", "message": "It is." }],
            },
        });
        let (cluster, asked) = answering(200, stored.clone());
        // Of a group of our own.
        let cluster = KubeCluster::<DbSnapshot>::new(cluster.client, None);
        let expected = Referred {
            identifier: Some("shop-monday".into()),
            arn: Some("arn".into()),
            account: Some("123456789012".into()),
            region: Some("eu-central-1".into()),
            family: Some("Instance".into()),
            is_ready: true,
            message: "It is.".into(),
        };
        assert_eq!(cluster.referred("shop", &name).await, Ok(Some(expected.clone())));
        assert_eq!(asked.lock().unwrap()[0], "GET /apis/awsdb.dev/v1alpha1/namespaces/shop/dbsnapshots/monday");
        for (change, message) in [
            (json!({ "metadata": { "generation": 3 } }), "It is."),
            (json!({ "metadata": { "deletionTimestamp": "2026-01-31T09:30:00Z" } }), "it is being deleted"),
            (json!({ "status": { "conditions": null } }), "it was not looked at yet"),
            (json!({ "status": null }), "it was not looked at yet"),
        ] {
            let mut object = stored.clone();
            json_patch(&mut object, &change);
            let (cluster, _) = answering(200, object);
            let cluster = KubeCluster::<DbSnapshot>::new(cluster.client, None);
            let read = cluster.referred("shop", &name).await.unwrap().unwrap();
            assert_eq!((read.is_ready, read.message.as_str()), (false, message), "{change}");
        }
        let (cluster, _) = answering(404, missing());
        let cluster = KubeCluster::<DbSnapshot>::new(cluster.client, None);
        assert_eq!(cluster.referred("shop", &name).await, Ok(None));
    }

    /// A merge patch.
    fn json_patch(whole: &mut Value, patch: &Value) {
        for (key, value) in patch.as_object().unwrap() {
            match (whole.get_mut(key), value) {
                (Some(Value::Object(_)), Value::Object(_)) => json_patch(&mut whole[key], value),
                _ => whole[key] = value.clone(),
            }
        }
    }
}
