//! A history that no order explains, told so that somebody can find out why.

use std::fmt::{Display, Formatter, Result};

use scrip_oracle::{Request, WalletName};

use super::call::{Call, Seen, SeenGrant};
use super::decimal::amount_text;
use super::linearize::{End, Entry};
use super::round::NO_THREAD;

/// The calls of one wallet in one round, and the longest order that explains some of them.
#[derive(Debug)]
pub struct Story {
    /// Whose calls.
    pub wallet: WalletName,
    /// The calls.
    pub entries: Vec<Entry<Call, Seen>>,
    /// Who made each of them.
    pub threads: Vec<usize>,
    /// The longest order that was found, by places.
    pub order: Vec<usize>,
}

impl Display for Story {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(f, "what wallet {} was answered:", wallet(&self.wallet))?;
        let start = self.entries.iter().map(|entry| entry.called).min().unwrap_or_default();
        let mut places: Vec<usize> = (0..self.entries.len()).collect();
        places.sort_by_key(|place| self.entries[*place].called);
        for place in places {
            let entry = &self.entries[place];
            let thread = match self.threads[place] {
                NO_THREAD => "rest".to_owned(),
                thread => format!("t{thread}"),
            };
            let called = (entry.called - start) / 1_000;
            let (until, answer) = match &entry.end {
                End::Answered { at, answer } => ((at - start) / 1_000, answered(answer)),
                End::Open { until: u64::MAX } => (0, "never answered".to_owned()),
                End::Open { until } => {
                    ((until - start) / 1_000, "never answered, the server died".to_owned())
                }
            };
            let call = called_what(&entry.call);
            writeln!(f, "  #{place:<3} {called:>8}..{until:<8} {thread:<5} {call} -> {answer}")?;
        }
        if self.order.is_empty() {
            return Ok(());
        }
        writeln!(f, "the longest order that explains its answers:")?;
        for place in &self.order {
            writeln!(f, "  #{place:<3} {}", called_what(&self.entries[*place].call))?;
        }
        let left = (0..self.entries.len()).filter(|place| {
            !self.order.contains(place) && matches!(self.entries[*place].end, End::Answered { .. })
        });
        let left: Vec<String> = left.map(|place| format!("#{place}")).collect();
        writeln!(f, "what is left then: {}", left.join(" "))
    }
}

fn wallet(name: &WalletName) -> String {
    match &name.resource {
        Some(resource) => format!("{}/{}/{resource}", name.customer, name.currency),
        None => format!("{}/{}", name.customer, name.currency),
    }
}

fn called_what(call: &Call) -> String {
    let (request, key) = match call {
        Call::Check { requested: None, .. } => return "check".to_owned(),
        Call::Check { requested: Some(amount), .. } => {
            return format!("check {}", amount_text(*amount));
        }
        Call::Grants(_) => return "list grants".to_owned(),
        Call::Rows(_) => return "list rows".to_owned(),
        Call::Write { request, key } => (request, key),
    };
    let item = |consume: &scrip_oracle::Consume| {
        let at = consume.created_at.map(|at| format!(" at {at}")).unwrap_or_default();
        format!("{} {}{at}", consume.key, amount_text(consume.amount))
    };
    let what = match request {
        Request::Consume(consume) => format!("consume {}", item(consume)),
        Request::Batch(items) => {
            let items: Vec<String> = items.iter().map(item).collect();
            format!("batch [{}]", items.join(", "))
        }
        Request::Grant(grant) => format!(
            "grant {} {:?} {} priority {} from {:?} to {:?}",
            grant.id,
            grant.kind,
            amount_text(grant.amount),
            grant.priority,
            grant.effective_at,
            grant.expire_at
        ),
        Request::Void(name) => format!("void {name}"),
        Request::Edit(edit) => {
            let change = &edit.change;
            format!("edit {} priority {:?} to {:?}", edit.id, change.priority, change.expire_at)
        }
        Request::MoveClock(to) => format!("clock {to}"),
        other => format!("{other:?}"),
    };
    match key {
        Some(key) => format!("{what} (key {key})"),
        None => what,
    }
}

fn answered(answer: &Seen) -> String {
    let grant = |grant: &SeenGrant| {
        let (consumed, amount) = (amount_text(grant.consumed), amount_text(grant.amount));
        format!("{} {} {consumed}/{amount}", grant.name, grant.status)
    };
    match answer {
        Seen::Consumed { amount, attributed_at, granted, used } => {
            let (amount, granted, used) =
                (amount_text(*amount), amount_text(*granted), amount_text(*used));
            format!("{amount} at {attributed_at}, used {used} of {granted}")
        }
        Seen::Check { denied, totals } => {
            let (used, granted) = (amount_text(totals.used), amount_text(totals.granted));
            format!("used {used} of {granted} {}", denied.as_deref().unwrap_or("granted"))
        }
        Seen::Grant(one) => format!(
            "{} priority {} from {} to {:?}",
            grant(one),
            one.priority,
            one.effective_at,
            one.expire_at
        ),
        Seen::Grants(grants) => {
            let grants: Vec<String> = grants.iter().map(grant).collect();
            format!("[{}]", grants.join(", "))
        }
        Seen::Rows(rows) => {
            let rows: Vec<String> = rows
                .iter()
                .map(|(_, row)| {
                    let kind = row.kind.trim_start_matches("CREDITS_");
                    let balance = amount_text(row.balance_after);
                    format!("{kind} {} {} ={balance}", row.grant, amount_text(row.amount))
                })
                .collect();
            format!("[{}]", rows.join(", "))
        }
        Seen::Refused { status, code, item } => match item {
            Some(item) => format!("{status} {code} for item {item}"),
            None => format!("{status} {code}"),
        },
        other => format!("{other:?}"),
    }
}
