//! `/invoices/{invoice}/mark-paid` and `…/cancel`: how an invoice ends that nobody collects.

use maud::{Markup, html};

use super::model::Invoice;
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::{Api, Done};
use crate::component::event_name;
use crate::currencies::model::Currencies;
use crate::failure::Failure;
use crate::form::Form;
use crate::grants::model::Grant;
use crate::layout::{Heading, Section};
use crate::visit::Visit;
use crate::wallets::{Wallet, available_in_words};

/// What an invoice and its grant are, and what their wallet holds.
struct Affair {
    invoice: Invoice,
    grant: Grant,
    currencies: Currencies,
}

/// The payment arrived.
pub struct MarkPaid(Affair);

/// The payment will not come.
pub struct Cancel(Affair);

impl Affair {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        let invoice = Invoice::get(&visit.api, visit.path("invoice")).await?;
        let grant = Grant::get(&visit.api, &invoice.credit_grant_id).await?;
        Ok(Self { invoice, grant, currencies: Currencies::all(&visit.api).await? })
    }

    fn heading(title: &'static str, visit: &Visit, invoice: &Invoice) -> Heading<'static> {
        Heading::of(title, Section::Invoices)
            .below("Invoices", visit.address("/invoices"))
            .below(invoice.id.as_str(), visit.address(&invoice.path()))
    }

    async fn wallet(&self, api: &Api) -> Result<Option<Wallet>, Failure> {
        Wallet::find(api, &self.grant.customer_id, &self.grant.wallet()).await
    }

    async fn available(&self, api: &Api) -> Result<String, Failure> {
        let wallet = self.wallet(api).await?;
        Ok(available_in_words(wallet.as_ref(), &self.grant.wallet(), &self.currencies))
    }

    async fn state(&self, visit: &Visit) -> Result<Vec<String>, Failure> {
        let invoice = Invoice::get(&visit.api, &self.invoice.id).await?;
        let grant = Grant::get(&visit.api, &self.grant.id).await?;
        let available = self.available(&visit.api).await?;
        Ok(vec![event_name(&invoice.status), event_name(&grant.status), available])
    }

    fn operation(&self, operation: &str) -> Operation {
        Operation::post_nothing(Invoice::target(&self.invoice.id, operation))
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        ("To the invoice".to_owned(), visit.address(&self.invoice.path()))
    }
}

const INVOICE: &str = "Invoice";
const GRANT: &str = "Grant";
const AVAILABLE: &str = "Available in the wallet";

impl Deed for MarkPaid {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        Affair::find(visit).await.map(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        Affair::heading("Mark invoice paid", visit, &self.0.invoice)
    }

    async fn plan(&self, visit: &Visit, _: &Form) -> Result<Plan, Failure> {
        let Affair { invoice, grant, currencies } = &self.0;
        let wallet = self.0.wallet(&visit.api).await?;
        let before = available_in_words(wallet.as_ref(), &grant.wallet(), currencies);
        let available = wallet.map(|wallet| wallet.available).unwrap_or_default();
        let sum = available.plus(grant.amount).unwrap_or(available);
        let after = match grant.status.as_str() {
            "PAYMENT_PENDING" => currencies.in_words(&grant.currency_id, sum),
            _ => before.clone(),
        };
        let lines = vec![
            Line::of(INVOICE, event_name(&invoice.status), "Paid"),
            Line::of(GRANT, event_name(&grant.status), "Active, if its time is now"),
            Line::of(AVAILABLE, before, after),
        ];
        let notes = html! {
            p { "Say so when " strong { (invoice.total_in_words()) } " have arrived. The "
                (grant.amount) " credits of " (grant.display_name) " count from then on, or from "
                "their own beginning. It cannot be taken back; a refund can be recorded." }
        };
        Ok(Plan { lines, notes: Some(notes), verb: "Mark it paid", is_dangerous: false })
    }

    fn operation(&self, _: &Form, _: &str) -> Operation {
        self.0.operation("/mark-paid")
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        self.0.state(visit).await
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("The invoice is paid.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        self.0.back(visit)
    }
}

impl Deed for Cancel {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        Affair::find(visit).await.map(Self)
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        Affair::heading("Cancel invoice", visit, &self.0.invoice)
    }

    async fn plan(&self, visit: &Visit, _: &Form) -> Result<Plan, Failure> {
        let Affair { invoice, grant, .. } = &self.0;
        let available = self.0.available(&visit.api).await?;
        let status = event_name(&grant.status);
        let lines = vec![
            Line::of(INVOICE, event_name(&invoice.status), "Canceled"),
            Line::of(GRANT, status.clone(), status),
            Line::of(AVAILABLE, available.clone(), available),
        ];
        let notes = html! {
            p { "A canceled invoice is never paid. Its grant stays pending, and can be voided." }
        };
        Ok(Plan { lines, notes: Some(notes), verb: "Cancel the invoice", is_dangerous: true })
    }

    fn operation(&self, _: &Form, _: &str) -> Operation {
        self.0.operation("/cancel")
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        self.0.state(visit).await
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("The invoice was canceled.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        self.0.back(visit)
    }
}
