//! aws-database-operator: AWS databases as Kubernetes objects.
//!
//! Every reconcile of every kind is the same five steps, each with a name in the code: **gather** inputs, **observe** AWS,
//! **plan** (pure), **perform** the first runnable step of each thing, **publish** status, Secret and events. A failed
//! action ends the round and the next one plans afresh, so a crash anywhere is the same as a round that ended early.
//!
//! Who may call whom (enforced by `tests/architecture.rs`): [`controller`] and [`cli`] call [`kind`], [`conditions`],
//! [`approval`] and [`aws::Cloud`]; [`kinds`] know [`kind`], [`diff`], [`life`] and the types of [`aws`]; [`aws`] knows
//! nothing of ours. The SDK crates appear only under `src/aws`; `kube::Client` and `Api` only under `src/controller`, `src/cli`
//! and `main.rs`; kinds, planner and conditions have no clock, no network and no randomness.

#![forbid(unsafe_code)]

pub mod approval;
pub mod aws;
pub mod cli;
pub mod conditions;
pub mod config;
pub mod controller;
pub mod diff;
pub mod health;
pub mod kind;
pub mod kinds;
pub mod life;
pub mod metrics;
pub mod orphans;
pub mod schedule;
pub mod serve;
pub mod spec;
pub mod window;
