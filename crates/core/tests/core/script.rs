//! Runs a scenario and tells what happened: below each line the ledger rows that it brought, as the
//! API shows them, and at the end the balance.
//!
//! A row is its instant, its type, its grant, its signed amount, and the balance after it; of a
//! reservation also the name, what was returned, and the parts (whose types the books check). Then
//! why it is there, if no request asked for it by itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use scrip_core::{
    Cause, Command, Credits, Decided, Event, Fact, Grant, GrantId, GrantRef, GrantStatus,
    GrantType, MoneyAmount, Notice, RecurringGrantId, Release, RowPart, Timestamp,
};

use crate::language::{Step, Verb, parse, print_instant};
use crate::world::{World, instant, new_consumption, new_hold, reservation};

/// Runs the scenario, checking every promise on the way, and prints it.
pub fn run(scenario: &str) -> String {
    let mut script = Script::new();
    for line in scenario.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        writeln!(script.told, "> {}", words.join(" ")).unwrap();
        script.step(parse(line));
    }
    assert_eq!(script.world.replayed(), script.world.wallet);
    script.tell_balance();
    script.told
}

/// Runs the scenario like [`run`], and tells of each line only what somebody may want to be told: the
/// instant, what happened, of a grant what is not consumed of it, and whether it was asked for.
pub fn run_noticing(scenario: &str) -> String {
    let mut script = Script::new();
    for line in scenario.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let told = script.told.len();
        script.step(parse(line));
        script.told.truncate(told);
        writeln!(script.told, "> {}", words.join(" ")).unwrap();
        let news = std::mem::take(&mut script.world.notices);
        for notice in &news {
            script.tell_notice(notice);
        }
    }
    assert_eq!(script.world.replayed(), script.world.wallet);
    script.told
}

struct Script {
    world: World,
    now: Timestamp,
    names: BTreeMap<String, GrantId>,
    balance: Credits,
    told: String,
}

impl Script {
    fn new() -> Self {
        Self {
            world: World::new(),
            now: instant("2026-01-01"),
            names: BTreeMap::new(),
            balance: Credits::ZERO,
            told: String::new(),
        }
    }

    fn step(&mut self, step: Step) {
        self.now = step.at.unwrap_or(self.now);
        let told = self.world.rows.len();
        let refused = match step.verb {
            Verb::Balance => return self.tell_balance(),
            Verb::Grants => return self.tell_grants(),
            Verb::Kept => return self.tell_kept(),
            Verb::Recharging => return self.tell_recharge(),
            Verb::Circumstances(circumstances) => {
                self.world.circumstances = circumstances;
                return;
            }
            verb => {
                let command = self.command(verb);
                self.world.execute(&command, self.now).own.err()
            }
        };
        let rows = self.world.rows[told..].to_vec();
        for decided in rows {
            self.tell_row(&decided);
        }
        if let Some(refusal) = refused {
            writeln!(self.told, "    refused: {refusal}").unwrap();
        }
    }

    fn command(&mut self, verb: Verb) -> Command {
        match verb {
            Verb::Grant { name, mut new } => {
                let number = self.names.len() as u64 + 1;
                new.id = *self.names.entry(name).or_insert_with(|| GrantId::mint(1, number));
                Command::Grant(*new)
            }
            Verb::Consume { amount, on_insufficient, created_at, key } => {
                let mut consume = new_consumption(&key, amount);
                consume.on_insufficient = on_insufficient;
                consume.created_at = created_at;
                Command::Consume(consume)
            }
            Verb::Reserve { name, amount, until } => {
                Command::Reserve(new_hold(&name, amount, until))
            }
            Verb::Release { name, consumed } => {
                let release = Release { reservation: reservation(&name), consumed };
                self.world.settlement(release, self.now)
            }
            Verb::Refund { name, amount } => self.world.refund(&name, amount),
            Verb::Void { grant } => self.world.void(self.id(&grant)),
            Verb::ReturnMoney { grant, target } => self.world.return_money(self.id(&grant), target),
            Verb::Edit { grant, change } => self.world.edit(self.id(&grant), change),
            Verb::Decline { grant } => {
                let id = self.id(&grant);
                Command::FailRecharge { id, cost: self.world.cost_of(id) }
            }
            Verb::Pay { grant } => Command::ConfirmPayment(self.id(&grant)),
            Verb::SetRecharge(setting) => Command::SetRecharge(setting),
            Verb::SetRenewal(terms) => Command::SetRenewal(terms),
            Verb::EndRenewal(name) => {
                Command::RemoveRenewal(RecurringGrantId::parse(&name).unwrap())
            }
            Verb::Advance
            | Verb::Balance
            | Verb::Grants
            | Verb::Kept
            | Verb::Recharging
            | Verb::Circumstances(_) => Command::Advance,
        }
    }

    /// The grant of this name; of a name that was never given, an identifier of no grant.
    fn id(&self, name: &str) -> GrantId {
        self.names.get(name).copied().unwrap_or_else(|| GrantId::mint(1, 999))
    }

    fn name(&self, id: GrantId) -> String {
        let known = self.names.iter().find(|(_, known)| **known == id);
        known.map_or_else(|| id.to_string(), |(name, _)| name.clone())
    }

    fn tell_row(&mut self, decided: &Decided) {
        let row = &decided.row;
        match &row.event {
            Event::GrantCreated { grant, grant_type: GrantType::Overdraft, .. } => {
                self.name_made(*grant, "overdraft");
            }
            Event::Recharged { grant, cost, payment, .. } => {
                self.name_made(*grant, "recharge");
                let (name, at) = (self.name(grant.id), print_instant(row.recorded_at));
                let cost = format!("{} {}", cost.amount, cost.currency.as_str());
                writeln!(self.told, "    {at}  recharged {name} for {cost}, {payment:?}").unwrap();
            }
            Event::RechargeStopped { reason } => {
                let at = print_instant(row.recorded_at);
                writeln!(self.told, "    {at}  recharge stopped: {reason:?}").unwrap();
            }
            Event::RechargeResumed => {
                let at = print_instant(row.recorded_at);
                writeln!(self.told, "    {at}  recharge goes on").unwrap();
            }
            Event::Renewed { grant, .. } => self.name_made(*grant, "period"),
            Event::RenewalRested { next, .. } => {
                let (at, next) = (print_instant(row.recorded_at), print_instant(*next));
                writeln!(self.told, "    {at}  a period without a grant, until {next}").unwrap();
            }
            _ => {}
        }
        for part in row.event.parts().unwrap() {
            self.balance = self.balance.plus(part.amount).unwrap();
            let at = print_instant(row.recorded_at);
            let told = self.part(&part);
            write!(self.told, "    {at}  {told} = {}", self.balance).unwrap();
            if row.attributed_at != row.recorded_at {
                write!(self.told, "  attributed {}", print_instant(row.attributed_at)).unwrap();
            }
            match row.cause {
                Cause::Request => {}
                Cause::Time => self.told.push_str("  (time)"),
                Cause::Follows { .. } => self.told.push_str("  (follows)"),
            }
            self.told.push('\n');
        }
        assert_eq!(self.balance, row.balance_after);
    }

    fn tell_notice(&mut self, notice: &Notice) {
        let at = print_instant(notice.at);
        let told = match &notice.fact {
            Fact::Grant(what, grant) => {
                let left = grant.amount.minus(grant.consumed).unwrap();
                let (name, status) = (self.name(grant.name.id), status(grant));
                format!("{what:?} {name}: {left} of {}, {status}", grant.amount)
            }
            Fact::BalanceLow { granted, available } => {
                format!("balance low: {available} of {granted}")
            }
            Fact::BalanceDepleted { granted } => format!("balance depleted: of {granted}"),
            Fact::Recharged { grant, amount, cost, .. } => {
                format!("recharged {}: {amount} for {}", self.name(*grant), cost.amount)
            }
            Fact::RechargeChanged { is_on, stopped } => {
                format!("recharge on: {is_on}, stopped: {stopped:?}")
            }
            Fact::RechargeCharged { .. } => "told of by whoever charges".to_owned(),
            Fact::RechargeLimit { hundredths, spent, limit } => {
                format!("recharge at {hundredths} % of its limit: {spent} of {limit}")
            }
        };
        let by = if notice.is_requested { "" } else { "  (time)" };
        writeln!(self.told, "    {at}  {told}{by}").unwrap();
    }

    /// Names a grant that the wallet makes by itself.
    fn name_made(&mut self, grant: GrantRef, kind: &str) {
        let name = match self.names.keys().filter(|name| name.starts_with(kind)).count() {
            0 => kind.to_owned(),
            before => format!("{kind}-{}", before + 1),
        };
        self.names.insert(name, grant.id);
    }

    fn tell_recharge(&mut self) {
        let told = self.world.wallet.recharge().map_or_else(
            || "never set".to_owned(),
            |recharge| {
                let spent = recharge.spent_in_month_of(self.now);
                let limit = recharge.setting.spend_limit.map(MoneyAmount::billionths);
                let part = |limit| spent.billionths() * 100 / limit;
                let of_limit = limit.map_or(String::new(), |limit| format!(" ({} %)", part(limit)));
                let state = match (recharge.is_on(), recharge.stopped) {
                    (true, _) => "on".to_owned(),
                    (false, Some(reason)) => format!("stopped by {reason:?}"),
                    (false, None) => "off".to_owned(),
                };
                format!("{state}, {spent} spent{of_limit}")
            },
        );
        writeln!(self.told, "    recharge: {told}").unwrap();
    }

    fn part(&self, part: &RowPart) -> String {
        let kind = part.event_type.as_str();
        let sign = sign_of(part.amount);
        let mut told = format!("{kind} {} {sign}{}", self.name(part.grant), part.amount);
        if let Some(reservation) = &part.reservation {
            write!(told, " [{reservation}").unwrap();
            if let Some(returned) = part.hold_returned {
                write!(told, ", {returned} returned").unwrap();
            }
            for (index, inner) in part.breakdown.iter().enumerate() {
                let separator = if index == 0 { ":" } else { "," };
                let (name, sign) = (self.name(inner.grant), sign_of(inner.amount));
                write!(told, "{separator} {name} {sign}{}", inner.amount).unwrap();
            }
            told.push(']');
        }
        told
    }

    fn tell_balance(&mut self) {
        let advanced = self.world.wallet.advanced(self.now).unwrap();
        let balance = advanced.as_ref().unwrap_or(&self.world.wallet).balance().unwrap();
        let (granted, used, available) = (balance.granted, balance.used, balance.available);
        write!(self.told, "balance: {granted} granted - {used} used = {available}").unwrap();
        if !balance.reserved.is_zero() {
            write!(self.told, ", {} reserved", balance.reserved).unwrap();
        }
        if !balance.reserved_on_dead.is_zero() {
            write!(self.told, ", {} reserved on dead grants", balance.reserved_on_dead).unwrap();
        }
        if let Some(until) = balance.valid_until {
            write!(self.told, ", valid until {}", print_instant(until)).unwrap();
        }
        if let Some(end) = balance.period_end {
            write!(self.told, ", period ends {}", print_instant(end)).unwrap();
        }
        self.told.push('\n');
    }

    fn tell_kept(&mut self) {
        let names = self.world.wallet.grants().map(|grant| self.name(grant.name.id));
        let names = names.collect::<Vec<String>>().join(", ");
        let names = if names.is_empty() { "nothing" } else { &names };
        writeln!(self.told, "    in the wallet: {names}").unwrap();
    }

    fn tell_grants(&mut self) {
        for grant in self.world.all_grants() {
            let name = self.name(grant.name.id);
            let Grant { amount, consumed, held, lost, .. } = grant;
            let status = status(&grant);
            let spent = format!("{consumed} consumed, {held} held, {lost} lost");
            let left = grant.unheld().unwrap();
            writeln!(self.told, "    {name} {status}: {amount} = {spent}, {left} left").unwrap();
        }
    }
}

const fn status(grant: &Grant) -> &'static str {
    match grant.status() {
        GrantStatus::PaymentPending => "PAYMENT_PENDING",
        GrantStatus::Active => "ACTIVE",
        GrantStatus::Expired => "EXPIRED",
        GrantStatus::Voided => "VOIDED",
        GrantStatus::Scheduled => "SCHEDULED",
    }
}

/// The sign of what is added; what is taken prints its own.
fn sign_of(amount: Credits) -> &'static str {
    if amount.is_positive() { "+" } else { "" }
}
