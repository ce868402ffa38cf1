//! Answers to observations, normalised (aws-rds.md 2.1, 2.4): the same thing always reads the same, whatever AWS's spelling.
//! Nothing is built with `..Default`: a new field does not compile until it is read.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_rds::types::{
    ActivityStreamStatus, ClusterPendingModifiedValues, DbCluster, DbClusterAutomatedBackup, DbClusterEndpoint,
    DbClusterParameterGroup, DbClusterSnapshot, DbInstance, LocalWriteForwardingStatus, PendingModifiedValues,
    ServerlessV2FeaturesSupport, ServerlessV2ScalingConfigurationInfo, StorageEncryptionType, WriteForwardingStatus,
};

use super::{Capacities, Cluster, CustomEndpoint, EndpointType, Member, MemberSettings, Membership, Scaling, Settings};
use crate::aws::answer::Missing;
use crate::aws::owner::Tags;
use crate::aws::rds::read::{lower, master_secret, security_groups, security_groups_change, tags, time};
use crate::aws::rds::{ParameterGroup, Snapshot, Source};

/// A cluster.
pub(super) fn cluster(db: &DbCluster) -> Result<Cluster, Missing> {
    let pending_values = db.pending_modified_values.as_ref();
    Ok(Cluster {
        arn: db.db_cluster_arn.clone().ok_or("DBClusterArn")?,
        resource_id: db.db_cluster_resource_id.clone().ok_or("DbClusterResourceId")?,
        status: db.status.clone().ok_or("Status")?,
        endpoint: db.endpoint.clone(),
        reader_endpoint: db.reader_endpoint.clone(),
        settings: settings(db),
        pending: pending_values.map(pending).unwrap_or_default(),
        password_pending: pending_values.is_some_and(|new| new.master_user_password.is_some()),
        logs_pending: pending_values.is_some_and(|new| new.pending_cloudwatch_logs_exports.is_some()),
        tags: tags(db.tag_list()),
        roles: roles(db),
        members: memberships(db),
        security_groups_changing: security_groups_change(db.vpc_security_groups()),
        is_moving: is_moving(db),
        master_secret: master_secret(db.master_user_secret.as_ref()),
        global_cluster: given(&db.global_cluster_identifier),
        replication_source: given(&db.replication_source_identifier),
        aws_backup: db.aws_backup_recovery_point_arn.is_some(),
        foreign_mode: given(&db.engine_mode).filter(|mode| mode != "provisioned"),
        without_vpc: db.vpc_networking_enabled == Some(false),
        earliest_restorable: time(db.earliest_restorable_time.as_ref()),
        progress: db.percent_progress.clone(),
        automatic_restart: time(db.automatic_restart_time.as_ref()),
        storage_type_change_from: time(db.io_optimized_next_allowed_modification_time.as_ref()),
        platform_version: given(&db.serverless_v2_platform_version),
    })
}

/// Every field in force.
fn settings(db: &DbCluster) -> Settings {
    Settings {
        engine: lower(&db.engine),
        engine_version: db.engine_version.clone(),
        scaling: db.serverless_v2_scaling_configuration.as_ref().and_then(scaling),
        database_name: db.database_name.clone(),
        master_username: db.master_username.clone(),
        port: db.port.filter(|port| *port > 0),
        db_subnet_group_name: lower(&db.db_subnet_group),
        vpc_security_group_ids: Some(security_groups(db.vpc_security_groups())),
        availability_zones: Some(db.availability_zones().iter().cloned().collect()),
        db_cluster_parameter_group_name: lower(&db.db_cluster_parameter_group),
        backup_retention_period: db.backup_retention_period,
        preferred_backup_window: lower(&db.preferred_backup_window),
        preferred_maintenance_window: lower(&db.preferred_maintenance_window),
        storage_encrypted: match db.storage_encryption_type {
            Some(StorageEncryptionType::Sse) => Some(true),
            _ => db.storage_encrypted,
        },
        kms_key_id: db.kms_key_id.clone(),
        // AWS leaves the ordinary one out.
        storage_type: given(&db.storage_type).map(|kind| kind.to_lowercase()).or(Some("aurora".into())),
        iam_database_authentication: db.iam_database_authentication_enabled,
        enable_http_endpoint: db.http_endpoint_enabled,
        enable_cloudwatch_logs_exports: Some(db.enabled_cloudwatch_logs_exports().iter().cloned().collect()),
        enable_performance_insights: db.performance_insights_enabled,
        performance_insights_kms_key_id: db.performance_insights_kms_key_id.clone(),
        performance_insights_retention_period: db.performance_insights_retention_period,
        database_insights_mode: db.database_insights_mode.as_ref().map(|mode| mode.as_str().to_lowercase()),
        deletion_protection: db.deletion_protection,
        copy_tags_to_snapshot: db.copy_tags_to_snapshot,
        backtrack_window: db.backtrack_window,
        enable_local_write_forwarding: db.local_write_forwarding_status.as_ref().and_then(forwards),
        network_type: db.network_type.as_ref().map(|kind| kind.to_uppercase()),
        engine_lifecycle_support: db.engine_lifecycle_support.clone(),
    }
}

/// PendingModifiedValues by the same names. Not in it: the masked password and the log exports, which have flags of their
/// own, and what Aurora does not have or we never ask for (another identifier, storage, IOPS, certificates).
#[rustfmt::skip] // the fields that cannot be pending stay together
fn pending(new: &ClusterPendingModifiedValues) -> Settings {
    Settings {
        engine_version: new.engine_version.clone(),
        backup_retention_period: new.backup_retention_period,
        storage_type: lower(&new.storage_type),
        iam_database_authentication: new.iam_database_authentication_enabled,
        // AWS has no pending value for these: they hold at once, or show as a status of their own.
        engine: None, scaling: None, database_name: None, master_username: None, port: None,
        db_subnet_group_name: None, vpc_security_group_ids: None, availability_zones: None,
        db_cluster_parameter_group_name: None, preferred_backup_window: None, preferred_maintenance_window: None,
        storage_encrypted: None, kms_key_id: None, enable_http_endpoint: None, enable_cloudwatch_logs_exports: None,
        enable_performance_insights: None, performance_insights_kms_key_id: None,
        performance_insights_retention_period: None, database_insights_mode: None, deletion_protection: None,
        copy_tags_to_snapshot: None, backtrack_window: None, enable_local_write_forwarding: None, network_type: None,
        engine_lifecycle_support: None,
    }
}

/// An empty text says no more than none.
fn given(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}

/// The time to a pause means nothing while the cluster cannot pause.
fn scaling(info: &ServerlessV2ScalingConfigurationInfo) -> Option<Scaling> {
    let (min_capacity, max_capacity) = (info.min_capacity?, info.max_capacity?);
    let seconds_until_auto_pause = info.seconds_until_auto_pause.filter(|_| min_capacity == 0.0);
    Some(Scaling { min_capacity, max_capacity, seconds_until_auto_pause })
}

/// What is on its way counts as there: the status tells the rest ([`is_moving`]).
fn forwards(status: &LocalWriteForwardingStatus) -> Option<bool> {
    match status {
        LocalWriteForwardingStatus::Enabled
        | LocalWriteForwardingStatus::Enabling
        | LocalWriteForwardingStatus::Requested => Some(true),
        LocalWriteForwardingStatus::Disabled | LocalWriteForwardingStatus::Disabling => Some(false),
        _ => None,
    }
}

fn is_moving(db: &DbCluster) -> bool {
    let local = matches!(
        db.local_write_forwarding_status,
        Some(LocalWriteForwardingStatus::Enabling | LocalWriteForwardingStatus::Disabling)
    );
    let global = matches!(
        db.global_write_forwarding_status,
        Some(WriteForwardingStatus::Enabling | WriteForwardingStatus::Disabling)
    );
    let stream =
        matches!(db.activity_stream_status, Some(ActivityStreamStatus::Starting | ActivityStreamStatus::Stopping));
    local || global || stream
}

fn roles(db: &DbCluster) -> BTreeMap<String, (String, String)> {
    let roles = db.associated_roles().iter();
    roles
        .filter_map(|role| {
            let feature = role.feature_name.clone().unwrap_or_default();
            Some((feature, (role.role_arn.clone()?, role.status.clone().unwrap_or_default())))
        })
        .collect()
}

fn memberships(db: &DbCluster) -> BTreeMap<String, Membership> {
    let members = db.db_cluster_members().iter();
    members
        .filter_map(|member| {
            let is_writer = member.is_cluster_writer == Some(true);
            let parameter_group_status = member.db_cluster_parameter_group_status.clone();
            Some((lower(&member.db_instance_identifier)?, Membership { is_writer, parameter_group_status }))
        })
        .collect()
}

/// Those of these instances that belong to the cluster, whatever the filter has let through.
pub(super) fn members(listed: &[DbInstance], cluster: &str) -> Result<BTreeMap<String, Member>, Missing> {
    let is_ours = |db: &&DbInstance| db.db_cluster_identifier().is_some_and(|id| id.eq_ignore_ascii_case(cluster));
    let named = |db: &DbInstance| {
        let name = lower(&db.db_instance_identifier).ok_or("DBInstanceIdentifier")?;
        Ok((name, member(db)?))
    };
    listed.iter().filter(is_ours).map(named).collect()
}

fn member(db: &DbInstance) -> Result<Member, Missing> {
    let nothing = PendingModifiedValues::builder().build();
    let group = db.db_parameter_groups().first();
    Ok(Member {
        arn: db.db_instance_arn.clone().ok_or("DBInstanceArn")?,
        status: db.db_instance_status.clone().ok_or("DBInstanceStatus")?,
        class: lower(&db.db_instance_class).ok_or("DBInstanceClass")?,
        promotion_tier: db.promotion_tier,
        settings: MemberSettings {
            db_parameter_group_name: group.and_then(|group| lower(&group.db_parameter_group_name)),
            publicly_accessible: db.publicly_accessible,
            auto_minor_version_upgrade: db.auto_minor_version_upgrade,
            monitoring_interval: db.monitoring_interval,
            monitoring_role_arn: db.monitoring_role_arn.clone(),
            ca_certificate_identifier: db.ca_certificate_identifier.clone(),
        },
        parameter_apply_status: group.and_then(|group| group.parameter_apply_status.clone()),
        has_pending: db.pending_modified_values.as_ref().is_some_and(|new| *new != nothing),
        certificate_valid_till: db.certificate_details.as_ref().and_then(|details| time(details.valid_till.as_ref())),
        tags: tags(db.tag_list()),
    })
}

/// A cluster parameter group.
pub(super) fn parameter_group(
    group: &DbClusterParameterGroup,
    values: BTreeMap<String, String>,
    tags: Tags,
) -> Result<ParameterGroup, Missing> {
    Ok(ParameterGroup {
        family: group.db_parameter_group_family.clone().ok_or("DBParameterGroupFamily")?,
        arn: group.db_cluster_parameter_group_arn.clone().ok_or("DBClusterParameterGroupArn")?,
        values,
        tags,
    })
}

/// A custom endpoint with its name; `None` for those that every cluster has.
pub(super) fn endpoint(one: &DbClusterEndpoint) -> Option<Result<(String, CustomEndpoint), Missing>> {
    let is_custom = one.endpoint_type.as_ref().is_some_and(|kind| kind.eq_ignore_ascii_case("CUSTOM"));
    is_custom.then(|| custom_endpoint(one))
}

fn custom_endpoint(one: &DbClusterEndpoint) -> Result<(String, CustomEndpoint), Missing> {
    let names = |names: &[String]| -> BTreeSet<String> { names.iter().map(|name| name.to_lowercase()).collect() };
    let endpoint = CustomEndpoint {
        arn: one.db_cluster_endpoint_arn.clone().ok_or("DBClusterEndpointArn")?,
        address: given(&one.endpoint),
        status: one.status.clone().ok_or("Status")?,
        endpoint_type: match one.custom_endpoint_type().map(str::to_uppercase).as_deref() {
            Some("READER") => EndpointType::Reader,
            Some("ANY") => EndpointType::Any,
            _ => return Err("a CustomEndpointType that is READER or ANY"),
        },
        static_members: names(one.static_members()),
        excluded_members: names(one.excluded_members()),
    };
    Ok((lower(&one.db_cluster_endpoint_identifier).ok_or("DBClusterEndpointIdentifier")?, endpoint))
}

/// A manual snapshot.
pub(super) fn snapshot(db: &DbClusterSnapshot) -> Result<Snapshot, Missing> {
    Ok(Snapshot {
        identifier: lower(&db.db_cluster_snapshot_identifier).ok_or("DBClusterSnapshotIdentifier")?,
        arn: db.db_cluster_snapshot_arn.clone().ok_or("DBClusterSnapshotArn")?,
        status: db.status.clone().ok_or("Status")?,
        resource_id: db.db_cluster_resource_id.clone().unwrap_or_default(),
        tags: tags(db.tag_list()),
    })
}

/// A snapshot to restore; the tags of a shared one belong to the account that shares it and are not shown.
pub(super) fn source_snapshot(db: &DbClusterSnapshot, shared: bool) -> Result<Source, Missing> {
    let Snapshot { identifier: _, arn, status, resource_id: _, tags } = snapshot(db)?;
    let engine = lower(&db.engine).ok_or("Engine")?;
    let (engine_version, tags) = (db.engine_version.clone(), (!shared).then_some(tags));
    Ok(Source { arn, status, engine, engine_version, tags, backup_retention: None })
}

/// A cluster to copy.
pub(super) fn source_cluster(db: &DbCluster) -> Result<Source, Missing> {
    let Cluster { arn, status, settings, tags, .. } = cluster(db)?;
    Ok(Source {
        arn,
        status,
        engine: settings.engine.ok_or("Engine")?,
        engine_version: settings.engine_version,
        tags: Some(tags),
        backup_retention: settings.backup_retention_period,
    })
}

/// What the deletion of a cluster has left.
pub(super) fn source_backup(backup: &DbClusterAutomatedBackup) -> Result<Source, Missing> {
    let own = backup.db_cluster_automated_backups_arn.clone();
    Ok(Source {
        arn: own.or_else(|| backup.db_cluster_arn.clone()).ok_or("DBClusterAutomatedBackupsArn")?,
        status: backup.status.clone().ok_or("Status")?,
        engine: lower(&backup.engine).ok_or("Engine")?,
        engine_version: backup.engine_version.clone(),
        tags: Some(tags(backup.tag_list())),
        backup_retention: backup.backup_retention_period,
    })
}

/// The capacities of an engine version or of a platform version.
pub(super) fn capacities(features: Option<&ServerlessV2FeaturesSupport>) -> Option<Capacities> {
    let features = features?;
    Some(Capacities { min: features.min_capacity?, max: features.max_capacity? })
}
