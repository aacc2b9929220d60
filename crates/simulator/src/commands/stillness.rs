//! A seed at which everything stands still is a finding too.

use std::fmt::Display;
use std::io::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// No seed takes so long, and to make a failing history short does not either.
const STILL_MAX: Duration = Duration::from_secs(10 * 60);
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Ends the program, with the seed, when one takes too long.
pub struct Stillness(Arc<Mutex<Doing>>);

struct Doing {
    what: String,
    since: Instant,
}

impl Stillness {
    /// Watches from now on.
    pub fn watched() -> Self {
        let doing = Doing { what: "beginning".to_owned(), since: Instant::now() };
        let watched = Self(Arc::new(Mutex::new(doing)));
        let looked_at = Self(Arc::clone(&watched.0));
        std::thread::spawn(move || looked_at.look());
        watched
    }

    /// Something else is done from now on.
    pub fn now(&self, what: impl Display) {
        *self.lock() = Doing { what: what.to_string(), since: Instant::now() };
    }

    fn look(&self) {
        loop {
            std::thread::sleep(LOOK_EVERY);
            let doing = self.lock();
            if doing.since.elapsed() > STILL_MAX {
                let _ = writeln!(std::io::stderr(), "everything stands still: {}", doing.what);
                std::process::exit(1);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Doing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
