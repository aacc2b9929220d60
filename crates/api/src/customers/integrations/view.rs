//! A link as the API shows it.

use scrip_ledger::{Answer, CustomerLink};
use serde_json::json;

use crate::error::ApiError;
use crate::http::Numbers;
use crate::json::{Writer, document};
use crate::openapi::Component;
use crate::openapi::schema::{
    self, choice, data, described, nullable, open, reference, required, text,
};

/// `{"data": link}` of an order's answer.
pub(super) fn answered(answer: &Answer) -> Result<Vec<u8>, ApiError> {
    match answer {
        Answer::CustomerLink(link) => Ok(of(link)),
        _ => Err(ApiError::internal("the ledger answered an order for a link with something else")),
    }
}

/// `{"data": link}`.
pub(super) fn of(link: &CustomerLink) -> Vec<u8> {
    document(Numbers::AsNumbers, |writer| write(writer, link))
}

/// The link with every member. Nothing is synchronized by itself, so there is nothing to tell of it.
pub(super) fn write(writer: &mut Writer, link: &CustomerLink) {
    writer.object(|members| {
        members.text("id", &link.id);
        members.text_or_null("syncedEntityId", link.synced_entity_id.as_deref());
        members.text("vendorIdentifier", &link.vendor);
        members.null("syncData");
    });
}

pub(super) fn components() -> Vec<Component> {
    let sync_data = described(json!({"type": "null"}), "Nothing is synchronized by itself");
    let link = open([
        required("id", described(text(), "The integration's id")),
        required("syncedEntityId", nullable(text())),
        required("vendorIdentifier", choice(CustomerLink::VENDORS)),
        required("syncData", sync_data),
    ]);
    vec![
        ("CustomerLink", link),
        ("CustomerLinkResponse", data(reference("CustomerLink"))),
        ("CustomerLinkList", schema::page("CustomerLink")),
    ]
}
