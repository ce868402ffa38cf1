//! Every RDS call: the [`Cloud`] of RdsInstance over the SDK. Reads are in `look`, the calls that change something here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_rds::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_rds::types::{ApplyMethod, Filter, Parameter};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use futures::future::BoxFuture;

use super::create::{self, Wanted};
use super::look::Reader;
use super::{Action, Id, Observed, Origin, RdsRemote, modify};
use crate::aws::answer::is;
use crate::aws::clients::{Clients, in_time};
use crate::aws::owner::Tags;
use crate::aws::{Action as _, Aws, Class, Cloud, CloudError, Look, Looked, Password, PasswordUse};

/// Every operation that is called here, as IAM writes it; the least-privilege policy is derived from this list.
pub const OPERATIONS: &[&str] = &[
    "rds:AddRoleToDBInstance",
    "rds:AddTagsToResource",
    "rds:CreateDBInstance",
    "rds:CreateDBInstanceReadReplica",
    "rds:CreateDBParameterGroup",
    "rds:CreateDBSubnetGroup",
    "rds:DeleteDBInstance",
    "rds:DeleteDBParameterGroup",
    "rds:DeleteDBSubnetGroup",
    "rds:DescribeDBInstanceAutomatedBackups",
    "rds:DescribeDBInstances",
    "rds:DescribeDBParameterGroups",
    "rds:DescribeDBParameters",
    "rds:DescribeDBSnapshots",
    "rds:DescribeDBSubnetGroups",
    "rds:DescribeEvents",
    "rds:ListTagsForResource",
    "rds:ModifyDBInstance",
    "rds:ModifyDBParameterGroup",
    "rds:ModifyDBSubnetGroup",
    "rds:PromoteReadReplica",
    "rds:RebootDBInstance",
    "rds:RemoveRoleFromDBInstance",
    "rds:RemoveTagsFromResource",
    "rds:ResetDBParameterGroup",
    "rds:RestoreDBInstanceFromDBSnapshot",
    "rds:RestoreDBInstanceToPointInTime",
    "rds:StartDBInstance",
    "rds:StopDBInstance",
    "secretsmanager:GetSecretValue",
    "sts:GetCallerIdentity",
];

impl Cloud<RdsRemote> for Aws {
    async fn observe(&self, id: &Id, look: Look) -> Result<Looked<Observed>, CloudError> {
        let account = self.account().await?;
        Box::pin(Reader::new(self, id, &account).observe(look)).await
    }

    fn version(&self, id: &Id) -> Option<u64> {
        id.is_swept().then(|| self.region(&id.region).instances.version(&id.identifier))?
    }

    async fn perform(&self, id: &Id, action: &Action, password: Option<&Password>) -> Result<(), CloudError> {
        let operation = action.operation();
        let password = travelling(action, password)?;
        let clients = self.region(&id.region);
        clients.caller.turn_to_write("rds").await;
        let _write = clients.instances.write(&id.identifier);
        let writer = Writer { clients: clients.clone(), identifier: &id.identifier, operation };
        match in_time(operation, writer.send(action, password)).await {
            Err(error) if holds_already(action, &error) => Ok(()),
            result => result.map_err(|error| silent(error, password)),
        }
    }
}

/// The password that the action asks for, and no other.
pub(in crate::aws) fn travelling<'a>(
    action: &impl crate::aws::Action,
    password: Option<&'a Password>,
) -> Result<Option<&'a Password>, CloudError> {
    match (action.password(), password) {
        (PasswordUse::None, _) => Ok(None),
        (_, None) => {
            let missing = "the call needs a password, and none was given";
            Err(CloudError::transport(action.operation(), "NotSent", missing))
        }
        (_, given) => Ok(given),
    }
}

/// What the call was to bring about is so. The SDK or a lost answer can make us meet our own delete: what is gone after it
/// is progress.
pub(in crate::aws) fn holds_already(action: &Action, error: &CloudError) -> bool {
    let gone = match action {
        Action::Delete { .. } => "DBInstanceNotFound",
        Action::DeleteSubnetGroup { .. } => "DBSubnetGroupNotFound",
        Action::DeleteParameterGroup { .. } => "DBParameterGroupNotFound",
        _ => return error.class == Class::AlreadyDone,
    };
    error.class == Class::AlreadyDone || is(error, gone)
}

/// AWS does not quote passwords; if it ever does, ours does not get into a condition.
pub(in crate::aws) fn silent(mut error: CloudError, password: Option<&Password>) -> CloudError {
    if let Some(password) = password.map(Password::expose).filter(|text| !text.is_empty()) {
        error.message = error.message.replace(password, "(password)");
    }
    error
}

/// A call on its way.
pub(in crate::aws) type Sent<'a> = BoxFuture<'a, Result<(), CloudError>>;

/// One action's way to AWS.
pub(in crate::aws) struct Writer<'a> {
    pub clients: Arc<Clients>,
    /// DBInstanceIdentifier; of a cluster's calls, DBClusterIdentifier.
    pub identifier: &'a str,
    pub operation: &'static str,
}

impl Writer<'_> {
    pub fn send<'a>(&'a self, action: &'a Action, password: Option<&'a Password>) -> Sent<'a> {
        match action {
            Action::CreateSubnetGroup { name, subnet_ids, tags } => self.create_subnet_group(name, subnet_ids, tags),
            Action::ModifySubnetGroup { name, subnet_ids } => self.modify_subnet_group(name, subnet_ids),
            Action::DeleteSubnetGroup { name } => self.delete_subnet_group(name),
            Action::CreateParameterGroup { name, family, tags } => self.create_parameter_group(name, family, tags),
            Action::SetParameters { name, values } => Box::pin(self.set_parameters(name, values)),
            Action::ResetParameters { name, names } => Box::pin(self.reset_parameters(name, names)),
            Action::DeleteParameterGroup { name } => self.delete_parameter_group(name),
            Action::Create { origin, settings, tags, password: _, managed } => {
                let identifier = self.identifier;
                self.create(origin, Wanted { identifier, settings, tags, password, managed: managed.as_ref() })
            }
            Action::Modify(modification) => self.modify(modify::settings(self.identifier, modification)),
            Action::SetPassword => self.modify(modify::password(self.identifier, password)),
            Action::ManagePassword { managed, kms_key_id } => {
                self.modify(modify::managed(self.identifier, *managed, kms_key_id.as_deref(), password))
            }
            Action::Promote { backup_retention_period, preferred_backup_window } => {
                self.promote(*backup_retention_period, preferred_backup_window.clone())
            }
            Action::Reboot => {
                self.done(self.writes().reboot_db_instance().db_instance_identifier(self.identifier).send())
            }
            Action::Start => {
                self.done(self.writes().start_db_instance().db_instance_identifier(self.identifier).send())
            }
            Action::Stop => self.done(self.writes().stop_db_instance().db_instance_identifier(self.identifier).send()),
            Action::AddRole { feature, role } => self.add_role(feature, role),
            Action::RemoveRole { feature, role } => self.remove_role(feature, role),
            Action::Tag { arn, tags } => self.tag(arn, tags),
            Action::Untag { arn, keys } => self.untag(arn, keys),
            Action::Delete { final_snapshot, delete_automated_backups } => {
                self.delete(final_snapshot.clone(), *delete_automated_backups)
            }
        }
    }

    pub fn writes(&self) -> &aws_sdk_rds::Client {
        &self.clients.rds_writes
    }

    /// Sends; the answer holds the old values, or none: only the next look tells (aws-rds.md, planner rule 5).
    pub fn done<'a, T, E>(
        &'a self,
        sending: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send + 'a,
    ) -> Sent<'a>
    where
        T: Send + 'a,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let answer = self.clients.caller.call("rds", self.operation, sending);
        Box::pin(async move { answer.await.map(drop) })
    }

    fn create<'a>(&'a self, origin: &Origin, wanted: Wanted<'_>) -> Sent<'a> {
        match origin {
            Origin::New => self.done(create::new(&wanted).send_with(self.writes())),
            Origin::Snapshot(snapshot) => self.done(create::from_snapshot(&wanted, snapshot).send_with(self.writes())),
            Origin::PointInTime { source, at } => {
                self.done(create::to_point_in_time(&wanted, source, *at).send_with(self.writes()))
            }
            Origin::Replica(source) => self.done(create::replica(&wanted, source).send_with(self.writes())),
        }
    }

    fn modify(
        &self,
        request: aws_sdk_rds::operation::modify_db_instance::builders::ModifyDbInstanceInputBuilder,
    ) -> Sent<'_> {
        self.done(request.send_with(self.writes()))
    }

    /// Exactly one of the two members that decide the data's fate, and the backups' fate always said.
    fn delete(&self, final_snapshot: Option<String>, delete_automated_backups: bool) -> Sent<'_> {
        let request = self.writes().delete_db_instance().db_instance_identifier(self.identifier);
        let request = request.delete_automated_backups(delete_automated_backups);
        self.done(match final_snapshot {
            Some(snapshot) => request.skip_final_snapshot(false).final_db_snapshot_identifier(snapshot).send(),
            None => request.skip_final_snapshot(true).send(),
        })
    }
}

/// The rest of the instance: replication, roles and tags.
impl Writer<'_> {
    fn promote(&self, retention: Option<i32>, window: Option<String>) -> Sent<'_> {
        let request = self.writes().promote_read_replica().db_instance_identifier(self.identifier);
        self.done(request.set_backup_retention_period(retention).set_preferred_backup_window(window).send())
    }

    fn add_role(&self, feature: &str, role: &str) -> Sent<'_> {
        let request = self.writes().add_role_to_db_instance().db_instance_identifier(self.identifier);
        self.done(request.feature_name(feature).role_arn(role).send())
    }

    fn remove_role(&self, feature: &str, role: &str) -> Sent<'_> {
        let request = self.writes().remove_role_from_db_instance().db_instance_identifier(self.identifier);
        self.done(request.feature_name(feature).role_arn(role).send())
    }

    fn tag(&self, arn: &str, tags: &Tags) -> Sent<'_> {
        self.done(self.writes().add_tags_to_resource().resource_name(arn).set_tags(Some(create::tags(tags))).send())
    }

    fn untag(&self, arn: &str, keys: &BTreeSet<String>) -> Sent<'_> {
        let keys = Some(Vec::from_iter(keys.clone()));
        self.done(self.writes().remove_tags_from_resource().resource_name(arn).set_tag_keys(keys).send())
    }
}

/// The groups that an instance owns.
impl Writer<'_> {
    fn create_subnet_group(&self, name: &str, subnet_ids: &BTreeSet<String>, tags: &Tags) -> Sent<'_> {
        let request =
            self.writes().create_db_subnet_group().db_subnet_group_name(name).set_tags(Some(create::tags(tags)));
        let subnet_ids = Some(Vec::from_iter(subnet_ids.clone()));
        self.done(request.db_subnet_group_description(DESCRIPTION).set_subnet_ids(subnet_ids).send())
    }

    fn modify_subnet_group(&self, name: &str, subnet_ids: &BTreeSet<String>) -> Sent<'_> {
        let request = self.writes().modify_db_subnet_group().db_subnet_group_name(name);
        self.done(request.set_subnet_ids(Some(Vec::from_iter(subnet_ids.clone()))).send())
    }

    fn delete_subnet_group(&self, name: &str) -> Sent<'_> {
        self.done(self.writes().delete_db_subnet_group().db_subnet_group_name(name).send())
    }

    fn create_parameter_group(&self, name: &str, family: &str, tags: &Tags) -> Sent<'_> {
        let request = self.writes().create_db_parameter_group().db_parameter_group_name(name);
        let request = request.db_parameter_group_family(family).description(DESCRIPTION);
        self.done(request.set_tags(Some(create::tags(tags))).send())
    }

    fn delete_parameter_group(&self, name: &str) -> Sent<'_> {
        self.done(self.writes().delete_db_parameter_group().db_parameter_group_name(name).send())
    }

    async fn set_parameters(&self, group: &str, values: &BTreeMap<String, String>) -> Result<(), CloudError> {
        let methods = self.methods(group, values.keys()).await?;
        let set = values.iter().map(|(name, value)| methods.parameter(name).parameter_value(value).build()).collect();
        let request = self.writes().modify_db_parameter_group().db_parameter_group_name(group);
        self.done(request.set_parameters(Some(set)).send()).await
    }

    async fn reset_parameters(&self, group: &str, names: &BTreeSet<String>) -> Result<(), CloudError> {
        let methods = self.methods_of_reset(group, names).await?;
        let reset = names.iter().map(|name| methods.parameter(name).build()).collect();
        let request = self.writes().reset_db_parameter_group().db_parameter_group_name(group);
        self.done(request.set_parameters(Some(reset)).send()).await
    }

    /// Which of these parameters AWS applies without a restart. Asked for by name, and page by page where the filter is
    /// not known.
    async fn methods(&self, group: &str, names: impl Iterator<Item = &String>) -> Result<Methods, CloudError> {
        let filter = Filter::builder().name("parameter-name").set_values(Some(names.cloned().collect())).build();
        let request = self.clients.rds.describe_db_parameters().db_parameter_group_name(group);
        let listed = match super::look::parameters(&self.clients.caller, request.clone().filters(filter)).await {
            Err(error) if error.class == Class::Rejected => {
                super::look::parameters(&self.clients.caller, request).await?
            }
            listed => listed?,
        };
        Ok(Methods::of(listed))
    }

    /// As [`Self::methods`], but Oracle takes nothing else than `pending-reboot` in a reset.
    async fn methods_of_reset(&self, group: &str, names: &BTreeSet<String>) -> Result<Methods, CloudError> {
        const OPERATION: &str = "DescribeDBParameterGroups";
        let request = self.clients.rds.describe_db_parameter_groups().db_parameter_group_name(group);
        let answer = self.clients.caller.call("rds", OPERATION, request.send()).await?;
        let families = || answer.db_parameter_groups().iter().filter_map(|group| group.db_parameter_group_family());
        if families().any(|family| family.starts_with("oracle")) {
            return Ok(Methods { dynamic: BTreeSet::new() });
        }
        self.methods(group, names.iter()).await
    }
}

/// Shown in AWS's console; AWS wants one.
pub(in crate::aws) const DESCRIPTION: &str = "Managed by aws-database-operator";

/// How parameters take effect: dynamic ones at once (SQL Server takes nothing else for them), all others, and those that
/// AWS does not know, with the next reboot.
pub(in crate::aws) struct Methods {
    dynamic: BTreeSet<String>,
}

impl Methods {
    pub fn of(listed: Vec<Parameter>) -> Self {
        let dynamic = listed.into_iter().filter(|one| one.apply_type.as_deref() == Some("dynamic"));
        Self { dynamic: dynamic.filter_map(|one| Some(one.parameter_name?.to_lowercase())).collect() }
    }

    pub fn parameter(&self, name: &str) -> aws_sdk_rds::types::builders::ParameterBuilder {
        let method = match self.dynamic.contains(&name.to_lowercase()) {
            true => ApplyMethod::Immediate,
            false => ApplyMethod::PendingReboot,
        };
        Parameter::builder().parameter_name(name).apply_method(method)
    }
}
