//! Puts the document together.

use serde_json::{Map, Value, json};

use super::schema::{described, open, required};
use crate::http::Endpoint;

/// A schema with its name.
pub(crate) type Component = (&'static str, Value);

/// The OpenAPI 3.1 document of these endpoints.
pub(crate) fn document(
    endpoints: impl IntoIterator<Item = Endpoint>,
    components: impl IntoIterator<Item = Component>,
) -> Value {
    let mut paths = Map::new();
    let mut tags = Vec::new();
    for endpoint in endpoints {
        let tag = json!({"name": endpoint.operation.tag()});
        if !tags.contains(&tag) {
            tags.push(tag);
        }
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        path[endpoint.method.to_ascii_lowercase()] = endpoint.operation.finish();
    }
    let mut schemas: Map<String, Value> =
        components.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    schemas.insert("Error".to_owned(), error());
    schemas.sort_keys();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Scrip",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "This server"}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "ApiKeyAuth": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-API-KEY",
                    "description": "An operation lists the scope that a key must hold. A key with \
                                    `full` holds all of them. A request is for the key's \
                                    environment, and for that one's account.",
                },
                "CustomerToken": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-CUSTOMER-TOKEN",
                    "description": "A portal token: of one customer, for what is its own, for an hour. \
                                    Looked at where there is no `X-API-KEY`.",
                },
                "UserToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A token of a user, where the server is told whose tokens it takes. \
                                    A request is for the account that the header `X-ACCOUNT-ID` \
                                    names, or else for the first one that the user belongs to, and \
                                    for the environment of it that `X-ENVIRONMENT-ID` names. The \
                                    user's role in the account decides what is allowed.",
                },
            },
            "headers": {
                "TraceId": {
                    "description": "Finds the request in the server's log",
                    "schema": {"type": "string"},
                },
            },
        },
    })
}

const DESCRIPTION: &str = "A self-hosted credits engine that speaks the credits API of Stigg.\n\n\
    Amounts are exact decimals with nine fraction digits. An answer means durable: what was \
    acknowledged survives. Lists are newest first.\n\n\
    `null` for an optional member means that it is absent; in a PATCH it clears what can be \
    cleared.";

fn error() -> Value {
    let message = "For people; of a 400 it names the member that is wrong";
    open([
        required("message", described(json!({"type": "string"}), message)),
        required("code", described(json!({"type": "string"}), "For programs")),
        required("traceId", described(json!({"type": "string"}), "As in `x-trace-id`")),
    ])
}
