//! The five steps, nothing else: **gather**, **observe**, **plan**, **perform**, **publish**.
//!
//! Status, notes and Secrets are published before the first call of a round, so a round whose Kubernetes writes are
//! refused makes no AWS write, and whatever the crash, the next round finds what it must know.

use std::time::Duration;

use kube::ResourceExt;

use super::World;
use super::again::{next, rest};
use super::binding;
use super::cluster::{Cluster, ClusterError};
use super::gather::gather;
use super::look::{decide_case, look_and_plan};
use super::perform::{Performed, perform};
use super::publish::{self, Publication};
use super::schedule;
use super::unchanged;
use crate::aws::Cloud;
use crate::kind::{End, Kind};
use crate::spec::annotation;

/// What came out of a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// When to look again.
    pub after: Duration,
    /// A word for metrics and logs.
    pub result: &'static str,
    /// Operations that were sent and accepted.
    pub performed: Vec<&'static str>,
    /// The object became ready for the first time in this process.
    pub became_ready: bool,
}

impl Round {
    pub(super) fn new(result: &'static str, after: Duration) -> Self {
        Self { after, result, performed: Vec::new(), became_ready: false }
    }
}

/// One round of one object.
///
/// # Errors
/// When Kubernetes refused a read or a write: nothing was sent to AWS after that.
pub async fn reconcile<K, C, S>(world: &World<C, S>, object: K) -> Result<Round, ClusterError>
where
    K: Kind,
    C: Cloud<K::Remote>,
    S: Cluster<K>,
{
    let Some(object) = freshest(world, object).await? else {
        return Ok(Round::new("gone", Duration::from_secs(3600)));
    };
    let paused = object.annotations().get(annotation::PAUSED).is_some_and(|value| value == "true");
    let mut case = gather(world, object).await?;
    if paused {
        publish::paused(world, &mut case).await?;
        return Ok(Round::new("paused", world.clocks.sweep));
    }
    let gathered = unchanged::gathered(&case);
    if unchanged::is_unchanged(world, &case, gathered) {
        return Ok(schedule::in_time(world, &case, Round::new("unchanged", rest(world, &case))));
    }
    unchanged::forget(world, &case);
    let (looked, plan) = match look_and_plan(world, &mut case).await {
        Ok(both) => both,
        Err(error) => return publish::unreadable(world, &mut case, &error).await,
    };
    if plan.end == End::Release {
        return publish::release(world, &case, &looked.observed).await;
    }
    if let Some(round) = publish::first_unread(world, &case, &plan) {
        return Ok(round);
    }
    let (end, promote, expired) = (plan.end, plan.promote_password, plan.expired);
    let notes = &mut case.inputs.journal.notes;
    notes.retain(|key, _| !plan.forget.contains(key));
    notes.extend(plan.noted.iter().cloned());
    let mut decision = decide_case(world, &case, plan).await?;
    publish::finalizer(world, &mut case).await?;
    if expired && publish::expire(world, &case).await? {
        return Ok(Round::new("expired", world.clocks.transition_poll));
    }
    schedule::keep(world, &mut case, &looked.observed, &mut decision.problem).await;
    binding::secrets(world, &mut case, &looked.observed, promote).await?;
    let mut performed = Performed::default();
    if let Err(problem) = performed.prepare(world, &mut case, &decision).await? {
        decision.run.clear();
        decision.problem = Some(problem);
    }
    let mut publication = Publication { looked: &looked, decision: &decision, settled: end == End::Settled };
    let became_ready = !publication.is_old_news(&case) && publication.publish(world, &mut case).await?;
    perform(world, &mut case, &decision, &mut performed).await?;
    if performed.changes_status() {
        publication.settled = false;
        publish::after_calls(world, &mut case, &publication, &performed).await?;
    }
    let mut round = Round { became_ready, ..next(world, &case, &publication, performed) };
    if unchanged::remember(world, &case, &publication, (gathered, &round)) {
        round.after = rest(world, &case);
    }
    Ok(schedule::in_time(world, &case, round))
}

/// The object as the store has it, unless that is older than our own last write.
async fn freshest<K: Kind, C, S: Cluster<K>>(world: &World<C, S>, object: K) -> Result<Option<K>, ClusterError> {
    let uid = object.uid().unwrap_or_default();
    let written = world.recall.get(&uid).version;
    let number = |version: &Option<String>| version.as_deref().and_then(|text| text.parse::<u64>().ok());
    if number(&written) <= number(&object.resource_version()) {
        return Ok(Some(object));
    }
    let live = world.cluster.object(&object.namespace().unwrap_or_default(), &object.name_any()).await?;
    Ok(live.filter(|live| live.uid().unwrap_or_default() == uid))
}
