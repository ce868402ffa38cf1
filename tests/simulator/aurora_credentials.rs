//! Passwords of a cluster in every mode, and that no call loses one.

use awsdb::spec::annotation;

use crate::sim::aurora::{Auroras, aurora};
use crate::sim::faults::{At, Fault};
use crate::sim::{settled, settled_in};

#[test]
fn the_password_is_stored_before_the_create_that_carries_it() {
    let mut sim = Auroras::quick();
    let key = sim.apply(aurora());
    sim.fault(At::Next("CreateDBCluster"), Fault::CrashAfter);
    sim.until("the operator died after the create", |sim| sim.sent("CreateDBCluster") == 1);
    let stored = sim.secret("shop", "orders-credentials").expect("stored before the call");
    assert_eq!(stored["password"].expose(), sim.the_clu(&key).password);
    sim.settle();
    assert_eq!(sim.sent("CreateDBCluster"), 1);
}

#[test]
fn nothing_is_made_and_nothing_rotated_when_the_password_cannot_be_stored() {
    let mut sim = Auroras::quick();
    sim.apply(aurora());
    sim.fault(At::Each("write_secret"), Fault::RequestLost);
    sim.run(600);
    assert!(sim.aws_writes(0).is_empty());
    let (mut sim, key) = settled(aurora());
    sim.fault(At::Each("write_secret"), Fault::RequestLost);
    sim.annotate(&key, annotation::ROTATE, "1");
    sim.run(600);
    assert_eq!(sim.sent("ModifyDBCluster"), 0);
    sim.must_open_cluster(&key);
}

#[test]
fn a_rotation_reaches_the_cluster_and_the_secret_once() {
    let (mut sim, key) = settled_in(Auroras::new(), aurora());
    let before = sim.the_clu(&key).password;
    sim.annotate(&key, annotation::ROTATE, "1");
    sim.until("the password changed", |sim| sim.the_clu(&key).password != before);
    sim.until("it rests", |sim| sim.rests(&key));
    sim.run(3600);
    assert_eq!(sim.sent("ModifyDBCluster"), 1, "{}", sim.report());
    let sent = sim.calls(0).into_iter().find(|call| call.operation == "ModifyDBCluster").unwrap();
    assert!(sent.detail.contains("SetPassword"), "a password travels alone: {}", sent.detail);
}

#[test]
fn a_password_is_replaced_when_its_interval_has_passed() {
    let (mut sim, key) = settled_in(Auroras::patient(), aurora().rotated_every("24h"));
    let first = sim.the_clu(&key).password;
    sim.run(23 * 3600);
    assert_eq!(sim.the_clu(&key).password, first);
    sim.run(2 * 3600);
    assert_ne!(sim.the_clu(&key).password, first);
    sim.must_open_cluster(&key);
    assert_eq!(sim.sent("ModifyDBCluster"), 1);
}

#[test]
fn the_content_of_a_referenced_secret_reaches_the_cluster() {
    let mut sim = Auroras::new();
    sim.user_secret("shop", "mine", "first-password\n");
    let key = sim.apply(aurora().password_from("mine"));
    sim.settle();
    assert_eq!(sim.the_clu(&key).password, "first-password");
    sim.must_open_cluster(&key);
    sim.user_secret("shop", "mine", "second-password");
    sim.until("the cluster has it", |sim| sim.the_clu(&key).password == "second-password");
    sim.until("it rests", |sim| sim.rests(&key));
    assert_eq!(sim.sent("ModifyDBCluster"), 1);
}

#[test]
fn a_password_that_aws_keeps_does_not_hold_up_the_writer_and_is_projected() {
    let (sim, key) = settled_in(Auroras::new(), aurora().aws_managed());
    let clu = sim.the_clu(&key);
    assert!(clu.password.starts_with("aws-chose"));
    assert_eq!(clu.shown.master_secret.unwrap().1, "active", "it waits for the first member, not the other way");
    sim.must_open_cluster(&key);
    assert_eq!(sim.aws_writes(0), ["CreateDBCluster", "CreateDBInstance"]);
}

#[test]
fn a_password_goes_to_aws_and_comes_back() {
    let (mut sim, key) = settled_in(Auroras::new(), aurora());
    sim.apply(aurora().aws_managed());
    sim.until("AWS keeps it", |sim| sim.the_clu(&key).password.starts_with("aws-chose"));
    sim.until("it rests", |sim| sim.rests(&key));
    sim.with_clu("shop-orders", |clu| clu.password = "aws-rotated-it".into());
    sim.run(120);
    sim.must_open_cluster(&key);
    sim.apply(aurora());
    sim.until("it is ours again", |sim| !sim.the_clu(&key).password.starts_with("aws-"));
    sim.until("it rests", |sim| sim.rests(&key));
    sim.run(600);
    assert_eq!(sim.sent("ModifyDBCluster"), 2, "{}", sim.report());
    assert!(sim.the_clu(&key).shown.master_secret.is_none());
}

#[test]
fn a_rotation_in_the_middle_of_a_change_of_the_capacity_waits_its_turn() {
    let (mut sim, key) = settled_in(Auroras::new(), aurora());
    let before = sim.the_clu(&key).password;
    sim.apply(aurora().capacity(1.0, 8.0));
    sim.annotate(&key, annotation::ROTATE, "1");
    sim.until("both hold", |sim| {
        let clu = sim.the_clu(&key);
        clu.password != before && clu.shown.settings.scaling.unwrap().max_capacity == 8.0
    });
    sim.until("it rests", |sim| sim.rests(&key));
    assert_eq!(sim.sent("ModifyDBCluster"), 2, "{}", sim.report());
}
