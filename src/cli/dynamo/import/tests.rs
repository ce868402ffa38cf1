use std::collections::HashMap;
use std::io::{BufReader, Cursor};
use std::sync::Mutex;

use super::super::progress::{Reached, Whole};
use super::super::testing::facts;
use super::*;

/// A table that is written to: content by key, and every call's keys in order.
#[derive(Default)]
struct Table {
    items: Mutex<HashMap<String, Item>>,
    calls: Mutex<Vec<Vec<String>>>,
    /// The call with this key is refused.
    refused: Option<String>,
    /// Every call waits so long.
    slow: Duration,
}

impl Table {
    fn key(item: &Item) -> String {
        item.to_json()["id"]["S"].as_str().unwrap().into()
    }

    async fn called(&self, items: &[Item]) -> Result<(), CloudError> {
        tokio::time::sleep(self.slow).await;
        let keys: Vec<String> = items.iter().map(Self::key).collect();
        if self.refused.as_ref().is_some_and(|refused| keys.contains(refused)) {
            return Err(CloudError::answered("PutItem", "AccessDeniedException", "no"));
        }
        self.calls.lock().unwrap().push(keys);
        Ok(())
    }

    fn count(&self) -> usize {
        self.items.lock().unwrap().len()
    }
}

impl Puts for Table {
    async fn put_new(&self, item: &Item) -> Result<(Outcome, f64), CloudError> {
        self.called(std::slice::from_ref(item)).await?;
        let mut items = self.items.lock().unwrap();
        let outcome = match items.get(&Self::key(item)) {
            None => Outcome::Written,
            Some(there) if there.is_same(item) => Outcome::Same,
            Some(_) => Outcome::Kept,
        };
        items.entry(Self::key(item)).or_insert_with(|| item.clone());
        Ok((outcome, 1.0))
    }

    async fn put_all(&self, items: Vec<Item>) -> Result<f64, CloudError> {
        self.called(&items).await?;
        let mut all = self.items.lock().unwrap();
        #[allow(clippy::cast_precision_loss)]
        let units = items.len() as f64;
        all.extend(items.into_iter().map(|item| (Self::key(&item), item)));
        Ok(units)
    }
}

/// Remembers every mark.
#[derive(Default)]
struct Marks(Vec<(Spot, ImportState)>);

impl Save for Marks {
    fn save(&mut self, spot: Spot, state: &ImportState) -> std::io::Result<()> {
        self.0.push((spot, state.clone()));
        Ok(())
    }
}

fn plan(existing: Existing) -> Plan {
    Plan { keys: facts().keys, format: Format::Json, existing, writers: 4, start: Spot::default() }
}

async fn import(table: &Arc<Table>, text: &str, plan: Plan) -> (Result<(), Ended>, Spot, ImportState) {
    import_until(table, text, plan, ImportState::default(), &CancellationToken::new()).await
}

async fn import_until(
    table: &Arc<Table>,
    text: &str,
    plan: Plan,
    mut state: ImportState,
    stop: &CancellationToken,
) -> (Result<(), Ended>, Spot, ImportState) {
    let rest = text.as_bytes()[usize::try_from(plan.start.bytes).unwrap()..].to_vec();
    let from = Box::new(BufReader::new(Cursor::new(rest)));
    let mut progress = Progress::new(Whole::Unknown, Reached::default());
    let mut marks = Marks::default();
    let ended = run(table, from, &plan, &mut state, &mut marks, &mut progress, stop).await;
    let (spot, state) = marks.0.pop().unwrap();
    (ended, spot, state)
}

fn lines(numbers: std::ops::Range<usize>) -> String {
    numbers.map(|number| format!("{{\"id\":\"{number}\",\"n\":{number}}}\n")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_lines_are_written_and_the_mark_is_at_the_end() {
    for existing in [Existing::Keep, Existing::Overwrite] {
        let (table, text) = (Arc::new(Table::default()), lines(0..1000));
        let (ended, spot, state) = import(&table, &text, plan(existing)).await;
        ended.unwrap();
        assert_eq!(spot, Spot { bytes: text.len() as u64, lines: 1000 });
        assert_eq!(state, ImportState { lines: 1000, written: 1000, same: 0, kept: 0 });
        assert_eq!(table.count(), 1000);
        let calls = table.calls.lock().unwrap();
        assert!(calls.iter().all(|keys| keys.len() <= BATCH));
        assert!(calls.len() < if existing == Existing::Keep { 1001 } else { 500 }, "{} calls", calls.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_kept_and_counted_or_overwritten() {
    let table = Arc::new(Table::default());
    import(&table, "{\"id\":\"1\",\"n\":7}\n{\"id\":\"2\",\"n\":2.0}\n", plan(Existing::Keep)).await.0.unwrap();
    let (ended, _, state) = import(&table, &lines(0..4), plan(Existing::Keep)).await;
    ended.unwrap();
    assert_eq!(state, ImportState { lines: 4, written: 2, same: 1, kept: 1 });
    assert_eq!(table.items.lock().unwrap()["1"].to_json()["n"]["N"], "7");
    import(&table, &lines(0..4), plan(Existing::Overwrite)).await.0.unwrap();
    assert_eq!(table.items.lock().unwrap()["1"].to_json()["n"]["N"], "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_lines_of_one_key_are_never_in_one_batch_and_keep_their_order() {
    let twice: String = (0..50).map(|number| format!("{{\"id\":\"{}\",\"n\":{number}}}\n", number % 3)).collect();
    let table = Arc::new(Table::default());
    import(&table, &twice, plan(Existing::Overwrite)).await.0.unwrap();
    for keys in table.calls.lock().unwrap().iter() {
        let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len());
    }
    let of = |key: &str| table.items.lock().unwrap()[key].to_json()["n"]["N"].clone();
    assert_eq!(["0", "1", "2"].map(of), ["48", "49", "47"]);
    let table = Arc::new(Table::default());
    let (_, _, state) = import(&table, &twice, plan(Existing::Keep)).await;
    assert_eq!((state.written, state.kept), (3, 47));
    assert_eq!(table.items.lock().unwrap()["2"].to_json()["n"]["N"], "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_line_is_named_and_all_lines_before_it_are_written() {
    for (bad, words) in [
        ("{\"id\":1}\n", "line 101: the key attribute \"id\" must be of type S"),
        ("{\"id\":\"x\",\"n\":1e999}\n", "line 101: attribute \"n\": a number is between"),
        ("{\"id\":\"x\"", "line 101: not JSON at column 10"),
    ] {
        let (table, good) = (Arc::new(Table::default()), lines(0..100));
        let (ended, spot, state) = import(&table, &format!("{good}{bad}"), plan(Existing::Keep)).await;
        assert!(matches!(&ended, Err(Ended::Line(why)) if why.starts_with(words)), "{ended:?}");
        assert_eq!((spot, state.written, table.count()), (Spot { bytes: good.len() as u64, lines: 100 }, 100, 100));
    }
    let (ended, ..) = import(&Arc::new(Table::default()), "[{\"id\":\"a\"}]", plan(Existing::Keep)).await;
    assert!(matches!(&ended, Err(Ended::Line(why)) if why.contains("jq -c '.[]'")), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_ends_it_and_no_line_before_the_mark_is_missing() {
    for refused in ["0", "137", "999"] {
        let text = lines(0..1000);
        let table = Arc::new(Table { refused: Some(refused.into()), ..Table::default() });
        let (ended, spot, state) = import(&table, &text, plan(Existing::Overwrite)).await;
        assert!(matches!(&ended, Err(Ended::Aws(error)) if error.code == "AccessDeniedException"), "{ended:?}");
        let items = table.items.lock().unwrap().clone();
        let before = &text[..usize::try_from(spot.bytes).unwrap()];
        assert_eq!(before.lines().count() as u64, spot.lines);
        assert!((0..spot.lines).all(|number| items.contains_key(&number.to_string())), "{refused}: {spot:?}");
        // The next run begins at the mark.
        let table = Arc::new(Table { items: Mutex::new(items), ..Table::default() });
        let rest = Plan { start: spot, ..plan(Existing::Keep) };
        let (ended, end, state) = import_until(&table, &text, rest, state, &CancellationToken::new()).await;
        ended.unwrap();
        assert_eq!((end.lines, state.written + state.same, state.kept, table.count()), (1000, 1000, 0, 1000));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_at_any_time_it_goes_on_from_the_mark() {
    let (text, table) = (lines(0..2000), Arc::new(Table { slow: Duration::from_millis(1), ..Table::default() }));
    let (mut start, mut state, mut runs) = (Spot::default(), ImportState::default(), 0);
    loop {
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            stopping.cancel();
        });
        let rest = Plan { start, ..plan(Existing::Keep) };
        let (ended, spot, reached) = import_until(&table, &text, rest, state, &stop).await;
        assert!(spot.lines >= start.lines);
        (start, state, runs) = (spot, reached, runs + 1);
        match ended {
            Ok(()) => break,
            Err(Ended::Stopped) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(runs > 1, "it was never stopped");
    assert_eq!((table.count(), state.written + state.same, state.kept), (2000, 2000, 0));
}

#[test]
fn the_mark_waits_for_the_slowest() {
    let (mut window, mut state) = (Window::default(), ImportState::default());
    let spot = |lines: u64| Spot { bytes: lines * 10, lines };
    window.done(1, spot(2), Outcome::Kept, &mut state);
    window.done(2, spot(4), Outcome::Written, &mut state);
    assert_eq!((window.spot, state.written), (Spot::default(), 0));
    window.done(0, spot(1), Outcome::Same, &mut state);
    assert_eq!((window.spot, &state), (spot(4), &ImportState { lines: 4, written: 1, same: 1, kept: 1 }));
}
