//! What every simulated service has: who answers, what is refused whatever is asked, what may not be read, and what came
//! of it all.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use awsdb::aws::{CloudError, Look, Looked, Seen};

/// AWS refuses the next calls of an operation.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub operation: &'static str,
    pub code: &'static str,
    pub message: &'static str,
    pub times: usize,
}

/// The front desk of a service in one account and region. `O` is what a look shows.
#[derive(Clone)]
pub struct Desk<O> {
    pub account: String,
    pub refusals: Vec<Refusal>,
    /// Modifications are accepted and forgotten.
    pub forgets: bool,
    /// Parts that the caller may not read, with the reason.
    pub unread: BTreeMap<&'static str, String>,
    /// The main describe fails.
    pub unreadable: Option<(&'static str, &'static str)>,
    /// What shared looks are answered from, when it is not what is.
    pub stale: Option<O>,
    /// Names of the databases made, in order.
    pub made: Vec<String>,
    /// How many databases were deleted by somebody else.
    pub losses: usize,
    pub now: Timestamp,
    serial: u32,
}

/// The region of the simulated account.
pub const REGION: &str = "us-east-1";

impl<O: Clone> Desk<O> {
    pub fn new(now: Timestamp) -> Self {
        Self {
            account: "123456789012".into(),
            refusals: Vec::new(),
            forgets: false,
            unread: BTreeMap::new(),
            unreadable: None,
            stale: None,
            made: Vec::new(),
            losses: 0,
            now,
            serial: 0,
        }
    }

    /// Refuses the next call of an operation.
    pub fn refuse(&mut self, operation: &'static str, code: &'static str, message: &'static str) {
        self.refusals.push(Refusal { operation, code, message, times: 1 });
    }

    /// Refuses every call of an operation.
    pub fn refuse_always(&mut self, operation: &'static str, code: &'static str, message: &'static str) {
        self.refusals.push(Refusal { operation, code, message, times: usize::MAX });
    }

    /// AWS's code and words, if a call of this operation is refused whatever it asks.
    pub fn refusal(&mut self, operation: &str) -> Option<Refused> {
        let fits = |refusal: &Refusal| refusal.operation == operation && refusal.times > 0;
        let refusal = self.refusals.iter_mut().find(|refusal| fits(refusal))?;
        refusal.times = refusal.times.saturating_sub(1);
        Some((refusal.code, refusal.message.into()))
    }

    /// Why the main describe cannot be answered, if it cannot.
    pub fn unreadable(&self, operation: &'static str) -> Result<(), CloudError> {
        match self.unreadable {
            Some((code, message)) => Err(CloudError::answered(operation, code, message)),
            None => Ok(()),
        }
    }

    /// An answer of the account.
    pub fn answer(&self, observed: O, look: Look) -> Looked<O> {
        Looked { observed, look, account: self.account.clone(), version: None }
    }

    /// A part of an answer, unless the caller may not read it.
    pub fn part<T>(&self, part: &'static str, read: impl FnOnce() -> Option<T>) -> Seen<T> {
        match self.unread.get(part) {
            Some(why) => Seen::Unread(why.clone()),
            None => read().map_or(Seen::Absent, Seen::Present),
        }
    }

    pub fn after(&self, seconds: i64) -> Timestamp {
        self.now + SignedDuration::from_secs(seconds)
    }

    pub fn next_serial(&mut self) -> u32 {
        self.serial += 1;
        self.serial
    }
}

/// AWS's code and words.
pub type Refused = (&'static str, String);
pub type Answer = Result<(), Refused>;

pub fn refused<T>(code: &'static str, message: impl Into<String>) -> Result<T, Refused> {
    Err((code, message.into()))
}
