//! DBCluster.Status and DBInstanceStatus of members, open sets: what each word means for readiness and for changes
//! (aws-rds.md 2.3).

use crate::aws::aurora::{Cluster, Member};
use crate::conditions::Reason;
use crate::kind::{Inputs, Waiting};

/// A group of statuses that are treated alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Serving, takes every change.
    Available,
    /// Serving, takes no change.
    Serving,
    /// In progress with short interruptions at most: readiness stays as it was.
    Changing,
    /// In progress and not serving.
    Down,
    /// Stopped.
    Stopped,
    /// The user can mend it.
    Mendable(&'static str),
    /// Someone outside must mend it.
    External(&'static str),
    /// Only deletion is left.
    Terminal(&'static str),
    /// On its way out.
    Deleting,
    /// A word that we do not know: in progress.
    Unknown,
}

const LOST: &str = "the cluster cannot be recovered; restore its last snapshot or a point in time into a new object";

/// What a cluster's status means.
pub fn state(status: &str) -> State {
    match status {
        "available" => State::Available,
        "backing-up"
        | "configuring-iam-database-auth"
        | "update-iam-db-auth"
        | "configuring-enhanced-monitoring"
        | "configuring-activity-stream" => State::Serving,
        "modifying"
        | "maintenance"
        | "renaming"
        | "resetting-master-credentials"
        | "scaling-compute"
        | "scaling-storage"
        | "scaling-capacity"
        | "promoting"
        | "storage-optimization" => State::Changing,
        "creating"
        | "migrating"
        | "preparing-data-migration"
        | "upgrading"
        | "rebooting"
        | "starting"
        | "stopping"
        | "backtracking"
        | "failing-over" => State::Down,
        "stopped" | "archiving" | "archived" => State::Stopped,
        "incompatible-parameters" => State::Mendable(
            "correct spec.clusterParameters or spec.parameters (or the groups); members are rebooted after that",
        ),
        "inaccessible-encryption-credentials-recoverable" => {
            State::External("give RDS access to the KMS key again, then start the cluster")
        }
        "incompatible-network" => State::External("free addresses in the subnets, or mend security groups and VPC"),
        "insufficient-capacity" | "insufficient-resource-limits" => {
            State::External("AWS lacks capacity, or a quota of the account is reached: wait, or raise it")
        }
        "replication-suspended" => State::External("mend the replication in its source"),
        "storage-failure" => State::External("AWS reports a failure of the storage: ask AWS Support"),
        "inaccessible-encryption-credentials" => {
            State::Terminal("the KMS key is lost; restore a snapshot that another key encrypts into a new object")
        }
        "incompatible-restore" | "migration-failed" | "restore-failed" | "cloning-failed" | "failed" => {
            State::Terminal(LOST)
        }
        "deleting" | "deleted" => State::Deleting,
        _ => State::Unknown,
    }
}

/// Whether a member serves with this status.
pub fn serves(member: &Member) -> bool {
    matches!(
        member.status.as_str(),
        "available"
            | "backing-up"
            | "storage-optimization"
            | "configuring-enhanced-monitoring"
            | "configuring-iam-database-auth"
            | "configuring-log-exports"
            | "maintenance"
            | "modifying"
    )
}

/// Whether a member is on its way out.
pub fn leaves(member: &Member) -> bool {
    matches!(member.status.as_str(), "deleting" | "deleted")
}

/// What stands between a change and the cluster, if anything does.
pub fn gate(cluster: &Cluster, inputs: &Inputs) -> Option<Waiting> {
    let busy = |reason: Reason| {
        Some(Waiting::new(reason, format!("the cluster is {}; changes wait until it takes them", cluster.status)))
    };
    match state(&cluster.status) {
        State::Available => settling(inputs, "cluster"),
        State::Mendable(_) | State::External(_) | State::Terminal(_) => busy(Reason::Broken),
        State::Stopped => busy(Reason::Stopped),
        _ => busy(Reason::Updating),
    }
}

/// Right after a call AWS still shows the old state: a second call now would be refused, or repeat the first.
pub fn settling(inputs: &Inputs, thing: &str) -> Option<Waiting> {
    let is_recent = inputs.since_call(thing).is_some_and(|age| age < inputs.clocks.transition_poll);
    (is_recent && (inputs.accepted || thing != inputs.main))
        .then(|| Waiting::new(Reason::Settling, "the last call was accepted moments ago"))
}
