//! A person as the API shows them to an account.

use scrip_core::Timestamp;
use scrip_ledger::{Answer, Person, Record};

use super::request;
use crate::error::ApiError;
use crate::http::Numbers;
use crate::json::{Writer, document};
use crate::lookup;
use crate::openapi::Component;
use crate::openapi::schema::{
    self, boolean, choice, data, described, instant, nullable, open, reference, required,
};

/// A link's token, where it is shown, and when its time is over.
pub(super) struct Link {
    /// The token.
    pub token: Box<str>,
    /// When its time is over.
    pub expires_at: Timestamp,
}

/// The person of an order's answer.
pub(super) fn read(answer: &Answer) -> Result<(&Record, Person), ApiError> {
    lookup::answered(answer, "a person", Person::of)
}

/// `{"data": person}`.
pub(super) fn of(record: &Record, person: &Person, account: &str) -> Vec<u8> {
    document(Numbers::AsNumbers, |writer| write(writer, record, person, account, None))
}

/// The same with a link, whose token is null where it was shown before; null where there is none.
pub(super) fn with_link(
    record: &Record,
    person: &Person,
    account: &str,
    link: Option<(Option<&str>, Timestamp)>,
) -> Vec<u8> {
    document(Numbers::AsNumbers, |writer| write(writer, record, person, account, Some(link)))
}

/// The person with every member. Of other accounts it says nothing.
pub(super) fn write(
    writer: &mut Writer,
    record: &Record,
    person: &Person,
    account: &str,
    link: Option<Option<(Option<&str>, Timestamp)>>,
) {
    writer.object(|members| {
        members.text("id", &person.id);
        members.text("email", person.email.as_str());
        members.text("displayName", &person.display_name);
        let place = person.membership(account);
        members.text_or_null("role", place.map(|it| it.role.as_str()));
        members.plain("status", status(person, account));
        members.flag("hasPassword", person.password_hash.is_some());
        let issuer = person.identity.as_ref().map(|identity| identity.issuer.as_str());
        members.text_or_null("signsInWith", issuer);
        members.plain("createdAt", record.created_at);
        members.plain("updatedAt", record.updated_at);
        match link {
            None => {}
            Some(None) => members.null("signInLink"),
            Some(Some((token, expires_at))) => members.object("signInLink", |members| {
                members.text_or_null("token", token);
                members.plain("expiresAt", expires_at);
            }),
        }
    });
}

fn status(person: &Person, account: &str) -> &'static str {
    match person.membership(account) {
        None => "REMOVED",
        Some(place) if place.is_disabled => "DISABLED",
        Some(_) if person.is_invited() => "INVITED",
        Some(_) => "ACTIVE",
    }
}

pub(super) fn components() -> Vec<Component> {
    let members = || {
        let issuer = "The issuer of OpenID Connect with whom they sign in";
        vec![
            required(
                "id",
                described(schema::text(), "What rows, logs and the audit log call them"),
            ),
            required("email", schema::text()),
            required("displayName", schema::text()),
            required("role", nullable(request::role_schema())),
            required("status", choice(["ACTIVE", "INVITED", "DISABLED", "REMOVED"])),
            required("hasPassword", boolean()),
            required("signsInWith", described(nullable(schema::text()), issuer)),
            required("createdAt", instant()),
            required("updatedAt", instant()),
        ]
    };
    let token = "Goes behind `/console/sign-in/link?token=`; null where it was shown before";
    let link = open([
        required("token", described(nullable(schema::text()), token)),
        required("expiresAt", instant()),
    ]);
    let mut with_link = members();
    with_link.push(required("signInLink", nullable(link)));
    vec![
        ("Person", open(members())),
        ("PersonWithLink", open(with_link)),
        ("PersonResponse", data(reference("Person"))),
        ("PersonWithLinkResponse", data(reference("PersonWithLink"))),
        ("PersonList", schema::page("Person")),
    ]
}
