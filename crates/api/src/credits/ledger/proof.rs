//! `GET /api/v1/credits/ledger/proof`: that a row is one of those that an anchor covers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use scrip_core::{WalletKey, genesis};
use scrip_ledger::anchors::{self, Link, NotProven, Proof};
use serde_json::{Value, json};

use super::TAG;
use crate::credits::{anchors as view, wallet};
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::json::{Members, document};
use crate::lookup::{customer_exists, existing_currency};
use crate::openapi::schema::{self, data, described, id, nullable, open, reference, required};
use crate::openapi::{Component, Operation};

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let wallet = wallet::of_query(&call)?;
    let query = call.query();
    let sequence = sequence("sequence", query.required("sequence")?)?;
    let from = query.one("from")?.map(|text| self::sequence("from", text)).transpose()?;
    let from = from.unwrap_or(sequence);
    customer_exists(&call, &wallet.customer).await?;
    existing_currency(&call, &wallet.currency).await?;
    let proof = call.ledger().prove(&wallet, sequence, from).await;
    let proof = proof.map_err(|error| refused(&call, error))?;
    Ok(Reply::ok(document(call.numbers(), |writer| {
        writer.object(|members| write(members, &wallet, sequence, &proof));
    })))
}

/// A row's sequence: from 1 on.
fn sequence(field: &str, text: &str) -> Result<u64, ApiError> {
    let number = text.parse().ok().filter(|number| (1..=i64::MAX.cast_unsigned()).contains(number));
    number.ok_or_else(|| ApiError::bad_input(format!("{field} must be a whole number from 1 on")))
}

fn refused(call: &Call, error: NotProven) -> ApiError {
    match error {
        NotProven::Unknown(_) => ApiError::not_found("CreditLedgerRowNotFound", error.to_string()),
        NotProven::Uncovered => {
            let why = match call.app().anchor_signing() {
                Some(signing) => {
                    format!("{error}: one is signed every {} s", signing.every_seconds)
                }
                None => format!("{error}, and this server signs none: see --anchor-key-file"),
            };
            ApiError::not_found("AnchorNotFound", why)
        }
        NotProven::Beyond(_) => ApiError::bad_input(format!("from: {error}")),
        NotProven::Ledger(error) => error.into(),
    }
}

fn write(members: &mut Members<'_>, wallet: &WalletKey, sequence: u64, proof: &Proof) {
    let Proof { previous, links, next, head, anchor } = proof;
    members.object("wallet", |members| {
        members.integer("environment", wallet.environment.0);
        members.text("customerId", wallet.customer.as_str());
        members.text("currencyId", wallet.currency.as_str());
        members.text_or_null("resourceId", wallet.resource.as_ref().map(|id| id.as_str()));
        members.plain("digest", genesis(wallet));
    });
    members.count("sequence", sequence);
    members.plain("previousHash", *previous);
    members
        .array("links", links, |writer, link| writer.object(|members| write_link(members, link)));
    match next {
        Some(next) => members.count("next", *next),
        None => members.null("next"),
    }
    members.object("head", |members| {
        members.count("sequence", head.head.sequence);
        members.text("hash", &anchors::to_hex(&head.head.hash));
        members.count("leafIndex", head.index);
        members.array("path", &head.path, |writer, hash| writer.text(&hash.to_string()));
    });
    members.value("anchor", |writer| view::write_anchor(writer, anchor));
}

fn write_link(members: &mut Members<'_>, link: &Link) {
    members.count("sequence", link.sequence);
    members.text("content", &STANDARD.encode(&link.content));
    let texts = link.texts_digest.map(|digest| digest.to_string());
    members.text_or_null("textsDigest", texts.as_deref());
    members.plain("hash", link.hash);
}

pub(super) fn operation() -> Operation {
    let resource = "The wallet of this resource; without it, the one without a resource";
    let integer = || json!({"type": "integer", "minimum": 1});
    Operation::new("proveCreditLedgerRow", TAG, "Prove a ledger row")
        .text(
            "An extension of the official API. The links of the wallet's chain from the row to the head \
             of the wallet that the soonest anchor covers, and that head's place under the anchor. It can \
             be checked without Scrip. Where `next` is not null, the proof goes on with the same request \
             and `from` = `next`.",
        )
        .required_query("customerId", id(schema::CUSTOMER_ID), "Whose row")
        .required_query("currencyId", id(schema::PLAIN_ID), "The wallet's currency")
        .query("resourceId", id(schema::PLAIN_ID), resource)
        .required_query("sequence", integer(), "The row's `sequence`")
        .query("from", integer(), "The first link of this part; by default the row's own")
        .answers(200, "A part of the proof", "CreditLedgerProofResponse")
        .refuses(&[404])
}

pub(super) fn components() -> Vec<Component> {
    vec![("CreditLedgerProofResponse", data(schema()))]
}

fn schema() -> Value {
    let integer = |what: &str| described(json!({"type": "integer", "minimum": 0}), what);
    let digest = |what: &str| described(schema::text(), what);
    let wallet = open([
        required("environment", integer("The environment's number")),
        required("customerId", schema::text()),
        required("currencyId", schema::text()),
        required("resourceId", nullable(schema::text())),
        required("digest", digest("SHA-256 of the above: where the wallet's chain begins")),
    ]);
    let link = open([
        required("sequence", integer("The row's place in its wallet, from 1")),
        required("content", digest("The row's hashed bytes, in base64")),
        required(
            "textsDigest",
            described(nullable(schema::text()), "Of what people wrote, if any"),
        ),
        required("hash", digest("SHA-256 of the hash before, the content and the digest of texts")),
    ]);
    let head = open([
        required("sequence", integer("The wallet's last row under the anchor")),
        required("hash", digest("That row's hash")),
        required("leafIndex", integer("Its place among the anchor's leaves, from 0")),
        required("path", json!({"type": "array", "items": {"type": "string"}})),
    ]);
    let next = json!({"type": ["integer", "null"]});
    open([
        required("wallet", wallet),
        required("sequence", integer("The row that is proven")),
        required("previousHash", digest("The hash before the first link")),
        required("links", json!({"type": "array", "items": link})),
        required("next", described(next, "The first link of the next part")),
        required("head", head),
        required("anchor", reference("Anchor")),
    ])
}
