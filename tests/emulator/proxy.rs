//! The fault proxy of the lab: its rules, and the calls that it saw (dev/EMULATOR.md).

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::lab::{Lab, ask};

/// A call as the proxy saw it.
#[derive(Clone, Debug, Deserialize)]
pub struct Call {
    /// Seconds since 1970.
    pub at: f64,
    pub operation: String,
    /// Identifier of the thing that it is about, where one is named.
    pub thing: String,
    /// The emulator's code; `None`: it has not seen the call.
    pub answer: Option<String>,
}

impl Call {
    /// Whether it is this operation about this thing.
    pub fn is(&self, operation: &str, thing: &str) -> bool {
        self.operation == operation && self.thing == thing
    }

    /// Whether AWS did it, whatever the client was told.
    pub fn took_effect(&self) -> bool {
        self.answer.as_deref() == Some("ok")
    }
}

/// No rule is left behind for the next test.
pub struct Faults {
    control: String,
}

impl Faults {
    pub fn of(lab: &Lab) -> Self {
        let faults = Self { control: lab.fact("/faults/control") };
        faults.end();
        faults.control("DELETE", "calls", "");
        faults
    }

    fn control(&self, method: &str, path: &str, body: &str) -> Value {
        let answer = ask(method, &format!("{}/{path}", self.control), body).expect("the proxy answers");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 "), "{method} {path}: {body}");
        serde_json::from_str(body).unwrap()
    }

    /// A rule: which calls it meets, and the one thing that it does to them. A rule of the same name is replaced.
    pub fn set(&self, name: &str, calls: Value, does: Value) {
        let mut rule = json!({"name": name, "do": does});
        let fields = calls.as_object().unwrap().clone();
        rule.as_object_mut().unwrap().extend(fields);
        self.control("POST", "rules", &json!([rule]).to_string());
    }

    /// The words with which a rule is refused.
    pub fn refused(&self, rule: &Value) -> String {
        let answer = ask("POST", &format!("{}/rules", self.control), &json!([rule]).to_string()).unwrap();
        assert!(answer.contains(" 400 "), "{answer}");
        answer
    }

    /// Ends all rules.
    pub fn end(&self) {
        self.control("DELETE", "rules", "");
    }

    /// How often a rule has met a call: a test whose fault never happened proves nothing.
    pub fn met(&self, name: &str) -> u64 {
        let rules = self.control("GET", "rules", "");
        let rule = rules.as_array().unwrap().iter().find(|rule| rule["name"] == name);
        rule.expect("the rule is set")["applied"].as_u64().unwrap()
    }

    pub fn calls(&self) -> Vec<Call> {
        serde_json::from_value(self.control("GET", "calls", "")).unwrap()
    }

    pub fn calls_of(&self, operation: &str, thing: &str) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.is(operation, thing)).collect()
    }

    /// Calls a second of an operation over the last seconds, the SDK's repeats included.
    pub fn pace(&self, operation: &str, window: Duration) -> f64 {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let since = (now - window).as_secs_f64();
        let count = self.calls().iter().filter(|call| call.operation == operation && call.at >= since).count();
        count as f64 / window.as_secs_f64()
    }
}

impl Drop for Faults {
    fn drop(&mut self) {
        let _ = ask("DELETE", &format!("{}/rules", self.control), "");
    }
}
