//! The driver: the same five steps for every kind. Kinds hold no loop.

pub mod again;
pub mod backlog;
pub mod backoff;
pub mod binding;
pub mod brake;
pub mod cluster;
pub mod connect;
pub mod events;
pub mod gather;
pub mod intake;
pub mod kube;
pub mod look;
pub mod orphans;
pub mod pace;
pub mod passwords;
pub mod perform;
pub mod publish;
pub mod reconcile;
pub mod run;
pub mod schedule;
pub mod stored;
mod testing;
mod turn;
mod unbound;
pub mod unchanged;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::kind::Clocks;
use brake::Brake;

/// The finalizer of objects whose deletion will call AWS.
pub const FINALIZER: &str = "finalizers.awsdb.dev/aws";

/// Who this installation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// `--installation`.
    pub name: String,
    /// Uid of the `kube-system` namespace.
    pub cluster: String,
    /// `--region`.
    pub region: String,
    /// The tag `awsdb.dev/allow` is not required.
    pub trust_account: bool,
}

/// Everything that rounds share: the two seams, the clock and what is known of other objects.
pub struct World<C, S> {
    /// AWS.
    pub cloud: C,
    /// Kubernetes.
    pub cluster: S,
    /// Who we are.
    pub installation: Installation,
    /// The clocks.
    pub clocks: Clocks,
    /// The deletion brake, of all kinds together.
    pub brake: Arc<Brake>,
    /// The time; injected, so that the simulator decides it.
    pub now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// What this process remembers of objects, by uid. Losing it costs a repeated read or an idempotent call.
    pub recall: Recalls,
}

/// What this process remembers of one object between rounds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recall {
    /// resourceVersion of our last write: an older object from the store is not acted upon.
    pub version: Option<String>,
    /// Things whose last call AWS accepted.
    pub accepted: BTreeSet<&'static str>,
    /// Accepted calls by step id that the journal in status does not count yet.
    pub uncounted: BTreeMap<String, u32>,
    /// Since when direct looks have not found the main thing.
    pub absent_since: Option<Timestamp>,
    /// The token of `awsdb.dev/reconcile` at the last round, if there was one in this process.
    pub asked: Option<Option<String>>,
    /// Failures in a row, of one generation.
    pub failures: u32,
    /// The generation that the failures are of.
    pub generation: Option<i64>,
    /// The last full round, if there was nothing to do in it.
    pub rested: Option<unchanged::Rested>,
    /// When the next full round is due at the latest: the next slot of its schedule.
    pub deadline: Option<Timestamp>,
    /// Failures in a row to keep its schedule.
    pub unscheduled: u32,
    /// The state of its schedule in which nothing was left to prune.
    pub pruned: Option<(String, i32)>,
    /// When the object first asked for a database, for the metric "time to ready"; `None` once it was ready.
    pub was_ready: bool,
}

/// The memory of all objects.
#[derive(Debug, Default)]
pub struct Recalls(Mutex<HashMap<String, Recall>>);

impl Recalls {
    /// What is remembered of an object.
    pub fn get(&self, uid: &str) -> Recall {
        self.lock().get(uid).cloned().unwrap_or_default()
    }

    /// Changes what is remembered.
    pub fn update(&self, uid: &str, change: impl FnOnce(&mut Recall)) {
        change(self.lock().entry(uid.into()).or_default());
    }

    /// What the user asks for now has not failed yet: it is not kept waiting for what failed before.
    pub fn begins(&self, uid: &str, generation: Option<i64>) {
        self.update(uid, |recall| {
            if recall.generation != generation {
                (recall.failures, recall.generation) = (0, generation);
            }
        });
    }

    /// Forgets an object that is gone.
    pub fn forget(&self, uid: &str) {
        self.lock().remove(uid);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Recall>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
