//! Every field of a table that can be changed: at once what the user wants (flattened into the spec) and what AWS
//! reports (aws-dynamodb-elasticache-dms.md 1.1). An absent field is not managed.

use std::collections::{BTreeMap, BTreeSet};

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How requests are paid for: `PAY_PER_REQUEST` (this operator's default for a new table) or `PROVISIONED`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BillingMode {
    /// On demand: AWS bills each request.
    PayPerRequest,
    /// Capacity units are reserved, fixed or autoscaled.
    Provisioned,
}

impl BillingMode {
    /// AWS's word.
    pub fn word(self) -> &'static str {
        match self {
            BillingMode::PayPerRequest => "PAY_PER_REQUEST",
            BillingMode::Provisioned => "PROVISIONED",
        }
    }
}

/// `STANDARD` or `STANDARD_INFREQUENT_ACCESS` (cheaper storage, dearer requests). AWS allows two changes in 30 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TableClass {
    /// Cheaper requests.
    Standard,
    /// Cheaper storage.
    StandardInfrequentAccess,
}

impl TableClass {
    /// AWS's word.
    pub fn word(self) -> &'static str {
        match self {
            TableClass::Standard => "STANDARD",
            TableClass::StandardInfrequentAccess => "STANDARD_INFREQUENT_ACCESS",
        }
    }
}

/// Type of a key attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum AttributeType {
    /// String.
    #[default]
    S,
    /// Number.
    N,
    /// Binary.
    B,
}

impl AttributeType {
    /// AWS's letter.
    pub fn word(self) -> &'static str {
        match self {
            AttributeType::S => "S",
            AttributeType::N => "N",
            AttributeType::B => "B",
        }
    }
}

/// A key attribute with its type: attribute definitions follow from these and are never written twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyAttribute {
    /// Attribute name, 1 to 255 characters.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// `S` (string), `"N"` (number, in quotes: YAML takes a plain N for `false`) or `B` (binary).
    #[serde(rename = "type")]
    pub type_: AttributeType,
}

/// Primary key of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// Partition key.
    pub hash: KeyAttribute,
    /// Sort key.
    pub range: Option<KeyAttribute>,
}

/// Provisioned capacity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Throughput {
    /// Strongly consistent reads of up to 4 KB per second, at least 1.
    #[schemars(range(min = 1, max = 1000000000))]
    pub read_capacity_units: i64,
    /// Writes of up to 1 KB per second, at least 1.
    #[schemars(range(min = 1, max = 1000000000))]
    pub write_capacity_units: i64,
}

/// Caps of on-demand capacity. An absent dimension is not managed; -1 removes a cap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[has(self.maxReadRequestUnits), has(self.maxWriteRequestUnits)].exists(x, x)").message("onDemandThroughput needs maxReadRequestUnits, maxWriteRequestUnits or both; -1 removes a cap"), validation = Rule::new("(!has(self.maxReadRequestUnits) || self.maxReadRequestUnits != 0) && (!has(self.maxWriteRequestUnits) || self.maxWriteRequestUnits != 0)").message("onDemandThroughput: a cap is at least 1; -1 removes it"))]
pub struct OnDemandThroughput {
    /// Most read request units per second; -1: no cap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -1, max = 1000000000))]
    pub max_read_request_units: Option<i64>,
    /// Most write request units per second; -1: no cap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -1, max = 1000000000))]
    pub max_write_request_units: Option<i64>,
}

/// Throughput that is ready at any moment. A floor: AWS raises it by itself and never lowers it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct WarmThroughput {
    /// Reads per second.
    #[schemars(range(min = 1, max = 1000000000))]
    #[x_kube(validation = Rule::new("self >= oldSelf").message("warmThroughput.readUnitsPerSecond cannot be lowered: AWS never takes warm throughput away; remove the field to stop managing it"))]
    pub read_units_per_second: i64,
    /// Writes per second.
    #[schemars(range(min = 1, max = 1000000000))]
    #[x_kube(validation = Rule::new("self >= oldSelf").message("warmThroughput.writeUnitsPerSecond cannot be lowered: AWS never takes warm throughput away; remove the field to stop managing it"))]
    pub write_units_per_second: i64,
}

/// The change stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.enabled == has(self.viewType)").message("spec.stream.viewType is required when spec.stream.enabled is true, and only then"))]
pub struct Stream {
    /// Whether changes are published.
    pub enabled: bool,
    /// `KEYS_ONLY`, `NEW_IMAGE`, `OLD_IMAGE` or `NEW_AND_OLD_IMAGES`. Changing it turns the stream off and on again: its
    /// ARN changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 18), extend("enum" = ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", null]))]
    pub view_type: Option<String>,
}

/// Encryption at rest. A table is always encrypted; this chooses whose key does it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("(self.type == 'KMS') == has(self.kmsKeyArn)").message("spec.encryption.kmsKeyArn is required for type KMS, and only then"))]
pub struct Encryption {
    /// `AWS_OWNED` (free), `AWS_MANAGED` (`aws/dynamodb`) or `KMS` (a key of yours). AWS allows four changes a day.
    #[serde(rename = "type")]
    pub type_: EncryptionType,
    /// Key ARN (not an alias or id), symmetric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 37, max = 2048),
        regex(pattern = r"^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$")
    )]
    pub kms_key_arn: Option<String>,
}

/// Whose key encrypts a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EncryptionType {
    /// DynamoDB's own key.
    #[default]
    AwsOwned,
    /// The account's `aws/dynamodb` key.
    AwsManaged,
    /// A customer key.
    Kms,
}

/// Settings that UpdateTable changes. Names are AWS's API members in lowerCamelCase, or those of the design.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// `PAY_PER_REQUEST` (the default of this operator for a new table) or `PROVISIONED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_mode: Option<BillingMode>,
    /// Capacity of a PROVISIONED table. With `autoscaling` it is where a new table begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioned_throughput: Option<Throughput>,
    /// Caps of a PAY_PER_REQUEST table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_demand_throughput: Option<OnDemandThroughput>,
    /// Throughput that is ready at any moment. Raised only, which takes minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_throughput: Option<WarmThroughput>,
    /// `STANDARD` or `STANDARD_INFREQUENT_ACCESS`. AWS allows two changes in 30 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table_class: Option<TableClass>,
    /// The change stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<Stream>,
    /// Encryption at rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    /// AWS refuses to delete the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_protection: Option<bool>,
    /// Resource-based policy, JSON, at most 20480 bytes; empty removes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20480))]
    #[x_kube(validation = Rule::new("self == '' || self.startsWith('{')").message("spec.resourcePolicy is a JSON object, or empty to remove the policy"))]
    pub resource_policy: Option<String>,
}

/// What an index holds of an item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("(self.type == 'INCLUDE') == (has(self.nonKeyAttributes) && size(self.nonKeyAttributes) > 0)").message("projection.nonKeyAttributes is required for type INCLUDE, and only then"))]
pub struct Projection {
    /// `ALL`, `KEYS_ONLY` or `INCLUDE`.
    #[serde(rename = "type")]
    pub type_: ProjectionType,
    /// Attributes besides the keys, 1 to 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20), inner(length(min = 1, max = 255)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub non_key_attributes: Option<BTreeSet<String>>,
}

/// What an index holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ProjectionType {
    /// Every attribute.
    #[default]
    All,
    /// The keys of table and index.
    KeysOnly,
    /// The keys and the named attributes.
    Include,
}

impl ProjectionType {
    /// AWS's word.
    pub fn word(self) -> &'static str {
        match self {
            ProjectionType::All => "ALL",
            ProjectionType::KeysOnly => "KEYS_ONLY",
            ProjectionType::Include => "INCLUDE",
        }
    }
}

/// A global secondary index without its name. Keys and projection cannot change in place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// Partition key: one to four attributes.
    pub hash: Vec<KeyAttribute>,
    /// Sort key: none to four attributes.
    pub range: Vec<KeyAttribute>,
    /// What it holds.
    pub projection: Projection,
    /// Capacity, where the table is PROVISIONED.
    pub throughput: Option<Throughput>,
    /// Caps, where the table is on demand.
    pub cap: Option<OnDemandThroughput>,
    /// Warm throughput.
    pub warm: Option<WarmThroughput>,
}

/// A local secondary index without its name: made with the table, and as long as it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalIndex {
    /// Sort key; the partition key is the table's.
    pub range: KeyAttribute,
    /// What it holds.
    pub projection: Projection,
}

/// A replica of the table in another region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.kmsKeyArn) || self.kmsKeyArn.split(':', 5)[3] == self.region").message("kmsKeyArn of a replica is a key in the replica's own region"))]
pub struct Replica {
    /// Region.
    #[schemars(length(min = 1, max = 32), regex(pattern = r"^[a-z]{2,4}(-[a-z]+)+-[0-9]$"))]
    pub region: String,
    /// Key ARN in that region; required when the table has a customer key. Changing it means removing and making the
    /// replica.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 37, max = 2048),
        regex(pattern = r"^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$")
    )]
    pub kms_key_arn: Option<String>,
    /// Its own table class; absent: as the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table_class: Option<TableClass>,
    /// Its own read capacity; absent: as the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000000000))]
    pub read_capacity_units: Option<i64>,
    /// Its own read cap; absent: as the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000000000))]
    pub max_read_request_units: Option<i64>,
    /// Point-in-time recovery of the replica.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point_in_time_recovery: Option<bool>,
    /// Deletion protection of the replica.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_protection: Option<bool>,
    /// Tags of the replica, besides the ownership tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 45, "additionalProperties" = {"type": "string", "maxLength": 256}))]
    #[x_kube(validation = Rule::new("self.all(k, size(k) >= 1 && size(k) <= 128 && !k.lowerAscii().startsWith('aws:') && !k.startsWith('awsdb.dev/'))").message("tag keys of a replica have 1 to 128 characters and do not begin with aws: or awsdb.dev/ (those are AWS's and the operator's)"))]
    pub tags: Option<BTreeMap<String, String>>,
}

/// An export in S3 from which a new table is filled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.inputFormat == 'CSV' || !has(self.csv)").message("spec.source.importFromS3.csv is for inputFormat CSV only"))]
pub struct ImportFromS3 {
    /// Bucket.
    #[schemars(length(min = 3, max = 255), regex(pattern = r"^[a-z0-9A-Z][.\-\w]*[a-z0-9A-Z]$"))]
    pub bucket: String,
    /// Account that owns the bucket. Default: the operator's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 12, max = 12), regex(pattern = r"^[0-9]{12}$"))]
    pub bucket_owner: Option<String>,
    /// Objects whose keys begin with this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub key_prefix: Option<String>,
    /// `DYNAMODB_JSON`, `ION` or `CSV`.
    #[schemars(length(max = 16), extend("enum" = ["DYNAMODB_JSON", "ION", "CSV"]))]
    pub input_format: String,
    /// `GZIP`, `ZSTD` or `NONE` (default).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8), extend("enum" = ["GZIP", "ZSTD", "NONE", null]))]
    pub input_compression_type: Option<String>,
    /// How CSV is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csv: Option<Csv>,
}

impl ImportFromS3 {
    /// As an import that was made from it says: `s3://bucket/prefix`.
    pub fn source(&self) -> String {
        s3_source(&self.bucket, self.key_prefix.as_deref())
    }
}

pub(super) fn s3_source(bucket: &str, prefix: Option<&str>) -> String {
    format!("s3://{bucket}/{}", prefix.unwrap_or_default())
}

/// How CSV is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Csv {
    /// One of `,` `;` `:` `|` tab and space. Default: comma.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1), regex(pattern = r"^[,;:|\t ]$"))]
    pub delimiter: Option<String>,
    /// Column names; without them the first line has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), inner(length(min = 1, max = 255)))]
    pub header_list: Option<Vec<String>>,
}
