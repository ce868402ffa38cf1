//! CreateDBCluster and the restores: a new cluster has no members.

use std::collections::BTreeSet;

use awsdb::aws::aurora::{Cluster, Origin, Scaling, Settings};
use awsdb::aws::owner::Tags;
use awsdb::diff::fields;

use super::super::desk::REGION;
use super::super::fields::set;
use super::restore::{Source, taken};
use super::versions::{family, resolved};
use super::{Answer, Clu, Clusters, Effect, refused};

/// What AWS chooses where the caller says nothing.
pub fn defaults(engine: &str) -> Settings {
    let version = if engine == "aurora-postgresql" { "16" } else { "8.0.mysql_aurora.3" };
    Settings {
        engine: Some(engine.into()),
        engine_version: Some(resolved(engine, version)),
        port: Some(if engine == "aurora-postgresql" { 5432 } else { 3306 }),
        db_subnet_group_name: Some("default".into()),
        vpc_security_group_ids: Some(["sg-default".into()].into()),
        db_cluster_parameter_group_name: Some(format!("default.{}", family(engine, version))),
        backup_retention_period: Some(1),
        preferred_backup_window: Some("07:00-07:30".into()),
        preferred_maintenance_window: Some("sun:04:00-sun:05:00".into()),
        storage_encrypted: Some(false),
        storage_type: Some("aurora".into()),
        iam_database_authentication: Some(false),
        enable_http_endpoint: Some(false),
        enable_cloudwatch_logs_exports: Some(Default::default()),
        enable_performance_insights: Some(false),
        database_insights_mode: Some("standard".into()),
        deletion_protection: Some(false),
        copy_tags_to_snapshot: Some(false),
        backtrack_window: (engine == "aurora-mysql").then_some(0),
        enable_local_write_forwarding: Some(false),
        network_type: Some("IPV4".into()),
        engine_lifecycle_support: Some("open-source-rds-extended-support".into()),
        ..Settings::default()
    }
}

/// ARN of the secret in which RDS keeps a master password.
pub fn secret_arn(name: &str) -> String {
    format!("arn:aws:secretsmanager:{REGION}:123456789012:secret:rds!cluster-{name}")
}

/// What AWS makes of a capacity: without pausing, there are no seconds until a pause.
pub fn shown_scaling(scaling: Scaling) -> Scaling {
    let pauses = scaling.min_capacity == 0.0;
    let seconds_until_auto_pause = pauses.then_some(scaling.seconds_until_auto_pause.unwrap_or(300));
    Scaling { seconds_until_auto_pause, ..scaling }
}

impl Clusters {
    pub(super) fn create(
        &mut self,
        name: &str,
        origin: &Origin,
        settings: &Settings,
        tags: &Tags,
        password: Option<String>,
        managed: bool,
    ) -> Answer {
        if self.clusters.contains_key(name) {
            return refused("DBClusterAlreadyExistsFault", "DB Cluster already exists");
        }
        let mut asked = taken(origin, settings);
        self.check_create(&asked)?;
        let source = match origin {
            Origin::New => Source::nothing(name, settings),
            origin => {
                if password.is_some() || managed {
                    return refused("InvalidParameterCombination", "a restore takes no master password");
                }
                self.source_of(origin, &asked)?
            }
        };
        let password = password.or(source.password);
        if password.is_none() && !managed {
            return refused("InvalidParameterValue", "Invalid master password");
        }
        let mut all = source.settings;
        let zones = three_zones(asked.availability_zones.take());
        set(&mut all, fields(&asked));
        let engine = all.engine.clone().unwrap_or_default();
        all.engine_version = all.engine_version.map(|version| resolved(&engine, &version));
        all.scaling = all.scaling.map(shown_scaling);
        all.availability_zones = Some(zones);
        let tags = if tags.is_empty() { source.tags } else { tags.clone() };
        self.begin(name, all, tags, password.unwrap_or_default(), source.data, managed);
        Ok(())
    }

    fn check_create(&self, settings: &Settings) -> Answer {
        if let Some(group) =
            settings.db_subnet_group_name.as_ref().filter(|group| !self.subnet_groups.contains_key(*group))
        {
            return refused("DBSubnetGroupNotFoundFault", format!("DB subnet group '{group}' does not exist."));
        }
        if let Some(group) = settings
            .db_cluster_parameter_group_name
            .as_ref()
            .filter(|group| !group.starts_with("default.") && !self.cluster_parameter_groups.contains_key(*group))
        {
            return refused("DBClusterParameterGroupNotFound", format!("DBClusterParameterGroup not found: {group}"));
        }
        settings.scaling.map_or(Ok(()), |scaling| self.check_scaling(scaling))
    }

    pub(super) fn check_scaling(&self, scaling: Scaling) -> Answer {
        if scaling.min_capacity < self.capacities.min || scaling.max_capacity > self.capacities.max {
            return refused(
                "InvalidParameterValue",
                format!("Invalid ServerlessV2 capacity: {}-{}", scaling.min_capacity, scaling.max_capacity),
            );
        }
        if scaling.seconds_until_auto_pause.is_some() && scaling.min_capacity > 0.0 {
            return refused(
                "InvalidParameterCombination",
                "You can specify SecondsUntilAutoPause only when MinCapacity is 0.",
            );
        }
        Ok(())
    }

    fn begin(&mut self, name: &str, settings: Settings, tags: Tags, password: String, data: String, managed: bool) {
        let (serial, timing) = (self.next_serial(), self.timing);
        let shown = Cluster {
            arn: format!("arn:aws:rds:{REGION}:{}:cluster:{name}", self.account),
            resource_id: format!("cluster-RESOURCE{serial:04}"),
            status: "creating".into(),
            settings,
            tags,
            earliest_restorable: Some(self.now),
            ..Cluster::default()
        };
        let mut clu = Clu::standing(shown, &password, &data);
        clu.listed_at = self.after(timing.listed);
        clu.plan(self.after(timing.create / 2), Effect::Endpoint);
        clu.plan(self.after(timing.create), Effect::Status("available"));
        if managed {
            clu.password = format!("aws-chose-{serial}");
            clu.shown.master_secret = Some((secret_arn(name), "creating".into()));
            clu.secret_ready_at = self.after(timing.create);
        }
        self.clusters.insert(name.into(), clu);
        self.made.push(name.into());
    }
}

/// AWS adds what is missing to three.
fn three_zones(asked: Option<BTreeSet<String>>) -> BTreeSet<String> {
    let asked = asked.unwrap_or_default();
    let all = ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"].map(String::from);
    let missing = all.into_iter().filter(|zone| !asked.contains(zone)).take(3 - asked.len().min(3));
    asked.iter().cloned().chain(missing).collect()
}

impl Clu {
    /// A cluster that somebody else made, available since long, without members so far.
    pub fn standing(shown: Cluster, password: &str, data: &str) -> Self {
        let long_ago = jiff::Timestamp::UNIX_EPOCH;
        Self {
            shown,
            password: password.into(),
            data: data.into(),
            members: Default::default(),
            endpoints: Default::default(),
            failovers: 0,
            writers_lost: 0,
            upgrade: Default::default(),
            secret_ready_at: long_ago,
            listed_at: long_ago,
            agenda: Default::default(),
            frozen: false,
        }
    }
}
