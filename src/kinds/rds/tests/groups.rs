//! The groups that an object owns: made first, filled in batches, left behind by a major upgrade, never another's.

use super::*;
use crate::aws::owner::{OWNER_TAG, Tags};
use crate::aws::rds::{ParameterGroup, SubnetGroup};
use crate::kind::End;

const SUBNETS: [&str; 2] = ["subnet-1234567a", "subnet-1234567b"];
const GROUP: &str = "shop-orders-postgres16";

fn ours() -> Tags {
    inputs(&rds().object).owner.tags()
}

fn group(values: &[(&str, &str)]) -> ParameterGroup {
    let values = values.iter().map(|(key, value)| ((*key).to_string(), (*value).to_string())).collect();
    ParameterGroup { family: "postgres16".into(), arn: "arn:pg".into(), values, tags: ours() }
}

fn many(count: usize) -> BTreeMap<String, String> {
    (0..count).map(|n| (format!("parameter_{n:03}"), "1".to_string())).collect()
}

impl Scene {
    fn parameters(self, values: &BTreeMap<String, String>) -> Self {
        self.wants(json!({ "parameters": values }))
    }

    fn sees_group(self, name: &str, group: Seen<ParameterGroup>) -> Self {
        self.seen(|observed| drop(observed.parameter_groups.insert(name.into(), group)))
    }

    fn sees_subnets(self, group: Seen<SubnetGroup>) -> Self {
        self.seen(|observed| observed.subnet_group = group)
    }

    /// The instance uses this group.
    fn uses(self, name: &str) -> Self {
        self.has(json!({ "dbParameterGroupName": name }))
    }
}

/// One parameter, and the group that has it in use.
fn tuned() -> Scene {
    rds()
        .wants(json!({ "parameters": { "work_mem": "64" } }))
        .uses(GROUP)
        .sees_group(GROUP, Seen::Present(group(&[("work_mem", "64")])))
}

#[test]
fn a_group_that_is_as_wanted_is_left_alone() {
    assert_eq!((tuned().steps().len(), tuned().plan().end), (0, End::Settled));
}

#[test]
fn a_new_instance_waits_for_its_groups_and_their_values() {
    let scene = || unmade().wants(json!({ "parameters": { "work_mem": "64" }, "subnetIds": SUBNETS }));
    let create = |when: &str| format!("{when}: CreateDBInstance new, with password (none)");
    let nothing = scene().sees_group(GROUP, Seen::Absent).sees_subnets(Seen::Absent);
    assert_eq!(
        nothing.steps(),
        [
            "now: CreateDBSubnetGroup shop-orders (none)".to_string(),
            format!("now: CreateDBParameterGroup {GROUP} (none)"),
            create("later (Creating)"),
        ]
    );
    let subnets = SubnetGroup { subnet_ids: SUBNETS.map(String::from).into(), tags: ours(), ..Default::default() };
    let empty = scene().sees_group(GROUP, Seen::Present(group(&[]))).sees_subnets(Seen::Present(subnets.clone()));
    assert_eq!(
        empty.steps(),
        [format!("now: ModifyDBParameterGroup {GROUP} 1 values (none)"), create("later (Creating)")]
    );
    let ready =
        scene().sees_group(GROUP, Seen::Present(group(&[("work_mem", "64")]))).sees_subnets(Seen::Present(subnets));
    assert_eq!(ready.steps(), [create("now")]);
    let Action::Create { settings, .. } = ready.plan().steps.remove(0).action else { panic!("no create") };
    assert_eq!(settings.db_parameter_group_name.as_deref(), Some(GROUP));
    assert_eq!(settings.db_subnet_group_name.as_deref(), Some("shop-orders"));
}

#[test]
fn groups_are_made_with_family_tags_and_a_note() {
    let plan =
        unmade().wants(json!({ "parameters": {}, "tags": { "team": "shop" } })).sees_group(GROUP, Seen::Absent).plan();
    let step = &plan.steps[0];
    let Action::CreateParameterGroup { family, tags, .. } = &step.action else { panic!("{step:?}") };
    assert_eq!(family, "postgres16");
    assert_eq!((tags["team"].as_str(), tags[OWNER_TAG].as_str()), ("shop", "prod/RdsInstance/shop/orders"));
    assert_eq!(step.notes, [(format!("parameterGroup/{GROUP}"), "made".to_string())]);
    assert_eq!((step.thing, plan.steps[1].thing), ("parameterGroup", "instance"), "two things, so both may run");
}

#[test]
fn the_family_follows_engine_and_version() {
    for (engine, wanted, used, name) in [
        ("postgres", "16.4", None, "shop-orders-postgres16"),
        ("postgres", "16", Some("16.6"), "shop-orders-postgres16"),
        ("postgres", "15.4", Some("16.6"), "shop-orders-postgres16"),
        ("mysql", "8.4", None, "shop-orders-mysql8-4"),
        ("mysql", "8", Some("8.4.3"), "shop-orders-mysql8-4"),
        ("mariadb", "10.11.6", None, "shop-orders-mariadb10-11"),
        ("oracle-se2-cdb", "19", None, "shop-orders-oracle-se2-cdb-19"),
        ("sqlserver-web", "15.00.4345.5.v1", None, "shop-orders-sqlserver-web-15-0"),
    ] {
        let mut scene = unmade().wants(json!({ "engine": engine, "engineVersion": wanted, "parameters": {} }));
        if let Some(used) = used {
            scene = scene.recorded("shop-orders", used);
        }
        let scene = scene.sees_group(name, Seen::Absent);
        assert_eq!(
            scene.steps()[0],
            format!("now: CreateDBParameterGroup {name} (none)"),
            "{engine} {wanted} {used:?}"
        );
    }
    let (reason, message) =
        unmade().wants(json!({ "engine": "mysql", "engineVersion": "8", "parameters": {} })).problem();
    assert_eq!(reason, Reason::InvalidSpec);
    assert!(message.contains("spec.engineVersion 8"), "{message}");
}

#[test]
fn parameters_are_set_and_reset_twenty_at_a_time() {
    let wanted = many(25);
    let empty = rds().parameters(&wanted).uses(GROUP).sees_group(GROUP, Seen::Present(group(&[])));
    assert_eq!(empty.steps(), [format!("now: ModifyDBParameterGroup {GROUP} 20 values (none)")]);
    let mut half = group(&[]);
    half.values = many(20);
    let second = rds().parameters(&wanted).uses(GROUP).sees_group(GROUP, Seen::Present(half));
    assert_eq!(second.steps(), [format!("now: ModifyDBParameterGroup {GROUP} 5 values (none)")]);
    let mut full = group(&[]);
    full.values = many(45);
    let too_many = rds().parameters(&many(24)).uses(GROUP).sees_group(GROUP, Seen::Present(full));
    assert_eq!(too_many.steps(), [format!("now: ResetDBParameterGroup {GROUP} 20 names (none)")]);
}

#[test]
fn what_changes_in_a_group_is_said_old_to_new() {
    let scene = tuned()
        .wants(json!({ "parameters": { "work_mem": "128" } }))
        .sees_group(GROUP, Seen::Present(group(&[("work_mem", "64"), ("old", "1")])));
    let plan = scene.plan();
    assert_eq!(changes_of(&plan.steps[0]), ["parameters.work_mem: 64 -> 128"]);
    assert_eq!(changes_of(&plan.steps[1]), ["parameters.old: 1 -> unset"]);
    assert!(matches!(&plan.steps[1].action, Action::ResetParameters { .. }));
}

#[test]
fn a_group_of_someone_else_is_a_conflict_and_is_not_used() {
    let foreign = ParameterGroup { tags: Tags::new(), ..group(&[("work_mem", "64")]) };
    for scene in [
        rds().wants(json!({ "parameters": { "work_mem": "64" } })).sees_group(GROUP, Seen::Present(foreign.clone())),
        unmade().wants(json!({ "parameters": { "work_mem": "64" } })).sees_group(GROUP, Seen::Present(foreign)),
        unmade().wants(json!({ "subnetIds": SUBNETS })).sees_subnets(Seen::Present(SubnetGroup::default())),
    ] {
        let (reason, message) = scene.problem();
        assert_eq!((reason, scene.steps()), (Reason::Conflict, vec![]));
        assert!(message.contains("shop-orders") && message.contains("nothing is touched"), "{message}");
    }
}

#[test]
fn a_group_that_could_not_be_read_is_neither_made_nor_settled() {
    for unread in [Some(Seen::Unread("throttled".into())), None] {
        let made = rds().wants(json!({ "parameters": { "work_mem": "64" } })).uses(GROUP);
        let made = unread.clone().into_iter().fold(made, |scene, group| scene.sees_group(GROUP, group));
        assert_eq!((made.steps().len(), made.waits_for(), made.plan().end), (0, Some(Reason::Unreadable), End::Open));
        let new = unmade().wants(json!({ "parameters": { "work_mem": "64" } }));
        let new = unread.into_iter().fold(new, |scene, group| scene.sees_group(GROUP, group));
        assert_eq!(new.steps(), ["later (Unreadable): CreateDBInstance new, with password (none)"]);
    }
    let subnets = unmade().wants(json!({ "subnetIds": SUBNETS })).sees_subnets(Seen::Unread("throttled".into()));
    assert_eq!(subnets.steps(), ["later (Unreadable): CreateDBInstance new, with password (none)"]);
}

#[test]
fn an_existing_instance_gets_its_group_when_the_group_has_its_values() {
    let scene = || rds().wants(json!({ "parameters": { "work_mem": "64" } }));
    assert_eq!(
        scene().sees_group(GROUP, Seen::Absent).steps(),
        [format!("now: CreateDBParameterGroup {GROUP} (none)")]
    );
    assert_eq!(
        scene().sees_group(GROUP, Seen::Present(group(&[]))).steps(),
        [format!("now: ModifyDBParameterGroup {GROUP} 1 values (none)")]
    );
    let full = scene().sees_group(GROUP, Seen::Present(group(&[("work_mem", "64")])));
    assert_eq!(full.steps(), [format!("now: ModifyDBInstance dbParameterGroupName={GROUP} (none)")]);
}

#[test]
fn a_reboot_waits_for_the_last_parameter() {
    let scene = tuned().wants(json!({ "parameters": { "work_mem": "64", "max_connections": "100" } })).immediate();
    let pending = scene.instance(|instance| instance.parameter_apply_status = Some("pending-reboot".into()));
    assert_eq!(
        pending.steps(),
        [
            format!("now: ModifyDBParameterGroup {GROUP} 1 values (none)"),
            "later (Updating): RebootDBInstance (reboot)".into(),
        ]
    );
}

#[test]
fn an_instance_with_wrong_parameters_is_rebooted_when_they_are_corrected() {
    let wrong = || tuned().status("incompatible-parameters");
    let correcting = wrong().sees_group(GROUP, Seen::Present(group(&[("work_mem", "999999999")])));
    assert_eq!(
        correcting.steps(),
        [
            format!("now: ModifyDBParameterGroup {GROUP} 1 values (none)"),
            "later (Updating): RebootDBInstance (reboot)".into(),
        ]
    );
    assert_eq!(wrong().steps(), ["now: RebootDBInstance (reboot)"]);
    assert!(
        rds().status("incompatible-parameters").steps().is_empty(),
        "a group that the spec does not name is not ours"
    );
}

/// A major upgrade to 17 with parameters, at each stage of its groups.
fn upgrading() -> Scene {
    tuned().wants(json!({ "engineVersion": "17", "allowMajorVersionUpgrade": true })).immediate()
}

const NEW: &str = "shop-orders-postgres17";

#[test]
fn a_major_upgrade_waits_for_the_group_of_its_family() {
    let upgrade = "ModifyDBInstance engineVersion=17, allowing major, immediately (failover)";
    assert_eq!(
        upgrading().sees_group(NEW, Seen::Absent).steps(),
        [format!("now: CreateDBParameterGroup {NEW} (none)"), format!("later (Creating): {upgrade}")]
    );
    assert_eq!(
        upgrading().sees_group(NEW, Seen::Present(group(&[]))).steps(),
        [format!("now: ModifyDBParameterGroup {NEW} 1 values (none)"), format!("later (Creating): {upgrade}")]
    );
    assert_eq!(
        upgrading().sees_group(NEW, Seen::Unread("throttled".into())).steps(),
        [format!("later (Unreadable): {upgrade}")]
    );
    let foreign = ParameterGroup { tags: Tags::new(), ..group(&[("work_mem", "64")]) };
    assert_eq!(
        upgrading().sees_group(NEW, Seen::Present(foreign)).steps(),
        [format!("later (DependencyNotReady): {upgrade}")]
    );
    assert_eq!(
        upgrading().sees_group(NEW, Seen::Present(group(&[("work_mem", "64")]))).steps(),
        [format!(
            "now: ModifyDBInstance dbParameterGroupName={NEW}, engineVersion=17, allowing major, immediately (failover)"
        )]
    );
}

#[test]
fn the_group_of_the_old_family_goes_when_the_instance_has_left_it() {
    let scene = |uses: &str| {
        upgrading()
            .has(json!({ "engineVersion": "17.2" }))
            .recorded("shop-orders", "17.2")
            .sees_group(NEW, Seen::Present(group(&[("work_mem", "64")])))
            .uses(uses)
            .noted(&format!("parameterGroup/{GROUP}"), "made")
            .noted(&format!("parameterGroup/{NEW}"), "made")
    };
    assert_eq!(scene(NEW).steps(), [format!("now: DeleteDBParameterGroup {GROUP} (none)")]);
    assert_eq!(scene(NEW).plan().steps[0].thing, "oldParameterGroup");
    let still_used = scene(GROUP).steps();
    assert!(!still_used.iter().any(|step| step.contains("Delete")), "{still_used:?}");
    let foreign = scene(NEW).sees_group(GROUP, Seen::Present(ParameterGroup { tags: Tags::new(), ..group(&[]) }));
    assert!(foreign.steps().is_empty(), "it is not ours any more");
    let unread = scene(NEW).sees_group(GROUP, Seen::Unread("throttled".into()));
    assert!(unread.steps().is_empty());
    let gone = scene(NEW).sees_group(GROUP, Seen::Absent);
    assert_eq!(gone.plan().forget, [format!("parameterGroup/{GROUP}")]);
}

#[test]
fn a_group_stays_while_an_upgrade_only_waits_for_the_window() {
    let scene = tuned()
        .wants(json!({ "engineVersion": "17", "allowMajorVersionUpgrade": true }))
        .holds(json!({ "engineVersion": "17.2" }))
        .sees_group(NEW, Seen::Present(group(&[("work_mem", "64")])));
    assert!(scene.steps().is_empty(), "{:?}", scene.steps());
    let shown = scene.uses(NEW).instance(|i| i.parameter_apply_status = Some("pending-database-upgrade".into()));
    assert!(shown.steps().is_empty(), "AWS shows the group to come: {:?}", shown.steps());
}

#[test]
fn groups_of_earlier_families_are_looked_at_as_long_as_they_are_noted() {
    let home = crate::kind::Home {
        identifier: "shop-orders".into(),
        region: "eu-central-1".into(),
        owner: inputs(&rds().object).owner,
    };
    let scene = tuned()
        .noted("parameterGroup/shop-orders-postgres15", "made")
        .noted(&format!("parameterGroup/{GROUP}"), "made");
    let id = scene.object.id(scene.want, &home, &scene.inputs);
    assert_eq!(id.parameter_groups, [GROUP, "shop-orders-postgres15"]);
    let removed = scene.wants(json!({ "parameters": null }));
    assert!(removed.steps().is_empty(), "parameters that are left out are not managed");
}

#[test]
fn subnets_of_an_owned_group_change_in_place() {
    let made = |subnets: &[&str]| {
        let ids = subnets.iter().map(|id| (*id).to_string()).collect();
        rds()
            .wants(json!({ "subnetIds": SUBNETS }))
            .has(json!({ "dbSubnetGroupName": "shop-orders" }))
            .sees_subnets(Seen::Present(SubnetGroup { subnet_ids: ids, tags: ours(), ..Default::default() }))
    };
    assert!(made(&SUBNETS).steps().is_empty());
    let other = made(&["subnet-1234567a", "subnet-9999999c"]);
    assert_eq!(other.steps(), ["now: ModifyDBSubnetGroup shop-orders (none)"]);
    assert_eq!(
        changes_of(&other.plan().steps[0]),
        ["subnetIds: [subnet-1234567a, subnet-9999999c] -> [subnet-1234567a, subnet-1234567b]"]
    );
}

#[test]
fn subnets_given_to_an_instance_elsewhere_are_refused_and_nothing_is_made() {
    let scene = rds().wants(json!({ "subnetIds": SUBNETS })).sees_subnets(Seen::Absent);
    let (reason, message) = scene.problem();
    assert_eq!((reason, scene.steps()), (Reason::InvalidSpec, vec![]));
    assert!(message.contains("dbSubnetGroupName: default in AWS, shop-orders in the spec"), "{message}");
}
