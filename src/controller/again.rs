//! When to look at an object again.

use std::time::Duration;

use jiff::Timestamp;

use super::gather::Case;
use super::perform::Performed;
use super::publish::Publication;
use super::reconcile::Round;
use super::{World, backoff};
use crate::aws::phase::until_turn;
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
    let sweep = within(world, &uid, clocks.check());
    let waiting = publication.decision.waiting.as_ref();
    let (result, after) = match (&publication.decision.problem, waiting) {
        _ if performed.touched_main => ("changed", clocks.transition_poll),
        // What was changed only precedes the main thing, and is there at once.
        _ if !performed.accepted.is_empty() => ("changed", clocks.transition_poll.min(Duration::from_secs(1))),
        (Some(_), _) => ("stalled", sweep),
        (None, Some(waiting)) => {
            ("waiting", until(case, waiting.until).unwrap_or(pause(waiting.reason, clocks.transition_poll, sweep)))
        }
        (None, None) if publication.settled => ("settled", sweep),
        (None, None) => ("working", clocks.transition_poll),
    };
    Round { performed: performed.accepted, ..Round::new(result, after) }
}

/// When to look whether an object at rest is unchanged: a sweep tells of its database, and of nothing else.
pub fn rest<K: Kind, C, S>(world: &World<C, S>, case: &Case<K>) -> Duration {
    within(world, &case.uid(), world.clocks.secret_poll.min(world.clocks.resync()))
}

/// A place of the object's own within this time, so that rounds stay spread however they began.
fn within<C, S>(world: &World<C, S>, uid: &str, most: Duration) -> Duration {
    let now = Duration::try_from((world.now)().duration_since(Timestamp::UNIX_EPOCH)).unwrap_or_default();
    until_turn(most * 4 / 5, uid, now)
}

fn until<K: Kind>(case: &Case<K>, until: Option<Timestamp>) -> Option<Duration> {
    let wait = Duration::try_from(until?.duration_since(case.inputs.now)).ok()?;
    Some(wait.clamp(Duration::from_secs(1), case.inputs.clocks.sweep.max(Duration::from_secs(60))))
}

fn pause(reason: Reason, soon: Duration, sweep: Duration) -> Duration {
    match reason {
        Reason::WaitingForApproval | Reason::WaitingForWindow | Reason::Stopped | Reason::NotFound => sweep,
        _ => soon,
    }
}
