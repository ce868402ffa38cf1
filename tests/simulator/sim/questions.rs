//! What a test asks a simulation.

use awsdb::aws::Password;
use awsdb::kind::Kind;
use awsdb::spec::{SharedStatus, annotation};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;
use kube::core::object::HasStatus;

use super::aws::Db;
use super::faults::{Call, Fault, Seam};
use super::kube::Key;
use super::service::{Object, Service};
use super::{Sim, Simulation};

impl<K: Object> Simulation<K> {
    pub fn object(&self, key: &Key) -> Option<K> {
        self.kube(|kube| kube.get(key))
    }

    pub fn is_gone(&self, key: &Key) -> bool {
        self.object(key).is_none()
    }

    pub fn status(&self, key: &Key) -> <K as HasStatus>::Status {
        self.object(key).and_then(|object| HasStatus::status(&object).cloned()).unwrap_or_default()
    }

    /// The part of the status that every kind has.
    pub fn shared_status(&self, key: &Key) -> SharedStatus {
        self.object(key).and_then(|object| Kind::status(&object).cloned()).unwrap_or_default()
    }

    /// The name in AWS: the one in status, or the default one.
    pub fn name_in_aws(&self, key: &Key) -> String {
        self.shared_status(key).identifier.unwrap_or_else(|| format!("{}-{}", key.0, key.1))
    }

    /// Whether AWS still has something to do to the object's thing, which must exist.
    pub fn is_busy(&self, key: &Key) -> bool {
        let name = self.name_in_aws(key);
        self.aws(|aws| aws.is_busy(&name))
    }

    pub fn condition(&self, key: &Key, type_: &str) -> Option<Condition> {
        self.shared_status(key).conditions.into_iter().find(|condition| condition.type_ == type_)
    }

    pub fn is_true(&self, key: &Key, type_: &str) -> bool {
        self.condition(key, type_).is_some_and(|condition| condition.status == "True")
    }

    /// Reason of a condition, empty when there is none.
    pub fn reason(&self, key: &Key, type_: &str) -> String {
        self.condition(key, type_).map(|condition| condition.reason).unwrap_or_default()
    }

    pub fn message(&self, key: &Key, type_: &str) -> String {
        self.condition(key, type_).map(|condition| condition.message).unwrap_or_default()
    }

    /// Ready and synced for the generation that is stored, and not being deleted.
    pub fn is_settled(&self, key: &Key) -> bool {
        let Some(object) = self.object(key) else { return true };
        let status = self.shared_status(key);
        object.meta().deletion_timestamp.is_none()
            && status.observed_generation == object.meta().generation
            && self.is_true(key, "Ready")
            && self.is_true(key, "Synced")
    }

    pub fn secret(&self, namespace: &str, name: &str) -> Option<std::collections::BTreeMap<String, Password>> {
        let key = (namespace.to_string(), name.to_string());
        self.kube(|kube| kube.secrets.get(&key).map(|secret| secret.data.clone()))
    }

    /// The user writes a Secret of their own.
    pub fn user_secret(&mut self, namespace: &str, name: &str, password: &str) {
        self.kube(|kube| {
            let key = (namespace.to_string(), name.to_string());
            let mut secret = kube.secrets.get(&key).cloned().unwrap_or_default();
            secret.name = name.into();
            secret.data.insert("password".into(), Password::new(password));
            kube.write_secret(namespace, &secret).unwrap();
        });
        let keys: Vec<Key> = self.kube(|kube| kube.keys());
        keys.iter().for_each(|key| self.touch(key));
    }

    /// How many calls there were so far.
    pub fn mark(&self) -> usize {
        self.shared.lock().calls.len()
    }

    pub fn calls(&self, since: usize) -> Vec<Call> {
        self.shared.lock().calls[since..].to_vec()
    }

    fn count(&self, since: usize, fits: impl Fn(&Call) -> bool) -> usize {
        self.shared.lock().calls[since..].iter().filter(|call| fits(call)).count()
    }

    /// Mutating AWS calls that arrived there, refused ones included, by operation.
    pub fn sent(&self, operation: &str) -> usize {
        self.sent_since(0, operation)
    }

    pub fn sent_since(&self, mark: usize, operation: &str) -> usize {
        self.count(mark, |call| call.operation == operation && call.writes && arrived(call))
    }

    /// Operations of the mutating AWS calls since a mark.
    pub fn aws_writes(&self, since: usize) -> Vec<&'static str> {
        let calls = self.calls(since);
        calls.iter().filter(|call| call.seam == Seam::Aws && call.writes).map(|call| call.operation).collect()
    }

    pub fn aws_reads(&self, since: usize) -> usize {
        self.count(since, |call| call.seam == Seam::Aws && !call.writes)
    }

    pub fn kube_writes(&self) -> usize {
        self.kube_writes_since(0)
    }

    pub fn kube_writes_since(&self, since: usize) -> usize {
        self.count(since, |call| call.seam == Seam::Kubernetes && call.writes)
    }

    pub fn held_hash(&self, key: &Key) -> Option<String> {
        self.shared_status(key).plan.and_then(|plan| plan.hash)
    }

    /// The user approves what is held.
    pub fn approve(&mut self, key: &Key) {
        let hash = self.held_hash(key).unwrap_or_else(|| panic!("nothing is held\n{}", self.report()));
        self.annotate(key, annotation::APPROVE, &hash);
    }

    /// The texts of the events of an object.
    pub fn events(&self) -> Vec<String> {
        self.kube(|kube| kube.events.iter().map(|(_, note)| format!("{}: {}", note.reason, note.text)).collect())
    }

    /// Everything that helps to understand a failure.
    pub fn report(&self) -> String {
        let mut lines = vec![format!("now {}", self.now())];
        for key in self.kube(|kube| kube.keys()) {
            let object = self.object(&key).unwrap();
            lines.push(format!("object {key:?} deleting={}", object.meta().deletion_timestamp.is_some()));
            lines.push(serde_json::to_string_pretty(&HasStatus::status(&object)).unwrap());
        }
        lines.extend(self.aws(|aws| aws.report()));
        let calls = self.calls(0);
        let last = calls.len().saturating_sub(40);
        lines.extend(calls.iter().enumerate().skip(last).map(|(n, call)| {
            let what: String = call.detail.chars().take(160).collect();
            format!(
                "{n:4} {:?} {} {} {what}",
                call.seam,
                call.operation,
                call.fault.map(|fault| format!("{fault:?}")).unwrap_or_default()
            )
        }));
        lines.join("\n")
    }
}

impl Sim {
    /// The database of an object with the default identifier.
    pub fn db(&self, key: &Key) -> Option<Db> {
        let name = self.name_in_aws(key);
        self.aws(|aws| aws.instances.get(&name).cloned())
    }

    /// The database, which must be there.
    pub fn the_db(&self, key: &Key) -> Db {
        self.db(key).unwrap_or_else(|| panic!("there is no database\n{}", self.report()))
    }

    /// Changes the database behind the operator's back.
    pub fn with_db(&self, name: &str, change: impl FnOnce(&mut Db)) {
        self.aws(|aws| change(aws.instances.get_mut(name).expect("the database exists")));
    }

    /// Whether what workloads mount opens the database: the right host and the password in force.
    pub fn opens(&self, key: &Key) -> Result<(), String> {
        let object = self.object(key).ok_or("the object is gone")?;
        let given = object.spec.shared.connection_secret.name.clone();
        let name = given.unwrap_or_else(|| format!("{}-connection", object.name_any()));
        let secret = self.secret(&key.0, &name).ok_or("there is no connection Secret")?;
        let db = self.db(key).ok_or("there is no database")?;
        let (host, port) = db.shown.endpoint.ok_or("there is no endpoint")?;
        let is = |field: &str, value: &str| secret.get(field).is_some_and(|it| it.expose() == value);
        match () {
            () if !is("host", &host) || !is("port", &port.to_string()) => Err("the Secret names another host".into()),
            () if !is("password", &db.password) => Err("the Secret has another password than the database".into()),
            () => Ok(()),
        }
    }

    /// Fails with everything that is known unless the Secret opens the database.
    pub fn must_open(&self, key: &Key) {
        if let Err(why) = self.opens(key) {
            panic!("{why}\n{}", self.report());
        }
    }
}

fn arrived(call: &Call) -> bool {
    !matches!(call.fault, Some(Fault::CrashBefore | Fault::RequestLost | Fault::Throttled))
}
