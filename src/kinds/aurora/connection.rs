//! The connection Secret of a cluster: writer, readers, custom endpoints and the Data API's facts (aws-rds.md 4.3).

use std::collections::BTreeMap;

use crate::aws::Password;
use crate::aws::aurora::{Cluster, Observed};
use crate::conditions::Reason;
use crate::kind::{Connection, Inputs, Waiting};
use crate::kinds::connection::{Place, dialect, jdbc_url, login, uri};

use super::AuroraServerless;
use super::plan::mode_in_force;

/// Whether a member has been there: one that restarts keeps its place.
fn has_begun(observed: &Observed, name: &str) -> bool {
    observed.members.present().and_then(|members| members.get(name)).is_some_and(|member| member.status != "creating")
}

/// The connection, once everything in it is known.
pub fn connection(
    object: &AuroraServerless,
    identifier: &str,
    inputs: &Inputs,
    observed: &Observed,
) -> Result<Connection, Waiting> {
    let incomplete = |what: &str| Waiting::new(Reason::BindingIncomplete, what.to_string());
    let cluster = observed.cluster.present().ok_or_else(|| incomplete("The cluster does not exist yet."))?;
    // AWS names the endpoint long before anybody writes behind it.
    if !cluster.members.iter().any(|(name, one)| one.is_writer && has_begun(observed, name)) {
        return Err(incomplete("The cluster has no writer yet."));
    }
    let host = cluster.endpoint.clone().ok_or_else(|| incomplete("AWS has given no endpoint yet."))?;
    let port = cluster.settings.port.ok_or_else(|| incomplete("AWS has given no port yet."))?;
    let engine = cluster.settings.engine.clone().unwrap_or_default();
    let dialect = dialect(&engine);
    let database = cluster.settings.database_name.clone().or(dialect.default_database.map(Into::into));
    let place = Place { host: &host, port, database: database.as_deref().unwrap_or_default(), engine: &engine };
    let master = cluster.settings.master_username.clone().unwrap_or_default();
    let mode = mode_in_force(object, inputs);
    let login = login(mode, inputs, master, cluster.master_secret.as_ref(), &observed.managed_password)?;
    let mut keys: BTreeMap<String, String> = [
        ("type", dialect.type_.to_string()),
        ("provider", "aws-rds".to_string()),
        ("host", host.clone()),
        ("port", port.to_string()),
        ("ssl-mode", dialect.ssl_mode.to_string()),
        ("arn", cluster.arn.clone()),
        ("region", cluster.arn.split(':').nth(3).unwrap_or_default().to_string()),
        ("resource-id", cluster.resource_id.clone()),
        ("engine", engine.clone()),
        ("username", login.username.clone()),
        ("uri", uri(&dialect, &place, &login)),
        ("jdbc-url", jdbc_url(&place)),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_string(), value))
    .collect();
    keys.extend(database.iter().map(|database| ("database".to_string(), database.clone())));
    if login.iam {
        keys.insert("iam-auth".into(), "true".into());
    }
    if let Some(reader) = &cluster.reader_endpoint {
        let place = Place { host: reader, ..place };
        keys.insert("reader-host".into(), reader.clone());
        keys.insert("reader-uri".into(), uri(&dialect, &place, &login));
    }
    further(identifier, cluster, observed, &mut keys);
    let mut keys: BTreeMap<String, Password> =
        keys.into_iter().map(|(key, value)| (key, Password::new(value))).collect();
    keys.extend(login.password.map(|password| ("password".to_string(), password)));
    Ok(Connection { secret_type: format!("servicebinding.io/{}", dialect.type_), keys })
}

/// What some clusters have beside: custom endpoints, the Data API, a secret of AWS's.
fn further(identifier: &str, cluster: &Cluster, observed: &Observed, keys: &mut BTreeMap<String, String>) {
    for (name, one) in observed.custom_endpoints.present().into_iter().flatten() {
        let own = name.strip_prefix(&format!("{identifier}-")).unwrap_or(name);
        keys.extend(one.address.iter().map(|address| (format!("endpoint-{own}"), address.clone())));
    }
    if cluster.settings.enable_http_endpoint == Some(true) {
        keys.insert("data-api".into(), "true".into());
        keys.insert("cluster-arn".into(), cluster.arn.clone());
    }
    if let Some((arn, _)) = &cluster.master_secret {
        keys.insert("master-user-secret-arn".into(), arn.clone());
    }
}
