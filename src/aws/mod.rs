//! What exists in AWS, and how to reach it. Nothing here knows of Kubernetes or of our kinds.
//!
//! [`Remote`] names the types of one kind of thing, [`Cloud`] looks at it and changes it. The
//! simulator of the tests implements the same [`Cloud`], so plans are tried against both.

mod answer;
pub mod aurora;
pub mod clients;
pub mod dynamo;
pub mod error;
pub mod inventory;
pub mod limits;
pub mod owner;
pub mod password;
pub mod rds;
pub mod snapshots;
mod until;
mod wire;

pub use clients::{Aws, Called, ConnectError, OnCall, Options};
pub use error::{Class, CloudError};
pub use password::Password;

use std::fmt::Debug;
use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;

/// The types that describe one kind of remote thing, with all the parts that one object owns.
pub trait Remote: Send + Sync + 'static {
    /// Names every part to look at: region, identifiers, and which optional parts to read.
    type Id: Clone + Debug + Eq + Hash + Send + Sync;
    /// What AWS shows, normalised, one [`Seen`] per part.
    type Observed: Clone + Debug + PartialEq + Send + Sync;
    /// One mutating AWS call.
    type Action: Action;
}

/// One mutating AWS call, as data: it can be printed, compared and counted before it is sent.
pub trait Action: Clone + Debug + PartialEq + Send + Sync {
    /// The AWS operation, e.g. `ModifyDBInstance`.
    fn operation(&self) -> &'static str;
    /// Which password must travel with the call.
    fn password(&self) -> PasswordUse {
        PasswordUse::None
    }
    /// True when the call brings a database into being.
    fn creates(&self) -> bool {
        false
    }
    /// True when the call removes a database or its last copy: counted by the deletion brake.
    fn deletes(&self) -> bool {
        false
    }
}

/// Which of the two stored passwords an action carries. Actions never hold the password itself,
/// so printing one cannot leak it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordUse {
    /// None at all.
    None,
    /// The one that is published, or will be with the create that carries it.
    Current,
    /// The one that replaces it: stored before the call, promoted after AWS has applied it.
    Next,
}

/// How fresh an answer must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// An answer of a shared sweep will do.
    Shared,
    /// AWS must be asked now: before a create, before anything destructive, to believe an absence.
    Direct,
}

/// An observation and how it was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Looked<O> {
    /// What was seen.
    pub observed: O,
    /// How it was made: a cloud may answer [`Look::Shared`] with a direct look.
    pub look: Look,
    /// The account that answered (12 digits), from STS.
    pub account: String,
}

/// A part that was looked for. A fact that was not read is never taken for absent or default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen<T> {
    /// It is there.
    Present(T),
    /// AWS says that it is not there.
    Absent,
    /// It was not read, with the reason: no step may follow from it.
    Unread(String),
}

impl<T> Seen<T> {
    /// The value when it is there.
    pub fn present(&self) -> Option<&T> {
        match self {
            Seen::Present(value) => Some(value),
            Seen::Absent | Seen::Unread(_) => None,
        }
    }
}

/// One set of clients serves the queues of all kinds.
impl<R: Remote, C: Cloud<R>> Cloud<R> for Arc<C> {
    fn observe(&self, id: &R::Id, look: Look) -> impl Future<Output = Result<Looked<R::Observed>, CloudError>> + Send {
        C::observe(self, id, look)
    }

    fn perform(
        &self,
        id: &R::Id,
        action: &R::Action,
        password: Option<&Password>,
    ) -> impl Future<Output = Result<(), CloudError>> + Send {
        C::perform(self, id, action, password)
    }
}

/// Looks at remote things and changes them. Implemented by the SDK clients and by the simulator.
pub trait Cloud<R: Remote>: Send + Sync {
    /// Reads every part that `id` names.
    ///
    /// # Errors
    /// When the main part could not be read. A part that is merely absent is not an error.
    fn observe(&self, id: &R::Id, look: Look) -> impl Future<Output = Result<Looked<R::Observed>, CloudError>> + Send;

    /// Sends one mutating call. `password` is the one that [`Action::password`] asked for.
    ///
    /// # Errors
    /// Whatever AWS said, classified. A call whose effect already holds is `Ok`.
    fn perform(
        &self,
        id: &R::Id,
        action: &R::Action,
        password: Option<&Password>,
    ) -> impl Future<Output = Result<(), CloudError>> + Send;
}
