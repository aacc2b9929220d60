//! Requests as texts: a line with method and path, then the body.

use crate::fuzz::spelling::Tree;
use crate::support::{Told, World};

/// A request that may mean anything.
#[derive(Debug)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub body: Vec<u8>,
}

impl Request {
    /// None: its first line is no such line.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
        let (method, target) = std::str::from_utf8(&bytes[..end]).ok()?.split_once(' ')?;
        let is_target = target.starts_with("/api/v1/") && target.is_ascii();
        let known = ["GET", "POST", "PATCH", "PUT", "DELETE"];
        if !is_target || target.contains('#') || !known.contains(&method) {
            return None;
        }
        let body = bytes.get(end + 1..).unwrap_or_default();
        Some(Self { method: method.to_owned(), target: target.to_owned(), body: body.to_vec() })
    }

    /// None: no client could send it.
    pub async fn send(&self, world: &World) -> Option<Told> {
        self.target.parse::<axum::http::Uri>().ok()?;
        Some(world.send(&self.method, &self.target, &[], &self.body).await)
    }

    pub fn has_query(&self) -> bool {
        self.target.contains('?')
    }

    /// What is named in the body.
    pub fn names(&self) -> Vec<String> {
        let in_body = Tree::of(&self.body).map(|tree| tree.names()).unwrap_or_default();
        in_body.into_iter().filter(|name| !name.is_empty()).collect()
    }

    /// The same request in other words; none if there are no others.
    pub fn spelt_otherwise(&self) -> Option<Self> {
        let tree = Tree::of(&self.body).filter(|tree| matches!(tree, Tree::Object(_)));
        let body = tree.as_ref().map(Tree::spelt_otherwise);
        let target = self.target.split_once('?').and_then(|(path, query)| {
            let pairs: Option<Vec<_>> = query.split('&').map(encoded_pair).collect();
            Some(format!("{path}?{}", pairs?.join("&&")))
        });
        if body.is_none() && target.is_none() {
            return None;
        }
        Some(Self {
            method: self.method.clone(),
            target: target.unwrap_or_else(|| self.target.clone()),
            body: body.map_or_else(|| self.body.clone(), String::into_bytes),
        })
    }
}

/// Every byte of a pair encoded that is not; none if it is encoded wrongly.
fn encoded_pair(pair: &str) -> Option<String> {
    if pair.is_empty() {
        return Some(String::new());
    }
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    Some(format!("{}={}", encoded(name)?, encoded(value)?))
}

fn encoded(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text.as_bytes();
    while let [byte, behind @ ..] = rest {
        rest = behind;
        match byte {
            b'%' => {
                let (code, behind) = rest.split_at_checked(2)?;
                if !code.iter().all(u8::is_ascii_hexdigit) {
                    return None;
                }
                out.push('%');
                out.push_str(&std::str::from_utf8(code).ok()?.to_ascii_lowercase());
                rest = behind;
            }
            b'+' => out.push_str("%20"),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    Some(out)
}

/// One of each endpoint that takes something, with everything that it takes.
pub const REQUESTS: &[&str] = &[
    r#"
POST /api/v1/credits/grants
{"customerId":"c","currencyId":"credits","resourceId":null,"displayName":"Welcome","amount":12.5,
"grantType":"PAID","priority":7,"effectiveAt":"2026-01-02T03:04:05Z","expireAt":"2027-01-01",
"metadata":{"a":"1","b":""},"comment":"a gift","cost":{"amount":4.99,"currency":"eur"},
"paymentCollectionMethod":"NONE","awaitPaymentConfirmation":true,"billingInformation":{
"isInvoicePaid":true,"invoiceDaysUntilDue":14,"billingAddress":{"city":"Bern","country":"CH",
"line1":"1","line2":"2","postalCode":"3000","state":"BE"}}}"#,
    r#"
POST /api/v1/credits/grants
{"customerId":"c","currencyId":"credits","displayName":"","amount":1e3,"grantType":"PROMOTIONAL"}"#,
    r#"
PATCH /api/v1/credits/grants/cred-grant-0123456789ab
{"displayName":"New","comment":null,"metadata":{"a":"2"},"priority":100,"expireAt":null}"#,
    r#"
POST /api/v1/credits/grants/cred-grant-0123456789ab/void
{}"#,
    r#"
PUT /api/v1/payment-provider
{"provider":"STRIPE","secretKey":"sk_test_1","webhookSecret":"whsec_1"}"#,
    r#"
POST /api/v1/credits/consumption
{"customerId":"c","currencyId":"credits","resourceId":null,"amount":0.000000001,
"idempotencyKey":"k\u00e9y","createdAt":"2026-01-02T03:04:05.678Z",
"dimensions":{"model":"large","size":1.5,"beta":true,"$-_":-10e-1}}"#,
    r#"
POST /api/v1/credits/consumption/async
{"consumptions":[{"customerId":"c","currencyId":"credits","amount":1,"idempotencyKey":"a"},
{"customerId":"c","currencyId":"credits","amount":2.50,"idempotencyKey":"b","dimensions":null}]}"#,
    r#"
POST /api/v1/credits/reservations
{"customerId":"c","currencyId":"credits","resourceId":null,"reservationId":"r 1","amount":5e-1,
"ttlSeconds":6e1,"expiresAt":null,"metadata":{"a":"1"}}"#,
    r#"
POST /api/v1/credits/reservations/r%201/release
{"customerId":"c","currencyId":"credits","resourceId":"r","consumedAmount":0}"#,
    r#"
POST /api/v1/credits/reservations/r%201/extend
{"customerId":"c","currencyId":"credits","expiresAt":"2026-01-02T04:04:05.678Z"}"#,
    r#"
POST /api/v1/credits/custom-currencies
{"id":"gold","displayName":"Gold","symbol":"G","description":"coins",
"units":{"singular":"coin","plural":"coins"},"metadata":{"k":"v"}}"#,
    r#"
PATCH /api/v1/credits/custom-currencies/credits
{"displayName":"C","symbol":null,"description":"","units":null,"metadata":null}"#,
    r#"
POST /api/v1/customers
{"id":"d","email":"d@example.com","name":"Dora","language":"de","timezone":"Europe/Zurich",
"billingId":"b","billingCurrency":"chf","couponId":"","metadata":{"k":"v"},"integrations":[
{"id":"i","syncedEntityId":null,"vendorIdentifier":"STRIPE"}],"passthrough":{"stripe":{
"billingAddress":{"city":"Bern"},"customerName":"D","invoiceCustomFields":{"a":"b"},"metadata":{},
"paymentMethodId":"p","shippingAddress":{"line1":"1"},"taxIds":[{"type":"ch_vat","value":"1"}]},
"zuora":{"currency":"usd"}},"defaultPaymentMethod":{"billingId":null,"cardExpiryMonth":12,
"cardExpiryYear":2030,"cardLast4Digits":"4242","type":"CARD"}}"#,
    r#"
PATCH /api/v1/customers/c
{"email":null,"name":"C","metadata":null,"integrations":null,"passthrough":null}"#,
    r#"
POST /api/v1/customers/c/integrations
{"id":"i","syncedEntityId":"cus_1","vendorIdentifier":"STRIPE"}"#,
    r#"
PATCH /api/v1/customers/c/integrations/i
{"syncedEntityId":null}"#,
    r#"
POST /api/v1/customers/import
{"customers":[{"id":"e","email":null,"name":"E","billingId":"b","metadata":{"k":"v"},
"paymentMethodId":"p","salesforceId":"s","updatedAt":"2026-01-01"},
{"id":"f","email":"f@example.com","name":null}],"integrationId":"x"}"#,
    "\nGET /api/v1/credits/grants?customerId=c&currencyId=credits&limit=5&\
     createdAt%5Bgte%5D=2026-01-01T00%3A00%3A00%2B02%3A00&createdAt[lt]=2027-01-01",
    "\nGET /api/v1/credits/ledger?customerId=c&currencyId=credits&limit=100&\
     eventType=CREDITS_GRANTED,CREDITS_CONSUMED&reservationId=r+1",
    "\nGET /api/v1/credits/balances?customerId=c&currencyId=credits&resourceId=r&at=2026-01-01",
    "\nGET /api/v1/credits/balances/explain?customerId=c&currencyId=credits&at=2026-01-01",
    "\nGET /api/v1/credits/custom-currencies?status=ACTIVE,ARCHIVED&limit=1.0",
    "\nGET /api/v1/customers?email=c%40example.com&name=C&createdAt%5Bgt%5D=2026-01-01",
    "\nGET /api/v1/customers/c/entitlements?resourceId=r",
    "\nGET /api/v1/customers/c/entitlements/check?currencyId=credits&requestedUsage=2.5",
    "\nGET /api/v1/customers/c/entitlements/check?currencyId=credits&reserveAmount=5e-1&\
     reservationId=r+1&reservationTtlSeconds=60&reservationMetadata=%7B%22a%22%3A%221%22%7D",
    "\nGET /api/v1/credits/reservations?customerId=c&currencyId=credits&status=ACTIVE&limit=2",
    "\nGET /api/v1/credits/reservations/r%201?customerId=c&currencyId=credits",
    "\nGET /api/v1/customers/c/resources?limit=3",
    "\nGET /api/v1/customers/c/integrations?vendorIdentifier=STRIPE,ZUORA&limit=2",
];

/// What means something to whoever reads requests.
pub const PIECES: [&[u8]; 42] = [
    b"null",
    b"true",
    b"\"\"",
    b"{}",
    b"[]",
    b"[[",
    b"{\"",
    b"\":",
    b",",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x92\xb3",
    b"\0",
    b"\xef\xbb\xbf",
    b"1e400",
    b"1e15",
    b"1e-400",
    b"-0",
    b"-1",
    b"0.0000000005",
    b"1000000000000000.0000000005",
    b"99999999999999999999999999999",
    b"\"12\"",
    b"\"x\":1,",
    b"\"amount\":2,",
    b"\"metadata\":",
    b"9999-12-31T23:59:59.999Z",
    b"0000-01-01",
    b"%FF",
    b"%2",
    b"%00",
    b"&",
    b"=",
    b"&limit=101",
    b"&after=00000000-0000-8000-8000-000000000000",
    b"&before=",
    b"customerId=",
    b"[gte]=",
];
