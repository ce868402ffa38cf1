//! Facts that stop nothing and that the user should know (the checks of aws-dynamodb-elasticache-dms.md 1.10 that need no
//! metrics and no prices).

use crate::aws::Seen;
use crate::aws::dynamo::{BillingMode, Capacity, Dimension, Index, Observed, ProjectionType, Table};
use crate::spec::DeletionPolicy;

use super::DynamoTable;

/// Every finding, each with its id.
pub fn advisories(object: &DynamoTable, observed: &Observed, table: &Table) -> Vec<String> {
    [
        recovery(observed),
        protection(object, table),
        scaling(observed, table),
        fixed_range(observed),
        wide_indexes(table),
        unscaled_index(observed, table),
        local_indexes(table),
        open_policy(observed),
        replicas(observed, table),
        failed_insights(observed),
        covered(table),
        key_ttl(observed, table),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn recovery(observed: &Observed) -> Option<String> {
    let backups = observed.continuous_backups.present()?;
    (!backups.is_enabled).then(|| {
        "DDB1: point-in-time recovery is off; spec.pointInTimeRecovery.enabled: true lets any moment of 35 days be restored".into()
    })
}

fn protection(object: &DynamoTable, table: &Table) -> Option<String> {
    let deletes = object.spec.shared.deletion_policy == DeletionPolicy::Delete;
    (deletes && table.settings.deletion_protection == Some(false)).then(|| {
        "DDB2: deletionPolicy is Delete and deletion protection is off; spec.deletionProtection: true holds a deletion".into()
    })
}

fn is_provisioned(table: &Table) -> bool {
    table.settings.billing_mode == Some(BillingMode::Provisioned)
}

fn scaling(observed: &Observed, table: &Table) -> Option<String> {
    let targets = observed.scaling.present().filter(|_| is_provisioned(table))?;
    let has = |capacity| targets.contains_key(&Dimension { index: None, capacity });
    (!has(Capacity::Read) || !has(Capacity::Write)).then(|| {
        "DDB3: capacity is provisioned and fixed; spec.autoscaling follows the load, billingMode PAY_PER_REQUEST needs no plan".into()
    })
}

fn fixed_range(observed: &Observed) -> Option<String> {
    let targets = observed.scaling.present()?;
    let (dimension, _) = targets.iter().find(|(_, target)| target.range.0 == target.range.1)?;
    Some(format!("DDB4: {} has min equal to max, so nothing scales", super::scene::scaling_field(dimension)))
}

fn wide_indexes(table: &Table) -> Option<String> {
    let wide = table.indexes.values().filter(|index| index.index.projection.type_ == ProjectionType::All).count();
    (wide >= 3).then(|| format!("DDB6: {wide} indexes hold every attribute; each write is paid for again in each"))
}

fn unscaled_index(observed: &Observed, table: &Table) -> Option<String> {
    let targets = observed.scaling.present().filter(|_| is_provisioned(table))?;
    let has = |index: Option<&String>, capacity| targets.contains_key(&Dimension { index: index.cloned(), capacity });
    let lacks = |name: &String| {
        [Capacity::Read, Capacity::Write].into_iter().any(|one| has(None, one) && !has(Some(name), one))
    };
    let (name, _) = table.indexes.iter().find(|(name, index)| index.status == "ACTIVE" && lacks(name))?;
    Some(format!("DDB7: the table scales and index {name} does not; a throttled index throttles writes to the table"))
}

fn local_indexes(table: &Table) -> Option<String> {
    let name = table.local_indexes.keys().next()?;
    Some(format!("DDB8: local index {name} limits each partition key to 10 GB and cannot be dropped"))
}

fn open_policy(observed: &Observed) -> Option<String> {
    let policy: serde_json::Value = serde_json::from_str(observed.resource_policy.present()?).ok()?;
    let statements = match policy.get("Statement")? {
        serde_json::Value::Array(list) => list.clone(),
        one => vec![one.clone()],
    };
    let is_any =
        |one: &serde_json::Value| one == "*" || one.as_array().is_some_and(|list| list.iter().any(|one| one == "*"));
    let is_open = |statement: &serde_json::Value| {
        let principal = statement.get("Principal");
        let any = principal.is_some_and(|one| is_any(one) || one.get("AWS").is_some_and(is_any));
        statement.get("Effect").is_some_and(|effect| effect == "Allow") && any && statement.get("Condition").is_none()
    };
    statements.iter().any(is_open).then(|| {
        "DDB10: the resource policy allows every principal without a condition: anybody can use the table".into()
    })
}

fn replicas(observed: &Observed, table: &Table) -> Option<String> {
    let recovers = observed.continuous_backups.present().is_some_and(|backups| backups.is_enabled);
    let protected = table.settings.deletion_protection == Some(true);
    let (region, _) = observed.replica_facts.iter().find(|(_, facts)| {
        (recovers && facts.point_in_time_recovery == Seen::Present(false))
            || (protected && facts.deletion_protection == Seen::Present(false))
    })?;
    Some(format!(
        "DDB13: the replica in {region} lacks the point-in-time recovery or deletion protection that the table has"
    ))
}

fn failed_insights(observed: &Observed) -> Option<String> {
    let insights = observed.contributor_insights.present()?;
    let (index, state) = insights.iter().find(|(_, state)| state.status == "FAILED")?;
    let whose = index.as_ref().map_or("the table".into(), |index| format!("index {index}"));
    let words = state.failure.as_ref().map(|words| format!(" ({words})")).unwrap_or_default();
    Some(format!(
        "DDB14: contributor insights of {whose} have failed{words}; usually the limit of CloudWatch insight rules is reached"
    ))
}

fn covered(table: &Table) -> Option<String> {
    let holds = |one: &Index, other: &Index| {
        one.projection.type_ == ProjectionType::All
            || (one.projection.type_ == other.projection.type_
                && one.projection.non_key_attributes == other.projection.non_key_attributes)
    };
    let of_table = |index: &Index| {
        index.hash == [table.keys.hash.clone()] && index.range == table.keys.range.iter().cloned().collect::<Vec<_>>()
    };
    if let Some((name, _)) = table.indexes.iter().find(|(_, index)| of_table(&index.index)) {
        return Some(format!("DDB17: index {name} has the keys of the table, which holds as much"));
    }
    let pairs = table.indexes.iter().flat_map(|one| table.indexes.iter().map(move |other| (one, other)));
    let ((wide, _), (name, _)) = pairs.into_iter().find(|((wide, one), (name, other))| {
        let (one, other) = (&one.index, &other.index);
        wide != name
            && one.hash == other.hash
            && one.range == other.range
            && holds(one, other)
            && (!holds(other, one) || wide < name)
    })?;
    Some(format!("DDB17: index {name} has the keys of index {wide}, which holds as much"))
}

fn key_ttl(observed: &Observed, table: &Table) -> Option<String> {
    let attribute = observed.time_to_live.present()?.attribute_name.as_ref()?;
    let keys = std::iter::once(&table.keys.hash)
        .chain(&table.keys.range)
        .chain(table.indexes.values().flat_map(|index| index.index.hash.iter().chain(&index.index.range)))
        .chain(table.local_indexes.values().map(|index| &index.range));
    let key =
        keys.into_iter().find(|key| key.name == *attribute && key.type_ != crate::aws::dynamo::AttributeType::N)?;
    Some(format!("DDB16: time to live reads {}, a key of type {}: only numbers expire", key.name, key.type_.word()))
}
