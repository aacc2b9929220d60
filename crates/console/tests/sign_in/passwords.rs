//! Signing in by a password.

use serde_json::{Value, json};

use crate::world::{ANN, PASSWORD, SIGN_IN, World, csrf};
use scrip_console::sign_in::SignInOptions;

#[tokio::test]
async fn somebody_signs_in_and_out() {
    let world = World::of_ann().await;
    let browser = world.browser();
    assert!(browser.get("/console/production").await.is_turned_away());
    let told = browser.sign_in("Ann@Example.com", PASSWORD).await.is(303);
    assert_eq!(told.header("location"), "/console/production");
    let cookies: Vec<_> = told.headers.get_all("set-cookie").iter().collect();
    let session = cookies[0].to_str().unwrap();
    let (value, attributes) = session.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; HttpOnly; SameSite=Lax; Max-Age=86400");
    assert_eq!(value.len(), "scrip-session=".len() + 64);
    assert!(browser.is_in().await);
    // Whoever is in does not sign in again, and is led to nobody else.
    let told = browser.get("/console/sign-in?next=//evil.example").await.is(303);
    assert_eq!(told.header("location"), "/console");
    let out = browser.fill("/console/sign-in/me", "/console/sign-in/out", &[]).await.is(303);
    assert_eq!(out.header("location"), SIGN_IN);
    assert!(!browser.is_in().await);
    // What was the cookie is worth nothing to whoever kept it.
    let value = value.strip_prefix("scrip-session=").unwrap().to_owned();
    browser.jar.borrow_mut().insert("scrip-session".to_owned(), value);
    assert!(!browser.is_in().await);
}

/// Where browsers come by https, cookies are for nothing else.
#[tokio::test]
async fn cookies_are_secure() {
    let world = World::with(SignInOptions { is_secure: true, ..SignInOptions::default() }).await;
    let browser = world.make_owner().await;
    assert!(browser.is_in().await);
    let jar = browser.jar.borrow();
    assert!(jar.keys().all(|name| name.starts_with("__Host-scrip-")), "{jar:?}");
}

/// Whoever is wrong is not told what of it is, by words or by the status.
#[tokio::test]
async fn whoever_is_wrong_learns_nothing() {
    let world = World::of_ann().await;
    let (link, bob) = world.invite("bob@example.com", "VIEWER").await;
    world.invite("invited@example.com", "VIEWER").await;
    let form = [("displayName", "Bob"), ("password", "battery staple")];
    world.browser().accept(&link, &form).await.is(303);
    world.api("PATCH", &bob, json!({"status": "DISABLED"})).await.is(200);
    let mut shown = Vec::new();
    for (email, password) in [
        (ANN, "wrong password"),
        (ANN, ""),
        ("nobody@example.com", PASSWORD),
        ("bob@example.com", "battery staple"),
        ("invited@example.com", ""),
        ("no address", PASSWORD),
    ] {
        let browser = world.browser();
        let told = browser.sign_in(email, password).await.is(401);
        assert!(!browser.jar.borrow().contains_key("scrip-session"));
        let token = csrf(&told.text);
        shown.push(told.text.replace(&token, "").replace(email, ""));
    }
    assert!(shown[0].contains("The e-mail address or the password is wrong."));
    assert!(shown.iter().all(|page| *page == shown[0]), "{shown:#?}");
}

/// A form that no page of ours made does nothing.
#[tokio::test]
async fn forms_of_others_are_not_read() {
    let world = World::of_ann().await;
    let browser = world.browser();
    let fields = [("email", ANN), ("password", PASSWORD)];
    // Without the cookie, without the field, with those of another browser.
    browser.post(SIGN_IN, &fields).await.is(403);
    browser.get(SIGN_IN).await.is(200);
    browser.post(SIGN_IN, &fields).await.is(403);
    let other = csrf(&world.browser().get(SIGN_IN).await.text);
    let with = |token| [("csrf", token), ("email", ANN), ("password", PASSWORD)];
    browser.post(SIGN_IN, &with(&other)).await.is(403);
    let own = csrf(&browser.get(SIGN_IN).await.text);
    for headers in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
    ] {
        browser.post_with(SIGN_IN, &with(&own), &[headers]).await.is(403);
    }
    assert!(!browser.is_in().await);
    browser.post(SIGN_IN, &with(&own)).await.is(303);
    assert!(browser.is_in().await);
    // Of somebody who is in, the token is another one.
    let out = [("csrf", own.as_str())];
    browser.post("/console/sign-in/out", &out).await.is(403);
    assert!(browser.is_in().await);
}

/// Guessing is slow, for whoever guesses, and the words are the same for everybody.
#[tokio::test]
async fn guessing_is_slow() {
    let world = World::of_ann().await;
    let browser = world.browser();
    for _ in 0..10 {
        browser.sign_in(ANN, "wrong password").await.is(401);
    }
    let told = browser.sign_in(ANN, PASSWORD).await.is(429);
    let wait: u64 = told.header("retry-after").parse().unwrap();
    assert!((1..=31).contains(&wait), "{wait}");
    let elsewhere = world.browser();
    elsewhere.sign_in("ANN@example.com", PASSWORD).await.is(429);
    elsewhere.sign_in("unknown@example.com", PASSWORD).await.is(401);
}

/// Everything that people did about people is in the log, and nothing by which anybody could be somebody.
#[tokio::test]
async fn what_people_did_is_in_the_log() {
    let world = World::of_ann().await;
    let browser = world.browser();
    browser.sign_in(ANN, PASSWORD).await.is(303);
    browser.fill("/console/sign-in/me", "/console/sign-in/out", &[]).await.is(303);
    let told = world.api("GET", "/api/v1/audit-log?of=people", Value::Null).await.is(200);
    let log: Value = serde_json::from_str(&told.text).unwrap();
    let entries = log["data"].as_array().unwrap().iter();
    let told_of: Vec<String> = entries
        .map(|entry| {
            let target = entry["target"].as_str().unwrap().split('/').next().unwrap();
            format!("{} {target}", entry["operation"].as_str().unwrap())
        })
        .collect();
    let expected =
        ["archive session", "create session", "create session", "use-sign-in-link sign-in-link"];
    assert_eq!(told_of, expected);
    let ann = world.person(ANN).await.unwrap();
    let hash = ann.password_hash.unwrap().0;
    for secret in [PASSWORD, &hash] {
        assert!(!told.text.contains(secret), "{}", told.text);
    }
    let actor = format!("person:{}", ann.id);
    assert!(log["data"].as_array().unwrap().iter().all(|entry| entry["actor"] == actor));
}
