//! Looks at a cluster and at everything around it. The cluster must be read, or the look has failed; any other part that
//! could not be read is [`Seen::Unread`] with the reason, and never taken for absent.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_rds::operation::describe_db_cluster_parameters::builders::DescribeDBClusterParametersFluentBuilder;
use aws_sdk_rds::types::{DbCluster, DbClusterSnapshot, DbEngineVersion, Filter, Parameter};
use futures::future::{FutureExt, TryFutureExt};

use super::clusters::{Whole, instances};
use super::{Capacities, Cluster, CustomEndpoint, EngineVersion, Id, Member, Observed, SourceId, read};
use crate::aws::answer::{Found, Missing, asked, complete, pages, present, seen};
use crate::aws::clients::{Caller, Clients, unreadable};
use crate::aws::inventory::Sight;
use crate::aws::rds::look::{Arn, Asking, same, the_one};
use crate::aws::rds::read::parameters as values_set;
use crate::aws::rds::version::{is_above, satisfies};
use crate::aws::rds::{ParameterGroup, Snapshot, Source};
use crate::aws::{Aws, CloudError, Look, Looked, Seen};

/// One look.
pub(super) struct Reader<'a> {
    clients: Arc<Clients>,
    id: &'a Id,
    account: &'a str,
}

impl<'a> Reader<'a> {
    pub(super) fn new(aws: &'a Aws, id: &'a Id, account: &'a str) -> Self {
        Self { clients: aws.region(&id.region), id, account }
    }

    /// Everything that the id names.
    pub(super) async fn observe(&self, look: Look) -> Result<Looked<Observed>, CloudError> {
        let subnet_group = self.id.subnet_group.as_deref().map(|name| self.clients.subnet_group(name));
        let snapshots = self.id.final_snapshots.then(|| self.snapshots());
        let endpoints = self.id.custom_endpoints.then(|| self.custom_endpoints());
        let (whole, cluster_parameter_groups, parameter_groups, subnet_group, snapshots, custom_endpoints) = tokio::join!(
            self.whole(look),
            self.cluster_parameter_groups(),
            self.clients.parameter_groups(&self.id.parameter_groups),
            asked(subnet_group),
            asked(snapshots),
            asked(endpoints)
        );
        let Sight { item: whole, look, version } = whole?;
        let (cluster, members) = whole.unzip();
        // A source is of no interest any more once the cluster is there.
        let source = self.id.source.as_ref().filter(|_| cluster.is_none()).map(|source| self.source(source));
        let secret = cluster.as_ref().and_then(|cluster| cluster.master_secret.as_ref());
        let managed_password = self.id.managed_password.then(|| self.clients.managed_password(secret));
        let capacities = self.id.capacities_of.as_ref().map(|version| self.capacities(version, cluster.as_ref()));
        let (source, managed_password, capacities) =
            tokio::join!(asked(source), asked(managed_password), asked(capacities));
        let observed = Observed {
            cluster: cluster.map_or(Seen::Absent, Seen::Present),
            members: members.unwrap_or(Seen::Absent),
            cluster_parameter_groups,
            parameter_groups,
            subnet_group,
            source,
            custom_endpoints,
            snapshots,
            managed_password,
            capacities,
        };
        let version = version.filter(|_| self.id.is_swept());
        Ok(Looked { observed, look, account: self.account.into(), version })
    }

    async fn whole(&self, look: Look) -> Result<Sight<Whole>, CloudError> {
        self.clients.clusters.look(&self.id.identifier, look, self.whole_now()).await
    }

    async fn whole_now(&self) -> Found<Whole> {
        let Some(db) = db_cluster(&self.clients, &self.id.identifier).await? else { return Ok(None) };
        // Without its members nothing is known of a cluster that could be said or planned.
        let members = Seen::Present(self.members().await?);
        complete(DESCRIBE_CLUSTERS, read::cluster(&db)).map(|cluster: Cluster| Some((cluster, members)))
    }

    async fn members(&self) -> Result<BTreeMap<String, Member>, CloudError> {
        let (rds, caller, id) = (&self.clients.rds, &self.clients.caller, &self.id.identifier);
        let listed = instances(rds, caller, vec![id.clone()]).await?;
        complete("DescribeDBInstances", read::members(&listed, id))
    }

    async fn custom_endpoints(&self) -> Found<BTreeMap<String, CustomEndpoint>> {
        const OPERATION: &str = "DescribeDBClusterEndpoints";
        let request = self.clients.rds.describe_db_cluster_endpoints().db_cluster_identifier(&self.id.identifier);
        let listed = pages(OPERATION, |marker| {
            let page = self.clients.caller.call("rds", OPERATION, request.clone().set_marker(marker).send());
            page.map_ok(|page| (page.db_cluster_endpoints, page.marker)).boxed()
        });
        let Some(listed) = present(listed.await, "DBClusterNotFound")? else { return Ok(None) };
        let custom: Result<_, Missing> = listed.iter().filter_map(read::endpoint).collect();
        complete(OPERATION, custom).map(Some)
    }

    /// Manual snapshots of this identifier, also of clusters that are gone.
    async fn snapshots(&self) -> Found<Vec<Snapshot>> {
        let request = self.clients.rds.describe_db_cluster_snapshots();
        let request = request.db_cluster_identifier(&self.id.identifier).snapshot_type("manual");
        let listed = pages(DESCRIBE_SNAPSHOTS, |marker| {
            let page = self.clients.caller.call("rds", DESCRIBE_SNAPSHOTS, request.clone().set_marker(marker).send());
            page.map_ok(|page| (page.db_cluster_snapshots, page.marker)).boxed()
        });
        let snapshots: Result<_, Missing> = listed.await?.iter().map(read::snapshot).collect();
        complete(DESCRIBE_SNAPSHOTS, snapshots).map(Some)
    }
}

/// The cluster parameter groups.
impl Reader<'_> {
    async fn cluster_parameter_groups(&self) -> BTreeMap<String, Seen<ParameterGroup>> {
        let names = self.id.cluster_parameter_groups.iter();
        let each = names.map(|name| async { (name.clone(), seen(self.cluster_parameter_group(name).await)) });
        futures::future::join_all(each).await.into_iter().collect()
    }

    /// The group, the values set on it, and its tags: whole or not at all.
    async fn cluster_parameter_group(&self, name: &str) -> Found<ParameterGroup> {
        const OPERATION: &str = "DescribeDBClusterParameterGroups";
        let Clients { rds, caller, .. } = &*self.clients;
        let request = rds.describe_db_cluster_parameter_groups().db_cluster_parameter_group_name(name);
        let answer = caller.call("rds", OPERATION, request.send()).await;
        let Some(answer) = no_group(answer)? else { return Ok(None) };
        let groups = answer.db_cluster_parameter_groups;
        let Some(group) = the_one(OPERATION, groups, |group| same(&group.db_cluster_parameter_group_name, name))?
        else {
            return Ok(None);
        };
        let set = rds.describe_db_cluster_parameters().db_cluster_parameter_group_name(name).source("user");
        let values = values_set(parameters(caller, set).await?);
        let tags = self.clients.tags(group.db_cluster_parameter_group_arn()).await?;
        complete(OPERATION, read::parameter_group(&group, values, tags)).map(Some)
    }
}

/// AWS has a code for groups of instances and one for groups of clusters, and uses the first for both.
fn no_group<T>(answer: Result<T, CloudError>) -> Found<T> {
    present(answer, "DBParameterGroupNotFound").or_else(|error| present(Err(error), "DBClusterParameterGroupNotFound"))
}

/// What a new cluster is made from.
impl Reader<'_> {
    async fn source(&self, source: &SourceId) -> Found<Source> {
        match source {
            SourceId::Snapshot(name) if Arn::parse(name).is_some_and(|arn| arn.kind == "snapshot") => {
                self.clients.source_snapshot(name, self.account).await
            }
            SourceId::Snapshot(name) => self.source_snapshot(name).await,
            SourceId::Cluster(name) => {
                let found = db_cluster(&self.clients, name).await?;
                found.map(|db| complete(DESCRIBE_CLUSTERS, read::source_cluster(&db))).transpose()
            }
            SourceId::ResourceId(resource_id) => self.source_resource(resource_id).await,
        }
    }

    async fn source_snapshot(&self, name: &str) -> Found<Source> {
        let found = db_cluster_snapshot(&self.clients, name, self.account).await?;
        found.map(|(db, shared)| complete(DESCRIBE_SNAPSHOTS, read::source_snapshot(&db, shared))).transpose()
    }

    /// The cluster that has this resource id, or what its deletion has left.
    async fn source_resource(&self, resource_id: &str) -> Found<Source> {
        const BACKUPS: &str = "DescribeDBClusterAutomatedBackups";
        let Clients { rds, caller, .. } = &*self.clients;
        let filter = Filter::builder().name("db-cluster-resource-id").values(resource_id).build();
        let request = rds.describe_db_clusters().filters(filter);
        let answer = caller.call("rds", DESCRIBE_CLUSTERS, request.send()).await;
        let clusters = present(answer, "DBClusterNotFound")?.and_then(|answer| answer.db_clusters);
        let found = the_one(DESCRIBE_CLUSTERS, clusters, |db| same(&db.db_cluster_resource_id, resource_id))?;
        if let Some(db) = found {
            return complete(DESCRIBE_CLUSTERS, read::source_cluster(&db)).map(Some);
        }
        let request = rds.describe_db_cluster_automated_backups().db_cluster_resource_id(resource_id);
        let answer = caller.call("rds", BACKUPS, request.send()).await;
        let none = "DBClusterAutomatedBackupNotFound";
        let backups = present(answer, none)?.and_then(|answer| answer.db_cluster_automated_backups);
        let found = the_one(BACKUPS, backups, |backup| same(&backup.db_cluster_resource_id, resource_id))?;
        found.map(|backup| complete(BACKUPS, read::source_backup(&backup))).transpose()
    }
}

/// What capacities there are.
impl Reader<'_> {
    /// What both the engine version and the platform take.
    async fn capacities(&self, version: &EngineVersion, cluster: Option<&Cluster>) -> Found<Capacities> {
        let platform = cluster.and_then(|cluster| cluster.platform_version.as_deref());
        let (engine, platform) =
            tokio::join!(self.engine_capacities(version), self.platform_capacities(&version.engine, platform));
        let Some(engine) = engine? else { return Ok(None) };
        Ok(Some(match platform? {
            Some(platform) => Capacities { min: engine.min.max(platform.min), max: engine.max.min(platform.max) },
            None => engine,
        }))
    }

    async fn engine_capacities(&self, wanted: &EngineVersion) -> Found<Capacities> {
        let EngineVersion { engine, version } = wanted;
        let request = self.clients.rds.describe_db_engine_versions().engine(engine);
        let mut listed = match version {
            None => self.engine_versions(request.default_only(true)).await?,
            Some(version) => self.engine_versions(request.clone().engine_version(version)).await?,
        };
        let satisfied =
            |one: &DbEngineVersion| version.as_ref().is_none_or(|wanted| satisfies(text(&one.engine_version), wanted));
        if !listed.iter().any(satisfied) && version.is_some() {
            // A prefix that is no major version is not found by its name.
            let all = self.clients.rds.describe_db_engine_versions().engine(engine);
            listed = self.engine_versions(all).await?;
        }
        // Of several, AWS takes a late one.
        let latest = listed
            .into_iter()
            .filter(satisfied)
            .reduce(|a, b| if is_above(text(&b.engine_version), text(&a.engine_version)) { b } else { a });
        Ok(latest.and_then(|latest| read::capacities(latest.serverless_v2_features_support())))
    }

    async fn engine_versions(
        &self,
        request: aws_sdk_rds::operation::describe_db_engine_versions::builders::DescribeDBEngineVersionsFluentBuilder,
    ) -> Result<Vec<DbEngineVersion>, CloudError> {
        const OPERATION: &str = "DescribeDBEngineVersions";
        pages(OPERATION, |marker| {
            let page = self.clients.caller.call("rds", OPERATION, request.clone().set_marker(marker).send());
            page.map_ok(|page| (page.db_engine_versions, page.marker)).boxed()
        })
        .await
    }

    /// Of the cluster's platform version, or of the one that new clusters get.
    async fn platform_capacities(&self, engine: &str, version: Option<&str>) -> Found<Capacities> {
        const OPERATION: &str = "DescribeServerlessV2PlatformVersions";
        let request = self.clients.rds.describe_serverless_v2_platform_versions().engine(engine);
        let request = match version {
            Some(version) => request.serverless_v2_platform_version(version),
            None => request.default_only(true),
        };
        let listed = pages(OPERATION, |marker| {
            let page = self.clients.caller.call("rds", OPERATION, request.clone().set_marker(marker).send());
            page.map_ok(|page| (page.serverless_v2_platform_versions, page.marker)).boxed()
        });
        let listed = listed.await?;
        let found = listed.iter().find(|one| match version {
            Some(version) => one.serverless_v2_platform_version() == Some(version),
            None => one.is_default() == Some(true),
        });
        match found {
            None if !listed.is_empty() => Err(unreadable(OPERATION, "the one that was asked for")),
            found => Ok(found.and_then(|one| read::capacities(one.serverless_v2_features_support()))),
        }
    }
}

fn text(version: &Option<String>) -> &str {
    version.as_deref().unwrap_or_default()
}

const DESCRIBE_CLUSTERS: &str = "DescribeDBClusters";
const DESCRIBE_SNAPSHOTS: &str = "DescribeDBClusterSnapshots";

/// Every parameter of a request, whose filters say which.
pub(super) async fn parameters(
    caller: &Caller,
    request: DescribeDBClusterParametersFluentBuilder,
) -> Result<Vec<Parameter>, CloudError> {
    const OPERATION: &str = "DescribeDBClusterParameters";
    pages(OPERATION, |marker| {
        let page = caller.call("rds", OPERATION, request.clone().set_marker(marker).send());
        page.map_ok(|page| (page.parameters, page.marker)).boxed()
    })
    .await
}

/// A cluster by identifier.
pub(in crate::aws) async fn db_cluster(clients: &Clients, identifier: &str) -> Found<DbCluster> {
    let request = clients.rds.describe_db_clusters().db_cluster_identifier(identifier);
    let answer = clients.caller.call("rds", DESCRIBE_CLUSTERS, request.send()).await;
    let Some(answer) = present(answer, "DBClusterNotFound")? else { return Ok(None) };
    the_one(DESCRIBE_CLUSTERS, answer.db_clusters, |db| same(&db.db_cluster_identifier, identifier))
}

/// A cluster snapshot by identifier or ARN, and whether another account shares it.
pub(in crate::aws) async fn db_cluster_snapshot(
    clients: &Clients,
    name: &str,
    account: &str,
) -> Found<(DbClusterSnapshot, bool)> {
    let Asking { kind, shared } = Asking::of(name, account);
    let request = clients.rds.describe_db_cluster_snapshots().db_cluster_snapshot_identifier(name);
    let request = request.set_snapshot_type(kind).set_include_shared(shared.then_some(true));
    let answer = clients.caller.call("rds", DESCRIBE_SNAPSHOTS, request.send()).await;
    let Some(answer) = present(answer, "DBClusterSnapshotNotFound")? else { return Ok(None) };
    let found = the_one(DESCRIBE_SNAPSHOTS, answer.db_cluster_snapshots, |db| {
        same(&db.db_cluster_snapshot_identifier, name) || same(&db.db_cluster_snapshot_arn, name)
    })?;
    Ok(found.map(|db| (db, shared)))
}
