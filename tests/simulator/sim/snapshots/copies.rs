//! Copying a snapshot within a region and across.

use awsdb::aws::owner::Tags;
use awsdb::aws::snapshots::{Family, Id, Snapshot};

use super::{Answer, Refused, Snap, Vault, invalid_state, not_found, refused};

impl Vault {
    /// A copy of what is in one region, by name or ARN, in another under the name of the object.
    pub(super) fn copy(
        &mut self,
        id: &Id,
        family: Family,
        (from, source): (&str, &str),
        to: &str,
        key: Option<&String>,
        tags: &Tags,
    ) -> Answer {
        assert_ne!(family, Family::Table, "DynamoDB copies no backups");
        self.check_name(family, to, &id.identifier)?;
        let original = self.copied(family, from, source)?;
        let is_far = from != to || original.account != self.account;
        if family == Family::Cluster && !original.shown.encrypted && key.is_some() {
            return refused(
                "InvalidParameterCombination",
                "An unencrypted cluster snapshot is not encrypted by a copy.",
            );
        }
        if original.shown.encrypted && is_far && key.is_none() {
            return refused(
                "InvalidParameterCombination",
                "KmsKeyId is required to copy an encrypted snapshot from another region or account.",
            );
        }
        if let Some(key) = key.filter(|key| key.starts_with("arn:") && !key.contains(&format!(":{to}:"))) {
            return refused("KMSKeyNotAccessibleFault", format!("The key {key} is not in {to}."));
        }
        let copied_from = (is_far || family == Family::Cluster).then(|| original.shown.arn.clone());
        let shown = Snapshot {
            status: "copying".into(),
            encrypted: original.shown.encrypted || key.is_some(),
            kms_key_id: key.cloned().or(original.shown.kms_key_id),
            copied_from,
            tags: tags.clone(),
            ..original.shown
        };
        let seconds = self.timing.copy;
        self.begin(family, to, &id.identifier, shown, seconds);
        Ok(())
    }

    fn copied(&self, family: Family, region: &str, source: &str) -> Result<Snap, Refused> {
        let is = |snap: &&Snap| {
            let own_name = snap.account == self.account && snap.name == source;
            snap.family == family && snap.region == region && (snap.shown.arn == source || own_name)
        };
        let Some(snap) = self.snaps.iter().find(is).filter(|snap| self.may_read(snap)) else {
            return refused(not_found(family), format!("{source} not found in {region}"));
        };
        if snap.shown.status != "available" {
            return refused(invalid_state(family), format!("{source} is {}", snap.shown.status));
        }
        Ok(snap.clone())
    }

    /// A snapshot of another account is seen if that account shares it.
    pub(super) fn may_read(&self, snap: &Snap) -> bool {
        snap.account == self.account || snap.shares.contains(&self.account) || snap.shares.contains("all")
    }
}
