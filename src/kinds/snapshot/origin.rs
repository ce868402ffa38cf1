//! Of what the snapshot is: the database or snapshot that spec.source names, as AWS calls it.

use crate::aws::snapshots::{Family, SourceId, place_of};
use crate::kind::{Inputs, ObjectName, Referred};
use crate::life::RESOURCE_ID;

use super::{CopyFamily, CopyOf, Database, DbSnapshot, DbSnapshotSpec};

/// Note with the database in AWS of which the snapshot was asked for: what becomes of its object later changes nothing.
pub const SOURCE: &str = "source";

/// The words of a family.
pub struct Words {
    /// Kind of the objects whose databases it is of.
    pub kind: &'static str,
    plural: &'static str,
    /// Such a database.
    pub database: &'static str,
    /// Its field in spec.source.
    pub field: &'static str,
    /// A snapshot of it.
    pub snapshot: &'static str,
}

/// The words of a family.
pub fn words(family: Family) -> Words {
    match family {
        Family::Instance => Words {
            kind: "RdsInstance",
            plural: "rdsinstances",
            database: "DB instance",
            field: "rdsInstance",
            snapshot: "DB snapshot",
        },
        Family::Cluster => Words {
            kind: "AuroraServerless",
            plural: "auroraserverlesses",
            database: "DB cluster",
            field: "auroraServerless",
            snapshot: "DB cluster snapshot",
        },
        Family::Table => Words {
            kind: "DynamoTable",
            plural: "dynamotables",
            database: "DynamoDB table",
            field: "dynamoTable",
            snapshot: "DynamoDB backup",
        },
    }
}

/// Which calls it takes. One without a source, observed or taken over, is of an instance.
pub fn family(spec: &DbSnapshotSpec) -> Family {
    let Some(source) = &spec.source else { return Family::Instance };
    let copies_cluster = source.copy_of.as_ref().is_some_and(|from| from.family == CopyFamily::Cluster);
    if source.aurora_serverless.is_some() || copies_cluster {
        Family::Cluster
    } else if source.dynamo_table.is_some() {
        Family::Table
    } else {
        Family::Instance
    }
}

/// The database that spec.source names.
pub fn named(spec: &DbSnapshotSpec) -> Option<&Database> {
    let source = spec.source.as_ref()?;
    source.rds_instance.as_ref().or(source.aurora_serverless.as_ref()).or(source.dynamo_table.as_ref())
}

/// The snapshot that spec.source names.
pub fn original(spec: &DbSnapshotSpec) -> Option<&CopyOf> {
    spec.source.as_ref()?.copy_of.as_ref()
}

/// The object that spec.source names.
pub fn reference(spec: &DbSnapshotSpec) -> Option<ObjectName> {
    let name = named(spec)?.name.clone()?;
    let Words { kind, plural, .. } = words(family(spec));
    Some(ObjectName { kind, plural, name })
}

/// What that object says.
pub fn referred<'a>(spec: &DbSnapshotSpec, inputs: &'a Inputs) -> Option<&'a Referred> {
    inputs.objects.get(&reference(spec)?)?.as_ref()
}

/// Whether the snapshot was seen as ours before.
pub fn was_made(inputs: &Inputs) -> bool {
    inputs.journal.notes.get(RESOURCE_ID).is_some_and(|id| !id.is_empty()) || inputs.recorded_arn.is_some()
}

/// Name in AWS of the database. What was noted is the truth about a snapshot that was made; before that, the object is.
pub fn database(spec: &DbSnapshotSpec, inputs: &Inputs) -> Option<String> {
    let database = named(spec)?;
    if let Some(identifier) = &database.identifier {
        return Some(identifier.clone());
    }
    let noted = inputs.journal.notes.get(SOURCE).cloned();
    let said = referred(spec, inputs).and_then(|object| object.identifier.clone());
    if was_made(inputs) { noted.or(said) } else { said.or(noted) }
}

/// What to look at before the snapshot is made.
pub fn source_id(object: &DbSnapshot, region: &str, inputs: &Inputs) -> Option<SourceId> {
    let spec = &object.spec;
    if let Some(from) = original(spec) {
        return Some(SourceId::Snapshot { identifier: from.identifier.clone(), region: region_of(from) });
    }
    // A namesake in the snapshot's region is another database.
    let is_elsewhere = referred(spec, inputs).and_then(|object| object.region.as_deref()).is_some_and(|r| r != region);
    if is_elsewhere && !was_made(inputs) {
        return None;
    }
    database(spec, inputs).map(SourceId::Database)
}

/// Region of a snapshot to copy, where it says one.
pub fn region_of(from: &CopyOf) -> Option<String> {
    from.region.clone().or_else(|| place_of(&from.identifier).map(|(region, _)| region.to_string()))
}

/// The region of the object, once it is known: the default is the operator's.
pub fn own_region(object: &DbSnapshot) -> Option<&String> {
    let recorded = object.status.as_ref().and_then(|status| status.shared.region.as_ref());
    recorded.or(object.spec.shared.region.as_ref())
}
