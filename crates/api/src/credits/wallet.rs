//! The wallet, or the wallets, that a request names.

use scrip_core::{CurrencyId, CustomerId, ResourceId, WalletKey};

use crate::cursor::CursorScope;
use crate::error::ApiError;
use crate::http::{Call, Query};
use crate::json::Text;
use crate::lookup::{customer_exists, existing_currency};
use crate::openapi::schema::{self, Member, id, nullable, optional, required};
use crate::{fields, paging};

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

/// Which wallets a list is about: a customer's, of one resource and one currency if they are named.
pub(crate) struct Filter {
    /// Whose.
    pub customer: CustomerId,
    /// Of this resource.
    pub resource: Option<ResourceId>,
    /// Of this currency.
    pub currency: Option<CurrencyId>,
}

impl Filter {
    /// What a query says.
    pub fn of_query(query: &Query) -> Result<Self, ApiError> {
        let resource = query.one("resourceId")?.map(|text| fields::resource("resourceId", text));
        let currency = query.one("currencyId")?.map(|text| fields::currency("currencyId", text));
        Ok(Self {
            customer: fields::customer("customerId", query.required("customerId")?)?,
            resource: resource.transpose()?,
            currency: currency.transpose()?,
        })
    }

    /// The cursors of a list that is filtered so.
    pub fn scope(&self, call: &Call, list: &str) -> CursorScope {
        paging::scope(call, list)
            .filter("customerId", Some(self.customer.as_str()))
            .filter("resourceId", self.resource.as_ref().map(|id| id.as_str()))
            .filter("currencyId", self.currency.as_ref().map(|id| id.as_str()))
    }

    /// Customer and currency must be there; an unknown resource has an empty list (decision 56).
    pub async fn check(&self, call: &Call) -> Result<(), ApiError> {
        customer_exists(call, &self.customer).await?;
        if let Some(currency) = &self.currency {
            existing_currency(call, currency).await?;
        }
        Ok(())
    }
}
