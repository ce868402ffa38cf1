//! What AWS answers when it does not do what was asked, classified once, at the border:
//! by text where the code says too little, then by code, then by transport (aws-rds.md 4.2).

use std::time::Duration;

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
        Self { class: classify(code, &message), operation, code: code.into(), message }
    }

    /// An answer that never came, or could not be read: the outcome is unknown.
    pub fn transport(operation: &'static str, code: &str, message: &str) -> Self {
        Self { class: Class::Transient, operation, code: code.into(), message: steady(message) }
    }

    /// What failed, what AWS said, and what to do. `fields` follows the operation: empty, or a text in parentheses.
    pub fn sentence(&self, fields: &str) -> String {
        let remedy = self.remedy().map(|remedy| format!("; {remedy}")).unwrap_or_default();
        format!("{}{fields}: AWS says {}: {}{remedy}", self.operation, self.code, self.message)
    }

    /// What the user can do about it, where AWS's words do not say.
    pub fn remedy(&self) -> Option<&'static str> {
        let lower = self.message.to_lowercase();
        TEXTS.iter().find(|row| lower.contains(row.0)).and_then(|row| row.2).or(match self.class {
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

/// Words that say more than their code: part of the message in lower case, what it means, and what
/// to do about it. AWS does not promise these texts; without a match the code decides.
const TEXTS: &[(&str, Class, Option<&str>)] = &[
    ("storage change is being optimized", Class::Timed(LATER), None),
    ("storage optimization is in progress", Class::Timed(LATER), None),
    (
        "does not include the required permissions",
        Class::Timed(Duration::from_secs(300)),
        Some("check the role's trust policy and rights"),
    ),
    (
        "enhanced_monitoring",
        Class::Timed(Duration::from_secs(300)),
        Some("check the monitoring role's trust policy and rights"),
    ),
    ("no modifications were requested", Class::AlreadyDone, None),
    ("is already being deleted", Class::AlreadyDone, None),
    ("your request later", Class::Busy, None),
    ("disable deletion protection", Class::Rejected, Some("set spec.deletionProtection: false first")),
    (
        "cannot change master user password",
        Class::Rejected,
        Some("a read replica has its source's password: remove spec.credentials"),
    ),
    (
        "can't specify iops or storage throughput",
        Class::Rejected,
        Some("remove spec.iops and spec.storageThroughput, or enlarge spec.allocatedStorage beyond the gp3 threshold"),
    ),
    (
        "enable the advanced mode of database insights",
        Class::Rejected,
        Some("set spec.enablePerformanceInsights: true and spec.performanceInsightsRetentionPeriod: 465 or more"),
    ),
    ("cannot change vpc security group while doing a major version upgrade", Class::Busy, None),
    ("member of a cluster", Class::Rejected, Some("members of a cluster are managed through their cluster")),
    (
        "mirroring cannot be applied",
        Class::Rejected,
        Some("set spec.backupRetentionPeriod above 0 before spec.multiAZ"),
    ),
    (
        "rds:addtagstoresource",
        Class::Denied,
        Some("tagging denied: grant rds:AddTagsToResource; nothing is created without ownership tags"),
    ),
];

const CODES: &[(Class, &[&str])] = &[
    (
        Class::Transient,
        &[
            "Throttling",
            "ThrottlingException",
            "RequestLimitExceeded",
            "TooManyRequestsException",
            "SlowDown",
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
            "InvalidDBSnapshotState",
            "InvalidDBClusterSnapshotState",
            "InvalidGlobalClusterState",
            "InvalidResourceState",
            "InvalidBlueGreenDeploymentState",
            "InvalidDBSubnetGroupState",
            "InvalidDBParameterGroupState",
        ],
    ),
    (Class::Absent, &["DBInstanceNotFound", "DBClusterNotFound", "DBSnapshotNotFound", "DBClusterSnapshotNotFound"]),
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
            "SourceNotFound",
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
fn classify(code: &str, message: &str) -> Class {
    let lower = message.to_lowercase();
    // A throttle may quote anything; its code is certain.
    let code = code.strip_suffix("Fault").unwrap_or(code);
    let by_code = CODES.iter().find(|(_, codes)| codes.contains(&code)).map(|(class, _)| *class);
    if by_code == Some(Class::Transient) {
        return Class::Transient;
    }
    TEXTS
        .iter()
        .find(|(text, ..)| lower.contains(text))
        .map(|(_, class, _)| *class)
        .or(by_code)
        .unwrap_or(Class::Transient)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_table_is_listed_once_and_takes_both_spellings() {
        let mut seen = std::collections::BTreeSet::new();
        for (class, codes) in CODES {
            for code in *codes {
                assert!(seen.insert(code), "{code} is listed twice");
                assert_eq!(classify(code, ""), *class, "{code}");
                assert_eq!(classify(&format!("{code}Fault"), ""), *class, "{code}Fault");
            }
        }
    }

    #[test]
    fn words_override_the_code_but_not_a_throttle() {
        for (text, class, _) in TEXTS {
            assert_eq!(classify("InvalidParameterCombination", &text.to_uppercase()), *class, "{text}");
            assert_eq!(classify("Throttling", text), Class::Transient, "{text}");
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
