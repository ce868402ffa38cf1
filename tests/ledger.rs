//! The ledger: every row of the tables in the AWS specification that is implemented, with the tests that show it. A row
//! without a test must say why; a test that is named must exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A row of `tests/rows.toml`.
#[derive(Debug, Default, PartialEq)]
struct Row {
    id: String,
    tests: Vec<String>,
    open: Option<String>,
}

/// Reads the part of TOML that the ledger is written in: tables `[[row]]`, texts, and lists of texts.
fn parse(text: &str) -> Result<Vec<Row>, String> {
    let mut rows: Vec<Row> = Vec::new();
    let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    while let Some((at, line)) = lines.next() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line == "[[row]]" {
            rows.push(Row::default());
            continue;
        }
        let (key, value) = line.split_once('=').ok_or(format!("line {at}: neither a row nor a key: {line}"))?;
        let mut value = value.trim().to_string();
        while value.starts_with('[') && !value.ends_with(']') {
            let (_, more) = lines.next().ok_or(format!("line {at}: the list does not end"))?;
            value.push_str(more);
        }
        let row = rows.last_mut().ok_or(format!("line {at}: a key before the first row"))?;
        let texts = texts(&value).ok_or(format!("line {at}: not a text or a list of texts: {value}"))?;
        match (key.trim(), texts.as_slice()) {
            ("id", [id]) if row.id.is_empty() => row.id.clone_from(id),
            ("open", [why]) if row.open.is_none() => row.open = Some(why.clone()),
            ("tests", _) if row.tests.is_empty() && value.starts_with('[') => row.tests = texts,
            (key, _) => return Err(format!("line {at}: {key} is unknown, given twice, or no such value: {value}")),
        }
    }
    Ok(rows)
}

/// `"a"` or `["a", "b",]`, with `\"` and `\\` inside.
fn texts(value: &str) -> Option<Vec<String>> {
    let inner = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(value);
    let (mut found, mut rest) = (Vec::new(), inner.trim());
    while !rest.is_empty() {
        let (mut text, mut end) = (String::new(), None);
        let mut characters = rest.strip_prefix('"')?.char_indices();
        while let Some((at, c)) = characters.next() {
            match c {
                '"' => {
                    end = Some(at + 2);
                    break;
                }
                '\\' => text.push(characters.next()?.1),
                c => text.push(c),
            }
        }
        rest = rest[end?..].trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        found.push(text);
    }
    Some(found)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The file of a test `a::b::name`: `src/a/b.rs`, `src/a/b/mod.rs`, or, with `tests` last, the file that it is inside.
/// What begins with `tests::` is in `tests/`.
fn files(path: &[&str]) -> Vec<PathBuf> {
    let (start, path) = match path {
        ["tests", rest @ ..] => ("tests", rest),
        all => ("src", all),
    };
    let outer = path.strip_suffix(&["tests"]).unwrap_or(path);
    [path, outer]
        .into_iter()
        .map(|parts| root().join(start).join(parts.join("/")))
        .flat_map(|file| [file.with_extension("rs"), file.join("mod.rs"), file.join("main.rs")])
        .filter(|file| file.is_file())
        .collect()
}

/// Whether a test of that name is in its file: a function with a test attribute right above it.
fn exists(test: &str) -> bool {
    let mut path: Vec<&str> = test.split("::").collect();
    let name = path.pop().unwrap_or_default();
    files(&path).iter().any(|file| is_test(&fs::read_to_string(file).unwrap_or_default(), name))
}

fn is_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let heads = [format!("fn {name}("), format!("async fn {name}(")];
    lines.iter().enumerate().filter(|(_, line)| heads.iter().any(|head| line.starts_with(head.as_str()))).any(
        |(at, _)| {
            lines[..at]
                .iter()
                .rev()
                .take_while(|line| line.starts_with("#["))
                .any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
        },
    )
}

fn ledger() -> Vec<Row> {
    let text = fs::read_to_string(root().join("tests/rows.toml")).unwrap();
    parse(&text).unwrap_or_else(|error| panic!("tests/rows.toml, {error}"))
}

#[test]
fn every_row_has_a_test_or_a_reason_and_every_test_exists() {
    let (rows, mut faults, mut ids) = (ledger(), Vec::new(), BTreeSet::new());
    for row in &rows {
        if row.id.is_empty() || !ids.insert(row.id.as_str()) {
            faults.push(format!("{row:?}: no id of its own"));
        }
        if row.tests.is_empty() && row.open.is_none() {
            faults.push(format!("{}: neither tests nor a reason", row.id));
        }
        faults.extend(row.tests.iter().filter(|test| !exists(test)).map(|test| format!("{}: no test {test}", row.id)));
    }
    let shown = rows.iter().filter(|row| !row.tests.is_empty()).count();
    let partly = rows.iter().filter(|row| !row.tests.is_empty() && row.open.is_some()).count();
    let tests: BTreeSet<&String> = rows.iter().flat_map(|row| &row.tests).collect();
    println!(
        "{} rows: {shown} shown by {} tests (of these {partly} in part), {} open",
        rows.len(),
        tests.len(),
        rows.len() - shown
    );
    for row in &rows {
        if let Some(why) = &row.open {
            println!("  {}{}: {why}", row.id, if row.tests.is_empty() { "" } else { " (in part)" });
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_section_of_the_specification_has_rows() {
    let rows = ledger();
    let rds = ["rule", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "4.1", "4.2", "4.3", "4.4", "4.5"];
    let dynamo = ["rule", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "1.8", "1.9", "1.10"];
    let of = |kind: &'static str, sections: &[&str]| -> Vec<String> {
        sections.iter().map(|section| format!("{kind}{section} ")).collect()
    };
    let sections = [of("", &rds), of("dynamo ", &dynamo)].concat();
    for section in &sections {
        assert!(rows.iter().any(|row| row.id.starts_with(section)), "{section}");
    }
    for row in &rows {
        assert!(sections.iter().any(|section| row.id.starts_with(section)), "{}: of no section", row.id);
    }
}

#[test]
fn the_ledger_is_read_as_it_is_written() {
    let text = "# a remark\n\n[[row]]\nid = \"1.1 a \\\"b\\\" = c\"\ntests = [\"x::y\"]\n[[row]]\nid = \"d\"\ntests = [\n  \"p\",\n  \"q\",\n]\nopen = \"why\"\n";
    let row = |id: &str, tests: &[&str], open: Option<&str>| Row {
        id: id.into(),
        tests: tests.iter().map(|test| (*test).to_string()).collect(),
        open: open.map(Into::into),
    };
    assert_eq!(parse(text).unwrap(), [row("1.1 a \"b\" = c", &["x::y"], None), row("d", &["p", "q"], Some("why"))]);
}

#[test]
fn what_is_no_ledger_is_refused_with_its_line() {
    for (text, words) in [
        ("id = \"a\"", "line 1: a key before"),
        ("[[row]]\nid = a", "line 2: not a text"),
        ("[[row]]\nid = \"a\"\nid = \"b\"", "line 3: id is unknown, given twice"),
        ("[[row]]\ntest = [\"a\"]", "line 2: test is unknown"),
        ("[[row]]\ntests = [\"a\",", "line 2: the list does not end"),
        ("[[row]]\ntests = \"a\"", "line 2: tests is unknown"),
        ("row", "line 1: neither a row"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn only_a_function_with_a_test_attribute_counts() {
    let source = "#[test]\nfn a() {}\n\nfn b() {}\n#[tokio::test(start_paused = true)]\nasync fn c() {}\n#[test]\n#[ignore]\nfn d() {}\n// fn e() {}";
    for (name, is) in [("a", true), ("b", false), ("c", true), ("d", true), ("e", false), ("", false)] {
        assert_eq!(is_test(source, name), is, "{name}");
    }
    assert!(exists("tests::ledger::only_a_function_with_a_test_attribute_counts"));
    assert!(!exists("tests::ledger::is_test"));
    assert!(!exists("kinds::nowhere::x"));
}
