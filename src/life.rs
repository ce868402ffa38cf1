//! May this thing be touched, and how: ownership, adoption, absence and release, the same for every kind
//! (product.md section 5, architecture.md section 7). A kind's plan begins with this verdict.

use std::time::Duration;

use crate::aws::owner::{ALLOW_TAG, CLUSTER_TAG, Claim, OWNER_TAG, Tags};
use crate::aws::{Action, Seen};
use crate::conditions::Reason;
use crate::kind::{Disruption, Inputs, Plan, Problem, Step, Thing, Waiting, Want, When};
use crate::spec::{Adoption, Change, DeletionPolicy, LastCall, ManagementPolicy, SharedSpec};

/// Note with AWS's immutable id of the thing that we made or took over.
pub const RESOURCE_ID: &str = "resourceId";

/// Note that the database was made from something else and does not have our password yet.
pub const PASSWORD_UNSET: &str = "passwordUnset";

/// Note ahead of a call that makes a thing and takes no tags: `<source>|<time>`. The thing is ours if both match.
pub const UNTAGGED: &str = "untagged";

/// Note with AWS's id of the thing that such a call was seen to make: it may tell its source only while it is being made.
pub const MADE: &str = "made";

/// AWS's clock and ours may differ by this much.
pub const CLOCKS_DIFFER: Duration = Duration::from_secs(60);
/// A thing that no longer tells its source is ours only if it was made this soon after the call.
const MADE_BY_THE_CALL: Duration = Duration::from_secs(600);

/// How long AWS may answer "not found" after it accepted a create (aws-rds.md 4.1).
const EVENTUAL: Duration = Duration::from_secs(120);

/// What may be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is not there and never was: make it.
    Create,
    /// It was there and is gone: make it again only when the user approves.
    Recreate(Problem),
    /// It is ours.
    Manage,
    /// It may become ours by tagging it. With a problem, only after approval.
    Adopt(Option<Problem>),
    /// This object made it with a call that takes no tags: they are set now.
    Claim,
    /// It may be looked at.
    Watch,
    /// It must not be touched.
    Refuse(Problem),
    /// Not yet.
    Wait(Waiting),
    /// It is ours and shall go.
    Remove,
    /// It is gone, twice looked for: what belongs to it may go too.
    Gone,
    /// Nothing shall be done about it.
    LetGo,
}

/// The verdict on the main thing of an object. `what` is its AWS name for messages, e.g. `DB instance shop-orders`.
pub fn verdict(want: Want, spec: &SharedSpec, inputs: &Inputs, thing: &Seen<Thing>, what: &str) -> Verdict {
    let observes = spec.management_policy == ManagementPolicy::Observe;
    if want == Want::Absent && (observes || spec.deletion_policy == DeletionPolicy::Retain) {
        return Verdict::LetGo;
    }
    match (want, thing) {
        (_, Seen::Unread(why)) => {
            Verdict::Wait(Waiting::new(Reason::Unreadable, format!("{what} could not be read: {why}")))
        }
        (Want::Present, Seen::Present(thing)) => present(spec, inputs, thing, what),
        (Want::Absent, Seen::Present(thing)) => removal(inputs, thing, what),
        (Want::Present, Seen::Absent) if observes => Verdict::Wait(Waiting::new(
            Reason::NotFound,
            format!("{what} does not exist; managementPolicy Observe never creates it"),
        )),
        (_, Seen::Absent) => absent(want, inputs, what),
    }
}

fn absent(want: Want, inputs: &Inputs, what: &str) -> Verdict {
    if let Some(problem) = wrong_account(inputs, what) {
        return Verdict::Refuse(problem);
    }
    let was_seen = inputs.recorded_arn.is_some();
    let was_sent = inputs.journal.calls.values().any(|call| !call.operation.starts_with("Delete"));
    if let Some(waiting) = just_created(want, inputs, what) {
        return Verdict::Wait(waiting);
    }
    match want {
        Want::Present if !was_seen => Verdict::Create,
        Want::Absent if !was_seen && !was_sent => Verdict::Gone,
        _ => match (proven_absent(inputs), want) {
            (Err(waiting), _) => Verdict::Wait(waiting),
            (Ok(()), Want::Absent) => Verdict::Gone,
            (Ok(()), Want::Present) => Verdict::Recreate(Problem::new(
                Reason::ExternallyDeleted,
                format!(
                    "{what} was deleted outside of the operator. It is not made again by itself, since that would be an \
                     empty database: approve the held step with {} to do so, restore a snapshot into a new object, or \
                     delete this object",
                    crate::spec::annotation::APPROVE
                ),
            )),
        },
    }
}

/// For a while after a create AWS may not know the thing: a second create would be refused at best, and a deletion that
/// believed it would leave a database behind. A create whose answer was lost may have happened as well.
fn just_created(want: Want, inputs: &Inputs, what: &str) -> Option<Waiting> {
    let (_, age) = recent_create(inputs)?;
    (inputs.accepted || want == Want::Absent).then(|| {
        Waiting::new(Reason::Creating, format!("the create of {what} was sent and AWS does not list it yet"))
            .until(inputs.now + (EVENTUAL - age))
    })
}

/// The create that was sent a short while ago, if nothing of it was seen yet, and its age.
fn recent_create(inputs: &Inputs) -> Option<(&LastCall, Duration)> {
    let call = inputs.journal.calls.get(inputs.main)?;
    let creates = ["Create", "Restore", "Import"].iter().any(|verb| call.operation.starts_with(verb));
    // The note is emptied with the create and filled when the thing is first seen.
    let was_listed = inputs.journal.notes.get(RESOURCE_ID).is_some_and(|id| !id.is_empty());
    let age = inputs.since_call(inputs.main).filter(|age| creates && !was_listed && *age < EVENTUAL)?;
    Some((call, age))
}

fn proven_absent(inputs: &Inputs) -> Result<(), Waiting> {
    let since = inputs.absent_since.unwrap_or(inputs.now);
    let elapsed = Duration::try_from(inputs.now.duration_since(since)).unwrap_or_default();
    if elapsed >= inputs.clocks.quiet_period {
        return Ok(());
    }
    let again = inputs.now + (inputs.clocks.quiet_period - elapsed);
    Err(Waiting::new(
        Reason::ProvingAbsence,
        "AWS does not find it; a second look after a quiet period must agree before that is believed",
    )
    .until(again))
}

fn wrong_account(inputs: &Inputs, what: &str) -> Option<Problem> {
    let recorded = inputs.recorded_account.as_ref().filter(|recorded| **recorded != inputs.account)?;
    Some(Problem::new(
        Reason::WrongAccount,
        format!(
            "the operator's credentials belong to account {}, but {what} was recorded in account {recorded}: nothing is \
             created or believed absent there; give the operator the credentials of {recorded}",
            inputs.account
        ),
    ))
}

fn present(spec: &SharedSpec, inputs: &Inputs, thing: &Thing, what: &str) -> Verdict {
    let claim = inputs.owner.claim(&thing.tags);
    if spec.management_policy == ManagementPolicy::Observe {
        let may = claim == Claim::Mine || inputs.trust_account || inputs.owner.is_allowed(&thing.tags);
        return if may { Verdict::Watch } else { Verdict::Refuse(not_allowed(inputs, what, "observed")) };
    }
    match claim {
        Claim::Mine => identity(inputs, thing, what),
        Claim::OtherCluster(cluster) => Verdict::Adopt(Some(Problem::new(
            Reason::Conflict,
            format!(
                "{what} belongs to the same object of another cluster (kube-system uid {cluster}). If that cluster is gone, approve \
                 the held step to take it over; if it lives, one of the two must use another --installation"
            ),
        ))),
        Claim::Other(owner) => Verdict::Refuse(Problem::new(
            Reason::Conflict,
            format!("{what} belongs to {owner} (tag {OWNER_TAG}): nothing is touched; choose another spec.identifier"),
        )),
        Claim::Nobody if was_ours(inputs, thing) => Verdict::Adopt(Some(Problem::new(
            Reason::Conflict,
            format!(
                "{what} has lost its tag {OWNER_TAG}: nothing is changed until it is back; approve the held step to set it again"
            ),
        ))),
        Claim::Nobody => nobodys(spec, inputs, thing, what),
    }
}

/// Tags may show later than the thing that was made with them: until then it is neither a stranger's nor ours.
fn tags_to_come(inputs: &Inputs, what: &str) -> Option<Waiting> {
    let (call, age) = recent_create(inputs)?;
    // A call that AWS refused made nothing.
    (!call.step.is_empty()).then(|| {
        let text = format!("{what} is there and AWS does not show the tags yet with which it was made");
        Waiting::new(Reason::Creating, text).until(inputs.now + (EVENTUAL - age))
    })
}

/// Whether a thing came of the call that was noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Provenance {
    /// The source is the noted one, and the time fits.
    Ours,
    /// The time fits, and AWS no longer tells the source: anybody may have made it in the same minutes.
    Doubtful,
    /// It did not.
    Others,
}

/// Source and time of the call without tags that was noted.
pub fn noted_call(inputs: &Inputs) -> Option<(&str, jiff::Timestamp)> {
    let (source, at) = inputs.journal.notes.get(UNTAGGED)?.rsplit_once('|')?;
    Some((source, at.parse().ok()?))
}

fn provenance(inputs: &Inputs, thing: &Thing) -> Provenance {
    let notes = &inputs.journal.notes;
    if notes.get(MADE) == Some(&thing.resource_id) {
        return Provenance::Ours;
    }
    let (Some((source, at)), Some(origin)) = (noted_call(inputs), &thing.origin) else { return Provenance::Others };
    let Some(made) = origin.at else { return Provenance::Others };
    let is_after = made + CLOCKS_DIFFER >= at;
    match &origin.source {
        Some(shown) if shown == source && is_after => Provenance::Ours,
        None if is_after && made <= at + MADE_BY_THE_CALL => Provenance::Doubtful,
        _ => Provenance::Others,
    }
}

fn nobodys(spec: &SharedSpec, inputs: &Inputs, thing: &Thing, what: &str) -> Verdict {
    match (provenance(inputs, thing), tags_to_come(inputs, what)) {
        (Provenance::Ours, _) => Verdict::Claim,
        (_, Some(waiting)) => Verdict::Wait(waiting),
        (Provenance::Doubtful, None) => Verdict::Adopt(Some(Problem::new(
            Reason::Conflict,
            format!(
                "{what} was made when this object asked for it, and AWS no longer tells of what: approve the held step if it is \
                 this object's"
            ),
        ))),
        (Provenance::Others, None) => adoption(spec, inputs, thing, what),
    }
}

/// Whether this object made or took over this very thing. That it was seen is not enough: an object that only observes
/// records the ARN too, and must not come to own by losing its policy what both sides never agreed on.
fn was_ours(inputs: &Inputs, thing: &Thing) -> bool {
    let noted = inputs.journal.notes.get(RESOURCE_ID);
    inputs.recorded_arn.as_ref() == Some(&thing.arn) && noted == Some(&thing.resource_id)
}

fn adoption(spec: &SharedSpec, inputs: &Inputs, thing: &Thing, what: &str) -> Verdict {
    if spec.adoption == Adoption::Never {
        return Verdict::Refuse(Problem::new(
            Reason::Conflict,
            format!(
                "{what} exists and is not ours: nothing is touched; choose another spec.identifier, or set spec.adoption: IfExists to \
                 take it over"
            ),
        ));
    }
    if inputs.trust_account || inputs.owner.is_allowed(&thing.tags) {
        Verdict::Adopt(None)
    } else {
        Verdict::Refuse(not_allowed(inputs, what, "taken over"))
    }
}

fn not_allowed(inputs: &Inputs, what: &str, done: &str) -> Problem {
    let owner = &inputs.owner;
    Problem::new(
        Reason::NotAllowed,
        format!(
            "{what} may not be {done} from namespace {}: whoever administers the AWS account must set the tag {} = {}/{} on it",
            owner.namespace, ALLOW_TAG, owner.installation, owner.namespace
        ),
    )
}

/// A restored snapshot carries its source's tags: the same name and owner do not make it the same database.
fn identity(inputs: &Inputs, thing: &Thing, what: &str) -> Verdict {
    match inputs.journal.notes.get(RESOURCE_ID) {
        Some(recorded) if !recorded.is_empty() && *recorded != thing.resource_id => Verdict::Adopt(Some(Problem::new(
            Reason::IdentityChanged,
            format!(
                "{what} is not the database that this object made: its resource id is {}, recorded is {recorded}. Nothing is \
                     changed; approve the held step to accept it as the new one",
                thing.resource_id
            ),
        ))),
        _ => Verdict::Manage,
    }
}

fn removal(inputs: &Inputs, thing: &Thing, what: &str) -> Verdict {
    match inputs.owner.claim(&thing.tags) {
        Claim::Mine => match identity(inputs, thing, what) {
            Verdict::Adopt(Some(problem)) => Verdict::Refuse(Problem::new(
                problem.reason,
                format!("{}; set deletionPolicy Retain to let the object go without it", problem.message),
            )),
            _ => Verdict::Remove,
        },
        Claim::OtherCluster(_) | Claim::Other(_) => Verdict::LetGo,
        Claim::Nobody if was_ours(inputs, thing) => Verdict::Refuse(Problem::new(
            Reason::Conflict,
            format!(
                "{what} has lost its tag {OWNER_TAG} and is not deleted: put the tag back ({}), or set deletionPolicy Retain to \
                 let the object go without it",
                inputs.owner.text()
            ),
        )),
        Claim::Nobody if provenance(inputs, thing) == Provenance::Ours => Verdict::Remove,
        Claim::Nobody => tags_to_come(inputs, what).map_or(Verdict::LetGo, Verdict::Wait),
    }
}

/// Whether something that this namespace does not own may be a source: its data would be read otherwise. `tags` are those
/// of the source; without any, nobody allowed it.
///
/// # Errors
/// The tag that must be set.
pub fn permitted(inputs: &Inputs, tags: Option<&Tags>, name: &str) -> Result<(), Problem> {
    let owner = &inputs.owner;
    let own = format!("{}/", owner.installation);
    let same_namespace = tags
        .and_then(|tags| tags.get(OWNER_TAG))
        .is_some_and(|text| text.starts_with(&own) && text.split('/').nth(2) == Some(owner.namespace.as_str()));
    let same_cluster = tags.is_some_and(|tags| tags.get(CLUSTER_TAG) == Some(&owner.cluster));
    let allowed = tags.is_some_and(|tags| owner.is_allowed(tags));
    if inputs.trust_account || allowed || (same_namespace && same_cluster) {
        return Ok(());
    }
    Err(Problem::new(
        Reason::NotAllowed,
        format!(
            "spec.source: {name} may not be used from namespace {}: whoever administers the AWS account must set the tag {ALLOW_TAG} = \
             {}/{} on it",
            owner.namespace, owner.installation, owner.namespace
        ),
    ))
}

/// Holds the making: an empty database in place of a lost one is the user's decision. What it waits for stays in the way
/// of an approval.
pub fn recreate<A: Action>(plan: Plan<A>, problem: Problem) -> Plan<A> {
    let hold = |step: Step<A>| {
        let when = if matches!(step.when, When::After(_)) { step.when } else { When::Approval };
        Step { when, class: Disruption::Replacement, ..step }
    };
    let steps = plan.steps.into_iter().map(|step| if step.action.creates() { hold(step) } else { step }).collect();
    Plan { steps, problem: plan.problem.or(Some(problem)), ..Plan::default() }
}

/// Taking over is tagging: `step` sets the owner's tags. It lists what `after`, the plan once it is ours, would change, so
/// that an approval covers it and goes stale with it; with nothing to change, and nothing that AWS cannot change, it needs
/// none.
pub fn take_over<A: Action>(after: Plan<A>, problem: Option<Problem>, step: Step<A>) -> Plan<A> {
    let changes: Vec<Change> = after
        .steps
        .iter()
        .flat_map(|step| {
            let call = Change { field: step.action.operation().into(), from: None, to: Some(step.because.clone()) };
            let listed = step.changes.clone();
            if listed.is_empty() { vec![call] } else { listed }
        })
        .filter(|change| !change.field.starts_with("tags.") && !change.field.contains(".tags."))
        .collect();
    let differs = after.problem.filter(|found| matches!(found.reason, Reason::InvalidSpec | Reason::Conflict));
    let problem = problem.or(differs);
    let when = if problem.is_none() && changes.is_empty() { When::Now } else { When::Approval };
    Plan { steps: vec![step.changing(changes).when(when)], problem, ..Plan::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::owner::Owner;
    use crate::spec::Journal;
    use jiff::Timestamp;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use std::collections::BTreeMap;

    const ARN: &str = "arn:aws:rds:eu-central-1:123456789012:db:shop-orders";
    const NOW: i64 = 1_000_000;

    fn owner() -> Owner {
        Owner {
            installation: "prod".into(),
            cluster: "cluster-1".into(),
            kind: "RdsInstance".into(),
            namespace: "shop".into(),
            name: "orders".into(),
        }
    }

    /// Nothing was done or recorded yet.
    fn fresh() -> Inputs {
        Inputs {
            main: "instance",
            absent_since: None,
            now: Timestamp::from_second(NOW).unwrap(),
            owner: owner(),
            trust_account: false,
            account: "123456789012".into(),
            recorded_account: None,
            recorded_arn: None,
            uid: "uid".into(),
            journal: Journal::default(),
            accepted: false,
            stored: Default::default(),
            supplied: Default::default(),
            config_maps: Default::default(),
            objects: Default::default(),
            rotate: None,
            clocks: Default::default(),
        }
    }

    /// It was made, seen and recorded.
    fn recorded() -> Inputs {
        let notes = BTreeMap::from([(RESOURCE_ID.into(), "db-1".into())]);
        Inputs {
            recorded_account: Some("123456789012".into()),
            recorded_arn: Some(ARN.into()),
            journal: Journal { notes, ..Journal::default() },
            ..fresh()
        }
    }

    fn absent_for(seconds: i64) -> Inputs {
        let mut inputs = recorded();
        inputs.absent_since = Some(Timestamp::from_second(NOW - seconds).unwrap());
        inputs
    }

    fn sent(mut inputs: Inputs, operation: &str, seconds: i64, accepted: bool) -> Inputs {
        let at = Time(Timestamp::from_second(NOW - seconds).unwrap());
        let call = LastCall { operation: operation.into(), at, step: String::new() };
        inputs.journal.calls.insert("instance".into(), call);
        if operation.starts_with("Create") {
            inputs.journal.notes.insert(RESOURCE_ID.into(), String::new());
        }
        inputs.accepted = accepted;
        inputs
    }

    fn trusted(inputs: Inputs) -> Inputs {
        Inputs { trust_account: true, ..inputs }
    }

    fn elsewhere(inputs: Inputs) -> Inputs {
        Inputs { account: "999999999999".into(), ..inputs }
    }

    fn manage() -> SharedSpec {
        SharedSpec { deletion_policy: DeletionPolicy::Delete, ..SharedSpec::default() }
    }

    fn observe() -> SharedSpec {
        SharedSpec { management_policy: ManagementPolicy::Observe, ..manage() }
    }

    fn adopting() -> SharedSpec {
        SharedSpec { adoption: Adoption::IfExists, ..manage() }
    }

    fn retain() -> SharedSpec {
        SharedSpec { deletion_policy: DeletionPolicy::Retain, ..manage() }
    }

    fn tagged(tags: Tags) -> Seen<Thing> {
        Seen::Present(Thing { arn: ARN.into(), resource_id: "db-1".into(), tags, origin: None })
    }

    fn mine() -> Seen<Thing> {
        tagged(owner().tags())
    }

    fn namesake() -> Seen<Thing> {
        Seen::Present(Thing { arn: ARN.into(), resource_id: "db-2".into(), tags: owner().tags(), origin: None })
    }

    fn others() -> Seen<Thing> {
        tagged(Owner { name: "billing".into(), ..owner() }.tags())
    }

    fn of_another_cluster() -> Seen<Thing> {
        let mut tags = owner().tags();
        tags.insert(CLUSTER_TAG.into(), "cluster-2".into());
        tagged(tags)
    }

    fn nobodys() -> Seen<Thing> {
        tagged(Tags::new())
    }

    fn allowed() -> Seen<Thing> {
        tagged(Tags::from([(ALLOW_TAG.into(), "prod/shop".into())]))
    }

    fn unread() -> Seen<Thing> {
        Seen::Unread("throttled".into())
    }

    /// A verdict in a word, with its reason where it has one.
    fn word(verdict: &Verdict) -> String {
        match verdict {
            Verdict::Adopt(None) => "Adopt".into(),
            Verdict::Adopt(Some(problem)) => format!("Adopt after approval: {}", problem.reason),
            Verdict::Recreate(problem) => format!("Recreate after approval: {}", problem.reason),
            Verdict::Refuse(problem) => format!("Refuse: {}", problem.reason),
            Verdict::Wait(waiting) => format!("Wait: {}", waiting.reason),
            plain => format!("{plain:?}"),
        }
    }

    type Row = (&'static str, SharedSpec, Inputs, Seen<Thing>, &'static str);

    fn check(want: Want, table: Vec<Row>) {
        for (why, spec, inputs, thing, expected) in table {
            let found = verdict(want, &spec, &inputs, &thing, "DB instance shop-orders");
            assert_eq!(word(&found), expected, "{why}");
        }
    }

    #[test]
    fn what_is_wanted_and_absent_is_made_once() {
        check(
            Want::Present,
            vec![
                ("it never was", manage(), fresh(), Seen::Absent, "Create"),
                ("to adopt there is nothing", adopting(), fresh(), Seen::Absent, "Create"),
                ("Observe never creates", observe(), fresh(), Seen::Absent, "Wait: NotFound"),
                ("it could not be read", manage(), fresh(), unread(), "Wait: Unreadable"),
                (
                    "AWS accepted the create and does not list it yet",
                    manage(),
                    sent(fresh(), "CreateDBInstance", 100, true),
                    Seen::Absent,
                    "Wait: Creating",
                ),
                (
                    "a restore is a create, too",
                    manage(),
                    sent(fresh(), "RestoreDBInstanceToPointInTime", 100, true),
                    Seen::Absent,
                    "Wait: Creating",
                ),
                (
                    "after two minutes it was not made",
                    manage(),
                    sent(fresh(), "CreateDBInstance", 120, true),
                    Seen::Absent,
                    "Create",
                ),
                (
                    "the answer was lost: the name is deterministic, so once more",
                    manage(),
                    sent(fresh(), "CreateDBInstance", 10, false),
                    Seen::Absent,
                    "Create",
                ),
                (
                    "the credentials are another account's (B12)",
                    manage(),
                    elsewhere(Inputs { recorded_account: Some("123456789012".into()), ..fresh() }),
                    Seen::Absent,
                    "Refuse: WrongAccount",
                ),
                (
                    "it was seen; one look proves nothing (B7)",
                    manage(),
                    recorded(),
                    Seen::Absent,
                    "Wait: ProvingAbsence",
                ),
                ("half a quiet period", manage(), absent_for(30), Seen::Absent, "Wait: ProvingAbsence"),
                (
                    "two looks agree: an empty database in its place is the user's decision",
                    manage(),
                    absent_for(60),
                    Seen::Absent,
                    "Recreate after approval: ExternallyDeleted",
                ),
                (
                    "made again by approval, and not listed yet",
                    manage(),
                    sent(absent_for(600), "CreateDBInstance", 20, true),
                    Seen::Absent,
                    "Wait: Creating",
                ),
                (
                    "absent in another account is not absent",
                    manage(),
                    elsewhere(absent_for(600)),
                    Seen::Absent,
                    "Refuse: WrongAccount",
                ),
            ],
        );
    }

    #[test]
    fn what_is_wanted_and_there_is_touched_only_where_it_is_ours() {
        check(
            Want::Present,
            vec![
                ("ours", manage(), recorded(), mine(), "Manage"),
                ("ours, and status was lost (B3)", manage(), fresh(), mine(), "Manage"),
                ("policy Retain changes nothing in life", retain(), recorded(), mine(), "Manage"),
                (
                    "a namesake with our tags: a restored copy",
                    manage(),
                    recorded(),
                    namesake(),
                    "Adopt after approval: IdentityChanged",
                ),
                ("another owner", manage(), fresh(), others(), "Refuse: Conflict"),
                ("another owner, whatever adoption says", adopting(), trusted(fresh()), others(), "Refuse: Conflict"),
                (
                    "a copied values file or a rebuilt cluster (B13)",
                    manage(),
                    fresh(),
                    of_another_cluster(),
                    "Adopt after approval: Conflict",
                ),
                ("nobody's, and adoption is Never (B4)", manage(), fresh(), nobodys(), "Refuse: Conflict"),
                ("allowed, and adoption is Never", manage(), fresh(), allowed(), "Refuse: Conflict"),
                ("one side only: no tag", adopting(), fresh(), nobodys(), "Refuse: NotAllowed"),
                ("both sides", adopting(), fresh(), allowed(), "Adopt"),
                ("a cluster that trusts its account", adopting(), trusted(fresh()), nobodys(), "Adopt"),
                ("ours, but the tag is gone", manage(), recorded(), nobodys(), "Adopt after approval: Conflict"),
                (
                    "once observed is not once ours: the allow tag is needed still",
                    adopting(),
                    Inputs { recorded_arn: Some(ARN.into()), ..fresh() },
                    nobodys(),
                    "Refuse: NotAllowed",
                ),
                ("Observe of ours", observe(), recorded(), mine(), "Watch"),
                ("Observe of an allowed one", observe(), fresh(), allowed(), "Watch"),
                ("Observe of nobody's", observe(), fresh(), nobodys(), "Refuse: NotAllowed"),
                ("Observe of another's", observe(), fresh(), others(), "Refuse: NotAllowed"),
                ("Observe where the account is trusted", observe(), trusted(fresh()), others(), "Watch"),
            ],
        );
    }

    /// A create that AWS did not refuse.
    fn under_way(operation: &str, seconds: i64) -> Inputs {
        let mut inputs = sent(fresh(), operation, seconds, false);
        inputs.journal.notes.insert(RESOURCE_ID.into(), String::new());
        inputs.journal.calls.get_mut("instance").unwrap().step = "step".into();
        inputs
    }

    /// A call that took no tags was noted this long ago.
    fn noted(seconds: i64) -> Inputs {
        let mut inputs = under_way("RestoreTableFromBackup", seconds);
        let at = Timestamp::from_second(NOW - seconds).unwrap();
        inputs.journal.notes.insert(UNTAGGED.into(), format!("arn:backup|{at}"));
        inputs
    }

    fn seen_in_making(seconds: i64) -> Inputs {
        let mut inputs = noted(seconds);
        inputs.journal.notes.insert(MADE.into(), "db-1".into());
        inputs
    }

    fn made(seconds: i64, source: Option<&str>) -> Seen<Thing> {
        let at = Timestamp::from_second(NOW - seconds).ok();
        let origin = Some(crate::kind::Making { source: source.map(String::from), at });
        let Seen::Present(thing) = nobodys() else { unreachable!() };
        Seen::Present(Thing { origin, ..thing })
    }

    #[test]
    fn tags_that_come_late_are_waited_for_and_calls_without_tags_are_known_by_source_and_time() {
        let present = vec![
            ("AWS does not show the tags yet", manage(), under_way("CreateTable", 5), nobodys(), "Wait: Creating"),
            ("nor to one that adopts", adopting(), under_way("CreateTable", 5), allowed(), "Wait: Creating"),
            ("they never came: a stranger's", manage(), under_way("CreateTable", 120), nobodys(), "Refuse: Conflict"),
            (
                "AWS refused the create, so it was there before",
                manage(),
                sent(fresh(), "CreateTable", 5, false),
                nobodys(),
                "Refuse: Conflict",
            ),
            ("source and time match", manage(), noted(300), made(290, Some("arn:backup")), "Claim"),
            (
                "time matches, the source is no longer told: not by itself",
                manage(),
                noted(300),
                made(290, None),
                "Adopt after approval: Conflict",
            ),
            ("it told its source while it was being made", manage(), seen_in_making(300), made(290, None), "Claim"),
            ("another source", manage(), noted(300), made(290, Some("arn:other")), "Refuse: Conflict"),
            ("made long before", manage(), noted(300), made(900, Some("arn:backup")), "Refuse: Conflict"),
            ("made long after, of nobody knows what", manage(), noted(5000), made(100, None), "Refuse: Conflict"),
            ("AWS does not say when it was made", manage(), noted(300), nobodys(), "Refuse: Conflict"),
            ("nothing was noted", manage(), fresh(), made(10, Some("arn:backup")), "Refuse: Conflict"),
        ];
        check(Want::Present, present);
        let absent = vec![
            ("deleted right after its create", manage(), under_way("CreateTable", 5), nobodys(), "Wait: Creating"),
            ("deleted right after its restore", manage(), noted(300), made(290, Some("arn:backup")), "Remove"),
            ("seen in its making", manage(), seen_in_making(300), made(290, None), "Remove"),
            ("a stranger's of that name stays", manage(), noted(300), made(290, Some("arn:other")), "LetGo"),
            ("in doubt it stays", manage(), noted(300), made(290, None), "LetGo"),
        ];
        check(Want::Absent, absent);
    }

    #[test]
    fn what_is_unwanted_goes_only_where_it_is_ours_and_only_when_that_is_proven() {
        check(
            Want::Absent,
            vec![
                ("Retain calls nothing", retain(), recorded(), mine(), "LetGo"),
                ("Retain does not even look", retain(), recorded(), unread(), "LetGo"),
                ("Observe calls nothing", observe(), recorded(), mine(), "LetGo"),
                ("ours", manage(), recorded(), mine(), "Remove"),
                ("ours, and status was lost", manage(), fresh(), mine(), "Remove"),
                ("a namesake is not ours to delete", manage(), recorded(), namesake(), "Refuse: IdentityChanged"),
                ("another owner's stays (B4)", manage(), recorded(), others(), "LetGo"),
                ("another cluster's stays", manage(), recorded(), of_another_cluster(), "LetGo"),
                ("nobody's stays", manage(), fresh(), nobodys(), "LetGo"),
                (
                    "merely observed before",
                    manage(),
                    Inputs { recorded_arn: Some(ARN.into()), ..fresh() },
                    allowed(),
                    "LetGo",
                ),
                ("ours without its tag is not deleted", manage(), recorded(), nobodys(), "Refuse: Conflict"),
                ("it could not be read (B6)", manage(), recorded(), unread(), "Wait: Unreadable"),
                ("nothing was ever sent", manage(), fresh(), Seen::Absent, "Gone"),
                ("one look proves nothing (B6)", manage(), recorded(), Seen::Absent, "Wait: ProvingAbsence"),
                ("two looks", manage(), absent_for(60), Seen::Absent, "Gone"),
                ("not in another account", manage(), elsewhere(absent_for(600)), Seen::Absent, "Refuse: WrongAccount"),
                (
                    "a create whose answer was lost may still come",
                    manage(),
                    sent(Inputs { recorded_arn: None, ..absent_for(90) }, "CreateDBInstance", 110, false),
                    Seen::Absent,
                    "Wait: Creating",
                ),
                (
                    "after two minutes it did not",
                    manage(),
                    sent(Inputs { recorded_arn: None, ..absent_for(110) }, "CreateDBInstance", 120, false),
                    Seen::Absent,
                    "Gone",
                ),
                (
                    "a call that does not create proves nothing either",
                    manage(),
                    sent(fresh(), "AddTagsToResource", 300, true),
                    Seen::Absent,
                    "Wait: ProvingAbsence",
                ),
            ],
        );
    }

    #[test]
    fn messages_name_the_thing_and_the_way_out() {
        let say = |want, spec: SharedSpec, inputs, thing: Seen<Thing>| match verdict(
            want,
            &spec,
            &inputs,
            &thing,
            "DB instance shop-orders",
        ) {
            Verdict::Refuse(p) | Verdict::Recreate(p) | Verdict::Adopt(Some(p)) => p.message,
            other => panic!("{other:?}"),
        };
        let present = Want::Present;
        for (message, words) in [
            (say(present, manage(), fresh(), others()), vec!["prod/RdsInstance/shop/billing", "spec.identifier"]),
            (say(present, manage(), fresh(), nobodys()), vec!["shop-orders", "IfExists"]),
            (say(present, adopting(), fresh(), nobodys()), vec!["awsdb.dev/allow = prod/shop", "namespace shop"]),
            (say(present, manage(), fresh(), of_another_cluster()), vec!["cluster-2", "--installation"]),
            (say(present, manage(), recorded(), namesake()), vec!["db-2", "db-1", "approve"]),
            (say(present, manage(), absent_for(60), Seen::Absent), vec!["awsdb.dev/approve", "restore"]),
            (say(present, manage(), elsewhere(recorded()), Seen::Absent), vec!["999999999999", "123456789012"]),
            (say(Want::Absent, manage(), recorded(), nobodys()), vec!["awsdb.dev/owner", "Retain"]),
            (say(Want::Absent, manage(), recorded(), namesake()), vec!["db-2", "Retain"]),
        ] {
            for word in words {
                assert!(message.contains(word), "{word} in: {message}");
            }
        }
    }

    #[test]
    fn the_second_look_is_due_at_the_end_of_the_quiet_period() {
        let Verdict::Wait(waiting) =
            verdict(Want::Absent, &manage(), &absent_for(20), &Seen::Absent, "DB instance shop-orders")
        else {
            panic!("not waiting")
        };
        assert_eq!(waiting.until, Some(Timestamp::from_second(NOW + 40).unwrap()));
    }
}
