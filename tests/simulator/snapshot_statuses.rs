//! Every word that AWS has for a snapshot, whose it is, and what is refused.

use awsdb::aws::owner::{ALLOW_TAG, OWNER_TAG};
use awsdb::aws::snapshots::Family;
use awsdb::kinds::snapshot::DbSnapshot;

use crate::sim::builder::Manifest;
use crate::sim::kube::Key;
use crate::sim::snapshots::{Snapshots, of_cluster, of_instance, of_table};

fn done(manifest: Manifest<DbSnapshot>) -> (Snapshots, Key) {
    let mut sim = Snapshots::quick().stocked();
    let key = sim.apply(manifest);
    sim.until("it is done", |sim| sim.is_done(&key));
    (sim, key)
}

/// Status, whether it is of use, and the reason of `Stalled`.
const WORDS: &[(&str, bool, &str)] = &[
    ("available", true, ""),
    ("creating", false, ""),
    ("copying", false, ""),
    ("deleting", false, ""),
    ("failed", false, "Broken"),
    ("upgrading", true, ""),
    ("a-word-of-next-year", true, ""),
];

#[test]
fn in_every_status_only_what_it_takes_is_sent_and_readiness_follows() {
    for manifest in [of_instance("shop-orders"), of_cluster("shop-carts")] {
        for &(status, ready, stalled) in WORDS {
            let (mut sim, key) = done(manifest.clone());
            sim.with_snap("shop-monday", |snap| snap.freeze(status));
            let mark = sim.mark();
            sim.apply(manifest.clone().shared_with(&["111111111111"]).copied_to("eu-west-1", None));
            sim.run(120);
            assert_eq!(sim.is_true(&key, "Ready"), ready, "{status}\n{}", sim.report());
            assert_eq!(sim.reason(&key, "Stalled"), stalled, "{status}\n{}", sim.report());
            let refused: Vec<_> = sim.calls(mark).into_iter().filter(|call| call.writes && !call.took_effect).collect();
            assert!(refused.is_empty(), "{status}: {refused:?}");
            let sent = sim.aws_writes(mark);
            assert_eq!(sent.is_empty(), status != "available", "{status}: {sent:?}");
        }
    }
}

#[test]
fn a_snapshot_is_deleted_in_the_states_that_allow_it_and_waited_for_in_the_others() {
    for manifest in [of_instance("shop-orders"), of_cluster("shop-carts"), of_table("shop-users")] {
        for &(status, ..) in WORDS {
            let (mut sim, key) = done(manifest.clone().destroyed_on_delete());
            sim.with_snap("shop-monday", |snap| snap.freeze(status));
            let mark = sim.mark();
            sim.delete(&key);
            sim.run(60);
            let sent = !sim.aws_writes(mark).is_empty();
            assert!(!sent || ["available", "failed", "copying"].contains(&status), "{status}");
            let refused: Vec<_> = sim.calls(mark).into_iter().filter(|call| call.writes && !call.took_effect).collect();
            assert!(refused.is_empty(), "{status}: {refused:?}");
            if sim.aws(|aws| aws.deleted.is_empty()) {
                sim.with_snap("shop-monday", |snap| snap.thaw("available"));
            }
            sim.until("it is gone", |sim| sim.is_gone(&key));
            assert!(sim.aws(|aws| aws.snaps.is_empty()), "{status}");
        }
    }
}

#[test]
fn a_name_that_others_have_is_not_touched_whatever_happens() {
    for (family, manifest) in
        [(Family::Instance, of_instance("shop-orders")), (Family::Cluster, of_cluster("shop-carts"))]
    {
        for owner in [None, Some("test/DbSnapshot/shop/other"), Some("other/DbSnapshot/shop/monday")] {
            let mut sim = Snapshots::quick().stocked();
            sim.aws(|aws| {
                aws.standing(family, "shop-monday", |snap| {
                    snap.shown.tags =
                        owner.map(|owner| (OWNER_TAG.to_string(), owner.to_string())).into_iter().collect();
                });
            });
            let key = sim.apply(manifest.clone().destroyed_on_delete());
            sim.run(300);
            assert!(sim.is_true(&key, "Stalled"), "{family:?} {owner:?}\n{}", sim.report());
            sim.delete(&key);
            sim.run(600);
            assert!(sim.is_gone(&key));
            assert!(sim.aws_writes(0).is_empty(), "{owner:?}: {:?}", sim.aws_writes(0));
        }
    }
}

#[test]
fn a_copy_whose_name_others_have_in_its_region_is_told_and_not_touched() {
    let mut sim = Snapshots::quick().stocked();
    sim.aws(|aws| {
        aws.standing(Family::Instance, "shop-monday", |snap| {
            snap.region = "eu-west-1".into();
            snap.shown.arn = "arn:aws:rds:eu-west-1:123456789012:snapshot:shop-monday".into();
        });
    });
    let key = sim.apply(of_instance("shop-orders").copied_to("eu-west-1", None).destroyed_on_delete());
    sim.run(600);
    assert_eq!(sim.reason(&key, "Stalled"), "Conflict", "{}", sim.report());
    assert_eq!(sim.aws_writes(0), ["CreateDBSnapshot"]);
    sim.delete(&key);
    sim.until("it is gone", |sim| sim.is_gone(&key));
    assert_eq!(sim.snaps_in(&key, "eu-west-1").len(), 1, "theirs stays");
}

#[test]
fn a_snapshot_of_nobody_is_taken_over_with_both_words() {
    for allowed in [true, false] {
        let mut sim = Snapshots::quick().stocked();
        sim.aws(|aws| {
            aws.standing(Family::Instance, "shop-monday", |snap| {
                snap.shown.source = "shop-orders".into();
                if allowed {
                    snap.shown.tags.insert(ALLOW_TAG.into(), "test/shop".into());
                }
            });
        });
        let key = sim.apply(of_instance("shop-orders").adopting());
        sim.run(600);
        assert_eq!(sim.is_settled(&key), allowed, "{}", sim.report());
        let wanted: &[&str] = if allowed { &["AddTagsToResource"] } else { &[] };
        assert_eq!(sim.aws_writes(0), wanted);
    }
}

#[test]
fn quotas_rights_and_throttles_are_told_and_waited_out() {
    for (operation, code, reason) in [
        ("CreateDBSnapshot", "SnapshotQuotaExceeded", "QuotaExceeded"),
        ("CreateDBSnapshot", "AccessDenied", "AccessDenied"),
        ("CopyDBSnapshot", "SnapshotQuotaExceeded", "QuotaExceeded"),
        ("ModifyDBSnapshotAttribute", "SharedSnapshotQuotaExceeded", "QuotaExceeded"),
    ] {
        let mut sim = Snapshots::quick().stocked();
        sim.aws(|aws| aws.refuse_always(operation, code, "no more of it"));
        let key = sim.apply(of_instance("shop-orders").copied_to("eu-west-1", None).shared_with(&["111111111111"]));
        sim.run(600);
        assert_eq!(sim.reason(&key, "Stalled"), reason, "{operation} {code}\n{}", sim.report());
        assert!((1..=4).contains(&sim.sent(operation)), "{operation}: {} tries", sim.sent(operation));
        sim.aws(|aws| aws.refusals.clear());
        sim.run(3600);
        assert!(sim.is_done(&key), "{}", sim.report());
    }
}

#[test]
fn a_snapshot_under_the_default_key_cannot_be_shared_and_is_not_asked_for_ever() {
    let mut sim = Snapshots::quick().stocked();
    let source = (Family::Instance, "shop-orders".to_string());
    sim.aws(|aws| {
        aws.databases.get_mut(&source).unwrap().kms_key_id =
            Some("arn:aws:kms:us-east-1:123456789012:alias/aws/rds".into());
    });
    let key = sim.apply(of_instance("shop-orders").shared_with(&["111111111111"]));
    sim.run(3 * 3600);
    assert!(sim.is_true(&key, "Stalled"), "{}", sim.report());
    assert!(sim.sent("ModifyDBSnapshotAttribute") <= 1);
    assert!(sim.is_true(&key, "Ready"), "it can be restored all the same");
}

#[test]
fn a_snapshot_that_cannot_be_read_is_not_taken_again() {
    let (mut sim, _) = done(of_instance("shop-orders"));
    sim.aws(|aws| aws.unreadable = Some(("AccessDenied", "not authorized to perform rds:DescribeDBSnapshots")));
    let mark = sim.mark();
    sim.run(3600);
    assert!(sim.aws_writes(mark).is_empty());
}

#[test]
fn a_snapshot_that_is_not_listed_yet_is_not_taken_for_gone() {
    for seconds in [5, 30, 55, 90, 115] {
        let timing = crate::sim::snapshots::Timing { listed: seconds, create: 20, copy: 25, delete: 5 };
        let mut sim = Snapshots::with(timing, Default::default()).stocked();
        let key = sim.apply(of_instance("shop-orders").destroyed_on_delete());
        sim.until("the create is sent", |sim| sim.sent("CreateDBSnapshot") == 1);
        sim.delete(&key);
        sim.until("it is gone", |sim| sim.is_gone(&key));
        assert!(sim.aws(|aws| aws.snaps.is_empty()), "listed after {seconds} s: the snapshot was left behind");
    }
}
