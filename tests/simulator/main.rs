//! The operator against a cloud and a cluster in memory: real state machines, every fault at every call, and a clock
//! that the test moves (architecture.md section 9, layer 3).

mod approvals;
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
mod inventory;
mod random;
mod rebuilt;
mod references;
mod refusals;
mod regressions;
mod rules;
mod schedules;
mod secrets;
mod sim;
mod statuses;
