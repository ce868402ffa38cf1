//! What AWS does by itself as time passes, and the calls that restart, start, stop, promote and give roles.

use jiff::Timestamp;

use awsdb::window;

use super::{Answer, Aws, Db, Effect, Refused, refused, set, unset};

impl Aws {
    /// Does everything that is due.
    pub(super) fn pass_time(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        for snap in self.snapshots.values_mut().filter(|snap| snap.ready_at <= now && snap.shown.status == "creating") {
            snap.shown.status = "available".into();
        }
        self.open_windows();
        let names: Vec<String> = self.instances.keys().cloned().collect();
        for name in names {
            while let Some(effect) = self.next_due(&name) {
                self.happen(&name, effect);
            }
        }
    }

    fn next_due(&mut self, name: &str) -> Option<Effect> {
        let now = self.now;
        self.instances.get_mut(name)?.agenda.due(now)
    }

    fn happen(&mut self, name: &str, effect: Effect) {
        let values =
            self.instances.get(name).map(|db| self.values_of(db.shown.settings.db_parameter_group_name.as_deref()));
        let Some(db) = self.instances.get_mut(name) else { return };
        let shown = &mut db.shown;
        match effect {
            Effect::Status(_) if db.frozen => {}
            Effect::Status(status) => shown.status = status.into(),
            Effect::Endpoint => {
                shown.endpoint =
                    Some((format!("{name}.c1.us-east-1.rds.amazonaws.com"), shown.settings.port.unwrap_or(5432)));
            }
            Effect::Apply(fields) => {
                unset(&mut shown.pending, fields.keys().map(String::as_str));
                set(&mut shown.settings, fields);
                shown.logs_pending = false;
                shown.security_groups_changing = false;
                if let (Some(endpoint), Some(port)) = (&mut shown.endpoint, shown.settings.port) {
                    endpoint.1 = port;
                }
            }
            Effect::Password(password) => {
                db.password = password;
                shown.password_pending = false;
            }
            Effect::Managed(state) => {
                shown.master_secret = state.map(|state| (super::create::secret_arn(name), state.into()));
            }
            Effect::Parameters(status) => shown.parameter_apply_status = Some(status.into()),
            Effect::LoadParameters => {
                db.running = values.unwrap_or_default();
                shown.parameter_apply_status = Some("in-sync".into());
            }
            Effect::Role(feature, status) => {
                if let Some(role) = shown.roles.get_mut(&feature) {
                    role.1 = status.into();
                }
            }
            Effect::Promoted => self.promoted(name),
            Effect::RestartsItself(at) => shown.automatic_restart = at,
            Effect::Gone => self.vanish(name),
        }
    }

    fn promoted(&mut self, name: &str) {
        let Some(source) = self.instances.get_mut(name).and_then(|db| db.shown.replica_source.take()) else { return };
        if let Some(source) = self.instances.get_mut(&source) {
            source.shown.replicas.remove(name);
        }
    }

    /// What is pending is applied in the maintenance window.
    fn open_windows(&mut self) {
        let (now, timing) = (self.now, self.timing);
        for db in self.instances.values_mut() {
            let open =
                db.shown.settings.preferred_maintenance_window.as_ref().and_then(|text| window::is_open(text, now));
            let pending = awsdb::diff::fields(&db.shown.pending);
            if open == Some(true) && !pending.is_empty() && !db.is_busy() && db.shown.status == "available" {
                super::modify::schedule(db, now, timing, pending);
            }
        }
    }

    pub(super) fn available(&mut self, name: &str) -> Result<&mut Db, Refused> {
        let db = self.db(name)?;
        if db.shown.status != "available" {
            return refused("InvalidDBInstanceState", format!("Instance {name} is not in available state."));
        }
        Ok(db)
    }

    pub(super) fn reboot(&mut self, name: &str) -> Answer {
        let (lag, done) = (self.after(self.timing.lag), self.after(self.timing.lag + self.timing.power));
        let db = self.db(name)?;
        if !["available", "incompatible-parameters", "storage-optimization"].contains(&db.shown.status.as_str()) {
            return refused(
                "InvalidDBInstanceState",
                format!("Database instance {name} is not in available state: it is {}", db.shown.status),
            );
        }
        db.reboots += 1;
        db.plan(lag, Effect::Status("rebooting"));
        db.plan(done, Effect::LoadParameters);
        db.plan(done, Effect::Status("available"));
        Ok(())
    }

    pub(super) fn stop(&mut self, name: &str) -> Answer {
        let (now, done) = (self.now, self.after(self.timing.power));
        let (restart, again) = (self.after(7 * 86400), self.after(7 * 86400 + self.timing.power));
        let db = self.available(name)?;
        db.plan(now, Effect::Status("stopping"));
        db.plan(done, Effect::Status("stopped"));
        db.plan(done, Effect::RestartsItself(Some(restart)));
        db.plan(restart, Effect::RestartsItself(None));
        db.plan(restart, Effect::Status("starting"));
        db.plan(again, Effect::Status("available"));
        Ok(())
    }

    pub(super) fn start(&mut self, name: &str) -> Answer {
        let (now, done) = (self.now, self.after(self.timing.power));
        let db = self.db(name)?;
        if db.shown.status != "stopped" {
            return refused("InvalidDBInstanceState", format!("Instance {name} is not stopped or inaccessible."));
        }
        // It restarts by our word now, not by itself; a start reads the parameters anew.
        db.agenda.retain(|effect| !matches!(effect, Effect::RestartsItself(_) | Effect::Status(_)));
        db.plan(now, Effect::Status("starting"));
        db.plan(done, Effect::LoadParameters);
        db.plan(done, Effect::RestartsItself(None));
        db.plan(done, Effect::Status("available"));
        Ok(())
    }

    pub(super) fn promote(&mut self, name: &str, retention: Option<i32>) -> Answer {
        let timing = self.timing;
        let (lag, reboot, done) =
            (self.after(timing.lag), self.after(timing.lag + timing.power), self.after(timing.lag + 2 * timing.power));
        let db = self.db(name)?;
        if db.shown.replica_source.is_none() {
            return refused("InvalidDBInstanceState", "DB Instance is not a read replica.");
        }
        if db.shown.status != "available" {
            return refused("InvalidDBInstanceState", format!("Read replica {name} is not in available state."));
        }
        let days = serde_json::Map::from_iter([("backupRetentionPeriod".to_string(), retention.unwrap_or(1).into())]);
        db.plan(lag, Effect::Status("modifying"));
        db.plan(reboot, Effect::Status("rebooting"));
        db.plan(done, Effect::Promoted);
        db.plan(done, Effect::Apply(days));
        db.plan(done, Effect::Status("available"));
        Ok(())
    }

    pub(super) fn add_role(&mut self, name: &str, feature: &str, role: &str) -> Answer {
        let active = self.after(self.timing.lag);
        let db = self.available(name)?;
        if db.shown.roles.contains_key(feature) {
            return refused("DBInstanceRoleAlreadyExists", format!("The role for {feature} is already associated."));
        }
        db.shown.roles.insert(feature.into(), (role.into(), "PENDING".into()));
        db.plan(active, Effect::Role(feature.into(), "ACTIVE"));
        Ok(())
    }

    pub(super) fn remove_role(&mut self, name: &str, feature: &str) -> Answer {
        let db = self.available(name)?;
        if db.shown.roles.remove(feature).is_none() {
            return refused("DBInstanceRoleNotFound", format!("The role for {feature} is not associated."));
        }
        Ok(())
    }
}
