//! A wallet's recharge as the API shows it.

use scrip_core::{GrantPeriod, Recharge, Threshold, WalletKey};
use scrip_ledger::RechargeView;

use super::{GRANT_PERIODS, THRESHOLD_TYPES, configuration_id};
use crate::http::Numbers;
use crate::json::{Members, Writer, document};
use crate::openapi::Component;
use crate::openapi::schema::{
    self, amount, boolean, choice, data, described, instant, nullable, open, reference, required,
};

/// `{"data": setting}` with what was spent this month, which only the answer to a PUT shows: strict
/// SDKs refuse members that they do not know (decision 67).
pub(super) fn saved(numbers: Numbers, view: &RechargeView) -> Vec<u8> {
    document(numbers, |writer| {
        writer.object(|members| {
            write_members(members, &view.wallet, Some(&view.recharge));
            members.amount("currentMonthlySpend", view.recharge.spent_in_month_of(view.at));
            match view.recharge.setting.unit_cost {
                Some(price) => members.object("unitCost", |members| {
                    members.amount("amount", price.amount);
                    members.plain("currency", price.currency.as_str());
                }),
                None => members.null("unitCost"),
            }
        });
    })
}

/// The setting, or the defaults where there is none (spec 1.7).
pub(super) fn write(writer: &mut Writer, wallet: &WalletKey, recharge: Option<&Recharge>) {
    writer.object(|members| write_members(members, wallet, recharge));
}

fn write_members(members: &mut Members<'_>, wallet: &WalletKey, recharge: Option<&Recharge>) {
    let [in_credits, in_money] = THRESHOLD_TYPES;
    let [month, year] = GRANT_PERIODS;
    let setting = recharge.map(|recharge| recharge.setting);
    let id = recharge.map(|_| configuration_id(wallet));
    members.text_or_null("id", id.as_deref());
    members.text("customerId", wallet.customer.as_str());
    members.text("currencyId", wallet.currency.as_str());
    members.flag("isEnabled", recharge.is_some_and(Recharge::is_on));
    match setting.map(|setting| setting.threshold) {
        Some(Threshold::Money(threshold)) => {
            members.plain("thresholdType", in_money);
            members.amount("thresholdValue", threshold);
        }
        Some(Threshold::Credits(threshold)) => {
            members.plain("thresholdType", in_credits);
            members.credits("thresholdValue", threshold);
        }
        None => {
            members.plain("thresholdType", in_credits);
            members.amount("thresholdValue", 0);
        }
    }
    members.credits("targetBalance", setting.map(|setting| setting.target).unwrap_or_default());
    match setting.and_then(|setting| setting.spend_limit) {
        Some(limit) => members.amount("maxSpendLimit", limit),
        None => members.null("maxSpendLimit"),
    }
    let period = match setting.map(|setting| setting.grant_period) {
        Some(GrantPeriod::OneMonth) => month,
        Some(GrantPeriod::OneYear) | None => year,
    };
    members.plain("grantExpirationPeriod", period);
    members.instant_or_null("createdAt", recharge.map(|recharge| recharge.created_at));
    members.instant_or_null("updatedAt", recharge.map(|recharge| recharge.updated_at));
}

pub(super) fn components() -> Vec<Component> {
    let members = || {
        [
            required("id", described(nullable(schema::text()), "null until a setting is saved")),
            required("customerId", schema::text()),
            required("currencyId", schema::text()),
            required(
                "isEnabled",
                described(boolean(), "False too while the spend limit makes it rest"),
            ),
            required("thresholdType", choice(THRESHOLD_TYPES)),
            required("thresholdValue", amount()),
            required("targetBalance", amount()),
            required("maxSpendLimit", nullable(amount())),
            required("grantExpirationPeriod", choice(GRANT_PERIODS)),
            required("createdAt", nullable(instant())),
            required("updatedAt", nullable(instant())),
        ]
    };
    let price = open([required("amount", amount()), required("currency", schema::text())]);
    let saved = [required("currentMonthlySpend", amount()), required("unitCost", nullable(price))];
    vec![
        ("AutoRecharge", open(members())),
        ("SavedAutoRecharge", open(members().into_iter().chain(saved))),
        ("AutoRechargeResponse", data(reference("AutoRecharge"))),
        ("SavedAutoRechargeResponse", data(reference("SavedAutoRecharge"))),
    ]
}
