//! Customers of Stripe's who are ours, and what they pay with.

use std::cmp::Reverse;

use scrip_core::EnvironmentId;
use scrip_ledger::anchors::to_hex;
use sha2::{Digest as _, Sha256};

use super::api::{Api, Failure};
use super::form::Form;
use super::objects::{Customer, List, Named, PaymentMethod, Reference, checked};
use crate::payments::provider::{Payer, Trouble};

/// How many keys may be used up by failures that Stripe remembers.
const KEYS_MAX: u32 = 8;

/// Stripe's identifier of a payer, who is made known if he is not.
pub(super) async fn ensure_payer(
    api: &Api,
    environment: EnvironmentId,
    payer: &Payer,
) -> Result<String, Trouble> {
    if let Some(known) = &payer.billing_id {
        return Ok(customer(api, known).await?.id);
    }
    let mut failures = 0;
    loop {
        if let Some(found) = find(api, environment, payer).await? {
            return Ok(found);
        }
        let key = key(environment, payer, failures);
        match api.post("/v1/customers", &details(environment, payer), &key).await {
            Ok(Named { id }) => return Ok(id),
            Err(Failure::Remembered(_)) if failures < KEYS_MAX => failures += 1,
            Err(failure) => return Err(failure.into()),
        }
    }
}

/// Somebody who was made known more than a day ago, when Stripe still knew the key of that.
/// Searches are behind, so a request that failed may have made somebody who is not found and whom
/// nobody uses: the newest is taken.
async fn find(
    api: &Api,
    environment: EnvironmentId,
    payer: &Payer,
) -> Result<Option<String>, Trouble> {
    // Neither of the values can have a quote in it.
    let query = format!(
        "metadata['scrip_customer']:'{}' AND metadata['scrip_environment']:'{}'",
        payer.id, environment.0
    );
    let form = Form::new().with("query", query).with("limit", "100");
    match api.get::<List<Customer>>("/v1/customers/search", &form).await {
        Ok(found) => {
            let newest = found.data.into_iter().min_by_key(|customer| Reverse(customer.created));
            Ok(newest.map(|customer| customer.id))
        }
        // Not every account may search (docs.stripe.com/search); the key is what there is then.
        Err(Failure::Refused(problem)) => {
            tracing::debug!(problem.message, "Stripe does not search for customers");
            Ok(None)
        }
        Err(failure) => Err(failure.into()),
    }
}

fn details(environment: EnvironmentId, payer: &Payer) -> Form {
    Form::new()
        .with("metadata[scrip_customer]", payer.id.as_str())
        .with("metadata[scrip_environment]", environment.0.to_string())
        .with_some("name", payer.name.as_deref())
        .with_some("email", payer.email.as_deref())
}

/// The name of the request that makes a payer known. Another name or address of his is another
/// request, which Stripe would refuse under the same key.
fn key(environment: EnvironmentId, payer: &Payer, failures: u32) -> String {
    let digest = Sha256::digest(details(environment, payer).encoded());
    let hex = to_hex(&digest);
    if failures == 0 {
        format!("scrip-customer-{hex}")
    } else {
        format!("scrip-customer-{hex}-after-{failures}")
    }
}

async fn customer(api: &Api, id: &str) -> Result<Customer, Trouble> {
    let path = format!("/v1/customers/{}", checked(id)?);
    let customer: Customer = api.get(&path, &Form::new()).await?;
    if customer.deleted {
        return Err(Trouble::Refused(format!("the customer {id} was deleted at Stripe")));
    }
    Ok(customer)
}

/// Stores a payment method with a payer, to be charged from now on.
///
/// What was attached may be detached and something else be attached within a day, so neither
/// request has a key that is used again: doing them twice changes nothing.
pub(super) async fn attach(api: &Api, payer: &str, method: &str) -> Result<(), Trouble> {
    let (payer, method) = (checked(payer)?, checked(method)?);
    let path = format!("/v1/payment_methods/{method}");
    let found: PaymentMethod = api.get(&path, &Form::new()).await?;
    let stored = if found.customer.as_ref().map(Reference::id) == Some(payer) {
        found.id
    } else {
        // What is attached may have another identifier: those of the test mode stand for a new one.
        let form = Form::new().with("customer", payer);
        api.repeat::<Named>(&format!("{path}/attach"), &form).await?.id
    };
    let form = Form::new().with("invoice_settings[default_payment_method]", stored);
    let _: Named = api.repeat(&format!("/v1/customers/{payer}"), &form).await?;
    Ok(())
}

/// Removes what a payer is charged by, if there is anything.
pub(super) async fn detach(api: &Api, payer: &str) -> Result<(), Trouble> {
    let customer = customer(api, payer).await?;
    let settings = customer.invoice_settings;
    if let Some(method) = settings.and_then(|settings| settings.default_payment_method) {
        let path = format!("/v1/payment_methods/{}/detach", checked(method.id())?);
        let _: Named = api.repeat(&path, &Form::new()).await?;
    }
    Ok(())
}
