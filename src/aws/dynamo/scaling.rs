//! Provisioned capacity that moves by itself is Application Auto Scaling's, a service with names of its own: a resource id for
//! the table and each index, a dimension for reads and writes.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use aws_sdk_applicationautoscaling::types as sdk;
use aws_smithy_types::error::operation::BuildError;

use super::{Capacity, Dimension, Scaling, ScalingPolicy};

/// Longest name of a policy.
const NAME_MAX: usize = 256;

/// `table/<t>` or `table/<t>/index/<i>`.
pub(super) fn resource_id(table: &str, index: Option<&str>) -> String {
    match index {
        None => format!("table/{table}"),
        Some(index) => format!("table/{table}/index/{index}"),
    }
}

/// The index of a resource id of this table: `None` when it is not of this table.
fn index_of(resource_id: &str, table: &str) -> Option<Option<String>> {
    let rest = resource_id.strip_prefix("table/")?.strip_prefix(table)?;
    if rest.is_empty() {
        return Some(None);
    }
    rest.strip_prefix("/index/").map(|index| Some(index.into()))
}

pub(super) fn scalable_dimension(dimension: &Dimension) -> sdk::ScalableDimension {
    match (&dimension.index, dimension.capacity) {
        (None, Capacity::Read) => sdk::ScalableDimension::DynamoDbTableReadCapacityUnits,
        (None, Capacity::Write) => sdk::ScalableDimension::DynamoDbTableWriteCapacityUnits,
        (Some(_), Capacity::Read) => sdk::ScalableDimension::DynamoDbIndexReadCapacityUnits,
        (Some(_), Capacity::Write) => sdk::ScalableDimension::DynamoDbIndexWriteCapacityUnits,
    }
}

fn metric(capacity: Capacity) -> sdk::MetricType {
    match capacity {
        Capacity::Read => sdk::MetricType::DynamoDbReadCapacityUtilization,
        Capacity::Write => sdk::MetricType::DynamoDbWriteCapacityUtilization,
    }
}

/// As AWS's console and DynamoDB itself name it, so that a table of theirs that is adopted keeps its policy: AWS takes one
/// per metric. Longest names do not fit, and are hashed.
pub(super) fn policy_name(table: &str, dimension: &Dimension) -> String {
    let resource = resource_id(table, dimension.index.as_deref());
    let name = format!("{}:{resource}", metric(dimension.capacity).as_str());
    if name.len() <= NAME_MAX {
        return name;
    }
    let hash = digest(&SHA256, resource.as_bytes());
    let hex: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}:{hex}", metric(dimension.capacity).as_str())
}

/// Tracks the use of the capacity.
pub(super) fn configuration(
    dimension: &Dimension,
    policy: &ScalingPolicy,
) -> Result<sdk::TargetTrackingScalingPolicyConfiguration, BuildError> {
    let ScalingPolicy { target_utilization, scale_in_cooldown, scale_out_cooldown } = policy;
    let metric =
        sdk::PredefinedMetricSpecification::builder().predefined_metric_type(metric(dimension.capacity)).build()?;
    sdk::TargetTrackingScalingPolicyConfiguration::builder()
        .target_value(f64::from(*target_utilization))
        .predefined_metric_specification(metric)
        .set_scale_in_cooldown(*scale_in_cooldown)
        .set_scale_out_cooldown(*scale_out_cooldown)
        .build()
}

/// AWS counts capacity in 32 bits here.
pub(super) fn units(units: i64) -> i32 {
    i32::try_from(units).unwrap_or(i32::MAX)
}

/// Targets of a table by dimension, still without their policies.
pub(super) fn targets(of: &[sdk::ScalableTarget], table: &str) -> BTreeMap<Dimension, Scaling> {
    let one = |target: &sdk::ScalableTarget| {
        let dimension = dimension(target.resource_id(), target.scalable_dimension(), table)?;
        let range = (i64::from(target.min_capacity()), i64::from(target.max_capacity()));
        Some((dimension, Scaling { range, policy: None }))
    };
    of.iter().filter_map(one).collect()
}

/// Puts our policies to their targets.
pub(super) fn with_policies(
    mut targets: BTreeMap<Dimension, Scaling>,
    of: &[sdk::ScalingPolicy],
    table: &str,
) -> BTreeMap<Dimension, Scaling> {
    for one in of {
        let Some(dimension) = dimension(one.resource_id(), one.scalable_dimension(), table) else { continue };
        let Some(target) = targets.get_mut(&dimension) else { continue };
        if one.policy_name() == policy_name(table, &dimension) {
            target.policy = policy(one, &dimension);
        }
    }
    targets
}

/// A policy of our name that tracks something else is as good as none: PutScalingPolicy overwrites it.
fn policy(of: &sdk::ScalingPolicy, dimension: &Dimension) -> Option<ScalingPolicy> {
    let tracking = of.target_tracking_scaling_policy_configuration()?;
    let tracked = tracking.predefined_metric_specification()?.predefined_metric_type();
    (*tracked == metric(dimension.capacity)).then_some(())?;
    Some(ScalingPolicy {
        // Between 20 and 90 in DynamoDB.
        target_utilization: tracking.target_value().round() as i32,
        scale_in_cooldown: tracking.scale_in_cooldown(),
        scale_out_cooldown: tracking.scale_out_cooldown(),
    })
}

fn dimension(resource_id: &str, of: &sdk::ScalableDimension, table: &str) -> Option<Dimension> {
    let capacity = match of.as_str().rsplit(':').next()? {
        "ReadCapacityUnits" => Capacity::Read,
        "WriteCapacityUnits" => Capacity::Write,
        _ => return None,
    };
    Some(Dimension { index: index_of(resource_id, table)?, capacity })
}
