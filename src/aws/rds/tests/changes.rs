//! Every other call that changes something.

use std::collections::{BTreeMap, BTreeSet};

use super::wire::Wire;
use super::*;
use crate::aws::rds::{LogExports, Modification, OPERATIONS, SourceId};
use crate::aws::{Action as _, Cloud};

#[tokio::test]
async fn a_modify_sends_every_field_that_can_change() {
    let modification = Modification {
        settings: full(),
        logs: Some(LogExports { enable: texts(&["audit"]), disable: texts(&["alert"]) }),
        apply_immediately: true,
        allow_major_version_upgrade: true,
        default_processor_features: false,
        disable_domain: false,
    };
    let immutable = ["KmsKeyId", "DBName", "AvailabilityZone", "BackupTarget", "DBSubnetGroupName"];
    let immutable = [&immutable[..], &SOURCE_DECIDES[..2], &SOURCE_DECIDES[3..]].concat();
    let expected = but(
        all(),
        &[&immutable[..], &["Tags", "Port", "EnableCloudwatchLogsExports"]].concat(),
        &[
            ("DBPortNumber", "1522"),
            ("ReplicaMode", "mounted"),
            ("ApplyImmediately", "true"),
            ("AllowMajorVersionUpgrade", "true"),
            ("CloudwatchLogsExportConfiguration.EnableLogTypes.member.1", "audit"),
            ("CloudwatchLogsExportConfiguration.DisableLogTypes.member.1", "alert"),
        ],
    );
    assert_eq!(sent(Action::Modify(Box::new(modification))).await, expected);
}

#[tokio::test]
async fn flags_of_a_modify_are_sent_only_when_they_are_on() {
    let modification =
        Modification { default_processor_features: true, disable_domain: true, ..Modification::default() };
    let expected = [("UseDefaultProcessorFeatures", "true"), ("DisableDomain", "true")];
    let common = [("DBInstanceIdentifier", "orders"), ("ApplyImmediately", "false")];
    assert_eq!(sent(Action::Modify(Box::new(modification))).await, members(&[expected, common].concat()));
}

#[tokio::test]
async fn a_new_password_flushes_no_change_that_waits_for_its_window() {
    let common = [("DBInstanceIdentifier", "orders"), ("ApplyImmediately", "false")];
    let expected = but(members(&common), &[], &[("MasterUserPassword", CANARY)]);
    assert_eq!(sent(Action::SetPassword).await, expected);
    let off = Action::ManagePassword { managed: false, kms_key_id: Some("k".into()) };
    assert_eq!(sent(off).await, but(expected, &[], &[("ManageMasterUserPassword", "false")]));
    let on = Action::ManagePassword { managed: true, kms_key_id: Some("k".into()) };
    let more = [("ManageMasterUserPassword", "true"), ("MasterUserSecretKmsKeyId", "k")];
    assert_eq!(sent(on).await, but(members(&common), &[], &more));
}

#[tokio::test]
async fn a_delete_says_exactly_one_thing_about_the_data() {
    let delete = |snapshot: Option<&str>, delete_automated_backups| Action::Delete {
        final_snapshot: snapshot.map(Into::into),
        delete_automated_backups,
    };
    let kept =
        [("SkipFinalSnapshot", "false"), ("FinalDBSnapshotIdentifier", "last"), ("DeleteAutomatedBackups", "false")];
    let identifier = [("DBInstanceIdentifier", "orders")];
    assert_eq!(sent(delete(Some("last"), false)).await, but(members(&kept), &[], &identifier));
    let gone = [("SkipFinalSnapshot", "true"), ("DeleteAutomatedBackups", "true")];
    assert_eq!(sent(delete(None, true)).await, but(members(&gone), &[], &identifier));
}

#[tokio::test]
async fn the_smaller_calls_send_what_they_carry() {
    let instance = ("DBInstanceIdentifier", "orders");
    let role = [instance, ("FeatureName", "S3_INTEGRATION"), ("RoleArn", "arn:r")];
    let name = |kind: &'static str| (kind, "orders-x");
    let (subnets, parameters) = (name("DBSubnetGroupName"), name("DBParameterGroupName"));
    let described = ("DBSubnetGroupDescription", "Managed by aws-database-operator");
    let one_tag = [("Tags.Tag.1.Key", "team"), ("Tags.Tag.1.Value", "shop")];
    let in_subnets = [("SubnetIds.SubnetIdentifier.1", "subnet-1"), ("SubnetIds.SubnetIdentifier.2", "subnet-2")];
    let team = || Tags::from([("team".into(), "shop".into())]);
    let subnet_ids = || texts(&["subnet-2", "subnet-1"]);
    let x = || "orders-x".to_string();
    let (feature, arn) = (|| "S3_INTEGRATION".to_string(), || "arn:r".to_string());
    let promote =
        Action::Promote { backup_retention_period: Some(7), preferred_backup_window: Some("02:00-03:00".into()) };
    for (action, expected) in [
        (Action::Reboot, vec![instance]),
        (Action::Start, vec![instance]),
        (Action::Stop, vec![instance]),
        (promote, vec![instance, ("BackupRetentionPeriod", "7"), ("PreferredBackupWindow", "02:00-03:00")]),
        (Action::AddRole { feature: feature(), role: arn() }, role.to_vec()),
        (Action::RemoveRole { feature: feature(), role: arn() }, role.to_vec()),
        (Action::Tag { arn: arn(), tags: team() }, [&one_tag[..], &[("ResourceName", "arn:r")]].concat()),
        (
            Action::Untag { arn: arn(), keys: texts(&["a", "b"]) },
            vec![("ResourceName", "arn:r"), ("TagKeys.member.1", "a"), ("TagKeys.member.2", "b")],
        ),
        (
            Action::CreateSubnetGroup { name: x(), subnet_ids: subnet_ids(), tags: team() },
            [&[subnets, described][..], &in_subnets, &one_tag].concat(),
        ),
        (Action::ModifySubnetGroup { name: x(), subnet_ids: subnet_ids() }, [&[subnets][..], &in_subnets].concat()),
        (Action::DeleteSubnetGroup { name: x() }, vec![subnets]),
        (
            Action::CreateParameterGroup { name: x(), family: "postgres16".into(), tags: team() },
            [&[parameters, ("DBParameterGroupFamily", "postgres16"), ("Description", described.1)][..], &one_tag]
                .concat(),
        ),
        (Action::DeleteParameterGroup { name: x() }, vec![parameters]),
    ] {
        assert_eq!(sent(action.clone()).await, members(&expected), "{action:?}");
    }
}

const APPLY_TYPES: &str = "<Parameters>\
    <Parameter><ParameterName>work_mem</ParameterName><ApplyType>dynamic</ApplyType></Parameter>\
    <Parameter><ParameterName>shared_buffers</ParameterName><ApplyType>static</ApplyType></Parameter></Parameters>";

/// Name, method and value of each parameter that was sent.
fn parameters(sent: &Members) -> Vec<[&str; 3]> {
    let member =
        |n: usize, name: &str| sent.get(&format!("Parameters.Parameter.{n}.{name}")).map_or("", String::as_str);
    let one = |n| ["ParameterName", "ApplyMethod", "ParameterValue"].map(|name| member(n, name));
    (1..).map(one).take_while(|one| !one[0].is_empty()).collect()
}

fn three() -> Action {
    let values = [("work_mem", "64"), ("shared_buffers", "1024"), ("unheard_of", "1")];
    let values = values.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    Action::SetParameters { name: "orders-x".into(), values }
}

#[tokio::test]
async fn parameters_are_set_as_they_can_be_applied() {
    let wire = Wire::new().answering("DescribeDBParameters", APPLY_TYPES);
    let sent = sent_over(wire.clone(), three()).await;
    assert_eq!(sent["DBParameterGroupName"], "orders-x");
    let expected = [
        ["shared_buffers", "pending-reboot", "1024"],
        ["unheard_of", "pending-reboot", "1"],
        ["work_mem", "immediate", "64"],
    ];
    assert_eq!(parameters(&sent), expected);
    let looked = wire.once("DescribeDBParameters").members();
    assert_eq!(looked["Filters.Filter.1.Name"], "parameter-name");
    assert_eq!(looked["Filters.Filter.1.Values.Value.3"], "work_mem");
}

#[tokio::test]
async fn apply_types_are_paged_through_where_the_filter_is_not_known() {
    let wire = Wire::new()
        .refusing("DescribeDBParameters", 400, "InvalidParameterValue", "This filter is not supported")
        .answering("DescribeDBParameters", "<Marker>m1</Marker>")
        .answering("DescribeDBParameters", APPLY_TYPES);
    let sent = sent_over(wire.clone(), three()).await;
    assert_eq!(parameters(&sent)[2], ["work_mem", "immediate", "64"]);
    let looked = wire.asked("DescribeDBParameters");
    assert_eq!(looked.len(), 3);
    assert_eq!(looked[2].members()["Marker"], "m1");
}

#[tokio::test]
async fn parameters_are_reset_by_name_and_oracle_waits_for_the_reboot() {
    let reset = || Action::ResetParameters { name: "orders-x".into(), names: texts(&["shared_buffers", "work_mem"]) };
    for (family, method) in [("postgres16", "immediate"), ("oracle-ee-19", "pending-reboot")] {
        let group = format!(
            "<DBParameterGroups><DBParameterGroup><DBParameterGroupFamily>{family}</DBParameterGroupFamily></DBParameterGroup></DBParameterGroups>"
        );
        let wire =
            Wire::new().answering("DescribeDBParameters", APPLY_TYPES).answering("DescribeDBParameterGroups", &group);
        let sent = sent_over(wire, reset()).await;
        assert_eq!(parameters(&sent), [["shared_buffers", "pending-reboot", ""], ["work_mem", method, ""]], "{family}");
        assert!(!sent.contains_key("ResetAllParameters"));
    }
}

#[tokio::test]
async fn an_action_without_its_password_is_not_sent() {
    let wire = Wire::new();
    let error = wire.aws().perform(&id(), &Action::SetPassword, None).await.unwrap_err();
    assert_eq!(error.code, "NotSent");
    assert!(wire.asked("ModifyDBInstance").is_empty());
}

#[test]
fn the_list_of_operations_is_sorted_and_holds_that_of_every_action() {
    assert!(OPERATIONS.is_sorted());
    let origins = [
        Origin::New,
        Origin::Snapshot("s".into()),
        Origin::Replica("r".into()),
        Origin::PointInTime { source: SourceId::Instance("i".into()), at: None },
    ];
    let name = || "n".to_string();
    let creates = origins.map(|origin| create(origin, Settings::default()));
    let others = [
        Action::CreateSubnetGroup { name: name(), subnet_ids: BTreeSet::new(), tags: tags() },
        Action::ModifySubnetGroup { name: name(), subnet_ids: BTreeSet::new() },
        Action::DeleteSubnetGroup { name: name() },
        Action::CreateParameterGroup { name: name(), family: name(), tags: tags() },
        Action::SetParameters { name: name(), values: BTreeMap::new() },
        Action::ResetParameters { name: name(), names: BTreeSet::new() },
        Action::DeleteParameterGroup { name: name() },
        Action::Modify(Box::default()),
        Action::SetPassword,
        Action::ManagePassword { managed: true, kms_key_id: None },
        Action::Promote { backup_retention_period: None, preferred_backup_window: None },
        Action::Reboot,
        Action::Start,
        Action::Stop,
        Action::AddRole { feature: name(), role: name() },
        Action::RemoveRole { feature: name(), role: name() },
        Action::Tag { arn: name(), tags: tags() },
        Action::Untag { arn: name(), keys: BTreeSet::new() },
        Action::Delete { final_snapshot: None, delete_automated_backups: false },
    ];
    for action in creates.iter().chain(&others) {
        assert!(OPERATIONS.contains(&format!("rds:{}", action.operation()).as_str()), "{}", action.operation());
    }
}
