//! What AWS makes of UpdateTable, and what it refuses (aws-dynamodb-elasticache-dms.md 1.3).

use super::model::{definitions, table_of};
use super::*;

pub fn update(scene: &mut Scene, update: Update, slowly: bool) {
    let targets = scene.observed.scaling.present().cloned().unwrap_or_default();
    let table = table_of(scene);
    match update {
        Update::DeletionProtection(wanted) => {
            assert_ne!(table.settings.deletion_protection.replace(wanted), Some(wanted), "already so");
        }
        Update::TableClass(class) => {
            assert_ne!(table.settings.table_class.replace(class), Some(class), "already so");
        }
        Update::Billing { .. } | Update::Throughput { .. } | Update::Cap(_) | Update::IndexCaps(_) => {
            capacity(table, update, &targets);
        }
        Update::Stream(stream) => {
            let now = table.settings.stream.clone().unwrap_or_default();
            assert!(now.enabled != stream.enabled && table.replicas.is_empty(), "the stream is {now:?}");
            table.stream_arn = stream.enabled.then(|| format!("{ARN}/stream/1"));
            table.settings.stream = Some(stream);
        }
        Update::Warm(warm) => {
            raise(&mut table.settings.warm_throughput, warm);
            table.is_warming = slowly;
        }
        Update::IndexWarm { index, warm } => {
            let index = table.indexes.get_mut(&index).unwrap();
            raise(&mut index.index.warm, warm);
            index.is_warming = slowly;
        }
        Update::Encryption(wanted) => {
            assert_ne!(table.settings.encryption.as_ref(), Some(&wanted), "the same key is encrypted with again");
            let key = wanted.kms_key_arn.clone().or_else(|| {
                // AWS does not tell its own key from one of the user's.
                (wanted.type_ == EncryptionType::AwsManaged).then(|| format!("{KEY}-of-aws"))
            });
            let type_ = if key.is_some() { EncryptionType::Kms } else { EncryptionType::AwsOwned };
            table.settings.encryption = Some(Encryption { type_, kms_key_arn: key });
            table.encryption_change = slowly.then(|| "UPDATING".into());
        }
        Update::CreateIndex { .. } | Update::DeleteIndex { .. } => index(table, update, slowly),
        Update::CreateReplicas { .. } | Update::UpdateReplica { .. } | Update::DeleteReplica { .. } => {
            replica(scene, update, &targets, slowly);
        }
    }
}

fn raise(now: &mut Option<WarmThroughput>, wanted: WarmThroughput) {
    let before = now.replace(wanted).unwrap_or_default();
    let read = wanted.read_units_per_second - before.read_units_per_second;
    let write = wanted.write_units_per_second - before.write_units_per_second;
    assert!(read >= 0 && write >= 0 && read + write > 0, "{before:?} to {wanted:?} is no raise");
}

fn capacity(table: &mut Table, update: Update, targets: &BTreeMap<Dimension, Scaling>) {
    let reserved = table.settings.billing_mode == Some(BillingMode::Provisioned);
    match update {
        Update::Billing { mode: BillingMode::Provisioned, throughput, cap, indexes } => {
            assert!(!reserved && throughput.is_some() && cap.is_none());
            assert!(indexes.keys().eq(table.indexes.keys()), "every index must be told: {indexes:?}");
            (table.settings.billing_mode, table.settings.provisioned_throughput) =
                (Some(BillingMode::Provisioned), throughput);
            table.settings.on_demand_throughput = None;
            for (name, index) in &mut table.indexes {
                (index.index.throughput, index.index.cap) = (Some(indexes[name]), None);
            }
        }
        Update::Billing { mode: BillingMode::PayPerRequest, throughput, cap, indexes } => {
            assert!(reserved && throughput.is_none() && indexes.is_empty());
            assert!(targets.is_empty(), "targets outlive the change: {targets:?}");
            (table.settings.billing_mode, table.settings.provisioned_throughput) =
                (Some(BillingMode::PayPerRequest), None);
            table.settings.on_demand_throughput = cap;
            table.indexes.values_mut().for_each(|index| index.index.throughput = None);
        }
        Update::Throughput { table: wanted, indexes } => {
            assert!(reserved && (wanted.is_some() || !indexes.is_empty()));
            if let Some(wanted) = wanted {
                assert_ne!(table.settings.provisioned_throughput.replace(wanted), Some(wanted), "it will not change");
            }
            for (name, wanted) in indexes {
                let index = table.indexes.get_mut(&name).unwrap();
                assert_ne!(index.index.throughput.replace(wanted), Some(wanted), "it will not change");
            }
        }
        Update::Cap(cap) => {
            assert!(!reserved);
            table.settings.on_demand_throughput = capped(table.settings.on_demand_throughput, cap);
        }
        Update::IndexCaps(caps) => {
            assert!(!reserved);
            for (name, cap) in caps {
                let index = table.indexes.get_mut(&name).unwrap();
                index.index.cap = capped(index.index.cap, cap);
            }
        }
        other => panic!("{other:?}"),
    }
}

/// -1 clears a dimension, and one that is left out stays.
fn capped(now: Option<OnDemandThroughput>, wanted: OnDemandThroughput) -> Option<OnDemandThroughput> {
    let now = now.unwrap_or_default();
    let limit = |wanted: Option<i64>, now: Option<i64>| wanted.or(now).filter(|units| *units > 0);
    assert_ne!(wanted, OnDemandThroughput::default(), "an empty one is an internal error");
    let cap = OnDemandThroughput {
        max_read_request_units: limit(wanted.max_read_request_units, now.max_read_request_units),
        max_write_request_units: limit(wanted.max_write_request_units, now.max_write_request_units),
    };
    (cap != OnDemandThroughput::default()).then_some(cap)
}

fn index(table: &mut Table, update: Update, slowly: bool) {
    let reserved = table.settings.billing_mode == Some(BillingMode::Provisioned);
    match update {
        Update::CreateIndex { name, index, attributes } => {
            assert_eq!(index.throughput.is_some(), reserved, "{name} in a table that is reserved: {reserved}");
            let status = if slowly { "CREATING" } else { "ACTIVE" }.into();
            let made = TableIndex { index: *index, status, is_backfilling: slowly, is_warming: false };
            assert!(table.indexes.insert(name, made).is_none(), "it exists");
            assert_eq!(attributes, definitions(table), "definitions are exactly those of the keys");
        }
        Update::DeleteIndex { name } if slowly => table.indexes.get_mut(&name).unwrap().status = "DELETING".into(),
        Update::DeleteIndex { name } => assert!(table.indexes.remove(&name).is_some()),
        other => panic!("{other:?}"),
    }
}

fn replica(scene: &mut Scene, update: Update, targets: &BTreeMap<Dimension, Scaling>, slowly: bool) {
    let table = table_of(scene);
    let status = |word: &str| if slowly { word.to_string() } else { "ACTIVE".into() };
    match update {
        Update::CreateReplicas { replicas, consistency, witness } => {
            let places = std::iter::once(None).chain(table.indexes.keys().cloned().map(Some));
            let scaled =
                places.into_iter().all(|index| targets.contains_key(&Dimension { index, capacity: Capacity::Write }));
            assert!(
                scaled || table.settings.billing_mode != Some(BillingMode::Provisioned),
                "writes must be autoscaled"
            );
            table.settings.stream = Some(Stream { enabled: true, view_type: Some("NEW_AND_OLD_IMAGES".into()) });
            table.multi_region_consistency =
                table.multi_region_consistency.take().or(consistency).or(Some("EVENTUAL".into()));
            table.witness = table.witness.take().or(witness);
            for (region, wanted) in replicas {
                let Replica { kms_key_arn, table_class, read_capacity_units, max_read_request_units, .. } = wanted;
                let state = ReplicaState {
                    status: status("CREATING"),
                    description: None,
                    kms_key_arn,
                    table_class,
                    read_capacity_units,
                    max_read_request_units,
                };
                assert!(table_of(scene).replicas.insert(region.clone(), state).is_none(), "it exists");
                let before = scene.clone();
                *scene = scene.clone().has_replica(&region);
                scene.observed.table = before.observed.table;
                // Tags do not travel with a replica.
                model::facts_of(&mut scene.observed, &region).tags = Seen::Present(Tags::new());
            }
        }
        Update::UpdateReplica { region, replica } => {
            let state = table.replicas.get_mut(&region).unwrap();
            state.table_class = replica.table_class.or(state.table_class);
            state.read_capacity_units = replica.read_capacity_units.or(state.read_capacity_units);
            state.max_read_request_units = replica.max_read_request_units.or(state.max_read_request_units);
            state.status = status("UPDATING");
        }
        Update::DeleteReplica { region } if slowly => {
            table.replicas.get_mut(&region).unwrap().status = "DELETING".into()
        }
        Update::DeleteReplica { region } => {
            assert!(table.replicas.remove(&region).is_some());
            scene.observed.replica_facts.remove(&region);
        }
        other => panic!("{other:?}"),
    }
}
