//! Lago: wallets, wallet transactions and customers, as its API lists them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use scrip_core::{Credits, Money, MoneyCurrency};
use serde_json::json;

use super::{Mapping, each};
use crate::client::import::options::Unattributed;
use crate::client::import::plan::{Piece, Plan, WalletName, Worth, times};
use crate::client::import::record::{Members, Record, Wrong};

pub(super) fn plan(plan: &mut Plan, records: &[Record<'_>], mapping: &Mapping<'_>) {
    let mut wallets = Vec::new();
    let mut inbound: HashMap<String, Vec<&Record<'_>>> = HashMap::new();
    each(plan, records, |plan, record| {
        let members = &record.members;
        let id = members.filled("lago_id")?;
        let has = |name: &str| members.raw(name).is_some();
        if has("transaction_type") {
            if plan.is_new("wallet transaction", &id, record) && is_inbound(plan, record)? {
                inbound.entry(members.filled("lago_wallet_id")?).or_default().push(record);
            }
        } else if has("rate_amount") {
            if plan.is_new("wallet", &id, record) {
                wallets.push(record);
            }
        } else if has("external_id") {
            if plan.is_new("customer", &id, record) {
                return customer(plan, record);
            }
        } else {
            let words = "is neither a wallet, nor a wallet transaction, nor a customer";
            return Err(Wrong::new("", words));
        }
        Ok(())
    });
    let ids = wallets.iter().filter_map(|record| record.place.id.clone());
    let known: BTreeSet<String> = ids.collect();
    let lost =
        inbound.iter().filter(|(id, _)| !known.contains(*id)).flat_map(|(_, all)| all.iter());
    let lost: Vec<_> = lost.copied().collect();
    each(plan, lost, |_, record| match record.members.amount("remaining_credit_amount")? {
        Some(left) if left.is_zero() => Ok(()),
        _ => Err(record.members.wrong("lago_wallet_id", "no such wallet stands in the files")),
    });
    let mut parts = Vec::new();
    each(plan, wallets, |plan, record| {
        if let Some(wallet) = Wallet::read(plan, record, mapping)? {
            parts.push(wallet);
        }
        Ok(())
    });
    let ranks = ranks(&parts);
    for wallet in &parts {
        let known = inbound.remove(&wallet.id).unwrap_or_default();
        let rank = ranks.contains(&wallet.scope());
        let record = wallet.record;
        if let Err(words) =
            plan.worth_alike(&wallet.customer, &wallet.name.currency, wallet.worth())
        {
            plan.problem(&record.place, record.members.wrong("rate_amount", words));
        }
        if let Err(wrong) = wallet.take(plan, &known, rank, mapping.options.unattributed) {
            plan.problem(&record.place, wrong);
        }
    }
}

/// Whether a transaction may have something left.
fn is_inbound(plan: &mut Plan, record: &Record<'_>) -> Result<bool, Wrong> {
    let members = &record.members;
    match (members.filled("transaction_type")?.as_str(), members.filled("status")?.as_str()) {
        ("outbound", _) | ("inbound", "failed") => Ok(false),
        ("inbound", "settled") => Ok(true),
        ("inbound", "pending") => {
            plan.note(&record.place, "status", "pending: not carried, it is not paid yet");
            Ok(false)
        }
        ("inbound", _) => Err(members.wrong("status", "must be settled, pending or failed")),
        _ => Err(members.wrong("transaction_type", "must be inbound or outbound")),
    }
}

fn customer(plan: &mut Plan, record: &Record<'_>) -> Result<(), Wrong> {
    let members = &record.members;
    let id = members.filled("external_id")?;
    let mut body = Vec::new();
    for name in ["name", "email", "timezone"] {
        if let Some(text) = members.text(name)?.filter(|text| !text.is_empty()) {
            body.push((name.to_owned(), json!(text)));
        }
    }
    if let Some(money) = members.text("currency")?.map(|code| code.to_lowercase())
        && MoneyCurrency::parse(&money).is_some()
    {
        body.push(("billingCurrency".to_owned(), json!(money)));
    }
    plan.customer("external_id", &id)?.body.extend(body);
    Ok(())
}

/// A wallet that has something.
struct Wallet<'r, 'a> {
    record: &'r Record<'a>,
    id: String,
    customer: String,
    name: WalletName,
    title: String,
    money: MoneyCurrency,
    rate: Credits,
    balance: Credits,
    priority: i64,
}

impl<'r, 'a> Wallet<'r, 'a> {
    /// None, if it is terminated.
    fn read(
        plan: &mut Plan,
        record: &'r Record<'a>,
        mapping: &Mapping<'_>,
    ) -> Result<Option<Self>, Wrong> {
        let members = &record.members;
        let code = members.filled("currency")?.to_lowercase();
        let money = MoneyCurrency::parse(&code)
            .ok_or_else(|| members.wrong("currency", "is no money that Scrip knows"))?;
        let own = members.text("code")?.and_then(|code| mapping.currency(&code));
        let currency = own.or_else(|| mapping.currency(&code)).ok_or_else(|| {
            members
                .wrong("currency", format!("say which currency it becomes: --currency {code}=ID"))
        })?;
        let name = WalletName { currency, resource: None };
        let customer = members.filled("external_customer_id")?;
        plan.wallet("external_customer_id", &customer, &name)?;
        let rate = members.some_amount("rate_amount")?;
        let balance = members.some_amount("credits_balance")?;
        match members.filled("status")?.as_str() {
            "active" => {}
            "terminated" => return Ok(None),
            _ => return Err(members.wrong("status", "must be active or terminated")),
        }
        note_what_is_left(plan, record)?;
        Ok(Some(Self {
            record,
            id: members.filled("lago_id")?,
            customer,
            name,
            title: members
                .text("name")?
                .filter(|text| !text.is_empty())
                .unwrap_or_else(|| "Wallet".into()),
            money,
            rate,
            balance,
            priority: members.priority("priority")?,
        }))
    }

    /// Wallets that burn in one order.
    fn scope(&self) -> (String, String) {
        (self.customer.clone(), self.name.currency.clone())
    }

    fn worth(&self) -> Worth {
        let worth = format!("{} {}", self.rate, self.money.as_str());
        Worth { of: "wallet", worth, named_by: "the wallet's code" }
    }

    /// Takes its parts, of which it is known what is left, or the whole.
    fn take(
        &self,
        plan: &mut Plan,
        inbound: &[&Record<'_>],
        by_wallet: bool,
        unattributed: Option<Unattributed>,
    ) -> Result<(), Wrong> {
        let members = &self.record.members;
        let is_known =
            |record: &&&Record<'_>| record.members.raw("remaining_credit_amount").is_some();
        if self.balance.is_zero() && inbound.iter().filter(is_known).count() == 0 {
            return Ok(());
        }
        if inbound.is_empty() || !inbound.iter().all(|record| is_known(&record)) {
            let Some(unattributed) = unattributed else {
                let words = "it is not said what is left of each top-up (remaining_credit_amount of its \
                             wallet_transactions); --unattributed takes the balance for one grant";
                return Err(members.wrong("credits_balance", words));
            };
            let is_paid = unattributed == Unattributed::Paid;
            let piece =
                self.piece(self.record, is_paid, self.balance, self.balance, self.priority)?;
            return plan.piece("external_customer_id", piece);
        }
        let mut pieces = Vec::new();
        for record in inbound {
            let left = record.members.some_amount("remaining_credit_amount")?;
            let amount = record.members.some_amount("credit_amount")?;
            if left > amount {
                let words = "is more than the credit_amount";
                let wrong = record.members.wrong("remaining_credit_amount", words);
                plan.problem(&record.place, wrong);
                return Ok(());
            }
            if left.is_zero() {
                continue;
            }
            let is_paid = record.members.filled("transaction_status")? == "purchased";
            let own = record.members.priority("priority")?;
            let priority = if by_wallet { self.priority } else { own };
            if priority != own {
                plan.note(&record.place, "priority", "is not carried: that of its wallet is");
            }
            pieces.push(self.piece(record, is_paid, left, amount, priority)?);
        }
        let sum = Credits::sum(pieces.iter().map(|piece| piece.left)).unwrap_or_default();
        if sum != self.balance {
            let words =
                format!("is {}, but {sum} are left of its top-ups in the files", self.balance);
            return Err(members.wrong("credits_balance", words));
        }
        pieces.into_iter().try_for_each(|piece| plan.piece("external_customer_id", piece))
    }

    fn piece(
        &self,
        of: &Record<'_>,
        is_paid: bool,
        left: Credits,
        amount: Credits,
        priority: i64,
    ) -> Result<Piece, Wrong> {
        let members = &self.record.members;
        let worth = times(self.rate, left)
            .ok_or_else(|| members.wrong("rate_amount", "makes a cost that is too large"))?;
        let name = of.members.text("name")?.filter(|text| !text.is_empty());
        Ok(Piece {
            place: of.place.clone(),
            id: of.members.filled("lago_id")?,
            customer: self.customer.clone(),
            wallet: self.name.clone(),
            name: name.unwrap_or_else(|| self.title.clone()),
            left,
            amount,
            is_paid,
            priority,
            effective_at: match of.members.instant("settled_at")? {
                Some(at) => Some(at),
                None => of.members.instant("created_at")?,
            },
            expire_at: members.instant("expiration_at")?,
            created_at: of.members.instant("created_at")?,
            cost: is_paid.then_some(Money { amount: worth, currency: self.money }),
            comment: None,
            metadata: metadata(&of.members)?,
        })
    }
}

/// Lago's metadata is a list of keys and values, of transactions; of wallets it is an object.
fn metadata(members: &Members<'_>) -> Result<BTreeMap<String, String>, Wrong> {
    if members.raw("metadata").is_some_and(|text| text.starts_with('{')) {
        return members.texts("metadata");
    }
    let mut metadata = BTreeMap::new();
    for item in members.items("metadata")? {
        let item = Members::of(item)
            .map_err(|_| members.wrong("metadata", "must be a list of objects"))?;
        metadata.insert(item.filled("key")?, item.text("value")?.unwrap_or_default());
    }
    Ok(metadata)
}

/// Customers' currencies in which wallets have priorities of their own.
fn ranks(wallets: &[Wallet<'_, '_>]) -> BTreeSet<(String, String)> {
    let mut priorities: BTreeMap<_, BTreeSet<i64>> = BTreeMap::new();
    for wallet in wallets {
        priorities.entry(wallet.scope()).or_default().insert(wallet.priority);
    }
    priorities.into_iter().filter(|(_, all)| all.len() > 1).map(|(scope, _)| scope).collect()
}

fn note_what_is_left(plan: &mut Plan, record: &Record<'_>) -> Result<(), Wrong> {
    let members = &record.members;
    if let Some(applies) = members.object("applies_to")? {
        for name in ["fee_types", "billable_metric_codes"] {
            if !applies.items(name)?.is_empty() {
                let field = applies.wrong(name, "").field;
                plan.note(&record.place, &field, "is not carried: its credits pay for everything");
            }
        }
    }
    if !members.items("recurring_transaction_rules")?.is_empty() {
        let words = "are not carried: set auto-recharge or recurring grants";
        plan.note(&record.place, "recurring_transaction_rules", words);
    }
    if let Some(ongoing) = members.amount("credits_ongoing_usage_balance")?
        && !ongoing.is_zero()
    {
        let words = format!("{ongoing} credits of usage are not invoiced yet, and not carried");
        plan.note(&record.place, "credits_ongoing_usage_balance", words);
    }
    Ok(())
}
