//! What DynamoDB means by the same thing in other words (1.7).

use serde_json::{Map, Value};

use super::{Encryption, EncryptionType, OnDemandThroughput, WarmThroughput};

/// Warm throughput is a floor: AWS raises it by itself and never lowers it, nor takes a value below the one in force. A
/// raise of one dimension therefore keeps the other.
pub fn warm_towards(wanted: Option<WarmThroughput>, observed: Option<WarmThroughput>) -> Option<WarmThroughput> {
    let (Some(wanted), Some(is)) = (wanted, observed) else { return wanted };
    Some(WarmThroughput {
        read_units_per_second: wanted.read_units_per_second.max(is.read_units_per_second),
        write_units_per_second: wanted.write_units_per_second.max(is.write_units_per_second),
    })
}

/// -1 is the same as no cap, and a dimension that is left out is not managed. What differs is sent with both dimensions, so
/// that the other one keeps what it has.
pub fn cap_towards(
    wanted: Option<OnDemandThroughput>,
    observed: Option<OnDemandThroughput>,
) -> Option<OnDemandThroughput> {
    let (wanted, is) = (wanted?, observed.unwrap_or_default());
    let dimension = |wanted: Option<i64>, is: Option<i64>| match wanted {
        None => is,
        Some(-1) if is.is_none() => None,
        wanted => wanted,
    };
    let cap = OnDemandThroughput {
        max_read_request_units: dimension(wanted.max_read_request_units, is.max_read_request_units),
        max_write_request_units: dimension(wanted.max_write_request_units, is.max_write_request_units),
    };
    // Nothing wanted and nothing there.
    (cap != OnDemandThroughput::default()).then_some(cap)
}

/// DescribeTable does not tell AWS's own `aws/dynamodb` key from a customer's: either satisfies AWS_MANAGED, but for a
/// multi-region key, which AWS's own never is.
pub fn same_encryption(wanted: &Encryption, is: &Encryption) -> bool {
    match (wanted.type_, is.type_) {
        (EncryptionType::AwsManaged, EncryptionType::Kms | EncryptionType::AwsManaged) => {
            !is.kms_key_arn.as_deref().is_some_and(|arn| arn.contains(":key/mrk-"))
        }
        (EncryptionType::AwsOwned, EncryptionType::AwsOwned) => true,
        _ => wanted == is,
    }
}

/// Whether two resource policies say the same. AWS gives back a document of its own making: keys in another order, one-element
/// lists as single values, an account as the ARN of its root.
pub fn same_policy(one: &str, other: &str) -> bool {
    match (serde_json::from_str(one), serde_json::from_str(other)) {
        (Ok(one), Ok(other)) => canonical(one, false) == canonical(other, false),
        _ => one.trim() == other.trim(),
    }
}

/// Single values in place of lists of one; lists of values in order, since they are sets. Statements keep theirs.
fn canonical(value: Value, is_principal: bool) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(key, value)| (key.clone(), canonical(value, key == "AWS")))
                .collect::<Map<_, _>>(),
        ),
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(|item| canonical(item, is_principal)).collect();
            if items.iter().all(Value::is_string) {
                items.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
                items.dedup();
            }
            match items.len() {
                1 => items.remove(0),
                _ => Value::Array(items),
            }
        }
        Value::Bool(value) => Value::String(value.to_string()),
        Value::Number(value) => Value::String(value.to_string()),
        Value::String(text) if is_principal => Value::String(account(&text).unwrap_or(&text).into()),
        other => other,
    }
}

/// The account of `arn:<partition>:iam::<account>:root`.
fn account(principal: &str) -> Option<&str> {
    let rest = principal.strip_prefix("arn:")?.split_once(":iam::")?.1;
    rest.strip_suffix(":root").filter(|account| account.len() == 12)
}
