//! `awsdb dynamo export` and `awsdb dynamo import`: all items of a table into a file, and back. For people: it speaks on
//! stderr, can be stopped at any time, and goes on where it stopped when the same command is run again.

mod export;
mod import;
mod lines;
mod progress;
mod resume;
mod source;
mod summary;
mod testing;

use std::fmt::Display;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{Failure, aws_says, connect_to_aws, on_threads};
use crate::aws::CloudError;
use crate::aws::dynamo::bulk::{Bulk, Facts};
use crate::aws::dynamo::items::Format;
use export::Output;
use import::{Existing, Save};
use progress::{Progress, Reached, Whole, grouped};
use resume::{ExportState, Saved, Segment, with_ending};
use summary::{Style, Summary};

/// Exit code after Ctrl-C or SIGTERM.
pub(super) const STOPPED: u8 = 130;

/// All items of a DynamoDB table, into a file and back
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write all items of a table into a file: one on each line, in DynamoDB JSON, as AWS's own exports to S3 have them
    ///
    /// The table is read with a parallel Scan, which costs read capacity. It is no snapshot: what is written to the table
    /// meanwhile may be in the file or not. Stopped or killed, it goes on when the same command is run again.
    Export(ExportFlags),
    /// Write the items of a file into a table; items that are there already are kept unless you say otherwise
    ///
    /// The file has one item on each line. Stopped or killed, it goes on when the same command is run again.
    Import(ImportFlags),
}

/// Flags of both.
#[derive(Debug, Args)]
pub struct BothFlags {
    /// Name of the table
    #[arg(long, value_name = "NAME")]
    table: String,
    /// AWS region of the table; without it AWS_REGION, AWS_DEFAULT_REGION, or that of the AWS profile
    #[arg(long, value_parser = crate::config::region)]
    region: Option<String>,
    /// The file; - is standard output (export) or standard input (import), which cannot be resumed
    #[arg(long, value_name = "PATH")]
    file: PathBuf,
    /// Most capacity units a second, read units for an export and write units for an import; without it as fast as AWS lets
    #[arg(long, value_name = "UNITS", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    rate: Option<u32>,
    /// Keeps how far it has come; without it the name of the file with .resume behind it
    #[arg(long, value_name = "PATH")]
    resume: Option<PathBuf>,
    /// How the closing summary is written
    #[arg(short, long, value_enum, default_value = "text")]
    output: Style,
}

/// Flags of `awsdb dynamo export`.
#[derive(Debug, Args)]
pub struct ExportFlags {
    #[command(flatten)]
    both: BothFlags,
    /// How many segments of the table are read at once, 1 to 64
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    segments: u32,
    /// Read strongly consistent: twice the capacity units
    #[arg(long)]
    consistent: bool,
}

/// Flags of `awsdb dynamo import`.
#[derive(Debug, Args)]
pub struct ImportFlags {
    #[command(flatten)]
    both: BothFlags,
    /// How the lines of the file are written; in either format an item may be wrapped as {"Item": ...}
    #[arg(long, value_enum, default_value = "dynamodb-json")]
    format: LineFormat,
    /// What to do with an item whose key is in the table already
    #[arg(long, value_enum, default_value = "keep")]
    existing: Existing,
    /// How many calls are sent at once, 1 to 256
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    writers: u16,
    /// Do not ask before it begins; it asks only on a terminal
    #[arg(long)]
    yes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LineFormat {
    /// {"id": {"S": "a"}, "n": {"N": "1"}}
    DynamodbJson,
    /// {"id": "a", "n": 1}
    Json,
}

impl From<LineFormat> for Format {
    fn from(format: LineFormat) -> Self {
        match format {
            LineFormat::DynamodbJson => Format::DynamoDbJson,
            LineFormat::Json => Format::Json,
        }
    }
}

/// What ended a bulk operation before its end.
#[derive(Debug)]
enum Ended {
    Stopped,
    Aws(CloudError),
    /// A file or pipe that is written to.
    Output(io::Error),
    /// A line of the input.
    Line(String),
    /// A fault of ours.
    Lost(String),
}

impl Ended {
    fn lost(why: impl Display) -> Self {
        Ended::Lost(why.to_string())
    }
}

/// Runs an export or an import.
///
/// # Errors
/// When it was asked wrongly, stopped, or failed.
pub fn run(command: &Command) -> Result<(), Failure> {
    on_threads(async {
        let stop = stop_on_signal()?;
        match command {
            Command::Export(flags) => flags.run(&stop).await,
            Command::Import(flags) => flags.run(&stop).await,
        }
    })
}

/// The first signal ends it in order, the second at once: what is on disk can be gone on with either way.
fn stop_on_signal() -> Result<CancellationToken, Failure> {
    let listen = |kind| signal(kind).map_err(|error| Failure::Failed(format!("no signals: {error}")));
    let stop = CancellationToken::new();
    for mut one in [listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?] {
        let stop = stop.clone();
        tokio::spawn(async move {
            while one.recv().await.is_some() {
                if stop.is_cancelled() {
                    std::process::exit(STOPPED.into());
                }
                stop.cancel();
            }
        });
    }
    Ok(stop)
}

impl BothFlags {
    fn is_stream(&self) -> bool {
        self.file == Path::new("-")
    }

    /// The resume file, where the data can be gone on with.
    fn resume(&self, is_stream: bool) -> Result<Option<PathBuf>, Failure> {
        match (is_stream, &self.resume) {
            (true, Some(_)) => Err(Failure::Usage(format!(
                "--resume needs a file that can be gone on with: {} is a stream",
                self.shown()
            ))),
            (true, None) => Ok(None),
            (false, Some(path)) => Ok(Some(path.clone())),
            (false, None) => Ok(Some(with_ending(&self.file, ".resume"))),
        }
    }

    fn shown(&self) -> String {
        self.file.display().to_string()
    }

    async fn open(&self, is_consistent: bool, stop: &CancellationToken) -> Result<(Arc<Bulk>, Facts), Failure> {
        let opening = async {
            let aws = connect_to_aws(self.region.clone()).await?;
            let region = aws.default_region().to_string();
            let opened = Bulk::open(Arc::new(aws), &region, &self.table, self.rate, is_consistent).await;
            opened.map_err(|error| Failure::Failed(self.said(&error)))
        };
        tokio::select! {
            () = stop.cancelled() => Err(Failure::Stopped("stopped before it began".into())),
            opened = opening => opened.map(|(bulk, facts)| (Arc::new(bulk), facts)),
        }
    }

    /// AWS's words.
    fn said(&self, error: &CloudError) -> String {
        aws_says(error, &format!(" (table {})", self.table))
    }

    /// What is said of an early end, and how to go on.
    fn failure(&self, ended: Ended, so_far: &str, can_go_on: bool) -> Failure {
        let next = if can_go_on { format!("; to go on: {}", again(std::env::args())) } else { String::new() };
        match ended {
            Ended::Stopped => Failure::Stopped(format!("stopped: {so_far}{next}")),
            Ended::Aws(error) => Failure::Failed(format!("{}; {so_far}{next}", self.said(&error))),
            Ended::Output(error) => Failure::Failed(format!("{}: {error}; {so_far}{next}", self.shown())),
            Ended::Line(why) => Failure::Failed(format!("{}: {why}; {so_far}{next}", self.shown())),
            Ended::Lost(why) => Failure::Failed(format!("a fault of awsdb: {why}; {so_far}{next}")),
        }
    }
}

/// This command line, to be typed again.
fn again(arguments: impl Iterator<Item = String>) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_=./:,@%+".contains(c);
    let quoted = |text: String| match text.is_empty() || !text.chars().all(plain) {
        true => format!("'{}'", text.replace('\'', r"'\''")),
        false => text,
    };
    std::iter::once("awsdb".to_string()).chain(arguments.skip(1).map(quoted)).collect::<Vec<_>>().join(" ")
}

impl ExportFlags {
    async fn run(&self, stop: &CancellationToken) -> Result<(), Failure> {
        let both = &self.both;
        let resume = both.resume(both.is_stream())?;
        let (bulk, facts) = both.open(self.consistent, stop).await?;
        let mut output = self.output(&facts, resume.as_deref()).map_err(Failure::Usage)?;
        let items = output.saved.state.items;
        if items > 0 {
            eprintln!("awsdb: {} has {} items already; going on", both.shown(), grouped(items));
        }
        let reached = Reached { items, ..Reached::default() };
        let mut progress = Progress::new(Whole::AboutItems(facts.items), reached);
        let ended = export::run(&bulk, &mut output, &mut progress, stop).await;
        progress.clear();
        let items = output.saved.state.items;
        ended.map_err(|ended| {
            both.failure(ended, &format!("{} has {} items so far", both.shown(), grouped(items)), resume.is_some())
        })?;
        let summary = Summary {
            command: "export",
            table: facts.arn,
            file: both.shown(),
            items,
            import: None,
            is_over: false,
            units: progress.reached.units,
            seconds: progress.elapsed().as_secs_f64(),
            throttled: bulk.throttles(),
        };
        summary.print(both.output, !both.is_stream());
        Ok(())
    }

    fn output(&self, facts: &Facts, resume: Option<&Path>) -> Result<Output, String> {
        let segments = vec![Segment::Fresh; self.segments as usize];
        let fresh = Saved::new("export", facts, ExportState { items: 0, consistent: self.consistent, segments });
        let Some(resume) = resume else {
            return Ok(Output::pipe(Box::new(BufWriter::new(io::stdout())), fresh));
        };
        let earlier = Saved::<ExportState>::load(resume, "export", facts)?;
        if let Some(state) = earlier.as_ref().map(|saved| &saved.state) {
            let (segments, path) = (state.segments.len(), resume.display());
            if segments != self.segments as usize {
                return Err(format!(
                    "{path} is of an export with --segments {segments}: say so, or delete it to begin anew"
                ));
            }
            if state.consistent != self.consistent {
                let word = if state.consistent { "with" } else { "without" };
                return Err(format!("{path} is of an export {word} --consistent: say so, or delete it to begin anew"));
            }
        }
        Output::file(&self.both.file, resume, earlier, fresh, export::SAVE_EVERY)
    }
}

impl ImportFlags {
    async fn run(&self, stop: &CancellationToken) -> Result<(), Failure> {
        let both = &self.both;
        let file = self.file()?;
        let resume = both.resume(file.is_none())?;
        let (bulk, facts) = both.open(false, stop).await?;
        let mut source = self.source(file, resume.as_deref(), &facts).map_err(Failure::Usage)?;
        self.announce(&facts, source.start);
        self.ask(stop).await?;
        let mut state = source.saver.saved.state.clone();
        // A resume file that cannot be written is better known before the first item is.
        source.saver.save(source.start, &state).map_err(|error| Failure::Usage(error.to_string()))?;
        let plan = import::Plan {
            keys: facts.keys.clone(),
            format: self.format.into(),
            existing: self.existing,
            writers: self.writers.into(),
            start: source.start,
        };
        let reached = Reached { items: source.start.lines, bytes: source.start.bytes, units: 0.0 };
        let mut progress = Progress::new(source.whole, reached);
        let ended = import::run(&bulk, source.from, &plan, &mut state, &mut source.saver, &mut progress, stop).await;
        progress.clear();
        // Done, or nothing to go on from.
        if let Some(resume) = resume.as_ref().filter(|_| ended.is_ok() || state.lines == 0) {
            let removed = std::fs::remove_file(resume);
            removed.map_err(|error| Failure::Failed(format!("{}: {error}", resume.display())))?;
        }
        ended.map_err(|ended| {
            both.failure(ended, &format!("{} lines are done", grouped(state.lines)), resume.is_some())
        })?;
        let summary = Summary {
            command: "import",
            table: facts.arn,
            file: both.shown(),
            items: state.written + state.same + state.kept,
            import: Some(state),
            is_over: self.existing == Existing::Overwrite,
            units: progress.reached.units,
            seconds: progress.elapsed().as_secs_f64(),
            throttled: bulk.throttles(),
        };
        summary.print(both.output, true);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::aws::dynamo::bulk::{EXPORT_OPERATIONS, IMPORT_OPERATIONS};

    const GUIDE: &str = include_str!("../../../docs/dynamo-bulk.md");

    #[derive(Debug, Parser)]
    struct Line {
        #[command(subcommand)]
        command: Command,
    }

    fn import(more: &[&str]) -> ImportFlags {
        let line = ["awsdb", "import", "--table=t", "--file=f"].iter().chain(more);
        match Line::try_parse_from(line).unwrap().command {
            Command::Import(flags) => flags,
            Command::Export(_) => panic!("an export"),
        }
    }

    #[test]
    fn nothing_is_overwritten_by_default() {
        let flags = import(&[]);
        assert_eq!((flags.existing, flags.format, flags.yes), (Existing::Keep, LineFormat::DynamodbJson, false));
        assert_eq!(import(&["--existing=overwrite"]).existing, Existing::Overwrite);
    }

    #[test]
    fn the_guide_has_every_flag_with_its_default_and_every_right() {
        for command in Line::command().get_subcommands() {
            for flag in command.get_arguments().filter(|flag| flag.get_id() != "help") {
                let name = format!("`--{}", flag.get_long().unwrap());
                let mut rows = GUIDE.lines().filter(|line| line.starts_with('|') && line.contains(&name));
                let defaults = flag.get_default_values();
                let shown = |row: &str| defaults.iter().all(|one| row.contains(&format!("`{}`", one.display())));
                let is_switch = !flag.get_action().takes_values();
                assert!(rows.any(|row| is_switch || shown(row)), "{} {name}", command.get_name());
            }
        }
        for action in [EXPORT_OPERATIONS, IMPORT_OPERATIONS].concat() {
            assert!(GUIDE.contains(&format!("`{action}`")), "{action}");
        }
    }

    #[test]
    fn every_command_of_the_guide_is_understood() {
        let commands: Vec<&str> = GUIDE.split("awsdb dynamo ").skip(1).filter_map(|rest| rest.lines().next()).collect();
        let whole: Vec<&&str> = commands.iter().filter(|command| command.contains("--table ")).collect();
        assert!(whole.len() >= 4, "{whole:?}");
        for command in whole {
            let line = std::iter::once("awsdb").chain(command.split_whitespace());
            Line::try_parse_from(line).unwrap_or_else(|error| panic!("{command}: {error}"));
        }
    }

    #[test]
    fn the_resume_file_is_beside_the_data_and_a_stream_has_none() {
        assert_eq!(import(&[]).both.resume(false).unwrap(), Some("f.resume".into()));
        assert_eq!(import(&["--resume=r"]).both.resume(false).unwrap(), Some("r".into()));
        assert_eq!(import(&[]).both.resume(true).unwrap(), None);
        assert!(import(&["--resume=r"]).both.resume(true).is_err());
    }

    #[test]
    fn the_command_to_go_on_can_be_pasted() {
        let arguments = ["/usr/bin/awsdb", "dynamo", "export", "--file", "it's here.jsonl", "--rate=5", ""];
        let line = again(arguments.iter().map(ToString::to_string));
        assert_eq!(line, r"awsdb dynamo export --file 'it'\''s here.jsonl' --rate=5 ''");
    }
}
