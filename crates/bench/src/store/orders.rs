//! The orders of the load: customers, grants, and consumptions with identifiers of 20 characters,
//! keys of 36 and two dimensions.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use scrip_core::{
    Actor, Consume, Credits, CurrencyId, CustomerId, Dimension, GrantId, GrantType, IdempotencyKey,
    Money, NewGrant, OnInsufficient, Origin, PaymentState, Priority, Timestamp, TraceId, WalletKey,
    Words, bucket,
};
use scrip_ledger::{
    CreateGrant, NewRecord, Order, PRODUCTION, Payment, RecordKind, WalletConsume, Work,
};
use serde_json::{Map, Value};

use crate::client::filling::priority;
use crate::workload::{self, Among, CURRENCY, customer_id};

/// What each grant gives; no pass uses it up.
pub const GRANTED: Credits = Credits::whole(workload::GRANTED as i64);

/// The wallet of this number.
pub fn wallet(number: u32) -> anyhow::Result<WalletKey> {
    Ok(WalletKey {
        environment: PRODUCTION,
        customer: CustomerId::parse(&customer_id(number))?,
        currency: CurrencyId::parse(CURRENCY)?,
        resource: None,
    })
}

/// An order of the load.
pub fn order(work: Work, salt: [u8; 16]) -> Order {
    let actor = Actor::ApiKey("key_0123456789ab".into());
    let origin = Origin { actor, trace_id: TraceId(salt), salt };
    Order { environment: PRODUCTION, origin, work, remember: None }
}

/// Makes the currency.
pub fn currency() -> Work {
    let body = members(&[("displayName", "Bench")]);
    let id = CURRENCY.to_owned();
    Work::CreateRecord(NewRecord { kind: RecordKind::CustomCurrency, id, body })
}

/// Makes customers.
pub fn customers(numbers: impl Iterator<Item = u32>) -> Work {
    let customer = |number| NewRecord {
        kind: RecordKind::Customer,
        id: customer_id(number),
        body: members(&[("name", "Bench")]),
    };
    Work::ImportCustomers(numbers.map(customer).collect())
}

fn members(texts: &[(&str, &str)]) -> Map<String, Value> {
    texts.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text))).collect()
}

/// Makes one of a wallet's grants; none as its end is that it has none.
pub fn grant(number: u32, which: u16, expire_at: Option<Timestamp>) -> anyhow::Result<Work> {
    let times = Times { effective_at: None, expire_at };
    timed_grant(number, which, GRANTED, times)
}

/// When a grant counts.
#[derive(Clone, Copy, Default)]
pub struct Times {
    /// From when on; none is now.
    pub effective_at: Option<Timestamp>,
    /// Until when; none is for ever.
    pub expire_at: Option<Timestamp>,
}

/// Makes a grant of so many credits.
pub fn timed_grant(number: u32, which: u16, amount: Credits, times: Times) -> anyhow::Result<Work> {
    let wallet = wallet(number)?;
    let bits = u64::from(number) << 16 | u64::from(which);
    let priority = u8::try_from(priority(which.into()))?;
    let grant = NewGrant {
        id: GrantId::mint(bucket(wallet.environment, &wallet.customer), bits),
        grant_type: GrantType::Promotional,
        amount,
        priority: Priority::new(priority).unwrap_or(Priority::DEFAULT),
        effective_at: times.effective_at,
        expire_at: times.expire_at,
        payment: PaymentState::Settled,
        cost: Money::FREE,
        words: Words { display_name: Some("Pack".to_owned()), ..Words::default() },
    };
    Ok(Work::CreateGrant(Box::new(CreateGrant { wallet, grant, payment: Payment::None })))
}

/// Writes consumptions of wallets at random; the same ones for the same run and caller.
pub struct Writer {
    random: StdRng,
    among: Among,
    run: u64,
    caller: u64,
    sequence: u64,
}

impl Writer {
    /// The writer of one caller.
    pub fn new(among: Among, run: u64, caller: u64) -> Self {
        let random = StdRng::seed_from_u64(run.wrapping_mul(1_000).wrapping_add(caller));
        Self { random, among, run, caller, sequence: 0 }
    }

    /// The next order, of so many items.
    pub fn order(&mut self, items: usize) -> anyhow::Result<Order> {
        let work = if items == 1 {
            Work::Consume(Box::new(self.item()?))
        } else {
            let items: anyhow::Result<_> = (0..items).map(|_| self.item()).collect();
            Work::ConsumeBatch(items?)
        };
        Ok(order(work, self.random.random()))
    }

    fn item(&mut self) -> anyhow::Result<WalletConsume> {
        self.sequence += 1;
        let number = self.among.number(self.random.random_range(0..self.among.count()));
        let thousandths = self.random.random_range(1..5_000_i128);
        let user = self.random.random_range(0..50_u32);
        let key = format!("{:08x}-{:08x}-{:018x}", self.run, self.caller, self.sequence);
        let dimensions = [
            ("model", Dimension::Text("large-2026".into())),
            ("user", Dimension::Text(format!("user-{user}").into())),
        ];
        let consume = Consume {
            amount: Credits::from_billionths(thousandths * 1_000_000),
            key: IdempotencyKey::parse(&key)?,
            created_at: None,
            dimensions: dimensions.into(),
            on_insufficient: OnInsufficient::Overdraft,
        };
        Ok(WalletConsume { wallet: wallet(number)?, consume, as_currency_says: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_length_that_the_tables_speak_of() {
        let mut writer = Writer::new(Among::of(10, 1_000), 7, 3);
        let WalletConsume { wallet, consume, .. } = writer.item().unwrap();
        assert_eq!(wallet.customer.as_str().len(), 20);
        assert_eq!(wallet.currency.as_str().len(), 20);
        assert_eq!((consume.key.as_str().len(), consume.dimensions.iter().len()), (36, 2));
    }
}
