//! Manifests that read aloud: `rds().class("db.t4g.small").destroyed_on_delete()`.

use awsdb::kinds::rds::*;
use awsdb::spec::{
    Adoption, DeletionPolicy, DisruptivePolicy, ManagementPolicy, SecretKeyRef, SharedSpec, SnapshotSchedule,
};

use super::service::Object;

/// A manifest.
#[derive(Clone)]
pub struct Manifest<K: Object = RdsInstance>(pub K);

/// A small postgres, named `orders` in namespace `shop`.
pub fn rds() -> Manifest {
    named("orders")
}

/// The same under another name.
pub fn named(name: &str) -> Manifest {
    let mut object = RdsInstance::new(name, RdsInstanceSpec::default());
    object.metadata.namespace = Some("shop".into());
    let settings = &mut object.spec.settings;
    settings.engine = Some("postgres".into());
    settings.engine_version = Some("16".into());
    settings.db_instance_class = Some("db.t4g.micro".into());
    settings.allocated_storage = Some(20);
    settings.master_username = Some("app".into());
    Manifest(object)
}

impl<K: Object> Manifest<K> {
    pub fn with(mut self, change: impl FnOnce(&mut K::Spec)) -> Self {
        change(self.0.spec_mut());
        self
    }

    pub fn sharing(self, change: impl FnOnce(&mut SharedSpec)) -> Self {
        self.with(|spec| change(K::shared_mut(spec)))
    }

    pub fn namespace(mut self, namespace: &str) -> Self {
        self.0.meta_mut().namespace = Some(namespace.into());
        self
    }

    pub fn annotated(mut self, key: &str, value: &str) -> Self {
        self.0.meta_mut().annotations.get_or_insert_default().insert(key.into(), value.into());
        self
    }

    pub fn identifier(self, identifier: &str) -> Self {
        self.sharing(|shared| shared.identifier = Some(identifier.into()))
    }

    pub fn tag(self, key: &str, value: &str) -> Self {
        self.sharing(|shared| {
            shared.tags.get_or_insert_default().insert(key.into(), value.into());
        })
    }

    pub fn deletion(self, policy: DeletionPolicy) -> Self {
        self.sharing(|shared| shared.deletion_policy = policy)
    }

    pub fn destroyed_on_delete(self) -> Self {
        self.deletion(DeletionPolicy::Delete)
    }

    pub fn snapshot_on_delete(self) -> Self {
        self.deletion(DeletionPolicy::Snapshot)
    }

    pub fn managed(self, policy: ManagementPolicy) -> Self {
        self.sharing(|shared| shared.management_policy = policy)
    }

    pub fn observed(self) -> Self {
        self.managed(ManagementPolicy::Observe)
    }

    pub fn planned(self) -> Self {
        self.managed(ManagementPolicy::Plan)
    }

    pub fn adopting(self) -> Self {
        self.sharing(|shared| shared.adoption = Adoption::IfExists)
    }

    pub fn disruption(self, policy: DisruptivePolicy) -> Self {
        self.sharing(|shared| shared.change_policy.disruptive = policy)
    }

    pub fn at_once(self) -> Self {
        self.disruption(DisruptivePolicy::Immediate)
    }
}

impl Manifest {
    pub fn class(self, class: &str) -> Self {
        self.with(|spec| spec.settings.db_instance_class = Some(class.into()))
    }

    pub fn storage(self, gib: i32) -> Self {
        self.with(|spec| spec.settings.allocated_storage = Some(gib))
    }

    pub fn backups(self, days: i32) -> Self {
        self.with(|spec| spec.settings.backup_retention_period = Some(days))
    }

    pub fn parameter(self, key: &str, value: &str) -> Self {
        self.with(|spec| {
            spec.parameters.get_or_insert_default().insert(key.into(), value.into());
        })
    }

    pub fn subnets(self, subnets: &[&str]) -> Self {
        self.with(|spec| spec.subnet_ids = Some(super::aws::set_of(subnets)))
    }

    pub fn password_from(self, secret: &str) -> Self {
        self.with(|spec| {
            let reference = SecretKeyRef { name: secret.into(), key: "password".into() };
            spec.credentials = Some(Credentials { secret_ref: Some(reference), ..Credentials::default() });
        })
    }

    pub fn credentials(self, credentials: Credentials) -> Self {
        self.with(|spec| spec.credentials = Some(credentials))
    }

    pub fn aws_managed(self) -> Self {
        self.credentials(Credentials { aws_managed: Some(AwsManaged::default()), ..Credentials::default() })
    }

    pub fn rotated_every(self, interval: &str) -> Self {
        let rotation = Some(Rotation { interval: interval.into() });
        self.credentials(Credentials { rotation, ..Credentials::default() })
    }

    pub fn protected(self, protected: bool) -> Self {
        self.with(|spec| spec.settings.deletion_protection = Some(protected))
    }

    pub fn made_of_snapshot(self, snapshot: &str) -> Self {
        self.made_of(SnapshotSource { identifier: Some(snapshot.into()), name: None })
    }

    pub fn made_of_db_snapshot(self, object: &str) -> Self {
        self.made_of(SnapshotSource { identifier: None, name: Some(object.into()) })
    }

    fn made_of(self, from: SnapshotSource) -> Self {
        self.with(|spec| spec.source = Some(Source { snapshot: Some(from), ..Source::default() }))
    }

    pub fn scheduled(self, cron: &str, retain: i32) -> Self {
        self.with(|spec| spec.snapshot_schedule = Some(SnapshotSchedule { cron: cron.into(), retain }))
    }

    pub fn replica_of(self, instance: &str) -> Self {
        let from = InstanceSource { identifier: instance.into() };
        let bare = self.with(|spec| {
            spec.source = Some(Source { replica_of: Some(from), ..Source::default() });
            spec.settings.master_username = None;
            spec.settings.engine_version = None;
        });
        bare.with(|spec| spec.settings.allocated_storage = None)
    }

    pub fn promoted(self) -> Self {
        self.with(|spec| spec.promote = Some(true))
    }

    pub fn powered(self, state: PowerState) -> Self {
        self.with(|spec| spec.power_state = Some(state))
    }
}
