//! DynamoDB in memory: what is rejected while something else is going on, how long that takes, the budgets that no describe
//! shows, and AWS's own codes and words (aws-dynamodb-elasticache-dms.md section 1).

mod admission;
mod budgets;
pub mod builder;
mod classes;
mod create;
mod features;
mod lifecycle;
mod look;
mod questions;
mod remove;
mod scaling;
mod table;
mod timing;
mod update;

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use jiff::Timestamp;

use awsdb::aws::dynamo::{Action, Backup, Dimension, DynamoRemote, Id, ImportState, Observed, Scaling, Update};
use awsdb::aws::{Action as _, CloudError, Look, Looked, Password};
use awsdb::kinds::dynamo::{DynamoTable, DynamoTableSpec};
use awsdb::spec::SharedSpec;

use super::Simulation;
use super::desk::{Answer, Desk, REGION, Refused};
use super::service::{Object, Pace, Read, Service};
use look::Memory;

pub use builder::{index_on, rich, table};
pub use table::Tab;
pub use timing::Timing;

/// The operator with DynamoDB.
pub type Tables = Simulation<DynamoTable>;

/// A backup, with what a restore needs.
#[derive(Clone, Debug)]
pub struct Copy {
    pub shown: Backup,
    pub table: String,
    tab: Tab,
    ready_at: Timestamp,
}

/// A table that was deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct Deleted {
    pub name: String,
    pub id: String,
    pub at: Timestamp,
}

/// DynamoDB and Application Auto Scaling of an account in one region.
#[derive(Clone)]
pub struct Dynamo {
    desk: Desk<Observed>,
    pub timing: Timing,
    pub tables: BTreeMap<String, Tab>,
    pub backups: Vec<Copy>,
    pub imports: BTreeMap<String, ImportState>,
    /// Scalable targets; they know no tables, and outlive them.
    pub targets: BTreeMap<(String, Dimension), Scaling>,
    pub deleted: Vec<Deleted>,
    /// The next import ends so.
    pub import_ends: &'static str,
    /// Contributor insights cannot be turned on: the account has no rules left.
    pub no_rules_left: bool,
    memory: BTreeMap<String, Memory>,
}

impl Deref for Dynamo {
    type Target = Desk<Observed>;

    fn deref(&self) -> &Desk<Observed> {
        &self.desk
    }
}

impl DerefMut for Dynamo {
    fn deref_mut(&mut self) -> &mut Desk<Observed> {
        &mut self.desk
    }
}

impl Service for Dynamo {
    type Remote = DynamoRemote;
    type Timing = Timing;
    const DESCRIBE: &'static str = "DescribeTable";

    fn timing(pace: Pace) -> Timing {
        match pace {
            Pace::Real => Timing::real(),
            Pace::Quick => Timing::quick(),
            Pace::Instant => Timing::instant(),
        }
    }

    fn new(timing: Timing, now: Timestamp) -> Self {
        Self {
            desk: Desk::new(now),
            timing,
            tables: BTreeMap::new(),
            backups: Vec::new(),
            imports: BTreeMap::new(),
            targets: BTreeMap::new(),
            deleted: Vec::new(),
            import_ends: "COMPLETED",
            no_rules_left: false,
            memory: BTreeMap::new(),
        }
    }

    fn name(id: &Id) -> &str {
        &id.table
    }

    fn advance(&mut self, now: Timestamp) {
        self.pass_time(now);
    }

    fn observe(&mut self, id: &Id, look: Look, read: &mut Read<'_>) -> Result<Looked<Observed>, CloudError> {
        self.look(id, look, read)
    }

    fn perform(&mut self, now: Timestamp, id: &Id, action: &Action, _: Option<&Password>) -> Result<(), CloudError> {
        self.advance(now);
        let operation = action.operation();
        self.forget_what(&id.table, action);
        let answer = match self.refusal(operation) {
            Some(refusal) => Err(refusal),
            None => self.carry_out(&id.table, action),
        };
        self.advance(now);
        match answer.map_err(|refusal| classes::error(operation, &refusal, now)) {
            Err(error) if classes::holds_already(action, &error) => Ok(()),
            answer => answer,
        }
    }

    fn is_busy(&self, name: &str) -> bool {
        self.tables[name].is_busy()
    }

    fn report(&self) -> Vec<String> {
        let tables = self.tables.iter().map(|(name, tab)| format!("table {name}: {}", tab.summary()));
        let backups = self.backups.iter().map(|copy| format!("backup {:?}", copy.shown));
        let rest = format!("targets {:?} deleted {:?}", self.targets.keys(), self.deleted);
        tables.chain(backups).chain([rest]).collect()
    }

    fn forget(&mut self) {
        self.memory.clear();
    }
}

impl Object for DynamoTable {
    type Service = Dynamo;

    fn shared_mut(spec: &mut DynamoTableSpec) -> &mut SharedSpec {
        &mut spec.shared
    }
}

impl Dynamo {
    fn carry_out(&mut self, name: &str, action: &Action) -> Answer {
        match action {
            Action::Create(creation) => self.create(name, creation),
            Action::Restore { from, creation, indexes } => self.restore(name, from, creation, *indexes),
            Action::Import { from, creation, token } => self.import(name, from, creation, token),
            Action::Update(Update::DeletionProtection(on)) => self.protect(name, *on),
            Action::Update(update) => self.update(name, update),
            Action::Tag { region, arn, tags } => {
                self.tags_of(region.as_deref(), arn).map(|all| all.extend(tags.clone()))
            }
            Action::Untag { region, arn, keys } => {
                self.tags_of(region.as_deref(), arn).map(|all| all.retain(|key, _| !keys.contains(key)))
            }
            Action::TimeToLive { attribute_name, enabled } => self.time_to_live(name, attribute_name, *enabled),
            Action::PointInTimeRecovery { region: None, enabled, days } => self.recovery(name, *enabled, *days),
            Action::PointInTimeRecovery { region: Some(region), enabled, .. } => {
                self.away(name, region).map(|away| away.point_in_time_recovery = *enabled)
            }
            Action::ReplicaProtection { region, enabled } => {
                self.away(name, region).map(|away| away.deletion_protection = *enabled)
            }
            Action::ContributorInsights { index, enabled, mode } => {
                self.insights(name, index, *enabled, mode.as_deref())
            }
            Action::PutPolicy { arn, policy } => self.put_policy(arn, policy),
            Action::DeletePolicy { arn } => self.delete_policy(arn),
            Action::EnableKinesis { stream_arn, precision } => {
                self.enable_kinesis(name, stream_arn, precision.as_deref())
            }
            Action::UpdateKinesis { stream_arn, precision } => self.update_kinesis(name, stream_arn, precision),
            Action::DisableKinesis { stream_arn } => self.disable_kinesis(name, stream_arn),
            Action::RegisterTarget { dimension, range } => self.register(name, dimension, *range),
            Action::PutScalingPolicy { dimension, policy } => self.put_scaling_policy(name, dimension, policy),
            Action::DeregisterTarget { dimension } => self.deregister(name, dimension),
            Action::PutItems { items } => self.put_items(name, items),
            Action::CreateBackup { name: backup } => self.create_backup(name, backup),
            Action::Delete => self.delete(name),
        }
    }

    /// The table, if AWS knows it.
    fn tab(&mut self, name: &str) -> Result<&mut Tab, Refused> {
        let missing =
            || ("ResourceNotFoundException", format!("Requested resource not found: Table: {name} not found"));
        self.tables.get_mut(name).ok_or_else(missing)
    }

    /// The table that an ARN names.
    fn tab_of(&mut self, arn: &str) -> Result<&mut Tab, Refused> {
        let name = arn.rsplit('/').next().unwrap_or_default().to_string();
        self.tab(&name)
    }

    fn arn(&self, table: &str) -> String {
        format!("arn:aws:dynamodb:{REGION}:{}:table/{table}", self.account)
    }
}
