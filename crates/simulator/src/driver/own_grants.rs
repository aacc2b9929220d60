//! What wallets make by themselves, in the oracle's words and in the ledger's.

use anyhow::{Context as _, Result};
use scrip_core::{
    Cadence, Credits, GrantPeriod, Money, MoneyAmount, MoneyCurrency, Priority, RechargeSetting,
    RecurringGrantId, Threshold as LedgerThreshold,
};
use scrip_ledger::{
    PutRecurringGrant, RechargeView, RecordKind, RecordPatch, RecurringGrantView, UNIT_COST_MEMBER,
    WalletRecharge, Work,
};
use scrip_oracle::{Period, Price, Recharge, Recharged, Recurring, Recurs, Threshold, WalletName};
use serde_json::{Map, Value, json};

use super::words;
use crate::history::{Environment, amount_text};

pub(super) fn money(amount: scrip_oracle::Money) -> Result<MoneyAmount> {
    let text = amount_text(amount);
    MoneyAmount::parse(&text).ok().with_context(|| format!("{text:?} is no money"))
}

fn cost(price: &Price) -> Result<Money> {
    let currency = MoneyCurrency::parse(&price.currency);
    let currency = currency.with_context(|| format!("the money {:?}", price.currency))?;
    Ok(Money { amount: money(price.amount)?, currency })
}

/// What a currency's record is to say of its price.
pub(super) fn set_price(currency: &str, price: Option<&Price>) -> Work {
    let price = price.map_or(
        Value::Null,
        |price| json!({"amount": amount_text(price.amount), "currency": price.currency}),
    );
    let members = Map::from_iter([(UNIT_COST_MEMBER.to_owned(), price)]);
    let (kind, id) = (RecordKind::CustomCurrency, currency.to_owned());
    Work::PatchRecord(RecordPatch { kind, id, members })
}

/// What is wanted of a wallet's recharge.
pub(super) fn set_recharge(environment: Environment, recharge: &Recharge) -> Result<Work> {
    let setting = RechargeSetting {
        is_enabled: recharge.is_enabled,
        threshold: match recharge.threshold {
            Threshold::Credits(below) => LedgerThreshold::Credits(Credits::from_billionths(below)),
            Threshold::Money(below) => LedgerThreshold::Money(money(below)?),
        },
        target: Credits::from_billionths(recharge.target),
        spend_limit: recharge.spend_limit.map(money).transpose()?,
        grant_period: match recharge.lasts {
            Period::Month => GrantPeriod::OneMonth,
            Period::Year => GrantPeriod::OneYear,
        },
        unit_cost: recharge.price.as_ref().map(cost).transpose()?,
    };
    let wallet = words::wallet_key(environment, &recharge.wallet)?;
    Ok(Work::SetRecharge(Box::new(WalletRecharge { wallet, setting })))
}

/// How a wallet recharges now.
pub(super) fn recharged(view: &RechargeView) -> Recharged {
    let price = view.recharge.setting.unit_cost.map(|cost| Price {
        amount: cost.amount.billionths(),
        currency: cost.currency.as_str().to_owned(),
    });
    let spent = view.recharge.spent_in_month_of(view.at).billionths();
    Recharged { is_on: view.recharge.is_on(), price, spent }
}

/// What is wanted of a recurring grant, whose grants are called like it.
pub(super) fn put_recurring(environment: Environment, put: &Recurring) -> Result<Work> {
    let Recurring { wallet, id, amount, cadence, anchor, priority } = put;
    let put = PutRecurringGrant {
        wallet: words::wallet_key(environment, wallet)?,
        id: RecurringGrantId::parse(id)?,
        amount: Credits::from_billionths(*amount),
        cadence: match cadence {
            Period::Month => Cadence::Month,
            Period::Year => Cadence::Year,
        },
        anchor: anchor.map(words::timestamp).transpose()?,
        priority: Priority::new(*priority).with_context(|| format!("priority {priority}"))?,
        display_name: id.clone(),
    };
    Ok(Work::PutRecurringGrant(Box::new(put)))
}

pub(super) fn remove_recurring(
    environment: Environment,
    wallet: &WalletName,
    id: &str,
) -> Result<Work> {
    let wallet = words::wallet_key(environment, wallet)?;
    Ok(Work::RemoveRecurringGrant(wallet, RecurringGrantId::parse(id)?))
}

/// How a recurring grant goes on.
pub(super) fn recurs(view: &RecurringGrantView) -> Recurs {
    Recurs {
        amount: view.amount.billionths(),
        anchor: view.anchor.milliseconds(),
        next: view.next.map(scrip_core::Timestamp::milliseconds),
    }
}
