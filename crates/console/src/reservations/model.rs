//! A reservation as the API shows it.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::{Api, segment, target};
use crate::component::{Amount, Instant, event_name};
use crate::currencies::model::Currencies;
use crate::customers::model::{Customer, path_of};
use crate::failure::Failure;
use crate::layout::{Heading, Section};
use crate::visit::Visit;
use crate::wallets::{Wallet, WalletName, available_in_words};

/// The list, and what a reservation's operations begin with.
pub const RESERVATIONS: &str = "/api/v1/credits/reservations";

/// Credits that are set aside.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reservation {
    /// Its identifier.
    pub id: String,
    /// How much was set aside.
    pub amount: Amount,
    /// What its release consumed.
    pub consumed_amount: Option<Amount>,
    /// `ACTIVE` as long as credits are held.
    pub status: String,
    /// Of which currency.
    pub currency_id: String,
    /// For what.
    pub resource_id: Option<String>,
    /// Since when.
    pub created_at: Instant,
    /// When it ends by itself.
    pub expires_at: Instant,
}

impl Reservation {
    /// Its wallet within its customer.
    pub fn wallet(&self) -> WalletName {
        WalletName { currency: self.currency_id.clone(), resource: self.resource_id.clone() }
    }

    /// The address of one of its dialogs below that of the list.
    pub fn dialog(&self, list: &str, dialog: &str) -> String {
        let query = [
            ("reservationId", Some(self.id.as_str())),
            ("currencyId", Some(self.currency_id.as_str())),
            ("resourceId", self.resource_id.as_deref()),
        ];
        target(&format!("{list}{dialog}"), &query)
    }
}

/// A reservation, and the wallet whose credits it holds: what its dialogs are about.
pub struct Held {
    /// Whose.
    pub customer: Customer,
    /// What its credits are called.
    pub currencies: Currencies,
    /// What it was when the dialog was opened.
    pub reservation: Reservation,
}

impl Held {
    /// What an address names.
    pub async fn find(visit: &Visit) -> Result<Self, Failure> {
        let customer = Customer::get(&visit.api, visit.path("id")).await?;
        let wallet = WalletName::of_query(visit).ok_or(Failure::NotFound)?;
        let id = visit.query("reservationId").ok_or(Failure::NotFound)?;
        let reservation = found(&visit.api, &customer.id, &wallet, id).await?;
        Ok(Self { customer, currencies: Currencies::all(&visit.api).await?, reservation })
    }

    /// How it is now.
    pub async fn now(&self, api: &Api) -> Result<Reservation, Failure> {
        found(api, &self.customer.id, &self.reservation.wallet(), &self.reservation.id).await
    }

    /// Refuses what holds nothing any more.
    pub fn check_open(&self) -> Result<(), Failure> {
        if self.reservation.status == "ACTIVE" {
            return Ok(());
        }
        let consumed = self.reservation.consumed_amount.unwrap_or_default();
        Err(Failure::of_field(format!(
            "The reservation has ended already: {consumed} of its {} were consumed.",
            self.reservation.amount
        )))
    }

    /// What a dialog is called.
    pub fn heading(&self, title: &'static str, visit: &Visit) -> Heading<'static> {
        let customer = visit.address(&self.customer.path());
        Heading::of(title, Section::Customers)
            .below("Customers", visit.address("/customers"))
            .below(self.customer.title(), customer)
            .below("Reservations", visit.address(&list_of(&self.customer.id)))
    }

    /// The wallet whose credits are held.
    pub async fn wallet(&self, api: &Api) -> Result<Option<Wallet>, Failure> {
        Wallet::find(api, &self.customer.id, &self.reservation.wallet()).await
    }

    /// What can be used of it, in words.
    pub async fn available(&self, api: &Api) -> Result<String, Failure> {
        let wallet = self.wallet(api).await?;
        Ok(available_in_words(wallet.as_ref(), &self.reservation.wallet(), &self.currencies))
    }

    /// An operation's path.
    pub fn target(&self, operation: &str) -> String {
        format!("{RESERVATIONS}/{}{operation}", segment(&self.reservation.id))
    }

    /// An operation's body with one member more.
    pub fn body(&self, name: &str, value: &str) -> Value {
        let mut body = self.reservation.wallet().members(&self.customer.id);
        body.insert(name.to_owned(), json!(value));
        Value::Object(body)
    }

    /// Where to go on.
    pub fn back(&self, visit: &Visit) -> (String, String) {
        ("To the reservations".to_owned(), visit.address(&list_of(&self.customer.id)))
    }
}

/// The list of a customer's, below an environment's address.
fn list_of(customer: &str) -> String {
    format!("{}/reservations", path_of(customer))
}

async fn found(
    api: &Api,
    customer: &str,
    wallet: &WalletName,
    id: &str,
) -> Result<Reservation, Failure> {
    let [currency, resource] = wallet.query();
    let query = [("customerId", Some(customer)), currency, resource];
    Ok(api.get(&target(&format!("{RESERVATIONS}/{}", segment(id)), &query)).await?)
}

/// Where it is in its life, and what of it is held or was consumed.
pub fn in_words(reservation: &Reservation) -> String {
    match reservation.consumed_amount {
        Some(consumed) => released(consumed),
        None => format!("{}, {} held", event_name(&reservation.status), reservation.amount),
    }
}

/// What it is once it is settled.
pub fn released(consumed: Amount) -> String {
    format!("Released, {consumed} consumed")
}
