//! The three calls that make a table.

use std::collections::BTreeMap;

use awsdb::aws::dynamo::{
    BillingMode, Creation, Encryption, ImportFromS3, ImportState, Index, Restore, RestoreState, Settings, Stream,
    Table, TableClass, TableIndex, Throughput, WarmThroughput,
};
use awsdb::aws::owner::Tags;

use super::super::desk::{Answer, Refused, refused};
use super::Dynamo;
use super::table::{Tab, WARM, Work};

impl Dynamo {
    pub(super) fn create(&mut self, name: &str, creation: &Creation) -> Answer {
        self.is_free(name, "ResourceInUseException", "Table already exists")?;
        check(creation)?;
        let ready = self.timing.create;
        let shown = self.new_table(name, creation);
        let mut tab = Tab::standing(shown, creation.tags.clone());
        tab.policy = creation.settings.resource_policy.clone();
        self.begin(name, tab, ready);
        Ok(())
    }

    fn is_free(&self, name: &str, code: &'static str, words: &str) -> Answer {
        if self.tables.contains_key(name) { refused(code, format!("{words}: {name}")) } else { Ok(()) }
    }

    fn new_table(&mut self, name: &str, creation: &Creation) -> Table {
        let serial = self.next_serial();
        Table {
            arn: self.arn(name),
            id: format!("table-id-{serial:04}"),
            created: Some(self.now),
            keys: creation.keys.clone(),
            settings: settings(&creation.settings),
            indexes: creation
                .indexes
                .iter()
                .map(|(name, index)| (name.clone(), new_index(index, "CREATING")))
                .collect(),
            local_indexes: creation.local_indexes.clone(),
            ..Table::default()
        }
    }

    fn begin(&mut self, name: &str, mut tab: Tab, seconds: i64) {
        let serial = self.next_serial();
        let (timing, ready) = (self.timing, self.after(seconds));
        tab.listed_at = self.after(timing.listed);
        tab.facts_at = self.after(timing.facts);
        tab.recovery_at = self.after(seconds + timing.recovery);
        tab.begin(Work::Making, None, serial, ready);
        self.tables.insert(name.into(), tab);
        self.made.push(name.into());
    }

    /// Made without stream, TTL, recovery, tags, protection, policy and class.
    pub(super) fn restore(&mut self, name: &str, from: &Restore, creation: &Creation, indexes: bool) -> Answer {
        self.is_free(name, "TableAlreadyExistsException", "Table already exists")?;
        let (source, old) = self.origin(from)?;
        let asked = &creation.settings;
        let is = &old.shown.settings;
        let mut given = Settings {
            billing_mode: asked.billing_mode.or(is.billing_mode),
            provisioned_throughput: asked.provisioned_throughput.or(is.provisioned_throughput),
            on_demand_throughput: asked.on_demand_throughput.or(is.on_demand_throughput),
            encryption: asked.encryption.clone(),
            ..Settings::default()
        };
        if given.billing_mode == Some(BillingMode::PayPerRequest) {
            given.provisioned_throughput = None;
        }
        let all: BTreeMap<String, Index> =
            old.shown.indexes.iter().map(|(name, index)| (name.clone(), index.index.clone())).collect();
        let wanted = Creation {
            keys: old.shown.keys.clone(),
            settings: given,
            indexes: if indexes { creation.indexes.clone() } else { all },
            local_indexes: old.shown.local_indexes.clone(),
            tags: Tags::new(),
        };
        let mut shown = self.new_table(name, &wanted);
        shown.restore = Some(RestoreState { source, in_progress: true });
        let mut tab = Tab::standing(shown, Tags::new());
        tab.items = old.items;
        let seconds = self.timing.restore;
        self.begin(name, tab, seconds);
        Ok(())
    }

    fn origin(&self, from: &Restore) -> Result<(String, Tab), Refused> {
        match from {
            Restore::Backup(arn) => {
                let found = self.backups.iter().find(|copy| copy.shown.arn == *arn && copy.shown.status == "AVAILABLE");
                let Some(copy) = found else {
                    return refused("BackupNotFoundException", format!("Backup not found: {arn}"));
                };
                Ok((arn.clone(), copy.tab.clone()))
            }
            Restore::PointInTime { source, .. } => {
                let name = source.rsplit('/').next().unwrap_or_default();
                let Some(tab) = self.tables.get(name) else {
                    return refused("TableNotFoundException", format!("Table not found: {name}"));
                };
                if !tab.recovery.is_enabled {
                    return refused(
                        "PointInTimeRecoveryUnavailableException",
                        format!("Point in time recovery is not enabled for table '{name}'"),
                    );
                }
                Ok((tab.shown.arn.clone(), tab.clone()))
            }
        }
    }

    /// The table is ACTIVE before the import is over.
    pub(super) fn import(&mut self, name: &str, from: &ImportFromS3, creation: &Creation, token: &str) -> Answer {
        let arn = format!("{}/import/{token}", self.arn(name));
        if self.imports.get(name).is_some_and(|import| import.arn == arn) {
            return Ok(());
        }
        self.is_free(name, "ResourceInUseException", "Table already exists")?;
        let taken = Creation {
            settings: Settings { stream: None, table_class: None, ..creation.settings.clone() },
            local_indexes: BTreeMap::new(),
            tags: Tags::new(),
            ..creation.clone()
        };
        check(&taken)?;
        let shown = self.new_table(name, &taken);
        let seconds = self.timing.restore;
        self.begin(name, Tab::standing(shown, Tags::new()), seconds);
        let source = format!("s3://{}/{}", from.bucket, from.key_prefix.clone().unwrap_or_default());
        let status = "IN_PROGRESS".to_string();
        let import = ImportState { arn, status, source, started: Some(self.now), ..ImportState::default() };
        self.imports.insert(name.into(), import);
        Ok(())
    }
}

fn check(creation: &Creation) -> Answer {
    let invalid = |words: &str| refused("ValidationException", words);
    let provisioned = creation.settings.billing_mode != Some(BillingMode::PayPerRequest);
    if creation.keys.hash.name.is_empty() {
        return invalid("One or more parameter values were invalid: Missing the key in the schema");
    }
    if provisioned != creation.settings.provisioned_throughput.is_some() {
        return invalid(
            "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when \
             BillingMode is PROVISIONED, and neither when it is PAY_PER_REQUEST",
        );
    }
    if creation.indexes.values().any(|index| index.throughput.is_some() != provisioned) {
        return invalid(
            "One or more parameter values were invalid: ProvisionedThroughput of an index does not fit BillingMode",
        );
    }
    Ok(())
}

/// What DescribeTable shows of what was asked for.
fn settings(asked: &Settings) -> Settings {
    let mode = asked.billing_mode.unwrap_or(BillingMode::Provisioned);
    Settings {
        billing_mode: Some(mode),
        table_class: asked.table_class.or(Some(TableClass::Standard)),
        stream: asked.stream.clone().or(Some(Stream::default())),
        encryption: asked.encryption.clone().or(Some(Encryption::default())),
        deletion_protection: asked.deletion_protection.or(Some(false)),
        warm_throughput: asked.warm_throughput.or(Some(warm(asked.provisioned_throughput))),
        resource_policy: None,
        ..asked.clone()
    }
}

fn warm(provisioned: Option<Throughput>) -> WarmThroughput {
    provisioned.map_or(WARM, |units| WarmThroughput {
        read_units_per_second: units.read_capacity_units,
        write_units_per_second: units.write_capacity_units,
    })
}

/// An index as it is shown.
pub(super) fn new_index(index: &Index, status: &str) -> TableIndex {
    let index = Index { warm: index.warm.or(Some(warm(index.throughput))), ..index.clone() };
    TableIndex { index, status: status.into(), ..TableIndex::default() }
}
