//! BatchWriteItem: what AWS leaves unprocessed is sent again, with a growing pause, as long as the call may last.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::calls::Writer;
use super::items;
use super::look::SERVICE;
use crate::aws::{Class, CloudError};

/// The most that one call takes.
const BATCH: usize = 25;
/// Nothing is sent again after this long: the last call needs the rest of the action's time.
const AGAIN_WITHIN: Duration = Duration::from_secs(7);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl Writer<'_> {
    pub(super) async fn put_items(&self, items: &[Value]) -> Result<(), CloudError> {
        let began = Instant::now();
        let requests = items.iter().enumerate().map(|(at, item)| self.request(at, item));
        let requests = requests.collect::<Result<Vec<_>, _>>()?;
        for batch in requests.chunks(BATCH) {
            self.put_batch(batch.to_vec(), began).await?;
        }
        Ok(())
    }

    async fn put_batch(&self, batch: Vec<WriteRequest>, began: Instant) -> Result<(), CloudError> {
        let (mut left, mut pause) = (batch, FIRST_PAUSE);
        loop {
            let request = self.here().batch_write_item().request_items(self.table, left);
            let answer = self.clients.caller.call(SERVICE, self.operation, request.send()).await?;
            left = unprocessed(answer.unprocessed_items);
            if left.is_empty() {
                return Ok(());
            }
            if began.elapsed() + pause > AGAIN_WITHIN {
                let message = format!("AWS left {} items unprocessed in the time of the call", left.len());
                return Err(CloudError::transport(self.operation, "Unprocessed", &message));
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// The reason stays out of the error: it could quote what is in the item.
    fn request(&self, at: usize, item: &Value) -> Result<WriteRequest, CloudError> {
        let put = items::to_attributes(item)
            .ok()
            .and_then(|attributes| PutRequest::builder().set_item(Some(attributes)).build().ok());
        let refused = || CloudError {
            class: Class::Rejected,
            operation: self.operation,
            code: "NotSent".into(),
            message: format!("item {} of the batch is not DynamoDB JSON", at + 1),
        };
        Ok(WriteRequest::builder().put_request(put.ok_or_else(refused)?).build())
    }
}

fn unprocessed(of: Option<HashMap<String, Vec<WriteRequest>>>) -> Vec<WriteRequest> {
    of.into_iter().flat_map(HashMap::into_values).flatten().collect()
}
