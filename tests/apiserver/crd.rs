//! What users meet besides the rules: columns, names, defaults, `kubectl explain`, and a status that can be written.

use std::collections::BTreeSet;

use awsdb::kinds::rds::{RdsInstanceFacts, RdsInstanceStatus};
use awsdb::spec::{Binding, Change, Endpoint, Journal, LastCall, PlanStatus, PlannedStep, Rejection, SharedStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use serde_json::{Value, json};

use crate::lab::{NAMESPACE, crd, instance, lab};

fn postgres() -> Value {
    json!({"engine": "postgres", "dbInstanceClass": "db.m6i.large", "allocatedStorage": 20, "masterUsername": "app"})
}

#[test]
fn the_columns_answer_is_it_up_what_is_it_and_where() {
    lab();
    let columns: Vec<(String, i64)> = crd()["spec"]["versions"][0]["additionalPrinterColumns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| (column["name"].as_str().unwrap().into(), column["priority"].as_i64().unwrap_or_default()))
        .collect();
    let of =
        |priority| columns.iter().filter(|(_, at)| *at == priority).map(|(name, _)| name.as_str()).collect::<Vec<_>>();
    assert_eq!(of(0), ["Ready", "Status", "Engine", "Version", "Class", "Age"]);
    assert_eq!(of(1), ["Synced", "Endpoint", "Secret", "Reason"]);
}

#[test]
fn the_short_name_and_the_category_list_an_object_with_what_its_status_says() {
    let stored = lab().create(&instance(&postgres()), false).unwrap();
    let name = stored["metadata"]["name"].as_str().unwrap();
    write_status(&stored, &full_status()).unwrap();
    lab()
        .wait_until("kubectl knows the names", || lab().kubectl(&["get", "rds", "-n", NAMESPACE], "").status.success());
    let wide = lab().kubectl_says(&["get", "rds", name, "-n", NAMESPACE, "-o", "wide"]);
    for word in [
        "READY",
        "SYNCED",
        "True",
        "available",
        "postgres",
        "16.4",
        "db.t4g.small",
        "orders.example.com",
        "orders-connection",
        "Available",
    ] {
        assert!(wide.contains(word), "{word} in:\n{wide}");
    }
    let category = lab().kubectl_says(&["get", "awsdb", "-n", NAMESPACE]);
    assert!(category.contains(name), "{category}");
    lab().delete(name);
}

#[test]
fn kubectl_explain_describes_every_field_of_the_spec() {
    lab();
    let mut said = String::new();
    lab().wait_until("kubectl explain knows the CRD", || {
        said = lab().kubectl_says(&["explain", "rds.spec.engineVersion"]);
        said.contains("FIELD: engineVersion")
    });
    assert!(said.contains("is satisfied by 16.4"), "{said}");
    let spec = crate::schema::nodes();
    let silent: Vec<String> = spec
        .iter()
        .filter(|node| node.path.len() > 1 && !node.path.iter().any(|step| step == "[]" || step == "{}"))
        .filter(|node| node.schema["description"].as_str().unwrap_or_default().is_empty())
        .map(crate::schema::Node::at)
        .collect();
    assert!(silent.is_empty(), "fields without a description: {silent:?}");
}

#[test]
fn defaults_are_the_safe_ones_and_visible() {
    let stored = lab().create(&instance(&postgres()), true).unwrap();
    let spec = &stored["spec"];
    assert_eq!(spec["deletionPolicy"], "Retain");
    assert_eq!(spec["managementPolicy"], "Manage");
    assert_eq!(spec["adoption"], "Never");
    assert_eq!(spec["changePolicy"], json!({"disruptive": "Window"}));
    let mut own = postgres();
    own["credentials"] = json!({"secretRef": {"name": "mine"}});
    let stored = lab().create(&instance(&own), true).unwrap();
    assert_eq!(stored["spec"]["credentials"]["secretRef"]["key"], "password");
}

#[test]
fn a_field_without_an_operator_default_stays_absent() {
    let stored = lab().create(&instance(&postgres()), true).unwrap();
    let added: BTreeSet<&str> = stored["spec"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .filter(|key| postgres().get(key).is_none())
        .collect();
    // An absent field is not managed: a default would be written to AWS, and fought over with GitOps.
    assert_eq!(
        added,
        BTreeSet::from(["adoption", "changePolicy", "connectionSecret", "deletionPolicy", "managementPolicy"])
    );
}

#[test]
fn an_unknown_field_is_refused_by_name() {
    let mut typo = postgres();
    typo["multiAz"] = json!(true);
    let refusal = lab().create(&instance(&typo), true).unwrap_err();
    assert!(refusal.message.contains("multiAz"), "{}", refusal.message);
}

#[test]
fn no_field_names_another_namespace() {
    let nodes = crate::schema::nodes();
    let names: Vec<_> = nodes
        .iter()
        .filter(|node| node.at().to_lowercase().contains("namespace"))
        .map(crate::schema::Node::at)
        .collect();
    assert!(names.is_empty(), "references stay in the object's own namespace: {names:?}");
}

#[test]
fn a_status_with_every_field_can_be_written_and_reads_back() {
    let stored = lab().create(&instance(&postgres()), false).unwrap();
    let status = full_status();
    assert_every_field_is_set(&serde_json::to_value(&status).unwrap());
    let written = write_status(&stored, &status).unwrap();
    let back: RdsInstanceStatus = serde_json::from_value(written["status"].clone()).unwrap();
    assert_eq!(back, status);
    assert_eq!(written["metadata"]["generation"], stored["metadata"]["generation"]);

    let again = write_status(&written, &status).unwrap();
    assert_eq!(
        again["metadata"]["resourceVersion"], written["metadata"]["resourceVersion"],
        "the same status again is no write"
    );

    let stale = write_status(&stored, &RdsInstanceStatus::default()).unwrap_err();
    assert_eq!(stale.code, 409, "a status for an older object must be refused: {}", stale.message);
    lab().delete(stored["metadata"]["name"].as_str().unwrap());
}

#[test]
fn conditions_of_others_survive_ours() {
    let stored = lab().create(&instance(&postgres()), false).unwrap();
    let name = stored["metadata"]["name"].as_str().unwrap();
    let foreign = json!({
        "apiVersion": stored["apiVersion"], "kind": stored["kind"], "metadata": {"name": name},
        "status": {"conditions": [condition("Audited")]},
    });
    let audited = lab().apply_status(&foreign, "someone-else").unwrap();
    let both = write_status(&audited, &full_status()).unwrap();
    let types: Vec<&str> =
        both["status"]["conditions"].as_array().unwrap().iter().map(|one| one["type"].as_str().unwrap()).collect();
    assert!(types.contains(&"Ready") && types.contains(&"Audited"), "{types:?}");
    lab().delete(name);
}

/// As the operator writes it: server-side apply onto the object as it was read.
fn write_status(object: &Value, status: &RdsInstanceStatus) -> Result<Value, crate::lab::Refusal> {
    let name = object["metadata"]["name"].as_str().unwrap();
    let body = json!({
        "apiVersion": object["apiVersion"], "kind": object["kind"],
        "metadata": {"name": name, "resourceVersion": object["metadata"]["resourceVersion"]},
        "status": status,
    });
    lab().apply_status(&body, "awsdb")
}

fn time() -> Time {
    Time("2026-01-31T09:30:00Z".parse().unwrap())
}

fn condition(name: &str) -> Condition {
    Condition {
        type_: name.into(),
        status: "True".into(),
        reason: "Available".into(),
        message: "It is.".into(),
        last_transition_time: time(),
        observed_generation: Some(1),
    }
}

fn full_status() -> RdsInstanceStatus {
    RdsInstanceStatus { shared: full_shared(), facts: full_facts() }
}

fn full_shared() -> SharedStatus {
    let change = Change { field: "port".into(), from: Some("5432".into()), to: Some("5433".into()) };
    let step = PlannedStep {
        id: "0123456789ab".into(),
        thing: "instance".into(),
        call: "ModifyDBInstance".into(),
        changes: vec![change],
        class: "reboot".into(),
        when: "approval".into(),
        because: "spec.port".into(),
    };
    SharedStatus {
        observed_generation: Some(1),
        conditions: ["Ready", "Synced"].map(condition).into(),
        identifier: Some("team-a-orders".into()),
        region: Some("eu-central-1".into()),
        arn: Some("arn:aws:rds:eu-central-1:123456789012:db:team-a-orders".into()),
        account_id: Some("123456789012".into()),
        aws_status: Some("available".into()),
        endpoint: Some(Endpoint { address: "orders.example.com".into(), port: 5432 }),
        binding: Some(Binding { name: "orders-connection".into() }),
        plan: Some(PlanStatus { hash: Some("01234567".into()), steps: vec![step] }),
        pending: [("dbInstanceClass".into(), "db.m7g.large".into())].into(),
        password_hash: Some("0123456789abcdef".into()),
        journal: full_journal(),
    }
}

fn full_journal() -> Journal {
    let call = LastCall { operation: "ModifyDBInstance".into(), at: time(), step: "0123456789ab".into() };
    let rejection = Rejection { reason: "Rejected".into(), message: "AWS says no".into(), until: time() };
    Journal {
        notes: [("resourceId".into(), "db-ABC".into())].into(),
        calls: [("instance".into(), call)].into(),
        attempts: [("0123456789ab".into(), 2)].into(),
        rejected: [("0123456789ab".into(), rejection)].into(),
        approved: ["0123456789ab".into()].into(),
    }
}

fn full_facts() -> RdsInstanceFacts {
    RdsInstanceFacts {
        engine: Some("postgres".into()),
        engine_version: Some("16.4".into()),
        db_instance_class: Some("db.t4g.small".into()),
        allocated_storage: Some(20),
        dbi_resource_id: Some("db-ABC".into()),
        replica_of: Some("main".into()),
        replicas: ["reports".into()].into(),
        reboot_required: Some(true),
        master_user_secret_arn: Some("arn:aws:secretsmanager:eu-central-1:123456789012:secret:x".into()),
        certificate_valid_till: Some(time()),
        automatic_restart_time: Some(time()),
        advisories: vec!["storage cannot shrink".into()],
    }
}

/// A field that is left out of the full status would not be tried.
fn assert_every_field_is_set(status: &Value) {
    for node in crate::schema::nodes().iter().filter(|node| node.path.len() == 2 && node.path[0] == "status") {
        assert!(!status[&node.path[1]].is_null(), "full_status() leaves out {}", node.at());
    }
}
