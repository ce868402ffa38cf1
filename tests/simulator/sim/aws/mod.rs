//! RDS in memory: real state machines with a clock that the test moves, and AWS's own codes and words.

mod create;
mod groups;
mod lifecycle;
mod look;
mod modify;
mod remove;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use awsdb::aws::rds::{Action, Id, Instance, Observed, ParameterGroup, Settings, Snapshot, SubnetGroup};
use awsdb::aws::{Action as _, CloudError, Password};

pub use create::{REGION, defaults};

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
    agenda: Vec<(Timestamp, Effect)>,
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

/// AWS refuses the next calls of an operation.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub operation: &'static str,
    pub code: &'static str,
    pub message: &'static str,
    pub times: usize,
}

/// A database that was deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct Deleted {
    pub identifier: String,
    pub resource_id: String,
    pub final_snapshot: Option<String>,
}

/// An account in one region.
#[derive(Clone)]
pub struct Aws {
    pub account: String,
    pub timing: Timing,
    pub instances: BTreeMap<String, Db>,
    pub snapshots: BTreeMap<String, Snap>,
    pub parameter_groups: BTreeMap<String, ParameterGroup>,
    pub subnet_groups: BTreeMap<String, SubnetGroup>,
    pub refusals: Vec<Refusal>,
    /// Modifications are accepted and forgotten.
    pub forgets: bool,
    /// Parts that the caller may not read, with the reason.
    pub unread: BTreeMap<&'static str, String>,
    /// The main describe fails.
    pub unreadable: Option<(&'static str, &'static str)>,
    /// What shared looks are answered from, when it is not what is.
    pub stale: Option<Observed>,
    /// Identifiers of the databases made, in order.
    pub made: Vec<String>,
    pub deleted: Vec<Deleted>,
    /// How many databases were deleted by somebody else.
    pub losses: usize,
    now: Timestamp,
    serial: u32,
}

impl Aws {
    pub fn new(timing: Timing, now: Timestamp) -> Self {
        Self {
            account: "123456789012".into(),
            timing,
            instances: BTreeMap::new(),
            snapshots: BTreeMap::new(),
            parameter_groups: BTreeMap::new(),
            subnet_groups: BTreeMap::new(),
            refusals: Vec::new(),
            forgets: false,
            unread: BTreeMap::new(),
            unreadable: None,
            stale: None,
            made: Vec::new(),
            deleted: Vec::new(),
            losses: 0,
            now,
            serial: 0,
        }
    }

    /// Refuses the next call of an operation.
    pub fn refuse(&mut self, operation: &'static str, code: &'static str, message: &'static str) {
        self.refusals.push(Refusal { operation, code, message, times: 1 });
    }

    /// Refuses every call of an operation.
    pub fn refuse_always(&mut self, operation: &'static str, code: &'static str, message: &'static str) {
        self.refusals.push(Refusal { operation, code, message, times: usize::MAX });
    }

    /// One mutating call.
    pub fn perform(
        &mut self,
        now: Timestamp,
        id: &Id,
        action: &Action,
        password: Option<&Password>,
    ) -> Result<(), CloudError> {
        self.advance(now);
        let operation = action.operation();
        if let Some(place) =
            self.refusals.iter().position(|refusal| refusal.operation == operation && refusal.times > 0)
        {
            let refusal = &mut self.refusals[place];
            refusal.times = refusal.times.saturating_sub(1);
            return Err(CloudError::answered(operation, refusal.code, refusal.message));
        }
        let answer = self.carry_out(id, action, password);
        self.advance(now);
        answer.map_err(|(code, message)| CloudError::answered(operation, code, &message))
    }

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

    fn after(&self, seconds: i64) -> Timestamp {
        self.now + SignedDuration::from_secs(seconds)
    }

    fn next_serial(&mut self) -> u32 {
        self.serial += 1;
        self.serial
    }
}

/// AWS's code and words.
type Refused = (&'static str, String);
type Answer = Result<(), Refused>;

fn refused<T>(code: &'static str, message: impl Into<String>) -> Result<T, Refused> {
    Err((code, message.into()))
}

/// Puts fields into settings.
fn set(settings: &mut Settings, values: Map<String, Value>) {
    let mut all = awsdb::diff::fields(settings);
    all.extend(values);
    *settings = serde_json::from_value(Value::Object(all)).expect("settings of the simulator");
}

/// Takes fields out of settings.
fn unset<'a>(settings: &mut Settings, names: impl IntoIterator<Item = &'a str>) {
    let mut all = awsdb::diff::fields(settings);
    for name in names {
        all.remove(name);
    }
    *settings = serde_json::from_value(Value::Object(all)).expect("settings of the simulator");
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
            agenda: Vec::new(),
            frozen: false,
        }
    }

    fn plan(&mut self, at: Timestamp, effect: Effect) {
        self.agenda.push((at, effect));
        self.agenda.sort_by_key(|(at, _)| *at);
    }

    /// Whether AWS still has something to do to it.
    pub fn is_busy(&self) -> bool {
        self.agenda.iter().any(|(_, effect)| !matches!(effect, Effect::RestartsItself(_)))
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
