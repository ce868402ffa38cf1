//! The four creating calls.

use awsdb::aws::owner::Tags;
use awsdb::aws::rds::{Instance, Origin, Settings, SourceId};
use awsdb::diff::fields;

use super::{Answer, Aws, Db, Effect, REGION, Refused, refused, set, unset};

/// What AWS chooses where the caller says nothing.
pub fn defaults(engine: &str) -> Settings {
    Settings {
        engine: Some(engine.into()),
        engine_version: Some(resolved(engine, if engine == "postgres" { "16" } else { "8.0" })),
        storage_type: Some("gp3".into()),
        iops: Some(3000),
        storage_throughput: Some(125),
        storage_encrypted: Some(false),
        port: Some(if engine == "postgres" { 5432 } else { 3306 }),
        multi_az: Some(false),
        availability_zone: Some("us-east-1b".into()),
        vpc_security_group_ids: Some(["sg-default".into()].into()),
        publicly_accessible: Some(true),
        network_type: Some("IPV4".into()),
        db_parameter_group_name: Some(format!("default.{engine}")),
        option_group_name: Some(format!("default:{engine}")),
        backup_retention_period: Some(1),
        preferred_backup_window: Some("07:00-07:30".into()),
        preferred_maintenance_window: Some("sun:04:00-sun:05:00".into()),
        auto_minor_version_upgrade: Some(true),
        copy_tags_to_snapshot: Some(false),
        deletion_protection: Some(false),
        monitoring_interval: Some(0),
        enable_performance_insights: Some(false),
        database_insights_mode: Some("standard".into()),
        iam_database_authentication: Some(false),
        enable_cloudwatch_logs_exports: Some(Default::default()),
        ca_certificate_identifier: Some("rds-ca-rsa2048-g1".into()),
        license_model: Some("postgresql-license".into()),
        backup_target: Some("region".into()),
        ..Settings::default()
    }
}

/// AWS fills a version up: `16` becomes 16.4.
pub fn resolved(engine: &str, version: &str) -> String {
    let whole: usize = if engine == "postgres" { 2 } else { 3 };
    let missing = whole.saturating_sub(version.split('.').count());
    format!("{version}{}", ".4".repeat(missing))
}

/// Members that a restore does not take.
const NOT_AT_RESTORE: [&str; 10] = [
    "engine",
    "engineVersion",
    "masterUsername",
    "storageEncrypted",
    "kmsKeyId",
    "maxAllocatedStorage",
    "preferredMaintenanceWindow",
    "monitoringInterval",
    "monitoringRoleArn",
    "databaseInsightsMode",
];

struct Origins {
    settings: Settings,
    password: String,
    tags: Tags,
    replica_of: Option<String>,
}

impl Aws {
    pub(super) fn create(
        &mut self,
        name: &str,
        origin: &Origin,
        settings: &Settings,
        tags: &Tags,
        password: Option<String>,
        managed: bool,
    ) -> Answer {
        if self.instances.contains_key(name) {
            return refused("DBInstanceAlreadyExists", "DB instance already exists");
        }
        self.check_create(settings)?;
        let from = self.origin(origin, settings)?;
        let mut asked = settings.clone();
        if *origin != Origin::New {
            unset(&mut asked, NOT_AT_RESTORE);
        }
        let mut all = from.settings;
        if from.replica_of.is_some() {
            unset(&mut asked, ["backupRetentionPeriod", "preferredBackupWindow"]);
            all.backup_retention_period = Some(0);
        }
        set(&mut all, fields(&asked));
        if let (Some(engine), Some(version)) = (&all.engine, &all.engine_version) {
            all.engine_version = Some(resolved(engine, version));
        }
        let tags = if tags.is_empty() { from.tags } else { tags.clone() };
        let password = password.unwrap_or(from.password);
        self.begin(name, all, tags, password, managed, from.replica_of);
        Ok(())
    }

    fn check_create(&self, settings: &Settings) -> Result<(), Refused> {
        if let Some(class) = settings.db_instance_class.as_ref().filter(|class| class.contains("nonsense")) {
            return refused("InvalidParameterValue", format!("Invalid DB Instance class: {class}"));
        }
        if let Some(group) =
            settings.db_subnet_group_name.as_ref().filter(|group| !self.subnet_groups.contains_key(*group))
        {
            return refused("DBSubnetGroupNotFoundFault", format!("DB subnet group '{group}' does not exist."));
        }
        if let Some(group) = settings
            .db_parameter_group_name
            .as_ref()
            .filter(|group| !group.starts_with("default.") && !self.parameter_groups.contains_key(*group))
        {
            return refused("DBParameterGroupNotFound", format!("DBParameterGroup not found: {group}"));
        }
        Ok(())
    }

    fn origin(&mut self, origin: &Origin, settings: &Settings) -> Result<Origins, Refused> {
        let source = match origin {
            Origin::New => {
                let engine = settings.engine.clone().unwrap_or_else(|| "postgres".into());
                let (settings, password) = (defaults(&engine), String::new());
                return Ok(Origins { settings, password, tags: Tags::new(), replica_of: None });
            }
            Origin::Snapshot(name) => {
                let Some(snap) = self.snapshots.get(name).filter(|snap| snap.shown.status == "available") else {
                    return refused("DBSnapshotNotFound", format!("DBSnapshot not found: {name}"));
                };
                let (settings, password) = (snap.settings.clone(), snap.password.clone());
                return Ok(Origins { settings, password, tags: snap.shown.tags.clone(), replica_of: None });
            }
            Origin::PointInTime { source: SourceId::Instance(name), .. } | Origin::Replica(name) => name.clone(),
            Origin::PointInTime { .. } => return refused("DBInstanceAutomatedBackupNotFound", "not simulated"),
        };
        let is_replica = matches!(origin, Origin::Replica(_));
        let db = self.db(&source)?;
        if is_replica && db.shown.settings.backup_retention_period == Some(0) {
            return refused(
                "InvalidDBInstanceState",
                "Automated backups are not enabled for this database instance. To enable automated backups, use \
                 ModifyDBInstance to set the backup retention period to a non-zero value.",
            );
        }
        Ok(Origins {
            settings: db.shown.settings.clone(),
            password: db.password.clone(),
            tags: db.shown.tags.clone(),
            replica_of: is_replica.then_some(source),
        })
    }

    fn begin(
        &mut self,
        name: &str,
        settings: Settings,
        tags: Tags,
        password: String,
        managed: bool,
        replica_of: Option<String>,
    ) {
        let serial = self.next_serial();
        let shown = Instance {
            arn: format!("arn:aws:rds:{REGION}:{}:db:{name}", self.account),
            resource_id: format!("db-RESOURCE{serial:04}"),
            status: "creating".into(),
            parameter_apply_status: Some("in-sync".into()),
            option_groups: settings.option_group_name.iter().map(|name| (name.clone(), "in-sync".into())).collect(),
            settings,
            tags,
            replica_source: replica_of.clone(),
            ..Instance::default()
        };
        if let Some(source) = replica_of.as_ref().and_then(|source| self.instances.get_mut(source)) {
            source.shown.replicas.insert(name.into());
        }
        let timing = self.timing;
        let mut db = Db::standing(shown, &password);
        db.listed_at = self.after(timing.listed);
        db.running = self.values_of(db.shown.settings.db_parameter_group_name.as_deref());
        db.plan(self.after(timing.endpoint), Effect::Endpoint);
        if db.shown.settings.backup_retention_period > Some(0) {
            db.plan(self.after(timing.create), Effect::Status("backing-up"));
        }
        db.plan(self.after(timing.create + timing.backup), Effect::Status("available"));
        if managed {
            db.password = format!("aws-chose-{serial}");
            db.shown.master_secret = Some((secret_arn(name), "creating".into()));
            db.plan(self.after(timing.create), Effect::Managed(Some("active")));
        }
        self.instances.insert(name.into(), db);
        self.made.push(name.into());
    }
}

/// ARN of the secret in which RDS keeps a master password.
pub fn secret_arn(name: &str) -> String {
    format!("arn:aws:secretsmanager:{REGION}:123456789012:secret:rds!db-{name}")
}
