//! A kind without a database and an API server without a cluster, for the tests of the queue.

#![cfg(test)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body as Answer;
use axum::http::{Method, Request, Response};
use futures::stream;
use kube::client::Body;
use kube::{Client, CustomResource};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::Installation;
use super::brake::Brake;
use super::connect::Clients;
use super::run::Stage;
use crate::aws::{Action, Cloud, CloudError, Look, Looked, Password, Remote, Seen};
use crate::conditions::Reason;
use crate::kind::{
    Clocks, Connection, CredentialMode, End, Home, Inputs, Kind, Plan, Readiness, Reference, Thing, View, Waiting, Want,
};
use crate::spec::{SharedSpec, SharedStatus};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, CustomResource)]
#[kube(group = "awsdb.dev", version = "v1alpha1", kind = "Toy", namespaced, status = "SharedStatus")]
pub struct ToySpec {
    #[serde(flatten)]
    shared: SharedSpec,
}

pub struct ToyRemote;

impl Remote for ToyRemote {
    type Id = String;
    type Observed = Seen<Thing>;
    type Action = ToyAction;
}

#[derive(Clone, Debug, PartialEq)]
pub struct ToyAction;

impl Action for ToyAction {
    fn operation(&self) -> &'static str {
        "ChangeToy"
    }
}

impl Kind for Toy {
    type Remote = ToyRemote;
    type Facts = ();
    const IDENTIFIER_MAX: usize = 63;
    const MAIN: &'static str = "toy";

    fn shared(&self) -> &SharedSpec {
        &self.spec.shared
    }
    fn status(&self) -> Option<&SharedStatus> {
        self.status.as_ref()
    }
    fn id(&self, _: Want, home: &Home, _: &Inputs) -> String {
        home.identifier.clone()
    }
    fn credentials(&self) -> CredentialMode {
        CredentialMode::None
    }
    fn references(&self, _: &Inputs) -> Vec<Reference> {
        Vec::new()
    }
    fn thing(&self, observed: &Seen<Thing>) -> Seen<Thing> {
        observed.clone()
    }
    fn plan(&self, _: Want, _: &Inputs, _: &Seen<Thing>) -> Plan<ToyAction> {
        Plan { end: End::Settled, ..Plan::default() }
    }
    fn ready(&self, _: &Inputs, _: &Seen<Thing>) -> Readiness {
        Readiness::Yes
    }
    fn view(&self, _: &Seen<Thing>) -> View {
        View::default()
    }
    fn facts(&self, _: &Inputs, _: &Seen<Thing>) {}
    fn connection(&self, _: &Inputs, _: &Seen<Thing>) -> Result<Connection, Waiting> {
        Err(Waiting::new(Reason::BindingIncomplete, "a toy"))
    }
}

/// Panics over `bad`, never answers about `slow`, is unwell about `sick`, and counts what it was asked.
#[derive(Clone, Default)]
pub struct ToyCloud(Arc<Mutex<BTreeMap<String, usize>>>);

impl ToyCloud {
    pub fn looks(&self, id: &str) -> usize {
        self.0.lock().unwrap().get(id).copied().unwrap_or_default()
    }
}

impl Cloud<ToyRemote> for ToyCloud {
    async fn observe(&self, id: &String, look: Look) -> Result<Looked<Seen<Thing>>, CloudError> {
        *self.0.lock().unwrap().entry(id.clone()).or_default() += 1;
        match id.as_str() {
            "shop-bad" => panic!("a toy broke"),
            "shop-slow" => std::future::pending().await,
            "shop-sick" => Err(CloudError::transport("DescribeToy", "Timeout", "no answer")),
            _ => {
                let thing = Thing { arn: "arn".into(), resource_id: "id".into(), tags: BTreeMap::new(), origin: None };
                Ok(Looked { observed: Seen::Present(thing), look, account: "123456789012".into(), version: None })
            }
        }
    }

    async fn perform(&self, _: &String, _: &ToyAction, _: Option<&Password>) -> Result<(), CloudError> {
        Ok(())
    }
}

pub fn toy(name: &str) -> Value {
    json!({
        "apiVersion": "awsdb.dev/v1alpha1",
        "kind": "Toy",
        "metadata": {
            "name": name, "namespace": "shop", "uid": format!("uid-{name}"), "resourceVersion": "1", "generation": 1,
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": {},
    })
}

/// How many objects were in each answer to a list.
pub type Pages = Arc<Mutex<Vec<usize>>>;

/// Lists these objects, watches in silence, takes every status, and has no Secrets.
pub fn api_server(objects: Vec<Value>) -> Client {
    paged_api_server(objects, Pages::default())
}

/// The same, and tells of its pages.
pub fn paged_api_server(objects: Vec<Value>, pages: Pages) -> Client {
    let service = tower::service_fn(move |request: Request<Body>| {
        let answer = answer(&request, &objects, &pages);
        async move { Ok::<_, std::convert::Infallible>(answer) }
    });
    Client::new(service, "default")
}

/// As the real one does: what may come from its cache (`resourceVersion=0`) comes whole, whatever the limit.
fn page(query: &str, objects: &[Value]) -> Value {
    let number = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.parse::<usize>().ok());
    let (start, limit) = (number("continue=").unwrap_or(0), number("limit=").unwrap_or(usize::MAX));
    let limit = if number("resourceVersion=") == Some(0) { usize::MAX } else { limit };
    let items: Vec<&Value> = objects.iter().skip(start).take(limit).collect();
    let next = start + items.len();
    let next = if next < objects.len() { next.to_string() } else { String::new() };
    json!({ "kind": "ToyList", "apiVersion": "awsdb.dev/v1alpha1", "items": items,
        "metadata": { "resourceVersion": "9", "continue": next } })
}

fn answer(request: &Request<Body>, objects: &[Value], pages: &Pages) -> Response<Answer> {
    let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
    if query.contains("watch=true") {
        return Response::new(Answer::from_stream(stream::pending::<Result<Vec<u8>, std::io::Error>>()));
    }
    let body = if request.method() == Method::GET && path.ends_with("/toys") {
        let page = page(query, objects);
        pages.lock().unwrap().push(page["items"].as_array().unwrap().len());
        page
    } else if let Some((_, name)) = path.split_once("/toys/") {
        let mut written = toy(name.trim_end_matches("/status"));
        written["metadata"]["resourceVersion"] = "2".into();
        written
    } else {
        let status = json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404,
            "reason": "NotFound", "message": "none" });
        let mut missing = Response::new(Answer::from(status.to_string()));
        *missing.status_mut() = axum::http::StatusCode::NOT_FOUND;
        return missing;
    };
    Response::new(Answer::from(body.to_string()))
}

pub fn stage(client: Client) -> Stage {
    Stage {
        clients: Clients { watches: client.clone(), calls: client },
        installation: Installation {
            name: "test".into(),
            cluster: "uid".into(),
            region: "eu-central-1".into(),
            trust_account: false,
        },
        clocks: Clocks::default(),
        brake: Arc::new(Brake::new(1, Duration::from_secs(60))),
        namespaces: Vec::new(),
        concurrency: 16,
        round_limit: Duration::from_millis(300),
        pod: None,
        roll: Arc::default(),
        metrics: Arc::default(),
        health: Arc::default(),
        stop: CancellationToken::new(),
    }
}
