//! How fast AWS is called: one bucket for each API family of an account and region, shared by all objects. A throttle slows
//! the family for everybody at once, and a call goes by its urgency: what a user has just asked for, then what is in
//! transition, then the sweeps; within one urgency the namespaces take turns, so that none starves another
//! (product.md, architecture.md section 5).

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

/// How urgent a call is; the first is served first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Urgency {
    /// A user waits for it: a new spec, a deletion, an annotation.
    Edit,
    /// AWS is working on something.
    Transition,
    /// Nothing is known to have changed.
    #[default]
    Sweep,
}

impl Urgency {
    /// The word in metrics.
    pub fn word(self) -> &'static str {
        match self {
            Urgency::Edit => "edit",
            Urgency::Transition => "transition",
            Urgency::Sweep => "sweep",
        }
    }
}

/// An object, as the calls of its rounds name it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whose {
    /// Its kind.
    pub kind: Cow<'static, str>,
    /// Its namespace.
    pub namespace: Box<str>,
    /// Its name.
    pub name: Box<str>,
}

/// On whose behalf a round calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// How urgent it is.
    pub urgency: Urgency,
    /// The object.
    pub whose: Arc<Whose>,
}

tokio::task_local! {
    static TURN: Turn;
}

/// Runs a round whose calls go by this turn.
pub async fn on_behalf<F: Future>(turn: Turn, round: F) -> F::Output {
    TURN.scope(turn, round).await
}

/// The turn of the round that is running; a call outside of any is a sweep.
pub(super) fn turn() -> Turn {
    TURN.try_with(Clone::clone).unwrap_or_default()
}

/// Calls a second, and how many at once after a rest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Calls per second.
    pub per_second: f64,
    /// Calls at once.
    pub burst: f64,
}

/// What a family of calls may do: AWS publishes few of its limits, and shares them with everybody else in the account, so
/// these leave room; what is too fast all the same is found out and slowed (aws-dynamodb-elasticache-dms.md 1.8).
fn rate(service: &str, is_write: bool) -> Rate {
    let (per_second, burst) = match (service, is_write) {
        ("rds", false) => (20.0, 40.0),
        ("rds", true) => (10.0, 20.0),
        ("dynamodb", false) => (10.0, 20.0),
        ("dynamodb", true) => (1.0, 5.0),
        ("secretsmanager", false) => (20.0, 40.0),
        (_, false) => (5.0, 10.0),
        (_, true) => (2.0, 5.0),
    };
    Rate { per_second, burst }
}

/// Whether an operation of AWS only reads.
pub fn is_read(operation: &str) -> bool {
    ["Describe", "Get", "List"].iter().any(|verb| operation.starts_with(verb))
}

/// The limits of an account in a region, one for the reads and one for the writes of each service.
#[derive(Default)]
pub struct Limits(Mutex<HashMap<(&'static str, bool), Limit>>);

impl Limits {
    /// The limit of a family.
    pub fn of(&self, service: &'static str, is_write: bool) -> Limit {
        let mut families = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        families.entry((service, is_write)).or_insert_with(|| Limit::new(rate(service, is_write))).clone()
    }
}

/// A throttled family is never slower than this share of its rate.
const SLOWEST: f64 = 1.0 / 32.0;
/// Share of the full rate that a family regains each second without a throttle.
const RECOVERY: f64 = 1.0 / 60.0;
struct Waiter {
    since: Instant,
    go: oneshot::Sender<Duration>,
}

/// Those of one namespace that wait.
type Queue = (Box<str>, VecDeque<Waiter>);

struct Bucket {
    rate: Rate,
    /// Share of the rate that is used now: less than 1 after a throttle.
    share: f64,
    tokens: f64,
    at: Instant,
    /// When it was slowed last.
    slowed: Option<Instant>,
    /// By urgency, then by namespace; the namespaces of one urgency take turns.
    waiting: BTreeMap<Urgency, VecDeque<Queue>>,
    is_pumped: bool,
}

/// One family's limit.
#[derive(Clone)]
pub struct Limit(Arc<Mutex<Bucket>>);

impl Limit {
    /// A full bucket.
    pub fn new(rate: Rate) -> Self {
        Self(Arc::new(Mutex::new(Bucket {
            rate,
            share: 1.0,
            tokens: rate.burst,
            at: Instant::now(),
            slowed: None,
            waiting: BTreeMap::new(),
            is_pumped: false,
        })))
    }

    /// Waits for the turn of the round that is running; says how long it waited.
    pub async fn pass(&self) -> Duration {
        let turn = turn();
        let (go, gone) = oneshot::channel();
        {
            let mut bucket = self.lock();
            bucket.enqueue(turn, Waiter { since: Instant::now(), go });
            bucket.serve();
            if !bucket.waiting.is_empty() && !bucket.is_pumped {
                bucket.is_pumped = true;
                tokio::spawn(self.clone().pump());
            }
        }
        // The sender is only ever dropped with the bucket, whose owner is this call's.
        gone.await.unwrap_or_default()
    }

    /// Serves those that wait, as tokens come, until nobody does.
    async fn pump(self) {
        loop {
            let pause = self.lock().pause();
            tokio::time::sleep(pause).await;
            let mut bucket = self.lock();
            bucket.serve();
            if bucket.waiting.is_empty() {
                bucket.is_pumped = false;
                return;
            }
        }
    }

    /// AWS said that a call was too fast that began at this moment: half the speed for everybody, unless that was done since.
    /// Of calls that were under way already, and of the SDK's repeats of them, nothing is learnt about the new speed.
    pub fn throttled(&self, began: Instant) {
        let mut bucket = self.lock();
        let now = Instant::now();
        bucket.refill(now);
        if bucket.slowed.is_none_or(|at| began > at) {
            bucket.share = (bucket.share / 2.0).max(SLOWEST);
            bucket.slowed = Some(now);
        }
        bucket.tokens = bucket.tokens.min(0.0);
    }

    /// A call that did not wait: those that wait go later for it.
    pub fn spend(&self) {
        let mut bucket = self.lock();
        bucket.refill(Instant::now());
        bucket.tokens -= 1.0;
    }

    /// Calls that wait, by urgency, and the calls per second that are allowed now: for metrics.
    pub fn figures(&self) -> (HashMap<Urgency, usize>, f64) {
        let mut bucket = self.lock();
        bucket.refill(Instant::now());
        let count = |queues: &VecDeque<(Box<str>, VecDeque<Waiter>)>| queues.iter().map(|(_, queue)| queue.len()).sum();
        let waiting = bucket.waiting.iter().map(|(urgency, queues)| (*urgency, count(queues))).collect();
        (waiting, bucket.rate.per_second * bucket.share)
    }

    fn lock(&self) -> MutexGuard<'_, Bucket> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bucket {
    fn enqueue(&mut self, turn: Turn, waiter: Waiter) {
        let queues = self.waiting.entry(turn.urgency).or_default();
        let whose = &turn.whose.namespace;
        match queues.iter_mut().find(|(namespace, _)| namespace == whose) {
            Some((_, queue)) => queue.push_back(waiter),
            None => queues.push_back((whose.clone(), VecDeque::from([waiter]))),
        }
    }

    fn refill(&mut self, now: Instant) {
        let seconds = now.duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + seconds * self.rate.per_second * self.share).min(self.rate.burst);
        self.share = (self.share + seconds * RECOVERY).min(1.0);
        self.at = now;
    }

    fn serve(&mut self) {
        let now = Instant::now();
        self.refill(now);
        while self.tokens >= 1.0 {
            let Some(waiter) = self.next() else { return };
            // One whose round was broken off takes no token.
            if waiter.go.send(now.duration_since(waiter.since)).is_ok() {
                self.tokens -= 1.0;
            }
        }
        self.drop_broken_off();
    }

    /// Time until the next token.
    fn pause(&self) -> Duration {
        let missing = (1.0 - self.tokens).max(0.0);
        Duration::from_secs_f64((missing / (self.rate.per_second * self.share)).clamp(0.001, 60.0))
    }

    fn next(&mut self) -> Option<Waiter> {
        let mut first = self.waiting.first_entry()?;
        let queues = first.get_mut();
        let (namespace, mut queue) = queues.pop_front()?;
        let waiter = queue.pop_front();
        if !queue.is_empty() {
            queues.push_back((namespace, queue));
        }
        if queues.is_empty() {
            first.remove();
        }
        waiter
    }

    /// Nobody is pumped for whom nobody waits.
    fn drop_broken_off(&mut self) {
        for queues in self.waiting.values_mut() {
            for (_, queue) in queues.iter_mut() {
                queue.retain(|waiter| !waiter.go.is_closed());
            }
            queues.retain(|(_, queue)| !queue.is_empty());
        }
        self.waiting.retain(|_, queues| !queues.is_empty());
    }
}

#[cfg(test)]
mod tests;
