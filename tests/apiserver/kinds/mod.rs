//! What these tests must know of each kind: data only, the engines in [`crate::rules`], [`crate::bounds`] and
//! [`crate::crd`] are the same for all.

pub mod aurora;
pub mod dynamo;
pub mod rds;
pub mod shared;
pub mod snapshot;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::rules::Row;

/// Every kind that has a CRD.
pub const KINDS: &[Kind] = &[rds::KIND, aurora::KIND, dynamo::KIND, snapshot::KIND];

/// One kind.
pub struct Kind {
    /// E.g. `RdsInstance`.
    pub name: &'static str,
    /// Name for `kubectl get`.
    pub short: &'static str,
    /// Spec of a small new object.
    pub smallest: fn() -> Value,
    /// Rows for its own rules.
    pub rows: fn() -> Vec<Row>,
    /// Fields of its own with a pattern.
    pub patterns: &'static [Pattern],
    /// Fields without a pattern of which a rule wants a certain form: how a text of any length is made.
    pub texts: &'static [(&'static str, Make)],
    /// Fields of which a rule allows only some values, so that no value lies at the bound: one that is inside (JSON).
    pub inside: &'static [(&'static str, &'static str)],
    /// What a rule wants beside a field of this value: a merge patch, in which `[]` is every item of a list.
    pub neighbours: fn(&str, &Value) -> Value,
    /// Objects have a connection Secret. Otherwise a rule of the kind refuses every field below `spec.connectionSecret`,
    /// whose own rules and bounds are tried on the other kinds.
    pub has_secret: bool,
    /// Print columns, usual and wide.
    pub columns: [&'static [&'static str]; 2],
    /// A status with every field, and words of it that the columns show.
    pub status: fn() -> (Value, &'static [&'static str]),
    /// A status as the operator reads and writes it.
    pub again: fn(&Value) -> Value,
    /// A field of the spec, and words of its description.
    pub explained: (&'static str, &'static str),
}

/// A text of a length that fits the pattern of a field.
pub type Make = fn(usize) -> String;

/// A field with a pattern: how a text of any length is made, what else fits, and what does not.
pub struct Pattern {
    /// E.g. `spec.subnetIds.[]`.
    pub at: &'static str,
    /// Makes a text that fits.
    pub make: Make,
    /// What AWS takes.
    pub good: &'static [&'static str],
    /// What AWS refuses.
    pub bad: &'static [&'static str],
}

impl Kind {
    /// Rows for all rules of its CRD.
    pub fn all_rows(&self) -> Vec<Row> {
        let smallest = (self.smallest)();
        let secret = if self.has_secret { shared::secret_rows(&smallest) } else { Vec::new() };
        [(self.rows)(), shared::rows(&smallest), secret].into_iter().flatten().collect()
    }

    /// Whether a node of the schema (`spec.tags.{}`) can be tried on this kind.
    pub fn can_try(&self, at: &str) -> bool {
        self.has_secret || !at.starts_with("spec.connectionSecret.")
    }

    /// The pattern of a field.
    pub fn pattern(&self, at: &str) -> Option<&'static Pattern> {
        self.all_patterns().find(|pattern| pattern.at == at)
    }

    /// Its own patterns and those of the shared fields.
    pub fn all_patterns(&self) -> impl Iterator<Item = &'static Pattern> {
        self.patterns.iter().chain(shared::PATTERNS).filter(|pattern| self.can_try(pattern.at))
    }
}

/// Reads a status and writes it.
pub fn again<T: DeserializeOwned + Serialize>(status: &Value) -> Value {
    serde_json::to_value(serde_json::from_value::<T>(status.clone()).unwrap()).unwrap()
}
