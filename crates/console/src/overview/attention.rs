//! What somebody should look at: deficits, invoices that are open, receivers that are not told.

use maud::{Markup, html};

use super::sums::Sums;
use crate::api::{Api, Listed};
use crate::component::{counted, section};
use crate::currencies::model::Currencies;
use crate::failure::Failure;
use crate::invoices::model::Invoice;
use crate::visit::Visit;
use crate::webhooks::model::Webhook;

/// What is not as it should be.
pub struct Attention {
    open_invoices: usize,
    has_more_invoices: bool,
    silent: Vec<Webhook>,
}

impl Attention {
    /// What the API knows of.
    pub async fn of(api: &Api) -> Result<Self, Failure> {
        let invoices: Listed<Invoice> = api.list("/api/v1/invoices?status=OPEN&limit=100").await?;
        let webhooks: Listed<Webhook> = api.list("/api/v1/webhooks?limit=100").await?;
        // Who disabled one himself knows of it.
        let is_silent = |webhook: &Webhook| {
            let reason = webhook.disabled_reason.as_deref();
            webhook.status == "DISABLED" && reason.is_some_and(|reason| reason != "ASKED")
        };
        Ok(Self {
            open_invoices: invoices.data.len(),
            has_more_invoices: invoices.pagination.next.is_some(),
            silent: webhooks.data.into_iter().filter(is_silent).collect(),
        })
    }

    /// A list of it; nothing where all is well.
    pub fn show(&self, visit: &Visit, sums: Option<&Sums>, currencies: &Currencies) -> Markup {
        let overdrawn = sums.map(|sums| sums.overdrawn.as_slice()).unwrap_or_default();
        let more_overdrawn = sums.map_or(0, |sums| sums.overdrawn_wallets - overdrawn.len());
        let is_well = self.open_invoices == 0 && self.silent.is_empty() && overdrawn.is_empty();
        if is_well {
            return html! {};
        }
        let more = if self.has_more_invoices { "more than " } else { "" };
        section(
            "attention",
            "To look at",
            None,
            html! {
                ul.card.attention {
                    @if self.open_invoices > 0 {
                        li { a href=(visit.address("/invoices?status=OPEN")) {
                            (more) (counted(self.open_invoices, "open invoice")) } }
                    }
                    @for (customer, wallet) in overdrawn {
                        li { a href=(visit.address(&customer.path())) { (customer.title()) }
                            " is overdrawn by "
                            (currencies.in_words(&wallet.currency_id, wallet.overdraft)) }
                    }
                    @if more_overdrawn > 0 { li { (more_overdrawn) " more wallets are overdrawn" } }
                    @for webhook in &self.silent {
                        li { a href=(visit.address(&webhook.path())) { (webhook.url) }
                            " is sent no events any more" }
                    }
                }
            },
        )
    }
}
