//! When two values are the same to AWS.

use serde_json::Value;

/// Whether two policies say the same: AWS hands back a normalised document.
pub fn same_policy(one: &str, other: &str) -> bool {
    match (serde_json::from_str::<Value>(one), serde_json::from_str::<Value>(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}
