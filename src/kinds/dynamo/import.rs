//! A table that is filled from S3: usable when the import is over, and whatever became of it is said and never repeated or
//! undone by itself (aws-dynamodb-elasticache-dms.md 1.5).

use crate::aws::Seen;
use crate::aws::dynamo::{ImportState, Observed};
use crate::conditions::Reason;
use crate::kind::{Inputs, Problem, Waiting};
use crate::life::{CLOCKS_DIFFER, noted_call};
use crate::spec::Journal;

use super::scene::Part;
use super::{DynamoTable, ImportProgress};

/// Note with what came of the import: `<status>|<arn>|<errors>|<log group>`.
const IMPORT: &str = "import";

/// Whether the import is still of interest.
pub fn is_open(object: &DynamoTable, journal: &Journal) -> bool {
    let imports = object.spec.source.as_ref().is_some_and(|source| source.import_from_s3.is_some());
    imports && ended(journal).is_none_or(|(status, _)| status != "COMPLETED")
}

/// What is to be said of the import, and remembered once it has completed.
pub fn plan(object: &DynamoTable, inputs: &Inputs, observed: &Observed) -> (Part, Vec<(String, String)>) {
    if !is_open(object, &inputs.journal) {
        return (Part::default(), Vec::new());
    }
    match &observed.import {
        Seen::Unread(why) => {
            let text = format!("the import could not be read: {why}");
            (Part::waits(Waiting::new(Reason::Unreadable, text)), Vec::new())
        }
        // The object took over a table that was there before.
        Seen::Absent => (Part::default(), Vec::new()),
        Seen::Present(import) => judge(import),
    }
}

fn judge(import: &ImportState) -> (Part, Vec<(String, String)>) {
    let log_group = import.log_group.clone().unwrap_or_default();
    match import.status.as_str() {
        "COMPLETED" => {
            let note = format!("COMPLETED|{}|{}|{log_group}", import.arn, import.errors);
            (Part::default(), vec![(IMPORT.into(), note)])
        }
        "FAILED" | "CANCELLED" => (Part::refuses(failure(import)), Vec::new()),
        status => (Part::waits(Waiting::new(Reason::Creating, format!("the import is {status}"))), Vec::new()),
    }
}

fn failure(import: &ImportState) -> Problem {
    let log_group = import.log_group.clone().unwrap_or_default();
    let words = import.failure.as_ref().map(|words| format!(": {words}")).unwrap_or_default();
    Problem::new(
        Reason::Broken,
        format!(
            "the import is {}{words}; {} items came in, {} did not (CloudWatch log group {log_group}). It is neither repeated nor \
             undone by itself: delete the table and make a new object, or use what is there and remove spec.source",
            import.status, import.items, import.errors
        ),
    )
}

/// The import that this object began has failed before there was a table: to begin it once more is the user's decision.
pub fn failed(inputs: &Inputs, observed: &Observed) -> Option<Problem> {
    let (_, at) = noted_call(inputs)?;
    let began = at - CLOCKS_DIFFER;
    let import = observed.import.present().filter(|import| matches!(import.status.as_str(), "FAILED" | "CANCELLED"))?;
    import.started.is_some_and(|started| started >= began).then(|| failure(import))
}

fn ended(journal: &Journal) -> Option<(String, ImportProgress)> {
    let mut parts = journal.notes.get(IMPORT)?.splitn(4, '|');
    let status = parts.next()?.to_string();
    let arn = parts.next()?.to_string();
    let errors = parts.next()?.parse().ok()?;
    let log_group = parts.next().filter(|text| !text.is_empty()).map(String::from);
    Some((status.clone(), ImportProgress { arn, status, errors, log_group }))
}

/// What status shows.
pub fn progress(inputs: &Inputs, observed: &Observed) -> Option<ImportProgress> {
    let live = observed.import.present().map(|import| ImportProgress {
        arn: import.arn.clone(),
        status: import.status.clone(),
        errors: import.errors,
        log_group: import.log_group.clone(),
    });
    live.or_else(|| ended(&inputs.journal).map(|(_, progress)| progress))
}

/// Why the table is not ready because of its import.
pub fn unready(object: &DynamoTable, inputs: &Inputs, observed: &Observed) -> Option<Waiting> {
    if !is_open(object, &inputs.journal) {
        return None;
    }
    let import = match &observed.import {
        Seen::Present(import) => import,
        Seen::Absent => return None,
        Seen::Unread(why) => {
            return Some(Waiting::new(Reason::Unreadable, format!("The import could not be read: {why}.")));
        }
    };
    match import.status.as_str() {
        "COMPLETED" => None,
        "FAILED" | "CANCELLED" => Some(Waiting::new(Reason::Broken, format!("The import is {}.", import.status))),
        status => Some(Waiting::new(Reason::Creating, format!("The import is {status}."))),
    }
}
