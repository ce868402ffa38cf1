//! Tags of an instance (aws-rds.md 1.5 a).

use crate::aws::rds::{Action, Instance};
use crate::kind::{Inputs, Step};
use crate::kinds::tags;

use super::RdsInstance;

/// The tag calls of an instance.
pub fn steps(object: &RdsInstance, inputs: &Inputs, instance: &Instance) -> Vec<Step<Action>> {
    let arn = &instance.arn;
    tags::steps(
        &object.spec.shared,
        inputs,
        &instance.tags,
        "instance",
        |tags| Action::Tag { arn: arn.clone(), tags },
        |keys| Action::Untag { arn: arn.clone(), keys },
    )
}
