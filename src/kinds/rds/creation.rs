//! Making the instance: new, from a snapshot, from a point in time, or as a read replica (aws-rds.md 1.1, 1.5).

use crate::aws::rds::{Action, Managed, Observed, Origin, Settings, Source, SourceId};
use crate::aws::{PasswordUse, Seen};
use crate::conditions::Reason;
use crate::kind::{Inputs, Plan, Problem, Step, Waiting, When};
use crate::life::{PASSWORD_UNSET, RESOURCE_ID, permitted};

use super::RdsInstance;
use super::credentials::{
    MADE_AS_REPLICA, Mode, has_own_password, is_planned_replica, mode_of, unusable, uses_iam_only, was_replica,
};
use super::groups;
use crate::kinds::tags::{TAGS_NOTE, first_note};

/// Where the object's instance comes from.
pub fn origin(object: &RdsInstance) -> Origin {
    let Some(source) = &object.spec.source else { return Origin::New };
    if let Some(snapshot) = &source.snapshot {
        return Origin::Snapshot(snapshot.identifier.clone());
    }
    if let Some(replica) = &source.replica_of {
        return Origin::Replica(replica.identifier.clone());
    }
    let point = source.point_in_time.clone().unwrap_or_default();
    let from = match (point.identifier, point.dbi_resource_id, point.automated_backups_arn) {
        (Some(identifier), ..) => SourceId::Instance(identifier),
        (_, Some(resource_id), _) => SourceId::ResourceId(resource_id),
        (_, _, arn) => SourceId::AutomatedBackups(arn.unwrap_or_default()),
    };
    Origin::PointInTime { source: from, at: point.restore_time.map(|time| time.0) }
}

/// The source to look at before the instance is made.
pub fn source_id(object: &RdsInstance) -> Option<SourceId> {
    match origin(object) {
        Origin::New => None,
        Origin::Snapshot(identifier) => Some(SourceId::Snapshot(identifier)),
        Origin::Replica(identifier) => Some(SourceId::Instance(identifier)),
        Origin::PointInTime { source, .. } => Some(source),
    }
}

/// Plans the making of an instance that is not there.
pub fn plan(object: &RdsInstance, identifier: &str, inputs: &Inputs, observed: &Observed) -> Plan<Action> {
    let groups = groups::plan(object, identifier, inputs, observed);
    let engine = object.spec.settings.engine.as_deref();
    let problem = groups.problem.or_else(|| unusable(&inputs.supplied, engine)).or_else(|| incomplete(object));
    let source = judge_source(object, inputs, observed);
    let mut plan = Plan { forget: groups.forget, ..Plan::default() };
    match (problem, source) {
        (Some(problem), _) | (None, Err(Blocked::Problem(problem))) => plan.problem = Some(problem),
        (None, Err(Blocked::Waiting(waiting))) => {
            let steps = groups.steps.into_iter().chain([create(object, identifier, inputs)]);
            plan.steps = steps.map(|step| step.when(When::After(waiting.clone()))).collect();
        }
        (None, Ok(())) => {
            plan.steps = groups.steps;
            let step = create(object, identifier, inputs);
            plan.steps.push(match groups.waiting {
                Some(waiting) => step.when(When::After(waiting)),
                None => step,
            });
        }
    }
    plan
}

/// With `adoption: IfExists` the schema lets an object leave out what only a create needs.
fn incomplete(object: &RdsInstance) -> Option<Problem> {
    let settings = &object.spec.settings;
    let missing: Vec<&str> = [
        ("spec.engine", settings.engine.is_none()),
        ("spec.dbInstanceClass", settings.db_instance_class.is_none()),
        ("spec.allocatedStorage", settings.allocated_storage.is_none()),
        ("spec.masterUsername", settings.master_username.is_none()),
    ]
    .into_iter()
    .filter_map(|(field, missing)| missing.then_some(field))
    .collect();
    (object.spec.source.is_none() && !missing.is_empty()).then(|| {
        Problem::new(
            Reason::InvalidSpec,
            format!("there is no instance to take over, and a new one needs {}", missing.join(", ")),
        )
    })
}

fn create(object: &RdsInstance, identifier: &str, inputs: &Inputs) -> Step<Action> {
    let origin = origin(object);
    let mode = mode_of(object, is_planned_replica(object));
    let from_source = origin != Origin::New;
    let (password, managed) = match &mode {
        Mode::AwsManaged { kms_key_id } if !from_source => {
            (PasswordUse::None, Some(Managed { kms_key_id: kms_key_id.clone() }))
        }
        Mode::Generated { .. } | Mode::SecretRef(_) if !from_source => (PasswordUse::Current, None),
        Mode::Iam { .. } if !from_source && !uses_iam_only(object) => (PasswordUse::Current, None),
        _ => (PasswordUse::None, None),
    };
    let tags = object.spec.shared.tags_of(&inputs.owner);
    let because = match &origin {
        Origin::New => format!("DB instance {identifier} does not exist"),
        Origin::Snapshot(from) => format!("restore DB instance {identifier} from snapshot {from}"),
        Origin::PointInTime { at, .. } => match at {
            Some(at) => format!("restore DB instance {identifier} as of {at}"),
            None => format!("restore DB instance {identifier} as of the latest restorable time"),
        },
        Origin::Replica(from) => format!("make DB instance {identifier} a read replica of {from}"),
    };
    let settings = Box::new(settings(object, identifier, !from_source));
    let step = Step::new("instance", Action::Create { origin, settings, tags, password, managed }, because)
        .noting(RESOURCE_ID, "")
        .noting(TAGS_NOTE, first_note(&object.spec.shared));
    let step = if was_replica(object) { step.noting(MADE_AS_REPLICA, "true") } else { step };
    if from_source && has_own_password(object, &mode) {
        step.noting(PASSWORD_UNSET, inputs.now.to_string())
    } else {
        step
    }
}

/// The settings of a create: the user's, the groups', and the defaults that we choose where AWS's are unsafe. They are
/// defaults of the creation only: what is not in the spec is not managed afterwards.
fn settings(object: &RdsInstance, identifier: &str, is_new: bool) -> Settings {
    let mut settings = object.spec.settings.clone();
    if let Some((name, _)) = groups::parameter_group(object, identifier) {
        settings.db_parameter_group_name = Some(name);
    }
    if let Some(name) = groups::subnet_group(object, identifier) {
        settings.db_subnet_group_name = Some(name);
    }
    settings.publicly_accessible.get_or_insert(false);
    settings.copy_tags_to_snapshot.get_or_insert(true);
    if is_new {
        settings.storage_encrypted.get_or_insert(true);
    }
    if settings.max_allocated_storage == settings.allocated_storage {
        settings.max_allocated_storage = None;
    }
    settings
}

enum Blocked {
    Problem(Problem),
    Waiting(Waiting),
}

/// A source must be there, usable, and one that this namespace may use: otherwise any tenant could copy any database.
fn judge_source(object: &RdsInstance, inputs: &Inputs, observed: &Observed) -> Result<(), Blocked> {
    let Some(id) = source_id(object) else { return Ok(()) };
    let name = match &id {
        SourceId::Snapshot(name) => format!("snapshot {name}"),
        SourceId::Instance(name) => format!("DB instance {name}"),
        SourceId::ResourceId(id) => format!("the automated backups of {id}"),
        SourceId::AutomatedBackups(arn) => format!("the automated backups {arn}"),
    };
    let waiting = |text: String| Err(Blocked::Waiting(Waiting::new(Reason::DependencyNotReady, text)));
    let source = match &observed.source {
        Seen::Present(source) => source,
        Seen::Absent => return waiting(format!("spec.source: {name} does not exist (yet)")),
        Seen::Unread(why) => return waiting(format!("spec.source: {name} could not be read: {why}")),
    };
    permitted(inputs, source.tags.as_ref(), &name).map_err(Blocked::Problem)?;
    if let Some(problem) = mismatch(object, source, &name) {
        return Err(Blocked::Problem(problem));
    }
    match &id {
        SourceId::Snapshot(_) if source.status != "available" => {
            waiting(format!("spec.source: {name} is {}, not available yet", source.status))
        }
        SourceId::Instance(_) if source.backup_retention == Some(0) => waiting(format!(
            "spec.source: {name} keeps no backups, which replication and restore need: set its backupRetentionPeriod above 0"
        )),
        _ => Ok(()),
    }
}

fn mismatch(object: &RdsInstance, source: &Source, name: &str) -> Option<Problem> {
    let engine = object.spec.settings.engine.as_ref()?;
    let differs = !source.engine.is_empty() && !source.engine.eq_ignore_ascii_case(engine);
    differs.then(|| {
        Problem::new(
            Reason::InvalidSpec,
            format!("spec.engine is {engine}, but {name} is {}: remove spec.engine or make them agree", source.engine),
        )
    })
}
