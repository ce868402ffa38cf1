//! Making the snapshot, and everything that a source must be before.

use super::*;
use crate::aws::owner::ALLOW_TAG;

const INSTANCE: &str = "of shop-orders";

fn by_name() -> Scene {
    unmade(json!({ "rdsInstance": { "name": "orders" } }))
}

fn by_identifier() -> Scene {
    unmade(json!({ "rdsInstance": { "identifier": "shop-orders" } }))
}

fn strange(scene: Scene) -> Scene {
    scene.source(|source| source.tags = Some(Tags::new()))
}

#[test]
fn each_source_has_its_call_and_its_state() {
    let rows: [(Value, &str, &[&str], &[&str]); 4] = [
        (
            json!({ "rdsInstance": { "identifier": "shop-orders" } }),
            "CreateDBSnapshot of shop-orders",
            &["available", "storage-optimization"],
            &["modifying", "creating", "stopped"],
        ),
        (
            json!({ "auroraServerless": { "identifier": "shop-orders" } }),
            "CreateDBClusterSnapshot of shop-orders",
            &["available"],
            &["storage-optimization", "backing-up"],
        ),
        (
            json!({ "dynamoTable": { "identifier": "shop-orders" } }),
            "CreateBackup of shop-orders",
            &["active"],
            &["updating", "creating"],
        ),
        (
            json!({ "copyOf": { "identifier": "old" } }),
            "CopyDBSnapshot of old",
            &["available"],
            &["storage-optimization"],
        ),
    ];
    for (source, call, takes, waits) in rows {
        for status in takes {
            let scene = unmade(source.clone()).source(|source| source.status = (*status).into());
            assert_eq!(scene.steps(), [format!("now: {call} (none)")], "{status}");
        }
        for status in waits {
            let scene = unmade(source.clone()).source(|source| source.status = (*status).into());
            assert_eq!(scene.steps(), [format!("later (Busy): {call} (none)")], "{status}");
        }
    }
}

#[test]
fn a_new_snapshot_carries_owner_and_tags_and_settles() {
    let plan = by_name().wants(json!({ "tags": { "team": "shop" } })).plan();
    let Call::Create { tags, .. } = &plan.steps[0].action.call else { panic!("{plan:?}") };
    assert_eq!(tags.get("team").map(String::as_str), Some("shop"));
    assert_eq!(owner().claim(tags), crate::aws::owner::Claim::Mine);
    let after = by_name().wants(json!({ "tags": { "team": "shop" } })).settles();
    assert_eq!(after.inputs.journal.notes["source"], "shop-orders");
}

#[test]
fn an_object_that_is_named_must_have_its_database() {
    let missing = by_name().given(|inputs| drop(inputs.objects.insert(object("RdsInstance", "rdsinstances"), None)));
    assert_eq!((missing.steps().as_slice(), missing.waits_for()), (&NOTHING[..], Some(Reason::DependencyNotReady)));
    assert!(missing.plan().waiting.unwrap().message.contains("RdsInstance orders does not exist"));
    let unnamed = by_name()
        .refers(|object| *object = Referred { message: "AWS reports creating.".into(), ..Referred::default() });
    assert_eq!((unnamed.steps().as_slice(), unnamed.waits_for()), (&NOTHING[..], Some(Reason::DependencyNotReady)));
    assert!(unnamed.plan().waiting.unwrap().message.contains("AWS reports creating."));
    let unseen = by_name().refers(|object| object.arn = None);
    assert_eq!(unseen.steps(), [format!("later (DependencyNotReady): CreateDBSnapshot {INSTANCE} (none)")]);
    assert_eq!(
        by_name().steps(),
        [format!("now: CreateDBSnapshot {INSTANCE} (none)")],
        "ready or not: AWS decides by state"
    );
}

#[test]
fn a_source_in_another_account_or_region_is_a_problem_in_words() {
    let (reason, text) = by_name().refers(|object| object.account = Some("999999999999".into())).problem();
    assert_eq!(reason, Reason::InvalidSpec);
    assert!(text.contains("999999999999") && text.contains("123456789012"), "{text}");
    let elsewhere = by_name().refers(|object| object.region = Some("us-east-1".into()));
    let (reason, text) = elsewhere.problem();
    assert_eq!((reason, elsewhere.steps().as_slice()), (Reason::InvalidSpec, &NOTHING[..]));
    assert!(text.contains("spec.region: us-east-1") && text.contains("spec.copies"), "{text}");
    assert_eq!(elsewhere.id().source, None, "a namesake here would be another database");
}

#[test]
fn before_the_own_region_is_recorded_the_arn_tells_a_namesake_apart() {
    let unknown = |mut scene: Scene| {
        scene.object.spec.shared.region = None;
        scene
    };
    assert_eq!(unknown(by_name()).steps(), [format!("now: CreateDBSnapshot {INSTANCE} (none)")]);
    let namesake = unknown(by_name()).source(|source| source.arn = DATABASE.replace("eu-central-1", "us-east-1"));
    assert_eq!(namesake.steps(), [format!("later (DependencyNotReady): CreateDBSnapshot {INSTANCE} (none)")]);
}

#[test]
fn a_source_that_this_namespace_does_not_own_must_be_allowed() {
    for scene in [by_name(), by_identifier(), unmade(json!({ "copyOf": { "identifier": "old" } }))] {
        let (reason, text) = strange(scene.clone()).problem();
        assert_eq!(reason, Reason::NotAllowed);
        assert!(text.contains("awsdb.dev/allow = prod/shop"), "{text}");
        let untold = scene.clone().source(|source| source.tags = None);
        assert_eq!(untold.problem().0, Reason::NotAllowed, "tags that cannot be read allow nothing");
        let allowed = scene.clone().source(|source| {
            source.tags = Some(Tags::from([(ALLOW_TAG.into(), "prod/shop".into())]));
        });
        assert_eq!(allowed.steps().len(), 1);
        let trusted = scene.source(|source| source.tags = None).given(|inputs| inputs.trust_account = true);
        assert_eq!((trusted.steps().len(), trusted.plan().problem), (1, None));
    }
}

#[test]
fn a_source_that_is_missing_or_unread_is_waited_for() {
    let missing = by_identifier().seen(|observed| observed.source = Seen::Absent);
    assert_eq!(missing.steps(), [format!("later (DependencyNotReady): CreateDBSnapshot {INSTANCE} (none)")]);
    let unread = by_identifier().seen(|observed| observed.source = Seen::Unread("denied".into()));
    assert_eq!(unread.steps(), [format!("later (Unreadable): CreateDBSnapshot {INSTANCE} (none)")]);
}

#[test]
fn without_a_source_there_is_nothing_to_make() {
    let mut scene = by_name();
    scene.object.spec.source = None;
    let (reason, text) = scene.problem();
    assert_eq!((reason, scene.steps().as_slice()), (Reason::InvalidSpec, &NOTHING[..]));
    assert!(text.contains("spec.source"), "{text}");
}

#[test]
fn the_object_of_the_source_is_asked_for_until_the_snapshot_is_made() {
    let reference = Reference::Object(object("RdsInstance", "rdsinstances"));
    let before = by_name();
    assert_eq!(before.object.references(&before.inputs), [reference]);
    assert_eq!(before.id().source, Some(SourceId::Database("shop-orders".into())));
    let after = of_instance().noted("source", "shop-orders");
    assert_eq!(after.object.references(&after.inputs), []);
    assert_eq!(after.id().source, None);
    let other = by_identifier();
    assert_eq!(other.object.references(&other.inputs), []);
}

#[test]
fn what_becomes_of_the_object_of_the_source_later_changes_nothing() {
    let scene = of_instance().noted("source", "shop-orders").given(|inputs| inputs.objects.clear());
    assert_eq!((scene.steps().as_slice(), scene.plan().end), (&NOTHING[..], End::Settled));
    let lost = scene.gone();
    assert_eq!(lost.id().source, Some(SourceId::Database("shop-orders".into())), "and it can be made again");
    let lost = lost.seen(|observed| {
        observed.source = Seen::Present(Source { status: "available".into(), ..database(&of_instance()) });
    });
    assert_eq!(lost.steps(), [format!("held for approval: CreateDBSnapshot {INSTANCE} (replacement)")]);
    let (reason, text) = lost.problem();
    assert_eq!(reason, Reason::ExternallyDeleted);
    assert!(text.contains("awsdb.dev/approve") && text.contains("another moment"), "{text}");
}

#[test]
fn an_encrypted_copy_from_elsewhere_needs_a_key() {
    let there = "arn:aws:rds:us-east-1:123456789012:snapshot:old";
    let shared = "arn:aws:rds:eu-central-1:999999999999:snapshot:old";
    let here = "arn:aws:rds:eu-central-1:123456789012:snapshot:old";
    for (arn, encrypted, key, needs) in [
        (there, true, None, true),
        (shared, true, None, true),
        (here, true, None, false),
        (there, false, None, false),
        (there, true, Some(KEY), false),
    ] {
        let mut scene = unmade(json!({ "copyOf": { "identifier": arn } })).wants(json!({ "kmsKeyId": key }));
        scene = scene.source(|source| (source.arn, source.encrypted) = (arn.into(), encrypted));
        match needs {
            true => {
                let (reason, text) = scene.problem();
                assert_eq!(reason, Reason::InvalidSpec, "{arn}");
                assert!(text.contains("spec.kmsKeyId"), "{text}");
            }
            false => assert_eq!((scene.steps().len(), scene.plan().problem), (1, None), "{arn} {encrypted} {key:?}"),
        }
    }
    let id = unmade(json!({ "copyOf": { "identifier": there } })).id();
    assert_eq!(id.source, Some(SourceId::Snapshot { identifier: there.into(), region: Some("us-east-1".into()) }));
}

#[test]
fn before_the_own_region_is_recorded_no_key_is_asked_for_in_vain() {
    let there = "arn:aws:rds:us-east-1:123456789012:snapshot:old";
    let mut scene = unmade(json!({ "copyOf": { "identifier": there } }));
    scene.object.spec.shared.region = None;
    let scene = scene.source(|source| (source.arn, source.encrypted) = (there.into(), true));
    assert_eq!((scene.waits_for(), scene.plan().problem), (None, None));
    assert_eq!(scene.steps(), [format!("later (Creating): CopyDBSnapshot of {there} (none)")]);
}

#[test]
fn no_copy_of_a_cluster_snapshot_is_encrypted() {
    let source = json!({ "copyOf": { "family": "Cluster", "identifier": "old" } });
    let scene = unmade(source.clone()).wants(json!({ "kmsKeyId": KEY }));
    assert_eq!(scene.problem().0, Reason::InvalidSpec);
    assert_eq!(unmade(source).steps(), ["now: CopyDBClusterSnapshot of old (none)"]);
    let instance = unmade(json!({ "copyOf": { "identifier": "old" } })).wants(json!({ "kmsKeyId": KEY }));
    assert_eq!(instance.steps(), [format!("now: CopyDBSnapshot of old with {KEY} (none)")]);
}

#[test]
fn a_copy_that_was_accepted_and_is_not_listed_yet_is_waited_for() {
    let scene = unmade(json!({ "copyOf": { "identifier": "old" } })).called(DbSnapshot::MAIN, "CopyDBSnapshot", 20);
    let scene = scene.given(|inputs| inputs.accepted = true);
    assert_eq!((scene.steps().as_slice(), scene.waits_for()), (&NOTHING[..], Some(Reason::Creating)));
}

#[test]
fn the_plurals_are_those_of_the_kinds() {
    use kube::Resource;
    for (source, plural) in [
        ("rdsInstance", crate::kinds::rds::RdsInstance::plural(&())),
        ("auroraServerless", crate::kinds::aurora::AuroraServerless::plural(&())),
        ("dynamoTable", crate::kinds::dynamo::DynamoTable::plural(&())),
    ] {
        let scene = unmade(json!({ source: { "name": "orders" } }));
        let references = scene.object.references(&scene.inputs);
        let [Reference::Object(name)] = &references[..] else { panic!("{source}") };
        assert_eq!(name.plural, plural);
    }
}

#[test]
fn whatever_is_asked_for_is_done_in_a_few_rounds_and_then_nothing_more() {
    let sources = ["rdsInstance", "auroraServerless", "dynamoTable", "copyOf"];
    let wishes = [
        json!({}),
        json!({ "tags": { "team": "shop" } }),
        json!({ "copies": [{ "region": "eu-west-1" }, { "region": "us-east-1" }] }),
        json!({ "shareWith": ["111111111111"] }),
        json!({ "tags": { "a": "b" }, "copies": [{ "region": "us-east-1" }], "shareWith": [], "ttl": "30d", "deletionPolicy": "Delete" }),
    ];
    for source in sources {
        for wish in &wishes {
            let named = if source == "copyOf" { json!({ "identifier": "old" }) } else { json!({ "name": "orders" }) };
            let mut scene = unmade(json!({ source: named })).wants(wish.clone());
            for _ in 0..4 {
                scene = scene.performed().looked();
            }
            let plan = scene.plan();
            assert_eq!((scene.steps().as_slice(), plan.end), (&NOTHING[..], End::Settled), "{source} {wish}: {plan:?}");
            assert!(!plan.expired && plan.noted.is_empty(), "{source} {wish}");
        }
    }
}
