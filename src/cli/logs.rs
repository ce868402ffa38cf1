//! Log lines: ours as wanted, of the libraries only warnings.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, LogLevel};

/// kube logs every failed request and every failed list as an error of its own; what matters of it is said by the queues.
/// The SDK's debug lines hold requests, and requests hold passwords.
const LIBRARIES: &str = "warn,kube_client=off,kube_runtime=off,aws_config=warn,aws_smithy_runtime=warn";

/// Logs to stderr from here on, panics too.
pub fn start(format: LogFormat, level: LogLevel) {
    let filter = EnvFilter::new(directives(level));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // A second start, in tests, changes nothing.
    let _ = match format {
        LogFormat::Human => lines.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).try_init(),
    };
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panic: {}", panic.payload_as_str().unwrap_or("without words"));
    }));
}

fn directives(level: LogLevel) -> String {
    format!("{LIBRARIES},awsdb={}", level.word())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_level_opens_the_libraries() {
        for level in [LogLevel::Error, LogLevel::Warn, LogLevel::Info, LogLevel::Debug, LogLevel::Trace] {
            let filter = EnvFilter::try_new(directives(level)).unwrap().to_string();
            assert!(filter.contains(&format!("awsdb={}", level.word())), "{filter}");
            assert!(filter.contains("aws_smithy_runtime=warn"), "{filter}");
        }
    }
}
