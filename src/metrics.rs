//! What Prometheus scrapes. Objects are counted at the scrape, from the stores of the watches; everything else is counted
//! as it happens. No label carries an object's name: one series per object would outgrow the objects.

use std::collections::BTreeMap;
use std::fmt::Error;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use tokio::time::Instant;

use crate::aws::Called;
use crate::aws::limits::is_read;
use crate::aws::sweep::SweepAge;
use crate::conditions::TYPES;
use crate::orphans::Counts;
use crate::spec::SharedStatus;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    service: String,
    operation: String,
    result: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RoundLabels {
    kind: String,
    result: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PokeLabels {
    kind: String,
    cause: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SweepLabels {
    region: String,
    thing: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConditionLabels {
    kind: String,
    condition: String,
    status: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FamilyLabels {
    service: String,
    family: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WaitLabels {
    service: String,
    urgency: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OrphanLabels {
    kind: String,
    r#type: String,
    why: String,
}

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// The metrics of this process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    calls: Family<CallLabels, Counter>,
    call_seconds: Histograms<CallLabels>,
    wait_seconds: Histograms<WaitLabels>,
    allowed: Family<FamilyLabels, Gauge<f64, AtomicU64>>,
    rounds: Family<RoundLabels, Counter>,
    round_seconds: Histograms<KindLabels>,
    ready_seconds: Histograms<KindLabels>,
    in_flight: Family<KindLabels, Gauge>,
    pokes: Family<PokeLabels, Counter>,
    census: Arc<Census>,
    orphans: Arc<Orphans>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let metrics = Self {
            calls: Family::default(),
            call_seconds: Family::new_with_constructor(call_buckets),
            wait_seconds: Family::new_with_constructor(call_buckets),
            allowed: Family::default(),
            rounds: Family::default(),
            round_seconds: Family::new_with_constructor(call_buckets),
            ready_seconds: Family::new_with_constructor(ready_buckets),
            in_flight: Family::default(),
            pokes: Family::default(),
            census: Arc::default(),
            orphans: Arc::default(),
            registry: Registry::default(),
        };
        let build = vec![("version", env!("CARGO_PKG_VERSION"))];
        registry.register("awsdb_build", "Version of the operator", Info::new(build));
        registry.register(
            "awsdb_aws_calls",
            "AWS calls by their result, ok or AWS's error code",
            metrics.calls.clone(),
        );
        registry.register("awsdb_aws_call_seconds", "Duration of AWS calls with retries", metrics.call_seconds.clone());
        let help = "Time that AWS calls waited for their turn, by how urgent they were";
        registry.register("awsdb_aws_wait_seconds", help, metrics.wait_seconds.clone());
        let help = "Calls per second that a family of AWS calls may do; falls when AWS throttles";
        registry.register("awsdb_aws_calls_allowed", help, metrics.allowed.clone());
        registry.register("awsdb_reconciles", "Rounds by what came out of them", metrics.rounds.clone());
        registry.register("awsdb_reconcile_seconds", "Duration of rounds", metrics.round_seconds.clone());
        let help = "From the creation of an object to its first being ready";
        registry.register("awsdb_time_to_ready_seconds", help, metrics.ready_seconds.clone());
        registry.register("awsdb_rounds_in_flight", "Rounds that run at the moment", metrics.in_flight.clone());
        let help = "Objects that a sweep of AWS made due, by what it saw";
        registry.register("awsdb_pokes", help, metrics.pokes.clone());
        registry.register_collector(Box::new(metrics.census.clone()));
        registry.register_collector(Box::new(metrics.orphans.clone()));
        Self { registry, ..metrics }
    }
}

impl Metrics {
    /// Counts an AWS call.
    pub fn aws_call(&self, call: &Called<'_>) {
        let labels =
            CallLabels { service: call.service.into(), operation: call.operation.into(), result: call.result.into() };
        self.calls.get_or_create(&labels).inc();
        self.call_seconds.get_or_create(&labels).observe(call.took.as_secs_f64());
        let Some(allowed) = call.allowed else { return };
        let family = if is_read(call.operation) { "read" } else { "write" };
        let family = FamilyLabels { service: call.service.into(), family: family.into() };
        self.allowed.get_or_create(&family).set(allowed);
        let wait = WaitLabels { service: call.service.into(), urgency: call.urgency.word().into() };
        self.wait_seconds.get_or_create(&wait).observe(call.waited.as_secs_f64());
    }

    /// Counts a round.
    pub fn round(&self, kind: &str, result: &str, took: Duration) {
        self.rounds.get_or_create(&RoundLabels { kind: kind.into(), result: result.into() }).inc();
        self.round_seconds.get_or_create(&KindLabels { kind: kind.into() }).observe(took.as_secs_f64());
    }

    /// An object became ready for the first time, this long after it was made.
    pub fn became_ready(&self, kind: &str, age: Duration) {
        self.ready_seconds.get_or_create(&KindLabels { kind: kind.into() }).observe(age.as_secs_f64());
    }

    /// A round that counts as running until this is dropped.
    pub fn running(&self, kind: &str) -> Running {
        let gauge = self.in_flight.get_or_create_owned(&KindLabels { kind: kind.into() });
        gauge.inc();
        Running(gauge)
    }

    /// A sweep made an object due.
    pub fn poked(&self, kind: &str, cause: &str) {
        self.pokes.get_or_create(&PokeLabels { kind: kind.into(), cause: cause.into() }).inc();
    }

    /// Objects of this kind are counted by this at every scrape.
    pub fn count_objects(&self, kind: &str, count: impl Fn(&mut Objects) + Send + Sync + 'static) {
        let mut sources = self.census.objects.lock().unwrap_or_else(PoisonError::into_inner);
        sources.push((kind.into(), Box::new(count)));
    }

    /// Things in AWS without an object, just counted; `None` when they could not be.
    pub fn orphans(&self, counts: Option<Counts>) {
        let mut last = self.orphans.0.lock().unwrap_or_else(PoisonError::into_inner);
        *last = counts.map(|counts| (Instant::now(), counts));
    }

    /// How current the sweeps are is asked of this at every scrape.
    pub fn count_sweeps(&self, count: impl Fn() -> Vec<SweepAge> + Send + Sync + 'static) {
        *self.census.sweeps.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(count));
    }

    /// The text that Prometheus reads.
    ///
    /// # Errors
    /// When the text could not be written.
    pub fn text(&self) -> Result<String, Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// A running round.
#[derive(Debug)]
pub struct Running(Gauge);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// 25 ms to 50 s.
fn call_buckets() -> Histogram {
    Histogram::new([0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0])
}

/// Databases take minutes; restores take hours.
fn ready_buckets() -> Histogram {
    Histogram::new([10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 21600.0])
}

/// What the conditions of one object say, in the order of [`TYPES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing([Said; TYPES.len()]);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    True,
    False,
    Unknown,
}

impl Said {
    fn word(self) -> &'static str {
        match self {
            Said::True => "True",
            Said::False => "False",
            Said::Unknown => "Unknown",
        }
    }
}

impl Standing {
    /// `Reconciling` and `Stalled` are false when absent, the others unknown.
    pub fn of(status: Option<&SharedStatus>) -> Self {
        Self(TYPES.map(|condition| {
            let said = status.and_then(|status| status.conditions.iter().find(|one| one.type_ == condition));
            match said.map(|one| one.status.as_str()) {
                Some("True") => Said::True,
                Some("False") => Said::False,
                None if matches!(condition, "Reconciling" | "Stalled") => Said::False,
                Some(_) | None => Said::Unknown,
            }
        }))
    }
}

/// The objects of one kind, counted.
#[derive(Debug, Default)]
pub struct Objects {
    by_condition: BTreeMap<(&'static str, &'static str), i64>,
    undecodable: i64,
}

impl Objects {
    /// Counts an object.
    pub fn add(&mut self, standing: Standing) {
        for (condition, said) in TYPES.into_iter().zip(standing.0) {
            *self.by_condition.entry((condition, said.word())).or_default() += 1;
        }
    }

    /// Counts an object that this version cannot read.
    pub fn add_undecodable(&mut self) {
        self.undecodable += 1;
    }
}

type Source = (String, Box<dyn Fn(&mut Objects) + Send + Sync>);

type Sweeps = Box<dyn Fn() -> Vec<SweepAge> + Send + Sync>;

/// What is counted at the scrape.
#[derive(Default)]
struct Census {
    objects: Mutex<Vec<Source>>,
    sweeps: Mutex<Option<Sweeps>>,
}

impl std::fmt::Debug for Census {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Census")
    }
}

impl Census {
    fn take(&self) -> BTreeMap<String, Objects> {
        let mut kinds = BTreeMap::<String, Objects>::new();
        for (kind, count) in self.objects.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            count(kinds.entry(kind.clone()).or_default());
        }
        kinds
    }

    fn encode_sweeps(&self, encoder: &mut DescriptorEncoder) -> Result<(), Error> {
        let sweeps = self.sweeps.lock().unwrap_or_else(PoisonError::into_inner);
        let sweeps = sweeps.as_ref().map(|count| count()).unwrap_or_default();
        let help = "Everything that objects are interested in was read within this time";
        let mut family = encoder.encode_descriptor("awsdb_sweep_age_seconds", help, None, MetricType::Gauge)?;
        for SweepAge { region, thing, age } in sweeps {
            let labels = SweepLabels { region, thing: thing.into() };
            ConstGauge::new(age.as_secs_f64()).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

impl Collector for Census {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), Error> {
        self.encode_sweeps(&mut encoder)?;
        let kinds = self.take();
        let help = "Objects by condition and its status";
        let mut family = encoder.encode_descriptor("awsdb_objects", help, None, MetricType::Gauge)?;
        for (kind, objects) in &kinds {
            for (condition, status) in
                TYPES.iter().flat_map(|one| ["True", "False", "Unknown"].map(|word| (*one, word)))
            {
                let labels = ConditionLabels { kind: kind.clone(), condition: condition.into(), status: status.into() };
                let number = objects.by_condition.get(&(condition, status)).copied().unwrap_or_default();
                ConstGauge::new(number).encode(family.encode_family(&labels)?)?;
            }
        }
        let help = "Objects that this version of the operator cannot read";
        let mut family = encoder.encode_descriptor("awsdb_undecodable_objects", help, None, MetricType::Gauge)?;
        for (kind, objects) in &kinds {
            let labels = KindLabels { kind: kind.clone() };
            ConstGauge::new(objects.undecodable).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

/// The last count of things without an object, and when it was made. A count that failed leaves nothing: an old figure
/// would be taken for a new one.
#[derive(Debug, Default)]
struct Orphans(Mutex<Option<(Instant, Counts)>>);

impl Collector for Orphans {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), Error> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((at, counts)) = last.as_ref() else { return Ok(()) };
        let help = "Seconds since things without an object were counted; missing when they could not be";
        let family = encoder.encode_descriptor("awsdb_orphans_age_seconds", help, None, MetricType::Gauge)?;
        ConstGauge::new(at.elapsed().as_secs_f64()).encode(family)?;
        let help = "Things in AWS that carry the owner tag and have no object";
        let mut family = encoder.encode_descriptor("awsdb_orphans", help, None, MetricType::Gauge)?;
        for ((kind, r#type, why), number) in counts {
            let labels = OrphanLabels { kind: kind.clone(), r#type: r#type.clone(), why: (*why).into() };
            ConstGauge::new(*number).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

    use super::*;
    use crate::aws::limits::Urgency;

    fn status(conditions: &[(&str, &str)]) -> SharedStatus {
        let condition = |(type_, status): &(&str, &str)| Condition {
            type_: (*type_).into(),
            status: (*status).into(),
            reason: String::new(),
            message: String::new(),
            last_transition_time: Time(jiff::Timestamp::UNIX_EPOCH),
            observed_generation: None,
        };
        SharedStatus { conditions: conditions.iter().map(condition).collect(), ..SharedStatus::default() }
    }

    #[test]
    fn every_metric_has_its_name_labels_and_value() {
        let metrics = Metrics::default();
        metrics.aws_call(&Called {
            service: "rds",
            operation: "CreateDBInstance",
            result: "ok",
            took: Duration::from_millis(300),
            waited: Duration::from_millis(20),
            urgency: Urgency::Edit,
            allowed: Some(5.0),
        });
        metrics.round("RdsInstance", "settled", Duration::from_millis(10));
        metrics.became_ready("RdsInstance", Duration::from_secs(400));
        metrics.poked("RdsInstance", "changed");
        let (region, age) = ("eu-central-1".to_string(), Duration::from_millis(41_500));
        metrics.count_sweeps(move || vec![SweepAge { region: region.clone(), thing: "DBInstance", age }]);
        let running = metrics.running("RdsInstance");
        let text = metrics.text().unwrap();
        for line in [
            "awsdb_aws_calls_total{service=\"rds\",operation=\"CreateDBInstance\",result=\"ok\"} 1",
            "awsdb_aws_call_seconds_count{service=\"rds\",operation=\"CreateDBInstance\",result=\"ok\"} 1",
            "awsdb_aws_wait_seconds_bucket{le=\"0.025\",service=\"rds\",urgency=\"edit\"} 1",
            "awsdb_aws_calls_allowed{service=\"rds\",family=\"write\"} 5.0",
            "awsdb_reconciles_total{kind=\"RdsInstance\",result=\"settled\"} 1",
            "awsdb_reconcile_seconds_bucket{le=\"0.025\",kind=\"RdsInstance\"} 1",
            "awsdb_time_to_ready_seconds_bucket{le=\"600.0\",kind=\"RdsInstance\"} 1",
            "awsdb_rounds_in_flight{kind=\"RdsInstance\"} 1",
            "awsdb_pokes_total{kind=\"RdsInstance\",cause=\"changed\"} 1",
            "awsdb_sweep_age_seconds{region=\"eu-central-1\",thing=\"DBInstance\"} 41.5",
            "awsdb_build_info{version=",
        ] {
            assert!(text.contains(line), "{line} in:\n{text}");
        }
        drop(running);
        assert!(metrics.text().unwrap().contains("awsdb_rounds_in_flight{kind=\"RdsInstance\"} 0"));
    }

    #[test]
    fn objects_are_counted_by_condition_over_all_watches_of_a_kind() {
        let metrics = Metrics::default();
        for _ in 0..2 {
            metrics.count_objects("RdsInstance", |objects| {
                let conditions = [("Ready", "True"), ("Stalled", "True"), ("Foreign", "True")];
                objects.add(Standing::of(Some(&status(&conditions))));
                objects.add(Standing::of(None));
                objects.add_undecodable();
            });
        }
        let text = metrics.text().unwrap();
        for (condition, word, number) in
            [("Ready", "True", 2), ("Ready", "False", 0), ("Ready", "Unknown", 2), ("Stalled", "False", 2)]
        {
            let line =
                format!("awsdb_objects{{kind=\"RdsInstance\",condition=\"{condition}\",status=\"{word}\"}} {number}\n");
            assert!(text.contains(&line), "{line} in:\n{text}");
        }
        assert!(text.contains("awsdb_undecodable_objects{kind=\"RdsInstance\"} 2\n"));
        assert_eq!(text.matches("# TYPE awsdb_objects ").count(), 1);
        assert!(!text.contains("Foreign"));
    }
}
