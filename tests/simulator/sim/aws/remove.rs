//! DeleteDBInstance and what somebody else does to a database.

use awsdb::aws::rds::Snapshot;

use super::{Answer, Aws, Deleted, Effect, REGION, Service, Snap, refused};

impl Aws {
    pub(super) fn delete(&mut self, name: &str, final_snapshot: Option<&str>) -> Answer {
        let (ready, gone) = (self.after(self.timing.snapshot), self.after(self.timing.snapshot + self.timing.delete));
        let without = self.after(self.timing.delete);
        let taken = final_snapshot.is_some_and(|snapshot| self.snapshots.contains_key(snapshot));
        let db = self.db(name)?;
        if ["deleting", "delete-precheck"].contains(&db.shown.status.as_str()) {
            return refused("InvalidDBInstanceState", format!("Instance {name} is already being deleted."));
        }
        if db.shown.settings.deletion_protection == Some(true) {
            return refused(
                "InvalidParameterCombination",
                "Cannot delete protected DB Instance, please disable deletion protection and try again.",
            );
        }
        let Some(snapshot) = final_snapshot else {
            db.agenda.clear();
            db.thaw("deleting");
            db.plan(without, Effect::Gone);
            self.note_deleted(name, None);
            return Ok(());
        };
        if db.shown.replica_source.is_some() {
            return refused(
                "InvalidParameterCombination",
                "FinalDBSnapshotIdentifier can not be specified when deleting a replica instance",
            );
        }
        if ![
            "available",
            "stopped",
            "storage-optimization",
            "storage-full",
            "incompatible-parameters",
            "incompatible-credentials",
            "incompatible-option-group",
        ]
        .contains(&db.shown.status.as_str())
        {
            return refused(
                "InvalidDBInstanceState",
                format!(
                    "Cannot create a snapshot because the database instance {name} is not currently in the available state."
                ),
            );
        }
        if taken {
            return refused(
                "DBSnapshotAlreadyExists",
                format!("Cannot create the snapshot because a snapshot with the identifier {snapshot} already exists."),
            );
        }
        db.agenda.clear();
        db.thaw("deleting");
        db.plan(gone, Effect::Gone);
        self.take_snapshot(name, snapshot, ready);
        self.note_deleted(name, Some(snapshot.into()));
        Ok(())
    }

    fn note_deleted(&mut self, name: &str, final_snapshot: Option<String>) {
        let resource_id = self.instances.get(name).map(|db| db.shown.resource_id.clone()).unwrap_or_default();
        self.deleted.push(Deleted { identifier: name.into(), resource_id, final_snapshot });
    }

    /// Takes a snapshot that is ready at a time.
    pub fn take_snapshot(&mut self, name: &str, snapshot: &str, ready_at: jiff::Timestamp) {
        let db = &self.instances[name];
        let copies = db.shown.settings.copy_tags_to_snapshot == Some(true);
        let shown = Snapshot {
            identifier: snapshot.into(),
            arn: format!("arn:aws:rds:{REGION}:{}:snapshot:{snapshot}", self.account),
            status: "creating".into(),
            resource_id: db.shown.resource_id.clone(),
            tags: if copies { db.shown.tags.clone() } else { Default::default() },
        };
        let snap = Snap { shown, settings: db.shown.settings.clone(), password: db.password.clone(), ready_at };
        self.snapshots.insert(snapshot.into(), snap);
        self.advance(self.now);
    }

    pub(super) fn vanish(&mut self, name: &str) {
        let Some(db) = self.instances.remove(name) else { return };
        if let Some(source) = db.shown.replica_source.as_ref().and_then(|source| self.instances.get_mut(source)) {
            source.shown.replicas.remove(name);
        }
    }

    /// Somebody deletes the database in the console, without a final snapshot.
    pub fn delete_behind_our_back(&mut self, name: &str) {
        self.vanish(name);
    }
}
