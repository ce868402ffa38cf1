//! The documents against the code: what users can meet is explained, and links lead somewhere. Needs no lab.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Texts between two marks.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    text.split(start).skip(1).filter_map(|rest| rest.split(end).next()).collect()
}

/// Rows of the tables of a document that begin with this word in code.
fn has_row(document: &str, word: &str) -> bool {
    document.lines().any(|line| {
        line.starts_with('|') && line.split('|').nth(1).is_some_and(|cell| cell.contains(&format!("`{word}`")))
    })
}

fn without_row(document: &str, words: impl IntoIterator<Item = String>) -> Vec<String> {
    words.into_iter().filter(|word| !has_row(document, word)).collect()
}

#[test]
fn every_reason_has_its_meaning_and_remedy() {
    let source = read("src/conditions.rs");
    let body = between(&source, "pub enum Reason {", "\n}")[0];
    let reasons: Vec<String> = body
        .lines()
        .map(|line| line.trim().trim_end_matches(','))
        .filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()))
        .map(Into::into)
        .collect();
    assert!(reasons.len() > 30, "the reasons are no longer found: {reasons:?}");
    assert_eq!(without_row(&read("docs/rds.md"), reasons), Vec::<String>::new(), "add them to docs/rds.md");
}

#[test]
fn no_reason_is_explained_that_does_not_exist() {
    let (source, document) = (read("src/conditions.rs"), read("docs/rds.md"));
    let tables = document.split("## Reasons and remedies").nth(1).unwrap();
    for row in tables.lines().filter(|line| line.starts_with("| `")) {
        let reason = between(row, "`", "`")[0];
        assert!(
            source.contains(&format!("    {reason},\n")),
            "docs/rds.md explains {reason}, which src/conditions.rs does not have"
        );
    }
}

#[test]
fn every_flag_is_documented_with_its_default() {
    let (source, document) = (read("src/config.rs"), read("docs/operations.md"));
    let code = source.split("#[cfg(test)]").next().unwrap();
    let variables = between(code, "env = \"AWSDB_", "\"");
    assert!(variables.len() >= 10, "the flags are no longer found: {variables:?}");
    let flags = variables.iter().map(|name| format!("--{}", name.to_lowercase().replace('_', "-")));
    assert_eq!(without_row(&document, flags), Vec::<String>::new(), "add them to docs/operations.md");
    for default in between(code, "default_value = \"", "\"") {
        let shown = format!("`{default}`");
        assert!(document.contains(&shown), "docs/operations.md does not have the default {shown}");
    }
}

#[test]
fn every_metric_is_documented() {
    let source = read("src/metrics.rs");
    let code = source.split("#[cfg(test)]").next().unwrap();
    let mut names: Vec<&str> = between(code, "\"awsdb_", "\"");
    names.sort_unstable();
    names.dedup();
    assert!(names.len() >= 8, "the metrics are no longer found: {names:?}");
    let document = read("docs/operations.md");
    let missing: Vec<&&str> = names
        .iter()
        .filter(|name| !["", "_total", "_info"].iter().any(|end| has_row(&document, &format!("awsdb_{name}{end}"))))
        .collect();
    assert!(missing.is_empty(), "add to docs/operations.md: {missing:?}");
}

#[test]
fn the_documented_policy_has_exactly_the_calls_of_the_code() {
    let document = read("docs/operations.md");
    let policy = between(&document, "```json\n", "```")[0];
    let policy: serde_json::Value = serde_json::from_str(policy).unwrap();
    let mut listed: Vec<String> = Vec::new();
    for statement in policy["Statement"].as_array().unwrap() {
        match &statement["Action"] {
            serde_json::Value::String(one) => listed.push(one.clone()),
            many => listed.extend(many.as_array().unwrap().iter().map(|one| one.as_str().unwrap().into())),
        }
    }
    listed.sort();
    let mut called: Vec<&str> = [
        awsdb::aws::rds::OPERATIONS,
        awsdb::aws::aurora::OPERATIONS,
        awsdb::aws::dynamo::OPERATIONS,
        awsdb::aws::snapshots::OPERATIONS,
        awsdb::aws::tagging::OPERATIONS,
    ]
    .concat();
    called.sort_unstable();
    called.dedup();
    assert_eq!(listed, called, "the policy of docs/operations.md");
}

#[test]
fn every_right_that_aws_checks_besides_is_documented() {
    let document = read("docs/operations.md");
    let missing: Vec<&&str> =
        awsdb::aws::dynamo::IMPLIED.iter().filter(|right| !document.contains(&format!("`{right}`"))).collect();
    assert!(missing.is_empty(), "add to docs/operations.md: {missing:?}");
}

#[test]
fn every_key_of_the_connection_secret_is_documented() {
    let kinds = [
        ("rds", "BTreeMap::from([\n", 12, "password"),
        ("aurora", "BTreeMap<String, String> = [\n", 12, "cluster-arn"),
        ("dynamo", "BTreeMap::from([\n", 11, "iam-policy"),
    ];
    for (kind, start, least, one) in kinds {
        let source = read(&format!("src/kinds/{kind}/connection.rs"));
        let code = source.split("#[cfg(test)]").next().unwrap();
        let listed = between(code, start, "]")[0];
        let keys: Vec<&str> = [between(listed, "(\"", "\""), between(code, "keys.insert(\"", "\"")].concat();
        assert!(keys.len() > least && keys.contains(&one), "the keys of {kind} are no longer found: {keys:?}");
        let document = format!("docs/{kind}.md");
        let missing: Vec<String> = without_row(&read(&document), keys.into_iter().map(Into::into));
        assert!(missing.is_empty(), "add to the table of keys in {document}: {missing:?}");
    }
}

#[test]
fn every_advisory_of_a_table_is_documented_and_no_other() {
    let source = read("src/kinds/dynamo/advice.rs");
    let number = |text: &&str| text.len() <= 2 && text.chars().all(|c| c.is_ascii_digit());
    let mut said: Vec<String> =
        between(&source, "\"DDB", ":").into_iter().filter(number).map(|number| format!("DDB{number}")).collect();
    said.sort();
    said.dedup();
    assert!(said.len() > 8, "the advisories are no longer found: {said:?}");
    let document = read("docs/dynamo.md");
    let mut listed: Vec<String> =
        between(&document, "\n| `DDB", "`").into_iter().map(|number| format!("DDB{number}")).collect();
    listed.sort();
    assert_eq!(said, listed, "the advisories of docs/dynamo.md");
}

#[test]
fn every_link_inside_the_repository_leads_somewhere() {
    let mut broken = Vec::new();
    for path in documents() {
        let text = fs::read_to_string(&path).unwrap();
        for link in between(&text, "](", ")").into_iter().filter(|link| !link.starts_with("http")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            let has_anchor = || anchor.is_empty() || headings(&target).iter().any(|heading| heading == anchor);
            if !target.exists() || !has_anchor() {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn documents() -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = ["", "docs"]
        .iter()
        .flat_map(|directory| fs::read_dir(root().join(directory)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "md"))
        .collect();
    all.sort();
    all
}

/// Anchors as the usual renderers make them of headings.
fn headings(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim().to_lowercase())
        .map(|heading| heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-')).collect::<String>())
        .map(|heading| heading.replace(' ', "-"))
        .collect()
}

#[test]
fn every_flag_that_a_document_names_exists() {
    let code = read("src/config.rs");
    for path in ["docs/rds.md", "docs/aurora.md", "docs/dynamo.md", "docs/snapshots.md", "docs/operations.md"] {
        let text = read(path);
        for flag in between(&text, "`--", "`") {
            let variable = format!("AWSDB_{}", flag.to_uppercase().replace('-', "_"));
            assert!(
                code.contains(&format!("\"{variable}\"")),
                "{path} names --{flag}, which src/config.rs does not have"
            );
        }
    }
}
