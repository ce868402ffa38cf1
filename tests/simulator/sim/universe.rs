//! Both sides of the operator, the clock, and the numbered calls between them.

use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;

use awsdb::aws::{CloudError, Look, Looked, Password};
use awsdb::kind::{Action, Id, Observed};
use awsdb::kinds::rds::RdsInstance;

use super::faults::{At, Call, Fault, Seam};
use super::kube::Kube;
use super::service::{Object, Service};

/// A call that AWS gets to later than its caller waits.
#[derive(Clone)]
pub struct LateCall<K: Object> {
    pub at: Timestamp,
    pub id: Id<K>,
    pub action: Action<K>,
    pub password: Option<Password>,
}

/// Everything that outlives a crash of the operator.
#[derive(Clone)]
pub struct Universe<K: Object = RdsInstance> {
    pub now: Timestamp,
    pub aws: K::Service,
    pub kube: Kube<K>,
    pub calls: Vec<Call>,
    pub faults: Vec<(At, Fault)>,
    pub late: Vec<LateCall<K>>,
    pub crashed: bool,
}

impl<K: Object> Universe<K> {
    pub fn new(aws: K::Service, now: Timestamp) -> Self {
        let (kube, calls, faults, late) = (Kube::default(), Vec::new(), Vec::new(), Vec::new());
        Self { now, aws, kube, calls, faults, late, crashed: false }
    }

    /// Moves the clock and lets AWS do what is due.
    pub fn advance(&mut self, to: Timestamp) {
        loop {
            let next = self.late.iter().map(|late| late.at).min().filter(|at| *at <= to);
            let Some(at) = next else { break };
            self.now = self.now.max(at);
            self.aws.advance(self.now);
            let place = self.late.iter().position(|late| late.at == at).unwrap();
            let late = self.late.remove(place);
            let _ = self.aws.perform(self.now, &late.id, &late.action, late.password.as_ref());
        }
        self.now = self.now.max(to);
        self.aws.advance(self.now);
    }

    /// Answers a look; its further reads are calls of their own.
    pub fn observe(&mut self, id: &Id<K>, look: Look) -> Result<Looked<Observed<K>>, CloudError> {
        self.aws.advance(self.now);
        let Self { aws, calls, faults, crashed, .. } = self;
        let name = K::Service::name(id);
        let mut read = |operation| {
            let (number, fault) = enter(calls, faults, aws_call(operation, name.into(), false));
            calls[number].took_effect = fault.is_none();
            *crashed |= matches!(fault, Some(Fault::CrashBefore | Fault::CrashAfter));
            fault.map_or(Ok(()), |fault| Err(format!("{operation}: {fault:?}")))
        };
        aws.observe(id, look, &mut read)
    }
}

/// Numbers the call and tells what happens to it.
fn enter(calls: &mut Vec<Call>, faults: &mut Vec<(At, Fault)>, call: Call) -> (usize, Option<Fault>) {
    let number = calls.len();
    let fits = |at: &At| match at {
        At::Call(n) => *n == number,
        At::Next(operation) | At::Each(operation) => *operation == call.operation,
    };
    let place = faults.iter().position(|(at, _)| fits(at));
    let fault = place.map(|place| match &faults[place].0 {
        At::Each(_) => faults[place].1,
        _ => faults.remove(place).1,
    });
    calls.push(Call { fault, ..call });
    (number, fault)
}

/// The universe as the two seams and the test hold it.
pub struct Shared<K: Object>(Arc<Mutex<Universe<K>>>);

impl<K: Object> Clone for Shared<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K: Object> Shared<K> {
    pub fn new(universe: Universe<K>) -> Self {
        Self(Arc::new(Mutex::new(universe)))
    }

    pub fn lock(&self) -> MutexGuard<'_, Universe<K>> {
        self.0.lock().unwrap()
    }

    /// Lets a call pass, with whatever fault is planned for it.
    pub async fn pass<T: Send, E: Send>(
        &self,
        call: Call,
        late: Option<LateCall<K>>,
        act: impl FnOnce(&mut Universe<K>) -> Result<T, E> + Send,
        fail: impl FnOnce(&'static str) -> E + Send,
    ) -> Result<T, E> {
        let (number, fault) = {
            let mut universe = self.lock();
            let Universe { calls, faults, .. } = &mut *universe;
            enter(calls, faults, call)
        };
        let act = |universe: &mut Universe<K>| {
            let answer = act(universe);
            universe.calls[number].took_effect = answer.is_ok();
            answer
        };
        let answer = match fault {
            None => act(&mut self.lock()),
            Some(Fault::CrashBefore) => self.crash().await,
            Some(Fault::CrashAfter) => {
                let _ = act(&mut self.lock());
                self.crash().await
            }
            Some(Fault::RequestLost) => Err(fail("Timeout")),
            Some(Fault::Throttled) => Err(fail("Throttling")),
            Some(Fault::ReplyLost) => {
                let _ = act(&mut self.lock());
                Err(fail("Timeout"))
            }
            Some(Fault::Late(by)) => {
                let mut universe = self.lock();
                let at = universe.now + by;
                universe.late.extend(late.map(|late| LateCall { at, ..late }));
                Err(fail("Timeout"))
            }
        };
        let died_within = self.lock().crashed;
        if died_within { self.crash().await } else { answer }
    }

    /// The process is gone: nothing after this is ever polled.
    async fn crash<T>(&self) -> T {
        self.lock().crashed = true;
        std::future::pending().await
    }
}

/// A call of the AWS seam.
pub fn aws_call(operation: &'static str, detail: String, writes: bool) -> Call {
    Call { seam: Seam::Aws, operation, detail, writes, took_effect: false, fault: None }
}

/// A call of the Kubernetes seam.
pub fn kube_call(operation: &'static str, detail: String, writes: bool) -> Call {
    Call { seam: Seam::Kubernetes, operation, detail, writes, took_effect: false, fault: None }
}

/// A failure of the AWS seam that says nothing about what AWS did.
pub fn aws_failure(operation: &'static str, code: &str) -> CloudError {
    match code {
        "Throttling" => CloudError::answered(operation, code, "Rate exceeded"),
        _ => CloudError::transport(operation, code, "no answer within 8 s"),
    }
}
