//! Looks: which calls they make, and what a failing one leaves.

use super::*;
use crate::aws::aurora::Observed;
use crate::aws::{Class, Look, Seen};

pub(super) const CLUSTER: &str = "<DBClusterIdentifier>Orders</DBClusterIdentifier>\
    <DBClusterArn>arn:aws:rds:eu-central-1:111122223333:cluster:orders</DBClusterArn>\
    <DbClusterResourceId>cluster-ABC</DbClusterResourceId><Status>available</Status>\
    <Engine>aurora-postgresql</Engine><EngineVersion>16.4</EngineVersion>\
    <BackupRetentionPeriod>7</BackupRetentionPeriod>\
    <TagList><Tag><Key>team</Key><Value>shop</Value></Tag></TagList>\
    <MasterUserSecret><SecretArn>arn:secret</SecretArn><SecretStatus>active</SecretStatus></MasterUserSecret>";

pub(super) fn clusters(members: &str) -> String {
    format!("<DBClusters><DBCluster>{members}</DBCluster></DBClusters>")
}

/// A DB instance of a cluster.
pub(super) fn instance(name: &str, cluster: &str) -> String {
    format!(
        "<DBInstance><DBInstanceIdentifier>{name}</DBInstanceIdentifier><DBInstanceArn>arn:{name}</DBInstanceArn>\
         <DBInstanceStatus>available</DBInstanceStatus><DBInstanceClass>db.serverless</DBInstanceClass>\
         <DBClusterIdentifier>{cluster}</DBClusterIdentifier></DBInstance>"
    )
}

pub(super) fn instances(list: &[String]) -> String {
    format!("<DBInstances>{}</DBInstances>", list.concat())
}

pub(super) fn there() -> Wire {
    let two = [instance("Orders-0", "orders"), instance("orders-1", "Orders")];
    Wire::new().answering("DescribeDBClusters", &clusters(CLUSTER)).answering("DescribeDBInstances", &instances(&two))
}

pub(super) fn gone() -> Wire {
    Wire::new()
        .refusing("DescribeDBClusters", 404, "DBClusterNotFoundFault", "DBCluster orders not found.")
        .answering("DescribeDBInstances", "<DBInstances/>")
}

pub(super) async fn look(wire: &Wire, id: &Id) -> Observed {
    wire.aurora().observe(id, Look::Direct).await.unwrap().observed
}

/// The reason why a part was not read.
pub(super) fn unread<T: std::fmt::Debug>(seen: &Seen<T>) -> &str {
    match seen {
        Seen::Unread(reason) => reason,
        other => panic!("{other:?}"),
    }
}

fn names<T>(seen: &Seen<std::collections::BTreeMap<String, T>>) -> Vec<&str> {
    seen.present().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn a_present_cluster_is_seen_with_its_members_and_nothing_else_is_asked() {
    let wire = there();
    let looked = wire.aurora().observe(&id(), Look::Direct).await.unwrap();
    assert_eq!((looked.look, looked.account.as_str()), (Look::Direct, "111122223333"));
    let Observed { cluster, members, .. } = looked.observed.clone();
    let shown = cluster.present().unwrap();
    assert_eq!((shown.resource_id.as_str(), shown.status.as_str()), ("cluster-ABC", "available"));
    assert_eq!(shown.tags, Tags::from([("team".into(), "shop".into())]));
    assert_eq!(names(&members), ["orders-0", "orders-1"]);
    assert_eq!(looked.observed, Observed { cluster, members, ..Observed::unread() });
    assert_eq!(wire.told().len(), 3, "{:?}", wire.told());
    let asked = wire.once("DescribeDBClusters");
    assert_eq!(asked.members(), sent_members(&[("DBClusterIdentifier", "orders")]));
    assert_eq!(asked.host, "rds.eu-central-1.amazonaws.com");
    let filter = [("Filters.Filter.1.Name", "db-cluster-id"), ("Filters.Filter.1.Values.Value.1", "orders")];
    assert_eq!(wire.once("DescribeDBInstances").members(), sent_members(&filter));
}

fn sent_members(pairs: &[(&str, &str)]) -> Members {
    members(pairs)
}

#[tokio::test]
async fn not_found_is_absent_in_both_spellings_and_so_is_an_empty_list() {
    let plain = Wire::new().refusing("DescribeDBClusters", 404, "DBClusterNotFound", "gone");
    let empty = Wire::new().answering("DescribeDBClusters", "<DBClusters/>");
    for wire in [gone(), plain, empty] {
        let observed = look(&wire, &id()).await;
        assert_eq!((observed.cluster, observed.members), (Seen::Absent, Seen::Absent));
    }
}

#[tokio::test]
async fn another_cluster_or_half_of_one_is_an_error() {
    for (members, lacks) in [
        (CLUSTER.replace("Orders", "billing"), "the one that was asked for"),
        (CLUSTER.replace("DbClusterResourceId", "Other"), "DbClusterResourceId"),
    ] {
        let wire = Wire::new().answering("DescribeDBClusters", &clusters(&members));
        let wire = wire.answering("DescribeDBInstances", "<DBInstances/>");
        let error = wire.aurora().observe(&id(), Look::Direct).await.unwrap_err();
        assert_eq!(error.to_string(), format!("DescribeDBClusters: Unreadable: the answer lacks {lacks}"));
        assert_eq!(error.class, Class::Transient);
    }
}

#[tokio::test]
async fn a_cluster_whose_members_cannot_be_read_is_not_seen() {
    let cluster = || Wire::new().answering("DescribeDBClusters", &clusters(CLUSTER));
    let odd = instances(&[instance("orders-0", "orders").replace("DBInstanceStatus", "Other")]);
    for (wire, words) in [
        (
            cluster().refusing("DescribeDBInstances", 403, "AccessDenied", "no instances for you"),
            "DescribeDBInstances: AccessDenied: no instances for you",
        ),
        (cluster().answering("DescribeDBInstances", &odd), "the answer lacks DBInstanceStatus"),
    ] {
        let error = wire.aurora().observe(&id(), Look::Direct).await.unwrap_err().to_string();
        assert!(error.ends_with(words), "{error}");
    }
}

#[tokio::test]
async fn an_instance_of_another_cluster_is_no_member() {
    let stranger = instance("alone", "orders").replace("DBClusterIdentifier", "Other");
    let all = instances(&[instance("orders-0", "orders"), instance("billing-0", "billing"), stranger]);
    let wire = Wire::new().answering("DescribeDBClusters", &clusters(CLUSTER)).answering("DescribeDBInstances", &all);
    assert_eq!(names(&look(&wire, &id()).await.members), ["orders-0"]);
}

#[tokio::test]
async fn members_come_page_by_page_and_a_page_that_comes_twice_is_no_answer() {
    let page = |name: &str, marker: &str| instances(&[instance(name, "orders")]) + marker;
    let cluster = || Wire::new().answering("DescribeDBClusters", &clusters(CLUSTER));
    let wire = cluster()
        .answering("DescribeDBInstances", &page("orders-0", "<Marker>m</Marker>"))
        .answering("DescribeDBInstances", &page("orders-1", ""));
    assert_eq!(names(&look(&wire, &id()).await.members), ["orders-0", "orders-1"]);
    assert_eq!(wire.asked("DescribeDBInstances")[1].members()["Marker"], "m");
    let again = cluster().answering("DescribeDBInstances", &page("orders-0", "<Marker>m</Marker>"));
    let error = again.aurora().observe(&id(), Look::Direct).await.unwrap_err();
    assert!(error.to_string().contains("same marker"), "{error}");
}

fn with_groups() -> Id {
    Id {
        cluster_parameter_groups: vec!["orders-c1".into()],
        parameter_groups: vec!["orders-m1".into()],
        subnet_group: Some("orders-s".into()),
        ..id()
    }
}

fn cluster_group(name: &str) -> String {
    format!(
        "<DBClusterParameterGroups><DBClusterParameterGroup>\
         <DBClusterParameterGroupName>{name}</DBClusterParameterGroupName>\
         <DBParameterGroupFamily>aurora-postgresql16</DBParameterGroupFamily>\
         <DBClusterParameterGroupArn>arn:cpg</DBClusterParameterGroupArn>\
         </DBClusterParameterGroup></DBClusterParameterGroups>"
    )
}

#[tokio::test]
async fn a_cluster_parameter_group_is_read_with_values_and_tags() {
    let value = |name: &str, source: &str| {
        format!(
            "<Parameter><ParameterName>{name}</ParameterName><ParameterValue>1</ParameterValue>\
             <Source>{source}</Source></Parameter>"
        )
    };
    let page = |list: &[String]| format!("<Parameters>{}</Parameters>", list.concat());
    let wire = there()
        .answering("DescribeDBClusterParameterGroups", &cluster_group("Orders-C1"))
        .answering("DescribeDBClusterParameters", &(page(&[value("a", "user")]) + "<Marker>next</Marker>"))
        .answering("DescribeDBClusterParameters", &page(&[value("b", "user"), value("c", "system")]))
        .answering("ListTagsForResource", "<TagList><Tag><Key>a</Key><Value>b</Value></Tag></TagList>");
    let one = Id { cluster_parameter_groups: vec!["orders-c1".into()], ..id() };
    let observed = look(&wire, &one).await;
    let group = observed.cluster_parameter_groups["orders-c1"].present().unwrap();
    assert_eq!(group.values.keys().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(
        (group.family.as_str(), group.arn.as_str(), group.tags["a"].as_str()),
        ("aurora-postgresql16", "arn:cpg", "b")
    );
    assert_eq!(wire.asked("DescribeDBClusterParameters")[0].members()["Source"], "user");
    assert_eq!(wire.once("ListTagsForResource").members()["ResourceName"], "arn:cpg");
}

#[tokio::test]
async fn missing_groups_are_absent_and_unreadable_ones_are_not() {
    for code in ["DBParameterGroupNotFound", "DBClusterParameterGroupNotFound", "DBClusterParameterGroupNotFoundFault"]
    {
        let wire = there()
            .refusing("DescribeDBClusterParameterGroups", 404, code, "gone")
            .refusing("DescribeDBParameterGroups", 404, "DBParameterGroupNotFound", "gone")
            .refusing("DescribeDBSubnetGroups", 404, "DBSubnetGroupNotFoundFault", "gone");
        let observed = look(&wire, &with_groups()).await;
        assert_eq!(observed.cluster_parameter_groups["orders-c1"], Seen::Absent, "{code}");
        assert_eq!((&observed.parameter_groups["orders-m1"], &observed.subnet_group), (&Seen::Absent, &Seen::Absent));
    }
    let wire = there()
        .answering("DescribeDBClusterParameterGroups", &cluster_group("orders-c1"))
        .answering("DescribeDBClusterParameters", "<Marker>again</Marker>");
    let observed = look(&wire, &with_groups()).await;
    assert!(unread(&observed.cluster_parameter_groups["orders-c1"]).contains("same marker"));
    assert!(unread(&observed.parameter_groups["orders-m1"]).contains("Unscripted"));
    assert!(unread(&observed.subnet_group).contains("Unscripted"));
}

fn endpoint(name: &str, kind: &str, custom: &str) -> String {
    format!(
        "<DBClusterEndpointList><DBClusterEndpointIdentifier>{name}</DBClusterEndpointIdentifier>\
         <DBClusterEndpointArn>arn:e</DBClusterEndpointArn><Status>available</Status><Endpoint>{name}.x</Endpoint>\
         <EndpointType>{kind}</EndpointType><CustomEndpointType>{custom}</CustomEndpointType>\
         <StaticMembers><member>Orders-1</member></StaticMembers></DBClusterEndpointList>"
    )
}

fn endpoints(list: &[String]) -> String {
    format!("<DBClusterEndpoints>{}</DBClusterEndpoints>", list.concat())
}

#[tokio::test]
async fn custom_endpoints_are_listed_and_no_others() {
    let with = Id { custom_endpoints: true, ..id() };
    let builtin = endpoint("", "WRITER", "").replace("<DBClusterEndpointIdentifier></DBClusterEndpointIdentifier>", "");
    let wire = there()
        .answering(
            "DescribeDBClusterEndpoints",
            &(endpoints(&[builtin, endpoint("Any-1", "CUSTOM", "any")]) + "<Marker>m</Marker>"),
        )
        .answering("DescribeDBClusterEndpoints", &endpoints(&[endpoint("read-1", "CUSTOM", "READER")]));
    let observed = look(&wire, &with).await;
    assert_eq!(names(&observed.custom_endpoints), ["any-1", "read-1"]);
    let any = &observed.custom_endpoints.present().unwrap()["any-1"];
    assert_eq!((any.endpoint_type, any.address.as_deref()), (crate::aws::aurora::EndpointType::Any, Some("Any-1.x")));
    assert_eq!((&any.static_members, &any.excluded_members), (&texts(&["orders-1"]), &texts(&[])));
    assert_eq!(wire.asked("DescribeDBClusterEndpoints")[0].members()["DBClusterIdentifier"], "orders");
    let odd = there().answering("DescribeDBClusterEndpoints", &endpoints(&[endpoint("w", "CUSTOM", "WRITER")]));
    assert!(unread(&look(&odd, &with).await.custom_endpoints).contains("CustomEndpointType"));
    let none = gone().refusing("DescribeDBClusterEndpoints", 404, "DBClusterNotFoundFault", "gone");
    assert_eq!(look(&none, &with).await.custom_endpoints, Seen::Absent);
}

#[tokio::test]
async fn manual_snapshots_are_listed_page_by_page_even_without_a_cluster() {
    let page = |name: &str| {
        format!(
            "<DBClusterSnapshots><DBClusterSnapshot><DBClusterSnapshotIdentifier>{name}</DBClusterSnapshotIdentifier>\
             <DBClusterSnapshotArn>arn:{name}</DBClusterSnapshotArn><Status>available</Status>\
             <DbClusterResourceId>cluster-ABC</DbClusterResourceId></DBClusterSnapshot></DBClusterSnapshots>"
        )
    };
    let wire = gone()
        .answering("DescribeDBClusterSnapshots", &(page("Orders-1") + "<Marker>m</Marker>"))
        .answering("DescribeDBClusterSnapshots", &page("orders-2"));
    let observed = look(&wire, &Id { final_snapshots: true, ..id() }).await;
    let snapshots = observed.snapshots.present().unwrap();
    assert_eq!(snapshots.iter().map(|one| one.identifier.as_str()).collect::<Vec<_>>(), ["orders-1", "orders-2"]);
    assert_eq!(snapshots[0].resource_id, "cluster-ABC");
    let asked = wire.asked("DescribeDBClusterSnapshots")[0].members();
    assert_eq!((asked["DBClusterIdentifier"].as_str(), asked["SnapshotType"].as_str()), ("orders", "manual"));
}

#[tokio::test]
async fn a_managed_password_is_read_where_rds_keeps_it_and_never_printed() {
    let secret = format!(r#"{{"SecretString":"{{\"username\":\"dba\",\"password\":\"{CANARY}\"}}"}}"#);
    let managed = Id { managed_password: true, ..id() };
    let wire = there().raw("GetSecretValue", 200, &secret);
    let looked = wire.aurora().observe(&managed, Look::Direct).await.unwrap();
    assert_eq!(looked.observed.managed_password, Seen::Present(password()));
    assert!(!format!("{looked:?} {:?}", wire.told()).contains(CANARY));
    assert!(wire.once("GetSecretValue").body.contains("arn:secret"));
    let none = Wire::new().answering("DescribeDBClusters", &clusters(&CLUSTER.replace("MasterUserSecret", "Other")));
    let none = none.answering("DescribeDBInstances", "<DBInstances/>");
    assert_eq!(look(&none, &managed).await.managed_password, Seen::Absent);
}
