//! Calls on an existing cluster that are no ModifyDBCluster: Data API, roles, custom endpoints, failover, power
//! (aws-rds.md 2.4).

use std::collections::{BTreeMap, BTreeSet};

use kube::ResourceExt;

use crate::aws::Seen;
use crate::aws::aurora::{Action, Cluster, CustomEndpoint, EndpointType, Member, Observed};
use crate::conditions::Reason;
use crate::kind::{Disruption, Inputs, Step, Waiting, When};
use crate::kinds::rds::PowerState;
use crate::kinds::roles::{self, RoleCall};
use crate::spec::{Change, annotation};
use crate::window::Timetable;

use super::AuroraServerless;
use super::members::{is_writer, name};
use super::states::{State, serves, state};

/// Note with the failover token that was honoured last.
pub const FAILOVER_NOTE: &str = "failover";
/// Note that a custom endpoint of ours was made: `customEndpoint/<identifier of the endpoint>`.
pub const ENDPOINT_NOTE: &str = "customEndpoint/";
const ENDPOINT: &str = "customEndpoint";

/// The calls, around those to members, and what they wait for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ActPlan {
    /// What precedes the members.
    pub before: Vec<Step<Action>>,
    /// What follows them.
    pub after: Vec<Step<Action>>,
    /// What is being waited for.
    pub waiting: Option<Waiting>,
    /// What was seen to have happened.
    pub noted: Vec<(String, String)>,
}

/// Plans all of it.
#[allow(clippy::too_many_arguments)]
pub fn plan(
    object: &AuroraServerless,
    identifier: &str,
    inputs: &Inputs,
    observed: &Observed,
    cluster: &Cluster,
    members: &BTreeMap<String, Member>,
    gate: &Option<Waiting>,
    timetable: Timetable,
) -> ActPlan {
    let (mut after, waiting) = endpoints(object, identifier, inputs, &observed.custom_endpoints, members, gate);
    after.extend(failover(object, inputs, cluster, members, gate, timetable));
    after.extend(power(object, inputs, cluster, timetable));
    let before = http_endpoint(object, cluster, gate).into_iter().chain(roles(object, cluster, gate)).collect();
    let noted = failed_over(object, inputs, cluster);
    ActPlan { before, after, waiting, noted: noted.into_iter().collect() }
}

fn gated(step: Step<Action>, gate: &Option<Waiting>) -> Step<Action> {
    match gate {
        Some(waiting) => step.when(When::After(waiting.clone())),
        None => step,
    }
}

/// The Data API, on or off.
fn http_endpoint(object: &AuroraServerless, cluster: &Cluster, gate: &Option<Waiting>) -> Option<Step<Action>> {
    let wanted = object.spec.settings.enable_http_endpoint?;
    let is = cluster.settings.enable_http_endpoint.unwrap_or(false);
    if wanted == is || cluster.status == "creating" {
        return None;
    }
    let change =
        Change { field: "enableHttpEndpoint".into(), from: Some(is.to_string()), to: Some(wanted.to_string()) };
    let action = Action::HttpEndpoint { arn: cluster.arn.clone(), enabled: wanted };
    Some(gated(Step::new("cluster", action, "").changing(vec![change]), gate))
}

/// Roles: what is to go first, then what is to come, each until AWS shows it.
fn roles(object: &AuroraServerless, cluster: &Cluster, gate: &Option<Waiting>) -> Vec<Step<Action>> {
    let Some(wanted) = &object.spec.associated_roles else { return Vec::new() };
    let wanted: Vec<_> = wanted.iter().map(|role| (role.feature_name.as_str(), role.role_arn.as_str())).collect();
    let steps = roles::steps("cluster", &wanted, &cluster.roles, |call| match call {
        RoleCall::Add { feature, role } => Action::AddRole { feature, role },
        RoleCall::Remove { feature, role } => Action::RemoveRole { feature, role },
    });
    steps.into_iter().map(|step| gated(step, gate)).collect()
}

/// Whether custom endpoints are to be looked at.
pub fn manages_endpoints(object: &AuroraServerless, inputs: &Inputs) -> bool {
    object.spec.custom_endpoints.is_some() || inputs.journal.notes.keys().any(|note| note.starts_with(ENDPOINT_NOTE))
}

/// A custom endpoint as it is wanted.
struct Wanted {
    static_members: BTreeSet<String>,
    excluded_members: BTreeSet<String>,
}

/// Custom endpoints: made, changed and removed; only those of our names and notes are ours to remove.
fn endpoints(
    object: &AuroraServerless,
    identifier: &str,
    inputs: &Inputs,
    observed: &Seen<BTreeMap<String, CustomEndpoint>>,
    members: &BTreeMap<String, Member>,
    gate: &Option<Waiting>,
) -> (Vec<Step<Action>>, Option<Waiting>) {
    if !manages_endpoints(object, inputs) {
        return (Vec::new(), None);
    }
    let shown = match observed {
        Seen::Present(shown) => shown,
        Seen::Absent => &BTreeMap::new(),
        Seen::Unread(why) => {
            let text = format!("the custom endpoints could not be read: {why}");
            return (Vec::new(), Some(Waiting::new(Reason::Unreadable, text)));
        }
    };
    let wanted = object.spec.custom_endpoints.clone().unwrap_or_default();
    let names: BTreeSet<String> = wanted.iter().map(|one| format!("{identifier}-{}", one.name)).collect();
    let mut steps = Vec::new();
    for one in &wanted {
        let own = format!("{identifier}-{}", one.name);
        let numbers = |list: &Option<BTreeSet<i32>>| {
            list.iter().flatten().map(|number| name(identifier, *number)).collect::<BTreeSet<String>>()
        };
        let lists =
            Wanted { static_members: numbers(&one.static_members), excluded_members: numbers(&one.excluded_members) };
        let missing = lists.static_members.iter().find(|name| !members.get(*name).is_some_and(serves)).cloned();
        let step = endpoint(object, inputs, own, one.endpoint_type, lists, shown);
        steps.extend(step.map(|step| match missing {
            Some(name) => step.when(When::After(Waiting::new(Reason::Creating, format!("member {name} comes first")))),
            None => gated(step, gate),
        }));
    }
    // Absent is not managed: without the field none is removed.
    if object.spec.custom_endpoints.is_some() {
        let noted = |name: &String| inputs.journal.notes.contains_key(&format!("{ENDPOINT_NOTE}{name}"));
        let stale =
            shown.iter().filter(|(name, one)| !names.contains(*name) && noted(name) && one.status != "deleting");
        steps.extend(stale.map(|(name, _)| {
            let change = Change { field: format!("customEndpoints.{name}"), from: Some("exists".into()), to: None };
            let step = Step::new(ENDPOINT, Action::DeleteEndpoint { name: name.clone() }, "");
            gated(step.changing(vec![change]).class(Disruption::BriefInterruption), gate)
        }));
    }
    let moving = shown.iter().find(|(_, one)| !matches!(one.status.as_str(), "available" | "inactive"));
    let waiting = moving.map(|(name, one)| {
        Waiting::new(Reason::Updating, format!("AWS reports custom endpoint {name} {}", one.status))
    });
    (steps, waiting)
}

fn endpoint(
    object: &AuroraServerless,
    inputs: &Inputs,
    name: String,
    endpoint_type: EndpointType,
    lists: Wanted,
    shown: &BTreeMap<String, CustomEndpoint>,
) -> Option<Step<Action>> {
    let Wanted { static_members, excluded_members } = lists;
    let list = |members: &BTreeSet<String>| format!("[{}]", members.iter().cloned().collect::<Vec<_>>().join(", "));
    let text = |kind, fixed: &BTreeSet<String>, excluded: &BTreeSet<String>| {
        format!("{kind:?} members {} excluded {}", list(fixed), list(excluded))
    };
    let to = Some(text(endpoint_type, &static_members, &excluded_members));
    let change = |from| vec![Change { field: format!("customEndpoints.{name}"), from, to: to.clone() }];
    match shown.get(&name) {
        None => {
            let (changes, note) = (change(None), format!("{ENDPOINT_NOTE}{name}"));
            let tags = object.spec.shared.tags_of(&inputs.owner);
            let action = Action::CreateEndpoint { name, endpoint_type, static_members, excluded_members, tags };
            Some(Step::new(ENDPOINT, action, "").changing(changes).noting(note, "made"))
        }
        Some(is) if is.status != "available" && is.status != "inactive" => None,
        Some(is)
            if is.endpoint_type != endpoint_type
                || is.static_members != static_members
                || is.excluded_members != excluded_members =>
        {
            let changes = change(Some(text(is.endpoint_type, &is.static_members, &is.excluded_members)));
            let action = Action::ModifyEndpoint { name, endpoint_type, static_members, excluded_members };
            Some(Step::new(ENDPOINT, action, "").changing(changes))
        }
        Some(_) => None,
    }
}

/// The failover token that is not honoured yet.
pub fn failover_asked<'a>(object: &'a AuroraServerless, inputs: &Inputs) -> Option<&'a String> {
    let token = object.annotations().get(annotation::FAILOVER)?;
    (inputs.journal.notes.get(FAILOVER_NOTE) != Some(token)).then_some(token)
}

/// Ahead of the call the note has the writer from before it, which tells afterwards whether the call came through: one
/// that was lost is sent again, one whose answer was lost is not.
fn asking(token: &str, writer: &str) -> String {
    format!("{token}|{writer}")
}

/// A failover that was sent and has happened: another member writes.
fn failed_over(object: &AuroraServerless, inputs: &Inputs, cluster: &Cluster) -> Option<(String, String)> {
    let token = failover_asked(object, inputs)?;
    let (_, before) = inputs.journal.notes.get(FAILOVER_NOTE)?.strip_prefix(token.as_str())?.split_once('|')?;
    let writes = cluster.members.iter().find(|(_, member)| member.is_writer)?;
    (writes.0 != before).then(|| (FAILOVER_NOTE.to_string(), token.clone()))
}

/// A failover, once for each token; it needs a reader to fail over to.
fn failover(
    object: &AuroraServerless,
    inputs: &Inputs,
    cluster: &Cluster,
    members: &BTreeMap<String, Member>,
    gate: &Option<Waiting>,
    timetable: Timetable,
) -> Option<Step<Action>> {
    let token = failover_asked(object, inputs).filter(|_| failed_over(object, inputs, cluster).is_none())?;
    let (writer, _) = members.iter().find(|(name, _)| is_writer(cluster, name))?;
    has_reader(cluster, members).then(|| {
        let change = Change { field: "writer".into(), from: Some(writer.clone()), to: Some("a reader".into()) };
        let because = format!("asked for by annotation {} ({token})", annotation::FAILOVER);
        let step = Step::new("cluster", Action::Failover, because)
            .changing(vec![change])
            .class(Disruption::Failover)
            .noting(FAILOVER_NOTE, asking(token, writer));
        match gate {
            Some(waiting) => step.when(When::After(waiting.clone())),
            None => step.when(timetable.asked()),
        }
    })
}

/// Whether there is a reader to fail over to.
pub fn has_reader(cluster: &Cluster, members: &BTreeMap<String, Member>) -> bool {
    members.iter().any(|(name, member)| !is_writer(cluster, name) && serves(member))
}

/// Runs or rests as the spec says; AWS starts a stopped cluster after seven days.
fn power(object: &AuroraServerless, inputs: &Inputs, cluster: &Cluster, timetable: Timetable) -> Option<Step<Action>> {
    let change =
        |to: &str| vec![Change { field: "powerState".into(), from: Some(cluster.status.clone()), to: Some(to.into()) }];
    let step = match (object.spec.power_state?, state(&cluster.status)) {
        (PowerState::Stopped, State::Available) => Step::new("cluster", Action::Stop, "spec.powerState")
            .changing(change("Stopped"))
            .class(Disruption::Failover)
            .when(timetable.asked()),
        (PowerState::Running, State::Stopped) => {
            Step::new("cluster", Action::Start, "spec.powerState").changing(change("Running"))
        }
        _ => return None,
    };
    Some(gated(step, &super::states::settling(inputs, "cluster")))
}
