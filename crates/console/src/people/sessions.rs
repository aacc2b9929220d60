//! `/people/{person}/sessions`: where somebody is signed in, and the end of it.

use maud::{Markup, html};

use super::model::{Person, Session, heading};
use crate::action::{Deed, Line, Operation, Plan};
use crate::api::{Done, Listed, segment};
use crate::component::{empty, instant, table};
use crate::failure::{Failure, Shown};
use crate::form::Form;
use crate::layout::Heading;
use crate::visit::Visit;

/// A session is ended.
pub struct End {
    person: Person,
    session: String,
}

async fn sessions(visit: &Visit, person: &Person) -> Result<Vec<Session>, Failure> {
    let target = Person::target(&person.id, "/sessions");
    let listed: Listed<Session> = visit.api.list(&target).await?;
    Ok(listed.data)
}

/// The page.
pub async fn page(visit: Visit) -> Shown {
    let person = Person::get(&visit.api, visit.path("person")).await?;
    let sessions = sessions(&visit, &person).await?;
    let heads = [
        ("Browser", false),
        ("Signed in with", false),
        ("Since", false),
        ("Last seen", false),
        ("", false),
    ];
    let contents = html! {
        @if sessions.is_empty() {
            (empty("They are signed in nowhere.", None))
        } @else {
            (table("Sessions", &heads, html! {
                @for session in &sessions { (row(&visit, &person, session)) }
            }))
        }
    };
    visit.page(&heading("Sessions", &visit, &person), contents)
}

fn row(visit: &Visit, person: &Person, session: &Session) -> Markup {
    let (person, id) = (segment(&person.id), segment(&session.id));
    let end = visit.address(&format!("/people/{person}/sessions/{id}/end"));
    html! {
        tr {
            th scope="row" {
                (session.user_agent) " " span.quiet { (session.address) }
                br; code.quiet { (session.id) }
            }
            td { (session.signed_in_with) }
            td { (instant(&session.created_at)) }
            td { (instant(&session.last_seen_at)) }
            td { a.button.small href=(end) { "End" span.hidden { " " (session.id) } } }
        }
    }
}

impl End {
    fn back(&self, visit: &Visit) -> String {
        visit.address(&format!("/people/{}/sessions", segment(&self.person.id)))
    }
}

impl Deed for End {
    async fn find(visit: &Visit) -> Result<Self, Failure> {
        let person = Person::get(&visit.api, visit.path("person")).await?;
        Ok(Self { person, session: visit.path("session").to_owned() })
    }

    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a> {
        heading("End a session", visit, &self.person).below("Sessions", self.back(visit))
    }

    async fn plan(&self, _: &Visit, _: &Form) -> Result<Plan, Failure> {
        let notes = html! { p { "Nothing is done in it any more, at once." } };
        let lines = vec![Line::of(self.session.clone(), "Stands", "Over")];
        Ok(Plan { lines, notes: Some(notes), verb: "End the session", is_dangerous: true })
    }

    fn operation(&self, _: &Form, _: &str) -> Operation {
        let path = format!("/sessions/{}", segment(&self.session));
        Operation::delete(Person::target(&self.person.id, &path))
    }

    async fn state(&self, visit: &Visit, _: &Form) -> Result<Vec<String>, Failure> {
        let stands = sessions(visit, &self.person).await?;
        let stands = stands.iter().any(|session| session.id == self.session);
        Ok(vec![if stands { "Stands" } else { "Over" }.to_owned()])
    }

    fn told(&self, _: &Visit, _: &Done) -> (String, Option<Markup>) {
        ("The session is over.".to_owned(), None)
    }

    fn back(&self, visit: &Visit) -> (String, String) {
        ("To the sessions".to_owned(), Self::back(self, visit))
    }
}
