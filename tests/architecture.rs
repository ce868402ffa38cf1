//! Who may call whom, and how long things may get: reads the sources and fails where architecture.md section 2 or the bars
//! of the review do not hold. Approximate on purpose: it reads lines and braces, not Rust.

use std::fs;
use std::path::{Path, PathBuf};

const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 60;
const P90_LINES: usize = 30;
/// `reconcile.rs` shall have 120 code lines; beyond this many the test fails.
const ROUND_LINES: (usize, usize) = (120, 160);

/// Pure: no waiting, no clock, no environment, no randomness.
const PURE: [&str; 8] = [
    "src/kinds/",
    "src/advice/",
    "src/kind.rs",
    "src/diff.rs",
    "src/conditions.rs",
    "src/life.rs",
    "src/approval.rs",
    "src/schedule.rs",
];
const IMPURE_WORDS: [&str; 9] = [
    "async",
    "await",
    "tokio",
    "SystemTime",
    "Instant",
    "Timestamp::now",
    "std::env",
    "SystemRandom",
    "Password::draw",
];
/// Where clients of the API server may be.
const CLUSTER: [&str; 3] = ["src/controller/", "src/cli/", "src/main.rs"];
const CLUSTER_WORDS: [&str; 4] = ["Api", "Client", "kube::api", "kube::client"];

#[test]
fn the_sources_keep_to_the_architecture() {
    let (mut faults, mut lengths) = (Vec::new(), Vec::new());
    for (path, text) in sources() {
        let file = Source::read(&path, &text);
        faults.extend(file.faults());
        lengths.extend(file.functions.iter().map(|function| function.lines));
    }
    lengths.sort_unstable();
    let p90 = lengths[lengths.len() * 9 / 10];
    if p90 > P90_LINES {
        faults.push(format!("functions: p90 is {p90} lines (bar {P90_LINES})"));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn the_five_steps_stay_short() {
    let path = "src/controller/reconcile.rs";
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let lines = Source::read(path, &text).code_lines();
    if lines > ROUND_LINES.0 {
        println!("{path}: {lines} code lines (bar {})", ROUND_LINES.0);
    }
    assert!(lines <= ROUND_LINES.1, "{path}: {lines} code lines (bar {})", ROUND_LINES.0);
}

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut open, mut found) = (vec![root.join("src")], Vec::<PathBuf>::new());
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(found.len() > 10, "the sources were not found");
    let name = |path: &Path| path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
    found.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

/// A source file without its comments, texts and tests.
struct Source {
    path: String,
    /// Blanked lines; `None` for those of tests.
    lines: Vec<Option<String>>,
    functions: Vec<Function>,
}

struct Function {
    name: String,
    first: usize,
    lines: usize,
}

impl Source {
    fn read(path: &str, text: &str) -> Self {
        let blanked = blank(text);
        let lines = if path.ends_with("/tests.rs") || path.contains("/tests/") {
            Vec::new()
        } else {
            without_tests(blanked.lines().collect())
        };
        let functions = functions(&lines);
        Self { path: path.into(), lines, functions }
    }

    fn code_lines(&self) -> usize {
        self.code().filter(|(_, line)| !line.trim().is_empty()).count()
    }

    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines.iter().enumerate().filter_map(|(at, line)| Some((at + 1, line.as_deref()?)))
    }

    fn is_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path.starts_with(place))
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let path = &self.path;
        let lines = self.code_lines();
        if lines > FILE_LINES {
            faults.push(format!("{path}: {lines} code lines (bar {FILE_LINES})"));
        }
        for long in self.functions.iter().filter(|function| function.lines > FUNCTION_LINES) {
            faults
                .push(format!("{path}:{}: fn {}: {} lines (bar {FUNCTION_LINES})", long.first, long.name, long.lines));
        }
        for (at, line) in self.code() {
            faults.extend(self.fault(line).map(|fault| format!("{path}:{at}: {fault}: {}", line.trim())));
        }
        faults
    }

    fn fault(&self, line: &str) -> Option<&'static str> {
        let line = line.trim();
        let is_aws = self.is_in(&["src/aws/", "src/aws.rs"]);
        let imports_kube = line.starts_with("use kube") || line.contains("kube::");
        if has(line, ".unwrap()") {
            Some("unwrap outside tests")
        } else if has(line, "aws_sdk_") && !is_aws {
            Some("the SDK outside src/aws")
        } else if is_aws && line.match_indices("crate::").any(|(at, _)| !line[at..].starts_with("crate::aws")) {
            Some("src/aws knows of something else of ours")
        } else if imports_kube && !self.is_in(&CLUSTER) && CLUSTER_WORDS.iter().any(|word| has_word(line, word)) {
            Some("a client of the API server outside the controller")
        } else if self.is_in(&["src/kinds/"]) && has(line, "crate::controller") {
            Some("a kind that knows the controller")
        } else if self.is_in(&PURE) && IMPURE_WORDS.iter().any(|word| has_word(line, word)) {
            Some("waiting, clock, environment or randomness where everything is pure")
        } else {
            None
        }
    }
}

fn has(line: &str, text: &str) -> bool {
    line.contains(text)
}

/// The word, not a part of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(is_part) && !line[at + word.len()..].starts_with(is_part))
}

/// The text with comments and the insides of texts as spaces, line for line.
fn blank(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(c) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(hashes) = raw_text(rest, &out) {
            let end = format!("\"{}", "#".repeat(hashes));
            let start = hashes + 2;
            rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len())
        } else if c == '"' {
            quoted(rest)
        } else if c == '\'' {
            character(rest)
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        };
        out.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = &rest[length..];
    }
    out
}

/// The number of hashes of a raw text that begins here.
fn raw_text(rest: &str, before: &str) -> Option<usize> {
    let after = rest.strip_prefix('r').filter(|_| !before.ends_with(|c: char| c.is_alphanumeric() && c != 'b'))?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then_some(hashes)
}

fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of a character literal, or 1 for the quote of a lifetime.
fn character(rest: &str) -> usize {
    let inside = &rest[1..];
    if inside.starts_with('\\') {
        return inside[2..].find('\'').map_or(1, |at| at + 4);
    }
    let first = inside.chars().next().map_or(0, char::len_utf8);
    if inside[first..].starts_with('\'') { first + 2 } else { 1 }
}

fn balance(line: &str) -> i64 {
    line.chars().map(|c| i64::from(c == '{') - i64::from(c == '}')).sum()
}

/// Lines of `#[cfg(test)]` items, or of a whole file of them, become `None`.
fn without_tests(lines: Vec<&str>) -> Vec<Option<String>> {
    let (mut kept, mut inside, mut depth, mut opened) = (Vec::new(), false, 0, false);
    if lines.iter().any(|line| line.starts_with("#![cfg(test)]")) {
        return vec![None; lines.len()];
    }
    for line in lines {
        if !inside && line.contains("#[cfg(test)]") {
            (inside, depth, opened) = (true, 0, false);
        }
        kept.push((!inside).then(|| line.to_string()));
        if inside {
            depth += balance(line);
            opened |= line.contains('{');
            let is_declaration = !opened && line.trim_end().ends_with(';');
            if (opened && depth == 0) || is_declaration {
                inside = false;
            }
        }
    }
    kept
}

fn functions(lines: &[Option<String>]) -> Vec<Function> {
    let mut found = Vec::new();
    for (first, line) in lines.iter().enumerate() {
        let Some(name) = line.as_deref().and_then(function_name) else { continue };
        let (mut depth, mut opened) = (0, false);
        for (at, line) in lines.iter().enumerate().skip(first) {
            let line = line.as_deref().unwrap_or_default();
            depth += balance(line);
            opened |= line.contains('{');
            if opened && depth <= 0 {
                found.push(Function { name, first: first + 1, lines: at - first + 1 });
                break;
            }
            if !opened && line.trim_end().ends_with(';') {
                break;
            }
        }
    }
    found
}

fn function_name(line: &str) -> Option<String> {
    let at = line.find("fn ")?;
    let before_is_free = line[..at].split_whitespace().all(|word| {
        matches!(word, "const" | "async" | "unsafe" | "extern") || word.starts_with("pub") || word.ends_with(')')
    });
    let name: String = line[at + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (before_is_free && !name.is_empty()).then_some(name)
}

#[test]
fn a_bad_line_is_caught_where_it_is_forbidden_and_only_there() {
    for (path, line, word) in [
        ("src/kind.rs", "let x = y.unwrap();", "unwrap"),
        ("src/kinds/rds/mod.rs", "use aws_sdk_rds::Client;", "SDK"),
        ("src/aws/rds.rs", "use crate::kind::Plan;", "something else"),
        ("src/kinds/rds/mod.rs", "use kube::{Api, Resource};", "API server"),
        ("src/health.rs", "fn f(client: kube::Client) {}", "API server"),
        ("src/kinds/rds/mod.rs", "use crate::controller::World;", "controller"),
        ("src/kinds/rds/mod.rs", "async fn f() {}", "pure"),
        ("src/life.rs", "let now = Timestamp::now();", "pure"),
        ("src/approval.rs", "let text = std::env::var(name);", "pure"),
    ] {
        let faults = Source::read(path, line).faults();
        assert!(faults.len() == 1 && faults[0].contains(word), "{path}: {line}: {faults:?}");
    }
    for (path, line) in [
        ("src/aws/rds.rs", "use aws_sdk_rds::Client; use crate::aws::Seen;"),
        ("src/controller/kube.rs", "use kube::{Api, Client};"),
        ("src/kind.rs", "use kube::core::Resource;"),
        ("src/controller/run.rs", "async fn f() { Instant::now() }"),
        ("src/kind.rs", "// y.unwrap() and async"),
        ("src/kind.rs", "let text = \"y.unwrap() {\"; let c = '\"'; let d = r#\"async \" \"#;"),
        ("src/kind.rs", "#[cfg(test)]\nmod tests {\n    fn f() { y.unwrap(); }\n}"),
        ("src/kinds/rds/tests.rs", "fn f() { y.unwrap(); }"),
        ("src/aws/rds/tests/wire.rs", "use crate::kind::Plan;"),
        ("src/kind.rs", "#![cfg(test)]\nfn f() { y.unwrap(); }"),
        ("src/life.rs", "fn instantly(asynchronous: Timestamp) {}"),
    ] {
        assert_eq!(Source::read(path, line).faults(), Vec::<String>::new(), "{path}: {line}");
    }
}

#[test]
fn long_functions_and_files_are_caught_and_tests_do_not_count() {
    let body = "    call();\n".repeat(61);
    let long = format!("pub(super) async fn long<T: 'static>()\nwhere\n    T: Send,\n{{\n{body}}}\n");
    let faults = Source::read("src/controller/x.rs", &long).faults();
    assert!(faults.len() == 1 && faults[0].contains("fn long: 66 lines"), "{faults:?}");
    let file = "fn f() {}\n".repeat(401);
    assert!(Source::read("src/x.rs", &file).faults()[0].contains("401 code lines"));
    let tests = format!("#[cfg(test)]\nmod tests {{\n{file}{long}}}\n");
    assert!(Source::read("src/x.rs", &tests).faults().is_empty());
    let declared = "trait T {\n    fn declared(&self);\n    fn given(&self) {\n        call();\n    }\n}\n";
    let functions = Source::read("src/x.rs", declared).functions;
    assert_eq!(functions.iter().map(|f| (f.name.as_str(), f.lines)).collect::<Vec<_>>(), [("given", 3)]);
}
