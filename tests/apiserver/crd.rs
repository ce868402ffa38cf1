//! What users meet besides the rules: columns, names, defaults, `kubectl explain`, and a status that can be written.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::kinds::{KINDS, Kind, shared};
use crate::lab::{NAMESPACE, crd, lab, merged, object};
use crate::schema::{Node, nodes};

fn small(kind: &Kind) -> Value {
    object(kind.name, &(kind.smallest)())
}

#[test]
fn the_columns_answer_is_it_up_what_is_it_and_where() {
    lab();
    for kind in KINDS {
        let columns = crd(kind.name)["spec"]["versions"][0]["additionalPrinterColumns"].clone();
        let of = |priority: i64| -> Vec<String> {
            let all = columns.as_array().unwrap().iter();
            let wanted = all.filter(|column| column["priority"].as_i64().unwrap_or_default() == priority);
            wanted.map(|column| column["name"].as_str().unwrap().into()).collect()
        };
        assert_eq!([of(0), of(1)], kind.columns, "{}", kind.name);
    }
}

#[test]
fn the_short_name_and_the_category_list_an_object_with_what_its_status_says() {
    for kind in KINDS {
        let stored = lab().create(&small(kind), false).unwrap();
        let name = stored["metadata"]["name"].as_str().unwrap();
        let (status, words) = (kind.status)();
        write_status(&stored, &status).unwrap();
        lab().wait_until("kubectl knows the names", || {
            lab().kubectl(&["get", kind.short, "-n", NAMESPACE], "").status.success()
        });
        let wide = lab().kubectl_says(&["get", kind.short, name, "-n", NAMESPACE, "-o", "wide"]);
        for word in ["READY", "SYNCED", "True"].iter().chain(words) {
            assert!(wide.contains(word), "{word} in:\n{wide}");
        }
        let category = lab().kubectl_says(&["get", "awsdb", "-n", NAMESPACE]);
        assert!(category.contains(name), "{category}");
        lab().delete(&stored);
    }
}

#[test]
fn kubectl_explain_describes_every_field_of_the_spec() {
    lab();
    for kind in KINDS {
        let (field, words) = kind.explained;
        let mut said = String::new();
        lab().wait_until("kubectl explain knows the CRD", || {
            said = lab().kubectl_says(&["explain", &format!("{}.spec.{field}", kind.short)]);
            said.contains(&format!("FIELD: {field}"))
        });
        assert!(said.contains(words), "{said}");
        let silent: Vec<String> = nodes(kind.name)
            .iter()
            .filter(|node| node.path.len() > 1 && !node.path.iter().any(|step| step == "[]" || step == "{}"))
            .filter(|node| node.schema["description"].as_str().unwrap_or_default().is_empty())
            .map(Node::at)
            .collect();
        assert!(silent.is_empty(), "fields of {} without a description: {silent:?}", kind.name);
    }
}

#[test]
fn defaults_are_the_safe_ones_and_visible() {
    for kind in KINDS {
        let stored = lab().create(&small(kind), true).unwrap();
        let spec = &stored["spec"];
        assert_eq!(spec["deletionPolicy"], "Retain");
        assert_eq!(spec["managementPolicy"], "Manage");
        assert_eq!(spec["adoption"], "Never");
        assert_eq!(spec["changePolicy"], json!({"disruptive": "Window"}));
    }
}

#[test]
fn the_key_of_a_reference_has_a_default() {
    let of = |kind: &str, patch: Value| {
        let kind = KINDS.iter().find(|one| one.name == kind).unwrap();
        lab().create(&merged(&small(kind), &json!({"spec": patch})), true).unwrap()["spec"].clone()
    };
    let spec = of("RdsInstance", json!({"credentials": {"secretRef": {"name": "mine"}}}));
    assert_eq!(spec["credentials"]["secretRef"]["key"], "password");
    let spec = of("DynamoTable", json!({"items": {"configMapRef": {"name": "mine"}}}));
    assert_eq!(spec["items"]["configMapRef"]["key"], "items.json");
}

#[test]
fn a_field_without_an_operator_default_stays_absent() {
    for kind in KINDS {
        let stored = lab().create(&small(kind), true).unwrap();
        let given = (kind.smallest)();
        let keys = stored["spec"].as_object().unwrap().keys().map(String::as_str);
        let added: BTreeSet<&str> = keys.filter(|key| given.get(key).is_none()).collect();
        // An absent field is not managed: a default would be written to AWS, and fought over with GitOps.
        let ours = ["adoption", "changePolicy", "connectionSecret", "deletionPolicy", "managementPolicy"];
        assert_eq!(added, BTreeSet::from(ours), "{}", kind.name);
    }
}

#[test]
fn an_unknown_field_is_refused_by_name() {
    for kind in KINDS {
        let typo = merged(&small(kind), &json!({"spec": {"deletionPolice": "Delete"}}));
        let refusal = lab().create(&typo, true).unwrap_err();
        assert!(refusal.message.contains("deletionPolice"), "{}", refusal.message);
    }
}

#[test]
fn no_field_names_another_namespace() {
    for kind in KINDS {
        let names: Vec<String> =
            nodes(kind.name).iter().map(Node::at).filter(|at| at.to_lowercase().contains("namespace")).collect();
        assert!(names.is_empty(), "references stay in the object's own namespace: {names:?}");
    }
}

#[test]
fn a_status_with_every_field_can_be_written_and_reads_back() {
    for kind in KINDS {
        let stored = lab().create(&small(kind), false).unwrap();
        let (status, _) = (kind.status)();
        assert_every_field_is_set(kind, &status);
        let written = write_status(&stored, &status).unwrap();
        assert_eq!((kind.again)(&written["status"]), status);
        assert_eq!(written["metadata"]["generation"], stored["metadata"]["generation"]);

        let again = write_status(&written, &status).unwrap();
        assert_eq!(
            again["metadata"]["resourceVersion"], written["metadata"]["resourceVersion"],
            "the same status again is no write"
        );

        let stale = write_status(&stored, &json!({})).unwrap_err();
        assert_eq!(stale.code, 409, "a status for an older object must be refused: {}", stale.message);
        lab().delete(&stored);
    }
}

#[test]
fn conditions_of_others_survive_ours() {
    for kind in KINDS {
        let stored = lab().create(&small(kind), false).unwrap();
        let foreign = json!({
            "apiVersion": stored["apiVersion"], "kind": stored["kind"],
            "metadata": {"name": stored["metadata"]["name"]},
            "status": {"conditions": [shared::condition("Audited")]},
        });
        let audited = lab().apply_status(&foreign, "someone-else").unwrap();
        let both = write_status(&audited, &(kind.status)().0).unwrap();
        let conditions = both["status"]["conditions"].as_array().unwrap();
        let types: Vec<&str> = conditions.iter().map(|one| one["type"].as_str().unwrap()).collect();
        assert!(types.contains(&"Ready") && types.contains(&"Audited"), "{types:?}");
        lab().delete(&stored);
    }
}

/// As the operator writes it: server-side apply onto the object as it was read.
fn write_status(object: &Value, status: &Value) -> Result<Value, crate::lab::Refusal> {
    let meta = &object["metadata"];
    let body = json!({
        "apiVersion": object["apiVersion"], "kind": object["kind"],
        "metadata": {"name": meta["name"], "resourceVersion": meta["resourceVersion"]},
        "status": status,
    });
    lab().apply_status(&body, "awsdb")
}

/// A field that is left out of the full status would not be tried.
fn assert_every_field_is_set(kind: &Kind, status: &Value) {
    for node in nodes(kind.name).iter().filter(|node| node.path.len() == 2 && node.path[0] == "status") {
        assert!(!status[&node.path[1]].is_null(), "the full status of {} leaves out {}", kind.name, node.at());
    }
}
