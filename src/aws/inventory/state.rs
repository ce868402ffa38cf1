//! The records of all ids, and which of them the next request asks for.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use tokio::time::Instant;

use super::record::{Reading, Record};
use super::{Ages, BATCH, Known, News, Source};
use crate::aws::limits::turn;
use crate::aws::{CloudError, phase};

/// What a request asks for.
pub(super) struct Batch {
    /// First those for which somebody waits.
    pub ids: Vec<String>,
    /// How many these are.
    pub awaited: usize,
}

pub(super) struct State<S: Source> {
    ages: Ages,
    pub records: HashMap<String, Record<S::Item>>,
    /// Ids that wait for a request; each of those who wait sends one in its turn, so none is left out.
    queued: BTreeSet<String>,
    /// The last failure, which those share who waited for the same request.
    failed: Option<(Instant, CloudError)>,
    versions: u64,
    began: Instant,
    tidied: Instant,
    /// What the sweep has to tell; without one nobody is told.
    news: Vec<News>,
    pub is_swept: bool,
}

impl<S: Source> State<S> {
    pub fn new(ages: Ages) -> Self {
        let now = Instant::now();
        Self {
            ages,
            records: HashMap::new(),
            queued: BTreeSet::new(),
            failed: None,
            versions: 0,
            began: now,
            tidied: now,
            news: Vec::new(),
            is_swept: false,
        }
    }

    /// Somebody asks: what is known, or it waits for the next request.
    pub fn ask(&mut self, id: &str, now: Instant) -> Option<Known<S::Item>> {
        let ages = self.ages;
        let record = self.interested(id, now);
        if record.is_missing() && record.is_newer_than_writes() {
            return Some(Known::Missing);
        }
        if record.is_fresh(now, ages)
            && let Some(asked) = record.asked
            && let Some(known) = self.take_since(id, asked)
        {
            return Some(known);
        }
        self.queued.insert(id.into());
        None
    }

    /// What became of a question that waited since `began`.
    pub fn answered(&mut self, id: &str, began: Instant) -> Option<Result<Known<S::Item>, CloudError>> {
        if let Some(known) = self.take_since(id, began) {
            return Some(Ok(known));
        }
        if let Some((_, error)) = self.failed.as_ref().filter(|(at, _)| *at >= began) {
            let error = error.clone();
            self.queued.remove(id);
            return Some(Err(error));
        }
        // A request that was sent for it did not find it.
        (!self.queued.contains(id)).then_some(Ok(Known::Missing))
    }

    /// The thing, if it was asked for at this moment or later, and after our last write.
    pub fn take_since(&mut self, id: &str, moment: Instant) -> Option<Known<S::Item>> {
        let (now, ages, resync) = (Instant::now(), self.ages, self.next_resync(id));
        let record = self.records.get_mut(id).filter(|record| record.is_since(moment))?;
        let item = record.take(now, ages)?;
        record.resync = resync;
        Some(Known::Shown(item, record.version))
    }

    /// See [`super::Inventory::version`].
    pub fn version(&mut self, id: &str, now: Instant) -> Option<u64> {
        let ages = self.ages;
        if !self.records.contains_key(id) {
            return None;
        }
        let record = self.interested(id, now);
        let is_known = record.age(now).is_some_and(|age| age <= ages.window) && !record.is_missing();
        let is_sure = record.is_newer_than_writes() && !record.is_short(now, ages);
        (is_known && is_sure).then_some(record.version)
    }

    /// What a direct look showed that was sent at this moment; the version of it.
    pub fn learn(&mut self, id: &str, item: Option<&S::Item>, asked: Instant) -> Option<u64> {
        let (now, resync) = (Instant::now(), self.next_resync(id));
        self.interested(id, now).resync = resync;
        self.record(id, item.cloned(), asked, true);
        let record = self.records.get_mut(id)?;
        // Whoever looked has it.
        drop(record.take(now, self.ages));
        // What was read later may show something else than this look did.
        let is_this = record.asked == Some(asked);
        self.version(id, now).filter(|_| is_this)
    }

    /// A whole answer: what is not in it is missing.
    pub fn apply(&mut self, batch: &Batch, found: Vec<(String, S::Item)>, asked: Instant) {
        let mut found: HashMap<String, S::Item> = found.into_iter().collect();
        for (place, id) in batch.ids.iter().enumerate() {
            self.record(id, found.remove(id), asked, place < batch.awaited);
        }
    }

    fn record(&mut self, id: &str, item: Option<S::Item>, asked: Instant, is_awaited: bool) {
        let (now, resync) = (Instant::now(), self.next_resync(id));
        // What nobody is interested in any more is not known either.
        let Some(record) = self.records.get_mut(id) else { return };
        let is_moving = item.as_ref().is_some_and(S::is_moving);
        let reading = Reading { item, is_moving, asked, is_awaited };
        self.versions += 1;
        let Some(cause) = record.take_over(reading, self.versions, now, self.ages) else { return };
        record.resync = resync;
        if let (Some(whose), true) = (&record.whose, self.is_swept) {
            self.news.push(News { whose: whose.clone(), cause });
        }
    }

    /// A request failed, and nothing is known that was not before.
    pub fn fail(&mut self, batch: &Batch, error: &CloudError) {
        if batch.awaited > 0 {
            self.failed = Some((Instant::now(), error.clone()));
        }
        for id in &batch.ids {
            if let Some(record) = self.records.get_mut(id) {
                record.sent = record.asked;
            }
        }
    }

    pub fn begin_write(&mut self, id: &str) {
        let now = Instant::now();
        self.records.entry(id.into()).or_insert_with(|| Record::new(now)).writes_in_flight += 1;
    }

    pub fn end_write(&mut self, id: &str, now: Instant) {
        if let Some(record) = self.records.get_mut(id) {
            record.writes_in_flight = record.writes_in_flight.saturating_sub(1);
            record.written = Some(now);
        }
    }

    /// To be read at once, unless it is read soon anyway.
    pub fn hint<'a>(&mut self, ids: impl IntoIterator<Item = &'a str>, now: Instant) {
        for id in ids {
            if let Some(record) = self.records.get_mut(id).filter(|record| !record.is_short(now, self.ages)) {
                record.is_hinted = true;
            }
        }
    }

    pub fn oldest(&self, now: Instant) -> Option<Duration> {
        self.records.values().filter_map(|record| record.age(now)).max()
    }

    pub fn has_news(&self) -> bool {
        !self.news.is_empty()
    }

    pub fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// The record of an id for which the round that is running asks.
    fn interested(&mut self, id: &str, now: Instant) -> &mut Record<S::Item> {
        let record = self.records.entry(id.into()).or_insert_with(|| Record::new(now));
        record.interest = now;
        let whose = turn().whose;
        if !whose.name.is_empty() && record.whose.as_ref() != Some(&whose) {
            record.whose = Some(whose);
        }
        record
    }

    /// The resyncs of all ids are spread: five quarters of this at most, which leaves the sweep the time to find them.
    fn next_resync(&self, id: &str) -> Instant {
        let now = Instant::now();
        now + phase::until_turn(self.ages.resync * 7 / 10, id, now.duration_since(self.began))
    }
}

/// Which ids a request asks for.
impl<S: Source> State<S> {
    /// `id`, those that wait, and as many of those as fit that have to be read next: they cost nothing.
    pub fn next_batch(&mut self, id: &str, now: Instant) -> Batch {
        self.tidy(now);
        self.queued.remove(id);
        let mut ids = vec![id.to_string()];
        while ids.len() < BATCH {
            let Some(next) = self.queued.pop_first() else { break };
            ids.push(next);
        }
        let awaited = ids.len();
        let taken: BTreeSet<&String> = ids.iter().collect();
        let (moving, half) = (self.ages.moving / 2, self.ages.period / 2);
        let is_due = |record: &Record<S::Item>| {
            let least = if record.is_short(now, self.ages) { moving } else { half };
            record.sent.is_some_and(|sent| now.duration_since(sent) >= least)
        };
        let mut next: Vec<_> = self
            .records
            .iter()
            .filter(|(id, record)| !taken.contains(id) && is_due(record))
            .map(|(id, record)| (!record.is_short(now, self.ages), record.sent, id))
            .collect();
        next.sort();
        let joined: Vec<String> = next.into_iter().take(BATCH - ids.len()).map(|(.., id)| id.clone()).collect();
        ids.extend(joined);
        self.send(&ids, now);
        Batch { ids, awaited }
    }

    /// What the sweep has to read now: the hundred that were read the longest ago, if their time has come. Their turn
    /// comes every `interval`, and sooner when some would get too old by waiting for the next of its ticks.
    pub fn next_sweep(&mut self, now: Instant, is_turn: bool) -> Option<Batch> {
        self.tidy(now);
        let (period, tick) = (self.ages.period, self.tick());
        // What was never read is asked for by its round.
        let asked = self.records.iter().filter_map(|(id, record)| Some((!record.is_hinted, record.sent?, id)));
        let mut next: Vec<_> = asked.collect();
        next.sort();
        let (is_not_hinted, oldest, _) = next.first()?;
        let is_late = (1..).zip(next.chunks(BATCH)).any(|(turns, batch)| {
            let waits = batch.first().map_or(Duration::ZERO, |(_, sent, _)| now.duration_since(*sent));
            waits + tick * turns > period
        });
        let is_old = now.duration_since(*oldest) >= period / 2;
        if *is_not_hinted && !is_late && !(is_turn && is_old) {
            return None;
        }
        let ids: Vec<String> = next.into_iter().take(BATCH).map(|(.., id)| id.clone()).collect();
        self.send(&ids, now);
        Some(Batch { ids, awaited: 0 })
    }

    fn send(&mut self, ids: &[String], now: Instant) {
        for id in ids {
            if let Some(record) = self.records.get_mut(id) {
                // A hint that comes from now on asks for another answer than this.
                (record.sent, record.is_hinted) = (Some(now), false);
            }
        }
    }

    /// Time between two requests that read everything once in a period.
    pub fn interval(&self) -> Duration {
        self.ages.period / u32::try_from(self.records.len().div_ceil(BATCH)).unwrap_or(u32::MAX).max(1)
    }

    /// How often the sweep considers what to read.
    pub fn tick(&self) -> Duration {
        self.interval().min(self.ages.period / 20).max(Duration::from_millis(1))
    }

    /// Forgets what nobody has asked for in a while, and things that nobody came for.
    fn tidy(&mut self, now: Instant) {
        if now.duration_since(self.tidied) < self.ages.rest / 2 {
            return;
        }
        self.tidied = now;
        let ages = self.ages;
        self.records
            .retain(|_, record| record.writes_in_flight > 0 || now.duration_since(record.interest) < ages.interest);
        self.records.values_mut().for_each(|record| record.drop_stale(now, ages));
    }
}
