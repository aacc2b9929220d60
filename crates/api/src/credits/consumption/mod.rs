//! `/api/v1/credits/consumption`.

mod consume;
mod consume_async;
mod refund;
mod request;
mod view;

use crate::http::{Accepts, Endpoint};
use crate::openapi::Component;

pub(crate) use consume_async::{Batch, rendered as rendered_batch};
pub(crate) use request::read_one;
pub(crate) use view::{Consumption, write_credit};

const TAG: &str = "Credit consumption";
pub(crate) const CONSUMPTION: &str = "/api/v1/credits/consumption";
pub(crate) const CONSUMPTION_ASYNC: &str = "/api/v1/credits/consumption/async";
const REFUND: &str = "/api/v1/credits/consumption/refund";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    let asynchronous = consume_async::operation();
    vec![
        Endpoint::post(CONSUMPTION, Accepts::CHANGE, consume::operation(), consume::handler),
        Endpoint::post(CONSUMPTION_ASYNC, Accepts::BATCH, asynchronous, consume_async::handler),
        Endpoint::post(REFUND, Accepts::CHANGE, refund::operation(), refund::handler),
    ]
}

pub(crate) fn components() -> Vec<Component> {
    let mut components = request::components();
    components.extend(view::components());
    components.push(("RefundConsumptionRequest", refund::schema()));
    components.push(("RefundConsumptionResponse", refund::response()));
    components
}
