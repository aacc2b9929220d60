//! A wallet that grows by commands, its rows linked as a ledger links them, and a place to keep
//! them.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

use scrip_core::{
    Actor, Command, Consume, Credits, CurrencyId, CustomerId, Decided, EnvironmentId, EventType,
    GrantId, GrantType, IdempotencyKey, Money, NameHash, NewGrant, OnInsufficient, Origin,
    PaymentState, Priority, Release, ReservationId, Reserve, ResourceId, Timestamp, TraceId,
    WalletKey, Words,
};

use crate::history::{Entries, Entry, Head};
use crate::slot::{Position, RowLinks, Slot, is_linked, name_of};
use crate::work::StoreError;
use crate::{PageRequest, RowQuery, Start};

/// A row as it would be stored.
pub(crate) struct Written {
    pub position: Position,
    pub links: RowLinks,
    pub name: Option<NameHash>,
    pub decided: Decided,
}

/// The wallet, and where the newest row of each of its reservations is.
pub(crate) struct Story {
    pub slot: Slot,
    pub reservations: HashMap<NameHash, Position>,
}

impl Story {
    pub(crate) fn new(number: u64, key: WalletKey) -> Self {
        let mut slot = Slot::new(key);
        slot.number = number;
        Self { slot, reservations: HashMap::new() }
    }

    /// Carries out a command; its rows get the positions behind `last`. A refusal may still bring
    /// what was due.
    pub(crate) fn run(
        &mut self,
        command: &Command,
        milliseconds: i64,
        last: Position,
    ) -> Vec<Written> {
        let origin = Origin { actor: Actor::System, trace_id: TraceId::default(), salt: [0; 16] };
        let now = self.slot.wallet.time_at(instant(milliseconds));
        let outcome = self.slot.wallet.execute(command, now, &origin).unwrap();
        self.slot.wallet.take_departed();
        let written = (last + 1..).zip(outcome.rows).map(|(position, decided)| {
            let event = &decided.row.event;
            let name = name_of(&self.slot.genesis, &decided.row);
            let reservation = name.filter(|_| is_linked(event));
            let related = reservation.and_then(|name| self.reservations.insert(name, position));
            let before = decided.row.sequence - 1;
            let related = related.unwrap_or(0);
            let links = self.slot.links.append(before, position, event, related).unwrap();
            Written { position, links, name, decided }
        });
        written.collect()
    }

    pub(crate) fn head(&self) -> Head {
        let Slot { number, wallet, links, .. } = &self.slot;
        Head {
            key: wallet.key().clone(),
            number: *number,
            sequence: wallet.sequence(),
            last: links.last,
            last_notable: links.last_notable,
        }
    }
}

pub(crate) fn instant(milliseconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(milliseconds).unwrap()
}

/// A wallet of ann's.
pub(crate) fn key(currency: &str, resource: Option<&str>) -> WalletKey {
    WalletKey {
        environment: EnvironmentId(1),
        customer: CustomerId::parse("ann").unwrap(),
        currency: CurrencyId::parse(currency).unwrap(),
        resource: resource.map(|id| ResourceId::parse(id).unwrap()),
    }
}

pub(crate) fn reservation(n: u64) -> ReservationId {
    ReservationId::parse(&format!("r{n}")).unwrap()
}

pub(crate) fn consume(n: u64, amount: i64) -> Command {
    Command::Consume(Consume {
        amount: Credits::whole(amount),
        key: IdempotencyKey::parse(&format!("k{n}")).unwrap(),
        created_at: None,
        dimensions: Default::default(),
        on_insufficient: OnInsufficient::Overdraft,
    })
}

pub(crate) fn grant(n: u64, amount: i64, expire_at: Option<Timestamp>) -> Command {
    Command::Grant(NewGrant {
        id: GrantId::mint(1, n),
        grant_type: GrantType::Promotional,
        amount: Credits::whole(amount),
        priority: Priority::DEFAULT,
        effective_at: None,
        expire_at,
        payment: PaymentState::Settled,
        cost: Money::FREE,
        words: Words::default(),
    })
}

pub(crate) fn reserve(n: u64, amount: i64, expires_at: Timestamp) -> Command {
    Command::Reserve(Reserve {
        reservation: reservation(n),
        amount: Credits::whole(amount),
        ends: expires_at.into(),
        fingerprint: scrip_core::Fingerprint::of(&n),
        metadata: Default::default(),
    })
}

pub(crate) fn release(n: u64, consumed: i64) -> Command {
    Command::Release(Release { reservation: reservation(n), consumed: Credits::whole(consumed) })
}

/// Rows side by side, and how often one was read.
#[derive(Default)]
pub(crate) struct Shelf {
    pub entries: Vec<Entry>,
    pub names: HashMap<NameHash, Position>,
    pub reads: Cell<usize>,
}

impl Shelf {
    /// Carries out a command and keeps its rows.
    pub(crate) fn run(&mut self, story: &mut Story, command: &Command, milliseconds: i64) {
        let last = self.entries.len() as Position;
        for Written { position, links, name, decided } in story.run(command, milliseconds, last) {
            self.names.extend(name.map(|name| (name, position)));
            let (row, hash) = (Arc::new(decided.row), decided.packed.hash);
            self.entries.push(Entry { position, wallet: story.slot.number, links, row, hash });
        }
    }
}

impl Entries for Shelf {
    fn entry(&self, position: Position) -> Result<Option<Entry>, StoreError> {
        self.reads.set(self.reads.get() + 1);
        let index = usize::try_from(position).unwrap().checked_sub(1);
        Ok(index.and_then(|index| self.entries.get(index)).cloned())
    }

    fn newest_of(&self, name: NameHash) -> Result<Option<Position>, StoreError> {
        Ok(self.names.get(&name).copied())
    }
}

/// A query for the newest rows of ann.
pub(crate) fn asking(types: &[EventType], limit: usize) -> RowQuery {
    let key = key("gold", None);
    RowQuery {
        environment: key.environment,
        customer: key.customer,
        resource: None,
        currency: None,
        event_types: types.to_vec(),
        reservation: None,
        page: PageRequest { start: Start::Newest, limit },
    }
}
