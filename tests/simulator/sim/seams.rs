//! The two traits of the operator, implemented over the universe.

use std::collections::BTreeMap;

use awsdb::aws::{Action as _, Cloud, CloudError, Look, Looked, Password};
use awsdb::controller::cluster::{Cluster, ClusterError, Note, SecretContent};
use awsdb::kind::{Action, Id, ObjectName, Observed, Referred};
use awsdb::kinds::snapshot::DbSnapshot;
use kube::ResourceExt;
use serde_json::Value;

use super::service::{Object, Service};
use super::universe::{LateCall, Shared, Universe, aws_call, aws_failure, kube_call};

/// AWS, as the operator reaches it.
pub struct SimCloud<K: Object>(pub Shared<K>);

/// Kubernetes, as the operator reaches it.
pub struct SimCluster<K: Object>(pub Shared<K>);

impl<K: Object> Cloud<K::Remote> for SimCloud<K> {
    async fn observe(&self, id: &Id<K>, look: Look) -> Result<Looked<Observed<K>>, CloudError> {
        let call = aws_call(K::Service::DESCRIBE, format!("{} {look:?}", K::Service::name(id)), false);
        let fail = |code| aws_failure(K::Service::DESCRIBE, code);
        self.0.pass(call, None, |universe| universe.observe(id, look), fail).await
    }

    async fn perform(&self, id: &Id<K>, action: &Action<K>, password: Option<&Password>) -> Result<(), CloudError> {
        let operation = action.operation();
        let call = aws_call(operation, format!("{} {action:?}", K::Service::name(id)), true);
        let (id, action, password) = (id.clone(), action.clone(), password.cloned());
        let late = {
            let at = self.0.lock().now;
            LateCall { at, id: id.clone(), action: action.clone(), password: password.clone() }
        };
        let act = |universe: &mut Universe<K>| {
            let now = universe.now;
            universe.aws.perform(now, &id, &action, password.as_ref())
        };
        self.0.pass(call, Some(late), act, |code| aws_failure(operation, code)).await
    }
}

fn failure(code: &'static str) -> ClusterError {
    ClusterError::Other(format!("{code}: the API server did not answer"))
}

impl<K: Object> Cluster<K> for SimCluster<K> {
    async fn object(&self, namespace: &str, name: &str) -> Result<Option<K>, ClusterError> {
        let key = (namespace.to_string(), name.to_string());
        self.0
            .pass(kube_call("object", name.into(), false), None, |universe| Ok(universe.kube.get(&key)), failure)
            .await
    }

    async fn secret(&self, namespace: &str, name: &str) -> Result<Option<SecretContent>, ClusterError> {
        let key = (namespace.to_string(), name.to_string());
        let read = |universe: &mut Universe<K>| Ok(universe.kube.secrets.get(&key).cloned());
        self.0.pass(kube_call("secret", name.into(), false), None, read, failure).await
    }

    async fn config_map(&self, namespace: &str, name: &str) -> Result<Option<BTreeMap<String, String>>, ClusterError> {
        let key = (namespace.to_string(), name.to_string());
        let read = |universe: &mut Universe<K>| Ok(universe.kube.config_maps.get(&key).cloned());
        self.0.pass(kube_call("config_map", name.into(), false), None, read, failure).await
    }

    async fn referred(&self, namespace: &str, name: &ObjectName) -> Result<Option<Referred>, ClusterError> {
        let read = |universe: &mut Universe<K>| Ok(universe.kube.referred(namespace, name));
        self.0.pass(kube_call("referred", name.name.clone(), false), None, read, failure).await
    }

    async fn write_secret(&self, namespace: &str, secret: &SecretContent) -> Result<String, ClusterError> {
        let call = kube_call("write_secret", secret.name.clone(), true);
        self.0.pass(call, None, |universe| universe.kube.write_secret(namespace, secret), failure).await
    }

    async fn delete_secret(&self, namespace: &str, name: &str, version: &str) -> Result<(), ClusterError> {
        let call = kube_call("delete_secret", name.into(), true);
        self.0.pass(call, None, |universe| universe.kube.delete_secret(namespace, name, version), failure).await
    }

    async fn write_status(&self, object: &K, status: Value) -> Result<String, ClusterError> {
        let call = kube_call("write_status", object.name_any(), true);
        self.0.pass(call, None, |universe| universe.kube.write_status(object, status), failure).await
    }

    async fn set_finalizers(&self, object: &K, names: Vec<String>) -> Result<K, ClusterError> {
        let call = kube_call("set_finalizers", format!("{names:?}"), true);
        self.0.pass(call, None, |universe| universe.kube.set_finalizers(object, names), failure).await
    }

    async fn delete_object(&self, object: &K) -> Result<(), ClusterError> {
        let call = kube_call("delete_object", object.name_any(), true);
        let act = |universe: &mut Universe<K>| {
            let now = universe.now;
            universe.kube.delete_object(object, now)
        };
        self.0.pass(call, None, act, failure).await
    }

    async fn snapshots(&self, namespace: &str, label: &str, value: &str) -> Result<Vec<DbSnapshot>, ClusterError> {
        let read = |universe: &mut Universe<K>| Ok(universe.kube.labelled(namespace, label, value));
        self.0.pass(kube_call("snapshots", format!("{label}={value}"), false), None, read, failure).await
    }

    async fn create_snapshot(&self, snapshot: &DbSnapshot) -> Result<(), ClusterError> {
        let call = kube_call("create_snapshot", snapshot.name_any(), true);
        self.0.pass(call, None, |universe| universe.kube.create_snapshot(snapshot), failure).await
    }

    async fn delete_snapshot(&self, snapshot: &DbSnapshot) -> Result<(), ClusterError> {
        let call = kube_call("delete_snapshot", snapshot.name_any(), true);
        self.0.pass(call, None, |universe| universe.kube.delete_snapshot(snapshot), failure).await
    }

    async fn crd_is_being_deleted(&self) -> Result<bool, ClusterError> {
        let call = kube_call("crd_is_being_deleted", String::new(), false);
        self.0.pass(call, None, |universe| Ok(universe.kube.crd_is_being_deleted), failure).await
    }

    async fn tell(&self, object: &K, note: Note) {
        let call = kube_call("tell", format!("{}: {}", note.reason, note.text), true);
        let key = (object.namespace().unwrap_or_default(), object.name_any());
        let write = |universe: &mut Universe<K>| {
            universe.kube.events.push((key, note));
            Ok(())
        };
        let _: Result<(), ClusterError> = self.0.pass(call, None, write, failure).await;
    }
}
