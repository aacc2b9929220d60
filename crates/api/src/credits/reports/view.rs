//! Reports and closed months as JSON.

use scrip_ledger::{ClosedMonth, GrantRevenue, RevenueBetween, RevenueQuery, RevenueTotal};
use serde_json::{Value, json};

use crate::json::{Members, Writer};
use crate::openapi::Component;
use crate::openapi::schema::{
    self, amount, boolean, described, instant, nullable, open, optional, reference, required,
};

/// What a report is about.
pub(super) struct Head<'a> {
    pub query: &'a RevenueQuery,
    /// It is a month that is closed.
    pub is_closed: bool,
}

pub(super) fn write_report(
    writer: &mut Writer,
    head: &Head<'_>,
    totals: &[RevenueTotal],
    lines: Option<&[GrantRevenue]>,
) {
    writer.object(|members| {
        members.plain("from", head.query.from);
        members.plain("to", head.query.to);
        members.text_or_null("currencyId", head.query.currency.as_ref().map(|id| id.as_str()));
        members.flag("isClosed", head.is_closed);
        members.array("totals", totals, write_total);
        if let Some(lines) = lines {
            members.array("grants", lines, write_line);
        }
    });
}

pub(super) fn write_month(writer: &mut Writer, closed: &ClosedMonth) {
    writer.object(|members| {
        members.plain("month", closed.month);
        members.plain("from", closed.month.begin());
        members.plain("to", closed.month.end());
        members.plain("closedAt", closed.closed_at);
        members.text("closedBy", &closed.closed_by);
        members.array("totals", &closed.totals, write_total);
    });
}

fn write_total(writer: &mut Writer, total: &RevenueTotal) {
    writer.object(|members| {
        members.text("currencyId", total.currency.as_str());
        members.plain("costCurrency", total.money.as_str());
        members.integer("grants", i64::try_from(total.grants).unwrap_or(i64::MAX));
        write_figures(members, &total.revenue);
    });
}

fn write_line(writer: &mut Writer, line: &GrantRevenue) {
    writer.object(|members| {
        members.text("currencyId", line.wallet.currency.as_str());
        members.plain("costCurrency", line.money.as_str());
        members.text("customerId", line.wallet.customer.as_str());
        members.text_or_null("resourceId", line.wallet.resource.as_ref().map(|id| id.as_str()));
        members.plain("grantId", line.grant);
        write_figures(members, &line.revenue);
    });
}

fn write_figures(members: &mut Members<'_>, revenue: &RevenueBetween) {
    let between = revenue.between();
    members.amount("deferredFrom", revenue.begin.deferred());
    members.amount("granted", between.granted);
    members.amount("restored", between.restored);
    members.amount("recognised", between.recognised);
    members.amount("breakage", between.breakage);
    members.amount("refunded", between.refunded);
    members.amount("deferredTo", revenue.end.deferred());
}

fn figures() -> Vec<schema::Member> {
    let text = |name, text| required(name, described(amount(), text));
    vec![
        text("deferredFrom", "Not earned yet at `from`"),
        text("granted", "What grants cost that were made, or whose payment arrived"),
        text("restored", "Came back with disputes that were won"),
        text("recognised", "Earned by consumption; below 0 where more was given back"),
        text("breakage", "Earned because credits expired or were voided unused"),
        text("refunded", "Went back: refunds, and disputes when they take credits"),
        text("deferredTo", "Not earned yet at `to`"),
    ]
}

pub(super) fn components() -> Vec<Component> {
    let of_currency =
        || vec![required("currencyId", schema::text()), required("costCurrency", schema::text())];
    let grants = described(schema::integer(0, i64::MAX), "How many grants are in it");
    let mut total = of_currency();
    total.push(required("grants", grants));
    total.extend(figures());
    let mut line = of_currency();
    line.extend([
        required("customerId", schema::text()),
        required("resourceId", nullable(schema::text())),
        required("grantId", schema::text()),
    ]);
    line.extend(figures());
    let list = |name: &str| json!({"type": "array", "items": reference(name)});
    let report = open([
        required("from", instant()),
        required("to", instant()),
        required("currencyId", nullable(schema::text())),
        required("isClosed", described(boolean(), "A whole month whose figures stand for ever")),
        required("totals", list("RevenueTotal")),
        optional("grants", list("RevenueOfGrant")),
    ]);
    let month = open([
        required("month", month_schema()),
        required("from", instant()),
        required("to", instant()),
        required("closedAt", instant()),
        required("closedBy", schema::text()),
        required("totals", list("RevenueTotal")),
    ]);
    vec![
        ("RevenueTotal", open(total)),
        ("RevenueOfGrant", open(line)),
        ("RevenueReport", report),
        ("RevenueReportResponse", schema::data(reference("RevenueReport"))),
        ("ClosedMonth", month),
        ("ClosedMonthResponse", schema::data(reference("ClosedMonth"))),
        ("ClosedMonthList", schema::page("ClosedMonth")),
    ]
}

fn month_schema() -> Value {
    json!({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$"})
}
