//! The real inventory between the operator and the simulated RDS, with its sweep and its pokes, on tokio's clock: the
//! clock of the universe follows it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use awsdb::aws::inventory::{Ages, BATCH, Cause, Inventory, News, Source};
use awsdb::aws::limits::{Turn, Whose, on_behalf};
use awsdb::aws::rds::{Action, Id, Instance, Observed, RdsRemote};
use awsdb::aws::{Cloud, CloudError, Look, Looked, Password, Seen};
use awsdb::controller::World;
use awsdb::controller::reconcile::{Round, reconcile};
use awsdb::kinds::rds::RdsInstance;

use super::aws::Aws;
use super::builder::Manifest;
use super::faults::{At, Fault, Seam};
use super::kube::Key;
use super::seams::{SimCloud, SimCluster};
use super::service::{Pace, Service};
use super::universe::{Shared, Universe, aws_call, aws_failure};
use super::{START, Setup, start_over};

/// The call of a batch, told apart from a direct look.
pub const BATCHED: &str = "DescribeDBInstances by id";
/// The calls of its further pages.
pub const NEXT_PAGE: &str = "DescribeDBInstances by id, next page";
/// Instances in a page: fewer than AWS's, so that a few make several pages.
const PAGE: usize = 40;

/// The instances of the universe, page by page; each page is a call, open to every fault.
struct Listing {
    shared: Shared<RdsInstance>,
    /// When the process began, on both clocks.
    began: (Instant, Timestamp),
}

impl Listing {
    fn catch_up(&self) {
        let now = self.began.1 + SignedDuration::try_from(self.began.0.elapsed()).unwrap();
        self.shared.lock().advance(now);
    }
}

impl Source for Listing {
    type Item = Instance;
    const THING: &'static str = "DBInstance";

    async fn read(&self, ids: Vec<String>) -> Result<Vec<(String, Instance)>, CloudError> {
        assert!(ids.len() <= BATCH, "{} ids in a request", ids.len());
        let mut found = Vec::new();
        for (number, page) in ids.chunks(PAGE).enumerate() {
            self.catch_up();
            let operation = if number == 0 { BATCHED } else { NEXT_PAGE };
            let call = aws_call(operation, page.join(" "), false);
            let list = |universe: &mut Universe<RdsInstance>| {
                let shown = |id: &String| Some((id.clone(), universe.aws.fresh(&of(id)).instance.present()?.clone()));
                Ok(page.iter().filter_map(shown).collect::<Vec<_>>())
            };
            found.extend(self.shared.pass(call, None, list, |code| aws_failure(operation, code)).await?);
        }
        Ok(found)
    }

    fn is_moving(instance: &Instance) -> bool {
        instance.is_moving()
    }
}

fn of(identifier: &str) -> Id {
    Id { region: super::desk::REGION.into(), identifier: identifier.into(), ..Id::default() }
}

/// RDS as the SDK's clients show it: the instance by way of the inventory, everything around it directly.
struct SweptCloud {
    direct: SimCloud<RdsInstance>,
    inventory: Arc<Inventory<Listing>>,
}

impl Cloud<RdsRemote> for SweptCloud {
    async fn observe(&self, id: &Id, look: Look) -> Result<Looked<Observed>, CloudError> {
        let around = Mutex::new(None);
        let direct = async {
            let looked = self.direct.observe(id, Look::Direct).await?;
            let instance = looked.observed.instance.present().cloned();
            *around.lock().unwrap() = Some(looked);
            Ok(instance)
        };
        let sight = self.inventory.look(&id.identifier, look, direct).await?;
        let mut looked = around.into_inner().unwrap().unwrap_or_else(|| {
            let universe = self.direct.0.lock();
            universe.aws.answer(universe.aws.fresh(id), look)
        });
        looked.observed.instance = sight.item.map_or(Seen::Absent, Seen::Present);
        Ok(Looked { look: sight.look, version: sight.version, ..looked })
    }

    async fn perform(&self, id: &Id, action: &Action, password: Option<&Password>) -> Result<(), CloudError> {
        let _write = self.inventory.write(&id.identifier);
        self.direct.perform(id, action, password).await
    }

    fn version(&self, id: &Id) -> Option<u64> {
        self.inventory.version(&id.identifier)
    }
}

/// One life of the operator's process.
struct Process {
    world: World<SweptCloud, SimCluster<RdsInstance>>,
    inventory: Arc<Inventory<Listing>>,
    sweep: JoinHandle<()>,
    pokes: Arc<Mutex<Vec<News>>>,
}

/// A round that was run.
#[derive(Clone, Debug)]
pub struct Ran {
    pub key: Key,
    pub result: &'static str,
}

/// An operator with sweeps, and its universe.
pub struct Fleet {
    pub shared: Shared<RdsInstance>,
    pub rounds: Vec<Ran>,
    pub told: Vec<(Key, Cause)>,
    /// News of the sweep do not arrive.
    pub deaf: bool,
    process: Process,
    due: BTreeMap<Key, Timestamp>,
    began: (Instant, Timestamp),
}

impl Fleet {
    /// In a quick cloud. Needs tokio's clock to be paused.
    pub fn new() -> Self {
        let now = START.parse().unwrap();
        let shared = Shared::new(Universe::new(Aws::new(Aws::timing(Pace::Quick), now), now));
        let began = (Instant::now(), now);
        let process = Process::begin(&shared, began);
        let (rounds, told, due) = (Vec::new(), Vec::new(), BTreeMap::new());
        Self { shared, rounds, told, deaf: false, process, due, began }
    }

    /// Settled, and rested for some minutes.
    pub async fn of(manifests: impl IntoIterator<Item = Manifest>) -> Self {
        let mut fleet = Self::new();
        for manifest in manifests {
            fleet.apply(manifest);
        }
        fleet.run(400).await;
        fleet
    }

    pub fn now(&self) -> Timestamp {
        self.began.1 + SignedDuration::try_from(self.began.0.elapsed()).unwrap()
    }

    pub fn apply(&mut self, manifest: Manifest) -> Key {
        let key = self.shared.lock().kube.apply(manifest.0);
        self.due.insert(key.clone(), self.now());
        key
    }

    pub fn fault(&mut self, at: At, fault: Fault) {
        self.shared.lock().faults.push((at, fault));
    }

    pub fn clear_faults(&mut self) {
        self.shared.lock().faults.clear();
    }

    pub fn aws<T>(&self, act: impl FnOnce(&mut Aws) -> T) -> T {
        act(&mut self.shared.lock().aws)
    }

    /// AWS as the rounds have it.
    pub fn cloud(&self) -> &impl Cloud<RdsRemote> {
        &self.process.world.cloud
    }

    pub fn hint(&self, id: &str) {
        self.process.inventory.hint([id]);
    }

    /// The operator's process is replaced: its memory is lost, and whatever it had to tell.
    pub fn restart(&mut self) {
        self.process.sweep.abort();
        self.process = Process::begin(&self.shared, self.began);
        let (now, keys) = (self.now(), self.shared.lock().kube.keys());
        self.due = keys.into_iter().map(|key| (key, now)).collect();
    }

    /// Lives for so long.
    pub async fn run(&mut self, seconds: u64) {
        let end = self.began.0.elapsed() + Duration::from_secs(seconds);
        while self.began.0.elapsed() < end {
            self.shared.lock().advance(self.now());
            self.hear();
            let now = self.now();
            let due: BTreeSet<Key> =
                self.due.iter().filter(|(_, at)| **at <= now).map(|(key, _)| key.clone()).collect();
            // Side by side, as the queue runs them.
            let rounds = futures::future::join_all(due.into_iter().map(|key| self.round(key))).await;
            rounds.into_iter().for_each(|(key, ended)| self.ended(key, ended));
            if std::mem::take(&mut self.shared.lock().crashed) {
                self.restart();
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    fn hear(&mut self) {
        let news = std::mem::take(&mut *self.process.pokes.lock().unwrap());
        for News { whose, cause } in news.into_iter().filter(|_| !self.deaf) {
            let key = (whose.namespace.to_string(), whose.name.to_string());
            self.due.insert(key.clone(), self.now());
            self.told.push((key, cause));
        }
    }

    /// One round; `None`: the process died in it, or it was refused.
    async fn round(&self, key: Key) -> (Key, Option<Round>) {
        let Some(object) = self.shared.lock().kube.get(&key) else { return (key, None) };
        let whose = Whose { kind: "RdsInstance".into(), namespace: key.0.as_str().into(), name: key.1.as_str().into() };
        let turn = Turn { whose: Arc::new(whose), ..Turn::default() };
        let round = on_behalf(turn, reconcile(&self.process.world, object));
        // What a crash has interrupted never ends.
        let ended = tokio::time::timeout(Duration::from_secs(60), round).await;
        (key, ended.ok().and_then(Result::ok))
    }

    fn ended(&mut self, key: Key, ended: Option<Round>) {
        let result = ended.as_ref().map_or("broken off", |round| round.result);
        let after = ended.map_or(Duration::from_secs(2), |round| round.after);
        if self.shared.lock().kube.get(&key).is_none() {
            self.due.remove(&key);
            return;
        }
        let now = self.now();
        self.due.insert(key.clone(), now + SignedDuration::try_from(after).unwrap());
        self.rounds.push(Ran { key, result });
    }

    pub fn mark(&self) -> (usize, usize) {
        (self.shared.lock().calls.len(), self.rounds.len())
    }

    /// AWS calls of an operation since a mark.
    pub fn sent(&self, mark: (usize, usize), operation: &str) -> usize {
        let universe = self.shared.lock();
        universe.calls[mark.0..].iter().filter(|call| call.seam == Seam::Aws && call.operation == operation).count()
    }

    pub fn direct_looks(&self, mark: (usize, usize)) -> usize {
        self.sent(mark, Aws::DESCRIBE)
    }

    pub fn aws_writes(&self, mark: (usize, usize)) -> Vec<&'static str> {
        let universe = self.shared.lock();
        let calls = universe.calls[mark.0..].iter().filter(|call| call.seam == Seam::Aws && call.writes);
        calls.map(|call| call.operation).collect()
    }

    /// Rounds that looked, since a mark, by the name of their object.
    pub fn full_rounds(&self, mark: (usize, usize)) -> Vec<&str> {
        self.rounds[mark.1..].iter().filter(|ran| ran.result != "unchanged").map(|ran| ran.key.1.as_str()).collect()
    }

    pub fn is_true(&self, key: &Key, type_: &str) -> bool {
        self.condition(key, type_).is_some_and(|condition| condition.0 == "True")
    }

    /// Status and reason of a condition.
    pub fn condition(&self, key: &Key, type_: &str) -> Option<(String, String)> {
        let object = self.shared.lock().kube.get(key)?;
        let conditions = object.status?.shared.conditions;
        conditions.into_iter().find(|one| one.type_ == type_).map(|one| (one.status, one.reason))
    }
}

impl Process {
    fn begin(shared: &Shared<RdsInstance>, began: (Instant, Timestamp)) -> Self {
        let (setup, pokes) = (Setup::default(), Arc::new(Mutex::new(Vec::new())));
        let clocks = setup.clocks;
        let ages = Ages::new(clocks.sweep, clocks.transition_poll, clocks.settle);
        let ages = ages.resyncing(clocks.resync(), clocks.secret_poll);
        let inventory = Arc::new(Inventory::new(Listing { shared: shared.clone(), began }, ages));
        let cloud = SweptCloud { direct: SimCloud(shared.clone()), inventory: inventory.clone() };
        let sweep = tokio::spawn({
            let (inventory, pokes) = (inventory.clone(), pokes.clone());
            async move {
                let tell = move |news: News| pokes.lock().unwrap().push(news);
                match inventory.sweep(&tell).await {}
            }
        });
        Self { world: start_over(shared, &setup, cloud), inventory, sweep, pokes }
    }
}
