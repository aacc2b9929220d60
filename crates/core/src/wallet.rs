//! A wallet: the unit of consistency, folded from its rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    BurnRank, Contradiction, Credits, Digest, Grant, GrantId, GrantNumber, GrantState, GrantType,
    Hold, HoldNumber, Overflow, ReservationId, Timestamp, WalletKey, genesis,
};

/// What an instant brings. At one instant activations come first, then expiries, then hold
/// timeouts (decision 58): the derived order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DueKind {
    /// A scheduled grant becomes usable.
    Activation(GrantNumber),
    /// A grant ends.
    Expiry(GrantNumber),
    /// A hold ends.
    HoldTimeout(HoldNumber),
}

/// Something that time will bring, ordered by instant, kind and creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Due {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: DueKind,
}

/// The sums over the grants that count, kept up row by row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sums {
    pub granted: Credits,
    pub consumed: Credits,
    pub held: Credits,
    /// Held on grants that expired or were voided meanwhile (decision 17).
    pub held_on_dead: Credits,
}

/// What a wallet says of itself at an instant (spec 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// All credits of the usable grants.
    pub granted: Credits,
    /// What of them is consumed or held, the deficit included.
    pub used: Credits,
    /// What of `used` is held.
    pub reserved: Credits,
    /// Held on dead grants; part of no other number.
    pub reserved_on_dead: Credits,
    /// `granted - used`; below zero when overdrawn.
    pub available: Credits,
    /// The last row's instant; none if there never was a row.
    pub updated_at: Option<Timestamp>,
    /// Strictly increasing with every row: microseconds (decision 45).
    pub version_microseconds: i64,
    /// The next instant at which the answer changes by itself.
    pub valid_until: Option<Timestamp>,
    /// The end of the current recurring grant's period.
    pub period_end: Option<Timestamp>,
}

/// A customer's credits of one currency, for one resource or none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wallet {
    pub(crate) key: WalletKey,
    /// In order of creation, so sorted by number.
    pub(crate) grants: Vec<Grant>,
    /// Usable grants with unheld credits, the first to burn last.
    pub(crate) burn: Vec<BurnRank>,
    /// What time will bring, the earliest last.
    pub(crate) due: Vec<Due>,
    /// Open holds in order of creation.
    pub(crate) holds: BTreeMap<HoldNumber, Arc<Hold>>,
    pub(crate) hold_names: BTreeMap<ReservationId, HoldNumber>,
    pub(crate) overdraft: Option<GrantNumber>,
    /// Dead grants on which the end of a hold left credits that must go.
    pub(crate) remains: Vec<GrantNumber>,
    pub(crate) sums: Sums,
    /// The sum of all effects.
    pub(crate) balance: Credits,
    pub(crate) last_grant: GrantNumber,
    pub(crate) last_hold: HoldNumber,
    pub(crate) sequence: u64,
    pub(crate) recorded_at: Option<Timestamp>,
    pub(crate) version_microseconds: i64,
    pub(crate) hash: Digest,
    /// Grants that left since they were last asked for; their final facts are to be stored.
    #[serde(skip)]
    pub(crate) departed: Vec<Grant>,
}

impl Wallet {
    /// A wallet without rows.
    #[must_use]
    pub fn new(key: WalletKey) -> Self {
        let hash = genesis(&key);
        Self {
            key,
            grants: Vec::new(),
            burn: Vec::new(),
            due: Vec::new(),
            holds: BTreeMap::new(),
            hold_names: BTreeMap::new(),
            overdraft: None,
            remains: Vec::new(),
            sums: Sums::default(),
            balance: Credits::ZERO,
            last_grant: GrantNumber(0),
            last_hold: HoldNumber(0),
            sequence: 0,
            recorded_at: None,
            version_microseconds: 0,
            hash,
            departed: Vec::new(),
        }
    }

    /// What names it.
    #[must_use]
    pub const fn key(&self) -> &WalletKey {
        &self.key
    }

    /// The sequence of its last row; 0 before the first.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The hash of its last row.
    #[must_use]
    pub const fn hash(&self) -> Digest {
        self.hash
    }

    /// The instant of its last row. Its time never goes back behind it.
    #[must_use]
    pub const fn recorded_at(&self) -> Option<Timestamp> {
        self.recorded_at
    }

    /// The earliest thing that time will bring.
    #[must_use]
    pub fn next_due(&self) -> Option<Due> {
        self.due.last().copied()
    }

    /// Its time for a command that arrives at `now`: a wallet's time never goes back.
    #[must_use]
    pub fn time_at(&self, now: Timestamp) -> Timestamp {
        self.recorded_at.map_or(now, |last| last.max(now))
    }

    /// The balance as the last row left it. Call [`Wallet::advanced`] first if something is due.
    pub fn balance(&self) -> Result<Balance, Overflow> {
        let used = self.sums.consumed.plus(self.sums.held)?;
        Ok(Balance {
            granted: self.sums.granted,
            used,
            reserved: self.sums.held,
            reserved_on_dead: self.sums.held_on_dead,
            available: self.sums.granted.minus(used)?,
            updated_at: self.recorded_at,
            version_microseconds: self.version_microseconds,
            valid_until: self.next_due().map(|due| due.at),
            period_end: self.period_end(),
        })
    }

    /// The grants that can still matter, in order of creation.
    #[must_use]
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// A grant that can still matter.
    #[must_use]
    pub fn grant(&self, number: GrantNumber) -> Option<&Grant> {
        self.grant_index(number).and_then(|index| self.grants.get(index))
    }

    /// A grant that can still matter, by identifier.
    #[must_use]
    pub fn grant_by_id(&self, id: GrantId) -> Option<&Grant> {
        self.grants.iter().find(|grant| grant.name.id == id)
    }

    /// Open holds in order of creation.
    pub fn holds(&self) -> impl Iterator<Item = &Hold> {
        self.holds.values().map(AsRef::as_ref)
    }

    /// An open hold by its name.
    #[must_use]
    pub fn hold(&self, reservation: &ReservationId) -> Option<&Hold> {
        self.holds.get(self.hold_names.get(reservation)?).map(AsRef::as_ref)
    }

    /// Grants that left since the last call, with their final facts, for the store to keep.
    pub fn take_departed(&mut self) -> Vec<Grant> {
        std::mem::take(&mut self.departed)
    }

    pub(crate) fn grant_index(&self, number: GrantNumber) -> Option<usize> {
        self.grants.binary_search_by_key(&number, |grant| grant.name.number).ok()
    }

    fn period_end(&self) -> Option<Timestamp> {
        self.grants
            .iter()
            .filter(|grant| grant.grant_type == GrantType::Recurring && grant.is_usable())
            .filter_map(|grant| grant.expire_at)
            .min()
    }

    /// Recomputes everything that is kept up row by row and compares. The conservation rules of
    /// spec section 6: each grant adds up, the sums are the grants', the balance is their
    /// difference, at most one overdraft lives, and a deficit stands only when nothing is unheld.
    pub fn check(&self) -> Result<(), Contradiction> {
        let mut sums = Sums::default();
        let mut burn = Vec::new();
        let mut due = Vec::new();
        let mut overdrafts = 0_usize;
        for grant in &self.grants {
            crate::apply::check_grant(grant)?;
            match grant.state {
                GrantState::Usable => {
                    sums.granted = sums.granted.plus(grant.amount)?;
                    sums.consumed = sums.consumed.plus(grant.consumed)?;
                    sums.held = sums.held.plus(grant.held)?;
                    if grant.unheld()?.is_positive() {
                        burn.push(grant.rank());
                    }
                    overdrafts += usize::from(grant.grant_type == GrantType::Overdraft);
                }
                GrantState::Expired { .. } | GrantState::Voided { .. } => {
                    sums.held_on_dead = sums.held_on_dead.plus(grant.held)?;
                }
                GrantState::PaymentPending | GrantState::Scheduled => {}
            }
            due.extend(crate::apply::due_of(grant));
        }
        let mut held = BTreeMap::<GrantNumber, Credits>::new();
        for hold in self.holds() {
            due.push(crate::apply::due_of_hold(hold));
            for leg in &hold.legs {
                let sum = held.entry(leg.grant.number).or_default();
                *sum = sum.plus(leg.amount)?;
            }
        }
        let holds_match =
            self.grants.iter().all(|grant| {
                held.get(&grant.name.number).copied().unwrap_or_default() == grant.held
            }) && held.keys().all(|number| self.grant(*number).is_some());
        burn.sort_unstable_by(|a, b| b.cmp(a));
        due.sort_unstable_by(|a, b| b.cmp(a));
        let rules = [
            (sums == self.sums, "the sums are not those of the grants"),
            (burn == self.burn, "the burn list is not the usable grants in burn order"),
            (due == self.due, "the due list is not that of the grants and holds"),
            (holds_match, "the holds are not those of the grants"),
            (overdrafts == usize::from(self.overdraft.is_some()), "an overdraft is miscounted"),
        ];
        for (holds, rule) in rules {
            if !holds {
                return Err(Contradiction::Broken { rule });
            }
        }
        self.check_at_rest()
    }

    /// The rules between commands that cost nothing to check.
    pub(crate) fn check_at_rest(&self) -> Result<(), Contradiction> {
        if self.balance()?.available != self.balance {
            return Err(Contradiction::Broken {
                rule: "the sum of all rows is not the balance of the grants",
            });
        }
        let deficit = self.overdraft.and_then(|number| self.grant(number));
        if deficit.is_some_and(|grant| grant.consumed.is_positive()) && !self.burn.is_empty() {
            return Err(Contradiction::Broken {
                rule: "a deficit stands although credits are unheld",
            });
        }
        if !self.remains.is_empty() {
            return Err(Contradiction::Broken { rule: "a dead grant keeps credits" });
        }
        Ok(())
    }
}
