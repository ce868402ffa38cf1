//! From what a watch says to what is stored and what a round is due for. Our own status and finalizer writes come back
//! through the watch and wake nothing; objects that do not decode are said once and hold up nobody; objects that are gone
//! are named, so that nothing is remembered of them.

use std::collections::HashMap;
use std::sync::Arc;

use kube::ResourceExt;
use kube::runtime::reflector::store::Writer;
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::watcher::Event;

use super::stored::{Guarded, Stored};
use crate::kind::Kind;

/// What one watch event brought.
#[derive(Debug)]
pub struct News<K: Kind> {
    /// Objects that are due for a round.
    pub due: Vec<ObjectRef<Stored<K>>>,
    /// Uids of objects that are gone.
    pub gone: Vec<String>,
    /// Namespace and name of objects that do not decode, and why.
    pub undecodable: Vec<(String, String)>,
    /// Everything has been listed.
    pub is_listed: bool,
}

impl<K: Kind> Default for News<K> {
    fn default() -> Self {
        Self { due: Vec::new(), gone: Vec::new(), undecodable: Vec::new(), is_listed: false }
    }
}

/// What one watch has shown so far.
#[derive(Debug)]
pub struct Intake<K: Kind> {
    writer: Writer<Stored<K>>,
    store: Store<Stored<K>>,
}

impl<K: Kind> Default for Intake<K> {
    fn default() -> Self {
        let (store, writer) = reflector::store();
        Self { writer, store }
    }
}

impl<K: Kind> Intake<K> {
    /// The objects, for whoever reads them.
    pub fn store(&self) -> Store<Stored<K>> {
        self.store.clone()
    }

    /// Stores what an event brings, and says what of it is news. A list is news when it is complete: until then the store
    /// serves the objects of before.
    pub fn take(&mut self, event: Event<Guarded<K>>) -> News<K> {
        let event = packed(event);
        let before = match &event {
            Event::Init | Event::InitApply(_) => Vec::new(),
            Event::Apply(object) | Event::Delete(object) => self.store.get(&object.reference()).into_iter().collect(),
            Event::InitDone => self.store.state(),
        };
        self.writer.apply_watcher_event(&event);
        match event {
            Event::Init | Event::InitApply(_) => News::default(),
            Event::Apply(object) => news(before, &[Arc::new(object)]),
            Event::Delete(_) => news(before, &[]),
            Event::InitDone => News { is_listed: true, ..news(before, &self.store.state()) },
        }
    }
}

fn packed<K: Kind>(event: Event<Guarded<K>>) -> Event<Stored<K>> {
    match event {
        Event::Apply(object) => Event::Apply(Stored::new(object)),
        Event::Delete(object) => Event::Delete(Stored::new(object)),
        Event::Init => Event::Init,
        Event::InitApply(object) => Event::InitApply(Stored::new(object)),
        Event::InitDone => Event::InitDone,
    }
}

/// The difference between what was stored `before` and what is stored `now`. By uid: a name may belong to a successor.
fn news<K: Kind>(before: Vec<Arc<Stored<K>>>, now: &[Arc<Stored<K>>]) -> News<K> {
    let mut before: HashMap<String, _> = before.into_iter().map(|one| (one.uid().unwrap_or_default(), one)).collect();
    let mut news = News::default();
    for object in now {
        let was = before.remove(&object.uid().unwrap_or_default());
        if !object.is_news_after(was.as_deref()) {
            continue;
        }
        match &object.content {
            Ok(_) => news.due.push(object.reference()),
            Err(why) => {
                let name = format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any());
                news.undecodable.push((name, why.to_string()));
            }
        }
    }
    news.gone = before.into_keys().collect();
    news
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::controller::testing::{Toy, toy};

    fn object(name: &str, generation: i64) -> Value {
        let mut object = toy(name);
        object["metadata"]["generation"] = generation.into();
        object
    }

    fn good(object: Value) -> Guarded<Toy> {
        serde_json::from_value(object).unwrap()
    }

    fn broken(name: &str, version: &str) -> Guarded<Toy> {
        let mut object = object(name, 1);
        object["metadata"]["resourceVersion"] = version.into();
        object["spec"] = json!("no map");
        let stored = good(object);
        assert!(stored.0.is_err(), "it decodes");
        stored
    }

    fn due(news: &News<Toy>) -> Vec<&str> {
        let mut due: Vec<&str> = news.due.iter().map(|object| object.name.as_str()).collect();
        due.sort();
        due
    }

    fn list(intake: &mut Intake<Toy>, objects: Vec<Guarded<Toy>>) -> News<Toy> {
        intake.take(Event::Init);
        for object in objects {
            assert!(intake.take(Event::InitApply(object)).due.is_empty(), "due before the store has it");
        }
        intake.take(Event::InitDone)
    }

    #[test]
    fn a_list_is_due_when_it_is_complete_and_a_relist_only_where_it_differs() {
        let mut intake = Intake::default();
        let first = list(&mut intake, vec![good(object("a", 1)), good(object("b", 1)), good(object("d", 1))]);
        assert!(first.is_listed);
        assert_eq!(due(&first), ["a", "b", "d"]);
        let second = list(&mut intake, vec![good(object("a", 2)), good(object("c", 1)), good(object("d", 1))]);
        assert_eq!(due(&second), ["a", "c"]);
        assert_eq!(second.gone, ["uid-b"]);
    }

    #[test]
    fn what_is_due_is_in_the_store() {
        let mut intake = Intake::default();
        list(&mut intake, vec![good(object("a", 1))]);
        for event in [Event::Apply(good(object("a", 2))), Event::Apply(good(object("b", 1)))] {
            let news = intake.take(event);
            let stored = intake.store().get(&news.due[0]).unwrap();
            assert_eq!(stored.decode().unwrap().metadata.name.as_deref(), Some(news.due[0].name.as_str()));
        }
        assert_eq!(intake.store().len(), 2);
    }

    #[test]
    fn a_list_that_broke_off_leaves_nothing_behind() {
        let mut intake = Intake::default();
        intake.take(Event::Init);
        intake.take(Event::InitApply(good(object("a", 1))));
        let news = list(&mut intake, vec![good(object("b", 1))]);
        assert_eq!(due(&news), ["b"]);
        assert_eq!(due(&intake.take(Event::Apply(good(object("a", 1))))), ["a"]);
    }

    #[test]
    fn a_status_write_is_stored_and_no_news_and_a_new_generation_is() {
        let mut intake = Intake::default();
        assert_eq!(due(&intake.take(Event::Apply(good(object("a", 1))))), ["a"]);
        let mut written = object("a", 1);
        written["metadata"]["resourceVersion"] = "2".into();
        written["status"] = json!({ "awsStatus": "available" });
        assert!(intake.take(Event::Apply(good(written))).due.is_empty());
        let stored = intake.store().state()[0].decode().unwrap();
        assert_eq!(stored.status.unwrap().aws_status.as_deref(), Some("available"));
        assert_eq!(due(&intake.take(Event::Apply(good(object("a", 2))))), ["a"]);
        assert_eq!(intake.take(Event::Delete(good(object("a", 2)))).gone, ["uid-a"]);
        assert_eq!(due(&intake.take(Event::Apply(good(object("a", 2))))), ["a"]);
    }

    #[test]
    fn a_successor_of_the_same_name_is_due_and_its_predecessor_is_gone() {
        let mut intake = Intake::default();
        intake.take(Event::Apply(good(object("a", 1))));
        let mut successor = object("a", 1);
        successor["metadata"]["uid"] = "uid-successor".into();
        for news in [list(&mut intake, vec![good(successor.clone())]), intake.take(Event::Apply(good(object("a", 1))))]
        {
            assert_eq!(due(&news), ["a"]);
            assert_eq!(news.gone.len(), 1);
        }
    }

    #[test]
    fn an_object_that_does_not_decode_is_said_once_per_version_and_is_never_due() {
        let mut intake = Intake::default();
        let news = intake.take(Event::Apply(broken("a", "1")));
        assert!(news.due.is_empty());
        assert_eq!(news.undecodable[0].0, "shop/a");
        assert!(news.undecodable[0].1.contains("map"), "{}", news.undecodable[0].1);
        assert!(list(&mut intake, vec![broken("a", "1")]).undecodable.is_empty());
        assert!(intake.take(Event::Apply(broken("a", "1"))).undecodable.is_empty());
        assert_eq!(intake.take(Event::Apply(broken("a", "2"))).undecodable.len(), 1);
        assert_eq!(list(&mut intake, vec![broken("a", "3"), broken("b", "1")]).undecodable.len(), 2);
        assert_eq!(due(&intake.take(Event::Apply(good(object("a", 1))))), ["a"], "mended");
    }
}
