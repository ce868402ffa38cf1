//! What runs in AWS under our owner tag and has no object: which of the tagged things that is, and why. Pure but for
//! [`survey`] and [`confirm`], which ask. Nobody acts upon it: it is counted and shown.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::CloudError;
use crate::aws::arn::Arn;
use crate::aws::owner::Owner;
use crate::aws::tagging::{Existence, Owned, Survey};

/// An object, as far as it can own something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The ARN in its status, once it has found its thing.
    pub arn: Option<String>,
    /// The region in its status.
    pub region: Option<String>,
}

/// The objects of each kind whose objects are all known.
pub type Holders = BTreeMap<String, Vec<Holder>>;

/// The regions that the objects are in.
pub fn regions(holders: &Holders) -> impl Iterator<Item = String> {
    holders.values().flatten().filter_map(|holder| holder.region.clone())
}

/// Whose orphans are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Household<'a> {
    /// Name of the installation.
    pub installation: &'a str,
    /// Uid of the cluster.
    pub cluster: &'a str,
    /// Only owners in these namespaces; empty: in all.
    pub namespaces: &'a [String],
}

/// Why a thing is an orphan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// There is no object of the owner's name.
    NoObject,
    /// There is, and it has another thing of this type.
    NamesAnother,
    /// It belongs to this installation in another cluster.
    OtherCluster,
}

impl Why {
    /// The word in tables and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Why::NoObject => "no object",
            Why::NamesAnother => "object names another",
            Why::OtherCluster => "other cluster",
        }
    }
}

/// A thing without an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// What it is.
    pub arn: Arn,
    /// The region that showed it.
    pub region: String,
    /// Whose it was.
    pub owner: Owner,
    /// Why it is one.
    pub why: Why,
    /// What a direct look said.
    pub existence: Existence,
}

/// What the tagged things are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Those without an object.
    pub orphans: Vec<Orphan>,
    /// Numbers of things whose kind's objects are not known, by kind: nothing is said of them.
    pub unjudged: BTreeMap<String, usize>,
    /// Things whose tag begins as ours and goes on in another shape: the ARN and the text.
    pub misshapen: Vec<(String, String)>,
}

/// Everything in these regions that carries an owner tag.
///
/// # Errors
/// The region that did not answer wholly, and why.
pub async fn survey(aws: &impl Survey, regions: &BTreeSet<String>) -> Result<Vec<Owned>, (String, CloudError)> {
    let mut all = Vec::new();
    for region in regions {
        all.extend(aws.owned(region).await.map_err(|error| (region.clone(), error))?);
    }
    Ok(all)
}

/// Tells the orphans from the rest.
pub fn judge(home: Household<'_>, things: Vec<Owned>, holders: &Holders) -> Verdict {
    let objects: BTreeMap<(&str, &str, &str), Option<&str>> = holders
        .iter()
        .flat_map(|(kind, all)| all.iter().map(move |one| (kind, one)))
        .map(|(kind, one)| ((kind.as_str(), one.namespace.as_str(), one.name.as_str()), one.arn.as_deref()))
        .collect();
    let mut verdict = Verdict::default();
    for Owned { arn, region, owner } in things {
        let owner = match owner {
            Ok(owner) if home.has(&owner) => owner,
            Err(text) if text.split('/').next() == Some(home.installation) => {
                verdict.misshapen.push((arn.text, text));
                continue;
            }
            Ok(_) | Err(_) => continue,
        };
        if !holders.contains_key(&owner.kind) {
            *verdict.unjudged.entry(owner.kind).or_default() += 1;
            continue;
        }
        let object = objects.get(&(owner.kind.as_str(), owner.namespace.as_str(), owner.name.as_str()));
        if let Some(why) = why(home, &arn, &owner, object) {
            verdict.orphans.push(Orphan { arn, region, owner, why, existence: Existence::Unasked });
        }
    }
    verdict.orphans.sort_by(|one, other| place(one).cmp(&place(other)));
    verdict
}

fn place(orphan: &Orphan) -> (&str, &str, &str, &Arn) {
    (&orphan.owner.namespace, &orphan.owner.name, &orphan.owner.kind, &orphan.arn)
}

impl Household<'_> {
    fn has(&self, owner: &Owner) -> bool {
        owner.installation == self.installation
            && (self.namespaces.is_empty() || self.namespaces.contains(&owner.namespace))
    }
}

/// `object`: whether there is one, and the ARN in its status.
fn why(home: Household<'_>, arn: &Arn, owner: &Owner, object: Option<&Option<&str>>) -> Option<Why> {
    if owner.cluster != home.cluster {
        return Some(Why::OtherCluster);
    }
    let Some(named) = object else { return Some(Why::NoObject) };
    // An object that has not found its thing yet may be about to. What is of another type, such as a snapshot or a group,
    // belongs to the object beside the thing that it names.
    let named = Arn::parse((*named)?);
    let is_another = named.resource_type == arn.resource_type && named.text != arn.text && !arn.is_replica_of(&named);
    is_another.then_some(Why::NamesAnother)
}

/// Numbers by kind, type and reason.
pub type Counts = BTreeMap<(String, String, &'static str), i64>;

/// The orphans, counted.
pub fn counts(orphans: Vec<Orphan>) -> Counts {
    let mut counts = Counts::new();
    for orphan in orphans {
        *counts.entry((orphan.owner.kind, orphan.arn.resource_type, orphan.why.word())).or_default() += 1;
    }
    counts
}

/// Looks directly at what is cheap to look at. Says how many were gone already; they are left out.
///
/// # Errors
/// The region that did not answer, and why; the orphans are as before then.
pub async fn confirm(aws: &impl Survey, orphans: &mut Vec<Orphan>) -> Result<usize, (String, CloudError)> {
    let mut regions: BTreeMap<&str, Vec<Arn>> = BTreeMap::new();
    for orphan in orphans.iter() {
        regions.entry(&orphan.region).or_default().push(orphan.arn.clone());
    }
    let mut known = BTreeMap::new();
    for (region, arns) in regions {
        known.append(&mut aws.existence(region, &arns).await.map_err(|error| (region.to_string(), error))?);
    }
    for orphan in orphans.iter_mut() {
        orphan.existence = known.get(&orphan.arn.text).copied().unwrap_or_default();
    }
    let before = orphans.len();
    orphans.retain(|orphan| orphan.existence != Existence::Gone);
    Ok(before - orphans.len())
}

#[cfg(test)]
pub(crate) mod tests;
