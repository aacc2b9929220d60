//! Lines of text as steps.

mod own_grants;

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use scrip_oracle::{
    Amount, Change, Consume, Edit, Extend, Grant, GrantKind, Instant, InvoiceRefund, Overdraft,
    Payment, Refund, Release, Request, Reserve, Short, Undone, WalletName,
};

use super::super::{BEGINNING, Environment, History, Read, RowsRead, Setup, Step};
use super::{KINDS, ONE};

/// A line that is no step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable(String);

impl Display for Unreadable {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}

type Reading<T> = Result<T, String>;

impl FromStr for History {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let mut history = Self { setup: Setup::default(), steps: Vec::new() };
        for (index, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let words = Words(line.split_whitespace().collect::<Vec<_>>().into_iter());
            let place = |why: String| Unreadable(format!("line {}: {line}: {why}", index + 1));
            read_line(&mut history, words).map_err(place)?;
        }
        Ok(history)
    }
}

struct Words<'a>(std::vec::IntoIter<&'a str>);

impl<'a> Words<'a> {
    fn next(&mut self) -> Reading<&'a str> {
        self.0.next().ok_or_else(|| "something is missing".to_owned())
    }

    fn text(&mut self) -> Reading<String> {
        self.next().map(str::to_owned)
    }

    fn number<T: FromStr>(&mut self) -> Reading<T> {
        let word = self.next()?;
        word.parse().map_err(|_| format!("{word:?} is no number"))
    }

    fn expect(&mut self, expected: &str) -> Reading<()> {
        let word = self.next()?;
        if word == expected { Ok(()) } else { Err(format!("{expected:?} should stand here")) }
    }

    fn wallet(&mut self) -> Reading<WalletName> {
        let word = self.next()?;
        let mut parts = word.split('/').map(str::to_owned);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(customer), Some(currency), resource) => {
                Ok(WalletName { customer, currency, resource })
            }
            _ => Err(format!("{word:?} is no wallet")),
        }
    }

    fn instant(&mut self) -> Reading<Instant> {
        let word = self.next()?;
        let milliseconds = word.strip_prefix('t').and_then(|rest| rest.parse::<i64>().ok());
        milliseconds
            .map(|offset| BEGINNING.saturating_add(offset))
            .ok_or_else(|| format!("{word:?} is no instant"))
    }

    fn amount(&mut self) -> Reading<Amount> {
        let word = self.next()?;
        let (whole, fraction) = word.split_once('.').unwrap_or((word, ""));
        let whole = whole.parse::<i128>().ok();
        let fraction = format!("{fraction:0<9}").parse::<i128>().ok();
        match (whole, fraction) {
            (Some(whole), Some(fraction)) if fraction < ONE => Ok(whole * ONE + fraction),
            _ => Err(format!("{word:?} is no amount")),
        }
    }
}

fn too_much<T>(word: &str) -> Reading<T> {
    Err(format!("{word:?} is too much"))
}

fn read_line(history: &mut History, mut words: Words<'_>) -> Reading<()> {
    let first = words.next()?;
    match first {
        "sandbox" => history.setup.environment = Environment::Sandbox,
        "budgets" => read_budgets(history, &mut words)?,
        "-" => match history.steps.last_mut() {
            Some(Step::Ask(Request::Batch(items))) => items.push(read_consume(&mut words)?),
            _ => return Err("no such step".to_owned()),
        },
        _ => history.steps.push(read_step(first, &mut words)?),
    }
    words.0.next().map_or(Ok(()), too_much)
}

fn read_budgets(history: &mut History, words: &mut Words<'_>) -> Reading<()> {
    let budgets = &mut history.setup.budgets;
    words.expect("wallets")?;
    budgets.wallets_bytes_max = words.number()?;
    words.expect("snapshots")?;
    budgets.snapshots_every_milliseconds = words.number()?;
    words.expect("lag")?;
    budgets.lag_rows_max = words.number()?;
    words.expect("names")?;
    budgets.names_max = words.number()?;
    Ok(())
}

fn read_step(first: &str, words: &mut Words<'_>) -> Reading<Step> {
    Ok(match first {
        "clock" => Step::Clock(words.instant()?),
        "restart" => Step::Restart,
        "write-behind" => Step::WriteBehind,
        "read" => Step::Read(read_read(words)?),
        _ => Step::Ask(read_request(first, words)?),
    })
}

fn read_request(first: &str, words: &mut Words<'_>) -> Reading<Request> {
    Ok(match first {
        "customer" => {
            let id = words.text()?;
            match words.next()? {
                "create" => Request::CreateCustomer(id),
                "archive" => Request::ArchiveCustomer(id),
                "unarchive" => Request::UnarchiveCustomer(id),
                other => return too_much(other),
            }
        }
        "currency" => {
            let id = words.text()?;
            match words.next()? {
                "create" => Request::CreateCurrency(id),
                "archive" => Request::ArchiveCurrency(id),
                "unarchive" => Request::UnarchiveCurrency(id),
                "price" => Request::SetPrice(id, own_grants::read_price(words)?),
                "overdraft" => Request::SetOverdraft(id, read_overdraft(words)?),
                other => return too_much(other),
            }
        }
        "grant" => Request::Grant(read_grant(words)?),
        "void" => Request::Void(words.text()?),
        "edit" => Request::Edit(read_edit(words)?),
        "consume" => Request::Consume(read_consume(words)?),
        "batch" => Request::Batch(Vec::new()),
        "reserve" => {
            let (wallet, reservation, amount) = (words.wallet()?, words.text()?, words.amount()?);
            words.expect("until")?;
            Request::Reserve(Reserve { wallet, reservation, amount, expires_at: words.instant()? })
        }
        "extend" => {
            let (wallet, reservation) = (words.wallet()?, words.text()?);
            words.expect("until")?;
            Request::Extend(Extend { wallet, reservation, expires_at: words.instant()? })
        }
        "release" => {
            let (wallet, reservation, consumed) = (words.wallet()?, words.text()?, words.amount()?);
            Request::Release(Release { wallet, reservation, consumed })
        }
        "refund" => Request::Refund(read_refund(words)?),
        "money-back" => {
            let key = words.text()?;
            words.expect("of")?;
            let (grant, amount) = (words.text()?, words.amount()?);
            Request::RefundInvoice(InvoiceRefund { grant, amount, key })
        }
        "recharge" => Request::SetRecharge(own_grants::read_recharge(words)?),
        "recurring" => Request::PutRecurring(own_grants::read_recurring(words)?),
        "remove" => Request::RemoveRecurring(words.wallet()?, words.text()?),
        "move" => Request::MoveClock(words.instant()?),
        _ => return Err("no such step".to_owned()),
    })
}

fn read_overdraft(words: &mut Words<'_>) -> Reading<Overdraft> {
    match words.next()? {
        "allow" => Ok(Overdraft::Allow),
        "deny" => Ok(Overdraft::Deny),
        "unset" => Ok(Overdraft::Unset),
        other => Err(format!("{other:?} says nothing of overdrafts")),
    }
}

fn read_grant(words: &mut Words<'_>) -> Reading<Grant> {
    let id = words.text()?;
    words.expect("in")?;
    let wallet = words.wallet()?;
    let kind = match words.next()? {
        "promotional" => GrantKind::Promotional,
        "recurring" => GrantKind::Recurring,
        "paid" => GrantKind::Paid,
        other => return Err(format!("{other:?} is no kind of grant")),
    };
    let amount = words.amount()?;
    let (priority, effective_at, expire_at) = (50, None, None);
    let (cost, payment) = (0, Payment::Nothing);
    let mut grant =
        Grant { wallet, id, kind, amount, priority, effective_at, expire_at, cost, payment };
    while let Some(word) = words.0.next() {
        match word {
            "priority" => grant.priority = words.number()?,
            "from" => grant.effective_at = Some(words.instant()?),
            "until" => grant.expire_at = Some(words.instant()?),
            "cost" => grant.cost = words.amount()?,
            "invoiced" => grant.payment = Payment::PaidInvoice,
            other => return too_much(other),
        }
    }
    Ok(grant)
}

fn read_edit(words: &mut Words<'_>) -> Reading<Edit> {
    let (id, mut change) = (words.text()?, Change::default());
    while let Some(word) = words.0.next() {
        match word {
            "priority" => change.priority = Some(words.number()?),
            "until" if words.0.as_slice().first() == Some(&"never") => {
                words.next()?;
                change.expire_at = Some(None);
            }
            "until" => change.expire_at = Some(Some(words.instant()?)),
            "name" => change.display_name = Some(words.text()?),
            other => return too_much(other),
        }
    }
    Ok(Edit { id, change })
}

fn read_consume(words: &mut Words<'_>) -> Reading<Consume> {
    let mut consume = Consume {
        wallet: words.wallet()?,
        key: words.text()?,
        amount: words.amount()?,
        created_at: None,
        dimensions: std::collections::BTreeMap::new(),
        short: Short::Overdraft,
    };
    while let Some(word) = words.0.next() {
        match word {
            "at" => consume.created_at = Some(words.instant()?),
            "reject" => consume.short = Short::Reject,
            "unsaid" => consume.short = Short::Unsaid,
            "dimension" => {
                consume.dimensions.insert(words.text()?, words.text()?);
            }
            other => return too_much(other),
        }
    }
    Ok(consume)
}

fn read_refund(words: &mut Words<'_>) -> Reading<Refund> {
    let (wallet, key) = (words.wallet()?, words.text()?);
    words.expect("of")?;
    let of = match words.next()? {
        "consumption" => Undone::Consumption(words.text()?),
        "reservation" => Undone::Reservation(words.text()?),
        other => return Err(format!("{other:?} cannot be given back")),
    };
    let is_whole = words.0.as_slice().is_empty();
    let amount = if is_whole { None } else { Some(words.amount()?) };
    Ok(Refund { wallet, key, of, amount })
}

fn read_read(words: &mut Words<'_>) -> Reading<Read> {
    match words.next()? {
        "totals" => Ok(Read::Totals(words.wallet()?)),
        "at" => Ok(Read::At(words.wallet()?, words.instant()?)),
        "grants" => {
            let RowsRead { customer, resource, currency, kinds, reservation, page } =
                read_list(words)?;
            if !kinds.is_empty() || reservation.is_some() {
                return Err("grants have no kinds of rows".to_owned());
            }
            Ok(Read::Grants { customer, resource, currency, page })
        }
        "rows" => read_list(words).map(Read::Rows),
        other => Err(format!("{other:?} cannot be read")),
    }
}

fn read_list(words: &mut Words<'_>) -> Reading<RowsRead> {
    let customer = words.text()?;
    words.expect("pages")?;
    let page = words.number::<usize>()?.max(1);
    let (resource, currency, kinds, reservation) = (None, None, Vec::new(), None);
    let mut list = RowsRead { customer, resource, currency, kinds, reservation, page };
    while let Some(word) = words.0.next() {
        match word {
            "resource" => list.resource = Some(words.text()?),
            "currency" => list.currency = Some(words.text()?),
            "reservation" => list.reservation = Some(words.text()?),
            other => match KINDS.iter().find(|(_, name)| *name == other) {
                Some((kind, _)) => list.kinds.push(*kind),
                None => return too_much(other),
            },
        }
    }
    Ok(list)
}
