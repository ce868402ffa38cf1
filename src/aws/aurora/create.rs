//! Settings to the creating requests of a cluster and of its members. Each takes another subset of the fields (aws-rds.md
//! 2.1, 2.2); what one does not take, the next plan sends by Modify, because every field but the password can be observed.
//!
//! Each function takes [`Settings`] apart without `..`: a new field does not compile until each of them has said whether
//! it sends it. Tags always travel with the call, or the thing would have no owner if the answer were lost.

use aws_sdk_rds::operation::create_db_cluster::builders::CreateDbClusterInputBuilder;
use aws_sdk_rds::operation::create_db_instance::builders::CreateDbInstanceInputBuilder;
use aws_sdk_rds::operation::restore_db_cluster_from_snapshot::builders::RestoreDbClusterFromSnapshotInputBuilder;
use aws_sdk_rds::operation::restore_db_cluster_to_point_in_time::builders::RestoreDbClusterToPointInTimeInputBuilder;
use aws_sdk_rds::primitives::DateTime;
use aws_sdk_rds::types::ServerlessV2ScalingConfiguration;
use jiff::Timestamp;

use super::{MEMBER_CLASS, MemberSettings, Scaling, Settings, SourceId};
use crate::aws::owner::Tags;
use crate::aws::rds::create::{self, listed, tags};

/// What all creating calls of a cluster have in common.
pub(super) type Wanted<'a> = create::Wanted<'a, Settings>;

/// CreateDBCluster takes everything.
#[rustfmt::skip] // one line per topic, the same in both halves
pub(super) fn new(wanted: &Wanted<'_>) -> CreateDbClusterInputBuilder {
    let Settings {
        engine, engine_version, scaling, database_name, master_username, port,
        db_subnet_group_name, vpc_security_group_ids, availability_zones, network_type,
        db_cluster_parameter_group_name, backup_retention_period, preferred_backup_window, preferred_maintenance_window,
        storage_encrypted, kms_key_id, storage_type, iam_database_authentication, enable_http_endpoint,
        enable_cloudwatch_logs_exports, enable_performance_insights, performance_insights_kms_key_id,
        performance_insights_retention_period, database_insights_mode, deletion_protection, copy_tags_to_snapshot,
        backtrack_window, enable_local_write_forwarding, engine_lifecycle_support,
    } = wanted.settings.clone();
    CreateDbClusterInputBuilder::default()
        .db_cluster_identifier(wanted.identifier).set_tags(Some(tags(wanted.tags)))
        .set_master_user_password(wanted.password.map(|password| password.expose().to_string()))
        .set_manage_master_user_password(wanted.managed.map(|_| true))
        .set_master_user_secret_kms_key_id(wanted.managed.and_then(|managed| managed.kms_key_id.clone()))
        .set_engine(engine).set_engine_version(engine_version)
        .set_serverless_v2_scaling_configuration(scaling.map(capacity))
        .set_database_name(database_name).set_master_username(master_username).set_port(port)
        .set_db_subnet_group_name(db_subnet_group_name).set_vpc_security_group_ids(listed(vpc_security_group_ids))
        .set_availability_zones(listed(availability_zones)).set_network_type(network_type)
        .set_db_cluster_parameter_group_name(db_cluster_parameter_group_name)
        .set_backup_retention_period(backup_retention_period).set_preferred_backup_window(preferred_backup_window)
        .set_preferred_maintenance_window(preferred_maintenance_window)
        .set_storage_encrypted(storage_encrypted).set_kms_key_id(kms_key_id).set_storage_type(storage_type)
        .set_enable_iam_database_authentication(iam_database_authentication)
        .set_enable_http_endpoint(enable_http_endpoint)
        .set_enable_cloudwatch_logs_exports(listed(enable_cloudwatch_logs_exports))
        .set_enable_performance_insights(enable_performance_insights)
        .set_performance_insights_kms_key_id(performance_insights_kms_key_id)
        .set_performance_insights_retention_period(performance_insights_retention_period)
        .set_database_insights_mode(database_insights_mode.map(|mode| mode.as_str().into()))
        .set_deletion_protection(deletion_protection).set_copy_tags_to_snapshot(copy_tags_to_snapshot)
        .set_backtrack_window(backtrack_window).set_enable_local_write_forwarding(enable_local_write_forwarding)
        .set_engine_lifecycle_support(engine_lifecycle_support)
}

/// What both restores take, but their builders share no trait.
#[rustfmt::skip] // one line per topic, the same in both halves
macro_rules! restored {
    ($request:expr, $wanted:expr) => {{
        let Settings {
            scaling, port, db_subnet_group_name, vpc_security_group_ids, network_type, db_cluster_parameter_group_name,
            backup_retention_period, preferred_backup_window, kms_key_id, storage_type, iam_database_authentication,
            enable_cloudwatch_logs_exports, enable_performance_insights, performance_insights_kms_key_id,
            performance_insights_retention_period, deletion_protection, copy_tags_to_snapshot, backtrack_window,
            engine_lifecycle_support,
            // Only a snapshot is told these: a point in time has them from its source.
            engine: _, engine_version: _, database_name: _, availability_zones: _,
            // The source decides these once and for all; a key alone encrypts.
            storage_encrypted: _, master_username: _,
            // By Modify, or by a call of its own, once it is there.
            preferred_maintenance_window: _, enable_http_endpoint: _, database_insights_mode: _,
            enable_local_write_forwarding: _,
        } = $wanted.settings.clone();
        $request
            .db_cluster_identifier($wanted.identifier).set_tags(Some(tags($wanted.tags)))
            .set_serverless_v2_scaling_configuration(scaling.map(capacity)).set_port(port)
            .set_db_subnet_group_name(db_subnet_group_name).set_vpc_security_group_ids(listed(vpc_security_group_ids))
            .set_network_type(network_type).set_db_cluster_parameter_group_name(db_cluster_parameter_group_name)
            .set_backup_retention_period(backup_retention_period).set_preferred_backup_window(preferred_backup_window)
            .set_kms_key_id(kms_key_id).set_storage_type(storage_type)
            .set_enable_iam_database_authentication(iam_database_authentication)
            .set_enable_cloudwatch_logs_exports(listed(enable_cloudwatch_logs_exports))
            .set_enable_performance_insights(enable_performance_insights)
            .set_performance_insights_kms_key_id(performance_insights_kms_key_id)
            .set_performance_insights_retention_period(performance_insights_retention_period)
            .set_deletion_protection(deletion_protection).set_copy_tags_to_snapshot(copy_tags_to_snapshot)
            .set_backtrack_window(backtrack_window).set_engine_lifecycle_support(engine_lifecycle_support)
    }};
}

/// RestoreDBClusterFromSnapshot. Without an engine version AWS takes the region's default, so that it travels here.
pub(super) fn from_snapshot(wanted: &Wanted<'_>, snapshot: &str) -> RestoreDbClusterFromSnapshotInputBuilder {
    let Settings { engine, engine_version, database_name, availability_zones, .. } = wanted.settings.clone();
    restored!(RestoreDbClusterFromSnapshotInputBuilder::default().snapshot_identifier(snapshot), wanted)
        .set_engine(engine)
        .set_engine_version(engine_version)
        .set_database_name(database_name)
        .set_availability_zones(listed(availability_zones))
}

/// RestoreDBClusterToPointInTime: a full copy of `at`, or of the latest restorable time.
pub(super) fn to_point_in_time(
    wanted: &Wanted<'_>,
    source: &SourceId,
    at: Option<Timestamp>,
) -> RestoreDbClusterToPointInTimeInputBuilder {
    let request = RestoreDbClusterToPointInTimeInputBuilder::default().restore_type("full-copy");
    // The source cannot be a snapshot: none is named then, and AWS says which member is missing.
    let request = match source {
        SourceId::Cluster(identifier) => request.source_db_cluster_identifier(identifier),
        SourceId::ResourceId(resource_id) => request.source_db_cluster_resource_id(resource_id),
        SourceId::Snapshot(_) => request,
    };
    restored!(
        match at {
            Some(time) => request.restore_to_time(DateTime::from_secs(time.as_second())),
            None => request.use_latest_restorable_time(true),
        },
        wanted
    )
}

/// RestoreDBClusterToPointInTime that shares the storage of its source until one of them writes. AWS takes no other moment
/// than the latest.
pub(super) fn clone(wanted: &Wanted<'_>, source: &str) -> RestoreDbClusterToPointInTimeInputBuilder {
    let request = RestoreDbClusterToPointInTimeInputBuilder::default().restore_type("copy-on-write");
    restored!(request.source_db_cluster_identifier(source).use_latest_restorable_time(true), wanted)
}

/// A DB instance of a cluster, with what is the instance's own.
#[derive(Clone, Copy, Debug)]
pub(super) struct WantedMember<'a> {
    /// DBInstanceIdentifier.
    pub name: &'a str,
    /// Engine of the cluster.
    pub engine: &'a str,
    /// The fields.
    pub settings: &'a MemberSettings,
    /// PromotionTier.
    pub promotion_tier: Option<i32>,
    /// Its tags.
    pub tags: &'a Tags,
}

/// CreateDBInstance in a cluster: whatever else it could send is the cluster's, and AWS refuses it.
#[rustfmt::skip] // one line per topic, the same in both halves
pub(super) fn member(cluster: &str, wanted: &WantedMember<'_>) -> CreateDbInstanceInputBuilder {
    let MemberSettings {
        db_parameter_group_name, publicly_accessible, auto_minor_version_upgrade,
        monitoring_interval, monitoring_role_arn, ca_certificate_identifier,
    } = wanted.settings.clone();
    CreateDbInstanceInputBuilder::default()
        .db_instance_identifier(wanted.name).db_cluster_identifier(cluster).engine(wanted.engine)
        .db_instance_class(MEMBER_CLASS).set_promotion_tier(wanted.promotion_tier).set_tags(Some(tags(wanted.tags)))
        .set_db_parameter_group_name(db_parameter_group_name).set_publicly_accessible(publicly_accessible)
        .set_auto_minor_version_upgrade(auto_minor_version_upgrade)
        .set_monitoring_interval(monitoring_interval).set_monitoring_role_arn(monitoring_role_arn)
        .set_ca_certificate_identifier(ca_certificate_identifier)
}

/// ServerlessV2ScalingConfiguration, always whole: AWS wants both capacities.
pub(super) fn capacity(scaling: Scaling) -> ServerlessV2ScalingConfiguration {
    let Scaling { min_capacity, max_capacity, seconds_until_auto_pause } = scaling;
    ServerlessV2ScalingConfiguration::builder()
        .min_capacity(min_capacity)
        .max_capacity(max_capacity)
        .set_seconds_until_auto_pause(seconds_until_auto_pause)
        .build()
}
