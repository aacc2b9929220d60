//! A round: threads call at once, then everything comes to rest and is read.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, Mutex};
use std::time::{Duration, Instant};

use scrip_oracle::{Request, WalletName};

use super::call::{Call, Noted, Seen, overdraft_name};
use super::linearize::End;
use super::plan::{Plan, World};
use super::wire::{Outcome, Wire};

const PATIENCE: Duration = Duration::from_secs(20);
/// How often a call is made until it is answered.
const TRIES_MAX: usize = 400;

/// All calls of a round, as they are noted.
pub struct Notes {
    began: Instant,
    calls: Mutex<Vec<Noted>>,
    /// When the server was found dead.
    pub deaths: Mutex<Vec<u64>>,
    /// The server is about to be started again.
    pub is_down: AtomicBool,
}

/// The thread that is none: what is done between the rounds.
pub const NO_THREAD: usize = usize::MAX;

impl Notes {
    /// None yet.
    pub fn new(began: Instant) -> Self {
        Self {
            began,
            calls: Mutex::default(),
            deaths: Mutex::default(),
            is_down: AtomicBool::new(false),
        }
    }

    /// Nanoseconds since the run began.
    pub fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// What was noted; the notes are empty afterwards. What was called before the server died
    /// cannot happen after it.
    pub fn take(&self) -> Vec<Noted> {
        let mut calls =
            self.calls.lock().map(|mut calls| std::mem::take(&mut *calls)).unwrap_or_default();
        let deaths =
            self.deaths.lock().map(|mut deaths| std::mem::take(&mut *deaths)).unwrap_or_default();
        for noted in &mut calls {
            let death = deaths.iter().copied().find(|death| *death > noted.called);
            if let (End::Open { until }, Some(death)) = (&mut noted.end, death) {
                *until = death;
            }
        }
        calls
    }

    /// Makes a call and notes it. True if it was answered.
    pub fn make(
        &self,
        wire: &Wire,
        thread: usize,
        call: &Call,
        patience: Duration,
    ) -> anyhow::Result<bool> {
        let called = self.now();
        let outcome = wire.make(call, patience)?;
        let end = match outcome {
            Outcome::Answered(answer) => End::Answered { at: self.now(), answer },
            Outcome::Unknown if call.is_read() => return Ok(false),
            Outcome::Unknown => End::Open { until: u64::MAX },
        };
        let is_answered = matches!(end, End::Answered { .. });
        if let Ok(mut calls) = self.calls.lock() {
            calls.push(Noted { call: call.clone(), thread, called, end });
        }
        Ok(is_answered)
    }

    /// Makes a call until it is answered.
    pub fn insist(&self, wire: &Wire, call: &Call) -> anyhow::Result<()> {
        for _ in 0..TRIES_MAX {
            if self.make(wire, NO_THREAD, call, PATIENCE)? {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        anyhow::bail!("{call:?} is never answered")
    }

    /// Writes whose outcome nobody knows: a later answer to the same under its key would tell.
    fn unsettled(&self) -> Vec<Call> {
        let calls = self.calls.lock().map(|calls| calls.clone()).unwrap_or_default();
        let mut unsettled = Vec::new();
        for open in &calls {
            let is_told = |other: &Noted| {
                matches!(other.end, End::Answered { .. })
                    && other.called > open.called
                    && other.call == open.call
            };
            if matches!(open.end, End::Open { .. })
                && !unsettled.contains(&open.call)
                && !calls.iter().any(is_told)
            {
                unsettled.push(open.call.clone());
            }
        }
        unsettled
    }
}

/// What a thread does: some calls, the first of which all threads make at the same time.
pub fn thread(
    notes: &Notes,
    wire: &Wire,
    plan: &mut Plan,
    place: usize,
    first: Call,
    calls: usize,
    start: &Barrier,
) -> anyhow::Result<()> {
    start.wait();
    let mut call = first;
    for _ in 0..calls {
        while notes.is_down.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        let patience = plan.gives_up_after().unwrap_or(PATIENCE);
        if !notes.make(wire, place, &call, patience)? && !call.is_read() && plan.tries_again() {
            notes.make(wire, place, &call, PATIENCE)?;
        }
        call = plan.next();
    }
    Ok(())
}

/// Reads everything, finds out what became of the open calls, and reads again.
pub fn settle(notes: &Notes, wire: &Wire, world: &World) -> anyhow::Result<()> {
    let unsettled = notes.unsettled();
    if !unsettled.is_empty() {
        read_all(notes, wire, world)?;
    }
    for customer in world.customers() {
        // Whatever is asked again must not be refused for the moment only.
        let key = Some(format!("settle-{}", notes.now()));
        let request = Request::UnarchiveCustomer(customer);
        notes.insist(wire, &Call::Write { request, key })?;
    }
    for call in unsettled {
        let is_archiving =
            matches!(&call, Call::Write { request: Request::ArchiveCustomer(_), .. });
        notes.insist(wire, &call)?;
        if is_archiving {
            return settle(notes, wire, world);
        }
    }
    read_all(notes, wire, world)
}

fn read_all(notes: &Notes, wire: &Wire, world: &World) -> anyhow::Result<()> {
    for wallet in world.wallets.iter() {
        notes.insist(wire, &Call::Check { wallet: wallet.clone(), requested: None })?;
        notes.insist(wire, &Call::Rows(wallet.clone()))?;
        notes.insist(wire, &Call::Grants(wallet.clone()))?;
    }
    Ok(())
}

/// Calls the grants in all answers by their names in the history. The last lists show them all.
pub fn name_grants(calls: &mut [Noted], identifiers: &BTreeMap<String, String>) {
    let mut names: BTreeMap<String, String> =
        identifiers.iter().map(|(name, id)| (id.clone(), name.clone())).collect();
    let mut lists: BTreeMap<&WalletName, &[super::call::SeenGrant]> = BTreeMap::new();
    for noted in calls.iter() {
        if let (Call::Grants(wallet), End::Answered { answer: Seen::Grants(grants), .. }) =
            (&noted.call, &noted.end)
        {
            lists.insert(wallet, grants);
        }
    }
    for grants in lists.values() {
        let overdrafts = grants.iter().rev().filter(|grant| grant.name.starts_with("cred-grant-"));
        for (number, grant) in (1..).zip(overdrafts) {
            names.insert(grant.name.clone(), overdraft_name(number));
        }
    }
    let named = |name: &mut String| {
        if let Some(known) = names.get(name) {
            name.clone_from(known);
        }
    };
    for noted in calls.iter_mut() {
        if let End::Answered { answer, .. } = &mut noted.end {
            match answer {
                Seen::Grants(grants) => grants.iter_mut().for_each(|grant| named(&mut grant.name)),
                Seen::Grant(grant) => named(&mut grant.name),
                Seen::Rows(rows) => {
                    rows.iter_mut().for_each(|(_, row)| named(&mut row.grant));
                }
                _ => {}
            }
        }
    }
}
