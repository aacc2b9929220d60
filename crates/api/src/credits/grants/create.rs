//! `POST /api/v1/credits/grants`: gives a customer credits.

use scrip_core::{
    Address, GrantId, GrantType, Money, MoneyCurrency, NewGrant, PaymentState, Priority, WalletKey,
    Words, bucket,
};
use scrip_ledger::{
    CreateGrant, INVOICE_DAYS_UNTIL_DUE, INVOICE_DAYS_UNTIL_DUE_MAX, LedgerError, Payment, Work,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{TAG, view};
use crate::error::ApiError;
use crate::fields;
use crate::http::{Call, Numbers, Reply, Write};
use crate::json::{Metadata, Number, Object, Text, read_body};
use crate::limits::MINT_TRIES;
use crate::openapi::Operation;
use crate::openapi::schema::{
    self, boolean, choice, closed, described, id, instant, integer, nullable, optional, required,
};
use crate::{payments, refusal};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow)]
    customer_id: Text<'a>,
    currency_id: Text<'a>,
    resource_id: Option<Text<'a>>,
    display_name: Text<'a>,
    amount: Number<'a>,
    grant_type: Text<'a>,
    priority: Option<Number<'a>>,
    effective_at: Option<Text<'a>>,
    expire_at: Option<Text<'a>>,
    metadata: Option<Metadata>,
    comment: Option<Text<'a>>,
    cost: Option<Object<CostRequest<'a>>>,
    payment_collection_method: Option<Text<'a>>,
    await_payment_confirmation: Option<bool>,
    billing_information: Option<Object<BillingRequest<'a>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CostRequest<'a> {
    #[serde(borrow)]
    amount: Number<'a>,
    currency: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BillingRequest<'a> {
    is_invoice_paid: Option<bool>,
    #[serde(borrow)]
    invoice_days_until_due: Option<Number<'a>>,
    billing_address: Option<Object<AddressRequest<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AddressRequest<'a> {
    #[serde(borrow)]
    city: Option<Text<'a>>,
    country: Option<Text<'a>>,
    line1: Option<Text<'a>>,
    line2: Option<Text<'a>>,
    postal_code: Option<Text<'a>>,
    state: Option<Text<'a>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Charge,
    Invoice,
    None,
}

const METHODS: [(&str, Method); 3] =
    [("CHARGE", Method::Charge), ("INVOICE", Method::Invoice), ("NONE", Method::None)];
const TYPES: [(&str, GrantType); 2] =
    [("PAID", GrantType::Paid), ("PROMOTIONAL", GrantType::Promotional)];

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let numbers = write.call().numbers();
    let (mut create, waits) = parse(write.call(), write.body())?;
    for _ in 0..MINT_TRIES {
        create.grant.id = mint(write.call(), &create.wallet);
        let work = Work::CreateGrant(Box::new(create.clone()));
        let render = move |answer: &_| view::answered(numbers, answer).map(Reply::created);
        match write.attempt("items", work, render).await? {
            Err(LedgerError::GrantIdTaken) => {}
            outcome => {
                let reply = outcome.map_err(|error| refusal::of_ledger(error, "items"))?;
                return Ok(paid_for(&write, &create, waits, reply).await);
            }
        }
    }
    Err(refusal::of_ledger(LedgerError::GrantIdTaken, "items"))
}

/// Has a new grant's payment collected, and waits for the outcome if the request does: then the answer is
/// the grant as it is then. Whatever goes wrong from here on, the grant is made, and the first answer is
/// true.
async fn paid_for(write: &Write, create: &CreateGrant, waits: bool, reply: Reply) -> Reply {
    if reply.is_replayed() || create.grant.payment != PaymentState::Pending {
        return reply;
    }
    match payments::collected(write.call(), create.grant.id, waits).await {
        Ok(Some(grant)) => Reply::created(view::body(write.call().numbers(), &grant)),
        Ok(None) | Err(_) => reply,
    }
}

fn mint(call: &Call, wallet: &WalletKey) -> GrantId {
    GrantId::mint(bucket(wallet.environment, &wallet.customer), call.app().ids().bits())
}

/// The grant, and whether the answer waits for its payment.
fn parse(call: &Call, body: &[u8]) -> Result<(CreateGrant, bool), ApiError> {
    let numbers = call.numbers();
    let request: Request<'_> = read_body(body)?;
    let waits = request.await_payment_confirmation.unwrap_or(true);
    let wallet = WalletKey {
        environment: call.environment(),
        customer: fields::customer("customerId", &request.customer_id.0)?,
        currency: fields::currency("currencyId", &request.currency_id.0)?,
        resource: optional_field(&request.resource_id, "resourceId", fields::resource)?,
    };
    let amount = fields::positive_amount("amount", request.amount, numbers)?;
    let grant_type = fields::choice("grantType", &request.grant_type.0, &TYPES)?;
    let priority = request.priority.map(|number| priority(number.0.get())).transpose()?;
    let effective_at = optional_field(&request.effective_at, "effectiveAt", fields::instant)?;
    let expire_at = optional_field(&request.expire_at, "expireAt", fields::instant)?;
    let words = Words {
        display_name: Some(fields::text("displayName", &request.display_name)?),
        comment: request
            .comment
            .as_ref()
            .map(|comment| fields::text("comment", comment).map(Some))
            .transpose()?,
        metadata: request
            .metadata
            .map(|metadata| fields::metadata("metadata", metadata))
            .transpose()?,
        dimensions: Default::default(),
        billing_address: None,
    };
    let method = optional_field(&request.payment_collection_method, METHOD, |field, text| {
        fields::choice(field, text, &METHODS)
    })?;
    let billing = billing(request.billing_information)?;
    let cost = request.cost.map(|Object(cost)| money(&cost, numbers)).transpose()?;
    let payment = payment(cost, grant_type, method, &billing)?;
    let grant = NewGrant {
        id: mint(call, &wallet),
        grant_type,
        amount,
        priority: priority.unwrap_or(Priority::DEFAULT),
        effective_at,
        expire_at,
        payment: match payment {
            Payment::Invoice { .. } | Payment::Charge => PaymentState::Pending,
            Payment::None | Payment::PaidInvoice => PaymentState::Settled,
        },
        cost: cost.unwrap_or(Money::FREE),
        words: Words { billing_address: billing.address, ..words },
    };
    Ok((CreateGrant { wallet, grant, payment }, waits))
}

const METHOD: &str = "paymentCollectionMethod";

/// How the grant is paid (decisions 7, 8, 9). Without a cost the method does not matter.
fn payment(
    cost: Option<Money>,
    grant_type: GrantType,
    method: Option<Method>,
    billing: &Billing,
) -> Result<Payment, ApiError> {
    if cost.is_none_or(|cost| cost.amount.is_zero()) {
        return Ok(Payment::None);
    }
    if grant_type == GrantType::Promotional {
        let message = "cost.amount must be 0 for a PROMOTIONAL grant";
        return Err(ApiError::bad_input(message));
    }
    match method {
        None => Err(ApiError::bad_input(format!("{METHOD} is missing: the grant has a cost"))),
        Some(Method::None) => Ok(Payment::None),
        Some(Method::Charge | Method::Invoice) if billing.is_paid => Ok(Payment::PaidInvoice),
        Some(Method::Charge) => Ok(Payment::Charge),
        Some(Method::Invoice) => Ok(Payment::Invoice { days_until_due: billing.days_until_due }),
    }
}

fn money(cost: &CostRequest<'_>, numbers: Numbers) -> Result<Money, ApiError> {
    let amount = fields::money_amount("cost.amount", cost.amount, numbers)?;
    let currency = fields::money_currency("cost.currency", &cost.currency.0)?;
    Ok(Money { amount, currency })
}

/// What a request says of the invoice.
struct Billing {
    is_paid: bool,
    days_until_due: u16,
    address: Option<Address>,
}

fn billing(request: Option<Object<BillingRequest<'_>>>) -> Result<Billing, ApiError> {
    let Some(Object(request)) = request else {
        let days_until_due = INVOICE_DAYS_UNTIL_DUE;
        return Ok(Billing { is_paid: false, days_until_due, address: None });
    };
    let days = request.invoice_days_until_due.map(|number| {
        let days = 0..=i64::from(INVOICE_DAYS_UNTIL_DUE_MAX);
        let days = fields::integer_in(DAYS_UNTIL_DUE, number.0.get(), days)?;
        u16::try_from(days).map_err(|_| ApiError::internal("days of the range were none"))
    });
    let address = request.billing_address.map(|Object(address)| parse_address(&address));
    Ok(Billing {
        is_paid: request.is_invoice_paid.unwrap_or(false),
        days_until_due: days.transpose()?.unwrap_or(INVOICE_DAYS_UNTIL_DUE),
        address: address.transpose()?,
    })
}

const DAYS_UNTIL_DUE: &str = "billingInformation.invoiceDaysUntilDue";

fn parse_address(address: &AddressRequest<'_>) -> Result<Address, ApiError> {
    let part = |name: &str, text: &Option<Text<'_>>| {
        let field = format!("billingInformation.billingAddress.{name}");
        text.as_ref().map(|text| fields::text(&field, text)).transpose()
    };
    Ok(Address {
        city: part("city", &address.city)?,
        country: part("country", &address.country)?,
        line1: part("line1", &address.line1)?,
        line2: part("line2", &address.line2)?,
        postal_code: part("postalCode", &address.postal_code)?,
        state: part("state", &address.state)?,
    })
}

/// A priority from the digits of a number.
pub(super) fn priority(digits: &str) -> Result<Priority, ApiError> {
    let number = fields::integer_in("priority", digits, 0..=100)?;
    let priority = u8::try_from(number).ok().and_then(Priority::new);
    priority.ok_or_else(|| ApiError::internal("a priority of the range was none"))
}

fn optional_field<T>(
    text: &Option<Text<'_>>,
    field: &str,
    read: impl FnOnce(&str, &str) -> Result<T, ApiError>,
) -> Result<Option<T>, ApiError> {
    text.as_ref().map(|Text(text)| read(field, text)).transpose()
}

pub(super) fn operation() -> Operation {
    Operation::new("createCreditGrant", TAG, "Create a credit grant")
        .text(
            "Gives a customer credits. With `effectiveAt` in the future the grant is SCHEDULED; \
             else its credits count at once, and settle what was consumed on credit before. With \
             a cost and the method INVOICE it is PAYMENT_PENDING until its invoice is paid; CHARGE \
             charges the customer's payment method and needs a payment provider. Unless \
             `awaitPaymentConfirmation` is false, the answer waits for what the provider says, \
             within a bound; repeated under the same `Idempotency-Key` it shows the grant as it was \
             when it was made.",
        )
        .body("CreateCreditGrantRequest")
        .answers(201, "The grant", "CreditGrantResponse")
        .refuses(&[404])
}

pub(super) fn schema() -> Value {
    let address = ["city", "country", "line1", "line2", "postalCode", "state"]
        .map(|name| optional(name, nullable(schema::text())));
    // The official API calls it a number.
    let days = json!({
        "type": "number",
        "multipleOf": 1,
        "minimum": 0,
        "maximum": INVOICE_DAYS_UNTIL_DUE_MAX,
        "default": INVOICE_DAYS_UNTIL_DUE,
    });
    let billing = closed([
        optional("isInvoicePaid", described(nullable(boolean()), "It is paid already, elsewhere")),
        optional("invoiceDaysUntilDue", nullable(days)),
        optional("billingAddress", nullable(closed(address))),
    ]);
    let cost = closed([
        required("amount", json!({"type": "number", "minimum": 0})),
        required("currency", choice(MoneyCurrency::ALL)),
    ]);
    let mut priority = integer(0, 100);
    priority["default"] = Value::from(Priority::DEFAULT.get());
    closed([
        required("customerId", id(schema::CUSTOMER_ID)),
        required("currencyId", id(schema::PLAIN_ID)),
        optional(
            "resourceId",
            described(nullable(id(schema::PLAIN_ID)), "Scopes the grant to a resource's wallet"),
        ),
        required("displayName", schema::text()),
        required("amount", schema::positive_amount()),
        required("grantType", choice(TYPES.map(|(name, _)| name))),
        optional("priority", described(nullable(priority), "Lower is used first")),
        optional("effectiveAt", described(nullable(instant()), "Now, if absent")),
        optional("expireAt", described(nullable(instant()), "Never, if absent")),
        optional("metadata", nullable(schema::metadata())),
        optional("comment", nullable(schema::text())),
        optional("cost", described(nullable(cost), "What the whole grant costs")),
        optional(METHOD, nullable(choice(METHODS.map(|(name, _)| name)))),
        optional("awaitPaymentConfirmation", nullable(boolean())),
        optional("billingInformation", nullable(billing)),
    ])
}
