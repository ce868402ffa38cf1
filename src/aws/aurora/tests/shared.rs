//! What all objects share: batches by id, and what may not be served from them.

use super::looks::{CLUSTER, clusters, instance, instances, there};
use super::*;
use crate::aws::aurora::Modification;
use crate::aws::aurora::clusters::{Clusters, Whole};
use crate::aws::inventory::Source;
use crate::aws::{Look, Seen};

const CLUSTERS: &str = "DescribeDBClusters";
const INSTANCES: &str = "DescribeDBInstances";

#[tokio::test]
async fn a_hundred_clusters_are_read_with_their_members_by_two_requests() {
    let names: Vec<String> = (0..100).map(|number| format!("orders-c{number}")).collect();
    let all: String =
        names.iter().map(|name| format!("<DBCluster>{}</DBCluster>", CLUSTER.replace("Orders", name))).collect();
    let members: Vec<String> = names.iter().map(|name| instance(&format!("{name}-0"), name)).collect();
    let wire = Wire::new()
        .answering(CLUSTERS, &format!("<DBClusters>{all}</DBClusters>"))
        .answering(INSTANCES, &instances(&members));
    let aws = wire.aurora();
    let ids: Vec<Id> = names.iter().map(|name| Id { identifier: name.clone(), ..id() }).collect();
    let looks = futures::future::join_all(ids.iter().map(|id| aws.observe(id, Look::Shared))).await;
    for (name, looked) in names.iter().zip(looks) {
        let looked = looked.unwrap();
        assert_eq!(looked.look, Look::Shared);
        let members: Vec<_> = looked.observed.members.present().unwrap().keys().cloned().collect();
        assert_eq!(members, [format!("{name}-0")]);
    }
    for operation in [CLUSTERS, INSTANCES] {
        let asked = wire.once(operation).members();
        assert_eq!(asked["Filters.Filter.1.Name"], "db-cluster-id", "{operation}");
        assert!(asked.contains_key("Filters.Filter.1.Values.Value.100"), "{operation}");
    }
}

#[tokio::test]
async fn what_is_missing_from_a_batch_is_looked_for_directly_before_it_is_absent() {
    let wire = Wire::new().answering(CLUSTERS, "<DBClusters/>").answering(INSTANCES, "<DBInstances/>");
    let looked = wire.aurora().observe(&id(), Look::Shared).await.unwrap();
    assert_eq!((looked.look, looked.observed.cluster), (Look::Direct, Seen::Absent));
    assert_eq!(wire.asked(CLUSTERS)[1].members()["DBClusterIdentifier"], "orders");
}

#[tokio::test]
async fn a_batch_is_read_whole_or_not_at_all() {
    let cluster = || Wire::new().answering(CLUSTERS, &clusters(CLUSTER));
    let denied = cluster().refusing(INSTANCES, 403, "AccessDenied", "no");
    let members_twice = cluster().answering(INSTANCES, "<Marker>m</Marker>");
    let clusters_twice = Wire::new()
        .answering(CLUSTERS, &(clusters(CLUSTER) + "<Marker>m</Marker>"))
        .answering(INSTANCES, "<DBInstances/>");
    for (wire, code) in [(denied, "AccessDenied"), (members_twice, "Unreadable"), (clusters_twice, "Unreadable")] {
        let error = wire.aurora().observe(&id(), Look::Shared).await.unwrap_err();
        assert_eq!(error.code, code);
    }
}

#[tokio::test]
async fn a_member_that_cannot_be_read_is_looked_at_directly() {
    let odd = instances(&[instance("orders-0", "orders").replace("DBInstanceStatus", "Other")]);
    let wire = Wire::new().answering(CLUSTERS, &clusters(CLUSTER)).answering(INSTANCES, &odd);
    let error = wire.aurora().observe(&id(), Look::Shared).await.unwrap_err();
    assert_eq!(error.code, "Unreadable");
    assert!(wire.asked(CLUSTERS)[1].members().contains_key("DBClusterIdentifier"), "directly");
}

#[tokio::test]
async fn an_idle_cluster_is_served_from_what_is_known_and_not_after_a_write() {
    let wire = there().answering("ModifyDBCluster", "").answering("DeleteDBInstance", "");
    let aws = wire.aurora();
    let looked = aws.observe(&id(), Look::Shared).await.unwrap();
    for _ in 0..3 {
        assert_eq!((aws.version(&id()), looked.version.is_some()), (looked.version, true));
    }
    assert_eq!((wire.asked(CLUSTERS).len(), wire.asked(INSTANCES).len()), (1, 1));
    let modify = Action::Modify(Box::<Modification>::default());
    for (number, action) in [modify, Action::DeleteMember { name: "orders-1".into() }].into_iter().enumerate() {
        aws.perform(&id(), &action, None).await.unwrap();
        assert_eq!(aws.version(&id()), None, "{action:?}");
        aws.observe(&id(), Look::Shared).await.unwrap();
        assert_eq!(wire.asked(CLUSTERS).len(), number + 2, "{action:?}");
    }
}

#[tokio::test]
async fn a_direct_look_always_asks() {
    let wire = there();
    let aws = wire.aurora();
    for _ in 0..2 {
        assert_eq!(aws.observe(&id(), Look::Direct).await.unwrap().look, Look::Direct);
    }
    assert_eq!(wire.asked(CLUSTERS).len(), 2);
}

#[tokio::test]
async fn a_cluster_moves_with_any_of_its_parts() {
    let wire = there();
    let observed = wire.aurora().observe(&id(), Look::Direct).await.unwrap().observed;
    let still: Whole = (observed.cluster.present().unwrap().clone(), observed.members);
    assert!(!Clusters::is_moving(&still));
    let change = |change: fn(&mut Whole)| {
        let mut whole = still.clone();
        change(&mut whole);
        Clusters::is_moving(&whole)
    };
    assert!(change(|whole| whole.0.status = "modifying".into()));
    assert!(change(|whole| whole.0.is_moving = true));
    assert!(change(|whole| whole.0.password_pending = true));
    assert!(change(|whole| whole.0.logs_pending = true));
    assert!(change(|whole| whole.0.security_groups_changing = true));
    assert!(change(|whole| whole.1 = Seen::Unread("no".into())));
    assert!(change(|whole| {
        if let Seen::Present(members) = &mut whole.1
            && let Some(member) = members.get_mut("orders-1")
        {
            member.status = "creating".into();
        }
    }));
    assert!(!change(|whole| whole.0.status = "stopped".into()));
}
