//! A recurring grant as the API shows it.

use scrip_core::{
    Credits, CurrencyId, CustomerId, EnvironmentId, RecurringGrantId, ResourceId, Timestamp,
    WalletKey,
};
use scrip_ledger::{Answer, Record};

use super::CADENCES;
use crate::error::ApiError;
use crate::http::{Call, Numbers};
use crate::json::{Writer, document};
use crate::openapi::Component;
use crate::openapi::schema::{
    self, amount, choice, data, described, instant, integer, nullable, open, reference, required,
};

/// `{"data": recurring grant}` of an order's answer.
pub(super) fn answered(numbers: Numbers, answer: &Answer) -> Result<Vec<u8>, ApiError> {
    match answer {
        Answer::RecurringGrant(view) => {
            Ok(document(numbers, |writer| write(writer, &view.record, view.next)))
        }
        _ => Err(ApiError::internal(
            "the ledger answered an order for a recurring grant with something else",
        )),
    }
}

/// The recurring grant with every member.
pub(super) fn write(writer: &mut Writer, record: &Record, next: Option<Timestamp>) {
    let number = |name| record.body.get(name).and_then(serde_json::Value::as_i64);
    let anchor = number("anchorMilliseconds").map(Timestamp::from_milliseconds);
    let credits = record.text("amount").map(Credits::parse);
    writer.object(|members| {
        members.text("id", &record.id);
        for name in ["customerId", "currencyId", "resourceId"] {
            members.text_or_null(name, record.text(name));
        }
        members.credits("amount", credits.and_then(Result::ok).unwrap_or_default());
        members.text_or_null("cadence", record.text("cadence"));
        members.instant_or_null("anchor", anchor.and_then(Result::ok));
        members.integer("priority", number("priority").unwrap_or_default());
        members.text_or_null("displayName", record.text("displayName"));
        members.instant_or_null("nextPeriodAt", next.filter(|at| *at < Timestamp::NEVER));
        members.plain("createdAt", record.created_at);
        members.plain("updatedAt", record.updated_at);
        members.instant_or_null("endedAt", record.archived_at);
    });
}

/// The wallet that a record names.
pub(super) fn wallet(environment: EnvironmentId, record: &Record) -> Option<WalletKey> {
    Some(WalletKey {
        environment,
        customer: CustomerId::parse(record.text("customerId")?).ok()?,
        currency: CurrencyId::parse(record.text("currencyId")?).ok()?,
        resource: record.text("resourceId").map(ResourceId::parse).transpose().ok()?,
    })
}

/// When its next period begins.
pub(super) async fn next_period(
    call: &Call,
    record: &Record,
) -> Result<Option<Timestamp>, ApiError> {
    let named = (wallet(call.environment(), record), RecurringGrantId::parse(&record.id));
    let (Some(wallet), Ok(id)) = named else { return Ok(None) };
    let found = call.ledger().wallet_at(&wallet, None).await?;
    Ok(found.and_then(|then| then.wallet.renewal(&id).map(|renewal| renewal.next)))
}

pub(super) fn components() -> Vec<Component> {
    let next = "When the next grant is made; null once it ended";
    let recurring = open([
        required("id", schema::text()),
        required("customerId", schema::text()),
        required("currencyId", schema::text()),
        required("resourceId", nullable(schema::text())),
        required("amount", amount()),
        required("cadence", choice(CADENCES)),
        required("anchor", instant()),
        required("priority", integer(0, 100)),
        required("displayName", schema::text()),
        required("nextPeriodAt", described(nullable(instant()), next)),
        required("createdAt", instant()),
        required("updatedAt", instant()),
        required("endedAt", nullable(instant())),
    ]);
    vec![
        ("RecurringGrant", recurring),
        ("RecurringGrantResponse", data(reference("RecurringGrant"))),
        ("RecurringGrantList", schema::page("RecurringGrant")),
    ]
}
