//! What DynamoDB and Application Auto Scaling say when they do not do what was asked (1.9). Both put much under one code, so
//! the words decide.

use std::time::Duration;

use super::calls::OPERATIONS;
use crate::aws::error::{Codes, Rows, Text};
use crate::aws::{Class, snapshots};

/// What ends by itself, within seconds.
const SOON: Class = Class::Timed(Duration::from_secs(15));
/// What waits for another change of the table.
const LATER: Class = Class::Timed(Duration::from_secs(30));
/// A budget, where AWS does not name the moment.
const HOUR: Class = Class::Timed(Duration::from_secs(3600));

const LIMIT: &str = "LimitExceededException";
const INVALID: &str = "ValidationException";

const TEXTS: &[Text] = &[
    (LIMIT, "tags are being updated", SOON, None),
    (LIMIT, "only 1 online index", SOON, None),
    (LIMIT, "only 50", SOON, None),
    (LIMIT, "simultaneous", SOON, None),
    (LIMIT, "decreases", HOUR, None),
    (LIMIT, "encryption mode", HOUR, None),
    (LIMIT, "tableclass", HOUR, None),
    (LIMIT, "table class", HOUR, None),
    ("ResourceInUseException", "already exists", Class::Exists, None),
    (INVALID, "will not change", Class::AlreadyDone, None),
    (INVALID, "timetolive is already", Class::AlreadyDone, None),
    (INVALID, "already has an enabled stream", Class::AlreadyDone, None),
    (INVALID, "no stream to disable", Class::AlreadyDone, None),
    (INVALID, "already encrypted", Class::AlreadyDone, None),
    (INVALID, "precision is already set", Class::AlreadyDone, None),
    (INVALID, "were not part of the global table", Class::AlreadyDone, None),
    (INVALID, "fixed interval", Class::Timed(Duration::from_secs(600)), None),
    (INVALID, "acted as a source region", HOUR, None),
    (INVALID, "while table is creating", LATER, None),
    (INVALID, "while table is in", LATER, None),
    (INVALID, "while the replica is being", LATER, None),
    (INVALID, "while replica server-side encryption", LATER, None),
    (INVALID, "not in a valid state", LATER, None),
    (
        INVALID,
        "pay-per-request or autoscaled",
        Class::Timed(Duration::from_secs(60)),
        Some("a table with replicas needs spec.autoscaling with write, and each index too, or PAY_PER_REQUEST"),
    ),
    (INVALID, "deletion protection first", Class::Rejected, Some("set spec.deletionProtection: false first")),
    (
        INVALID,
        "only one targettrackingscaling policy",
        Class::Rejected,
        Some("remove the other scaling policy of this capacity: AWS takes one"),
    ),
    (
        "AccessDeniedException",
        "dynamodb:tagresource",
        Class::Denied,
        Some("tagging denied: grant dynamodb:TagResource; nothing is created without ownership tags"),
    ),
];

const CODES: Codes = &[
    (
        Class::Transient,
        &[
            "ProvisionedThroughputExceededException",
            "ReplicatedWriteConflictException",
            // Of Application Auto Scaling.
            "ConcurrentUpdateException",
            "InternalServiceException",
        ],
    ),
    (
        Class::Busy,
        &[
            "ResourceInUseException",
            "TableInUseException",
            "BackupInUseException",
            "ContinuousBackupsUnavailableException",
            // An import of this name and token was asked for already.
            "ImportConflictException",
        ],
    ),
    (
        Class::Absent,
        &[
            "ResourceNotFoundException",
            "TableNotFoundException",
            "IndexNotFoundException",
            "PolicyNotFoundException",
            "ObjectNotFoundException",
        ],
    ),
    (Class::Exists, &["TableAlreadyExistsException", "GlobalTableAlreadyExistsException"]),
    (Class::AlreadyDone, &["ReplicaAlreadyExistsException", "ReplicaNotFoundException"]),
    (Class::Quota, &[LIMIT]),
    (Class::Denied, &["FailedResourceAccessException"]),
    (
        Class::Rejected,
        &[
            "BackupNotFoundException",
            "InvalidRestoreTimeException",
            "PointInTimeRecoveryUnavailableException",
            "ImportNotFoundException",
            "ItemCollectionSizeLimitExceededException",
            "IdempotentParameterMismatchException",
        ],
    ),
];

const ROWS: Rows = Rows { codes: CODES, texts: TEXTS };

/// The rows of these two services, if the operation is of one of them.
pub(in crate::aws) fn rows(operation: &str) -> Option<&'static Rows> {
    let is_ours = |name: &str| match name.split_once(':') {
        Some(("dynamodb" | "application-autoscaling", name)) => name == operation,
        _ => false,
    };
    OPERATIONS.iter().chain(snapshots::OPERATIONS).any(|name| is_ours(name)).then_some(&ROWS)
}
