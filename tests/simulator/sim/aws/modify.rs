//! ModifyDBInstance: what applies at once, what waits for the window, and what the status says meanwhile.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use awsdb::aws::rds::version::{family, is_major_change};
use awsdb::aws::rds::{Modification, Settings};
use awsdb::diff::fields;

use super::create::resolved;
use super::{Answer, Aws, Db, Effect, Refused, Timing, refused, set, unset};

/// Fields that wait for the maintenance window unless ApplyImmediately is set (aws-rds.md 1.2).
const WINDOW: [&str; 19] = [
    "dbInstanceClass",
    "engineVersion",
    "engine",
    "multiTenant",
    "dedicatedLogVolume",
    "processorFeatures",
    "domain",
    "caCertificateIdentifier",
    "optionGroupName",
    "networkType",
    "storageType",
    "allocatedStorage",
    "iops",
    "storageThroughput",
    "additionalStorageVolumes",
    "multiAZ",
    "iamDatabaseAuthentication",
    "licenseModel",
    "dbSubnetGroupName",
];
const STORAGE: [&str; 5] = ["allocatedStorage", "storageType", "iops", "storageThroughput", "additionalStorageVolumes"];

impl Aws {
    pub(super) fn modify(&mut self, name: &str, modification: &Modification) -> Answer {
        let (now, timing, forgets) = (self.now, self.timing, self.forgets);
        self.check_group(name, &modification.settings)?;
        let db = self.db(name)?;
        let asked = wishes(db, modification);
        check(db, modification, &asked)?;
        if forgets {
            return Ok(());
        }
        let current = fields(&db.shown.settings);
        let (window, mut apply): (Map<_, _>, Map<_, _>) =
            asked.into_iter().partition(|(field, _)| WINDOW.contains(&field.as_str()));
        // The current value takes a pending one back.
        unset(&mut db.shown.pending, window.keys().map(String::as_str));
        let news: Map<_, _> = window.into_iter().filter(|(field, value)| current.get(field) != Some(value)).collect();
        set(&mut db.shown.pending, news);
        if modification.apply_immediately {
            apply.extend(fields(&db.shown.pending));
        } else if db.shown.pending.engine_version.is_some() && modification.settings.engine_version.is_some() {
            db.group_of_upgrade = apply.remove("dbParameterGroupName");
        }
        apply.retain(|field, value| current.get(field) != Some(value));
        if !apply.is_empty() {
            db.shown.logs_pending |= modification.logs.is_some();
            schedule(db, now, timing, apply);
        }
        Ok(())
    }

    /// A group must be of the family that is in force, or that the same call brings.
    fn check_group(&mut self, name: &str, wanted: &Settings) -> Answer {
        let is = self.db(name)?.shown.settings.clone();
        let engine = is.engine.unwrap_or_default();
        let version = wanted.engine_version.clone().or(is.engine_version).unwrap_or_default();
        let Some(group) = wanted.db_parameter_group_name.as_ref().filter(|group| !group.starts_with("default.")) else {
            let own = is.db_parameter_group_name.as_ref().and_then(|group| self.parameter_groups.get(group));
            if own.is_some_and(|group| group.family != family(&engine, &version)) {
                return refused(
                    "InvalidParameterCombination",
                    "The current DB parameter group is custom. You must explicitly specify a new DB parameter group name, either default or custom, for the engine version.",
                );
            }
            return Ok(());
        };
        match self.parameter_groups.get(group) {
            None => refused("DBParameterGroupNotFound", format!("DBParameterGroup not found: {group}")),
            Some(group) if group.family != family(&engine, &version) => refused(
                "InvalidParameterCombination",
                format!(
                    "The parameter group with DBParameterGroupFamily {} can't be used for this instance. Please use a parameter group with DBParameterGroupFamily {}",
                    group.family,
                    family(&engine, &version)
                ),
            ),
            Some(_) => Ok(()),
        }
    }

    pub(super) fn set_password(&mut self, name: &str, password: String) -> Answer {
        let timing = self.timing;
        let (lag, done) = (self.after(timing.lag), self.after(timing.lag + timing.password));
        let db = self.db(name)?;
        takes_changes(db)?;
        if db.shown.replica_source.is_some() {
            return refused("InvalidParameterCombination", "Cannot change master user password on a Read Replica");
        }
        if db.shown.master_secret.is_some() {
            return refused(
                "InvalidParameterCombination",
                "You can't specify MasterUserPassword for an instance whose password RDS manages.",
            );
        }
        reset(db, lag, done, password);
        Ok(())
    }

    pub(super) fn manage_password(&mut self, name: &str, managed: bool, password: Option<String>) -> Answer {
        let timing = self.timing;
        let (lag, done) = (self.after(timing.lag), self.after(timing.lag + timing.password));
        let serial = self.next_serial();
        let db = self.db(name)?;
        takes_changes(db)?;
        match (managed, password) {
            (true, _) => {
                db.plan(lag, Effect::Managed(Some("creating")));
                reset(db, lag, done, format!("aws-chose-{serial}"));
                db.plan(done, Effect::Managed(Some("active")));
            }
            (false, None) => {
                return refused(
                    "InvalidParameterCombination",
                    "You must specify a password when you turn off ManageMasterUserPassword.",
                );
            }
            (false, Some(password)) => {
                reset(db, lag, done, password);
                db.plan(lag, Effect::Managed(None));
            }
        }
        Ok(())
    }
}

/// The password is masked in PendingModifiedValues from the accepted call on, and the status says so a little later.
fn reset(db: &mut Db, lag: Timestamp, done: Timestamp, password: String) {
    db.shown.password_pending = true;
    db.plan(lag, Effect::Status("resetting-master-credentials"));
    db.plan(done, Effect::Password(password));
    db.plan(done, Effect::Status("available"));
}

/// Every member that was sent, in the words that a describe will use.
fn wishes(db: &Db, modification: &Modification) -> Map<String, Value> {
    let mut asked = fields(&modification.settings);
    let engine = db.shown.settings.engine.clone().unwrap_or_default();
    if let Some(version) = &modification.settings.engine_version {
        asked.insert("engineVersion".into(), resolved(&engine, version).into());
    }
    if let Some(logs) = &modification.logs {
        let is = db.shown.settings.enable_cloudwatch_logs_exports.clone().unwrap_or_default();
        let all: Vec<_> = is.union(&logs.enable).filter(|log| !logs.disable.contains(*log)).cloned().collect();
        asked.insert("enableCloudwatchLogsExports".into(), all.into());
    }
    asked
}

fn takes_changes(db: &Db) -> Result<(), Refused> {
    let takes =
        ["available", "storage-optimization", "storage-full", "incompatible-parameters", "incompatible-credentials"];
    let takes = takes.contains(&db.shown.status.as_str())
        || ["incompatible-option-group", "insufficient-capacity", "storage-initialization"]
            .contains(&db.shown.status.as_str());
    if takes {
        return Ok(());
    }
    refused("InvalidDBInstanceState", format!("Database instance is not in available state: it is {}", db.shown.status))
}

fn check(db: &Db, modification: &Modification, asked: &Map<String, Value>) -> Result<(), Refused> {
    takes_changes(db)?;
    if asked.is_empty() {
        return refused("InvalidParameterCombination", "No modifications were requested");
    }
    let (wanted, is) = (&modification.settings, &db.shown.settings);
    if let Some(class) = wanted.db_instance_class.as_ref().filter(|class| class.contains("nonsense")) {
        return refused("InvalidParameterValue", format!("Invalid DB Instance class: {class}"));
    }
    let moves_storage =
        asked.iter().any(|(field, value)| STORAGE.contains(&field.as_str()) && fields(is).get(field) != Some(value));
    if moves_storage && ["storage-optimization", "storage-initialization"].contains(&db.shown.status.as_str()) {
        return refused(
            "InvalidParameterCombination",
            "You can't currently modify the storage of this DB instance because the previous storage change is being optimized.",
        );
    }
    if wanted.allocated_storage < is.allocated_storage && wanted.allocated_storage.is_some() {
        return refused(
            "InvalidParameterCombination",
            "Invalid storage size: the new size must be greater than the current size",
        );
    }
    let size = wanted.allocated_storage.max(is.allocated_storage).unwrap_or_default();
    if is.storage_type.as_deref() == Some("gp3")
        && size < 400
        && (wanted.iops.is_some() || wanted.storage_throughput.is_some())
    {
        return refused(
            "InvalidParameterCombination",
            "You can't specify IOPS or storage throughput for engine postgres and a storage size less than 400.",
        );
    }
    let engine = is.engine.clone().unwrap_or_default();
    if let (Some(from), Some(to), false) =
        (&is.engine_version, &wanted.engine_version, modification.allow_major_version_upgrade)
        && is_major_change(&engine, from, to)
    {
        return refused(
            "InvalidParameterCombination",
            "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.",
        );
    }
    Ok(())
}

/// The status lags, changes, flaps back once between two sub-steps, and ends where the change leads.
pub(super) fn schedule(db: &mut Db, now: Timestamp, timing: Timing, mut apply: Map<String, Value>) {
    if apply.contains_key("engineVersion") {
        apply.extend(db.group_of_upgrade.take().map(|group| ("dbParameterGroupName".to_string(), group)));
    }
    let at = |seconds: i64| now + SignedDuration::from_secs(seconds);
    let half = timing.lag + timing.modify / 2;
    let done = timing.lag + timing.modify + timing.flap;
    let upgrades = apply.contains_key("engineVersion");
    let storage = apply.keys().any(|field| STORAGE.contains(&field.as_str()));
    let group = apply.contains_key("dbParameterGroupName");
    db.plan(at(timing.lag), Effect::Status(if upgrades { "upgrading" } else { "modifying" }));
    db.plan(at(half), Effect::Status("available"));
    db.plan(at(half + timing.flap), Effect::Status("modifying"));
    db.plan(at(done), Effect::Apply(apply));
    if group {
        db.plan(at(timing.lag), Effect::Parameters("applying"));
        db.plan(at(done), if upgrades { Effect::LoadParameters } else { Effect::Parameters("pending-reboot") });
    }
    if storage {
        db.plan(at(done), Effect::Status("storage-optimization"));
        db.plan(at(done + timing.optimize), Effect::Status("available"));
    } else {
        db.plan(at(done), Effect::Status("available"));
    }
}
