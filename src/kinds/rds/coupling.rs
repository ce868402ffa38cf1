//! Members that AWS wants together, and fields that a ModifyDBInstance says in another form (aws-rds.md 1.5).

use crate::aws::rds::{Instance, LogExports, Modification, Settings};

/// gp3 has fixed performance below this many GiB.
pub fn gp3_threshold(engine: &str) -> i32 {
    match engine {
        engine if engine.starts_with("oracle") => 200,
        engine if engine.starts_with("sqlserver") => 0,
        _ => 400,
    }
}

/// Completes a call.
pub fn complete(modification: &mut Modification, instance: &Instance, desired: &Settings) {
    let observed = &instance.settings;
    let settings = &mut modification.settings;
    couple_storage(settings, desired, instance);
    couple_insights(settings, desired, observed);
    if settings.monitoring_interval.is_some() || settings.monitoring_role_arn.is_some() {
        settings.monitoring_interval = desired.monitoring_interval;
        settings.monitoring_role_arn = desired.monitoring_role_arn.clone();
    }
    if let Some(wanted) = settings.enable_cloudwatch_logs_exports.take() {
        modification.logs = Some(LogExports::towards(&wanted, observed.enable_cloudwatch_logs_exports.as_ref()));
    }
    if let (Some(wanted), Some(is)) = (&mut settings.additional_storage_volumes, &observed.additional_storage_volumes) {
        wanted.retain(|name, volume| is.get(name) != Some(volume));
    }
    if settings.processor_features.as_ref().is_some_and(|features| features.is_empty()) {
        settings.processor_features = None;
        modification.default_processor_features = true;
    }
    if settings.domain == Some(Default::default()) {
        settings.domain = None;
        modification.disable_domain = true;
    }
}

/// Database Insights and its mode, with key and retention where it is on.
fn couple_insights(settings: &mut Settings, desired: &Settings, observed: &Settings) {
    let touched = settings.enable_performance_insights.is_some()
        || settings.performance_insights_retention_period.is_some()
        || settings.performance_insights_kms_key_id.is_some()
        || settings.database_insights_mode.is_some();
    if !touched {
        return;
    }
    settings.enable_performance_insights = desired.enable_performance_insights.or(observed.enable_performance_insights);
    let is_on = settings.enable_performance_insights == Some(true);
    settings.performance_insights_retention_period = desired
        .performance_insights_retention_period
        .or(observed.performance_insights_retention_period)
        .filter(|_| is_on);
    settings.performance_insights_kms_key_id = desired.performance_insights_kms_key_id.clone().filter(|_| is_on);
}

/// io1, io2 and gp3 above its threshold want size and performance in one call, also when only one of them changes. Of
/// what the spec leaves open, the value in force is repeated, unless the volume becomes another one.
fn couple_storage(settings: &mut Settings, desired: &Settings, instance: &Instance) {
    let observed = &instance.settings;
    let touched = settings.allocated_storage.is_some()
        || settings.iops.is_some()
        || settings.storage_throughput.is_some()
        || settings.storage_type.is_some();
    let kind = settings.storage_type.as_ref().or(observed.storage_type.as_ref()).map(String::as_str);
    let size = desired.allocated_storage.max(observed.allocated_storage).max(instance.pending.allocated_storage);
    let threshold = gp3_threshold(observed.engine.as_deref().unwrap_or_default());
    let provisions = |kind: Option<&str>, size: Option<i32>| match kind {
        Some("io1" | "io2") => true,
        Some("gp3") => size.unwrap_or_default() >= threshold,
        _ => false,
    };
    if !touched || !provisions(kind, size) {
        return;
    }
    let stays = kind == observed.storage_type.as_deref() && provisions(kind, observed.allocated_storage);
    settings.allocated_storage = size;
    let pending = &instance.pending;
    settings.iops = desired.iops.or(pending.iops).or(observed.iops.filter(|_| stays));
    if kind == Some("gp3") {
        let is = pending.storage_throughput.or(observed.storage_throughput.filter(|_| stays));
        settings.storage_throughput = desired.storage_throughput.or(is);
    }
}
