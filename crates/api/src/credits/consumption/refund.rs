//! `POST /api/v1/credits/consumption/refund`: gives consumed credits back (spec section 7).

use scrip_core::{RefundRequest, Undone, WalletKey};
use scrip_ledger::{Answer, Refunded, WalletRefund, Work};
use serde::Deserialize;
use serde_json::Value;

use super::{TAG, write_credit};
use crate::credits::wallet;
use crate::error::ApiError;
use crate::fields;
use crate::http::{Numbers, Reply, Write};
use crate::json::{Number, Text, document, read_body};
use crate::openapi::Operation;
use crate::openapi::schema::{
    self, amount, closed, data, described, filled_text, instant, nullable, open, optional,
    positive_amount, reference, required,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow)]
    customer_id: Text<'a>,
    currency_id: Text<'a>,
    resource_id: Option<Text<'a>>,
    idempotency_key: Text<'a>,
    consumption_key: Option<Text<'a>>,
    reservation_id: Option<Text<'a>>,
    amount: Option<Number<'a>>,
}

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let numbers = write.call().numbers();
    let refund = parse(&write, numbers)?;
    let (wallet, of) = (refund.wallet.clone(), refund.request.of.clone());
    let render = move |answer: &Answer| match answer {
        Answer::Refunded(refunded) => Ok(Reply::ok(body(numbers, &wallet, &of, refunded))),
        _ => Err(ApiError::internal("the ledger answered a refund with something else")),
    };
    write.execute(Work::Refund(Box::new(refund)), render).await
}

fn parse(write: &Write, numbers: Numbers) -> Result<WalletRefund, ApiError> {
    let request: Request<'_> = read_body(write.body())?;
    let (customer, currency) = (&request.customer_id, &request.currency_id);
    let wallet = wallet::of_body(write.call(), customer, currency, request.resource_id.as_ref())?;
    let of = match (&request.consumption_key, &request.reservation_id) {
        (Some(Text(key)), None) => {
            Undone::Consumption(fields::idempotency_key("consumptionKey", key)?)
        }
        (None, Some(Text(id))) => Undone::Reservation(fields::reservation("reservationId", id)?),
        (None, None) | (Some(_), Some(_)) => {
            let message = "exactly one of consumptionKey and reservationId must be given";
            return Err(ApiError::bad_input(message));
        }
    };
    let amount = request.amount;
    let amount = amount.map(|number| fields::positive_amount("amount", number, numbers));
    let key = fields::idempotency_key("idempotencyKey", &request.idempotency_key.0)?;
    let request = RefundRequest { key, of, amount: amount.transpose()? };
    Ok(WalletRefund { wallet, request })
}

fn body(numbers: Numbers, wallet: &WalletKey, of: &Undone, refunded: &Refunded) -> Vec<u8> {
    document(numbers, |writer| {
        writer.object(|members| {
            members.text("customerId", wallet.customer.as_str());
            members.text("currencyId", wallet.currency.as_str());
            members.text_or_null("resourceId", wallet.resource.as_ref().map(|id| id.as_str()));
            match of {
                Undone::Consumption(key) => members.text("consumptionKey", key.as_str()),
                Undone::Reservation(id) => members.text("reservationId", id.as_str()),
            }
            members.credits("amount", refunded.amount);
            members.credits("refundedAmount", refunded.refunded);
            members.plain("timestamp", refunded.at);
            members.object("credit", |credit| {
                write_credit(credit, &wallet.currency, &refunded.balance);
            });
        });
    })
}

pub(super) fn operation() -> Operation {
    Operation::new("refundConsumption", TAG, "Give a consumption back")
        .text(
            "Gives credits back to the grants that gave them, the last one first. On a grant that \
             has ended they are gone at once; what was overdrawn goes to the debt, or to the grants \
             that took it over. The same key with the same request refunds once.",
        )
        .body("RefundConsumptionRequest")
        .answers(200, "What was given back, and the balance now", "RefundConsumptionResponse")
        .refuses(&[404])
}

pub(super) fn schema() -> Value {
    let one = "Exactly one of `consumptionKey` and `reservationId`";
    let own = [
        required("idempotencyKey", described(filled_text(), "The refund's own key")),
        optional("consumptionKey", described(nullable(filled_text()), one)),
        optional("reservationId", described(nullable(filled_text()), one)),
        optional("amount", described(nullable(positive_amount()), "Without it all that is left")),
    ];
    closed(wallet::members().into_iter().chain(own))
}

pub(super) fn response() -> Value {
    let refunded = "What all refunds of the consumption gave back, this one included";
    data(open([
        required("customerId", schema::text()),
        required("currencyId", schema::text()),
        required("resourceId", nullable(schema::text())),
        optional("consumptionKey", schema::text()),
        optional("reservationId", schema::text()),
        required("amount", amount()),
        required("refundedAmount", described(amount(), refunded)),
        required("timestamp", instant()),
        required("credit", reference("CreditBalance")),
    ]))
}
