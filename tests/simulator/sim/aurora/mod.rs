//! Aurora clusters in memory: real state machines with a clock that the test moves, and AWS's own codes and words
//! (aws-rds.md section 2).

mod builder;
mod create;
mod endpoints;
mod groups;
mod lifecycle;
mod look;
mod members;
mod modify;
mod questions;
mod remove;
mod restore;
mod timing;
mod versions;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};

use jiff::Timestamp;
use serde_json::{Map, Value};

use awsdb::aws::aurora::{Action, AuroraRemote, Capacities, Cluster, CustomEndpoint, Id, Member, Observed, Settings};
use awsdb::aws::owner::Tags;
use awsdb::aws::rds::{self, ParameterGroup, Snapshot, SubnetGroup};
use awsdb::aws::{Action as _, CloudError, Look, Looked, Password};
use awsdb::kinds::aurora::{AuroraServerless, AuroraServerlessSpec};
use awsdb::spec::SharedSpec;

use super::Simulation;
use super::agenda::Agenda;
use super::desk::{Answer, Desk, Refused, refused};
use super::groups::Groups as _;
use super::service::{Object, Pace, Read, Service};
use members::Change;

pub use builder::{aurora, cluster};
pub use timing::Timing;

/// The operator with Aurora.
pub type Auroras = Simulation<AuroraServerless>;

/// What AWS will do to a cluster at a time.
#[derive(Clone, Debug)]
pub enum Effect {
    Status(&'static str),
    Endpoint,
    /// New values of settings; what was pending under these names is done.
    Apply(Map<String, Value>),
    /// Another part is shown to move.
    Moving(bool),
    Password(String),
    /// `MasterUserSecret`: its state, or gone.
    Managed(Option<&'static str>),
    Http(bool),
    Role(String, &'static str),
    /// This member writes from now on.
    Writer(String),
    /// Every member gets this status.
    Members(&'static str),
    /// What the members say of the cluster's parameter group.
    Parameters(&'static str),
    /// The group of the members that comes with a major upgrade.
    MemberGroup(String),
    /// The values of both groups are in force in every member.
    LoadParameters,
    RestartsItself(Option<Timestamp>),
    EndpointStatus(String, &'static str),
    EndpointGone(String),
    Gone,
}

/// What AWS will do to a member at a time.
#[derive(Clone, Debug)]
pub enum MemberEffect {
    Status(&'static str),
    Apply(Map<String, Value>),
    Class,
    Tier(i32),
    Parameters(&'static str),
    LoadParameters,
    NothingPends,
    Gone,
}

/// A cluster, with what no describe shows.
#[derive(Clone, Debug)]
pub struct Clu {
    /// What a describe shows.
    pub shown: Cluster,
    /// The master password in force.
    pub password: String,
    /// Whose data is in it: the cluster that was made empty, in which they began.
    pub data: String,
    pub members: BTreeMap<String, Mem>,
    pub endpoints: BTreeMap<String, CustomEndpoint>,
    /// Failovers that were asked for.
    pub failovers: usize,
    /// How often the writer was taken away from readers that were there.
    pub writers_lost: usize,
    /// What comes with the pending upgrade and no describe shows.
    upgrade: Upgrade,
    secret_ready_at: Timestamp,
    listed_at: Timestamp,
    agenda: Agenda<Effect>,
    frozen: bool,
}

/// The groups of a pending major upgrade.
#[derive(Clone, Debug, Default)]
struct Upgrade {
    cluster: Option<Value>,
    members: Option<String>,
}

/// A DB instance of a cluster.
#[derive(Clone, Debug)]
pub struct Mem {
    /// What a describe shows.
    pub shown: Member,
    /// Values of its parameter group that are in force.
    pub running: BTreeMap<String, String>,
    /// Values of the cluster's parameter group that are in force in it.
    pub cluster_running: BTreeMap<String, String>,
    /// How often it was restarted by a RebootDBInstance.
    pub reboots: usize,
    /// What waits for the window.
    deferred: Vec<MemberEffect>,
    listed_at: Timestamp,
    agenda: Agenda<MemberEffect>,
    frozen: bool,
}

/// A cluster snapshot, or what the automated backups of a deleted cluster hold.
#[derive(Clone, Debug)]
pub struct Snap {
    pub shown: Snapshot,
    pub settings: Settings,
    pub password: String,
    pub data: String,
    ready_at: Timestamp,
}

/// A cluster that was deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct Deleted {
    pub identifier: String,
    pub resource_id: String,
    pub final_snapshot: Option<String>,
    pub at: Timestamp,
}

/// Aurora of an account in one region.
#[derive(Clone)]
pub struct Clusters {
    desk: Desk<Observed>,
    pub timing: Timing,
    pub clusters: BTreeMap<String, Clu>,
    pub snapshots: BTreeMap<String, Snap>,
    /// Automated backups that outlived their clusters, by resource id.
    pub retained: BTreeMap<String, Snap>,
    pub cluster_parameter_groups: BTreeMap<String, ParameterGroup>,
    pub parameter_groups: BTreeMap<String, ParameterGroup>,
    pub subnet_groups: BTreeMap<String, SubnetGroup>,
    /// What the engine version takes.
    pub capacities: Capacities,
    /// Names of DB instances that are no members of ours.
    pub taken: BTreeSet<String>,
    /// Names of members in the order in which they were made, and in which their deletion was accepted.
    pub members_made: Vec<String>,
    pub members_deleted: Vec<String>,
    pub deleted: Vec<Deleted>,
}

impl Deref for Clusters {
    type Target = Desk<Observed>;

    fn deref(&self) -> &Desk<Observed> {
        &self.desk
    }
}

impl DerefMut for Clusters {
    fn deref_mut(&mut self) -> &mut Desk<Observed> {
        &mut self.desk
    }
}

impl Service for Clusters {
    type Remote = AuroraRemote;
    type Timing = Timing;
    const DESCRIBE: &'static str = "DescribeDBClusters";

    fn timing(pace: Pace) -> Timing {
        Timing::of(pace)
    }

    fn new(timing: Timing, now: Timestamp) -> Self {
        Self {
            desk: Desk::new(now),
            timing,
            clusters: BTreeMap::new(),
            snapshots: BTreeMap::new(),
            retained: BTreeMap::new(),
            cluster_parameter_groups: BTreeMap::new(),
            parameter_groups: BTreeMap::new(),
            subnet_groups: BTreeMap::new(),
            capacities: Capacities { min: 0.0, max: 256.0 },
            taken: BTreeSet::new(),
            members_made: Vec::new(),
            members_deleted: Vec::new(),
            deleted: Vec::new(),
        }
    }

    fn name(id: &Id) -> &str {
        &id.identifier
    }

    fn advance(&mut self, now: Timestamp) {
        self.pass_time(now);
    }

    fn observe(&mut self, id: &Id, look: Look, read: &mut Read<'_>) -> Result<Looked<Observed>, CloudError> {
        self.look(id, look, read)
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
            None => self.carry_out(&id.identifier, action, password),
        };
        self.advance(now);
        match answer {
            Err((code, _)) if is_off_already(action, code) => Ok(()),
            answer => answer.map_err(|(code, message)| CloudError::answered(operation, code, &message)),
        }
    }

    fn is_busy(&self, name: &str) -> bool {
        self.clusters[name].is_busy()
    }

    fn report(&self) -> Vec<String> {
        let clusters = self.clusters.iter().flat_map(|(name, clu)| {
            let pending = awsdb::diff::fields(&clu.shown.pending);
            let own = format!("cluster {name}: {} pending {pending:?} of {}", clu.shown.status, clu.data);
            let members = clu
                .members
                .iter()
                .map(|(name, mem)| format!("  member {name}: {} {:?}", mem.shown.status, clu.shown.members.get(name)));
            [own].into_iter().chain(members).collect::<Vec<_>>()
        });
        let rest = format!("snapshots {:?} deleted {:?}", self.snapshots.keys().collect::<Vec<_>>(), self.deleted);
        clusters.chain([rest]).collect()
    }

    fn passwords(&self) -> Vec<String> {
        self.clusters.values().map(|clu| clu.password.clone()).collect()
    }
}

/// AWS refuses to turn off what is off; the client takes it for done.
fn is_off_already(action: &Action, code: &str) -> bool {
    matches!(action, Action::HttpEndpoint { enabled: false, .. }) && code.starts_with("InvalidParameter")
}

impl Object for AuroraServerless {
    type Service = Clusters;

    fn shared_mut(spec: &mut AuroraServerlessSpec) -> &mut SharedSpec {
        &mut spec.shared
    }
}

impl Clusters {
    fn carry_out(&mut self, name: &str, action: &Action, password: Option<&Password>) -> Answer {
        let password = password.map(|password| password.expose().to_string());
        match action {
            Action::Rds(action) => self.rds(action),
            Action::CreateClusterParameterGroup { .. }
            | Action::SetClusterParameters { .. }
            | Action::ResetClusterParameters { .. }
            | Action::DeleteClusterParameterGroup { .. } => self.cluster_group_call(action),
            Action::Create { origin, settings, tags, managed, .. } => {
                self.create(name, origin, settings, tags, password, managed.is_some())
            }
            Action::CreateMember { name: member, engine, settings, promotion_tier, tags } => {
                self.create_member(name, member, engine, settings, *promotion_tier, tags)
            }
            Action::ModifyMember { name: member, settings, promotion_tier, serverless, apply_immediately } => {
                let change =
                    Change { settings, tier: *promotion_tier, serverless: *serverless, at_once: *apply_immediately };
                self.modify_member(name, member, change)
            }
            Action::DeleteMember { name: member } => self.delete_member(name, member),
            Action::RebootMember { name: member } => self.reboot_member(name, member),
            Action::Modify(modification) => self.modify(name, modification),
            Action::SetPassword => self.set_password(name, password.expect("SetPassword carries a password")),
            Action::ManagePassword { managed, .. } => self.manage_password(name, *managed, password),
            Action::HttpEndpoint { arn, enabled } => self.http_endpoint(arn, *enabled),
            Action::Failover => self.failover(name),
            Action::Start => self.start(name),
            Action::Stop => self.stop(name),
            Action::AddRole { feature, role } => self.add_role(name, feature, role),
            Action::RemoveRole { feature, role } => self.remove_role(name, feature, role),
            Action::CreateEndpoint { .. } | Action::ModifyEndpoint { .. } | Action::DeleteEndpoint { .. } => {
                self.endpoint_call(name, action)
            }
            Action::Delete { final_snapshot, delete_automated_backups } => {
                self.delete(name, final_snapshot.as_deref(), *delete_automated_backups)
            }
        }
    }

    fn rds(&mut self, action: &rds::Action) -> Answer {
        match action {
            rds::Action::Tag { arn, tags } => self.tags_of(arn).map(|all| all.extend(tags.clone())),
            rds::Action::Untag { arn, keys } => self.tags_of(arn).map(|all| all.retain(|key, _| !keys.contains(key))),
            action => self.group_call(action),
        }
    }

    fn tags_of(&mut self, arn: &str) -> Result<&mut Tags, Refused> {
        let mut all: Vec<(&String, &mut Tags)> = Vec::new();
        for clu in self.clusters.values_mut() {
            all.push((&clu.shown.arn, &mut clu.shown.tags));
            all.extend(clu.members.values_mut().map(|mem| (&mem.shown.arn, &mut mem.shown.tags)));
        }
        all.extend(self.snapshots.values_mut().map(|snap| (&snap.shown.arn, &mut snap.shown.tags)));
        let groups = self.cluster_parameter_groups.values_mut().chain(self.parameter_groups.values_mut());
        all.extend(groups.map(|group| (&group.arn, &mut group.tags)));
        all.extend(self.subnet_groups.values_mut().map(|group| (&group.arn, &mut group.tags)));
        let found = all.into_iter().find(|(its, _)| *its == arn).map(|(_, tags)| tags);
        found.ok_or((
            "DBClusterNotFoundFault",
            format!("The specified resource name does not match an RDS resource: {arn}"),
        ))
    }

    /// The cluster, if AWS knows it.
    fn clu(&mut self, name: &str) -> Result<&mut Clu, Refused> {
        self.clusters.get_mut(name).ok_or(("DBClusterNotFoundFault", format!("DBCluster {name} not found.")))
    }

    /// The cluster, if it is available.
    fn available(&mut self, name: &str) -> Result<&mut Clu, Refused> {
        let clu = self.clu(name)?;
        if clu.shown.status != "available" {
            return refused(
                "InvalidDBClusterStateFault",
                format!("DB cluster is not currently in the available state: it is {}", clu.shown.status),
            );
        }
        Ok(clu)
    }
}

impl Clu {
    fn plan(&mut self, at: Timestamp, effect: Effect) {
        self.agenda.plan(at, effect);
    }

    /// Whether AWS still has something to do to it.
    pub fn is_busy(&self) -> bool {
        self.agenda.effects().any(|effect| !is_of_a_stop(effect))
            || self.members.values().any(|mem| mem.agenda.effects().next().is_some())
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

    /// The member that writes.
    pub fn writer(&self) -> Option<&str> {
        self.shown.members.iter().find(|(_, membership)| membership.is_writer).map(|(name, _)| name.as_str())
    }
}

/// A stopped cluster rests, though AWS will start it some day.
fn is_of_a_stop(effect: &Effect) -> bool {
    matches!(effect, Effect::RestartsItself(_))
}

impl Mem {
    fn plan(&mut self, at: Timestamp, effect: MemberEffect) {
        self.agenda.plan(at, effect);
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
