//! The five steps, nothing else: **gather**, **observe**, **plan**, **perform**, **publish**.
//!
//! Status, notes and Secrets are published before the first call of a round, so a round whose Kubernetes writes are
//! refused makes no AWS write, and whatever the crash, the next round finds what it must know.

use std::time::Duration;

use kube::ResourceExt;

use super::cluster::{Cluster, ClusterError};
use super::gather::{Case, gather};
use super::perform::{Performed, perform};
use super::publish::{self, Publication};
use super::{World, backoff};
use crate::approval::{Circumstances, Decision, decide};
use crate::aws::{Cloud, CloudError, Look, Looked, Seen};
use crate::conditions::Reason;
use crate::kind::{Action, End, Kind, Observed, Plan, Problem, Want};
use crate::spec::annotation;

/// What came out of a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// When to look again.
    pub after: Duration,
    /// A word for metrics and logs.
    pub result: &'static str,
    /// Operations that were sent and accepted.
    pub performed: Vec<&'static str>,
    /// The object became ready for the first time in this process.
    pub became_ready: bool,
}

impl Round {
    pub(super) fn new(result: &'static str, after: Duration) -> Self {
        Self { after, result, performed: Vec::new(), became_ready: false }
    }
}

/// One round of one object.
///
/// # Errors
/// When Kubernetes refused a read or a write: nothing was sent to AWS after that.
pub async fn reconcile<K, C, S>(world: &World<C, S>, object: K) -> Result<Round, ClusterError>
where
    K: Kind,
    C: Cloud<K::Remote>,
    S: Cluster<K>,
{
    let Some(object) = freshest(world, object).await? else {
        return Ok(Round::new("gone", Duration::from_secs(3600)));
    };
    let paused = object.annotations().get(annotation::PAUSED).is_some_and(|value| value == "true");
    let mut case = gather(world, object).await?;
    if paused {
        publish::paused(world, &mut case).await?;
        return Ok(Round::new("paused", world.clocks.sweep));
    }
    let (looked, plan) = match look_and_plan(world, &mut case).await {
        Ok(both) => both,
        Err(error) => return publish::unreadable(world, &mut case, &error).await,
    };
    if plan.end == End::Release {
        return publish::release(world, &case, &looked.observed).await;
    }
    let (end, promote) = (plan.end, plan.promote_password);
    case.inputs.journal.notes.retain(|key, _| !plan.forget.contains(key));
    let mut decision = decide_case(world, &case, plan).await?;
    publish::finalizer(world, &mut case).await?;
    publish::secrets(world, &mut case, &looked.observed, promote).await?;
    let mut performed = Performed::default();
    if let Err(problem) = performed.prepare(world, &mut case, &decision).await? {
        decision.run.clear();
        decision.problem = Some(problem);
    }
    let mut publication = Publication { looked: &looked, decision: &decision, settled: end == End::Settled };
    let became_ready = publication.publish(world, &mut case).await?;
    perform(world, &mut case, &decision, &mut performed).await?;
    if performed.changes_status() {
        publication.settled = false;
        publish::after_calls(world, &mut case, &publication, &performed).await?;
    }
    Ok(Round { became_ready, ..next(world, &case, &publication, performed) })
}

/// The object as the store has it, unless that is older than our own last write.
async fn freshest<K: Kind, C, S: Cluster<K>>(world: &World<C, S>, object: K) -> Result<Option<K>, ClusterError> {
    let uid = object.uid().unwrap_or_default();
    let written = world.recall.get(&uid).version;
    let number = |version: &Option<String>| version.as_deref().and_then(|text| text.parse::<u64>().ok());
    if number(&written) <= number(&object.resource_version()) {
        return Ok(Some(object));
    }
    let live = world.cluster.object(&object.namespace().unwrap_or_default(), &object.name_any()).await?;
    Ok(live.filter(|live| live.uid().unwrap_or_default() == uid))
}

type Planned<K> = (Looked<Observed<K>>, Plan<Action<K>>);

/// **observe** and **plan**. What a plan does to AWS, and that something is absent, is only ever concluded from a
/// direct look.
async fn look_and_plan<K, C, S>(world: &World<C, S>, case: &mut Case<K>) -> Result<Planned<K>, CloudError>
where
    K: Kind,
    C: Cloud<K::Remote>,
    S: Cluster<K>,
{
    let mut look = if case.want == Want::Absent { Look::Direct } else { Look::Shared };
    loop {
        let id = case.object.id(case.want, &case.home, &case.inputs);
        let looked = world.cloud.observe(&id, look).await?;
        case.inputs.account = looked.account.clone();
        let thing = case.object.thing(&looked.observed);
        let is_direct = looked.look == Look::Direct;
        mark_absence(case, &thing, is_direct);
        let plan = case.object.plan(case.want, &case.inputs, &looked.observed);
        if is_direct || (plan.steps.is_empty() && thing.present().is_some()) {
            return Ok((looked, plan));
        }
        look = Look::Direct;
    }
}

fn mark_absence<K: Kind, T>(case: &mut Case<K>, thing: &Seen<T>, is_direct: bool) {
    let journal = &mut case.inputs.journal;
    match thing {
        Seen::Present(_) => journal.absent_since = None,
        Seen::Absent if is_direct && (case.inputs.recorded_arn.is_some() || case.want == Want::Absent) => {
            let now = k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(case.inputs.now);
            journal.absent_since.get_or_insert(now);
        }
        Seen::Absent | Seen::Unread(_) => {}
    }
}

async fn decide_case<K: Kind, C, S: Cluster<K>>(
    world: &World<C, S>,
    case: &Case<K>,
    plan: Plan<Action<K>>,
) -> Result<Decision<Action<K>>, ClusterError> {
    let deletes = plan.steps.iter().any(|step| crate::aws::Action::deletes(&step.action));
    let mut brake = world.brake.holds(case.inputs.now).filter(|_| deletes);
    if deletes && world.cluster.crd_is_being_deleted().await? {
        brake = Some("the CustomResourceDefinition is being deleted, which need not mean the databases".into());
    }
    let circumstances = Circumstances {
        want: case.want,
        policy: case.object.shared().management_policy,
        journal: &case.inputs.journal,
        approve: case.object.annotations().get(annotation::APPROVE).map(String::as_str),
        brake,
        accepted: case.inputs.accepted,
        settle: case.inputs.clocks.settle,
        now: case.inputs.now,
    };
    let mut decision = decide(plan, &circumstances);
    if let Some(problem) = case.problem.as_ref().filter(|_| case.want == Want::Present) {
        decision.run.clear();
        decision.problem = Some(problem.clone());
    }
    Ok(decision)
}

/// When to look again: soon after a change, at the named time, or with the next sweep.
fn next<K: Kind, C, S>(
    world: &World<C, S>,
    case: &Case<K>,
    publication: &Publication<'_, K>,
    performed: Performed,
) -> Round {
    let clocks = &world.clocks;
    let uid = case.uid();
    if performed.failed() {
        world.recall.update(&uid, |recall| recall.failures += 1);
        let delay = backoff::delay(world.recall.get(&uid).failures, &uid);
        return Round { performed: performed.accepted, ..Round::new("retrying", delay) };
    }
    world.recall.update(&uid, |recall| recall.failures = 0);
    let sweep = backoff::spread(clocks.sweep, &uid, 0);
    let waiting = publication.decision.waiting.as_ref();
    let (result, after) = match (&publication.decision.problem, waiting) {
        _ if !performed.accepted.is_empty() => ("changed", clocks.transition_poll),
        (Some(Problem { .. }), _) => ("stalled", sweep),
        (None, Some(waiting)) => {
            ("waiting", until(case, waiting.until).unwrap_or(rest(waiting.reason, clocks.transition_poll, sweep)))
        }
        (None, None) if publication.settled => ("settled", sweep),
        (None, None) => ("working", clocks.transition_poll),
    };
    Round { performed: performed.accepted, ..Round::new(result, after) }
}

fn until<K: Kind>(case: &Case<K>, until: Option<jiff::Timestamp>) -> Option<Duration> {
    let wait = Duration::try_from(until?.duration_since(case.inputs.now)).ok()?;
    Some(wait.clamp(Duration::from_secs(1), case.inputs.clocks.sweep.max(Duration::from_secs(60))))
}

fn rest(reason: Reason, soon: Duration, sweep: Duration) -> Duration {
    match reason {
        Reason::WaitingForApproval | Reason::WaitingForWindow | Reason::Stopped | Reason::NotFound => sweep,
        _ => soon,
    }
}
