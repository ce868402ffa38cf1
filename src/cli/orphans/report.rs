//! What `awsdb orphans` writes: the list on stdout, what there is to say of it on stderr.

use std::collections::BTreeSet;
use std::io::{self, Write};

use clap::ValueEnum;
use serde::Serialize;

use super::Failure;
use crate::aws::tagging::Existence;
use crate::orphans::Orphan;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Style {
    /// Columns for people
    Table,
    /// One JSON object
    Json,
    /// The same in YAML
    Yaml,
}

/// What was found.
#[derive(Debug)]
pub(super) struct Report {
    pub installation: String,
    pub cluster: String,
    pub account: String,
    pub regions: BTreeSet<String>,
    pub orphans: Vec<Orphan>,
    /// What could not be read or judged.
    pub notes: Vec<String>,
}

const COLUMNS: [&str; 8] = ["TYPE", "NAME", "KIND", "OBJECT", "REGION", "CREATED", "WHY", "ARN"];
const REMEDY: &str = "To manage one again, apply its manifest with the same namespace and name; to be rid of it, delete it \
                      in AWS. awsdb deletes none of them.";
const UNSEEN: &str = "CREATED - is as the tagging API shows it, which lags: it may be gone already.";

/// The report for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    installation: &'a str,
    cluster: &'a str,
    account: &'a str,
    regions: &'a BTreeSet<String>,
    orphans: Vec<Entry<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    r#type: &'a str,
    name: &'a str,
    kind: &'a str,
    namespace: &'a str,
    object: &'a str,
    region: &'a str,
    /// Cluster of the tag.
    cluster: &'a str,
    created: Option<String>,
    why: &'static str,
    arn: &'a str,
    /// A direct look found it; otherwise the tagging API shows it, and lags.
    confirmed: bool,
}

impl<'a> Entry<'a> {
    fn of(orphan: &'a Orphan) -> Self {
        let (created, confirmed) = match orphan.existence {
            Existence::Exists(made) => (made.map(|made| made.to_string()), true),
            Existence::Unasked | Existence::Gone => (None, false),
        };
        let owner = &orphan.owner;
        Self {
            r#type: &orphan.arn.resource_type,
            name: &orphan.arn.name,
            kind: &owner.kind,
            namespace: &owner.namespace,
            object: &owner.name,
            region: &orphan.region,
            cluster: &owner.cluster,
            created,
            why: orphan.why.word(),
            arn: &orphan.arn.text,
            confirmed,
        }
    }

    fn cells(&self) -> [String; 8] {
        let object = format!("{}/{}", self.namespace, self.object);
        let created = self.created.as_deref().unwrap_or("-");
        [self.r#type, self.name, self.kind, &object, self.region, created, self.why, self.arn].map(Into::into)
    }
}

impl Report {
    /// Writes the report.
    ///
    /// # Errors
    /// When it cannot be written as asked.
    pub(super) fn print(&self, style: Style) -> Result<(), Failure> {
        let text = self.text(style).map_err(Failure::Failed)?;
        // A reader that has seen enough, like `head`, is no failure.
        drop(io::stdout().write_all(text.as_bytes()));
        if style == Style::Table {
            self.sentences().iter().for_each(|line| eprintln!("awsdb: {line}"));
        }
        Ok(())
    }

    fn text(&self, style: Style) -> Result<String, String> {
        let orphans: Vec<Entry<'_>> = self.orphans.iter().map(Entry::of).collect();
        if style == Style::Table {
            return Ok(table(&orphans));
        }
        let document = Document {
            installation: &self.installation,
            cluster: &self.cluster,
            account: &self.account,
            regions: &self.regions,
            orphans,
            notes: &self.notes,
        };
        match style {
            Style::Yaml => serde_saphyr::to_string(&document).map_err(|error| error.to_string()),
            Style::Table | Style::Json => {
                let json = serde_json::to_string_pretty(&document).map_err(|error| error.to_string())?;
                Ok(json + "\n")
            }
        }
    }

    /// What people must know of the table.
    fn sentences(&self) -> Vec<String> {
        let regions: Vec<&str> = self.regions.iter().map(String::as_str).collect();
        let (number, regions) = (self.orphans.len(), regions.join(", "));
        let things = if number == 1 { "thing" } else { "things" };
        let mut lines = vec![format!(
            "{number} {things} of installation {} without an object, in account {}, {regions}",
            self.installation, self.account
        )];
        lines.extend(self.notes.iter().cloned());
        if self.orphans.iter().any(|orphan| Entry::of(orphan).created.is_none()) {
            lines.push(UNSEEN.into());
        }
        if number > 0 {
            lines.push(REMEDY.into());
        }
        lines
    }
}

/// Aligned; nothing when there is nothing.
fn table(entries: &[Entry<'_>]) -> String {
    if entries.is_empty() {
        return String::new();
    }
    let rows: Vec<[String; 8]> =
        std::iter::once(COLUMNS.map(Into::into)).chain(entries.iter().map(Entry::cells)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..COLUMNS.len()).map(width).collect();
    let line = |row: &[String; 8]| {
        let padded: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::aws::arn::Arn;
    use crate::aws::owner::Owner;
    use crate::orphans::Why;

    fn orphan(arn: &str, name: &str, why: Why, existence: Existence) -> Orphan {
        let owner = Owner {
            installation: "prod".into(),
            cluster: "uid-1".into(),
            kind: "RdsInstance".into(),
            namespace: "shop".into(),
            name: name.into(),
        };
        let arn = Arn::parse(arn);
        Orphan { region: arn.region.clone(), arn, owner, why, existence }
    }

    fn report() -> Report {
        let made = Existence::Exists(Some("2026-01-02T03:04:05Z".parse().unwrap()));
        Report {
            installation: "prod".into(),
            cluster: "uid-1".into(),
            account: "123456789012".into(),
            regions: BTreeSet::from(["eu-west-1".into(), "us-east-1".into()]),
            orphans: vec![
                orphan("arn:aws:rds:eu-west-1:1:db:shop-orders", "orders", Why::NoObject, made),
                orphan("arn:aws:rds:eu-west-1:1:snapshot:s", "billing-v1", Why::OtherCluster, Existence::Unasked),
            ],
            notes: vec!["DynamoTable is not installed".into()],
        }
    }

    #[test]
    fn the_table_is_aligned_and_has_no_colour_and_no_trailing_blanks() {
        let lines = [
            "TYPE          NAME         KIND         OBJECT           REGION     CREATED               WHY            ARN",
            "rds:db        shop-orders  RdsInstance  shop/orders      eu-west-1  2026-01-02T03:04:05Z  no object      \
             arn:aws:rds:eu-west-1:1:db:shop-orders",
            "rds:snapshot  s            RdsInstance  shop/billing-v1  eu-west-1  -                     other cluster  \
             arn:aws:rds:eu-west-1:1:snapshot:s",
        ];
        assert_eq!(report().text(Style::Table).unwrap(), lines.join("\n") + "\n");
        assert_eq!(Report { orphans: Vec::new(), ..report() }.text(Style::Table).unwrap(), "");
    }

    #[test]
    fn json_and_yaml_hold_the_same() {
        let read: Value = serde_json::from_str(&report().text(Style::Json).unwrap()).unwrap();
        assert_eq!(
            read["orphans"][0],
            json!({ "type": "rds:db", "name": "shop-orders", "kind": "RdsInstance", "namespace": "shop",
                "object": "orders", "region": "eu-west-1", "cluster": "uid-1", "created": "2026-01-02T03:04:05Z",
                "why": "no object", "arn": "arn:aws:rds:eu-west-1:1:db:shop-orders", "confirmed": true })
        );
        assert_eq!((&read["orphans"][1]["created"], &read["orphans"][1]["confirmed"]), (&json!(null), &json!(false)));
        assert_eq!((&read["account"], &read["regions"][1]), (&json!("123456789012"), &json!("us-east-1")));
        assert_eq!(read["notes"], json!(["DynamoTable is not installed"]));
        let yaml: Value = serde_saphyr::from_str(&report().text(Style::Yaml).unwrap()).unwrap();
        assert_eq!(yaml, read);
    }

    #[test]
    fn people_are_told_where_it_was_looked_what_is_unsure_and_what_to_do() {
        let lines = report().sentences();
        let first = "2 things of installation prod without an object, in account 123456789012, eu-west-1, us-east-1";
        assert_eq!(lines, [first, "DynamoTable is not installed", UNSEEN, REMEDY]);
        let mut sure = report();
        sure.orphans.truncate(1);
        assert!(sure.sentences()[0].starts_with("1 thing of") && !sure.sentences().contains(&UNSEEN.to_string()));
        let none = Report { orphans: Vec::new(), notes: Vec::new(), ..report() };
        assert_eq!(none.sentences().len(), 1);
    }
}
