//! A DynamoDB table with everything that one object owns of it: what AWS shows, and every mutating call
//! (aws-dynamodb-elasticache-dms.md section 1).

mod around;
pub mod bulk;
mod calls;
mod create;
pub(super) mod errors;
pub(super) mod facts;
pub mod items;
mod json;
pub(super) mod look;
mod normalise;
mod number;
mod pace;
mod put;
pub(in crate::aws) mod read;
mod scaling;
mod settings;
#[cfg(test)]
mod tests;
mod update;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

pub use calls::{IMPLIED, OPERATIONS};
pub(super) use look::{SCALING, SERVICE};
pub use normalise::{cap_towards, same_encryption, same_policy, warm_towards};
pub use settings::*;

use crate::aws::owner::Tags;
use crate::aws::{Action as ActionTrait, Remote, Seen};

/// Types of a DynamoDB table for the driver.
#[derive(Clone, Copy, Debug)]
pub struct DynamoRemote;

impl Remote for DynamoRemote {
    type Id = Id;
    type Observed = Observed;
    type Action = Action;
}

/// Where to look, and at what: a fact that nobody asks for costs no call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Id {
    /// Region.
    pub region: String,
    /// Table name.
    pub table: String,
    /// Read DescribeTimeToLive.
    pub time_to_live: bool,
    /// Read DescribeContinuousBackups.
    pub continuous_backups: bool,
    /// Read GetResourcePolicy.
    pub resource_policy: bool,
    /// Read DescribeContributorInsights of these: `None` is the table, `Some` an index.
    pub contributor_insights: BTreeSet<Option<String>>,
    /// Read DescribeKinesisStreamingDestination.
    pub kinesis_destinations: bool,
    /// Read the scalable targets and policies.
    pub scaling: Interest,
    /// Read tags, point-in-time recovery and deletion protection of the replicas in these regions.
    pub replica_facts: BTreeSet<String>,
    /// Read ListImports and DescribeImport of the table.
    pub import: bool,
    /// List the on-demand backups of the table whose names begin with this.
    pub backups: Option<String>,
    /// Read what the table is to be made from.
    pub source: Option<SourceId>,
}

/// Whether the scalable targets are of interest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Interest {
    /// Never.
    #[default]
    No,
    /// When the table has provisioned capacity: they would outlive a change to on-demand.
    IfProvisioned,
    /// Always.
    Yes,
}

/// What a table can be made from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SourceId {
    /// An on-demand backup, by ARN.
    Backup(String),
    /// A table, by name (of the same account and region) or ARN: its point-in-time history.
    Table(String),
}

/// What AWS shows, one [`Seen`] per part.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The table: DescribeTable.
    pub table: Seen<Box<Table>>,
    /// Its tags: `Absent` only when the table is.
    pub tags: Seen<Tags>,
    /// DescribeTimeToLive.
    pub time_to_live: Seen<TimeToLiveState>,
    /// DescribeContinuousBackups.
    pub continuous_backups: Seen<ContinuousBackups>,
    /// The resource policy as JSON; `Absent` when there is none.
    pub resource_policy: Seen<String>,
    /// Contributor insights: `None` is the table, `Some` an index. An index that AWS does not know is missing.
    pub contributor_insights: Seen<BTreeMap<Option<String>, InsightsState>>,
    /// Kinesis destinations by stream ARN, with those that are disabled.
    pub kinesis_destinations: Seen<BTreeMap<String, KinesisState>>,
    /// Scalable targets that are registered; empty when none are.
    pub scaling: Seen<BTreeMap<Dimension, Scaling>>,
    /// By region, of the replicas that were asked for and exist.
    pub replica_facts: BTreeMap<String, ReplicaFacts>,
    /// The newest import into the table.
    pub import: Seen<ImportState>,
    /// Backups, newest last.
    pub backups: Seen<Vec<Backup>>,
    /// What the table is to be made from.
    pub source: Seen<SourceState>,
}

impl Observed {
    /// Nothing was asked for but the table, and it is not there.
    pub fn absent() -> Self {
        let unread = || "it was not asked for".to_string();
        Self {
            table: Seen::Absent,
            tags: Seen::Absent,
            time_to_live: Seen::Unread(unread()),
            continuous_backups: Seen::Unread(unread()),
            resource_policy: Seen::Unread(unread()),
            contributor_insights: Seen::Unread(unread()),
            kinesis_destinations: Seen::Unread(unread()),
            scaling: Seen::Unread(unread()),
            replica_facts: BTreeMap::new(),
            import: Seen::Unread(unread()),
            backups: Seen::Unread(unread()),
            source: Seen::Unread(unread()),
        }
    }
}

/// A table as DescribeTable shows it, normalised.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// ARN.
    pub arn: String,
    /// TableId; where AWS gives none, `created-<epoch seconds>`.
    pub id: String,
    /// AWS's word: `CREATING`, `ACTIVE`, `UPDATING`, `DELETING`, `INACCESSIBLE_ENCRYPTION_CREDENTIALS`,
    /// `REPLICATION_NOT_AUTHORIZED`, `ARCHIVING`, `ARCHIVED` or one that is not known yet.
    pub status: String,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// Partition key and sort key.
    pub keys: Keys,
    /// What UpdateTable can change, in the form of the spec: `billingMode` is always there (absent in AWS means
    /// PROVISIONED), as are `tableClass`, `stream`, `encryption` and `deletionProtection`; 0/0 throughput is absent.
    pub settings: Settings,
    /// Global secondary indexes by name.
    pub indexes: BTreeMap<String, TableIndex>,
    /// Local secondary indexes by name.
    pub local_indexes: BTreeMap<String, LocalIndex>,
    /// `WarmThroughput.Status` is UPDATING.
    pub is_warming: bool,
    /// SSEDescription.Status, where it is a transition: ENABLING, UPDATING or DISABLING.
    pub encryption_change: Option<String>,
    /// Since when AWS cannot reach the KMS key.
    pub key_lost_since: Option<Timestamp>,
    /// ARN of the stream, only while it is on.
    pub stream_arn: Option<String>,
    /// Replicas in other regions, by region; the table's own region is not among them.
    pub replicas: BTreeMap<String, ReplicaState>,
    /// `STRONG` or `EVENTUAL`, once AWS says so.
    pub multi_region_consistency: Option<String>,
    /// Region of the witness of a strongly consistent global table.
    pub witness: Option<String>,
    /// RestoreSummary: what it was or is being restored from, while AWS says so.
    pub restore: Option<RestoreState>,
    /// ArchivalSummary.ArchivalBackupArn.
    pub archive: Option<String>,
}

/// A global secondary index as AWS shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableIndex {
    /// Its definition, in the form of the spec; 0/0 throughput is absent.
    pub index: Index,
    /// CREATING, ACTIVE, UPDATING or DELETING.
    pub status: String,
    /// CREATING, and past the allocation: the table serves and takes most changes.
    pub is_backfilling: bool,
    /// WarmThroughput.Status is UPDATING.
    pub is_warming: bool,
}

/// A replica as the table shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReplicaState {
    /// ReplicaStatus.
    pub status: String,
    /// AWS's words about it.
    pub description: Option<String>,
    /// Key ARN.
    pub kms_key_arn: Option<String>,
    /// Override, if any.
    pub table_class: Option<TableClass>,
    /// Read capacity override, if any.
    pub read_capacity_units: Option<i64>,
    /// Read cap override, if any.
    pub max_read_request_units: Option<i64>,
}

/// What only a replica's own region shows. Facts that could not be read are `Unread`.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicaFacts {
    /// ARN of the replica.
    pub arn: String,
    /// Tags.
    pub tags: Seen<Tags>,
    /// Point-in-time recovery is on.
    pub point_in_time_recovery: Seen<bool>,
    /// Deletion protection is on.
    pub deletion_protection: Seen<bool>,
}

/// A restore as the table shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RestoreState {
    /// ARN of the backup or of the source table.
    pub source: String,
    /// It is still going on.
    pub in_progress: bool,
}

/// Time to live as DescribeTimeToLive shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimeToLiveState {
    /// ENABLED, ENABLING, DISABLED or DISABLING.
    pub status: String,
    /// Hidden by AWS once disabled.
    pub attribute_name: Option<String>,
}

/// Point-in-time recovery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContinuousBackups {
    /// PointInTimeRecoveryStatus is ENABLED.
    pub is_enabled: bool,
    /// Days.
    pub recovery_period_in_days: Option<i32>,
    /// Earliest moment that can be restored.
    pub earliest: Option<Timestamp>,
}

/// Contributor insights of the table or of an index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InsightsState {
    /// ENABLED, ENABLING, DISABLED, DISABLING or FAILED.
    pub status: String,
    /// Mode.
    pub mode: Option<String>,
    /// Why it failed.
    pub failure: Option<String>,
}

/// A Kinesis destination.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KinesisState {
    /// ACTIVE, ENABLING, UPDATING, DISABLING, DISABLED or ENABLE_FAILED.
    pub status: String,
    /// AWS's words about it.
    pub description: Option<String>,
    /// MILLISECOND or MICROSECOND.
    pub precision: Option<String>,
}

/// An import from S3.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportState {
    /// ARN.
    pub arn: String,
    /// IN_PROGRESS, COMPLETED, CANCELLING, CANCELLED or FAILED.
    pub status: String,
    /// `s3://bucket/prefix`.
    pub source: String,
    /// When it began.
    pub started: Option<Timestamp>,
    /// Items that could not be imported.
    pub errors: i64,
    /// Items imported.
    pub items: i64,
    /// AWS's code and words for a failure.
    pub failure: Option<String>,
    /// CloudWatch log group with what went wrong.
    pub log_group: Option<String>,
}

/// An on-demand backup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backup {
    /// Name.
    pub name: String,
    /// ARN.
    pub arn: String,
    /// CREATING, AVAILABLE or DELETED.
    pub status: String,
    /// When it was made.
    pub created: Option<Timestamp>,
}

/// What a table is to be made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceState {
    /// Status of a backup (AVAILABLE) or of a source table (ACTIVE).
    pub status: String,
    /// ARN of the table that it comes from.
    pub table_arn: String,
    /// Tags of that table; `Absent` when that table, with the TableId of the backup, is gone.
    pub tags: Seen<Tags>,
    /// Earliest and latest moment that can be restored; `None` where it has no point-in-time recovery.
    pub restorable: Option<(Timestamp, Timestamp)>,
}

/// One capacity that Application Auto Scaling moves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dimension {
    /// `None` is the table.
    pub index: Option<String>,
    /// Read or write.
    pub capacity: Capacity,
}

/// Read or write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capacity {
    /// Read capacity units.
    Read,
    /// Write capacity units.
    Write,
}

/// A scalable target, with its target-tracking policy if it has one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scaling {
    /// Least and most units.
    pub range: (i64, i64),
    /// The policy of our name.
    pub policy: Option<ScalingPolicy>,
}

/// A target-tracking policy on the utilisation metric of its dimension.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScalingPolicy {
    /// Percent of use, 20 to 90.
    pub target_utilization: i32,
    /// Seconds.
    pub scale_in_cooldown: Option<i32>,
    /// Seconds.
    pub scale_out_cooldown: Option<i32>,
}

/// Everything that a constructor takes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Creation {
    /// Keys.
    pub keys: Keys,
    /// Settings: CreateTable takes billing, throughput, caps, warm, class, stream, encryption, protection and policy.
    pub settings: Settings,
    /// Global secondary indexes by name.
    pub indexes: BTreeMap<String, Index>,
    /// Local secondary indexes by name.
    pub local_indexes: BTreeMap<String, LocalIndex>,
    /// Tags, the owner's among them. Only CreateTable takes them.
    pub tags: Tags,
}

/// Where a restored table comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Restore {
    /// RestoreTableFromBackup, by ARN.
    Backup(String),
    /// RestoreTableToPointInTime of a table, by name or ARN; without a time, of the latest moment.
    PointInTime { source: String, at: Option<Timestamp> },
}

/// The body of one UpdateTable: each variant is what AWS takes together (1.3).
#[derive(Clone, Debug, PartialEq)]
pub enum Update {
    /// Alone.
    DeletionProtection(bool),
    /// Alone.
    TableClass(TableClass),
    /// With the table's and every index's throughput when it becomes PROVISIONED, and the on-demand cap, if any, when it
    /// becomes PAY_PER_REQUEST.
    Billing {
        mode: BillingMode,
        throughput: Option<Throughput>,
        cap: Option<OnDemandThroughput>,
        indexes: BTreeMap<String, Throughput>,
    },
    /// Table and indexes in one call; either may be left out.
    Throughput { table: Option<Throughput>, indexes: BTreeMap<String, Throughput> },
    /// On-demand cap of the table (alone). -1 clears a dimension.
    Cap(OnDemandThroughput),
    /// On-demand caps of indexes.
    IndexCaps(BTreeMap<String, OnDemandThroughput>),
    /// `enabled: false` sends no view type.
    Stream(Stream),
    /// Alone. Raise only.
    Warm(WarmThroughput),
    /// Alone. Raise only.
    IndexWarm { index: String, warm: WarmThroughput },
    /// One at a time, alone. `keys` are the table's and all its indexes' attributes, with this one's.
    CreateIndex { name: String, index: Box<Index>, attributes: BTreeMap<String, AttributeType> },
    /// One at a time, alone.
    DeleteIndex { name: String },
    /// Alone.
    Encryption(Encryption),
    /// One region per call. `consistency` and `witness` only with the first replicas.
    CreateReplicas { replicas: BTreeMap<String, Replica>, consistency: Option<String>, witness: Option<String> },
    /// One region per call.
    UpdateReplica { region: String, replica: Box<Replica> },
    /// One region per call.
    DeleteReplica { region: String },
}

/// One mutating call.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// CreateTable.
    Create(Box<Creation>),
    /// RestoreTableFromBackup or RestoreTableToPointInTime: takes no tags. Indexes: `None` restores all.
    Restore { from: Restore, creation: Box<Creation>, indexes: bool },
    /// ImportTable: takes no tags, indexes yes, no local ones. `token` makes a repeat safe for eight hours.
    Import { from: Box<ImportFromS3>, creation: Box<Creation>, token: String },
    /// UpdateTable.
    Update(Update),
    /// TagResource: of the table, or of a replica in another region.
    Tag { region: Option<String>, arn: String, tags: Tags },
    /// UntagResource.
    Untag { region: Option<String>, arn: String, keys: BTreeSet<String> },
    /// UpdateTimeToLive.
    TimeToLive { attribute_name: String, enabled: bool },
    /// UpdateContinuousBackups: of the table, or of a replica in another region.
    PointInTimeRecovery { region: Option<String>, enabled: bool, days: Option<i32> },
    /// UpdateTable of a replica in its own region.
    ReplicaProtection { region: String, enabled: bool },
    /// UpdateContributorInsights.
    ContributorInsights { index: Option<String>, enabled: bool, mode: Option<String> },
    /// PutResourcePolicy.
    PutPolicy { arn: String, policy: String },
    /// DeleteResourcePolicy.
    DeletePolicy { arn: String },
    /// EnableKinesisStreamingDestination.
    EnableKinesis { stream_arn: String, precision: Option<String> },
    /// UpdateKinesisStreamingDestination.
    UpdateKinesis { stream_arn: String, precision: String },
    /// DisableKinesisStreamingDestination.
    DisableKinesis { stream_arn: String },
    /// RegisterScalableTarget.
    RegisterTarget { dimension: Dimension, range: (i64, i64) },
    /// PutScalingPolicy, of a name fixed by the dimension.
    PutScalingPolicy { dimension: Dimension, policy: ScalingPolicy },
    /// DeregisterScalableTarget: takes its policies along.
    DeregisterTarget { dimension: Dimension },
    /// BatchWriteItem of at most 25 items in DynamoDB JSON; what AWS leaves unprocessed is sent again within the call's
    /// time, and is an error (transient) when that is over.
    PutItems { items: Vec<Value> },
    /// CreateBackup.
    CreateBackup { name: String },
    /// DeleteTable.
    Delete,
}

impl ActionTrait for Action {
    fn operation(&self) -> &'static str {
        match self {
            Action::Create(_) => "CreateTable",
            Action::Restore { from: Restore::Backup(_), .. } => "RestoreTableFromBackup",
            Action::Restore { from: Restore::PointInTime { .. }, .. } => "RestoreTableToPointInTime",
            Action::Import { .. } => "ImportTable",
            Action::Update(_) | Action::ReplicaProtection { .. } => "UpdateTable",
            Action::Tag { .. } => "TagResource",
            Action::Untag { .. } => "UntagResource",
            Action::TimeToLive { .. } => "UpdateTimeToLive",
            Action::PointInTimeRecovery { .. } => "UpdateContinuousBackups",
            Action::ContributorInsights { .. } => "UpdateContributorInsights",
            Action::PutPolicy { .. } => "PutResourcePolicy",
            Action::DeletePolicy { .. } => "DeleteResourcePolicy",
            Action::EnableKinesis { .. } => "EnableKinesisStreamingDestination",
            Action::UpdateKinesis { .. } => "UpdateKinesisStreamingDestination",
            Action::DisableKinesis { .. } => "DisableKinesisStreamingDestination",
            Action::RegisterTarget { .. } => "RegisterScalableTarget",
            Action::PutScalingPolicy { .. } => "PutScalingPolicy",
            Action::DeregisterTarget { .. } => "DeregisterScalableTarget",
            Action::PutItems { .. } => "BatchWriteItem",
            Action::CreateBackup { .. } => "CreateBackup",
            Action::Delete => "DeleteTable",
        }
    }

    fn creates(&self) -> bool {
        matches!(self, Action::Create(_) | Action::Restore { .. } | Action::Import { .. })
    }

    fn deletes(&self) -> bool {
        matches!(self, Action::Delete)
    }
}
