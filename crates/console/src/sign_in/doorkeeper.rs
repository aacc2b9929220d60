//! Who looks at a page: whoever has a session that stands, with the role in the environment's account.

use axum::http::HeaderMap;
use scrip_ledger::{LedgerError, Person, Role, Visit, all_environments};

use super::{SignIn, session};
use crate::visitor::{Boxed, CsrfToken, Doorkeeper, EnvironmentLink, TurnedAway, Visitor};

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
    let lives = |it: &&Open| !it.link.is_archived;
    let found = match environment {
        Some(name) => open.iter().find(|it| it.link.name == name),
        None => open.iter().find(lives).or_else(|| open.first()),
    };
    let found = found.ok_or(TurnedAway::NoSuchEnvironment)?;
    let is_shown = |it: &&Open| lives(it) || it.link == found.link;
    Ok(Visitor {
        person_id: person.id.clone(),
        display_name: person.display_name,
        email: person.email.to_string(),
        role: found.role,
        account_id: found.account.clone(),
        environment: found.link.clone(),
        environments: open.iter().filter(is_shown).map(|it| it.link.clone()).collect(),
        csrf,
    })
}

/// The environments of the accounts that somebody belongs to, the oldest first, archived ones too.
pub async fn open_to(sign_in: &SignIn, person: &Person) -> Result<Vec<Open>, LedgerError> {
    let mut open = Vec::new();
    for environment in all_environments(sign_in.ledger()).await? {
        let Some(role) = person.role_in(&environment.account) else { continue };
        let is_sandbox = environment.is_sandbox();
        let link = EnvironmentLink {
            number: environment.number,
            home: environment.home,
            name: environment.id,
            is_sandbox,
            is_archived: environment.archived_at.is_some(),
        };
        open.push(Open { link, account: environment.account, role });
    }
    // In one order, also after one was reset.
    open.sort_by_key(|it| it.link.home);
    Ok(open)
}
