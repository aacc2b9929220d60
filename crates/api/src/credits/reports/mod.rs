//! `/api/v1/credits/reports`: what became of the money of grants (spec section 7, decision 31).

mod books;
mod months;
mod revenue;
mod table;
mod view;

use crate::http::{Accepts, Endpoint};
use crate::openapi::Component;

const TAG: &str = "Credit reports";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    let months = "/api/v1/credits/reports/months";
    vec![
        Endpoint::get("/api/v1/credits/reports/revenue", revenue::operation(), revenue::handler),
        Endpoint::get(months, months::list::operation(), months::list::handler),
        Endpoint::post(
            "/api/v1/credits/reports/months/{month}/close",
            Accepts::CHANGE,
            months::close::operation(),
            months::close::handler,
        ),
    ]
}

pub(crate) fn components() -> Vec<Component> {
    view::components()
}
