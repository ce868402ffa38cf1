//! The body of UpdateTable: each variant is what AWS takes in one call (1.3).

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::update_table::builders::UpdateTableInputBuilder;
use aws_sdk_dynamodb::types as sdk;

use super::create::{self, Built, filled};
use super::{AttributeType, BillingMode, Index, OnDemandThroughput, Replica, Throughput, Update, WarmThroughput};

/// UpdateTable.
pub(super) fn table(name: &str, update: &Update) -> Built<UpdateTableInputBuilder> {
    let request = UpdateTableInputBuilder::default().table_name(name);
    Ok(match update {
        Update::DeletionProtection(enabled) => request.deletion_protection_enabled(*enabled),
        Update::TableClass(class) => request.table_class(create::table_class(*class)),
        Update::Billing { mode, throughput, cap, indexes } => billing(request, *mode, (*throughput, *cap), indexes)?,
        Update::Throughput { table, indexes } => request
            .set_provisioned_throughput(table.map(create::throughput).transpose()?)
            .set_global_secondary_index_updates(filled(throughputs(indexes)?)),
        Update::Cap(cap) => request.set_on_demand_throughput(create::cap(*cap)),
        Update::IndexCaps(caps) => request.set_global_secondary_index_updates(filled(index_caps(caps)?)),
        Update::Stream(stream) => request.stream_specification(create::stream(stream)?),
        Update::Warm(warm) => request.warm_throughput(create::warm(*warm)),
        Update::IndexWarm { index, warm } => request.global_secondary_index_updates(index_warm(index, *warm)?),
        Update::CreateIndex { name, index, attributes } => create_index(request, name, index, attributes)?,
        Update::DeleteIndex { name } => {
            let delete = sdk::DeleteGlobalSecondaryIndexAction::builder().index_name(name).build()?;
            request.global_secondary_index_updates(sdk::GlobalSecondaryIndexUpdate::builder().delete(delete).build())
        }
        Update::Encryption(encryption) => request.sse_specification(create::sse(encryption)),
        Update::CreateReplicas { replicas, consistency, witness } => {
            create_replicas(request, replicas, consistency.as_deref(), witness.as_deref())?
        }
        Update::UpdateReplica { region, replica } => request.replica_updates(update_replica(region, replica)?),
        Update::DeleteReplica { region } => {
            let delete = sdk::DeleteReplicationGroupMemberAction::builder().region_name(region).build()?;
            request.replica_updates(sdk::ReplicationGroupUpdate::builder().delete(delete).build())
        }
    })
}

/// Becoming PROVISIONED takes the throughput of the table and of every index at once; becoming on demand takes none.
fn billing(
    request: UpdateTableInputBuilder,
    mode: BillingMode,
    (throughput, cap): (Option<Throughput>, Option<OnDemandThroughput>),
    indexes: &BTreeMap<String, Throughput>,
) -> Built<UpdateTableInputBuilder> {
    let request = request.billing_mode(create::billing_mode(mode));
    Ok(match mode {
        BillingMode::Provisioned => request
            .set_provisioned_throughput(throughput.map(create::throughput).transpose()?)
            .set_global_secondary_index_updates(filled(throughputs(indexes)?)),
        BillingMode::PayPerRequest => request.set_on_demand_throughput(cap.and_then(create::first_cap)),
    })
}

type IndexUpdate = sdk::builders::UpdateGlobalSecondaryIndexActionBuilder;

fn index_update(
    name: &str,
    change: impl FnOnce(IndexUpdate) -> Built<IndexUpdate>,
) -> Built<sdk::GlobalSecondaryIndexUpdate> {
    let update = change(sdk::UpdateGlobalSecondaryIndexAction::builder().index_name(name))?.build()?;
    Ok(sdk::GlobalSecondaryIndexUpdate::builder().update(update).build())
}

fn throughputs(of: &BTreeMap<String, Throughput>) -> Built<Vec<sdk::GlobalSecondaryIndexUpdate>> {
    let one = |(name, units): (&String, &Throughput)| {
        index_update(name, |update| Ok(update.provisioned_throughput(create::throughput(*units)?)))
    };
    of.iter().map(one).collect()
}

/// An index without anything to say is left out.
fn index_caps(of: &BTreeMap<String, OnDemandThroughput>) -> Built<Vec<sdk::GlobalSecondaryIndexUpdate>> {
    let given = of.iter().filter_map(|(name, cap)| Some((name, create::cap(*cap)?)));
    given.map(|(name, cap)| index_update(name, |update| Ok(update.on_demand_throughput(cap)))).collect()
}

fn index_warm(name: &str, of: WarmThroughput) -> Built<sdk::GlobalSecondaryIndexUpdate> {
    index_update(name, |update| Ok(update.warm_throughput(create::warm(of))))
}

fn create_index(
    request: UpdateTableInputBuilder,
    name: &str,
    index: &Index,
    attributes: &BTreeMap<String, AttributeType>,
) -> Built<UpdateTableInputBuilder> {
    let Index { hash, range, projection, throughput, cap, warm } = index;
    let action = sdk::CreateGlobalSecondaryIndexAction::builder()
        .index_name(name)
        .set_key_schema(Some(create::key_schema(hash, range)?))
        .projection(create::projection(projection))
        .set_provisioned_throughput(throughput.map(create::throughput).transpose()?)
        .set_on_demand_throughput(cap.and_then(create::first_cap))
        .set_warm_throughput(warm.map(create::warm))
        .build()?;
    Ok(request
        .set_attribute_definitions(Some(create::attributes(attributes)?))
        .global_secondary_index_updates(sdk::GlobalSecondaryIndexUpdate::builder().create(action).build()))
}

fn create_replicas(
    request: UpdateTableInputBuilder,
    replicas: &BTreeMap<String, Replica>,
    consistency: Option<&str>,
    witness: Option<&str>,
) -> Built<UpdateTableInputBuilder> {
    let updates = replicas.iter().map(|(region, replica)| create_replica(region, replica));
    let request = request
        .set_replica_updates(filled(updates.collect::<Built<Vec<_>>>()?))
        .set_multi_region_consistency(consistency.map(Into::into));
    let Some(region) = witness else { return Ok(request) };
    let create = sdk::CreateGlobalTableWitnessGroupMemberAction::builder().region_name(region).build()?;
    Ok(request.global_table_witness_updates(sdk::GlobalTableWitnessGroupUpdate::builder().create(create).build()))
}

/// What a replica overrides. Its tags, recovery and protection are its own region's affair.
macro_rules! overrides {
    ($builder:expr, $region:expr, $replica:expr) => {
        $builder
            .region_name($region)
            .set_table_class_override($replica.table_class.map(create::table_class))
            .set_provisioned_throughput_override($replica.read_capacity_units.map(read_capacity))
            .set_on_demand_throughput_override($replica.max_read_request_units.map(read_cap))
    };
}

fn create_replica(region: &str, of: &Replica) -> Built<sdk::ReplicationGroupUpdate> {
    let create = overrides!(sdk::CreateReplicationGroupMemberAction::builder(), region, of)
        .set_kms_master_key_id(of.kms_key_arn.clone())
        .build()?;
    Ok(sdk::ReplicationGroupUpdate::builder().create(create).build())
}

/// AWS refuses to change the key of a replica in place, so it is not sent.
fn update_replica(region: &str, of: &Replica) -> Built<sdk::ReplicationGroupUpdate> {
    let update = overrides!(sdk::UpdateReplicationGroupMemberAction::builder(), region, of).build()?;
    Ok(sdk::ReplicationGroupUpdate::builder().update(update).build())
}

fn read_capacity(units: i64) -> sdk::ProvisionedThroughputOverride {
    sdk::ProvisionedThroughputOverride::builder().read_capacity_units(units).build()
}

fn read_cap(units: i64) -> sdk::OnDemandThroughputOverride {
    sdk::OnDemandThroughputOverride::builder().max_read_request_units(units).build()
}
