//! Tags of the cluster and of its members (aws-rds.md 2.1: both).

use std::collections::BTreeMap;

use crate::aws::aurora::{Action, Cluster, Member};
use crate::aws::owner::Claim;
use crate::aws::rds;
use crate::kind::{Inputs, Step};
use crate::kinds::tags::{self, TAGS_NOTE};
use crate::spec::Change;

use super::AuroraServerless;

/// The tag calls of the cluster.
pub fn steps(object: &AuroraServerless, inputs: &Inputs, cluster: &Cluster) -> Vec<Step<Action>> {
    let arn = &cluster.arn;
    tags::steps(
        &object.spec.shared,
        inputs,
        &cluster.tags,
        "cluster",
        |tags| Action::Rds(rds::Action::Tag { arn: arn.clone(), tags }),
        |keys| Action::Rds(rds::Action::Untag { arn: arn.clone(), keys }),
    )
}

/// The tag calls of a member. What belongs to somebody else by its tags is not tagged.
pub fn member_steps(object: &AuroraServerless, inputs: &Inputs, name: &str, member: &Member) -> Vec<Step<Action>> {
    if matches!(inputs.owner.claim(&member.tags), Claim::Other(_) | Claim::OtherCluster(_)) {
        return Vec::new();
    }
    let arn = &member.arn;
    let steps = tags::steps(
        &object.spec.shared,
        inputs,
        &member.tags,
        "member",
        |tags| Action::Rds(rds::Action::Tag { arn: arn.clone(), tags }),
        |keys| Action::Rds(rds::Action::Untag { arn: arn.clone(), keys }),
    );
    let of_member = |change: Change| Change { field: format!("{name}.{}", change.field), ..change };
    let named = |step: Step<Action>| Step { changes: step.changes.into_iter().map(of_member).collect(), ..step };
    steps.into_iter().map(named).collect()
}

/// Puts into every tag call of a plan the note of all keys that this object set and that any of its things still has: a
/// key that left one of them must not be forgotten while another has it.
pub fn note_all(
    object: &AuroraServerless,
    inputs: &Inputs,
    cluster: &Cluster,
    members: &BTreeMap<String, Member>,
    steps: &mut [Step<Action>],
) {
    let every = std::iter::once(&cluster.tags).chain(members.values().map(|member| &member.tags));
    let note = tags::note(&object.spec.shared, inputs, every);
    for (key, value) in steps.iter_mut().flat_map(|step| &mut step.notes) {
        if key == TAGS_NOTE {
            value.clone_from(&note);
        }
    }
}
