//! Looks at an instance and at everything around it. The instance must be read, or the look has failed; any other part
//! that could not be read is [`Seen::Unread`] with the reason, and never taken for absent.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_rds::operation::describe_db_parameters::builders::DescribeDBParametersFluentBuilder;
use aws_sdk_rds::types::{DbInstance, DbInstanceAutomatedBackup, DbSnapshot, Filter, Parameter};

use futures::future::{FutureExt, TryFutureExt};

use super::{Id, Instance, Observed, ParameterGroup, Snapshot, Source, SourceId, SubnetGroup, read};
use crate::aws::answer::{Found, asked, complete, pages, present, seen};
use crate::aws::clients::{Caller, Clients, unreadable};
use crate::aws::inventory::Sight;
use crate::aws::owner::Tags;
use crate::aws::{Aws, CloudError, Look, Looked, Password, Seen};

/// One look.
pub(super) struct Reader<'a> {
    aws: &'a Aws,
    clients: Arc<Clients>,
    id: &'a Id,
    account: &'a str,
}

impl<'a> Reader<'a> {
    pub(super) fn new(aws: &'a Aws, id: &'a Id, account: &'a str) -> Self {
        Self { aws, clients: aws.region(&id.region), id, account }
    }

    /// Everything that the id names.
    pub(super) async fn observe(&self, look: Look) -> Result<Looked<Observed>, CloudError> {
        let subnet_group = self.id.subnet_group.as_deref().map(|name| self.clients.subnet_group(name));
        let snapshots = self.id.final_snapshots.then(|| self.snapshots());
        let (instance, parameter_groups, subnet_group, snapshots) = tokio::join!(
            self.instance(look),
            self.clients.parameter_groups(&self.id.parameter_groups),
            asked(subnet_group),
            asked(snapshots)
        );
        let Sight { item: instance, look, version } = instance?;
        // A source is of no interest any more once the instance is there.
        let source = self.id.source.as_ref().filter(|_| instance.is_none()).map(|source| self.source(source));
        let secret = instance.as_ref().and_then(|instance| instance.master_secret.as_ref());
        let managed_password = self.id.managed_password.then(|| self.clients.managed_password(secret));
        let (source, managed_password) = tokio::join!(asked(source), asked(managed_password));
        let observed = Observed {
            instance: instance.map_or(Seen::Absent, Seen::Present),
            parameter_groups,
            subnet_group,
            source,
            snapshots,
            managed_password,
        };
        let version = version.filter(|_| self.id.is_swept());
        Ok(Looked { observed, look, account: self.account.into(), version })
    }

    async fn instance(&self, look: Look) -> Result<Sight<Instance>, CloudError> {
        self.clients.instances.look(&self.id.identifier, look, self.instance_now()).await
    }

    async fn instance_now(&self) -> Found<Instance> {
        let found = db_instance(&self.clients, &self.id.identifier).await?;
        found.map(|db| complete(DESCRIBE_INSTANCES, read::instance(&db))).transpose()
    }

    /// Manual snapshots of this identifier, also of instances that are gone.
    async fn snapshots(&self) -> Found<Vec<Snapshot>> {
        let request = self.clients.rds.describe_db_snapshots();
        let request = request.db_instance_identifier(&self.id.identifier).snapshot_type("manual");
        let listed = pages(DESCRIBE_SNAPSHOTS, |marker| {
            let page = self.clients.caller.call("rds", DESCRIBE_SNAPSHOTS, request.clone().set_marker(marker).send());
            page.map_ok(|page| (page.db_snapshots, page.marker)).boxed()
        });
        let snapshots: Result<Vec<_>, _> =
            listed.await?.iter().map(|db| complete(DESCRIBE_SNAPSHOTS, read::snapshot(db))).collect();
        Ok(Some(snapshots?))
    }
}

/// What instances and clusters have alike.
impl Clients {
    pub(in crate::aws) async fn parameter_groups(&self, names: &[String]) -> BTreeMap<String, Seen<ParameterGroup>> {
        let each = names.iter().map(|name| async { (name.clone(), seen(self.parameter_group(name).await)) });
        futures::future::join_all(each).await.into_iter().collect()
    }

    /// The group, the values set on it, and its tags: whole or not at all.
    async fn parameter_group(&self, name: &str) -> Found<ParameterGroup> {
        const OPERATION: &str = "DescribeDBParameterGroups";
        let request = self.rds.describe_db_parameter_groups().db_parameter_group_name(name);
        let answer = self.caller.call("rds", OPERATION, request.send()).await;
        let Some(answer) = present(answer, "DBParameterGroupNotFound")? else { return Ok(None) };
        let groups = answer.db_parameter_groups;
        let Some(group) = the_one(OPERATION, groups, |group| same(&group.db_parameter_group_name, name))? else {
            return Ok(None);
        };
        let set = self.rds.describe_db_parameters().db_parameter_group_name(name).source("user");
        let values = read::parameters(parameters(&self.caller, set).await?);
        let tags = self.tags(group.db_parameter_group_arn()).await?;
        complete(OPERATION, read::parameter_group(&group, values, tags)).map(Some)
    }

    pub(in crate::aws) async fn subnet_group(&self, name: &str) -> Found<SubnetGroup> {
        const OPERATION: &str = "DescribeDBSubnetGroups";
        let request = self.rds.describe_db_subnet_groups().db_subnet_group_name(name);
        let answer = self.caller.call("rds", OPERATION, request.send()).await;
        let Some(answer) = present(answer, "DBSubnetGroupNotFound")? else { return Ok(None) };
        let groups = answer.db_subnet_groups;
        let Some(group) = the_one(OPERATION, groups, |group| same(&group.db_subnet_group_name, name))? else {
            return Ok(None);
        };
        let tags = self.tags(group.db_subnet_group_arn()).await?;
        complete(OPERATION, read::subnet_group(&group, tags)).map(Some)
    }

    /// Groups do not come with their tags.
    pub(in crate::aws) async fn tags(&self, arn: Option<&str>) -> Result<Tags, CloudError> {
        const OPERATION: &str = "ListTagsForResource";
        let request = self.rds.list_tags_for_resource().set_resource_name(arn.map(Into::into));
        Ok(read::tags(self.caller.call("rds", OPERATION, request.send()).await?.tag_list()))
    }

    /// The password that RDS keeps in the secret of this ARN, if it keeps one.
    pub(in crate::aws) async fn managed_password(&self, secret: Option<&(String, String)>) -> Found<Password> {
        const OPERATION: &str = "GetSecretValue";
        let Some((arn, _)) = secret else { return Ok(None) };
        let request = self.secrets.get_secret_value().secret_id(arn).version_stage("AWSCURRENT");
        let answer = self.caller.call("secretsmanager", OPERATION, request.send()).await;
        let Some(answer) = present(answer, "ResourceNotFoundException")? else { return Ok(None) };
        complete(OPERATION, read::managed_password(answer.secret_string().unwrap_or_default())).map(Some)
    }

    /// A DB snapshot to restore, by name or ARN.
    pub(in crate::aws) async fn source_snapshot(&self, name: &str, account: &str) -> Found<Source> {
        let found = db_snapshot(self, name, account).await?;
        found.map(|(db, shared)| complete(DESCRIBE_SNAPSHOTS, read::source_snapshot(&db, shared))).transpose()
    }
}

/// What a new instance is made from.
impl Reader<'_> {
    async fn source(&self, source: &SourceId) -> Found<Source> {
        match source {
            SourceId::Snapshot(name) => self.clients.source_snapshot(name, self.account).await,
            SourceId::Instance(name) => self.source_instance(name).await,
            SourceId::ResourceId(resource_id) => self.source_resource(resource_id).await,
            SourceId::AutomatedBackups(arn) => self.source_backups(arn).await,
        }
    }

    /// By name here, or by ARN in another region. The name alone would find a namesake in our account.
    async fn source_instance(&self, name: &str) -> Found<Source> {
        let (region, name) = match Arn::parse(name) {
            Some(Arn { kind: "db", account, region, name }) if account == self.account => (region, name),
            Some(_) => return Err(elsewhere(name, self.account)),
            None => (self.id.region.as_str(), name),
        };
        let found = db_instance(&self.aws.region(region), name).await?;
        found.map(|db| complete(DESCRIBE_INSTANCES, read::source_instance(&db))).transpose()
    }

    /// The instance that has this resource id, or what its deletion has left.
    async fn source_resource(&self, resource_id: &str) -> Found<Source> {
        let filter = Filter::builder().name("dbi-resource-id").values(resource_id).build();
        let request = self.clients.rds.describe_db_instances().filters(filter);
        let answer = self.clients.caller.call("rds", DESCRIBE_INSTANCES, request.send()).await;
        let instances = present(answer, "DBInstanceNotFound")?.and_then(|answer| answer.db_instances);
        let found = the_one(DESCRIBE_INSTANCES, instances, |db| same(&db.dbi_resource_id, resource_id))?;
        if let Some(db) = found {
            return complete(DESCRIBE_INSTANCES, read::source_instance(&db)).map(Some);
        }
        let request = self.clients.rds.describe_db_instance_automated_backups().dbi_resource_id(resource_id);
        let answer = self.clients.caller.call("rds", DESCRIBE_BACKUPS, request.send()).await;
        let backups = present(answer, NO_BACKUPS)?.and_then(|answer| answer.db_instance_automated_backups);
        backup(backups, |backup| same(&backup.dbi_resource_id, resource_id))
    }

    async fn source_backups(&self, arn: &str) -> Found<Source> {
        let request = self.clients.rds.describe_db_instance_automated_backups().db_instance_automated_backups_arn(arn);
        let answer = self.clients.caller.call("rds", DESCRIBE_BACKUPS, request.send()).await;
        let backups = present(answer, NO_BACKUPS)?.and_then(|answer| answer.db_instance_automated_backups);
        backup(backups, |backup| same(&backup.db_instance_automated_backups_arn, arn))
    }
}

const DESCRIBE_INSTANCES: &str = "DescribeDBInstances";
const DESCRIBE_SNAPSHOTS: &str = "DescribeDBSnapshots";
const DESCRIBE_BACKUPS: &str = "DescribeDBInstanceAutomatedBackups";
const NO_BACKUPS: &str = "DBInstanceAutomatedBackupNotFound";

fn backup(
    backups: Option<Vec<DbInstanceAutomatedBackup>>,
    is: impl Fn(&DbInstanceAutomatedBackup) -> bool,
) -> Found<Source> {
    let found = the_one(DESCRIBE_BACKUPS, backups, is)?;
    found.map(|backup| complete(DESCRIBE_BACKUPS, read::source_backup(&backup))).transpose()
}

/// A source that this identity cannot look at.
fn elsewhere(name: &str, account: &str) -> CloudError {
    let message = format!("{name} is no DB instance in account {account}, and nothing else can be looked at");
    CloudError::transport(DESCRIBE_INSTANCES, "NotSent", &message)
}

/// Every parameter of a request, whose filters say which.
pub(in crate::aws) async fn parameters(
    caller: &Caller,
    request: DescribeDBParametersFluentBuilder,
) -> Result<Vec<Parameter>, CloudError> {
    const OPERATION: &str = "DescribeDBParameters";
    pages(OPERATION, |marker| {
        let page = caller.call("rds", OPERATION, request.clone().set_marker(marker).send());
        page.map_ok(|page| (page.parameters, page.marker)).boxed()
    })
    .await
}

/// An instance by identifier.
pub(in crate::aws) async fn db_instance(clients: &Clients, identifier: &str) -> Found<DbInstance> {
    let request = clients.rds.describe_db_instances().db_instance_identifier(identifier);
    let answer = clients.caller.call("rds", DESCRIBE_INSTANCES, request.send()).await;
    let Some(answer) = present(answer, "DBInstanceNotFound")? else { return Ok(None) };
    the_one(DESCRIBE_INSTANCES, answer.db_instances, |db| same(&db.db_instance_identifier, identifier))
}

/// How a snapshot is asked for.
pub(in crate::aws) struct Asking {
    /// SnapshotType: AWS finds one that it made itself only when it is told so.
    pub kind: Option<String>,
    /// IncludeShared: it is another account's.
    pub shared: bool,
}

impl Asking {
    /// By identifier, or by ARN.
    pub(in crate::aws) fn of(name: &str, account: &str) -> Self {
        let arn = Arn::parse(name);
        let own_name = arn.as_ref().map_or(name, |arn| arn.name);
        let kinds = [("rds:", "automated"), ("awsbackup:", "awsbackup")];
        let kind = kinds.into_iter().find(|one| own_name.starts_with(one.0)).map(|one| one.1.into());
        Self { kind, shared: arn.is_some_and(|arn| arn.account != account) }
    }
}

/// A snapshot by identifier or ARN, and whether another account shares it.
pub(in crate::aws) async fn db_snapshot(clients: &Clients, name: &str, account: &str) -> Found<(DbSnapshot, bool)> {
    let Asking { kind, shared } = Asking::of(name, account);
    let request = clients.rds.describe_db_snapshots().db_snapshot_identifier(name);
    let request = request.set_snapshot_type(kind).set_include_shared(shared.then_some(true));
    let answer = clients.caller.call("rds", DESCRIBE_SNAPSHOTS, request.send()).await;
    let Some(answer) = present(answer, "DBSnapshotNotFound")? else { return Ok(None) };
    let found = the_one(DESCRIBE_SNAPSHOTS, answer.db_snapshots, |db| {
        same(&db.db_snapshot_identifier, name) || same(&db.db_snapshot_arn, name)
    })?;
    Ok(found.map(|db| (db, shared)))
}

/// The one that was asked for. An empty list says that it is not there; a list of others says nothing.
pub(in crate::aws) fn the_one<T>(operation: &'static str, list: Option<Vec<T>>, is: impl Fn(&T) -> bool) -> Found<T> {
    let list = list.unwrap_or_default();
    let others = !list.is_empty();
    match list.into_iter().find(is) {
        None if others => Err(unreadable(operation, "the one that was asked for")),
        found => Ok(found),
    }
}

/// Names in AWS are the same in any case.
pub(in crate::aws) fn same(name: &Option<String>, wanted: &str) -> bool {
    name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(wanted))
}

/// `arn:<partition>:rds:<region>:<account>:<kind>:<name>`; names of snapshots can hold colons.
pub(in crate::aws) struct Arn<'a> {
    region: &'a str,
    account: &'a str,
    pub kind: &'a str,
    name: &'a str,
}

impl<'a> Arn<'a> {
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(6, ':').skip(2);
        Some(Self { region: parts.next()?, account: parts.next()?, kind: parts.next()?, name: parts.next()? })
    }
}
