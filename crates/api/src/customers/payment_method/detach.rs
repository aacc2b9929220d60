//! `DELETE /api/v1/customers/{id}/payment-method`: a customer is charged by nothing any more.

use super::{TAG, answer, collecting};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::lookup::customer_exists;
use crate::openapi::Operation;
use crate::payments::refused;

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let call = write.call();
    let customer = call.path_customer()?;
    customer_exists(call, &customer).await?;
    let detached = collecting(call)?.detach(call.environment(), &customer).await;
    detached.map_err(refused)?;
    answer(call, &customer).await
}

pub(super) fn operation() -> Operation {
    Operation::new("detachPaymentMethod", TAG, "Remove a customer's payment method")
        .text("The environment's payment provider forgets it. Repeated, it changes nothing.")
        .path("id", "The customer's id")
        .answers(200, "The customer", "CustomerResponse")
        .refuses(&[404])
}
