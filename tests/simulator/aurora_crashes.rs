//! Every story of a cluster once without a fault, to number its calls; then once more for every call and every fault. Whatever
//! happens to whichever call, the end is the same: one cluster with its members, a Secret that opens it, nothing destroyed
//! that should not be.

use awsdb::aws::owner::ALLOW_TAG;
use awsdb::kinds::aurora::AuroraServerless;
use awsdb::spec::{DeletionPolicy, annotation};

use crate::sim::aurora::{Auroras, aurora, cluster};
use crate::sim::builder::Manifest;
use crate::sim::kube::Key;
use crate::sim::scenario::{Scenario, universe};
use crate::sim::universe::Universe;

type Cluster = Manifest<AuroraServerless>;
type Story = Scenario<AuroraServerless>;

fn settled(manifest: Cluster) -> Universe<AuroraServerless> {
    crate::sim::settled(manifest).0.snapshot()
}

fn key() -> Key {
    ("shop".into(), "orders".into())
}

fn rests(sim: &Auroras) -> bool {
    sim.clu(&key()).is_some() && sim.rests(&key())
}

fn one_cluster(sim: &Auroras, members: &[&str]) {
    sim.must_open_cluster(&key());
    sim.aws(|aws| {
        assert_eq!(aws.made, ["shop-orders"], "exactly one cluster was ever made");
        assert!(aws.deleted.is_empty() && aws.snapshots.is_empty());
        assert_eq!(aws.clusters["shop-orders"].writers_lost, 0);
    });
    assert_eq!(sim.members(&key()), members);
}

fn creation(manifest: Cluster, members: &'static [&'static str]) -> Story {
    Scenario {
        before: universe(|_: &mut Auroras| {}),
        act: Box::new(move |sim| {
            sim.apply(manifest.clone());
        }),
        done: Box::new(move |sim| rests(sim) && sim.members(&key()).len() == members.len()),
        check: Box::new(move |sim| {
            one_cluster(sim, members);
            sim.aws(|aws| assert_eq!(aws.members_made.len(), members.len(), "each member was made once"));
        }),
    }
}

const ALONE: &[&str] = &["shop-orders-0"];
const PAIR: &[&str] = &["shop-orders-0", "shop-orders-1"];

#[test]
fn creating_a_cluster_with_a_reader_survives_every_fault_at_every_call() {
    creation(aurora().readers(1), PAIR).survives_every_fault();
}

#[test]
fn creating_a_cluster_that_needs_a_finalizer_survives_every_fault_at_every_call() {
    creation(aurora().snapshot_on_delete(), ALONE).survives_every_fault();
}

#[test]
fn creating_a_cluster_with_everything_around_it_survives_every_fault_at_every_call() {
    let manifest = aurora()
        .cluster_parameter("wal_level", "1")
        .parameter("shared_buffers", "1")
        .subnets(&["subnet-aaaaaaaa", "subnet-bbbbbbbb"])
        .endpoint("all", &[0])
        .role("s3Import", "one");
    let mut story = creation(manifest, ALONE);
    story.check = Box::new(|sim| {
        one_cluster(sim, ALONE);
        let (clu, mem) = (sim.the_clu(&key()), sim.the_mem(&key(), 0));
        assert_eq!((&*mem.running["shared_buffers"], &*mem.cluster_running["wal_level"]), ("1", "1"));
        assert_eq!((mem.reboots, clu.endpoints.len(), clu.roles_active()), (0, 1, 1));
        sim.aws(|aws| {
            assert_eq!((aws.parameter_groups.len(), aws.cluster_parameter_groups.len()), (1, 1));
            assert_eq!(aws.subnet_groups.len(), 1);
        });
    });
    story.survives_every_fault();
}

#[test]
fn creating_a_cluster_whose_password_aws_keeps_survives_every_fault_at_every_call() {
    creation(aurora().aws_managed(), ALONE).survives_every_fault();
}

#[test]
fn creating_a_cluster_with_a_supplied_password_survives_every_fault_at_every_call() {
    let mut story = creation(aurora().password_from("mine"), ALONE);
    story.before = universe(|sim: &mut Auroras| sim.user_secret("shop", "mine", "users-own-password"));
    story.check = Box::new(|sim| {
        one_cluster(sim, ALONE);
        assert_eq!(sim.the_clu(&key()).password, "users-own-password");
    });
    story.survives_every_fault();
}

/// A cluster `old` with a snapshot `monday`, of which others may be made.
fn stocked() -> Universe<AuroraServerless> {
    universe(|sim: &mut Auroras| {
        let old = sim.apply(cluster("old"));
        sim.settle();
        let now = sim.now();
        sim.until("nothing is going on", |sim| !sim.is_busy(&old));
        sim.aws(|aws| {
            let tags = &mut aws.clusters.get_mut("shop-old").unwrap().shown.tags;
            tags.insert(ALLOW_TAG.into(), "test/shop".into());
            aws.take_snapshot("shop-old", "monday", now);
        });
        sim.run(120);
    })
}

#[test]
fn restoring_and_cloning_survive_every_fault_at_every_call_and_never_make_an_empty_cluster() {
    for manifest in [aurora().made_of_snapshot("monday"), aurora().clone_of("shop-old"), aurora().latest_of("shop-old")]
    {
        let before = stocked();
        let old = before.aws.clusters["shop-old"].password.clone();
        let story = Scenario {
            before,
            act: Box::new(move |sim| {
                sim.apply(manifest.clone());
            }),
            done: Box::new(move |sim| rests(sim) && sim.the_clu(&key()).password != old),
            check: Box::new(|sim| {
                sim.must_open_cluster(&key());
                sim.aws(|aws| assert_eq!(aws.made, ["shop-old", "shop-orders"]));
                assert_eq!(sim.the_clu(&key()).data, "new in shop-old");
                assert!(!sim.shared_status(&key()).journal.notes.contains_key("passwordUnset"), "the note has served");
            }),
        };
        story.survives_every_fault();
    }
}

#[test]
fn modifying_survives_every_fault_at_every_call() {
    let story = Scenario {
        before: settled(aurora().backups(7).at_once()),
        act: Box::new(|sim| {
            sim.apply(
                aurora().backups(9).capacity(1.0, 8.0).tag("team", "a").logs(&["postgresql"]).data_api(true).at_once(),
            );
        }),
        done: Box::new(|sim| rests(sim) && sim.the_clu(&key()).shown.settings.enable_http_endpoint == Some(true)),
        check: Box::new(|sim| {
            one_cluster(sim, ALONE);
            let settings = sim.the_clu(&key()).shown.settings;
            assert_eq!((settings.backup_retention_period, settings.scaling.unwrap().max_capacity), (Some(9), 8.0));
        }),
    };
    story.survives_every_fault();
}

#[test]
fn scaling_readers_out_and_in_survives_every_fault_at_every_call() {
    let out = Scenario {
        before: settled(aurora().at_once()),
        act: Box::new(|sim| {
            sim.apply(aurora().at_once().readers(2));
        }),
        done: Box::new(|sim| rests(sim) && sim.members(&key()).len() == 3),
        check: Box::new(|sim| {
            one_cluster(sim, &["shop-orders-0", "shop-orders-1", "shop-orders-2"]);
            sim.aws(|aws| assert_eq!(aws.members_made.len(), 3));
        }),
    };
    out.survives_every_fault();
    let back = Scenario {
        before: settled(aurora().at_once().readers(2)),
        act: Box::new(|sim| {
            sim.apply(aurora().at_once().readers(0));
        }),
        done: Box::new(|sim| rests(sim) && sim.members(&key()).len() == 1),
        check: Box::new(|sim| {
            one_cluster(sim, ALONE);
            sim.aws(|aws| assert_eq!(aws.members_deleted, ["shop-orders-2", "shop-orders-1"]));
        }),
    };
    back.survives_every_fault();
}

#[test]
fn a_failover_happens_once_whatever_the_fault() {
    let story = Scenario {
        before: settled(aurora().at_once().readers(1)),
        act: Box::new(|sim| sim.annotate(&key(), annotation::FAILOVER, "1")),
        done: Box::new(|sim| rests(sim) && sim.the_clu(&key()).writer() == Some("shop-orders-1")),
        check: Box::new(|sim| {
            one_cluster(sim, PAIR);
            assert_eq!(sim.the_clu(&key()).failovers, 1);
        }),
    };
    story.survives_every_fault();
}

#[test]
fn a_reboot_for_static_parameters_happens_once_for_each_member_whatever_the_fault() {
    let manifest = |value: &str| aurora().at_once().readers(1).cluster_parameter("wal_level", value);
    let story = Scenario {
        before: settled(manifest("1")),
        act: Box::new(move |sim| {
            sim.apply(manifest("2"));
        }),
        done: Box::new(|sim| {
            let is_new = |number| sim.the_mem(&key(), number).cluster_running["wal_level"] == "2";
            rests(sim) && is_new(0) && is_new(1)
        }),
        check: Box::new(|sim| {
            one_cluster(sim, PAIR);
            assert_eq!((sim.the_mem(&key(), 0).reboots, sim.the_mem(&key(), 1).reboots), (1, 1));
        }),
    };
    story.survives_every_fault();
}

#[test]
fn a_major_upgrade_survives_every_fault_at_every_call() {
    let manifest =
        |version: &str| aurora().at_once().version(version).major_upgrades().cluster_parameter("work_mem", "8");
    let story = Scenario {
        before: settled(manifest("16")),
        act: Box::new(move |sim| {
            sim.apply(manifest("17"));
        }),
        done: Box::new(|sim| {
            let groups = sim.aws(|aws| aws.cluster_parameter_groups.len());
            rests(sim) && groups == 1 && sim.the_clu(&key()).shown.settings.engine_version.as_deref() == Some("17.4")
        }),
        check: Box::new(|sim| one_cluster(sim, ALONE)),
    };
    story.survives_every_fault();
}

fn rotation() -> Story {
    let before = settled(aurora());
    let old = before.aws.clusters["shop-orders"].password.clone();
    Scenario {
        before,
        act: Box::new(|sim| sim.annotate(&key(), annotation::ROTATE, "1")),
        done: Box::new(move |sim| rests(sim) && sim.the_clu(&key()).password != old),
        check: Box::new(|sim| {
            one_cluster(sim, ALONE);
            let credentials = sim.secret("shop", "orders-credentials").unwrap();
            assert!(!credentials.contains_key("password-next"), "the change is finished");
            assert_eq!(credentials["password"].expose(), sim.the_clu(&key()).password);
        }),
    }
}

#[test]
fn rotating_a_password_survives_every_fault_at_every_call() {
    rotation().survives_every_fault();
}

#[test]
fn handing_the_password_to_aws_and_back_survives_every_fault_at_every_call() {
    for to_aws in [true, false] {
        let [before, after] =
            if to_aws { [aurora(), aurora().aws_managed()] } else { [aurora().aws_managed(), aurora()] };
        let story = Scenario {
            before: settled(before),
            act: Box::new(move |sim| {
                sim.apply(after.clone());
            }),
            done: Box::new(move |sim| rests(sim) && sim.the_clu(&key()).password.starts_with("aws-chose") == to_aws),
            check: Box::new(|sim| one_cluster(sim, ALONE)),
        };
        story.survives_every_fault();
    }
}

fn deletion(policy: DeletionPolicy) -> Story {
    let manifest = aurora().deletion(policy).readers(1).cluster_parameter("wal_level", "1");
    Scenario {
        before: settled(manifest),
        act: Box::new(|sim| sim.delete(&key())),
        done: Box::new(|sim| sim.is_gone(&key())),
        check: Box::new(move |sim| {
            assert!(sim.kube(|kube| kube.secrets.is_empty()), "the Secrets go with the cluster");
            sim.aws(|aws| {
                assert_eq!(aws.made, ["shop-orders"]);
                assert!(aws.clusters.is_empty() && aws.cluster_parameter_groups.is_empty());
                assert_eq!(aws.deleted.len(), 1, "it is deleted once");
                assert_eq!(aws.members_deleted, ["shop-orders-1", "shop-orders-0"], "the writer goes last");
                let wanted = usize::from(policy == DeletionPolicy::Snapshot);
                assert_eq!(aws.snapshots.len(), wanted, "the final snapshot exists once, if it was asked for");
                assert_eq!(aws.deleted[0].final_snapshot.iter().count(), wanted);
                assert!(aws.snapshots.values().all(|snap| snap.shown.tags.contains_key("awsdb.dev/owner")));
            });
        }),
    }
}

#[test]
fn deleting_with_a_final_snapshot_survives_every_fault_at_every_call() {
    deletion(DeletionPolicy::Snapshot).survives_every_fault();
}

#[test]
fn deleting_without_a_snapshot_survives_every_fault_at_every_call() {
    deletion(DeletionPolicy::Delete).survives_every_fault();
}

#[test]
fn making_a_lost_cluster_again_by_approval_survives_every_fault_at_every_call() {
    let before = universe(|sim: &mut Auroras| {
        let key = sim.apply(aurora());
        sim.until("it rests", |sim| sim.clu(&key).is_some() && sim.rests(&key));
        sim.aws(|aws| aws.delete_behind_our_back("shop-orders"));
        sim.run(300);
    });
    let story = Scenario {
        before,
        act: Box::new(|sim| sim.approve(&key())),
        done: Box::new(rests),
        check: Box::new(|sim| {
            sim.must_open_cluster(&key());
            sim.aws(|aws| assert_eq!(aws.made, ["shop-orders", "shop-orders"], "made again once"));
        }),
    };
    story.survives_every_fault();
}

#[test]
fn taking_a_cluster_over_survives_every_fault_at_every_call() {
    let before = universe(|sim: &mut Auroras| {
        let key = sim.apply(aurora().readers(1));
        sim.until("it rests", |sim| sim.clu(&key).is_some() && sim.rests(&key));
        let password = sim.the_clu(&key).password;
        sim.delete(&key);
        sim.with_clu("shop-orders", |clu| {
            clu.shown.tags = [(ALLOW_TAG.to_string(), "test/shop".to_string())].into();
        });
        sim.kube(|kube| kube.secrets.clear());
        sim.user_secret("shop", "mine", &password);
    });
    let story = Scenario {
        before,
        act: Box::new(|sim| {
            sim.apply(aurora().password_from("mine").adopting().destroyed_on_delete());
        }),
        done: Box::new(rests),
        check: Box::new(|sim| {
            one_cluster(sim, PAIR);
            assert_eq!(sim.sent("ModifyDBCluster"), 0);
        }),
    };
    story.survives_every_fault();
}

#[test]
fn two_crashes_in_one_creation_or_rotation_are_survived_too() {
    for story in [creation(aurora(), ALONE), rotation()] {
        story.survives_two_crashes_within(24);
    }
}
