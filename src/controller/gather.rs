//! **gather**: everything besides AWS that a plan may look at.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;
use serde_json::Value;

use super::World;
use super::cluster::{Cluster, ClusterError, SecretContent};
use super::passwords::{self, CREDENTIALS_SUFFIX};
use crate::aws::Password;
use crate::aws::owner::{Owner, default_identifier};
use crate::conditions::Reason;
use crate::kind::{CredentialMode, Home, Inputs, Kind, Problem, Reference, Referred, Supplied, Want};
use crate::life::PASSWORD_UNSET;
use crate::spec::{SharedStatus, annotation};

/// One round's object with everything that was read for it.
#[derive(Debug)]
pub struct Case<K> {
    /// The object.
    pub object: K,
    /// What is to become of its database.
    pub want: Want,
    /// Its names in AWS.
    pub home: Home,
    /// Inputs of the plan.
    pub inputs: Inputs,
    /// Its status as stored.
    pub status: SharedStatus,
    /// The operator's own Secret.
    pub credentials: Option<SecretContent>,
    /// The Secret that workloads mount.
    pub connection: Option<SecretContent>,
    /// What reading the Secrets showed to be wrong.
    pub problem: Option<Problem>,
    /// resourceVersions of the Secrets that were read, in their order; `None` for one that is not there.
    pub versions: Vec<Option<String>>,
    /// The operator's own Secret is gone and the password was found in the connection Secret.
    pub recovered: bool,
    /// Our part of the status as this round last wrote it.
    pub written: Option<Value>,
}

impl<K: Kind> Case<K> {
    /// Name of the connection Secret.
    pub fn connection_name(&self) -> String {
        let given = self.object.shared().connection_secret.name.clone();
        given.unwrap_or_else(|| format!("{}-connection", self.object.name_any()))
    }

    /// Name of the operator's own Secret.
    pub fn credentials_name(&self) -> String {
        format!("{}{CREDENTIALS_SUFFIX}", self.object.name_any())
    }

    /// Namespace of the object.
    pub fn namespace(&self) -> String {
        self.object.namespace().unwrap_or_default()
    }

    /// Uid of the object.
    pub fn uid(&self) -> String {
        self.inputs.uid.clone()
    }
}

/// Reads what the plan of this object needs from Kubernetes.
///
/// # Errors
/// When a Secret could not be read; a missing one is a value.
pub async fn gather<K: Kind, C, S: Cluster<K>>(world: &World<C, S>, object: K) -> Result<Case<K>, ClusterError> {
    let now = Timestamp::from_second((world.now)().as_second()).unwrap_or_default();
    let uid = object.uid().unwrap_or_default();
    world.recall.begins(&uid, object.meta().generation);
    let owner = owner_of(world, &object);
    let status = object.status().cloned().unwrap_or_default();
    let home = home_of(world, &object, &status, owner.clone());
    let want = if object.meta().deletion_timestamp.is_some() { Want::Absent } else { Want::Present };
    let mut case = Case {
        want,
        inputs: Inputs {
            now,
            owner,
            trust_account: world.installation.trust_account,
            account: String::new(),
            recorded_account: status.account_id.clone(),
            recorded_arn: status.arn.clone(),
            region: home.region.clone(),
            accepted: world.recall.get(&uid).accepted.contains(K::MAIN),
            absent_since: world.recall.get(&uid).absent_since,
            main: K::MAIN,
            uid,
            journal: status.journal.clone(),
            stored: Default::default(),
            supplied: Supplied::NotAsked,
            config_maps: Default::default(),
            objects: Default::default(),
            rotate: object.annotations().get(annotation::ROTATE).cloned(),
            clocks: world.clocks,
        },
        status,
        credentials: None,
        connection: None,
        problem: None,
        versions: Vec::new(),
        recovered: false,
        written: None,
        home,
        object,
    };
    for (id, count) in world.recall.get(&case.uid()).uncounted {
        *case.inputs.journal.attempts.entry(id).or_default() += count;
    }
    refresh_journal(world, &mut case);
    if K::BINDS {
        read_secrets(world, &mut case).await?;
    }
    read_references(world, &mut case).await?;
    recover_password(&mut case);
    Ok(case)
}

async fn read_secrets<K: Kind, C, S: Cluster<K>>(world: &World<C, S>, case: &mut Case<K>) -> Result<(), ClusterError> {
    let namespace = case.namespace();
    case.credentials = world.cluster.secret(&namespace, &case.credentials_name()).await?;
    case.connection = world.cluster.secret(&namespace, &case.connection_name()).await?;
    case.versions.extend([&case.credentials, &case.connection].map(version));
    judge_secrets(case);
    judge_rotation(case);
    if let CredentialMode::SecretRef(reference) = case.object.credentials() {
        let secret = world.cluster.secret(&namespace, &reference.name).await?;
        case.versions.push(version(&secret));
        case.inputs.supplied = supplied(secret, &reference.name, &reference.key);
    }
    Ok(())
}

/// Reads what the object refers to, and lets this round's copy of the object know.
async fn read_references<K: Kind, C, S: Cluster<K>>(
    world: &World<C, S>,
    case: &mut Case<K>,
) -> Result<(), ClusterError> {
    let namespace = case.namespace();
    for reference in case.object.references(&case.inputs) {
        match reference {
            Reference::Secret(_) => {}
            Reference::ConfigMap(name) => {
                let content = world.cluster.config_map(&namespace, &name).await?;
                case.inputs.config_maps.insert(name, content);
            }
            Reference::Object(name) => {
                let found = world.cluster.referred(&namespace, &name).await?;
                case.inputs.objects.insert(name, found);
            }
        }
    }
    case.object.resolve(&case.inputs.objects);
    Ok(())
}

/// What another object says of itself. One that is being deleted, or whose status is about an older spec, is not relied on.
pub fn referred(meta: &ObjectMeta, status: &Value) -> Referred {
    let text = |field: &str| status[field].as_str().map(String::from);
    let ready = status["conditions"].as_array().into_iter().flatten().find(|condition| condition["type"] == "Ready");
    let is_current = status["observedGeneration"].as_i64() == meta.generation;
    let is_going = meta.deletion_timestamp.is_some();
    let message = match ready {
        _ if is_going => "it is being deleted",
        Some(ready) => ready["message"].as_str().unwrap_or_default(),
        None => "it was not looked at yet",
    };
    Referred {
        identifier: text("identifier"),
        arn: text("arn"),
        account: text("accountId"),
        region: text("region"),
        family: text("family"),
        is_ready: is_current && !is_going && ready.is_some_and(|ready| ready["status"] == "True"),
        message: message.into(),
    }
}

/// Tells whether a Secret is the one that it was.
pub(super) fn version(secret: &Option<SecretContent>) -> Option<String> {
    secret.as_ref().map(|secret| secret.version.clone().unwrap_or_default())
}

fn owner_of<K: Kind, C, S>(world: &World<C, S>, object: &K) -> Owner {
    Owner {
        installation: world.installation.name.clone(),
        cluster: world.installation.cluster.clone(),
        kind: K::kind(&()).into_owned(),
        namespace: object.namespace().unwrap_or_default(),
        name: object.name_any(),
    }
}

/// The identifier in status is never recomputed: a name computed differently by a later version must not meet
/// another database, or lose this one.
fn home_of<K: Kind, C, S>(world: &World<C, S>, object: &K, status: &SharedStatus, owner: Owner) -> Home {
    let spec = object.shared();
    let identifier = status.identifier.clone().or_else(|| spec.identifier.clone());
    let region = status.region.clone().or_else(|| spec.region.clone());
    Home {
        identifier: identifier
            .unwrap_or_else(|| default_identifier(&owner.kind, &owner.namespace, &owner.name, K::IDENTIFIER_MAX)),
        region: region.unwrap_or_else(|| world.installation.region.clone()),
        owner,
    }
}

/// A new spec, or a user who says "look now", gives refused steps another chance. The token is remembered in this process
/// only: to note it would cost a write for a look that finds nothing, and a restart is not the user's word.
fn refresh_journal<K: Kind, C, S>(world: &World<C, S>, case: &mut Case<K>) {
    let token = case.object.annotations().get(annotation::RECONCILE).cloned();
    let before = world.recall.get(&case.uid()).asked;
    world.recall.update(&case.uid(), |recall| recall.asked = Some(token.clone()));
    let asked = token.is_some() && before.is_some_and(|before| before != token);
    let journal = &mut case.inputs.journal;
    if asked || case.status.observed_generation != case.object.meta().generation {
        journal.rejected.clear();
        journal.attempts.clear();
    }
}

/// A token that was honoured is no wish any more, whatever became of the Secret that says so; nor is one that an object
/// brings along when it first meets its database (a manifest of a rebuilt cluster), unless that Secret says otherwise.
fn judge_rotation<K: Kind>(case: &mut Case<K>) {
    let notes = &mut case.inputs.journal.notes;
    let meets = case.status.observed_generation.is_none() && case.credentials.is_none();
    if let (Some(token), true) = (&case.inputs.rotate, meets) {
        notes.insert(passwords::ROTATED_NOTE.into(), token.clone());
    }
    if case.inputs.rotate.as_ref() == notes.get(passwords::ROTATED_NOTE) {
        case.inputs.rotate = None;
    }
}

/// A Secret that is not ours is neither read as ours nor written.
fn judge_secrets<K: Kind>(case: &mut Case<K>) {
    let owner = case.inputs.owner.text();
    let names = [case.credentials_name(), case.connection_name()];
    for (slot, name) in [&mut case.credentials, &mut case.connection].into_iter().zip(names) {
        if slot.as_ref().is_some_and(|secret| !passwords::is_owned(secret, &owner)) {
            case.problem = Some(Problem::new(
                Reason::SecretConflict,
                format!(
                    "Secret {name} exists and is not this object's: it is not overwritten; delete or rename it, or choose \
                     spec.connectionSecret.name"
                ),
            ));
            *slot = None;
        }
    }
    case.inputs.stored = case.credentials.as_ref().map(passwords::stored).unwrap_or_default();
}

/// The operator's own Secret was deleted, or its cluster was rebuilt. What the workloads use is what the database has; a
/// password that the user supplies is taken for the one in force only where nothing says otherwise.
fn recover_password<K: Kind>(case: &mut Case<K>) {
    let stored = &mut case.inputs.stored;
    let is_unset = case.inputs.journal.notes.contains_key(PASSWORD_UNSET);
    if stored.password.is_some()
        || stored.next.is_some()
        || is_unset
        || matches!(case.object.credentials(), CredentialMode::None | CredentialMode::AwsManaged)
    {
        return;
    }
    if let Some(password) = case.connection.as_ref().and_then(|secret| secret.data.get("password")) {
        stored.password = Some(password.clone());
        case.recovered = true;
    } else if let (Supplied::Given(password), true) = (&case.inputs.supplied, case.status.arn.is_some()) {
        stored.password = Some(password.clone());
    }
}

fn supplied(secret: Option<SecretContent>, name: &str, key: &str) -> Supplied {
    match secret {
        None => Supplied::Missing(format!(
            "spec.credentials.secretRef: Secret {name} does not exist in this namespace; create it with key {key}"
        )),
        Some(secret) => match secret.data.get(key) {
            None => Supplied::Missing(format!("spec.credentials.secretRef: Secret {name} has no key {key}; add it")),
            Some(value) => Supplied::Given(Password::new(value.expose().trim_end_matches(['\n', '\r']))),
        },
    }
}
