//! Bad input gets a sentence that tells what to do, no mutating call and no loop.

use crate::lab::Lab;

#[test]
fn a_missing_secret_or_key_is_named_and_nothing_is_created() {
    let lab = Lab::new("bad-secret");
    let _operator = lab.operator();
    let before = lab.aws_calls();
    lab.apply("orders", "credentials: {secretRef: {name: nowhere}}");
    let stalled = lab.wait_stalled("orders", "InvalidCredentials");
    assert!(stalled.message.contains("Secret nowhere does not exist"), "{}", stalled.message);
    lab.kubectl(&["create", "secret", "generic", "nowhere", "--from-literal=other=x"]);
    lab.until("the key is missed", || {
        lab.wait_stalled("orders", "InvalidCredentials").message.contains("has no key password").then_some(())
    });
    assert_eq!(lab.aws_writes_since(&before), Vec::<String>::new());
    lab.kubectl(&["delete", "secret", "nowhere"]);
    lab.kubectl(&["create", "secret", "generic", "nowhere", "--from-literal=password=good-enough"]);
    lab.wait_ready("orders");
}

#[test]
fn an_identifier_of_somebody_else_is_a_conflict_and_is_not_touched() {
    let lab = Lab::new("bad-foreign");
    let _operator = lab.operator();
    lab.make_foreign("bad-foreign-orders", &[("awsdb.dev/owner", "other/RdsInstance/x/y")]);
    let before = lab.aws_calls();
    lab.apply("orders", "deletionPolicy: Delete");
    let stalled = lab.wait_stalled("orders", "Conflict");
    assert!(
        stalled.message.contains("other/RdsInstance/x/y") && stalled.message.contains("spec.identifier"),
        "{}",
        stalled.message
    );
    lab.kubectl(&["delete", "rds", "orders", "--timeout=30s"]);
    assert_eq!(lab.aws_writes_since(&before), Vec::<String>::new());
    assert!(lab.instance("bad-foreign-orders").is_some());
}

#[test]
fn a_secret_of_somebody_else_is_not_overwritten() {
    let lab = Lab::new("bad-owner");
    let _operator = lab.operator();
    lab.kubectl(&["create", "secret", "generic", "orders-connection", "--from-literal=password=precious"]);
    let before = lab.aws_calls();
    lab.apply("orders", "");
    let stalled = lab.wait_stalled("orders", "SecretConflict");
    assert!(stalled.message.contains("orders-connection"), "{}", stalled.message);
    assert_eq!(lab.secret("orders-connection").unwrap()["password"], "precious");
    assert_eq!(lab.aws_writes_since(&before), Vec::<String>::new());
}

#[test]
fn an_unknown_template_key_is_named_with_the_known_ones() {
    let lab = Lab::new("bad-template");
    let _operator = lab.operator();
    lab.apply("orders", "connectionSecret: {templates: {DSN: '{hots}'}}");
    lab.until("the template is named", || {
        let ready = crate::lab::condition(&lab.object("orders")?, "Ready")?;
        (ready.reason == "InvalidTemplate" && ready.message.contains("hots") && ready.message.contains("host"))
            .then_some(())
    });
}

#[test]
fn a_database_deleted_by_hand_is_not_made_again_by_itself() {
    let lab = Lab::new("bad-vanished");
    let _operator = lab.operator();
    lab.apply("orders", "");
    lab.wait_ready("orders");
    lab.destroy("bad-vanished-orders");
    let before = lab.aws_calls();
    let stalled = lab.wait_stalled("orders", "ExternallyDeleted");
    assert!(stalled.message.contains("awsdb.dev/approve"), "{}", stalled.message);
    std::thread::sleep(std::time::Duration::from_secs(4));
    assert_eq!(lab.aws_writes_since(&before), Vec::<String>::new());
    let hash = lab.object("orders").unwrap()["status"]["plan"]["hash"].as_str().unwrap().to_string();
    lab.kubectl(&["annotate", "rds", "orders", &format!("awsdb.dev/approve={hash}")]);
    lab.wait_ready("orders");
}
