//! The end of a cluster: protection before any member, readers before the writer, the writer before the cluster, a final
//! snapshot exactly once, and nothing at all under Retain (aws-rds.md 2.5).

use awsdb::kinds::aurora::AuroraServerless;
use awsdb::kinds::rds::PowerState;
use awsdb::spec::{DeletionPolicy, annotation};

use crate::sim::aurora::{Auroras, aurora};
use crate::sim::builder::Manifest;
use crate::sim::kube::Key;
use crate::sim::{settled, settled_in};

type Cluster = Manifest<AuroraServerless>;

fn deleted(manifest: Cluster) -> (Auroras, Key) {
    let (mut sim, key) = settled(manifest);
    sim.delete(&key);
    (sim, key)
}

fn gone(sim: &mut Auroras, key: &Key) {
    sim.until("it is gone", |sim| sim.is_gone(key));
    assert!(sim.aws(|aws| aws.clusters.is_empty()), "{}", sim.report());
}

#[test]
fn members_go_one_by_one_the_writer_last_and_then_the_cluster() {
    let (mut sim, key) = deleted(aurora().readers(2).destroyed_on_delete());
    let mark = sim.mark();
    gone(&mut sim, &key);
    sim.aws(|aws| {
        assert_eq!(aws.members_deleted, ["shop-orders-2", "shop-orders-1", "shop-orders-0"]);
        assert_eq!((aws.deleted.len(), aws.snapshots.len()), (1, 0));
    });
    let refused: Vec<_> = sim.calls(mark).into_iter().filter(|call| call.writes && !call.took_effect).collect();
    assert!(refused.is_empty(), "{refused:?}");
    assert!(sim.kube(|kube| kube.secrets.is_empty()), "the Secrets go with the cluster");
}

#[test]
fn after_a_failover_the_writer_of_now_goes_last() {
    let (mut sim, key) = settled(aurora().at_once().readers(2).destroyed_on_delete());
    sim.annotate(&key, annotation::FAILOVER, "1");
    sim.until("the writer has moved", |sim| sim.the_clu(&key).writer() == Some("shop-orders-1"));
    sim.until("it rests", |sim| sim.rests(&key));
    sim.delete(&key);
    gone(&mut sim, &key);
    assert_eq!(sim.aws(|aws| aws.members_deleted.clone()), ["shop-orders-2", "shop-orders-0", "shop-orders-1"]);
}

#[test]
fn protection_is_asked_before_any_member_goes() {
    let (mut sim, key) = deleted(aurora().readers(1).protected(true).destroyed_on_delete());
    sim.run(3600);
    assert_eq!(sim.reason(&key, "Stalled"), "DeletionProtected");
    assert_eq!(sim.members(&key).len(), 2);
    assert!(sim.aws(|aws| aws.members_deleted.is_empty()));
    sim.apply(aurora().readers(1).protected(false).destroyed_on_delete());
    gone(&mut sim, &key);
    assert_eq!(sim.sent("ModifyDBCluster"), 1, "the protection is lifted by the user's word");
}

#[test]
fn protection_that_others_turned_on_holds_the_deletion_too() {
    let (mut sim, key) = settled(aurora().destroyed_on_delete());
    sim.with_clu("shop-orders", |clu| clu.shown.settings.deletion_protection = Some(true));
    sim.delete(&key);
    sim.run(900);
    assert_eq!(sim.reason(&key, "Stalled"), "DeletionProtected");
    assert!(sim.aws(|aws| aws.members_deleted.is_empty() && aws.deleted.is_empty()));
}

#[test]
fn snapshot_takes_one_final_snapshot_that_carries_the_owner() {
    for copies in [true, false] {
        let manifest = aurora().readers(1).snapshot_on_delete();
        let (mut sim, key) = deleted(manifest.with(|spec| spec.settings.copy_tags_to_snapshot = Some(copies)));
        gone(&mut sim, &key);
        sim.aws(|aws| {
            assert_eq!(aws.snapshots.len(), 1);
            let (name, snap) = aws.snapshots.first_key_value().unwrap();
            assert_eq!(aws.deleted[0].final_snapshot.as_ref(), Some(name));
            assert_eq!(snap.shown.status, "available");
            assert_eq!(snap.shown.tags["awsdb.dev/owner"], "test/AuroraServerless/shop/orders");
        });
    }
}

#[test]
fn a_final_snapshot_never_meets_the_name_of_another() {
    let (mut sim, key) = settled(aurora().snapshot_on_delete());
    let uid = sim.object(&key).unwrap().metadata.uid.unwrap();
    let taken = format!("shop-orders-final-{}", &uid[..8]);
    let now = sim.now();
    sim.aws(|aws| aws.take_snapshot("shop-orders", &taken, now));
    sim.delete(&key);
    gone(&mut sim, &key);
    sim.aws(|aws| {
        assert_eq!(aws.snapshots.len(), 2);
        assert_ne!(aws.deleted[0].final_snapshot.as_deref(), Some(taken.as_str()));
    });
}

#[test]
fn automated_backups_outlive_the_cluster_unless_the_user_says_otherwise() {
    for drop_them in [false, true] {
        let manifest = aurora().destroyed_on_delete().with(|spec| spec.delete_automated_backups = Some(drop_them));
        let (mut sim, key) = deleted(manifest);
        gone(&mut sim, &key);
        assert_eq!(sim.aws(|aws| aws.retained.len()), usize::from(!drop_them));
    }
}

#[test]
fn retain_calls_nothing_and_keeps_everything() {
    let (mut sim, key) = settled(aurora().readers(2));
    let mark = sim.mark();
    sim.delete(&key);
    assert!(sim.is_gone(&key));
    sim.run(900);
    assert!(sim.calls(mark).is_empty(), "{:?}", sim.calls(mark));
    sim.aws(|aws| assert_eq!(aws.clusters["shop-orders"].members.len(), 3));
    assert!(sim.secret("shop", "orders-connection").is_some());
}

#[test]
fn retain_in_the_middle_of_a_deletion_stops_it_where_it_is() {
    let (mut sim, key) = deleted(aurora().readers(2).destroyed_on_delete());
    sim.until("a member is going", |sim| sim.aws(|aws| aws.members_deleted.len() == 1));
    sim.apply(aurora().readers(2).deletion(DeletionPolicy::Retain));
    sim.until("the object is gone", |sim| sim.is_gone(&key));
    sim.run(900);
    sim.aws(|aws| {
        assert!(aws.deleted.is_empty());
        assert!(aws.clusters["shop-orders"].members.contains_key("shop-orders-0"));
    });
}

#[test]
fn a_stopped_cluster_is_started_since_its_members_cannot_be_deleted() {
    let stopped = || aurora().at_once().snapshot_on_delete().powered(PowerState::Stopped);
    let (mut sim, key) = settled_in(Auroras::quick(), aurora().at_once().snapshot_on_delete());
    sim.apply(stopped());
    sim.until("it is stopped", |sim| sim.the_clu(&key).shown.status == "stopped");
    sim.delete(&key);
    gone(&mut sim, &key);
    assert_eq!(sim.sent("StartDBCluster"), 1, "{}", sim.report());
    assert_eq!(sim.aws(|aws| aws.snapshots.len()), 1);
}

#[test]
fn a_member_of_a_global_database_or_a_replica_is_not_taken_apart() {
    for global in [true, false] {
        let (mut sim, key) = settled(aurora().destroyed_on_delete());
        sim.with_clu("shop-orders", |clu| {
            clu.shown.global_cluster = global.then(|| "world".into());
            clu.shown.replication_source = (!global).then(|| "arn:aws:rds:eu-west-1:1:cluster:main".into());
        });
        sim.delete(&key);
        sim.run(900);
        assert_eq!(sim.reason(&key, "Stalled"), "HasReplicas", "{}", sim.report());
        assert!(sim.aws(|aws| aws.members_deleted.is_empty()));
    }
}

#[test]
fn a_member_that_belongs_to_another_object_holds_the_deletion() {
    let (mut sim, key) = settled(aurora().readers(1).destroyed_on_delete());
    sim.with_clu("shop-orders", |clu| {
        let tags = &mut clu.members.get_mut("shop-orders-1").unwrap().shown.tags;
        tags.insert("awsdb.dev/owner".into(), "test/RdsInstance/shop/other".into());
    });
    sim.delete(&key);
    sim.run(900);
    assert_eq!(sim.reason(&key, "Stalled"), "Conflict");
    assert!(sim.aws(|aws| aws.members_deleted.is_empty() && aws.deleted.is_empty()));
}

#[test]
fn an_object_deleted_while_its_cluster_is_being_made_takes_it_along() {
    for policy in [DeletionPolicy::Delete, DeletionPolicy::Snapshot] {
        for operation in ["CreateDBCluster", "CreateDBInstance"] {
            let mut sim = Auroras::new();
            let key = sim.apply(aurora().readers(1).deletion(policy));
            sim.until("it is sent", |sim| sim.sent(operation) == 1);
            sim.delete(&key);
            gone(&mut sim, &key);
        }
    }
}

#[test]
fn an_object_that_never_made_anything_goes_at_once() {
    let mut sim = Auroras::new();
    let key = sim.apply(aurora().password_from("missing").destroyed_on_delete());
    sim.run(60);
    sim.delete(&key);
    sim.run(20);
    assert!(sim.is_gone(&key), "{}", sim.report());
    assert!(sim.aws_writes(0).is_empty());
}

#[test]
fn a_re_applied_manifest_finds_its_cluster_members_and_secrets_again() {
    let (mut sim, key) = settled(aurora().readers(1).tag("team", "a"));
    sim.delete(&key);
    sim.run(60);
    let mark = sim.mark();
    sim.apply(aurora().readers(1).tag("team", "a"));
    sim.settle();
    sim.must_open_cluster(&key);
    assert!(sim.aws_writes(mark).is_empty(), "{}", sim.report());
}

#[test]
fn members_whose_list_cannot_be_read_are_neither_made_nor_deleted() {
    let (mut sim, key) = settled(aurora().readers(1).destroyed_on_delete());
    sim.aws(|aws| drop(aws.unread.insert("members", "AccessDenied".into())));
    let mark = sim.mark();
    sim.apply(aurora().readers(3).destroyed_on_delete());
    sim.run(300);
    sim.delete(&key);
    sim.run(300);
    assert!(sim.aws_writes(mark).is_empty(), "{:?}", sim.aws_writes(mark));
    sim.aws(|aws| drop(aws.unread.remove("members")));
    gone(&mut sim, &key);
}

#[test]
fn snapshots_that_cannot_be_read_hold_the_deletion_before_any_member_goes() {
    let (mut sim, key) = settled(aurora().snapshot_on_delete());
    sim.aws(|aws| drop(aws.unread.insert("snapshots", "AccessDenied".into())));
    sim.delete(&key);
    sim.run(300);
    assert!(sim.aws(|aws| aws.members_deleted.is_empty()), "{}", sim.report());
    sim.aws(|aws| drop(aws.unread.remove("snapshots")));
    gone(&mut sim, &key);
}
