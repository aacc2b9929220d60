//! Stigg: credit grants, customers and custom currencies, as its API lists them. Another Scrip lists
//! them so too.

use scrip_core::{Credits, Money, MoneyAmount, MoneyCurrency};
use serde_json::{Value, json};

use super::{Mapping, each};
use crate::client::import::plan::{Deficit, Piece, Plan, WalletName, Worth, share};
use crate::client::import::record::{Members, Record, Wrong};

/// Members of a customer that are carried as they are.
const CUSTOMER: [&str; 6] =
    ["name", "email", "billingId", "billingCurrency", "language", "timezone"];
/// Members of a customer that are not.
const NOT_CARRIED: [&str; 4] = ["couponId", "defaultPaymentMethod", "integrations", "passthrough"];

pub(super) fn plan(plan: &mut Plan, records: &[Record<'_>], mapping: &Mapping<'_>) {
    each(plan, records, |plan, record| {
        let members = &record.members;
        let id = members.filled("id")?;
        let has = |name: &str| members.raw(name).is_some();
        if has("grantType") {
            if plan.is_new("grant", &id, record) {
                return grant(plan, record, id, mapping);
            }
        } else if has("displayName") {
            if plan.is_new("currency", &id, record) {
                return currency(plan, record, &id, mapping);
            }
        } else if members.raw("createdAt").is_some() || has("email") || has("name") {
            if plan.is_new("customer", &id, record) {
                return customer(plan, record, &id);
            }
        } else {
            return Err(Wrong::new("", "is neither a grant, nor a customer, nor a currency"));
        }
        Ok(())
    });
}

fn currency(
    plan: &mut Plan,
    record: &Record<'_>,
    id: &str,
    mapping: &Mapping<'_>,
) -> Result<(), Wrong> {
    let members = &record.members;
    let id = mapping.currency(id).unwrap_or_else(|| id.to_owned());
    let mut body = json!({"id": id, "displayName": members.filled("displayName")?});
    for name in ["symbol", "description"] {
        if let Some(text) = members.text(name)? {
            body[name] = json!(text);
        }
    }
    if let Some(units) = members.object("units")? {
        let [singular, plural] = ["singular", "plural"].map(|name| units.filled(name));
        body["units"] = json!({"singular": singular?, "plural": plural?});
    }
    let metadata = members.texts("metadata")?;
    if !metadata.is_empty() {
        body["metadata"] = json!(metadata);
    }
    if members.raw("archivedAt").is_some() {
        plan.note(&record.place, "archivedAt", "is not carried: archive it after the import");
    }
    plan.currencies.insert(id, body);
    Ok(())
}

fn customer(plan: &mut Plan, record: &Record<'_>, id: &str) -> Result<(), Wrong> {
    let members = &record.members;
    let mut body = Vec::new();
    for name in CUSTOMER {
        if let Some(text) = members.text(name)? {
            body.push((name.to_owned(), json!(text)));
        }
    }
    let metadata = members.texts("metadata")?;
    if !metadata.is_empty() {
        body.push(("metadata".to_owned(), json!(metadata)));
    }
    for name in NOT_CARRIED {
        if !matches!(members.raw(name), None | Some("[]" | "{}")) {
            plan.note(&record.place, name, "is not carried");
        }
    }
    if members.raw("archivedAt").is_some() {
        plan.note(&record.place, "archivedAt", "is not carried: archive it after the import");
    }
    plan.customer("id", id)?.body.extend(body);
    Ok(())
}

fn grant(
    plan: &mut Plan,
    record: &Record<'_>,
    id: String,
    mapping: &Mapping<'_>,
) -> Result<(), Wrong> {
    let members = &record.members;
    let customer = members.filled("customerId")?;
    let there = members.filled("currencyId")?;
    let currency = mapping.currency(&there).unwrap_or_else(|| there.clone());
    let wallet = WalletName { currency, resource: members.text("resourceId")? };
    let grant_type = members.filled("grantType")?;
    let amount = members.some_amount("amount")?;
    let consumed = members.some_amount("consumedAmount")?;
    plan.wallet("customerId", &customer, &wallet)?;
    let state = state(plan, record)?;
    let alike = |plan: &mut Plan| {
        let worth =
            Worth { of: "grant", worth: format!("1 {there}"), named_by: "the currency's id" };
        let alike = plan.worth_alike(&customer, &wallet.currency, worth);
        alike.map_err(|words| members.wrong("currencyId", words))
    };
    if grant_type == "OVERDRAFT" {
        if consumed.is_positive() && state == State::Live {
            alike(plan)?;
            return plan.deficit("customerId", &customer, Deficit { id, wallet, amount: consumed });
        }
        return Ok(());
    }
    if consumed > amount {
        return Err(members.wrong("consumedAmount", "is more than the amount"));
    }
    let left = amount.minus(consumed).unwrap_or_default();
    if state == State::Over || left.is_zero() {
        return Ok(());
    }
    alike(plan)?;
    let cost = cost(members)?;
    let is_paid = match grant_type.as_str() {
        "PAID" => true,
        "PROMOTIONAL" => false,
        "RECURRING" => {
            let words = "RECURRING: this period's rest is carried, renewals are not";
            plan.note(&record.place, "grantType", words);
            !cost.amount.is_zero()
        }
        _ => {
            return Err(
                members.wrong("grantType", "must be PAID, PROMOTIONAL, RECURRING or OVERDRAFT")
            );
        }
    };
    let amount_of_cost = share(cost.amount, left, amount)
        .ok_or_else(|| members.wrong("cost", "is too large to be shared out"))?;
    let piece = Piece {
        place: record.place.clone(),
        id,
        customer,
        wallet,
        name: members.filled("displayName")?,
        left,
        amount,
        is_paid,
        priority: members.priority("priority")?,
        effective_at: members.instant("effectiveAt")?,
        expire_at: members.instant("expireAt")?,
        created_at: members.instant("createdAt")?,
        cost: Some(Money { amount: amount_of_cost, ..cost }),
        comment: members.text("comment")?,
        metadata: members.texts("metadata")?,
    };
    plan.piece("customerId", piece)
}

#[derive(PartialEq, Eq)]
enum State {
    Live,
    Over,
}

/// Whether anything of it is to be carried; what was never paid is told.
fn state(plan: &mut Plan, record: &Record<'_>) -> Result<State, Wrong> {
    let members = &record.members;
    match members.text("status")?.as_deref() {
        Some("VOIDED" | "EXPIRED") => Ok(State::Over),
        _ if members.instant("voidedAt")?.is_some() => Ok(State::Over),
        Some("PAYMENT_PENDING") => {
            plan.note(&record.place, "status", "PAYMENT_PENDING: not carried, it is not paid yet");
            Ok(State::Over)
        }
        Some("ACTIVE" | "SCHEDULED") | None => Ok(State::Live),
        Some(other) => Err(members.wrong("status", format!("{} is not known", Value::from(other)))),
    }
}

fn cost(members: &Members<'_>) -> Result<Money, Wrong> {
    let Some(cost) = members.object("cost")? else { return Ok(Money::FREE) };
    let amount = cost.amount("amount")?.unwrap_or(Credits::ZERO);
    if amount.is_zero() {
        return Ok(Money::FREE);
    }
    let code = cost.filled("currency")?.to_lowercase();
    let currency = MoneyCurrency::parse(&code);
    let currency =
        currency.ok_or_else(|| cost.wrong("currency", "is no money that Scrip knows"))?;
    let amount = MoneyAmount::parse(&amount.to_string());
    let amount = amount.map_err(|_| cost.wrong("amount", "must not be below 0"))?;
    Ok(Money { amount, currency })
}
