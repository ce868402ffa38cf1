//! **observe** and **plan**, and the decision which steps run.

use std::collections::BTreeSet;

use kube::ResourceExt;

use super::World;
use super::cluster::{Cluster, ClusterError};
use super::gather::Case;
use crate::approval::{Circumstances, Decision, decide};
use crate::aws::{Action as _, Cloud, CloudError, Look, Looked, Seen};
use crate::kind::{Action, Kind, Observed, Plan, Want};
use crate::spec::annotation;

/// What was seen and what is to be done about it.
pub type Planned<K> = (Looked<Observed<K>>, Plan<Action<K>>);

/// **observe** and **plan**. What a plan does to AWS, and that something is absent, is only ever concluded from a
/// direct look.
pub async fn look_and_plan<K, C, S>(world: &World<C, S>, case: &mut Case<K>) -> Result<Planned<K>, CloudError>
where
    K: Kind,
    C: Cloud<K::Remote>,
    S: Cluster<K>,
{
    // Of what was never seen no sweep can tell anything that a create could rely on.
    let is_new = case.inputs.recorded_arn.is_none();
    let mut look = if case.want == Want::Absent || is_new { Look::Direct } else { Look::Shared };
    loop {
        let id = case.object.id(case.want, &case.home, &case.inputs);
        let looked = world.cloud.observe(&id, look).await?;
        case.inputs.account = looked.account.clone();
        let thing = case.object.thing(&looked.observed);
        let is_direct = looked.look == Look::Direct;
        mark_absence(world, case, &thing, is_direct);
        let plan = case.object.plan(case.want, &case.inputs, &looked.observed);
        if is_direct || (thing.present().is_some() && !acts(world, case, &plan)) {
            return Ok((looked, plan));
        }
        look = Look::Direct;
    }
}

/// Whether a step would be sent in this round. What is held, refused or waits needs no direct look: thousands of objects
/// that wait for a window or a person would otherwise cost a call each, at every sweep.
fn acts<K: Kind, C, S>(world: &World<C, S>, case: &Case<K>, plan: &Plan<Action<K>>) -> bool {
    let accepted = world.recall.get(&case.uid()).accepted;
    !decide(plan.clone(), &circumstances(world, case, &accepted, None)).run.is_empty()
}

/// Counted in this process only: after a restart the absence is proven anew, and no status write is needed for it.
fn mark_absence<K: Kind, C, S, T>(world: &World<C, S>, case: &mut Case<K>, thing: &Seen<T>, is_direct: bool) {
    let since = &mut case.inputs.absent_since;
    match thing {
        Seen::Present(_) => *since = None,
        Seen::Absent if is_direct => {
            since.get_or_insert(case.inputs.now);
        }
        Seen::Absent | Seen::Unread(_) => {}
    }
    let since = *since;
    world.recall.update(&case.uid(), |recall| recall.absent_since = since);
}

/// Which steps run in this round.
///
/// # Errors
/// When Kubernetes could not be read.
pub async fn decide_case<K: Kind, C, S: Cluster<K>>(
    world: &World<C, S>,
    case: &Case<K>,
    plan: Plan<Action<K>>,
) -> Result<Decision<Action<K>>, ClusterError> {
    let deletes = plan.steps.iter().any(|step| step.action.deletes());
    let mut brake = world.brake.holds(case.inputs.now).filter(|_| deletes);
    if deletes && world.cluster.crd_is_being_deleted().await? {
        brake = Some("the CustomResourceDefinition is being deleted, which need not mean the databases".into());
    }
    let accepted = world.recall.get(&case.uid()).accepted;
    let circumstances = circumstances(world, case, &accepted, brake);
    let mut decision = decide(plan, &circumstances);
    if let Some(problem) = case.problem.as_ref().filter(|_| case.want == Want::Present) {
        decision.run.clear();
        decision.problem = Some(problem.clone());
    }
    Ok(decision)
}

fn circumstances<'a, K: Kind, C, S>(
    world: &World<C, S>,
    case: &'a Case<K>,
    accepted: &'a BTreeSet<&'static str>,
    brake: Option<String>,
) -> Circumstances<'a> {
    Circumstances {
        accepted,
        settle: world.clocks.settle,
        want: case.want,
        policy: case.object.shared().management_policy,
        journal: &case.inputs.journal,
        approve: case.object.annotations().get(annotation::APPROVE).map(String::as_str),
        brake,
        now: case.inputs.now,
    }
}
