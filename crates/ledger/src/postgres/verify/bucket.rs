//! One bucket: its rows are folded in their order, and what stands beside them is compared.

use std::collections::{HashMap, HashSet};

use scrip_core::WalletKey;

use super::super::session::Session;
use super::super::tables::records::Place;
use super::super::tables::wallets::Listed;
use super::super::tables::{
    bucket_of, count, entries, events, grants, names, records, states, usage, wallets,
};
use super::counters::Counters;
use super::{Part, Verified, tell};
use crate::anchors::{Expected, Witnesses};
use crate::seal::BROKEN;
use crate::slot::{Position, Slot, WalletNumber};
use crate::verifying::{
    AddedUp, Beside, Collector, Finding, Findings, Followed, Grants, KeptState, Linked, RawEntry,
    States, Usage, check, check_grants, check_states,
};
use crate::work::StoreError;
use crate::{Erasure, ErasureState, RecordKind};

/// How many rows are read at once.
const CHUNK: i64 = 4_096;

/// A bucket that is being read, in a transaction of its own.
pub struct Bucket<'a> {
    session: &'a Session,
    number: i16,
    findings: &'a Collector,
    anchored: &'a Witnesses,
    wallets: HashMap<WalletNumber, Wallet<'a>>,
    unlisted: HashSet<WalletNumber>,
    linked: Linked,
    grants: Grants,
    states: States,
    added_up: AddedUp,
    verified: Verified,
    met: Counters,
}

/// A wallet that is being folded.
struct Wallet<'a> {
    slot: Slot,
    /// What anchors say of it.
    anchored: Option<&'a Expected>,
    /// A row of it is wrong: nothing more can be said of it.
    is_broken: bool,
    listed: Listed,
}

impl<'a> Bucket<'a> {
    /// Reads all of it, and tells what is wrong.
    pub fn read(
        session: &'a Session,
        number: i16,
        (findings, anchored): (&'a Collector, &'a Witnesses),
    ) -> Result<Part, StoreError> {
        let mut bucket = Self {
            session,
            number,
            findings,
            anchored,
            wallets: HashMap::new(),
            unlisted: HashSet::new(),
            linked: Linked::default(),
            grants: Grants::default(),
            states: States::default(),
            added_up: AddedUp::default(),
            verified: Verified::default(),
            met: Counters::default(),
        };
        session.run("begin isolation level repeatable read read only")?;
        let read = bucket.read_all();
        session.run(if read.is_ok() { "commit" } else { "rollback" })?;
        read?;
        Ok((bucket.verified, bucket.met))
    }

    fn read_all(&mut self) -> Result<(), StoreError> {
        self.read_wallets()?;
        self.read_days()?;
        let overfull = std::mem::take(&mut self.added_up.overfull);
        let mut usage = Usage::new(&overfull, usage::reach(self.session)?);
        usage.told = std::mem::take(&mut self.added_up.weights);
        self.read_rows(&mut usage)?;
        self.check_wallets(&mut usage)?;
        self.check_names()?;
        self.check_beside()?;
        self.check_events()
    }

    fn read_wallets(&mut self) -> Result<(), StoreError> {
        let listed = wallets::of_bucket(self.session, self.number, tell(self.findings))?;
        for listed in listed {
            let (number, key) = (listed.number, &listed.key);
            self.met.wallet = self.met.wallet.max(number);
            if bucket_of(key.environment, &key.customer) != self.number {
                self.wrong(format!("wallets: {number} lies in another customer's bucket"));
            }
            if let Some(reason) = &listed.frozen {
                let (customer, currency) = (&key.customer, &key.currency);
                self.verified.frozen.push(format!(
                    "wallet {number} (customer {customer}, currency {currency}): {reason}"
                ));
            }
            let mut slot = Slot::new(key.clone());
            slot.number = number;
            let anchored = self.anchored.of(slot.wallet.key());
            let wallet = Wallet { slot, anchored, is_broken: false, listed };
            if self.wallets.insert(number, wallet).is_some() {
                self.wrong(format!("wallets: two have the number {number}"));
            }
        }
        Ok(())
    }

    fn read_days(&mut self) -> Result<(), StoreError> {
        let Self { session, number, findings, added_up, .. } = self;
        usage::each_of_bucket(session, *number, |row| {
            added_up.take(row).or_else(|error| {
                findings.add(error);
                Ok(())
            })
        })?;
        self.verified.usage_days = self.added_up.days;
        Ok(())
    }

    fn read_rows(&mut self, usage: &mut Usage<'_>) -> Result<(), StoreError> {
        loop {
            let after = self.met.position;
            let rows = entries::rows_of_bucket(self.session, self.number, after, CHUNK)?;
            let Some(last) = rows.last() else { return Ok(()) };
            for row in &rows {
                match entries::raw(row) {
                    Ok(entry) => self.follow(&entry, usage)?,
                    Err(error) => self.pass_over(row, error),
                }
            }
            self.met.position = count(last, "position")?;
            self.verified.rows += rows.len() as u64;
        }
    }

    /// A row that cannot be read: nothing more can be said of its wallet.
    fn pass_over(&mut self, row: &tokio_postgres::Row, error: StoreError) {
        self.findings.add(error);
        let wallet = count(row, "wallet").ok().and_then(|number| self.wallets.get_mut(&number));
        if let Some(wallet) = wallet {
            wallet.is_broken = true;
        }
    }

    fn follow(&mut self, entry: &RawEntry<&[u8]>, usage: &mut Usage<'_>) -> Result<(), StoreError> {
        let position = entry.position;
        let beside = InBucket { session: self.session, number: self.number };
        let Some(wallet) = self.wallets.get_mut(&entry.wallet) else {
            if self.unlisted.insert(entry.wallet) {
                let what = format!("wallet {} is not in the list of wallets", entry.wallet);
                self.findings.add(Finding::row(position, what));
            }
            return Ok(());
        };
        if wallet.is_broken {
            return Ok(());
        }
        let mut uncompared = None;
        let folded =
            self.linked.fold(&beside, &mut wallet.slot, entry, |error| uncompared = Some(error));
        match uncompared {
            Some(StoreError::Corrupt(what)) => self.findings.add(Finding::row(position, what)),
            // The database failed, not the row.
            Some(error) => return Err(error),
            None => {}
        }
        let mut row = match folded {
            Ok(row) => row,
            Err(finding) => {
                self.findings.add(finding);
                wallet.is_broken = true;
                return Ok(());
            }
        };
        if let Some(anchored) = wallet.anchored {
            let key = wallet.slot.wallet.key();
            anchored.follow(key, position, entry.sequence, entry.hash(), self.findings);
        }
        if let Err(finding) = usage.follow(entry, &mut row) {
            self.findings.add(finding);
        }
        let departed = wallet.slot.wallet.take_departed();
        let followed = self
            .grants
            .follow(position, &wallet.slot, &row, departed)
            .and_then(|()| self.states.follow(&beside, position, &wallet.slot, &row));
        if let Err(finding) = followed {
            self.findings.add(finding);
        } else if !entry.is_sealed() {
            self.findings.add(Finding::row(position, BROKEN));
        }
        Ok(())
    }

    /// Every wallet at rest, and as its table has it.
    fn check_wallets(&mut self, usage: &mut Usage<'_>) -> Result<(), StoreError> {
        self.verified.wallets = self.wallets.len();
        for wallet in self.wallets.values() {
            let number = wallet.slot.number;
            // Of a broken wallet not all rows were followed.
            let key = wallet.slot.wallet.key();
            let has_other_usage = !usage.fits(number, || self.is_being_erased(key));
            if wallet.is_broken {
                continue;
            }
            if let Some(anchored) = wallet.anchored {
                let it = &wallet.slot.wallet;
                anchored.end(it.key(), it.sequence(), self.findings);
            }
            if has_other_usage {
                let what = "its usage is not what its rows add up to";
                self.findings.add(Finding::Other(format!("wallet {number}: {what}")));
            }
            self.verified.chains.add(&wallet.slot)?;
            if wallet.slot.wallet.sequence() == 0 {
                let what = format!("wallets: {} has no rows", wallet.slot.number);
                self.findings.add(Finding::Other(what));
            } else if let Err(finding) =
                check(&wallet.slot).and_then(|()| wallet.listed.compare(&wallet.slot))
            {
                self.findings.add(finding);
            }
        }
        for number in usage.left() {
            self.wrong(format!("usage_days: there is usage of wallet {number}, which is missing"));
        }
        for number in wallets::of_nobody(self.session, self.number)? {
            self.wrong(format!("wallets: {number} is of a customer without a record"));
        }
        Ok(())
    }

    /// What is read is of one instant, in which the customer is half erased.
    fn is_being_erased(&self, key: &WalletKey) -> bool {
        let place = Place::new(key.environment, RecordKind::Erasure, key.customer.as_str());
        let record = records::record(self.session, &place).ok().flatten();
        let erasure = record.as_ref().and_then(Erasure::of);
        erasure.is_some_and(|erasure| erasure.state == ErasureState::Running)
    }

    fn check_names(&mut self) -> Result<(), StoreError> {
        let (session, most) = (self.session, i64::try_from(Findings::MOST).unwrap_or(i64::MAX));
        self.verified.names = names::count_of_bucket(session, self.number)?;
        for position in names::leading_astray(session, self.number, most)? {
            let what =
                format!("names: one leads to row {position}, which has another or is missing");
            self.wrong(what);
        }
        for position in names::unnamed(session, self.number, most)? {
            self.findings.add(Finding::row(position, "its name does not lead to it"));
        }
        Ok(())
    }

    fn check_beside(&mut self) -> Result<(), StoreError> {
        let kept = states::of_bucket(self.session, self.number)?;
        let parts = [&*self];
        check_states(&parts, kept, self.findings);
        let mut last_grant = 0;
        let grants = check_grants(
            &parts,
            self.findings,
            |key| self.is_being_erased(key),
            |show| {
                grants::each_of_bucket(self.session, self.number, &mut |grant| {
                    if let Ok(listed) = &grant {
                        last_grant = last_grant.max(listed.record.ordinal);
                    }
                    show(grant);
                })
            },
        )?;
        let (records, last_record) =
            records::check_of_bucket(self.session, self.number, tell(self.findings))?;
        (self.verified.grants, self.verified.records) = (grants, records);
        (self.met.grant, self.met.record) = (last_grant, last_record);
        Ok(())
    }

    fn check_events(&mut self) -> Result<(), StoreError> {
        loop {
            let after = self.met.event;
            let tell = tell(self.findings);
            let read = events::check_of_bucket(self.session, self.number, after, CHUNK, tell)?;
            let Some((last, count)) = read else { return Ok(()) };
            self.met.event = last;
            self.verified.events += count;
        }
    }

    fn wrong(&self, what: String) {
        self.findings.add(Finding::Other(what));
    }
}

impl Followed for &Bucket<'_> {
    fn grants(&self) -> &Grants {
        &self.grants
    }

    fn states(&self) -> &States {
        &self.states
    }

    fn whole(&self, number: WalletNumber) -> Option<&Slot> {
        self.wallets.get(&number).filter(|wallet| !wallet.is_broken).map(|wallet| &wallet.slot)
    }

    fn is_broken(&self, number: WalletNumber) -> bool {
        self.wallets.get(&number).is_some_and(|wallet| wallet.is_broken)
    }

    fn has_broken(&self) -> bool {
        !self.unlisted.is_empty() || self.wallets.values().any(|wallet| wallet.is_broken)
    }
}

/// What stands beside the rows of a bucket.
struct InBucket<'a> {
    session: &'a Session,
    number: i16,
}

impl Beside for InBucket<'_> {
    fn raw_entry(&self, position: Position) -> Result<Option<RawEntry>, StoreError> {
        entries::raw_entry(self.session, self.number, position)
    }

    fn state(&self, wallet: WalletNumber, sequence: u64) -> Result<Option<KeptState>, StoreError> {
        states::state(self.session, self.number, wallet, sequence)
    }
}
