//! Accounts and environments from the command line, over restarts; users with a token.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

use crate::process::{Server, http, run, scrip};

const PRODUCTION: &str = "server-production-of-the-test";
const SANDBOX: &str = "server-sandbox-of-the-test";
const KEYS: [(&str, &str); 2] = [("SCRIP_API_KEY", PRODUCTION), ("SCRIP_SANDBOX_API_KEY", SANDBOX)];

/// What a command with a key came to: its code, its answer and what it told.
fn ask(server: &Server, key: &str, words: &str) -> (i32, String, String) {
    let output = scrip()
        .args(words.split(' '))
        .env("SCRIP_URL", format!("http://127.0.0.1:{}", server.port))
        .env("SCRIP_API_KEY", key)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn is(server: &Server, key: &str, words: &str) -> Value {
    let (code, answer, told) = ask(server, key, words);
    assert_eq!(code, 0, "{words}: {told}");
    serde_json::from_str(&answer).unwrap()
}

fn customers(server: &Server, key: &str) -> (u16, usize) {
    let (status, body) = http(server.port, "GET", "/api/v1/customers", key, "");
    let body: Value = serde_json::from_str(&body).unwrap();
    (status, body["data"].as_array().map_or(0, Vec::len))
}

#[test]
fn environments_are_made_reset_and_archived() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Server::start(directory.path(), &KEYS);
    let made = is(&server, PRODUCTION, "environment create staging --type sandbox --name Staging");
    assert_eq!((&made["id"], &made["displayName"]), (&json!("staging"), &json!("Staging")));
    let staging = made["apiKey"]["secret"].as_str().unwrap().to_owned();
    let acme = is(&server, PRODUCTION, "account create acme");
    let acme = acme["environment"]["apiKey"]["secret"].as_str().unwrap().to_owned();
    for key in [PRODUCTION, SANDBOX, &staging, &acme] {
        assert_eq!(http(server.port, "POST", "/api/v1/customers", key, r#"{"id": "c"}"#).0, 201);
    }
    // Nothing brings back what was: it has to be meant.
    let (code, _, told) = ask(&server, PRODUCTION, "environment reset staging");
    assert_eq!(code, 2, "{told}");
    assert!(told.contains("--yes"), "{told}");
    let (code, _, told) = ask(&server, PRODUCTION, "environment reset production --yes");
    assert_eq!(code, 3, "{told}");
    assert!(told.contains("SANDBOX"), "{told}");
    let (code, _, told) = ask(&server, &acme, "environment reset staging --yes");
    assert_eq!(code, 3, "{told}");
    let reset = is(&server, PRODUCTION, "environment reset staging --yes --idempotency-key once");
    assert!(reset["resetAt"].is_string(), "{reset}");
    is(&server, SANDBOX, "environment reset sandbox --yes");
    let counts =
        |server: &Server| [PRODUCTION, SANDBOX, &staging, &acme].map(|key| customers(server, key));
    let expected = [(200, 1), (200, 0), (200, 0), (200, 1)];
    assert_eq!(counts(&server), expected);
    server.kill();

    // A start makes nothing again, and finds everything as it was.
    server = Server::start(directory.path(), &KEYS);
    assert_eq!(counts(&server), expected);
    http(server.port, "POST", "/api/v1/customers", &staging, r#"{"id": "d"}"#);
    is(&server, PRODUCTION, "environment reset staging --yes --idempotency-key once");
    assert_eq!(customers(&server, &staging), (200, 1), "it was the answer of the first reset");
    is(&server, PRODUCTION, "environment archive staging --yes");
    is(&server, PRODUCTION, "account archive acme --yes");
    let expected = [(200, 1), (200, 0), (401, 0), (401, 0)];
    assert_eq!(counts(&server), expected);
    let (code, answer, _) = ask(&server, PRODUCTION, "environment list");
    let of = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    let listed: Vec<_> = answer.lines().map(of).collect();
    let told = |member: &str| -> Vec<String> {
        listed.iter().map(|it| it[member].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(code, 0);
    assert_eq!(told("status"), ["ACTIVE", "ACTIVE", "ARCHIVED"]);
    assert_eq!(told("id"), ["production", "sandbox", "staging"]);
    let (_, table, _) = ask(&server, PRODUCTION, "environment list --table");
    assert!(table.lines().next().unwrap().starts_with("Environment"), "{table}");
    server.stop();
    server = Server::start(directory.path(), &KEYS);
    assert_eq!(counts(&server), expected);
    let log = server.stop();
    assert!(!log.contains(&staging) && !log.contains(&acme), "{log}");
    let data = directory.path().to_str().unwrap();
    let (code, told) = run(&["verify", "--data", data], &[]);
    assert_eq!(code, 0, "{told}");
}

/// A request with these headers and no key; the status and the body.
fn with_headers(port: u16, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let headers: String = headers.iter().map(|(name, it)| format!("{name}: {it}\r\n")).collect();
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

/// Signed by a key that the file names, for the people whom the account knows, and in no log.
#[test]
fn users_ask_with_tokens() {
    let directory = tempfile::tempdir().unwrap();
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let public = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
    let jwks = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": public}]});
    let file = directory.path().join("jwks.json");
    std::fs::write(&file, jwks.to_string()).unwrap();
    let issuer = "https://login.example.com";
    let jwt = [
        ("SCRIP_JWT_ISSUER", issuer),
        ("SCRIP_JWT_AUDIENCE", "scrip,other"),
        ("SCRIP_JWT_JWKS_FILE", file.to_str().unwrap()),
    ];
    let variables: Vec<_> = KEYS.into_iter().chain(jwt).collect();
    let mut server = Server::start(&directory.path().join("data"), &variables);
    let body = r#"{"email": "ann@example.com", "role": "VIEWER"}"#;
    assert_eq!(http(server.port, "POST", "/api/v1/people", PRODUCTION, body).0, 201);
    let token = |claims: Value| {
        let part = |it: &Value| URL_SAFE_NO_PAD.encode(it.to_string());
        let signed = format!("{}.{}", part(&json!({"alg": "EdDSA", "kid": "k"})), part(&claims));
        let signature = URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    };
    let claims = |email: &str, exp: i64| {
        json!({
            "iss": issuer, "aud": "scrip", "sub": "42", "exp": exp,
            "email": email, "email_verified": true,
        })
    };
    let never = 32_503_680_000;
    let good = token(claims("ann@example.com", never));
    for (token, expected) in [
        (good.clone(), 200),
        (token(claims("eve@example.com", never)), 403),
        (token(claims("ann@example.com", 1_000_000_000)), 401),
        (format!("{good}x"), 401),
    ] {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("x-environment-id", "production")];
        let (status, body) = with_headers(server.port, "/api/v1/customers", &headers);
        assert_eq!(status, expected, "{body}");
    }
    let log = server.stop();
    assert!(!log.contains(&good), "{log}");
    // What cannot be used is refused at the start.
    std::fs::write(&file, "{}").unwrap();
    let data = directory.path().join("data");
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
    let (code, told) = run(&serve, &variables);
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("--jwt-jwks-file"), "{told}");
}
