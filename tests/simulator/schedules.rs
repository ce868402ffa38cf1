//! DbSnapshots by the clock: made when their slot comes, once, and pruned only when newer ones are ready.

use awsdb::aws::owner::OWNER_TAG;
use awsdb::kinds::snapshot::{DbSnapshot, DbSnapshotFacts};
use awsdb::schedule::{SCHEDULE_OF, SLOT};
use awsdb::spec::{ManagementPolicy, annotation};
use jiff::SignedDuration;
use kube::ResourceExt;

use crate::sim::builder::rds;
use crate::sim::dynamo::{Tables, table};
use crate::sim::faults::{At, Fault};
use crate::sim::kube::Key;
use crate::sim::scenario::Scenario;
use crate::sim::service::Object;
use crate::sim::{Sim, Simulation, settled, settled_in};

const DAILY: &str = "0 3 * * *";
const DAY: i64 = 24 * 3600;

fn key() -> Key {
    ("shop".into(), "orders".into())
}

impl<K: Object> Simulation<K> {
    fn snapshots(&self) -> Vec<DbSnapshot> {
        self.kube(|kube| kube.snapshots.values().cloned().collect())
    }

    /// Names of the DbSnapshots, without that of their database.
    fn slots(&self) -> Vec<String> {
        let name = |one: &DbSnapshot| Some(one.name_any().strip_prefix("orders-")?.to_string());
        self.snapshots().iter().filter_map(name).collect()
    }

    /// The operator of DbSnapshots says so of one.
    fn becomes(&self, slot: &str, state: &str) {
        let key = ("shop".to_string(), format!("orders-{slot}"));
        let arn = format!("arn:aws:rds:us-east-1:123456789012:snapshot:{}", key.1);
        self.kube(|kube| kube.snapshot_is(&key, state, DbSnapshotFacts::default(), &arn));
    }

    /// Every DbSnapshot becomes ready.
    fn all_ready(&self) {
        for slot in self.slots() {
            self.becomes(&slot, "available");
        }
    }
}

#[test]
fn each_slot_makes_one_snapshot_of_this_database_when_it_comes() {
    let (mut sim, key) = settled(rds().scheduled(DAILY, 7).tag("team", "a"));
    sim.run(600);
    assert!(sim.slots().is_empty(), "slots before the schedule do not count");
    for _ in 0..2000 {
        if sim.slots().is_empty() {
            sim.round();
        }
    }
    let slot = "2026-11-17T03:00:00Z".parse().unwrap();
    let late = sim.now().duration_since(slot);
    assert!(late >= SignedDuration::ZERO && late < SignedDuration::from_secs(2), "{late} after the slot");
    sim.run(2 * DAY);
    assert_eq!(sim.slots(), ["20261117-0300", "20261118-0300", "20261119-0300"]);
    let first = &sim.snapshots()[0];
    let uid = sim.object(&key).unwrap().uid().unwrap();
    assert_eq!((&first.labels()[SCHEDULE_OF], first.annotations()[SLOT].as_str()), (&uid, "2026-11-17T03:00:00Z"));
    assert!(first.metadata.owner_references.is_none() && first.spec.shared.tags.is_none());
    let source = first.spec.source.clone().unwrap();
    assert_eq!(source.rds_instance.unwrap().name.as_deref(), Some("orders"));
    assert!(sim.events().iter().any(|text| text.contains("orders-20261117-0300 is made for the slot")));
    assert!(sim.is_settled(&key));
}

#[test]
fn a_table_has_a_schedule_too() {
    let (mut sim, _) = settled_in(
        Tables::quick(),
        table("orders").with(|spec| {
            spec.snapshot_schedule = Some(awsdb::spec::SnapshotSchedule { cron: DAILY.into(), retain: 1 });
        }),
    );
    sim.run(DAY);
    let source = sim.snapshots()[0].spec.source.clone().unwrap();
    assert_eq!(source.dynamo_table.unwrap().name.as_deref(), Some("orders"));
}

#[test]
fn old_ones_go_only_when_as_many_newer_ones_are_ready() {
    let (mut sim, _) = settled(rds().scheduled(DAILY, 2));
    sim.run(2 * DAY);
    sim.all_ready();
    sim.run(DAY);
    assert_eq!(sim.slots(), ["20261117-0300", "20261118-0300", "20261119-0300"], "the newest is not ready");
    sim.becomes("20261119-0300", "failed");
    sim.run(DAY - 600);
    assert_eq!(sim.slots().len(), 3 + usize::from(sim.slots().contains(&"20261120-0300".to_string())));
    sim.run(DAY);
    sim.becomes("20261120-0300", "available");
    sim.run(600);
    assert!(!sim.slots().contains(&"20261117-0300".to_string()), "two newer ones are ready: {:?}", sim.slots());
    assert!(sim.slots().contains(&"20261118-0300".to_string()), "a failed one does not count");
    assert!(sim.slots().contains(&"20261119-0300".to_string()), "nor does it go before its time");
    assert!(sim.events().iter().any(|text| text.contains("orders-20261117-0300 is deleted: the schedule keeps 2")));
}

#[test]
fn what_the_schedule_did_not_make_is_never_pruned() {
    let (mut sim, key) = settled(rds().scheduled(DAILY, 1));
    let uid = sim.object(&key).unwrap().uid().unwrap();
    sim.run(DAY);
    sim.all_ready();
    sim.kube(|kube| {
        let mut own = kube.snapshots.values().next().unwrap().clone();
        let mut put = |name: &str, label: Option<&str>, slot: bool| {
            own.metadata.name = Some(name.into());
            own.metadata.labels = label.map(|label| [(SCHEDULE_OF.into(), label.into())].into());
            own.annotations_mut().insert(SLOT.into(), "2026-01-01T03:00:00Z".into());
            if !slot {
                own.annotations_mut().remove(SLOT);
            }
            kube.snapshots.insert(("shop".into(), name.into()), own.clone());
        };
        put("by-hand", None, true);
        put("of-another", Some("other-uid"), true);
        put("kept-by-its-user", Some(&uid), false);
    });
    sim.run(3 * DAY);
    sim.all_ready();
    sim.run(DAY);
    for name in ["by-hand", "of-another", "kept-by-its-user"] {
        assert!(sim.kube(|kube| kube.snapshots.contains_key(&("shop".into(), name.into()))), "{name}");
    }
    assert!(!sim.slots().contains(&"20261117-0300".to_string()));
}

#[test]
fn after_an_absence_only_the_newest_slot_is_made_up_for() {
    let (mut sim, key) = settled(rds().scheduled(DAILY, 7));
    sim.annotate(&key, annotation::PAUSED, "true");
    sim.run(5 * DAY);
    assert!(sim.slots().is_empty(), "nothing while it is paused");
    sim.annotate(&key, annotation::PAUSED, "false");
    sim.run(60);
    assert_eq!(sim.slots(), ["20261121-0300"]);
    sim.run(600);
    assert_eq!(sim.slots().len(), 1);
}

#[test]
fn a_schedule_acts_for_a_database_that_is_managed_and_serves_and_for_no_other() {
    let policies = [ManagementPolicy::Observe, ManagementPolicy::Plan];
    for policy in policies {
        let (mut sim, key) = settled(rds().scheduled(DAILY, 7));
        sim.edit(&key, |object| object.spec.shared.management_policy = policy);
        sim.run(2 * DAY);
        assert!(sim.slots().is_empty(), "{policy:?}");
    }
    for (status, tags) in [("storage-full", true), ("available", false)] {
        let (mut sim, _) = settled(rds().scheduled(DAILY, 7));
        sim.with_db("shop-orders", |db| {
            db.shown.status = status.into();
            if !tags {
                db.shown.tags.remove(OWNER_TAG);
            }
        });
        sim.run(DAY);
        assert!(sim.slots().is_empty(), "{status}, ours: {tags}");
    }
    let (mut sim, _) = settled(rds().scheduled(DAILY, 7));
    sim.with_db("shop-orders", |db| db.shown.resource_id = "db-NAMESAKE".into());
    sim.run(DAY);
    assert!(sim.slots().is_empty(), "another database under its name");
}

#[test]
fn another_expression_counts_from_its_own_beginning() {
    let (mut sim, key) = settled(rds().scheduled(DAILY, 7));
    sim.run(DAY);
    assert_eq!(sim.slots(), ["20261117-0300"]);
    sim.edit(&key, |object| object.spec.snapshot_schedule.as_mut().unwrap().cron = "0 4 * * *".into());
    sim.run(600);
    assert_eq!(sim.slots(), ["20261117-0300"], "04:00 of today was before the change");
    sim.run(DAY);
    assert_eq!(sim.slots(), ["20261117-0300", "20261118-0400"]);
    sim.edit(&key, |object| object.spec.snapshot_schedule = None);
    sim.run(DAY);
    assert_eq!(sim.slots().len(), 2, "they stay");
    assert!(!sim.shared_status(&key).journal.notes.contains_key("schedule"));
}

#[test]
fn a_wrong_expression_is_said_and_stops_nothing_else() {
    let (mut sim, key) = settled(rds().scheduled(DAILY, 7));
    sim.edit(&key, |object| object.spec.snapshot_schedule.as_mut().unwrap().cron = "*/5 * * * *".into());
    sim.edit(&key, |object| object.spec.settings.backup_retention_period = Some(9));
    sim.run(600);
    assert_eq!(sim.reason(&key, "Stalled"), "InvalidSpec", "{}", sim.report());
    assert!(sim.message(&key, "Stalled").contains("spec.snapshotSchedule.cron: \"*/5 * * * *\" comes every 5 minutes"));
    assert!(sim.is_true(&key, "Ready"));
    assert_eq!(sim.the_db(&key).shown.settings.backup_retention_period, Some(9));
}

#[test]
fn a_clock_that_jumps_makes_no_slot_twice_and_loses_no_schedule() {
    let (mut sim, key) = settled(rds().scheduled(DAILY, 7));
    sim.run(DAY);
    assert_eq!(sim.slots(), ["20261117-0300"]);
    // The next leader's clock is behind: the slot comes a second time.
    let back = sim.now() - SignedDuration::from_hours(8);
    sim.shared.lock().now = back;
    sim.restart();
    sim.run(DAY + 7200);
    assert_eq!(sim.slots(), ["20261117-0300", "20261118-0300"]);
    // A clock that was a year ahead once must not silence the schedule for a year.
    sim.kube(|kube| {
        kube.edit(&key, |object| {
            let journal = &mut object.status.as_mut().unwrap().shared.journal;
            journal.notes.insert("schedule".into(), format!("{DAILY}|2027-11-17T03:00:00Z"));
        });
    });
    sim.run(2 * DAY);
    assert_eq!(sim.slots().last().unwrap(), "20261120-0300");
}

#[test]
fn names_that_others_have_are_left_to_them() {
    let (mut sim, _) = settled(rds().scheduled(DAILY, 7));
    sim.becomes("20261117-0300", "available");
    sim.run(DAY);
    let made: Vec<_> = sim.snapshots().into_iter().filter(|one| one.labels().contains_key(SCHEDULE_OF)).collect();
    assert_eq!(made.len(), 1, "under another name: {:?}", sim.slots());
    assert!(made[0].name_any().starts_with("orders-") && made[0].name_any().ends_with("-20261117-0300"));
    // Both names are taken at the next slot: it is said, and the schedule goes on.
    let other = made[0].name_any().replace("20261117", "20261118");
    sim.becomes("20261118-0300", "available");
    sim.becomes(other.trim_start_matches("orders-"), "available");
    sim.run(2 * DAY);
    assert!(sim.events().iter().any(|text| text.contains("No DbSnapshot is made for the slot 2026-11-18T03:00:00Z")));
    assert!(sim.slots().contains(&"20261119-0300".to_string()));
}

#[test]
fn nothing_is_listed_between_the_slots() {
    let (mut sim, _) = settled(rds().scheduled(DAILY, 7));
    sim.run(DAY);
    sim.all_ready();
    sim.run(600);
    let mark = sim.mark();
    sim.run(12 * 3600);
    let calls = sim.calls(mark);
    assert!(calls.iter().all(|call| call.operation != "snapshots"), "a list a round is dear");
    assert_eq!(sim.kube_writes_since(mark), 0);
}

#[test]
fn a_cluster_that_refuses_snapshots_still_has_its_database_looked_after() {
    let (mut sim, key) = settled(rds().scheduled(DAILY, 7));
    sim.fault(At::Each("create_snapshot"), Fault::RequestLost);
    sim.run(DAY);
    assert!(sim.message(&key, "Stalled").contains("spec.snapshotSchedule: its DbSnapshots cannot be kept"));
    sim.edit(&key, |object| object.spec.settings.backup_retention_period = Some(9));
    sim.run(600);
    assert_eq!(sim.the_db(&key).shown.settings.backup_retention_period, Some(9));
    sim.shared.lock().faults.clear();
    sim.run(600);
    assert_eq!(sim.slots(), ["20261117-0300"], "the slot was made up for");
    assert!(sim.is_settled(&key), "{}", sim.report());
}

/// A slot that comes while the second of two is kept: it makes one and deletes the other.
fn turn() -> Scenario {
    let (mut sim, _) = settled(rds().scheduled(DAILY, 1));
    sim.run(DAY);
    sim.all_ready();
    sim.run(17 * 3600 - 1800);
    Scenario {
        before: sim.snapshot(),
        act: Box::new(|sim: &mut Sim| {
            let before: jiff::Timestamp = "2026-11-18T02:59:58Z".parse().unwrap();
            sim.shared.lock().advance(before);
            sim.restart();
        }),
        done: Box::new(|sim| {
            sim.all_ready();
            sim.is_settled(&key()) && sim.slots() == ["20261118-0300"]
        }),
        check: Box::new(|sim| {
            assert_eq!(sim.slots(), ["20261118-0300"]);
            assert!(sim.aws(|aws| aws.deleted.is_empty() && aws.made == ["shop-orders"]));
        }),
    }
}

#[test]
fn a_turn_of_the_schedule_survives_every_fault_at_every_call() {
    turn().survives_every_fault();
}
