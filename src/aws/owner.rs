//! Identifiers and ownership tags: how a lost answer, a restart or a rebuilt cluster finds its
//! own database again, and how nobody else's is touched (product.md section 5).

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};

/// Tags as AWS holds them.
pub type Tags = BTreeMap<String, String>;

/// Tag with the owner: `<installation>/<kind>/<namespace>/<name>`.
pub const OWNER_TAG: &str = "awsdb.dev/owner";
/// Tag with the uid of the cluster's `kube-system` namespace.
pub const CLUSTER_TAG: &str = "awsdb.dev/cluster";
/// Tag by which the AWS side allows a namespace to adopt, observe or copy a thing.
pub const ALLOW_TAG: &str = "awsdb.dev/allow";

/// Who an AWS thing belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Name of this installation of the operator, `[a-z0-9-]{1,40}`.
    pub installation: String,
    /// Uid of the `kube-system` namespace.
    pub cluster: String,
    /// Kind of the object, e.g. `RdsInstance`.
    pub kind: String,
    /// Namespace of the object.
    pub namespace: String,
    /// Name of the object.
    pub name: String,
}

/// What the tags of a thing say about whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Ours.
    Mine,
    /// The same owner text from another cluster (its uid): a copied values file, or a rebuilt cluster.
    OtherCluster(String),
    /// Somebody else's (the owner text).
    Other(String),
    /// No owner tag.
    Nobody,
}

impl Owner {
    /// The text of the owner tag, also the label value's long form on Secrets.
    pub fn text(&self) -> String {
        format!("{}/{}/{}/{}", self.installation, self.kind, self.namespace, self.name)
    }

    /// Whose a thing is, by its tags; `None` where the text is not of the shape of [`Self::text`]. Without the cluster's tag
    /// the cluster is empty, which is nobody's.
    pub fn of(tags: &Tags) -> Option<Self> {
        let parts: Vec<&str> = tags.get(OWNER_TAG)?.split('/').collect();
        let [installation, kind, namespace, name] = parts.as_slice() else { return None };
        let is_whole = parts.iter().all(|part| !part.is_empty());
        is_whole.then(|| Self {
            installation: (*installation).into(),
            cluster: tags.get(CLUSTER_TAG).cloned().unwrap_or_default(),
            kind: (*kind).into(),
            namespace: (*namespace).into(),
            name: (*name).into(),
        })
    }

    /// The two tags that every create call carries.
    pub fn tags(&self) -> Tags {
        Tags::from([(OWNER_TAG.into(), self.text()), (CLUSTER_TAG.into(), self.cluster.clone())])
    }

    /// Whose thing carries these tags.
    pub fn claim(&self, tags: &Tags) -> Claim {
        match tags.get(OWNER_TAG) {
            None => Claim::Nobody,
            Some(owner) if *owner != self.text() => Claim::Other(owner.clone()),
            Some(_) => match tags.get(CLUSTER_TAG) {
                Some(cluster) if *cluster == self.cluster => Claim::Mine,
                other => Claim::OtherCluster(other.cloned().unwrap_or_default()),
            },
        }
    }

    /// Whether the AWS side lets this namespace use the thing.
    pub fn is_allowed(&self, tags: &Tags) -> bool {
        let (mine, all) = (format!("{}/{}", self.installation, self.namespace), format!("{}/*", self.installation));
        tags.get(ALLOW_TAG).is_some_and(|allowed| allowed.split_whitespace().any(|one| one == mine || one == all))
    }
}

/// The name in AWS of an object that names none: `<namespace>-<name>`, made to fit AWS's rules
/// (lower-case letters, digits and single hyphens, a letter first, at most `max` characters).
/// Whenever that changed the text, `-` and six hex digits of a hash are appended, so that two
/// objects cannot meet in one identifier.
pub fn default_identifier(kind: &str, namespace: &str, name: &str, max: usize) -> String {
    let plain = format!("{namespace}-{name}");
    let mut fit = String::with_capacity(plain.len());
    for c in plain.chars().map(|c| c.to_ascii_lowercase()) {
        let c = if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' };
        if c != '-' || !fit.ends_with('-') {
            fit.push(c);
        }
    }
    if !fit.starts_with(|c: char| c.is_ascii_lowercase()) {
        fit = format!("db-{}", fit.trim_start_matches('-'));
    }
    let fit = fit.trim_end_matches('-');
    if fit == plain && fit.len() <= max {
        return plain;
    }
    let room = max.saturating_sub(7).min(fit.len());
    format!("{}-{}", fit[..room].trim_end_matches('-'), hash(&[kind, namespace, name], 6))
}

/// The first `digits` hex digits of a SHA-256 over length-prefixed parts.
pub fn hash(parts: &[&str], digits: usize) -> String {
    let joined: String = parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
    let sum = digest(&SHA256, joined.as_bytes());
    let mut hex: String = sum.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    hex.truncate(digits);
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner() -> Owner {
        Owner {
            installation: "prod".into(),
            cluster: "uid-1".into(),
            kind: "RdsInstance".into(),
            namespace: "shop".into(),
            name: "orders".into(),
        }
    }

    #[test]
    fn a_plain_name_is_kept_and_a_changed_one_gets_a_hash() {
        assert_eq!(default_identifier("RdsInstance", "shop", "orders", 63), "shop-orders");
        for (namespace, name) in [("shop", "orders.v2"), ("1shop", "orders"), ("shop", "a--b")] {
            let id = default_identifier("RdsInstance", namespace, name, 63);
            assert!(id.starts_with(|c: char| c.is_ascii_lowercase()) && !id.contains("--"), "{id}");
            assert_ne!(id, format!("{namespace}-{name}"));
        }
    }

    #[test]
    fn long_names_are_cut_to_the_limit_without_meeting() {
        let (a, b) = ("a".repeat(62) + "x", "a".repeat(62) + "y");
        let (one, two) =
            (default_identifier("RdsInstance", "shop", &a, 63), default_identifier("RdsInstance", "shop", &b, 63));
        assert!(one.len() <= 63 && two.len() <= 63);
        assert_ne!(one, two);
    }

    #[test]
    fn the_tags_of_a_create_claim_the_thing_for_its_maker_only() {
        let me = owner();
        assert_eq!(me.claim(&me.tags()), Claim::Mine);
        let copied = Owner { cluster: "uid-2".into(), ..owner() };
        assert_eq!(copied.claim(&me.tags()), Claim::OtherCluster("uid-1".into()));
        let other = Owner { name: "billing".into(), ..owner() };
        assert_eq!(other.claim(&me.tags()), Claim::Other("prod/RdsInstance/shop/orders".into()));
        assert_eq!(me.claim(&Tags::new()), Claim::Nobody);
    }

    #[test]
    fn an_owner_reads_back_from_its_tags_and_no_other_text_passes_for_one() {
        assert_eq!(Owner::of(&owner().tags()), Some(owner()));
        for text in ["", "prod", "prod/RdsInstance/shop", "prod/RdsInstance/shop/", "/a/b/c", "a/b/c/d/e", "a//c/d"] {
            let tags = Tags::from([(OWNER_TAG.into(), text.into()), (CLUSTER_TAG.into(), "uid-1".into())]);
            assert_eq!(Owner::of(&tags), None, "{text}");
        }
        assert_eq!(Owner::of(&Tags::new()), None);
    }

    #[test]
    fn the_allow_tag_names_a_namespace_or_the_whole_installation() {
        let me = owner();
        for (value, allowed) in [
            ("prod/shop", true),
            ("prod/*", true),
            ("prod/other prod/shop", true),
            ("prod/shopping", false),
            ("*", false),
            ("test/shop", false),
        ] {
            let tags = Tags::from([(ALLOW_TAG.into(), value.into())]);
            assert_eq!(me.is_allowed(&tags), allowed, "{value}");
        }
    }
}
