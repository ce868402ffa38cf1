use std::sync::Mutex;

use super::*;
use crate::aws::owner::{CLUSTER_TAG, OWNER_TAG, Tags};

pub(crate) const DB: &str = "arn:aws:rds:eu-west-1:1:db:shop-orders";
const OTHER_DB: &str = "arn:aws:rds:eu-west-1:1:db:shop-orders-v1";
const SNAPSHOT: &str = "arn:aws:rds:eu-west-1:1:snapshot:shop-orders-final";
const TABLE: &str = "arn:aws:dynamodb:eu-west-1:1:table/shop-orders";
const REPLICA: &str = "arn:aws:dynamodb:us-east-1:1:table/shop-orders";

/// Answers in AWS's place, and remembers which regions were asked.
#[derive(Default)]
pub(crate) struct Fake {
    pub things: Mutex<Vec<Owned>>,
    pub existence: Mutex<BTreeMap<String, Existence>>,
    pub refusal: Mutex<Option<CloudError>>,
    pub asked: Mutex<Vec<String>>,
}

impl Survey for Fake {
    async fn owned(&self, region: &str) -> Result<Vec<Owned>, CloudError> {
        self.asked.lock().unwrap().push(region.into());
        if let Some(error) = self.refusal.lock().unwrap().clone() {
            return Err(error);
        }
        let things = self.things.lock().unwrap();
        Ok(things.iter().filter(|thing| thing.region == region).cloned().collect())
    }

    async fn existence(&self, _: &str, arns: &[Arn]) -> Result<BTreeMap<String, Existence>, CloudError> {
        let known = self.existence.lock().unwrap();
        Ok(arns.iter().filter_map(|arn| Some((arn.text.clone(), *known.get(&arn.text)?))).collect())
    }
}

pub(crate) fn owned(arn: &str, owner: &str, cluster: &str) -> Owned {
    let tags = Tags::from([(OWNER_TAG.into(), owner.into()), (CLUSTER_TAG.into(), cluster.into())]);
    let arn = Arn::parse(arn);
    Owned { region: arn.region.clone(), arn, owner: Owner::of(&tags).ok_or_else(|| owner.into()) }
}

pub(crate) fn holder(namespace: &str, name: &str, arn: Option<&str>) -> Holder {
    let region = arn.map(|arn| Arn::parse(arn).region);
    Holder { namespace: namespace.into(), name: name.into(), arn: arn.map(Into::into), region }
}

fn holders(kind: &str, all: Vec<Holder>) -> Holders {
    Holders::from([("RdsInstance".into(), vec![]), ("DynamoTable".into(), vec![]), (kind.into(), all)])
}

const HOME: Household<'_> = Household { installation: "prod", cluster: "uid-1", namespaces: &[] };

fn whys(home: Household<'_>, things: &[Owned], holders: &Holders) -> Vec<(String, Why)> {
    let verdict = judge(home, things.to_vec(), holders);
    verdict.orphans.into_iter().map(|orphan| (orphan.arn.text, orphan.why)).collect()
}

fn none() -> Vec<(String, Why)> {
    Vec::new()
}

#[test]
fn what_has_no_object_is_an_orphan_whatever_it_is() {
    let things = [DB, SNAPSHOT].map(|arn| owned(arn, "prod/RdsInstance/shop/orders", "uid-1"));
    let is_orphan = [(DB.to_string(), Why::NoObject), (SNAPSHOT.to_string(), Why::NoObject)];
    assert_eq!(whys(HOME, &things, &holders("RdsInstance", vec![])), is_orphan);
    for other in [("shop", "order"), ("shops", "orders")] {
        assert_eq!(whys(HOME, &things, &holders("RdsInstance", vec![holder(other.0, other.1, None)])), is_orphan);
    }
    // An object of this name and another kind is not its owner.
    assert_eq!(whys(HOME, &things, &holders("DynamoTable", vec![holder("shop", "orders", None)])), is_orphan);
    assert_eq!(whys(HOME, &things, &holders("RdsInstance", vec![holder("shop", "orders", None)])), none());
}

#[test]
fn an_object_that_names_another_thing_of_the_type_does_not_own_this_one() {
    let things = [DB, OTHER_DB, SNAPSHOT].map(|arn| owned(arn, "prod/RdsInstance/shop/orders", "uid-1"));
    let now = holders("RdsInstance", vec![holder("shop", "orders", Some(DB))]);
    assert_eq!(whys(HOME, &things, &now), [(OTHER_DB.to_string(), Why::NamesAnother)]);
}

#[test]
fn the_replicas_of_a_table_are_its_own() {
    let things = [TABLE, REPLICA].map(|arn| owned(arn, "prod/DynamoTable/shop/orders", "uid-1"));
    let now = holders("DynamoTable", vec![holder("shop", "orders", Some(TABLE))]);
    assert_eq!(whys(HOME, &things, &now), none());
}

#[test]
fn another_cluster_s_thing_is_told_as_such_even_where_an_object_has_its_name() {
    let now = holders("RdsInstance", vec![holder("shop", "orders", Some(DB))]);
    for cluster in ["uid-2", ""] {
        let things = [owned(DB, "prod/RdsInstance/shop/orders", cluster)];
        assert_eq!(whys(HOME, &things, &now), [(DB.to_string(), Why::OtherCluster)], "{cluster}");
    }
}

#[test]
fn other_installations_and_namespaces_are_none_of_ours() {
    let things = [
        owned(DB, "staging/RdsInstance/shop/orders", "uid-1"),
        owned(DB, "production/RdsInstance/shop/orders", "uid-1"),
        owned(DB, "prod/RdsInstance/billing/orders", "uid-1"),
    ];
    let namespaces = ["shop".to_string()];
    let home = Household { namespaces: &namespaces, ..HOME };
    assert_eq!(whys(home, &things, &holders("RdsInstance", vec![])), none());
    assert_eq!(whys(HOME, &things, &holders("RdsInstance", vec![])).len(), 1);
}

#[test]
fn nothing_is_said_of_kinds_whose_objects_are_not_known_or_of_misshapen_texts() {
    let things = [
        owned(DB, "prod/AuroraServerless/shop/orders", "uid-1"),
        owned(OTHER_DB, "prod/AuroraServerless/shop/orders", "uid-2"),
        owned(SNAPSHOT, "prod/RdsInstance/shop", "uid-1"),
        owned(TABLE, "staging/DynamoTable/shop", "uid-1"),
        owned(TABLE, "", "uid-1"),
    ];
    let verdict = judge(HOME, things.to_vec(), &holders("RdsInstance", vec![]));
    assert_eq!(verdict.orphans, []);
    assert_eq!(verdict.unjudged, BTreeMap::from([("AuroraServerless".to_string(), 2)]));
    assert_eq!(verdict.misshapen, [(SNAPSHOT.to_string(), "prod/RdsInstance/shop".to_string())]);
}

#[tokio::test]
async fn every_region_is_asked_and_one_that_fails_is_named() {
    let fake = Fake::default();
    *fake.things.lock().unwrap() =
        [TABLE, REPLICA].map(|arn| owned(arn, "prod/DynamoTable/shop/orders", "uid-1")).into();
    let regions = BTreeSet::from(["eu-west-1".to_string(), "us-east-1".to_string()]);
    assert_eq!(survey(&fake, &regions).await.unwrap().len(), 2);
    *fake.refusal.lock().unwrap() = Some(CloudError::answered("GetResources", "AccessDeniedException", "no"));
    let (region, error) = survey(&fake, &regions).await.unwrap_err();
    assert_eq!((region.as_str(), error.code.as_str()), ("eu-west-1", "AccessDeniedException"));
}

#[tokio::test]
async fn what_a_direct_look_does_not_find_is_no_orphan_and_what_nobody_looks_at_stays() {
    let fake = Fake::default();
    let made = Existence::Exists(Some("2026-01-02T03:04:05Z".parse().unwrap()));
    *fake.existence.lock().unwrap() = BTreeMap::from([(DB.to_string(), made), (OTHER_DB.to_string(), Existence::Gone)]);
    let things = [DB, OTHER_DB, SNAPSHOT].map(|arn| owned(arn, "prod/RdsInstance/shop/orders", "uid-1"));
    let mut orphans = judge(HOME, things.to_vec(), &holders("RdsInstance", vec![])).orphans;
    assert_eq!(confirm(&fake, &mut orphans).await.unwrap(), 1);
    let left: Vec<(&str, Existence)> = orphans.iter().map(|it| (it.arn.text.as_str(), it.existence)).collect();
    assert_eq!(left, [(DB, made), (SNAPSHOT, Existence::Unasked)]);
}
