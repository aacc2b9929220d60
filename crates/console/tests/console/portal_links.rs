//! Links by which a customer sees what is their own: made and ended from the customer's page.

use axum::body::Body;
use axum::http::Request;
use scrip_console::portal::Origins;
use scrip_ledger::Role;

use crate::changes::changed;
use crate::support::{Told, World, secret};

const MAKE: &str = "/customers/acme/portal-links/make";
const END: &str = "/customers/acme/portal-links/end";
const FIELDS: &[(&str, &str)] =
    &[("scopes", "balances"), ("scopes", "grants"), ("ttlSeconds", "600")];

async fn furnished() -> World {
    World::furnished().await.with_portal(&Origins::of([]).unwrap())
}

async fn opened(world: &World, link: &str) -> Told {
    world.call(Request::get(link).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_link_is_made_and_all_of_them_end() {
    let world = furnished().await;
    let page = world.page("/customers/acme").await.is(200).says("Make a link");
    assert!(page.text.contains(MAKE) && page.text.contains(END));
    let form = world.page(MAKE).await.is(200);
    assert_eq!(form.text.matches(" checked").count(), 4, "{}", form.text);
    let plan = world.send(MAKE, FIELDS).await.is(200);
    insta::assert_snapshot!("portal_link_plan", plan.words());
    let (one, two) = tokio::join!(world.confirm(MAKE, &plan), world.confirm(MAKE, &plan));
    let mut shown = [one.is(200), two.is(200)].into_iter();
    let done = shown.find(|told| told.text.contains("<code class=\"secret\">")).unwrap();
    let link = secret(&done);
    insta::assert_snapshot!("portal_link_done", done.words().replace(&link, "LINK"));
    assert!(link.starts_with("/portal?token=portal_"), "{link}");
    let seen = opened(&world, &link).await.is(200).says("Starter pack");
    assert!(!seen.words().contains("consumptions"), "usage was not asked for");
    let again = world.confirm(MAKE, &plan).await.is(200).says("it was not done a second time");
    let again = again.says("is not shown again");
    let page = world.page("/customers/acme").await.is(200);
    let log = world.page("/audit-log?customerId=acme").await.is(200);
    assert_eq!(log.words().matches("create-portal-token").count(), 1, "{}", log.words());
    let log = log.says("portal-token/acme").says("balances").says("grants");
    for page in [again, page, log] {
        assert!(!page.text.contains(&link));
    }
    let (plan, _) = changed(&world, END, &[], "update").await;
    insta::assert_snapshot!("portal_links_end_plan", plan.words());
    opened(&world, &link).await.is(401);
}

#[tokio::test]
async fn what_no_link_can_be_is_refused() {
    let world = furnished().await;
    for (scopes, seconds, refused) in [
        (None, "600", "scopes must name"),
        (Some("everything"), "600", "scopes[0] must"),
        (Some("usage"), "59", "ttlSeconds must"),
        (Some("usage"), "3601", "ttlSeconds must"),
        (Some("usage"), "long", "ttlSeconds must"),
    ] {
        let mut fields = vec![("ttlSeconds", seconds)];
        fields.extend(scopes.map(|scope| ("scopes", scope)));
        let mut told = world.send(MAKE, &fields).await;
        if told.status == 200 {
            told = world.confirm(MAKE, &told).await;
        }
        told.is(400).says("Nothing was changed").says(refused);
    }
    let plan = world.page("/customers/acme/archive").await.is(200);
    world.confirm("/customers/acme/archive", &plan).await.is(200);
    let page = world.page("/customers/acme").await.is(200).says("End all links");
    assert!(!page.text.contains(MAKE));
    let plan = world.send(MAKE, FIELDS).await.is(200);
    world.confirm(MAKE, &plan).await.is(400).says("Nothing was changed");
}

#[tokio::test]
async fn a_viewer_sees_no_link() {
    let world = furnished().await;
    let seen = world.page_as(Role::Viewer, "/console/production/customers/acme").await.is(200);
    assert!(!seen.text.contains("portal-links"));
}
