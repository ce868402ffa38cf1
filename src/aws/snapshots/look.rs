//! Looks at a snapshot, its copies and its source. The snapshot must be read, or the look has failed; any other part that
//! could not be read is [`Seen::Unread`] with the reason, and never taken for absent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::future::FutureExt;

use super::{Family, Id, Observed, Snapshot, Source, SourceId, place_of, read};
use crate::aws::answer::{Found, asked, complete, few, present, seen};
use crate::aws::aurora::look::{db_cluster, db_cluster_snapshot};
use crate::aws::clients::{Clients, unreadable};
use crate::aws::dynamo::look as tables;
use crate::aws::inventory::Sight;
use crate::aws::rds::look::{db_instance, db_snapshot};
use crate::aws::rds::read::tags;
use crate::aws::{Aws, CloudError, Look, Looked, Seen};

const SNAPSHOTS: &str = "DescribeDBSnapshots";
const CLUSTER_SNAPSHOTS: &str = "DescribeDBClusterSnapshots";

/// One look.
pub(super) struct Reader<'a> {
    aws: &'a Aws,
    pub clients: Arc<Clients>,
    pub id: &'a Id,
    account: &'a str,
    look: Look,
}

/// A snapshot that may be there, and how it was looked at.
type Answer = Result<Sight<Snapshot>, CloudError>;

impl<'a> Reader<'a> {
    pub(super) fn new(aws: &'a Aws, id: &'a Id, look: Look, account: &'a str) -> Self {
        Self { aws, clients: aws.region(&id.region), id, account, look }
    }

    /// Everything that the id names.
    pub(super) async fn observe(&self) -> Result<Looked<Observed>, CloudError> {
        let Sight { item: snapshot, look, version } = self.snapshot(&self.clients).await?;
        // A source is of no interest any more once the snapshot is there.
        let source = self.id.source.as_ref().filter(|_| snapshot.is_none()).map(|source| self.source(source));
        let shares = (self.id.shares && snapshot.is_some()).then(|| self.shares());
        let (source, shares, copies) = tokio::join!(asked(source), asked(shares), self.copies());
        let snapshot = snapshot.map_or(Seen::Absent, Seen::Present);
        let version = version.filter(|_| self.id.is_swept());
        Ok(Looked {
            observed: Observed { snapshot, source, copies, shares },
            look,
            account: self.account.into(),
            version,
        })
    }

    /// The snapshot of this identifier in the region of the clients.
    async fn snapshot(&self, clients: &Clients) -> Answer {
        let (name, key) = (&self.id.identifier, key(self.id));
        match self.id.family {
            Family::Instance => {
                let now = async {
                    let found = db_snapshot(clients, name, self.account).await?;
                    found.map(|(db, _)| complete(SNAPSHOTS, read::instance_snapshot(&db))).transpose()
                };
                clients.snapshots.look(&key, self.look, now).await
            }
            Family::Cluster => {
                let now = async {
                    let found = db_cluster_snapshot(clients, name, self.account).await?;
                    found.map(|(db, _)| complete(CLUSTER_SNAPSHOTS, read::cluster_snapshot(&db))).transpose()
                };
                clients.cluster_snapshots.look(&key, self.look, now).await
            }
            Family::Table => Ok(Sight { item: self.backup().await?, look: Look::Direct, version: None }),
        }
    }

    /// A region that does not answer leaves its copy unread.
    async fn copies(&self) -> BTreeMap<String, Seen<Snapshot>> {
        let each = self.id.copies.iter().map(|region| self.copy(region).boxed());
        few(each.collect()).await.into_iter().collect()
    }

    async fn copy(&self, region: &str) -> (String, Seen<Snapshot>) {
        let found = self.snapshot(&self.aws.region(region)).await;
        (region.into(), seen(found.map(|sight| sight.item)))
    }

    /// Accounts that may restore it.
    async fn shares(&self) -> Found<BTreeSet<String>> {
        match self.id.family {
            Family::Instance => self.instance_shares().await,
            Family::Cluster => self.cluster_shares().await,
            Family::Table => Ok(None),
        }
    }

    async fn instance_shares(&self) -> Found<BTreeSet<String>> {
        const OPERATION: &str = "DescribeDBSnapshotAttributes";
        let request = self.clients.rds.describe_db_snapshot_attributes().db_snapshot_identifier(&self.id.identifier);
        let answer = self.clients.caller.call("rds", OPERATION, request.send()).await;
        let Some(answer) = present(answer, "DBSnapshotNotFound")? else { return Ok(None) };
        let result = answer.db_snapshot_attributes_result.ok_or_else(|| unreadable(OPERATION, RESULT))?;
        let attributes = result.db_snapshot_attributes.unwrap_or_default().into_iter();
        let restore = attributes.filter(|one| one.attribute_name.as_deref() == Some(RESTORE));
        Ok(Some(restore.flat_map(|one| one.attribute_values.unwrap_or_default()).collect()))
    }

    async fn cluster_shares(&self) -> Found<BTreeSet<String>> {
        const OPERATION: &str = "DescribeDBClusterSnapshotAttributes";
        let request = self.clients.rds.describe_db_cluster_snapshot_attributes();
        let request = request.db_cluster_snapshot_identifier(&self.id.identifier);
        let answer = self.clients.caller.call("rds", OPERATION, request.send()).await;
        let Some(answer) = present(answer, "DBClusterSnapshotNotFound")? else { return Ok(None) };
        let result = answer.db_cluster_snapshot_attributes_result.ok_or_else(|| unreadable(OPERATION, RESULT))?;
        let attributes = result.db_cluster_snapshot_attributes.unwrap_or_default().into_iter();
        let restore = attributes.filter(|one| one.attribute_name.as_deref() == Some(RESTORE));
        Ok(Some(restore.flat_map(|one| one.attribute_values.unwrap_or_default()).collect()))
    }
}

/// The attribute that says who may copy and restore.
pub(super) const RESTORE: &str = "restore";
const RESULT: &str = "the attributes of the snapshot";

/// Names in the shared view, and in filters, which tell upper and lower case apart.
pub(super) fn key(id: &Id) -> String {
    id.identifier.to_lowercase()
}

/// What a snapshot is to be made of.
impl Reader<'_> {
    async fn source(&self, source: &SourceId) -> Found<Source> {
        match (source, self.id.family) {
            (SourceId::Database(name), Family::Instance) => self.instance(name).await,
            (SourceId::Database(name), Family::Cluster) => self.cluster(name).await,
            (SourceId::Database(name), Family::Table) => self.table(name).await,
            (SourceId::Snapshot { identifier, region }, family) => {
                let region = region.as_deref().or(place_of(identifier).map(|(region, _)| region));
                let clients = self.aws.region(region.unwrap_or(&self.id.region));
                self.original(&clients, identifier, family).await
            }
        }
    }

    async fn instance(&self, name: &str) -> Found<Source> {
        const OPERATION: &str = "DescribeDBInstances";
        let Some(db) = db_instance(&self.clients, name).await? else { return Ok(None) };
        Ok(Some(Source {
            tags: Some(tags(db.tag_list())),
            encrypted: db.storage_encrypted == Some(true),
            status: read::lower(&db.db_instance_status).ok_or_else(|| unreadable(OPERATION, "DBInstanceStatus"))?,
            arn: db.db_instance_arn.ok_or_else(|| unreadable(OPERATION, "DBInstanceArn"))?,
        }))
    }

    async fn cluster(&self, name: &str) -> Found<Source> {
        let Some(db) = db_cluster(&self.clients, name).await? else { return Ok(None) };
        Ok(Some(Source {
            tags: Some(tags(db.tag_list())),
            encrypted: db.storage_encrypted == Some(true),
            status: read::lower(&db.status).ok_or_else(|| unreadable(CLUSTERS, "Status"))?,
            arn: db.db_cluster_arn.ok_or_else(|| unreadable(CLUSTERS, "DBClusterArn"))?,
        }))
    }

    async fn table(&self, name: &str) -> Found<Source> {
        let Some(table) = tables::table(&self.clients, name).await? else { return Ok(None) };
        let tags = tables::tags(&self.clients, &table.arn).await?;
        Ok(Some(Source { status: table.status.to_lowercase(), arn: table.arn, tags, encrypted: true }))
    }

    async fn original(&self, clients: &Clients, name: &str, family: Family) -> Found<Source> {
        Ok(match family {
            Family::Instance => match db_snapshot(clients, name, self.account).await? {
                Some((db, shared)) => Some(read::source(complete(SNAPSHOTS, read::instance_snapshot(&db))?, shared)),
                None => None,
            },
            Family::Cluster => match db_cluster_snapshot(clients, name, self.account).await? {
                Some((db, shared)) => {
                    Some(read::source(complete(CLUSTER_SNAPSHOTS, read::cluster_snapshot(&db))?, shared))
                }
                None => None,
            },
            // AWS copies no backups.
            Family::Table => None,
        })
    }
}

const CLUSTERS: &str = "DescribeDBClusters";
