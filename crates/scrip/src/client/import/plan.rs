//! What an import is to make: what is left of each grant, with its times, priority, kind and cost.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use scrip_core::limits::{METADATA_KEYS_MAX, METADATA_VALUE_MAX, SHORT_TEXT_MAX};
use scrip_core::{Credits, CurrencyId, CustomerId, Money, MoneyAmount, ResourceId, Timestamp};
use serde_json::{Map, Value, json};

use super::options::Source;
use super::record::{Place, Record, Remark, Wrong};

/// What the names of metadata begin with that an import adds.
pub const MARK: &str = "import.";
/// Characters of a source's id: keys have 255, and begin with words of ours.
const ID_MAX: usize = 200;
/// Metadata that a grant may have, without what an import adds.
const METADATA_MAX: usize = METADATA_KEYS_MAX - 4;

/// A wallet, as one of a customer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WalletName {
    /// Its currency.
    pub currency: String,
    /// Its resource.
    pub resource: Option<String>,
}

/// What is left of a grant.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Where it stands in the export.
    pub place: Place,
    /// The source's id.
    pub id: String,
    /// Whose it is.
    pub customer: String,
    /// Where it goes.
    pub wallet: WalletName,
    /// What people see it as.
    pub name: String,
    /// What is left; above 0.
    pub left: Credits,
    /// What it was.
    pub amount: Credits,
    /// Whether it was sold.
    pub is_paid: bool,
    /// From 0 to 100.
    pub priority: i64,
    /// From when it counts.
    pub effective_at: Option<Timestamp>,
    /// Until when.
    pub expire_at: Option<Timestamp>,
    /// When it was made: the last thing that decides the order.
    pub created_at: Option<Timestamp>,
    /// What the part that is left was sold for.
    pub cost: Option<Money>,
    /// A remark.
    pub comment: Option<String>,
    /// What the source kept with it.
    pub metadata: BTreeMap<String, String>,
}

impl Piece {
    /// Whether it counts at an instant.
    pub fn counts(&self, at: Timestamp) -> bool {
        self.effective_at.is_none_or(|from| from <= at) && !self.is_over(at)
    }

    /// Whether it has ended at an instant.
    pub fn is_over(&self, at: Timestamp) -> bool {
        self.expire_at.is_some_and(|end| end <= at)
    }

    /// The request that makes it.
    pub fn body(&self, source: Source) -> Value {
        let mut metadata: Map<String, Value> =
            self.metadata.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        for (name, value) in [
            ("from", source.name().to_owned()),
            ("id", self.id.clone()),
            ("amount", self.amount.to_string()),
            ("left", self.left.to_string()),
        ] {
            metadata.insert(format!("{MARK}{name}"), json!(value));
        }
        let mut body = json!({
            "customerId": self.customer,
            "currencyId": self.wallet.currency,
            "displayName": self.name,
            "amount": self.left.to_string(),
            "grantType": if self.is_paid { "PAID" } else { "PROMOTIONAL" },
            "priority": self.priority,
            "metadata": metadata,
        });
        let cost = self.cost.filter(|cost| !cost.amount.is_zero());
        let method = cost.map(|_| json!("NONE"));
        let cost = cost.map(
            |cost| json!({"amount": cost.amount.to_string(), "currency": cost.currency.as_str()}),
        );
        for (name, value) in [
            ("resourceId", self.wallet.resource.as_ref().map(|id| json!(id))),
            ("effectiveAt", self.effective_at.map(|at| json!(at.to_string()))),
            ("expireAt", self.expire_at.map(|at| json!(at.to_string()))),
            ("comment", self.comment.as_ref().map(|text| json!(text))),
            ("cost", cost),
            ("paymentCollectionMethod", method),
        ] {
            if let Some(value) = value {
                body[name] = value;
            }
        }
        body
    }
}

/// What was consumed and not covered.
#[derive(Clone, Debug)]
pub struct Deficit {
    /// The source's id of it.
    pub id: String,
    /// Where it goes.
    pub wallet: WalletName,
    /// How much; above 0.
    pub amount: Credits,
}

/// A customer, and what it had.
#[derive(Clone, Debug, Default)]
pub struct Customer {
    /// The request that makes it.
    pub body: Map<String, Value>,
    /// What is left of its grants.
    pub pieces: Vec<Piece>,
    /// What it owes.
    pub deficits: Vec<Deficit>,
    /// All wallets of which the export speaks, those that hold nothing too.
    pub wallets: BTreeSet<WalletName>,
}

impl Customer {
    /// What the source has in a wallet at an instant.
    pub fn balance(&self, wallet: &WalletName, at: Timestamp) -> Credits {
        let pieces = self.pieces.iter().filter(|piece| piece.wallet == *wallet && piece.counts(at));
        let deficits = self.deficits.iter().filter(|deficit| deficit.wallet == *wallet);
        let left = Credits::sum(pieces.map(|piece| piece.left)).unwrap_or_default();
        let owed = Credits::sum(deficits.map(|deficit| deficit.amount)).unwrap_or_default();
        left.minus(owed).unwrap_or_default()
    }
}

/// What a credit of the source is worth.
pub struct Worth {
    /// What it is a credit of.
    pub of: &'static str,
    /// How much of what, in words.
    pub worth: String,
    /// What `--currency` calls it by.
    pub named_by: &'static str,
}

/// All that an import is to make.
#[derive(Debug)]
pub struct Plan {
    /// Whose export it was.
    pub source: Source,
    /// The server's time when it was made: what had ended by then is not in it.
    pub now: Timestamp,
    /// Currencies, each with the request that makes it.
    pub currencies: BTreeMap<String, Value>,
    /// Customers by their id.
    pub customers: BTreeMap<String, Customer>,
    /// What is not carried, or not as it was.
    pub notes: Vec<Remark>,
    /// What is wrong: with anything here, nothing is made.
    pub problems: Vec<Remark>,
    /// Ids of customers that are others here.
    renamed: HashMap<String, String>,
    /// The source's ids of customers by those that they have here.
    origins: HashMap<String, String>,
    /// What a credit is worth, by customer and currency.
    worths: HashMap<(String, String), String>,
    /// Texts of records by kind and id.
    seen: HashMap<(&'static str, String), String>,
}

impl Plan {
    /// Of nothing yet.
    pub fn new(source: Source, now: Timestamp, renamed: HashMap<String, String>) -> Self {
        Self {
            source,
            now,
            currencies: BTreeMap::new(),
            customers: BTreeMap::new(),
            notes: Vec::new(),
            problems: Vec::new(),
            renamed,
            origins: HashMap::new(),
            worths: HashMap::new(),
            seen: HashMap::new(),
        }
    }

    /// Says what is not carried.
    pub fn note(&mut self, place: &Place, field: &str, words: impl Into<String>) {
        let (field, words) = (field.to_owned(), words.into());
        self.notes.push(Remark { place: place.clone(), field, words });
    }

    /// Says what is wrong.
    pub fn problem(&mut self, place: &Place, wrong: Wrong) {
        let Wrong { field, words } = wrong;
        self.problems.push(Remark { place: place.clone(), field, words });
    }

    /// Whether a record is met for the first time. Pages may overlap; the same id with other content is
    /// wrong.
    pub fn is_new(&mut self, kind: &'static str, id: &str, record: &Record<'_>) -> bool {
        let key = (kind, id.to_owned());
        match self.seen.get(&key) {
            None => {
                self.seen.insert(key, record.text.to_owned());
                true
            }
            Some(text) => {
                if text != record.text {
                    let words = format!("another {kind} with this id stands in the files already");
                    self.problem(&record.place, Wrong::new("id", words));
                }
                false
            }
        }
    }

    /// The id here of a customer of the source. Two of them that become one are refused: whose credits
    /// were whose could not be told any more.
    pub fn meet(&mut self, field: &str, id: &str) -> Result<String, Wrong> {
        let here = self.renamed.get(id).map_or(id, String::as_str);
        let first = self.origins.entry(here.to_owned()).or_insert_with(|| id.to_owned());
        if first == id {
            return Ok(here.to_owned());
        }
        let words = format!("\"{first}\" and \"{id}\" would both be the customer \"{here}\" here");
        Err(Wrong::new(field, words))
    }

    /// Names of `--customers` that no record bears.
    pub fn renamed_in_vain(&self) -> Vec<String> {
        let met: BTreeSet<&str> = self.origins.values().map(String::as_str).collect();
        let names = self.renamed.keys().filter(|name| !met.contains(name.as_str()));
        let names: BTreeSet<&String> = names.collect();
        names.into_iter().cloned().collect()
    }

    /// Credits of one currency must be worth the same to a customer: once they are in one wallet, nobody
    /// can tell them apart.
    pub fn worth_alike(
        &mut self,
        customer: &str,
        currency: &str,
        own: Worth,
    ) -> Result<(), String> {
        let scope = (customer.to_owned(), currency.to_owned());
        let Worth { of, worth, named_by } = own;
        let first = self.worths.entry(scope).or_insert_with(|| worth.clone());
        if *first == worth {
            return Ok(());
        }
        Err(format!(
            "a credit of this {of} is worth {worth}, of another of this customer that becomes {currency} it \
             is worth {first}: give them different currencies, --currency CODE=ID with {named_by}"
        ))
    }

    /// The customer of a record, which may be the first that speaks of it.
    pub fn customer(&mut self, field: &str, id: &str) -> Result<&mut Customer, Wrong> {
        let id = self.meet(field, id)?;
        CustomerId::parse(&id)
            .map_err(|error| Wrong::new(field, format!("{error}; --customers can name another")))?;
        Ok(self.customers.entry(id.clone()).or_insert_with(|| {
            let body = Map::from_iter([("id".to_owned(), json!(id))]);
            Customer { body, ..Customer::default() }
        }))
    }

    /// Says that a wallet exists at the source.
    pub fn wallet(&mut self, field: &str, customer: &str, name: &WalletName) -> Result<(), Wrong> {
        CurrencyId::parse(&name.currency)
            .map_err(|error| Wrong::new("currency", format!("\"{}\" {error}", name.currency)))?;
        if let Some(resource) = &name.resource {
            ResourceId::parse(resource)
                .map_err(|error| Wrong::new("resourceId", error.to_string()))?;
        }
        self.customer(field, customer)?.wallets.insert(name.clone());
        let display: String = name.currency.chars().take(64).collect();
        let body = json!({"id": name.currency, "displayName": display});
        self.currencies.entry(name.currency.clone()).or_insert(body);
        Ok(())
    }

    /// Takes what is left of a grant. `customer` is the source's.
    pub fn piece(&mut self, field: &str, mut piece: Piece) -> Result<(), Wrong> {
        check_id(&piece.id)?;
        self.wallet(field, &piece.customer, &piece.wallet)?;
        if piece.is_over(self.now) {
            let place = piece.place.clone();
            self.note(&place, "", format!("{} credits have expired: not carried", piece.left));
            return Ok(());
        }
        if let (Some(from), Some(end)) = (piece.effective_at, piece.expire_at)
            && end <= from
        {
            return Err(Wrong::new("", "it ends before it begins"));
        }
        check_texts(&piece)?;
        if piece.metadata.len() > METADATA_MAX {
            let words = format!("has more than {METADATA_MAX} entries, and an import adds 4");
            return Err(Wrong::new("metadata", words));
        }
        if let Some(name) = piece.metadata.keys().find(|name| name.starts_with(MARK)) {
            if self.source != Source::Stigg {
                return Err(Wrong::new(
                    "metadata",
                    format!("\"{name}\" is a name of the import's own"),
                ));
            }
            // Of an import that came before: the credits have come from there, and from here.
            piece.metadata.retain(|name, _| !name.starts_with(MARK));
        }
        if !piece.is_paid && piece.cost.is_some_and(|cost| !cost.amount.is_zero()) {
            let place = piece.place.clone();
            self.note(&place, "cost", "is not carried: what was given costs nothing");
            piece.cost = None;
        }
        let customer = self.customer(field, &piece.customer)?;
        piece.customer = customer.body.get("id").and_then(Value::as_str).unwrap_or_default().into();
        customer.pieces.push(piece);
        Ok(())
    }

    /// Takes what was consumed and not covered.
    pub fn deficit(&mut self, field: &str, customer: &str, deficit: Deficit) -> Result<(), Wrong> {
        check_id(&deficit.id)?;
        self.wallet(field, customer, &deficit.wallet)?;
        self.customer(field, customer)?.deficits.push(deficit);
        Ok(())
    }

    /// Puts everything in the order in which it is made: that of the source.
    pub fn finish(&mut self) {
        for customer in self.customers.values_mut() {
            customer.pieces.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        }
    }
}

/// What the server would refuse of texts.
fn check_texts(piece: &Piece) -> Result<(), Wrong> {
    let is_long = |text: &str, most: usize| text.chars().count() > most;
    if is_long(&piece.name, SHORT_TEXT_MAX) {
        return Err(Wrong::new("name", format!("has more than {SHORT_TEXT_MAX} characters")));
    }
    if piece.comment.as_ref().is_some_and(|comment| is_long(comment, SHORT_TEXT_MAX)) {
        return Err(Wrong::new("comment", format!("has more than {SHORT_TEXT_MAX} characters")));
    }
    for (name, value) in &piece.metadata {
        if is_long(name, SHORT_TEXT_MAX) || is_long(value, METADATA_VALUE_MAX) || name.is_empty() {
            let words = format!(
                "names have 1 to {SHORT_TEXT_MAX} characters, values up to {METADATA_VALUE_MAX}"
            );
            return Err(Wrong::new("metadata", words));
        }
    }
    Ok(())
}

/// An id that becomes a part of a header.
fn check_id(id: &str) -> Result<(), Wrong> {
    if id.len() <= ID_MAX && !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err(Wrong::new("id", format!("must be 1 to {ID_MAX} visible ASCII characters")))
}

/// What `left` of `amount` was sold for, when all of it was sold for `cost`: rounded half away from zero
/// at the ninth fraction digit. None if the numbers are too large for that, or there is no amount.
pub fn share(cost: MoneyAmount, left: Credits, amount: Credits) -> Option<MoneyAmount> {
    if left == amount || cost.is_zero() {
        return Some(cost);
    }
    let product = cost.billionths().checked_mul(left.billionths())?;
    let half = amount.billionths().checked_div(2)?;
    let part = product.checked_add(half)?.checked_div(amount.billionths())?;
    MoneyAmount::parse(&Credits::from_billionths(part).to_string()).ok()
}

/// What so many credits were sold for at a price for one, rounded half away from zero at the ninth
/// fraction digit. None if that is too large.
pub fn times(price: Credits, amount: Credits) -> Option<MoneyAmount> {
    let one = Credits::whole(1).billionths();
    let product = price.billionths().checked_mul(amount.billionths())?;
    let worth = product.checked_add(one / 2)?.checked_div(one)?;
    MoneyAmount::parse(&Credits::from_billionths(worth).to_string()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_is_shared_out_exactly() {
        for (cost, left, amount, part) in [
            ("49", "1000", "1000", Some("49")),
            ("49", "500", "1000", Some("24.5")),
            ("10", "1", "3", Some("3.333333333")),
            ("20", "1", "3", Some("6.666666667")),
            ("0", "1", "3", Some("0")),
            ("0.000000001", "1", "2", Some("0.000000001")),
            ("1000000000", "1000000000", "1000000001", Some("999999999.000000001")),
            ("1000000000000", "999999999999999", "1000000000000000", None),
        ] {
            let [left, amount] = [left, amount].map(|text| Credits::parse(text).unwrap());
            let found = share(MoneyAmount::parse(cost).unwrap(), left, amount);
            assert_eq!(
                found.map(|cost| cost.to_string()).as_deref(),
                part,
                "{cost} {left} {amount}"
            );
        }
        assert_eq!(
            times(Credits::parse("0.05").unwrap(), Credits::whole(30)),
            MoneyAmount::parse("1.5").ok()
        );
    }
}
