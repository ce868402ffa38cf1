//! From what a watch says to what a round is due for. Our own status and finalizer writes come back through the watch and
//! wake nothing; objects that do not decode are said once and hold up nobody; objects that are gone are named, so that
//! nothing is remembered of them.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use kube::core::DeserializeGuard;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher::Event;
use kube::{Resource, ResourceExt};

use crate::spec::annotation;

/// An object of a kind, or what is wrong with it.
pub type Guarded<K> = DeserializeGuard<K>;

/// A hash of what must wake a round: the spec's generation, the wish to be deleted, and our annotations; not status, not
/// finalizers, not labels.
pub fn wakes<K: Resource>(object: &K) -> u64 {
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

/// What one watch event brought.
#[derive(Debug)]
pub struct News<K: Resource<DynamicType = ()> + 'static> {
    /// Objects that are due for a round.
    pub due: Vec<ObjectRef<Guarded<K>>>,
    /// Uids of objects that are gone.
    pub gone: Vec<String>,
    /// Namespace and name of an object that does not decode, and why.
    pub undecodable: Option<(String, String)>,
    /// Everything has been listed.
    pub is_listed: bool,
}

impl<K: Resource<DynamicType = ()>> Default for News<K> {
    fn default() -> Self {
        Self { due: Vec::new(), gone: Vec::new(), undecodable: None, is_listed: false }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Known {
    Wakes(u64),
    /// Does not decode at this resourceVersion.
    Broken(Option<String>),
}

/// What one watch has shown so far, by uid.
#[derive(Debug)]
pub struct Intake<K: Resource<DynamicType = ()> + 'static> {
    known: HashMap<String, Known>,
    listing: HashMap<String, Known>,
    /// Due objects of a list that is not complete: the store serves the old ones until it is.
    held: Vec<ObjectRef<Guarded<K>>>,
}

impl<K: Resource<DynamicType = ()>> Default for Intake<K> {
    fn default() -> Self {
        Self { known: HashMap::new(), listing: HashMap::new(), held: Vec::new() }
    }
}

impl<K: Resource<DynamicType = ()>> Intake<K> {
    /// Takes an event that the store has already seen.
    pub fn take(&mut self, event: &Event<Guarded<K>>) -> News<K> {
        let mut news = News::default();
        match event {
            Event::Init => {
                self.listing.clear();
                self.held.clear();
            }
            Event::InitApply(object) => {
                let known = known(object);
                if self.is_due(object, &known, &mut news) {
                    self.held.push(ObjectRef::from_obj(object));
                }
                self.listing.insert(object.uid().unwrap_or_default(), known);
            }
            Event::InitDone => {
                let before = std::mem::replace(&mut self.known, std::mem::take(&mut self.listing));
                news.gone = before.into_keys().filter(|uid| !self.known.contains_key(uid)).collect();
                news.due = std::mem::take(&mut self.held);
                news.is_listed = true;
            }
            Event::Apply(object) => {
                let known = known(object);
                if self.is_due(object, &known, &mut news) {
                    news.due.push(ObjectRef::from_obj(object));
                }
                self.known.insert(object.uid().unwrap_or_default(), known);
            }
            Event::Delete(object) => {
                let uid = object.uid().unwrap_or_default();
                self.known.remove(&uid);
                news.gone.push(uid);
            }
        }
        news
    }

    fn is_due(&self, object: &Guarded<K>, now: &Known, news: &mut News<K>) -> bool {
        let is_news = self.known.get(&object.uid().unwrap_or_default()) != Some(now);
        if let (Err(invalid), true) = (&object.0, is_news) {
            let name = format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any());
            news.undecodable = Some((name, invalid.error.clone()));
        }
        is_news && object.0.is_ok()
    }
}

fn known<K: Resource<DynamicType = ()>>(object: &Guarded<K>) -> Known {
    match &object.0 {
        Ok(object) => Known::Wakes(wakes(object)),
        Err(_) => Known::Broken(object.resource_version()),
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;
    use serde_json::json;

    use super::*;

    fn object(name: &str, generation: i64) -> ConfigMap {
        let mut object = ConfigMap::default();
        object.metadata.name = Some(name.into());
        object.metadata.namespace = Some("shop".into());
        object.metadata.uid = Some(format!("uid-{name}"));
        object.metadata.generation = Some(generation);
        object
    }

    fn good(object: ConfigMap) -> Guarded<ConfigMap> {
        DeserializeGuard(Ok(object))
    }

    fn broken(name: &str, version: &str) -> Guarded<ConfigMap> {
        let mut metadata = object(name, 1).metadata;
        metadata.resource_version = Some(version.into());
        let stored = serde_json::from_value(json!({ "metadata": metadata, "data": "no map" })).unwrap();
        let DeserializeGuard::<ConfigMap>(Err(_)) = &stored else { panic!("it decodes") };
        stored
    }

    fn due(news: &News<ConfigMap>) -> Vec<&str> {
        news.due.iter().map(|object| object.name.as_str()).collect()
    }

    fn list(intake: &mut Intake<ConfigMap>, objects: Vec<Guarded<ConfigMap>>) -> News<ConfigMap> {
        intake.take(&Event::Init);
        for object in objects {
            assert!(intake.take(&Event::InitApply(object)).due.is_empty(), "due before the store has it");
        }
        intake.take(&Event::InitDone)
    }

    #[test]
    fn only_the_spec_the_deletion_and_our_annotations_wake() {
        let before = wakes(&object("a", 1));
        let changed = |change: fn(&mut ConfigMap)| {
            let mut object = object("a", 1);
            change(&mut object);
            wakes(&object) != before
        };
        assert!(changed(|o| o.metadata.generation = Some(2)));
        assert!(changed(|o| o.metadata.uid = Some("other".into())));
        assert!(changed(|o| {
            o.metadata.deletion_timestamp =
                Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(jiff::Timestamp::UNIX_EPOCH));
        }));
        for name in ["paused", "reconcile", "approve", "rotate", "failover"] {
            let mut object = object("a", 1);
            object.annotations_mut().insert(format!("awsdb.dev/{name}"), "x".into());
            assert_ne!(wakes(&object), before, "{name}");
        }
        assert!(!changed(|o| o.metadata.resource_version = Some("9".into())));
        assert!(!changed(|o| o.metadata.finalizers = Some(vec!["finalizers.awsdb.dev/aws".into()])));
        assert!(!changed(|o| drop(o.annotations_mut().insert("other".into(), "x".into()))));
        assert!(!changed(|o| drop(o.labels_mut().insert("other".into(), "x".into()))));
    }

    #[test]
    fn a_list_is_due_when_it_is_complete_and_a_relist_only_where_it_differs() {
        let mut intake = Intake::default();
        let first = list(&mut intake, vec![good(object("a", 1)), good(object("b", 1))]);
        assert!(first.is_listed);
        assert_eq!(due(&first), ["a", "b"]);
        let second = list(&mut intake, vec![good(object("a", 2)), good(object("c", 1))]);
        assert_eq!(due(&second), ["a", "c"]);
        assert_eq!(second.gone, ["uid-b"]);
    }

    #[test]
    fn a_list_that_broke_off_leaves_nothing_behind() {
        let mut intake = Intake::default();
        intake.take(&Event::Init);
        intake.take(&Event::InitApply(good(object("a", 1))));
        let news = list(&mut intake, vec![good(object("b", 1))]);
        assert_eq!(due(&news), ["b"]);
        assert_eq!(due(&intake.take(&Event::Apply(good(object("a", 1))))), ["a"]);
    }

    #[test]
    fn a_status_write_is_no_news_and_a_new_generation_is() {
        let mut intake = Intake::default();
        assert_eq!(due(&intake.take(&Event::Apply(good(object("a", 1))))), ["a"]);
        let mut written = object("a", 1);
        written.metadata.resource_version = Some("2".into());
        assert!(intake.take(&Event::Apply(good(written))).due.is_empty());
        assert_eq!(due(&intake.take(&Event::Apply(good(object("a", 2))))), ["a"]);
        assert_eq!(intake.take(&Event::Delete(good(object("a", 2)))).gone, ["uid-a"]);
        assert_eq!(due(&intake.take(&Event::Apply(good(object("a", 2))))), ["a"]);
    }

    #[test]
    fn an_object_that_does_not_decode_is_said_once_per_version_and_is_never_due() {
        let mut intake = Intake::default();
        let news = intake.take(&Event::Apply(broken("a", "1")));
        assert!(news.due.is_empty());
        assert_eq!(news.undecodable.unwrap().0, "shop/a");
        assert_eq!(list(&mut intake, vec![broken("a", "1")]).undecodable, None);
        assert!(intake.take(&Event::Apply(broken("a", "1"))).undecodable.is_none());
        assert!(intake.take(&Event::Apply(broken("a", "2"))).undecodable.is_some());
        assert_eq!(due(&intake.take(&Event::Apply(good(object("a", 1))))), ["a"], "mended");
    }
}
