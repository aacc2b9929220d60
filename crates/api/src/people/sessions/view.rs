//! A session as the API shows it: nothing by which anybody could use it.

use scrip_ledger::Session;
use serde_json::json;

use crate::http::Numbers;
use crate::json::{Writer, document};
use crate::openapi::Component;
use crate::openapi::schema::{self, data, described, instant, open, reference, required};

/// `{"data": session}`.
pub(super) fn of(session: &Session) -> Vec<u8> {
    document(Numbers::AsNumbers, |writer| write(writer, session))
}

pub(super) fn write(writer: &mut Writer, session: &Session) {
    writer.object(|members| {
        members.text("id", &session.public_id());
        members.text("signedInWith", &session.by);
        members.text("userAgent", &session.user_agent);
        members.text("address", &session.address);
        members.plain("createdAt", session.began_at);
        members.plain("lastSeenAt", session.seen_at);
        members.plain("expiresAt", session.ends_at());
    });
}

pub(super) fn components() -> Vec<Component> {
    let session = open([
        required("id", schema::text()),
        required("signedInWith", described(schema::text(), "`password`, or the issuer")),
        required("userAgent", schema::text()),
        required("address", schema::text()),
        required("createdAt", instant()),
        required("lastSeenAt", described(instant(), "Some minutes late")),
        required("expiresAt", described(instant(), "If nothing is done in it any more")),
    ]);
    let list = json!({"type": "array", "items": reference("Session")});
    vec![
        ("Session", session),
        ("SessionResponse", data(reference("Session"))),
        ("SessionList", data(list)),
    ]
}
