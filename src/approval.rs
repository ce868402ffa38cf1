//! Which steps of a plan may run in this round: approvals, rejected steps, the loop breaker, the deletion brake and
//! managementPolicy Plan, the same for every kind (product.md section 6).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::aws::Action;
use crate::aws::owner::hash;
use crate::conditions::Reason;
use crate::kind::{Disruption, Plan, Problem, Step, Waiting, Want, When};
use crate::spec::{Change, Journal, ManagementPolicy, PlanStatus, PlannedStep, annotation};

/// The same difference sent this often without effect is a loop.
pub const LOOP_LIMIT: u32 = 3;

/// What the decision depends on, besides the plan.
#[derive(Clone, Debug)]
pub struct Circumstances<'a> {
    /// What is to become of the database.
    pub want: Want,
    /// The object's policy.
    pub policy: ManagementPolicy,
    /// What was noted so far.
    pub journal: &'a Journal,
    /// Value of the annotation `awsdb.dev/approve`.
    pub approve: Option<&'a str>,
    /// Why deletions are held at the moment, if they are.
    pub brake: Option<String>,
    /// Things whose last call this process saw accepted.
    pub accepted: &'a BTreeSet<&'static str>,
    /// How long an accepted call is given to show its effect.
    pub settle: Duration,
    /// Now.
    pub now: Timestamp,
}

/// A plan with everything decided: nothing is left to choose at execution time.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision<A> {
    /// Steps to perform in this round, with their ids: the first runnable one of each thing.
    pub run: Vec<(String, Step<A>)>,
    /// What status shows.
    pub plan: Option<PlanStatus>,
    /// What stands in the way.
    pub problem: Option<Problem>,
    /// What is being waited for.
    pub waiting: Option<Waiting>,
    /// Approved ids that are still in the plan.
    pub approved: BTreeSet<String>,
    /// The approval that was used last; it enters the next hash, so that the annotation that gave it, which nobody takes
    /// away, approves nothing a second time.
    pub spent: Option<String>,
}

/// Note with the approval that was used last.
pub const SPENT: &str = "spentApproval";

/// Id of a step: a hash of thing, call, changes and class, never of secrets or times.
pub fn step_id<A: Action>(step: &Step<A>) -> String {
    let changes: Vec<String> = step.changes.iter().map(Change::to_string).collect();
    hash(&[step.thing, step.action.operation(), &changes.join("\n"), step.class.word()], 12)
}

/// Decides.
pub fn decide<A: Action>(plan: Plan<A>, circumstances: &Circumstances<'_>) -> Decision<A> {
    let ids: Vec<String> = plan.steps.iter().map(step_id).collect();
    let steps: Vec<(String, Step<A>)> =
        ids.into_iter().zip(plan.steps).map(|(id, step)| (id, hold(step, circumstances))).collect();
    // Where AWS could not be seen, or an absence is being proven, no step is planned and none is done or changed.
    let is_blind = steps.is_empty()
        && plan.waiting.as_ref().is_some_and(|w| matches!(w.reason, Reason::ProvingAbsence | Reason::Unreadable));
    let (approved, is_new) =
        if is_blind { (circumstances.journal.approved.clone(), false) } else { approvals(&steps, circumstances) };
    let before = circumstances.journal.notes.get(SPENT).map(String::as_str);
    let spent = if is_new { circumstances.approve } else { before }.map(String::from);
    let (problem, waiting, one_at_a_time) = (plan.problem, plan.waiting, plan.one_at_a_time);
    let mut decision = Decision { run: Vec::new(), plan: None, problem, waiting, approved, spent };
    let mut shown = Vec::with_capacity(steps.len());
    let mut busy = BTreeSet::new();
    let mut held = Vec::new();
    for (id, mut step) in steps {
        let is_approved = decision.approved.contains(&id);
        if is_approved && is_held(&step.when) {
            step.when = When::Now;
        }
        let obstacle = obstacle(&id, &step, circumstances);
        shown.push(show(&id, &step, obstacle.as_ref()));
        match (&step.when, obstacle) {
            (When::Now | When::SentForWindow, Some(Obstacle::Problem(problem))) => {
                decision.problem.get_or_insert(problem);
            }
            // AWS named a time for this one: what else there is need not wait as long.
            (When::Now | When::SentForWindow, Some(Obstacle::Timed(waiting))) => {
                decision.waiting.get_or_insert(waiting);
            }
            (When::Now | When::SentForWindow, Some(Obstacle::Waiting(waiting))) => {
                // Later steps of the same thing would be sent ahead of this one otherwise.
                busy.insert(step.thing);
                decision.waiting.get_or_insert(waiting);
            }
            (When::Now | When::SentForWindow, None) => {
                if busy.insert(step.thing) && (!one_at_a_time || decision.run.is_empty()) {
                    decision.run.push((id, step));
                }
            }
            (When::Window | When::Approval, _) => held.push((id, step)),
            (When::After(waiting), _) => {
                decision.waiting.get_or_insert(waiting.clone());
            }
        }
    }
    let hash = held_hash(held.iter().map(|(id, _)| id.as_str()), decision.spent.as_deref());
    let says_deleting = decision.waiting.as_ref().is_some_and(|waiting| waiting.reason == Reason::Deleting);
    if decision.waiting.is_none() || (says_deleting && decision.run.is_empty() && !held.is_empty()) {
        decision.waiting = held.first().map(|(_, step)| held_message(step, held.len(), hash.as_deref()));
    }
    if !shown.is_empty() {
        decision.plan = Some(PlanStatus { hash, steps: shown });
    }
    decision
}

/// What the policies make of a step's own wish.
fn hold<A: Action>(mut step: Step<A>, circumstances: &Circumstances<'_>) -> Step<A> {
    if !matches!(step.when, When::Now | When::SentForWindow) {
        return step;
    }
    // The object's deletion under its own deletionPolicy is the user's word; anything else that destroys is not.
    let destroys = circumstances.want == Want::Present && step.class >= Disruption::Replacement;
    if circumstances.policy == ManagementPolicy::Plan || destroys {
        step.when = When::Approval;
    } else if let (true, Some(brake)) = (leads_to_deletion(&step, circumstances), &circumstances.brake) {
        step.when = When::Approval;
        step.because = format!("{}; held: {brake}", step.because);
    }
    step
}

/// There is a brake only where the plan deletes; what comes ahead of a deletion, such as the end of a cluster's members, is
/// part of it.
fn leads_to_deletion<A: Action>(step: &Step<A>, circumstances: &Circumstances<'_>) -> bool {
    step.action.deletes() || circumstances.want == Want::Absent
}

fn is_held(when: &When) -> bool {
    matches!(when, When::Window | When::Approval)
}

/// Ids approved before that are still planned, and all held ones when the annotation repeats their hash; whether it did.
fn approvals<A: Action>(steps: &[(String, Step<A>)], circumstances: &Circumstances<'_>) -> (BTreeSet<String>, bool) {
    let before = &circumstances.journal.approved;
    let open: Vec<&str> = steps
        .iter()
        .filter(|(id, step)| is_held(&step.when) && !before.contains(id))
        .map(|(id, _)| id.as_str())
        .collect();
    let spent = circumstances.journal.notes.get(SPENT).map(String::as_str);
    let agreed = held_hash(open.iter().copied(), spent).as_deref() == circumstances.approve && !open.is_empty();
    let approved = steps
        .iter()
        .map(|(id, _)| id)
        .filter(|id| before.contains(*id) || (agreed && open.contains(&id.as_str())))
        .cloned()
        .collect();
    (approved, agreed)
}

/// The hash that an approval must repeat; it goes stale when the held steps change, and when it was used.
fn held_hash<'a>(ids: impl Iterator<Item = &'a str>, spent: Option<&'a str>) -> Option<String> {
    let ids: Vec<&str> = ids.collect();
    let parts: Vec<&str> = ids.iter().copied().chain(spent).collect();
    (!ids.is_empty()).then(|| hash(&parts, 8))
}

fn held_message<A: Action>(step: &Step<A>, count: usize, hash: Option<&str>) -> Waiting {
    let what = if count == 1 { "1 step waits".to_string() } else { format!("{count} steps wait") };
    let (reason, how) = match step.when {
        When::Window => (Reason::WaitingForWindow, "for the maintenance window or approval"),
        _ => (Reason::WaitingForApproval, "for approval"),
    };
    let detail = step.detail();
    Waiting::new(
        reason,
        format!(
            "{what} {how}: {} ({}, {detail}); to approve: annotate {}={}",
            step.action.operation(),
            step.class.word(),
            annotation::APPROVE,
            hash.unwrap_or_default()
        ),
    )
}

/// Why a step that may run is not sent.
#[derive(Clone, Debug, PartialEq)]
enum Obstacle {
    /// AWS refused it before, or it has no effect.
    Problem(Problem),
    /// AWS named a time.
    Timed(Waiting),
    /// AWS was only just asked.
    Waiting(Waiting),
}

fn obstacle<A: Action>(id: &str, step: &Step<A>, circumstances: &Circumstances<'_>) -> Option<Obstacle> {
    if let Some(rejection) = circumstances.journal.rejected.get(id).filter(|r| r.until.0 > circumstances.now) {
        if rejection.reason == Reason::Busy.to_string() {
            return Some(Obstacle::Timed(
                Waiting::new(Reason::Busy, rejection.message.clone()).until(rejection.until.0),
            ));
        }
        let reason = REJECTIONS.iter().find(|r| r.to_string() == rejection.reason).copied().unwrap_or(Reason::Rejected);
        return Some(Obstacle::Problem(Problem::new(reason, rejection.message.clone())));
    }
    if let Some(waiting) = settling(id, step, circumstances) {
        return Some(Obstacle::Waiting(waiting));
    }
    let attempts = circumstances.journal.attempts.get(id).copied().unwrap_or_default();
    if attempts < LOOP_LIMIT {
        return None;
    }
    let detail = step.detail();
    Some(Obstacle::Problem(Problem::new(
        Reason::UpdateLoop,
        format!(
            "{} was accepted {attempts} times without effect ({detail}): AWS keeps its value. It is not sent again; make the spec \
             agree with AWS, remove the field, or find who changes it back",
            step.action.operation()
        ),
    )))
}

/// The very step that was sent moments ago: AWS goes on showing the old values for tens of seconds, and a repeat in that
/// time would look like a change without effect. One that interrupts would do so twice, so it also waits when its answer
/// was lost, with this process's memory or on the way.
fn settling<A: Action>(id: &str, step: &Step<A>, circumstances: &Circumstances<'_>) -> Option<Waiting> {
    let call = circumstances.journal.calls.get(step.thing).filter(|call| call.step == id)?;
    let until = call.at.0 + circumstances.settle;
    let may_have_happened = circumstances.accepted.contains(step.thing) || step.class > Disruption::None;
    (may_have_happened && until > circumstances.now).then(|| {
        let text = format!("{} was sent and AWS does not show its effect yet", step.action.operation());
        Waiting::new(Reason::Settling, text).until(until)
    })
}

/// Reasons that a refused call can have.
const REJECTIONS: [Reason; 4] =
    [Reason::Rejected, Reason::QuotaExceeded, Reason::AccessDenied, Reason::InsufficientCapacity];

fn show<A: Action>(id: &str, step: &Step<A>, obstacle: Option<&Obstacle>) -> PlannedStep {
    let (when, why) = match (&step.when, obstacle) {
        (_, Some(Obstacle::Problem(problem))) => ("later", Some(problem.message.as_str())),
        (_, Some(Obstacle::Timed(waiting) | Obstacle::Waiting(waiting))) => ("later", Some(waiting.message.as_str())),
        (When::Now, None) => ("now", None),
        (When::SentForWindow | When::Window, None) => ("window", None),
        (When::Approval, None) => ("approval", None),
        (When::After(waiting), None) => ("later", Some(waiting.message.as_str())),
    };
    let because = match why {
        Some(why) if step.because.is_empty() => why.to_string(),
        Some(why) => format!("{}; waits: {why}", step.because),
        None => step.because.clone(),
    };
    PlannedStep {
        id: id.into(),
        thing: step.thing.into(),
        call: step.action.operation().into(),
        changes: step.changes.clone(),
        class: step.class.word().into(),
        when: when.into(),
        because,
    }
}

/// Counts of sent steps that are still worth keeping: all are forgotten once things are settled, so that a step which
/// only hides while AWS works on it is still counted when it comes back.
pub fn kept_attempts(journal: &Journal, settled: bool) -> BTreeMap<String, u32> {
    if settled { BTreeMap::new() } else { journal.attempts.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    #[derive(Clone, Debug, PartialEq)]
    enum Act {
        Modify,
        Delete,
    }
    impl Action for Act {
        fn operation(&self) -> &'static str {
            match self {
                Act::Modify => "Modify",
                Act::Delete => "Delete",
            }
        }
        fn deletes(&self) -> bool {
            *self == Act::Delete
        }
    }

    static NOTHING: BTreeSet<&'static str> = BTreeSet::new();

    fn change(to: &str) -> Vec<Change> {
        vec![Change { field: "class".into(), from: Some("a".into()), to: Some(to.into()) }]
    }

    fn modify(to: &str) -> Step<Act> {
        Step::new("instance", Act::Modify, "").changing(change(to))
    }

    fn plan(steps: Vec<Step<Act>>) -> Plan<Act> {
        Plan { steps, ..Plan::default() }
    }

    fn at<'a>(journal: &'a Journal, approve: Option<&'a str>) -> Circumstances<'a> {
        Circumstances {
            want: Want::Present,
            policy: ManagementPolicy::Manage,
            journal,
            approve,
            brake: None,
            accepted: &NOTHING,
            settle: Duration::from_secs(60),
            now: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn only_the_first_runnable_step_of_each_thing_runs() {
        let journal = Journal::default();
        let other = Step { thing: "group", ..modify("g") };
        let decision = decide(plan(vec![modify("b"), modify("c"), other]), &at(&journal, None));
        let run: Vec<_> =
            decision.run.iter().map(|(_, step)| (step.thing, step.changes[0].to.clone().unwrap())).collect();
        assert_eq!(run, [("instance", "b".to_string()), ("group", "g".to_string())]);
        assert_eq!(decision.plan.unwrap().steps.len(), 3);
    }

    #[test]
    fn where_each_call_changes_what_the_next_one_meets_only_one_is_sent() {
        let journal = Journal::default();
        let other = Step { thing: "tags", ..modify("g") };
        let one = Plan { one_at_a_time: true, ..plan(vec![modify("b"), other]) };
        let decision = decide(one.clone(), &at(&journal, None));
        assert_eq!(decision.run.len(), 1);
        assert_eq!(decision.run[0].1.thing, "instance");
        // The first is refused for an hour: that blocks nothing else.
        let mut refused = Journal::default();
        let rejection = crate::spec::Rejection {
            reason: "Busy".into(),
            message: "once an hour".into(),
            until: Time(Timestamp::from_second(10).unwrap()),
        };
        refused.rejected.insert(step_id(&modify("b")), rejection);
        let same_thing = plan(vec![modify("b"), modify("c")]);
        assert_eq!(decide(one, &at(&refused, None)).run[0].1.thing, "tags");
        assert_eq!(decide(same_thing, &at(&refused, None)).run[0].1.changes[0].to.as_deref(), Some("c"));
    }

    #[test]
    fn an_approval_repeats_the_hash_of_the_held_steps_and_goes_stale_when_they_change() {
        let mut journal = Journal::default();
        let held = |to: &str| modify(to).when(When::Approval).class(Disruption::Reboot);
        let first = decide(plan(vec![held("b")]), &at(&journal, None));
        assert!(first.run.is_empty());
        let hash = first.plan.unwrap().hash.unwrap();
        assert!(first.waiting.unwrap().message.contains(&hash));

        let changed = decide(plan(vec![held("c")]), &at(&journal, Some(&hash)));
        assert!(changed.run.is_empty(), "an approval of another change must not run this one");

        let approved = decide(plan(vec![held("b")]), &at(&journal, Some(&hash)));
        assert_eq!(approved.run.len(), 1);
        journal.approved = approved.approved;
        let later = decide(plan(vec![held("b")]), &at(&journal, Some("stale")));
        assert_eq!(later.run.len(), 1, "an approved step stays approved until it is done or changed");
        let done = decide(plan(vec![]), &at(&journal, Some(&hash)));
        assert!(done.approved.is_empty());
    }

    #[test]
    fn an_approval_that_was_used_approves_nothing_a_second_time() {
        let mut journal = Journal::default();
        let held = || plan(vec![modify("b").when(When::Approval)]);
        let first = decide(held(), &at(&journal, None)).plan.unwrap().hash.unwrap();
        let used = decide(held(), &at(&journal, Some(&first)));
        assert_eq!((used.run.len(), used.spent.as_deref()), (1, Some(first.as_str())));
        journal.notes.insert(SPENT.into(), first.clone());
        // The step is done and comes up again; the annotation is still on the object.
        let again = decide(held(), &at(&journal, Some(&first)));
        assert!(again.run.is_empty());
        let second = again.plan.unwrap().hash.unwrap();
        assert_ne!(second, first);
        assert_eq!(decide(held(), &at(&journal, Some(&second))).run.len(), 1);
    }

    #[test]
    fn policy_plan_holds_every_step() {
        let journal = Journal::default();
        let circumstances = Circumstances { policy: ManagementPolicy::Plan, ..at(&journal, None) };
        let decision = decide(plan(vec![modify("b")]), &circumstances);
        assert!(decision.run.is_empty());
        assert_eq!(decision.plan.unwrap().steps[0].when, "approval");
    }

    #[test]
    fn a_step_that_destroys_waits_for_approval_whatever_the_kind_says() {
        let journal = Journal::default();
        for class in [Disruption::Replacement, Disruption::DataLoss] {
            assert!(decide(plan(vec![modify("b").class(class)]), &at(&journal, None)).run.is_empty());
        }
    }

    #[test]
    fn the_brake_holds_deletions_only() {
        let journal = Journal::default();
        let circumstances = Circumstances {
            want: Want::Absent,
            brake: Some("more than 5 deletions in 10m".into()),
            ..at(&journal, None)
        };
        let delete = Step::new("instance", Act::Delete, "the object was deleted").class(Disruption::DataLoss);
        let decision = decide(plan(vec![delete.clone()]), &circumstances);
        assert!(decision.run.is_empty());
        assert!(decision.plan.unwrap().steps[0].because.contains("more than 5"));
        let free = Circumstances { brake: None, ..circumstances };
        assert_eq!(decide(plan(vec![delete]), &free).run.len(), 1);
    }

    #[test]
    fn the_same_difference_sent_three_times_stalls_naming_field_and_both_values() {
        let mut journal = Journal::default();
        journal.attempts.insert(step_id(&modify("b")), LOOP_LIMIT);
        let decision = decide(plan(vec![modify("b")]), &at(&journal, None));
        assert!(decision.run.is_empty());
        let problem = decision.problem.unwrap();
        assert_eq!(problem.reason, Reason::UpdateLoop);
        assert!(problem.message.contains("class: a -> b"), "{}", problem.message);
        assert_eq!(decide(plan(vec![modify("c")]), &at(&journal, None)).run.len(), 1, "another value is another step");
    }

    #[test]
    fn an_accepted_step_is_given_time_to_show_its_effect_before_it_is_repeated() {
        let mut journal = Journal::default();
        let call = crate::spec::LastCall {
            operation: "Modify".into(),
            at: Time(Timestamp::UNIX_EPOCH),
            step: step_id(&modify("b")),
        };
        journal.calls.insert("instance".into(), call);
        let accepted = BTreeSet::from(["instance"]);
        let mut circumstances = Circumstances { accepted: &accepted, ..at(&journal, None) };
        let decision = decide(plan(vec![modify("b")]), &circumstances);
        assert!(decision.run.is_empty());
        assert_eq!(decision.waiting.unwrap().reason, Reason::Settling);
        circumstances.now = Timestamp::from_second(60).unwrap();
        assert_eq!(decide(plan(vec![modify("b")]), &circumstances).run.len(), 1);
        assert_eq!(decide(plan(vec![modify("b")]), &at(&journal, None)).run.len(), 1, "an unanswered call is repeated");
    }

    #[test]
    fn a_step_that_interrupts_is_given_that_time_even_when_its_answer_was_lost() {
        let mut journal = Journal::default();
        let reboot = modify("b").class(Disruption::Reboot);
        let (at_once, step) = (Time(Timestamp::UNIX_EPOCH), step_id(&reboot));
        journal
            .calls
            .insert("instance".into(), crate::spec::LastCall { operation: "Modify".into(), at: at_once, step });
        let decision = decide(plan(vec![reboot.clone()]), &at(&journal, None));
        assert!(decision.run.is_empty());
        let later = Circumstances { now: Timestamp::from_second(60).unwrap(), ..at(&journal, None) };
        assert_eq!(decide(plan(vec![reboot]), &later).run.len(), 1);
    }

    #[test]
    fn a_refused_step_is_not_sent_again_before_its_time_and_blocks_no_other_thing() {
        let mut journal = Journal::default();
        let rejection = |until: i64| crate::spec::Rejection {
            reason: "QuotaExceeded".into(),
            message: "no more".into(),
            until: Time(Timestamp::from_second(until).unwrap()),
        };
        journal.rejected.insert(step_id(&modify("b")), rejection(10));
        let group = Step { thing: "group", ..modify("g") };
        let decision = decide(plan(vec![modify("b"), group]), &at(&journal, None));
        assert_eq!(decision.run.len(), 1);
        assert_eq!(decision.problem.unwrap(), Problem::new(Reason::QuotaExceeded, "no more"));
        journal.rejected.insert(step_id(&modify("b")), rejection(0));
        assert_eq!(decide(plan(vec![modify("b")]), &at(&journal, None)).run.len(), 1);
    }
}
