//! The error tables of aws-rds.md 4.2 and of aws-dynamodb-elasticache-dms.md 1.9, copied from the documents rather than from
//! the code: each code and each text has the class that the document gives it.

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
    (
        "conflict of roles",
        "done",
        "DBInstanceRoleAlreadyExists DBInstanceRoleNotFound DBClusterRoleAlreadyExists DBClusterRoleNotFound",
    ),
    // Not in the document: what the calls of Aurora clusters answer besides, from AWS's model.
    (
        "Aurora, wait for state",
        "busy",
        "InvalidDBClusterEndpointStateFault InvalidDBClusterAutomatedBackupStateFault InvalidDBSecurityGroupState \
         InvalidDBShardGroupState",
    ),
    ("Aurora, not found", "absent", "DBClusterEndpointNotFoundFault ResourceNotFoundFault"),
    ("Aurora, missing dependency", "dependency", "DBClusterAutomatedBackupNotFoundFault"),
    ("Aurora, conflict", "exists", "DBClusterEndpointAlreadyExistsFault"),
    ("Aurora, quota", "quota", "DBClusterEndpointQuotaExceededFault"),
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
    ("InvalidParameterCombination", "DBCluster orders is not currently in the available state.", "busy"),
    (
        "InvalidParameterValue",
        "Cluster cannot be deleted, it still contains DB instances in non-deleting state.",
        "busy",
    ),
    ("InvalidDBClusterStateFault", "This cluster is a part of a global cluster, please remove it first", "rejected"),
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

/// DynamoDB and Application Auto Scaling: row of the table, what it comes to, with which operation, its codes.
const DYNAMO_CODES: &[(&str, &str, &str, &str)] = &[
    ("wait for state", "busy", "UpdateTable", "ResourceInUseException"),
    ("not found", "absent", "UpdateTable", "ResourceNotFoundException TableNotFoundException"),
    ("limit without words", "quota", "CreateTable", "LimitExceededException"),
    (
        "retry",
        "transient",
        "UpdateTable",
        "ThrottlingException RequestLimitExceeded InternalServerError ProvisionedThroughputExceededException",
    ),
    ("user error", "rejected", "UpdateTable", "ValidationException"),
    (
        "wait",
        "busy",
        "UpdateContinuousBackups",
        "ContinuousBackupsUnavailableException BackupInUseException TableInUseException",
    ),
    ("success", "done", "UpdateTable", "ReplicaAlreadyExistsException ReplicaNotFoundException"),
    (
        "terminal user error",
        "rejected",
        "RestoreTableFromBackup",
        "BackupNotFoundException InvalidRestoreTimeException PointInTimeRecoveryUnavailableException \
         ImportNotFoundException",
    ),
    ("restore of a name that is taken", "exists", "RestoreTableFromBackup", "TableAlreadyExistsException"),
    ("no policy", "absent", "DeleteResourcePolicy", "PolicyNotFoundException"),
    ("permission", "denied", "CreateTable", "AccessDeniedException UnrecognizedClientException"),
    ("permission that passes by itself", "transient", "CreateTable", "ExpiredTokenException"),
    ("autoscaling, retry", "transient", "PutScalingPolicy", "ConcurrentUpdateException InternalServiceException"),
    ("autoscaling, gone", "absent", "DeregisterScalableTarget", "ObjectNotFoundException"),
    ("autoscaling, permission", "denied", "RegisterScalableTarget", "FailedResourceAccessException"),
    ("autoscaling, quota", "quota", "RegisterScalableTarget", "LimitExceededException"),
];

const LIMIT: &str = "LimitExceededException";
const INVALID: &str = "ValidationException";

/// AWS's words with their code, and what they come to.
const DYNAMO_TEXTS: &[(&str, &str, &str)] = &[
    ("ResourceInUseException", "Table already exists: orders", "exists"),
    ("ResourceInUseException", "Attempt to change a resource which is still in use: Table is being updated", "busy"),
    (LIMIT, "Subscriber limit exceeded: Table tags are being updated: orders", "timed 15"),
    (
        LIMIT,
        "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
        "timed 15",
    ),
    (LIMIT, "Subscriber limit exceeded: Only 50 restore operations can be done simultaneously", "timed 15"),
    (LIMIT, "Subscriber limit exceeded: Only 10 tables can be created, updated, or deleted simultaneously", "timed 15"),
    (
        LIMIT,
        "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. Last decrease \
         at Wednesday, July 25, 2018 11:00:00 AM UTC. Next decrease can be made at Wednesday, July 25, 2018 12:00:00 PM \
         UTC",
        "timed 3600",
    ),
    (LIMIT, "Subscriber limit exceeded: Encryption mode changes are limited in the 24h window", "timed 3600"),
    (
        LIMIT,
        "Subscriber limit exceeded: Encryption mode changes are limited in the 24h window ending at Friday, January 1, \
         2100 at 12:00:00 AM UTC. Next changes can be made at Friday, January 1, 2100 at 12:00:00 AM UTC.",
        "timed 86400",
    ),
    (LIMIT, "Subscriber limit exceeded: Updates to TableClass are limited to 2 times in 30 day(s).", "timed 3600"),
    (LIMIT, "The requested ReadCapacityUnits, 50000, is above the per table maximum for the account", "quota"),
    (LIMIT, "This request would have caused the ReadCapacityUnits limit to be exceeded for the account", "quota"),
    (LIMIT, "Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of 20", "quota"),
    ("ThrottlingException", "Rate exceeded", "transient"),
    ("ThrottlingException", "Too many changes: try again after 2018-07-25T12:00:00Z", "transient"),
    ("ThrottlingException", "Too many changes: try again after 2100-01-01T00:00:00Z", "timed 86400"),
    (
        INVALID,
        "The provisioned throughput for the table will not change. The requested value equals the current",
        "done",
    ),
    (INVALID, "The provisioned throughput for the index by-state will not change.", "done"),
    (INVALID, "TimeToLive is already enabled", "done"),
    (INVALID, "TimeToLive is already disabled", "done"),
    (INVALID, "TimeToLive is active on a different AttributeName: current AttributeName is expires", "rejected"),
    (INVALID, "Table already has an enabled stream: TableName: orders", "done"),
    (INVALID, "Table has no stream to disable: TableName: orders", "done"),
    (INVALID, "One or more parameter values were invalid: Table is already encrypted by default", "done"),
    (
        INVALID,
        "One or more parameter values were invalid: Table is already encrypted with given KMSMasterKeyId.",
        "done",
    ),
    (INVALID, "Invalid Request: Precision is already set to the desired value of MICROSECOND for tableId: 1", "done"),
    (INVALID, "Time to live has been modified multiple times within a fixed interval", "timed 600"),
    (INVALID, "Cannot describe time to live while table is in CREATING state", "timed 30"),
    (INVALID, "Create/Update/Delete of replica is not allowed while the replica is being added to table", "timed 30"),
    (
        INVALID,
        "Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table in \
         the last 24 hours.",
        "timed 3600",
    ),
    (INVALID, "GSI write capacity should either be Pay-Per-Request or AutoScaled.", "timed 60"),
    (INVALID, "Table or Index is not in a valid state to update Key Access Insights", "timed 30"),
    (INVALID, "Table is not in a valid state to enable Kinesis Streaming Destination: must be DISABLED", "timed 30"),
    (
        INVALID,
        "Operation cannot be performed while replica server-side encryption status is in UPDATING state.",
        "timed 30",
    ),
    (INVALID, "Resource cannot be deleted as it is protected. Disable deletion protection first.", "rejected"),
    (INVALID, "Only one TargetTrackingScaling policy for a given metric specification is allowed.", "rejected"),
    ("AccessDeniedException", "User is not authorized to perform: dynamodb:TagResource on resource: x", "denied"),
];

/// A class with its seconds.
fn timed(class: Class) -> String {
    match class {
        Class::Timed(pause) => format!("timed {}", pause.as_secs()),
        class => word(class).into(),
    }
}

#[test]
fn dynamodb_codes_have_the_class_of_the_table() {
    for (row, expected, operation, codes) in DYNAMO_CODES {
        for code in codes.split_whitespace() {
            let class = CloudError::answered(operation, code, "").class;
            assert_eq!(word(class), *expected, "{code} of {row}");
        }
    }
}

#[test]
fn dynamodb_texts_decide_where_a_code_means_many_things() {
    for (code, text, expected) in DYNAMO_TEXTS {
        let class = |text: &str| timed(CloudError::answered("UpdateTable", code, text).class);
        assert_eq!(class(text), *expected, "{text}");
        assert_eq!(class(&text.to_uppercase()), *expected, "{text}, in any case");
    }
}

#[test]
fn the_words_of_one_service_mean_nothing_to_another() {
    let no_change = CloudError::answered("ModifyDBInstance", "ValidationException", "the value will not change");
    assert_eq!(word(no_change.class), "rejected");
    let later = CloudError::answered("UpdateTable", "ValidationException", "Please retry your request later");
    assert_eq!(word(later.class), "rejected");
    let gone = |operation| word(CloudError::answered(operation, "ResourceNotFoundException", "gone").class);
    assert_eq!((gone("DeleteTable"), gone("GetSecretValue")), ("absent", "dependency"));
}

#[test]
fn what_the_user_can_do_about_a_table_is_said() {
    for (text, words) in [
        ("Disable deletion protection first.", "spec.deletionProtection"),
        ("Table write capacity should either be Pay-Per-Request or AutoScaled.", "spec.autoscaling"),
        ("Only one TargetTrackingScaling policy for a given metric specification is allowed.", "scaling policy"),
    ] {
        let error = CloudError::answered("UpdateTable", "ValidationException", text);
        assert!(error.remedy().is_some_and(|remedy| remedy.contains(words)), "{text}");
        let elsewhere = CloudError::answered("UpdateTable", "InternalServerError", text);
        assert_eq!(elsewhere.remedy(), None, "of another code: {text}");
    }
}

/// Snapshots and backups: what it comes to, with which operations, its codes.
const SNAPSHOT_CODES: &[(&str, &str, &str)] = &[
    ("busy", "CreateDBSnapshot", "InvalidDBInstanceState InvalidDBSnapshotState"),
    ("busy", "CreateDBClusterSnapshot", "InvalidDBClusterStateFault InvalidDBClusterSnapshotStateFault"),
    ("busy", "CreateBackup", "TableInUseException BackupInUseException ContinuousBackupsUnavailableException"),
    ("busy", "DeleteBackup", "BackupInUseException"),
    ("absent", "CreateDBSnapshot", "DBInstanceNotFound"),
    ("absent", "CopyDBSnapshot DeleteDBSnapshot ModifyDBSnapshotAttribute", "DBSnapshotNotFound"),
    (
        "absent",
        "CopyDBClusterSnapshot DeleteDBClusterSnapshot ModifyDBClusterSnapshotAttribute",
        "DBClusterSnapshotNotFoundFault",
    ),
    ("absent", "CreateBackup", "TableNotFoundException"),
    ("exists", "CreateDBSnapshot CopyDBSnapshot", "DBSnapshotAlreadyExists"),
    ("exists", "CreateDBClusterSnapshot CopyDBClusterSnapshot", "DBClusterSnapshotAlreadyExistsFault"),
    (
        "quota",
        "CreateDBSnapshot CopyDBSnapshot CreateDBClusterSnapshot",
        "SnapshotQuotaExceeded SnapshotQuotaExceededFault",
    ),
    ("quota", "ModifyDBSnapshotAttribute ModifyDBClusterSnapshotAttribute", "SharedSnapshotQuotaExceeded"),
    ("quota", "CreateBackup DeleteBackup", "LimitExceededException"),
    ("denied", "CopyDBSnapshot CopyDBClusterSnapshot", "KMSKeyNotAccessibleFault AccessDenied"),
    ("denied", "CreateBackup DeleteBackup", "AccessDeniedException"),
    ("dependency", "CopyDBSnapshot", "CustomAvailabilityZoneNotFound"),
    ("rejected", "CopyDBSnapshot ModifyDBSnapshotAttribute", "InvalidParameterValue InvalidParameterCombination"),
    ("transient", "CreateDBSnapshot DeleteBackup", "ThrottlingException"),
];

#[test]
fn codes_of_snapshots_and_backups_have_the_class_of_the_table() {
    for (expected, operations, codes) in SNAPSHOT_CODES {
        for operation in operations.split_whitespace() {
            for code in codes.split_whitespace() {
                let operation: &'static str = operation;
                assert_eq!(word(CloudError::answered(operation, code, "").class), *expected, "{operation}: {code}");
            }
        }
    }
}

#[test]
fn a_copy_that_lacks_a_key_says_where_to_name_one() {
    let words = "Must specify new KMS key for cross region encrypted snapshot copy.";
    let error = CloudError::answered("CopyDBSnapshot", "InvalidParameterValue", words);
    assert_eq!(word(error.class), "rejected");
    assert!(error.remedy().is_some_and(|remedy| remedy.contains("spec.copies")), "{error}");
}
