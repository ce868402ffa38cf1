//! Making the instance from its four sources (aws-rds.md 1.1, 1.5): what is sent, what must be there first, who may use it.

use super::*;
use crate::aws::owner::{ALLOW_TAG, CLUSTER_TAG, OWNER_TAG, Tags};
use crate::aws::rds::{Settings, Source};
use crate::kind::{Home, Reference, Referred};
use crate::life::PASSWORD_UNSET;

fn snapshot() -> Scene {
    unmade().wants(json!({ "source": { "snapshot": { "identifier": "before-sale" } } })).offers(source("available"))
}

fn point_in_time() -> Scene {
    let point = json!({ "identifier": "main", "useLatestRestorableTime": true });
    unmade().wants(json!({ "source": { "pointInTime": point } })).offers(source("available"))
}

fn replica() -> Scene {
    unmade().wants(json!({ "source": { "replicaOf": { "identifier": "main" } } })).offers(source("available"))
}

/// A source that this namespace owns.
fn source(status: &str) -> Source {
    Source {
        arn: "arn:source".into(),
        status: status.into(),
        engine: "postgres".into(),
        engine_version: Some("16.4".into()),
        tags: Some(owned_by("prod/RdsInstance/shop/main", "cluster-1")),
        backup_retention: Some(7),
    }
}

fn owned_by(owner: &str, cluster: &str) -> Tags {
    Tags::from([(OWNER_TAG.into(), owner.into()), (CLUSTER_TAG.into(), cluster.into())])
}

impl Scene {
    fn offers(self, source: Source) -> Self {
        self.seen(|observed| observed.source = Seen::Present(source))
    }

    /// The settings and tags of the create, and the notes that it leaves.
    fn create(&self) -> (Settings, Tags, BTreeMap<String, String>) {
        let step = self.plan().steps.pop().unwrap_or_else(|| panic!("no step: {:?}", self.plan()));
        let Action::Create { settings, tags, .. } = step.action else { panic!("{step:?}") };
        (*settings, tags, step.notes.into_iter().collect())
    }
}

fn monday() -> Referred {
    Referred {
        identifier: Some("shop-monday".into()),
        arn: Some("arn:aws:rds:eu-central-1:123456789012:snapshot:shop-monday".into()),
        account: Some("123456789012".into()),
        region: Some("eu-central-1".into()),
        family: Some("Instance".into()),
        is_ready: true,
        message: "AWS reports creating.".into(),
    }
}

/// An object that is to be made from the DbSnapshot `monday`, of which this is known.
fn by_reference(found: Option<Referred>) -> Scene {
    let mut scene = unmade().wants(json!({ "source": { "snapshot": { "name": "monday" } } }));
    let references = scene.object.references(&scene.inputs);
    let [Reference::Object(name)] = references.as_slice() else { panic!("no reference") };
    assert_eq!((name.kind, name.plural, &*name.name), ("DbSnapshot", "dbsnapshots", "monday"));
    scene.inputs.objects.insert(name.clone(), found);
    scene.object.resolve(&scene.inputs.objects);
    if scene.id().source.is_some() { scene.offers(source("available")) } else { scene }
}

#[test]
fn a_snapshot_by_reference_is_restored_as_if_it_were_named() {
    let scene = by_reference(Some(monday()));
    assert_eq!(scene.id().source, Some(crate::aws::rds::SourceId::Snapshot("shop-monday".into())));
    assert_eq!(scene.steps(), ["now: RestoreDBInstanceFromDBSnapshot from shop-monday, without password (none)"]);
    let made = by_reference(Some(monday())).noted(RESOURCE_ID, "db-1");
    assert!(made.object.references(&made.inputs).is_empty(), "it is of no interest once the instance was made");
    let lost = made.given(|inputs| inputs.absent_since = Some(inputs.now));
    assert_eq!(lost.object.references(&lost.inputs).len(), 1, "and of interest again when it is lost");
}

#[test]
fn no_state_of_a_referred_snapshot_makes_an_empty_database() {
    let elsewhere = Referred { region: Some("eu-west-1".into()), ..monday() };
    let others = Referred { account: Some("999999999999".into()), ..monday() };
    for (why, found, refused) in [
        ("missing", None, None),
        ("not ready", Some(Referred { is_ready: false, ..monday() }), None),
        ("never looked at", Some(Referred::default()), None),
        ("without an ARN", Some(Referred { arn: None, ..monday() }), None),
        ("of a cluster", Some(Referred { family: Some("Cluster".into()), ..monday() }), Some(Reason::InvalidSpec)),
        ("of a table", Some(Referred { family: Some("Table".into()), ..monday() }), Some(Reason::InvalidSpec)),
        ("of another region", Some(elsewhere), Some(Reason::InvalidSpec)),
        ("of another account", Some(others), Some(Reason::WrongAccount)),
    ] {
        for scene in
            [by_reference(found.clone()), by_reference(found.clone()).given(|inputs| inputs.trust_account = true)]
        {
            let plan = scene.plan();
            assert_eq!(plan.problem.as_ref().map(|problem| problem.reason), refused, "{why}");
            assert!(plan.problem.iter().all(|problem| problem.message.contains("DbSnapshot monday")), "{why}");
            assert_eq!(plan.steps.len(), usize::from(refused.is_none()), "{why}");
            for step in plan.steps {
                let When::After(waiting) = &step.when else { panic!("{why}: {}", told(&step)) };
                assert_eq!(waiting.reason, Reason::DependencyNotReady, "{why}");
                assert!(waiting.message.contains("DbSnapshot monday"), "{}", waiting.message);
                assert_eq!(crate::aws::Action::operation(&step.action), "RestoreDBInstanceFromDBSnapshot", "{why}");
            }
        }
    }
    // Even an object that nobody resolved is not made empty.
    let mut scene = by_reference(Some(monday()));
    scene.object.spec.source.as_mut().unwrap().snapshot.as_mut().unwrap().identifier = None;
    assert!(matches!(scene.plan().steps[0].when, When::After(_)));
}

#[test]
fn each_source_has_its_call_and_its_credentials() {
    for (scene, expected) in [
        (unmade(), "now: CreateDBInstance new, with password (none)"),
        (snapshot(), "now: RestoreDBInstanceFromDBSnapshot from before-sale, without password (none)"),
        (point_in_time(), "now: RestoreDBInstanceToPointInTime from main at latest, without password (none)"),
        (replica(), "now: CreateDBInstanceReadReplica replica of main, without password (none)"),
    ] {
        assert_eq!(scene.steps(), [expected]);
    }
}

#[test]
fn a_point_in_time_is_named_in_three_ways() {
    for (point, sought) in [
        (json!({ "identifier": "main", "useLatestRestorableTime": true }), SourceId::Instance("main".into())),
        (json!({ "dbiResourceId": "db-9", "useLatestRestorableTime": true }), SourceId::ResourceId("db-9".into())),
        (
            json!({ "automatedBackupsArn": "arn:aws:rds:x:1:auto-backup:ab", "restoreTime": "2026-11-20T08:00:00Z" }),
            SourceId::AutomatedBackups("arn:aws:rds:x:1:auto-backup:ab".into()),
        ),
    ] {
        let scene = unmade().wants(json!({ "source": { "pointInTime": point } })).offers(source("available"));
        let Action::Create { origin: Origin::PointInTime { source, at }, .. } = scene.plan().steps.remove(0).action
        else {
            panic!("not a point in time")
        };
        assert_eq!(at.is_some(), point.get("restoreTime").is_some());
        assert_eq!(source, sought);
        assert_eq!(scene.id().source, Some(sought));
    }
}

impl Scene {
    fn id(&self) -> crate::aws::rds::Id {
        let home =
            Home { identifier: "shop-orders".into(), region: "eu-central-1".into(), owner: self.inputs.owner.clone() };
        self.object.id(self.want, &home, &self.inputs)
    }
}

#[test]
fn the_source_is_looked_at_only_until_the_instance_is_made() {
    assert!(snapshot().id().source.is_some());
    assert!(snapshot().noted(RESOURCE_ID, "").id().source.is_some(), "a create was sent, its outcome unknown");
    assert!(snapshot().noted(RESOURCE_ID, "db-1").id().source.is_none());
    assert!(snapshot().deleting().id().source.is_none());
    assert!(unmade().id().source.is_none());
}

#[test]
fn safe_defaults_are_those_of_the_creation_only() {
    let (settings, ..) = unmade().create();
    assert_eq!(settings.publicly_accessible, Some(false));
    assert_eq!(settings.copy_tags_to_snapshot, Some(true));
    assert_eq!(settings.storage_encrypted, Some(true));
    let (restored, ..) = snapshot().create();
    assert_eq!(restored.storage_encrypted, None, "encryption is inherited");
    let (open, ..) = unmade().wants(json!({ "publiclyAccessible": true, "storageEncrypted": false })).create();
    assert_eq!((open.publicly_accessible, open.storage_encrypted), (Some(true), Some(false)), "the spec's word stands");
    let later =
        rds().has(json!({ "publiclyAccessible": true, "copyTagsToSnapshot": false, "storageEncrypted": false }));
    assert!(later.steps().is_empty() && later.plan().problem.is_none(), "what the spec leaves out is not managed");
}

#[test]
fn autoscaling_that_equals_the_storage_is_not_sent() {
    let (settings, ..) = unmade().wants(json!({ "maxAllocatedStorage": 100 })).create();
    assert_eq!(settings.max_allocated_storage, None);
    let (settings, ..) = unmade().wants(json!({ "maxAllocatedStorage": 200 })).create();
    assert_eq!(settings.max_allocated_storage, Some(200));
}

#[test]
fn every_create_carries_the_owner_and_the_users_tags() {
    let tags = json!({ "team": "shop" });
    for scene in [unmade(), snapshot(), point_in_time(), replica()] {
        let (_, sent, notes) = scene.wants(json!({ "tags": tags })).create();
        assert_eq!(sent[OWNER_TAG], "prod/RdsInstance/shop/orders");
        assert_eq!(sent[CLUSTER_TAG], "cluster-1");
        assert_eq!(sent["team"], "shop");
        assert_eq!(notes["tagKeys"], r#"["team"]"#);
        assert_eq!(notes[RESOURCE_ID], "", "a new database has a new identity");
    }
    let mut forged = unmade();
    forged.object.spec.shared.tags = Some(Tags::from([(OWNER_TAG.into(), "prod/RdsInstance/shop/other".into())]));
    assert_eq!(forged.create().1[OWNER_TAG], "prod/RdsInstance/shop/orders", "the owner tag is not the user's");
}

#[test]
fn a_password_that_the_create_cannot_carry_is_noted_as_unset() {
    let unset = |scene: &Scene| scene.create().2.contains_key(PASSWORD_UNSET);
    assert!(!unset(&unmade()), "the create carries it");
    assert!(unset(&snapshot()) && unset(&point_in_time()));
    assert!(!unset(&replica()), "a replica has its source's password");
    assert!(unset(&replica().wants(json!({ "promote": true }))), "one that is to be promoted will have its own");
    assert!(!unset(&snapshot().wants(json!({ "credentials": { "awsManaged": {} } }))));
    let iam = json!({ "credentials": { "iam": {} }, "iamDatabaseAuthentication": true });
    assert!(unset(&snapshot().wants(iam.clone())), "the master password stays with the operator");
    assert!(!unset(&snapshot().wants(iam).wants(json!({ "masterUserAuthenticationType": "iam-db-auth" }))));
}

#[test]
fn a_new_instance_gets_its_password_by_the_mode_of_its_credentials() {
    for (credentials, with) in [
        (json!({}), "with password"),
        (json!({ "generated": { "length": 20 } }), "with password"),
        (json!({ "secretRef": { "name": "mine" } }), "with password"),
        (json!({ "awsManaged": {} }), "password managed by AWS"),
        (json!({ "iam": {} }), "with password"),
    ] {
        let scene = unmade().wants(json!({ "credentials": credentials }));
        let scene = scene.given(|inputs| inputs.supplied = Supplied::Given(Password::new("long-enough-1")));
        assert_eq!(scene.steps(), [format!("now: CreateDBInstance new, {with} (none)")], "{credentials}");
    }
    let iam = json!({ "credentials": { "iam": {} }, "masterUserAuthenticationType": "iam-db-auth" });
    assert_eq!(unmade().wants(iam).steps(), ["now: CreateDBInstance new, without password (none)"]);
}

#[test]
fn a_managed_password_is_created_with_its_key() {
    let plan = unmade().wants(json!({ "credentials": { "awsManaged": { "kmsKeyId": "alias/db" } } })).plan();
    let Action::Create { managed: Some(managed), password, .. } = &plan.steps[0].action else { panic!("{plan:?}") };
    assert_eq!((managed.kms_key_id.as_deref(), *password), (Some("alias/db"), PasswordUse::None));
}

#[test]
fn no_call_is_made_before_the_supplied_password_is_usable() {
    for supplied in [Supplied::Missing("Secret mine does not exist".into()), Supplied::Given(Password::new("short"))] {
        let scene = unmade().wants(json!({ "credentials": { "secretRef": { "name": "mine" } } }));
        let scene = scene.given(|inputs| inputs.supplied = supplied);
        assert_eq!(scene.problem().0, Reason::InvalidCredentials);
        assert!(scene.steps().is_empty());
    }
}

#[test]
fn a_source_that_is_not_ready_is_waited_for_without_a_call() {
    let offered = |scene: Scene, source: Seen<Source>| scene.seen(|observed| observed.source = source);
    let no_backups = Source { backup_retention: Some(0), ..source("available") };
    for (why, scene) in [
        ("a snapshot that does not exist (yet)", offered(snapshot(), Seen::Absent)),
        ("a snapshot that could not be read", offered(snapshot(), Seen::Unread("throttled".into()))),
        ("a snapshot that is being taken", offered(snapshot(), Seen::Present(source("creating")))),
        ("an instance that does not exist", offered(replica(), Seen::Absent)),
        ("a replica of an instance without backups", offered(replica(), Seen::Present(no_backups.clone()))),
        (
            "a replica that is to be promoted",
            offered(replica().wants(json!({ "promote": true })), Seen::Present(no_backups.clone())),
        ),
        ("a point in time of an instance without backups", offered(point_in_time(), Seen::Present(no_backups))),
    ] {
        let groups = json!({ "subnetIds": ["subnet-1234567a", "subnet-1234567b"] });
        let scene = scene.wants(groups).seen(|observed| observed.subnet_group = Seen::Absent);
        let plan = scene.plan();
        assert_eq!(plan.problem, None, "{why}");
        assert_eq!(plan.steps.len(), 2, "{why}: {:?}", scene.steps());
        for step in &plan.steps {
            let When::After(waiting) = &step.when else { panic!("{why}: {}", told(step)) };
            assert_eq!(waiting.reason, Reason::DependencyNotReady, "{why}");
            assert!(waiting.message.contains("spec.source"), "{}", waiting.message);
        }
    }
}

#[test]
fn a_source_is_used_only_where_its_owner_lets_this_namespace() {
    let shared = Source { tags: None, ..source("available") };
    let with = |tags: Tags| Source { tags: Some(tags), ..source("available") };
    let allow = |text: &str| Tags::from([(ALLOW_TAG.into(), text.into())]);
    for (why, source, allowed) in [
        ("its own", source("available"), true),
        ("another kind's in this namespace", with(owned_by("prod/DbSnapshot/shop/nightly", "cluster-1")), true),
        ("another namespace's", with(owned_by("prod/RdsInstance/pay/main", "cluster-1")), false),
        ("a namespace with a like name", with(owned_by("prod/RdsInstance/shop2/main", "cluster-1")), false),
        ("an object with the namespace's name", with(owned_by("prod/RdsInstance/pay/shop", "cluster-1")), false),
        ("another cluster's", with(owned_by("prod/RdsInstance/shop/main", "cluster-2")), false),
        ("another installation's", with(owned_by("test/RdsInstance/shop/main", "cluster-1")), false),
        ("an installation with a like name", with(owned_by("prod2/RdsInstance/shop/main", "cluster-1")), false),
        ("allowed by its tag", with(allow("prod/shop")), true),
        ("allowed to everybody here", with(allow("prod/*")), true),
        ("allowed to others", with(allow("prod/pay")), false),
        ("nobody's", with(Tags::new()), false),
        ("shared from another account: no tags are shown", shared, false),
    ] {
        for scene in [snapshot(), point_in_time(), replica()] {
            let scene = scene.offers(source.clone());
            let plan = scene.plan();
            assert_eq!(plan.problem.is_none(), allowed, "{why}");
            if !allowed {
                assert!(plan.steps.is_empty(), "{why}");
                let problem = plan.problem.unwrap();
                assert_eq!(problem.reason, Reason::NotAllowed);
                assert!(problem.message.contains("awsdb.dev/allow = prod/shop"), "{}", problem.message);
            }
            let trusting = scene.given(|inputs| inputs.trust_account = true);
            assert_eq!(trusting.plan().problem, None, "{why}, in a cluster that trusts its account");
        }
    }
}

#[test]
fn an_engine_that_is_not_the_sources_is_said_before_the_call() {
    let (reason, message) = snapshot().offers(Source { engine: "mysql".into(), ..source("available") }).problem();
    assert_eq!(reason, Reason::InvalidSpec);
    assert!(message.contains("spec.engine is postgres") && message.contains("is mysql"), "{message}");
    let silent =
        snapshot().wants(json!({ "engine": null })).offers(Source { engine: "mysql".into(), ..source("available") });
    assert_eq!(silent.plan().problem, None, "the engine is the source's");
}

#[test]
fn a_new_instance_needs_what_adoption_may_leave_out() {
    let (reason, message) = unmade().wants(json!({ "dbInstanceClass": null, "masterUsername": null })).problem();
    assert_eq!(reason, Reason::InvalidSpec);
    assert!(message.contains("spec.dbInstanceClass, spec.masterUsername"), "{message}");
    let nothing = json!({ "engine": null, "engineVersion": null, "dbInstanceClass": null, "allocatedStorage": null, "masterUsername": null });
    assert_eq!(snapshot().wants(nothing).plan().problem, None, "a source has all of it");
}

#[test]
fn what_a_restore_does_not_take_follows_once_the_instance_is_there() {
    let follow = json!({
        "engineVersion": "16.6", "preferredMaintenanceWindow": "mon:03:00-mon:04:00", "monitoringInterval": 60,
        "monitoringRoleArn": "arn:aws:iam::123456789012:role/m", "maxAllocatedStorage": 500, "backupRetentionPeriod": 7,
    });
    let restored = rds()
        .wants(follow)
        .wants(json!({ "source": { "snapshot": { "identifier": "before-sale" } } }))
        .noted(PASSWORD_UNSET, "true")
        .given(|inputs| inputs.stored = Stored::default());
    assert_eq!(
        restored.steps(),
        [
            "now: ModifyDBInstance backupRetentionPeriod=7, maxAllocatedStorage=500, monitoringInterval=60, \
             monitoringRoleArn=arn:aws:iam::123456789012:role/m, preferredMaintenanceWindow=mon:03:00-mon:04:00 (none)",
            "sent for the window: ModifyDBInstance engineVersion=16.6 (failover)",
            "now: ModifyDBInstance the next password (none)",
        ]
    );
}

#[test]
fn a_source_that_is_removed_from_the_spec_changes_nothing() {
    let made = rds().wants(json!({ "source": { "snapshot": { "identifier": "before-sale" } } }));
    assert!(made.steps().is_empty());
    assert!(made.wants(json!({ "source": null })).steps().is_empty());
}

#[test]
fn a_lost_database_is_made_again_only_by_approval_and_from_its_source_with_all_that_is_asked() {
    let lost = |scene: Scene| {
        scene
            .given(|inputs| {
                inputs.recorded_arn = Some(ARN.into());
                inputs.absent_since = Some("2026-11-25T11:00:00Z".parse().unwrap());
            })
            .noted(RESOURCE_ID, "db-1")
    };
    let empty = lost(unmade());
    assert_eq!(empty.steps(), ["held for approval: CreateDBInstance new, with password (replacement)"]);
    assert_eq!(empty.problem().0, Reason::ExternallyDeleted);
    assert!(lost(snapshot()).id().source.is_some(), "the source is looked at once more");
    let denied = lost(snapshot()).offers(Source { tags: None, ..source("available") });
    assert_eq!((denied.steps().len(), denied.problem().0), (0, Reason::NotAllowed));
    let unread = lost(snapshot()).seen(|observed| observed.source = Seen::Unread("throttled".into()));
    assert!(
        unread.steps()[0].starts_with("later"),
        "an approval does not skip what is waited for: {:?}",
        unread.steps()
    );
}
