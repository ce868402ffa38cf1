//! Folders, tables and items for the tests of the engines.
#![cfg(test)]

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::aws::dynamo::bulk::Facts;
use crate::aws::dynamo::items::{Format, Item};
use crate::aws::dynamo::{AttributeType, KeyAttribute, Keys};

/// A folder of one test, removed afterwards.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("awsdb-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(super) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(super) fn facts() -> Facts {
    let hash = KeyAttribute { name: "id".into(), type_: AttributeType::S };
    let arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/orders".to_string();
    Facts { arn, id: "id-1".into(), keys: Keys { hash, range: None }, items: 100 }
}

pub(super) fn item(id: &str) -> Item {
    Item::parse(&format!("{{\"id\":\"{id}\",\"n\":1}}"), Format::Json, true).unwrap()
}
