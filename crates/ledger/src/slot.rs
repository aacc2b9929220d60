//! A wallet with its place in the store.

use scrip_core::{
    Digest, Event, EventType, Leg, NameHash, NameKind, Overflow, ReservationId, Row, Undone,
    Wallet, WalletKey, genesis,
};
use serde::{Deserialize, Serialize};

/// The place of a row in the ledger: from 1, ascending over all wallets. 0 is no place.
pub type Position = u64;

/// A wallet's number in the store.
pub type WalletNumber = u64;

/// Kinds of API rows, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TypeSet(pub u16);

impl TypeSet {
    /// The kinds that an event shows as.
    pub fn of(event: &Event) -> Result<Self, Overflow> {
        if let Event::Consumed { .. } = event {
            return Ok(EventType::CreditsConsumed.into());
        }
        let parts = event.parts()?;
        Ok(parts.iter().fold(Self::default(), |set, part| set.with(part.event_type.into())))
    }

    /// Both sets' kinds.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The sets have a kind in common.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl From<EventType> for TypeSet {
    fn from(event_type: EventType) -> Self {
        Self(1 << event_type as u16)
    }
}

/// Where a row's relatives are; 0 where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowLinks {
    /// The wallet's previous row.
    pub previous: Position,
    /// The wallet's previous row that is not a plain consumption.
    pub previous_notable: Position,
    /// A row further back, by [`skipped`]: with it, any sequence or instant of a wallet is a few
    /// reads away.
    pub skip: Position,
    /// What the rows behind the skip position show as, up to this one and with it: where nothing
    /// of what is sought is among it, a search goes on at the skip position.
    pub types: TypeSet,
    /// The previous row of the same name, of a row that is [`is_linked`].
    pub related: Position,
}

/// How many rows lie behind the skip position of the row with this sequence, up to this one and
/// with it.
///
/// A wallet's rows are cut into stretches of 1, 3, 7, 15 and so on, the longest first, at most two
/// of one length, and those two the last. A row that follows two stretches of one length joins
/// them; any other is a stretch of its own. So every stretch is a tree: its last row stands over
/// two stretches of half the length. The newer one ends at the row before, and that one's skip
/// position is the end of the older one. A search never reads more than two rows on each level.
#[must_use]
pub const fn skipped(sequence: u64) -> u64 {
    let mut rest = sequence;
    while rest > 0 {
        // The longest stretch that fits: one less than a power of two.
        let stretch = u64::MAX >> rest.saturating_add(1).leading_zeros() >> 1;
        if stretch == rest {
            return stretch;
        }
        rest -= stretch;
    }
    0
}

/// Where the last rows of a wallet are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links {
    /// The last row.
    pub last: Position,
    /// The last row that is not a plain consumption.
    pub last_notable: Position,
    /// The last row, its skip position, the skip position of that row and so on; last row last.
    /// Each with what it and the rows since its own skip position show as.
    skips: Vec<(Position, TypeSet)>,
}

impl Links {
    /// Adds the row that follows `sequence_before`, and says where its relatives are.
    pub fn append(
        &mut self,
        sequence_before: u64,
        position: Position,
        event: &Event,
        related: Position,
    ) -> Result<RowLinks, Overflow> {
        // A row that skips more than itself joins the last two stretches.
        let joined = if skipped(sequence_before.saturating_add(1)) > 1 { 2 } else { 0 };
        let kept = self.skips.len().saturating_sub(joined);
        let stretches = self.skips.drain(kept..).map(|(_, types)| types);
        let types = stretches.fold(TypeSet::of(event)?, TypeSet::with);
        let links = RowLinks {
            previous: self.last,
            previous_notable: self.last_notable,
            skip: self.skips.last().map_or(0, |(position, _)| *position),
            types,
            related,
        };
        self.skips.push((position, types));
        self.last = position;
        if event.is_notable() {
            self.last_notable = position;
        }
        Ok(links)
    }
}

/// The name under which a row is found again, the newest counting: a consumption and its refunds by
/// its key, the rows of a reservation by its identifier, a refund by its own key, consumption that
/// moved by the grant that it left, and money that went back by the name of that.
#[must_use]
pub fn name_of(genesis: &Digest, row: &Row) -> Option<NameHash> {
    let within = |kind, name: &str| Some(NameHash::within(genesis, kind, name));
    match &row.event {
        Event::Consumed { .. } => {
            within(NameKind::Consumption, row.mark.as_ref()?.key.as_ref()?.as_str())
        }
        Event::RefundNamed { .. } => {
            within(NameKind::Refund, row.mark.as_ref()?.key.as_ref()?.as_str())
        }
        Event::Refunded { of: Undone::Consumption(key), .. } => {
            within(NameKind::Consumption, key.as_str())
        }
        Event::Transferred { source: from, .. }
        | Event::ReclaimedConsumed { grant: from, .. }
        | Event::RefundTakenOver(Leg { grant: from, .. }) => {
            within(NameKind::Overdraft, &from.id.to_string())
        }
        Event::MoneyReturned { key, .. } => within(NameKind::MoneyBack, key.as_str()),
        event => within(NameKind::Reservation, reservation_of(event)?.as_str()),
    }
}

/// Whether a row leads to the one before it of the same name.
#[must_use]
pub const fn is_linked(event: &Event) -> bool {
    matches!(
        event,
        Event::Refunded { .. }
            | Event::Transferred { .. }
            | Event::ReclaimedConsumed { .. }
            | Event::RefundTakenOver(_)
            | Event::MoneyReturned { .. }
    ) || reservation_of(event).is_some()
}

/// The reservation that an event belongs to.
#[must_use]
pub const fn reservation_of(event: &Event) -> Option<&ReservationId> {
    match event {
        Event::Refunded { of: Undone::Reservation(reservation), .. } => Some(reservation),
        Event::Reserved { reservation, .. }
        | Event::Released { reservation, .. }
        | Event::HoldExpired { reservation, .. }
        | Event::HoldExtended { reservation, .. } => Some(reservation),
        _ => None,
    }
}

/// A wallet with its place in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// Its number; 0 until it is stored.
    pub number: WalletNumber,
    /// Where its chain begins.
    pub genesis: Digest,
    /// The wallet.
    pub wallet: Wallet,
    /// Where its rows are.
    pub links: Links,
}

impl Slot {
    /// A wallet that never changed.
    #[must_use]
    pub fn new(key: WalletKey) -> Self {
        let genesis = genesis(&key);
        Self { number: 0, genesis, wallet: Wallet::new(key), links: Links::default() }
    }

    /// An estimate of the memory it takes, with its place in a map of wallets.
    #[must_use]
    pub fn bytes(&self) -> usize {
        /// Its keys in the maps and lists, the counters of shared parts, what the allocator adds.
        const AROUND: usize = 640;
        let links = self.links.skips.capacity() * size_of::<(Position, TypeSet)>();
        size_of::<Self>() + AROUND + links + self.wallet.heap_bytes()
    }
}

/// Every so many rows of a wallet its state is kept beside them.
pub const ROWS_PER_STATE: u64 = 4_096;

/// Whether the rows up to `after` crossed a multiple of [`ROWS_PER_STATE`].
#[must_use]
pub const fn state_is_due(before: u64, after: u64) -> bool {
    before / ROWS_PER_STATE != after / ROWS_PER_STATE
}

#[cfg(test)]
mod tests {
    use scrip_core::{Credits, GrantId, GrantNumber, GrantRef};

    use super::*;

    #[test]
    fn stretches_are_trees() {
        let grant = GrantRef { number: GrantNumber(1), id: GrantId::mint(1, 1) };
        let leg = Leg { grant, amount: Credits::whole(1) };
        let shows_as = |sequence: u64| match sequence {
            s if s % 7 == 0 => Event::Voided(leg),
            s if s % 100 == 0 => Event::Expired(leg),
            _ => Event::Consumed { legs: vec![leg] },
        };
        let mut links = Links::default();
        for sequence in 1..=5_000_u64 {
            // In this test a row's position is its sequence.
            let row = links.append(sequence - 1, sequence, &shows_as(sequence), 0).unwrap();
            assert_eq!(row.previous, sequence - 1);
            assert_eq!(row.skip, sequence - skipped(sequence));
            let (newer, older) = (sequence - 1, sequence - 1 - skipped(sequence - 1));
            if skipped(sequence) > 1 {
                assert_eq!(2 * skipped(newer) + 1, skipped(sequence));
                assert_eq!(2 * skipped(older) + 1, skipped(sequence));
            }
            assert!(links.skips.len() <= 14, "stretches after {sequence} rows");
            let covered = (row.skip + 1)..=sequence;
            let types = covered.map(|s| TypeSet::of(&shows_as(s)).unwrap());
            assert_eq!(row.types, types.fold(TypeSet::default(), TypeSet::with));
            let notable = (1..sequence).rev().find(|s| shows_as(*s).is_notable());
            assert_eq!(row.previous_notable, notable.unwrap_or(0));
        }
    }
}
