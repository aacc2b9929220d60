//! Sessions: how long they stand, and who ends them.

use serde_json::Value;

use crate::world::{ANN, Browser, ME, PASSWORD, World};

async fn signed_in(world: &World) -> Browser<'_> {
    let browser = world.browser();
    browser.sign_in(ANN, PASSWORD).await.is(303);
    browser
}

#[tokio::test]
async fn a_session_ends_by_itself() {
    let world = World::of_ann().await;
    let (idle, used) = (signed_in(&world).await, signed_in(&world).await);
    const HOUR: i64 = 60 * 60;
    for _ in 0..3 {
        world.pass_seconds(HOUR - 1);
        assert!(used.is_in().await);
    }
    assert!(!idle.is_in().await);
    for _ in 0..20 {
        world.pass_seconds(HOUR);
        assert!(used.is_in().await);
    }
    world.pass_seconds(HOUR + 3);
    assert!(!used.is_in().await, "a day is over, whatever was done in it");
}

/// Nobody goes on under a token that somebody else knew before.
#[tokio::test]
async fn a_sign_in_has_a_token_of_its_own() {
    let world = World::of_ann().await;
    let browser = world.browser();
    let known = "f".repeat(64);
    browser.jar.borrow_mut().insert("scrip-session".to_owned(), known.clone());
    browser.sign_in(ANN, PASSWORD).await.is(303);
    let first = browser.jar.borrow()["scrip-session"].clone();
    assert_ne!(first, known);
    assert!(browser.is_in().await);
}

#[tokio::test]
async fn sessions_are_ended() {
    let world = World::of_ann().await;
    let here = signed_in(&world).await;
    let there = signed_in(&world).await;
    let shown = here.get(ME).await.is(200);
    assert_eq!(shown.text.matches("session_").count(), 3, "{}", shown.text);
    assert!(shown.text.contains("A browser 192.0.2.1"));
    let this = shown.text.split("This session").next().unwrap();
    let this = this.rsplit("session_").next().unwrap().get(..16).unwrap().to_owned();
    let path = "/console/sign-in/me/sessions";
    let mut ids = shown.text.split("value=\"session_").skip(1).map(|rest| &rest[..16]);
    let other = ids.find(|id| *id != this).unwrap().to_owned();
    here.fill(ME, path, &[("session", &format!("session_{other}"))]).await.is(303);
    assert!(here.is_in().await);
    here.fill(ME, path, &[("session", "session_0000000000000000")]).await.is(303);
    here.fill(ME, path, &[("session", "all")]).await.is(303);
    assert!(!here.is_in().await && !there.is_in().await);
}

/// An owner ends the session of somebody else, and it is over with the answer.
#[tokio::test]
async fn an_owner_ends_sessions() {
    let world = World::of_ann().await;
    let browser = signed_in(&world).await;
    let ann = world.person(ANN).await.unwrap();
    let path = format!("/api/v1/people/{}/sessions", ann.id);
    let told = world.api("GET", &path, Value::Null).await.is(200);
    let list: Value = serde_json::from_str(&told.text).unwrap();
    let sessions = list["data"].as_array().unwrap();
    assert_eq!((sessions.len(), &sessions[0]["signedInWith"]), (2, &Value::from("password")));
    let token = browser.jar.borrow()["scrip-session"].clone();
    assert!(!told.text.contains(&token));
    let id = sessions[0]["id"].as_str().unwrap();
    world.api("DELETE", &format!("{path}/{id}"), Value::Null).await.is(200);
    assert!(!browser.is_in().await);
    world.api("DELETE", &format!("{path}/{id}"), Value::Null).await.is(404);
}

/// A new password ends every session but the one in which it was chosen.
#[tokio::test]
async fn a_new_password_ends_other_sessions() {
    let world = World::of_ann().await;
    let (here, there) = (signed_in(&world).await, signed_in(&world).await);
    let path = "/console/sign-in/me/password";
    let fields = |old, new, again| [("old", old), ("password", new), ("again", again)];
    let new = "battery staple";
    for (old, password, again, words) in [
        ("wrong password", new, new, "wrong"),
        (PASSWORD, new, "battery stable", "differ"),
        (PASSWORD, "short", "short", "12 characters"),
    ] {
        let told = here.fill(ME, path, &fields(old, password, again)).await.is(400);
        assert!(told.text.contains(words), "{}", told.text);
    }
    here.fill(ME, path, &fields(PASSWORD, new, new)).await.is(303);
    assert!(here.is_in().await && !there.is_in().await);
    world.browser().sign_in(ANN, PASSWORD).await.is(401);
    world.browser().sign_in(ANN, new).await.is(303);
}
