//! ModifyDBCluster: what applies at once, what waits for the window, and what the status says meanwhile.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use awsdb::aws::aurora::{Modification, Settings};
use awsdb::diff::fields;

use super::super::fields::{set, unset};
use super::create::{secret_arn, shown_scaling};
use super::versions::{family, major, numbers, resolved};
use super::{Answer, Clu, Clusters, Effect, Timing, refused};

/// Fields that wait for the maintenance window unless ApplyImmediately is set (aws-rds.md 2.1).
const WINDOW: [&str; 4] = ["engineVersion", "storageType", "iamDatabaseAuthentication", "networkType"];

/// Fields that ModifyDBCluster does not know.
const FIXED: [&str; 9] = [
    "engine",
    "databaseName",
    "masterUsername",
    "dbSubnetGroupName",
    "availabilityZones",
    "storageEncrypted",
    "kmsKeyId",
    "enableHttpEndpoint",
    "enableCloudwatchLogsExports",
];

impl Clusters {
    pub(super) fn modify(&mut self, name: &str, modification: &Modification) -> Answer {
        let (now, timing, forgets) = (self.now, self.timing, self.forgets);
        self.check(name, modification)?;
        let clu = self.available(name)?;
        if forgets {
            return Ok(());
        }
        let asked = wishes(clu, modification);
        let current = fields(&clu.shown.settings);
        let (window, mut apply): (Map<_, _>, Map<_, _>) =
            asked.into_iter().partition(|(field, _)| WINDOW.contains(&field.as_str()));
        // The current value takes a pending one back.
        unset(&mut clu.shown.pending, window.keys().map(String::as_str));
        let news: Map<_, _> = window.into_iter().filter(|(field, value)| current.get(field) != Some(value)).collect();
        set(&mut clu.shown.pending, news);
        if clu.shown.pending.engine_version.is_some() && modification.settings.engine_version.is_some() {
            clu.upgrade.members.clone_from(&modification.instance_parameter_group);
            clu.upgrade.cluster = apply.remove("dbClusterParameterGroupName");
        }
        if modification.apply_immediately {
            apply.extend(fields(&clu.shown.pending));
        }
        apply.retain(|field, value| current.get(field) != Some(value));
        if !apply.is_empty() {
            clu.shown.logs_pending |= modification.logs.is_some();
            schedule(clu, now, timing, apply);
        }
        Ok(())
    }

    fn check(&mut self, name: &str, modification: &Modification) -> Answer {
        self.check_group(name, &modification.settings)?;
        modification.settings.scaling.map_or(Ok(()), |scaling| self.check_scaling(scaling))?;
        let now = self.now;
        let clu = self.available(name)?;
        let (wanted, is) = (&modification.settings, &clu.shown.settings);
        let sent = fields(wanted);
        if let Some(field) = FIXED.iter().find(|field| sent.contains_key(**field)) {
            return refused("InvalidParameterCombination", format!("ModifyDBCluster has no {field}"));
        }
        if sent.is_empty() && modification.logs.is_none() {
            return refused("InvalidParameterCombination", "No modifications were requested");
        }
        let next = clu.shown.storage_type_change_from;
        let to_optimized =
            wanted.storage_type.as_deref() == Some("aurora-iopt1") && is.storage_type != wanted.storage_type;
        if to_optimized && next.is_some_and(|next| now < next) {
            return refused(
                "StorageTypeNotAvailableFault",
                "You can switch an existing DB cluster to I/O-Optimized once every 30 days.",
            );
        }
        if wanted.backtrack_window.is_some_and(|seconds| seconds > 0) && is.engine.as_deref() != Some("aurora-mysql") {
            return refused("InvalidParameterCombination", "Backtrack is not supported for this engine.");
        }
        if wanted.database_insights_mode.as_deref() == Some("advanced")
            && !(wanted.enable_performance_insights == Some(true)
                && wanted.performance_insights_retention_period.is_some_and(|days| days >= 465))
        {
            return refused(
                "InvalidParameterCombination",
                "To enable the Advanced mode of Database Insights, you must enable Performance Insights and set a retention of at least 465 days.",
            );
        }
        check_version(clu, modification)
    }

    /// A group must be of the family that is in force, or that the same call brings.
    fn check_group(&mut self, name: &str, wanted: &Settings) -> Answer {
        let is = self.clu(name)?.shown.settings.clone();
        let engine = is.engine.unwrap_or_default();
        let version = wanted.engine_version.clone().or(is.engine_version).unwrap_or_default();
        let needed = family(&engine, &version);
        let sent = wanted.db_cluster_parameter_group_name.as_ref();
        let Some(group) = sent.filter(|group| !group.starts_with("default.")) else {
            let own = is.db_cluster_parameter_group_name.and_then(|group| self.cluster_parameter_groups.get(&group));
            if sent.is_none() && own.is_some_and(|group| group.family != needed) {
                return refused(
                    "InvalidParameterCombination",
                    "The current DB cluster parameter group is custom. You must explicitly specify a new DB cluster parameter group name, either default or custom, for the engine version.",
                );
            }
            return Ok(());
        };
        match self.cluster_parameter_groups.get(group) {
            None => refused("DBClusterParameterGroupNotFound", format!("DBClusterParameterGroup not found: {group}")),
            Some(group) if group.family != needed => refused(
                "InvalidParameterCombination",
                format!(
                    "The parameter group with DBParameterGroupFamily {} can't be used: it must be {needed}",
                    group.family
                ),
            ),
            Some(_) => Ok(()),
        }
    }

    pub(super) fn set_password(&mut self, name: &str, password: String) -> Answer {
        let timing = self.timing;
        let (lag, done) = (self.after(timing.lag), self.after(timing.lag + timing.password));
        let clu = self.available(name)?;
        if clu.shown.master_secret.is_some() {
            return refused(
                "InvalidParameterCombination",
                "You can't specify MasterUserPassword for a cluster whose password RDS manages.",
            );
        }
        reset(clu, lag, done, password);
        Ok(())
    }

    pub(super) fn manage_password(&mut self, name: &str, managed: bool, password: Option<String>) -> Answer {
        let timing = self.timing;
        let (lag, done) = (self.after(timing.lag), self.after(timing.lag + timing.password));
        let serial = self.next_serial();
        let clu = self.available(name)?;
        match (managed, password) {
            (true, _) => {
                clu.plan(lag, Effect::Managed(Some("creating")));
                clu.secret_ready_at = done;
                reset(clu, lag, done, format!("aws-chose-{serial}"));
            }
            (false, None) => {
                return refused(
                    "InvalidParameterCombination",
                    "You must specify a password when you turn off ManageMasterUserPassword.",
                );
            }
            (false, Some(password)) => {
                reset(clu, lag, done, password);
                clu.plan(lag, Effect::Managed(None));
            }
        }
        Ok(())
    }
}

/// The state of the secret, with its ARN.
pub(super) fn secret(name: &str, state: Option<&'static str>) -> Option<(String, String)> {
    state.map(|state| (secret_arn(name), state.into()))
}

/// The password is masked in PendingModifiedValues from the accepted call on, and the status says so a little later.
fn reset(clu: &mut Clu, lag: Timestamp, done: Timestamp, password: String) {
    clu.shown.password_pending = true;
    clu.plan(lag, Effect::Status("resetting-master-credentials"));
    clu.plan(done, Effect::Password(password));
    clu.plan(done, Effect::Status("available"));
}

/// Every member that was sent, in the words that a describe will use.
fn wishes(clu: &Clu, modification: &Modification) -> Map<String, Value> {
    let mut asked = fields(&modification.settings);
    let engine = clu.shown.settings.engine.clone().unwrap_or_default();
    if let Some(version) = &modification.settings.engine_version {
        asked.insert("engineVersion".into(), resolved(&engine, version).into());
    }
    if let Some(scaling) = modification.settings.scaling {
        asked.insert("serverlessV2ScalingConfiguration".into(), json!(shown_scaling(scaling)));
    }
    if let Some(logs) = &modification.logs {
        let is = clu.shown.settings.enable_cloudwatch_logs_exports.clone().unwrap_or_default();
        let all: Vec<_> = is.union(&logs.enable).filter(|log| !logs.disable.contains(*log)).cloned().collect();
        asked.insert("enableCloudwatchLogsExports".into(), all.into());
    }
    asked
}

fn check_version(clu: &Clu, modification: &Modification) -> Answer {
    let is = &clu.shown.settings;
    let (engine, from) = (is.engine.clone().unwrap_or_default(), is.engine_version.clone().unwrap_or_default());
    let Some(to) = &modification.settings.engine_version else {
        assert!(!modification.allow_major_version_upgrade, "AllowMajorVersionUpgrade goes with an engine version only");
        assert_eq!(modification.instance_parameter_group, None, "the members' group goes with a major upgrade only");
        return Ok(());
    };
    let to = resolved(&engine, to);
    if numbers(&to) < numbers(&from) {
        return refused("InvalidParameterCombination", format!("Cannot upgrade {engine} from {from} to {to}"));
    }
    if major(&engine, &from) == major(&engine, &to) {
        return match modification.instance_parameter_group {
            None => Ok(()),
            Some(_) => refused(
                "InvalidParameterCombination",
                "The db-instance-parameter-group-name can only be specified for a major engine version upgrade.",
            ),
        };
    }
    if !modification.allow_major_version_upgrade {
        return refused(
            "InvalidParameterCombination",
            "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.",
        );
    }
    if modification.settings.vpc_security_group_ids.is_some() {
        return refused(
            "InvalidParameterCombination",
            "Cannot change VPC security group while doing a major version upgrade.",
        );
    }
    let group = |mem: &super::Mem| mem.shown.settings.db_parameter_group_name.clone().unwrap_or_default();
    let custom = clu.members.values().any(|mem| !group(mem).starts_with("default."));
    if custom && modification.instance_parameter_group.is_none() {
        return refused(
            "InvalidParameterCombination",
            "The current DB instance parameter group is custom. You must explicitly specify a new DB instance parameter group.",
        );
    }
    Ok(())
}

/// The status lags, changes, flaps back once between two sub-steps, and ends where the change leads.
pub(super) fn schedule(clu: &mut Clu, now: Timestamp, timing: Timing, mut apply: Map<String, Value>) {
    let upgrades = apply.contains_key("engineVersion");
    if upgrades {
        apply.extend(clu.upgrade.cluster.take().map(|group| ("dbClusterParameterGroupName".to_string(), group)));
    }
    let at = |seconds: i64| now + SignedDuration::from_secs(seconds);
    let half = timing.lag + timing.modify / 2;
    let done = timing.lag + timing.modify + timing.flap;
    let has = |field: &str| apply.contains_key(field);
    let (group, restarts) = (has("dbClusterParameterGroupName"), upgrades || has("port"));
    let word = match () {
        () if upgrades => "upgrading",
        () if has("iamDatabaseAuthentication") => "configuring-iam-database-auth",
        () => "modifying",
    };
    let (scales, forwards) = (has("serverlessV2ScalingConfiguration"), has("enableLocalWriteForwarding"));
    clu.plan(at(timing.lag), Effect::Status(word));
    if restarts {
        clu.plan(at(timing.lag), Effect::Members(if upgrades { "upgrading" } else { "rebooting" }));
    } else {
        clu.plan(at(half), Effect::Status("available"));
        clu.plan(at(half + timing.flap), Effect::Status("modifying"));
    }
    clu.shown.security_groups_changing |= has("vpcSecurityGroupIds");
    clu.plan(at(done), Effect::Apply(apply));
    if restarts {
        clu.plan(at(done), Effect::Members("available"));
    }
    if forwards {
        clu.plan(at(timing.lag), Effect::Moving(true));
        clu.plan(at(done), Effect::Moving(false));
    }
    if let Some(group) = clu.upgrade.members.take_if(|_| upgrades) {
        clu.plan(at(done), Effect::MemberGroup(group));
    }
    if upgrades {
        clu.plan(at(done), Effect::LoadParameters);
    } else if group {
        clu.plan(at(timing.lag), Effect::Parameters("applying"));
        clu.plan(at(done), Effect::Parameters("pending-reboot"));
    }
    clu.plan(at(done), Effect::Status("available"));
    if scales {
        // A workflow begins again after the cluster has been available.
        clu.plan(at(done + timing.flap), Effect::Status("modifying"));
        clu.plan(at(done + timing.flap + timing.tail), Effect::Status("available"));
    }
}
