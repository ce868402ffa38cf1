//! What the describes show. Whatever a look reads beside the snapshot is a call of its own.

use awsdb::aws::snapshots::{Family, Id, Observed, Snapshot, Source, SourceId};
use awsdb::aws::{CloudError, Look, Looked, Seen};

use super::super::desk::REGION;
use super::super::service::{Read, Service};
use super::{Snap, Vault};

impl Vault {
    pub(super) fn look(&self, id: &Id, look: Look, read: &mut Read<'_>) -> Result<Looked<Observed>, CloudError> {
        self.unreadable(Self::DESCRIBE)?;
        let observed = match (&self.stale, look) {
            (Some(stale), Look::Shared) => stale.clone(),
            _ => self.fresh(id, read),
        };
        Ok(self.answer(observed, look))
    }

    /// Everything as it is now.
    pub fn fresh(&self, id: &Id, read: &mut Read<'_>) -> Observed {
        let found = self.main(id);
        let mut seen = Observed::unread();
        seen.snapshot = self.part("snapshot", || found.clone());
        if let (Some(source), None) = (&id.source, &found) {
            seen.source = self.asked("source", source_operation(id.family), read, || self.source(id, source));
        }
        for region in &id.copies {
            let copy = || self.in_region(id.family, region, &id.identifier).map(|snap| snap.shown.clone());
            seen.copies.insert(region.clone(), self.asked("copies", Self::DESCRIBE, read, copy));
        }
        if let (true, Some(_)) = (id.shares, &found) {
            let snap = self.in_region(id.family, &id.region, &id.identifier);
            let shares = || snap.map(|snap| snap.shares.clone());
            seen.shares = self.asked("shares", "DescribeDBSnapshotAttributes", read, shares);
        }
        seen
    }

    /// The snapshot. AWS keeps no tags on a backup: the recorded ones stand for them, and of several of one name the
    /// newest is shown, where none is recorded.
    fn main(&self, id: &Id) -> Option<Snapshot> {
        if id.family != Family::Table {
            return self.in_region(id.family, &id.region, &id.identifier).map(|snap| snap.shown.clone());
        }
        let mut backups = self.snaps.iter().filter(|snap| snap.family == Family::Table && self.is_listed(snap));
        if let Some((arn, tags)) = &id.recorded {
            let snap = backups.find(|snap| snap.shown.arn == *arn)?;
            return Some(Snapshot { tags: tags.clone(), ..snap.shown.clone() });
        }
        let Some(SourceId::Database(table)) = &id.source else { return None };
        let own = backups.filter(|snap| snap.name == id.identifier && snap.shown.source == *table);
        own.max_by_key(|snap| snap.shown.created).map(|snap| snap.shown.clone())
    }

    fn is_listed(&self, snap: &Snap) -> bool {
        snap.listed_at <= self.now
    }

    fn in_region(&self, family: Family, region: &str, name: &str) -> Option<&Snap> {
        let is = |snap: &&Snap| {
            let own = snap.account == self.account && snap.name == name && snap.region == region;
            own && snap.family == family && self.is_listed(snap)
        };
        self.snaps.iter().find(is)
    }

    fn source(&self, id: &Id, source: &SourceId) -> Option<Source> {
        match source {
            SourceId::Database(name) => self.databases.get(&(id.family, name.clone())).map(|db| Source {
                arn: db.arn.clone(),
                status: db.status.clone(),
                tags: Some(db.tags.clone()),
                encrypted: db.kms_key_id.is_some(),
            }),
            SourceId::Snapshot { identifier, region } => {
                let region = region.as_deref().unwrap_or(&id.region);
                let is = |snap: &&Snap| {
                    let own_name = snap.account == self.account && snap.name == *identifier;
                    snap.family == id.family && snap.region == region && (own_name || snap.shown.arn == *identifier)
                };
                self.snaps.iter().find(is).filter(|snap| self.may_read(snap)).map(|snap| Source {
                    arn: snap.shown.arn.clone(),
                    status: snap.shown.status.clone(),
                    tags: (snap.account == self.account).then(|| snap.shown.tags.clone()),
                    encrypted: snap.shown.encrypted,
                })
            }
        }
    }

    /// A part that takes a call of its own.
    fn asked<T>(
        &self,
        part: &'static str,
        operation: &'static str,
        read: &mut Read<'_>,
        find: impl FnOnce() -> Option<T>,
    ) -> Seen<T> {
        match read(operation) {
            Err(why) => Seen::Unread(why),
            Ok(()) => self.part(part, find),
        }
    }

    /// A database of the operator's region.
    pub fn database(&mut self, family: Family, name: &str, tags: awsdb::aws::owner::Tags) {
        let serial = self.next_serial();
        let (service, engine) = match family {
            Family::Instance => ("rds", "postgres"),
            Family::Cluster => ("rds", "aurora-postgresql"),
            Family::Table => ("dynamodb", "dynamodb"),
        };
        let kind = ["db:", "cluster:", "table/"][family as usize];
        let db = super::Database {
            arn: format!("arn:aws:{service}:{REGION}:{}:{kind}{name}", self.account),
            status: if family == Family::Table { "active" } else { "available" }.into(),
            resource_id: format!("db-RESOURCE{serial:04}"),
            engine: engine.into(),
            tags,
            kms_key_id: None,
            size: 20,
        };
        self.databases.insert((family, name.into()), db);
    }
}

fn source_operation(family: Family) -> &'static str {
    match family {
        Family::Instance => "DescribeDBInstances",
        Family::Cluster => "DescribeDBClusters",
        Family::Table => "DescribeTable",
    }
}
