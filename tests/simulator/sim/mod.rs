//! The driver of the simulation: rounds of the real reconcile against both sides in memory, with the clock in the
//! test's hands.

pub mod agenda;
pub mod aurora;
pub mod aws;
pub mod builder;
pub mod desk;
pub mod dynamo;
pub mod faults;
pub mod fields;
pub mod groups;
pub mod kube;
pub mod questions;
pub mod scenario;
pub mod seams;
pub mod service;
pub mod snapshots;
pub mod swept;
pub mod universe;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ::kube::core::object::HasStatus;
use jiff::{SignedDuration, Timestamp};

use awsdb::controller::brake::Brake;
use awsdb::controller::reconcile::{Round, reconcile};
use awsdb::controller::{Installation, Recalls, World};
use awsdb::kind::Clocks;
use awsdb::kinds::rds::RdsInstance;

use builder::Manifest;
use faults::{At, Fault};
use kube::{Key, Kube};
use seams::{SimCloud, SimCluster};
use service::{Object, Pace, Service};
use universe::{Shared, Universe};

/// How a round ended.
#[derive(Debug)]
pub enum Ended {
    Round(Round),
    Refused,
    Crashed,
    /// No object is left.
    Idle,
}

/// How the operator was started.
#[derive(Clone)]
pub struct Setup {
    pub installation: Installation,
    pub clocks: Clocks,
    pub brake: (usize, Duration),
}

impl Default for Setup {
    fn default() -> Self {
        let installation = Installation {
            name: "test".into(),
            cluster: "cluster-1".into(),
            region: desk::REGION.into(),
            trust_account: false,
        };
        Self { installation, clocks: Clocks::default(), brake: (5, Duration::from_secs(600)) }
    }
}

/// The operator and its universe, with objects of one kind.
pub struct Simulation<K: Object> {
    pub shared: Shared<K>,
    pub setup: Setup,
    /// Every round is followed by another at once if it wrote something, as its own watch events would have it.
    pub eager: bool,
    pub rounds: usize,
    world: World<SimCloud<K>, SimCluster<K>>,
    due: BTreeMap<Key, Timestamp>,
    told: usize,
}

/// With RDS.
pub type Sim = Simulation<RdsInstance>;

/// A Monday; the default maintenance window is on Sunday, 04:00 to 05:00.
const START: &str = "2026-11-16T10:00:00Z";

/// One object of this manifest in a quick cloud, and nothing going on any more.
pub fn settled<K: Object>(manifest: Manifest<K>) -> (Simulation<K>, Key) {
    settled_in(Simulation::quick(), manifest)
}

/// The same in another cloud.
pub fn settled_in<K: Object>(mut sim: Simulation<K>, manifest: Manifest<K>) -> (Simulation<K>, Key) {
    let key = sim.apply(manifest);
    sim.settle();
    sim.until("nothing is going on", |sim| !sim.is_busy(&key));
    sim.settle();
    (sim, key)
}

impl<K: Object> Simulation<K> {
    pub fn new() -> Self {
        Self::at(Pace::Real)
    }

    fn at(pace: Pace) -> Self {
        Self::with(K::Service::timing(pace), Setup::default())
    }

    /// In a cloud that is ready at once.
    pub fn instant() -> Self {
        Self::at(Pace::Instant)
    }

    /// In a cloud of few rounds.
    pub fn quick() -> Self {
        Self::at(Pace::Quick)
    }

    /// With a sweep of half an hour, for days and weeks.
    pub fn patient() -> Self {
        let mut setup = Setup::default();
        setup.clocks.sweep = Duration::from_secs(1800);
        Self::with(K::Service::timing(Pace::Real), setup)
    }

    pub fn with(timing: <K::Service as Service>::Timing, setup: Setup) -> Self {
        let now = START.parse().unwrap();
        Self::over(Universe::new(K::Service::new(timing, now), now), setup)
    }

    /// An operator that starts in a universe.
    pub fn over(mut universe: Universe<K>, setup: Setup) -> Self {
        universe.aws.forget();
        Self::start(Shared::new(universe), setup)
    }

    /// A second operator in the same universe, as when the first does not know yet that it leads no more.
    pub fn beside(first: &Self, setup: Setup) -> Self {
        Self::start(first.shared.clone(), setup)
    }

    fn start(shared: Shared<K>, setup: Setup) -> Self {
        let (now, keys, told) = {
            let universe = shared.lock();
            (universe.now, universe.kube.keys(), universe.kube.events.len())
        };
        let due = keys.into_iter().map(|key| (key, now)).collect();
        let world = start(&shared, &setup);
        Self { shared, setup, eager: false, rounds: 0, world, due, told }
    }

    /// The universe as it is, to start another simulation from.
    pub fn snapshot(&self) -> Universe<K> {
        self.shared.lock().clone()
    }

    /// The operator's process is replaced: its memory is lost.
    pub fn restart(&mut self) {
        self.world = start(&self.shared, &self.setup);
        self.shared.lock().aws.forget();
        let (now, keys) = (self.now(), self.shared.lock().kube.keys());
        self.due = keys.into_iter().map(|key| (key, now)).collect();
    }

    /// The operator, to ask it in between.
    pub fn world(&self) -> &World<SimCloud<K>, SimCluster<K>> {
        &self.world
    }

    pub fn now(&self) -> Timestamp {
        self.shared.lock().now
    }

    pub fn apply(&mut self, manifest: Manifest<K>) -> Key {
        let key = self.shared.lock().kube.apply(manifest.0);
        self.touch(&key);
        key
    }

    pub fn edit(&mut self, key: &Key, change: impl FnOnce(&mut K)) {
        self.shared.lock().kube.edit(key, change);
        self.touch(key);
    }

    pub fn annotate(&mut self, key: &Key, name: &str, value: &str) {
        self.edit(key, |object| {
            object.meta_mut().annotations.get_or_insert_default().insert(name.into(), value.into());
        });
    }

    pub fn delete(&mut self, key: &Key) {
        let mut universe = self.shared.lock();
        let now = universe.now;
        universe.kube.delete(key, now);
        drop(universe);
        self.touch(key);
    }

    /// The object is due now, as its watch event would have it.
    pub fn touch(&mut self, key: &Key) {
        self.due.insert(key.clone(), self.now());
    }

    /// Something happens to a call.
    pub fn fault(&mut self, at: At, fault: Fault) {
        self.shared.lock().faults.push((at, fault));
    }

    /// Changes AWS behind the operator's back.
    pub fn aws<T>(&self, act: impl FnOnce(&mut K::Service) -> T) -> T {
        let mut universe = self.shared.lock();
        let now = universe.now;
        universe.aws.advance(now);
        act(&mut universe.aws)
    }

    /// Changes Kubernetes behind the operator's back.
    pub fn kube<T>(&self, act: impl FnOnce(&mut Kube<K>) -> T) -> T {
        act(&mut self.shared.lock().kube)
    }

    /// One round of the object that is due next.
    pub fn round(&mut self) -> Ended {
        loop {
            let Some((key, at)) = self.due.iter().min_by_key(|(_, at)| **at).map(|(key, at)| (key.clone(), *at)) else {
                return Ended::Idle;
            };
            let object = {
                let mut universe = self.shared.lock();
                universe.advance(at);
                universe.kube.get(&key)
            };
            match object {
                Some(object) => return self.reconcile(&key, object),
                None => self.due.remove(&key),
            };
        }
    }

    /// One round with an object as some cache has it.
    pub fn reconcile(&mut self, key: &Key, object: K) -> Ended {
        self.rounds += 1;
        let writes = self.kube_writes();
        let ended = match poll_once(reconcile(&self.world, object)) {
            Some(Ok(round)) => Ended::Round(round),
            Some(Err(_)) => Ended::Refused,
            None => {
                assert!(std::mem::take(&mut self.shared.lock().crashed), "a round waits for something that is no call");
                self.restart();
                Ended::Crashed
            }
        };
        let wrote = self.kube_writes() > writes;
        let after = match &ended {
            Ended::Round(_) if self.eager && wrote => Duration::from_millis(10),
            Ended::Round(round) => round.after,
            Ended::Refused => Duration::from_secs(2),
            _ => Duration::from_secs(3),
        };
        let at = self.now() + SignedDuration::try_from(after).unwrap();
        self.due.insert(key.clone(), at);
        if wrote {
            self.nothing_secret_was_told();
        }
        ended
    }

    /// Rounds for so long.
    pub fn run(&mut self, seconds: i64) {
        let end = self.now() + SignedDuration::from_secs(seconds);
        while self.due.values().min().is_some_and(|at| *at <= end) {
            if matches!(self.round(), Ended::Idle) {
                break;
            }
        }
        self.shared.lock().advance(end);
    }

    /// Rounds until something holds.
    ///
    /// # Panics
    /// When it does not hold after 400 rounds.
    pub fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        for _ in 0..400 {
            if holds(self) {
                return;
            }
            self.round();
        }
        panic!("after 400 rounds it is not so that {what}\n{}", self.report());
    }

    /// Rounds until every object is ready and synced, or gone.
    pub fn settle(&mut self) {
        self.until("everything is settled", |sim| sim.kube(|kube| kube.keys()).iter().all(|key| sim.is_settled(key)));
    }

    /// No password is in anything that people read.
    fn nothing_secret_was_told(&mut self) {
        let universe = self.shared.lock();
        let secrets = universe.kube.secrets.values().flat_map(|secret| &secret.data);
        let stored =
            secrets.filter(|(key, _)| key.starts_with("password")).map(|(_, value)| value.expose().to_string());
        let passwords: Vec<String> =
            stored.chain(universe.aws.passwords()).filter(|password| password.len() > 7).collect();
        let mut texts: Vec<String> = universe
            .kube
            .keys()
            .iter()
            .filter_map(|key| universe.kube.get(key))
            .map(|object| serde_json::to_string(&HasStatus::status(&object)).unwrap())
            .collect();
        texts.extend(universe.kube.events[self.told..].iter().map(|(_, note)| format!("{note:?}")));
        self.told = universe.kube.events.len();
        for password in &passwords {
            assert!(!texts.iter().any(|text| text.contains(password)), "a password was told: {texts:?}");
        }
    }
}

fn start<K: Object>(shared: &Shared<K>, setup: &Setup) -> World<SimCloud<K>, SimCluster<K>> {
    start_over(shared, setup, SimCloud(shared.clone()))
}

fn start_over<K: Object, C>(shared: &Shared<K>, setup: &Setup, cloud: C) -> World<C, SimCluster<K>> {
    let clock = shared.clone();
    World {
        cloud,
        cluster: SimCluster(shared.clone()),
        installation: setup.installation.clone(),
        clocks: setup.clocks,
        brake: std::sync::Arc::new(Brake::new(setup.brake.0, setup.brake.1)),
        now: Box::new(move || clock.lock().now),
        recall: Recalls::default(),
    }
}

/// No call of the simulation ever waits: a future that does so was interrupted by a crash, and is dropped.
fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
