//! Whose a table is: adoption, observation, plans, other owners, other accounts, lost and replaced tables, two operators.

use awsdb::aws::dynamo::{BillingMode, Encryption, KeyAttribute, Keys, Settings, Stream, Table, TableClass};
use awsdb::aws::owner::ALLOW_TAG;
use awsdb::spec::annotation;

use crate::sim::builder::Manifest;
use crate::sim::dynamo::{Tab, Tables, rich, table};
use crate::sim::kube::Key;
use crate::sim::{Setup, settled};

type Wanted = Manifest<awsdb::kinds::dynamo::DynamoTable>;

fn foreign(name: &str, tags: &[(&str, &str)]) -> Tab {
    let settings = Settings {
        billing_mode: Some(BillingMode::PayPerRequest),
        table_class: Some(TableClass::Standard),
        stream: Some(Stream::default()),
        encryption: Some(Encryption::default()),
        deletion_protection: Some(false),
        ..Settings::default()
    };
    let shown = Table {
        arn: format!("arn:aws:dynamodb:us-east-1:123456789012:table/{name}"),
        id: "table-id-FOREIGN".into(),
        status: "ACTIVE".into(),
        keys: Keys { hash: KeyAttribute { name: "id".into(), ..KeyAttribute::default() }, range: None },
        settings,
        ..Table::default()
    };
    Tab::standing(shown, tags.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect())
}

fn with_foreign(tags: &[(&str, &str)], manifest: Wanted) -> (Tables, Key) {
    let mut sim = Tables::quick();
    sim.aws(|aws| aws.tables.insert("shop-users".into(), foreign("shop-users", tags)));
    let key = sim.apply(manifest);
    (sim, key)
}

#[test]
fn a_table_of_nobody_is_not_touched_without_the_users_word() {
    let (mut sim, key) = with_foreign(&[(ALLOW_TAG, "test/shop")], table("users").destroyed_on_delete());
    sim.run(600);
    assert_eq!(sim.reason(&key, "Stalled"), "Conflict");
    assert!(sim.message(&key, "Stalled").contains("spec.adoption: IfExists"));
    sim.delete(&key);
    sim.run(300);
    assert!(sim.is_gone(&key) && sim.aws_writes(0).is_empty());
    assert!(sim.aws(|aws| aws.tables.contains_key("shop-users")));
}

#[test]
fn a_table_of_nobody_is_not_touched_without_the_word_of_the_aws_side() {
    for tags in [vec![], vec![(ALLOW_TAG, "test/other")], vec![(ALLOW_TAG, "other/shop")]] {
        let (mut sim, key) = with_foreign(&tags, table("users").adopting());
        sim.run(600);
        assert_eq!(sim.reason(&key, "Stalled"), "NotAllowed");
        assert!(sim.aws_writes(0).is_empty());
    }
}

#[test]
fn a_table_that_is_as_the_spec_says_is_taken_over_by_tagging_alone() {
    for allowed in ["test/shop", "test/*"] {
        let (mut sim, key) = with_foreign(&[(ALLOW_TAG, allowed)], table("users").adopting());
        sim.settle();
        assert!(sim.names_it(&key));
        sim.run(1300);
        assert_eq!(sim.aws_writes(0), ["TagResource"], "{}", sim.report());
    }
}

#[test]
fn a_take_over_that_would_change_something_waits_for_its_approval() {
    let manifest = || table("users").adopting().index("email");
    let (mut sim, key) = with_foreign(&[(ALLOW_TAG, "test/shop")], manifest());
    sim.run(600);
    assert!(sim.aws_writes(0).is_empty());
    assert_eq!(sim.reason(&key, "Synced"), "WaitingForApproval", "{}", sim.report());
    let step = sim.shared_status(&key).plan.unwrap().steps[0].clone();
    assert!(step.changes.iter().any(|change| change.field.contains("by-email")), "{step:?}");
    sim.approve(&key);
    sim.until("it is ours and indexed", |sim| sim.is_at_rest(&key));
    assert_eq!(sim.aws_writes(0), ["TagResource", "UpdateTable"]);
}

#[test]
fn a_table_with_other_keys_is_not_taken_over_by_itself() {
    let (mut sim, key) = with_foreign(&[(ALLOW_TAG, "test/shop")], table("users").hash("other").adopting());
    sim.run(600);
    assert!(sim.aws_writes(0).is_empty());
    assert_eq!(sim.reason(&key, "Stalled"), "InvalidSpec", "{}", sim.report());
}

#[test]
fn another_owners_table_is_never_adopted_nor_deleted() {
    let tags = [
        (ALLOW_TAG, "test/*"),
        ("awsdb.dev/owner", "test/DynamoTable/other/users"),
        ("awsdb.dev/cluster", "cluster-1"),
    ];
    let (mut sim, key) = with_foreign(&tags, table("users").adopting().destroyed_on_delete());
    sim.run(600);
    assert_eq!(sim.reason(&key, "Stalled"), "Conflict");
    assert!(sim.message(&key, "Stalled").contains("test/DynamoTable/other/users"));
    sim.delete(&key);
    sim.run(300);
    assert!(sim.is_gone(&key) && sim.aws_writes(0).is_empty());
}

#[test]
fn a_table_that_lost_its_owner_tag_is_neither_changed_nor_deleted() {
    let (mut sim, key) = settled(table("users").destroyed_on_delete());
    sim.with_tab("shop-users", |tab| tab.tags.clear());
    let mark = sim.mark();
    sim.apply(table("users").destroyed_on_delete().index("email"));
    sim.run(1300);
    assert!(sim.aws_writes(mark).is_empty());
    assert_eq!(sim.reason(&key, "Stalled"), "Conflict");
    sim.delete(&key);
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty() && !sim.is_gone(&key));
}

#[test]
fn observe_never_changes_anything_whatever_differs() {
    let manifest = || table("users").observed();
    let (mut sim, key) = with_foreign(&[(ALLOW_TAG, "test/shop")], manifest());
    sim.settle();
    sim.apply(rich("users").observed().provisioned(5, 5));
    sim.run(3600);
    assert!(sim.is_settled(&key) && sim.names_it(&key), "{}", sim.report());
    sim.delete(&key);
    sim.run(60);
    assert!(sim.is_gone(&key) && sim.aws_writes(0).is_empty());
}

#[test]
fn observe_shows_nothing_of_a_table_that_the_aws_side_does_not_allow_and_makes_none() {
    for tags in [vec![], vec![(ALLOW_TAG, "test/other")]] {
        let (mut sim, key) = with_foreign(&tags, table("users").observed());
        sim.run(600);
        assert_eq!(sim.reason(&key, "Stalled"), "NotAllowed");
        assert_eq!(sim.shared_status(&key).arn, None);
        assert!(sim.secret("shop", "users-connection").is_none());
    }
    let mut sim = Tables::quick();
    let key = sim.apply(table("users").observed());
    sim.run(600);
    assert_eq!(sim.reason(&key, "Synced"), "NotFound");
    assert!(sim.aws_writes(0).is_empty());
}

#[test]
fn policy_plan_shows_every_call_and_makes_none_before_its_approval() {
    let mut sim = Tables::quick();
    let key = sim.apply(table("users").planned());
    sim.run(600);
    assert!(sim.aws_writes(0).is_empty());
    let plan = sim.shared_status(&key).plan.unwrap();
    assert_eq!((plan.steps[0].call.as_str(), plan.steps[0].when.as_str()), ("CreateTable", "approval"));
    sim.approve(&key);
    sim.until("it is there", |sim| sim.is_at_rest(&key));
    let mark = sim.mark();
    sim.apply(table("users").planned().index("email").tag("a", "b"));
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty(), "the approval was for the create alone");
    sim.approve(&key);
    sim.until("both are done", |sim| sim.is_at_rest(&key));
    assert_eq!(sim.aws_writes(mark).len(), 2, "{}", sim.report());
}

#[test]
fn a_paused_table_is_left_alone_deletion_included() {
    let (mut sim, key) = settled(table("users").destroyed_on_delete());
    sim.annotate(&key, annotation::PAUSED, "true");
    let mark = sim.mark();
    sim.apply(table("users").destroyed_on_delete().index("email"));
    sim.delete(&key);
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty() && !sim.is_gone(&key));
}

#[test]
fn credentials_of_another_account_create_nothing_and_believe_no_absence() {
    let (mut sim, key) = settled(table("users").destroyed_on_delete());
    let mark = sim.mark();
    let there = sim.aws(|aws| {
        aws.account = "999999999999".into();
        std::mem::take(&mut aws.tables)
    });
    sim.run(1200);
    assert_eq!(sim.reason(&key, "Stalled"), "WrongAccount");
    sim.delete(&key);
    sim.run(1200);
    assert!(!sim.is_gone(&key) && sim.aws_writes(mark).is_empty());
    sim.aws(|aws| {
        aws.account = "123456789012".into();
        aws.tables = there;
    });
    sim.until("it is gone", |sim| sim.is_gone(&key));
    assert_eq!(sim.aws(|aws| aws.deleted.len()), 1);
}

#[test]
fn a_lost_table_is_not_made_again_by_itself() {
    let (mut sim, key) = settled(table("users"));
    sim.aws(|aws| aws.delete_behind_our_back("shop-users"));
    let mark = sim.mark();
    sim.run(86400);
    assert!(sim.aws_writes(mark).is_empty());
    assert_eq!(sim.reason(&key, "Stalled"), "ExternallyDeleted");
    let plan = sim.shared_status(&key).plan.unwrap();
    assert_eq!((plan.steps[0].class.as_str(), plan.steps[0].when.as_str()), ("replacement", "approval"));
    sim.approve(&key);
    sim.until("it is there again", |sim| sim.is_at_rest(&key));
    assert_eq!(sim.aws_writes(mark), ["CreateTable"]);
}

#[test]
fn a_lost_table_is_made_again_with_its_first_items() {
    let mut sim = Tables::quick();
    sim.items_in("seed", &[serde_json::json!({"id": {"S": "a"}})]);
    let key = sim.apply(table("users").items_from("seed"));
    sim.settle();
    sim.aws(|aws| aws.delete_behind_our_back("shop-users"));
    sim.run(600);
    assert_eq!(sim.reason(&key, "Stalled"), "ExternallyDeleted");
    sim.approve(&key);
    sim.until("it is there again", |sim| sim.is_at_rest(&key));
    assert_eq!(sim.the_tab(&key).items.len(), 1);
}

#[test]
fn a_table_that_was_replaced_meanwhile_is_neither_changed_nor_deleted() {
    let (mut sim, key) = settled(table("users").destroyed_on_delete());
    sim.with_tab("shop-users", |tab| tab.shown.id = "table-id-ANOTHER".into());
    let mark = sim.mark();
    sim.apply(table("users").destroyed_on_delete().index("email"));
    sim.run(600);
    assert_eq!(sim.reason(&key, "Stalled"), "IdentityChanged", "{}", sim.report());
    let held = sim.snapshot();
    sim.delete(&key);
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty() && !sim.is_gone(&key));
    let mut sim = Tables::over(held, Setup::default());
    sim.approve(&key);
    sim.until("it is accepted", |sim| sim.is_at_rest(&key));
    assert_eq!(sim.shared_status(&key).journal.notes["resourceId"], "table-id-ANOTHER");
}

#[test]
fn tags_that_aws_does_not_tell_yet_or_may_not_tell_hold_everything() {
    let (mut sim, key) = settled(table("users").destroyed_on_delete());
    sim.aws(|aws| aws.unread.insert("tags", "AccessDenied".into()));
    let mark = sim.mark();
    sim.apply(table("users").destroyed_on_delete().index("email"));
    sim.run(1300);
    assert!(sim.aws_writes(mark).is_empty());
    sim.delete(&key);
    sim.run(600);
    assert!(!sim.is_gone(&key) && sim.aws_writes(mark).is_empty());
    sim.aws(|aws| aws.unread.clear());
    sim.until("it is gone", |sim| sim.is_gone(&key));
}

#[test]
fn a_part_that_may_not_be_read_is_never_taken_for_absent_and_stops_no_other() {
    let parts = [
        ("timeToLive", table("users").expiring("expires")),
        ("continuousBackups", table("users").recoverable(7)),
        ("resourcePolicy", table("users").policy("{}")),
        ("contributorInsights", table("users").insights(true)),
        ("kinesisDestinations", table("users").kinesis("changes")),
    ];
    for (part, after) in parts {
        let (mut sim, key) = settled(table("users"));
        sim.aws(|aws| aws.unread.insert(part, "AccessDenied".into()));
        let mark = sim.mark();
        sim.apply(after.streaming("KEYS_ONLY"));
        sim.run(1300);
        assert_eq!(sim.aws_writes(mark), ["UpdateTable"], "{part}: the stream alone");
        assert!(!sim.is_true(&key, "Synced"), "{part}: nobody knows");
        sim.aws(|aws| aws.unread.clear());
        sim.until("it is there", |sim| sim.is_at_rest(&key));
    }
}

#[test]
fn a_table_that_cannot_be_read_is_named_without_a_call() {
    let mut sim = Tables::quick();
    sim.aws(|aws| aws.unreadable = Some(("AccessDeniedException", "not authorized to perform dynamodb:DescribeTable")));
    let key = sim.apply(table("users"));
    sim.run(1800);
    assert_eq!(sim.reason(&key, "Stalled"), "AccessDenied", "{}", sim.report());
    assert!(sim.aws_writes(0).is_empty() && sim.kube_writes() <= 2);
}

// --- two operators -------------------------------------------------------------------------------------------------------

/// AWS of the one is from now on AWS of the other: two clusters with one account, never in the same instant.
fn hand_over(from: &Tables, to: &mut Tables) {
    let now = from.now().max(to.now());
    {
        let (mut from, mut to) = (from.shared.lock(), to.shared.lock());
        std::mem::swap(&mut from.aws, &mut to.aws);
    }
    to.shared.lock().advance(now);
    let keys = to.kube(|kube| kube.keys());
    keys.iter().for_each(|key| to.touch(key));
}

#[test]
fn two_clusters_with_a_copied_values_file_do_not_fight_over_a_table() {
    let manifest = || table("users").destroyed_on_delete();
    let (mut first, key) = settled(manifest().tag("team", "a"));
    let mut installation = Setup::default().installation;
    installation.cluster = "cluster-2".into();
    let setup = Setup { installation, ..Setup::default() };
    let mut second = Tables::with(crate::sim::dynamo::Timing::quick(), setup);
    second.apply(manifest().tag("team", "b"));
    let mark = first.mark();
    for _ in 0..6 {
        hand_over(&first, &mut second);
        second.run(120);
        hand_over(&second, &mut first);
        first.run(120);
    }
    assert!(first.aws_writes(mark).is_empty() && second.aws_writes(0).is_empty(), "{:?}", second.aws_writes(0));
    assert!(first.is_settled(&key));
    assert_eq!(second.reason(&key, "Stalled"), "Conflict");
    hand_over(&first, &mut second);
    second.delete(&key);
    second.run(300);
    assert!(second.is_gone(&key) && second.aws(|aws| aws.tables.contains_key("shop-users")), "it takes nothing along");
}

#[test]
fn two_operators_in_one_cluster_make_one_table() {
    let mut sim = Tables::quick();
    let key = sim.apply(table("users").index("email").recoverable(7).destroyed_on_delete());
    let mut other = Tables::beside(&sim, Setup::default());
    for _ in 0..60 {
        sim.round();
        other.round();
    }
    sim.until("it is at rest", |sim| sim.is_at_rest(&key));
    sim.aws(|aws| assert_eq!(aws.made, ["shop-users"]));
    sim.delete(&key);
    other.touch(&key);
    for _ in 0..60 {
        sim.round();
        other.round();
    }
    assert!(sim.is_gone(&key));
    sim.aws(|aws| assert_eq!((aws.deleted.len(), aws.tables.len()), (1, 0)));
}

#[test]
fn a_rival_for_the_same_name_never_gets_it() {
    let (mut sim, key) = settled(table("users"));
    let rival = table("rival").namespace("other").identifier("shop-users").adopting().destroyed_on_delete();
    let rival = sim.apply(rival);
    let mark = sim.mark();
    sim.run(1300);
    assert_eq!(sim.reason(&rival, "Stalled"), "Conflict");
    sim.delete(&rival);
    sim.run(300);
    assert!(sim.is_gone(&rival) && sim.is_settled(&key) && sim.aws_writes(mark).is_empty());
}
