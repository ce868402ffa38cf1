//! Lives of tables, once without a fault and once more for every call and every fault: whatever happens to whichever call,
//! there is one table, nothing of it is lost, nothing is written twice that may not be, and it ends as it should.

use serde_json::json;

use awsdb::aws::dynamo::BillingMode;
use awsdb::aws::owner::ALLOW_TAG;
use awsdb::kinds::dynamo::DynamoTable;
use awsdb::spec::DeletionPolicy;

use crate::sim::builder::Manifest;
use crate::sim::dynamo::{Tables, table};
use crate::sim::faults::FAULTS_AND_LATE_CALLS;
use crate::sim::kube::Key;
use crate::sim::scenario::{Scenario, universe};
use crate::sim::universe::Universe;

type Table = Manifest<DynamoTable>;
type Story = Scenario<DynamoTable>;

fn key() -> Key {
    ("shop".into(), "users".into())
}

fn at_rest(sim: &Tables) -> bool {
    sim.is_at_rest(&key())
}

fn settled(manifest: Table) -> Universe<DynamoTable> {
    crate::sim::settled(manifest).0.snapshot()
}

fn one_table(sim: &Tables) {
    sim.aws(|aws| {
        assert_eq!(aws.made, ["shop-users"], "exactly one table was ever made");
        assert!(aws.tables.len() == 1 && aws.deleted.is_empty() && aws.backups.is_empty());
    });
}

/// Throttles and late calls too, where the thing itself is made or deleted.
fn survives_all(story: &Story) {
    story.survives_each(&FAULTS_AND_LATE_CALLS);
}

fn survives(story: &Story) {
    story.survives_every_fault();
}

fn creation(manifest: Table) -> Story {
    Story {
        before: universe(|_| {}),
        act: Box::new(move |sim| {
            sim.apply(manifest.clone());
        }),
        done: Box::new(at_rest),
        check: Box::new(one_table),
    }
}

/// From one manifest to another; it is done when it holds.
fn change(before: Table, after: Table, holds: impl Fn(&Tables) -> bool + 'static) -> Story {
    Story {
        before: settled(before),
        act: Box::new(move |sim| {
            sim.apply(after.clone());
        }),
        done: Box::new(move |sim| at_rest(sim) && holds(sim)),
        check: Box::new(one_table),
    }
}

#[test]
fn creating_a_table_survives_every_fault_at_every_call() {
    survives_all(&creation(table("users").index("email").streaming("KEYS_ONLY").tag("team", "a")));
}

#[test]
fn creating_a_table_that_needs_a_finalizer_survives_every_fault_at_every_call() {
    survives(&creation(table("users").snapshot_on_delete()));
}

#[test]
fn creating_a_table_with_what_follows_its_create_survives_every_fault_at_every_call() {
    let mut story = creation(table("users").recoverable(7).insights(true).expiring("expires"));
    story.check = Box::new(|sim| {
        one_table(sim);
        let tab = sim.the_tab(&key());
        assert!(tab.recovery.is_enabled && tab.ttl.status == "ENABLED" && tab.insights[&None].status == "ENABLED");
    });
    survives(&story);
}

#[test]
fn creating_a_table_with_items_survives_every_fault_and_rewrites_at_most_the_batch_on_its_way() {
    let items: Vec<_> = (0..30).map(|n| json!({"id": {"S": format!("user-{n:03}")}})).collect();
    let mut story = creation(table("users").items_from("seed"));
    story.before = universe(|sim: &mut Tables| sim.items_in("seed", &items));
    story.check = Box::new(|sim| {
        one_table(sim);
        let items = sim.the_tab(&key()).items;
        assert_eq!(items.len(), 30, "every item is in");
        let again = items.values().filter(|item| item.writes > 1).count();
        assert!(again <= 25 && items.values().all(|item| item.writes <= 2), "{again} items were written again");
    });
    survives(&story);
}

#[test]
fn adding_an_index_survives_every_fault_at_every_call() {
    let has_it = |sim: &Tables| sim.the_tab(&key()).shown.indexes.contains_key("by-email");
    survives(&change(table("users"), table("users").index("email"), has_it));
}

#[test]
fn removing_an_index_by_approval_survives_every_fault_and_removes_no_other() {
    let indexed = || table("users").index("email").index("city");
    let before = universe(|sim: &mut Tables| {
        sim.apply(indexed());
        sim.until("it is there", at_rest);
        sim.apply(table("users").index("city"));
        sim.run(100);
    });
    let story = Story {
        before,
        act: Box::new(|sim| sim.approve(&key())),
        done: Box::new(|sim| at_rest(sim) && sim.the_tab(&key()).shown.indexes.len() == 1),
        check: Box::new(|sim| {
            one_table(sim);
            assert!(sim.the_tab(&key()).shown.indexes.contains_key("by-city"));
        }),
    };
    survives(&story);
}

#[test]
fn building_an_index_anew_survives_every_fault_at_every_call() {
    let before = table("users").index("email").at_once();
    let after = table("users").index_keyed("email", "address").recreating().at_once();
    let is_new = |sim: &Tables| {
        sim.the_tab(&key()).shown.indexes.get("by-email").is_some_and(|index| index.index.hash[0].name == "address")
    };
    survives(&change(before, after, is_new));
}

#[test]
fn switching_the_billing_mode_there_and_back_survives_every_fault_at_every_call() {
    let (cheap, fixed) =
        (|| table("users").index("email").on_demand(), || table("users").index("email").provisioned(5, 5));
    survives(&change(cheap(), fixed(), |sim| sim.the_tab(&key()).mode() == BillingMode::Provisioned));
    survives(&change(fixed(), cheap(), |sim| sim.the_tab(&key()).mode() == BillingMode::PayPerRequest));
}

#[test]
fn taking_autoscaling_away_for_on_demand_survives_every_fault_at_every_call() {
    let after = table("users").on_demand().with(|spec| spec.autoscaling = Some(Default::default()));
    let holds = |sim: &Tables| {
        sim.the_tab(&key()).mode() == BillingMode::PayPerRequest && sim.aws(|aws| aws.targets.is_empty())
    };
    survives(&change(table("users").provisioned(5, 5).autoscaled(5, 50), after, holds));
}

#[test]
fn adding_a_replica_survives_every_fault_at_every_call() {
    let has_it = |sim: &Tables| sim.the_tab(&key()).shown.replicas.contains_key("eu-west-1");
    survives(&change(table("users"), table("users").replica("eu-west-1"), has_it));
}

fn deletion(policy: DeletionPolicy, manifest: Table) -> Story {
    Story {
        before: settled(manifest.deletion(policy)),
        act: Box::new(|sim| sim.delete(&key())),
        done: Box::new(|sim| sim.is_gone(&key())),
        check: Box::new(move |sim| {
            assert!(sim.kube(|kube| kube.secrets.is_empty()), "the Secrets go with the table");
            sim.aws(|aws| {
                assert_eq!(aws.made, ["shop-users"]);
                assert!(aws.tables.is_empty() && aws.targets.is_empty(), "nothing is left behind");
                assert_eq!(aws.deleted.len(), 1, "it is deleted once");
                let at = aws.deleted[0].at;
                let good = aws.backups.iter().filter(|copy| {
                    copy.shown.status == "AVAILABLE" && copy.shown.created.is_some_and(|made| made < at)
                });
                let taken = good.count();
                let fits = if policy == DeletionPolicy::Snapshot { (1..=2).contains(&taken) } else { taken == 0 };
                assert!(fits, "{taken} backups made before the deletion: {:?}", aws.backups);
            });
        }),
    }
}

#[test]
fn deleting_with_a_backup_survives_every_fault_at_every_call() {
    survives_all(&deletion(DeletionPolicy::Snapshot, table("users")));
}

#[test]
fn deleting_without_a_backup_survives_every_fault_at_every_call() {
    survives_all(&deletion(DeletionPolicy::Delete, table("users").index("email")));
}

#[test]
fn deleting_autoscaled_capacity_leaves_no_target_whatever_the_fault() {
    survives(&deletion(DeletionPolicy::Delete, table("users").provisioned(5, 5).autoscaled(5, 50)));
}

#[test]
fn deleting_a_global_table_survives_every_fault_at_every_call() {
    survives(&deletion(DeletionPolicy::Delete, table("users").replica("eu-west-1")));
}

#[test]
fn restoring_a_backup_survives_every_fault_and_claims_the_table_that_came_of_it() {
    let mut backup = String::new();
    let before = universe(|sim: &mut Tables| {
        sim.apply(table("old").index("email"));
        sim.settle();
        let now = sim.now();
        backup = sim.aws(|aws| aws.take_backup("shop-old", "monday", now));
    });
    let story = Story {
        before,
        act: Box::new(move |sim| {
            sim.apply(table("users").index("email").restored_from(&backup).streaming("KEYS_ONLY"));
        }),
        done: Box::new(at_rest),
        check: Box::new(|sim| {
            sim.aws(|aws| assert_eq!(aws.made, ["shop-old", "shop-users"]));
            let tab = sim.the_tab(&key());
            assert_eq!(tab.tags["awsdb.dev/owner"], "test/DynamoTable/shop/users");
            assert!(tab.shown.stream_arn.is_some());
        }),
    };
    survives(&story);
}

#[test]
fn making_a_lost_table_again_by_approval_survives_every_fault_at_every_call() {
    let before = universe(|sim: &mut Tables| {
        sim.apply(table("users"));
        sim.settle();
        sim.aws(|aws| aws.delete_behind_our_back("shop-users"));
        sim.run(300);
    });
    let story = Story {
        before,
        act: Box::new(|sim| sim.approve(&key())),
        done: Box::new(at_rest),
        check: Box::new(|sim| sim.aws(|aws| assert_eq!(aws.made, ["shop-users", "shop-users"], "made again once"))),
    };
    survives(&story);
}

#[test]
fn taking_a_table_over_survives_every_fault_at_every_call() {
    let before = universe(|sim: &mut Tables| {
        sim.apply(table("users"));
        sim.settle();
        sim.delete(&key());
        sim.with_tab("shop-users", |tab| {
            tab.tags.clear();
            tab.tags.insert(ALLOW_TAG.into(), "test/shop".into());
        });
        sim.kube(|kube| kube.secrets.clear());
    });
    let story = Story {
        before,
        act: Box::new(|sim| {
            sim.apply(table("users").adopting().destroyed_on_delete());
        }),
        done: Box::new(at_rest),
        check: Box::new(|sim| {
            one_table(sim);
            let tagged = sim.calls(0).iter().filter(|c| c.operation == "TagResource" && c.took_effect).count();
            assert!((1..=2).contains(&tagged), "{tagged}");
            assert_eq!(sim.sent("UpdateTable"), 0);
        }),
    };
    survives(&story);
}

#[test]
fn two_crashes_in_one_creation_or_deletion_are_survived_too() {
    creation(table("users").recoverable(7)).survives_two_crashes_within(14);
    deletion(DeletionPolicy::Snapshot, table("users")).survives_two_crashes_within(14);
}
