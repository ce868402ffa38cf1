//! What a test asks a simulation of snapshots.

use awsdb::aws::owner::{ALLOW_TAG, Tags};
use awsdb::aws::snapshots::Family;

use super::super::desk::REGION;
use super::super::kube::Key;
use super::{Snap, Snapshots, Vault};

/// A database of each family, which namespace `shop` may use.
pub fn databases(aws: &mut Vault) {
    for (family, name) in
        [(Family::Instance, "shop-orders"), (Family::Cluster, "shop-carts"), (Family::Table, "shop-users")]
    {
        aws.database(family, name, Tags::from([(ALLOW_TAG.into(), "test/shop".into())]));
    }
}

impl Snapshots {
    /// With a database of each family.
    pub fn stocked(self) -> Self {
        self.aws(databases);
        self
    }

    /// Every snapshot of an object's name in a region.
    pub fn snaps_in(&self, key: &Key, region: &str) -> Vec<Snap> {
        let name = self.name_in_aws(key);
        self.aws(|aws| aws.snaps.iter().filter(|it| it.name == name && it.region == region).cloned().collect())
    }

    /// The one snapshot of an object.
    pub fn the_snap(&self, key: &Key) -> Snap {
        self.the_copy(key, REGION)
    }

    /// The one copy of an object in a region.
    pub fn the_copy(&self, key: &Key, region: &str) -> Snap {
        let mut all = self.snaps_in(key, region);
        assert_eq!(all.len(), 1, "in {region}\n{}", self.report());
        all.remove(0)
    }

    /// Changes snapshots of a name behind the operator's back.
    pub fn with_snap(&self, name: &str, change: impl Fn(&mut Snap)) {
        self.aws(|aws| aws.snaps.iter_mut().filter(|snap| snap.name == name).for_each(change));
    }

    /// Settled, and AWS has nothing left to do.
    pub fn is_done(&self, key: &Key) -> bool {
        self.is_settled(key) && !self.is_busy(key)
    }
}
