//! Why a request is refused, in order of precedence (decision 55).

use crate::{Credits, MoneyAmount};

/// What a refusal is about, where several nouns share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entity {
    /// A customer.
    Customer,
    /// A custom currency.
    CustomCurrency,
    /// A grant.
    Grant,
    /// A reservation.
    Reservation,
    /// A recurring grant.
    RecurringGrant,
    /// A consumption.
    Consumption,
    /// An endpoint that is told of events.
    WebhookEndpoint,
    /// An event on its way to an endpoint.
    WebhookDelivery,
    /// An invoice.
    Invoice,
    /// A link between a customer and an integration with another system.
    CustomerLink,
    /// An API key.
    ApiKey,
    /// An account.
    Account,
    /// An environment.
    Environment,
    /// Somebody who signs in.
    Person,
    /// A session of a person.
    Session,
    /// A link by which somebody signs in.
    SignInLink,
}

impl Entity {
    /// The noun in a sentence.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::CustomCurrency => "custom currency",
            Self::Grant => "credit grant",
            Self::Reservation => "reservation",
            Self::RecurringGrant => "recurring grant",
            Self::Consumption => "consumption",
            Self::WebhookEndpoint => "webhook endpoint",
            Self::WebhookDelivery => "webhook delivery",
            Self::Invoice => "invoice",
            Self::CustomerLink => "link to integration",
            Self::ApiKey => "API key",
            Self::Account => "account",
            Self::Environment => "environment",
            Self::Person => "person",
            Self::Session => "session",
            Self::SignInLink => "sign-in link",
        }
    }
}

/// A request that the state of the world does not allow. Most important first: what does not
/// exist, what is archived, key conflicts, times, payment, state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing has this identifier.
    #[error("{} {id:?} was not found", entity.noun())]
    NotFound {
        /// What was looked for.
        entity: Entity,
        /// The identifier that names nothing.
        id: String,
    },
    /// It is archived.
    #[error("{} {id:?} is archived", entity.noun())]
    Archived {
        /// What is archived.
        entity: Entity,
        /// Its identifier.
        id: String,
    },
    /// The key was used before with another request.
    #[error("idempotencyKey {key:?} was used before with a different request")]
    KeyReused {
        /// The key.
        key: String,
    },
    /// The reservation was made before with another request.
    #[error("reservationId {reservation:?} was used before with a different request")]
    ReservationReused {
        /// Its name.
        reservation: String,
    },
    /// The identifier is taken.
    #[error("{} {id:?} already exists", entity.noun())]
    Duplicate {
        /// What exists.
        entity: Entity,
        /// Its identifier.
        id: String,
    },
    /// The identifier leads elsewhere.
    #[error("{id:?} is the name of something else: call the {} otherwise", entity.noun())]
    NameReserved {
        /// What was to be called so.
        entity: Entity,
        /// The identifier.
        id: String,
    },
    /// A grant would end before it begins.
    #[error("expireAt must be later than effectiveAt")]
    ExpireNotAfterEffective,
    /// A grant would end in the past.
    #[error("expireAt must be in the future")]
    ExpireInPast,
    /// The attribution is more than 5 minutes ahead.
    #[error("createdAt must not be more than 5 minutes ahead")]
    CreatedAtAhead,
    /// The attribution is more than 400 days back.
    #[error("createdAt must not be more than 400 days back")]
    CreatedAtTooOld,
    /// A hold would end in the past, or more than 24 hours ahead.
    #[error("expiresAt must be in the future, at most 24 hours ahead")]
    HoldExpiryOutOfRange,
    /// The test clock would go back.
    #[error("now must not be earlier than the test clock, which stands at {clock}")]
    ClockBackward {
        /// Where it stands.
        clock: crate::Timestamp,
    },
    /// The test clock would leap too far.
    #[error("now must be at most a year after the test clock, which stands at {clock}")]
    ClockTooFar {
        /// Where it stands.
        clock: crate::Timestamp,
    },
    /// Real environments follow real time.
    #[error("only a SANDBOX environment has a test clock")]
    ClockForbidden,
    /// What is real stays.
    #[error("only a SANDBOX environment can be reset")]
    ResetForbidden,
    /// A recharge would not know what its credits cost (decision 53).
    #[error("unitCost is missing, and the currency has none: auto-recharge needs a price")]
    RechargeWithoutPrice,
    /// A recharge would not lift the wallet above its threshold (decision 78).
    #[error("targetBalance must be greater than the threshold, thresholdValue{}", by_price(*in_money))]
    TargetNotAboveThreshold {
        /// The threshold is in money.
        in_money: bool,
    },
    /// A recurring grant belongs to its wallet (decision 82).
    #[error("customerId, currencyId and resourceId of recurring grant {id:?} cannot change")]
    RecurringGrantMoved {
        /// Its name.
        id: String,
    },
    /// There is nobody to charge a payment method.
    #[error(
        "paymentCollectionMethod CHARGE needs a billing integration: the manual provider of this \
         environment sends invoices and cannot charge a payment method; use INVOICE or NONE, or \
         billingInformation.isInvoicePaid if it is paid already"
    )]
    BillingIntegrationMissing,
    /// Money for a grant that was taken back would buy nothing.
    #[error("invoice {id:?} cannot be paid: its credit grant is voided")]
    InvoiceOfVoidedGrant {
        /// The invoice.
        id: String,
    },
    /// A canceled invoice stays canceled.
    #[error("invoice {id:?} cannot be paid: it is canceled")]
    InvoiceCanceled {
        /// The invoice.
        id: String,
    },
    /// Only what was paid can go back (decision 47).
    #[error("invoice {id:?} cannot be refunded: it is not paid")]
    InvoiceNotPaid {
        /// The invoice.
        id: String,
    },
    /// More would go back than was paid.
    #[error("amount: only {left} of the invoice are left to refund")]
    InvoiceRefundExceeds {
        /// How much money is left.
        left: MoneyAmount,
    },
    /// Nobody paid for the grant, so no money of it can go back.
    #[error("nobody paid for the credit grant")]
    GrantNotPaid,
    /// A paid invoice stays paid.
    #[error("invoice {id:?} cannot be canceled: it is paid")]
    InvoicePaid {
        /// The invoice.
        id: String,
    },
    /// Only the provider knows whether its invoice is paid.
    #[error(
        "invoice {id:?} is collected by a payment provider, which says when it is paid; void its \
         credit grant to have it canceled"
    )]
    InvoiceOfProvider {
        /// The invoice.
        id: String,
    },
    /// Nothing is to be collected again.
    #[error("invoice {id:?} cannot be collected again: {why}")]
    InvoiceNotFailed {
        /// The invoice.
        id: String,
        /// How it stands instead.
        why: &'static str,
    },
    /// A provider collects whole minor units.
    #[error(
        "cost.amount must have at most {digits} fraction digits in {currency}: a payment provider \
         collects nothing smaller"
    )]
    CostNotWhole {
        /// The money.
        currency: &'static str,
        /// Fraction digits of its minor unit.
        digits: u32,
    },
    /// The grant was taken back before.
    #[error("the credit grant is already voided")]
    GrantAlreadyVoided,
    /// An overdraft or an expired grant cannot be taken back or changed.
    #[error("the credit grant cannot be voided or changed: it is {what}")]
    GrantCannotBeVoided {
        /// What it is.
        what: &'static str,
    },
    /// An expired grant cannot be changed.
    #[error("the credit grant has expired and cannot be changed")]
    GrantExpired,
    /// A payment arrived for a grant that awaits none.
    #[error("the credit grant awaits no payment")]
    GrantAwaitsNoPayment,
    /// Not enough, and overdrawing was not wanted.
    #[error("{needed} credits are needed and {available} are available")]
    InsufficientCredits {
        /// What was asked for.
        needed: Credits,
        /// What there is.
        available: Credits,
    },
    /// An open hold has this name already.
    #[error("reservation {reservation:?} is open already")]
    HoldOpen {
        /// Its name.
        reservation: String,
    },
    /// The hold was settled or has ended by itself.
    #[error("reservation {reservation:?} has ended")]
    HoldEnded {
        /// Its name.
        reservation: String,
    },
    /// A refund would give back more than is left of the consumption (spec section 7).
    #[error("amount: only {left} credits of the consumption are left to refund")]
    RefundExceeds {
        /// How much is left.
        left: Credits,
    },
    /// Nothing was consumed, or all of it was given back.
    #[error("nothing of the consumption is left to refund")]
    NothingToRefund,
    /// An endpoint that is disabled is sent nothing.
    #[error("the webhook endpoint is disabled; enable it first")]
    EndpointDisabled,
    /// Whoever may everything must not be locked out.
    #[error("the last owner of an account stays its owner: make somebody else one first")]
    LastOwner,
    /// Nobody could get into an account without any.
    #[error("environmentId: it is the account's last one: make another one first")]
    LastEnvironment,
    /// By a link of one account nobody gets into another.
    #[error("the person belongs to other accounts too, and gets a link from none of them")]
    PersonElsewhere,
    /// Whoever is somebody elsewhere stays so.
    #[error("the person signs in elsewhere as somebody else already")]
    PersonIsAnother,
    /// A link works once, and not for long.
    #[error("the link was used before, its time is over, or it was replaced; ask for another one")]
    LinkOver,
    /// A bound on how many there may be (decision 30).
    #[error("at most {limit} {what} are allowed")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
    /// A bound on how many custom currencies there may be.
    #[error("at most {limit} custom currencies are allowed in an environment")]
    TooManyCustomCurrencies {
        /// The bound.
        limit: usize,
    },
    /// The wallet's sums would leave their bound of 10^18.
    #[error("amount is too large: the sums of a wallet are bounded by 10^18")]
    SumTooLarge,
}

const fn by_price(in_money: bool) -> &'static str {
    if in_money { " divided by the unit cost" } else { "" }
}

impl Refusal {
    /// Nothing has this identifier.
    pub fn not_found(entity: Entity, id: impl ToString) -> Self {
        Self::NotFound { entity, id: id.to_string() }
    }

    /// It is archived.
    pub fn archived(entity: Entity, id: impl ToString) -> Self {
        Self::Archived { entity, id: id.to_string() }
    }
}

impl From<crate::Overflow> for Refusal {
    fn from(_: crate::Overflow) -> Self {
        Self::SumTooLarge
    }
}
