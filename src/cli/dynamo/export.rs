//! The engine of an export: each segment reads its pages, one writer puts them into the file. The file and what the resume
//! file says of it move together, so whatever is behind the mark after a crash is cut off and read again.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Ended;
use super::progress::Progress;
use super::resume::{ExportState, Mark, Saved, Segment};
use crate::aws::CloudError;
use crate::aws::dynamo::bulk::{Page, Pages};

/// So often, the resume file is brought up to date.
pub(super) const SAVE_EVERY: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(200);
/// Pages that wait for the writer: more would only be memory.
const WAITING: usize = 2;

/// A page as it goes into the file.
struct Chunk {
    segment: usize,
    lines: Vec<u8>,
    items: u64,
    units: f64,
    next: Option<Value>,
}

impl Chunk {
    fn new(segment: usize, page: Page) -> Self {
        let mut lines = Vec::new();
        page.items.iter().for_each(|item| item.write_line(&mut lines));
        Self { segment, lines, items: page.items.len() as u64, units: page.units, next: page.next }
    }
}

/// Where the lines go.
pub(super) enum Sink {
    /// Can be gone on with.
    File { file: BufWriter<File>, resume: PathBuf, every: Duration, saved_at: Instant },
    /// Cannot.
    Pipe(Box<dyn Write + Send>),
}

/// The lines, and how far they are.
pub(super) struct Output {
    sink: Sink,
    pub saved: Saved<ExportState>,
}

impl Output {
    /// Lines that nobody can take back.
    pub(super) fn pipe(to: Box<dyn Write + Send>, saved: Saved<ExportState>) -> Self {
        Self { sink: Sink::Pipe(to), saved }
    }

    /// A file: a new one, or the one that an earlier run has left with its resume file.
    ///
    /// # Errors
    /// A sentence on what is in the way.
    pub(super) fn file(
        path: &Path,
        resume: &Path,
        earlier: Option<Saved<ExportState>>,
        fresh: Saved<ExportState>,
        every: Duration,
    ) -> Result<Self, String> {
        let failed = |error: io::Error| format!("{}: {error}", path.display());
        if earlier.is_none() && path.exists() {
            return Err(format!("{} exists already, and is not overwritten: name another file", path.display()));
        }
        let saved = earlier.unwrap_or(fresh);
        // The resume file first: an empty file without one could not be told from somebody else's.
        saved.store(resume).map_err(|error| format!("{}: {error}", resume.display()))?;
        let is_new = saved.file.bytes == 0;
        let mut file =
            OpenOptions::new().read(true).write(true).create(is_new).truncate(false).open(path).map_err(failed)?;
        file.try_lock().map_err(|error| format!("{}: another process writes to it ({error})", path.display()))?;
        if !saved.file.fits(&file).map_err(failed)? {
            return Err(format!(
                "{} is not as the export left it, by {}: delete both to begin anew",
                path.display(),
                resume.display()
            ));
        }
        file.set_len(saved.file.bytes).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        let (file, saved_at) = (BufWriter::with_capacity(1024 * 1024, file), Instant::now());
        Ok(Self { sink: Sink::File { file, resume: resume.into(), every, saved_at }, saved })
    }

    fn append(&mut self, chunk: Chunk) -> io::Result<()> {
        match &mut self.sink {
            Sink::File { file, .. } => file.write_all(&chunk.lines)?,
            Sink::Pipe(to) => to.write_all(&chunk.lines)?,
        }
        self.saved.file.bytes += chunk.lines.len() as u64;
        self.saved.state.items += chunk.items;
        self.saved.state.segments[chunk.segment] = chunk.next.map_or(Segment::Done, Segment::After);
        match &self.sink {
            Sink::File { every, saved_at, .. } if saved_at.elapsed() >= *every => self.save(),
            _ => Ok(()),
        }
    }

    /// The data is on the disk before the resume file speaks of it.
    fn save(&mut self) -> io::Result<()> {
        match &mut self.sink {
            Sink::File { file, resume, saved_at, .. } => {
                file.flush()?;
                file.get_ref().sync_data()?;
                self.saved.file = Mark::at(file.get_ref(), self.saved.file.bytes)?;
                self.saved.store(resume)?;
                *saved_at = Instant::now();
                Ok(())
            }
            Sink::Pipe(to) => to.flush(),
        }
    }

    /// Everything is there: the resume file goes.
    fn finish(&mut self) -> io::Result<()> {
        self.save()?;
        match &self.sink {
            Sink::File { resume, .. } => std::fs::remove_file(resume),
            Sink::Pipe(_) => Ok(()),
        }
    }
}

/// Reads what is left of the segments. Whatever ends it, the output is consistent afterwards.
///
/// # Errors
/// It was stopped, AWS refused, or the file could not be written.
pub(super) async fn run<P: Pages>(
    pages: &Arc<P>,
    output: &mut Output,
    progress: &mut Progress,
    stop: &CancellationToken,
) -> Result<(), Ended> {
    let (sender, mut chunks) = mpsc::channel(WAITING);
    let mut segments = start(pages, &output.saved.state.segments, sender);
    let ended = write(&mut chunks, &mut segments, output, progress, stop).await;
    segments.shutdown().await;
    if let Err(ended @ Ended::Output(_)) = ended {
        return Err(ended);
    }
    while let Ok(chunk) = chunks.try_recv() {
        take(chunk, output, progress)?;
    }
    match ended {
        Ok(()) => output.finish().map_err(Ended::Output),
        Err(ended) => output.save().map_err(Ended::Output).and(Err(ended)),
    }
}

fn start<P: Pages>(
    pages: &Arc<P>,
    segments: &[Segment],
    sender: mpsc::Sender<Chunk>,
) -> JoinSet<Result<(), CloudError>> {
    let mut tasks = JoinSet::new();
    for (number, segment) in segments.iter().enumerate() {
        let after = match segment {
            Segment::Done => continue,
            Segment::Fresh => None,
            Segment::After(key) => Some(key.clone()),
        };
        tasks.spawn(read(pages.clone(), number, segments.len(), after, sender.clone()));
    }
    tasks
}

async fn read<P: Pages>(
    pages: Arc<P>,
    segment: usize,
    segments: usize,
    mut after: Option<Value>,
    chunks: mpsc::Sender<Chunk>,
) -> Result<(), CloudError> {
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    loop {
        let page = pages.page(number(segment), number(segments), after.as_ref()).await?;
        after.clone_from(&page.next);
        // The writer has gone: it knows why.
        if chunks.send(Chunk::new(segment, page)).await.is_err() || after.is_none() {
            return Ok(());
        }
    }
}

async fn write(
    chunks: &mut mpsc::Receiver<Chunk>,
    segments: &mut JoinSet<Result<(), CloudError>>,
    output: &mut Output,
    progress: &mut Progress,
    stop: &CancellationToken,
) -> Result<(), Ended> {
    let mut ticker = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            () = stop.cancelled() => return Err(Ended::Stopped),
            Some(result) = segments.join_next() => result.map_err(Ended::lost)?.map_err(Ended::Aws)?,
            chunk = chunks.recv() => match chunk {
                Some(chunk) => take(chunk, output, progress)?,
                None => break,
            },
            _ = ticker.tick() => progress.show(),
        }
    }
    while let Some(result) = segments.join_next().await {
        result.map_err(Ended::lost)?.map_err(Ended::Aws)?;
    }
    Ok(())
}

fn take(chunk: Chunk, output: &mut Output, progress: &mut Progress) -> Result<(), Ended> {
    progress.reached.units += chunk.units;
    output.append(chunk).map_err(Ended::Output)?;
    progress.reached.items = output.saved.state.items;
    progress.reached.bytes = output.saved.file.bytes;
    Ok(())
}

#[cfg(test)]
mod tests;
