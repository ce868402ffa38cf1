//! An Aurora Serverless v2 cluster with its members, groups and custom endpoints: what AWS shows, and every mutating call
//! (aws-rds.md section 2).

mod settings;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

pub use settings::{EndpointType, MemberSettings, Scaling, Settings};

use super::owner::Tags;
use super::rds::{self, LogExports, Managed, ParameterGroup, Snapshot, Source, SubnetGroup};
use super::{Password, PasswordUse, Seen};

/// Class of every member.
pub const MEMBER_CLASS: &str = "db.serverless";

/// The remote of AuroraServerless.
#[derive(Debug)]
pub struct AuroraRemote;

impl super::Remote for AuroraRemote {
    type Id = Id;
    type Observed = Observed;
    type Action = Action;
}

/// What to look at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Id {
    /// Region of everything here.
    pub region: String,
    /// DBClusterIdentifier.
    pub identifier: String,
    /// Cluster parameter groups to read: the one wanted first, then older ones of ours.
    pub cluster_parameter_groups: Vec<String>,
    /// DB parameter groups of the members to read, likewise.
    pub parameter_groups: Vec<String>,
    /// Subnet group to read.
    pub subnet_group: Option<String>,
    /// Where the cluster comes from: read only while there is no cluster.
    pub source: Option<SourceId>,
    /// Read the custom endpoints of the cluster (DescribeDBClusterEndpoints).
    pub custom_endpoints: bool,
    /// Read the manual snapshots of the cluster (during deletion only).
    pub final_snapshots: bool,
    /// Read the password that RDS keeps in Secrets Manager.
    pub managed_password: bool,
    /// Read what capacities the engine version takes (ServerlessV2FeaturesSupport).
    pub capacities_of: Option<EngineVersion>,
}

/// An engine with a version, whole or a prefix; AWS's default version without one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EngineVersion {
    /// Engine.
    pub engine: String,
    /// EngineVersion.
    pub version: Option<String>,
}

/// Names the thing that a new cluster is made from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SourceId {
    /// DBClusterSnapshotIdentifier, or its ARN; a DB instance's snapshot only by ARN.
    Snapshot(String),
    /// DBClusterIdentifier of a cluster in this account and region.
    Cluster(String),
    /// DbClusterResourceId: works after the source was deleted, if its backups were retained.
    ResourceId(String),
}

/// Everything that one object owns or depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The cluster.
    pub cluster: Seen<Cluster>,
    /// Every DB instance of the cluster, by name; empty when there is none. Only read with the cluster.
    pub members: Seen<BTreeMap<String, Member>>,
    /// Each group of [`Id::cluster_parameter_groups`].
    pub cluster_parameter_groups: BTreeMap<String, Seen<ParameterGroup>>,
    /// Each group of [`Id::parameter_groups`].
    pub parameter_groups: BTreeMap<String, Seen<ParameterGroup>>,
    /// The subnet group.
    pub subnet_group: Seen<SubnetGroup>,
    /// The source.
    pub source: Seen<Source>,
    /// Custom endpoints by DBClusterEndpointIdentifier; the built-in ones are not among them.
    pub custom_endpoints: Seen<BTreeMap<String, CustomEndpoint>>,
    /// Manual snapshots of this identifier.
    pub snapshots: Seen<Vec<Snapshot>>,
    /// The password of `MasterUserSecret`.
    pub managed_password: Seen<Password>,
    /// What capacities the engine version takes.
    pub capacities: Seen<Capacities>,
}

impl Observed {
    /// Nothing was read yet.
    pub fn unread() -> Self {
        fn unread<T>() -> Seen<T> {
            Seen::Unread("not asked for".into())
        }
        Self {
            cluster: unread(),
            members: unread(),
            cluster_parameter_groups: BTreeMap::new(),
            parameter_groups: BTreeMap::new(),
            subnet_group: unread(),
            source: unread(),
            custom_endpoints: unread(),
            snapshots: unread(),
            managed_password: unread(),
            capacities: unread(),
        }
    }
}

/// A cluster as DescribeDBClusters shows it, normalised.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cluster {
    /// DBClusterArn.
    pub arn: String,
    /// DbClusterResourceId.
    pub resource_id: String,
    /// Status, an open set.
    pub status: String,
    /// Endpoint: the writer's.
    pub endpoint: Option<String>,
    /// ReaderEndpoint.
    pub reader_endpoint: Option<String>,
    /// Every field in force; `storageType` is `aurora` where AWS leaves it out, `enableHttpEndpoint` is
    /// HttpEndpointEnabled, `secondsUntilAutoPause` is absent while the least capacity is above 0.
    pub settings: Settings,
    /// PendingModifiedValues, in the same fields.
    pub pending: Settings,
    /// PendingModifiedValues.MasterUserPassword is there (masked).
    pub password_pending: bool,
    /// PendingModifiedValues.PendingCloudwatchLogsExports is there.
    pub logs_pending: bool,
    /// TagList.
    pub tags: Tags,
    /// AssociatedRoles: feature name (empty: none given) to (role ARN, status).
    pub roles: BTreeMap<String, (String, String)>,
    /// DBClusterMembers by instance name.
    pub members: BTreeMap<String, Membership>,
    /// VpcSecurityGroups whose status is not `active`.
    pub security_groups_changing: bool,
    /// LocalWriteForwardingStatus is `enabling` or `disabling`, or another part is shown to move.
    pub is_moving: bool,
    /// MasterUserSecret: (SecretArn, SecretStatus).
    pub master_secret: Option<(String, String)>,
    /// GlobalClusterIdentifier: a member of a global database.
    pub global_cluster: Option<String>,
    /// ReplicationSourceIdentifier: it replicates from elsewhere.
    pub replication_source: Option<String>,
    /// AwsBackupRecoveryPointArn is set: AWS Backup owns retention and backup window.
    pub aws_backup: bool,
    /// EngineMode is not `provisioned`: a v1 serverless or otherwise foreign cluster, which is not managed.
    pub foreign_mode: Option<String>,
    /// VPCNetworkingEnabled is false: an express cluster without a VPC.
    pub without_vpc: bool,
    /// EarliestRestorableTime.
    pub earliest_restorable: Option<Timestamp>,
    /// PercentProgress.
    pub progress: Option<String>,
    /// AutomaticRestartTime of a stopped cluster.
    pub automatic_restart: Option<Timestamp>,
    /// IOOptimizedNextAllowedModificationTime.
    pub storage_type_change_from: Option<Timestamp>,
}

/// What the cluster says of a member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    /// IsClusterWriter.
    pub is_writer: bool,
    /// DBClusterParameterGroupStatus.
    pub parameter_group_status: Option<String>,
}

/// A DB instance of the cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Member {
    /// DBInstanceArn.
    pub arn: String,
    /// DBInstanceStatus, an open set.
    pub status: String,
    /// DBInstanceClass: `db.serverless`, or a provisioned class of an adopted cluster.
    pub class: String,
    /// PromotionTier.
    pub promotion_tier: Option<i32>,
    /// Settings in force.
    pub settings: MemberSettings,
    /// DBParameterGroups[0].ParameterApplyStatus.
    pub parameter_apply_status: Option<String>,
    /// PendingModifiedValues holds something.
    pub has_pending: bool,
    /// CertificateDetails.ValidTill.
    pub certificate_valid_till: Option<Timestamp>,
    /// TagList.
    pub tags: Tags,
}

/// A custom endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomEndpoint {
    /// DBClusterEndpointArn.
    pub arn: String,
    /// Endpoint: its DNS name.
    pub address: Option<String>,
    /// Status: creating, available, modifying, deleting, inactive.
    pub status: String,
    /// CustomEndpointType.
    pub endpoint_type: EndpointType,
    /// StaticMembers; empty: every member that is not excluded.
    pub static_members: BTreeSet<String>,
    /// ExcludedMembers.
    pub excluded_members: BTreeSet<String>,
}

/// Capacities of an engine version, in ACU.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Capacities {
    /// Least; 0: it can pause.
    pub min: f64,
    /// Most.
    pub max: f64,
}

/// The ways to make a cluster.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// CreateDBCluster.
    New,
    /// RestoreDBClusterFromSnapshot.
    Snapshot(String),
    /// RestoreDBClusterToPointInTime, RestoreType full-copy; without a time, of the latest moment.
    PointInTime { source: SourceId, at: Option<Timestamp> },
    /// RestoreDBClusterToPointInTime, RestoreType copy-on-write, of the latest moment.
    Clone(String),
}

/// One ModifyDBCluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Modification {
    /// Members to send; `enable_cloudwatch_logs_exports` is sent by `logs` instead, `enable_http_endpoint` never.
    pub settings: Settings,
    /// The difference of the log exports.
    pub logs: Option<LogExports>,
    /// ApplyImmediately.
    pub apply_immediately: bool,
    /// AllowMajorVersionUpgrade: only ever next to an engine version.
    pub allow_major_version_upgrade: bool,
    /// DBInstanceParameterGroupName: with a major upgrade only.
    pub instance_parameter_group: Option<String>,
}

/// Every mutating call that an AuroraServerless makes.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Subnet group and DB parameter group of the members, and tags of anything by ARN: calls that RdsInstance makes too.
    Rds(rds::Action),
    /// CreateDBClusterParameterGroup.
    CreateClusterParameterGroup { name: String, family: String, tags: Tags },
    /// ModifyDBClusterParameterGroup, at most 20 parameters; dynamic ones at once, static ones at the next reboot.
    SetClusterParameters { name: String, values: BTreeMap<String, String> },
    /// ResetDBClusterParameterGroup, at most 20 parameters.
    ResetClusterParameters { name: String, names: BTreeSet<String> },
    /// DeleteDBClusterParameterGroup.
    DeleteClusterParameterGroup { name: String },
    /// One of the creating calls; members that the origin does not take are left out. Never carries enableHttpEndpoint
    /// where the origin is not `New`.
    Create { origin: Origin, settings: Box<Settings>, tags: Tags, password: PasswordUse, managed: Option<Managed> },
    /// CreateDBInstance with DBClusterIdentifier, class db.serverless and the engine.
    CreateMember {
        name: String,
        engine: String,
        settings: Box<MemberSettings>,
        promotion_tier: Option<i32>,
        tags: Tags,
    },
    /// ModifyDBInstance of a member.
    ModifyMember {
        name: String,
        settings: Box<MemberSettings>,
        promotion_tier: Option<i32>,
        serverless: bool,
        apply_immediately: bool,
    },
    /// DeleteDBInstance of a member: SkipFinalSnapshot, since only the cluster has snapshots.
    DeleteMember { name: String },
    /// RebootDBInstance of a member.
    RebootMember { name: String },
    /// ModifyDBCluster.
    Modify(Box<Modification>),
    /// ModifyDBCluster with nothing but MasterUserPassword (the stored next one) and ApplyImmediately.
    SetPassword,
    /// ModifyDBCluster with ManageMasterUserPassword; turning it off carries the stored next password.
    ManagePassword { managed: bool, kms_key_id: Option<String> },
    /// EnableHttpEndpoint or DisableHttpEndpoint of the cluster with this ARN.
    HttpEndpoint { arn: String, enabled: bool },
    /// FailoverDBCluster; AWS chooses the reader.
    Failover,
    /// StartDBCluster.
    Start,
    /// StopDBCluster.
    Stop,
    /// AddRoleToDBCluster; an empty feature is left out.
    AddRole { feature: String, role: String },
    /// RemoveRoleFromDBCluster.
    RemoveRole { feature: String, role: String },
    /// CreateDBClusterEndpoint.
    CreateEndpoint {
        name: String,
        endpoint_type: EndpointType,
        static_members: BTreeSet<String>,
        excluded_members: BTreeSet<String>,
        tags: Tags,
    },
    /// ModifyDBClusterEndpoint: both lists whole.
    ModifyEndpoint {
        name: String,
        endpoint_type: EndpointType,
        static_members: BTreeSet<String>,
        excluded_members: BTreeSet<String>,
    },
    /// DeleteDBClusterEndpoint.
    DeleteEndpoint { name: String },
    /// DeleteDBCluster: with a final snapshot, or explicitly without.
    Delete { final_snapshot: Option<String>, delete_automated_backups: bool },
}

impl super::Action for Action {
    fn operation(&self) -> &'static str {
        match self {
            Action::Rds(action) => action.operation(),
            Action::CreateClusterParameterGroup { .. } => "CreateDBClusterParameterGroup",
            Action::SetClusterParameters { .. } => "ModifyDBClusterParameterGroup",
            Action::ResetClusterParameters { .. } => "ResetDBClusterParameterGroup",
            Action::DeleteClusterParameterGroup { .. } => "DeleteDBClusterParameterGroup",
            Action::Create { origin: Origin::New, .. } => "CreateDBCluster",
            Action::Create { origin: Origin::Snapshot(_), .. } => "RestoreDBClusterFromSnapshot",
            Action::Create { origin: Origin::PointInTime { .. } | Origin::Clone(_), .. } => {
                "RestoreDBClusterToPointInTime"
            }
            Action::CreateMember { .. } => "CreateDBInstance",
            Action::ModifyMember { .. } => "ModifyDBInstance",
            Action::DeleteMember { .. } => "DeleteDBInstance",
            Action::RebootMember { .. } => "RebootDBInstance",
            Action::Modify(_) | Action::SetPassword | Action::ManagePassword { .. } => "ModifyDBCluster",
            Action::HttpEndpoint { enabled: true, .. } => "EnableHttpEndpoint",
            Action::HttpEndpoint { enabled: false, .. } => "DisableHttpEndpoint",
            Action::Failover => "FailoverDBCluster",
            Action::Start => "StartDBCluster",
            Action::Stop => "StopDBCluster",
            Action::AddRole { .. } => "AddRoleToDBCluster",
            Action::RemoveRole { .. } => "RemoveRoleFromDBCluster",
            Action::CreateEndpoint { .. } => "CreateDBClusterEndpoint",
            Action::ModifyEndpoint { .. } => "ModifyDBClusterEndpoint",
            Action::DeleteEndpoint { .. } => "DeleteDBClusterEndpoint",
            Action::Delete { .. } => "DeleteDBCluster",
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

    /// A member holds no data: only the cluster's end is counted.
    fn deletes(&self) -> bool {
        matches!(self, Action::Delete { .. })
    }
}
