//! Customers and currencies: what must be there before a wallet is asked.

use crate::{Denied, Overdraft, Price, Settings, WalletName};

/// A customer or a currency.
#[derive(Clone, Debug)]
struct Place {
    id: String,
    is_archived: bool,
    /// Of a currency.
    overdraft: Overdraft,
    /// Of a currency: what one credit costs.
    price: Option<Price>,
}

impl Place {
    fn new(id: &str) -> Self {
        let overdraft = Overdraft::Unset;
        Self { id: id.to_owned(), is_archived: false, overdraft, price: None }
    }
}

/// All customers and currencies, in order of creation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    customers: Vec<Place>,
    /// Several may share an identifier, of which the last at most is live (decisions 70 and 79).
    currencies: Vec<Place>,
}

impl Places {
    pub(crate) fn create_customer(&mut self, id: &str) -> Result<(), Denied> {
        if self.customers.iter().any(|customer| customer.id == id) {
            return Err(Denied::Duplicate);
        }
        self.customers.push(Place::new(id));
        Ok(())
    }

    pub(crate) fn archive_customer(&mut self, id: &str, archive: bool) -> Result<(), Denied> {
        for customer in &mut self.customers {
            if customer.id == id {
                customer.is_archived = archive;
                return Ok(());
            }
        }
        Err(Denied::CustomerNotFound)
    }

    pub(crate) fn create_currency(&mut self, id: &str, limits: &Settings) -> Result<(), Denied> {
        if self.is_live(id) {
            return Err(Denied::Duplicate);
        }
        self.check_room_for_currency(limits)?;
        self.currencies.push(Place::new(id));
        Ok(())
    }

    pub(crate) fn archive_currency(&mut self, id: &str) -> Result<(), Denied> {
        self.check_currency(id)?;
        for currency in &mut self.currencies {
            if currency.id == id {
                currency.is_archived = true;
            }
        }
        Ok(())
    }

    /// Brings back the one archived last.
    pub(crate) fn unarchive_currency(&mut self, id: &str, limits: &Settings) -> Result<(), Denied> {
        self.check_currency(id)?;
        let is_live = self.is_live(id);
        let archived = self.currencies.iter().rposition(|one| one.id == id && one.is_archived);
        match archived {
            Some(_) if is_live => Err(Denied::Duplicate),
            Some(place) => {
                self.check_room_for_currency(limits)?;
                self.currencies[place].is_archived = false;
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub(crate) fn set_overdraft(&mut self, id: &str, says: Overdraft) -> Result<(), Denied> {
        self.named_currency(id)?.overdraft = says;
        Ok(())
    }

    pub(crate) fn set_price(&mut self, id: &str, price: Option<Price>) -> Result<(), Denied> {
        self.named_currency(id)?.price = price;
        Ok(())
    }

    /// The live one, else the one archived last.
    fn named_currency(&mut self, id: &str) -> Result<&mut Place, Denied> {
        let last = self.currencies.iter_mut().rfind(|currency| currency.id == id);
        last.ok_or(Denied::CurrencyNotFound)
    }

    pub(crate) fn price(&self, id: &str) -> Option<Price> {
        self.currencies.iter().rfind(|currency| currency.id == id)?.price.clone()
    }

    /// Neither is archived: a wallet may make grants by itself (decisions 48 and 74).
    pub(crate) fn is_live_wallet(&self, wallet: &WalletName) -> bool {
        self.check_grantable(wallet).is_ok()
    }

    pub(crate) fn denies_overdraft(&self, id: &str) -> bool {
        let last = self.currencies.iter().rfind(|currency| currency.id == id);
        last.is_some_and(|currency| currency.overdraft == Overdraft::Deny)
    }

    /// Both are there, archived or not.
    pub(crate) fn check_known(&self, wallet: &WalletName) -> Result<(), Denied> {
        if !self.customers.iter().any(|customer| customer.id == wallet.customer) {
            return Err(Denied::CustomerNotFound);
        }
        self.check_currency(&wallet.currency)
    }

    /// Both are there, and the customer is not archived: credits may be burned and held.
    pub(crate) fn check_usable(&self, wallet: &WalletName) -> Result<(), Denied> {
        self.check_known(wallet)?;
        for customer in &self.customers {
            if customer.id == wallet.customer && customer.is_archived {
                return Err(Denied::CustomerArchived);
            }
        }
        Ok(())
    }

    /// Neither is archived: credits may be granted (decision 48).
    pub(crate) fn check_grantable(&self, wallet: &WalletName) -> Result<(), Denied> {
        self.check_usable(wallet)?;
        if self.is_live(&wallet.currency) { Ok(()) } else { Err(Denied::CurrencyArchived) }
    }

    fn check_currency(&self, id: &str) -> Result<(), Denied> {
        let is_known = self.currencies.iter().any(|currency| currency.id == id);
        if is_known { Ok(()) } else { Err(Denied::CurrencyNotFound) }
    }

    fn is_live(&self, id: &str) -> bool {
        self.currencies.iter().any(|currency| currency.id == id && !currency.is_archived)
    }

    /// Only live currencies count (decision 80).
    fn check_room_for_currency(&self, limits: &Settings) -> Result<(), Denied> {
        let live = self.currencies.iter().filter(|currency| !currency.is_archived).count();
        if live < limits.live_currencies { Ok(()) } else { Err(Denied::TooMany) }
    }
}
