//! What is known of one id: some two hundred bytes while it rests, with its names.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Ages, Cause};
use crate::aws::limits::Whose;

/// What is known of one id.
pub(super) struct Record<T> {
    /// When the request was sent whose answer this is; `None` before the first.
    pub asked: Option<Instant>,
    /// When it was last sent for; later than `asked` while an answer is awaited.
    pub sent: Option<Instant>,
    /// Hash of the thing; `None` when it was not found.
    digest: Option<u64>,
    /// Never the same again once something else is known.
    pub version: u64,
    /// The thing, while it is needed. Apart from the record, whose map would have room for as many.
    item: Option<Box<T>>,
    /// AWS is working on it.
    is_moving: bool,
    /// To be read at once.
    pub is_hinted: bool,
    /// From then on the next reading wakes the object, whatever it shows.
    pub resync: Instant,
    /// When anybody asked for it last, and who.
    pub interest: Instant,
    pub whose: Option<Arc<Whose>>,
    /// Our own writes.
    pub writes_in_flight: u32,
    pub written: Option<Instant>,
}

/// What a reading showed.
pub(super) struct Reading<T> {
    pub item: Option<T>,
    pub is_moving: bool,
    pub asked: Instant,
    /// Somebody waits for it.
    pub is_awaited: bool,
}

impl<T: Clone + Hash> Record<T> {
    pub fn new(now: Instant) -> Self {
        Self {
            asked: None,
            sent: None,
            digest: None,
            version: 0,
            item: None,
            is_moving: false,
            is_hinted: false,
            resync: now,
            interest: now,
            whose: None,
            writes_in_flight: 0,
            written: None,
        }
    }

    /// Takes over what was read; says why its object is due, if it is. The new version is used up if anything is new.
    pub fn take_over(&mut self, reading: Reading<T>, version: u64, now: Instant, ages: Ages) -> Option<Cause> {
        let Reading { item, is_moving, asked, is_awaited } = reading;
        if self.asked.is_some_and(|known| known > asked) {
            // An answer that was overtaken.
            return None;
        }
        let (digest, was_moving, is_first) = (item.as_ref().map(digest), self.is_moving, self.asked.is_none());
        let cause = match digest {
            _ if is_first => None,
            None if self.digest.is_some() => Some(Cause::Missing),
            None => None,
            Some(_) if digest != self.digest => Some(Cause::Changed),
            Some(_) => (now >= self.resync && !is_moving).then_some(Cause::Resync),
        };
        if is_first || cause.is_some() {
            self.version = version;
        }
        (self.asked, self.digest, self.is_moving) = (Some(asked), digest, is_moving);
        let is_kept = is_awaited || cause.is_some() || self.is_short(now, ages);
        self.item = item.filter(|_| is_kept).map(Box::new);
        // Those who wait take it themselves, and what is in transition is looked at on the short clock.
        let is_told_otherwise = is_awaited || (was_moving && is_moving);
        cause.filter(|_| !is_told_otherwise)
    }

    /// A copy, or the thing itself where nobody needs it again.
    pub fn take(&mut self, now: Instant, ages: Ages) -> Option<T> {
        if self.is_short(now, ages) { self.item.as_deref().cloned() } else { self.item.take().map(|item| *item) }
    }

    /// Whether it was asked for at this moment or later, and after our last write.
    pub fn is_since(&self, moment: Instant) -> bool {
        self.asked.is_some_and(|asked| asked >= moment) && self.is_newer_than_writes()
    }

    pub fn is_newer_than_writes(&self) -> bool {
        self.writes_in_flight == 0 && self.written.is_none_or(|written| self.asked.is_some_and(|asked| asked > written))
    }

    /// Not in the last answer, or not found by the last direct look.
    pub fn is_missing(&self) -> bool {
        self.asked.is_some() && self.digest.is_none()
    }

    /// Whether the short clock applies.
    pub fn is_short(&self, now: Instant, ages: Ages) -> bool {
        let settles = self.written.is_some_and(|written| now.duration_since(written) < ages.settle);
        self.is_moving || settles || self.writes_in_flight > 0
    }

    /// Young enough to be served.
    pub fn is_fresh(&self, now: Instant, ages: Ages) -> bool {
        let most = if self.is_short(now, ages) { ages.moving } else { ages.rest };
        self.age(now).is_some_and(|age| age < most)
    }

    pub fn age(&self, now: Instant) -> Option<Duration> {
        self.asked.map(|asked| now.duration_since(asked))
    }

    /// Nobody came for it in time.
    pub fn drop_stale(&mut self, now: Instant, ages: Ages) {
        if !self.is_fresh(now, ages) {
            self.item = None;
        }
    }

    #[cfg(test)]
    pub fn holds_item(&self) -> bool {
        self.item.is_some()
    }
}

/// Collisions are one in 2^64 for each change, and the resync heals them.
fn digest<T: Hash>(item: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    item.hash(&mut hasher);
    hasher.finish()
}
