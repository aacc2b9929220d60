//! People who sign in at an issuer, and those who would like to be them.

use std::collections::HashMap;

use scrip_integrations::identity::{CodeFlow, CodeFlowOptions, Identified, SignInError, Started};
use serde_json::{Value, json};

use crate::issuer::{CLIENT, Issuer, Key, NOW};

const BACK: &str = "http://127.0.0.1:7979/console/sign-in/elsewhere/back";

struct World {
    issuer: Issuer,
    key: Key,
    flow: CodeFlow,
}

impl World {
    async fn new(client_secret: Option<&str>) -> Self {
        let (issuer, key) = (Issuer::new().await, Key::p256());
        issuer.says.lock().unwrap().keys.push(key.jwk("k"));
        let flow = CodeFlow::new(CodeFlowOptions {
            issuer: issuer.name.clone(),
            client_id: CLIENT.to_owned(),
            client_secret: client_secret.map(str::to_owned),
            redirect_url: BACK.to_owned(),
        });
        Self { issuer, key, flow: flow.unwrap() }
    }

    /// Somebody signed in at the issuer, for this sign-in: the issuer has a code for a token with these
    /// claims.
    fn signs_in(&self, started: &Started, code: &str, special: Value) {
        let mut claims = self.issuer.claims();
        claims["nonce"] = json!(started.nonce);
        for (name, value) in special.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let token = self.key.token(&json!({"alg": "ES256", "kid": "k"}), &claims);
        let challenge = query(&started.url)["code_challenge"].clone();
        self.issuer.says.lock().unwrap().codes.insert(code.to_owned(), (token, challenge));
    }

    async fn finish(&self, started: &Started, code: &str) -> Result<Identified, SignInError> {
        self.flow.finish(code, None, (&started.nonce, &started.verifier), NOW).await
    }
}

fn query(url: &str) -> HashMap<String, String> {
    let query = url.split_once('?').unwrap().1;
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

#[tokio::test]
async fn somebody_signs_in() {
    let world = World::new(None).await;
    let started = world.flow.start().await.unwrap();
    assert!(started.url.starts_with(&format!("{}/authorize?", world.issuer.name)));
    let sent = query(&started.url);
    let member = |name: &str| sent[name].as_str();
    assert_eq!((member("response_type"), member("client_id")), ("code", CLIENT));
    assert_eq!((member("redirect_uri"), member("code_challenge_method")), (BACK, "S256"));
    assert_eq!((member("state"), member("nonce")), (&*started.state, &*started.nonce));
    assert!(!started.url.contains(&started.verifier));
    let other = world.flow.start().await.unwrap();
    assert!(other.state != started.state && other.nonce != started.nonce);
    assert_ne!(other.verifier, started.verifier);
    let special = json!({"email": "Ann@example.com", "email_verified": true, "name": "Ann"});
    world.signs_in(&started, "code", special);
    let identified = world.finish(&started, "code").await.unwrap();
    assert_eq!(
        identified,
        Identified {
            issuer: world.issuer.name.clone(),
            subject: "ann".to_owned(),
            verified_email: Some("Ann@example.com".to_owned()),
            name: Some("Ann".to_owned()),
        }
    );
    assert_eq!(world.issuer.says.lock().unwrap().authorization.last(), Some(&None));
    // An address that the issuer has not verified is none.
    let special = json!({"email": "ann@example.com", "email_verified": "true"});
    world.signs_in(&other, "other", special);
    assert_eq!(world.finish(&other, "other").await.unwrap().verified_email, None);
}

/// A code is good once, and only for whoever began the sign-in.
#[tokio::test]
async fn codes_of_others_are_worth_nothing() {
    let world = World::new(None).await;
    let started = world.flow.start().await.unwrap();
    world.signs_in(&started, "code", json!({}));
    world.finish(&started, "code").await.unwrap();
    let replayed = world.finish(&started, "code").await;
    assert!(matches!(replayed, Err(SignInError::Code(_))), "{replayed:?}");
    // Somebody has another's code, and a sign-in of his own.
    world.signs_in(&started, "stolen", json!({}));
    let thief = world.flow.start().await.unwrap();
    let stolen = world.finish(&thief, "stolen").await;
    assert!(matches!(stolen, Err(SignInError::Code(_))), "{stolen:?}");
    // A token that was made for another sign-in.
    world.signs_in(&thief, "injected", json!({"nonce": started.nonce}));
    assert_eq!(world.finish(&thief, "injected").await, Err(SignInError::Nonce));
    world.signs_in(&thief, "without", json!({"nonce": null}));
    assert_eq!(world.finish(&thief, "without").await, Err(SignInError::Nonce));
}

/// What comes back must be of this issuer, for this client.
#[tokio::test]
async fn answers_of_others_are_refused() {
    let world = World::new(None).await;
    for (claims, is_taken) in [
        (json!({"aud": "other"}), false),
        (json!({"iss": "https://evil.example"}), false),
        (json!({"exp": NOW - 100}), false),
        (json!({"aud": [CLIENT, "other"]}), false),
        (json!({"aud": [CLIENT, "other"], "azp": "other"}), false),
        (json!({"azp": "other"}), false),
        (json!({"aud": [CLIENT, "other"], "azp": CLIENT}), true),
    ] {
        let started = world.flow.start().await.unwrap();
        world.signs_in(&started, "code", claims.clone());
        assert_eq!(world.finish(&started, "code").await.is_ok(), is_taken, "{claims}");
    }
    let started = world.flow.start().await.unwrap();
    world.signs_in(&started, "code", json!({}));
    let proof = (started.nonce.as_str(), started.verifier.as_str());
    let mixed = world.flow.finish("code", Some("https://evil.example"), proof, NOW).await;
    assert_eq!(mixed, Err(SignInError::Issuer));
    world.flow.finish("code", Some(&world.issuer.name), proof, NOW).await.unwrap();
}

/// A client that has a secret proves itself, as the issuer wants it.
#[tokio::test]
async fn a_client_proves_itself() {
    for (methods, header) in [
        (json!([]), Some("Basic c2NyaXA6cyUyNmNyZXQ=")),
        (json!(["client_secret_post", "client_secret_basic"]), Some("Basic c2NyaXA6cyUyNmNyZXQ=")),
        (json!(["client_secret_post"]), None),
    ] {
        let world = World::new(Some("s&cret")).await;
        let member = "token_endpoint_auth_methods_supported";
        world.issuer.says.lock().unwrap().discovery[member] = methods.clone();
        let started = world.flow.start().await.unwrap();
        world.signs_in(&started, "code", json!({}));
        world.finish(&started, "code").await.unwrap();
        let says = world.issuer.says.lock().unwrap();
        let at = says.asked.iter().position(|path| path == "/token").unwrap();
        assert_eq!(says.authorization[at].as_deref(), header, "{methods}");
    }
}

/// An issuer that says it names itself in answers must do so.
#[tokio::test]
async fn an_issuer_that_names_itself_must() {
    let world = World::new(None).await;
    let member = "authorization_response_iss_parameter_supported";
    world.issuer.says.lock().unwrap().discovery[member] = json!(true);
    let started = world.flow.start().await.unwrap();
    world.signs_in(&started, "code", json!({}));
    assert_eq!(world.finish(&started, "code").await, Err(SignInError::Issuer));
}
