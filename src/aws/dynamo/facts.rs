//! What is known of a table beyond DescribeTable. Each fact is a call of its own, some with rates of ten a second for a
//! whole account: they are kept, so that an idle table costs one call (aws-dynamodb-elasticache-dms.md 1.8).

use std::any::Any;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{Action, Update};
use crate::aws::Look;

/// A fact that rests is believed for this long, and up to a fifth longer, so that tables do not come due together.
const REST: Duration = Duration::from_secs(10 * 60);
/// A fact that moves, or that a direct look asks for, is believed for this long.
const FRESH: Duration = Duration::from_secs(10);
/// After a change AWS may show the old state for a while: what is read in this time counts as moving.
const ECHO: Duration = Duration::from_secs(60);
/// A table at which nobody has looked for this long is forgotten.
const UNUSED: Duration = Duration::from_secs(60 * 60);

/// Which fact.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fact {
    Tags,
    TimeToLive,
    ContinuousBackups,
    Policy,
    /// `None` is the table, `Some` an index.
    Insights(Option<String>),
    Kinesis,
    Scaling,
    /// Of the replica in this region.
    Replica(String),
    Import,
    Backups,
}

/// Where a table is: region and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub region: String,
    pub table: String,
}

/// The facts of all tables. What belongs to which table is told by its ARN, which has account and region, and its TableId:
/// another table of the same name begins with nothing.
#[derive(Default)]
pub(in crate::aws) struct Facts {
    tables: Mutex<HashMap<Place, Shelf>>,
}

struct Shelf {
    identity: String,
    used: Instant,
    slots: HashMap<Fact, Slot>,
}

#[derive(Default)]
struct Slot {
    touched: Option<Instant>,
    kept: Option<Kept>,
}

struct Kept {
    value: Arc<dyn Any + Send + Sync>,
    /// When it was asked for, which is when it was true at the latest.
    began: Instant,
    is_settled: bool,
}

impl Facts {
    /// Makes room for the table that was seen, in place of another one of its name.
    pub(super) fn open(&self, place: &Place, identity: &str) {
        let now = Instant::now();
        let mut tables = self.lock();
        match tables.get_mut(place) {
            Some(shelf) if shelf.identity == identity => shelf.used = now,
            _ => {
                tables.retain(|_, shelf| now.duration_since(shelf.used) < UNUSED);
                let shelf = Shelf { identity: identity.into(), used: now, slots: HashMap::new() };
                tables.insert(place.clone(), shelf);
            }
        }
    }

    /// A fact that is fresh enough for this look.
    pub(super) fn get<T: Clone + 'static>(&self, place: &Place, fact: &Fact, look: Look) -> Option<T> {
        let tables = self.lock();
        let slot = tables.get(place)?.slots.get(fact)?;
        let kept = slot.kept.as_ref()?;
        (kept.began.elapsed() < limit(place, fact, look, slot.moves(kept))).then_some(())?;
        kept.value.downcast_ref::<T>().cloned()
    }

    /// Keeps what was read, unless the fact was changed while it was being read.
    pub(super) fn keep<T: Send + Sync + 'static>(
        &self,
        (place, identity): (&Place, &str),
        fact: Fact,
        value: T,
        (began, is_settled): (Instant, bool),
    ) {
        let mut tables = self.lock();
        let Some(shelf) = tables.get_mut(place).filter(|shelf| shelf.identity == identity) else { return };
        let slot = shelf.slots.entry(fact).or_default();
        if slot.touched.is_none_or(|touched| touched < began) {
            slot.kept = Some(Kept { value: Arc::new(value), began, is_settled });
        }
    }

    /// Nothing is known of the table any more: it is not there.
    pub(super) fn forget(&self, place: &Place) {
        self.lock().remove(place);
    }

    /// The action is about to be sent: what it touches is not believed, nor when it has ended, however it ends.
    pub(super) fn changing<'a>(&'a self, place: Place, action: &Action) -> Changing<'a> {
        let changing = Changing { facts: self, place, touched: touched(action) };
        changing.touch();
        changing
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Place, Shelf>> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    fn moves(&self, kept: &Kept) -> bool {
        !kept.is_settled || self.touched.is_some_and(|touched| kept.began < touched + ECHO)
    }
}

fn limit(place: &Place, fact: &Fact, look: Look, moves: bool) -> Duration {
    match look {
        // Whose a table is decides what may be done to it.
        Look::Direct if matches!(fact, Fact::Tags | Fact::Replica(_)) => Duration::ZERO,
        Look::Direct => FRESH,
        Look::Shared if moves => FRESH,
        Look::Shared => REST + spread(place),
    }
}

fn spread(place: &Place) -> Duration {
    let mut hasher = DefaultHasher::new();
    place.table.hash(&mut hasher);
    let most = REST.as_secs() / 5;
    Duration::from_secs(hasher.finish() % most)
}

/// An action on its way.
pub(super) struct Changing<'a> {
    facts: &'a Facts,
    place: Place,
    touched: Touched,
}

impl Changing<'_> {
    fn touch(&self) {
        let touched = match &self.touched {
            Touched::All => return self.facts.forget(&self.place),
            Touched::These(facts) => facts,
        };
        let now = Instant::now();
        let mut tables = self.facts.lock();
        let Some(shelf) = tables.get_mut(&self.place) else { return };
        for fact in touched {
            shelf.slots.insert(fact.clone(), Slot { touched: Some(now), kept: None });
        }
    }
}

/// Also when the future that waits for AWS is dropped: nobody knows then what AWS did.
impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.touch();
    }
}

enum Touched {
    All,
    These(Vec<Fact>),
}

/// The facts that an action changes.
fn touched(action: &Action) -> Touched {
    let one = |fact| Touched::These(vec![fact]);
    match action {
        Action::Create(_) | Action::Restore { .. } | Action::Import { .. } | Action::Delete => Touched::All,
        Action::Tag { region: None, .. } | Action::Untag { region: None, .. } => one(Fact::Tags),
        Action::PointInTimeRecovery { region: None, .. } => one(Fact::ContinuousBackups),
        Action::Tag { region: Some(region), .. }
        | Action::Untag { region: Some(region), .. }
        | Action::PointInTimeRecovery { region: Some(region), .. }
        | Action::ReplicaProtection { region, .. } => one(Fact::Replica(region.clone())),
        Action::TimeToLive { .. } => one(Fact::TimeToLive),
        Action::ContributorInsights { index, .. } => one(Fact::Insights(index.clone())),
        Action::PutPolicy { .. } | Action::DeletePolicy { .. } => one(Fact::Policy),
        Action::EnableKinesis { .. } | Action::UpdateKinesis { .. } | Action::DisableKinesis { .. } => {
            one(Fact::Kinesis)
        }
        Action::RegisterTarget { .. } | Action::PutScalingPolicy { .. } | Action::DeregisterTarget { .. } => {
            one(Fact::Scaling)
        }
        Action::CreateBackup { .. } => one(Fact::Backups),
        Action::PutItems { .. } => Touched::These(Vec::new()),
        Action::Update(update) => Touched::These(touched_by_update(update)),
    }
}

fn touched_by_update(update: &Update) -> Vec<Fact> {
    match update {
        Update::CreateIndex { name, .. } | Update::DeleteIndex { name } => {
            vec![Fact::Insights(Some(name.clone())), Fact::Scaling]
        }
        // AWS sets up the scaling of a replica with that of the table.
        Update::CreateReplicas { replicas, .. } => {
            replicas.keys().cloned().map(Fact::Replica).chain([Fact::Scaling]).collect()
        }
        Update::UpdateReplica { region, .. } | Update::DeleteReplica { region } => vec![Fact::Replica(region.clone())],
        Update::Billing { .. } => vec![Fact::Scaling],
        Update::DeletionProtection(_)
        | Update::TableClass(_)
        | Update::Throughput { .. }
        | Update::Cap(_)
        | Update::IndexCaps(_)
        | Update::Stream(_)
        | Update::Warm(_)
        | Update::IndexWarm { .. }
        | Update::Encryption(_) => Vec::new(),
    }
}
