//! What the simulation needs to know of a service of AWS, and of the kind that it is for.

use std::fmt::Debug;

use jiff::Timestamp;
use kube::core::object::{HasSpec, HasStatus};
use serde::Serialize;

use awsdb::aws::{CloudError, Look, Looked, Password, Remote};
use awsdb::kind::Kind;
use awsdb::spec::SharedSpec;

/// How much time AWS takes.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// As it does, with the longest waits shortened.
    Real,
    /// The same shape in few rounds, for loops over every call.
    Quick,
    /// Everything holds as soon as it is accepted.
    Instant,
}

/// A further read of a look, by its operation: numbered as a call of its own, and open to every fault.
pub type Read<'a> = dyn FnMut(&'static str) -> Result<(), String> + 'a;

/// One service of AWS in memory.
pub trait Service: Clone + Send + 'static {
    type Remote: Remote;
    type Timing: Copy;
    /// The operation of every look.
    const DESCRIBE: &'static str;

    fn timing(pace: Pace) -> Self::Timing;
    fn new(timing: Self::Timing, now: Timestamp) -> Self;
    /// The name in AWS of the main thing.
    fn name(id: &<Self::Remote as Remote>::Id) -> &str;
    /// Does everything that is due.
    fn advance(&mut self, now: Timestamp);
    fn observe(
        &mut self,
        id: &<Self::Remote as Remote>::Id,
        look: Look,
        read: &mut Read<'_>,
    ) -> Result<Looked<<Self::Remote as Remote>::Observed>, CloudError>;
    /// One mutating call.
    fn perform(
        &mut self,
        now: Timestamp,
        id: &<Self::Remote as Remote>::Id,
        action: &<Self::Remote as Remote>::Action,
        password: Option<&Password>,
    ) -> Result<(), CloudError>;
    /// Whether AWS still has something to do to the thing of this name, which must exist.
    fn is_busy(&self, name: &str) -> bool;
    /// Everything that helps to understand a failure.
    fn report(&self) -> Vec<String>;
    /// Passwords that must not be told.
    fn passwords(&self) -> Vec<String> {
        Vec::new()
    }
    /// The operator's process was replaced, and with it what its clients remembered.
    fn forget(&mut self) {}
}

/// A kind that can be simulated.
pub trait Object:
    Kind + PartialEq + HasSpec<Spec: Clone + PartialEq> + HasStatus<Status: Clone + Debug + Default + Serialize>
{
    type Service: Service<Remote = Self::Remote>;

    fn shared_mut(spec: &mut Self::Spec) -> &mut SharedSpec;
}
