//! What things cost: a settled object, a create, a change, a deletion.

use awsdb::spec::{DeletionPolicy, annotation};

use crate::sim::builder::{Manifest, named, rds};
use crate::sim::faults::Seam;
use crate::sim::kube::Key;
use crate::sim::{Sim, settled_in};

/// Settled for some minutes.
fn rested(sim: Sim, manifest: Manifest) -> (Sim, Key) {
    let (mut sim, key) = settled_in(sim, manifest);
    sim.run(120);
    (sim, key)
}

fn rich() -> Manifest {
    rds()
        .parameter("shared_buffers", "1")
        .subnets(&["subnet-aaaaaaaa", "subnet-bbbbbbbb"])
        .tag("team", "a")
        .backups(7)
        .snapshot_on_delete()
        .annotated(annotation::RECONCILE, "1")
        .annotated(annotation::ROTATE, "1")
}

#[test]
fn an_hour_of_a_settled_object_costs_one_read_a_sweep_and_no_write() {
    for manifest in [rds(), rich(), rds().password_from("mine"), rds().aws_managed()] {
        let mut sim = Sim::quick();
        sim.user_secret("shop", "mine", "users-own-password");
        let (mut sim, key) = rested(sim, manifest);
        let (mark, rounds) = (sim.mark(), sim.rounds);
        sim.run(3600);
        assert!(sim.aws_writes(mark).is_empty());
        let written: Vec<_> = sim.calls(mark).into_iter().filter(|call| call.writes).collect();
        assert!(written.is_empty(), "{written:?}");
        let reads = sim.aws_reads(mark);
        assert!((73..=77).contains(&reads), "{reads} reads in an hour of checks every 48 s");
        assert_eq!(reads, sim.rounds - rounds, "one read a round");
        assert!(sim.is_settled(&key));
    }
}

#[test]
fn an_hour_of_an_object_that_waits_for_a_person_or_a_window_costs_no_write_either() {
    let waiting: [(&str, Manifest, Manifest); 4] = [
        ("window", rds(), rds().class("db.t4g.small")),
        ("approval", rds().at_once(), rds().planned().class("db.t4g.small")),
        ("rejected", rds(), rds().with(|spec| spec.settings.db_name = Some("other".into()))),
        ("stopped", rds(), rds().powered(awsdb::kinds::rds::PowerState::Stopped)),
    ];
    for (what, before, after) in waiting {
        let (mut sim, _) = rested(Sim::quick(), before);
        sim.with_db("shop-orders", |db| db.shown.settings.db_name = Some("prod".into()));
        sim.apply(after);
        sim.run(600);
        let mark = sim.mark();
        sim.run(3600);
        let written: Vec<_> = sim.calls(mark).into_iter().filter(|call| call.writes).collect();
        assert!(written.is_empty(), "{what}: {written:?}");
        assert!(sim.aws_reads(mark) <= 101, "{what}: {} reads", sim.aws_reads(mark));
    }
}

#[test]
fn a_restart_with_many_settled_objects_costs_one_read_each_and_no_write() {
    let mut sim = Sim::quick();
    for number in 0..40 {
        sim.apply(named(&format!("db{number}")));
    }
    sim.settle();
    sim.run(300);
    sim.restart();
    let mark = sim.mark();
    sim.run(10);
    assert_eq!(sim.calls(mark).iter().filter(|call| call.writes).count(), 0);
    assert_eq!(sim.aws_reads(mark), 40);
}

#[test]
fn a_create_in_a_cloud_that_is_ready_at_once_takes_at_most_seven_writes_and_four_aws_calls() {
    for (manifest, writes, calls) in
        [(rds(), 5, 4), (rds().destroyed_on_delete(), 7, 4), (rds().snapshot_on_delete(), 7, 4)]
    {
        let mut sim = Sim::instant();
        sim.apply(manifest);
        sim.settle();
        let aws = sim.calls(0).iter().filter(|call| call.seam == Seam::Aws).count();
        assert!(sim.kube_writes() <= writes, "{} writes\n{}", sim.kube_writes(), sim.report());
        assert!(aws <= calls, "{aws} AWS calls\n{}", sim.report());
    }
}

#[test]
fn a_create_with_real_waits_writes_only_news() {
    let mut sim = Sim::new();
    sim.apply(rds().destroyed_on_delete());
    sim.settle();
    assert!(sim.kube_writes() <= 10, "{} writes\n{}", sim.kube_writes(), sim.report());
    assert_eq!(sim.sent("CreateDBInstance"), 1);
}

#[test]
fn a_deletion_under_retain_takes_no_call_at_all() {
    let (mut sim, key) = rested(Sim::instant(), rds());
    let mark = sim.mark();
    sim.delete(&key);
    assert!(sim.is_gone(&key));
    sim.run(600);
    assert!(sim.calls(mark).is_empty());
}

#[test]
fn a_deletion_otherwise_takes_at_most_five_writes() {
    for policy in [DeletionPolicy::Delete, DeletionPolicy::Snapshot] {
        let (mut sim, key) = rested(Sim::instant(), rds().deletion(policy));
        let mark = sim.mark();
        sim.delete(&key);
        sim.until("it is gone", |sim| sim.is_gone(&key));
        let writes: Vec<_> =
            sim.calls(mark).into_iter().filter(|call| call.writes && call.seam == Seam::Kubernetes).collect();
        assert!(writes.len() <= 5, "{policy:?}: {writes:?}");
    }
}

#[test]
fn every_mutating_call_is_an_event_and_nothing_else_is() {
    let (mut sim, key) = rested(Sim::quick(), rich().at_once());
    sim.apply(rich().at_once().class("db.t4g.small").parameter("shared_buffers", "2"));
    sim.run(900);
    sim.delete(&key);
    sim.until("it is gone", |sim| sim.is_gone(&key));
    let told: Vec<String> = sim.events().iter().map(|text| text.split(':').next().unwrap().to_string()).collect();
    assert_eq!(told, sim.aws_writes(0));
}

#[test]
fn an_event_names_the_fields_with_both_values() {
    let (mut sim, _) = rested(Sim::quick(), rds().at_once());
    sim.apply(rds().at_once().class("db.t4g.small"));
    sim.settle();
    assert!(
        sim.events().last().unwrap().contains("dbInstanceClass: db.t4g.micro -> db.t4g.small"),
        "{:?}",
        sim.events()
    );
}

#[test]
fn conditions_of_others_are_kept_and_cause_no_writes() {
    let (mut sim, key) = rested(Sim::quick(), rds());
    sim.kube(|kube| {
        kube.edit(&key, |object| {
            let conditions = &mut object.status.as_mut().unwrap().shared.conditions;
            let foreign = k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition {
                type_: "Audited".into(),
                ..conditions[0].clone()
            };
            conditions.insert(0, foreign);
        });
    });
    let mark = sim.mark();
    sim.run(600);
    assert_eq!(sim.kube_writes_since(mark), 0);
    sim.apply(rds().tag("a", "b"));
    sim.settle();
    assert!(sim.is_true(&key, "Audited"), "{}", sim.report());
}
