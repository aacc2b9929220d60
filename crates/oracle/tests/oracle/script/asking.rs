//! What the lines of an example ask for.

use std::collections::BTreeMap;

use scrip_oracle::{
    Change, Consume, Edit, Extend, Grant, GrantKind, InvoiceRefund, Overdraft, Payment, Period,
    Price, Recharge, Recurring, Refund, Release, Request, Reserve, Short, Threshold, Undone,
    made_id,
};

use super::Script;
use crate::words::{Words, amount, grant_name, instant};

impl Script {
    pub(super) fn request(&mut self, verb: &str, words: &mut Words, items: &[&str]) -> Request {
        match verb {
            "create" | "archive" | "unarchive" => {
                let kind = words.next();
                let id = words.next().to_owned();
                match (verb, kind) {
                    ("create", "customer") => Request::CreateCustomer(id),
                    ("archive", "customer") => Request::ArchiveCustomer(id),
                    ("unarchive", "customer") => Request::UnarchiveCustomer(id),
                    ("create", "currency") => Request::CreateCurrency(id),
                    ("archive", "currency") => Request::ArchiveCurrency(id),
                    ("unarchive", "currency") => Request::UnarchiveCurrency(id),
                    _ => panic!("{verb} {kind}"),
                }
            }
            "grant" => Request::Grant(self.grant(words)),
            "void" => Request::Void(self.grant_id(words.next())),
            "edit" => {
                let id = self.grant_id(words.next());
                Request::Edit(Edit { id, change: self.change(words) })
            }
            "consume" => Request::Consume(self.consume(words)),
            "batch" => {
                let consumptions = items.iter().map(|item| self.consume(&mut Words::new(item)));
                Request::Batch(consumptions.collect())
            }
            "reserve" => Request::Reserve(self.reserve(words)),
            "overdraft" => {
                let id = words.next().to_owned();
                let says = match words.next() {
                    "allow" => Overdraft::Allow,
                    "deny" => Overdraft::Deny,
                    _ => Overdraft::Unset,
                };
                Request::SetOverdraft(id, says)
            }
            "price" => Request::SetPrice(words.next().to_owned(), price(words)),
            "recharge" => Request::SetRecharge(self.recharge(words)),
            "recurring" => Request::PutRecurring(self.recurring(words)),
            "remove" => Request::RemoveRecurring(self.wallet.clone(), words.next().to_owned()),
            "extend" => {
                let (wallet, reservation) = (self.wallet.clone(), words.next().to_owned());
                assert!(words.has("until"), "the end");
                let expires_at = words.instant(self.now);
                Request::Extend(Extend { wallet, reservation, expires_at })
            }
            "release" => Request::Release(Release {
                wallet: self.wallet.clone(),
                reservation: words.next().to_owned(),
                consumed: words.amount(),
            }),
            "refund" => Request::Refund(self.refund(words)),
            "money-back" => Request::RefundInvoice(self.money_back(words)),
            "move-clock" => Request::MoveClock(words.instant(self.now)),
            _ => panic!("unknown word {verb}"),
        }
    }

    fn grant(&self, words: &mut Words) -> Grant {
        let id = words.next().to_owned();
        let kind = match words.next() {
            "promotional" => GrantKind::Promotional,
            "recurring" => GrantKind::Recurring,
            "paid" => GrantKind::Paid,
            kind => panic!("kind {kind}"),
        };
        let mut grant = Grant {
            wallet: self.wallet.clone(),
            id,
            kind,
            amount: words.amount(),
            priority: 50,
            effective_at: None,
            expire_at: None,
            cost: 0,
            payment: Payment::Nothing,
        };
        while !words.is_empty() {
            match words.next() {
                "cost" => grant.cost = words.amount(),
                "invoiced" => grant.payment = Payment::PaidInvoice,
                "priority" => grant.priority = words.next().parse().unwrap(),
                "from" => grant.effective_at = Some(words.instant(self.now)),
                "until" => grant.expire_at = Some(words.instant(self.now)),
                word => panic!("grant with {word}"),
            }
        }
        grant
    }

    fn change(&self, words: &mut Words) -> Change {
        let mut change = Change::default();
        while !words.is_empty() {
            match words.next() {
                "priority" => change.priority = Some(words.next().parse().unwrap()),
                "until" if words.has("never") => change.expire_at = Some(None),
                "until" => change.expire_at = Some(Some(words.instant(self.now))),
                "name" => change.display_name = Some(words.next().to_owned()),
                word => panic!("edit of {word}"),
            }
        }
        change
    }

    fn consume(&mut self, words: &mut Words) -> Consume {
        self.keys += 1;
        let mut consume = Consume {
            wallet: self.wallet.clone(),
            key: format!("key {}", self.keys),
            amount: words.amount(),
            created_at: None,
            dimensions: BTreeMap::new(),
            short: Short::Overdraft,
        };
        while !words.is_empty() {
            match words.next() {
                "key" => consume.key = words.next().to_owned(),
                "created" => consume.created_at = Some(words.instant(self.now)),
                "reject" => consume.short = Short::Reject,
                "unsaid" => consume.short = Short::Unsaid,
                "for" => {
                    consume.dimensions.insert("team".to_owned(), words.next().to_owned());
                }
                "by" => consume.wallet.customer = words.next().to_owned(),
                word => panic!("consumption with {word}"),
            }
        }
        consume
    }

    fn reserve(&self, words: &mut Words) -> Reserve {
        Reserve {
            wallet: self.wallet.clone(),
            reservation: words.next().to_owned(),
            amount: words.amount(),
            expires_at: if words.has("until") {
                words.instant(self.now)
            } else {
                instant("+1h", self.now)
            },
        }
    }

    fn grant_id(&self, word: &str) -> String {
        made_id(&self.wallet, &grant_name(word))
    }

    /// `refund K 5`, `refund reservation R`, `refund K key r`: without an amount what is left.
    fn refund(&mut self, words: &mut Words) -> Refund {
        self.keys += 1;
        let of = match words.has("reservation") {
            true => Undone::Reservation(words.next().to_owned()),
            false => Undone::Consumption(words.next().to_owned()),
        };
        let (wallet, key) = (self.wallet.clone(), format!("key {}", self.keys));
        let mut refund = Refund { wallet, key, of, amount: None };
        while !words.is_empty() {
            match words.next() {
                "key" => refund.key = words.next().to_owned(),
                word => refund.amount = Some(amount(word)),
            }
        }
        refund
    }

    /// `money-back A 3.33`, `money-back A 3.33 key r`.
    fn money_back(&mut self, words: &mut Words) -> InvoiceRefund {
        self.keys += 1;
        let (grant, amount) = (self.grant_id(words.next()), words.amount());
        let key = match words.has("key") {
            true => words.next().to_owned(),
            false => format!("key {}", self.keys),
        };
        InvoiceRefund { grant, amount, key }
    }

    /// `recurring basic 100 month from 2026-01-31 priority 5`.
    fn recurring(&self, words: &mut Words) -> Recurring {
        let (wallet, id, amount) = (self.wallet.clone(), words.next().to_owned(), words.amount());
        let cadence = match words.next() {
            "month" => Period::Month,
            "year" => Period::Year,
            word => panic!("each {word}"),
        };
        let mut recurring = Recurring { wallet, id, amount, cadence, anchor: None, priority: 50 };
        while !words.is_empty() {
            match words.next() {
                "from" => recurring.anchor = Some(words.instant(self.now)),
                "priority" => recurring.priority = words.next().parse().unwrap(),
                word => panic!("recurring with {word}"),
            }
        }
        recurring
    }

    /// `recharge on below 20 to 50 limit 100 price 0.01 usd year`; `below 20 money`.
    fn recharge(&self, words: &mut Words) -> Recharge {
        let mut recharge = Recharge {
            wallet: self.wallet.clone(),
            is_enabled: words.next() == "on",
            threshold: Threshold::Credits(0),
            target: 0,
            spend_limit: None,
            lasts: Period::Month,
            price: None,
        };
        while !words.is_empty() {
            match words.next() {
                "below" => {
                    let threshold = words.amount();
                    recharge.threshold = match words.has("money") {
                        true => Threshold::Money(threshold),
                        false => Threshold::Credits(threshold),
                    };
                }
                "to" => recharge.target = words.amount(),
                "limit" => recharge.spend_limit = Some(words.amount()),
                "price" => recharge.price = price(words),
                "year" => recharge.lasts = Period::Year,
                word => panic!("recharge with {word}"),
            }
        }
        recharge
    }
}

/// `0.01 usd`, or `none`.
fn price(words: &mut Words) -> Option<Price> {
    if words.has("none") {
        return None;
    }
    Some(Price { amount: words.amount(), currency: words.next().to_owned() })
}
