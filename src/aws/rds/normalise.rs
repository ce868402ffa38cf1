//! What RDS means by the same thing in other words: desired settings are rewritten towards the observed ones wherever
//! the two agree, so that a plain comparison afterwards finds only real differences (aws-rds.md 1.6).

use std::collections::BTreeMap;

use super::settings::Volume;
use super::version::{is_above, satisfies};
use super::{Instance, Settings};

/// Desired settings in the words of what was observed.
pub fn towards(mut desired: Settings, instance: &Instance) -> Settings {
    let observed = &instance.settings;
    lower(&mut desired.engine);
    lower(&mut desired.db_subnet_group_name);
    lower(&mut desired.db_parameter_group_name);
    lower(&mut desired.option_group_name);
    lower(&mut desired.storage_type);
    lower(&mut desired.preferred_maintenance_window);
    version(&mut desired.engine_version, &observed.engine_version, &instance.pending.engine_version);
    storage(&mut desired, instance);
    volumes(&mut desired, instance);
    insights(&mut desired, instance);
    emptied(&mut desired, instance);
    moving(&mut desired, instance);
    key(&mut desired.kms_key_id, observed.kms_key_id.as_deref());
    key(&mut desired.performance_insights_kms_key_id, observed.performance_insights_kms_key_id.as_deref());
    if desired.storage_encrypted == Some(true) && instance.encrypted_by_aws {
        desired.storage_encrypted = observed.storage_encrypted;
    }
    if observed.multi_az == Some(true) {
        // A failover swaps the zones: comparing them would never end.
        desired.availability_zone = None;
    }
    if observed.engine.as_ref().is_some_and(|engine| engine.starts_with("oracle")) {
        // The name is a SID, which AWS writes in upper case.
        desired.db_name = desired.db_name.map(|name| name.to_ascii_uppercase());
    }
    if instance.aws_backup {
        desired.backup_retention_period = None;
        desired.preferred_backup_window = None;
    }
    // AWS does not report it, so there is nothing to compare with.
    desired.master_user_authentication_type = None;
    domain(&mut desired, instance);
    desired
}

/// Names that AWS keeps in lower case.
pub fn lower(field: &mut Option<String>) {
    if let Some(text) = field {
        text.make_ascii_lowercase();
    }
}

/// A version that is satisfied, or already exceeded (no downgrade exists), is no difference. One on its way counts like
/// one in force where it satisfies the spec; where it does not, the one in force is wanted back.
pub fn version(desired: &mut Option<String>, is: &Option<String>, comes: &Option<String>) {
    let Some(wanted) = desired.clone() else { return };
    if comes.as_deref().is_some_and(|comes| satisfies(comes, &wanted)) {
        desired.clone_from(comes);
    } else if is.as_deref().is_some_and(|is| satisfies(is, &wanted) || is_above(is, &wanted)) {
        desired.clone_from(is);
    }
}

fn storage(desired: &mut Settings, instance: &Instance) {
    let observed = &instance.settings;
    if desired.max_allocated_storage.is_some() && desired.max_allocated_storage == desired.allocated_storage {
        // Equal means off, which AWS shows as absent; where it is on, sending the storage in force turns it off.
        let largest = desired.allocated_storage.max(observed.allocated_storage);
        desired.max_allocated_storage = observed.max_allocated_storage.and(largest);
    }
    let largest = observed.allocated_storage.max(instance.pending.allocated_storage);
    if let (Some(wanted), Some(is)) = (desired.allocated_storage, largest) {
        // Storage never shrinks: more than wanted is autoscaling's doing, or somebody's, and stays.
        if is > wanted {
            desired.allocated_storage = instance.pending.allocated_storage.or(observed.allocated_storage);
        }
    }
}

/// What a volume leaves open is AWS's, what is more than wanted is autoscaling's, and a volume that is not listed is not
/// managed: taking it away would take its data.
fn volumes(desired: &mut Settings, instance: &Instance) {
    let Some(wanted) = &mut desired.additional_storage_volumes else { return };
    for (name, is) in &volumes_to_come(&instance.settings, &instance.pending).unwrap_or_default() {
        let Some(volume) = wanted.get_mut(name) else {
            wanted.insert(name.clone(), is.clone());
            continue;
        };
        volume.allocated_storage = volume.allocated_storage.max(is.allocated_storage);
        volume.max_allocated_storage = volume.max_allocated_storage.or(is.max_allocated_storage);
        volume.storage_type =
            volume.storage_type.as_ref().map(|kind| kind.to_ascii_lowercase()).or(is.storage_type.clone());
        if volume.storage_type == is.storage_type {
            volume.iops = volume.iops.or(is.iops);
            volume.storage_throughput = volume.storage_throughput.or(is.storage_throughput);
        }
    }
}

/// The volumes as they will be when AWS has applied what it holds: it holds single ones.
pub fn volumes_to_come(settings: &Settings, pending: &Settings) -> Option<BTreeMap<String, Volume>> {
    let mut all = settings.additional_storage_volumes.clone();
    if let Some(pending) = &pending.additional_storage_volumes {
        all.get_or_insert_default().extend(pending.clone());
    }
    all
}

/// AWS keeps neither key nor retention of insights that are off.
fn insights(desired: &mut Settings, instance: &Instance) {
    let is_on = desired.enable_performance_insights.or(instance.settings.enable_performance_insights) == Some(true);
    if !is_on {
        desired.performance_insights_kms_key_id = None;
        desired.performance_insights_retention_period = None;
    }
}

/// An empty list is the same as none, and processor features that are not listed are the class's own.
fn emptied(desired: &mut Settings, instance: &Instance) {
    let observed = &instance.settings;
    if observed.enable_cloudwatch_logs_exports.is_none() {
        desired.enable_cloudwatch_logs_exports =
            desired.enable_cloudwatch_logs_exports.take().filter(|logs| !logs.is_empty());
    }
    if let Some(wanted) = &desired.processor_features {
        let none = BTreeMap::new();
        let scheduled = instance.pending.processor_features.as_ref();
        let in_force = observed.processor_features.as_ref().unwrap_or(&none);
        let same = [scheduled, Some(in_force)].into_iter().flatten().find(|is| is_covered(wanted, is));
        desired.processor_features = match same {
            Some(is) if is.is_empty() => observed.processor_features.clone(),
            other => Some(other.unwrap_or(wanted).clone()),
        };
    }
}

fn is_covered(wanted: &BTreeMap<String, String>, is: &BTreeMap<String, String>) -> bool {
    if wanted.is_empty() { is.is_empty() } else { wanted.iter().all(|(name, value)| is.get(name) == Some(value)) }
}

/// What AWS is changing at the moment is compared when it has done so.
fn moving(desired: &mut Settings, instance: &Instance) {
    if instance.logs_pending {
        desired.enable_cloudwatch_logs_exports = None;
    }
    if instance.security_groups_changing {
        desired.vpc_security_group_ids = None;
    }
    let group = desired.option_group_name.as_ref().and_then(|name| instance.option_groups.get(name));
    if group.is_some_and(|status| !status.contains("remov") && status != "failed") {
        desired.option_group_name.clone_from(&instance.settings.option_group_name);
    }
}

/// A key may be given as id, alias or ARN; AWS reports the ARN. An alias cannot be compared without asking KMS.
pub fn key(desired: &mut Option<String>, observed: Option<&str>) {
    if let (Some(wanted), Some(observed)) = (desired.as_deref(), observed) {
        let is_alias = wanted.starts_with("alias/") || wanted.contains(":alias/");
        if is_alias || observed == wanted || observed.rsplit('/').next() == Some(wanted) {
            *desired = Some(observed.into());
        }
    }
}

/// AWS reports a membership's directory and state, not everything that was sent: only another directory is a difference.
fn domain(desired: &mut Settings, instance: &Instance) {
    let Some(wanted) = &desired.domain else { return };
    let name = wanted.id.as_ref().or(wanted.fqdn.as_ref());
    let member = match name {
        Some(name) => instance.domains.contains_key(name),
        None => instance.domains.is_empty(),
    };
    if member || instance.settings.domain.as_ref().is_some_and(|is| is.fqdn == wanted.fqdn && wanted.fqdn.is_some()) {
        desired.domain = instance.settings.domain.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::changes;

    fn instance() -> Instance {
        let settings = Settings {
            engine: Some("postgres".into()),
            engine_version: Some("16.4".into()),
            allocated_storage: Some(100),
            kms_key_id: Some("arn:aws:kms:us-east-1:123456789012:key/abc".into()),
            preferred_maintenance_window: Some("sun:03:00-sun:04:00".into()),
            db_parameter_group_name: Some("mine".into()),
            storage_encrypted: Some(true),
            availability_zone: Some("us-east-1a".into()),
            ..Settings::default()
        };
        Instance { settings, ..Instance::default() }
    }

    fn differs(desired: Settings, instance: &Instance) -> Vec<String> {
        changes(&towards(desired, instance), &instance.settings)
            .map(|difference| difference.changes.iter().map(ToString::to_string).collect())
            .unwrap_or_default()
    }

    #[test]
    fn the_same_in_other_words_is_no_difference() {
        let same: &[(&str, Settings)] = &[
            ("a version prefix", Settings { engine_version: Some("16".into()), ..Settings::default() }),
            ("a lower version", Settings { engine_version: Some("15.9".into()), ..Settings::default() }),
            ("upper case", Settings { db_parameter_group_name: Some("Mine".into()), ..Settings::default() }),
            ("a key id", Settings { kms_key_id: Some("abc".into()), ..Settings::default() }),
            ("a key alias", Settings { kms_key_id: Some("alias/db".into()), ..Settings::default() }),
            ("grown storage", Settings { allocated_storage: Some(50), ..Settings::default() }),
            (
                "autoscaling off",
                Settings { allocated_storage: Some(100), max_allocated_storage: Some(100), ..Settings::default() },
            ),
        ];
        for (why, desired) in same {
            assert_eq!(differs(desired.clone(), &instance()), Vec::<String>::new(), "{why}");
        }
    }

    #[test]
    fn real_differences_stay() {
        let desired = Settings {
            engine_version: Some("17".into()),
            allocated_storage: Some(200),
            kms_key_id: Some("other".into()),
            ..Settings::default()
        };
        assert_eq!(differs(desired, &instance()).len(), 3);
    }

    #[test]
    fn a_scheduled_version_counts_where_it_satisfies_the_spec_and_is_unwanted_where_it_does_not() {
        for (wanted, is, comes, expected, why) in [
            ("16", "16.3", "16.4", "16.4", "a prefix that both satisfy: what comes is wanted"),
            ("16.4", "16.3", "16.4", "16.4", "what was asked for comes"),
            ("15.4", "15.4", "16.4", "15.4", "the spec went back before the window"),
            ("15", "15.4", "16.4", "15.4", "a prefix that only the one in force satisfies"),
            ("16.5", "16.3", "16.4", "16.5", "the spec went further"),
            ("15.2", "15.4", "16.4", "15.4", "no downgrade exists, and the upgrade is not wanted either"),
        ] {
            let mut upgrading = instance();
            upgrading.settings.engine_version = Some(is.into());
            upgrading.pending.engine_version = Some(comes.into());
            let desired = Settings { engine_version: Some(wanted.into()), ..Settings::default() };
            assert_eq!(towards(desired, &upgrading).engine_version.as_deref(), Some(expected), "{why}");
        }
    }

    #[test]
    fn a_volume_is_compared_by_what_the_spec_says_of_it() {
        let volume = |size, iops| Volume { allocated_storage: Some(size), iops, ..Volume::default() };
        let volumes = |list: &[(&str, Volume)]| {
            Some(list.iter().map(|(name, volume)| ((*name).to_string(), volume.clone())).collect())
        };
        let mut oracle = instance();
        oracle.settings.additional_storage_volumes =
            volumes(&[("rdsdbdata2", volume(300, Some(3000))), ("rdsdbdata3", volume(200, Some(3000)))]);
        let wants =
            |list: &[(&str, Volume)]| Settings { additional_storage_volumes: volumes(list), ..Settings::default() };
        for (desired, same, why) in [
            (wants(&[("rdsdbdata2", volume(300, None))]), true, "performance is AWS's where the spec is silent"),
            (wants(&[("rdsdbdata2", volume(200, None))]), true, "it has grown by itself"),
            (wants(&[]), true, "a volume that is not listed is not managed"),
            (wants(&[("rdsdbdata2", volume(400, None))]), false, "it is to grow"),
            (wants(&[("rdsdbdata2", volume(300, Some(6000)))]), false, "it is to be faster"),
            (wants(&[("rdsdbdata4", volume(200, None))]), false, "it is new"),
        ] {
            assert_eq!(differs(desired, &oracle).is_empty(), same, "{why}");
        }
    }

    #[test]
    fn processor_features_cover_what_the_spec_lists() {
        let features = |list: &[(&str, &str)]| {
            Some(list.iter().map(|(name, value)| ((*name).to_string(), (*value).to_string())).collect())
        };
        let wants = |list| Settings { processor_features: features(list), ..Settings::default() };
        let mut tuned = instance();
        tuned.settings.processor_features = features(&[("coreCount", "4"), ("threadsPerCore", "1")]);
        assert!(differs(wants(&[("coreCount", "4")]), &tuned).is_empty(), "the other is AWS's");
        assert!(!differs(wants(&[("coreCount", "2")]), &tuned).is_empty());
        assert!(!differs(wants(&[]), &tuned).is_empty(), "an empty map restores the class's own");
        for own in [None, features(&[])] {
            let mut plain = instance();
            plain.settings.processor_features = own;
            assert!(differs(wants(&[]), &plain).is_empty());
        }
    }

    #[test]
    fn what_is_empty_or_off_is_no_difference() {
        let none = Settings { enable_cloudwatch_logs_exports: Some(Default::default()), ..Settings::default() };
        assert!(differs(none, &instance()).is_empty(), "an empty list is none");
        let off = Settings {
            performance_insights_retention_period: Some(31),
            performance_insights_kms_key_id: Some("abc".into()),
            ..Settings::default()
        };
        assert!(differs(off.clone(), &instance()).is_empty(), "insights that are off have no key and no retention");
        let on = Settings { enable_performance_insights: Some(true), ..off };
        assert_eq!(differs(on, &instance()).len(), 3);
    }

    #[test]
    fn what_aws_is_changing_is_compared_afterwards() {
        let logs =
            Settings { enable_cloudwatch_logs_exports: Some(["postgresql".into()].into()), ..Settings::default() };
        let groups = Settings { vpc_security_group_ids: Some(["sg-1".into()].into()), ..Settings::default() };
        let options = Settings { option_group_name: Some("new".into()), ..Settings::default() };
        for desired in [&logs, &groups, &options] {
            assert!(!differs(desired.clone(), &instance()).is_empty());
        }
        let mut busy = Instance { logs_pending: true, security_groups_changing: true, ..instance() };
        busy.option_groups.insert("new".into(), "pending-maintenance-apply".into());
        busy.option_groups.insert("old".into(), "pending-maintenance-removal".into());
        for desired in [logs, groups, options] {
            assert!(differs(desired, &busy).is_empty());
        }
        let back = Settings { option_group_name: Some("old".into()), ..Settings::default() };
        assert!(!differs(back, &busy).is_empty(), "the group that leaves is wanted back");
    }

    #[test]
    fn autoscaling_that_is_on_is_turned_off_with_the_storage_to_come() {
        let mut scaling = instance();
        scaling.settings.max_allocated_storage = Some(500);
        for (size, sent) in [(100, 100), (200, 200), (50, 100)] {
            let desired =
                Settings { allocated_storage: Some(size), max_allocated_storage: Some(size), ..Settings::default() };
            assert_eq!(towards(desired, &scaling).max_allocated_storage, Some(sent), "{size} GiB wanted of 100");
        }
    }

    #[test]
    fn the_zone_of_a_multi_az_instance_is_not_compared() {
        let mut multi = instance();
        multi.settings.multi_az = Some(true);
        let desired = Settings { availability_zone: Some("us-east-1b".into()), ..Settings::default() };
        assert!(differs(desired.clone(), &multi).is_empty());
        assert_eq!(differs(desired, &instance()).len(), 1);
    }

    #[test]
    fn what_aws_backup_owns_is_not_compared() {
        let owned = Instance { aws_backup: true, ..instance() };
        let desired = Settings { backup_retention_period: Some(7), ..Settings::default() };
        assert!(differs(desired, &owned).is_empty());
    }

    #[test]
    fn an_oracle_sid_is_compared_in_upper_case() {
        let mut oracle = instance();
        oracle.settings.engine = Some("oracle-se2".into());
        oracle.settings.db_name = Some("ORDERS".into());
        let desired = Settings { db_name: Some("orders".into()), ..Settings::default() };
        assert!(differs(desired.clone(), &oracle).is_empty());
        oracle.settings.engine = Some("postgres".into());
        assert_eq!(differs(desired, &oracle).len(), 1);
    }

    #[test]
    fn an_aws_owned_key_counts_as_encrypted() {
        let mut owned = Instance { encrypted_by_aws: true, ..instance() };
        owned.settings.storage_encrypted = Some(false);
        assert!(differs(Settings { storage_encrypted: Some(true), ..Settings::default() }, &owned).is_empty());
    }
}
