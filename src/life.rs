//! May this thing be touched, and how: ownership, adoption, absence and release, the same for every kind
//! (product.md section 5, architecture.md section 7). A kind's plan begins with this verdict.

use std::time::Duration;

use jiff::Timestamp;

use crate::aws::Seen;
use crate::aws::owner::{Claim, OWNER_TAG};
use crate::conditions::Reason;
use crate::kind::{Inputs, Problem, Thing, Waiting, Want};
use crate::spec::{Adoption, DeletionPolicy, ManagementPolicy, SharedSpec};

/// Note with AWS's immutable id of the thing that we made or took over.
pub const RESOURCE_ID: &str = "resourceId";

/// Note that the database was made from something else and does not have our password: when it was made. A password that
/// was promoted before that is an earlier database's.
pub const PASSWORD_UNSET: &str = "passwordUnset";

/// How long AWS may answer "not found" after it accepted a create (aws-rds.md 4.1).
const EVENTUAL: Duration = Duration::from_secs(120);

/// What may be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is not there and never was: make it.
    Create,
    /// It was there and is gone: make it again only when the user approves.
    Recreate(Problem),
    /// It is ours.
    Manage,
    /// It may become ours by tagging it. With a problem, only after approval.
    Adopt(Option<Problem>),
    /// It may be looked at.
    Watch,
    /// It must not be touched.
    Refuse(Problem),
    /// Not yet.
    Wait(Waiting),
    /// It is ours and shall go.
    Remove,
    /// It is gone, twice looked for: what belongs to it may go too.
    Gone,
    /// Nothing shall be done about it.
    LetGo,
}

/// The verdict on the main thing of an object. `what` is its AWS name for messages, e.g. `DB instance shop-orders`.
pub fn verdict(want: Want, spec: &SharedSpec, inputs: &Inputs, thing: &Seen<Thing>, what: &str) -> Verdict {
    let observes = spec.management_policy == ManagementPolicy::Observe;
    if want == Want::Absent && (observes || spec.deletion_policy == DeletionPolicy::Retain) {
        return Verdict::LetGo;
    }
    match (want, thing) {
        (_, Seen::Unread(why)) => {
            Verdict::Wait(Waiting::new(Reason::Unreadable, format!("{what} could not be read: {why}")))
        }
        (Want::Present, Seen::Present(thing)) => present(spec, inputs, thing, what),
        (Want::Absent, Seen::Present(thing)) => removal(inputs, thing, what),
        (Want::Present, Seen::Absent) if observes => Verdict::Wait(Waiting::new(
            Reason::NotFound,
            format!("{what} does not exist; managementPolicy Observe never creates it"),
        )),
        (_, Seen::Absent) => absent(want, inputs, what),
    }
}

fn absent(want: Want, inputs: &Inputs, what: &str) -> Verdict {
    if let Some(problem) = wrong_account(inputs, what) {
        return Verdict::Refuse(problem);
    }
    let was_seen = inputs.recorded_arn.is_some();
    let was_sent = inputs.journal.calls.values().any(|call| !call.operation.starts_with("Delete"));
    match want {
        Want::Present if created_until(inputs).is_some() && inputs.accepted => Verdict::Wait(Waiting::new(
            Reason::Creating,
            format!("AWS accepted the create of {what} and does not list it yet"),
        )),
        Want::Present if !was_seen => Verdict::Create,
        Want::Absent if !was_seen && !was_sent => Verdict::Gone,
        _ => match (proven_absent(inputs), want) {
            (Err(waiting), _) => Verdict::Wait(waiting),
            (Ok(()), Want::Absent) => Verdict::Gone,
            (Ok(()), Want::Present) => Verdict::Recreate(Problem::new(
                Reason::ExternallyDeleted,
                format!(
                    "{what} was deleted outside of the operator. It is not made again by itself, since that would be an \
                     empty database: approve the held step with {} to do so, restore a snapshot into a new object, or \
                     delete this object",
                    crate::spec::annotation::APPROVE
                ),
            )),
        },
    }
}

/// After a create AWS may not list the thing for a while: until then it is not gone, and a second create would be refused
/// at best.
fn created_until(inputs: &Inputs) -> Option<Timestamp> {
    let call = inputs.journal.calls.get(inputs.main)?;
    let creates = ["Create", "Restore"].iter().any(|verb| call.operation.starts_with(verb));
    // The note is emptied with the create and filled when the thing is first seen.
    let was_listed = inputs.journal.notes.get(RESOURCE_ID).is_some_and(|id| !id.is_empty());
    let until = call.at.0 + EVENTUAL;
    (creates && !was_listed && inputs.now < until).then_some(until)
}

fn proven_absent(inputs: &Inputs) -> Result<(), Waiting> {
    let since = inputs.absent_since.unwrap_or(inputs.now);
    let elapsed = Duration::try_from(inputs.now.duration_since(since)).unwrap_or_default();
    let quiet = (elapsed < inputs.clocks.quiet_period).then(|| inputs.now + (inputs.clocks.quiet_period - elapsed));
    let Some(again) = quiet.max(created_until(inputs)) else { return Ok(()) };
    Err(Waiting::new(
        Reason::ProvingAbsence,
        "AWS does not find it; a second look after a quiet period must agree before that is believed",
    )
    .until(again))
}

fn wrong_account(inputs: &Inputs, what: &str) -> Option<Problem> {
    let recorded = inputs.recorded_account.as_ref().filter(|recorded| **recorded != inputs.account)?;
    Some(Problem::new(
        Reason::WrongAccount,
        format!(
            "the operator's credentials belong to account {}, but {what} was recorded in account {recorded}: nothing is \
             created or believed absent there; give the operator the credentials of {recorded}",
            inputs.account
        ),
    ))
}

fn present(spec: &SharedSpec, inputs: &Inputs, thing: &Thing, what: &str) -> Verdict {
    let claim = inputs.owner.claim(&thing.tags);
    if spec.management_policy == ManagementPolicy::Observe {
        let may = claim == Claim::Mine || inputs.trust_account || inputs.owner.is_allowed(&thing.tags);
        return if may { Verdict::Watch } else { Verdict::Refuse(not_allowed(inputs, what, "observed")) };
    }
    match claim {
        Claim::Mine => identity(inputs, thing, what),
        Claim::OtherCluster(cluster) => Verdict::Adopt(Some(Problem::new(
            Reason::Conflict,
            format!(
                "{what} belongs to the same object of another cluster (kube-system uid {cluster}). If that cluster is gone, approve \
                 the held step to take it over; if it lives, one of the two must use another --installation"
            ),
        ))),
        Claim::Other(owner) => Verdict::Refuse(Problem::new(
            Reason::Conflict,
            format!("{what} belongs to {owner} (tag {OWNER_TAG}): nothing is touched; choose another spec.identifier"),
        )),
        Claim::Nobody if inputs.recorded_arn.as_ref() == Some(&thing.arn) => Verdict::Adopt(Some(Problem::new(
            Reason::Conflict,
            format!(
                "{what} has lost its tag {OWNER_TAG}: nothing is changed until it is back; approve the held step to set it again"
            ),
        ))),
        Claim::Nobody => adoption(spec, inputs, thing, what),
    }
}

fn adoption(spec: &SharedSpec, inputs: &Inputs, thing: &Thing, what: &str) -> Verdict {
    if spec.adoption == Adoption::Never {
        return Verdict::Refuse(Problem::new(
            Reason::Conflict,
            format!(
                "{what} exists and is not ours: nothing is touched; choose another spec.identifier, or set spec.adoption: IfExists to \
                 take it over"
            ),
        ));
    }
    if inputs.trust_account || inputs.owner.is_allowed(&thing.tags) {
        Verdict::Adopt(None)
    } else {
        Verdict::Refuse(not_allowed(inputs, what, "taken over"))
    }
}

fn not_allowed(inputs: &Inputs, what: &str, done: &str) -> Problem {
    let owner = &inputs.owner;
    Problem::new(
        Reason::NotAllowed,
        format!(
            "{what} may not be {done} from namespace {}: whoever administers the AWS account must set the tag {} = {}/{} on it",
            owner.namespace,
            crate::aws::owner::ALLOW_TAG,
            owner.installation,
            owner.namespace
        ),
    )
}

/// A restored snapshot carries its source's tags: the same name and owner do not make it the same database.
fn identity(inputs: &Inputs, thing: &Thing, what: &str) -> Verdict {
    match inputs.journal.notes.get(RESOURCE_ID) {
        Some(recorded) if !recorded.is_empty() && *recorded != thing.resource_id => Verdict::Adopt(Some(Problem::new(
            Reason::IdentityChanged,
            format!(
                "{what} is not the database that this object made: its resource id is {}, recorded is {recorded}. Nothing is \
                     changed; approve the held step to accept it as the new one",
                thing.resource_id
            ),
        ))),
        _ => Verdict::Manage,
    }
}

fn removal(inputs: &Inputs, thing: &Thing, what: &str) -> Verdict {
    match inputs.owner.claim(&thing.tags) {
        Claim::Mine => match identity(inputs, thing, what) {
            Verdict::Adopt(Some(problem)) => Verdict::Refuse(Problem::new(
                problem.reason,
                format!("{}; set deletionPolicy Retain to let the object go without it", problem.message),
            )),
            _ => Verdict::Remove,
        },
        Claim::OtherCluster(_) | Claim::Other(_) => Verdict::LetGo,
        Claim::Nobody if inputs.recorded_arn.as_ref() == Some(&thing.arn) => Verdict::Refuse(Problem::new(
            Reason::Conflict,
            format!(
                "{what} has lost its tag {OWNER_TAG} and is not deleted: put the tag back ({}), or set deletionPolicy Retain to \
                 let the object go without it",
                inputs.owner.text()
            ),
        )),
        Claim::Nobody => Verdict::LetGo,
    }
}
