//! Making the table: new, from a backup, from a point in time, or from an export in S3
//! (aws-dynamodb-elasticache-dms.md 1.4, 1.5).

use std::collections::BTreeMap;

use crate::aws::Seen;
use crate::aws::dynamo::{
    Action, BillingMode, Creation, Keys, LocalIndex, Observed, Restore, Settings, SourceId, SourceState,
};
use crate::aws::owner::hash;
use crate::conditions::Reason;
use crate::kind::{Inputs, Objects, Plan, Problem, Step, Waiting, When};
use crate::kinds::restore::{self, Blocked};
use crate::kinds::tags::{TAGS_NOTE, first_note};
use crate::life::{RESOURCE_ID, UNTAGGED, permitted, untagged};

use super::DynamoTable;
use super::capacity::positive;
use super::features::OWN_KEY;
use super::import;
use super::scene::{initial, wanted_indexes};
use super::seed::{self, ITEMS, Missing};

/// Note with the number of imports that were begun: a repeat of one of them makes no second table.
const IMPORTS: &str = "imports";

/// What a table is restored from.
const FAMILIES: &[&str] = &["Table"];

/// The source to look at before the table is made.
pub fn source_id(object: &DynamoTable) -> Option<SourceId> {
    let source = object.spec.source.as_ref()?;
    if let Some(backup) = &source.snapshot {
        return backup.identifier.clone().map(SourceId::Backup);
    }
    source.point_in_time.as_ref().map(|point| SourceId::Table(point.identifier.clone()))
}

/// The DbSnapshot that the table is restored from, by name.
pub fn snapshot_name(object: &DynamoTable) -> Option<&str> {
    object.spec.source.as_ref()?.snapshot.as_ref()?.name.as_deref()
}

/// Puts the backup of the DbSnapshot into the source, once it can be restored.
pub fn resolve(object: &mut DynamoTable, objects: &Objects) {
    let source = object.spec.source.as_mut().and_then(|source| source.snapshot.as_mut());
    if let Some(backup) = source
        && let Some(name) = &backup.name
    {
        backup.identifier = restore::usable(objects, name, FAMILIES).and_then(|found| found.arn.clone());
    }
}

/// Plans the making of a table that is not there.
pub fn plan(object: &DynamoTable, identifier: &str, inputs: &Inputs, observed: &Observed) -> Plan<Action> {
    if let Some(problem) = incomplete(object).or_else(|| import::failed(inputs, observed)) {
        return Plan::refuse(problem);
    }
    let items = match seed::items(object, inputs) {
        Ok(items) => items,
        Err(Missing::Problem(problem)) => return Plan::refuse(problem),
        Err(Missing::Waiting(waiting)) => {
            let step = create(object, identifier, inputs, observed).when(When::After(waiting));
            return Plan { steps: vec![step], ..Plan::default() };
        }
    };
    let step = create(object, identifier, inputs, observed);
    let step = match items {
        Some(items) => step.noting(ITEMS, items.first_note()),
        None => step,
    };
    match judge_source(object, inputs, observed) {
        Ok(()) => Plan { steps: vec![step], ..Plan::default() },
        Err(Blocked::Problem(problem)) => Plan::refuse(problem),
        Err(Blocked::Waiting(waiting)) => Plan { steps: vec![step.when(When::After(waiting))], ..Plan::default() },
    }
}

/// With `adoption: IfExists` the schema lets an object leave out what only a create needs.
fn incomplete(object: &DynamoTable) -> Option<Problem> {
    let spec = &object.spec;
    let restores = spec.source.as_ref().is_some_and(|source| source.import_from_s3.is_none());
    let provisioned = spec.settings.billing_mode == Some(BillingMode::Provisioned);
    let mut missing = Vec::new();
    if spec.hash_key.is_none() && !restores {
        missing.push("spec.hashKey".to_string());
    }
    if provisioned && !restores {
        if initial(spec.settings.provisioned_throughput, spec.autoscaling.as_ref()).is_none() {
            missing.push("spec.provisionedThroughput".into());
        }
        let indexes = wanted_indexes(spec).unwrap_or_default();
        let bare = indexes.into_iter().filter(|(_, index)| index.throughput.is_none());
        missing.extend(bare.map(|(name, _)| format!("provisionedThroughput of index {name}")));
    }
    (!missing.is_empty()).then(|| {
        Problem::new(
            Reason::InvalidSpec,
            format!("there is no table to take over, and a new one needs {}", missing.join(", ")),
        )
    })
}

fn judge_source(object: &DynamoTable, inputs: &Inputs, observed: &Observed) -> Result<(), Blocked> {
    let Some(source) = &object.spec.source else { return Ok(()) };
    if let Some(import) = &source.import_from_s3 {
        let name = format!("bucket {}", import.bucket);
        return if inputs.trust_account { Ok(()) } else { Err(Blocked::Problem(no_bucket(&name))) };
    }
    let referred = snapshot_name(object).map(|name| restore::judge(inputs, name, FAMILIES)).transpose()?;
    let wait = |reason, text: String| Err(Blocked::Waiting(Waiting::new(reason, text)));
    let name = match source_id(object) {
        Some(SourceId::Backup(arn)) => format!("backup {arn}"),
        Some(SourceId::Table(table)) => format!("table {table}"),
        None => return wait(Reason::DependencyNotReady, "spec.source is not known yet".into()),
    };
    let state = match &observed.source {
        Seen::Present(state) => state,
        Seen::Absent => return wait(Reason::DependencyNotReady, format!("spec.source: {name} does not exist")),
        Seen::Unread(why) => return wait(Reason::Unreadable, format!("spec.source: {name} could not be read: {why}")),
    };
    // AWS keeps no tags on a backup: where it is this namespace's by its DbSnapshot, no table has to vouch for it.
    if referred.is_none() {
        if let Seen::Unread(why) = &state.tags {
            let text = format!("spec.source: the tags of {} could not be read: {why}", state.table_arn);
            return wait(Reason::Unreadable, text);
        }
        permitted(inputs, state.tags.present(), &name).map_err(Blocked::Problem)?;
    }
    restorable(object, &name, state)
}

fn restorable(object: &DynamoTable, name: &str, state: &SourceState) -> Result<(), Blocked> {
    let wait = |text: String| Err(Blocked::Waiting(Waiting::new(Reason::DependencyNotReady, text)));
    let Some(point) = object.spec.source.as_ref().and_then(|source| source.point_in_time.as_ref()) else {
        return match state.status.as_str() {
            "AVAILABLE" => Ok(()),
            status => wait(format!("spec.source: {name} is {status}, not AVAILABLE yet")),
        };
    };
    let Some((earliest, latest)) = state.restorable else {
        return wait(format!("spec.source: {name} has no point-in-time recovery: turn it on, or name a backup"));
    };
    match &point.restore_time {
        Some(at) if at.0 < earliest => Err(Blocked::Problem(Problem::new(
            Reason::InvalidSpec,
            format!(
                "spec.source.pointInTime.restoreTime: {name} can be restored from {earliest} on; make a new object with a later time"
            ),
        ))),
        Some(at) if at.0 > latest => wait(format!("spec.source: {name} can be restored up to {latest} so far")),
        _ => Ok(()),
    }
}

fn no_bucket(name: &str) -> Problem {
    Problem::new(
        Reason::NotAllowed,
        format!(
            "spec.source.importFromS3: {name} may not be read: a bucket has no tag that allows a namespace, so imports need an \
             operator that runs with --trust-account; awsdb dynamo import needs no such right"
        ),
    )
}

fn create(object: &DynamoTable, identifier: &str, inputs: &Inputs, observed: &Observed) -> Step<Action> {
    let creation = Box::new(creation(object, inputs));
    let step = match &object.spec.source {
        None => Step::new("table", Action::Create(creation), format!("table {identifier} does not exist")),
        Some(source) => match &source.import_from_s3 {
            Some(from) => fill(identifier, inputs, from, creation),
            None => restore(object, identifier, inputs, observed, creation),
        },
    };
    let step = step.noting(RESOURCE_ID, "").noting(TAGS_NOTE, first_note(&object.spec.shared));
    match object.spec.settings.encryption.as_ref().and_then(|encryption| encryption.kms_key_arn.clone()) {
        Some(key) => step.noting(OWN_KEY, key),
        None => step,
    }
}

fn restore(
    object: &DynamoTable,
    identifier: &str,
    inputs: &Inputs,
    observed: &Observed,
    creation: Box<Creation>,
) -> Step<Action> {
    let (from, source, because) = match source_id(object) {
        Some(SourceId::Table(table)) => {
            let point = object.spec.source.as_ref().and_then(|source| source.point_in_time.as_ref());
            let at = point.and_then(|point| point.restore_time.as_ref()).map(|time| time.0);
            let moment = at.map_or("the latest restorable time".into(), |at| at.to_string());
            let arn = observed.source.present().map_or(table.clone(), |state| state.table_arn.clone());
            let because = format!("restore table {identifier} from {table} as of {moment}");
            (Restore::PointInTime { source: table, at }, arn, because)
        }
        Some(SourceId::Backup(arn)) => {
            let because = format!("restore table {identifier} from backup {arn}");
            (Restore::Backup(arn.clone()), arn, because)
        }
        // Held until the DbSnapshot is there.
        None => {
            let from = snapshot_name(object).unwrap_or_default();
            let because = format!("restore table {identifier} from the backup of DbSnapshot {from}");
            (Restore::Backup(String::new()), String::new(), because)
        }
    };
    // Indexes are restored as they were: what the spec has otherwise is a change like any other.
    let action = Action::Restore { from, creation, indexes: false };
    Step::new("table", action, because).noting(UNTAGGED, untagged(inputs, &source))
}

fn fill(
    identifier: &str,
    inputs: &Inputs,
    from: &crate::aws::dynamo::ImportFromS3,
    creation: Box<Creation>,
) -> Step<Action> {
    let begun: u32 = inputs.journal.notes.get(IMPORTS).and_then(|text| text.parse().ok()).unwrap_or_default();
    // Made again after it was lost, it is another import.
    let number = if inputs.recorded_arn.is_some() { begun + 1 } else { begun.max(1) };
    let token = hash(&[&inputs.uid, &number.to_string()], 32);
    let source = format!("s3://{}/{}", from.bucket, from.key_prefix.clone().unwrap_or_default());
    let because = format!("fill a new table {identifier} from {source}");
    Step::new("table", Action::Import { from: Box::new(from.clone()), creation, token }, because)
        .noting(UNTAGGED, untagged(inputs, &source))
        .noting(IMPORTS, number.to_string())
}

/// What a constructor takes: the user's wishes, and on-demand capacity where nothing is said.
fn creation(object: &DynamoTable, inputs: &Inputs) -> Creation {
    let spec = &object.spec;
    let restores = spec.source.as_ref().is_some_and(|source| source.import_from_s3.is_none());
    let mut settings = spec.settings.clone();
    if !restores {
        settings.billing_mode.get_or_insert(BillingMode::PayPerRequest);
    }
    settings.provisioned_throughput = initial(settings.provisioned_throughput, spec.autoscaling.as_ref())
        .filter(|_| settings.billing_mode == Some(BillingMode::Provisioned));
    settings.on_demand_throughput = settings.on_demand_throughput.and_then(positive);
    settings.resource_policy = settings.resource_policy.filter(|policy| !policy.is_empty());
    settings.stream = settings.stream.filter(|stream| stream.enabled);
    let local = spec.local_secondary_indexes.iter().flatten().map(|index| {
        let definition = LocalIndex { range: index.range_key.clone(), projection: index.projection.clone() };
        (index.name.clone(), definition)
    });
    let mut indexes = wanted_indexes(spec).unwrap_or_default();
    for index in indexes.values_mut() {
        index.cap = index.cap.and_then(positive);
    }
    Creation {
        keys: Keys { hash: spec.hash_key.clone().unwrap_or_default(), range: spec.range_key.clone() },
        settings: Settings { ..settings },
        indexes,
        local_indexes: local.collect::<BTreeMap<_, _>>(),
        tags: spec.shared.tags_of(&inputs.owner),
    }
}
