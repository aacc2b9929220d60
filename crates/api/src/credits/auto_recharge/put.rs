//! `PUT /api/v1/credits/auto-recharge`: says how a wallet recharges (decision 53).

use scrip_core::{
    Credits, GrantPeriod, Money, MoneyAmount, MoneyCurrency, RechargeSetting, Threshold,
};
use scrip_ledger::{Answer, WalletRecharge, Work};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{GRANT_PERIODS, TAG, THRESHOLD_TYPES, view};
use crate::credits::wallet;
use crate::error::ApiError;
use crate::fields;
use crate::http::{Numbers, Reply, Write};
use crate::json::{Number, Object, Text, read_body};
use crate::openapi::Operation;
use crate::openapi::schema::{
    amount, boolean, choice, closed, described, nullable, optional, required,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow)]
    customer_id: Text<'a>,
    currency_id: Text<'a>,
    resource_id: Option<Text<'a>>,
    is_enabled: bool,
    threshold_type: Option<Text<'a>>,
    threshold_value: Option<Number<'a>>,
    target_balance: Option<Number<'a>>,
    max_spend_limit: Option<Number<'a>>,
    grant_expiration_period: Option<Text<'a>>,
    unit_cost: Option<Object<UnitCost<'a>>>,
}

/// A price.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnitCost<'a> {
    #[serde(borrow)]
    amount: Number<'a>,
    currency: Text<'a>,
}

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let numbers = write.call().numbers();
    let recharge = parse(&write, numbers)?;
    let render = move |answer: &Answer| match answer {
        Answer::Recharge(recharge) => Ok(Reply::ok(view::saved(numbers, recharge))),
        _ => Err(ApiError::internal("the ledger answered a recharge with something else")),
    };
    write.execute(Work::SetRecharge(Box::new(recharge)), render).await
}

fn parse(write: &Write, numbers: Numbers) -> Result<WalletRecharge, ApiError> {
    let request: Request<'_> = read_body(write.body())?;
    let (customer, currency) = (&request.customer_id, &request.currency_id);
    let wallet = wallet::of_body(write.call(), customer, currency, request.resource_id.as_ref())?;
    let target = request.target_balance;
    let target = target.map(|number| fields::amount("targetBalance", number, numbers));
    let limit = request.max_spend_limit;
    let limit = limit.map(|number| fields::money_amount("maxSpendLimit", number, numbers));
    let setting = RechargeSetting {
        is_enabled: request.is_enabled,
        threshold: threshold(request.threshold_type, request.threshold_value, numbers)?,
        target: target.transpose()?.unwrap_or_default(),
        spend_limit: limit.transpose()?,
        grant_period: period(request.grant_expiration_period)?,
        unit_cost: request.unit_cost.map(|Object(cost)| unit_cost(&cost, numbers)).transpose()?,
    };
    Ok(WalletRecharge { wallet, setting })
}

fn threshold(
    kind: Option<Text<'_>>,
    value: Option<Number<'_>>,
    numbers: Numbers,
) -> Result<Threshold, ApiError> {
    const FIELD: &str = "thresholdValue";
    let [credits, dollars] = THRESHOLD_TYPES;
    let kinds = [(credits, false), (dollars, true)];
    let kind = kind.map(|Text(text)| fields::choice("thresholdType", &text, &kinds)).transpose()?;
    let in_money = kind.unwrap_or(false);
    Ok(match value {
        None if in_money => Threshold::Money(MoneyAmount::ZERO),
        None => Threshold::Credits(Credits::ZERO),
        Some(value) if in_money => Threshold::Money(fields::money_amount(FIELD, value, numbers)?),
        Some(value) => Threshold::Credits(fields::amount(FIELD, value, numbers)?),
    })
}

fn period(text: Option<Text<'_>>) -> Result<GrantPeriod, ApiError> {
    let [month, year] = GRANT_PERIODS;
    let periods = [(month, GrantPeriod::OneMonth), (year, GrantPeriod::OneYear)];
    let period = text.map(|Text(text)| fields::choice("grantExpirationPeriod", &text, &periods));
    Ok(period.transpose()?.unwrap_or(GrantPeriod::OneYear))
}

/// What one credit costs.
pub(crate) fn unit_cost(cost: &UnitCost<'_>, numbers: Numbers) -> Result<Money, ApiError> {
    let amount = fields::money_amount("unitCost.amount", cost.amount, numbers)?;
    let currency = fields::money_currency("unitCost.currency", &cost.currency.0)?;
    Ok(Money { amount, currency })
}

pub(super) fn operation() -> Operation {
    Operation::new("saveAutoRecharge", TAG, "Save the auto-recharge setting")
        .text(
            "Replaces the whole setting. Whenever the balance is below the threshold, one grant \
             brings it up to the target. In a calendar month, UTC, no more is charged than the \
             spend limit: a charge that would pass it is not made, and the recharge rests until \
             the month ends or the setting is saved. The price of a credit is fixed by saving.",
        )
        .body("SaveAutoRechargeRequest")
        .answers(200, "The setting, and what was spent this month", "SavedAutoRechargeResponse")
        .refuses(&[404])
}

pub(super) fn schema() -> Value {
    let mut threshold_type = choice(THRESHOLD_TYPES);
    threshold_type["default"] = THRESHOLD_TYPES[0].into();
    let mut period = choice(GRANT_PERIODS);
    period["default"] = GRANT_PERIODS[1].into();
    let not_negative = || json!({"type": "number", "minimum": 0, "default": 0});
    let limit = "What may be spent in a calendar month; without it as much as is needed";
    let target = "In credits; more than the threshold";
    let own = [
        required("isEnabled", boolean()),
        optional("thresholdType", nullable(threshold_type)),
        optional("thresholdValue", nullable(not_negative())),
        optional("targetBalance", described(nullable(not_negative()), target)),
        optional("maxSpendLimit", described(nullable(amount()), limit)),
        optional("grantExpirationPeriod", nullable(period)),
        optional("unitCost", unit_cost_schema("without it the currency's")),
    ];
    closed(wallet::members().into_iter().chain(own))
}

/// What a price looks like in a request.
pub(crate) fn unit_cost_schema(absent: &str) -> Value {
    let cost = closed([
        required("amount", json!({"type": "number", "minimum": 0})),
        required("currency", choice(MoneyCurrency::ALL)),
    ]);
    described(nullable(cost), &format!("What one credit costs; {absent}"))
}
