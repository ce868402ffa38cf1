//! What AWS makes of a call, and what it refuses (aws-dynamodb-elasticache-dms.md 1.2, 1.3): a refusal fails the test.

use super::*;
use crate::kinds::dynamo::scene::attributes;

/// Does to the scene what AWS would do. With `slowly` it is under way until [`advance`].
pub fn apply(scene: &mut Scene, action: Action, slowly: bool) {
    admit(scene, &action);
    match action {
        Action::Create(creation) => make(scene, *creation, None),
        Action::Restore { from, creation, .. } => {
            let source = match from {
                Restore::Backup(arn) => arn,
                Restore::PointInTime { source, .. } => source.replace("main", "arn:main"),
            };
            let creation = Creation { tags: Tags::new(), indexes: BTreeMap::new(), ..lost_by_restore(*creation) };
            make(scene, creation, Some(source));
        }
        Action::Import { from, creation, .. } => {
            let state = ImportState {
                status: "COMPLETED".into(),
                source: format!("s3://{}/{}", from.bucket, from.key_prefix.unwrap_or_default()),
                ..ImportState::default()
            };
            let creation = Creation { tags: Tags::new(), ..lost_by_restore(*creation) };
            make(scene, creation, None);
            scene.observed.import = Seen::Present(state);
        }
        Action::Update(update) => {
            let is_quiet = matches!(
                update,
                Update::DeletionProtection(_) | Update::Warm(_) | Update::IndexWarm { .. } | Update::Encryption(_)
            );
            super::model_update::update(scene, update, slowly);
            let table = table_of(scene);
            if slowly && !is_quiet && table.status == "ACTIVE" {
                table.status = "UPDATING".into();
            }
        }
        Action::CreateBackup { name } => {
            let created = Some(scene.inputs.now);
            let backup = Backup { name, arn: "arn:backup".into(), status: "AVAILABLE".into(), created };
            scene.observed.backups = Seen::Present(vec![backup]);
        }
        Action::Delete => {
            let table = table_of(scene);
            assert!(table.replicas.is_empty() && table.settings.deletion_protection != Some(true));
            assert_eq!(scene.observed.scaling.present(), Some(&BTreeMap::new()), "targets would outlive the table");
            *scene = scene.clone().absent();
            scene.inputs.absent_since = Some(scene.inputs.now);
        }
        Action::PutItems { items } => assert!((1..=25).contains(&items.len())),
        other => aside(scene, other),
    }
}

/// What restore and import take no notice of.
fn lost_by_restore(mut creation: Creation) -> Creation {
    creation.settings.table_class = None;
    creation.settings.stream = None;
    creation.settings.deletion_protection = None;
    creation.settings.resource_policy = None;
    creation
}

/// Whether AWS takes the call now.
fn admit(scene: &Scene, action: &Action) {
    let Some(table) = scene.observed.table.present() else { return };
    let is_idle = table.status == "ACTIVE";
    let is_building = table.indexes.values().any(|index| index.status != "ACTIVE");
    let is_replicating = table.replicas.values().any(|replica| replica.status != "ACTIVE");
    match action {
        Action::Update(Update::DeletionProtection(_)) | Action::ReplicaProtection { .. } => assert!(!is_replicating),
        Action::Update(Update::Throughput { .. } | Update::Cap(_) | Update::IndexCaps(_)) => {
            assert!(is_idle && !is_replicating, "{action:?} is refused");
        }
        Action::Update(Update::DeleteIndex { name }) => {
            let is_free = table.indexes.iter().all(|(other, index)| other == name || index.status == "ACTIVE");
            assert!(is_idle && !is_replicating && is_free, "{action:?} is refused");
        }
        Action::Update(Update::Encryption(_)) => {
            assert!(is_idle && !is_replicating && table.encryption_change.is_none(), "{action:?} is refused");
        }
        Action::Update(_) => assert!(is_idle && !is_replicating && !is_building, "{action:?} is refused"),
        Action::Delete => {
            let is_changing = table.is_warming || table.encryption_change.is_some();
            assert!(is_idle && !is_replicating && !is_building && !is_changing, "the table is not idle");
        }
        _ => {}
    }
}

/// What was under way is done: first the table serves again, then its parts rest.
pub fn advance(scene: &mut Scene) -> bool {
    let Seen::Present(table) = &mut scene.observed.table else { return false };
    let before = table.clone();
    if std::mem::replace(&mut table.status, "ACTIVE".into()) != "ACTIVE" {
        return true;
    }
    table.is_warming = false;
    table.encryption_change = None;
    table.indexes.retain(|_, index| index.status != "DELETING");
    for index in table.indexes.values_mut() {
        (index.status, index.is_backfilling, index.is_warming) = ("ACTIVE".into(), false, false);
    }
    table.replicas.retain(|_, replica| replica.status != "DELETING");
    table.replicas.values_mut().for_each(|replica| replica.status = "ACTIVE".into());
    *table != before
}

pub fn table_of(scene: &mut Scene) -> &mut Table {
    let Seen::Present(table) = &mut scene.observed.table else { panic!("there is no table") };
    table
}

fn make(scene: &mut Scene, creation: Creation, source: Option<String>) {
    let Creation { keys, mut settings, indexes, local_indexes, tags } = creation;
    let reserved = settings.billing_mode == Some(BillingMode::Provisioned);
    assert_eq!(settings.provisioned_throughput.is_some(), reserved);
    assert!(indexes.values().all(|index| index.throughput.is_some() == reserved));
    let policy = settings.resource_policy.take();
    let mut made = table();
    made.settings = patched(&made.settings, serde_json::to_value(&settings).unwrap());
    made.stream_arn = made.settings.stream.as_ref().filter(|stream| stream.enabled).map(|_| format!("{ARN}/stream/1"));
    made.indexes = indexes
        .into_iter()
        .map(|(name, index)| (name, TableIndex { index, status: "ACTIVE".into(), ..TableIndex::default() }))
        .collect();
    (made.keys, made.local_indexes, made.created) = (keys, local_indexes, Some(scene.inputs.now));
    made.restore = source.map(|source| RestoreState { source, in_progress: false });
    let owned = !tags.is_empty();
    scene.observed = Observed { source: scene.observed.source.clone(), ..dynamo().observed };
    scene.observed.resource_policy = policy.map_or(Seen::Absent, Seen::Present);
    (scene.observed.table, scene.observed.tags) = (Seen::Present(Box::new(made)), Seen::Present(tags));
    if owned {
        scene.inputs.journal.notes.insert(RESOURCE_ID.into(), "table-1".into());
        scene.inputs.recorded_arn = Some(ARN.into());
    }
}

fn aside(scene: &mut Scene, action: Action) {
    let observed = &mut scene.observed;
    match action {
        Action::Tag { region, tags, .. } => {
            tags_of(observed, &region).extend(tags);
            scene.inputs.recorded_arn = Some(ARN.into());
        }
        Action::Untag { region, keys, .. } => tags_of(observed, &region).retain(|key, _| !keys.contains(key)),
        Action::TimeToLive { attribute_name, enabled } => {
            let Seen::Present(now) = &mut observed.time_to_live else { panic!("not read") };
            assert_eq!(now.status == "ENABLED", !enabled, "already so");
            *now = if enabled { ttl("ENABLED", Some(&attribute_name)) } else { ttl("DISABLED", None) };
        }
        Action::PointInTimeRecovery { region: None, enabled, days } => {
            let days = enabled.then(|| days.unwrap_or(35));
            let state = ContinuousBackups { is_enabled: enabled, recovery_period_in_days: days, earliest: None };
            observed.continuous_backups = Seen::Present(state);
        }
        Action::PointInTimeRecovery { region: Some(region), enabled, .. } => {
            facts_of(observed, &region).point_in_time_recovery = Seen::Present(enabled);
        }
        Action::ReplicaProtection { region, enabled } => {
            facts_of(observed, &region).deletion_protection = Seen::Present(enabled);
        }
        Action::ContributorInsights { index, enabled, mode } => {
            let Seen::Present(all) = &mut observed.contributor_insights else { panic!("not read") };
            let status = if enabled { "ENABLED" } else { "DISABLED" }.into();
            let mode = mode.or_else(|| enabled.then(|| "ACCESSED_AND_THROTTLED_KEYS".into()));
            all.insert(index, InsightsState { status, mode, failure: None });
        }
        Action::PutPolicy { policy, .. } => observed.resource_policy = Seen::Present(policy),
        Action::DeletePolicy { .. } => observed.resource_policy = Seen::Absent,
        other => streams_and_scales(scene, other),
    }
}

fn streams_and_scales(scene: &mut Scene, action: Action) {
    let mode = table_of(scene).settings.billing_mode;
    let Seen::Present(destinations) = &mut scene.observed.kinesis_destinations else { panic!("not read") };
    let Seen::Present(targets) = &mut scene.observed.scaling else { panic!("not read") };
    match action {
        Action::EnableKinesis { stream_arn, precision } => {
            assert!(destinations.values().all(|state| state.status == "DISABLED"), "at most one lives");
            let precision = precision.or(Some("MILLISECOND".into()));
            destinations.insert(stream_arn, KinesisState { status: "ACTIVE".into(), precision, description: None });
        }
        Action::UpdateKinesis { stream_arn, precision } => {
            let state = destinations.get_mut(&stream_arn).unwrap();
            assert_ne!(state.precision.as_ref(), Some(&precision), "already so");
            state.precision = Some(precision);
        }
        Action::DisableKinesis { stream_arn } => destinations.get_mut(&stream_arn).unwrap().status = "DISABLED".into(),
        Action::RegisterTarget { dimension, range } => {
            assert_eq!(mode, Some(BillingMode::Provisioned));
            targets.entry(dimension).or_default().range = range;
        }
        Action::PutScalingPolicy { dimension, policy } => {
            targets.get_mut(&dimension).expect("a target comes before its policy").policy = Some(policy);
        }
        Action::DeregisterTarget { dimension } => assert!(targets.remove(&dimension).is_some()),
        other => panic!("{other:?}"),
    }
}

fn tags_of<'a>(observed: &'a mut Observed, region: &Option<String>) -> &'a mut Tags {
    let tags = match region {
        None => &mut observed.tags,
        Some(region) => &mut facts_of(observed, region).tags,
    };
    let Seen::Present(tags) = tags else { panic!("tags are not read") };
    tags
}

pub fn facts_of<'a>(observed: &'a mut Observed, region: &str) -> &'a mut ReplicaFacts {
    observed.replica_facts.get_mut(region).unwrap()
}

/// Every key attribute, of the table and its indexes.
pub fn definitions(table: &Table) -> BTreeMap<String, AttributeType> {
    let own = std::iter::once(&table.keys.hash).chain(&table.keys.range);
    let global = table.indexes.values().flat_map(|index| index.index.hash.iter().chain(&index.index.range));
    attributes(own.chain(global).chain(table.local_indexes.values().map(|index| &index.range)))
}
