//! What wallets are told to make by themselves.

use scrip_oracle::{Period, Price, Recharge, Recurring, Threshold};

use super::{Reading, Words, too_much};

/// `0.5 usd`, or `none`.
pub(super) fn read_price(words: &mut Words<'_>) -> Reading<Option<Price>> {
    if words.0.as_slice().first() == Some(&"none") {
        words.next()?;
        return Ok(None);
    }
    Ok(Some(Price { amount: words.amount()?, currency: words.text()? }))
}

pub(super) fn read_recharge(words: &mut Words<'_>) -> Reading<Recharge> {
    let wallet = words.wallet()?;
    let is_enabled = match words.next()? {
        "on" => true,
        "off" => false,
        other => return too_much(other),
    };
    let threshold = match words.next()? {
        "below" => Threshold::Credits(words.amount()?),
        "worth" => Threshold::Money(words.amount()?),
        other => return too_much(other),
    };
    words.expect("to")?;
    let target = words.amount()?;
    let (spend_limit, lasts, price) = (None, Period::Month, None);
    let mut recharge =
        Recharge { wallet, is_enabled, threshold, target, spend_limit, lasts, price };
    while let Some(word) = words.0.next() {
        match word {
            "limit" => recharge.spend_limit = Some(words.amount()?),
            "year" => recharge.lasts = Period::Year,
            "price" => recharge.price = read_price(words)?,
            other => return too_much(other),
        }
    }
    Ok(recharge)
}

pub(super) fn read_recurring(words: &mut Words<'_>) -> Reading<Recurring> {
    let (wallet, id, amount) = (words.wallet()?, words.text()?, words.amount()?);
    let cadence = match words.next()? {
        "month" => Period::Month,
        "year" => Period::Year,
        other => return Err(format!("{other:?} is no cadence")),
    };
    let mut put = Recurring { wallet, id, amount, cadence, anchor: None, priority: 50 };
    while let Some(word) = words.0.next() {
        match word {
            "priority" => put.priority = words.number()?,
            "from" => put.anchor = Some(words.instant()?),
            other => return too_much(other),
        }
    }
    Ok(put)
}
