//! What the one who waits sees: a line that renews itself on a terminal, a line every ten seconds elsewhere. On stderr.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// What the whole is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whole {
    /// ItemCount of the table: AWS brings it up to date about every six hours.
    AboutItems(u64),
    /// Bytes of a file.
    Bytes(u64),
    Unknown,
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Reached {
    pub items: u64,
    pub bytes: u64,
    /// Capacity units of this run.
    pub units: f64,
}

/// Shows how far it is.
pub(super) struct Progress {
    whole: Whole,
    began: Instant,
    /// Items of earlier runs.
    before: u64,
    every: Duration,
    is_terminal: bool,
    shown: Instant,
    /// How far it is now.
    pub reached: Reached,
}

impl Progress {
    pub(super) fn new(whole: Whole, reached: Reached) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let every = if is_terminal { Duration::from_millis(200) } else { Duration::from_secs(10) };
        let now = Instant::now();
        Self { whole, began: now, before: reached.items, every, is_terminal, shown: now, reached }
    }

    /// Shows a line when it is time for one.
    pub(super) fn show(&mut self) {
        if self.shown.elapsed() < self.every {
            return;
        }
        self.shown = Instant::now();
        let line = line(self.whole, self.before, self.reached, self.began.elapsed());
        let mut stderr = std::io::stderr();
        // A closed stderr is no reason to stop.
        let _ = if self.is_terminal { write!(stderr, "\r\x1b[K{line}") } else { writeln!(stderr, "awsdb: {line}") };
    }

    /// Takes the line away.
    pub(super) fn clear(&self) {
        if self.is_terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

#[allow(clippy::cast_precision_loss)]
fn line(whole: Whole, before: u64, reached: Reached, took: Duration) -> String {
    let seconds = took.as_secs_f64().max(0.001);
    let speed = reached.items.saturating_sub(before) as f64 / seconds;
    let mut line = format!(
        "{} items, {speed:.0} items/s, {:.0} units/s",
        grouped(reached.items),
        // Never "-0".
        (reached.units / seconds).max(0.0),
    );
    let percent = |part: u64, all: u64| (part.saturating_mul(100) / all.max(1)).min(99);
    match whole {
        Whole::AboutItems(0) | Whole::Bytes(0) | Whole::Unknown => {}
        Whole::AboutItems(all) => {
            line.push_str(&format!(", about {} % of {}", percent(reached.items, all), grouped(all)));
        }
        Whole::Bytes(all) => line.push_str(&format!(", {} % of the file", percent(reached.bytes, all))),
    }
    line
}

/// 1234567 as 1,234,567.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_much_how_fast_and_about_how_far() {
        let reached = Reached { items: 12_345, bytes: 50, units: 4000.0 };
        let ten = Duration::from_secs(10);
        assert_eq!(
            line(Whole::AboutItems(20_000), 2_345, reached, ten),
            "12,345 items, 1000 items/s, 400 units/s, about 61 % of 20,000"
        );
        assert_eq!(
            line(Whole::Bytes(200), 0, reached, ten),
            "12,345 items, 1234 items/s, 400 units/s, 25 % of the file"
        );
        assert_eq!(line(Whole::AboutItems(0), 0, Reached::default(), Duration::ZERO), "0 items, 0 items/s, 0 units/s");
    }

    #[test]
    fn an_outdated_count_never_makes_more_than_99_percent() {
        let reached = Reached { items: 500, ..Reached::default() };
        assert!(line(Whole::AboutItems(100), 0, reached, Duration::from_secs(1)).ends_with("about 99 % of 100"));
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
