//! Rounds that end before they look: nothing is what a look could be for. Strict on purpose, since what is passed over here
//! nobody sees until the resync: whatever is in doubt is looked at.

use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;

use super::World;
use super::gather::{Case, version};
use super::publish::Publication;
use super::reconcile::Round;
use crate::aws::Cloud;
use crate::kind::{Kind, Want};

/// The last full round, which found the object settled and wrote nothing about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rested {
    /// Hash of what the round had gathered.
    gathered: u64,
    /// What was known of the database, see [`Cloud::version`].
    version: u64,
    /// Then it is looked at anew.
    resync: Timestamp,
}

/// A hash of everything that was read from Kubernetes, by resourceVersions: of no secret text. Our own writes change it too,
/// so that a round which wrote is always followed by one that looks again at what there is then.
pub fn gathered<K: Kind>(case: &Case<K>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&case.inputs.uid, case.object.resource_version(), case.object.meta().generation).hash(&mut hasher);
    (&case.versions, &case.inputs.config_maps, &case.inputs.objects).hash(&mut hasher);
    hasher.finish()
}

/// Whether this is exactly what the last full round had before it.
pub fn is_unchanged<K: Kind, C: Cloud<K::Remote>, S>(world: &World<C, S>, case: &Case<K>, gathered: u64) -> bool {
    let recall = world.recall.get(&case.uid());
    let Some(rested) = recall.rested else { return false };
    case.want == Want::Present
        && recall.failures == 0
        && recall.absent_since.is_none()
        && case.problem.is_none()
        && rested.gathered == gathered
        && case.inputs.now < rested.resync
        && recall.deadline.is_none_or(|deadline| case.inputs.now < deadline)
        && world.cloud.version(&case.object.id(case.want, &case.home, &case.inputs)) == Some(rested.version)
}

/// A look begins: nothing of the last one counts any more, whatever becomes of this round.
pub fn forget<K: Kind, C, S>(world: &World<C, S>, case: &Case<K>) {
    world.recall.update(&case.uid(), |recall| recall.rested = None);
}

/// Whether the round wrote a Secret: what it had gathered is no more, and a Secret that is deleted once more would look as if
/// nothing had happened since.
fn has_written<K: Kind>(case: &Case<K>) -> bool {
    let now = [&case.credentials, &case.connection].map(version);
    K::BINDS && !case.versions.starts_with(&now)
}

/// Remembers a full round that found nothing to do, to wait for, or to complain of. Says whether it was one.
pub fn remember<K: Kind, C, S>(
    world: &World<C, S>,
    case: &Case<K>,
    publication: &Publication<'_, K>,
    (gathered, round): (u64, &Round),
) -> bool {
    let (looked, decision) = (publication.looked, publication.decision);
    let is_at_rest = round.result == "settled"
        && publication.settled
        && !case.recovered
        && !has_written(case)
        && (&decision.plan, &decision.problem, &decision.waiting) == (&None, &None, &None)
        && case.object.view(&looked.observed).pending.is_empty();
    let resync = SignedDuration::try_from(world.clocks.resync()).ok().map(|resync| case.inputs.now + resync);
    let (true, Some(version), Some(resync)) = (is_at_rest, looked.version, resync) else { return false };
    world.recall.update(&case.uid(), |recall| recall.rested = Some(Rested { gathered, version, resync }));
    true
}
