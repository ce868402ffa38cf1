//! Making the snapshot: of a database when that is in a state for it, or by copying another (aws-rds.md section 3).

use crate::aws::Seen;
use crate::aws::owner::Tags;
use crate::aws::snapshots::{Action, Call, Family, Observed, Source, place_of};
use crate::conditions::Reason;
use crate::kind::{Inputs, Plan, Problem, Referred, Step, Waiting, When};
use crate::kinds::tags::{TAGS_NOTE, first_note};
use crate::life::{EVENTUAL, RESOURCE_ID, UNTAGGED, permitted, untagged};

use super::origin::{self, SOURCE, Words, words};
use super::{CopyOf, DbSnapshot, plan};

/// What stands between a source and its use.
enum Blocked {
    Problem(Problem),
    Waiting(Waiting),
}

fn waits<T>(reason: Reason, text: String) -> Result<T, Blocked> {
    Err(Blocked::Waiting(Waiting::new(reason, text)))
}

fn refuses<T>(reason: Reason, text: String) -> Result<T, Blocked> {
    Err(Blocked::Problem(Problem::new(reason, text)))
}

/// Plans the making of a snapshot that is not there.
pub fn plan(object: &DbSnapshot, identifier: &str, inputs: &Inputs, observed: &Observed) -> Plan<Action> {
    let Some(step) = step(object, identifier, inputs) else {
        return without_step(object, inputs);
    };
    match judge(object, inputs, observed) {
        Ok(()) => Plan { steps: vec![step], ..Plan::default() },
        Err(Blocked::Problem(problem)) => Plan::refuse(problem),
        Err(Blocked::Waiting(waiting)) => Plan { steps: vec![step.when(When::After(waiting))], ..Plan::default() },
    }
}

/// It is not known of what the snapshot would be.
fn without_step(object: &DbSnapshot, inputs: &Inputs) -> Plan<Action> {
    if object.spec.source.is_none() {
        let text = "there is no snapshot to take over, and a new one needs spec.source: make a new object with it";
        return Plan::refuse(Problem::new(Reason::InvalidSpec, text));
    }
    match refer(object, inputs) {
        Err(Blocked::Problem(problem)) => Plan::refuse(problem),
        Err(Blocked::Waiting(waiting)) => Plan::wait(waiting),
        Ok(_) => Plan::wait(Waiting::new(Reason::DependencyNotReady, "spec.source has no name in AWS yet")),
    }
}

fn step(object: &DbSnapshot, identifier: &str, inputs: &Inputs) -> Option<Step<Action>> {
    let spec = &object.spec;
    let family = origin::family(spec);
    let tags = spec.shared.tags_of(&inputs.owner);
    if let Some(from) = origin::original(spec) {
        let (source, region, kms_key_id) = (from.identifier.clone(), origin::region_of(from), spec.kms_key_id.clone());
        let because = format!("copy snapshot {source} to {identifier}");
        let call = Call::CopyFrom { source, region, kms_key_id, tags };
        let step = Step::new(plan::MAIN, Action { family, call }, because).noting(RESOURCE_ID, "");
        return Some(step.noting(TAGS_NOTE, first_note(&spec.shared)));
    }
    let source = origin::database(spec, inputs)?;
    let Words { database, snapshot, .. } = words(family);
    let because = format!("{snapshot} {identifier} of {database} {source} does not exist");
    let is_backup = family == Family::Table;
    let tags = if is_backup { Tags::new() } else { tags };
    let action = Action { family, call: Call::Create { source: source.clone(), tags } };
    let step = Step::new(plan::MAIN, action, because).noting(RESOURCE_ID, "").noting(SOURCE, source.clone());
    // A backup takes no tags: it is known by its table and time.
    Some(match is_backup {
        true => step.noting(UNTAGGED, untagged(inputs, &source)),
        false => step.noting(TAGS_NOTE, first_note(&spec.shared)),
    })
}

/// A source must be there, usable, and one that this namespace may use: otherwise any tenant could copy any database.
fn judge(object: &DbSnapshot, inputs: &Inputs, observed: &Observed) -> Result<(), Blocked> {
    lost_answer(object, inputs)?;
    let referred = refer(object, inputs)?;
    let name = source_name(object, inputs);
    let source = match &observed.source {
        Seen::Present(source) => source,
        Seen::Absent => return waits(Reason::DependencyNotReady, format!("spec.source: {name} does not exist (yet)")),
        Seen::Unread(why) => return waits(Reason::Unreadable, format!("spec.source: {name} could not be read: {why}")),
    };
    if let Some(arn) = referred.and_then(|object| object.arn.as_ref()).filter(|arn| **arn != source.arn) {
        let text = format!("spec.source: {name} is {}, and its object's database is {arn}", source.arn);
        return waits(Reason::DependencyNotReady, text);
    }
    permitted(inputs, source.tags.as_ref(), &name).map_err(Blocked::Problem)?;
    if let Some(from) = origin::original(&object.spec) {
        keys(object, from, inputs, source)?;
    }
    state(object, &name, source)
}

/// AWS takes the name of a backup twice, so a call whose answer was lost is not repeated before its backup would show.
fn lost_answer(object: &DbSnapshot, inputs: &Inputs) -> Result<(), Blocked> {
    let call = inputs.journal.calls.get(plan::MAIN);
    let may_have_happened = call.is_some_and(|call| call.operation == "CreateBackup" && !call.step.is_empty());
    let age = inputs.since_call(plan::MAIN).filter(|age| may_have_happened && *age < EVENTUAL);
    match age.filter(|_| origin::family(&object.spec) == Family::Table) {
        Some(age) => {
            let text = "CreateBackup was sent and AWS does not list the backup yet";
            Err(Blocked::Waiting(Waiting::new(Reason::Creating, text).until(inputs.now + (EVENTUAL - age))))
        }
        None => Ok(()),
    }
}

/// The object that spec.source names, if its database is there and can be the source. Of a snapshot that was made before,
/// its note tells.
fn refer<'a>(object: &DbSnapshot, inputs: &'a Inputs) -> Result<Option<&'a Referred>, Blocked> {
    let Some(reference) = origin::reference(&object.spec) else { return Ok(None) };
    if origin::was_made(inputs) && inputs.journal.notes.contains_key(SOURCE) {
        return Ok(None);
    }
    let Words { field, .. } = words(origin::family(&object.spec));
    let named = format!("spec.source.{field}: {} {}", reference.kind, reference.name);
    let Some(referred) = inputs.objects.get(&reference).and_then(Option::as_ref) else {
        return waits(Reason::DependencyNotReady, format!("{named} does not exist in this namespace"));
    };
    if referred.identifier.is_none() || referred.arn.is_none() {
        let says = if referred.message.is_empty() { String::new() } else { format!(": {}", referred.message) };
        return waits(Reason::DependencyNotReady, format!("{named} has no database in AWS yet{says}"));
    }
    if let Some(account) = referred.account.as_ref().filter(|account| **account != inputs.account) {
        return refuses(
            Reason::InvalidSpec,
            format!(
                "{named} is in account {account}, and the snapshot's account is {}: AWS makes a snapshot where the database is",
                inputs.account
            ),
        );
    }
    let elsewhere = origin::own_region(object).zip(referred.region.as_ref()).filter(|(own, region)| own != region);
    match elsewhere {
        Some((own, region)) => refuses(
            Reason::InvalidSpec,
            format!(
                "{named} is in region {region}, and the snapshot's region is {own}: AWS makes a snapshot where the database is; make a \
                 new object with spec.region: {region}, and copies of it with spec.copies"
            ),
        ),
        None => Ok(Some(referred)),
    }
}

fn source_name(object: &DbSnapshot, inputs: &Inputs) -> String {
    match origin::original(&object.spec) {
        Some(from) => format!("snapshot {}", from.identifier),
        None => {
            let name = origin::database(&object.spec, inputs).unwrap_or_default();
            format!("{} {name}", words(origin::family(&object.spec)).database)
        }
    }
}

/// A key belongs to one region and one account, so a copy that leaves either needs another.
fn keys(object: &DbSnapshot, from: &CopyOf, inputs: &Inputs, source: &Source) -> Result<(), Blocked> {
    let key = object.spec.kms_key_id.as_ref();
    let (region, account) = place_of(&source.arn).unwrap_or_default();
    let own_region = origin::own_region(object);
    let leaves = own_region.is_some_and(|own| own != region) || account != inputs.account;
    if source.encrypted && key.is_none() && !leaves && own_region.is_none() && origin::region_of(from).is_some() {
        return waits(Reason::Creating, "the region of the copy is recorded first".into());
    }
    if source.encrypted && leaves && key.is_none() {
        return refuses(
            Reason::InvalidSpec,
            format!(
                "spec.kmsKeyId: snapshot {} is encrypted and comes from {region} of account {account}: make a new object with a key of \
                 the copy's own region",
                from.identifier
            ),
        );
    }
    if !source.encrypted && key.is_some() && origin::family(&object.spec) == Family::Cluster {
        let text = format!(
            "spec.kmsKeyId: snapshot {} is not encrypted, and AWS encrypts no copy of a cluster snapshot: make a new object without it",
            from.identifier
        );
        return refuses(Reason::InvalidSpec, text);
    }
    Ok(())
}

/// In which states AWS makes a snapshot or a copy.
fn state(object: &DbSnapshot, name: &str, source: &Source) -> Result<(), Blocked> {
    let copies = origin::original(&object.spec).is_some();
    let takes: &[&str] = match origin::family(&object.spec) {
        Family::Table => &["active"],
        Family::Instance if !copies => &["available", "storage-optimization"],
        Family::Instance | Family::Cluster => &["available"],
    };
    if takes.contains(&source.status.as_str()) {
        return Ok(());
    }
    let text = format!("spec.source: {name} is {}: it must be {} first", source.status, takes.join(" or "));
    waits(Reason::Busy, text)
}
