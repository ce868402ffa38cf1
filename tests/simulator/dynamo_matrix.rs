//! Each change on top of each other: while the one is going on, the other is sent only if AWS takes it, and both are there in
//! the end (the admission matrix, aws-dynamodb-elasticache-dms.md 1.2).

use awsdb::kinds::dynamo::DynamoTable;

use crate::sim::builder::Manifest;
use crate::sim::dynamo::{Tables, table};
use crate::sim::settled;

type Change = (&'static str, fn(Manifest<DynamoTable>) -> Manifest<DynamoTable>);

/// What an on-demand table can be asked for, each a call of its own.
const CHANGES: [Change; 12] = [
    ("stream", |it| it.streaming("KEYS_ONLY")),
    ("class", Manifest::infrequent),
    ("key", |it| it.encrypted_with("two")),
    ("warm", |it| it.warm(20000, 8000)),
    ("cap", |it| it.capped(100, 100)),
    ("index", |it| it.index("city")),
    ("replica", |it| it.replica("eu-west-1")),
    ("protection", |it| it.guarded(true)),
    ("ttl", |it| it.expiring("expires")),
    ("recovery", |it| it.recoverable(7)),
    ("policy", |it| it.policy("{}")),
    ("tags", |it| it.tag("team", "a")),
];

fn refused(sim: &Tables, mark: usize) -> Vec<String> {
    let calls = sim.calls(mark).into_iter().filter(|call| call.writes && !call.took_effect);
    calls.map(|call| format!("{} {}", call.operation, call.detail)).collect()
}

#[test]
fn nothing_is_sent_that_the_table_does_not_take_while_it_does_something_else() {
    let (start, key) = settled(table("users").index("email"));
    let start = start.snapshot();
    for (first, begin) in CHANGES {
        for (second, then) in CHANGES.iter().filter(|(second, _)| *second != first) {
            if [first, *second].contains(&"replica") && [first, *second].contains(&"stream") {
                continue; // A global table has a stream of its own.
            }
            let mut sim = Tables::over(start.clone(), Default::default());
            let mark = sim.mark();
            sim.apply(begin(table("users").index("email")));
            sim.until("the first is sent", |sim| !sim.aws_writes(mark).is_empty());
            sim.apply(then(begin(table("users").index("email"))));
            sim.until(&format!("{second} is there after {first}"), |sim| sim.is_at_rest(&key));
            let refused = refused(&sim, mark);
            assert!(refused.is_empty(), "{second} during {first}: {refused:#?}");
            // A replica gets the owner's tags in its own region.
            let calls = if [first, *second].contains(&"replica") { 3 } else { 2 };
            assert_eq!(sim.aws_writes(mark).len(), calls, "{second} during {first}: {}", sim.report());
        }
    }
}

#[test]
fn changes_of_provisioned_capacity_are_not_sent_on_top_of_anything_either() {
    let manifest = || table("users").index("email").provisioned(5, 5);
    let (start, key) = settled(manifest());
    let start = start.snapshot();
    for (first, begin) in CHANGES.iter().filter(|(first, _)| !["cap", "replica", "index"].contains(first)) {
        for after in [|it: Manifest<DynamoTable>| it.provisioned(9, 9), Manifest::on_demand] {
            let mut sim = Tables::over(start.clone(), Default::default());
            let mark = sim.mark();
            sim.apply(begin(manifest()));
            sim.until("the first is sent", |sim| !sim.aws_writes(mark).is_empty());
            sim.apply(after(begin(manifest())));
            sim.until(&format!("the capacity follows {first}"), |sim| sim.is_at_rest(&key));
            let refused = refused(&sim, mark);
            assert!(refused.is_empty(), "capacity during {first}: {refused:#?}");
        }
    }
}

#[test]
fn an_index_that_is_no_longer_wanted_is_broken_off_while_it_is_filled() {
    let (mut sim, key) = settled(table("users").index("city"));
    sim.apply(table("users").index("city").index("email"));
    sim.until("it is being filled", |sim| {
        sim.the_tab(&key).shown.indexes.get("by-email").is_some_and(|index| index.is_backfilling)
    });
    let mark = sim.mark();
    sim.apply(table("users").index("city"));
    sim.round();
    sim.approve(&key);
    sim.until("it is gone", |sim| sim.is_at_rest(&key));
    assert_eq!(sim.the_tab(&key).shown.indexes.keys().collect::<Vec<_>>(), ["by-city"]);
    assert!(refused(&sim, mark).is_empty());
}

#[test]
fn indexes_and_replicas_of_one_manifest_follow_one_another_without_a_refusal() {
    let after = table("users").index("email").index("city").index("phone").replica("eu-west-1").replica("ap-south-1");
    let (mut sim, key) = settled(table("users"));
    let mark = sim.mark();
    sim.apply(after);
    sim.until("all are there", |sim| sim.is_at_rest(&key));
    assert_eq!((sim.sent_since(mark, "UpdateTable"), sim.sent_since(mark, "TagResource")), (5, 2));
    assert!(refused(&sim, mark).is_empty());
}
