//! Every life ends where its manifest says, through every lag, flap and pending value.

use awsdb::kinds::rds::{AssociatedRole, PowerState};
use awsdb::spec::{DeletionPolicy, annotation};

use crate::sim::builder::{Manifest, named, rds};
use crate::sim::kube::Key;
use crate::sim::{Sim, settled_in};

fn settled(manifest: Manifest) -> (Sim, Key) {
    settled_in(Sim::new(), manifest)
}

#[test]
fn a_new_object_becomes_a_database_with_a_secret_that_opens_it() {
    let (sim, key) = settled(rds());
    sim.must_open(&key);
    assert_eq!(sim.aws_writes(0), ["CreateDBInstance"]);
    let db = sim.the_db(&key);
    assert_eq!(db.shown.tags["awsdb.dev/owner"], "test/RdsInstance/shop/orders");
    assert_eq!(db.shown.settings.publicly_accessible, Some(false));
    assert_eq!(db.shown.settings.storage_encrypted, Some(true));
}

#[test]
fn a_round_after_every_write_of_our_own_changes_nothing() {
    let mut sim = Sim::new();
    sim.eager = true;
    let key =
        sim.apply(rds().at_once().parameter("shared_buffers", "1").subnets(&["subnet-aaaaaaaa", "subnet-bbbbbbbb"]));
    sim.settle();
    sim.apply(
        rds()
            .at_once()
            .class("db.t4g.small")
            .parameter("shared_buffers", "2")
            .subnets(&["subnet-aaaaaaaa", "subnet-bbbbbbbb"]),
    );
    sim.run(900);
    assert!(sim.is_settled(&key), "{}", sim.report());
    assert_eq!(sim.sent("CreateDBInstance"), 1);
    assert_eq!(sim.sent("ModifyDBInstance"), 1, "{}", sim.report());
    assert_eq!(sim.the_db(&key).reboots, 1, "{}", sim.report());
    sim.must_open(&key);
}

#[test]
fn a_change_that_nobody_notices_is_sent_once_and_applied_at_once() {
    let (mut sim, key) = settled(rds().backups(7));
    sim.apply(rds().backups(14));
    sim.settle();
    assert_eq!(sim.sent("ModifyDBInstance"), 1, "{}", sim.report());
    assert_eq!(sim.the_db(&key).shown.settings.backup_retention_period, Some(14));
}

#[test]
fn synced_is_not_said_while_aws_still_shows_the_old_state() {
    let (mut sim, key) = settled(rds().backups(7));
    sim.apply(rds().backups(14));
    for _ in 0..40 {
        sim.round();
        if sim.is_true(&key, "Synced") && sim.status(&key).shared.observed_generation == Some(2) {
            assert_eq!(sim.the_db(&key).shown.settings.backup_retention_period, Some(14), "{}", sim.report());
            return;
        }
    }
    panic!("it never settled\n{}", sim.report());
}

#[test]
fn readiness_survives_a_change_that_does_not_interrupt() {
    let (mut sim, key) = settled(rds().backups(7));
    sim.apply(rds().backups(14));
    for _ in 0..30 {
        sim.round();
        assert!(sim.is_true(&key, "Ready"), "{}", sim.report());
    }
}

#[test]
fn storage_grows_and_a_second_growth_waits_for_the_optimisation_of_the_first() {
    let (mut sim, key) = settled(rds());
    sim.apply(rds().storage(40));
    sim.until("the first growth is applied", |sim| sim.the_db(&key).shown.settings.allocated_storage == Some(40));
    sim.apply(rds().storage(80).backups(9));
    sim.settle();
    let db = sim.the_db(&key);
    assert_eq!(db.shown.settings.allocated_storage, Some(80));
    assert_eq!(db.shown.settings.backup_retention_period, Some(9));
    let refused = sim.calls(0).iter().filter(|call| call.writes && !call.took_effect).count();
    assert_eq!(refused, 0, "{}", sim.report());
}

#[test]
fn a_disruptive_change_waits_in_aws_for_the_window_and_the_object_is_synced_meanwhile() {
    let (mut sim, key) = settled_in(Sim::patient(), rds());
    sim.apply(rds().class("db.t4g.small"));
    sim.settle();
    assert_eq!(sim.sent("ModifyDBInstance"), 1);
    assert_eq!(sim.the_db(&key).shown.settings.db_instance_class.as_deref(), Some("db.t4g.micro"));
    assert_eq!(sim.status(&key).shared.pending["dbInstanceClass"], "db.t4g.small");
    sim.run(6 * 86400);
    assert_eq!(sim.the_db(&key).shown.settings.db_instance_class.as_deref(), Some("db.t4g.small"));
    assert!(sim.is_settled(&key), "{}", sim.report());
    assert!(sim.status(&key).shared.pending.is_empty());
    assert_eq!(sim.sent("ModifyDBInstance"), 1);
}

#[test]
fn a_pending_change_that_the_user_takes_back_is_cancelled() {
    let (mut sim, key) = settled(rds());
    sim.apply(rds().class("db.t4g.small"));
    sim.settle();
    sim.apply(rds());
    sim.settle();
    assert_eq!(sim.the_db(&key).shown.pending.db_instance_class, None, "{}", sim.report());
    assert_eq!(sim.sent("ModifyDBInstance"), 2);
}

#[test]
fn a_disruptive_change_is_sent_once_when_the_policy_is_immediate() {
    let (mut sim, key) = settled(rds().at_once());
    sim.apply(rds().at_once().class("db.t4g.small"));
    sim.settle();
    assert_eq!(sim.sent("ModifyDBInstance"), 1, "{}", sim.report());
    assert_eq!(sim.the_db(&key).shown.settings.db_instance_class.as_deref(), Some("db.t4g.small"));
}

#[test]
fn policy_immediate_also_hurries_what_was_left_for_the_window() {
    let (mut sim, key) = settled(rds());
    sim.apply(rds().class("db.t4g.small"));
    sim.settle();
    sim.apply(rds().class("db.t4g.small").at_once());
    sim.until("the class is in force", |sim| {
        sim.the_db(&key).shown.settings.db_instance_class.as_deref() == Some("db.t4g.small")
    });
    sim.settle();
    assert_eq!(sim.sent("ModifyDBInstance"), 2, "{}", sim.report());
}

#[test]
fn a_harmless_change_does_not_flush_a_disruptive_one_that_waits() {
    let (mut sim, key) = settled(rds());
    sim.apply(rds().class("db.t4g.small"));
    sim.settle();
    sim.apply(rds().class("db.t4g.small").storage(40));
    sim.settle();
    let db = sim.the_db(&key);
    assert_eq!(db.shown.settings.db_instance_class.as_deref(), Some("db.t4g.micro"), "{}", sim.report());
    assert_eq!(db.shown.pending.allocated_storage, Some(40));
}

#[test]
fn a_rotation_reaches_the_database_and_the_secret() {
    let (mut sim, key) = settled(rds());
    let before = sim.the_db(&key).password;
    sim.annotate(&key, annotation::ROTATE, "1");
    sim.until("the password changed", |sim| sim.the_db(&key).password != before);
    sim.settle();
    sim.until("the Secret follows", |sim| sim.opens(&key).is_ok());
    sim.run(3600);
    assert_eq!(sim.sent("ModifyDBInstance"), 1, "{}", sim.report());
}

#[test]
fn a_password_is_replaced_when_its_interval_has_passed() {
    let (mut sim, key) = settled_in(Sim::patient(), rds().rotated_every("24h"));
    let first = sim.the_db(&key).password;
    sim.run(23 * 3600);
    assert_eq!(sim.the_db(&key).password, first);
    sim.run(2 * 3600);
    let second = sim.the_db(&key).password;
    assert_ne!(second, first);
    sim.must_open(&key);
    sim.run(24 * 3600);
    assert_ne!(sim.the_db(&key).password, second);
    assert_eq!(sim.sent("ModifyDBInstance"), 2);
}

#[test]
fn the_content_of_a_referenced_secret_reaches_the_database() {
    let mut sim = Sim::new();
    sim.user_secret("shop", "mine", "first-password\n");
    let key = sim.apply(rds().password_from("mine"));
    sim.settle();
    sim.must_open(&key);
    assert_eq!(sim.the_db(&key).password, "first-password");
    sim.user_secret("shop", "mine", "second-password");
    sim.until("the database has it", |sim| sim.the_db(&key).password == "second-password");
    sim.until("the Secret follows", |sim| sim.opens(&key).is_ok());
    sim.settle();
    assert_eq!(sim.sent("ModifyDBInstance"), 1);
}

#[test]
fn a_referenced_secret_that_changes_twice_during_a_change_ends_with_the_last_content() {
    let mut sim = Sim::new();
    sim.user_secret("shop", "mine", "first-password");
    let key = sim.apply(rds().password_from("mine"));
    sim.settle();
    sim.user_secret("shop", "mine", "second-password");
    sim.until("it is being set", |sim| sim.sent("ModifyDBInstance") == 1);
    sim.user_secret("shop", "mine", "third-password");
    sim.until("the database has it", |sim| sim.the_db(&key).password == "third-password");
    sim.run(600);
    sim.must_open(&key);
    assert_eq!(sim.the_db(&key).password, "third-password", "{}", sim.report());
    assert!(sim.is_settled(&key), "{}", sim.report());
}

#[test]
fn another_source_of_the_password_takes_over() {
    let (mut sim, key) = settled(rds());
    sim.user_secret("shop", "mine", "users-own-password");
    sim.apply(rds().password_from("mine"));
    sim.until("the database has it", |sim| sim.the_db(&key).password == "users-own-password");
    sim.until("the Secret follows", |sim| sim.opens(&key).is_ok());
    sim.settle();
}

#[test]
fn a_password_goes_to_aws_and_comes_back() {
    let (mut sim, key) = settled(rds());
    sim.apply(rds().aws_managed());
    sim.until("AWS manages it", |sim| sim.the_db(&key).password.starts_with("aws-chose"));
    sim.settle();
    sim.until("the Secret follows", |sim| sim.opens(&key).is_ok());
    sim.apply(rds());
    sim.until("it is ours again", |sim| !sim.the_db(&key).password.starts_with("aws-chose"));
    sim.run(600);
    sim.must_open(&key);
    assert!(sim.is_settled(&key), "{}", sim.report());
    assert_eq!(sim.sent("ModifyDBInstance"), 2, "{}", sim.report());
}

#[test]
fn the_binding_follows_the_rotation_of_an_aws_managed_password() {
    let (mut sim, key) = settled(rds().aws_managed());
    sim.must_open(&key);
    let writes = sim.aws_writes(0).len();
    sim.with_db("shop-orders", |db| db.password = "aws-rotated-it".into());
    sim.run(120);
    sim.must_open(&key);
    assert_eq!(sim.aws_writes(0).len(), writes);
}

#[test]
fn parameters_and_subnets_need_nothing_made_beforehand_and_go_with_the_database() {
    let manifest = || {
        rds()
            .parameter("shared_buffers", "16384")
            .subnets(&["subnet-aaaaaaaa", "subnet-bbbbbbbb"])
            .destroyed_on_delete()
    };
    let (mut sim, key) = settled(manifest());
    let db = sim.the_db(&key);
    assert_eq!(db.shown.settings.db_parameter_group_name.as_deref(), Some("shop-orders-postgres16"));
    assert_eq!(db.shown.settings.db_subnet_group_name.as_deref(), Some("shop-orders"));
    assert_eq!(db.running["shared_buffers"], "16384");
    assert_eq!(db.reboots, 0);
    sim.delete(&key);
    sim.until("it is gone", |sim| sim.is_gone(&key));
    assert!(sim.aws(|aws| aws.parameter_groups.is_empty() && aws.subnet_groups.is_empty()), "{}", sim.report());
}

#[test]
fn dynamic_parameters_apply_at_once_and_static_ones_at_one_reboot() {
    let manifest =
        |buffers: &str, work: &str| rds().at_once().parameter("shared_buffers", buffers).parameter("work_mem", work);
    let (mut sim, key) = settled(manifest("1", "1"));
    sim.apply(manifest("1", "2"));
    sim.run(300);
    assert_eq!(sim.the_db(&key).running["work_mem"], "2");
    assert_eq!(sim.the_db(&key).reboots, 0);
    sim.apply(manifest("2", "2"));
    sim.run(900);
    assert_eq!(sim.the_db(&key).running["shared_buffers"], "2", "{}", sim.report());
    assert_eq!(sim.the_db(&key).reboots, 1, "{}", sim.report());
    assert!(sim.is_settled(&key), "{}", sim.report());
}

#[test]
fn tags_are_kept_as_written_and_only_our_own_are_removed() {
    let (mut sim, key) = settled(rds().tag("team", "a").tag("cost", "1"));
    sim.with_db("shop-orders", |db| {
        db.shown.tags.insert("foreign".into(), "stays".into());
        db.shown.tags.insert("team".into(), "drifted".into());
    });
    sim.apply(rds().tag("team", "b"));
    sim.settle();
    sim.run(300);
    let tags = sim.the_db(&key).shown.tags;
    assert_eq!(tags["team"], "b");
    assert_eq!(tags["foreign"], "stays");
    assert!(!tags.contains_key("cost"), "{tags:?}");
}

#[test]
fn roles_come_and_go_one_call_each() {
    let role = |name: &str| AssociatedRole {
        feature_name: "s3Import".into(),
        role_arn: format!("arn:aws:iam::1:role/{name}-role"),
    };
    let manifest = |roles: Vec<AssociatedRole>| rds().with(|spec| spec.associated_roles = Some(roles));
    let (mut sim, key) = settled(manifest(vec![role("one")]));
    assert_eq!(sim.the_db(&key).shown.roles["s3Import"].1, "ACTIVE", "{}", sim.report());
    sim.apply(manifest(vec![role("two")]));
    sim.until("the other role is there", |sim| {
        sim.the_db(&key).shown.roles.get("s3Import").is_some_and(|(arn, _)| arn.ends_with("two-role"))
    });
    sim.settle();
    assert_eq!((sim.sent("AddRoleToDBInstance"), sim.sent("RemoveRoleFromDBInstance")), (2, 1), "{}", sim.report());
}

#[test]
fn a_stopped_database_stays_stopped_and_starts_when_asked() {
    let (mut sim, key) = settled_in(Sim::patient(), rds());
    sim.apply(rds().powered(PowerState::Stopped));
    sim.run(600);
    assert_eq!(sim.the_db(&key).shown.status, "stopped");
    assert_eq!(sim.sent("StopDBInstance"), 1, "{}", sim.report());
    assert_eq!(sim.reason(&key, "Ready"), "Stopped");
    assert!(!sim.is_true(&key, "Stalled"));
    sim.run(7 * 86400 + 3 * 3600);
    assert_eq!(sim.the_db(&key).shown.status, "stopped", "AWS starts it after a week; it is stopped again");
    assert_eq!(sim.sent("StopDBInstance"), 2);
    sim.apply(rds().powered(PowerState::Running));
    sim.settle();
    assert_eq!(sim.sent("StartDBInstance"), 1, "{}", sim.report());
}

fn upgraded(version: &str) -> Manifest {
    rds().parameter("work_mem", "8").with(|spec| {
        spec.settings.engine_version = Some(version.into());
        spec.allow_major_version_upgrade = Some(true);
    })
}

fn parameter_groups(sim: &Sim) -> Vec<String> {
    sim.aws(|aws| aws.parameter_groups.keys().cloned().collect())
}

#[test]
fn a_major_upgrade_takes_its_parameter_group_along_and_drops_the_old_one() {
    let (mut sim, key) = settled(upgraded("16").at_once());
    sim.apply(upgraded("17").at_once());
    sim.until("the upgrade is done", |sim| sim.the_db(&key).shown.settings.engine_version.as_deref() == Some("17.4"));
    assert_eq!(sim.the_db(&key).shown.settings.db_parameter_group_name.as_deref(), Some("shop-orders-postgres17"));
    sim.run(900);
    assert_eq!(parameter_groups(&sim), ["shop-orders-postgres17"], "{}", sim.report());
    assert!(sim.is_settled(&key), "{}", sim.report());
    assert_eq!(sim.sent("ModifyDBInstance"), 1, "{:#?}", sim.events());
    assert_eq!(sim.sent("RebootDBInstance"), 0);
}

#[test]
fn a_major_upgrade_that_waits_for_the_window_is_sent_once_with_its_group() {
    let (mut sim, key) = settled_in(Sim::patient(), upgraded("16"));
    sim.apply(upgraded("17"));
    sim.settle();
    sim.run(3600);
    assert_eq!(sim.sent("ModifyDBInstance"), 1, "{:#?}", sim.events());
    assert_eq!(parameter_groups(&sim), ["shop-orders-postgres16", "shop-orders-postgres17"], "the old one is in use");
    sim.run(6 * 86400);
    assert_eq!(sim.the_db(&key).shown.settings.engine_version.as_deref(), Some("17.4"));
    assert_eq!(parameter_groups(&sim), ["shop-orders-postgres17"], "{}", sim.report());
    assert!(sim.is_settled(&key), "{}", sim.report());
}

#[test]
fn retain_lets_the_object_go_and_keeps_everything() {
    let (mut sim, key) = settled(rds());
    let mark = sim.mark();
    sim.delete(&key);
    assert!(sim.is_gone(&key));
    sim.run(300);
    assert!(sim.calls(mark).is_empty(), "{:?}", sim.calls(mark));
    assert!(sim.aws(|aws| aws.instances.contains_key("shop-orders")));
    assert!(sim.secret("shop", "orders-connection").is_some());
}

#[test]
fn snapshot_deletes_with_one_final_snapshot_that_carries_the_owner() {
    let (mut sim, key) = settled(rds().snapshot_on_delete());
    sim.delete(&key);
    sim.until("it is gone", |sim| sim.is_gone(&key));
    let deleted = sim.aws(|aws| aws.deleted.clone());
    assert_eq!(deleted.len(), 1, "{}", sim.report());
    let name = deleted[0].final_snapshot.clone().expect("a final snapshot");
    sim.aws(|aws| {
        assert!(aws.instances.is_empty());
        assert_eq!(aws.snapshots.len(), 1);
        assert_eq!(aws.snapshots[&name].shown.status, "available");
        assert_eq!(aws.snapshots[&name].shown.tags["awsdb.dev/owner"], "test/RdsInstance/shop/orders");
    });
    assert!(sim.kube(|kube| kube.secrets.is_empty()));
}

#[test]
fn a_snapshot_without_the_instances_tags_is_tagged_before_the_object_goes() {
    let (mut sim, key) =
        settled(rds().snapshot_on_delete().with(|spec| spec.settings.copy_tags_to_snapshot = Some(false)));
    sim.delete(&key);
    sim.until("it is gone", |sim| sim.is_gone(&key));
    sim.aws(|aws| {
        let snap = aws.snapshots.values().next().unwrap();
        assert_eq!(snap.shown.tags["awsdb.dev/owner"], "test/RdsInstance/shop/orders");
    });
}

#[test]
fn delete_destroys_without_a_snapshot_and_takes_the_secrets_along() {
    let (mut sim, key) = settled(rds().destroyed_on_delete());
    sim.delete(&key);
    sim.until("it is gone", |sim| sim.is_gone(&key));
    sim.aws(|aws| {
        assert!(aws.instances.is_empty() && aws.snapshots.is_empty());
        assert_eq!(aws.deleted.len(), 1);
    });
    assert!(sim.kube(|kube| kube.secrets.is_empty()));
}

#[test]
fn an_object_deleted_while_its_database_is_being_made_takes_it_along() {
    for policy in [DeletionPolicy::Delete, DeletionPolicy::Snapshot] {
        let mut sim = Sim::new();
        let key = sim.apply(rds().deletion(policy));
        sim.until("the create is sent", |sim| sim.sent("CreateDBInstance") == 1);
        sim.delete(&key);
        sim.until("it is gone", |sim| sim.is_gone(&key));
        assert!(sim.aws(|aws| aws.instances.is_empty()), "{policy:?}\n{}", sim.report());
    }
}

#[test]
fn an_object_that_never_made_anything_goes_at_once() {
    let mut sim = Sim::new();
    let key = sim.apply(rds().password_from("missing").destroyed_on_delete());
    sim.run(60);
    sim.delete(&key);
    sim.run(20);
    assert!(sim.is_gone(&key), "{}", sim.report());
    assert!(sim.aws_writes(0).is_empty());
}

#[test]
fn another_policy_during_the_deletion_is_obeyed() {
    let (mut sim, key) = settled(rds().destroyed_on_delete().protected(true));
    sim.delete(&key);
    sim.run(120);
    assert_eq!(sim.reason(&key, "Stalled"), "DeletionProtected");
    sim.apply(rds().deletion(DeletionPolicy::Retain).protected(true));
    sim.until("it is gone", |sim| sim.is_gone(&key));
    assert!(sim.aws(|aws| aws.instances.contains_key("shop-orders")));
    assert!(sim.secret("shop", "orders-connection").is_some(), "Retain keeps the Secrets");
}

#[test]
fn a_re_applied_manifest_finds_its_database_and_secrets_again() {
    let (mut sim, key) = settled(rds());
    sim.delete(&key);
    sim.run(60);
    let mark = sim.mark();
    sim.apply(rds());
    sim.settle();
    sim.must_open(&key);
    assert!(sim.aws_writes(mark).is_empty(), "{}", sim.report());
}

#[test]
fn a_snapshot_becomes_a_database_with_a_password_of_its_own() {
    let (mut sim, source) = settled(named("old"));
    let now = sim.now();
    sim.aws(|aws| aws.take_snapshot("shop-old", "monday", now));
    let key = sim.apply(named("orders").made_of_snapshot("monday"));
    sim.settle();
    sim.until("the Secret opens it", |sim| sim.opens(&key).is_ok());
    assert_ne!(sim.the_db(&key).password, sim.the_db(&source).password);
    let owner = &sim.the_db(&key).shown.tags["awsdb.dev/owner"];
    assert_eq!(owner, "test/RdsInstance/shop/orders", "the source's tags must not come along");
    sim.must_open(&source);
}

#[test]
fn a_replica_follows_its_source_and_becomes_independent_once() {
    let (mut sim, source) = settled(named("main").backups(7));
    let key = sim.apply(named("copy").replica_of("shop-main"));
    sim.settle();
    assert_eq!(sim.the_db(&key).shown.replica_source.as_deref(), Some("shop-main"));
    let mark = sim.mark();
    sim.apply(named("copy").replica_of("shop-main").promoted());
    sim.until("it is promoted", |sim| sim.the_db(&key).shown.replica_source.is_none());
    sim.run(300);
    assert_eq!(sim.sent_since(mark, "PromoteReadReplica"), 1, "{}", sim.report());
    assert!(sim.the_db(&source).shown.replicas.is_empty());
}
