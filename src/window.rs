//! Weekly windows as AWS writes them, `ddd:hh:mm-ddd:hh:mm` in UTC: for steps that AWS itself would not defer.

use jiff::Timestamp;
use jiff::tz::TimeZone;

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
