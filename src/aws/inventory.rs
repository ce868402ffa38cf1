//! What AWS showed last, shared by all objects of one account, region and thing (architecture.md section 5): one request
//! with up to a hundred ids feeds as many objects, and thousands that are idle cost a call every few seconds.
//!
//! An entry is served only while it is younger than its clock and newer than our own last write to that id. What is missing
//! from an answer is a hint and no more: whoever asked must look directly. An answer that failed, or is not whole, changes
//! nothing.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::CloudError;

/// Ids in one request: what AWS takes in a filter, and a page of its answer.
pub const BATCH: usize = 100;

/// Asks AWS for things by id.
pub trait Source: Send + Sync {
    /// A thing, normalised.
    type Item: Clone + PartialEq + Send + Sync;

    /// Those of at most [`BATCH`] ids that exist.
    ///
    /// # Errors
    /// When any part of the answer could not be read: a part is never taken for the whole.
    fn read(&self, ids: Vec<String>) -> impl Future<Output = Result<Vec<(String, Self::Item)>, CloudError>> + Send;

    /// Whether AWS is still working on it, so that the short clock applies.
    fn is_moving(item: &Self::Item) -> bool;
}

/// How old an entry may be, and when it is asked for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ages {
    /// How often a thing at rest is asked for; together with `rest` within the drift window.
    pub period: Duration,
    /// Of a thing at rest.
    pub rest: Duration,
    /// Of a thing in transition, and of one that we changed within `settle`.
    pub moving: Duration,
    /// AWS shows the old state for this long after a change.
    pub settle: Duration,
    /// How long a request waits for others to join it.
    pub gather: Duration,
}

impl Default for Ages {
    fn default() -> Self {
        Self::new(Duration::from_secs(60), Duration::from_secs(10), Duration::from_secs(60))
    }
}

impl Ages {
    /// For a drift window, a clock of what is in transition, and the time that AWS shows an old state.
    pub fn new(window: Duration, transition: Duration, settle: Duration) -> Self {
        Self {
            period: period(window),
            rest: window / 4,
            moving: transition * 9 / 10,
            settle,
            gather: (window / 600).min(Duration::from_millis(100)),
        }
    }
}

/// How often a thing at rest must be asked for, so that with the age of what is served the drift window is kept.
pub fn period(window: Duration) -> Duration {
    window * 3 / 5
}

/// What is known of one id.
#[derive(Clone, Debug, PartialEq)]
pub enum Known<T> {
    /// As AWS showed it, recently enough.
    Shown(T),
    /// It was not in a whole answer: ask AWS directly.
    Missing,
}

struct Entry<T> {
    /// Apart from the map, whose spare places would each have the size of an item.
    item: Box<T>,
    /// When the request was sent whose answer shows it.
    asked: Instant,
}

/// Our own writes to an id.
#[derive(Default)]
struct Writes {
    in_flight: u32,
    ended: Option<Instant>,
}

struct State<S: Source> {
    entries: HashMap<String, Entry<S::Item>>,
    writes: HashMap<String, Writes>,
    /// When each id was last asked for: what nobody asks for is not read.
    interest: HashMap<String, Instant>,
    /// Ids that wait for a request; each of those who wait sends one in its turn, so none is left out.
    queued: BTreeSet<String>,
    /// The last failure, which those share who waited for the same request.
    failed: Option<(Instant, CloudError)>,
}

/// The shared view of one thing in one account and region.
pub struct Inventory<S: Source> {
    source: S,
    ages: Ages,
    state: Mutex<State<S>>,
    /// Whoever holds it sends the next request.
    turn: tokio::sync::Mutex<()>,
}

impl<S: Source> Inventory<S> {
    /// An empty view.
    pub fn new(source: S, ages: Ages) -> Self {
        let state = State {
            entries: HashMap::new(),
            writes: HashMap::new(),
            interest: HashMap::new(),
            queued: BTreeSet::new(),
            failed: None,
        };
        Self { source, ages, state: Mutex::new(state), turn: tokio::sync::Mutex::new(()) }
    }

    /// The thing of this id, from what is known or with the next request.
    ///
    /// # Errors
    /// When the request failed.
    pub async fn get(&self, id: &str) -> Result<Known<S::Item>, CloudError> {
        let began = Instant::now();
        {
            let mut state = self.lock();
            state.interest.insert(id.into(), began);
            if let Some(item) = state.fresh(id, began, self.ages) {
                return Ok(Known::Shown(item));
            }
            state.queued.insert(id.into());
        }
        let _turn = self.turn.lock().await;
        {
            let mut state = self.lock();
            if let Some(item) = state.since(id, began) {
                return Ok(Known::Shown(item));
            }
            if let Some(error) = state.failure_since(began) {
                state.queued.remove(id);
                return Err(error);
            }
            if !state.queued.contains(id) {
                // A request that was sent for it did not find it.
                return Ok(Known::Missing);
            }
        }
        tokio::time::sleep(self.ages.gather).await;
        self.request(id).await?;
        Ok(self.lock().since(id, began).map_or(Known::Missing, Known::Shown))
    }

    /// What a direct look showed that began at this moment.
    pub fn learn(&self, id: &str, item: Option<&S::Item>, asked: Instant) {
        let mut state = self.lock();
        state.interest.insert(id.into(), asked);
        match item {
            Some(item) => drop(state.entries.insert(id.into(), Entry { item: Box::new(item.clone()), asked })),
            None => drop(state.entries.remove(id)),
        }
    }

    /// A write to this id begins: nothing that was read before its end is served from now on.
    pub fn write(&self, id: &str) -> Write<'_, S> {
        self.lock().writes.entry(id.into()).or_default().in_flight += 1;
        Write { inventory: self, id: id.into() }
    }

    /// Sends one request: for `id`, for those that wait, and for those that come due soon.
    async fn request(&self, id: &str) -> Result<(), CloudError> {
        let asked = Instant::now();
        let ids = self.lock().next_batch(id, asked, self.ages);
        let answer = self.source.read(ids.clone()).await;
        let mut state = self.lock();
        match answer {
            Ok(found) => {
                let mut found: HashMap<String, S::Item> = found.into_iter().collect();
                for id in ids {
                    match found.remove(&id) {
                        Some(item) => drop(state.entries.insert(id, Entry { item: Box::new(item), asked })),
                        None => drop(state.entries.remove(&id)),
                    }
                }
                Ok(())
            }
            Err(error) => {
                state.failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A write that is under way; it ends when this is dropped, also when its round is broken off.
pub struct Write<'a, S: Source> {
    inventory: &'a Inventory<S>,
    id: String,
}

impl<S: Source> Drop for Write<'_, S> {
    fn drop(&mut self) {
        let mut state = self.inventory.lock();
        if let Some(writes) = state.writes.get_mut(&self.id) {
            writes.in_flight = writes.in_flight.saturating_sub(1);
            writes.ended = Some(Instant::now());
        }
    }
}

impl<S: Source> State<S> {
    /// The item, if it is young enough and newer than our writes.
    fn fresh(&self, id: &str, now: Instant, ages: Ages) -> Option<S::Item> {
        let entry = self.entries.get(id)?;
        (now.duration_since(entry.asked) < self.most(id, entry, now, ages)).then(|| self.since(id, entry.asked))?
    }

    /// The item, if it was asked for at this moment or later, and after our last write.
    fn since(&self, id: &str, moment: Instant) -> Option<S::Item> {
        let entry = self.entries.get(id)?;
        let is_newer = self
            .writes
            .get(id)
            .is_none_or(|writes| writes.in_flight == 0 && writes.ended.is_none_or(|ended| entry.asked > ended));
        (is_newer && entry.asked >= moment).then(|| (*entry.item).clone())
    }

    /// How old an entry may be.
    fn most(&self, id: &str, entry: &Entry<S::Item>, now: Instant, ages: Ages) -> Duration {
        let ended = self.writes.get(id).and_then(|writes| writes.ended);
        let settles = ended.is_some_and(|ended| now.duration_since(ended) < ages.settle);
        if settles || S::is_moving(&entry.item) { ages.moving } else { ages.rest }
    }

    fn failure_since(&self, moment: Instant) -> Option<CloudError> {
        self.failed.as_ref().filter(|(at, _)| *at >= moment).map(|(_, error)| error.clone())
    }

    /// `id`, those that wait, and as many of those that will be asked for next as fit.
    fn next_batch(&mut self, id: &str, now: Instant, ages: Ages) -> Vec<String> {
        self.forget(now, ages);
        self.queued.remove(id);
        let mut ids = vec![id.to_string()];
        while ids.len() < BATCH {
            let Some(next) = self.queued.pop_first() else { break };
            ids.push(next);
        }
        let taken: BTreeSet<&String> = ids.iter().collect();
        let mut next: Vec<(Instant, &String)> = self
            .interest
            .keys()
            .filter(|id| !taken.contains(id))
            .filter_map(|id| Some((self.due(id, now, ages)?, id)))
            .collect();
        next.sort();
        let joined: Vec<String> = next.into_iter().take(BATCH - ids.len()).map(|(_, id)| id.clone()).collect();
        ids.extend(joined);
        ids
    }

    /// When an id will be asked for again, if that is soon and what is known of it will be too old by then.
    fn due(&self, id: &String, now: Instant, ages: Ages) -> Option<Instant> {
        let (last, entry) = (*self.interest.get(id)?, self.entries.get(id)?);
        let most = self.most(id, entry, now, ages);
        let period = if most == ages.rest { ages.period } else { ages.moving };
        let next = last + period;
        (next <= now + most / 2 && entry.asked + most <= next.max(now) + most / 2).then_some(next)
    }

    /// What nobody has asked for in two clocks is not read any more.
    fn forget(&mut self, now: Instant, ages: Ages) {
        let long = ages.period * 3 + ages.settle;
        self.interest.retain(|_, asked| now.duration_since(*asked) < long);
        let interest = &self.interest;
        self.entries.retain(|id, _| interest.contains_key(id));
        self.writes.retain(|id, writes| writes.in_flight > 0 || interest.contains_key(id));
    }
}

#[cfg(test)]
mod tests;
