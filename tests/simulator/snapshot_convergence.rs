//! Every life of a snapshot ends where its manifest says: taken once, copied, shared, tagged, and gone with its object.

use awsdb::aws::owner::{ALLOW_TAG, OWNER_TAG};
use awsdb::aws::snapshots::Family;
use awsdb::kinds::snapshot::{CopyFamily, DbSnapshot};

use crate::sim::builder::Manifest;
use crate::sim::kube::Key;
use crate::sim::snapshots::{Snapshots, copy_of, of_cluster, of_instance, of_table};

type Snapshot = Manifest<DbSnapshot>;

const FAR: &str = "eu-west-1";
const FAR_KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/far";
const OWNER: &str = "test/DbSnapshot/shop/monday";

fn done_in(mut sim: Snapshots, manifest: Snapshot) -> (Snapshots, Key) {
    let key = sim.apply(manifest);
    sim.until("it is done", |sim| sim.is_done(&key));
    (sim, key)
}

fn done(manifest: Snapshot) -> (Snapshots, Key) {
    done_in(Snapshots::new().stocked(), manifest)
}

fn refused(sim: &Snapshots) -> Vec<String> {
    let calls = sim.calls(0).into_iter().filter(|call| call.writes && !call.took_effect);
    calls.map(|call| format!("{} {}", call.operation, call.detail)).collect()
}

#[test]
fn each_family_is_taken_once_and_belongs_to_its_object() {
    for (manifest, operation, tagged) in [
        (of_instance("shop-orders"), "CreateDBSnapshot", true),
        (of_cluster("shop-carts"), "CreateDBClusterSnapshot", true),
        (of_table("shop-users"), "CreateBackup", false),
    ] {
        let (mut sim, key) = done(manifest);
        assert_eq!(sim.aws_writes(0), [operation]);
        let snap = sim.the_snap(&key);
        assert_eq!(snap.shown.status, "available");
        assert_eq!(snap.shown.tags.get(OWNER_TAG).map(String::as_str), tagged.then_some(OWNER));
        assert!(sim.kube(|kube| kube.secrets.is_empty()), "a snapshot has no Secret");
        let facts = sim.status(&key).facts;
        assert!(facts.source.is_some() && facts.snapshot_time.is_some(), "{facts:?}");
        sim.run(3600);
        sim.restart();
        sim.run(3600);
        assert_eq!(sim.aws_writes(0), [operation], "it is taken once");
    }
}

#[test]
fn it_is_not_called_ready_before_it_can_be_restored() {
    let mut sim = Snapshots::new().stocked();
    let key = sim.apply(of_instance("shop-orders"));
    for _ in 0..30 {
        sim.round();
        let is_there = sim.snaps_in(&key, "us-east-1").iter().any(|snap| snap.shown.status == "available");
        assert!(is_there || !sim.is_true(&key, "Ready"), "{}", sim.report());
    }
    assert!(sim.is_true(&key, "Ready"));
}

#[test]
fn a_source_that_is_missing_or_busy_is_waited_for() {
    for (family, name, manifest) in [
        (Family::Instance, "shop-orders", of_instance("shop-orders")),
        (Family::Cluster, "shop-carts", of_cluster("shop-carts")),
        (Family::Table, "shop-users", of_table("shop-users")),
    ] {
        let mut sim = Snapshots::quick().stocked();
        let db = sim.aws(|aws| aws.databases.remove(&(family, name.to_string())).unwrap());
        let key = sim.apply(manifest);
        sim.run(300);
        assert!(sim.aws_writes(0).is_empty(), "{family:?}: {:?}", sim.aws_writes(0));
        assert_eq!(sim.reason(&key, "Synced"), "DependencyNotReady", "{}", sim.report());
        for status in ["creating", "modifying", "deleting"] {
            let busy = crate::sim::snapshots::Database { status: status.into(), ..db.clone() };
            sim.aws(|aws| drop(aws.databases.insert((family, name.into()), busy)));
            sim.run(120);
            assert!(sim.aws_writes(0).is_empty(), "{family:?} in {status}");
        }
        sim.aws(|aws| drop(aws.databases.insert((family, name.into()), db)));
        sim.until("it is done", |sim| sim.is_done(&key));
        assert!(refused(&sim).is_empty(), "{:?}", refused(&sim));
    }
}

#[test]
fn an_instance_whose_storage_is_being_optimised_is_snapshotted() {
    let sim = Snapshots::quick().stocked();
    let source = (Family::Instance, "shop-orders".to_string());
    sim.aws(|aws| aws.databases.get_mut(&source).unwrap().status = "storage-optimization".into());
    let (sim, _) = done_in(sim, of_instance("shop-orders"));
    assert_eq!(sim.aws_writes(0), ["CreateDBSnapshot"]);
}

#[test]
fn a_database_that_the_namespace_may_not_use_is_not_snapshotted() {
    for (family, name, manifest) in [
        (Family::Instance, "shop-orders", of_instance("shop-orders")),
        (Family::Cluster, "shop-carts", of_cluster("shop-carts")),
        (Family::Table, "shop-users", of_table("shop-users")),
    ] {
        let mut sim = Snapshots::quick().stocked();
        let source = (family, name.to_string());
        sim.aws(|aws| aws.databases.get_mut(&source).unwrap().tags.clear());
        let key = sim.apply(manifest);
        sim.run(600);
        assert!(sim.aws_writes(0).is_empty(), "{family:?}");
        assert!(sim.is_true(&key, "Stalled"), "{family:?}\n{}", sim.report());
    }
}

#[test]
fn copies_come_after_the_snapshot_and_carry_the_owner() {
    for (manifest, operation) in
        [(of_instance("shop-orders"), "CopyDBSnapshot"), (of_cluster("shop-carts"), "CopyDBClusterSnapshot")]
    {
        let (sim, key) = done(manifest.copied_to(FAR, None).copied_to("ap-south-1", None));
        for region in [FAR, "ap-south-1"] {
            let copy = sim.the_copy(&key, region);
            assert_eq!((copy.shown.status.as_str(), copy.shown.tags[OWNER_TAG].as_str()), ("available", OWNER));
        }
        assert_eq!(sim.sent(operation), 2);
        assert!(refused(&sim).is_empty(), "{:?}", refused(&sim));
        assert_eq!(sim.status(&key).facts.copies.len(), 2);
    }
}

#[test]
fn an_encrypted_snapshot_is_copied_far_with_a_key_of_that_region_only() {
    let sim = Snapshots::quick().stocked();
    let source = (Family::Instance, "shop-orders".to_string());
    let key_here = "arn:aws:kms:us-east-1:123456789012:key/here";
    sim.aws(|aws| aws.databases.get_mut(&source).unwrap().kms_key_id = Some(key_here.into()));
    let mut sim = sim;
    let key = sim.apply(of_instance("shop-orders").copied_to(FAR, None));
    sim.run(600);
    assert_eq!(sim.sent("CopyDBSnapshot"), 0, "{}", sim.report());
    assert!(sim.message(&key, "Stalled").contains("kmsKeyId"), "{}", sim.report());
    sim.apply(of_instance("shop-orders").copied_to(FAR, Some(FAR_KEY)));
    sim.until("it is done", |sim| sim.is_done(&key) && !sim.snaps_in(&key, FAR).is_empty());
    assert_eq!(sim.the_copy(&key, FAR).shown.kms_key_id.as_deref(), Some(FAR_KEY));
}

#[test]
fn a_copy_that_leaves_the_list_stays_under_retain_and_goes_after_approval_under_delete() {
    let manifest = || of_instance("shop-orders");
    let (mut sim, key) = done(manifest().copied_to(FAR, None));
    let mark = sim.mark();
    sim.apply(manifest().no_copies());
    sim.run(3600);
    assert!(sim.aws_writes(mark).is_empty());
    assert_eq!(sim.snaps_in(&key, FAR).len(), 1);
    let (mut sim, key) = done(manifest().copied_to(FAR, None).destroyed_on_delete());
    let mark = sim.mark();
    sim.apply(manifest().no_copies().destroyed_on_delete());
    sim.run(3600);
    assert!(sim.aws_writes(mark).is_empty(), "{:?}", sim.aws_writes(mark));
    sim.approve(&key);
    sim.until("the copy is gone", |sim| sim.snaps_in(&key, FAR).is_empty());
    sim.until("it is done", |sim| sim.is_done(&key));
    assert_eq!(sim.snaps_in(&key, "us-east-1").len(), 1);
}

#[test]
fn the_field_that_is_absent_removes_no_copy_and_no_share() {
    let manifest = || of_instance("shop-orders").destroyed_on_delete();
    let (mut sim, key) = done(manifest().copied_to(FAR, None).shared_with(&["111111111111"]));
    let mark = sim.mark();
    sim.apply(manifest());
    sim.run(3600);
    assert!(sim.aws_writes(mark).is_empty(), "{:?}", sim.aws_writes(mark));
    assert!(sim.is_settled(&key));
}

#[test]
fn shares_follow_the_list_by_one_call_and_never_include_everybody() {
    for manifest in [of_instance("shop-orders"), of_cluster("shop-carts")] {
        let shared = |accounts: &[&str]| manifest.clone().shared_with(accounts);
        let (mut sim, key) = done(shared(&["111111111111", "222222222222"]));
        assert_eq!(sim.the_snap(&key).shares.len(), 2);
        let mark = sim.mark();
        sim.apply(shared(&["222222222222", "333333333333"]));
        sim.until("it is shared so", |sim| sim.the_snap(&key).shares.contains("333333333333"));
        sim.run(600);
        let shares = sim.the_snap(&key).shares;
        assert_eq!(shares.iter().collect::<Vec<_>>(), ["222222222222", "333333333333"]);
        assert_eq!(sim.aws_writes(mark).len(), 1, "{:?}", sim.aws_writes(mark));
        sim.with_snap("shop-monday", |snap| {
            snap.shares.insert("all".into());
        });
        sim.until("it is public no more", |sim| !sim.the_snap(&key).shares.contains("all"));
    }
}

#[test]
fn tags_are_kept_as_written_and_only_our_own_are_removed() {
    let (mut sim, key) = done(of_instance("shop-orders").tag("team", "a").tag("cost", "1"));
    sim.with_snap("shop-monday", |snap| drop(snap.shown.tags.insert("foreign".into(), "stays".into())));
    sim.apply(of_instance("shop-orders").tag("team", "b"));
    sim.until("it is tagged so", |sim| sim.the_snap(&key).shown.tags["team"] == "b");
    sim.run(600);
    let tags = sim.the_snap(&key).shown.tags;
    assert!(tags.contains_key("foreign") && !tags.contains_key("cost"), "{tags:?}");
    assert!(sim.is_settled(&key));
}

/// A snapshot that AWS took by itself, which namespace `shop` may use.
fn automated(family: Family, encrypted: bool) -> Snapshots {
    let sim = Snapshots::quick().stocked();
    sim.aws(|aws| {
        aws.standing(family, "rds:nightly", |snap| {
            snap.shown.snapshot_type = "automated".into();
            snap.shown.tags.insert(ALLOW_TAG.into(), "test/shop".into());
            snap.shown.encrypted = encrypted;
            snap.shown.kms_key_id = encrypted.then(|| "arn:aws:kms:us-east-1:123456789012:key/here".into());
        });
    });
    sim
}

#[test]
fn an_automated_snapshot_is_copied_into_one_of_ours() {
    for (family, of) in [(Family::Instance, CopyFamily::Instance), (Family::Cluster, CopyFamily::Cluster)] {
        let (sim, key) = done_in(automated(family, true), copy_of(of, "rds:nightly", None));
        let snap = sim.the_snap(&key);
        assert_eq!((snap.shown.snapshot_type.as_str(), snap.shown.tags[OWNER_TAG].as_str()), ("manual", OWNER));
        assert!(snap.shown.encrypted);
        assert!(refused(&sim).is_empty());
    }
}

#[test]
fn a_snapshot_of_another_region_is_copied_here_once_it_has_a_key() {
    let sim = automated(Family::Instance, true);
    let arn = "arn:aws:rds:eu-west-1:123456789012:snapshot:far";
    sim.aws(|aws| {
        aws.standing(Family::Instance, "far", |snap| {
            snap.region = FAR.into();
            snap.shown.arn = arn.into();
            snap.shown.encrypted = true;
            snap.shown.kms_key_id = Some(FAR_KEY.into());
            snap.shown.tags.insert(ALLOW_TAG.into(), "test/shop".into());
        });
    });
    let here = "arn:aws:kms:us-east-1:123456789012:key/here";
    let (sim, key) = done_in(sim, copy_of(CopyFamily::Instance, arn, Some(FAR)).encrypted_with(here));
    let snap = sim.the_snap(&key);
    assert_eq!((snap.shown.kms_key_id.as_deref(), snap.shown.copied_from.as_deref()), (Some(here), Some(arn)));
}

#[test]
fn a_source_that_is_still_being_made_is_waited_for() {
    let mut sim = automated(Family::Instance, false);
    sim.with_snap("rds:nightly", |snap| snap.freeze("creating"));
    let key = sim.apply(copy_of(CopyFamily::Instance, "rds:nightly", None));
    sim.run(600);
    assert!(sim.aws_writes(0).is_empty(), "{:?}", sim.aws_writes(0));
    sim.with_snap("rds:nightly", |snap| snap.thaw("available"));
    sim.until("it is done", |sim| sim.is_done(&key));
    assert!(refused(&sim).is_empty());
}

#[test]
fn what_aws_owns_is_observed_and_never_owned() {
    for kind in ["automated", "awsbackup"] {
        let mut sim = automated(Family::Instance, false);
        sim.with_snap("rds:nightly", |snap| snap.shown.snapshot_type = kind.into());
        let observing = of_instance("shop-orders").identifier("rds:nightly").observed();
        let key = sim.apply(observing.with(|spec| spec.source = None));
        sim.run(300);
        assert!(sim.is_true(&key, "Ready"), "{kind}\n{}", sim.report());
        assert!(sim.aws_writes(0).is_empty());
        sim.delete(&key);
        assert!(sim.is_gone(&key));
    }
}

#[test]
fn retain_calls_nothing_and_delete_takes_copies_first_and_the_snapshot_last() {
    let manifest = || of_instance("shop-orders").copied_to(FAR, None);
    let (mut sim, key) = done(manifest());
    let mark = sim.mark();
    sim.delete(&key);
    assert!(sim.is_gone(&key) && sim.calls(mark).is_empty());
    let (mut sim, key) = done(manifest().destroyed_on_delete());
    sim.delete(&key);
    sim.until("it is gone", |sim| sim.is_gone(&key));
    sim.aws(|aws| {
        assert!(aws.snaps.is_empty(), "{:?}", aws.snaps);
        assert!(aws.deleted[0].contains(FAR) && aws.deleted[1].contains("us-east-1"), "{:?}", aws.deleted);
    });
    assert!(refused(&sim).is_empty(), "{:?}", refused(&sim));
}

#[test]
fn a_backup_is_deleted_by_its_arn_and_a_namesake_stays() {
    let (mut sim, key) = done(of_table("shop-users").destroyed_on_delete());
    sim.aws(|aws| {
        aws.standing(Family::Table, "shop-monday", |snap| {
            snap.shown.source = "shop-users".into();
            snap.shown.arn = "arn:aws:dynamodb:us-east-1:123456789012:table/shop-users/backup/theirs".into();
        });
    });
    sim.delete(&key);
    sim.until("it is gone", |sim| sim.is_gone(&key));
    sim.aws(|aws| {
        assert_eq!(aws.deleted.len(), 1);
        assert!(aws.snaps.iter().any(|snap| snap.shown.arn.ends_with("theirs")), "the namesake stays");
        assert_eq!(aws.snaps.len(), 1);
    });
}

#[test]
fn an_object_deleted_while_its_snapshot_is_being_made_takes_it_along() {
    for manifest in [of_instance("shop-orders"), of_cluster("shop-carts"), of_table("shop-users")] {
        let mut sim = Snapshots::new().stocked();
        let key = sim.apply(manifest.destroyed_on_delete());
        sim.until("the create is sent", |sim| sim.aws(|aws| aws.made.len() == 1));
        sim.delete(&key);
        sim.until("it is gone", |sim| sim.is_gone(&key));
        assert!(sim.aws(|aws| aws.snaps.is_empty()), "{}", sim.report());
    }
}

#[test]
fn a_source_that_leaves_aws_or_changes_changes_no_snapshot() {
    let (mut sim, key) = done(of_instance("shop-orders"));
    sim.aws(|aws| aws.databases.clear());
    let mark = sim.mark();
    sim.run(3600);
    sim.restart();
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty());
    assert!(sim.is_settled(&key), "{}", sim.report());
}

#[test]
fn an_hour_of_a_settled_snapshot_costs_its_looks_and_no_write() {
    let shared = of_instance("shop-orders").copied_to(FAR, None).shared_with(&["111111111111"]);
    for manifest in [of_instance("shop-orders"), of_cluster("shop-carts"), of_table("shop-users"), shared] {
        let (mut sim, key) = done_in(Snapshots::quick().stocked(), manifest);
        sim.run(300);
        let (mark, rounds) = (sim.mark(), sim.rounds);
        sim.run(3600);
        let written: Vec<_> = sim.calls(mark).into_iter().filter(|call| call.writes).collect();
        assert!(written.is_empty(), "{written:?}");
        let rounds = sim.rounds - rounds;
        assert!(rounds <= 101 && sim.aws_reads(mark) <= 3 * rounds, "{rounds} rounds, {} reads", sim.aws_reads(mark));
        assert!(sim.is_settled(&key));
    }
}

#[test]
fn every_mutating_call_is_an_event_and_nothing_else_is() {
    let manifest = || of_instance("shop-orders").destroyed_on_delete();
    let (mut sim, key) = done(manifest().copied_to(FAR, None));
    sim.apply(manifest().copied_to(FAR, None).shared_with(&["111111111111"]).tag("a", "b"));
    sim.until("it is done", |sim| sim.is_done(&key));
    sim.delete(&key);
    sim.until("it is gone", |sim| sim.is_gone(&key));
    let told: Vec<String> = sim.events().iter().map(|text| text.split(':').next().unwrap().to_string()).collect();
    assert_eq!(told, sim.aws_writes(0));
}
