//! On a paused clock: order, fairness, back-off and recovery.

use futures::future::join_all;

use super::*;

const SLOW: Rate = Rate { per_second: 1.0, burst: 1.0 };

fn turn_of(urgency: Urgency, namespace: &str) -> Turn {
    Turn { urgency, whose: Arc::new(Whose { namespace: namespace.into(), ..Whose::default() }) }
}

/// Lets calls pass in the order in which they come; returns the order in which they went.
async fn order(limit: &Limit, calls: &[(Urgency, &str)]) -> Vec<String> {
    let went = Arc::new(Mutex::new(Vec::new()));
    let each = calls.iter().enumerate().map(|(number, (urgency, namespace))| {
        let (limit, went) = (limit.clone(), went.clone());
        let turn = turn_of(*urgency, namespace);
        let label = format!("{} {namespace}", urgency.word());
        async move {
            // They come one after the other.
            tokio::time::sleep(Duration::from_millis(number as u64)).await;
            on_behalf(turn, limit.pass()).await;
            went.lock().unwrap().push(label);
        }
    });
    join_all(each).await;
    let went = went.lock().unwrap();
    went.clone()
}

#[tokio::test(start_paused = true)]
async fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
    let limit = Limit::new(Rate { per_second: 10.0, burst: 5.0 });
    let began = Instant::now();
    join_all((0..25).map(|_| limit.pass())).await;
    let took = began.elapsed();
    assert!((1.9..2.2).contains(&took.as_secs_f64()), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn what_a_user_asked_for_goes_before_transitions_and_those_before_sweeps() {
    let limit = Limit::new(SLOW);
    limit.pass().await;
    use Urgency::{Edit, Sweep, Transition};
    let went = order(&limit, &[(Sweep, "a"), (Sweep, "a"), (Transition, "a"), (Edit, "a"), (Edit, "a")]).await;
    assert_eq!(went, ["edit a", "edit a", "transition a", "sweep a", "sweep a"]);
}

#[tokio::test(start_paused = true)]
async fn a_namespace_with_many_calls_does_not_starve_one_with_a_few() {
    let limit = Limit::new(SLOW);
    limit.pass().await;
    let sweep = Urgency::Sweep;
    let went = order(&limit, &[(sweep, "big"), (sweep, "big"), (sweep, "big"), (sweep, "big"), (sweep, "small")]).await;
    let small = went.iter().position(|label| label == "sweep small").unwrap();
    assert!(small <= 1, "{went:?}");
}

#[tokio::test(start_paused = true)]
async fn an_edit_during_a_sweep_of_five_thousand_waits_less_than_two_seconds() {
    let limit = Limit::new(Rate { per_second: 10.0, burst: 20.0 });
    let sweeps = join_all((0..5000).map(|_| limit.pass()));
    tokio::pin!(sweeps);
    let mut waits = Vec::new();
    for _ in 0..100 {
        tokio::select! {
            _ = &mut sweeps => break,
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
        waits.push(on_behalf(turn_of(Urgency::Edit, "shop"), limit.pass()).await);
    }
    assert!(waits.iter().all(|wait| *wait < Duration::from_secs(2)), "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn a_throttle_slows_everybody_and_the_speed_comes_back() {
    let limit = Limit::new(Rate { per_second: 8.0, burst: 8.0 });
    limit.throttled(Instant::now());
    assert_eq!(limit.figures().1, 4.0);
    let began = Instant::now();
    join_all((0..4).map(|_| limit.pass())).await;
    assert!(began.elapsed() > Duration::from_millis(900), "{:?}", began.elapsed());
    tokio::time::advance(Duration::from_secs(120)).await;
    assert_eq!(limit.figures().1, 8.0);
    for _ in 0..20 {
        tokio::time::advance(Duration::from_millis(1001)).await;
        limit.throttled(Instant::now());
    }
    assert!(
        limit.figures().1 >= 8.0 * SLOWEST,
        "never slower than that, so that it is found out when AWS has recovered"
    );
}

#[tokio::test(start_paused = true)]
async fn a_round_that_was_broken_off_takes_no_turn_and_leaves_nothing_behind() {
    let limit = Limit::new(SLOW);
    limit.pass().await;
    let broken = tokio::time::timeout(Duration::from_millis(10), limit.pass()).await;
    assert!(broken.is_err());
    let began = Instant::now();
    limit.pass().await;
    assert!(began.elapsed() < Duration::from_millis(1100), "{:?}", began.elapsed());
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (waiting, _) = limit.figures();
    assert!(waiting.values().all(|count| *count == 0) && !limit.lock().is_pumped);
}

#[tokio::test(start_paused = true)]
async fn the_figures_tell_who_waits() {
    let limit = Limit::new(SLOW);
    let waiting = join_all((0..5).map(|_| limit.pass()));
    tokio::pin!(waiting);
    tokio::select! {
        _ = &mut waiting => unreachable!("one call a second"),
        () = tokio::time::sleep(Duration::from_millis(100)) => {}
    }
    assert_eq!(limit.figures().0, HashMap::from([(Urgency::Sweep, 4)]));
}

#[tokio::test(start_paused = true)]
async fn only_a_call_that_began_after_the_last_slowing_slows_again() {
    let limit = Limit::new(Rate { per_second: 16.0, burst: 16.0 });
    let under_way = Instant::now();
    tokio::time::advance(Duration::from_secs(1)).await;
    limit.throttled(Instant::now());
    for _ in 0..3 {
        // The SDK's repeats of it come seconds later.
        tokio::time::advance(Duration::from_secs(1)).await;
        limit.throttled(under_way);
    }
    assert!((8.0..9.0).contains(&limit.figures().1), "{}", limit.figures().1);
    limit.throttled(Instant::now());
    assert!((4.0..5.0).contains(&limit.figures().1), "{}", limit.figures().1);
}

#[tokio::test(start_paused = true)]
async fn the_speed_comes_back_a_sixtieth_of_the_full_rate_each_second_and_no_further() {
    let limit = Limit::new(Rate { per_second: 12.0, burst: 12.0 });
    limit.throttled(Instant::now());
    for (seconds, allowed) in [(10, 8.0), (10, 10.0), (10, 12.0), (3600, 12.0)] {
        tokio::time::advance(Duration::from_secs(seconds)).await;
        assert!((limit.figures().1 - allowed).abs() < 0.01, "{} instead of {allowed}", limit.figures().1);
    }
}

#[tokio::test(start_paused = true)]
async fn under_a_throttle_namespaces_still_take_turns_and_an_edit_is_first() {
    let limit = Limit::new(Rate { per_second: 4.0, burst: 4.0 });
    limit.throttled(Instant::now());
    use Urgency::{Edit, Sweep};
    let calls = [(Sweep, "big"), (Sweep, "big"), (Sweep, "big"), (Sweep, "small"), (Sweep, "big"), (Edit, "shop")];
    let began = Instant::now();
    let went = order(&limit, &calls).await;
    assert_eq!(went[0], "edit shop");
    let small = went.iter().position(|label| label == "sweep small").unwrap();
    assert!(small <= 2, "{went:?}");
    assert!(began.elapsed() > Duration::from_millis(2500), "six calls at two a second: {:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_call_beside_the_queue_is_paid_for_by_those_in_it() {
    let limit = Limit::new(SLOW);
    limit.spend();
    limit.spend();
    let began = Instant::now();
    limit.pass().await;
    assert!((1.9..2.2).contains(&began.elapsed().as_secs_f64()), "{:?}", began.elapsed());
}
