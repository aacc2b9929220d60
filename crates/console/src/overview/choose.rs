//! `/console`: to the first environment that the person may look at.

use crate::failure::{Shown, redirect};
use crate::visit::Visit;

/// The way there.
pub async fn page(visit: Visit) -> Shown {
    Ok(redirect(&visit.address("")))
}
