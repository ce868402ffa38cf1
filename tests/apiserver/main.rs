//! The CRDs on a real API server: what it refuses and with which words, what it admits, what users see. Needs a lab:
//! `dev/lab.py run -- cargo test --test apiserver`.
//!
//! - [`kinds`]: what these tests must know of each kind;
//! - [`rules`]: a row for each CEL rule, refused with the right words, and a twin that is admitted;
//! - [`bounds`]: every bound of the schema, generated from the CRDs themselves;
//! - [`manifests`]: the examples and the YAML blocks of the documents;
//! - [`crd`]: installation, columns, names, defaults, `kubectl explain`, status.

mod bounds;
mod crd;
mod kinds;
mod lab;
mod manifests;
mod rules;
mod schema;
