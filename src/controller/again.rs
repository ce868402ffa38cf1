//! When to look at an object again.

use std::time::Duration;

use super::gather::Case;
use super::perform::Performed;
use super::publish::Publication;
use super::reconcile::Round;
use super::{World, backoff};
use crate::aws::inventory::period;
use crate::conditions::Reason;
use crate::kind::Kind;

/// When to look again: soon after a change, at the named time, or with the next sweep.
pub fn next<K: Kind, C, S>(
    world: &World<C, S>,
    case: &Case<K>,
    publication: &Publication<'_, K>,
    performed: Performed,
) -> Round {
    let clocks = &world.clocks;
    let uid = case.uid();
    if performed.failed() {
        world.recall.update(&uid, |recall| recall.failures += 1);
        let delay = backoff::delay(world.recall.get(&uid).failures, &uid);
        return Round { performed: performed.accepted, ..Round::new("retrying", delay) };
    }
    world.recall.update(&uid, |recall| recall.failures = 0);
    // With the age of what is served then, a change in AWS is seen within the sweep clock.
    let sweep = backoff::spread(period(clocks.sweep), &uid, 0);
    let waiting = publication.decision.waiting.as_ref();
    let (result, after) = match (&publication.decision.problem, waiting) {
        _ if performed.touched_main => ("changed", clocks.transition_poll),
        // What was changed only precedes the main thing, and is there at once.
        _ if !performed.accepted.is_empty() => ("changed", clocks.transition_poll.min(Duration::from_secs(1))),
        (Some(_), _) => ("stalled", sweep),
        (None, Some(waiting)) => {
            ("waiting", until(case, waiting.until).unwrap_or(rest(waiting.reason, clocks.transition_poll, sweep)))
        }
        (None, None) if publication.settled => ("settled", sweep),
        (None, None) => ("working", clocks.transition_poll),
    };
    Round { performed: performed.accepted, ..Round::new(result, after) }
}

fn until<K: Kind>(case: &Case<K>, until: Option<jiff::Timestamp>) -> Option<Duration> {
    let wait = Duration::try_from(until?.duration_since(case.inputs.now)).ok()?;
    Some(wait.clamp(Duration::from_secs(1), case.inputs.clocks.sweep.max(Duration::from_secs(60))))
}

fn rest(reason: Reason, soon: Duration, sweep: Duration) -> Duration {
    match reason {
        Reason::WaitingForApproval | Reason::WaitingForWindow | Reason::Stopped | Reason::NotFound => sweep,
        _ => soon,
    }
}
