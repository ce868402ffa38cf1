//! Rows for the rules of DynamoTable about keys, indexes and capacity.

use serde_json::{Value, json};

use crate::lab::merged;
use crate::rules::{Row, row};

use super::parts::{BACKUP, import};

pub fn users() -> Value {
    json!({"hashKey": {"name": "id", "type": "S"}})
}

pub fn sorted() -> Value {
    json!({"hashKey": {"name": "id", "type": "S"}, "rangeKey": {"name": "created", "type": "N"}})
}

pub fn provisioned() -> Value {
    json!({
        "hashKey": {"name": "id", "type": "S"}, "billingMode": "PROVISIONED",
        "provisionedThroughput": {"readCapacityUnits": 5, "writeCapacityUnits": 5},
    })
}

pub fn key(name: &str) -> Value {
    json!({"name": name, "type": "S"})
}

pub fn range() -> Value {
    json!({"min": 1, "max": 10})
}

/// A table with one index, which has these fields besides.
pub fn with_index(fields: Value) -> Value {
    let index = json!({"name": "email-index", "hashKey": key("email"), "projection": {"type": "ALL"}});
    json!({"globalSecondaryIndexes": [merged(&index, &fields)]})
}

/// Of a table with indexes: what each of them gets besides.
fn each_index(fields: Value) -> Value {
    json!({"globalSecondaryIndexes": {"[]": fields}})
}

pub fn with_local(fields: Value) -> Value {
    let index = json!({"name": "by-age", "rangeKey": {"name": "age", "type": "N"}, "projection": {"type": "ALL"}});
    json!({"localSecondaryIndexes": [merged(&index, &fields)]})
}

pub fn rows() -> Vec<Row> {
    [
        creation(),
        keys(),
        projections(),
        provisioned_capacity(),
        on_demand_capacity(),
        warm_throughput(),
        super::parts::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn creation() -> Vec<Row> {
    let from = |source: Value| json!({"hashKey": null, "source": source});
    let new = "a new table needs spec.hashKey";
    vec![
        row(new, users(), json!({"hashKey": null}), json!({"hashKey": null, "adoption": "IfExists"})),
        row(new, users(), json!({"hashKey": null}), json!({"hashKey": null, "managementPolicy": "Observe"})),
        row(new, users(), from(json!({"importFromS3": import()})), from(json!({"snapshot": {"identifier": BACKUP}}))),
        row("spec.identifier has at least 3", users(), json!({"identifier": "ab"}), json!({"identifier": "abc"})),
        row(
            "tag keys of a table do not begin",
            users(),
            json!({"tags": {"Aws:cost": "x"}}),
            json!({"tags": {"Aws-cost": "x"}}),
        ),
        row(
            "tag values have at most 256",
            users(),
            json!({"tags": {"team": "x".repeat(257)}}),
            json!({"tags": {"team": "x".repeat(256)}}),
        ),
    ]
}

fn keys() -> Vec<Row> {
    let (range, agree) = ("spec.rangeKey needs spec.hashKey", "an attribute that is a key in several places");
    let number = |name: &str| json!({"name": name, "type": "N"});
    let two = |first: Value, second: Value| {
        let index = |name: &str, hash: Value| json!({"name": name, "hashKey": hash, "projection": {"type": "ALL"}});
        json!({"globalSecondaryIndexes": [index("one", first), index("two", second)]})
    };
    let once = "an attribute can be a key of an index once";
    vec![
        row(range, users(), json!({"rangeKey": key("id")}), json!({"rangeKey": key("sort")})),
        row(
            range,
            json!({"adoption": "IfExists"}),
            json!({"rangeKey": key("sort")}),
            json!({"rangeKey": key("sort"), "hashKey": key("id")}),
        ),
        row(agree, users(), with_index(json!({"hashKey": number("id")})), with_index(json!({"hashKey": key("id")}))),
        row(agree, users(), two(key("email"), number("email")), two(key("email"), number("age"))),
        row(
            agree,
            sorted(),
            with_index(json!({"rangeKey": key("created")})),
            with_index(json!({"rangeKey": number("created")})),
        ),
        row(
            agree,
            merged(&sorted(), &with_local(json!({}))),
            with_index(json!({"additionalHashKeys": [key("age")]})),
            with_index(json!({"additionalHashKeys": [number("age")]})),
        ),
        row(
            agree,
            merged(&sorted(), &with_local(json!({"rangeKey": number("email")}))),
            with_index(json!({"rangeKey": number("age"), "additionalRangeKeys": [number("other")]})),
            with_index(json!({"hashKey": number("email")})),
        ),
        row(once, users(), with_index(json!({"rangeKey": key("email")})), with_index(json!({"rangeKey": key("name")}))),
        row(
            once,
            users(),
            with_index(json!({"additionalHashKeys": [key("name"), key("name")]})),
            with_index(json!({"additionalHashKeys": [key("name"), key("surname")]})),
        ),
        row(
            "additionalRangeKeys of an index need",
            users(),
            with_index(json!({"additionalRangeKeys": [key("name")]})),
            with_index(json!({"additionalRangeKeys": [key("name")], "rangeKey": key("surname")})),
        ),
        row(
            "spec.localSecondaryIndexes need spec.rangeKey",
            sorted(),
            json!({"rangeKey": null, "localSecondaryIndexes": with_local(json!({}))["localSecondaryIndexes"]}),
            with_local(json!({})),
        ),
        row(
            "rangeKey of a local secondary index needs another name",
            sorted(),
            with_local(json!({"rangeKey": key("id")})),
            with_local(json!({"rangeKey": key("name")})),
        ),
        row(
            "share one set of names",
            merged(&sorted(), &with_local(json!({}))),
            with_index(json!({"name": "by-age"})),
            with_index(json!({"name": "by-email"})),
        ),
    ]
}

fn projections() -> Vec<Row> {
    let include = |names: &[&str]| json!({"projection": {"type": "INCLUDE", "nonKeyAttributes": names}});
    let (only, own) = ("projection.nonKeyAttributes is required", "an index has its keys anyway");
    let table = "every index has the keys of the table";
    let many = |count: usize| {
        let names: Vec<String> = (0..20).map(|number| format!("attribute-{number}")).collect();
        let index = |at: usize| {
            let names = &names[..if at == 5 { 1 } else { 20 }];
            json!({"name": format!("index-{at}"), "hashKey": key("email"), "projection": {"type": "INCLUDE", "nonKeyAttributes": names}})
        };
        json!({"globalSecondaryIndexes": (0..count).map(index).collect::<Vec<_>>()})
    };
    let all_of_it = |kind: &str| json!({"projection": {"type": kind, "nonKeyAttributes": ["name"]}});
    let mut rows = vec![
        row("have at most 100 nonKeyAttributes", users(), many(6), many(5)),
        row(own, users(), with_index(include(&["email", "name"])), with_index(include(&["name"]))),
        row(
            own,
            users(),
            with_index(merged(&include(&["age"]), &json!({"additionalHashKeys": [key("age")]}))),
            with_index(merged(&include(&["name"]), &json!({"additionalHashKeys": [key("age")]}))),
        ),
        row(
            "a local secondary index has its rangeKey anyway",
            sorted(),
            with_local(include(&["age"])),
            with_local(include(&["name"])),
        ),
    ];
    type With = fn(Value) -> Value;
    for (with, base) in [(with_index as With, sorted()), (with_local as With, sorted())] {
        rows.extend([
            row(only, base.clone(), with(json!({"projection": {"type": "INCLUDE"}})), with(include(&["name"]))),
            row(only, base.clone(), with(all_of_it("ALL")), with(all_of_it("INCLUDE"))),
            row(only, base.clone(), with(all_of_it("KEYS_ONLY")), with(json!({"projection": {"type": "KEYS_ONLY"}}))),
            row(table, base.clone(), with(include(&["id"])), with(include(&["name"]))),
            row(table, base, with(include(&["created"])), with(include(&["name"]))),
        ]);
    }
    rows
}

fn provisioned_capacity() -> Vec<Row> {
    let both = json!({"read": range(), "write": range()});
    let units = json!({"readCapacityUnits": 5, "writeCapacityUnits": 5});
    let (table, index) = ("PROVISIONED needs spec.provisionedThroughput", "each index needs provisionedThroughput");
    let forbidden = "provisionedThroughput and autoscaling of an index need";
    let min = "autoscaling: min must not be above max";
    let mut rows = vec![
        row(table, provisioned(), json!({"provisionedThroughput": null}), json!({})),
        row(
            table,
            provisioned(),
            json!({"provisionedThroughput": null, "autoscaling": {"read": range()}}),
            json!({"provisionedThroughput": null, "autoscaling": both}),
        ),
        row(
            "spec.provisionedThroughput needs",
            users(),
            json!({"provisionedThroughput": units}),
            json!({"provisionedThroughput": units, "billingMode": "PROVISIONED"}),
        ),
        row("spec.autoscaling needs", users(), json!({"autoscaling": {"read": range()}}), json!({"autoscaling": {}})),
        row(
            index,
            provisioned(),
            with_index(json!({"autoscaling": {"write": range()}})),
            with_index(json!({"autoscaling": both})),
        ),
        row(index, provisioned(), with_index(json!({})), with_index(json!({"provisionedThroughput": units}))),
        row(forbidden, users(), with_index(json!({"provisionedThroughput": units})), with_index(json!({}))),
        row(
            forbidden,
            users(),
            with_index(json!({"autoscaling": {"read": range()}})),
            with_index(json!({"autoscaling": {}})),
        ),
    ];
    let index = merged(&provisioned(), &with_index(json!({"provisionedThroughput": units})));
    for capacity in ["read", "write"] {
        let scaled = |min: u32| json!({"autoscaling": {capacity: {"min": min, "max": 10}}});
        rows.push(row(min, provisioned(), scaled(11), scaled(10)));
        rows.push(row(min, index.clone(), each_index(scaled(11)), each_index(scaled(10))));
    }
    rows
}

fn on_demand_capacity() -> Vec<Row> {
    let cap = |units: Value| json!({"onDemandThroughput": units});
    let (some, least) = ("onDemandThroughput needs maxReadRequestUnits", "onDemandThroughput: a cap is at least 1");
    let reads = |units: i32| cap(json!({"maxReadRequestUnits": units}));
    let writes = |units: i32| cap(json!({"maxWriteRequestUnits": units}));
    let units = json!({"readCapacityUnits": 5, "writeCapacityUnits": 5});
    let index = merged(&provisioned(), &with_index(json!({"provisionedThroughput": units})));
    vec![
        row("spec.onDemandThroughput is for", provisioned(), reads(5), json!({})),
        row("onDemandThroughput of an index is for", index, each_index(reads(5)), json!({})),
        row(some, users(), cap(json!({})), reads(5)),
        row(some, users(), with_index(cap(json!({}))), with_index(writes(5))),
        row(least, users(), reads(0), reads(-1)),
        row(least, users(), writes(0), writes(1)),
        row(least, users(), with_index(writes(0)), with_index(writes(-1))),
    ]
}

fn warm_throughput() -> Vec<Row> {
    let warm =
        |read: u32, write: u32| json!({"warmThroughput": {"readUnitsPerSecond": read, "writeUnitsPerSecond": write}});
    let (table, index) = ("raise spec.warmThroughput to at least", "an index of a PAY_PER_REQUEST table is warm");
    let adopted = merged(&warm(1, 1), &json!({"adoption": "IfExists"}));
    vec![
        row(table, users(), warm(11999, 4000), warm(12000, 4000)),
        row(table, users(), warm(12000, 3999), adopted),
        row(index, users(), with_index(warm(12000, 3999)), with_index(warm(12000, 4000))),
        row(index, users(), with_index(warm(11999, 4000)), json!({})),
        row("at least spec.provisionedThroughput", provisioned(), warm(4, 5), warm(5, 5)),
        row("at least spec.provisionedThroughput", provisioned(), warm(5, 4), warm(6, 6)),
    ]
}
