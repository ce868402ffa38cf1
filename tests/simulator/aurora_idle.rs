//! What clusters cost: at rest, at their making, at their end.

use awsdb::kinds::aurora::AuroraServerless;
use awsdb::kinds::rds::PowerState;
use awsdb::spec::{DeletionPolicy, annotation};

use crate::sim::aurora::{Auroras, aurora, cluster};
use crate::sim::builder::Manifest;
use crate::sim::faults::Seam;
use crate::sim::kube::Key;
use crate::sim::settled_in;

type Cluster = Manifest<AuroraServerless>;

/// Settled for some minutes.
fn rested(sim: Auroras, manifest: Cluster) -> (Auroras, Key) {
    let (mut sim, key) = settled_in(sim, manifest);
    sim.run(300);
    (sim, key)
}

fn rich() -> Cluster {
    aurora()
        .readers(2)
        .parameter("shared_buffers", "1")
        .cluster_parameter("wal_level", "1")
        .subnets(&["subnet-aaaaaaaa", "subnet-bbbbbbbb"])
        .endpoint("all", &[])
        .role("s3Import", "one")
        .data_api(true)
        .tag("team", "a")
        .snapshot_on_delete()
        .annotated(annotation::ROTATE, "1")
        .annotated(annotation::FAILOVER, "1")
}

#[test]
fn an_hour_of_a_settled_cluster_costs_its_looks_and_no_write() {
    // The cluster and its members; then each group, the subnet group and the endpoints.
    for (manifest, reads) in [(aurora(), 2), (aurora().pausing(4.0, 300), 2), (aurora().aws_managed(), 3), (rich(), 6)]
    {
        let (mut sim, key) = rested(Auroras::quick(), manifest);
        let (mark, rounds) = (sim.mark(), sim.rounds);
        sim.run(3600);
        let written: Vec<_> = sim.calls(mark).into_iter().filter(|call| call.writes).collect();
        assert!(written.is_empty(), "{written:?}");
        let rounds = sim.rounds - rounds;
        assert!((73..=77).contains(&rounds), "{rounds} checks in an hour");
        assert_eq!(sim.aws_reads(mark), reads * rounds, "{}", sim.report());
        assert!(sim.is_settled(&key));
    }
}

#[test]
fn an_hour_of_a_cluster_that_waits_for_a_person_or_a_window_costs_no_write_either() {
    let waiting: [(&str, Cluster, Cluster); 4] = [
        ("window", aurora().version("16.4"), aurora().version("16.6")),
        ("approval", aurora(), aurora().planned().backups(9)),
        ("rejected", aurora(), aurora().with(|spec| spec.settings.database_name = Some("other".into()))),
        ("stopped", aurora().at_once(), aurora().at_once().powered(PowerState::Stopped)),
    ];
    for (what, before, after) in waiting {
        let (mut sim, _) = rested(Auroras::quick(), before);
        sim.apply(after);
        sim.run(900);
        let mark = sim.mark();
        sim.run(3600);
        let written: Vec<_> = sim.calls(mark).into_iter().filter(|call| call.writes).collect();
        assert!(written.is_empty(), "{what}: {written:?}");
    }
}

#[test]
fn a_restart_with_many_settled_clusters_costs_their_looks_and_no_write() {
    let mut sim = Auroras::quick();
    for number in 0..20 {
        sim.apply(cluster(&format!("db{number}")));
    }
    sim.settle();
    sim.run(300);
    sim.restart();
    let mark = sim.mark();
    sim.run(10);
    assert_eq!(sim.calls(mark).iter().filter(|call| call.writes).count(), 0);
    assert_eq!(sim.aws_reads(mark), 40, "two reads each");
}

#[test]
fn a_create_in_a_cloud_that_is_ready_at_once_takes_at_most_eight_aws_calls() {
    for (manifest, writes) in [
        (aurora(), 7),
        (aurora().data_api(true), 7),
        (aurora().destroyed_on_delete(), 9),
        (aurora().pausing(4.0, 300), 7),
    ] {
        let mut sim = Auroras::instant();
        sim.apply(manifest);
        sim.settle();
        let aws = sim.calls(0).iter().filter(|call| call.seam == Seam::Aws).count();
        assert!(aws <= 8, "{aws} AWS calls\n{}", sim.report());
        assert!(sim.kube_writes() <= writes, "{} writes\n{}", sim.kube_writes(), sim.report());
    }
}

#[test]
fn a_deletion_under_retain_takes_no_call_at_all() {
    let (mut sim, key) = rested(Auroras::instant(), aurora().readers(1));
    let mark = sim.mark();
    sim.delete(&key);
    assert!(sim.is_gone(&key));
    sim.run(600);
    assert!(sim.calls(mark).is_empty());
}

#[test]
fn a_deletion_otherwise_takes_few_writes() {
    for policy in [DeletionPolicy::Delete, DeletionPolicy::Snapshot] {
        let (mut sim, key) = rested(Auroras::instant(), aurora().readers(1).deletion(policy));
        let mark = sim.mark();
        sim.delete(&key);
        sim.until("it is gone", |sim| sim.is_gone(&key));
        let writes: Vec<_> =
            sim.calls(mark).into_iter().filter(|call| call.writes && call.seam == Seam::Kubernetes).collect();
        // One note before each of three calls, and an event after it.
        assert!(writes.len() <= 11, "{policy:?}: {writes:#?}");
    }
}

#[test]
fn every_mutating_call_is_an_event_and_nothing_else_is() {
    let (mut sim, key) = rested(Auroras::quick(), rich().at_once());
    sim.apply(rich().at_once().backups(9).readers(1).cluster_parameter("wal_level", "2"));
    sim.run(1800);
    sim.delete(&key);
    sim.until("it is gone", |sim| sim.is_gone(&key));
    let told: Vec<String> = sim.events().iter().map(|text| text.split(':').next().unwrap().to_string()).collect();
    assert_eq!(told, sim.aws_writes(0));
}

#[test]
fn an_event_names_the_fields_with_both_values() {
    let (mut sim, _) = rested(Auroras::quick(), aurora().backups(7));
    sim.apply(aurora().backups(9));
    sim.settle();
    let told = sim.events().last().unwrap().clone();
    assert!(told.contains("backupRetentionPeriod: 7 -> 9"), "{told}");
}
