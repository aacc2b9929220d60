//! Random histories of one wallet: every command, on a coarse grid of instants and amounts, so that
//! expiries, timeouts and exact fits fall together often.

use proptest::prelude::*;
use scrip_core::{
    Command, Credits, Dimension, GrantChange, GrantId, GrantType, OnInsufficient, PaymentState,
    Priority, Release, ReservationId, Timestamp, Words,
};

use crate::world::{World, instant, new_consumption, new_grant, new_hold, reservation};

const HOUR_MILLISECONDS: i64 = 60 * 60 * 1_000;

/// What somebody asks for; grants and reservations are picked among those that exist.
#[derive(Clone, Debug)]
pub enum Deed {
    Grant {
        kind: GrantType,
        amount: Credits,
        priority: u8,
        times: Times,
        pending: bool,
    },
    Consume {
        amount: Credits,
        reject: bool,
        attributed_hours: Option<i64>,
    },
    Reserve {
        amount: Credits,
        hours: i64,
    },
    Release {
        pick: usize,
        consumed: Credits,
    },
    Refund {
        pick: usize,
        of_release: bool,
        amount: Option<Credits>,
    },
    /// So many quarters of the grant's credits are to be gone in all.
    ReturnMoney {
        pick: usize,
        quarters: i128,
    },
    Void {
        pick: usize,
    },
    Edit {
        pick: usize,
        priority: Option<u8>,
        expires_hours: Option<Option<i64>>,
    },
    Pay {
        pick: usize,
    },
    Advance,
}

/// Hours from now.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    pub effective: Option<i64>,
    pub expire: Option<i64>,
}

/// A deed some hours after the one before.
#[derive(Clone, Debug)]
pub struct Moment {
    pub wait_hours: i64,
    pub deed: Deed,
}

/// Histories of up to this many moments.
pub fn histories(moments_max: usize) -> impl Strategy<Value = Vec<Moment>> {
    prop::collection::vec(moment(), 1..=moments_max)
}

fn moment() -> impl Strategy<Value = Moment> {
    let wait = prop_oneof![6 => Just(0_i64), 4 => 1..6_i64, 1 => 6..72_i64, 1 => -3..0_i64];
    (wait, deed()).prop_map(|(wait_hours, deed)| Moment { wait_hours, deed })
}

fn deed() -> impl Strategy<Value = Deed> {
    let hours = || prop::option::of(-2..30_i64);
    let times = (hours(), prop::option::weighted(0.5, -1..48_i64))
        .prop_map(|(effective, expire)| Times { effective, expire });
    let kind =
        prop::sample::select(vec![GrantType::Promotional, GrantType::Recurring, GrantType::Paid]);
    let grant = (kind, amount(), 49..=51_u8, times, prop::bool::weighted(0.2)).prop_map(
        |(kind, amount, priority, times, pending)| Deed::Grant {
            kind,
            amount,
            priority,
            times,
            pending,
        },
    );
    let consume = (amount(), prop::bool::weighted(0.3), prop::option::of(-9_700..1_i64)).prop_map(
        |(amount, reject, attributed_hours)| Deed::Consume { amount, reject, attributed_hours },
    );
    let reserve =
        (amount(), 0..=25_i64).prop_map(|(amount, hours)| Deed::Reserve { amount, hours });
    let nothing_or_more = prop_oneof![1 => Just(Credits::ZERO), 4 => amount()];
    let release = (any::<usize>(), nothing_or_more)
        .prop_map(|(pick, consumed)| Deed::Release { pick, consumed });
    let expires = prop::option::of(prop::option::weighted(0.7, -2..40_i64));
    let edit = (any::<usize>(), prop::option::of(0..=100_u8), expires)
        .prop_map(|(pick, priority, expires_hours)| Deed::Edit { pick, priority, expires_hours });
    let refund = (any::<usize>(), prop::bool::weighted(0.3), prop::option::weighted(0.6, amount()))
        .prop_map(|(pick, of_release, amount)| Deed::Refund { pick, of_release, amount });
    let money_back = (any::<usize>(), 0..=5_i128)
        .prop_map(|(pick, quarters)| Deed::ReturnMoney { pick, quarters });
    prop_oneof![
        4 => money_back,
        5 => refund,
        6 => grant,
        6 => consume,
        6 => reserve,
        5 => release,
        3 => any::<usize>().prop_map(|pick| Deed::Void { pick }),
        4 => edit,
        2 => any::<usize>().prop_map(|pick| Deed::Pay { pick }),
        1 => Just(Deed::Advance),
    ]
}

/// Whole and half credits meet often; billionths now and then.
fn amount() -> impl Strategy<Value = Credits> {
    prop_oneof![
        8 => (1..=60_i64).prop_map(Credits::whole),
        2 => (1..=9_i128).prop_map(|halves| Credits::from_billionths(halves * 500_000_000)),
        1 => (1..=9_999_999_999_i128).prop_map(Credits::from_billionths),
    ]
}

/// A world that lives through a history.
pub struct Life {
    pub world: World,
    pub now: Timestamp,
    grants: u64,
    reservations: Vec<ReservationId>,
    consumptions: u64,
}

impl Life {
    pub fn new() -> Self {
        Self {
            world: World::new(),
            now: instant("2026-01-01"),
            grants: 0,
            reservations: Vec::new(),
            consumptions: 0,
        }
    }

    /// A whole history, audited after every command.
    pub fn through(history: &[Moment]) -> Self {
        let mut life = Self::new();
        for moment in history {
            let command = life.command(moment);
            life.world.execute(&command, life.now);
        }
        life
    }

    /// What the moment asks for. Time goes on (or back); a late settlement is recognised as one.
    pub fn command(&mut self, moment: &Moment) -> Command {
        self.now = self.hours(moment.wait_hours);
        match moment.deed.clone() {
            Deed::Grant { kind, amount, priority, times, pending } => {
                self.grants += 1;
                let mut new = new_grant(self.grants, amount);
                new.grant_type = kind;
                new.priority = Priority::new(priority).unwrap();
                new.effective_at = times.effective.map(|hours| self.hours(hours));
                new.expire_at = times.expire.map(|hours| self.hours(hours));
                new.payment = if pending { PaymentState::Pending } else { PaymentState::Settled };
                let display_name = Some(format!("grant {}", self.grants));
                new.words = Words { display_name, ..Words::default() };
                Command::Grant(new)
            }
            Deed::Consume { amount, reject, attributed_hours } => {
                self.consumptions += 1;
                let mut consume = new_consumption(&self.consumptions.to_string(), amount);
                consume.created_at = attributed_hours.map(|hours| self.hours(hours));
                if reject {
                    consume.on_insufficient = OnInsufficient::Reject;
                    consume.dimensions = [("model", Dimension::Text("gpt".into()))].into();
                }
                Command::Consume(consume)
            }
            Deed::Reserve { amount, hours } => {
                let name = reservation(&format!("job {}", self.reservations.len()));
                let until = self.hours(hours);
                let reserve = new_hold(name.as_str(), amount, until);
                self.reservations.push(name);
                Command::Reserve(reserve)
            }
            Deed::Release { pick, consumed } => match self.reservations.len() {
                0 => Command::Advance,
                count => {
                    let reservation = self.reservations[pick % count].clone();
                    self.world.settlement(Release { reservation, consumed }, self.now)
                }
            },
            Deed::Refund { pick, of_release, amount } => {
                let reservations = self.reservations.len();
                if of_release && reservations > 0 {
                    let name = self.reservations[pick % reservations].clone();
                    self.world.refund(name.as_str(), amount)
                } else {
                    let number = pick as u64 % (self.consumptions + 1);
                    self.world.refund(&number.to_string(), amount)
                }
            }
            Deed::ReturnMoney { pick, quarters } => {
                let id = self.pick(pick);
                let grants = self.world.all_grants();
                let amount = grants.iter().find(|grant| grant.name.id == id);
                let amount = amount.map_or(0, |grant| grant.amount.billionths());
                self.world.return_money(id, Credits::from_billionths(amount * quarters / 4))
            }
            Deed::Void { pick } => self.world.void(self.pick(pick)),
            Deed::Edit { pick, priority, expires_hours } => {
                let priority = priority.and_then(Priority::new);
                let expire_at = expires_hours.map(|inner| inner.map(|hours| self.hours(hours)));
                let change = GrantChange { priority, expire_at, ..GrantChange::default() };
                self.world.edit(self.pick(pick), change)
            }
            Deed::Pay { pick } => Command::ConfirmPayment(self.pick(pick)),
            Deed::Advance => Command::Advance,
        }
    }

    fn hours(&self, hours: i64) -> Timestamp {
        self.now.later(hours * HOUR_MILLISECONDS)
    }

    /// One of the grants that were asked for; overdrafts are tried too.
    fn pick(&self, pick: usize) -> GrantId {
        let all = self.world.all_grants();
        if all.is_empty() { GrantId::mint(0, 0) } else { all[pick % all.len()].name.id }
    }
}
