//! The SDK side of a snapshot: the [`Cloud`] of DbSnapshot. Reads are in `look` and `backups`, the calls that change
//! something here.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_rds::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use futures::future::BoxFuture;

use super::look::{RESTORE, Reader, key};
use super::{Action, Call, Family, Id, Observed, SnapshotRemote, place_of};
use crate::aws::answer::is;
use crate::aws::clients::{Clients, in_time};
use crate::aws::dynamo::look::SERVICE as DYNAMODB;
use crate::aws::owner::Tags;
use crate::aws::rds::create::tags as listed;
use crate::aws::{Action as _, Aws, Class, Cloud, CloudError, Look, Looked, Password};

/// Every operation that is called here, as IAM writes it; the least-privilege policy is derived from this list.
pub const OPERATIONS: &[&str] = &[
    "dynamodb:CreateBackup",
    "dynamodb:DeleteBackup",
    "dynamodb:DescribeBackup",
    "dynamodb:DescribeTable",
    "dynamodb:ListBackups",
    "dynamodb:ListTagsOfResource",
    "rds:AddTagsToResource",
    "rds:CopyDBClusterSnapshot",
    "rds:CopyDBSnapshot",
    "rds:CreateDBClusterSnapshot",
    "rds:CreateDBSnapshot",
    "rds:DeleteDBClusterSnapshot",
    "rds:DeleteDBSnapshot",
    "rds:DescribeDBClusterSnapshotAttributes",
    "rds:DescribeDBClusterSnapshots",
    "rds:DescribeDBClusters",
    "rds:DescribeDBInstances",
    "rds:DescribeDBSnapshotAttributes",
    "rds:DescribeDBSnapshots",
    "rds:ModifyDBClusterSnapshotAttribute",
    "rds:ModifyDBSnapshotAttribute",
    "rds:RemoveTagsFromResource",
    "sts:GetCallerIdentity",
];

impl Cloud<SnapshotRemote> for Aws {
    async fn observe(&self, id: &Id, look: Look) -> Result<Looked<Observed>, CloudError> {
        let account = self.account().await?;
        Box::pin(Reader::new(self, id, look, &account).observe()).await
    }

    fn version(&self, id: &Id) -> Option<u64> {
        let (clients, key) = (id.is_swept().then(|| self.region(&id.region))?, key(id));
        match id.family {
            Family::Instance => clients.snapshots.version(&key),
            Family::Cluster => clients.cluster_snapshots.version(&key),
            Family::Table => None,
        }
    }

    async fn perform(&self, id: &Id, action: &Action, _password: Option<&Password>) -> Result<(), CloudError> {
        let operation = action.operation();
        let clients = self.region(region_of(id, &action.call));
        let service = if action.family == Family::Table { DYNAMODB } else { "rds" };
        clients.caller.turn_to_write(service).await;
        let key = key(id);
        let _writes = (clients.snapshots.write(&key), clients.cluster_snapshots.write(&key));
        let writer = Writer { clients: clients.clone(), identifier: &id.identifier, operation, service };
        match in_time(operation, writer.send(action)).await {
            Err(error) if holds_already(action, &error) => Ok(()),
            result => result,
        }
    }
}

/// A copy is made and deleted in its own region, and tags are set where the ARN is.
fn region_of<'a>(id: &'a Id, call: &'a Call) -> &'a str {
    match call {
        Call::CopyTo { region, .. } | Call::Delete { region: Some(region), .. } => region,
        Call::Tag { arn, .. } | Call::Untag { arn, .. } => {
            place_of(arn).map_or(id.region.as_str(), |(region, _)| region)
        }
        Call::Create { .. } | Call::CopyFrom { .. } | Call::Share { .. } | Call::Delete { region: None, .. } => {
            &id.region
        }
    }
}

/// What the call was to bring about is so. The SDK or a lost answer can make us meet our own delete: what is gone after it
/// is progress.
fn holds_already(action: &Action, error: &CloudError) -> bool {
    let gone = match action.family {
        Family::Instance => "DBSnapshotNotFound",
        Family::Cluster => "DBClusterSnapshotNotFound",
        Family::Table => "BackupNotFoundException",
    };
    error.class == Class::AlreadyDone || (matches!(action.call, Call::Delete { .. }) && is(error, gone))
}

type Sent<'a> = BoxFuture<'a, Result<(), CloudError>>;

/// One action's way to AWS.
struct Writer<'a> {
    clients: Arc<Clients>,
    identifier: &'a str,
    operation: &'static str,
    service: &'static str,
}

impl Writer<'_> {
    fn send<'a>(&'a self, action: &'a Action) -> Sent<'a> {
        let family = action.family;
        match &action.call {
            Call::Create { source, tags } => self.create(family, source, tags),
            Call::CopyFrom { source, region: _, kms_key_id, tags } => {
                self.copy(family, source, kms_key_id.clone(), tags)
            }
            Call::CopyTo { region: _, source_arn, kms_key_id, tags } => {
                self.copy(family, source_arn, kms_key_id.clone(), tags)
            }
            Call::Share { add, remove } => self.share(family, add, remove),
            Call::Tag { arn, tags } => {
                self.done(self.writes().add_tags_to_resource().resource_name(arn).set_tags(Some(listed(tags))).send())
            }
            Call::Untag { arn, keys } => {
                let keys = Some(Vec::from_iter(keys.clone()));
                self.done(self.writes().remove_tags_from_resource().resource_name(arn).set_tag_keys(keys).send())
            }
            Call::Delete { region: _, arn, expired: _ } => self.delete(family, arn),
        }
    }

    fn writes(&self) -> &aws_sdk_rds::Client {
        &self.clients.rds_writes
    }

    /// Sends; only the next look tells what became of it.
    fn done<'a, T, E>(
        &'a self,
        sending: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send + 'a,
    ) -> Sent<'a>
    where
        T: Send + 'a,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let answer = self.clients.caller.call(self.service, self.operation, sending);
        Box::pin(async move { answer.await.map(drop) })
    }

    /// Tags in the call: AWS then copies none of the database's, whose owner would otherwise be the snapshot's.
    fn create(&self, family: Family, source: &str, tags: &Tags) -> Sent<'_> {
        match family {
            Family::Instance => {
                let request = self.writes().create_db_snapshot().db_snapshot_identifier(self.identifier);
                self.done(request.db_instance_identifier(source).set_tags(Some(listed(tags))).send())
            }
            Family::Cluster => {
                let request = self.writes().create_db_cluster_snapshot();
                let request = request.db_cluster_snapshot_identifier(self.identifier);
                self.done(request.db_cluster_identifier(source).set_tags(Some(listed(tags))).send())
            }
            Family::Table => {
                let request = self.clients.dynamo_writes.create_backup().table_name(source);
                self.done(request.backup_name(self.identifier).send())
            }
        }
    }

    /// Under the same identifier, in the region of the clients. Without CopyTags: the source's owner is not the copy's.
    fn copy(&self, family: Family, source: &str, kms_key_id: Option<String>, tags: &Tags) -> Sent<'_> {
        let tags = Some(listed(tags));
        if family == Family::Cluster {
            let request = self.writes().copy_db_cluster_snapshot().source_db_cluster_snapshot_identifier(source);
            let request = request.target_db_cluster_snapshot_identifier(self.identifier);
            return self.done(request.set_kms_key_id(kms_key_id).set_tags(tags).send());
        }
        let request = self.writes().copy_db_snapshot().source_db_snapshot_identifier(source);
        let request = request.target_db_snapshot_identifier(self.identifier);
        self.done(request.set_kms_key_id(kms_key_id).set_tags(tags).send())
    }

    fn share(&self, family: Family, add: &BTreeSet<String>, remove: &BTreeSet<String>) -> Sent<'_> {
        // An empty list is not sent: on the wire it is a member with an empty value, which AWS refuses.
        let list = |accounts: &BTreeSet<String>| Some(Vec::from_iter(accounts.clone())).filter(|list| !list.is_empty());
        let (add, remove) = (list(add), list(remove));
        if family == Family::Cluster {
            let request = self.writes().modify_db_cluster_snapshot_attribute();
            let request = request.db_cluster_snapshot_identifier(self.identifier).attribute_name(RESTORE);
            return self.done(request.set_values_to_add(add).set_values_to_remove(remove).send());
        }
        let request = self.writes().modify_db_snapshot_attribute().db_snapshot_identifier(self.identifier);
        let request = request.attribute_name(RESTORE);
        self.done(request.set_values_to_add(add).set_values_to_remove(remove).send())
    }

    fn delete(&self, family: Family, arn: &str) -> Sent<'_> {
        match family {
            Family::Instance => {
                self.done(self.writes().delete_db_snapshot().db_snapshot_identifier(self.identifier).send())
            }
            Family::Cluster => {
                let request = self.writes().delete_db_cluster_snapshot();
                self.done(request.db_cluster_snapshot_identifier(self.identifier).send())
            }
            Family::Table => self.done(self.clients.dynamo_writes.delete_backup().backup_arn(arn).send()),
        }
    }
}
