//! Counts what runs in AWS under our owner tag and has no object, on a slow clock. It reads the stores of the watches and
//! asks nothing more of Kubernetes; it changes nothing anywhere.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use kube::ResourceExt;
use kube::runtime::reflector::Store;

use super::backoff::spread;
use super::run::Stage;
use super::stored::Stored;
use crate::aws::tagging::Survey;
use crate::kind::Kind;
use crate::orphans::{Counts, Holder, Holders, Household, confirm, counts, judge, regions, survey};

/// Until everything has been listed, it is asked this often whether it has.
const SOON: Duration = Duration::from_secs(1);

type List = Box<dyn Fn() -> Option<Vec<Holder>> + Send + Sync>;

/// Which objects there are, of all kinds that this process watches.
#[derive(Default)]
pub struct Roll(Mutex<Vec<(String, List)>>);

impl Roll {
    /// Objects of this kind are told by this; `None` until all of them are known.
    pub fn add(&self, kind: &str, list: impl Fn() -> Option<Vec<Holder>> + Send + Sync + 'static) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((kind.into(), Box::new(list)));
    }

    /// All objects, once those of every kind and namespace are known: before that, each would seem to be missing.
    pub fn call(&self) -> Option<Holders> {
        let mut all = Holders::new();
        for (kind, list) in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            all.entry(kind.clone()).or_default().extend(list()?);
        }
        (!all.is_empty()).then_some(all)
    }
}

/// The objects of a store, also those that do not decode: they exist.
pub(super) fn holders<K: Kind>(store: Store<Stored<K>>) -> impl Fn() -> Option<Vec<Holder>> + Send + Sync + 'static {
    move || {
        store.wait_until_ready().now_or_never()?.ok()?;
        let holder = |stored: &Stored<K>| {
            let object = stored.decode().ok();
            let status = object.as_ref().and_then(Kind::status);
            Holder {
                namespace: stored.namespace().unwrap_or_default(),
                name: stored.name_any(),
                arn: status.and_then(|status| status.arn.clone()),
                region: status.and_then(|status| status.region.clone()),
            }
        };
        Some(store.state().iter().map(|object| holder(object)).collect())
    }
}

/// Counts until the stop: at once when everything has been listed, then about every so often. Processes that began
/// together drift apart, since they share AWS's limits.
pub async fn watch(stage: Stage, aws: impl Survey, every: Duration) {
    let counting = async {
        let mut census = Census { stage: &stage, aws, seen: BTreeSet::new(), said: None };
        while stage.roll.call().is_none() {
            tokio::time::sleep(SOON).await;
        }
        for turn in 0.. {
            census.count().await;
            tokio::time::sleep(spread(every, &stage.installation.cluster, turn)).await;
        }
    };
    tokio::select! {
        () = stage.stop.cancelled() => {}
        () = counting => {}
    }
}

struct Census<'a, S> {
    stage: &'a Stage,
    aws: S,
    /// Regions that any object was in: the last to leave one leaves its orphan there.
    seen: BTreeSet<String>,
    /// The failure that was logged last.
    said: Option<String>,
}

impl<S: Survey> Census<'_, S> {
    async fn count(&mut self) {
        match self.counts().await {
            Ok(counts) => {
                self.said = None;
                self.stage.metrics.orphans(Some(counts));
            }
            Err(why) => {
                self.stage.metrics.orphans(None);
                if self.said.as_ref() != Some(&why) {
                    tracing::warn!(why, "things without an object cannot be counted; it is tried again");
                    self.said = Some(why);
                }
            }
        }
    }

    async fn counts(&mut self) -> Result<Counts, String> {
        let said = |(region, error): (String, crate::aws::CloudError)| error.sentence(&format!(" ({region})"));
        let unknown = || "the objects are not known".to_string();
        self.seen.insert(self.stage.installation.region.clone());
        self.seen.extend(regions(&self.stage.roll.call().ok_or_else(unknown)?));
        let things = survey(&self.aws, &self.seen).await.map_err(said)?;
        // Called again: what was made meanwhile has its object by now.
        let objects = self.stage.roll.call().ok_or_else(unknown)?;
        let home = Household {
            installation: &self.stage.installation.name,
            cluster: &self.stage.installation.cluster,
            namespaces: &self.stage.namespaces,
        };
        let mut orphans = judge(home, things, &objects).orphans;
        confirm(&self.aws, &mut orphans).await.map_err(said)?;
        Ok(counts(orphans))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kube::runtime::{reflector, watcher};

    use super::*;
    use crate::aws::CloudError;
    use crate::controller::testing::{Toy, api_server, stage, toy};
    use crate::orphans::tests::{DB, Fake, holder, owned};

    const EVERY: Duration = Duration::from_secs(600);

    fn begun(fake: &Arc<Fake>, list: impl Fn() -> Option<Vec<Holder>> + Send + Sync + 'static) -> Stage {
        let stage = stage(api_server(Vec::new()));
        stage.roll.add("RdsInstance", list);
        tokio::spawn(watch(stage.clone(), fake.clone(), EVERY));
        stage
    }

    fn fake() -> Arc<Fake> {
        let fake = Fake::default();
        fake.things.lock().unwrap().push(owned(DB, "test/RdsInstance/shop/orders", "uid"));
        Arc::new(fake)
    }

    fn says(stage: &Stage, line: &str) -> bool {
        stage.metrics.text().unwrap().contains(line)
    }

    const LINE: &str = "awsdb_orphans{kind=\"RdsInstance\",type=\"rds:db\",why=\"no object\"} 1\n";

    #[tokio::test(start_paused = true)]
    async fn nothing_is_counted_before_every_list_is_complete_and_then_at_once() {
        let fake = fake();
        let list: Arc<Mutex<Option<Vec<Holder>>>> = Arc::default();
        let stage = begun(&fake, {
            let list = list.clone();
            move || list.lock().unwrap().clone()
        });
        tokio::time::sleep(EVERY * 3).await;
        assert!(fake.asked.lock().unwrap().is_empty(), "every thing would have been an orphan");
        *list.lock().unwrap() = Some(vec![holder("shop", "other", Some("arn:aws:rds:eu-west-1:1:db:other"))]);
        tokio::time::sleep(SOON * 2).await;
        assert_eq!(*fake.asked.lock().unwrap(), ["eu-central-1", "eu-west-1"]);
        assert!(says(&stage, LINE), "{}", stage.metrics.text().unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn the_region_that_the_last_object_left_is_still_asked() {
        let fake = fake();
        let list = Arc::new(Mutex::new(Some(vec![holder("shop", "orders", Some(DB))])));
        let stage = begun(&fake, {
            let list = list.clone();
            move || list.lock().unwrap().clone()
        });
        tokio::time::sleep(SOON).await;
        assert!(!says(&stage, "awsdb_orphans{") && says(&stage, "awsdb_orphans_age_seconds 1.0"));
        *list.lock().unwrap() = Some(Vec::new());
        tokio::time::sleep(EVERY * 2).await;
        assert!(says(&stage, LINE), "{}", stage.metrics.text().unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn a_count_that_fails_takes_the_figure_away_until_one_succeeds() {
        let fake = fake();
        let stage = begun(&fake, || Some(Vec::new()));
        *fake.things.lock().unwrap() =
            vec![owned("arn:aws:rds:eu-central-1:1:db:shop-orders", "test/RdsInstance/shop/orders", "uid")];
        tokio::time::sleep(SOON).await;
        assert!(says(&stage, LINE));
        *fake.refusal.lock().unwrap() = Some(CloudError::answered("GetResources", "AccessDeniedException", "no"));
        tokio::time::sleep(EVERY * 2).await;
        assert!(!says(&stage, "awsdb_orphans{") && !says(&stage, "awsdb_orphans_age_seconds "));
        *fake.refusal.lock().unwrap() = None;
        tokio::time::sleep(EVERY * 2).await;
        assert!(says(&stage, LINE));
    }

    #[tokio::test(start_paused = true)]
    async fn it_counts_about_every_so_often_and_ends_with_the_stop() {
        let fake = fake();
        let stage = stage(api_server(Vec::new()));
        stage.roll.add("RdsInstance", || Some(Vec::new()));
        let watching = tokio::spawn(watch(stage.clone(), fake.clone(), EVERY));
        tokio::time::sleep(EVERY * 10).await;
        let counts = fake.asked.lock().unwrap().len();
        assert!((8..=10).contains(&counts), "{counts}");
        stage.stop.cancel();
        watching.await.unwrap();
    }

    #[tokio::test]
    async fn an_object_that_does_not_decode_is_an_owner_too() {
        let (store, mut writer) = reflector::store::<Stored<Toy>>();
        let list = holders(store);
        assert_eq!(list(), None, "not listed yet");
        let mut broken = toy("broken");
        broken["spec"] = serde_json::json!({ "deletionPolicy": 7 });
        let mut good = toy("good");
        good["status"] = serde_json::json!({ "arn": DB, "region": "eu-west-1" });
        writer.apply_watcher_event(&watcher::Event::Init);
        for object in [broken, good] {
            let stored = Stored::new(serde_json::from_value(object).unwrap());
            writer.apply_watcher_event(&watcher::Event::InitApply(stored));
        }
        writer.apply_watcher_event(&watcher::Event::InitDone);
        let mut listed = list().unwrap();
        listed.sort_by(|one, other| one.name.cmp(&other.name));
        assert_eq!(listed, [holder("shop", "broken", None), holder("shop", "good", Some(DB))]);
    }
}
