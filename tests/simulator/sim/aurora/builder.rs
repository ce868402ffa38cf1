//! Manifests of clusters that read aloud: `aurora().readers(2).capacity(0.0, 8.0)`.

use std::collections::BTreeSet;

use awsdb::aws::aurora::{EndpointType, Scaling};
use awsdb::kinds::aurora::{
    AuroraServerless, AuroraServerlessSpec, ClusterRole, ClusterSource, CustomEndpoint, PointInTimeSource, Source,
};
use awsdb::kinds::rds::{AwsManaged, Credentials, PowerState, Rotation, SnapshotSource};
use awsdb::spec::SecretKeyRef;

use super::super::aws::set_of;
use super::super::builder::Manifest;

/// A cluster of postgres with a writer only, named `orders` in namespace `shop`.
pub fn aurora() -> Manifest<AuroraServerless> {
    cluster("orders")
}

/// The same under another name.
pub fn cluster(name: &str) -> Manifest<AuroraServerless> {
    let mut object = AuroraServerless::new(name, AuroraServerlessSpec::default());
    object.metadata.namespace = Some("shop".into());
    let settings = &mut object.spec.settings;
    settings.engine = Some("aurora-postgresql".into());
    settings.engine_version = Some("16".into());
    settings.master_username = Some("app".into());
    Manifest(object).capacity(0.5, 4.0)
}

impl Manifest<AuroraServerless> {
    pub fn mysql(self) -> Self {
        self.with(|spec| {
            spec.settings.engine = Some("aurora-mysql".into());
            spec.settings.engine_version = Some("8.0.mysql_aurora.3".into());
        })
    }

    pub fn version(self, version: &str) -> Self {
        self.with(|spec| spec.settings.engine_version = Some(version.into()))
    }

    pub fn major_upgrades(self) -> Self {
        self.with(|spec| spec.allow_major_version_upgrade = Some(true))
    }

    pub fn capacity(self, min: f64, max: f64) -> Self {
        self.with(|spec| {
            spec.settings.scaling =
                Some(Scaling { min_capacity: min, max_capacity: max, seconds_until_auto_pause: None });
        })
    }

    /// Pauses after so many seconds.
    pub fn pausing(self, max: f64, seconds: i32) -> Self {
        self.with(|spec| {
            spec.settings.scaling =
                Some(Scaling { min_capacity: 0.0, max_capacity: max, seconds_until_auto_pause: Some(seconds) });
        })
    }

    pub fn readers(self, readers: i32) -> Self {
        self.with(|spec| spec.readers = Some(readers))
    }

    pub fn reader_tier(self, tier: i32) -> Self {
        self.with(|spec| spec.reader_promotion_tier = Some(tier))
    }

    pub fn backups(self, days: i32) -> Self {
        self.with(|spec| spec.settings.backup_retention_period = Some(days))
    }

    pub fn logs(self, logs: &[&str]) -> Self {
        self.with(|spec| spec.settings.enable_cloudwatch_logs_exports = Some(set_of(logs)))
    }

    pub fn data_api(self, enabled: bool) -> Self {
        self.with(|spec| spec.settings.enable_http_endpoint = Some(enabled))
    }

    pub fn protected(self, protected: bool) -> Self {
        self.with(|spec| spec.settings.deletion_protection = Some(protected))
    }

    pub fn subnets(self, subnets: &[&str]) -> Self {
        self.with(|spec| spec.subnet_ids = Some(set_of(subnets)))
    }

    /// A parameter of the members.
    pub fn parameter(self, key: &str, value: &str) -> Self {
        self.with(|spec| {
            spec.parameters.get_or_insert_default().insert(key.into(), value.into());
        })
    }

    /// A parameter of the cluster.
    pub fn cluster_parameter(self, key: &str, value: &str) -> Self {
        self.with(|spec| {
            spec.cluster_parameters.get_or_insert_default().insert(key.into(), value.into());
        })
    }

    pub fn role(self, feature: &str, role: &str) -> Self {
        let role = ClusterRole { feature_name: feature.into(), role_arn: format!("arn:aws:iam::1:role/{role}-role") };
        self.with(|spec| spec.associated_roles.get_or_insert_default().push(role))
    }

    /// An endpoint that leads to these members; to all readers, if there are none.
    pub fn endpoint(self, name: &str, members: &[i32]) -> Self {
        let endpoint_type = if members.contains(&0) { EndpointType::Any } else { EndpointType::Reader };
        let listed: BTreeSet<i32> = members.iter().copied().collect();
        let static_members = (!listed.is_empty()).then_some(listed);
        let endpoint = CustomEndpoint { name: name.into(), endpoint_type, static_members, excluded_members: None };
        self.with(|spec| spec.custom_endpoints.get_or_insert_default().push(endpoint))
    }

    pub fn powered(self, state: PowerState) -> Self {
        self.with(|spec| spec.power_state = Some(state))
    }

    pub fn credentials(self, credentials: Credentials) -> Self {
        self.with(|spec| spec.credentials = Some(credentials))
    }

    pub fn password_from(self, secret: &str) -> Self {
        let reference = SecretKeyRef { name: secret.into(), key: "password".into() };
        self.credentials(Credentials { secret_ref: Some(reference), ..Credentials::default() })
    }

    pub fn aws_managed(self) -> Self {
        self.credentials(Credentials { aws_managed: Some(AwsManaged::default()), ..Credentials::default() })
    }

    pub fn rotated_every(self, interval: &str) -> Self {
        let rotation = Some(Rotation { interval: interval.into() });
        self.credentials(Credentials { rotation, ..Credentials::default() })
    }

    fn made_of(self, source: Source) -> Self {
        self.with(|spec| {
            spec.source = Some(source);
            spec.settings.master_username = None;
        })
    }

    pub fn made_of_snapshot(self, snapshot: &str) -> Self {
        let snapshot = Some(SnapshotSource { identifier: Some(snapshot.into()), name: None });
        self.made_of(Source { snapshot, ..Source::default() })
    }

    pub fn clone_of(self, cluster: &str) -> Self {
        let clone_of = Some(ClusterSource { identifier: cluster.into() });
        self.made_of(Source { clone_of, ..Source::default() })
    }

    /// As a cluster is at the latest moment.
    pub fn latest_of(self, cluster: &str) -> Self {
        self.at_a_time(PointInTimeSource { identifier: Some(cluster.into()), ..PointInTimeSource::default() })
    }

    /// As a cluster was last, though it may be gone.
    pub fn latest_of_resource(self, resource_id: &str) -> Self {
        let db_cluster_resource_id = Some(resource_id.into());
        self.at_a_time(PointInTimeSource { db_cluster_resource_id, ..PointInTimeSource::default() })
    }

    fn at_a_time(self, source: PointInTimeSource) -> Self {
        let use_latest_restorable_time = Some(true);
        let point_in_time = Some(PointInTimeSource { use_latest_restorable_time, ..source });
        self.made_of(Source { point_in_time, ..Source::default() })
    }
}
