//! What a describe shows.

use std::collections::BTreeMap;

use awsdb::aws::rds::{Id, Observed, Source, SourceId};
use awsdb::aws::{CloudError, Look, Looked, Password};

use super::{Aws, REGION, Service};

impl Aws {
    /// Answers a look.
    pub(super) fn look(&self, id: &Id, look: Look) -> Result<Looked<Observed>, CloudError> {
        assert_eq!(id.region, REGION, "the operator looked in another region");
        self.unreadable(Self::DESCRIBE)?;
        let observed = match (&self.stale, look) {
            (Some(stale), Look::Shared) => stale.clone(),
            _ => self.fresh(id),
        };
        Ok(self.answer(observed, look))
    }

    /// Everything as it is now.
    pub fn fresh(&self, id: &Id) -> Observed {
        let listed = self.instances.get(&id.identifier).filter(|db| db.listed_at <= self.now);
        let groups = id.parameter_groups.iter().map(|name| {
            let group = self.part("parameterGroups", || self.parameter_groups.get(name).cloned());
            (name.clone(), group)
        });
        let mut seen = Observed::unread();
        seen.instance = self.part("instance", || listed.map(|db| db.shown.clone()));
        seen.parameter_groups = groups.collect::<BTreeMap<_, _>>();
        if let Some(name) = &id.subnet_group {
            seen.subnet_group = self.part("subnetGroup", || self.subnet_groups.get(name).cloned());
        }
        if let (Some(source), None) = (&id.source, listed) {
            seen.source = self.part("source", || self.source(source));
        }
        if id.final_snapshots {
            let of = |name: &str| name.starts_with(&id.identifier);
            let all = self.snapshots.values().filter(|snap| of(&snap.shown.identifier));
            seen.snapshots = self.part("snapshots", || Some(all.map(|snap| snap.shown.clone()).collect()));
        }
        if id.managed_password {
            let active = listed.filter(|db| db.shown.master_secret.as_ref().is_some_and(|(_, s)| s == "active"));
            seen.managed_password =
                self.part("managedPassword", || active.map(|db| Password::new(db.password.clone())));
        }
        seen
    }

    fn source(&self, source: &SourceId) -> Option<Source> {
        match source {
            SourceId::Snapshot(name) => self.snapshots.get(name).map(|snap| Source {
                arn: snap.shown.arn.clone(),
                status: snap.shown.status.clone(),
                engine: snap.settings.engine.clone().unwrap_or_default(),
                engine_version: snap.settings.engine_version.clone(),
                tags: Some(snap.shown.tags.clone()),
                backup_retention: None,
            }),
            SourceId::Instance(name) => self.instances.get(name).map(|db| Source {
                arn: db.shown.arn.clone(),
                status: db.shown.status.clone(),
                engine: db.shown.settings.engine.clone().unwrap_or_default(),
                engine_version: db.shown.settings.engine_version.clone(),
                tags: Some(db.shown.tags.clone()),
                backup_retention: db.shown.settings.backup_retention_period,
            }),
            SourceId::ResourceId(_) | SourceId::AutomatedBackups(_) => None,
        }
    }
}
