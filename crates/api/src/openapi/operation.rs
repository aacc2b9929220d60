//! An operation of the OpenAPI document in the making.

use serde_json::{Value, json};

use super::schema;
use crate::access::Needs;
use crate::limits::{PAGE_DEFAULT, PAGE_MAX};

/// What the reference says of an endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    tag: &'static str,
    value: Value,
}

impl Operation {
    /// An operation under `/api`: it needs a key, and may be refused for its form.
    pub fn new(id: &str, tag: &'static str, summary: &str) -> Self {
        Self::open(id, tag, summary).secured().refuses(&[400, 401, 414, 429, 431, 500, 503])
    }

    /// An operation that anybody may ask for.
    pub fn open(id: &str, tag: &'static str, summary: &str) -> Self {
        let value = json!({
            "operationId": id,
            "tags": [tag],
            "summary": summary,
            "parameters": [],
            "responses": {},
        });
        Self { tag, value }
    }

    /// More words.
    #[must_use]
    pub fn text(mut self, description: &str) -> Self {
        self.value["description"] = Value::from(description);
        self
    }

    /// A part of the path.
    #[must_use]
    pub fn path(self, name: &str, description: &str) -> Self {
        self.parameter(json!({
            "name": name,
            "in": "path",
            "required": true,
            "description": description,
            "schema": schema::filled_text(),
        }))
    }

    /// A header, described as a parameter.
    #[must_use]
    pub fn header(self, parameter: Value) -> Self {
        self.parameter(parameter)
    }

    /// A parameter of the query.
    #[must_use]
    pub fn query(self, name: &str, schema: Value, description: &str) -> Self {
        self.query_parameter(name, false, schema, description)
    }

    /// A parameter of the query that must be there.
    #[must_use]
    pub fn required_query(self, name: &str, schema: Value, description: &str) -> Self {
        self.query_parameter(name, true, schema, description)
    }

    /// A parameter of the query that is a list separated by commas.
    #[must_use]
    pub fn query_list(self, name: &str, schema: Value, description: &str) -> Self {
        self.parameter(json!({
            "name": name,
            "in": "query",
            "required": false,
            "description": description,
            "style": "form",
            "explode": false,
            "schema": schema,
        }))
    }

    /// `createdAt[gt]` and its siblings.
    #[must_use]
    pub fn created_at(self) -> Self {
        [("gt", "after"), ("gte", "at or after"), ("lt", "before"), ("lte", "at or before")]
            .into_iter()
            .fold(self, |operation, (name, word)| {
                let text = format!("Only what was made {word} this instant");
                operation.query(&format!("createdAt[{name}]"), schema::instant(), &text)
            })
    }

    /// What every list takes.
    #[must_use]
    pub fn paged(self) -> Self {
        let mut limit = schema::integer(1, i64::try_from(PAGE_MAX).unwrap_or(i64::MAX));
        limit["default"] = Value::from(PAGE_DEFAULT);
        let cursor = || json!({"type": "string", "format": "uuid"});
        self.query("limit", limit, "How many items")
            .query("after", cursor(), "`pagination.next` of a page: the items older than it")
            .query("before", cursor(), "`pagination.prev` of a page: the items newer than it")
    }

    /// The JSON body.
    #[must_use]
    pub fn body(mut self, schema: &str) -> Self {
        self.value["requestBody"] = json!({
            "required": true,
            "content": {"application/json": {"schema": schema::reference(schema)}},
        });
        self
    }

    /// A successful answer.
    #[must_use]
    pub fn answers(self, status: u16, description: &str, schema: &str) -> Self {
        self.answers_as(status, description, "application/json", schema::reference(schema))
    }

    /// A successful answer of any kind.
    #[must_use]
    pub fn answers_as(
        mut self,
        status: u16,
        description: &str,
        media_type: &str,
        schema: Value,
    ) -> Self {
        self.value["responses"][status.to_string()] = json!({
            "description": description,
            "headers": trace_header(),
            "content": {media_type: {"schema": schema}},
        });
        self
    }

    /// The same answer as another media type.
    #[must_use]
    pub fn or_as(mut self, status: u16, media_type: &str, schema: Value) -> Self {
        self.value["responses"][status.to_string()]["content"][media_type] =
            json!({"schema": schema});
        self
    }

    /// Statuses of refusals.
    #[must_use]
    pub fn refuses(mut self, statuses: &[u16]) -> Self {
        for status in statuses {
            self.value["responses"][status.to_string()] = json!({
                "description": meaning(*status),
                "headers": trace_header(),
                "content": {"application/json": {"schema": schema::reference("Error")}},
            });
        }
        self
    }

    /// What every operation with a body or an effect may be refused for, and its headers.
    #[must_use]
    pub fn writes(self) -> Self {
        let text = "Names this request: repeated within 24 hours with the same body, it is \
                    answered as it was the first time, with the header `idempotent-replayed: true`";
        self.parameter(json!({
            "name": "Idempotency-Key",
            "in": "header",
            "required": false,
            "description": text,
            "schema": schema::filled_text(),
        }))
        .refuses(&[408, 409, 413, 507])
    }

    /// What a key must hold, where one is needed.
    #[must_use]
    pub fn needs(mut self, needs: Needs) -> Self {
        let customer = json!({"CustomerToken": []});
        let mut ways = match needs.scope() {
            Some(scope) => vec![json!({"ApiKeyAuth": [scope]}), json!({"UserToken": []})],
            None if needs == Needs::CustomerToken => Vec::new(),
            None => return self,
        };
        if matches!(needs, Needs::Own(_) | Needs::CustomerToken) {
            ways.push(customer);
        }
        self.value["security"] = ways.into();
        self.refuses(&[403])
    }

    pub(super) fn tag(&self) -> &'static str {
        self.tag
    }

    /// The finished object. Responses are in the order of their statuses.
    pub(super) fn finish(mut self) -> Value {
        if let Some(responses) = self.value["responses"].as_object_mut() {
            responses.sort_keys();
        }
        self.value
    }

    fn secured(mut self) -> Self {
        self.value["security"] = json!([{"ApiKeyAuth": []}]);
        self.parameter(json!({
            "name": "x-scrip-numbers",
            "in": "header",
            "required": false,
            "description": "`string` makes every amount of the answer a string, and allows strings",
            "schema": schema::choice(["number", "string"]),
        }))
        .user_header("X-ACCOUNT-ID", "The account; the user's first one, if absent")
        .user_header("X-ENVIRONMENT-ID", "The environment; required where one is asked about")
    }

    /// A header of users with a token; of API keys it is ignored (seed).
    fn user_header(self, name: &str, text: &str) -> Self {
        self.parameter(json!({
            "name": name,
            "in": "header",
            "required": false,
            "description": format!("Of a user with a token. {text}. Ignored for API keys"),
            "schema": {"type": "string"},
        }))
    }

    fn query_parameter(self, name: &str, required: bool, schema: Value, text: &str) -> Self {
        self.parameter(json!({
            "name": name,
            "in": "query",
            "required": required,
            "description": text,
            "schema": schema,
        }))
    }

    fn parameter(mut self, parameter: Value) -> Self {
        if let Some(parameters) = self.value["parameters"].as_array_mut() {
            parameters.push(parameter);
        }
        self
    }
}

fn trace_header() -> Value {
    json!({"x-trace-id": {"$ref": "#/components/headers/TraceId"}})
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The request is not as it must be, or its time or state does not allow it",
        401 => "The API key or the token is missing, not known, revoked, or its time is over",
        429 => "Whoever asks sends more requests than they may; wait as `retry-after-ms` says",
        402 => "Not enough credits",
        403 => "The API key lacks a scope, or the environment does not allow it",
        404 => "Something that the request names does not exist",
        408 => "The body did not arrive in time",
        409 => "It exists already, or its key was used for something else",
        413 => "The body is too large",
        414 => "Path and query are too long",
        431 => "The headers are too large",
        500 => "Something went wrong here",
        501 => "A part of the official API that is not served",
        503 => "Too busy, not ready or stopping: try again",
        507 => "There is no room left on the disk",
        _ => "Refused",
    }
}
