//! The queue of a kind: watches, pokes and deadlines make rounds due, and every round runs in a task of its own within a
//! deadline. A panic is a failed round of that object alone; a poke does not shorten an object's back-off; every round
//! names the time of the next. Built on kube's `applier`, which coalesces and never runs two rounds of one object.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::future::join_all;
use futures::{FutureExt, Stream, StreamExt, stream};
use jiff::Timestamp;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::{WatchStreamExt, controller, watcher};
use kube::{Api, Client};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::backlog::Backlog;
use super::brake::Brake;
use super::cluster::{Cluster, ClusterError};
use super::connect::Clients;
use super::intake::Intake;
use super::kube::{KubeCluster, chain, refusal};
use super::orphans::{Roll, holders};
use super::stored::{Guarded, Stored};
use super::turn::{Driver, panic_text, turn};
use super::{Installation, Recalls, World};
use crate::aws::Cloud;
use crate::health::Health;
use crate::kind::{Clocks, Kind};
use crate::metrics::{Metrics, Objects};

/// Every round ends within this. The AWS calls and the Kubernetes calls of a round have shorter ones of their own, or the
/// deadline would cut off what is published about them.
pub const ROUND_LIMIT: Duration = Duration::from_secs(60);
/// In-flight rounds are given this long after a stop.
pub const DRAIN: Duration = Duration::from_secs(20);
/// Objects in one page of a list: bounds what a restart holds in memory twice.
const PAGE: u32 = 100;
/// The answer to a watch from a version that the API server no longer has.
const EXPIRED: u16 = 410;

/// What the queues of all kinds share.
#[derive(Clone)]
pub struct Stage {
    /// The API server.
    pub clients: Clients,
    /// Who we are.
    pub installation: Installation,
    /// The clocks of the rounds.
    pub clocks: Clocks,
    /// The deletion brake, one for all kinds.
    pub brake: Arc<Brake>,
    /// Namespaces to look after; empty: all.
    pub namespaces: Vec<String>,
    /// Rounds of one kind at once.
    pub concurrency: u16,
    /// Deadline of a round.
    pub round_limit: Duration,
    /// Name of the pod, for events.
    pub pod: Option<String>,
    /// Which objects there are.
    pub roll: Arc<Roll>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// What has come and what is in trouble.
    pub health: Arc<Health>,
    /// Ends everything.
    pub stop: CancellationToken,
}

/// Makes objects of one kind due from outside: news from AWS, something that they refer to.
pub struct Pokes<K: Kind>(Vec<(Scope, UnboundedSender<ObjectRef<Stored<K>>>)>);

/// The namespace of a watch; `None`: all.
type Scope = Option<String>;

impl<K: Kind> Pokes<K> {
    /// The object is due, unless it must wait after a failure. An object that is not watched is ignored.
    pub fn poke(&self, namespace: &str, name: &str) {
        for (watched, sender) in &self.0 {
            if watched.as_ref().is_none_or(|watched| watched == namespace) {
                // A queue that has ended has no use for it.
                drop(sender.unbounded_send(ObjectRef::new(name).within(namespace)));
            }
        }
    }
}

/// The queue of a kind on a real API server: the rounds start when the returned future is polled, and it ends after
/// [`Stage::stop`], when the last round has.
pub fn run<K, C>(stage: &Stage, cloud: C) -> (Pokes<K>, impl Future<Output = ()> + Send + use<K, C>)
where
    K: Kind,
    C: Cloud<K::Remote> + 'static,
{
    let world = World {
        cloud,
        cluster: KubeCluster::<K>::new(stage.clients.calls.clone(), stage.pod.clone()),
        installation: stage.installation.clone(),
        clocks: stage.clocks,
        brake: stage.brake.clone(),
        now: Box::new(Timestamp::now),
        recall: Recalls::default(),
    };
    let driver = Arc::new(Driver::new(K::kind(&()).into_owned(), world, stage.clone()));
    // One watch, store and queue per namespace: a relist replaces its whole store.
    let scopes = match stage.namespaces.as_slice() {
        [] => vec![None],
        names => names.iter().cloned().map(Some).collect(),
    };
    let (mut senders, mut queues) = (Vec::new(), Vec::new());
    for scope in scopes {
        let (sender, pokes) = unbounded();
        senders.push((scope.clone(), sender));
        queues.push(queue(driver.clone(), scope, pokes));
    }
    (Pokes(senders), join_all(queues).map(|_| ()))
}

/// Waits for the stop, then for the rounds in flight.
///
/// # Errors
/// When a queue ends without having been told to.
pub async fn until_stopped(mut queues: JoinSet<()>, stop: CancellationToken) -> Result<(), String> {
    tokio::select! {
        // First: a queue that ends because it was told to must not be taken for one that ended by itself.
        biased;
        () = stop.cancelled() => {}
        Some(ended) = queues.join_next() => {
            let why = ended.err().map(panic_text).unwrap_or_else(|| "without a reason".into());
            return Err(format!("a queue ended: {why}"));
        }
    }
    tracing::info!("stopping: rounds in flight are finished, none is begun");
    let drained = async { while queues.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN, drained).await.is_err() {
        tracing::warn!("rounds were still in flight after {} s and are broken off", DRAIN.as_secs());
    }
    Ok(())
}

async fn queue<K, C, S>(driver: Arc<Driver<C, S>>, scope: Scope, pokes: UnboundedReceiver<ObjectRef<Stored<K>>>)
where
    K: Kind,
    C: Cloud<K::Remote> + 'static,
    S: Cluster<K> + 'static,
{
    let intake = Intake::default();
    let store = intake.store();
    let api = api_of::<K>(&driver.stage.clients.watches, scope.as_deref());
    let what = scope.map_or_else(|| driver.kind.clone(), |scope| format!("{} in {scope}", driver.kind));
    let stop = driver.stage.stop.clone();
    driver.stage.health.awaits_watch(&what, api.resource_url());
    driver.stage.metrics.count_objects(&driver.kind, census(store.clone()));
    driver.stage.roll.add(&driver.kind, holders(store.clone()));
    let backlog = Backlog::new(places(driver.stage.concurrency));
    let (later, listed) = unbounded();
    let due = due(driver.clone(), what.clone(), api, intake, later);
    let at_once = stream::select(due, pokes.map(Ok));
    let due = stream::select(at_once, backlog.paced(listed).map(Ok)).take_until(stop.clone().cancelled_owned());
    let rounds = {
        let (driver, store) = (driver.clone(), store.clone());
        move |object, _| {
            let (backlog, turn) = (backlog.clone(), turn(driver.clone(), store.clone(), object));
            turn.inspect(move |_| backlog.round_ended()).map(Ok::<_, Infallible>).boxed()
        }
    };
    let config = controller::Config::default().concurrency(driver.stage.concurrency);
    let never = |_, never: &Infallible, _| match *never {};
    let rounds = controller::applier(rounds, never, Arc::new(()), store.clone(), due, config).for_each(|done| {
        if let Err(controller::Error::QueueError(error)) = done {
            watch_failed(&driver.stage.health, &what, &error);
        }
        std::future::ready(())
    });
    tokio::select! {
        () = rounds => {}
        () = stopped_before_list(stop, &store) => {}
    }
}

/// How many of the rounds that may run at once a list may take. With all of them, and more waiting, an edit could wait until
/// the list is done: the applier takes whichever of those that wait it comes upon.
fn places(concurrency: u16) -> usize {
    (usize::from(concurrency) * 3 / 4).max(1)
}

fn api_of<K: Kind>(client: &Client, scope: Option<&str>) -> Api<Guarded<K>> {
    match scope {
        None => Api::all(client.clone()),
        Some(namespace) => Api::namespaced(client.clone(), namespace),
    }
}

/// The applier waits for the first list without listening for the end.
async fn stopped_before_list<K: Kind>(stop: CancellationToken, store: &Store<Stored<K>>) {
    stop.cancelled().await;
    if store.wait_until_ready().now_or_never().is_some() {
        std::future::pending::<()>().await;
    }
}

/// The objects that the watch makes due. Those of a list go to `later`.
fn due<K, C, S>(
    driver: Arc<Driver<C, S>>,
    what: String,
    api: Api<Guarded<K>>,
    mut intake: Intake<K>,
    later: UnboundedSender<ObjectRef<Stored<K>>>,
) -> impl Stream<Item = Result<ObjectRef<Stored<K>>, watcher::Error>> + Send
where
    K: Kind,
    C: Send + Sync + 'static,
    S: Send + Sync + 'static,
{
    // Not `any_semantic`: a list from the API server's cache comes whole, whatever the size of a page.
    watcher(api, watcher::Config::default().page_size(PAGE)).default_backoff().flat_map(move |event| {
        let due = match event {
            Ok(event) => {
                let news = intake.take(event);
                let is_list = news.is_listed;
                let due = driver.heard(&what, news);
                if is_list { put_off(due, &later) } else { due.into_iter().map(Ok).collect() }
            }
            Err(error) => vec![Err(error)],
        };
        stream::iter(due)
    })
}

/// Leaves nothing to do at once.
fn put_off<K: Kind, T>(due: Vec<ObjectRef<Stored<K>>>, later: &UnboundedSender<ObjectRef<Stored<K>>>) -> Vec<T> {
    for object in due {
        // A queue that has ended has no use for it.
        drop(later.unbounded_send(object));
    }
    Vec::new()
}

/// Said at a calm pace: a missing CRD fails about every second. A history that has expired is listed anew and no trouble.
fn watch_failed(health: &Health, what: &str, error: &watcher::Error) {
    let why = match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => match refusal(error) {
            ClusterError::Gone(words) => format!("the CRD is not installed: {words}"),
            refusal => refusal.to_string(),
        },
        watcher::Error::WatchError(status) if status.code == EXPIRED => return,
        watcher::Error::WatchError(status) => format!("{} {}", status.code, status.message),
        watcher::Error::NoResourceVersion => chain(error),
    };
    if health.troubles(what, &why) {
        tracing::warn!(why, "the watch of {what} failed; it is tried again");
    }
}

fn census<K: Kind>(store: Store<Stored<K>>) -> impl Fn(&mut Objects) + Send + Sync + 'static {
    move |objects| {
        for object in store.state() {
            match &object.content {
                Ok(content) => objects.add(content.standing),
                Err(_) => objects.add_undecodable(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::task::JoinHandle;

    use super::*;
    use crate::controller::testing::{Pages, Toy, ToyCloud, api_server, paged_api_server, stage, toy};

    fn begin(stage: &Stage) -> (ToyCloud, Pokes<Toy>, JoinHandle<()>) {
        let cloud = ToyCloud::default();
        let (pokes, queue) = run::<Toy, _>(stage, cloud.clone());
        (cloud, pokes, tokio::spawn(queue))
    }

    async fn until(what: &str, holds: impl Fn() -> bool) {
        for _ in 0..500 {
            if holds() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never: {what}");
    }

    fn says(stage: &Stage, line: &str) -> bool {
        stage.metrics.text().unwrap().contains(line)
    }

    #[tokio::test]
    async fn a_panic_and_a_round_without_end_are_failures_of_their_objects_alone() {
        let mut broken = toy("broken");
        broken["spec"] = json!({ "deletionPolicy": 7 });
        let stage = stage(api_server(vec![toy("bad"), toy("slow"), broken, toy("good")]));
        let (_, _pokes, queue) = begin(&stage);
        for (result, least) in [("settled", 1), ("panic", 1), ("timeout", 1)] {
            let line = format!("awsdb_reconciles_total{{kind=\"Toy\",result=\"{result}\"}} {least}");
            until(&line, || says(&stage, &line)).await;
        }
        assert!(says(&stage, "awsdb_undecodable_objects{kind=\"Toy\"} 1"));
        assert_eq!(stage.health.ready(), (true, vec![]));
        stage.stop.cancel();
        queue.await.unwrap();
    }

    #[tokio::test]
    async fn a_poke_runs_a_healthy_object_at_once_and_a_failing_one_not_before_its_time() {
        let stage = stage(api_server(vec![toy("good"), toy("sick")]));
        let (cloud, pokes, queue) = begin(&stage);
        until("first rounds", || cloud.looks("shop-good") == 1 && cloud.looks("shop-sick") == 1).await;
        until("the rounds have ended", || says(&stage, "awsdb_rounds_in_flight{kind=\"Toy\"} 0")).await;
        pokes.poke("shop", "sick");
        pokes.poke("shop", "good");
        pokes.poke("shop", "unknown");
        until("the poke", || cloud.looks("shop-good") == 2).await;
        assert_eq!(cloud.looks("shop-sick"), 1);
        stage.stop.cancel();
        queue.await.unwrap();
    }

    #[test]
    fn a_list_leaves_rounds_to_edits_and_goes_on_with_a_single_one() {
        for (concurrency, listed) in [(16, 12), (4, 3), (2, 1), (1, 1)] {
            assert_eq!(places(concurrency), listed, "{concurrency}");
        }
    }

    #[tokio::test]
    async fn a_list_comes_page_by_page_and_every_object_of_it_has_its_round() {
        let pages = Pages::default();
        let objects = (0..250).map(|number| toy(&format!("good-{number}"))).collect();
        let stage = stage(paged_api_server(objects, pages.clone()));
        let (_, _pokes, queue) = begin(&stage);
        let line = "awsdb_reconciles_total{kind=\"Toy\",result=\"settled\"} 250";
        until(line, || says(&stage, line)).await;
        assert_eq!(*pages.lock().unwrap(), [100, 100, 50]);
        stage.stop.cancel();
        queue.await.unwrap();
    }

    #[tokio::test]
    async fn each_watched_namespace_has_its_own_watch_and_only_its_pokes() {
        let mut stage = stage(api_server(vec![toy("good")]));
        stage.namespaces = vec!["billing".into(), "shop".into()];
        let (cloud, pokes, queue) = begin(&stage);
        until("both lists", || stage.health.ready().0).await;
        until("first rounds", || says(&stage, "awsdb_reconciles_total{kind=\"Toy\",result=\"settled\"} 2")).await;
        pokes.poke("shop", "good");
        until("the poke", || cloud.looks("shop-good") == 3).await;
        stage.stop.cancel();
        queue.await.unwrap();
    }

    #[tokio::test]
    async fn a_stop_waits_for_rounds_in_flight_and_begins_none() {
        let mut stage = stage(api_server(vec![toy("slow"), toy("good")]));
        stage.round_limit = Duration::from_millis(500);
        let (cloud, pokes, queue) = begin(&stage);
        until("the slow round runs", || cloud.looks("shop-slow") == 1 && cloud.looks("shop-good") == 1).await;
        stage.stop.cancel();
        pokes.poke("shop", "good");
        let mut queues = JoinSet::new();
        queues.spawn(async move { queue.await.unwrap() });
        until_stopped(queues, stage.stop.clone()).await.unwrap();
        assert!(says(&stage, "awsdb_reconciles_total{kind=\"Toy\",result=\"timeout\"} 1"));
        assert_eq!(cloud.looks("shop-good"), 1);
    }

    #[tokio::test]
    async fn a_stop_before_the_first_list_ends_at_once() {
        let refused = tower::service_fn(|_: axum::http::Request<kube::client::Body>| {
            std::future::ready(Err::<axum::http::Response<axum::body::Body>, _>(std::io::Error::other("away")))
        });
        let stage = stage(Client::new(refused, "default"));
        let (_, _pokes, queue) = begin(&stage);
        until("the trouble is said", || stage.health.ready().1.join("").contains("away")).await;
        assert!(!stage.health.ready().0);
        stage.stop.cancel();
        tokio::time::timeout(Duration::from_secs(1), queue).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_queue_that_ends_by_itself_is_a_failure() {
        let mut queues = JoinSet::new();
        queues.spawn(async { panic!("a queue broke") });
        let why = until_stopped(queues, CancellationToken::new()).await.unwrap_err();
        assert!(why.contains("a queue broke"), "{why}");
    }
}
