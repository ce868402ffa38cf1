//! Every word of the state table, wanted and unwanted, and what AWS takes meanwhile (aws-dynamodb-elasticache-dms.md 1.2).

use super::*;

/// Every word of TableStatus, and one that is not known yet.
const WORDS: [&str; 9] = [
    "ACTIVE",
    "CREATING",
    "UPDATING",
    "DELETING",
    "INACCESSIBLE_ENCRYPTION_CREDENTIALS",
    "REPLICATION_NOT_AUTHORIZED",
    "ARCHIVING",
    "ARCHIVED",
    "BRAND_NEW",
];
const BROKEN: [&str; 4] =
    ["INACCESSIBLE_ENCRYPTION_CREDENTIALS", "REPLICATION_NOT_AUTHORIZED", "ARCHIVING", "ARCHIVED"];

#[test]
fn what_waits_and_what_stands_in_the_way_follows_the_status() {
    for word in WORDS {
        let plan = dynamo().status(word).plan();
        let problem = plan.problem.as_ref().map(|problem| problem.reason);
        let waiting = plan.waiting.as_ref().map(|waiting| waiting.reason);
        let expected = match word {
            "ACTIVE" => (None, None),
            "CREATING" => (None, Some(Reason::Creating)),
            "DELETING" => (None, Some(Reason::Deleting)),
            "UPDATING" | "BRAND_NEW" => (None, Some(Reason::Updating)),
            _ => (Some(Reason::Broken), Some(Reason::Updating)),
        };
        assert_eq!((problem, waiting), expected, "{word}");
        assert_eq!(plan.end == End::Settled, word == "ACTIVE", "{word}");
        if let Some(problem) = plan.problem {
            assert!(problem.message.contains(word), "{word}: {}", problem.message);
        }
    }
}

#[test]
fn a_deletion_follows_the_status() {
    for word in WORDS {
        let scene = dynamo().status(word).deleting(DeletionPolicy::Delete);
        let deletes = word == "ACTIVE" || BROKEN.contains(&word);
        let expected: &[&str] = if deletes { &["now: DeleteTable (data-loss)"] } else { &[] };
        assert_eq!(scene.steps(), expected, "{word}: AWS deletes a table whose key is lost, and no table on its way");
        assert_eq!(scene.waiting().0, Reason::Deleting, "{word}");
        assert_eq!(dynamo().status(word).deleting(DeletionPolicy::Retain).plan(), Plan::release(), "{word}");
    }
}

fn readiness(scene: &Scene) -> String {
    match scene.object.ready(&scene.inputs, &scene.observed) {
        Readiness::Yes => "yes".into(),
        Readiness::AsBefore(waiting) => format!("as before, {}", waiting.reason),
        Readiness::No(waiting) => format!("no, {}", waiting.reason),
    }
}

#[test]
fn a_table_is_ready_when_it_serves_and_rests() {
    for (word, expected) in [
        ("ACTIVE", "yes"),
        ("CREATING", "no, Creating"),
        ("UPDATING", "as before, Creating"),
        ("DELETING", "no, Deleting"),
        ("INACCESSIBLE_ENCRYPTION_CREDENTIALS", "no, Broken"),
        ("REPLICATION_NOT_AUTHORIZED", "no, Broken"),
        ("ARCHIVING", "no, Broken"),
        ("ARCHIVED", "no, Broken"),
        ("BRAND_NEW", "as before, Creating"),
    ] {
        assert_eq!(readiness(&dynamo().status(word)), expected, "{word}");
    }
    assert_eq!(readiness(&dynamo().absent()), "no, NotServing");
}

/// A table that is ACTIVE and not idle, and the word for what moves.
fn moving() -> Vec<(&'static str, Scene)> {
    let indexed = || dynamo().both_indexes(&[by_mail()]);
    let index = |status: &str| indexed().index("by-mail", |index| index.status = status.into());
    let replica =
        |status: &str| dynamo().has_replica("us-east-1").replica("us-east-1", |one| one.status = status.into());
    let encryption = |word: &str| dynamo().table(|table| table.encryption_change = Some(word.into()));
    vec![
        ("index by-mail is CREATING", index("CREATING")),
        ("it is being filled", index("CREATING").index("by-mail", |index| index.is_backfilling = true)),
        ("index by-mail is UPDATING", index("UPDATING")),
        ("index by-mail is DELETING", index("DELETING")),
        ("replica in us-east-1 is CREATING", replica("CREATING")),
        ("replica in us-east-1 is UPDATING", replica("UPDATING")),
        ("replica in us-east-1 is DELETING", replica("DELETING")),
        ("replica in us-east-1 is ARCHIVING", replica("ARCHIVING")),
        ("replica in us-east-1 is BRAND_NEW", replica("BRAND_NEW")),
        ("encryption is ENABLING", encryption("ENABLING")),
        ("encryption is UPDATING", encryption("UPDATING")),
        ("encryption is DISABLING", encryption("DISABLING")),
        ("the warm throughput", dynamo().table(|table| table.is_warming = true)),
        ("warm throughput of index by-mail", indexed().index("by-mail", |index| index.is_warming = true)),
    ]
}

#[test]
fn active_is_not_idle() {
    for (words, scene) in moving() {
        let scene = scene.wants(json!({ "globalSecondaryIndexes": null }));
        let plan = scene.plan();
        assert_eq!((plan.end, plan.steps.len(), plan.problem), (End::Open, 0, None), "{words}");
        let (reason, message) = scene.waiting();
        assert_eq!(reason, Reason::Updating);
        assert!(message.contains(words), "{words} in: {message}");
        assert_eq!(readiness(&scene), "as before, Creating", "{words}");
    }
}

#[test]
fn a_deletion_waits_until_the_table_is_idle_and_says_why() {
    for (words, scene) in moving() {
        let scene = scene.wants(json!({ "replicas": [{ "region": "us-east-1" }] })).deleting(DeletionPolicy::Delete);
        assert_eq!(scene.steps(), NOTHING, "{words}");
        let (reason, message) = scene.waiting();
        assert_eq!(reason, Reason::Deleting);
        assert!(message.contains(words) && message.contains("deletes the table when that is over"), "{message}");
    }
}

#[test]
fn a_replica_that_has_failed_is_said_and_can_be_removed() {
    for word in [
        "CREATION_FAILED",
        "REGION_DISABLED",
        "INACCESSIBLE_ENCRYPTION_CREDENTIALS",
        "REPLICATION_NOT_AUTHORIZED",
        "ARCHIVED",
    ] {
        let scene = dynamo().has_replica("us-east-1").replica("us-east-1", |replica| {
            replica.status = word.into();
            replica.description = Some("because".into());
        });
        let (reason, message) = scene.problem();
        assert_eq!(reason, Reason::Broken);
        assert!(message.contains(&format!("us-east-1 is {word}: because")), "{message}");
        assert_eq!(
            scene.wants(json!({ "replicas": [] })).steps(),
            ["now: UpdateTable -us-east-1 (data-loss)"],
            "{word}"
        );
    }
}

#[test]
fn a_lost_key_is_said_with_its_time_and_an_archive_with_its_backup() {
    let lost = dynamo().table(|table| table.key_lost_since = "2026-11-20T00:00:00Z".parse().ok());
    let (reason, message) = lost.problem();
    assert_eq!(reason, Reason::Broken);
    assert!(message.contains("2026-11-20T00:00:00Z") && message.contains("seven days"), "{message}");
    let archived = dynamo().status("ARCHIVED").table(|table| table.archive = Some("arn:backup".into()));
    assert!(archived.problem().1.contains("restore the archival backup into a new object (arn:backup)"));
}

/// A kind of change, a part of its call's text, and an object that wants it.
fn changes() -> Vec<(&'static str, &'static str, Scene)> {
    let base = || dynamo().both_indexes(&[by_mail(), by_day()]);
    let reserved = |value: Value| with(value, json!({ "provisionedThroughput": units(5, 5) }));
    let fixed = || provisioned().both_indexes(&[reserved(by_mail()), reserved(by_day())]);
    let on_demand =
        json!({ "billingMode": "PAY_PER_REQUEST", "provisionedThroughput": null, "globalSecondaryIndexes": null });
    let by_size =
        json!({ "name": "by-size", "hashKey": { "name": "size", "type": "N" }, "projection": { "type": "ALL" } });
    vec![
        ("tags", "TagResource", base().wants(json!({ "tags": { "team": "shop" } }))),
        ("policy", "PutResourcePolicy", base().wants(json!({ "resourcePolicy": "{}" }))),
        ("ttl", "UpdateTimeToLive", base().wants(json!({ "timeToLive": { "enabled": true, "attributeName": "e" } }))),
        ("pitr", "UpdateContinuousBackups", base().wants(json!({ "pointInTimeRecovery": { "enabled": true } }))),
        ("insights", "UpdateContributorInsights", base().wants(json!({ "contributorInsights": { "enabled": true } }))),
        (
            "kinesis",
            "EnableKinesis",
            base().wants(json!({ "kinesisDestination": { "enabled": true, "streamArn": STREAM } })),
        ),
        (
            "scaling",
            "RegisterScalableTarget",
            fixed().wants(json!({ "autoscaling": { "read": { "min": 5, "max": 9 } } })),
        ),
        ("protection", "deletionProtection=true", base().wants(json!({ "deletionProtection": true }))),
        ("class", "INFREQUENT", base().wants(json!({ "tableClass": "STANDARD_INFREQUENT_ACCESS" }))),
        ("billing", "PAY_PER_REQUEST", fixed().wants(on_demand)),
        ("throughput", "table 9/9", fixed().wants(json!({ "provisionedThroughput": units(9, 9) }))),
        ("cap", "table cap 9/-", base().wants(json!({ "onDemandThroughput": { "maxReadRequestUnits": 9 } }))),
        ("stream", "stream KEYS_ONLY", base().wants(json!({ "stream": { "enabled": true, "viewType": "KEYS_ONLY" } }))),
        ("warm", "table warm", base().wants(json!({ "warmThroughput": warm(20000, 8000) }))),
        ("encryption", "key 1111", base().wants(json!({ "encryption": { "type": "KMS", "kmsKeyArn": KEY } }))),
        ("+index", "+by-size", base().wants_indexes(&[by_mail(), by_day(), by_size])),
        ("-index", "-by-mail", base().wants_indexes(&[by_day()])),
        ("-other index", "-by-day", base().wants_indexes(&[by_mail()])),
        ("+replica", "+eu-west-1", base().wants(json!({ "replicas": [{ "region": "eu-west-1" }] }))),
    ]
}

const ASIDE: [&str; 7] = ["tags", "policy", "ttl", "pitr", "insights", "kinesis", "scaling"];

/// Checks which kinds of change are sent while something is under way; the others wait for the reason.
fn admits(what: &str, under_way: impl Fn(Scene) -> Scene, admitted: &[&str], reason: Reason) {
    for (change, words, scene) in changes() {
        let steps = under_way(scene).plan().steps;
        let step = steps.iter().find(|step| told(step).contains(words));
        match step.map(|step| &step.when) {
            Some(When::Now) => assert!(admitted.contains(&change), "{change} must wait during {what}"),
            Some(When::After(waiting)) => {
                assert!(!admitted.contains(&change), "{change} is taken during {what}");
                assert_eq!(waiting.reason, reason, "{change} during {what}: {}", waiting.message);
            }
            None => assert!(!admitted.contains(&change), "{change} is not planned during {what}"),
            other => panic!("{change} during {what}: {other:?}"),
        }
    }
}

fn and_aside(more: &[&'static str]) -> Vec<&'static str> {
    [&ASIDE[..], more].concat()
}

fn all_but(missing: &[&str]) -> Vec<&'static str> {
    changes().into_iter().map(|(name, ..)| name).filter(|name| !missing.contains(name)).collect()
}

#[test]
fn an_idle_table_takes_every_change() {
    admits("nothing", |scene| scene, &all_but(&[]), Reason::Updating);
}

#[test]
fn a_table_that_is_made_takes_no_change() {
    admits("create", |scene| scene.status("CREATING"), &[], Reason::Creating);
}

#[test]
fn a_table_that_is_updating_takes_what_has_its_own_api_and_its_protection() {
    // A toggle of the stream, throughput, billing, class, the allocation of an index: AWS shows no more than this.
    admits("UPDATING", |scene| scene.status("UPDATING"), &and_aside(&["protection"]), Reason::Updating);
}

#[test]
fn while_the_key_changes_only_another_key_waits() {
    let changing = |scene: Scene| scene.table(|table| table.encryption_change = Some("UPDATING".into()));
    admits("a change of the key", changing, &all_but(&["encryption"]), Reason::Updating);
}

#[test]
fn while_warm_throughput_is_raised_only_another_raise_waits() {
    let warming = |scene: Scene| scene.table(|table| table.is_warming = true);
    admits("a warm raise", warming, &all_but(&["warm"]), Reason::Updating);
}

#[test]
fn while_an_index_is_filled_throughput_and_breaking_it_off_are_taken() {
    let filling = |scene: Scene| {
        scene.index("by-mail", |index| {
            index.status = "CREATING".into();
            index.is_backfilling = true;
        })
    };
    let admitted = and_aside(&["protection", "throughput", "cap", "-index"]);
    admits("a backfill", filling, &admitted, Reason::Updating);
}

#[test]
fn while_an_index_is_removed_no_other_update_is_taken() {
    let going = |scene: Scene| scene.status("UPDATING").index("by-mail", |index| index.status = "DELETING".into());
    admits("the removal of an index", going, &and_aside(&["protection"]), Reason::Updating);
}

#[test]
fn while_a_replica_is_on_its_way_no_update_is_taken() {
    for word in ["CREATING", "UPDATING", "DELETING"] {
        let moving = |scene: Scene| scene.has_replica("us-east-1").replica("us-east-1", |one| one.status = word.into());
        admits(word, moving, &ASIDE, Reason::Updating);
    }
}

#[test]
fn a_broken_table_takes_no_change_and_still_shows_them() {
    for word in BROKEN {
        admits(word, |scene| scene.status(word), &["tags"], Reason::Broken);
        assert_eq!(dynamo().status(word).wants(json!({ "deletionProtection": true })).steps().len(), 1);
    }
}

#[test]
fn moments_after_an_accepted_update_aws_may_show_the_state_before_it() {
    let sent = |scene: Scene| scene.called("table", "UpdateTable", 5, true);
    admits("the moments after an update", sent, &ASIDE, Reason::Settling);
    let later = |scene: Scene| scene.called("table", "UpdateTable", 10, true);
    admits("ten seconds after", later, &all_but(&[]), Reason::Settling);
    let lost = |scene: Scene| scene.called("table", "UpdateTable", 5, false);
    admits("a lost answer", lost, &all_but(&[]), Reason::Settling);
}
