//! What each call sends, whole, where, and what its refusals mean.

use super::*;

/// Operation, host and members of the only call that this action makes.
async fn sent(family: Family, call: Call) -> (String, String, BTreeMap<String, String>) {
    let action = Action { family, call };
    let operation = action.operation();
    let wire = Wire::new().answering(operation, "");
    wire.snapshots().perform(&id(family), &action, None).await.unwrap();
    let asked = wire.once(operation);
    (asked.operation.clone(), asked.host.clone(), asked.members())
}

fn map(members: &[(&str, &str)]) -> BTreeMap<String, String> {
    members.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

const TAG: [(&str, &str); 2] = [("Tags.Tag.1.Key", "awsdb.dev/cluster"), ("Tags.Tag.1.Value", "uid-1")];

/// Family, call, operation, host, and members that are sent.
type Row<'a> = (Family, Call, &'a str, &'a str, Vec<(&'a str, &'a str)>);

#[tokio::test]
async fn every_call_sends_what_it_says_and_nothing_else() {
    let key = Some("alias/dr".to_string());
    let create = || Call::Create { source: "orders".into(), tags: tags() };
    let from = || Call::CopyFrom {
        source: "old".into(),
        region: Some("us-east-1".into()),
        kms_key_id: key.clone(),
        tags: tags(),
    };
    let to = || Call::CopyTo { region: "us-east-1".into(), source_arn: ARN.into(), kms_key_id: None, tags: tags() };
    let share = |add: &[&str], remove: &[&str]| Call::Share { add: texts(add), remove: texts(remove) };
    let delete = |region: Option<&str>| Call::Delete { region: region.map(Into::into), arn: ARN.into(), expired: true };
    let (here, there) = ("rds.eu-central-1.amazonaws.com", "rds.us-east-1.amazonaws.com");
    let (id, cluster_id) = (("DBSnapshotIdentifier", "nightly"), ("DBClusterSnapshotIdentifier", "nightly"));
    let rows: Vec<Row<'_>> = vec![
        (
            Family::Instance,
            create(),
            "CreateDBSnapshot",
            here,
            vec![id, ("DBInstanceIdentifier", "orders"), TAG[0], TAG[1]],
        ),
        (
            Family::Cluster,
            create(),
            "CreateDBClusterSnapshot",
            here,
            vec![cluster_id, ("DBClusterIdentifier", "orders"), TAG[0], TAG[1]],
        ),
        (
            Family::Instance,
            from(),
            "CopyDBSnapshot",
            here,
            vec![
                ("SourceDBSnapshotIdentifier", "old"),
                ("TargetDBSnapshotIdentifier", "nightly"),
                ("KmsKeyId", "alias/dr"),
                TAG[0],
                TAG[1],
            ],
        ),
        (
            Family::Cluster,
            to(),
            "CopyDBClusterSnapshot",
            there,
            vec![
                ("SourceDBClusterSnapshotIdentifier", ARN),
                ("TargetDBClusterSnapshotIdentifier", "nightly"),
                TAG[0],
                TAG[1],
            ],
        ),
        (
            Family::Instance,
            to(),
            "CopyDBSnapshot",
            there,
            vec![("SourceDBSnapshotIdentifier", ARN), ("TargetDBSnapshotIdentifier", "nightly"), TAG[0], TAG[1]],
        ),
        (
            Family::Instance,
            share(&["222233334444"], &["all"]),
            "ModifyDBSnapshotAttribute",
            here,
            vec![
                id,
                ("AttributeName", "restore"),
                ("ValuesToAdd.AttributeValue.1", "222233334444"),
                ("ValuesToRemove.AttributeValue.1", "all"),
            ],
        ),
        (
            Family::Cluster,
            share(&[], &["222233334444"]),
            "ModifyDBClusterSnapshotAttribute",
            here,
            vec![cluster_id, ("AttributeName", "restore"), ("ValuesToRemove.AttributeValue.1", "222233334444")],
        ),
        (Family::Instance, delete(None), "DeleteDBSnapshot", here, vec![id]),
        (Family::Instance, delete(Some("us-east-1")), "DeleteDBSnapshot", there, vec![id]),
        (Family::Cluster, delete(Some("us-east-1")), "DeleteDBClusterSnapshot", there, vec![cluster_id]),
        (
            Family::Instance,
            Call::Tag { arn: ARN.replace("eu-central-1", "us-east-1"), tags: tags() },
            "AddTagsToResource",
            there,
            vec![("ResourceName", "arn:aws:rds:us-east-1:111122223333:snapshot:nightly"), TAG[0], TAG[1]],
        ),
        (
            Family::Instance,
            Call::Untag { arn: ARN.into(), keys: texts(&["team"]) },
            "RemoveTagsFromResource",
            here,
            vec![("ResourceName", ARN), ("TagKeys.member.1", "team")],
        ),
    ];
    for (family, call, operation, host, members) in rows {
        let expected = (operation.to_string(), host.to_string(), map(&members));
        assert_eq!(sent(family, call.clone()).await, expected, "{call:?}");
    }
}

#[tokio::test]
async fn a_delete_that_meets_its_own_effect_is_progress_and_a_copy_is_not() {
    let delete = || Call::Delete { region: None, arn: ARN.into(), expired: false };
    for (family, operation, code) in [
        (Family::Instance, "DeleteDBSnapshot", "DBSnapshotNotFound"),
        (Family::Cluster, "DeleteDBClusterSnapshot", "DBClusterSnapshotNotFoundFault"),
    ] {
        let wire = Wire::new().refusing(operation, 404, code, "gone");
        perform(&wire, family, delete()).await.unwrap();
    }
    let copy = Call::CopyFrom { source: "old".into(), region: None, kms_key_id: None, tags: tags() };
    let wire = Wire::new().refusing("CopyDBSnapshot", 404, "DBSnapshotNotFound", "gone");
    assert_eq!(perform(&wire, Family::Instance, copy).await.unwrap_err().class, Class::Absent);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_gets_no_answer_is_broken_off_in_time() {
    let wire = Wire::new().silent("CreateDBSnapshot");
    let call = Call::Create { source: "orders".into(), tags: tags() };
    let error = perform(&wire, Family::Instance, call).await.unwrap_err();
    assert_eq!(error.class, Class::Transient);
    assert_eq!(wire.asked("CreateDBSnapshot").len(), 1, "a repeat could meet its own effect");
}

#[test]
fn every_operation_of_an_action_is_listed_for_the_policy() {
    let calls = [
        Call::Create { source: String::new(), tags: Tags::new() },
        Call::CopyFrom { source: String::new(), region: None, kms_key_id: None, tags: Tags::new() },
        Call::Share { add: texts(&[]), remove: texts(&[]) },
        Call::Tag { arn: String::new(), tags: Tags::new() },
        Call::Untag { arn: String::new(), keys: texts(&[]) },
        Call::Delete { region: None, arn: String::new(), expired: false },
    ];
    for call in calls {
        for family in [Family::Instance, Family::Cluster, Family::Table] {
            let operation = Action { family, call: call.clone() }.operation();
            assert!(OPERATIONS.iter().any(|listed| listed.split(':').nth(1) == Some(operation)), "{operation}");
        }
    }
}
