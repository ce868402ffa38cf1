//! Making the cluster: new, from a snapshot, from a point in time, or as a clone (aws-rds.md 2.1, 2.4).

use kube::ResourceExt;

use crate::aws::aurora::{Action, Capacities, Observed, Origin, Scaling, Settings, SourceId};
use crate::aws::rds::Managed;
use crate::aws::{PasswordUse, Seen};
use crate::conditions::Reason;
use crate::kind::{Inputs, Objects, Plan, Problem, Step, Waiting, When};
use crate::kinds::credentials::{Mode, unusable};
use crate::kinds::groups::Scope;
use crate::kinds::restore::{self, Blocked};
use crate::kinds::tags::{TAGS_NOTE, first_note};
use crate::life::{PASSWORD_UNSET, RESOURCE_ID, permitted};
use crate::spec::annotation;

use super::acts::FAILOVER_NOTE;
use super::{AuroraServerless, groups};

/// Where the object's cluster comes from.
pub fn origin(object: &AuroraServerless) -> Origin {
    let Some(source) = &object.spec.source else { return Origin::New };
    if let Some(snapshot) = &source.snapshot {
        return Origin::Snapshot(snapshot.identifier.clone().unwrap_or_default());
    }
    if let Some(clone) = &source.clone_of {
        return Origin::Clone(clone.identifier.clone());
    }
    let point = source.point_in_time.clone().unwrap_or_default();
    let from = match (point.identifier, point.db_cluster_resource_id) {
        (Some(identifier), _) => SourceId::Cluster(identifier),
        (None, resource_id) => SourceId::ResourceId(resource_id.unwrap_or_default()),
    };
    Origin::PointInTime { source: from, at: point.restore_time.map(|time| time.0) }
}

/// What a cluster can be restored from.
const FAMILIES: &[&str] = &["Cluster", "Instance"];

/// The DbSnapshot that the cluster is to be made from.
pub fn snapshot_name(object: &AuroraServerless) -> Option<&str> {
    object.spec.source.as_ref()?.snapshot.as_ref()?.name.as_deref()
}

/// Puts the snapshot of the DbSnapshot into the source, once it can be restored. AWS takes a DB instance's snapshot by ARN
/// only.
pub fn resolve(object: &mut AuroraServerless, objects: &Objects) {
    let source = object.spec.source.as_mut().and_then(|source| source.snapshot.as_mut());
    if let Some(snapshot) = source
        && let Some(name) = &snapshot.name
    {
        snapshot.identifier = restore::usable(objects, name, FAMILIES).and_then(|found| {
            let of_cluster = found.family.as_deref() == Some("Cluster");
            if of_cluster { restore::call_name(found) } else { found.arn.clone() }
        });
    }
}

/// The source to look at before the cluster is made; `None` also while a DbSnapshot does not say yet what it is.
pub fn source_id(object: &AuroraServerless) -> Option<SourceId> {
    match origin(object) {
        Origin::New => None,
        Origin::Snapshot(identifier) if identifier.is_empty() => None,
        Origin::Snapshot(identifier) => Some(SourceId::Snapshot(identifier)),
        Origin::Clone(identifier) => Some(SourceId::Cluster(identifier)),
        Origin::PointInTime { source, .. } => Some(source),
    }
}

/// Plans the making of a cluster that is not there.
pub fn plan(object: &AuroraServerless, identifier: &str, inputs: &Inputs, observed: &Observed) -> Plan<Action> {
    let groups = groups::plan(object, identifier, inputs, observed);
    let engine = object.spec.settings.engine.as_deref();
    let problem = groups
        .problem
        .clone()
        .or_else(|| unusable(&inputs.supplied, engine))
        .or_else(|| incomplete(object))
        .or_else(|| impossible(object.spec.settings.scaling, &observed.capacities));
    let source = judge_source(object, inputs, observed);
    match (problem, source) {
        (Some(problem), _) | (None, Err(Blocked::Problem(problem))) => Plan::refuse(problem),
        (None, Err(Blocked::Waiting(waiting))) => {
            let steps = groups.steps.into_iter().chain([create(object, identifier, inputs, observed)]);
            let steps = steps.map(|step| step.when(When::After(waiting.clone()))).collect();
            Plan { steps, forget: groups.forget, ..Plan::default() }
        }
        (None, Ok(())) => {
            let step = create(object, identifier, inputs, observed);
            let waiting = groups.waiting.clone();
            let mut plan = Plan { waiting: None, ..groups::only(groups) };
            plan.steps.push(match waiting {
                Some(waiting) => step.when(When::After(waiting)),
                None => step,
            });
            plan
        }
    }
}

/// With `adoption: IfExists` the schema lets an object leave out what only a create needs.
fn incomplete(object: &AuroraServerless) -> Option<Problem> {
    let settings = &object.spec.settings;
    let missing: Vec<&str> = [
        ("spec.engine", settings.engine.is_none()),
        ("spec.serverlessV2ScalingConfiguration", settings.scaling.is_none()),
        ("spec.masterUsername", settings.master_username.is_none() && object.spec.source.is_none()),
    ]
    .into_iter()
    .filter_map(|(field, missing)| missing.then_some(field))
    .collect();
    (!missing.is_empty()).then(|| {
        Problem::new(
            Reason::InvalidSpec,
            format!("there is no cluster to take over, and a new one needs {}", missing.join(", ")),
        )
    })
}

/// What the engine version does not take, where AWS says so ahead.
pub fn impossible(wanted: Option<Scaling>, capacities: &Seen<Capacities>) -> Option<Problem> {
    let (wanted, takes) = (wanted?, capacities.present()?);
    let why = if wanted.min_capacity < takes.min {
        format!("minCapacity {} is below {}, the least of this engine version", wanted.min_capacity, takes.min)
    } else if wanted.max_capacity > takes.max {
        format!("maxCapacity {} is above {}, the most of this engine version", wanted.max_capacity, takes.max)
    } else {
        return None;
    };
    let text = format!("spec.serverlessV2ScalingConfiguration: {why}; change it, or spec.engineVersion");
    Some(Problem::new(Reason::InvalidSpec, text))
}

fn create(object: &AuroraServerless, identifier: &str, inputs: &Inputs, observed: &Observed) -> Step<Action> {
    let origin = origin(object);
    let mode = Mode::of(object.spec.credentials.as_ref());
    let is_new = origin == Origin::New;
    let (password, managed) = match &mode {
        Mode::AwsManaged { kms_key_id } if is_new => {
            (PasswordUse::None, Some(Managed { kms_key_id: kms_key_id.clone() }))
        }
        Mode::Generated { .. } | Mode::SecretRef(_) | Mode::Iam { .. } if is_new => (PasswordUse::Current, None),
        _ => (PasswordUse::None, None),
    };
    let because = match &origin {
        Origin::New => format!("DB cluster {identifier} does not exist"),
        Origin::Snapshot(from) => {
            let by_reference = snapshot_name(object).map(|name| format!("of DbSnapshot {name}"));
            let from = if from.is_empty() { by_reference.unwrap_or_default() } else { from.clone() };
            format!("restore DB cluster {identifier} from snapshot {from}")
        }
        Origin::PointInTime { at: Some(at), .. } => format!("restore DB cluster {identifier} as of {at}"),
        Origin::PointInTime { at: None, .. } => {
            format!("restore DB cluster {identifier} as of the latest restorable time")
        }
        Origin::Clone(from) => format!("clone DB cluster {from} as {identifier}"),
    };
    let mut settings = Box::new(settings(object, identifier, is_new));
    if !is_new {
        // It follows once the cluster is there: no restore takes it.
        settings.enable_http_endpoint = None;
    }
    if let (None, Some(source)) = (&settings.engine_version, observed.source.present()) {
        // AWS would take its default version, which may be below the snapshot's.
        settings.engine_version.clone_from(&source.engine_version);
    }
    let tags = object.spec.shared.tags_of(&inputs.owner);
    let mut step = Step::new("cluster", Action::Create { origin, settings, tags, password, managed }, because)
        .noting(RESOURCE_ID, "")
        .noting(TAGS_NOTE, first_note(&object.spec.shared));
    // A token that the manifest brings along asks nothing of a cluster that is yet to be made.
    if let Some(token) = object.annotations().get(annotation::FAILOVER) {
        step = step.noting(FAILOVER_NOTE, token.clone());
    }
    let is_ours = matches!(mode, Mode::Generated { .. } | Mode::SecretRef(_) | Mode::Iam { .. });
    if !is_new && is_ours { step.noting(PASSWORD_UNSET, inputs.now.to_string()) } else { step }
}

/// The settings of a create: the user's, the groups', and the defaults that we choose where AWS's are unsafe.
fn settings(object: &AuroraServerless, identifier: &str, is_new: bool) -> Settings {
    let mut settings = object.spec.settings.clone();
    if let Some((name, _)) = groups::parameter_group(object, identifier, Scope::Cluster) {
        settings.db_cluster_parameter_group_name = Some(name);
    }
    if let Some(name) = groups::subnet_group(object, identifier) {
        settings.db_subnet_group_name = Some(name);
    }
    settings.copy_tags_to_snapshot.get_or_insert(true);
    if is_new {
        settings.storage_encrypted.get_or_insert(true);
    }
    settings
}

/// A source must be there, usable, and one that this namespace may use: otherwise any tenant could copy any database.
fn judge_source(object: &AuroraServerless, inputs: &Inputs, observed: &Observed) -> Result<(), Blocked> {
    if let Some(name) = snapshot_name(object) {
        restore::judge(inputs, name, FAMILIES)?;
    }
    let Some(id) = source_id(object) else {
        let unknown = Waiting::new(Reason::DependencyNotReady, "spec.source is not known yet");
        return if object.spec.source.is_none() { Ok(()) } else { Err(Blocked::Waiting(unknown)) };
    };
    let name = match &id {
        SourceId::Snapshot(name) => format!("snapshot {name}"),
        SourceId::Cluster(name) => format!("DB cluster {name}"),
        SourceId::ResourceId(id) => format!("the automated backups of {id}"),
    };
    let waiting = |text: String| Err(Blocked::Waiting(Waiting::new(Reason::DependencyNotReady, text)));
    let source = match &observed.source {
        Seen::Present(source) => source,
        Seen::Absent => return waiting(format!("spec.source: {name} does not exist (yet)")),
        Seen::Unread(why) => return waiting(format!("spec.source: {name} could not be read: {why}")),
    };
    permitted(inputs, source.tags.as_ref(), &name).map_err(Blocked::Problem)?;
    let wanted = object.spec.settings.engine.as_deref().unwrap_or_default();
    // An instance's snapshot may become a cluster of the same family: postgres to aurora-postgresql.
    let family = |engine: &str| engine.trim_start_matches("aurora-").to_string();
    if !source.engine.is_empty() && family(&source.engine) != family(wanted) {
        let text = format!("spec.engine is {wanted}, but {name} is {}: make them agree", source.engine);
        return Err(Blocked::Problem(Problem::new(Reason::InvalidSpec, text)));
    }
    match &id {
        SourceId::Snapshot(_) | SourceId::Cluster(_) if source.status != "available" => {
            waiting(format!("spec.source: {name} is {}, not available yet", source.status))
        }
        _ => Ok(()),
    }
}
