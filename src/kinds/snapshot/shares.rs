//! Accounts that may restore the snapshot. The list is the whole truth when it is given; `all` is never added.

use std::collections::BTreeSet;

use crate::aws::Seen;
use crate::aws::snapshots::{Action, Call, Family, Observed, Snapshot};
use crate::conditions::Reason;
use crate::kind::{Problem, Step, Waiting};
use crate::spec::Change;

use super::copies::Part;
use super::states::{State, state};
use super::{DbSnapshot, origin};

/// The call that brings the shares to what the spec says.
pub fn plan(object: &DbSnapshot, observed: &Observed, snapshot: &Snapshot) -> Part {
    let can_be_shared = state(&snapshot.status) == State::Available && origin::family(&object.spec) != Family::Table;
    let Some(wanted) = object.spec.share_with.as_ref().filter(|_| can_be_shared) else { return Part::default() };
    let have = match &observed.shares {
        Seen::Present(have) => have,
        Seen::Absent => return Part::default(),
        Seen::Unread(why) => {
            let waiting = Waiting::new(Reason::Unreadable, format!("the shares could not be read: {why}"));
            return Part { waiting: Some(waiting), ..Part::default() };
        }
    };
    let less = |of: &BTreeSet<String>, those: &BTreeSet<String>| of.difference(those).cloned().collect();
    let (mut add, remove): (BTreeSet<String>, BTreeSet<String>) = (less(wanted, have), less(have, wanted));
    let problem = unshareable(snapshot).filter(|_| !add.is_empty());
    if problem.is_some() {
        add.clear();
    }
    let is_same = add.is_empty() && remove.is_empty();
    let steps = if is_same { Vec::new() } else { vec![step(object, add, remove)] };
    Part { steps, problem, ..Part::default() }
}

fn step(object: &DbSnapshot, add: BTreeSet<String>, remove: BTreeSet<String>) -> Step<Action> {
    let field = |account: &String| format!("shareWith[{account}]");
    let shared = || Some("shared".to_string());
    let added = add.iter().map(|account| Change { field: field(account), from: None, to: shared() });
    let removed = remove.iter().map(|account| Change { field: field(account), from: shared(), to: None });
    let changes = added.chain(removed).collect();
    let action = Action { family: origin::family(&object.spec), call: Call::Share { add, remove } };
    Step::new("shares", action, "").changing(changes)
}

/// What is encrypted with a key that no other account can use cannot be shared. Of a key by its ARN, only AWS can tell.
fn unshareable(snapshot: &Snapshot) -> Option<Problem> {
    let key = snapshot.kms_key_id.as_deref();
    let is_aws_owned = key.is_none_or(|key| key.ends_with("alias/aws/rds"));
    (snapshot.encrypted && is_aws_owned).then(|| {
        Problem::new(
            Reason::InvalidSpec,
            format!(
                "spec.shareWith: the snapshot is encrypted with {}, which no other account can use: copy it with a customer managed key \
                 (spec.source.copyOf and spec.kmsKeyId of a new object) and share the copy",
                key.unwrap_or("a key that AWS owns")
            ),
        )
    })
}
