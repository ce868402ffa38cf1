//! DbSnapshot: the answers of the kind.

mod spec;

pub use spec::*;
