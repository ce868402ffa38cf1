//! Tags of the cluster and of its members (aws-rds.md 2.1: both).

use crate::aws::aurora::{Action, Cluster, Member};
use crate::aws::owner::{Claim, Tags};
use crate::aws::rds;
use crate::kind::{Inputs, Step};
use crate::kinds::tags;
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

/// Tags of a member that are missing. What belongs to somebody else by its tags is not tagged.
pub fn member_step(object: &AuroraServerless, inputs: &Inputs, name: &str, member: &Member) -> Option<Step<Action>> {
    if matches!(inputs.owner.claim(&member.tags), Claim::Other(_) | Claim::OtherCluster(_)) {
        return None;
    }
    let wanted = object.spec.shared.tags_of(&inputs.owner);
    let missing: Tags = wanted.into_iter().filter(|(key, value)| member.tags.get(key) != Some(value)).collect();
    if missing.is_empty() {
        return None;
    }
    let change = |(key, value): (&String, &String)| Change {
        field: format!("{name}.tags.{key}"),
        from: member.tags.get(key).cloned(),
        to: Some(value.clone()),
    };
    let changes = missing.iter().map(change).collect();
    let action = Action::Rds(rds::Action::Tag { arn: member.arn.clone(), tags: missing });
    Some(Step::new("member", action, "").changing(changes))
}
