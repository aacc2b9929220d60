//! Signs an anchor when it is time.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use scrip_core::{Digest, Timestamp};
use scrip_ledger::anchors::{self, Anchor, AnchorKey, Page, Statement, pages_of};
use scrip_ledger::{
    Ledger, LedgerError, NewRecord, RecordKind, RecordQuery, SYSTEM, Work, each_record,
};
use tokio::sync::watch;

use super::export::Export;
use super::gathered::Gathered;
use crate::asking;
use crate::background::Background;

/// Pages of heads that are stored in one order: others wait no longer for it than for any other.
const PAGES_AT_ONCE: usize = 16;
/// After an anchor that could not be signed, or written into its directory.
const RESTS: Duration = Duration::from_secs(60);

/// How anchors are signed.
pub struct Options {
    /// Signs them; none leaves that to other nodes.
    pub key: Option<AnchorKey>,
    /// How far they are apart.
    pub every: Duration,
    /// Where each is written as a file.
    pub directory: Option<PathBuf>,
    /// How often it is looked what changed.
    pub look_every: Duration,
}

/// Signs anchors, and writes them into a directory, until it is stopped.
pub struct Anchorer(Background);

impl Anchorer {
    /// Begins. Needs a runtime.
    #[must_use]
    pub fn start(ledger: Arc<dyn Ledger>, options: Options) -> Self {
        let rests = RESTS.min(options.every);
        let export = options.directory.map(|directory| Export::into(directory, rests));
        let signing = options.key.map(|key| Signing::with(key, options.every));
        let look_every = options.look_every;
        let rounds = Rounds { ledger, signing, export, look_every, rests };
        Self(Background::start(|stopped| rounds.run(stopped)))
    }

    /// Begins nothing more, and waits for what is under way, but no longer than this: an anchor that is
    /// not signed then is signed after the next start.
    pub async fn stop(self, within: Duration) {
        self.0.stop(within).await;
    }
}

struct Rounds {
    ledger: Arc<dyn Ledger>,
    signing: Option<Signing>,
    export: Option<Export>,
    look_every: Duration,
    rests: Duration,
}

impl Rounds {
    async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        while !*stopped.borrow() {
            let mut pause = self.look_every;
            match self.look().await {
                Ok(()) => {}
                Err(LedgerError::Closed) => return,
                Err(error) => {
                    tracing::error!(%error, "anchors are not signed at present");
                    pause = pause.max(self.rests);
                }
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stopped.changed() => {}
            }
        }
    }

    async fn look(&mut self) -> Result<(), LedgerError> {
        let ledger = self.ledger.as_ref();
        let mut newest = anchors::newest(ledger).await?;
        if let Some(signing) = &mut self.signing
            && let Some(signed) = signing.look(ledger, newest.as_ref()).await?
        {
            newest = Some(signed);
        }
        if let (Some(export), Some(newest)) = (&mut self.export, newest) {
            export.catch_up(ledger, newest).await?;
        }
        Ok(())
    }
}

/// What signs, and what is to be signed.
struct Signing {
    key: Arc<AnchorKey>,
    every: Duration,
    gathered: Option<Gathered>,
    /// The newest anchor that was seen, and since when, by a clock that nobody sets.
    seen: Option<(u64, Instant)>,
    /// Pages may have been stored whose anchor never was.
    may_have_left: bool,
}

impl Signing {
    fn with(key: AnchorKey, every: Duration) -> Self {
        Self { key: Arc::new(key), every, gathered: None, seen: None, may_have_left: true }
    }

    /// Gathers, if it is this node's turn, and signs if it is time.
    async fn look(
        &mut self,
        ledger: &dyn Ledger,
        newest: Option<&Anchor>,
    ) -> Result<Option<Anchor>, LedgerError> {
        if !ledger.signs_anchors().await? {
            self.gathered = None;
            return Ok(None);
        }
        let number = newest.map_or(0, |anchor| anchor.statement.number);
        if self.seen.is_none_or(|(seen, _)| seen != number) {
            self.seen = Some((number, Instant::now()));
        }
        let gathered = match self.gathered.take() {
            Some(gathered) if gathered.behind == number => self.gathered.insert(gathered),
            _ => self.gathered.insert(Gathered::behind(newest)),
        };
        gathered.go_on(ledger).await?;
        // A clock that leapt ahead would date the anchor wrong for ever.
        let Some(now) = ledger.trusted_time() else { return Ok(None) };
        if self.is_time(newest, now) { self.sign(ledger, newest, now).await } else { Ok(None) }
    }

    /// By the clock, or by what has passed here since the newest was seen: a clock that was set back keeps
    /// nobody waiting.
    fn is_time(&self, newest: Option<&Anchor>, now: Timestamp) -> bool {
        let Some(newest) = newest else { return true };
        let every = crate::milliseconds(self.every);
        let has_passed = self.seen.is_some_and(|(_, since)| since.elapsed() >= self.every);
        now >= newest.statement.signed_at.later(every) || has_passed
    }

    async fn sign(
        &mut self,
        ledger: &dyn Ledger,
        newest: Option<&Anchor>,
        now: Timestamp,
    ) -> Result<Option<Anchor>, LedgerError> {
        let Some(gathered) = &self.gathered else { return Ok(None) };
        let (heads, rows, position) = (gathered.heads(), gathered.rows, gathered.position);
        let previous = newest.map_or(Statement::NO_PREVIOUS, |anchor| anchor.statement.hash());
        let last = newest.map(|anchor| anchor.statement.signed_at);
        let number = newest.map_or(0, |anchor| anchor.statement.number) + 1;
        let (wallets, key) = (heads.len() as u64, Arc::clone(&self.key));
        let sign = move || {
            let (root, pages) = pages_of(heads);
            let signed_at = last.map_or(now, |last| last.max(now));
            let public_key = key.public_key();
            let statement =
                Statement { number, previous, signed_at, rows, wallets, root, public_key };
            (key.sign(statement, position), pages)
        };
        let signed = tokio::task::spawn_blocking(sign).await;
        let (anchor, pages) = signed.map_err(|error| LedgerError::Internal(error.to_string()))?;
        let had_left = std::mem::replace(&mut self.may_have_left, true);
        for pages in pages.chunks(PAGES_AT_ONCE) {
            let records = pages.iter().map(|page| page.record(&anchor.statement)).collect();
            let put = asking::execute(ledger, SYSTEM, Work::PutRecords(records)).await;
            if let Err(error) = put {
                // They would fill a disk that is full already.
                let _ = forget_pages(ledger, number, None).await;
                return Err(error);
            }
        }
        if !create(ledger, anchor.record()).await? {
            tracing::warn!(number, "another node signed the anchor");
            self.gathered = None;
            return Ok(None);
        }
        if had_left {
            forget_pages(ledger, number, Some(anchor.statement.root)).await?;
        }
        self.may_have_left = false;
        self.gathered = None;
        tracing::info!(number, rows, wallets, hash = %anchor.statement.hash(), "an anchor is signed");
        Ok(Some(anchor))
    }
}

/// Stores an anchor; not if there is one of its number.
async fn create(ledger: &dyn Ledger, record: NewRecord) -> Result<bool, LedgerError> {
    match asking::execute(ledger, SYSTEM, Work::CreateRecord(record)).await {
        Ok(_) => Ok(true),
        Err(LedgerError::Refused(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes pages of a number, but for those under a root: somebody began to sign it and came to no end.
async fn forget_pages(
    ledger: &dyn Ledger,
    number: u64,
    but: Option<Digest>,
) -> Result<(), LedgerError> {
    let kind = RecordKind::AnchorHeads;
    let kept = but.map(|root| {
        let root = root.to_string();
        format!("{number}.{}.", root.get(..16).unwrap_or(&root))
    });
    let matching = vec![(Page::ANCHOR, number.to_string())];
    let query = RecordQuery { matching, ..RecordQuery::all_of(SYSTEM, kind) };
    let mut left = Vec::new();
    each_record(ledger, query, |record| {
        if kept.as_ref().is_none_or(|kept| !record.id.starts_with(kept.as_str())) {
            left.push(record.id);
        }
        ControlFlow::Continue(())
    })
    .await?;
    for ids in left.chunks(PAGES_AT_ONCE) {
        let work = Work::ForgetRecords(kind, ids.to_vec());
        asking::execute(ledger, SYSTEM, work).await?;
    }
    Ok(())
}
