//! `GET /api/v1/credits/anchors`: the anchors of the store, newest first.

use scrip_ledger::anchors::{Anchor, to_hex};

use super::{TAG, view};
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::openapi::Operation;
use crate::paging;

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let scope = paging::scope(&call, "anchors");
    let page = call.ledger().anchors(paging::page(call.query(), &scope)?).await?;
    let signing = call.app().anchor_signing();
    let write = |writer: &mut crate::json::Writer, record: &_| match Anchor::of(record) {
        Some(anchor) => view::write(writer, &anchor),
        None => writer.null(),
    };
    Ok(Reply::ok(paging::answer_with(
        call.numbers(),
        &page,
        &scope,
        write,
        |members| match signing {
            Some(signing) => members.object("signing", |members| {
                members.text("publicKey", &to_hex(&signing.public_key));
                members.integer("everySeconds", signing.every_seconds);
            }),
            None => members.null("signing"),
        },
    )))
}

pub(super) fn operation() -> Operation {
    Operation::new("listAnchors", TAG, "List anchors")
        .text(
            "An extension of the official API. An anchor is a signed statement of the rows that were in \
             the ledger, of all environments: keep anchors where nobody who can change the ledger can \
             change them, and `scrip verify --anchor` proves that nothing before them was changed, cut \
             or removed. `signing` is null where this server signs none: it was started without \
             `--anchor-key-file`.",
        )
        .paged()
        .answers(200, "A page of anchors, newest first", "AnchorList")
}
