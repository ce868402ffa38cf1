//! The master password of an instance or a cluster: where it comes from, when it changes, when the next one is in force
//! (product.md section 4).

use std::time::Duration;

use jiff::Timestamp;

use crate::aws::{Password, Seen};
use crate::conditions::Reason;
use crate::kind::{CredentialMode, Inputs, Problem, Step, Supplied, Waiting, When};
use crate::kinds::rds::{Credentials, Rotation};
use crate::life::PASSWORD_UNSET;
use crate::spec::{SecretKeyRef, annotation};

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
    /// The mode that a spec asks for.
    pub fn of(credentials: Option<&Credentials>) -> Self {
        let credentials = credentials.cloned().unwrap_or_default();
        let length = credentials.generated.and_then(|generated| generated.length).map_or(LENGTH, usize::from);
        match (credentials.secret_ref, credentials.aws_managed, credentials.iam) {
            (Some(reference), ..) => Mode::SecretRef(reference),
            (_, Some(managed), _) => Mode::AwsManaged { kms_key_id: managed.kms_key_id },
            (_, _, Some(iam)) => Mode::Iam { username: iam.username },
            _ => Mode::Generated { length },
        }
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

/// A master user, as far as its password is concerned.
#[derive(Clone, Debug, PartialEq)]
pub struct Master<'a> {
    /// Name of the thing in plans: `instance` or `cluster`.
    pub thing: &'static str,
    /// Engine in use.
    pub engine: Option<&'a str>,
    /// Where the password comes from.
    pub mode: Mode,
    /// When a drawn one is replaced.
    pub rotation: Option<&'a Rotation>,
    /// The master user signs in with IAM alone.
    pub iam_only: bool,
    /// It was made as a read replica and promoted: its password was another's.
    pub was_replica: bool,
    /// MasterUserSecret: ARN and status.
    pub secret: Option<&'a (String, String)>,
    /// AWS is applying a password.
    pub is_changing: bool,
}

/// A call about the password, which each kind makes its own.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// Sets the stored next one.
    Set,
    /// ManageMasterUserPassword; turning it off sets the stored next one.
    Manage { managed: bool, kms_key_id: Option<String> },
}

/// What is to be done about the password.
#[derive(Clone, Debug, PartialEq)]
pub struct PasswordPlan<A> {
    /// The call that sets it.
    pub step: Option<Step<A>>,
    /// What stands in the way.
    pub problem: Option<Problem>,
    /// What is being waited for.
    pub waiting: Option<Waiting>,
    /// The next one is in force.
    pub promote: bool,
}

impl<A> Default for PasswordPlan<A> {
    fn default() -> Self {
        Self { step: None, problem: None, waiting: None, promote: false }
    }
}

/// Plans the password of a database that exists and is ours; `call` makes a kind's own action.
pub fn plan<A>(master: &Master<'_>, inputs: &Inputs, call: impl Fn(Wish) -> A) -> PasswordPlan<A> {
    let asked = wished(master, inputs);
    let step = asked.step.map(|step| step.map(call));
    PasswordPlan { step, problem: asked.problem, waiting: asked.waiting, promote: asked.promote }
}

fn wished(master: &Master<'_>, inputs: &Inputs) -> PasswordPlan<Wish> {
    match &master.mode {
        Mode::None => PasswordPlan::default(),
        Mode::AwsManaged { kms_key_id } => managed(master, inputs, kms_key_id),
        Mode::Generated { .. } | Mode::SecretRef(_) | Mode::Iam { .. } if master.secret.is_some() => {
            take_back(master, inputs)
        }
        Mode::Iam { .. } if master.iam_only => PasswordPlan::default(),
        Mode::Generated { .. } | Mode::SecretRef(_) | Mode::Iam { .. } => own(master, inputs),
    }
}

/// AWS holds a masked pending password for as long as it applies one; right after the call it may not show it yet.
fn in_force(master: &Master<'_>, inputs: &Inputs) -> bool {
    let soon = inputs.clocks.transition_poll;
    !master.is_changing && inputs.since_call(master.thing).is_none_or(|age| age >= soon)
}

fn own(master: &Master<'_>, inputs: &Inputs) -> PasswordPlan<Wish> {
    if let Some(problem) = unusable(&inputs.supplied, master.engine) {
        return PasswordPlan { problem: Some(problem), ..PasswordPlan::default() };
    }
    if let Some(next) = &inputs.stored.next {
        let replaced = matches!(&inputs.supplied, Supplied::Given(given) if given != next);
        return if inputs.stored.next_accepted && !replaced {
            awaited(master, inputs)
        } else {
            set(master, "the stored next password is not set yet")
        };
    }
    match why(master, inputs) {
        Some(Ok(because)) => set(master, because),
        Some(Err(problem)) => PasswordPlan { problem: Some(problem), ..PasswordPlan::default() },
        None => PasswordPlan::default(),
    }
}

fn set(master: &Master<'_>, because: &str) -> PasswordPlan<Wish> {
    let step = Step::new(master.thing, Wish::Set, format!("new master password: {because}"));
    PasswordPlan { step: Some(step), ..PasswordPlan::default() }
}

fn awaited(master: &Master<'_>, inputs: &Inputs) -> PasswordPlan<Wish> {
    if in_force(master, inputs) {
        return PasswordPlan { promote: true, ..PasswordPlan::default() };
    }
    let waiting = Waiting::new(Reason::RotatingPassword, "AWS is applying the new master password");
    PasswordPlan { waiting: Some(waiting), ..PasswordPlan::default() }
}

/// Why a new password is needed, or why there is none and none is set by itself.
fn why(master: &Master<'_>, inputs: &Inputs) -> Option<Result<&'static str, Problem>> {
    if lacks_ours(inputs) {
        return Some(Ok("the database was made from a source and has that one's password"));
    }
    let asked = inputs.rotate.is_some() && inputs.rotate != inputs.stored.rotated_for;
    if master.was_replica && inputs.stored.password.is_none() {
        return Some(Ok("spec.credentials or a rotation gives the promoted replica a password of its own"));
    }
    match (&inputs.stored.password, &inputs.supplied) {
        (Some(stored), Supplied::Given(given)) => {
            (stored != given).then_some(Ok("the content of spec.credentials.secretRef changed"))
        }
        (Some(_), _) if asked => Some(Ok("asked for by annotation awsdb.dev/rotate")),
        (Some(_), _) if is_due(master, inputs) => Some(Ok("spec.credentials.rotation.interval has passed")),
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

fn is_due(master: &Master<'_>, inputs: &Inputs) -> bool {
    let Some(interval) = master.rotation.and_then(|rotation| parse_interval(&rotation.interval)) else { return false };
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

fn managed(master: &Master<'_>, inputs: &Inputs, kms_key_id: &Option<String>) -> PasswordPlan<Wish> {
    match master.secret {
        None => {
            let wish = Wish::Manage { managed: true, kms_key_id: kms_key_id.clone() };
            let step = Step::new(master.thing, wish, "hand the master password over to AWS Secrets Manager");
            PasswordPlan { step: Some(step), ..PasswordPlan::default() }
        }
        Some((_, status)) if status == "impaired" => PasswordPlan {
            problem: Some(Problem::new(
                Reason::InvalidCredentials,
                "MasterUserSecret is impaired: Secrets Manager cannot rotate it; check the KMS key and the secret's rotation in AWS",
            )),
            ..PasswordPlan::default()
        },
        Some((_, status)) if status == "creating" && inputs.since_call(master.thing).is_some() => PasswordPlan {
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
fn take_back(master: &Master<'_>, inputs: &Inputs) -> PasswordPlan<Wish> {
    if let Some(problem) = unusable(&inputs.supplied, master.engine) {
        return PasswordPlan { problem: Some(problem), ..PasswordPlan::default() };
    }
    if inputs.stored.next_accepted && !in_force(master, inputs) {
        return awaited(master, inputs);
    }
    let wish = Wish::Manage { managed: false, kms_key_id: None };
    let step = Step::new(
        master.thing,
        wish,
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
        "mysql" | "mariadb" | "aurora-mysql" | "aurora-postgresql" => (41, ""),
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

/// Why the password that RDS keeps cannot be published, where it could not be read.
pub fn unread(mode: &Mode, managed_password: &Seen<Password>) -> Option<Waiting> {
    match (mode, managed_password) {
        (Mode::AwsManaged { .. }, Seen::Unread(why)) => {
            let text = format!("the master password in Secrets Manager could not be read: {why}");
            Some(Waiting::new(Reason::Unreadable, text))
        }
        _ => None,
    }
}

/// A step that sets the password is one for an instance that takes changes.
pub fn gated<A>(plan: PasswordPlan<A>, gate: Option<Waiting>) -> PasswordPlan<A> {
    match (plan.step, gate) {
        (Some(step), Some(waiting)) => PasswordPlan { step: Some(step.when(When::After(waiting))), ..plan },
        (step, _) => PasswordPlan { step, ..plan },
    }
}
