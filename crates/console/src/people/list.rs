//! `/people`.

use maud::{Markup, html};

use super::model::Person;
use crate::api::{Listed, segment};
use crate::component::{badge, instant, pager, table};
use crate::failure::Shown;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// The page.
pub async fn page(visit: Visit) -> Shown {
    let people: Listed<Person> = visit.api.list(&visit.page_of("/api/v1/people", &[])).await?;
    let actions = html! {
        a.button.primary href=(visit.address("/new/person")) { "Invite somebody" }
    };
    let heading = Heading::of("People", Section::People).with(actions);
    let heads = [
        ("Person", false),
        ("Status", false),
        ("Role", false),
        ("Signs in with", false),
        ("Invited", false),
        ("", false),
    ];
    visit.page(
        &heading,
        html! {
            (table("People", &heads, html! {
                @for person in &people.data { (row(&visit, person)) }
            }))
            (pager(&visit, &people.pagination))
        },
    )
}

fn row(visit: &Visit, person: &Person) -> Markup {
    let to = |page: &str| visit.address(&format!("/people/{}/{page}", segment(&person.id)));
    let pages = [
        ("role", "Role"),
        ("status", if person.status == "DISABLED" { "Enable" } else { "Disable" }),
        ("link", "New link"),
        ("sessions", "Sessions"),
        ("remove", "Remove"),
    ];
    html! {
        tr {
            th scope="row" {
                (person.display_name) " " span.quiet { (person.email) }
                br; code.quiet { (person.id) }
            }
            td { (badge(&person.status)) }
            td { (person.role().to_lowercase()) }
            td { (person.signs_in_with.as_deref().unwrap_or("password")) }
            td { (instant(&person.created_at)) }
            td {
                @for (page, text) in pages {
                    a.button.small href=(to(page)) {
                        (text) span.hidden { " " (person.display_name) }
                    }
                    " "
                }
            }
        }
    }
}
