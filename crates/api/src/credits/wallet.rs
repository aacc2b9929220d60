//! The wallet that a request names.

use scrip_core::WalletKey;

use crate::error::ApiError;
use crate::fields;
use crate::http::Call;
use crate::json::Text;
use crate::openapi::schema::{self, Member, id, nullable, optional, required};

/// The wallet that a body names.
pub(crate) fn of_body(
    call: &Call,
    customer: &Text<'_>,
    currency: &Text<'_>,
    resource: Option<&Text<'_>>,
) -> Result<WalletKey, ApiError> {
    let resource = resource.map(|Text(text)| fields::resource("resourceId", text));
    Ok(WalletKey {
        environment: call.environment(),
        customer: fields::customer("customerId", &customer.0)?,
        currency: fields::currency("currencyId", &currency.0)?,
        resource: resource.transpose()?,
    })
}

/// The wallet that a query names.
pub(crate) fn of_query(call: &Call) -> Result<WalletKey, ApiError> {
    let query = call.query();
    let resource = query.one("resourceId")?.map(|text| fields::resource("resourceId", text));
    Ok(WalletKey {
        environment: call.environment(),
        customer: fields::customer("customerId", query.required("customerId")?)?,
        currency: fields::currency("currencyId", query.required("currencyId")?)?,
        resource: resource.transpose()?,
    })
}

/// The members of a body that name it.
pub(crate) fn members() -> [Member; 3] {
    [
        required("customerId", id(schema::CUSTOMER_ID)),
        required("currencyId", id(schema::PLAIN_ID)),
        optional("resourceId", nullable(id(schema::PLAIN_ID))),
    ]
}
