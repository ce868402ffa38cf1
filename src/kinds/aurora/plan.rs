//! The plan of an AuroraServerless: one verdict, then the calls in the order of aws-rds.md 2.4.

use std::collections::BTreeMap;

use kube::ResourceExt;

use crate::aws::Seen;
use crate::aws::aurora::{Action, Cluster, Member, MemberSettings, Observed, Settings};
use crate::aws::rds;
use crate::aws::rds::version::{is_above, satisfies};
use crate::conditions::Reason;
use crate::kind::{End, Inputs, Kind, Plan, Problem, Step, Waiting, Want};
use crate::kinds::credentials::{self, Master, Mode, PasswordPlan, Wish};
use crate::kinds::deferred;
use crate::kinds::groups::Scope;
use crate::kinds::rds::PowerState;
use crate::life::{PASSWORD_UNSET, RESOURCE_ID, Verdict, recreate, take_over, verdict};
use crate::spec::{ManagementPolicy, annotation};
use crate::window::Timetable;

use super::acts::{self, FAILOVER_NOTE};
use super::changes::{self, ChangePlan};
use super::members::{self, MemberPlan};
use super::states::{State, gate, state};
use super::{AuroraServerless, creation, groups, pending, removal, tags};

/// Plans.
pub fn plan(
    object: &AuroraServerless,
    want: Want,
    inputs: &Inputs,
    observed: &Observed,
    identifier: &str,
) -> Plan<Action> {
    let what = format!("DB cluster {identifier}");
    let thing = object.thing(observed);
    let verdict = verdict(want, &object.spec.shared, inputs, &thing, &what);
    let cluster = observed.cluster.present();
    if let (Some(problem), Want::Present) = (cluster.and_then(|cluster| foreign_mode(&what, cluster)), want) {
        return Plan::refuse(problem);
    }
    match (verdict, cluster) {
        (Verdict::Create, _) => creation::plan(object, identifier, inputs, observed),
        (Verdict::Recreate(problem), _) => recreate(creation::plan(object, identifier, inputs, observed), problem),
        (Verdict::Manage, Some(cluster)) => manage(object, identifier, inputs, observed, cluster),
        (Verdict::Adopt(problem), Some(cluster)) => {
            let after = manage(object, identifier, inputs, observed, cluster);
            take_over(after, problem, claim(object, inputs, cluster))
        }
        (Verdict::Claim, Some(cluster)) => Plan { steps: vec![claim(object, inputs, cluster)], ..Plan::default() },
        (Verdict::Watch, Some(cluster)) => watch(cluster),
        (Verdict::Remove, Some(cluster)) => removal::plan(object, identifier, inputs, observed, cluster),
        (Verdict::Gone, _) => removal::leftovers(object, identifier, inputs, observed),
        (Verdict::Refuse(problem), _) => Plan::refuse(problem),
        (Verdict::Wait(waiting), _) => Plan::wait(waiting),
        (Verdict::LetGo, _) => Plan::release(),
        (Verdict::Manage | Verdict::Adopt(_) | Verdict::Claim | Verdict::Watch | Verdict::Remove, None) => {
            Plan::wait(Waiting::new(Reason::Unreadable, format!("{what} was not read")))
        }
    }
}

/// Clusters of another make take other calls than ours.
fn foreign_mode(what: &str, cluster: &Cluster) -> Option<Problem> {
    let mode = if cluster.without_vpc { Some("express (without a VPC)") } else { cluster.foreign_mode.as_deref() }?;
    let text =
        format!("{what} is a cluster of mode {mode}, which this kind does not manage; choose another spec.identifier");
    Some(Problem::new(Reason::Conflict, text))
}

fn watch(cluster: &Cluster) -> Plan<Action> {
    match in_progress(cluster, false) {
        Some(waiting) => Plan::wait(waiting),
        None => Plan { end: End::Settled, ..Plan::default() },
    }
}

/// Sets the owner's tags. A failover that the manifest asked of another cluster is not asked of this one.
fn claim(object: &AuroraServerless, inputs: &Inputs, cluster: &Cluster) -> Step<Action> {
    let action = Action::Rds(rds::Action::Tag { arn: cluster.arn.clone(), tags: inputs.owner.tags() });
    let step = Step::new("cluster", action, "take over this DB cluster by setting the owner tags")
        .noting(RESOURCE_ID, cluster.resource_id.clone());
    match object.annotations().get(annotation::FAILOVER) {
        Some(token) => step.noting(FAILOVER_NOTE, token.clone()),
        None => step,
    }
}

/// The mode of an object whose cluster is there. The password of what is merely observed is nobody's to draw.
pub fn mode_in_force(object: &AuroraServerless, inputs: &Inputs) -> Mode {
    let stored = &inputs.stored;
    let has_own =
        stored.password.is_some() || stored.next.is_some() || inputs.journal.notes.contains_key(PASSWORD_UNSET);
    let observes = object.spec.shared.management_policy == ManagementPolicy::Observe;
    if observes && object.spec.credentials.is_none() && !has_own {
        return Mode::None;
    }
    Mode::of(object.spec.credentials.as_ref())
}

fn password(object: &AuroraServerless, inputs: &Inputs, cluster: &Cluster) -> PasswordPlan<Action> {
    let master = Master {
        thing: "cluster",
        engine: cluster.settings.engine.as_deref(),
        mode: mode_in_force(object, inputs),
        rotation: object.spec.credentials.as_ref().and_then(|credentials| credentials.rotation.as_ref()),
        iam_only: false,
        was_replica: false,
        secret: cluster.master_secret.as_ref(),
        is_changing: cluster.password_pending || cluster.status == "resetting-master-credentials",
    };
    credentials::plan(&master, inputs, |wish| match wish {
        Wish::Set => Action::SetPassword,
        Wish::Manage { managed, kms_key_id } => Action::ManagePassword { managed, kms_key_id },
    })
}

fn manage(
    object: &AuroraServerless,
    identifier: &str,
    inputs: &Inputs,
    observed: &Observed,
    cluster: &Cluster,
) -> Plan<Action> {
    if state(&cluster.status) == State::Deleting {
        return Plan::wait(Waiting::new(Reason::Deleting, format!("AWS reports {}", cluster.status)));
    }
    let groups = groups::plan(object, identifier, inputs, observed);
    let gate = gate(cluster, inputs);
    let wanted = desired(object, identifier, inputs, observed);
    let window = wanted.preferred_maintenance_window.as_ref();
    let window = window.or(cluster.settings.preferred_maintenance_window.as_ref());
    let timetable = Timetable::new(object.spec.shared.change_policy.disruptive, window, inputs.now);
    let instance_group = groups::in_use(object, identifier, Scope::Instance, inputs, observed);
    let scene = changes::Scene {
        cluster,
        gate: gate.clone(),
        upgrade_gate: groups.not_ready(),
        timetable,
        allow_major: object.spec.allow_major_version_upgrade == Some(true),
        instance_parameter_group: instance_group.clone(),
        now: inputs.now,
    };
    let changes = changes::plan(wanted, inputs, &scene);
    let password = credentials::gated(password(object, inputs, cluster), gate.clone());
    let members = observed.members.present().cloned().unwrap_or_default();
    let acts = acts::plan(object, identifier, inputs, observed, cluster, &members, &gate, timetable);
    let of_members = member_plan(object, identifier, inputs, observed, cluster, gate, timetable, instance_group);
    let parts = Parts { groups, changes, password, of_members, acts };
    gathered(object, inputs, observed, cluster, &members, parts)
}

/// What is to be done about each part of a cluster.
struct Parts {
    groups: groups::GroupPlan,
    changes: ChangePlan,
    password: PasswordPlan<Action>,
    of_members: MemberPlan,
    acts: acts::ActPlan,
}

/// One plan of all parts, in the order of aws-rds.md 2.4.
fn gathered(
    object: &AuroraServerless,
    inputs: &Inputs,
    observed: &Observed,
    cluster: &Cluster,
    members: &BTreeMap<String, Member>,
    parts: Parts,
) -> Plan<Action> {
    let Parts { groups, changes, password, of_members, acts } = parts;
    let mut steps = tags::steps(object, inputs, cluster);
    steps.extend(groups.steps);
    steps.extend(changes.steps);
    steps.extend(password.step);
    steps.extend(acts.before);
    steps.extend(of_members.steps);
    steps.extend(acts.after);
    tags::note_all(object, inputs, cluster, members, &mut steps);
    let impossible = creation::impossible(object.spec.settings.scaling, &observed.capacities);
    let problem = broken(object, cluster, members)
        .or(groups.problem)
        .or(impossible)
        .or(changes.problem)
        .or(password.problem)
        .or(of_members.problem);
    let may_be_stopped = object.spec.power_state == Some(PowerState::Stopped);
    let rests = may_be_stopped && state(&cluster.status) == State::Stopped;
    let waiting = password
        .waiting
        .or(groups.waiting)
        .or_else(|| unsettled(inputs, cluster, may_be_stopped))
        .or(of_members.waiting.filter(|_| !rests))
        .or(acts.waiting)
        .or_else(|| credentials::unread(&mode_in_force(object, inputs), &observed.managed_password));
    let deferred = deferred(object.spec.shared.change_policy.disruptive, &pending(cluster));
    let settled = steps.is_empty() && problem.is_none() && waiting.is_none();
    Plan {
        steps,
        problem,
        waiting: waiting.or(deferred),
        promote_password: password.promote,
        forget: groups.forget.into_iter().chain(credentials::served(inputs)).collect(),
        noted: acts.noted,
        one_at_a_time: false,
        expired: false,
        end: if settled { End::Settled } else { End::Open },
    }
}

/// Members are planned only when they were read: what was not seen is neither made anew nor removed.
#[allow(clippy::too_many_arguments)]
fn member_plan(
    object: &AuroraServerless,
    identifier: &str,
    inputs: &Inputs,
    observed: &Observed,
    cluster: &Cluster,
    gate: Option<Waiting>,
    timetable: Timetable,
    instance_group: Option<String>,
) -> MemberPlan {
    let members = match &observed.members {
        Seen::Present(members) => members,
        Seen::Absent => &BTreeMap::new(),
        Seen::Unread(why) => {
            let waiting = Waiting::new(Reason::Unreadable, format!("the members could not be read: {why}"));
            return MemberPlan { waiting: Some(waiting), ..MemberPlan::default() };
        }
    };
    // The group of another family comes with the upgrade, not ahead of it.
    let is_of_family = is_upgraded(object, cluster);
    let instance_group = instance_group.filter(|_| is_of_family);
    let wanted = MemberSettings { db_parameter_group_name: instance_group, ..object.spec.members.clone() };
    members::plan(&members::Scene { object, identifier, inputs, cluster, members, wanted, gate, timetable })
}

/// Whether the version in force is the wanted one, or above it.
fn is_upgraded(object: &AuroraServerless, cluster: &Cluster) -> bool {
    match (&object.spec.settings.engine_version, &cluster.settings.engine_version) {
        (Some(wanted), Some(is)) => satisfies(is, wanted) || is_above(is, wanted),
        _ => true,
    }
}

/// The user's settings with the groups that the object owns.
fn desired(object: &AuroraServerless, identifier: &str, inputs: &Inputs, observed: &Observed) -> Settings {
    let mut settings = object.spec.settings.clone();
    if creation::impossible(settings.scaling, &observed.capacities).is_some() {
        settings.scaling = None;
    }
    settings.db_cluster_parameter_group_name = groups::in_use(object, identifier, Scope::Cluster, inputs, observed);
    if let Some(name) = groups::subnet_group(object, identifier) {
        settings.db_subnet_group_name = Some(name);
    }
    settings
}

/// States and secondary states that only a person can mend.
fn broken(object: &AuroraServerless, cluster: &Cluster, members: &BTreeMap<String, Member>) -> Option<Problem> {
    let problem = |text: String| Some(Problem::new(Reason::Broken, text));
    if let State::Mendable(remedy) | State::External(remedy) | State::Terminal(remedy) = state(&cluster.status) {
        return problem(format!("AWS reports {}: {remedy}", cluster.status));
    }
    let invalid = cluster.roles.iter().find(|(_, (_, status))| status == "INVALID");
    if let Some((feature, (role, _))) = object.spec.associated_roles.as_ref().and(invalid) {
        let of = if feature.is_empty() { "the cluster" } else { feature };
        return problem(format!("role {role} for {of} is INVALID: RDS cannot assume it; check its trust policy"));
    }
    let (name, member) = members.iter().find(|(_, member)| {
        let status = member.status.as_str();
        status == "failed" || status.starts_with("incompatible-") || status.starts_with("insufficient-")
    })?;
    problem(format!(
        "AWS reports member {name} {}: delete that member in AWS to have it made anew, or mend its cause",
        member.status
    ))
}

/// What AWS is still working on, by the cluster's status.
pub fn in_progress(cluster: &Cluster, may_be_stopped: bool) -> Option<Waiting> {
    let reason = match state(&cluster.status) {
        State::Available | State::Serving => return None,
        State::Stopped if may_be_stopped => return None,
        State::Stopped => Reason::Stopped,
        State::Deleting => Reason::Deleting,
        State::Down if cluster.status == "creating" => Reason::Creating,
        _ => Reason::Updating,
    };
    let progress = cluster.progress.as_ref().map(|percent| format!(" ({percent}%)")).unwrap_or_default();
    Some(Waiting::new(reason, format!("AWS reports {}{progress}", cluster.status)))
}

/// Whether AWS has really applied everything: `available` right after a change proves nothing, and a change of capacity
/// begins its work only after that.
fn unsettled(inputs: &Inputs, cluster: &Cluster, may_be_stopped: bool) -> Option<Waiting> {
    if let Some(waiting) = in_progress(cluster, may_be_stopped) {
        return Some(waiting);
    }
    for (is, text) in [
        (cluster.password_pending, "AWS is applying the master password"),
        (cluster.logs_pending, "AWS is changing the log exports"),
        (cluster.security_groups_changing, "AWS is changing the security groups"),
        (cluster.is_moving, "AWS is changing a part of the cluster"),
    ] {
        if is {
            return Some(Waiting::new(Reason::Updating, text));
        }
    }
    if let Some((feature, (_, status))) = cluster.roles.iter().find(|(_, (_, status))| status == "PENDING") {
        return Some(Waiting::new(Reason::Updating, format!("role for {feature} is {status}")));
    }
    let modifies = ["ModifyDBCluster", "EnableHttpEndpoint", "DisableHttpEndpoint", "FailoverDBCluster"];
    let call = inputs.journal.calls.get("cluster");
    if call.is_some_and(|call| modifies.contains(&call.operation.as_str())) && !inputs.has_settled("cluster") {
        let since = inputs.since_call("cluster").unwrap_or_default();
        let until = inputs.now + inputs.clocks.settle.saturating_sub(since);
        let text = "AWS may still show the state before the last change";
        return Some(Waiting::new(Reason::Settling, text).until(until));
    }
    None
}
