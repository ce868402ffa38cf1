//! Making the table: new, of a backup, of a moment, of an export (aws-dynamodb-elasticache-dms.md 1.4, 1.5).

use super::*;
use crate::kind::{Reference, Referred};

const BACKUP: &str = "arn:aws:dynamodb:eu-central-1:123456789012:table/main/backup/01";
const MAIN: &str = "arn:aws:dynamodb:eu-central-1:123456789012:table/main";

fn creation(scene: &Scene) -> Creation {
    match scene.plan().steps.remove(0).action {
        Action::Create(creation) | Action::Restore { creation, .. } | Action::Import { creation, .. } => *creation,
        other => panic!("{other:?}"),
    }
}

/// A source that this namespace owns.
fn source(status: &str, restorable: Option<(&str, &str)>) -> Seen<SourceState> {
    let restorable = restorable.map(|(from, to)| (from.parse().unwrap(), to.parse().unwrap()));
    let tags = Seen::Present(dynamo().inputs.owner.tags());
    Seen::Present(SourceState { status: status.into(), table_arn: MAIN.into(), tags, restorable })
}

fn of_backup() -> Scene {
    unmade()
        .wants(json!({ "source": { "snapshot": { "identifier": BACKUP } } }))
        .seen(|observed| observed.source = source("AVAILABLE", None))
}

fn of_moment(at: Option<&str>) -> Scene {
    let latest = at.is_none().then_some(true);
    let point = json!({ "identifier": "main", "restoreTime": at, "useLatestRestorableTime": latest });
    let restorable = Some(("2026-11-01T00:00:00Z", "2026-11-25T11:55:00Z"));
    unmade()
        .wants(json!({ "source": { "pointInTime": point } }))
        .seen(|observed| observed.source = source("ACTIVE", restorable))
}

fn of_export() -> Scene {
    unmade()
        .wants(
            json!({ "source": { "importFromS3": { "bucket": "exports", "keyPrefix": "a/", "inputFormat": "ION" } } }),
        )
        .given(|inputs| inputs.trust_account = true)
}

fn monday() -> Referred {
    Referred {
        identifier: Some("shop-monday".into()),
        arn: Some(BACKUP.into()),
        account: Some("123456789012".into()),
        region: Some("eu-central-1".into()),
        family: Some("Table".into()),
        is_ready: true,
        message: "AWS reports CREATING.".into(),
    }
}

/// An object that is to be made from the DbSnapshot `monday`, of which this is known. The table of the backup is gone.
fn by_reference(found: Option<Referred>) -> Scene {
    let mut scene = unmade().wants(json!({ "source": { "snapshot": { "name": "monday" } } }));
    let references = scene.object.references(&scene.inputs);
    let [Reference::Object(name)] = references.as_slice() else { panic!("no reference") };
    scene.inputs.objects.insert(name.clone(), found);
    scene.object.resolve(&scene.inputs.objects);
    let (status, table_arn) = ("AVAILABLE".into(), MAIN.into());
    scene.seen(|observed| {
        observed.source = Seen::Present(SourceState { status, table_arn, tags: Seen::Absent, restorable: None });
    })
}

#[test]
fn a_backup_by_reference_needs_no_tags_and_the_same_one_by_its_arn_does() {
    let scene = by_reference(Some(monday()));
    assert_eq!(scene.id().source, Some(SourceId::Backup(BACKUP.into())));
    let plan = scene.plan();
    assert_eq!((plan.problem, &plan.steps[0].when), (None, &When::Now));
    assert!(matches!(&plan.steps[0].action, Action::Restore { from: Restore::Backup(arn), .. } if arn == BACKUP));
    let unread = by_reference(Some(monday())).seen(|observed| {
        let Seen::Present(state) = &mut observed.source else { panic!() };
        state.tags = Seen::Unread("throttled".into());
    });
    assert_eq!(unread.plan().steps[0].when, When::Now);
    let orphan = of_backup().seen(|observed| {
        let Seen::Present(state) = &mut observed.source else { panic!() };
        state.tags = Seen::Absent;
    });
    assert_eq!(orphan.problem().0, Reason::NotAllowed);
    let made = by_reference(Some(monday())).noted(RESOURCE_ID, "table-1");
    assert!(made.object.references(&made.inputs).is_empty());
}

#[test]
fn no_state_of_a_referred_snapshot_makes_an_empty_table() {
    let elsewhere = Referred { region: Some("eu-west-1".into()), ..monday() };
    let others = Referred { account: Some("999999999999".into()), ..monday() };
    for (why, found, refused) in [
        ("missing", None, None),
        ("not ready", Some(Referred { is_ready: false, ..monday() }), None),
        ("never looked at", Some(Referred::default()), None),
        ("of an instance", Some(Referred { family: Some("Instance".into()), ..monday() }), Some(Reason::InvalidSpec)),
        ("of another region", Some(elsewhere), Some(Reason::InvalidSpec)),
        ("of another account", Some(others), Some(Reason::WrongAccount)),
    ] {
        let scene = by_reference(found).given(|inputs| inputs.trust_account = true);
        let plan = scene.plan();
        assert_eq!(plan.problem.as_ref().map(|problem| problem.reason), refused, "{why}");
        assert_eq!(plan.steps.len(), usize::from(refused.is_none()), "{why}");
        for step in plan.steps {
            let When::After(waiting) = &step.when else { panic!("{why}: {step:?}") };
            assert_eq!(waiting.reason, Reason::DependencyNotReady, "{why}");
            assert!(waiting.message.contains("DbSnapshot monday"), "{}", waiting.message);
            assert!(matches!(step.action, Action::Restore { .. }), "{why}");
        }
    }
}

#[test]
fn since_when_it_can_be_restored_is_told_to_the_day_and_not_before_that_day() {
    let seen = |earliest: &str, is_enabled: bool| {
        let recovery = crate::aws::dynamo::ContinuousBackups {
            is_enabled,
            recovery_period_in_days: Some(35),
            earliest: Some(earliest.parse().unwrap()),
        };
        let scene =
            dynamo().at("2026-11-25T12:00:00Z").seen(|observed| observed.continuous_backups = Seen::Present(recovery));
        let facts = scene.object.facts(&scene.inputs, &scene.observed);
        facts.earliest_restorable_time.map(|time| time.0.to_string())
    };
    assert_eq!(seen("2026-11-20T08:00:01Z", true).as_deref(), Some("2026-11-21T00:00:00Z"));
    assert_eq!(seen("2026-11-20T17:59:59Z", true).as_deref(), Some("2026-11-21T00:00:00Z"), "no news within a day");
    assert_eq!(seen("2026-11-25T08:00:00Z", true), None, "tomorrow is not told");
    assert_eq!(seen("2026-11-20T08:00:00Z", false), None);
}

#[test]
fn a_new_table_is_on_demand_and_carries_the_owners_tags() {
    let scene = unmade().wants(json!({ "tags": { "team": "shop" } }));
    assert_eq!(scene.steps(), ["now: CreateTable id (none)"]);
    let made = creation(&scene);
    assert_eq!(made.settings, Settings { billing_mode: Some(BillingMode::PayPerRequest), ..Settings::default() });
    assert_eq!(made.keys, Keys { hash: key("id", AttributeType::S), range: Some(key("at", AttributeType::N)) });
    let mut tags = scene.inputs.owner.tags();
    tags.insert("team".into(), "shop".into());
    assert_eq!(made.tags, tags);
    let step = &scene.plan().steps[0];
    assert_eq!((step.thing, &*step.because), ("table", "table shop-orders does not exist"));
    assert_eq!(step.notes, [(RESOURCE_ID.to_string(), String::new()), ("tagKeys".into(), r#"["team"]"#.into())]);
}

#[test]
fn create_table_carries_all_that_it_takes() {
    let settings = json!({
        "onDemandThroughput": { "maxReadRequestUnits": 100, "maxWriteRequestUnits": -1 }, "warmThroughput": warm(20000, 8000),
        "tableClass": "STANDARD_INFREQUENT_ACCESS", "stream": { "enabled": true, "viewType": "NEW_IMAGE" },
        "encryption": { "type": "KMS", "kmsKeyArn": KEY }, "deletionProtection": true, "resourcePolicy": "{}",
    });
    let capped =
        with(by_mail(), json!({ "onDemandThroughput": { "maxReadRequestUnits": 7 }, "warmThroughput": warm(1, 2) }));
    let local = json!([{ "name": "by-n", "rangeKey": { "name": "n", "type": "N" }, "projection": { "type": "ALL" } }]);
    let scene = unmade()
        .wants(settings.clone())
        .wants_indexes(&[capped, by_day()])
        .wants(json!({ "localSecondaryIndexes": local }));
    let made = creation(&scene);
    let expected = with(
        settings,
        json!({ "billingMode": "PAY_PER_REQUEST", "onDemandThroughput": { "maxReadRequestUnits": 100 } }),
    );
    assert_eq!(serde_json::to_value(&made.settings).unwrap(), expected, "-1 is no cap and is not sent");
    assert_eq!(made.indexes.keys().collect::<Vec<_>>(), ["by-day", "by-mail"]);
    assert_eq!(made.indexes["by-mail"].cap.unwrap().max_read_request_units, Some(7));
    assert_eq!(made.indexes["by-mail"].warm.unwrap().write_units_per_second, 2);
    assert_eq!(made.local_indexes["by-n"].range, key("n", AttributeType::N));
    let notes = scene.plan().steps.remove(0).notes;
    assert!(notes.contains(&("kmsKeyArn".into(), KEY.into())), "{notes:?}");
}

#[test]
fn what_is_off_or_empty_is_left_out_of_the_create() {
    let made = creation(&unmade().wants(json!({
        "stream": { "enabled": false }, "resourcePolicy": "", "onDemandThroughput": { "maxReadRequestUnits": -1 },
    })));
    assert_eq!(made.settings, Settings { billing_mode: Some(BillingMode::PayPerRequest), ..Settings::default() });
}

#[test]
fn a_provisioned_table_begins_where_it_is_told_or_at_the_least_of_its_autoscaling() {
    let range = json!({ "min": 3, "max": 30 });
    let scaling = json!({ "read": range, "write": range });
    let index = with(by_mail(), json!({ "autoscaling": scaling }));
    let made = creation(
        &unmade().wants(json!({ "billingMode": "PROVISIONED", "autoscaling": scaling })).wants_indexes(&[index]),
    );
    let three = Throughput { read_capacity_units: 3, write_capacity_units: 3 };
    assert_eq!((made.settings.provisioned_throughput, made.indexes["by-mail"].throughput), (Some(three), Some(three)));
    let given = json!({ "billingMode": "PROVISIONED", "autoscaling": scaling, "provisionedThroughput": units(9, 9) });
    let nine = Throughput { read_capacity_units: 9, write_capacity_units: 9 };
    assert_eq!(creation(&unmade().wants(given)).settings.provisioned_throughput, Some(nine));
}

#[test]
fn what_only_a_new_table_needs_is_asked_for_when_there_is_none_to_take_over() {
    for (why, scene, words) in [
        ("keys", unmade().wants(json!({ "hashKey": null, "rangeKey": null })), "spec.hashKey"),
        ("capacity", unmade().wants(json!({ "billingMode": "PROVISIONED" })), "spec.provisionedThroughput"),
        (
            "capacity of an index",
            unmade()
                .wants(json!({ "billingMode": "PROVISIONED", "provisionedThroughput": units(1, 1) }))
                .wants_indexes(&[by_mail()]),
            "provisionedThroughput of index by-mail",
        ),
    ] {
        let (reason, message) = scene.problem();
        assert_eq!((reason, scene.steps()), (Reason::InvalidSpec, vec![]), "{why}");
        assert!(message.contains(words), "{why}: {message}");
    }
}

#[test]
fn a_create_that_aws_does_not_list_yet_is_waited_for() {
    let scene = unmade().called("table", "CreateTable", 30, true).noted(RESOURCE_ID, "");
    assert_eq!((scene.steps(), scene.waiting().0), (vec![], Reason::Creating));
    let next = scene.plan().waiting.unwrap().until;
    assert_eq!(next, None, "it is looked for at the usual pace, since most are listed within seconds");
    let lost = unmade().called("table", "CreateTable", 30, false);
    assert_eq!(lost.steps(), ["now: CreateTable id (none)"], "the name is its own, so a repeat makes no second one");
}

#[test]
fn a_table_that_was_lost_is_made_again_only_when_approved() {
    let lost = dynamo().absent().given(|inputs| inputs.absent_since = "2026-11-25T11:00:00Z".parse().ok());
    assert_eq!(lost.steps(), ["held for approval: CreateTable id (replacement)"]);
    assert_eq!((lost.problem().0, lost.runs()), (Reason::ExternallyDeleted, vec![]));
}

#[test]
fn a_restore_takes_no_tags_so_source_and_time_are_noted_first() {
    for (scene, call, source) in [
        (of_backup(), format!("now: RestoreTableFromBackup {BACKUP} (none)"), BACKUP),
        (of_moment(None), "now: RestoreTableToPointInTime main at latest (none)".into(), MAIN),
        (
            of_moment(Some("2026-11-20T00:00:00Z")),
            "now: RestoreTableToPointInTime main at 2026-11-20T00:00:00Z (none)".into(),
            MAIN,
        ),
        (of_export(), "now: ImportTable exports (none)".into(), "s3://exports/a/"),
    ] {
        assert_eq!(scene.steps(), [call]);
        let notes: BTreeMap<String, String> = scene.plan().steps.remove(0).notes.into_iter().collect();
        assert_eq!(notes[UNTAGGED], format!("{source}|{NOW}"));
        assert_eq!(notes[RESOURCE_ID], "");
    }
}

#[test]
fn a_repeated_restore_keeps_the_time_of_the_first_try_for_as_long_as_it_may_be_the_one() {
    for (at, kept) in [("2026-11-25T11:57:00Z", true), ("2026-11-25T11:50:00Z", false)] {
        let scene = of_backup().noted(UNTAGGED, &format!("{BACKUP}|{at}"));
        let notes: BTreeMap<String, String> = scene.plan().steps.remove(0).notes.into_iter().collect();
        assert_eq!(notes[UNTAGGED], format!("{BACKUP}|{}", if kept { at } else { NOW }));
    }
    let other = of_backup().noted(UNTAGGED, "arn:other|2026-11-25T11:57:00Z");
    assert!(other.plan().steps[0].notes.contains(&(UNTAGGED.into(), format!("{BACKUP}|{NOW}"))));
}

#[test]
fn a_restored_table_keeps_what_it_had_where_the_spec_says_nothing() {
    let made = creation(&of_backup().wants(json!({ "hashKey": null, "rangeKey": null })));
    assert_eq!(made.settings, Settings::default(), "not even a billing mode");
    let told =
        creation(&of_backup().wants(json!({ "billingMode": "PROVISIONED", "provisionedThroughput": units(5, 5) })));
    assert_eq!(told.settings.provisioned_throughput.map(|units| units.read_capacity_units), Some(5));
    let Action::Restore { indexes, .. } = of_backup().wants_indexes(&[by_mail()]).plan().steps.remove(0).action else {
        panic!("no restore")
    };
    assert!(!indexes, "indexes are restored as they were");
}

#[test]
fn a_source_that_cannot_be_used_yet_is_waited_for_without_a_call() {
    let seen = |scene: Scene, source: Seen<SourceState>| scene.seen(|observed| observed.source = source);
    let dark = |scene: Scene| {
        scene.seen(|observed| {
            let Seen::Present(state) = &mut observed.source else { panic!("no source") };
            state.tags = Seen::Unread("denied".into());
        })
    };
    for (why, scene, words) in [
        ("a backup that is not there", seen(of_backup(), Seen::Absent), "later (DependencyNotReady)"),
        ("a backup being made", seen(of_backup(), source("CREATING", None)), "later (DependencyNotReady)"),
        ("a backup that was not read", seen(of_backup(), Seen::Unread("denied".into())), "later (Unreadable)"),
        ("a source whose tags were not read", dark(of_backup()), "later (Unreadable)"),
        ("no recovery", seen(of_moment(None), source("ACTIVE", None)), "later (DependencyNotReady)"),
        ("a moment to come", of_moment(Some("2026-11-26T00:00:00Z")), "later (DependencyNotReady)"),
        ("a moment that AWS has not reached", of_moment(Some("2026-11-25T11:58:00Z")), "later (DependencyNotReady)"),
    ] {
        assert!(scene.steps()[0].starts_with(words), "{why}: {:?}", scene.steps());
        assert_eq!(scene.runs(), NOTHING, "{why}");
    }
    let (reason, message) = of_moment(Some("2026-10-01T00:00:00Z")).problem();
    assert_eq!(reason, Reason::InvalidSpec);
    assert!(message.contains("can be restored from 2026-11-01T00:00:00Z on"), "{message}");
}

#[test]
fn a_source_that_this_namespace_does_not_own_must_allow_it() {
    let foreign = |tags: Seen<Tags>| {
        of_backup().seen(|observed| {
            let Seen::Present(state) = &mut observed.source else { panic!("no source") };
            state.tags = tags;
        })
    };
    let allow = |text: &str| Seen::Present(Tags::from([(crate::aws::owner::ALLOW_TAG.into(), text.into())]));
    for scene in [foreign(Seen::Present(Tags::new())), foreign(Seen::Absent), foreign(allow("prod/other"))] {
        assert_eq!((scene.problem().0, scene.steps()), (Reason::NotAllowed, vec![]));
    }
    for scene in [foreign(allow("prod/shop")), foreign(Seen::Absent).given(|inputs| inputs.trust_account = true)] {
        assert_eq!(scene.runs().len(), 1);
    }
    let bucket = of_export().given(|inputs| inputs.trust_account = false);
    assert_eq!((bucket.problem().0, bucket.steps()), (Reason::NotAllowed, vec![]), "a bucket has no such tag");
}

#[test]
fn a_repeated_import_is_the_same_import_and_a_later_one_is_another() {
    let token = |scene: &Scene| match scene.plan().steps.remove(0).action {
        Action::Import { token, .. } => token,
        other => panic!("{other:?}"),
    };
    let first = token(&of_export());
    assert_eq!(token(&of_export().noted("imports", "1").at("2026-11-25T13:00:00Z")), first);
    let lost = of_export().noted("imports", "1").given(|inputs| {
        inputs.recorded_arn = Some(ARN.into());
        inputs.absent_since = "2026-11-25T11:00:00Z".parse().ok();
    });
    assert_ne!(token(&lost), first);
    let other = of_export().given(|inputs| inputs.uid = "another".into());
    assert_ne!(token(&other), first);
}

#[test]
fn an_import_that_failed_before_there_was_a_table_is_not_repeated() {
    let failed = |status: &str, started: &str| {
        let import = ImportState { status: status.into(), started: started.parse().ok(), ..ImportState::default() };
        of_export()
            .noted(UNTAGGED, "s3://exports/a/|2026-11-25T11:00:00Z")
            .seen(|observed| observed.import = Seen::Present(import))
    };
    for status in ["FAILED", "CANCELLED"] {
        let scene = failed(status, "2026-11-25T11:00:05Z");
        assert_eq!((scene.problem().0, scene.steps()), (Reason::Broken, vec![]));
        assert!(scene.problem().1.contains(status));
        let older = failed(status, "2026-11-25T10:00:00Z");
        assert_eq!(older.runs().len(), 1, "it is an earlier object's");
    }
}

#[test]
fn the_source_is_looked_at_only_until_the_table_is_made() {
    assert_eq!(of_backup().id().source, Some(SourceId::Backup(BACKUP.into())));
    assert_eq!(of_moment(None).id().source, Some(SourceId::Table("main".into())));
    assert_eq!(of_backup().noted(RESOURCE_ID, "table-1").id().source, None);
    assert!(of_export().id().import && !dynamo().id().import);
}
