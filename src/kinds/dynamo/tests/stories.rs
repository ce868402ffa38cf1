//! Whole lives: plan, do to a small model what AWS would do, plan again. Each story ends where nothing is left to do, no
//! call is made twice, and what destroys runs only when approved.

use super::model::{advance, apply};
use super::*;

/// More rounds than any story here needs.
const ROUNDS: usize = 120;

/// A scene that lives on, with what happened in it.
pub struct Story {
    pub scene: Scene,
    pub told: Vec<String>,
    slowly: bool,
    /// Every held step is approved.
    approves: bool,
    /// Steps that were sent since things were last settled.
    sent: BTreeMap<String, String>,
}

impl Story {
    pub fn of(scene: Scene) -> Self {
        Self { scene, told: Vec::new(), slowly: false, approves: true, sent: BTreeMap::new() }
    }

    /// Whether AWS takes a round for each update.
    pub fn paced(self, slowly: bool) -> Self {
        Self { slowly, ..self }
    }

    pub fn without_approval(self) -> Self {
        Self { approves: false, ..self }
    }

    /// Rounds until nothing runs any more.
    pub fn live(mut self) -> Self {
        for _ in 0..ROUNDS {
            if !self.round() {
                return self;
            }
        }
        panic!("no end after {ROUNDS} rounds: {:#?}", self.told);
    }

    /// One round; whether anything happened in it.
    fn round(&mut self) -> bool {
        let plan = self.scene.plan();
        let first = self.scene.decided();
        let unasked =
            first.run.iter().all(|(_, step)| self.scene.want == Want::Absent || step.class < Disruption::Replacement);
        assert!(unasked, "{:?}", first.run);
        let hash = first.plan.as_ref().and_then(|plan| plan.hash.clone());
        let decision = if self.approves { self.scene.clone().approved(hash) } else { first };
        assert!(decision.run.len() <= 1, "one call a round");
        let notes = &mut self.scene.inputs.journal.notes;
        notes.retain(|key, _| !plan.forget.contains(key));
        notes.extend(plan.noted.clone());
        if plan.end == End::Release {
            self.told.push("released".into());
            return false;
        }
        let runs = !decision.run.is_empty();
        for (id, step) in decision.run {
            let planned = plan.steps.iter().find(|one| one.action == step.action).map(told).unwrap_or_default();
            self.told.push(planned);
            self.perform(id, step);
        }
        // What is under way lasts for as long as there is something that AWS takes meanwhile.
        let moved = self.slowly && !runs && advance(&mut self.scene);
        self.scene.inputs.now += jiff::SignedDuration::from_secs(120);
        runs || moved || !plan.noted.is_empty()
    }

    fn perform(&mut self, id: String, step: Step<Action>) {
        *self.scene.inputs.journal.attempts.entry(id.clone()).or_default() += 1;
        let before = self.sent.insert(id.clone(), told(&step));
        assert_eq!(before, None, "sent twice: {:#?}", self.told);
        if let Action::Update(Update::DeleteIndex { name }) = &step.action {
            // Built anew, it is another one: what is sent for it is no repeat.
            self.sent.retain(|_, call| !call.contains(name.as_str()));
        }
        let operation = crate::aws::Action::operation(&step.action).into();
        let call = LastCall { operation, at: Time(self.scene.inputs.now), step: id };
        self.scene.inputs.journal.calls.insert(step.thing.into(), call);
        self.scene.inputs.journal.notes.extend(step.notes.clone());
        self.scene.inputs.accepted = true;
        apply(&mut self.scene, step.action, self.slowly);
    }

    pub fn settled(mut self) -> Self {
        let plan = self.scene.plan();
        let open = (plan.steps.iter().map(told).collect::<Vec<_>>(), &plan.problem, plan.end);
        assert_eq!(open, (vec![], &None, End::Settled), "waiting {:?} after {:#?}", plan.waiting, self.told);
        // As the driver does.
        self.scene.inputs.journal.attempts.clear();
        self.sent.clear();
        self
    }

    /// Goes on with another spec.
    pub fn then(mut self, change: impl FnOnce(Scene) -> Scene) -> Self {
        self.scene = change(self.scene);
        self.live()
    }

    /// What AWS has in the end is what the spec says, judged without the planner.
    pub fn reached(self) -> Self {
        let (spec, table) = (&self.scene.object.spec, self.scene.observed.table.present().unwrap());
        let (wanted, is) = (&spec.settings, &table.settings);
        for (field, wanted, is) in [
            ("billingMode", json!(wanted.billing_mode), json!(is.billing_mode)),
            ("tableClass", json!(wanted.table_class), json!(is.table_class)),
            ("stream", json!(wanted.stream), json!(is.stream)),
            ("deletionProtection", json!(wanted.deletion_protection), json!(is.deletion_protection)),
            (
                "kmsKeyArn",
                json!(wanted.encryption.as_ref().and_then(|one| one.kms_key_arn.clone())),
                json!(is.encryption.as_ref().and_then(|one| one.kms_key_arn.clone())),
            ),
        ] {
            assert!(wanted.is_null() || wanted == is, "{field}: {wanted} in the spec, {is} in AWS; {:#?}", self.told);
        }
        if let Some(list) = &spec.global_secondary_indexes {
            let wanted: BTreeSet<&String> = list.iter().map(|index| &index.name).collect();
            assert_eq!(wanted, table.indexes.keys().collect());
            for index in list {
                assert_eq!(table.indexes[&index.name].index.projection.type_, index.projection.type_, "{}", index.name);
            }
        }
        if let Some(list) = &spec.replicas {
            assert_eq!(list.iter().map(|one| &one.region).collect::<BTreeSet<_>>(), table.replicas.keys().collect());
        }
        self
    }
}

impl Scene {
    /// What runs when the held steps are approved.
    fn approved(self, hash: Option<String>) -> Decision<Action> {
        let none = BTreeSet::new();
        let circumstances = Circumstances {
            want: self.want,
            policy: self.object.spec.shared.management_policy,
            journal: &self.inputs.journal,
            approve: hash.as_deref(),
            brake: None,
            accepted: &none,
            settle: std::time::Duration::ZERO,
            now: self.inputs.now,
        };
        decide(self.plan(), &circumstances)
    }
}

/// Compares a story with its text.
fn reads(story: &Story, text: &str) {
    let expected: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(story.told, expected, "\n{}", story.told.join("\n"));
}

/// As much as one object can say.
fn rich() -> Value {
    let range = json!({ "min": 5, "max": 50, "targetUtilization": 60 });
    let scaling = json!({ "read": range, "write": range });
    let insights = json!({ "enabled": true, "mode": "THROTTLED_KEYS" });
    let index = |value: Value| with(value, json!({ "autoscaling": scaling, "contributorInsights": insights }));
    json!({
        "tags": { "team": "shop" }, "resourcePolicy": "{}", "timeToLive": { "enabled": true, "attributeName": "expires" },
        "pointInTimeRecovery": { "enabled": true, "recoveryPeriodInDays": 14 }, "contributorInsights": insights,
        "kinesisDestination": { "enabled": true, "streamArn": STREAM, "precision": "MICROSECOND" }, "deletionProtection": true,
        "tableClass": "STANDARD_INFREQUENT_ACCESS", "billingMode": "PROVISIONED", "autoscaling": scaling,
        "provisionedThroughput": units(7, 7), "stream": { "enabled": true, "viewType": "NEW_AND_OLD_IMAGES" },
        "warmThroughput": warm(20000, 8000), "globalSecondaryIndexes": [index(by_mail()), index(by_day())],
        "encryption": { "type": "KMS", "kmsKeyArn": KEY },
        "replicas": [
            { "region": "us-east-1", "kmsKeyArn": KEY.replace("eu-central-1", "us-east-1"), "pointInTimeRecovery": true,
              "deletionProtection": true, "tags": { "team": "shop" }, "readCapacityUnits": 9 },
            { "region": "eu-west-1", "kmsKeyArn": KEY.replace("eu-central-1", "eu-west-1") },
        ],
    })
}

#[test]
fn a_rich_object_comes_to_rest_from_nothing_and_from_a_bare_table() {
    for scene in [unmade(), dynamo()] {
        Story::of(scene.clone().wants(rich())).live().settled().reached();
        Story::of(scene.wants(rich())).paced(true).live().settled().reached();
    }
}

#[test]
fn a_rich_object_is_undone_again_and_nothing_destructive_runs_unasked() {
    let bare = json!({
        "tags": {}, "resourcePolicy": "", "timeToLive": { "enabled": false, "attributeName": "expires" },
        "pointInTimeRecovery": { "enabled": false }, "contributorInsights": { "enabled": false },
        "kinesisDestination": { "enabled": false }, "deletionProtection": false, "tableClass": "STANDARD",
        "billingMode": "PAY_PER_REQUEST", "autoscaling": {}, "provisionedThroughput": null,
        "stream": { "enabled": false }, "warmThroughput": null, "globalSecondaryIndexes": [],
        "encryption": { "type": "AWS_OWNED" }, "replicas": [],
    });
    for slowly in [false, true] {
        let story = Story::of(unmade().wants(rich())).paced(slowly).live().settled();
        let kept = Story::of(story.scene.clone().wants(bare.clone())).paced(slowly).without_approval().live();
        let losing = |call: &&String| call.contains("data-loss") || call.contains("replacement");
        assert_eq!(kept.told.iter().find(losing), None);
        let table = kept.scene.observed.table.present().unwrap();
        assert_eq!((table.indexes.len(), table.replicas.len()), (2, 2), "they wait for approval");
        story.then(|scene| scene.wants(bare.clone())).settled().reached();
    }
}

/// Each single change, from a table of which nothing is asked and from a rich one.
fn single_changes() -> Vec<Value> {
    let rich = rich();
    let Value::Object(fields) = &rich else { panic!("no object") };
    let capacity = ["billingMode", "autoscaling", "provisionedThroughput", "globalSecondaryIndexes"];
    fields
        .iter()
        .filter(|(field, _)| !capacity.contains(&field.as_str()))
        .map(|(field, value)| json!({ field: value }))
        .chain([
            json!({ "billingMode": "PROVISIONED", "provisionedThroughput": units(5, 5) }),
            json!({ "globalSecondaryIndexes": [by_mail(), by_day()] }),
            json!({ "onDemandThroughput": { "maxReadRequestUnits": 10, "maxWriteRequestUnits": 10 } }),
            json!({ "encryption": { "type": "AWS_MANAGED" } }),
            json!({ "contributorInsights": { "enabled": true } }),
            json!({ "timeToLive": { "enabled": true, "attributeName": "until" } }),
        ])
        .collect()
}

#[test]
fn each_single_change_comes_to_rest_under_every_policy() {
    for change in single_changes() {
        for policy in [DisruptivePolicy::Window, DisruptivePolicy::Immediate, DisruptivePolicy::Approve] {
            for slowly in [false, true] {
                let scene = dynamo().wants(change.clone()).disruptive(policy);
                Story::of(scene).paced(slowly).live().settled().reached();
            }
        }
    }
}

#[test]
fn a_new_table_with_everything() {
    let range = json!({ "min": 5, "max": 50 });
    let scene = unmade()
        .wants_indexes(&[with(by_mail(), json!({ "autoscaling": { "read": range, "write": range } }))])
        .wants(json!({
            "billingMode": "PROVISIONED", "autoscaling": { "read": range, "write": range }, "resourcePolicy": "{}",
            "timeToLive": { "enabled": true, "attributeName": "expires" }, "pointInTimeRecovery": { "enabled": true },
            "contributorInsights": { "enabled": true }, "kinesisDestination": { "enabled": true, "streamArn": STREAM },
            "replicas": [{ "region": "us-east-1" }],
        }));
    reads(
        &Story::of(scene).live().settled().reached(),
        r"
            now: CreateTable id by-mail (none)
            now: UpdateTimeToLive expires on (none)
            now: UpdateContinuousBackups on (none)
            now: UpdateContributorInsights on (none)
            now: EnableKinesisStreamingDestination changes (none)
            now: RegisterScalableTarget table read 5..50 (none)
            now: PutScalingPolicy table read 70% (none)
            now: RegisterScalableTarget table write 5..50 (none)
            now: PutScalingPolicy table write 70% (none)
            now: RegisterScalableTarget by-mail read 5..50 (none)
            now: PutScalingPolicy by-mail read 70% (none)
            now: RegisterScalableTarget by-mail write 5..50 (none)
            now: PutScalingPolicy by-mail write 70% (none)
            now: UpdateTable +us-east-1 (none)
            now: TagResource awsdb.dev/cluster awsdb.dev/owner in us-east-1 (none)
        ",
    );
}

#[test]
fn a_backup_that_is_restored_and_brought_up_to_the_spec() {
    let backup = "arn:aws:dynamodb:eu-central-1:123456789012:table/main/backup/01";
    let owner = dynamo().inputs.owner;
    let scene = unmade()
        .wants(json!({
            "source": { "snapshot": { "identifier": backup } }, "deletionProtection": true, "tags": { "team": "shop" },
            "tableClass": "STANDARD_INFREQUENT_ACCESS", "stream": { "enabled": true, "viewType": "KEYS_ONLY" },
            "resourcePolicy": "{}", "globalSecondaryIndexes": [by_mail()],
        }))
        .seen(|observed| {
            observed.source = Seen::Present(SourceState {
                status: "AVAILABLE".into(),
                table_arn: ARN.into(),
                tags: Seen::Present(owner.tags()),
                restorable: None,
            });
        });
    reads(
        &Story::of(scene).live().settled().reached(),
        r"
            now: RestoreTableFromBackup arn:aws:dynamodb:eu-central-1:123456789012:table/main/backup/01 (none)
            now: TagResource awsdb.dev/cluster awsdb.dev/owner (none)
            now: TagResource team (none)
            now: PutResourcePolicy (none)
            now: UpdateTable deletionProtection=true (none)
            now: UpdateTable STANDARD_INFREQUENT_ACCESS (none)
            now: UpdateTable stream KEYS_ONLY (none)
            now: UpdateTable +by-mail of at:N id:S mail:S (none)
        ",
    );
}

#[test]
fn an_export_that_is_imported() {
    let scene = unmade()
        .wants(json!({
            "source": { "importFromS3": { "bucket": "exports", "inputFormat": "ION" } }, "deletionProtection": true,
        }))
        .given(|inputs| inputs.trust_account = true);
    reads(
        &Story::of(scene).live().settled().reached(),
        r"
            now: ImportTable exports (none)
            now: TagResource awsdb.dev/cluster awsdb.dev/owner (none)
            now: UpdateTable deletionProtection=true (none)
        ",
    );
}

#[test]
fn items_that_are_written_into_a_new_table() {
    let items: Vec<Value> = (0..60).map(|n| json!({ "id": format!("item-{n}"), "at": n })).collect();
    let text = Value::Array(items).to_string();
    let scene = unmade()
        .wants(json!({ "items": { "configMapRef": { "name": "seed" } }, "deletionProtection": true }))
        .given(|inputs| {
            inputs.config_maps.insert("seed".into(), Some([("items.json".to_string(), text)].into()));
        });
    reads(
        &Story::of(scene).live().settled(),
        r"
            now: CreateTable id (none)
            now: BatchWriteItem 25 items (none)
            now: BatchWriteItem 25 items (none)
            now: BatchWriteItem 10 items (none)
        ",
    );
}

#[test]
fn an_index_that_is_built_anew_takes_its_scaling_along() {
    let range = json!({ "min": 5, "max": 50 });
    let index = with(by_mail(), json!({ "autoscaling": { "read": range, "write": range } }));
    let narrow = with(index.clone(), json!({ "projection": { "type": "KEYS_ONLY" } }));
    let spec =
        json!({ "billingMode": "PROVISIONED", "provisionedThroughput": units(5, 5), "allowIndexRecreation": true });
    let story = Story::of(unmade().wants(spec).wants_indexes(&[index])).live().settled();
    let story = Story::of(story.scene.wants_indexes(&[narrow]));
    reads(
        &story.live().settled().reached(),
        r"
            held for the window: UpdateTable -by-mail (failover)
            now: DeregisterScalableTarget by-mail read (none)
            now: DeregisterScalableTarget by-mail write (none)
            now: UpdateTable +by-mail of at:N id:S mail:S (none)
            now: RegisterScalableTarget by-mail read 5..50 (none)
            now: PutScalingPolicy by-mail read 70% (none)
            now: RegisterScalableTarget by-mail write 5..50 (none)
            now: PutScalingPolicy by-mail write 70% (none)
        ",
    );
}

#[test]
fn a_deletion_with_everything_in_its_way() {
    for slowly in [false, true] {
        let story = Story::of(unmade().wants(rich())).live().settled();
        let scene = story.scene.wants(json!({ "deletionProtection": false })).deleting(DeletionPolicy::Snapshot);
        reads(
            &Story::of(scene).paced(slowly).live(),
            r"
                now: UpdateTable deletionProtection=false (none)
                now: CreateBackup shop-orders-final-0123abcd (none)
                now: DeregisterScalableTarget table read (none)
                now: DeregisterScalableTarget table write (none)
                now: DeregisterScalableTarget by-day read (none)
                now: DeregisterScalableTarget by-day write (none)
                now: DeregisterScalableTarget by-mail read (none)
                now: DeregisterScalableTarget by-mail write (none)
                now: UpdateTable -eu-west-1 (data-loss)
                now: UpdateTable -us-east-1 (data-loss)
                now: DeleteTable (replacement)
                released
            ",
        );
    }
}
