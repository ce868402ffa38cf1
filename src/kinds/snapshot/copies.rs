//! Copies in other regions, under the same identifier. Each is made by one call, carries the owner's tags and is known by
//! them.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::aws::Seen;
use crate::aws::owner::{Claim, Tags};
use crate::aws::snapshots::{Action, Call, Family, Observed, Snapshot, place_of};
use crate::conditions::Reason;
use crate::kind::{Disruption, Inputs, Problem, Step, Waiting, When};
use crate::life::EVENTUAL;
use crate::spec::{Change, DeletionPolicy, Journal, annotation};

use super::states::{State, shown, state};
use super::{Copy, DbSnapshot, origin};

/// Notes `copy/<region>`: what is known of the copy there.
const NOTE: &str = "copy/";
/// It was asked for.
const SENT: &str = "sent";
/// It was seen as ours.
const MADE: &str = "made";
/// Calls that make and delete copies go one after the other.
const THING: &str = "copy";

/// What this part of a plan answers.
#[derive(Debug, Default, PartialEq)]
pub struct Part {
    /// Calls in order.
    pub steps: Vec<Step<Action>>,
    /// What the user must mend.
    pub problem: Option<Problem>,
    /// What is being waited for.
    pub waiting: Option<Waiting>,
    /// What was learnt.
    pub noted: Vec<(String, String)>,
    /// What need not be known any more.
    pub forget: Vec<String>,
}

impl Part {
    fn step(step: Step<Action>) -> Self {
        Part { steps: vec![step], ..Part::default() }
    }

    fn waits(reason: Reason, text: String) -> Self {
        Part { waiting: Some(Waiting::new(reason, text)), ..Part::default() }
    }

    fn refuses(reason: Reason, text: String) -> Self {
        Part { problem: Some(Problem::new(reason, text)), ..Part::default() }
    }

    /// With what another part says.
    pub fn and(mut self, other: Part) -> Self {
        self.steps.extend(other.steps);
        self.problem = self.problem.or(other.problem);
        self.waiting = self.waiting.or(other.waiting);
        self.noted.extend(other.noted);
        self.forget.extend(other.forget);
        self
    }
}

/// Regions of copies: those of the spec, and those that this object made. What is at home is the snapshot itself.
pub fn regions(object: &DbSnapshot, journal: &Journal, home: &str) -> BTreeSet<String> {
    if origin::family(&object.spec) == Family::Table {
        return BTreeSet::new();
    }
    let noted = journal.notes.keys().filter_map(|key| key.strip_prefix(NOTE)).map(String::from);
    wanted(object).map(|copy| copy.region.clone()).chain(noted).filter(|region| region != home).collect()
}

fn wanted(object: &DbSnapshot) -> impl Iterator<Item = &Copy> {
    object.spec.copies.iter().flatten()
}

/// A copy, and everything that a plan of it looks at.
struct Scene<'a> {
    object: &'a DbSnapshot,
    inputs: &'a Inputs,
    snapshot: &'a Snapshot,
    region: &'a str,
}

/// The calls that bring the copies to what the spec says.
pub fn plan(object: &DbSnapshot, inputs: &Inputs, observed: &Observed, snapshot: &Snapshot) -> Part {
    let each = observed.copies.iter().map(|(region, copy)| {
        let scene = Scene { object, inputs, snapshot, region };
        match wanted(object).find(|copy| copy.region == *region) {
            Some(copy_spec) => scene.wanted(copy_spec, copy),
            None => scene.unwanted(copy),
        }
    });
    each.fold(at_home(object, snapshot), Part::and)
}

/// The schema cannot know the operator's own region.
fn at_home(object: &DbSnapshot, snapshot: &Snapshot) -> Part {
    let home = place_of(&snapshot.arn).map_or("", |(region, _)| region);
    if !wanted(object).any(|copy| copy.region == home) {
        return Part::default();
    }
    let text = format!("spec.copies: {home} is the snapshot's own region: copies are for others");
    Part::refuses(Reason::InvalidSpec, text)
}

impl Scene<'_> {
    fn note(&self) -> String {
        format!("{NOTE}{}", self.region)
    }

    fn noted(&self) -> Option<&str> {
        self.inputs.journal.notes.get(&self.note()).map(String::as_str)
    }

    fn named(&self) -> String {
        format!("the copy in {}", self.region)
    }

    fn wanted(&self, wanted: &Copy, copy: &Seen<Snapshot>) -> Part {
        match copy {
            Seen::Unread(why) => Part::waits(Reason::Unreadable, format!("{} could not be read: {why}", self.named())),
            Seen::Absent if state(&self.snapshot.status) == State::Available => self.missing(wanted),
            Seen::Absent => Part::default(),
            Seen::Present(copy) => match self.inputs.owner.claim(&copy.tags) {
                Claim::Mine => self.ours(copy),
                _ if self.is_untold() => {
                    Part::waits(Reason::Creating, format!("AWS does not show the tags of {} yet", self.named()))
                }
                _ => Part::refuses(
                    Reason::Conflict,
                    format!(
                        "spec.copies: {} has a snapshot of this name that is not this object's: nothing is touched there; remove the \
                         region, or make a new object with another spec.identifier",
                        self.region
                    ),
                ),
            },
        }
    }

    /// Tags may show later than the copy that was made with them.
    fn is_untold(&self) -> bool {
        self.noted() == Some(SENT) && self.inputs.since_call(THING).is_some_and(|age: Duration| age < EVENTUAL)
    }

    fn missing(&self, wanted: &Copy) -> Part {
        if let Some(problem) = self.wrong_key(wanted) {
            return Part { problem: Some(problem), ..Part::default() };
        }
        let step = self.make(wanted);
        if self.noted() != Some(MADE) {
            return Part::step(step);
        }
        let problem = Problem::new(
            Reason::ExternallyDeleted,
            format!(
                "{} was deleted outside of the operator and is not made again by itself: approve the held step with {} to do so, or \
                 remove the region from spec.copies",
                self.named(),
                annotation::APPROVE
            ),
        );
        Part { problem: Some(problem), ..Part::step(step.when(When::Approval)) }
    }

    /// A key belongs to one region.
    fn wrong_key(&self, wanted: &Copy) -> Option<Problem> {
        let field = format!("spec.copies[{}].kmsKeyId", self.region);
        let has_key = self.snapshot.encrypted && self.snapshot.kms_key_id.is_some();
        let text = if has_key && wanted.kms_key_id.is_none() {
            format!("{field}: the snapshot is encrypted, so name a key of {} for its copy", self.region)
        } else if !self.snapshot.encrypted
            && wanted.kms_key_id.is_some()
            && origin::family(&self.object.spec) == Family::Cluster
        {
            format!("{field}: the snapshot is not encrypted, and AWS encrypts no copy of a cluster snapshot: remove it")
        } else {
            return None;
        };
        Some(Problem::new(Reason::InvalidSpec, text))
    }

    fn make(&self, wanted: &Copy) -> Step<Action> {
        let call = Call::CopyTo {
            region: self.region.into(),
            source_arn: self.snapshot.arn.clone(),
            kms_key_id: wanted.kms_key_id.clone(),
            tags: self.object.spec.shared.tags_of(&self.inputs.owner),
        };
        let change = Change { field: field(self.region), from: None, to: Some("copied".into()) };
        self.call(call, "spec.copies names this region").changing(vec![change]).noting(self.note(), SENT)
    }

    fn call(&self, call: Call, because: &str) -> Step<Action> {
        Step::new(THING, Action { family: origin::family(&self.object.spec), call }, because)
    }

    fn ours(&self, copy: &Snapshot) -> Part {
        let is_news = self.noted() != Some(MADE);
        let noted = is_news.then(|| (self.note(), MADE.to_string())).into_iter().collect();
        let part = match state(&copy.status) {
            State::Available => self.tags(copy),
            State::Failed => Part::refuses(
                Reason::Broken,
                format!(
                    "{} has failed, and AWS does not try again: remove the region from spec.copies, and name it again once the copy is gone",
                    self.named()
                ),
            ),
            _ => Part::waits(Reason::Updating, format!("{} is {}", self.named(), shown(copy))),
        };
        Part { noted, ..part }
    }

    /// Tags that the copy lacks. Those that left the spec stay on it: what of them this object set is only noted for the
    /// snapshot.
    fn tags(&self, copy: &Snapshot) -> Part {
        let wanted = self.object.spec.shared.tags_of(&self.inputs.owner);
        let missing: Tags = wanted.into_iter().filter(|(key, value)| copy.tags.get(key) != Some(value)).collect();
        if missing.is_empty() {
            return Part::default();
        }
        let change = |(key, value): (&String, &String)| Change {
            field: format!("{}.tags.{key}", field(self.region)),
            from: copy.tags.get(key).cloned(),
            to: Some(value.clone()),
        };
        let changes = missing.iter().map(change).collect();
        let step = self.call(Call::Tag { arn: copy.arn.clone(), tags: missing }, "").changing(changes);
        Part::step(step)
    }

    /// One that this object made and that the spec no longer names. Without `spec.copies`, none is managed.
    fn unwanted(&self, copy: &Seen<Snapshot>) -> Part {
        let copy = match copy {
            Seen::Present(copy) => copy,
            Seen::Absent => return Part { forget: vec![self.note()], ..Part::default() },
            Seen::Unread(_) => return Part::default(),
        };
        let is_managed = self.object.spec.copies.is_some()
            && self.object.spec.shared.deletion_policy == DeletionPolicy::Delete
            && self.inputs.owner.claim(&copy.tags) == Claim::Mine;
        if !is_managed {
            return Part::default();
        }
        let step = delete(self.object, self.region, copy, "spec.copies no longer names this region", false);
        match state(&copy.status) {
            State::Available | State::Failed => Part::step(step),
            State::Deleting => Part::waits(Reason::Deleting, format!("{} is {}", self.named(), copy.status)),
            _ => {
                let text = format!("{} is {}: AWS deletes it after that", self.named(), shown(copy));
                Part::step(step.when(When::After(Waiting::new(Reason::Busy, text))))
            }
        }
    }
}

fn field(region: &str) -> String {
    format!("copies[{region}]")
}

fn delete(object: &DbSnapshot, region: &str, copy: &Snapshot, because: &str, expired: bool) -> Step<Action> {
    let call = Call::Delete { region: Some(region.into()), arn: copy.arn.clone(), expired };
    let change = Change { field: field(region), from: Some("exists".into()), to: None };
    let action = Action { family: origin::family(&object.spec), call };
    Step::new(THING, action, because).changing(vec![change]).class(Disruption::DataLoss)
}

/// The calls that take away every copy that is ours, when the object goes.
pub fn removal(object: &DbSnapshot, inputs: &Inputs, observed: &Observed, expired: bool) -> Part {
    let each = observed.copies.iter().map(|(region, copy)| {
        let copy = match copy {
            Seen::Present(copy) => copy,
            Seen::Absent => return Part::default(),
            Seen::Unread(why) => {
                return Part::waits(Reason::Unreadable, format!("the copy in {region} could not be read: {why}"));
            }
        };
        match (inputs.owner.claim(&copy.tags), state(&copy.status)) {
            (Claim::Mine, State::Available | State::Failed) => {
                Part::step(delete(object, region, copy, "the object was deleted; copies go first", expired))
            }
            (Claim::Mine, _) => Part::waits(Reason::Deleting, format!("the copy in {region} is {}", shown(copy))),
            _ => Part::default(),
        }
    });
    each.fold(Part::default(), Part::and)
}

/// What status shows of a copy.
pub fn fact(object: &DbSnapshot, inputs: &Inputs, region: &str, copy: &Seen<Snapshot>) -> Option<String> {
    let is_named = wanted(object).any(|copy| copy.region == region);
    let was_made = inputs.journal.notes.get(&format!("{NOTE}{region}")).is_some_and(|note| note == MADE);
    match copy {
        // What was said before, so that an answer that fails is no news.
        Seen::Unread(_) => object.status.as_ref().and_then(|status| status.facts.copies.get(region).cloned()),
        Seen::Absent => (is_named && was_made).then(|| "deleted outside of the operator".into()),
        Seen::Present(copy) if inputs.owner.claim(&copy.tags) != Claim::Mine => Some("not this object's".into()),
        Seen::Present(copy) if is_named => Some(shown(copy)),
        Seen::Present(copy) => Some(format!("{}, left: spec.copies no longer names it", shown(copy))),
    }
}
