//! The operator against a cloud and a cluster in memory: real state machines, every fault at every call, and a clock
//! that the test moves (architecture.md section 9, layer 3).

mod approvals;
mod aurora_convergence;
mod aurora_crashes;
mod aurora_credentials;
mod aurora_fields;
mod aurora_idle;
mod aurora_ownership;
mod aurora_random;
mod aurora_refusals;
mod aurora_removals;
mod aurora_sources;
mod aurora_statuses;
mod canary;
mod convergence;
mod crashes;
mod dynamo_budgets;
mod dynamo_convergence;
mod dynamo_crashes;
mod dynamo_idle;
mod dynamo_matrix;
mod dynamo_ownership;
mod dynamo_random;
mod dynamo_removals;
mod dynamo_rules;
mod dynamo_sources;
mod idle;
mod random;
mod rebuilt;
mod refusals;
mod regressions;
mod rules;
mod secrets;
mod sim;
mod statuses;
