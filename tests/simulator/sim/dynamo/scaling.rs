//! Application Auto Scaling: targets that know no table.

use awsdb::aws::dynamo::{BillingMode, Capacity, Dimension, Scaling, ScalingPolicy};

use super::super::desk::{Answer, refused};
use super::Dynamo;

impl Dynamo {
    pub(super) fn register(&mut self, name: &str, dimension: &Dimension, range: (i64, i64)) -> Answer {
        let invalid = |words: &str| refused("ValidationException", words);
        let tab = self.tab(name)?;
        let status = match &dimension.index {
            None => Some(tab.shown.status.as_str()),
            Some(index) => tab.shown.indexes.get(index).map(|index| index.status.as_str()),
        };
        match status {
            None | Some("CREATING" | "DELETING") => return invalid("DynamoDB table or index does not exist"),
            Some(_) if tab.mode() != BillingMode::Provisioned => return invalid("The table is in on-demand mode"),
            Some(_) if range.0 < 1 || range.1 < range.0 => return invalid("Minimum capacity cannot exceed maximum"),
            Some(_) => {}
        }
        self.targets.entry((name.into(), dimension.clone())).or_default().range = range;
        Ok(())
    }

    pub(super) fn put_scaling_policy(&mut self, name: &str, dimension: &Dimension, policy: &ScalingPolicy) -> Answer {
        self.target(name, dimension)?.policy = Some(policy.clone());
        Ok(())
    }

    pub(super) fn deregister(&mut self, name: &str, dimension: &Dimension) -> Answer {
        self.target(name, dimension)?;
        self.targets.remove(&(name.to_string(), dimension.clone()));
        Ok(())
    }

    fn target(&mut self, name: &str, dimension: &Dimension) -> Result<&mut Scaling, super::Refused> {
        let missing = ("ObjectNotFoundException", "No scalable target registered for that dimension".to_string());
        self.targets.get_mut(&(name.to_string(), dimension.clone())).ok_or(missing)
    }

    /// Whether the write capacity of the table and of each index has a target with a policy.
    pub(super) fn writes_are_autoscaled(&self, name: &str) -> bool {
        let Some(tab) = self.tables.get(name) else { return false };
        let all = std::iter::once(None).chain(tab.shown.indexes.keys().cloned().map(Some));
        let mut dimensions = all.map(|index| Dimension { index, capacity: Capacity::Write });
        dimensions.all(|dimension| {
            self.targets.get(&(name.to_string(), dimension)).is_some_and(|target| target.policy.is_some())
        })
    }

    /// The load moves a capacity within its range.
    pub fn load_moves(&mut self, name: &str, dimension: Dimension, units: i64) {
        let range = self.targets[&(name.to_string(), dimension.clone())].range;
        let units = units.clamp(range.0, range.1);
        let tab = self.tables.get_mut(name).expect("the table exists");
        let throughput = match &dimension.index {
            None => tab.shown.settings.provisioned_throughput.as_mut(),
            Some(index) => tab.shown.indexes.get_mut(index).and_then(|index| index.index.throughput.as_mut()),
        };
        let throughput = throughput.expect("the capacity is provisioned");
        match dimension.capacity {
            Capacity::Read => throughput.read_capacity_units = units,
            Capacity::Write => throughput.write_capacity_units = units,
        }
    }
}
