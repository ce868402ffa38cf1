//! What actions put on the wire.

use std::collections::BTreeMap;

use super::wire::Wire;
use super::*;
use crate::aws::{Action as _, Cloud};

pub(in crate::aws) type Members = BTreeMap<String, String>;

/// What this action sends when it is all that happens on the wire.
pub(super) async fn sent(action: Action) -> Members {
    sent_over(Wire::new(), action).await
}

pub(super) async fn sent_over(wire: Wire, action: Action) -> Members {
    let operation = action.operation();
    let wire = wire.answering(operation, "");
    wire.aws().perform(&id(), &action, Some(&password())).await.unwrap();
    let asked = wire.once(operation);
    assert_eq!(asked.host, "rds.eu-central-1.amazonaws.com");
    asked.members()
}

pub(in crate::aws) fn members(pairs: &[(&str, &str)]) -> Members {
    pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

/// Members without those that `out` names (whole lists by their name), and with `more`.
pub(in crate::aws) fn but(mut all: Members, out: &[&str], more: &[(&str, &str)]) -> Members {
    for name in out {
        let before = all.len();
        all.retain(|member, _| member != name && !member.starts_with(&format!("{name}.")));
        assert_ne!(all.len(), before, "{name} was not there to be left out");
    }
    all.extend(members(more));
    all
}

/// Every member that [`full`] and [`tags`] make on the wire of CreateDBInstance, but the password.
pub(super) const FULL: &[(&str, &str)] = &[
    ("AdditionalStorageVolumes.member.1.AllocatedStorage", "200"),
    ("AdditionalStorageVolumes.member.1.IOPS", "3001"),
    ("AdditionalStorageVolumes.member.1.MaxAllocatedStorage", "400"),
    ("AdditionalStorageVolumes.member.1.StorageThroughput", "126"),
    ("AdditionalStorageVolumes.member.1.StorageType", "gp3"),
    ("AdditionalStorageVolumes.member.1.VolumeName", "rdsdbdata2"),
    ("AllocatedStorage", "100"),
    ("AutoMinorVersionUpgrade", "true"),
    ("AvailabilityZone", "eu-central-1a"),
    ("BackupRetentionPeriod", "7"),
    ("BackupTarget", "region"),
    ("CACertificateIdentifier", "rds-ca-rsa2048-g1"),
    ("CharacterSetName", "AL32UTF8"),
    ("CopyTagsToSnapshot", "true"),
    ("DBInstanceClass", "db.m6i.large"),
    ("DBInstanceIdentifier", "orders"),
    ("DBName", "ORDERS"),
    ("DBParameterGroupName", "orders-params"),
    ("DBSubnetGroupName", "private"),
    ("DatabaseInsightsMode", "advanced"),
    ("DedicatedLogVolume", "true"),
    ("DeletionProtection", "true"),
    ("DomainAuthSecretArn", "arn:aws:secretsmanager:eu-central-1:111122223333:secret:join"),
    ("DomainDnsIps.member.1", "10.0.0.1"),
    ("DomainDnsIps.member.2", "10.0.0.2"),
    ("DomainFqdn", "corp.example.com"),
    ("DomainOu", "OU=db,DC=corp"),
    ("EnableCloudwatchLogsExports.member.1", "alert"),
    ("EnableCloudwatchLogsExports.member.2", "audit"),
    ("EnableIAMDatabaseAuthentication", "true"),
    ("EnablePerformanceInsights", "true"),
    ("Engine", "oracle-ee"),
    ("EngineLifecycleSupport", "open-source-rds-extended-support"),
    ("EngineVersion", "19.0.0.0"),
    ("Iops", "3000"),
    ("KmsKeyId", "arn:aws:kms:eu-central-1:111122223333:key/k1"),
    ("LicenseModel", "bring-your-own-license"),
    ("MasterUserAuthenticationType", "password"),
    ("MasterUsername", "dba"),
    ("MaxAllocatedStorage", "500"),
    ("MonitoringInterval", "60"),
    ("MonitoringRoleArn", "arn:aws:iam::111122223333:role/monitoring"),
    ("MultiAZ", "true"),
    ("MultiTenant", "true"),
    ("NcharCharacterSetName", "AL16UTF16"),
    ("NetworkType", "DUAL"),
    ("OptionGroupName", "orders-options"),
    ("PerformanceInsightsKMSKeyId", "arn:aws:kms:eu-central-1:111122223333:key/k2"),
    ("PerformanceInsightsRetentionPeriod", "465"),
    ("Port", "1522"),
    ("PreferredBackupWindow", "02:00-03:00"),
    ("PreferredMaintenanceWindow", "sun:04:00-sun:05:00"),
    ("ProcessorFeatures.ProcessorFeature.1.Name", "coreCount"),
    ("ProcessorFeatures.ProcessorFeature.1.Value", "1"),
    ("PubliclyAccessible", "false"),
    ("StorageEncrypted", "true"),
    ("StorageThroughput", "250"),
    ("StorageType", "io2"),
    ("Tags.Tag.1.Key", "awsdb.dev/cluster"),
    ("Tags.Tag.1.Value", "uid-1"),
    ("Tags.Tag.2.Key", "awsdb.dev/owner"),
    ("Tags.Tag.2.Value", "prod/RdsInstance/shop/orders"),
    ("Timezone", "UTC"),
    ("VpcSecurityGroupIds.VpcSecurityGroupId.1", "sg-1"),
    ("VpcSecurityGroupIds.VpcSecurityGroupId.2", "sg-2"),
];

pub(super) fn all() -> Members {
    members(FULL)
}

/// What no copy takes: its source decides it.
pub(super) const SOURCE_DECIDES: &[&str] =
    &["StorageEncrypted", "MasterUsername", "MultiTenant", "CharacterSetName", "NcharCharacterSetName", "Timezone"];
