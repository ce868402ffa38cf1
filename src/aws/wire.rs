#![cfg(test)]
//! AWS's end of the wire: answers by operation, and remembers what was asked. The SDK of the tests is real; only this is not.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_rds::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

use serde_json::{Value, json};

use super::aurora::AuroraRemote;
use super::dynamo::DynamoRemote;
use super::inventory::Ages;
use super::rds::RdsRemote;
use super::snapshots::SnapshotRemote;
use super::{Aws, Called, Cloud};

/// What comes back.
#[derive(Clone, Debug)]
enum Answer {
    Http(u16, String),
    Silence,
    Refused,
}

/// One request as it was sent.
#[derive(Clone, Debug)]
pub(in crate::aws) struct Asked {
    pub operation: String,
    pub host: String,
    /// Address and headers.
    pub head: String,
    pub body: String,
}

impl Asked {
    /// The body of a JSON request.
    pub(in crate::aws) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The members of a query request, without operation and version.
    pub(in crate::aws) fn members(&self) -> BTreeMap<String, String> {
        let mut members: BTreeMap<String, String> =
            self.body.split('&').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.into(), decoded(v))).collect();
        members.remove("Action");
        members.remove("Version");
        members
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let hex = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap()
            }
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(out).unwrap()
}

/// A call as the observer was told of it: service, operation, result.
pub(in crate::aws) type Told = (String, String, String);

#[derive(Clone, Debug, Default)]
pub(in crate::aws) struct Wire {
    answers: Arc<Mutex<BTreeMap<String, VecDeque<Answer>>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
    told: Arc<Mutex<Vec<Told>>>,
}

impl Wire {
    /// With an STS that knows the account.
    pub(in crate::aws) fn new() -> Self {
        Self::default().answering("GetCallerIdentity", "<Account>111122223333</Account>")
    }

    /// The next call of this operation (`Operation`, or `Operation@region`) gets this result; the last answer is repeated.
    pub(in crate::aws) fn answering(self, operation: &str, result: &str) -> Self {
        let name = operation.split('@').next().unwrap_or(operation);
        let text = format!("<{name}Response><{name}Result>{result}</{name}Result></{name}Response>");
        self.with(operation, Answer::Http(200, text))
    }

    pub(in crate::aws) fn refusing(self, operation: &str, status: u16, code: &str, message: &str) -> Self {
        let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
        let text = format!("<ErrorResponse>{error}<RequestId>r-{status}-1</RequestId></ErrorResponse>");
        self.with(operation, Answer::Http(status, text))
    }

    /// The next call of this operation (`Operation`, or `Operation@region`) of a JSON service gets this.
    pub(in crate::aws) fn json(self, operation: &str, answer: Value) -> Self {
        self.with(operation, Answer::Http(200, answer.to_string()))
    }

    pub(in crate::aws) fn json_refusing(self, operation: &str, code: &str, message: &str) -> Self {
        self.with(operation, Answer::Http(400, refusal(code, message)))
    }

    pub(in crate::aws) fn raw(self, operation: &str, status: u16, text: &str) -> Self {
        self.with(operation, Answer::Http(status, text.into()))
    }

    pub(in crate::aws) fn silent(self, operation: &str) -> Self {
        self.with(operation, Answer::Silence)
    }

    pub(in crate::aws) fn unreachable(self, operation: &str) -> Self {
        self.with(operation, Answer::Refused)
    }

    fn with(self, operation: &str, answer: Answer) -> Self {
        self.answers.lock().unwrap().entry(operation.into()).or_default().push_back(answer);
        self
    }

    /// Our clients on this wire.
    pub(in crate::aws) fn bare(&self) -> Aws {
        self.clients(credentials())
    }

    /// Our clients on this wire, for tables.
    pub(in crate::aws) fn dynamo(&self) -> impl Cloud<DynamoRemote> + use<> {
        self.bare()
    }

    /// Our clients on this wire, for Aurora clusters.
    pub(in crate::aws) fn aurora(&self) -> impl Cloud<AuroraRemote> + use<> {
        self.clients(SharedCredentialsProvider::new(credentials()))
    }

    /// Our clients on this wire, for snapshots.
    pub(in crate::aws) fn snapshots(&self) -> impl Cloud<SnapshotRemote> + use<> {
        self.clients(SharedCredentialsProvider::new(credentials()))
    }

    /// Our clients on this wire, for DB instances.
    pub(in crate::aws) fn aws(&self) -> impl Cloud<RdsRemote> + use<> {
        self.aws_with(credentials())
    }

    pub(in crate::aws) fn aws_with(&self, credentials: SharedCredentialsProvider) -> impl Cloud<RdsRemote> + use<> {
        self.clients(credentials)
    }

    pub(in crate::aws) fn clients(&self, credentials: SharedCredentialsProvider) -> Aws {
        self.clients_with(credentials, Ages::default())
    }

    pub(in crate::aws) fn clients_with(&self, credentials: SharedCredentialsProvider, ages: Ages) -> Aws {
        let base = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .credentials_provider(credentials)
            .sleep_impl(aws_smithy_async_sleep())
            .http_client(self.clone())
            .build();
        let told = self.told.clone();
        let on_call = move |call: &Called<'_>| {
            let Called { service, operation, result, .. } = *call;
            told.lock().unwrap().push((service.into(), operation.into(), result.into()));
        };
        Aws::new(base, Arc::new(on_call), ages)
    }

    /// Every request of an operation.
    pub(in crate::aws) fn asked(&self, operation: &str) -> Vec<Asked> {
        self.asked.lock().unwrap().iter().filter(|asked| asked.operation == operation).cloned().collect()
    }

    /// The only request of an operation.
    pub(in crate::aws) fn once(&self, operation: &str) -> Asked {
        let asked = self.asked(operation);
        assert_eq!(asked.len(), 1, "{operation}");
        asked[0].clone()
    }

    /// What the observer was told.
    pub(in crate::aws) fn told(&self) -> Vec<Told> {
        self.told.lock().unwrap().clone()
    }

    /// The answer to an operation, or to that operation in that region.
    fn answer(&self, operation: &str, region: &str, is_json: bool) -> Answer {
        let mut answers = self.answers.lock().unwrap();
        let there = format!("{operation}@{region}");
        let name = if answers.contains_key(&there) { there.as_str() } else { operation };
        let Some(queue) = answers.get_mut(name) else {
            if is_json {
                return Answer::Http(400, refusal("Unscripted", operation));
            }
            let text = format!(
                "<ErrorResponse><Error><Code>Unscripted</Code><Message>{operation}</Message></Error></ErrorResponse>"
            );
            return Answer::Http(400, text);
        };
        match queue.len() {
            1 => queue[0].clone(),
            _ => queue.pop_front().unwrap(),
        }
    }
}

/// Of nobody.
pub(in crate::aws) fn credentials() -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(Credentials::new("AKIDEXAMPLE", "secret-key", None, None, "test"))
}

/// As DynamoDB writes it; the SDK takes what follows the `#`.
fn refusal(code: &str, message: &str) -> String {
    json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": message}).to_string()
}

fn aws_smithy_async_sleep() -> aws_sdk_rds::config::SharedAsyncSleep {
    aws_sdk_rds::config::SharedAsyncSleep::new(TokioTime)
}

#[derive(Debug)]
struct TokioTime;

impl aws_sdk_rds::config::AsyncSleep for TokioTime {
    fn sleep(&self, duration: Duration) -> aws_sdk_rds::config::Sleep {
        aws_sdk_rds::config::Sleep::new(tokio::time::sleep(duration))
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = String::from_utf8(request.body().bytes().unwrap_or_default().to_vec()).unwrap();
        let target = request.headers().get("x-amz-target").and_then(|target| target.split_once('.'));
        let action = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
        let operation = target.map(|(_, operation)| operation).or(action).unwrap_or("none").to_string();
        let headers: Vec<String> = request.headers().iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let host = request.uri().trim_start_matches("https://").split('/').next().unwrap_or_default().to_string();
        let head = format!("{}\n{}", request.uri(), headers.join("\n"));
        // `<service>.<region>.amazonaws.com`, with more before it where the SDK asks at an account's own address.
        let region = host.split('.').rev().nth(2).unwrap_or_default();
        let answer = self.answer(&operation, region, target.is_some());
        self.asked.lock().unwrap().push(Asked { operation, host, head, body });
        match answer {
            Answer::Http(status, text) => {
                HttpConnectorFuture::ready(Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(text))))
            }
            Answer::Silence => HttpConnectorFuture::new(std::future::pending()),
            Answer::Refused => HttpConnectorFuture::ready(Err(ConnectorError::io(Box::new(std::io::Error::from(
                std::io::ErrorKind::ConnectionRefused,
            ))))),
        }
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
