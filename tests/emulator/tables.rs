//! What the tests of DynamoTable ask AWS, and do there behind the operator's back.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableDescription,
    Tag,
};
use serde_json::Value;

use crate::lab::Lab;

/// Kinds of its own besides the lab's: a table by name, and AWS's own view of it.
pub struct Tables<'a> {
    lab: &'a Lab,
    client: aws_sdk_dynamodb::Client,
}

impl<'a> Tables<'a> {
    pub fn of(lab: &'a Lab) -> Self {
        Self { lab, client: aws_sdk_dynamodb::Client::new(lab.aws().0) }
    }

    fn wait<T>(&self, answer: impl Future<Output = T>) -> T {
        self.lab.aws().1.block_on(answer)
    }

    /// A DynamoTable with exactly these lines as its spec.
    pub fn apply(&self, name: &str, spec: &str) {
        self.lab.apply_kind("DynamoTable", name, spec);
    }

    /// A DynamoTable with the key `id` and these lines.
    pub fn apply_small(&self, name: &str, spec: &str) {
        self.apply(name, &format!("hashKey: {{name: id, type: S}}\n{spec}"));
    }

    /// The object, once it is Ready and Synced as it is now.
    pub fn wait_settled(&self, name: &str) -> Value {
        self.lab.until(&format!("{name} is Ready and Synced"), || {
            let object = self.lab.object(&dynamo(name))?;
            let holds = |kind| crate::lab::condition(&object, kind).is_some_and(|one| one.status == "True");
            let is_current = object["status"]["observedGeneration"] == object["metadata"]["generation"];
            (holds("Ready") && holds("Synced") && is_current).then_some(object)
        })
    }

    pub fn table(&self, name: &str) -> Option<TableDescription> {
        self.wait(self.client.describe_table().table_name(name).send()).ok()?.table
    }

    pub fn index_names(&self, name: &str) -> BTreeSet<String> {
        let table = self.table(name).unwrap();
        table.global_secondary_indexes().iter().map(|index| index.index_name().unwrap().to_string()).collect()
    }

    pub fn tags(&self, name: &str) -> BTreeMap<String, String> {
        let arn = self.table(name).unwrap().table_arn.unwrap();
        let pages = self.client.list_tags_of_resource().resource_arn(arn);
        let (mut all, mut next) = (BTreeMap::new(), None);
        loop {
            let answer = self.wait(pages.clone().set_next_token(next).send()).unwrap();
            all.extend(answer.tags().iter().map(|tag| (tag.key().to_string(), tag.value().to_string())));
            next = answer.next_token;
            if next.is_none() {
                return all;
            }
        }
    }

    /// The attribute of time to live, while it is on.
    pub fn expires_by(&self, name: &str) -> Option<String> {
        let answer = self.wait(self.client.describe_time_to_live().table_name(name).send()).unwrap();
        answer.time_to_live_description?.attribute_name
    }

    /// Days of point-in-time recovery, while it is on.
    pub fn recovery_days(&self, name: &str) -> Option<i32> {
        let answer = self.wait(self.client.describe_continuous_backups().table_name(name).send()).unwrap();
        answer.continuous_backups_description?.point_in_time_recovery_description?.recovery_period_in_days
    }

    /// Whether contributor insights are on.
    pub fn has_insights(&self, name: &str) -> bool {
        let answer = self.wait(self.client.describe_contributor_insights().table_name(name).send()).unwrap();
        answer.contributor_insights_status.is_some_and(|status| status.as_str() == "ENABLED")
    }

    /// Kinesis streams that get the changes.
    pub fn destinations(&self, name: &str) -> Vec<String> {
        let answer = self.wait(self.client.describe_kinesis_streaming_destination().table_name(name).send()).unwrap();
        let all = answer.kinesis_data_stream_destinations.unwrap_or_default().into_iter();
        all.filter(|one| one.destination_status.as_ref().is_some_and(|status| status.as_str() == "ACTIVE"))
            .filter_map(|one| one.stream_arn)
            .collect()
    }

    pub fn policy(&self, name: &str) -> Option<String> {
        let arn = self.table(name).unwrap().table_arn.unwrap();
        self.wait(self.client.get_resource_policy().resource_arn(arn).send()).ok()?.policy
    }

    /// Names of the on-demand backups of a table.
    pub fn backups(&self, name: &str) -> BTreeMap<String, String> {
        let answer = self.wait(self.client.list_backups().table_name(name).send()).unwrap();
        let all = answer.backup_summaries.unwrap_or_default().into_iter();
        all.filter_map(|one| Some((one.backup_name?, one.backup_arn?))).collect()
    }

    /// Values of an attribute, of every item that has it.
    pub fn texts(&self, name: &str, attribute: &str) -> BTreeSet<String> {
        let answer = self.wait(self.client.scan().table_name(name).send()).unwrap();
        let values = answer.items().iter().filter_map(|item| item.get(attribute)?.as_s().ok().cloned());
        values.collect()
    }

    pub fn put(&self, name: &str, id: &str) {
        let request = self.client.put_item().table_name(name).item("id", AttributeValue::S(id.into()));
        self.wait(request.send()).unwrap();
    }

    pub fn remove(&self, name: &str, id: &str) {
        let request = self.client.delete_item().table_name(name).key("id", AttributeValue::S(id.into()));
        self.wait(request.send()).unwrap();
    }

    /// Makes a table as somebody else would, with these tags.
    pub fn make_foreign(&self, name: &str, tags: &[(&str, &str)]) {
        let tags = tags.iter().map(|(key, value)| Tag::builder().key(*key).value(*value).build().unwrap()).collect();
        let id = AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S);
        let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash);
        let request = self
            .client
            .create_table()
            .table_name(name)
            .attribute_definitions(id.build().unwrap())
            .key_schema(key.build().unwrap())
            .billing_mode(BillingMode::PayPerRequest)
            .set_tags(Some(tags));
        self.wait(request.send()).unwrap();
    }

    /// Deletes a table as somebody with a console would.
    pub fn destroy(&self, name: &str) {
        self.wait(self.client.delete_table().table_name(name).send()).unwrap();
    }
}

/// The name that kubectl knows.
pub fn dynamo(name: &str) -> String {
    format!("dynamo/{name}")
}
