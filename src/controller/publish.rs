//! **publish**: finalizer, Secrets and status. Everything is compared first: a round without news writes nothing.

use std::time::Duration;

use kube::ResourceExt;
use serde_json::Value;

use super::binding::{connection_of, may_read};
use super::cluster::{Cluster, ClusterError, Note};
use super::gather::Case;
use super::perform::Performed;
use super::reconcile::Round;
use super::{FINALIZER, World, backoff, passwords};
use crate::approval::{Decision, kept_attempts};
use crate::aws::owner::Claim;
use crate::aws::{Class, CloudError, Looked, Seen};
use crate::conditions::{self, Outcome, Reason};
use crate::kind::{Action, End, Kind, Observed, Plan, Problem, Readiness, View, Waiting, Want};
use crate::life::RESOURCE_ID;
use crate::spec::{Binding, DeletionPolicy, ManagementPolicy, SharedStatus};

/// What a round has to say.
pub struct Publication<'a, K: Kind> {
    /// What was seen.
    pub looked: &'a Looked<Observed<K>>,
    /// What was decided.
    pub decision: &'a Decision<Action<K>>,
    /// AWS is as the spec says.
    pub settled: bool,
}

impl<K: Kind> Publication<'_, K> {
    /// Writes status when it says something new; true when the object became ready by it.
    ///
    /// # Errors
    /// When Kubernetes refused the write.
    pub async fn publish<C, S: Cluster<K>>(
        &self,
        world: &World<C, S>,
        case: &mut Case<K>,
    ) -> Result<bool, ClusterError> {
        let outcome = Outcome {
            ready: Some(self.readiness(case)),
            settled: self.settled,
            waiting: self.decision.waiting.clone(),
            problem: self.decision.problem.clone(),
            ..Outcome::default()
        };
        self.write(world, case, &outcome).await
    }

    /// While the absence of a deleted database is being proven, status already says so.
    pub fn is_old_news(&self, case: &Case<K>) -> bool {
        case.want == Want::Absent
            && self.decision.problem.is_none()
            && self.decision.run.is_empty()
            && matches!(case.object.thing(&self.looked.observed), Seen::Absent)
            && case
                .status
                .conditions
                .iter()
                .any(|c| c.type_ == "Reconciling" && c.reason == Reason::Deleting.to_string())
    }

    /// Ready needs the database and, where the kind has one, the published binding.
    fn readiness(&self, case: &Case<K>) -> Result<(), Waiting> {
        match case.object.ready(&case.inputs, &self.looked.observed) {
            Readiness::Yes => {}
            Readiness::AsBefore(_) if is_ready(&case.status) => {}
            Readiness::AsBefore(waiting) | Readiness::No(waiting) => return Err(waiting),
        }
        if case.want == Want::Absent {
            return Err(Waiting::new(Reason::Deleting, "The object is being deleted."));
        }
        if !K::BINDS {
            let is_known = may_read(case, &self.looked.observed);
            let text = format!("There is no {} of this object yet.", K::MAIN);
            return if is_known { Ok(()) } else { Err(Waiting::new(Reason::NotServing, text)) };
        }
        connection_of(case, &self.looked.observed)
            .map(|_| ())
            .map_err(|problem| Waiting::new(problem.reason, problem.message))
    }

    async fn write<C, S: Cluster<K>>(
        &self,
        world: &World<C, S>,
        case: &mut Case<K>,
        outcome: &Outcome,
    ) -> Result<bool, ClusterError> {
        let observed = &self.looked.observed;
        let mut status = base(case);
        let may_read = may_read(case, observed);
        // What belongs to others is not shown: any tenant could otherwise look at any database by its name.
        let view = if may_read { case.object.view(observed) } else { View::default() };
        self.record(case, &mut status, may_read);
        status.aws_status = view.aws_status;
        status.endpoint = view.endpoint;
        status.pending = view.pending;
        status.plan = self.decision.plan.clone();
        status.journal.attempts = kept_attempts(&status.journal, self.settled && status.pending.is_empty());
        forget_absent_rejections(&mut status);
        let facts = if may_read {
            serde_json::to_value(case.object.facts(&case.inputs, observed)).unwrap_or_default()
        } else {
            Value::Null
        };
        let was_ready = world.recall.get(&case.uid()).was_ready || is_ready(&case.status);
        write_status(world, case, status, facts, outcome).await?;
        let ready_now = matches!(outcome.ready, Some(Ok(())));
        world.recall.update(&case.uid(), |recall| recall.was_ready = was_ready || ready_now);
        Ok(ready_now && !was_ready)
    }

    /// Records which thing it is, once it is ours or may be observed.
    fn record(&self, case: &Case<K>, status: &mut SharedStatus, may_read: bool) {
        let Some(thing) = case.object.thing(&self.looked.observed).present().cloned() else {
            if status.account_id.is_none() && !self.decision.run.is_empty() {
                // The account of the first call: a later round with other credentials must not create there too.
                status.account_id = Some(self.looked.account.clone());
            }
            return;
        };
        if may_read {
            status.arn = Some(thing.arn.clone());
            status.account_id = Some(self.looked.account.clone());
        }
        if case.inputs.owner.claim(&thing.tags) == Claim::Mine {
            let noted = status.journal.notes.entry(RESOURCE_ID.into()).or_default();
            if noted.is_empty() {
                *noted = thing.resource_id;
            }
        }
    }
}

/// Whether the stored status says ready.
fn is_ready(status: &SharedStatus) -> bool {
    status.conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// The status so far, with what this round noted.
fn base<K: Kind>(case: &Case<K>) -> SharedStatus {
    SharedStatus {
        observed_generation: case.object.meta().generation,
        identifier: Some(case.home.identifier.clone()),
        region: Some(case.home.region.clone()),
        binding: case.connection.as_ref().map(|secret| Binding { name: secret.name.clone() }),
        password_hash: case.credentials.as_ref().and_then(passwords::keyed_hash),
        journal: case.inputs.journal.clone(),
        ..case.status.clone()
    }
}

/// A refusal matters as long as its step is planned.
fn forget_absent_rejections(status: &mut SharedStatus) {
    let planned: Vec<&str> =
        status.plan.iter().flat_map(|plan| plan.steps.iter().map(|step| step.id.as_str())).collect();
    status.journal.rejected.retain(|id, _| planned.contains(&id.as_str()));
}

/// Status once more, after answers that changed it.
///
/// # Errors
/// When Kubernetes refused the write.
pub async fn after_calls<K: Kind, C, S: Cluster<K>>(
    world: &World<C, S>,
    case: &mut Case<K>,
    publication: &Publication<'_, K>,
    performed: &Performed,
) -> Result<(), ClusterError> {
    let failures = world.recall.get(&case.uid()).failures;
    if performed.failed() && performed.problem.is_none() && failures == 0 {
        // Nothing flips at the first failure that passes by itself.
        return Ok(());
    }
    let outcome = Outcome {
        ready: Some(publication.readiness(case)),
        settled: false,
        waiting: performed.waiting.clone(),
        problem: performed.problem.clone().or_else(|| publication.decision.problem.clone()),
        ..Outcome::default()
    };
    publication.write(world, case, &outcome).await.map(|_| ())
}

/// A pause is said once and nothing else is touched.
///
/// # Errors
/// When Kubernetes refused the write.
pub async fn paused<K: Kind, C, S: Cluster<K>>(world: &World<C, S>, case: &mut Case<K>) -> Result<(), ClusterError> {
    let what = if case.want == Want::Absent { " The deletion is held too." } else { "" };
    let waiting =
        Waiting::new(Reason::Paused, format!("Paused by annotation awsdb.dev/paused: nothing is called.{what}"));
    let outcome = Outcome { waiting: Some(waiting), ..Outcome::default() };
    let facts = stored_facts(case);
    let status = base(case);
    write_status(world, case, status, facts, &outcome).await
}

/// AWS could not be read: nothing flips at the first failure.
///
/// # Errors
/// When Kubernetes refused the write.
pub async fn unreadable<K: Kind, C, S: Cluster<K>>(
    world: &World<C, S>,
    case: &mut Case<K>,
    error: &CloudError,
) -> Result<Round, ClusterError> {
    let uid = case.uid();
    world.recall.update(&uid, |recall| recall.failures += 1);
    let failures = world.recall.get(&uid).failures;
    let words = error.sentence("");
    let mut outcome = Outcome::default();
    let after = if error.class == Class::Denied {
        outcome.problem = Some(Problem::new(Reason::AccessDenied, words));
        Duration::from_secs(300)
    } else {
        outcome.waiting = Some(Waiting::new(Reason::Retrying, words));
        backoff::delay(failures, &uid)
    };
    if failures > 1 || error.class == Class::Denied {
        let (status, facts) = (base(case), stored_facts(case));
        write_status(world, case, status, facts, &outcome).await?;
    }
    Ok(Round::new("unreadable", after))
}

/// A part that could not be read for the first time changes nothing that was said of an object at rest: it is looked at
/// again soon, and only the second time it is said.
pub fn first_unread<K: Kind, C, S, A>(world: &World<C, S>, case: &Case<K>, plan: &Plan<A>) -> Option<Round> {
    let uid = case.uid();
    let misses = plan.waiting.as_ref().is_some_and(|waiting| waiting.reason == Reason::Unreadable);
    let says = |name: &str| case.status.conditions.iter().any(|one| one.type_ == name && one.status == "True");
    let rested = says("Ready") && says("Synced") && case.status.observed_generation == case.object.meta().generation;
    let is_alone = plan.steps.is_empty() && plan.problem.is_none() && plan.end == End::Open;
    let is_first = misses && is_alone && rested && world.recall.get(&uid).failures == 0;
    is_first.then(|| {
        world.recall.update(&uid, |recall| recall.failures = 1);
        Round::new("unreadable", backoff::delay(1, &uid))
    })
}

/// The kind's own status fields as they are stored.
fn stored_facts<K: Kind>(case: &Case<K>) -> Value {
    let Value::Object(mut all) = stored_status(&case.object) else { return Value::Null };
    if let Ok(Value::Object(shared)) = serde_json::to_value(full_shared()) {
        for field in shared.keys() {
            all.remove(field);
        }
    }
    all.remove("journal");
    Value::Object(all)
}

/// A shared status with every field set, so that its field names can be listed.
fn full_shared() -> SharedStatus {
    SharedStatus {
        observed_generation: Some(0),
        conditions: conditions::conditions(&Outcome::default(), &[], None, jiff::Timestamp::UNIX_EPOCH),
        identifier: Some(String::new()),
        region: Some(String::new()),
        arn: Some(String::new()),
        account_id: Some(String::new()),
        aws_status: Some(String::new()),
        endpoint: Some(Default::default()),
        binding: Some(Default::default()),
        plan: Some(Default::default()),
        pending: [(String::new(), String::new())].into(),
        password_hash: Some(String::new()),
        journal: Default::default(),
    }
}

fn stored_status<K: Kind>(object: &K) -> Value {
    let mut whole = serde_json::to_value(object).unwrap_or_default();
    whole.get_mut("status").map(Value::take).unwrap_or(Value::Null)
}

/// Writes our part of the status if it differs from what is stored; conditions of others do not count.
async fn write_status<K: Kind, C, S: Cluster<K>>(
    world: &World<C, S>,
    case: &mut Case<K>,
    mut status: SharedStatus,
    facts: Value,
    outcome: &Outcome,
) -> Result<(), ClusterError> {
    let ours: Vec<_> =
        case.status.conditions.iter().filter(|c| conditions::TYPES.contains(&c.type_.as_str())).cloned().collect();
    let unbound = (!K::BINDS).then_some(K::MAIN);
    let outcome = &Outcome { unbound, ..outcome.clone() };
    status.conditions = conditions::conditions(outcome, &ours, case.object.meta().generation, case.inputs.now);
    let mut wanted = serde_json::to_value(&status).unwrap_or_default();
    if let (Value::Object(wanted), Value::Object(facts)) = (&mut wanted, facts) {
        wanted.extend(facts.into_iter().filter(|(_, value)| !value.is_null()));
    }
    let current = case.written.take().unwrap_or_else(|| own_part(stored_status(&case.object)));
    let own = own_part(wanted.clone());
    if current == own {
        case.written = Some(own);
        world.recall.update(&case.uid(), |recall| recall.uncounted.clear());
        return Ok(());
    }
    let version = world.cluster.write_status(&case.object, wanted).await?;
    case.object.meta_mut().resource_version = Some(version.clone());
    case.written = Some(own);
    world.recall.update(&case.uid(), |recall| {
        recall.version = Some(version);
        recall.uncounted.clear();
    });
    Ok(())
}

/// Only our conditions, in a fixed order: other controllers may add theirs and reorder the list.
fn own_part(mut status: Value) -> Value {
    let Some(Value::Array(list)) = status.get_mut("conditions") else { return status };
    let type_of = |condition: &Value| condition["type"].as_str().unwrap_or_default().to_string();
    list.retain(|condition| conditions::TYPES.contains(&type_of(condition).as_str()));
    list.sort_by_key(type_of);
    status
}

/// Adds the finalizer when the deletion of the object will call AWS, and takes it away when it no longer will.
///
/// # Errors
/// When Kubernetes refused the write.
pub async fn finalizer<K: Kind, C, S: Cluster<K>>(world: &World<C, S>, case: &mut Case<K>) -> Result<(), ClusterError> {
    let has = case.object.finalizers().iter().any(|name| name == FINALIZER);
    let needs = case.object.shared().needs_finalizer();
    if case.want == Want::Absent || has == needs {
        return Ok(());
    }
    let mut names = case.object.finalizers().to_vec();
    names.retain(|name| name != FINALIZER);
    if needs {
        names.push(FINALIZER.into());
    }
    case.object = world.cluster.set_finalizers(&case.object, names).await?;
    case.object.resolve(&case.inputs.objects);
    let version = case.object.resource_version();
    world.recall.update(&case.uid(), |recall| recall.version = version);
    Ok(())
}

/// Deletes an object whose own time has come; its deletion does the rest in later rounds. True when that was done.
///
/// # Errors
/// When Kubernetes refused the deletion; it is tried again.
pub async fn expire<K: Kind, C, S: Cluster<K>>(world: &World<C, S>, case: &Case<K>) -> Result<bool, ClusterError> {
    let acts = case.object.shared().management_policy == ManagementPolicy::Manage;
    if case.want == Want::Absent || !acts {
        return Ok(false);
    }
    world.cluster.delete_object(&case.object).await?;
    let text = format!("Its time to live has passed: the object is deleted, and its {} with it", K::MAIN);
    world.cluster.tell(&case.object, Note { warning: false, reason: "Expired".into(), text }).await;
    Ok(true)
}

/// Lets the object go: Secrets first (they stay under Retain, and as long as there is a database), the finalizer last.
///
/// # Errors
/// When Kubernetes refused a write; it is tried again, the object is still there.
pub async fn release<K: Kind, C, S: Cluster<K>>(
    world: &World<C, S>,
    case: &Case<K>,
    observed: &Observed<K>,
) -> Result<Round, ClusterError> {
    let spec = case.object.shared();
    // Where the object is let go without its database, the Secrets hold the only copy of its password.
    let keeps = spec.deletion_policy == DeletionPolicy::Retain
        || spec.management_policy == ManagementPolicy::Observe
        || case.object.thing(observed).present().is_some();
    if !keeps {
        for secret in [&case.connection, &case.credentials].into_iter().flatten() {
            let version = secret.version.clone().unwrap_or_default();
            world.cluster.delete_secret(&case.namespace(), &secret.name, &version).await?;
        }
    }
    if case.object.finalizers().iter().any(|name| name == FINALIZER) {
        let names = case.object.finalizers().iter().filter(|name| *name != FINALIZER).cloned().collect();
        world.cluster.set_finalizers(&case.object, names).await?;
    }
    world.recall.forget(&case.uid());
    Ok(Round::new("released", Duration::from_secs(3600)))
}
