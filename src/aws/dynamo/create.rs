//! Requests that bring a table into being. Each field is named here: a new one does not compile until it is sent or left
//! out knowingly. What is empty is left out: an empty object makes AWS answer 500, every time (1.7).

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::create_table::builders::CreateTableInputBuilder;
use aws_sdk_dynamodb::operation::import_table::builders::ImportTableInputBuilder;
use aws_sdk_dynamodb::operation::restore_table_from_backup::builders::RestoreTableFromBackupInputBuilder;
use aws_sdk_dynamodb::operation::restore_table_to_point_in_time::builders::RestoreTableToPointInTimeInputBuilder;
use aws_sdk_dynamodb::primitives::DateTime;
use aws_sdk_dynamodb::types as sdk;
use aws_smithy_types::error::operation::BuildError;
use jiff::Timestamp;

use super::{
    AttributeType, BillingMode, Creation, Csv, Encryption, EncryptionType, ImportFromS3, Index, KeyAttribute, Keys,
    LocalIndex, OnDemandThroughput, Projection, Settings, Stream, TableClass, Throughput, WarmThroughput,
};
use crate::aws::owner::Tags;

pub(super) type Built<T> = Result<T, BuildError>;

/// CreateTable.
pub(super) fn table(name: &str, wanted: &Creation) -> Built<CreateTableInputBuilder> {
    let Creation { keys, settings, indexes, local_indexes, tags } = wanted;
    let Settings {
        billing_mode,
        provisioned_throughput,
        on_demand_throughput,
        warm_throughput,
        table_class,
        stream,
        encryption,
        deletion_protection,
        resource_policy,
    } = settings;
    let local = local_indexes.iter().map(|(name, index)| local_index(name, index, keys)).collect::<Built<Vec<_>>>()?;
    Ok(CreateTableInputBuilder::default()
        .table_name(name)
        .set_key_schema(Some(key_schema([&keys.hash], &keys.range)?))
        .set_attribute_definitions(Some(attributes(&attribute_types(keys, indexes, local_indexes))?))
        .set_global_secondary_indexes(filled(indexes_with(indexes, true)?))
        .set_local_secondary_indexes(filled(local))
        .set_billing_mode(billing_mode.map(self::billing_mode))
        .set_provisioned_throughput(provisioned_throughput.map(throughput).transpose()?)
        .set_on_demand_throughput(on_demand_throughput.and_then(first_cap))
        .set_warm_throughput(warm_throughput.map(warm))
        .set_table_class(table_class.map(self::table_class))
        .set_stream_specification(stream.as_ref().filter(|stream| stream.enabled).map(self::stream).transpose()?)
        .set_sse_specification(encryption.as_ref().filter(|one| one.type_ != EncryptionType::AwsOwned).map(sse))
        .set_deletion_protection_enabled(*deletion_protection)
        .set_resource_policy(resource_policy.clone().filter(|policy| !policy.is_empty()))
        .set_tags(filled(self::tags(tags)?)))
}

/// What both restores take, by the same names. Without an override a restore keeps what the source had; local indexes,
/// which no later call could bring back, are all kept unless some are named.
macro_rules! restore {
    ($builder:expr, $name:expr, $creation:expr, $indexes:expr) => {{
        let Creation { keys, settings, indexes, local_indexes, tags: _ } = $creation;
        // Warm throughput, class, stream, protection and policy: no restore takes them (1.5).
        let local = local_indexes.iter().map(|(name, index)| local_index(name, index, keys));
        let local = filled(local.collect::<Built<Vec<_>>>()?).filter(|_| $indexes);
        let throughput = settings.provisioned_throughput.map(throughput).transpose()?;
        $builder
            .target_table_name($name)
            .set_billing_mode_override(settings.billing_mode.map(billing_mode))
            .set_provisioned_throughput_override(throughput)
            .set_on_demand_throughput_override(settings.on_demand_throughput.and_then(first_cap))
            .set_sse_specification_override(settings.encryption.as_ref().map(sse))
            // Here an empty list has a meaning: none of the source's indexes.
            .set_global_secondary_index_override($indexes.then(|| indexes_with(indexes, false)).transpose()?)
            .set_local_secondary_index_override(local)
    }};
}

/// RestoreTableFromBackup.
pub(super) fn from_backup(
    name: &str,
    backup: &str,
    wanted: &Creation,
    indexes: bool,
) -> Built<RestoreTableFromBackupInputBuilder> {
    let builder = RestoreTableFromBackupInputBuilder::default().backup_arn(backup);
    Ok(restore!(builder, name, wanted, indexes))
}

/// RestoreTableToPointInTime.
pub(super) fn to_point_in_time(
    name: &str,
    (source, at): (&str, Option<Timestamp>),
    wanted: &Creation,
    indexes: bool,
) -> Built<RestoreTableToPointInTimeInputBuilder> {
    let builder = RestoreTableToPointInTimeInputBuilder::default();
    let builder =
        if source.starts_with("arn:") { builder.source_table_arn(source) } else { builder.source_table_name(source) };
    let builder = match at {
        Some(at) => builder.restore_date_time(DateTime::from_secs(at.as_second())),
        None => builder.use_latest_restorable_time(true),
    };
    Ok(restore!(builder, name, wanted, indexes))
}

/// ImportTable. Warm throughput, class, stream, protection, policy, local indexes and tags: it takes none of them (1.5).
pub(super) fn import(
    name: &str,
    from: &ImportFromS3,
    wanted: &Creation,
    token: &str,
) -> Built<ImportTableInputBuilder> {
    let ImportFromS3 { bucket, bucket_owner, key_prefix, input_format, input_compression_type, csv } = from;
    let Creation { keys, settings, indexes, local_indexes: _, tags: _ } = wanted;
    let source = sdk::S3BucketSource::builder()
        .s3_bucket(bucket)
        .set_s3_bucket_owner(bucket_owner.clone())
        .set_s3_key_prefix(key_prefix.clone());
    let encryption = settings.encryption.as_ref().filter(|one| one.type_ != EncryptionType::AwsOwned);
    let table = sdk::TableCreationParameters::builder()
        .table_name(name)
        .set_key_schema(Some(key_schema([&keys.hash], &keys.range)?))
        .set_attribute_definitions(Some(attributes(&attribute_types(keys, indexes, &BTreeMap::new()))?))
        .set_global_secondary_indexes(filled(indexes_with(indexes, false)?))
        .set_billing_mode(settings.billing_mode.map(billing_mode))
        .set_provisioned_throughput(settings.provisioned_throughput.map(throughput).transpose()?)
        .set_on_demand_throughput(settings.on_demand_throughput.and_then(first_cap))
        .set_sse_specification(encryption.map(sse));
    Ok(ImportTableInputBuilder::default()
        .client_token(token)
        .s3_bucket_source(source.build()?)
        .input_format(input_format.as_str().into())
        .set_input_compression_type(input_compression_type.as_deref().map(Into::into))
        .set_input_format_options(csv.as_ref().and_then(csv_options))
        .table_creation_parameters(table.build()?))
}

fn csv_options(of: &Csv) -> Option<sdk::InputFormatOptions> {
    let Csv { delimiter, header_list } = of;
    let headers = header_list.clone().filter(|list| !list.is_empty());
    (delimiter.is_some() || headers.is_some()).then(|| {
        let csv = sdk::CsvOptions::builder().set_delimiter(delimiter.clone()).set_header_list(headers);
        sdk::InputFormatOptions::builder().csv(csv.build()).build()
    })
}

/// A list that has something in it.
pub(super) fn filled<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

/// Every key attribute, once: AWS refuses one too few and one too many.
fn attribute_types(
    keys: &Keys,
    indexes: &BTreeMap<String, Index>,
    local_indexes: &BTreeMap<String, LocalIndex>,
) -> BTreeMap<String, AttributeType> {
    let own = std::iter::once(&keys.hash).chain(&keys.range);
    let global = indexes.values().flat_map(|index| index.hash.iter().chain(&index.range));
    let local = local_indexes.values().map(|index| &index.range);
    own.chain(global).chain(local).map(|attribute| (attribute.name.clone(), attribute.type_)).collect()
}

pub(super) fn attributes(of: &BTreeMap<String, AttributeType>) -> Built<Vec<sdk::AttributeDefinition>> {
    let one = |(name, type_): (&String, &AttributeType)| {
        sdk::AttributeDefinition::builder().attribute_name(name).attribute_type(type_.word().into()).build()
    };
    of.iter().map(one).collect()
}

pub(super) fn key_schema<'a>(
    hash: impl IntoIterator<Item = &'a KeyAttribute>,
    range: impl IntoIterator<Item = &'a KeyAttribute>,
) -> Built<Vec<sdk::KeySchemaElement>> {
    let hash = hash.into_iter().map(|attribute| (attribute, sdk::KeyType::Hash));
    let range = range.into_iter().map(|attribute| (attribute, sdk::KeyType::Range));
    hash.chain(range)
        .map(|(one, role)| sdk::KeySchemaElement::builder().attribute_name(&one.name).key_type(role).build())
        .collect()
}

fn indexes_with(of: &BTreeMap<String, Index>, with_warm: bool) -> Built<Vec<sdk::GlobalSecondaryIndex>> {
    of.iter().map(|(name, index)| global_index(name, index, with_warm)).collect()
}

fn global_index(name: &str, of: &Index, with_warm: bool) -> Built<sdk::GlobalSecondaryIndex> {
    let Index { hash, range, projection, throughput, cap, warm } = of;
    sdk::GlobalSecondaryIndex::builder()
        .index_name(name)
        .set_key_schema(Some(key_schema(hash, range)?))
        .projection(self::projection(projection))
        .set_provisioned_throughput(throughput.map(self::throughput).transpose()?)
        .set_on_demand_throughput(cap.and_then(first_cap))
        .set_warm_throughput(warm.filter(|_| with_warm).map(self::warm))
        .build()
}

fn local_index(name: &str, of: &LocalIndex, keys: &Keys) -> Built<sdk::LocalSecondaryIndex> {
    let LocalIndex { range, projection } = of;
    sdk::LocalSecondaryIndex::builder()
        .index_name(name)
        .set_key_schema(Some(key_schema([&keys.hash], [range])?))
        .projection(self::projection(projection))
        .build()
}

pub(super) fn projection(of: &Projection) -> sdk::Projection {
    let Projection { type_, non_key_attributes } = of;
    let attributes = filled(non_key_attributes.iter().flatten().cloned().collect());
    sdk::Projection::builder().projection_type(type_.word().into()).set_non_key_attributes(attributes).build()
}

pub(super) fn billing_mode(of: BillingMode) -> sdk::BillingMode {
    of.word().into()
}

pub(super) fn table_class(of: TableClass) -> sdk::TableClass {
    of.word().into()
}

pub(super) fn throughput(of: Throughput) -> Built<sdk::ProvisionedThroughput> {
    let Throughput { read_capacity_units, write_capacity_units } = of;
    sdk::ProvisionedThroughput::builder()
        .read_capacity_units(read_capacity_units)
        .write_capacity_units(write_capacity_units)
        .build()
}

/// A cap with -1 for a dimension that shall have none: only where there is one to take away.
pub(super) fn cap(of: OnDemandThroughput) -> Option<sdk::OnDemandThroughput> {
    let OnDemandThroughput { max_read_request_units: read, max_write_request_units: write } = of;
    (read.is_some() || write.is_some()).then(|| {
        sdk::OnDemandThroughput::builder().set_max_read_request_units(read).set_max_write_request_units(write).build()
    })
}

/// The cap of something that had none.
pub(super) fn first_cap(of: OnDemandThroughput) -> Option<sdk::OnDemandThroughput> {
    let limit = |units: Option<i64>| units.filter(|units| *units > 0);
    cap(OnDemandThroughput {
        max_read_request_units: limit(of.max_read_request_units),
        max_write_request_units: limit(of.max_write_request_units),
    })
}

pub(super) fn warm(of: WarmThroughput) -> sdk::WarmThroughput {
    let WarmThroughput { read_units_per_second, write_units_per_second } = of;
    sdk::WarmThroughput::builder()
        .read_units_per_second(read_units_per_second)
        .write_units_per_second(write_units_per_second)
        .build()
}

/// AWS refuses a view type of a stream that is turned off.
pub(super) fn stream(of: &Stream) -> Built<sdk::StreamSpecification> {
    let Stream { enabled, view_type } = of;
    let view = view_type.as_deref().filter(|_| *enabled).map(Into::into);
    sdk::StreamSpecification::builder().stream_enabled(*enabled).set_stream_view_type(view).build()
}

/// Type and key only where it is enabled; the key only where it is a customer's.
pub(super) fn sse(of: &Encryption) -> sdk::SseSpecification {
    let Encryption { type_, kms_key_arn } = of;
    let by_kms = *type_ != EncryptionType::AwsOwned;
    let key = kms_key_arn.clone().filter(|_| *type_ == EncryptionType::Kms);
    sdk::SseSpecification::builder()
        .enabled(by_kms)
        .set_sse_type(by_kms.then_some(sdk::SseType::Kms))
        .set_kms_master_key_id(key)
        .build()
}

pub(super) fn tags(of: &Tags) -> Built<Vec<sdk::Tag>> {
    of.iter().map(|(key, value)| sdk::Tag::builder().key(key).value(value).build()).collect()
}
