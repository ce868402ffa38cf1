//! The lab's API server, asked past every library but kube's transport: requests and answers are plain JSON.

use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::{Method, Request};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};

/// Namespace of the objects that these tests make.
pub const NAMESPACE: &str = "apiserver-tests";

/// Query of a server-side apply. Unknown fields are refused, as kubectl has it.
const APPLY: &str = "fieldValidation=Strict&force=true";

/// A running lab with the CRDs installed.
pub struct Lab {
    runtime: tokio::runtime::Runtime,
    client: Client,
    kubectl: String,
    kubeconfig: String,
}

/// What the API server said instead of doing it.
#[derive(Debug)]
pub struct Refusal {
    /// HTTP status.
    pub code: u16,
    /// Everything it said.
    pub message: String,
    /// Each single objection: field and words.
    pub causes: Vec<(String, String)>,
}

impl Refusal {
    /// Whether one objection is about this field and contains these words.
    pub fn says(&self, field: &str, words: &str) -> bool {
        self.causes.iter().any(|(at, said)| at.contains(field) && said.contains(words))
    }
}

/// The lab of `AWSDB_LAB`; fails where there is none, since a test that skips itself proves nothing.
pub fn lab() -> &'static Lab {
    // A panic would poison it, and every other test would then fail without saying why.
    static LAB: LazyLock<Result<Lab, String>> = LazyLock::new(|| {
        let path = std::env::var("AWSDB_LAB").map_err(|_| NO_LAB.to_string())?;
        let lab = Lab::connect(&path)?;
        lab.install()?;
        Ok(lab)
    });
    LAB.as_ref().unwrap_or_else(|why| panic!("{why}"))
}

const NO_LAB: &str = "these tests need a real API server: run them with `python3 dev/lab.py run -- cargo test --test apiserver` (or make test)";

/// The CRDs as this version makes them.
pub fn crds() -> &'static [Value] {
    static CRDS: LazyLock<Vec<Value>> =
        LazyLock::new(|| awsdb::kinds::crds().iter().map(|crd| serde_json::to_value(crd).unwrap()).collect());
    &CRDS
}

/// The CRD of a kind.
pub fn crd(kind: &str) -> &'static Value {
    crds().iter().find(|crd| crd["spec"]["names"]["kind"] == kind).expect("a kind has a CRD")
}

/// Where objects of a kind are served.
fn plural(kind: &str) -> String {
    match kind {
        "ConfigMap" | "Deployment" | "Namespace" | "Pod" | "Secret" => format!("{}s", kind.to_lowercase()),
        ours => crd(ours)["spec"]["names"]["plural"].as_str().unwrap().into(),
    }
}

/// Where the objects of one of our kinds are that these tests make.
fn place(kind: &Value) -> String {
    format!("/apis/awsdb.dev/v1alpha1/namespaces/{NAMESPACE}/{}", plural(kind.as_str().unwrap()))
}

fn named(object: &Value) -> String {
    format!("{}/{}", place(&object["kind"]), object["metadata"]["name"].as_str().unwrap())
}

impl Lab {
    fn connect(path: &str) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("AWSDB_LAB={path}: {error}"))?;
        let facts: Value = serde_json::from_str(&text).map_err(|error| format!("AWSDB_LAB={path}: {error}"))?;
        let fact = |name: &str| facts[name].as_str().map(String::from).ok_or(format!("{path} has no {name}"));
        let (kubectl, kubeconfig) = (fact("kubectl")?, fact("kubeconfig")?);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let client = runtime.block_on(async {
            let file = Kubeconfig::read_from(&kubeconfig).map_err(|error| error.to_string())?;
            let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await;
            let mut config = config.map_err(|error| error.to_string())?;
            config.proxy_url = None;
            Client::try_from(config).map_err(|error| error.to_string())
        })?;
        Ok(Self { runtime, client, kubectl, kubeconfig })
    }

    fn install(&self) -> Result<(), String> {
        let replaced = crds().iter().map(|crd| self.install_one(crd)).collect::<Result<Vec<bool>, String>>()?;
        if replaced.contains(&true) {
            // A schema that replaces another is taken up a moment after it is stored.
            std::thread::sleep(Duration::from_secs(2));
        }
        for namespace in [NAMESPACE, "team-a"] {
            let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
            self.apply(&object, false).map_err(|refusal| refusal.message)?;
        }
        Ok(())
    }

    /// Whether it replaced another schema.
    fn install_one(&self, crd: &Value) -> Result<bool, String> {
        let name = crd["metadata"]["name"].as_str().unwrap();
        let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}");
        let stored = || self.send(Method::GET, &path, None);
        let generation = || stored().map(|crd| crd["metadata"]["generation"].clone()).unwrap_or_default();
        let before = generation();
        let output = self.kubectl(&["apply", "--server-side", "--force-conflicts", "-f", "-"], &crd.to_string());
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            return Err(format!("the CRD {name} is refused: {said}"));
        }
        if !said.is_empty() {
            return Err(format!("the CRD {name} is installed with warnings: {said}"));
        }
        self.wait_until("the CRD is served", || {
            let is_established =
                stored().is_ok_and(|crd| crd["status"]["conditions"].to_string().contains("Established"));
            is_established && self.send(Method::GET, &place(&crd["spec"]["names"]["kind"]), None).is_ok()
        });
        Ok(!before.is_null() && before != generation())
    }

    /// Waits at most 20 s.
    pub fn wait_until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        for _ in 0..100 {
            if holds() {
                return;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        panic!("not within 20 s: {what}");
    }

    /// One request.
    pub fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Refusal> {
        let kind = if method == Method::PATCH { "application/apply-patch+yaml" } else { "application/json" };
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let request = Request::builder().method(method).uri(path).header("content-type", kind).body(body).unwrap();
        self.runtime.block_on(self.client.request::<Value>(request)).map_err(|error| match error {
            kube::Error::Api(status) => Refusal {
                code: status.code,
                message: status.message,
                causes: status
                    .details
                    .map(|details| details.causes.into_iter().map(|cause| (cause.field, cause.message)).collect())
                    .unwrap_or_default(),
            },
            other => panic!("the API server could not be asked: {other}"),
        })
    }

    /// Creates one of our objects, or only asks whether it could be.
    pub fn create(&self, object: &Value, dry_run: bool) -> Result<Value, Refusal> {
        let dry_run = if dry_run { "&dryRun=All" } else { "" };
        let path = format!("{}?fieldValidation=Strict{dry_run}", place(&object["kind"]));
        self.send(Method::POST, &path, Some(object))
    }

    /// Asks whether a stored object could become this.
    pub fn could_become(&self, object: &Value) -> Result<Value, Refusal> {
        let path = format!("{}?fieldValidation=Strict&dryRun=All", named(object));
        self.send(Method::PUT, &path, Some(object))
    }

    /// Deletes one of our objects.
    pub fn delete(&self, object: &Value) {
        self.send(Method::DELETE, &named(object), None).unwrap();
    }

    /// Server-side apply of any object that the documents use.
    pub fn apply(&self, object: &Value, dry_run: bool) -> Result<Value, Refusal> {
        let plural = plural(object["kind"].as_str().unwrap_or_default());
        let version = object["apiVersion"].as_str().unwrap_or_default();
        let root = if version.contains('/') { format!("/apis/{version}") } else { format!("/api/{version}") };
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let place = match object["metadata"]["namespace"].as_str() {
            Some(namespace) => format!("namespaces/{namespace}/{plural}/{name}"),
            None => format!("{plural}/{name}"),
        };
        let dry_run = if dry_run { "&dryRun=All" } else { "" };
        self.send(Method::PATCH, &format!("{root}/{place}?{APPLY}&fieldManager=tests{dry_run}"), Some(object))
    }

    /// Server-side apply of the status of one of our objects.
    pub fn apply_status(&self, object: &Value, manager: &str) -> Result<Value, Refusal> {
        self.send(Method::PATCH, &format!("{}/status?{APPLY}&fieldManager={manager}", named(object)), Some(object))
    }

    /// kubectl, as users have it.
    pub fn kubectl(&self, arguments: &[&str], input: &str) -> Output {
        use std::io::Write;
        // Its discovery cache is kept by address: in the user's home, another lab on the same port would find stale answers.
        let cache = std::env::temp_dir().join(format!("awsdb-apiserver-tests-{}", std::process::id()));
        let mut child = Command::new(&self.kubectl)
            .args(["--kubeconfig", &self.kubeconfig])
            .args(arguments)
            .env("KUBECACHEDIR", &cache)
            .env_remove("HTTPS_PROXY")
            .env_remove("https_proxy")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let _ = std::fs::remove_dir_all(&cache);
        output
    }

    /// What kubectl prints.
    pub fn kubectl_says(&self, arguments: &[&str]) -> String {
        let output = self.kubectl(arguments, "");
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }
}

/// An object of a kind, of a name that no other test has.
pub fn object(kind: &str, spec: &Value) -> Value {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("object-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    json!({
        "apiVersion": "awsdb.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": spec,
    })
}

/// JSON merge patch: null removes, and below `[]` is what to do with every item of a list.
pub fn merged(base: &Value, patch: &Value) -> Value {
    if let (Value::Array(items), Some(each)) = (base, patch.get("[]")) {
        return Value::Array(items.iter().map(|item| merged(item, each)).collect());
    }
    let (Value::Object(base), Value::Object(patch)) = (base, patch) else { return patch.clone() };
    let mut all = base.clone();
    for (key, value) in patch {
        if value.is_null() {
            all.remove(key);
        } else {
            let old = all.get(key).cloned().unwrap_or_else(|| json!({}));
            all.insert(key.clone(), merged(&old, value));
        }
    }
    Value::Object(all)
}
