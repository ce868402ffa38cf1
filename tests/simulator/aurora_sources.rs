//! Restores and clones: of what they are made, what they must be told afterwards, and never an empty cluster instead.

use awsdb::aws::owner::{ALLOW_TAG, OWNER_TAG};
use awsdb::kinds::aurora::AuroraServerless;

use crate::sim::aurora::{Auroras, aurora, cluster};
use crate::sim::builder::Manifest;
use crate::sim::kube::Key;
use crate::sim::settled;

type Cluster = Manifest<AuroraServerless>;

/// A cluster `old` of the same namespace, with a snapshot `monday`.
fn stocked() -> (Auroras, Key) {
    let (sim, old) = settled(cluster("old"));
    let now = sim.now();
    sim.aws(|aws| aws.take_snapshot("shop-old", "monday", now));
    // The owner's other object is no owner: what is read from must be allowed.
    sim.aws(|aws| {
        let allowed = || (ALLOW_TAG.to_string(), "test/shop".to_string());
        aws.clusters.get_mut("shop-old").unwrap().shown.tags.extend([allowed()]);
        aws.snapshots.get_mut("monday").unwrap().shown.tags.extend([allowed()]);
    });
    (sim, old)
}

fn every_source() -> Vec<(&'static str, Cluster)> {
    vec![
        ("RestoreDBClusterFromSnapshot", aurora().made_of_snapshot("monday")),
        ("RestoreDBClusterToPointInTime", aurora().latest_of("shop-old")),
        ("RestoreDBClusterToPointInTime", aurora().clone_of("shop-old")),
    ]
}

#[test]
fn each_source_becomes_a_cluster_with_its_data_and_a_password_of_its_own() {
    for (operation, manifest) in every_source() {
        let (mut sim, old) = stocked();
        let mark = sim.mark();
        let key = sim.apply(manifest);
        sim.until("it rests", |sim| sim.clu(&key).is_some() && sim.rests(&key));
        let clu = sim.the_clu(&key);
        assert_eq!(clu.data, "new in shop-old", "{operation}: it has the source's data");
        assert_eq!(sim.aws_writes(mark)[0], operation);
        assert_eq!(sim.sent_since(mark, "CreateDBCluster"), 0);
        assert_ne!(clu.password, sim.the_clu(&old).password, "{operation}\n{}", sim.report());
        assert_eq!(clu.shown.tags[OWNER_TAG], "test/AuroraServerless/shop/orders");
        assert_eq!(sim.members(&key), ["shop-orders-0"]);
        let refused: Vec<_> = sim.calls(mark).into_iter().filter(|call| call.writes && !call.took_effect).collect();
        assert!(refused.is_empty(), "{operation}: {refused:?}");
        sim.must_open_cluster(&old);
    }
}

#[test]
fn what_a_restore_does_not_take_follows_as_a_change() {
    for (operation, manifest) in every_source() {
        let (mut sim, _) = stocked();
        let window = "mon:01:00-mon:02:00";
        let key = sim.apply(manifest.data_api(true).with(|spec| {
            let settings = &mut spec.settings;
            settings.preferred_maintenance_window = Some(window.into());
            settings.enable_performance_insights = Some(true);
            settings.performance_insights_retention_period = Some(465);
            settings.database_insights_mode = Some("advanced".into());
            settings.enable_local_write_forwarding = Some(true);
        }));
        sim.until("it rests", |sim| sim.clu(&key).is_some() && sim.rests(&key));
        let settings = sim.the_clu(&key).shown.settings;
        assert_eq!(settings.preferred_maintenance_window.as_deref(), Some(window), "{operation}");
        assert_eq!(settings.enable_http_endpoint, Some(true), "{operation}");
        assert_eq!(settings.database_insights_mode.as_deref(), Some("advanced"), "{operation}");
        assert_eq!(settings.enable_local_write_forwarding, Some(true), "{operation}");
    }
}

#[test]
fn a_source_that_is_missing_or_not_ready_is_waited_for_and_no_empty_cluster_is_made() {
    for (operation, manifest) in every_source() {
        let (mut sim, _) = stocked();
        let (old, monday) = sim.aws(|aws| (aws.clusters.remove("shop-old"), aws.snapshots.remove("monday")));
        let (old, mut monday) = (old.unwrap(), monday.unwrap());
        let key = sim.apply(manifest);
        let mark = sim.mark();
        sim.run(600);
        assert!(sim.aws_writes(mark).is_empty(), "{operation}: {:?}", sim.aws_writes(mark));
        assert_eq!(sim.reason(&key, "Synced"), "DependencyNotReady", "{operation}\n{}", sim.report());
        sim.aws(|aws| {
            let mut creating = old.clone();
            creating.freeze("creating");
            aws.clusters.insert("shop-old".into(), creating);
            monday.shown.status = "failed".into();
            aws.snapshots.insert("monday".into(), monday.clone());
        });
        sim.run(600);
        assert!(sim.aws_writes(mark).is_empty(), "{operation}: {:?}", sim.aws_writes(mark));
        sim.aws(|aws| {
            aws.clusters.insert("shop-old".into(), old);
            aws.snapshots.get_mut("monday").unwrap().shown.status = "available".into();
        });
        sim.until("it is made of it", |sim| sim.clu(&key).is_some() && sim.rests(&key));
        assert_eq!(sim.the_clu(&key).data, "new in shop-old");
    }
}

#[test]
fn a_source_that_another_namespace_may_use_only_is_refused() {
    for (operation, manifest) in every_source() {
        let (mut sim, _) = stocked();
        sim.aws(|aws| {
            let theirs = || [(ALLOW_TAG.to_string(), "test/other".to_string())].into();
            aws.clusters.get_mut("shop-old").unwrap().shown.tags = theirs();
            aws.snapshots.get_mut("monday").unwrap().shown.tags = theirs();
        });
        let mark = sim.mark();
        let key = sim.apply(manifest.namespace("shop"));
        sim.run(600);
        assert_eq!(sim.sent_since(mark, operation), 0, "{operation}");
        assert!(sim.is_true(&key, "Stalled"), "{operation}\n{}", sim.report());
    }
}

#[test]
fn backups_that_outlived_their_cluster_become_a_cluster_again() {
    let (mut sim, old) = settled(cluster("old").destroyed_on_delete());
    let resource = sim.the_clu(&old).shown.resource_id;
    sim.with_clu("shop-old", |clu| drop(clu.shown.tags.insert(ALLOW_TAG.into(), "test/shop".into())));
    sim.delete(&old);
    sim.until("it is gone", |sim| sim.is_gone(&old));
    let key = sim.apply(aurora().latest_of_resource(&resource));
    sim.until("it rests", |sim| sim.clu(&key).is_some() && sim.rests(&key));
    assert_eq!(sim.the_clu(&key).data, "new in shop-old");
}

#[test]
fn a_source_that_leaves_the_manifest_changes_nothing_and_wipes_nothing() {
    for (operation, manifest) in every_source() {
        let (mut sim, _) = stocked();
        let key = sim.apply(manifest);
        sim.until("it rests", |sim| sim.clu(&key).is_some() && sim.rests(&key));
        let (mark, resource) = (sim.mark(), sim.the_clu(&key).shown.resource_id);
        sim.edit(&key, |object| object.spec.source = None);
        sim.run(900);
        sim.restart();
        sim.run(600);
        assert!(sim.aws_writes(mark).is_empty(), "{operation}: {:?}", sim.aws_writes(mark));
        assert_eq!(sim.the_clu(&key).shown.resource_id, resource);
        assert!(sim.is_settled(&key));
    }
}

#[test]
fn a_lost_clone_that_is_approved_is_made_of_its_source_again_and_never_empty() {
    let (mut sim, _) = stocked();
    let key = sim.apply(aurora().clone_of("shop-old"));
    sim.until("it rests", |sim| sim.clu(&key).is_some() && sim.rests(&key));
    sim.aws(|aws| aws.delete_behind_our_back("shop-orders"));
    sim.run(600);
    assert_eq!(sim.reason(&key, "Stalled"), "ExternallyDeleted", "{}", sim.report());
    let mark = sim.mark();
    sim.approve(&key);
    sim.until("it rests", |sim| sim.clu(&key).is_some() && sim.rests(&key));
    assert_eq!(sim.the_clu(&key).data, "new in shop-old");
    assert_eq!(sim.sent_since(mark, "CreateDBCluster"), 0);
}

#[test]
fn a_restored_cluster_asks_aws_to_keep_the_password_after_it_is_there() {
    let (mut sim, _) = stocked();
    let key = sim.apply(aurora().made_of_snapshot("monday").aws_managed());
    sim.until("it rests", |sim| sim.clu(&key).is_some() && sim.rests(&key));
    assert!(sim.the_clu(&key).password.starts_with("aws-chose"), "{}", sim.report());
    assert_eq!(sim.sent("ModifyDBCluster"), 1);
}
