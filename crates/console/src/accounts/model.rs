//! An account as the API shows it.

use serde::Deserialize;

use crate::api::{Api, Listed, segment};
use crate::component::Instant;
use crate::failure::Failure;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// Whose environments are whose.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// What headers call it.
    pub id: String,
    /// What people call it.
    pub display_name: String,
    /// `ACTIVE` or `ARCHIVED`.
    pub status: String,
    /// When it was made.
    pub created_at: Instant,
    /// When it ended.
    pub archived_at: Option<Instant>,
}

/// Where they are listed, and made.
pub const LIST: &str = "/api/v1/accounts";

impl Account {
    /// Those that the person may know: the own one, or all of them from the first.
    pub async fn all(api: &Api) -> Result<Vec<Self>, Failure> {
        let listed: Listed<Self> = api.list(LIST).await?;
        Ok(listed.data)
    }

    /// The one that is called so.
    pub async fn get(api: &Api, id: &str) -> Result<Self, Failure> {
        let found = Self::all(api).await?.into_iter().find(|account| account.id == id);
        found.ok_or(Failure::NotFound)
    }

    /// The path of one of its operations.
    pub fn target(id: &str, operation: &str) -> String {
        format!("{LIST}/{}{operation}", segment(id))
    }

    /// It is that of whoever runs the server, from which others are made.
    pub fn is_first(&self) -> bool {
        self.id == scrip_ledger::Account::FIRST
    }
}

/// Whether others are made and archived from here.
pub fn may_change(visit: &Visit) -> bool {
    visit.may_administer() && visit.visitor.account_id == scrip_ledger::Account::FIRST
}

/// What a page about accounts is called.
pub fn heading<'a>(title: &'a str, visit: &Visit) -> Heading<'a> {
    Heading::of(title, Section::Environments).below("Environments", visit.address("/environments"))
}

/// The same of a dialog.
pub fn dialog<'a>(title: &'a str, visit: &Visit) -> Heading<'a> {
    heading(title, visit).below("Accounts", visit.address("/accounts"))
}

/// Where to go on.
pub fn back(visit: &Visit) -> (String, String) {
    ("To all accounts".to_owned(), visit.address("/accounts"))
}
