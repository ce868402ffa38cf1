//! No password is ever told: not in an event, a condition, a status, nor in what a panic or a log line would print. (The
//! driver of the simulation looks through every event and status after every round of every other test as well.)

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use awsdb::approval::{Circumstances, decide};
use awsdb::aws::{Cloud, Look};
use awsdb::controller::gather::gather;
use awsdb::kind::{Kind, Want};
use awsdb::spec::{ManagementPolicy, annotation};

use crate::sim::Sim;
use crate::sim::builder::{Manifest, rds};

const CANARY: &str = "CANARY-password-that-sings";

fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the simulation never waits"),
    }
}

fn everything_that_prints(sim: &Sim, manifest: &Manifest) -> String {
    let key = ("shop".to_string(), manifest.0.metadata.name.clone().unwrap());
    let world = sim.world();
    let object = sim.object(&key).unwrap();
    let mut case = now(gather(world, object.clone())).unwrap();
    let id = object.id(Want::Present, &case.home, &case.inputs);
    let looked = now(world.cloud.observe(&id, Look::Direct)).unwrap();
    case.inputs.account = looked.account.clone();
    let plan = object.plan(Want::Present, &case.inputs, &looked.observed);
    let connection = object.connection(&case.inputs, &looked.observed);
    let circumstances = Circumstances {
        want: Want::Present,
        policy: ManagementPolicy::Manage,
        journal: &case.inputs.journal,
        approve: None,
        brake: None,
        accepted: &Default::default(),
        settle: world.clocks.settle,
        now: sim.now(),
    };
    let decision = decide(plan.clone(), &circumstances);
    let secrets = sim.kube(|kube| kube.secrets.clone());
    let calls = sim.calls(0);
    format!(
        "{case:?} {looked:?} {plan:?} {connection:?} {decision:?} {secrets:?} {calls:?} {:?} {:?}",
        sim.events(),
        world.recall
    )
}

#[test]
fn a_known_password_is_in_nothing_that_prints() {
    for manifest in [rds().password_from("mine"), rds().password_from("mine").planned()] {
        let mut sim = Sim::quick();
        sim.user_secret("shop", "mine", CANARY);
        let key = sim.apply(manifest.clone());
        for turn in 0..30 {
            sim.round();
            if turn == 3 && sim.held_hash(&key).is_some() {
                sim.approve(&key);
            }
            if turn == 20 {
                sim.user_secret("shop", "mine", &format!("{CANARY}-again"));
            }
            let text = everything_that_prints(&sim, &manifest);
            assert!(!text.contains("CANARY"), "{text}");
        }
        assert!(sim.the_db(&key).password.starts_with(CANARY));
    }
}

#[test]
fn a_password_that_aws_chose_is_in_nothing_that_prints() {
    let mut sim = Sim::quick();
    let key = sim.apply(rds().aws_managed());
    sim.settle();
    sim.with_db("shop-orders", |db| db.password = CANARY.into());
    sim.run(120);
    sim.must_open(&key);
    let text = everything_that_prints(&sim, &rds());
    assert!(!text.contains("CANARY"), "{text}");
}

#[test]
fn a_drawn_password_is_in_nothing_that_prints() {
    let mut sim = Sim::quick();
    let key = sim.apply(rds());
    sim.settle();
    sim.annotate(&key, annotation::ROTATE, "1");
    for _ in 0..12 {
        sim.round();
        let password = sim.the_db(&key).password;
        let text = everything_that_prints(&sim, &rds());
        assert!(!text.contains(&password));
    }
}

#[test]
fn aws_words_that_quote_a_password_do_not_reach_status_or_events() {
    let mut sim = Sim::quick();
    sim.user_secret("shop", "mine", CANARY);
    sim.aws(|aws| {
        aws.refuse_always(
            "CreateDBInstance",
            "InvalidParameterValue",
            "The parameter MasterUserPassword CANARY-password-that-sings is not valid.",
        );
    });
    let key = sim.apply(rds().password_from("mine"));
    // The driver of the simulation looks through what was told after every round.
    sim.run(120);
    assert_eq!(sim.reason(&key, "Stalled"), "Rejected");
}
