//! What a restore or a clone takes along, and what it must be told.

use awsdb::aws::aurora::{Origin, Settings, SourceId};
use awsdb::aws::owner::Tags;

use super::super::desk::{Refused, refused};
use super::super::fields::unset;
use super::create::defaults;
use super::versions::{family, numbers, resolved};
use super::{Clu, Clusters, Snap};

/// What a new cluster begins with.
pub(super) struct Source {
    pub settings: Settings,
    pub password: Option<String>,
    pub tags: Tags,
    pub data: String,
}

/// Members that no restore takes, and that one to a point in time does not take either (aws-rds.md 2.1).
const NOT_AT_RESTORE: [&str; 6] = [
    "masterUsername",
    "storageEncrypted",
    "preferredMaintenanceWindow",
    "enableHttpEndpoint",
    "databaseInsightsMode",
    "enableLocalWriteForwarding",
];
const NOT_AT_POINT_IN_TIME: [&str; 4] = ["engine", "engineVersion", "databaseName", "availabilityZones"];

/// What a restore takes along; the rest is as in a new cluster.
const TAKEN_ALONG: [&str; 6] =
    ["engine", "engineVersion", "databaseName", "masterUsername", "storageEncrypted", "kmsKeyId"];

/// The settings that a creating call takes; the client leaves out the others.
pub(super) fn taken(origin: &Origin, settings: &Settings) -> Settings {
    let mut taken = settings.clone();
    if *origin != Origin::New {
        assert_eq!(settings.enable_http_endpoint, None, "no restore turns the HTTP endpoint on");
        unset(&mut taken, NOT_AT_RESTORE);
    }
    if matches!(origin, Origin::PointInTime { .. } | Origin::Clone(_)) {
        unset(&mut taken, NOT_AT_POINT_IN_TIME);
    }
    taken
}

impl Source {
    pub fn nothing(name: &str, settings: &Settings) -> Self {
        let engine = settings.engine.clone().unwrap_or_else(|| "aurora-postgresql".into());
        let data = format!("new in {name}");
        Self { settings: defaults(&engine), password: None, tags: Tags::new(), data }
    }

    fn of(settings: &Settings, password: &str, tags: &Tags, data: &str) -> Self {
        let engine = settings.engine.clone().unwrap_or_default();
        let version = settings.engine_version.clone().unwrap_or_default();
        let taken = awsdb::diff::fields(settings).into_iter().filter(|(name, _)| TAKEN_ALONG.contains(&name.as_str()));
        let mut all = defaults(&engine);
        super::super::fields::set(&mut all, taken.collect());
        all.db_cluster_parameter_group_name = Some(format!("default.{}", family(&engine, &version)));
        Self { settings: all, password: Some(password.into()), tags: tags.clone(), data: data.into() }
    }

    fn of_snapshot(snap: &Snap) -> Self {
        Self::of(&snap.settings, &snap.password, &snap.shown.tags, &snap.data)
    }

    fn of_cluster(clu: &Clu) -> Self {
        Self::of(&clu.shown.settings, &clu.password, &clu.shown.tags, &clu.data)
    }
}

impl Clusters {
    /// The source of a restore, which must be there and in a state to be read.
    pub(super) fn source_of(&self, origin: &Origin, taken: &Settings) -> Result<Source, Refused> {
        match origin {
            Origin::New => unreachable!("a new cluster has no source"),
            Origin::Snapshot(name) => self.snapshot_source(name, taken),
            Origin::PointInTime { source: SourceId::ResourceId(id), .. } => {
                let missing = ("DBClusterAutomatedBackupNotFoundFault", format!("no automated backups of {id}"));
                let living = self.clusters.values().find(|clu| clu.shown.resource_id == *id).map(Source::of_cluster);
                living.or_else(|| self.retained.get(id).map(Source::of_snapshot)).ok_or(missing)
            }
            Origin::PointInTime { source: SourceId::Snapshot(_), .. } => {
                refused("InvalidParameterCombination", "a snapshot has no points in time")
            }
            Origin::PointInTime { source: SourceId::Cluster(name), at } => {
                let clu = self.readable(name)?;
                let earliest = clu.shown.earliest_restorable.unwrap_or(self.now);
                if at.is_some_and(|at| at < earliest || at > self.now) {
                    return refused("InvalidRestoreFault", "The specified time is not within the restorable window.");
                }
                Ok(Source::of_cluster(clu))
            }
            Origin::Clone(name) => Ok(Source::of_cluster(self.readable(name)?)),
        }
    }

    fn snapshot_source(&self, name: &str, taken: &Settings) -> Result<Source, Refused> {
        let found = self.snapshots.values().find(|snap| snap.shown.identifier == *name || snap.shown.arn == *name);
        let Some(snap) = found else {
            return refused("DBClusterSnapshotNotFoundFault", format!("DBClusterSnapshot not found: {name}"));
        };
        if snap.shown.status != "available" {
            return refused(
                "InvalidDBClusterSnapshotStateFault",
                format!("DB cluster snapshot {name} is not available: it is {}", snap.shown.status),
            );
        }
        let mut source = Source::of_snapshot(snap);
        let engine = source.settings.engine.clone().unwrap_or_default();
        if taken.engine.as_ref() != Some(&engine) {
            return refused("InvalidParameterCombination", format!("The snapshot is of {engine}"));
        }
        // Without a version, AWS takes the default one of the region.
        let default = defaults(&engine).engine_version;
        let version = taken.engine_version.clone().map(|version| resolved(&engine, &version)).or(default);
        let (of_snapshot, asked) = (source.settings.engine_version.take(), version.unwrap_or_default());
        if numbers(&asked) < numbers(&of_snapshot.unwrap_or_default()) {
            return refused("InvalidParameterCombination", format!("{asked} is older than the snapshot"));
        }
        source.settings.db_cluster_parameter_group_name = Some(format!("default.{}", family(&engine, &asked)));
        source.settings.engine_version = Some(asked);
        Ok(source)
    }

    fn readable(&self, name: &str) -> Result<&Clu, Refused> {
        let Some(clu) = self.clusters.get(name) else {
            return refused("DBClusterNotFoundFault", format!("DBCluster {name} not found."));
        };
        if !["available", "backing-up", "stopped"].contains(&clu.shown.status.as_str()) {
            return refused("InvalidDBClusterStateFault", format!("Source cluster {name} is {}", clu.shown.status));
        }
        Ok(clu)
    }
}
