//! What DynamoDB's codes and words mean (1.9), as long as `aws/error.rs` does not know them.

use std::time::Duration;

use awsdb::aws::{Class, CloudError};

use super::Refused;

/// Words that say more than their code.
const TEXTS: [(&str, Class); 19] = [
    ("table already exists", Class::Exists),
    ("tags are being updated", Class::Busy),
    ("only 1 online index", Class::Busy),
    ("only 50 restore", Class::Busy),
    ("decreases are limited", Class::Timed(Duration::from_secs(3600))),
    ("encryption mode", Class::Timed(Duration::from_secs(3600))),
    ("table class", Class::Timed(Duration::from_secs(3600))),
    ("switches to on-demand", Class::Timed(Duration::from_secs(3600))),
    ("fixed interval", Class::Timed(Duration::from_secs(1800))),
    ("will not change", Class::AlreadyDone),
    ("timetolive is already", Class::AlreadyDone),
    ("already has an enabled stream", Class::AlreadyDone),
    ("no stream to disable", Class::AlreadyDone),
    ("already encrypted", Class::AlreadyDone),
    ("precision is already", Class::AlreadyDone),
    ("while table is creating", Class::Busy),
    ("replica being added", Class::Busy),
    ("acted as a source region", Class::Busy),
    ("pay-per-request or autoscaled", Class::Busy),
];

const CODES: [(&str, Class); 12] = [
    ("ResourceInUseException", Class::Busy),
    ("ResourceNotFoundException", Class::Absent),
    ("TableNotFoundException", Class::Absent),
    ("TableAlreadyExistsException", Class::Exists),
    ("LimitExceededException", Class::Quota),
    ("ValidationException", Class::Rejected),
    ("ContinuousBackupsUnavailableException", Class::Busy),
    ("BackupInUseException", Class::Busy),
    ("ReplicaAlreadyExistsException", Class::AlreadyDone),
    ("ReplicaNotFoundException", Class::AlreadyDone),
    ("PolicyNotFoundException", Class::AlreadyDone),
    ("ObjectNotFoundException", Class::AlreadyDone),
];

/// The answer of AWS as the operator gets it.
pub fn error(operation: &'static str, (code, message): &Refused) -> CloudError {
    let answered = CloudError::answered(operation, code, message);
    let lower = message.to_lowercase();
    let by_text = TEXTS.iter().find(|(text, _)| lower.contains(text)).map(|(_, class)| *class);
    let by_code = CODES.iter().find(|(known, _)| known == code).map(|(_, class)| *class);
    match (code.starts_with("Throttling"), by_text.or(by_code)) {
        (false, Some(class)) => CloudError { class, ..answered },
        _ => answered,
    }
}
