//! The master password of an instance: what a read replica and IAM change about it (product.md section 4).

use crate::aws::rds::{Action, Instance};
use crate::kind::Inputs;
use crate::kinds::credentials::{Master, Wish};
use crate::life::PASSWORD_UNSET;
use crate::spec::ManagementPolicy;

use super::RdsInstance;

pub use crate::kinds::credentials::{Mode, PasswordPlan, gated, served, unusable};

/// Note that the instance was made as a read replica, which the spec may forget.
pub const MADE_AS_REPLICA: &str = "madeAsReplica";

/// The mode of an object; a read replica has none of its own until it is promoted.
pub fn mode_of(object: &RdsInstance, is_replica: bool) -> Mode {
    let credentials = object.spec.credentials.as_ref();
    if is_replica && credentials.is_none_or(|credentials| credentials.aws_managed.is_none()) {
        return Mode::None;
    }
    Mode::of(credentials)
}

/// The mode of an object whose instance is there. A promoted replica keeps its source's password, which workloads may
/// be using at that very moment, until the spec names credentials or a rotation is asked for; from then on it has its
/// own, whatever manifest is replayed. The password of what is merely observed is nobody's to draw.
pub fn mode_in_force(object: &RdsInstance, inputs: &Inputs, instance: &Instance) -> Mode {
    let stored = &inputs.stored;
    let has_own =
        stored.password.is_some() || stored.next.is_some() || inputs.journal.notes.contains_key(PASSWORD_UNSET);
    let asked = inputs.rotate.is_some() && inputs.rotate != stored.rotated_for;
    let observes = object.spec.shared.management_policy == ManagementPolicy::Observe;
    let is_anothers = was_replica(object) || observes;
    let keeps_theirs = is_anothers && object.spec.credentials.is_none() && !has_own && !asked;
    mode_of(object, instance.replica_source.is_some() || keeps_theirs)
}

/// Whether the object is, or will be, a read replica that was not promoted.
pub fn is_planned_replica(object: &RdsInstance) -> bool {
    object.spec.source.as_ref().is_some_and(|source| source.replica_of.is_some()) && object.spec.promote != Some(true)
}

/// Whether the instance was made as a read replica.
pub fn was_replica(object: &RdsInstance) -> bool {
    let noted = object.status.as_ref().is_some_and(|status| status.shared.journal.notes.contains_key(MADE_AS_REPLICA));
    noted || object.spec.source.as_ref().is_some_and(|source| source.replica_of.is_some())
}

/// Whether the master user signs in with IAM alone.
pub fn uses_iam_only(object: &RdsInstance) -> bool {
    object.spec.settings.master_user_authentication_type.as_deref() == Some("iam-db-auth")
}

/// Whether the database is to have a password that we know.
pub fn has_own_password(object: &RdsInstance, mode: &Mode) -> bool {
    matches!(mode, Mode::Generated { .. } | Mode::SecretRef(_) | Mode::Iam { .. }) && !uses_iam_only(object)
}

/// Plans the password of an instance that exists and is ours.
pub fn plan(object: &RdsInstance, inputs: &Inputs, instance: &Instance) -> PasswordPlan<Action> {
    let master = Master {
        thing: "instance",
        engine: instance.settings.engine.as_deref(),
        mode: mode_in_force(object, inputs, instance),
        rotation: object.spec.credentials.as_ref().and_then(|credentials| credentials.rotation.as_ref()),
        iam_only: uses_iam_only(object),
        was_replica: was_replica(object),
        secret: instance.master_secret.as_ref(),
        is_changing: instance.password_pending || instance.status == "resetting-master-credentials",
    };
    crate::kinds::credentials::plan(&master, inputs, |wish| match wish {
        Wish::Set => Action::SetPassword,
        Wish::Manage { managed, kms_key_id } => Action::ManagePassword { managed, kms_key_id },
    })
}
