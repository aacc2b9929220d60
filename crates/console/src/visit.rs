//! A person on a page: who it is, where, and the API in their name.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse};
use maud::{Markup, html};
use scrip_ledger::{Permissions, Role, Scope};

use crate::Console;
use crate::api::{Api, target};
use crate::failure::{Failure, Shown};
use crate::layout::{self, Heading};
use crate::visitor::{TurnedAway, Visitor};

/// A request of somebody who is signed in.
pub struct Visit {
    /// Who.
    pub visitor: Visitor,
    /// The API in their name.
    pub api: Api,
    console: Console,
    headers: HeaderMap,
    path: String,
    parameters: Vec<(Box<str>, Box<str>)>,
    query: Vec<(String, String)>,
}

impl Visit {
    /// A part of the path, decoded.
    pub fn path(&self, name: &str) -> &str {
        let found = self.parameters.iter().find(|(known, _)| known.as_ref() == name);
        found.map_or("", |(_, value)| value)
    }

    /// A member of the query; one that is empty, as an empty field of a form is, is none.
    pub fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(known, value)| known == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// The path of the page of a list that the address asks for, of those that these members choose.
    pub fn page_of(&self, path: &str, chosen: &[(&str, Option<&str>)]) -> String {
        let page = [
            ("limit", Some("50")),
            ("after", self.query("after")),
            ("before", self.query("before")),
        ];
        target(path, &[chosen, &page].concat())
    }

    /// Whether the person's role allows something; the API asks again.
    pub fn may(&self, scope: Scope) -> bool {
        let is_possible = scope == Scope::Read || self.can_change();
        is_possible && self.visitor.role.permissions().allow(scope)
    }

    /// Whether the person's role allows everything here, what cannot be taken back too.
    pub fn may_everything(&self) -> bool {
        self.can_change() && self.visitor.role.permissions() == Permissions::Full
    }

    /// Whether the person's role allows to change what the account is made of; it can be from within an
    /// environment that has ended too.
    pub fn may_administer(&self) -> bool {
        self.visitor.role == Role::Owner
    }

    /// Whether anything can be changed in this environment, whoever asks.
    pub fn can_change(&self) -> bool {
        !self.visitor.environment.is_archived
    }

    /// The API in the person's name as things are now: an environment that was reset meanwhile has another number.
    pub async fn anew(&self) -> Result<Api, Failure> {
        let name = Some(self.visitor.environment.name.as_str());
        let visitor = self.console.doorkeeper().visitor(&self.headers, name).await;
        let visitor = visitor.map_err(|turned_away| failure(turned_away, &self.path))?;
        Ok(Api::new(self.console.api(), visitor.holder()))
    }

    /// The way to a page where something is done, for whoever may do it.
    pub fn offer(&self, scope: Scope, address: &str, title: &str) -> Option<Markup> {
        self.may(scope).then(|| html! { a href=(address) { (title) } })
    }

    /// The address of a page in this environment; `path` begins with a slash or is empty.
    pub fn address(&self, path: &str) -> String {
        format!("/console/{}{path}", self.visitor.environment.name)
    }

    /// The same place with members of its query left out, and others put in.
    pub fn here_with(&self, without: &[&str], with: &[(&str, &str)]) -> String {
        let is_kept =
            |name: &str| !without.contains(&name) && !with.iter().any(|(new, _)| *new == name);
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.query.iter().filter(|(name, _)| is_kept(name)) {
            query.append_pair(name, value);
        }
        for (name, value) in with {
            query.append_pair(name, value);
        }
        format!("{}?{}", self.path, query.finish())
    }

    /// A page around its contents.
    pub fn page(&self, heading: &Heading<'_>, contents: Markup) -> Shown {
        Ok(Html(layout::page(self, heading, contents).into_string()).into_response())
    }
}

impl FromRequestParts<Console> for Visit {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Failure> {
        let parameters = RawPathParams::from_request_parts(parts, console)
            .await
            .map_err(|_| Failure::NotFound)?;
        let parameters: Vec<(Box<str>, Box<str>)> =
            parameters.iter().map(|(name, value)| (name.into(), value.into())).collect();
        let environment = parameters.iter().find(|(name, _)| name.as_ref() == "environment");
        let environment = environment.map(|(_, value)| value.as_ref());
        let visitor = console.doorkeeper().visitor(&parts.headers, environment).await;
        let target = parts.uri.path_and_query().map_or("/console", |target| target.as_str());
        let visitor = visitor.map_err(|turned_away| failure(turned_away, target))?;
        let query = parts.uri.query().unwrap_or_default();
        let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let api = Api::new(console.api(), visitor.holder());
        Ok(Self {
            visitor,
            api,
            console: console.clone(),
            headers: parts.headers.clone(),
            path: parts.uri.path().to_owned(),
            parameters,
            query,
        })
    }
}

/// Why somebody sees no page who wanted this one.
fn failure(turned_away: TurnedAway, wanted: &str) -> Failure {
    match turned_away {
        TurnedAway::NotSignedIn => Failure::NotSignedIn { next: wanted.to_owned() },
        TurnedAway::NoSuchEnvironment => Failure::NotFound,
        TurnedAway::Unavailable => Failure::Unavailable,
    }
}
