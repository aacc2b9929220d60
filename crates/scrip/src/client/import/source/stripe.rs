//! Stripe: billing credit grants, credit balance transactions, credit balance summaries and customers. A
//! credit becomes a unit of the money: 1999 of `usd` are 19.99 credits.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use scrip_core::{Credits, Money, MoneyCurrency};
use scrip_integrations::payments::stripe::counted;
use serde_json::json;

use super::{Mapping, all_files, each};
use crate::client::import::plan::{Piece, Plan, WalletName, Worth};
use crate::client::import::record::{Members, Record, Wrong};

/// What became of a grant by its transactions.
#[derive(Default)]
struct Moves {
    granted: Credits,
    left: Credits,
}

/// What a customer has of a money, as a summary says it.
type Summaries = BTreeMap<(String, String), Credits>;

pub(super) fn plan(plan: &mut Plan, records: &[Record<'_>], mapping: &Mapping<'_>) {
    let mut grants = Vec::new();
    let mut moves: HashMap<String, Moves> = HashMap::new();
    let mut summaries = Summaries::new();
    let mut mode = None;
    each(plan, records, |plan, record| {
        let members = &record.members;
        if let Some(is_live) = members.is("livemode")?
            && *mode.get_or_insert(is_live) != is_live
        {
            return Err(members.wrong("livemode", "the files mix live mode and test mode"));
        }
        match members.filled("object")?.as_str() {
            "billing.credit_grant" => {
                if plan.is_new("credit grant", &members.filled("id")?, record) {
                    grants.push(record);
                }
            }
            "billing.credit_balance_transaction" => {
                if plan.is_new("transaction", &members.filled("id")?, record) {
                    return transaction(&mut moves, members);
                }
            }
            "billing.credit_balance_summary" => return summary(plan, &mut summaries, members),
            "customer" => {
                let id = members.filled("id")?;
                if plan.is_new("customer", &id, record) {
                    return customer(plan, record, &id);
                }
            }
            _ => return Err(members.wrong("object", "is none that is imported")),
        }
        Ok(())
    });
    let mut sums = Summaries::new();
    let mut last = HashMap::new();
    let by_summary = unmoved(plan, &grants, &moves, &summaries);
    each(plan, grants, |plan, record| {
        let members = &record.members;
        let scope = (members.id("customer")?, money(members)?.currency.as_str().to_owned());
        last.insert(scope.clone(), record);
        let left = take(plan, record, &moves, by_summary.contains(&scope), mapping)?;
        let sum = sums.entry(scope).or_default();
        *sum = sum.plus(left).unwrap_or_default();
        Ok(())
    });
    lost(plan, records, &moves, &summaries, &last);
    // What a summary says holds for what counts, so a grant that is yet to begin is no part of it.
    for (scope, sum) in sums {
        let (Some(stated), Some(record)) = (summaries.get(&scope), last.get(&scope)) else {
            continue;
        };
        if *stated != sum && plan.problems.is_empty() {
            let words = format!(
                "the summary says that {} has {stated} {}, but {sum} are left of its grants",
                scope.0, scope.1
            );
            plan.problem(&record.place, Wrong::new("available_balance", words));
        }
    }
}

/// Says what credits there are of grants that do not stand in the files.
fn lost(
    plan: &mut Plan,
    records: &[Record<'_>],
    moves: &HashMap<String, Moves>,
    summaries: &Summaries,
    last: &HashMap<(String, String), &Record<'_>>,
) {
    let is_grant = |record: &&Record<'_>| record.text.contains("billing.credit_grant\"");
    let known = records.iter().filter(is_grant).filter_map(|record| record.place.id.as_deref());
    let known: BTreeSet<&str> = known.collect();
    for (id, moved) in moves {
        if !known.contains(id.as_str()) && !moved.left.is_zero() {
            let words = format!(
                "{} are left of credit grant \"{id}\", which does not stand in them",
                moved.left
            );
            plan.problem(&all_files(), Wrong::new("credit_grant", words));
        }
    }
    for ((customer, money), stated) in summaries {
        if !stated.is_zero() && !last.contains_key(&(customer.clone(), money.clone())) {
            let words = format!(
                "the summary says that {customer} has {stated} {money}, and no grant stands in them"
            );
            plan.problem(&all_files(), Wrong::new("available_balance", words));
        }
    }
}

/// What is counted, in units of its money.
fn money(members: &Members<'_>) -> Result<Money, Wrong> {
    let amount = members.required("amount", members.object("amount")?)?;
    monetary(&amount)
}

fn monetary(amount: &Members<'_>) -> Result<Money, Wrong> {
    let monetary = amount.required("monetary", amount.object("monetary")?)?;
    let code = monetary.filled("currency")?.to_lowercase();
    let currency = MoneyCurrency::parse(&code)
        .ok_or_else(|| monetary.wrong("currency", "is no money that Scrip knows"))?;
    let value = monetary.required("value", monetary.integer("value")?)?;
    counted(value, currency)
        .ok_or_else(|| monetary.wrong("value", format!("is no number of minor units of {code}")))
}

/// The same number of credits.
fn credits(money: Money) -> Credits {
    Credits::from_billionths(money.amount.billionths())
}

fn transaction(moves: &mut HashMap<String, Moves>, members: &Members<'_>) -> Result<(), Wrong> {
    let moved = moves.entry(members.id("credit_grant")?).or_default();
    let too_large = || members.wrong("amount", "is too large");
    if let Some(credit) = members.object("credit")? {
        let amount = credits(money(&credit)?);
        moved.left = moved.left.plus(amount).map_err(|_| too_large())?;
        if credit.filled("type")? == "credits_granted" {
            moved.granted = moved.granted.plus(amount).map_err(|_| too_large())?;
        }
        return Ok(());
    }
    let debit = members.required("debit", members.object("debit")?)?;
    moved.left = moved.left.minus(credits(money(&debit)?)).map_err(|_| too_large())?;
    Ok(())
}

fn summary(plan: &mut Plan, summaries: &mut Summaries, members: &Members<'_>) -> Result<(), Wrong> {
    let customer = members.id("customer")?;
    plan.meet("customer", &customer)?;
    for item in members.items("balances")? {
        let item = Members::of(item)
            .map_err(|_| members.wrong("balances", "must be a list of objects"))?;
        let available = item.required("available_balance", item.object("available_balance")?)?;
        let balance = monetary(&available)?;
        let scope = (customer.clone(), balance.currency.as_str().to_owned());
        if summaries.insert(scope, credits(balance)).is_some_and(|other| other != credits(balance))
        {
            let words = "another summary of this customer says otherwise: give those of all grants, \
                         not of one";
            return Err(members.wrong("balances", words));
        }
    }
    Ok(())
}

fn customer(plan: &mut Plan, record: &Record<'_>, id: &str) -> Result<(), Wrong> {
    let members = &record.members;
    let mut body = vec![("billingId".to_owned(), json!(id))];
    for name in ["name", "email"] {
        if let Some(text) = members.text(name)?.filter(|text| !text.is_empty()) {
            body.push((name.to_owned(), json!(text)));
        }
    }
    let metadata = members.texts("metadata")?;
    if !metadata.is_empty() {
        body.push(("metadata".to_owned(), json!(metadata)));
    }
    plan.customer("id", id)?.body.extend(body);
    Ok(())
}

/// Customers' money of which nothing was ever taken: a summary says as much as the grants came to.
fn unmoved(
    plan: &Plan,
    grants: &[&Record<'_>],
    moves: &HashMap<String, Moves>,
    summaries: &Summaries,
) -> BTreeSet<(String, String)> {
    let mut whole = Summaries::new();
    for record in grants {
        let members = &record.members;
        let (Ok(customer), Ok(money)) = (members.id("customer"), money(members)) else { continue };
        let is_moved = record.place.id.as_ref().is_some_and(|id| moves.contains_key(id));
        let counts = matches!(state(plan, members), Ok(State::Counts));
        if counts && !is_moved {
            let sum = whole.entry((customer, money.currency.as_str().to_owned())).or_default();
            *sum = sum.plus(credits(money)).unwrap_or_default();
        }
    }
    let equal = |(scope, sum): &(_, Credits)| summaries.get(scope) == Some(sum);
    whole.into_iter().filter(equal).map(|(scope, _)| scope).collect()
}

enum State {
    Counts,
    Scheduled,
    Over,
}

fn state(plan: &Plan, members: &Members<'_>) -> Result<State, Wrong> {
    let [from, end, voided] =
        ["effective_at", "expires_at", "voided_at"].map(|name| members.seconds(name));
    Ok(match (from?, end?, voided?) {
        (_, _, Some(_)) => State::Over,
        (_, Some(end), _) if end <= plan.now => State::Over,
        (Some(from), _, _) if from > plan.now => State::Scheduled,
        _ => State::Counts,
    })
}

/// Takes what is left of a grant, and gives what of it counts now.
fn take(
    plan: &mut Plan,
    record: &Record<'_>,
    moves: &HashMap<String, Moves>,
    by_summary: bool,
    mapping: &Mapping<'_>,
) -> Result<Credits, Wrong> {
    let members = &record.members;
    let (id, customer, money) = (members.filled("id")?, members.id("customer")?, money(members)?);
    let code = money.currency.as_str();
    let currency = mapping.currency(code).ok_or_else(|| {
        members.wrong(
            "amount.monetary.currency",
            format!("say which currency it becomes: --currency {code}=ID"),
        )
    })?;
    let wallet = WalletName { currency, resource: None };
    plan.wallet("customer", &customer, &wallet)?;
    let state = state(plan, members)?;
    if matches!(state, State::Over) {
        return Ok(Credits::ZERO);
    }
    note_what_is_left(plan, record)?;
    let amount = credits(money);
    let left = match (moves.get(&id), &state) {
        (Some(moved), _) if moved.granted != amount || moved.left.is_negative() => {
            let words =
                "its transactions in the files are not all: they do not add up to the amount";
            return Err(members.wrong("amount", words));
        }
        (Some(moved), _) => moved.left,
        (None, State::Scheduled) => amount,
        (None, _) if by_summary => amount,
        (None, _) => {
            let words = "it is not said what is left: give its credit_balance_transactions, or, where \
                         nothing was taken yet, the customer's credit_balance_summary";
            return Err(members.wrong("amount", words));
        }
    };
    if left.is_zero() {
        return Ok(left);
    }
    let worth = format!("1 {code}");
    let worth = Worth { of: "grant", worth, named_by: "the money's code" };
    plan.worth_alike(&customer, &wallet.currency, worth)
        .map_err(|words| members.wrong("amount.monetary.currency", words))?;
    let is_paid = match members.filled("category")?.as_str() {
        "paid" => true,
        "promotional" => false,
        _ => return Err(members.wrong("category", "must be paid or promotional")),
    };
    let name = members.text("name")?.filter(|text| !text.is_empty());
    let worth = scrip_core::MoneyAmount::parse(&left.to_string());
    let worth = worth.map_err(|_| members.wrong("amount", "is no amount of money"))?;
    let piece = Piece {
        place: record.place.clone(),
        id,
        customer,
        wallet,
        name: name.unwrap_or_else(|| "Credits".to_owned()),
        left,
        amount,
        is_paid,
        priority: members.priority("priority")?,
        effective_at: members.seconds("effective_at")?,
        expire_at: members.seconds("expires_at")?,
        created_at: members.seconds("created")?,
        cost: is_paid.then_some(Money { amount: worth, currency: money.currency }),
        comment: None,
        metadata: members.texts("metadata")?,
    };
    plan.piece("customer", piece)?;
    Ok(if matches!(state, State::Counts) { left } else { Credits::ZERO })
}

fn note_what_is_left(plan: &mut Plan, record: &Record<'_>) -> Result<(), Wrong> {
    let Some(config) = record.members.object("applicability_config")? else { return Ok(()) };
    let Some(scope) = config.object("scope")? else { return Ok(()) };
    for name in ["prices", "billable_items"] {
        if !scope.items(name)?.is_empty() {
            let field = scope.wrong(name, "").field;
            plan.note(&record.place, &field, "is not carried: its credits pay for everything");
        }
    }
    Ok(())
}
