//! An API server in memory: objects with resourceVersion and generation, finalizers, applied status, Secrets, events.

use std::collections::BTreeMap;

use awsdb::conditions::{Outcome, Reason, TYPES, conditions};
use awsdb::controller::cluster::{ClusterError, Note, SecretContent};
use awsdb::controller::gather::referred;
use awsdb::kind::{ObjectName, Referred, Waiting};
use awsdb::kinds::rds::RdsInstance;
use awsdb::kinds::snapshot::{DbSnapshot, DbSnapshotFacts, DbSnapshotSpec, DbSnapshotStatus};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;
use serde_json::Value;

use super::service::Object;

/// Namespace and name.
pub type Key = (String, String);

/// What is stored.
#[derive(Clone)]
pub struct Kube<K: Object = RdsInstance> {
    /// Objects, each of which went through JSON when it was written.
    objects: BTreeMap<Key, K>,
    pub secrets: BTreeMap<Key, SecretContent>,
    pub config_maps: BTreeMap<Key, BTreeMap<String, String>>,
    pub events: Vec<(Key, Note)>,
    /// DbSnapshots, which are objects of another kind than K.
    pub snapshots: BTreeMap<Key, DbSnapshot>,
    pub crd_is_being_deleted: bool,
    version: u64,
    uids: u64,
}

impl<K: Object> Default for Kube<K> {
    fn default() -> Self {
        Self {
            objects: BTreeMap::new(),
            secrets: BTreeMap::new(),
            config_maps: BTreeMap::new(),
            events: Vec::new(),
            snapshots: BTreeMap::new(),
            crd_is_being_deleted: false,
            version: 0,
            uids: 0,
        }
    }
}

impl<K: Object> Kube<K> {
    fn next_version(&mut self) -> String {
        self.version += 1;
        self.version.to_string()
    }

    /// The object as it is stored.
    pub fn get(&self, key: &Key) -> Option<K> {
        self.objects.get(key).cloned()
    }

    fn put(&mut self, key: &Key, mut object: K) -> K {
        object.meta_mut().resource_version = Some(self.next_version());
        let stored = serde_json::to_value(&object).expect("an object serialises");
        let object: K = serde_json::from_value(stored).expect("a stored object decodes");
        self.objects.insert(key.clone(), object.clone());
        object
    }

    pub fn keys(&self) -> Vec<Key> {
        self.objects.keys().cloned().collect()
    }

    /// `kubectl apply`: creates the object, or gives it another spec.
    pub fn apply(&mut self, mut object: K) -> Key {
        let key = (object.namespace().unwrap_or_default(), object.name_any());
        match self.get(&key) {
            None => {
                self.uids += 1;
                object.meta_mut().uid = Some(format!("{:08x}-1111-2222-3333-444444444444", self.uids * 0x11));
                object.meta_mut().generation = Some(1);
                self.put(&key, object);
            }
            Some(_) => self.edit(&key, |it| *it.spec_mut() = object.spec().clone()),
        }
        key
    }

    /// An edit by the user: the generation moves with the spec.
    pub fn edit(&mut self, key: &Key, change: impl FnOnce(&mut K)) {
        let before = self.get(key).expect("the object that is edited exists");
        let mut after = before.clone();
        change(&mut after);
        if after.spec() != before.spec() {
            after.meta_mut().generation = before.meta().generation.map(|generation| generation + 1);
        }
        if after != before {
            self.put(key, after);
        }
    }

    /// `kubectl delete`.
    pub fn delete(&mut self, key: &Key, now: Timestamp) {
        let Some(mut object) = self.get(key) else { return };
        if object.finalizers().is_empty() {
            self.objects.remove(key);
        } else if object.meta().deletion_timestamp.is_none() {
            object.meta_mut().deletion_timestamp = Some(Time(now));
            object.meta_mut().generation = object.meta().generation.map(|generation| generation + 1);
            self.put(key, object);
        }
    }

    /// The cluster is rebuilt: manifests come back without status, with new uids.
    pub fn rebuild(&mut self, keeps_secrets: bool) {
        for key in self.keys() {
            let mut object = self.get(&key).unwrap();
            *object.status_mut() = None;
            object.meta_mut().finalizers = None;
            object.meta_mut().deletion_timestamp = None;
            self.objects.remove(&key);
            self.apply(object);
        }
        if !keeps_secrets {
            self.secrets.clear();
        }
    }

    fn current(&self, object: &K) -> Result<(Key, K), ClusterError> {
        let key = (object.namespace().unwrap_or_default(), object.name_any());
        let stored = self.get(&key).ok_or_else(|| ClusterError::Gone(key.1.clone()))?;
        if stored.uid() != object.uid() || stored.resource_version() != object.resource_version() {
            return Err(ClusterError::Conflict(format!("{} has another resourceVersion", key.1)));
        }
        Ok((key, stored))
    }

    /// Applies our part of the status; conditions of others stay.
    pub fn write_status(&mut self, object: &K, mut status: Value) -> Result<String, ClusterError> {
        let (key, stored) = self.current(object)?;
        let mut whole = serde_json::to_value(&stored).unwrap();
        let foreign = whole["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let foreign = foreign.into_iter().filter(|one| !TYPES.contains(&one["type"].as_str().unwrap_or_default()));
        if let Some(all) = status["conditions"].as_array_mut() {
            all.extend(foreign);
        }
        if whole["status"] == status {
            return Ok(stored.resource_version().unwrap_or_default());
        }
        whole["status"] = status;
        let after: K = serde_json::from_value(whole)
            .map_err(|error| ClusterError::Schema(format!("the status does not fit the CRD: {error}")))?;
        Ok(self.put(&key, after).resource_version().unwrap_or_default())
    }

    pub fn set_finalizers(&mut self, object: &K, names: Vec<String>) -> Result<K, ClusterError> {
        let (key, mut stored) = self.current(object)?;
        let is_new = names.iter().any(|name| !stored.finalizers().contains(name));
        if stored.meta().deletion_timestamp.is_some() && is_new {
            return Err(ClusterError::Other("no finalizer can be added to an object that is being deleted".into()));
        }
        stored.meta_mut().finalizers = (!names.is_empty()).then_some(names);
        if stored.meta().deletion_timestamp.is_some() && stored.finalizers().is_empty() {
            self.objects.remove(&key);
            return Ok(stored);
        }
        Ok(self.put(&key, stored))
    }

    /// Deletes an object as it was read.
    pub fn delete_object(&mut self, object: &K, now: Timestamp) -> Result<(), ClusterError> {
        match self.current(object) {
            Ok((key, _)) => self.delete(&key, now),
            Err(ClusterError::Gone(_)) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// What the status of an object of another kind says.
    pub fn referred(&self, namespace: &str, name: &ObjectName) -> Option<Referred> {
        assert_eq!(name.plural, "dbsnapshots", "no other kind is referred to so far");
        let found = self.snapshots.get(&(namespace.to_string(), name.name.clone()))?;
        Some(referred(&found.metadata, &serde_json::to_value(&found.status).unwrap()))
    }

    /// DbSnapshots with a label.
    pub fn labelled(&self, namespace: &str, label: &str, value: &str) -> Vec<DbSnapshot> {
        let fits = |one: &&DbSnapshot| one.labels().get(label).is_some_and(|it| it == value);
        let all = self.snapshots.iter().filter(|(key, _)| key.0 == namespace).map(|(_, one)| one);
        all.filter(fits).cloned().collect()
    }

    pub fn create_snapshot(&mut self, snapshot: &DbSnapshot) -> Result<(), ClusterError> {
        let key = (snapshot.namespace().unwrap_or_default(), snapshot.name_any());
        if self.snapshots.contains_key(&key) {
            return Err(ClusterError::Conflict(format!("DbSnapshot {} exists", key.1)));
        }
        let (mut made, version) = (snapshot.clone(), self.next_version());
        made.metadata.uid = Some(format!("uid-{version}"));
        made.metadata.resource_version = Some(version);
        made.metadata.generation = Some(1);
        self.snapshots.insert(key, made);
        Ok(())
    }

    pub fn delete_snapshot(&mut self, snapshot: &DbSnapshot) -> Result<(), ClusterError> {
        let key = (snapshot.namespace().unwrap_or_default(), snapshot.name_any());
        match self.snapshots.get(&key) {
            Some(stored) if stored.uid() != snapshot.uid() => {
                Err(ClusterError::Conflict(format!("DbSnapshot {} has another uid", key.1)))
            }
            _ => {
                self.snapshots.remove(&key);
                Ok(())
            }
        }
    }

    /// The operator of DbSnapshots says that one is ready, or in some other state of AWS; it is made if there is none.
    pub fn snapshot_is(&mut self, key: &Key, state: &str, facts: DbSnapshotFacts, arn: &str) {
        if !self.snapshots.contains_key(key) {
            let mut made = DbSnapshot::new(&key.1, DbSnapshotSpec::default());
            made.metadata.namespace = Some(key.0.clone());
            self.create_snapshot(&made).unwrap();
        }
        let mut status = DbSnapshotStatus { facts, ..DbSnapshotStatus::default() };
        let shared = &mut status.shared;
        shared.observed_generation = Some(1);
        shared.aws_status = Some(state.into());
        shared.arn = Some(arn.into());
        shared.identifier = arn.rsplit(':').next().map(String::from);
        shared.account_id = arn.split(':').nth(4).map(String::from);
        shared.region = arn.split(':').nth(3).map(String::from);
        let creating = Waiting::new(Reason::Creating, format!("AWS reports {state}."));
        let ready = if state == "available" { Ok(()) } else { Err(creating) };
        let outcome = Outcome { ready: Some(ready), ..Outcome::default() };
        shared.conditions = conditions(&outcome, &[], Some(1), Timestamp::UNIX_EPOCH);
        self.snapshots.get_mut(key).unwrap().status = Some(status);
    }

    pub fn write_secret(&mut self, namespace: &str, secret: &SecretContent) -> Result<String, ClusterError> {
        let key = (namespace.to_string(), secret.name.clone());
        let stored = self.secrets.get(&key);
        match (stored, &secret.version) {
            (Some(_), None) => return Err(ClusterError::Conflict(format!("Secret {} exists", secret.name))),
            (None, Some(_)) => return Err(ClusterError::Gone(format!("Secret {}", secret.name))),
            (Some(stored), Some(_)) if stored.version != secret.version => {
                return Err(ClusterError::Conflict(format!("Secret {} has another version", secret.name)));
            }
            (Some(stored), Some(_)) if stored.secret_type != secret.secret_type => {
                return Err(ClusterError::Other("Secret.type: field is immutable".into()));
            }
            _ => {}
        }
        let version = self.next_version();
        self.secrets.insert(key, SecretContent { version: Some(version.clone()), ..secret.clone() });
        Ok(version)
    }

    pub fn delete_secret(&mut self, namespace: &str, name: &str, version: &str) -> Result<(), ClusterError> {
        let key = (namespace.to_string(), name.to_string());
        match self.secrets.get(&key) {
            Some(stored) if stored.version.as_deref() != Some(version) => {
                Err(ClusterError::Conflict(format!("Secret {name} has another version")))
            }
            _ => {
                self.secrets.remove(&key);
                Ok(())
            }
        }
    }
}
