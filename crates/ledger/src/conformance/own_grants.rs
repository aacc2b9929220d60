//! Grants that wallets make by themselves: recharges and recurring grants.

use scrip_core::{
    Cadence, Entity, GrantPeriod, GrantType, Money, MoneyAmount, MoneyCurrency, Priority,
    RechargeSetting, RechargeStop, RecurringGrantId, Refusal, Threshold, WalletKey,
};
use serde_json::{Map, json};

use super::world::{Factory, World, credits, everything, instant, wallet};
use crate::{
    Answer, GrantQuery, PutRecurringGrant, RechargeView, RecordKind, RecordPatch,
    RecurringGrantView, SANDBOX, UNIT_COST_MEMBER, WalletRecharge, Work, resource_record_id,
};

/// Whoever is answered sees the recharge that the consumption brought.
pub async fn recharge_in_the_commit_that_makes_them_due(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.grant(&wallet, "A", "100").await;
    world.recharge(&wallet, setting("20", "50", Some("0.01"), None)).await;
    assert_eq!(world.consume(&wallet, "k1", "80").await.balance.available, credits("20"));
    let consumed = world.consume(&wallet, "k2", "1").await;
    assert_eq!(consumed.balance.available, credits("50"));
    assert_eq!(
        world.own(&wallet).await,
        ["Automatic recharge: Paid 31 for 0.31 usd, 2030-01-01 to 2030-02-01, a recharge"]
    );
    // A repeat recharges nothing.
    assert_eq!(world.consume(&wallet, "k2", "1").await.balance.available, credits("50"));
    assert_eq!(world.own(&wallet).await.len(), 1);
    let void = world.own_ids(&wallet).await[0];
    world.done(Work::VoidGrant(void)).await;
    assert_eq!(world.own(&wallet).await.len(), 2, "voiding it leaves the gap again");
}

/// The setting's price comes first, then the currency's; it is fixed when the setting is saved.
pub async fn recharge_at_the_currencys_price(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.price("gold", "2", "eur").await;
    let view = world.recharge(&wallet, setting("20", "50", None, None)).await;
    assert_eq!(price(&view), Some(("2".to_owned(), "eur")));
    world.price("gold", "3", "eur").await;
    world.consume(&wallet, "k1", "50").await;
    let costs: Vec<String> = world.own(&wallet).await;
    assert!(costs.iter().all(|line| line.contains("50 for 100 eur")), "{costs:?}");
    let view = world.recharge(&wallet, setting("20", "50", Some("1"), None)).await;
    assert_eq!(price(&view), Some(("1".to_owned(), "usd")));
}

/// Nothing of a refused setting is left.
pub async fn recharge_is_refused_when_it_could_not_work(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let in_credits = Refusal::TargetNotAboveThreshold { in_money: false };
    for (setting, refusal) in [
        (setting("20", "50", None, None), Refusal::RechargeWithoutPrice),
        (setting("50", "50", Some("1"), None), in_credits.clone()),
        (setting("0", "0", Some("1"), None), in_credits.clone()),
        (RechargeSetting { is_enabled: false, ..setting("50", "20", None, None) }, in_credits),
        (
            RechargeSetting {
                threshold: Threshold::Money(money("25")),
                ..setting("0", "50", Some("0.5"), None)
            },
            Refusal::TargetNotAboveThreshold { in_money: true },
        ),
    ] {
        let work = Work::SetRecharge(Box::new(WalletRecharge { wallet: wallet.clone(), setting }));
        assert_eq!(world.refused(work).await, refusal, "{setting:?}");
    }
    assert!(world.ledger.wallet_at(&wallet, None).await.unwrap().is_none());
    for (customer, entity) in
        [("nobody/gold", Entity::Customer), ("ann/lead", Entity::CustomCurrency)]
    {
        let (wallet, setting) = (super::wallet(customer), setting("20", "50", Some("1"), None));
        let work = Work::SetRecharge(Box::new(WalletRecharge { wallet, setting }));
        assert!(matches!(world.refused(work).await, Refusal::NotFound { entity: found, .. }
            if found == entity));
    }
    let off = RechargeSetting { is_enabled: false, ..setting("0", "0", None, None) };
    world.recharge(&wallet, off).await;
    assert!(world.own(&wallet).await.is_empty());
}

/// At the very instant at which a grant expires, every read shows the recharge that it brings, whoever
/// asks first.
pub async fn are_read_at_once_when_they_are_due(make: &Factory<'_>) {
    let world = World::new(make).await;
    if !world.time_can_pass {
        return;
    }
    let production = crate::PRODUCTION;
    world.populate(production).await;
    for (name, way) in ["balance", "balances", "at", "reservations", "repeat"].iter().zip(0..) {
        let resource = format!("ann/gold/{name}");
        let wallet = WalletKey { environment: production, ..wallet(&resource) };
        let until = world.ledger.now(production).later(1_000);
        world.grant_as(&wallet, "A", "30", |new| new.expire_at = Some(until)).await;
        world.consume(&wallet, "k", "1").await;
        let setting = setting("20", "50", Some("1"), None);
        let work = Work::SetRecharge(Box::new(WalletRecharge { wallet: wallet.clone(), setting }));
        world.execute(production, work).await.unwrap();
        world.pass(1_000);
        let available = match way {
            0 => world.balance(&wallet).await.available,
            1 => {
                let (customer, resource) = (&wallet.customer, wallet.resource.as_ref());
                let balances = world.ledger.balances(production, customer, resource).await.unwrap();
                balances[0].1.available
            }
            2 => {
                let then = world.ledger.wallet_at(&wallet, None).await.unwrap().unwrap();
                then.wallet.balance().unwrap().available
            }
            3 => {
                let id = scrip_core::ReservationId::parse("none").unwrap();
                assert!(world.ledger.reservation(&wallet, &id).await.unwrap().is_none());
                world.balance(&wallet).await.available
            }
            _ => world.consume(&wallet, "k", "1").await.balance.available,
        };
        assert_eq!(available, credits("50"), "{name}");
    }
}

/// One move of the clock brings what a month of waiting would have brought, each at its instant.
pub async fn recharge_through_a_month(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.recharge(&wallet, setting("20", "50", Some("1"), Some("120"))).await;
    world.move_clock("2030-01-10").await;
    let expires = |new: &mut scrip_core::NewGrant| new.expire_at = Some(instant("2030-01-25"));
    world.grant_as(&wallet, "A", "10", expires).await;
    world.consume(&wallet, "k", "45").await;
    world.move_clock("2030-01-20").await;
    // 50 + 35 are charged; another 50 would pass the limit.
    world.consume(&wallet, "k2", "50").await;
    let at = world.ledger.wallet_at(&wallet, None).await.unwrap().unwrap();
    let recharge = at.wallet.recharge().unwrap();
    assert_eq!(recharge.stopped, Some(RechargeStop::SpendLimit));
    assert_eq!(recharge.spent_in_month_of(at.at).to_string(), "85");
    world.move_clock("2030-03-02").await;
    assert_eq!(
        world.own(&wallet).await,
        [
            "Automatic recharge: Paid 50 for 50 usd, 2030-01-01 to 2030-02-01, a recharge",
            "Automatic recharge: Paid 35 for 35 usd, 2030-01-10 to 2030-02-10, a recharge",
            "Automatic recharge: Paid 50 for 50 usd, 2030-02-01 to 2030-03-01, a recharge",
            "Automatic recharge: Paid 50 for 50 usd, 2030-03-01 to 2030-04-01, a recharge",
        ]
    );
    let then = world.ledger.wallet_at(&wallet, Some(instant("2030-02-01"))).await.unwrap().unwrap();
    assert_eq!(then.wallet.balance().unwrap().available, credits("50"));
}

/// Decisions 48 and 74.
pub async fn rest_while_customer_or_currency_is_archived(make: &Factory<'_>) {
    let world = World::new(make).await;
    let (ann, bob) = (wallet("ann/gold"), wallet("bob/silver"));
    for wallet in [&ann, &bob] {
        world.put(wallet, wallet.customer.as_str(), "10", Some("2030-01-01")).await;
        world.recharge(wallet, setting("5", "6", Some("1"), None)).await;
    }
    let archive = |kind, id: &str| Work::ArchiveRecord(kind, id.to_owned());
    world.done(archive(RecordKind::Customer, "ann")).await;
    world.done(archive(RecordKind::CustomCurrency, "silver")).await;
    world.move_clock("2030-02-10").await;
    for (wallet, kind, id) in
        [(&ann, RecordKind::Customer, "ann"), (&bob, RecordKind::CustomCurrency, "silver")]
    {
        assert_eq!(world.available(wallet).await, "0", "{id}: the period ended without another");
        world.done(Work::UnarchiveRecord(kind, id.to_owned())).await;
        // Whoever looks at the wallet next has it recharge; it may have been somebody else already.
        world.done(Work::Advance(vec![wallet.clone()])).await;
        let recharged =
            "Automatic recharge: Paid 6 for 6 usd, 2030-02-10 to 2030-03-10, a recharge";
        assert_eq!(world.own(wallet).await[1..], [recharged], "{id}: no period is made up");
    }
    world.move_clock("2030-03-10").await;
    for wallet in [&ann, &bob] {
        assert_eq!(world.available(wallet).await, "10", "of a period again; the recharge ended");
    }
    world.done(archive(RecordKind::CustomCurrency, "gold")).await;
    let work = Work::PutRecurringGrant(Box::new(put_of(&ann, "more", "10", None)));
    assert!(matches!(world.refused(work).await, Refusal::Archived { .. }));
}

/// Decision 82: a past anchor begins now, and ends at its next instant.
pub async fn recur_from_their_anchor_on(make: &Factory<'_>) {
    let world = World::new(make).await;
    let ann = wallet("ann/gold");
    let past = world.put(&ann, "past", "100", Some("2029-12-31")).await;
    assert_eq!(past.next, Some(instant("2030-01-31")));
    let future = world.put(&ann, "future", "7", Some("2030-01-15")).await;
    assert_eq!(future.next, Some(instant("2030-01-15")));
    let now = world.put(&ann, "now", "1", None).await;
    assert_eq!(now.next, Some(instant("2030-02-01")));
    world.move_clock("2030-03-01").await;
    assert_eq!(
        world.own(&ann).await,
        [
            "past: Recurring 100 for 0 usd, 2030-01-01 to 2030-01-31",
            "now: Recurring 1 for 0 usd, 2030-01-01 to 2030-02-01",
            "future: Recurring 7 for 0 usd, 2030-01-15 to 2030-02-15",
            "past: Recurring 100 for 0 usd, 2030-01-31 to 2030-02-28",
            "now: Recurring 1 for 0 usd, 2030-02-01 to 2030-03-01",
            "future: Recurring 7 for 0 usd, 2030-02-15 to 2030-03-15",
            "past: Recurring 100 for 0 usd, 2030-02-28 to 2030-03-31",
            "now: Recurring 1 for 0 usd, 2030-03-01 to 2030-04-01",
        ]
    );
    assert_eq!(world.balance(&ann).await.period_end, Some(instant("2030-03-15")));
}

/// A PUT holds from the next period on; a repeat changes nothing.
pub async fn recur_as_they_were_put_last(make: &Factory<'_>) {
    let world = World::new(make).await;
    let ann = wallet("ann/gold");
    let first = world.put(&ann, "basic", "100", None).await;
    world.move_clock("2030-01-05").await;
    let repeated = world.put(&ann, "basic", "100", None).await;
    assert_eq!(repeated, first);
    let mut changed = put_of(&ann, "basic", "250", None);
    changed.display_name = "Plus".to_owned();
    world.done(Work::PutRecurringGrant(Box::new(changed))).await;
    world.move_clock("2030-02-01").await;
    assert_eq!(
        world.own(&ann).await,
        [
            "basic: Recurring 100 for 0 usd, 2030-01-01 to 2030-02-01",
            "Plus: Recurring 250 for 0 usd, 2030-02-01 to 2030-03-01",
        ]
    );
    for other in ["bob/gold", "ann/silver", "ann/gold/r"] {
        let work = Work::PutRecurringGrant(Box::new(put_of(&wallet(other), "basic", "1", None)));
        let moved = Refusal::RecurringGrantMoved { id: "basic".to_owned() };
        assert_eq!(world.refused(work).await, moved, "{other}");
    }
}

/// What they gave stays; the name is free again.
pub async fn recur_until_they_are_removed(make: &Factory<'_>) {
    let world = World::new(make).await;
    let ann = wallet("ann/gold");
    let unknown = Refusal::not_found(Entity::RecurringGrant, "basic");
    let remove = |wallet: &WalletKey| Work::RemoveRecurringGrant(wallet.clone(), id("basic"));
    assert_eq!(world.refused(remove(&ann)).await, unknown);
    world.put(&ann, "basic", "100", None).await;
    assert_eq!(world.refused(remove(&wallet("bob/gold"))).await, unknown);
    let Answer::RecurringGrant(removed) = world.done(remove(&ann)).await else { panic!() };
    assert_eq!((removed.next, removed.ended_at), (None, Some(instant("2030-01-01"))));
    assert_eq!(world.refused(remove(&ann)).await, unknown);
    assert_eq!(world.available(&ann).await, "100");
    world.move_clock("2030-02-01").await;
    assert_eq!(world.available(&ann).await, "0");
    world.put(&wallet("bob/silver"), "basic", "5", None).await;
    assert_eq!(world.available(&wallet("bob/silver")).await, "5");
}

/// A first setting of the clock may lie decades ahead.
pub async fn recur_through_a_leap_of_the_clock(make: &Factory<'_>) {
    let world = World::bare(make, crate::Settings::default()).await;
    world.populate(SANDBOX).await;
    let ann = wallet("ann/gold");
    world.put(&ann, "basic", "10", Some("2029-01-15")).await;
    world.move_clock("2033-01-20").await;
    assert_eq!(world.available(&ann).await, "10");
    let last = "basic: Recurring 10 for 0 usd, 2033-01-15 to 2033-02-15".to_owned();
    assert_eq!(world.own(&ann).await.last(), Some(&last));
    assert_eq!(world.own(&ann).await.len(), 38);
    let bob = wallet("bob/gold");
    world.recharge(&bob, setting("20", "50", Some("1"), None)).await;
    world.move_clock("2034-01-20").await;
    assert_eq!(world.available(&bob).await, "50");
    assert_eq!(world.own(&bob).await.len(), 13);
}

/// Decision 75: a setting alone makes none.
pub async fn make_their_resource_with_the_first_one(make: &Factory<'_>) {
    let world = World::new(make).await;
    let ann = wallet("ann/gold/r1");
    let resource = || async {
        let id = resource_record_id(&ann.customer, ann.resource.as_ref().unwrap());
        world.record(RecordKind::Resource, &id).await.is_some()
    };
    let off = RechargeSetting { is_enabled: false, ..setting("20", "50", Some("1"), None) };
    world.recharge(&ann, off).await;
    world.put(&ann, "later", "10", Some("2030-02-01")).await;
    assert!(!resource().await);
    world.move_clock("2030-02-01").await;
    assert!(resource().await);
}

pub(super) fn setting(
    threshold: &str,
    target: &str,
    price: Option<&str>,
    limit: Option<&str>,
) -> RechargeSetting {
    let usd =
        |amount| Money { amount: money(amount), currency: MoneyCurrency::parse("usd").unwrap() };
    RechargeSetting {
        is_enabled: true,
        threshold: Threshold::Credits(credits(threshold)),
        target: credits(target),
        spend_limit: limit.map(money),
        grant_period: GrantPeriod::OneMonth,
        unit_cost: price.map(usd),
    }
}

fn money(text: &str) -> MoneyAmount {
    MoneyAmount::parse(text).unwrap()
}

fn price(view: &RechargeView) -> Option<(String, &'static str)> {
    let price = view.recharge.setting.unit_cost?;
    Some((price.amount.to_string(), price.currency.as_str()))
}

fn id(text: &str) -> RecurringGrantId {
    RecurringGrantId::parse(text).unwrap()
}

fn put_of(wallet: &WalletKey, name: &str, amount: &str, anchor: Option<&str>) -> PutRecurringGrant {
    PutRecurringGrant {
        wallet: wallet.clone(),
        id: id(name),
        amount: credits(amount),
        cadence: Cadence::Month,
        anchor: anchor.map(instant),
        priority: Priority::DEFAULT,
        display_name: name.to_owned(),
    }
}

impl World {
    pub(super) async fn recharge(
        &self,
        wallet: &WalletKey,
        setting: RechargeSetting,
    ) -> RechargeView {
        let wallet = wallet.clone();
        match self.done(Work::SetRecharge(Box::new(WalletRecharge { wallet, setting }))).await {
            Answer::Recharge(view) => *view,
            other => panic!("no recharge: {other:?}"),
        }
    }

    async fn put(
        &self,
        wallet: &WalletKey,
        name: &str,
        amount: &str,
        anchor: Option<&str>,
    ) -> RecurringGrantView {
        let put = put_of(wallet, name, amount, anchor);
        match self.done(Work::PutRecurringGrant(Box::new(put))).await {
            Answer::RecurringGrant(view) => *view,
            other => panic!("no recurring grant: {other:?}"),
        }
    }

    async fn price(&self, currency: &str, amount: &str, money: &str) {
        let price = json!({"amount": amount, "currency": money});
        let members = Map::from_iter([(UNIT_COST_MEMBER.to_owned(), price)]);
        let (kind, id) = (RecordKind::CustomCurrency, currency.to_owned());
        self.done(Work::PatchRecord(RecordPatch { kind, id, members })).await;
    }

    /// The grants that the wallet made by itself, oldest first.
    async fn own(&self, wallet: &WalletKey) -> Vec<String> {
        let page = self.ledger.grants(grants_of(wallet)).await.unwrap();
        let own = page.items.iter().rev().map(|(_, view)| view);
        let own =
            own.filter(|view| view.is_recharge || view.grant.grant_type == GrantType::Recurring);
        own.map(|view| {
            let name = view.words.display_name.as_deref().unwrap_or("nameless");
            let day = |at: scrip_core::Timestamp| at.to_string()[..10].to_owned();
            let (from, to) = (day(view.grant.effective_at), view.grant.expire_at.map(day));
            let cost = format!("{} {}", view.cost.amount, view.cost.currency.as_str());
            let kind = format!("{:?} {} for {cost}", view.grant.grant_type, view.grant.amount);
            let recharge = if view.is_recharge { ", a recharge" } else { "" };
            format!("{name}: {kind}, {from} to {}{recharge}", to.unwrap_or_default())
        })
        .collect()
    }

    async fn own_ids(&self, wallet: &WalletKey) -> Vec<scrip_core::GrantId> {
        let page = self.ledger.grants(grants_of(wallet)).await.unwrap();
        let recharges = page.items.iter().filter(|(_, view)| view.is_recharge);
        recharges.map(|(_, view)| view.grant.name.id).collect()
    }
}

pub(super) fn grants_of(wallet: &WalletKey) -> GrantQuery {
    GrantQuery {
        environment: wallet.environment,
        customer: wallet.customer.clone(),
        resource: wallet.resource.clone(),
        currency: Some(wallet.currency.clone()),
        created: Default::default(),
        page: everything(),
    }
}
