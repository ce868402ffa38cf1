//! What AWS answers when it does not do what was asked, classified once, at the border:
//! by text where the code says too little, then by code, then by transport (aws-rds.md 4.2). Here are the codes that all
//! services have, and RDS's; others keep theirs beside their calls.

use std::time::Duration;

use jiff::Timestamp;

use super::until::until;
use super::{dynamo, tagging};

/// What an error means for the next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The thing is in a state that refuses the call: look again, plan again.
    Busy,
    /// The name is taken: look who has it.
    Exists,
    /// Not before this much time has passed.
    Timed(Duration),
    /// Throttled, timed out, or AWS is unwell: the same call later.
    Transient,
    /// AWS will not take these values: only the user can mend it.
    Rejected,
    /// A limit of the account.
    Quota,
    /// A right or a key is missing.
    Denied,
    /// The thing is not there.
    Absent,
    /// What was asked for already holds.
    AlreadyDone,
    /// Something that the call names is not there yet.
    Dependency,
}

/// The only error that leaves `aws/`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {code}: {message}")]
pub struct CloudError {
    /// What it means.
    pub class: Class,
    /// The AWS operation that failed, e.g. `CreateDBInstance`.
    pub operation: &'static str,
    /// AWS's error code, or ours: `Timeout`, `Unreachable` and `Unreadable` for the transport, `NoCredentials` and
    /// `NotSent` for calls that did not leave.
    pub code: String,
    /// AWS's words, one line, free of request ids and times so that a repeat is the same text.
    pub message: String,
}

/// Quota and capacity are looked at again after this long.
const LATER: Duration = Duration::from_secs(15 * 60);

impl CloudError {
    /// Classifies an answer by AWS's code and words.
    pub fn answered(operation: &'static str, code: &str, message: &str) -> Self {
        let message = steady(message);
        let class = classify(operation, code, &message, Timestamp::now());
        Self { class, operation, code: code.into(), message }
    }

    /// An answer that never came, or could not be read: the outcome is unknown.
    pub fn transport(operation: &'static str, code: &str, message: &str) -> Self {
        Self { class: Class::Transient, operation, code: code.into(), message: steady(message) }
    }

    /// AWS says that this was too fast.
    pub fn is_throttle(&self) -> bool {
        self.class == Class::Transient && is_throttle(&self.code)
    }

    /// What failed, what AWS said, and what to do. `fields` follows the operation: empty, or a text in parentheses.
    pub fn sentence(&self, fields: &str) -> String {
        let remedy = self.remedy().map(|remedy| format!("; {remedy}")).unwrap_or_default();
        format!("{}{fields}: AWS says {}: {}{remedy}", self.operation, self.code, self.message)
    }

    /// What the user can do about it, where AWS's words do not say.
    pub fn remedy(&self) -> Option<&'static str> {
        worded(rows(self.operation), &self.code, &self.message).and_then(|row| row.3).or(match self.class {
            Class::Denied => {
                Some("grant the operator's AWS identity this action (awsdb iam-policy lists them) and the KMS key")
            }
            Class::Quota => Some("raise the quota in AWS Service Quotas or free some of it"),
            _ => None,
        })
    }
}

/// Drops what differs between two answers of the same kind (request ids), so that a condition
/// which quotes AWS does not change at every retry.
fn steady(message: &str) -> String {
    let one_line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut = one_line.find(" (Service:").or_else(|| one_line.find("; Request ID:"));
    let mut text = match cut {
        Some(at) => one_line[..at].to_string(),
        None => one_line,
    };
    if text.len() > 1000 {
        let end = (0..=1000).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

/// What a service says: one service's words must not change what another's mean.
pub(super) struct Rows {
    /// Codes of this service, before those that all have.
    pub codes: Codes,
    /// Words of this service.
    pub texts: &'static [Text],
}

/// Codes by what they mean.
pub(super) type Codes = &'static [(Class, &'static [&'static str])];

/// Words that say more than their code: with which code (empty: with any), part of the message in lower case, what it means,
/// and what to do about it. AWS does not promise these texts; without a match the code decides.
pub(super) type Text = (&'static str, &'static str, Class, Option<&'static str>);

const RDS: Rows = Rows { codes: &[], texts: TEXTS };

fn rows(operation: &str) -> &'static Rows {
    dynamo::errors::rows(operation).or_else(|| tagging::rows(operation)).unwrap_or(&RDS)
}

const TEXTS: &[Text] = &[
    ("", "storage change is being optimized", Class::Timed(LATER), None),
    ("", "storage optimization is in progress", Class::Timed(LATER), None),
    (
        "",
        "does not include the required permissions",
        Class::Timed(Duration::from_secs(300)),
        Some("check the role's trust policy and rights"),
    ),
    (
        "",
        "enhanced_monitoring",
        Class::Timed(Duration::from_secs(300)),
        Some("check the monitoring role's trust policy and rights"),
    ),
    ("", "no modifications were requested", Class::AlreadyDone, None),
    ("", "is already being deleted", Class::AlreadyDone, None),
    ("", "your request later", Class::Busy, None),
    ("", "not currently in the available state", Class::Busy, None),
    ("", "still contains db instances in non-deleting state", Class::Busy, None),
    ("", "disable deletion protection", Class::Rejected, Some("set spec.deletionProtection: false first")),
    (
        "",
        "cannot change master user password",
        Class::Rejected,
        Some("a read replica has its source's password: remove spec.credentials"),
    ),
    (
        "",
        "can't specify iops or storage throughput",
        Class::Rejected,
        Some("remove spec.iops and spec.storageThroughput, or enlarge spec.allocatedStorage beyond the gp3 threshold"),
    ),
    (
        "",
        "enable the advanced mode of database insights",
        Class::Rejected,
        Some("set spec.enablePerformanceInsights: true and spec.performanceInsightsRetentionPeriod: 465 or more"),
    ),
    ("", "cannot change vpc security group while doing a major version upgrade", Class::Busy, None),
    (
        "",
        "part of a global cluster",
        Class::Rejected,
        Some("remove the cluster from its global database first (RemoveFromGlobalCluster)"),
    ),
    ("", "member of a cluster", Class::Rejected, Some("members of a cluster are managed through their cluster")),
    (
        "",
        "mirroring cannot be applied",
        Class::Rejected,
        Some("set spec.backupRetentionPeriod above 0 before spec.multiAZ"),
    ),
    // Of snapshots.
    (
        "",
        "must specify new kms key",
        Class::Rejected,
        Some("name a KMS key of the copy's own region: kmsKeyId in spec.copies, or spec.kmsKeyId of a new object"),
    ),
    (
        "",
        "rds:addtagstoresource",
        Class::Denied,
        Some("tagging denied: grant rds:AddTagsToResource; nothing is created without ownership tags"),
    ),
];

/// Codes that say that this was too fast: nothing was done.
const THROTTLES: &[&str] = &[
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "SlowDown",
];

/// Whether this code says that a call came too fast.
pub(super) fn is_throttle(code: &str) -> bool {
    THROTTLES.contains(&code)
}

const CODES: Codes = &[
    (Class::Transient, THROTTLES),
    (
        Class::Transient,
        &[
            "InternalFailure",
            "InternalError",
            "InternalServerError",
            "ServiceUnavailable",
            "RequestTimeout",
            "ExpiredToken",
            "ExpiredTokenException",
            "RequestExpired",
        ],
    ),
    (
        Class::Busy,
        &[
            "InvalidDBInstanceState",
            "InvalidDBClusterState",
            "InvalidDBClusterEndpointState",
            "InvalidDBClusterAutomatedBackupState",
            "InvalidDBSecurityGroupState",
            "InvalidDBShardGroupState",
            "InvalidDBSnapshotState",
            "InvalidDBClusterSnapshotState",
            "InvalidGlobalClusterState",
            "InvalidResourceState",
            "InvalidBlueGreenDeploymentState",
            "InvalidDBSubnetGroupState",
            "InvalidDBParameterGroupState",
        ],
    ),
    (
        Class::Absent,
        &[
            "DBInstanceNotFound",
            "DBClusterNotFound",
            "DBSnapshotNotFound",
            "DBClusterSnapshotNotFound",
            "DBClusterEndpointNotFound",
            // Of the Data API, which names a cluster by its ARN.
            "ResourceNotFound",
        ],
    ),
    (
        Class::Dependency,
        &[
            "DBSubnetGroupNotFound",
            "DBParameterGroupNotFound",
            "DBClusterParameterGroupNotFound",
            "OptionGroupNotFound",
            "DBSecurityGroupNotFound",
            "CertificateNotFound",
            "DomainNotFound",
            "GlobalClusterNotFound",
            "BackupPolicyNotFound",
            "DBInstanceAutomatedBackupNotFound",
            "DBClusterAutomatedBackupNotFound",
            "SourceNotFound",
            // Of a copy that AWS is to keep elsewhere.
            "CustomAvailabilityZoneNotFound",
            "ResourceNotFoundException",
        ],
    ),
    (
        Class::Exists,
        &[
            "DBInstanceAlreadyExists",
            "DBClusterAlreadyExists",
            "DBSnapshotAlreadyExists",
            "DBClusterSnapshotAlreadyExists",
            "BlueGreenDeploymentAlreadyExists",
            "DBParameterGroupAlreadyExists",
            "DBSubnetGroupAlreadyExists",
            "DBClusterEndpointAlreadyExists",
        ],
    ),
    (
        Class::AlreadyDone,
        &[
            "DBInstanceRoleAlreadyExists",
            "DBInstanceRoleNotFound",
            "DBClusterRoleAlreadyExists",
            "DBClusterRoleNotFound",
        ],
    ),
    (
        Class::Quota,
        &[
            "InstanceQuotaExceeded",
            "StorageQuotaExceeded",
            "SnapshotQuotaExceeded",
            "SharedSnapshotQuotaExceeded",
            "DBClusterQuotaExceeded",
            "DBClusterEndpointQuotaExceeded",
            "DBInstanceRoleQuotaExceeded",
            "DBClusterRoleQuotaExceeded",
            "DBInstanceAutomatedBackupQuotaExceeded",
            "DBClusterAutomatedBackupQuotaExceeded",
            "TenantDatabaseQuotaExceeded",
            "DBParameterGroupQuotaExceeded",
            "DBSubnetGroupQuotaExceeded",
            "DBSubnetQuotaExceeded",
            "QuotaExceeded",
        ],
    ),
    (
        Class::Timed(Duration::from_secs(10 * 60)),
        &[
            "InsufficientDBInstanceCapacity",
            "InsufficientDBClusterCapacity",
            "InsufficientStorageClusterCapacity",
            "ProvisionedIopsNotAvailableInAZ",
            "StorageTypeNotAvailable",
        ],
    ),
    (
        Class::Denied,
        &[
            "AccessDenied",
            "AccessDeniedException",
            "UnauthorizedOperation",
            "NotAuthorized",
            "AuthorizationNotFound",
            "KMSKeyNotAccessible",
            "InvalidClientTokenId",
            "SignatureDoesNotMatch",
            "OptInRequired",
            "UnrecognizedClientException",
            "MissingAuthenticationToken",
        ],
    ),
    (
        Class::Rejected,
        &[
            "InvalidParameterValue",
            "InvalidParameterCombination",
            "MissingParameter",
            "ValidationError",
            "ValidationException",
            "StorageTypeNotSupported",
            "InvalidRestore",
            "PointInTimeRestoreNotEnabled",
            "DBUpgradeDependencyFailure",
            "SourceDatabaseNotSupported",
            "SourceClusterNotSupported",
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "DBSubnetGroupNotAllowed",
            "InvalidSubnet",
            // Of a subnet group that is to lose a subnet in which something still runs.
            "SubnetAlreadyInUse",
            "InvalidVPCNetworkState",
            "InvalidDBSubnetGroup",
            "NetworkTypeNotSupported",
            "VpcEncryptionControlViolationException",
            "InvalidParameterException",
            "InvalidRequestException",
        ],
    ),
];

/// An unknown code is retried slowly and quoted, never guessed at.
fn classify(operation: &str, code: &str, message: &str, now: Timestamp) -> Class {
    let rows = rows(operation);
    let code = plain(code);
    let by_code = rows.codes.iter().chain(CODES).find(|(_, codes)| codes.contains(&code)).map(|(class, _)| *class);
    // A throttle may quote anything; its code is certain.
    if by_code == Some(Class::Transient) {
        let names_moment = message.to_lowercase().contains("again after");
        let moment = names_moment.then(|| until(message, now)).flatten();
        return moment.map_or(Class::Transient, Class::Timed);
    }
    match worded(rows, code, message).map(|row| row.2).or(by_code).unwrap_or(Class::Transient) {
        Class::Timed(usual) => Class::Timed(until(message, now).unwrap_or(usual)),
        class => class,
    }
}

/// Some answers spell a code with `Fault`.
fn plain(code: &str) -> &str {
    code.strip_suffix("Fault").unwrap_or(code)
}

fn worded(rows: &Rows, code: &str, message: &str) -> Option<&'static Text> {
    let lower = message.to_lowercase();
    let code = plain(code);
    rows.texts.iter().find(|row| (row.0.is_empty() || row.0 == code) && lower.contains(row.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class_of(code: &str, message: &str) -> Class {
        classify("ModifyDBInstance", code, message, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn every_code_of_the_table_is_listed_once_and_takes_both_spellings() {
        let mut seen = std::collections::BTreeSet::new();
        for (class, codes) in CODES {
            for code in *codes {
                assert!(seen.insert(code), "{code} is listed twice");
                assert_eq!(class_of(code, ""), *class, "{code}");
                assert_eq!(class_of(&format!("{code}Fault"), ""), *class, "{code}Fault");
            }
        }
    }

    #[test]
    fn words_override_the_code_but_not_a_throttle() {
        for (_, text, class, _) in TEXTS {
            assert_eq!(class_of("InvalidParameterCombination", &text.to_uppercase()), *class, "{text}");
            assert_eq!(class_of("Throttling", text), Class::Transient, "{text}");
        }
    }

    #[test]
    fn an_unknown_code_is_retried_and_quoted() {
        let error = CloudError::answered("CreateDBInstance", "BrandNewFault", "something new");
        assert_eq!(error.class, Class::Transient);
        assert_eq!(error.to_string(), "CreateDBInstance: BrandNewFault: something new");
    }

    #[test]
    fn request_ids_do_not_reach_the_message() {
        let error = CloudError::answered(
            "ModifyDBInstance",
            "InvalidParameterValue",
            "bad\nclass (Service: Rds, Request ID: 1-2)",
        );
        assert_eq!(error.message, "bad class");
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let error = CloudError::answered("ModifyDBInstance", "InvalidParameterValue", &"ä".repeat(2000));
        assert!(error.message.len() <= 1004 && error.message.ends_with('…'));
    }
}
