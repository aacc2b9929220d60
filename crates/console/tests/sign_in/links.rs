//! Links by which people sign in first.

use scrip_console::sign_in::first_owner_link;
use serde_json::Value;

use crate::world::{ANN, PASSWORD, SIGN_IN, World};

const OWNER: [(&str, &str); 3] = [("email", ANN), ("displayName", "Ann"), ("password", PASSWORD)];

#[tokio::test]
async fn the_first_owner_comes_to_be_once() {
    let world = World::new().await;
    let ledger = world.ledger.as_ref();
    let link = first_owner_link(ledger, "default").await.unwrap().unwrap();
    let again = first_owner_link(ledger, "default").await.unwrap().unwrap();
    let browser = world.browser();
    // Looking at it, as browsers and mail servers do, uses nothing up.
    for _ in 0..3 {
        let told = browser.get(&link).await.is(200);
        assert_eq!(told.header("cache-control"), "no-store");
        assert!(told.text.contains("Become the owner"));
    }
    browser.accept(&link, &OWNER).await.is(303);
    assert!(browser.is_in().await);
    let ann = world.person(ANN).await.unwrap();
    assert_eq!(
        (ann.display_name.as_str(), ann.role_in("default").unwrap().as_str()),
        ("Ann", "OWNER")
    );
    // Neither does it again, nor does the other one.
    for used in [&link, &again] {
        let other = [("email", "b@example.com"), ("displayName", "B"), ("password", PASSWORD)];
        world.browser().get(&link).await.is(410);
        let browser = world.browser();
        browser.get(SIGN_IN).await.is(200);
        browser.accept(used, &other).await;
        assert_eq!(world.person("b@example.com").await, None);
    }
    assert_eq!(first_owner_link(ledger, "default").await.unwrap(), None);
}

#[tokio::test]
async fn the_first_owners_link_lives_a_quarter_of_an_hour() {
    let world = World::new().await;
    let link = first_owner_link(world.ledger.as_ref(), "default").await.unwrap().unwrap();
    let browser = world.browser();
    world.pass_seconds(15 * 60 - 1);
    browser.get(&link).await.is(200);
    world.pass_seconds(1);
    browser.get(&link).await.is(410);
    browser.get(SIGN_IN).await.is(200);
    browser.accept(&link, &OWNER).await;
    assert_eq!(world.person(ANN).await, None);
    // The next start gives another one.
    let link = first_owner_link(world.ledger.as_ref(), "default").await.unwrap().unwrap();
    browser.accept(&link, &OWNER).await.is(303);
}

/// What is wrong with the form is said, and the link stays good.
#[tokio::test]
async fn a_form_that_is_wrong_uses_nothing_up() {
    let world = World::new().await;
    let link = first_owner_link(world.ledger.as_ref(), "default").await.unwrap().unwrap();
    let browser = world.browser();
    for (name, value, words) in [
        ("email", "nobody", "e-mail"),
        ("displayName", "", "name"),
        ("password", "too short", "12 characters"),
        ("password", "ann@example.com", "e-mail address"),
    ] {
        let fields = OWNER.map(|(known, was)| (known, if known == name { value } else { was }));
        let told = browser.accept(&link, &fields).await.is(400);
        assert!(told.text.contains(words), "{name}: {}", told.text);
    }
    let differ = [("again", "something else"), OWNER[0], OWNER[1], OWNER[2]];
    let token = link.split_once("token=").unwrap().1;
    let mut fields = vec![("token", token)];
    fields.extend(differ);
    let told = browser.fill(&link, &format!("{SIGN_IN}/link"), &fields).await.is(400);
    assert!(told.text.contains("differ"));
    browser.accept(&link, &OWNER).await.is(303);
}

#[tokio::test]
async fn whoever_is_invited_chooses_a_password() {
    let world = World::of_ann().await;
    let (link, bob) = world.invite("Bob@example.com", "VIEWER").await;
    let browser = world.browser();
    let told = browser.get(&link).await.is(200);
    assert!(told.text.contains("bob@example.com"));
    // The address is the invitation's, whatever the form says.
    let form = [("email", ANN), ("displayName", "Bob"), ("password", "battery staple")];
    browser.accept(&link, &form).await.is(303);
    assert!(browser.is_in().await);
    world.browser().sign_in("bob@example.com", "battery staple").await.is(303);
    world.browser().get(&link).await.is(410);
    // Removed, he is out at once, and nowhere let in.
    world.api("DELETE", &bob, Value::Null).await.is(200);
    assert!(!browser.is_in().await);
    world.browser().sign_in("bob@example.com", "battery staple").await.is(401);
}

/// Somebody who lost the password gets another link, which ends all that was.
#[tokio::test]
async fn another_link_ends_what_was() {
    let world = World::of_ann().await;
    let (link, bob) = world.invite("bob@example.com", "SUPPORT").await;
    let browser = world.browser();
    let form = [("displayName", "Bob"), ("password", "battery staple")];
    browser.accept(&link, &form).await.is(303);
    let path = format!("{bob}/sign-in-link");
    let told = world.api("POST", &path, Value::Null).await.is(201);
    assert_eq!(told.header("cache-control"), "no-store");
    let body: Value = serde_json::from_str(&told.text).unwrap();
    let token = body["data"]["signInLink"]["token"].as_str().unwrap();
    let other = format!("{SIGN_IN}/link?token={token}");
    let form = [("displayName", "Bob"), ("password", "another staple")];
    world.browser().accept(&other, &form).await.is(303);
    assert!(!browser.is_in().await);
    world.browser().sign_in("bob@example.com", "battery staple").await.is(401);
    world.browser().sign_in("bob@example.com", "another staple").await.is(303);
}
