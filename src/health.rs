//! Whether the operator is alive, and whether it is ready: what `/healthz` and `/readyz` say.
//!
//! Alive means that every watch still asks the API server for something: kube restarts a watch after 295 s at the latest,
//! so a stream without any request for longer is dead without knowing it, and only a restart mends that. An API server that
//! refuses or is away is no reason to restart. Ready means that everything was listed once.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longest silence of a live watch stream.
const SILENCE: Duration = Duration::from_secs(600);
/// The same complaint is logged once in this time: a missing CRD answers 404 about every second.
const REPEAT: Duration = Duration::from_secs(60);

/// What is known of the operator's inputs.
#[derive(Debug, Default)]
pub struct Health(Mutex<BTreeMap<String, Input>>);

#[derive(Debug, Default)]
struct Input {
    has_come: bool,
    /// URL path of the watch, and when it was last asked for.
    watch: Option<(String, Instant)>,
    trouble: Option<(String, Instant)>,
}

impl Health {
    /// Readiness waits for this.
    pub fn awaits(&self, what: &str) {
        self.change(what, |_| {});
    }

    /// Readiness waits for the first list of this watch, and liveness for its requests.
    pub fn awaits_watch(&self, what: &str, path: &str) {
        self.change(what, |input| input.watch = Some((path.into(), Instant::now())));
    }

    /// It is there.
    pub fn has(&self, what: &str) {
        self.change(what, |input| (input.has_come, input.trouble) = (true, None));
    }

    /// A request was sent to the API server.
    pub fn beat(&self, path: &str) {
        let mut inputs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (asked, at) in inputs.values_mut().filter_map(|input| input.watch.as_mut()) {
            if asked == path {
                *at = Instant::now();
            }
        }
    }

    /// Something is wrong with it. True when that is worth a log line: it is new, or was last said a while ago.
    pub fn troubles(&self, what: &str, why: &str) -> bool {
        let mut is_news = false;
        self.change(what, |input| {
            is_news = input.trouble.as_ref().is_none_or(|(said, at)| said != why || at.elapsed() >= REPEAT);
            if is_news {
                input.trouble = Some((why.into(), Instant::now()));
            }
        });
        is_news
    }

    /// Nothing is wrong with it any more.
    pub fn calms(&self, what: &str) {
        self.change(what, |input| input.trouble = None);
    }

    /// Which watches are dead; empty when the process is well.
    pub fn dead(&self, now: Instant) -> Vec<String> {
        let inputs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let silent = |input: &Input| input.watch.as_ref().is_some_and(|(_, at)| now.duration_since(*at) > SILENCE);
        inputs.iter().filter(|(_, input)| silent(input)).map(|(what, _)| what.clone()).collect()
    }

    /// Whether everything has come, and a line on each thing that has not or is in trouble.
    pub fn ready(&self) -> (bool, Vec<String>) {
        let inputs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = |(what, input): (&String, &Input)| match (&input.trouble, input.has_come) {
            (Some((why, _)), true) => Some(format!("{what}: {why}")),
            (Some((why, _)), false) => Some(format!("{what}: missing: {why}")),
            (None, false) => Some(format!("{what}: missing")),
            (None, true) => None,
        };
        let is_ready = !inputs.is_empty() && inputs.values().all(|input| input.has_come);
        (is_ready, inputs.iter().filter_map(line).collect())
    }

    fn change(&self, what: &str, change: impl FnOnce(&mut Input)) {
        let mut inputs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(inputs.entry(what.into()).or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_once_everything_has_come_and_until_then_it_says_what_is_missing() {
        let health = Health::default();
        assert!(!health.ready().0);
        health.awaits("cluster");
        health.awaits_watch("RdsInstance", "/apis/rds");
        health.has("cluster");
        assert!(health.troubles("RdsInstance", "404"));
        assert_eq!(health.ready(), (false, vec!["RdsInstance: missing: 404".into()]));
        health.has("RdsInstance");
        assert_eq!(health.ready(), (true, vec![]));
    }

    #[test]
    fn trouble_after_the_first_list_is_said_and_takes_no_readiness_away() {
        let health = Health::default();
        health.has("RdsInstance");
        health.troubles("RdsInstance", "403");
        assert_eq!(health.ready(), (true, vec!["RdsInstance: 403".into()]));
        health.calms("RdsInstance");
        assert_eq!(health.ready(), (true, vec![]));
    }

    #[test]
    fn the_same_trouble_is_news_once() {
        let health = Health::default();
        assert!(health.troubles("RdsInstance", "404"));
        assert!(!health.troubles("RdsInstance", "404"));
        assert!(health.troubles("RdsInstance", "403"));
    }

    #[test]
    fn a_watch_without_requests_for_ten_minutes_is_dead() {
        let health = Health::default();
        health.awaits("cluster");
        health.awaits_watch("RdsInstance", "/apis/rds");
        let later = Instant::now() + Duration::from_secs(590);
        assert!(health.dead(later).is_empty());
        health.beat("/apis/other");
        assert_eq!(health.dead(later + Duration::from_secs(20)), ["RdsInstance"]);
    }
}
