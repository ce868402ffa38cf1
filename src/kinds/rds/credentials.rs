//! The master password: where it comes from, when it changes, when the next one is in force (product.md section 4).

use std::time::Duration;

use jiff::Timestamp;

use crate::aws::rds::{Action, Instance};
use crate::conditions::Reason;
use crate::kind::{CredentialMode, Inputs, Problem, Step, Supplied, Waiting, When};
use crate::life::PASSWORD_UNSET;
use crate::spec::{ManagementPolicy, SecretKeyRef, annotation};

use super::RdsInstance;

/// Note that the instance was made as a read replica, which the spec may forget.
pub const MADE_AS_REPLICA: &str = "madeAsReplica";

/// Characters of a drawn password: the most that every engine takes (oracle: 30).
const LENGTH: usize = 30;

/// Where the password comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Mode {
    /// It is the source's: a read replica.
    None,
    /// The operator draws it.
    Generated { length: usize },
    /// A Secret of the user holds it.
    SecretRef(SecretKeyRef),
    /// RDS keeps it in Secrets Manager.
    AwsManaged { kms_key_id: Option<String> },
    /// Workloads use IAM; the drawn master password stays with the operator.
    Iam { username: Option<String> },
}

impl Mode {
    /// The mode of an object; a read replica has none of its own until it is promoted.
    pub fn of(object: &RdsInstance, is_replica: bool) -> Self {
        let credentials = object.spec.credentials.clone().unwrap_or_default();
        if is_replica && credentials.aws_managed.is_none() {
            return Mode::None;
        }
        let length = credentials.generated.and_then(|generated| generated.length).map_or(LENGTH, usize::from);
        match (credentials.secret_ref, credentials.aws_managed, credentials.iam) {
            (Some(reference), ..) => Mode::SecretRef(reference),
            (_, Some(managed), _) => Mode::AwsManaged { kms_key_id: managed.kms_key_id },
            (_, _, Some(iam)) => Mode::Iam { username: iam.username },
            _ => Mode::Generated { length },
        }
    }

    /// The mode of an object whose instance is there. A promoted replica keeps its source's password, which workloads may
    /// be using at that very moment, until the spec names credentials or a rotation is asked for; from then on it has its
    /// own, whatever manifest is replayed. The password of what is merely observed is nobody's to draw.
    pub fn in_force(object: &RdsInstance, inputs: &Inputs, instance: &Instance) -> Self {
        let stored = &inputs.stored;
        let has_own =
            stored.password.is_some() || stored.next.is_some() || inputs.journal.notes.contains_key(PASSWORD_UNSET);
        let asked = inputs.rotate.is_some() && inputs.rotate != stored.rotated_for;
        let observes = object.spec.shared.management_policy == ManagementPolicy::Observe;
        let is_anothers = was_replica(object) || observes;
        let keeps_theirs = is_anothers && object.spec.credentials.is_none() && !has_own && !asked;
        Self::of(object, instance.replica_source.is_some() || keeps_theirs)
    }

    /// For the driver: how a password is had.
    pub fn source(&self) -> CredentialMode {
        match self {
            Mode::None => CredentialMode::None,
            Mode::Generated { length } => CredentialMode::Generated(*length),
            Mode::Iam { .. } => CredentialMode::Generated(LENGTH),
            Mode::SecretRef(reference) => CredentialMode::SecretRef(reference.clone()),
            Mode::AwsManaged { .. } => CredentialMode::AwsManaged,
        }
    }
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

/// What is to be done about the password.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PasswordPlan {
    /// The call that sets it.
    pub step: Option<Step<Action>>,
    /// What stands in the way.
    pub problem: Option<Problem>,
    /// What is being waited for.
    pub waiting: Option<Waiting>,
    /// The next one is in force.
    pub promote: bool,
}

/// Plans the password of an instance that exists and is ours.
pub fn plan(object: &RdsInstance, inputs: &Inputs, instance: &Instance) -> PasswordPlan {
    let mode = Mode::in_force(object, inputs, instance);
    match &mode {
        Mode::None => PasswordPlan::default(),
        Mode::AwsManaged { kms_key_id } => managed(inputs, instance, kms_key_id),
        Mode::Generated { .. } | Mode::SecretRef(_) | Mode::Iam { .. } if instance.master_secret.is_some() => {
            take_back(inputs, instance)
        }
        Mode::Iam { .. } if uses_iam_only(object) => PasswordPlan::default(),
        Mode::Generated { .. } | Mode::SecretRef(_) | Mode::Iam { .. } => own(object, inputs, instance),
    }
}

/// AWS holds a masked pending password for as long as it applies one; right after the call it may not show it yet.
fn in_force(inputs: &Inputs, instance: &Instance) -> bool {
    let soon = inputs.clocks.transition_poll;
    !instance.password_pending
        && instance.status != "resetting-master-credentials"
        && inputs.since_call("instance").is_none_or(|age| age >= soon)
}

fn own(object: &RdsInstance, inputs: &Inputs, instance: &Instance) -> PasswordPlan {
    if let Some(problem) = unusable(&inputs.supplied, instance.settings.engine.as_deref()) {
        return PasswordPlan { problem: Some(problem), ..PasswordPlan::default() };
    }
    if let Some(next) = &inputs.stored.next {
        let replaced = matches!(&inputs.supplied, Supplied::Given(given) if given != next);
        return if inputs.stored.next_accepted && !replaced {
            awaited(inputs, instance)
        } else {
            set("the stored next password is not set yet")
        };
    }
    match why(object, inputs) {
        Some(Ok(because)) => set(because),
        Some(Err(problem)) => PasswordPlan { problem: Some(problem), ..PasswordPlan::default() },
        None => PasswordPlan::default(),
    }
}

fn set(because: &str) -> PasswordPlan {
    let step = Step::new("instance", Action::SetPassword, format!("new master password: {because}"));
    PasswordPlan { step: Some(step), ..PasswordPlan::default() }
}

fn awaited(inputs: &Inputs, instance: &Instance) -> PasswordPlan {
    if in_force(inputs, instance) {
        return PasswordPlan { promote: true, ..PasswordPlan::default() };
    }
    let waiting = Waiting::new(Reason::RotatingPassword, "AWS is applying the new master password");
    PasswordPlan { waiting: Some(waiting), ..PasswordPlan::default() }
}

/// Why a new password is needed, or why there is none and none is set by itself.
fn why(object: &RdsInstance, inputs: &Inputs) -> Option<Result<&'static str, Problem>> {
    if lacks_ours(inputs) {
        return Some(Ok("the database was made from a source and has that one's password"));
    }
    let asked = inputs.rotate.is_some() && inputs.rotate != inputs.stored.rotated_for;
    if was_replica(object) && inputs.stored.password.is_none() {
        return Some(Ok("spec.credentials or a rotation gives the promoted replica a password of its own"));
    }
    match (&inputs.stored.password, &inputs.supplied) {
        (Some(stored), Supplied::Given(given)) => {
            (stored != given).then_some(Ok("the content of spec.credentials.secretRef changed"))
        }
        (Some(_), _) if asked => Some(Ok("asked for by annotation awsdb.dev/rotate")),
        (Some(_), _) if is_due(object, inputs) => Some(Ok("spec.credentials.rotation.interval has passed")),
        (Some(_), _) => None,
        (None, _) if asked => Some(Ok("asked for by annotation awsdb.dev/rotate")),
        (None, Supplied::Given(_)) => None,
        (None, _) => Some(Err(Problem::new(
            Reason::CredentialsLost,
            format!(
                "the master password of this database is not in its Secrets and is not reset by itself, since workloads may use \
                 it: put the known password into a Secret and name it in spec.credentials.secretRef, or annotate {}=<any token> \
                 to set a new one",
                annotation::ROTATE
            ),
        ))),
    }
}

/// Whether the database still has the password of what it was made from. The stored one may be that of an earlier database
/// of this object: it counts only if it was promoted since.
pub fn lacks_ours(inputs: &Inputs) -> bool {
    let Some(made) = inputs.journal.notes.get(PASSWORD_UNSET) else { return false };
    match (made.parse::<Timestamp>(), inputs.stored.rotated_at) {
        (Ok(made), Some(set)) if inputs.stored.password.is_some() => set < made,
        _ => true,
    }
}

/// The note about a foreign password has served: the promotion is in the Secret, whatever became of the round after it.
pub fn served(inputs: &Inputs) -> Option<String> {
    let noted = inputs.journal.notes.contains_key(PASSWORD_UNSET);
    (noted && !lacks_ours(inputs)).then(|| PASSWORD_UNSET.to_string())
}

fn is_due(object: &RdsInstance, inputs: &Inputs) -> bool {
    let rotation = object.spec.credentials.as_ref().and_then(|credentials| credentials.rotation.as_ref());
    let Some(interval) = rotation.and_then(|rotation| parse_interval(&rotation.interval)) else { return false };
    // A password that was recovered from the connection Secret has no known age: waiting on it would be waiting for ever.
    let Some(since) = inputs.stored.rotated_at else { return true };
    Duration::try_from(inputs.now.duration_since(since)).is_ok_and(|age| age >= interval)
}

/// `720h` or `90d`.
pub fn parse_interval(text: &str) -> Option<Duration> {
    let hours = match text.split_at_checked(text.len().checked_sub(1)?)? {
        (count, "h") => count.parse::<u64>().ok()?,
        (count, "d") => count.parse::<u64>().ok()?.checked_mul(24)?,
        _ => return None,
    };
    hours.checked_mul(3600).map(Duration::from_secs)
}

fn managed(inputs: &Inputs, instance: &Instance, kms_key_id: &Option<String>) -> PasswordPlan {
    match &instance.master_secret {
        None => {
            let action = Action::ManagePassword { managed: true, kms_key_id: kms_key_id.clone() };
            let step = Step::new("instance", action, "hand the master password over to AWS Secrets Manager");
            PasswordPlan { step: Some(step), ..PasswordPlan::default() }
        }
        Some((_, status)) if status == "impaired" => PasswordPlan {
            problem: Some(Problem::new(
                Reason::InvalidCredentials,
                "MasterUserSecret is impaired: Secrets Manager cannot rotate it; check the KMS key and the secret's rotation in AWS",
            )),
            ..PasswordPlan::default()
        },
        Some((_, status)) if status == "creating" && inputs.since_call("instance").is_some() => PasswordPlan {
            waiting: Some(Waiting::new(
                Reason::RotatingPassword,
                "RDS is storing the master password in Secrets Manager",
            )),
            ..PasswordPlan::default()
        },
        Some(_) => PasswordPlan::default(),
    }
}

/// From Secrets Manager back to a password of ours, in one call; AWS deletes its secret.
fn take_back(inputs: &Inputs, instance: &Instance) -> PasswordPlan {
    if let Some(problem) = unusable(&inputs.supplied, instance.settings.engine.as_deref()) {
        return PasswordPlan { problem: Some(problem), ..PasswordPlan::default() };
    }
    if inputs.stored.next_accepted && !in_force(inputs, instance) {
        return awaited(inputs, instance);
    }
    let action = Action::ManagePassword { managed: false, kms_key_id: None };
    let step = Step::new(
        "instance",
        action,
        "take the master password back from AWS Secrets Manager, which deletes its secret",
    );
    PasswordPlan { step: Some(step), ..PasswordPlan::default() }
}

/// What RDS would refuse in a supplied password (CreateDBInstance, MasterUserPassword).
pub fn unusable(supplied: &Supplied, engine: Option<&str>) -> Option<Problem> {
    let password = match supplied {
        Supplied::NotAsked => return None,
        Supplied::Missing(why) => return Some(Problem::new(Reason::InvalidCredentials, why.clone())),
        Supplied::Given(password) => password.expose(),
    };
    let engine = engine.unwrap_or_default();
    let (most, extra) = match engine {
        "mysql" | "mariadb" => (41, ""),
        engine if engine.starts_with("oracle") => (30, "&'"),
        _ => (128, ""),
    };
    let forbidden = |c: char| matches!(c, '/' | '"' | '@') || extra.contains(c) || !('!'..='~').contains(&c);
    let wrong = if !(8..=most).contains(&password.chars().count()) {
        format!("must have 8 to {most} characters")
    } else if password.contains(forbidden) {
        format!(
            "must be printable ASCII without spaces and none of / \" @{}",
            if extra.is_empty() { "" } else { " & '" }
        )
    } else {
        return None;
    };
    Some(Problem::new(
        Reason::InvalidCredentials,
        format!("spec.credentials.secretRef: the password for {engine} {wrong}; change the Secret"),
    ))
}

/// A step that sets the password is one for an instance that takes changes.
pub fn gated(plan: PasswordPlan, gate: Option<Waiting>) -> PasswordPlan {
    match (plan.step, gate) {
        (Some(step), Some(waiting)) => PasswordPlan { step: Some(step.when(When::After(waiting))), ..plan },
        (step, _) => PasswordPlan { step, ..plan },
    }
}
