//! Keeps the snapshot schedule of an object: a DbSnapshot when a slot is due, and the oldest ones deleted. Whatever
//! Kubernetes refuses of it, the database itself is looked after all the same.

use std::time::Duration;

use jiff::Timestamp;

use super::World;
use super::cluster::{Cluster, ClusterError, Note};
use super::gather::Case;
use super::reconcile::Round;
use crate::aws::owner::Claim;
use crate::conditions::Reason;
use crate::kind::{Kind, Observed, Problem, Readiness, Want};
use crate::life::RESOURCE_ID;
use crate::schedule::{self, SCHEDULE_OF, Slots};
use crate::spec::{ManagementPolicy, SnapshotSchedule};

/// Keeps the schedule, and remembers when it needs another round. What is wrong with it joins the round's problem.
pub async fn keep<K: Kind, C, S: Cluster<K>>(
    world: &World<C, S>,
    case: &mut Case<K>,
    observed: &Observed<K>,
    problem: &mut Option<Problem>,
) {
    let deadline = match case.object.snapshot_schedule().cloned() {
        Some(_) if case.want == Want::Absent => None,
        Some(wish) => match Slots::parse(&wish.cron, case.inputs.now) {
            Ok(slots) => {
                let since = schedule::since(&case.inputs.journal, &wish.cron, case.inputs.now);
                schedule::note(&mut case.inputs.journal, &wish.cron, since);
                if acts(case, observed) { turn(world, case, (&wish, &slots, since), problem).await } else { None }
            }
            Err(why) => {
                let text = format!("spec.snapshotSchedule.cron: {why}");
                problem.get_or_insert(Problem::new(Reason::InvalidSpec, text));
                None
            }
        },
        None => {
            schedule::forget(&mut case.inputs.journal);
            None
        }
    };
    world.recall.update(&case.uid(), |recall| recall.deadline = deadline);
}

/// Not later than the schedule needs it.
pub fn in_time<K: Kind, C, S>(world: &World<C, S>, case: &Case<K>, round: Round) -> Round {
    let Some(deadline) = world.recall.get(&case.uid()).deadline else { return round };
    let left = Duration::try_from(deadline.duration_since(case.inputs.now)).unwrap_or_default();
    Round { after: round.after.min(left.max(Duration::from_secs(1))), ..round }
}

/// Only what is this object's and serves is worth a snapshot, and worth that an older one goes for it.
fn acts<K: Kind>(case: &Case<K>, observed: &Observed<K>) -> bool {
    let Some(thing) = case.object.thing(observed).present().cloned() else { return false };
    case.object.shared().management_policy == ManagementPolicy::Manage
        && case.inputs.owner.claim(&thing.tags) == Claim::Mine
        // A namesake has our tags when it was restored from a snapshot of ours.
        && case.inputs.journal.notes.get(RESOURCE_ID) == Some(&thing.resource_id)
        && case.object.ready(&case.inputs, observed) == Readiness::Yes
}

/// Makes what is due and deletes what is too many; says when to look again.
async fn turn<K: Kind, C, S: Cluster<K>>(
    world: &World<C, S>,
    case: &mut Case<K>,
    (wish, slots, since): (&SnapshotSchedule, &Slots, Timestamp),
    problem: &mut Option<Problem>,
) -> Option<Timestamp> {
    let (uid, now) = (case.uid(), case.inputs.now);
    let next = slots.next(now);
    let kept = match make_due(world, case, wish, slots.newest(since, now)).await {
        Ok(()) => prune(world, case, wish).await,
        Err(error) => Err(error),
    };
    let failures = if kept.is_err() { world.recall.get(&uid).unscheduled + 1 } else { 0 };
    world.recall.update(&uid, |recall| recall.unscheduled = failures);
    let soon = match kept {
        Ok(true) => None,
        Ok(false) => Some(now + world.clocks.sweep),
        Err(error) => {
            if is_lasting(&error) || failures > 1 {
                let text = format!("spec.snapshotSchedule: its DbSnapshots cannot be kept: {error}");
                problem.get_or_insert(Problem::new(Reason::Installation, text));
            }
            Some(now + world.clocks.sweep)
        }
    };
    next.into_iter().chain(soon).min()
}

/// Nothing is said of the first failure that may pass by itself.
fn is_lasting(error: &ClusterError) -> bool {
    matches!(error, ClusterError::Forbidden(_) | ClusterError::Gone(_) | ClusterError::Schema(_))
}

/// Makes the DbSnapshot of the slot. The note follows it, so that it is made again after a crash, under the same name.
async fn make_due<K: Kind, C, S: Cluster<K>>(
    world: &World<C, S>,
    case: &mut Case<K>,
    wish: &SnapshotSchedule,
    slot: Option<Timestamp>,
) -> Result<(), ClusterError> {
    let Some(slot) = slot else { return Ok(()) };
    let (inputs, mut made) = (&case.inputs, None);
    let names = schedule::names(&inputs.owner, slot);
    for name in &names {
        let Some(snapshot) = schedule::snapshot(&inputs.owner, &inputs.uid, &inputs.region, slot, name) else { break };
        match world.cluster.create_snapshot(&snapshot).await {
            Ok(()) => made = Some((false, format!("DbSnapshot {name} is made for the slot {slot}"))),
            Err(ClusterError::Conflict(_)) if is_ours(world, case, name).await? => made = Some((false, String::new())),
            Err(ClusterError::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
        if made.is_some() {
            break;
        }
    }
    let taken =
        || (true, format!("No DbSnapshot is made for the slot {slot}: {} exist and are others'", names.join(" and ")));
    let (warning, text) = made.unwrap_or_else(taken);
    schedule::note(&mut case.inputs.journal, &wish.cron, slot);
    if !text.is_empty() {
        tell(world, case, warning, text).await;
    }
    Ok(())
}

/// Whether the DbSnapshot of that name is one of this schedule: an earlier try made it.
async fn is_ours<K: Kind, C, S: Cluster<K>>(
    world: &World<C, S>,
    case: &Case<K>,
    name: &str,
) -> Result<bool, ClusterError> {
    let all = world.cluster.snapshots(&case.namespace(), SCHEDULE_OF, &case.uid()).await?;
    Ok(all.iter().any(|one| one.metadata.name.as_deref() == Some(name)))
}

/// Deletes what is too many; true when nothing more is to come of it before the next slot. Nothing is listed then.
async fn prune<K: Kind, C, S: Cluster<K>>(
    world: &World<C, S>,
    case: &Case<K>,
    wish: &SnapshotSchedule,
) -> Result<bool, ClusterError> {
    let uid = case.uid();
    let state = schedule::state(&case.inputs.journal, wish.retain);
    if world.recall.get(&uid).pruned == state {
        return Ok(true);
    }
    let all = world.cluster.snapshots(&case.namespace(), SCHEDULE_OF, &uid).await?;
    for one in schedule::prunable(&all, usize::try_from(wish.retain).unwrap_or(1)) {
        world.cluster.delete_snapshot(one).await?;
        let name = one.metadata.name.as_deref().unwrap_or_default();
        let text = format!("DbSnapshot {name} is deleted: the schedule keeps {}", wish.retain);
        tell(world, case, false, text).await;
    }
    let is_decided = schedule::is_decided(&all);
    if is_decided {
        world.recall.update(&uid, |recall| recall.pruned = state);
    }
    Ok(is_decided)
}

async fn tell<K: Kind, C, S: Cluster<K>>(world: &World<C, S>, case: &Case<K>, warning: bool, text: String) {
    world.cluster.tell(&case.object, Note { warning, reason: "SnapshotSchedule".into(), text }).await;
}
