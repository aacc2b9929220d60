//! `GET /api/v1/customers/{id}/entitlements`: the balances of a customer, or of one resource.

use scrip_core::CustomerId;

use super::TAG;
use super::check::balance_denied;
use super::view::{CreditEntitlement, Denied, write_reason};
use crate::error::ApiError;
use crate::fields;
use crate::http::{Call, Numbers, Reply};
use crate::json::document;
use crate::lookup::{find_currency, find_customer};
use crate::openapi::Operation;
use crate::openapi::schema::{self, id};

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let resource = call
        .query()
        .one("resourceId")?
        .map(|text| fields::resource("resourceId", text))
        .transpose()?;
    let customer = match CustomerId::parse(call.path("id")) {
        Ok(id) => find_customer(&call, &id).await?.map(|record| (id, record)),
        Err(_) => None,
    };
    let (id, customer) = match customer {
        None => return Ok(denied(call.numbers(), Denied::CustomerNotFound)),
        Some((_, record)) if record.archived_at.is_some() => {
            return Ok(denied(call.numbers(), Denied::CustomerIsArchived));
        }
        Some(found) => found,
    };
    let environment = call.environment();
    let balances = call.ledger().balances(environment, &id, resource.as_ref()).await?;
    let mut currencies = Vec::with_capacity(balances.len());
    for (wallet, _) in &balances {
        currencies.push(find_currency(&call, &wallet.currency).await?);
    }
    let body = document(call.numbers(), |writer| {
        writer.object(|members| {
            let entries = balances.iter().zip(&currencies);
            members.array("entitlements", entries, |writer, ((wallet, balance), currency)| {
                let entitlement = CreditEntitlement {
                    denied: balance_denied(Some(balance), None),
                    currency_id: wallet.currency.as_str(),
                    currency: currency.as_deref(),
                    balance: Some(balance),
                    updated_at: balance.updated_at.unwrap_or(customer.created_at),
                    reservation: None,
                };
                entitlement.write(writer);
            });
            write_reason(members, None);
        });
    });
    Ok(Reply::ok(body))
}

fn denied(numbers: Numbers, denied: Denied) -> Reply {
    Reply::ok(document(numbers, |writer| {
        writer.object(|members| {
            members.array("entitlements", [(); 0], |_, ()| {});
            write_reason(members, Some(denied));
        });
    }))
}

pub(super) fn operation() -> Operation {
    let resource = "The wallets of this resource; without it, those of no resource";
    Operation::new("listEntitlements", TAG, "List a customer's entitlements")
        .text("One entry for each currency in which there is a wallet.")
        .path("id", "The customer's id")
        .query("resourceId", id(schema::PLAIN_ID), resource)
        .answers(200, "The entitlements", "ListEntitlementsResponse")
}
