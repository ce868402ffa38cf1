//! Calls on an existing instance that are no ModifyDBInstance: promotion, roles, reboot, power (aws-rds.md 1.5 c, e to g).

use crate::aws::rds::{Action, Instance};
use crate::conditions::Reason;
use crate::kind::{Disruption, Inputs, Step, Waiting, When};
use crate::kinds::roles::{self, RoleCall};
use crate::life::PASSWORD_UNSET;
use crate::spec::Change;

use super::RdsInstance;
use super::credentials::{has_own_password, mode_of};
use super::gate::{Gate, REBOOT};
use super::groups::PARAMETER_GROUP;
use super::spec::PowerState;
use super::states::{State, state};
use crate::window::Timetable;

/// A read replica becomes an instance of its own. Until then it has its source's password.
pub fn promotion(
    object: &RdsInstance,
    inputs: &Inputs,
    instance: &Instance,
    gate: &Gate,
    timetable: Timetable,
) -> Option<Step<Action>> {
    let source = instance.replica_source.as_ref().filter(|_| object.spec.promote == Some(true))?;
    let settings = &object.spec.settings;
    let action = Action::Promote {
        backup_retention_period: settings.backup_retention_period.filter(|days| *days > 0),
        preferred_backup_window: settings.preferred_backup_window.clone(),
    };
    let change =
        Change { field: "promote".into(), from: Some(format!("replica of {source}")), to: Some("independent".into()) };
    let step = Step::new("instance", action, "promotion is one-way; the instance restarts")
        .changing(vec![change])
        .class(Disruption::Reboot);
    let mode = mode_of(object, false);
    let is_named = object.spec.credentials.is_some();
    let step = if is_named && has_own_password(object, &mode) {
        step.noting(PASSWORD_UNSET, inputs.now.to_string())
    } else {
        step
    };
    let backing_up =
        (instance.status == "backing-up").then(|| Waiting::new(Reason::Busy, "a backup is running; promotion waits"));
    Some(match backing_up.or_else(|| gate.any.clone()) {
        Some(waiting) => step.when(When::After(waiting)),
        None => step.when(timetable.asked()),
    })
}

/// Roles: what is to go first, then what is to come, each until AWS shows it.
pub fn roles(object: &RdsInstance, instance: &Instance, gate: &Gate) -> Vec<Step<Action>> {
    let Some(wanted) = &object.spec.associated_roles else { return Vec::new() };
    let wanted: Vec<_> = wanted.iter().map(|role| (role.feature_name.as_str(), role.role_arn.as_str())).collect();
    let steps = roles::steps("instance", &wanted, &instance.roles, |call| match call {
        RoleCall::Add { feature, role } => Action::AddRole { feature, role },
        RoleCall::Remove { feature, role } => Action::RemoveRole { feature, role },
    });
    match &gate.any {
        Some(waiting) => steps.into_iter().map(|step| step.when(When::After(waiting.clone()))).collect(),
        None => steps,
    }
}

/// Whether the spec says which parameters hold.
pub fn manages_parameters(object: &RdsInstance) -> bool {
    object.spec.parameters.is_some() || object.spec.settings.db_parameter_group_name.is_some()
}

/// Static parameters of a group that the spec names take effect at a reboot, and only after the last of them is set.
pub fn reboot(
    object: &RdsInstance,
    instance: &Instance,
    gate: &Gate,
    timetable: Timetable,
    groups: &[Step<Action>],
) -> Option<Step<Action>> {
    let recovering = instance.status == "incompatible-parameters";
    let is_pending = instance.parameter_apply_status.as_deref() == Some("pending-reboot");
    if !manages_parameters(object) || !(recovering || is_pending) {
        return None;
    }
    let unfinished = groups
        .iter()
        .any(|step| step.thing == PARAMETER_GROUP)
        .then(|| Waiting::new(Reason::Updating, "the reboot follows when every parameter of the group is set"));
    let when = match gate.against(REBOOT).or(unfinished) {
        Some(waiting) => When::After(waiting),
        // An instance that cannot serve its parameters loses nothing by a reboot.
        None if recovering => When::Now,
        None => timetable.held(),
    };
    let step = Step::new("instance", Action::Reboot, "static parameters take effect at a reboot");
    Some(step.class(Disruption::Reboot).when(when))
}

/// Runs or rests as the spec says; AWS starts a stopped instance after seven days.
pub fn power(object: &RdsInstance, instance: &Instance, gate: &Gate, timetable: Timetable) -> Option<Step<Action>> {
    let change = |to: &str| {
        vec![Change { field: "powerState".into(), from: Some(instance.status.clone()), to: Some(to.into()) }]
    };
    let step = match (object.spec.power_state?, state(&instance.status)) {
        (PowerState::Stopped, State::Available) => Step::new("instance", Action::Stop, "spec.powerState")
            .changing(change("Stopped"))
            .class(Disruption::Failover)
            .when(timetable.asked()),
        (PowerState::Running, State::Stopped) => {
            Step::new("instance", Action::Start, "spec.powerState").changing(change("Running"))
        }
        _ => return None,
    };
    Some(match &gate.settling {
        Some(waiting) => step.when(When::After(waiting.clone())),
        None => step,
    })
}
