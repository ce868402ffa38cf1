//! When the next call of a bulk operation may begin: one back-off and one cap on capacity for all that work at once.
//! The arithmetic has no clock: it is told how long ago everything began.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const MILLISECOND: Duration = Duration::from_millis(1);
/// The first gap after a throttle, and the longest.
const FIRST_GAP: Duration = Duration::from_millis(20);
const LONGEST_GAP: Duration = Duration::from_secs(20);

/// The least time between two calls: doubled by a throttle, a tenth less with every call that went well. So the calls of
/// all segments find the rate that the table bears, instead of pausing and rushing together.
#[derive(Debug, Default)]
struct Spacing {
    gap: Duration,
    next: Duration,
    /// What began before the last throttle was known says nothing new.
    changed: Duration,
}

impl Spacing {
    fn wait(&self, now: Duration) -> Duration {
        self.next.saturating_sub(now)
    }

    fn begin(&mut self, now: Duration) {
        self.next = now + self.gap;
    }

    fn throttled(&mut self, began: Duration, now: Duration) {
        if began >= self.changed {
            self.gap = (self.gap * 2).clamp(FIRST_GAP, LONGEST_GAP);
            self.next = now + self.gap;
            self.changed = now + MILLISECOND;
        }
    }

    fn went_well(&mut self, began: Duration) {
        if began >= self.changed {
            self.gap = self.gap * 9 / 10;
            if self.gap < MILLISECOND {
                self.gap = Duration::ZERO;
            }
        }
    }
}

/// A cap in capacity units a second. What a call costs is known only after it, so each is charged in advance what the
/// dearest of the calls before it cost, and the difference is given back.
#[derive(Debug)]
struct Cap {
    rate: f64,
    /// At most one second's worth; negative after a call that was dearer than thought.
    balance: f64,
    at: Duration,
    expected: f64,
}

impl Cap {
    fn new(rate: u32) -> Self {
        Self { rate: rate.into(), balance: 0.0, at: Duration::ZERO, expected: 1.0 }
    }

    fn refill(&mut self, now: Duration) {
        let earned = self.rate * now.saturating_sub(self.at).as_secs_f64();
        self.balance = (self.balance + earned).min(self.rate);
        self.at = self.at.max(now);
    }

    /// A call that costs more than a second's worth can never be saved up for: it may begin when nothing is owed.
    fn wait(&mut self, now: Duration) -> Duration {
        self.refill(now);
        let lacking = self.expected.min(self.rate) - self.balance;
        // A billionth more than needed, so that the wait is never a rounding error too short.
        if lacking <= 1e-9 { Duration::ZERO } else { Duration::from_secs_f64((lacking + 1e-9) / self.rate) }
    }

    fn begin(&mut self) -> f64 {
        self.balance -= self.expected;
        self.expected
    }

    fn spent(&mut self, reserved: f64, units: f64) {
        self.balance += reserved - units;
        // Slowly down, so that one cheap page among dear ones does not invite a burst.
        self.expected = units.max(self.expected * 0.9).max(0.5);
    }
}

/// Permission for one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    began: Duration,
    reserved: f64,
}

/// What all callers share.
#[derive(Debug)]
pub(super) struct Pace {
    start: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    spacing: Spacing,
    cap: Option<Cap>,
    last_good: Duration,
    throttles: u64,
    page: Option<(usize, f64)>,
}

impl Pace {
    /// `rate`: capacity units a second, all callers together.
    pub(super) fn new(rate: Option<u32>) -> Self {
        let state = State {
            spacing: Spacing::default(),
            cap: rate.map(Cap::new),
            last_good: Duration::ZERO,
            throttles: 0,
            page: None,
        };
        Self { start: Instant::now(), state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the next call may begin.
    pub(super) async fn turn(&self) -> Turn {
        loop {
            let wait = {
                let mut state = self.state();
                let now = self.start.elapsed();
                let wait = state.spacing.wait(now).max(state.cap.as_mut().map_or(Duration::ZERO, |cap| cap.wait(now)));
                if wait.is_zero() {
                    state.spacing.begin(now);
                    return Turn { began: now, reserved: state.cap.as_mut().map_or(0.0, Cap::begin) };
                }
                wait
            };
            // tokio's clock has milliseconds; a shorter sleep would spin.
            tokio::time::sleep(wait.max(MILLISECOND)).await;
        }
    }

    /// The call was answered, and cost this much.
    pub(super) fn went_well(&self, turn: Turn, units: f64) {
        let now = self.start.elapsed();
        let mut state = self.state();
        state.spacing.went_well(turn.began);
        state.last_good = now;
        if let Some(cap) = &mut state.cap {
            cap.spent(turn.reserved, units);
        }
    }

    /// The call was throttled, at least in part. `units`: what it cost all the same.
    pub(super) fn throttled(&self, turn: Turn, units: f64) {
        let now = self.start.elapsed();
        let mut state = self.state();
        state.spacing.throttled(turn.began, now);
        state.throttles += 1;
        if units > 0.0 {
            state.last_good = now;
        }
        if let Some(cap) = &mut state.cap {
            cap.spent(turn.reserved, units);
        }
    }

    /// The call failed otherwise.
    pub(super) fn failed(&self, turn: Turn) {
        if let Some(cap) = &mut self.state().cap {
            cap.spent(turn.reserved, 0.0);
        }
    }

    /// How long nothing at all has got through.
    pub(super) fn stuck_for(&self) -> Duration {
        self.start.elapsed().saturating_sub(self.state().last_good)
    }

    /// A page was read: so many items, so many units.
    pub(super) fn saw_page(&self, items: usize, units: f64) {
        self.state().page = Some((items, units));
    }

    /// The newest page of any segment.
    pub(super) fn last_page(&self) -> Option<(usize, f64)> {
        self.state().page
    }

    /// Calls that were throttled so far.
    pub(super) fn throttles(&self) -> u64 {
        self.state().throttles
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    #[test]
    fn throttles_that_were_on_their_way_count_once() {
        let mut spacing = Spacing::default();
        for began in [0, 1, 2, 3] {
            spacing.throttled(ms(began), ms(10 + began));
        }
        assert_eq!((spacing.gap, spacing.wait(ms(10))), (FIRST_GAP, FIRST_GAP));
        spacing.throttled(ms(40), ms(50));
        assert_eq!(spacing.gap, FIRST_GAP * 2);
    }

    #[test]
    fn the_gap_grows_to_its_limit_and_vanishes_with_success() {
        let mut spacing = Spacing::default();
        for second in 0..20 {
            spacing.throttled(ms(1000 * second), ms(1000 * second));
        }
        assert_eq!(spacing.gap, LONGEST_GAP);
        for _ in 0..200 {
            spacing.went_well(ms(100_000));
        }
        assert_eq!(spacing.gap, Duration::ZERO);
        spacing.begin(ms(100_000));
        assert_eq!(spacing.wait(ms(100_000)), Duration::ZERO);
    }

    #[test]
    fn all_callers_share_the_gap() {
        let mut spacing = Spacing { gap: ms(100), ..Spacing::default() };
        spacing.begin(ms(1000));
        assert_eq!(spacing.wait(ms(1000)), ms(100));
        spacing.begin(ms(1100));
        assert_eq!(spacing.wait(ms(1150)), ms(50));
    }

    proptest! {
        /// Whatever the calls cost and however many run at once: over any time, no more than the rate, one second's worth
        /// and what the calls under way were dearer than thought.
        #[test]
        fn the_cap_keeps_under_its_bound(
            rate in 1u32..500,
            costs in prop::collection::vec(0.5f64..128.0, 20..120),
            callers in 1usize..16,
        ) {
            let mut cap = Cap::new(rate);
            let (mut now, mut spent) = (Duration::ZERO, 0.0);
            let mut under_way = std::collections::VecDeque::new();
            let dearest = costs.iter().copied().fold(0.0, f64::max);
            for cost in costs {
                if under_way.len() == callers {
                    let (reserved, cost) = under_way.pop_front().unwrap();
                    cap.spent(reserved, cost);
                }
                loop {
                    let wait = cap.wait(now);
                    if wait.is_zero() {
                        break;
                    }
                    now += wait;
                }
                under_way.push_back((cap.begin(), cost));
                spent += cost;
                #[allow(clippy::cast_precision_loss)]
                let bound = f64::from(rate) * (now.as_secs_f64() + 1.0) + dearest * callers as f64;
                prop_assert!(spent <= bound, "{spent} units in {now:?} at {rate}/s");
            }
        }
    }

    #[test]
    fn a_steady_caller_uses_what_the_cap_allows() {
        let mut cap = Cap::new(10);
        let (mut now, mut spent) = (Duration::ZERO, 0.0);
        while now < Duration::from_secs(100) {
            now += cap.wait(now);
            if cap.wait(now).is_zero() {
                let reserved = cap.begin();
                cap.spent(reserved, 4.0);
                spent += 4.0;
            }
        }
        assert!((980.0..=1014.0).contains(&spent), "{spent}");
    }

    #[tokio::test(start_paused = true)]
    async fn turns_wait_for_the_cap_and_the_gap() {
        let pace = Pace::new(Some(10));
        for _ in 0..20 {
            let turn = pace.turn().await;
            pace.went_well(turn, 1.0);
        }
        assert!((ms(1900)..=ms(2100)).contains(&pace.start.elapsed()), "{:?}", pace.start.elapsed());
        let turn = pace.turn().await;
        let before = pace.start.elapsed();
        pace.throttled(turn, 0.0);
        pace.failed(pace.turn().await);
        assert!(pace.start.elapsed() - before >= FIRST_GAP);
        assert_eq!(pace.throttles(), 1);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(pace.stuck_for() >= Duration::from_secs(60));
    }
}
