//! Every call of both seams is numbered; a fault is something that happens to one of them.

use std::time::Duration;

use proptest::prelude::*;

/// Which of the two seams a call passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seam {
    Aws,
    Kubernetes,
}

/// One call, as it reached (or did not reach) the other side.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub seam: Seam,
    /// The AWS operation, or the name of the method of `Cluster`.
    pub operation: &'static str,
    /// What it was about, without secrets.
    pub detail: String,
    /// It would change something on the other side.
    pub writes: bool,
    /// The other side took it: false for lost requests and refusals.
    pub took_effect: bool,
    /// What happened to it, if anything did.
    pub fault: Option<Fault>,
}

/// What can happen to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process dies before it sends.
    CrashBefore,
    /// The process dies after the other side has acted, without reading the answer.
    CrashAfter,
    /// The request never arrives; the caller sees a time-out.
    RequestLost,
    /// The other side acts; the caller sees a time-out.
    ReplyLost,
    /// The other side refuses for being busy.
    Throttled,
    /// The caller sees a time-out, and the other side acts this much later.
    Late(Duration),
}

/// The faults that an exhaustive loop tries at every call.
pub const EVERY_FAULT: [Fault; 4] = [Fault::CrashBefore, Fault::CrashAfter, Fault::RequestLost, Fault::ReplyLost];

/// Which call a fault is for.
#[derive(Clone, Debug, PartialEq)]
pub enum At {
    /// The call of this number.
    Call(usize),
    /// The next call of this operation.
    Next(&'static str),
    /// Every call of this operation.
    Each(&'static str),
}

/// Any fault.
pub fn any_fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::CrashBefore),
        Just(Fault::CrashAfter),
        Just(Fault::RequestLost),
        Just(Fault::ReplyLost),
        Just(Fault::Throttled),
        (1u64..40).prop_map(|seconds| Fault::Late(Duration::from_secs(seconds))),
    ]
}

/// With a throttle, and with a call that AWS gets to after its caller has given up.
pub const FAULTS_AND_LATE_CALLS: [Fault; 6] = [
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::RequestLost,
    Fault::ReplyLost,
    Fault::Throttled,
    Fault::Late(Duration::from_secs(25)),
];
