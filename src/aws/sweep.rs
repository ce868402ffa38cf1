//! The sweeps of an account: one for each region that is in use and each thing that is read by the hundred there.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Aws;
use super::clients::Clients;
use super::inventory::{Inventory, News, Source};
use super::rds::events;

/// Told of objects that are due.
pub type OnNews = Arc<dyn Fn(News) + Send + Sync>;

/// How current the knowledge of a thing in a region is.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepAge {
    /// Region.
    pub region: String,
    /// The thing, by AWS's name.
    pub thing: &'static str,
    /// Everything of interest was read within this.
    pub age: Duration,
}

impl Aws {
    /// Sweeps every region from its first use on, until `stop`. Whatever keeps a sweep from reading costs looks and no more:
    /// what it has not read within the drift window, the rounds read.
    pub async fn sweep(self: Arc<Self>, tell: OnNews, stop: CancellationToken) {
        let (mut sweeps, mut swept) = (JoinSet::new(), HashSet::new());
        loop {
            for (region, clients) in self.regions() {
                if swept.insert(region) {
                    sweeps.spawn(sweep_region(clients, tell.clone()));
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.entered.notified() => {}
                Some(Err(error)) = sweeps.join_next() => {
                    tracing::error!(%error, "a sweep broke: this is a bug, and the rounds look at AWS themselves");
                }
            }
        }
    }

    /// How current each sweep is.
    pub fn sweeps(&self) -> Vec<SweepAge> {
        let regions = self.regions().into_iter();
        let ages = |(region, clients): (String, Arc<Clients>)| {
            [
                age_of(region.clone(), &clients.instances),
                age_of(region.clone(), &clients.clusters),
                age_of(region.clone(), &clients.snapshots),
                age_of(region, &clients.cluster_snapshots),
            ]
        };
        regions.flat_map(ages).flatten().collect()
    }
}

/// A further thing is a further line here, and one in [`Aws::sweeps`].
async fn sweep_region(clients: Arc<Clients>, tell: OnNews) {
    tokio::select! {
        never = clients.instances.sweep(&*tell) => match never {},
        never = clients.clusters.sweep(&*tell) => match never {},
        never = clients.snapshots.sweep(&*tell) => match never {},
        never = clients.cluster_snapshots.sweep(&*tell) => match never {},
        never = events::follow(&clients) => match never {},
    }
}

fn age_of<S: Source>(region: String, inventory: &Inventory<S>) -> Option<SweepAge> {
    Some(SweepAge { region, thing: S::THING, age: inventory.oldest()? })
}
