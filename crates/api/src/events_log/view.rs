//! An event as the world is told of it: flat, with the facts of then and the names of now.

use scrip_core::{
    ChargeOutcome, Credits, Fact, Grant, GrantFact, GrantId, GrantType, LOW_HUNDREDTHS, Money,
    PaymentState, RechargeStop, WalletKey,
};
use scrip_ledger::{EventKind, EventView, Record, Subject, WebhookStop};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::credits::auto_recharge::configuration_id;
use crate::credits::grants::status_name;
use crate::ids::uuid;
use crate::json::{Members, Writer};
use crate::openapi::Component;
use crate::openapi::schema::{
    self, choice, described, instant, nullable, open, optional, required,
};

pub(crate) fn write(writer: &mut Writer, message_id: &str, view: &EventView) {
    let event = &view.event;
    writer.object(|members| {
        members.plain("messageId", message_id);
        let trace_id = event.trace_id.map(|id| id.to_string());
        members.text_or_null("traceId", trace_id.as_deref());
        members.plain("timestamp", event.at);
        members.plain("type", event.subject.kind().as_str());
        match &event.subject {
            Subject::Currency { .. } => currency(members, view.currency.as_ref()),
            Subject::EndpointDisabled { id, stop } => {
                members.text("webhookEndpointId", id);
                members.plain("reason", stop.as_str());
                let is_asked = *stop == WebhookStop::Asked;
                members.plain("changedBy", if is_asked { "USER" } else { "SYSTEM" });
            }
            Subject::Wallet { key, fact } => {
                customer(members, key, view.customer.as_ref());
                currency(members, view.currency.as_ref());
                members.text_or_null("resourceId", key.resource.as_ref().map(|id| id.as_str()));
                write_fact(members, key, fact, view);
            }
        }
    });
}

fn write_fact(members: &mut Members<'_>, key: &WalletKey, fact: &Fact, view: &EventView) {
    match fact {
        Fact::Grant(what, grant) => {
            write_grant(members, key, grant, view);
            if matches!(what, GrantFact::Low | GrantFact::Depleted) {
                shares(members, given(grant), remaining(grant));
                members.integer("thresholdPercentage", threshold(*what));
            }
        }
        Fact::BalanceLow { granted, available } => {
            members.credits("totalGranted", *granted);
            members.credits("remainingBalance", *available);
            shares(members, *granted, *available);
            members.integer("thresholdPercentage", LOW_HUNDREDTHS);
        }
        Fact::BalanceDepleted { granted } => {
            members.credits("totalGranted", *granted);
            members.credits("remainingBalance", Credits::ZERO);
            members.integer("consumedPercentage", 100);
        }
        Fact::Recharged { grant, amount, cost, payment } => {
            recharge(members, key, *grant, *amount, *cost);
            members.plain(
                "status",
                match payment {
                    PaymentState::Settled => "SUCCESS",
                    PaymentState::Pending => "PROCESSING",
                },
            );
        }
        Fact::RechargeCharged { grant, amount, cost, outcome } => {
            recharge(members, key, *grant, *amount, *cost);
            let (status, message) = match outcome {
                ChargeOutcome::Paid => ("SUCCESS", None),
                ChargeOutcome::Failed { message } => ("FAILED", Some(message)),
                ChargeOutcome::ActionRequired { message } => ("ACTION_REQUIRED", Some(message)),
            };
            members.plain("status", status);
            if let Some(message) = message {
                members.text("errorMessage", message);
            }
        }
        Fact::RechargeChanged { is_on, stopped } => {
            configuration(members, key);
            members.flag("isEnabled", *is_on);
            let is_asked_for = view.event.trace_id.is_some() && stopped.is_none();
            members.plain("changedBy", if is_asked_for { "USER" } else { "SYSTEM" });
            members.plain(
                "reason",
                match stopped {
                    Some(RechargeStop::SpendLimit) => "SPEND_LIMIT_REACHED",
                    Some(RechargeStop::WalletLimit) => "WALLET_LIMIT_REACHED",
                    Some(RechargeStop::PaymentFailed) => "PAYMENT_FAILED",
                    None if is_asked_for => "SETTING_SAVED",
                    None => "NEW_PERIOD",
                },
            );
        }
        Fact::RechargeLimit { hundredths, spent, limit } => {
            configuration(members, key);
            members.amount("maxSpendLimit", limit);
            members.amount("currentMonthlySpend", spent);
            let (spent, limit) = (spent.billionths(), limit.billionths());
            members.amount("percentage", percentage(spent, limit));
            members.integer("threshold", *hundredths);
        }
    }
}

/// What a recharge gives, and what it costs.
fn recharge(
    members: &mut Members<'_>,
    key: &WalletKey,
    grant: GrantId,
    amount: Credits,
    cost: Money,
) {
    configuration(members, key);
    members.plain("grantId", grant);
    members.credits("amount", amount);
    members.object("cost", |members| {
        members.amount("amount", cost.amount);
        members.plain("currency", cost.currency.as_str());
    });
}

fn threshold(what: GrantFact) -> u8 {
    if what == GrantFact::Low { LOW_HUNDREDTHS } else { 0 }
}

fn configuration(members: &mut Members<'_>, key: &WalletKey) {
    members.plain("configId", configuration_id(key));
    members.text("customerId", key.customer.as_str());
    members.text("currencyId", key.currency.as_str());
}

fn customer(members: &mut Members<'_>, key: &WalletKey, record: Option<&Record>) {
    let text = |name| record.and_then(|record| record.text(name));
    members.object("customer", |members| {
        members.text("id", key.customer.as_str());
        members.text_or_null("name", text("name"));
        members.text_or_null("billingId", text("billingId"));
    });
}

fn currency(members: &mut Members<'_>, record: Option<&Record>) {
    let Some(record) = record else { return members.null("creditCurrency") };
    members.object("creditCurrency", |members| {
        members.text("id", &record.id);
        members.text("name", record.text("displayName").unwrap_or(&record.id));
        members.text_or_null("description", record.text("description"));
        match record.body.get("units") {
            Some(units) => members.value("unitLabel", |writer| writer.json(units)),
            None => members.null("unitLabel"),
        }
    });
}

fn write_grant(members: &mut Members<'_>, key: &WalletKey, grant: &Grant, view: &EventView) {
    let record = view.grant.as_ref();
    members.object("grant", |members| {
        members.plain("id", grant.name.id);
        members.plain("entityId", entity_id(key, grant));
        let name = record.and_then(|record| record.words.display_name.as_deref());
        members.text("displayName", name.unwrap_or_default());
        members.plain("grantType", type_name(grant.grant_type));
        members.plain("status", status_name(grant.status()));
        members.integer("priority", grant.priority.get());
        members.plain("effectiveAt", grant.effective_at);
        members.instant_or_null("expireAt", grant.expire_at);
        members.credits("amount", grant.amount);
        members.credits("consumedAmount", grant.consumed);
        members.credits("remainingBalance", remaining(grant));
        match record.map(|record| record.cost).filter(|cost| !cost.amount.is_zero()) {
            Some(cost) => members.object("cost", |members| {
                members.amount("amount", cost.amount);
                members.plain("currency", cost.currency.as_str());
            }),
            None => members.null("cost"),
        }
    });
}

/// What of a living grant is not consumed; nothing of one that ended.
fn remaining(grant: &Grant) -> Credits {
    if grant.is_dead() {
        return Credits::ZERO;
    }
    given(grant).minus(grant.consumed).unwrap_or_default()
}

/// What it gave, but for what was taken back with its money.
fn given(grant: &Grant) -> Credits {
    if grant.is_dead() { grant.amount } else { grant.given().unwrap_or_default() }
}

/// Events spell one type otherwise than the API does (spec section 4).
fn type_name(grant_type: GrantType) -> &'static str {
    match grant_type {
        GrantType::Promotional => "PROMO",
        GrantType::Recurring => "RECURRING",
        GrantType::Paid => "PAID",
        GrantType::Overdraft => "OVERDRAFT",
    }
}

/// A grant's identifier in the shape of a UUID.
fn entity_id(key: &WalletKey, grant: &Grant) -> String {
    let digest = Sha256::new()
        .chain_update(key.environment.0.to_be_bytes())
        .chain_update(grant.name.id.to_string())
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid(bytes)
}

/// How much is left and how much was used, in hundredths, rounded to two digits.
fn shares(members: &mut Members<'_>, all: Credits, left: Credits) {
    let share = percentage(left.billionths(), all.billionths());
    let used = Credits::whole(100).minus(share).unwrap_or_default();
    members.amount("remainingBalancePercentage", share);
    members.amount("consumedPercentage", used);
}

fn percentage(part: i128, all: i128) -> Credits {
    /// A hundredth of a hundredth, in billionths.
    const STEP: i128 = 10_000_000;
    if all <= 0 {
        return Credits::ZERO;
    }
    let steps = part.saturating_mul(20_000).saturating_add(all).div_euclid(all.saturating_mul(2));
    Credits::from_billionths(steps.saturating_mul(STEP))
}

pub(super) fn components() -> Vec<Component> {
    let object = || json!({"type": "object"});
    let event = open([
        required("messageId", described(schema::text(), "Names the event, and is its cursor")),
        required("traceId", nullable(schema::text())),
        required("timestamp", instant()),
        required("type", choice(EventKind::ALL.map(EventKind::as_str))),
        optional("customer", object()),
        optional("creditCurrency", nullable(object())),
        optional("resourceId", nullable(schema::text())),
        optional("grant", described(object(), "As it was then")),
    ]);
    vec![("Event", event), ("EventList", schema::page("Event"))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hundredths() {
        let credits = |text| Credits::parse(text).unwrap().billionths();
        for (part, all, shown) in [
            ("20", "100", "20"),
            ("1", "3", "33.33"),
            ("2", "3", "66.67"),
            ("0.00005", "1", "0.01"),
            ("0.000049", "1", "0"),
            ("-5", "10", "-50"),
            ("0", "0", "0"),
        ] {
            assert_eq!(percentage(credits(part), credits(all)).to_string(), shown, "{part}/{all}");
        }
    }
}
