//! What AWS counts and no describe shows. A new table begins with nothing spent.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::super::desk::{Answer, refused};

/// What is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Budget {
    /// Lower capacity of the table or of an index.
    Decrease(Option<String>),
    Class,
    Encryption,
    TimeToLive,
    /// PROVISIONED to PAY_PER_REQUEST.
    OnDemand,
    Protection,
    Policy,
    Tags,
}

/// When what was spent.
#[derive(Clone, Debug, Default)]
pub struct Spent(BTreeMap<Budget, Vec<Timestamp>>);

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

impl Spent {
    pub fn spend(&mut self, budget: Budget, now: Timestamp) {
        self.0.entry(budget).or_default().push(now);
    }

    /// Refuses what is spent; a refusal spends nothing.
    pub fn check(&self, budget: &Budget, now: Timestamp) -> Answer {
        let times = self.0.get(budget).map(Vec::as_slice).unwrap_or_default();
        let Some(last) = times.last() else { return Ok(()) };
        let within = |seconds: i64| times.iter().filter(|at| now.duration_since(**at).as_secs() < seconds).count();
        let again = |seconds: i64| *last + SignedDuration::from_secs(seconds);
        let is_soon = |seconds: i64| now < again(seconds);
        let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
        match budget {
            Budget::Decrease(_) => {
                let today = times.iter().filter(|at| day(**at) == day(now)).count();
                if today < 4 || !is_soon(HOUR) {
                    return Ok(());
                }
                limit(format!(
                    "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. After the \
                     first 4 decreases, each subsequent decrease in the same UTC day can be performed at most once every 3600 \
                     seconds. Number of decreases today: {today}. Last decrease at {last}. Next decrease can be made at {}",
                    again(HOUR)
                ))
            }
            Budget::Class if within(30 * DAY) >= 2 => limit(
                "Subscriber limit exceeded: Updates to table class are limited to 2 times in 30 days per table".into(),
            ),
            Budget::Encryption if within(DAY) >= 4 && is_soon(6 * HOUR) => limit(format!(
                "Subscriber limit exceeded: Updates of the encryption mode are limited to 4 in 24 hours, then to one in 6 hours. \
                 Next update at {}",
                again(6 * HOUR)
            )),
            Budget::OnDemand if within(DAY) >= 4 => {
                limit("Subscriber limit exceeded: switches to on-demand mode are limited to 4 in 24 hours".into())
            }
            Budget::TimeToLive if is_soon(HOUR) => {
                refused("ValidationException", "Time to live has been modified multiple times within a fixed interval")
            }
            Budget::Protection | Budget::Policy if is_soon(15) => {
                refused("ThrottlingException", format!("Rate exceeded; try again after {}", again(15)))
            }
            Budget::Tags if is_soon(2) => {
                limit("Subscriber limit exceeded: The tags are being updated by another request".into())
            }
            _ => Ok(()),
        }
    }
}

fn limit(message: String) -> Answer {
    refused("LimitExceededException", message)
}
