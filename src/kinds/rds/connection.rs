//! The connection Secret of an instance, with the keys of the Service Binding specification.

use std::collections::BTreeMap;

use crate::aws::Password;
use crate::aws::rds::{Instance, Observed};
use crate::conditions::Reason;
use crate::kind::{Connection, Inputs, Waiting};
use crate::kinds::connection::{Place, dialect, jdbc_url, login, uri};

use super::RdsInstance;
use super::credentials::mode_in_force;

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
    let mode = mode_in_force(object, inputs, instance);
    let master = instance.settings.master_username.clone().unwrap_or_default();
    let login = login(mode, inputs, master, instance.master_secret.as_ref(), &observed.managed_password)?;
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
