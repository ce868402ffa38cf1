//! The process itself: flags, endpoints, metrics, logs.

use crate::lab::Lab;

#[test]
fn wrong_flags_and_a_wrong_environment_end_with_code_2_and_a_sentence() {
    let lab = Lab::new("proc-flags");
    type Row<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, &'a str)], &'a str);
    let cases: &[Row<'_>] = &[
        ("no installation", &["run", "--region=us-east-1"], &[], "installation"),
        ("a bad installation", &["run", "--installation=Big_One", "--region=us-east-1"], &[], "installation"),
        ("no region", &["run", "--installation=test"], &[], "region"),
        ("a bad region", &["run", "--installation=test", "--region=mars"], &[], "region"),
        ("a bad duration", &["run", "--installation=test", "--region=us-east-1", "--sweep=soon"], &[], "sweep"),
        (
            "a bad variable of the SDK",
            &["run", "--installation=test", "--region=us-east-1"],
            &[("AWS_MAX_ATTEMPTS", "many")],
            "AWS_MAX_ATTEMPTS",
        ),
    ];
    for (why, arguments, variables, word) in cases {
        let output = lab.command().args(*arguments).envs(variables.iter().copied()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{why}: {text}");
        assert!(text.contains(word) && !text.contains("panicked"), "{why}: {text}");
    }
}

#[test]
fn metrics_and_health_tell_what_goes_on() {
    let lab = Lab::new("proc-metrics");
    let operator = lab.operator();
    lab.apply("orders", "");
    lab.wait_ready("orders");
    let metrics = operator.metrics();
    for name in [
        "awsdb_aws_calls_total",
        "awsdb_reconciles_total",
        "awsdb_reconcile_seconds",
        "awsdb_time_to_ready_seconds",
        "awsdb_objects",
    ] {
        assert!(metrics.contains(name), "{name} is not in\n{metrics}");
    }
    assert!(metrics.contains(r#"operation="CreateDBInstance""#), "{metrics}");
    operator.get("/healthz");
    let log = std::fs::read_to_string(lab.log()).unwrap();
    let line = log.lines().find(|line| line.contains("\"orders\"")).expect("a log line about the object");
    serde_json::from_str::<serde_json::Value>(line).expect("JSON logs");
}

#[test]
fn without_its_rights_the_operator_is_refused_and_says_so() {
    let lab = Lab::new("proc-rbac");
    let may = |verb: &str, what: &str| {
        let who = "--as=system:serviceaccount:awsdb-system:awsdb";
        lab.try_kubectl(&["auth", "can-i", verb, what, who, "--all-namespaces"], "").is_ok()
    };
    for (verb, what) in [("list", "secrets"), ("watch", "secrets"), ("list", "configmaps"), ("patch", "configmaps")] {
        assert!(!may(verb, what), "the operator may not {verb} {what}");
    }
    for what in ["secrets", "configmaps", "rdsinstances.awsdb.dev", "dynamotables.awsdb.dev"] {
        assert!(may("get", what), "the operator may get {what}");
    }
}
