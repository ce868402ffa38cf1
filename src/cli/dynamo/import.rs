//! The engine of an import: a thread reads lines, writers send them, and the mark moves over the lines before which all are
//! written. Items of one key always have the same writer, so of two lines with one key the order is the file's.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::BufRead;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Ended;
use super::lines::{Line, Lines, Spot};
use super::progress::Progress;
use super::resume::ImportState;
use crate::aws::CloudError;
use crate::aws::dynamo::Keys;
use crate::aws::dynamo::bulk::{BATCH, Outcome, Puts};
use crate::aws::dynamo::items::{Format, Item};

const TICK: Duration = Duration::from_millis(200);
/// Lines that wait for one writer, and KB of text that are on their way in all.
const WAITING: usize = 2 * BATCH;
const KILOBYTES: usize = 16 * 1024;
/// AWS takes 16 MB in one BatchWriteItem; this much gets through a slow line before the call's time is over.
const BATCH_BYTES: usize = 1024 * 1024;

/// What to do with items whose key is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Existing {
    /// Leave it as it is, and count it: PutItem with a condition
    Keep,
    /// Replace it, whatever it holds: BatchWriteItem, which does not tell
    Overwrite,
}

/// How to import.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub keys: Keys,
    pub format: Format,
    pub existing: Existing,
    pub writers: usize,
    /// Where the reader is.
    pub start: Spot,
}

/// Keeps the resume file, if there is one.
pub(super) trait Save {
    /// All lines before this place are done.
    ///
    /// # Errors
    /// The file could not be written.
    fn save(&mut self, spot: Spot, state: &ImportState) -> std::io::Result<()>;
}

struct Job {
    number: u64,
    line: Line,
    item: Item,
    key: String,
    _room: OwnedSemaphorePermit,
}

enum Event {
    Done {
        number: u64,
        end: Spot,
        outcome: Outcome,
        units: f64,
    },
    /// A line that cannot be imported: those before it still are.
    Bad(String),
    /// The reader has given out every line. Without this word, something of ours is lost.
    End,
}

/// The place before which everything is done, whatever the order in which lines become so. What is done beyond it is not
/// counted yet: after an end here, those lines come again.
#[derive(Debug, Default)]
struct Window {
    next: u64,
    ahead: BTreeMap<u64, (Spot, Outcome)>,
    spot: Spot,
}

impl Window {
    fn done(&mut self, number: u64, end: Spot, outcome: Outcome, state: &mut ImportState) {
        self.ahead.insert(number, (end, outcome));
        while let Some((spot, outcome)) = self.ahead.remove(&self.next) {
            self.spot = spot;
            self.next += 1;
            state.lines = spot.lines;
            match outcome {
                Outcome::Written => state.written += 1,
                Outcome::Same => state.same += 1,
                Outcome::Kept => state.kept += 1,
            }
        }
    }
}

/// Writes the items of all lines. Whatever ends it, `save` has been told how far it came.
///
/// # Errors
/// It was stopped, a line is wrong, AWS refused, or the resume file could not be written.
pub(super) async fn run<P: Puts>(
    puts: &Arc<P>,
    from: Box<dyn BufRead + Send>,
    plan: &Plan,
    state: &mut ImportState,
    save: &mut (dyn Save + Send),
    progress: &mut Progress,
    stop: &CancellationToken,
) -> Result<(), Ended> {
    // Also stops the reader when something else ends it.
    let end = stop.child_token();
    let (events, mut arriving) = mpsc::channel(1024);
    let mut writers = JoinSet::new();
    let queues = (0..plan.writers).map(|_| {
        let (sender, jobs) = mpsc::channel(WAITING);
        writers.spawn(write(puts.clone(), plan.existing, jobs, events.clone()));
        sender
    });
    let reader = Reader { plan: plan.clone(), queues: queues.collect(), events, end: end.clone() };
    let handle = Handle::current();
    // Not waited for: a read of an idle pipe cannot be broken off.
    drop(tokio::task::spawn_blocking(move || reader.read(from, &handle)));
    let window = Window { spot: plan.start, ..Window::default() };
    let mut count = Count { window, state, progress, bad: None, is_whole: false };
    let ended = count.until_done(&mut arriving, &mut writers, save, stop).await;
    end.cancel();
    writers.shutdown().await;
    while let Ok(event) = arriving.try_recv() {
        count.take(event);
    }
    let saved = save.save(count.window.spot, count.state).map_err(Ended::Output);
    ended.and(saved).and(count.bad.map_or(Ok(()), |why| Err(Ended::Line(why))))
}

struct Reader {
    plan: Plan,
    queues: Vec<mpsc::Sender<Job>>,
    events: mpsc::Sender<Event>,
    end: CancellationToken,
}

impl Reader {
    fn read(self, from: Box<dyn BufRead + Send>, handle: &Handle) {
        let mut lines = Lines::new(from, self.plan.start);
        let room = Arc::new(Semaphore::new(KILOBYTES));
        for number in 0.. {
            let job = match lines.next().and_then(|line| line.map(|line| self.job(number, line)).transpose()) {
                Ok(None) => return drop(self.events.blocking_send(Event::End)),
                Ok(Some(job)) => job,
                Err(why) => return drop(self.events.blocking_send(Event::Bad(why))),
            };
            let (line, item, key) = job;
            let size = u32::try_from(line.text.len() / 1024 + 1).unwrap_or(u32::MAX);
            let waiting = async {
                tokio::select! {
                    () = self.end.cancelled() => None,
                    room = room.clone().acquire_many_owned(size) => room.ok(),
                }
            };
            let Some(room) = handle.block_on(waiting) else { return };
            let mut hasher = DefaultHasher::new();
            key.hash(&mut hasher);
            let writer = usize::try_from(hasher.finish() % self.queues.len() as u64).unwrap_or_default();
            // The writer has gone: it has said why.
            if self.queues[writer].blocking_send(Job { number, line, item, key, _room: room }).is_err() {
                return;
            }
        }
    }

    fn job(&self, number: u64, line: Line) -> Result<(Line, Item, String), String> {
        let wrong = |why: String| format!("line {}: {why}", line.end.lines);
        if number == 0 && self.plan.start == Spot::default() && line.text.starts_with('[') {
            return Err(wrong("a JSON list; an import takes one item on each line (jq -c '.[]' makes them)".into()));
        }
        // No item lacks its key, so only where the key has another name can `Item` be a wrapper.
        let may_be_wrapped = self.plan.keys.hash.name != "Item";
        let item = Item::parse(&line.text, self.plan.format, may_be_wrapped).map_err(wrong)?;
        let key = item.key(&self.plan.keys).map_err(wrong)?;
        Ok((line, item, key))
    }
}

async fn write<P: Puts>(
    puts: Arc<P>,
    existing: Existing,
    mut jobs: mpsc::Receiver<Job>,
    events: mpsc::Sender<Event>,
) -> Result<(), CloudError> {
    let mut waiting: Vec<Job> = Vec::new();
    loop {
        if waiting.is_empty() && jobs.recv_many(&mut waiting, BATCH).await == 0 {
            return Ok(());
        }
        let batch: Vec<Job> = waiting.drain(..together(&waiting, existing)).collect();
        let (outcome, units) = match existing {
            Existing::Keep => puts.put_new(&batch[0].item).await?,
            Existing::Overwrite => {
                let items = batch.iter().map(|job| job.item.clone()).collect();
                (Outcome::Written, puts.put_all(items).await?)
            }
        };
        for (at, job) in batch.into_iter().enumerate() {
            let units = if at == 0 { units } else { 0.0 };
            let done = Event::Done { number: job.number, end: job.line.end, outcome, units };
            if events.send(done).await.is_err() {
                return Ok(());
            }
        }
    }
}

/// How many of the waiting items one call takes: AWS refuses a batch with the same key twice.
fn together(waiting: &[Job], existing: Existing) -> usize {
    if existing == Existing::Keep {
        return 1;
    }
    let (mut keys, mut bytes) = (BTreeSet::new(), 0);
    for (at, job) in waiting.iter().enumerate() {
        bytes += job.line.text.len();
        if bytes > BATCH_BYTES || !keys.insert(&job.key) {
            return at.max(1);
        }
    }
    waiting.len()
}

struct Count<'a> {
    window: Window,
    state: &'a mut ImportState,
    progress: &'a mut Progress,
    bad: Option<String>,
    is_whole: bool,
}

impl Count<'_> {
    async fn until_done(
        &mut self,
        arriving: &mut mpsc::Receiver<Event>,
        writers: &mut JoinSet<Result<(), CloudError>>,
        save: &mut (dyn Save + Send),
        stop: &CancellationToken,
    ) -> Result<(), Ended> {
        let (mut ticker, mut saved) = (tokio::time::interval(TICK), Instant::now());
        loop {
            tokio::select! {
                () = stop.cancelled() => return Err(Ended::Stopped),
                Some(result) = writers.join_next() => result.map_err(Ended::lost)?.map_err(Ended::Aws)?,
                event = arriving.recv() => match event {
                    Some(event) => self.take(event),
                    None => break,
                },
                _ = ticker.tick() => {
                    self.progress.show();
                    if saved.elapsed() >= super::export::SAVE_EVERY {
                        save.save(self.window.spot, self.state).map_err(Ended::Output)?;
                        saved = Instant::now();
                    }
                }
            }
        }
        while let Some(result) = writers.join_next().await {
            result.map_err(Ended::lost)?.map_err(Ended::Aws)?;
        }
        if self.is_whole || self.bad.is_some() { Ok(()) } else { Err(Ended::lost("the reader of the file is gone")) }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Bad(why) => self.bad = Some(why),
            Event::End => self.is_whole = true,
            Event::Done { number, end, outcome, units } => {
                self.window.done(number, end, outcome, self.state);
                self.progress.reached.items += 1;
                self.progress.reached.bytes = self.window.spot.bytes;
                self.progress.reached.units += units;
            }
        }
    }
}

#[cfg(test)]
mod tests;
