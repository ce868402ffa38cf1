//! First items: written once, in order, into a table that this object made (spec.items).

use super::*;

/// Plain JSON items with keys of their own.
fn items(count: usize) -> String {
    let items: Vec<Value> = (0..count).map(|n| json!({ "id": format!("item-{n}"), "at": n })).collect();
    Value::Array(items).to_string()
}

fn config_map(text: &str) -> Option<BTreeMap<String, String>> {
    Some([("items.json".to_string(), text.to_string())].into())
}

/// An object with items in a ConfigMap.
fn wanting(scene: Scene, text: &str) -> Scene {
    scene
        .wants(json!({ "items": { "configMapRef": { "name": "seed" } } }))
        .given(|inputs| drop(inputs.config_maps.insert("seed".into(), config_map(text))))
}

/// Its table was just made, and the create noted the items.
fn made(text: &str) -> Scene {
    let create = wanting(unmade(), text).plan().steps.remove(0);
    let note = create.notes.into_iter().find(|(key, _)| key == "items").unwrap().1;
    wanting(dynamo(), text).noted("items", &note)
}

/// The batch was sent and accepted: what the driver keeps of it.
fn accepted(mut scene: Scene) -> Scene {
    let step = scene.plan().steps.remove(0);
    *scene.inputs.journal.attempts.entry(crate::approval::step_id(&step)).or_default() += 1;
    scene.inputs.journal.notes.extend(step.notes);
    scene
}

/// The batch was sent and its answer was lost.
fn lost(mut scene: Scene) -> Scene {
    let step = scene.plan().steps.remove(0);
    scene.inputs.journal.notes.extend(step.notes);
    scene
}

fn batch(scene: &Scene) -> Vec<String> {
    let Some(step) = scene.plan().steps.into_iter().next() else { return Vec::new() };
    let Action::PutItems { items } = step.action else { panic!("{:?}", step.action) };
    items.iter().map(|item| item["id"]["S"].as_str().unwrap().to_string()).collect()
}

/// What is read of the namespace, with the journal in status.
fn references(mut scene: Scene) -> Vec<crate::kind::Reference> {
    scene.object.status.get_or_insert_default().shared.journal = scene.inputs.journal.clone();
    scene.object.references(&scene.inputs)
}

fn note(scene: &Scene) -> String {
    scene.inputs.journal.notes["items"].clone()
}

#[test]
fn items_are_written_in_batches_of_twenty_five_each_noted_before_its_call() {
    let mut scene = made(&items(60));
    for (at, from, count) in [("0/60", 0, 25), ("25/60", 25, 25), ("50/60", 50, 10)] {
        let sent = batch(&scene);
        assert_eq!((sent.len(), &sent[0]), (count, &format!("item-{from}")));
        let step = scene.plan().steps.remove(0);
        assert_eq!((step.thing, step.notes.len()), ("items", 1));
        assert!(step.notes[0].1.starts_with(at), "{:?}", step.notes);
        scene = accepted(scene);
    }
    let plan = scene.plan();
    assert_eq!((plan.steps.len(), plan.end), (0, End::Settled));
    assert!(plan.noted[0].1.starts_with("60/60"), "{:?}", plan.noted);
}

#[test]
fn a_batch_whose_answer_was_lost_is_written_again_and_nothing_else_ever_is() {
    let second = lost(accepted(made(&items(60))));
    assert_eq!(batch(&second)[0], "item-25");
    assert_eq!(batch(&lost(second.clone()))[0], "item-25");
    assert_eq!(batch(&accepted(second))[0], "item-50");
}

#[test]
fn a_note_from_before_a_restart_is_enough_to_go_on() {
    let mut scene = lost(accepted(made(&items(60))));
    scene.inputs.journal.attempts.clear();
    assert_eq!(batch(&scene)[0], "item-25", "a new spec forgets what was accepted: one batch is repeated");
}

#[test]
fn once_they_are_in_they_are_never_written_again() {
    for text in [items(60), items(3)] {
        let done = made(&items(60)).noted("items", "60/60/digest");
        let done = wanting(done, &text);
        assert!(done.settles(), "{:?}", done.steps());
        assert_eq!(references(done), vec![]);
    }
    let emptied = made(&items(60)).wants(json!({ "items": null }));
    let plan = emptied.plan();
    assert_eq!((plan.steps.len(), plan.noted), (0, vec![("items".to_string(), "0/0/".to_string())]));
}

#[test]
fn a_table_that_this_object_did_not_make_gets_none() {
    let taken_over = wanting(dynamo(), &items(3));
    assert!(taken_over.settles());
    assert!(batch(&taken_over).is_empty());
    // Somebody made it between the look and the create; now it is taken over.
    let mut raced = made(&items(3)).tagged([(crate::aws::owner::ALLOW_TAG.into(), "prod/shop".into())].into());
    raced.object.spec.shared.adoption = crate::spec::Adoption::IfExists;
    raced.inputs.recorded_arn = None;
    let raced = raced.noted(RESOURCE_ID, "");
    let step = raced.plan().steps.remove(0);
    assert!(step.notes.contains(&("items".into(), "0/0/".into())), "{:?}", step.notes);
    let mut raced = raced.tagged(dynamo().inputs.owner.tags());
    raced.inputs.journal.notes.extend(step.notes);
    assert!(raced.settles(), "{:?}", raced.steps());
}

#[test]
fn a_tag_that_was_lost_does_not_end_the_writing() {
    let scene = made(&items(3)).tagged(Tags::new());
    let step = scene.plan().steps.remove(0);
    assert!(step.notes.iter().all(|(key, _)| key != "items"), "{:?}", step.notes);
}

#[test]
fn another_text_starts_over() {
    let begun = accepted(made(&items(60)));
    let changed = wanting(begun, &items(60).replace("item-", "thing-"));
    assert_eq!(batch(&changed)[0], "thing-0");
    // The text before had a batch of the same numbers that was accepted: that is not this one.
    let refused = lost(changed);
    assert_eq!(batch(&refused)[0], "thing-0");
    assert_eq!(batch(&accepted(refused))[0], "thing-25");
}

#[test]
fn items_that_aws_would_refuse_are_refused_before_the_table_is_made() {
    let twice = json!([{ "id": "a", "at": 1 }, { "id": "b", "at": 1 }, { "id": "a", "at": 1 }]).to_string();
    for (why, text, words) in [
        ("no partition key", json!([{ "at": 1 }]).to_string(), "item 1 needs id as a string"),
        ("no sort key", json!([{ "id": "a", "at": 1 }, { "id": "b" }]).to_string(), "item 2 needs at as a number"),
        ("another type", json!([{ "id": 7, "at": 1 }]).to_string(), "item 1 needs id as a string"),
        ("the same key twice", twice, "items 1 and 3 have the same key"),
        ("too many", items(2001), "2001 items are too many"),
        ("no JSON", "{".into(), "items.json in ConfigMap seed"),
    ] {
        for scene in [
            wanting(unmade(), &text),
            made(&items(2)).given(|inputs| drop(inputs.config_maps.insert("seed".into(), config_map(&text)))),
        ] {
            let (reason, message) = scene.problem();
            assert_eq!((reason, scene.steps()), (Reason::InvalidSpec, vec![]), "{why}");
            assert!(message.contains(words), "{why}: {message}");
        }
    }
    assert_eq!(wanting(unmade(), &items(2000)).runs().len(), 1);
}

#[test]
fn the_create_waits_for_the_config_map_and_its_key() {
    let missing = wanting(unmade(), "[]").given(|inputs| drop(inputs.config_maps.insert("seed".into(), None)));
    let keyless =
        wanting(unmade(), "[]").wants(json!({ "items": { "configMapRef": { "name": "seed", "key": "other" } } }));
    for (scene, words) in [(missing, "ConfigMap seed does not exist"), (keyless, "no key other")] {
        assert_eq!(scene.steps(), ["later (DependencyNotReady): CreateTable id (none)"]);
        let decision = scene.decided();
        assert!(decision.run.is_empty() && decision.waiting.unwrap().message.contains(words));
    }
    assert_eq!(references(wanting(unmade(), "[]")), [crate::kind::Reference::ConfigMap("seed".into())]);
    let gone = made(&items(3)).given(|inputs| drop(inputs.config_maps.insert("seed".into(), None)));
    assert_eq!((gone.steps(), gone.waiting().0), (vec![], Reason::DependencyNotReady));
}

#[test]
fn items_come_as_a_list_or_in_lines_plain_or_as_dynamodb_writes_them() {
    let lines = "{\"id\":\"a\",\"at\":1}\n{\"id\":\"b\",\"at\":2}\n";
    assert_eq!(batch(&made(lines)), ["a", "b"]);
    let typed = json!([{ "id": { "S": "a" }, "at": { "N": "1" } }]).to_string();
    let format = |scene: Scene| {
        scene.wants(json!({ "items": { "configMapRef": { "name": "seed" }, "format": "DYNAMODB_JSON" } }))
    };
    let create = format(wanting(unmade(), &typed)).plan().steps.remove(0);
    let scene = create.notes.iter().fold(format(wanting(dynamo(), &typed)), |scene, (key, value)| {
        if key == "items" { scene.noted(key, value) } else { scene }
    });
    assert_eq!(batch(&scene), ["a"]);
}

#[test]
fn the_table_is_ready_when_they_are_in() {
    let ready = |scene: &Scene| scene.object.ready(&scene.inputs, &scene.observed);
    let begun = accepted(accepted(made(&items(60))));
    assert!(matches!(ready(&begun), Readiness::No(waiting) if waiting.message.contains("25 of 60")));
    assert_eq!(
        begun.object.facts(&begun.inputs, &begun.observed).items.map(|items| (items.written, items.total)),
        Some((25, 60))
    );
    assert_eq!(ready(&begun.noted("items", "60/60/x")), Readiness::Yes);
    assert_eq!(ready(&made("[]")), Readiness::Yes, "none to write");
}

#[test]
fn they_are_written_only_into_a_table_that_serves() {
    for (word, writes) in
        [("CREATING", false), ("ACTIVE", true), ("UPDATING", true), ("DELETING", false), ("ARCHIVED", false)]
    {
        let scene = made(&items(3)).status(word);
        assert_eq!(scene.steps().iter().any(|step| step.contains("BatchWriteItem")), writes, "{word}");
    }
    assert!(note(&made(&items(3))).starts_with("0/3/"));
    assert_eq!(references(made(&items(3))).len(), 1, "the text is read until they are in");
}

#[test]
fn a_lost_table_that_is_made_again_gets_them_again() {
    let lost = made(&items(3))
        .noted("items", "3/3/digest")
        .absent()
        .given(|inputs| inputs.absent_since = "2026-11-25T11:00:00Z".parse().ok());
    assert_eq!(references(lost.clone()).len(), 1);
    let step = lost.plan().steps.remove(0);
    assert_eq!(step.when, When::Approval);
    assert!(step.notes.iter().any(|(key, note)| key == "items" && note.starts_with("0/3/")), "{:?}", step.notes);
}
