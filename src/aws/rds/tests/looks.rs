//! Looks: which calls they make, and what a failing one leaves.

use super::wire::Wire;
use super::*;
use crate::aws::rds::{Observed, SourceId};
use crate::aws::{Class, Cloud, Look, Seen};

pub(super) const MEMBERS: &str = "<DBInstanceIdentifier>Orders</DBInstanceIdentifier>\
    <DBInstanceArn>arn:aws:rds:eu-central-1:111122223333:db:orders</DBInstanceArn>\
    <DbiResourceId>db-ABC</DbiResourceId><DBInstanceStatus>available</DBInstanceStatus>\
    <Engine>postgres</Engine><BackupRetentionPeriod>7</BackupRetentionPeriod>\
    <TagList><Tag><Key>team</Key><Value>shop</Value></Tag></TagList>\
    <MasterUserSecret><SecretArn>arn:secret</SecretArn><SecretStatus>active</SecretStatus></MasterUserSecret>";

pub(super) fn instances(members: &str) -> String {
    format!("<DBInstances><DBInstance>{members}</DBInstance></DBInstances>")
}

fn there() -> Wire {
    Wire::new().answering("DescribeDBInstances", &instances(MEMBERS))
}

fn gone() -> Wire {
    Wire::new().refusing("DescribeDBInstances", 404, "DBInstanceNotFound", "DBInstance orders not found.")
}

async fn look(wire: &Wire, id: &Id) -> Observed {
    wire.aws().observe(id, Look::Direct).await.unwrap().observed
}

/// The reason why a part was not read.
fn unread<T: std::fmt::Debug>(seen: &Seen<T>) -> &str {
    match seen {
        Seen::Unread(reason) => reason,
        other => panic!("{other:?}"),
    }
}

fn source(source: SourceId) -> Id {
    Id { source: Some(source), ..id() }
}

fn operations(wire: &Wire) -> Vec<String> {
    wire.told().into_iter().map(|(service, operation, _)| format!("{service}:{operation}")).collect()
}

#[tokio::test]
async fn a_present_instance_is_seen_in_the_callers_account_and_nothing_else_is_asked() {
    let wire = there();
    let looked = wire.aws().observe(&id(), Look::Direct).await.unwrap();
    assert_eq!((looked.look, looked.account.as_str()), (Look::Direct, "111122223333"));
    let instance = looked.observed.instance.present().unwrap();
    assert_eq!((instance.resource_id.as_str(), instance.status.as_str()), ("db-ABC", "available"));
    assert_eq!(instance.tags, Tags::from([("team".into(), "shop".into())]));
    assert_eq!(looked.observed, Observed { instance: looked.observed.instance.clone(), ..Observed::unread() });
    assert_eq!(operations(&wire), ["sts:GetCallerIdentity", "rds:DescribeDBInstances"]);
    let asked = wire.once("DescribeDBInstances");
    assert_eq!(asked.members()["DBInstanceIdentifier"], "orders");
    assert_eq!(asked.host, "rds.eu-central-1.amazonaws.com");
}

#[tokio::test]
async fn the_account_is_asked_for_once_but_a_failure_is_not_kept() {
    let wire = Wire::default()
        .refusing("GetCallerIdentity", 403, "AccessDenied", "no")
        .answering("GetCallerIdentity", "<Account>111122223333</Account>")
        .answering("DescribeDBInstances", &instances(MEMBERS));
    let aws = wire.aws();
    let error = aws.observe(&id(), Look::Direct).await.unwrap_err();
    assert_eq!((error.class, error.operation), (Class::Denied, "GetCallerIdentity"));
    assert!(wire.asked("DescribeDBInstances").is_empty(), "nothing is seen without knowing where");
    for _ in 0..3 {
        aws.observe(&id(), Look::Direct).await.unwrap();
    }
    assert_eq!(wire.asked("GetCallerIdentity").len(), 2);
}

#[tokio::test]
async fn not_found_is_absent_in_both_spellings_and_so_is_an_empty_list() {
    let fault = Wire::new().refusing("DescribeDBInstances", 404, "DBInstanceNotFoundFault", "gone");
    let empty = Wire::new().answering("DescribeDBInstances", "<DBInstances/>");
    for wire in [gone(), fault, empty] {
        assert_eq!(look(&wire, &id()).await.instance, Seen::Absent);
    }
}

#[tokio::test]
async fn another_instance_in_the_answer_proves_nothing() {
    let other = instances(&MEMBERS.replace("Orders", "billing"));
    let wire = Wire::new().answering("DescribeDBInstances", &other);
    let error = wire.aws().observe(&id(), Look::Direct).await.unwrap_err();
    assert_eq!((error.class, error.code.as_str()), (Class::Transient, "Unreadable"));
}

#[tokio::test]
async fn an_instance_that_lacks_what_aws_always_sends_is_an_error() {
    let wire = Wire::new().answering("DescribeDBInstances", &instances(&MEMBERS.replace("DbiResourceId", "Other")));
    let error = wire.aws().observe(&id(), Look::Direct).await.unwrap_err();
    assert_eq!(error.to_string(), "DescribeDBInstances: Unreadable: the answer lacks DbiResourceId");
}

fn with_groups() -> Id {
    Id { parameter_groups: vec!["orders-p1".into(), "orders-p2".into()], subnet_group: Some("orders-s".into()), ..id() }
}

fn parameter_group(name: &str) -> String {
    format!(
        "<DBParameterGroups><DBParameterGroup><DBParameterGroupName>{name}</DBParameterGroupName>\
         <DBParameterGroupFamily>postgres16</DBParameterGroupFamily>\
         <DBParameterGroupArn>arn:pg</DBParameterGroupArn></DBParameterGroup></DBParameterGroups>"
    )
}

fn subnet_group(name: &str) -> String {
    format!(
        "<DBSubnetGroups><DBSubnetGroup><DBSubnetGroupName>{name}</DBSubnetGroupName>\
         <DBSubnetGroupArn>arn:sg</DBSubnetGroupArn><Subnets><Subnet><SubnetIdentifier>subnet-1</SubnetIdentifier>\
         </Subnet></Subnets></DBSubnetGroup></DBSubnetGroups>"
    )
}

#[tokio::test]
async fn groups_are_read_with_values_and_tags() {
    let one = Id { parameter_groups: vec!["orders-p1".into()], ..with_groups() };
    let value = |name: &str| {
        format!(
            "<Parameters><Parameter><ParameterName>{name}</ParameterName><ParameterValue>1</ParameterValue></Parameter></Parameters>"
        )
    };
    let wire = there()
        .answering("DescribeDBParameterGroups", &parameter_group("Orders-P1"))
        .answering("DescribeDBParameters", &(value("a") + "<Marker>next</Marker>"))
        .answering("DescribeDBParameters", &value("b"))
        .answering("DescribeDBSubnetGroups", &subnet_group("orders-s"))
        .answering("ListTagsForResource", "<TagList><Tag><Key>a</Key><Value>b</Value></Tag></TagList>");
    let observed = look(&wire, &one).await;
    let group = observed.parameter_groups["orders-p1"].present().unwrap();
    assert_eq!(group.values.keys().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(group.tags["a"], "b");
    assert_eq!(wire.asked("DescribeDBParameters")[0].members()["Source"], "user");
    let subnets = observed.subnet_group.present().unwrap();
    assert_eq!((&subnets.subnet_ids, subnets.arn.as_str()), (&texts(&["subnet-1"]), "arn:sg"));
    let tagged = wire.asked("ListTagsForResource");
    let tagged: BTreeSet<String> = tagged.iter().map(|asked| asked.members()["ResourceName"].clone()).collect();
    assert_eq!(tagged, texts(&["arn:pg", "arn:sg"]));
}

#[tokio::test]
async fn missing_groups_are_absent_and_the_instance_is_still_seen() {
    let wire = there().refusing("DescribeDBParameterGroups", 404, "DBParameterGroupNotFound", "gone").refusing(
        "DescribeDBSubnetGroups",
        404,
        "DBSubnetGroupNotFoundFault",
        "gone",
    );
    let observed = look(&wire, &with_groups()).await;
    assert_eq!(observed.parameter_groups["orders-p1"], Seen::Absent);
    assert_eq!(observed.parameter_groups["orders-p2"], Seen::Absent);
    assert_eq!(observed.subnet_group, Seen::Absent);
    assert!(observed.instance.present().is_some());
}

#[tokio::test]
async fn a_part_that_cannot_be_read_is_unread_with_the_reason_and_never_absent() {
    let denied = "not authorized to perform rds:DescribeDBParameters";
    let wire = there()
        .answering("DescribeDBParameterGroups", &parameter_group("orders-p1"))
        .refusing("DescribeDBParameters", 403, "AccessDenied", denied)
        .answering("DescribeDBSubnetGroups", &subnet_group("orders-s"))
        .refusing("ListTagsForResource", 403, "AccessDenied", "no tags for you");
    let observed = look(&wire, &with_groups()).await;
    let reason = unread(&observed.parameter_groups["orders-p1"]);
    assert_eq!(reason, format!("DescribeDBParameters: AccessDenied: {denied}"));
    assert!(unread(&observed.parameter_groups["orders-p2"]).contains("the one that was asked for"));
    assert!(unread(&observed.subnet_group).contains("no tags for you"));
    assert!(observed.instance.present().is_some());
}

#[tokio::test]
async fn an_incomplete_listing_is_not_the_whole() {
    let wire = there()
        .answering("DescribeDBParameterGroups", &parameter_group("orders-p1"))
        .answering("DescribeDBParameters", "<Marker>again</Marker>");
    let observed = look(&wire, &Id { parameter_groups: vec!["orders-p1".into()], ..id() }).await;
    assert!(unread(&observed.parameter_groups["orders-p1"]).contains("same marker"));
}

fn snapshot(name: &str) -> String {
    format!(
        "<DBSnapshot><DBSnapshotIdentifier>{name}</DBSnapshotIdentifier><DBSnapshotArn>arn:{name}</DBSnapshotArn>\
         <Status>available</Status><Engine>postgres</Engine><DbiResourceId>db-ABC</DbiResourceId>\
         <TagList><Tag><Key>a</Key><Value>b</Value></Tag></TagList></DBSnapshot>"
    )
}

#[tokio::test]
async fn manual_snapshots_are_listed_page_by_page_even_without_an_instance() {
    let page = |name: &str| format!("<DBSnapshots>{}</DBSnapshots>", snapshot(name));
    let wire = gone()
        .answering("DescribeDBSnapshots", &(page("orders-1") + "<Marker>m</Marker>"))
        .answering("DescribeDBSnapshots", &page("orders-2"));
    let observed = look(&wire, &Id { final_snapshots: true, ..id() }).await;
    let names: Vec<_> = observed.snapshots.present().unwrap().iter().map(|one| one.identifier.as_str()).collect();
    assert_eq!(names, ["orders-1", "orders-2"]);
    let asked = wire.asked("DescribeDBSnapshots")[0].members();
    assert_eq!((asked["DBInstanceIdentifier"].as_str(), asked["SnapshotType"].as_str()), ("orders", "manual"));
}

#[tokio::test]
async fn a_source_is_of_no_interest_once_the_instance_is_there() {
    let wire = there();
    let observed = look(&wire, &source(SourceId::Snapshot("s".into()))).await;
    assert_eq!(unread(&observed.source), "not asked for");
    assert!(wire.asked("DescribeDBSnapshots").is_empty());
}

#[tokio::test]
async fn a_snapshot_is_found_by_name_kind_and_sharing() {
    let foreign = "arn:aws:rds:eu-central-1:999900001111:snapshot:theirs";
    let own = "arn:aws:rds:eu-central-1:111122223333:snapshot:rds:orders-2026";
    for (name, kind, shared) in [
        ("orders-final", None, false),
        ("rds:orders-2026", Some("automated"), false),
        ("awsbackup:job-1", Some("awsbackup"), false),
        (own, Some("automated"), false),
        (foreign, None, true),
    ] {
        let wire = gone().answering("DescribeDBSnapshots", &format!("<DBSnapshots>{}</DBSnapshots>", snapshot(name)));
        let observed = look(&wire, &source(SourceId::Snapshot(name.into()))).await;
        let found = observed.source.present().unwrap();
        assert_eq!((found.status.as_str(), found.engine.as_str()), ("available", "postgres"));
        assert_eq!(found.tags.is_none(), shared, "{name}");
        let asked = wire.once("DescribeDBSnapshots").members();
        assert_eq!(asked.get("SnapshotType").map(String::as_str), kind, "{name}");
        assert_eq!(asked.contains_key("IncludeShared"), shared, "{name}");
        assert_eq!(asked["DBSnapshotIdentifier"], name);
    }
    let wire = gone().refusing("DescribeDBSnapshots", 404, "DBSnapshotNotFound", "gone");
    assert_eq!(look(&wire, &source(SourceId::Snapshot("s".into()))).await.source, Seen::Absent);
}

#[tokio::test]
async fn a_source_instance_is_looked_up_in_its_own_region() {
    let wire = gone().answering("DescribeDBInstances", &instances(&MEMBERS.replace("Orders", "main")));
    let arn = "arn:aws:rds:us-west-2:111122223333:db:main";
    let observed = look(&wire, &source(SourceId::Instance(arn.into()))).await;
    let found = observed.source.present().unwrap();
    assert_eq!((found.backup_retention, found.tags.as_ref().map(Tags::len)), (Some(7), Some(1)));
    let asked = &wire.asked("DescribeDBInstances")[1];
    assert_eq!(asked.host, "rds.us-west-2.amazonaws.com");
    assert_eq!(asked.members()["DBInstanceIdentifier"], "main");
}

#[tokio::test]
async fn a_namesake_in_our_account_is_not_taken_for_a_foreign_source() {
    for arn in ["arn:aws:rds:us-west-2:999900001111:db:main", "arn:aws:rds:us-west-2:111122223333:cluster:main"] {
        let wire = gone();
        let observed = look(&wire, &source(SourceId::Instance(arn.into()))).await;
        assert!(unread(&observed.source).contains("is no DB instance in account 111122223333"));
        assert_eq!(wire.asked("DescribeDBInstances").len(), 1);
    }
}

fn backups(members: &str) -> String {
    format!(
        "<DBInstanceAutomatedBackups><DBInstanceAutomatedBackup>{members}<Status>retained</Status>\
         <Engine>postgres</Engine></DBInstanceAutomatedBackup></DBInstanceAutomatedBackups>"
    )
}

#[tokio::test]
async fn a_resource_id_is_found_as_an_instance_or_as_what_its_deletion_left() {
    let alive = gone().answering("DescribeDBInstances", &instances(MEMBERS));
    let observed = look(&alive, &source(SourceId::ResourceId("db-ABC".into()))).await;
    assert_eq!(observed.source.present().unwrap().status, "available");
    let asked = alive.asked("DescribeDBInstances")[1].members();
    assert_eq!(asked["Filters.Filter.1.Name"], "dbi-resource-id");
    assert_eq!(asked["Filters.Filter.1.Values.Value.1"], "db-ABC");

    let left = backups("<DbiResourceId>db-ABC</DbiResourceId><DBInstanceArn>arn:i</DBInstanceArn>");
    let deleted = gone()
        .answering("DescribeDBInstances", "<DBInstances/>")
        .answering("DescribeDBInstanceAutomatedBackups", &left);
    let observed = look(&deleted, &source(SourceId::ResourceId("db-ABC".into()))).await;
    assert_eq!(observed.source.present().unwrap().status, "retained");

    let nothing = gone().answering("DescribeDBInstances", "<DBInstances/>").refusing(
        "DescribeDBInstanceAutomatedBackups",
        404,
        "DBInstanceAutomatedBackupNotFound",
        "gone",
    );
    assert_eq!(look(&nothing, &source(SourceId::ResourceId("db-ABC".into()))).await.source, Seen::Absent);
}

#[tokio::test]
async fn automated_backups_are_found_by_arn() {
    let arn = "arn:aws:rds:eu-central-1:111122223333:auto-backup:ab-1";
    let found = backups(&format!("<DBInstanceAutomatedBackupsArn>{arn}</DBInstanceAutomatedBackupsArn>"));
    let wire = gone().answering("DescribeDBInstanceAutomatedBackups", &found);
    let observed = look(&wire, &source(SourceId::AutomatedBackups(arn.into()))).await;
    assert_eq!(observed.source.present().unwrap().arn, arn);
    assert_eq!(wire.once("DescribeDBInstanceAutomatedBackups").members()["DBInstanceAutomatedBackupsArn"], arn);
}

fn managed() -> Id {
    Id { managed_password: true, ..id() }
}

#[tokio::test]
async fn a_managed_password_is_read_where_rds_keeps_it_and_never_printed() {
    let secret = format!(r#"{{"SecretString":"{{\"username\":\"dba\",\"password\":\"{CANARY}\"}}"}}"#);
    let wire = there().raw("GetSecretValue", 200, &secret);
    let looked = wire.aws().observe(&managed(), Look::Direct).await.unwrap();
    assert_eq!(looked.observed.managed_password, Seen::Present(password()));
    assert!(!format!("{looked:?} {:?}", wire.told()).contains(CANARY));
    let asked = wire.once("GetSecretValue");
    assert_eq!(asked.host, "secretsmanager.eu-central-1.amazonaws.com");
    assert!(asked.body.contains("arn:secret") && asked.body.contains("AWSCURRENT"), "{}", asked.body);
}

#[tokio::test]
async fn a_managed_password_that_cannot_be_read_says_why() {
    let denied =
        r#"{"__type":"AccessDeniedException","Message":"not authorized to perform secretsmanager:GetSecretValue"}"#;
    let missing = r#"{"__type":"ResourceNotFoundException","Message":"gone"}"#;
    let reason = |wire: Wire| async move { look(&wire, &managed()).await.managed_password };
    let unreadable = reason(there().raw("GetSecretValue", 400, denied)).await;
    assert!(unread(&unreadable).starts_with("GetSecretValue: AccessDeniedException: not authorized"));
    let odd = reason(there().raw("GetSecretValue", 200, &format!(r#"{{"SecretString":"{CANARY}"}}"#))).await;
    assert_eq!(unread(&odd), "GetSecretValue: Unreadable: the answer lacks password");
    assert_eq!(reason(there().raw("GetSecretValue", 400, missing)).await, Seen::Absent);
    let none = MEMBERS.replace("MasterUserSecret", "Other");
    let wire = Wire::new().answering("DescribeDBInstances", &instances(&none));
    assert_eq!(look(&wire, &managed()).await.managed_password, Seen::Absent);
    assert!(wire.asked("GetSecretValue").is_empty());
}
