//! `awsdb dynamo export` and `import` against the emulator: nothing is lost, nothing is doubled, nothing is overwritten.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use serde_json::Value;

use crate::lab::Lab;

struct Tables<'a> {
    lab: &'a Lab,
    client: aws_sdk_dynamodb::Client,
    runtime: tokio::runtime::Runtime,
    folder: PathBuf,
}

impl<'a> Tables<'a> {
    fn new(lab: &'a Lab, name: &str) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let keys = (lab.fact("/aws/accessKey"), lab.fact("/aws/secretKey"));
        let credentials = aws_sdk_dynamodb::config::Credentials::new(keys.0, keys.1, None, None, "lab");
        let loading = aws_config::defaults(aws_config::BehaviorVersion::v2026_01_12())
            .endpoint_url(lab.fact("/aws/endpoint"))
            .region(aws_config::Region::new(lab.fact("/aws/region")))
            .credentials_provider(credentials)
            .load();
        let client = aws_sdk_dynamodb::Client::new(&runtime.block_on(loading));
        let folder = std::env::temp_dir().join(format!("awsdb-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self { lab, client, runtime, folder }
    }

    /// A table with a partition key `id` and a sort key `n`.
    fn create(&self, name: &str) {
        let attribute = |name: &str, kind| {
            AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().unwrap()
        };
        let key = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
        let request = self
            .client
            .create_table()
            .table_name(name)
            .attribute_definitions(attribute("id", ScalarAttributeType::S))
            .attribute_definitions(attribute("n", ScalarAttributeType::N))
            .key_schema(key("id", KeyType::Hash))
            .key_schema(key("n", KeyType::Range))
            .billing_mode(BillingMode::PayPerRequest);
        self.runtime.block_on(request.send()).unwrap();
    }

    fn delete(&self, name: &str) {
        self.runtime.block_on(self.client.delete_table().table_name(name).send()).unwrap();
    }

    /// What the table holds, by key, with the attribute `text`.
    fn items(&self, name: &str) -> BTreeMap<(String, String), String> {
        let text = |item: &std::collections::HashMap<String, AttributeValue>, name: &str| match item.get(name) {
            Some(AttributeValue::S(text) | AttributeValue::N(text)) => text.clone(),
            other => panic!("{name} is {other:?}"),
        };
        let paging = self.client.scan().table_name(name).into_paginator().items().send().collect::<Result<Vec<_>, _>>();
        let items = self.runtime.block_on(paging).unwrap();
        let count = items.len();
        let all: BTreeMap<_, _> =
            items.iter().map(|item| ((text(item, "id"), text(item, "n")), text(item, "text"))).collect();
        assert_eq!(all.len(), count, "{name} gives an item twice");
        all
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn awsdb(&self, what: &str, table: &str, file: &Path, more: &[&str]) -> Command {
        let mut command = self.lab.command();
        command.args(["dynamo", what, "--region=us-east-1", "--table", table, "--file"]).arg(file).args(more);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, what: &str, table: &str, file: &Path, more: &[&str]) -> Value {
        let output = self.awsdb(what, table, file, &[more, &["-o", "json"]].concat()).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(&output)))
    }

    /// Runs it and sends this signal once its resume file shows that it has done something.
    fn interrupt(&self, signal: &str, what: &str, table: &str, file: &Path, more: &[&str]) -> Output {
        let resume = resume(file);
        let saved = || serde_json::from_str::<Value>(&std::fs::read_to_string(&resume).ok()?).ok();
        let reached = || {
            let state = saved().map(|saved| saved["state"].clone()).unwrap_or_default();
            state["lines"].as_u64().or(state["items"].as_u64()).unwrap_or_default()
        };
        let (before, began) = (reached(), Instant::now());
        let child = self.awsdb(what, table, file, more).spawn().unwrap();
        while reached() <= before && began.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(5));
        }
        Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(resume.exists(), "it had ended already: {}", said(&output));
        output
    }
}

fn resume(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}.resume", file.display()))
}

impl Drop for Tables<'_> {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Plain JSON lines. `id` is not unique alone; texts make a page of 1 MB smaller than a segment.
fn lines(count: usize) -> String {
    let padding = "x".repeat(3000);
    let line =
        |number: usize| format!("{{\"id\":\"{}\",\"n\":{number},\"text\":\"{number} é {padding}\"}}\n", number / 2);
    (0..count).map(line).collect()
}

fn exported(path: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let all: BTreeSet<String> = text.lines().map(Into::into).collect();
    assert_eq!(all.len(), text.lines().count(), "a line is there twice");
    all
}

#[test]
fn bulk_export_and_import_carry_every_item_over() {
    let lab = Lab::new("bulk-over");
    let tables = Tables::new(&lab, "bulk-over");
    let (source, data, back) = (tables.path("source"), tables.path("data"), tables.path("back"));
    std::fs::write(&source, lines(2000)).unwrap();
    tables.create("bulk-a");
    tables.create("bulk-b");
    let summary = tables.run("import", "bulk-a", &source, &["--format=json", "--existing=overwrite"]);
    assert_eq!((&summary["written"], &summary["items"]), (&2000.into(), &2000.into()), "{summary}");
    let before = lab.aws_calls();
    let summary = tables.run("export", "bulk-a", &data, &["--segments=4"]);
    assert_eq!(summary["items"], 2000, "{summary}");
    let scans = lab.aws_calls()["dynamodb.Scan"] - before.get("dynamodb.Scan").copied().unwrap_or_default();
    assert!((5..=12).contains(&scans), "{scans} calls of Scan: 6 MB in four segments");
    tables.run("import", "bulk-b", &data, &[]);
    assert_eq!(tables.items("bulk-a"), tables.items("bulk-b"));
    assert_eq!(tables.items("bulk-b").len(), 2000);
    tables.run("export", "bulk-b", &back, &["--segments=1", "--consistent"]);
    assert_eq!(exported(&data), exported(&back));
    let left: Vec<String> = std::fs::read_dir(&tables.folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("resume"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
    ["bulk-a", "bulk-b"].iter().for_each(|name| tables.delete(name));
}

#[test]
fn bulk_operations_killed_in_the_middle_go_on_without_loss() {
    let lab = Lab::new("bulk-kill");
    let tables = Tables::new(&lab, "bulk-kill");
    let (source, data) = (tables.path("source"), tables.path("data"));
    std::fs::write(&source, lines(1500)).unwrap();
    tables.create("bulk-kill-a");
    tables.create("bulk-kill-b");
    for _ in 0..2 {
        let slowly = ["--format=json", "--writers=2", "--rate=400"];
        tables.interrupt("-KILL", "import", "bulk-kill-a", &source, &slowly);
    }
    let summary = tables.run("import", "bulk-kill-a", &source, &["--format=json"]);
    assert_eq!(summary["kept"], 0, "{summary}");
    assert_eq!(tables.items("bulk-kill-a").len(), 1500);

    // Under a cap the pages are small, so that there is a middle; the emulator counts few units for an item.
    let capped = ["--segments=3", "--rate=4"];
    tables.interrupt("-KILL", "export", "bulk-kill-a", &data, &capped);
    let stopped = tables.interrupt("-INT", "export", "bulk-kill-a", &data, &capped);
    assert_eq!(stopped.status.code(), Some(130), "{}", said(&stopped));
    assert!(said(&stopped).contains("to go on: awsdb dynamo export --region=us-east-1"), "{}", said(&stopped));
    let refused = tables.awsdb("export", "bulk-kill-a", &data, &["--segments=4"]).output().unwrap();
    assert!(refused.status.code() == Some(2) && said(&refused).contains("--segments 3"), "{}", said(&refused));
    let refused = tables.awsdb("export", "bulk-kill-b", &data, &capped).output().unwrap();
    assert!(refused.status.code() == Some(2) && said(&refused).contains("belongs to table"), "{}", said(&refused));
    let summary = tables.run("export", "bulk-kill-a", &data, &["--segments=3"]);
    assert_eq!((summary["items"].as_u64(), exported(&data).len()), (Some(1500), 1500), "{summary}");

    tables.run("import", "bulk-kill-b", &data, &["--existing=overwrite"]);
    assert_eq!(tables.items("bulk-kill-a"), tables.items("bulk-kill-b"));
    ["bulk-kill-a", "bulk-kill-b"].iter().for_each(|name| tables.delete(name));
}

#[test]
fn bulk_import_does_not_overwrite_and_bulk_export_neither() {
    let lab = Lab::new("bulk-keep");
    let tables = Tables::new(&lab, "bulk-keep");
    let (source, data) = (tables.path("source"), tables.path("data"));
    tables.create("bulk-keep");
    std::fs::write(&source, "{\"id\":\"a\",\"n\":1,\"text\":\"old\"}\n{\"id\":\"b\",\"n\":1,\"text\":\"same\"}\n")
        .unwrap();
    tables.run("import", "bulk-keep", &source, &["--format=json"]);
    std::fs::write(
        &source,
        "{\"id\":\"a\",\"n\":1.0,\"text\":\"new\"}\n{\"text\":\"same\",\"id\":\"b\",\"n\":1}\n{\"id\":\"c\",\"n\":1,\"text\":\"x\"}\n",
    )
    .unwrap();
    let summary = tables.run("import", "bulk-keep", &source, &["--format=json"]);
    let counts = ["written", "same", "kept"].map(|name| summary[name].as_u64().unwrap());
    assert_eq!(counts, [1, 1, 1], "{summary}");
    let key = ("a".to_string(), "1".to_string());
    assert_eq!(tables.items("bulk-keep")[&key], "old");
    tables.run("import", "bulk-keep", &source, &["--format=json", "--existing=overwrite"]);
    assert_eq!(tables.items("bulk-keep").len(), 3);

    let (good, bad) = ("{\"id\":\"d\",\"n\":1,\"text\":\"x\"}\n", "{\"id\":\"e\",\"text\":\"canary\"}\n");
    for (text, written, is_left) in [(bad.to_string(), 3, false), (format!("{good}{bad}"), 4, true)] {
        std::fs::write(&source, text).unwrap();
        let failed = tables.awsdb("import", "bulk-keep", &source, &["--format=json"]).output().unwrap();
        assert_eq!(failed.status.code(), Some(1), "{}", said(&failed));
        assert!(said(&failed).contains("the key attribute \"n\" is missing"), "{}", said(&failed));
        assert!(!said(&failed).contains("canary"), "{}", said(&failed));
        assert_eq!((tables.items("bulk-keep").len(), resume(&source).exists()), (written, is_left));
    }
    std::fs::write(&source, format!("{good}{}", bad.replace("text", "n\":2,\"text"))).unwrap();
    let summary = tables.run("import", "bulk-keep", &source, &["--format=json"]);
    assert_eq!((&summary["lines"], &summary["written"]), (&2.into(), &2.into()), "{summary}");
    assert!(!resume(&source).exists());

    std::fs::write(&data, "precious").unwrap();
    let refused = tables.awsdb("export", "bulk-keep", &data, &[]).output().unwrap();
    assert!(refused.status.code() == Some(2) && said(&refused).contains("not overwritten"), "{}", said(&refused));
    assert_eq!(std::fs::read_to_string(&data).unwrap(), "precious");

    let piped = tables.awsdb("export", "bulk-keep", Path::new("-"), &[]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&piped.stdout).lines().count(), 5, "{}", said(&piped));
    assert!(String::from_utf8_lossy(&piped.stderr).contains("exported 5 items"), "{}", said(&piped));
    let absent = tables.awsdb("export", "bulk-nowhere", Path::new("-"), &[]).output().unwrap();
    assert_eq!(absent.status.code(), Some(1), "{}", said(&absent));
    assert!(said(&absent).contains("AWS says ResourceNotFoundException"), "{}", said(&absent));
    tables.delete("bulk-keep");
}
