//! What money of an invoice went back, by refunds and disputes.

use super::amounts::from_minor;
use super::api::Api;
use super::collecting::read;
use super::form::Form;
use super::objects::{Charge, Dispute, List, checked};
use crate::payments::provider::{DisputeStanding, MoneyBack, ProviderDispute, Trouble};
use scrip_core::MoneyAmount;

/// How many pages of a charge's disputes are read.
const PAGES_MAX: usize = 10;

/// What money of an invoice went back.
pub(super) async fn money_back(api: &Api, invoice: &str) -> Result<MoneyBack, Trouble> {
    let invoice = read(api, invoice).await?;
    let Some(charge) = invoice.charge else {
        // Nothing was charged: it was free, or paid outside of Stripe.
        return Ok(MoneyBack { refunded: MoneyAmount::ZERO, disputes: Vec::new() });
    };
    let charge = charge_of(api, charge.id()).await?;
    let refunded = amount(charge.amount_refunded, &charge.currency)?;
    Ok(MoneyBack { refunded, disputes: disputes(api, &charge).await? })
}

/// The invoice that a charge is of.
pub(super) async fn invoice_of(api: &Api, charge: &str) -> Result<Option<String>, Trouble> {
    let charge = charge_of(api, charge).await?;
    Ok(charge.invoice.map(|invoice| invoice.id().to_owned()))
}

async fn charge_of(api: &Api, id: &str) -> Result<Charge, Trouble> {
    let path = format!("/v1/charges/{}", checked(id)?);
    Ok(api.get(&path, &Form::new()).await?)
}

async fn disputes(api: &Api, charge: &Charge) -> Result<Vec<ProviderDispute>, Trouble> {
    let mut disputes = Vec::new();
    let mut last: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let form = Form::new()
            .with("charge", &charge.id)
            .with("limit", "100")
            .with_some("starting_after", last.as_deref());
        let page: List<Dispute> = api.get("/v1/disputes", &form).await?;
        last = page.data.last().map(|dispute| dispute.id.clone());
        for dispute in page.data {
            let Some(standing) = standing(&dispute) else { continue };
            let amount = amount(disputed(&dispute, charge), &charge.currency)?;
            disputes.push(ProviderDispute { id: dispute.id, amount, standing });
        }
        if !page.has_more || last.is_none() {
            return Ok(disputes);
        }
    }
    Err(Trouble::Refused(format!("the charge {} has too many disputes", charge.id)))
}

/// The disputed part of a charge, in the charge's minor unit. A dispute in another currency, which a
/// payer's bank may count in, is one of the whole charge.
fn disputed(dispute: &Dispute, charge: &Charge) -> i64 {
    if dispute.currency == charge.currency {
        dispute.amount.min(charge.amount)
    } else {
        charge.amount
    }
}

/// Where a dispute stands; none while it is only an inquiry, which takes no money.
fn standing(dispute: &Dispute) -> Option<DisputeStanding> {
    match dispute.status.as_str() {
        "needs_response" | "under_review" => Some(DisputeStanding::Open),
        "won" | "warning_closed" => Some(DisputeStanding::Won),
        "lost" => Some(DisputeStanding::Lost),
        "warning_needs_response" | "warning_under_review" => None,
        unknown => {
            let id = &dispute.id;
            tracing::warn!(id, unknown, "a dispute stands where none is known to stand");
            None
        }
    }
}

fn amount(minor: i64, currency: &str) -> Result<MoneyAmount, Trouble> {
    let unreadable = || Trouble::Unknown(format!("{minor} {currency} is no amount"));
    from_minor(minor, currency).ok_or_else(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_disputed_is_part_of_the_charge() {
        let currency = "usd".to_owned();
        let (id, invoice) = ("ch_1".to_owned(), None);
        let charge = Charge { id, currency, amount: 4_950, amount_refunded: 0, invoice };
        let rows = [(1_000, "usd", 1_000), (4_951, "usd", 4_950), (712_345, "jpy", 4_950)];
        for (amount, currency, expected) in rows {
            let (id, status) = ("dp_1".to_owned(), "needs_response".to_owned());
            let dispute = Dispute { id, amount, currency: currency.to_owned(), status };
            assert_eq!(disputed(&dispute, &charge), expected, "{amount} {currency}");
        }
    }
}
