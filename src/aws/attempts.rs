//! What the SDK keeps to itself: it repeats a read that failed. An attempt that AWS throttled slows its family also when the
//! next one succeeds, and every attempt beyond the first is one more call.

use std::fmt;
use std::sync::Arc;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use tokio::time::Instant;

use super::error::is_throttle;
use super::limits::{Limit, Limits, is_read};

/// Tells the limits of a region of each attempt of one service's client.
pub(super) struct Attempts {
    pub limits: Arc<Limits>,
    pub service: &'static str,
}

/// When a call began, with which all of its attempts are told.
#[derive(Debug)]
struct Began(Instant);

impl Storable for Began {
    type Storer = StoreReplace<Self>;
}

impl fmt::Debug for Attempts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Attempts({})", self.service)
    }
}

impl Attempts {
    fn limit(&self, cfg: &ConfigBag) -> Option<Limit> {
        Some(self.limits.of(self.service, !is_read(cfg.load::<Metadata>()?.name())))
    }
}

impl Intercept for Attempts {
    fn name(&self) -> &'static str {
        "Attempts"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        cfg.interceptor_state().store_put(Began(Instant::now()));
        Ok(())
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let is_repeat = cfg.load::<RequestAttempts>().is_some_and(|made| made.attempts() > 1);
        if let Some(limit) = is_repeat.then(|| self.limit(cfg)).flatten() {
            limit.spend();
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let refused = context.response().filter(|response| !response.status().is_success());
        let code = refused.and_then(|response| code(std::str::from_utf8(response.body().bytes()?).ok()?));
        if code.is_some_and(is_throttle)
            && let (Some(limit), Some(began)) = (self.limit(cfg), cfg.load::<Began>())
        {
            limit.throttled(began.0);
        }
        Ok(())
    }
}

/// The code of a refusal, before the SDK has read it: of XML, or of JSON, where it may follow a namespace and `#`.
fn code(body: &str) -> Option<&str> {
    if let Some((_, rest)) = body.split_once("<Code>") {
        return rest.split('<').next();
    }
    let (_, rest) = body.split_once("\"__type\"")?;
    rest.split('"').nth(1)?.rsplit('#').next()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws::rds::Id;
    use crate::aws::rds::RdsRemote;
    use crate::aws::wire::{Wire, credentials};
    use crate::aws::{Aws, Cloud, Look};

    /// Clients on a wire, and calls per second that reads of a service may do in the region of the tests.
    fn clients(wire: &Wire) -> (Aws, impl Fn(&Aws, &'static str) -> f64) {
        let allowed = |aws: &Aws, service| aws.region("eu-central-1").caller.limits.of(service, false).figures().1;
        (wire.clients(credentials()), allowed)
    }

    async fn look(aws: &Aws) {
        let id = Id { region: "eu-central-1".into(), identifier: "orders".into(), ..Id::default() };
        drop(Cloud::<RdsRemote>::observe(aws, &id, Look::Direct).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttle_that_the_sdk_overcomes_by_itself_slows_the_family_all_the_same() {
        let wire = Wire::new()
            .refusing("DescribeDBInstances", 400, "Throttling", "Rate exceeded")
            .answering("DescribeDBInstances", "<DBInstances/>");
        let (aws, allowed) = clients(&wire);
        let before = allowed(&aws, "rds");
        look(&aws).await;
        assert_eq!(wire.asked("DescribeDBInstances").len(), 2, "the SDK repeats it");
        assert!(wire.told().iter().any(|(_, operation, result)| operation == "DescribeDBInstances" && result == "ok"));
        assert!(allowed(&aws, "rds") < before * 0.6, "{} of {before}", allowed(&aws, "rds"));
        assert_eq!(allowed(&aws, "dynamodb"), 10.0, "another family is not concerned");
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_that_is_no_throttle_slows_nothing() {
        let wire = Wire::new()
            .refusing("DescribeDBInstances", 500, "InternalFailure", "an error by Throttling")
            .answering("DescribeDBInstances", "<DBInstances/>");
        let (aws, allowed) = clients(&wire);
        let before = allowed(&aws, "rds");
        look(&aws).await;
        assert_eq!(wire.asked("DescribeDBInstances").len(), 2);
        assert_eq!(allowed(&aws, "rds"), before);
    }

    #[test]
    fn the_code_is_found_in_both_protocols_and_in_nothing_else() {
        let xml = "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code></Error></ErrorResponse>";
        assert_eq!(code(xml), Some("Throttling"));
        let body =
            json!({"message": "slow", "__type": "com.amazon.coral.availability#ThrottlingException"}).to_string();
        assert_eq!(code(&body), Some("ThrottlingException"));
        assert_eq!(code(&json!({"__type": "SlowDown"}).to_string()), Some("SlowDown"));
        for text in ["", "<html>Throttling</html>", "\"__type\"", "\"__type\":", "<Code>"] {
            assert!(code(text).is_none_or(str::is_empty), "{text}");
        }
    }
}
