//! A wallet: the unit of consistency, folded from its rows.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::SHARED;
use crate::sorted::{Keyed, SortedList};
use crate::{
    BurnRank, Credits, Digest, Grant, GrantId, GrantNumber, GrantRef, GrantType, Hold, HoldNumber,
    IdempotencyKey, Leg, Overflow, Recharge, RecurringGrantId, Renewal, RenewalNumber,
    ReservationId, ResourceId, Timestamp, WalletKey, genesis,
};

/// What an instant brings. At one instant activations come first, renewals with them, then expiries,
/// then hold timeouts (decisions 58 and 76), the recharge, and what is only said last: the derived
/// order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DueKind {
    /// A scheduled grant becomes usable.
    Activation(GrantNumber),
    /// A recurring grant's period begins.
    Renewal(RenewalNumber),
    /// A grant ends.
    Expiry(GrantNumber),
    /// A hold ends.
    HoldTimeout(HoldNumber),
    /// The recharge that its spend limit stopped goes on.
    RechargePeriod,
    /// A grant's end is announced. No answer of a wallet changes by it.
    Announcement(GrantNumber),
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
    /// Of `granted` and of `consumed`: what the spent grants had that left the wallet.
    pub spent: Credits,
}

/// A grant whose money went back, of which not as many credits are gone as should be: the others are
/// held, or their day has not come (decision 47).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MoneyClaim {
    pub grant: GrantNumber,
    /// How many of its credits are to be lost in all.
    pub target: Credits,
    /// Under which name the money went back last.
    pub key: IdempotencyKey,
}

/// An open hold by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HoldName {
    pub reservation: ReservationId,
    pub number: HoldNumber,
}

impl Keyed for Grant {
    type Key = GrantNumber;
    fn key(&self) -> &GrantNumber {
        &self.name.number
    }
}

impl Keyed for BurnRank {
    type Key = Self;
    fn key(&self) -> &Self {
        self
    }
}

impl Keyed for Due {
    type Key = Self;
    fn key(&self) -> &Self {
        self
    }
}

impl Keyed for Arc<Hold> {
    type Key = HoldNumber;
    fn key(&self) -> &HoldNumber {
        &self.number
    }
}

impl Keyed for HoldName {
    type Key = ReservationId;
    fn key(&self) -> &ReservationId {
        &self.reservation
    }
}

/// What a wallet says of itself at an instant (spec 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// All credits of the usable grants, but for those that went back with their money.
    pub granted: Credits,
    /// What of them is consumed or held, the deficit included.
    pub used: Credits,
    /// What of `used` is held.
    pub reserved: Credits,
    /// Held on dead grants; part of no other number.
    pub reserved_on_dead: Credits,
    /// `granted - used`; below zero when overdrawn.
    pub available: Credits,
    /// The instant of the last row that is not an announcement; none if there never was one.
    pub updated_at: Option<Timestamp>,
    /// Strictly increasing with every such row: microseconds (decision 45).
    pub version_microseconds: i64,
    /// The next instant at which the answer changes by itself.
    pub valid_until: Option<Timestamp>,
    /// The end of the current recurring grant's period.
    pub period_end: Option<Timestamp>,
}

/// A customer's credits of one currency, for one resource or none.
///
/// A clone shares what it holds with its original: it costs the same however many grants there
/// are, and changing it copies the few that lie next to the changed one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wallet {
    pub(crate) key: WalletKey,
    /// In order of creation, so sorted by number.
    pub(crate) grants: SortedList<Grant>,
    /// Usable grants with unheld credits, the first to burn first.
    pub(crate) burn: SortedList<BurnRank>,
    /// What time will bring, the earliest first.
    pub(crate) due: SortedList<Due>,
    /// What will be announced, the earliest first: beside `due`, for it changes no answer.
    pub(crate) announcements: SortedList<Due>,
    /// Open holds in order of creation.
    pub(crate) holds: SortedList<Arc<Hold>>,
    pub(crate) hold_names: SortedList<HoldName>,
    /// The earliest end of a usable recurring grant.
    pub(crate) period_end: Option<Timestamp>,
    pub(crate) overdraft: Option<GrantNumber>,
    /// What is still to be taken of grants whose money went back, in their order of creation.
    pub(crate) claims: Vec<MoneyClaim>,
    pub(crate) sums: Sums,
    /// The sum of all effects.
    pub(crate) balance: Credits,
    /// How it recharges, if its owner ever said so.
    pub(crate) recharge: Option<Box<Recharge>>,
    /// Recurring grants in order of creation.
    pub(crate) renewals: Vec<Renewal>,
    pub(crate) last_renewal: RenewalNumber,
    pub(crate) last_grant: GrantNumber,
    pub(crate) last_hold: HoldNumber,
    pub(crate) sequence: u64,
    pub(crate) recorded_at: Option<Timestamp>,
    /// The instant of the last row that is not an announcement.
    pub(crate) changed_at: Option<Timestamp>,
    pub(crate) version_microseconds: i64,
    pub(crate) hash: Digest,
    /// Grants that left since they were last asked for, each once; their facts are to be stored.
    #[serde(skip)]
    pub(crate) departed: Vec<Grant>,
    /// Dead grants on which the end of a hold left credits that must go. None at rest, so none is
    /// stored.
    #[serde(skip)]
    pub(crate) remains: Vec<GrantNumber>,
}

impl Wallet {
    /// A wallet without rows.
    #[must_use]
    pub fn new(key: WalletKey) -> Self {
        let hash = genesis(&key);
        Self {
            key,
            grants: SortedList::default(),
            burn: SortedList::default(),
            due: SortedList::default(),
            announcements: SortedList::default(),
            holds: SortedList::default(),
            hold_names: SortedList::default(),
            period_end: None,
            overdraft: None,
            claims: Vec::new(),
            sums: Sums::default(),
            balance: Credits::ZERO,
            recharge: None,
            renewals: Vec::new(),
            last_renewal: RenewalNumber(0),
            last_grant: GrantNumber(0),
            last_hold: HoldNumber(0),
            sequence: 0,
            recorded_at: None,
            changed_at: None,
            version_microseconds: 0,
            hash,
            departed: Vec::new(),
            remains: Vec::new(),
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
        self.due.first().into_iter().chain(self.announcements.first()).min().copied()
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
            updated_at: self.changed_at,
            version_microseconds: self.version_microseconds,
            valid_until: self.due.first().map(|due| due.at),
            period_end: self.period_end,
        })
    }

    /// What the live overdraft grant bears, at least 0 (decision 11). It is part of what is used.
    #[must_use]
    pub fn deficit(&self) -> Credits {
        let live = self.overdraft.and_then(|number| self.grant(number));
        live.map_or(Credits::ZERO, |grant| grant.consumed)
    }

    /// When credits go next because grants end, and how many if nothing happens before. What is
    /// held by then does not go with its grant, and a grant without unheld credits loses none.
    pub fn next_expiry(&self) -> Result<Option<(Timestamp, Credits)>, Overflow> {
        let mut next: Option<(Timestamp, Credits)> = None;
        for due in self.due.iter() {
            if next.is_some_and(|(at, _)| at < due.at) {
                break;
            }
            let DueKind::Expiry(number) = due.kind else { continue };
            let unheld = self.grant(number).map_or(Ok(Credits::ZERO), Grant::unheld)?;
            if unheld.is_positive() {
                let before = next.map_or(Credits::ZERO, |(_, amount)| amount);
                next = Some((due.at, before.plus(unheld)?));
            }
        }
        Ok(next)
    }

    /// The grants that can still matter, in order of creation.
    pub fn grants(&self) -> impl DoubleEndedIterator<Item = &Grant> + Clone {
        self.grants.iter()
    }

    /// A grant that can still matter.
    #[must_use]
    pub fn grant(&self, number: GrantNumber) -> Option<&Grant> {
        self.grants.get(&number)
    }

    /// It ever had a grant; a consumption makes one too, if only an overdraft.
    #[must_use]
    pub const fn has_had_grants(&self) -> bool {
        self.last_grant.0 > 0
    }

    /// What the next grant is called if the wallet makes it, not a request: the same whenever it is
    /// decided anew.
    pub(crate) fn next_own_grant(&self) -> GrantRef {
        let number = GrantNumber(self.last_grant.0.saturating_add(1));
        GrantRef { number, id: GrantId::derived(&self.key, number) }
    }

    /// A grant that can still matter, by identifier.
    #[must_use]
    pub fn grant_by_id(&self, id: GrantId) -> Option<&Grant> {
        self.grants.iter().find(|grant| grant.name.id == id)
    }

    /// Open holds in order of creation.
    pub fn holds(&self) -> impl Iterator<Item = &Hold> {
        self.holds.iter().map(AsRef::as_ref)
    }

    /// An open hold by its name.
    #[must_use]
    pub fn hold(&self, reservation: &ReservationId) -> Option<&Hold> {
        let name = self.hold_names.get(reservation)?;
        self.holds.get(&name.number).map(AsRef::as_ref)
    }

    /// How it recharges, if its owner ever said so.
    #[must_use]
    pub fn recharge(&self) -> Option<&Recharge> {
        self.recharge.as_deref()
    }

    /// Recurring grants in order of creation.
    #[must_use]
    pub fn renewals(&self) -> &[Renewal] {
        &self.renewals
    }

    /// A recurring grant by its name.
    #[must_use]
    pub fn renewal(&self, id: &RecurringGrantId) -> Option<&Renewal> {
        self.renewals.iter().find(|renewal| renewal.terms.id == *id)
    }

    /// Whether it makes grants by itself, so that what follows from time or from a command depends
    /// on [`crate::Circumstances`].
    #[must_use]
    pub fn makes_grants(&self) -> bool {
        let recharges = |recharge: &Recharge| recharge.setting.is_enabled;
        !self.renewals.is_empty() || self.recharge().is_some_and(recharges)
    }

    /// Whether what is due by `now` may make grants, or take those that are made: a fold that does
    /// not know the circumstances cannot tell.
    #[must_use]
    pub fn may_make_grants_by(&self, now: Timestamp) -> bool {
        self.next_due().is_some_and(|due| due.at <= now) && self.makes_grants()
    }

    /// Grants that left since the last call, with their final facts, for the store to keep.
    pub fn take_departed(&mut self) -> Vec<Grant> {
        std::mem::take(&mut self.departed)
    }

    /// The memory that the wallet holds beside its own size, for a budget. What clones share is
    /// counted in full.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let key = &self.key;
        let of_hold = |hold: &Hold| {
            let legs = hold.legs.capacity() * size_of::<Leg>();
            SHARED + size_of::<Hold>() + legs + hold.reservation.heap_bytes()
        };
        key.customer.heap_bytes()
            + key.currency.heap_bytes()
            + key.resource.as_ref().map_or(0, ResourceId::heap_bytes)
            + self.grants.heap_bytes()
            + self.burn.heap_bytes()
            + self.due.heap_bytes()
            + self.announcements.heap_bytes()
            + self.holds.heap_bytes()
            + self.holds().map(of_hold).sum::<usize>()
            + self.hold_names.heap_bytes()
            + self.claims.capacity() * size_of::<MoneyClaim>()
            + self.remains.capacity() * size_of::<GrantNumber>()
            + self.renewals.capacity() * size_of::<Renewal>()
            + self.renewals.iter().map(|renewal| renewal.terms.id.heap_bytes()).sum::<usize>()
            + self.recharge().map_or(0, |recharge| {
                size_of::<Recharge>() + recharge.pending.capacity() * PENDING_BYTES
            })
            + self.departed.capacity() * size_of::<Grant>()
    }

    /// Works out the earliest end of a usable recurring grant.
    pub(crate) fn first_period_end(&self) -> Option<Timestamp> {
        let of_recurring = |due: &&Due| match due.kind {
            DueKind::Expiry(number) => {
                self.grant(number).is_some_and(|grant| grant.grant_type == GrantType::Recurring)
            }
            _ => false,
        };
        self.due.iter().find(of_recurring).map(|due| due.at)
    }
}

const PENDING_BYTES: usize = size_of::<(GrantNumber, Credits)>();
