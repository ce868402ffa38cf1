//! The SDK side of a table: every call, and nothing decided here.

use super::{Action, DynamoRemote, Id, Observed};
use crate::aws::{Action as _, Aws, Cloud, CloudError, Look, Looked, Password};

impl Cloud<DynamoRemote> for Aws {
    async fn observe(&self, _id: &Id, _look: Look) -> Result<Looked<Observed>, CloudError> {
        Err(CloudError::transport("DescribeTable", "NotSent", "the SDK side of DynamoTable is not there yet"))
    }

    async fn perform(&self, _id: &Id, action: &Action, _password: Option<&Password>) -> Result<(), CloudError> {
        Err(CloudError::transport(action.operation(), "NotSent", "the SDK side of DynamoTable is not there yet"))
    }
}
