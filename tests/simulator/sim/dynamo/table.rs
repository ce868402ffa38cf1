//! One table with what no describe shows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use awsdb::aws::dynamo::{
    BillingMode, ContinuousBackups, InsightsState, KinesisState, Table, TimeToLiveState, Update, WarmThroughput,
};
use awsdb::aws::owner::Tags;

use super::super::agenda::Agenda;
use super::budgets::Spent;

/// What is going on at a table, and what it keeps AWS from taking.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    Making,
    Stream,
    Throughput,
    Billing(BillingMode),
    Class,
    Encryption,
    Warm(Option<String>),
    /// A new index, first half.
    Allocation(String),
    /// A new index, second half.
    Backfill(String),
    IndexDelete(String),
    Replica,
}

/// Work with the change that it ends in.
#[derive(Clone, Debug)]
pub struct Flight {
    pub number: u32,
    pub work: Work,
    pub update: Option<Update>,
}

/// What AWS will do by itself at a time.
#[derive(Clone, Debug)]
pub enum Effect {
    /// The work of this number is done.
    Lands(u32),
    TimeToLive(&'static str),
    Insights(Option<String>, &'static str),
    Kinesis(String, &'static str),
    Gone,
}

/// An item, with who wrote it how often.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub value: Value,
    /// Writes by the operator.
    pub writes: usize,
    /// An app wrote it last.
    pub is_of_app: bool,
    /// The operator wrote over what an app had written.
    pub was_overwritten: bool,
}

/// A replica in another region, as its own region shows it.
#[derive(Clone, Debug, Default)]
pub struct Away {
    pub tags: Tags,
    pub point_in_time_recovery: bool,
    pub deletion_protection: bool,
}

/// A table.
#[derive(Clone, Debug)]
pub struct Tab {
    /// What DescribeTable shows.
    pub shown: Table,
    pub tags: Tags,
    pub policy: Option<String>,
    pub ttl: TimeToLiveState,
    pub recovery: ContinuousBackups,
    pub insights: BTreeMap<Option<String>, InsightsState>,
    pub kinesis: BTreeMap<String, KinesisState>,
    pub away: BTreeMap<String, Away>,
    /// By key.
    pub items: BTreeMap<String, Item>,
    pub spent: Spent,
    pub(super) listed_at: Timestamp,
    pub(super) facts_at: Timestamp,
    pub(super) recovery_at: Timestamp,
    pub(super) agenda: Agenda<Effect>,
    pub(super) flights: Vec<Flight>,
    pub(super) switches: usize,
    is_deleting: bool,
    frozen: Option<String>,
}

/// What a new on-demand table is ready for.
pub const WARM: WarmThroughput = WarmThroughput { read_units_per_second: 12000, write_units_per_second: 4000 };

impl Tab {
    /// A table that somebody else made, serving since long.
    pub fn standing(shown: Table, tags: Tags) -> Self {
        let long_ago = Timestamp::UNIX_EPOCH;
        Self {
            shown,
            tags,
            policy: None,
            ttl: TimeToLiveState { status: "DISABLED".into(), attribute_name: None },
            recovery: ContinuousBackups::default(),
            insights: BTreeMap::new(),
            kinesis: BTreeMap::new(),
            away: BTreeMap::new(),
            items: BTreeMap::new(),
            spent: Spent::default(),
            listed_at: long_ago,
            facts_at: long_ago,
            recovery_at: long_ago,
            agenda: Agenda::default(),
            flights: Vec::new(),
            switches: 0,
            is_deleting: false,
            frozen: None,
        }
    }

    /// Whether AWS still has something to do to it.
    pub fn is_busy(&self) -> bool {
        !self.flights.is_empty() || self.agenda.effects().next().is_some()
    }

    pub fn mode(&self) -> BillingMode {
        self.shown.settings.billing_mode.unwrap_or(BillingMode::Provisioned)
    }

    /// Stays in a status, whatever happens to it.
    pub fn freeze(&mut self, status: &str) {
        self.frozen = Some(status.into());
        self.say_status();
    }

    /// Says again what it is doing.
    pub fn thaw(&mut self) {
        self.frozen = None;
        self.shown.key_lost_since = None;
        self.say_status();
    }

    /// The KMS key cannot be used any more.
    pub fn lose_key(&mut self, since: Timestamp) {
        self.shown.key_lost_since = Some(since);
        self.freeze("INACCESSIBLE_ENCRYPTION_CREDENTIALS");
    }

    pub fn is_going(&self) -> bool {
        self.is_deleting
    }

    pub(super) fn goes(&mut self, at: Timestamp) {
        self.is_deleting = true;
        self.flights.clear();
        self.agenda.clear();
        self.agenda.plan(at, Effect::Gone);
        self.say_status();
    }

    /// Begins work that lands at a time.
    pub(super) fn begin(&mut self, work: Work, update: Option<Update>, number: u32, at: Timestamp) {
        self.flights.push(Flight { number, work, update });
        self.agenda.plan(at, Effect::Lands(number));
        self.say_status();
    }

    /// What TableStatus says of the work that is going on.
    pub(super) fn say_status(&mut self) {
        let is_updating =
            |work: &Work| !matches!(work, Work::Making | Work::Encryption | Work::Warm(_) | Work::Backfill(_));
        let status = match &self.frozen {
            _ if self.is_deleting => "DELETING",
            Some(status) => status,
            None if self.flights.iter().any(|flight| flight.work == Work::Making) => "CREATING",
            None if self.flights.iter().any(|flight| is_updating(&flight.work)) => "UPDATING",
            None => "ACTIVE",
        };
        self.shown.status = status.into();
        let changes_key = self.flights.iter().any(|flight| flight.work == Work::Encryption);
        self.shown.encryption_change = changes_key.then(|| "UPDATING".into());
    }

    /// The ARN of the stream that is on, which is another one at each enabling.
    pub(super) fn stream_arn(&self, serial: u32) -> Option<String> {
        let is_on = self.shown.settings.stream.as_ref().is_some_and(|stream| stream.enabled);
        is_on.then(|| format!("{}/stream/2026-11-16T10:00:{serial:02}.000", self.shown.arn))
    }

    pub fn summary(&self) -> String {
        let works: Vec<_> = self.flights.iter().map(|flight| &flight.work).collect();
        let indexes: Vec<_> = self.shown.indexes.iter().map(|(name, it)| format!("{name} {}", it.status)).collect();
        let Table { status, settings, replicas, .. } = &self.shown;
        format!(
            "{status} {works:?} indexes {indexes:?} replicas {:?} ttl {:?} tags {:?} items {} settings {settings:?}",
            replicas.keys(),
            self.ttl.status,
            self.tags,
            self.items.len()
        )
    }
}
