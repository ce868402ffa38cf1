//! A growing delay per object: kube's own `error_policy` never hears of success, so it cannot reset (kube-rs#1916).

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(300);

/// The delay after so many failures in a row: 1 s doubling to 5 min, spread by up to a quarter with `seed` so that
/// objects that failed together do not come back together.
pub fn delay(failures: u32, seed: &str) -> Duration {
    let doubled = FIRST.saturating_mul(2u32.saturating_pow(failures.saturating_sub(1).min(16)));
    spread(doubled.min(LONGEST), seed, failures)
}

/// A duration plus up to a quarter of it, the same for the same seed and turn.
pub fn spread(base: Duration, seed: &str, turn: u32) -> Duration {
    let sum: u32 = seed.bytes().fold(turn, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    base + base.mul_f64(f64::from(sum % 250) / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_to_five_minutes_and_a_quarter() {
        for (failures, low, high) in [(1, 1.0, 1.25), (4, 8.0, 10.0), (9, 256.0, 320.0), (40, 300.0, 375.0)] {
            let seconds = delay(failures, "uid").as_secs_f64();
            assert!((low..=high).contains(&seconds), "{failures}: {seconds}");
        }
    }
}
