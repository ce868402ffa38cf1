//! The lab, the operator in it, and a few questions to both.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

/// One test at a time: they count the calls of one emulator and one API server.
static ONE: Mutex<()> = Mutex::new(());
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Lab {
    facts: Value,
    home: PathBuf,
    namespace: String,
    runtime: tokio::runtime::Runtime,
    rds: aws_sdk_rds::Client,
    config: aws_config::SdkConfig,
    _turn: MutexGuard<'static, ()>,
}

impl Lab {
    /// A namespace of its own for one test.
    pub fn new(namespace: &str) -> Self {
        let turn = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let path = std::env::var("AWSDB_LAB").expect(
            "this test needs a lab: run `make test`, or `python3 dev/lab.py run -- cargo test --test emulator`",
        );
        let facts: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let config = runtime.block_on(aws_config(&facts));
        let rds = aws_sdk_rds::Client::new(&config);
        let home = Path::new(&path).parent().unwrap().to_path_buf();
        let lab = Self { facts, home, namespace: namespace.into(), runtime, rds, config, _turn: turn };
        let kubeconfig = lab.operator_kubeconfig();
        if !kubeconfig.exists() {
            let made = Command::new("python3")
                .args(["dev/lab.py", "operator-kubeconfig", "--dir"])
                .arg(&lab.home)
                .current_dir(env!("CARGO_MANIFEST_DIR"))
                .output()
                .unwrap();
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        }
        lab.kubectl(&["create", "namespace", namespace]);
        lab
    }

    fn operator_kubeconfig(&self) -> PathBuf {
        self.home.join("operator.kubeconfig")
    }

    pub fn fact(&self, pointer: &str) -> String {
        self.facts.pointer(pointer).unwrap().as_str().unwrap().into()
    }

    /// kubectl as admin, in the test's namespace; panics with its words when it fails.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        self.try_kubectl(arguments, "").unwrap_or_else(|error| panic!("kubectl {arguments:?}: {error}"))
    }

    pub fn try_kubectl(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        let mut child = Command::new(self.fact("/kubectl"))
            .args(["--kubeconfig", &self.fact("/kubeconfig"), "--namespace", &self.namespace])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// An RdsInstance with a small postgres spec and the given lines added to it.
    pub fn apply(&self, name: &str, spec: &str) {
        self.apply_spec(
            name,
            &format!(
                "engine: postgres\nengineVersion: '16'\ndbInstanceClass: db.t4g.micro\nallocatedStorage: 20\nmasterUsername: app\n{spec}"
            ),
        );
    }

    /// An RdsInstance with exactly these lines as its spec.
    pub fn apply_spec(&self, name: &str, spec: &str) {
        self.apply_kind("RdsInstance", name, spec);
    }

    /// An object with exactly these lines as its spec.
    pub fn apply_kind(&self, kind: &str, name: &str, spec: &str) {
        let lines: String = spec.lines().map(|line| format!("  {line}\n")).collect();
        let manifest =
            format!("apiVersion: awsdb.dev/v1alpha1\nkind: {kind}\nmetadata:\n  name: {name}\nspec:\n{lines}");
        self.try_kubectl(&["apply", "-f", "-"], &manifest).unwrap();
    }

    pub fn patch(&self, name: &str, patch: Value) {
        self.kubectl(&["patch", &named(name), "--type=merge", "-p", &patch.to_string()]);
    }

    pub fn object(&self, name: &str) -> Option<Value> {
        let text = self.kubectl(&["get", &named(name), "-o", "json", "--ignore-not-found"]);
        (!text.trim().is_empty()).then(|| serde_json::from_str(&text).unwrap())
    }

    pub fn wait_ready(&self, name: &str) -> Value {
        self.until(&format!("{name} is Ready"), || {
            let object = self.object(name)?;
            (condition(&object, "Ready")?.status == "True").then_some(object)
        })
    }

    pub fn wait_stalled(&self, name: &str, reason: &str) -> Condition {
        self.until(&format!("{name} is Stalled for {reason}"), || {
            condition(&self.object(name)?, "Stalled").filter(|stalled| stalled.reason == reason)
        })
    }

    /// Asks until there is an answer.
    pub fn until<T>(&self, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(answer) = ask() {
                return answer;
            }
            if began.elapsed() > PATIENCE {
                let state = self.try_kubectl(&["get", "awsdb", "-o", "yaml"], "").unwrap_or_default();
                let log = std::fs::read_to_string(self.log()).unwrap_or_default();
                let tail: Vec<&str> = log.lines().rev().take(40).collect();
                panic!(
                    "waited in vain until {what}\n{state}\n{}",
                    tail.into_iter().rev().collect::<Vec<_>>().join("\n")
                );
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// The content of a Secret, decoded.
    pub fn secret(&self, name: &str) -> Option<BTreeMap<String, String>> {
        let text = self.kubectl(&["get", "secret", name, "-o", "json", "--ignore-not-found"]);
        let secret: Value = serde_json::from_str(&text).ok()?;
        let data = secret["data"].as_object()?.clone();
        Some(data.into_iter().map(|(key, value)| (key, decode(value.as_str().unwrap_or_default()))).collect())
    }

    /// Reasons of the events about an object.
    pub fn events(&self, name: &str) -> Vec<String> {
        let text = self.kubectl(&["get", "events.events.k8s.io", "-o", "json"]);
        let list: Value = serde_json::from_str(&text).unwrap();
        let items = list["items"].as_array().unwrap();
        let name = name.rsplit('/').next().unwrap_or(name);
        let about = items.iter().filter(|event| event["regarding"]["name"] == name);
        about.map(|event| event["reason"].as_str().unwrap_or_default().to_string()).collect()
    }

    /// Kubernetes' own verdict on an object (cli-utils).
    pub fn kstatus(&self, object: &Value) -> String {
        let mut child =
            Command::new(self.fact("/kstatus")).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(object.to_string().as_bytes()).unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    }

    /// AWS calls so far, by `service.Operation`.
    pub fn aws_calls(&self) -> BTreeMap<String, u64> {
        serde_json::from_str(&http_get(&self.fact("/aws/calls"))).unwrap()
    }

    /// Calls since an earlier count that change something in AWS.
    pub fn aws_writes_since(&self, before: &BTreeMap<String, u64>) -> Vec<String> {
        let changed = self.aws_calls().into_iter().filter(|(call, count)| before.get(call) != Some(count));
        let reads = ["Describe", "List", "Get"];
        changed
            .map(|(call, _)| call)
            .filter(|call| {
                let operation = call.split('.').next_back().unwrap_or_default();
                !reads.iter().any(|read| operation.starts_with(read))
            })
            .collect()
    }

    /// Writes of the operator's ServiceAccount so far, from the API server's audit log.
    pub fn cluster_writes(&self) -> Vec<String> {
        // The log is written behind the answers; a moment brings it up to date.
        std::thread::sleep(Duration::from_millis(500));
        let log = std::fs::read_to_string(self.fact("/auditLog")).unwrap();
        let is_write = |event: &Value| {
            event["stage"] == "ResponseComplete"
                && event["user"]["username"] == "system:serviceaccount:awsdb-system:awsdb"
                && ["create", "update", "patch", "delete"].iter().any(|verb| event["verb"] == *verb)
        };
        log.lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(is_write)
            .map(|event| format!("{} {}", event["verb"].as_str().unwrap(), event["requestURI"].as_str().unwrap()))
            .collect()
    }

    /// A client's settings, and the runtime to send with.
    pub fn aws(&self) -> (&aws_config::SdkConfig, &tokio::runtime::Runtime) {
        (&self.config, &self.runtime)
    }

    pub fn instance(&self, identifier: &str) -> Option<aws_sdk_rds::types::DbInstance> {
        let answer = self.runtime.block_on(self.rds.describe_db_instances().db_instance_identifier(identifier).send());
        answer.ok()?.db_instances.unwrap_or_default().into_iter().next()
    }

    pub fn snapshots(&self, identifier: &str) -> Vec<String> {
        let request = self.rds.describe_db_snapshots().db_instance_identifier(identifier).snapshot_type("manual");
        let answer = self.runtime.block_on(request.send()).unwrap();
        let list = answer.db_snapshots.unwrap_or_default();
        list.into_iter().filter_map(|snapshot| snapshot.db_snapshot_identifier).collect()
    }

    /// Takes a snapshot of an instance.
    pub fn take_snapshot(&self, identifier: &str, snapshot: &str) {
        let request = self.rds.create_db_snapshot().db_instance_identifier(identifier).db_snapshot_identifier(snapshot);
        self.runtime.block_on(request.send()).unwrap();
    }

    /// Makes an instance as somebody else would, with these tags.
    pub fn make_foreign(&self, identifier: &str, tags: &[(&str, &str)]) {
        let tags = tags.iter().map(|(key, value)| aws_sdk_rds::types::Tag::builder().key(*key).value(*value).build());
        let request = self
            .rds
            .create_db_instance()
            .db_instance_identifier(identifier)
            .db_instance_class("db.t4g.micro")
            .engine("postgres")
            .engine_version("16.4")
            .allocated_storage(20)
            .master_username("app")
            .master_user_password("somebody-elses")
            .set_tags(Some(tags.collect()));
        self.runtime.block_on(request.send()).unwrap();
    }

    /// Takes a snapshot of an instance as somebody else would, with these tags.
    pub fn snapshot(&self, identifier: &str, name: &str, tags: &[(&str, &str)]) {
        let tags = tags.iter().map(|(key, value)| aws_sdk_rds::types::Tag::builder().key(*key).value(*value).build());
        let request = self.rds.create_db_snapshot().db_instance_identifier(identifier).db_snapshot_identifier(name);
        self.runtime.block_on(request.set_tags(Some(tags.collect())).send()).unwrap();
    }

    /// Deletes an instance as somebody with a console would.
    pub fn destroy(&self, identifier: &str) {
        let request = self.rds.delete_db_instance().db_instance_identifier(identifier).skip_final_snapshot(true);
        self.runtime.block_on(request.send()).unwrap();
    }

    pub fn subnet_ids(&self) -> Vec<String> {
        let ids = self.facts["aws"]["subnetIds"].as_array().unwrap();
        ids.iter().map(|id| id.as_str().unwrap().to_string()).collect()
    }

    pub fn log(&self) -> PathBuf {
        self.home.join("test-operator.log")
    }

    /// Starts the operator with short clocks.
    pub fn operator(&self) -> Operator {
        self.operator_with(&[])
    }

    pub fn operator_with(&self, flags: &[&str]) -> Operator {
        self.operator_in(flags, &[])
    }

    /// Starts the operator behind the fault proxy.
    pub fn operator_behind_faults(&self, flags: &[&str]) -> Operator {
        let endpoint = self.fact("/faults/endpoint");
        self.operator_in(flags, &[("AWS_ENDPOINT_URL", &endpoint)])
    }

    /// With further environment variables.
    pub fn operator_in(&self, flags: &[&str], variables: &[(&str, &str)]) -> Operator {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = std::fs::File::create(self.log()).unwrap();
        let usual =
            ["--log-level=debug", "--transition-poll=1s", "--sweep=2s", "--quiet-period=2s", "--secret-poll=2s"];
        let name = |flag: &str| flag.split('=').next().unwrap_or_default().to_string();
        let child = self
            .command()
            .env("KUBECONFIG", self.operator_kubeconfig())
            .envs(variables.iter().copied())
            .args(["run", "--installation=test", "--region=us-east-1", "--log-format=json"])
            .args(usual.iter().filter(|flag| !flags.iter().any(|other| name(other) == name(flag))))
            .arg(format!("--watch-namespaces={}", self.namespace))
            .arg(format!("--listen=127.0.0.1:{port}"))
            .args(flags)
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let operator = Operator { child, address: format!("http://127.0.0.1:{port}") };
        self.until("the operator is ready", || {
            try_get(&format!("{}/readyz", operator.address)).filter(|answer| answer.starts_with("HTTP/1.1 200"))
        });
        operator
    }

    /// The binary with a clean environment that takes the emulator for AWS.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_awsdb"));
        command.env_clear();
        command.env("AWS_ENDPOINT_URL", self.fact("/aws/endpoint"));
        command.env("AWS_ACCESS_KEY_ID", self.fact("/aws/accessKey"));
        command.env("AWS_SECRET_ACCESS_KEY", self.fact("/aws/secretKey"));
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }
}

impl Drop for Lab {
    /// Objects that still have a finalizer would hold their namespace, and later tests count the operator's calls.
    fn drop(&mut self) {
        let names = self.try_kubectl(&["get", "awsdb", "-o", "name"], "").unwrap_or_default();
        for name in names.lines() {
            let _ = self.try_kubectl(&["patch", name, "--type=merge", "-p", r#"{"metadata":{"finalizers":null}}"#], "");
        }
        let _ = self.try_kubectl(&["delete", "namespace", &self.namespace, "--wait=false"], "");
    }
}

/// A running operator; killed when dropped.
pub struct Operator {
    child: Child,
    address: String,
}

impl Operator {
    pub fn metrics(&self) -> String {
        http_get(&format!("{}/metrics", self.address))
    }

    pub fn get(&self, path: &str) -> String {
        http_get(&format!("{}{path}", self.address))
    }

    /// Asks it to stop and returns its exit code.
    pub fn terminate(mut self) -> Option<i32> {
        Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(25) {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        None
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Clone, Debug)]
pub struct Condition {
    pub status: String,
    pub reason: String,
    pub message: String,
}

pub fn condition(object: &Value, kind: &str) -> Option<Condition> {
    let list = object["status"]["conditions"].as_array()?;
    let one = list.iter().find(|condition| condition["type"] == kind)?;
    let text = |field: &str| one[field].as_str().unwrap_or_default().to_string();
    Some(Condition { status: text("status"), reason: text("reason"), message: text("message") })
}

/// `orders` is the RdsInstance of that name, `dynamo/orders` the table.
fn named(name: &str) -> String {
    if name.contains('/') { name.into() } else { format!("rds/{name}") }
}

async fn aws_config(facts: &Value) -> aws_config::SdkConfig {
    let text = |name: &str| facts["aws"][name].as_str().unwrap().to_string();
    let credentials = aws_sdk_rds::config::Credentials::new(text("accessKey"), text("secretKey"), None, None, "lab");
    aws_config::defaults(aws_config::BehaviorVersion::v2026_01_12())
        .endpoint_url(text("endpoint"))
        .region(aws_config::Region::new(text("region")))
        .credentials_provider(credentials)
        .load()
        .await
}

/// The body of a good answer.
fn http_get(url: &str) -> String {
    let answer = try_get(url).unwrap_or_else(|| panic!("{url} does not answer"));
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(" 200 "), "{url}: {answer}");
    body.to_string()
}

fn try_get(url: &str) -> Option<String> {
    ask("GET", url, "")
}

/// A whole HTTP/1.0 answer: no chunks, and the connection's end is the body's.
pub fn ask(method: &str, url: &str, body: &str) -> Option<String> {
    let rest = url.strip_prefix("http://")?;
    let (address, path) = rest.split_once('/')?;
    let mut stream = TcpStream::connect(address).ok()?;
    let length = body.len();
    write!(stream, "{method} /{path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {length}\r\n\r\n{body}").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer.replacen("HTTP/1.0", "HTTP/1.1", 1))
}

fn decode(text: &str) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0u32, 0);
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        let value = LETTERS.iter().position(|one| *one == letter).unwrap() as u32;
        (bits, count) = (bits << 6 | value, count + 6);
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    String::from_utf8(bytes).unwrap()
}
