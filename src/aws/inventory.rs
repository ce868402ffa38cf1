//! AWS, read like an informer's cache: what it showed last, shared by all objects of one account, region and thing
//! (architecture.md section 5). One request with up to a hundred ids feeds as many objects.
//!
//! Of a thing at rest no more is kept than a digest, with a version that changes when it does; [`Inventory::sweep`] reads
//! it within the drift window and names the objects whose thing has changed. The thing itself is kept while AWS works on it, and
//! until the round that its change wakes has taken it.
//!
//! An entry is served only while it is younger than its clock and newer than our own last write to that id. What is missing
//! from an answer is a hint and no more: whoever asked must look directly. An answer that failed, or is not whole, changes
//! nothing.

mod record;
mod state;
mod sweep;

use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::limits::Whose;
use super::{CloudError, Look};
use state::{Batch, State};

/// Ids in one request: what AWS takes in a filter, and a page of its answer.
pub const BATCH: usize = 100;

/// Asks AWS for things by id.
pub trait Source: Send + Sync {
    /// A thing, normalised: its hash tells whether it has changed.
    type Item: Clone + Hash + Send + Sync;
    /// What the things are called in metrics.
    const THING: &'static str;

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
    /// The drift window: nothing is known of what was not read for so long.
    pub window: Duration,
    /// A thing at rest is read anew within this: the window, less time for the calls.
    pub period: Duration,
    /// For so long a thing at rest is kept for the round that it wakes.
    pub rest: Duration,
    /// Of a thing in transition, and of one that we changed within `settle`.
    pub moving: Duration,
    /// AWS shows the old state for this long after a change.
    pub settle: Duration,
    /// How long a request waits for others to join it.
    pub gather: Duration,
    /// Also what has not changed wakes its object within this.
    pub resync: Duration,
    /// What nobody has asked for in this time is not read any more.
    pub interest: Duration,
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
            window,
            period: window * 9 / 10,
            rest: window / 4,
            moving: transition * 9 / 10,
            settle,
            gather: (window / 600).min(Duration::from_millis(100)),
            resync: window * 10,
            interest: window * 3 + settle,
        }
    }

    /// With a resync, and objects that ask at least every `asked`.
    pub fn resyncing(self, resync: Duration, asked: Duration) -> Self {
        Self { resync, interest: asked.max(self.window) * 3 + self.settle, ..self }
    }
}

/// What is known of one id.
#[derive(Clone, Debug, PartialEq)]
pub enum Known<T> {
    /// As AWS showed it, recently enough, and the version of that.
    Shown(T, u64),
    /// It was not in a whole answer, or not found by the last direct look: ask AWS directly.
    Missing,
}

/// What a look found.
#[derive(Clone, Debug, PartialEq)]
pub struct Sight<T> {
    /// The thing; only a direct look can say that there is none.
    pub item: Option<T>,
    /// How it was looked at.
    pub look: Look,
    /// See [`Inventory::version`].
    pub version: Option<u64>,
}

/// Why an object is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// AWS shows something else than before.
    Changed,
    /// It was not in a whole answer.
    Missing,
    /// It has not been looked at for long.
    Resync,
}

impl Cause {
    /// The word in metrics.
    pub fn word(self) -> &'static str {
        match self {
            Cause::Changed => "changed",
            Cause::Missing => "missing",
            Cause::Resync => "resync",
        }
    }
}

/// An object is due.
#[derive(Clone, Debug, PartialEq)]
pub struct News {
    /// The object that asked for the thing last.
    pub whose: Arc<Whose>,
    /// Why.
    pub cause: Cause,
}

/// The shared view of one thing in one account and region.
pub struct Inventory<S: Source> {
    source: S,
    ages: Ages,
    state: Mutex<State<S>>,
    /// Whoever holds it sends the next request.
    turn: tokio::sync::Mutex<()>,
    /// Something waits for the sweep: news, or a hint.
    stir: Notify,
}

impl<S: Source> Inventory<S> {
    /// An empty view.
    pub fn new(source: S, ages: Ages) -> Self {
        let (turn, stir) = (tokio::sync::Mutex::new(()), Notify::new());
        Self { source, ages, state: Mutex::new(State::new(ages)), turn, stir }
    }

    /// Looks at a thing: by what is known if that will do, and else by `direct`, which alone can tell that it is absent.
    ///
    /// # Errors
    /// When the request failed.
    pub async fn look(
        &self,
        id: &str,
        look: Look,
        direct: impl Future<Output = Result<Option<S::Item>, CloudError>>,
    ) -> Result<Sight<S::Item>, CloudError> {
        if look == Look::Shared
            && let Known::Shown(item, version) = self.get(id).await?
        {
            return Ok(Sight { item: Some(item), look: Look::Shared, version: Some(version) });
        }
        let asked = Instant::now();
        let item = direct.await?;
        let version = self.lock().learn(id, item.as_ref(), asked);
        Ok(Sight { item, look: Look::Direct, version })
    }

    /// The thing of this id, from what is known or with the next request.
    ///
    /// # Errors
    /// When the request failed.
    pub async fn get(&self, id: &str) -> Result<Known<S::Item>, CloudError> {
        let began = Instant::now();
        if let Some(known) = self.lock().ask(id, began) {
            return Ok(known);
        }
        let _turn = self.turn.lock().await;
        if let Some(answer) = self.lock().answered(id, began) {
            return answer;
        }
        tokio::time::sleep(self.ages.gather).await;
        let batch = self.lock().next_batch(id, Instant::now());
        self.request(batch).await?;
        Ok(self.lock().take_since(id, began).unwrap_or(Known::Missing))
    }

    /// Changes whenever a look could show something new; `None` when only a look can tell: nothing is known of the thing,
    /// or not recently enough, AWS is working on it, or we have just changed it.
    pub fn version(&self, id: &str) -> Option<u64> {
        self.lock().version(id, Instant::now())
    }

    /// These may have changed: they are read at once, as far as anybody is interested in them.
    pub fn hint<'a>(&self, ids: impl IntoIterator<Item = &'a str>) {
        self.lock().hint(ids, Instant::now());
        self.stir.notify_one();
    }

    /// A write to this id begins: nothing that was read before its end is served from now on.
    pub fn write(&self, id: &str) -> Write<'_, S> {
        self.lock().begin_write(id);
        Write { inventory: self, id: id.into() }
    }

    /// How long ago the thing was read whose last reading is the oldest; `None` when nobody is interested in any.
    pub fn oldest(&self) -> Option<Duration> {
        self.lock().oldest(Instant::now())
    }

    /// Sends one request.
    async fn request(&self, batch: Batch) -> Result<(), CloudError> {
        let asked = Instant::now();
        let answer = self.source.read(batch.ids.clone()).await;
        let mut state = self.lock();
        match answer {
            Ok(found) => state.apply(&batch, found, asked),
            Err(error) => {
                state.fail(&batch, &error);
                return Err(error);
            }
        }
        if state.has_news() {
            self.stir.notify_one();
        }
        Ok(())
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
        self.inventory.lock().end_write(&self.id, Instant::now());
    }
}

#[cfg(test)]
mod tests;
