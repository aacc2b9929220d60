//! The oracle's words as the ledger's, and back.

use std::collections::HashMap;

use anyhow::{Result, bail};
use scrip_core::{
    Balance, Credits, CurrencyId, CustomerId, Dimension, EditGrant, Entity, EventType, Fingerprint,
    GrantChange, GrantId, GrantState as State, GrantType, IdempotencyKey, Money, NewGrant,
    OnInsufficient, PaymentState, Priority, RefundRequest, Refusal, ReservationId, ResourceId,
    RowPart, Timestamp, Undone as LedgerUndone, WalletKey, Words,
};
use scrip_ledger::{
    CreateGrant, GrantView as LedgerGrant, InvoiceId, InvoiceRefund as LedgerRefund, NewRecord,
    OVERDRAFT_ALLOW, OVERDRAFT_DENY, OVERDRAFT_MEMBER, Payment, RecordKind, RecordPatch,
    RowView as LedgerRow, WalletConsume, WalletExtend, WalletRefund, Work,
};
use scrip_oracle::{
    Consume, Denied, Edit, EventKind, Extend, Grant, GrantKind, GrantName, GrantState, GrantView,
    Instant, InvoiceRefund, Money as OracleMoney, Overdraft, Part, Payment as AskedPayment, Refund,
    Request, RowView, Short, Totals, Undone, WalletName,
};

use super::own_grants;
use crate::history::Environment;

/// Names of grants by the ledger's identifiers.
pub(super) type Names = HashMap<GrantId, GrantName>;

pub(super) fn timestamp(at: Instant) -> Result<Timestamp> {
    Ok(Timestamp::from_milliseconds(at)?)
}

pub(super) fn wallet_key(environment: Environment, wallet: &WalletName) -> Result<WalletKey> {
    let resource = wallet.resource.as_deref().map(ResourceId::parse).transpose()?;
    Ok(WalletKey {
        environment: super::number_of(environment),
        customer: CustomerId::parse(&wallet.customer)?,
        currency: CurrencyId::parse(&wallet.currency)?,
        resource,
    })
}

pub(super) fn wallet_name(key: &WalletKey) -> WalletName {
    WalletName {
        customer: key.customer.as_str().to_owned(),
        currency: key.currency.as_str().to_owned(),
        resource: key.resource.as_ref().map(|resource| resource.as_str().to_owned()),
    }
}

/// The ledger's identifier of a grant `g1`, `g2`, …
pub(super) fn given_id(id: &str, wallet: &WalletKey) -> Result<GrantId> {
    let bucket = scrip_core::bucket(wallet.environment, &wallet.customer);
    match id.strip_prefix('g').and_then(|number| number.parse().ok()) {
        Some(number) => Ok(GrantId::mint(bucket, number)),
        None => bail!("{id:?} is no identifier of a grant"),
    }
}

/// A request as work, where it is about no grant that has a name already.
pub(super) fn work(environment: Environment, request: &Request) -> Result<Work> {
    let (customer, currency) = (RecordKind::Customer, RecordKind::CustomCurrency);
    Ok(match request {
        Request::CreateCustomer(id) => Work::CreateRecord(record(customer, id)),
        Request::ArchiveCustomer(id) => Work::ArchiveRecord(customer, id.clone()),
        Request::UnarchiveCustomer(id) => Work::UnarchiveRecord(customer, id.clone()),
        Request::CreateCurrency(id) => Work::CreateRecord(record(currency, id)),
        Request::ArchiveCurrency(id) => Work::ArchiveRecord(currency, id.clone()),
        Request::UnarchiveCurrency(id) => Work::UnarchiveRecord(currency, id.clone()),
        Request::SetOverdraft(id, says) => {
            let word = match says {
                Overdraft::Allow => Some(OVERDRAFT_ALLOW),
                Overdraft::Deny => Some(OVERDRAFT_DENY),
                Overdraft::Unset => None,
            };
            let members = [(OVERDRAFT_MEMBER.to_owned(), word.into())].into_iter().collect();
            Work::PatchRecord(RecordPatch { kind: currency, id: id.clone(), members })
        }
        Request::SetPrice(id, price) => own_grants::set_price(id, price.as_ref()),
        Request::PutRecurring(put) => own_grants::put_recurring(environment, put)?,
        Request::RemoveRecurring(wallet, id) => {
            own_grants::remove_recurring(environment, wallet, id)?
        }
        Request::SetRecharge(recharge) => own_grants::set_recharge(environment, recharge)?,
        Request::Grant(grant) => Work::CreateGrant(Box::new(create(environment, grant)?)),
        Request::Consume(consume) => Work::Consume(Box::new(burn(environment, consume)?)),
        Request::Batch(items) => {
            let items = items.iter().map(|item| burn(environment, item));
            Work::ConsumeBatch(items.collect::<Result<_>>()?)
        }
        Request::Extend(extend) => Work::Extend(Box::new(extended(environment, extend)?)),
        Request::Refund(refund) => Work::Refund(Box::new(give_back(environment, refund)?)),
        Request::MoveClock(to) => Work::MoveClock(timestamp(*to)?),
        Request::Reserve(_)
        | Request::Release(_)
        | Request::Void(_)
        | Request::Edit(_)
        | Request::RefundInvoice(_) => {
            bail!("{request:?} needs more than words")
        }
    })
}

fn record(kind: RecordKind, id: &str) -> NewRecord {
    NewRecord { kind, id: id.to_owned(), body: serde_json::Map::new() }
}

fn create(environment: Environment, grant: &Grant) -> Result<CreateGrant> {
    let Some(priority) = Priority::new(grant.priority) else { bail!("{}", grant.priority) };
    let display_name = Some(grant.id.clone());
    let wallet = wallet_key(environment, &grant.wallet)?;
    let new = NewGrant {
        id: given_id(&grant.id, &wallet)?,
        grant_type: match grant.kind {
            GrantKind::Promotional => GrantType::Promotional,
            GrantKind::Recurring => GrantType::Recurring,
            GrantKind::Paid => GrantType::Paid,
        },
        amount: Credits::from_billionths(grant.amount),
        priority,
        effective_at: grant.effective_at.map(timestamp).transpose()?,
        expire_at: grant.expire_at.map(timestamp).transpose()?,
        payment: PaymentState::Settled,
        cost: cost(grant.cost)?,
        words: Words { display_name, ..Words::default() },
    };
    let payment = match grant.payment {
        AskedPayment::Nothing => Payment::None,
        AskedPayment::PaidInvoice => Payment::PaidInvoice,
    };
    Ok(CreateGrant { wallet, grant: new, payment })
}

/// The currency of the money does not matter.
fn cost(amount: OracleMoney) -> Result<Money> {
    Ok(Money { amount: own_grants::money(amount)?, ..Money::FREE })
}

fn burn(environment: Environment, consume: &Consume) -> Result<WalletConsume> {
    let dimensions = consume.dimensions.iter();
    let dimensions = dimensions.map(|(name, value)| (name, Dimension::Text(value.into())));
    let asked = scrip_core::Consume {
        amount: Credits::from_billionths(consume.amount),
        key: IdempotencyKey::parse(&consume.key)?,
        created_at: consume.created_at.map(timestamp).transpose()?,
        dimensions: dimensions.collect(),
        on_insufficient: match consume.short {
            Short::Overdraft | Short::Unsaid => OnInsufficient::Overdraft,
            Short::Reject => OnInsufficient::Reject,
        },
    };
    let wallet = wallet_key(environment, &consume.wallet)?;
    Ok(WalletConsume { wallet, consume: asked, as_currency_says: consume.short == Short::Unsaid })
}

fn extended(environment: Environment, extend: &Extend) -> Result<WalletExtend> {
    let reservation = ReservationId::parse(&extend.reservation)?;
    let ends = timestamp(extend.expires_at)?.into();
    let extend_hold = scrip_core::Extend { reservation, ends };
    Ok(WalletExtend { wallet: wallet_key(environment, &extend.wallet)?, extend: extend_hold })
}

fn give_back(environment: Environment, refund: &Refund) -> Result<WalletRefund> {
    let of = match &refund.of {
        Undone::Consumption(key) => LedgerUndone::Consumption(IdempotencyKey::parse(key)?),
        Undone::Reservation(id) => LedgerUndone::Reservation(ReservationId::parse(id)?),
    };
    let key = IdempotencyKey::parse(&refund.key)?;
    let request = RefundRequest { key, of, amount: refund.amount.map(Credits::from_billionths) };
    Ok(WalletRefund { wallet: wallet_key(environment, &refund.wallet)?, request })
}

pub(super) fn money_back(invoice: InvoiceId, refund: &InvoiceRefund) -> Result<LedgerRefund> {
    let (amount, key) = (own_grants::money(refund.amount)?, IdempotencyKey::parse(&refund.key)?);
    Ok(LedgerRefund { invoice, amount, key })
}

pub(super) fn edit(id: GrantId, Edit { change, .. }: &Edit) -> Result<EditGrant> {
    let priority = match change.priority {
        None => None,
        Some(number) => match Priority::new(number) {
            Some(priority) => Some(priority),
            None => bail!("{number} is no priority"),
        },
    };
    let expire_at = match change.expire_at {
        None => None,
        Some(at) => Some(at.map(timestamp).transpose()?),
    };
    let display_name = change.display_name.clone();
    let change = GrantChange { display_name, priority, expire_at, ..GrantChange::default() };
    Ok(EditGrant { id, change })
}

/// What makes two requests for a reservation the same (decision 49).
pub(super) fn fingerprint(amount: Credits, expires_at: Timestamp) -> Fingerprint {
    Fingerprint::of(&(amount, expires_at))
}

pub(super) const fn totals(balance: &Balance) -> Totals {
    Totals {
        granted: balance.granted.billionths(),
        used: balance.used.billionths(),
        reserved: balance.reserved.billionths(),
        reserved_on_dead: balance.reserved_on_dead.billionths(),
    }
}

fn name_of(names: &Names, id: GrantId) -> Result<GrantName> {
    match names.get(&id) {
        Some(name) => Ok(name.clone()),
        None => bail!("nobody asked for the grant {id}, and it is no overdraft"),
    }
}

pub(super) fn grant_view(names: &Names, record: &LedgerGrant) -> Result<GrantView> {
    let grant = &record.grant;
    let (state, voided_at) = match grant.state {
        State::PaymentPending => bail!("{} awaits a payment", grant.name.id),
        State::Scheduled => (GrantState::Scheduled, None),
        State::Usable => (GrantState::Active, None),
        State::Expired { .. } => (GrantState::Expired, None),
        State::Voided { at } => (GrantState::Voided, Some(at.milliseconds())),
    };
    Ok(GrantView {
        wallet: wallet_name(&record.wallet),
        name: name_of(names, grant.name.id)?,
        state,
        amount: grant.amount.billionths(),
        consumed: grant.consumed.billionths(),
        held: grant.held.billionths(),
        lost: grant.lost.billionths(),
        priority: grant.priority.get(),
        effective_at: grant.effective_at.milliseconds(),
        expire_at: grant.expire_at.map(Timestamp::milliseconds),
        voided_at,
    })
}

pub(super) fn row_view(names: &Names, view: &LedgerRow) -> Result<RowView> {
    let RowPart { event_type, grant, amount, reservation, hold_returned, breakdown } = &view.part;
    let part = |part: &RowPart| {
        Ok(Part {
            kind: kind(part.event_type),
            grant: name_of(names, part.grant)?,
            amount: part.amount.billionths(),
        })
    };
    Ok(RowView {
        kind: kind(*event_type),
        grant: name_of(names, *grant)?,
        amount: amount.billionths(),
        recorded_at: view.row.recorded_at.milliseconds(),
        attributed_at: view.row.attributed_at.milliseconds(),
        balance_after: view.balance_after.billionths(),
        reservation: reservation.as_ref().map(|reservation| reservation.as_str().to_owned()),
        hold_returned: hold_returned.map(Credits::billionths),
        breakdown: breakdown.iter().map(part).collect::<Result<_>>()?,
    })
}

const fn kind(event_type: EventType) -> EventKind {
    match event_type {
        EventType::CreditsGranted => EventKind::Granted,
        EventType::CreditsExpired => EventKind::Expired,
        EventType::CreditsConsumed => EventKind::Consumed,
        EventType::CreditsVoided => EventKind::Voided,
        EventType::CreditsUpdated => EventKind::Updated,
        EventType::CreditsConsumptionTransferSource => EventKind::TransferSource,
        EventType::CreditsConsumptionTransferTarget => EventKind::TransferTarget,
        EventType::CreditsReserved => EventKind::Reserved,
        EventType::CreditsReservationReleased => EventKind::ReservationReleased,
        EventType::CreditsReservationExpired => EventKind::ReservationExpired,
    }
}

pub(super) fn event_types(kinds: &[EventKind]) -> Vec<EventType> {
    EventType::ALL.into_iter().filter(|known| kinds.contains(&kind(*known))).collect()
}

/// A refusal in the oracle's words.
pub(super) fn denied(refusal: &Refusal) -> Result<Denied> {
    Ok(match refusal {
        Refusal::NotFound { entity: Entity::Customer, .. } => Denied::CustomerNotFound,
        Refusal::NotFound { entity: Entity::CustomCurrency, .. } => Denied::CurrencyNotFound,
        Refusal::NotFound { entity: Entity::Grant, .. } => Denied::GrantNotFound,
        Refusal::NotFound { entity: Entity::Reservation, .. } => Denied::ReservationNotFound,
        Refusal::NotFound { entity: Entity::Consumption, .. } => Denied::ConsumptionNotFound,
        Refusal::Archived { entity: Entity::CustomCurrency, .. } => Denied::CurrencyArchived,
        Refusal::Archived { .. } => Denied::CustomerArchived,
        Refusal::KeyReused { .. }
        | Refusal::ReservationReused { .. }
        | Refusal::HoldOpen { .. } => Denied::KeyReused,
        Refusal::Duplicate { .. } => Denied::Duplicate,
        Refusal::ExpireNotAfterEffective => Denied::ExpireNotAfterEffective,
        Refusal::ExpireInPast => Denied::ExpireInPast,
        Refusal::CreatedAtAhead => Denied::CreatedAtAhead,
        Refusal::CreatedAtTooOld => Denied::CreatedAtTooOld,
        Refusal::HoldExpiryOutOfRange => Denied::HoldEndOutOfRange,
        Refusal::ClockBackward { .. } => Denied::ClockBackward,
        Refusal::ClockTooFar { .. } => Denied::ClockTooFar,
        Refusal::NotFound { entity: Entity::RecurringGrant, .. } => Denied::RecurringNotFound,
        Refusal::NotFound { entity: Entity::Invoice, .. } => Denied::InvoiceNotFound,
        Refusal::RecurringGrantMoved { .. } => Denied::RecurringMoved,
        Refusal::RechargeWithoutPrice => Denied::RechargeWithoutPrice,
        Refusal::TargetNotAboveThreshold { .. } => Denied::TargetNotAboveThreshold,
        Refusal::GrantAlreadyVoided => Denied::GrantVoided,
        Refusal::GrantCannotBeVoided { .. } => Denied::GrantCannotBeVoided,
        Refusal::GrantExpired => Denied::GrantExpired,
        Refusal::HoldEnded { .. } => Denied::HoldEnded,
        Refusal::InsufficientCredits { .. } => Denied::Insufficient,
        Refusal::RefundExceeds { .. } | Refusal::NothingToRefund => Denied::RefundExceeds,
        Refusal::InvoiceRefundExceeds { .. } => Denied::InvoiceRefundExceeds,
        Refusal::TooMany { .. } | Refusal::TooManyCustomCurrencies { .. } => Denied::TooMany,
        Refusal::SumTooLarge => Denied::SumTooLarge,
        Refusal::ClockForbidden
        | Refusal::ResetForbidden
        | Refusal::NotFound { entity: Entity::CustomerLink | Entity::ApiKey, .. }
        | Refusal::NotFound { entity: Entity::Environment, .. }
        | Refusal::NotFound { entity: Entity::Account | Entity::Person, .. }
        | Refusal::NotFound { entity: Entity::Session | Entity::SignInLink, .. }
        | Refusal::LastOwner
        | Refusal::LastEnvironment
        | Refusal::NameReserved { .. }
        | Refusal::PersonElsewhere
        | Refusal::PersonIsAnother
        | Refusal::LinkOver
        | Refusal::BillingIntegrationMissing
        | Refusal::EndpointDisabled
        | Refusal::NotFound { entity: Entity::WebhookEndpoint | Entity::WebhookDelivery, .. }
        | Refusal::InvoiceOfVoidedGrant { .. }
        | Refusal::InvoiceCanceled { .. }
        | Refusal::InvoicePaid { .. }
        | Refusal::InvoiceNotPaid { .. }
        | Refusal::GrantNotPaid
        | Refusal::InvoiceOfProvider { .. }
        | Refusal::InvoiceNotFailed { .. }
        | Refusal::CostNotWhole { .. }
        | Refusal::GrantAwaitsNoPayment => bail!("nothing asked for is refused so: {refusal}"),
    })
}
