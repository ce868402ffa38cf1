//! Weekly windows as AWS writes them, `ddd:hh:mm-ddd:hh:mm` in UTC: for steps that AWS itself would not defer.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::kind::When;
use crate::spec::DisruptivePolicy;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const WEEK: i64 = 7 * 24 * 60;

/// Whether a moment lies in a window; `None` when the text is no window.
pub fn is_open(window: &str, now: Timestamp) -> Option<bool> {
    let (start, end) = parse(window)?;
    let at = minute_of_week(now);
    let length = (end - start).rem_euclid(WEEK);
    Some((at - start).rem_euclid(WEEK) < length)
}

fn parse(window: &str) -> Option<(i64, i64)> {
    let lower = window.to_ascii_lowercase();
    let (start, end) = lower.split_once('-')?;
    Some((minute(start)?, minute(end)?))
}

fn minute(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let name = parts.next()?;
    let day = DAYS.iter().position(|day| *day == name)? as i64;
    let hour: i64 = parts.next()?.parse().ok().filter(|hour| *hour < 24)?;
    let minute: i64 = parts.next()?.parse().ok().filter(|minute| *minute < 60)?;
    Some((day * 24 + hour) * 60 + minute)
}

fn minute_of_week(now: Timestamp) -> i64 {
    let here = now.to_zoned(TimeZone::UTC);
    let day = i64::from(here.weekday().to_monday_zero_offset());
    (day * 24 + i64::from(here.hour())) * 60 + i64::from(here.minute())
}

/// How the user wants disruption to be timed, and whether now is the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timetable {
    policy: DisruptivePolicy,
    in_window: Option<bool>,
}

impl Timetable {
    /// From the object's policy and the maintenance window in force, if there is one.
    pub fn new(policy: DisruptivePolicy, window: Option<&String>, now: Timestamp) -> Self {
        Self { policy, in_window: window.and_then(|window| is_open(window, now)) }
    }

    /// The policy.
    pub fn policy(self) -> DisruptivePolicy {
        self.policy
    }

    /// When a disruptive step may run that AWS itself would not defer.
    pub fn held(self) -> When {
        match (self.policy, self.in_window) {
            (DisruptivePolicy::Immediate, _) | (DisruptivePolicy::Window, Some(true)) => When::Now,
            (DisruptivePolicy::Window, Some(false)) => When::Window,
            (DisruptivePolicy::Window, None) | (DisruptivePolicy::Approve, _) => When::Approval,
        }
    }

    /// When a disruptive step may run that the user asks for by name: a promotion, a stop.
    pub fn asked(self) -> When {
        if self.policy == DisruptivePolicy::Approve { When::Approval } else { When::Now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_window_is_open_from_its_first_minute_to_before_its_last() {
        // 2026-11-22 is a Sunday.
        for (now, open) in [
            ("2026-11-22T02:59:59Z", false),
            ("2026-11-22T03:00:00Z", true),
            ("2026-11-22T03:59:59Z", true),
            ("2026-11-22T04:00:00Z", false),
        ] {
            assert_eq!(is_open("sun:03:00-sun:04:00", at(now)), Some(open), "{now}");
        }
    }

    #[test]
    fn a_window_may_span_the_end_of_the_week() {
        assert_eq!(is_open("sun:23:30-mon:00:30", at("2026-11-23T00:10:00Z")), Some(true));
        assert_eq!(is_open("Sun:23:30-Mon:00:30", at("2026-11-22T23:40:00Z")), Some(true));
        assert_eq!(is_open("sun:23:30-mon:00:30", at("2026-11-22T23:20:00Z")), Some(false));
    }

    #[test]
    fn what_is_no_window_is_never_open() {
        for text in ["", "sun", "sun:25:00-sun:26:00", "xyz:00:00-sun:01:00"] {
            assert_eq!(is_open(text, at("2026-11-22T03:00:00Z")), None, "{text}");
        }
    }
}
