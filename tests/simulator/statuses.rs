//! Every word that AWS has for an instance, for a database that shall be there and for one that shall go: nothing but what
//! the table of aws-rds.md 1.4 allows, nothing that AWS refuses for its state, and an end once AWS is available again.

use awsdb::spec::DeletionPolicy;

use crate::sim::Sim;
use crate::sim::builder::{Manifest, rds};
use crate::sim::kube::Key;

/// What may be sent.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Takes {
    Everything,
    AllButStorage,
    StorageAlone,
    TagsAlone,
}
use Takes::*;

/// Whether it serves, as far as the status tells.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Serves {
    Yes,
    AsBefore,
    No,
}
use Serves::{AsBefore, No, Yes};

const WORDS: &[(&str, Takes, Serves, &str)] = &[
    ("available", Everything, Yes, ""),
    ("storage-optimization", AllButStorage, Yes, ""),
    ("storage-initialization", AllButStorage, Yes, ""),
    ("backing-up", TagsAlone, Yes, ""),
    ("configuring-enhanced-monitoring", TagsAlone, Yes, ""),
    ("configuring-iam-database-auth", TagsAlone, Yes, ""),
    ("configuring-log-exports", TagsAlone, Yes, ""),
    ("configuring-associated-roles", TagsAlone, Yes, ""),
    ("configuring-activity-stream", TagsAlone, Yes, ""),
    ("modifying", TagsAlone, AsBefore, ""),
    ("resetting-master-credentials", TagsAlone, AsBefore, ""),
    ("renaming", TagsAlone, AsBefore, ""),
    ("maintenance", TagsAlone, AsBefore, ""),
    ("moving-to-vpc", TagsAlone, AsBefore, ""),
    ("converting-to-vpc", TagsAlone, AsBefore, ""),
    ("storage-config-upgrade", TagsAlone, AsBefore, ""),
    ("validating-configuration", TagsAlone, AsBefore, ""),
    ("creating", TagsAlone, No, ""),
    ("rebooting", TagsAlone, No, ""),
    ("starting", TagsAlone, No, ""),
    ("stopping", TagsAlone, No, ""),
    ("upgrading", TagsAlone, No, ""),
    ("backtracking", TagsAlone, No, ""),
    ("stopped", TagsAlone, No, ""),
    ("storage-full", StorageAlone, No, "StorageFull"),
    ("incompatible-parameters", TagsAlone, No, "Broken"),
    ("incompatible-option-group", TagsAlone, No, "Broken"),
    ("incompatible-credentials", TagsAlone, No, "Broken"),
    ("insufficient-capacity", TagsAlone, No, "Broken"),
    ("inaccessible-encryption-credentials-recoverable", TagsAlone, No, "Broken"),
    ("incompatible-network", TagsAlone, No, "Broken"),
    ("inaccessible-encryption-credentials", TagsAlone, No, "Broken"),
    ("incompatible-restore", TagsAlone, No, "Broken"),
    ("incompatible-create", TagsAlone, No, "Broken"),
    ("restore-error", TagsAlone, No, "Broken"),
    ("failed", TagsAlone, No, "Broken"),
    ("modify-failed", TagsAlone, No, "Broken"),
    ("upgrade-failed", TagsAlone, No, "Broken"),
    ("unsupported-configuration", TagsAlone, No, "Broken"),
    ("automation-paused", TagsAlone, No, "Broken"),
    ("delete-precheck", TagsAlone, No, ""),
    ("deleting", TagsAlone, No, ""),
    ("deleted", TagsAlone, No, ""),
    ("a-word-of-next-year", TagsAlone, AsBefore, ""),
];

fn ready_in(status: &'static str, manifest: Manifest) -> (Sim, Key) {
    let mut sim = Sim::quick();
    let key = sim.apply(manifest);
    sim.settle();
    sim.until("nothing is going on", |sim| !sim.the_db(&key).is_busy());
    sim.settle();
    sim.with_db("shop-orders", |db| db.freeze(status));
    (sim, key)
}

/// Something of every sort to change: a tag, storage, a quiet field, a password.
fn changed() -> Manifest {
    rds().tag("team", "a").storage(40).backups(9).at_once()
}

#[test]
fn in_every_status_only_what_it_takes_is_sent_and_readiness_follows_the_table() {
    for &(status, takes, serves, stalled) in WORDS {
        let (mut sim, key) = ready_in(status, rds().at_once());
        let mark = sim.mark();
        sim.apply(changed());
        sim.run(30);
        let ready = sim.is_true(&key, "Ready");
        assert_eq!(ready, serves != No, "{status}: ready is {ready}\n{}", sim.report());
        assert_eq!(sim.reason(&key, "Stalled"), stalled, "{status}\n{}", sim.report());
        let refused: Vec<_> = sim.calls(mark).into_iter().filter(|call| call.writes && !call.took_effect).collect();
        assert!(refused.is_empty(), "{status}: {refused:?}");
        let sent: Vec<String> =
            sim.calls(mark).into_iter().filter(|c| c.operation == "ModifyDBInstance").map(|c| c.detail).collect();
        let storage = sent.iter().any(|call| call.contains("allocated_storage: Some(40)"));
        let quiet = sent.iter().any(|call| call.contains("backup_retention_period: Some(9)"));
        let expected = match takes {
            Everything => (true, true),
            AllButStorage => (false, true),
            StorageAlone => (true, false),
            TagsAlone => (false, false),
        };
        assert_eq!((storage, quiet), expected, "{status}: {sent:?}");
        assert!(!sim.aws_writes(mark).iter().any(|call| call.contains("Delete")), "{status}");
    }
}

#[test]
fn tags_are_set_in_every_status_that_is_not_the_last() {
    for &(status, ..) in WORDS.iter().filter(|(status, ..)| !status.starts_with("delet")) {
        let (mut sim, key) = ready_in(status, rds());
        sim.apply(rds().tag("team", "a"));
        sim.run(30);
        assert_eq!(sim.the_db(&key).shown.tags.get("team").map(String::as_str), Some("a"), "{status}");
    }
}

#[test]
fn from_every_status_the_object_settles_once_aws_is_available() {
    for &(status, ..) in WORDS {
        let (mut sim, key) = ready_in(status, rds().at_once());
        sim.apply(changed());
        sim.run(200);
        sim.with_db("shop-orders", |db| db.thaw("available"));
        sim.settle();
        let settings = sim.the_db(&key).shown.settings;
        assert_eq!((settings.allocated_storage, settings.backup_retention_period), (Some(40), Some(9)), "{status}");
        sim.must_open(&key);
        assert_eq!(sim.sent("CreateDBInstance"), 1, "{status}");
    }
}

/// Statuses of which AWS takes no final snapshot, so that policy Snapshot must ask (aws-rds.md 1.7).
const WITHOUT_SNAPSHOT: [&str; 5] =
    ["failed", "incompatible-restore", "incompatible-network", "incompatible-create", "restore-error"];

#[test]
fn from_every_status_a_deletion_obeys_its_policy() {
    for &(status, ..) in WORDS {
        for policy in [DeletionPolicy::Delete, DeletionPolicy::Snapshot, DeletionPolicy::Retain] {
            let (mut sim, key) = ready_in(status, rds().deletion(policy));
            let mark = sim.mark();
            sim.delete(&key);
            sim.run(60);
            let sent = sim.aws_writes(mark);
            assert!(sent.iter().all(|call| *call == "DeleteDBInstance"), "{status} {policy:?}: {sent:?}");
            let leaving = ["delete-precheck", "deleting", "deleted"].contains(&status);
            match policy {
                DeletionPolicy::Retain => assert!(sim.is_gone(&key) && sent.is_empty(), "{status}"),
                _ if leaving => assert!(sent.is_empty(), "{status} {policy:?}"),
                DeletionPolicy::Snapshot if WITHOUT_SNAPSHOT.contains(&status) => {
                    assert!(sent.is_empty(), "{status}");
                    assert_eq!(sim.reason(&key, "Stalled"), "NoFinalSnapshot", "{status}");
                    continue;
                }
                _ => assert!(!sent.is_empty(), "{status} {policy:?}: the deletion is attempted"),
            }
            if sim.aws(|aws| aws.deleted.is_empty()) && !leaving && policy != DeletionPolicy::Retain {
                sim.with_db("shop-orders", |db| db.thaw("available"));
            }
            if leaving && policy != DeletionPolicy::Retain {
                sim.aws(|aws| aws.delete_behind_our_back("shop-orders"));
            }
            sim.until("it is gone", |sim| sim.is_gone(&key));
            sim.aws(|aws| {
                let snapshots = usize::from(policy == DeletionPolicy::Snapshot && !leaving);
                assert_eq!(aws.snapshots.len(), snapshots, "{status} {policy:?}");
                assert_eq!(aws.instances.len(), usize::from(policy == DeletionPolicy::Retain), "{status} {policy:?}");
            });
        }
    }
}

#[test]
fn a_deletion_that_cannot_take_its_snapshot_goes_on_when_it_is_approved() {
    for status in WITHOUT_SNAPSHOT {
        let (mut sim, key) = ready_in(status, rds().snapshot_on_delete());
        sim.delete(&key);
        sim.run(60);
        assert!(sim.aws(|aws| aws.deleted.is_empty()));
        sim.approve(&key);
        sim.until("it is gone", |sim| sim.is_gone(&key));
        assert_eq!(sim.aws(|aws| aws.deleted[0].final_snapshot.clone()), None);
    }
}

#[test]
fn an_object_in_a_new_status_is_never_called_stalled() {
    let (mut sim, key) = ready_in("a-word-of-next-year", rds());
    sim.run(600);
    assert_eq!(sim.reason(&key, "Stalled"), "");
    assert_eq!(sim.reason(&key, "Synced"), "Updating");
    assert!(sim.message(&key, "Synced").contains("a-word-of-next-year"));
}
