//! The connection Secret: only of what is ours or may be observed, only when complete, never over somebody else's.

use std::collections::BTreeMap;

use super::cluster::{Cluster, ClusterError, SecretContent};
use super::gather::Case;
use super::{World, passwords};
use crate::aws::Password;
use crate::aws::owner::Claim;
use crate::conditions::Reason;
use crate::kind::{Connection, Kind, Observed, Problem, Want};
use crate::life::PASSWORD_UNSET;
use crate::spec::ManagementPolicy;

/// Promotes the next password, and writes the connection Secret when it is complete and differs.
///
/// # Errors
/// When Kubernetes refused a write.
pub async fn secrets<K: Kind, C, S: Cluster<K>>(
    world: &World<C, S>,
    case: &mut Case<K>,
    observed: &Observed<K>,
    promote: bool,
) -> Result<(), ClusterError> {
    if !K::BINDS {
        return Ok(());
    }
    if promote {
        passwords::promote(world, case).await?;
        case.inputs.journal.notes.remove(PASSWORD_UNSET);
    }
    if case.want == Want::Present && case.recovered {
        passwords::restore(world, case).await?;
    }
    if case.want == Want::Absent || case.problem.is_some() {
        return Ok(());
    }
    let Ok((connection, keys)) = connection_of(case, observed) else { return Ok(()) };
    let wanted = connection_secret(case, &connection, keys);
    if case.connection.as_ref().is_some_and(|stored| covers(stored, &wanted)) {
        return Ok(());
    }
    let version = world.cluster.write_secret(&case.namespace(), &wanted).await?;
    case.connection = Some(SecretContent { version: Some(version), ..wanted });
    Ok(())
}

/// Keys of a connection Secret.
pub type Keys = BTreeMap<String, Password>;

/// Whether the thing is ours, or may be observed from this namespace.
pub fn may_read<K: Kind>(case: &Case<K>, observed: &Observed<K>) -> bool {
    let (owner, observes) = (&case.inputs.owner, case.object.shared().management_policy == ManagementPolicy::Observe);
    case.object.thing(observed).present().is_some_and(|thing| {
        owner.claim(&thing.tags) == Claim::Mine
            || (observes && (case.inputs.trust_account || owner.is_allowed(&thing.tags)))
    })
}

/// The connection with the user's templates filled in.
pub fn connection_of<K: Kind>(case: &Case<K>, observed: &Observed<K>) -> Result<(Connection, Keys), Problem> {
    if let Some(problem) = &case.problem {
        return Err(problem.clone());
    }
    if !may_read(case, observed) {
        return Err(Problem::new(Reason::BindingIncomplete, "There is no database of this object to connect to yet."));
    }
    let connection = case
        .object
        .connection(&case.inputs, observed)
        .map_err(|waiting| Problem::new(waiting.reason, waiting.message))?;
    let mut keys = connection.keys.clone();
    for (name, template) in &case.object.shared().connection_secret.templates {
        let value = fill(template, &connection.keys).map_err(|unknown| {
            Problem::new(
                Reason::InvalidTemplate,
                format!(
                    "spec.connectionSecret.templates.{name} names {{{unknown}}}, which is not a key of this binding; keys are {}",
                    connection.keys.keys().cloned().collect::<Vec<_>>().join(", ")
                ),
            )
        })?;
        keys.insert(name.clone(), Password::new(value));
    }
    Ok((connection, keys))
}

/// Replaces `{key}`; braces around anything that cannot be a key stay as they are.
fn fill(template: &str, keys: &Keys) -> Result<String, String> {
    let (mut text, mut rest) = (String::new(), template);
    while let Some(start) = rest.find('{') {
        let after = &rest[start + 1..];
        let end = after.find('}').filter(|end| {
            *end > 0 && after[..*end].chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'))
        });
        text.push_str(&rest[..start]);
        match end {
            Some(end) => {
                let name = &after[..end];
                text.push_str(keys.get(name).ok_or_else(|| name.to_string())?.expose());
                rest = &after[end + 1..];
            }
            None => {
                text.push('{');
                rest = after;
            }
        }
    }
    text.push_str(rest);
    Ok(text)
}

fn connection_secret<K: Kind>(case: &Case<K>, connection: &Connection, keys: Keys) -> SecretContent {
    let wish = &case.object.shared().connection_secret;
    let mut secret = passwords::blank(case, case.connection_name(), &connection.secret_type);
    // The operator's own labels and annotations win: with a user's text in their place it would disown the Secret.
    for (own, users) in [(&mut secret.labels, &wish.labels), (&mut secret.annotations, &wish.annotations)] {
        for (key, value) in users {
            own.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    secret.data = keys;
    secret.version = case.connection.as_ref().and_then(|secret| secret.version.clone());
    secret
}

/// Whether the Secret already is as wanted; labels and annotations that others added do not count.
fn covers(stored: &SecretContent, wanted: &SecretContent) -> bool {
    let within = |all: &BTreeMap<String, String>, some: &BTreeMap<String, String>| {
        some.iter().all(|(key, value)| all.get(key) == Some(value))
    };
    stored.data == wanted.data
        && stored.secret_type == wanted.secret_type
        && within(&stored.labels, &wanted.labels)
        && within(&stored.annotations, &wanted.annotations)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_take_known_keys_and_name_unknown_ones() {
        let keys = Keys::from([("host".into(), Password::new("db")), ("port".into(), Password::new("5432"))]);
        assert_eq!(fill("{host}:{port}/{ x }", &keys).unwrap(), "db:5432/{ x }");
        assert_eq!(fill("{{host}", &keys).unwrap(), "{db");
        assert_eq!(fill("{pasword}", &keys).unwrap_err(), "pasword");
    }
}
