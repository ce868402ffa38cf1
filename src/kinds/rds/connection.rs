//! The connection Secret by engine (aws-rds.md 4.3), with the keys of the Service Binding specification.

use std::collections::BTreeMap;

use crate::aws::rds::{Instance, Observed};
use crate::aws::{Password, Seen};
use crate::conditions::Reason;
use crate::kind::{Connection, Inputs, Waiting};

use super::RdsInstance;
use super::credentials::{Mode, lacks_ours};

/// How clients of an engine write a connection.
struct Dialect {
    /// `type` of the Service Binding specification.
    type_: &'static str,
    scheme: &'static str,
    /// Query of the URI that asks for verified TLS.
    uri_query: &'static str,
    ssl_mode: &'static str,
    default_database: Option<&'static str>,
}

fn dialect(engine: &str) -> Dialect {
    match engine {
        "mysql" => Dialect {
            type_: "mysql",
            scheme: "mysql",
            uri_query: "ssl-mode=VERIFY_IDENTITY",
            ssl_mode: "VERIFY_IDENTITY",
            default_database: None,
        },
        "mariadb" => Dialect {
            type_: "mariadb",
            scheme: "mysql",
            uri_query: "ssl-mode=VERIFY_IDENTITY",
            ssl_mode: "verify-full",
            default_database: None,
        },
        engine if engine.starts_with("oracle") => Dialect {
            type_: "oracle",
            scheme: "oracle",
            uri_query: "",
            ssl_mode: "option-group",
            default_database: Some("ORCL"),
        },
        engine if engine.starts_with("sqlserver") => Dialect {
            type_: "sqlserver",
            scheme: "sqlserver",
            uri_query: "",
            ssl_mode: "true",
            default_database: Some("master"),
        },
        _ => Dialect {
            type_: "postgresql",
            scheme: "postgresql",
            uri_query: "sslmode=verify-full",
            ssl_mode: "verify-full",
            default_database: Some("postgres"),
        },
    }
}

/// The connection, once everything in it is known.
pub fn connection(object: &RdsInstance, inputs: &Inputs, observed: &Observed) -> Result<Connection, Waiting> {
    let incomplete = |what: &str| Waiting::new(Reason::BindingIncomplete, what.to_string());
    let instance = observed.instance.present().ok_or_else(|| incomplete("The instance does not exist yet."))?;
    let (host, port) = instance.endpoint.clone().ok_or_else(|| incomplete("AWS has given no endpoint yet."))?;
    let engine = instance.settings.engine.clone().unwrap_or_default();
    let dialect = dialect(&engine);
    let mut keys = BTreeMap::from([
        ("type", dialect.type_.to_string()),
        ("provider", "aws-rds".to_string()),
        ("host", host.clone()),
        ("port", port.to_string()),
        ("ssl-mode", dialect.ssl_mode.to_string()),
        ("arn", instance.arn.clone()),
        ("region", inputs_region(instance)),
        ("resource-id", instance.resource_id.clone()),
        ("engine", engine.clone()),
    ]);
    let database = instance.settings.db_name.clone().or(dialect.default_database.map(Into::into));
    if let Some(database) = &database {
        keys.insert("database", database.clone());
    }
    let login = login(object, inputs, observed, instance)?;
    keys.insert("username", login.username.clone());
    if login.iam {
        keys.insert("iam-auth", "true".into());
    }
    let place = Place { host: &host, port, database: database.as_deref().unwrap_or_default(), engine: &engine };
    keys.insert("jdbc-url", jdbc_url(&place));
    keys.insert("uri", uri(&dialect, &place, &login));
    if let Some((host, port)) = &instance.listener {
        keys.insert("listener-host", host.clone());
        keys.insert("listener-port", port.to_string());
    }
    if let Some((arn, _)) = &instance.master_secret {
        keys.insert("master-user-secret-arn", arn.clone());
    }
    let mut keys: BTreeMap<String, Password> =
        keys.into_iter().map(|(key, value)| (key.into(), Password::new(value))).collect();
    if let Some(password) = login.password {
        keys.insert("password".into(), password);
    }
    Ok(Connection { secret_type: format!("servicebinding.io/{}", dialect.type_), keys })
}

/// The region is in the ARN: `arn:aws:rds:<region>:<account>:db:<identifier>`.
fn inputs_region(instance: &Instance) -> String {
    instance.arn.split(':').nth(3).unwrap_or_default().into()
}

struct Login {
    username: String,
    password: Option<Password>,
    iam: bool,
}

fn login(object: &RdsInstance, inputs: &Inputs, observed: &Observed, instance: &Instance) -> Result<Login, Waiting> {
    let master = instance.settings.master_username.clone().unwrap_or_default();
    let own = || {
        let unset = || Waiting::new(Reason::BindingIncomplete, "The database does not have its password yet.");
        inputs.stored.password.clone().filter(|_| !lacks_ours(inputs)).ok_or_else(unset)
    };
    let password = match Mode::in_force(object, inputs, instance) {
        Mode::None => None,
        Mode::Iam { username } => {
            return Ok(Login { username: username.unwrap_or(master), password: None, iam: true });
        }
        // Until Secrets Manager has taken over, the password in force is the one from before.
        Mode::AwsManaged { .. } if instance.master_secret.is_none() && inputs.stored.password.is_some() => Some(own()?),
        Mode::AwsManaged { .. } => match &observed.managed_password {
            Seen::Present(password) => Some(password.clone()),
            Seen::Absent => {
                return Err(Waiting::new(Reason::BindingIncomplete, "RDS has not stored the master password yet."));
            }
            Seen::Unread(why) => {
                return Err(Waiting::new(
                    Reason::BindingIncomplete,
                    format!("the master password in Secrets Manager could not be read: {why}"),
                ));
            }
        },
        // What is stored here is from before Secrets Manager took over, and no longer opens the database.
        Mode::Generated { .. } | Mode::SecretRef(_) if instance.master_secret.is_some() => {
            return Err(Waiting::new(Reason::BindingIncomplete, "AWS Secrets Manager still holds the password."));
        }
        Mode::Generated { .. } | Mode::SecretRef(_) => Some(own()?),
    };
    Ok(Login { username: master, password, iam: false })
}

struct Place<'a> {
    host: &'a str,
    port: i32,
    database: &'a str,
    engine: &'a str,
}

fn uri(dialect: &Dialect, place: &Place<'_>, login: &Login) -> String {
    let user = encode(&login.username);
    let password =
        login.password.as_ref().map(|password| format!(":{}", encode(password.expose()))).unwrap_or_default();
    let Place { host, port, database, .. } = place;
    if dialect.type_ == "sqlserver" {
        return format!("sqlserver://{user}{password}@{host}:{port}?database={database}&encrypt=true");
    }
    let query = if dialect.uri_query.is_empty() { String::new() } else { format!("?{}", dialect.uri_query) };
    format!("{}://{user}{password}@{host}:{port}/{database}{query}", dialect.scheme)
}

/// Without user and password: JDBC takes them as properties, and a URL is printed everywhere.
fn jdbc_url(place: &Place<'_>) -> String {
    let Place { host, port, database, engine } = place;
    match *engine {
        "mysql" => format!("jdbc:mysql://{host}:{port}/{database}?sslMode=VERIFY_IDENTITY"),
        "mariadb" => format!("jdbc:mariadb://{host}:{port}/{database}?sslMode=verify-full"),
        engine if engine.starts_with("oracle") => format!("jdbc:oracle:thin:@//{host}:{port}/{database}"),
        engine if engine.starts_with("sqlserver") => {
            format!("jdbc:sqlserver://{host}:{port};databaseName={database};encrypt=true;trustServerCertificate=false")
        }
        _ => format!("jdbc:postgresql://{host}:{port}/{database}?sslmode=verify-full"),
    }
}

/// Percent-encodes all but RFC 3986's unreserved characters.
fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => (byte as char).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
