//! What an instance takes in its state (aws-rds.md 1.4): everything, everything but storage, only what mends it, nothing.

use crate::aws::rds::Instance;
use crate::conditions::Reason;
use crate::kind::{Inputs, Waiting};

use super::states::{State, remedies, state};

/// Not a field, but a cure: see [`remedies`].
pub const REBOOT: &str = "reboot";
/// Not a field of the settings, but a cure: see [`remedies`].
pub const PASSWORD: &str = "masterUserPassword";

/// What stands between a change and the instance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gate {
    /// Why no change is taken.
    pub any: Option<Waiting>,
    /// Why no change of storage is taken.
    pub storage: Option<Waiting>,
    /// What is taken all the same, because it mends the instance.
    pub remedies: &'static [&'static str],
    /// A call was accepted moments ago.
    pub settling: Option<Waiting>,
    /// Why the groups of a new family are not ready for an upgrade.
    pub upgrade: Option<Waiting>,
}

impl Gate {
    /// The gate of an instance.
    pub fn of(instance: &Instance, inputs: &Inputs) -> Self {
        let busy = |reason: Reason| {
            Some(Waiting::new(reason, format!("the instance is {}; changes wait until it takes them", instance.status)))
        };
        let mut gate = Gate { remedies: remedies(&instance.status), ..Gate::default() };
        match state(&instance.status) {
            State::Available => {}
            State::StorageBusy => gate.storage = busy(Reason::Busy),
            State::StorageFull => gate.any = busy(Reason::StorageFull),
            State::Mendable(_) | State::External(_) | State::Terminal(_) => gate.any = busy(Reason::Broken),
            State::Stopped => gate.any = busy(Reason::Stopped),
            _ => gate.any = busy(Reason::Updating),
        }
        if gate.storage.is_none() && instance.storage_operation.is_some() {
            gate.storage = busy(Reason::Busy);
        }
        if inputs.accepted && inputs.since_call("instance").is_some_and(|age| age < inputs.clocks.transition_poll) {
            // Right after a call AWS still shows the old state: a second call now would be refused, or repeat the first.
            gate.settling = Some(Waiting::new(Reason::Settling, "the last call was accepted moments ago"));
        }
        gate.any = gate.any.or_else(|| gate.settling.clone());
        gate
    }

    /// Why a certain change, or cure, is not taken.
    pub fn against(&self, what: &str) -> Option<Waiting> {
        if self.remedies.contains(&what) { self.settling.clone() } else { self.any.clone() }
    }
}
