//! The objects of a list wait here for their rounds and go a few at a time. The applier takes what is due in no order: with ten
//! thousand due after a start, what a user changes meanwhile would wait for most of them.

use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// An object that went before its round gives no place back, and must not hold up the others for ever.
const PATIENCE: Duration = Duration::from_secs(1);

/// Places of those that were let go and have not had their round.
#[derive(Clone)]
pub struct Backlog {
    free: Arc<Semaphore>,
    places: usize,
}

impl Backlog {
    /// With so many places.
    pub fn new(places: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(places)), places }
    }

    /// Lets each go when there is a place.
    pub fn paced<S: Stream>(&self, objects: S) -> impl Stream<Item = S::Item> + use<S> {
        let free = self.free.clone();
        objects.then(move |object| {
            let free = free.clone();
            async move {
                if let Ok(Ok(place)) = timeout(PATIENCE, free.acquire()).await {
                    place.forget();
                }
                object
            }
        })
    }

    /// A round has ended, of whichever object: one more may go.
    pub fn round_ended(&self) {
        if self.free.available_permits() < self.places {
            self.free.add_permits(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, stream};
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_more_go_than_there_are_places_until_a_round_ends() {
        let backlog = Backlog::new(2);
        let mut gone = Box::pin(backlog.paced(stream::iter(1..=4)));
        assert_eq!((gone.next().await, gone.next().await), (Some(1), Some(2)));
        assert_eq!(gone.next().now_or_never(), None);
        backlog.round_ended();
        assert_eq!(gone.next().now_or_never(), Some(Some(3)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_is_not_given_back_holds_the_others_up_for_a_moment_only() {
        let mut gone = Box::pin(Backlog::new(1).paced(stream::iter(1..=2)));
        let began = Instant::now();
        assert_eq!((gone.next().await, gone.next().await), (Some(1), Some(2)));
        assert_eq!(began.elapsed(), PATIENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn rounds_of_other_objects_make_no_more_places() {
        let backlog = Backlog::new(1);
        for _ in 0..5 {
            backlog.round_ended();
        }
        let mut gone = Box::pin(backlog.paced(stream::iter(1..=2)));
        assert_eq!(gone.next().await, Some(1));
        assert_eq!(gone.next().now_or_never(), None);
    }
}
