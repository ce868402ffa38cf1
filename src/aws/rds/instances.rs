//! Instances by id, a hundred a request.

use std::collections::BTreeMap;

use aws_sdk_rds::types::{DbInstance, Filter};
use futures::future::{FutureExt, TryFutureExt};
use jiff::Timestamp;

use super::{Instance, read};
use crate::aws::CloudError;
use crate::aws::answer::{complete, pages, present};
use crate::aws::clients::{Caller, Clients};
use crate::aws::inventory::Source;
use crate::aws::owner::OWNER_TAG;

/// The instances of a region.
pub(in crate::aws) struct Instances {
    pub rds: aws_sdk_rds::Client,
    pub caller: Caller,
}

const OPERATION: &str = "DescribeDBInstances";

impl Source for Instances {
    type Item = Instance;
    const THING: &'static str = "DBInstance";

    async fn read(&self, ids: Vec<String>) -> Result<Vec<(String, Instance)>, CloudError> {
        // One that cannot be read is missing here, and says so itself when it is looked at directly.
        let readable = list(&self.rds, &self.caller, ids).await?.into_iter().filter_map(|db| {
            let id = db.db_instance_identifier.as_ref()?.to_lowercase();
            Some((id, read::instance(&db).ok()?))
        });
        Ok(readable.collect())
    }

    fn is_moving(instance: &Instance) -> bool {
        instance.is_moving()
    }
}

/// Those of at most a hundred ids that exist.
async fn list(rds: &aws_sdk_rds::Client, caller: &Caller, ids: Vec<String>) -> Result<Vec<DbInstance>, CloudError> {
    let filter = Filter::builder().name("db-instance-id").set_values(Some(ids)).build();
    let request = rds.describe_db_instances().filters(filter);
    let listed = pages(OPERATION, |marker| {
        let page = caller.call("rds", OPERATION, request.clone().set_marker(marker).send());
        // Of ids of which none exists, the emulator at least says so with an error.
        let page = page.map(|page| present(page, "DBInstanceNotFound"));
        page.map_ok(|page| page.map_or((None, None), |page| (page.db_instances, page.marker))).boxed()
    });
    listed.await
}

/// Those of at most a hundred ids that exist and carry an owner tag: their ARNs, and when each was made.
pub(in crate::aws) async fn owned(
    clients: &Clients,
    ids: Vec<String>,
) -> Result<BTreeMap<String, Option<Timestamp>>, CloudError> {
    let listed = list(&clients.rds, &clients.caller, ids).await?;
    let ours = listed.into_iter().filter(|db| db.tag_list().iter().any(|tag| tag.key() == Some(OWNER_TAG)));
    ours.map(|db| {
        let made = read::time(db.instance_create_time());
        Ok((complete(OPERATION, db.db_instance_arn.ok_or("DBInstanceArn"))?, made))
    })
    .collect()
}
