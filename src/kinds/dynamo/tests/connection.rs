//! The connection Secret and the policy for workloads (aws-dynamodb-elasticache-dms.md 1.10, product.md section 4).

use super::*;

fn keys(scene: &Scene) -> BTreeMap<String, String> {
    let connection = scene.object.connection(&scene.inputs, &scene.observed).unwrap();
    assert_eq!(connection.secret_type, "servicebinding.io/dynamodb");
    connection.keys.into_iter().map(|(key, value)| (key, value.expose().to_string())).collect()
}

fn at(arn: &str) -> BTreeMap<String, String> {
    keys(&dynamo().table(|table| table.arn = arn.into()))
}

#[test]
fn the_secret_says_where_the_table_is_and_what_it_is_called() {
    let mut keys = keys(&dynamo());
    let policy = keys.remove("iam-policy").unwrap();
    assert!(policy.contains("dynamodb:GetItem"));
    let expected = [
        ("type", "dynamodb"),
        ("provider", "aws"),
        ("table", "shop-orders"),
        ("arn", ARN),
        ("region", "eu-central-1"),
        ("host", "dynamodb.eu-central-1.amazonaws.com"),
        ("port", "443"),
        ("endpoint", "https://dynamodb.eu-central-1.amazonaws.com"),
        ("uri", "https://dynamodb.eu-central-1.amazonaws.com"),
    ];
    assert_eq!(keys, expected.map(|(key, value)| (key.to_string(), value.to_string())).into());
}

#[test]
fn the_stream_is_named_only_while_it_is_on_and_indexes_only_where_there_are_some() {
    let stream = format!("{ARN}/stream/2026");
    let local = LocalIndex { range: key("n", AttributeType::N), projection: Projection::default() };
    let scene = dynamo()
        .has_indexes(&[by_mail(), by_day()])
        .table(|table| drop(table.local_indexes.insert("by-n".into(), local)))
        .table(|table| table.stream_arn = Some(stream.clone()));
    let keys = keys(&scene);
    assert_eq!(keys["stream-arn"], stream);
    assert_eq!(keys["index-names"], "by-day,by-mail,by-n");
    let plain = at(ARN);
    assert!(!plain.contains_key("stream-arn") && !plain.contains_key("index-names"));
}

#[test]
fn each_partition_has_its_own_domain() {
    for (partition, region, host) in [
        ("aws", "us-east-1", "dynamodb.us-east-1.amazonaws.com"),
        ("aws-us-gov", "us-gov-west-1", "dynamodb.us-gov-west-1.amazonaws.com"),
        ("aws-cn", "cn-north-1", "dynamodb.cn-north-1.amazonaws.com.cn"),
        ("aws-iso", "us-iso-east-1", "dynamodb.us-iso-east-1.c2s.ic.gov"),
        ("aws-iso-b", "us-isob-east-1", "dynamodb.us-isob-east-1.sc2s.sgov.gov"),
        ("aws-iso-e", "eu-isoe-west-1", "dynamodb.eu-isoe-west-1.cloud.adc-e.uk"),
        ("aws-iso-f", "us-isof-south-1", "dynamodb.us-isof-south-1.csp.hci.ic.gov"),
        ("aws-eusc", "eusc-de-east-1", "dynamodb.eusc-de-east-1.amazonaws.eu"),
    ] {
        let keys = at(&format!("arn:{partition}:dynamodb:{region}:123456789012:table/t"));
        assert_eq!((&*keys["host"], &*keys["region"], &*keys["table"]), (host, region, "t"));
    }
}

#[test]
fn without_a_table_or_a_region_there_is_no_secret() {
    let absent = dynamo().absent();
    let missing = absent.object.connection(&absent.inputs, &absent.observed).unwrap_err();
    assert_eq!(missing.reason, Reason::BindingIncomplete);
    let scene = dynamo().table(|table| table.arn = "arn:aws".into());
    assert!(scene.object.connection(&scene.inputs, &scene.observed).unwrap_err().message.contains("arn:aws"));
}

#[test]
fn there_is_no_secret_before_the_table_has_what_workloads_expect_in_it() {
    let missing = |scene: Scene| {
        let told = scene.object.connection(&scene.inputs, &scene.observed).unwrap_err();
        assert_eq!(told.reason, Reason::BindingIncomplete);
        told.message
    };
    assert!(missing(dynamo().status("CREATING")).contains("CREATING"));
    let seeded = || dynamo().wants(json!({ "items": { "configMapRef": { "name": "seed" } } }));
    assert!(missing(seeded().noted("items", "25/60/digest")).contains("25 of 60"));
    let source = json!({ "source": { "importFromS3": { "bucket": "exports", "inputFormat": "ION" } } });
    let importing =
        |import: Seen<ImportState>| dynamo().wants(source.clone()).seen(|observed| observed.import = import);
    let state = |status: &str| Seen::Present(ImportState { status: status.into(), ..ImportState::default() });
    assert!(missing(importing(state("IN_PROGRESS"))).contains("IN_PROGRESS"));
    assert!(missing(importing(Seen::Unread("throttled".into()))).contains("throttled"));
    for scene in [seeded().noted("items", "60/60/digest"), importing(state("COMPLETED")), dynamo().status("UPDATING")] {
        assert_eq!(keys(&scene)["table"], "shop-orders");
    }
}

/// Actions and resources of the statements.
fn policy(scene: &Scene) -> Vec<(Vec<String>, Value)> {
    let facts = scene.object.facts(&scene.inputs, &scene.observed);
    let policy: Value = serde_json::from_str(&facts.consumer_policy.unwrap()).unwrap();
    assert_eq!(policy["Version"], "2012-10-17");
    let statements = policy["Statement"].as_array().unwrap();
    statements
        .iter()
        .map(|statement| {
            assert_eq!(statement["Effect"], "Allow");
            (serde_json::from_value(statement["Action"].clone()).unwrap(), statement["Resource"].clone())
        })
        .collect()
}

#[test]
fn the_policy_allows_the_items_of_this_table_and_nothing_else() {
    let statements = policy(&dynamo());
    assert_eq!(statements.len(), 1);
    let (actions, resource) = &statements[0];
    assert_eq!(resource, &json!([ARN]));
    for action in actions {
        assert!(action.starts_with("dynamodb:") && !action.contains('*'), "{action}");
        let changes_the_table = ["CreateTable", "UpdateTable", "DeleteTable", "Tag", "Policy", "Backup", "Restore"];
        assert!(!changes_the_table.iter().any(|word| action.contains(word)), "{action}");
    }
    for needed in ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", "BatchGetItem", "BatchWriteItem"]
    {
        assert!(actions.contains(&format!("dynamodb:{needed}")), "{needed}");
    }
}

#[test]
fn the_policy_covers_indexes_and_the_stream_where_there_are_some() {
    let statements = policy(&dynamo().has_indexes(&[by_mail()]).table(|table| table.stream_arn = Some("arn:s".into())));
    assert_eq!(statements[0].1, json!([ARN, format!("{ARN}/index/*")]));
    assert_eq!(statements[1].1, json!(format!("{ARN}/stream/*")));
    assert!(statements[1].0.contains(&"dynamodb:GetRecords".to_string()));
    assert!(statements[1].0.iter().all(|action| !action.contains("Item")));
}

#[test]
fn status_tells_what_people_ask_for() {
    let scene = provisioned().has_indexes(&[by_mail()]).has_replica("us-east-1").status("UPDATING");
    let facts = scene.object.facts(&scene.inputs, &scene.observed);
    assert_eq!(facts.table_id.as_deref(), Some("table-1"));
    assert_eq!(facts.billing_mode.as_deref(), Some("PROVISIONED"));
    assert_eq!(facts.indexes, [("by-mail".to_string(), "ACTIVE".to_string())].into());
    assert_eq!(facts.replicas, [("us-east-1".to_string(), "ACTIVE".to_string())].into());
    assert_eq!((facts.items, facts.import), (None, None));
    assert_eq!(scene.object.view(&scene.observed).aws_status.as_deref(), Some("UPDATING"));
    let absent = dynamo().absent();
    assert_eq!(absent.object.facts(&absent.inputs, &absent.observed), DynamoTableFacts::default());
}
