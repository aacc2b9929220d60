//! Steps as lines of text.

use std::fmt::{self, Display, Formatter};

use scrip_oracle::{
    Amount, Change, Consume, Edit, Extend, Grant, GrantKind, Instant, InvoiceRefund, Overdraft,
    Payment, Period, Price, Recharge, Recurring, Refund, Release, Request, Reserve, Short,
    Threshold, Undone, WalletName,
};

use super::super::{BEGINNING, Budgets, Environment, History, Read, RowsRead, Step};
use super::{KINDS, ONE};

/// An amount, in credits.
#[must_use]
pub fn amount_text(amount: Amount) -> String {
    let (sign, size) = (if amount < 0 { "-" } else { "" }, amount.unsigned_abs());
    let one = ONE.unsigned_abs();
    let (whole, fraction) = (size / one, size % one);
    if fraction == 0 {
        return format!("{sign}{whole}");
    }
    let digits = format!("{fraction:09}");
    format!("{sign}{whole}.{}", digits.trim_end_matches('0'))
}

/// An instant, in milliseconds from the beginning.
#[must_use]
pub fn instant_text(at: Instant) -> String {
    format!("t{:+}", at.saturating_sub(BEGINNING))
}

/// `customer/currency` or `customer/currency/resource`.
#[must_use]
pub fn wallet_text(wallet: &WalletName) -> String {
    let WalletName { customer, currency, resource } = wallet;
    match resource {
        Some(resource) => format!("{customer}/{currency}/{resource}"),
        None => format!("{customer}/{currency}"),
    }
}

impl Display for History {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.setup.environment == Environment::Sandbox {
            writeln!(f, "sandbox")?;
        }
        let usual = Budgets::default();
        let Budgets {
            wallets_bytes_max: wallets,
            snapshots_every_milliseconds: every,
            lag_rows_max: lag,
            names_max: names,
        } = &self.setup.budgets;
        if self.setup.budgets != usual {
            writeln!(f, "budgets wallets {wallets} snapshots {every} lag {lag} names {names}")?;
        }
        self.steps.iter().try_for_each(|step| writeln!(f, "{step}"))
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ask(request) => tell_request(f, request),
            Self::Clock(at) => write!(f, "clock {}", instant_text(*at)),
            Self::Restart => f.write_str("restart"),
            Self::WriteBehind => f.write_str("write-behind"),
            Self::Read(read) => tell_read(f, read),
        }
    }
}

fn tell_request(f: &mut Formatter<'_>, request: &Request) -> fmt::Result {
    match request {
        Request::CreateCustomer(id) => write!(f, "customer {id} create"),
        Request::ArchiveCustomer(id) => write!(f, "customer {id} archive"),
        Request::UnarchiveCustomer(id) => write!(f, "customer {id} unarchive"),
        Request::CreateCurrency(id) => write!(f, "currency {id} create"),
        Request::ArchiveCurrency(id) => write!(f, "currency {id} archive"),
        Request::UnarchiveCurrency(id) => write!(f, "currency {id} unarchive"),
        Request::SetOverdraft(id, says) => {
            let says = match says {
                Overdraft::Allow => "allow",
                Overdraft::Deny => "deny",
                Overdraft::Unset => "unset",
            };
            write!(f, "currency {id} overdraft {says}")
        }
        Request::SetPrice(id, price) => {
            write!(f, "currency {id} price {}", price_text(price.as_ref()))
        }
        Request::Grant(grant) => tell_grant(f, grant),
        Request::Void(id) => write!(f, "void {id}"),
        Request::Edit(edit) => tell_edit(f, edit),
        Request::Consume(consume) => {
            f.write_str("consume ")?;
            tell_consume(f, consume)
        }
        Request::Batch(items) => {
            f.write_str("batch")?;
            items.iter().try_for_each(|item| {
                f.write_str("\n- ")?;
                tell_consume(f, item)
            })
        }
        Request::Reserve(Reserve { wallet, reservation, amount, expires_at }) => {
            let (wallet, amount) = (wallet_text(wallet), amount_text(*amount));
            write!(f, "reserve {wallet} {reservation} {amount} until {}", instant_text(*expires_at))
        }
        Request::Extend(Extend { wallet, reservation, expires_at }) => {
            let (wallet, expires_at) = (wallet_text(wallet), instant_text(*expires_at));
            write!(f, "extend {wallet} {reservation} until {expires_at}")
        }
        Request::Release(Release { wallet, reservation, consumed }) => {
            let (wallet, consumed) = (wallet_text(wallet), amount_text(*consumed));
            write!(f, "release {wallet} {reservation} {consumed}")
        }
        Request::Refund(refund) => tell_refund(f, refund),
        Request::RefundInvoice(InvoiceRefund { grant, amount, key }) => {
            write!(f, "money-back {key} of {grant} {}", amount_text(*amount))
        }
        Request::SetRecharge(recharge) => tell_recharge(f, recharge),
        Request::PutRecurring(put) => tell_recurring(f, put),
        Request::RemoveRecurring(wallet, id) => {
            write!(f, "remove {} {id}", wallet_text(wallet))
        }
        Request::MoveClock(to) => write!(f, "move {}", instant_text(*to)),
    }
}

fn tell_grant(f: &mut Formatter<'_>, grant: &Grant) -> fmt::Result {
    let Grant { wallet, id, kind, amount, priority, effective_at, expire_at, cost, payment } =
        grant;
    let kind = match kind {
        GrantKind::Promotional => "promotional",
        GrantKind::Recurring => "recurring",
        GrantKind::Paid => "paid",
    };
    write!(f, "grant {id} in {} {kind} {}", wallet_text(wallet), amount_text(*amount))?;
    write!(f, " priority {priority}")?;
    if let Some(at) = effective_at {
        write!(f, " from {}", instant_text(*at))?;
    }
    if let Some(at) = expire_at {
        write!(f, " until {}", instant_text(*at))?;
    }
    if *cost > 0 {
        write!(f, " cost {}", amount_text(*cost))?;
    }
    f.write_str(if *payment == Payment::PaidInvoice { " invoiced" } else { "" })
}

fn tell_edit(f: &mut Formatter<'_>, Edit { id, change }: &Edit) -> fmt::Result {
    let Change { priority, expire_at, display_name } = change;
    write!(f, "edit {id}")?;
    if let Some(priority) = priority {
        write!(f, " priority {priority}")?;
    }
    match expire_at {
        Some(Some(at)) => write!(f, " until {}", instant_text(*at))?,
        Some(None) => f.write_str(" until never")?,
        None => {}
    }
    display_name.as_ref().map_or(Ok(()), |name| write!(f, " name {name}"))
}

fn tell_consume(f: &mut Formatter<'_>, consume: &Consume) -> fmt::Result {
    let Consume { wallet, key, amount, created_at, dimensions, short } = consume;
    write!(f, "{} {key} {}", wallet_text(wallet), amount_text(*amount))?;
    if let Some(at) = created_at {
        write!(f, " at {}", instant_text(*at))?;
    }
    f.write_str(match short {
        Short::Overdraft => "",
        Short::Reject => " reject",
        Short::Unsaid => " unsaid",
    })?;
    dimensions.iter().try_for_each(|(name, value)| write!(f, " dimension {name} {value}"))
}

fn tell_refund(f: &mut Formatter<'_>, refund: &Refund) -> fmt::Result {
    let Refund { wallet, key, of, amount } = refund;
    let (kind, name) = match of {
        Undone::Consumption(name) => ("consumption", name),
        Undone::Reservation(name) => ("reservation", name),
    };
    write!(f, "refund {} {key} of {kind} {name}", wallet_text(wallet))?;
    amount.map_or(Ok(()), |amount| write!(f, " {}", amount_text(amount)))
}

fn price_text(price: Option<&Price>) -> String {
    price.map_or("none".to_owned(), |price| {
        format!("{} {}", amount_text(price.amount), price.currency)
    })
}

fn tell_recharge(f: &mut Formatter<'_>, recharge: &Recharge) -> fmt::Result {
    let Recharge { wallet, is_enabled, threshold, target, spend_limit, lasts, price } = recharge;
    write!(f, "recharge {} {}", wallet_text(wallet), if *is_enabled { "on" } else { "off" })?;
    match threshold {
        Threshold::Credits(below) => write!(f, " below {}", amount_text(*below))?,
        Threshold::Money(below) => write!(f, " worth {}", amount_text(*below))?,
    }
    write!(f, " to {}", amount_text(*target))?;
    if let Some(limit) = spend_limit {
        write!(f, " limit {}", amount_text(*limit))?;
    }
    if *lasts == Period::Year {
        f.write_str(" year")?;
    }
    let price = price.as_ref();
    price.map_or(Ok(()), |price| write!(f, " price {}", price_text(Some(price))))
}

fn tell_recurring(f: &mut Formatter<'_>, put: &Recurring) -> fmt::Result {
    let Recurring { wallet, id, amount, cadence, anchor, priority } = put;
    let (wallet, amount) = (wallet_text(wallet), amount_text(*amount));
    let cadence = if *cadence == Period::Month { "month" } else { "year" };
    write!(f, "recurring {wallet} {id} {amount} {cadence} priority {priority}")?;
    anchor.map_or(Ok(()), |anchor| write!(f, " from {}", instant_text(anchor)))
}

fn tell_read(f: &mut Formatter<'_>, read: &Read) -> fmt::Result {
    match read {
        Read::Totals(wallet) => write!(f, "read totals {}", wallet_text(wallet)),
        Read::At(wallet, at) => {
            write!(f, "read at {} {}", wallet_text(wallet), instant_text(*at))
        }
        Read::Grants { customer, resource, currency, page } => {
            write!(f, "read grants {customer} pages {page}")?;
            tell_scope(f, resource.as_ref(), currency.as_ref())
        }
        Read::Rows(RowsRead { customer, resource, currency, kinds, reservation, page }) => {
            write!(f, "read rows {customer} pages {page}")?;
            tell_scope(f, resource.as_ref(), currency.as_ref())?;
            if let Some(reservation) = reservation {
                write!(f, " reservation {reservation}")?;
            }
            let names = KINDS.iter().filter(|(kind, _)| kinds.contains(kind));
            names.into_iter().try_for_each(|(_, name)| write!(f, " {name}"))
        }
    }
}

fn tell_scope(
    f: &mut Formatter<'_>,
    resource: Option<&String>,
    currency: Option<&String>,
) -> fmt::Result {
    resource.map_or(Ok(()), |resource| write!(f, " resource {resource}"))?;
    currency.map_or(Ok(()), |currency| write!(f, " currency {currency}"))
}
