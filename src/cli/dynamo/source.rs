//! The file of an import, where it begins, and what a person is told and asked before.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::ImportFlags;
use super::import::{Existing, Save};
use super::lines::Spot;
use super::progress::{Whole, grouped};
use super::resume::{ImportState, Mark, Saved};
use crate::aws::dynamo::bulk::Facts;
use crate::cli::Failure;

/// The file of an import, at the place where it begins.
pub(super) struct Source {
    pub from: Box<dyn BufRead + Send>,
    pub whole: Whole,
    pub start: Spot,
    pub saver: Saver,
}

pub(super) struct Saver {
    /// The data, to be marked, and the resume file.
    files: Option<(File, PathBuf)>,
    pub saved: Saved<ImportState>,
}

impl Save for Saver {
    fn save(&mut self, spot: Spot, state: &ImportState) -> io::Result<()> {
        let Some((data, resume)) = &self.files else { return Ok(()) };
        self.saved.file = Mark::at(data, spot.bytes)?;
        self.saved.state = state.clone();
        let named = |error: io::Error| io::Error::other(format!("the resume file {}: {error}", resume.display()));
        self.saved.store(resume).map_err(named)
    }
}

impl ImportFlags {
    /// The file, unless it is a stream.
    pub(super) fn file(&self) -> Result<Option<File>, Failure> {
        let failed = |error: io::Error| Failure::Usage(format!("{}: {error}", self.both.shown()));
        if self.both.is_stream() || !std::fs::metadata(&self.both.file).map_err(failed)?.is_file() {
            return Ok(None);
        }
        File::open(&self.both.file).map(Some).map_err(failed)
    }

    pub(super) fn source(&self, file: Option<File>, resume: Option<&Path>, facts: &Facts) -> Result<Source, String> {
        let failed = |error: io::Error| format!("{}: {error}", self.both.shown());
        let fresh = Saved::new("import", facts, ImportState::default());
        let (Some(mut file), Some(resume)) = (file, resume) else {
            let from: Box<dyn Read + Send> = match self.both.is_stream() {
                true => Box::new(io::stdin()),
                false => Box::new(File::open(&self.both.file).map_err(failed)?),
            };
            let from = Box::new(BufReader::with_capacity(1024 * 1024, from));
            let saver = Saver { files: None, saved: fresh };
            return Ok(Source { from, whole: Whole::Unknown, start: Spot::default(), saver });
        };
        let saved = Saved::<ImportState>::load(resume, "import", facts)?.unwrap_or(fresh);
        if !saved.file.fits(&file).map_err(failed)? {
            let (file, resume) = (self.both.shown(), resume.display());
            return Err(format!("{file} has changed since {resume} was written: delete {resume} to begin anew"));
        }
        let start = Spot { bytes: saved.file.bytes, lines: saved.state.lines };
        let whole = Whole::Bytes(file.metadata().map_err(failed)?.len());
        file.seek(SeekFrom::Start(start.bytes)).map_err(failed)?;
        let data = file.try_clone().map_err(failed)?;
        let from = Box::new(BufReader::with_capacity(1024 * 1024, file));
        Ok(Source { from, whole, start, saver: Saver { files: Some((data, resume.into())), saved } })
    }

    /// Says where it will write.
    pub(super) fn announce(&self, facts: &Facts, start: Spot) {
        let region = facts.arn.split(':').nth(3).unwrap_or_default();
        let existing = match self.existing {
            Existing::Keep => "items that are there already are kept",
            Existing::Overwrite => "items with the same keys are overwritten",
        };
        let from = match start.lines {
            0 => String::new(),
            lines => format!(", going on after line {}", grouped(lines)),
        };
        eprintln!(
            "awsdb: importing {}{from} into table {} in account {}, region {region}; the table has about {} items; {existing}",
            self.both.shown(),
            self.both.table,
            facts.account(),
            grouped(facts.items),
        );
    }

    /// Asks a person whether that is right.
    pub(super) async fn ask(&self, stop: &CancellationToken) -> Result<(), Failure> {
        if self.yes || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Ok(());
        }
        eprint!("Go on? [y/N] ");
        let answer = tokio::task::spawn_blocking(|| {
            let mut answer = String::new();
            io::stdin().read_line(&mut answer).map(|_| answer)
        });
        let answer = tokio::select! {
            () = stop.cancelled() => None,
            answer = answer => answer.ok().and_then(Result::ok),
        };
        match answer.as_deref().map(str::trim) {
            Some("y" | "Y" | "yes") => Ok(()),
            _ => Err(Failure::Stopped("nothing was written".into())),
        }
    }
}
