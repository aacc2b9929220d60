//! One life after the other, in one directory.

use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use scrip_disk::{Fault, Files, Harm};
use scrip_oracle::{Answer, Denied, Edit, Oracle, Request};

use super::damage::{Beside, damage};
use super::flips::flip;
use super::place::{At, Place};
use super::plan::{End, fault, fault_of_start};
use super::{Defect, Failure, Report};
use crate::check::{About, Found, Player, is_a_year, same};
use crate::driver::made_grant;
use crate::history::{Setup, Step, generate};

/// Steps of a directory's history, and of one life at most.
const STEPS: usize = 300;
const STEPS_OF_LIFE: usize = 40;
/// Starts that may go wrong before one is spared.
const STARTS_MAX: usize = 4;

/// One directory through its lives.
struct Directory<'a> {
    place: Arc<Place>,
    player: Player,
    rng: StdRng,
    steps: std::vec::IntoIter<Step>,
    unknown: Option<Unknown>,
    before: Beside,
    /// Something that can be made again was damaged at some time.
    is_damaged: bool,
    /// And a read met it.
    is_to_be_rebuilt: bool,
    /// Something went wrong in the life that ended.
    was_struck: bool,
    defect: Defect,
    report: &'a mut Report,
}

/// An order without an answer.
struct Unknown {
    request: Request,
    /// What is so if it did not happen.
    without: Oracle,
    /// What is so if it did.
    with: Oracle,
}

/// Why a life does not go on.
enum Stop {
    /// The disk did that.
    Dead,
    /// Something is not as promised.
    Broken(anyhow::Error),
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Broken(error)
    }
}

/// Plays the history of a seed through so many lives at most.
pub(super) fn lives(
    seed: u64,
    most: u64,
    defect: Defect,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut life = 0;
    let lived = (|| {
        let history = generate(seed, STEPS);
        let mut rng = StdRng::seed_from_u64(seed);
        let place = Place::new(&history.setup)?;
        let player = begin(&place, &history.setup, &mut rng, defect, report)?;
        let mut directory = Directory {
            place,
            player,
            rng,
            steps: history.steps.into_iter(),
            unknown: None,
            before: Beside::default(),
            is_damaged: false,
            is_to_be_rebuilt: false,
            was_struck: false,
            defect,
            report,
        };
        while life < most && directory.steps.len() > 0 {
            life += 1;
            directory.life()?;
        }
        directory.finish()
    })();
    lived.or_else(|error: anyhow::Error| {
        if error.is::<Frozen>() {
            report.frozen += 1;
            return Ok(());
        }
        Err(Failure { seed, life, text: format!("{error:#}") })
    })
}

/// A wallet took no more orders, because a damaged file of names was asked for it. Its owner is
/// told; the directory's story ends there.
#[derive(Debug)]
struct Frozen;

impl std::fmt::Display for Frozen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a wallet is frozen")
    }
}

impl std::error::Error for Frozen {}

/// Makes the ledger, at the first or a later attempt.
fn begin(
    place: &Arc<Place>,
    setup: &Setup,
    rng: &mut StdRng,
    defect: Defect,
    report: &mut Report,
) -> Result<Player> {
    for _ in 0..STARTS_MAX {
        if defect == Defect::None && rng.random_ratio(1, 3) {
            place.disk.plan(fault_of_start(rng));
        }
        match Player::new(&At(Arc::clone(place)), setup) {
            Ok(player) => {
                place.disk.mend();
                return Ok(player);
            }
            Err(found) => {
                ensure!(!place.disk.struck().is_empty(), "making a ledger: {}", found.text);
                place.disk.stop();
                report.starts_cut += 1;
                count_faults(place, report);
                let seed = rng.random();
                place.once_closed(|disk| disk.crash(seed))?;
            }
        }
    }
    let made = Player::new(&At(Arc::clone(place)), setup);
    made.map_err(|found| anyhow!("making a ledger: {}", found.text))
}

fn count_faults(place: &Place, report: &mut Report) {
    for (fault, count) in place.disk.struck() {
        *report.faults.entry(fault).or_default() += count;
    }
}

impl Directory<'_> {
    fn life(&mut self) -> Result<()> {
        self.plan_life();
        match self.play() {
            Err(Stop::Broken(error)) => return Err(error),
            Ok(()) | Err(Stop::Dead) => {}
        }
        let end = match End::draw(&mut self.rng) {
            End::Close if self.place.disk.is_stopped() => End::Kill,
            end => end,
        };
        self.end(end)?;
        self.rest(end)?;
        self.start()?;
        self.report.lives += 1;
        Ok(())
    }

    fn plan_life(&mut self) {
        let disk = &self.place.disk;
        let log = Files::Named("ledger.db-wal");
        let lie = Fault::of(Harm::LyingSync, log);
        match self.defect {
            Defect::LogNotSynced => disk.plan(lie.times(u64::MAX)),
            Defect::LogSyncSkipped => disk.plan(lie.after(self.rng.random_range(0..20))),
            Defect::None => {
                for _ in 0..self.rng.random_range(0..4) {
                    disk.plan(fault(&mut self.rng));
                }
            }
        }
    }

    fn play(&mut self) -> Result<(), Stop> {
        for _ in 0..self.rng.random_range(1..=STEPS_OF_LIFE) {
            let Some(step) = self.steps.next() else { break };
            self.step(&step)?;
            if self.place.disk.is_stopped() {
                return Err(Stop::Dead);
            }
        }
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Result<(), Stop> {
        let without = self.player.oracle.clone();
        let asked = match step {
            Step::Restart => return Ok(()),
            Step::Ask(Request::MoveClock(to)) if is_a_year(to - self.player.now()) => return Ok(()),
            Step::Ask(request) => {
                self.report.commands += u64::try_from(step.commands()).unwrap_or(0);
                self.player.wallets.extend(step.wallets().into_iter().cloned());
                self.player.ask(request).map(drop)
            }
            Step::Clock(to) => self.player.set_clock(*to),
            Step::WriteBehind => self.player.driver.write_behind().map_err(Found::from),
            Step::Read(read) => self.player.read(read).map(drop),
        };
        let Err(found) = asked else { return Ok(()) };
        if self.is_frozen() {
            return Err(Stop::Broken(Frozen.into()));
        }
        let is_told = self.is_told(&found);
        if self.place.disk.struck().is_empty() && !is_told {
            return Err(Stop::Broken(anyhow!("without a fault: {}", found.text)));
        }
        let with = std::mem::replace(&mut self.player.oracle, without.clone());
        match (found.about, step) {
            (About::NotDone, _) => {
                self.report.full += 1;
                Ok(())
            }
            // Lists are served from a full disk too, without what is due and cannot be written, or is
            // written between two pages because there is room again. So are balances, without the grants
            // that wallets would have made.
            (about, Step::Read(_)) if self.was_full() && is_read(about) => {
                self.report.full += 1;
                Ok(())
            }
            // Nor does anybody know then how a grant is called that a wallet would have made.
            (About::Answer, Step::Ask(request)) if self.was_full() && is_of_made(request) => {
                self.report.full += 1;
                Ok(())
            }
            (About::NoAnswer, Step::Ask(request)) => {
                self.unknown = Some(Unknown { request: request.clone(), without, with });
                Err(Stop::Dead)
            }
            (About::NoAnswer, _) => Err(Stop::Dead),
            (about, _) => Err(Stop::Broken(anyhow!("{about:?} of {step}: {}", found.text))),
        }
    }

    /// Ends a life. What was only written is in the hands of the disk.
    fn end(&mut self, end: End) -> Result<()> {
        if end != End::Close {
            self.place.disk.stop();
        }
        self.player.driver.close();
        self.was_struck = !self.place.disk.struck().is_empty();
        count_faults(&self.place, self.report);
        match end {
            End::Close => {
                self.report.closes += 1;
                self.place.once_closed(scrip_disk::Disk::restart)?;
            }
            End::Kill => {
                self.report.kills += 1;
                self.place.once_closed(scrip_disk::Disk::restart)?;
            }
            End::Power => {
                self.report.power_losses += 1;
                let seed = self.rng.random();
                let crashed = self.place.once_closed(|disk| disk.crash(seed))?;
                self.report.sectors_lost += u64::try_from(crashed.sectors).unwrap_or(0);
                self.report.writes_torn += u64::try_from(crashed.writes_torn).unwrap_or(0);
            }
        }
        Ok(())
    }

    /// What befalls the files while nobody has them open.
    fn rest(&mut self, end: End) -> Result<()> {
        if self.defect != Defect::None {
            return Ok(());
        }
        // What became of the last order must be known, so that there is one truth to compare with.
        if self.unknown.is_none() && self.rng.random_ratio(1, 4) {
            // The mark tells what the log lost. It is behind after a loss of power, by what was
            // noted since its last sync, and maybe after a fault.
            let knows_log = end != End::Power && !self.was_struck;
            flip(&self.place, &mut self.player, &mut self.rng, knows_log, self.report)?;
        }
        // Damage becomes durable, which must not make anything else durable.
        if end != End::Power {
            return Ok(());
        }
        if self.rng.random_ratio(1, 3) {
            let done = damage(&self.place.path, &self.before, &mut self.rng)?;
            if let Some(damage) = done {
                self.is_damaged = true;
                *self.report.damages.entry(damage).or_default() += 1;
            }
            self.place.disk.settle()?;
        }
        if self.rng.random_ratio(1, 2) {
            self.before = Beside::read(&self.place.path)?;
        }
        Ok(())
    }

    /// Opens the ledger, maybe after attempts that die too, and compares everything.
    fn start(&mut self) -> Result<()> {
        for attempt in 0..2 * STARTS_MAX {
            if std::mem::take(&mut self.is_to_be_rebuilt) {
                self.report.rebuilds += 1;
                self.place.rebuild()?;
                self.is_damaged = false;
            }
            if attempt < STARTS_MAX && self.defect == Defect::None && self.rng.random_ratio(1, 3) {
                self.place.disk.plan(fault_of_start(&mut self.rng));
            }
            let opened = self.player.driver.open();
            let is_struck = !self.place.disk.struck().is_empty();
            match opened {
                Ok(()) => {}
                Err(error) if is_lost(&error) || !is_struck => {
                    return Err(error.context("opening the ledger"));
                }
                Err(_) => {
                    self.cut_start()?;
                    continue;
                }
            }
            match self.settle() {
                Ok(()) => {
                    self.place.disk.mend();
                    return Ok(());
                }
                Err(Stop::Dead) => self.cut_start()?,
                Err(Stop::Broken(error)) => return Err(error),
            }
        }
        bail!("the ledger cannot be opened again")
    }

    fn cut_start(&mut self) -> Result<()> {
        self.report.starts_cut += 1;
        let end = if self.rng.random_ratio(1, 2) { End::Kill } else { End::Power };
        self.end(end)
    }

    /// Finds out what became of an order without an answer, and compares everything.
    fn settle(&mut self) -> Result<(), Stop> {
        let Some(Unknown { request, without, with }) = self.unknown.take() else {
            let kept = self.player.oracle.clone();
            let read = self.compare();
            return read.map_err(|found| {
                self.player.oracle = kept;
                self.fault_or_broken(found, "after a start")
            });
        };
        if is_of_records(&request) {
            return self.settle_by_asking(request, without, with);
        }
        let mut told = Vec::new();
        for has_happened in [true, false] {
            self.player.oracle = if has_happened { with.clone() } else { without.clone() };
            let test = self.player.test;
            if let (true, Request::MoveClock(to)) = (has_happened, &request)
                && without.clone().ask(&request, self.player.now()).is_ok()
            {
                self.player.test = Some(*to);
            }
            match self.compare() {
                Ok(()) => return self.repeat(request, without, with, has_happened),
                Err(found) => {
                    self.player.test = test;
                    if let Stop::Broken(error) = self.fault_or_broken(found, "unknown") {
                        told.push(format!("{error:#}"));
                        continue;
                    }
                    self.player.oracle = without.clone();
                    self.unknown = Some(Unknown { request, without, with });
                    return Err(Stop::Dead);
                }
            }
        }
        Err(Stop::Broken(anyhow!(
            "{request:?} neither happened nor did it not:\n  if it did: {}\n  if not: {}",
            told.first().map_or("", String::as_str),
            told.get(1).map_or("", String::as_str),
        )))
    }

    /// No wallet shows what became of such a record, but the answer to a repeat does.
    fn settle_by_asking(
        &mut self,
        request: Request,
        without: Oracle,
        with: Oracle,
    ) -> Result<(), Stop> {
        let now = self.player.now();
        // It may be what had no answer, before what was asked for.
        let due = self.player.write_due();
        let asked = due.and_then(|()| Ok(self.player.driver.ask(&request)?));
        let answer = match asked {
            Ok(answer) => answer,
            Err(found) => {
                self.player.oracle = without.clone();
                let stop = self.fault_or_broken(found, "repeating what had no answer");
                self.unknown = Some(Unknown { request, without, with });
                return Err(stop);
            }
        };
        let mut told = Vec::new();
        for (mut oracle, has_happened) in [(with, true), (without, false)] {
            let expected = oracle.ask(&request, now);
            if expected == answer {
                self.player.oracle = oracle;
                self.count_unknown(has_happened);
                let read = self.compare();
                return read.map_err(|found| self.fault_or_broken(found, "after a repeat"));
            }
            told.push(expected);
        }
        Err(Stop::Broken(anyhow!("{request:?} again: {answer:?}, not one of {told:?}")))
    }

    /// Everything that can be read is what the oracle says.
    fn compare(&mut self) -> Result<(), Found> {
        same(About::Clock, &self.player.now(), &self.player.driver.now())?;
        self.player.read_everything()
    }

    fn count_unknown(&mut self, has_happened: bool) {
        if has_happened {
            self.report.unknown_happened += 1;
        } else {
            self.report.unknown_not_happened += 1;
        }
    }

    /// Asks again for what had no answer: under its key it happens once.
    fn repeat(
        &mut self,
        request: Request,
        without: Oracle,
        with: Oracle,
        has_happened: bool,
    ) -> Result<(), Stop> {
        // A clock that is moved to where it stands stays there, and so does the end of a hold, or what
        // a wallet makes by itself and is put as it is. Whether it was ever done cannot be seen if that
        // is how it stood before.
        let has_key = matches!(
            request,
            Request::Consume(_)
                | Request::Batch(_)
                | Request::Reserve(_)
                | Request::Extend(_)
                | Request::Release(_)
                | Request::Refund(_)
                | Request::RefundInvoice(_)
                | Request::SetRecharge(_)
                | Request::PutRecurring(_)
                | Request::MoveClock(_)
        );
        self.count_unknown(has_happened);
        if has_happened && !has_key {
            return Ok(());
        }
        let before = self.player.oracle.clone();
        let Err(found) = self.player.ask(&request) else {
            let read = self.compare();
            return read.map_err(|found| self.fault_or_broken(found, "after a repeat"));
        };
        let (happened, about) = (has_happened, found.about);
        let stop = self.fault_or_broken(found, "repeating what had no answer");
        self.player.oracle = before;
        if matches!(stop, Stop::Dead) && about != About::NotDone {
            let with = if happened { with } else { self.after(&request)? };
            let is_seen = !is_unseen(&request);
            let without = if happened && is_seen { with.clone() } else { without };
            self.unknown = Some(Unknown { request, without, with });
        }
        Err(stop)
    }

    fn was_full(&self) -> bool {
        self.place.disk.struck().keys().any(|(harm, _)| *harm == Harm::NoRoom)
    }

    fn is_frozen(&self) -> bool {
        self.is_damaged && self.player.driver.has_frozen()
    }

    /// A damaged file that can be made again may be told instead of an answer. Then it is made again
    /// before the next life.
    fn is_told(&mut self, found: &Found) -> bool {
        let is_told = found.about == About::NoAnswer && self.is_damaged;
        self.is_to_be_rebuilt |= is_told;
        is_told
    }

    fn after(&self, request: &Request) -> Result<Oracle> {
        let mut oracle = self.player.oracle.clone();
        let _: Result<Answer, Denied> = oracle.ask(request, self.player.now());
        Ok(oracle)
    }

    /// A ledger that gives no answer is dead if the disk did something; whatever else is wrong is
    /// wrong.
    fn fault_or_broken(&mut self, found: Found, when: &str) -> Stop {
        let is_struck = !self.place.disk.struck().is_empty();
        match found.about {
            _ if self.is_frozen() => Stop::Broken(Frozen.into()),
            _ if self.is_told(&found) => Stop::Dead,
            About::NoAnswer | About::NotDone if is_struck => Stop::Dead,
            about if self.was_full() && is_read(about) => Stop::Dead,
            about => Stop::Broken(anyhow!("{when}: {about:?}: {}", found.text)),
        }
    }

    fn finish(mut self) -> Result<()> {
        self.place.disk.mend();
        self.player.driver.close();
        if let Err(error) = self.player.driver.verify() {
            ensure!(self.is_damaged, "{error:#}");
            // What can be made again may be damaged where nobody looked.
            self.place.rebuild()?;
            self.player.driver.verify()?;
        }
        if self.unknown.is_some() {
            bail!("an outcome stayed unknown");
        }
        self.place.once_closed(scrip_disk::Disk::restart).context("closing")
    }
}

/// Whether a request is about customers, currencies, or the end of a recurring grant.
const fn is_of_records(request: &Request) -> bool {
    use Request as R;
    matches!(
        request,
        R::CreateCustomer(_)
            | R::ArchiveCustomer(_)
            | R::UnarchiveCustomer(_)
            | R::CreateCurrency(_)
            | R::ArchiveCurrency(_)
            | R::UnarchiveCurrency(_)
            | R::SetOverdraft(..)
            | R::SetPrice(..)
            | R::RemoveRecurring(..)
    )
}

/// Whether a request names a grant that a wallet makes.
fn is_of_made(request: &Request) -> bool {
    match request {
        Request::Void(id) | Request::Edit(Edit { id, .. }) => made_grant(id).is_some(),
        _ => false,
    }
}

/// Acknowledged rows are said to be missing.
fn is_lost(error: &anyhow::Error) -> bool {
    use scrip_ledger::embedded::OpenError;
    matches!(error.downcast_ref::<OpenError>(), Some(OpenError::Lost(_) | OpenError::Gone { .. }))
}

/// Whether it is something that can be read of a ledger.
const fn is_read(about: About) -> bool {
    use About as A;
    matches!(about, A::Totals | A::Past | A::Rows | A::Grants | A::Failure)
}

/// Whether no number of a wallet may show what became of a request.
const fn is_unseen(request: &Request) -> bool {
    use Request as R;
    matches!(
        request,
        R::MoveClock(_)
            | R::Extend(_)
            | R::SetRecharge(_)
            | R::PutRecurring(_)
            | R::RefundInvoice(_)
    )
}
