//! Manifests of snapshots that read aloud: `of_instance("shop-orders").copied_to("eu-west-1", None)`.

use awsdb::kinds::snapshot::{Copy, CopyFamily, CopyOf, Database, DbSnapshot, DbSnapshotSpec, Source};

use super::super::aws::set_of;
use super::super::builder::Manifest;

/// A snapshot of this, named `monday` in namespace `shop`.
pub fn snapshot(source: Source) -> Manifest<DbSnapshot> {
    let mut object = DbSnapshot::new("monday", DbSnapshotSpec::default());
    object.metadata.namespace = Some("shop".into());
    object.spec.source = Some(source);
    Manifest(object)
}

fn database(identifier: &str) -> Option<Database> {
    Some(Database { name: None, identifier: Some(identifier.into()) })
}

/// Of an instance, by its name in AWS.
pub fn of_instance(identifier: &str) -> Manifest<DbSnapshot> {
    snapshot(Source { rds_instance: database(identifier), ..Source::default() })
}

/// Of a cluster.
pub fn of_cluster(identifier: &str) -> Manifest<DbSnapshot> {
    snapshot(Source { aurora_serverless: database(identifier), ..Source::default() })
}

/// Of a table.
pub fn of_table(name: &str) -> Manifest<DbSnapshot> {
    snapshot(Source { dynamo_table: database(name), ..Source::default() })
}

/// Of another snapshot.
pub fn copy_of(family: CopyFamily, identifier: &str, region: Option<&str>) -> Manifest<DbSnapshot> {
    let copy_of = Some(CopyOf { family, identifier: identifier.into(), region: region.map(Into::into) });
    snapshot(Source { copy_of, ..Source::default() })
}

impl Manifest<DbSnapshot> {
    pub fn encrypted_with(self, key: &str) -> Self {
        self.with(|spec| spec.kms_key_id = Some(key.into()))
    }

    pub fn copied_to(self, region: &str, key: Option<&str>) -> Self {
        let copy = Copy { region: region.into(), kms_key_id: key.map(Into::into) };
        self.with(|spec| spec.copies.get_or_insert_default().push(copy))
    }

    pub fn no_copies(self) -> Self {
        self.with(|spec| spec.copies = Some(Vec::new()))
    }

    pub fn shared_with(self, accounts: &[&str]) -> Self {
        self.with(|spec| spec.share_with = Some(set_of(accounts)))
    }
}
