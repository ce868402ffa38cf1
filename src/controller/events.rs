//! Events of objects. What is said again within minutes counts up the event that says it. kube's `Recorder` does that too, and
//! keeps every event whole for it: of a fleet that was just made, several KB for each object.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::json;

use super::cluster::Note;

/// Who reports.
const CONTROLLER: &str = "awsdb";
/// What is said again after this is an event of its own.
const SAME: SignedDuration = SignedDuration::from_mins(6);
/// The API server refuses longer notes.
const NOTE_BYTES: usize = 1024;

/// Publishes events.
pub struct Events {
    client: Client,
    instance: String,
    said: Mutex<HashMap<u64, Said>>,
}

/// An event that was published.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Said {
    /// When it was first said: part of the event's name.
    first: Timestamp,
    last: Timestamp,
    times: i32,
}

impl Events {
    /// Reported by `pod`, or by the controller as such.
    pub fn new(client: Client, pod: Option<String>) -> Self {
        Self { client, instance: pod.unwrap_or_else(|| CONTROLLER.into()), said: Mutex::default() }
    }

    /// Publishes a note about an object.
    ///
    /// # Errors
    /// What the API server answered.
    pub async fn publish(&self, object: &ObjectReference, note: &Note) -> Result<(), kube::Error> {
        let (key, now) = (key(object, note), Timestamp::now());
        let said = self.say(key, now);
        let api = Api::<Event>::namespaced(self.client.clone(), object.namespace.as_deref().unwrap_or("default"));
        let sent = if said.times > 1 {
            let series = json!({ "series": { "count": said.times, "lastObservedTime": MicroTime(now) } });
            api.patch(&name(object, said), &PatchParams::default(), &Patch::Merge(series)).await
        } else {
            api.create(&PostParams::default(), &self.event(object, note, said)).await
        };
        if sent.is_err() {
            // Somebody may have removed the event: the next one is made anew.
            self.lock().remove(&key);
        }
        sent.map(|_| ())
    }

    fn say(&self, key: u64, now: Timestamp) -> Said {
        let mut all = self.lock();
        all.retain(|_, said| now.duration_since(said.last) < SAME);
        let said = all.entry(key).or_insert(Said { first: now, last: now, times: 0 });
        said.last = now;
        said.times += 1;
        *said
    }

    fn event(&self, object: &ObjectReference, note: &Note, said: Said) -> Event {
        Event {
            metadata: ObjectMeta {
                name: Some(name(object, said)),
                namespace: object.namespace.clone(),
                ..ObjectMeta::default()
            },
            // Not shown by kubectl; the API server wants one.
            action: Some(note.reason.clone()),
            reason: Some(note.reason.clone()),
            note: Some(cut(&note.text)),
            type_: Some(if note.warning { "Warning" } else { "Normal" }.into()),
            event_time: Some(MicroTime(said.first)),
            regarding: Some(object.clone()),
            reporting_controller: Some(CONTROLLER.into()),
            reporting_instance: Some(self.instance.clone()),
            ..Event::default()
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Said>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(object: &ObjectReference, note: &Note) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&object.uid, note.warning, &note.reason, &note.text).hash(&mut hasher);
    hasher.finish()
}

fn name(object: &ObjectReference, said: Said) -> String {
    format!("{}.{:x}", object.name.as_deref().unwrap_or(CONTROLLER), said.first.as_nanosecond())
}

/// At a character's end.
fn cut(note: &str) -> String {
    let mut text = note.to_string();
    if text.len() > NOTE_BYTES {
        let end = (0..=NOTE_BYTES - 3).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        text.truncate(end);
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::body::Body as Answer;
    use axum::http::{Request, Response, StatusCode};
    use kube::client::Body;
    use serde_json::Value;

    use super::*;

    type Asked = Arc<Mutex<Vec<(String, Value)>>>;

    /// Takes every event, or finds none.
    fn server(asked: &Asked, is_gone: bool) -> Client {
        let asked = asked.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let asked = asked.clone();
            async move {
                let what = format!("{} {}", request.method(), request.uri().path());
                let body: Value = serde_json::from_slice(&request.into_body().collect_bytes().await.unwrap()).unwrap();
                asked.lock().unwrap().push((what, body));
                let status = json!({ "status": "Failure", "code": 404, "reason": "NotFound", "message": "none" });
                let event = json!({ "metadata": { "name": "x" }, "eventTime": null });
                let mut answer = Response::new(Answer::from(if is_gone { status } else { event }.to_string()));
                *answer.status_mut() = if is_gone { StatusCode::NOT_FOUND } else { StatusCode::OK };
                Ok::<_, std::convert::Infallible>(answer)
            }
        });
        Client::new(service, "default")
    }

    fn object() -> ObjectReference {
        ObjectReference {
            name: Some("orders".into()),
            namespace: Some("shop".into()),
            uid: Some("uid".into()),
            ..ObjectReference::default()
        }
    }

    fn note(text: &str) -> Note {
        Note { warning: true, reason: "ModifyDBInstance".into(), text: text.into() }
    }

    async fn told(events: &Events, asked: &Asked, texts: &[&str]) -> Vec<(String, Value)> {
        for text in texts {
            drop(events.publish(&object(), &note(text)).await);
        }
        std::mem::take(&mut asked.lock().unwrap())
    }

    #[tokio::test]
    async fn what_is_said_again_counts_up_and_another_text_is_another_event() {
        let asked = Asked::default();
        let events = Events::new(server(&asked, false), Some("pod-1".into()));
        let told = told(&events, &asked, &["one", "one", "two"]).await;
        assert!(told[0].0.starts_with("POST /apis/events.k8s.io/v1/namespaces/shop/events"), "{}", told[0].0);
        assert_eq!((&told[0].1["note"], &told[0].1["reportingInstance"]), (&json!("one"), &json!("pod-1")));
        let name = told[0].1["metadata"]["name"].as_str().unwrap();
        assert_eq!(told[1].0, format!("PATCH /apis/events.k8s.io/v1/namespaces/shop/events/{name}"));
        assert_eq!(told[1].1["series"]["count"], 2);
        assert!(told[2].0.starts_with("POST"), "{}", told[2].0);
    }

    #[tokio::test]
    async fn an_event_that_could_not_be_published_is_made_anew() {
        let asked = Asked::default();
        let events = Events::new(server(&asked, true), None);
        let told = told(&events, &asked, &["one", "one"]).await;
        assert!(told.iter().all(|(what, _)| what.starts_with("POST")), "{told:?}");
    }

    #[tokio::test]
    async fn after_minutes_it_is_an_event_of_its_own_and_what_is_old_is_forgotten() {
        let events = Events::new(Client::new(tower::service_fn(never), "default"), None);
        let (start, minute) = (Timestamp::UNIX_EPOCH, SignedDuration::from_mins(1));
        assert_eq!(events.say(1, start).times, 1);
        assert_eq!(events.say(1, start + 5 * minute).times, 2);
        assert_eq!(events.say(1, start + 10 * minute).first, start);
        assert_eq!(events.say(2, start + 17 * minute).times, 1);
        assert_eq!(events.lock().len(), 1);
        assert_eq!(events.say(1, start + 17 * minute).times, 1);
    }

    async fn never(_: Request<Body>) -> Result<Response<Answer>, std::io::Error> {
        Err(std::io::Error::other("nobody is asked"))
    }

    #[test]
    fn a_long_note_is_cut_between_characters() {
        assert!(cut(&"ä".repeat(600)).len() <= NOTE_BYTES);
        assert_eq!(cut("short"), "short");
    }
}
