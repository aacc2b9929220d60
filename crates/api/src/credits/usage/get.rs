//! `GET /api/v1/credits/usage`: the usage of a wallet, in buckets and series.

use std::sync::Arc;

use scrip_core::{CurrencyId, CustomerId, ResourceId, WalletKey};
use scrip_ledger::{Record, Start, USAGE_ROWS_MAX, UsageQuery, UsageSeries};

use super::buckets::{Buckets, TimeRange};
use super::{TAG, view};
use crate::credits::wallet::Filter;
use crate::error::ApiError;
use crate::http::{Call, Query, Reply};
use crate::lookup::{customer_exists, existing_currency, resource_exists};
use crate::openapi::Operation;
use crate::openapi::schema::{self, choice, id, instant};
use crate::{fields, paging};

/// The key that splits by feature; there are none yet.
const FEATURE: &str = "featureId";
/// Dimensions to group by at most.
const GROUP_BY_MAX: usize = 3;

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let query = call.query();
    let filter = Filter::of_query(query)?;
    let buckets = buckets(&call)?;
    let group_by = group_by(query)?;
    let scope = filter
        .scope(&call, "usage")
        .filter("range", query.one("timeRange")?)
        .filter("startDate", query.one("startDate")?)
        .filter("endDate", query.one("endDate")?)
        .filter("groupBy", Some(&group_by.join(",")));
    let page = paging::page(query, &scope)?;
    let Filter { customer, resource, currency } = filter;
    customer_exists(&call, &customer).await?;
    let currency = the_currency(&call, &customer, resource.as_ref(), currency).await?;
    // An unknown resource has an empty list (decision 56).
    let is_known = match &resource {
        Some(resource) => resource_exists(&call, &customer, resource).await?,
        None => true,
    };
    let Some(currency) = currency.filter(|_| is_known) else {
        return Ok(Reply::ok(view::body(call.numbers(), None, &[], &[], &[], (None, None))));
    };
    let environment = call.environment();
    let id =
        CurrencyId::parse(&currency.id).map_err(|error| ApiError::internal(error.to_string()))?;
    let wallet = WalletKey { environment, customer, currency: id, resource };
    let Buckets { begins, from, until } = buckets;
    let asked =
        UsageQuery { wallet, buckets: begins.clone(), from, until, group_by: group_by.clone() };
    let Some(series) = call.ledger().usage(asked).await? else {
        let message = format!(
            "startDate and endDate: more than {USAGE_ROWS_MAX} ledger rows would have to be read; ask \
             for whole hours, or for less time"
        );
        return Err(ApiError::bad("InvalidArgumentError", message));
    };
    let (shown, next, prev) = stretch(&series, page.start, page.limit);
    let cursor = |rank: Option<usize>| {
        let point = |rank| scrip_ledger::Point { position: rank as u64, part: 0 };
        rank.map(|rank| scope.write(point(rank)))
    };
    let cursors = (cursor(next), cursor(prev));
    Ok(Reply::ok(view::body(call.numbers(), Some(&currency), &begins, &group_by, shown, cursors)))
}

/// The series of a page, with the ranks of the last and the first if there are more on that side.
fn stretch(
    series: &[UsageSeries],
    start: Start,
    limit: usize,
) -> (&[UsageSeries], Option<usize>, Option<usize>) {
    let rank = |point: scrip_ledger::Point| usize::try_from(point.position).unwrap_or(usize::MAX);
    let (first, end) = match start {
        Start::Newest => (0, limit),
        Start::After(point) => (rank(point), rank(point).saturating_add(limit)),
        Start::Before(point) => {
            let end = rank(point).saturating_sub(1);
            (end.saturating_sub(limit), end)
        }
    };
    let end = end.min(series.len());
    let first = first.min(end);
    let next = (end < series.len()).then_some(end);
    let prev = (first > 0).then_some(first + 1);
    (series.get(first..end).unwrap_or_default(), next, prev)
}

/// The currency that is asked for, else the only one of which the customer has a wallet there; none if
/// there is no wallet (decision 27b).
async fn the_currency(
    call: &Call,
    customer: &CustomerId,
    resource: Option<&ResourceId>,
    asked: Option<CurrencyId>,
) -> Result<Option<Arc<Record>>, ApiError> {
    if let Some(currency) = asked {
        return existing_currency(call, &currency).await.map(Some);
    }
    let wallets = call.ledger().wallets(call.environment(), customer).await?;
    let mut found: Vec<CurrencyId> = wallets
        .into_iter()
        .filter(|wallet| wallet.resource.as_ref() == resource)
        .map(|wallet| wallet.currency)
        .collect();
    found.dedup();
    match found.as_slice() {
        [] => Ok(None),
        [one] => existing_currency(call, one).await.map(Some),
        several => {
            let names: Vec<&str> = several.iter().map(CurrencyId::as_str).collect();
            let message = format!("currencyId is missing: there are {}", names.join(", "));
            Err(ApiError::bad_input(message))
        }
    }
}

fn buckets(call: &Call) -> Result<Buckets, ApiError> {
    let query = call.query();
    let range = query.one("timeRange")?;
    let range =
        range.map(|text| fields::choice("timeRange", text, &TimeRange::NAMES)).transpose()?;
    let end = query.one("endDate")?.map(|text| fields::instant("endDate", text)).transpose()?;
    let start =
        query.one("startDate")?.map(|text| fields::instant("startDate", text)).transpose()?;
    let Some(start) = start else {
        return Ok(range.unwrap_or(TimeRange::Month).buckets(call.now()));
    };
    let end = end.unwrap_or_else(|| call.now());
    if start > end {
        return Err(ApiError::bad_input(
            "startDate must not be after endDate, which is now if absent",
        ));
    }
    Buckets::between(start, end)
        .ok_or_else(|| ApiError::bad_input("startDate must be at most 100 years before endDate"))
}

/// The dimensions to group by; that by feature splits nothing yet.
fn group_by(query: &Query) -> Result<Vec<String>, ApiError> {
    let Some(text) = query.one("groupBy")? else { return Ok(Vec::new()) };
    let is_key = |key: &str| {
        !key.is_empty()
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_$-".contains(&byte))
    };
    let mut keys: Vec<String> = Vec::new();
    let mut by_feature = false;
    for key in text.split(',') {
        if !is_key(key) {
            return Err(ApiError::bad_input(
                "groupBy must be keys of letters, digits or any of _$-",
            ));
        }
        let is_repeated = if key == FEATURE {
            std::mem::replace(&mut by_feature, true)
        } else {
            keys.iter().any(|known| known == key)
        };
        if is_repeated {
            return Err(ApiError::bad_input(format!("groupBy names {key} twice")));
        }
        if key != FEATURE {
            keys.push(key.to_owned());
        }
    }
    if keys.len() > GROUP_BY_MAX {
        let message =
            format!("groupBy must be at most {GROUP_BY_MAX} dimensions, beside {FEATURE}");
        return Err(ApiError::bad_input(message));
    }
    Ok(keys)
}

pub(super) fn operation() -> Operation {
    let names = TimeRange::NAMES.map(|(name, _)| name);
    let group = "Up to 3 dimensions, separated by commas, and `featureId`";
    Operation::new("getCreditUsage", TAG, "Get usage over time")
        .text(
            "What was consumed, in buckets of an hour, a day or a month, UTC; buckets without usage \
             are there too. A refund reduces the bucket of what it undoes.",
        )
        .required_query("customerId", id(schema::CUSTOMER_ID), "Whose usage")
        .query("currencyId", id(schema::PLAIN_ID), "Of which currency, if there are several")
        .query("resourceId", id(schema::PLAIN_ID), "Of the wallet of this resource")
        .query("timeRange", choice(names), "Until now; LAST_MONTH if absent")
        .query("startDate", instant(), "Wins over `timeRange`")
        .query("endDate", instant(), "With `startDate`; now if absent")
        .query("groupBy", schema::text(), group)
        .paged()
        .answers(200, "The series, those with the most usage first", "CreditUsageResponse")
        .refuses(&[404])
}
