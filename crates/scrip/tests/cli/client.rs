//! A server from the command line: what is shown, what is told, what is exited with, and that nothing
//! is done twice.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Server, http, scrip};
use crate::proxy::{Fate, Proxy};

const KEY: &str = "server-sandbox-of-the-test";
const WALLET: [&str; 4] = ["--customer", "acme", "--currency", "tokens"];

/// What a command came to.
struct Done {
    code: i32,
    answer: String,
    told: String,
}

/// A server with a customer and a currency, whose clock stands still.
struct World {
    server: Server,
    _directory: TempDir,
}

impl World {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let server = Server::start(directory.path(), &[("SCRIP_SANDBOX_API_KEY", KEY)]);
        let world = Self { server, _directory: directory };
        world.pass("2030-01-02T03:04:05Z");
        let currency = r#"{"id": "tokens", "displayName": "AI tokens"}"#;
        world.post("/api/v1/credits/custom-currencies", currency);
        world.post("/api/v1/customers", r#"{"id": "acme", "name": "Acme"}"#);
        world
    }

    fn pass(&self, now: &str) {
        self.post("/api/v1/test-clock", &format!("{{\"now\": \"{now}\"}}"));
    }

    fn post(&self, path: &str, body: &str) {
        let (status, answer) = http(self.server.port, "POST", path, KEY, body);
        assert!((200..300).contains(&status), "{answer}");
    }

    /// Asks the server itself.
    fn ask(&self, words: &str, more: &[&str]) -> Done {
        ask(self.server.port, words, more)
    }

    fn is(&self, words: &str, more: &[&str]) -> String {
        let Done { code, answer, told } = self.ask(words, more);
        assert_eq!(code, 0, "{words}: {told}");
        answer
    }

    fn rows(&self, event_type: &str) -> Vec<Value> {
        let more = ["--customer", "acme", "--all", "--event-type", event_type];
        objects(&self.is("ledger", &more))
    }
}

/// Asks whoever listens at a port.
fn ask(port: u16, words: &str, more: &[&str]) -> Done {
    let output = scrip()
        .args(words.split(' '))
        .args(more)
        .env("SCRIP_URL", format!("http://127.0.0.1:{port}"))
        .env("SCRIP_API_KEY", KEY)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (answer, told) = (text(output.stdout), text(output.stderr));
    assert!(!answer.contains(KEY) && !told.contains(KEY), "the key is told: {answer}{told}");
    Done { code: output.status.code().unwrap(), answer, told }
}

/// Lines of JSON.
fn objects(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The same with identifiers that repeat, as long as they were.
fn known(text: &str) -> String {
    let mut numbers = HashMap::new();
    let mut told = String::new();
    let mut rest = text;
    while let Some((before, id)) = rest.split_once("cred-grant-") {
        let (id, after) = id.split_at(12);
        let next = numbers.len() + 1;
        let number = numbers.entry(id).or_insert(next);
        write!(told, "{before}cred-grant-{number:<12}").unwrap();
        rest = after;
    }
    (told + rest).lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

const AGAIN: &str = r#"{"message": "come again", "code": "SomeCode"}"#;
const CONSUME: [&str; 8] =
    ["--customer", "acme", "--currency", "tokens", "--amount", "5", "--idempotency-key", "job-1"];

#[test]
fn tables_are_for_people() {
    let world = World::start();
    let mut all = String::new();
    let mut show = |words: &str, more: &[&str]| {
        let answer = world.is(words, &[more, &["--table"]].concat());
        write!(all, "$ scrip {words} {}\n{answer}\n", more.join(" ").escape_debug()).unwrap();
    };
    let pack = ["--amount", "1000.000000001", "--name", "Starter \x1b[31mpack", "--cost", "49"];
    let paid = ["--cost-currency", "usd", "--payment", "none", "--expire-at", "2031-01-01"];
    let keyed = ["--metadata", "order=4711", "--idempotency-key", "order-4711"];
    show("grant --type paid", &[&WALLET[..], &pack, &paid, &keyed].concat());
    let gift = ["--amount", "10", "--name", "Gift", "--priority", "0"];
    let site = ["--resource", "site", "--comment", "Welcome", "--idempotency-key", "gift"];
    show("grant --type promotional", &[&WALLET[..], &gift, &site].concat());
    show("consume", &[&CONSUME[..], &["--dimension", "model=large"]].concat());
    let short = ["--resource", "site", "--amount", "12.5", "--on-insufficient", "overdraft"];
    show("consume --idempotency-key job-2", &[&WALLET[..], &short].concat());
    show("balance", &["--customer", "acme"]);
    show("balance", &["--customer", "acme", "--resource", "nowhere"]);
    show("ledger", &["--customer", "acme"]);
    show("ledger", &["--customer", "acme", "--currency", "tokens", "--resource", "site"]);
    show("explain", &WALLET);
    show("explain --rows 1", &[&WALLET[..], &["--resource", "site"]].concat());
    show("explain --resource nowhere", &WALLET);
    insta::assert_snapshot!(known(&all));
}

#[test]
fn json_is_for_programs_and_amounts_are_exact() {
    let world = World::start();
    let large = "999999999999.999999999";
    let gift = ["--name", "Gift", "--type", "promotional", "--amount", large];
    let told = world.ask("grant", &[&WALLET[..], &gift].concat());
    let grant = &objects(&told.answer)[0];
    assert_eq!(grant["amount"], large);
    // What makes it safe to ask again is told before anything else.
    let key = told.told.strip_prefix("scrip: --idempotency-key ").unwrap().trim_end();
    assert!(key.starts_with("cli-") && key.len() == 36, "{key}");
    let again = [&WALLET[..], &gift, &["--idempotency-key", key]].concat();
    let again = world.ask("grant", &again);
    assert_eq!(again.answer, told.answer);
    assert!(again.told.contains("this key was used before"), "{}", again.told);

    let consumed = world.is("consume", &[&WALLET[..], &["--amount", "0.000000001"]].concat());
    assert_eq!(objects(&consumed)[0]["credit"]["currentUsage"], "0.000000001");
    world.pass("2030-02-01T00:00:00Z");
    let other = ["--amount", "7", "--resource", "site", "--created-at", "2030-01-31T00:00:00Z"];
    world.is("consume", &[&WALLET[..], &other].concat());
    let balances = objects(&world.is("balance --customer acme", &[]));
    let available: Vec<_> = balances.iter().map(|row| row["available"].clone()).collect();
    assert_eq!(available, ["999999999999.999999998", "-7"]);
    let then = world.is("balance --customer acme --at 2030-01-31T00:00:00Z", &[]);
    assert_eq!(objects(&then).len(), 1);
    let explained = objects(&world.is("explain --at 2030-01-31T00:00:00Z", &WALLET));
    assert_eq!(explained[0]["available"], "999999999999.999999998");
    assert_eq!(explained[0]["rows"].as_array().unwrap().len(), 2);
    let kept = world.rows("CREDITS_CONSUMED,CREDITS_GRANTED");
    assert_eq!(kept.len(), 3);
    assert_eq!(kept[2]["creditGrantId"], grant["id"]);
}

#[test]
fn lists_are_read_page_by_page() {
    let world = World::start();
    let item = |n: usize| {
        format!(
            r#"{{"customerId":"acme","currencyId":"tokens","amount":1,"idempotencyKey":"{n}"}}"#
        )
    };
    let items: Vec<_> = (0..250).map(item).collect();
    let body = format!("{{\"consumptions\": [{}]}}", items.join(","));
    world.post("/api/v1/credits/consumption/async", &body);
    for (limit, rows, is_cut) in [
        (&[][..], 100, true),
        (&["--limit", "1"], 1, true),
        (&["--limit", "150"], 150, true),
        (&["--limit", "250"], 250, false),
        (&["--all"], 250, false),
    ] {
        let done = world.ask("ledger --customer acme", limit);
        let keys: Vec<_> = objects(&done.answer);
        let keys: Vec<_> = keys.iter().map(|row| row["idempotencyKey"].as_str().unwrap()).collect();
        let expected: Vec<_> = (0..250).rev().take(rows).map(|n| n.to_string()).collect();
        assert_eq!(keys, expected, "{limit:?}");
        assert_eq!(done.told.contains("there are older rows"), is_cut, "{}", done.told);
    }
    let table = world.is("ledger --customer acme --all --table", &[]);
    assert_eq!(table.lines().count(), 251, "one head over all pages");
    let explained = world.is("explain --table", &WALLET);
    assert!(explained.contains("there from -230, with the 230 rows before"), "{explained}");
}

#[test]
fn a_lost_answer_does_nothing_twice() {
    let world = World::start();
    let grant = ["--name", "Gift", "--type", "promotional", "--amount", "100"];
    for (words, more, event_type, key_name) in [
        ("grant", [&WALLET[..], &grant].concat(), "CREDITS_GRANTED", "idempotency-key: "),
        ("consume", [&WALLET[..], &["--amount", "5"]].concat(), "CREDITS_CONSUMED", "cli-"),
    ] {
        let fates = vec![
            Fate::LoseAnswer,
            Fate::CutAnswer(200),
            Fate::answer("503 Service Unavailable\r\nretry-after-ms: 10", AGAIN),
        ];
        let proxy = Proxy::start(world.server.port, fates);
        let done = ask(proxy.port, words, &more);
        assert_eq!(done.code, 0, "{}", done.told);
        assert_eq!(
            done.told.matches("asking again under the same key").count(),
            3,
            "{}",
            done.told
        );
        assert!(done.told.contains("attempt 2 of 6"), "{}", done.told);
        assert!(done.told.contains("come again\n  code   SomeCode (503"), "{}", done.told);
        assert_eq!(objects(&done.answer).len(), 1);
        let requests = proxy.requests();
        assert_eq!(requests.len(), 4);
        assert!(requests.iter().all(|request| request == &requests[0]), "{requests:?}");
        assert!(requests[0].contains(key_name), "{requests:?}");
        assert_eq!(world.rows(event_type).len(), 1, "{words}");
    }
    assert_eq!(objects(&world.is("balance --customer acme", &[]))[0]["available"], "95");
}

#[test]
fn an_answer_that_never_comes_can_be_asked_for_later() {
    let world = World::start();
    let fates = vec![Fate::LoseAnswer, Fate::LoseAnswer];
    let proxy = Proxy::start(world.server.port, fates);
    let done = ask(proxy.port, "consume --amount 5 --retries 1", &WALLET);
    assert_eq!(done.code, 5, "{}", done.told);
    assert!(done.answer.is_empty(), "{}", done.answer);
    assert!(done.told.contains("it is not known whether it was done"), "{}", done.told);
    let key = done.told.lines().next().unwrap().strip_prefix("scrip: ").unwrap();
    assert_eq!(done.told.matches(key).count(), 2, "{}", done.told);
    let again = world.is(&format!("consume --amount 5 {key}"), &WALLET);
    assert_eq!(objects(&again)[0]["credit"]["currentUsage"], "5");
    assert_eq!(world.rows("CREDITS_CONSUMED").len(), 1);
}

#[test]
fn exit_codes_say_what_happened() {
    let mut world = World::start();
    let port = world.server.port;
    let silent = Proxy::start(port, vec![Fate::Silence]).port;
    let answering =
        |head: &str, body: &str| Proxy::start(port, vec![Fate::answer(head, body)]).port;
    let wrong = answering("200 OK", "hi");
    let elsewhere = answering("302 Found\r\nlocation: http://127.0.0.1:9/", "");
    let busy = answering("503 Service Unavailable", AGAIN);
    let running = answering("409 Conflict\r\nx-should-retry: true", AGAIN);
    let failing = answering("500 Internal Server Error", AGAIN);
    let frozen = answering("503 Service Unavailable\r\nx-should-retry: false", AGAIN);
    let mut all = String::new();
    let mut show = |port: u16, words: &str| {
        let Done { code, answer, told } = ask(port, words, &[]);
        assert!(answer.is_empty(), "{words}: {answer}");
        let told = told.replace(&format!("127.0.0.1:{port}"), "[server]");
        let lines = told.lines().filter(|line| !line.starts_with("  trace"));
        let told: String = lines.map(|line| format!("     {}\n", line.trim_end())).collect();
        write!(all, "$ scrip {words}\n{code}\n{told}\n").unwrap();
    };
    let consume = "consume --customer acme --currency tokens --idempotency-key k --amount";
    show(port, &format!("{consume} -5"));
    show(port, &format!("{consume} many"));
    show(port, &format!("{consume} 5 --on-insufficient reject"));
    show(port, &format!("{consume} 5 --dimension ä=b"));
    show(port, "consume --customer nobody --currency tokens --idempotency-key l --amount 5");
    let grant = "grant --customer acme --currency tokens --type paid --name a --amount 5";
    show(port, &format!("{grant} --idempotency-key m --cost 5 --cost-currency gold"));
    show(port, &format!("{grant} --idempotency-key n --priority 101"));
    show(port, "ledger --customer acme --event-type SOMETHING");
    show(port, "explain --customer acme --currency gold");
    show(port, "balance --customer acme --at soon");
    show(port, "balance --customer acme --api-key server-unknown-key");
    // Nothing is sent.
    show(port, "balance --customer acme --url http://user:secret@127.0.0.1");
    show(port, "balance --customer acme --url ftp://127.0.0.1");
    show(port, "balance");
    show(port, &format!("{consume} 5 --dimension model"));
    show(port, &format!("{grant} --cost 5"));
    show(port, "ledger --customer acme --limit 0");
    show(port, "balance --customer acme --json --table");
    // Nobody, or nobody who answers as he should.
    show(9, "balance --customer acme");
    show(9, &format!("{consume} 5"));
    show(silent, &format!("{consume} 5 --timeout-seconds 1 --retries 0"));
    show(wrong, "balance --customer acme");
    show(elsewhere, "balance --customer acme");
    show(busy, &format!("{consume} 5 --retries 0"));
    show(running, &format!("{consume} 5 --retries 0"));
    show(failing, &format!("{consume} 5 --retries 0"));
    show(frozen, &format!("{consume} 5"));
    world.server.stop();
    insta::assert_snapshot!(all);
}
