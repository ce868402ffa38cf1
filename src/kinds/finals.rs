//! The final snapshot of an instance or a cluster: a name that nothing has, and the owner's tags when the database is gone.

use crate::aws::Seen;
use crate::aws::owner::Claim;
use crate::aws::rds::{Action, Snapshot};
use crate::conditions::Reason;
use crate::kind::{Inputs, Step, Waiting};

use super::{final_name, free_name};

/// Note with the name of the final snapshot, written before the delete call.
pub const FINAL_SNAPSHOT: &str = "finalSnapshot";

fn is_final(snapshot: &Snapshot, identifier: &str, inputs: &Inputs) -> bool {
    snapshot.identifier.starts_with(&final_name(identifier, inputs))
}

/// A name for the final snapshot.
///
/// # Errors
/// What is being waited for: the names that are taken, or a snapshot that AWS is at.
pub fn name(identifier: &str, inputs: &Inputs, snapshots: &Seen<Vec<Snapshot>>) -> Result<String, Waiting> {
    let taken: &[Snapshot] = match snapshots {
        Seen::Present(taken) => taken,
        Seen::Absent => &[],
        Seen::Unread(why) => {
            let text = format!(
                "the snapshots of {identifier} could not be read, and a final one must not meet an old name: {why}"
            );
            return Err(Waiting::new(Reason::Unreadable, text));
        }
    };
    if let Some(one) = taken.iter().find(|one| one.status == "creating" && is_final(one, identifier, inputs)) {
        return Err(Waiting::new(Reason::Deleting, format!("snapshot {} is being created", one.identifier)));
    }
    let base = final_name(identifier, inputs);
    Ok(free_name(&base, |name| taken.iter().any(|one| one.identifier == name)))
}

/// Once the database is gone: the owner's tags on its final snapshots. AWS copies tags to a snapshot only where the database
/// says so; and a second try may have chosen another name while AWS was at the first.
pub fn tags(
    identifier: &str,
    inputs: &Inputs,
    snapshots: &Seen<Vec<Snapshot>>,
) -> (Vec<Step<Action>>, Option<Waiting>) {
    let Some(name) = inputs.journal.notes.get(FINAL_SNAPSHOT) else { return (Vec::new(), None) };
    match snapshots {
        Seen::Unread(why) => {
            let text = format!("final snapshot {name} could not be read: {why}");
            (Vec::new(), Some(Waiting::new(Reason::Unreadable, text)))
        }
        Seen::Absent => (Vec::new(), None),
        Seen::Present(taken) => {
            let ours = taken.iter().filter(|one| is_final(one, identifier, inputs));
            (ours.filter_map(|one| tag(one, inputs)).collect(), None)
        }
    }
}

fn tag(snapshot: &Snapshot, inputs: &Inputs) -> Option<Step<Action>> {
    (inputs.owner.claim(&snapshot.tags) != Claim::Mine).then(|| {
        let action = Action::Tag { arn: snapshot.arn.clone(), tags: inputs.owner.tags() };
        Step::new("finalSnapshot", action, "the final snapshot belongs to this object")
    })
}
