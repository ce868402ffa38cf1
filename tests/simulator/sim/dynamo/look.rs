//! What the operator's clients show of a table: DescribeTable at each look, and the facts around it, one call each, which
//! a shared look may take from before (1.8).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use awsdb::aws::dynamo::{
    Action, Backup, BillingMode, Id, Interest, Observed, ReplicaFacts, SourceId, SourceState, Table,
};
use awsdb::aws::{CloudError, Look, Looked, Seen};

use super::super::desk::REGION;
use super::super::service::{Read, Service};
use super::Dynamo;
use super::table::Tab;

/// A fact that rests is believed for so long.
const REST: i64 = 600;
/// One that moves, or that was changed a moment ago.
const MOVING: i64 = 10;
/// How long after a change AWS may show what was before.
const ECHO: i64 = 60;

/// What the clients remember of a table.
#[derive(Clone)]
pub(super) struct Memory {
    table: String,
    seen: Observed,
    read_at: BTreeMap<&'static str, Timestamp>,
    changed_at: BTreeMap<&'static str, Timestamp>,
    /// Parts that were read while AWS was changing something.
    read_in_motion: BTreeSet<&'static str>,
}

/// The parts of a look, by the names that tests use for them, with their operations.
const TAGS: (&str, &str) = ("tags", "ListTagsOfResource");
const TTL: (&str, &str) = ("timeToLive", "DescribeTimeToLive");
const RECOVERY: (&str, &str) = ("continuousBackups", "DescribeContinuousBackups");
const POLICY: (&str, &str) = ("resourcePolicy", "GetResourcePolicy");
const INSIGHTS: (&str, &str) = ("contributorInsights", "DescribeContributorInsights");
const KINESIS: (&str, &str) = ("kinesisDestinations", "DescribeKinesisStreamingDestination");
const SCALING: (&str, &str) = ("scaling", "DescribeScalableTargets");
const REPLICAS: (&str, &str) = ("replicaFacts", "DescribeContinuousBackups");

impl Dynamo {
    pub(super) fn look(&mut self, id: &Id, look: Look, read: &mut Read<'_>) -> Result<Looked<Observed>, CloudError> {
        assert_eq!(id.region, REGION, "the operator looked in another region");
        self.unreadable(Self::DESCRIBE)?;
        if let (Some(stale), Look::Shared) = (&self.stale, look) {
            return Ok(self.answer(stale.clone(), look));
        }
        if let Some(why) = self.unread.get("table") {
            let seen =
                Observed { table: Seen::Unread(why.clone()), tags: Seen::Unread(why.clone()), ..Observed::absent() };
            return Ok(self.answer(seen, Look::Direct));
        }
        let known = self.memory.remove(&id.table);
        let Some(tab) = self.tables.get(&id.table).filter(|tab| tab.listed_at <= self.now) else {
            let mut seen = Observed::absent();
            seen.source =
                self.asked(id.source.as_ref(), "source", "DescribeBackup", read, |it, source| it.source(source));
            seen.backups = self.backups_of(id, read);
            return Ok(self.answer(seen, Look::Direct));
        };
        let known = known.filter(|memory| memory.table == tab.shown.id);
        let mut memory = known.unwrap_or_else(|| Memory::of(&tab.shown));
        let mut from_before = false;
        self.facts(id, look, tab, &mut memory, &mut from_before, read);
        let mut seen = memory.seen.clone();
        seen.table = Seen::Present(Box::new(tab.shown.clone()));
        seen.import = self.asked(id.import.then_some(&id.table), "import", "DescribeImport", read, |it, name| {
            it.imports.get(name).cloned()
        });
        seen.backups = self.backups_of(id, read);
        self.memory.insert(id.table.clone(), memory);
        let how = if from_before && look == Look::Shared { Look::Shared } else { Look::Direct };
        Ok(self.answer(seen, how))
    }

    /// Reads what is asked for and not known well enough.
    fn facts(&self, id: &Id, look: Look, tab: &Tab, memory: &mut Memory, from_before: &mut bool, read: &mut Read<'_>) {
        let provisioned = tab.mode() == BillingMode::Provisioned;
        let scales = id.scaling == Interest::Yes || (id.scaling == Interest::IfProvisioned && provisioned);
        let asked = [
            (TAGS, true),
            (TTL, id.time_to_live),
            (RECOVERY, id.continuous_backups),
            (POLICY, id.resource_policy),
            (INSIGHTS, !id.contributor_insights.is_empty()),
            (KINESIS, id.kinesis_destinations),
            (SCALING, scales),
            (REPLICAS, !id.replica_facts.is_empty()),
        ];
        for ((part, operation), is_asked) in asked {
            if !is_asked {
                memory.unread(part, "it was not asked for".into());
                memory.read_at.remove(part);
                continue;
            }
            if memory.is_fresh(part, look, self.now) && !memory.lacks(part, id, tab) {
                *from_before = true;
                continue;
            }
            let hidden = self.unread.get(part).cloned();
            let early = (tab.facts_at > self.now).then(|| format!("{operation}: ResourceNotFoundException"));
            match read(operation).err().or(hidden).or(early) {
                Some(why) => {
                    memory.unread(part, why);
                    memory.read_at.remove(part);
                }
                None => {
                    self.show(part, id, tab, &mut memory.seen);
                    memory.read_at.insert(part, self.now);
                    memory.read_in_motion.remove(part);
                    if is_moving(&tab.shown) {
                        memory.read_in_motion.insert(part);
                    }
                }
            }
        }
    }

    fn show(&self, part: &str, id: &Id, tab: &Tab, seen: &mut Observed) {
        match part {
            "tags" => seen.tags = Seen::Present(tab.tags.clone()),
            "timeToLive" => seen.time_to_live = Seen::Present(tab.ttl.clone()),
            "continuousBackups" => seen.continuous_backups = Seen::Present(tab.recovery.clone()),
            "resourcePolicy" => seen.resource_policy = tab.policy.clone().map_or(Seen::Absent, Seen::Present),
            "contributorInsights" => {
                let exists =
                    |index: &&Option<String>| index.as_ref().is_none_or(|index| tab.shown.indexes.contains_key(index));
                let of = |index: &Option<String>| {
                    let mut state = tab.insights.get(index).cloned().unwrap_or_default();
                    if state.status.is_empty() {
                        state.status = "DISABLED".into();
                    }
                    (index.clone(), state)
                };
                seen.contributor_insights =
                    Seen::Present(id.contributor_insights.iter().filter(exists).map(of).collect());
            }
            "kinesisDestinations" => seen.kinesis_destinations = Seen::Present(tab.kinesis.clone()),
            "scaling" => {
                let own = self.targets.iter().filter(|((table, _), _)| *table == id.table);
                seen.scaling = Seen::Present(own.map(|((_, at), target)| (at.clone(), target.clone())).collect());
            }
            _ => seen.replica_facts = replica_facts(id, tab),
        }
    }

    fn asked<A: ?Sized, T>(
        &self,
        asked: Option<&A>,
        part: &'static str,
        operation: &'static str,
        read: &mut Read<'_>,
        show: impl FnOnce(&Self, &A) -> Option<T>,
    ) -> Seen<T> {
        let Some(asked) = asked else { return Seen::Unread("it was not asked for".into()) };
        match read(operation) {
            Err(why) => Seen::Unread(why),
            Ok(()) => self.part(part, || show(self, asked)),
        }
    }

    fn backups_of(&self, id: &Id, read: &mut Read<'_>) -> Seen<Vec<Backup>> {
        self.asked(id.backups.as_ref(), "backups", "ListBackups", read, |it, prefix| {
            let of = |copy: &&super::Copy| copy.table == id.table && copy.shown.name.starts_with(prefix.as_str());
            Some(it.backups.iter().filter(of).map(|copy| copy.shown.clone()).collect())
        })
    }

    fn source(&self, source: &SourceId) -> Option<SourceState> {
        match source {
            SourceId::Backup(arn) => {
                let copy = self.backups.iter().find(|copy| copy.shown.arn == *arn)?;
                let lives = self.tables.get(&copy.table).filter(|tab| tab.shown.id == copy.tab.shown.id);
                Some(SourceState {
                    status: copy.shown.status.clone(),
                    table_arn: copy.tab.shown.arn.clone(),
                    tags: lives.map_or(Seen::Absent, |tab| Seen::Present(tab.tags.clone())),
                    restorable: None,
                })
            }
            SourceId::Table(name) => {
                let tab = self.tables.get(name.rsplit('/').next().unwrap_or_default())?;
                Some(SourceState {
                    status: tab.shown.status.clone(),
                    table_arn: tab.shown.arn.clone(),
                    tags: Seen::Present(tab.tags.clone()),
                    restorable: tab.recovery.earliest.map(|earliest| (earliest, self.now)),
                })
            }
        }
    }

    /// What an action changes is not believed any more.
    pub(super) fn forget_what(&mut self, table: &str, action: &Action) {
        let part = match action {
            Action::Create(_) | Action::Restore { .. } | Action::Import { .. } | Action::Delete => {
                self.memory.remove(table);
                return;
            }
            Action::Tag { region: None, .. } | Action::Untag { region: None, .. } => TAGS,
            Action::TimeToLive { .. } => TTL,
            Action::PointInTimeRecovery { region: None, .. } => RECOVERY,
            Action::PutPolicy { .. } | Action::DeletePolicy { .. } => POLICY,
            Action::ContributorInsights { .. } => INSIGHTS,
            Action::EnableKinesis { .. } | Action::UpdateKinesis { .. } | Action::DisableKinesis { .. } => KINESIS,
            Action::RegisterTarget { .. } | Action::PutScalingPolicy { .. } | Action::DeregisterTarget { .. } => {
                SCALING
            }
            Action::Tag { .. } | Action::Untag { .. } | Action::PointInTimeRecovery { .. } => REPLICAS,
            Action::ReplicaProtection { .. } => REPLICAS,
            Action::Update(_) | Action::PutItems { .. } | Action::CreateBackup { .. } => return,
        };
        let now = self.now;
        if let Some(memory) = self.memory.get_mut(table) {
            memory.read_at.remove(part.0);
            memory.changed_at.insert(part.0, now);
        }
    }
}

impl Memory {
    fn of(table: &Table) -> Self {
        let (read_at, changed_at) = (BTreeMap::new(), BTreeMap::new());
        let read_in_motion = BTreeSet::new();
        Self { table: table.id.clone(), seen: Observed::absent(), read_at, changed_at, read_in_motion }
    }

    fn is_fresh(&self, part: &str, look: Look, now: Timestamp) -> bool {
        let Some(at) = self.read_at.get(part) else { return false };
        let age = |at: &Timestamp| now.duration_since(*at).as_secs();
        let is_echo = self.changed_at.get(part).is_some_and(|changed| at.duration_since(*changed).as_secs() < ECHO);
        let moves = is_echo || self.read_in_motion.contains(part) || self.moves(part);
        look == Look::Shared && age(at) < if moves { MOVING } else { REST }
    }

    /// Replicas and indexes that are new are not known yet, each being a fact of its own.
    fn lacks(&self, part: &str, id: &Id, tab: &Tab) -> bool {
        match part {
            "replicaFacts" => {
                let known = &self.seen.replica_facts;
                id.replica_facts.iter().any(|region| tab.away.contains_key(region) && !known.contains_key(region))
            }
            "contributorInsights" => {
                let known = self.seen.contributor_insights.present();
                let is_known = |index: &Option<String>| known.is_some_and(|known| known.contains_key(index));
                let exists = |index: &String| tab.shown.indexes.contains_key(index);
                id.contributor_insights.iter().any(|index| index.as_ref().is_none_or(exists) && !is_known(index))
            }
            _ => false,
        }
    }

    fn moves(&self, part: &str) -> bool {
        let seen = &self.seen;
        let is = |status: &str| status.ends_with("ING");
        match part {
            "timeToLive" => seen.time_to_live.present().is_some_and(|state| is(&state.status)),
            "contributorInsights" => {
                seen.contributor_insights.present().is_some_and(|all| all.values().any(|state| is(&state.status)))
            }
            "kinesisDestinations" => {
                seen.kinesis_destinations.present().is_some_and(|all| all.values().any(|state| is(&state.status)))
            }
            _ => false,
        }
    }

    fn unread(&mut self, part: &str, why: String) {
        let seen = &mut self.seen;
        match part {
            "tags" => seen.tags = Seen::Unread(why),
            "timeToLive" => seen.time_to_live = Seen::Unread(why),
            "continuousBackups" => seen.continuous_backups = Seen::Unread(why),
            "resourcePolicy" => seen.resource_policy = Seen::Unread(why),
            "contributorInsights" => seen.contributor_insights = Seen::Unread(why),
            "kinesisDestinations" => seen.kinesis_destinations = Seen::Unread(why),
            "scaling" => seen.scaling = Seen::Unread(why),
            _ => {
                for facts in seen.replica_facts.values_mut() {
                    facts.tags = Seen::Unread(why.clone());
                    facts.point_in_time_recovery = Seen::Unread(why.clone());
                    facts.deletion_protection = Seen::Unread(why.clone());
                }
            }
        }
    }
}

fn is_moving(table: &Table) -> bool {
    table.status.ends_with("ING") || table.replicas.values().any(|replica| replica.status.ends_with("ING"))
}

fn replica_facts(id: &Id, tab: &Tab) -> BTreeMap<String, ReplicaFacts> {
    let of = |region: &String| {
        let away = tab.away.get(region)?;
        let facts = ReplicaFacts {
            arn: tab.shown.arn.replace(REGION, region),
            tags: Seen::Present(away.tags.clone()),
            point_in_time_recovery: Seen::Present(away.point_in_time_recovery),
            deletion_protection: Seen::Present(away.deletion_protection),
        };
        Some((region.clone(), facts))
    };
    id.replica_facts.iter().filter_map(of).collect()
}
