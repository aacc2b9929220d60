//! A bill becomes an invoice, step by step.
//!
//! The next step is found by where the invoice stands, never by what was done before, so whoever
//! was stopped anywhere goes on by collecting the same bill again. Each step has a key of its own,
//! under which Stripe does it once for as long as it remembers keys, which is a day. Beyond that,
//! an invoice is found by its metadata, and Stripe pays an invoice no more than once.

use super::amounts::to_minor;
use super::api::{Api, Failure, Problem};
use super::form::Form;
use super::objects::{Invoice, List, Named, Status, checked, wants_authentication};
use super::payers::ensure_payer;
use crate::payments::provider::{Bill, Collected, Collection, Standing, Trouble};

/// More than any bill needs, with every step refused once.
const STEPS_MAX: usize = 16;
/// How many keys a step may use up by failures that Stripe remembers.
const KEYS_MAX: u32 = 8;
/// How many pages of a payer's invoices are looked through.
const PAGES_MAX: usize = 100;

/// Brings a bill's invoice as far as it goes.
pub(super) async fn collect(api: &Api, bill: &Bill) -> Result<Collected, Trouble> {
    let collecting = Collecting::new(api, bill)?;
    let invoice = collecting.invoice_to_begin_with().await?;
    collecting.go_on_with(invoice).await
}

/// A bill's invoice, if one was made.
pub(super) async fn find(api: &Api, bill: &Bill) -> Result<Option<Collected>, Trouble> {
    if let Some(known) = &bill.known {
        return Ok(Some(read(api, known).await?.collected()));
    }
    let collecting = Collecting::new(api, bill)?;
    let payer = collecting.payer().await?;
    Ok(collecting.find(&payer).await?.map(|invoice| invoice.collected()))
}

/// The invoice, as it is now.
pub(super) async fn read(api: &Api, invoice: &str) -> Result<Invoice, Failure> {
    let path = format!("/v1/invoices/{}", checked(invoice)?);
    api.get(&path, &Form::new().with("expand[]", "payment_intent")).await
}

/// What can be done with an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    AddItem,
    Finalize,
    Pay,
    Send,
}

struct Collecting<'a> {
    api: &'a Api,
    bill: &'a Bill,
    /// In the minor unit.
    total: i64,
    environment: String,
    grant: String,
}

impl<'a> Collecting<'a> {
    fn new(api: &'a Api, bill: &'a Bill) -> Result<Self, Trouble> {
        let total = to_minor(bill.total).map_err(Trouble::Refused)?;
        let (environment, grant) = (bill.environment.0.to_string(), bill.grant.to_string());
        Ok(Self { api, bill, total, environment, grant })
    }

    async fn payer(&self) -> Result<String, Trouble> {
        match &self.bill.payer.billing_id {
            Some(known) => Ok(checked(known)?.to_owned()),
            None => ensure_payer(self.api, self.bill.environment, &self.bill.payer).await,
        }
    }

    async fn invoice_to_begin_with(&self) -> Result<Invoice, Trouble> {
        if let Some(known) = &self.bill.known {
            return Ok(read(self.api, known).await?);
        }
        let payer = self.payer().await?;
        if self.bill.may_exist
            && let Some(found) = self.find(&payer).await?
        {
            return Ok(found);
        }
        self.create(&payer).await
    }

    async fn create(&self, payer: &str) -> Result<Invoice, Trouble> {
        let form = Form::new()
            .with("customer", payer)
            .with("currency", self.bill.total.currency.as_str())
            .with("description", &self.bill.description)
            .with("auto_advance", "false")
            .with("pending_invoice_items_behavior", "exclude")
            .with("metadata[scrip_grant]", &self.grant)
            .with("metadata[scrip_environment]", &self.environment)
            .with("expand[]", "payment_intent");
        let form = match &self.bill.how {
            Collection::Charge => form.with("collection_method", "charge_automatically"),
            Collection::Send { days_until_due, .. } => form
                .with("collection_method", "send_invoice")
                .with("days_until_due", days_until_due.to_string()),
        };
        let mut failures = 0;
        loop {
            match self.api.post("/v1/invoices", &form, &self.key("create", failures)).await {
                Ok(invoice) => return Ok(invoice),
                // A request that failed may have made one all the same.
                Err(Failure::Remembered(trouble)) => match self.find(payer).await? {
                    Some(found) => return Ok(found),
                    None if failures >= KEYS_MAX => return Err(trouble),
                    None => failures += 1,
                },
                Err(failure) => return Err(failure.into()),
            }
        }
    }

    /// The invoice of the bill that is the furthest along, if there is one: were there several,
    /// only one was ever gone on with.
    async fn find(&self, payer: &str) -> Result<Option<Invoice>, Trouble> {
        let mut found: Option<Invoice> = None;
        let mut last: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let form = Form::new()
                .with("customer", payer)
                .with("limit", "100")
                .with_some("starting_after", last.as_deref());
            let page: List<Invoice> = self.api.get("/v1/invoices", &form).await?;
            last = page.data.last().map(|invoice| invoice.id.clone());
            let ours = page.data.into_iter().filter(|it| it.is_of(&self.environment, &self.grant));
            found = found.into_iter().chain(ours).max_by_key(|invoice| progress(invoice.status));
            if page.has_more && last.is_some() {
                continue;
            }
            return match found {
                Some(found) => Ok(Some(read(self.api, &found.id).await?)),
                None => Ok(None),
            };
        }
        let message = format!("{payer} has too many invoices to look through for {}", self.grant);
        Err(Trouble::Refused(message))
    }

    async fn go_on_with(&self, mut invoice: Invoice) -> Result<Collected, Trouble> {
        let (mut failures, mut is_over) = (0, false);
        for _ in 0..STEPS_MAX {
            let Some(step) = self.next(&invoice).filter(|_| !is_over) else { break };
            self.check(&invoice)?;
            let failure = match self.take(step, &invoice, failures).await {
                Ok(after) => {
                    invoice = after;
                    is_over = matches!(step, Step::Pay | Step::Send);
                    continue;
                }
                Err(Failure::Trouble(trouble)) => return Err(trouble),
                Err(failure) => failure,
            };
            let now = read(self.api, &invoice.id).await?;
            match failure {
                // Somebody else was there first.
                _ if has_moved(&invoice, &now) => {}
                Failure::Remembered(trouble) if failures >= KEYS_MAX => return Err(trouble),
                Failure::Remembered(_) => failures += 1,
                Failure::Declined(problem) => return Ok(not_paid(&now, problem)),
                Failure::Refused(problem) if step == Step::Pay && !problem.is_of_a_key() => {
                    return Ok(not_paid(&now, problem));
                }
                failure => return Err(failure.into()),
            }
            invoice = now;
        }
        Ok(invoice.collected())
    }

    /// What is to be done with an invoice that stands here; nothing, if it waits for others or for
    /// nobody.
    fn next(&self, invoice: &Invoice) -> Option<Step> {
        match (invoice.status, &self.bill.how) {
            (Status::Draft, _) if invoice.lines.data.is_empty() => Some(Step::AddItem),
            (Status::Draft, _) => Some(Step::Finalize),
            (Status::Open, _) if invoice.standing() == Standing::Processing => None,
            (Status::Open, Collection::Charge) => Some(Step::Pay),
            (Status::Open, Collection::Send { .. }) => Some(Step::Send),
            (Status::Paid | Status::Uncollectible | Status::Void, _) => None,
        }
    }

    /// An invoice of another amount than the bill's is not gone on with.
    fn check(&self, invoice: &Invoice) -> Result<(), Trouble> {
        let currency = self.bill.total.currency.as_str();
        let is_begun = invoice.status != Status::Draft || !invoice.lines.data.is_empty();
        if is_begun && (invoice.total != self.total || invoice.currency != currency) {
            return Err(Trouble::Refused(format!(
                "the invoice {} is of {} minor units of {}, and the bill of {} of {currency}",
                invoice.id, invoice.total, invoice.currency, self.total
            )));
        }
        Ok(())
    }

    async fn take(&self, step: Step, invoice: &Invoice, failures: u32) -> Result<Invoice, Failure> {
        let of_invoice = |verb: &str| format!("/v1/invoices/{}/{verb}", invoice.id);
        let form = Form::new().with("expand[]", "payment_intent");
        match step {
            Step::AddItem => {
                let key = self.key("item", failures);
                let _: Named = self.api.post("/v1/invoiceitems", &self.item(invoice), &key).await?;
                read(self.api, &invoice.id).await
            }
            Step::Finalize => {
                self.write_address(invoice).await?;
                let form = form.with("auto_advance", "false");
                self.api.post(&of_invoice("finalize"), &form, &self.key("finalize", failures)).await
            }
            Step::Pay => {
                let key = self.key(&format!("pay-{}", self.bill.attempt), failures);
                self.api.post(&of_invoice("pay"), &form.with("off_session", "true"), &key).await
            }
            Step::Send => {
                self.api.post(&of_invoice("send"), &form, &self.key("send", failures)).await
            }
        }
    }

    fn item(&self, invoice: &Invoice) -> Form {
        Form::new()
            .with("customer", invoice.customer.id())
            .with("invoice", &invoice.id)
            .with("amount", self.total.to_string())
            .with("currency", self.bill.total.currency.as_str())
            .with("description", &self.bill.description)
            // What credits cost was decided; a coupon of the payer's is for something else.
            .with("discountable", "false")
    }

    /// An invoice shows the address that its payer has when it is finalised.
    async fn write_address(&self, invoice: &Invoice) -> Result<(), Failure> {
        if let Collection::Send { address: Some(address), .. } = &self.bill.how {
            let path = format!("/v1/customers/{}", invoice.customer.id());
            let _: Named = self.api.repeat(&path, &Form::new().with_address(address)).await?;
        }
        Ok(())
    }

    /// The name of a step's request, another one after each failure that Stripe remembers.
    fn key(&self, step: &str, failures: u32) -> String {
        let key = format!("scrip-{}-{}-{step}", self.environment, self.grant);
        if failures == 0 { key } else { format!("{key}-after-{failures}") }
    }
}

/// How far along an invoice is.
const fn progress(status: Status) -> u8 {
    match status {
        Status::Void => 0,
        Status::Draft => 1,
        Status::Uncollectible => 2,
        Status::Open => 3,
        Status::Paid => 4,
    }
}

/// Whether somebody did something with an invoice meanwhile.
pub(super) fn has_moved(before: &Invoice, now: &Invoice) -> bool {
    before.status != now.status || before.lines.data.len() != now.lines.data.len()
}

/// What is told of an open invoice after its payment was refused.
fn not_paid(now: &Invoice, problem: Problem) -> Collected {
    let Problem { code, decline_code, message, .. } = problem;
    let standing = match now.standing() {
        Standing::Open if wants_authentication(code.as_deref(), decline_code.as_deref()) => {
            Standing::ActionRequired { message }
        }
        Standing::Open => Standing::Failed { message },
        other => other,
    };
    now.standing_at(standing)
}
