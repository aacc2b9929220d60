//! The OpenAPI document. Each endpoint describes itself beside its handler; here the parts are
//! put together.

mod document;
mod operation;
pub(crate) mod schema;

pub(crate) use document::{Component, document};
pub(crate) use operation::Operation;
