//! `PUT /api/v1/credits/recurring-grants/{recurringGrantId}`: makes one, or changes it from its next
//! period on.

use scrip_core::{Cadence, Priority, RecurringGrantId};
use scrip_ledger::{PutRecurringGrant, Work};
use serde::Deserialize;
use serde_json::Value;

use super::{TAG, view};
use crate::credits::wallet;
use crate::error::ApiError;
use crate::fields;
use crate::http::{Reply, Write};
use crate::json::{Number, Text, read_body};
use crate::openapi::Operation;
use crate::openapi::schema::{
    self, choice, closed, described, id, instant, integer, nullable, optional, positive_amount,
    required,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow)]
    customer_id: Text<'a>,
    currency_id: Text<'a>,
    resource_id: Option<Text<'a>>,
    amount: Number<'a>,
    cadence: Text<'a>,
    anchor: Option<Text<'a>>,
    priority: Option<Number<'a>>,
    display_name: Text<'a>,
}

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let numbers = write.call().numbers();
    let put = parse(&write)?;
    let work = Work::PutRecurringGrant(Box::new(put));
    write.execute(work, move |answer| view::answered(numbers, answer).map(Reply::ok)).await
}

fn parse(write: &Write) -> Result<PutRecurringGrant, ApiError> {
    let call = write.call();
    let request: Request<'_> = read_body(write.body())?;
    let id = call.path("recurringGrantId");
    let id = RecurringGrantId::parse(id)
        .map_err(|error| ApiError::bad_input(format!("recurringGrantId {error}")))?;
    let (customer, currency) = (&request.customer_id, &request.currency_id);
    let cadences = Cadence::ALL.map(|cadence| (cadence.as_str(), cadence));
    let priority = request.priority.map(|number| {
        let number = fields::integer_in("priority", number.0.get(), 0..=100)?;
        Ok::<_, ApiError>(u8::try_from(number).ok().and_then(Priority::new))
    });
    let anchor = request.anchor.map(|Text(text)| fields::instant("anchor", &text));
    Ok(PutRecurringGrant {
        wallet: wallet::of_body(call, customer, currency, request.resource_id.as_ref())?,
        id,
        amount: fields::positive_amount("amount", request.amount, call.numbers())?,
        cadence: fields::choice("cadence", &request.cadence.0, &cadences)?,
        anchor: anchor.transpose()?,
        priority: priority.transpose()?.flatten().unwrap_or(Priority::DEFAULT),
        display_name: fields::text("displayName", &request.display_name)?,
    })
}

pub(super) fn operation() -> Operation {
    Operation::new("putRecurringGrant", TAG, "Make or change a recurring grant")
        .text(
            "Each period brings a RECURRING grant that begins and ends with it. Periods begin at \
             the anchor and whole cadences before and after it; the first begins now, or at an \
             anchor that is still to come. A change holds from the next period on. While customer \
             or currency is archived nothing is granted, and a missed period is not made up.",
        )
        .path("recurringGrantId", "Its id, which you choose")
        .body("PutRecurringGrantRequest")
        .answers(200, "The recurring grant", "RecurringGrantResponse")
        .refuses(&[404])
}

pub(super) fn schema() -> Value {
    let mut priority = integer(0, 100);
    priority["default"] = Value::from(Priority::DEFAULT.get());
    let anchor = "Without it now, or what it was; in a month without its day, the last day";
    let fixed = "Cannot change";
    closed([
        required("customerId", described(id(schema::CUSTOMER_ID), fixed)),
        required("currencyId", described(id(schema::PLAIN_ID), fixed)),
        optional("resourceId", described(nullable(id(schema::PLAIN_ID)), fixed)),
        required("amount", described(positive_amount(), "What each period gives")),
        required("cadence", choice(Cadence::ALL.map(Cadence::as_str))),
        optional("anchor", described(nullable(instant()), anchor)),
        optional("priority", nullable(priority)),
        required("displayName", schema::text()),
    ])
}
