//! Answers to observations, normalised (aws-rds.md section 3): three shapes of AWS, one of ours. Nothing is built with
//! `..Default`: a new field does not compile until it is read.

use aws_sdk_dynamodb::types::{BackupDescription, BackupSummary};
use aws_sdk_rds::types::{DbClusterSnapshot, DbSnapshot, StorageEncryptionType};
use jiff::Timestamp;

use super::{Snapshot, Source};
use crate::aws::answer::Missing;
use crate::aws::dynamo::read as dynamo;
use crate::aws::owner::Tags;
use crate::aws::rds::read::{tags, time};

/// The engine of what is no RDS.
const DYNAMODB: &str = "dynamodb";

/// A snapshot of an instance.
pub(super) fn instance_snapshot(of: &DbSnapshot) -> Result<Snapshot, Missing> {
    let arn = of.db_snapshot_arn.clone().ok_or("DBSnapshotArn")?;
    let status = lower(&of.status).ok_or("Status")?;
    let made = time(of.snapshot_create_time());
    let own_key = of.storage_encryption_type == Some(StorageEncryptionType::Sse);
    Ok(Snapshot {
        resource_id: resource_id(&arn, &status, made),
        arn,
        status,
        snapshot_type: lower(&of.snapshot_type).ok_or("SnapshotType")?,
        progress: of.percent_progress,
        created: time(of.original_snapshot_create_time()).or(made),
        source: lower(&of.db_instance_identifier).ok_or("DBInstanceIdentifier")?,
        source_resource_id: of.dbi_resource_id.clone(),
        copied_from: of.source_db_snapshot_identifier.clone().filter(|from| !from.is_empty()),
        engine: lower(&of.engine).ok_or("Engine")?,
        engine_version: of.engine_version.clone(),
        encrypted: of.encrypted == Some(true) || own_key,
        kms_key_id: of.kms_key_id.clone().filter(|key| !key.is_empty() && !own_key),
        size: of.allocated_storage.map(i64::from),
        tags: tags(of.tag_list()),
    })
}

/// A snapshot of a cluster.
pub(super) fn cluster_snapshot(of: &DbClusterSnapshot) -> Result<Snapshot, Missing> {
    let arn = of.db_cluster_snapshot_arn.clone().ok_or("DBClusterSnapshotArn")?;
    let status = lower(&of.status).ok_or("Status")?;
    let made = time(of.snapshot_create_time());
    let own_key = of.storage_encryption_type == Some(StorageEncryptionType::Sse);
    Ok(Snapshot {
        resource_id: resource_id(&arn, &status, made),
        arn,
        status,
        snapshot_type: lower(&of.snapshot_type).ok_or("SnapshotType")?,
        progress: of.percent_progress,
        created: made,
        source: lower(&of.db_cluster_identifier).ok_or("DBClusterIdentifier")?,
        source_resource_id: of.db_cluster_resource_id.clone(),
        copied_from: of.source_db_cluster_snapshot_arn.clone().filter(|from| !from.is_empty()),
        engine: lower(&of.engine).ok_or("Engine")?,
        engine_version: of.engine_version.clone(),
        encrypted: of.storage_encrypted == Some(true) || own_key,
        kms_key_id: of.kms_key_id.clone().filter(|key| !key.is_empty() && !own_key),
        size: of.allocated_storage.map(i64::from),
        tags: tags(of.tag_list()),
    })
}

/// AWS may still change the moment of a snapshot that it is at.
fn resource_id(arn: &str, status: &str, made: Option<Timestamp>) -> String {
    match made {
        Some(made) if !matches!(status, "creating" | "copying") => format!("{arn} {made}"),
        _ => String::new(),
    }
}

/// A backup as a list shows it.
pub(super) fn listed_backup(of: &BackupSummary) -> Result<Snapshot, Missing> {
    let arn = of.backup_arn.clone().ok_or("BackupArn")?;
    Ok(Snapshot {
        status: of.backup_status().ok_or("BackupStatus")?.as_str().to_lowercase(),
        snapshot_type: of.backup_type().ok_or("BackupType")?.as_str().to_lowercase(),
        created: dynamo::time(of.backup_creation_date_time()),
        source: of.table_name.clone().ok_or("TableName")?,
        source_resource_id: of.table_id.clone(),
        size: of.backup_size_bytes,
        ..backup(arn)
    })
}

/// A backup as it is described.
pub(super) fn described_backup(of: &BackupDescription) -> Result<Snapshot, Missing> {
    let details = of.backup_details().ok_or("BackupDetails")?;
    let table = of.source_table_details().ok_or("SourceTableDetails")?;
    Ok(Snapshot {
        status: details.backup_status().as_str().to_lowercase(),
        snapshot_type: details.backup_type().as_str().to_lowercase(),
        created: dynamo::time(Some(details.backup_creation_date_time())),
        source: table.table_name().into(),
        source_resource_id: Some(table.table_id().into()),
        size: details.backup_size_bytes,
        ..backup(details.backup_arn().into())
    })
}

/// What all backups have in common: no version, no progress, no key of their own, no tags.
fn backup(arn: String) -> Snapshot {
    Snapshot {
        resource_id: arn.clone(),
        arn,
        status: String::new(),
        snapshot_type: String::new(),
        progress: None,
        created: None,
        source: String::new(),
        source_resource_id: None,
        copied_from: None,
        engine: DYNAMODB.into(),
        engine_version: None,
        encrypted: true,
        kms_key_id: None,
        size: None,
        tags: Tags::new(),
    }
}

/// A snapshot to copy; the tags of a shared one belong to the account that shares it and are not shown.
pub(super) fn source(of: Snapshot, shared: bool) -> Source {
    let Snapshot { arn, status, encrypted, kms_key_id, tags, .. } = of;
    Source { arn, status, encrypted: encrypted && kms_key_id.is_some(), tags: (!shared).then_some(tags) }
}

pub(super) fn lower(text: &Option<String>) -> Option<String> {
    text.as_ref().map(|text| text.to_lowercase())
}
