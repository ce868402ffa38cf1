//! Steps as people say them.

use super::*;

/// When, what with which members, what it does.
pub fn told(step: &Step<Action>) -> String {
    let when = match &step.when {
        When::Now => "now".to_string(),
        When::SentForWindow => "sent for the window".into(),
        When::Window => "held for the window".into(),
        When::Approval => "held for approval".into(),
        When::After(waiting) => format!("later ({})", waiting.reason),
    };
    let (operation, detail) = (crate::aws::Action::operation(&step.action), detail(&step.action));
    let detail = if detail.is_empty() { String::new() } else { format!(" {detail}") };
    format!("{when}: {operation}{detail} ({})", step.class.word())
}

/// The changes of a step as text.
pub fn changes_of(step: &Step<Action>) -> Vec<String> {
    step.changes.iter().map(Change::to_string).collect()
}

fn detail(action: &Action) -> String {
    match action {
        Action::Create(creation) => made(creation),
        Action::Restore { from: Restore::Backup(arn), .. } => arn.clone(),
        Action::Restore { from: Restore::PointInTime { source, at }, .. } => {
            format!("{source} at {}", at.map_or("latest".into(), |at| at.to_string()))
        }
        Action::Import { from, .. } => from.bucket.clone(),
        Action::Update(update) => updated(update),
        Action::Tag { region, tags, .. } => in_region(region, &words(tags.keys())),
        Action::Untag { region, keys, .. } => in_region(region, &words(keys.iter())),
        Action::TimeToLive { attribute_name, enabled } => format!("{attribute_name} {}", on(*enabled)),
        Action::PointInTimeRecovery { region, enabled, days } => {
            let days = days.map(|days| format!(" {days} days")).unwrap_or_default();
            in_region(region, &format!("{}{days}", on(*enabled)))
        }
        Action::ReplicaProtection { region, enabled } => {
            in_region(&Some(region.clone()), &format!("protection {}", on(*enabled)))
        }
        Action::ContributorInsights { index, enabled, mode } => {
            let whose = index.as_ref().map(|index| format!("{index} ")).unwrap_or_default();
            format!("{whose}{}{}", on(*enabled), mode.as_ref().map(|mode| format!(" {mode}")).unwrap_or_default())
        }
        Action::EnableKinesis { stream_arn, precision } => {
            let precision = precision.as_ref().map(|precision| format!(" {precision}")).unwrap_or_default();
            format!("{}{precision}", last(stream_arn))
        }
        Action::UpdateKinesis { stream_arn, precision } => format!("{} {precision}", last(stream_arn)),
        Action::DisableKinesis { stream_arn } => last(stream_arn).into(),
        Action::RegisterTarget { dimension, range } => format!("{} {}..{}", of(dimension), range.0, range.1),
        Action::PutScalingPolicy { dimension, policy } => format!("{} {}%", of(dimension), policy.target_utilization),
        Action::DeregisterTarget { dimension } => of(dimension),
        Action::PutItems { items } => format!("{} items", items.len()),
        Action::CreateBackup { name } => name.clone(),
        Action::PutPolicy { .. } | Action::DeletePolicy { .. } | Action::Delete => String::new(),
    }
}

fn made(creation: &Creation) -> String {
    let indexes = words(creation.indexes.keys().chain(creation.local_indexes.keys()));
    if indexes.is_empty() { creation.keys.hash.name.clone() } else { format!("{} {indexes}", creation.keys.hash.name) }
}

fn updated(update: &Update) -> String {
    match update {
        Update::DeletionProtection(wanted) => format!("deletionProtection={wanted}"),
        Update::TableClass(class) => class.word().into(),
        Update::Billing { mode, throughput, cap, indexes } => {
            let mut parts = vec![mode.word().to_string()];
            parts.extend(throughput.map(|units| capacity("table", units)));
            parts.extend(cap.map(|cap| capped("table", cap)));
            parts.extend(indexes.iter().map(|(name, units)| capacity(name, *units)));
            parts.join(", ")
        }
        Update::Throughput { table, indexes } => {
            let table = table.iter().map(|units| capacity("table", *units));
            let parts: Vec<String> = table.chain(indexes.iter().map(|(name, units)| capacity(name, *units))).collect();
            parts.join(", ")
        }
        Update::Cap(cap) => capped("table", *cap),
        Update::IndexCaps(caps) => {
            let parts: Vec<String> = caps.iter().map(|(name, cap)| capped(name, *cap)).collect();
            parts.join(", ")
        }
        Update::Stream(stream) => format!("stream {}", stream.view_type.as_deref().unwrap_or("off")),
        Update::Warm(warm) => raised("table", *warm),
        Update::IndexWarm { index, warm } => raised(index, *warm),
        Update::CreateIndex { name, attributes, .. } => {
            let list: Vec<String> = attributes.iter().map(|(name, type_)| format!("{name}:{}", type_.word())).collect();
            format!("+{name} of {}", list.join(" "))
        }
        Update::DeleteIndex { name } => format!("-{name}"),
        Update::Encryption(Encryption { kms_key_arn: Some(arn), .. }) => format!("key {}", last(arn)),
        Update::Encryption(Encryption { type_, .. }) => format!("key {type_:?}"),
        Update::CreateReplicas { replicas, consistency, witness } => {
            let how: String = consistency.iter().chain(witness).map(|word| format!(" {word}")).collect();
            format!("+{}{how}", words(replicas.keys()))
        }
        Update::UpdateReplica { region, .. } => format!("replica {region}"),
        Update::DeleteReplica { region } => format!("-{region}"),
    }
}

fn words<'a>(list: impl Iterator<Item = &'a String>) -> String {
    list.map(String::as_str).collect::<Vec<_>>().join(" ")
}

fn in_region(region: &Option<String>, text: &str) -> String {
    region.as_ref().map_or(text.into(), |region| format!("{text} in {region}"))
}

fn on(enabled: bool) -> &'static str {
    if enabled { "on" } else { "off" }
}

fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn of(dimension: &Dimension) -> String {
    let index = dimension.index.as_deref().unwrap_or("table");
    format!("{index} {}", if dimension.capacity == Capacity::Read { "read" } else { "write" })
}

fn capacity(name: &str, units: Throughput) -> String {
    format!("{name} {}/{}", units.read_capacity_units, units.write_capacity_units)
}

fn capped(name: &str, cap: OnDemandThroughput) -> String {
    let limit = |units: Option<i64>| units.map_or("-".into(), |units| units.to_string());
    format!("{name} cap {}/{}", limit(cap.max_read_request_units), limit(cap.max_write_request_units))
}

fn raised(name: &str, warm: WarmThroughput) -> String {
    format!("{name} warm {}/{}", warm.read_units_per_second, warm.write_units_per_second)
}
