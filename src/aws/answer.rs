//! What an answer says beyond success and failure, for every service: that a thing is not there, that there is another page,
//! that a part was not read.

use std::collections::BTreeSet;

use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};

use super::clients::unreadable;
use super::{CloudError, Seen};

/// `None`: AWS says that it is not there.
pub(super) type Found<T> = Result<Option<T>, CloudError>;

/// A page and the marker of the next.
pub(super) type Page<'a, T> = BoxFuture<'a, Result<(Option<Vec<T>>, Option<String>), CloudError>>;

/// Every page of a listing. One that ends early must not pass for the whole, so a marker that comes twice is an error.
pub(super) async fn pages<'a, T>(
    operation: &'static str,
    ask: impl Fn(Option<String>) -> Page<'a, T>,
) -> Result<Vec<T>, CloudError> {
    let (mut all, mut marker, mut followed) = (Vec::new(), None, BTreeSet::new());
    loop {
        let (page, next) = ask(marker).await?;
        all.extend(page.unwrap_or_default());
        match next.filter(|next| !next.is_empty()) {
            None => return Ok(all),
            Some(next) if !followed.insert(next.clone()) => {
                return Err(unreadable(operation, "a next page: the same marker came twice"));
            }
            next => marker = next,
        }
    }
}

/// So many calls of one look are under way at once: some of AWS's rates are ten a second for a whole account.
const AT_ONCE: usize = 5;

/// What all of them say, a few at a time.
pub(super) async fn few<T>(asking: Vec<BoxFuture<'_, T>>) -> Vec<T> {
    stream::iter(asking).buffered(AT_ONCE).collect().await
}

/// Whether AWS gave this code; some answers spell it with `Fault`.
pub(super) fn is(error: &CloudError, code: &str) -> bool {
    error.code.strip_suffix("Fault").unwrap_or(&error.code) == code
}

/// The answer, or nothing when AWS says by this code that there is no such thing.
pub(super) fn present<T>(answer: Result<T, CloudError>, code: &str) -> Found<T> {
    match answer {
        Err(error) if is(&error, code) => Ok(None),
        answer => answer.map(Some),
    }
}

/// A member that AWS always sends is missing: its name. Nothing is assumed in its place.
pub(super) type Missing = &'static str;

pub(super) fn complete<T>(operation: &'static str, read: Result<T, Missing>) -> Result<T, CloudError> {
    read.map_err(|member| unreadable(operation, member))
}

pub(super) fn seen<T>(found: Found<T>) -> Seen<T> {
    match found {
        Ok(Some(value)) => Seen::Present(value),
        Ok(None) => Seen::Absent,
        Err(error) => Seen::Unread(error.to_string()),
    }
}

pub(super) async fn asked<T>(look: Option<impl Future<Output = Found<T>>>) -> Seen<T> {
    match look {
        Some(look) => seen(look.await),
        None => Seen::Unread("not asked for".into()),
    }
}
