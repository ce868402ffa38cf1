//! RDS in memory: real state machines with a clock that the test moves, and AWS's own codes and words.

mod create;
mod groups;
mod lifecycle;
mod look;
mod modify;
mod remove;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};

use jiff::Timestamp;
use serde_json::{Map, Value};

use awsdb::aws::rds::{Action, Id, Instance, Observed, ParameterGroup, RdsRemote, Settings, Snapshot, SubnetGroup};
use awsdb::aws::{Action as _, CloudError, Look, Looked, Password};
use awsdb::kinds::rds::{RdsInstance, RdsInstanceSpec};
use awsdb::spec::SharedSpec;

use super::agenda::Agenda;
use super::desk::{Answer, Desk, REGION, Refused, refused};
use super::fields::{set, unset};
use super::groups::Groups as _;
use super::service::{Object, Pace, Read, Service};

pub use create::defaults;

/// How long AWS takes, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// After a create, before the instance is listed.
    pub listed: i64,
    /// After a create, before there is an endpoint.
    pub endpoint: i64,
    /// After a create, before `backing-up`.
    pub create: i64,
    /// The first backup.
    pub backup: i64,
    /// After an accepted change, while the status still says what it said.
    pub lag: i64,
    /// In `modifying`.
    pub modify: i64,
    /// Back in `available` between two sub-steps of a change.
    pub flap: i64,
    /// In `storage-optimization`.
    pub optimize: i64,
    /// In `resetting-master-credentials`.
    pub password: i64,
    /// Taking a snapshot.
    pub snapshot: i64,
    /// Deleting.
    pub delete: i64,
    /// Rebooting, starting, stopping.
    pub power: i64,
}

impl Timing {
    /// As RDS, with the long waits shortened.
    pub fn real() -> Self {
        Self {
            listed: 5,
            endpoint: 150,
            create: 200,
            backup: 40,
            lag: 20,
            modify: 60,
            flap: 10,
            optimize: 120,
            password: 15,
            snapshot: 60,
            delete: 90,
            power: 30,
        }
    }

    /// The same shape in few rounds, for loops over every call.
    pub fn quick() -> Self {
        Self {
            listed: 3,
            endpoint: 8,
            create: 12,
            backup: 8,
            lag: 8,
            modify: 10,
            flap: 4,
            optimize: 15,
            password: 8,
            snapshot: 10,
            delete: 15,
            power: 8,
        }
    }

    /// Everything holds as soon as it is accepted.
    pub fn instant() -> Self {
        Self {
            listed: 0,
            endpoint: 0,
            create: 0,
            backup: 0,
            lag: 0,
            modify: 0,
            flap: 0,
            optimize: 0,
            password: 0,
            snapshot: 0,
            delete: 0,
            power: 0,
        }
    }
}

/// What AWS will do to an instance at a time.
#[derive(Clone, Debug)]
pub enum Effect {
    Status(&'static str),
    Endpoint,
    /// New values of settings; what was pending under these names is done.
    Apply(Map<String, Value>),
    Password(String),
    /// `MasterUserSecret`: its state, or gone.
    Managed(Option<&'static str>),
    Parameters(&'static str),
    /// The group's values are in force.
    LoadParameters,
    Role(String, &'static str),
    Promoted,
    RestartsItself(Option<Timestamp>),
    Gone,
}

/// One database, with what no describe shows.
#[derive(Clone, Debug)]
pub struct Db {
    /// What a describe shows.
    pub shown: Instance,
    /// The master password in force.
    pub password: String,
    /// Values of the parameter group that are in force.
    pub running: BTreeMap<String, String>,
    /// How often it was restarted by a RebootDBInstance.
    pub reboots: usize,
    /// The parameter group that comes with the pending upgrade; no describe shows it.
    group_of_upgrade: Option<Value>,
    listed_at: Timestamp,
    agenda: Agenda<Effect>,
    frozen: bool,
}

/// A snapshot, with what a restore needs.
#[derive(Clone, Debug)]
pub struct Snap {
    pub shown: Snapshot,
    pub settings: Settings,
    pub password: String,
    ready_at: Timestamp,
}

/// A database that was deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct Deleted {
    pub identifier: String,
    pub resource_id: String,
    pub final_snapshot: Option<String>,
}

/// RDS of an account in one region.
#[derive(Clone)]
pub struct Aws {
    desk: Desk<Observed>,
    pub timing: Timing,
    pub instances: BTreeMap<String, Db>,
    pub snapshots: BTreeMap<String, Snap>,
    pub parameter_groups: BTreeMap<String, ParameterGroup>,
    pub subnet_groups: BTreeMap<String, SubnetGroup>,
    pub deleted: Vec<Deleted>,
}

impl Deref for Aws {
    type Target = Desk<Observed>;

    fn deref(&self) -> &Desk<Observed> {
        &self.desk
    }
}

impl DerefMut for Aws {
    fn deref_mut(&mut self) -> &mut Desk<Observed> {
        &mut self.desk
    }
}

impl Service for Aws {
    type Remote = RdsRemote;
    type Timing = Timing;
    const DESCRIBE: &'static str = "DescribeDBInstances";

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
            instances: BTreeMap::new(),
            snapshots: BTreeMap::new(),
            parameter_groups: BTreeMap::new(),
            subnet_groups: BTreeMap::new(),
            deleted: Vec::new(),
        }
    }

    fn name(id: &Id) -> &str {
        &id.identifier
    }

    fn advance(&mut self, now: Timestamp) {
        self.pass_time(now);
    }

    fn observe(&mut self, id: &Id, look: Look, _read: &mut Read<'_>) -> Result<Looked<Observed>, CloudError> {
        self.look(id, look)
    }

    fn perform(
        &mut self,
        now: Timestamp,
        id: &Id,
        action: &Action,
        password: Option<&Password>,
    ) -> Result<(), CloudError> {
        self.advance(now);
        let operation = action.operation();
        let answer = match self.refusal(operation) {
            Some(refusal) => Err(refusal),
            None => self.carry_out(id, action, password),
        };
        self.advance(now);
        answer.map_err(|(code, message)| CloudError::answered(operation, code, &message))
    }

    fn is_busy(&self, name: &str) -> bool {
        self.instances[name].is_busy()
    }

    fn report(&self) -> Vec<String> {
        let databases = self.instances.iter().map(|(name, db)| {
            format!("database {name}: {} pending {:?}", db.shown.status, awsdb::diff::fields(&db.shown.pending))
        });
        let snapshots = self.snapshots.keys().collect::<Vec<_>>();
        databases.chain([format!("snapshots {snapshots:?} deleted {:?}", self.deleted)]).collect()
    }

    fn passwords(&self) -> Vec<String> {
        self.instances.values().map(|db| db.password.clone()).collect()
    }
}

impl Object for RdsInstance {
    type Service = Aws;

    fn shared_mut(spec: &mut RdsInstanceSpec) -> &mut SharedSpec {
        &mut spec.shared
    }
}

impl Aws {
    fn carry_out(&mut self, id: &Id, action: &Action, password: Option<&Password>) -> Answer {
        let name = id.identifier.as_str();
        let password = password.map(|password| password.expose().to_string());
        match action {
            Action::CreateSubnetGroup { .. }
            | Action::ModifySubnetGroup { .. }
            | Action::DeleteSubnetGroup { .. }
            | Action::CreateParameterGroup { .. }
            | Action::SetParameters { .. }
            | Action::ResetParameters { .. }
            | Action::DeleteParameterGroup { .. } => self.group_call(action),
            Action::Create { origin, settings, tags, managed, .. } => {
                self.create(name, origin, settings, tags, password, managed.is_some())
            }
            Action::Modify(modification) => self.modify(name, modification),
            Action::SetPassword => self.set_password(name, password.expect("SetPassword carries a password")),
            Action::ManagePassword { managed, .. } => self.manage_password(name, *managed, password),
            Action::Promote { backup_retention_period, .. } => self.promote(name, *backup_retention_period),
            Action::Reboot => self.reboot(name),
            Action::Start => self.start(name),
            Action::Stop => self.stop(name),
            Action::AddRole { feature, role } => self.add_role(name, feature, role),
            Action::RemoveRole { feature, .. } => self.remove_role(name, feature),
            Action::Tag { arn, tags } => self.tags_of(arn).map(|all| all.extend(tags.clone())),
            Action::Untag { arn, keys } => self.tags_of(arn).map(|all| all.retain(|key, _| !keys.contains(key))),
            Action::Delete { final_snapshot, .. } => self.delete(name, final_snapshot.as_deref()),
        }
    }

    fn tags_of(&mut self, arn: &str) -> Result<&mut BTreeMap<String, String>, Refused> {
        let of_instances = self.instances.values_mut().map(|db| (&db.shown.arn, &mut db.shown.tags));
        let of_snapshots = self.snapshots.values_mut().map(|snap| (&snap.shown.arn, &mut snap.shown.tags));
        of_instances
            .chain(of_snapshots)
            .find(|(its, _)| *its == arn)
            .map(|(_, tags)| tags)
            .ok_or(("DBInstanceNotFound", format!("Could not find a DB Instance matching the resource name: '{arn}'")))
    }

    /// The instance, if AWS knows it.
    fn db(&mut self, name: &str) -> Result<&mut Db, Refused> {
        self.instances.get_mut(name).ok_or(("DBInstanceNotFound", format!("DBInstance {name} not found.")))
    }
}

impl Db {
    /// A database that somebody else made, serving since long.
    pub fn standing(shown: Instance, password: &str) -> Self {
        Self {
            shown,
            password: password.into(),
            running: BTreeMap::new(),
            reboots: 0,
            group_of_upgrade: None,
            listed_at: Timestamp::UNIX_EPOCH,
            agenda: Agenda::default(),
            frozen: false,
        }
    }

    fn plan(&mut self, at: Timestamp, effect: Effect) {
        self.agenda.plan(at, effect);
    }

    /// Whether AWS still has something to do to it.
    pub fn is_busy(&self) -> bool {
        self.agenda.effects().any(|effect| !matches!(effect, Effect::RestartsItself(_)))
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

/// A set of texts.
pub fn set_of(items: &[&str]) -> BTreeSet<String> {
    items.iter().map(|item| item.to_string()).collect()
}
