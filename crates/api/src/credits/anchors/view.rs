//! An anchor as the API shows it.

use scrip_ledger::anchors::{Anchor, to_hex};
use serde_json::json;

use crate::json::Writer;
use crate::openapi::Component;
use crate::openapi::schema::{self, described, instant, nullable, open, required};

/// The anchor; all but the signature stands in the statement too.
pub(crate) fn write(writer: &mut Writer, anchor: &Anchor) {
    let statement = &anchor.statement;
    writer.object(|members| {
        members.count("number", statement.number);
        members.plain("hash", statement.hash());
        members.plain("previousHash", statement.previous);
        members.plain("signedAt", statement.signed_at);
        members.count("rows", statement.rows);
        members.count("wallets", statement.wallets);
        members.plain("root", statement.root);
        members.text("publicKey", &to_hex(&statement.public_key));
        members.text("statement", &statement.to_string());
        members.text("signature", &to_hex(&anchor.signature));
    });
}

pub(super) fn components() -> Vec<Component> {
    let digest = |what: &str| described(schema::text(), what);
    let count = |what: &str| described(json!({"type": "integer", "minimum": 0}), what);
    let anchor = open([
        required("number", count("Its place among the anchors, from 1, without gaps")),
        required("hash", digest("SHA-256 of `statement`")),
        required("previousHash", digest("The hash of the anchor before; zeros for the first")),
        required("signedAt", instant()),
        required("rows", count("Ledger rows that it covers, with those of earlier anchors")),
        required("wallets", count("Wallets that had changed since the anchor before")),
        required("root", digest("The root over the heads of these wallets")),
        required("publicKey", digest("The Ed25519 key, 32 bytes")),
        required("statement", described(schema::text(), "What is signed, byte by byte")),
        required("signature", digest("Ed25519 of `statement`, 64 bytes")),
    ]);
    let signing = open([
        required("publicKey", digest("What the next anchors are signed with")),
        required("everySeconds", json!({"type": "integer", "minimum": 1})),
    ]);
    let mut list = schema::page("Anchor");
    let signing = described(nullable(signing), "Whether this server signs anchors");
    list["properties"]["signing"] = signing;
    if let Some(required) = list["required"].as_array_mut() {
        required.push(json!("signing"));
    }
    vec![("Anchor", anchor), ("AnchorList", list)]
}
