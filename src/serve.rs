//! `/metrics`, `/healthz` and `/readyz`.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::health::Health;
use crate::metrics::Metrics;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers until the process ends.
///
/// # Errors
/// When the socket fails.
pub async fn serve(listener: TcpListener, metrics: Arc<Metrics>, health: Arc<Health>) -> std::io::Result<()> {
    let ready = health.clone();
    let router = Router::new()
        .route("/metrics", get(async move || scraped(&metrics)))
        .route("/healthz", get(async move || alive(&health)))
        .route("/readyz", get(async move || readiness(&ready)));
    axum::serve(listener, router).await
}

fn scraped(metrics: &Metrics) -> Response {
    match metrics.text() {
        Ok(text) => ([(CONTENT_TYPE, OPENMETRICS)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn alive(health: &Health) -> Response {
    match health.dead(Instant::now()).as_slice() {
        [] => "alive\n".into_response(),
        dead => {
            let text = format!("no request of these watches for 10 minutes: {}\n", dead.join(", "));
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
        }
    }
}

fn readiness(health: &Health) -> Response {
    let (is_ready, lines) = health.ready();
    let code = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let word = if is_ready { "ready" } else { "not ready" };
    let text: String = std::iter::once(word.to_string()).chain(lines).map(|line| line + "\n").collect();
    (code, text).into_response()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    async fn ask(path: &str, health: Arc<Health>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, Arc::default(), health));
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: awsdb\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn readiness_is_503_with_what_is_missing_and_then_200() {
        let health = Arc::new(Health::default());
        health.awaits("RdsInstance");
        let answer = ask("/readyz", health.clone()).await;
        assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("RdsInstance: missing"), "{answer}");
        health.has("RdsInstance");
        let answer = ask("/readyz", health).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("ready\n"), "{answer}");
    }

    #[tokio::test]
    async fn a_fresh_process_is_alive_and_can_be_scraped() {
        let health = Arc::new(Health::default());
        assert!(ask("/healthz", health.clone()).await.starts_with("HTTP/1.1 200"));
        let answer = ask("/metrics", health).await;
        assert!(answer.contains("awsdb_build_info") && answer.contains("application/openmetrics-text"), "{answer}");
    }
}
