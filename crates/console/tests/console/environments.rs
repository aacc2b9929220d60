//! The environments of the account: made, reset and archived, each once, from within any of them.

use scrip_ledger::{Role, all_environments};
use serde_json::json;

use crate::support::{World, secret};

const NEW: &str = "/new/environment";
const RESET: &str = "/environments/sandbox/reset";
const ARCHIVE: &str = "/environments/sandbox/archive";
const SANDBOX: &[(&str, &str)] = &[("environmentId", "sandbox")];

/// The number that an environment has, and those of all others that are there.
async fn numbers(world: &World) -> Vec<(String, u32)> {
    let known = all_environments(world.ledger.as_ref()).await.unwrap();
    known.into_iter().map(|it| (it.id, it.number.0)).collect()
}

#[tokio::test]
async fn the_list_and_who_sees_what() {
    let world = World::furnished().await;
    world.ask("/environments", json!({"id": "old", "type": "PRODUCTION"})).await;
    world.ask("/environments/old/archive", json!({})).await;
    let list = world.page("/environments").await.is(200);
    insta::assert_snapshot!("page_environments", list.words());
    for link in ["/console/old", "/console/sandbox"] {
        assert!(list.links().any(|known| known == link), "{link}");
    }
    for role in [Role::Viewer, Role::Support, Role::Admin] {
        let seen = world.page_as(role, "/console/production/environments").await.is(200);
        let words = seen.words();
        assert!(words.contains("sandbox") && !words.contains("New environment"), "{words}");
        assert!(!seen.text.contains("/reset\"") && !seen.text.contains("/archive\""));
    }
    let form = world.page(NEW).await.is(200);
    insta::assert_snapshot!("page_environment_new", form.words());
}

#[tokio::test]
async fn an_environment_is_made_and_its_key_is_shown_once() {
    let world = World::furnished().await;
    let fields = [("id", "staging"), ("displayName", "The <stage>"), ("type", "SANDBOX")];
    let plan = world.send(NEW, &fields).await.is(200);
    let done = world.confirm(NEW, &plan).await.is(200).says("The environment staging was made");
    let key = secret(&done);
    insta::assert_snapshot!("environment_made", done.words().replace(&key, "SECRET"));
    let again = world.confirm(NEW, &plan).await.is(200).says("it was not done a second time");
    let again = again.says("is not shown again");
    let list = world.page("/environments").await.is(200).says("The <stage>");
    assert!(!again.text.contains(&key) && !list.text.contains(&key));
    assert!(!list.text.contains("<stage>"));
    world.page("/console/staging").await.is(200).says("Overview");
    assert_eq!(numbers(&world).await.len(), 3);
    for (field, value, refused) in [
        ("id", "Staging", "id must be 1 to"),
        ("id", "staging", "id:"),
        ("id", "assets", "id:"),
        ("type", "OTHER", "type must be"),
    ] {
        let kept = [("id", "other"), ("type", "SANDBOX")].into_iter();
        let fields: Vec<_> =
            kept.filter(|(name, _)| *name != field).chain([(field, value)]).collect();
        let plan = world.send(NEW, &fields).await.is(200);
        let told = world.confirm(NEW, &plan).await;
        assert!(told.status.is_client_error(), "{}", told.words());
        let told = told.says("Nothing was changed").says(refused);
        assert!(told.text.contains(&format!("id=\"{field}-wrong\"")), "{}", told.text);
    }
}

/// From another environment, and from the one that is reset: pressed twice at once and once more, it
/// happens once, and all pages go on.
#[tokio::test]
async fn a_sandbox_is_reset_once() {
    let mut number = 2;
    let world = World::furnished().await;
    for (from, customer) in [("production", "fleeting-1"), ("sandbox", "fleeting-2")] {
        let here = |path: &str| format!("/console/{from}{path}");
        let path = "/console/sandbox/new/customer";
        let plan = world.send(path, &[("id", customer)]).await.is(200);
        world.confirm(path, &plan).await.is(200);
        let customers = world.page("/console/sandbox/customers").await.is(200);
        assert!(customers.text.contains(customer));
        let path = here(RESET);
        let wrong = world.send(&path, &[("environmentId", "production")]).await.is(400);
        wrong.says("environmentId must be sandbox");
        let plan = world.send(&path, SANDBOX).await.is(200);
        if from == "production" {
            insta::assert_snapshot!("reset_plan", plan.words());
        }
        world.pass(1_000);
        let (one, two) = tokio::join!(world.confirm(&path, &plan), world.confirm(&path, &plan));
        let both = [one.is(200).text, two.is(200).text];
        assert!(both.iter().all(|text| text.contains("The environment sandbox was reset")));
        let third = world.confirm(&path, &plan).await.is(200).says("not done a second time");
        number += 1;
        let expected = [("production".to_owned(), 1), ("sandbox".to_owned(), number)];
        assert_eq!(numbers(&world).await, expected, "from {from}");
        if from == "production" {
            insta::assert_snapshot!("reset_done", third.words());
        }
        for page in ["", "/environments", "/customers", "/settings", "/audit-log"] {
            world.page(&here(page)).await.is(200);
        }
        let customers = world.page("/console/sandbox/customers").await.is(200);
        assert!(!customers.text.contains(customer));
        // Meant once more, it happens once more.
        let plan = world.send(&path, SANDBOX).await.is(200);
        world.confirm(&path, &plan).await.is(200).says("was reset");
        number += 1;
    }
    let production = world.page("/customers").await.is(200);
    production.says("Acme");
}

/// Whatever is sent.
#[tokio::test]
async fn a_production_environment_is_not_reset() {
    let world = World::furnished().await;
    let path = "/environments/production/reset";
    let fields = [("environmentId", "production")];
    world.send(path, &fields).await.is(400).says("production is no sandbox");
    let fields = [fields[0], ("step", "confirmed"), ("request_id", "r")];
    world.send(path, &fields).await.is(403).says("Nothing was changed");
    world.page("/environments/nothing/reset").await.is(404);
    assert_eq!(numbers(&world).await, [("production".to_owned(), 1), ("sandbox".to_owned(), 2)]);
}

/// Also the one that is looked at, which can be read from then on.
#[tokio::test]
async fn an_environment_is_archived_for_good() {
    let world = World::furnished().await;
    let path = "/console/sandbox/new/customer";
    let plan = world.send(path, &[("id", "kept")]).await.is(200);
    world.confirm(path, &plan).await.is(200);
    let path = format!("/console/sandbox{ARCHIVE}");
    world.send(&path, &[]).await.is(400).says("environmentId must be sandbox");
    let plan = world.send(&path, SANDBOX).await.is(200);
    insta::assert_snapshot!("archive_environment_plan", plan.words());
    let (one, two) = tokio::join!(world.confirm(&path, &plan), world.confirm(&path, &plan));
    for told in [one, two] {
        told.is(200).says("The environment sandbox was archived").says("Active Archived");
    }
    world.confirm(&path, &plan).await.is(200).says("not done a second time");
    for page in ["", "/environments", "/customers", "/customers/kept", "/api-keys", "/settings"] {
        let told = world.page(&format!("/console/sandbox{page}")).await.is(200);
        let told = told.says("it can be read, and nothing in it changes");
        for way in ["/new/customer", "/new/api-key", "/edit\"", "/erase\"", "/settings/clock"] {
            assert!(!told.text.contains(way), "{page}: {way}");
        }
    }
    let create = "/console/sandbox/new/customer";
    let plan = world.send(create, &[("id", "late")]).await.is(200);
    world.confirm(create, &plan).await.is(403).says("is archived: it can only be read");
    for deed in [RESET, ARCHIVE] {
        world.send(deed, SANDBOX).await.is(400).says("sandbox is archived");
    }
    // An account keeps one.
    let path = "/environments/production/archive";
    let plan = world.send(path, &[("environmentId", "production")]).await.is(200);
    world.confirm(path, &plan).await.is(400).says("Nothing was changed");
    // What the account is made of is changed from within an archived one too.
    let fields = [("id", "fresh"), ("type", "SANDBOX")];
    let path = "/console/sandbox/new/environment";
    let plan = world.send(path, &fields).await.is(200);
    world.confirm(path, &plan).await.is(200).says("The environment fresh was made");
}
