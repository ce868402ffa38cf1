//! Every word that AWS has for a cluster, for one that shall be there and for one that shall go: nothing but what the table of
//! aws-rds.md 2.3 allows, nothing that AWS refuses for its state, and an end once AWS is available again.

use awsdb::kinds::aurora::AuroraServerless;
use awsdb::spec::DeletionPolicy;

use crate::sim::aurora::{Auroras, aurora};
use crate::sim::builder::Manifest;
use crate::sim::kube::Key;
use crate::sim::settled;

/// Whether it serves, as far as the status tells.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Serves {
    Yes,
    AsBefore,
    No,
}
use Serves::{AsBefore, No, Yes};

/// Status, whether it serves, and the reason of `Stalled`. Changes are taken in `available` alone.
const WORDS: &[(&str, Serves, &str)] = &[
    ("available", Yes, ""),
    ("backing-up", Yes, ""),
    ("configuring-iam-database-auth", Yes, ""),
    ("update-iam-db-auth", Yes, ""),
    ("configuring-enhanced-monitoring", Yes, ""),
    ("configuring-activity-stream", Yes, ""),
    ("modifying", AsBefore, ""),
    ("maintenance", AsBefore, ""),
    ("renaming", AsBefore, ""),
    ("resetting-master-credentials", AsBefore, ""),
    ("scaling-compute", AsBefore, ""),
    ("scaling-storage", AsBefore, ""),
    ("scaling-capacity", AsBefore, ""),
    ("promoting", AsBefore, ""),
    ("storage-optimization", AsBefore, ""),
    ("creating", No, ""),
    ("migrating", No, ""),
    ("preparing-data-migration", No, ""),
    ("upgrading", No, ""),
    ("rebooting", No, ""),
    ("starting", No, ""),
    ("stopping", No, ""),
    ("backtracking", No, ""),
    ("failing-over", No, ""),
    ("stopped", No, ""),
    ("archiving", No, ""),
    ("archived", No, ""),
    ("incompatible-parameters", No, "Broken"),
    ("inaccessible-encryption-credentials-recoverable", No, "Broken"),
    ("incompatible-network", No, "Broken"),
    ("insufficient-capacity", No, "Broken"),
    ("insufficient-resource-limits", No, "Broken"),
    ("replication-suspended", No, "Broken"),
    ("storage-failure", No, "Broken"),
    ("inaccessible-encryption-credentials", No, "Broken"),
    ("incompatible-restore", No, "Broken"),
    ("migration-failed", No, "Broken"),
    ("restore-failed", No, "Broken"),
    ("cloning-failed", No, "Broken"),
    ("failed", No, "Broken"),
    ("deleting", No, ""),
    ("deleted", No, ""),
    ("a-word-of-next-year", AsBefore, ""),
];

/// What is left of a cluster in these can only be deleted.
const TERMINAL: [&str; 6] = [
    "inaccessible-encryption-credentials",
    "incompatible-restore",
    "migration-failed",
    "restore-failed",
    "cloning-failed",
    "failed",
];

fn ready_in(status: &'static str, manifest: Manifest<AuroraServerless>) -> (Auroras, Key) {
    let (sim, key) = settled(manifest);
    sim.with_clu("shop-orders", |clu| clu.freeze(status));
    (sim, key)
}

fn first() -> Manifest<AuroraServerless> {
    aurora().at_once().readers(1)
}

/// Something of every sort to change: a tag, a quiet field, the capacity, a reader, the Data API, a role.
fn changed() -> Manifest<AuroraServerless> {
    first().tag("team", "a").backups(9).capacity(1.0, 8.0).readers(2).data_api(true).role("s3Import", "one")
}

fn refused(sim: &Auroras, mark: usize) -> Vec<String> {
    let calls = sim.calls(mark).into_iter().filter(|call| call.writes && !call.took_effect);
    calls.map(|call| format!("{} {}", call.operation, call.detail)).collect()
}

#[test]
fn in_every_status_only_what_it_takes_is_sent_and_readiness_follows_the_table() {
    for &(status, serves, stalled) in WORDS {
        let (mut sim, key) = ready_in(status, first());
        let mark = sim.mark();
        sim.apply(changed());
        sim.run(60);
        let ready = sim.is_true(&key, "Ready");
        assert_eq!(ready, serves != No, "{status}: ready is {ready}\n{}", sim.report());
        assert_eq!(sim.reason(&key, "Stalled"), stalled, "{status}\n{}", sim.report());
        assert!(refused(&sim, mark).is_empty(), "{status}: {:?}", refused(&sim, mark));
        let sent: Vec<&str> = sim.aws_writes(mark).into_iter().filter(|call| *call != "AddTagsToResource").collect();
        assert_eq!(sent.is_empty(), status != "available", "{status}: {sent:?}");
        assert!(!sent.iter().any(|call| call.contains("Delete") || call.contains("Start")), "{status}: {sent:?}");
    }
}

#[test]
fn tags_are_set_in_every_status_that_is_not_the_last() {
    for &(status, ..) in WORDS.iter().filter(|(status, ..)| !status.starts_with("delet")) {
        let (mut sim, key) = ready_in(status, aurora());
        sim.apply(aurora().tag("team", "a"));
        sim.run(30);
        assert_eq!(sim.the_clu(&key).shown.tags.get("team").map(String::as_str), Some("a"), "{status}");
    }
}

#[test]
fn from_every_status_the_object_settles_once_aws_is_available() {
    for &(status, ..) in WORDS {
        let (mut sim, key) = ready_in(status, first());
        sim.apply(changed());
        sim.run(120);
        sim.with_clu("shop-orders", |clu| clu.thaw("available"));
        sim.until("it rests", |sim| sim.rests(&key) && sim.members(&key).len() == 3);
        let settings = sim.the_clu(&key).shown.settings;
        assert_eq!(
            (settings.backup_retention_period, settings.enable_http_endpoint),
            (Some(9), Some(true)),
            "{status}"
        );
        assert_eq!(sim.sent("CreateDBCluster"), 1, "{status}");
    }
}

#[test]
fn a_member_in_any_state_but_available_is_waited_for_and_not_changed() {
    let monitored = |manifest: Manifest<AuroraServerless>| {
        manifest.with(|spec| spec.members.auto_minor_version_upgrade = Some(false))
    };
    for status in ["modifying", "rebooting", "upgrading", "maintenance", "configuring-log-exports", "a-new-word"] {
        let (mut sim, key) = settled(first());
        sim.with_clu("shop-orders", |clu| clu.members.get_mut("shop-orders-1").unwrap().freeze(status));
        let mark = sim.mark();
        sim.apply(monitored(first()));
        sim.run(120);
        assert!(refused(&sim, mark).is_empty(), "{status}: {:?}", refused(&sim, mark));
        sim.with_clu("shop-orders", |clu| clu.members.get_mut("shop-orders-1").unwrap().thaw("available"));
        sim.until("it rests", |sim| sim.rests(&key));
        assert_eq!(sim.the_mem(&key, 1).shown.settings.auto_minor_version_upgrade, Some(false), "{status}");
    }
}

#[test]
fn a_writer_that_does_not_serve_takes_readiness_away_and_a_reader_does_not() {
    for (number, ready) in [(0, false), (1, true)] {
        let (mut sim, key) = settled(first());
        sim.with_clu("shop-orders", |clu| {
            clu.members.get_mut(&format!("shop-orders-{number}")).unwrap().freeze("rebooting");
        });
        sim.run(60);
        assert_eq!(sim.is_true(&key, "Ready"), ready, "member {number}\n{}", sim.report());
    }
}

#[test]
fn from_every_status_a_deletion_obeys_its_policy_and_takes_nothing_apart_that_aws_cannot_delete() {
    for &(status, ..) in WORDS {
        for policy in [DeletionPolicy::Delete, DeletionPolicy::Snapshot, DeletionPolicy::Retain] {
            let (mut sim, key) = ready_in(status, first().deletion(policy));
            let mark = sim.mark();
            sim.delete(&key);
            sim.run(120);
            let what = format!("{status} {policy:?}");
            match policy {
                DeletionPolicy::Retain => {
                    assert!(sim.is_gone(&key) && sim.aws_writes(mark).is_empty(), "{what}");
                    continue;
                }
                DeletionPolicy::Snapshot if TERMINAL.contains(&status) => {
                    assert!(sim.aws_writes(mark).is_empty(), "{what}: {:?}", sim.aws_writes(mark));
                    assert_eq!(sim.reason(&key, "Stalled"), "NoFinalSnapshot", "{what}");
                    sim.edit(&key, |object| object.spec.shared.deletion_policy = DeletionPolicy::Delete);
                }
                _ if status.starts_with("delet") => {
                    assert!(sim.aws_writes(mark).is_empty(), "{what}");
                    sim.aws(|aws| aws.delete_behind_our_back("shop-orders"));
                }
                _ => {}
            }
            if sim.aws(|aws| aws.deleted.is_empty() && aws.clusters.contains_key("shop-orders")) {
                sim.with_clu("shop-orders", |clu| {
                    clu.thaw(if TERMINAL.contains(&status) { status } else { "available" })
                });
            }
            sim.until(&format!("{what}: it is gone"), |sim| sim.is_gone(&key));
            sim.aws(|aws| {
                assert!(aws.clusters.is_empty(), "{what}");
                let snapshot = policy == DeletionPolicy::Snapshot && !TERMINAL.contains(&status);
                let wanted = usize::from(snapshot && !status.starts_with("delet"));
                assert_eq!(aws.snapshots.len(), wanted, "{what}");
            });
        }
    }
}

/// In these AWS takes no final snapshot, though the cluster may come back (aws-rds.md 1.7, 2.3).
#[test]
fn a_cluster_that_cannot_be_snapshotted_now_keeps_its_members_until_it_can() {
    for status in ["incompatible-network", "storage-failure", "inaccessible-encryption-credentials-recoverable"] {
        let (mut sim, key) = ready_in(status, first().snapshot_on_delete());
        sim.delete(&key);
        sim.run(900);
        assert_eq!(
            sim.members(&key).len(),
            2,
            "{status}: members went before a snapshot was possible\n{}",
            sim.report()
        );
        sim.with_clu("shop-orders", |clu| clu.thaw("available"));
        sim.until("it is gone", |sim| sim.is_gone(&key));
        assert_eq!(sim.aws(|aws| aws.snapshots.len()), 1, "{status}");
    }
}

#[test]
fn an_object_in_a_new_status_is_never_called_stalled() {
    let (mut sim, key) = ready_in("a-word-of-next-year", aurora());
    sim.run(600);
    assert_eq!(sim.reason(&key, "Stalled"), "");
    assert!(sim.message(&key, "Synced").contains("a-word-of-next-year"));
}

#[test]
fn clusters_of_another_make_are_refused_and_not_touched() {
    for express in [false, true] {
        let (mut sim, key) = settled(first());
        sim.with_clu("shop-orders", |clu| {
            clu.shown.without_vpc = express;
            clu.shown.foreign_mode = (!express).then(|| "serverless".into());
        });
        let mark = sim.mark();
        sim.apply(changed());
        sim.run(300);
        assert!(sim.aws_writes(mark).is_empty());
        assert_eq!(sim.reason(&key, "Stalled"), "Conflict");
    }
}
