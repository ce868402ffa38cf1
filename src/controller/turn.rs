//! One turn of one object: whether it may run now, the round in a task of its own, and what its end means for the next.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kube::ResourceExt;
use kube::runtime::controller::Action;
use kube::runtime::reflector::{ObjectRef, Store};
use tokio::sync::Semaphore;
use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument, Span, field};

use super::cluster::{Cluster, ClusterError, Note};
use super::intake::News;
use super::pace::Pace;
use super::reconcile::{Round, reconcile};
use super::run::Stage;
use super::stored::Stored;
use super::{World, backoff};
use crate::aws::Cloud;
use crate::aws::limits::{Turn, Urgency, Whose, on_behalf};
use crate::conditions::Reason;
use crate::kind::Kind;

/// Nothing is due; every turn names a time all the same, because a poke that found none would lose the pending one.
const LATER: Duration = Duration::from_secs(3600);
/// An older object that becomes ready was ready before this process began.
const FIRST_READY: Duration = Duration::from_secs(24 * 3600);

/// What the rounds of one kind share.
pub(super) struct Driver<C, S> {
    /// Name of the kind.
    pub kind: String,
    /// What the queues of all kinds share.
    pub stage: Stage,
    world: Arc<World<C, S>>,
    pace: Pace,
    /// Bounds the rounds over all namespaces of the kind.
    turns: Semaphore,
}

/// How a round ended.
#[derive(Debug)]
enum Ending {
    Done(Round),
    Refused(ClusterError),
    Panicked(String),
    TimedOut,
}

impl Ending {
    /// A word for metrics and logs.
    fn word(&self) -> &'static str {
        match self {
            Ending::Done(round) => round.result,
            Ending::Refused(ClusterError::Conflict(_)) => "conflict",
            Ending::Refused(ClusterError::Gone(_)) => "gone",
            Ending::Refused(ClusterError::Forbidden(_)) => "forbidden",
            Ending::Refused(ClusterError::Schema(_)) => "schema",
            Ending::Refused(ClusterError::Other(_)) => "refused",
            Ending::Panicked(_) => "panic",
            Ending::TimedOut => "timeout",
        }
    }

    /// Whether the next round must wait for its time. What AWS failed to answer is counted by the round itself.
    fn holds(&self) -> bool {
        !matches!(self, Ending::Refused(ClusterError::Gone(_)))
            && !matches!(self, Ending::Done(round) if !matches!(round.result, "retrying" | "unreadable"))
    }
}

impl Ending {
    /// What no condition can tell, because status was not written.
    fn unsaid(&self) -> Option<(Reason, String)> {
        match self {
            Ending::Refused(error @ ClusterError::Schema(_)) => {
                Some((Reason::Installation, format!("Status cannot be written, so nothing is called: {error}")))
            }
            Ending::Panicked(_) => Some((
                Reason::Retrying,
                "The operator failed over this object; its log says more. It is tried again.".into(),
            )),
            Ending::TimedOut => {
                Some((Reason::Retrying, "AWS or the API server did not answer in time. It is tried again.".into()))
            }
            Ending::Done(_) | Ending::Refused(_) => None,
        }
    }
}

impl<C, S> Driver<C, S> {
    /// A kind's driver.
    pub fn new(kind: String, world: World<C, S>, stage: Stage) -> Self {
        let turns = Semaphore::new(stage.concurrency.into());
        stage.health.has(&schema_of(&kind));
        Self { kind, world: Arc::new(world), pace: Pace::default(), turns, stage }
    }

    /// Takes note of what a watch brought; returns what is due.
    pub fn heard<K: Kind>(&self, what: &str, news: News<K>) -> Vec<ObjectRef<Stored<K>>> {
        if news.is_listed {
            self.stage.health.has(what);
        } else {
            self.stage.health.calms(what);
        }
        for uid in &news.gone {
            self.forget(uid);
        }
        for (name, why) in &news.undecodable {
            let kind = &self.kind;
            tracing::error!(kind, name, why, "this object cannot be read by this version and is left alone");
        }
        news.due
    }

    fn forget(&self, uid: &str) {
        self.world.recall.forget(uid);
        self.pace.release(uid);
    }
}

/// One turn of an object; says when the next is due.
pub(super) async fn turn<K, C, S>(driver: Arc<Driver<C, S>>, store: Store<Stored<K>>, stored: Arc<Stored<K>>) -> Action
where
    K: Kind,
    C: Cloud<K::Remote> + 'static,
    S: Cluster<K> + 'static,
{
    let Ok(content) = &stored.content else { return Action::requeue(LATER) };
    let (uid, wakes) = (stored.uid().unwrap_or_default(), content.wakes);
    if let Some(rest) = driver.pace.wait(&uid, wakes, Instant::now()) {
        return Action::requeue(rest);
    }
    let Ok(_turn) = driver.turns.acquire().await else { return Action::requeue(LATER) };
    if driver.stage.stop.is_cancelled() {
        return Action::requeue(LATER);
    }
    let object = match stored.decode() {
        Ok(object) => object,
        Err(why) => {
            tracing::error!(
                kind = driver.kind,
                object = stored.name_any(),
                why,
                "what was stored cannot be read: this is a bug"
            );
            return Action::requeue(LATER);
        }
    };
    let span = tracing::info_span!(
        "round",
        kind = driver.kind,
        namespace = object.namespace(),
        object = object.name_any(),
        result = field::Empty,
        duration = field::Empty,
    );
    let started = Instant::now();
    let running = driver.stage.metrics.running(&driver.kind);
    let ending = attempt(&driver, object.clone(), &span).await;
    drop(running);
    let next = driver.conclude(&object, &ending, started.elapsed(), &span).await;
    if ending.holds() {
        driver.pace.hold(&uid, wakes, Instant::now() + next);
    } else {
        driver.pace.release(&uid);
    }
    let is_stored = store.get(&stored.reference()).is_some_and(|now| now.uid().as_ref() == Some(&uid));
    if !is_stored {
        // It left the store while the round ran, and the round remembered something of it.
        driver.forget(&uid);
    }
    Action::requeue(next)
}

/// How urgent the calls of a round are: what a user has just asked for is not kept waiting by the sweep of all objects.
fn urgency<K: Kind>(object: &K) -> Urgency {
    let status = object.status();
    let seen = status.and_then(|status| status.observed_generation);
    let says = |name: &str| {
        status.is_some_and(|status| status.conditions.iter().any(|one| one.type_ == name && one.status == "True"))
    };
    if object.meta().deletion_timestamp.is_some() || seen != object.meta().generation {
        Urgency::Edit
    } else if says("Reconciling") {
        Urgency::Transition
    } else {
        Urgency::Sweep
    }
}

/// The round, in a task of its own: a panic ends that task, and dropping the handle at the deadline aborts it.
async fn attempt<K, C, S>(driver: &Driver<C, S>, object: K, span: &Span) -> Ending
where
    K: Kind,
    C: Cloud<K::Remote> + 'static,
    S: Cluster<K> + 'static,
{
    let world = driver.world.clone();
    let (namespace, name) = (object.namespace().unwrap_or_default().into(), object.name_any().into());
    let turn = Turn { urgency: urgency(&object), whose: Arc::new(Whose { kind: K::kind(&()), namespace, name }) };
    let round = on_behalf(turn, async move { reconcile(&world, object).await }).instrument(span.clone());
    let round = AbortOnDropHandle::new(tokio::spawn(round));
    match tokio::time::timeout(driver.stage.round_limit, round).await {
        Ok(Ok(Ok(round))) => Ending::Done(round),
        Ok(Ok(Err(error))) => Ending::Refused(error),
        Ok(Err(broken)) => Ending::Panicked(panic_text(broken)),
        Err(_) => Ending::TimedOut,
    }
}

impl<C, S> Driver<C, S> {
    /// Counts and tells how a round ended; says when the next is due.
    async fn conclude<K: Kind>(&self, object: &K, ending: &Ending, took: Duration, span: &Span) -> Duration
    where
        S: Cluster<K>,
    {
        let uid = object.uid().unwrap_or_default();
        let next = match ending {
            Ending::Done(round) => round.after,
            Ending::Refused(ClusterError::Gone(_)) => LATER,
            Ending::Refused(_) | Ending::Panicked(_) | Ending::TimedOut => {
                self.world.recall.update(&uid, |recall| recall.failures = recall.failures.saturating_add(1));
                backoff::delay(self.world.recall.get(&uid).failures, &uid)
            }
        };
        self.stage.metrics.round(&self.kind, ending.word(), took);
        if let (Ending::Done(Round { became_ready: true, .. }), Some(age)) = (ending, age_of(object)) {
            self.stage.metrics.became_ready(&self.kind, age);
        }
        span.record("result", ending.word());
        span.record("duration", field::debug(took));
        span.in_scope(|| log(ending, next));
        if let Ending::Refused(ClusterError::Schema(why)) = ending {
            self.stage.health.troubles(&schema_of(&self.kind), why);
        } else if matches!(ending, Ending::Done(_)) {
            self.stage.health.calms(&schema_of(&self.kind));
        }
        if let Some((reason, text)) = ending.unsaid() {
            let note = Note { warning: true, reason: reason.to_string(), text };
            self.world.cluster.tell(object, note).instrument(span.clone()).await;
        }
        next
    }
}

fn schema_of(kind: &str) -> String {
    format!("{kind} CRD")
}

/// Time since the object was made, where that can be the time that it took to get ready.
fn age_of<K: Kind>(object: &K) -> Option<Duration> {
    let made = object.creation_timestamp()?.0;
    Duration::try_from(Timestamp::now().duration_since(made)).ok().filter(|age| *age < FIRST_READY)
}

fn log(ending: &Ending, next: Duration) {
    match ending {
        Ending::Done(round) if !round.performed.is_empty() => {
            tracing::info!(?next, "sent {}", round.performed.join(", "));
        }
        Ending::Done(round) if round.became_ready => tracing::info!(?next, "ready"),
        Ending::Done(round) if matches!(round.result, "retrying" | "unreadable") => {
            tracing::warn!(?next, "AWS did not answer as it should: {}", round.result);
        }
        Ending::Done(round) => tracing::debug!(?next, "{}", round.result),
        Ending::Refused(ClusterError::Gone(why)) => tracing::debug!(why, "gone"),
        Ending::Refused(ClusterError::Conflict(why)) => tracing::debug!(why, ?next, "the object changed in between"),
        Ending::Refused(error) => tracing::warn!(%error, ?next, "Kubernetes refused"),
        Ending::Panicked(why) => tracing::error!(why, ?next, "the round panicked: this is a bug"),
        Ending::TimedOut => tracing::error!(?next, "the round did not end within its deadline and was broken off"),
    }
}

/// What a broken task said.
pub(super) fn panic_text(broken: JoinError) -> String {
    match broken.try_into_panic() {
        Ok(payload) => match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
            (Some(text), _) => (*text).into(),
            (_, Some(text)) => text.clone(),
            (None, None) => "a panic without words".into(),
        },
        Err(broken) => broken.to_string(),
    }
}
