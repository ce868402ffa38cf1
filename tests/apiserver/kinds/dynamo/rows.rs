//! Rows for the rules of DynamoTable.

use serde_json::{Value, json};

use crate::lab::merged;
use crate::rules::{Row, change, row};

pub fn users() -> Value {
    json!({"hashKey": {"name": "id", "type": "S"}})
}

fn sorted() -> Value {
    json!({"hashKey": {"name": "id", "type": "S"}, "rangeKey": {"name": "created", "type": "N"}})
}

fn provisioned() -> Value {
    json!({
        "hashKey": {"name": "id", "type": "S"}, "billingMode": "PROVISIONED",
        "provisionedThroughput": {"readCapacityUnits": 5, "writeCapacityUnits": 5},
    })
}

fn key(name: &str) -> Value {
    json!({"name": name, "type": "S"})
}

fn range() -> Value {
    json!({"min": 1, "max": 10})
}

/// A table with one index, which has these fields besides.
fn with_index(fields: Value) -> Value {
    let index = json!({"name": "email-index", "hashKey": key("email"), "projection": {"type": "ALL"}});
    json!({"globalSecondaryIndexes": [merged(&index, &fields)]})
}

/// Of a table with indexes: what each of them gets besides.
fn each_index(fields: Value) -> Value {
    json!({"globalSecondaryIndexes": {"[]": fields}})
}

fn with_local(fields: Value) -> Value {
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
        parts(),
        replicas(),
        strong_consistency(),
        sources(),
        immutables(),
        transitions(),
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

fn parts() -> Vec<Row> {
    let kinesis = |fields: Value| json!({"kinesisDestination": fields});
    let stream = "spec.stream.viewType is required";
    let key = "spec.encryption.kmsKeyArn is required";
    let destination = "spec.kinesisDestination.streamArn is required";
    let policy = "spec.resourcePolicy is a JSON object";
    vec![
        row(stream, users(), json!({"stream": {"enabled": true}}), json!({"stream": {"enabled": false}})),
        row(
            stream,
            users(),
            json!({"stream": {"enabled": false, "viewType": "NEW_IMAGE"}}),
            json!({"stream": {"enabled": true, "viewType": "NEW_IMAGE"}}),
        ),
        row(
            key,
            users(),
            json!({"encryption": {"type": "KMS"}}),
            json!({"encryption": {"type": "KMS", "kmsKeyArn": KEY}}),
        ),
        row(
            key,
            users(),
            json!({"encryption": {"type": "AWS_MANAGED", "kmsKeyArn": KEY}}),
            json!({"encryption": {"type": "AWS_MANAGED"}}),
        ),
        row(policy, users(), json!({"resourcePolicy": "[]"}), json!({"resourcePolicy": "{}"})),
        row(policy, users(), json!({"resourcePolicy": " "}), json!({"resourcePolicy": ""})),
        row(
            "recoveryPeriodInDays needs enabled",
            users(),
            json!({"pointInTimeRecovery": {"enabled": false, "recoveryPeriodInDays": 7}}),
            json!({"pointInTimeRecovery": {"enabled": true, "recoveryPeriodInDays": 7}}),
        ),
        row(destination, users(), kinesis(json!({"enabled": true})), kinesis(json!({"enabled": false}))),
        row(
            destination,
            users(),
            kinesis(json!({"enabled": false, "streamArn": STREAM})),
            kinesis(json!({"enabled": true, "streamArn": STREAM})),
        ),
    ]
}

fn replicas() -> Vec<Row> {
    let replica = |fields: Value| json!({"replicas": [merged(&json!({"region": "eu-west-1"}), &fields)]});
    let tag = |key: &str| replica(json!({"tags": {key: "x"}}));
    let encrypted =
        |kind: &str, key: Value| merged(&replica(json!({"kmsKeyArn": key})), &json!({"encryption": {"type": kind}}));
    let (stream, scaled) = ("has a stream of NEW_AND_OLD_IMAGES", "with spec.replicas needs autoscaling.write");
    let capacity = json!({"provisionedThroughput": {"readCapacityUnits": 5, "writeCapacityUnits": 5}});
    let scaling = json!({"autoscaling": {"write": range()}});
    let view = |view: &str| json!({"stream": {"enabled": true, "viewType": view}});
    let global = merged(&users(), &replica(json!({})));
    let scaled_table = merged(&provisioned(), &merged(&scaling, &replica(json!({}))));
    let mut rows = vec![
        row(stream, global.clone(), view("NEW_IMAGE"), view("NEW_AND_OLD_IMAGES")),
        row(stream, global, json!({"stream": {"enabled": false}}), json!({})),
        row(
            "spec.replicas lists other regions",
            merged(&users(), &replica(json!({}))),
            json!({"region": "eu-west-1"}),
            json!({"region": "eu-west-2"}),
        ),
        row(
            "each replica needs kmsKeyArn",
            merged(&users(), &json!({"encryption": {"type": "KMS", "kmsKeyArn": KEY}})),
            replica(json!({})),
            replica(json!({"kmsKeyArn": KEY_ELSEWHERE})),
        ),
        row(
            "kmsKeyArn of a replica needs",
            users(),
            encrypted("AWS_MANAGED", json!(KEY_ELSEWHERE)),
            encrypted("AWS_MANAGED", Value::Null),
        ),
        row(
            "in the replica's own region",
            users(),
            replica(json!({"kmsKeyArn": KEY})),
            replica(json!({"kmsKeyArn": KEY_ELSEWHERE})),
        ),
        row(scaled, provisioned(), replica(json!({})), merged(&scaling, &replica(json!({})))),
        row(scaled, scaled_table.clone(), with_index(capacity.clone()), with_index(merged(&capacity, &scaling))),
        row(
            "readCapacityUnits of a replica needs",
            users(),
            replica(json!({"readCapacityUnits": 5})),
            merged(&scaled_table, &replica(json!({"readCapacityUnits": 5}))),
        ),
        row(
            "maxReadRequestUnits of a replica is for",
            scaled_table,
            replica(json!({"maxReadRequestUnits": 5})),
            replica(json!({"readCapacityUnits": 5})),
        ),
    ];
    for (bad, good) in
        [("AWS:cost", "cost"), ("awsdb.dev/owner", "awsdb"), ("", "k"), (&"k".repeat(129), &"k".repeat(128))]
    {
        rows.push(row("tag keys of a replica have", users(), tag(bad), tag(good)));
    }
    rows
}

fn strong_consistency() -> Vec<Row> {
    let in_regions = |regions: &[&str]| json!({"replicas": regions.iter().map(|region| json!({"region": region})).collect::<Vec<_>>()});
    let strong = merged(&users(), &json!({"multiRegionConsistency": "STRONG"}));
    let three = "STRONG needs three regions";
    let witnessed = merged(&strong, &merged(&in_regions(&["eu-west-1"]), &json!({"witnessRegion": "eu-west-2"})));
    let elsewhere = "spec.witnessRegion is another region";
    vec![
        row(three, strong.clone(), in_regions(&["eu-west-1"]), in_regions(&["eu-west-1", "eu-west-2"])),
        row(three, strong.clone(), json!({}), in_regions(&["eu-west-1", "eu-west-2"])),
        row(three, witnessed.clone(), in_regions(&["eu-west-1", "eu-west-3"]), json!({})),
        row(
            "spec.witnessRegion needs",
            merged(&users(), &in_regions(&["eu-west-1"])),
            json!({"witnessRegion": "eu-west-2"}),
            json!({"witnessRegion": "eu-west-2", "multiRegionConsistency": "STRONG"}),
        ),
        row(elsewhere, witnessed.clone(), json!({"witnessRegion": "eu-west-1"}), json!({"witnessRegion": "eu-west-3"})),
        row(elsewhere, witnessed, json!({"region": "eu-west-2"}), json!({"region": "eu-central-1"})),
        change(
            "spec.multiRegionConsistency is fixed",
            merged(
                &users(),
                &merged(&in_regions(&["eu-west-1", "eu-west-2"]), &json!({"multiRegionConsistency": "EVENTUAL"})),
            ),
            json!({"multiRegionConsistency": "STRONG"}),
            json!({"tags": {}}),
        ),
        change(
            "spec.multiRegionConsistency is fixed",
            merged(&strong, &in_regions(&["eu-west-1", "eu-west-2"])),
            json!({"multiRegionConsistency": null}),
            json!({"tags": {}}),
        ),
    ]
}

const BACKUP: &str = "arn:aws:dynamodb:eu-central-1:123456789012:table/users/backup/01700000000000-0a1b2c3d";
const KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d";
const KEY_ELSEWHERE: &str = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d";
const STREAM: &str = "arn:aws:kinesis:eu-central-1:123456789012:stream/changes";

fn import() -> Value {
    json!({"bucket": "exports", "inputFormat": "DYNAMODB_JSON"})
}

fn sources() -> Vec<Row> {
    let from = |source: Value| json!({"source": source});
    let moment = |fields: Value| {
        merged(&json!({"source": {"pointInTime": {"identifier": "main"}}}), &from(json!({"pointInTime": fields})))
    };
    let (one, when) = ("spec.source takes exactly one", "takes either restoreTime or");
    let restored = from(json!({"snapshot": {"identifier": BACKUP}}));
    vec![
        row(one, users(), from(json!({})), restored.clone()),
        row(one, merged(&users(), &restored), from(json!({"importFromS3": import()})), json!({})),
        row(when, users(), moment(json!({})), moment(json!({"useLatestRestorableTime": true}))),
        row(
            when,
            users(),
            moment(json!({"useLatestRestorableTime": true, "restoreTime": "2026-01-31T09:30:00Z"})),
            moment(json!({"useLatestRestorableTime": false, "restoreTime": "2026-01-31T09:30:00Z"})),
        ),
        row(
            "into tables without local secondary indexes",
            merged(&sorted(), &with_local(json!({}))),
            from(json!({"importFromS3": import()})),
            restored.clone(),
        ),
        row(
            "csv is for inputFormat CSV",
            users(),
            from(json!({"importFromS3": merged(&import(), &json!({"csv": {}}))})),
            from(json!({"importFromS3": merged(&import(), &json!({"csv": {}, "inputFormat": "CSV"}))})),
        ),
        row("spec.items is for a table that begins empty", merged(&users(), &restored), items("seed"), json!({})),
    ]
}

fn items(name: &str) -> Value {
    json!({"items": {"configMapRef": {"name": name}}})
}

fn immutables() -> Vec<Row> {
    let (hash, range) = ("spec.hashKey is immutable: make a new", "spec.rangeKey is immutable: make a new");
    let (no_hash, no_range) =
        ("spec.hashKey is immutable: it can be neither", "spec.rangeKey is immutable: it can be neither");
    let local = "spec.localSecondaryIndexes is immutable";
    let with_local = merged(&sorted(), &with_local(json!({})));
    let more = json!({"[]": {"projection": {"type": "KEYS_ONLY"}}});
    let tagged = json!({"tags": {}});
    vec![
        change(hash, users(), json!({"hashKey": {"type": "N"}}), tagged.clone()),
        change(hash, users(), json!({"hashKey": {"name": "key"}}), with_index(json!({}))),
        change(range, sorted(), json!({"rangeKey": {"type": "S"}}), tagged.clone()),
        change(no_hash, users(), json!({"hashKey": null}), tagged.clone()),
        change(no_hash, json!({"adoption": "IfExists"}), users(), tagged.clone()),
        change(no_range, sorted(), json!({"rangeKey": null}), tagged.clone()),
        change(no_range, users(), json!({"rangeKey": key("sort")}), tagged.clone()),
        change(local, with_local.clone(), json!({"localSecondaryIndexes": more}), tagged.clone()),
        change(local, with_local.clone(), json!({"localSecondaryIndexes": null}), tagged.clone()),
        change(local, sorted(), json!({"localSecondaryIndexes": with_local["localSecondaryIndexes"]}), tagged),
    ]
}

fn transitions() -> Vec<Row> {
    let restored =
        |table: &str| json!({"source": {"pointInTime": {"identifier": table, "useLatestRestorableTime": true}}});
    let seeded = |name: &str| merged(&users(), &items(name));
    let warm =
        |read: u32, write: u32| json!({"warmThroughput": {"readUnitsPerSecond": read, "writeUnitsPerSecond": write}});
    let (reads, writes) = ("warmThroughput.readUnitsPerSecond cannot", "warmThroughput.writeUnitsPerSecond cannot");
    let base = merged(&users(), &warm(13000, 5000));
    let index = merged(&users(), &with_index(warm(13000, 5000)));
    let (gone, raised) = (json!({"warmThroughput": null}), warm(13001, 5001));
    vec![
        change(reads, base.clone(), warm(12999, 5000), raised),
        change(writes, base, warm(13000, 4999), gone),
        change(reads, index.clone(), with_index(warm(12999, 5000)), with_index(json!({}))),
        change(writes, index, with_index(warm(13000, 4999)), with_index(warm(13000, 5001))),
        change("spec.source is write-once: it cannot be added", users(), restored("main"), json!({"tags": {}})),
        change(
            "spec.source is write-once: a table is made",
            merged(&users(), &restored("main")),
            restored("other"),
            json!({"source": null}),
        ),
        change("into a new table: it cannot be added", users(), items("seed"), json!({"tags": {}})),
        change("into a new table (removing spec.items", seeded("one"), items("two"), json!({"items": null})),
    ]
}
