//! Every scenario once without a fault, to number its calls; then once more for every call and every fault. Whatever
//! happens to whichever call, the end is the same: one database, a Secret that opens it, nothing destroyed that should not be.

use awsdb::spec::{DeletionPolicy, annotation};

use crate::sim::Sim;
use crate::sim::builder::{Manifest, named, rds};
use crate::sim::kube::Key;
use crate::sim::scenario::{Scenario, universe};
use crate::sim::universe::Universe;

fn settled(manifest: Manifest) -> Universe {
    crate::sim::settled(manifest).0.snapshot()
}

fn key() -> Key {
    ("shop".into(), "orders".into())
}

fn is_settled_and_opens(sim: &Sim) -> bool {
    sim.is_settled(&key()) && sim.opens(&key()).is_ok() && !sim.the_db(&key()).is_busy()
}

fn one_database(sim: &Sim) {
    sim.must_open(&key());
    sim.aws(|aws| {
        assert_eq!(aws.made, ["shop-orders"], "exactly one database was ever made");
        assert_eq!(aws.instances.len(), 1);
        assert!(aws.deleted.is_empty() && aws.snapshots.is_empty());
    });
}

fn creation(manifest: Manifest) -> Scenario {
    Scenario {
        before: universe(|_: &mut Sim| {}),
        act: Box::new(move |sim| {
            sim.apply(manifest.clone());
        }),
        done: Box::new(is_settled_and_opens),
        check: Box::new(one_database),
    }
}

#[test]
fn creating_a_database_with_a_drawn_password_survives_every_fault_at_every_call() {
    creation(rds()).survives_every_fault();
}

#[test]
fn creating_a_database_that_needs_a_finalizer_survives_every_fault_at_every_call() {
    creation(rds().snapshot_on_delete()).survives_every_fault();
}

#[test]
fn creating_a_database_with_groups_survives_every_fault_at_every_call() {
    let manifest = rds().parameter("shared_buffers", "1").subnets(&["subnet-aaaaaaaa", "subnet-bbbbbbbb"]);
    let mut scenario = creation(manifest);
    scenario.check = Box::new(|sim| {
        one_database(sim);
        assert_eq!(sim.the_db(&key()).running["shared_buffers"], "1");
        assert_eq!(sim.the_db(&key()).reboots, 0);
        sim.aws(|aws| assert_eq!((aws.parameter_groups.len(), aws.subnet_groups.len()), (1, 1)));
    });
    scenario.survives_every_fault();
}

#[test]
fn creating_a_database_with_a_supplied_password_survives_every_fault_at_every_call() {
    let mut scenario = creation(rds().password_from("mine"));
    scenario.before = universe(|sim: &mut Sim| sim.user_secret("shop", "mine", "users-own-password"));
    scenario.check = Box::new(|sim| {
        one_database(sim);
        assert_eq!(sim.the_db(&key()).password, "users-own-password");
    });
    scenario.survives_every_fault();
}

#[test]
fn restoring_a_snapshot_survives_every_fault_at_every_call() {
    let before = universe(|sim: &mut Sim| {
        let old = sim.apply(named("old"));
        sim.settle();
        let now = sim.now();
        sim.aws(|aws| aws.take_snapshot("shop-old", "monday", now));
        sim.until("nothing is going on", |sim| !sim.the_db(&old).is_busy());
        sim.settle();
    });
    let scenario = Scenario {
        before,
        act: Box::new(|sim| {
            sim.apply(rds().made_of_snapshot("monday"));
        }),
        done: Box::new(|sim| {
            let old = ("shop".to_string(), "old".to_string());
            is_settled_and_opens(sim) && sim.the_db(&key()).password != sim.the_db(&old).password
        }),
        check: Box::new(|sim| {
            sim.must_open(&key());
            sim.aws(|aws| assert_eq!(aws.made, ["shop-old", "shop-orders"]));
            assert!(!sim.status(&key()).shared.journal.notes.contains_key("passwordUnset"), "the note has served");
        }),
    };
    scenario.survives_every_fault();
}

#[test]
fn modifying_survives_every_fault_at_every_call() {
    let scenario = Scenario {
        before: settled(rds().backups(7).at_once()),
        act: Box::new(|sim| {
            sim.apply(rds().backups(9).class("db.t4g.small").storage(40).tag("team", "a").at_once());
        }),
        done: Box::new(is_settled_and_opens),
        check: Box::new(|sim| {
            one_database(sim);
            let settings = sim.the_db(&key()).shown.settings;
            assert_eq!((settings.backup_retention_period, settings.allocated_storage), (Some(9), Some(40)));
            assert_eq!(settings.db_instance_class.as_deref(), Some("db.t4g.small"));
        }),
    };
    scenario.survives_every_fault();
}

#[test]
fn a_reboot_for_static_parameters_happens_once_whatever_the_fault() {
    let scenario = Scenario {
        before: settled(rds().parameter("shared_buffers", "1").at_once()),
        act: Box::new(|sim| {
            sim.apply(rds().parameter("shared_buffers", "2").at_once());
        }),
        done: Box::new(|sim| is_settled_and_opens(sim) && sim.the_db(&key()).running["shared_buffers"] == "2"),
        check: Box::new(|sim| {
            one_database(sim);
            assert_eq!(sim.the_db(&key()).reboots, 1);
        }),
    };
    scenario.survives_every_fault();
}

fn rotation() -> Scenario {
    let before = settled(rds());
    let old = before.aws.instances["shop-orders"].password.clone();
    Scenario {
        before,
        act: Box::new(|sim| sim.annotate(&key(), annotation::ROTATE, "1")),
        done: Box::new(move |sim| is_settled_and_opens(sim) && sim.the_db(&key()).password != old),
        check: Box::new(|sim| {
            one_database(sim);
            let credentials = sim.secret("shop", "orders-credentials").unwrap();
            assert!(!credentials.contains_key("password-next"), "the change is finished");
            assert_eq!(credentials["password"].expose(), sim.the_db(&key()).password);
        }),
    }
}

#[test]
fn rotating_a_password_survives_every_fault_at_every_call() {
    rotation().survives_every_fault();
}

#[test]
fn changing_the_referenced_secret_survives_every_fault_at_every_call() {
    let before = universe(|sim: &mut Sim| {
        sim.user_secret("shop", "mine", "first-password");
        let key = sim.apply(rds().password_from("mine"));
        sim.settle();
        sim.until("nothing is going on", |sim| !sim.the_db(&key).is_busy());
        sim.settle();
    });
    let scenario = Scenario {
        before,
        act: Box::new(|sim| sim.user_secret("shop", "mine", "second-password")),
        done: Box::new(|sim| is_settled_and_opens(sim) && sim.the_db(&key()).password == "second-password"),
        check: Box::new(one_database),
    };
    scenario.survives_every_fault();
}

#[test]
fn handing_the_password_to_aws_and_back_survives_every_fault_at_every_call() {
    let there = Scenario {
        before: settled(rds()),
        act: Box::new(|sim| {
            sim.apply(rds().aws_managed());
        }),
        done: Box::new(|sim| is_settled_and_opens(sim) && sim.the_db(&key()).password.starts_with("aws-chose")),
        check: Box::new(one_database),
    };
    there.survives_every_fault();
    let back = Scenario {
        before: settled(rds().aws_managed()),
        act: Box::new(|sim| {
            sim.apply(rds());
        }),
        done: Box::new(|sim| is_settled_and_opens(sim) && !sim.the_db(&key()).password.starts_with("aws-chose")),
        check: Box::new(one_database),
    };
    back.survives_every_fault();
}

fn deletion(policy: DeletionPolicy) -> Scenario {
    let manifest = rds().deletion(policy).parameter("shared_buffers", "1");
    Scenario {
        before: settled(manifest),
        act: Box::new(|sim| sim.delete(&key())),
        done: Box::new(|sim| sim.is_gone(&key())),
        check: Box::new(move |sim| {
            assert!(sim.kube(|kube| kube.secrets.is_empty()), "the Secrets go with the database");
            sim.aws(|aws| {
                assert_eq!(aws.made, ["shop-orders"]);
                assert!(aws.instances.is_empty() && aws.parameter_groups.is_empty());
                assert_eq!(aws.deleted.len(), 1, "it is deleted once");
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
fn making_a_lost_database_again_by_approval_survives_every_fault_at_every_call() {
    let before = universe(|sim: &mut Sim| {
        let key = sim.apply(rds());
        sim.settle();
        sim.until("nothing is going on", |sim| !sim.the_db(&key).is_busy());
        sim.aws(|aws| aws.delete_behind_our_back("shop-orders"));
        sim.run(300);
    });
    let scenario = Scenario {
        before,
        act: Box::new(|sim| sim.approve(&key())),
        done: Box::new(is_settled_and_opens),
        check: Box::new(|sim| {
            sim.must_open(&key());
            sim.aws(|aws| assert_eq!(aws.made, ["shop-orders", "shop-orders"], "made again once"));
        }),
    };
    scenario.survives_every_fault();
}

#[test]
fn promoting_a_replica_survives_every_fault_at_every_call() {
    let copy = || named("orders").replica_of("shop-main");
    let before = universe(|sim: &mut Sim| {
        sim.apply(named("main").backups(7));
        sim.settle();
        let key = sim.apply(copy());
        sim.settle();
        sim.until("nothing is going on", |sim| !sim.the_db(&key).is_busy());
        sim.settle();
    });
    let scenario = Scenario {
        before,
        act: Box::new(move |sim| {
            sim.apply(copy().promoted());
            sim.annotate(&key(), annotation::ROTATE, "1");
        }),
        done: Box::new(|sim| is_settled_and_opens(sim) && sim.the_db(&key()).shown.replica_source.is_none()),
        check: Box::new(|sim| {
            let promotions =
                sim.calls(0).iter().filter(|c| c.operation == "PromoteReadReplica" && c.took_effect).count();
            assert_eq!(promotions, 1);
            sim.aws(|aws| assert_eq!(aws.made, ["shop-main", "shop-orders"]));
        }),
    };
    scenario.survives_every_fault();
}

#[test]
fn taking_a_database_over_survives_every_fault_at_every_call() {
    let before = universe(|sim: &mut Sim| {
        let key = sim.apply(rds());
        sim.settle();
        sim.until("nothing is going on", |sim| !sim.the_db(&key).is_busy());
        let password = sim.the_db(&key).password;
        sim.delete(&key);
        sim.with_db("shop-orders", |db| {
            db.shown.tags.clear();
            db.shown.tags.insert(awsdb::aws::owner::ALLOW_TAG.into(), "test/shop".into());
        });
        sim.kube(|kube| kube.secrets.clear());
        sim.user_secret("shop", "mine", &password);
    });
    let scenario = Scenario {
        before,
        act: Box::new(|sim| {
            sim.apply(rds().password_from("mine").adopting().destroyed_on_delete());
        }),
        done: Box::new(is_settled_and_opens),
        check: Box::new(|sim| {
            one_database(sim);
            let tagged = sim.calls(0).iter().filter(|c| c.operation == "AddTagsToResource" && c.took_effect).count();
            assert!((1..=2).contains(&tagged), "{tagged}");
            assert_eq!(sim.sent("ModifyDBInstance"), 0);
        }),
    };
    scenario.survives_every_fault();
}

#[test]
fn two_crashes_in_one_creation_or_rotation_are_survived_too() {
    for scenario in [creation(rds()), rotation()] {
        scenario.survives_two_crashes_within(24);
    }
}
