//! An invoice that nobody is to pay any more.

use super::api::{Api, Failure};
use super::collecting::{has_moved, read};
use super::form::Form;
use super::objects::{Invoice, Named, Status};
use crate::payments::provider::{Collected, Standing, Trouble};

/// How often it is tried, if somebody else moves the invoice or Stripe remembers failures.
const TRIES_MAX: u32 = 8;

/// Cancels an invoice, if it still can be; answers where it stands then.
pub(super) async fn cancel(api: &Api, invoice: &str, key: &str) -> Result<Collected, Trouble> {
    let mut now = match read(api, invoice).await {
        // A draft that was deleted, if the answer to that was lost.
        Err(Failure::Refused(problem)) if problem.is_of_nothing() => return Ok(gone(invoice)),
        now => now?,
    };
    for tries in 0..TRIES_MAX {
        // A payment on its way cannot be taken back.
        if [Standing::Paid, Standing::Canceled, Standing::Processing].contains(&now.standing()) {
            break;
        }
        let failure = match take(api, &now, &format!("scrip-cancel-{key}-{tries}")).await {
            Ok(canceled) => return Ok(canceled),
            Err(Failure::Trouble(trouble)) => return Err(trouble),
            Err(failure) => failure,
        };
        let before = now;
        now = read(api, &before.id).await?;
        let is_for_good = matches!(failure, Failure::Refused(_) | Failure::Declined(_));
        if is_for_good && !has_moved(&before, &now) && now.standing() != Standing::Processing {
            return Err(failure.into());
        }
    }
    Ok(now.collected())
}

async fn take(api: &Api, invoice: &Invoice, key: &str) -> Result<Collected, Failure> {
    let path = format!("/v1/invoices/{}", invoice.id);
    if invoice.status == Status::Draft {
        // One that was not finalised has no number that would be missed.
        let _: Named = api.delete(&path).await?;
        return Ok(invoice.standing_at(Standing::Canceled));
    }
    let form = Form::new().with("expand[]", "payment_intent");
    let canceled: Invoice = api.post(&format!("{path}/void"), &form, key).await?;
    Ok(canceled.collected())
}

fn gone(invoice: &str) -> Collected {
    tracing::info!(invoice, "Stripe does not know the invoice that is to be canceled");
    Collected {
        payer: String::new(),
        invoice: invoice.to_owned(),
        standing: Standing::Canceled,
        payment_url: None,
        pdf_url: None,
    }
}
