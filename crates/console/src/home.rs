//! `/console` and `/console/{environment}`: where a person begins.

use maud::html;

use crate::failure::{Shown, redirect};
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// To the first environment that the person may look at.
pub async fn choose(visit: Visit) -> Shown {
    Ok(redirect(&visit.address("")))
}

/// How the environment does.
pub async fn overview(visit: Visit) -> Shown {
    let heading = Heading::of("Overview", Section::Overview);
    visit.page(&heading, html! {})
}
