//! `awsdb run`: puts everything together and waits for the end.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Failure, logs, on_one_thread};
use crate::aws::inventory::{Ages, News};
use crate::aws::{self, Aws, Cloud};
use crate::config::RunFlags;
use crate::controller::Installation;
use crate::controller::brake::Brake;
use crate::controller::connect::{Clients, cluster_uid};
use crate::controller::orphans;
use crate::controller::run::{ROUND_LIMIT, Stage, run as queue, until_stopped};
use crate::health::Health;
use crate::kind::{Clocks, Kind};
use crate::kinds::aurora::AuroraServerless;
use crate::kinds::dynamo::DynamoTable;
use crate::kinds::rds::RdsInstance;
use crate::kinds::snapshot::DbSnapshot;
use crate::metrics::Metrics;
use crate::serve::serve;

/// How long an API server that does not answer is waited for at the start.
const PATIENCE: Duration = Duration::from_secs(60);
const API_SERVER: &str = "Kubernetes API server";

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// When it cannot begin, or ends by itself.
pub fn run(flags: &RunFlags) -> Result<(), Failure> {
    let region = flags.region(|name| std::env::var(name).ok()).map_err(Failure::Usage)?;
    logs::start(flags.log_format, flags.log_level);
    on_one_thread(operate(flags, region))
}

async fn operate(flags: &RunFlags, region: String) -> Result<(), Failure> {
    let stop = stop_on_signal()?;
    let (metrics, health) = (Arc::new(Metrics::default()), Arc::new(Health::default()));
    // Before the port, and before Kubernetes: a wrong environment is said at once, whatever else is wrong.
    let aws = connect_to_aws(&region, &flags.clocks(), &metrics).await?;
    health.awaits(API_SERVER);
    let listener = TcpListener::bind(flags.listen).await;
    let listener = listener.map_err(|error| Failure::Failed(format!("cannot listen on {}: {error}", flags.listen)))?;
    tokio::spawn(serve(listener, metrics.clone(), health.clone()));
    let clients = Clients::new(health.clone()).await.map_err(Failure::Failed)?;
    let cluster = tokio::select! {
        () = stop.cancelled() => return Ok(()),
        uid = cluster_uid(&clients.calls, PATIENCE) => uid.map_err(Failure::Failed)?,
    };
    health.has(API_SERVER);
    let stage = Stage {
        clients,
        installation: Installation {
            name: flags.installation.clone(),
            cluster,
            region,
            trust_account: flags.trust_account,
        },
        clocks: flags.clocks(),
        brake: Arc::new(Brake::new(flags.deletion_brake.deletions, flags.deletion_brake.within)),
        namespaces: flags.namespaces(),
        concurrency: flags.concurrency,
        round_limit: ROUND_LIMIT,
        pod: std::env::var("POD_NAME").ok(),
        roll: Arc::default(),
        metrics,
        health,
        stop: stop.clone(),
    };
    tracing::info!(version = env!("CARGO_PKG_VERSION"), installation = flags.installation, "running");
    until_stopped(start(&stage, &aws, flags.orphan_sweep), stop).await.map_err(Failure::Failed)
}

/// Starts the queue of every kind, the sweeps that make their objects due, and the count of what has no object: the one
/// place where kinds and cloud meet.
fn start(stage: &Stage, aws: &Arc<Aws>, orphan_sweep: Duration) -> JoinSet<()> {
    let (mut queues, mut pokes) = (JoinSet::new(), HashMap::new());
    add::<RdsInstance>(stage, aws, &mut queues, &mut pokes);
    add::<AuroraServerless>(stage, aws, &mut queues, &mut pokes);
    add::<DynamoTable>(stage, aws, &mut queues, &mut pokes);
    add::<DbSnapshot>(stage, aws, &mut queues, &mut pokes);
    let metrics = stage.metrics.clone();
    let tell = move |News { whose, cause }: News| {
        metrics.poked(&whose.kind, cause.word());
        if let Some(poke) = pokes.get(&whose.kind) {
            poke(&whose.namespace, &whose.name);
        }
    };
    queues.spawn(aws.clone().sweep(Arc::new(tell), stage.stop.clone()));
    let swept = Arc::downgrade(aws);
    stage.metrics.count_sweeps(move || swept.upgrade().map(|aws| aws.sweeps()).unwrap_or_default());
    queues.spawn(orphans::watch(stage.clone(), aws.clone(), orphan_sweep));
    queues
}

/// Makes an object due, by namespace and name.
type Poke = Box<dyn Fn(&str, &str) + Send + Sync>;

fn add<K>(stage: &Stage, aws: &Arc<Aws>, queues: &mut JoinSet<()>, pokes: &mut HashMap<Cow<'static, str>, Poke>)
where
    K: Kind,
    Aws: Cloud<K::Remote>,
{
    let (poke, rounds) = queue::<K, _>(stage, aws.clone());
    queues.spawn(rounds);
    pokes.insert(K::kind(&()), Box::new(move |namespace, name| poke.poke(namespace, name)));
}

async fn connect_to_aws(region: &str, clocks: &Clocks, metrics: &Arc<Metrics>) -> Result<Arc<Aws>, Failure> {
    let counted = metrics.clone();
    let options = aws::Options {
        region: Some(region.into()),
        app_name: concat!("aws-database-operator-", env!("CARGO_PKG_VERSION")).into(),
        on_call: Arc::new(move |call| {
            let aws::Called { service, operation, result, took, waited, urgency, .. } = *call;
            tracing::debug!(service, operation, result, ?took, ?waited, ?urgency, "AWS call");
            counted.aws_call(call);
        }),
        ages: Ages::new(clocks.sweep, clocks.transition_poll, clocks.settle)
            .resyncing(clocks.resync(), clocks.secret_poll.min(clocks.resync())),
    };
    Aws::connect(options).await.map(Arc::new).map_err(|error| Failure::Usage(error.to_string()))
}

fn stop_on_signal() -> Result<CancellationToken, Failure> {
    let listen = |kind| signal(kind).map_err(|error| Failure::Failed(format!("no signals: {error}")));
    let (terminate, interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    let stop = CancellationToken::new();
    for mut one in [terminate, interrupt] {
        let stop = stop.clone();
        tokio::spawn(async move {
            one.recv().await;
            stop.cancel();
        });
    }
    Ok(stop)
}
