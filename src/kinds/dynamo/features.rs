//! What has an API of its own beside UpdateTable, and the settings that UpdateTable takes one at a time
//! (aws-dynamodb-elasticache-dms.md 1.3, 1.6).

use std::fmt::Display;

use crate::aws::Seen;
use crate::aws::dynamo::{
    Action, Encryption, EncryptionType, InsightsState, KinesisState, Stream, Update, same_encryption, same_policy,
};
use crate::conditions::Reason;
use crate::kind::{Disruption, Step, Waiting, When};
use crate::spec::Change;

use super::scene::{Part, Scene, change, index_field};
use super::states::What;
use super::{ContributorInsights, KinesisDestination};

/// Note with the customer key that this object set: AWS does not tell its own key for DynamoDB from one of ours.
pub const OWN_KEY: &str = "kmsKeyArn";

/// A fact that is managed must be known before it is judged.
fn known<'a, T>(fact: &'a Seen<T>, name: &str) -> Result<Option<&'a T>, Part> {
    match fact {
        Seen::Present(value) => Ok(Some(value)),
        Seen::Absent => Ok(None),
        Seen::Unread(why) => {
            Err(Part::waits(Waiting::new(Reason::Unreadable, format!("{name} could not be read: {why}"))))
        }
    }
}

fn on_off(enabled: bool) -> Option<String> {
    Some(if enabled { "on" } else { "off" }.into())
}

fn moves(field: impl Display, status: &str) -> Part {
    Part::waits(Waiting::new(Reason::Updating, format!("{field} is {status}")))
}

/// Time to live. Another attribute means off first; AWS takes one change an hour and says so.
pub fn time_to_live(scene: &Scene<'_>) -> Part {
    let Some(wanted) = &scene.spec().time_to_live else { return Part::default() };
    let now = match known(&scene.observed.time_to_live, "time to live") {
        Ok(now) => now.cloned().unwrap_or_default(),
        Err(part) => return part,
    };
    let send = |attribute_name: &str, enabled: bool| {
        let from = now.attribute_name.clone();
        let to = if enabled { attribute_name.to_string() } else { "off".into() };
        let changes = vec![change("timeToLive", from.or(on_off(false)), Some(to))];
        Part::step(scene.step(
            What::Aside,
            Action::TimeToLive { attribute_name: attribute_name.into(), enabled },
            changes,
        ))
    };
    let current = now.attribute_name.as_deref().unwrap_or(&wanted.attribute_name);
    match now.status.as_str() {
        "ENABLING" | "DISABLING" => moves("time to live", &now.status),
        "ENABLED" if !wanted.enabled => send(current, false),
        "ENABLED" if current != wanted.attribute_name => send(current, false),
        "ENABLED" => Part::default(),
        _ if wanted.enabled => send(&wanted.attribute_name, true),
        _ => Part::default(),
    }
}

/// Point-in-time recovery. Turning it off, or shortening it, loses the way back.
pub fn point_in_time_recovery(scene: &Scene<'_>) -> Part {
    let Some(wanted) = &scene.spec().point_in_time_recovery else { return Part::default() };
    let now = match known(&scene.observed.continuous_backups, "point-in-time recovery") {
        Ok(now) => now.cloned().unwrap_or_default(),
        Err(part) => return part,
    };
    let days = wanted.recovery_period_in_days.filter(|_| wanted.enabled);
    let changes_days = days.is_some() && days != now.recovery_period_in_days;
    if wanted.enabled == now.is_enabled && !changes_days {
        return Part::default();
    }
    let text = |enabled: bool, days: Option<i32>| match days.filter(|_| enabled) {
        Some(days) => Some(format!("on, {days} days")),
        None => on_off(enabled),
    };
    let from = text(now.is_enabled, now.recovery_period_in_days);
    let changes = vec![change("pointInTimeRecovery", from, text(wanted.enabled, days))];
    let action = Action::PointInTimeRecovery { region: None, enabled: wanted.enabled, days };
    let step = scene.step(What::Aside, action, changes);
    let loses = now.is_enabled && (!wanted.enabled || days < now.recovery_period_in_days);
    Part::step(if loses {
        step.class(Disruption::DataLoss).because_of("moments that can be restored now are lost")
    } else {
        step
    })
}

/// The resource policy; an empty one removes it.
pub fn resource_policy(scene: &Scene<'_>) -> Part {
    let Some(wanted) = &scene.spec().settings.resource_policy else { return Part::default() };
    let now = match known(&scene.observed.resource_policy, "the resource policy") {
        Ok(now) => now,
        Err(part) => return part,
    };
    let arn = scene.table.arn.clone();
    let size = |policy: &String| format!("policy of {} bytes", policy.len());
    match now {
        Some(now) if wanted.is_empty() => {
            let changes = vec![change("resourcePolicy", Some(size(now)), None)];
            Part::step(scene.step(What::Aside, Action::DeletePolicy { arn }, changes))
        }
        None if wanted.is_empty() => Part::default(),
        Some(now) if same_policy(wanted, now) => Part::default(),
        now => {
            let digest = crate::aws::owner::hash(&[wanted], 8);
            let to = format!("{} ({digest})", size(wanted));
            let changes = vec![change("resourcePolicy", now.map(size), Some(to))];
            Part::step(scene.step(What::Aside, Action::PutPolicy { arn, policy: wanted.clone() }, changes))
        }
    }
}

/// Contributor insights of the table and of each index that is there.
pub fn contributor_insights(scene: &Scene<'_>) -> Part {
    let spec = scene.spec();
    let table = spec.contributor_insights.iter().map(|wanted| (None, wanted));
    let indexes = spec.global_secondary_indexes.iter().flatten().filter_map(|index| {
        let is_there = scene.table.indexes.get(&index.name).is_some_and(|found| found.status == "ACTIVE");
        Some((Some(index.name.clone()), index.contributor_insights.as_ref().filter(|_| is_there)?))
    });
    let wanted: Vec<_> = table.chain(indexes).collect();
    if wanted.is_empty() {
        return Part::default();
    }
    let now = match known(&scene.observed.contributor_insights, "contributor insights") {
        Ok(now) => now.cloned().unwrap_or_default(),
        Err(part) => return part,
    };
    let none = InsightsState::default();
    wanted.into_iter().fold(Part::default(), |part, (index, wanted)| {
        let now = now.get(&index).unwrap_or(&none);
        part.and(insights(scene, index, wanted, now))
    })
}

fn insights(scene: &Scene<'_>, index: Option<String>, wanted: &ContributorInsights, now: &InsightsState) -> Part {
    let field = match &index {
        None => "contributorInsights".to_string(),
        Some(index) => format!("{}.contributorInsights", index_field(index)),
    };
    let is_on = now.status == "ENABLED";
    let send = |enabled: bool, because: &str| {
        let mode = wanted.mode.clone().filter(|_| enabled);
        let text = |enabled: bool, mode: &Option<String>| mode.clone().filter(|_| enabled).or(on_off(enabled));
        let from = if now.status == "FAILED" { Some("failed".into()) } else { text(is_on, &now.mode) };
        let changes = vec![change(field.clone(), from, text(enabled, &mode))];
        let action = Action::ContributorInsights { index: index.clone(), enabled, mode };
        Part::step(scene.step(What::Aside, action, changes).because_of(because))
    };
    match now.status.as_str() {
        "ENABLING" | "DISABLING" => moves(field, &now.status),
        // It never heals by itself.
        "FAILED" => {
            send(false, now.failure.as_deref().unwrap_or("contributor insights have failed and are begun anew"))
        }
        "ENABLED" if !wanted.enabled => send(false, ""),
        "ENABLED" if wanted.mode.is_some() && wanted.mode != now.mode => send(true, ""),
        "ENABLED" => Part::default(),
        _ if wanted.enabled => send(true, ""),
        _ => Part::default(),
    }
}

/// The Kinesis destination: at most one lives, and what failed to start is turned off before it is tried again.
pub fn kinesis(scene: &Scene<'_>) -> Part {
    let Some(wanted) = &scene.spec().kinesis_destination else { return Part::default() };
    let now = match known(&scene.observed.kinesis_destinations, "the Kinesis destination") {
        Ok(now) => now.cloned().unwrap_or_default(),
        Err(part) => return part,
    };
    let target = wanted.stream_arn.as_ref().filter(|_| wanted.enabled);
    let live = now.iter().find(|(_, state)| !matches!(state.status.as_str(), "DISABLED" | ""));
    match (live, target) {
        (Some((arn, state)), _) if state.status.ends_with("ING") => moves(format!("streaming to {arn}"), &state.status),
        (Some((arn, state)), Some(target)) if arn == target && state.status == "ACTIVE" => {
            precision(scene, wanted, arn, state)
        }
        (Some((arn, state)), _) => {
            let changes = vec![change("kinesisDestination", Some(arn.clone()), on_off(false))];
            let step = scene.step(What::Aside, Action::DisableKinesis { stream_arn: arn.clone() }, changes);
            let failed = state.status == "ENABLE_FAILED";
            let words =
                state.description.as_deref().unwrap_or("AWS could not start it: check the stream and the rights");
            Part::step(if failed { step.because_of(words) } else { step })
        }
        (None, Some(target)) => {
            let changes = vec![change("kinesisDestination", on_off(false), Some(target.clone()))];
            let action = Action::EnableKinesis { stream_arn: target.clone(), precision: wanted.precision.clone() };
            Part::step(scene.step(What::Aside, action, changes))
        }
        (None, None) => Part::default(),
    }
}

fn precision(scene: &Scene<'_>, wanted: &KinesisDestination, arn: &str, state: &KinesisState) -> Part {
    let Some(precision) = wanted.precision.clone().filter(|precision| Some(precision) != state.precision.as_ref())
    else {
        return Part::default();
    };
    let changes = vec![change("kinesisDestination.precision", state.precision.clone(), Some(precision.clone()))];
    Part::step(scene.step(What::Aside, Action::UpdateKinesis { stream_arn: arn.into(), precision }, changes))
}

/// Deletion protection.
pub fn deletion_protection(scene: &Scene<'_>) -> Option<Step<Action>> {
    let wanted = scene.spec().settings.deletion_protection?;
    let now = scene.table.settings.deletion_protection.unwrap_or(false);
    (wanted != now).then(|| {
        let changes = vec![change("deletionProtection", Some(now.to_string()), Some(wanted.to_string()))];
        scene.step(What::Protection, Action::Update(Update::DeletionProtection(wanted)), changes)
    })
}

/// Table class.
pub fn table_class(scene: &Scene<'_>) -> Option<Step<Action>> {
    let wanted = scene.spec().settings.table_class?;
    let now = scene.table.settings.table_class;
    (Some(wanted) != now).then(|| {
        let changes = vec![change("tableClass", now.map(|class| class.word().into()), Some(wanted.word().into()))];
        scene.step(What::Other, Action::Update(Update::TableClass(wanted)), changes)
    })
}

/// The stream. Another view type means off and on again; whoever reads the stream must follow its new ARN.
pub fn stream(scene: &Scene<'_>) -> Option<Step<Action>> {
    let wanted = scene.spec().settings.stream.as_ref()?;
    let now = scene.table.settings.stream.clone().unwrap_or_default();
    let differs = wanted.enabled != now.enabled || (wanted.enabled && wanted.view_type != now.view_type);
    differs.then(|| {
        let send = if now.enabled { Stream::default() } else { wanted.clone() };
        let changes = stream_changes(&now, &send);
        let step = scene.step(What::Other, Action::Update(Update::Stream(send)), changes);
        let is_replicated = !scene.table.replicas.is_empty() && step.when == When::Now;
        let text = "AWS needs the stream as it is for as long as the table has replicas";
        let waiting = Waiting::new(Reason::DependencyNotReady, text);
        let step = if is_replicated { step.when(When::After(waiting)) } else { step };
        if now.enabled {
            let step = step.class(Disruption::BriefInterruption);
            scene.held(step.because_of("whoever reads the stream must follow its new ARN, or loses it"))
        } else {
            step
        }
    })
}

fn stream_changes(from: &Stream, to: &Stream) -> Vec<Change> {
    let text = |stream: &Stream| stream.view_type.clone().filter(|_| stream.enabled).or(on_off(stream.enabled));
    vec![change("stream", text(from), text(to))]
}

/// Encryption. A repeat of the same key would re-encrypt and burn one of four changes a day.
pub fn encryption(scene: &Scene<'_>) -> Option<Step<Action>> {
    let wanted = scene.spec().settings.encryption.as_ref()?;
    let now = scene.table.settings.encryption.clone().unwrap_or_default();
    if is_encrypted_as(scene, wanted, &now) {
        return None;
    }
    let changes = vec![change("encryption", Some(text(&now)), Some(text(wanted)))];
    let step = scene.step(What::Encryption, Action::Update(Update::Encryption(wanted.clone())), changes);
    Some(match &wanted.kms_key_arn {
        Some(key) => step.noting(OWN_KEY, key.clone()),
        None => step,
    })
}

fn is_encrypted_as(scene: &Scene<'_>, wanted: &Encryption, now: &Encryption) -> bool {
    let own = scene.inputs.journal.notes.get(OWN_KEY);
    let is_own = own.is_some() && now.kms_key_arn.as_ref() == own;
    same_encryption(wanted, now) && !(wanted.type_ == EncryptionType::AwsManaged && is_own)
}

fn text(encryption: &Encryption) -> String {
    match (&encryption.type_, &encryption.kms_key_arn) {
        (_, Some(key)) => key.clone(),
        (EncryptionType::AwsOwned, None) => "AWS_OWNED".into(),
        (EncryptionType::AwsManaged, None) => "AWS_MANAGED".into(),
        (EncryptionType::Kms, None) => "KMS".into(),
    }
}
