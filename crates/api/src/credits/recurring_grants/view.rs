//! A recurring grant as the API shows it.

use scrip_core::{Cadence, Timestamp};
use scrip_ledger::{Answer, Record, RecurringGrantView};

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
        Answer::RecurringGrant(view) => Ok(document(numbers, |writer| write(writer, view))),
        _ => Err(ApiError::internal(
            "the ledger answered an order for a recurring grant with something else",
        )),
    }
}

/// The recurring grant with every member.
pub(super) fn write(writer: &mut Writer, view: &RecurringGrantView) {
    writer.object(|members| {
        members.text("id", view.id.as_str());
        members.text("customerId", view.wallet.customer.as_str());
        members.text("currencyId", view.wallet.currency.as_str());
        members.text_or_null("resourceId", view.wallet.resource.as_ref().map(|id| id.as_str()));
        members.credits("amount", view.amount);
        members.plain("cadence", view.cadence.as_str());
        members.plain("anchor", view.anchor);
        members.integer("priority", view.priority.get());
        members.text("displayName", &view.display_name);
        members.instant_or_null("nextPeriodAt", view.next.filter(|at| *at < Timestamp::NEVER));
        members.plain("createdAt", view.created_at);
        members.plain("updatedAt", view.updated_at);
        members.instant_or_null("endedAt", view.ended_at);
    });
}

/// What a record says, and when its next period begins.
pub(super) async fn of_record(
    call: &Call,
    record: &Record,
) -> Result<RecurringGrantView, ApiError> {
    let wrong = || ApiError::internal(format!("the record {} is no recurring grant", record.id));
    let mut view = RecurringGrantView::of(record).ok_or_else(wrong)?;
    let found = call.ledger().wallet_at(&view.wallet, None).await?;
    let renewal = found.as_ref().and_then(|then| then.wallet.renewal(&view.id));
    view.next = renewal.map(|renewal| renewal.next);
    Ok(view)
}

pub(super) fn components() -> Vec<Component> {
    let next = "When the next grant is made; null once it ended";
    let recurring = open([
        required("id", schema::text()),
        required("customerId", schema::text()),
        required("currencyId", schema::text()),
        required("resourceId", nullable(schema::text())),
        required("amount", amount()),
        required("cadence", choice(Cadence::ALL.map(Cadence::as_str))),
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
