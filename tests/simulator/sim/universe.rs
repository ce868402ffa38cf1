//! Both sides of the operator, the clock, and the numbered calls between them.

use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;

use awsdb::aws::rds::{Action, Id};
use awsdb::aws::{CloudError, Password};

use super::aws::Aws;
use super::faults::{At, Call, Fault, Seam};
use super::kube::Kube;

/// A call that AWS gets to later than its caller waits.
#[derive(Clone)]
pub struct LateCall {
    pub at: Timestamp,
    pub id: Id,
    pub action: Action,
    pub password: Option<Password>,
}

/// Everything that outlives a crash of the operator.
#[derive(Clone)]
pub struct Universe {
    pub now: Timestamp,
    pub aws: Aws,
    pub kube: Kube,
    pub calls: Vec<Call>,
    pub faults: Vec<(At, Fault)>,
    pub late: Vec<LateCall>,
    pub crashed: bool,
}

impl Universe {
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

    /// Numbers the call and tells what happens to it.
    fn enter(&mut self, call: Call) -> (usize, Option<Fault>) {
        let number = self.calls.len();
        let fits = |at: &At| match at {
            At::Call(n) => *n == number,
            At::Next(operation) | At::Each(operation) => *operation == call.operation,
        };
        let place = self.faults.iter().position(|(at, _)| fits(at));
        let fault = place.map(|place| match &self.faults[place].0 {
            At::Each(_) => self.faults[place].1,
            _ => self.faults.remove(place).1,
        });
        self.calls.push(Call { fault, ..call });
        (number, fault)
    }
}

/// The universe as the two seams and the test hold it.
#[derive(Clone)]
pub struct Shared(Arc<Mutex<Universe>>);

impl Shared {
    pub fn new(universe: Universe) -> Self {
        Self(Arc::new(Mutex::new(universe)))
    }

    pub fn lock(&self) -> MutexGuard<'_, Universe> {
        self.0.lock().unwrap()
    }

    /// Lets a call pass, with whatever fault is planned for it.
    pub async fn pass<T, E>(
        &self,
        call: Call,
        late: Option<LateCall>,
        act: impl FnOnce(&mut Universe) -> Result<T, E> + Send,
        fail: impl FnOnce(&'static str) -> E + Send,
    ) -> Result<T, E> {
        let (number, fault) = self.lock().enter(call);
        let act = |universe: &mut Universe| {
            let answer = act(universe);
            universe.calls[number].took_effect = answer.is_ok();
            answer
        };
        match fault {
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
        }
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
