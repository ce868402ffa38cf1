//! What RDS means by the same thing in other words: desired settings are rewritten towards the observed ones wherever
//! the two agree, so that a plain comparison afterwards finds only real differences (aws-rds.md 1.6).

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
    version(&mut desired.engine_version, observed.engine_version.as_deref());
    // A version on its way counts like one in force, for the same prefix rule.
    version(&mut desired.engine_version, instance.pending.engine_version.as_deref());
    storage(&mut desired, instance);
    key(&mut desired.kms_key_id, observed.kms_key_id.as_deref());
    key(&mut desired.performance_insights_kms_key_id, observed.performance_insights_kms_key_id.as_deref());
    if desired.storage_encrypted == Some(true) && instance.encrypted_by_aws {
        desired.storage_encrypted = observed.storage_encrypted;
    }
    if observed.multi_az == Some(true) {
        // A failover swaps the zones: comparing them would never end.
        desired.availability_zone = None;
    }
    if instance.aws_backup {
        desired.backup_retention_period = None;
        desired.preferred_backup_window = None;
    }
    // AWS does not report it, so there is nothing to compare with.
    desired.master_user_authentication_type = None;
    domain(&mut desired, instance);
    volumes(&mut desired, observed);
    desired
}

fn lower(field: &mut Option<String>) {
    if let Some(text) = field {
        text.make_ascii_lowercase();
    }
}

/// A version that is satisfied, or already exceeded (no downgrade exists), is no difference.
fn version(desired: &mut Option<String>, observed: Option<&str>) {
    if let (Some(wanted), Some(observed)) = (desired.as_deref(), observed)
        && (satisfies(observed, wanted) || is_above(observed, wanted))
    {
        *desired = Some(observed.into());
    }
}

fn storage(desired: &mut Settings, instance: &Instance) {
    let observed = &instance.settings;
    if desired.max_allocated_storage.is_some() && desired.max_allocated_storage == desired.allocated_storage {
        // Equal means off, which AWS shows as absent; where it is on, sending the storage in force turns it off.
        desired.max_allocated_storage = observed.max_allocated_storage.and(observed.allocated_storage);
    }
    let largest = observed.allocated_storage.max(instance.pending.allocated_storage);
    if let (Some(wanted), Some(is)) = (desired.allocated_storage, largest) {
        // Storage never shrinks: more than wanted is autoscaling's doing, or somebody's, and stays.
        if is > wanted {
            desired.allocated_storage = instance.pending.allocated_storage.or(observed.allocated_storage);
        }
    }
}

/// A key may be given as id, alias or ARN; AWS reports the ARN. An alias cannot be compared without asking KMS.
fn key(desired: &mut Option<String>, observed: Option<&str>) {
    if let (Some(wanted), Some(observed)) = (desired.as_deref(), observed) {
        let is_alias = wanted.starts_with("alias/") || wanted.contains(":alias/");
        if is_alias || observed == wanted || observed.rsplit('/').next() == Some(wanted) {
            *desired = Some(observed.into());
        }
    }
}

/// AWS reports every member of every volume; what the spec leaves out of one, or leaves out whole, is not managed.
fn volumes(desired: &mut Settings, observed: &Settings) {
    let (Some(wanted), Some(is)) = (&mut desired.additional_storage_volumes, &observed.additional_storage_volumes)
    else {
        return;
    };
    for (name, is) in is {
        let volume = wanted.entry(name.clone()).or_default();
        volume.allocated_storage = volume.allocated_storage.max(is.allocated_storage);
        volume.max_allocated_storage = volume.max_allocated_storage.or(is.max_allocated_storage);
        volume.storage_type = volume.storage_type.clone().or(is.storage_type.clone());
        volume.iops = volume.iops.or(is.iops);
        volume.storage_throughput = volume.storage_throughput.or(is.storage_throughput);
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
    fn an_aws_owned_key_counts_as_encrypted() {
        let mut owned = Instance { encrypted_by_aws: true, ..instance() };
        owned.settings.storage_encrypted = Some(false);
        assert!(differs(Settings { storage_encrypted: Some(true), ..Settings::default() }, &owned).is_empty());
    }
}
