//! `/api/v1/credits/custom-currencies`.

mod archive;
mod associated_entities;
mod create;
mod list;
mod unarchive;
mod update;
mod view;

use crate::http::{Accepts, Endpoint};
use crate::openapi::Component;

const TAG: &str = "Custom currencies";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    const CURRENCIES: &str = "/api/v1/credits/custom-currencies";
    const CURRENCY: &str = "/api/v1/credits/custom-currencies/{currencyId}";
    vec![
        Endpoint::post(CURRENCIES, Accepts::ONCE, create::operation(), create::handler),
        Endpoint::get(CURRENCIES, list::operation(), list::handler),
        Endpoint::patch(CURRENCY, update::operation(), update::handler),
        Endpoint::post(
            "/api/v1/credits/custom-currencies/{currencyId}/archive",
            Accepts::ONCE,
            archive::operation(),
            archive::handler,
        ),
        Endpoint::post(
            "/api/v1/credits/custom-currencies/{currencyId}/unarchive",
            Accepts::ONCE,
            unarchive::operation(),
            unarchive::handler,
        ),
        Endpoint::get(
            "/api/v1/credits/custom-currencies/{currencyId}/associated-entities",
            associated_entities::operation(),
            associated_entities::handler,
        ),
    ]
}

pub(crate) fn components() -> Vec<Component> {
    let mut components = view::components();
    components.push(("CreateCustomCurrencyRequest", create::schema()));
    components.push(("UpdateCustomCurrencyRequest", update::schema()));
    components.push(("AssociatedEntitiesResponse", associated_entities::schema()));
    components
}
