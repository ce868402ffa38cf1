//! The connection Secret, engine by engine and mode by mode (aws-rds.md 4.3): exact keys and values.

use super::*;

const HOST: &str = "shop-orders.abc.eu-central-1.rds.amazonaws.com";

/// The Secret as text, or why there is none.
fn secret(scene: &Scene) -> Result<BTreeMap<String, String>, (Reason, String)> {
    match scene.object.connection(&scene.inputs, &scene.observed) {
        Ok(connection) => {
            Ok(connection.keys.into_iter().map(|(key, value)| (key, value.expose().to_string())).collect())
        }
        Err(waiting) => Err((waiting.reason, waiting.message)),
    }
}

fn incomplete(scene: &Scene) -> String {
    let (reason, message) = secret(scene).expect_err("it is complete");
    assert_eq!(reason, Reason::BindingIncomplete);
    message
}

fn with_password(scene: Scene, password: &str) -> Scene {
    scene.given(|inputs| inputs.stored.password = Some(Password::new(password)))
}

/// Engine, version, port and database; the type of the Secret, uri, jdbc-url and ssl-mode.
type Row = (&'static str, &'static str, i32, Option<&'static str>, &'static str, String, String, &'static str);

#[test]
fn every_engine_has_its_own_dialect() {
    let table: Vec<Row> = vec![
        (
            "postgres",
            "16.4",
            5432,
            Some("orders"),
            "postgresql",
            format!("postgresql://admin:in-force-1@{HOST}:5432/orders?sslmode=verify-full"),
            format!("jdbc:postgresql://{HOST}:5432/orders?sslmode=verify-full"),
            "verify-full",
        ),
        (
            "mysql",
            "8.4.3",
            3306,
            Some("orders"),
            "mysql",
            format!("mysql://admin:in-force-1@{HOST}:3306/orders?ssl-mode=VERIFY_IDENTITY"),
            format!("jdbc:mysql://{HOST}:3306/orders?sslMode=VERIFY_IDENTITY"),
            "VERIFY_IDENTITY",
        ),
        (
            "mariadb",
            "10.11.6",
            3306,
            Some("orders"),
            "mariadb",
            format!("mysql://admin:in-force-1@{HOST}:3306/orders?ssl-mode=VERIFY_IDENTITY"),
            format!("jdbc:mariadb://{HOST}:3306/orders?sslMode=verify-full"),
            "verify-full",
        ),
        (
            "oracle-se2",
            "19.0.0.0",
            1521,
            Some("ORDERS"),
            "oracle",
            format!("oracle://admin:in-force-1@{HOST}:1521/ORDERS"),
            format!("jdbc:oracle:thin:@//{HOST}:1521/ORDERS"),
            "option-group",
        ),
        (
            "sqlserver-se",
            "15.00",
            1433,
            None,
            "sqlserver",
            format!("sqlserver://admin:in-force-1@{HOST}:1433?database=master&encrypt=true"),
            format!("jdbc:sqlserver://{HOST}:1433;databaseName=master;encrypt=true;trustServerCertificate=false"),
            "true",
        ),
    ];
    for (engine, version, port, database, type_, uri, jdbc, ssl) in table {
        let scene = rds()
            .engine(engine, version)
            .has(json!({ "dbName": database }))
            .instance(|instance| instance.endpoint = Some((HOST.into(), port)));
        let connection = scene.object.connection(&scene.inputs, &scene.observed).unwrap();
        assert_eq!(connection.secret_type, format!("servicebinding.io/{type_}"), "{engine}");
        let expected = BTreeMap::from(
            [
                ("arn", ARN),
                ("database", database.unwrap_or("master")),
                ("engine", engine),
                ("host", HOST),
                ("jdbc-url", &jdbc),
                ("password", "in-force-1"),
                ("port", &port.to_string()),
                ("provider", "aws-rds"),
                ("region", "eu-central-1"),
                ("resource-id", "db-1"),
                ("ssl-mode", ssl),
                ("type", type_),
                ("uri", &uri),
                ("username", "admin"),
            ]
            .map(|(key, value)| (key.to_string(), value.to_string())),
        );
        assert_eq!(secret(&scene).unwrap(), expected, "{engine}");
    }
}

#[test]
fn without_a_database_of_its_own_the_engines_default_is_named() {
    for (engine, database, path) in [
        ("postgres", Some("postgres"), "/postgres?"),
        ("mysql", None, "/?"),
        ("mariadb", None, "/?"),
        ("oracle-ee", Some("ORCL"), "/ORCL"),
        ("sqlserver-ex", Some("master"), "database=master"),
    ] {
        let keys = secret(&rds().engine(engine, "1.1")).unwrap();
        assert_eq!(keys.get("database").map(String::as_str), database, "{engine}");
        assert!(keys["uri"].contains(path), "{engine}: {}", keys["uri"]);
    }
}

#[test]
fn user_and_password_are_percent_encoded_in_the_uri_only() {
    let scene = with_password(rds().has(json!({ "masterUsername": "ad:min" })), "p@ss/wörd?#[]%:x");
    let keys = secret(&scene).unwrap();
    assert!(keys["uri"].starts_with("postgresql://ad%3Amin:p%40ss%2Fw%C3%B6rd%3F%23%5B%5D%25%3Ax@"), "{}", keys["uri"]);
    assert_eq!((keys["username"].as_str(), keys["password"].as_str()), ("ad:min", "p@ss/wörd?#[]%:x"));
    assert!(
        !keys["jdbc-url"].contains("ad:min") && !keys["jdbc-url"].contains("p@ss"),
        "a JDBC URL is printed everywhere"
    );
    let plain = with_password(rds(), "AZaz09-_.~");
    assert!(secret(&plain).unwrap()["uri"].contains(":AZaz09-_.~@"), "unreserved characters stay");
}

#[test]
fn without_instance_endpoint_or_password_there_is_no_secret() {
    assert!(incomplete(&rds().absent()).contains("does not exist"));
    assert!(incomplete(&rds().instance(|instance| instance.endpoint = None)).contains("endpoint"));
    assert!(incomplete(&rds().given(|inputs| inputs.stored.password = None)).contains("password"));
    let restored = rds().noted(crate::life::PASSWORD_UNSET, "true");
    assert!(incomplete(&restored).contains("password"), "what is stored does not open it");
}

#[test]
fn a_password_that_is_not_in_force_yet_is_not_published() {
    let scene = rds().given(|inputs| inputs.stored.next = Some(Password::new("the-next-one")));
    assert_eq!(secret(&scene).unwrap()["password"], "in-force-1");
}

#[test]
fn with_iam_there_is_no_password() {
    let iam = |spec: Value| {
        secret(&rds().wants(json!({ "iamDatabaseAuthentication": true, "credentials": { "iam": spec } }))).unwrap()
    };
    let keys = iam(json!({}));
    assert_eq!((keys.get("password"), keys["iam-auth"].as_str(), keys["username"].as_str()), (None, "true", "admin"));
    assert_eq!(keys["uri"], format!("postgresql://admin@{HOST}:5432/postgres?sslmode=verify-full"));
    assert_eq!((keys["region"].as_str(), keys["resource-id"].as_str()), ("eu-central-1", "db-1"), "what a token needs");
    assert_eq!(iam(json!({ "username": "app" }))["username"], "app");
    assert!(!secret(&rds()).unwrap().contains_key("iam-auth"));
}

#[test]
fn a_password_that_aws_manages_is_projected_when_it_can_be_read() {
    let managed = |seen: Seen<Password>| {
        rds()
            .wants(json!({ "credentials": { "awsManaged": {} } }))
            .instance(|instance| instance.master_secret = Some(("arn:secret".into(), "active".into())))
            .seen(|observed| observed.managed_password = seen)
    };
    let keys = secret(&managed(Seen::Present(Password::new("from+aws")))).unwrap();
    assert_eq!((keys["password"].as_str(), keys["master-user-secret-arn"].as_str()), ("from+aws", "arn:secret"));
    assert!(keys["uri"].contains(":from%2Baws@"));
    assert!(incomplete(&managed(Seen::Absent)).contains("not stored"));
    assert!(incomplete(&managed(Seen::Unread("denied".into()))).contains("denied"));
}

#[test]
fn a_change_of_keeper_never_publishes_the_password_of_the_other() {
    let to_aws =
        rds().wants(json!({ "credentials": { "awsManaged": {} } })).seen(|o| o.managed_password = Seen::Absent);
    assert_eq!(secret(&to_aws).unwrap()["password"], "in-force-1", "until Secrets Manager has taken over");
    let none = to_aws.given(|inputs| inputs.stored.password = None);
    assert!(incomplete(&none).contains("not stored"));
    let back = rds().instance(|instance| instance.master_secret = Some(("arn:secret".into(), "active".into())));
    assert!(incomplete(&back).contains("Secrets Manager"), "what is stored here is from before");
}

#[test]
fn a_read_replica_has_its_sources_user_and_no_password() {
    let replica = |is_replica: bool| {
        rds()
            .wants(json!({ "source": { "replicaOf": { "identifier": "main" } } }))
            .instance(|instance| instance.replica_source = is_replica.then(|| "main".into()))
            .given(|inputs| inputs.stored = Default::default())
    };
    let keys = secret(&replica(true)).unwrap();
    assert_eq!((keys.get("password"), keys["username"].as_str()), (None, "admin"));
    assert_eq!(keys["uri"], format!("postgresql://admin@{HOST}:5432/postgres?sslmode=verify-full"));
    assert_eq!(secret(&replica(false)).unwrap(), keys, "promoted by somebody else, it keeps what it had");
}

#[test]
fn what_is_merely_observed_has_a_binding_without_a_password_unless_one_is_named() {
    let observed =
        rds().wants(json!({ "managementPolicy": "Observe" })).given(|inputs| inputs.stored = Default::default());
    assert_eq!(secret(&observed).unwrap().get("password"), None);
}

#[test]
fn the_master_user_is_the_one_in_force() {
    let restored = rds().wants(json!({ "masterUsername": null })).has(json!({ "masterUsername": "sourceadmin" }));
    assert_eq!(secret(&restored).unwrap()["username"], "sourceadmin", "a restore keeps its source's");
}

#[test]
fn a_listener_of_sql_server_is_added() {
    let scene = rds()
        .engine("sqlserver-ee", "15.00")
        .instance(|instance| instance.listener = Some(("listener.example".into(), 1433)));
    let keys = secret(&scene).unwrap();
    assert_eq!((keys["listener-host"].as_str(), keys["listener-port"].as_str()), ("listener.example", "1433"));
}

#[test]
fn status_shows_the_endpoint_and_the_facts() {
    let scene = rds().instance(|instance| instance.replicas = ["r1".into()].into());
    let view = scene.object.view(&scene.observed);
    assert_eq!(view.aws_status.as_deref(), Some("available"));
    assert_eq!(view.endpoint.map(|endpoint| (endpoint.address, endpoint.port)), Some((HOST.into(), 5432)));
    let facts = scene.object.facts(&scene.inputs, &scene.observed);
    assert_eq!(facts.engine_version.as_deref(), Some("16.4"));
    assert_eq!((facts.db_instance_class.as_deref(), facts.allocated_storage), (Some("db.t4g.small"), Some(100)));
    assert_eq!((facts.dbi_resource_id.as_deref(), facts.replicas.len()), (Some("db-1"), 1));
    let absent = rds().absent();
    assert_eq!(absent.object.view(&absent.observed), Default::default());
    assert_eq!(absent.object.facts(&absent.inputs, &absent.observed), Default::default());
}
