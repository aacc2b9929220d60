//! Tokens that are good, and those by which others try to be somebody.

use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use scrip_integrations::identity::{Issuer as Known, TokenError};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::time;

use crate::issuer::{CLIENT, Issuer, Key, NOW, encoded};

fn audience() -> [String; 2] {
    [CLIENT.to_owned(), "https://api.example.com".to_owned()]
}

async fn verify(known: &Known, token: &str) -> Result<String, TokenError> {
    known.verify(token, &audience(), NOW).await.map(|claims| claims.subject)
}

fn but(mut claims: Value, member: &str, value: Value) -> Value {
    claims[member] = value;
    claims
}

/// Each algorithm that is taken, with a key of the issuer's.
#[tokio::test]
async fn tokens_of_an_issuer_are_taken() {
    let issuer = Issuer::new().await;
    let keys = [Key::rsa(), Key::p256(), Key::ed25519()];
    for key in &keys {
        issuer.says.lock().unwrap().keys.push(key.jwk(key.algorithm()));
    }
    let known = Known::new(&issuer.name, None).unwrap();
    for key in &keys {
        let header = json!({"alg": key.algorithm(), "kid": key.algorithm(), "typ": "at+jwt"});
        let token = key.token(&header, &issuer.claims());
        assert_eq!(verify(&known, &token).await, Ok("ann".to_owned()), "{}", key.algorithm());
    }
    // Only asked once.
    assert_eq!((issuer.asked("/keys"), issuer.asked("/.well-known/openid-configuration")), (1, 1));
}

/// Keys that whoever runs the server has written down, of an issuer that is asked for nothing.
#[tokio::test]
async fn keys_may_be_given() {
    let key = Key::ed25519();
    let name = "https://login.example.com/that/is/not/there";
    let set = |keys: Value| json!({"keys": keys}).to_string();
    let known = Known::with_keys(name, set(json!([key.jwk("k")])).as_bytes()).unwrap();
    let claims = json!({"iss": name, "aud": CLIENT, "sub": "ann", "exp": NOW + 60});
    let token = |kid: &str| key.token(&json!({"alg": "EdDSA", "kid": kid}), &claims);
    assert_eq!(verify(&known, &token("k")).await, Ok("ann".to_owned()));
    assert_eq!(verify(&known, &token("other")).await, Err(TokenError::UnknownKey));
    let nameless = but(key.jwk("k"), "kid", Value::Null);
    let shared = json!({"kty": "oct", "kid": "k", "k": "c2VjcmV0"});
    for set in ["", "{}", &set(json!([])), &set(json!([nameless])), &set(json!([shared]))] {
        assert!(Known::with_keys(name, set.as_bytes()).is_err(), "{set}");
    }
}

/// What is claimed must be right, whoever signed it.
#[tokio::test]
async fn claims_must_be_right() {
    let issuer = Issuer::new().await;
    let key = Key::ed25519();
    issuer.says.lock().unwrap().keys.push(key.jwk("k"));
    let known = Known::new(&issuer.name, None).unwrap();
    let good = || issuer.claims();
    let slashed = json!(format!("{}/", issuer.name));
    for (member, value, expected) in [
        ("iss", json!("https://evil.example"), Some(TokenError::Issuer)),
        ("iss", slashed, Some(TokenError::Issuer)),
        ("iss", Value::Null, Some(TokenError::Issuer)),
        ("aud", json!("somebody-else"), Some(TokenError::Audience)),
        ("aud", json!(["somebody-else"]), Some(TokenError::Audience)),
        ("aud", json!([]), Some(TokenError::Audience)),
        ("aud", Value::Null, Some(TokenError::Audience)),
        ("aud", json!(["somebody-else", "https://api.example.com"]), None),
        ("exp", json!(NOW - 60), Some(TokenError::Expired)),
        ("exp", json!(NOW - 59), None),
        ("exp", Value::Null, Some(TokenError::Malformed)),
        ("exp", json!("tomorrow"), Some(TokenError::Malformed)),
        ("exp", json!(1_800_000_300.5), None),
        ("nbf", json!(NOW + 61), Some(TokenError::NotYet)),
        ("nbf", json!(NOW + 60), None),
        ("iat", json!(NOW + 61), Some(TokenError::NotYet)),
        ("sub", json!(""), Some(TokenError::Subject)),
        ("sub", json!(7), Some(TokenError::Subject)),
    ] {
        let claims = but(good(), member, value);
        let token = key.token(&json!({"alg": "EdDSA", "kid": "k"}), &claims);
        assert_eq!(verify(&known, &token).await.err(), expected, "{claims}");
    }
    let mut endless = good();
    endless.as_object_mut().unwrap().remove("exp");
    let token = key.token(&json!({"alg": "EdDSA", "kid": "k"}), &endless);
    assert_eq!(verify(&known, &token).await, Err(TokenError::Expired));
}

/// Nobody is somebody by a token that the issuer did not sign, however it is made.
#[tokio::test]
async fn forged_tokens_are_refused() {
    let issuer = Issuer::new().await;
    let (rsa, p256, stranger) = (Key::rsa(), Key::p256(), Key::ed25519());
    let jwk = rsa.jwk("rsa");
    issuer.says.lock().unwrap().keys = vec![jwk.clone(), p256.jwk("p256")];
    let known = Known::new(&issuer.name, None).unwrap();
    let claims = issuer.claims();
    let unsigned =
        |header: Value| format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()));
    // The public key, as what it is not: a shared secret.
    let shared = |secret: &[u8]| {
        let signed = unsigned(json!({"alg": "HS256", "kid": "rsa"}));
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
        mac.update(signed.as_bytes());
        format!("{signed}.{}", encoded(mac.finalize().into_bytes()))
    };
    let with = |key: &Key, header: Value| key.token(&header, &claims);
    let good = with(&rsa, json!({"alg": "RS256", "kid": "rsa"}));
    assert_eq!(verify(&known, &good).await, Ok("ann".to_owned()));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let others = encoded(but(claims.clone(), "sub", json!("bob")).to_string());
    let header = good.split('.').next().unwrap();
    for (why, token, expected) in [
        ("none", format!("{}.", unsigned(json!({"alg": "none"}))), TokenError::Algorithm),
        (
            "none",
            format!("{}.", unsigned(json!({"alg": "none", "kid": "rsa"}))),
            TokenError::Algorithm,
        ),
        ("no signature", format!("{signed}."), TokenError::Signature),
        ("shared secret", shared(jwk["n"].as_str().unwrap().as_bytes()), TokenError::Algorithm),
        ("shared secret", shared(jwk.to_string().as_bytes()), TokenError::Algorithm),
        ("RS512", with(&rsa, json!({"alg": "RS512", "kid": "rsa"})), TokenError::Algorithm),
        ("no kid", with(&rsa, json!({"alg": "RS256"})), TokenError::UnknownKey),
        (
            "another's",
            with(&stranger, json!({"alg": "RS256", "kid": "rsa"})),
            TokenError::Signature,
        ),
        (
            "another's",
            with(&stranger, json!({"alg": "EdDSA", "kid": "rsa"})),
            TokenError::UnknownKey,
        ),
        ("unknown kid", with(&rsa, json!({"alg": "RS256", "kid": "x"})), TokenError::UnknownKey),
        (
            "another kind",
            with(&rsa, json!({"alg": "RS256", "kid": "p256"})),
            TokenError::UnknownKey,
        ),
        ("another kind", with(&rsa, json!({"alg": "ES256", "kid": "p256"})), TokenError::Signature),
        (
            "own key",
            with(&stranger, json!({"alg": "EdDSA", "kid": "s", "jwk": stranger.jwk("s")})),
            TokenError::UnknownKey,
        ),
        (
            "critical",
            with(&rsa, json!({"alg": "RS256", "kid": "rsa", "crit": ["b64"], "b64": false})),
            TokenError::Algorithm,
        ),
        ("other claims", format!("{header}.{others}.{signature}"), TokenError::Signature),
        ("four parts", format!("{good}.x"), TokenError::Malformed),
        ("two parts", signed.to_owned(), TokenError::Malformed),
        ("padding", format!("{good}="), TokenError::Malformed),
        ("nothing", String::new(), TokenError::Malformed),
        ("too long", format!("{good}{}", "A".repeat(20_000)), TokenError::Malformed),
    ] {
        assert_eq!(verify(&known, &token).await, Err(expected), "{why}: {token}");
    }
}

/// Keys that are not for signatures of tokens are none.
#[tokio::test]
async fn keys_for_other_things_are_none() {
    let issuer = Issuer::new().await;
    let key = Key::ed25519();
    for (member, value) in [("use", "enc"), ("alg", "RS256"), ("crv", "X25519"), ("kty", "oct")] {
        issuer.says.lock().unwrap().keys = vec![but(key.jwk("k"), member, json!(value))];
        let known = Known::new(&issuer.name, None).unwrap();
        let token = key.token(&json!({"alg": "EdDSA", "kid": "k"}), &issuer.claims());
        let told = verify(&known, &token).await;
        assert_eq!(told, Err(TokenError::UnknownKey), "{member}: {value}");
    }
}

/// A new key is asked for once, however many tokens name keys that there are not.
#[tokio::test]
async fn keys_are_asked_for_seldom() {
    let issuer = Issuer::new().await;
    let (first, second) = (Key::ed25519(), Key::ed25519());
    issuer.says.lock().unwrap().keys = vec![first.jwk("first")];
    let known = Known::new("https://issuer.example", Some(&format!("{}/keys", issuer.name)));
    let known = known.unwrap();
    let claims = but(issuer.claims(), "iss", json!("https://issuer.example"));
    let token = |key: &Key, id: &str| key.token(&json!({"alg": "EdDSA", "kid": id}), &claims);
    assert!(verify(&known, &token(&first, "first")).await.is_ok());
    issuer.says.lock().unwrap().keys.push(second.jwk("second"));
    for _ in 0..20 {
        let told = verify(&known, &token(&second, "made-up")).await;
        assert_eq!(told, Err(TokenError::UnknownKey));
    }
    // Asked a moment ago: the second key is known in half a minute.
    assert_eq!(issuer.asked("/keys"), 1);
    // What is known goes on while the issuer is down.
    issuer.says.lock().unwrap().is_down = true;
    assert!(verify(&known, &token(&first, "first")).await.is_ok());
}

/// Whoever asked and went away has asked for everybody else: what is answered then is learned.
#[tokio::test]
async fn what_is_asked_is_learned_whoever_leaves() {
    let issuer = Issuer::new().await;
    let key = Key::ed25519();
    issuer.says.lock().unwrap().keys.push(key.jwk("k"));
    let known = Arc::new(Known::new(&issuer.name, None).unwrap());
    let token = key.token(&json!({"alg": "EdDSA", "kid": "k"}), &issuer.claims());
    let gate = issuer.falls_silent();
    let leaving = {
        let (known, token) = (Arc::clone(&known), token.clone());
        tokio::spawn(async move { verify(&known, &token).await })
    };
    issuer.is_asked("/.well-known/openid-configuration", 1).await;
    leaving.abort();
    assert!(leaving.await.unwrap_err().is_cancelled());
    gate.close();
    assert_eq!(verify(&known, &token).await, Ok("ann".to_owned()));
    assert_eq!((issuer.asked("/keys"), issuer.asked("/.well-known/openid-configuration")), (1, 1));
}

/// Of those who come while the issuer is asked, nobody waits whose key was known before.
#[tokio::test]
async fn nobody_waits_for_an_issuer_that_is_silent_but_whoever_asks() {
    let issuer = Issuer::new().await;
    let key = Key::ed25519();
    issuer.says.lock().unwrap().keys.push(key.jwk("k"));
    let known = Arc::new(Known::new(&issuer.name, None).unwrap());
    let token = key.token(&json!({"alg": "EdDSA", "kid": "k"}), &issuer.claims());
    assert_eq!(verify(&known, &token).await, Ok("ann".to_owned()));
    let later = async |hours: u64| {
        time::pause();
        time::advance(Duration::from_secs(hours * 60 * 60)).await;
        time::resume();
    };
    later(2).await;
    let gate = issuer.falls_silent();
    let asks = || {
        let (known, token) = (Arc::clone(&known), token.clone());
        tokio::spawn(async move { verify(&known, &token).await })
    };
    let asking = asks();
    issuer.is_asked("/.well-known/openid-configuration", 2).await;
    let told = time::timeout(Duration::from_secs(2), verify(&known, &token)).await;
    assert_eq!(told, Ok(Ok("ann".to_owned())));
    assert!(!asking.is_finished(), "it waits for the issuer");
    gate.close();
    assert_eq!(asking.await.unwrap(), Ok("ann".to_owned()));
    // What is too old is not believed while somebody asks.
    later(25).await;
    let gate = issuer.falls_silent();
    let asking = [asks(), asks()];
    issuer.is_asked("/.well-known/openid-configuration", 3).await;
    time::sleep(Duration::from_millis(50)).await;
    assert!(asking.iter().all(|it| !it.is_finished()));
    gate.close();
    for asking in asking {
        assert_eq!(asking.await.unwrap(), Ok("ann".to_owned()));
    }
    assert_eq!(issuer.asked("/.well-known/openid-configuration"), 3);
}

/// An address counts only if its issuer says, as a boolean, that it has verified it.
#[tokio::test]
async fn an_address_counts_if_its_issuer_has_verified_it() {
    let issuer = Issuer::new().await;
    let key = Key::ed25519();
    issuer.says.lock().unwrap().keys.push(key.jwk("k"));
    let known = Known::new(&issuer.name, None).unwrap();
    for (members, address) in [
        (json!({"email": "ann@example.com", "email_verified": true}), Some("ann@example.com")),
        (json!({"email": "ann@example.com", "email_verified": false}), None),
        (json!({"email": "ann@example.com", "email_verified": "true"}), None),
        (json!({"email": "ann@example.com", "email_verified": 1}), None),
        (json!({"email": "ann@example.com"}), None),
        (json!({"email": ["ann@example.com"], "email_verified": true}), None),
        (json!({"email_verified": true}), None),
    ] {
        let mut claims = issuer.claims();
        claims.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let token = key.token(&json!({"alg": "EdDSA", "kid": "k"}), &claims);
        let claims = known.verify(&token, &audience(), NOW).await.unwrap();
        assert_eq!(claims.verified_email(), address, "{members}");
    }
}

/// An issuer that cannot be reached, or is another one, has no keys.
#[tokio::test]
async fn an_issuer_must_be_who_it_is() {
    let issuer = Issuer::new().await;
    let key = Key::ed25519();
    issuer.says.lock().unwrap().keys = vec![key.jwk("k")];
    let token = key.token(&json!({"alg": "EdDSA", "kid": "k"}), &issuer.claims());
    let unavailable = async |known: Known| {
        let told = verify(&known, &token).await;
        assert!(matches!(told, Err(TokenError::Unavailable(_))), "{told:?}");
    };
    for (member, value) in [
        ("issuer", json!("https://another.example")),
        ("jwks_uri", json!("http://another.example/keys")),
        ("token_endpoint", json!("http://another.example/token")),
        ("jwks_uri", Value::Null),
    ] {
        let good = issuer.says.lock().unwrap().discovery.clone();
        issuer.says.lock().unwrap().discovery[member] = value;
        unavailable(Known::new(&issuer.name, None).unwrap()).await;
        issuer.says.lock().unwrap().discovery = good;
    }
    issuer.says.lock().unwrap().is_down = true;
    unavailable(Known::new(&issuer.name, None).unwrap()).await;
    for (name, keys) in [
        ("http://login.example.com", None),
        ("", None),
        ("", Some("https://login.example.com/keys")),
        ("https://login.example.com", Some("http://login.example.com/keys")),
    ] {
        assert!(Known::new(name, keys).is_err(), "{name} {keys:?}");
    }
}
