//! The operator's own binary against a real API server and an AWS emulator, under the ServiceAccount and the rights of the
//! chart. Needs a lab: `make test`, or `python3 dev/lab.py run -- cargo test --test emulator`.

mod aurora;
mod bad_input;
mod bulk;
mod clusters;
mod credentials;
mod dynamo;
mod dynamo_life;
mod faults;
mod figures;
mod knobs;
mod lab;
mod life;
mod orphans;
mod process;
mod proxy;
mod snapshots;
mod tables;
