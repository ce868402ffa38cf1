//! Passwords over a long life: what is stored, what is published, what is asked for, and what is lost.

use awsdb::aws::owner::ALLOW_TAG;
use awsdb::spec::{ManagementPolicy, annotation};

use crate::sim::aws::Timing;
use crate::sim::builder::rds;
use crate::sim::{Sim, settled};

fn lose(sim: &Sim, secret: &str) {
    sim.kube(|kube| kube.secrets.remove(&("shop".to_string(), secret.to_string())));
}

#[test]
fn a_password_is_published_only_once_the_database_has_it() {
    let mut sim = Sim::with(Timing { password: 90, ..Timing::quick() }, Default::default());
    let key = sim.apply(rds());
    sim.settle();
    sim.until("nothing is going on", |sim| !sim.the_db(&key).is_busy());
    let mut had = vec![sim.the_db(&key).password];
    for token in ["1", "2"] {
        sim.annotate(&key, annotation::ROTATE, token);
        for _ in 0..40 {
            sim.round();
            had.push(sim.the_db(&key).password);
            let published = sim.secret("shop", "orders-connection").unwrap()["password"].expose().to_string();
            assert!(had.contains(&published), "{}", sim.report());
        }
        sim.must_open(&key);
    }
    had.dedup();
    assert_eq!(had.len(), 3);
}

#[test]
fn a_password_that_aws_keeps_is_not_copied_into_our_own_secret() {
    let (mut sim, key) = settled(rds().aws_managed());
    sim.run(600);
    sim.must_open(&key);
    assert!(sim.secret("shop", "orders-credentials").is_none());
}

#[test]
fn a_rotation_token_that_was_used_is_no_wish_of_a_rebuilt_cluster() {
    for keeps_connection in [false, true] {
        let (mut sim, key) = settled(rds().annotated(annotation::ROTATE, "january"));
        sim.kube(|kube| kube.rebuild(true));
        lose(&sim, "orders-credentials");
        if !keeps_connection {
            lose(&sim, "orders-connection");
        }
        sim.restart();
        let mark = sim.mark();
        sim.run(1800);
        assert!(sim.aws_writes(mark).is_empty(), "{}", sim.report());
        if keeps_connection {
            sim.must_open(&key);
        } else {
            assert_eq!(sim.reason(&key, "Stalled"), "CredentialsLost");
        }
        sim.annotate(&key, annotation::ROTATE, "february");
        sim.until("the Secret opens it", |sim| !sim.aws_writes(mark).is_empty() && sim.opens(&key).is_ok());
    }
}

#[test]
fn a_rotation_token_that_was_used_is_not_used_again_when_our_own_secret_is_lost() {
    let (mut sim, key) = settled(rds());
    sim.annotate(&key, annotation::ROTATE, "january");
    sim.run(300);
    assert_eq!(sim.sent("ModifyDBInstance"), 1);
    lose(&sim, "orders-credentials");
    sim.run(600);
    assert_eq!(sim.sent("ModifyDBInstance"), 1);
    sim.must_open(&key);
}

#[test]
fn a_password_that_was_recovered_is_still_replaced_when_its_interval_has_passed() {
    let (mut sim, key) = settled(rds().rotated_every("2h"));
    lose(&sim, "orders-credentials");
    sim.run(600);
    sim.must_open(&key);
    let before = sim.the_db(&key).password;
    sim.run(3 * 3600);
    assert_ne!(sim.the_db(&key).password, before);
    sim.must_open(&key);
}

#[test]
fn a_database_that_was_observed_is_taken_over_like_any_other() {
    let (mut sim, key) = settled(rds());
    let password = sim.the_db(&key).password;
    sim.delete(&key);
    sim.kube(|kube| kube.secrets.clear());
    sim.with_db("shop-orders", |db| {
        db.shown.tags.clear();
        db.shown.tags.insert(ALLOW_TAG.into(), "test/shop".into());
    });
    sim.user_secret("shop", "mine", &password);
    let key = sim.apply(rds().password_from("mine").managed(ManagementPolicy::Observe));
    sim.settle();
    let mark = sim.mark();
    // Without the word of the object it is somebody's database, observed before or not.
    sim.apply(rds().password_from("mine"));
    sim.run(300);
    assert_eq!(sim.reason(&key, "Stalled"), "Conflict");
    assert!(sim.message(&key, "Stalled").contains("spec.adoption: IfExists"), "{}", sim.message(&key, "Stalled"));
    assert_eq!(sim.held_hash(&key), None, "nothing that an approval could let through");
    // Without the word of the AWS side likewise.
    sim.with_db("shop-orders", |db| drop(db.shown.tags.remove(ALLOW_TAG)));
    sim.apply(rds().password_from("mine").adopting());
    sim.run(300);
    assert_eq!(sim.reason(&key, "Stalled"), "NotAllowed");
    assert_eq!(sim.held_hash(&key), None);
    assert!(sim.aws_writes(mark).is_empty());
    sim.with_db("shop-orders", |db| drop(db.shown.tags.insert(ALLOW_TAG.into(), "test/shop".into())));
    sim.settle();
    assert_eq!(sim.aws_writes(mark), ["AddTagsToResource"], "with both, and nothing to change, at once");
}

#[test]
fn an_object_that_only_ever_observed_goes_without_its_database_whatever_its_policy_says_now() {
    let (mut sim, key) = settled(rds());
    sim.delete(&key);
    sim.with_db("shop-orders", |db| {
        db.shown.tags.clear();
        db.shown.tags.insert(ALLOW_TAG.into(), "test/shop".into());
    });
    let key = sim.apply(rds().observed());
    sim.run(120);
    sim.apply(rds().destroyed_on_delete());
    sim.run(120);
    let mark = sim.mark();
    sim.delete(&key);
    sim.run(600);
    assert!(sim.is_gone(&key), "{}", sim.report());
    assert!(sim.aws_writes(mark).is_empty() && sim.aws(|aws| aws.instances.contains_key("shop-orders")));
}

#[test]
fn a_database_that_is_taken_over_without_its_password_says_what_is_missing() {
    let (mut sim, key) = settled(rds());
    sim.delete(&key);
    sim.kube(|kube| kube.secrets.clear());
    sim.with_db("shop-orders", |db| {
        db.shown.tags.clear();
        db.shown.tags.insert(ALLOW_TAG.into(), "test/shop".into());
    });
    let mark = sim.mark();
    let key = sim.apply(rds().adopting());
    sim.run(600);
    assert_eq!(sim.aws_writes(mark), ["AddTagsToResource"]);
    assert_eq!(sim.reason(&key, "Stalled"), "CredentialsLost");
}

#[test]
fn parameters_that_are_removed_from_the_spec_leave_their_group_until_the_database_goes() {
    let (mut sim, key) = settled(rds().parameter("work_mem", "8").destroyed_on_delete());
    let mark = sim.mark();
    sim.apply(rds().destroyed_on_delete());
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty(), "{:?}", sim.events());
    assert!(sim.is_settled(&key));
    sim.delete(&key);
    sim.until("it is gone", |sim| sim.is_gone(&key));
    assert!(sim.aws(|aws| aws.parameter_groups.is_empty()), "an orphan");
}

#[test]
fn subnets_that_are_removed_from_the_spec_leave_their_group_until_the_database_goes() {
    let (mut sim, key) = settled(rds().subnets(&["subnet-aaaaaaaa", "subnet-bbbbbbbb"]).destroyed_on_delete());
    let mark = sim.mark();
    sim.apply(rds().destroyed_on_delete());
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty(), "{:?}", sim.events());
    assert!(sim.is_settled(&key));
    sim.delete(&key);
    sim.until("it is gone", |sim| sim.is_gone(&key));
    assert!(sim.aws(|aws| aws.subnet_groups.is_empty()), "an orphan");
}
