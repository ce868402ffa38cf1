//! Global secondary indexes: one at a time, keyed by name (aws-dynamodb-elasticache-dms.md 1.3, 1.6).

use super::*;

fn included(names: &[&str]) -> Value {
    with(by_mail(), json!({ "projection": { "type": "INCLUDE", "nonKeyAttributes": names } }))
}

#[test]
fn definitions_are_those_of_every_key_of_the_table_and_its_indexes() {
    let local = LocalIndex { range: key("size", AttributeType::N), projection: Projection::default() };
    let scene = dynamo()
        .has_indexes(&[by_day()])
        .table(|table| drop(table.local_indexes.insert("by-size".into(), local)))
        .wants_indexes(&[by_day(), with(by_mail(), json!({ "rangeKey": { "name": "at", "type": "N" } }))]);
    assert_eq!(scene.steps(), ["now: UpdateTable +by-mail of at:N day:N id:S mail:S size:N (none)"]);
    assert_eq!(scene.changes(), ["globalSecondaryIndexes.by-mail: unset -> mail (S) by at (N), ALL"]);
}

#[test]
fn an_index_may_have_several_partition_and_sort_keys_in_order() {
    let wide = with(
        by_mail(),
        json!({
            "additionalHashKeys": [{ "name": "tenant", "type": "S" }],
            "rangeKey": { "name": "day", "type": "N" }, "additionalRangeKeys": [{ "name": "hour", "type": "N" }],
        }),
    );
    let scene = dynamo().wants_indexes(std::slice::from_ref(&wide));
    assert_eq!(
        scene.changes(),
        ["globalSecondaryIndexes.by-mail: unset -> mail (S)+tenant (S) by day (N)+hour (N), ALL"]
    );
    assert!(dynamo().both_indexes(&[wide]).settles());
}

#[test]
fn several_new_indexes_are_shown_and_built_one_after_the_other() {
    let scene = dynamo().wants_indexes(&[by_mail(), by_day()]);
    assert_eq!(scene.steps().len(), 2);
    assert_eq!(scene.runs(), ["now: UpdateTable +by-day of at:N day:N id:S (none)"]);
    let building = scene.has_indexes(&[by_day()]).index("by-day", |index| {
        index.status = "CREATING".into();
        index.is_backfilling = true;
    });
    assert_eq!(building.steps(), ["later (Updating): UpdateTable +by-mail of at:N day:N id:S mail:S (none)"]);
}

#[test]
fn what_is_said_otherwise_is_no_difference() {
    for (why, wanted, now) in
        [("order of attributes", included(&["b", "a"]), included(&["a", "b"])), ("the same", by_mail(), by_mail())]
    {
        assert!(dynamo().has_indexes(&[now]).wants_indexes(&[wanted]).settles(), "{why}");
    }
    let echoed = dynamo().both_indexes(&[by_mail()]).index("by-mail", |index| {
        index.index.projection.non_key_attributes = Some(BTreeSet::new());
    });
    assert!(echoed.settles(), "an empty list of a projection that takes none");
    assert!(dynamo().has_indexes(&[by_mail()]).settles(), "no list in the spec: no index is managed");
}

#[test]
fn keys_and_projection_change_only_where_the_user_lets_the_index_be_built_anew() {
    for (wanted, words) in [
        (included(&["a"]), "spec.globalSecondaryIndexes.by-mail.projection: ALL -> INCLUDE [a]"),
        (
            with(by_mail(), json!({ "hashKey": { "name": "mail", "type": "B" } })),
            "spec.globalSecondaryIndexes.by-mail.keys: mail (S) -> mail (B)",
        ),
        (
            with(by_mail(), json!({ "rangeKey": { "name": "day", "type": "N" } })),
            "spec.globalSecondaryIndexes.by-mail.keys: mail (S) -> mail (S) by day (N)",
        ),
    ] {
        let scene = dynamo().has_indexes(&[by_mail()]).wants_indexes(&[wanted]);
        for refused in [scene.clone(), scene.clone().wants(json!({ "allowIndexRecreation": false }))] {
            let (reason, message) = refused.problem();
            assert_eq!((reason, refused.steps()), (Reason::InvalidSpec, vec![]));
            assert!(message.contains(words) && message.contains("allowIndexRecreation: true"), "{message}");
        }
        let allowed = scene.wants(json!({ "allowIndexRecreation": true })).disruptive(DisruptivePolicy::Immediate);
        assert_eq!(allowed.runs(), ["now: UpdateTable -by-mail (failover)"]);
        let gone = allowed.table(|table| table.indexes.clear());
        assert!(gone.runs()[0].starts_with("now: UpdateTable +by-mail"), "{:?}", gone.runs());
    }
}

#[test]
fn an_index_on_its_way_out_is_neither_removed_twice_nor_built_over() {
    let scene = dynamo().has_indexes(&[by_mail()]).index("by-mail", |index| index.status = "DELETING".into());
    assert_eq!(scene.clone().wants_indexes(&[]).steps(), NOTHING);
    let narrow = with(by_mail(), json!({ "projection": { "type": "KEYS_ONLY" } }));
    let again = scene.wants_indexes(&[narrow]).wants(json!({ "allowIndexRecreation": true }));
    assert_eq!(again.steps(), NOTHING);
    assert!(again.waiting().1.contains("index by-mail is DELETING"));
}

#[test]
fn a_new_index_has_the_capacity_of_the_billing_mode() {
    let reserved = with(by_mail(), json!({ "provisionedThroughput": units(5, 6) }));
    let creates = |scene: &Scene| match &scene.plan().steps[0].action {
        Action::Update(Update::CreateIndex { index, .. }) => index.throughput,
        other => panic!("{other:?}"),
    };
    let throughput = Throughput { read_capacity_units: 5, write_capacity_units: 6 };
    assert_eq!(creates(&provisioned().wants_indexes(std::slice::from_ref(&reserved))), Some(throughput));
    assert_eq!(creates(&dynamo().wants_indexes(&[by_mail()])), None);
    // Taken over without a word on billing.
    let unmanaged = provisioned().wants(json!({ "billingMode": null, "provisionedThroughput": null }));
    let (reason, message) = unmanaged.wants_indexes(&[by_mail()]).problem();
    assert_eq!(reason, Reason::InvalidSpec);
    assert!(message.contains("spec.globalSecondaryIndexes.by-mail") && message.contains("provisionedThroughput"));
}

#[test]
fn a_new_index_waits_until_the_billing_mode_that_it_is_for_is_in_force() {
    let on_demand = json!({ "billingMode": "PAY_PER_REQUEST", "provisionedThroughput": null });
    let leaving = provisioned().wants(on_demand).wants_indexes(&[by_mail()]).scales(None, Capacity::Read, target(5, 9));
    let coming = dynamo()
        .wants(json!({ "billingMode": "PROVISIONED", "provisionedThroughput": units(5, 5) }))
        .wants_indexes(&[with(by_mail(), json!({ "provisionedThroughput": units(5, 5) }))]);
    for scene in [leaving, coming] {
        let steps = scene.steps();
        assert_eq!(
            steps.last().unwrap(),
            "later (Updating): UpdateTable +by-mail of at:N id:S mail:S (none)",
            "{steps:?}"
        );
    }
}

#[test]
fn an_index_that_is_not_managed_any_more_is_left_alone_with_all_that_it_has() {
    let list = [with(by_mail(), json!({ "contributorInsights": { "enabled": true } }))];
    let scene = dynamo().has_indexes(&list).wants_indexes(&list).wants(json!({ "globalSecondaryIndexes": null }));
    assert!(scene.settles());
    assert_eq!(scene.id().contributor_insights, BTreeSet::new());
}
