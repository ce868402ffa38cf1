//! The error tables of aws-rds.md 4.2, copied from the document rather than from the code: each code and each text has the
//! class that the document gives it.

use awsdb::aws::{Class, CloudError};

/// A class without its time.
fn word(class: Class) -> &'static str {
    match class {
        Class::Busy => "busy",
        Class::Exists => "exists",
        Class::Timed(_) => "timed",
        Class::Transient => "transient",
        Class::Rejected => "rejected",
        Class::Quota => "quota",
        Class::Denied => "denied",
        Class::Absent => "absent",
        Class::AlreadyDone => "done",
        Class::Dependency => "dependency",
    }
}

fn class(code: &str, message: &str) -> &'static str {
    word(CloudError::answered("ModifyDBInstance", code, message).class)
}

/// Row of the table, what it comes to, its codes.
const CODES: &[(&str, &str, &str)] = &[
    (
        "throttle/transient",
        "transient",
        "Throttling ThrottlingException RequestLimitExceeded InternalFailure ServiceUnavailable",
    ),
    (
        "wait for state",
        "busy",
        "InvalidDBInstanceState InvalidDBClusterStateFault InvalidDBSnapshotState InvalidDBClusterSnapshotStateFault \
         InvalidGlobalClusterStateFault InvalidResourceStateFault InvalidBlueGreenDeploymentStateFault \
         InvalidDBSubnetGroupStateFault",
    ),
    (
        "not found (self)",
        "absent",
        "DBInstanceNotFound DBClusterNotFoundFault DBSnapshotNotFound DBClusterSnapshotNotFoundFault",
    ),
    (
        "missing dependency",
        "dependency",
        "DBSubnetGroupNotFoundFault DBParameterGroupNotFound DBClusterParameterGroupNotFound OptionGroupNotFoundFault \
         DBSecurityGroupNotFound CertificateNotFound DomainNotFoundFault GlobalClusterNotFoundFault \
         BackupPolicyNotFoundFault DBInstanceAutomatedBackupNotFound",
    ),
    (
        "conflict",
        "exists",
        "DBInstanceAlreadyExists DBClusterAlreadyExistsFault DBSnapshotAlreadyExists \
         DBClusterSnapshotAlreadyExistsFault BlueGreenDeploymentAlreadyExistsFault",
    ),
    ("conflict of roles", "done", "DBInstanceRoleAlreadyExists DBInstanceRoleNotFound"),
    (
        "quota",
        "quota",
        "InstanceQuotaExceeded StorageQuotaExceeded SnapshotQuotaExceeded SharedSnapshotQuotaExceeded \
         DBClusterQuotaExceededFault DBInstanceRoleQuotaExceeded DBClusterRoleQuotaExceeded \
         DBInstanceAutomatedBackupQuotaExceeded DBClusterAutomatedBackupQuotaExceededFault TenantDatabaseQuotaExceeded",
    ),
    (
        "capacity",
        "timed",
        "InsufficientDBInstanceCapacity InsufficientDBClusterCapacityFault InsufficientStorageClusterCapacity \
         ProvisionedIopsNotAvailableInAZFault",
    ),
    (
        "network/user",
        "rejected",
        "DBSubnetGroupDoesNotCoverEnoughAZs DBSubnetGroupNotAllowedFault InvalidSubnet InvalidVPCNetworkStateFault \
         InvalidDBSubnetGroupFault NetworkTypeNotSupported VpcEncryptionControlViolationException",
    ),
    (
        "user spec",
        "rejected",
        "InvalidParameterValue InvalidParameterCombination MissingParameter ValidationError StorageTypeNotSupported \
         InvalidRestoreFault PointInTimeRestoreNotEnabled DBUpgradeDependencyFailure SourceDatabaseNotSupportedFault \
         SourceClusterNotSupportedFault",
    ),
    ("time-limited", "timed", "StorageTypeNotAvailableFault"),
    (
        "permission",
        "denied",
        "AccessDenied AccessDeniedException UnauthorizedOperation NotAuthorized AuthorizationNotFound \
         KMSKeyNotAccessibleFault InvalidClientTokenId SignatureDoesNotMatch OptInRequired",
    ),
    // The document has it under permission; a token that ends is renewed by the credentials provider.
    ("permission that passes by itself", "transient", "ExpiredToken"),
];

/// AWS's words, with a code that alone would say something else, and what they come to.
const TEXTS: &[(&str, &str, &str)] = &[
    ("InvalidParameterCombination", "You can't modify it: a previous storage change is being optimized.", "timed"),
    (
        "InvalidParameterValue",
        "IAM role ARN value is invalid or does not include the required permissions for: ENHANCED_MONITORING",
        "timed",
    ),
    ("InvalidParameterCombination", "No modifications were requested", "done"),
    (
        "InvalidParameterCombination",
        "Cannot delete protected DB Instance, please disable deletion protection",
        "rejected",
    ),
    ("InvalidDBInstanceState", "Instance shop-orders is already being deleted.", "done"),
    ("InvalidDBInstanceState", "Please retry your request later", "busy"),
    ("InvalidParameterCombination", "Cannot change master user password on a Read Replica", "rejected"),
    ("InvalidParameterCombination", "You can't specify IOPS or storage throughput for engine postgres", "rejected"),
    ("InvalidParameterCombination", "To do this enable the Advanced mode of Database Insights", "rejected"),
    ("InvalidParameterCombination", "Cannot change VPC security group while doing a major version upgrade.", "busy"),
    ("InvalidParameterCombination", "The specified DB Instance is a member of a cluster.", "rejected"),
    (
        "InvalidParameterCombination",
        "Mirroring cannot be applied to instances with backup retention set to zero.",
        "rejected",
    ),
];

#[test]
fn codes_have_the_class_of_the_table() {
    for (row, expected, codes) in CODES {
        for code in codes.split_whitespace() {
            assert_eq!(class(code, ""), *expected, "{code} of {row}");
        }
    }
}

#[test]
fn texts_of_the_table_override_their_code() {
    for (code, text, expected) in TEXTS {
        assert_eq!(class(code, text), *expected, "{text}");
        assert_eq!(class(code, &text.to_uppercase()), *expected, "{text}, in any case");
    }
}

#[test]
fn a_text_that_is_rejected_says_what_to_do() {
    for (code, text, _) in TEXTS.iter().filter(|(.., expected)| *expected == "rejected") {
        assert!(CloudError::answered("ModifyDBInstance", code, text).remedy().is_some(), "{text}");
    }
}
