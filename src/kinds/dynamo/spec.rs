//! The CRD of DynamoTable: operator fields, AWS settings, cross-field rules (aws-dynamodb-elasticache-dms.md 1.1).

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::dynamo::{
    ImportFromS3, KeyAttribute, OnDemandThroughput, Projection, Replica, Settings, Throughput, WarmThroughput,
};
use crate::spec::{SharedSpec, SharedStatus, SnapshotSchedule};

/// A DynamoDB table with its indexes, time to live, point-in-time recovery, stream, autoscaling, replicas and insights.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "awsdb.dev",
    version = "v1alpha1",
    kind = "DynamoTable",
    plural = "dynamotables",
    shortname = "dynamo",
    category = "awsdb",
    namespaced,
    status = "DynamoTableStatus",
    derive = "PartialEq",
    doc = "An Amazon DynamoDB table, declared. Deleting the object keeps the table unless spec.deletionPolicy says otherwise.",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.awsStatus"),
    printcolumn(name = "Table", type_ = "string", json_path = ".status.identifier"),
    printcolumn(name = "Billing", type_ = "string", json_path = ".status.billingMode"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Synced", type_ = "string", json_path = ".status.conditions[?(@.type==\"Synced\")].status", priority = 1),
    printcolumn(name = "Region", type_ = "string", json_path = ".status.region", priority = 1),
    printcolumn(name = "Secret", type_ = "string", json_path = ".status.binding.name", priority = 1),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason", priority = 1),
    validation = Rule::new("size(self.metadata.name) <= 63").message("metadata.name has at most 63 characters"),
    validation = Rule::new("!has(self.spec.connectionSecret) || !has(self.spec.connectionSecret.name) || self.spec.connectionSecret.name != self.metadata.name + '-credentials'").message("spec.connectionSecret.name must not be <name>-credentials: that is the operator's own Secret")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("oldSelf.hasValue() || has(self.hashKey) || (has(self.source) && !has(self.source.importFromS3)) || self.managementPolicy == 'Observe' || self.adoption == 'IfExists'").message("a new table needs spec.hashKey (unless it is restored, observed or adopted)").optional_old_self(true),
    validation = Rule::new("!has(self.identifier) || (size(self.identifier) >= 3 && !self.identifier.contains(':'))").message("spec.identifier has at least 3 characters and no colon: AWS's rule for table names"),
    validation = Rule::new("has(self.hashKey) == has(oldSelf.hashKey)").message("spec.hashKey is immutable: it can be neither added nor removed once the object exists; make a new table and copy the items (awsdb dynamo export and import)"),
    validation = Rule::new("has(self.rangeKey) == has(oldSelf.rangeKey)").message("spec.rangeKey is immutable: it can be neither added nor removed once the object exists; make a new table and copy the items (awsdb dynamo export and import)"),
    validation = Rule::new("!has(self.rangeKey) || (has(self.hashKey) && self.rangeKey.name != self.hashKey.name)").message("spec.rangeKey needs spec.hashKey, and another name than it"),
    validation = Rule::new("has(self.localSecondaryIndexes) == has(oldSelf.localSecondaryIndexes)").message("spec.localSecondaryIndexes is immutable: AWS makes them with the table only; use a global secondary index, or make a new table"),
    validation = Rule::new("!has(self.localSecondaryIndexes) || size(self.localSecondaryIndexes) == 0 || has(self.rangeKey)").message("spec.localSecondaryIndexes need spec.rangeKey on the table"),
    validation = Rule::new("!has(self.localSecondaryIndexes) || !has(self.globalSecondaryIndexes) || self.localSecondaryIndexes.all(l, !self.globalSecondaryIndexes.exists(g, g.name == l.name))").message("global and local secondary indexes share one set of names"),
    validation = Rule::new("[(has(self.hashKey) ? [self.hashKey.type + self.hashKey.name] : []) + (has(self.rangeKey) ? [self.rangeKey.type + self.rangeKey.name] : []) + (has(self.localSecondaryIndexes) ? self.localSecondaryIndexes.map(l, l.rangeKey.type + l.rangeKey.name) : [])].map(t, [t] + (has(self.globalSecondaryIndexes) ? self.globalSecondaryIndexes.map(g, [g.hashKey.type + g.hashKey.name] + (has(g.rangeKey) ? [g.rangeKey.type + g.rangeKey.name] : []) + (has(g.additionalHashKeys) ? g.additionalHashKeys.map(k, k.type + k.name) : []) + (has(g.additionalRangeKeys) ? g.additionalRangeKeys.map(k, k.type + k.name) : [])) : [])).all(keys, keys.all(x, ['S', 'N', 'B'].map(t, x.filter(a, !a.startsWith(t)).map(a, t + a.substring(1))).all(others, keys.all(y, others.all(o, !(o in y))))))").message("an attribute that is a key in several places (table, global and local indexes) has one type: make the types agree"),
    validation = Rule::new("!has(self.hashKey) || !has(self.localSecondaryIndexes) || self.localSecondaryIndexes.all(l, l.rangeKey.name != self.hashKey.name)").message("rangeKey of a local secondary index needs another name than spec.hashKey"),
    validation = Rule::new("((has(self.hashKey) ? [self.hashKey.name] : []) + (has(self.rangeKey) ? [self.rangeKey.name] : [])).all(k, (!has(self.globalSecondaryIndexes) || self.globalSecondaryIndexes.all(g, !has(g.projection.nonKeyAttributes) || !(k in g.projection.nonKeyAttributes))) && (!has(self.localSecondaryIndexes) || self.localSecondaryIndexes.all(l, !has(l.projection.nonKeyAttributes) || !(k in l.projection.nonKeyAttributes))))").message("every index has the keys of the table: remove spec.hashKey and spec.rangeKey from projection.nonKeyAttributes"),
    validation = Rule::new("((has(self.globalSecondaryIndexes) ? self.globalSecondaryIndexes.map(g, has(g.projection.nonKeyAttributes) ? size(g.projection.nonKeyAttributes) : 0) : []) + (has(self.localSecondaryIndexes) ? self.localSecondaryIndexes.map(l, has(l.projection.nonKeyAttributes) ? size(l.projection.nonKeyAttributes) : 0) : [])).sum() <= 100").message("the indexes of a table have at most 100 nonKeyAttributes together: use projection type ALL for some"),
    validation = Rule::new("has(oldSelf.source) || !has(self.source)").message("spec.source is write-once: it cannot be added to an object that exists; make a new object to restore or import"),
    validation = Rule::new("has(oldSelf.items) || !has(self.items)").message("spec.items is written once, into a new table: it cannot be added to an object that exists; use awsdb dynamo import"),
    validation = Rule::new("!has(self.items) || !has(self.source)").message("spec.items is for a table that begins empty: remove it, or spec.source"),
    validation = Rule::new("!has(self.source) || !has(self.source.importFromS3) || !has(self.localSecondaryIndexes) || size(self.localSecondaryIndexes) == 0").message("AWS imports from S3 into tables without local secondary indexes only"),
    validation = Rule::new("!has(self.billingMode) || self.billingMode != 'PROVISIONED' || has(self.provisionedThroughput) || (has(self.autoscaling) && has(self.autoscaling.read) && has(self.autoscaling.write)) || self.managementPolicy == 'Observe' || self.adoption == 'IfExists'").message("spec.billingMode PROVISIONED needs spec.provisionedThroughput, or spec.autoscaling with read and write"),
    validation = Rule::new("!has(self.provisionedThroughput) || (has(self.billingMode) && self.billingMode == 'PROVISIONED')").message("spec.provisionedThroughput needs spec.billingMode: PROVISIONED"),
    validation = Rule::new("!has(self.autoscaling) || (has(self.billingMode) && self.billingMode == 'PROVISIONED') || (!has(self.autoscaling.read) && !has(self.autoscaling.write))").message("spec.autoscaling needs spec.billingMode: PROVISIONED"),
    validation = Rule::new("!has(self.onDemandThroughput) || !has(self.billingMode) || self.billingMode == 'PAY_PER_REQUEST'").message("spec.onDemandThroughput is for billingMode PAY_PER_REQUEST"),
    validation = Rule::new("!has(self.globalSecondaryIndexes) || (has(self.billingMode) && self.billingMode == 'PROVISIONED') || self.globalSecondaryIndexes.all(g, !has(g.provisionedThroughput) && (!has(g.autoscaling) || (!has(g.autoscaling.read) && !has(g.autoscaling.write))))").message("provisionedThroughput and autoscaling of an index need spec.billingMode: PROVISIONED"),
    validation = Rule::new("!has(self.globalSecondaryIndexes) || !has(self.billingMode) || self.billingMode != 'PROVISIONED' || self.managementPolicy == 'Observe' || self.adoption == 'IfExists' || self.globalSecondaryIndexes.all(g, has(g.provisionedThroughput) || (has(g.autoscaling) && has(g.autoscaling.read) && has(g.autoscaling.write)))").message("with spec.billingMode PROVISIONED each index needs provisionedThroughput, or autoscaling with read and write"),
    validation = Rule::new("!has(self.globalSecondaryIndexes) || !has(self.billingMode) || self.billingMode != 'PROVISIONED' || self.globalSecondaryIndexes.all(g, !has(g.onDemandThroughput))").message("onDemandThroughput of an index is for billingMode PAY_PER_REQUEST"),
    validation = Rule::new("!has(self.warmThroughput) || (has(self.billingMode) ? self.billingMode == 'PROVISIONED' : (self.managementPolicy == 'Observe' || self.adoption == 'IfExists')) || (self.warmThroughput.readUnitsPerSecond >= 12000 && self.warmThroughput.writeUnitsPerSecond >= 4000)").message("a PAY_PER_REQUEST table is warm for 12000 reads and 4000 writes from the start: raise spec.warmThroughput to at least that, or remove it"),
    validation = Rule::new("!has(self.globalSecondaryIndexes) || (has(self.billingMode) ? self.billingMode == 'PROVISIONED' : (self.managementPolicy == 'Observe' || self.adoption == 'IfExists')) || self.globalSecondaryIndexes.all(g, !has(g.warmThroughput) || (g.warmThroughput.readUnitsPerSecond >= 12000 && g.warmThroughput.writeUnitsPerSecond >= 4000))").message("an index of a PAY_PER_REQUEST table is warm for 12000 reads and 4000 writes from the start: raise its warmThroughput to at least that, or remove it"),
    validation = Rule::new("!has(self.warmThroughput) || !has(self.provisionedThroughput) || (self.warmThroughput.readUnitsPerSecond >= self.provisionedThroughput.readCapacityUnits && self.warmThroughput.writeUnitsPerSecond >= self.provisionedThroughput.writeCapacityUnits)").message("spec.warmThroughput must be at least spec.provisionedThroughput"),
    validation = Rule::new("!has(self.replicas) || size(self.replicas) == 0 || !has(self.stream) || (self.stream.enabled && (!has(self.stream.viewType) || self.stream.viewType == 'NEW_AND_OLD_IMAGES'))").message("a table with spec.replicas has a stream of NEW_AND_OLD_IMAGES: AWS turns it on; remove spec.stream or set that"),
    validation = Rule::new("!has(self.replicas) || !has(self.region) || self.replicas.all(r, r.region != self.region)").message("spec.replicas lists other regions than spec.region"),
    validation = Rule::new("!has(self.replicas) || !has(self.encryption) || self.encryption.type != 'KMS' || self.replicas.all(r, has(r.kmsKeyArn))").message("with spec.encryption type KMS each replica needs kmsKeyArn, a key in its own region"),
    validation = Rule::new("!has(self.replicas) || !has(self.encryption) || self.encryption.type == 'KMS' || self.replicas.all(r, !has(r.kmsKeyArn))").message("kmsKeyArn of a replica needs spec.encryption type KMS"),
    validation = Rule::new("!has(self.replicas) || size(self.replicas) == 0 || !has(self.billingMode) || self.billingMode != 'PROVISIONED' || self.managementPolicy == 'Observe' || self.adoption == 'IfExists' || (has(self.autoscaling) && has(self.autoscaling.write) && (!has(self.globalSecondaryIndexes) || self.globalSecondaryIndexes.all(g, has(g.autoscaling) && has(g.autoscaling.write))))").message("a PROVISIONED table with spec.replicas needs autoscaling.write, and each of its indexes too: AWS asks for it; or use billingMode PAY_PER_REQUEST"),
    validation = Rule::new("!has(self.replicas) || (has(self.billingMode) && self.billingMode == 'PROVISIONED') || self.replicas.all(r, !has(r.readCapacityUnits))").message("readCapacityUnits of a replica needs spec.billingMode: PROVISIONED"),
    validation = Rule::new("!has(self.replicas) || !has(self.billingMode) || self.billingMode != 'PROVISIONED' || self.replicas.all(r, !has(r.maxReadRequestUnits))").message("maxReadRequestUnits of a replica is for billingMode PAY_PER_REQUEST"),
    validation = Rule::new("!has(self.multiRegionConsistency) || self.multiRegionConsistency != 'STRONG' || (has(self.replicas) && size(self.replicas) + (has(self.witnessRegion) ? 1 : 0) == 2)").message("spec.multiRegionConsistency STRONG needs three regions: two spec.replicas, or one and spec.witnessRegion"),
    validation = Rule::new("!has(self.witnessRegion) || (has(self.multiRegionConsistency) && self.multiRegionConsistency == 'STRONG')").message("spec.witnessRegion needs spec.multiRegionConsistency: STRONG"),
    validation = Rule::new("!has(self.witnessRegion) || ((!has(self.region) || self.region != self.witnessRegion) && (!has(self.replicas) || self.replicas.all(r, r.region != self.witnessRegion)))").message("spec.witnessRegion is another region than spec.region and those of spec.replicas"),
    validation = Rule::new("!has(self.tags) || self.tags.all(k, !k.lowerAscii().startsWith('aws:') || k.startsWith('aws:'))").message("tag keys of a table do not begin with aws: in any mix of capitals: AWS keeps those for itself"),
    validation = Rule::new("!has(self.tags) || self.tags.all(k, size(self.tags[k]) <= 256)").message("tag values have at most 256 characters"),
    validation = Rule::new("!has(oldSelf.multiRegionConsistency) || !has(oldSelf.replicas) || size(oldSelf.replicas) == 0 || (has(self.multiRegionConsistency) && self.multiRegionConsistency == oldSelf.multiRegionConsistency)").message("spec.multiRegionConsistency is fixed once there are replicas")
)]
pub struct DynamoTableSpec {
    /// Fields that every kind has.
    #[serde(flatten)]
    pub shared: SharedSpec,
    /// The table's settings.
    #[serde(flatten)]
    pub settings: Settings,
    /// Partition key. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.hashKey is immutable: make a new table and copy the items (awsdb dynamo export and import)"))]
    pub hash_key: Option<KeyAttribute>,
    /// Sort key. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.rangeKey is immutable: make a new table and copy the items (awsdb dynamo export and import)"))]
    pub range_key: Option<KeyAttribute>,
    /// Global secondary indexes. Absent: not managed, none is removed. Removing one from the list waits for approval; keys
    /// and projection change only by `allowIndexRecreation`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 40))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub global_secondary_indexes: Option<Vec<GlobalSecondaryIndex>>,
    /// Local secondary indexes: made with the table, immutable, and a limit of 10 GB for each partition key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 5))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]), validation = Rule::new("self == oldSelf").message("spec.localSecondaryIndexes is immutable: AWS makes them with the table only; use a global secondary index, or make a new table"))]
    pub local_secondary_indexes: Option<Vec<LocalSecondaryIndex>>,
    /// Lets a change of an index's keys or projection remove the index and build it anew: readers of it fail for as long
    /// as that takes. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_index_recreation: Option<bool>,
    /// Autoscaling of the table's capacity. `autoscaling: {}` takes it away; absent: not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<Autoscaling>,
    /// Time to live: items are removed some time after the moment in this attribute. AWS takes one change an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_to_live: Option<TimeToLive>,
    /// Point-in-time recovery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point_in_time_recovery: Option<PointInTimeRecovery>,
    /// CloudWatch contributor insights of the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contributor_insights: Option<ContributorInsights>,
    /// A Kinesis data stream that gets every change. `kinesisDestination: {enabled: false}` turns it off; absent: not
    /// managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kinesis_destination: Option<KinesisDestination>,
    /// Replicas in other regions (global table). Absent: not managed; removing one from the list waits for approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["region".into()]))]
    pub replicas: Option<Vec<Replica>>,
    /// `EVENTUAL` (default) or `STRONG`; fixed once there are replicas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8), extend("enum" = ["EVENTUAL", "STRONG", null]))]
    pub multi_region_consistency: Option<String>,
    /// Region of the witness of a strongly consistent global table with one replica.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32), regex(pattern = r"^[a-z]{2,4}(-[a-z]+)+-[0-9]$"))]
    pub witness_region: Option<String>,
    /// What the table is made from; without it, it is made empty. Write-once: removing it later changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.source is write-once: a table is made from one source; make a new object for another (removing spec.source is allowed and changes nothing)"))]
    pub source: Option<Source>,
    /// First items of a new table, from a ConfigMap: written once, never again. The table is ready when they are in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.items is written once, into a new table (removing spec.items is allowed and changes nothing); use awsdb dynamo import"))]
    pub items: Option<Items>,
    /// When steps that interrupt may run (`changePolicy.disruptive: Window`), in UTC: `sun:03:00-sun:04:00`. DynamoDB has no
    /// window of its own; without this such steps wait for approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 19, max = 19),
        regex(
            pattern = r"^(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):[0-5][0-9]-(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):[0-5][0-9]$"
        )
    )]
    pub maintenance_window: Option<String>,
    /// Makes DbSnapshot objects (on-demand backups) of this table by the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_schedule: Option<SnapshotSchedule>,
}

/// A global secondary index.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.additionalRangeKeys) || size(self.additionalRangeKeys) == 0 || has(self.rangeKey)").message("additionalRangeKeys of an index need rangeKey"),
    validation = Rule::new("[[self.hashKey.name] + (has(self.rangeKey) ? [self.rangeKey.name] : []) + (has(self.additionalHashKeys) ? self.additionalHashKeys.map(k, k.name) : []) + (has(self.additionalRangeKeys) ? self.additionalRangeKeys.map(k, k.name) : [])].all(names, names.all(a, names.exists_one(b, a == b)))").message("an attribute can be a key of an index once: rangeKey and the additional keys need other names"),
    validation = Rule::new("!has(self.projection.nonKeyAttributes) || ([self.hashKey.name] + (has(self.rangeKey) ? [self.rangeKey.name] : []) + (has(self.additionalHashKeys) ? self.additionalHashKeys.map(k, k.name) : []) + (has(self.additionalRangeKeys) ? self.additionalRangeKeys.map(k, k.name) : [])).all(k, !(k in self.projection.nonKeyAttributes))").message("an index has its keys anyway: remove them from projection.nonKeyAttributes")
)]
pub struct GlobalSecondaryIndex {
    /// Index name, unique in the table.
    #[schemars(length(min = 3, max = 255), regex(pattern = r"^[a-zA-Z0-9_.-]+$"))]
    pub name: String,
    /// Partition key.
    pub hash_key: KeyAttribute,
    /// Further attributes of the partition key, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 3))]
    pub additional_hash_keys: Vec<KeyAttribute>,
    /// Sort key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range_key: Option<KeyAttribute>,
    /// Further attributes of the sort key, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 3))]
    pub additional_range_keys: Vec<KeyAttribute>,
    /// What the index holds.
    pub projection: Projection,
    /// Capacity, where the table is PROVISIONED.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioned_throughput: Option<Throughput>,
    /// Caps, where the table is PAY_PER_REQUEST.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_demand_throughput: Option<OnDemandThroughput>,
    /// Throughput that is ready at any moment. Raised only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_throughput: Option<WarmThroughput>,
    /// Autoscaling of the index's capacity. `autoscaling: {}` takes it away; absent: not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<Autoscaling>,
    /// CloudWatch contributor insights of the index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contributor_insights: Option<ContributorInsights>,
}

/// A local secondary index.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.projection.nonKeyAttributes) || !(self.rangeKey.name in self.projection.nonKeyAttributes)").message("a local secondary index has its rangeKey anyway: remove it from projection.nonKeyAttributes"))]
pub struct LocalSecondaryIndex {
    /// Index name, unique in the table.
    #[schemars(length(min = 3, max = 255), regex(pattern = r"^[a-zA-Z0-9_.-]+$"))]
    pub name: String,
    /// Sort key; the partition key is the table's.
    pub range_key: KeyAttribute,
    /// What the index holds.
    pub projection: Projection,
}

/// Autoscaling of provisioned capacity; a dimension that is left out has none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Autoscaling {
    /// Read capacity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<ScalingRange>,
    /// Write capacity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write: Option<ScalingRange>,
}

/// How one capacity scales.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.min <= self.max").message("autoscaling: min must not be above max"))]
pub struct ScalingRange {
    /// Least capacity units, at least 1.
    #[schemars(range(min = 1, max = 1000000000))]
    pub min: i64,
    /// Most capacity units.
    #[schemars(range(min = 1, max = 1000000000))]
    pub max: i64,
    /// Percent of the capacity that shall be in use, 20 to 90. Default: 70.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 20, max = 90))]
    pub target_utilization: Option<i32>,
    /// Seconds between two reductions. Absent: not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 86400))]
    pub scale_in_cooldown: Option<i32>,
    /// Seconds between two increases. Absent: not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 86400))]
    pub scale_out_cooldown: Option<i32>,
}

/// Time to live.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimeToLive {
    /// Whether items expire.
    pub enabled: bool,
    /// Number attribute with the moment, in seconds since 1970. Another attribute means off, an hour, and on again.
    #[schemars(length(min = 1, max = 255))]
    pub attribute_name: String,
}

/// Point-in-time recovery.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.enabled || !has(self.recoveryPeriodInDays)").message("spec.pointInTimeRecovery.recoveryPeriodInDays needs enabled: true"))]
pub struct PointInTimeRecovery {
    /// Whether any moment of the period can be restored.
    pub enabled: bool,
    /// Days, 1 to 35. AWS's default: 35.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 35))]
    pub recovery_period_in_days: Option<i32>,
}

/// CloudWatch contributor insights.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContributorInsights {
    /// Whether the most used keys are recorded.
    pub enabled: bool,
    /// `ACCESSED_AND_THROTTLED_KEYS` or `THROTTLED_KEYS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32), extend("enum" = ["ACCESSED_AND_THROTTLED_KEYS", "THROTTLED_KEYS", null]))]
    pub mode: Option<String>,
}

/// A Kinesis data stream that gets every change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.enabled == has(self.streamArn)").message("spec.kinesisDestination.streamArn is required when enabled is true, and only then"))]
pub struct KinesisDestination {
    /// Whether changes are sent.
    pub enabled: bool,
    /// Stream ARN. Another one means off and on again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 44, max = 1024),
        regex(pattern = r"^arn:[a-z-]+:kinesis:[a-z0-9-]+:[0-9]{12}:stream/[A-Za-z0-9_.-]+$")
    )]
    pub stream_arn: Option<String>,
    /// `MILLISECOND` or `MICROSECOND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 12), extend("enum" = ["MILLISECOND", "MICROSECOND", null]))]
    pub precision: Option<String>,
}

/// What a table is made from: exactly one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[has(self.snapshot), has(self.pointInTime), has(self.importFromS3)].filter(x, x).size() == 1").message("spec.source takes exactly one of snapshot, pointInTime and importFromS3"))]
pub struct Source {
    /// An on-demand backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<BackupSource>,
    /// The state of a table at a moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point_in_time: Option<TablePointInTime>,
    /// An export in S3. Needs `--trust-account`: a bucket has no tag that could allow a namespace to read it.
    #[serde(default, rename = "importFromS3", skip_serializing_if = "Option::is_none")]
    pub import_from_s3: Option<ImportFromS3>,
}

/// An on-demand backup, by a DbSnapshot object of the same namespace or by its ARN: exactly one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.name) != has(self.identifier)").message("spec.source.snapshot names a DbSnapshot of this namespace (name) or a backup in AWS (identifier)"))]
pub struct BackupSource {
    /// Name of a DbSnapshot in the same namespace; it is waited for until it is ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub name: Option<String>,
    /// Backup ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 55, max = 1024),
        regex(pattern = r"^arn:[a-z-]+:dynamodb:[a-z0-9-]+:[0-9]{12}:table/[A-Za-z0-9_.-]+/backup/[0-9a-z-]+$")
    )]
    pub identifier: Option<String>,
}

/// The state of a table at a moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.restoreTime) != (has(self.useLatestRestorableTime) && self.useLatestRestorableTime)").message("spec.source.pointInTime takes either restoreTime or useLatestRestorableTime: true"))]
pub struct TablePointInTime {
    /// Table name, or the ARN of one in another region.
    #[schemars(
        length(min = 3, max = 1024),
        regex(pattern = r"^(arn:[a-z-]+:dynamodb:[a-z0-9-]+:[0-9]{12}:table/)?[A-Za-z0-9_.-]+$")
    )]
    pub identifier: String,
    /// The moment, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_time: Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::Time>,
    /// The latest moment that can be restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_latest_restorable_time: Option<bool>,
}

/// First items of a new table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Items {
    /// The ConfigMap with the items.
    pub config_map_ref: ConfigMapKeyRef,
    /// `JSON` (default: plain JSON) or `DYNAMODB_JSON` (`{"id": {"S": "a"}}`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16), extend("enum" = ["JSON", "DYNAMODB_JSON", null]))]
    pub format: Option<String>,
}

/// A key of a ConfigMap in the object's own namespace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigMapKeyRef {
    /// Name of the ConfigMap.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Key in it: a JSON list of items, or one item on each line. Default: `items.json`.
    #[serde(default = "default_items_key")]
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}

fn default_items_key() -> String {
    "items.json".into()
}

/// Status of a DynamoTable.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct DynamoTableStatus {
    /// Fields that every kind has.
    #[serde(flatten)]
    pub shared: SharedStatus,
    /// What is particular to a table.
    #[serde(flatten)]
    pub facts: DynamoTableFacts,
}

/// What status tells about a table. Sizes and counts are not among it: they change without news.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DynamoTableFacts {
    /// TableId: another table of the same name has another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table_id: Option<String>,
    /// Billing mode in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_mode: Option<String>,
    /// Stream ARN, while the stream is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_arn: Option<String>,
    /// Global secondary indexes and AWS's word for their state.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub indexes: BTreeMap<String, String>,
    /// Replicas by region and AWS's word for their state.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub replicas: BTreeMap<String, String>,
    /// First items that are in the table, of how many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<ItemsProgress>,
    /// The import from S3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<ImportProgress>,
    /// Since when, to the day, the table can be restored to any moment. Shown where `pointInTimeRecovery` is managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earliest_restorable_time: Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::Time>,
    /// IAM policy (JSON) with the least that a workload needs to read and write this table and its indexes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer_policy: Option<String>,
    /// What deserves attention and stops nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advisories: Vec<String>,
}

/// How far the first items are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ItemsProgress {
    /// Written.
    #[schemars(extend("format" = "int32"))]
    pub written: u32,
    /// In the ConfigMap.
    #[schemars(extend("format" = "int32"))]
    pub total: u32,
}

/// The import from S3.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportProgress {
    /// ARN.
    pub arn: String,
    /// AWS's word for its state.
    pub status: String,
    /// Items that could not be imported.
    pub errors: i64,
    /// CloudWatch log group with what went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_group: Option<String>,
}
