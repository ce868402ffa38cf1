//! DynamoTable: the answers of the kind.

mod spec;

use crate::aws::Seen;
use crate::aws::dynamo::{Action, DynamoRemote, Id, Observed};
use crate::conditions::Reason;
use crate::kind::{
    Connection, CredentialMode, Home, Inputs, Kind, Plan, Readiness, Reference, Thing, View, Waiting, Want,
};
use crate::spec::{SharedSpec, SharedStatus};

pub use spec::*;

impl Kind for DynamoTable {
    type Remote = DynamoRemote;
    type Facts = DynamoTableFacts;
    const IDENTIFIER_MAX: usize = 255;
    const MAIN: &'static str = "table";

    fn shared(&self) -> &SharedSpec {
        &self.spec.shared
    }

    fn status(&self) -> Option<&SharedStatus> {
        self.status.as_ref().map(|status| &status.shared)
    }

    fn id(&self, _want: Want, home: &Home, _inputs: &Inputs) -> Id {
        Id { region: home.region.clone(), table: home.identifier.clone(), ..Id::default() }
    }

    fn credentials(&self) -> CredentialMode {
        CredentialMode::None
    }

    fn references(&self) -> Vec<Reference> {
        Vec::new()
    }

    fn thing(&self, _observed: &Observed) -> Seen<Thing> {
        Seen::Absent
    }

    fn plan(&self, _want: Want, _inputs: &Inputs, _observed: &Observed) -> Plan<Action> {
        Plan::default()
    }

    fn ready(&self, _inputs: &Inputs, _observed: &Observed) -> Readiness {
        Readiness::No(Waiting::new(Reason::NotServing, "The table does not exist."))
    }

    fn view(&self, _observed: &Observed) -> View {
        View::default()
    }

    fn facts(&self, _inputs: &Inputs, _observed: &Observed) -> DynamoTableFacts {
        DynamoTableFacts::default()
    }

    fn connection(&self, _inputs: &Inputs, _observed: &Observed) -> Result<Connection, Waiting> {
        Err(Waiting::new(Reason::BindingIncomplete, "The table does not exist."))
    }
}
