//! What a change of a field does and when AWS applies it (the class column of aws-rds.md 1.2).

use crate::aws::rds::{Instance, Settings};
use crate::diff::fields;
use crate::kind::Disruption;

/// What AWS has no call to change.
pub const IMMUTABLE: [&str; 11] = [
    "storageEncrypted",
    "kmsKeyId",
    "masterUsername",
    "dbName",
    "availabilityZone",
    "dbSubnetGroupName",
    "characterSetName",
    "ncharCharacterSetName",
    "timezone",
    "backupTarget",
    "engine",
];

/// What an instance takes no change of while AWS optimises its storage.
pub const STORAGE: [&str; 6] =
    ["allocatedStorage", "storageType", "iops", "storageThroughput", "dedicatedLogVolume", "additionalStorageVolumes"];

/// What travels with a change of engine or major version: groups belong to a family.
pub const UPGRADE: [&str; 4] = ["engine", "engineVersion", "dbParameterGroupName", "optionGroupName"];

/// What AWS would apply at once whatever is asked, only takes at once, or does not show as pending while it waits for
/// the window: the operator holds these itself.
pub const AT_ONCE: [&str; 3] = ["port", "multiTenant", "networkType"];

/// When AWS applies a change of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// As soon as it is accepted, whatever ApplyImmediately says.
    Now,
    /// In the maintenance window unless ApplyImmediately.
    Window,
}

/// Timing and disruption of each field. `wanted` are the settings that it would change to.
pub fn effect(field: &str, wanted: &Settings, instance: &Instance) -> (Timing, Disruption) {
    match field {
        "dbInstanceClass" | "engineVersion" | "engine" | "multiTenant" => (Timing::Window, Disruption::Failover),
        "dedicatedLogVolume" | "processorFeatures" | "domain" | "caCertificateIdentifier" => {
            (Timing::Window, Disruption::Reboot)
        }
        "port" => (Timing::Now, Disruption::Reboot),
        "optionGroupName" | "networkType" => (Timing::Window, Disruption::BriefInterruption),
        "allocatedStorage" | "storageType" | "iops" | "storageThroughput" if leaves_standard(wanted, instance) => {
            (Timing::Window, Disruption::Failover)
        }
        "backupRetentionPeriod"
            if [wanted.backup_retention_period, instance.settings.backup_retention_period].contains(&Some(0)) =>
        {
            (Timing::Window, Disruption::BriefInterruption)
        }
        "allocatedStorage"
        | "storageType"
        | "iops"
        | "storageThroughput"
        | "additionalStorageVolumes"
        | "multiAZ"
        | "iamDatabaseAuthentication"
        | "licenseModel" => (Timing::Window, Disruption::None),
        _ => (Timing::Now, Disruption::None),
    }
}

/// To and from magnetic storage is an outage, and size and performance go with it in one call.
fn leaves_standard(wanted: &Settings, instance: &Instance) -> bool {
    let (to, from) = (wanted.storage_type.as_deref(), instance.settings.storage_type.as_deref());
    to.is_some() && to != from && [to, from].contains(&Some("standard"))
}

/// The worst class of what AWS holds for the window, besides what is sent: whatever is applied at once applies all of it.
pub fn held_class(instance: &Instance, sent: &Settings) -> Disruption {
    let sent = fields(sent);
    let pending = fields(&instance.pending);
    let class = pending
        .keys()
        .filter(|field| !sent.contains_key(*field))
        .map(|field| effect(field, &instance.pending, instance).1)
        .max()
        .unwrap_or(Disruption::None);
    let waits = instance.option_groups.values().any(|status| status.starts_with("pending-maintenance"));
    if waits && sent.get("optionGroupName").is_none() { class.max(Disruption::BriefInterruption) } else { class }
}
