//! Calls as HTTP requests, and answers as what was seen.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use scrip_oracle::{Edit, Instant, Request, Totals, WalletName};
use serde_json::{Value, json};
use ureq::Agent;
use ureq::http;

use super::body::{change_body, consume_body, grant_body};
use super::call::{Call, Seen, SeenGrant, SeenRow};
use super::decimal;

/// What a page holds at most.
const PAGE_MAX: usize = 100;

/// The identifiers that the server gave to the grants of the history, by their names in it.
#[derive(Clone, Default)]
pub struct Names(Arc<RwLock<BTreeMap<String, String>>>);

impl Names {
    fn note(&self, name: &str, id: &str) {
        if let Ok(mut names) = self.0.write() {
            names.insert(name.to_owned(), id.to_owned());
        }
    }

    fn id(&self, name: &str) -> Option<String> {
        self.0.read().ok().and_then(|names| names.get(name).cloned())
    }

    /// All of them.
    pub fn all(&self) -> BTreeMap<String, String> {
        self.0.read().map(|names| names.clone()).unwrap_or_default()
    }

    /// The names that are known by now.
    pub fn known(&self) -> Vec<String> {
        self.0.read().map(|names| names.keys().cloned().collect()).unwrap_or_default()
    }
}

/// A caller of the API, with connections of its own.
pub struct Wire {
    agent: Agent,
    url: String,
    api_key: String,
    names: Names,
}

/// How a request ended.
pub enum Outcome {
    /// With an answer that says what happened.
    Answered(Seen),
    /// Nobody knows whether it happened.
    Unknown,
}

/// A request but for its address.
struct Message {
    method: &'static str,
    path: String,
    body: Option<Value>,
}

impl Wire {
    /// A caller of the server at `url`.
    pub fn new(url: &str, api_key: &str, names: Names) -> Self {
        let config =
            Agent::config_builder().http_status_as_error(false).proxy(None).max_redirects(0);
        let (url, api_key) = (url.to_owned(), api_key.to_owned());
        Self { agent: config.build().into(), url, api_key, names }
    }

    /// Makes a call, and waits for so long.
    ///
    /// # Errors
    ///
    /// The answer is none that the API gives.
    pub fn make(&self, call: &Call, patience: Duration) -> anyhow::Result<Outcome> {
        let message = self.message(call)?;
        let key = match call {
            Call::Write { key, .. } => key.as_deref(),
            _ => None,
        };
        if let Call::Rows(_) = call {
            return self.rows(message, patience);
        }
        let Ok((status, body)) = self.send(&message, key, patience) else {
            return Ok(Outcome::Unknown);
        };
        let body: Value = match serde_json::from_slice(&body) {
            Ok(body) => body,
            Err(error) => bail!("{} {}: {error}", message.method, message.path),
        };
        let code = body["code"].as_str().unwrap_or_default();
        let is_passing = status >= 500
            || [408, 429].contains(&status)
            || code == "ObjectAlreadyBeingUsedByAnotherRequestError";
        if status == 500 {
            bail!("{} {}: {body}", message.method, message.path);
        }
        if is_passing {
            return Ok(Outcome::Unknown);
        }
        if status >= 400 {
            let (code, item) = (code.to_owned(), named_item(&body));
            return Ok(Outcome::Answered(Seen::Refused { status, code, item }));
        }
        let seen = self.seen(call, &body);
        let seen = seen.with_context(|| format!("{} {}: {body}", message.method, message.path))?;
        Ok(Outcome::Answered(seen))
    }

    /// All pages. Rows are only appended, so all of them tell of the instant of the first.
    fn rows(&self, mut message: Message, patience: Duration) -> anyhow::Result<Outcome> {
        let first = message.path.clone();
        let mut rows = Vec::new();
        loop {
            let Ok((status, body)) = self.send(&message, None, patience) else {
                return Ok(Outcome::Unknown);
            };
            if status >= 500 {
                return Ok(Outcome::Unknown);
            }
            let body: Value = serde_json::from_slice(&body)?;
            if status != 200 {
                bail!("GET {}: {status} {body}", message.path);
            }
            for shown in items(&body["data"])? {
                rows.push(row(shown)?);
            }
            let Some(next) = body["pagination"]["next"].as_str() else {
                return Ok(Outcome::Answered(Seen::Rows(rows)));
            };
            message.path = format!("{first}&after={next}");
        }
    }

    fn send(
        &self,
        message: &Message,
        key: Option<&str>,
        patience: Duration,
    ) -> Result<(u16, Vec<u8>), ureq::Error> {
        let mut request = http::Request::builder()
            .method(message.method)
            .uri(format!("{}{}", self.url, message.path))
            .header("x-api-key", &self.api_key)
            .header("x-scrip-numbers", "string")
            .header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let mut response = if message.method == "GET" {
            let request = self.agent.configure_request(request.body(())?);
            self.agent.run(request.timeout_global(Some(patience)).build())?
        } else {
            // What has no content is sent like the official SDKs do: with a length of 0.
            let body = message.body.as_ref().map(ToString::to_string).unwrap_or_default();
            let request = self.agent.configure_request(request.body(body)?);
            self.agent.run(request.timeout_global(Some(patience)).build())?
        };
        let body = response.body_mut().read_to_vec()?;
        Ok((response.status().as_u16(), body))
    }

    fn message(&self, call: &Call) -> anyhow::Result<Message> {
        Ok(match call {
            Call::Write { request, .. } => self.write_message(request)?,
            Call::Check { wallet, requested } => {
                let mut path = format!(
                    "/api/v1/customers/{}/entitlements/check?currencyId={}",
                    wallet.customer, wallet.currency
                );
                add(&mut path, "resourceId", wallet.resource.as_deref());
                let requested = requested.map(decimal::amount_text);
                add(&mut path, "requestedUsage", requested.as_deref());
                Message { method: "GET", path, body: None }
            }
            Call::Grants(wallet) => list("grants", wallet),
            Call::Rows(wallet) => list("ledger", wallet),
        })
    }

    fn write_message(&self, request: &Request) -> anyhow::Result<Message> {
        let post = |path: String, body| Message { method: "POST", path, body };
        Ok(match request {
            Request::CreateCustomer(id) => {
                post("/api/v1/customers".to_owned(), Some(json!({"id": id})))
            }
            Request::ArchiveCustomer(id) => post(format!("/api/v1/customers/{id}/archive"), None),
            Request::UnarchiveCustomer(id) => {
                post(format!("/api/v1/customers/{id}/unarchive"), None)
            }
            Request::CreateCurrency(id) => {
                let body = json!({"id": id, "displayName": id});
                post("/api/v1/credits/custom-currencies".to_owned(), Some(body))
            }
            Request::Grant(grant) => {
                post("/api/v1/credits/grants".to_owned(), Some(grant_body(grant)?))
            }
            Request::Void(name) => {
                post(format!("/api/v1/credits/grants/{}/void", self.id(name)?), None)
            }
            Request::Edit(Edit { id, change }) => Message {
                method: "PATCH",
                path: format!("/api/v1/credits/grants/{}", self.id(id)?),
                body: Some(change_body(change)?),
            },
            Request::Consume(consume) => {
                post("/api/v1/credits/consumption".to_owned(), Some(consume_body(consume)?))
            }
            Request::Batch(items) => {
                let items: anyhow::Result<Vec<_>> = items.iter().map(consume_body).collect();
                let body = json!({"consumptions": items?});
                post("/api/v1/credits/consumption/async".to_owned(), Some(body))
            }
            Request::MoveClock(to) => {
                let body = json!({"now": decimal::instant_text(*to)?});
                post("/api/v1/test-clock".to_owned(), Some(body))
            }
            other => bail!("{other:?} is not made over HTTP"),
        })
    }

    fn id(&self, name: &str) -> anyhow::Result<String> {
        self.names.id(name).with_context(|| format!("the grant {name} has no identifier yet"))
    }

    fn seen(&self, call: &Call, body: &Value) -> anyhow::Result<Seen> {
        let data = &body["data"];
        match call {
            Call::Write { request, .. } => self.seen_of_write(request, data),
            Call::Check { .. } => {
                let denied = data["accessDeniedReason"].as_str().map(str::to_owned);
                if data["isGranted"].as_bool() != Some(denied.is_none()) {
                    bail!("isGranted and accessDeniedReason contradict each other");
                }
                let totals = Totals {
                    granted: amount(data, "usageLimit")?,
                    used: amount(data, "currentUsage")?,
                    reserved: amount(data, "reserved")?,
                    reserved_on_dead: amount(data, "reservedOnExpiredGrants")?,
                };
                Ok(Seen::Check { denied, totals })
            }
            Call::Grants(_) => {
                let grants: anyhow::Result<_> =
                    items(data)?.iter().map(|grant| self.grant(grant)).collect();
                Ok(Seen::Grants(grants?))
            }
            Call::Rows(_) => bail!("rows are read page by page"),
        }
    }

    fn seen_of_write(&self, request: &Request, data: &Value) -> anyhow::Result<Seen> {
        Ok(match request {
            Request::Grant(_) | Request::Void(_) | Request::Edit(_) => {
                Seen::Grant(self.grant(data)?)
            }
            Request::MoveClock(_) => Seen::Clock(instant(data, "now")?),
            Request::Consume(_) => Seen::Consumed {
                amount: amount(data, "amount")?,
                attributed_at: instant(data, "timestamp")?,
                granted: amount(&data["credit"], "usageLimit")?,
                used: amount(&data["credit"], "currentUsage")?,
            },
            Request::Batch(_) => {
                let rejected = data["rejected"].as_array().map_or(&[][..], Vec::as_slice);
                let rejected: anyhow::Result<_> = rejected.iter().map(rejected_item).collect();
                Seen::Batch(rejected?)
            }
            _ => Seen::Done,
        })
    }

    fn grant(&self, grant: &Value) -> anyhow::Result<SeenGrant> {
        let id = text(grant, "id")?;
        let is_overdraft = text(grant, "grantType")? == "OVERDRAFT";
        let name = if is_overdraft { id } else { text(grant, "displayName")? };
        if !is_overdraft {
            self.names.note(name, id);
        }
        Ok(SeenGrant {
            name: name.to_owned(),
            status: text(grant, "status")?.to_owned(),
            amount: amount(grant, "amount")?,
            consumed: amount(grant, "consumedAmount")?,
            priority: u8::try_from(grant["priority"].as_u64().context("priority")?)?,
            effective_at: instant(grant, "effectiveAt")?,
            expire_at: instant_or_null(grant, "expireAt")?,
            voided_at: instant_or_null(grant, "voidedAt")?,
        })
    }
}

fn list(noun: &str, wallet: &WalletName) -> Message {
    let WalletName { customer, currency, resource } = wallet;
    let mut path = format!(
        "/api/v1/credits/{noun}?customerId={customer}&currencyId={currency}&limit={PAGE_MAX}"
    );
    add(&mut path, "resourceId", resource.as_deref());
    Message { method: "GET", path, body: None }
}

fn add(path: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        path.push_str(&format!("&{name}={value}"));
    }
}

fn row(row: &Value) -> anyhow::Result<(WalletName, SeenRow)> {
    let wallet = WalletName {
        customer: text(row, "customerId")?.to_owned(),
        currency: text(row, "creditCurrencyId")?.to_owned(),
        resource: row["resourceId"].as_str().map(str::to_owned),
    };
    let row = SeenRow {
        kind: text(row, "eventType")?.to_owned(),
        grant: text(row, "creditGrantId")?.to_owned(),
        amount: amount(row, "amount")?,
        balance_after: amount(row, "balanceAfter")?,
        recorded_at: instant(row, "recordedAt")?,
        attributed_at: instant(row, "timestamp")?,
    };
    Ok((wallet, row))
}

fn rejected_item(item: &Value) -> anyhow::Result<(usize, &'static str)> {
    let index = usize::try_from(item["index"].as_u64().context("index")?)?;
    match text(item, "code")? {
        "DuplicatedEntityNotAllowed" => Ok((index, "DuplicatedEntityNotAllowed")),
        "AmountTooLarge" => Ok((index, "AmountTooLarge")),
        other => Err(anyhow!("an item of a batch was refused with {other}")),
    }
}

/// The place of the item that a refusal names: `consumptions[3]: …`.
fn named_item(body: &Value) -> Option<usize> {
    let rest = body["message"].as_str()?.strip_prefix("consumptions[")?;
    rest.split_once(']')?.0.parse().ok()
}

fn items(data: &Value) -> anyhow::Result<&[Value]> {
    Ok(data.as_array().context("data is no list")?)
}

fn text<'a>(object: &'a Value, member: &str) -> anyhow::Result<&'a str> {
    object[member].as_str().with_context(|| format!("{member} is no text"))
}

fn amount(object: &Value, member: &str) -> anyhow::Result<i128> {
    decimal::amount(text(object, member)?)
}

fn instant(object: &Value, member: &str) -> anyhow::Result<Instant> {
    decimal::instant(text(object, member)?)
}

fn instant_or_null(object: &Value, member: &str) -> anyhow::Result<Option<Instant>> {
    match &object[member] {
        Value::Null => Ok(None),
        Value::String(text) => decimal::instant(text).map(Some),
        _ => bail!("{member} is no instant"),
    }
}
