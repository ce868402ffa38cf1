//! RDS DB instances with the groups that belong to them: what is looked at, and every call.
//!
//! [`settings`] holds every field of an instance; `look` reads and `calls` sends; `create` and `modify` map fields to
//! requests, `read` maps answers back.

pub(super) mod calls;
pub(super) mod create;
pub(super) mod events;
pub(super) mod instances;
pub(super) mod look;
pub(super) mod modify;
pub mod normalise;
pub(super) mod read;
pub mod settings;
pub mod version;

pub use calls::OPERATIONS;
pub use settings::Settings;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::owner::Tags;
use super::{Password, PasswordUse, Seen};

/// The remote of RdsInstance.
#[derive(Debug)]
pub struct RdsRemote;

impl super::Remote for RdsRemote {
    type Id = Id;
    type Observed = Observed;
    type Action = Action;
}

/// What to look at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Id {
    /// Region of everything here.
    pub region: String,
    /// DBInstanceIdentifier.
    pub identifier: String,
    /// Parameter groups to read: the one wanted first, then older ones of ours.
    pub parameter_groups: Vec<String>,
    /// Subnet group to read.
    pub subnet_group: Option<String>,
    /// Where the instance comes from: read only while there is no instance.
    pub source: Option<SourceId>,
    /// Read the manual snapshots of the instance (during deletion only).
    pub final_snapshots: bool,
    /// Read the password that RDS keeps in Secrets Manager.
    pub managed_password: bool,
}

impl Id {
    /// Whether a sweep of the instances tells when a look would show something new: not of the password that RDS keeps, which
    /// changes without a trace on the instance, nor of snapshots.
    fn is_swept(&self) -> bool {
        !self.managed_password && !self.final_snapshots
    }
}

/// Names the thing that a new instance is made from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SourceId {
    /// DBSnapshotIdentifier, or its ARN.
    Snapshot(String),
    /// DBInstanceIdentifier, or an ARN for a replica's source in another region.
    Instance(String),
    /// DbiResourceId: works after the source was deleted, if its backups were retained.
    ResourceId(String),
    /// ARN of retained or replicated automated backups.
    AutomatedBackups(String),
}

/// Everything that one object owns or depends on in RDS.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The instance.
    pub instance: Seen<Instance>,
    /// Each parameter group of [`Id::parameter_groups`].
    pub parameter_groups: BTreeMap<String, Seen<ParameterGroup>>,
    /// The subnet group.
    pub subnet_group: Seen<SubnetGroup>,
    /// The source.
    pub source: Seen<Source>,
    /// Manual snapshots of this identifier.
    pub snapshots: Seen<Vec<Snapshot>>,
    /// The password of `MasterUserSecret`.
    pub managed_password: Seen<Password>,
}

impl Observed {
    /// Nothing was read yet.
    pub fn unread() -> Self {
        let unread = || "not asked for".to_string();
        Self {
            instance: Seen::Unread(unread()),
            parameter_groups: BTreeMap::new(),
            subnet_group: Seen::Unread(unread()),
            source: Seen::Unread(unread()),
            snapshots: Seen::Unread(unread()),
            managed_password: Seen::Unread(unread()),
        }
    }
}

/// A DB instance as DescribeDBInstances shows it, normalised.
#[derive(Clone, Debug, Default, PartialEq, Hash)]
pub struct Instance {
    /// DBInstanceArn.
    pub arn: String,
    /// DbiResourceId.
    pub resource_id: String,
    /// DBInstanceStatus, an open set.
    pub status: String,
    /// Endpoint.Address and Endpoint.Port, absent until late in `creating`.
    pub endpoint: Option<(String, i32)>,
    /// Every field in force.
    pub settings: Settings,
    /// PendingModifiedValues, in the same fields.
    pub pending: Settings,
    /// PendingModifiedValues.MasterUserPassword is there (masked).
    pub password_pending: bool,
    /// PendingModifiedValues.PendingCloudwatchLogsExports is there.
    pub logs_pending: bool,
    /// TagList.
    pub tags: Tags,
    /// AssociatedRoles: feature name to (role ARN, status).
    pub roles: BTreeMap<String, (String, String)>,
    /// DBParameterGroups[0].ParameterApplyStatus.
    pub parameter_apply_status: Option<String>,
    /// OptionGroupMemberships: name to status.
    pub option_groups: BTreeMap<String, String>,
    /// VpcSecurityGroups whose status is not `active`.
    pub security_groups_changing: bool,
    /// DomainMemberships: domain to status.
    pub domains: BTreeMap<String, String>,
    /// ReadReplicaDBInstanceIdentifiers and ReadReplicaDBClusterIdentifiers.
    pub replicas: BTreeSet<String>,
    /// ReadReplicaSourceDBInstanceIdentifier or ReadReplicaSourceDBClusterIdentifier.
    pub replica_source: Option<String>,
    /// StatusInfos of type "read replication" whose Normal is false: the message.
    pub replication_broken: Option<String>,
    /// DBClusterIdentifier: a member of a cluster, never managed here.
    pub cluster: Option<String>,
    /// StorageOperationStatus with its percentage, while one runs.
    pub storage_operation: Option<String>,
    /// MasterUserSecret: (SecretArn, SecretStatus).
    pub master_secret: Option<(String, String)>,
    /// AwsBackupRecoveryPointArn is set: AWS Backup owns retention and backup window.
    pub aws_backup: bool,
    /// CertificateDetails.ValidTill.
    pub certificate_valid_till: Option<Timestamp>,
    /// PercentProgress.
    pub progress: Option<String>,
    /// AutomaticRestartTime of a stopped instance.
    pub automatic_restart: Option<Timestamp>,
    /// SecondaryAvailabilityZone.
    pub secondary_zone: Option<String>,
    /// ListenerEndpoint (SQL Server Always On).
    pub listener: Option<(String, i32)>,
    /// StorageEncryptionType is `sse-rds`: encrypted with a key that AWS owns, although StorageEncrypted says false.
    pub encrypted_by_aws: bool,
}

impl Instance {
    /// Whether AWS is working on it.
    pub fn is_moving(&self) -> bool {
        !matches!(self.status.as_str(), "available" | "stopped")
            || self.password_pending
            || self.logs_pending
            || self.parameter_apply_status.as_deref() == Some("applying")
    }
}

/// A DB parameter group of ours with the values that were set on it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParameterGroup {
    /// DBParameterGroupFamily.
    pub family: String,
    /// DBParameterGroupArn.
    pub arn: String,
    /// Parameters whose source is `user`.
    pub values: BTreeMap<String, String>,
    /// Its tags.
    pub tags: Tags,
}

/// A DB subnet group of ours.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SubnetGroup {
    /// DBSubnetGroupArn.
    pub arn: String,
    /// SubnetIdentifier of each subnet.
    pub subnet_ids: BTreeSet<String>,
    /// Its tags.
    pub tags: Tags,
}

/// What a new instance is made from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Source {
    /// ARN.
    pub arn: String,
    /// Status: a snapshot must be `available`.
    pub status: String,
    /// Engine.
    pub engine: String,
    /// EngineVersion: a restore that names none gets the region's default instead, which can be lower.
    pub engine_version: Option<String>,
    /// Its tags; `None` where they cannot be read (a shared snapshot, another region).
    pub tags: Option<Tags>,
    /// BackupRetentionPeriod in days, of an instance: a replica needs more than 0.
    pub backup_retention: Option<i32>,
}

/// A manual DB snapshot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// DBSnapshotIdentifier.
    pub identifier: String,
    /// ARN.
    pub arn: String,
    /// Status.
    pub status: String,
    /// DbiResourceId of the instance that it was taken of.
    pub resource_id: String,
    /// Its tags.
    pub tags: Tags,
}

/// The four ways to make an instance, with what only that way needs.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// CreateDBInstance.
    New,
    /// RestoreDBInstanceFromDBSnapshot.
    Snapshot(String),
    /// RestoreDBInstanceToPointInTime; without a time, the latest restorable one.
    PointInTime { source: SourceId, at: Option<Timestamp> },
    /// CreateDBInstanceReadReplica.
    Replica(String),
}

/// ManageMasterUserPassword at creation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Managed {
    /// MasterUserSecretKmsKeyId; without it, aws/secretsmanager.
    pub kms_key_id: Option<String>,
}

/// CloudwatchLogsExportConfiguration: a difference, not a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogExports {
    /// EnableLogTypes.
    pub enable: BTreeSet<String>,
    /// DisableLogTypes.
    pub disable: BTreeSet<String>,
}

impl LogExports {
    /// From the log types that are exported to those that are wanted.
    pub fn towards(wanted: &BTreeSet<String>, is: Option<&BTreeSet<String>>) -> Self {
        let none = BTreeSet::new();
        let is = is.unwrap_or(&none);
        Self { enable: wanted.difference(is).cloned().collect(), disable: is.difference(wanted).cloned().collect() }
    }
}

/// One ModifyDBInstance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Modification {
    /// Members to send; `enable_cloudwatch_logs_exports` is sent by `logs` instead.
    pub settings: Settings,
    /// The difference of the log exports.
    pub logs: Option<LogExports>,
    /// ApplyImmediately.
    pub apply_immediately: bool,
    /// AllowMajorVersionUpgrade: only ever next to an engine version.
    pub allow_major_version_upgrade: bool,
    /// UseDefaultProcessorFeatures: clears the processor features.
    pub default_processor_features: bool,
    /// DisableDomain: leaves the directory.
    pub disable_domain: bool,
}

/// Every mutating RDS call that an RdsInstance makes.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// CreateDBSubnetGroup.
    CreateSubnetGroup { name: String, subnet_ids: BTreeSet<String>, tags: Tags },
    /// ModifyDBSubnetGroup.
    ModifySubnetGroup { name: String, subnet_ids: BTreeSet<String> },
    /// DeleteDBSubnetGroup.
    DeleteSubnetGroup { name: String },
    /// CreateDBParameterGroup.
    CreateParameterGroup { name: String, family: String, tags: Tags },
    /// ModifyDBParameterGroup, at most 20 parameters; dynamic ones at once, static ones at the next reboot.
    SetParameters { name: String, values: BTreeMap<String, String> },
    /// ResetDBParameterGroup, at most 20 parameters.
    ResetParameters { name: String, names: BTreeSet<String> },
    /// DeleteDBParameterGroup.
    DeleteParameterGroup { name: String },
    /// One of the four creating calls; members that the origin does not take are left out.
    Create { origin: Origin, settings: Box<Settings>, tags: Tags, password: PasswordUse, managed: Option<Managed> },
    /// ModifyDBInstance.
    Modify(Box<Modification>),
    /// ModifyDBInstance with nothing but MasterUserPassword (the stored next one).
    SetPassword,
    /// ModifyDBInstance with ManageMasterUserPassword; turning it off carries the stored next password.
    ManagePassword { managed: bool, kms_key_id: Option<String> },
    /// PromoteReadReplica.
    Promote { backup_retention_period: Option<i32>, preferred_backup_window: Option<String> },
    /// RebootDBInstance.
    Reboot,
    /// StartDBInstance.
    Start,
    /// StopDBInstance.
    Stop,
    /// AddRoleToDBInstance.
    AddRole { feature: String, role: String },
    /// RemoveRoleFromDBInstance.
    RemoveRole { feature: String, role: String },
    /// AddTagsToResource.
    Tag { arn: String, tags: Tags },
    /// RemoveTagsFromResource.
    Untag { arn: String, keys: BTreeSet<String> },
    /// DeleteDBInstance: with a final snapshot, or explicitly without.
    Delete { final_snapshot: Option<String>, delete_automated_backups: bool },
}

impl super::Action for Action {
    fn operation(&self) -> &'static str {
        match self {
            Action::CreateSubnetGroup { .. } => "CreateDBSubnetGroup",
            Action::ModifySubnetGroup { .. } => "ModifyDBSubnetGroup",
            Action::DeleteSubnetGroup { .. } => "DeleteDBSubnetGroup",
            Action::CreateParameterGroup { .. } => "CreateDBParameterGroup",
            Action::SetParameters { .. } => "ModifyDBParameterGroup",
            Action::ResetParameters { .. } => "ResetDBParameterGroup",
            Action::DeleteParameterGroup { .. } => "DeleteDBParameterGroup",
            Action::Create { origin: Origin::New, .. } => "CreateDBInstance",
            Action::Create { origin: Origin::Snapshot(_), .. } => "RestoreDBInstanceFromDBSnapshot",
            Action::Create { origin: Origin::PointInTime { .. }, .. } => "RestoreDBInstanceToPointInTime",
            Action::Create { origin: Origin::Replica(_), .. } => "CreateDBInstanceReadReplica",
            Action::Modify(_) | Action::SetPassword | Action::ManagePassword { .. } => "ModifyDBInstance",
            Action::Promote { .. } => "PromoteReadReplica",
            Action::Reboot => "RebootDBInstance",
            Action::Start => "StartDBInstance",
            Action::Stop => "StopDBInstance",
            Action::AddRole { .. } => "AddRoleToDBInstance",
            Action::RemoveRole { .. } => "RemoveRoleFromDBInstance",
            Action::Tag { .. } => "AddTagsToResource",
            Action::Untag { .. } => "RemoveTagsFromResource",
            Action::Delete { .. } => "DeleteDBInstance",
        }
    }

    fn password(&self) -> PasswordUse {
        match self {
            Action::Create { password, .. } => *password,
            Action::SetPassword | Action::ManagePassword { managed: false, .. } => PasswordUse::Next,
            _ => PasswordUse::None,
        }
    }

    fn creates(&self) -> bool {
        matches!(self, Action::Create { .. })
    }

    fn deletes(&self) -> bool {
        matches!(self, Action::Delete { .. })
    }
}

#[cfg(test)]
pub(super) mod tests;
