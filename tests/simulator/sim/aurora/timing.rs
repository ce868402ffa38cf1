//! How long AWS takes, in seconds.

use super::super::service::Pace;

/// How long each thing takes.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// After a create, before the thing is listed.
    pub listed: i64,
    /// After a create, before the cluster is available; a member takes as long.
    pub create: i64,
    /// After an accepted change, while the status still says what it said.
    pub lag: i64,
    /// In `modifying`.
    pub modify: i64,
    /// Back in `available` between two sub-steps of a change.
    pub flap: i64,
    /// A workflow that goes on after a change of the capacity has ended.
    pub tail: i64,
    /// In `resetting-master-credentials`.
    pub password: i64,
    /// Taking a snapshot.
    pub snapshot: i64,
    /// Deleting.
    pub delete: i64,
    /// Rebooting, starting, stopping, failing over.
    pub power: i64,
    /// After an accepted change of the HTTP endpoint, a role or a custom endpoint.
    pub aside: i64,
}

impl Timing {
    /// Of a pace.
    pub fn of(pace: Pace) -> Self {
        match pace {
            Pace::Real => Self::real(),
            Pace::Quick => Self::quick(),
            Pace::Instant => Self::instant(),
        }
    }

    /// As RDS, with the long waits shortened.
    pub fn real() -> Self {
        Self {
            listed: 5,
            create: 120,
            lag: 20,
            modify: 60,
            flap: 10,
            tail: 40,
            password: 15,
            snapshot: 60,
            delete: 90,
            power: 30,
            aside: 25,
        }
    }

    /// The same shape in few rounds, for loops over every call.
    pub fn quick() -> Self {
        Self {
            listed: 3,
            create: 12,
            lag: 8,
            modify: 10,
            flap: 4,
            tail: 8,
            password: 8,
            snapshot: 10,
            delete: 15,
            power: 8,
            aside: 6,
        }
    }

    /// Everything holds as soon as it is accepted.
    pub fn instant() -> Self {
        Self {
            listed: 0,
            create: 0,
            lag: 0,
            modify: 0,
            flap: 0,
            tail: 0,
            password: 0,
            snapshot: 0,
            delete: 0,
            power: 0,
            aside: 0,
        }
    }
}
