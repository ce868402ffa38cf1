//! The deletion brake: a template rolled out wrong, or a namespace deleted by mistake, must not take every database
//! along (product.md section 5).

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

/// At most so many deletions of databases within a window. Counted in this process: a restart begins anew, which
/// allows at most one more window's worth.
#[derive(Debug)]
pub struct Brake {
    limit: usize,
    window: Duration,
    recent: Mutex<VecDeque<Timestamp>>,
}

impl Brake {
    /// `limit` deletions within `window`; a limit of 0 holds every deletion.
    pub fn new(limit: usize, window: Duration) -> Self {
        Self { limit, window, recent: Mutex::default() }
    }

    /// Why a further deletion is held now, if it is.
    pub fn holds(&self, now: Timestamp) -> Option<String> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        while recent
            .front()
            .is_some_and(|at| Duration::try_from(now.duration_since(*at)).unwrap_or_default() > self.window)
        {
            recent.pop_front();
        }
        (recent.len() >= self.limit).then(|| {
            format!(
                "the deletion brake allows {} deletions of databases within {} s (--deletion-brake)",
                self.limit,
                self.window.as_secs()
            )
        })
    }

    /// Counts a deletion that was sent.
    pub fn count(&self, now: Timestamp) {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_brake_holds_the_next_deletion_until_the_window_has_passed() {
        let brake = Brake::new(2, Duration::from_secs(60));
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        brake.count(at(0));
        assert_eq!(brake.holds(at(1)), None);
        brake.count(at(1));
        assert!(brake.holds(at(2)).is_some());
        assert_eq!(brake.holds(at(61)), None);
    }
}
