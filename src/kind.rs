//! The contract between a kind and the driver: a kind answers a few questions, all of them
//! synchronously and without a clock; the driver does the rest (architecture.md section 3).

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use jiff::Timestamp;
use kube::core::{NamespaceResourceScope, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::aws::owner::{Owner, Tags};
use crate::aws::{Password, Remote, Seen};
use crate::conditions::Reason;
use crate::spec::{Change, Endpoint, Journal, SecretKeyRef, SharedSpec, SharedStatus, SnapshotSchedule};

/// What is to become of the database: deletion is a wish, not another code path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// It shall be as the spec says.
    Present,
    /// The object is being deleted.
    Absent,
}

/// What a step does to those who use the database; the order is that of severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Disruption {
    /// Nobody notices.
    None,
    /// Connections may drop for seconds.
    BriefInterruption,
    /// It restarts.
    Reboot,
    /// It fails over, or is down for minutes.
    Failover,
    /// Another thing takes its place.
    Replacement,
    /// Data or the last way to it is lost.
    DataLoss,
}

impl Disruption {
    /// The word in plans.
    pub fn word(self) -> &'static str {
        match self {
            Disruption::None => "none",
            Disruption::BriefInterruption => "brief-interruption",
            Disruption::Reboot => "reboot",
            Disruption::Failover => "failover",
            Disruption::Replacement => "replacement",
            Disruption::DataLoss => "data-loss",
        }
    }
}

/// When a step may run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// It is sent now and takes effect as soon as AWS gets to it.
    Now,
    /// It is sent now; AWS applies it in its maintenance window.
    SentForWindow,
    /// AWS has no window for it: the operator holds it until the object's window opens, or it is approved.
    Window,
    /// It waits for approval.
    Approval,
    /// It waits for something else.
    After(Waiting),
}

/// One mutating call, with everything that a person needs to judge it.
#[derive(Clone, Debug, PartialEq)]
pub struct Step<A> {
    /// The AWS thing that it changes: at most one call per thing and round.
    pub thing: &'static str,
    /// The call.
    pub action: A,
    /// Fields, old to new.
    pub changes: Vec<Change>,
    /// What it does to users of the database.
    pub class: Disruption,
    /// When it may run.
    pub when: When,
    /// Why it is needed.
    pub because: String,
    /// Notes written to the journal before the call.
    pub notes: Vec<(String, String)>,
}

impl<A> Step<A> {
    /// A step that disturbs nobody and may run now.
    pub fn new(thing: &'static str, action: A, because: impl Into<String>) -> Self {
        Self {
            thing,
            action,
            changes: Vec::new(),
            class: Disruption::None,
            when: When::Now,
            because: because.into(),
            notes: Vec::new(),
        }
    }

    /// The same step with another form of its action.
    pub fn map<B>(self, form: impl FnOnce(A) -> B) -> Step<B> {
        let Self { thing, action, changes, class, when, because, notes } = self;
        Step { thing, action: form(action), changes, class, when, because, notes }
    }

    /// With the fields that it changes.
    pub fn changing(mut self, changes: Vec<Change>) -> Self {
        self.changes = changes;
        self
    }

    /// With the reason.
    pub fn because_of(mut self, because: impl Into<String>) -> Self {
        self.because = because.into();
        self
    }

    /// With what it does to users of the database.
    pub fn class(mut self, class: Disruption) -> Self {
        self.class = class;
        self
    }

    /// With when it may run.
    pub fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }

    /// The changes as text, old to new.
    pub fn changes_text(&self) -> String {
        let changes: Vec<String> = self.changes.iter().map(Change::to_string).collect();
        changes.join(", ")
    }

    /// What it is about: its changes, or the reason where it changes no field.
    pub fn detail(&self) -> String {
        if self.changes.is_empty() { self.because.clone() } else { self.changes_text() }
    }

    /// With a note for the journal.
    pub fn noting(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.notes.push((key.into(), value.into()));
        self
    }
}

/// Something the user must mend, or an admin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Condition reason.
    pub reason: Reason,
    /// Field, value, AWS's words, remedy.
    pub message: String,
}

impl Problem {
    /// A problem with its sentence.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }
}

/// Why something is not happening yet. Waiting is a value, never an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Condition reason.
    pub reason: Reason,
    /// What is being waited for.
    pub message: String,
    /// When to look again, where that is known.
    pub until: Option<Timestamp>,
}

impl Waiting {
    /// Waiting for something without a known time.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), until: None }
    }

    /// Waiting until a time.
    pub fn until(mut self, until: Timestamp) -> Self {
        self.until = Some(until);
        self
    }
}

/// Where the object stands after this plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// Something is still to do or to wait for.
    #[default]
    Open,
    /// AWS is as the spec says, and has applied everything that is not deferred on purpose.
    Settled,
    /// Nothing of ours is left in AWS, or nothing shall be done about it: let the object go.
    Release,
}

/// Everything that is to be done, in order, and why the rest is not.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan<A> {
    /// The steps in order of priority.
    pub steps: Vec<Step<A>>,
    /// What stands in the way and will not go away by waiting.
    pub problem: Option<Problem>,
    /// What is being waited for.
    pub waiting: Option<Waiting>,
    /// The stored next password is in force: publish it.
    pub promote_password: bool,
    /// Notes of the journal that have served their purpose.
    pub forget: Vec<String>,
    /// What was learnt in this round and must be remembered.
    pub noted: Vec<(String, String)>,
    /// Only the first step that may run is sent in a round: each changes what the next one meets.
    pub one_at_a_time: bool,
    /// The object's own time has come: it is deleted, and its deletion does the rest.
    pub expired: bool,
    /// Where the object stands.
    pub end: End,
}

impl<A> Default for Plan<A> {
    fn default() -> Self {
        Self {
            steps: Vec::new(),
            problem: None,
            waiting: None,
            promote_password: false,
            forget: Vec::new(),
            noted: Vec::new(),
            one_at_a_time: false,
            expired: false,
            end: End::Open,
        }
    }
}

impl<A> Plan<A> {
    /// A plan that does nothing but say what is wrong.
    pub fn refuse(problem: Problem) -> Self {
        Self { problem: Some(problem), ..Self::default() }
    }

    /// A plan that waits.
    pub fn wait(waiting: Waiting) -> Self {
        Self { waiting: Some(waiting), ..Self::default() }
    }

    /// A plan that lets the object go.
    pub fn release() -> Self {
        Self { end: End::Release, ..Self::default() }
    }
}

/// The clocks that a plan needs; all are flags so that tests and demos can shorten them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// How often a thing in transition is looked at.
    pub transition_poll: Duration,
    /// How often a settled thing is looked at.
    pub sweep: Duration,
    /// Between the two looks that prove an absence.
    pub quiet_period: Duration,
    /// How long after a change an unchanged, ready answer is believed: AWS keeps saying `available` for tens of
    /// seconds before `modifying` (aws-rds.md, planner rule 4).
    pub settle: Duration,
}

impl Default for Clocks {
    fn default() -> Self {
        Self {
            transition_poll: Duration::from_secs(10),
            sweep: Duration::from_secs(60),
            quiet_period: Duration::from_secs(60),
            settle: Duration::from_secs(60),
        }
    }
}

/// The operator's own Secret, `<name>-credentials`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// The password in force, or the one that the create will carry.
    pub password: Option<Password>,
    /// The one that is to replace it.
    pub next: Option<Password>,
    /// AWS accepted the call that sets `next`.
    pub next_accepted: bool,
    /// The rotation token that was last honoured.
    pub rotated_for: Option<String>,
    /// When the password in force was promoted.
    pub rotated_at: Option<Timestamp>,
}

/// The password that the user supplies, if any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Supplied {
    /// No Secret is referenced.
    #[default]
    NotAsked,
    /// The Secret or the key is missing or unusable: what to do.
    Missing(String),
    /// Its content.
    Given(Password),
}

/// Everything besides AWS that a plan may look at. Time and memory are inputs.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// Now, in whole seconds.
    pub now: Timestamp,
    /// Who we are.
    pub owner: Owner,
    /// The tag `awsdb.dev/allow` is not required (single-tenant clusters).
    pub trust_account: bool,
    /// The account that answered the last look.
    pub account: String,
    /// The account in which the thing was made or found.
    pub recorded_account: Option<String>,
    /// The ARN from the first time it was seen as ours.
    pub recorded_arn: Option<String>,
    /// The object's uid.
    pub uid: String,
    /// Name of the main thing in plans, see [`Kind::MAIN`].
    pub main: &'static str,
    /// Since when direct looks of this process have not found the main thing. Lost at a restart, which only delays.
    pub absent_since: Option<Timestamp>,
    /// What was noted ahead of calls.
    pub journal: Journal,
    /// Whether this process saw AWS accept the last call to a thing; lost at a restart, which only costs a repeat.
    pub accepted: bool,
    /// The operator's own Secret.
    pub stored: Stored,
    /// The user's password.
    pub supplied: Supplied,
    /// What the ConfigMaps of [`Kind::references`] hold; a missing one is `None`.
    pub config_maps: BTreeMap<String, Option<BTreeMap<String, String>>>,
    /// The other objects of [`Kind::references`].
    pub objects: Objects,
    /// Value of the annotation `awsdb.dev/rotate`.
    pub rotate: Option<String>,
    /// The clocks.
    pub clocks: Clocks,
}

impl Inputs {
    /// How long ago the last call to a thing was sent.
    pub fn since_call(&self, thing: &str) -> Option<Duration> {
        let call = self.journal.calls.get(thing)?;
        Duration::try_from(self.now.duration_since(call.at.0)).ok()
    }

    /// Whether AWS had the time to show the effect of the last call to a thing.
    pub fn has_settled(&self, thing: &str) -> bool {
        self.since_call(thing).is_none_or(|age| age >= self.clocks.settle)
    }
}

/// How an object gets its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialMode {
    /// The thing has none of ours.
    None,
    /// The operator draws one of this length.
    Generated(usize),
    /// A Secret of the user holds it.
    SecretRef(SecretKeyRef),
    /// AWS Secrets Manager holds it.
    AwsManaged,
}

/// The main AWS thing of an object, as far as ownership is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing {
    /// ARN.
    pub arn: String,
    /// AWS's immutable id, which a namesake does not share.
    pub resource_id: String,
    /// Its tags.
    pub tags: Tags,
    /// What it was made from and when, where the call that made it took no tags.
    pub origin: Option<Making>,
}

/// How a thing came to be, as far as AWS shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Making {
    /// The source, in the form of [`crate::life::UNTAGGED`]; AWS may not tell any more.
    pub source: Option<String>,
    /// When it was made.
    pub at: Option<Timestamp>,
}

/// What the shared part of status shows of the main AWS thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// AWS's word for its state.
    pub aws_status: Option<String>,
    /// Where it listens.
    pub endpoint: Option<Endpoint>,
    /// What AWS holds for the window.
    pub pending: BTreeMap<String, String>,
}

/// Whether a database can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It serves.
    Yes,
    /// It is being worked on and serves as it did before; the waiting is for one that never served.
    AsBefore(Waiting),
    /// It does not serve.
    No(Waiting),
}

/// The content of a connection Secret, without the user's templates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// `servicebinding.io/<type>`.
    pub secret_type: String,
    /// Keys and values; all are kept from Debug output.
    pub keys: BTreeMap<String, Password>,
}

/// Something in the object's namespace that it depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// A key of a Secret.
    Secret(SecretKeyRef),
    /// A ConfigMap, by name.
    ConfigMap(String),
    /// Another object of ours.
    Object(ObjectName),
}

/// An object of another kind of ours in the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectName {
    /// Kind, e.g. `DbSnapshot`.
    pub kind: &'static str,
    /// Its plural, e.g. `dbsnapshots`.
    pub plural: &'static str,
    /// metadata.name.
    pub name: String,
}

/// What another object's status says; a missing object is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Referred {
    /// Name in AWS.
    pub identifier: Option<String>,
    /// ARN, once it was seen as that object's.
    pub arn: Option<String>,
    /// Account.
    pub account: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Its `Ready` condition is true, for the generation that it has.
    pub is_ready: bool,
    /// The message of its `Ready` condition.
    pub message: String,
}

/// The objects of [`Kind::references`], as they are now.
pub type Objects = BTreeMap<ObjectName, Option<Referred>>;

/// What an object's AWS things are called and where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// Name in AWS.
    pub identifier: String,
    /// Region.
    pub region: String,
    /// The namespace's and installation's allow texts are judged with this.
    pub owner: Owner,
}

/// The answer type of a kind's cloud.
pub type Observed<K> = <<K as Kind>::Remote as Remote>::Observed;
/// The id type of a kind's cloud.
pub type Id<K> = <<K as Kind>::Remote as Remote>::Id;
/// The action type of a kind's cloud.
pub type Action<K> = <<K as Kind>::Remote as Remote>::Action;

/// A kind of database. Everything here is pure: no clock, no network, no randomness.
pub trait Kind:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Serialize
    + DeserializeOwned
    + Clone
    + Debug
    + Send
    + Sync
    + 'static
{
    /// Its AWS side.
    type Remote: Remote;
    /// Status fields of its own.
    type Facts: Serialize;
    /// Longest identifier that AWS takes.
    const IDENTIFIER_MAX: usize;
    /// Name of the main thing in plans.
    const MAIN: &'static str;
    /// Whether it has credentials and a connection Secret.
    const BINDS: bool = true;

    /// The shared fields.
    fn shared(&self) -> &SharedSpec;
    /// The shared status.
    fn status(&self) -> Option<&SharedStatus>;
    /// Every part to look at.
    fn id(&self, want: Want, home: &Home, inputs: &Inputs) -> Id<Self>;
    /// Where its password comes from.
    fn credentials(&self) -> CredentialMode;
    /// What it depends on in its namespace.
    fn references(&self, inputs: &Inputs) -> Vec<Reference>;
    /// Puts what its references say into the spec that this round works with, e.g. the snapshot of a DbSnapshot. Never
    /// written back.
    fn resolve(&mut self, _objects: &Objects) {}
    /// When DbSnapshots of it are made.
    fn snapshot_schedule(&self) -> Option<&SnapshotSchedule> {
        None
    }
    /// The main thing.
    fn thing(&self, observed: &Observed<Self>) -> Seen<Thing>;
    /// Everything that is to be done.
    fn plan(&self, want: Want, inputs: &Inputs, observed: &Observed<Self>) -> Plan<Action<Self>>;
    /// Whether it can be used now.
    fn ready(&self, inputs: &Inputs, observed: &Observed<Self>) -> Readiness;
    /// What the shared status shows.
    fn view(&self, observed: &Observed<Self>) -> View;
    /// Status fields of its own.
    fn facts(&self, inputs: &Inputs, observed: &Observed<Self>) -> Self::Facts;
    /// The connection Secret, once everything in it is known.
    ///
    /// # Errors
    /// What is still missing.
    fn connection(&self, inputs: &Inputs, observed: &Observed<Self>) -> Result<Connection, Waiting>;
}
