//! Capacity: billing mode, throughput, on-demand caps and warm throughput of table and indexes
//! (aws-dynamodb-elasticache-dms.md 1.3, 1.7).

use std::collections::BTreeMap;

use crate::aws::Seen;
use crate::aws::dynamo::{
    Action, BillingMode, Capacity, Dimension, OnDemandThroughput, TableIndex, Throughput, Update, WarmThroughput,
    cap_towards, warm_towards,
};
use crate::conditions::Reason;
use crate::kind::{Problem, Waiting, When};
use crate::spec::Change;

use super::scene::{Part, Scene, change, index_field, initial, units, wanted_indexes};
use super::states::What;
use super::{Autoscaling, GlobalSecondaryIndex};

/// A change of the billing mode, with all that AWS wants in the same call.
pub fn billing(scene: &Scene<'_>) -> Part {
    let (from, to) = (scene.mode(), scene.spec().settings.billing_mode);
    let Some(to) = to.filter(|to| *to != from) else { return Part::default() };
    let changes = vec![change("billingMode", Some(from.word().into()), Some(to.word().into()))];
    match to {
        BillingMode::PayPerRequest => to_on_demand(scene, changes),
        BillingMode::Provisioned => to_provisioned(scene, changes),
    }
}

/// Scalable targets outlive the change, and would bring the capacity back: they go first.
fn to_on_demand(scene: &Scene<'_>, changes: Vec<Change>) -> Part {
    let cap = scene.spec().settings.on_demand_throughput.and_then(positive);
    let action = Action::Update(Update::Billing {
        mode: BillingMode::PayPerRequest,
        throughput: None,
        cap,
        indexes: BTreeMap::new(),
    });
    let step = scene.step(What::Other, action, changes);
    Part::step(match &scene.observed.scaling {
        Seen::Present(targets) if targets.is_empty() => step,
        Seen::Absent => step,
        Seen::Present(_) => {
            step.when(When::After(Waiting::new(Reason::Updating, "autoscaling is taken away before the change")))
        }
        Seen::Unread(why) => {
            let text = format!("autoscaling must be known before the change, and could not be read: {why}");
            step.when(When::After(Waiting::new(Reason::Unreadable, text)))
        }
    })
}

fn to_provisioned(scene: &Scene<'_>, mut changes: Vec<Change>) -> Part {
    let spec = scene.spec();
    let wanted = wanted_indexes(spec).unwrap_or_default();
    let mut missing = Vec::new();
    let throughput = initial(spec.settings.provisioned_throughput, spec.autoscaling.as_ref());
    match throughput {
        Some(throughput) => changes.push(change("provisionedThroughput", None, Some(units(throughput)))),
        None => missing.push("spec.provisionedThroughput".to_string()),
    }
    let mut indexes = BTreeMap::new();
    let goes = |name: &String, index: &TableIndex| {
        index.status == "DELETING" || (spec.global_secondary_indexes.is_some() && !wanted.contains_key(name))
    };
    let leaving = scene.table.indexes.iter().find(|(name, index)| goes(name, index)).map(|(name, _)| name);
    for (name, _) in scene.table.indexes.iter().filter(|(name, index)| !goes(name, index)) {
        match wanted.get(name).and_then(|index| index.throughput) {
            Some(throughput) => {
                changes.push(change(
                    format!("{}.provisionedThroughput", index_field(name)),
                    None,
                    Some(units(throughput)),
                ));
                indexes.insert(name.clone(), throughput);
            }
            None => missing.push(format!("provisionedThroughput of index {name}")),
        }
    }
    if !missing.is_empty() {
        return Part::refuses(Problem::new(
            Reason::InvalidSpec,
            format!(
                "spec.billingMode PROVISIONED needs the capacity of the table and of every index at once: give {}",
                missing.join(", ")
            ),
        ));
    }
    let action = Action::Update(Update::Billing { mode: BillingMode::Provisioned, throughput, cap: None, indexes });
    let step = scene.step(What::Other, action, changes);
    Part::step(match leaving.filter(|_| step.when == When::Now) {
        Some(name) => step.when(When::After(Waiting::new(Reason::Updating, format!("index {name} is removed first")))),
        None => step,
    })
}

/// Throughput of a provisioned table or the caps of one on demand.
pub fn throughput(scene: &Scene<'_>) -> Part {
    let stays = scene.spec().settings.billing_mode.is_none_or(|mode| mode == scene.mode());
    match scene.mode() {
        _ if !stays => Part::default(),
        BillingMode::Provisioned => provisioned(scene),
        BillingMode::PayPerRequest => caps(scene).and(index_caps(scene)),
    }
}

fn provisioned(scene: &Scene<'_>) -> Part {
    let spec = scene.spec();
    let mut changes = Vec::new();
    let mut differs =
        |name: Option<&str>, given: Option<Throughput>, scaling: Option<&Autoscaling>, now: Throughput| {
            let wanted = unscaled(scene, name, given?, scaling, now);
            let prefix = name.map(|name| format!("{}.", index_field(name))).unwrap_or_default();
            (wanted != now).then(|| {
                changes.push(change(format!("{prefix}provisionedThroughput"), Some(units(now)), Some(units(wanted))));
                wanted
            })
        };
    let now = scene.table.settings.provisioned_throughput;
    let table = now.and_then(|now| differs(None, spec.settings.provisioned_throughput, spec.autoscaling.as_ref(), now));
    let mut indexes = BTreeMap::new();
    for (wanted, index) in managed(scene) {
        let given = wanted.provisioned_throughput.filter(|_| index.status == "ACTIVE");
        if let Some(wish) =
            index.index.throughput.and_then(|now| differs(Some(&wanted.name), given, wanted.autoscaling.as_ref(), now))
        {
            indexes.insert(wanted.name.clone(), wish);
        }
    }
    if changes.is_empty() {
        return Part::default();
    }
    let action = Action::Update(Update::Throughput { table, indexes });
    let step = scene.step(What::Throughput, action, changes);
    Part::step(match &scene.observed.scaling {
        Seen::Unread(why) => {
            let text = format!("autoscaling may have moved the capacity, and could not be read: {why}");
            step.when(When::After(Waiting::new(Reason::Unreadable, text)))
        }
        Seen::Present(_) | Seen::Absent => step,
    })
}

/// A dimension that autoscaling moves is its business: it keeps what AWS has.
fn unscaled(
    scene: &Scene<'_>,
    index: Option<&str>,
    given: Throughput,
    scaling: Option<&Autoscaling>,
    now: Throughput,
) -> Throughput {
    let moves = |capacity: Capacity| {
        let dimension = Dimension { index: index.map(String::from), capacity };
        let registered = scene.observed.scaling.present().is_some_and(|targets| targets.contains_key(&dimension));
        match (scaling, capacity) {
            (Some(scaling), Capacity::Read) => scaling.read.is_some(),
            (Some(scaling), Capacity::Write) => scaling.write.is_some(),
            (None, _) => registered,
        }
    };
    Throughput {
        read_capacity_units: if moves(Capacity::Read) { now.read_capacity_units } else { given.read_capacity_units },
        write_capacity_units: if moves(Capacity::Write) {
            now.write_capacity_units
        } else {
            given.write_capacity_units
        },
    }
}

fn caps(scene: &Scene<'_>) -> Part {
    let (wanted, now) = (scene.spec().settings.on_demand_throughput, scene.table.settings.on_demand_throughput);
    let Some(wanted) = wanted else { return Part::default() };
    let changes = cap_changes("onDemandThroughput", wanted, now.unwrap_or_default());
    if changes.is_empty() {
        return Part::default();
    }
    let cap = cap_towards(Some(wanted), now).unwrap_or(wanted);
    Part::step(scene.step(What::Throughput, Action::Update(Update::Cap(cap)), changes))
}

fn index_caps(scene: &Scene<'_>) -> Part {
    let (mut caps, mut changes) = (BTreeMap::new(), Vec::new());
    for (wanted, index) in managed(scene).filter(|(_, index)| index.status == "ACTIVE") {
        let Some(wish) = wanted.on_demand_throughput else { continue };
        let prefix = format!("{}.onDemandThroughput", index_field(&wanted.name));
        let differing = cap_changes(&prefix, wish, index.index.cap.unwrap_or_default());
        if !differing.is_empty() {
            changes.extend(differing);
            caps.insert(wanted.name.clone(), cap_towards(Some(wish), index.index.cap).unwrap_or(wish));
        }
    }
    if changes.is_empty() {
        return Part::default();
    }
    Part::step(scene.step(What::Throughput, Action::Update(Update::IndexCaps(caps)), changes))
}

/// -1 and no cap are the same.
fn cap_changes(field: &str, wanted: OnDemandThroughput, now: OnDemandThroughput) -> Vec<Change> {
    let limit = |units: Option<i64>| units.filter(|units| *units >= 0);
    let word = |units: Option<i64>| limit(units).map(|units| units.to_string());
    [
        ("maxReadRequestUnits", wanted.max_read_request_units, now.max_read_request_units),
        ("maxWriteRequestUnits", wanted.max_write_request_units, now.max_write_request_units),
    ]
    .into_iter()
    .filter(|(_, wanted, now)| wanted.is_some() && limit(*wanted) != limit(*now))
    .map(|(name, wanted, now)| change(format!("{field}.{name}"), word(now), word(wanted)))
    .collect()
}

/// What of a cap limits something; an empty one must not be sent.
pub fn positive(cap: OnDemandThroughput) -> Option<OnDemandThroughput> {
    let limit = |units: Option<i64>| units.filter(|units| *units > 0);
    let cap = OnDemandThroughput {
        max_read_request_units: limit(cap.max_read_request_units),
        max_write_request_units: limit(cap.max_write_request_units),
    };
    (cap != OnDemandThroughput::default()).then_some(cap)
}

/// Warm throughput is a floor: AWS raises it by itself and never lowers it.
pub fn warm(scene: &Scene<'_>) -> Part {
    let mut part = Part::default();
    let settings = &scene.spec().settings;
    if let Some((warm, changes)) =
        raise("warmThroughput", settings.warm_throughput, scene.table.settings.warm_throughput)
    {
        part.steps.push(scene.step(What::Warm, Action::Update(Update::Warm(warm)), changes));
    }
    for (wanted, index) in managed(scene).filter(|(_, index)| index.status == "ACTIVE") {
        let prefix = format!("{}.warmThroughput", index_field(&wanted.name));
        if let Some((warm, changes)) = raise(&prefix, wanted.warm_throughput, index.index.warm) {
            let action = Action::Update(Update::IndexWarm { index: wanted.name.clone(), warm });
            part.steps.push(scene.step(What::Warm, action, changes));
        }
    }
    part
}

fn raise(
    field: &str,
    wanted: Option<WarmThroughput>,
    now: Option<WarmThroughput>,
) -> Option<(WarmThroughput, Vec<Change>)> {
    let raised = warm_towards(wanted, now)?;
    let now = now.unwrap_or_default();
    let text = |warm: WarmThroughput| {
        Some(format!("{} reads, {} writes per second", warm.read_units_per_second, warm.write_units_per_second))
    };
    (raised != now).then(|| (raised, vec![change(field, text(now), text(raised))]))
}

/// Indexes that are both in the spec and in AWS.
fn managed<'a>(scene: &'a Scene<'_>) -> impl Iterator<Item = (&'a GlobalSecondaryIndex, &'a TableIndex)> {
    let wanted = scene.spec().global_secondary_indexes.iter().flatten();
    wanted.filter_map(|index| Some((index, scene.table.indexes.get(&index.name)?)))
}
