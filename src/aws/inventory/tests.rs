//! The rules that make a shared view safe, with a source that counts and fails, on a paused clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join_all;

use super::*;

/// What AWS has: a version by id, and `moving` for some.
#[derive(Clone, Default)]
struct Fake(Arc<FakeState>);

#[derive(Default)]
struct FakeState {
    things: Mutex<HashMap<String, (u32, bool)>>,
    requests: Mutex<Vec<Vec<String>>>,
    fails: AtomicBool,
    takes: Mutex<Duration>,
}

impl Fake {
    fn with(count: usize) -> Self {
        let fake = Self::default();
        for number in 0..count {
            fake.set(&name(number), 1, false);
        }
        fake
    }

    fn set(&self, id: &str, version: u32, moving: bool) {
        self.0.things.lock().unwrap().insert(id.into(), (version, moving));
    }

    fn requests(&self) -> Vec<Vec<String>> {
        self.0.requests.lock().unwrap().clone()
    }
}

impl Source for Fake {
    type Item = (u32, bool);

    async fn read(&self, ids: Vec<String>) -> Result<Vec<(String, Self::Item)>, CloudError> {
        self.0.requests.lock().unwrap().push(ids.clone());
        let answer = {
            let things = self.0.things.lock().unwrap();
            ids.iter().filter_map(|id| Some((id.clone(), *things.get(id)?))).collect()
        };
        let takes = *self.0.takes.lock().unwrap();
        tokio::time::sleep(takes).await;
        if self.0.fails.load(Ordering::SeqCst) {
            return Err(CloudError::answered("DescribeDBInstances", "Throttling", "Rate exceeded"));
        }
        Ok(answer)
    }

    fn is_moving(item: &Self::Item) -> bool {
        item.1
    }
}

fn name(number: usize) -> String {
    format!("db-{number:05}")
}

fn ages() -> Ages {
    Ages::new(Duration::from_secs(60), Duration::from_secs(10), Duration::from_secs(60))
}

fn inventory(fake: &Fake) -> Inventory<Fake> {
    Inventory::new(fake.clone(), ages())
}

fn shown(version: u32) -> Known<(u32, bool)> {
    Known::Shown((version, false))
}

async fn pass(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn objects_that_ask_at_the_same_time_share_requests_of_a_hundred() {
    let fake = Fake::with(250);
    let inventory = inventory(&fake);
    let names: Vec<String> = (0..250).map(name).collect();
    let answers = join_all(names.iter().map(|name| inventory.get(name))).await;
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap() == &shown(1)));
    let sizes: Vec<usize> = fake.requests().iter().map(Vec::len).collect();
    assert_eq!(sizes, [100, 100, 50]);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_idle_objects_with_a_drift_window_of_a_minute_cost_at_most_0_3_calls_a_second() {
    let fake = Fake::with(1000);
    let inventory = inventory(&fake);
    // Each object asks every 40 seconds, at its own second, give or take.
    let ask = async |second: usize| {
        let is_due = |number: &usize| (second + number * 7).is_multiple_of(38 + number % 5);
        let names: Vec<String> = (0..1000).filter(is_due).map(name).collect();
        join_all(names.iter().map(|name| inventory.get(name))).await;
        pass(1).await;
    };
    for second in 0..120 {
        ask(second).await;
    }
    let (began, before) = (Instant::now(), fake.requests().len());
    for second in 120..720 {
        ask(second).await;
    }
    let rate = (fake.requests().len() - before) as f64 / began.elapsed().as_secs_f64();
    assert!(rate <= 0.3, "{rate} calls per second");
}

#[tokio::test(start_paused = true)]
async fn an_entry_is_served_until_its_clock_has_run_out() {
    let fake = Fake::with(1);
    let inventory = inventory(&fake);
    inventory.get("db-00000").await.unwrap();
    fake.set("db-00000", 2, false);
    pass(14).await;
    assert_eq!(inventory.get("db-00000").await.unwrap(), shown(1));
    pass(2).await;
    assert_eq!(inventory.get("db-00000").await.unwrap(), shown(2));
    assert_eq!(fake.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_aws_is_working_on_is_read_on_the_short_clock() {
    let fake = Fake::default();
    fake.set("db-00000", 1, true);
    let inventory = inventory(&fake);
    inventory.get("db-00000").await.unwrap();
    fake.set("db-00000", 2, false);
    pass(10).await;
    assert_eq!(inventory.get("db-00000").await.unwrap(), shown(2));
}

#[tokio::test(start_paused = true)]
async fn an_entry_older_than_our_last_write_is_not_served() {
    let fake = Fake::with(1);
    let inventory = inventory(&fake);
    inventory.get("db-00000").await.unwrap();
    drop(inventory.write("db-00000"));
    fake.set("db-00000", 2, false);
    pass(1).await;
    assert_eq!(inventory.get("db-00000").await.unwrap(), shown(2));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_asked_for_before_a_write_ended_is_not_served() {
    let fake = Fake::with(1);
    *fake.0.takes.lock().unwrap() = Duration::from_secs(2);
    let inventory = Arc::new(inventory(&fake));
    let asking = tokio::spawn({
        let inventory = inventory.clone();
        async move { inventory.get("db-00000").await }
    });
    pass(1).await;
    let write = inventory.write("db-00000");
    pass(5).await;
    // The answer may show the state before the write: whoever asked must look directly.
    assert_eq!(asking.await.unwrap().unwrap(), Known::Missing);
    drop(write);
    fake.set("db-00000", 2, false);
    pass(1).await;
    assert_eq!(inventory.get("db-00000").await.unwrap(), shown(2));
}

#[tokio::test(start_paused = true)]
async fn after_a_write_the_short_clock_applies_until_aws_has_settled() {
    let fake = Fake::with(1);
    let inventory = inventory(&fake);
    drop(inventory.write("db-00000"));
    pass(1).await;
    inventory.get("db-00000").await.unwrap();
    fake.set("db-00000", 2, false);
    pass(10).await;
    assert_eq!(inventory.get("db-00000").await.unwrap(), shown(2), "AWS shows the old state for a while");
    pass(60).await;
    inventory.get("db-00000").await.unwrap();
    fake.set("db-00000", 3, false);
    pass(12).await;
    assert_eq!(inventory.get("db-00000").await.unwrap(), shown(2), "settled: the long clock again");
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_from_an_answer_is_a_hint_and_never_served_as_absent() {
    let fake = Fake::with(1);
    let inventory = inventory(&fake);
    inventory.get("db-00000").await.unwrap();
    fake.0.things.lock().unwrap().clear();
    pass(61).await;
    assert_eq!(inventory.get("db-00000").await.unwrap(), Known::Missing);
    assert_eq!(inventory.get("never-was").await.unwrap(), Known::Missing);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_failed_changes_nothing_and_fails_those_that_waited_for_it() {
    let fake = Fake::with(3);
    let inventory = inventory(&fake);
    inventory.get("db-00000").await.unwrap();
    pass(61).await;
    fake.0.fails.store(true, Ordering::SeqCst);
    let names: Vec<String> = (0..3).map(name).collect();
    let answers = join_all(names.iter().map(|name| inventory.get(name))).await;
    assert!(answers.iter().all(Result::is_err), "{answers:?}");
    assert_eq!(fake.requests().len(), 2, "one failure is enough for all who waited for it");
    fake.0.fails.store(false, Ordering::SeqCst);
    pass(1).await;
    assert_eq!(inventory.get("db-00000").await.unwrap(), shown(1));
}

#[tokio::test(start_paused = true)]
async fn a_round_that_is_broken_off_blocks_nobody() {
    let fake = Fake::with(2);
    *fake.0.takes.lock().unwrap() = Duration::from_secs(30);
    let inventory = inventory(&fake);
    let late = tokio::time::timeout(Duration::from_secs(1), inventory.get("db-00000")).await;
    assert!(late.is_err());
    *fake.0.takes.lock().unwrap() = Duration::ZERO;
    assert_eq!(inventory.get("db-00001").await.unwrap(), shown(1));
    assert_eq!(inventory.get("db-00000").await.unwrap(), shown(1));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_asks_for_any_more_is_neither_read_nor_kept() {
    let fake = Fake::with(2);
    let inventory = inventory(&fake);
    inventory.get("db-00000").await.unwrap();
    inventory.get("db-00001").await.unwrap();
    for _ in 0..8 {
        pass(50).await;
        inventory.get("db-00001").await.unwrap();
    }
    assert_eq!(fake.requests().last().unwrap(), &vec!["db-00001".to_string()]);
    assert_eq!(inventory.lock().entries.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_direct_look_showed_is_served_to_others() {
    let fake = Fake::with(1);
    let inventory = inventory(&fake);
    inventory.learn("db-00000", Some(&(7, false)), Instant::now());
    assert_eq!(inventory.get("db-00000").await.unwrap(), shown(7));
    inventory.learn("db-00000", None, Instant::now());
    assert_eq!(inventory.get("db-00000").await.unwrap(), shown(1), "absent to one look: asked for anew");
    assert_eq!(fake.requests().len(), 1);
}
