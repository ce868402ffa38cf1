//! What AWS says no to: quotas, rights, throttles, and calls that are taken and forgotten.

use crate::sim::aurora::{Auroras, aurora};
use crate::sim::{settled, settled_in};

#[test]
fn a_refused_create_or_member_is_told_with_awss_words_and_tried_again_later() {
    for (operation, code, reason) in [
        ("CreateDBCluster", "DBClusterQuotaExceededFault", "QuotaExceeded"),
        ("CreateDBCluster", "AccessDenied", "AccessDenied"),
        ("CreateDBInstance", "InstanceQuotaExceeded", "QuotaExceeded"),
        ("CreateDBInstance", "AccessDenied", "AccessDenied"),
    ] {
        let mut sim = Auroras::quick();
        sim.aws(|aws| aws.refuse_always(operation, code, "no more of it"));
        let key = sim.apply(aurora());
        sim.run(600);
        assert_eq!(sim.reason(&key, "Stalled"), reason, "{operation} {code}\n{}", sim.report());
        assert!(sim.message(&key, "Stalled").contains("no more of it"));
        assert!((1..=4).contains(&sim.sent(operation)), "{operation}: {} tries", sim.sent(operation));
        sim.aws(|aws| aws.refusals.clear());
        sim.until("it rests", |sim| sim.clu(&key).is_some() && sim.rests(&key));
    }
}

#[test]
fn a_capacity_shortage_is_waited_out() {
    let mut sim = Auroras::quick();
    sim.aws(|aws| aws.refuse("CreateDBInstance", "InsufficientDBInstanceCapacity", "not in this zone"));
    let key = sim.apply(aurora());
    sim.until("it rests", |sim| sim.clu(&key).is_some() && sim.rests(&key));
    assert_eq!(sim.sent("CreateDBInstance"), 2, "{}", sim.report());
}

#[test]
fn throttled_looks_and_calls_change_nothing_but_the_time() {
    let mut sim = Auroras::quick();
    for operation in ["DescribeDBClusters", "CreateDBCluster", "CreateDBInstance"] {
        sim.aws(|aws| aws.refuse(operation, "Throttling", "Rate exceeded"));
    }
    let key = sim.apply(aurora());
    sim.until("it rests", |sim| sim.clu(&key).is_some() && sim.rests(&key));
    assert_eq!(sim.aws(|aws| aws.made.len()), 1);
    assert!(!sim.is_true(&key, "Stalled"));
}

#[test]
fn a_value_that_aws_rejects_is_not_sent_again_until_it_changes() {
    let (mut sim, key) = settled(aurora().backups(7));
    sim.aws(|aws| aws.refuse_always("ModifyDBCluster", "InvalidParameterValue", "That value is not offered."));
    sim.apply(aurora().backups(9));
    sim.run(3600);
    assert_eq!(sim.sent("ModifyDBCluster"), 1, "{}", sim.report());
    assert!(sim.message(&key, "Stalled").contains("not offered"));
    sim.aws(|aws| aws.refusals.clear());
    sim.apply(aurora().backups(10));
    sim.settle();
    assert_eq!(sim.the_clu(&key).shown.settings.backup_retention_period, Some(10));
}

#[test]
fn a_change_that_aws_takes_and_forgets_is_stopped_as_a_loop() {
    let (mut sim, key) = settled_in(Auroras::quick(), aurora().backups(7));
    sim.aws(|aws| aws.forgets = true);
    sim.apply(aurora().backups(9));
    sim.run(3600);
    assert_eq!(sim.sent("ModifyDBCluster"), 3, "{}", sim.report());
    assert!(sim.message(&key, "Stalled").contains("backupRetentionPeriod"), "{}", sim.report());
}

#[test]
fn a_cluster_that_cannot_be_read_is_neither_made_nor_changed() {
    let (mut sim, key) = settled(aurora());
    sim.aws(|aws| aws.unreadable = Some(("AccessDenied", "not authorized to perform rds:DescribeDBClusters")));
    let mark = sim.mark();
    sim.apply(aurora().backups(9));
    sim.run(600);
    assert!(sim.aws_writes(mark).is_empty());
    sim.aws(|aws| aws.unreadable = None);
    sim.settle();
    assert_eq!(sim.the_clu(&key).shown.settings.backup_retention_period, Some(9));
}

#[test]
fn parts_that_cannot_be_read_hold_their_own_calls_only() {
    for part in ["clusterParameterGroups", "customEndpoints", "capacities"] {
        let manifest = || aurora().cluster_parameter("work_mem", "1").endpoint("all", &[]);
        let (mut sim, key) = settled(manifest());
        sim.aws(|aws| drop(aws.unread.insert(part, "AccessDenied".into())));
        sim.apply(manifest().backups(9).capacity(1.0, 8.0));
        sim.until("the change is in force", |sim| sim.the_clu(&key).shown.settings.backup_retention_period == Some(9));
        sim.aws(|aws| aws.unread.clear());
        sim.until("it rests", |sim| sim.rests(&key));
        assert_eq!(sim.members(&key).len(), 1, "{part}");
        assert_eq!(sim.sent("CreateDBInstance"), 1, "{part}");
        assert_eq!(sim.sent("CreateDBClusterEndpoint"), 1, "{part}");
    }
}
