//! Environments that are reset or end while somebody looks at them.

use serde_json::json;

use crate::world::{ANN, PASSWORD, World};

/// Whether the bar at the top leads there.
fn leads_to(page: &str, environment: &str) -> bool {
    let (_, bar) = page.split_once("aria-label=\"Environment\"").unwrap();
    let (bar, _) = bar.split_once("</nav>").unwrap();
    bar.contains(&format!("href=\"/console/{environment}\""))
}

#[tokio::test]
async fn one_that_is_archived_is_read_by_its_people() {
    let world = World::of_ann().await;
    let ann = world.browser();
    ann.sign_in(ANN, PASSWORD).await.is(303);
    world.api("POST", "/api/v1/environments/sandbox/archive", json!(null)).await.is(200);
    for page in ["", "/environments", "/customers", "/settings"] {
        let told = ann.get(&format!("/console/sandbox{page}")).await.is(200);
        assert!(told.text.contains("This environment is archived"), "{}", told.text);
        assert!(leads_to(&told.text, "sandbox") && leads_to(&told.text, "production"));
    }
    let elsewhere = ann.get("/console/production").await.is(200);
    assert!(!leads_to(&elsewhere.text, "sandbox") && !elsewhere.text.contains("is archived"));
    // Nobody else looks at it.
    world.browser().get("/console/sandbox").await.is(303);
    world.api("POST", "/api/v1/accounts", json!({"id": "acme"})).await.is(201);
    world.api("POST", "/api/v1/accounts/acme/archive", json!(null)).await.is(200);
    ann.get("/console/acme-production").await.is(404);
}

/// The form of a page from before is sent twice: the second time is answered from within what is new.
#[tokio::test]
async fn one_is_reset_while_it_is_looked_at() {
    let world = World::of_ann().await;
    let ann = world.browser();
    ann.sign_in(ANN, PASSWORD).await.is(303);
    let path = "/console/sandbox/environments/sandbox/reset";
    let fields = [
        ("environmentId", "sandbox"),
        ("step", "confirmed"),
        ("request_id", "reset-1"),
        ("what", "Reset"),
        ("before", "never"),
    ];
    let first = ann.fill(path, path, &fields).await.is(200);
    assert!(first.text.contains("The environment sandbox was reset"), "{}", first.text);
    world.pass_seconds(1);
    let second = ann.fill(path, path, &fields).await.is(200);
    assert!(second.text.contains("it was not done a second time"), "{}", second.text);
    let told = ann.get("/console/sandbox/environments").await.is(200);
    assert!(told.text.contains("2026-01-02T03:04:05.000Z\">2026-01-02 03:04</time></td>"));
    assert!(leads_to(&told.text, "sandbox"));
}
