//! The plan of an RdsInstance: one verdict, then the calls in the order of aws-rds.md 1.5.

use crate::aws::rds::{Action, Instance, Observed, Settings};
use crate::conditions::Reason;
use crate::kind::{End, Inputs, Kind, Plan, Problem, Step, Waiting, Want};
use crate::life::{RESOURCE_ID, Verdict, recreate, take_over, verdict};

use crate::kinds::deferred;
use crate::window::Timetable;

use super::changes;
use super::gate::{Gate, PASSWORD};
use super::progress::{broken, in_progress, unsettled};
use super::states::{State, state};
use super::{RdsInstance, acts, creation, credentials, groups, pending, removal, tags};

/// Plans.
pub fn plan(object: &RdsInstance, want: Want, inputs: &Inputs, observed: &Observed, identifier: &str) -> Plan<Action> {
    let what = format!("DB instance {identifier}");
    if let Some(cluster) = observed.instance.present().and_then(|instance| instance.cluster.as_ref()) {
        return member(want, &what, cluster);
    }
    let thing = object.thing(observed);
    let verdict = verdict(want, &object.spec.shared, inputs, &thing, &what);
    match (verdict, observed.instance.present()) {
        (Verdict::Create, _) => creation::plan(object, identifier, inputs, observed),
        (Verdict::Recreate(problem), _) => recreate(creation::plan(object, identifier, inputs, observed), problem),
        (Verdict::Manage, Some(instance)) => manage(object, identifier, inputs, observed, instance),
        (Verdict::Adopt(problem), Some(instance)) => {
            take_over(manage(object, identifier, inputs, observed, instance), problem, claim(inputs, instance))
        }
        (Verdict::Claim, Some(instance)) => Plan { steps: vec![claim(inputs, instance)], ..Plan::default() },
        (Verdict::Watch, Some(instance)) => watch(instance),
        (Verdict::Remove, Some(instance)) => removal::plan(object, identifier, inputs, observed, instance),
        (Verdict::Gone, _) => removal::leftovers(object, identifier, inputs, observed),
        (Verdict::Refuse(problem), _) => Plan::refuse(problem),
        (Verdict::Wait(waiting), _) => Plan::wait(waiting),
        (Verdict::LetGo, _) => Plan::release(),
        (Verdict::Manage | Verdict::Adopt(_) | Verdict::Claim | Verdict::Watch | Verdict::Remove, None) => {
            Plan::wait(Waiting::new(Reason::Unreadable, format!("{what} was not read")))
        }
    }
}

/// A member of a cluster is never ours, so nothing keeps an object that goes.
fn member(want: Want, what: &str, cluster: &str) -> Plan<Action> {
    if want == Want::Absent {
        return Plan::release();
    }
    Plan::refuse(Problem::new(
        Reason::Conflict,
        format!(
            "{what} is a member of cluster {cluster}: members are managed through their cluster (kind AuroraServerless)"
        ),
    ))
}

fn watch(instance: &Instance) -> Plan<Action> {
    match in_progress(instance, None) {
        Some(waiting) => Plan::wait(waiting),
        None => Plan { end: End::Settled, ..Plan::default() },
    }
}

/// Sets the owner's tags.
fn claim(inputs: &Inputs, instance: &Instance) -> Step<Action> {
    let action = Action::Tag { arn: instance.arn.clone(), tags: inputs.owner.tags() };
    Step::new("instance", action, "take over this DB instance by setting the owner tags")
        .noting(RESOURCE_ID, instance.resource_id.clone())
}

fn manage(
    object: &RdsInstance,
    identifier: &str,
    inputs: &Inputs,
    observed: &Observed,
    instance: &Instance,
) -> Plan<Action> {
    if state(&instance.status) == State::Deleting {
        return Plan::wait(Waiting::new(Reason::Deleting, format!("AWS reports {}", instance.status)));
    }
    let groups = groups::plan(object, identifier, inputs, observed);
    let gate = Gate { upgrade: groups.not_ready(), ..Gate::of(instance, inputs) };
    let wanted = desired(object, identifier, inputs, observed);
    let window = wanted.preferred_maintenance_window.as_ref();
    let window = window.or(instance.settings.preferred_maintenance_window.as_ref());
    let timetable = Timetable::new(object.spec.shared.change_policy.disruptive, window, inputs.now);
    let allow_major = object.spec.allow_major_version_upgrade == Some(true);
    let changes = changes::plan(&wanted, instance, inputs, allow_major, &gate, timetable);
    let password = credentials::gated(credentials::plan(object, inputs, instance), gate.against(PASSWORD));
    let mut steps = tags::steps(object, inputs, instance);
    let reboot = acts::reboot(object, instance, &gate, timetable, &groups.steps);
    steps.extend(groups.steps);
    steps.extend(acts::promotion(object, inputs, instance, &gate, timetable));
    steps.extend(changes.steps);
    steps.extend(password.step);
    steps.extend(acts::roles(object, instance, &gate));
    steps.extend(reboot);
    steps.extend(acts::power(object, instance, &gate, timetable));
    let broken = broken(object, instance);
    let problem = broken.or(groups.problem).or(changes.problem).or(password.problem);
    let waiting = password.waiting.or(groups.waiting).or_else(|| unsettled(object, inputs, instance));
    let deferred = deferred(object.spec.shared.change_policy.disruptive, &pending(instance));
    let settled = steps.is_empty() && problem.is_none() && waiting.is_none();
    Plan {
        steps,
        problem,
        waiting: waiting.or(deferred),
        promote_password: password.promote,
        forget: groups.forget.into_iter().chain(credentials::served(inputs)).collect(),
        end: if settled { End::Settled } else { End::Open },
        ..Plan::default()
    }
}

/// The user's settings with the groups that the object owns. A parameter group is only wanted once it is ours and has
/// its values, so that a restart never happens on half of them.
fn desired(object: &RdsInstance, identifier: &str, inputs: &Inputs, observed: &Observed) -> Settings {
    let mut settings = object.spec.settings.clone();
    if let Some((name, _)) = groups::parameter_group(object, identifier) {
        let is_complete = groups::is_complete(object, inputs, observed, &name);
        settings.db_parameter_group_name = is_complete.then_some(name);
    }
    if let Some(name) = groups::subnet_group(object, identifier) {
        settings.db_subnet_group_name = Some(name);
    }
    settings
}
