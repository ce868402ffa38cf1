//! DeleteTable, backups, and what somebody else does to a table.

use jiff::Timestamp;

use awsdb::aws::dynamo::Backup;

use super::super::desk::{Answer, refused};
use super::admission::{Ask, admits};
use super::{Copy, Deleted, Dynamo};

impl Dynamo {
    pub(super) fn delete(&mut self, name: &str) -> Answer {
        let (now, gone) = (self.now, self.after(self.timing.delete));
        let tab = self.tab(name)?;
        if tab.is_going() {
            return Ok(());
        }
        if tab.shown.settings.deletion_protection == Some(true) {
            return refused(
                "ValidationException",
                "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
            );
        }
        admits(tab, &Ask::Delete)?;
        if !tab.shown.replicas.is_empty() {
            return refused("ValidationException", "A table with replicas cannot be deleted: remove them first");
        }
        let has_history = tab.recovery.is_enabled;
        let id = tab.shown.id.clone();
        tab.goes(gone);
        if has_history {
            self.take_backup(name, &format!("{name}$DeletedTableBackup"), now);
        }
        self.deleted.push(Deleted { name: name.into(), id, at: now });
        Ok(())
    }

    /// Names of backups need not be unique.
    pub(super) fn create_backup(&mut self, name: &str, backup: &str) -> Answer {
        let ready = self.after(self.timing.backup);
        let tab = self.tab(name)?;
        if tab.shown.status == "CREATING" || tab.is_going() {
            return refused("TableInUseException", format!("Table is being created or deleted: {name}"));
        }
        if tab.shown.key_lost_since.is_some() {
            return refused("ValidationException", "The customer master key is disabled or cannot be accessed");
        }
        self.take_backup(name, backup, ready);
        Ok(())
    }

    /// Takes a backup that is ready at a time.
    pub fn take_backup(&mut self, name: &str, backup: &str, ready_at: Timestamp) -> String {
        let tab = self.tables[name].clone();
        let serial = self.next_serial();
        let arn = format!("{}/backup/{:014}-{serial:08x}", self.arn(name), self.now.as_second());
        let status = if ready_at <= self.now { "AVAILABLE" } else { "CREATING" };
        let shown = Backup { name: backup.into(), arn: arn.clone(), status: status.into(), created: Some(self.now) };
        self.backups.push(Copy { shown, table: name.into(), tab, ready_at });
        arn
    }

    /// Somebody deletes the table in the console.
    pub fn delete_behind_our_back(&mut self, name: &str) {
        self.tables.remove(name);
    }
}

impl Copy {
    pub(super) fn is_ready(&self, now: Timestamp) -> bool {
        self.shown.status == "CREATING" && self.ready_at <= now
    }
}
