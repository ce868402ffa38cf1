//! Whose a cluster is: names, owners, takeovers, losses, and members that are not ours.

use awsdb::aws::owner::{ALLOW_TAG, OWNER_TAG};
use awsdb::kinds::aurora::AuroraServerless;

use crate::sim::aurora::{Auroras, aurora, cluster};
use crate::sim::builder::Manifest;
use crate::sim::faults::{At, Fault};
use crate::sim::kube::Key;
use crate::sim::settled;

/// A cluster with a reader that no object is for any more, with these tags.
fn orphan(tags: &[(&str, &str)]) -> Auroras {
    let (mut sim, key) = settled(aurora().readers(1));
    let password = sim.the_clu(&key).password;
    sim.delete(&key);
    sim.run(60);
    sim.with_clu("shop-orders", |clu| {
        clu.shown.tags = tags.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        for mem in clu.members.values_mut() {
            mem.shown.tags.clear();
        }
    });
    sim.kube(|kube| kube.secrets.clear());
    sim.user_secret("shop", "mine", &password);
    sim
}

fn adopter() -> Manifest<AuroraServerless> {
    aurora().password_from("mine").adopting()
}

#[test]
fn a_cluster_of_nobody_is_taken_over_with_both_words_and_nothing_else_changes() {
    let mut sim = orphan(&[(ALLOW_TAG, "test/shop")]);
    let mark = sim.mark();
    let key = sim.apply(adopter());
    sim.settle();
    sim.run(600);
    let sent = sim.aws_writes(mark);
    assert!(sent.iter().all(|call| *call == "AddTagsToResource"), "{sent:?}");
    let clu = sim.the_clu(&key);
    assert_eq!(clu.shown.tags[OWNER_TAG], "test/AuroraServerless/shop/orders");
    assert_eq!(clu.members.len(), 2, "without spec.readers the readers stay");
    for mem in clu.members.values() {
        assert_eq!(mem.shown.tags.get(OWNER_TAG).map(String::as_str), Some("test/AuroraServerless/shop/orders"));
    }
    sim.must_open_cluster(&key);
}

#[test]
fn a_cluster_is_not_taken_over_without_the_tag_or_the_word() {
    for (tags, manifest) in [
        (&[][..], adopter()),
        (&[(ALLOW_TAG, "test/other")][..], adopter()),
        (&[(ALLOW_TAG, "test/shop")][..], aurora().password_from("mine")),
        (&[(OWNER_TAG, "test/AuroraServerless/shop/other"), (ALLOW_TAG, "test/shop")][..], adopter()),
    ] {
        let mut sim = orphan(tags);
        let mark = sim.mark();
        let key = sim.apply(manifest.destroyed_on_delete());
        sim.run(600);
        assert!(sim.is_true(&key, "Stalled"), "{tags:?}\n{}", sim.report());
        sim.delete(&key);
        sim.run(600);
        assert!(sim.is_gone(&key), "{tags:?}");
        assert!(sim.aws_writes(mark).is_empty(), "{tags:?}: {:?}", sim.aws_writes(mark));
    }
}

#[test]
fn objects_whose_names_meet_are_told_apart_by_their_owner() {
    let mut sim = Auroras::quick();
    let first = sim.apply(cluster("c").namespace("a-b"));
    sim.settle();
    let second = sim.apply(cluster("b-c").namespace("a").destroyed_on_delete());
    let mark = sim.mark();
    sim.run(300);
    assert_eq!(sim.reason(&second, "Stalled"), "Conflict");
    sim.delete(&second);
    sim.run(300);
    assert!(sim.is_gone(&second));
    assert!(sim.aws_writes(mark).is_empty());
    sim.must_open_cluster(&first);
}

#[test]
fn lost_answers_make_one_cluster_and_one_of_each_member() {
    for operation in ["CreateDBCluster", "CreateDBInstance"] {
        for fault in [Fault::ReplyLost, Fault::CrashAfter, Fault::Late(std::time::Duration::from_secs(20))] {
            let mut sim = Auroras::quick();
            let key = sim.apply(aurora().readers(1));
            sim.fault(At::Next(operation), fault);
            sim.until("it rests", |sim| sim.clu(&key).is_some() && sim.rests(&key));
            sim.run(300);
            sim.aws(|aws| {
                assert_eq!(aws.made, ["shop-orders"], "{operation} {fault:?}");
                assert_eq!(aws.members_made, ["shop-orders-0", "shop-orders-1"], "{operation} {fault:?}");
            });
        }
    }
}

#[test]
fn a_cluster_that_was_lost_is_not_made_again_by_itself() {
    let (mut sim, key) = settled(aurora().readers(1));
    sim.aws(|aws| aws.delete_behind_our_back("shop-orders"));
    let mark = sim.mark();
    sim.run(3600);
    assert_eq!(sim.reason(&key, "Stalled"), "ExternallyDeleted");
    assert!(sim.aws_writes(mark).is_empty());
    sim.approve(&key);
    sim.until("it rests", |sim| sim.clu(&key).is_some() && sim.rests(&key));
    sim.aws(|aws| assert_eq!(aws.made, ["shop-orders", "shop-orders"], "made again once"));
}

#[test]
fn a_namesake_with_another_resource_id_is_not_touched() {
    let (mut sim, key) = settled(aurora().destroyed_on_delete());
    sim.with_clu("shop-orders", |clu| clu.shown.resource_id = "cluster-ANOTHER".into());
    let mark = sim.mark();
    sim.apply(aurora().backups(9).destroyed_on_delete());
    sim.run(600);
    assert!(sim.is_true(&key, "Stalled"), "{}", sim.report());
    assert!(sim.aws_writes(mark).is_empty(), "{:?}", sim.aws_writes(mark));
}

#[test]
fn a_restored_cluster_with_the_tags_of_another_is_not_taken_for_that_ones() {
    // Somebody restored a snapshot of `old` under the name that `orders` wants: AWS copied the tags of `old`.
    let (mut sim, _old) = settled(cluster("old"));
    sim.aws(|aws| {
        let mut copy = aws.clusters["shop-old"].clone();
        copy.shown.arn = copy.shown.arn.replace("shop-old", "shop-orders");
        copy.shown.resource_id = "cluster-RESTORED".into();
        aws.clusters.insert("shop-orders".into(), copy);
    });
    let mark = sim.mark();
    let key: Key = sim.apply(aurora().adopting().destroyed_on_delete());
    sim.run(300);
    assert_eq!(sim.reason(&key, "Stalled"), "Conflict", "{}", sim.report());
    sim.delete(&key);
    sim.run(300);
    assert!(sim.is_gone(&key) && sim.aws_writes(mark).is_empty());
}

#[test]
fn a_member_name_that_somebody_else_has_is_told_and_another_cluster_is_not_touched() {
    let mut sim = Auroras::quick();
    sim.aws(|aws| aws.taken.insert("shop-orders-0".into()));
    let key = sim.apply(aurora());
    sim.run(900);
    assert!(!sim.is_true(&key, "Ready"));
    let told = format!("{}{}", sim.message(&key, "Stalled"), sim.message(&key, "Synced"));
    assert!(told.contains("shop-orders-0") || told.contains("AlreadyExists"), "{told}\n{}", sim.report());
}

#[test]
fn an_observed_cluster_is_shown_and_never_changed() {
    let mut sim = orphan(&[(ALLOW_TAG, "test/shop")]);
    let mark = sim.mark();
    let key = sim.apply(aurora().observed().backups(30).readers(5));
    sim.run(900);
    assert!(sim.aws_writes(mark).is_empty());
    let facts = sim.status(&key).facts;
    assert_eq!((facts.members.len(), facts.members_available.as_deref()), (2, Some("2/2")));
    assert_eq!(facts.members[0].role, "writer");
    assert!(sim.is_true(&key, "Ready"), "{}", sim.report());
    sim.delete(&key);
    assert!(sim.is_gone(&key));
}

#[test]
fn under_policy_plan_every_step_waits_for_approval() {
    let mut sim = Auroras::quick();
    let key = sim.apply(aurora().planned());
    sim.run(300);
    assert!(sim.aws_writes(0).is_empty());
    for _ in 0..4 {
        if sim.held_hash(&key).is_some() {
            sim.approve(&key);
        }
        sim.run(120);
    }
    assert!(sim.is_settled(&key), "{}", sim.report());
    assert_eq!(sim.aws_writes(0), ["CreateDBCluster", "CreateDBInstance"]);
}
