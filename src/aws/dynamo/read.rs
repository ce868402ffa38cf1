//! Answers to observations, normalised (aws-dynamodb-elasticache-dms.md 1.1 and 1.7): the same thing always reads the same.
//! Nothing is built with `..Default`: a new field does not compile until it is read.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::primitives::DateTime;
use aws_sdk_dynamodb::types as sdk;
use jiff::Timestamp;

use super::{
    AttributeType, Backup, BillingMode, ContinuousBackups, Encryption, EncryptionType, ImportState, Index,
    InsightsState, KeyAttribute, Keys, KinesisState, LocalIndex, OnDemandThroughput, Projection, ProjectionType,
    ReplicaState, RestoreState, Settings, Stream, Table, TableClass, TableIndex, Throughput, TimeToLiveState,
    WarmThroughput, s3_source,
};
use crate::aws::answer::Missing;
use crate::aws::owner::Tags;

type Read<T> = Result<T, Missing>;

/// A table as its own region shows it.
pub(super) fn table(of: &sdk::TableDescription, region: &str) -> Read<Table> {
    let types = attribute_types(of.attribute_definitions())?;
    let stream_is_on = of.stream_specification().is_some_and(|stream| stream.stream_enabled);
    Ok(Table {
        arn: of.table_arn.clone().ok_or("TableArn")?,
        id: table_id(of)?,
        status: of.table_status.as_ref().ok_or("TableStatus")?.as_str().into(),
        created: time(of.creation_date_time()),
        keys: keys(of.key_schema(), &types)?,
        settings: settings(of)?,
        indexes: indexes(of.global_secondary_indexes(), &types)?,
        local_indexes: local_indexes(of.local_secondary_indexes(), &types)?,
        is_warming: of.warm_throughput().and_then(|warm| warm.status()) == Some(&sdk::TableStatus::Updating),
        encryption_change: of.sse_description().and_then(encryption_change),
        key_lost_since: of.sse_description().and_then(|sse| time(sse.inaccessible_encryption_date_time())),
        // AWS names the last one for a day after it was turned off.
        stream_arn: of.latest_stream_arn.clone().filter(|_| stream_is_on),
        replicas: replicas(of.replicas(), region)?,
        multi_region_consistency: of.multi_region_consistency().map(|one| one.as_str().into()),
        witness: of.global_table_witnesses().first().and_then(|witness| witness.region_name.clone()),
        restore: of.restore_summary().map(restore),
        archive: of.archival_summary().and_then(|archive| archive.archival_backup_arn.clone()),
    })
}

/// What tells a table from another of the same name.
fn table_id(of: &sdk::TableDescription) -> Read<String> {
    let created = || of.creation_date_time().map(|time| format!("created-{}", time.secs()));
    of.table_id.clone().or_else(created).ok_or("TableId")
}

fn settings(of: &sdk::TableDescription) -> Read<Settings> {
    Ok(Settings {
        billing_mode: Some(billing_mode(of.billing_mode_summary().and_then(|summary| summary.billing_mode()))?),
        provisioned_throughput: throughput(of.provisioned_throughput()),
        on_demand_throughput: of.on_demand_throughput().and_then(cap),
        warm_throughput: of
            .warm_throughput()
            .and_then(|warm| self::warm(warm.read_units_per_second, warm.write_units_per_second)),
        table_class: Some(table_class(of.table_class_summary().and_then(|summary| summary.table_class()))?),
        stream: Some(stream(of.stream_specification())),
        encryption: Some(encryption(of.sse_description())),
        deletion_protection: Some(of.deletion_protection_enabled.unwrap_or(false)),
        resource_policy: None, // a call of its own
    })
}

/// AWS leaves it out where it never was anything but PROVISIONED. A word that is not known must not pass for a difference.
fn billing_mode(of: Option<&sdk::BillingMode>) -> Read<BillingMode> {
    match of {
        None | Some(sdk::BillingMode::Provisioned) => Ok(BillingMode::Provisioned),
        Some(sdk::BillingMode::PayPerRequest) => Ok(BillingMode::PayPerRequest),
        Some(_) => Err("a BillingMode that this version knows"),
    }
}

fn table_class(of: Option<&sdk::TableClass>) -> Read<TableClass> {
    match of {
        None | Some(sdk::TableClass::Standard) => Ok(TableClass::Standard),
        Some(sdk::TableClass::StandardInfrequentAccess) => Ok(TableClass::StandardInfrequentAccess),
        Some(_) => Err("a TableClass that this version knows"),
    }
}

/// 0/0 is what an on-demand table shows.
fn throughput(of: Option<&sdk::ProvisionedThroughputDescription>) -> Option<Throughput> {
    let units =
        Throughput { read_capacity_units: of?.read_capacity_units?, write_capacity_units: of?.write_capacity_units? };
    (units.read_capacity_units > 0 && units.write_capacity_units > 0).then_some(units)
}

/// -1 is how AWS writes that there is no cap.
fn cap(of: &sdk::OnDemandThroughput) -> Option<OnDemandThroughput> {
    let units = |units: Option<i64>| units.filter(|units| *units > 0);
    let cap = OnDemandThroughput {
        max_read_request_units: units(of.max_read_request_units),
        max_write_request_units: units(of.max_write_request_units),
    };
    (cap != OnDemandThroughput::default()).then_some(cap)
}

fn warm(read: Option<i64>, write: Option<i64>) -> Option<WarmThroughput> {
    Some(WarmThroughput { read_units_per_second: read?, write_units_per_second: write? })
}

fn stream(of: Option<&sdk::StreamSpecification>) -> Stream {
    match of.filter(|stream| stream.stream_enabled) {
        None => Stream { enabled: false, view_type: None },
        Some(stream) => Stream { enabled: true, view_type: stream.stream_view_type().map(|view| view.as_str().into()) },
    }
}

/// AWS says KMS for its own `aws/dynamodb` key as for a customer's: `normalise::towards` compares them.
fn encryption(of: Option<&sdk::SseDescription>) -> Encryption {
    let by_kms = of.filter(|sse| {
        sse.status() != Some(&sdk::SseStatus::Disabled)
            && (sse.sse_type() == Some(&sdk::SseType::Kms) || sse.kms_master_key_arn.is_some())
    });
    match by_kms {
        None => Encryption { type_: EncryptionType::AwsOwned, kms_key_arn: None },
        Some(sse) => Encryption { type_: EncryptionType::Kms, kms_key_arn: sse.kms_master_key_arn.clone() },
    }
}

fn encryption_change(of: &sdk::SseDescription) -> Option<String> {
    let status = of.status()?.as_str();
    matches!(status, "ENABLING" | "UPDATING" | "DISABLING").then(|| status.into())
}

fn attribute_types(of: &[sdk::AttributeDefinition]) -> Read<BTreeMap<&str, AttributeType>> {
    let of_one = |one: &sdk::AttributeDefinition| match one.attribute_type() {
        sdk::ScalarAttributeType::S => Ok(AttributeType::S),
        sdk::ScalarAttributeType::N => Ok(AttributeType::N),
        sdk::ScalarAttributeType::B => Ok(AttributeType::B),
        _ => Err("an AttributeType that this version knows"),
    };
    of.iter().map(|one| Ok((one.attribute_name(), of_one(one)?))).collect()
}

/// The attributes of one role in a key, in AWS's order.
fn key_part(
    of: &[sdk::KeySchemaElement],
    role: &sdk::KeyType,
    types: &BTreeMap<&str, AttributeType>,
) -> Read<Vec<KeyAttribute>> {
    let attribute = |element: &sdk::KeySchemaElement| {
        let type_ = *types.get(element.attribute_name()).ok_or("the AttributeDefinition of a key")?;
        Ok(KeyAttribute { name: element.attribute_name().into(), type_ })
    };
    of.iter().filter(|element| element.key_type() == role).map(attribute).collect()
}

fn keys(of: &[sdk::KeySchemaElement], types: &BTreeMap<&str, AttributeType>) -> Read<Keys> {
    Ok(Keys {
        hash: key_part(of, &sdk::KeyType::Hash, types)?.into_iter().next().ok_or("KeySchema")?,
        range: key_part(of, &sdk::KeyType::Range, types)?.into_iter().next(),
    })
}

fn indexes(
    of: &[sdk::GlobalSecondaryIndexDescription],
    types: &BTreeMap<&str, AttributeType>,
) -> Read<BTreeMap<String, TableIndex>> {
    of.iter().map(|one| Ok((one.index_name.clone().ok_or("IndexName")?, index(one, types)?))).collect()
}

fn index(of: &sdk::GlobalSecondaryIndexDescription, types: &BTreeMap<&str, AttributeType>) -> Read<TableIndex> {
    let warm = of.warm_throughput();
    Ok(TableIndex {
        index: Index {
            hash: key_part(of.key_schema(), &sdk::KeyType::Hash, types)?,
            range: key_part(of.key_schema(), &sdk::KeyType::Range, types)?,
            projection: projection(of.projection())?,
            throughput: throughput(of.provisioned_throughput()),
            cap: of.on_demand_throughput().and_then(cap),
            warm: warm.and_then(|warm| self::warm(warm.read_units_per_second, warm.write_units_per_second)),
        },
        status: of.index_status().ok_or("IndexStatus")?.as_str().into(),
        is_backfilling: of.backfilling.unwrap_or(false),
        is_warming: warm.and_then(|warm| warm.status()) == Some(&sdk::IndexStatus::Updating),
    })
}

fn local_indexes(
    of: &[sdk::LocalSecondaryIndexDescription],
    types: &BTreeMap<&str, AttributeType>,
) -> Read<BTreeMap<String, LocalIndex>> {
    let local = |one: &sdk::LocalSecondaryIndexDescription| {
        let range = key_part(one.key_schema(), &sdk::KeyType::Range, types)?.into_iter().next();
        let index = LocalIndex { range: range.ok_or("KeySchema")?, projection: projection(one.projection())? };
        Ok((one.index_name.clone().ok_or("IndexName")?, index))
    };
    of.iter().map(local).collect()
}

fn projection(of: Option<&sdk::Projection>) -> Read<Projection> {
    let of = of.ok_or("Projection")?;
    let type_ = match of.projection_type().ok_or("ProjectionType")? {
        sdk::ProjectionType::All => ProjectionType::All,
        sdk::ProjectionType::KeysOnly => ProjectionType::KeysOnly,
        sdk::ProjectionType::Include => ProjectionType::Include,
        _ => return Err("a ProjectionType that this version knows"),
    };
    let attributes = of.non_key_attributes();
    Ok(Projection { type_, non_key_attributes: (!attributes.is_empty()).then(|| attributes.iter().cloned().collect()) })
}

/// The table's own region is among them in some answers.
fn replicas(of: &[sdk::ReplicaDescription], home: &str) -> Read<BTreeMap<String, ReplicaState>> {
    let others = of.iter().filter(|replica| replica.region_name() != Some(home));
    others.map(|one| Ok((one.region_name.clone().ok_or("RegionName")?, replica(one)?))).collect()
}

fn replica(of: &sdk::ReplicaDescription) -> Read<ReplicaState> {
    let class = of.replica_table_class_summary().and_then(|summary| summary.table_class());
    Ok(ReplicaState {
        status: of.replica_status().ok_or("ReplicaStatus")?.as_str().into(),
        description: of.replica_status_description.clone(),
        kms_key_arn: of.kms_master_key_id.clone(),
        table_class: class.map(|class| table_class(Some(class))).transpose()?,
        read_capacity_units: of.provisioned_throughput_override().and_then(|own| own.read_capacity_units),
        max_read_request_units: of
            .on_demand_throughput_override()
            .and_then(|own| own.max_read_request_units)
            .filter(|units| *units > 0),
    })
}

fn restore(of: &sdk::RestoreSummary) -> RestoreState {
    let source = of.source_backup_arn.as_ref().or(of.source_table_arn.as_ref());
    RestoreState { source: source.cloned().unwrap_or_default(), in_progress: of.restore_in_progress }
}

/// Time to live.
pub(super) fn time_to_live(of: &sdk::TimeToLiveDescription) -> Read<TimeToLiveState> {
    Ok(TimeToLiveState {
        status: of.time_to_live_status().ok_or("TimeToLiveStatus")?.as_str().into(),
        attribute_name: of.attribute_name.clone(),
    })
}

/// ContinuousBackupsStatus is always ENABLED: what counts is the status of the recovery.
pub(super) fn continuous_backups(of: &sdk::ContinuousBackupsDescription) -> Read<ContinuousBackups> {
    let recovery = of.point_in_time_recovery_description().ok_or("PointInTimeRecoveryDescription")?;
    let status = recovery.point_in_time_recovery_status().ok_or("PointInTimeRecoveryStatus")?;
    Ok(ContinuousBackups {
        is_enabled: *status == sdk::PointInTimeRecoveryStatus::Enabled,
        recovery_period_in_days: recovery.recovery_period_in_days,
        earliest: time(recovery.earliest_restorable_date_time()),
    })
}

/// Earliest and latest moment that can be restored.
pub(super) fn restorable(of: &sdk::ContinuousBackupsDescription) -> Option<(Timestamp, Timestamp)> {
    let recovery = of.point_in_time_recovery_description()?;
    (recovery.point_in_time_recovery_status() == Some(&sdk::PointInTimeRecoveryStatus::Enabled)).then_some(())?;
    Some((time(recovery.earliest_restorable_date_time())?, time(recovery.latest_restorable_date_time())?))
}

/// Contributor insights.
pub(super) fn insights(
    of: &aws_sdk_dynamodb::operation::describe_contributor_insights::DescribeContributorInsightsOutput,
) -> Read<InsightsState> {
    let failure = of.failure_exception().map(|failure| {
        let part = |text: &Option<String>| text.clone().unwrap_or_default();
        format!("{}: {}", part(&failure.exception_name), part(&failure.exception_description))
    });
    Ok(InsightsState {
        status: of.contributor_insights_status().ok_or("ContributorInsightsStatus")?.as_str().into(),
        mode: of.contributor_insights_mode().map(|mode| mode.as_str().into()),
        failure,
    })
}

/// Kinesis destinations. Entries of streams that were turned off linger: one that lives goes before them.
pub(super) fn kinesis(of: &[sdk::KinesisDataStreamDestination]) -> Read<BTreeMap<String, KinesisState>> {
    let mut destinations: BTreeMap<String, KinesisState> = BTreeMap::new();
    for one in of {
        let arn = one.stream_arn.clone().ok_or("StreamArn")?;
        let state = KinesisState {
            status: one.destination_status().ok_or("DestinationStatus")?.as_str().into(),
            description: one.destination_status_description.clone(),
            precision: one.approximate_creation_date_time_precision().map(|precision| precision.as_str().into()),
        };
        let lives = state.status != "DISABLED";
        if lives || !destinations.contains_key(&arn) {
            destinations.insert(arn, state);
        }
    }
    Ok(destinations)
}

/// An import.
pub(super) fn import(of: &sdk::ImportTableDescription) -> Read<ImportState> {
    let source = of.s3_bucket_source().ok_or("S3BucketSource")?;
    let failure = [&of.failure_code, &of.failure_message].into_iter().flatten().cloned().collect::<Vec<_>>();
    Ok(ImportState {
        arn: of.import_arn.clone().ok_or("ImportArn")?,
        status: of.import_status().ok_or("ImportStatus")?.as_str().into(),
        source: s3_source(source.s3_bucket(), source.s3_key_prefix()),
        started: time(of.start_time()),
        errors: of.error_count,
        items: of.imported_item_count,
        failure: (!failure.is_empty()).then(|| failure.join(": ")),
        log_group: of.cloud_watch_log_group_arn.clone(),
    })
}

/// An on-demand backup.
pub(super) fn backup(of: &sdk::BackupSummary) -> Read<Backup> {
    Ok(Backup {
        name: of.backup_name.clone().ok_or("BackupName")?,
        arn: of.backup_arn.clone().ok_or("BackupArn")?,
        status: of.backup_status().ok_or("BackupStatus")?.as_str().into(),
        created: time(of.backup_creation_date_time()),
    })
}

/// Tags.
pub(super) fn tags(of: &[sdk::Tag]) -> Tags {
    of.iter().map(|tag| (tag.key().into(), tag.value().into())).collect()
}

/// A moment, to the second: AWS's fractions differ between calls.
pub(in crate::aws) fn time(of: Option<&DateTime>) -> Option<Timestamp> {
    Timestamp::from_second(of?.secs()).ok()
}
