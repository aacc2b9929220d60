//! A grant as the API shows it.

use scrip_core::{Grant, GrantState, GrantStatus, GrantType, MoneyCurrency, Words};
use scrip_ledger::{Answer, CollectionState, GrantView, Invoice, InvoiceStatus, ProviderInvoice};
use serde_json::{Value, json};

use crate::credits::auto_recharge::configuration_id;
use crate::error::ApiError;
use crate::http::Numbers;
use crate::json::{Members, Writer, document};
use crate::openapi::Component;
use crate::openapi::schema::{
    self, amount, boolean, choice, data, described, instant, integer, nullable, open, optional,
    required,
};

/// `{"data": grant}` of an order's answer.
pub(super) fn answered(numbers: Numbers, answer: &Answer) -> Result<Vec<u8>, ApiError> {
    match answer {
        Answer::Grant(grant) => Ok(body(numbers, grant)),
        _ => {
            Err(ApiError::internal("the ledger answered an order for a grant with something else"))
        }
    }
}

/// `{"data": grant}`.
pub(super) fn body(numbers: Numbers, grant: &GrantView) -> Vec<u8> {
    document(numbers, |writer| write(writer, grant))
}

/// The grant with every member (the seed document's 22, and `syncStates`).
pub(super) fn write(writer: &mut Writer, view: &GrantView) {
    write_with(writer, view, &view.words);
}

/// The same for the customer: without what the team notes on it for itself.
pub(super) fn write_to_customer(writer: &mut Writer, view: &GrantView) {
    let words = Words { comment: None, metadata: None, ..view.words.clone() };
    write_with(writer, view, &words);
}

fn write_with(writer: &mut Writer, view: &GrantView, words: &Words) {
    let grant = &view.grant;
    let invoice = view.latest_invoice();
    writer.object(|members| {
        members.plain("id", grant.name.id);
        members.text("displayName", display_name(view));
        members.credits("amount", grant.amount);
        members.credits("consumedAmount", grant.consumed);
        members.plain("grantType", type_name(grant.grant_type));
        members.null("sourceType");
        members.integer("priority", grant.priority.get());
        members.plain("effectiveAt", grant.effective_at);
        members.instant_or_null("expireAt", grant.expire_at);
        members.instant_or_null(
            "voidedAt",
            match grant.state {
                GrantState::Voided { at } => Some(at),
                _ => None,
            },
        );
        members.texts("metadata", words.metadata.iter().flatten());
        members.object("cost", |cost| {
            cost.amount("amount", view.cost.amount);
            cost.plain("currency", view.cost.currency.as_str());
        });
        members.text_or_null("comment", words.comment.as_ref().and_then(Option::as_deref));
        members.text("customerId", view.wallet.customer.as_str());
        members.text_or_null("resourceId", view.wallet.resource.as_ref().map(|id| id.as_str()));
        members.text("currencyId", view.wallet.currency.as_str());
        match &invoice {
            Some(invoice) => {
                members.plain("invoiceId", invoice.id);
                members.object("latestInvoice", |members| write_invoice(members, invoice));
            }
            None => {
                members.null("invoiceId");
                members.null("latestInvoice");
            }
        }
        members.plain("paymentCollection", payment_collection(grant, invoice.as_ref()));
        members.plain("status", status_name(grant.status()));
        members.plain("createdAt", grant.created_at);
        members.plain("updatedAt", grant.updated_at);
        // Strict SDKs refuse members that they do not know (decision 67).
        if view.is_recharge {
            let id = configuration_id(&view.wallet);
            members.plain("automaticRechargeConfigurationId", id);
        }
        if grant.is_usable() && grant.lost.is_positive() {
            members.credits("takenBackAmount", grant.lost);
        }
        let provider = invoice.as_ref().and_then(|invoice| invoice.provider.as_ref());
        members.array("syncStates", provider, write_sync_state);
    });
}

/// How the payment stands: what is paid, or was never to be, needs nothing more.
fn payment_collection(grant: &Grant, invoice: Option<&Invoice>) -> &'static str {
    let provider = invoice.and_then(|invoice| invoice.provider.as_ref());
    let collection = provider.map(|provider| &provider.state);
    match (invoice.map(|invoice| invoice.status), grant.state) {
        (Some(InvoiceStatus::Canceled { .. }), _) => "FAILED",
        (Some(InvoiceStatus::Open), _)
            if matches!(collection, Some(CollectionState::Failed { .. })) =>
        {
            "FAILED"
        }
        (Some(InvoiceStatus::Open), _)
            if matches!(collection, Some(CollectionState::ActionRequired { .. })) =>
        {
            "ACTION_REQUIRED"
        }
        (Some(InvoiceStatus::Open), _) | (None, GrantState::PaymentPending) => "PROCESSING",
        (Some(InvoiceStatus::Paid { .. }) | None, _) => "NOT_REQUIRED",
    }
}

/// The invoice as a grant shows it.
fn write_invoice(members: &mut Members<'_>, invoice: &Invoice) {
    let provider = invoice.provider.as_ref();
    match provider.and_then(|provider| provider.id.as_deref()) {
        Some(id) => members.text("billingId", id),
        None => members.plain("billingId", invoice.id),
    }
    members.plain("status", invoice.status.as_str());
    members.plain("createdAt", invoice.created_at);
    members.plain("updatedAt", invoice.updated_at());
    members.instant_or_null("dueDate", invoice.due_at);
    members.flag("requiresAction", provider.is_some_and(ProviderInvoice::requires_action));
    members.plain("billingReason", "MANUAL");
    members.text_or_null("paymentUrl", provider.and_then(|it| it.payment_url.as_deref()));
    members.text_or_null("errorMessage", provider.and_then(ProviderInvoice::error_message));
    members.text_or_null("pdfUrl", provider.and_then(|it| it.pdf_url.as_deref()));
    members.plain("currency", invoice.total.currency.as_str());
    members.amount("subTotal", invoice.total.amount);
    members.amount("total", invoice.total.amount);
    members.amount("tax", 0);
}

/// How far the provider has what it collects.
fn write_sync_state(writer: &mut Writer, provider: &ProviderInvoice) {
    let status = match (&provider.id, &provider.state) {
        (Some(_), _) => "SUCCESS",
        (None, CollectionState::Failed { .. }) => "ERROR",
        (None, CollectionState::Settled) => "NO_SYNC_REQUIRED",
        (None, _) => "PENDING",
    };
    writer.object(|members| {
        members.plain("vendorIdentifier", provider.provider.as_str());
        members.plain("status", status);
        members.text_or_null("syncedEntityId", provider.id.as_deref());
    });
}

fn display_name(view: &GrantView) -> &str {
    let nameless = match view.grant.grant_type {
        GrantType::Overdraft => "Overdraft",
        _ => "",
    };
    view.words.display_name.as_deref().unwrap_or(nameless)
}

/// The types of grants.
pub(crate) const TYPE_NAMES: [&str; 4] = ["PAID", "PROMOTIONAL", "RECURRING", "OVERDRAFT"];
/// The statuses of grants.
pub(crate) const STATUS_NAMES: [&str; 5] =
    ["PAYMENT_PENDING", "ACTIVE", "EXPIRED", "VOIDED", "SCHEDULED"];

/// A grant's type as the API spells it.
pub(crate) fn type_name(grant_type: GrantType) -> &'static str {
    match grant_type {
        GrantType::Promotional => "PROMOTIONAL",
        GrantType::Recurring => "RECURRING",
        GrantType::Paid => "PAID",
        GrantType::Overdraft => "OVERDRAFT",
    }
}

/// A grant's status as the API spells it.
pub(crate) fn status_name(status: GrantStatus) -> &'static str {
    match status {
        GrantStatus::PaymentPending => "PAYMENT_PENDING",
        GrantStatus::Active => "ACTIVE",
        GrantStatus::Expired => "EXPIRED",
        GrantStatus::Voided => "VOIDED",
        GrantStatus::Scheduled => "SCHEDULED",
    }
}

pub(super) fn components() -> Vec<Component> {
    vec![
        ("CreditGrant", grant_schema()),
        ("CreditGrantInvoice", invoice_schema()),
        ("CreditGrantResponse", data(schema::reference("CreditGrant"))),
        ("CreditGrantList", schema::page("CreditGrant")),
    ]
}

fn grant_schema() -> Value {
    let sync_state = open([
        required("vendorIdentifier", choice(crate::customers::VENDORS)),
        required("status", choice(["PENDING", "ERROR", "SUCCESS", "NO_SYNC_REQUIRED"])),
        optional("syncedEntityId", nullable(schema::text())),
    ]);
    let texts = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let recharge = "Only of grants that an auto-recharge made: the setting's id";
    let taken_back =
        "Only of an ACTIVE grant of which money went back: credits that are gone for it";
    let source_types = ["PRICE", "PLAN_ENTITLEMENT", "ADDON_ENTITLEMENT"];
    open([
        required("id", schema::text()),
        required("displayName", schema::text()),
        required("amount", amount()),
        required("consumedAmount", amount()),
        required("grantType", choice(TYPE_NAMES)),
        required("sourceType", nullable(choice(source_types))),
        required("priority", integer(0, 100)),
        required("effectiveAt", instant()),
        required("expireAt", nullable(instant())),
        required("voidedAt", nullable(instant())),
        required("metadata", texts),
        required(
            "cost",
            open([required("amount", amount()), required("currency", choice(MoneyCurrency::ALL))]),
        ),
        required("comment", nullable(schema::text())),
        required("customerId", schema::text()),
        required("resourceId", nullable(schema::text())),
        required("currencyId", schema::text()),
        required("invoiceId", nullable(schema::text())),
        required("latestInvoice", nullable(schema::reference("CreditGrantInvoice"))),
        required(
            "paymentCollection",
            choice(["NOT_REQUIRED", "PROCESSING", "FAILED", "ACTION_REQUIRED"]),
        ),
        required("status", choice(STATUS_NAMES)),
        required("createdAt", instant()),
        required("updatedAt", instant()),
        optional("automaticRechargeConfigurationId", described(schema::text(), recharge)),
        optional("takenBackAmount", described(amount(), taken_back)),
        required("syncStates", json!({"type": "array", "items": sync_state})),
    ])
}

fn invoice_schema() -> Value {
    open([
        required("billingId", schema::text()),
        required("status", choice(InvoiceStatus::NAMES)),
        required("createdAt", instant()),
        required("updatedAt", instant()),
        required("dueDate", nullable(instant())),
        required("requiresAction", boolean()),
        required("billingReason", nullable(choice(["MANUAL", "OTHER"]))),
        required("paymentUrl", nullable(schema::text())),
        required("errorMessage", nullable(schema::text())),
        required("pdfUrl", nullable(schema::text())),
        required("currency", nullable(schema::text())),
        required("subTotal", nullable(amount())),
        required("total", nullable(amount())),
        required("tax", nullable(amount())),
    ])
}
