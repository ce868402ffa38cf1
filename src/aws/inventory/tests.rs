//! The rules that make a shared view safe, with a source that counts and fails, on a paused clock.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join_all;

use super::record::Record;
use super::*;
use crate::aws::limits::{Turn, on_behalf};

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
    const THING: &'static str = "Fake";

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

/// Of a minute, and with a resync that no test waits for.
fn ages() -> Ages {
    Ages::default().resyncing(Duration::from_secs(36_000), Duration::from_secs(60))
}

fn inventory(fake: &Fake) -> Inventory<Fake> {
    Inventory::new(fake.clone(), ages())
}

/// What a round of the object of this name gets; `None`: it must look directly.
async fn ask(inventory: &Inventory<Fake>, id: &str) -> Option<u32> {
    let whose = Whose { kind: "Toy".into(), namespace: "shop".into(), name: id.into() };
    let turn = Turn { whose: Arc::new(whose), ..Turn::default() };
    match on_behalf(turn, inventory.get(id)).await.unwrap() {
        Known::Shown((shown, _), _) => Some(shown),
        Known::Missing => None,
    }
}

const NOTHING: [(String, Cause); 0] = [];

/// What a sweep of so many seconds tells: names and causes.
async fn sweep(inventory: &Inventory<Fake>, seconds: u64) -> Vec<(String, Cause)> {
    let told = Mutex::new(Vec::new());
    let tell = |news: News| told.lock().unwrap().push((news.whose.name.to_string(), news.cause));
    let _ = tokio::time::timeout(Duration::from_secs(seconds), inventory.sweep(&tell)).await;
    told.into_inner().unwrap()
}

/// Objects at rest: each was looked at once.
async fn rested(inventory: &Inventory<Fake>, count: usize) {
    let names: Vec<String> = (0..count).map(name).collect();
    join_all(names.iter().map(|name| ask(inventory, name))).await;
}

async fn pass(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

fn moving_again(fake: &Fake, count: usize) {
    (0..count).for_each(|number| fake.set(&name(number), 1, true));
}

#[tokio::test(start_paused = true)]
async fn objects_that_ask_at_the_same_time_share_requests_of_a_hundred() {
    let fake = Fake::with(250);
    let inventory = inventory(&fake);
    let names: Vec<String> = (0..250).map(name).collect();
    let answers = join_all(names.iter().map(|name| ask(&inventory, name))).await;
    assert!(answers.iter().all(|answer| *answer == Some(1)));
    let sizes: Vec<usize> = fake.requests().iter().map(Vec::len).collect();
    assert_eq!(sizes, [100, 100, 50]);
}

/// Asks of `count` objects, each every ten seconds at its own moment; the calls that this takes in five minutes.
async fn calls_of_transition(count: usize) -> usize {
    let fake = Fake::default();
    moving_again(&fake, count);
    let inventory = inventory(&fake);
    rested(&inventory, count).await;
    let before = fake.requests().len();
    for tenth in 0..3000 {
        let due: Vec<String> = (0..count).filter(|number| (tenth + number * 7) % 100 == 0).map(name).collect();
        join_all(due.iter().map(|name| ask(&inventory, name))).await;
        tokio::time::advance(Duration::from_millis(100)).await;
    }
    fake.requests().len() - before
}

#[tokio::test(start_paused = true)]
async fn what_is_in_transition_costs_a_call_every_ten_seconds_for_up_to_a_hundred_of_it() {
    for (count, calls) in [(1, 30), (7, 30), (100, 30), (250, 90)] {
        let sent = calls_of_transition(count).await;
        assert!(sent >= calls * 9 / 10 && sent <= calls * 12 / 10, "{count}: {sent} calls in five minutes");
    }
}

#[tokio::test(start_paused = true)]
async fn a_sweep_reads_each_within_the_window_evenly_and_a_hundred_a_call() {
    let fake = Fake::with(1000);
    let inventory = inventory(&fake);
    rested(&inventory, 1000).await;
    assert_eq!(sweep(&inventory, 120).await, NOTHING);
    for minute in 0..2 {
        let before = fake.requests().len();
        let told = sweep(&inventory, 60).await;
        assert_eq!(told, NOTHING, "minute {minute}");
        let requests = fake.requests().split_off(before);
        let asked: BTreeSet<String> = requests.iter().flatten().cloned().collect();
        assert_eq!(asked.len(), 1000, "each within the window");
        assert!((10..=13).contains(&requests.len()), "{} calls in a window", requests.len());
        assert!(inventory.oldest().unwrap() <= Duration::from_secs(60), "{:?}", inventory.oldest());
        // Objects go on asking whether anything is new, or nothing of theirs would be read any more.
        (0..1000).for_each(|number| assert!(inventory.version(&name(number)).is_some()));
    }
    for _ in 0..10 {
        let before = fake.requests().len();
        sweep(&inventory, 6).await;
        assert!(fake.requests().len() - before <= 3, "no bursts");
    }
}

#[tokio::test(start_paused = true)]
async fn many_that_come_at_once_are_swept_within_the_window_too() {
    let fake = Fake::with(900);
    let inventory = inventory(&fake);
    let (told, arrive) = (Mutex::new(0), async {
        tokio::time::sleep(Duration::from_secs(50)).await;
        rested(&inventory, 900).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        (0..900).for_each(|number| fake.set(&name(number), 2, false));
        tokio::time::sleep(Duration::from_secs(59)).await;
    });
    let tell = |_: News| *told.lock().unwrap() += 1;
    tokio::select! {
        never = inventory.sweep(&tell) => match never {},
        () = arrive => {}
    }
    assert_eq!(*told.lock().unwrap(), 900);
}

#[tokio::test(start_paused = true)]
async fn slow_answers_do_not_hold_up_the_sweep() {
    let fake = Fake::with(2000);
    let inventory = inventory(&fake);
    rested(&inventory, 2000).await;
    *fake.0.takes.lock().unwrap() = Duration::from_secs(6);
    sweep(&inventory, 70).await;
    assert!(inventory.oldest().unwrap() <= Duration::from_secs(61), "{:?}", inventory.oldest());
}

#[tokio::test(start_paused = true)]
async fn a_change_wakes_its_object_once_and_the_round_finds_what_the_sweep_has_read() {
    let fake = Fake::with(3);
    let inventory = inventory(&fake);
    rested(&inventory, 3).await;
    let before = inventory.version("db-00001");
    fake.set("db-00001", 2, false);
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = |news: News| told.lock().unwrap().push((news.whose.name.to_string(), news.cause));
    let wait = async {
        while told.lock().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::select! {
        never = inventory.sweep(&tell) => match never {},
        () = wait => {}
    }
    assert_eq!(*told.lock().unwrap(), [("db-00001".to_string(), Cause::Changed)]);
    assert_ne!(inventory.version("db-00001"), before);
    let calls = fake.requests().len();
    assert_eq!(ask(&inventory, "db-00001").await, Some(2));
    assert_eq!(fake.requests().len(), calls, "no second call");
    assert_eq!(sweep(&inventory, 60).await, NOTHING, "told once");
}

#[tokio::test(start_paused = true)]
async fn a_change_that_a_round_of_another_object_happens_to_read_wakes_its_object_too() {
    let fake = Fake::with(2);
    let inventory = inventory(&fake);
    rested(&inventory, 2).await;
    sweep(&inventory, 1).await;
    pass(40).await;
    fake.set("db-00001", 2, false);
    assert_eq!(ask(&inventory, "db-00000").await, Some(1));
    assert_eq!(fake.requests().last().unwrap().len(), 2, "it came along");
    assert_eq!(sweep(&inventory, 1).await, [("db-00001".to_string(), Cause::Changed)]);
}

#[tokio::test(start_paused = true)]
async fn of_what_rests_no_item_is_kept_and_a_record_is_small() {
    let fake = Fake::with(300);
    let inventory = inventory(&fake);
    rested(&inventory, 300).await;
    sweep(&inventory, 90).await;
    assert!(inventory.lock().records.values().all(|record| !record.holds_item()));
    let size = size_of::<(String, Record<crate::aws::rds::Instance>)>();
    assert!(size <= 160, "{size} bytes of a record");
}

#[tokio::test(start_paused = true)]
async fn an_item_that_nobody_came_for_is_dropped() {
    let fake = Fake::with(2);
    let inventory = inventory(&fake);
    rested(&inventory, 2).await;
    fake.set("db-00001", 2, false);
    assert_eq!(sweep(&inventory, 70).await.len(), 1);
    sweep(&inventory, 60).await;
    assert!(inventory.lock().records.values().all(|record| !record.holds_item()));
}

#[tokio::test(start_paused = true)]
async fn what_has_not_changed_wakes_its_object_within_the_resync_and_not_all_at_once() {
    let fake = Fake::with(200);
    let inventory = Inventory::new(fake.clone(), Ages::default());
    rested(&inventory, 200).await;
    let mut woken = BTreeSet::new();
    for minute in 0..10 {
        let told = sweep(&inventory, 60).await;
        assert!(told.len() <= 60, "minute {minute}: {} at once", told.len());
        for (name, cause) in told {
            assert_eq!(cause, Cause::Resync);
            assert_eq!(ask(&inventory, &name).await, Some(1));
            woken.insert(name);
        }
        for number in 0..200 {
            inventory.version(&name(number));
        }
    }
    assert_eq!(woken.len(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_version_is_known_only_where_no_look_could_tell_more() {
    let fake = Fake::with(1);
    let inventory = inventory(&fake);
    assert_eq!(inventory.version("db-00000"), None, "never seen");
    ask(&inventory, "db-00000").await;
    let first = inventory.version("db-00000");
    assert!(first.is_some());
    let write = inventory.write("db-00000");
    assert_eq!(inventory.version("db-00000"), None, "a write is on its way");
    drop(write);
    pass(1).await;
    ask(&inventory, "db-00000").await;
    assert_eq!(inventory.version("db-00000"), None, "AWS may still show the old state");
    pass(60).await;
    ask(&inventory, "db-00000").await;
    assert_eq!(inventory.version("db-00000"), first, "it is what it was");
    fake.set("db-00000", 1, true);
    pass(20).await;
    ask(&inventory, "db-00000").await;
    assert_eq!(inventory.version("db-00000"), None, "AWS is working on it");
    fake.set("db-00000", 1, false);
    pass(20).await;
    ask(&inventory, "db-00000").await;
    assert!(inventory.version("db-00000") > first, "never the same number again");
    pass(61).await;
    assert_eq!(inventory.version("db-00000"), None, "not read within the drift window");
}

#[tokio::test(start_paused = true)]
async fn the_version_of_a_look_is_of_what_it_showed() {
    let fake = Fake::with(1);
    let inventory = inventory(&fake);
    let direct = async {
        // The answer is on its way, and another one overtakes it.
        pass(1).await;
        assert_eq!(ask(&inventory, "db-00000").await, Some(1));
        Ok(Some((7, false)))
    };
    let sight = inventory.look("db-00000", Look::Direct, direct).await.unwrap();
    assert_eq!((sight.item, sight.version), (Some((7, false)), None));
    let sight = inventory.look("db-00000", Look::Direct, async { Ok(Some((2, false))) }).await.unwrap();
    assert_eq!(sight.version, inventory.version("db-00000"));
    assert!(sight.version.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_hint_is_read_at_once_and_only_if_anybody_is_interested() {
    let fake = Fake::with(150);
    let inventory = inventory(&fake);
    rested(&inventory, 150).await;
    let (calls, told) = (fake.requests().len(), Mutex::new(Vec::new()));
    let tell = |news: News| told.lock().unwrap().push(news.cause);
    let hinted = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        inventory.hint(["unknown"]);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(fake.requests().len(), calls);
        fake.set("db-00140", 2, false);
        inventory.hint(["db-00140", "unknown"]);
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    tokio::select! {
        never = inventory.sweep(&tell) => match never {},
        () = hinted => {}
    }
    assert_eq!((fake.requests().len(), told.into_inner().unwrap()), (calls + 1, vec![Cause::Changed]));
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_fails_says_nothing_and_is_repeated_calmly() {
    let fake = Fake::with(1000);
    let inventory = inventory(&fake);
    rested(&inventory, 1000).await;
    sweep(&inventory, 60).await;
    fake.0.fails.store(true, Ordering::SeqCst);
    let calls = fake.requests().len();
    assert_eq!(sweep(&inventory, 60).await, NOTHING);
    assert!(fake.requests().len() - calls <= 8, "{} calls", fake.requests().len() - calls);
    fake.0.fails.store(false, Ordering::SeqCst);
    for number in 0..1000 {
        inventory.version(&name(number));
    }
    assert_eq!(sweep(&inventory, 60).await, NOTHING, "nothing was taken for missing");
}

#[tokio::test(start_paused = true)]
async fn what_aws_is_working_on_is_read_on_the_short_clock() {
    let fake = Fake::default();
    fake.set("db-00000", 1, true);
    let inventory = inventory(&fake);
    ask(&inventory, "db-00000").await;
    fake.set("db-00000", 2, false);
    pass(8).await;
    assert_eq!(ask(&inventory, "db-00000").await, Some(1), "shared by those who ask within the clock");
    pass(2).await;
    assert_eq!(ask(&inventory, "db-00000").await, Some(2));
}

#[tokio::test(start_paused = true)]
async fn an_entry_older_than_our_last_write_is_not_served() {
    let fake = Fake::default();
    fake.set("db-00000", 1, true);
    let inventory = inventory(&fake);
    ask(&inventory, "db-00000").await;
    drop(inventory.write("db-00000"));
    fake.set("db-00000", 2, true);
    pass(1).await;
    assert_eq!(ask(&inventory, "db-00000").await, Some(2));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_asked_for_before_a_write_ended_is_not_served() {
    let fake = Fake::with(1);
    *fake.0.takes.lock().unwrap() = Duration::from_secs(2);
    let inventory = Arc::new(inventory(&fake));
    let asking = tokio::spawn({
        let inventory = inventory.clone();
        async move { ask(&inventory, "db-00000").await }
    });
    pass(1).await;
    let write = inventory.write("db-00000");
    pass(5).await;
    // The answer may show the state before the write: whoever asked must look directly.
    assert_eq!(asking.await.unwrap(), None);
    drop(write);
    fake.set("db-00000", 2, false);
    pass(1).await;
    assert_eq!(ask(&inventory, "db-00000").await, Some(2));
}

#[tokio::test(start_paused = true)]
async fn after_a_write_the_short_clock_applies_until_aws_has_settled() {
    let fake = Fake::with(1);
    let inventory = inventory(&fake);
    drop(inventory.write("db-00000"));
    pass(1).await;
    ask(&inventory, "db-00000").await;
    fake.set("db-00000", 2, false);
    pass(10).await;
    assert_eq!(ask(&inventory, "db-00000").await, Some(2), "AWS shows the old state for a while");
    let holds = || inventory.lock().records["db-00000"].holds_item();
    assert!(holds());
    pass(60).await;
    ask(&inventory, "db-00000").await;
    assert!(!holds(), "settled");
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_from_an_answer_is_a_hint_and_never_served_as_absent() {
    let fake = Fake::with(1);
    let inventory = inventory(&fake);
    ask(&inventory, "db-00000").await;
    fake.0.things.lock().unwrap().clear();
    assert_eq!(sweep(&inventory, 60).await, [("db-00000".to_string(), Cause::Missing)]);
    assert_eq!(inventory.version("db-00000"), None);
    let calls = fake.requests().len();
    assert_eq!(ask(&inventory, "db-00000").await, None, "whoever asks looks directly");
    assert_eq!(fake.requests().len(), calls, "and at once");
    assert_eq!(sweep(&inventory, 60).await, NOTHING, "told once");
    fake.set("db-00000", 1, false);
    assert_eq!(sweep(&inventory, 60).await, [("db-00000".to_string(), Cause::Changed)], "it is there again");
    assert_eq!(ask(&inventory, "never-was").await, None);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_failed_changes_nothing_and_fails_those_that_waited_for_it() {
    let fake = Fake::with(3);
    let inventory = inventory(&fake);
    ask(&inventory, "db-00000").await;
    let version = inventory.version("db-00000");
    pass(31).await;
    fake.0.fails.store(true, Ordering::SeqCst);
    let names: Vec<String> = (0..3).map(name).collect();
    let answers = join_all(names.iter().map(|name| inventory.get(name))).await;
    assert!(answers.iter().all(Result::is_err), "{answers:?}");
    assert_eq!(fake.requests().len(), 2, "one failure is enough for all who waited for it");
    assert_eq!(inventory.version("db-00000"), version);
    fake.0.fails.store(false, Ordering::SeqCst);
    pass(1).await;
    assert_eq!(ask(&inventory, "db-00000").await, Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_round_that_is_broken_off_blocks_nobody() {
    let fake = Fake::with(2);
    *fake.0.takes.lock().unwrap() = Duration::from_secs(30);
    let inventory = inventory(&fake);
    let late = tokio::time::timeout(Duration::from_secs(1), inventory.get("db-00000")).await;
    assert!(late.is_err());
    *fake.0.takes.lock().unwrap() = Duration::ZERO;
    assert_eq!(ask(&inventory, "db-00001").await, Some(1));
    assert_eq!(ask(&inventory, "db-00000").await, Some(1));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_asks_for_any_more_is_neither_read_nor_kept() {
    let fake = Fake::with(2);
    let inventory = inventory(&fake);
    rested(&inventory, 2).await;
    for _ in 0..8 {
        sweep(&inventory, 50).await;
        inventory.version("db-00001");
    }
    sweep(&inventory, 60).await;
    assert_eq!(fake.requests().last().unwrap(), &vec!["db-00001".to_string()]);
    assert_eq!(inventory.lock().records.len(), 1);
}
