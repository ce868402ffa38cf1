//! Manifests of tables that read aloud: `table("users").hash("id").index("email")`.

use std::collections::BTreeMap;

use awsdb::aws::dynamo::*;
use awsdb::kinds::dynamo::{
    Autoscaling, BackupSource, ConfigMapKeyRef, ContributorInsights, DynamoTable, DynamoTableSpec,
    GlobalSecondaryIndex, Items, KinesisDestination, LocalSecondaryIndex, PointInTimeRecovery, ScalingRange, Source,
    TablePointInTime, TimeToLive,
};

use super::super::builder::Manifest;

/// A table that is on demand, in namespace `shop`, with a text `id` as its key.
pub fn table(name: &str) -> Manifest<DynamoTable> {
    let mut object = DynamoTable::new(name, DynamoTableSpec::default());
    object.metadata.namespace = Some("shop".into());
    Manifest(object).hash("id")
}

fn key(name: &str) -> KeyAttribute {
    KeyAttribute { name: name.into(), type_: AttributeType::S }
}

fn units(read: i64, write: i64) -> Throughput {
    Throughput { read_capacity_units: read, write_capacity_units: write }
}

/// An index of everything, by one attribute.
pub fn index_on(name: &str) -> GlobalSecondaryIndex {
    GlobalSecondaryIndex { name: format!("by-{name}"), hash_key: key(name), ..GlobalSecondaryIndex::default() }
}

impl Manifest<DynamoTable> {
    pub fn hash(self, name: &str) -> Self {
        self.with(|spec| spec.hash_key = Some(key(name)))
    }

    pub fn range(self, name: &str) -> Self {
        self.with(|spec| spec.range_key = Some(key(name)))
    }

    /// An index `by-<attribute>`.
    pub fn index(self, attribute: &str) -> Self {
        self.with(|spec| spec.global_secondary_indexes.get_or_insert_default().push(index_on(attribute)))
    }

    /// The index becomes another one of the same name.
    pub fn index_keyed(self, attribute: &str, hash: &str) -> Self {
        self.with(|spec| {
            let index = GlobalSecondaryIndex { hash_key: key(hash), ..index_on(attribute) };
            spec.global_secondary_indexes.get_or_insert_default().push(index);
        })
    }

    pub fn no_indexes(self) -> Self {
        self.with(|spec| spec.global_secondary_indexes = Some(Vec::new()))
    }

    pub fn recreating(self) -> Self {
        self.with(|spec| spec.allow_index_recreation = Some(true))
    }

    pub fn local_index(self, attribute: &str) -> Self {
        self.with(|spec| {
            let index = LocalSecondaryIndex {
                name: format!("local-{attribute}"),
                range_key: key(attribute),
                projection: Projection::default(),
            };
            spec.local_secondary_indexes.get_or_insert_default().push(index);
        })
    }

    pub fn on_demand(self) -> Self {
        self.with(|spec| {
            spec.settings.billing_mode = Some(BillingMode::PayPerRequest);
            spec.settings.provisioned_throughput = None;
            for index in spec.global_secondary_indexes.iter_mut().flatten() {
                index.provisioned_throughput = None;
            }
        })
    }

    /// Capacity of the table and of each index that is there so far.
    pub fn provisioned(self, read: i64, write: i64) -> Self {
        self.with(|spec| {
            spec.settings.billing_mode = Some(BillingMode::Provisioned);
            spec.settings.provisioned_throughput = Some(units(read, write));
            for index in spec.global_secondary_indexes.iter_mut().flatten() {
                index.provisioned_throughput = Some(units(read, write));
            }
        })
    }

    /// Reads and writes of the table and of each index that is there so far.
    pub fn autoscaled(self, min: i64, max: i64) -> Self {
        let range = || Some(ScalingRange { min, max, ..ScalingRange::default() });
        self.with(|spec| {
            spec.settings.billing_mode = Some(BillingMode::Provisioned);
            spec.autoscaling = Some(Autoscaling { read: range(), write: range() });
            for index in spec.global_secondary_indexes.iter_mut().flatten() {
                index.autoscaling = Some(Autoscaling { read: range(), write: range() });
            }
        })
    }

    pub fn capped(self, read: i64, write: i64) -> Self {
        let cap = OnDemandThroughput { max_read_request_units: Some(read), max_write_request_units: Some(write) };
        self.with(|spec| spec.settings.on_demand_throughput = Some(cap))
    }

    pub fn warm(self, read: i64, write: i64) -> Self {
        let warm = WarmThroughput { read_units_per_second: read, write_units_per_second: write };
        self.with(|spec| spec.settings.warm_throughput = Some(warm))
    }

    pub fn table_class(self, class: TableClass) -> Self {
        self.with(|spec| spec.settings.table_class = Some(class))
    }

    pub fn infrequent(self) -> Self {
        self.table_class(TableClass::StandardInfrequentAccess)
    }

    pub fn streaming(self, view: &str) -> Self {
        self.with(|spec| spec.settings.stream = Some(Stream { enabled: true, view_type: Some(view.into()) }))
    }

    pub fn not_streaming(self) -> Self {
        self.with(|spec| spec.settings.stream = Some(Stream::default()))
    }

    pub fn encrypted_with(self, key: &str) -> Self {
        let kms_key_arn = Some(format!("arn:aws:kms:us-east-1:123456789012:key/{key}"));
        self.with(|spec| spec.settings.encryption = Some(Encryption { type_: EncryptionType::Kms, kms_key_arn }))
    }

    pub fn guarded(self, is: bool) -> Self {
        self.with(|spec| spec.settings.deletion_protection = Some(is))
    }

    pub fn policy(self, policy: &str) -> Self {
        self.with(|spec| spec.settings.resource_policy = Some(policy.into()))
    }

    pub fn expiring(self, attribute: &str) -> Self {
        let attribute_name = attribute.into();
        self.with(|spec| spec.time_to_live = Some(TimeToLive { enabled: true, attribute_name }))
    }

    pub fn recoverable(self, days: i32) -> Self {
        let recovery = PointInTimeRecovery { enabled: true, recovery_period_in_days: Some(days) };
        self.with(|spec| spec.point_in_time_recovery = Some(recovery))
    }

    pub fn insights(self, enabled: bool) -> Self {
        self.with(|spec| spec.contributor_insights = Some(ContributorInsights { enabled, mode: None }))
    }

    pub fn kinesis(self, stream: &str) -> Self {
        let stream_arn = Some(format!("arn:aws:kinesis:us-east-1:123456789012:stream/{stream}"));
        let precision = Some("MILLISECOND".into());
        self.with(|spec| spec.kinesis_destination = Some(KinesisDestination { enabled: true, stream_arn, precision }))
    }

    pub fn replica(self, region: &str) -> Self {
        let replica = Replica { region: region.into(), ..Replica::default() };
        self.with(|spec| spec.replicas.get_or_insert_default().push(replica))
    }

    pub fn no_replicas(self) -> Self {
        self.with(|spec| spec.replicas = Some(Vec::new()))
    }

    pub fn items_from(self, config_map: &str) -> Self {
        let config_map_ref = ConfigMapKeyRef { name: config_map.into(), key: "items.json".into() };
        self.with(|spec| spec.items = Some(Items { config_map_ref, format: Some("DYNAMODB_JSON".into()) }))
    }

    pub fn restored_from(self, backup: &str) -> Self {
        self.made_of(BackupSource { identifier: Some(backup.into()), name: None })
    }

    pub fn restored_from_db_snapshot(self, object: &str) -> Self {
        self.made_of(BackupSource { identifier: None, name: Some(object.into()) })
    }

    fn made_of(self, from: BackupSource) -> Self {
        self.with(|spec| spec.source = Some(Source { snapshot: Some(from), ..Source::default() }))
    }

    pub fn restored_at_the_latest_of(self, table: &str) -> Self {
        let point =
            TablePointInTime { identifier: table.into(), restore_time: None, use_latest_restorable_time: Some(true) };
        self.with(|spec| spec.source = Some(Source { point_in_time: Some(point), ..Source::default() }))
    }

    pub fn imported(self, bucket: &str) -> Self {
        let from =
            ImportFromS3 { bucket: bucket.into(), input_format: "DYNAMODB_JSON".into(), ..ImportFromS3::default() };
        self.with(|spec| spec.source = Some(Source { import_from_s3: Some(from), ..Source::default() }))
    }

    pub fn in_window(self, window: &str) -> Self {
        self.with(|spec| spec.maintenance_window = Some(window.into()))
    }
}

/// Everything that a table of one region can have.
pub fn rich(name: &str) -> Manifest<DynamoTable> {
    let tags = BTreeMap::from([("team".to_string(), "a".to_string()), ("cost".to_string(), "1".to_string())]);
    table(name)
        .range("at")
        .index("email")
        .index("city")
        .local_index("score")
        .streaming("NEW_IMAGE")
        .expiring("expires")
        .recoverable(7)
        .insights(true)
        .kinesis("changes")
        .policy(r#"{"Version":"2012-10-17","Statement":[]}"#)
        .infrequent()
        .encrypted_with("one")
        .sharing(|shared| shared.tags = Some(tags))
}
