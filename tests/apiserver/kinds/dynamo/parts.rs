//! Rows for the rules of DynamoTable about its parts, other regions, sources, and what cannot change.

use serde_json::{Value, json};

use crate::lab::merged;
use crate::rules::{Row, change, row};

use super::rows::{key, provisioned, range, sorted, users, with_index, with_local};

pub fn rows() -> Vec<Row> {
    [parts(), replicas(), strong_consistency(), sources(), immutables(), transitions()].into_iter().flatten().collect()
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

pub const BACKUP: &str = "arn:aws:dynamodb:eu-central-1:123456789012:table/users/backup/01700000000000-0a1b2c3d";
const KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d";
const KEY_ELSEWHERE: &str = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d";
const STREAM: &str = "arn:aws:kinesis:eu-central-1:123456789012:stream/changes";

pub fn import() -> Value {
    json!({"bucket": "exports", "inputFormat": "DYNAMODB_JSON"})
}

fn sources() -> Vec<Row> {
    let from = |source: Value| json!({"source": source});
    let moment = |fields: Value| {
        merged(&json!({"source": {"pointInTime": {"identifier": "main"}}}), &from(json!({"pointInTime": fields})))
    };
    let (one, when) = ("spec.source takes exactly one", "takes either restoreTime or");
    let by = "spec.source.snapshot names a DbSnapshot";
    let restored = from(json!({"snapshot": {"identifier": BACKUP}}));
    vec![
        row(one, users(), from(json!({})), restored.clone()),
        row(one, merged(&users(), &restored), from(json!({"importFromS3": import()})), json!({})),
        row(by, merged(&users(), &restored), from(json!({"snapshot": {"name": "monday"}})), json!({})),
        row(by, users(), from(json!({"snapshot": {}})), from(json!({"snapshot": {"name": "monday"}}))),
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
