//! Not-before times: a poke (news from AWS, a changed reference) must not make an object that keeps failing run at the
//! pace of the pokes. What its user changed runs at once: that may be the cure.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Which objects must wait, by uid.
#[derive(Debug, Default)]
pub struct Pace(Mutex<HashMap<String, Hold>>);

#[derive(Clone, Copy, Debug)]
struct Hold {
    until: Instant,
    /// [`super::stored::Content::wakes`] of the object that failed.
    wakes: u64,
}

impl Pace {
    /// How long a round of this object must still wait, if at all.
    pub fn wait(&self, uid: &str, wakes: u64, now: Instant) -> Option<Duration> {
        let hold = *self.lock().get(uid)?;
        let rest = hold.until.checked_duration_since(now).filter(|rest| !rest.is_zero())?;
        (hold.wakes == wakes).then_some(rest)
    }

    /// A round failed: the next one waits, unless the object changes.
    pub fn hold(&self, uid: &str, wakes: u64, until: Instant) {
        self.lock().insert(uid.into(), Hold { until, wakes });
    }

    /// A round went well, or the object is gone.
    pub fn release(&self, uid: &str) {
        self.lock().remove(uid);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Hold>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_poke_waits_out_the_rest_of_the_back_off() {
        let (pace, now) = (Pace::default(), Instant::now());
        assert_eq!(pace.wait("a", 1, now), None);
        pace.hold("a", 1, now + 8 * SECOND);
        assert_eq!(pace.wait("a", 1, now + 3 * SECOND), Some(5 * SECOND));
        assert_eq!(pace.wait("a", 1, now + 8 * SECOND), None);
        assert_eq!(pace.wait("b", 1, now), None);
    }

    #[test]
    fn a_changed_object_does_not_wait() {
        let (pace, now) = (Pace::default(), Instant::now());
        pace.hold("a", 1, now + 8 * SECOND);
        assert_eq!(pace.wait("a", 2, now), None);
    }

    #[test]
    fn success_ends_the_wait() {
        let (pace, now) = (Pace::default(), Instant::now());
        pace.hold("a", 1, now + 8 * SECOND);
        pace.release("a");
        assert_eq!(pace.wait("a", 1, now), None);
    }
}
