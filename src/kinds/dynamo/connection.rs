//! What workloads get: where the table is, and the least that IAM must allow them
//! (product.md section 4, aws-dynamodb-elasticache-dms.md 1.10).

use std::collections::BTreeMap;

use serde_json::json;

use crate::aws::Password;
use crate::aws::dynamo::{Observed, Table};
use crate::conditions::Reason;
use crate::kind::{Connection, Waiting};

const DATA: [&str; 12] = [
    "dynamodb:BatchGetItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "dynamodb:PartiQLSelect",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:UpdateItem",
    "dynamodb:DescribeTimeToLive",
];
const STREAM: [&str; 3] = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"];

/// The connection Secret.
///
/// # Errors
/// The table is not there.
pub fn connection(observed: &Observed) -> Result<Connection, Waiting> {
    let Some(table) = observed.table.present() else {
        return Err(Waiting::new(Reason::BindingIncomplete, "The table does not exist."));
    };
    let Some(place) = Place::of(table) else {
        return Err(Waiting::new(
            Reason::BindingIncomplete,
            format!("AWS gives an ARN without a region: {}", table.arn),
        ));
    };
    let host = format!("dynamodb.{}.{}", place.region, place.suffix);
    let endpoint = format!("https://{host}");
    let names: Vec<&str> = table.indexes.keys().chain(table.local_indexes.keys()).map(String::as_str).collect();
    let mut keys = BTreeMap::from([
        ("type", "dynamodb".to_string()),
        ("provider", "aws".into()),
        ("table", place.table.into()),
        ("arn", table.arn.clone()),
        ("region", place.region.into()),
        ("host", host),
        ("port", "443".into()),
        ("endpoint", endpoint.clone()),
        ("uri", endpoint),
        ("iam-policy", consumer_policy(table)),
    ]);
    if let Some(stream) = &table.stream_arn {
        keys.insert("stream-arn", stream.clone());
    }
    if !names.is_empty() {
        keys.insert("index-names", names.join(","));
    }
    let keys = keys.into_iter().map(|(key, value)| (key.to_string(), Password::new(value))).collect();
    Ok(Connection { secret_type: "servicebinding.io/dynamodb".into(), keys })
}

/// What an ARN tells.
struct Place<'a> {
    region: &'a str,
    suffix: &'static str,
    table: &'a str,
}

impl<'a> Place<'a> {
    fn of(table: &'a Table) -> Option<Self> {
        let mut parts = table.arn.split(':').skip(1);
        let (partition, region) = (parts.next()?, parts.nth(1)?);
        let table = table.arn.rsplit_once('/')?.1;
        let suffix = match partition {
            "aws-cn" => "amazonaws.com.cn",
            "aws-iso" => "c2s.ic.gov",
            "aws-iso-b" => "sc2s.sgov.gov",
            "aws-iso-e" => "cloud.adc-e.uk",
            "aws-iso-f" => "csp.hci.ic.gov",
            "aws-eusc" => "amazonaws.eu",
            _ => "amazonaws.com",
        };
        Some(Self { region, suffix, table })
    }
}

/// The least that a workload needs to read and write the table, its indexes and its stream, as an IAM policy.
pub fn consumer_policy(table: &Table) -> String {
    let mut resources = vec![table.arn.clone()];
    if !table.indexes.is_empty() || !table.local_indexes.is_empty() {
        resources.push(format!("{}/index/*", table.arn));
    }
    let mut statements = vec![json!({ "Effect": "Allow", "Action": DATA, "Resource": resources })];
    if table.stream_arn.is_some() {
        statements.push(json!({ "Effect": "Allow", "Action": STREAM, "Resource": format!("{}/stream/*", table.arn) }));
    }
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}
