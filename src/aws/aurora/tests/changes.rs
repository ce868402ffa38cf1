//! Every other call that changes something.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::aws::aurora::{EndpointType, Modification, OPERATIONS, SourceId};
use crate::aws::rds::{self, LogExports};

const COMMON: [(&str, &str); 2] = [("ApplyImmediately", "false"), ("DBClusterIdentifier", "orders")];

/// What no Modify of a cluster can change, or has another way.
const NEVER_MODIFIED: &[&str] = &[
    "Engine",
    "DatabaseName",
    "MasterUsername",
    "DBSubnetGroupName",
    "AvailabilityZones",
    "StorageEncrypted",
    "KmsKeyId",
    "EnableHttpEndpoint",
    "EnableCloudwatchLogsExports",
    "Tags",
];

#[tokio::test]
async fn a_modify_sends_every_field_that_can_change() {
    let modification = Modification {
        settings: full(),
        logs: Some(LogExports { enable: texts(&["audit"]), disable: texts(&["error"]) }),
        apply_immediately: true,
        allow_major_version_upgrade: false,
        instance_parameter_group: Some("members-8".into()),
    };
    let more = [
        ("ApplyImmediately", "true"),
        ("CloudwatchLogsExportConfiguration.EnableLogTypes.member.1", "audit"),
        ("CloudwatchLogsExportConfiguration.DisableLogTypes.member.1", "error"),
    ];
    let expected = but(all(), NEVER_MODIFIED, &more);
    assert_eq!(sent(Action::Modify(Box::new(modification.clone()))).await, expected, "a minor upgrade has no groups");
    let major = Modification { allow_major_version_upgrade: true, ..modification };
    let more = [("AllowMajorVersionUpgrade", "true"), ("DBInstanceParameterGroupName", "members-8")];
    let expected = but(expected, &["VpcSecurityGroupIds"], &more);
    assert_eq!(sent(Action::Modify(Box::new(major))).await, expected);
}

#[tokio::test]
async fn a_modify_of_nothing_sends_nothing_and_no_flag_alone() {
    let modification = Modification { allow_major_version_upgrade: true, ..Modification::default() };
    assert_eq!(sent(Action::Modify(Box::new(modification))).await, members(&COMMON));
}

#[tokio::test]
async fn a_new_password_flushes_no_change_that_waits_for_its_window() {
    let expected = but(members(&COMMON), &[], &[("MasterUserPassword", CANARY)]);
    assert_eq!(sent(Action::SetPassword).await, expected);
    let off = Action::ManagePassword { managed: false, kms_key_id: Some("k".into()) };
    assert_eq!(sent(off).await, but(expected, &[], &[("ManageMasterUserPassword", "false")]));
    let on = Action::ManagePassword { managed: true, kms_key_id: Some("k".into()) };
    let more = [("ManageMasterUserPassword", "true"), ("MasterUserSecretKmsKeyId", "k")];
    assert_eq!(sent(on).await, but(members(&COMMON), &[], &more));
}

#[tokio::test]
async fn a_call_that_needs_a_password_is_not_sent_without_one() {
    let wire = Wire::new();
    let error = wire.aurora().perform(&id(), &Action::SetPassword, None).await.unwrap_err();
    assert_eq!(error.code, "NotSent");
    assert!(wire.asked("ModifyDBCluster").is_empty());
}

#[tokio::test]
async fn a_delete_says_exactly_one_thing_about_the_data() {
    let delete = |snapshot: Option<&str>, delete_automated_backups| Action::Delete {
        final_snapshot: snapshot.map(Into::into),
        delete_automated_backups,
    };
    let kept =
        [("SkipFinalSnapshot", "false"), ("FinalDBSnapshotIdentifier", "last"), ("DeleteAutomatedBackups", "false")];
    assert_eq!(sent(delete(Some("last"), false)).await, but(members(&kept), &[], &COMMON[1..]));
    let gone = [("SkipFinalSnapshot", "true"), ("DeleteAutomatedBackups", "true")];
    assert_eq!(sent(delete(None, true)).await, but(members(&gone), &[], &COMMON[1..]));
}

#[tokio::test]
async fn a_member_is_changed_removed_and_restarted_by_its_name() {
    let name = || "orders-1".to_string();
    let named = [("DBInstanceIdentifier", "orders-1")];
    let modify = |settings: MemberSettings, promotion_tier, serverless, apply_immediately| Action::ModifyMember {
        name: name(),
        settings: Box::new(settings),
        promotion_tier,
        serverless,
        apply_immediately,
    };
    let more = [("ApplyImmediately", "true"), ("DBInstanceClass", "db.serverless"), ("PromotionTier", "15")];
    let expected = members(&[MEMBER, &named, &more].concat());
    assert_eq!(sent(modify(member(), Some(15), true, true)).await, expected);
    let expected = members(&[named[0], ("ApplyImmediately", "false")]);
    assert_eq!(sent(modify(MemberSettings::default(), None, false, false)).await, expected);
    let expected = members(&[named[0], ("SkipFinalSnapshot", "true")]);
    assert_eq!(sent(Action::DeleteMember { name: name() }).await, expected);
    assert_eq!(sent(Action::RebootMember { name: name() }).await, members(&named));
}

#[tokio::test]
async fn the_smaller_calls_send_what_they_carry() {
    let cluster = COMMON[1];
    let arn = "arn:aws:rds:eu-central-1:111122223333:cluster:orders";
    let role = |feature: &str| (feature.to_string(), "arn:r".to_string());
    let add = |(feature, role)| Action::AddRole { feature, role };
    let remove = |(feature, role)| Action::RemoveRole { feature, role };
    let (plain, for_feature) =
        ([cluster, ("RoleArn", "arn:r")], [cluster, ("RoleArn", "arn:r"), ("FeatureName", "s3Import")]);
    for (action, expected) in [
        (Action::Failover, vec![cluster]),
        (Action::Start, vec![cluster]),
        (Action::Stop, vec![cluster]),
        (Action::HttpEndpoint { arn: arn.into(), enabled: true }, vec![("ResourceArn", arn)]),
        (Action::HttpEndpoint { arn: arn.into(), enabled: false }, vec![("ResourceArn", arn)]),
        (add(role("s3Import")), for_feature.to_vec()),
        (add(role("")), plain.to_vec()),
        (remove(role("s3Import")), for_feature.to_vec()),
        (remove(role("")), plain.to_vec()),
    ] {
        assert_eq!(sent(action.clone()).await, members(&expected), "{action:?}");
    }
}

#[tokio::test]
async fn an_endpoint_is_made_of_what_it_has_and_changed_as_a_whole() {
    let name = || "orders-reports".to_string();
    let own = ("DBClusterEndpointIdentifier", "orders-reports");
    let create = Action::CreateEndpoint {
        name: name(),
        endpoint_type: EndpointType::Any,
        static_members: texts(&["orders-1", "orders-2"]),
        excluded_members: texts(&[]),
        tags: tags(),
    };
    let more = [
        own,
        COMMON[1],
        ("EndpointType", "ANY"),
        ("StaticMembers.member.1", "orders-1"),
        ("StaticMembers.member.2", "orders-2"),
    ];
    assert_eq!(sent(create).await, members(&[TAGS, &more].concat()));
    let modify = Action::ModifyEndpoint {
        name: name(),
        endpoint_type: EndpointType::Reader,
        static_members: texts(&[]),
        excluded_members: texts(&["orders-0"]),
    };
    let expected = [own, ("EndpointType", "READER"), ("StaticMembers", ""), ("ExcludedMembers.member.1", "orders-0")];
    assert_eq!(sent(modify).await, members(&expected), "left out, the old members would stay");
    assert_eq!(sent(Action::DeleteEndpoint { name: name() }).await, members(&[own]));
}

#[tokio::test]
async fn what_instances_have_too_goes_their_way() {
    let name = || "orders-m".to_string();
    let arn = || "arn:aws:rds:eu-central-1:111122223333:cluster:orders".to_string();
    let tag = rds::Action::Tag { arn: arn(), tags: tags() };
    let expected = but(members(TAGS), &[], &[("ResourceName", &arn())]);
    assert_eq!(sent(Action::Rds(tag)).await, expected);
    let group = rds::Action::CreateParameterGroup { name: name(), family: "aurora-mysql8.0".into(), tags: tags() };
    let more = [
        ("DBParameterGroupName", "orders-m"),
        ("DBParameterGroupFamily", "aurora-mysql8.0"),
        ("Description", "Managed by aws-database-operator"),
    ];
    assert_eq!(sent(Action::Rds(group)).await, members(&[TAGS, &more].concat()));
}

const GROUP: (&str, &str) = ("DBClusterParameterGroupName", "orders-c");

#[tokio::test]
async fn a_cluster_parameter_group_is_made_and_deleted() {
    let name = || "orders-c".to_string();
    let create =
        Action::CreateClusterParameterGroup { name: name(), family: "aurora-postgresql16".into(), tags: tags() };
    let more =
        [GROUP, ("DBParameterGroupFamily", "aurora-postgresql16"), ("Description", "Managed by aws-database-operator")];
    assert_eq!(sent(create).await, members(&[TAGS, &more].concat()));
    assert_eq!(sent(Action::DeleteClusterParameterGroup { name: name() }).await, members(&[GROUP]));
}

#[tokio::test]
async fn parameters_are_set_and_reset_as_they_can_be_applied() {
    let types = "<Parameters>\
        <Parameter><ParameterName>Server_Audit_Logging</ParameterName><ApplyType>dynamic</ApplyType></Parameter>\
        <Parameter><ParameterName>binlog_format</ParameterName><ApplyType>static</ApplyType></Parameter></Parameters>";
    let wire = || Wire::new().answering("DescribeDBClusterParameters", types);
    let values = BTreeMap::from([("binlog_format".into(), "ROW".into()), ("server_audit_logging".into(), "1".into())]);
    let asked = wire();
    let set = sent_over(asked.clone(), Action::SetClusterParameters { name: "orders-c".into(), values }).await;
    let one = [
        ("Parameters.Parameter.1.ParameterName", "binlog_format"),
        ("Parameters.Parameter.1.ApplyMethod", "pending-reboot"),
    ];
    let other = [
        ("Parameters.Parameter.2.ParameterName", "server_audit_logging"),
        ("Parameters.Parameter.2.ApplyMethod", "immediate"),
    ];
    let values = [("Parameters.Parameter.1.ParameterValue", "ROW"), ("Parameters.Parameter.2.ParameterValue", "1")];
    assert_eq!(set, members(&[&one[..], &other, &values, &[GROUP]].concat()));
    let looked = asked.once("DescribeDBClusterParameters").members();
    assert_eq!(looked["Filters.Filter.1.Name"], "parameter-name");
    assert_eq!(looked["Filters.Filter.1.Values.Value.2"], "server_audit_logging");
    let names = texts(&["binlog_format", "server_audit_logging"]);
    let reset = sent_over(wire(), Action::ResetClusterParameters { name: "orders-c".into(), names }).await;
    assert_eq!(reset, members(&[&one[..], &other, &[GROUP]].concat()));
}

#[test]
fn the_list_of_operations_is_sorted_and_holds_that_of_every_action() {
    assert!(OPERATIONS.is_sorted());
    let origins = [
        Origin::New,
        Origin::Snapshot("s".into()),
        Origin::Clone("c".into()),
        Origin::PointInTime { source: SourceId::Cluster("c".into()), at: None },
    ];
    let name = || "n".to_string();
    let none = BTreeSet::new;
    let endpoint_type = EndpointType::Any;
    let rds = [
        rds::Action::CreateSubnetGroup { name: name(), subnet_ids: none(), tags: tags() },
        rds::Action::ModifySubnetGroup { name: name(), subnet_ids: none() },
        rds::Action::DeleteSubnetGroup { name: name() },
        rds::Action::CreateParameterGroup { name: name(), family: name(), tags: tags() },
        rds::Action::SetParameters { name: name(), values: BTreeMap::new() },
        rds::Action::ResetParameters { name: name(), names: none() },
        rds::Action::DeleteParameterGroup { name: name() },
        rds::Action::Tag { arn: name(), tags: tags() },
        rds::Action::Untag { arn: name(), keys: none() },
    ];
    let own = [
        Action::CreateClusterParameterGroup { name: name(), family: name(), tags: tags() },
        Action::SetClusterParameters { name: name(), values: BTreeMap::new() },
        Action::ResetClusterParameters { name: name(), names: none() },
        Action::DeleteClusterParameterGroup { name: name() },
        Action::CreateMember {
            name: name(),
            engine: name(),
            settings: Box::default(),
            promotion_tier: None,
            tags: tags(),
        },
        Action::ModifyMember {
            name: name(),
            settings: Box::default(),
            promotion_tier: None,
            serverless: false,
            apply_immediately: false,
        },
        Action::DeleteMember { name: name() },
        Action::RebootMember { name: name() },
        Action::Modify(Box::default()),
        Action::SetPassword,
        Action::ManagePassword { managed: true, kms_key_id: None },
        Action::HttpEndpoint { arn: name(), enabled: true },
        Action::HttpEndpoint { arn: name(), enabled: false },
        Action::Failover,
        Action::Start,
        Action::Stop,
        Action::AddRole { feature: name(), role: name() },
        Action::RemoveRole { feature: name(), role: name() },
        Action::CreateEndpoint {
            name: name(),
            endpoint_type,
            static_members: none(),
            excluded_members: none(),
            tags: tags(),
        },
        Action::ModifyEndpoint { name: name(), endpoint_type, static_members: none(), excluded_members: none() },
        Action::DeleteEndpoint { name: name() },
        Action::Delete { final_snapshot: None, delete_automated_backups: false },
    ];
    let creates = origins.map(|origin| create(origin, Settings::default()));
    for action in rds.map(Action::Rds).iter().chain(&creates).chain(&own) {
        assert!(OPERATIONS.contains(&format!("rds:{}", action.operation()).as_str()), "{}", action.operation());
    }
}
