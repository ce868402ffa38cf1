//! DBInstanceStatus, an open set: what each word means for readiness and for changes (aws-rds.md 1.4).

/// A group of statuses that are treated alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Serving, takes every change.
    Available,
    /// Serving, takes every change but to storage.
    StorageBusy,
    /// Serving, takes no change.
    Serving,
    /// In progress with short interruptions at most: readiness stays as it was.
    Changing,
    /// In progress and not serving.
    Down,
    /// Stopped.
    Stopped,
    /// Needs storage, and nothing else before that.
    StorageFull,
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

const LOST: &str = "the instance cannot be recovered; restore its last snapshot or a point in time into a new object";

/// What a status means.
pub fn state(status: &str) -> State {
    match status {
        "available" => State::Available,
        "storage-optimization" | "storage-initialization" => State::StorageBusy,
        "backing-up"
        | "configuring-enhanced-monitoring"
        | "configuring-iam-database-auth"
        | "configuring-log-exports"
        | "configuring-associated-roles"
        | "configuring-activity-stream" => State::Serving,
        "modifying"
        | "resetting-master-credentials"
        | "renaming"
        | "maintenance"
        | "moving-to-vpc"
        | "converting-to-vpc"
        | "storage-config-upgrade"
        | "validating-configuration" => State::Changing,
        "creating" | "rebooting" | "starting" | "stopping" | "upgrading" | "backtracking" => State::Down,
        "stopped" => State::Stopped,
        "storage-full" => State::StorageFull,
        "incompatible-parameters" => {
            State::Mendable("correct spec.parameters (or the parameter group); the instance is rebooted after that")
        }
        "incompatible-option-group" => State::Mendable("correct the option group or spec.optionGroupName"),
        "incompatible-credentials" => State::Mendable("correct spec.credentials"),
        "insufficient-capacity" => State::Mendable("choose another spec.dbInstanceClass, or wait for capacity"),
        "inaccessible-encryption-credentials-recoverable" => {
            State::External("give RDS access to the KMS key again, then start the instance")
        }
        "incompatible-network" => State::External("free addresses in the subnets, or mend security groups and VPC"),
        "inaccessible-encryption-credentials" => {
            State::Terminal("the KMS key is lost; restore a snapshot that another key encrypts into a new object")
        }
        "incompatible-restore"
        | "incompatible-create"
        | "restore-error"
        | "failed"
        | "modify-failed"
        | "upgrade-failed"
        | "unsupported-configuration"
        | "automation-paused" => State::Terminal(LOST),
        "delete-precheck" | "deleting" | "deleted" => State::Deleting,
        _ => State::Unknown,
    }
}

/// What an instance takes that takes nothing else, because it is the cure: fields, and what [`super::gate`] names.
pub fn remedies(status: &str) -> &'static [&'static str] {
    match status {
        "storage-full" => &["allocatedStorage"],
        "incompatible-parameters" => &["dbParameterGroupName", super::gate::REBOOT],
        "incompatible-option-group" => &["optionGroupName"],
        "incompatible-credentials" => &[super::gate::PASSWORD],
        "insufficient-capacity" => &["dbInstanceClass"],
        _ => &[],
    }
}

/// Statuses in which AWS can take no final snapshot.
pub fn takes_no_snapshot(status: &str) -> bool {
    matches!(
        status,
        "failed" | "incompatible-restore" | "incompatible-network" | "incompatible-create" | "restore-error"
    )
}
