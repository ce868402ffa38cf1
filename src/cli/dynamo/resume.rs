//! The resume file: how far a bulk operation has come, so that the same command goes on after any end.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws::dynamo::bulk::Facts;

const VERSION: u32 = 1;
/// So much before the mark tells whether a file is still the same one.
const TAIL: u64 = 4096;

/// What a resume file holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Saved<S> {
    version: u32,
    command: String,
    table: String,
    table_id: String,
    /// How much of the data file is done.
    pub file: Mark,
    /// What only this command has to know.
    pub state: S,
}

/// Of an export.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ExportState {
    /// Items in the file.
    pub items: u64,
    pub consistent: bool,
    pub segments: Vec<Segment>,
}

/// How far a segment has been read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Segment {
    Fresh,
    /// LastEvaluatedKey in DynamoDB JSON.
    After(Value),
    Done,
}

/// Of an import.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ImportState {
    /// Lines that are done.
    pub lines: u64,
    pub written: u64,
    pub same: u64,
    pub kept: u64,
}

/// A place in a file that everything before it is right.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Mark {
    pub bytes: u64,
    /// SHA-256 of what is right before.
    tail: String,
}

impl Mark {
    pub(super) fn at(file: &File, bytes: u64) -> io::Result<Self> {
        let from = bytes.saturating_sub(TAIL);
        let mut tail = vec![0; usize::try_from(bytes - from).unwrap_or_default()];
        file.read_exact_at(&mut tail, from)?;
        let hash = digest(&SHA256, &tail);
        Ok(Self { bytes, tail: hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect() })
    }

    /// Whether the file is the one that was marked: long enough, and the same right before the mark.
    pub(super) fn fits(&self, file: &File) -> io::Result<bool> {
        if file.metadata()?.len() < self.bytes {
            return Ok(false);
        }
        Ok(self.bytes == 0 || Self::at(file, self.bytes)? == *self)
    }
}

impl<S: Serialize + DeserializeOwned> Saved<S> {
    pub(super) fn new(command: &str, facts: &Facts, state: S) -> Self {
        let (table, table_id) = (facts.arn.clone(), facts.id.clone());
        Self { version: VERSION, command: command.into(), table, table_id, file: Mark::default(), state }
    }

    /// What the file of an earlier run says; `None` when there is no such file.
    ///
    /// # Errors
    /// It cannot be read, or is of something else.
    pub(super) fn load(path: &Path, command: &str, facts: &Facts) -> Result<Option<Self>, String> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        let refused = |why: &str| {
            let path = path.display();
            Err(format!("{path} {why}: name another file with --resume, or delete it to begin anew"))
        };
        let Ok(saved) = serde_json::from_str::<Value>(&text) else {
            return refused("is not a resume file");
        };
        if saved["command"] != command || saved["version"] != VERSION {
            return refused(&format!("is not a resume file of this version's {command}"));
        }
        let Ok(saved) = serde_json::from_value::<Self>(saved) else {
            return refused("is not a complete resume file");
        };
        if saved.table != facts.arn {
            return refused(&format!("belongs to table {}, and this is {}", saved.table, facts.arn));
        }
        if saved.table_id != facts.id {
            return refused("belongs to an earlier table of this name, which was deleted and made again since");
        }
        Ok(Some(saved))
    }

    /// Replaces the file whole, or leaves the old one.
    pub(super) fn store(&self, path: &Path) -> io::Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(io::Error::other)? + "\n";
        let beside = write_beside(path, &text)?;
        fs::rename(beside, path)?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(parent)?.sync_all()
    }
}

/// The new text in a file of its own, on the disk before it takes the old one's name.
fn write_beside(path: &Path, text: &str) -> io::Result<PathBuf> {
    let beside = with_ending(path, ".tmp");
    let mut file = File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(beside)
}

/// The path with something behind its whole name.
pub(super) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{Folder, facts};
    use super::*;

    fn saved(bytes: u64) -> Saved<ExportState> {
        let segments = vec![Segment::Fresh, Segment::After(json!({"id": {"S": "a"}})), Segment::Done];
        let mut saved = Saved::new("export", &facts(), ExportState { items: 7, consistent: false, segments });
        saved.file.bytes = bytes;
        saved
    }

    fn load(path: &Path) -> Result<Option<Saved<ExportState>>, String> {
        Saved::load(path, "export", &facts())
    }

    #[test]
    fn what_is_stored_is_loaded() {
        let folder = Folder::new();
        let path = folder.path("r");
        assert_eq!(load(&path), Ok(None));
        saved(5).store(&path).unwrap();
        saved(6).store(&path).unwrap();
        assert_eq!(load(&path), Ok(Some(saved(6))));
        assert_eq!(folder.names(), ["r"]);
    }

    #[test]
    fn a_crash_at_any_point_of_a_store_leaves_the_old_file_or_the_new_one() {
        let folder = Folder::new();
        let path = folder.path("r");
        saved(5).store(&path).unwrap();
        let new = serde_json::to_string_pretty(&saved(6)).unwrap();
        for written in 0..=new.len() {
            write_beside(&path, &new[..written]).unwrap();
            assert_eq!(load(&path), Ok(Some(saved(5))), "{written} bytes were written");
        }
        fs::rename(with_ending(&path, ".tmp"), &path).unwrap();
        assert_eq!(load(&path), Ok(Some(saved(6))));
    }

    #[test]
    fn what_is_not_of_this_table_and_command_is_refused_with_a_sentence() {
        let folder = Folder::new();
        let path = folder.path("r");
        let refusal = |text: &str| {
            fs::write(&path, text).unwrap();
            let error = load(&path).unwrap_err();
            assert!(error.contains("--resume") && error.contains("delete it to begin anew"), "{error}");
            error
        };
        assert!(refusal("").contains("is not a resume file"));
        assert!(refusal("{\"command\": \"export\", \"version\": 1}").contains("not a complete resume file"));
        let good = serde_json::to_value(saved(5)).unwrap();
        for (member, value, words) in [
            ("command", json!("import"), "is not a resume file of this version's export"),
            ("version", json!(2), "is not a resume file of this version's export"),
            (
                "table",
                json!("arn:aws:dynamodb:eu-west-1:1:table/x"),
                "belongs to table arn:aws:dynamodb:eu-west-1:1:table/x",
            ),
            ("tableId", json!("other"), "deleted and made again"),
        ] {
            let mut other = good.clone();
            other[member] = value;
            let error = refusal(&other.to_string());
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn a_mark_fits_only_the_file_it_was_made_of() {
        let folder = Folder::new();
        let path = folder.path("data");
        fs::write(&path, "one\ntwo\n".repeat(2000)).unwrap();
        let mark = Mark::at(&File::open(&path).unwrap(), 8008).unwrap();
        let fits = |text: &str| {
            fs::write(&path, text).unwrap();
            mark.fits(&File::open(&path).unwrap()).unwrap()
        };
        assert!(fits(&"one\ntwo\n".repeat(2000)) && fits(&"one\ntwo\n".repeat(1001)));
        assert!(!fits(&"one\ntwo\n".repeat(1000)), "too short");
        assert!(!fits(&"one\nTwo\n".repeat(2000)), "another text");
        assert!(Mark::default().fits(&File::open(&path).unwrap()).unwrap());
    }
}
