//! People and their sessions as the API shows them.

use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use crate::api::{Api, segment};
use crate::component::{Choice, Instant};
use crate::failure::Failure;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// Somebody who belongs to the account.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// What rows and logs call them.
    pub id: String,
    /// By what they sign in.
    pub email: String,
    /// What people call them.
    pub display_name: String,
    /// What they may; none of somebody who was removed.
    pub role: Option<String>,
    /// `ACTIVE`, `INVITED`, `DISABLED` or `REMOVED`.
    pub status: String,
    /// The issuer with whom they sign in elsewhere.
    pub signs_in_with: Option<String>,
    /// When they were invited.
    pub created_at: Instant,
}

/// Where somebody is signed in.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// What people call it.
    pub id: String,
    /// `password`, or the issuer.
    pub signed_in_with: String,
    /// The browser, as it called itself.
    pub user_agent: String,
    /// Whence it came.
    pub address: String,
    /// When it began.
    pub created_at: Instant,
    /// When something was done in it last, some minutes late.
    pub last_seen_at: Instant,
}

impl Person {
    /// The person of this identifier.
    pub async fn get(api: &Api, id: &str) -> Result<Self, Failure> {
        Ok(api.get(&Self::target(id, "")).await?)
    }

    /// The path of one of the operations.
    pub fn target(id: &str, operation: &str) -> String {
        format!("/api/v1/people/{}{operation}", segment(id))
    }

    /// What they may, as people read it.
    pub fn role(&self) -> &str {
        self.role.as_deref().unwrap_or("nothing")
    }
}

/// Roles to choose from, with what they allow.
pub fn roles() -> Vec<Choice> {
    [
        ("VIEWER", "Viewer: reads everything but keys and people"),
        ("SUPPORT", "Support: and gives credits, burns them, and changes customers"),
        ("ADMIN", "Admin: and changes settings and manages API keys"),
        ("OWNER", "Owner: everything, people too"),
    ]
    .map(|(value, text)| Choice::of(value, text))
    .into()
}

pub fn heading<'a>(title: &'a str, visit: &Visit, person: &Person) -> Heading<'a> {
    Heading::of(title, Section::People)
        .below("People", visit.address("/people"))
        .below(person.display_name.clone(), visit.address("/people"))
}

pub fn back(visit: &Visit) -> (String, String) {
    ("To all people".to_owned(), visit.address("/people"))
}

/// A link, for whoever asked for it in this moment and nobody else.
pub fn link(data: &Value) -> Markup {
    let link = data.get("signInLink").filter(|link| !link.is_null());
    let token = link.and_then(|link| link.get("token")?.as_str());
    html! {
        div.card {
            h2 { "The link" }
            @match (link, token) {
                (Some(_), Some(token)) => {
                    code.secret { "/console/sign-in/link?token=" (token) }
                    p { "Send it to them, behind this server's address. It works once, within seven "
                        "days, and nothing shows it again." }
                }
                (Some(_), None) => {
                    p { "It was shown when the request was carried out, and is not shown again. If "
                        "nobody has it, make another one." }
                }
                (None, _) => {
                    p { "They belong to another account already, and sign in as before." }
                    @if data.get("status").and_then(Value::as_str) == Some("DISABLED") {
                        p { "They have a password that they chose with a link of another account. Ask "
                            "them whether they sign in there themselves, and enable them then." }
                    }
                }
            }
        }
    }
}
