//! `/environments`.

use maud::{Markup, html};

use super::model::Environment;
use crate::component::{badge, event_name, instant, instant_or, table};
use crate::failure::Shown;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// The page.
pub async fn page(visit: Visit) -> Shown {
    let environments = Environment::all(&visit).await?;
    let mut heading = Heading::of("Environments", Section::Environments);
    heading.actions = Some(html! {
        @if visit.may_administer() {
            a.button.primary href=(visit.address("/new/environment")) { "New environment" }
        }
        a.button href=(visit.address("/accounts")) { "Accounts" }
    });
    let heads = [
        ("Environment", false),
        ("Type", false),
        ("Status", false),
        ("Made", false),
        ("Reset", false),
        ("Archived", false),
        ("", false),
    ];
    visit.page(
        &heading,
        html! {
            p.subtitle { "Of the account " code { (visit.visitor.account_id) }
                ". Nothing of one is seen from another." }
            (table("Environments", &heads, html! {
                @for environment in &environments { (row(&visit, environment)) }
            }))
        },
    )
}

fn row(visit: &Visit, environment: &Environment) -> Markup {
    let to = |deed: &str| visit.address(&format!("/environments/{}/{deed}", environment.id));
    let can_change = visit.may_administer() && environment.archived_at.is_none();
    html! {
        tr {
            th scope="row" {
                a href={ "/console/" (environment.id) } { (environment.display_name) }
                @if environment.display_name != environment.id {
                    br; code.quiet { (environment.id) }
                }
            }
            td { (event_name(&environment.environment_type)) }
            td { (badge(&environment.status)) }
            td { (instant(&environment.created_at)) }
            td { (instant_or(environment.reset_at.as_ref(), "never")) }
            td { (instant_or(environment.archived_at.as_ref(), "no")) }
            td {
                @if can_change && environment.is_sandbox() {
                    a.button.small href=(to("reset")) {
                        "Reset" span.hidden { " " (environment.id) }
                    }
                    " "
                }
                @if can_change {
                    a.button.small href=(to("archive")) {
                        "Archive" span.hidden { " " (environment.id) }
                    }
                }
            }
        }
    }
}
