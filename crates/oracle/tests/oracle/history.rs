//! Random histories by seed: small numbers, so that everything meets everything.

use std::collections::BTreeMap;

use scrip_oracle::{
    Amount, CREDIT, Change, Consume, Edit, Extend, Grant, GrantKind, Instant, InvoiceRefund,
    Overdraft, Payment, Period, Price, Recharge, Recurring, Refund, Release, Request, Reserve,
    Short, Threshold, Undone, WalletName, overdraft_id,
};

/// A step: what the clock shows, and what is asked.
pub struct Step {
    pub now: Instant,
    pub request: Request,
}

/// What grants cost that are paid by an invoice.
const COSTS: [Amount; 4] = [10 * CREDIT, CREDIT / 100, 99_990_000_000, CREDIT / 3];

/// How a history's clock goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    Forward,
    AlsoBack,
}

/// Numbers by a seed, the same everywhere.
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Below a bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn instant_near(&mut self, now: Instant, distance: u64) -> Instant {
        now + Instant::try_from(self.below(distance)).unwrap()
            - Instant::try_from(distance / 8).unwrap()
    }

    /// 0 to 3.
    fn part(&mut self) -> Amount {
        Amount::from(self.below(4))
    }

    fn amount(&mut self) -> Amount {
        match self.below(6) {
            0 => 1,
            1 => CREDIT / 3,
            _ => Amount::from(self.below(40) + 1) * CREDIT,
        }
    }
}

/// The customer's two wallets.
pub fn wallets() -> [WalletName; 2] {
    [None, Some("gpu".to_owned())].map(|resource| WalletName {
        customer: "acme".to_owned(),
        currency: "credits".to_owned(),
        resource,
    })
}

/// A history that begins with a customer and a currency.
pub fn history(seed: u64, steps: usize, clock: Clock) -> Vec<Step> {
    let mut numbers = Numbers::new(seed);
    let mut now = 1_800_000_000_000;
    let mut history = vec![
        Step { now, request: Request::CreateCustomer("acme".to_owned()) },
        Step { now, request: Request::CreateCurrency("credits".to_owned()) },
    ];
    for _ in 0..steps {
        now += match numbers.below(10) {
            0..4 => 0,
            4 => 1,
            9 if clock == Clock::AlsoBack => -Instant::try_from(numbers.below(400)).unwrap(),
            _ => Instant::try_from(numbers.below(300)).unwrap(),
        };
        history.push(Step { now, request: request(&mut numbers, now) });
    }
    history
}

fn request(numbers: &mut Numbers, now: Instant) -> Request {
    let [own, gpu] = wallets();
    let wallet = if numbers.below(4) == 0 { gpu } else { own };
    match numbers.below(60) {
        54.. => money_back(numbers),
        49..53 => Request::PutRecurring(Recurring {
            wallet,
            id: format!("p{}", numbers.below(4)),
            amount: numbers.amount(),
            cadence: if numbers.below(2) == 0 { Period::Month } else { Period::Year },
            anchor: (numbers.below(2) == 0).then(|| numbers.instant_near(now, 900)),
            priority: u8::try_from(numbers.below(3)).unwrap(),
        }),
        53 => Request::RemoveRecurring(wallet, format!("p{}", numbers.below(4))),
        46..49 => Request::SetRecharge(recharge(numbers, wallet)),
        39.. => Request::Extend(Extend {
            wallet,
            reservation: format!("r{}", numbers.below(9)),
            expires_at: numbers.instant_near(now, 1_500),
        }),
        38 => {
            let says = [Overdraft::Allow, Overdraft::Deny, Overdraft::Unset];
            let says = says[usize::try_from(numbers.below(3)).unwrap()];
            Request::SetOverdraft("credits".to_owned(), says)
        }
        0..6 => Request::Grant(grant(numbers, wallet, now)),
        6..11 => Request::Consume(consume(numbers, wallet, now)),
        11..15 => Request::Reserve(reserve(numbers, wallet, now)),
        33.. => Request::Refund(refund(numbers, wallet)),
        15..18 | 27.. => Request::Release(Release {
            wallet,
            reservation: format!("r{}", numbers.below(9)),
            consumed: if numbers.below(5) == 0 { 0 } else { numbers.amount() },
        }),
        18 | 23 | 24 | 25 => Request::Void(grant_id(numbers, &wallet)),
        19 | 20 => Request::Edit(Edit {
            id: grant_id(numbers, &wallet),
            change: Change {
                priority: (numbers.below(2) == 0).then(|| u8::try_from(numbers.below(3)).unwrap()),
                expire_at: match numbers.below(4) {
                    0 => Some(None),
                    1 | 2 => Some(Some(numbers.instant_near(now, 900))),
                    _ => None,
                },
                display_name: None,
            },
        }),
        21 => {
            let count = numbers.below(4) + 1;
            let items = (0..count).map(|_| consume(numbers, wallet.clone(), now));
            Request::Batch(items.collect())
        }
        22 => match numbers.below(6) {
            0 => Request::ArchiveCustomer("acme".to_owned()),
            1 => Request::ArchiveCurrency("credits".to_owned()),
            2 => Request::CreateCurrency("credits".to_owned()),
            3 => Request::UnarchiveCurrency("credits".to_owned()),
            _ => Request::UnarchiveCustomer("acme".to_owned()),
        },
        _ => Request::UnarchiveCustomer("acme".to_owned()),
    }
}

fn grant(numbers: &mut Numbers, wallet: WalletName, now: Instant) -> Grant {
    let kinds = [GrantKind::Promotional, GrantKind::Recurring, GrantKind::Paid];
    let is_now = numbers.below(2) == 0;
    let never_ends = numbers.below(3) == 0;
    let is_invoiced = numbers.below(2) == 0;
    Grant {
        wallet,
        id: format!("g{}", numbers.below(24)),
        kind: kinds[usize::try_from(numbers.below(3)).unwrap()],
        amount: numbers.amount(),
        priority: u8::try_from(numbers.below(3)).unwrap(),
        effective_at: (!is_now).then(|| numbers.instant_near(now, 600)),
        expire_at: (!never_ends).then(|| numbers.instant_near(now, 1_200)),
        cost: COSTS[usize::try_from(numbers.below(4)).unwrap()],
        payment: if is_invoiced { Payment::PaidInvoice } else { Payment::Nothing },
    }
}

fn consume(numbers: &mut Numbers, wallet: WalletName, now: Instant) -> Consume {
    Consume {
        wallet,
        key: format!("k{}", numbers.below(60)),
        amount: numbers.amount(),
        created_at: (numbers.below(6) == 0).then(|| numbers.instant_near(now, 900_000)),
        dimensions: BTreeMap::new(),
        short: match numbers.below(4) {
            0 => Short::Reject,
            1 => Short::Unsaid,
            _ => Short::Overdraft,
        },
    }
}

fn recharge(numbers: &mut Numbers, wallet: WalletName) -> Recharge {
    let threshold = numbers.amount();
    Recharge {
        wallet,
        is_enabled: numbers.below(4) > 0,
        threshold: match numbers.below(2) {
            0 => Threshold::Credits(threshold),
            _ => Threshold::Money(threshold),
        },
        target: threshold + numbers.amount(),
        spend_limit: (numbers.below(2) == 0).then(|| 3 * numbers.amount()),
        lasts: if numbers.below(2) == 0 { Period::Month } else { Period::Year },
        price: (numbers.below(5) > 0).then(|| Price { amount: CREDIT, currency: "usd".to_owned() }),
    }
}

fn refund(numbers: &mut Numbers, wallet: WalletName) -> Refund {
    Refund {
        wallet,
        key: format!("f{}", numbers.below(60)),
        of: match numbers.below(4) {
            0 => Undone::Reservation(format!("r{}", numbers.below(9))),
            _ => Undone::Consumption(format!("k{}", numbers.below(60))),
        },
        amount: (numbers.below(3) > 0).then(|| numbers.amount()),
    }
}

/// Money back of some grant.
pub fn money_back(numbers: &mut Numbers) -> Request {
    let cost = COSTS[usize::try_from(numbers.below(4)).unwrap()];
    Request::RefundInvoice(InvoiceRefund {
        grant: format!("g{}", numbers.below(24)),
        amount: cost / (1 + numbers.part()),
        key: format!("m{}", numbers.below(400)),
    })
}

fn reserve(numbers: &mut Numbers, wallet: WalletName, now: Instant) -> Reserve {
    Reserve {
        wallet,
        reservation: format!("r{}", numbers.below(9)),
        amount: numbers.amount(),
        expires_at: numbers.instant_near(now, 1_500),
    }
}

fn grant_id(numbers: &mut Numbers, wallet: &WalletName) -> String {
    match numbers.below(8) {
        0 => overdraft_id(wallet, 1),
        _ => format!("g{}", numbers.below(24)),
    }
}
