//! Settings by the names of their fields.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Puts fields into settings.
pub fn set<S: Serialize + DeserializeOwned>(settings: &mut S, values: Map<String, Value>) {
    let mut all = awsdb::diff::fields(settings);
    all.extend(values);
    *settings = serde_json::from_value(Value::Object(all)).expect("settings of the simulator");
}

/// Takes fields out of settings.
pub fn unset<'a, S: Serialize + DeserializeOwned>(settings: &mut S, names: impl IntoIterator<Item = &'a str>) {
    let mut all = awsdb::diff::fields(settings);
    for name in names {
        all.remove(name);
    }
    *settings = serde_json::from_value(Value::Object(all)).expect("settings of the simulator");
}
