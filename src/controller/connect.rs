//! The way to the API server: one client for watches, which stay open, and one for everything else, which must end before
//! a round's deadline does.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Request;
use k8s_openapi::api::core::v1::Namespace;
use kube::client::{Body, ClientBuilder};
use kube::{Api, Client, Config};
use tower::util::MapRequestLayer;

use super::kube::{chain, refusal};
use crate::health::Health;

/// A read, a write and a connection each end within this. kube's own retries (up to 8 minutes within one call) are off: a
/// round that fails is repeated, and says so meanwhile.
const CALL: Duration = Duration::from_secs(10);
/// kube restarts a watch after 295 s at the latest; this ends a list that is never answered.
const WATCH: Duration = Duration::from_secs(310);
/// Between two attempts to reach the API server at the start.
const AGAIN: Duration = Duration::from_secs(2);

/// The clients of this process.
#[derive(Clone)]
pub struct Clients {
    /// For watches.
    pub watches: Client,
    /// For everything else.
    pub calls: Client,
}

impl Clients {
    /// Builds the clients; nothing is called yet. Every request of a watch is a sign of life for `health`.
    ///
    /// # Errors
    /// A sentence on what the configuration lacks.
    pub async fn new(health: Arc<Health>) -> Result<Self, String> {
        Self::of(configuration().await?, health)
    }

    fn of(config: Config, health: Arc<Health>) -> Result<Self, String> {
        let calls = bounded(config.clone(), CALL);
        let watches = bounded(config, WATCH);
        let build = |config| ClientBuilder::try_from(config).map_err(|error| unusable(&error));
        let beat = MapRequestLayer::new(move |request: Request<Body>| {
            health.beat(request.uri().path());
            request
        });
        Ok(Self { watches: build(watches)?.with_layer(&beat).build(), calls: build(calls)?.build() })
    }
}

/// In a pod the service account; outside, or when one is named, the kubeconfig.
async fn configuration() -> Result<Config, String> {
    let is_set = |name| std::env::var_os(name).is_some();
    let mut config = if is_set("KUBERNETES_SERVICE_HOST") && !is_set("KUBECONFIG") {
        Config::incluster().map_err(|error| unusable(&error))?
    } else {
        Config::infer().await.map_err(|error| unusable(&error))?
    };
    if config.cluster_url.host().is_some_and(is_loopback) {
        // kube takes HTTPS_PROXY for loopback too, ignores NO_PROXY, and then fails.
        config.proxy_url = None;
    }
    Ok(config)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host == "[::1]" || host.starts_with("127.")
}

fn bounded(mut config: Config, limit: Duration) -> Config {
    config.connect_timeout = Some(CALL);
    config.read_timeout = Some(limit);
    config.write_timeout = Some(CALL);
    // Without it the time that a connection sat idle counts against the next answer.
    config.reset_reader_on_write = true;
    config.default_retry = false;
    config
}

fn unusable(error: &dyn std::error::Error) -> String {
    format!("no usable configuration of the Kubernetes API: {}", chain(error))
}

/// The uid of the `kube-system` namespace, which is this cluster's in owner tags. An API server that just starts, and
/// rights that are not there yet, are waited for.
///
/// # Errors
/// A sentence with the last answer, when there was none in time.
pub async fn cluster_uid(client: &Client, patience: Duration) -> Result<String, String> {
    let namespaces = Api::<Namespace>::all(client.clone());
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        let why = match namespaces.get_metadata("kube-system").await {
            Ok(found) => match found.metadata.uid {
                Some(uid) => return Ok(uid),
                None => "it has no uid".to_string(),
            },
            Err(error) => refusal(&error).to_string(),
        };
        if tokio::time::Instant::now() + AGAIN > deadline {
            let rest = "its uid marks the databases of this cluster";
            return Err(format!("the namespace kube-system cannot be read ({rest}): {why}"));
        }
        tracing::warn!(why, "the namespace kube-system cannot be read yet");
        tokio::time::sleep(AGAIN).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn loopback_is_told_from_the_rest() {
        for host in ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["10.0.0.1", "kubernetes.default.svc", "localhost.example.com"] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn no_call_is_unbounded() {
        let config = bounded(Config::new("https://127.0.0.1:6443".parse().unwrap()), CALL);
        assert!(config.read_timeout.is_some() && config.write_timeout.is_some() && config.connect_timeout.is_some());
        assert!(config.reset_reader_on_write);
    }

    #[tokio::test]
    async fn a_call_that_the_server_cannot_serve_is_not_repeated_by_the_client() {
        let (asked, listener) = (Arc::new(AtomicUsize::new(0)), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let address = listener.local_addr().unwrap();
        let counted = asked.clone();
        let refuse = axum::Router::new().fallback(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            std::future::ready(axum::http::StatusCode::SERVICE_UNAVAILABLE)
        });
        let server = tokio::spawn(async move { axum::serve(listener, refuse).await });
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        let config = Config::new(format!("http://{address}").parse().unwrap());
        let clients = Clients::of(config, Arc::default()).unwrap();
        for client in [clients.calls, clients.watches] {
            Api::<Namespace>::all(client).get("kube-system").await.unwrap_err();
        }
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        server.abort();
    }
}
