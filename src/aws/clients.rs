//! The SDK clients, one set per region, and the border at which everything that AWS answers becomes ours: every call
//! goes through [`Aws::call`], which classifies its error, counts it, and boxes its large future.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_config::retry::{RetryConfig, RetryMode};
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_rds::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_smithy_http_client::{Builder, Connector, proxy::ProxyConfig, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use futures::future::BoxFuture;
use tokio::sync::{Notify, OnceCell};

use super::attempts::Attempts;
use super::aurora::clusters::Clusters;
use super::dynamo::{self, facts::Facts};
use super::error::{Class, CloudError};
use super::inventory::{Ages, Inventory};
use super::limits::{Limit, Limits, Urgency, is_read, turn};
use super::rds::instances::Instances;
use super::snapshots::batch::{ClusterSnapshots, InstanceSnapshots};
use super::tagging;

/// Told of every SDK call.
pub type OnCall = Arc<dyn Fn(&Called<'_>) + Send + Sync>;

/// An SDK call that has ended.
#[derive(Clone, Copy, Debug)]
pub struct Called<'a> {
    /// Service.
    pub service: &'static str,
    /// Operation.
    pub operation: &'static str,
    /// `ok`, or AWS's error code.
    pub result: &'a str,
    /// How long it took, with its retries.
    pub took: Duration,
    /// How long it waited for its turn.
    pub waited: Duration,
    /// How urgent it was.
    pub urgency: Urgency,
    /// Calls per second that its family may do now; `None` where no limit holds it.
    pub allowed: Option<f64>,
}

/// A read is tried this often, each time for this long, and all in all for this long.
const READ_ATTEMPTS: u32 = 3;
const READ_ATTEMPT: Duration = Duration::from_secs(15);
const READ_IN_ALL: Duration = Duration::from_secs(45);
/// A write is sent once and given this long: it must end before the leader's lease can (architecture.md section 6).
const WRITE_IN_ALL: Duration = Duration::from_secs(8);
/// A whole action, with the looks that some calls need first. The fence lets one start when more than 9 s of the lease are
/// left, so that it ends before another leader can begin (architecture.md section 6).
const ACTION_IN_ALL: Duration = WRITE_IN_ALL.saturating_add(Duration::from_millis(500));

/// What the operator chooses; everything else is the SDK's default chain.
#[derive(Clone)]
pub struct Options {
    /// Region of STS and of objects that name none; without it, the SDK's own (`AWS_REGION`, profile, instance).
    pub region: Option<String>,
    /// Shown to AWS in the user agent.
    pub app_name: String,
    /// Told of every call.
    pub on_call: OnCall,
    /// How old an answer that is shared between objects may be.
    pub ages: Ages,
}

/// Why there are no clients: each a sentence for the one who starts the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The SDK would panic on it.
    #[error("{name}={value:?} is not valid: it must be {expected}")]
    Variable { name: &'static str, value: String, expected: &'static str },
    /// Nothing could be trusted, so no call could be made.
    #[error("no CA certificates found: install a CA bundle in the image, or name one in SSL_CERT_FILE")]
    NoTrustRoots,
    /// The SDK would fail on every call instead.
    #[error("no AWS region: set --region or AWS_REGION")]
    NoRegion,
    /// The user agent takes letters, digits and ``!#$%&'*+-.^_`|~`` only.
    #[error("{0:?} cannot be used as the app name in AWS's user agent")]
    AppName(String),
}

/// AWS, through the SDK.
pub struct Aws {
    base: SdkConfig,
    regions: Mutex<HashMap<String, Arc<Clients>>>,
    /// A region was used for the first time.
    pub(super) entered: Notify,
    account: OnceCell<String>,
    on_call: OnCall,
    ages: Ages,
    /// What is known of tables beyond DescribeTable.
    pub(super) facts: Facts,
}

/// The clients of one region. They share the HTTP client and the credentials of [`Aws`]; the SDK's retry quota is one per
/// service and region already, which is what one account wants.
pub(super) struct Clients {
    /// The way of every call.
    pub caller: Caller,
    /// The instances of the region, as AWS showed them last.
    pub instances: Inventory<Instances>,
    /// The clusters of the region with their members, likewise.
    pub clusters: Inventory<Clusters>,
    /// The DB snapshots of the region.
    pub snapshots: Inventory<InstanceSnapshots>,
    /// The DB cluster snapshots of the region.
    pub cluster_snapshots: Inventory<ClusterSnapshots>,
    /// Reads RDS, with retries.
    pub rds: aws_sdk_rds::Client,
    /// Changes RDS: sent once. A retry after a lost answer would meet its own effect, and could outlive the lease.
    pub rds_writes: aws_sdk_rds::Client,
    /// Reads the passwords that RDS keeps.
    pub secrets: aws_sdk_secretsmanager::Client,
    /// Reads DynamoDB.
    pub dynamo: aws_sdk_dynamodb::Client,
    /// Changes DynamoDB, and writes items.
    pub dynamo_writes: aws_sdk_dynamodb::Client,
    /// Reads how capacity scales.
    pub scaling: aws_sdk_applicationautoscaling::Client,
    /// Changes how capacity scales.
    pub scaling_writes: aws_sdk_applicationautoscaling::Client,
    /// Lists what carries a tag.
    pub tagging: aws_sdk_resourcegroupstagging::Client,
}

/// A client; the configuration of each service is a type of its own, with the same members.
macro_rules! client {
    ($sdk:ident, $base:expr, $retries:expr, $timeouts:expr $(, $attempts:expr)?) => {
        $sdk::Client::from_conf(
            $sdk::config::Builder::from($base)
                .retry_config($retries)
                .timeout_config($timeouts)
                $(.interceptor($attempts))?
                .build(),
        )
    };
}

impl Aws {
    /// Builds the clients from the environment. Nothing is called yet.
    ///
    /// # Errors
    /// Whatever would make the SDK panic, or fail at every call, later.
    pub async fn connect(options: Options) -> Result<Self, ConnectError> {
        check_retry_variables(|name| std::env::var(name).ok())?;
        if rustls_native_certs::load_native_certs().certs.is_empty() {
            return Err(ConnectError::NoTrustRoots);
        }
        let app_name = AppName::new(options.app_name.clone()).map_err(|_| ConnectError::AppName(options.app_name))?;
        // By name, not `latest()`: a newer one shall be a decision, not an effect of a lock-file update.
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(http_client())
            .app_name(app_name)
            .retry_config(RetryConfig::standard().with_max_attempts(READ_ATTEMPTS));
        if let Some(region) = options.region {
            loader = loader.region(Region::new(region));
        }
        let base = loader.load().await;
        match base.region() {
            Some(region) if !region.as_ref().is_empty() => Ok(Self::new(base, options.on_call, options.ages)),
            _ => Err(ConnectError::NoRegion),
        }
    }

    /// From a configuration that somebody else made: tests bring their own HTTP client.
    pub fn new(base: SdkConfig, on_call: OnCall, ages: Ages) -> Self {
        let (regions, entered) = (Mutex::default(), Notify::new());
        Self { base, regions, entered, account: OnceCell::new(), on_call, ages, facts: Facts::default() }
    }

    /// The region of objects that name none.
    pub fn default_region(&self) -> &str {
        self.base.region().map_or("", AsRef::as_ref)
    }

    /// The account that the credentials belong to. Asked once in the life of the process; a failure is not remembered.
    ///
    /// # Errors
    /// STS did not say.
    pub async fn account(&self) -> Result<String, CloudError> {
        const OPERATION: &str = "GetCallerIdentity";
        let ask = || async {
            let sts = client!(aws_sdk_sts, &self.base, read_retries(), read_timeouts());
            let identity = self.call("sts", OPERATION, sts.get_caller_identity().send()).await?;
            identity.account.ok_or_else(|| unreadable(OPERATION, "Account"))
        };
        self.account.get_or_try_init(ask).await.cloned()
    }

    /// The clients of a region, made at the first use.
    pub(super) fn region(&self, name: &str) -> Arc<Clients> {
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(clients) = regions.get(name) {
            return clients.clone();
        }
        let clients = Arc::new(Clients::new(self, name));
        regions.insert(name.into(), clients.clone());
        self.entered.notify_one();
        clients
    }

    /// The regions that were used so far.
    pub(super) fn regions(&self) -> HashMap<String, Arc<Clients>> {
        self.regions.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for one SDK call that no limit holds: of a command that has a pace of its own, or once in a process.
    pub(super) fn call<'a, T, E>(
        &'a self,
        service: &'static str,
        operation: &'static str,
        sending: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, CloudError>>
    where
        T: Send,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        send(&self.on_call, service, operation, sending, Duration::ZERO, None)
    }
}

/// The way of the calls of one region: by their turn, classified and counted.
#[derive(Clone)]
pub(super) struct Caller {
    on_call: OnCall,
    /// Each of the region's clients tells them what AWS throttles.
    pub limits: Arc<Limits>,
}

impl Caller {
    /// Waits for one SDK call, which reads when its turn has come. A write has waited in [`Self::turn_to_write`] already.
    pub(super) fn call<'a, T, E>(
        &'a self,
        service: &'static str,
        operation: &'static str,
        sending: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, CloudError>>
    where
        T: Send + 'a,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let is_read = is_read(operation);
        let limit = self.limits.of(service, !is_read);
        Box::pin(async move {
            let waited = if is_read { limit.pass().await } else { Duration::ZERO };
            send(&self.on_call, service, operation, sending, waited, Some(&limit)).await
        })
    }

    /// Waits until a write may be sent: ahead of the time that a write has, and of the leader's fence.
    pub(super) async fn turn_to_write(&self, service: &'static str) {
        self.limits.of(service, true).pass().await;
    }
}

/// An action, broken off at its deadline.
pub(super) async fn in_time(
    operation: &'static str,
    action: impl Future<Output = Result<(), CloudError>>,
) -> Result<(), CloudError> {
    let late = |_| Err(CloudError::transport(operation, "Timeout", "no answer in time: AWS may have done it"));
    tokio::time::timeout(ACTION_IN_ALL, action).await.unwrap_or_else(late)
}

/// Boxed here, so that the SDK's 5 to 10 KB of future do not add up in those who wait for it.
fn send<'a, T, E>(
    on_call: &'a OnCall,
    service: &'static str,
    operation: &'static str,
    sending: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send + 'a,
    waited: Duration,
    limit: Option<&'a Limit>,
) -> BoxFuture<'a, Result<T, CloudError>>
where
    T: Send,
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    Box::pin(async move {
        let started = Instant::now();
        let result = sending.await.map_err(|error| classified(operation, &error));
        let word = result.as_ref().map_or_else(|error| error.code.as_str(), |_| "ok");
        let took = started.elapsed();
        let (urgency, allowed) = (turn().urgency, limit.map(|limit| limit.figures().1));
        on_call(&Called { service, operation, result: word, took, waited, urgency, allowed });
        result
    })
}

impl Clients {
    fn new(aws: &Aws, region: &str) -> Self {
        let base = aws.base.to_builder().region(Region::new(region.to_string())).build();
        let caller = Caller { on_call: aws.on_call.clone(), limits: Arc::default() };
        let attempts = |service| Attempts { limits: caller.limits.clone(), service };
        macro_rules! reads {
            ($sdk:ident, $service:expr) => {
                client!($sdk, &base, read_retries(), read_timeouts(), attempts($service))
            };
        }
        macro_rules! writes {
            ($sdk:ident, $service:expr) => {
                client!($sdk, &base, RetryConfig::disabled(), write_timeouts(), attempts($service))
            };
        }
        let rds = reads!(aws_sdk_rds, "rds");
        Self {
            instances: Inventory::new(Instances { rds: rds.clone(), caller: caller.clone() }, aws.ages),
            clusters: Inventory::new(Clusters { rds: rds.clone(), caller: caller.clone() }, aws.ages),
            snapshots: Inventory::new(InstanceSnapshots { rds: rds.clone(), caller: caller.clone() }, aws.ages),
            cluster_snapshots: Inventory::new(ClusterSnapshots { rds: rds.clone(), caller: caller.clone() }, aws.ages),
            rds,
            rds_writes: writes!(aws_sdk_rds, "rds"),
            secrets: reads!(aws_sdk_secretsmanager, "secretsmanager"),
            dynamo: reads!(aws_sdk_dynamodb, dynamo::SERVICE),
            dynamo_writes: writes!(aws_sdk_dynamodb, dynamo::SERVICE),
            scaling: reads!(aws_sdk_applicationautoscaling, dynamo::SCALING),
            scaling_writes: writes!(aws_sdk_applicationautoscaling, dynamo::SCALING),
            tagging: reads!(aws_sdk_resourcegroupstagging, tagging::SERVICE),
            caller,
        }
    }
}

fn read_retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(READ_ATTEMPTS)
}

fn read_timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().operation_attempt_timeout(READ_ATTEMPT).operation_timeout(READ_IN_ALL).build()
}

fn write_timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().operation_timeout(WRITE_IN_ALL).build()
}

/// The SDK's default HTTP client, but one for all: proxies of the environment, native trust roots, aws-lc.
fn http_client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
        let mut connector = Connector::builder().tls_provider(provider).proxy_config(ProxyConfig::from_env());
        connector.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            connector.set_sleep_impl(components.sleep_impl());
        }
        connector.build()
    })
}

/// Our own retry settings take precedence over these variables, but a bad one shall be said, not ignored.
fn check_retry_variables(variable: impl Fn(&str) -> Option<String>) -> Result<(), ConnectError> {
    let bad = |name, expected, good: fn(&str) -> bool| match variable(name) {
        Some(value) if !good(&value) => Err(ConnectError::Variable { name, value, expected }),
        _ => Ok(()),
    };
    bad("AWS_MAX_ATTEMPTS", "a whole number from 1", |text| text.parse::<u32>().is_ok_and(|number| number > 0))?;
    bad("AWS_RETRY_MODE", "standard or adaptive", |text| text.parse::<RetryMode>().is_ok())
}

/// An answer without a member that is always there: a default in its place would be acted upon.
pub(super) fn unreadable(operation: &'static str, member: &str) -> CloudError {
    CloudError::transport(operation, "Unreadable", &format!("the answer lacks {member}"))
}

/// The border: what the SDK says went wrong, as an error of ours. The SDK's own texts stay outside, because they hold raw
/// answers, dates and request ids.
fn classified<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> CloudError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let transport = |code, message: &str| CloudError::transport(operation, code, message);
    match error {
        SdkError::ServiceError(answer) => match answer.err().code() {
            Some(code) => CloudError::answered(operation, code, answer.err().message().unwrap_or("without a message")),
            // A gateway's page, or a success that does not parse although the call took effect.
            None => transport("Unreadable", &format!("HTTP {} without an error code", answer.raw().status())),
        },
        SdkError::ResponseError(answer) => {
            transport("Unreadable", &format!("HTTP {} with an answer that cannot be read", answer.raw().status()))
        }
        SdkError::TimeoutError(_) => transport("Timeout", "no answer in time: it is not known whether AWS did it"),
        SdkError::DispatchFailure(_) => not_sent(operation, "Unreachable", error),
        SdkError::ConstructionFailure(_) => not_sent(operation, "NotSent", error),
        _ => transport("Unreadable", "an error of a kind that this version does not know"),
    }
}

/// The call did not leave us, or died on the way.
fn not_sent(operation: &'static str, code: &str, error: &(dyn Error + 'static)) -> CloudError {
    let causes = || std::iter::successors(Some(error), |&cause| cause.source());
    // IRSA: STS says which right or trust policy is missing.
    let refused = causes().find_map(|cause| cause.downcast_ref::<AssumeRoleWithWebIdentityError>());
    if let Some((code, message)) = refused.and_then(|refused| Some((refused.code()?, refused.message()?))) {
        return CloudError::answered("AssumeRoleWithWebIdentity", code, message);
    }
    match causes().find_map(|cause| cause.downcast_ref::<CredentialsError>()) {
        Some(CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_)) => CloudError {
            class: Class::Denied,
            operation,
            code: "NoCredentials".into(),
            message: "the operator has no usable AWS credentials: give its service account a role (IRSA or EKS Pod \
                      Identity), or set the AWS_* variables"
                .into(),
        },
        Some(_) => CloudError::transport(operation, "NoCredentials", "AWS credentials could not be fetched"),
        None => {
            // The innermost cause is the operating system's or the TLS library's: short, and the same at every retry.
            let cause = causes().last().map(ToString::to_string).unwrap_or_default();
            CloudError::transport(operation, code, &cause)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_retry_variables_are_refused_with_a_sentence() {
        let check = |name: &'static str, value: &str| {
            check_retry_variables(|asked| (asked == name).then(|| value.to_string())).map_err(|error| error.to_string())
        };
        for (name, value) in [("AWS_MAX_ATTEMPTS", "1"), ("AWS_RETRY_MODE", "standard"), ("AWS_RETRY_MODE", "Adaptive")]
        {
            assert_eq!(check(name, value), Ok(()), "{name}={value}");
        }
        for value in ["0", "-1", "many", ""] {
            let expected = format!("AWS_MAX_ATTEMPTS={value:?} is not valid: it must be a whole number from 1");
            assert_eq!(check("AWS_MAX_ATTEMPTS", value), Err(expected));
        }
        let expected = "AWS_RETRY_MODE=\"legacy\" is not valid: it must be standard or adaptive";
        assert_eq!(check("AWS_RETRY_MODE", "legacy"), Err(expected.into()));
        assert_eq!(check("OTHER", "x"), Ok(()));
    }

    fn options(app_name: &str) -> Options {
        Options {
            region: Some("eu-central-1".into()),
            app_name: app_name.into(),
            on_call: Arc::new(|_| ()),
            ages: Ages::default(),
        }
    }

    #[tokio::test]
    async fn connecting_calls_nothing_and_refuses_a_bad_app_name_or_an_empty_region() {
        let aws = Aws::connect(options("awsdb")).await.map_err(|error| error.to_string());
        assert_eq!(aws.map(|aws| aws.default_region().to_string()), Ok("eu-central-1".into()));
        let error = Aws::connect(options("no spaces")).await.map(drop).unwrap_err();
        assert_eq!(error, ConnectError::AppName("no spaces".into()));
        let nowhere = Options { region: Some(String::new()), ..options("awsdb") };
        assert_eq!(Aws::connect(nowhere).await.map(drop), Err(ConnectError::NoRegion));
    }

    #[test]
    fn the_clients_of_a_region_are_made_once_and_share_the_http_client() {
        let base = SdkConfig::builder().behavior_version(BehaviorVersion::v2026_01_12()).http_client(http_client());
        let aws = Aws::new(base.build(), Arc::new(|_| ()), Ages::default());
        let (here, again, there) = (aws.region("eu-central-1"), aws.region("eu-central-1"), aws.region("us-east-1"));
        assert!(Arc::ptr_eq(&here, &again) && !Arc::ptr_eq(&here, &there));
        assert_eq!(here.rds.config().region().map(AsRef::as_ref), Some("eu-central-1"));
        let (rds, dynamo, scaling) =
            (here.rds_writes.config(), here.dynamo_writes.config(), here.scaling_writes.config());
        for (retries, timeouts) in [
            (rds.retry_config(), rds.timeout_config()),
            (dynamo.retry_config(), dynamo.timeout_config()),
            (scaling.retry_config(), scaling.timeout_config()),
        ] {
            assert_eq!(retries.map(RetryConfig::max_attempts), Some(1));
            assert_eq!(timeouts.and_then(TimeoutConfig::operation_timeout), Some(WRITE_IN_ALL));
        }
        for retries in [here.dynamo.config().retry_config(), here.scaling.config().retry_config()] {
            assert_eq!(retries.map(RetryConfig::max_attempts), Some(READ_ATTEMPTS));
        }
    }
}
