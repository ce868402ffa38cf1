//! Mapping tests: what is sent, byte for byte, and what is made of answers. The SDK is real; only the wire is ours.

mod answers;
mod changes;
mod creations;
mod looks;
mod refusals;
pub(in crate::aws) mod sent;
mod shared;

use std::collections::{BTreeMap, BTreeSet};

use sent::{Members, SOURCE_DECIDES, all, but, members, sent, sent_over};

use super::settings::{Domain, Volume};
use super::{Action, Id, Origin, Settings};
use crate::aws::owner::Tags;
use crate::aws::wire;
use crate::aws::{Password, PasswordUse};

/// What must never be printed.
pub(in crate::aws) const CANARY: &str = "canary-Passw0rd";

pub(in crate::aws) fn password() -> Password {
    Password::new(CANARY)
}

fn id() -> Id {
    Id { region: "eu-central-1".into(), identifier: "orders".into(), ..Id::default() }
}

fn tags() -> Tags {
    Tags::from([
        ("awsdb.dev/cluster".into(), "uid-1".into()),
        ("awsdb.dev/owner".into(), "prod/RdsInstance/shop/orders".into()),
    ])
}

pub(in crate::aws) fn texts(items: &[&str]) -> BTreeSet<String> {
    items.iter().map(ToString::to_string).collect()
}

/// A creating call for these settings, with a password.
fn create(origin: Origin, settings: Settings) -> Action {
    Action::Create { origin, settings: Box::new(settings), tags: tags(), password: PasswordUse::Current, managed: None }
}

/// Every field, each with a value of its own. Oracle, because it takes the most.
fn full() -> Settings {
    Settings {
        engine: Some("oracle-ee".into()),
        engine_version: Some("19.0.0.0".into()),
        db_instance_class: Some("db.m6i.large".into()),
        allocated_storage: Some(100),
        max_allocated_storage: Some(500),
        storage_type: Some("io2".into()),
        iops: Some(3000),
        storage_throughput: Some(250),
        dedicated_log_volume: Some(true),
        additional_storage_volumes: Some(BTreeMap::from([("rdsdbdata2".into(), volume())])),
        storage_encrypted: Some(true),
        kms_key_id: Some("arn:aws:kms:eu-central-1:111122223333:key/k1".into()),
        master_username: Some("dba".into()),
        master_user_authentication_type: Some("password".into()),
        db_name: Some("ORDERS".into()),
        port: Some(1522),
        multi_az: Some(true),
        availability_zone: Some("eu-central-1a".into()),
        db_subnet_group_name: Some("private".into()),
        vpc_security_group_ids: Some(texts(&["sg-1", "sg-2"])),
        publicly_accessible: Some(false),
        network_type: Some("DUAL".into()),
        db_parameter_group_name: Some("orders-params".into()),
        option_group_name: Some("orders-options".into()),
        backup_retention_period: Some(7),
        preferred_backup_window: Some("02:00-03:00".into()),
        preferred_maintenance_window: Some("sun:04:00-sun:05:00".into()),
        auto_minor_version_upgrade: Some(true),
        copy_tags_to_snapshot: Some(true),
        deletion_protection: Some(true),
        monitoring_interval: Some(60),
        monitoring_role_arn: Some("arn:aws:iam::111122223333:role/monitoring".into()),
        enable_performance_insights: Some(true),
        performance_insights_kms_key_id: Some("arn:aws:kms:eu-central-1:111122223333:key/k2".into()),
        performance_insights_retention_period: Some(465),
        database_insights_mode: Some("advanced".into()),
        iam_database_authentication: Some(true),
        enable_cloudwatch_logs_exports: Some(texts(&["alert", "audit"])),
        ca_certificate_identifier: Some("rds-ca-rsa2048-g1".into()),
        license_model: Some("bring-your-own-license".into()),
        processor_features: Some(BTreeMap::from([("coreCount".into(), "1".into())])),
        character_set_name: Some("AL32UTF8".into()),
        nchar_character_set_name: Some("AL16UTF16".into()),
        timezone: Some("UTC".into()),
        domain: Some(own_directory()),
        replica_mode: Some("mounted".into()),
        engine_lifecycle_support: Some("open-source-rds-extended-support".into()),
        multi_tenant: Some(true),
        backup_target: Some("region".into()),
    }
}

fn volume() -> Volume {
    Volume {
        allocated_storage: Some(200),
        max_allocated_storage: Some(400),
        storage_type: Some("gp3".into()),
        iops: Some(3001),
        storage_throughput: Some(126),
    }
}

fn own_directory() -> Domain {
    Domain {
        id: None,
        iam_role_name: None,
        fqdn: Some("corp.example.com".into()),
        ou: Some("OU=db,DC=corp".into()),
        auth_secret_arn: Some("arn:aws:secretsmanager:eu-central-1:111122223333:secret:join".into()),
        dns_ips: vec!["10.0.0.1".into(), "10.0.0.2".into()],
    }
}
