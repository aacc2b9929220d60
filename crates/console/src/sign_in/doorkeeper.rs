//! Who looks at a page: whoever has a session that stands, with the role in the environment's account.

use axum::http::HeaderMap;
use scrip_core::EnvironmentId;
use scrip_ledger::{
    CreatedRange, LedgerError, PageRequest, Person, RecordKind, RecordQuery, Role, SYSTEM, Start,
    Visit,
};

use super::{SignIn, session};
use crate::visitor::{Boxed, CsrfToken, Doorkeeper, EnvironmentLink, TurnedAway, Visitor};

/// Environments that are looked at for the switcher.
const ENVIRONMENTS_MAX: usize = 200;

/// An environment that somebody may look at, and what they may there.
pub struct Open {
    /// How it is gone to.
    pub link: EnvironmentLink,
    /// Whose it is.
    pub account: String,
    /// What they may there.
    pub role: Role,
}

impl Doorkeeper for SignIn {
    fn visitor<'a>(
        &'a self,
        headers: &'a HeaderMap,
        environment: Option<&'a str>,
    ) -> Boxed<'a, Result<Visitor, TurnedAway>> {
        Box::pin(async move {
            let unavailable = |error: LedgerError| {
                tracing::warn!(%error, "asking who looks at the console");
                TurnedAway::Unavailable
            };
            let current = session::current(self, headers).await.map_err(unavailable)?;
            let (visit, csrf) = current.ok_or(TurnedAway::NotSignedIn)?;
            let open = open_to(self, &visit.person).await.map_err(unavailable)?;
            visitor(visit, csrf, open, environment)
        })
    }
}

fn visitor(
    Visit { person, .. }: Visit,
    csrf: CsrfToken,
    open: Vec<Open>,
    environment: Option<&str>,
) -> Result<Visitor, TurnedAway> {
    let is_wanted = |it: &&Open| environment.is_none_or(|name| it.link.name == name);
    let found = open.iter().find(is_wanted).ok_or(TurnedAway::NoSuchEnvironment)?;
    Ok(Visitor {
        person_id: person.id.clone(),
        display_name: person.display_name,
        email: person.email.to_string(),
        role: found.role,
        account_id: found.account.clone(),
        environment: found.link.clone(),
        environments: open.iter().map(|it| it.link.clone()).collect(),
        csrf,
    })
}

/// The environments of the accounts that somebody belongs to, the oldest first.
pub async fn open_to(sign_in: &SignIn, person: &Person) -> Result<Vec<Open>, LedgerError> {
    let query = RecordQuery {
        environment: SYSTEM,
        kind: RecordKind::Environment,
        matching: Vec::new(),
        created: CreatedRange::default(),
        archived: Some(false),
        page: PageRequest { start: Start::Newest, limit: ENVIRONMENTS_MAX },
    };
    let page = sign_in.ledger().records(query).await?;
    let mut open = Vec::new();
    for (_, record) in page.items.iter().rev() {
        let account = record.text("account").unwrap_or_default();
        let (Some(role), Ok(number)) = (person.role_in(account), record.id.parse()) else {
            continue;
        };
        let name = record.text("name").unwrap_or(&record.id).to_owned();
        let is_sandbox = record.text("type") == Some("SANDBOX");
        let link = EnvironmentLink { id: EnvironmentId(number), name, is_sandbox };
        open.push(Open { link, account: account.to_owned(), role });
    }
    // Two of different accounts may have one name: then each is called by its number.
    let names: Vec<String> = open.iter().map(|it| it.link.name.clone()).collect();
    for it in &mut open {
        if names.iter().filter(|name| **name == it.link.name).count() > 1 {
            it.link.name = it.link.id.0.to_string();
        }
    }
    Ok(open)
}
