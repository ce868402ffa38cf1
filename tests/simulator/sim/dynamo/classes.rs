//! What the operator's clients make of a refusal.

use std::time::Duration;

use jiff::Timestamp;

use awsdb::aws::dynamo::{Action, Update};
use awsdb::aws::{Class, CloudError};

use super::Refused;

/// The answer of AWS as the operator gets it. A moment that AWS names is read by the simulation's clock: the classification
/// reads it by that of the machine.
pub fn error(operation: &'static str, (code, message): &Refused, now: Timestamp) -> CloudError {
    let moment = message.rsplit(' ').next().and_then(|word| word.parse::<Timestamp>().ok());
    let Some(moment) = moment else { return CloudError::answered(operation, code, message) };
    let without = message.replace(&moment.to_string(), "");
    let left = Duration::try_from(moment.duration_since(now)).unwrap_or_default();
    CloudError {
        class: Class::Timed(left),
        message: message.clone(),
        ..CloudError::answered(operation, code, &without)
    }
}

/// What the call was to bring about is so.
pub fn holds_already(action: &Action, error: &CloudError) -> bool {
    let gone = match action {
        Action::Delete | Action::Update(Update::DeleteIndex { .. }) => "ResourceNotFoundException",
        Action::DeregisterTarget { .. } => "ObjectNotFoundException",
        Action::DeletePolicy { .. } => "PolicyNotFoundException",
        _ => return error.class == Class::AlreadyDone,
    };
    error.class == Class::AlreadyDone || error.code == gone
}
