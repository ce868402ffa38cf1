use std::collections::BTreeSet;
use std::sync::Mutex;

use super::super::progress::{Reached, Whole};
use super::super::testing::{Folder, facts, item};
use super::*;

/// A table of some segments with some pages each, of three items a page.
struct Table {
    pages: usize,
    /// This page of this segment is refused.
    refused: Option<(u32, usize)>,
    /// Nothing is answered once so many pages were.
    silent_after: usize,
    answered: Mutex<usize>,
}

const SEGMENTS: usize = 3;
const PAGES: usize = 5;

fn table() -> Table {
    Table { pages: PAGES, refused: None, silent_after: usize::MAX, answered: Mutex::new(0) }
}

impl Pages for Table {
    async fn page(&self, segment: u32, _segments: u32, after: Option<&Value>) -> Result<Page, CloudError> {
        let at = after.map_or(0, |key| key["page"]["N"].as_str().unwrap().parse::<usize>().unwrap());
        if self.refused == Some((segment, at)) {
            return Err(CloudError::answered("Scan", "AccessDeniedException", "no"));
        }
        if *self.answered.lock().unwrap() >= self.silent_after {
            std::future::pending::<()>().await;
        }
        *self.answered.lock().unwrap() += 1;
        let items = (0..3).map(|number| item(&format!("{segment}-{at}-{number}"))).collect();
        let next = (at + 1 < self.pages).then(|| serde_json::json!({"page": {"N": (at + 1).to_string()}}));
        Ok(Page { items, next, units: 2.0 })
    }
}

struct Export {
    folder: Folder,
}

impl Export {
    fn new() -> Self {
        Self { folder: Folder::new() }
    }

    fn data(&self) -> PathBuf {
        self.folder.path("data")
    }

    fn resume(&self) -> PathBuf {
        self.folder.path("data.resume")
    }

    fn saved(&self) -> Option<Saved<ExportState>> {
        Saved::load(&self.resume(), "export", &facts()).unwrap()
    }

    fn output(&self, every: Duration) -> Result<Output, String> {
        let state = ExportState { items: 0, consistent: false, segments: vec![Segment::Fresh; SEGMENTS] };
        let fresh = Saved::new("export", &facts(), state);
        Output::file(&self.data(), &self.resume(), self.saved(), fresh, every)
    }

    async fn run(&self, table: Table, stop: &CancellationToken) -> Result<(), Ended> {
        let mut output = self.output(Duration::ZERO).unwrap();
        run(&Arc::new(table), &mut output, &mut progress(), stop).await
    }

    /// The items of the file, each once.
    fn items(&self) -> BTreeSet<String> {
        let text = std::fs::read_to_string(self.data()).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'));
        let ids: Vec<String> = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["Item"]["id"]["S"].as_str().unwrap().to_string())
            .collect();
        let set: BTreeSet<String> = ids.iter().cloned().collect();
        assert_eq!(set.len(), ids.len(), "an item is there twice");
        set
    }
}

fn progress() -> Progress {
    Progress::new(Whole::Unknown, Reached::default())
}

fn all() -> usize {
    SEGMENTS * PAGES * 3
}

#[tokio::test]
async fn every_item_is_written_once_and_the_resume_file_goes() {
    let export = Export::new();
    export.run(table(), &CancellationToken::new()).await.unwrap();
    assert_eq!(export.items().len(), all());
    assert_eq!(export.folder.names(), ["data"]);
}

#[tokio::test]
async fn an_empty_table_is_an_empty_file() {
    struct Empty;
    impl Pages for Empty {
        async fn page(&self, _: u32, _: u32, _: Option<&Value>) -> Result<Page, CloudError> {
            Ok(Page::default())
        }
    }
    let export = Export::new();
    let mut output = export.output(Duration::ZERO).unwrap();
    run(&Arc::new(Empty), &mut output, &mut progress(), &CancellationToken::new()).await.unwrap();
    assert_eq!(export.items().len(), 0);
    assert_eq!(export.folder.names(), ["data"]);
}

#[tokio::test]
async fn killed_after_any_page_it_goes_on_without_loss_or_double() {
    for pages in 0..=SEGMENTS * PAGES {
        for torn in [&b""[..], b"{\"Item\":{\"id\"", b"{\"Item\":{}}\n"] {
            let export = Export::new();
            let stop = CancellationToken::new();
            let silent = Table { silent_after: pages, ..table() };
            // Dropped in the middle: nothing is tidied up, as after kill -9.
            drop(tokio::time::timeout(Duration::from_millis(5), export.run(silent, &stop)).await);
            if export.saved().is_some() {
                let mut data = OpenOptions::new().append(true).open(export.data()).unwrap();
                data.write_all(torn).unwrap();
                export.run(table(), &stop).await.unwrap();
            }
            assert_eq!(export.items().len(), all(), "killed after {pages} pages");
            assert_eq!(export.folder.names(), ["data"]);
        }
    }
}

#[tokio::test]
async fn a_refusal_of_one_segment_stops_all_and_the_next_run_completes_it() {
    for refused in [(0, 0), (1, 2), (2, PAGES - 1)] {
        let export = Export::new();
        let stop = CancellationToken::new();
        let ended = export.run(Table { refused: Some(refused), ..table() }, &stop).await.unwrap_err();
        assert!(matches!(&ended, Ended::Aws(error) if error.code == "AccessDeniedException"), "{ended:?}");
        let saved = export.saved().unwrap();
        assert_eq!(export.items().len() as u64, saved.state.items);
        assert_eq!(std::fs::metadata(export.data()).unwrap().len(), saved.file.bytes);
        export.run(table(), &stop).await.unwrap();
        assert_eq!(export.items().len(), all());
    }
}

#[tokio::test]
async fn stopped_it_leaves_what_it_has_and_goes_on_later() {
    let export = Export::new();
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        stopping.cancel();
    });
    let ended = export.run(Table { silent_after: 4, ..table() }, &stop).await.unwrap_err();
    assert!(matches!(ended, Ended::Stopped), "{ended:?}");
    assert_eq!(export.saved().unwrap().state.items, 12);
    assert_eq!(export.items().len(), 12);
    export.run(table(), &CancellationToken::new()).await.unwrap();
    assert_eq!(export.items().len(), all());
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_not_touched() {
    let export = Export::new();
    std::fs::write(export.data(), "precious").unwrap();
    let error = export.output(Duration::ZERO).map(drop).unwrap_err();
    assert!(error.contains("exists already, and is not overwritten"), "{error}");
    assert_eq!(export.folder.names(), ["data"]);
    std::fs::remove_file(export.data()).unwrap();

    let stop = CancellationToken::new();
    export.run(Table { refused: Some((0, 3)), ..table() }, &stop).await.unwrap_err();
    let text = std::fs::read_to_string(export.data()).unwrap();
    for changed in ["", &text[..text.len() - 1], &text.replace("0-0-0", "0-0-x")] {
        std::fs::write(export.data(), changed).unwrap();
        let error = export.output(Duration::ZERO).map(drop).unwrap_err();
        assert!(error.contains("not as the export left it"), "{error}");
        assert_eq!(std::fs::read_to_string(export.data()).unwrap(), changed);
    }
    std::fs::remove_file(export.data()).unwrap();
    assert!(export.output(Duration::ZERO).is_err(), "the file is gone");
    assert!(!export.data().exists());
}

#[tokio::test]
async fn two_exports_into_one_file_are_refused() {
    let export = Export::new();
    let _first = export.output(Duration::ZERO).unwrap();
    let error = export.output(Duration::ZERO).map(drop).unwrap_err();
    assert!(error.contains("another process writes to it"), "{error}");
}

#[tokio::test]
async fn a_reader_of_the_pipe_that_goes_away_ends_it() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::from(io::ErrorKind::BrokenPipe))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let state = ExportState { items: 0, consistent: false, segments: vec![Segment::Fresh; SEGMENTS] };
    let mut output = Output::pipe(Box::new(Closed), Saved::new("export", &facts(), state));
    let ended = run(&Arc::new(table()), &mut output, &mut progress(), &CancellationToken::new()).await;
    assert!(matches!(ended, Err(Ended::Output(_))), "{ended:?}");
}
