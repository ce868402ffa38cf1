//! A [`Modification`] to ModifyDBInstance. Which members travel together, and when, is the planner's business.

use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDbInstanceInputBuilder;
use aws_sdk_rds::types::{CloudwatchLogsExportConfiguration, ModifyAdditionalStorageVolume};

use super::create::{cleared, features, listed, some, volumes};
use super::settings::{Domain, Volume};
use super::{LogExports, Modification, Settings};
use crate::aws::Password;

/// ModifyDBInstance with everything but credentials.
#[rustfmt::skip] // one line per topic, the same in both halves
pub(super) fn settings(identifier: &str, modification: &Modification) -> ModifyDbInstanceInputBuilder {
    let Modification {
        settings, logs, apply_immediately, allow_major_version_upgrade, default_processor_features, disable_domain,
    } = modification.clone();
    let Settings {
        engine, engine_version, db_instance_class, license_model, engine_lifecycle_support, multi_tenant, port,
        processor_features, replica_mode,
        allocated_storage, max_allocated_storage, storage_type, iops, storage_throughput, dedicated_log_volume,
        master_user_authentication_type, iam_database_authentication, domain,
        multi_az, vpc_security_group_ids, publicly_accessible, network_type, ca_certificate_identifier,
        db_parameter_group_name, option_group_name,
        backup_retention_period, preferred_backup_window, copy_tags_to_snapshot, deletion_protection,
        preferred_maintenance_window, auto_minor_version_upgrade, monitoring_interval, monitoring_role_arn,
        enable_performance_insights, performance_insights_kms_key_id, performance_insights_retention_period,
        database_insights_mode,
        // Volumes are added and changed, never deleted: that would take their data, and a map cannot say it.
        additional_storage_volumes,
        // A difference is sent instead of the list: `logs`.
        enable_cloudwatch_logs_exports: _,
        // Modify has no member for these: they are decided at creation, and the planner refuses to change them.
        storage_encrypted: _, kms_key_id: _, master_username: _, db_name: _, availability_zone: _,
        character_set_name: _, nchar_character_set_name: _, timezone: _, backup_target: _,
        // Modify would move the instance to another VPC, with an outage: not by us.
        db_subnet_group_name: _,
    } = settings;
    let Domain { id, iam_role_name, fqdn, ou, auth_secret_arn, dns_ips } = domain.unwrap_or_default();
    let default_processor_features = cleared(&processor_features).or(default_processor_features.then_some(true));
    ModifyDbInstanceInputBuilder::default()
        .db_instance_identifier(identifier).apply_immediately(apply_immediately)
        .set_allow_major_version_upgrade(allow_major_version_upgrade.then_some(true))
        .set_engine(engine).set_engine_version(engine_version).set_db_instance_class(db_instance_class)
        .set_license_model(license_model).set_engine_lifecycle_support(engine_lifecycle_support)
        .set_multi_tenant(multi_tenant)
        .set_db_port_number(port).set_use_default_processor_features(default_processor_features)
        .set_processor_features(features(processor_features))
        .set_replica_mode(replica_mode.map(|mode| mode.as_str().into()))
        .set_allocated_storage(allocated_storage).set_max_allocated_storage(max_allocated_storage)
        .set_storage_type(storage_type).set_iops(iops).set_storage_throughput(storage_throughput)
        .set_dedicated_log_volume(dedicated_log_volume)
        .set_additional_storage_volumes(volumes!(additional_storage_volumes, ModifyAdditionalStorageVolume))
        .set_master_user_authentication_type(master_user_authentication_type.map(|kind| kind.as_str().into()))
        .set_enable_iam_database_authentication(iam_database_authentication)
        .set_disable_domain(disable_domain.then_some(true)).set_domain(id).set_domain_iam_role_name(iam_role_name)
        .set_domain_fqdn(fqdn).set_domain_ou(ou).set_domain_auth_secret_arn(auth_secret_arn)
        .set_domain_dns_ips(some(dns_ips))
        .set_multi_az(multi_az).set_vpc_security_group_ids(listed(vpc_security_group_ids))
        .set_publicly_accessible(publicly_accessible).set_network_type(network_type)
        .set_ca_certificate_identifier(ca_certificate_identifier)
        .set_db_parameter_group_name(db_parameter_group_name).set_option_group_name(option_group_name)
        .set_backup_retention_period(backup_retention_period).set_preferred_backup_window(preferred_backup_window)
        .set_copy_tags_to_snapshot(copy_tags_to_snapshot).set_deletion_protection(deletion_protection)
        .set_preferred_maintenance_window(preferred_maintenance_window)
        .set_auto_minor_version_upgrade(auto_minor_version_upgrade)
        .set_monitoring_interval(monitoring_interval).set_monitoring_role_arn(monitoring_role_arn)
        .set_enable_performance_insights(enable_performance_insights)
        .set_performance_insights_kms_key_id(performance_insights_kms_key_id)
        .set_performance_insights_retention_period(performance_insights_retention_period)
        .set_database_insights_mode(database_insights_mode.map(|mode| mode.as_str().into()))
        .set_cloudwatch_logs_export_configuration(logs.map(log_exports))
}

/// ModifyDBInstance with nothing but a password. AWS sets it at once in any case, so `ApplyImmediately` stays off: it
/// would flush every other change that waits for its window, disruptive ones included.
pub(super) fn password(identifier: &str, password: Option<&Password>) -> ModifyDbInstanceInputBuilder {
    ModifyDbInstanceInputBuilder::default()
        .db_instance_identifier(identifier)
        .apply_immediately(false)
        .set_master_user_password(password.map(|password| password.expose().into()))
}

/// ModifyDBInstance that turns the managed password on, or off with the password that takes its place. The key is only
/// taken by the call that turns it on.
pub(super) fn managed(
    identifier: &str,
    managed: bool,
    kms_key_id: Option<&str>,
    password: Option<&Password>,
) -> ModifyDbInstanceInputBuilder {
    ModifyDbInstanceInputBuilder::default()
        .db_instance_identifier(identifier)
        .apply_immediately(false)
        .manage_master_user_password(managed)
        .set_master_user_secret_kms_key_id(kms_key_id.filter(|_| managed).map(Into::into))
        .set_master_user_password(password.filter(|_| !managed).map(|password| password.expose().into()))
}

/// The difference of the log exports.
pub(in crate::aws) fn log_exports(logs: LogExports) -> CloudwatchLogsExportConfiguration {
    let LogExports { enable, disable } = logs;
    CloudwatchLogsExportConfiguration::builder()
        .set_enable_log_types(listed(Some(enable)))
        .set_disable_log_types(listed(Some(disable)))
        .build()
}
