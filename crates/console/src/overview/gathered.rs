//! What takes long to find out: it is found out in the background, once for everybody who looks, and is
//! good for longer the longer it took.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use scrip_core::EnvironmentId;
use tokio::sync::watch;

use crate::failure::Failure;
use crate::visitor::EnvironmentLink;

/// How long a page waits for it. What takes less is found out anew for everybody who looks.
const PATIENCE: Duration = Duration::from_millis(750);
/// What took longer is good for so many times as long: at most a tenth of a core goes into it, however often
/// somebody looks.
const GOOD_FOR: u32 = 10;

/// Something that is found out of each environment.
pub struct Gathered<T>(Mutex<HashMap<EnvironmentId, Place<T>>>);

/// One environment, by the number that it keeps when it is reset.
struct Place<T> {
    /// The number that it has now: what is known of another one is of what was before a reset.
    number: EnvironmentId,
    state: Arc<watch::Sender<State<T>>>,
}

/// What is known.
struct State<T> {
    newest: Option<Arc<T>>,
    /// Where that took long: nobody finds it out anew before this instant.
    good_until: Option<Instant>,
    under_way: Option<Progress>,
    /// Why it was not found out, the last time.
    failure: Option<Failure>,
}

/// How far somebody is who finds something out.
#[derive(Clone, Default)]
pub struct Progress(Arc<AtomicUsize>);

/// What there is to show.
pub struct Look<T> {
    /// The newest that is known.
    pub newest: Option<Arc<T>>,
    /// It took long: it is not of this moment.
    pub is_kept: bool,
    /// Somebody finds it out now, and is so far.
    pub under_way: Option<usize>,
    /// Why it could not be found out anew.
    pub failure: Option<Failure>,
}

impl Progress {
    /// So much more was looked at.
    pub fn add(&self, more: usize) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }
}

impl<T> Default for Gathered<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Default for State<T> {
    fn default() -> Self {
        Self { newest: None, good_until: None, under_way: None, failure: None }
    }
}

impl<T: Send + Sync + 'static> Gathered<T> {
    /// What is known of an environment. Unless it is good still, or somebody is at it already, it is found
    /// out anew; it is waited for that a moment. A failure is told where nothing else is known.
    pub async fn look<F>(
        &self,
        environment: &EnvironmentLink,
        find_out: impl FnOnce(Progress) -> F,
    ) -> Result<Look<T>, Failure>
    where
        F: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        let state = self.state_of(environment);
        if let Some(progress) = begin(&state) {
            tokio::spawn(finish(Arc::clone(&state), find_out(progress)));
        }
        let mut changes = state.subscribe();
        let ended = changes.wait_for(|state| state.under_way.is_none());
        let _ = tokio::time::timeout(PATIENCE, ended).await;
        let state = state.borrow();
        let under_way = state.under_way.as_ref().map(|progress| progress.0.load(Ordering::Relaxed));
        match (&state.newest, &state.failure) {
            (None, Some(failure)) if under_way.is_none() => Err(failure.clone()),
            (newest, failure) => {
                let (newest, failure) = (newest.clone(), failure.clone());
                Ok(Look { newest, is_kept: state.good_until.is_some(), under_way, failure })
            }
        }
    }

    fn state_of(&self, environment: &EnvironmentLink) -> Arc<watch::Sender<State<T>>> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Place { number: environment.number, state: Arc::default() };
        let place = places.entry(environment.home).or_insert_with(fresh);
        if place.number != environment.number {
            *place = fresh();
        }
        Arc::clone(&place.state)
    }
}

/// Notes that somebody begins, unless there is no need.
fn begin<T>(state: &watch::Sender<State<T>>) -> Option<Progress> {
    let mut begun = None;
    state.send_if_modified(|state| {
        let is_good = state.good_until.is_some_and(|until| Instant::now() < until);
        if state.under_way.is_none() && !is_good {
            let progress = Progress::default();
            state.under_way = Some(progress.clone());
            begun = Some(progress);
        }
        false
    });
    begun
}

/// Finds it out, and notes what came of it, whatever that is.
async fn finish<T>(
    state: Arc<watch::Sender<State<T>>>,
    finding_out: impl Future<Output = Result<T, Failure>>,
) {
    let begun = Instant::now();
    let mut ending = Ending { state, found: None };
    let found = finding_out.await;
    let took = begun.elapsed();
    let good_until = (took > PATIENCE).then(|| Instant::now() + took.saturating_mul(GOOD_FOR));
    ending.found = Some(found.map(|found| (found, good_until)));
}

/// Notes the end, also of one that panics.
struct Ending<T> {
    state: Arc<watch::Sender<State<T>>>,
    found: Option<Result<(T, Option<Instant>), Failure>>,
}

impl<T> Drop for Ending<T> {
    fn drop(&mut self) {
        let found = self.found.take();
        self.state.send_modify(|state| {
            state.under_way = None;
            match found {
                Some(Ok((found, good_until))) => {
                    state.newest = Some(Arc::new(found));
                    state.good_until = good_until;
                    state.failure = None;
                }
                Some(Err(failure)) => state.failure = Some(failure),
                None => state.failure = Some(Failure::Internal("it ended early".to_owned())),
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(number: u32) -> EnvironmentLink {
        let (home, name) = (EnvironmentId(1), "sandbox".to_owned());
        EnvironmentLink {
            number: EnvironmentId(number),
            home,
            name,
            is_sandbox: true,
            is_archived: false,
        }
    }

    /// Many who look at once wait for the same one.
    #[tokio::test]
    async fn it_is_found_out_once_for_all_who_look() {
        let gathered = Gathered::<usize>::default();
        let begun = AtomicUsize::new(0);
        let find_out = |_| {
            let number = begun.fetch_add(1, Ordering::Relaxed) + 1;
            async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Ok(number)
            }
        };
        let here = environment(1);
        let (one, other) =
            tokio::join!(gathered.look(&here, find_out), gathered.look(&here, find_out));
        for look in [one.unwrap(), other.unwrap()] {
            assert_eq!((look.newest.as_deref(), look.is_kept), (Some(&1), false));
        }
        let look = gathered.look(&here, find_out).await.unwrap();
        assert_eq!(look.newest.as_deref(), Some(&2), "what took no time is found out anew");
    }

    /// What is known of an environment before a reset is not shown after it.
    #[tokio::test]
    async fn a_reset_is_another_world() {
        let gathered = Gathered::<&str>::default();
        let _ = gathered.look(&environment(1), |_| async { Ok("before") }).await.unwrap();
        let never = |_| std::future::pending();
        let look = gathered.look(&environment(2), never).await.unwrap();
        assert_eq!((look.newest, look.under_way), (None, Some(0)));
    }

    /// Whoever panics is not waited for.
    #[tokio::test]
    async fn one_that_panics_is_begun_anew() {
        let gathered = Gathered::<&str>::default();
        let panics = |_| async { panic!("for the test") };
        assert!(gathered.look(&environment(1), panics).await.is_err());
        let look = gathered.look(&environment(1), |_| async { Ok("found") }).await.unwrap();
        assert_eq!(look.newest.as_deref(), Some(&"found"));
    }
}
