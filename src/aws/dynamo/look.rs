//! Looks at a table and at everything around it. DescribeTable must succeed, or the look has failed; any other part that
//! could not be read is [`Seen::Unread`] with the reason, and never taken for absent.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_applicationautoscaling::types::{ScalableTarget, ScalingPolicy, ServiceNamespace};
use futures::future::{FutureExt, TryFutureExt, join_all};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::facts::{Fact, Place};
use super::{
    Backup, BillingMode, ContinuousBackups, Dimension, Id, ImportState, InsightsState, Interest, KinesisState,
    Observed, ReplicaFacts, Scaling, Table, TimeToLiveState, read, scaling,
};
use crate::aws::answer::{Found, asked, complete, few, is, pages, present};
use crate::aws::clients::{Clients, unreadable};
use crate::aws::owner::Tags;
use crate::aws::{Aws, CloudError, Look, Seen};

pub(in crate::aws) const SERVICE: &str = "dynamodb";
pub(in crate::aws) const SCALING: &str = "application-autoscaling";
/// AWS's word that a table, or something of it, is not there.
pub(super) const NOT_FOUND: &str = "ResourceNotFoundException";
/// The most that one request of Application Auto Scaling may name.
const MOST_NAMED: usize = 50;

/// A table that is older than this shows in AWS's lists what it was made with.
const LISTED_BY_THEN: SignedDuration = SignedDuration::from_hours(1);

/// One look.
pub(super) struct Reader<'a> {
    pub aws: &'a Aws,
    pub clients: Arc<Clients>,
    pub id: &'a Id,
    pub account: &'a str,
    look: Look,
    place: Place,
}

impl<'a> Reader<'a> {
    pub(super) fn new(aws: &'a Aws, id: &'a Id, look: Look, account: &'a str) -> Self {
        Self { aws, clients: aws.region(&id.region), id, account, look, place: place(id) }
    }

    /// Everything that the id names, and how it was looked at.
    pub(super) async fn observe(&self) -> Result<(Observed, Look), CloudError> {
        match self.table(&self.clients, &self.id.table).await? {
            None => Ok((self.without_table().await, Look::Direct)),
            Some(table) => Ok(self.with_table(table).await),
        }
    }

    /// What a new table is made from, and what an earlier one has left.
    async fn without_table(&self) -> Observed {
        self.aws.facts.forget(&self.place);
        let source = self.id.source.as_ref().map(|source| self.source(source));
        let backups = self.id.backups.is_some().then(|| self.backups());
        let (source, backups) = tokio::join!(asked(source), asked(backups));
        Observed { source, backups: self.of_prefix(backups), ..Observed::absent() }
    }

    async fn with_table(&self, table: Table) -> (Observed, Look) {
        let identity = format!("{} {}", table.arn, table.id);
        self.aws.facts.open(&self.place, &identity);
        let view = View { reader: self, table: &table, identity, is_from_before: AtomicBool::new(false) };
        let observed = view.observe().await;
        let is_shared = self.look == Look::Shared && view.is_from_before.load(Ordering::Relaxed);
        let look = if is_shared { Look::Shared } else { Look::Direct };
        (Observed { table: Seen::Present(Box::new(table)), ..observed }, look)
    }

    /// A table in the region of the clients.
    pub(super) async fn table(&self, clients: &Clients, name: &str) -> Found<Table> {
        table(clients, name).await
    }

    /// Tags of a table, by ARN.
    pub(super) async fn tags(&self, clients: &Clients, arn: &str) -> Found<Tags> {
        tags(clients, arn).await
    }

    /// Backups of the name that the id gives; the others are read with them.
    fn of_prefix(&self, backups: Seen<Vec<Backup>>) -> Seen<Vec<Backup>> {
        match (backups, &self.id.backups) {
            (Seen::Present(mut all), Some(prefix)) => {
                all.retain(|backup| backup.name.starts_with(prefix.as_str()));
                Seen::Present(all)
            }
            (backups, _) => backups,
        }
    }
}

/// A table in the region of the clients.
pub(in crate::aws) async fn table(clients: &Clients, name: &str) -> Found<Table> {
    const OPERATION: &str = "DescribeTable";
    let answer = clients.caller.call(SERVICE, OPERATION, clients.dynamo.describe_table().table_name(name).send()).await;
    let Some(answer) = present(answer, NOT_FOUND)? else { return Ok(None) };
    let table = answer.table.ok_or_else(|| unreadable(OPERATION, "Table"))?;
    let region = clients.dynamo.config().region().map_or("", AsRef::as_ref);
    complete(OPERATION, read::table(&table, region)).map(Some)
}

/// Tags of a table, by ARN.
pub(in crate::aws) async fn tags(clients: &Clients, arn: &str) -> Found<Tags> {
    const OPERATION: &str = "ListTagsOfResource";
    let request = clients.dynamo.list_tags_of_resource().resource_arn(arn);
    let listed = pages(OPERATION, |token| {
        let page = clients.caller.call(SERVICE, OPERATION, request.clone().set_next_token(token).send());
        page.map_ok(|page| (page.tags, page.next_token)).boxed()
    });
    Ok(Some(read::tags(&listed.await?)))
}

/// Where the table of an id is.
pub(super) fn place(id: &Id) -> Place {
    Place { region: id.region.clone(), table: id.table.clone() }
}

/// The facts of a table that is there.
struct View<'a> {
    reader: &'a Reader<'a>,
    table: &'a Table,
    identity: String,
    is_from_before: AtomicBool,
}

impl View<'_> {
    async fn observe(&self) -> Observed {
        let id = self.reader.id;
        let scales = match id.scaling {
            Interest::No => false,
            Interest::IfProvisioned => self.table.settings.billing_mode == Some(BillingMode::Provisioned),
            Interest::Yes => true,
        };
        let contributor_insights = (!id.contributor_insights.is_empty()).then(|| self.contributor_insights());
        #[rustfmt::skip] // in the order of what is asked
        let (
            tags, time_to_live, continuous_backups, resource_policy, contributor_insights,
            kinesis_destinations, scaling, replica_facts, import, backups,
        ) = tokio::join!(
            asked(Some(self.tags())),
            asked(id.time_to_live.then(|| self.time_to_live())),
            asked(id.continuous_backups.then(|| self.continuous_backups())),
            asked(id.resource_policy.then(|| self.resource_policy())),
            asked(contributor_insights),
            asked(id.kinesis_destinations.then(|| self.kinesis_destinations())),
            asked(scales.then(|| self.scaling())),
            self.replica_facts(),
            asked(id.import.then(|| self.import())),
            asked(id.backups.is_some().then(|| self.backups())),
        );
        Observed {
            tags,
            time_to_live,
            continuous_backups,
            resource_policy,
            contributor_insights,
            kinesis_destinations,
            scaling,
            replica_facts,
            import,
            backups: self.reader.of_prefix(backups),
            // Of no interest any more once the table is there.
            ..Observed::absent()
        }
    }

    /// What is known and fresh enough, or else what AWS says now. While the table moves, so may everything of it.
    async fn fact<T: Clone + Send + Sync + 'static>(
        &self,
        fact: Fact,
        rests: impl FnOnce(&Option<T>) -> bool,
        ask: impl Future<Output = Found<T>>,
    ) -> Found<T> {
        let Reader { aws, place, look, .. } = self.reader;
        if let Some(known) = aws.facts.get::<Option<T>>(place, &fact, *look) {
            self.is_from_before.store(true, Ordering::Relaxed);
            return Ok(known);
        }
        let began = Instant::now();
        let found = ask.await?;
        let is_settled = !is_moving(&self.table.status) && rests(&found);
        aws.facts.keep((place, &self.identity), fact, found.clone(), (began, is_settled));
        Ok(found)
    }

    async fn tags(&self) -> Found<Tags> {
        let ask = self.reader.tags(&self.reader.clients, &self.table.arn);
        self.fact(Fact::Tags, |_| true, ask).await
    }

    async fn time_to_live(&self) -> Found<TimeToLiveState> {
        self.fact(Fact::TimeToLive, |found| all(found, |state| &state.status), self.reader.time_to_live()).await
    }

    async fn continuous_backups(&self) -> Found<ContinuousBackups> {
        self.fact(Fact::ContinuousBackups, |_| true, self.reader.continuous_backups(&self.reader.clients)).await
    }

    async fn resource_policy(&self) -> Found<String> {
        self.fact(Fact::Policy, |_| true, self.reader.resource_policy(&self.table.arn)).await
    }

    /// Whole or not at all; an index that AWS does not know is missing.
    async fn contributor_insights(&self) -> Found<BTreeMap<Option<String>, InsightsState>> {
        let exists = |index: &&Option<String>| index.as_ref().is_none_or(|name| self.table.indexes.contains_key(name));
        let each = self.reader.id.contributor_insights.iter().filter(exists).map(|index| self.insights(index).boxed());
        let found: Result<Vec<_>, CloudError> = few(each.collect()).await.into_iter().collect();
        Ok(Some(found?.into_iter().flatten().collect()))
    }

    async fn insights(&self, index: &Option<String>) -> Found<(Option<String>, InsightsState)> {
        let (fact, ask) = (Fact::Insights(index.clone()), self.reader.insights(index.as_deref()));
        let found = self.fact(fact, |found| all(found, |state| &state.status), ask).await?;
        Ok(found.map(|state| (index.clone(), state)))
    }

    async fn kinesis_destinations(&self) -> Found<BTreeMap<String, KinesisState>> {
        let rests = |found: &Option<BTreeMap<String, KinesisState>>| {
            found.iter().flat_map(BTreeMap::values).all(|state| !is_moving(&state.status))
        };
        self.fact(Fact::Kinesis, rests, self.reader.kinesis_destinations()).await
    }

    async fn scaling(&self) -> Found<BTreeMap<Dimension, Scaling>> {
        self.fact(Fact::Scaling, |_| true, self.reader.scaling(self.table)).await
    }

    async fn replica_facts(&self) -> BTreeMap<String, ReplicaFacts> {
        let exist = self.reader.id.replica_facts.iter().filter_map(|region| {
            let replica = self.table.replicas.get(region)?;
            Some((region, replica.status.as_str()))
        });
        let each = exist.map(|(region, status)| self.replica(region, status).boxed());
        few(each.collect()).await.into_iter().flatten().collect()
    }

    async fn replica(&self, region: &str, status: &str) -> Option<(String, ReplicaFacts)> {
        // What could not be read is asked for again at the next look.
        let rests =
            |found: &Option<ReplicaFacts>| !is_moving(status) && found.as_ref().is_none_or(ReplicaFacts::is_whole);
        let ask = self.reader.replica(region, &self.table.arn);
        let found = self.fact(Fact::Replica(region.into()), rests, ask).await;
        Some((region.into(), found.ok().flatten()?))
    }

    async fn import(&self) -> Found<ImportState> {
        // A list that does not have a new import yet must not be believed for long. AWS drops old ones after 90 days.
        let is_old = self.table.created.is_some_and(|made| Timestamp::now().duration_since(made) > LISTED_BY_THEN);
        let rests = |found: &Option<ImportState>| (found.is_some() || is_old) && all(found, |state| &state.status);
        self.fact(Fact::Import, rests, self.reader.import(&self.table.arn)).await
    }

    async fn backups(&self) -> Found<Vec<Backup>> {
        let rests = |found: &Option<Vec<Backup>>| found.iter().flatten().all(|one| !is_moving(&one.status));
        self.fact(Fact::Backups, rests, self.reader.backups()).await
    }
}

/// AWS will change it without us.
fn is_moving(status: &str) -> bool {
    status.ends_with("ING") || status == "IN_PROGRESS"
}

fn all<T>(found: &Option<T>, status: impl Fn(&T) -> &String) -> bool {
    found.as_ref().is_none_or(|state| !is_moving(status(state)))
}

/// One call for each fact.
impl Reader<'_> {
    async fn time_to_live(&self) -> Found<TimeToLiveState> {
        const OPERATION: &str = "DescribeTimeToLive";
        let request = self.clients.dynamo.describe_time_to_live().table_name(&self.id.table);
        let answer = self.clients.caller.call(SERVICE, OPERATION, request.send()).await?;
        let state = answer.time_to_live_description.ok_or_else(|| unreadable(OPERATION, "TimeToLiveDescription"))?;
        complete(OPERATION, read::time_to_live(&state)).map(Some)
    }

    pub(super) async fn continuous_backups(&self, clients: &Clients) -> Found<ContinuousBackups> {
        let described = self.describe_continuous_backups(clients, &self.id.table).await?;
        complete(CONTINUOUS_BACKUPS, read::continuous_backups(&described)).map(Some)
    }

    pub(super) async fn describe_continuous_backups(
        &self,
        clients: &Clients,
        table: &str,
    ) -> Result<aws_sdk_dynamodb::types::ContinuousBackupsDescription, CloudError> {
        let request = clients.dynamo.describe_continuous_backups().table_name(table);
        let answer = clients.caller.call(SERVICE, CONTINUOUS_BACKUPS, request.send()).await?;
        let member = || unreadable(CONTINUOUS_BACKUPS, "ContinuousBackupsDescription");
        answer.continuous_backups_description.ok_or_else(member)
    }

    async fn resource_policy(&self, arn: &str) -> Found<String> {
        const OPERATION: &str = "GetResourcePolicy";
        let request = self.clients.dynamo.get_resource_policy().resource_arn(arn);
        let answer = self.clients.caller.call(SERVICE, OPERATION, request.send()).await;
        let Some(answer) = present(answer, "PolicyNotFoundException")? else { return Ok(None) };
        answer.policy.ok_or_else(|| unreadable(OPERATION, "Policy")).map(Some)
    }

    async fn insights(&self, index: Option<&str>) -> Found<InsightsState> {
        const OPERATION: &str = "DescribeContributorInsights";
        let request = self.clients.dynamo.describe_contributor_insights().table_name(&self.id.table);
        let answer =
            self.clients.caller.call(SERVICE, OPERATION, request.set_index_name(index.map(Into::into)).send()).await;
        match answer {
            Err(error) if index.is_some() && is(&error, NOT_FOUND) => Ok(None),
            answer => complete(OPERATION, read::insights(&answer?)).map(Some),
        }
    }

    async fn kinesis_destinations(&self) -> Found<BTreeMap<String, KinesisState>> {
        const OPERATION: &str = "DescribeKinesisStreamingDestination";
        let request = self.clients.dynamo.describe_kinesis_streaming_destination().table_name(&self.id.table);
        let answer = self.clients.caller.call(SERVICE, OPERATION, request.send()).await?;
        complete(OPERATION, read::kinesis(answer.kinesis_data_stream_destinations())).map(Some)
    }

    async fn scaling(&self, table: &Table) -> Found<BTreeMap<Dimension, Scaling>> {
        let name = &self.id.table;
        let ids: Vec<String> = std::iter::once(None)
            .chain(table.indexes.keys().map(|index| Some(index.as_str())))
            .map(|index| scaling::resource_id(name, index))
            .collect();
        let targets = join_all(ids.chunks(MOST_NAMED).map(|ids| self.targets(ids))).await;
        let targets: Result<Vec<_>, _> = targets.into_iter().collect();
        let targets = scaling::targets(&targets?.concat(), name);
        let names: Vec<String> = targets.keys().map(|dimension| scaling::policy_name(name, dimension)).collect();
        let policies = join_all(names.chunks(MOST_NAMED).map(|names| self.policies(names))).await;
        let policies: Result<Vec<_>, _> = policies.into_iter().collect();
        Ok(Some(scaling::with_policies(targets, &policies?.concat(), name)))
    }

    async fn targets(&self, ids: &[String]) -> Result<Vec<ScalableTarget>, CloudError> {
        const OPERATION: &str = "DescribeScalableTargets";
        let request = self.clients.scaling.describe_scalable_targets().service_namespace(ServiceNamespace::Dynamodb);
        let request = request.set_resource_ids(Some(ids.to_vec()));
        pages(OPERATION, |token| {
            let page = self.clients.caller.call(SCALING, OPERATION, request.clone().set_next_token(token).send());
            page.map_ok(|page| (page.scalable_targets, page.next_token)).boxed()
        })
        .await
    }

    async fn policies(&self, names: &[String]) -> Result<Vec<ScalingPolicy>, CloudError> {
        const OPERATION: &str = "DescribeScalingPolicies";
        let request = self.clients.scaling.describe_scaling_policies().service_namespace(ServiceNamespace::Dynamodb);
        let request = request.set_policy_names(Some(names.to_vec()));
        pages(OPERATION, |token| {
            let page = self.clients.caller.call(SCALING, OPERATION, request.clone().set_next_token(token).send());
            page.map_ok(|page| (page.scaling_policies, page.next_token)).boxed()
        })
        .await
    }
}

const CONTINUOUS_BACKUPS: &str = "DescribeContinuousBackups";
