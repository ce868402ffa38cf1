//! Backups of tables: by ARN where one is recorded, else by table and name.

use serde_json::{Value, json};

use super::*;

fn recorded() -> Id {
    Id { recorded: Some((BACKUP.into(), tags())), ..id(Family::Table) }
}

fn of_orders() -> Id {
    Id { source: Some(SourceId::Database("orders".into())), ..id(Family::Table) }
}

fn described(status: &str) -> Value {
    json!({"BackupDescription": {
        "BackupDetails": {
            "BackupArn": BACKUP, "BackupName": "nightly", "BackupStatus": status, "BackupType": "USER",
            "BackupSizeBytes": 4096, "BackupCreationDateTime": 1700000000.5,
        },
        "SourceTableDetails": {
            "TableName": "orders", "TableId": "id-1", "KeySchema": [], "TableCreationDateTime": 1600000000,
            "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
        },
    }})
}

fn summary(arn: &str, name: &str, status: &str, at: i64) -> Value {
    json!({
        "BackupArn": arn, "BackupName": name, "BackupStatus": status, "BackupType": "USER", "TableName": "orders",
        "TableId": "id-1", "BackupSizeBytes": 4096, "BackupCreationDateTime": at,
    })
}

fn expected(tags: Tags) -> Snapshot {
    Snapshot {
        arn: BACKUP.into(),
        resource_id: BACKUP.into(),
        status: "available".into(),
        snapshot_type: "user".into(),
        created: "2023-11-14T22:13:20Z".parse().ok(),
        source: "orders".into(),
        source_resource_id: Some("id-1".into()),
        engine: "dynamodb".into(),
        encrypted: true,
        size: Some(4096),
        tags,
        ..Snapshot::default()
    }
}

#[tokio::test]
async fn a_recorded_backup_is_read_by_its_arn_and_has_the_recorded_tags() {
    let wire = Wire::new().json("DescribeBackup", described("AVAILABLE"));
    let looked = observe(&wire, &recorded(), Look::Shared).await.unwrap();
    assert_eq!(looked.look, Look::Direct);
    assert_eq!(looked.observed.snapshot, Seen::Present(expected(tags())));
    assert_eq!(wire.once("DescribeBackup").json(), json!({"BackupArn": BACKUP}));
    assert!(wire.asked("ListBackups").is_empty());
}

#[tokio::test]
async fn a_recorded_backup_that_is_gone_is_absent() {
    let gone = Wire::new().json_refusing("DescribeBackup", "BackupNotFoundException", "gone");
    assert_eq!(observed(&gone, &recorded()).await.snapshot, Seen::Absent);
    let deleted = Wire::new().json("DescribeBackup", described("DELETED"));
    assert_eq!(observed(&deleted, &recorded()).await.snapshot, Seen::Absent);
    let denied = Wire::new().json_refusing("DescribeBackup", "AccessDeniedException", "no");
    assert_eq!(observe(&denied, &recorded(), Look::Direct).await.unwrap_err().class, Class::Denied);
}

#[tokio::test]
async fn without_a_record_the_newest_of_table_and_name_is_it() {
    let pages = |last: Value, rest: Value| json!({"BackupSummaries": rest, "LastEvaluatedBackupArn": last});
    let wire = Wire::new()
        .json("ListBackups", pages(json!("arn:2"), json!([summary("arn:1", "nightly", "AVAILABLE", 1_600_000_000)])))
        .json(
            "ListBackups",
            pages(
                Value::Null,
                json!([
                    summary(BACKUP, "nightly", "AVAILABLE", 1_700_000_000),
                    summary("arn:3", "nightly", "DELETED", 1_800_000_000),
                    summary("arn:4", "weekly", "AVAILABLE", 1_800_000_000),
                ]),
            ),
        );
    assert_eq!(observed(&wire, &of_orders()).await.snapshot, Seen::Present(expected(Tags::new())));
    let asked = wire.asked("ListBackups");
    assert_eq!(asked[0].json(), json!({"TableName": "orders", "BackupType": "ALL"}));
    assert_eq!(asked[1].json()["ExclusiveStartBackupArn"], "arn:2");
}

#[tokio::test]
async fn without_a_record_and_a_table_there_is_none() {
    let wire = Wire::new();
    let looked = observe(&wire, &id(Family::Table), Look::Shared).await.unwrap();
    assert_eq!((looked.look, looked.observed.snapshot), (Look::Direct, Seen::Absent));
    assert_eq!(wire.told().len(), 1, "nothing but the account is asked for");
}

#[tokio::test]
async fn the_table_of_a_new_backup_is_read_with_its_tags() {
    let table = json!({"Table": {
        "TableArn": "arn:table", "TableId": "id-1", "TableStatus": "ACTIVE", "CreationDateTime": 1_600_000_000,
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    }});
    let wire = Wire::new()
        .json("ListBackups", json!({"BackupSummaries": []}))
        .json("DescribeTable", table)
        .json("ListTagsOfResource", json!({"Tags": [{"Key": "a", "Value": "b"}]}));
    let seen = observed(&wire, &of_orders()).await;
    assert_eq!(seen.snapshot, Seen::Absent);
    let tags = Some(Tags::from([("a".into(), "b".into())]));
    let expected = Source { arn: "arn:table".into(), status: "active".into(), tags, encrypted: true };
    assert_eq!(seen.source, Seen::Present(expected));
    let gone =
        Wire::new().json("ListBackups", json!({})).json_refusing("DescribeTable", "ResourceNotFoundException", "gone");
    assert_eq!(observed(&gone, &of_orders()).await.source, Seen::Absent);
}

#[tokio::test]
async fn a_backup_is_made_by_table_and_name_and_deleted_by_arn() {
    let wire = Wire::new().json("CreateBackup", json!({})).json("DeleteBackup", json!({}));
    perform(&wire, Family::Table, Call::Create { source: "orders".into(), tags: Tags::new() }).await.unwrap();
    assert_eq!(wire.once("CreateBackup").json(), json!({"TableName": "orders", "BackupName": "nightly"}));
    let delete = || Call::Delete { region: None, arn: BACKUP.into(), expired: false };
    perform(&wire, Family::Table, delete()).await.unwrap();
    assert_eq!(wire.once("DeleteBackup").json(), json!({"BackupArn": BACKUP}));
    let gone = Wire::new().json_refusing("DeleteBackup", "BackupNotFoundException", "gone");
    perform(&gone, Family::Table, delete()).await.unwrap();
    let busy = Wire::new().json_refusing("DeleteBackup", "BackupInUseException", "in use");
    assert_eq!(perform(&busy, Family::Table, delete()).await.unwrap_err().class, Class::Busy);
}
