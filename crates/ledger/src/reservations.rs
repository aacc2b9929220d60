//! Reservations as their rows tell of them, and as they are read.
//!
//! While a hold is open its wallet knows it. Everything else about a reservation stands in its
//! rows: the newest is found by the reservation's name, and each leads to the one before.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use scrip_core::{
    Credits, CurrencyId, Event, Fingerprint, GrantRef, Hold, HoldNumber, Leg, ReservationId,
    ResourceId, Timestamp, WalletKey,
};

use crate::clock::Clocks;
use crate::history::{self, Entries, Entry, Head};
use crate::published::Published;
use crate::reading::{folded, head, store_error, wallets_of};
use crate::slot::{Position, Slot, WalletNumber, reservation_of};
use crate::work::StoreError;
use crate::{LedgerError, Page, PageRequest, Point, ReservationQuery, ReservationView, Start};

/// A reservation as its rows tell of it.
pub struct Recalled {
    /// Where its first row is.
    pub position: Position,
    /// When it was placed.
    pub created_at: Timestamp,
    /// What was set aside.
    pub amount: Credits,
    /// When it ends by itself, as it was said last.
    pub expires_at: Timestamp,
    /// The first grant that backed the hold.
    pub first: GrantRef,
    /// What the request was.
    pub fingerprint: Option<Fingerprint>,
    /// What its first release consumed, if there was one.
    pub consumed: Option<Credits>,
    /// What its owner wrote.
    pub metadata: BTreeMap<String, String>,
}

/// The reservation of which `newest` is the newest row, if that is confirmed by the full
/// identifier. One whose first row is out of reach was forgotten while it was open, which takes a
/// clock that stands still for as long as names are kept.
pub fn recalled(
    newest: Position,
    wallet: WalletNumber,
    reservation: &ReservationId,
    mut read: impl FnMut(Position) -> Result<Entry, StoreError>,
) -> Result<Option<Recalled>, StoreError> {
    let (mut consumed, mut extended) = (None, None);
    let mut position = newest;
    while position > 0 {
        let Entry { wallet: of, row, links, .. } = read(position)?;
        if of != wallet || reservation_of(&row.event) != Some(reservation) {
            return Ok(None);
        }
        match &row.event {
            Event::Reserved { expires_at, legs, .. } => {
                let empty =
                    || StoreError::Corrupt(format!("entries {position}: a hold of nothing"));
                let metadata = row.texts.words().and_then(|words| words.metadata.clone());
                return Ok(Some(Recalled {
                    position,
                    created_at: row.recorded_at,
                    amount: total(position, legs)?,
                    expires_at: extended.unwrap_or(*expires_at),
                    first: legs.first().ok_or_else(empty)?.grant,
                    fingerprint: row.mark.as_ref().map(|mark| mark.fingerprint),
                    consumed,
                    metadata: metadata.unwrap_or_default(),
                }));
            }
            Event::Released { consumed: legs, .. } => consumed = Some(total(position, legs)?),
            // The newest comes first.
            Event::HoldExtended { expires_at, .. } => extended = extended.or(Some(*expires_at)),
            _ => {}
        }
        history::check_older(position, links.related)?;
        position = links.related;
    }
    Ok(None)
}

fn total(position: Position, legs: &[Leg]) -> Result<Credits, StoreError> {
    Credits::sum(legs.iter().map(|leg| leg.amount))
        .map_err(|error| StoreError::Corrupt(format!("entries {position}: {error}")))
}

/// A reservation as it is now, folded without writing; none if the wallet knows none of this name.
pub fn reservation(
    entries: &impl Entries,
    published: &impl Published,
    clocks: &Clocks,
    key: &WalletKey,
    id: &ReservationId,
) -> Result<Option<ReservationView>, StoreError> {
    let Some(slot) = published.slot(key)? else { return Ok(None) };
    let wallet = folded(&slot, clocks)?;
    let found = recalled_at(entries, &head(key, &slot), id)?;
    Ok(match (wallet.hold(id), found) {
        (Some(hold), found) => Some(open(key, hold, found)?),
        (None, Some(found)) => Some(closed(key, id, found)),
        (None, None) => None,
    })
}

/// The reservation of this name, as far as the head knows of it.
fn recalled_at(
    entries: &impl Entries,
    head: &Head,
    id: &ReservationId,
) -> Result<Option<Recalled>, StoreError> {
    let newest = history::newest_of(entries, head, id)?;
    let newest = newest.map_or(0, |entry| entry.position);
    recalled(newest, head.number, id, |position| entry(entries, position))
}

fn entry(entries: &impl Entries, position: Position) -> Result<Entry, StoreError> {
    let missing = || StoreError::Corrupt(format!("entries {position}: no row"));
    entries.entry(position)?.ok_or_else(missing)
}

fn open(
    key: &WalletKey,
    hold: &Hold,
    found: Option<Recalled>,
) -> Result<ReservationView, StoreError> {
    let amount = Credits::sum(hold.legs.iter().map(|leg| leg.amount))
        .map_err(|error| StoreError::Corrupt(format!("hold {}: {error}", hold.reservation)))?;
    Ok(ReservationView {
        wallet: key.clone(),
        id: hold.reservation.clone(),
        amount,
        consumed: Credits::ZERO,
        created_at: hold.created_at,
        expires_at: hold.expires_at,
        is_open: true,
        metadata: found.map(|found| found.metadata).unwrap_or_default(),
    })
}

fn closed(key: &WalletKey, id: &ReservationId, found: Recalled) -> ReservationView {
    ReservationView {
        wallet: key.clone(),
        id: id.clone(),
        amount: found.amount,
        consumed: found.consumed.unwrap_or(Credits::ZERO),
        created_at: found.created_at,
        expires_at: found.expires_at,
        is_open: false,
        metadata: found.metadata,
    }
}

/// The place of a hold in the order of the list; the smaller is the newer. The same order as that
/// of the rows (decision 81).
type Place = (Reverse<Timestamp>, CurrencyId, Option<ResourceId>, Reverse<HoldNumber>);

/// An open hold with its place.
struct Found {
    place: Place,
    /// Its wallet's place among those that are asked for.
    wallet: usize,
    hold: Hold,
}

/// A page of the holds that are open now, newest first, folded without writing. A cursor is the
/// position of a hold's first row: it stays good when the hold has ended.
pub fn reservations(
    entries: &impl Entries,
    published: &impl Published,
    clocks: &Clocks,
    query: &ReservationQuery,
) -> Result<Page<ReservationView>, LedgerError> {
    let ReservationQuery { environment, customer, resource, currency, page } = query;
    let filters = (resource.as_ref(), currency.as_ref());
    let keys = wallets_of(published, *environment, customer, filters).map_err(store_error)?;
    let mut slots = Vec::with_capacity(keys.len());
    for key in keys {
        if let Some(slot) = published.slot(&key).map_err(store_error)? {
            slots.push((key, slot));
        }
    }
    let holds = open_holds(&slots, clocks).map_err(store_error)?;
    let Stretch { range, behind, upward } = stretch(entries, &slots, &holds, *page)?;
    let mut items = Vec::with_capacity(range.len());
    for found in holds.get(range).unwrap_or_default() {
        if let Some((key, slot)) = slots.get(found.wallet) {
            let view = with_its_place(entries, &head(key, slot), found).map_err(store_error)?;
            items.push(view);
        }
    }
    if upward {
        items.reverse();
    }
    Ok(Page::of_walk(items, behind, *page))
}

/// All open holds of these wallets, newest first.
fn open_holds(slots: &[(WalletKey, Arc<Slot>)], clocks: &Clocks) -> Result<Vec<Found>, StoreError> {
    let mut holds = Vec::new();
    for (wallet, (key, slot)) in slots.iter().enumerate() {
        let now = folded(slot, clocks)?;
        holds.extend(now.holds().map(|hold| {
            let place = place(key, hold.created_at, hold.number);
            Found { place, wallet, hold: hold.clone() }
        }));
    }
    holds.sort_unstable_by(|one, other| one.place.cmp(&other.place));
    Ok(holds)
}

fn place(key: &WalletKey, created_at: Timestamp, number: HoldNumber) -> Place {
    (Reverse(created_at), key.currency.clone(), key.resource.clone(), Reverse(number))
}

/// Which of the holds a page may show, and one more.
struct Stretch {
    range: std::ops::Range<usize>,
    /// There are holds on the other side of the start.
    behind: bool,
    /// The walk goes to newer ones.
    upward: bool,
}

fn stretch(
    entries: &impl Entries,
    slots: &[(WalletKey, Arc<Slot>)],
    holds: &[Found],
    PageRequest { start, limit }: PageRequest,
) -> Result<Stretch, LedgerError> {
    let most = limit.saturating_add(1);
    let downward = |from: usize| {
        let until = from.saturating_add(most).min(holds.len());
        Stretch { range: from..until, behind: from > 0, upward: false }
    };
    let upward = |until: usize| {
        let range = until.saturating_sub(most)..until;
        Stretch { range, behind: until < holds.len(), upward: true }
    };
    Ok(match start {
        Start::Newest | Start::After(Point::START) => downward(0),
        Start::After(Point::END) => downward(holds.len()),
        Start::Before(Point::END) => upward(holds.len()),
        Start::Before(Point::START) => upward(0),
        Start::After(point) => {
            let anchor = anchor(entries, slots, point)?;
            downward(holds.partition_point(|found| found.place <= anchor))
        }
        Start::Before(point) => {
            let anchor = anchor(entries, slots, point)?;
            upward(holds.partition_point(|found| found.place < anchor))
        }
    })
}

/// Where the hold stands, or stood, whose first row a cursor names.
fn anchor(
    entries: &impl Entries,
    slots: &[(WalletKey, Arc<Slot>)],
    point: Point,
) -> Result<Place, LedgerError> {
    let entry = entries.entry(point.position).map_err(store_error)?;
    let place = entry.and_then(|entry| {
        let (key, _) = slots.iter().find(|(_, slot)| slot.number == entry.wallet)?;
        match entry.row.event {
            Event::Reserved { number, .. } => Some(place(key, entry.row.recorded_at, number)),
            _ => None,
        }
    });
    // A cursor that is authentic names a hold of these wallets.
    place.ok_or_else(|| LedgerError::Internal("a cursor names no hold of its query".to_owned()))
}

/// An open hold as it is shown, with the position of its first row.
fn with_its_place(
    entries: &impl Entries,
    head: &Head,
    Found { hold, .. }: &Found,
) -> Result<(Point, ReservationView), StoreError> {
    let found = recalled_at(entries, head, &hold.reservation)?;
    let position = match &found {
        Some(found) => found.position,
        None => first_row(entries, head, &hold.reservation)?,
    };
    Ok((Point { position, part: 0 }, open(&head.key, hold, found)?))
}

/// The first row of an open hold whose name was forgotten: looked for from the newest row on.
fn first_row(
    entries: &impl Entries,
    head: &Head,
    reservation: &ReservationId,
) -> Result<Position, StoreError> {
    let mut position = head.last_notable;
    while position > 0 {
        let entry = entry(entries, position)?;
        if let Event::Reserved { reservation: of, .. } = &entry.row.event
            && of == reservation
        {
            return Ok(position);
        }
        history::check_older(position, entry.links.previous_notable)?;
        position = entry.links.previous_notable;
    }
    Err(StoreError::Corrupt(format!("wallet {}: a hold without a row", head.number)))
}
