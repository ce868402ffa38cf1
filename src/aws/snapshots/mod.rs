//! Snapshots of DB instances and clusters, and backups of DynamoDB tables, with their copies and shares: what AWS shows,
//! and every mutating call (aws-rds.md section 3).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Seen;
use super::owner::Tags;

/// The remote of DbSnapshot.
#[derive(Debug)]
pub struct SnapshotRemote;

impl super::Remote for SnapshotRemote {
    type Id = Id;
    type Observed = Observed;
    type Action = Action;
}

/// Of what the snapshot is: each has calls of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// A DB instance: DBSnapshot.
    #[default]
    Instance,
    /// An Aurora cluster: DBClusterSnapshot.
    Cluster,
    /// A DynamoDB table: an on-demand backup.
    Table,
}

/// What to look at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Id {
    /// Region of the snapshot.
    pub region: String,
    /// Which calls.
    pub family: Family,
    /// DBSnapshotIdentifier, DBClusterSnapshotIdentifier or BackupName.
    pub identifier: String,
    /// What the snapshot is to be made of: read only while there is no snapshot. Of a table, also where its backups are
    /// looked for.
    pub source: Option<SourceId>,
    /// A backup of a table that this object made, by ARN, with the owner's tags: AWS keeps no tags on backups, so that the
    /// object's own record stands for them.
    pub recorded: Option<(String, Tags)>,
    /// Copies to look at, by region.
    pub copies: BTreeSet<String>,
    /// Read with whom the snapshot is shared (one call per snapshot).
    pub shares: bool,
}

/// What a snapshot is made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SourceId {
    /// DBInstanceIdentifier, DBClusterIdentifier or table name.
    Database(String),
    /// Another snapshot, by identifier or ARN, in the same or another region.
    Snapshot { identifier: String, region: Option<String> },
}

/// Everything that one object owns or depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The snapshot.
    pub snapshot: Seen<Snapshot>,
    /// The source.
    pub source: Seen<Source>,
    /// Each copy of [`Id::copies`], by region.
    pub copies: BTreeMap<String, Seen<Snapshot>>,
    /// Accounts that may restore it; `all` when it is public.
    pub shares: Seen<BTreeSet<String>>,
}

impl Observed {
    /// Nothing was read yet.
    pub fn unread() -> Self {
        let unread = || "not asked for".to_string();
        Self {
            snapshot: Seen::Unread(unread()),
            source: Seen::Unread(unread()),
            copies: BTreeMap::new(),
            shares: Seen::Unread(unread()),
        }
    }
}

/// A snapshot, cluster snapshot or backup as AWS shows it, normalised.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// DBSnapshotArn, DBClusterSnapshotArn or BackupArn.
    pub arn: String,
    /// What tells it from a namesake that was made later: the ARN and the moment of its making.
    pub resource_id: String,
    /// Status in lower case, an open set: creating, copying, available, failed, deleting, upgrading.
    pub status: String,
    /// SnapshotType: manual, automated, awsbackup, shared, public; of a backup: user, system, aws_backup.
    pub snapshot_type: String,
    /// PercentProgress.
    pub progress: Option<i32>,
    /// When it was taken; of a copy, when the original was.
    pub created: Option<Timestamp>,
    /// DBInstanceIdentifier, DBClusterIdentifier or table name that it was taken of.
    pub source: String,
    /// DbiResourceId, DbClusterResourceId or TableId of that.
    pub source_resource_id: Option<String>,
    /// SourceDBSnapshotIdentifier or SourceDBClusterSnapshotArn: the snapshot that it copies.
    pub copied_from: Option<String>,
    /// Engine; `dynamodb` of a table.
    pub engine: String,
    /// EngineVersion.
    pub engine_version: Option<String>,
    /// Encrypted at rest.
    pub encrypted: bool,
    /// KmsKeyId.
    pub kms_key_id: Option<String>,
    /// AllocatedStorage in GiB; of a backup, BackupSizeBytes.
    pub size: Option<i64>,
    /// Tags.
    pub tags: Tags,
}

/// What a snapshot is to be made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Source {
    /// ARN.
    pub arn: String,
    /// Status in lower case: an instance must be `available` or `storage-optimization`, a cluster or a snapshot
    /// `available`, a table `active`.
    pub status: String,
    /// Its tags; `None` where they cannot be read (a shared snapshot).
    pub tags: Option<Tags>,
    /// Encrypted at rest.
    pub encrypted: bool,
}

/// One mutating call: the family decides which operation of AWS it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// Of what the snapshot is.
    pub family: Family,
    /// What is done.
    pub call: Call,
}

/// Every mutating call that a DbSnapshot makes.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// CreateDBSnapshot, CreateDBClusterSnapshot or CreateBackup of a database. A backup takes no tags.
    Create { source: String, tags: Tags },
    /// CopyDBSnapshot or CopyDBClusterSnapshot into the region of the object: the snapshot itself is a copy.
    CopyFrom { source: String, region: Option<String>, kms_key_id: Option<String>, tags: Tags },
    /// The same into another region, under the same identifier.
    CopyTo { region: String, source_arn: String, kms_key_id: Option<String>, tags: Tags },
    /// ModifyDBSnapshotAttribute or ModifyDBClusterSnapshotAttribute, attribute `restore`.
    Share { add: BTreeSet<String>, remove: BTreeSet<String> },
    /// AddTagsToResource, in the region of the ARN.
    Tag { arn: String, tags: Tags },
    /// RemoveTagsFromResource.
    Untag { arn: String, keys: BTreeSet<String> },
    /// DeleteDBSnapshot, DeleteDBClusterSnapshot or DeleteBackup of the snapshot (by ARN, of a table) or of the copy in
    /// `region`. `expired`: its time to live has passed, which its user asked for ahead.
    Delete { region: Option<String>, arn: String, expired: bool },
}

impl super::Action for Action {
    fn operation(&self) -> &'static str {
        let [instance, cluster, table] = match &self.call {
            Call::Create { .. } => ["CreateDBSnapshot", "CreateDBClusterSnapshot", "CreateBackup"],
            // No copy and no share of a backup is ever planned: AWS has no such call.
            Call::CopyFrom { .. } | Call::CopyTo { .. } => {
                ["CopyDBSnapshot", "CopyDBClusterSnapshot", "CopyDBSnapshot"]
            }
            Call::Share { .. } => {
                ["ModifyDBSnapshotAttribute", "ModifyDBClusterSnapshotAttribute", "ModifyDBSnapshotAttribute"]
            }
            Call::Tag { .. } => ["AddTagsToResource"; 3],
            Call::Untag { .. } => ["RemoveTagsFromResource"; 3],
            Call::Delete { .. } => ["DeleteDBSnapshot", "DeleteDBClusterSnapshot", "DeleteBackup"],
        };
        match self.family {
            Family::Instance => instance,
            Family::Cluster => cluster,
            Family::Table => table,
        }
    }

    fn creates(&self) -> bool {
        matches!(self.call, Call::Create { .. } | Call::CopyFrom { .. })
    }

    /// What its user let expire is no surprise that a brake should stop; nor is a copy the last one.
    fn deletes(&self) -> bool {
        matches!(self.call, Call::Delete { region: None, expired: false, .. })
    }
}
