//! What is around a table: its replicas in other regions, its imports and backups, and what a new one is made from.

use futures::future::{FutureExt, TryFutureExt};

use super::look::{Reader, SERVICE};
use super::{Backup, ImportState, ReplicaFacts, SourceId, SourceState, read};
use crate::aws::answer::{Found, complete, pages, present, seen};
use crate::aws::clients::unreadable;
use crate::aws::{CloudError, Seen};

impl ReplicaFacts {
    /// Nothing of it is unread.
    pub(super) fn is_whole(&self) -> bool {
        let Self { arn: _, tags, point_in_time_recovery, deletion_protection } = self;
        tags.present().is_some()
            && point_in_time_recovery.present().is_some()
            && deletion_protection.present().is_some()
    }
}

impl Reader<'_> {
    /// A replica as its own region shows it. A region that does not answer leaves its facts unread.
    pub(super) async fn replica(&self, region: &str, home_arn: &str) -> Found<ReplicaFacts> {
        let clients = self.aws.region(region);
        let table = match self.table(&clients, &self.id.table).await {
            Ok(Some(table)) => table,
            Ok(None) => return Ok(None),
            Err(error) => return Ok(Some(unread(elsewhere(home_arn, region), &error))),
        };
        let (tags, backups) = tokio::join!(self.tags(&clients, &table.arn), self.continuous_backups(&clients));
        Ok(Some(ReplicaFacts {
            tags: seen(tags),
            point_in_time_recovery: seen(backups.map(|found| found.map(|backups| backups.is_enabled))),
            deletion_protection: seen(Ok(table.settings.deletion_protection)),
            arn: table.arn,
        }))
    }

    /// The newest import.
    pub(super) async fn import(&self, arn: &str) -> Found<ImportState> {
        const LIST: &str = "ListImports";
        const DESCRIBE: &str = "DescribeImport";
        let request = self.clients.dynamo.list_imports().table_arn(arn);
        let listed = pages(LIST, |token| {
            let page = self.clients.caller.call(SERVICE, LIST, request.clone().set_next_token(token).send());
            page.map_ok(|page| (page.import_summary_list, page.next_token)).boxed()
        });
        let newest = listed.await?.into_iter().max_by_key(|one| read::time(one.start_time()));
        let Some(newest) = newest else { return Ok(None) };
        let request = self.clients.dynamo.describe_import().set_import_arn(newest.import_arn);
        let answer = self.clients.caller.call(SERVICE, DESCRIBE, request.send()).await?;
        let import = answer.import_table_description.ok_or_else(|| unreadable(DESCRIBE, "ImportTableDescription"))?;
        complete(DESCRIBE, read::import(&import)).map(Some)
    }

    /// On-demand backups of tables of this name, also of ones that are gone; newest last.
    pub(super) async fn backups(&self) -> Found<Vec<Backup>> {
        const OPERATION: &str = "ListBackups";
        let request = self.clients.dynamo.list_backups().table_name(&self.id.table);
        let request = request.backup_type(aws_sdk_dynamodb::types::BackupTypeFilter::User);
        let listed = pages(OPERATION, |arn| {
            let request = request.clone().set_exclusive_start_backup_arn(arn);
            let page = self.clients.caller.call(SERVICE, OPERATION, request.send());
            page.map_ok(|page| (page.backup_summaries, page.last_evaluated_backup_arn)).boxed()
        });
        let read: Result<Vec<_>, _> = listed.await?.iter().map(read::backup).collect();
        let mut backups = complete(OPERATION, read)?;
        backups.sort_by(|one, other| (one.created, &one.arn).cmp(&(other.created, &other.arn)));
        Ok(Some(backups))
    }

    /// What a new table is made from.
    pub(super) async fn source(&self, source: &SourceId) -> Found<SourceState> {
        match source {
            SourceId::Backup(arn) => self.source_backup(arn).await,
            SourceId::Table(name) => self.source_table(name).await,
        }
    }

    async fn source_backup(&self, arn: &str) -> Found<SourceState> {
        const OPERATION: &str = "DescribeBackup";
        let clients = self.aws.region(Arn::parse(arn).map_or(self.id.region.as_str(), |arn| arn.region));
        let answer =
            clients.caller.call(SERVICE, OPERATION, clients.dynamo.describe_backup().backup_arn(arn).send()).await;
        let Some(answer) = present(answer, "BackupNotFoundException")? else { return Ok(None) };
        let backup = answer.backup_description.ok_or_else(|| unreadable(OPERATION, "BackupDescription"))?;
        let details = backup.backup_details.ok_or_else(|| unreadable(OPERATION, "BackupDetails"))?;
        let table = backup.source_table_details.ok_or_else(|| unreadable(OPERATION, "SourceTableDetails"))?;
        // A namesake that was made later has said nothing about who may copy the data of this one.
        let tags = match self.table(&clients, table.table_name()).await {
            Ok(Some(now)) if now.id == table.table_id => seen(self.tags(&clients, &now.arn).await),
            found => seen(found.map(|_| None)),
        };
        let table_arn = table.table_arn.ok_or_else(|| unreadable(OPERATION, "TableArn"))?;
        Ok(Some(SourceState { status: details.backup_status.as_str().into(), table_arn, tags, restorable: None }))
    }

    /// By name here, or by ARN in another region of the account. AWS finds another account's by ARN, if it lets us.
    async fn source_table(&self, name: &str) -> Found<SourceState> {
        let (region, name) = match Arn::parse(name) {
            Some(arn) if arn.account == self.account => (arn.region, arn.table),
            Some(arn) => (arn.region, name),
            None => (self.id.region.as_str(), name),
        };
        let clients = self.aws.region(region);
        let Some(table) = self.table(&clients, name).await? else { return Ok(None) };
        let (tags, backups) =
            tokio::join!(self.tags(&clients, &table.arn), self.describe_continuous_backups(&clients, name));
        let restorable = read::restorable(&backups?);
        Ok(Some(SourceState { tags: seen(tags), restorable, status: table.status, table_arn: table.arn }))
    }
}

fn unread(arn: String, error: &CloudError) -> ReplicaFacts {
    ReplicaFacts {
        arn,
        tags: Seen::Unread(error.to_string()),
        point_in_time_recovery: Seen::Unread(error.to_string()),
        deletion_protection: Seen::Unread(error.to_string()),
    }
}

/// `arn:<partition>:dynamodb:<region>:<account>:table/<name>`, or what is below it.
struct Arn<'a> {
    region: &'a str,
    account: &'a str,
    table: &'a str,
}

impl<'a> Arn<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':').skip(2);
        let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
        let table = resource.strip_prefix("table/")?.split('/').next()?;
        Some(Self { region, account, table })
    }
}

/// The ARN of the table's replica in another region: only that part differs.
fn elsewhere(arn: &str, region: &str) -> String {
    arn.split(':').enumerate().map(|(at, part)| if at == 3 { region } else { part }).collect::<Vec<_>>().join(":")
}
