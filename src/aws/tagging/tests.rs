use serde_json::{Value, json};

use super::*;
use crate::aws::owner::CLUSTER_TAG;
use crate::aws::wire::Wire;

const DB: &str = "arn:aws:rds:us-east-1:111122223333:db:";
const TABLE_ARN: &str = "arn:aws:dynamodb:us-east-1:111122223333:table/";

fn thing(arn: &str, tags: &[(&str, &str)]) -> Value {
    let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    json!({ "ResourceARN": arn, "Tags": tags })
}

fn ours(arn: &str) -> Value {
    thing(arn, &[(OWNER_TAG, "prod/RdsInstance/shop/orders"), (CLUSTER_TAG, "uid-1"), ("team", "a")])
}

fn page(things: &[Value], token: &str) -> Value {
    json!({ "ResourceTagMappingList": things, "PaginationToken": token })
}

#[tokio::test]
async fn every_page_is_read_by_the_tag_s_key_a_hundred_at_a_time() {
    let (one, two) = (format!("{DB}one"), format!("{DB}two"));
    let wire = Wire::new()
        .json(OPERATION, page(&[ours(&one)], "next"))
        // Listed while it moved between pages: once all the same.
        .json(OPERATION, page(&[ours(&one), ours(&two)], ""));
    let owned = wire.bare().owned("eu-west-1").await.unwrap();
    let arns: Vec<&str> = owned.iter().map(|owned| owned.arn.text.as_str()).collect();
    assert_eq!(arns, [one, two]);
    let owner = owned[0].owner.as_ref().unwrap();
    assert_eq!((owner.text().as_str(), owner.cluster.as_str()), ("prod/RdsInstance/shop/orders", "uid-1"));
    assert_eq!(owned[0].region, "eu-west-1");
    let asked = wire.asked(OPERATION);
    assert!(asked[0].host.starts_with("tagging.eu-west-1."), "{}", asked[0].host);
    assert_eq!(asked[0].json(), json!({ "TagFilters": [{ "Key": OWNER_TAG }], "ResourcesPerPage": 100 }));
    assert_eq!(asked[1].json()["PaginationToken"], "next");
    assert_eq!(wire.told()[0], (SERVICE.into(), OPERATION.into(), "ok".into()));
}

#[tokio::test]
async fn a_listing_that_repeats_itself_or_lacks_an_arn_is_an_error_and_no_list() {
    let repeating = Wire::new().json(OPERATION, page(&[ours(DB)], "same"));
    let error = repeating.bare().owned("us-east-1").await.unwrap_err();
    assert!(error.message.contains("the same marker came twice"), "{error}");
    let nameless = Wire::new().json(OPERATION, page(&[json!({ "Tags": [] })], ""));
    let error = nameless.bare().owned("us-east-1").await.unwrap_err();
    assert_eq!((error.code.as_str(), error.message.as_str()), ("Unreadable", "the answer lacks ResourceARN"));
    let broken = Wire::new().json(OPERATION, page(&[ours(DB)], "next")).json_refusing(
        OPERATION,
        "PaginationTokenExpiredException",
        "too late",
    );
    let error = broken.bare().owned("us-east-1").await.unwrap_err();
    assert_eq!((error.class, error.code.as_str()), (Class::Transient, "PaginationTokenExpiredException"));
}

#[tokio::test]
async fn what_lost_its_tag_is_left_out_and_a_text_of_another_shape_is_kept_as_it_is() {
    let things = [
        thing(&format!("{DB}bare"), &[]),
        thing(&format!("{DB}odd"), &[(OWNER_TAG, "prod/orders")]),
        thing(&format!("{DB}clusterless"), &[(OWNER_TAG, "prod/RdsInstance/shop/orders")]),
    ];
    let owned = Wire::new().json(OPERATION, page(&things, "")).bare().owned("us-east-1").await.unwrap();
    let owners: Vec<(&str, Result<String, String>)> =
        owned.into_iter().map(|it| (it.arn.name.leak() as &str, it.owner.map(|owner| owner.cluster))).collect();
    assert_eq!(owners, [("clusterless", Ok(String::new())), ("odd", Err("prod/orders".into()))]);
}

#[tokio::test]
async fn a_denied_listing_says_which_right_is_missing_and_a_throttle_slows_it() {
    let words = "User: arn:aws:sts::1:x is not authorized to perform: tag:GetResources";
    let wire = Wire::new().json_refusing(OPERATION, "AccessDeniedException", words);
    let error = wire.bare().owned("us-east-1").await.unwrap_err();
    assert_eq!(error.class, Class::Denied);
    assert!(error.sentence("").contains("grant tag:GetResources"), "{}", error.sentence(""));
    assert_eq!(wire.told(), [(SERVICE.into(), OPERATION.into(), "AccessDeniedException".into())]);
    let error = CloudError::answered(OPERATION, "ThrottledException", "too fast");
    assert!(error.is_throttle());
}

#[tokio::test(start_paused = true)]
async fn instances_are_looked_at_together_tables_one_by_one_and_the_rest_not_at_all() {
    let instance = |name: &str, tags: &str| {
        format!(
            "<DBInstance><DBInstanceIdentifier>{name}</DBInstanceIdentifier><DBInstanceArn>{DB}{name}</DBInstanceArn>\
             <InstanceCreateTime>2026-01-02T03:04:05.678Z</InstanceCreateTime><TagList>{tags}</TagList></DBInstance>"
        )
    };
    let tag = format!("<Tag><Key>{OWNER_TAG}</Key><Value>prod/RdsInstance/shop/orders</Value></Tag>");
    let listed = format!("<DBInstances>{}{}</DBInstances>", instance("kept", &tag), instance("others", ""));
    let wire = Wire::new().answering("DescribeDBInstances", &listed).json_refusing(
        "DescribeTable",
        "ResourceNotFoundException",
        "none",
    );
    let names = ["kept", "others", "gone"].map(|name| Arn::parse(&format!("{DB}{name}")));
    let mut arns = names.to_vec();
    arns.push(Arn::parse(&format!("{TABLE_ARN}old")));
    arns.push(Arn::parse("arn:aws:rds:us-east-1:111122223333:snapshot:s"));
    let existence = wire.bare().existence("us-east-1", &arns).await.unwrap();
    let made = Some("2026-01-02T03:04:05Z".parse().unwrap());
    let of = |arn: &Arn| existence.get(&arn.text).copied();
    let expected =
        [Some(Existence::Exists(made)), Some(Existence::Gone), Some(Existence::Gone), Some(Existence::Gone), None];
    assert_eq!(arns.iter().map(of).collect::<Vec<_>>(), expected);
    let members = wire.once("DescribeDBInstances").members();
    assert_eq!(members["Filters.Filter.1.Values.Value.3"], "others");
}

#[tokio::test]
async fn a_look_that_is_refused_is_an_error_and_nothing_is_called_gone() {
    let wire = Wire::new().json_refusing("DescribeTable", "AccessDeniedException", "no");
    let arns = [Arn::parse(&format!("{TABLE_ARN}orders"))];
    assert_eq!(wire.bare().existence("us-east-1", &arns).await.unwrap_err().class, Class::Denied);
    assert!(wire.asked("DescribeDBInstances").is_empty(), "nobody asked for instances");
}
