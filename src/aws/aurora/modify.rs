//! A [`Modification`] to ModifyDBCluster, and a member's settings to ModifyDBInstance. Which fields travel together, and when,
//! is the planner's business.

use aws_sdk_rds::operation::modify_db_cluster::builders::ModifyDbClusterInputBuilder;
use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDbInstanceInputBuilder;

use super::create::capacity;
use super::{MEMBER_CLASS, MemberSettings, Modification, Settings};
use crate::aws::Password;
use crate::aws::rds::create::listed;
use crate::aws::rds::modify::log_exports;

/// ModifyDBCluster with everything but credentials.
#[rustfmt::skip] // one line per topic, the same in both halves
pub(super) fn settings(identifier: &str, modification: &Modification) -> ModifyDbClusterInputBuilder {
    let Modification {
        settings, logs, apply_immediately, allow_major_version_upgrade, instance_parameter_group,
    } = modification.clone();
    let Settings {
        engine_version, scaling, port, vpc_security_group_ids, network_type, db_cluster_parameter_group_name,
        backup_retention_period, preferred_backup_window, preferred_maintenance_window, storage_type,
        iam_database_authentication, enable_performance_insights, performance_insights_kms_key_id,
        performance_insights_retention_period, database_insights_mode, deletion_protection, copy_tags_to_snapshot,
        backtrack_window, enable_local_write_forwarding, engine_lifecycle_support,
        // A difference is sent instead of the list: `logs`.
        enable_cloudwatch_logs_exports: _,
        // Modify's own member is for Serverless v1: there are two calls for it.
        enable_http_endpoint: _,
        // Modify has no member for these: they are decided at creation, and the planner refuses to change them.
        engine: _, database_name: _, master_username: _, db_subnet_group_name: _, availability_zones: _,
        storage_encrypted: _, kms_key_id: _,
    } = settings;
    let is_major = allow_major_version_upgrade && engine_version.is_some();
    ModifyDbClusterInputBuilder::default()
        .db_cluster_identifier(identifier).apply_immediately(apply_immediately)
        // AWS stores no such flag, and refuses one that comes alone.
        .set_allow_major_version_upgrade(is_major.then_some(true)).set_engine_version(engine_version)
        // A minor upgrade must not have it, a major one must not have groups of the VPC.
        .set_db_instance_parameter_group_name(instance_parameter_group.filter(|_| is_major))
        .set_vpc_security_group_ids(listed(vpc_security_group_ids.filter(|_| !is_major)))
        .set_serverless_v2_scaling_configuration(scaling.map(capacity))
        .set_port(port).set_network_type(network_type)
        .set_db_cluster_parameter_group_name(db_cluster_parameter_group_name)
        .set_backup_retention_period(backup_retention_period).set_preferred_backup_window(preferred_backup_window)
        .set_preferred_maintenance_window(preferred_maintenance_window).set_storage_type(storage_type)
        .set_enable_iam_database_authentication(iam_database_authentication)
        .set_enable_performance_insights(enable_performance_insights)
        .set_performance_insights_kms_key_id(performance_insights_kms_key_id)
        .set_performance_insights_retention_period(performance_insights_retention_period)
        .set_database_insights_mode(database_insights_mode.map(|mode| mode.as_str().into()))
        .set_deletion_protection(deletion_protection).set_copy_tags_to_snapshot(copy_tags_to_snapshot)
        .set_backtrack_window(backtrack_window).set_enable_local_write_forwarding(enable_local_write_forwarding)
        .set_engine_lifecycle_support(engine_lifecycle_support)
        .set_cloudwatch_logs_export_configuration(logs.map(log_exports))
}

/// ModifyDBCluster with nothing but a password. AWS sets it at once in any case, so `ApplyImmediately` stays off: it would
/// flush every other change that waits for its window, an upgrade included.
pub(super) fn password(identifier: &str, password: Option<&Password>) -> ModifyDbClusterInputBuilder {
    ModifyDbClusterInputBuilder::default()
        .db_cluster_identifier(identifier)
        .apply_immediately(false)
        .set_master_user_password(password.map(|password| password.expose().into()))
}

/// ModifyDBCluster that turns the managed password on, or off with the password that takes its place. The key is only taken
/// by the call that turns it on.
pub(super) fn managed(
    identifier: &str,
    managed: bool,
    kms_key_id: Option<&str>,
    password: Option<&Password>,
) -> ModifyDbClusterInputBuilder {
    ModifyDbClusterInputBuilder::default()
        .db_cluster_identifier(identifier)
        .apply_immediately(false)
        .manage_master_user_password(managed)
        .set_master_user_secret_kms_key_id(kms_key_id.filter(|_| managed).map(Into::into))
        .set_master_user_password(password.filter(|_| !managed).map(|password| password.expose().into()))
}

/// ModifyDBInstance of a member.
#[rustfmt::skip] // one line per topic, the same in both halves
pub(super) fn member(name: &str, settings: &MemberSettings, serverless: bool) -> ModifyDbInstanceInputBuilder {
    let MemberSettings {
        db_parameter_group_name, publicly_accessible, auto_minor_version_upgrade,
        monitoring_interval, monitoring_role_arn, ca_certificate_identifier,
    } = settings.clone();
    ModifyDbInstanceInputBuilder::default()
        .db_instance_identifier(name).set_db_instance_class(serverless.then(|| MEMBER_CLASS.into()))
        .set_db_parameter_group_name(db_parameter_group_name).set_publicly_accessible(publicly_accessible)
        .set_auto_minor_version_upgrade(auto_minor_version_upgrade)
        .set_monitoring_interval(monitoring_interval).set_monitoring_role_arn(monitoring_role_arn)
        .set_ca_certificate_identifier(ca_certificate_identifier)
}
