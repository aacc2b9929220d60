//! The language of the examples: what is asked, line by line, and what is expected.

mod asking;

use std::collections::BTreeMap;

use scrip_oracle::{
    Answer, Denied, EventKind, GrantState, Instant, Oracle, Part, Request, RowView, Settings,
    WalletName,
};

use crate::conservation;
use crate::words::{Words, amount, event_kind, grant_name, instant};

/// An example while it runs.
pub struct Script {
    oracle: Oracle,
    now: Instant,
    wallet: WalletName,
    answer: Option<Result<Answer, Denied>>,
    /// How many rows of each wallet were expected already.
    rows_seen: BTreeMap<WalletName, usize>,
    /// Consumptions without a key get one of their own.
    keys: usize,
}

/// Runs an example: a line that is indented belongs to the one above.
pub fn run(text: &str) {
    let mut script = Script {
        oracle: Oracle::new(Settings::default()),
        now: instant("2026-01-01", 0),
        wallet: WalletName {
            customer: "acme".to_owned(),
            currency: "credits".to_owned(),
            resource: None,
        },
        answer: None,
        rows_seen: BTreeMap::new(),
        keys: 0,
    };
    script.ask(Request::CreateCustomer("acme".to_owned())).unwrap();
    script.ask(Request::CreateCurrency("credits".to_owned())).unwrap();
    let lines: Vec<&str> = text
        .lines()
        .map(|line| line.split('#').next().unwrap().trim_end())
        .filter(|line| !line.is_empty())
        .collect();
    let mut next = 0;
    while next < lines.len() {
        let line = lines[next];
        next += 1;
        let mut items = Vec::new();
        while next < lines.len() && lines[next].starts_with(' ') {
            items.push(lines[next]);
            next += 1;
        }
        println!("{line}");
        script.line(line, &items);
        conservation::check_all(&script.oracle, script.now);
    }
}

impl Script {
    fn line(&mut self, line: &str, items: &[&str]) {
        let (line, denied) = match line.split_once("->") {
            Some((line, denied)) => (line, Some(denied.trim().to_owned())),
            None => (line, None),
        };
        let mut words = Words::new(line);
        match words.next() {
            "limits" => self.limits(&mut words),
            "clock" => self.now = words.instant(self.now),
            "touch" => self.oracle.touch(&self.wallet, self.now),
            "wallet" if words.is_empty() => self.wallet.resource = None,
            "wallet" => self.wallet.resource = Some(words.next().to_owned()),
            "customer" => self.wallet.customer = words.next().to_owned(),
            "currency" => self.wallet.currency = words.next().to_owned(),
            "expect" => self.expect(&mut words, items),
            verb => {
                let request = self.request(verb, &mut words, items);
                let result = self.ask(request);
                let found = result.err().map(|denied| format!("{denied:?}"));
                assert_eq!(found, denied, "refused");
            }
        }
        assert!(words.is_empty(), "more words than meaning: {line}");
    }

    fn ask(&mut self, request: Request) -> Result<Answer, Denied> {
        let answer = self.oracle.ask(&request, self.now);
        self.answer = Some(answer.clone());
        if let (Request::MoveClock(to), Ok(_)) = (request, &answer) {
            self.now = to;
        }
        answer
    }

    fn limits(&mut self, words: &mut Words) {
        let mut settings = Settings::default();
        while !words.is_empty() {
            match words.next() {
                "grants" => settings.unfinished_grants = words.next().parse().unwrap(),
                "holds" => settings.open_holds = words.next().parse().unwrap(),
                "currencies" => settings.live_currencies = words.next().parse().unwrap(),
                "sum" => settings.wallet_sum = words.amount(),
                limit => panic!("limit {limit}"),
            }
        }
        self.oracle = Oracle::new(settings);
        self.ask(Request::CreateCustomer("acme".to_owned())).unwrap();
        self.ask(Request::CreateCurrency("credits".to_owned())).unwrap();
    }

    fn expect(&mut self, words: &mut Words, items: &[&str]) {
        match words.next() {
            "balance" => {
                let totals = self.oracle.totals(&self.wallet, self.now);
                assert_eq!(totals.balance(), words.amount(), "balance");
            }
            "at" => {
                let instant = words.instant(self.now);
                let totals = self.oracle.at(&self.wallet, instant);
                assert_eq!(totals.balance(), words.amount(), "balance in the past");
            }
            "totals" => self.expect_totals(words),
            "used" => {
                let grants = self.oracle.grants(&self.wallet, self.now);
                for pair in words.list() {
                    let grant = grants.iter().find(|grant| grant.name == grant_name(pair[0]));
                    assert_eq!(grant.unwrap().consumed, amount(pair[1]), "used of {}", pair[0]);
                }
            }
            "grants" => {
                let grants = self.oracle.grants(&self.wallet, self.now);
                let names: Vec<_> = grants.into_iter().map(|grant| grant.name).collect();
                let mut expected = Vec::new();
                while !words.is_empty() {
                    expected.push(grant_name(words.next()));
                }
                assert_eq!(names, expected, "grants in order of creation");
            }
            "grant" => self.expect_grant(words),
            "answer" => self.expect_answer(words),
            "no" => assert!(words.has("rows") && self.new_rows().is_empty(), "new rows"),
            "rows" => {
                let rows = self.new_rows();
                for (row, item) in rows.iter().zip(items) {
                    self.expect_row(row, &mut Words::new(item));
                }
                assert_eq!(rows.len(), items.len(), "new rows: {rows:#?}");
            }
            what => panic!("expect {what}"),
        }
    }

    fn expect_totals(&self, words: &mut Words) {
        let totals = self.oracle.totals(&self.wallet, self.now);
        while !words.is_empty() {
            let word = words.next();
            let found = match word {
                "granted" => totals.granted,
                "used" => totals.used,
                "reserved" => totals.reserved,
                "dead" => totals.reserved_on_dead,
                _ => panic!("total {word}"),
            };
            assert_eq!(found, words.amount(), "{word}");
        }
    }

    fn expect_grant(&self, words: &mut Words) {
        let name = grant_name(words.next());
        let grants = self.oracle.grants(&self.wallet, self.now);
        let grant = grants.iter().find(|grant| grant.name == name).expect("the grant");
        while !words.is_empty() {
            match words.next() {
                "scheduled" => assert_eq!(grant.state, GrantState::Scheduled),
                "active" => assert_eq!(grant.state, GrantState::Active),
                "expired" => assert_eq!(grant.state, GrantState::Expired),
                "voided" => assert_eq!(grant.state, GrantState::Voided),
                "consumed" => assert_eq!(grant.consumed, words.amount()),
                "held" => assert_eq!(grant.held, words.amount()),
                "lost" => assert_eq!(grant.lost, words.amount()),
                "amount" => assert_eq!(grant.amount, words.amount()),
                "priority" => assert_eq!(grant.priority.to_string(), words.next()),
                "from" => assert_eq!(grant.effective_at, words.instant(self.now)),
                "until" if words.has("never") => assert_eq!(grant.expire_at, None),
                "until" => assert_eq!(grant.expire_at, Some(words.instant(self.now))),
                "voided-at" => assert_eq!(grant.voided_at, Some(words.instant(self.now))),
                word => panic!("grant that is {word}"),
            }
        }
    }

    fn expect_answer(&self, words: &mut Words) {
        let answer = self.answer.clone().unwrap().unwrap();
        match (words.next(), answer) {
            ("consumed", Answer::Consumed(consumed)) => {
                assert_eq!(consumed.amount, words.amount());
                if words.has("at") {
                    assert_eq!(consumed.attributed_at, words.instant(self.now));
                }
                assert_eq!(consumed.totals, self.oracle.totals(&self.wallet, self.now));
            }
            ("reserved", Answer::Reserved { amount, is_open, expires_at, totals }) => {
                assert_eq!(amount, words.amount());
                assert_eq!(if is_open { "open" } else { "closed" }, words.next());
                if words.has("until") {
                    assert_eq!(expires_at, words.instant(self.now));
                }
                assert_eq!(totals, self.oracle.totals(&self.wallet, self.now));
            }
            ("released", Answer::Released { amount, consumed, totals }) => {
                assert_eq!(amount, words.amount());
                assert_eq!(consumed, words.amount());
                assert_eq!(totals, self.oracle.totals(&self.wallet, self.now));
            }
            ("recharge", Answer::Recharge(recharge)) => {
                assert_eq!(if recharge.is_on { "on" } else { "off" }, words.next());
                assert_eq!(recharge.spent, words.amount(), "spent");
                if words.has("price") {
                    let price = recharge.price.expect("a price");
                    assert_eq!(price.amount, words.amount());
                    assert_eq!(price.currency, words.next());
                }
            }
            ("recurring", Answer::Recurring(recurs)) => {
                assert_eq!(recurs.amount, words.amount());
                assert_eq!(recurs.anchor, words.instant(self.now), "anchor");
                let next = (!words.has("ended")).then(|| words.instant(self.now));
                assert_eq!(recurs.next, next, "next");
            }
            ("refunded", Answer::Refunded(refunded)) => {
                assert_eq!(refunded.amount, words.amount());
                assert_eq!(refunded.refunded, words.amount());
                if words.has("at") {
                    assert_eq!(refunded.at, words.instant(self.now));
                }
                assert_eq!(refunded.totals, self.oracle.totals(&self.wallet, self.now));
            }
            ("invoice", Answer::Invoice(invoice)) => {
                assert_eq!(invoice.refunded, words.amount());
                assert!(words.has("of"), "the total");
                assert_eq!(invoice.total, words.amount());
            }
            ("batch", Answer::Batch(rejected)) => {
                let mut expected = Vec::new();
                while !words.is_empty() {
                    expected.push(format!("{} {}", words.next(), words.next()));
                }
                let found: Vec<_> =
                    rejected.iter().map(|(place, denied)| format!("{place} {denied:?}")).collect();
                assert_eq!(found, expected);
            }
            ("grant", Answer::Grant(view)) => {
                assert_eq!(view.name, grant_name(words.next()));
                let grants = self.oracle.grants(&self.wallet, self.now);
                assert!(grants.contains(&view));
            }
            (word, answer) => panic!("{word} is not {answer:?}"),
        }
    }

    fn new_rows(&mut self) -> Vec<RowView> {
        let rows = self.oracle.rows(&self.wallet, self.now);
        let seen = self.rows_seen.insert(self.wallet.clone(), rows.len()).unwrap_or(0);
        rows[seen..].to_vec()
    }

    fn expect_row(&self, row: &RowView, words: &mut Words) {
        let kind = event_kind(words.next());
        let found = (row.kind, row.grant.clone(), row.amount);
        assert_eq!(found, (kind, grant_name(words.next()), words.amount()), "{row:#?}");
        let recorded_at = if words.has("at") { words.instant(self.now) } else { row.recorded_at };
        assert_eq!(row.recorded_at, recorded_at, "recorded: {row:#?}");
        let attributed_at = if words.has("for") { words.instant(self.now) } else { recorded_at };
        assert_eq!(row.attributed_at, attributed_at, "attributed: {row:#?}");
        let reservation = words.has("of").then(|| words.next().to_owned());
        assert_eq!(row.reservation, reservation, "{row:#?}");
        let hold_returned = words.has("returned").then(|| words.amount());
        assert_eq!(row.hold_returned, hold_returned, "{row:#?}");
        let part_kind = match kind {
            EventKind::ReservationReleased => EventKind::Consumed,
            kind => kind,
        };
        let mut parts = Vec::new();
        if words.has("parts") {
            for pair in words.list() {
                let grant = grant_name(pair[0]);
                parts.push(Part { kind: part_kind, grant, amount: amount(pair[1]) });
            }
        }
        assert_eq!(row.breakdown, parts, "{row:#?}");
        assert!(words.is_empty(), "more words than meaning of {row:#?}");
    }
}
