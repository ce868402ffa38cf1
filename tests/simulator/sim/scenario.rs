//! A scenario is run once without a fault, to number its calls; then once more for every call and every fault.

use std::panic::{AssertUnwindSafe, catch_unwind};

use awsdb::kinds::rds::RdsInstance;

use super::faults::{At, EVERY_FAULT, Fault};
use super::service::Object;
use super::universe::Universe;
use super::{Setup, Simulation};

type Act<K> = dyn Fn(&mut Simulation<K>);
type Ask<K, T> = dyn Fn(&Simulation<K>) -> T;

/// What is done, from where, and what must hold at the end.
pub struct Scenario<K: Object = RdsInstance> {
    pub before: Universe<K>,
    pub act: Box<Act<K>>,
    pub done: Box<Ask<K, bool>>,
    pub check: Box<Ask<K, ()>>,
}

/// Rounds that a fault may cost on top of the undisturbed life.
const PATIENCE: usize = 40;

impl<K: Object> Scenario<K> {
    fn start(&self) -> Simulation<K> {
        let mut sim = Simulation::over(self.before.clone(), Setup::default());
        (self.act)(&mut sim);
        sim
    }

    fn finish(&self, mut sim: Simulation<K>, limit: usize, what: &str) -> Simulation<K> {
        while !(self.done)(&sim) {
            assert!(sim.rounds < limit, "{what}: not done after {limit} rounds\n{}", sim.report());
            sim.round();
        }
        // What is still on its way lands, and nothing comes undone.
        sim.run(300);
        assert!((self.done)(&sim), "{what}: it came undone\n{}", sim.report());
        sim
    }

    /// The life without a fault: its first call, the one after its last, and its rounds.
    fn undisturbed(&self) -> (usize, usize, usize) {
        let start = self.before.calls.len();
        let plain = self.finish(self.start(), 400, "without a fault");
        (self.check)(&plain);
        let end = plain.mark();
        assert!(end > start + 4, "the scenario makes calls");
        (start, end, plain.rounds)
    }

    pub fn survives_every_fault(&self) {
        self.survives_each(&EVERY_FAULT);
    }

    /// Each of these faults at each call.
    pub fn survives_each(&self, faults: &[Fault]) {
        let (start, end, rounds) = self.undisturbed();
        for number in start..end {
            for fault in faults {
                self.survives(&[(number, *fault)], rounds + PATIENCE);
            }
        }
    }

    /// Two crashes, each after one of the first calls.
    pub fn survives_two_crashes_within(&self, calls: usize) {
        let (start, end, rounds) = self.undisturbed();
        let end = end.min(start + calls);
        for first in start..end {
            for second in first + 1..end {
                let both = [(first, Fault::CrashAfter), (second, Fault::CrashAfter)];
                self.survives(&both, rounds + 2 * PATIENCE);
            }
        }
    }

    fn survives(&self, faults: &[(usize, Fault)], limit: usize) {
        let mut sim = self.start();
        for (number, fault) in faults {
            sim.fault(At::Call(*number), *fault);
        }
        let what = format!("{faults:?}");
        let sim = self.finish(sim, limit, &what);
        let check = AssertUnwindSafe(|| (self.check)(&sim));
        if catch_unwind(check).is_err() {
            panic!("with {what}\n{}", sim.report());
        }
    }
}

/// What is after some preparation.
pub fn universe<K: Object>(prepare: impl FnOnce(&mut Simulation<K>)) -> Universe<K> {
    let mut sim = Simulation::quick();
    prepare(&mut sim);
    sim.snapshot()
}
