//! Instances by id, a hundred a request.

use aws_sdk_rds::types::Filter;
use futures::future::{FutureExt, TryFutureExt};

use super::{Instance, read};
use crate::aws::CloudError;
use crate::aws::answer::{pages, present};
use crate::aws::clients::Caller;
use crate::aws::inventory::Source;

/// The instances of a region.
pub(in crate::aws) struct Instances {
    pub rds: aws_sdk_rds::Client,
    pub caller: Caller,
}

impl Source for Instances {
    type Item = Instance;
    const THING: &'static str = "DBInstance";

    async fn read(&self, ids: Vec<String>) -> Result<Vec<(String, Instance)>, CloudError> {
        const OPERATION: &str = "DescribeDBInstances";
        let filter = Filter::builder().name("db-instance-id").set_values(Some(ids)).build();
        let request = self.rds.describe_db_instances().filters(filter);
        let listed = pages(OPERATION, |marker| {
            let page = self.caller.call("rds", OPERATION, request.clone().set_marker(marker).send());
            // Of ids of which none exists, the emulator at least says so with an error.
            let page = page.map(|page| present(page, "DBInstanceNotFound"));
            page.map_ok(|page| page.map_or((None, None), |page| (page.db_instances, page.marker))).boxed()
        });
        // One that cannot be read is missing here, and says so itself when it is looked at directly.
        let readable = listed.await?.into_iter().filter_map(|db| {
            let id = db.db_instance_identifier.as_ref()?.to_lowercase();
            Some((id, read::instance(&db).ok()?))
        });
        Ok(readable.collect())
    }

    fn is_moving(instance: &Instance) -> bool {
        instance.is_moving()
    }
}
