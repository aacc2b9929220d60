//! The stand-in for Stripe as a server of its own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use ureq::Agent;

struct Server {
    child: Child,
    url: String,
    agent: Agent,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Server {
    fn start(state: &std::path::Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scrip-simulator"));
        command.args(["stripe", "--listen", "127.0.0.1:0", "--state"]).arg(state);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let config = Agent::config_builder().http_status_as_error(false).proxy(None);
        Self { child, url: url.trim().to_owned(), agent: config.build().into() }
    }

    fn told(&self, path: &str, body: &Value) -> Value {
        let answer = self.agent.post(format!("{}/_control/{path}", self.url));
        let mut answer = answer.send(body.to_string()).unwrap();
        serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()
    }

    fn post(&self, path: &str, key: &str, form: &str) -> (u16, Value) {
        let request = self
            .agent
            .post(format!("{}{path}", self.url))
            .header("authorization", "Bearer sk_test_1")
            .header("stripe-version", "2024-06-20")
            .header("idempotency-key", key);
        let mut answer = request.send(form).unwrap();
        let body = answer.body_mut().read_to_string().unwrap();
        (answer.status().as_u16(), serde_json::from_str(&body).unwrap())
    }
}

#[test]
fn it_says_where_it_is_and_knows_after_a_kill_what_it_knew() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state.json");
    let server = Server::start(&state);
    assert!(server.url.starts_with("http://127.0.0.1:"), "{}", server.url);
    let (status, customer) = server.post("/v1/customers", "one", "name=Ada");
    assert_eq!((status, &customer["name"]), (200, &json!("Ada")));
    drop(server);
    let server = Server::start(&state);
    assert_eq!(server.post("/v1/customers", "one", "name=Ada"), (200, customer));
    assert_eq!(server.told("events", &json!({})).as_array().unwrap().len(), 1);
}

#[test]
fn what_it_does_not_know_it_refuses_as_stripe_does() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(&directory.path().join("state.json"));
    let rows = [
        ("/v1/customers", "one", "name=Ada", 200, ""),
        ("/v1/customers", "one", "name=Bob", 400, "idempotency_error"),
        ("/v1/customers", "two", "nmae=Ada", 400, "parameter_unknown"),
        ("/v1/customers", "two", "name=", 400, "parameter_invalid_empty"),
        ("/v1/customers", "two", "name=Ada&expand[]=x", 400, "parameter_invalid"),
        ("/v1/customers/cus_1", "three", "name=Ada", 404, "resource_missing"),
        ("/v1/invoices", "four", "customer=cus_1&currency=usd", 400, "resource_missing"),
        ("/v1/invoices", "four", "currency=usd", 400, "parameter_missing"),
        ("/v1/subscriptions", "five", "", 404, "invalid_request_error"),
    ];
    for (path, key, form, expected, said) in rows {
        let (status, body) = server.post(path, key, form);
        assert_eq!(status, expected, "{path} {form}: {body}");
        let error = &body["error"];
        let is_said = said.is_empty() || error["code"] == said || error["type"] == said;
        assert!(is_said, "{path} {form}: {body}");
    }
}

#[test]
fn events_are_delivered_again_and_in_another_order() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(&directory.path().join("state.json"));
    for name in ["one", "two"] {
        server.post("/v1/customers", name, &format!("name={name}"));
    }
    // It answers itself, without knowing the path.
    let url = format!("{}/v1/hook", server.url);
    let body = json!({"url": url, "secret": "whsec_1", "repeat": 2, "reverse": true});
    let sent = server.told("deliver", &body);
    let ids: Vec<_> = sent.as_array().unwrap().iter().map(|it| it["event"].clone()).collect();
    assert_eq!(ids.len(), 4, "{sent}");
    assert!(ids[0] == ids[1] && ids[2] == ids[3] && ids[0] != ids[2], "{sent}");
    assert_eq!(sent[0]["status"], 401);
    assert_eq!(server.told("deliver", &body), json!([]));
}
