//! The examples and the documents: every manifest in them is admitted as it stands.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::lab::lab;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(directory: &str, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(directory)).unwrap();
    let mut all: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    all.retain(|path| path.extension().is_some_and(|it| it == extension));
    all.sort();
    all
}

fn documents(yaml: &str) -> Result<Vec<Value>, String> {
    serde_saphyr::from_multiple(yaml).map_err(|error| error.to_string())
}

/// Each fenced block of a language, with the line that it begins on; inside of lists they are indented.
fn blocks(markdown: &str, language: &str) -> Vec<(usize, String)> {
    let mut all = Vec::new();
    let mut open: Option<(usize, usize, String)> = None;
    for (index, line) in markdown.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        match (&mut open, line.trim_start().strip_prefix("```")) {
            (Some(_), Some(_)) => all.extend(open.take().map(|(at, _, text)| (at, text)).filter(|(at, _)| *at > 0)),
            (Some((_, margin, text)), None) => text.push_str(&format!("{}\n", line.get(*margin..).unwrap_or_default())),
            (None, Some(word)) => open = Some((if word == language { index + 1 } else { 0 }, indent, String::new())),
            (None, None) => {}
        }
    }
    all
}

#[test]
fn blocks_of_one_language_are_found_in_lists_too() {
    let text = "```sh\na\n```\n- x\n  ```yaml\n  b:\n    c\n  ```\n```yaml\nd\n```\n";
    assert_eq!(blocks(text, "yaml"), [(5, "b:\n  c\n".into()), (9, "d\n".into())]);
}

/// Every manifest of a text is admitted; how many there were.
fn admitted(place: &str, yaml: &str) -> usize {
    let objects = documents(yaml).unwrap_or_else(|error| panic!("{place}: {error}"));
    for object in &objects {
        // The service account that a pod needs is made by a controller after its namespace.
        if object["kind"] == "Pod" {
            lab().wait_until("the service account of team-a", || {
                lab().kubectl(&["get", "serviceaccount", "default", "-n", "team-a"], "").status.success()
            });
        }
        if let Err(refusal) = lab().apply(object, true) {
            panic!("{place}: {} {} is refused: {}", object["kind"], object["metadata"]["name"], refusal.message);
        }
    }
    objects.len()
}

#[test]
fn every_example_is_admitted() {
    let files = files("examples", "yaml");
    assert!(files.len() >= 10, "examples/ is incomplete");
    for file in files {
        let count = admitted(&file.display().to_string(), &std::fs::read_to_string(&file).unwrap());
        assert!(count > 0, "{} is empty", file.display());
    }
}

#[test]
fn the_examples_say_their_namespace_and_do_not_repeat_a_name() {
    let mut names = std::collections::BTreeSet::new();
    for file in files("examples", "yaml") {
        for object in documents(&std::fs::read_to_string(&file).unwrap()).unwrap() {
            let is_namespace = object["kind"] == "Namespace";
            assert!(is_namespace || object["metadata"]["namespace"] == "team-a", "{}", file.display());
            let name = format!("{} {}", object["kind"], object["metadata"]["name"]);
            assert!(names.insert(name.clone()), "{name} is in two examples");
        }
    }
}

#[test]
fn every_yaml_block_of_the_documents_is_admitted() {
    let mut count = 0;
    for file in files("docs", "md").into_iter().chain(files("", "md")) {
        let text = std::fs::read_to_string(&file).unwrap();
        for (line, yaml) in blocks(&text, "yaml") {
            count += admitted(&format!("{}:{line}", file.display()), &yaml);
        }
    }
    assert!(count >= 8, "the documents show {count} manifests only: are the blocks still found?");
}
