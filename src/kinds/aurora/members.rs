//! The members: one writer and the readers, added, changed, restarted and removed one call at a time (aws-rds.md 2.2, 2.4).

use std::collections::BTreeMap;

use crate::aws::aurora::normalise::member_towards;
use crate::aws::aurora::{Action, Cluster, MEMBER_CLASS, Member, MemberSettings};
use crate::aws::owner::Claim;
use crate::conditions::Reason;
use crate::diff;
use crate::kind::{Disruption, Inputs, Problem, Step, Waiting, When};
use crate::spec::{Change, DisruptivePolicy};
use crate::window::Timetable;

use super::AuroraServerless;
use super::groups::manages_parameters;
use super::states::{leaves, serves, settling};
use super::tags;

/// Thing name in plans: one call to one member per round.
pub const MEMBER: &str = "member";

/// What a plan of members looks at.
pub struct Scene<'a> {
    /// The object.
    pub object: &'a AuroraServerless,
    /// DBClusterIdentifier.
    pub identifier: &'a str,
    /// The inputs.
    pub inputs: &'a Inputs,
    /// The cluster.
    pub cluster: &'a Cluster,
    /// Its members.
    pub members: &'a BTreeMap<String, Member>,
    /// What a member is to be like.
    pub wanted: MemberSettings,
    /// Why nothing may be sent now.
    pub gate: Option<Waiting>,
    /// When disruptive steps run.
    pub timetable: Timetable,
}

/// The calls, and what they wait for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemberPlan {
    /// Calls in order.
    pub steps: Vec<Step<Action>>,
    /// What stands in the way.
    pub problem: Option<Problem>,
    /// What is being waited for.
    pub waiting: Option<Waiting>,
}

/// Name of a member by its number.
pub fn name(identifier: &str, number: i32) -> String {
    format!("{identifier}-{number}")
}

/// Number of a member that has a name of ours.
pub fn number(identifier: &str, name: &str) -> Option<i32> {
    name.strip_prefix(identifier)?.strip_prefix('-')?.parse().ok().filter(|number| (0..=15).contains(number))
}

/// Whether the cluster says that a member writes.
pub fn is_writer(cluster: &Cluster, name: &str) -> bool {
    cluster.members.get(name).is_some_and(|member| member.is_writer)
}

/// Plans the members of a cluster that is there and ours.
pub fn plan(scene: &Scene<'_>) -> MemberPlan {
    let mut plan = MemberPlan { problem: foreign(scene), ..MemberPlan::default() };
    if plan.problem.is_some() {
        return plan;
    }
    let present: BTreeMap<&String, &Member> = scene.members.iter().filter(|(_, member)| !leaves(member)).collect();
    // Absent is not managed: an adopted cluster keeps the readers that it has.
    let wanted = scene.object.spec.readers.map_or(present.len().max(1), |readers| readers.max(0) as usize + 1);
    for (name, member) in &present {
        let tags = tags::member_steps(scene.object, scene.inputs, name, member);
        plan.steps.extend(tags.into_iter().map(|step| scene.gated(step)));
        plan.steps.extend(modify(scene, name, member));
    }
    if present.len() < wanted {
        add(&mut plan, scene, &present, wanted);
    }
    if present.len() > wanted {
        plan.steps.extend(remove(scene, &present));
    }
    plan.steps.extend(reboot(scene, &present));
    plan.waiting = plan.waiting.or_else(|| moving(scene));
    plan
}

/// A member that somebody else's tags claim is a riddle that a person must solve.
fn foreign(scene: &Scene<'_>) -> Option<Problem> {
    let (name, owner) =
        scene.members.iter().find_map(|(name, member)| match scene.inputs.owner.claim(&member.tags) {
            Claim::Other(owner) => Some((name, owner)),
            _ => None,
        })?;
    Some(Problem::new(
        Reason::Conflict,
        format!(
            "member {name} of the cluster belongs to {owner} by its tags: no member is changed; delete that object (policy Retain), \
             or remove the tag"
        ),
    ))
}

impl Scene<'_> {
    fn gated(&self, step: Step<Action>) -> Step<Action> {
        match self.gate.clone().or_else(|| settling(self.inputs, MEMBER)) {
            Some(waiting) => step.when(When::After(waiting)),
            None => step,
        }
    }

    fn timed(&self, step: Step<Action>, when: When) -> Step<Action> {
        let step = self.gated(step);
        if matches!(step.when, When::After(_)) { step } else { step.when(when) }
    }
}

/// The first member is the writer, and the readers come once it is there.
fn add(plan: &mut MemberPlan, scene: &Scene<'_>, present: &BTreeMap<&String, &Member>, wanted: usize) {
    let engine = scene.cluster.settings.engine.clone().unwrap_or_default();
    let writer_comes = !present.is_empty() && !present.values().any(|member| serves(member));
    let free = (0..=15).filter(|number| !scene.members.contains_key(&name(scene.identifier, *number)));
    for number in free.take(wanted - present.len()) {
        let name = name(scene.identifier, number);
        let is_first =
            present.is_empty() && plan.steps.iter().all(|step| !matches!(step.action, Action::CreateMember { .. }));
        let role = if is_first { "the writer" } else { "a reader" };
        let action = Action::CreateMember {
            name: name.clone(),
            engine: engine.clone(),
            settings: Box::new(creation_settings(scene)),
            promotion_tier: tier(scene, number),
            tags: scene.object.spec.shared.tags_of(&scene.inputs.owner),
        };
        let change = Change { field: "members".into(), from: None, to: Some(name) };
        let step = Step::new(MEMBER, action, format!("{role} of the cluster")).changing(vec![change]);
        let waiting = Waiting::new(Reason::Creating, "readers follow when the writer is available");
        let step = scene.gated(step);
        let waits = writer_comes || (present.is_empty() && !is_first);
        plan.steps.push(match group_to_come(scene) {
            Some(group) => step.when(When::After(group)),
            None if waits => step.when(When::After(waiting)),
            None => step,
        });
    }
    plan.waiting = Some(Waiting::new(Reason::Creating, "members are being made"));
}

/// A member that is made without its group would wait for a restart to get it.
fn group_to_come(scene: &Scene<'_>) -> Option<Waiting> {
    let is_missing = scene.object.spec.parameters.is_some() && scene.wanted.db_parameter_group_name.is_none();
    is_missing.then(|| Waiting::new(Reason::Creating, "the parameter group of the members comes first"))
}

/// Defaults of the creation only: what is not in the spec is not managed afterwards.
fn creation_settings(scene: &Scene<'_>) -> MemberSettings {
    let mut settings = scene.wanted.clone();
    settings.publicly_accessible.get_or_insert(false);
    settings
}

/// Promotion tier of the members after the first.
fn tier(scene: &Scene<'_>, number: i32) -> Option<i32> {
    scene.object.spec.reader_promotion_tier.filter(|_| number > 0)
}

fn modify(scene: &Scene<'_>, name: &str, member: &Member) -> Vec<Step<Action>> {
    if member.status == "creating" {
        return Vec::new();
    }
    let steps = differences(scene, name, member);
    if matches!(member.status.as_str(), "available" | "storage-optimization") {
        return steps;
    }
    let busy =
        Waiting::new(Reason::Updating, format!("member {name} is {}; changes wait until it takes them", member.status));
    steps.into_iter().map(|step| step.when(When::After(busy.clone()))).collect()
}

fn differences(scene: &Scene<'_>, name: &str, member: &Member) -> Vec<Step<Action>> {
    let wanted = member_towards(scene.wanted.clone(), member);
    let mut changes = diff::changes(&wanted, &member.settings);
    let number = number(scene.identifier, name);
    let tier = number.and_then(|number| tier(scene, number)).filter(|tier| member.promotion_tier != Some(*tier));
    let certificate = changes.as_mut().and_then(|changes| changes.delta.ca_certificate_identifier.take());
    let mut steps = Vec::new();
    let changed = changes.as_ref().map(|changes| changes.changes.clone()).unwrap_or_default();
    let (of_certificate, mut quiet): (Vec<Change>, Vec<Change>) =
        changed.into_iter().map(|change| of(name, change)).partition(|c| c.field.ends_with("caCertificateIdentifier"));
    let mut settings = changes.map(|changes| changes.delta).unwrap_or_default();
    if let Some(tier) = tier {
        let from = member.promotion_tier.map(|tier| tier.to_string());
        quiet.push(of(name, Change { field: "promotionTier".into(), from, to: Some(tier.to_string()) }));
    }
    if !quiet.is_empty() {
        if settings.monitoring_interval.is_some() || settings.monitoring_role_arn.is_some() {
            settings.monitoring_interval = wanted.monitoring_interval;
            settings.monitoring_role_arn = wanted.monitoring_role_arn.clone();
        }
        steps.push(scene.gated(call(name, settings, tier, false, true).changing(quiet)));
    }
    if certificate.is_some() {
        let settings = MemberSettings { ca_certificate_identifier: certificate, ..MemberSettings::default() };
        let now = scene.timetable.policy() != DisruptivePolicy::Window;
        let step = call(name, settings, None, false, now).changing(of_certificate).class(Disruption::Reboot);
        steps.push(if member.has_pending {
            step.when(When::After(Waiting::new(
                Reason::WaitingForWindow,
                format!("AWS applies it to {name} in the window"),
            )))
        } else {
            scene.timed(step, sent(scene.timetable))
        });
    }
    // One of ours that is no serverless member any more was changed elsewhere; others of an adopted cluster are let be.
    if number.is_some() && member.class != MEMBER_CLASS && !member.has_pending {
        let change = Change { field: "class".into(), from: Some(member.class.clone()), to: Some(MEMBER_CLASS.into()) };
        let now = scene.timetable.policy() != DisruptivePolicy::Window;
        let step = call(name, MemberSettings::default(), None, true, now).changing(vec![of(name, change)]);
        steps.push(scene.timed(step.class(Disruption::Failover), sent(scene.timetable)));
    }
    steps
}

fn sent(timetable: Timetable) -> When {
    match timetable.policy() {
        DisruptivePolicy::Window => When::SentForWindow,
        DisruptivePolicy::Immediate => When::Now,
        DisruptivePolicy::Approve => When::Approval,
    }
}

fn of(name: &str, change: Change) -> Change {
    Change { field: format!("{name}.{}", change.field), ..change }
}

fn call(
    name: &str,
    settings: MemberSettings,
    promotion_tier: Option<i32>,
    serverless: bool,
    apply_immediately: bool,
) -> Step<Action> {
    let (name, settings) = (name.to_string(), Box::new(settings));
    let action = Action::ModifyMember { name, settings, promotion_tier, serverless, apply_immediately };
    Step::new(MEMBER, action, "")
}

/// A reader goes: never the writer, which would fail the cluster over; ours before others, the last made first.
fn remove(scene: &Scene<'_>, present: &BTreeMap<&String, &Member>) -> Option<Step<Action>> {
    let readers = present.iter().filter(|(name, _)| !is_writer(scene.cluster, name));
    let (name, _) = readers.max_by_key(|(name, member)| (number(scene.identifier, name), member.promotion_tier))?;
    let is_known = scene.cluster.members.values().any(|member| member.is_writer);
    let change = Change { field: "members".into(), from: Some(name.to_string()), to: None };
    let step = Step::new(MEMBER, Action::DeleteMember { name: name.to_string() }, "spec.readers is lower")
        .changing(vec![change])
        .class(Disruption::BriefInterruption);
    let unknown = Waiting::new(Reason::Updating, "AWS does not say which member writes");
    Some(if is_known { scene.timed(step, scene.timetable.asked()) } else { step.when(When::After(unknown)) })
}

/// Static parameters take effect at a reboot: readers first, the writer last.
fn reboot(scene: &Scene<'_>, present: &BTreeMap<&String, &Member>) -> Option<Step<Action>> {
    if !manages_parameters(scene.object) {
        return None;
    }
    let pending = |status: Option<&str>| status == Some("pending-reboot");
    let waits = present.iter().filter(|(name, member)| {
        let of_cluster = scene.cluster.members.get(**name).and_then(|one| one.parameter_group_status.as_deref());
        pending(of_cluster) || pending(member.parameter_apply_status.as_deref())
    });
    let (name, _) = waits.min_by_key(|(name, _)| (is_writer(scene.cluster, name), name.to_string()))?;
    let change = Change { field: name.to_string(), from: Some("pending-reboot".into()), to: Some("in-sync".into()) };
    let step =
        Step::new(MEMBER, Action::RebootMember { name: name.to_string() }, "static parameters take effect at a reboot")
            .changing(vec![change])
            .class(Disruption::Reboot);
    Some(scene.timed(step, scene.timetable.held()))
}

/// What AWS is still doing to a member.
fn moving(scene: &Scene<'_>) -> Option<Waiting> {
    let (name, member) =
        scene.members.iter().find(|(_, member)| member.status != "available" && member.status != "stopped")?;
    Some(Waiting::new(Reason::Updating, format!("AWS reports member {name} {}", member.status)))
}
