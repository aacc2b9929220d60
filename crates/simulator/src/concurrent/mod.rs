//! Real threads over HTTP.

mod linearize;
