//! Settings to the four creating requests. Each takes another subset of the fields (aws-rds.md 1.1); what one does not
//! take, the next plan sends by Modify, because every field but the password can be observed.
//!
//! Each function takes [`Settings`] apart without `..`: a new field does not compile until each of the four has said
//! whether it sends it. Tags always travel with the call, or the thing would have no owner if the answer were lost; a
//! restore without them would even copy those of the source's owner.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_rds::operation::create_db_instance::builders::CreateDbInstanceInputBuilder;
use aws_sdk_rds::operation::create_db_instance_read_replica::builders::CreateDbInstanceReadReplicaInputBuilder;
use aws_sdk_rds::operation::restore_db_instance_from_db_snapshot::builders::RestoreDbInstanceFromDbSnapshotInputBuilder;
use aws_sdk_rds::operation::restore_db_instance_to_point_in_time::builders::RestoreDbInstanceToPointInTimeInputBuilder;
use aws_sdk_rds::primitives::DateTime;
use aws_sdk_rds::types::{AdditionalStorageVolume, ProcessorFeature, Tag};
use jiff::Timestamp;

use super::settings::{Domain, Volume};
use super::{Managed, Settings, SourceId};
use crate::aws::Password;
use crate::aws::owner::Tags;

/// What all creating calls have in common, those of a cluster too.
#[derive(Clone, Copy, Debug)]
pub(in crate::aws) struct Wanted<'a, S = Settings> {
    /// DBInstanceIdentifier or DBClusterIdentifier.
    pub identifier: &'a str,
    /// The fields.
    pub settings: &'a S,
    /// Tags of what is made.
    pub tags: &'a Tags,
    /// MasterUserPassword, for those that take one.
    pub password: Option<&'a Password>,
    /// ManageMasterUserPassword, for those that take it.
    pub managed: Option<&'a Managed>,
}

impl Wanted<'_> {
    /// The engine as the user wrote it; a restore or replica may leave it to its source.
    fn engine_starts(&self, prefix: &str) -> bool {
        self.settings.engine.as_ref().is_some_and(|engine| engine.starts_with(prefix))
    }

    /// `MultiAZ` at a restore fails for SQL Server while its retention is 0: it follows when the backups are on.
    fn multi_az_at_restore(&self, multi_az: Option<bool>) -> Option<bool> {
        multi_az.filter(|_| !self.engine_starts("sqlserver"))
    }

    /// SQL Server takes the storage of its source.
    fn storage_of_a_copy(&self, gib: Option<i32>) -> Option<i32> {
        gib.filter(|_| !self.engine_starts("sqlserver"))
    }

    /// Only Oracle and SQL Server rename a database while they restore it.
    fn name_at_restore(&self, name: Option<String>) -> Option<String> {
        name.filter(|_| self.engine_starts("oracle") || self.engine_starts("sqlserver"))
    }

    fn managed_where_taken(&self) -> Option<&Managed> {
        self.managed.filter(|_| self.engine_starts("oracle"))
    }

    /// Only Oracle restores with a managed password; sending an explicit false is refused, too.
    fn managed_at_restore(&self) -> Option<bool> {
        self.managed_where_taken().map(|_| true)
    }
}

/// Volumes for a creating call or for Modify: the same members in two types.
macro_rules! volumes {
    ($volumes:expr, $type:ty) => {
        some(Vec::from_iter($volumes.unwrap_or_default().into_iter().map(|(name, volume)| {
            let Volume { allocated_storage, max_allocated_storage, storage_type, iops, storage_throughput } = volume;
            <$type>::builder()
                .volume_name(name)
                .set_allocated_storage(allocated_storage)
                .set_max_allocated_storage(max_allocated_storage)
                .set_storage_type(storage_type)
                .set_iops(iops)
                .set_storage_throughput(storage_throughput)
                .build()
        })))
    };
}
pub(super) use volumes;

/// CreateDBInstance takes everything but what only a replica has.
#[rustfmt::skip] // one line per topic, the same in both halves
pub(super) fn new(wanted: &Wanted<'_>) -> CreateDbInstanceInputBuilder {
    let Settings {
        engine, engine_version, db_instance_class, license_model, engine_lifecycle_support, multi_tenant,
        db_name, character_set_name, nchar_character_set_name, timezone, port, processor_features,
        allocated_storage, max_allocated_storage, storage_type, iops, storage_throughput,
        dedicated_log_volume, additional_storage_volumes, storage_encrypted, kms_key_id,
        master_username, master_user_authentication_type, iam_database_authentication, domain,
        multi_az, availability_zone, db_subnet_group_name, vpc_security_group_ids, publicly_accessible,
        network_type, ca_certificate_identifier, db_parameter_group_name, option_group_name,
        backup_retention_period, preferred_backup_window, backup_target, copy_tags_to_snapshot, deletion_protection,
        preferred_maintenance_window, auto_minor_version_upgrade, monitoring_interval, monitoring_role_arn,
        enable_performance_insights, performance_insights_kms_key_id, performance_insights_retention_period,
        database_insights_mode, enable_cloudwatch_logs_exports,
        replica_mode: _, // it is no replica
    } = wanted.settings.clone();
    let Domain { id, iam_role_name, fqdn, ou, auth_secret_arn, dns_ips } = domain.unwrap_or_default();
    CreateDbInstanceInputBuilder::default()
        .db_instance_identifier(wanted.identifier).set_tags(Some(tags(wanted.tags)))
        .set_master_user_password(wanted.password.map(|password| password.expose().to_string()))
        .set_manage_master_user_password(wanted.managed.map(|_| true))
        .set_master_user_secret_kms_key_id(wanted.managed.and_then(|managed| managed.kms_key_id.clone()))
        .set_engine(engine).set_engine_version(engine_version).set_db_instance_class(db_instance_class)
        .set_license_model(license_model).set_engine_lifecycle_support(engine_lifecycle_support)
        .set_multi_tenant(multi_tenant)
        .set_db_name(db_name).set_character_set_name(character_set_name)
        .set_nchar_character_set_name(nchar_character_set_name)
        .set_timezone(timezone).set_port(port).set_processor_features(features(processor_features))
        .set_max_allocated_storage(autoscaling(max_allocated_storage, allocated_storage))
        .set_allocated_storage(allocated_storage)
        .set_storage_type(storage_type).set_iops(iops).set_storage_throughput(storage_throughput)
        .set_dedicated_log_volume(dedicated_log_volume)
        .set_additional_storage_volumes(volumes!(additional_storage_volumes, AdditionalStorageVolume))
        .set_storage_encrypted(storage_encrypted).set_kms_key_id(kms_key_id).set_master_username(master_username)
        .set_master_user_authentication_type(master_user_authentication_type.map(|kind| kind.as_str().into()))
        .set_enable_iam_database_authentication(iam_database_authentication)
        .set_domain(id).set_domain_iam_role_name(iam_role_name).set_domain_fqdn(fqdn).set_domain_ou(ou)
        .set_domain_auth_secret_arn(auth_secret_arn).set_domain_dns_ips(some(dns_ips))
        .set_multi_az(multi_az).set_availability_zone(availability_zone)
        .set_db_subnet_group_name(db_subnet_group_name)
        .set_vpc_security_group_ids(listed(vpc_security_group_ids)).set_publicly_accessible(publicly_accessible)
        .set_network_type(network_type).set_ca_certificate_identifier(ca_certificate_identifier)
        .set_db_parameter_group_name(db_parameter_group_name).set_option_group_name(option_group_name)
        .set_backup_retention_period(backup_retention_period).set_preferred_backup_window(preferred_backup_window)
        .set_backup_target(backup_target).set_copy_tags_to_snapshot(copy_tags_to_snapshot)
        .set_deletion_protection(deletion_protection).set_preferred_maintenance_window(preferred_maintenance_window)
        .set_auto_minor_version_upgrade(auto_minor_version_upgrade)
        .set_monitoring_interval(monitoring_interval).set_monitoring_role_arn(monitoring_role_arn)
        .set_enable_performance_insights(enable_performance_insights)
        .set_performance_insights_kms_key_id(performance_insights_kms_key_id)
        .set_performance_insights_retention_period(performance_insights_retention_period)
        .set_database_insights_mode(database_insights_mode.map(|mode| mode.as_str().into()))
        .set_enable_cloudwatch_logs_exports(listed(enable_cloudwatch_logs_exports))
}

/// The two restores take the same members, but their builders share no trait.
#[rustfmt::skip] // one line per topic, the same in both halves
macro_rules! restored {
    ($request:expr, $wanted:expr) => {{
        let Settings {
            engine, db_instance_class, license_model, engine_lifecycle_support, db_name, port, processor_features,
            allocated_storage, storage_type, iops, storage_throughput, dedicated_log_volume, additional_storage_volumes,
            iam_database_authentication, domain,
            multi_az, availability_zone, db_subnet_group_name, vpc_security_group_ids, publicly_accessible,
            network_type, ca_certificate_identifier, db_parameter_group_name, option_group_name,
            backup_retention_period, preferred_backup_window, backup_target, copy_tags_to_snapshot, deletion_protection,
            auto_minor_version_upgrade, enable_cloudwatch_logs_exports,
            // The snapshot or backup decides these once and for all.
            storage_encrypted: _, kms_key_id: _, master_username: _, multi_tenant: _,
            character_set_name: _, nchar_character_set_name: _, timezone: _, replica_mode: _,
            // By Modify, once it is there; a point in time adds `max_allocated_storage`.
            max_allocated_storage: _, engine_version: _, master_user_authentication_type: _,
            preferred_maintenance_window: _, monitoring_interval: _, monitoring_role_arn: _,
            enable_performance_insights: _, performance_insights_kms_key_id: _,
            performance_insights_retention_period: _, database_insights_mode: _,
        } = $wanted.settings.clone();
        let Domain { id, iam_role_name, fqdn, ou, auth_secret_arn, dns_ips } = domain.unwrap_or_default();
        $request
            .set_tags(Some(tags($wanted.tags)))
            .set_manage_master_user_password($wanted.managed_at_restore())
            .set_master_user_secret_kms_key_id($wanted.managed_where_taken().and_then(|managed| managed.kms_key_id.clone()))
            .set_engine(engine).set_db_instance_class(db_instance_class).set_license_model(license_model)
            .set_engine_lifecycle_support(engine_lifecycle_support).set_db_name($wanted.name_at_restore(db_name))
            .set_port(port)
            .set_use_default_processor_features(cleared(&processor_features))
            .set_processor_features(features(processor_features))
            .set_allocated_storage($wanted.storage_of_a_copy(allocated_storage)).set_storage_type(storage_type)
            .set_iops(iops).set_storage_throughput(storage_throughput).set_dedicated_log_volume(dedicated_log_volume)
            .set_additional_storage_volumes(volumes!(additional_storage_volumes, AdditionalStorageVolume))
            .set_enable_iam_database_authentication(iam_database_authentication)
            .set_domain(id).set_domain_iam_role_name(iam_role_name).set_domain_fqdn(fqdn).set_domain_ou(ou)
            .set_domain_auth_secret_arn(auth_secret_arn).set_domain_dns_ips(some(dns_ips))
            .set_multi_az($wanted.multi_az_at_restore(multi_az)).set_availability_zone(availability_zone)
            .set_db_subnet_group_name(db_subnet_group_name).set_vpc_security_group_ids(listed(vpc_security_group_ids))
            .set_publicly_accessible(publicly_accessible).set_network_type(network_type)
            .set_ca_certificate_identifier(ca_certificate_identifier)
            .set_db_parameter_group_name(db_parameter_group_name).set_option_group_name(option_group_name)
            .set_backup_retention_period(backup_retention_period).set_preferred_backup_window(preferred_backup_window)
            .set_backup_target(backup_target).set_copy_tags_to_snapshot(copy_tags_to_snapshot)
            .set_deletion_protection(deletion_protection).set_auto_minor_version_upgrade(auto_minor_version_upgrade)
            .set_enable_cloudwatch_logs_exports(listed(enable_cloudwatch_logs_exports))
    }};
}

/// RestoreDBInstanceFromDBSnapshot.
pub(super) fn from_snapshot(wanted: &Wanted<'_>, snapshot: &str) -> RestoreDbInstanceFromDbSnapshotInputBuilder {
    let request = RestoreDbInstanceFromDbSnapshotInputBuilder::default().db_snapshot_identifier(snapshot);
    restored!(request.db_instance_identifier(wanted.identifier), wanted)
}

/// RestoreDBInstanceToPointInTime: to `at`, or to the latest restorable time.
pub(super) fn to_point_in_time(
    wanted: &Wanted<'_>,
    source: &SourceId,
    at: Option<Timestamp>,
) -> RestoreDbInstanceToPointInTimeInputBuilder {
    let Settings { max_allocated_storage, allocated_storage, .. } = wanted.settings;
    restored!(backup_of(source, at).target_db_instance_identifier(wanted.identifier), wanted)
        .set_max_allocated_storage(autoscaling(*max_allocated_storage, *allocated_storage))
}

/// Exactly one name of the source, and exactly one time. The source cannot be a snapshot: none is named then, and AWS
/// says which member is missing.
fn backup_of(source: &SourceId, at: Option<Timestamp>) -> RestoreDbInstanceToPointInTimeInputBuilder {
    let request = RestoreDbInstanceToPointInTimeInputBuilder::default();
    let request = match source {
        SourceId::Instance(identifier) => request.source_db_instance_identifier(identifier),
        SourceId::ResourceId(resource_id) => request.source_dbi_resource_id(resource_id),
        SourceId::AutomatedBackups(arn) => request.source_db_instance_automated_backups_arn(arn),
        SourceId::Snapshot(_) => request,
    };
    match at {
        Some(time) => request.restore_time(DateTime::from_secs(time.as_second())),
        None => request.use_latest_restorable_time(true),
    }
}

/// CreateDBInstanceReadReplica.
#[rustfmt::skip] // one line per topic, the same in both halves
pub(super) fn replica(wanted: &Wanted<'_>, source: &str) -> CreateDbInstanceReadReplicaInputBuilder {
    let Settings {
        db_instance_class, port, processor_features, replica_mode, kms_key_id,
        allocated_storage, max_allocated_storage, storage_type, iops, storage_throughput, dedicated_log_volume,
        additional_storage_volumes, iam_database_authentication, domain,
        multi_az, availability_zone, db_subnet_group_name, vpc_security_group_ids, publicly_accessible,
        network_type, ca_certificate_identifier, db_parameter_group_name, option_group_name,
        backup_target, copy_tags_to_snapshot, deletion_protection, auto_minor_version_upgrade,
        monitoring_interval, monitoring_role_arn, enable_performance_insights, performance_insights_kms_key_id,
        performance_insights_retention_period, enable_cloudwatch_logs_exports,
        // The source decides these.
        engine: _, storage_encrypted: _, master_username: _, master_user_authentication_type: _, db_name: _,
        character_set_name: _, nchar_character_set_name: _, timezone: _, license_model: _, multi_tenant: _,
        // By Modify, once it is there; a replica starts without backups, and refuses an insights mode.
        engine_version: _, engine_lifecycle_support: _, backup_retention_period: _, preferred_backup_window: _,
        preferred_maintenance_window: _, database_insights_mode: _,
    } = wanted.settings.clone();
    let Domain { id, iam_role_name, fqdn, ou, auth_secret_arn, dns_ips } = domain.unwrap_or_default();
    replica_of(source)
        .db_instance_identifier(wanted.identifier).set_tags(Some(tags(wanted.tags)))
        .set_db_instance_class(db_instance_class).set_port(port)
        .set_use_default_processor_features(cleared(&processor_features))
        .set_processor_features(features(processor_features))
        .set_replica_mode(replica_mode.map(|mode| mode.as_str().into())).set_kms_key_id(kms_key_id)
        .set_max_allocated_storage(autoscaling(max_allocated_storage, allocated_storage))
        .set_allocated_storage(wanted.storage_of_a_copy(allocated_storage)).set_storage_type(storage_type)
        .set_iops(iops).set_storage_throughput(storage_throughput).set_dedicated_log_volume(dedicated_log_volume)
        .set_additional_storage_volumes(volumes!(additional_storage_volumes, AdditionalStorageVolume))
        .set_enable_iam_database_authentication(iam_database_authentication)
        .set_domain(id).set_domain_iam_role_name(iam_role_name).set_domain_fqdn(fqdn).set_domain_ou(ou)
        .set_domain_auth_secret_arn(auth_secret_arn).set_domain_dns_ips(some(dns_ips))
        .set_multi_az(multi_az).set_availability_zone(availability_zone)
        .set_db_subnet_group_name(db_subnet_group_name)
        .set_vpc_security_group_ids(listed(vpc_security_group_ids)).set_publicly_accessible(publicly_accessible)
        .set_network_type(network_type).set_ca_certificate_identifier(ca_certificate_identifier)
        // The other engines refuse a parameter group here, in most cases: they get it by Modify.
        .set_db_parameter_group_name(db_parameter_group_name.filter(|_| wanted.engine_starts("oracle")))
        .set_option_group_name(option_group_name).set_backup_target(backup_target)
        .set_copy_tags_to_snapshot(copy_tags_to_snapshot).set_deletion_protection(deletion_protection)
        .set_auto_minor_version_upgrade(auto_minor_version_upgrade)
        .set_monitoring_interval(monitoring_interval).set_monitoring_role_arn(monitoring_role_arn)
        .set_enable_performance_insights(enable_performance_insights)
        .set_performance_insights_kms_key_id(performance_insights_kms_key_id)
        .set_performance_insights_retention_period(performance_insights_retention_period)
        .set_enable_cloudwatch_logs_exports(listed(enable_cloudwatch_logs_exports))
}

/// A Multi-AZ cluster has a member of its own.
fn replica_of(source: &str) -> CreateDbInstanceReadReplicaInputBuilder {
    let request = CreateDbInstanceReadReplicaInputBuilder::default();
    match source.contains(":cluster:") {
        true => request.source_db_cluster_identifier(source),
        false => request.source_db_instance_identifier(source),
    }
}

/// Tags as the SDK wants them.
pub(in crate::aws) fn tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// An empty list is not sent: on the wire it is a member with an empty value, which AWS refuses.
pub(in crate::aws) fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

/// A set as a list, sorted.
pub(in crate::aws) fn listed(set: Option<BTreeSet<String>>) -> Option<Vec<String>> {
    some(Vec::from_iter(set?))
}

/// ProcessorFeatures; an empty map stands for the class's defaults, which have a member of their own ([`cleared`]).
pub(super) fn features(features: Option<BTreeMap<String, String>>) -> Option<Vec<ProcessorFeature>> {
    some(
        features?
            .into_iter()
            .map(|(name, value)| ProcessorFeature::builder().name(name).value(value).build())
            .collect(),
    )
}

/// UseDefaultProcessorFeatures, when the map of features is there and empty.
pub(super) fn cleared(features: &Option<BTreeMap<String, String>>) -> Option<bool> {
    features.as_ref().is_some_and(BTreeMap::is_empty).then_some(true)
}

/// A limit that leaves no room stands for "off", which a creating call says by leaving it out.
fn autoscaling(limit: Option<i32>, storage: Option<i32>) -> Option<i32> {
    limit.filter(|limit| storage.is_none_or(|storage| *limit > storage))
}
