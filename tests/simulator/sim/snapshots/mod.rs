//! Snapshots, cluster snapshots and table backups in memory, with the databases that they are taken of, in every region
//! (aws-rds.md section 3).

mod builder;
mod calls;
mod copies;
mod look;
mod questions;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};

use jiff::Timestamp;

use awsdb::aws::owner::Tags;
use awsdb::aws::snapshots::{Action, Call, Family, Id, Observed, Snapshot, SnapshotRemote};
use awsdb::aws::{Action as _, CloudError, Look, Looked, Password};
use awsdb::kinds::snapshot::{DbSnapshot, DbSnapshotSpec};
use awsdb::spec::SharedSpec;

use super::Simulation;
use super::agenda::Agenda;
use super::desk::{Answer, Desk, Refused, refused};
use super::service::{Object, Pace, Read, Service};

pub use builder::{copy_of, of_cluster, of_instance, of_table};
pub use questions::databases;

/// The operator with snapshots.
pub type Snapshots = Simulation<DbSnapshot>;

/// How long AWS takes, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// After a create or a copy, before the snapshot is listed.
    pub listed: i64,
    /// Taking a snapshot.
    pub create: i64,
    /// Copying one.
    pub copy: i64,
    /// Deleting one.
    pub delete: i64,
}

/// What AWS will do to a snapshot at a time.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    Progress(i32),
    Available,
    Gone,
}

/// A database that snapshots are taken of.
#[derive(Clone, Debug, Default)]
pub struct Database {
    pub arn: String,
    pub status: String,
    pub resource_id: String,
    pub engine: String,
    pub tags: Tags,
    pub kms_key_id: Option<String>,
    pub size: i64,
}

/// A snapshot, with what no describe shows.
#[derive(Clone, Debug)]
pub struct Snap {
    /// What a describe shows, tags included where AWS keeps any.
    pub shown: Snapshot,
    pub family: Family,
    pub name: String,
    pub region: String,
    pub account: String,
    pub shares: BTreeSet<String>,
    listed_at: Timestamp,
    agenda: Agenda<Effect>,
    frozen: bool,
}

/// RDS's snapshots and DynamoDB's backups of an account in all regions.
#[derive(Clone)]
pub struct Vault {
    desk: Desk<Observed>,
    pub timing: Timing,
    /// Databases of the operator's region.
    pub databases: BTreeMap<(Family, String), Database>,
    pub snaps: Vec<Snap>,
    /// ARNs of what was deleted.
    pub deleted: Vec<String>,
    /// Manual snapshots that the account may have in a region.
    pub quota: usize,
}

impl Deref for Vault {
    type Target = Desk<Observed>;

    fn deref(&self) -> &Desk<Observed> {
        &self.desk
    }
}

impl DerefMut for Vault {
    fn deref_mut(&mut self) -> &mut Desk<Observed> {
        &mut self.desk
    }
}

impl Service for Vault {
    type Remote = SnapshotRemote;
    type Timing = Timing;
    const DESCRIBE: &'static str = "DescribeDBSnapshots";

    fn timing(pace: Pace) -> Timing {
        match pace {
            Pace::Real => Timing { listed: 5, create: 120, copy: 300, delete: 10 },
            Pace::Quick => Timing { listed: 3, create: 15, copy: 25, delete: 5 },
            Pace::Instant => Timing { listed: 0, create: 0, copy: 0, delete: 0 },
        }
    }

    fn new(timing: Timing, now: Timestamp) -> Self {
        Self {
            desk: Desk::new(now),
            timing,
            databases: BTreeMap::new(),
            snaps: Vec::new(),
            deleted: Vec::new(),
            quota: 100,
        }
    }

    fn name(id: &Id) -> &str {
        &id.identifier
    }

    fn advance(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        for snap in &mut self.snaps {
            while let Some(effect) = snap.agenda.due(self.desk.now) {
                snap.happen(effect);
            }
        }
        self.snaps.retain(|snap| snap.shown.status != "gone");
    }

    fn observe(&mut self, id: &Id, look: Look, read: &mut Read<'_>) -> Result<Looked<Observed>, CloudError> {
        self.look(id, look, read)
    }

    fn perform(&mut self, now: Timestamp, id: &Id, action: &Action, _: Option<&Password>) -> Result<(), CloudError> {
        self.advance(now);
        let operation = action.operation();
        let answer = match self.refusal(operation) {
            Some(refusal) => Err(refusal),
            None => self.carry_out(id, action),
        };
        self.advance(now);
        answer.map_err(|(code, message)| CloudError::answered(operation, code, &message))
    }

    /// Whether AWS still has something to do to a snapshot of this name, copies included.
    fn is_busy(&self, name: &str) -> bool {
        self.snaps.iter().any(|snap| snap.name == name && snap.agenda.effects().next().is_some())
    }

    fn report(&self) -> Vec<String> {
        let snaps = self.snaps.iter().map(|snap| {
            let shown = &snap.shown;
            let tags = shown.tags.get(awsdb::aws::owner::OWNER_TAG);
            format!("{:?} {} in {}: {} {:?} {tags:?}", snap.family, snap.name, snap.region, shown.status, shown.arn)
        });
        snaps.chain([format!("deleted {:?}", self.deleted)]).collect()
    }
}

impl Object for DbSnapshot {
    type Service = Vault;

    fn shared_mut(spec: &mut DbSnapshotSpec) -> &mut SharedSpec {
        &mut spec.shared
    }
}

impl Vault {
    fn carry_out(&mut self, id: &Id, action: &Action) -> Answer {
        let family = action.family;
        match &action.call {
            Call::Create { source, tags } => self.create(id, family, source, tags),
            Call::CopyFrom { source, region, kms_key_id, tags } => {
                let from = region.as_deref().unwrap_or(&id.region);
                self.copy(id, family, (from, source), &id.region, kms_key_id.as_ref(), tags)
            }
            Call::CopyTo { region, source_arn, kms_key_id, tags } => {
                self.copy(id, family, (&id.region, source_arn), region, kms_key_id.as_ref(), tags)
            }
            Call::Share { add, remove } => self.share(id, family, add, remove),
            Call::Tag { arn, tags } => self.tags_of(arn).map(|all| all.extend(tags.clone())),
            Call::Untag { arn, keys } => self.tags_of(arn).map(|all| all.retain(|key, _| !keys.contains(key))),
            Call::Delete { region, arn, .. } => self.delete(id, family, region.as_deref(), arn),
        }
    }

    fn tags_of(&mut self, arn: &str) -> Result<&mut Tags, Refused> {
        let account = self.account.clone();
        let found = self.snaps.iter_mut().find(|snap| snap.shown.arn == arn);
        match found {
            Some(snap) if snap.family == Family::Table => refused("ValidationException", "Backups have no tags."),
            Some(snap) if snap.account != account => refused("AccessDenied", "not authorized to tag this snapshot"),
            Some(snap) => Ok(&mut snap.shown.tags),
            None => refused("DBSnapshotNotFound", format!("Could not find a snapshot matching '{arn}'")),
        }
    }

    /// The snapshot of this name among those of the account in a region; backups have no unique names.
    fn named(&mut self, family: Family, region: &str, name: &str) -> Result<&mut Snap, Refused> {
        let account = self.account.clone();
        let is = |snap: &&mut Snap| {
            snap.family == family && snap.region == region && snap.name == name && snap.account == account
        };
        self.snaps.iter_mut().find(is).ok_or((not_found(family), format!("Snapshot {name} not found.")))
    }
}

/// AWS's code for a snapshot that is not there.
fn not_found(family: Family) -> &'static str {
    match family {
        Family::Instance => "DBSnapshotNotFound",
        Family::Cluster => "DBClusterSnapshotNotFoundFault",
        Family::Table => "BackupNotFoundException",
    }
}

/// AWS's code for a snapshot in a state that does not take the call.
fn invalid_state(family: Family) -> &'static str {
    match family {
        Family::Instance => "InvalidDBSnapshotState",
        Family::Cluster => "InvalidDBClusterSnapshotStateFault",
        Family::Table => "BackupInUseException",
    }
}

impl Snap {
    fn happen(&mut self, effect: Effect) {
        match effect {
            Effect::Progress(percent) => self.shown.progress = Some(percent),
            Effect::Available if self.frozen => {}
            Effect::Available => {
                self.shown.status = "available".into();
                self.shown.progress = Some(100);
            }
            Effect::Gone => self.shown.status = "gone".into(),
        }
    }

    /// Stays in a status, whatever happens to it.
    pub fn freeze(&mut self, status: &str) {
        self.shown.status = status.into();
        self.frozen = true;
    }

    /// Is in a status and may leave it.
    pub fn thaw(&mut self, status: &str) {
        self.shown.status = status.into();
        self.frozen = false;
    }
}
