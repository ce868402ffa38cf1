//! Answers to observations, normalised (aws-rds.md 1.6): the same thing always reads the same, whatever AWS's spelling, so
//! that a difference is a difference. Nothing is built with `..Default`: a new field does not compile until it is read.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_rds::primitives::DateTime;
use aws_sdk_rds::types::{
    DbInstance, DbInstanceAutomatedBackup, DbParameterGroup, DbSnapshot, DbSubnetGroup, DomainMembership, Endpoint,
    MasterUserSecret, OptionGroupMembership, Parameter, PendingModifiedValues, ProcessorFeature, StorageEncryptionType,
    Tag, VpcSecurityGroupMembership,
};
use jiff::Timestamp;

use super::settings::{Domain, Volume};
use super::{Instance, ParameterGroup, Settings, Snapshot, Source, SubnetGroup};
use crate::aws::Password;
use crate::aws::answer::Missing;
use crate::aws::owner::Tags;

/// Volumes in force and pending are two types with the same members; names in lower case.
macro_rules! volumes {
    ($volumes:expr) => {
        BTreeMap::from_iter($volumes.iter().filter_map(|volume| {
            let new = Volume {
                allocated_storage: volume.allocated_storage,
                max_allocated_storage: volume.max_allocated_storage,
                storage_type: lower(&volume.storage_type),
                iops: provisioned(volume.iops),
                storage_throughput: provisioned(volume.storage_throughput),
            };
            Some((lower(&volume.volume_name)?, new))
        }))
    };
}

/// A DB instance.
pub(super) fn instance(db: &DbInstance) -> Result<Instance, Missing> {
    let settings = settings(db);
    Ok(Instance {
        arn: db.db_instance_arn.clone().ok_or("DBInstanceArn")?,
        resource_id: db.dbi_resource_id.clone().ok_or("DbiResourceId")?,
        status: db.db_instance_status.clone().ok_or("DBInstanceStatus")?,
        endpoint: endpoint(db.endpoint.as_ref()),
        pending: db.pending_modified_values.as_ref().map(pending).unwrap_or_default(),
        password_pending: db.pending_modified_values.as_ref().is_some_and(|new| new.master_user_password.is_some()),
        logs_pending: db
            .pending_modified_values
            .as_ref()
            .is_some_and(|new| new.pending_cloudwatch_logs_exports.is_some()),
        tags: tags(db.tag_list()),
        roles: roles(db),
        parameter_apply_status: db.db_parameter_groups().first().and_then(|group| group.parameter_apply_status.clone()),
        option_groups: named(
            db.option_group_memberships().iter().map(|group| (lower(&group.option_group_name), &group.status)),
        ),
        security_groups_changing: security_groups_change(db.vpc_security_groups()),
        domains: named(db.domain_memberships().iter().map(|domain| (domain_name(domain), &domain.status))),
        replicas: replicas(db),
        replica_source: db
            .read_replica_source_db_instance_identifier
            .clone()
            .or_else(|| db.read_replica_source_db_cluster_identifier.clone()),
        replication_broken: replication_broken(db),
        cluster: db.db_cluster_identifier.clone(),
        storage_operation: storage_operation(db),
        master_secret: master_secret(db.master_user_secret.as_ref()),
        aws_backup: db.aws_backup_recovery_point_arn.is_some(),
        certificate_valid_till: db.certificate_details.as_ref().and_then(|details| time(details.valid_till.as_ref())),
        progress: db.percent_progress.clone(),
        automatic_restart: time(db.automatic_restart_time.as_ref()),
        secondary_zone: db.secondary_availability_zone.clone(),
        listener: endpoint(db.listener_endpoint.as_ref()),
        encrypted_by_aws: db.storage_encryption_type == Some(StorageEncryptionType::Sse),
        settings,
    })
}

/// Every field in force.
fn settings(db: &DbInstance) -> Settings {
    Settings {
        engine: lower(&db.engine),
        engine_version: db.engine_version.clone(),
        db_instance_class: lower(&db.db_instance_class),
        allocated_storage: db.allocated_storage,
        max_allocated_storage: db.max_allocated_storage,
        storage_type: lower(&db.storage_type),
        iops: provisioned(db.iops),
        storage_throughput: provisioned(db.storage_throughput),
        dedicated_log_volume: db.dedicated_log_volume,
        additional_storage_volumes: Some(volumes!(db.additional_storage_volumes())),
        storage_encrypted: db.storage_encrypted,
        kms_key_id: db.kms_key_id.clone(),
        master_username: db.master_username.clone(),
        master_user_authentication_type: None, // AWS does not tell
        db_name: db.db_name.clone(),
        port: port(db),
        multi_az: db.multi_az,
        availability_zone: db.availability_zone.clone(),
        db_subnet_group_name: db.db_subnet_group.as_ref().and_then(|group| lower(&group.db_subnet_group_name)),
        vpc_security_group_ids: Some(security_groups(db.vpc_security_groups())),
        publicly_accessible: db.publicly_accessible,
        network_type: db.network_type.as_ref().map(|kind| kind.to_uppercase()),
        db_parameter_group_name: db
            .db_parameter_groups()
            .first()
            .and_then(|group| lower(&group.db_parameter_group_name)),
        option_group_name: option_group(db.option_group_memberships()),
        backup_retention_period: db.backup_retention_period,
        preferred_backup_window: lower(&db.preferred_backup_window),
        preferred_maintenance_window: lower(&db.preferred_maintenance_window),
        auto_minor_version_upgrade: db.auto_minor_version_upgrade,
        copy_tags_to_snapshot: db.copy_tags_to_snapshot,
        deletion_protection: db.deletion_protection,
        monitoring_interval: db.monitoring_interval,
        monitoring_role_arn: db.monitoring_role_arn.clone(),
        enable_performance_insights: db.performance_insights_enabled,
        performance_insights_kms_key_id: db.performance_insights_kms_key_id.clone(),
        performance_insights_retention_period: db.performance_insights_retention_period,
        database_insights_mode: db.database_insights_mode.as_ref().map(|mode| mode.as_str().to_lowercase()),
        iam_database_authentication: db.iam_database_authentication_enabled,
        enable_cloudwatch_logs_exports: Some(db.enabled_cloudwatch_logs_exports().iter().cloned().collect()),
        ca_certificate_identifier: db.ca_certificate_identifier.clone(),
        license_model: db.license_model.clone(),
        processor_features: Some(features(db.processor_features())),
        character_set_name: db.character_set_name.clone(),
        nchar_character_set_name: db.nchar_character_set_name.clone(),
        timezone: db.timezone.clone(),
        domain: db.domain_memberships().first().map(domain),
        replica_mode: db.replica_mode.as_ref().map(|mode| mode.as_str().to_lowercase()),
        engine_lifecycle_support: db.engine_lifecycle_support.clone(),
        multi_tenant: db.multi_tenant,
        backup_target: lower(&db.backup_target),
    }
}

/// PendingModifiedValues by the same names. Not in it: the masked password and the log exports, which have flags of their
/// own, and what we never ask for (another identifier, automation, capacity reservations).
#[rustfmt::skip] // the fields that cannot be pending stay together
fn pending(new: &PendingModifiedValues) -> Settings {
    Settings {
        engine: lower(&new.engine),
        engine_version: new.engine_version.clone(),
        db_instance_class: lower(&new.db_instance_class),
        allocated_storage: new.allocated_storage,
        storage_type: lower(&new.storage_type),
        iops: provisioned(new.iops),
        storage_throughput: provisioned(new.storage_throughput),
        dedicated_log_volume: new.dedicated_log_volume,
        additional_storage_volumes: new.additional_storage_volumes.as_ref().map(|pending| volumes!(pending)),
        port: new.port,
        multi_az: new.multi_az,
        db_subnet_group_name: lower(&new.db_subnet_group_name),
        backup_retention_period: new.backup_retention_period,
        iam_database_authentication: new.iam_database_authentication_enabled,
        ca_certificate_identifier: new.ca_certificate_identifier.clone(),
        license_model: new.license_model.clone(),
        processor_features: new.processor_features.as_deref().map(features),
        multi_tenant: new.multi_tenant,
        // AWS has no pending value for these: they hold at once, or show as a status of their own.
        max_allocated_storage: None, storage_encrypted: None, kms_key_id: None, master_username: None,
        master_user_authentication_type: None, db_name: None, availability_zone: None, vpc_security_group_ids: None,
        publicly_accessible: None, network_type: None, db_parameter_group_name: None, option_group_name: None,
        preferred_backup_window: None, preferred_maintenance_window: None, auto_minor_version_upgrade: None,
        copy_tags_to_snapshot: None, deletion_protection: None, monitoring_interval: None, monitoring_role_arn: None,
        enable_performance_insights: None, performance_insights_kms_key_id: None,
        performance_insights_retention_period: None, database_insights_mode: None,
        enable_cloudwatch_logs_exports: None, character_set_name: None, nchar_character_set_name: None, timezone: None,
        domain: None, replica_mode: None, engine_lifecycle_support: None, backup_target: None,
    }
}

/// AWS stores identifiers and names in lower case, but does not always answer so.
pub(in crate::aws) fn lower(text: &Option<String>) -> Option<String> {
    text.as_ref().map(|text| text.to_lowercase())
}

/// gp2 and standard report 0 or nothing, which is the same.
fn provisioned(value: Option<i32>) -> Option<i32> {
    value.filter(|value| *value > 0)
}

fn endpoint(endpoint: Option<&Endpoint>) -> Option<(String, i32)> {
    let endpoint = endpoint?;
    Some((endpoint.address.clone()?, endpoint.port?))
}

/// The endpoint has it once there is one; DbInstancePort is 0 for most.
fn port(db: &DbInstance) -> Option<i32> {
    let listening = db.endpoint.as_ref().and_then(|endpoint| endpoint.port);
    listening.or(db.db_instance_port.filter(|port| *port > 0))
}

/// There are two while one takes the other's place: the one that stays.
fn option_group(memberships: &[OptionGroupMembership]) -> Option<String> {
    let leaves = |one: &&OptionGroupMembership| one.status.as_ref().is_some_and(|status| status.contains("remov"));
    let stays = memberships.iter().find(|one| !leaves(one)).or(memberships.first())?;
    lower(&stays.option_group_name)
}

/// Groups that are leaving are not in force any more.
pub(in crate::aws) fn security_groups(groups: &[VpcSecurityGroupMembership]) -> BTreeSet<String> {
    let groups = groups.iter().filter(|group| group.status.as_deref() != Some("removing"));
    groups.filter_map(|group| group.vpc_security_group_id.clone()).collect()
}

/// One comes or leaves.
pub(in crate::aws) fn security_groups_change(groups: &[VpcSecurityGroupMembership]) -> bool {
    groups.iter().any(|group| group.status.as_deref().is_some_and(|status| status != "active"))
}

fn features(features: &[ProcessorFeature]) -> BTreeMap<String, String> {
    features.iter().filter_map(|feature| Some((feature.name.clone()?, feature.value.clone()?))).collect()
}

fn roles(db: &DbInstance) -> BTreeMap<String, (String, String)> {
    let roles = db.associated_roles().iter();
    roles
        .filter_map(|role| {
            let feature = role.feature_name.clone().unwrap_or_default();
            Some((feature, (role.role_arn.clone()?, role.status.clone().unwrap_or_default())))
        })
        .collect()
}

fn replicas(db: &DbInstance) -> BTreeSet<String> {
    let clusters = db.read_replica_db_cluster_identifiers();
    db.read_replica_db_instance_identifiers().iter().chain(clusters).cloned().collect()
}

fn replication_broken(db: &DbInstance) -> Option<String> {
    let replication = db.status_infos().iter().filter(|info| info.status_type.as_deref() == Some("read replication"));
    let broken = replication.into_iter().find(|info| info.normal == Some(false))?;
    Some(broken.message.clone().or_else(|| broken.status.clone()).unwrap_or_default())
}

fn storage_operation(db: &DbInstance) -> Option<String> {
    let operation = db.storage_operation_status.as_ref().filter(|status| !status.is_empty())?;
    Some(match db.storage_operation_percent_progress {
        Some(percent) => format!("{operation} {percent}%"),
        None => operation.clone(),
    })
}

/// ARN and status of the secret in which RDS keeps the password.
pub(in crate::aws) fn master_secret(secret: Option<&MasterUserSecret>) -> Option<(String, String)> {
    let secret = secret?;
    Some((secret.secret_arn.clone()?, secret.secret_status.clone().unwrap_or_default()))
}

/// A managed directory has an id, and AWS adds what it knows of it: only what a user can have said is kept. A directory
/// of the user's own has no id, but a name.
fn domain(membership: &DomainMembership) -> Domain {
    let DomainMembership { domain, iam_role_name, fqdn, ou, auth_secret_arn, dns_ips, .. } = membership.clone();
    if domain.as_ref().is_some_and(|id| id.starts_with("d-")) {
        return Domain { id: domain, iam_role_name, fqdn: None, ou: None, auth_secret_arn: None, dns_ips: Vec::new() };
    }
    Domain { id: None, iam_role_name: None, fqdn, ou, auth_secret_arn, dns_ips: dns_ips.unwrap_or_default() }
}

fn domain_name(membership: &DomainMembership) -> Option<String> {
    membership.domain.clone().or_else(|| membership.fqdn.clone())
}

/// Names and their states; nothing without a name.
fn named<'a>(pairs: impl Iterator<Item = (Option<String>, &'a Option<String>)>) -> BTreeMap<String, String> {
    pairs.filter_map(|(name, status)| Some((name?, status.clone().unwrap_or_default()))).collect()
}

/// To whole seconds, as Kubernetes keeps them.
pub(in crate::aws) fn time(time: Option<&DateTime>) -> Option<Timestamp> {
    Timestamp::from_second(time?.secs()).ok()
}

/// Tags.
pub(in crate::aws) fn tags(tags: &[Tag]) -> Tags {
    tags.iter().filter_map(|tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default()))).collect()
}

/// The parameters that somebody has set. The request asks for these alone; not every emulator listens.
pub(in crate::aws) fn parameters(listed: Vec<Parameter>) -> BTreeMap<String, String> {
    let set = listed.into_iter().filter(|parameter| parameter.source.as_deref().is_none_or(|source| source == "user"));
    set.filter_map(|parameter| Some((parameter.parameter_name?, parameter.parameter_value?))).collect()
}

/// A parameter group.
pub(super) fn parameter_group(
    group: &DbParameterGroup,
    values: BTreeMap<String, String>,
    tags: Tags,
) -> Result<ParameterGroup, Missing> {
    Ok(ParameterGroup {
        family: group.db_parameter_group_family.clone().ok_or("DBParameterGroupFamily")?,
        arn: group.db_parameter_group_arn.clone().ok_or("DBParameterGroupArn")?,
        values,
        tags,
    })
}

/// A subnet group.
pub(super) fn subnet_group(group: &DbSubnetGroup, tags: Tags) -> Result<SubnetGroup, Missing> {
    Ok(SubnetGroup {
        arn: group.db_subnet_group_arn.clone().ok_or("DBSubnetGroupArn")?,
        subnet_ids: group.subnets().iter().filter_map(|subnet| subnet.subnet_identifier.clone()).collect(),
        tags,
    })
}

/// A manual snapshot.
pub(super) fn snapshot(db: &DbSnapshot) -> Result<Snapshot, Missing> {
    Ok(Snapshot {
        identifier: lower(&db.db_snapshot_identifier).ok_or("DBSnapshotIdentifier")?,
        arn: db.db_snapshot_arn.clone().ok_or("DBSnapshotArn")?,
        status: db.status.clone().ok_or("Status")?,
        resource_id: db.dbi_resource_id.clone().unwrap_or_default(),
        tags: tags(db.tag_list()),
    })
}

/// A snapshot to restore; the tags of a shared one belong to the account that shares it and are not shown.
pub(in crate::aws) fn source_snapshot(db: &DbSnapshot, shared: bool) -> Result<Source, Missing> {
    let Snapshot { identifier: _, arn, status, resource_id: _, tags } = snapshot(db)?;
    let engine = lower(&db.engine).ok_or("Engine")?;
    let (engine_version, tags) = (db.engine_version.clone(), (!shared).then_some(tags));
    Ok(Source { arn, status, engine, engine_version, tags, backup_retention: None })
}

/// An instance to copy.
pub(super) fn source_instance(db: &DbInstance) -> Result<Source, Missing> {
    let Instance { arn, status, settings, tags, .. } = instance(db)?;
    Ok(Source {
        arn,
        status,
        engine: settings.engine.ok_or("Engine")?,
        engine_version: settings.engine_version,
        tags: Some(tags),
        backup_retention: settings.backup_retention_period,
    })
}

/// Automated backups to restore from.
pub(super) fn source_backup(backup: &DbInstanceAutomatedBackup) -> Result<Source, Missing> {
    let own = backup.db_instance_automated_backups_arn.clone();
    Ok(Source {
        arn: own.or_else(|| backup.db_instance_arn.clone()).ok_or("DBInstanceAutomatedBackupsArn")?,
        status: backup.status.clone().ok_or("Status")?,
        engine: lower(&backup.engine).ok_or("Engine")?,
        engine_version: backup.engine_version.clone(),
        tags: Some(tags(backup.tag_list())),
        backup_retention: backup.backup_retention_period,
    })
}

/// The password in a secret of RDS: a JSON object with `username` and `password`.
pub(in crate::aws) fn managed_password(text: &str) -> Result<Password, Missing> {
    #[derive(serde::Deserialize)]
    struct Secret {
        password: String,
    }
    // The parser's own error may quote what it read.
    serde_json::from_str(text).map(|secret: Secret| Password::new(secret.password)).map_err(|_| "password")
}
