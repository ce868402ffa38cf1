//! What AWS is still working on, and what it has given up on (aws-rds.md 1.4, planner rule 4).

use crate::aws::rds::Instance;
use crate::conditions::Reason;
use crate::kind::{Inputs, Problem, Waiting};

use super::RdsInstance;
use super::acts::manages_parameters;
use super::spec::PowerState;
use super::states::{State, state};

/// States and secondary states that only a person can mend.
pub fn broken(object: &RdsInstance, instance: &Instance) -> Option<Problem> {
    let problem = |text: String| Some(Problem::new(Reason::Broken, text));
    match state(&instance.status) {
        State::Mendable(remedy) | State::External(remedy) | State::Terminal(remedy) => {
            problem(format!("AWS reports {}: {remedy}", instance.status))
        }
        State::StorageFull => Some(Problem::new(
            Reason::StorageFull,
            "AWS reports storage-full: raise spec.allocatedStorage (all other changes wait for that)",
        )),
        _ => degraded(object, instance).and_then(problem),
    }
}

/// Parts that have failed while the instance serves.
fn degraded(object: &RdsInstance, instance: &Instance) -> Option<String> {
    let spec = &object.spec;
    if let Some(message) = &instance.replication_broken {
        return Some(format!("replication has stopped: {message}; if it does not resume, make the replica anew"));
    }
    if manages_parameters(object) && instance.parameter_apply_status.as_deref() == Some("failed-to-apply") {
        return Some("AWS could not apply the parameters: correct spec.parameters (or the parameter group)".into());
    }
    let failed = |(name, status): (&String, &String)| (status == "failed").then(|| name.clone());
    if let Some(name) = spec.settings.option_group_name.as_ref().and(instance.option_groups.iter().find_map(failed)) {
        return Some(format!("option group {name} has failed: correct it, or spec.optionGroupName"));
    }
    if let Some(name) = spec.settings.domain.as_ref().and(instance.domains.iter().find_map(failed)) {
        return Some(format!("joining domain {name} has failed: check spec.domain, the role and the network"));
    }
    let invalid = instance.roles.iter().find(|(_, (_, status))| status == "INVALID");
    let (feature, (role, _)) = spec.associated_roles.as_ref().and(invalid)?;
    Some(format!("role {role} for {feature} is INVALID: RDS cannot assume it; check its trust policy"))
}

/// What AWS is still working on, by its status.
pub fn in_progress(instance: &Instance, power_state: Option<PowerState>) -> Option<Waiting> {
    let reason = match state(&instance.status) {
        State::Available | State::StorageBusy | State::Serving => return None,
        State::Stopped if power_state == Some(PowerState::Stopped) => return None,
        State::Stopped => Reason::Stopped,
        State::Deleting => Reason::Deleting,
        State::Down if instance.status == "creating" => Reason::Creating,
        _ => Reason::Updating,
    };
    let progress = instance.progress.as_ref().map(|percent| format!(" ({percent}%)")).unwrap_or_default();
    Some(Waiting::new(reason, format!("AWS reports {}{progress}", instance.status)))
}

/// Whether AWS has really applied everything: `available` right after a change proves nothing.
pub fn unsettled(object: &RdsInstance, inputs: &Inputs, instance: &Instance) -> Option<Waiting> {
    if let Some(waiting) = in_progress(instance, object.spec.power_state) {
        return Some(waiting);
    }
    if let Some(text) = moving(instance) {
        return Some(Waiting::new(Reason::Updating, text));
    }
    let modified = inputs.journal.calls.get("instance").is_some_and(|call| call.operation == "ModifyDBInstance");
    if modified && !inputs.has_settled("instance") {
        let since = inputs.since_call("instance").unwrap_or_default();
        let until = inputs.now + inputs.clocks.settle.saturating_sub(since);
        return Some(
            Waiting::new(Reason::Settling, "AWS may still show the state before the last change").until(until),
        );
    }
    None
}

/// Parts that AWS changes while the status says available.
fn moving(instance: &Instance) -> Option<String> {
    for (is, text) in [
        (instance.password_pending, "AWS is applying the master password"),
        (instance.logs_pending, "AWS is changing the log exports"),
        (instance.security_groups_changing, "AWS is changing the security groups"),
        (instance.parameter_apply_status.as_deref() == Some("applying"), "AWS is applying parameters"),
    ] {
        if is {
            return Some(text.into());
        }
    }
    let is_moving = |status: &str| matches!(status, "pending-apply" | "applying" | "pending-removal" | "removing");
    if let Some((name, status)) = instance.option_groups.iter().find(|(_, status)| is_moving(status)) {
        return Some(format!("option group {name} is {status}"));
    }
    let is_joining = |status: &str| status.starts_with("pending-") && !status.starts_with("pending-maintenance");
    if let Some((name, status)) = instance.domains.iter().find(|(_, status)| is_joining(status)) {
        return Some(format!("domain {name} is {status}"));
    }
    let (feature, (_, status)) = instance.roles.iter().find(|(_, (_, status))| status == "PENDING")?;
    Some(format!("role for {feature} is {status}"))
}
