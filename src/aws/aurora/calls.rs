//! Every RDS call of a cluster: the [`Cloud`] of AuroraServerless over the SDK. Reads are in `look`, the calls that change
//! something here.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_rds::operation::modify_db_cluster::builders::ModifyDbClusterInputBuilder;
use aws_sdk_rds::types::Filter;

use super::create::{self, Wanted, WantedMember};
use super::look::{Reader, parameters};
use super::{Action, AuroraRemote, EndpointType, Id, Observed, Origin, modify};
use crate::aws::answer::is;
use crate::aws::clients::in_time;
use crate::aws::owner::Tags;
use crate::aws::rds::calls::{self, DESCRIPTION, Methods, Sent, Writer as RdsWriter, silent, travelling};
use crate::aws::rds::create::{some, tags};
use crate::aws::{Action as _, Aws, Class, Cloud, CloudError, Look, Looked, Password};

/// Every operation that is called here, as IAM writes it; the least-privilege policy is derived from this list.
pub const OPERATIONS: &[&str] = &[
    "rds:AddRoleToDBCluster",
    "rds:AddTagsToResource",
    "rds:CreateDBCluster",
    "rds:CreateDBClusterEndpoint",
    "rds:CreateDBClusterParameterGroup",
    "rds:CreateDBInstance",
    "rds:CreateDBParameterGroup",
    "rds:CreateDBSubnetGroup",
    "rds:DeleteDBCluster",
    "rds:DeleteDBClusterEndpoint",
    "rds:DeleteDBClusterParameterGroup",
    "rds:DeleteDBInstance",
    "rds:DeleteDBParameterGroup",
    "rds:DeleteDBSubnetGroup",
    "rds:DescribeDBClusterAutomatedBackups",
    "rds:DescribeDBClusterEndpoints",
    "rds:DescribeDBClusterParameterGroups",
    "rds:DescribeDBClusterParameters",
    "rds:DescribeDBClusterSnapshots",
    "rds:DescribeDBClusters",
    "rds:DescribeDBEngineVersions",
    "rds:DescribeDBInstances",
    "rds:DescribeDBParameterGroups",
    "rds:DescribeDBParameters",
    "rds:DescribeDBSnapshots",
    "rds:DescribeDBSubnetGroups",
    "rds:DescribeServerlessV2PlatformVersions",
    "rds:DisableHttpEndpoint",
    "rds:EnableHttpEndpoint",
    "rds:FailoverDBCluster",
    "rds:ListTagsForResource",
    "rds:ModifyDBCluster",
    "rds:ModifyDBClusterEndpoint",
    "rds:ModifyDBClusterParameterGroup",
    "rds:ModifyDBInstance",
    "rds:ModifyDBParameterGroup",
    "rds:ModifyDBSubnetGroup",
    "rds:RebootDBInstance",
    "rds:RemoveRoleFromDBCluster",
    "rds:RemoveTagsFromResource",
    "rds:ResetDBClusterParameterGroup",
    "rds:ResetDBParameterGroup",
    "rds:RestoreDBClusterFromSnapshot",
    "rds:RestoreDBClusterToPointInTime",
    "rds:StartDBCluster",
    "rds:StopDBCluster",
    "secretsmanager:GetSecretValue",
    "sts:GetCallerIdentity",
];

impl Cloud<AuroraRemote> for Aws {
    async fn observe(&self, id: &Id, look: Look) -> Result<Looked<Observed>, CloudError> {
        let account = self.account().await?;
        Box::pin(Reader::new(self, id, &account).observe(look)).await
    }

    fn version(&self, id: &Id) -> Option<u64> {
        id.is_swept().then(|| self.region(&id.region).clusters.version(&id.identifier))?
    }

    async fn perform(&self, id: &Id, action: &Action, password: Option<&Password>) -> Result<(), CloudError> {
        let operation = action.operation();
        let password = travelling(action, password)?;
        let clients = self.region(&id.region);
        clients.caller.turn_to_write("rds").await;
        let _write = clients.clusters.write(&id.identifier);
        let writer = Writer { rds: RdsWriter { clients: clients.clone(), identifier: &id.identifier, operation } };
        match in_time(operation, writer.send(action, password)).await {
            Err(error) if holds_already(action, &error) => Ok(()),
            result => result.map_err(|error| silent(error, password)),
        }
    }
}

/// What the call was to bring about is so: what is gone after a delete is progress.
fn holds_already(action: &Action, error: &CloudError) -> bool {
    let gone = match action {
        Action::Rds(action) => return calls::holds_already(action, error),
        Action::Delete { .. } => "DBClusterNotFound",
        Action::DeleteMember { .. } => "DBInstanceNotFound",
        // AWS has a code for groups of clusters too, and does not use it here.
        Action::DeleteClusterParameterGroup { .. } if is(error, "DBClusterParameterGroupNotFound") => return true,
        Action::DeleteClusterParameterGroup { .. } => "DBParameterGroupNotFound",
        Action::DeleteEndpoint { .. } => "DBClusterEndpointNotFound",
        // So AWS refuses to turn off what a cluster cannot have, or has not.
        Action::HttpEndpoint { enabled: false, .. } if error.code.starts_with("InvalidParameter") => return true,
        _ => return error.class == Class::AlreadyDone,
    };
    error.class == Class::AlreadyDone || is(error, gone)
}

/// One action's way to AWS.
struct Writer<'a> {
    rds: RdsWriter<'a>,
}

impl Writer<'_> {
    fn send<'a>(&'a self, action: &'a Action, password: Option<&'a Password>) -> Sent<'a> {
        let identifier = self.rds.identifier;
        match action {
            Action::Rds(action) => self.rds.send(action, password),
            Action::CreateClusterParameterGroup { name, family, tags } => self.create_group(name, family, tags),
            Action::SetClusterParameters { name, values } => Box::pin(self.set_parameters(name, values)),
            Action::ResetClusterParameters { name, names } => Box::pin(self.reset_parameters(name, names)),
            Action::DeleteClusterParameterGroup { name } => self.delete_group(name),
            Action::Create { origin, settings, tags, password: _, managed } => {
                self.create(origin, &Wanted { identifier, settings, tags, password, managed: managed.as_ref() })
            }
            Action::CreateMember { name, engine, settings, promotion_tier, tags } => {
                self.create_member(&WantedMember { name, engine, settings, promotion_tier: *promotion_tier, tags })
            }
            Action::ModifyMember { name, settings, promotion_tier, serverless, apply_immediately } => {
                let request = modify::member(name, settings, *serverless).apply_immediately(*apply_immediately);
                self.rds.done(request.set_promotion_tier(*promotion_tier).send_with(self.writes()))
            }
            Action::DeleteMember { name } => self.delete_member(name),
            Action::RebootMember { name } => {
                self.rds.done(self.writes().reboot_db_instance().db_instance_identifier(name).send())
            }
            Action::Modify(modification) => self.modify(modify::settings(identifier, modification)),
            Action::SetPassword => self.modify(modify::password(identifier, password)),
            Action::ManagePassword { managed, kms_key_id } => {
                self.modify(modify::managed(identifier, *managed, kms_key_id.as_deref(), password))
            }
            Action::HttpEndpoint { arn, enabled } => self.http_endpoint(arn, *enabled),
            Action::Failover => {
                self.rds.done(self.writes().failover_db_cluster().db_cluster_identifier(identifier).send())
            }
            Action::Start => self.rds.done(self.writes().start_db_cluster().db_cluster_identifier(identifier).send()),
            Action::Stop => self.rds.done(self.writes().stop_db_cluster().db_cluster_identifier(identifier).send()),
            Action::AddRole { feature, role } => self.add_role(feature, role),
            Action::RemoveRole { feature, role } => self.remove_role(feature, role),
            Action::CreateEndpoint { name, endpoint_type, static_members, excluded_members, tags } => {
                self.create_endpoint(name, *endpoint_type, [static_members, excluded_members], tags)
            }
            Action::ModifyEndpoint { name, endpoint_type, static_members, excluded_members } => {
                self.modify_endpoint(name, *endpoint_type, [static_members, excluded_members])
            }
            Action::DeleteEndpoint { name } => self.delete_endpoint(name),
            Action::Delete { final_snapshot, delete_automated_backups } => {
                self.delete(final_snapshot.clone(), *delete_automated_backups)
            }
        }
    }

    fn writes(&self) -> &aws_sdk_rds::Client {
        self.rds.writes()
    }

    fn create(&self, origin: &Origin, wanted: &Wanted<'_>) -> Sent<'_> {
        match origin {
            Origin::New => self.rds.done(create::new(wanted).send_with(self.writes())),
            Origin::Snapshot(snapshot) => {
                self.rds.done(create::from_snapshot(wanted, snapshot).send_with(self.writes()))
            }
            Origin::PointInTime { source, at } => {
                self.rds.done(create::to_point_in_time(wanted, source, *at).send_with(self.writes()))
            }
            Origin::Clone(source) => self.rds.done(create::clone(wanted, source).send_with(self.writes())),
        }
    }

    fn modify(&self, request: ModifyDbClusterInputBuilder) -> Sent<'_> {
        self.rds.done(request.send_with(self.writes()))
    }

    /// Exactly one of the two members that decide the data's fate, and the backups' fate always said.
    fn delete(&self, final_snapshot: Option<String>, delete_automated_backups: bool) -> Sent<'_> {
        let request = self.writes().delete_db_cluster().db_cluster_identifier(self.rds.identifier);
        let request = request.delete_automated_backups(delete_automated_backups);
        self.rds.done(match final_snapshot {
            Some(snapshot) => request.skip_final_snapshot(false).final_db_snapshot_identifier(snapshot).send(),
            None => request.skip_final_snapshot(true).send(),
        })
    }

    fn create_member(&self, wanted: &WantedMember<'_>) -> Sent<'_> {
        self.rds.done(create::member(self.rds.identifier, wanted).send_with(self.writes()))
    }

    /// The cluster has the data: AWS takes no final snapshot of a member.
    fn delete_member(&self, name: &str) -> Sent<'_> {
        self.rds.done(self.writes().delete_db_instance().db_instance_identifier(name).skip_final_snapshot(true).send())
    }
}

/// What a cluster has by calls of its own.
impl Writer<'_> {
    fn http_endpoint(&self, arn: &str, enabled: bool) -> Sent<'_> {
        match enabled {
            true => self.rds.done(self.writes().enable_http_endpoint().resource_arn(arn).send()),
            false => self.rds.done(self.writes().disable_http_endpoint().resource_arn(arn).send()),
        }
    }

    fn add_role(&self, feature: &str, role: &str) -> Sent<'_> {
        let request = self.writes().add_role_to_db_cluster().db_cluster_identifier(self.rds.identifier);
        self.rds.done(request.set_feature_name(named(feature)).role_arn(role).send())
    }

    fn remove_role(&self, feature: &str, role: &str) -> Sent<'_> {
        let request = self.writes().remove_role_from_db_cluster().db_cluster_identifier(self.rds.identifier);
        self.rds.done(request.set_feature_name(named(feature)).role_arn(role).send())
    }

    /// An empty list is left out.
    fn create_endpoint(&self, name: &str, kind: EndpointType, members: [&BTreeSet<String>; 2], own: &Tags) -> Sent<'_> {
        let request = self.writes().create_db_cluster_endpoint().db_cluster_identifier(self.rds.identifier);
        let [fixed, excluded] = members.map(|names| some(Vec::from_iter(names.clone())));
        let request = request.db_cluster_endpoint_identifier(name).endpoint_type(word(kind));
        let request = request.set_static_members(fixed).set_excluded_members(excluded);
        self.rds.done(request.set_tags(Some(tags(own))).send())
    }

    /// An empty list is sent as such: left out, AWS would keep the old one.
    fn modify_endpoint(&self, name: &str, kind: EndpointType, members: [&BTreeSet<String>; 2]) -> Sent<'_> {
        let [fixed, excluded] = members.map(|names| Some(Vec::from_iter(names.clone())));
        let request = self.writes().modify_db_cluster_endpoint().db_cluster_endpoint_identifier(name);
        let request = request.endpoint_type(word(kind)).set_static_members(fixed).set_excluded_members(excluded);
        self.rds.done(request.send())
    }

    fn delete_endpoint(&self, name: &str) -> Sent<'_> {
        self.rds.done(self.writes().delete_db_cluster_endpoint().db_cluster_endpoint_identifier(name).send())
    }
}

/// The cluster parameter groups.
impl Writer<'_> {
    fn create_group(&self, name: &str, family: &str, own: &Tags) -> Sent<'_> {
        let request = self.writes().create_db_cluster_parameter_group().db_cluster_parameter_group_name(name);
        let request = request.db_parameter_group_family(family).description(DESCRIPTION);
        self.rds.done(request.set_tags(Some(tags(own))).send())
    }

    fn delete_group(&self, name: &str) -> Sent<'_> {
        self.rds.done(self.writes().delete_db_cluster_parameter_group().db_cluster_parameter_group_name(name).send())
    }

    async fn set_parameters(&self, group: &str, values: &BTreeMap<String, String>) -> Result<(), CloudError> {
        let methods = self.methods(group, values.keys()).await?;
        let set = values.iter().map(|(name, value)| methods.parameter(name).parameter_value(value).build()).collect();
        let request = self.writes().modify_db_cluster_parameter_group().db_cluster_parameter_group_name(group);
        self.rds.done(request.set_parameters(Some(set)).send()).await
    }

    async fn reset_parameters(&self, group: &str, names: &BTreeSet<String>) -> Result<(), CloudError> {
        let methods = self.methods(group, names.iter()).await?;
        let reset = names.iter().map(|name| methods.parameter(name).build()).collect();
        let request = self.writes().reset_db_cluster_parameter_group().db_cluster_parameter_group_name(group);
        self.rds.done(request.set_parameters(Some(reset)).send()).await
    }

    /// Which of these parameters AWS applies without a restart.
    async fn methods(&self, group: &str, names: impl Iterator<Item = &String>) -> Result<Methods, CloudError> {
        let filter = Filter::builder().name("parameter-name").set_values(Some(names.cloned().collect())).build();
        let clients = &self.rds.clients;
        let request = clients.rds.describe_db_cluster_parameters().db_cluster_parameter_group_name(group);
        Ok(Methods::of(parameters(&clients.caller, request.filters(filter)).await?))
    }
}

/// A role without a feature is for the whole cluster.
fn named(feature: &str) -> Option<String> {
    Some(feature.to_string()).filter(|feature| !feature.is_empty())
}

fn word(kind: EndpointType) -> &'static str {
    match kind {
        EndpointType::Reader => "READER",
        EndpointType::Any => "ANY",
    }
}
