//! The SDK side of a table: the [`Cloud`] of DynamoTable. Reads are in `look` and `around`, requests in `create` and
//! `update`; nothing is decided here.

use std::sync::Arc;

use aws_sdk_applicationautoscaling::types::{PolicyType, ServiceNamespace};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types as sdk;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use futures::future::{BoxFuture, ready};

use super::create::{self, Built};
use super::look::{NOT_FOUND, Reader, SCALING, SERVICE, place};
use super::{Action, Creation, Dimension, DynamoRemote, Id, Observed, Restore, ScalingPolicy, Update, scaling, update};
use crate::aws::answer::is;
use crate::aws::clients::{Clients, in_time};
use crate::aws::{Action as _, Aws, Class, Cloud, CloudError, Look, Looked, Password};

/// Every operation that is called here, as IAM writes it; the least-privilege policy is derived from this list.
pub const OPERATIONS: &[&str] = &[
    "application-autoscaling:DeregisterScalableTarget",
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingPolicies",
    "application-autoscaling:PutScalingPolicy",
    "application-autoscaling:RegisterScalableTarget",
    "dynamodb:BatchWriteItem",
    "dynamodb:CreateBackup",
    "dynamodb:CreateTable",
    "dynamodb:DeleteResourcePolicy",
    "dynamodb:DeleteTable",
    "dynamodb:DescribeBackup",
    "dynamodb:DescribeContinuousBackups",
    "dynamodb:DescribeContributorInsights",
    "dynamodb:DescribeImport",
    "dynamodb:DescribeKinesisStreamingDestination",
    "dynamodb:DescribeTable",
    "dynamodb:DescribeTimeToLive",
    "dynamodb:DisableKinesisStreamingDestination",
    "dynamodb:EnableKinesisStreamingDestination",
    "dynamodb:GetResourcePolicy",
    "dynamodb:ImportTable",
    "dynamodb:ListBackups",
    "dynamodb:ListImports",
    "dynamodb:ListTagsOfResource",
    "dynamodb:PutResourcePolicy",
    "dynamodb:RestoreTableFromBackup",
    "dynamodb:RestoreTableToPointInTime",
    "dynamodb:TagResource",
    "dynamodb:UntagResource",
    "dynamodb:UpdateContinuousBackups",
    "dynamodb:UpdateContributorInsights",
    "dynamodb:UpdateKinesisStreamingDestination",
    "dynamodb:UpdateTable",
    "dynamodb:UpdateTimeToLive",
    "sts:GetCallerIdentity",
];

/// What AWS checks besides, in the name of the caller: replicas, witnesses and restores write items, features reach into
/// other services, and each first use makes a service-linked role.
pub const IMPLIED: &[&str] = &[
    "cloudwatch:DeleteAlarms",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:PutMetricAlarm",
    "dynamodb:CreateGlobalTableWitness",
    "dynamodb:CreateTableReplica",
    "dynamodb:DeleteGlobalTableWitness",
    "dynamodb:DeleteItem",
    "dynamodb:DeleteTableReplica",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:UpdateItem",
    "iam:CreateServiceLinkedRole",
    "kinesis:DescribeStream",
    "kinesis:PutRecord",
    "kinesis:PutRecords",
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:DescribeLogGroups",
    "logs:DescribeLogStreams",
    "logs:PutLogEvents",
    "logs:PutRetentionPolicy",
    "s3:GetObject",
    "s3:ListBucket",
];

impl Cloud<DynamoRemote> for Aws {
    async fn observe(&self, id: &Id, look: Look) -> Result<Looked<Observed>, CloudError> {
        let account = self.account().await?;
        let (observed, look) = Box::pin(Reader::new(self, id, look, &account).observe()).await?;
        Ok(Looked { observed, look, account, version: None })
    }

    async fn perform(&self, id: &Id, action: &Action, _password: Option<&Password>) -> Result<(), CloudError> {
        let operation = action.operation();
        let _changing = self.facts.changing(place(id), action);
        let clients = self.region(&id.region);
        match action {
            // Items have the table's own capacity to go by.
            Action::PutItems { .. } => {}
            Action::RegisterTarget { .. } | Action::PutScalingPolicy { .. } | Action::DeregisterTarget { .. } => {
                clients.caller.turn_to_write(SCALING).await;
            }
            _ => clients.caller.turn_to_write(SERVICE).await,
        }
        let writer = Writer { aws: self, clients, table: &id.table, operation };
        match in_time(operation, writer.send(action)).await {
            Err(error) if holds_already(action, &error) => Ok(()),
            result => result,
        }
    }
}

/// What the call was to bring about is so. The SDK or a lost answer can make us meet our own delete: what is gone after it
/// is progress.
fn holds_already(action: &Action, error: &CloudError) -> bool {
    let gone = match action {
        Action::Delete if is(error, "ResourceInUseException") && error.message.contains("being deleted") => {
            return true;
        }
        Action::Delete => NOT_FOUND,
        Action::Update(Update::DeleteIndex { .. }) => NOT_FOUND,
        Action::DeregisterTarget { .. } => "ObjectNotFoundException",
        Action::DeletePolicy { .. } => "PolicyNotFoundException",
        _ => return error.class == Class::AlreadyDone,
    };
    error.class == Class::AlreadyDone || is(error, gone)
}

pub(super) type Sent<'a> = BoxFuture<'a, Result<(), CloudError>>;

/// One action's way to AWS.
pub(super) struct Writer<'a> {
    pub aws: &'a Aws,
    pub clients: Arc<Clients>,
    pub table: &'a str,
    pub operation: &'static str,
}

impl Writer<'_> {
    fn send<'a>(&'a self, action: &'a Action) -> Sent<'a> {
        self.sending(action).unwrap_or_else(|error| {
            let error = CloudError::transport(self.operation, "NotSent", &error.to_string());
            Box::pin(ready(Err(error)))
        })
    }

    fn sending<'a>(&'a self, action: &'a Action) -> Built<Sent<'a>> {
        Ok(match action {
            Action::Create(wanted) => self.done(create::table(self.table, wanted)?.send_with(self.here())),
            Action::Restore { from, creation, indexes } => self.restore(from, creation, *indexes)?,
            Action::Import { from, creation, token } => {
                self.done(create::import(self.table, from, creation, token)?.send_with(self.here()))
            }
            Action::Update(change) => self.done(update::table(self.table, change)?.send_with(self.here())),
            Action::Tag { region, arn, tags } => {
                let tags = create::tags(tags)?;
                self.done(self.writes(region).tag_resource().resource_arn(arn).set_tags(Some(tags)).send())
            }
            Action::Untag { region, arn, keys } => {
                let keys = Vec::from_iter(keys.clone());
                self.done(self.writes(region).untag_resource().resource_arn(arn).set_tag_keys(Some(keys)).send())
            }
            Action::TimeToLive { attribute_name, enabled } => self.time_to_live(attribute_name, *enabled)?,
            Action::PointInTimeRecovery { region, enabled, days } => self.recovery(region, *enabled, *days)?,
            Action::ReplicaProtection { region, enabled } => {
                let request = self.writes(&Some(region.clone())).update_table().table_name(self.table);
                self.done(request.deletion_protection_enabled(*enabled).send())
            }
            Action::ContributorInsights { index, enabled, mode } => self.insights(index, *enabled, mode.as_deref()),
            Action::PutPolicy { arn, policy } => {
                self.done(self.here().put_resource_policy().resource_arn(arn).policy(policy).send())
            }
            Action::DeletePolicy { arn } => self.done(self.here().delete_resource_policy().resource_arn(arn).send()),
            Action::EnableKinesis { stream_arn, precision } => self.enable_kinesis(stream_arn, precision.as_deref()),
            Action::UpdateKinesis { stream_arn, precision } => self.update_kinesis(stream_arn, precision),
            Action::DisableKinesis { stream_arn } => {
                let request = self.here().disable_kinesis_streaming_destination().table_name(self.table);
                self.done(request.stream_arn(stream_arn).send())
            }
            Action::RegisterTarget { dimension, range } => self.register(dimension, *range),
            Action::PutScalingPolicy { dimension, policy } => self.put_scaling_policy(dimension, policy)?,
            Action::DeregisterTarget { dimension } => self.deregister(dimension),
            Action::PutItems { items } => Box::pin(self.put_items(items)),
            Action::CreateBackup { name } => {
                self.done(self.here().create_backup().table_name(self.table).backup_name(name).send())
            }
            Action::Delete => self.done(self.here().delete_table().table_name(self.table).send()),
        })
    }

    pub(super) fn here(&self) -> &Client {
        &self.clients.dynamo_writes
    }

    /// Of another region, or of the table's own.
    fn writes(&self, region: &Option<String>) -> Client {
        match region {
            None => self.here().clone(),
            Some(region) => self.aws.region(region).dynamo_writes.clone(),
        }
    }

    /// Sends; the answer holds the old values, or none: only the next look tells (R1).
    fn done<'a, T, E>(
        &'a self,
        sending: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send + 'a,
    ) -> Sent<'a>
    where
        T: Send + 'a,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        self.done_by(SERVICE, sending)
    }

    fn done_by<'a, T, E>(
        &'a self,
        service: &'static str,
        sending: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send + 'a,
    ) -> Sent<'a>
    where
        T: Send + 'a,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let answer = self.clients.caller.call(service, self.operation, sending);
        Box::pin(async move { answer.await.map(drop) })
    }
}

/// The table and its features.
impl Writer<'_> {
    fn restore(&self, from: &Restore, creation: &Creation, indexes: bool) -> Built<Sent<'_>> {
        Ok(match from {
            Restore::Backup(arn) => {
                self.done(create::from_backup(self.table, arn, creation, indexes)?.send_with(self.here()))
            }
            Restore::PointInTime { source, at } => {
                let request = create::to_point_in_time(self.table, (source, *at), creation, indexes)?;
                self.done(request.send_with(self.here()))
            }
        })
    }

    fn time_to_live(&self, attribute: &str, enabled: bool) -> Built<Sent<'_>> {
        let wanted = sdk::TimeToLiveSpecification::builder().attribute_name(attribute).enabled(enabled).build()?;
        let request = self.here().update_time_to_live().table_name(self.table);
        Ok(self.done(request.time_to_live_specification(wanted).send()))
    }

    /// AWS refuses a period together with off.
    fn recovery(&self, region: &Option<String>, enabled: bool, days: Option<i32>) -> Built<Sent<'_>> {
        let wanted = sdk::PointInTimeRecoverySpecification::builder()
            .point_in_time_recovery_enabled(enabled)
            .set_recovery_period_in_days(days.filter(|_| enabled))
            .build()?;
        let request = self.writes(region).update_continuous_backups().table_name(self.table);
        Ok(self.done(request.point_in_time_recovery_specification(wanted).send()))
    }

    fn insights(&self, index: &Option<String>, enabled: bool, mode: Option<&str>) -> Sent<'_> {
        let action = match enabled {
            true => sdk::ContributorInsightsAction::Enable,
            false => sdk::ContributorInsightsAction::Disable,
        };
        let request = self.here().update_contributor_insights().table_name(self.table);
        let request = request.set_index_name(index.clone()).contributor_insights_action(action);
        let mode = mode.filter(|_| enabled).map(Into::into);
        self.done(request.set_contributor_insights_mode(mode).send())
    }

    fn enable_kinesis(&self, stream: &str, precision: Option<&str>) -> Sent<'_> {
        let configuration = precision.map(|precision| {
            sdk::EnableKinesisStreamingConfiguration::builder()
                .approximate_creation_date_time_precision(precision.into())
                .build()
        });
        let request = self.here().enable_kinesis_streaming_destination().table_name(self.table).stream_arn(stream);
        self.done(request.set_enable_kinesis_streaming_configuration(configuration).send())
    }

    fn update_kinesis(&self, stream: &str, precision: &str) -> Sent<'_> {
        let configuration = sdk::UpdateKinesisStreamingConfiguration::builder()
            .approximate_creation_date_time_precision(precision.into())
            .build();
        let request = self.here().update_kinesis_streaming_destination().table_name(self.table).stream_arn(stream);
        self.done(request.update_kinesis_streaming_configuration(configuration).send())
    }
}

/// How its capacity scales.
impl Writer<'_> {
    fn register(&self, dimension: &Dimension, (least, most): (i64, i64)) -> Sent<'_> {
        let request = self.clients.scaling_writes.register_scalable_target();
        let request = request
            .service_namespace(ServiceNamespace::Dynamodb)
            .resource_id(scaling::resource_id(self.table, dimension.index.as_deref()))
            .scalable_dimension(scaling::scalable_dimension(dimension))
            .min_capacity(scaling::units(least))
            .max_capacity(scaling::units(most));
        self.done_by(SCALING, request.send())
    }

    fn put_scaling_policy(&self, dimension: &Dimension, policy: &ScalingPolicy) -> Built<Sent<'_>> {
        let request = self.clients.scaling_writes.put_scaling_policy();
        let request = request
            .policy_name(scaling::policy_name(self.table, dimension))
            .service_namespace(ServiceNamespace::Dynamodb)
            .resource_id(scaling::resource_id(self.table, dimension.index.as_deref()))
            .scalable_dimension(scaling::scalable_dimension(dimension))
            .policy_type(PolicyType::TargetTrackingScaling)
            .target_tracking_scaling_policy_configuration(scaling::configuration(dimension, policy)?);
        Ok(self.done_by(SCALING, request.send()))
    }

    fn deregister(&self, dimension: &Dimension) -> Sent<'_> {
        let request = self.clients.scaling_writes.deregister_scalable_target();
        let request = request
            .service_namespace(ServiceNamespace::Dynamodb)
            .resource_id(scaling::resource_id(self.table, dimension.index.as_deref()))
            .scalable_dimension(scaling::scalable_dimension(dimension));
        self.done_by(SCALING, request.send())
    }
}
