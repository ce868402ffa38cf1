//! Taking, sharing and deleting a snapshot.

use std::collections::BTreeSet;

use awsdb::aws::owner::Tags;
use awsdb::aws::snapshots::{Family, Id, Snapshot};

use super::super::desk::REGION;
use super::{Answer, Effect, Snap, Vault, invalid_state, not_found, refused};

/// Accounts that may share one snapshot, at most.
const SHARES: usize = 20;

impl Vault {
    pub(super) fn create(&mut self, id: &Id, family: Family, source: &str, tags: &Tags) -> Answer {
        self.check_name(family, &id.region, &id.identifier)?;
        let db = self.source_database(family, source)?;
        let shown = Snapshot {
            source: source.into(),
            source_resource_id: Some(db.resource_id),
            engine: db.engine,
            engine_version: (family != Family::Table).then(|| "16.4".into()),
            encrypted: db.kms_key_id.is_some(),
            kms_key_id: db.kms_key_id,
            size: Some(db.size),
            status: "creating".into(),
            tags: if family == Family::Table { Tags::new() } else { tags.clone() },
            ..Snapshot::default()
        };
        let done = self.timing.create;
        self.begin(family, &id.region, &id.identifier, shown, done);
        Ok(())
    }

    fn source_database(&self, family: Family, source: &str) -> Result<super::Database, super::Refused> {
        let (missing, busy) = match family {
            Family::Instance => ("DBInstanceNotFound", "InvalidDBInstanceState"),
            Family::Cluster => ("DBClusterNotFoundFault", "InvalidDBClusterStateFault"),
            Family::Table => ("TableNotFoundException", "TableInUseException"),
        };
        let ready: &[&str] = match family {
            Family::Instance => &["available", "storage-optimization"],
            Family::Cluster => &["available"],
            Family::Table => &["active"],
        };
        match self.databases.get(&(family, source.to_string())) {
            None => refused(missing, format!("{source} not found")),
            Some(db) if !ready.contains(&db.status.as_str()) => {
                refused(busy, format!("{source} is not currently in the available state: it is {}", db.status))
            }
            Some(db) => Ok(db.clone()),
        }
    }

    /// Names are unique, but for backups; and there are only so many snapshots.
    pub(super) fn check_name(&self, family: Family, region: &str, name: &str) -> Answer {
        if family == Family::Table {
            return Ok(());
        }
        let here = |snap: &&Snap| snap.region == region && snap.family == family && snap.account == self.account;
        if self.snaps.iter().filter(here).any(|snap| snap.name == name) {
            let code = match family {
                Family::Cluster => "DBClusterSnapshotAlreadyExistsFault",
                _ => "DBSnapshotAlreadyExists",
            };
            return refused(code, format!("Cannot create the snapshot because {name} already exists."));
        }
        if self.snaps.iter().filter(here).filter(|snap| snap.shown.snapshot_type == "manual").count() >= self.quota {
            return refused("SnapshotQuotaExceeded", "Cannot create more than the allowed number of manual snapshots");
        }
        Ok(())
    }

    /// A new snapshot that is there after so many seconds.
    pub(super) fn begin(&mut self, family: Family, region: &str, name: &str, shown: Snapshot, seconds: i64) {
        let (serial, account) = (self.next_serial(), self.account.clone());
        let arn = match family {
            Family::Instance => format!("arn:aws:rds:{region}:{account}:snapshot:{name}"),
            Family::Cluster => format!("arn:aws:rds:{region}:{account}:cluster-snapshot:{name}"),
            Family::Table => {
                format!("arn:aws:dynamodb:{region}:{account}:table/{}/backup/{serial:08}", shown.source)
            }
        };
        let own = if family == Family::Table { "user" } else { "manual" };
        let created = shown.created.or(Some(self.now));
        let shown = Snapshot {
            resource_id: if family == Family::Table { arn.clone() } else { format!("{arn} {}", self.now) },
            arn,
            snapshot_type: own.into(),
            created,
            progress: (family != Family::Table).then_some(0),
            ..shown
        };
        let mut snap = Snap {
            shown,
            family,
            name: name.into(),
            region: region.into(),
            account,
            shares: BTreeSet::new(),
            listed_at: self.after(self.timing.listed),
            agenda: Default::default(),
            frozen: false,
        };
        if family != Family::Table {
            snap.agenda.plan(self.after(seconds / 2), Effect::Progress(50));
        }
        snap.agenda.plan(self.after(seconds), Effect::Available);
        self.snaps.push(snap);
        self.made.push(format!("{region}/{name}"));
    }

    pub(super) fn share(
        &mut self,
        id: &Id,
        family: Family,
        add: &BTreeSet<String>,
        remove: &BTreeSet<String>,
    ) -> Answer {
        assert!(!add.is_empty() || !remove.is_empty(), "an attribute is modified by nothing");
        let snap = self.named(family, &id.region, &id.identifier)?;
        if snap.shown.status != "available" || snap.shown.snapshot_type != "manual" {
            return refused(invalid_state(family), format!("a snapshot that is {} is not shared", snap.shown.status));
        }
        let by_default_key = snap.shown.kms_key_id.as_deref().is_some_and(|key| key.ends_with("alias/aws/rds"));
        if by_default_key && !add.is_empty() {
            return refused(
                "InvalidParameterValue",
                "You can't share a snapshot that is encrypted with the default key.",
            );
        }
        let mut all: BTreeSet<String> = snap.shares.union(add).cloned().collect();
        all.retain(|account| !remove.contains(account));
        if all.len() > SHARES {
            return refused("SharedSnapshotQuotaExceeded", "The snapshot is shared with too many accounts.");
        }
        snap.shares = all;
        Ok(())
    }

    pub(super) fn delete(&mut self, id: &Id, family: Family, region: Option<&str>, arn: &str) -> Answer {
        let gone = self.after(self.timing.delete);
        let region = region.unwrap_or(&id.region);
        let account = self.account.clone();
        let is = |snap: &&mut Snap| match family {
            Family::Table => snap.family == family && snap.shown.arn == arn,
            _ => {
                snap.family == family && snap.region == region && snap.name == id.identifier && snap.account == account
            }
        };
        let Some(snap) = self.snaps.iter_mut().find(is) else {
            return refused(not_found(family), format!("Snapshot {} not found.", id.identifier));
        };
        assert_eq!(snap.shown.arn, arn, "another snapshot than the one that was seen is deleted");
        let is_ours = ["manual", "user"].contains(&snap.shown.snapshot_type.as_str());
        if !is_ours || !["available", "copying", "failed"].contains(&snap.shown.status.as_str()) {
            return refused(
                invalid_state(family),
                format!("Cannot delete a snapshot that is {} and {}", snap.shown.snapshot_type, snap.shown.status),
            );
        }
        snap.agenda.clear();
        snap.thaw("deleting");
        snap.agenda.plan(gone, Effect::Gone);
        self.deleted.push(arn.into());
        Ok(())
    }

    /// A snapshot that is there since long, made by nobody of ours.
    pub fn standing(&mut self, family: Family, name: &str, change: impl FnOnce(&mut Snap)) {
        let shown = Snapshot { source: "somewhere".into(), engine: "postgres".into(), ..Snapshot::default() };
        self.begin(family, REGION, name, shown, 0);
        self.made.pop();
        let snap = self.snaps.last_mut().expect("it was just made");
        snap.agenda.clear();
        snap.happen(Effect::Available);
        snap.listed_at = jiff::Timestamp::UNIX_EPOCH;
        change(snap);
    }
}
