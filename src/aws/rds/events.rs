//! RDS's own list of what happened. A hint and no more: it names instances that the sweep had better read at once. Nothing is
//! concluded from what it says, and nothing depends on it.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

use aws_sdk_rds::types::{Event, SourceType};
use futures::future::{FutureExt, TryFutureExt};

use crate::aws::CloudError;
use crate::aws::answer::pages;
use crate::aws::clients::Clients;

/// How often the list is read.
const EVERY: Duration = Duration::from_secs(60);
/// Minutes back, by AWS's clock: an event may be listed late.
const MINUTES: i32 = 5;

/// Tells the sweep of the instances what has changed, for as long as anybody is interested in any. Runs until it is dropped.
pub(in crate::aws) async fn follow(clients: &Clients) -> Infallible {
    let (mut feed, mut failed) = (Feed::default(), false);
    loop {
        tokio::time::sleep(EVERY).await;
        if clients.instances.oldest().is_none() {
            continue;
        }
        match listed(clients).await {
            Ok(events) => {
                let changed = feed.news(&events);
                clients.instances.hint(changed.iter().map(String::as_str));
                failed = false;
            }
            Err(error) if !failed => {
                tracing::info!(%error, "the events of RDS cannot be read: changes are seen by the sweep alone");
                failed = true;
            }
            Err(_) => {}
        }
    }
}

async fn listed(clients: &Clients) -> Result<Vec<Event>, CloudError> {
    const OPERATION: &str = "DescribeEvents";
    let request = clients.rds.describe_events().source_type(SourceType::DbInstance).duration(MINUTES);
    pages(OPERATION, |marker| {
        let page = clients.caller.call("rds", OPERATION, request.clone().set_marker(marker).send());
        page.map_ok(|page| (page.events, page.marker)).boxed()
    })
    .await
}

/// What the list said last, since its windows overlap.
#[derive(Default)]
struct Feed {
    /// Identifier, time and text of each event.
    told: BTreeSet<(String, i64, String)>,
}

impl Feed {
    /// Identifiers with an event that was not in the list before.
    fn news(&mut self, events: &[Event]) -> BTreeSet<String> {
        let key = |event: &Event| {
            let at = event.date().map_or(0, aws_smithy_types::DateTime::secs);
            Some((event.source_identifier()?.to_lowercase(), at, event.message().unwrap_or_default().into()))
        };
        let now: BTreeSet<(String, i64, String)> = events.iter().filter_map(key).collect();
        let changed = now.difference(&self.told).map(|(identifier, ..)| identifier.clone()).collect();
        self.told = now;
        changed
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;

    use super::*;

    fn event(identifier: &str, at: i64) -> Event {
        let event = Event::builder().source_identifier(identifier).date(DateTime::from_secs(at));
        event.message("DB instance restarted").build()
    }

    #[test]
    fn an_event_is_news_once_although_the_lists_overlap() {
        let mut feed = Feed::default();
        let names = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>();
        assert_eq!(names(feed.news(&[event("Orders", 1), event("orders", 2), event("users", 2)])), ["orders", "users"]);
        assert_eq!(names(feed.news(&[event("orders", 2), event("users", 3)])), ["users"]);
        assert!(feed.news(&[event("users", 3), Event::builder().build()]).is_empty());
    }
}
