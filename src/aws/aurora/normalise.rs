//! What RDS means by the same thing in other words, for clusters and their members: desired settings are rewritten towards
//! the observed ones wherever the two agree, so that a plain comparison afterwards finds only real differences
//! (aws-rds.md 1.6, 2.4).

use super::{Cluster, Member, MemberSettings, Scaling, Settings};
use crate::aws::rds::normalise::{insights, key, lower, version};

/// Desired settings in the words of what was observed.
pub fn towards(mut desired: Settings, cluster: &Cluster) -> Settings {
    let observed = &cluster.settings;
    lower(&mut desired.engine);
    lower(&mut desired.db_subnet_group_name);
    lower(&mut desired.db_cluster_parameter_group_name);
    lower(&mut desired.storage_type);
    lower(&mut desired.preferred_maintenance_window);
    version(&mut desired.engine_version, &observed.engine_version, &cluster.pending.engine_version);
    let is_on = desired.enable_performance_insights.or(observed.enable_performance_insights) == Some(true);
    insights(is_on, &mut desired.performance_insights_kms_key_id, &mut desired.performance_insights_retention_period);
    key(&mut desired.kms_key_id, observed.kms_key_id.as_deref());
    key(&mut desired.performance_insights_kms_key_id, observed.performance_insights_kms_key_id.as_deref());
    zones(&mut desired, observed);
    pauses(&mut desired.scaling, observed.scaling.as_ref());
    off(&mut desired, observed);
    if cluster.logs_pending {
        // What AWS is changing at the moment is compared when it has done so.
        desired.enable_cloudwatch_logs_exports = None;
    }
    if cluster.security_groups_changing {
        desired.vpc_security_group_ids = None;
    }
    if cluster.aws_backup {
        desired.backup_retention_period = None;
        desired.preferred_backup_window = None;
    }
    desired
}

/// The same for a member.
pub fn member_towards(mut desired: MemberSettings, member: &Member) -> MemberSettings {
    lower(&mut desired.db_parameter_group_name);
    if desired.monitoring_interval.or(member.settings.monitoring_interval) == Some(0) {
        // AWS keeps no role for monitoring that is off.
        desired.monitoring_role_arn.clone_from(&member.settings.monitoring_role_arn);
    }
    desired
}

/// AWS adds zones until there are three: more than wanted is no difference.
fn zones(desired: &mut Settings, observed: &Settings) {
    if let (Some(wanted), Some(is)) = (&desired.availability_zones, &observed.availability_zones)
        && wanted.is_subset(is)
    {
        desired.availability_zones = Some(is.clone());
    }
}

/// AWS shows the time to a pause only while the cluster can pause, and chooses one where none was given.
fn pauses(desired: &mut Option<Scaling>, observed: Option<&Scaling>) {
    let Some(wanted) = desired else { return };
    if wanted.min_capacity > 0.0 {
        wanted.seconds_until_auto_pause = None;
    } else if let Some(is) = observed.filter(|is| is.min_capacity == 0.0) {
        wanted.seconds_until_auto_pause = wanted.seconds_until_auto_pause.or(is.seconds_until_auto_pause);
    }
}

/// What is off may be left out of AWS's answer.
fn off(desired: &mut Settings, observed: &Settings) {
    let none = |wanted: &mut Option<bool>, is: Option<bool>| *wanted = wanted.filter(|wanted| *wanted || is.is_some());
    none(&mut desired.enable_http_endpoint, observed.enable_http_endpoint);
    none(&mut desired.enable_local_write_forwarding, observed.enable_local_write_forwarding);
    none(&mut desired.iam_database_authentication, observed.iam_database_authentication);
    none(&mut desired.enable_performance_insights, observed.enable_performance_insights);
    if observed.backtrack_window.is_none() {
        desired.backtrack_window = desired.backtrack_window.filter(|seconds| *seconds > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::changes;

    fn cluster() -> Cluster {
        let settings = Settings {
            engine: Some("aurora-mysql".into()),
            engine_version: Some("8.0.mysql_aurora.3.08.0".into()),
            kms_key_id: Some("arn:aws:kms:us-east-1:123456789012:key/abc".into()),
            preferred_maintenance_window: Some("sun:03:00-sun:04:00".into()),
            db_cluster_parameter_group_name: Some("mine".into()),
            storage_type: Some("aurora".into()),
            availability_zones: Some(["a".into(), "b".into(), "c".into()].into()),
            scaling: Some(Scaling { min_capacity: 0.0, max_capacity: 8.0, seconds_until_auto_pause: Some(300) }),
            ..Settings::default()
        };
        Cluster { settings, ..Cluster::default() }
    }

    fn differs(desired: Settings, cluster: &Cluster) -> Vec<String> {
        changes(&towards(desired, cluster), &cluster.settings)
            .map(|difference| difference.changes.iter().map(ToString::to_string).collect())
            .unwrap_or_default()
    }

    fn scaling(min_capacity: f64, seconds_until_auto_pause: Option<i32>) -> Settings {
        let scaling = Scaling { min_capacity, max_capacity: 8.0, seconds_until_auto_pause };
        Settings { scaling: Some(scaling), ..Settings::default() }
    }

    #[test]
    fn what_aws_says_in_other_words_is_no_difference() {
        let none = Settings::default;
        for (why, desired) in [
            ("a version prefix", Settings { engine_version: Some("8.0.mysql_aurora.3".into()), ..none() }),
            ("a lower version", Settings { engine_version: Some("8.0.mysql_aurora.3.04.0".into()), ..none() }),
            ("upper case", Settings { db_cluster_parameter_group_name: Some("Mine".into()), ..none() }),
            (
                "days in upper case",
                Settings { preferred_maintenance_window: Some("Sun:03:00-Sun:04:00".into()), ..none() },
            ),
            ("a key id", Settings { kms_key_id: Some("abc".into()), ..none() }),
            ("two of three zones", Settings { availability_zones: Some(["c".into(), "a".into()].into()), ..none() }),
            ("AWS's own pause", scaling(0.0, None)),
            ("no Data API", Settings { enable_http_endpoint: Some(false), ..none() }),
            ("no forwarding", Settings { enable_local_write_forwarding: Some(false), ..none() }),
            ("no backtrack", Settings { backtrack_window: Some(0), ..none() }),
        ] {
            assert_eq!(differs(desired, &cluster()), Vec::<String>::new(), "{why}");
        }
    }

    #[test]
    fn real_differences_stay() {
        let none = Settings::default;
        for (why, desired) in [
            ("a higher version", Settings { engine_version: Some("8.0.mysql_aurora.3.10.0".into()), ..none() }),
            ("another zone", Settings { availability_zones: Some(["d".into(), "a".into()].into()), ..none() }),
            ("another pause", scaling(0.0, Some(600))),
            ("no pause", scaling(0.5, None)),
            ("the Data API", Settings { enable_http_endpoint: Some(true), ..none() }),
            ("backtrack", Settings { backtrack_window: Some(3600), ..none() }),
            ("I/O-Optimized", Settings { storage_type: Some("aurora-iopt1".into()), ..none() }),
        ] {
            assert_eq!(differs(desired, &cluster()).len(), 1, "{why}");
        }
    }

    #[test]
    fn a_pause_is_compared_only_where_there_can_be_one() {
        let mut awake = cluster();
        awake.settings.scaling = scaling(0.5, None).scaling;
        assert!(differs(scaling(0.5, Some(600)), &awake).is_empty());
        assert!(!differs(scaling(0.0, None), &awake).is_empty());
    }

    #[test]
    fn what_is_on_is_turned_off() {
        let mut on = cluster();
        on.settings.enable_http_endpoint = Some(true);
        on.settings.backtrack_window = Some(3600);
        let desired = Settings { enable_http_endpoint: Some(false), backtrack_window: Some(0), ..Settings::default() };
        assert_eq!(differs(desired, &on).len(), 2);
    }

    #[test]
    fn what_aws_is_changing_or_owns_is_not_compared() {
        let busy = Cluster { logs_pending: true, security_groups_changing: true, aws_backup: true, ..cluster() };
        let desired = Settings {
            enable_cloudwatch_logs_exports: Some(["audit".into()].into()),
            vpc_security_group_ids: Some(["sg-1".into()].into()),
            backup_retention_period: Some(7),
            ..Settings::default()
        };
        assert!(differs(desired.clone(), &busy).is_empty());
        assert_eq!(differs(desired, &cluster()).len(), 3);
    }

    #[test]
    fn a_members_role_counts_while_it_is_monitored() {
        let desired = MemberSettings {
            db_parameter_group_name: Some("Mine".into()),
            monitoring_role_arn: Some("arn:role".into()),
            ..MemberSettings::default()
        };
        let member = |interval| {
            let settings = MemberSettings {
                monitoring_interval: Some(interval),
                db_parameter_group_name: Some("mine".into()),
                ..MemberSettings::default()
            };
            Member { settings, ..Member::default() }
        };
        let differs = |member: &Member| {
            changes(&member_towards(desired.clone(), member), &member.settings)
                .map(|difference| difference.changes.len())
        };
        assert_eq!((differs(&member(0)), differs(&member(60))), (None, Some(1)));
    }
}
