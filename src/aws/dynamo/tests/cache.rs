//! An idle table costs one call, and what is kept is never believed for too long.

use std::time::Duration;

use tokio::time::advance;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn facts() -> Id {
    Id {
        time_to_live: true,
        resource_policy: true,
        contributor_insights: BTreeSet::from([None]),
        kinesis_destinations: true,
        ..id()
    }
}

fn wire_with(time_to_live: &str, insights: &str) -> Wire {
    with_table(bare_json())
        .json("DescribeTimeToLive", json!({"TimeToLiveDescription": {"TimeToLiveStatus": time_to_live}}))
        .json_refusing("GetResourcePolicy", "PolicyNotFoundException", "none")
        .json("DescribeContributorInsights", json!({"ContributorInsightsStatus": insights}))
        .json("DescribeKinesisStreamingDestination", json!({"KinesisDataStreamDestinations": []}))
        .json("TagResource", json!({}))
        .json("UpdateTimeToLive", json!({}))
        .json("DeleteTable", json!({}))
}

/// The same clients look many times.
struct Watch<C> {
    wire: Wire,
    cloud: C,
    id: Id,
}

fn watch(wire: Wire, id: Id) -> Watch<impl Cloud<DynamoRemote>> {
    let cloud = wire.dynamo();
    Watch { wire, cloud, id }
}

impl<C: Cloud<DynamoRemote>> Watch<C> {
    /// What was called for this look, in alphabetical order, and how it says that it was made.
    async fn look(&self, look: Look) -> (Vec<String>, Look) {
        let before = self.wire.told().len();
        let looked = self.cloud.observe(&self.id, look).await.unwrap();
        let mut called: Vec<String> =
            self.wire.told().into_iter().skip(before).map(|(_, operation, _)| operation).collect();
        called.sort();
        (called, looked.look)
    }

    async fn calls(&self, look: Look) -> Vec<String> {
        self.look(look).await.0
    }

    async fn perform(&self, action: Action) -> Result<(), CloudError> {
        self.cloud.perform(&self.id, &action, None).await
    }
}

fn tag() -> Action {
    Action::Tag { region: None, arn: ARN.into(), tags: tags() }
}

fn ttl() -> Action {
    Action::TimeToLive { attribute_name: "expires".into(), enabled: true }
}

#[tokio::test(start_paused = true)]
async fn an_idle_table_costs_exactly_one_call() {
    let watch = watch(wire_with("DISABLED", "DISABLED"), facts());
    let (called, look) = watch.look(Look::Shared).await;
    assert_eq!((called.len(), look), (7, Look::Direct), "the first look reads everything: {called:?}");
    for _ in 0..9 {
        advance(MINUTE).await;
        assert_eq!(watch.look(Look::Shared).await, (vec!["DescribeTable".into()], Look::Shared));
    }
}

#[tokio::test(start_paused = true)]
async fn after_ten_minutes_and_at_most_a_fifth_more_facts_are_read_anew() {
    let watch = watch(wire_with("DISABLED", "DISABLED"), facts());
    watch.look(Look::Shared).await;
    advance(10 * MINUTE - Duration::from_secs(1)).await;
    assert_eq!(watch.calls(Look::Shared).await.len(), 1);
    advance(2 * MINUTE + Duration::from_secs(1)).await;
    let (called, look) = watch.look(Look::Shared).await;
    assert_eq!((called.len(), look), (6, Look::Direct), "{called:?}");
}

#[tokio::test(start_paused = true)]
async fn tables_do_not_come_due_together() {
    let mut due = BTreeSet::new();
    for table in ["a", "b", "c", "d", "e", "f"] {
        let watch = watch(wire_with("DISABLED", "DISABLED"), Id { table: format!("orders-{table}"), ..id() });
        watch.look(Look::Shared).await;
        advance(10 * MINUTE).await;
        let mut seconds = 0;
        while watch.calls(Look::Shared).await.len() == 1 {
            advance(Duration::from_secs(1)).await;
            seconds += 1;
        }
        assert!(seconds < 120, "{seconds}");
        due.insert(seconds);
    }
    assert!(due.len() > 3, "{due:?}");
}

#[tokio::test(start_paused = true)]
async fn a_direct_look_reads_tags_anew_and_believes_the_rest_for_ten_seconds() {
    let watch = watch(wire_with("DISABLED", "DISABLED"), facts());
    watch.look(Look::Shared).await;
    advance(Duration::from_secs(9)).await;
    let expected = (vec!["DescribeTable".to_string(), "ListTagsOfResource".into()], Look::Direct);
    assert_eq!(watch.look(Look::Direct).await, expected);
    advance(Duration::from_secs(1)).await;
    assert_eq!(watch.calls(Look::Direct).await.len(), 6);
    assert_eq!(watch.calls(Look::Shared).await.len(), 1, "what a direct look has read serves the others");
}

#[tokio::test(start_paused = true)]
async fn what_moves_is_believed_for_ten_seconds() {
    let watch = watch(wire_with("ENABLING", "DISABLING"), facts());
    watch.look(Look::Shared).await;
    advance(Duration::from_secs(9)).await;
    assert_eq!(watch.calls(Look::Shared).await.len(), 1);
    advance(Duration::from_secs(1)).await;
    let expected = ["DescribeContributorInsights", "DescribeTable", "DescribeTimeToLive"];
    assert_eq!(watch.calls(Look::Shared).await, expected);
}

#[tokio::test(start_paused = true)]
async fn nothing_of_a_table_that_moves_is_believed_for_long() {
    let wire = wire_with("DISABLED", "DISABLED");
    let moving =
        wire.json("DescribeTable@eu-central-1", json!({"Table": but(bare_json(), json!({"TableStatus": "UPDATING"}))}));
    let watch = watch(moving, facts());
    watch.look(Look::Shared).await;
    advance(Duration::from_secs(10)).await;
    assert_eq!(watch.calls(Look::Shared).await.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn an_action_takes_back_what_it_touches_and_only_that() {
    let watch = watch(wire_with("DISABLED", "DISABLED"), facts());
    watch.look(Look::Shared).await;
    watch.perform(tag()).await.unwrap();
    advance(Duration::from_millis(1)).await;
    let expected = (vec!["DescribeTable".to_string(), "ListTagsOfResource".into()], Look::Shared);
    assert_eq!(watch.look(Look::Shared).await, expected);
    watch.perform(ttl()).await.unwrap();
    advance(Duration::from_millis(1)).await;
    assert_eq!(watch.calls(Look::Shared).await, ["DescribeTable", "DescribeTimeToLive"]);
    assert_eq!(watch.calls(Look::Shared).await, ["DescribeTable"]);
}

#[tokio::test(start_paused = true)]
async fn right_after_a_change_the_old_state_is_not_kept() {
    let watch = watch(wire_with("DISABLED", "DISABLED"), facts());
    watch.look(Look::Shared).await;
    watch.perform(ttl()).await.unwrap();
    for _ in 0..5 {
        assert_eq!(watch.calls(Look::Shared).await, ["DescribeTable", "DescribeTimeToLive"]);
        advance(Duration::from_secs(10)).await;
    }
    advance(Duration::from_secs(10)).await;
    assert_eq!(watch.calls(Look::Shared).await, ["DescribeTable", "DescribeTimeToLive"], "a minute later");
    advance(MINUTE).await;
    assert_eq!(watch.calls(Look::Shared).await, ["DescribeTable"]);
}

#[tokio::test(start_paused = true)]
async fn an_action_that_fails_or_hears_nothing_or_is_given_up_takes_back_too() {
    for refused in [true, false] {
        let wire = wire_with("DISABLED", "DISABLED");
        let operation = "UpdateTimeToLive@eu-central-1";
        let wire = if refused { wire.json_refusing(operation, "Throttling", "no") } else { wire.silent(operation) };
        let watch = watch(wire, facts());
        watch.look(Look::Shared).await;
        assert!(watch.perform(ttl()).await.is_err());
        assert_eq!(watch.calls(Look::Shared).await, ["DescribeTable", "DescribeTimeToLive"]);
    }
    let watch = watch(wire_with("DISABLED", "DISABLED").silent("UpdateTimeToLive@eu-central-1"), facts());
    watch.look(Look::Shared).await;
    let given_up = tokio::time::timeout(Duration::from_secs(1), async {
        let both = tokio::join!(watch.perform(ttl()), async {
            // Reads, and keeps, what the call may be about to change.
            watch.look(Look::Shared).await
        });
        both.0
    });
    assert!(given_up.await.is_err());
    assert_eq!(watch.calls(Look::Shared).await, ["DescribeTable", "DescribeTimeToLive"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_being_read_while_it_was_changed_is_not_kept() {
    let kept = facts::Facts::default();
    let place = facts::Place { region: "r".into(), table: "t".into() };
    kept.open(&place, "one");
    let began = tokio::time::Instant::now();
    drop(kept.changing(place.clone(), &tag()));
    kept.keep((&place, "one"), facts::Fact::Tags, 1, (began, true));
    assert_eq!(kept.get::<i32>(&place, &facts::Fact::Tags, Look::Shared), None);
    advance(Duration::from_secs(1)).await;
    kept.keep((&place, "one"), facts::Fact::Tags, 2, (tokio::time::Instant::now(), true));
    assert_eq!(kept.get::<i32>(&place, &facts::Fact::Tags, Look::Shared), Some(2));
    kept.keep((&place, "another"), facts::Fact::Tags, 3, (tokio::time::Instant::now(), true));
    assert_eq!(kept.get::<i32>(&place, &facts::Fact::Tags, Look::Shared), Some(2), "of another table of that name");
}

#[tokio::test(start_paused = true)]
async fn another_table_of_the_same_name_has_nothing_of_the_first() {
    let first = json!({"Table": bare_json()});
    let second = json!({"Table": but(bare_json(), json!({"TableId": "id-2"}))});
    let wire = wire_with("DISABLED", "DISABLED");
    let wire = wire.json("DescribeTable@eu-central-1", first.clone()).json("DescribeTable@eu-central-1", first);
    let watch = watch(wire.json("DescribeTable@eu-central-1", second), facts());
    watch.look(Look::Shared).await;
    assert_eq!(watch.calls(Look::Shared).await.len(), 1);
    assert_eq!(watch.calls(Look::Shared).await.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn an_absent_table_and_a_deleted_one_are_forgotten() {
    let there = json!({"Table": bare_json()});
    let wire = wire_with("DISABLED", "DISABLED").json("DescribeTable@eu-central-1", there.clone());
    let wire = wire.json_refusing("DescribeTable@eu-central-1", "ResourceNotFoundException", "gone");
    let watch = watch(wire.json("DescribeTable@eu-central-1", there), facts());
    watch.look(Look::Shared).await;
    assert_eq!(watch.look(Look::Shared).await, (vec!["DescribeTable".into()], Look::Direct));
    assert_eq!(watch.calls(Look::Shared).await.len(), 6);
    watch.perform(Action::Delete).await.unwrap();
    assert_eq!(watch.calls(Look::Shared).await.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_read_is_not_kept() {
    let wire = wire_with("DISABLED", "DISABLED");
    let wire = wire.json_refusing("GetResourcePolicy@eu-central-1", "AccessDeniedException", "no");
    let watch = watch(wire, facts());
    watch.look(Look::Shared).await;
    assert_eq!(watch.calls(Look::Shared).await, ["DescribeTable", "GetResourcePolicy"]);
}

#[tokio::test(start_paused = true)]
async fn a_replica_and_an_import_are_kept_like_the_rest() {
    let table = but(bare_json(), json!({"Replicas": [{"RegionName": "us-east-1", "ReplicaStatus": "ACTIVE"}]}));
    let recovery = json!({"ContinuousBackupsDescription": {
        "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "DISABLED"},
    }});
    let wire = with_table(table)
        .json("DescribeContinuousBackups", recovery)
        .json("ListImports", json!({"ImportSummaryList": []}))
        .json("UpdateContinuousBackups", json!({}));
    let watch = watch(wire, Id { replica_facts: texts(&["us-east-1"]), import: true, ..id() });
    watch.look(Look::Shared).await;
    advance(MINUTE).await;
    assert_eq!(watch.calls(Look::Shared).await, ["DescribeTable"]);
    let there = Action::PointInTimeRecovery { region: Some("us-east-1".into()), enabled: true, days: None };
    watch.perform(there).await.unwrap();
    let expected = ["DescribeContinuousBackups", "DescribeTable", "DescribeTable", "ListTagsOfResource"];
    assert_eq!(watch.calls(Look::Shared).await, expected);
}

#[tokio::test(start_paused = true)]
async fn an_import_that_is_going_on_and_one_that_a_young_table_does_not_show_yet_are_asked_for_again() {
    let import = json!({"ImportTableDescription": {
        "ImportArn": "arn:i", "ImportStatus": "IN_PROGRESS", "S3BucketSource": {"S3Bucket": "b"},
    }});
    let young = but(bare_json(), json!({"CreationDateTime": Timestamp::now().as_second()}));
    for (table, list) in [
        (bare_json(), json!({"ImportSummaryList": [{"ImportArn": "arn:i"}]})),
        (young, json!({"ImportSummaryList": []})),
    ] {
        let wire = with_table(table).json("ListImports", list).json("DescribeImport", import.clone());
        let watch = watch(wire, Id { import: true, ..id() });
        watch.look(Look::Shared).await;
        advance(Duration::from_secs(10)).await;
        assert!(watch.calls(Look::Shared).await.contains(&"ListImports".to_string()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_backup_that_is_made_and_a_destination_that_changes_are_asked_for_again() {
    let wire = with_table(bare_json())
        .json(
            "ListBackups",
            json!({"BackupSummaries": [{"BackupName": "b", "BackupArn": "arn:b", "BackupStatus": "CREATING"}]}),
        )
        .json(
            "DescribeKinesisStreamingDestination",
            json!({"KinesisDataStreamDestinations": [{"StreamArn": "arn:s", "DestinationStatus": "UPDATING"}]}),
        );
    let watch = watch(wire, Id { backups: Some("b".into()), kinesis_destinations: true, ..id() });
    watch.look(Look::Shared).await;
    advance(Duration::from_secs(10)).await;
    let expected = ["DescribeKinesisStreamingDestination", "DescribeTable", "ListBackups"];
    assert_eq!(watch.calls(Look::Shared).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_table_at_which_nobody_looks_is_forgotten_in_the_end() {
    let kept = facts::Facts::default();
    let place = |table: &str| facts::Place { region: "r".into(), table: table.into() };
    let keep = |table: &str| {
        kept.open(&place(table), "one");
        kept.keep((&place(table), "one"), facts::Fact::Tags, 1, (tokio::time::Instant::now(), true));
    };
    keep("old");
    advance(59 * MINUTE).await;
    keep("young");
    assert_eq!(kept.len(), 2);
    advance(MINUTE).await;
    keep("new");
    assert_eq!(kept.len(), 2);
}
