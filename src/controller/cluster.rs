//! The one seam to Kubernetes. Every read and write of a round passes it, so that tests can count, refuse, lose and
//! delay each of them; `kube.rs` implements it for a real API server.

use std::collections::BTreeMap;
use std::future::Future;

use serde_json::Value;

use crate::aws::Password;
use crate::kind::{ObjectName, Referred};
use crate::kinds::snapshot::DbSnapshot;

/// Why a Kubernetes call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClusterError {
    /// Somebody wrote the object in between, or it already exists: read again.
    #[error("the object changed in between: {0}")]
    Conflict(String),
    /// The object is gone.
    #[error("the object is gone: {0}")]
    Gone(String),
    /// A right is missing.
    #[error("forbidden: {0}")]
    Forbidden(String),
    /// The installed CRD does not know what this version writes.
    #[error("the installed CRD does not fit this version of the operator (upgrade the CRDs first): {0}")]
    Schema(String),
    /// Anything else; passes by itself as a rule.
    #[error("{0}")]
    Other(String),
}

/// A Secret, as far as we use it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretContent {
    /// Name.
    pub name: String,
    /// `type`.
    pub secret_type: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// Keys and values.
    pub data: BTreeMap<String, Password>,
    /// resourceVersion as read; `None` creates and fails if it exists.
    pub version: Option<String>,
}

/// Something worth telling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Warning rather than Normal.
    pub warning: bool,
    /// CamelCase reason: the AWS operation or a condition reason.
    pub reason: String,
    /// What was done or refused.
    pub text: String,
}

/// Kubernetes, as a round needs it.
pub trait Cluster<K>: Send + Sync {
    /// Reads the object past every cache.
    ///
    /// # Errors
    /// See [`ClusterError`]; absence is `None`.
    fn object(&self, namespace: &str, name: &str) -> impl Future<Output = Result<Option<K>, ClusterError>> + Send;

    /// Reads a Secret.
    ///
    /// # Errors
    /// See [`ClusterError`]; absence is `None`.
    fn secret(
        &self,
        namespace: &str,
        name: &str,
    ) -> impl Future<Output = Result<Option<SecretContent>, ClusterError>> + Send;

    /// Reads the texts of a ConfigMap.
    ///
    /// # Errors
    /// See [`ClusterError`]; absence is `None`.
    fn config_map(
        &self,
        namespace: &str,
        name: &str,
    ) -> impl Future<Output = Result<Option<BTreeMap<String, String>>, ClusterError>> + Send;

    /// Reads what the status of another object of ours says, past every cache.
    ///
    /// # Errors
    /// See [`ClusterError`]; absence is `None`.
    fn referred(
        &self,
        namespace: &str,
        name: &ObjectName,
    ) -> impl Future<Output = Result<Option<Referred>, ClusterError>> + Send;

    /// Creates a Secret, or replaces the one of that version; returns the new version.
    ///
    /// # Errors
    /// [`ClusterError::Conflict`] when it exists or has another version.
    fn write_secret(
        &self,
        namespace: &str,
        secret: &SecretContent,
    ) -> impl Future<Output = Result<String, ClusterError>> + Send;

    /// Deletes a Secret of that version; absence is success.
    ///
    /// # Errors
    /// See [`ClusterError`].
    fn delete_secret(
        &self,
        namespace: &str,
        name: &str,
        version: &str,
    ) -> impl Future<Output = Result<(), ClusterError>> + Send;

    /// Applies our part of the status onto the object as it was read; returns the new resourceVersion.
    ///
    /// # Errors
    /// [`ClusterError::Conflict`] when the object has another resourceVersion by now.
    fn write_status(&self, object: &K, status: Value) -> impl Future<Output = Result<String, ClusterError>> + Send;

    /// Replaces the finalizers of the object as it was read; returns it.
    ///
    /// # Errors
    /// [`ClusterError::Conflict`] when the object has another resourceVersion by now.
    fn set_finalizers(
        &self,
        object: &K,
        finalizers: Vec<String>,
    ) -> impl Future<Output = Result<K, ClusterError>> + Send;

    /// Deletes the object as it was read, in the background; absence is success.
    ///
    /// # Errors
    /// [`ClusterError::Conflict`] when the object has another resourceVersion or uid by now.
    fn delete_object(&self, object: &K) -> impl Future<Output = Result<(), ClusterError>> + Send;

    /// DbSnapshots with a label of this value.
    ///
    /// # Errors
    /// See [`ClusterError`].
    fn snapshots(
        &self,
        namespace: &str,
        label: &str,
        value: &str,
    ) -> impl Future<Output = Result<Vec<DbSnapshot>, ClusterError>> + Send;

    /// Creates a DbSnapshot.
    ///
    /// # Errors
    /// [`ClusterError::Conflict`] when there is one of that name.
    fn create_snapshot(&self, snapshot: &DbSnapshot) -> impl Future<Output = Result<(), ClusterError>> + Send;

    /// Deletes the DbSnapshot of that uid, in the background; absence is success.
    ///
    /// # Errors
    /// [`ClusterError::Conflict`] when it has another uid by now.
    fn delete_snapshot(&self, snapshot: &DbSnapshot) -> impl Future<Output = Result<(), ClusterError>> + Send;

    /// Whether the kind's CRD is being deleted, so that this deletion may not be the user's wish for the database.
    ///
    /// # Errors
    /// See [`ClusterError`].
    fn crd_is_being_deleted(&self) -> impl Future<Output = Result<bool, ClusterError>> + Send;

    /// Publishes an event. Failure to do so is logged, and is no reason to stop.
    fn tell(&self, object: &K, note: Note) -> impl Future<Output = ()> + Send;
}
