//! The sweep: everything that anybody is interested in is read within the drift window, evenly, a hundred a call.

use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};
use tokio::time::Instant;

use super::{Inventory, News, Source};

/// So many requests are under way at once: one answer may take longer than the time to the next request.
const AT_ONCE: usize = 4;
/// After a failure the sweep waits for up to this part of its period; what the rounds need they ask for themselves.
const AFTER_FAILURE: u32 = 4;

impl<S: Source> Inventory<S> {
    /// Reads what rests, and tells whose thing is not what it was. Runs until it is dropped.
    pub async fn sweep(&self, tell: &(dyn Fn(News) + Send + Sync)) -> Infallible {
        self.lock().is_swept = true;
        let (mut reads, mut jitter) = (FuturesUnordered::new(), Jitter::default());
        let (mut tick, mut turn) = (Instant::now(), Instant::now());
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(tick), if reads.len() < AT_ONCE => {
                    let now = Instant::now();
                    let (batch, interval, pause) = {
                        let mut state = self.lock();
                        (state.next_sweep(now, now >= turn), state.interval(), state.tick())
                    };
                    tick = now + pause;
                    if let Some(batch) = batch {
                        turn = now + jitter.shortened(interval);
                        reads.push(self.request(batch));
                    }
                }
                Some(read) = reads.next() => {
                    if read.is_err() {
                        tick = tick.max(Instant::now() + jitter.shortened(self.ages.period / AFTER_FAILURE));
                    }
                }
                () = self.stir.notified() => tick = tick.min(Instant::now()),
            }
            self.lock().take_news().into_iter().for_each(tell);
        }
    }
}

/// Two operators in one account, or two regions, shall not keep the same time.
#[derive(Default)]
struct Jitter {
    seed: RandomState,
    drawn: u64,
}

impl Jitter {
    /// Up to a tenth less.
    fn shortened(&mut self, duration: Duration) -> Duration {
        self.drawn += 1;
        duration.mul_f64(0.9 + (self.seed.hash_one(self.drawn) % 1000) as f64 / 10_000.0)
    }
}
