//! A cluster is rebuilt: manifests come back from git or a backup without status, with new uids, in a cluster of the same or
//! another identity, with or without their Secrets.

use awsdb::spec::annotation;

use crate::sim::Sim;
use crate::sim::builder::{Manifest, rds};
use crate::sim::kube::Key;

fn rebuilt(manifest: Manifest, keeps_secrets: bool) -> (Sim, Key, usize) {
    let mut sim = Sim::quick();
    sim.user_secret("shop", "mine", "users-own-password");
    let key = sim.apply(manifest);
    sim.settle();
    sim.until("nothing is going on", |sim| !sim.the_db(&key).is_busy());
    sim.kube(|kube| kube.rebuild(keeps_secrets));
    sim.restart();
    let mark = sim.mark();
    (sim, key, mark)
}

#[test]
fn with_its_secrets_the_binding_is_back_and_nothing_is_written_to_aws() {
    let (mut sim, key, mark) = rebuilt(rds().snapshot_on_delete(), true);
    sim.settle();
    sim.must_open(&key);
    sim.run(3600);
    assert!(sim.aws_writes(mark).is_empty(), "{}", sim.report());
    assert!(sim.object(&key).unwrap().metadata.finalizers.is_some(), "the finalizer is back");
}

#[test]
fn with_the_connection_secret_alone_the_password_is_recovered_from_it() {
    let (mut sim, key, mark) = rebuilt(rds(), true);
    sim.kube(|kube| kube.secrets.remove(&("shop".into(), "orders-credentials".into())));
    sim.settle();
    sim.run(600);
    sim.must_open(&key);
    assert!(sim.aws_writes(mark).is_empty());
    assert!(sim.secret("shop", "orders-credentials").is_some(), "and kept again");
}

#[test]
fn without_its_secrets_nothing_is_written_to_aws_and_the_remedy_is_named() {
    let (mut sim, key, mark) = rebuilt(rds(), false);
    sim.run(3600);
    assert!(sim.aws_writes(mark).is_empty());
    assert_eq!(sim.reason(&key, "Stalled"), "CredentialsLost");
    let message = sim.message(&key, "Stalled");
    assert!(message.contains("spec.credentials.secretRef") && message.contains(annotation::ROTATE), "{message}");
    assert!(!sim.is_true(&key, "Ready"), "there is no binding to use");
}

#[test]
fn a_lost_password_is_set_anew_when_the_user_says_so() {
    let (mut sim, key, mark) = rebuilt(rds(), false);
    sim.run(300);
    sim.annotate(&key, annotation::ROTATE, "lost");
    sim.settle();
    sim.until("the Secret opens it", |sim| sim.opens(&key).is_ok());
    assert_eq!(sim.aws_writes(mark), ["ModifyDBInstance"]);
}

#[test]
fn a_lost_password_that_the_user_still_knows_is_taken_without_a_change() {
    let (mut sim, key, mark) = rebuilt(rds(), false);
    sim.run(300);
    let known = sim.the_db(&key).password;
    sim.user_secret("shop", "known", &known);
    sim.apply(rds().password_from("known"));
    sim.settle();
    sim.must_open(&key);
    assert!(sim.aws_writes(mark).is_empty(), "{}", sim.report());
}

#[test]
fn with_a_referenced_secret_the_binding_is_back_and_nothing_is_written_to_aws() {
    let (mut sim, key, mark) = rebuilt(rds().password_from("mine"), false);
    sim.user_secret("shop", "mine", "users-own-password");
    sim.settle();
    sim.must_open(&key);
    sim.run(3600);
    assert!(sim.aws_writes(mark).is_empty(), "{}", sim.report());
}

#[test]
fn with_a_referenced_secret_a_later_change_of_it_still_reaches_the_database() {
    let (mut sim, key, _) = rebuilt(rds().password_from("mine"), false);
    sim.user_secret("shop", "mine", "users-own-password");
    sim.settle();
    sim.user_secret("shop", "mine", "users-next-password");
    sim.until("the database has it", |sim| sim.the_db(&key).password == "users-next-password");
    sim.until("the Secret follows", |sim| sim.opens(&key).is_ok());
}

#[test]
fn with_a_password_that_aws_manages_nothing_is_needed() {
    let (mut sim, key, mark) = rebuilt(rds().aws_managed(), false);
    sim.settle();
    sim.must_open(&key);
    assert!(sim.aws_writes(mark).is_empty());
}

#[test]
fn in_a_cluster_of_another_identity_the_database_is_held_until_approved() {
    let (mut sim, key, mark) = rebuilt(rds(), true);
    sim.setup.installation.cluster = "cluster-2".into();
    sim.restart();
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty());
    assert_eq!(sim.reason(&key, "Stalled"), "Conflict");
    let message = sim.message(&key, "Stalled");
    assert!(message.contains("another cluster") && message.contains("cluster-1"), "{message}");
    sim.approve(&key);
    sim.settle();
    sim.must_open(&key);
    assert_eq!(sim.aws_writes(mark), ["AddTagsToResource"]);
    assert_eq!(sim.the_db(&key).shown.tags["awsdb.dev/cluster"], "cluster-2");
}

#[test]
fn two_clusters_with_a_copied_values_file_do_not_fight() {
    let (mut sim, key, mark) = rebuilt(rds().destroyed_on_delete(), true);
    sim.setup.installation.cluster = "cluster-2".into();
    sim.restart();
    sim.run(300);
    sim.delete(&key);
    sim.run(300);
    assert!(sim.is_gone(&key), "the copy can be deleted");
    assert!(sim.aws_writes(mark).is_empty(), "and takes nothing along");
    assert!(sim.aws(|aws| aws.instances.contains_key("shop-orders")));
}

#[test]
fn an_object_let_go_while_its_database_lives_keeps_its_secrets() {
    let (mut sim, key, _) = rebuilt(rds().destroyed_on_delete(), true);
    sim.setup.installation.cluster = "cluster-2".into();
    sim.restart();
    sim.run(300);
    sim.delete(&key);
    sim.run(300);
    assert!(sim.is_gone(&key));
    assert!(sim.secret("shop", "orders-credentials").is_some(), "the only copy of a living database's password");
}

#[test]
fn a_database_that_was_replaced_meanwhile_is_not_taken_for_the_old_one() {
    let mut sim = Sim::quick();
    let key = sim.apply(rds());
    sim.settle();
    sim.with_db("shop-orders", |db| db.shown.resource_id = "db-ANOTHER".into());
    let mark = sim.mark();
    sim.run(300);
    assert_eq!(sim.reason(&key, "Stalled"), "IdentityChanged");
    assert!(sim.aws_writes(mark).is_empty());
    sim.approve(&key);
    sim.settle();
    assert_eq!(sim.status(&key).shared.journal.notes["resourceId"], "db-ANOTHER");
}
