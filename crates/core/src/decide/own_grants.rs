//! Grants that a wallet makes by itself: recharges and recurring grants.

use super::grant::check_room;
use crate::limits::{AMOUNT_MAX, RECURRING_GRANTS_MAX};
use crate::{
    Circumstances, Credits, Entity, Event, GrantId, GrantRef, GrantState, GrantType, Leg, Money,
    Overflow, PaymentState, Priority, RechargeSetting, RechargeStop, RecurringGrantId, Refusal,
    Renewal, RenewalNumber, SetRenewal, Threshold, Timestamp, Wallet,
};

pub(super) fn set_recharge(setting: &RechargeSetting) -> Result<Vec<Event>, Refusal> {
    check(setting)?;
    Ok(vec![Event::RechargeSet { setting: Box::new(*setting) }])
}

/// Refuses what could not work: no price, or a target that is no way out. What is off may be
/// incomplete.
fn check(setting: &RechargeSetting) -> Result<(), Refusal> {
    if setting.is_enabled && setting.unit_cost.is_none() {
        return Err(Refusal::RechargeWithoutPrice);
    }
    // The largest charge that closes a gap must be an amount of money.
    setting.unit_cost.map(|price| price.times(AMOUNT_MAX)).transpose()?;
    let is_unset = setting.target.is_zero() && setting.threshold.is_zero();
    if setting.is_above(setting.target) || (is_unset && !setting.is_enabled) {
        return Ok(());
    }
    let in_money = matches!(setting.threshold, Threshold::Money(_));
    Err(Refusal::TargetNotAboveThreshold { in_money })
}

/// Nothing was paid: the grant ends unused, and the recharge stands still (decision 24).
pub(super) fn fail_recharge(
    wallet: &Wallet,
    id: GrantId,
    cost: Money,
) -> Result<Vec<Event>, Refusal> {
    let unknown = || Refusal::not_found(Entity::Grant, id);
    let grant = wallet.grant_by_id(id).ok_or_else(unknown)?;
    let is_open = wallet.recharge().is_some_and(|recharge| recharge.awaits(grant.name.number));
    if grant.state != GrantState::PaymentPending || !is_open {
        return Err(Refusal::GrantAwaitsNoPayment);
    }
    let (grant, charged_at) = (grant.name, grant.created_at);
    let failed = Event::RechargeFailed { grant, cost, charged_at };
    Ok(vec![failed, Event::Voided(Leg { grant, amount: Credits::ZERO })])
}

/// A new one begins at its anchor, or now; a change holds from the next period on (decision 82).
pub(super) fn set_renewal(
    wallet: &Wallet,
    set: &SetRenewal,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let known = wallet.renewal(&set.id);
    let terms = set.terms(known.map_or(now, |known| known.terms.anchor));
    let (number, next) = match known {
        Some(known) if known.terms == terms => return Ok(Vec::new()),
        Some(known) => (known.number, known.next),
        None if wallet.renewals.len() >= RECURRING_GRANTS_MAX => {
            let what = "recurring grants in a wallet";
            return Err(Refusal::TooMany { what, limit: RECURRING_GRANTS_MAX });
        }
        None => (RenewalNumber(wallet.last_renewal.0.saturating_add(1)), terms.anchor.max(now)),
    };
    Ok(vec![Event::RenewalSet { number, terms: Box::new(terms), next }])
}

pub(super) fn remove_renewal(
    wallet: &Wallet,
    id: &RecurringGrantId,
) -> Result<Vec<Event>, Refusal> {
    let unknown = || Refusal::not_found(Entity::RecurringGrant, id);
    let renewal = wallet.renewal(id).ok_or_else(unknown)?;
    Ok(vec![Event::RenewalRemoved { number: renewal.number }])
}

/// What a period's beginning brings: its grant, or nothing while customer or currency is archived,
/// or where the wallet has no room.
pub(super) fn renew(
    wallet: &Wallet,
    renewal: &Renewal,
    circumstances: Circumstances,
) -> Vec<Event> {
    let (number, begin) = (renewal.number, renewal.next);
    let terms = &renewal.terms;
    let next = terms.period_after(begin);
    if !circumstances.renews || check_room(wallet, terms.amount).is_err() {
        return vec![Event::RenewalRested { number, next }];
    }
    let grant = wallet.next_own_grant();
    let made = Made {
        grant,
        grant_type: GrantType::Recurring,
        amount: terms.amount,
        priority: terms.priority,
        expire_at: Some(next).filter(|end| *end < Timestamp::NEVER),
        payment: PaymentState::Settled,
        cost: Money::FREE,
    };
    made.events(Event::Renewed { number, grant, next }, begin)
}

/// What the recharge does about a wallet that is at rest otherwise; nothing more once it was done.
/// One charge closes the whole gap, and a pending one counts (decision 25); no charge passes the
/// limit (decision 78).
pub(super) fn recharge(
    wallet: &Wallet,
    now: Timestamp,
    circumstances: Circumstances,
) -> Result<Vec<Event>, Overflow> {
    let Some(recharge) = wallet.recharge().filter(|recharge| recharge.is_on()) else {
        return Ok(Vec::new());
    };
    let setting = &recharge.setting;
    let limit = setting.spend_limit;
    let stopped = |reason| Ok(vec![Event::RechargeStopped { reason }]);
    let spent = recharge.spent_in_month_of(now);
    if limit.is_some_and(|limit| spent >= limit) {
        return stopped(RechargeStop::SpendLimit);
    }
    let (Some(payment), Some(price)) = (circumstances.recharges, setting.unit_cost) else {
        return Ok(Vec::new());
    };
    let coming = Credits::sum(recharge.pending.iter().map(|(_, amount)| *amount))?;
    let available = wallet.balance()?.available.plus(coming)?;
    if !setting.is_below(available) {
        return Ok(Vec::new());
    }
    let amount = setting.target.minus(available)?;
    let Some(cost) = affordable(wallet, amount, price) else {
        return stopped(RechargeStop::WalletLimit);
    };
    if limit.is_some_and(|limit| spent.plus(cost.amount).is_ok_and(|sum| sum > limit)) {
        return stopped(RechargeStop::SpendLimit);
    }
    Ok(bought(wallet, setting, (amount, cost, payment), now))
}

/// What so many credits cost, if the wallet has room for them.
fn affordable(wallet: &Wallet, amount: Credits, price: Money) -> Option<Money> {
    let fits = amount.is_positive() && amount <= AMOUNT_MAX && check_room(wallet, amount).is_ok();
    if fits { price.times(amount).ok() } else { None }
}

fn bought(
    wallet: &Wallet,
    setting: &RechargeSetting,
    (amount, cost, payment): (Credits, Money, PaymentState),
    now: Timestamp,
) -> Vec<Event> {
    let grant = wallet.next_own_grant();
    let made = Made {
        grant,
        grant_type: GrantType::Paid,
        amount,
        priority: Priority::DEFAULT,
        expire_at: setting.grant_period.end(now),
        payment,
        cost,
    };
    made.events(Event::Recharged { grant, amount, cost, payment }, now)
}

/// A grant that the wallet makes.
struct Made {
    grant: GrantRef,
    grant_type: GrantType,
    amount: Credits,
    priority: Priority,
    expire_at: Option<Timestamp>,
    payment: PaymentState,
    cost: Money,
}

impl Made {
    /// What happens when it is made at an instant, after what made it.
    fn events(self, why: Event, at: Timestamp) -> Vec<Event> {
        let Self { grant, grant_type, amount, priority, expire_at, payment, cost } = self;
        let created = Event::GrantCreated {
            grant,
            grant_type,
            amount,
            priority,
            effective_at: at,
            expire_at,
            payment,
            cost,
        };
        let is_usable = payment == PaymentState::Settled;
        let granted = is_usable.then_some(Event::Granted(Leg { grant, amount }));
        [why, created].into_iter().chain(granted).collect()
    }
}
