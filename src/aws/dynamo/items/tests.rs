use proptest::prelude::*;

use super::*;

fn parsed(text: &str) -> Value {
    let items = parse(text, Format::DynamoDbJson).unwrap();
    assert_eq!(items.len(), 1);
    items.into_iter().next().unwrap()
}

fn refused(text: &str) -> String {
    parse(text, Format::DynamoDbJson).unwrap_err()
}

#[test]
fn plain_json_becomes_dynamodb_json_and_numbers_keep_their_digits() {
    let text = r#"{"id":"a","price":0.10,"big":12345678901234567890123456789012345678,"ok":true,"no":null,
        "list":[1,"x"],"map":{"deep":1.50}}"#;
    let expected = json!({
        "id": {"S": "a"}, "price": {"N": "0.10"}, "big": {"N": "12345678901234567890123456789012345678"},
        "ok": {"BOOL": true}, "no": {"NULL": true}, "list": {"L": [{"N": "1"}, {"S": "x"}]},
        "map": {"M": {"deep": {"N": "1.50"}}},
    });
    assert_eq!(parse(&format!("[{text}]"), Format::Json), Ok(vec![expected]));
}

#[test]
fn a_list_and_lines_are_the_same_items() {
    let lines = "{\"id\":{\"S\":\"a\"}}\n\n  {\"id\":{\"S\":\"b\"}}\r\n";
    let list = "\n[{\"id\":{\"S\":\"a\"}},\n{\"id\":{\"S\":\"b\"}}]\n";
    let expected = Ok(vec![json!({"id": {"S": "a"}}), json!({"id": {"S": "b"}})]);
    assert_eq!(parse(lines, Format::DynamoDbJson), expected);
    assert_eq!(parse(list, Format::DynamoDbJson), expected);
    assert_eq!(parse("", Format::Json), Ok(vec![]));
    assert_eq!(parse("[]", Format::Json), Ok(vec![]));
}

#[test]
fn every_type_is_read_and_written_back_and_sets_are_sorted() {
    let item = parsed(
        r#"[{"s":{"S":""},"n":{"N":"1e3"},"b":{"B":"AAE="},"t":{"BOOL":false},"z":{"NULL":true},"l":{"L":[]},
            "m":{"M":{"x":{"S":"y"}}},"ss":{"SS":["b","a"]},"ns":{"NS":["2","10"]},"bs":{"BS":["Ag==","AQ=="]}}]"#,
    );
    assert_eq!(item["ss"], json!({"SS": ["a", "b"]}));
    assert_eq!(item["ns"], json!({"NS": ["10", "2"]}));
    assert_eq!(item["bs"], json!({"BS": ["AQ==", "Ag=="]}));
    assert_eq!(from_attributes(&to_attributes(&item).unwrap()), item);
}

#[test]
fn an_error_names_the_item_and_the_attribute_and_says_what_is_wrong() {
    for (text, expected) in [
        ("{\"id\":{\"S\":\"a\"}}\n{\"id\":{\"S\":1}}", "item 2: attribute \"id\": the value does not fit type S"),
        (
            r#"[{"a":{"M":{"b":{"L":[{"S":"x"},{"N":"y"}]}}}}]"#,
            "item 1: attribute \"a\".\"b\"[1]: not a decimal number",
        ),
        (r#"{"a":{"N":1}}"#, "item 1: attribute \"a\": DynamoDB JSON has numbers in quotes: {\"N\": \"1\"}"),
        (r#"{"a":{"SS":[]}}"#, "item 1: attribute \"a\": a set must not be empty"),
        (r#"{"a":{"NS":["1","1.0"]}}"#, "item 1: attribute \"a\": a set must not have the same member twice"),
        (r#"{"a":{"B":"*"}}"#, "item 1: attribute \"a\": binary must be base64"),
        (
            r#"{"a":{"X":"*"}}"#,
            "item 1: attribute \"a\": \"X\" is not a type of DynamoDB (S, N, B, BOOL, NULL, L, M, SS, NS or BS)",
        ),
        (r#"{"a":{"NULL":false}}"#, "item 1: attribute \"a\": the value does not fit type NULL"),
        (r#"{"":{"S":"x"}}"#, "item 1: attribute \"\": a name must not be empty"),
        ("{}", "item 1: an item must have attributes"),
        ("7", "item 1: an item must be an object"),
        ("{\"id\"", "item 1: not JSON at column 6: : should be here"),
    ] {
        assert_eq!(refused(text), expected, "{text}");
    }
    assert!(refused(r#"{"a":"x"}"#).contains("an object with one type here"));
}

#[test]
fn too_large_too_deep_and_too_long_are_refused_without_showing_the_item() {
    let secret = "canary".repeat(100_000);
    let large = refused(&format!(r#"{{"id":{{"S":"{secret}"}}}}"#));
    assert_eq!(large, "item 1: the item has about 586 KB; DynamoDB takes 400");
    let nested = |levels: usize| format!(r#"{{"a":{}1{}}}"#, "[".repeat(levels), "]".repeat(levels));
    assert!(parse(&nested(32), Format::Json).is_ok());
    let deep = parse(&nested(33), Format::Json).unwrap_err();
    assert!(deep.ends_with("more than 32 levels of lists and maps"), "{deep}");
    let typed = parse(&nested(32), Format::Json).unwrap()[0].to_string();
    assert_eq!(parsed(&typed).to_string(), typed, "32 levels of DynamoDB JSON can be read too");
    let long = refused(&format!(r#"{{"{secret}":{{"S":1}}}}"#));
    assert!(long.len() < 200, "{long}");
}

#[test]
fn a_line_may_be_wrapped_as_in_aws_s_exports() {
    let line = r#"{"Item":{"id":{"S":"a"}}}"#;
    let item = Item::parse(line, Format::DynamoDbJson, true).unwrap();
    assert_eq!(item.to_json(), json!({"id": {"S": "a"}}));
    let mut written = Vec::new();
    item.write_line(&mut written);
    assert_eq!(String::from_utf8(written).unwrap(), format!("{line}\n"));
    // A table whose key is called Item: the same text is then an item.
    let plain = Item::parse(r#"{"Item":"a"}"#, Format::Json, false).unwrap();
    assert_eq!(plain.to_json(), json!({"Item": {"S": "a"}}));
}

#[test]
fn keys_are_checked_and_equal_as_dynamodb_has_it() {
    let key = |name: &str, type_| super::super::KeyAttribute { name: name.into(), type_ };
    let keys = Keys { hash: key("id", AttributeType::S), range: Some(key("n", AttributeType::N)) };
    let of = |text: &str| Item::parse(text, Format::Json, true).unwrap().key(&keys);
    assert_eq!(of(r#"{"id":"a","n":1.0,"x":1}"#).unwrap(), of(r#"{"n":1,"id":"a"}"#).unwrap());
    assert_ne!(of(r#"{"id":"a","n":1}"#).unwrap(), of(r#"{"id":"a","n":11}"#).unwrap());
    assert_eq!(of(r#"{"n":1}"#).unwrap_err(), "the key attribute \"id\" is missing");
    assert_eq!(of(r#"{"id":"","n":1}"#).unwrap_err(), "the key attribute \"id\" is empty");
    assert_eq!(of(r#"{"id":"a","n":"1"}"#).unwrap_err(), "the key attribute \"n\" must be of type N");
}

#[test]
fn items_are_the_same_when_dynamodb_takes_them_for_equal() {
    let item = |text: &str| Item::parse(text, Format::Json, true).unwrap();
    assert!(item(r#"{"a":1.0,"b":[1]}"#).is_same(&item(r#"{"b":[1.00],"a":1}"#)));
    assert!(!item(r#"{"a":1}"#).is_same(&item(r#"{"a":"1"}"#)));
    assert!(!item(r#"{"a":1}"#).is_same(&item(r#"{"a":1,"b":1}"#)));
}

fn numbers() -> impl Strategy<Value = String> {
    prop_oneof!["-?[1-9][0-9]{0,30}", "-?0\\.[0-9]{1,20}", "[1-9]e-?[1-9][0-9]"]
}

fn attribute() -> impl Strategy<Value = Value> {
    let binary = prop::collection::vec(any::<u8>(), 0..8).prop_map(base64::encode);
    let set = |tag: &'static str, member: BoxedStrategy<String>| {
        prop::collection::btree_set(member, 1..4).prop_map(move |set| json!({ tag: set }))
    };
    let leaf = prop_oneof![
        any::<String>().prop_map(|text| json!({ "S": text })),
        numbers().prop_map(|text| json!({ "N": text })),
        binary.clone().prop_map(|text| json!({ "B": text })),
        any::<bool>().prop_map(|bool| json!({ "BOOL": bool })),
        Just(json!({ "NULL": true })),
        set("SS", any::<String>().boxed()),
        set("NS", "[1-9][0-9]{0,5}".boxed()),
        set("BS", binary.boxed()),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|list| json!({ "L": list })),
            prop::collection::btree_map("[a-zé.]{1,4}", inner, 0..4).prop_map(|map| json!({ "M": map })),
        ]
    })
}

/// Any JSON at all, often close to DynamoDB's.
fn anything() -> impl Strategy<Value = Value> {
    let name =
        prop_oneof![Just("N".to_string()), Just("SS".into()), Just("M".into()), Just("Item".into()), any::<String>()];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<f64>().prop_map(|number| json!(number)),
        any::<i64>().prop_map(|number| json!(number)),
        any::<String>().prop_map(Value::String),
    ];
    leaf.prop_recursive(5, 32, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map(name.clone(), inner, 0..3).prop_map(|map| json!(map)),
        ]
    })
}

proptest! {
    #[test]
    fn what_goes_in_comes_out(map in prop::collection::btree_map("[a-zA-Zé]{1,5}", attribute(), 1..6)) {
        let item = json!(map);
        prop_assert_eq!(from_attributes(&to_attributes(&item).unwrap()), item.clone());
        prop_assert_eq!(parse(&item.to_string(), Format::DynamoDbJson), Ok(vec![item]));
    }

    #[test]
    fn no_input_makes_it_panic(value in anything(), noise in any::<String>()) {
        drop(to_attributes(&value));
        for format in [Format::Json, Format::DynamoDbJson] {
            for text in [value.to_string(), noise.clone()] {
                if let Ok(items) = parse(&text, format) {
                    for item in items {
                        prop_assert_eq!(from_attributes(&to_attributes(&item).unwrap()), item);
                    }
                }
            }
        }
    }
}
