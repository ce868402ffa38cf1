//! Every story of a snapshot once without a fault, to number its calls; then once more for every call and every fault: it is
//! taken once, whatever is lost, and nothing of anybody else's is deleted.

use awsdb::aws::owner::ALLOW_TAG;
use awsdb::aws::snapshots::Family;
use awsdb::kinds::snapshot::{CopyFamily, DbSnapshot};

use crate::sim::builder::Manifest;
use crate::sim::faults::{At, Fault};
use crate::sim::kube::Key;
use crate::sim::scenario::{Scenario, universe};
use crate::sim::snapshots::{Snapshots, copy_of, databases, of_cluster, of_instance, of_table};
use crate::sim::universe::Universe;

type Story = Scenario<DbSnapshot>;

const FAR: &str = "eu-west-1";

fn key() -> Key {
    ("shop".into(), "monday".into())
}

fn stocked() -> Universe<DbSnapshot> {
    universe(|sim: &mut Snapshots| sim.aws(databases))
}

fn done(manifest: Manifest<DbSnapshot>) -> Universe<DbSnapshot> {
    universe(|sim: &mut Snapshots| {
        sim.aws(databases);
        let key = sim.apply(manifest);
        sim.until("it is done", |sim| sim.is_done(&key));
    })
}

fn creation(before: Universe<DbSnapshot>, manifest: Manifest<DbSnapshot>, made: &'static [&'static str]) -> Story {
    Scenario {
        before,
        act: Box::new(move |sim| {
            sim.apply(manifest.clone());
        }),
        done: Box::new(move |sim| sim.is_done(&key()) && sim.aws(|aws| aws.made.len() >= made.len())),
        check: Box::new(move |sim| {
            sim.aws(|aws| {
                assert_eq!(aws.made, made, "each is made once");
                assert!(aws.deleted.is_empty());
            });
        }),
    }
}

const ONCE: &[&str] = &["us-east-1/shop-monday"];

#[test]
fn taking_a_snapshot_survives_every_fault_at_every_call() {
    for manifest in [of_instance("shop-orders"), of_cluster("shop-carts")] {
        creation(stocked(), manifest, ONCE).survives_every_fault();
    }
    creation(stocked(), of_instance("shop-orders").destroyed_on_delete(), ONCE).survives_every_fault();
}

#[test]
fn taking_a_backup_that_carries_no_tags_survives_every_fault_at_every_call() {
    for manifest in [of_table("shop-users"), of_table("shop-users").destroyed_on_delete()] {
        creation(stocked(), manifest, ONCE).survives_every_fault();
    }
}

#[test]
fn a_backup_whose_answer_was_lost_is_found_again_and_not_taken_twice() {
    for fault in [Fault::ReplyLost, Fault::CrashAfter, Fault::Late(std::time::Duration::from_secs(25))] {
        let mut sim = Snapshots::quick().stocked();
        let key = sim.apply(of_table("shop-users"));
        sim.fault(At::Next("CreateBackup"), fault);
        sim.until("it is done", |sim| sim.is_done(&key));
        sim.run(600);
        assert_eq!(sim.aws(|aws| aws.made.clone()), ONCE, "{fault:?}\n{}", sim.report());
    }
}

#[test]
fn an_older_backup_of_the_same_name_is_not_taken_for_the_one_whose_answer_was_lost() {
    let mut sim = Snapshots::quick().stocked();
    let long_ago = "2025-01-01T00:00:00Z".parse().unwrap();
    sim.aws(|aws| {
        aws.standing(Family::Table, "shop-monday", |snap| {
            snap.shown.source = "shop-users".into();
            snap.shown.arn = "arn:aws:dynamodb:us-east-1:123456789012:table/shop-users/backup/theirs".into();
            snap.shown.created = Some(long_ago);
        });
    });
    let key = sim.apply(of_table("shop-users").destroyed_on_delete());
    sim.fault(At::Next("CreateBackup"), Fault::ReplyLost);
    sim.run(900);
    sim.delete(&key);
    sim.run(900);
    sim.aws(|aws| {
        assert!(aws.deleted.iter().all(|arn| !arn.ends_with("theirs")), "{:?}", aws.deleted);
        assert!(aws.snaps.iter().any(|snap| snap.shown.arn.ends_with("theirs")));
    });
}

#[test]
fn copying_far_and_sharing_survive_every_fault_at_every_call() {
    let manifest = of_instance("shop-orders").copied_to(FAR, None).shared_with(&["111111111111"]);
    let mut story = creation(stocked(), manifest, &["us-east-1/shop-monday", "eu-west-1/shop-monday"]);
    story.done = Box::new(|sim| {
        let copied = sim.snaps_in(&key(), FAR).iter().any(|snap| snap.shown.status == "available");
        sim.is_done(&key()) && copied && sim.the_snap(&key()).shares.len() == 1
    });
    story.survives_every_fault();
}

#[test]
fn copying_an_automated_snapshot_survives_every_fault_at_every_call() {
    let before = universe(|sim: &mut Snapshots| {
        sim.aws(|aws| {
            aws.standing(Family::Cluster, "rds:nightly", |snap| {
                snap.shown.snapshot_type = "automated".into();
                snap.shown.tags.insert(ALLOW_TAG.into(), "test/shop".into());
            });
        });
    });
    creation(before, copy_of(CopyFamily::Cluster, "rds:nightly", None), ONCE).survives_every_fault();
}

#[test]
fn changing_shares_and_tags_survives_every_fault_at_every_call() {
    let manifest = || of_cluster("shop-carts");
    let story = Scenario {
        before: done(manifest().shared_with(&["111111111111"]).tag("team", "a")),
        act: Box::new(move |sim| {
            sim.apply(manifest().shared_with(&["222222222222"]).tag("team", "b"));
        }),
        done: Box::new(|sim| {
            let snap = sim.the_snap(&key());
            sim.is_done(&key()) && snap.shares.contains("222222222222") && snap.shown.tags["team"] == "b"
        }),
        check: Box::new(|sim| assert_eq!(sim.the_snap(&key()).shares.len(), 1)),
    };
    story.survives_every_fault();
}

#[test]
fn deleting_survives_every_fault_at_every_call() {
    let far = of_instance("shop-orders").copied_to(FAR, None);
    for (manifest, count) in [(far, 2), (of_cluster("shop-carts"), 1), (of_table("shop-users"), 1)] {
        let story = Scenario {
            before: done(manifest.destroyed_on_delete()),
            act: Box::new(|sim| sim.delete(&key())),
            done: Box::new(|sim| sim.is_gone(&key())),
            check: Box::new(move |sim| {
                sim.aws(|aws| {
                    assert!(aws.snaps.is_empty());
                    assert_eq!(aws.deleted.len(), count, "each is deleted once");
                });
            }),
        };
        story.survives_every_fault();
    }
}

#[test]
fn making_a_lost_snapshot_again_waits_for_a_word_and_survives_every_fault() {
    let before = universe(|sim: &mut Snapshots| {
        sim.aws(databases);
        let key = sim.apply(of_instance("shop-orders"));
        sim.until("it is done", |sim| sim.is_done(&key));
        sim.aws(|aws| aws.snaps.clear());
        sim.run(600);
        assert_eq!(sim.reason(&key, "Stalled"), "ExternallyDeleted", "{}", sim.report());
        assert_eq!(sim.sent("CreateDBSnapshot"), 1);
    });
    let story = Scenario {
        before,
        act: Box::new(|sim| sim.approve(&key())),
        done: Box::new(|sim| sim.is_done(&key()) && !sim.snaps_in(&key(), "us-east-1").is_empty()),
        check: Box::new(|sim| assert_eq!(sim.aws(|aws| aws.made.len()), 2, "made again once")),
    };
    story.survives_every_fault();
}
