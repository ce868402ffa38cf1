//! On-demand backups of tables. AWS gives them neither unique names nor tags: one that this object made is known by the ARN
//! that was noted, any other by table and name.

use futures::future::{FutureExt, TryFutureExt};

use super::look::Reader;
use super::{Snapshot, SourceId, read};
use crate::aws::answer::{Found, complete, pages, present};
use crate::aws::clients::unreadable;
use crate::aws::dynamo::look::SERVICE;
use crate::aws::owner::Tags;

/// AWS lists a backup for a while after it was deleted.
const DELETED: &str = "deleted";

impl Reader<'_> {
    /// The backup of the id. Where neither a record nor a table says where it would be, there is none.
    pub(super) async fn backup(&self) -> Found<Snapshot> {
        match (&self.id.recorded, &self.id.source) {
            (Some((arn, tags)), _) => self.recorded(arn, tags).await,
            (None, Some(SourceId::Database(table))) => self.newest(table).await,
            (None, _) => Ok(None),
        }
    }

    /// The object's own record stands for the tags.
    async fn recorded(&self, arn: &str, tags: &Tags) -> Found<Snapshot> {
        const OPERATION: &str = "DescribeBackup";
        let request = self.clients.dynamo.describe_backup().backup_arn(arn);
        let answer = self.clients.caller.call(SERVICE, OPERATION, request.send()).await;
        let Some(answer) = present(answer, "BackupNotFoundException")? else { return Ok(None) };
        let described = answer.backup_description.ok_or_else(|| unreadable(OPERATION, "BackupDescription"))?;
        let backup = complete(OPERATION, read::described_backup(&described))?;
        Ok(Some(Snapshot { tags: tags.clone(), ..backup }).filter(|backup| backup.status != DELETED))
    }

    /// The newest of this table and name. AWS takes a name as often as it is asked to.
    async fn newest(&self, table: &str) -> Found<Snapshot> {
        const OPERATION: &str = "ListBackups";
        let request = self.clients.dynamo.list_backups().table_name(table);
        let request = request.backup_type(aws_sdk_dynamodb::types::BackupTypeFilter::All);
        let listed = pages(OPERATION, |arn| {
            let request = request.clone().set_exclusive_start_backup_arn(arn);
            let page = self.clients.caller.call(SERVICE, OPERATION, request.send());
            page.map_ok(|page| (page.backup_summaries, page.last_evaluated_backup_arn)).boxed()
        });
        let namesakes = listed.await?;
        let namesakes = namesakes.iter().filter(|one| one.backup_name() == Some(self.id.identifier.as_str()));
        let read: Result<Vec<_>, _> = namesakes.map(read::listed_backup).collect();
        let there = complete(OPERATION, read)?.into_iter().filter(|backup| backup.status != DELETED);
        Ok(there.max_by(|one, other| (one.created, &one.arn).cmp(&(other.created, &other.arn))))
    }
}
