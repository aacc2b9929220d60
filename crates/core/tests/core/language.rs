//! The language of scenarios: one line, one step, in the words of the domain.
//!
//! ```text
//! at 01-01  grant A 100 paid priority 1 from 01-05 expires 02-01 pending
//!           consume 120 attributed 01-01 or reject as c1
//!           reserve job 30 until 01-03
//!           release job 20
//!           refund c1 5 · refund c1 all · refund job 5
//!           return A 40
//!           void A · pay A · advance
//!           edit A priority 3 expires never comment hello
//!           recharge below 20 to 50 price 0.01 usd limit 5 for month
//!           decline recharge (its grant)
//!           recharge off · recurring basic 100 monthly anchor 01-31 priority 3 · end basic
//!           archive · unarchive · charging
//!           balance · grants · kept · recharging
//! ```
//!
//! Instants are of 2026 unless a year is written. A line without `at` happens at the instant of the
//! line before.

use std::str::SplitWhitespace;

use scrip_core::{
    Cadence, Circumstances, Credits, GrantChange, GrantPeriod, GrantType, Money, MoneyAmount,
    MoneyCurrency, NewGrant, OnInsufficient, PaymentState, Priority, RechargeSetting,
    RecurringGrantId, SetRenewal, Threshold, Timestamp,
};

use crate::world::{credits, instant, new_grant};

/// One line.
pub struct Step {
    pub at: Option<Timestamp>,
    pub verb: Verb,
}

pub enum Verb {
    Grant {
        name: String,
        new: Box<NewGrant>,
    },
    Consume {
        amount: Credits,
        on_insufficient: OnInsufficient,
        created_at: Option<Timestamp>,
        key: String,
    },
    /// Of a consumption or a reservation; without an amount all that is left.
    Refund {
        name: String,
        amount: Option<Credits>,
    },
    Reserve {
        name: String,
        amount: Credits,
        until: Timestamp,
    },
    Release {
        name: String,
        consumed: Credits,
    },
    Void {
        grant: String,
    },
    /// The charge of a recharge's grant is declined.
    Decline {
        grant: String,
    },
    /// So many of its credits are to be gone in all.
    ReturnMoney {
        grant: String,
        target: Credits,
    },
    Edit {
        grant: String,
        change: GrantChange,
    },
    Pay {
        grant: String,
    },
    SetRecharge(RechargeSetting),
    SetRenewal(SetRenewal),
    EndRenewal(String),
    /// From now on customer or currency is archived, or both live, or charges are open at first.
    Circumstances(Circumstances),
    Advance,
    /// Prints how the wallet recharges.
    Recharging,
    /// Prints the balance.
    Balance,
    /// Prints every grant that there ever was.
    Grants,
    /// Prints the names of the grants that are in the wallet.
    Kept,
}

/// Reads a line; panics with the line if it is none.
pub fn parse(line: &str) -> Step {
    Line { words: line.split_whitespace(), line }.step()
}

struct Line<'a> {
    words: SplitWhitespace<'a>,
    line: &'a str,
}

impl<'a> Line<'a> {
    fn step(mut self) -> Step {
        let mut verb = self.word();
        let mut at = None;
        if verb == "at" {
            at = Some(self.instant());
            verb = self.word();
        }
        let verb = match verb {
            "grant" => self.grant(),
            "consume" => self.consume(),
            "reserve" => {
                let (name, amount) = (self.name(), self.amount());
                self.expect("until");
                Verb::Reserve { name, amount, until: self.instant() }
            }
            "release" => Verb::Release { name: self.name(), consumed: self.amount() },
            "refund" => {
                let (name, amount) = (self.name(), self.word());
                Verb::Refund { name, amount: (amount != "all").then(|| credits(amount)) }
            }
            "decline" => Verb::Decline { grant: self.name() },
            "void" => Verb::Void { grant: self.name() },
            "return" => Verb::ReturnMoney { grant: self.name(), target: self.amount() },
            "edit" => self.edit(),
            "pay" => Verb::Pay { grant: self.name() },
            "recharge" => Verb::SetRecharge(self.recharge()),
            "recurring" => Verb::SetRenewal(self.renewal()),
            "end" => Verb::EndRenewal(self.name()),
            "archive" => Verb::Circumstances(Circumstances::RESTING),
            "unarchive" => Verb::Circumstances(Circumstances::LIVE),
            "charging" => Verb::Circumstances(Circumstances {
                recharges: Some(PaymentState::Pending),
                ..Circumstances::LIVE
            }),
            "advance" => Verb::Advance,
            "recharging" => Verb::Recharging,
            "balance" => Verb::Balance,
            "grants" => Verb::Grants,
            "kept" => Verb::Kept,
            other => self.unknown(other),
        };
        let rest = self.words.next();
        assert_eq!(rest, None, "too many words in {:?}", self.line);
        Step { at, verb }
    }

    fn grant(&mut self) -> Verb {
        let name = self.name();
        let mut new = Box::new(new_grant(0, self.amount()));
        while let Some(word) = self.words.next() {
            match word {
                "promotional" => new.grant_type = GrantType::Promotional,
                "recurring" => new.grant_type = GrantType::Recurring,
                "paid" => new.grant_type = GrantType::Paid,
                "priority" => new.priority = self.priority(),
                "from" => new.effective_at = Some(self.instant()),
                "expires" => new.expire_at = Some(self.instant()),
                "pending" => new.payment = PaymentState::Pending,
                other => self.unknown(other),
            }
        }
        Verb::Grant { name, new }
    }

    fn consume(&mut self) -> Verb {
        let amount = self.amount();
        let (mut on_insufficient, mut created_at) = (OnInsufficient::Overdraft, None);
        let mut key = "key".to_owned();
        while let Some(word) = self.words.next() {
            match word {
                "or" => {
                    self.expect("reject");
                    on_insufficient = OnInsufficient::Reject;
                }
                "attributed" => created_at = Some(self.instant()),
                "as" => key = self.name(),
                other => self.unknown(other),
            }
        }
        Verb::Consume { amount, on_insufficient, created_at, key }
    }

    fn recharge(&mut self) -> RechargeSetting {
        let mut setting = RechargeSetting {
            is_enabled: true,
            threshold: Threshold::Credits(Credits::ZERO),
            target: Credits::ZERO,
            spend_limit: None,
            grant_period: GrantPeriod::OneYear,
            unit_cost: None,
        };
        while let Some(word) = self.words.next() {
            match word {
                "off" => setting.is_enabled = false,
                "below" => setting.threshold = Threshold::Credits(self.amount()),
                "worth" => setting.threshold = Threshold::Money(self.money()),
                "to" => setting.target = self.amount(),
                "price" => {
                    let amount = self.money();
                    let currency = MoneyCurrency::parse(self.word()).unwrap();
                    setting.unit_cost = Some(Money { amount, currency });
                }
                "limit" => setting.spend_limit = Some(self.money()),
                "for" => {
                    self.expect("month");
                    setting.grant_period = GrantPeriod::OneMonth;
                }
                other => self.unknown(other),
            }
        }
        setting
    }

    fn renewal(&mut self) -> SetRenewal {
        let mut terms = SetRenewal {
            id: RecurringGrantId::parse(self.word()).unwrap(),
            amount: self.amount(),
            cadence: Cadence::Month,
            anchor: None,
            priority: Priority::DEFAULT,
        };
        while let Some(word) = self.words.next() {
            match word {
                "monthly" => terms.cadence = Cadence::Month,
                "yearly" => terms.cadence = Cadence::Year,
                "anchor" => terms.anchor = Some(self.instant()),
                "priority" => terms.priority = self.priority(),
                other => self.unknown(other),
            }
        }
        terms
    }

    fn money(&mut self) -> MoneyAmount {
        MoneyAmount::parse(self.word()).unwrap()
    }

    fn edit(&mut self) -> Verb {
        let grant = self.name();
        let mut change = GrantChange::default();
        while let Some(word) = self.words.next() {
            match word {
                "priority" => change.priority = Some(self.priority()),
                "comment" => change.comment = Some(Some(self.name())),
                "expires" => {
                    let until = self.word();
                    change.expire_at = Some((until != "never").then(|| read_instant(until)));
                }
                other => self.unknown(other),
            }
        }
        Verb::Edit { grant, change }
    }

    fn word(&mut self) -> &'a str {
        self.words.next().unwrap_or_else(|| panic!("a word is missing in {:?}", self.line))
    }

    fn expect(&mut self, expected: &str) {
        assert_eq!(self.word(), expected, "in {:?}", self.line);
    }

    fn name(&mut self) -> String {
        self.word().to_owned()
    }

    fn amount(&mut self) -> Credits {
        credits(self.word())
    }

    fn instant(&mut self) -> Timestamp {
        read_instant(self.word())
    }

    fn priority(&mut self) -> Priority {
        Priority::new(self.word().parse().unwrap()).unwrap()
    }

    fn unknown(&self, word: &str) -> ! {
        panic!("{word:?} means nothing in {:?}", self.line)
    }
}

/// `01-31`, `01-31T12:30`, or with a year before it.
fn read_instant(text: &str) -> Timestamp {
    let has_year = text.split('-').next().is_some_and(|first| first.len() == 4);
    if has_year { instant(text) } else { instant(&format!("2026-{text}")) }
}

/// The same, printed: as short as it is exact.
pub fn print_instant(at: Timestamp) -> String {
    let text = at.to_string();
    let short = text.strip_prefix("2026-").unwrap_or(&text);
    let short = short.strip_suffix('Z').unwrap_or(short);
    let shorter = [".000", ":00", "T00:00"];
    let short =
        shorter.into_iter().try_fold(short, |text, zero| text.strip_suffix(zero).ok_or(text));
    short.unwrap_or_else(|exact| exact).to_owned()
}
