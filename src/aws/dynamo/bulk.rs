//! Reading and writing many items of one table: pages of a segmented Scan, and puts. Throttled calls are sent again at a
//! pace that all callers share; the cap on capacity units holds for all of them together.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConsumedCapacity, KeyType, PutRequest, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure,
    ScalarAttributeType, TableDescription, WriteRequest,
};
use serde_json::Value;

use super::items::{Item, from_attributes, to_attributes};
use super::pace::{Pace, Turn};
use super::{AttributeType, KeyAttribute, Keys};
use crate::aws::clients::{Clients, unreadable};
use crate::aws::{Aws, Class, CloudError};

/// Every operation of a bulk export, as IAM writes it.
pub const EXPORT_OPERATIONS: &[&str] = &["dynamodb:DescribeTable", "dynamodb:Scan"];
/// Every operation of a bulk import.
pub const IMPORT_OPERATIONS: &[&str] = &["dynamodb:BatchWriteItem", "dynamodb:DescribeTable", "dynamodb:PutItem"];

/// Most items of one [`Puts::put_all`].
pub const BATCH: usize = 25;

const SERVICE: &str = "dynamodb";
/// A call that fails otherwise than by a throttle is sent this often.
const ATTEMPTS: u32 = 6;
/// Throttled calls are given up when none has got through for so long.
const STUCK: Duration = Duration::from_secs(10 * 60);
const THROTTLES: [&str; 5] = [
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "Throttling",
    "RequestLimitExceeded",
    "TooManyRequestsException",
];
/// Under a cap, the first page has this many items; the later ones about half a second's worth.
const FIRST_PAGE: i32 = 25;

/// A table as a bulk operation has to know it.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// ARN.
    pub arn: String,
    /// TableId; where AWS gives none, `created-<epoch seconds>`.
    pub id: String,
    /// Primary key.
    pub keys: Keys,
    /// ItemCount: AWS brings it up to date about every six hours.
    pub items: u64,
}

impl Facts {
    /// The account that the table is in.
    pub fn account(&self) -> &str {
        self.arn.split(':').nth(4).unwrap_or_default()
    }
}

/// A page of a segment.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Its items; there may be none although more follow.
    pub items: Vec<Item>,
    /// Where the next page begins; `None`: the segment is done.
    pub next: Option<Value>,
    /// Capacity units that it cost.
    pub units: f64,
}

/// What a put that must not overwrite has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was written.
    Written,
    /// The very same item was there.
    Same,
    /// Another item with this key was there, and still is.
    Kept,
}

/// Where pages come from.
pub trait Pages: Send + Sync + 'static {
    /// The page of a segment after this key.
    ///
    /// # Errors
    /// What AWS said at last.
    fn page(
        &self,
        segment: u32,
        segments: u32,
        after: Option<&Value>,
    ) -> impl Future<Output = Result<Page, CloudError>> + Send;
}

/// Where items go.
pub trait Puts: Send + Sync + 'static {
    /// Writes an item unless one with its key is there; with the capacity units that it cost.
    ///
    /// # Errors
    /// What AWS said at last.
    fn put_new(&self, item: &Item) -> impl Future<Output = Result<(Outcome, f64), CloudError>> + Send;

    /// Writes at most [`BATCH`] items with different keys over whatever is there; with the capacity units that it cost.
    ///
    /// # Errors
    /// What AWS said at last. Some of the items may be written.
    fn put_all(&self, items: Vec<Item>) -> impl Future<Output = Result<f64, CloudError>> + Send;
}

/// Bulk operations on one table.
pub struct Bulk {
    aws: Arc<Aws>,
    clients: Arc<Clients>,
    table: String,
    hash: String,
    is_consistent: bool,
    rate: Option<u32>,
    pace: Pace,
}

impl Bulk {
    /// Looks at a table and gets ready. `rate`: capacity units a second at most. `is_consistent`: pages show what was
    /// written before they were asked for, at twice the cost.
    ///
    /// # Errors
    /// What AWS said.
    pub async fn open(
        aws: Arc<Aws>,
        region: &str,
        table: &str,
        rate: Option<u32>,
        is_consistent: bool,
    ) -> Result<(Self, Facts), CloudError> {
        let clients = aws.region(region);
        let asking = clients.dynamo.describe_table().table_name(table).send();
        let answer = aws.call(SERVICE, "DescribeTable", asking).await?;
        let facts = answer.table.as_ref().and_then(facts).ok_or_else(|| unreadable("DescribeTable", "Table"))?;
        let (table, hash) = (table.into(), facts.keys.hash.name.clone());
        Ok((Self { aws, clients, table, hash, is_consistent, rate, pace: Pace::new(rate) }, facts))
    }

    /// How many calls were throttled so far.
    pub fn throttles(&self) -> u64 {
        self.pace.throttles()
    }

    /// Sends a call until it is answered or there is no point in going on.
    async fn steadily<T, F>(&self, send: impl Fn() -> F + Send + Sync) -> Result<(Turn, T), CloudError>
    where
        F: Future<Output = Result<T, CloudError>> + Send,
        T: Send,
    {
        let mut failures = 0;
        loop {
            let turn = self.pace.turn().await;
            let error = match send().await {
                Ok(answer) => return Ok((turn, answer)),
                Err(error) => error,
            };
            if THROTTLES.contains(&error.code.as_str()) && self.pace.stuck_for() < STUCK {
                self.pace.throttled(turn, 0.0);
                continue;
            }
            self.pace.failed(turn);
            failures += 1;
            if error.class != Class::Transient || failures >= ATTEMPTS {
                return Err(error);
            }
            tokio::time::sleep(Duration::from_millis(100) * 2u32.pow(failures)).await;
        }
    }

    async fn batch(&self, requests: &[WriteRequest]) -> Result<(Vec<WriteRequest>, f64), CloudError> {
        let sending = self
            .clients
            .dynamo
            .batch_write_item()
            .request_items(&self.table, requests.to_vec())
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .customize()
            .config_override(once())
            .send();
        let answer = self.aws.call(SERVICE, "BatchWriteItem", sending).await?;
        let units = answer.consumed_capacity.unwrap_or_default().iter().map(|one| units(Some(one))).sum();
        Ok((answer.unprocessed_items.unwrap_or_default().remove(&self.table).unwrap_or_default(), units))
    }

    /// So many items that one page under the cap costs about half a second's worth of it.
    fn page_limit(&self, last: Option<(usize, f64)>) -> Option<i32> {
        let rate = f64::from(self.rate?);
        let Some((items, units)) = last.filter(|(items, units)| *items > 0 && *units > 0.0) else {
            return Some(FIRST_PAGE);
        };
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
        let limit = (rate / 2.0 / (units / items as f64)).clamp(1.0, 100_000.0) as i32;
        Some(limit)
    }
}

impl Pages for Bulk {
    async fn page(&self, segment: u32, segments: u32, after: Option<&Value>) -> Result<Page, CloudError> {
        const OPERATION: &str = "Scan";
        let bad = |why: String| CloudError::answered(OPERATION, "ValidationException", &why);
        let start = after.map(to_attributes).transpose().map_err(bad)?;
        let limit = self.page_limit(self.pace.last_page());
        let (turn, answer) = self
            .steadily(|| {
                let sending = self
                    .clients
                    .dynamo
                    .scan()
                    .table_name(&self.table)
                    .segment(i32::try_from(segment).unwrap_or(i32::MAX))
                    .total_segments(i32::try_from(segments).unwrap_or(i32::MAX))
                    .consistent_read(self.is_consistent)
                    .set_limit(limit)
                    .set_exclusive_start_key(start.clone())
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .customize()
                    .config_override(once())
                    .send();
                self.aws.call(SERVICE, OPERATION, sending)
            })
            .await?;
        let units = units(answer.consumed_capacity());
        let items: Vec<Item> = answer.items.unwrap_or_default().into_iter().map(Item).collect();
        self.pace.went_well(turn, units);
        self.pace.saw_page(items.len(), units);
        let next = answer.last_evaluated_key.filter(|key| !key.is_empty()).map(|key| from_attributes(&key));
        Ok(Page { items, next, units })
    }
}

impl Puts for Bulk {
    async fn put_new(&self, item: &Item) -> Result<(Outcome, f64), CloudError> {
        let send = || {
            let request = self
                .clients
                .dynamo
                .put_item()
                .table_name(&self.table)
                .set_item(Some(item.0.clone()))
                .condition_expression("attribute_not_exists(#key)")
                .expression_attribute_names("#key", &self.hash)
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .customize()
                .config_override(once());
            let sending = async move {
                match request.send().await {
                    Ok(answer) => Ok((None, units(answer.consumed_capacity()))),
                    Err(SdkError::ServiceError(refusal)) => match refusal.err() {
                        PutItemError::ConditionalCheckFailedException(found) => {
                            // A refused put costs what the write would have, and its answer does not say so.
                            Ok((Some(found.item().cloned().unwrap_or_default()), item.write_units()))
                        }
                        _ => Err(SdkError::ServiceError(refusal)),
                    },
                    Err(error) => Err(error),
                }
            };
            self.aws.call(SERVICE, "PutItem", sending)
        };
        let (turn, (found, units)) = self.steadily(send).await?;
        self.pace.went_well(turn, units);
        let outcome = match found.map(Item) {
            None => Outcome::Written,
            Some(found) if found.is_same(item) => Outcome::Same,
            Some(_) => Outcome::Kept,
        };
        Ok((outcome, units))
    }

    async fn put_all(&self, items: Vec<Item>) -> Result<f64, CloudError> {
        let mut rest = items.into_iter().map(|item| request(item.0)).collect::<Result<Vec<_>, _>>()?;
        let mut sum = 0.0;
        while !rest.is_empty() {
            let sent = rest.len();
            let (turn, (unprocessed, units)) = self.steadily(|| self.batch(&rest)).await?;
            sum += units;
            if unprocessed.is_empty() {
                self.pace.went_well(turn, units);
            } else {
                self.pace.throttled(turn, if unprocessed.len() < sent { units.max(1.0) } else { 0.0 });
            }
            if !unprocessed.is_empty() && self.pace.stuck_for() >= STUCK {
                let why = "no item has got through for ten minutes";
                return Err(CloudError::answered("BatchWriteItem", THROTTLES[0], why));
            }
            rest = unprocessed;
        }
        Ok(sum)
    }
}

/// Retries are ours: the SDK's would hide a throttle from those who share the table's capacity.
fn once() -> Builder {
    aws_sdk_dynamodb::Config::builder().retry_config(RetryConfig::disabled())
}

fn request(item: HashMap<String, AttributeValue>) -> Result<WriteRequest, CloudError> {
    let put = PutRequest::builder().set_item(Some(item)).build();
    let put = put.map_err(|error| CloudError::transport("BatchWriteItem", "NotSent", &error.to_string()))?;
    Ok(WriteRequest::builder().put_request(put).build())
}

fn units(consumed: Option<&ConsumedCapacity>) -> f64 {
    consumed.and_then(ConsumedCapacity::capacity_units).unwrap_or_default()
}

fn facts(table: &TableDescription) -> Option<Facts> {
    let key = |kind: &KeyType| {
        let name = table.key_schema().iter().find(|key| key.key_type() == kind)?.attribute_name();
        let defined = table.attribute_definitions().iter().find(|one| one.attribute_name() == name)?;
        let type_ = match defined.attribute_type() {
            ScalarAttributeType::N => AttributeType::N,
            ScalarAttributeType::B => AttributeType::B,
            _ => AttributeType::S,
        };
        Some(KeyAttribute { name: name.into(), type_ })
    };
    let id = table.table_id().map(Into::into);
    let made = || table.creation_date_time().map(|time| format!("created-{}", time.secs()));
    Some(Facts {
        arn: table.table_arn()?.into(),
        id: id.or_else(made)?,
        keys: Keys { hash: key(&KeyType::Hash)?, range: key(&KeyType::Range) },
        items: table.item_count().and_then(|count| u64::try_from(count).ok()).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests;
