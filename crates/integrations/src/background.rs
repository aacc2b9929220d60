//! Work that goes on by itself until it is stopped.

use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A task that is told when to stop.
pub(crate) struct Background {
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
}

impl Background {
    /// Begins what hears by this that it is to stop. Needs a runtime.
    pub(crate) fn start<Run>(run: impl FnOnce(watch::Receiver<bool>) -> Run) -> Self
    where
        Run: Future<Output = ()> + Send + 'static,
    {
        let (stop, stopped) = watch::channel(false);
        Self { stop, running: tokio::spawn(run(stopped)) }
    }

    /// Tells it to stop and waits, but no longer than this; whether it ended by then. Otherwise it is cut.
    pub(crate) async fn stop(self, within: Duration) -> bool {
        let _ = self.stop.send(true);
        let abort = self.running.abort_handle();
        let has_ended = tokio::time::timeout(within, self.running).await.is_ok();
        if !has_ended {
            abort.abort();
        }
        has_ended
    }
}
