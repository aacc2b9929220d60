//! Playing a history: each answer and everything that can be read must be what the oracle says.

mod player;
mod reads;

use std::fmt::{self, Debug, Display, Formatter};
use std::panic::{AssertUnwindSafe, catch_unwind};

use scrip_ledger::LedgerError;

use crate::driver::Target;
use crate::history::{History, Step};
pub(crate) use player::{Player, is_a_year};

/// What was done while a history was played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Commands, items of batches counted one by one.
    pub commands: usize,
    /// Requests that were refused.
    pub refused: usize,
    /// Reads that were compared, those at the end included.
    pub reads: usize,
    /// Wallets that were named.
    pub wallets: usize,
    /// Rows at the end.
    pub rows: usize,
    /// How often the ledger was opened again.
    pub restarts: usize,
}

impl Tally {
    /// Adds what another history did.
    pub const fn add(&mut self, other: &Self) {
        self.commands += other.commands;
        self.refused += other.refused;
        self.reads += other.reads;
        self.wallets += other.wallets;
        self.rows += other.rows;
        self.restarts += other.restarts;
    }
}

/// The ledger and the oracle do not say the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// The step, from 0; none is the end of the history.
    pub step: Option<usize>,
    /// In what kind of thing.
    pub about: About,
    /// What they say.
    pub text: String,
}

/// What a disagreement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The answer to a request.
    Answer,
    /// The environment's clock.
    Clock,
    /// A wallet's numbers.
    Totals,
    /// A balance in the past.
    Past,
    /// A list of grants.
    Grants,
    /// A list of rows.
    Rows,
    /// The ledger has no room or no time, and did nothing.
    NotDone,
    /// The ledger gave no answer.
    NoAnswer,
    /// The ledger contradicts itself.
    Failure,
    /// Somebody panicked.
    Panic,
}

impl Display for Disagreement {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { step, about, text } = self;
        match step {
            Some(step) => write!(f, "step {}: {about:?}: {text}", step + 1),
            None => write!(f, "at the end: {about:?}: {text}"),
        }
    }
}

/// Sees each step and what came of it, as text.
pub type Watch<'a> = dyn FnMut(&Step, &str) + 'a;

/// Plays a history on a ledger of this kind beside the oracle.
pub fn play(
    history: &History,
    target: &dyn Target,
    watch: &mut Watch<'_>,
) -> Result<Tally, Disagreement> {
    let mut at = None;
    let played = catch_unwind(AssertUnwindSafe(|| play_all(history, target, watch, &mut at)));
    let found = match played {
        Ok(Ok(tally)) => return Ok(tally),
        Ok(Err(found)) => found,
        Err(panic) => {
            let told = panic.downcast_ref::<String>().cloned();
            let told = told.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
            Found { about: About::Panic, text: told.unwrap_or_default() }
        }
    };
    Err(Disagreement { step: at, about: found.about, text: found.text })
}

fn play_all(
    history: &History,
    target: &dyn Target,
    watch: &mut Watch<'_>,
    at: &mut Option<usize>,
) -> Result<Tally, Found> {
    let mut player = Player::new(target, &history.setup)?;
    for (index, step) in history.steps.iter().enumerate() {
        *at = Some(index);
        let told = player.step(step)?;
        watch(step, &told);
    }
    *at = None;
    player.finish()
}

/// A disagreement, without its place.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) about: About,
    pub(crate) text: String,
}

impl From<anyhow::Error> for Found {
    fn from(error: anyhow::Error) -> Self {
        let about = match error.downcast_ref::<LedgerError>() {
            Some(LedgerError::DiskFull | LedgerError::Busy) => About::NotDone,
            Some(_) => About::NoAnswer,
            None => About::Failure,
        };
        Self { about, text: format!("{error:#}") }
    }
}

pub(crate) fn same<T: PartialEq + Debug>(
    about: About,
    expected: &T,
    found: &T,
) -> Result<(), Found> {
    if expected == found {
        return Ok(());
    }
    let text = format!("\n  oracle {expected:?}\n  ledger {found:?}");
    Err(Found { about, text })
}

/// Two lists; only what differs first is told.
fn same_items<T: PartialEq + Debug>(
    about: About,
    expected: &[T],
    found: &[T],
) -> Result<(), Found> {
    let differ = |place: &usize| expected.get(*place) != found.get(*place);
    let Some(place) = (0..expected.len().max(found.len())).find(differ) else { return Ok(()) };
    let text = format!(
        "item {place} of {} and {}\n  oracle {:?}\n  ledger {:?}",
        expected.len(),
        found.len(),
        expected.get(place),
        found.get(place)
    );
    Err(Found { about, text })
}
