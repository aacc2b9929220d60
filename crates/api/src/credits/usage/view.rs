//! Usage as the API shows it.

use scrip_core::Timestamp;
use scrip_ledger::{Record, UsageSeries};
use serde_json::json;

use crate::http::Numbers;
use crate::json::{Members, Writer, document};
use crate::openapi::Component;
use crate::openapi::schema::{self, amount, data, instant, nullable, open, optional, required};

/// `{"data": {currency, series, pagination}}`.
pub(super) fn body(
    numbers: Numbers,
    currency: Option<&Record>,
    begins: &[Timestamp],
    group_by: &[String],
    series: &[UsageSeries],
    (next, prev): (Option<String>, Option<String>),
) -> Vec<u8> {
    document(numbers, |writer| {
        writer.object(|members| {
            write_currency(members, currency);
            members.array("series", series, |writer, one| write(writer, begins, group_by, one));
            members.object("pagination", |members| {
                members.text_or_null("next", next.as_deref());
                members.text_or_null("prev", prev.as_deref());
            });
        });
    })
}

fn write_currency(members: &mut Members<'_>, currency: Option<&Record>) {
    let Some(record) = currency else { return members.null("currency") };
    let unit = |name| record.body.get("units")?.get(name)?.as_str();
    members.object("currency", |members| {
        members.text("currencyId", &record.id);
        members.text("displayName", record.text("displayName").unwrap_or(&record.id));
        members.text_or_null("symbol", record.text("symbol"));
        members.text_or_null("singular", unit("singular"));
        members.text_or_null("plural", unit("plural"));
    });
}

fn write(writer: &mut Writer, begins: &[Timestamp], group_by: &[String], series: &UsageSeries) {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    writer.object(|members| {
        members.null("featureId");
        members.null("featureName");
        members.credits("totalCredits", series.total);
        members.integer("eventCount", count(series.count));
        members.array("points", begins.iter().enumerate(), |writer, (place, begin)| {
            let (value, events) = series.points.get(&place).copied().unwrap_or_default();
            writer.object(|members| {
                members.plain("timestamp", begin);
                members.credits("value", value);
                members.integer("eventCount", count(events));
            });
        });
        if !group_by.is_empty() {
            let tags = group_by.iter().zip(&series.tags);
            members.array("tags", tags, |writer, (key, value)| {
                writer.object(|members| {
                    members.text("key", key);
                    members.text("value", value);
                });
            });
        }
    });
}

pub(super) fn components() -> Vec<Component> {
    let list = |item| json!({"type": "array", "items": item});
    let count = || json!({"type": "integer", "minimum": 0});
    let currency = open([
        required("currencyId", schema::text()),
        required("displayName", schema::text()),
        required("symbol", nullable(schema::text())),
        required("singular", nullable(schema::text())),
        required("plural", nullable(schema::text())),
    ]);
    let point = open([
        required("timestamp", instant()),
        required("value", amount()),
        required("eventCount", count()),
    ]);
    let tag = open([required("key", schema::text()), required("value", schema::text())]);
    let series = open([
        required("featureId", nullable(schema::text())),
        required("featureName", nullable(schema::text())),
        required("totalCredits", amount()),
        required("eventCount", count()),
        required("points", list(point)),
        optional("tags", list(tag)),
    ]);
    let pagination = open([
        required("next", nullable(schema::text())),
        required("prev", nullable(schema::text())),
    ]);
    let usage = open([
        required("currency", nullable(currency)),
        required("series", list(series)),
        required("pagination", pagination),
    ]);
    vec![("CreditUsageResponse", data(usage))]
}
