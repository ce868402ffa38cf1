//! From any spec to any other: what the stories say of some, for all that the schema admits.

use proptest::prelude::*;

use super::stories::Story;
use super::*;

/// With more members; null stays null, which takes a field out of a spec.
fn over(base: Value, more: Value) -> Value {
    let (Value::Object(mut map), Value::Object(more)) = (base, more) else { panic!("objects only") };
    map.extend(more);
    Value::Object(map)
}

/// One of a few values, or the field is left out.
fn maybe(values: &[Value]) -> impl Strategy<Value = Value> + use<> {
    let mut values = values.to_vec();
    values.push(json!(null));
    prop::sample::select(values)
}

fn capacity_wishes() -> impl Strategy<Value = Value> {
    let indexes =
        prop::sample::subsequence(vec![by_mail(), by_day(), with(by_mail(), json!({ "name": "third" }))], 0..=3);
    let narrow = any::<bool>();
    (any::<bool>(), any::<bool>(), 1..4_i64, indexes, narrow, maybe(&[json!(5), json!(9), json!(-1)])).prop_map(
        |(reserved, scaled, amount, indexes, narrow, cap)| {
            let range = json!({ "min": amount, "max": 50 });
            let scaling = if scaled { json!({ "read": range, "write": range }) } else { json!(null) };
            let capacity = if reserved {
                json!({ "provisionedThroughput": units(amount, 5), "autoscaling": scaling })
            } else {
                let cap = if cap.is_null() { cap } else { json!({ "maxReadRequestUnits": cap }) };
                json!({ "onDemandThroughput": cap })
            };
            let list: Vec<Value> = indexes
                .into_iter()
                .map(|index| with(index, capacity.clone()))
                .map(|index| if narrow { with(index, json!({ "projection": { "type": "KEYS_ONLY" } })) } else { index })
                .collect();
            let mode = if reserved { "PROVISIONED" } else { "PAY_PER_REQUEST" };
            let none = json!({ "provisionedThroughput": null, "autoscaling": null, "onDemandThroughput": null });
            over(over(none, capacity), json!({ "billingMode": mode, "globalSecondaryIndexes": list }))
        },
    )
}

fn other_wishes() -> impl Strategy<Value = Value> {
    let on = |view: &str| json!({ "enabled": true, "viewType": view });
    let ttl = |attribute: &str, enabled: bool| json!({ "attributeName": attribute, "enabled": enabled });
    let key = |arn: &str| json!({ "type": "KMS", "kmsKeyArn": arn });
    let kinesis = |arn: &str| json!({ "enabled": true, "streamArn": arn });
    let regions = |list: &[&str]| Value::Array(list.iter().map(|region| json!({ "region": region })).collect());
    (
        maybe(&[json!("STANDARD"), json!("STANDARD_INFREQUENT_ACCESS")]),
        maybe(&[json!({ "enabled": false }), on("KEYS_ONLY"), on("NEW_IMAGE")]),
        maybe(&[key(KEY), key(OTHER_KEY), json!({ "type": "AWS_OWNED" }), json!({ "type": "AWS_MANAGED" })]),
        maybe(&[json!(true), json!(false)]),
        maybe(&[ttl("a", true), ttl("b", true), ttl("a", false)]),
        maybe(&[
            json!({ "enabled": true }),
            json!({ "enabled": true, "recoveryPeriodInDays": 7 }),
            json!({ "enabled": false }),
        ]),
        maybe(&[json!({ "enabled": true }), json!({ "enabled": false })]),
        maybe(&[kinesis(STREAM), kinesis(&STREAM.replace("changes", "other")), json!({ "enabled": false })]),
        maybe(&[json!({}), json!({ "a": "1" }), json!({ "a": "2", "b": "1" })]),
        maybe(&[warm(15000, 5000), warm(14000, 9000)]),
        maybe(&[json!(""), json!("{}"), json!("{\"a\":1}")]),
        maybe(&[regions(&[]), regions(&["us-east-1"]), regions(&["us-east-1", "eu-west-1"])]),
    )
        .prop_map(
            |(
                class,
                stream,
                encryption,
                protection,
                ttl,
                recovery,
                insights,
                kinesis,
                tags,
                warm,
                policy,
                replicas,
            )| {
                json!({
                    "tableClass": class, "stream": stream, "encryption": encryption, "deletionProtection": protection,
                    "timeToLive": ttl, "pointInTimeRecovery": recovery, "contributorInsights": insights,
                    "kinesisDestination": kinesis, "tags": tags, "warmThroughput": warm, "resourcePolicy": policy,
                    "replicas": replicas,
                })
            },
        )
}

/// A spec that the schema admits.
fn wish() -> impl Strategy<Value = Value> {
    (capacity_wishes(), other_wishes()).prop_map(|(capacity, other)| {
        let replicates = other["replicas"].as_array().is_some_and(|list| !list.is_empty());
        let scales = capacity["billingMode"] != "PROVISIONED" || !capacity["autoscaling"].is_null();
        let wish = with(capacity, json!({ "allowIndexRecreation": true }));
        let mut wish = over(wish, other);
        if replicates && scales {
            // AWS sees to the stream of a table with replicas, and a customer key needs one for each.
            (wish["stream"], wish["encryption"]) = (json!(null), json!(null));
        } else if replicates {
            wish["replicas"] = json!([]);
        }
        wish
    })
}

/// Enough for a run; a hunt sets PROPTEST_CASES.
fn some_cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(48);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(some_cases())]

    #[test]
    fn any_spec_comes_to_rest_from_any_other(one in wish(), other in wish(), slowly in any::<bool>()) {
        // AWS lets nobody change the stream of a table with replicas that the object does not manage.
        let other = if other["replicas"].is_null() { over(other, json!({ "stream": null })) } else { other };
        let story = Story::of(unmade().wants(one)).paced(slowly).live().settled().reached();
        let mut story = story.then(|scene| scene.wants(other)).settled().reached();
        story.told.clear();
        let told = story.live().told;
        prop_assert!(told.is_empty(), "{told:?}");
    }

    #[test]
    fn nothing_destructive_runs_without_approval_whatever_the_spec(one in wish(), other in wish()) {
        let story = Story::of(unmade().wants(one)).live().settled();
        let kept = Story::of(story.scene.wants(other).disruptive(DisruptivePolicy::Immediate)).without_approval().live();
        let losing = kept.told.iter().find(|call| call.contains("data-loss") || call.contains("replacement"));
        prop_assert_eq!(losing, None);
    }

    #[test]
    fn any_table_is_deleted_in_the_end(one in wish(), slowly in any::<bool>(), backs_up in any::<bool>()) {
        let story = Story::of(unmade().wants(one)).paced(slowly).live().settled();
        let policy = if backs_up { DeletionPolicy::Snapshot } else { DeletionPolicy::Delete };
        let scene = story.scene.wants(json!({ "deletionProtection": false })).deleting(policy);
        let told = Story::of(scene).paced(slowly).live().told;
        prop_assert_eq!(told.last().map(String::as_str), Some("released"));
        prop_assert_eq!(told.iter().any(|call| call.contains("CreateBackup")), backs_up);
    }

    #[test]
    fn a_spec_that_says_no_more_than_its_keys_leaves_any_table_alone(one in wish()) {
        let mut scene = Story::of(unmade().wants(one)).live().settled().scene;
        scene.object.spec = dynamo().object.spec;
        prop_assert!(scene.settles(), "{:?}", scene.plan());
    }

    #[test]
    fn any_table_that_allows_it_is_taken_over_and_comes_to_rest(one in wish(), other in wish(), slowly in any::<bool>()) {
        let other = if other["replicas"].is_null() { over(other, json!({ "stream": null })) } else { other };
        let made = Story::of(unmade().wants(one)).live().settled().scene;
        let mut scene = dynamo().wants(other).seen(|observed| *observed = made.observed);
        let Seen::Present(tags) = &mut scene.observed.tags else { panic!("no tags") };
        tags.retain(|key, _| !key.starts_with("awsdb.dev/"));
        tags.insert(crate::aws::owner::ALLOW_TAG.into(), "prod/shop".into());
        scene.object.spec.shared.adoption = crate::spec::Adoption::IfExists;
        (scene.inputs.recorded_arn, scene.inputs.journal) = (None, Journal::default());
        let differs = scene.changes();
        let first = scene.runs();
        prop_assert_ne!(first.is_empty(), differs.is_empty(), "{:?} with {:?}", first, differs);
        Story::of(scene).paced(slowly).live().settled().reached();
    }

    #[test]
    fn who_observes_or_plans_sends_nothing(one in wish(), other in wish()) {
        let scene = Story::of(unmade().wants(one)).live().settled().scene.wants(other);
        prop_assert_eq!(scene.clone().managed_by(ManagementPolicy::Observe).steps(), NOTHING);
        prop_assert_eq!(scene.managed_by(ManagementPolicy::Plan).runs(), NOTHING);
    }

    #[test]
    fn from_what_was_not_read_no_call_follows(one in wish(), other in wish()) {
        let known = Story::of(unmade().wants(one)).live().settled().scene.wants(other);
        let unread = known.clone().seen(|observed| {
            let Observed { table, tags, .. } = observed.clone();
            *observed = Observed { table, tags, ..Observed::absent() };
        });
        let plan = unread.plan();
        let sent = plan.steps.iter().filter(|step| step.when == When::Now);
        for step in sent {
            let about_the_table = matches!(step.action, Action::Update(_) | Action::Tag { region: None, .. } | Action::Untag { .. });
            prop_assert!(about_the_table, "{}", told(step));
        }
        let managed = unread.id();
        let asks = managed.time_to_live || managed.continuous_backups || managed.kinesis_destinations;
        prop_assert!(!(asks && plan.end == End::Settled));
    }
}
