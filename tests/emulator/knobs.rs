//! What a test turns at the emulator: how long things take, how old they look. Tests run one at a time.

use crate::lab::{Lab, ask};

/// A knob of the emulator, at 0 again when dropped.
pub struct Knob<'a> {
    lab: &'a Lab,
    fact: &'static str,
}

impl<'a> Knob<'a> {
    /// From now on what is created takes this long to come into being.
    pub fn create_seconds(lab: &'a Lab, seconds: u32) -> Self {
        Self::turned(lab, "/aws/createSeconds", seconds)
    }

    /// From now on snapshots and backups are this old when they are made.
    pub fn snapshot_age(lab: &'a Lab, seconds: u32) -> Self {
        Self::turned(lab, "/aws/snapshotAge", seconds)
    }

    fn turned(lab: &'a Lab, fact: &'static str, value: u32) -> Self {
        let knob = Self { lab, fact };
        knob.set(value);
        knob
    }

    fn set(&self, value: u32) {
        let answer = ask("POST", &self.lab.fact(self.fact), &value.to_string()).unwrap();
        assert!(answer.contains(" 200 "), "{answer}");
    }
}

impl Drop for Knob<'_> {
    fn drop(&mut self) {
        self.set(0);
    }
}
