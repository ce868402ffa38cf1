//! **perform**: send the steps of this round, and note in the journal what AWS made of them.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::World;
use super::cluster::{Cluster, ClusterError, Note};
use super::gather::Case;
use super::passwords::{self, PasswordError};
use crate::approval::{Decision, SPENT};
use crate::aws::{Action as _, Class, Cloud, CloudError, Password, PasswordUse};
use crate::conditions::Reason;
use crate::kind::{Action, Kind, Problem, Step, Waiting};
use crate::spec::{LastCall, Rejection};

/// What became of the steps of a round.
#[derive(Debug, Default)]
pub struct Performed {
    passwords: Vec<Option<Password>>,
    /// Operations that AWS accepted.
    pub accepted: Vec<&'static str>,
    /// The main thing was changed: AWS needs time to show it.
    pub touched_main: bool,
    /// What is being waited for because of an answer.
    pub waiting: Option<Waiting>,
    /// What AWS refused.
    pub problem: Option<Problem>,
    transient: bool,
}

impl Performed {
    /// Readies every password and writes the calls into the journal, before status is published and before any call.
    ///
    /// # Errors
    /// The outer one when Kubernetes refused a write, the inner one when no password can be had.
    pub async fn prepare<K: Kind, C, S: Cluster<K>>(
        &mut self,
        world: &World<C, S>,
        case: &mut Case<K>,
        decision: &Decision<Action<K>>,
    ) -> Result<Result<(), Problem>, ClusterError> {
        for (_, step) in &decision.run {
            if step.action.creates() {
                passwords::begin_anew(world, case).await?;
            }
            match passwords::prepare(world, case, step.action.password()).await {
                Ok(password) => self.passwords.push(password),
                Err(PasswordError::Cluster(error)) => return Err(error),
                Err(PasswordError::Unavailable(why)) => {
                    return Ok(Err(Problem::new(Reason::InvalidCredentials, why)));
                }
            }
        }
        let journal = &mut case.inputs.journal;
        journal.approved = decision.approved.clone();
        journal.notes.extend(decision.spent.iter().map(|hash| (SPENT.to_string(), hash.clone())));
        for (id, step) in &decision.run {
            journal.notes.extend(step.notes.iter().cloned());
            let call =
                LastCall { operation: step.action.operation().into(), at: Time(case.inputs.now), step: id.clone() };
            journal.calls.insert(step.thing.into(), call);
        }
        Ok(Ok(()))
    }

    /// A failure that passes by itself.
    pub fn failed(&self) -> bool {
        self.transient
    }

    /// Whether status must be published once more.
    pub fn changes_status(&self) -> bool {
        self.waiting.is_some() || self.problem.is_some()
    }
}

/// Sends every step of the decision.
///
/// # Errors
/// When Kubernetes refused to note an accepted password: the call is repeated next time.
pub async fn perform<K, C, S>(
    world: &World<C, S>,
    case: &mut Case<K>,
    decision: &Decision<Action<K>>,
    performed: &mut Performed,
) -> Result<(), ClusterError>
where
    K: Kind,
    C: Cloud<K::Remote>,
    S: Cluster<K>,
{
    let id = case.object.id(case.want, &case.home, &case.inputs);
    let passwords = std::mem::take(&mut performed.passwords);
    for ((step_id, step), password) in decision.run.iter().zip(passwords) {
        let (uid, is_main) = (case.uid(), step.thing == K::MAIN);
        world.recall.update(&uid, |recall| {
            recall.accepted.remove(step.thing);
        });
        match world.cloud.perform(&id, &step.action, password.as_ref()).await {
            Ok(()) => {
                // Only what AWS accepted can be without effect: a call that a crash or a throttle prevented is none.
                *case.inputs.journal.attempts.entry(step_id.clone()).or_default() += 1;
                world.recall.update(&uid, |recall| {
                    recall.accepted.insert(step.thing);
                    *recall.uncounted.entry(step_id.clone()).or_default() += 1;
                });
                performed.touched_main |= is_main;
                accepted(world, case, step, performed).await?;
            }
            Err(error) => {
                let error = without(error, password.as_ref());
                failed(case, step_id, step, &error, performed);
                if let Some(problem) = &performed.problem {
                    let note =
                        Note { warning: true, reason: problem.reason.to_string(), text: problem.message.clone() };
                    world.cluster.tell(&case.object, note).await;
                }
            }
        }
    }
    Ok(())
}

async fn accepted<K: Kind, C, S: Cluster<K>>(
    world: &World<C, S>,
    case: &mut Case<K>,
    step: &Step<Action<K>>,
    performed: &mut Performed,
) -> Result<(), ClusterError> {
    let operation = step.action.operation();
    performed.accepted.push(operation);
    if step.action.deletes() {
        world.brake.count(case.inputs.now);
    }
    let note = Note { warning: false, reason: operation.into(), text: sentence(step) };
    world.cluster.tell(&case.object, note).await;
    if step.action.password() == PasswordUse::Next {
        passwords::accept(world, case).await?;
    }
    Ok(())
}

fn sentence<A: crate::aws::Action>(step: &Step<A>) -> String {
    match (step.because.as_str(), step.changes.is_empty()) {
        ("", true) => format!("{} was accepted", step.action.operation()),
        ("", false) | (_, true) => step.detail(),
        (because, false) => format!("{because}: {}", step.changes_text()),
    }
}

/// An hour for what only the user can mend; a new spec or `awsdb.dev/reconcile` tries again at once.
const AFTER_REFUSAL: Duration = Duration::from_secs(3600);
/// Rights propagate within minutes.
const AFTER_DENIAL: Duration = Duration::from_secs(300);

fn failed<K: Kind>(
    case: &mut Case<K>,
    id: &str,
    step: &Step<Action<K>>,
    error: &CloudError,
    performed: &mut Performed,
) {
    let words = words(step, error);
    let busy = |reason| Some(Waiting::new(reason, words.clone()));
    if error.class != Class::Transient || error.is_throttle() {
        // AWS answered: the call did nothing, so nothing has to settle before it may be repeated.
        if let Some(call) = case.inputs.journal.calls.get_mut(step.thing) {
            call.step.clear();
        }
    }
    match error.class {
        Class::Busy | Class::Exists | Class::Absent | Class::AlreadyDone => performed.waiting = busy(Reason::Busy),
        Class::Dependency => performed.waiting = busy(Reason::DependencyNotReady),
        Class::Transient => {
            performed.transient = true;
            performed.waiting = busy(Reason::Retrying);
        }
        Class::Timed(pause) if error.code.contains("Insufficient") || error.code.contains("NotAvailable") => {
            refuse(case, id, Reason::InsufficientCapacity, words, pause, performed);
        }
        Class::Timed(pause) => {
            refuse(case, id, Reason::Busy, words, pause, performed);
        }
        Class::Rejected => refuse(case, id, Reason::Rejected, words, AFTER_REFUSAL, performed),
        Class::Quota => refuse(case, id, Reason::QuotaExceeded, words, AFTER_REFUSAL, performed),
        Class::Denied => refuse(case, id, Reason::AccessDenied, words, AFTER_DENIAL, performed),
    }
}

fn refuse<K: Kind>(
    case: &mut Case<K>,
    id: &str,
    reason: Reason,
    message: String,
    pause: Duration,
    performed: &mut Performed,
) {
    let until = case.inputs.now + pause;
    let message = if reason == Reason::Busy { format!("{message}; it is sent again at {until}") } else { message };
    let rejection = Rejection { reason: reason.to_string(), message: message.clone(), until: Time(until) };
    case.inputs.journal.rejected.insert(id.into(), rejection);
    if reason == Reason::Busy {
        performed.waiting = Some(Waiting::new(reason, message).until(until));
    } else {
        performed.problem = Some(Problem::new(reason, message));
    }
}

/// AWS may quote what it refuses; a password must not get into a condition or an event that way.
fn without(mut error: CloudError, password: Option<&Password>) -> CloudError {
    if let Some(password) = password.filter(|password| !password.expose().is_empty()) {
        error.message = error.message.replace(password.expose(), "(the password)");
    }
    error
}

/// What failed, on which fields, what AWS said, and what to do.
fn words<A: crate::aws::Action>(step: &Step<A>, error: &CloudError) -> String {
    let changes: Vec<String> = step.changes.iter().take(8).map(ToString::to_string).collect();
    let fields = if changes.is_empty() { String::new() } else { format!(" ({})", changes.join(", ")) };
    error.sentence(&fields)
}
