//! A kind without credentials and connection Secret, whose objects can expire, against a cluster that writes down what it
//! was asked.

#![cfg(test)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use kube::{CustomResource, ResourceExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::brake::Brake;
use super::cluster::{Cluster, ClusterError, Note, SecretContent};
use super::reconcile::{Round, reconcile};
use super::{FINALIZER, Installation, Recalls, World};
use crate::aws::owner::{OWNER_TAG, Tags};
use crate::aws::{Action, Cloud, CloudError, Look, Looked, Password, Remote, Seen};
use crate::conditions::Reason;
use crate::kind::{
    Clocks, Connection, CredentialMode, End, Home, Inputs, Kind, ObjectName, Objects, Plan, Readiness, Reference,
    Referred, Thing, View, Waiting, Want,
};
use crate::kinds::snapshot::DbSnapshot;
use crate::spec::{DeletionPolicy, ManagementPolicy, SharedSpec, SharedStatus, annotation};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, CustomResource)]
#[kube(group = "awsdb.dev", version = "v1alpha1", kind = "Token", namespaced, status = "SharedStatus")]
pub struct TokenSpec {
    #[serde(flatten)]
    shared: SharedSpec,
    #[serde(default)]
    expired: bool,
    /// What a reference says, put here by `resolve`.
    #[serde(default)]
    resolved: Option<String>,
}

pub struct TokenRemote;

impl Remote for TokenRemote {
    type Id = Option<String>;
    type Observed = Seen<Thing>;
    type Action = Spend;
}

#[derive(Clone, Debug, PartialEq)]
pub struct Spend;

impl Action for Spend {
    fn operation(&self) -> &'static str {
        "SpendToken"
    }
}

fn other() -> ObjectName {
    ObjectName { kind: "DbSnapshot", plural: "dbsnapshots", name: "monday".into() }
}

impl Kind for Token {
    type Remote = TokenRemote;
    type Facts = ();
    const IDENTIFIER_MAX: usize = 63;
    const MAIN: &'static str = "token";
    const BINDS: bool = false;

    fn shared(&self) -> &SharedSpec {
        &self.spec.shared
    }
    fn status(&self) -> Option<&SharedStatus> {
        self.status.as_ref()
    }
    fn id(&self, _: Want, _: &Home, _: &Inputs) -> Option<String> {
        self.spec.resolved.clone()
    }
    fn credentials(&self) -> CredentialMode {
        CredentialMode::None
    }
    fn references(&self, _: &Inputs) -> Vec<Reference> {
        vec![Reference::Object(other())]
    }
    fn resolve(&mut self, objects: &Objects) {
        self.spec.resolved = objects.get(&other()).and_then(Option::as_ref).and_then(|found| found.arn.clone());
    }
    fn thing(&self, observed: &Seen<Thing>) -> Seen<Thing> {
        observed.clone()
    }
    fn plan(&self, want: Want, _: &Inputs, _: &Seen<Thing>) -> Plan<Spend> {
        let end = if want == Want::Absent { End::Release } else { End::Settled };
        Plan { end, expired: self.spec.expired, ..Plan::default() }
    }
    fn ready(&self, _: &Inputs, _: &Seen<Thing>) -> Readiness {
        Readiness::Yes
    }
    fn view(&self, _: &Seen<Thing>) -> View {
        View::default()
    }
    fn facts(&self, _: &Inputs, _: &Seen<Thing>) {}
    fn connection(&self, _: &Inputs, _: &Seen<Thing>) -> Result<Connection, Waiting> {
        Err(Waiting::new(Reason::BindingIncomplete, "a token has none"))
    }
}

/// Shows a thing with these tags, and keeps what it was asked for.
#[derive(Clone, Default)]
struct Vault {
    tags: Tags,
    asked: Arc<Mutex<Vec<Option<String>>>>,
}

impl Cloud<TokenRemote> for Vault {
    async fn observe(&self, id: &Option<String>, look: Look) -> Result<Looked<Seen<Thing>>, CloudError> {
        self.asked.lock().unwrap().push(id.clone());
        let thing = Thing { arn: "arn".into(), resource_id: "id".into(), tags: self.tags.clone(), origin: None };
        Ok(Looked { observed: Seen::Present(thing), look, account: "123456789012".into(), version: None })
    }
    async fn perform(&self, _: &Option<String>, _: &Spend, _: Option<&Password>) -> Result<(), CloudError> {
        Ok(())
    }
}

/// Writes down every call, and the last status.
#[derive(Clone, Default)]
struct Notebook {
    calls: Arc<Mutex<Vec<String>>>,
    status: Arc<Mutex<Value>>,
    referred: Option<Referred>,
    refuses: Option<ClusterError>,
}

impl Notebook {
    fn note(&self, call: &str) {
        self.calls.lock().unwrap().push(call.into());
    }
    fn said(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

impl Cluster<Token> for Notebook {
    async fn object(&self, _: &str, _: &str) -> Result<Option<Token>, ClusterError> {
        self.note("object");
        Ok(None)
    }
    async fn secret(&self, _: &str, _: &str) -> Result<Option<SecretContent>, ClusterError> {
        self.note("secret");
        Ok(None)
    }
    async fn config_map(&self, _: &str, _: &str) -> Result<Option<BTreeMap<String, String>>, ClusterError> {
        self.note("config_map");
        Ok(None)
    }
    async fn referred(&self, namespace: &str, name: &ObjectName) -> Result<Option<Referred>, ClusterError> {
        self.note(&format!("referred {namespace}/{}", name.name));
        Ok(self.referred.clone())
    }
    async fn write_secret(&self, _: &str, _: &SecretContent) -> Result<String, ClusterError> {
        self.note("write_secret");
        Ok("2".into())
    }
    async fn delete_secret(&self, _: &str, _: &str, _: &str) -> Result<(), ClusterError> {
        self.note("delete_secret");
        Ok(())
    }
    async fn write_status(&self, _: &Token, status: Value) -> Result<String, ClusterError> {
        self.note("write_status");
        *self.status.lock().unwrap() = status;
        Ok("2".into())
    }
    /// The object as the API server has it.
    async fn set_finalizers(&self, object: &Token, finalizers: Vec<String>) -> Result<Token, ClusterError> {
        self.note("set_finalizers");
        let mut stored = object.clone();
        stored.spec.resolved = None;
        stored.metadata.finalizers = Some(finalizers);
        Ok(stored)
    }
    async fn delete_object(&self, _: &Token) -> Result<(), ClusterError> {
        self.note("delete_object");
        self.refuses.clone().map_or(Ok(()), Err)
    }
    async fn snapshots(&self, _: &str, _: &str, _: &str) -> Result<Vec<DbSnapshot>, ClusterError> {
        self.note("snapshots");
        Ok(Vec::new())
    }
    async fn create_snapshot(&self, _: &DbSnapshot) -> Result<(), ClusterError> {
        self.note("create_snapshot");
        Ok(())
    }
    async fn delete_snapshot(&self, _: &DbSnapshot) -> Result<(), ClusterError> {
        self.note("delete_snapshot");
        Ok(())
    }
    async fn crd_is_being_deleted(&self) -> Result<bool, ClusterError> {
        Ok(false)
    }
    async fn tell(&self, _: &Token, note: Note) {
        self.note(&format!("tell {}", note.reason));
    }
}

fn token(expired: bool) -> Token {
    let mut token: Token = serde_json::from_value(json!({
        "apiVersion": "awsdb.dev/v1alpha1",
        "kind": "Token",
        "metadata": { "name": "one", "namespace": "shop", "uid": "uid-one", "resourceVersion": "1", "generation": 1 },
        "spec": { "expired": expired },
    }))
    .unwrap();
    token.spec.shared.deletion_policy = DeletionPolicy::Delete;
    token.metadata.finalizers = Some(vec![FINALIZER.into()]);
    token
}

fn world(notebook: &Notebook, owner: &str) -> World<Vault, Notebook> {
    let tags = [(OWNER_TAG.to_string(), owner.to_string()), ("awsdb.dev/cluster".into(), "uid".into())].into();
    World {
        cloud: Vault { tags, ..Vault::default() },
        cluster: notebook.clone(),
        installation: Installation {
            name: "test".into(),
            cluster: "uid".into(),
            region: "eu-central-1".into(),
            trust_account: false,
        },
        clocks: Clocks::default(),
        brake: Arc::new(Brake::new(1, Duration::from_secs(60))),
        now: Box::new(|| Timestamp::UNIX_EPOCH),
        recall: Recalls::default(),
    }
}

const MINE: &str = "test/Token/shop/one";

async fn round(notebook: &Notebook, token: Token) -> Round {
    reconcile(&world(notebook, MINE), token).await.unwrap()
}

#[tokio::test]
async fn what_has_no_binding_touches_no_secret_and_is_ready_without_one() {
    let notebook = Notebook::default();
    assert_eq!(round(&notebook, token(false)).await.result, "settled");
    assert_eq!(notebook.said(), ["referred shop/monday", "write_status"]);
    let status = notebook.status.lock().unwrap().clone();
    assert_eq!(status["conditions"][0]["message"], "The token is available.");
    assert_eq!((&status["conditions"][0]["status"], status.get("binding")), (&json!("True"), None));
    assert!(status.get("passwordHash").is_none());
}

#[tokio::test]
async fn what_is_not_ours_is_not_ready_though_no_binding_is_missing() {
    let notebook = Notebook::default();
    reconcile(&world(&notebook, "test/Token/shop/another"), token(false)).await.unwrap();
    let status = notebook.status.lock().unwrap().clone();
    assert_eq!(status["conditions"][0]["status"], "False");
    assert_eq!(status["conditions"][0]["message"], "There is no token of this object yet.");
}

#[tokio::test]
async fn what_has_no_binding_goes_without_a_look_at_secrets() {
    let notebook = Notebook::default();
    let mut going = token(true);
    going.metadata.deletion_timestamp =
        Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(Timestamp::UNIX_EPOCH));
    assert_eq!(round(&notebook, going).await.result, "released");
    assert_eq!(notebook.said(), ["referred shop/monday", "set_finalizers"], "nor does it expire once more");
}

#[tokio::test]
async fn an_object_whose_time_has_come_is_deleted_after_its_finalizer_is_set_and_told_of_once() {
    let notebook = Notebook::default();
    let mut new = token(true);
    new.metadata.finalizers = None;
    assert_eq!(round(&notebook, new).await.result, "expired");
    assert_eq!(notebook.said(), ["referred shop/monday", "set_finalizers", "delete_object", "tell Expired"]);
}

#[tokio::test]
async fn a_deletion_that_is_refused_is_not_told_of() {
    let refuses = Some(ClusterError::Conflict("changed".into()));
    let notebook = Notebook { refuses, ..Notebook::default() };
    assert!(reconcile(&world(&notebook, MINE), token(true)).await.is_err());
    assert_eq!(notebook.said(), ["referred shop/monday", "delete_object"]);
}

#[tokio::test]
async fn nothing_expires_under_plan_or_observe_or_when_it_is_paused() {
    for policy in [ManagementPolicy::Plan, ManagementPolicy::Observe] {
        let notebook = Notebook::default();
        let mut one = token(true);
        one.spec.shared.management_policy = policy;
        round(&notebook, one).await;
        assert!(!notebook.said().contains(&"delete_object".to_string()), "{policy:?}");
    }
    let (notebook, mut paused) = (Notebook::default(), token(true));
    paused.annotations_mut().insert(annotation::PAUSED.into(), "true".into());
    round(&notebook, paused).await;
    assert!(!notebook.said().contains(&"delete_object".to_string()));
}

#[tokio::test]
async fn what_a_reference_says_is_known_to_the_whole_round_and_written_nowhere() {
    let referred = Some(Referred { arn: Some("arn:of-monday".into()), is_ready: true, ..Referred::default() });
    let notebook = Notebook { referred, ..Notebook::default() };
    let world = world(&notebook, MINE);
    let mut new = token(false);
    new.metadata.finalizers = None;
    reconcile(&world, new).await.unwrap();
    let asked = world.cloud.asked.lock().unwrap().clone();
    assert!(!asked.is_empty() && asked.iter().all(|id| id.as_deref() == Some("arn:of-monday")), "{asked:?}");
    assert!(!notebook.status.lock().unwrap().to_string().contains("of-monday"));
}
