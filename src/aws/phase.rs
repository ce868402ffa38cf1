//! Evenly spread times. Every key has a place of its own within a period, the same after a restart: what comes due at a
//! start all at once is spread from its second turn on, and stays so.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// Time from `now`, on any clock, to the key's next place: from turn to turn exactly a period. A place that is nearer than
/// a quarter of it is passed over, so that it takes five quarters at most.
pub fn until_turn(period: Duration, key: &str, now: Duration) -> Duration {
    let whole = nanos(period).max(1);
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    let (place, at) = (hasher.finish() % whole, nanos(now) % whole);
    let wait = if place > at { place - at } else { whole - (at - place) };
    Duration::from_nanos(if wait < whole / 4 { wait + whole } else { wait })
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_secs(48);

    /// How many of a thousand keys have their turn in each second of a period.
    fn by_second(wait: impl Fn(&str) -> Duration) -> Vec<usize> {
        let mut seconds = vec![0; 60];
        for number in 0..1000 {
            seconds[wait(&format!("5f0c2c1e-{number:04}-4a9b-9d8b-7b1f7e2a9c11")).as_secs() as usize] += 1;
        }
        seconds
    }

    #[test]
    fn a_thousand_that_come_due_together_at_a_restart_are_spread_over_the_period() {
        for start in [0, 1_795_000_000, 1_795_000_017] {
            let now = Duration::from_secs(start);
            let seconds = by_second(|key| until_turn(PERIOD, key, now));
            assert!(seconds.iter().all(|count| *count <= 45), "{seconds:?}");
            assert_eq!(seconds[..12].iter().sum::<usize>(), 0, "{seconds:?}");
        }
    }

    #[test]
    fn from_turn_to_turn_it_is_one_period_whatever_the_turn_took() {
        let first = until_turn(PERIOD, "uid", Duration::from_secs(1_000));
        let turn = Duration::from_secs(1_000) + first;
        assert_eq!(until_turn(PERIOD, "uid", turn), PERIOD);
        let took = Duration::from_millis(700);
        assert_eq!(until_turn(PERIOD, "uid", turn + took), PERIOD - took);
        let early = Duration::from_millis(3);
        assert_eq!(until_turn(PERIOD, "uid", turn - early), PERIOD + early);
    }

    #[test]
    fn a_period_of_nothing_is_no_failure() {
        assert!(until_turn(Duration::ZERO, "uid", Duration::from_secs(5)) <= Duration::from_nanos(2));
    }
}
