//! What can happen to a wallet, and how the API's ledger shows it.

use serde::{Deserialize, Serialize};

use crate::{
    Credits, Grant, GrantId, GrantRef, GrantType, HoldNumber, IdempotencyKey, Money, MoneyAmount,
    Overflow, PaymentState, Priority, RechargeSetting, RechargeStop, RenewalNumber, RenewalTerms,
    ReservationId, Timestamp, Undone,
};

/// A positive amount of credits on one grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// Which grant.
    pub grant: GrantRef,
    /// How much.
    pub amount: Credits,
}

/// A fact about a wallet. The order of the variants is part of the stored format: new ones go to
/// the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A grant was made; it counts only from [`Event::Granted`] on. No row of the API.
    GrantCreated {
        /// Who it is.
        grant: GrantRef,
        /// Its kind.
        grant_type: GrantType,
        /// Credits given.
        amount: Credits,
        /// First criterion of the burn order.
        priority: Priority,
        /// From when on it counts.
        effective_at: Timestamp,
        /// Until when it counts.
        expire_at: Option<Timestamp>,
        /// Whether its payment is awaited.
        payment: PaymentState,
        /// What it cost in money.
        cost: Money,
    },
    /// The payment of a pending grant arrived. No row of the API.
    PaymentConfirmed {
        /// Which grant.
        grant: GrantRef,
    },
    /// A grant's credits became usable.
    Granted(Leg),
    /// Credits were consumed, leg by leg in burn order; the last may be the overdraft grant's.
    Consumed {
        /// What each grant gave.
        legs: Vec<Leg>,
    },
    /// A grant's last instant passed, or what a hold left on an expired grant went.
    Expired(Leg),
    /// A grant was taken back, or what a hold left on a voided grant went.
    Voided(Leg),
    /// A grant was edited; its texts stand in the row's texts.
    Updated {
        /// Which grant.
        grant: GrantRef,
        /// The new priority, if it changed.
        priority: Option<Priority>,
        /// The new last instant, if it changed; none is for ever.
        expire_at: Option<Option<Timestamp>>,
    },
    /// Overdrawn consumption moved to a grant that can bear it (decision 11).
    Transferred {
        /// The overdraft grant.
        source: GrantRef,
        /// The grant that takes it over.
        target: GrantRef,
        /// How much.
        amount: Credits,
    },
    /// Credits were set aside.
    Reserved {
        /// The hold's place in the wallet.
        number: HoldNumber,
        /// The client's name for it.
        reservation: ReservationId,
        /// When it ends by itself.
        expires_at: Timestamp,
        /// What each grant gives.
        legs: Vec<Leg>,
    },
    /// A reservation was settled by its owner.
    Released {
        /// Which.
        reservation: ReservationId,
        /// Its first backing grant in burn order.
        first: GrantRef,
        /// The whole hold that ended with it; 0 if it had timed out before.
        returned: Credits,
        /// What was consumed, grant by grant.
        consumed: Vec<Leg>,
    },
    /// A hold ended by itself.
    HoldExpired {
        /// Which.
        reservation: ReservationId,
        /// What each grant gets back.
        legs: Vec<Leg>,
    },
    /// A grant that had left came back into its wallet, for the row that follows: a spent one, or for
    /// a refund a dead one. No row of the API.
    GrantReopened {
        /// The grant as it left.
        grant: Box<Grant>,
    },
    /// An open hold ends at another instant than it would have. No row of the API.
    HoldExtended {
        /// Which.
        reservation: ReservationId,
        /// When it ends by itself from now on.
        expires_at: Timestamp,
    },
    /// The owner saved what he wants of the wallet's recharge. No row of the API.
    RechargeSet {
        /// What he wants.
        setting: Box<RechargeSetting>,
    },
    /// The wallet recharged itself: what follows is the grant. No row of the API.
    Recharged {
        /// The grant that is made.
        grant: GrantRef,
        /// What it gives.
        amount: Credits,
        /// What it costs; counts in the month's spend at once.
        cost: Money,
        /// Whether its charge is still open.
        payment: PaymentState,
    },
    /// The recharge stands still, though its owner wants it. No row of the API.
    RechargeStopped {
        /// Why.
        reason: RechargeStop,
    },
    /// The recharge goes on, because a new month began. No row of the API.
    RechargeResumed,
    /// A recurring grant was made or changed. No row of the API.
    RenewalSet {
        /// Its place in the wallet.
        number: RenewalNumber,
        /// What it gives, and when.
        terms: Box<RenewalTerms>,
        /// When its next period begins.
        next: Timestamp,
    },
    /// A recurring grant's period begins: what follows is its grant. No row of the API.
    Renewed {
        /// Which.
        number: RenewalNumber,
        /// The grant of the period.
        grant: GrantRef,
        /// When the period ends and the next one begins.
        next: Timestamp,
    },
    /// A recurring grant's period begins without a grant (decision 74). No row of the API.
    RenewalRested {
        /// Which.
        number: RenewalNumber,
        /// When the next period begins.
        next: Timestamp,
    },
    /// A recurring grant ended; what it gave stays. No row of the API.
    RenewalRemoved {
        /// Which.
        number: RenewalNumber,
    },
    /// A refund was accepted under its own name; what it gives back follows. No row of the API.
    RefundNamed {
        /// What it undoes.
        of: Undone,
        /// How much.
        amount: Credits,
        /// The sum of all refunds of the same consumption, with this one.
        refunded: Credits,
    },
    /// Consumed credits were given back (spec section 7).
    Refunded {
        /// What was undone.
        of: Undone,
        /// The instant that the consumption is attributed to.
        attributed_at: Timestamp,
        /// What each grant gets back, last leg of the consumption first. On an overdraft grant the
        /// deficit falls.
        legs: Vec<Leg>,
        /// The first of the grants whose consumption had moved, so that moves lead to some of the legs,
        /// and how much went that way. It counts against its moves newest first.
        taken_over: Option<Leg>,
    },
    /// The refund that follows gives so much of what a grant consumed back where that consumption had
    /// moved. Stands among the moves from that grant, so that it is found with them. No row of the
    /// API.
    RefundTakenOver(Leg),
    /// A grant's end was announced (spec section 7). No row of the API.
    ExpiryAnnounced {
        /// Which grant.
        grant: GrantRef,
    },
    /// Money that was paid for a grant went back (decision 47). What is taken for it follows. No row
    /// of the API.
    MoneyReturned {
        /// Which grant.
        grant: GrantRef,
        /// How much went back now.
        money: Money,
        /// What of the grant's money went back in all.
        returned: MoneyAmount,
        /// How many of the grant's credits are to be gone unused in all, what expired or was voided
        /// before included.
        target: Credits,
        /// Under which name: the client's key, or the provider's event. Whatever is taken bears it.
        key: IdempotencyKey,
    },
    /// Credits that nobody had used were taken back, because their money went back.
    Reclaimed(Leg),
    /// Consumed credits were taken back, because their money went back: their consumption stands on
    /// the overdraft grant now.
    ReclaimedConsumed {
        /// Which grant loses them.
        grant: GrantRef,
        /// The live overdraft grant.
        overdraft: GrantRef,
        /// How many.
        amount: Credits,
    },
    /// The charge of a recharge was declined: it stands still, though its owner wants it. What follows
    /// is the end of its grant. No row of the API.
    RechargeFailed {
        /// The grant that was to be paid.
        grant: GrantRef,
        /// What it would have cost; counts in the month's spend no more.
        cost: Money,
        /// In which month it was counted: that of the grant's making.
        charged_at: Timestamp,
    },
}

/// The ten event types of the API's ledger (spec 1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the API's")]
pub enum EventType {
    CreditsGranted,
    CreditsExpired,
    CreditsConsumed,
    CreditsVoided,
    CreditsUpdated,
    CreditsConsumptionTransferSource,
    CreditsConsumptionTransferTarget,
    CreditsReserved,
    CreditsReservationReleased,
    CreditsReservationExpired,
}

impl EventType {
    /// Every type.
    pub const ALL: [Self; 10] = [
        Self::CreditsGranted,
        Self::CreditsExpired,
        Self::CreditsConsumed,
        Self::CreditsVoided,
        Self::CreditsUpdated,
        Self::CreditsConsumptionTransferSource,
        Self::CreditsConsumptionTransferTarget,
        Self::CreditsReserved,
        Self::CreditsReservationReleased,
        Self::CreditsReservationExpired,
    ];

    /// The API's spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreditsGranted => "CREDITS_GRANTED",
            Self::CreditsExpired => "CREDITS_EXPIRED",
            Self::CreditsConsumed => "CREDITS_CONSUMED",
            Self::CreditsVoided => "CREDITS_VOIDED",
            Self::CreditsUpdated => "CREDITS_UPDATED",
            Self::CreditsConsumptionTransferSource => "CREDITS_CONSUMPTION_TRANSFER_SOURCE",
            Self::CreditsConsumptionTransferTarget => "CREDITS_CONSUMPTION_TRANSFER_TARGET",
            Self::CreditsReserved => "CREDITS_RESERVED",
            Self::CreditsReservationReleased => "CREDITS_RESERVATION_RELEASED",
            Self::CreditsReservationExpired => "CREDITS_RESERVATION_EXPIRED",
        }
    }

    /// Reads the API's spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == text)
    }
}

/// One row of the API's ledger: an event shows as one for each grant it touched (decision 39).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowPart {
    /// Its type.
    pub event_type: EventType,
    /// The grant it stands on.
    pub grant: GrantId,
    /// Its signed net effect on the balance (decision 12).
    pub amount: Credits,
    /// The reservation it belongs to.
    pub reservation: Option<ReservationId>,
    /// The whole hold that a release ended.
    pub hold_returned: Option<Credits>,
    /// The parts of a reservation's row, one for each grant.
    pub breakdown: Vec<RowPart>,
}

impl RowPart {
    fn plain(event_type: EventType, grant: GrantRef, amount: Credits) -> Self {
        let (reservation, hold_returned, breakdown) = (None, None, Vec::new());
        Self { event_type, grant: grant.id, amount, reservation, hold_returned, breakdown }
    }

    fn of_reservation(
        event_type: EventType,
        first: GrantRef,
        reservation: &ReservationId,
        breakdown: Vec<Self>,
    ) -> Result<Self, Overflow> {
        let amount = Credits::sum(breakdown.iter().map(|part| part.amount))?;
        let mut part = Self::plain(event_type, first, amount);
        part.reservation = Some(reservation.clone());
        part.breakdown = breakdown;
        Ok(part)
    }
}

impl Event {
    /// The event as rows of the API, in their order; empty if it shows as none.
    pub fn parts(&self) -> Result<Vec<RowPart>, Overflow> {
        use EventType as T;
        Ok(match self {
            Self::GrantCreated { .. }
            | Self::PaymentConfirmed { .. }
            | Self::GrantReopened { .. }
            | Self::HoldExtended { .. }
            | Self::RechargeSet { .. }
            | Self::Recharged { .. }
            | Self::RechargeStopped { .. }
            | Self::RechargeResumed
            | Self::RenewalSet { .. }
            | Self::Renewed { .. }
            | Self::RenewalRested { .. }
            | Self::RenewalRemoved { .. }
            | Self::RefundNamed { .. }
            | Self::RefundTakenOver(_)
            | Self::MoneyReturned { .. }
            | Self::RechargeFailed { .. }
            | Self::ExpiryAnnounced { .. } => Vec::new(),
            Self::Granted(leg) => {
                vec![RowPart::plain(T::CreditsGranted, leg.grant, leg.amount)]
            }
            Self::Consumed { legs } => taken(T::CreditsConsumed, legs)?,
            Self::Expired(leg) => taken(T::CreditsExpired, std::slice::from_ref(leg))?,
            Self::Voided(leg) | Self::Reclaimed(leg) => {
                taken(T::CreditsVoided, std::slice::from_ref(leg))?
            }
            Self::ReclaimedConsumed { grant, overdraft, amount } => {
                let negated = amount.negated()?;
                vec![
                    RowPart::plain(T::CreditsConsumptionTransferSource, *grant, *amount),
                    RowPart::plain(T::CreditsConsumptionTransferTarget, *overdraft, negated),
                    RowPart::plain(T::CreditsVoided, *grant, negated),
                ]
            }
            Self::Updated { grant, .. } => {
                vec![RowPart::plain(T::CreditsUpdated, *grant, Credits::ZERO)]
            }
            Self::Transferred { source, target, amount } => vec![
                RowPart::plain(T::CreditsConsumptionTransferSource, *source, *amount),
                RowPart::plain(T::CreditsConsumptionTransferTarget, *target, amount.negated()?),
            ],
            Self::Reserved { reservation, legs, .. } => {
                let breakdown = taken(T::CreditsReserved, legs)?;
                reservation_row(T::CreditsReserved, legs, reservation, breakdown)?
            }
            Self::Released { reservation, first, returned, consumed } => {
                let breakdown = taken(T::CreditsConsumed, consumed)?;
                let event_type = T::CreditsReservationReleased;
                let mut part = RowPart::of_reservation(event_type, *first, reservation, breakdown)?;
                part.amount = part.amount.plus(*returned)?;
                part.hold_returned = Some(*returned);
                vec![part]
            }
            Self::HoldExpired { reservation, legs } => {
                let event_type = T::CreditsReservationExpired;
                let breakdown = legs
                    .iter()
                    .map(|leg| RowPart::plain(event_type, leg.grant, leg.amount))
                    .collect();
                reservation_row(event_type, legs, reservation, breakdown)?
            }
            Self::Refunded { of, legs, .. } => {
                let reservation = match of {
                    Undone::Reservation(reservation) => Some(reservation),
                    Undone::Consumption(_) => None,
                };
                let given = |leg: &Leg| RowPart {
                    reservation: reservation.cloned(),
                    ..RowPart::plain(T::CreditsConsumed, leg.grant, leg.amount)
                };
                legs.iter().map(given).collect()
            }
        })
    }

    /// The signed net effect on the balance: the sum of the parts.
    pub fn effect(&self) -> Result<Credits, Overflow> {
        match self {
            // The hot path needs no parts.
            Self::Consumed { legs } => Credits::sum(legs.iter().map(|leg| leg.amount))?.negated(),
            _ => Credits::sum(self.parts()?.iter().map(|part| part.amount)),
        }
    }

    /// Not a plain consumption: such rows are few, and linked to each other.
    #[must_use]
    pub const fn is_notable(&self) -> bool {
        !matches!(self, Self::Consumed { .. })
    }
}

fn taken(event_type: EventType, legs: &[Leg]) -> Result<Vec<RowPart>, Overflow> {
    legs.iter()
        .map(|leg| Ok(RowPart::plain(event_type, leg.grant, leg.amount.negated()?)))
        .collect()
}

fn reservation_row(
    event_type: EventType,
    legs: &[Leg],
    reservation: &ReservationId,
    breakdown: Vec<RowPart>,
) -> Result<Vec<RowPart>, Overflow> {
    legs.first()
        .map(|leg| RowPart::of_reservation(event_type, leg.grant, reservation, breakdown))
        .transpose()
        .map(|part| part.into_iter().collect())
}
