//! How clients reach a relational database, by engine (aws-rds.md 4.3), and with which login.

use crate::aws::{Password, Seen};
use crate::conditions::Reason;
use crate::kind::{Inputs, Waiting};
use crate::kinds::credentials::{Mode, lacks_ours};

/// How clients of an engine write a connection.
pub struct Dialect {
    /// `type` of the Service Binding specification.
    pub type_: &'static str,
    scheme: &'static str,
    /// Query of the URI that asks for verified TLS.
    uri_query: &'static str,
    /// How clients are told to verify the server.
    pub ssl_mode: &'static str,
    /// Database that is there when none was made.
    pub default_database: Option<&'static str>,
}

/// The dialect of an engine.
pub fn dialect(engine: &str) -> Dialect {
    match engine {
        "mysql" | "aurora-mysql" => Dialect {
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

/// A login for the connection Secret.
#[derive(Debug)]
pub struct Login {
    /// Database user.
    pub username: String,
    /// Its password, if it signs in with one.
    pub password: Option<Password>,
    /// It signs in with IAM tokens.
    pub iam: bool,
}

/// The login of a database.
///
/// # Errors
/// What is not known yet.
pub fn login(
    mode: Mode,
    inputs: &Inputs,
    master: String,
    secret: Option<&(String, String)>,
    managed_password: &Seen<Password>,
) -> Result<Login, Waiting> {
    let own = || {
        let unset = || Waiting::new(Reason::BindingIncomplete, "The database does not have its password yet.");
        inputs.stored.password.clone().filter(|_| !lacks_ours(inputs)).ok_or_else(unset)
    };
    let password = match mode {
        Mode::None => None,
        Mode::Iam { username } => {
            return Ok(Login { username: username.unwrap_or(master), password: None, iam: true });
        }
        // Until Secrets Manager has taken over, the password in force is the one from before.
        Mode::AwsManaged { .. } if secret.is_none() && inputs.stored.password.is_some() => Some(own()?),
        Mode::AwsManaged { .. } => match managed_password {
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
        Mode::Generated { .. } | Mode::SecretRef(_) if secret.is_some() => {
            return Err(Waiting::new(Reason::BindingIncomplete, "AWS Secrets Manager still holds the password."));
        }
        Mode::Generated { .. } | Mode::SecretRef(_) => Some(own()?),
    };
    Ok(Login { username: master, password, iam: false })
}

/// Where a database listens.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// DNS name.
    pub host: &'a str,
    /// TCP port.
    pub port: i32,
    /// Database.
    pub database: &'a str,
    /// Engine.
    pub engine: &'a str,
}

/// The URI, with user and password percent-encoded.
pub fn uri(dialect: &Dialect, place: &Place<'_>, login: &Login) -> String {
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
pub fn jdbc_url(place: &Place<'_>) -> String {
    let Place { host, port, database, engine } = place;
    match *engine {
        "mysql" | "aurora-mysql" => format!("jdbc:mysql://{host}:{port}/{database}?sslMode=VERIFY_IDENTITY"),
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
