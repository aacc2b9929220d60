//! Deciding: what follows from a command, given a wallet and an instant.

mod consume;
mod grant;
mod hold;
mod money_back;
mod own_grants;
mod refund;
mod time;

use crate::notice::{Level, Notices};
use crate::{
    Cause, Circumstances, Command, Consume, Contradiction, DueKind, Event, Mark, Notice, Origin,
    PackedRow, Refusal, Row, Texts, Timestamp, UnreadableRow, Wallet, Words,
};

/// A row that a decision made, with its packed form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The row.
    pub row: Row,
    /// Its bytes and hash.
    pub packed: PackedRow,
}

/// The outcome of a command: rows to be made durable, refused or not. A refused command still
/// leaves the rows that the passing of time brought before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// All rows, oldest first.
    pub rows: Vec<Decided>,
    /// Where in `rows` the command's own row stands, the one with its key and its words, or why
    /// there is none. Beyond the end for a command that was accepted and changed nothing.
    pub own: Result<usize, Refusal>,
    /// What somebody may want to be told of it, oldest first; a refused command leaves what time
    /// brought.
    pub notices: Vec<Notice>,
}

/// What an execution has brought so far.
#[derive(Default)]
struct Written {
    rows: Vec<Decided>,
    notices: Notices,
}

/// The program contradicts itself; nothing may be answered from the state it leaves behind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A decided event breaks a rule of conservation.
    #[error(transparent)]
    Contradiction(#[from] Contradiction),
    /// A decided row cannot be packed.
    #[error(transparent)]
    Unpackable(#[from] UnreadableRow),
}

/// What a command is, beside its events.
struct Stamp<'a> {
    origin: &'a Origin,
    attributed_at: Option<Timestamp>,
    mark: Option<Mark>,
    words: Words,
}

impl<'a> Stamp<'a> {
    /// The name alone.
    fn of(origin: &'a Origin, mark: Mark) -> Self {
        Self { origin, attributed_at: None, mark: Some(mark), words: Words::default() }
    }

    /// The name alone, for a row that only says that the command was accepted.
    fn name(&self) -> Self {
        let mark = self.mark.clone();
        Self { origin: self.origin, attributed_at: None, mark, words: Words::default() }
    }
}

impl Wallet {
    /// Brings the wallet up to `now`, decides the command, and folds what follows from it.
    ///
    /// The wallet's own time counts: `now` never lies before its last row (decision 45). The
    /// circumstances matter only to a wallet that makes grants by itself, or is about to.
    pub fn execute_in(
        &mut self,
        circumstances: Circumstances,
        command: &Command,
        now: Timestamp,
        origin: &Origin,
    ) -> Result<Outcome, Broken> {
        let now = self.time_at(now);
        let mut written = Written { rows: Vec::with_capacity(1), ..Written::default() };
        self.advance(now, circumstances, &mut written)?;
        written.notices.is_requested = true;
        let mut own = written.rows.len();
        let level = self.level().map_err(Contradiction::from)?;
        let events = match decide(self, command, now, &written.rows) {
            Ok(events) => events,
            Err(refusal) => return Ok(written.outcome(Err(refusal))),
        };
        let mut stamp = Some(stamp(command, origin));
        let makes_grant = matches!(command, Command::Grant(_));
        for event in events {
            // The overdraft grant that a consumption opens, and the return of a grant that left,
            // are not what was asked for.
            let is_own = match event {
                Event::GrantReopened { .. }
                | Event::RefundNamed { .. }
                | Event::RefundTakenOver(_) => false,
                Event::GrantCreated { .. } => makes_grant,
                _ => !makes_grant,
            };
            if is_own && stamp.is_some() {
                own = written.rows.len();
            }
            let stamp = match event {
                _ if is_own => stamp.take(),
                Event::RefundNamed { .. } => stamp.as_ref().map(Stamp::name),
                _ => None,
            };
            self.append(event, now, Cause::Request, stamp, origin, &mut written)?;
        }
        if stamp.is_some() {
            own = written.rows.len();
        }
        self.settle(now, circumstances, level, &mut written)?;
        // A recurring grant's first period may begin with it.
        self.advance(now, circumstances, &mut written)?;
        self.check_at_rest()?;
        debug_assert_eq!(self.check(), Ok(()));
        Ok(written.outcome(Ok(own)))
    }

    /// [`Wallet::execute_in`] where customer and currency are live and nothing is charged.
    pub fn execute(
        &mut self,
        command: &Command,
        now: Timestamp,
        origin: &Origin,
    ) -> Result<Outcome, Broken> {
        self.execute_in(Circumstances::LIVE, command, now, origin)
    }

    /// The wallet as it is at `now`, if something was due by then. A balance read is this fold;
    /// nothing is written. Where [`Wallet::may_make_grants_by`] says so, it is not known how the
    /// wallet will be: here no grant is made.
    pub fn advanced(&self, now: Timestamp) -> Result<Option<Self>, Broken> {
        self.advanced_in(Circumstances::RESTING, now)
    }

    /// The wallet as it is at `now`, if something was due by then.
    pub fn advanced_in(
        &self,
        circumstances: Circumstances,
        now: Timestamp,
    ) -> Result<Option<Self>, Broken> {
        if self.next_due().is_none_or(|due| due.at > now) {
            return Ok(None);
        }
        let mut later = self.clone();
        later.advance(self.time_at(now), circumstances, &mut Written::default())?;
        Ok(Some(later))
    }

    fn advance(
        &mut self,
        now: Timestamp,
        circumstances: Circumstances,
        written: &mut Written,
    ) -> Result<(), Broken> {
        let system = system();
        while let Some(due) = self.next_due().filter(|due| due.at <= now) {
            // A grant that waited for its payment past its own instant acts when it is paid.
            let at = self.time_at(due.at);
            let level = self.level().map_err(Contradiction::from)?;
            for event in time::due_events(self, due, circumstances)? {
                self.append(event, at, Cause::Time, None, &system, written)?;
            }
            // Nothing follows from what is only said.
            if !matches!(due.kind, DueKind::Announcement(_)) {
                self.settle(at, circumstances, level, written)?;
            }
        }
        Ok(())
    }

    /// Whatever must follow before the wallet is at rest: dead grants lose what holds left on
    /// them, grants whose money went back lose theirs (47), freed credits settle the deficit
    /// (decision 11), and a wallet that is low recharges.
    /// Only then is it compared with how it stood before.
    fn settle(
        &mut self,
        at: Timestamp,
        circumstances: Circumstances,
        before: Level,
        written: &mut Written,
    ) -> Result<(), Broken> {
        let cause = Cause::Follows { sequence: self.sequence };
        loop {
            while let Some(event) = time::follow_up(self, at)? {
                let system = system();
                let stamp = self.reclaimed_for(&event).map(|mark| Stamp::of(&system, mark));
                self.append(event, at, cause.clone(), stamp, &system, written)?;
            }
            let bought = own_grants::recharge(self, at, circumstances)
                .map_err(|overflow| Broken::Contradiction(overflow.into()))?;
            if bought.is_empty() {
                let told = self.notice_level(before, at, &mut written.notices);
                return Ok(told.map_err(Contradiction::from)?);
            }
            for event in bought {
                self.append(event, at, cause.clone(), None, &system(), written)?;
            }
        }
    }

    fn append(
        &mut self,
        event: Event,
        at: Timestamp,
        cause: Cause,
        stamp: Option<Stamp<'_>>,
        origin: &Origin,
        written: &mut Written,
    ) -> Result<(), Broken> {
        let is_news = !self.ends_again(&event);
        self.fold(&event, at)?;
        if is_news {
            self.notice(&event, at, &mut written.notices)?;
        }
        let (attributed_at, mark, texts) = match stamp {
            Some(stamp) => {
                (stamp.attributed_at, stamp.mark, Texts::keep(stamp.words, stamp.origin.salt))
            }
            None => (None, None, Texts::None),
        };
        let row = Row {
            sequence: self.sequence,
            recorded_at: at,
            attributed_at: attributed_at.unwrap_or(at),
            event,
            balance_after: self.balance,
            cause,
            actor: origin.actor.clone(),
            trace_id: origin.trace_id,
            mark,
            texts,
        };
        let packed = row.pack(self.hash)?;
        self.hash = packed.hash;
        written.rows.push(Decided { row, packed });
        Ok(())
    }
}

impl Written {
    fn outcome(self, own: Result<usize, Refusal>) -> Outcome {
        Outcome { rows: self.rows, own, notices: self.notices.list }
    }
}

/// The events that a command brings by itself, or why it brings none. The wallet has been brought
/// up to `now`, by the rows `just_before`.
fn decide(
    wallet: &Wallet,
    command: &Command,
    now: Timestamp,
    just_before: &[Decided],
) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Advance => Ok(Vec::new()),
        Command::Grant(grant) => grant::create(wallet, grant, now),
        Command::Void { id, spent } => grant::void(wallet, *id, spent.as_ref()),
        Command::Edit { edit, spent } => grant::edit(wallet, edit, spent.as_ref(), now),
        Command::ConfirmPayment(id) => grant::confirm_payment(wallet, *id, now),
        Command::FailRecharge { id, cost } => own_grants::fail_recharge(wallet, *id, *cost),
        Command::Consume(consume) => consume::consume(wallet, consume, now),
        Command::Reserve(reserve) => hold::reserve(wallet, reserve, now),
        Command::Release(release) => hold::release(wallet, release, now),
        Command::ReleaseLate { release, first } => hold::release_late(wallet, release, *first, now),
        Command::Extend(extend) => hold::extend(wallet, extend, now),
        Command::Refund(refund) => refund::refund(wallet, refund, just_before),
        Command::ReturnMoney(returned) => money_back::claim(wallet, returned),
        Command::SetRecharge(setting) => own_grants::set_recharge(setting),
        Command::SetRenewal(set) => own_grants::set_renewal(wallet, set, now),
        Command::RemoveRenewal(id) => own_grants::remove_renewal(wallet, id),
    }
}

fn stamp<'a>(command: &Command, origin: &'a Origin) -> Stamp<'a> {
    let mut stamp = Stamp { origin, attributed_at: None, mark: None, words: Words::default() };
    match command {
        Command::Grant(grant) => stamp.words = grant.words.clone(),
        Command::Edit { edit, .. } => {
            stamp.words.display_name = edit.change.display_name.clone();
            stamp.words.comment = edit.change.comment.clone();
            stamp.words.metadata = edit.change.metadata.clone();
        }
        Command::Consume(consume) => {
            let Consume { key, created_at, dimensions, .. } = consume;
            stamp.attributed_at = *created_at;
            let fingerprint = consume.fingerprint();
            stamp.mark = Some(Mark { key: Some(key.clone()), fingerprint });
            stamp.words.dimensions = dimensions.clone();
        }
        Command::Reserve(reserve) => {
            stamp.mark = Some(Mark { key: None, fingerprint: reserve.fingerprint });
            if !reserve.metadata.is_empty() {
                stamp.words.metadata = Some(reserve.metadata.clone());
            }
        }
        Command::Refund(refund) => {
            let request = &refund.request;
            let fingerprint = request.fingerprint();
            stamp.mark = Some(Mark { key: Some(request.key.clone()), fingerprint });
            stamp.words.dimensions = refund.original.dimensions.clone();
        }
        Command::ReturnMoney(returned) => stamp.mark = Some(returned.mark()),
        Command::Advance
        | Command::Void { .. }
        | Command::ConfirmPayment(_)
        | Command::FailRecharge { .. }
        | Command::Release(_)
        | Command::ReleaseLate { .. }
        | Command::Extend(_)
        | Command::SetRecharge(_)
        | Command::SetRenewal(_)
        | Command::RemoveRenewal(_) => {}
    }
    stamp
}

fn system() -> Origin {
    Origin { actor: crate::Actor::System, trace_id: crate::TraceId::default(), salt: [0; 16] }
}
