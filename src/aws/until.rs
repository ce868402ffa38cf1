//! The moment that AWS names in a refusal: "Next decrease can be made at ...".

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;

/// Some budgets last a month. They are tried again sooner: a text that was misread must not stop anything for that long.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What stands before the moment, in texts that name others too (the last change, the end of the window).
const BEFORE: [&str; 2] = ["next ", "again after "];

/// `Wednesday, July 25, 2018 12:31:10 PM UTC`, also with `at` before the time; the day of the week is not needed.
const FORMATS: [&str; 2] = ["%B %d, %Y %I:%M:%S %p", "%B %d, %Y at %I:%M:%S %p"];

/// How long it is until the moment in the text. `None` when there is none, or it is over.
pub(super) fn until(text: &str, now: Timestamp) -> Option<Duration> {
    let lower = text.to_ascii_lowercase();
    let moment = match BEFORE.iter().filter_map(|before| lower.rfind(before)).min() {
        Some(at) => moments(&lower[at..]).next(),
        None => moments(&lower).last(),
    };
    let left = moment?.duration_since(now);
    let left = Duration::try_from(left).ok().filter(|left| !left.is_zero())?;
    Some(left.min(LONGEST))
}

/// Every moment in the text that can be read, in its order.
fn moments(text: &str) -> impl Iterator<Item = Timestamp> {
    let starts = std::iter::once(0).chain(text.match_indices(' ').map(|(at, _)| at + 1));
    starts.filter_map(|at| moment(&text[at..]))
}

/// The moment that the text begins with.
fn moment(text: &str) -> Option<Timestamp> {
    let word = text.split(' ').next().unwrap_or_default();
    if let Ok(moment) = word.trim_end_matches(['.', ',', ';', ')']).parse() {
        return Some(moment);
    }
    let read = |format| BrokenDownTime::parse_prefix(format, text).ok()?.0.to_datetime().ok();
    let time = FORMATS.iter().find_map(read)?;
    time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2018-07-25T11:31:10Z";

    fn seconds(text: &str) -> Option<u64> {
        until(text, NOW.parse().unwrap()).map(|left| left.as_secs())
    }

    #[test]
    fn the_moment_that_aws_names_is_read_in_each_of_its_forms() {
        for (text, expected) in [
            ("Next decrease can be made at Wednesday, July 25, 2018 12:00:00 PM UTC", 1730),
            (
                "Number of decreases today: 6. Last decrease at Wednesday, July 25, 2018 11:31:10 AM UTC. Next decrease \
                 can be made at Wednesday, July 25, 2018 12:31:10 PM UTC",
                3600,
            ),
            ("Next decrease can be made at Wednesday, July 25, 2018 at 1:01:10 PM Coordinated Universal Time.", 5400),
            ("Next decrease can be made at Thursday, July 26, 2018 at 12:00:00 AM Coordinated Universal Time.", 44930),
            (
                "Encryption mode changes are limited in the 24h window ending at Thursday, July 26, 2018 at 10:00:00 AM \
                 UTC. Next changes can be made at Wednesday, July 25, 2018 at 5:31:10 PM UTC.",
                21600,
            ),
            ("Too many changes: try again after 2018-07-25T11:31:25Z.", 15),
            ("Throttled until 2018-07-25T11:31:25.500Z", 15),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_moment_that_is_over_or_cannot_be_read_is_none_and_a_far_one_is_cut() {
        for text in [
            "",
            "Next decrease can be made at",
            "Next decrease can be made at Wednesday, July 25, 2018 11:31:10 AM UTC",
            "Next decrease can be made at Tuesday, July 24, 2018 11:31:10 PM UTC",
            "Next decrease can be made at Foursday, Brumaire 25, 2018 11:31:10 AM UTC",
            "Next decrease can be made at July 99, 2018 11:31:10 AM UTC",
            "Updates to TableClass are limited to 2 times in 30 day(s).",
            "nächster Versuch – später",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
        assert_eq!(seconds("Next change can be made at August 24, 2018 11:31:10 AM UTC"), Some(86400));
    }
}
