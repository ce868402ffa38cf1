//! DbSnapshots by the clock: which slot is due, what the DbSnapshot of one looks like, and which of them may go. Pure: the
//! time is an argument.

use croner::parser::{CronParser, Seconds, Year};
use croner::{Cron, errors::CronError};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use kube::ResourceExt;

use crate::aws::owner::{Owner, hash};
use crate::kinds::snapshot::{Database, DbSnapshot, DbSnapshotSpec, Source};
use crate::spec::{DeletionPolicy, Journal, SharedSpec};

/// Label of a DbSnapshot that a schedule made: the uid of its database's object. Without it, it is never pruned.
pub const SCHEDULE_OF: &str = "awsdb.dev/schedule-of";
/// Annotation of the same: the slot that it was made for.
pub const SLOT: &str = "awsdb.dev/slot";
/// Note with the schedule and the moment after which slots count: `<cron>|<since>`.
const NOTE: &str = "schedule";
/// Two slots are at least this many minutes apart: a snapshot takes minutes, and AWS has quotas for them.
const LEAST_MINUTES: u16 = 15;
/// Longest name of an object.
const NAME_MAX: usize = 63;
/// `-YYYYMMDD-HHMM`.
const STAMP: usize = 14;
/// Digits of a hash in a name, and the hyphen before them.
const MARK: usize = 7;

/// The slots of a schedule, in UTC.
#[derive(Debug)]
pub struct Slots(Cron);

impl Slots {
    /// Reads a cron expression.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(expression: &str, now: Timestamp) -> Result<Self, String> {
        let fields = expression.split_whitespace().count();
        if fields != 5 {
            return Err(format!("{expression:?} has {fields} fields, not five (minute, hour, day, month, weekday)"));
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let wrong = |error: CronError| format!("{expression:?} cannot be read: {error}");
        let slots = Self(parser.parse(expression).map_err(wrong)?);
        let gap = slots.least_gap();
        if gap < LEAST_MINUTES {
            return Err(format!("{expression:?} comes every {gap} minutes; at least {LEAST_MINUTES} must be between"));
        }
        match slots.next(now) {
            Some(_) => Ok(slots),
            None => Err(format!("{expression:?} never comes")),
        }
    }

    /// The least number of minutes between two slots, as if every day had them.
    fn least_gap(&self) -> u16 {
        const DAY: u16 = 24 * 60;
        let (hours, minutes) = (self.0.pattern.hours.values(), self.0.pattern.minutes.values());
        let all: Vec<u16> =
            hours.iter().flat_map(|hour| minutes.iter().map(move |minute| hour * 60 + minute)).collect();
        let over_midnight = all.first().zip(all.last()).map(|(first, last)| DAY + first - last);
        all.windows(2).map(|two| two[1] - two[0]).chain(over_midnight).min().unwrap_or(DAY)
    }

    /// The newest slot after one moment and up to another.
    pub fn newest(&self, since: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let slot = instant(self.0.find_previous_occurrence(&civil(now), true))?;
        (slot > since).then_some(slot)
    }

    /// The first slot after a moment.
    pub fn next(&self, now: Timestamp) -> Option<Timestamp> {
        instant(self.0.find_next_occurrence(&civil(now), false))
    }
}

fn civil(at: Timestamp) -> DateTime {
    Offset::UTC.to_datetime(at)
}

fn instant(found: Result<DateTime, CronError>) -> Option<Timestamp> {
    Offset::UTC.to_timestamp(found.ok()?).ok()
}

/// Since when slots count: as noted for this expression, or from now on. A note of the future is that of a clock that was
/// wrong: a slot that was kept already is then kept once more, under the same name.
pub fn since(journal: &Journal, cron: &str, now: Timestamp) -> Timestamp {
    let noted = journal.notes.get(NOTE).and_then(|note| note.rsplit_once('|')).filter(|(of, _)| *of == cron);
    noted.and_then(|(_, at)| at.parse().ok()).filter(|at| *at <= now).unwrap_or(now)
}

/// Notes since when slots count.
pub fn note(journal: &mut Journal, cron: &str, since: Timestamp) {
    journal.notes.insert(NOTE.into(), format!("{cron}|{since}"));
}

/// The schedule was taken away: one that comes later begins anew.
pub fn forget(journal: &mut Journal) {
    journal.notes.remove(NOTE);
}

/// What pruning depends on: the slot that was kept last, and how many are kept.
pub fn state(journal: &Journal, retain: i32) -> Option<(String, i32)> {
    Some((journal.notes.get(NOTE)?.clone(), retain))
}

/// The name of a slot's DbSnapshot, and another for when something else has it: objects of two kinds may have one name.
pub fn names(owner: &Owner, slot: Timestamp) -> [String; 2] {
    let stamp = civil(slot).strftime("%Y%m%d-%H%M");
    let room = NAME_MAX - STAMP;
    let cut = owner.name.get(..room - MARK).unwrap_or(&owner.name).trim_end_matches(['-', '.']);
    let marked = |parts: &[&str]| format!("{cut}-{}", hash(parts, MARK - 1));
    let base = if owner.name.len() <= room { owner.name.clone() } else { marked(&[&owner.name]) };
    let other = marked(&[&owner.kind, &owner.name]);
    [format!("{base}-{stamp}"), format!("{other}-{stamp}")]
}

/// The DbSnapshot of a slot; `None` for a kind of which there are none. Without an ownerReference: it outlives its database.
pub fn snapshot(owner: &Owner, uid: &str, region: &str, slot: Timestamp, name: &str) -> Option<DbSnapshot> {
    let of = Some(Database { name: Some(owner.name.clone()), identifier: None });
    let source = match owner.kind.as_str() {
        "RdsInstance" => Source { rds_instance: of, ..Source::default() },
        "AuroraServerless" => Source { aurora_serverless: of, ..Source::default() },
        "DynamoTable" => Source { dynamo_table: of, ..Source::default() },
        _ => return None,
    };
    let shared =
        SharedSpec { region: Some(region.into()), deletion_policy: DeletionPolicy::Delete, ..SharedSpec::default() };
    let spec = DbSnapshotSpec { shared, source: Some(source), ..DbSnapshotSpec::default() };
    let mut snapshot = DbSnapshot::new(name, spec);
    snapshot.metadata.namespace = Some(owner.namespace.clone());
    snapshot.labels_mut().insert(SCHEDULE_OF.into(), uid.into());
    snapshot.annotations_mut().insert(SLOT.into(), slot.to_string());
    Some(snapshot)
}

/// What the schedule made and what is not going already, newest first.
fn made(all: &[DbSnapshot]) -> Vec<(Timestamp, &DbSnapshot)> {
    let slot = |one: &DbSnapshot| one.annotations().get(SLOT)?.parse::<Timestamp>().ok();
    let stays = all.iter().filter(|one| one.metadata.deletion_timestamp.is_none());
    let mut made: Vec<_> = stays.filter_map(|one| Some((slot(one)?, one))).collect();
    made.sort_by_key(|(slot, _)| std::cmp::Reverse(*slot));
    made
}

/// Those that may go: older than as many ready ones as are to be kept. What failed does not count as one, and goes with
/// its age; what may still become ready stays.
pub fn prunable(all: &[DbSnapshot], retain: usize) -> Vec<&DbSnapshot> {
    let made = made(all);
    let kept = made.iter().filter(|(_, one)| is_ready(one)).nth(retain.max(1) - 1).map(|(slot, _)| *slot);
    let goes = |(slot, one): &(Timestamp, &DbSnapshot)| Some(*slot) < kept && (is_ready(one) || has_failed(one));
    made.into_iter().filter(goes).map(|(_, one)| one).collect()
}

/// Whether nothing is to be expected of the newest one any more, so that nothing more can be pruned.
pub fn is_decided(all: &[DbSnapshot]) -> bool {
    made(all).first().is_none_or(|(_, newest)| is_ready(newest) || has_failed(newest))
}

fn is_ready(one: &DbSnapshot) -> bool {
    one.status.as_ref().is_some_and(|status| {
        let says = status.shared.conditions.iter().any(|it| it.type_ == "Ready" && it.status == "True");
        says && status.shared.observed_generation == one.metadata.generation
    })
}

fn has_failed(one: &DbSnapshot) -> bool {
    one.status.as_ref().is_some_and(|status| status.shared.aws_status.as_deref() == Some("failed"))
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;
    use crate::conditions::{Outcome, conditions};
    use crate::kinds::snapshot::DbSnapshotStatus;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn slots(expression: &str) -> Slots {
        Slots::parse(expression, at("2026-11-16T10:00:00Z")).unwrap()
    }

    fn owner(kind: &str, name: &str) -> Owner {
        Owner {
            installation: "prod".into(),
            cluster: "cluster-1".into(),
            kind: kind.into(),
            namespace: "shop".into(),
            name: name.into(),
        }
    }

    #[test]
    fn the_newest_slot_of_an_absence_is_due_and_no_older_one() {
        let daily = slots("0 3 * * *");
        let (since, now) = (at("2026-11-10T10:00:00Z"), at("2026-11-16T10:00:00Z"));
        assert_eq!(daily.newest(since, now), Some(at("2026-11-16T03:00:00Z")));
        assert_eq!(daily.newest(at("2026-11-16T03:00:00Z"), now), None, "it was kept");
        assert_eq!(daily.newest(since, at("2026-11-16T03:00:00Z")), Some(at("2026-11-16T03:00:00Z")), "to the second");
        assert_eq!(daily.next(now), Some(at("2026-11-17T03:00:00Z")));
        assert_eq!(daily.next(at("2026-11-17T03:00:00Z")), Some(at("2026-11-18T03:00:00Z")));
    }

    #[test]
    fn what_is_no_schedule_is_refused_in_words() {
        let now = at("2026-11-16T10:00:00Z");
        for (expression, words) in [
            ("0 3 * *", "4 fields"),
            ("0 0 3 * * *", "6 fields"),
            ("@annually", "1 fields"),
            ("61 3 * * *", "cannot be read: "),
            ("0 3 * * someday", "cannot be read: "),
            ("*/10 * * * *", "every 10 minutes"),
            ("0,14 3 * * *", "every 14 minutes"),
            ("0,50 * * * *", "every 10 minutes"),
            ("0,50 0,23 * * *", "every 10 minutes"),
            ("0 3 31 2 *", "never comes"),
        ] {
            let said = Slots::parse(expression, now).unwrap_err();
            assert!(said.contains(words) && said.contains(expression), "{expression}: {said}");
        }
        for expression in ["*/15 * * * *", "0,15 3 * * *", "0 3 * * SUN", "0 3 L * *", "0 0 29 2 *", "30 2,14 * * 1-5"]
        {
            Slots::parse(expression, now).unwrap();
        }
    }

    #[test]
    fn a_note_counts_for_its_own_expression_and_not_from_the_future() {
        let (now, earlier) = (at("2026-11-16T10:00:00Z"), at("2026-11-15T10:00:00Z"));
        let mut journal = Journal::default();
        assert_eq!(since(&journal, "0 3 * * *", now), now);
        note(&mut journal, "0 3 * * *", earlier);
        assert_eq!(since(&journal, "0 3 * * *", now), earlier);
        assert_eq!(since(&journal, "0 4 * * *", now), now);
        assert_eq!(since(&journal, "0 3 * * *", at("2026-11-14T00:00:00Z")), at("2026-11-14T00:00:00Z"));
        forget(&mut journal);
        assert!(journal.is_empty());
    }

    #[test]
    fn names_fit_and_differ_where_their_databases_do() {
        let slot = at("2026-11-16T03:00:00Z");
        let [plain, other] = names(&owner("RdsInstance", "orders"), slot);
        assert_eq!(plain, "orders-20261116-0300");
        assert_ne!(other, names(&owner("DynamoTable", "orders"), slot)[1]);
        let long = |end: &str| names(&owner("RdsInstance", &format!("{}{end}", "o".repeat(60))), slot);
        for name in [long("aaa"), long("bbb")].concat() {
            assert!(name.len() <= 63 && name.ends_with("-20261116-0300"), "{name}");
        }
        assert_ne!(long("aaa"), long("bbb"));
        let [at_the_bound, _] = names(&owner("RdsInstance", &"o".repeat(49)), slot);
        assert_eq!(at_the_bound, format!("{}-20261116-0300", "o".repeat(49)));
        let [dashed, _] = names(&owner("RdsInstance", &format!("{}--{}", "o".repeat(41), "x".repeat(20))), slot);
        assert!(!dashed.contains("--"), "{dashed}");
    }

    #[test]
    fn a_snapshot_names_its_database_and_belongs_to_nobody_s_garbage() {
        let slot = at("2026-11-16T03:00:00Z");
        for (kind, field) in
            [("RdsInstance", "rdsInstance"), ("AuroraServerless", "auroraServerless"), ("DynamoTable", "dynamoTable")]
        {
            let made = snapshot(&owner(kind, "orders"), "uid-1", "eu-central-1", slot, "a").unwrap();
            let json = serde_json::to_value(&made).unwrap();
            assert_eq!(json["spec"]["source"], serde_json::json!({ field: { "name": "orders" } }));
            assert_eq!(
                (&json["spec"]["deletionPolicy"], &json["spec"]["region"]),
                (&"Delete".into(), &"eu-central-1".into())
            );
            assert_eq!(json["metadata"]["labels"][SCHEDULE_OF], "uid-1");
            assert!(json["metadata"].get("ownerReferences").is_none() && json["spec"].get("tags").is_none());
        }
        assert!(snapshot(&owner("Toy", "orders"), "uid-1", "eu-central-1", slot, "a").is_none());
    }

    /// The DbSnapshots of days of November: `r` is ready, `f` failed, `c` is being made, `d` is ready and being deleted.
    fn days(states: &str) -> Vec<DbSnapshot> {
        let days = states.chars().enumerate().map(|(day, state)| {
            let slot = at(&format!("2026-11-{:02}T03:00:00Z", day + 1));
            let mut one = snapshot(&owner("RdsInstance", "orders"), "uid-1", "eu-central-1", slot, "").unwrap();
            one.metadata.name = Some(format!("{}", day + 1));
            one.metadata.generation = Some(1);
            let ready = matches!(state, 'r' | 'd').then_some(Ok(()));
            let mut status = DbSnapshotStatus::default();
            status.shared.observed_generation = Some(1);
            status.shared.conditions = conditions(&Outcome { ready, ..Outcome::default() }, &[], Some(1), slot);
            status.shared.aws_status = (state == 'f').then(|| "failed".into());
            one.status = Some(status);
            one.metadata.deletion_timestamp = (state == 'd').then_some(Time(slot));
            one
        });
        days.collect()
    }

    #[test]
    fn only_ready_ones_beyond_those_that_are_kept_go() {
        for (states, retain, expected) in [
            ("rrrrr", 3, "2 1"),
            ("rrr", 3, ""),
            ("rrrc", 3, ""),
            ("rrrrc", 3, "1"),
            ("rrrf", 3, ""),
            ("frrrr", 3, "2 1"),
            ("rfrrr", 3, "2 1"),
            ("rrfrr", 3, "1"),
            ("crrr", 3, ""),
            ("fffff", 1, ""),
            ("drrr", 2, "2"),
            ("rrrd", 2, "1"),
            ("rr", 1, "1"),
            ("rr", 0, "1"),
        ] {
            let all = days(states);
            let goes: Vec<String> = prunable(&all, retain).into_iter().map(ResourceExt::name_any).collect();
            assert_eq!(goes.join(" "), expected, "{states} keeping {retain}");
            let ready = states.chars().filter(|state| *state == 'r').count();
            let gone = goes.iter().filter(|name| states.as_bytes()[name.parse::<usize>().unwrap() - 1] == b'r').count();
            assert!(gone == 0 || ready - gone >= retain.max(1), "{states}: fewer than {retain} are left");
        }
    }

    #[test]
    fn what_has_no_slot_or_another_generation_is_never_pruned_or_counted() {
        let mut all = days("rrrr");
        all[0].annotations_mut().remove(SLOT);
        all[3].metadata.generation = Some(2);
        let goes: Vec<String> = prunable(&all, 1).into_iter().map(ResourceExt::name_any).collect();
        assert_eq!(goes, ["2"]);
    }

    #[test]
    fn the_newest_one_decides_when_it_is_over() {
        for (states, expected) in [("", true), ("rc", false), ("cr", true), ("rf", true), ("rd", true)] {
            assert_eq!(is_decided(&days(states)), expected, "{states}");
        }
    }
}
