//! The operator's own Secret, `<name>-credentials`: `password`, `password-next` and a key for hashes. Everything that a
//! password change must remember is in it, so that it survives the loss of status (product.md section 4).

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use kube::ResourceExt;

use super::World;
use super::cluster::{Cluster, ClusterError, SecretContent};
use super::gather::Case;
use crate::aws::owner::{OWNER_TAG, hash};
use crate::aws::{Password, PasswordUse};
use crate::kind::{CredentialMode, Kind, Stored, Supplied};

/// Suffix of the operator's own Secret.
pub const CREDENTIALS_SUFFIX: &str = "-credentials";
/// Label with a hash of the owner (label values are too short for the text).
pub const OWNER_LABEL: &str = "awsdb.dev/owner-hash";
/// Label with the object's name, for people.
pub const NAME_LABEL: &str = "awsdb.dev/name";

const CURRENT: &str = "password";
const NEXT: &str = "password-next";
const HASH_KEY: &str = "hash-key";
const ACCEPTED: &str = "awsdb.dev/next-accepted";
const ROTATED_FOR: &str = "awsdb.dev/rotated-for";
const ROTATED_AT: &str = "awsdb.dev/rotated-at";

/// Note with the rotation token that was honoured last: the Secret that says so may be lost.
pub const ROTATED_NOTE: &str = "rotatedFor";

/// Whether a Secret carries our owner annotation.
pub fn is_owned(secret: &SecretContent, owner: &str) -> bool {
    secret.annotations.get(OWNER_TAG).is_some_and(|text| text == owner)
}

/// What the operator's own Secret says.
pub fn stored(secret: &SecretContent) -> Stored {
    Stored {
        password: secret.data.get(CURRENT).cloned(),
        next: secret.data.get(NEXT).cloned(),
        next_accepted: secret.annotations.contains_key(ACCEPTED),
        rotated_for: secret.annotations.get(ROTATED_FOR).cloned(),
        rotated_at: secret.annotations.get(ROTATED_AT).and_then(|text| text.parse().ok()),
    }
}

/// A Secret with the owner on it: label and annotation, not an ownerReference, since garbage collection under
/// foreground deletion would take it while the database lives.
pub fn blank<K: Kind>(case: &Case<K>, name: String, secret_type: &str) -> SecretContent {
    let owner = case.inputs.owner.text();
    SecretContent {
        name,
        secret_type: secret_type.into(),
        labels: BTreeMap::from([
            ("app.kubernetes.io/managed-by".into(), "awsdb".into()),
            (OWNER_LABEL.into(), hash(&[&owner], 16)),
            (NAME_LABEL.into(), case.object.name_any()),
        ]),
        annotations: BTreeMap::from([(OWNER_TAG.into(), owner)]),
        data: BTreeMap::new(),
        version: None,
    }
}

/// Why a password could not be made ready for a call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Kubernetes refused the write.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// None can be had.
    #[error("{0}")]
    Unavailable(String),
}

/// The password for a call. It is stored before the call that carries it, so that no database can have a password
/// that nobody knows.
///
/// # Errors
/// When it could not be drawn or stored: the call must not be made.
pub async fn prepare<K: Kind, C, S: Cluster<K>>(
    world: &World<C, S>,
    case: &mut Case<K>,
    wanted: PasswordUse,
) -> Result<Option<Password>, PasswordError> {
    let key = match wanted {
        PasswordUse::None => return Ok(None),
        PasswordUse::Current => CURRENT,
        PasswordUse::Next => NEXT,
    };
    if let Some(password) = case.credentials.as_ref().and_then(|secret| secret.data.get(key))
        && (wanted == PasswordUse::Current || is_up_to_date(case, password))
    {
        return Ok(Some(password.clone()));
    }
    let password = obtain(case)?;
    let now = case.inputs.now;
    let rotate = case.inputs.rotate.clone();
    edit(world, case, |secret| {
        secret.data.insert(key.into(), password.clone());
        secret.annotations.remove(ACCEPTED);
        if let Some(token) = rotate.clone() {
            secret.annotations.insert(ROTATED_FOR.into(), token);
        }
        if wanted == PasswordUse::Current {
            secret.annotations.insert(ROTATED_AT.into(), now.to_string());
        }
    })
    .await?;
    case.inputs.journal.notes.extend(rotate.map(|token| (ROTATED_NOTE.into(), token)));
    Ok(Some(password))
}

/// A new database knows nothing of a password change that an earlier one had accepted.
///
/// # Errors
/// When Kubernetes refused the write: the database must not be made.
pub async fn begin_anew<K: Kind, C, S: Cluster<K>>(
    world: &World<C, S>,
    case: &mut Case<K>,
) -> Result<(), ClusterError> {
    if case.credentials.as_ref().is_none_or(|secret| !secret.data.contains_key(NEXT)) {
        return Ok(());
    }
    edit(world, case, |secret| {
        secret.data.remove(NEXT);
        secret.annotations.remove(ACCEPTED);
    })
    .await
}

/// A next password that the user has replaced in the meantime is not worth setting.
fn is_up_to_date<K: Kind>(case: &Case<K>, next: &Password) -> bool {
    match &case.inputs.supplied {
        Supplied::Given(password) => password == next,
        _ => true,
    }
}

fn obtain<K: Kind>(case: &Case<K>) -> Result<Password, PasswordError> {
    let unavailable = |text: &str| PasswordError::Unavailable(text.into());
    match (case.object.credentials(), &case.inputs.supplied) {
        (CredentialMode::Generated(length), _) => {
            Password::draw(length).map_err(|error| unavailable(&error.to_string()))
        }
        (_, Supplied::Given(password)) => Ok(password.clone()),
        (_, Supplied::Missing(why)) => Err(unavailable(why)),
        (_, Supplied::NotAsked) => Err(unavailable("the spec names no source for a password")),
    }
}

/// Notes that AWS accepted the call that sets the next password.
///
/// # Errors
/// When Kubernetes refused the write: the call is then repeated, which does no harm.
pub async fn accept<K: Kind, C, S: Cluster<K>>(world: &World<C, S>, case: &mut Case<K>) -> Result<(), ClusterError> {
    let at = case.inputs.now.to_string();
    edit(world, case, |secret| {
        secret.annotations.insert(ACCEPTED.into(), at);
    })
    .await
}

/// Makes the next password the one in force: AWS has applied it.
///
/// # Errors
/// When Kubernetes refused the write.
pub async fn promote<K: Kind, C, S: Cluster<K>>(world: &World<C, S>, case: &mut Case<K>) -> Result<(), ClusterError> {
    let at = case.inputs.now.to_string();
    edit(world, case, |secret| {
        if let Some(next) = secret.data.remove(NEXT) {
            secret.data.insert(CURRENT.into(), next);
            secret.annotations.insert(ROTATED_AT.into(), at);
        }
        secret.annotations.remove(ACCEPTED);
    })
    .await
}

/// Writes the operator's own Secret again with the password that was found in the connection Secret.
///
/// # Errors
/// When Kubernetes refused the write.
pub async fn restore<K: Kind, C, S: Cluster<K>>(world: &World<C, S>, case: &mut Case<K>) -> Result<(), ClusterError> {
    let Some(password) = case.inputs.stored.password.clone() else { return Ok(()) };
    edit(world, case, |secret| {
        secret.data.insert(CURRENT.into(), password);
    })
    .await
}

/// A keyed hash of the password in force, for status: it shows that a password changed, and nothing about it.
pub fn keyed_hash(secret: &SecretContent) -> Option<String> {
    let (key, password) = (secret.data.get(HASH_KEY)?, secret.data.get(CURRENT)?);
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose().as_bytes());
    let sum = hmac::sign(&key, password.expose().as_bytes());
    Some(sum.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

async fn edit<K: Kind, C, S: Cluster<K>>(
    world: &World<C, S>,
    case: &mut Case<K>,
    change: impl FnOnce(&mut SecretContent),
) -> Result<(), ClusterError> {
    let mut secret = match case.credentials.clone() {
        Some(secret) => secret,
        None => {
            let mut secret = blank(case, case.credentials_name(), "Opaque");
            let key = Password::draw(32).map_err(|error| ClusterError::Other(error.to_string()))?;
            secret.data.insert(HASH_KEY.into(), key);
            secret
        }
    };
    let before = secret.clone();
    change(&mut secret);
    if secret == before {
        return Ok(());
    }
    secret.version = Some(world.cluster.write_secret(&case.namespace(), &secret).await?);
    case.inputs.stored = stored(&secret);
    case.credentials = Some(secret);
    Ok(())
}
