//! An object as it rests between rounds: what the queue must know of it, and the rest as bytes, from which a round decodes
//! it. A typed object has a place for each field that nobody set and is several times as large; a fleet rests nearly always.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::marker::PhantomData;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::{DeserializeGuard, NamespaceResourceScope};
use kube::runtime::reflector::ObjectRef;
use kube::{Resource, ResourceExt};

use crate::kind::Kind;
use crate::metrics::Standing;
use crate::spec::annotation;

/// An object as the watch brings it, or what is wrong with it.
pub type Guarded<K> = DeserializeGuard<K>;

/// kubectl's copy of the whole spec.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// An object as it rests.
#[derive(Clone, Debug)]
pub struct Stored<K> {
    /// Name, namespace, uid and resourceVersion; the others are in the bytes.
    meta: ObjectMeta,
    /// What this version can read of it, or why it cannot.
    pub content: Result<Content, Box<str>>,
    kind: PhantomData<fn() -> K>,
}

/// What is known of an object without decoding it.
#[derive(Clone, Debug)]
pub struct Content {
    /// Changes with what must wake a round.
    pub wakes: u64,
    /// What its conditions say.
    pub standing: Standing,
    bytes: Box<[u8]>,
}

impl<K: Kind> Stored<K> {
    /// Packs an object.
    pub fn new(object: Guarded<K>) -> Self {
        let (mut meta, content) = match object.0 {
            Ok(object) => pack(object),
            Err(invalid) => (invalid.metadata, Err(invalid.error.into_boxed_str())),
        };
        Self { meta: key_of(&mut meta), content, kind: PhantomData }
    }

    /// The object.
    ///
    /// # Errors
    /// Why it could not be read.
    pub fn decode(&self) -> Result<K, String> {
        let content = self.content.as_ref().map_err(|why| why.to_string())?;
        let mut object: K = serde_json::from_slice(&content.bytes).map_err(|error| error.to_string())?;
        let meta = object.meta_mut();
        let key = self.meta.clone();
        (meta.name, meta.namespace) = (key.name, key.namespace);
        (meta.uid, meta.resource_version) = (key.uid, key.resource_version);
        Ok(object)
    }

    /// Names it in a queue. Without uid and version, of which a queue would keep copies.
    pub fn reference(&self) -> ObjectRef<Self> {
        ObjectRef::new(&self.name_any()).within(&self.namespace().unwrap_or_default())
    }

    /// Whether a round has something to learn from it that it could not learn from what was stored `before`.
    pub fn is_news_after(&self, before: Option<&Self>) -> bool {
        match (before.map(|before| (before, &before.content)), &self.content) {
            (Some((_, Ok(before))), Ok(now)) => before.wakes != now.wakes,
            (Some((before, Err(_))), Err(_)) => before.meta != self.meta,
            _ => true,
        }
    }
}

fn pack<K: Kind>(mut object: K) -> (ObjectMeta, Result<Content, Box<str>>) {
    let (wakes, standing) = (wakes(&object), Standing::of(object.status()));
    let meta = object.meta_mut();
    // More than half of an object, and nothing reads them.
    meta.managed_fields = None;
    if let Some(annotations) = &mut meta.annotations {
        annotations.remove(LAST_APPLIED);
    }
    let key = key_of(meta);
    let bytes = serde_json::to_vec(&object).map_err(|error| error.to_string().into_boxed_str());
    (key, bytes.map(|bytes| Content { wakes, standing, bytes: bytes.into_boxed_slice() }))
}

fn key_of(meta: &mut ObjectMeta) -> ObjectMeta {
    ObjectMeta {
        name: meta.name.take(),
        namespace: meta.namespace.take(),
        uid: meta.uid.take(),
        resource_version: meta.resource_version.take(),
        ..ObjectMeta::default()
    }
}

/// A hash of what must wake a round: the spec's generation, the wish to be deleted, and our annotations; not status, not
/// finalizers, not labels.
fn wakes<K: Resource>(object: &K) -> u64 {
    let meta = object.meta();
    let mut hasher = DefaultHasher::new();
    (&meta.uid, meta.generation, meta.deletion_timestamp.is_some()).hash(&mut hasher);
    for name in
        [annotation::PAUSED, annotation::RECONCILE, annotation::APPROVE, annotation::ROTATE, annotation::FAILOVER]
    {
        meta.annotations.as_ref().and_then(|all| all.get(name)).hash(&mut hasher);
    }
    hasher.finish()
}

/// What kube's store and queue ask of what they keep.
impl<K: Kind> Resource for Stored<K> {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        K::kind(&())
    }
    fn group((): &()) -> Cow<'_, str> {
        K::group(&())
    }
    fn version((): &()) -> Cow<'_, str> {
        K::version(&())
    }
    fn plural((): &()) -> Cow<'_, str> {
        K::plural(&())
    }
    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::controller::testing::{Toy, toy};
    use crate::kinds::dynamo::DynamoTable;
    use crate::kinds::rds::RdsInstance;

    /// As the API server sends it: an example, with what `kubectl apply` and the operator's writes add.
    fn sent(example: &str) -> Value {
        let mut object: Value = serde_saphyr::from_str(example).unwrap();
        let text = object.to_string();
        let meta = object["metadata"].as_object_mut().unwrap();
        for (name, value) in [("uid", "7f9c24e8-3b12-4fef-91e0-56a2d5f0c111"), ("resourceVersion", "812345678")] {
            meta.insert(name.into(), value.into());
        }
        meta.insert("generation".into(), 3.into());
        meta.insert("creationTimestamp".into(), "2026-11-01T10:00:00Z".into());
        meta.insert("finalizers".into(), json!(["finalizers.awsdb.dev/aws"]));
        meta.insert("labels".into(), json!({ "app.kubernetes.io/managed-by": "argocd", "team": "a" }));
        meta.insert("annotations".into(), json!({ LAST_APPLIED: text, "argocd.argoproj.io/sync-wave": "1" }));
        let fields = json!({ "f:spec": { "f:engine": {}, "f:engineVersion": {}, "f:tags": { "f:team": {} } } });
        let managed =
            json!({ "manager": "kubectl", "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": fields });
        meta.insert("managedFields".into(), json!([managed, managed]));
        object["status"] = status();
        object
    }

    fn status() -> Value {
        let condition = |type_: &str, reason: &str, message: &str| {
            json!({ "type": type_, "status": "True", "reason": reason, "message": message, "observedGeneration": 3,
                "lastTransitionTime": "2026-11-01T10:07:00Z" })
        };
        json!({
            "observedGeneration": 3,
            "conditions": [
                condition("Ready", "Available", "The database can be used."),
                condition("Synced", "UpToDate", "AWS is as the spec says."),
            ],
            "identifier": "team-a-orders",
            "region": "eu-central-1",
            "arn": "arn:aws:rds:eu-central-1:123456789012:db:team-a-orders",
            "accountId": "123456789012",
            "awsStatus": "available",
            "endpoint": { "address": "team-a-orders.c1a2b3c4d5e6.eu-central-1.rds.amazonaws.com", "port": 5432 },
            "binding": { "name": "orders-connection" },
            "passwordHash": "0123456789abcdef",
            "journal": { "calls": { "instance":
                { "operation": "ModifyDBInstance", "at": "2026-11-01T10:05:00Z", "step": "9f8e7d6c5b4a" } } },
        })
    }

    fn stored<K: Kind>(object: Value) -> Stored<K> {
        Stored::new(serde_json::from_value(object).unwrap())
    }

    /// What is left of the object is what the watch brought, without what is trimmed.
    fn comes_back<K: Kind + PartialEq>(example: &str) {
        let mut object = sent(example);
        let decoded: K = stored(object.clone()).decode().unwrap();
        let meta = object["metadata"].as_object_mut().unwrap();
        meta.remove("managedFields");
        meta["annotations"].as_object_mut().unwrap().remove(LAST_APPLIED);
        assert!(decoded == serde_json::from_value(object).unwrap(), "{example}");
    }

    const PRODUCTION: &str = include_str!("../../examples/rds-production.yaml");

    #[test]
    fn every_example_comes_back_as_it_was_but_for_what_nothing_reads() {
        for example in [
            PRODUCTION,
            include_str!("../../examples/rds-iam.yaml"),
            include_str!("../../examples/rds-restore.yaml"),
            include_str!("../../examples/rds-replica.yaml"),
            include_str!("../../examples/rds-rotation.yaml"),
        ] {
            comes_back::<RdsInstance>(example);
        }
        for example in [
            include_str!("../../examples/dynamo-production.yaml"),
            include_str!("../../examples/dynamo-provisioned.yaml"),
            include_str!("../../examples/dynamo-global.yaml"),
            include_str!("../../examples/dynamo-users.yaml"),
        ] {
            comes_back::<DynamoTable>(example);
        }
    }

    /// 10,000 of these, with their places in the maps of the queue, are to fit into 64 MiB beside the program itself.
    #[test]
    fn a_full_production_instance_rests_in_less_than_three_kilobytes() {
        let stored = stored::<RdsInstance>(sent(PRODUCTION));
        let bytes = stored.content.as_ref().unwrap().bytes.len();
        let (at_rest, typed) = (size_of::<Stored<RdsInstance>>() + bytes, size_of::<RdsInstance>());
        println!("at rest {at_rest} bytes, {bytes} of them the object; typed at least {typed}");
        assert!(at_rest < 3000, "{at_rest} bytes, {bytes} of them the object");
    }

    #[test]
    fn kubectls_copy_and_the_managers_of_fields_are_not_kept() {
        let stored = stored::<RdsInstance>(sent(PRODUCTION));
        let text = String::from_utf8(stored.content.unwrap().bytes.into()).unwrap();
        assert!(!text.contains("last-applied") && !text.contains("managedFields"), "{text}");
    }

    #[test]
    fn only_the_spec_the_deletion_and_our_annotations_wake() {
        let wakes = |change: &dyn Fn(&mut Value)| {
            let mut object = toy("a");
            object["metadata"]["annotations"] = json!({});
            change(&mut object);
            stored::<Toy>(object).content.unwrap().wakes
        };
        let before = wakes(&|_| ());
        let changed = |name: &str, value: Value| wakes(&|object| object["metadata"][name] = value.clone()) != before;
        assert!(changed("generation", 2.into()));
        assert!(changed("uid", "other".into()));
        assert!(changed("deletionTimestamp", "2026-01-01T00:00:00Z".into()));
        for name in ["paused", "reconcile", "approve", "rotate", "failover"] {
            assert!(changed("annotations", json!({ format!("awsdb.dev/{name}"): "x" })), "{name}");
        }
        assert!(!changed("resourceVersion", "9".into()));
        assert!(!changed("finalizers", json!(["finalizers.awsdb.dev/aws"])));
        assert!(!changed("annotations", json!({ "other": "x" })));
        assert!(!changed("labels", json!({ "other": "x" })));
        assert_eq!(wakes(&|object| object["status"] = status()), before);
    }

    #[test]
    fn what_does_not_decode_keeps_its_name_and_says_why() {
        let mut object = toy("a");
        object["spec"] = json!("no map");
        let stored = stored::<Toy>(object);
        assert_eq!((stored.name_any(), stored.uid()), ("a".to_string(), Some("uid-a".to_string())));
        assert!(stored.decode().unwrap_err().contains("map"));
    }
}
