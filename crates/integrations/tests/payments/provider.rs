//! A provider that does what a test tells it, and counts.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scrip_core::{EnvironmentId, GrantId, MoneyAmount, Timestamp};
use scrip_integrations::payments::provider::{
    About, Answer, Bill, Collected, Heard, MoneyBack, NotHeard, Payer, Provider, Standing, Trouble,
};
use tokio::sync::Notify;

/// Where a collector can be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    BeforeEffect,
    AfterEffect,
    BeforeWrite,
    AfterWrite,
}

/// Holds up whoever comes to a step, for ever.
#[derive(Default)]
pub struct Gate {
    shut: Mutex<Option<Step>>,
    pub reached: Notify,
    failing: AtomicBool,
}

impl Gate {
    pub fn shut(&self, step: Step) {
        *self.shut.lock().unwrap() = Some(step);
    }

    pub fn open(&self) {
        *self.shut.lock().unwrap() = None;
    }

    /// Nothing is written any more, or again.
    pub fn fail(&self, failing: bool) {
        self.failing.store(failing, Ordering::SeqCst);
    }

    pub fn fails(&self) -> bool {
        self.failing.load(Ordering::SeqCst)
    }

    pub async fn pass(&self, step: Step) {
        let is_shut = *self.shut.lock().unwrap() == Some(step);
        if is_shut {
            self.reached.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

/// What becomes of a request instead of an answer.
#[derive(Clone, Debug)]
pub enum Deed {
    LoseBefore,
    LoseAfter,
    Later(Option<Duration>),
    Refuse,
    Take(Duration),
    Hang,
}

#[derive(Clone, Debug)]
pub struct FakeInvoice {
    pub name: String,
    pub bill: Bill,
    pub standing: Standing,
    /// Attempts to pay that were made: each once.
    pub attempts: BTreeSet<u32>,
    /// How often money was taken.
    pub charges: u32,
}

#[derive(Default)]
struct State {
    invoices: Vec<FakeInvoice>,
    deeds: VecDeque<Deed>,
    /// What attempts to pay come to; paid, where nothing is said.
    outcomes: VecDeque<Standing>,
    bills: Vec<Bill>,
    looks: usize,
    /// How often it was looked for an invoice that nobody knows the name of.
    finds: usize,
    attached: Vec<String>,
}

#[derive(Default)]
pub struct FakeProvider {
    state: Mutex<State>,
    pub gate: Arc<Gate>,
    now: AtomicUsize,
    /// The most requests that were under way at a time.
    pub most: AtomicUsize,
}

pub const SIGNATURE: &str = "signed";

impl FakeProvider {
    pub fn behind(gate: Arc<Gate>) -> Self {
        Self { gate, ..Self::default() }
    }

    pub fn will(&self, deeds: impl IntoIterator<Item = Deed>) {
        self.state.lock().unwrap().deeds.extend(deeds);
    }

    pub fn comes_to(&self, outcomes: impl IntoIterator<Item = Standing>) {
        self.state.lock().unwrap().outcomes.extend(outcomes);
    }

    /// Everything that was to be collected, as it was asked for.
    pub fn bills(&self) -> Vec<Bill> {
        self.state.lock().unwrap().bills.clone()
    }

    pub fn looks(&self) -> usize {
        self.state.lock().unwrap().looks
    }

    pub fn finds(&self) -> usize {
        self.state.lock().unwrap().finds
    }

    pub fn attached(&self) -> Vec<String> {
        self.state.lock().unwrap().attached.clone()
    }

    /// The invoices of a grant.
    pub fn invoices(&self, grant: GrantId) -> Vec<FakeInvoice> {
        let state = self.state.lock().unwrap();
        state.invoices.iter().filter(|invoice| invoice.bill.grant == grant).cloned().collect()
    }

    /// Somebody does something about an invoice without us.
    pub fn becomes(&self, grant: GrantId, standing: Standing) {
        let mut state = self.state.lock().unwrap();
        let invoice = state.invoices.iter_mut().find(|invoice| invoice.bill.grant == grant);
        invoice.unwrap().standing = standing;
    }

    /// What becomes of the next request, as far as it is decided before it has an effect. None answers
    /// in the usual way.
    async fn before(&self) -> Result<Option<Deed>, Trouble> {
        self.gate.pass(Step::BeforeEffect).await;
        let deed = self.state.lock().unwrap().deeds.pop_front();
        match deed {
            Some(Deed::LoseBefore) => Err(Trouble::Unknown("lost".to_owned())),
            Some(Deed::Later(after)) => Err(Trouble::Later { message: "busy".to_owned(), after }),
            Some(Deed::Refuse) => Err(Trouble::Refused("never".to_owned())),
            Some(Deed::Take(time)) => {
                tokio::time::sleep(time).await;
                Ok(None)
            }
            Some(Deed::Hang) => std::future::pending().await,
            other => Ok(other),
        }
    }

    async fn after<T>(&self, deed: Option<Deed>, answer: T) -> Result<T, Trouble> {
        self.gate.pass(Step::AfterEffect).await;
        match deed {
            Some(Deed::LoseAfter) => Err(Trouble::Unknown("lost".to_owned())),
            _ => Ok(answer),
        }
    }

    async fn counted<T>(&self, work: impl Future<Output = T>) -> T {
        struct Leave<'a>(&'a AtomicUsize);
        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
            }
        }
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        let _leave = Leave(&self.now);
        self.most.fetch_max(now, Ordering::SeqCst);
        work.await
    }

    async fn collected(&self, bill: &Bill) -> Result<Collected, Trouble> {
        self.state.lock().unwrap().bills.push(bill.clone());
        let deed = self.before().await?;
        let answer = self.pay(bill);
        self.after(deed, answer).await
    }

    /// Its keys are forgotten at once: only who looks for an invoice first finds it.
    fn pay(&self, bill: &Bill) -> Collected {
        let mut state = self.state.lock().unwrap();
        let may_be_found = bill.may_exist || bill.known.is_some();
        let found = state.invoices.iter().position(|it| it.bill.grant == bill.grant);
        let index = found.filter(|_| may_be_found).unwrap_or_else(|| {
            let name = format!("in_{}", state.invoices.len() + 1);
            let (standing, attempts) = (Standing::Open, BTreeSet::new());
            let bill = bill.clone();
            state.invoices.push(FakeInvoice { name, bill, standing, attempts, charges: 0 });
            state.invoices.len() - 1
        });
        let is_charge = bill.how == scrip_integrations::payments::provider::Collection::Charge;
        let is_open =
            !matches!(state.invoices[index].standing, Standing::Paid | Standing::Canceled);
        if is_charge && is_open && state.invoices[index].attempts.insert(bill.attempt) {
            let outcome = state.outcomes.pop_front().unwrap_or(Standing::Paid);
            state.invoices[index].charges += u32::from(outcome == Standing::Paid);
            state.invoices[index].standing = outcome;
        }
        told(&state.invoices[index])
    }
}

fn told(invoice: &FakeInvoice) -> Collected {
    let FakeInvoice { name, standing, bill, .. } = invoice;
    let payer = bill.payer.billing_id.clone();
    Collected {
        payer: payer.unwrap_or_else(|| format!("cus_{}", bill.payer.id)),
        invoice: name.clone(),
        standing: standing.clone(),
        payment_url: Some(format!("https://pay/{name}")),
        pdf_url: Some(format!("https://pdf/{name}")),
    }
}

impl Provider for FakeProvider {
    fn collect<'a>(&'a self, bill: &'a Bill) -> Answer<'a, Collected> {
        Box::pin(self.counted(self.collected(bill)))
    }

    fn find<'a>(&'a self, bill: &'a Bill) -> Answer<'a, Option<Collected>> {
        Box::pin(async move {
            self.state.lock().unwrap().finds += 1;
            let deed = self.before().await?;
            let found = self.invoices(bill.grant).first().map(told);
            self.after(deed, found).await
        })
    }

    fn look<'a>(&'a self, invoice: &'a str) -> Answer<'a, Collected> {
        Box::pin(async move {
            self.state.lock().unwrap().looks += 1;
            let deed = self.before().await?;
            let found = {
                let state = self.state.lock().unwrap();
                state.invoices.iter().find(|it| it.name == invoice).map(told)
            };
            let found = found.ok_or_else(|| Trouble::Refused("no such invoice".to_owned()))?;
            self.after(deed, found).await
        })
    }

    fn cancel<'a>(&'a self, invoice: &'a str, _: &'a str) -> Answer<'a, Collected> {
        Box::pin(async move {
            let deed = self.before().await?;
            let answer = {
                let mut state = self.state.lock().unwrap();
                let found = state.invoices.iter_mut().find(|it| it.name == invoice).unwrap();
                if found.standing != Standing::Paid {
                    found.standing = Standing::Canceled;
                }
                told(found)
            };
            self.after(deed, answer).await
        })
    }

    fn ensure_payer<'a>(&'a self, _: EnvironmentId, payer: &'a Payer) -> Answer<'a, String> {
        let known = payer.billing_id.clone();
        let name = known.unwrap_or_else(|| format!("cus_{}", payer.id));
        Box::pin(async move {
            self.before().await?;
            Ok(name)
        })
    }

    fn attach<'a>(&'a self, payer: &'a str, payment_method: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            self.before().await?;
            self.state.lock().unwrap().attached.push(format!("{payer} {payment_method}"));
            Ok(())
        })
    }

    fn detach<'a>(&'a self, payer: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            self.state.lock().unwrap().attached.push(format!("{payer} none"));
            Ok(())
        })
    }

    fn money_back<'a>(&'a self, _: &'a str) -> Answer<'a, MoneyBack> {
        Box::pin(async { Ok(MoneyBack { refunded: MoneyAmount::ZERO, disputes: Vec::new() }) })
    }

    fn invoice_of<'a>(&'a self, charge: &'a str) -> Answer<'a, Option<String>> {
        Box::pin(async move { Ok(charge.strip_prefix("ch_").map(|name| format!("in_{name}"))) })
    }

    /// What it sends is the name of what it is about.
    fn heard(&self, signature: &str, body: &[u8], _: Timestamp) -> Result<Heard, NotHeard> {
        if signature != SIGNATURE {
            return Err(NotHeard::WrongSignature);
        }
        let name = String::from_utf8(body.to_vec()).unwrap();
        let about = match name.split('_').next() {
            Some("in") => About::Invoice(name.clone()),
            Some("ch") => About::Charge(name.clone()),
            _ => About::Nothing,
        };
        Ok(Heard { event: format!("evt_{name}"), about })
    }
}
