//! The closing line.

use std::io::{self, Write};

use clap::ValueEnum;
use serde::Serialize;

use super::progress::grouped;
use super::resume::ImportState;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Style {
    /// One line of text
    Text,
    /// One line of JSON
    Json,
}

/// What it did, for the closing line.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    pub command: &'static str,
    pub table: String,
    pub file: String,
    /// Items in the file, or lines of it that are done.
    pub items: u64,
    #[serde(flatten)]
    pub import: Option<ImportState>,
    /// What was there before is not known.
    #[serde(skip)]
    pub is_over: bool,
    /// Capacity units of this run.
    pub units: f64,
    pub seconds: f64,
    pub throttled: u64,
}

impl Summary {
    fn text(&self) -> String {
        let (items, file, table) = (grouped(self.items), &self.file, &self.table);
        let what = match &self.import {
            None => format!("exported {items} items of {table} to {file}"),
            Some(ImportState { written, .. }) if self.is_over => {
                format!("imported {file} into {table}: {} items written over whatever was there", grouped(*written))
            }
            Some(ImportState { written, same, kept, .. }) => format!(
                "imported {file} into {table}: {} items written, {} were there already, {} were there with other \
                 attributes and were kept",
                grouped(*written),
                grouped(*same),
                grouped(*kept)
            ),
        };
        let throttled = match self.throttled {
            0 => String::new(),
            number => format!(", {} calls throttled", grouped(number)),
        };
        format!("{what}; {:.1} s, {:.1} capacity units{throttled}", self.seconds, self.units)
    }

    /// Writes the line to stdout, or to stderr where the data is on stdout.
    pub(super) fn print(&self, style: Style, to_stdout: bool) {
        let line = match style {
            Style::Text => self.text(),
            Style::Json => serde_json::to_string(self).unwrap_or_default(),
        };
        let _ = if to_stdout { writeln!(io::stdout(), "{line}") } else { writeln!(io::stderr(), "{line}") };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_says_what_was_written_and_what_was_kept() {
        let import = ImportState { lines: 1203, written: 1200, same: 2, kept: 1 };
        let mut summary = Summary {
            command: "import",
            table: "arn:t".into(),
            file: "f".into(),
            items: 1203,
            import: Some(import),
            is_over: false,
            units: 1203.0,
            seconds: 2.04,
            throttled: 0,
        };
        let text = "imported f into arn:t: 1,200 items written, 2 were there already, 1 were there with other attributes \
                    and were kept; 2.0 s, 1203.0 capacity units";
        assert_eq!(summary.text(), text);
        let json = serde_json::to_value(&summary).unwrap();
        assert_eq!((&json["written"], &json["kept"], &json["command"]), (&1200.into(), &1.into(), &"import".into()));
        summary.is_over = true;
        assert!(summary.text().starts_with("imported f into arn:t: 1,200 items written over whatever was there; "));
        (summary.import, summary.throttled) = (None, 3);
        assert_eq!(
            summary.text(),
            "exported 1,203 items of arn:t to f; 2.0 s, 1203.0 capacity units, 3 calls throttled"
        );
    }
}
