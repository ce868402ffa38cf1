//! Whatever carries an owner tag, of any service, as the Resource Groups Tagging API shows it. That API lags: it lacks what
//! was just made, and has what was just deleted. Nothing is ever done because of what it says; what is cheap to look at
//! directly is looked at, so that less is said that holds no more.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_resourcegroupstagging::types::{ResourceTagMapping, TagFilter};
use futures::future::{FutureExt, TryFutureExt};
use jiff::Timestamp;

use super::answer::{complete, few, pages};
use super::arn::Arn;
use super::clients::Clients;
use super::dynamo::look::table as describe;
use super::error::{Codes, Rows, Text};
use super::inventory::BATCH;
use super::owner::{OWNER_TAG, Owner, Tags};
use super::rds::instances;
use super::{Aws, Class, CloudError};

/// Every operation that is called here, as IAM writes it.
pub const OPERATIONS: &[&str] = &["tag:GetResources"];

const OPERATION: &str = "GetResources";
pub(super) const SERVICE: &str = "tagging";
/// The most that AWS puts into a page.
const PAGE: i32 = 100;
const INSTANCE: &str = "rds:db";
const TABLE: &str = "dynamodb:table";

/// A thing that carries an owner tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// What it is.
    pub arn: Arn,
    /// The region that showed it.
    pub region: String,
    /// Whose it is; the text of the tag where that is not of our shape.
    pub owner: Result<Owner, String>,
}

/// What a direct look said of a thing that the tagging API shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existence {
    /// Nobody looked: the tagging API shows it.
    #[default]
    Unasked,
    /// It is there, made at this time.
    Exists(Option<Timestamp>),
    /// It is not there any more, or carries the tag no more.
    Gone,
}

/// Finds what carries owner tags: AWS, and what tests put in its place.
pub trait Survey: Send + Sync {
    /// Everything in a region that carries an owner tag, of whatever installation. It lags.
    ///
    /// # Errors
    /// When any part of the listing could not be read: a part is never taken for the whole.
    fn owned(&self, region: &str) -> impl Future<Output = Result<Vec<Owned>, CloudError>> + Send;

    /// Looks at those of a region that are cheap to look at, by the texts of their ARNs. The rest is missing.
    ///
    /// # Errors
    /// When AWS does not say of one whether it exists.
    fn existence(
        &self,
        region: &str,
        arns: &[Arn],
    ) -> impl Future<Output = Result<BTreeMap<String, Existence>, CloudError>> + Send;
}

impl<S: Survey> Survey for std::sync::Arc<S> {
    fn owned(&self, region: &str) -> impl Future<Output = Result<Vec<Owned>, CloudError>> + Send {
        S::owned(self, region)
    }

    fn existence(
        &self,
        region: &str,
        arns: &[Arn],
    ) -> impl Future<Output = Result<BTreeMap<String, Existence>, CloudError>> + Send {
        S::existence(self, region, arns)
    }
}

impl Survey for Aws {
    async fn owned(&self, region: &str) -> Result<Vec<Owned>, CloudError> {
        let clients = self.region(region);
        // Values are matched whole only, and ours begin with the installation: what is not ours is told apart later.
        let filter = TagFilter::builder().key(OWNER_TAG).build();
        let request = clients.tagging.get_resources().tag_filters(filter).resources_per_page(PAGE);
        let listed = pages(OPERATION, |token| {
            let page = clients.caller.call(SERVICE, OPERATION, request.clone().set_pagination_token(token).send());
            page.map_ok(|page| (page.resource_tag_mapping_list, page.pagination_token)).boxed()
        });
        // A listing that changes between two pages may have a thing twice.
        let mut once = BTreeMap::new();
        for found in listed.await? {
            let arn = complete(OPERATION, found.resource_arn.clone().ok_or("ResourceARN"))?;
            once.extend(owned(&found, &arn, region).map(|owned| (arn, owned)));
        }
        Ok(once.into_values().collect())
    }

    async fn existence(&self, region: &str, arns: &[Arn]) -> Result<BTreeMap<String, Existence>, CloudError> {
        let clients = self.region(region);
        let (instances, tables) = tokio::join!(look_at_instances(&clients, arns), look_at_tables(&clients, arns));
        let mut all = instances?;
        all.append(&mut tables?);
        Ok(all)
    }
}

/// Nothing, when it does not carry the tag: AWS also lists what had tags once.
fn owned(found: &ResourceTagMapping, arn: &str, region: &str) -> Option<Owned> {
    let tags: Tags = found.tags().iter().map(|tag| (tag.key().into(), tag.value().into())).collect();
    let text = tags.get(OWNER_TAG)?;
    let owner = Owner::of(&tags).ok_or_else(|| text.clone());
    Some(Owned { arn: Arn::parse(arn), region: region.into(), owner })
}

/// A hundred a call.
async fn look_at_instances(clients: &Clients, arns: &[Arn]) -> Result<BTreeMap<String, Existence>, CloudError> {
    let asked: Vec<&Arn> = arns.iter().filter(|arn| arn.resource_type == INSTANCE).collect();
    let mut found = BTreeMap::new();
    for batch in asked.chunks(BATCH) {
        let names: BTreeSet<String> = batch.iter().map(|arn| arn.name.clone()).collect();
        found.append(&mut instances::owned(clients, names.into_iter().collect()).await?);
    }
    let existence = |arn: &Arn| found.get(&arn.text).map_or(Existence::Gone, |made| Existence::Exists(*made));
    Ok(asked.into_iter().map(|arn| (arn.text.clone(), existence(arn))).collect())
}

/// A call each: AWS has none for several.
async fn look_at_tables(clients: &Clients, arns: &[Arn]) -> Result<BTreeMap<String, Existence>, CloudError> {
    let asked = arns.iter().filter(|arn| arn.resource_type == TABLE).map(|arn| {
        let look = describe(clients, &arn.name);
        let existence = |table: Option<super::dynamo::Table>| match table {
            Some(table) => Existence::Exists(table.created),
            None => Existence::Gone,
        };
        look.map_ok(move |table| (arn.text.clone(), existence(table))).boxed()
    });
    few(asked.collect()).await.into_iter().collect()
}

const ROWS: Rows = Rows { codes: CODES, texts: TEXTS };

const CODES: Codes =
    &[(Class::Transient, &["ThrottledException", "PaginationTokenExpiredException", "InternalServiceException"])];

const TEXTS: &[Text] = &[(
    "AccessDeniedException",
    "tag:getresources",
    Class::Denied,
    Some("grant tag:GetResources: it lists what carries an owner tag, and changes nothing"),
)];

/// The rows of this service, if the operation is its own.
pub(super) fn rows(operation: &str) -> Option<&'static Rows> {
    (operation == OPERATION).then_some(&ROWS)
}

#[cfg(test)]
mod tests;
