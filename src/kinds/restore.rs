//! Restoring from a DbSnapshot of the namespace: the same for every kind that can. Whatever is wrong with the DbSnapshot, it
//! is waited for or refused: an empty database is never made in its place.

use crate::conditions::Reason;
use crate::kind::{Inputs, ObjectName, Objects, Problem, Referred, Waiting};
use crate::life::RESOURCE_ID;

/// What stands between a source and its use.
#[derive(Clone, Debug, PartialEq)]
pub enum Blocked {
    /// It does not pass by waiting.
    Problem(Problem),
    /// It may pass.
    Waiting(Waiting),
}

/// Whether the database may have to be made: for the first time, or again after it was lost. Only then its source is of
/// interest, with all that is asked of one.
pub fn makes(inputs: &Inputs) -> bool {
    let was_made = inputs.journal.notes.get(RESOURCE_ID).is_some_and(|id| !id.is_empty());
    !was_made || inputs.absent_since.is_some()
}

/// Names a DbSnapshot of the object's namespace.
pub fn reference(name: &str) -> ObjectName {
    ObjectName { kind: "DbSnapshot", plural: "dbsnapshots", name: name.into() }
}

/// The DbSnapshot of a name, once something of these families can be restored from it.
pub fn usable<'a>(objects: &'a Objects, name: &str, families: &[&str]) -> Option<&'a Referred> {
    let found = objects.get(&reference(name))?.as_ref()?;
    let fits = found.family.as_deref().is_some_and(|family| families.contains(&family));
    (found.is_ready && fits && found.arn.is_some()).then_some(found)
}

/// How a DB snapshot or cluster snapshot is named in calls: as AWS does within an account, by ARN where it is another's.
pub fn call_name(found: &Referred) -> Option<String> {
    let (arn, name) = (found.arn.as_ref()?, found.identifier.as_ref());
    let own = found.account.as_ref().is_some_and(|account| arn.contains(&format!(":{account}:")));
    Some(name.filter(|name| own && arn.ends_with(&format!(":{name}"))).unwrap_or(arn).clone())
}

/// The same, with what is wrong where there is none, and only of the object's own account and region.
///
/// # Errors
/// Why nothing can be restored from it, or not yet.
pub fn judge<'a>(inputs: &'a Inputs, name: &str, families: &[&str]) -> Result<&'a Referred, Blocked> {
    let wait = |text: String| {
        let text = format!("spec.source.snapshot: DbSnapshot {name} {text}");
        Err(Blocked::Waiting(Waiting::new(Reason::DependencyNotReady, text)))
    };
    let refuse = |reason, text: String| {
        Err(Blocked::Problem(Problem::new(reason, format!("spec.source.snapshot: DbSnapshot {name} {text}"))))
    };
    let Some(found) = inputs.objects.get(&reference(name)).and_then(Option::as_ref) else {
        return wait("does not exist (yet) in this namespace".into());
    };
    if let Some(family) = found.family.as_ref().filter(|family| !families.contains(&family.as_str())) {
        let kind = &inputs.owner.kind;
        return refuse(
            Reason::InvalidSpec,
            format!("is of family {family}: {kind} is restored from family {}", families.join(" or ")),
        );
    }
    let Some(found) = usable(&inputs.objects, name, families) else {
        return wait(format!(
            "is not ready: {}",
            if found.message.is_empty() { "it was not seen yet" } else { &found.message }
        ));
    };
    if let Some(region) = found.region.as_ref().filter(|region| **region != inputs.region) {
        return refuse(
            Reason::InvalidSpec,
            format!(
                "is in {region}, and this object in {}: copy it there (spec.source.copyOf of a DbSnapshot)",
                inputs.region
            ),
        );
    }
    match found.account.as_ref().filter(|account| **account != inputs.account) {
        Some(account) => refuse(
            Reason::WrongAccount,
            format!("is in account {account}, and the operator's credentials belong to {}", inputs.account),
        ),
        None => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:rds:eu-central-1:123456789012:snapshot:monday";

    fn ready() -> Referred {
        Referred {
            identifier: Some("monday".into()),
            arn: Some(ARN.into()),
            account: Some("123456789012".into()),
            region: Some("eu-central-1".into()),
            family: Some("Instance".into()),
            is_ready: true,
            message: String::new(),
        }
    }

    #[test]
    fn only_a_ready_snapshot_of_the_family_with_an_arn_is_usable() {
        let objects = |found: Option<Referred>| Objects::from([(reference("monday"), found)]);
        assert!(usable(&objects(Some(ready())), "monday", &["Instance"]).is_some());
        for (found, why) in [
            (None, "missing"),
            (Some(Referred { is_ready: false, ..ready() }), "not ready"),
            (Some(Referred { family: Some("Table".into()), ..ready() }), "another family"),
            (Some(Referred { family: None, ..ready() }), "an unknown family"),
            (Some(Referred { arn: None, ..ready() }), "never seen"),
        ] {
            assert!(usable(&objects(found), "monday", &["Instance"]).is_none(), "{why}");
        }
        assert!(usable(&Objects::new(), "monday", &["Instance"]).is_none(), "not read");
    }

    #[test]
    fn a_snapshot_of_another_account_is_called_by_its_arn() {
        assert_eq!(call_name(&ready()).as_deref(), Some("monday"));
        let shared = Referred { account: Some("999999999999".into()), ..ready() };
        assert_eq!(call_name(&shared).as_deref(), Some(ARN));
        assert_eq!(call_name(&Referred { arn: None, ..ready() }), None);
    }
}
